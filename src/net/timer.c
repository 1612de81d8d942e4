#include "net/timer.h"

#include "base/macros.h"

#include <stdlib.h>

void timers_free(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;

    while (place > 1 && timers->heap[place / 2 - 1]->key_us > timer->key_us) {
        put(timers, place, timers->heap[place / 2 - 1]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sift_down(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;

    for (;;) {
        size_t child = place * 2;
        if (child > timers->count) {
            break;
        }
        if (child < timers->count &&
            timers->heap[child]->key_us < timers->heap[child - 1]->key_us) {
            child++;
        }
        if (timers->heap[child - 1]->key_us >= timer->key_us) {
            break;
        }
        put(timers, place, timers->heap[child - 1]);
        place = child;
    }
    put(timers, place, timer);
}

static void add(struct timers *timers, struct timer *timer)
{
    if (timers->count == timers->room) {
        size_t room = timers->room > 0 ? timers->room * 2 : 64;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers */
        struct timer **heap = realloc(timers->heap, room * sizeof(*heap));
        if (heap == NULL) {
            out_of_memory();
        }
        timers->heap = heap;
        timers->room = room;
    }
    timers->count++;
    put(timers, timers->count, timer);
    sift_up(timers, timer);
}

void timers_set(struct timers *timers, struct timer *timer, int64_t deadline_us)
{
    timer->deadline_us = deadline_us;
    if (timer->place == 0) {
        timer->key_us = deadline_us;
        add(timers, timer);
    } else if (deadline_us < timer->key_us) {
        timer->key_us = deadline_us;
        sift_up(timers, timer);
    }
}

void timers_stop(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;

    if (place == 0) {
        return;
    }
    struct timer *last = timers->heap[timers->count - 1];
    timers->count--;
    timer->place = 0;
    if (last != timer) {
        put(timers, place, last);
        sift_up(timers, last);
        sift_down(timers, last);
    }
}

int64_t timers_next_us(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0]->key_us : INT64_MAX;
}

struct timer *timers_take_due(struct timers *timers, int64_t now_us)
{
    while (timers->count > 0 && timers->heap[0]->key_us <= now_us) {
        struct timer *timer = timers->heap[0];
        if (timer->deadline_us <= now_us) {
            timers_stop(timers, timer);
            return timer;
        }
        timer->key_us = timer->deadline_us; /* it was moved while it stood here */
        sift_down(timers, timer);
    }
    return NULL;
}
