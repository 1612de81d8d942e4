/*
 * inbox: a ring whose consumer can sleep.
 *
 * Any thread puts items in and never waits, takes no lock, and makes a system call only when the
 * consumer sleeps and has enough to wake up for.  One thread, the consumer, takes and waits.
 */
#pragma once

#include "base/ring.h"

#include <stdatomic.h>
#include <stdint.h>

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the padding is the point, see below */
struct inbox {
    struct ring *ring; /* owned */
    int wake_fd;       /* eventfd, owned */
    /* What producers change and what the consumer changes lie apart. */
    _Alignas(64) atomic_uint_fast64_t put_count; /* items put in since the start */
    _Alignas(64) atomic_uint_fast64_t taken_count;
    atomic_uint_fast64_t wanted; /* items the sleeping consumer waits for; 0: it is awake */
    atomic_bool knocked;
};

/* `count` is a power of two. */
void inbox_init(struct inbox *inbox, size_t count, size_t item_bytes);
void inbox_free(struct inbox *inbox);

/* Copies the item in.  False when the inbox is full.  Any thread. */
bool inbox_put(struct inbox *inbox, const void *item) MUST_CHECK;

/* Makes the present or next inbox_wait() return.  Any thread. */
void inbox_knock(struct inbox *inbox);

/* Copies the oldest item out.  False when there is none.  The consumer only. */
bool inbox_take(struct inbox *inbox, void *item) MUST_CHECK;

/* Sleeps until `enough` items wait, somebody knocks, or `timeout_ms` have passed (-1: for ever).
 * May return early.  The consumer only. */
void inbox_wait(struct inbox *inbox, size_t enough, int64_t timeout_ms);

/* Items put in but not taken out yet, about. */
uint64_t inbox_waiting(const struct inbox *inbox);
