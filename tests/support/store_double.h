/*
 * store_double: the store's two threads in the test's own hands.
 *
 * Defines the functions of store/writer.h and store/reader.h that workers call; linked before the
 * store, it takes their place.  Everything happens in the simulator's one thread.
 */
#pragma once

#include "store/reader.h"
#include "store/writer.h"

enum { STORE_DOUBLE_ROWS = 1024, STORE_DOUBLE_KEYS = 16 };

struct store_double {
    /* The writer. */
    bool is_full;      /* writer_has_room() says no */
    bool takes_no_row; /* writer_post() fails */
    struct exchange_row rows[STORE_DOUBLE_ROWS];
    size_t row_count;

    /* The reader. */
    struct {
        uint8_t hash[KEY_HASH_BYTES];
        char id[24];
        bool is_revoked;
    } keys[STORE_DOUBLE_KEYS];
    size_t key_count;
    bool is_busy;     /* reader_ask_key() fails */
    bool is_broken;   /* the store cannot say */
    int64_t delay_us; /* of an answer; below 0: none is given until store_double_answer() */
    size_t question_count;
};

extern struct store_double store_double;

/* Empty, quick and well. */
void store_double_reset(void);

/* Adds a key, or changes whether it is revoked. */
void store_double_set_key(const char *key, const char *id, bool is_revoked);

/* Answers what waits. */
void store_double_answer(void);
