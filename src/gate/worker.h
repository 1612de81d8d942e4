/*
 * worker: one thread of the data plane.
 *
 * Has an event loop, a listener, upstream connections and caches of its own; shares with others
 * only the snapshot, the store's two queues and its mailbox.  Every field belongs to its thread.
 */
#pragma once

#include "base/random.h"
#include "gate/credentials.h"
#include "gate/principals.h"
#include "gate/route.h"
#include "net/http_server.h"
#include "net/mailbox.h"
#include "net/pool.h"
#include "store/reader.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>

/* One worker's hold on one snapshot.  Only that worker touches it, so the count is a plain int. */
struct snapshot_use {
    const struct snapshot *snapshot;
    int64_t exchanges;
};

/* What a worker is handed; all outlive it. */
struct worker_options {
    const struct snapshot *snapshot;
    const struct routes *routes;
    struct writer *writer;
    struct reader *reader;
    const void *app; /* for pages */
    const struct clock *clock;
    const struct loop_ops *loop_ops;
    const struct sock_ops *sock;
    int listener_fd;     /* taken over */
    str tls_certificate; /* PEM files; empty: clear text */
    str tls_key;
};

struct visit;
struct exchange;

/* Ended exchanges that a worker keeps: the one that ended last is still in the cache. */
enum { EXCHANGES_SPARE_MAX = 64 };

struct worker {
    pthread_t thread;
    atomic_bool ended; /* its loop is over: the thread may be joined */
    bool joined;       /* whoever started the thread keeps this */
    struct loop loop;
    struct mailbox mailbox;
    struct random random;
    struct snapshot_use *config;
    struct snapshot_use first_config;
    struct http_server server;
    struct pool pool;
    struct principals principals;
    struct credentials credentials;
    size_t key_turn; /* which of a provider's keys comes first, for the next exchange */
    const struct routes *routes;
    struct writer *writer;
    struct reader *reader;
    const void *app;
    tls_context *tls;                            /* owned; NULL: clear text */
    struct list exchanges;                       /* struct exchange.node */
    struct exchange *spare[EXCHANGES_SPARE_MAX]; /* ended ones, for the next requests; owned */
    size_t spare_count;
    struct arena scratch; /* of the batch of bytes at hand */
    struct buf out;       /* bytes for the client of the batch at hand */
    bool draining;
    struct timer drain_timer;
    _Atomic int64_t running;    /* exchanges, for whoever drains */
    _Atomic uint64_t rows_lost; /* rows that the writer could not take */
};

/* Sets it up on the caller's thread.  ERR_INVALID when its TLS files cannot be used. */
enum err worker_init(struct worker *worker, const struct worker_options *options,
                     struct arena *arena, struct fault *fault) MUST_CHECK;

/* Runs the loop until worker_stop; on the worker's own thread. */
void worker_run(struct worker *worker);

/* Stops accepting; the loop ends once running exchanges are over, or after `wait_ms`.  Any thread.
 */
void worker_drain(struct worker *worker, int64_t wait_ms);

/* Ends the loop now: running exchanges are cut.  Any thread. */
void worker_stop(struct worker *worker);

/* After the thread has ended. */
void worker_free(struct worker *worker);

/* Hands a store's answer to the worker.  The reader's thread. */
void worker_post_answer(struct worker *worker, const struct reader_answer *answer);

struct snapshot_use *worker_hold_config(struct worker *worker);
void worker_release_config(struct worker *worker, struct snapshot_use *use);
