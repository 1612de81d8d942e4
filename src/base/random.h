/*
 * random: bytes nobody can guess, behind a seam, and the ids made of them.
 *
 * A `struct random` belongs to one thread: it keeps a small pool so that an id costs no system
 * call.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

struct random {
    /* Fills `bytes`; ends the process when the system gives none. */
    void (*fill)(void *ctx, uint8_t *bytes, size_t len);
    void *ctx;
    uint8_t pool[256];
    size_t left; /* unused bytes at the end of the pool; used bytes are wiped */
};

/* From the kernel's generator. */
void random_init(struct random *random);

void random_bytes(struct random *random, uint8_t *bytes, size_t len);

/* `len` characters of 0-9A-Za-z, each drawn evenly. */
void random_base62(struct random *random, char *text, size_t len);

/* "gen-<Unix seconds>-<20 of base62>": a generation id, sortable by time: the first two of the
 * twenty are the millisecond, so that an index of ids grows at its end; the rest is random. */
enum { GENERATION_ID_BYTES = 4 + 10 + 1 + 20 };
str random_generation_id(struct random *random, int64_t wall_ms,
                         char text[GENERATION_ID_BYTES + 1]);
