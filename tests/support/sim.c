/* The simulated world but for its network: time, chance, names and the turns of a loop. */
#include "sim.h"

#include "sim_priv.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NAMES_MAX = 16,
    WATCHES_MAX = 4096,
    ACTIONS_MAX = 8192,
    TURNS_MAX = 200000,
};

#define NEVER INT64_MAX

struct name {
    char text[64];
    const char *address;
    int64_t delay_us;
};

struct action {
    int64_t at_us;
    void (*run)(void *ctx);
    void *ctx;
};

/* A watch as the loop knows it: its owner's memory may go at any time. */
struct watched {
    struct watch *watch; /* NULL: not watched any more */
};

struct question {
    struct lookup *lookup; /* NULL: cancelled */
    char name[64];
    uint16_t port;
    struct loop *loop;
};

static struct {
    int64_t now_us;
    uint64_t random;
    struct name names[NAMES_MAX];
    size_t name_count;
    size_t lookup_count;
    struct watched *watched[WATCHES_MAX];
    size_t watched_count;
    struct action actions[ACTIONS_MAX]; /* in the order they were asked for */
    size_t action_count;
    int64_t deadline_us; /* of the loop */
    bool woken;
} world;

_Noreturn void sim_die(const char *why)
{
    (void)fprintf(stderr, "sim: %s\n", why);
    abort();
}

void *sim_zeroed(size_t size)
{
    void *at = calloc(1, size);

    if (at == NULL) {
        sim_die("no memory");
    }
    return at;
}

/* --- the clock and chance --- */

static int64_t monotonic_us(void *ctx)
{
    (void)ctx;
    return world.now_us;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return 1700000000000 + world.now_us / 1000;
}

const struct clock sim_clock = {monotonic_us, wall_ms, NULL};

static uint64_t draw(void)
{
    /* xorshift64*: its state is never 0. */
    world.random ^= world.random >> 12;
    world.random ^= world.random << 25;
    world.random ^= world.random >> 27;
    return world.random * 0x2545f4914f6cdd1dU;
}

uint64_t sim_draw(uint64_t below)
{
    return (draw() >> 11) % below;
}

static void fill(void *ctx, uint8_t *bytes, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(draw() >> 40);
    }
}

void sim_random_init(struct random *random)
{
    *random = (struct random){.fill = fill};
}

int64_t sim_now_us(void)
{
    return world.now_us;
}

/* --- the world --- */

void sim_start(uint64_t seed)
{
    (void)sim_stop(); /* a test that failed has left its world behind */
    memset(&world, 0, sizeof(world));
    world.random = seed * 0x9e3779b97f4a7c15U + 1;
    if (world.random == 0) {
        world.random = 1;
    }
    world.now_us = 1000000;
    world.deadline_us = NEVER;
}

void sim_after(int64_t delay_us, void (*run)(void *ctx), void *ctx)
{
    if (world.action_count == ACTIONS_MAX) {
        sim_die("too many actions");
    }
    world.actions[world.action_count++] = (struct action){world.now_us + delay_us, run, ctx};
}

static int64_t next_action_us(void)
{
    int64_t next_us = NEVER;

    for (size_t i = 0; i < world.action_count; i++) {
        next_us = world.actions[i].at_us < next_us ? world.actions[i].at_us : next_us;
    }
    return next_us;
}

/* Runs one action that is due, the earliest first. */
static bool run_action(void)
{
    int64_t next_us = next_action_us();
    size_t at = 0;

    if (next_us > world.now_us) {
        return false;
    }
    while (world.actions[at].at_us != next_us) {
        at++;
    }
    struct action action = world.actions[at];
    world.action_count--;
    memmove(&world.actions[at], &world.actions[at + 1],
            (world.action_count - at) * sizeof(world.actions[0]));
    action.run(action.ctx);
    return true;
}

void sim_forget(void (*run)(void *ctx), void (*done)(void *ctx))
{
    size_t kept = 0;

    for (size_t i = 0; i < world.action_count; i++) {
        if (world.actions[i].run == run) {
            done(world.actions[i].ctx);
        } else {
            world.actions[kept++] = world.actions[i];
        }
    }
    world.action_count = kept;
}

/* --- the loop --- */

static void init_loop(struct loop *loop)
{
    (void)loop;
}

static void free_loop(struct loop *loop)
{
    (void)loop;
}

static void watch_fd(struct loop *loop, struct watch *watch, unsigned wanted)
{
    (void)loop;
    (void)wanted; /* watch->wanted */
    if (watch->backend == NULL) {
        if (world.watched_count == WATCHES_MAX) {
            sim_die("too many watches");
        }
        struct watched *watched = sim_zeroed(sizeof(*watched));
        watched->watch = watch;
        watch->backend = watched;
        world.watched[world.watched_count++] = watched;
    }
}

static void unwatch_fd(struct loop *loop, struct watch *watch)
{
    struct watched *watched = watch->backend;

    (void)loop;
    if (watched != NULL) {
        watched->watch = NULL; /* swept at the end of the turn */
        watch->backend = NULL;
    }
}

static void set_deadline(struct loop *loop, int64_t deadline_us)
{
    (void)loop;
    world.deadline_us = deadline_us;
}

static void wake(struct loop *loop)
{
    (void)loop;
    world.woken = true;
}

static int64_t next_moment_us(void)
{
    int64_t action_us = next_action_us();

    return action_us < world.deadline_us ? action_us : world.deadline_us;
}

