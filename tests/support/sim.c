#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PEERS_MAX = 4096,
    PLACES_MAX = 16,
    NAMES_MAX = 16,
    WATCHES_MAX = 4096,
    ACTIONS_MAX = 8192,
    FD_PEER = 100000, /* no real descriptor is so large: a mix-up shows */
    FD_LISTENER = 200000,
    LISTENERS_MAX = 4,
    QUEUE_MAX = 1024,
    ROOM_BYTES = 256 * 1024,
    TURNS_MAX = 200000,
};

#define BYTES_MAX ((size_t)1 << 30)
#define NEVER INT64_MAX

struct listener {
    bool open;
    struct sim_peer *queue[QUEUE_MAX];
    size_t count;
};

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
    struct sim_peer *peers[PEERS_MAX];
    size_t peer_count;
    struct sim_place places[PLACES_MAX];
    size_t place_count;
    struct name names[NAMES_MAX];
    size_t name_count;
    size_t lookup_count;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    size_t failing_accepts;
    int accept_error;
    struct watched *watched[WATCHES_MAX];
    size_t watched_count;
    struct action actions[ACTIONS_MAX]; /* in the order they were asked for */
    size_t action_count;
    int64_t deadline_us; /* of the loop */
    bool woken;
    size_t open_fds;
} world;

static _Noreturn void fail(const char *why)
{
    (void)fprintf(stderr, "sim: %s\n", why);
    abort();
}

