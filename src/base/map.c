#include "base/map.h"

/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). */

static uint64_t seed[2];

void map_seed(const uint8_t key[16])
{
    memcpy(seed, key, sizeof(seed));
}

static uint64_t rotate(uint64_t x, int n)
{
    return (x << n) | (x >> (64 - n));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t map_hash(str bytes)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575U, seed[1] ^ 0x646f72616e646f6dU,
                     seed[0] ^ 0x6c7967656e657261U, seed[1] ^ 0x7465646279746573U};
    size_t i = 0;
    uint64_t word = 0;

    for (; i + 8 <= bytes.len; i += 8) {
        memcpy(&word, bytes.at + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)(bytes.len & 0xff) << 56;
    for (size_t shift = 0; i < bytes.len; i++, shift += 8) {
        word |= (uint64_t)(uint8_t)bytes.at[i] << shift;
    }
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int n = 0; n < 3; n++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct map_slot *find(const struct map *map, str key, uint64_t hash)
{
    size_t mask = map->room - 1;

    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (slot->key.at == NULL || (slot->hash == hash && str_eq(slot->key, key))) {
            return slot;
        }
    }
}

static void grow(struct map *map, struct arena *arena)
{
    struct map old = *map;

    map->room = old.room > 0 ? old.room * 2 : 16;
    map->slots = ARENA_ARRAY(arena, struct map_slot, map->room);
    for (size_t i = 0; i < old.room; i++) {
        if (old.slots[i].key.at != NULL) {
            *find(map, old.slots[i].key, old.slots[i].hash) = old.slots[i];
        }
    }
}

bool map_add(struct map *map, struct arena *arena, str key, void *value)
{
    if (key.at == NULL) {
        key = STR("");
    }
    if ((map->count + 1) * 4 > map->room * 3) {
        grow(map, arena);
    }
    uint64_t hash = map_hash(key);
    struct map_slot *slot = find(map, key, hash);
    if (slot->key.at != NULL) {
        return false;
    }
    *slot = (struct map_slot){key, hash, value};
    map->count++;
    return true;
}

void *map_get(const struct map *map, str key)
{
    if (map->count == 0) {
        return NULL;
    }
    const struct map_slot *slot = find(map, key, map_hash(key));

    return slot->key.at != NULL ? slot->value : NULL;
}
