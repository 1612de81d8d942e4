#include "store/writer.h"

#include "base/clock.h"
#include "store/inbox.h"
#include "store/spool.h"
#include "store/thread.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

/*
 * A row goes from the ring to the batch, and from there to the store.  When the store fails, or
 * rows already wait in the spool, it goes to the spool's end instead, and the spool's front to the
 * store: the order stays.  When the spool fails too, the batch stays where it is and the ring fills
 * up behind it.
 */

enum {
    RETRY_MS = 1000,
    REPLAY_BATCHES = 4, /* per turn, so that a spool shrinks under full load */
};

/* More than any ring holds: a wait for it ends by knock or time only. */
static const size_t NEVER_ENOUGH = UINT32_MAX;

struct writer {
    struct inbox inbox;
    struct writer_options options; /* strings in `arena` */
    struct arena arena;
    pthread_t thread;

    sem_t opened; /* posted once by the thread, with the three below set before */
    enum err open_err;
    struct arena *open_arena; /* borrowed from writer_start() while it waits */
    struct fault *open_fault;

    /* The thread's own. */
    struct store *store;
    struct spool *spool;         /* NULL: not open */
    struct exchange_row *batch;  /* owned; options.batch_rows of them */
    struct exchange_row *replay; /* owned; as many */
    size_t batch_count;
    bool store_is_away;
    int64_t retry_at_us;

    /* Written by the thread, read by anyone. */
    atomic_uint_fast64_t written;
    atomic_uint_fast64_t spooled;
    atomic_uint_fast64_t handled; /* rows that left the memory */
    atomic_bool is_stuck;         /* the spool takes no more */

    atomic_bool stopping;
    atomic_uint_fast64_t flush_to; /* a flush waits until so many are handled; 0: none waits */
    sem_t flushed;
};

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem) != 0) {
        assert(errno == EINTR);
    }
}

/* ---- the thread ---- */

static bool store_is_due(const struct writer *writer)
{
    return !writer->store_is_away || clock_monotonic_us(&system_clock) >= writer->retry_at_us;
}

static bool write_to_store(struct writer *writer, const struct exchange_row *rows, size_t count)
{
    enum err err = writer->options.ops->exchange_append(writer->store, rows, count);

    writer->store_is_away = err != ERR_OK;
    if (err != ERR_OK) {
        writer->retry_at_us = clock_monotonic_us(&system_clock) + writer->options.retry_ms * 1000;
        return false;
    }
    atomic_fetch_add(&writer->written, count);
    return true;
}

static uint64_t rows_in_spool(const struct writer *writer)
{
    return writer->spool != NULL ? spool_rows(writer->spool) : 0;
}

static enum err open_spool(struct writer *writer, struct fault *fault)
{
    const struct writer_options *options = &writer->options;

    if (options->spool_path.len == 0) {
        return ERR_MISSING;
    }
    return spool_open(options->files, options->spool_path, options->spool_bytes_max, &writer->spool,
                      fault);
}

static bool write_to_spool(struct writer *writer, const struct exchange_row *rows, size_t count)
{
    struct fault fault = {0};

    if (writer->spool == NULL && open_spool(writer, &fault) != ERR_OK) {
        return false;
    }
    return spool_append(writer->spool, rows, count) == ERR_OK;
}

static void collect(struct writer *writer)
{
    while (writer->batch_count < writer->options.batch_rows &&
           inbox_take(&writer->inbox, &writer->batch[writer->batch_count])) {
        writer->batch_count++;
    }
}

static void write_batch(struct writer *writer)
{
    size_t count = writer->batch_count;

    if (count == 0) {
        return;
    }
    bool in_order = rows_in_spool(writer) == 0;
    bool done = in_order && store_is_due(writer) && write_to_store(writer, writer->batch, count);
    if (done || write_to_spool(writer, writer->batch, count)) {
        writer->batch_count = 0;
        atomic_fetch_add(&writer->handled, count);
    }
}

