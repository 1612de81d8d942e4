#include "store/reader.h"

#include "base/text.h"
#include "store/inbox.h"
#include "store/thread.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

enum { QUESTIONS_MAX = 1024 };

struct question {
    uint8_t hash[KEY_HASH_BYTES];
    void *worker;
    reader_take take;
};

struct reader {
    struct inbox inbox; /* of struct question */
    const struct store_ops *ops;
    str url; /* in `arena` */
    struct arena arena;
    pthread_t thread;

    sem_t opened; /* posted once by the thread, with the three below set before */
    enum err open_err;
    struct arena *open_arena; /* borrowed from reader_start() while it waits */
    struct fault *open_fault;

    struct store *store;  /* the thread's own */
    struct arena scratch; /* for one answer; the thread's own */
    atomic_bool stopping;
};

static void copy_text(char *to, size_t room, str text)
{
    str fits = text_take_utf8(text, room - 1);

    memcpy(to, fits.at, fits.len);
    to[fits.len] = '\0';
}

static void answer_question(struct reader *reader, const struct question *question)
{
    struct reader_answer answer = {.worker = question->worker};
    struct key_row *key = NULL;

    memcpy(answer.hash, question->hash, KEY_HASH_BYTES);
    answer.err = reader->ops->key_by_hash(reader->store, question->hash, &reader->scratch, &key);
    if (answer.err == ERR_OK && key != NULL) {
        answer.found = true;
        answer.revoked = key->revoked_ms != 0;
        copy_text(answer.key_id, sizeof(answer.key_id), key->id);
        copy_text(answer.key_name, sizeof(answer.key_name), key->name);
    }
    arena_clear(&reader->scratch);
    question->take(question->worker, &answer);
}

static void answer_all(struct reader *reader)
{
    struct question question;

    while (inbox_take(&reader->inbox, &question)) {
        answer_question(reader, &question);
    }
}

static enum err open_store(struct reader *reader)
{
    enum err err =
        reader->ops->open(reader->url, &reader->store, reader->open_arena, reader->open_fault);

    return err != ERR_OK
               ? err
               : reader->ops->migrate(reader->store, reader->open_arena, reader->open_fault);
}

static void *run(void *ctx)
{
    struct reader *reader = ctx;
    enum err err = open_store(reader);

    reader->open_err = err;
    (void)sem_post(&reader->opened); /* posted once: cannot overflow */
    while (err == ERR_OK && !atomic_load(&reader->stopping)) {
        answer_all(reader);
        inbox_wait(&reader->inbox, 1, -1);
    }
    if (err == ERR_OK) {
        answer_all(reader);
    }
    if (reader->store != NULL) {
        reader->ops->close(reader->store);
    }
    arena_reset(&reader->scratch);
    return NULL;
}

static void reader_free(struct reader *reader)
{
    inbox_free(&reader->inbox);
    (void)sem_destroy(&reader->opened);
    arena_reset(&reader->arena);
    free(reader);
}

enum err reader_start(const struct store_ops *ops, str url, struct reader **out,
                      struct arena *arena, struct fault *fault)
{
    struct reader *reader = aligned_alloc(_Alignof(struct reader), sizeof(*reader));

    if (reader == NULL) {
        out_of_memory();
    }
    *reader = (struct reader){.ops = ops, .open_arena = arena, .open_fault = fault};
    reader->url = arena_copy(&reader->arena, url);
    inbox_init(&reader->inbox, QUESTIONS_MAX, sizeof(struct question));
    (void)sem_init(&reader->opened, 0, 0); /* cannot fail for these arguments */
    enum err err = thread_start(&reader->thread, "gatehouse-read", run, reader);
    if (err != ERR_OK) {
        *fault = (struct fault){.kind = err,
                                .type = FAULT_SERVER,
                                .message = STR("no thread can be started for the database")};
        reader_free(reader);
        return err;
    }
    while (sem_wait(&reader->opened) != 0) {
        assert(errno == EINTR);
    }
    err = reader->open_err;
    if (err != ERR_OK) {
        (void)pthread_join(reader->thread, NULL); /* it is ours and joined once */
        reader_free(reader);
        return err;
    }
    *out = reader;
    return ERR_OK;
}

enum err reader_ask_key(struct reader *reader, const uint8_t hash[KEY_HASH_BYTES], void *worker,
                        reader_take take)
{
    struct question question = {.worker = worker, .take = take};

    memcpy(question.hash, hash, KEY_HASH_BYTES);
    return inbox_put(&reader->inbox, &question) ? ERR_OK : ERR_BUSY;
}

void reader_stop(struct reader *reader)
{
    atomic_store(&reader->stopping, true);
    inbox_knock(&reader->inbox);
    (void)pthread_join(reader->thread, NULL); /* it is ours and joined once */
    reader_free(reader);
}
