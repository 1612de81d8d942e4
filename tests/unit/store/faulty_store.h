/* The memory back-end behind a switch: while it is off, every call fails with ERR_PEER. */
#pragma once

#include "store/store.h"

#include <stdatomic.h>

static atomic_bool faulty_is_off;
static atomic_int faulty_appends; /* attempts, also those that failed */
static atomic_int faulty_largest; /* batch */

static enum err faulty_open(str url, struct store **out, struct arena *arena, struct fault *fault)
{
    return memory_store.open(url, out, arena, fault);
}

static void faulty_close(struct store *store)
{
    memory_store.close(store);
}

static enum err faulty_migrate(struct store *store, struct arena *arena, struct fault *fault)
{
    if (atomic_load(&faulty_is_off)) {
        *fault = (struct fault){.kind = ERR_PEER, .message = STR("the store is switched off")};
        return ERR_PEER;
    }
    return memory_store.migrate(store, arena, fault);
}

static enum err faulty_key_by_hash(struct store *store, const uint8_t hash[KEY_HASH_BYTES],
                                   struct arena *arena, struct key_row **out)
{
    return atomic_load(&faulty_is_off) ? ERR_PEER
                                       : memory_store.key_by_hash(store, hash, arena, out);
}

static enum err faulty_exchange_append(struct store *store, const struct exchange_row *rows,
                                       size_t count)
{
    (void)atomic_fetch_add(&faulty_appends, 1);
    if (count > (size_t)atomic_load(&faulty_largest)) {
        atomic_store(&faulty_largest, (int)count);
    }
    return atomic_load(&faulty_is_off) ? ERR_PEER
                                       : memory_store.exchange_append(store, rows, count);
}

static const struct store_ops faulty_store = {.scheme = "memory",
                                              .open = faulty_open,
                                              .close = faulty_close,
                                              .migrate = faulty_migrate,
                                              .key_by_hash = faulty_key_by_hash,
                                              .exchange_append = faulty_exchange_append};
