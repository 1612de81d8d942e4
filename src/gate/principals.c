#include "gate/principals.h"

#include "gate/worker.h"
#include "policy/auth.h"
#include "store/keys.h"

#include <stdlib.h>

void principals_init(struct principals *principals)
{
    principals->slots = calloc(PRINCIPALS_MAX, sizeof(*principals->slots));
    if (principals->slots == NULL) {
        out_of_memory();
    }
}

void principals_free(struct principals *principals)
{
    free(principals->slots);
    principals->slots = NULL;
}

static struct principal *slot_at(struct principals *principals, const uint8_t hash[KEY_HASH_BYTES],
                                 size_t probe)
{
    size_t start = 0;

    memcpy(&start, hash, sizeof(start)); /* bytes of a SHA-256 are spread evenly */
    return &principals->slots[(start + probe) % PRINCIPALS_MAX];
}

static struct principal *find(struct principals *principals, const uint8_t hash[KEY_HASH_BYTES])
{
    for (size_t i = 0; i < PRINCIPALS_PROBE; i++) {
        struct principal *slot = slot_at(principals, hash, i);
        if (slot->used && keys_hash_eq(slot->hash, hash)) {
            return slot;
        }
    }
    return NULL;
}

/* A free slot, else the one that is believed for the shortest time; NULL when all wait for answers.
 */
static struct principal *make_room(struct principals *principals,
                                   const uint8_t hash[KEY_HASH_BYTES])
{
    struct principal *best = NULL;

    for (size_t i = 0; i < PRINCIPALS_PROBE; i++) {
        struct principal *slot = slot_at(principals, hash, i);
        if (!slot->used) {
            best = slot;
            break;
        }
        if (!slot->asking && (best == NULL || slot->known_until_us < best->known_until_us)) {
            best = slot;
        }
    }
    if (best != NULL) {
        *best = (struct principal){.used = true};
        memcpy(best->hash, hash, KEY_HASH_BYTES);
        list_init(&best->waiters);
    }
    return best;
}

/* On the reader's thread: only hands over. */
static void hand_over(void *ctx, const struct reader_answer *answer)
{
    worker_post_answer(ctx, answer);
}

enum principal_state principals_find(struct worker *worker, const uint8_t hash[KEY_HASH_BYTES],
                                     struct waiter *waiter, const struct principal **out)
{
    struct principals *principals = &worker->principals;
    int64_t now_us = worker->loop.now_us;
    struct principal *slot = find(principals, hash);

    if (slot == NULL) {
        slot = make_room(principals, hash);
        if (slot == NULL) {
            return PRINCIPAL_FAILED;
        }
    }
    bool known = slot->known && now_us < slot->known_until_us;
    if (!slot->asking && (!known || now_us >= slot->fresh_until_us)) {
        slot->asking = reader_ask_key(worker->reader, hash, worker, hand_over) == ERR_OK;
        if (!slot->asking && !known) {
            slot->used = false;
            return PRINCIPAL_FAILED;
        }
    }
    if (known) {
        *out = slot;
        return slot->state;
    }
    list_push(&slot->waiters, &waiter->node);
    return PRINCIPAL_ASKING;
}

void principals_refuse(enum principal_state state, struct fault *fault)
{
    if (state == PRINCIPAL_BAD) {
        auth_refuse(fault);
        return;
    }
    *fault = (struct fault){
        .kind = ERR_BUSY,
        .type = FAULT_PROVIDER_OVERLOADED,
        .message = STR("The key store cannot be read at the moment.  Try again shortly."),
        .retry_after_ms = 1000};
}

void principals_take_answer(struct worker *worker, const struct reader_answer *answer)
{
    struct principal *slot = find(&worker->principals, answer->hash);
    int64_t believe_us = worker->config->snapshot->settings.key_cache_ms * 1000;

    if (slot == NULL) {
        return;
    }
    slot->asking = false;
    if (answer->err == ERR_OK) {
        bool good = answer->found && !answer->revoked;
        slot->state = good ? PRINCIPAL_GOOD : PRINCIPAL_BAD;
        slot->known = true;
        slot->fresh_until_us = worker->loop.now_us + believe_us / 2;
        slot->known_until_us = worker->loop.now_us + (believe_us > 0 ? believe_us : 1);
        memcpy(slot->key_id, answer->key_id, sizeof(slot->key_id));
        memcpy(slot->key_name, answer->key_name, sizeof(slot->key_name));
    } else if (!slot->known || worker->loop.now_us >= slot->known_until_us) {
        slot->state = PRINCIPAL_FAILED;
        slot->known = true; /* for those who wait now; asked again at once by the next */
        slot->fresh_until_us = 0;
        slot->known_until_us = worker->loop.now_us + 1;
    }
    waiter_tell_all(&slot->waiters);
}
