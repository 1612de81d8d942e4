/*
 * timer: deadlines in a binary heap, cheap to move to a later time.
 *
 * A connection moves its deadline with every read; so moving later only writes the field, and the
 * heap finds out when the old deadline comes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t deadline_us; /* when it really is due */
    int64_t key_us;      /* where it stands in the heap, <= deadline_us */
    size_t place;        /* in the heap, from 1; 0: not set */
    void (*fire)(struct timer *timer);
};

struct timers {
    struct timer **heap; /* owned */
    size_t count;
    size_t room;
};

void timers_free(struct timers *timers);
void timers_set(struct timers *timers, struct timer *timer, int64_t deadline_us);
void timers_stop(struct timers *timers, struct timer *timer);

/* The next moment at which timers_take_due() may have something; INT64_MAX: never. */
int64_t timers_next_us(const struct timers *timers);

/* Takes one timer whose deadline has passed out of the heap, or NULL. */
struct timer *timers_take_due(struct timers *timers, int64_t now_us);
