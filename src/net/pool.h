/*
 * pool: the upstream connections of one worker, per place they go to.
 *
 * Idle connections wait for the next fetch, the youngest first, and are closed when they have
 * waited too long, when the peer closes them, or when there are too many.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/tls.h"

struct pool_host;

/* Where to connect.  Two targets with equal fields share their connections. */
struct pool_target {
    str host; /* name or address, without brackets */
    uint16_t port;
    bool tls;
    str ca_file;   /* PEM file of the only authorities to trust; empty: the system's */
    str authority; /* the Host header */
    bool guarded;  /* a stranger named it: only public addresses and the web's ports are asked */
    bool once;     /* neither its connection nor its addresses are kept for later */
};

struct pool_options {
    size_t idle_max; /* per target */
    int64_t idle_ms;
    int64_t addresses_ms;  /* names are looked up anew after it */
    size_t head_bytes_max; /* of an answer */
    size_t request_bytes_max;
};

struct pool {
    struct loop *loop;
    struct pool_options options;
    struct list hosts;
    struct list fetches; /* running */
    struct buf head;     /* of the request being sent; kept for the next one */
    tls_context *tls;    /* of all targets without a ca_file; owned; NULL: not needed yet */
    size_t connection_count;
};

void pool_init(struct pool *pool, struct loop *loop, const struct pool_options *options);

/* Closes every connection; owners of running fetches must have cancelled. */
void pool_free(struct pool *pool);