static void *new_zeroed(size_t size)
{
    void *at = calloc(1, size);

    if (at == NULL) {
        fail("no memory");
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
        fail("too many actions");
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

/* --- peers --- */

static struct sim_peer *new_peer(void)
{
    struct sim_peer *peer = new_zeroed(sizeof(*peer));

    if (world.peer_count == PEERS_MAX) {
        fail("too many connections");
    }
    peer->fd = -1;
    peer->room_bytes = ROOM_BYTES;
    buf_init(&peer->received, BYTES_MAX);
    buf_init(&peer->to_program, BYTES_MAX);
    buf_init(&peer->to_peer, BYTES_MAX);
    world.peers[world.peer_count++] = peer;
    return peer;
}

static void give_fd(struct sim_peer *peer)
{
    for (size_t i = 0; i < world.peer_count; i++) {
        if (world.peers[i] == peer) {
            peer->fd = FD_PEER + (int)i;
        }
    }
    world.open_fds++;
}

static struct sim_peer *peer_of(int fd)
{
    if (fd < FD_PEER || (size_t)(fd - FD_PEER) >= world.peer_count) {
        fail("a descriptor that is no connection");
    }
    struct sim_peer *peer = world.peers[fd - FD_PEER];
    if (peer->closed) {
        fail("a descriptor that was closed");
    }
    return peer;
}

struct sim_peer *sim_peer_at(size_t n)
{
    return n < world.peer_count ? world.peers[n] : NULL;
}

size_t sim_peer_count(void)
{
    return world.peer_count;
}

static void add(struct buf *buf, str bytes)
{
    if (buf_add(buf, bytes) != ERR_OK) {
        fail("too many bytes");
    }
}

static void move(struct sim_peer *peer, size_t count)
{
    count = count < peer->to_peer.len ? count : peer->to_peer.len;
    add(&peer->received, str_take(buf_str(&peer->to_peer), count));
    buf_drop(&peer->to_peer, count);
    if (peer->to_peer.len == 0 && peer->program_finished && !peer->was_reset) {
        peer->ended = true;
    }
}

void sim_take(struct sim_peer *peer, size_t count)
{
    move(peer, count);
}

/* What lies in the network reaches a peer that takes it. */
static void deliver(struct sim_peer *peer)
{
    if (!peer->holds_back && !peer->gone) {
        move(peer, peer->to_peer.len);
    }
}

void sim_send(struct sim_peer *peer, str bytes)
{
    if (peer->finished || peer->error != 0) {
        return;
    }
    if (peer->closed) {
        peer->was_reset = true; /* what was under way to the peer is lost */
        peer->to_peer.len = 0;
        return;
    }
    add(&peer->to_program, bytes);
}

void sim_finish(struct sim_peer *peer)
{
    peer->finished = true;
}

void sim_close(struct sim_peer *peer)
{
    peer->finished = true;
    peer->gone = true;
}

void sim_fail(struct sim_peer *peer, int error)
{
    peer->finished = true;
    peer->gone = true;
    peer->error = error;
    peer->to_program.len = 0;
    peer->to_peer.len = 0;
}

void sim_reset(struct sim_peer *peer)
{
    sim_fail(peer, ECONNRESET);
}

struct sim_peer *sim_pair(void)
{
    struct sim_peer *peer = new_peer();

    give_fd(peer);
    peer->is_open = true;
    return peer;
}

struct sim_peer *sim_dial(int listener_fd)
{
    struct listener *listener = &world.listeners[listener_fd - FD_LISTENER];
    struct sim_peer *peer = new_peer();

    peer->is_open = true;
    if (!listener->open || listener->count == QUEUE_MAX) {
        sim_fail(peer, ECONNREFUSED);
        peer->closed = true;
    } else {
        listener->queue[listener->count++] = peer;
    }
    return peer;
}

/* Tells a peer's script what is new.  False when nothing is. */
static bool tell(struct sim_peer *peer)
{
    const struct sim_script *script = peer->script;
    unsigned end = (peer->ended ? 1U : 0) | (peer->closed ? 2U : 0) | (peer->was_reset ? 4U : 0);
    bool told = false;

    deliver(peer);
    if (script == NULL) {
        return false;
    }
    if (peer->is_open && !peer->told_open) {
        peer->told_open = true;
        told = true;
        if (script->on_open != NULL) {
            script->on_open(peer);
        }
    }
    if (peer->received.len > peer->told_bytes) {
        peer->told_bytes = peer->received.len;
        told = true;
        if (script->on_bytes != NULL) {
            script->on_bytes(peer);
        }
    }
    if (end != peer->told_end) {
        peer->told_end = end;
        told = true;
        if (script->on_end != NULL) {
            script->on_end(peer);
        }
    }
    return told;
}

/* --- sockets --- */

static int sim_listen(const struct sock_address *address, int backlog)
{
    (void)address;
    (void)backlog;
    if (world.listener_count == LISTENERS_MAX) {
        fail("too many listeners");
    }
    world.listeners[world.listener_count].open = true;
    world.open_fds++;
    return FD_LISTENER + (int)world.listener_count++;
}

void sim_fail_accepts(size_t count, int error)
{
    world.failing_accepts = count;
    world.accept_error = error;
}

static int sim_accept(int fd, struct sock_address *address)
{
    struct listener *listener = &world.listeners[fd - FD_LISTENER];

    if (world.failing_accepts > 0) {
        world.failing_accepts--;
        return -world.accept_error;
    }
    if (listener->count == 0) {
        return -EAGAIN;
    }
    struct sim_peer *peer = listener->queue[0];
    listener->count--;
    for (size_t i = 0; i < listener->count; i++) {
        listener->queue[i] = listener->queue[i + 1];
    }
    give_fd(peer);
    if (!sock_address_parse(STR("192.0.2.7"), 40000, address)) {
        fail("an address");
    }
    return peer->fd;
}

void sim_add_place(const struct sim_place *place)
{
    for (size_t i = 0; i < world.place_count; i++) {
        if (strcmp(world.places[i].address, place->address) == 0 &&
            world.places[i].port == place->port) {
            world.places[i] = *place;
            return;
        }
    }
    if (world.place_count == PLACES_MAX) {
        fail("too many places");
    }
    world.places[world.place_count++] = *place;
}

static void finish_connect(void *ctx)
{
    struct sim_peer *peer = ctx;

    peer->is_open = true;
}

static void refuse_connect(void *ctx)
{
    struct sim_peer *peer = ctx;

    sim_fail(peer, ECONNREFUSED);
}

static const struct sim_place *place_of(const struct sock_address *address)
{
    char text[64];
    str host = sock_address_format_host(address, text);

    for (size_t i = 0; i < world.place_count; i++) {
        if (str_eq(host, str_c(world.places[i].address)) &&
            world.places[i].port == sock_address_port(address)) {
            return &world.places[i];
        }
    }
    return NULL;
}

static int sim_connect(const struct sock_address *address)
{
    const struct sim_place *place = place_of(address);

    if (place == NULL || place->answer == SIM_UNREACHABLE) {
        return -ENETUNREACH;
    }
    struct sim_peer *peer = new_peer();
    peer->script = place->script;
    peer->ctx = place->ctx;
    give_fd(peer);
    if (place->answer == SIM_ACCEPTS) {
        sim_after(place->delay_us, finish_connect, peer);
    } else if (place->answer == SIM_REFUSES) {
        sim_after(place->delay_us, refuse_connect, peer);
    }
    return peer->fd;
}

static int sim_connect_result(int fd)
{
    return -peer_of(fd)->error;
}

static ssize_t sim_read(int fd, void *bytes, size_t len)
{
    struct sim_peer *peer = peer_of(fd);
    size_t count = peer->to_program.len < len ? peer->to_program.len : len;

    if (peer->error != 0) {
        return -peer->error;
    }
    if (count == 0) {
        return peer->finished ? 0 : -EAGAIN;
    }
    if (peer->read_bytes_max > 0 && count > peer->read_bytes_max) {
        count = peer->read_bytes_max;
    }
    memcpy(bytes, peer->to_program.at, count);
    buf_drop(&peer->to_program, count);
    return (ssize_t)count;
}

static size_t room_of(const struct sim_peer *peer)
{
    return peer->to_peer.len < peer->room_bytes ? peer->room_bytes - peer->to_peer.len : 0;
}

static ssize_t sim_write(int fd, const struct iovec *parts, int count)
{
    struct sim_peer *peer = peer_of(fd);
    size_t room = room_of(peer);
    size_t done = 0;

    if (peer->error != 0 || peer->program_finished) {
        return -EPIPE;
    }
    if (room == 0) {
        return -EAGAIN;
    }
    if (peer->write_bytes_max > 0 && room > peer->write_bytes_max) {
        room = peer->write_bytes_max;
    }
    for (int i = 0; i < count; i++) {
        str part = str_take(str_of(parts[i].iov_base, parts[i].iov_len), room - done);
        add(&peer->to_peer, part);
        done += part.len;
    }
    if (peer->gone) {
        sim_reset(peer); /* its answer to bytes that nobody wants */
    } else {
        deliver(peer);
    }
    return (ssize_t)done;
}

static int sim_shutdown(int fd)
{
    struct sim_peer *peer = peer_of(fd);

    if (peer->error != 0) {
        return -ENOTCONN;
    }
    peer->program_finished = true;
    deliver(peer);
    return 0;
}

static void sim_close_fd(int fd)
{
    world.open_fds--;
    if (fd >= FD_LISTENER) {
        struct listener *listener = &world.listeners[fd - FD_LISTENER];
        listener->open = false;
        for (size_t i = 0; i < listener->count; i++) {
            listener->queue[i]->was_reset = true;
            listener->queue[i]->closed = true;
        }
        listener->count = 0;
        return;
    }
    struct sim_peer *peer = peer_of(fd);
    peer->closed = true;
    peer->program_finished = true;
    if (peer->to_program.len > 0) {
        peer->was_reset = true; /* as TCP does with bytes that nobody read */
        peer->to_peer.len = 0;
    }
    deliver(peer);
}

const struct sock_ops sim_sock = {
    .listen = sim_listen,
    .accept = sim_accept,
    .connect = sim_connect,
    .connect_result = sim_connect_result,
    .read = sim_read,
    .write = sim_write,
    .shutdown = sim_shutdown,
    .close = sim_close_fd,
};

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
            fail("too many watches");
        }
        struct watched *watched = new_zeroed(sizeof(*watched));
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
            fail("nothing will ever happen again");
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
    struct question *question = new_zeroed(sizeof(*question));
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
        fail("too many names");
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
    size_t open_fds = world.open_fds;

    for (size_t i = 0; i < world.peer_count; i++) {
        buf_free(&world.peers[i]->received);
        buf_free(&world.peers[i]->to_program);
        buf_free(&world.peers[i]->to_peer);
        free(world.peers[i]);
    }
    for (size_t i = 0; i < world.watched_count; i++) {
        free(world.watched[i]);
    }
    sim_forget(answer_question, free); /* questions that were cancelled */
    world.peer_count = 0;
    world.watched_count = 0;
    return open_fds;
}