static void replay_spool(struct writer *writer)
{
    for (int i = 0; i < REPLAY_BATCHES && rows_in_spool(writer) > 0; i++) {
        size_t count = 0;
        if (!store_is_due(writer)) {
            return;
        }
        if (spool_peek(writer->spool, writer->replay, writer->options.batch_rows, &count) !=
            ERR_OK) {
            writer->store_is_away = true; /* the disk is: later */
            writer->retry_at_us =
                clock_monotonic_us(&system_clock) + writer->options.retry_ms * 1000;
            return;
        }
        if (count > 0 && !write_to_store(writer, writer->replay, count)) {
            return;
        }
        spool_drop(writer->spool);
    }
}

static void publish(struct writer *writer)
{
    uint64_t in_spool = rows_in_spool(writer);
    bool is_full = in_spool > 0 && !spool_has_room(writer->spool, writer->options.batch_rows);
    uint64_t flush_to = atomic_load(&writer->flush_to);

    atomic_store(&writer->spooled, in_spool);
    atomic_store(&writer->is_stuck, is_full || writer->batch_count > 0);
    if (flush_to != 0 && atomic_load(&writer->handled) >= flush_to) {
        atomic_store(&writer->flush_to, 0);
        (void)sem_post(&writer->flushed); /* one waiter: cannot overflow */
    }
}

static bool is_in_a_hurry(struct writer *writer)
{
    return atomic_load(&writer->stopping) || atomic_load(&writer->flush_to) != 0;
}

