/*
 * principals: who a presented key is, as one worker knows it.
 *
 * A fixed table of what the store said, believed for settings.key_cache_ms and refreshed in the
 * background from half of it on, so that a revoked key is refused in time.  What is not known is
 * asked of the store's reader thread; the exchange waits meanwhile.  Belongs to its worker.
 */
#pragma once

#include "gate/waiter.h"
#include "store/reader.h"

struct worker;

enum principal_state {
    PRINCIPAL_ASKING, /* the answer will run the exchange again */
    PRINCIPAL_GOOD,
    PRINCIPAL_BAD,    /* no such key, or revoked */
    PRINCIPAL_FAILED, /* the store could not say */
};

struct principal {
    uint8_t hash[KEY_HASH_BYTES];
    bool used;
    bool asking;
    bool known; /* state, key_id and key_name say something */
    enum principal_state state;
    int64_t fresh_until_us;
    int64_t known_until_us;
    char key_id[24];
    char key_name[64];
    struct list waiters; /* struct waiter; empty unless asking */
};

enum { PRINCIPALS_MAX = 1024, PRINCIPALS_PROBE = 8 };

struct principals {
    struct principal *slots; /* PRINCIPALS_MAX, owned */
};

void principals_init(struct principals *principals);
void principals_free(struct principals *principals);

/* What is known of the key.  PRINCIPAL_ASKING: `waiter` is in a list until the answer comes, which
 * takes it out and calls answered(); list_remove() it to stop waiting.  *out is valid until the
 * next call. */
enum principal_state principals_find(struct worker *worker, const uint8_t hash[KEY_HASH_BYTES],
                                     struct waiter *waiter, const struct principal **out);

/* What a client is told whose key is PRINCIPAL_BAD or PRINCIPAL_FAILED. */
void principals_refuse(enum principal_state state, struct fault *fault);

/* The store's answer, on the worker's thread. */
void principals_take_answer(struct worker *worker, const struct reader_answer *answer);
