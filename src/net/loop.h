/*
 * loop: the event loop of one thread.
 *
 * Watches sockets, fires timers, runs work at the end of a turn, and is woken by mail from other
 * threads.  Everything here belongs to the loop's thread but loop_wake().  What waits for the
 * outside world is a table of functions (`struct loop_ops`): libuv in production, a simulator in
 * tests; timers and deferred work are the same code on both.
 */
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "base/str.h"
#include "net/sock.h"
#include "net/timer.h"

#include <stdint.h>

enum { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_HANGUP = 4 };

struct loop;

/* A socket of interest, inside its owner.  loop_unwatch() before the socket is closed. */
struct watch {
    struct loop *loop; /* NULL: not watched */
    int fd;
    unsigned wanted;
    /* `ready` is some of what is wanted.  A failed socket is ready for all of it. */
    void (*on_ready)(struct watch *watch, unsigned ready);
    void *backend; /* the ops' own */
};

/* Work for the end of this turn, inside its owner; at most once in the queue. */
struct deferred {
    struct list node;
    bool queued;
    void (*run)(struct deferred *deferred);
};

/* A question for addresses, inside its owner. */
struct lookup {
    void (*on_answer)(struct lookup *lookup, const struct sock_address *addresses, size_t count,
                      const char *error);
    void *backend; /* NULL: not asked */
};

struct loop_ops {
    void (*init)(struct loop *loop);
    void (*free)(struct loop *loop);
    void (*watch)(struct loop *loop, struct watch *watch, unsigned wanted);
    void (*unwatch)(struct loop *loop, struct watch *watch);
    /* Calls loop_turn() at `deadline_us` at the latest; INT64_MAX: no deadline. */
    void (*set_deadline)(struct loop *loop, int64_t deadline_us);
    void (*wake)(struct loop *loop); /* any thread */
    void (*run)(struct loop *loop);  /* until loop->stopping */
    /* Starts a lookup without blocking; the answer comes on the loop. */
    void (*resolve)(struct loop *loop, struct lookup *lookup, const char *host, uint16_t port);
    void (*resolve_cancel)(struct loop *loop, struct lookup *lookup);
};

enum { LOOP_READ_BYTES = 64 * 1024 };

struct loop {
    const struct loop_ops *ops;
    const struct clock *clock;
    const struct sock_ops *sock;
    struct timers timers;
    struct list deferred;
    int64_t now_us; /* monotonic, of this turn */
    bool stopping;
    void (*on_wake)(struct loop *loop); /* after loop_wake(); may be NULL */
    char *read_buffer;                  /* LOOP_READ_BYTES, shared by all streams of the loop */
    void *backend;                      /* the ops' own */
};

extern const struct loop_ops uv_loop_ops;

void loop_init(struct loop *loop, const struct loop_ops *ops, const struct clock *clock,
               const struct sock_ops *sock);
void loop_free(struct loop *loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Makes the loop run on_wake soon.  Any thread. */
void loop_wake(struct loop *loop);

/* Changes what is wanted of the socket; 0 keeps it known and quiet. */
void loop_watch(struct loop *loop, struct watch *watch, unsigned wanted);
void loop_unwatch(struct watch *watch);

/* Runs at the end of this turn, after all events of it. */
void loop_defer(struct loop *loop, struct deferred *deferred);

/* Fires once `deadline_us` (monotonic) has passed.  Moving a timer to a later time costs nothing.
 */
void loop_set_timer(struct loop *loop, struct timer *timer, int64_t deadline_us);
void loop_stop_timer(struct loop *loop, struct timer *timer);

/* For the ops: the turn's two halves. */
void loop_begin_turn(struct loop *loop); /* takes the time */
void loop_end_turn(struct loop *loop);   /* due timers, deferred work, next deadline */
