#include "store_double.h"

#include "store/keys.h"

#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUESTIONS_MAX = 2048 };

struct question {
    uint8_t hash[KEY_HASH_BYTES];
    void *worker;
    reader_take take;
};

struct store_double store_double;

/* Questions in the order they came, and how many of them are answered. */
static struct question questions[QUESTIONS_MAX];
static size_t answered_count;

void store_double_reset(void)
{
    memset(&store_double, 0, sizeof(store_double));
    answered_count = 0;
}

void store_double_set_key(const char *key, const char *id, bool is_revoked)
{
    uint8_t hash[KEY_HASH_BYTES];
    size_t at = 0;

    keys_hash(str_c(key), hash);
    while (at < store_double.key_count && !keys_hash_eq(store_double.keys[at].hash, hash)) {
        at++;
    }
    if (at == STORE_DOUBLE_KEYS) {
        abort();
    }
    store_double.key_count += at == store_double.key_count ? 1 : 0;
    memcpy(store_double.keys[at].hash, hash, sizeof(hash));
    (void)snprintf(store_double.keys[at].id, sizeof(store_double.keys[at].id), "%s", id);
    store_double.keys[at].is_revoked = is_revoked;
}

bool writer_has_room(const struct writer *writer)
{
    (void)writer;
    return !store_double.is_full;
}

enum err writer_post(struct writer *writer, const struct exchange_row *row)
{
    (void)writer;
    if (store_double.takes_no_row) {
        return ERR_BUSY;
    }
    if (store_double.row_count == STORE_DOUBLE_ROWS) {
        abort();
    }
    store_double.rows[store_double.row_count++] = *row;
    return ERR_OK;
}

static void answer_one(const struct question *question)
{
    struct reader_answer answer = {.worker = question->worker};

    memcpy(answer.hash, question->hash, sizeof(answer.hash));
    if (store_double.is_broken) {
        answer.err = ERR_PEER;
    }
    for (size_t i = 0; i < store_double.key_count && !store_double.is_broken; i++) {
        if (keys_hash_eq(store_double.keys[i].hash, question->hash)) {
            answer.found = true;
            answer.revoked = store_double.keys[i].is_revoked;
            memcpy(answer.key_id, store_double.keys[i].id, sizeof(answer.key_id));
        }
    }
    question->take(question->worker, &answer);
}

static void answer_next(void *ctx)
{
    (void)ctx;
    if (answered_count < store_double.question_count) {
        answer_one(&questions[answered_count++]);
    }
}

void store_double_answer(void)
{
    while (answered_count < store_double.question_count) {
        answer_next(NULL);
    }
}

enum err reader_ask_key(struct reader *reader, const uint8_t hash[KEY_HASH_BYTES], void *worker,
                        reader_take take)
{
    (void)reader;
    if (store_double.is_busy) {
        return ERR_BUSY;
    }
    if (store_double.question_count == QUESTIONS_MAX) {
        abort();
    }
    struct question *question = &questions[store_double.question_count++];
    memcpy(question->hash, hash, KEY_HASH_BYTES);
    question->worker = worker;
    question->take = take;
    if (store_double.delay_us >= 0) {
        sim_after(store_double.delay_us, answer_next, NULL);
    }
    return ERR_OK;
}
