/*
 * sim: a world for tests: time, sockets and names, in one thread.
 *
 * The program under test gets sim_clock, sim_sock and sim_loop_ops.  The test holds the far ends of
 * its connections (`struct sim_peer`), decides what the network does, and lets time pass.  Nothing
 * happens but inside sim_turn() and what calls it, and one seed gives one history.
 *
 * One world at a time: the socket functions have no context.  Peers live until sim_stop().
 */
#pragma once

#include "base/buf.h"
#include "base/random.h"
#include "net/loop.h"

#include <stdint.h>

struct sim_peer;

/* What a peer does when something happens to it; members may be NULL. */
struct sim_script {
    void (*on_open)(struct sim_peer *peer);
    void (*on_bytes)(struct sim_peer *peer); /* peer->received has grown */
    void (*on_end)(struct sim_peer *peer);   /* peer->ended, ->closed or ->was_reset is new */
};

/* The far end of one connection. */
struct sim_peer {
    const struct sim_script *script; /* may be set at any time */
    void *ctx;                       /* the test's own */
    size_t mark;                     /* the test's own */
    int fd;                          /* of the program's end; -1 until it has one */

    struct buf received; /* what the program wrote and the peer took */
    bool ended;          /* the program shut its side down, and all before it was received */
    bool closed;         /* the program closed its socket */
    bool was_reset;      /* by the program: it closed with bytes of ours unread */

    /* What the network does, to be set by the test. */
    bool holds_back;        /* the peer takes nothing: bytes stay in the network */
    size_t room_bytes;      /* what the network holds towards the peer */
    size_t write_bytes_max; /* one write of the program takes at most so many; 0: any */
    size_t read_bytes_max;  /* one read of the program gives at most so many; 0: any */

    /* Private. */
    struct buf to_program;
    struct buf to_peer;
    bool is_open; /* connected */
    bool told_open;
    size_t told_bytes;
    unsigned told_end;
    bool finished; /* by the peer: no more bytes */
    bool gone;     /* the peer does not exist any more: bytes to it come back as a reset */
    bool program_finished;
    int error; /* what the program's socket suffers from */
};

enum sim_answer {
    SIM_ACCEPTS,
    SIM_REFUSES,
    SIM_IS_SILENT,  /* neither: the connection is never made */
    SIM_UNREACHABLE /* connect() itself fails */
};

/* A place that the program may connect to. */
struct sim_place {
    const char *address;
    uint16_t port;
    enum sim_answer answer;
    int64_t delay_us; /* until it answers */
    const struct sim_script *script;
    void *ctx;
};

extern const struct clock sim_clock;
extern const struct sock_ops sim_sock;
extern const struct loop_ops sim_loop_ops;

void sim_start(uint64_t seed);
/* Frees all peers.  Returns how many sockets the program left open. */
size_t sim_stop(void);

/* Lets the world of `random` be this one. */
void sim_random_init(struct random *random);
/* 0 .. below - 1. */
uint64_t sim_draw(uint64_t below);

/* --- places, names, peers --- */

/* Copied; a second one at the same address replaces the first. */
void sim_add_place(const struct sim_place *place);

/* What a name is resolved to: an address, or NULL for a failure, after the delay; a delay below 0
 * is never.  Several calls with one name give several addresses. */
void sim_add_name(const char *name, const char *address, int64_t delay_us);

/* How often names were asked for. */
size_t sim_lookup_count(void);

/* A client that connects to the program's listening socket. */
struct sim_peer *sim_dial(int listener_fd);

/* A connection that is there already, without a listener. */
struct sim_peer *sim_pair(void);

/* The n-th connection that the program opened or accepted, from 0; NULL: there are fewer. */
struct sim_peer *sim_peer_at(size_t n);
size_t sim_peer_count(void);

/* The next accept() calls fail with -error; then all is well again. */
void sim_fail_accepts(size_t count, int error);

void sim_send(struct sim_peer *peer, str bytes);
void sim_finish(struct sim_peer *peer); /* no more bytes from the peer; it still reads */
void sim_close(struct sim_peer *peer);  /* the peer goes away: what is sent to it is answered by a
                                           reset */
void sim_reset(struct sim_peer *peer);  /* at once, bytes under way are lost */
/* A peer that holds back takes so many bytes. */
void sim_take(struct sim_peer *peer, size_t count);
/* The program's socket fails with this errno. */
void sim_fail(struct sim_peer *peer, int error);

/* --- time --- */

int64_t sim_now_us(void);

/* Runs `run` after the delay. */
void sim_after(int64_t delay_us, void (*run)(void *ctx), void *ctx);

/* Forgets what was to be run by `run`, and gives what it would have got to `done`. */
void sim_forget(void (*run)(void *ctx), void (*done)(void *ctx));

/* One turn of the loop; false when nothing was to be done. */
bool sim_turn(struct loop *loop);

/* Turns until nothing is to be done at this moment; ends the process when that never comes. */
void sim_settle(struct loop *loop);

/* The same, and lets so much time pass, from one moment with something to do to the next. */
void sim_run_for(struct loop *loop, int64_t us);
