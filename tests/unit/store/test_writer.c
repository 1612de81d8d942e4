#include "store/writer.h"

#include "faulty_store.h"
#include "memory_disk.h"
#include "rows.h"
#include "test.h"

#include <pthread.h>

enum { RING_ROWS = 64, BATCH_ROWS = 16 };

/* A writer over a store and a disk that can fail, and a second look at what the store holds. */
struct bench {
    struct arena arena;
    struct memory_disk disk;
    struct file_ops files;
    struct writer_options options;
    struct writer *writer;
    struct store *store;
};

static void start(struct bench *bench)
{
    struct fault fault = {0};

    assert_int_equal(writer_start(&bench->options, &bench->writer, &bench->arena, &fault), ERR_OK);
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct fault fault = {0};

    assert_non_null(bench);
    atomic_store(&faulty_is_off, false);
    atomic_store(&faulty_appends, 0);
    atomic_store(&faulty_largest, 0);
    memory_disk_init(&bench->disk);
    bench->files = memory_disk_ops(&bench->disk);
    bench->options = (struct writer_options){.ops = &faulty_store,
                                             .url = STR("memory:writer"),
                                             .ring_rows = RING_ROWS,
                                             .batch_ms = 1,
                                             .batch_rows = BATCH_ROWS,
                                             .spool_path = STR("spool"),
                                             .spool_bytes_max = (int64_t)16 * 1024 * 1024,
                                             .retry_ms = 1,
                                             .files = &bench->files};
    assert_int_equal(memory_store.open(bench->options.url, &bench->store, &bench->arena, &fault),
                     ERR_OK);
    start(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    if (bench->writer != NULL) {
        (void)writer_stop(bench->writer);
    }
    memory_store.close(bench->store);
    memory_disk_free(&bench->disk);
    arena_reset(&bench->arena);
    free(bench);
    return 0;
}

static uint64_t stop(struct bench *bench)
{
    uint64_t lost = writer_stop(bench->writer);

    bench->writer = NULL;
    return lost;
}

/* Posts the rows from..to, patiently when the ring is full. */
static void post(struct bench *bench, int from, int to)
{
    for (int n = from; n < to; n++) {
        struct exchange_row row = row_of(n);
        while (writer_post(bench->writer, &row) == ERR_BUSY) {
            (void)sched_yield();
        }
    }
}

static void assert_store_holds(struct bench *bench, int from, int to)
{
    struct exchange_row *rows = NULL;
    size_t count = 0;

    assert_int_equal(memory_store.exchange_list(bench->store, 100000, &bench->arena, &rows, &count),
                     ERR_OK);
    assert_int_equal(count, to - from);
    for (int n = from; n < to; n++) {
        struct exchange_row want = row_of(n);
        assert_true(rows_equal(&rows[to - 1 - n], &want)); /* the last one first */
    }
}

/* Until the writer has found the store again and the spool is empty. */
static void wait_for_replay(struct bench *bench)
{
    while (writer_counts(bench->writer).spooled > 0) {
        (void)sched_yield();
    }
}

static void posted_rows_are_written_in_order(void **state)
{
    struct bench *bench = *state;

    post(bench, 0, 500);
    writer_flush(bench->writer);
    assert_store_holds(bench, 0, 500);
    struct writer_counts counts = writer_counts(bench->writer);
    assert_int_equal(counts.written, 500);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(counts.spooled, 0);
    assert_true(writer_has_room(bench->writer));
    assert_int_equal(bench->disk.bytes.len, 0);
    assert_in_range(atomic_load(&faulty_largest), 1, BATCH_ROWS);
}

static void a_flush_of_nothing_returns(void **state)
{
    struct bench *bench = *state;

    writer_flush(bench->writer);
    post(bench, 0, 1);
    writer_flush(bench->writer);
    writer_flush(bench->writer);
    assert_store_holds(bench, 0, 1);
}

static void stopping_writes_everything_posted(void **state)
{
    struct bench *bench = *state;

    for (int round = 0; round < 20; round++) {
        post(bench, round * 50, round * 50 + 50);
        assert_int_equal(stop(bench), 0);
        assert_store_holds(bench, 0, round * 50 + 50);
        start(bench);
    }
}

/* With a batch time of ten minutes: only a full batch, a flush or the end may bring the rows. */
static void rows_wait_for_company_until_the_batch_is_full(void **state)
{
    struct bench *bench = *state;

    (void)stop(bench);
    bench->options.batch_ms = 600000;
    start(bench);
    post(bench, 0, BATCH_ROWS);
    while (writer_counts(bench->writer).written < BATCH_ROWS) {
        (void)sched_yield();
    }
    post(bench, BATCH_ROWS, BATCH_ROWS + 3);
    writer_flush(bench->writer);
    assert_store_holds(bench, 0, BATCH_ROWS + 3);
    post(bench, BATCH_ROWS + 3, BATCH_ROWS + 5);
    assert_int_equal(stop(bench), 0);
    assert_store_holds(bench, 0, BATCH_ROWS + 5);
}

static void rows_go_to_the_spool_while_the_store_is_away_and_from_there_to_the_store(void **state)
{
    struct bench *bench = *state;

    post(bench, 0, 10);
    writer_flush(bench->writer);
    atomic_store(&faulty_is_off, true);
    post(bench, 10, 300);
    writer_flush(bench->writer);
    assert_store_holds(bench, 0, 10);
    assert_int_equal(writer_counts(bench->writer).spooled, 290);
    assert_int_equal(writer_counts(bench->writer).waiting, 0);
    assert_true(writer_has_room(bench->writer));
    atomic_store(&faulty_is_off, false);
    post(bench, 300, 400);
    writer_flush(bench->writer);
    wait_for_replay(bench);
    assert_store_holds(bench, 0, 400);
    assert_int_equal(bench->disk.bytes.len, 0);
}

static void the_spool_is_replayed_without_new_rows(void **state)
{
    struct bench *bench = *state;

    atomic_store(&faulty_is_off, true);
    post(bench, 0, 100);
    writer_flush(bench->writer);
    atomic_store(&faulty_is_off, false);
    wait_for_replay(bench); /* only the retry time wakes the writer */
    assert_store_holds(bench, 0, 100);
}

static void the_spool_is_replayed_at_the_next_start(void **state)
{
    struct bench *bench = *state;

    atomic_store(&faulty_is_off, true);
    post(bench, 0, 100);
    assert_int_equal(stop(bench), 0);
    assert_true(bench->disk.bytes.len > 0);
    atomic_store(&faulty_is_off, false);
    start(bench);
    post(bench, 100, 120);
    assert_int_equal(stop(bench), 0);
    assert_store_holds(bench, 0, 120);
    assert_int_equal(bench->disk.bytes.len, 0);
}

static void a_replay_that_was_cut_short_repeats_without_doubling(void **state)
{
    struct bench *bench = *state;

    atomic_store(&faulty_is_off, true);
    post(bench, 0, 100);
    assert_int_equal(stop(bench), 0);
    atomic_store(&faulty_is_off, false);
    size_t spooled = bench->disk.bytes.len;
    for (int round = 0; round < 3; round++) {
        start(bench);
        wait_for_replay(bench);
        assert_int_equal(stop(bench), 0);
        assert_store_holds(bench, 0, 100);
        bench->disk.bytes.len = spooled; /* as if the power went before the file was emptied */
    }
}

static void a_failing_disk_keeps_rows_in_memory_and_then_refuses(void **state)
{
    struct bench *bench = *state;
    int n = 0;

    atomic_store(&faulty_is_off, true);
    atomic_store(&bench->disk.sync_fails, true);
    post(bench, 0, RING_ROWS); /* all fit: in the ring, or in the batch */
    n = RING_ROWS;
    for (struct exchange_row row = row_of(n); writer_post(bench->writer, &row) == ERR_OK;) {
        row = row_of(++n);
        assert_in_range(n, RING_ROWS, RING_ROWS + 2 * BATCH_ROWS);
    }
    assert_false(writer_has_room(bench->writer));
    assert_int_equal(writer_counts(bench->writer).waiting, n);
    assert_int_equal(writer_counts(bench->writer).written, 0);
    atomic_store(&bench->disk.sync_fails, false); /* the disk first: everything to the spool */
    writer_flush(bench->writer);
    assert_int_equal(writer_counts(bench->writer).spooled, n);
    assert_true(writer_has_room(bench->writer));
    atomic_store(&faulty_is_off, false);
    wait_for_replay(bench);
    assert_store_holds(bench, 0, n);
}

static void the_store_can_come_back_before_the_disk(void **state)
{
    struct bench *bench = *state;

    atomic_store(&faulty_is_off, true);
    post(bench, 0, 20);
    writer_flush(bench->writer);
    atomic_store(&bench->disk.sync_fails, true);
    post(bench, 20, 60);
    atomic_store(&faulty_is_off, false);
    writer_flush(bench->writer);
    wait_for_replay(bench);
    assert_store_holds(bench, 0, 60);
}

static void what_could_be_written_nowhere_is_told_at_the_end(void **state)
{
    struct bench *bench = *state;

    atomic_store(&faulty_is_off, true);
    atomic_store(&bench->disk.sync_fails, true);
    post(bench, 0, 50);
    assert_int_equal(stop(bench), 50);
}

static void a_full_spool_says_so_and_keeps_its_limit(void **state)
{
    struct bench *bench = *state;
    int n = 0;

    (void)stop(bench);
    bench->options.spool_bytes_max = (int64_t)100 * 1024;
    start(bench);
    atomic_store(&faulty_is_off, true);
    for (; writer_has_room(bench->writer); n++) {
        post(bench, n, n + 1);
        if (n % 8 == 7) {
            writer_flush(bench->writer);
        }
        assert_in_range(n, 0, 1000);
    }
    assert_in_range(n, 100, 500);
    assert_in_range(bench->disk.bytes.len, 1, bench->options.spool_bytes_max);
    atomic_store(&faulty_is_off, false);
    wait_for_replay(bench);
    writer_flush(bench->writer);
    assert_store_holds(bench, 0, n);
}

static void a_spool_of_another_process_is_waited_for(void **state)
{
    struct bench *bench = *state;

    (void)stop(bench);
    atomic_store(&bench->disk.open_fails, true);
    start(bench);
    post(bench, 0, 5);
    writer_flush(bench->writer);
    atomic_store(&faulty_is_off, true);
    post(bench, 5, 10);
    atomic_store(&bench->disk.open_fails, false);
    writer_flush(bench->writer);
    assert_int_equal(writer_counts(bench->writer).spooled, 5);
    atomic_store(&faulty_is_off, false);
    wait_for_replay(bench);
    assert_store_holds(bench, 0, 10);
}

static void without_a_spool_rows_wait_in_memory(void **state)
{
    struct bench *bench = *state;

    (void)stop(bench);
    bench->options.spool_path = STR_NONE;
    start(bench);
    atomic_store(&faulty_is_off, true);
    post(bench, 0, 30);
    atomic_store(&faulty_is_off, false);
    writer_flush(bench->writer);
    assert_store_holds(bench, 0, 30);
}

static void a_store_that_cannot_be_opened_is_told(void **state)
{
    struct bench *bench = *state;
    struct fault fault = {0};
    struct writer *none = NULL;

    (void)stop(bench);
    atomic_store(&faulty_is_off, true);
    assert_int_equal(writer_start(&bench->options, &none, &bench->arena, &fault), ERR_PEER);
    assert_str_equal(fault.message, STR("the store is switched off"));
    assert_null(none);
    atomic_store(&faulty_is_off, false);
    assert_int_equal(buf_add(&bench->disk.bytes, STR("not a spool")), ERR_OK);
    assert_int_equal(writer_start(&bench->options, &none, &bench->arena, &fault), ERR_INVALID);
    assert_null(none);
}

enum { PRODUCERS = 4, ROWS_EACH = 2000 };

struct producer {
    struct bench *bench;
    int first;
};

static void *produce(void *ctx)
{
    struct producer *producer = ctx;

    post(producer->bench, producer->first, producer->first + ROWS_EACH);
    return NULL;
}

static void many_threads_post_while_the_store_comes_and_goes(void **state)
{
    struct bench *bench = *state;
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    struct exchange_row *rows = NULL;
    size_t count = 0;

    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){bench, i * ROWS_EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (int i = 1; i <= 8; i++) { /* off and on at every eighth of the way */
        uint64_t far = (uint64_t)i * PRODUCERS * ROWS_EACH / 8;
        while (writer_counts(bench->writer).written + writer_counts(bench->writer).spooled < far) {
            (void)sched_yield();
        }
        atomic_store(&faulty_is_off, i % 2 == 1);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(stop(bench), 0);
    assert_int_equal(memory_store.exchange_list(bench->store, 100000, &bench->arena, &rows, &count),
                     ERR_OK);
    assert_int_equal(count, PRODUCERS * ROWS_EACH);
    assert_int_equal(bench->disk.bytes.len, 0);
}

#define WITH_WRITER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WRITER(posted_rows_are_written_in_order),
        WITH_WRITER(a_flush_of_nothing_returns),
        WITH_WRITER(stopping_writes_everything_posted),
        WITH_WRITER(rows_wait_for_company_until_the_batch_is_full),
        WITH_WRITER(rows_go_to_the_spool_while_the_store_is_away_and_from_there_to_the_store),
        WITH_WRITER(the_spool_is_replayed_without_new_rows),
        WITH_WRITER(the_spool_is_replayed_at_the_next_start),
        WITH_WRITER(a_replay_that_was_cut_short_repeats_without_doubling),
        WITH_WRITER(a_failing_disk_keeps_rows_in_memory_and_then_refuses),
        WITH_WRITER(the_store_can_come_back_before_the_disk),
        WITH_WRITER(what_could_be_written_nowhere_is_told_at_the_end),
        WITH_WRITER(a_full_spool_says_so_and_keeps_its_limit),
        WITH_WRITER(a_spool_of_another_process_is_waited_for),
        WITH_WRITER(without_a_spool_rows_wait_in_memory),
        WITH_WRITER(a_store_that_cannot_be_opened_is_told),
        WITH_WRITER(many_threads_post_while_the_store_comes_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
