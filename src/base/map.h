/*
 * map: a hash map keyed by text, for tables built once and read often.
 *
 * Keys are borrowed and must outlive the map; values are the caller's pointers.  SipHash-1-3 with
 * a key of the process, so that nobody outside can choose colliding keys.  Memory is an arena's.
 */
#pragma once

#include "base/arena.h"

struct map_slot {
    str key; /* borrowed; at == NULL: empty */
    uint64_t hash;
    void *value;
};

struct map {
    struct map_slot *slots; /* in the arena */
    size_t count;
    size_t room; /* a power of two, or 0 */
};

/* False when the key is there already: the old value stays. */
bool map_add(struct map *map, struct arena *arena, str key, void *value);

/* The value, or NULL. */
void *map_get(const struct map *map, str key);

/* SipHash-1-3 of the bytes under this process's random key. */
uint64_t map_hash(str bytes);

/* Sets the hash key.  Once, before the first use and before threads; all zero until then. */
void map_seed(const uint8_t key[16]);