/* --- turns --- */

static unsigned readiness(const struct watch *watch)
{
    if (watch->fd >= FD_LISTENER) {
        const struct listener *listener = &world.listeners[watch->fd - FD_LISTENER];
        return listener->count > 0 ? WATCH_READ : 0;
    }
    const struct sim_peer *peer = peer_of(watch->fd);
    unsigned ready = 0;
    if (peer->error != 0) {
        return WATCH_READ | WATCH_WRITE | WATCH_HANGUP;
    }
    if (!peer->is_open) {
        return 0;
    }
    ready |= peer->to_program.len > 0 || peer->finished ? (unsigned)WATCH_READ : 0;
    ready |= peer->finished ? (unsigned)WATCH_HANGUP : 0;
    ready |= room_of(peer) > 0 ? (unsigned)WATCH_WRITE : 0;
    return ready;
}

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
        unsigned ready = readiness(watch) & watch->wanted;
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
    for (size_t i = 0; i < world.peer_count; i++) {
        busy = tell(world.peers[i]) || busy;
    }
    return busy;
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
    return run_world() || busy;
}

void sim_settle(struct loop *loop)
{
    size_t turns = 0;

    while (sim_turn(loop)) {
        if (++turns > TURNS_MAX) {
            fail("the loop never rests");
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