static int64_t ms_until_retry(const struct writer *writer)
{
    int64_t left_us = writer->retry_at_us - clock_monotonic_us(&system_clock);

    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

/* Sleeps until there is something to do. */
static void rest(struct writer *writer)
{
    bool is_stuck = writer->batch_count > 0;
    bool has_spooled = rows_in_spool(writer) > 0;

    if (has_spooled && !writer->store_is_away) {
        return;
    }
    inbox_wait(&writer->inbox, is_stuck ? NEVER_ENOUGH : 1,
               is_stuck || has_spooled ? ms_until_retry(writer) : -1);
    /* Company is cheap: a transaction costs the same for one row and for many. */
    if (!is_in_a_hurry(writer) && inbox_waiting(&writer->inbox) > 0) {
        inbox_wait(&writer->inbox, writer->options.batch_rows, writer->options.batch_ms);
    }
}

static void turn(struct writer *writer)
{
    collect(writer);
    write_batch(writer);
    replay_spool(writer);
    publish(writer);
}

/* After the last post: true while another turn gets on. */
static bool can_do_more(const struct writer *writer)
{
    bool has_rows = writer->batch_count > 0 || inbox_waiting(&writer->inbox) > 0;

    if (writer->store_is_away) { /* only the spool is left, unless it has just refused the batch */
        return has_rows && writer->batch_count == 0;
    }
    return has_rows || rows_in_spool(writer) > 0;
}

static void drain(struct writer *writer)
{
    writer->retry_at_us = 0; /* the store gets one more chance now */
    do {
        turn(writer);
    } while (can_do_more(writer));
}

static enum err open_all(struct writer *writer)
{
    const struct store_ops *ops = writer->options.ops;
    enum err err =
        ops->open(writer->options.url, &writer->store, writer->open_arena, writer->open_fault);

    if (err == ERR_OK) {
        err = ops->migrate(writer->store, writer->open_arena, writer->open_fault);
    }
    if (err == ERR_OK) {
        err = open_spool(writer, writer->open_fault);
        /* No spool wanted, or another process still drains it: it is tried again when needed. */
        err = err == ERR_MISSING || err == ERR_BUSY ? ERR_OK : err;
    }
    return err;
}

static void *run(void *ctx)
{
    struct writer *writer = ctx;
    enum err err = open_all(writer);

    writer->open_err = err;
    (void)sem_post(&writer->opened); /* posted once: cannot overflow */
    if (err == ERR_OK) {
        while (!atomic_load(&writer->stopping)) {
            turn(writer);
            rest(writer);
        }
        drain(writer);
    }
    spool_close(writer->spool);
    if (writer->store != NULL) {
        writer->options.ops->close(writer->store);
    }
    return NULL;
}

/* ---- for everybody else ---- */

static void *rows_new(size_t count)
{
    /* Large enough for the system to hand out untouched: unused rows cost no memory. */
    void *rows = calloc(count, sizeof(struct exchange_row));

    if (rows == NULL) {
        out_of_memory();
    }
    return rows;
}

static struct writer *writer_new(const struct writer_options *options)
{
    struct writer *writer = aligned_alloc(_Alignof(struct writer), sizeof(*writer));

    if (writer == NULL) {
        out_of_memory();
    }
    *writer = (struct writer){.options = *options};
    struct writer_options *own = &writer->options;
    own->url = arena_copy(&writer->arena, options->url);
    own->spool_path = arena_copy(&writer->arena, options->spool_path);
    own->batch_rows = own->batch_rows < own->ring_rows ? own->batch_rows : own->ring_rows;
    own->batch_rows = own->batch_rows > 0 ? own->batch_rows : 1;
    own->retry_ms = own->retry_ms > 0 ? own->retry_ms : RETRY_MS;
    own->files = own->files != NULL ? own->files : &disk_files;
    writer->batch = rows_new(own->batch_rows);
    writer->replay = rows_new(own->batch_rows);
    inbox_init(&writer->inbox, own->ring_rows, sizeof(struct exchange_row));
    (void)sem_init(&writer->opened, 0, 0); /* cannot fail for these arguments */
    (void)sem_init(&writer->flushed, 0, 0);
    return writer;
}

static void writer_free(struct writer *writer)
{
    inbox_free(&writer->inbox);
    (void)sem_destroy(&writer->opened);
    (void)sem_destroy(&writer->flushed);
    free(writer->batch);
    free(writer->replay);
    arena_reset(&writer->arena);
    free(writer);
}

enum err writer_start(const struct writer_options *options, struct writer **out,
                      struct arena *arena, struct fault *fault)
{
    struct writer *writer = writer_new(options);

    writer->open_arena = arena;
    writer->open_fault = fault;
    enum err err = thread_start(&writer->thread, "gatehouse-write", run, writer);
    if (err != ERR_OK) {
        *fault = (struct fault){.kind = err,
                                .type = FAULT_SERVER,
                                .message = STR("no thread can be started for the database")};
        writer_free(writer);
        return err;
    }
    wait_for(&writer->opened);
    err = writer->open_err;
    if (err != ERR_OK) {
        (void)pthread_join(writer->thread, NULL); /* it is ours and joined once */
        writer_free(writer);
        return err;
    }
    *out = writer;
    return ERR_OK;
}

enum err writer_post(struct writer *writer, const struct exchange_row *row)
{
    return inbox_put(&writer->inbox, row) ? ERR_OK : ERR_BUSY;
}

bool writer_has_room(const struct writer *writer)
{
    size_t enough = writer->options.ring_rows - writer->options.ring_rows / 8;

    return !atomic_load(&writer->is_stuck) && inbox_waiting(&writer->inbox) < enough;
}

void writer_flush(struct writer *writer)
{
    uint64_t posted = atomic_load(&writer->inbox.put_count);

    if (atomic_load(&writer->handled) >= posted) {
        return;
    }
    atomic_store(&writer->flush_to, posted);
    inbox_knock(&writer->inbox);
    wait_for(&writer->flushed);
}

uint64_t writer_stop(struct writer *writer)
{
    atomic_store(&writer->stopping, true);
    inbox_knock(&writer->inbox);
    (void)pthread_join(writer->thread, NULL); /* it is ours and joined once */
    uint64_t lost = writer_counts(writer).waiting;
    writer_free(writer);
    return lost;
}

struct writer_counts writer_counts(const struct writer *writer)
{
    uint64_t handled = atomic_load(&writer->handled);
    uint64_t posted = atomic_load(&writer->inbox.put_count);

    return (struct writer_counts){.written = atomic_load(&writer->written),
                                  .waiting = posted > handled ? posted - handled : 0,
                                  .spooled = atomic_load(&writer->spooled)};
}