static void run_loop(struct loop *loop)
{
    while (!loop->stopping) {
        if (sim_turn(loop) || loop->stopping) {
            continue;
        }
        int64_t next_us = next_moment_us();
        if (next_us == NEVER) {
            sim_die("nothing will ever happen again");
        }
        world.now_us = next_us > world.now_us ? next_us : world.now_us;
    }
    loop_end_turn(loop);
}

static void answer_question(void *ctx)
{
    struct question *question = ctx;
    struct sock_address addresses[NAMES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < world.name_count; i++) {
        const struct name *name = &world.names[i];
        if (strcmp(name->text, question->name) == 0 && name->address != NULL &&
            sock_address_parse(str_c(name->address), question->port, &addresses[count])) {
            count++;
        }
    }
    if (question->lookup != NULL) {
        struct lookup *lookup = question->lookup;
        lookup->backend = NULL;
        loop_begin_turn(question->loop);
        lookup->on_answer(lookup, addresses, count, count == 0 ? "no such name" : NULL);
    }
    free(question);
}

static void resolve(struct loop *loop, struct lookup *lookup, const char *host, uint16_t port)
{
    struct question *question = sim_zeroed(sizeof(*question));
    int64_t delay_us = 0;

    world.lookup_count++;
    question->lookup = lookup;
    question->loop = loop;
    question->port = port;
    (void)snprintf(question->name, sizeof(question->name), "%s", host);
    lookup->backend = question;
    for (size_t i = 0; i < world.name_count; i++) {
        if (strcmp(world.names[i].text, host) == 0) {
            delay_us = world.names[i].delay_us;
        }
    }
    if (delay_us >= 0) {
        sim_after(delay_us, answer_question, question);
    }
}

/* A question that is never answered ends here; another one when its answer comes. */
static void resolve_cancel(struct loop *loop, struct lookup *lookup)
{
    struct question *question = lookup->backend;

    (void)loop;
    lookup->backend = NULL;
    question->lookup = NULL;
    for (size_t i = 0; i < world.action_count; i++) {
        if (world.actions[i].ctx == question) {
            return;
        }
    }
    free(question);
}

const struct loop_ops sim_loop_ops = {
    .init = init_loop,
    .free = free_loop,
    .watch = watch_fd,
    .unwatch = unwatch_fd,
    .set_deadline = set_deadline,
    .wake = wake,
    .run = run_loop,
    .resolve = resolve,
    .resolve_cancel = resolve_cancel,
};

void sim_add_name(const char *name, const char *address, int64_t delay_us)
{
    if (world.name_count == NAMES_MAX) {
        sim_die("too many names");
    }
    struct name *at = &world.names[world.name_count++];
    (void)snprintf(at->text, sizeof(at->text), "%s", name);
    at->address = address;
    at->delay_us = delay_us;
}

size_t sim_lookup_count(void)
{
    return world.lookup_count;
}

size_t sim_stop(void)
{
    for (size_t i = 0; i < world.watched_count; i++) {
        free(world.watched[i]);
    }
    world.watched_count = 0;
    sim_forget(answer_question, free); /* questions that were cancelled */
    return sim_net_stop();
}

/* --- turns --- */

static void sweep(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < world.watched_count; i++) {
        if (world.watched[i]->watch != NULL) {
            world.watched[kept++] = world.watched[i];
        } else {
            free(world.watched[i]);
        }
    }
    world.watched_count = kept;
}

/* Tells every watch that is ready once, from a drawn one on, as the kernel has no order. */
static bool run_watches(struct loop *loop)
{
    size_t count = world.watched_count;
    size_t first = count > 1 ? sim_draw(count) : 0;
    bool busy = false;

    for (size_t i = 0; i < count; i++) {
        struct watch *watch = world.watched[(first + i) % count]->watch;
        if (watch == NULL) {
            continue;
        }
        unsigned ready = sim_net_ready(watch->fd) & watch->wanted;
        if (ready != 0) {
            busy = true;
            loop_begin_turn(loop);
            watch->on_ready(watch, ready);
        }
    }
    sweep();
    return busy;
}

static bool run_world(void)
{
    bool busy = false;

    while (run_action()) {
        busy = true;
    }
    return sim_net_tell() || busy;
}

bool sim_turn(struct loop *loop)
{
    bool busy = run_world();

    if (world.woken) {
        world.woken = false;
        busy = true;
        loop_begin_turn(loop);
        if (loop->on_wake != NULL) {
            loop->on_wake(loop);
        }
    }
    busy = run_watches(loop) || busy;
    busy = busy || world.deadline_us <= world.now_us;
    loop_begin_turn(loop);
    loop_end_turn(loop);
    sweep();
    busy = busy || world.deadline_us <= world.now_us; /* it wants another turn at once */
    return run_world() || busy;
}

void sim_settle(struct loop *loop)
{
    size_t turns = 0;

    while (sim_turn(loop)) {
        if (++turns > TURNS_MAX) {
            sim_die("the loop never rests");
        }
    }
}

void sim_run_for(struct loop *loop, int64_t us)
{
    int64_t end_us = world.now_us + us;

    sim_settle(loop);
    while (next_moment_us() <= end_us) {
        int64_t next_us = next_moment_us();
        world.now_us = next_us > world.now_us ? next_us : world.now_us;
        sim_settle(loop);
    }
    world.now_us = end_us;
    sim_settle(loop);
}
