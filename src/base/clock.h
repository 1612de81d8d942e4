/*
 * clock: what time it is, behind a seam.
 *
 * Monotonic time is for durations and deadlines, wall time for rows and ids.  Tests and the
 * simulator hand in their own; production is one direct call.
 */
#pragma once

#include <stdint.h>

struct clock {
    int64_t (*monotonic_us)(void *ctx);
    int64_t (*wall_ms)(void *ctx); /* Unix time */
    void *ctx;
};

/* The clock of this machine. */
extern const struct clock system_clock;

static inline int64_t clock_monotonic_us(const struct clock *clock)
{
    return clock->monotonic_us(clock->ctx);
}

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->ctx);
}
