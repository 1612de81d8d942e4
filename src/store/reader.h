/*
 * reader: the thread that looks keys up for workers.
 *
 * A worker posts a question and goes on; the answer comes back through the function it named, on
 * the reader's thread, which must only hand it over (a mailbox post).
 */
#pragma once

#include "store/store.h"

struct reader;

struct reader_answer {
    uint8_t hash[KEY_HASH_BYTES]; /* of the question */
    enum err err;                 /* ERR_OK also when there is no such key */
    bool found;
    bool revoked;
    char key_id[24];
    char key_name[64]; /* cut to fit */
    void *worker;      /* as asked */
};

typedef void (*reader_take)(void *worker, const struct reader_answer *answer);

/* Opens the store on its own thread and brings its schema up to date. */
enum err reader_start(const struct store_ops *ops, str url, struct reader **out,
                      struct arena *arena, struct fault *fault) MUST_CHECK;

/* Any thread; never waits.  ERR_BUSY when too many questions are waiting. */
enum err reader_ask_key(struct reader *reader, const uint8_t hash[KEY_HASH_BYTES], void *worker,
                        reader_take take) MUST_CHECK;

/* Answers what was asked, then ends the thread. */
void reader_stop(struct reader *reader);
