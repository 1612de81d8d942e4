/* bench: one client at one gateway, for the tests that ask it once. */
#pragma once

#include "gateway.h"
#include "test.h"

struct bench {
    struct gateway gateway;
    struct arena arena;
    struct sim_peer *client;
    struct told told;
};

static struct bench bench;

static void open_bench(void)
{
    memset(&bench, 0, sizeof(bench));
    gateway_make(&bench.gateway, 1);
}

static void close_bench(void)
{
    told_free(&bench.told);
    assert_int_equal(gateway_free(&bench.gateway), 0);
    arena_reset(&bench.arena);
}

static inline int set_up(void **state)
{
    (void)state;
    open_bench();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    close_bench();
    return 0;
}

/* Starts the gateway and asks it once. */
static inline void ask(const char *model, const char *more)
{
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask(bench.client, model, more);
    gateway_run_for(&bench.gateway, 1000);
}

/* What the client was told so far. */
static const struct told *read_told(void)
{
    told_free(&bench.told);
    told_read(&bench.told, bench.client);
    assert_false(bench.told.is_broken);
    return &bench.told;
}

/* The only row there is. */
static const struct exchange_row *the_row(void)
{
    assert_int_equal(store_double.row_count, 1);
    return &store_double.rows[0];
}
