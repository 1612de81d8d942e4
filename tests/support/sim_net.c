/* The simulated network: peers, and the sockets that the program under test has. */
#include "sim.h"
#include "sim_priv.h"

#include <errno.h>
#include <stdlib.h>

enum {
    PEERS_MAX = 4096,
    PLACES_MAX = 16,
    FD_PEER = 100000, /* no real descriptor is so large: a mix-up shows */
    FD_LISTENER = 200000,
    LISTENERS_MAX = 4,
    QUEUE_MAX = 1024,
    ROOM_BYTES = 256 * 1024,
};

#define BYTES_MAX ((size_t)1 << 30)

struct listener {
    bool open;
    struct sim_peer *queue[QUEUE_MAX];
    size_t count;
};

static struct {
    struct sim_peer *peers[PEERS_MAX];
    size_t peer_count;
    struct sim_place places[PLACES_MAX];
    size_t place_count;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    size_t failing_accepts;
    int accept_error;
    size_t open_fds;
} net;

/* --- peers --- */

static struct sim_peer *new_peer(void)
{
    struct sim_peer *peer = sim_zeroed(sizeof(*peer));

    if (net.peer_count == PEERS_MAX) {
        sim_die("too many connections");
    }
    peer->fd = -1;
    peer->room_bytes = ROOM_BYTES;
    buf_init(&peer->received, BYTES_MAX);
    buf_init(&peer->to_program, BYTES_MAX);
    buf_init(&peer->to_peer, BYTES_MAX);
    net.peers[net.peer_count++] = peer;
    return peer;
}

static void give_fd(struct sim_peer *peer)
{
    for (size_t i = 0; i < net.peer_count; i++) {
        if (net.peers[i] == peer) {
            peer->fd = FD_PEER + (int)i;
        }
    }
    net.open_fds++;
}

static struct sim_peer *peer_of(int fd)
{
    if (fd < FD_PEER || (size_t)(fd - FD_PEER) >= net.peer_count) {
        sim_die("a descriptor that is no connection");
    }
    struct sim_peer *peer = net.peers[fd - FD_PEER];
    if (peer->closed) {
        sim_die("a descriptor that was closed");
    }
    return peer;
}

struct sim_peer *sim_peer_at(size_t n)
{
    return n < net.peer_count ? net.peers[n] : NULL;
}

size_t sim_peer_count(void)
{
    return net.peer_count;
}

static void add(struct buf *buf, str bytes)
{
    if (buf_add(buf, bytes) != ERR_OK) {
        sim_die("too many bytes");
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
    struct listener *listener = &net.listeners[listener_fd - FD_LISTENER];
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
    if (net.listener_count == LISTENERS_MAX) {
        sim_die("too many listeners");
    }
    net.listeners[net.listener_count].open = true;
    net.open_fds++;
    return FD_LISTENER + (int)net.listener_count++;
}

void sim_fail_accepts(size_t count, int error)
{
    net.failing_accepts = count;
    net.accept_error = error;
}

static int sim_accept(int fd, struct sock_address *address)
{
    struct listener *listener = &net.listeners[fd - FD_LISTENER];

    if (net.failing_accepts > 0) {
        net.failing_accepts--;
        return -net.accept_error;
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
        sim_die("an address");
    }
    return peer->fd;
}

void sim_add_place(const struct sim_place *place)
{
    for (size_t i = 0; i < net.place_count; i++) {
        if (strcmp(net.places[i].address, place->address) == 0 &&
            net.places[i].port == place->port) {
            net.places[i] = *place;
            return;
        }
    }
    if (net.place_count == PLACES_MAX) {
        sim_die("too many places");
    }
    net.places[net.place_count++] = *place;
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

    for (size_t i = 0; i < net.place_count; i++) {
        if (str_eq(host, str_c(net.places[i].address)) &&
            net.places[i].port == sock_address_port(address)) {
            return &net.places[i];
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
    net.open_fds--;
    if (fd >= FD_LISTENER) {
        struct listener *listener = &net.listeners[fd - FD_LISTENER];
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

/* --- for the rest of the simulator --- */

unsigned sim_net_ready(int fd)
{
    if (fd >= FD_LISTENER) {
        const struct listener *listener = &net.listeners[fd - FD_LISTENER];
        return listener->count > 0 ? WATCH_READ : 0;
    }
    const struct sim_peer *peer = peer_of(fd);
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

bool sim_net_tell(void)
{
    bool told = false;

    for (size_t i = 0; i < net.peer_count; i++) {
        told = tell(net.peers[i]) || told;
    }
    return told;
}

size_t sim_net_stop(void)
{
    size_t open_fds = net.open_fds;

    for (size_t i = 0; i < net.peer_count; i++) {
        buf_free(&net.peers[i]->received);
        buf_free(&net.peers[i]->to_program);
        buf_free(&net.peers[i]->to_peer);
        free(net.peers[i]);
    }
    memset(&net, 0, sizeof(net));
    return open_fds;
}
