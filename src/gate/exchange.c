#include "gate/exchange.h"

#include <stdlib.h>

#define TO(step) (1U << (step))

/* The life of an exchange.  Every edge a step may take is written here and checked. */
static const struct {
    const char *name;
    enum step (*run)(struct exchange *exchange);
    unsigned may_go;
} steps[] = {
    [STEP_PARSE] = {"parse", step_parse, TO(STEP_AUTH) | TO(STEP_REFUSE)},
    [STEP_AUTH] = {"auth", step_auth, TO(STEP_ADMIT) | TO(STEP_REFUSE)},
    [STEP_ADMIT] = {"admit", step_admit, TO(STEP_PLAN) | TO(STEP_REFUSE)},
    [STEP_PLAN] = {"plan", step_plan, TO(STEP_ATTEMPT) | TO(STEP_REFUSE)},
    [STEP_ATTEMPT] = {"attempt", step_attempt, TO(STEP_RELAY) | TO(STEP_REFUSE)},
    [STEP_RELAY] = {"relay", step_relay, TO(STEP_ATTEMPT) | TO(STEP_REFUSE) | TO(STEP_SETTLE)},
    [STEP_REFUSE] = {"refuse", step_refuse, TO(STEP_SETTLE)},
    [STEP_SETTLE] = {"settle", step_settle, TO(STEP_END)},
};

static void run_later(struct deferred *deferred);

#if defined(__SANITIZE_ADDRESS__)
static const bool keeps_ended = false; /* whoever touches one that has ended is to be found out */
#else
static const bool keeps_ended = true;
#endif

static struct exchange *take_zeroed(struct worker *worker)
{
    struct exchange *exchange =
        worker->spare_count > 0 ? worker->spare[--worker->spare_count] : malloc(sizeof(*exchange));

    if (exchange == NULL) {
        out_of_memory();
    }
    return memset(exchange, 0, sizeof(*exchange));
}

static void give_back(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;

    if (keeps_ended && worker->spare_count < EXCHANGES_SPARE_MAX) {
        worker->spare[worker->spare_count++] = exchange;
    } else {
        free(exchange);
    }
}

void exchange_free_spare(struct worker *worker)
{
    while (worker->spare_count > 0) {
        free(worker->spare[--worker->spare_count]);
    }
}

static void on_answered(struct waiter *waiter)
{
    exchange_wake(CONTAINER_OF(waiter, struct exchange, waiter));
}

struct exchange *exchange_new(struct worker *worker, struct http_call *call,
                              const struct surface *surface)
{
    struct exchange *exchange = take_zeroed(worker);
    char id[GENERATION_ID_BYTES + 1];

    exchange->worker = worker;
    exchange->call = call;
    call->user = exchange;
    exchange->surface = surface;
    exchange->config = worker_hold_config(worker);
    exchange->later.run = run_later;
    waiter_init(&exchange->waiter, on_answered);
    list_push(&worker->exchanges, &exchange->node);
    atomic_fetch_add_explicit(&worker->running, 1, memory_order_relaxed);

    const struct settings *settings = &exchange->config->snapshot->settings;
    buf_init(&exchange->body, (size_t)settings->body_bytes_max);
    buf_init(&exchange->held, (size_t)settings->event_bytes_max);
    exchange->began_us = call->began_us;
    exchange->began_ms = clock_wall_ms(worker->loop.clock);
    str generation_id = random_generation_id(&worker->random, exchange->began_ms, id);
    exchange->identity.generation_id = arena_copy(&exchange->arena, generation_id);
    exchange->identity.created_s = exchange->began_ms / 1000;
    exchange->identity.request_id =
        arena_join(&exchange->arena, (str[]){STR("req-"), str_of(id + 15, 20)}, 2);
    memcpy(exchange->client, call->peer, sizeof(exchange->client));
    return exchange;
}

void exchange_fail(struct exchange *exchange, const struct fault *fault)
{
    if (!exchange->failed) {
        exchange->failed = true;
        exchange->fault = *fault;
    }
}

static void end(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;

    assert(exchange->call == NULL);
    media_end(exchange);
    attempt_end(exchange);
    loop_stop_timer(&worker->loop, &exchange->keepalive);
    list_remove(&exchange->waiter.node);
    list_remove(&exchange->node);
    if (exchange->gather != NULL) {
        gather_free(exchange->gather);
    }
    buf_free(&exchange->body);
    buf_free(&exchange->held);
    arena_reset(&exchange->request);
    arena_reset(&exchange->arena);
    worker_release_config(worker, exchange->config);
    atomic_fetch_sub_explicit(&worker->running, 1, memory_order_relaxed);
    loop_defer(&worker->loop, &exchange->later); /* frees: nobody below us on the stack may care */
}

void exchange_run(struct exchange *exchange)
{
    assert(!exchange->running);
    exchange->running = true;
    while (exchange->step != STEP_END) {
        exchange->run_again = false;
        enum step next = steps[exchange->step].run(exchange);
        if (next == STEP_WAIT) {
            if (exchange->run_again) {
                continue;
            }
            exchange->running = false;
            return;
        }
        assert((steps[exchange->step].may_go & TO(next)) != 0);
        exchange->step = next;
    }
    end(exchange);
}

void exchange_wake(struct exchange *exchange)
{
    if (exchange->running) {
        exchange->run_again = true;
    } else {
        exchange_run(exchange);
    }
}

static void run_later(struct deferred *deferred)
{
    struct exchange *exchange = CONTAINER_OF(deferred, struct exchange, later);

    if (exchange->step == STEP_END) {
        give_back(exchange);
    } else {
        exchange_wake(exchange);
    }
}
