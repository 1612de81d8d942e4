/*
 * ring: a bounded queue of fixed-size items, many producers, one consumer; the only container that
 * threads share.
 *
 * Dmitry Vyukov's bounded queue: each cell has a sequence number, producers claim a cell with one
 * compare-and-swap, nobody ever waits for anybody.
 */
#pragma once

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

struct ring;

/* `count` is a power of two, at least 2.  Memory is touched, and so costs, only where items come to
 * lie: an unused ring is free of charge. */
struct ring *ring_new(size_t count, size_t item_bytes);
void ring_free(struct ring *ring);

/* Copies the item in.  False when the ring is full.  Any thread. */
bool ring_put(struct ring *ring, const void *item) MUST_CHECK;

/* Copies the oldest item out.  False when the ring is empty.  The consumer's thread only. */
bool ring_take(struct ring *ring, void *item) MUST_CHECK;

/* About how many items wait; exact when nobody else is at work. */
size_t ring_count(const struct ring *ring);
