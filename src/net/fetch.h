/*
 * fetch: one upstream HTTP exchange.
 *
 * Belongs to a worker's pool, and to its owner until on_end or fetch_cancel(), whichever comes
 * first. The owner is never called from inside fetch_start(), fetch_resume() or fetch_cancel().
 */
#pragma once

#include "base/err.h"
#include "codec/headers.h"
#include "codec/http1.h"
#include "net/pool.h"

enum fetch_end {
    FETCH_DONE,        /* the whole answer arrived */
    FETCH_CUT,         /* the connection ended before it did */
    FETCH_TIMEOUT,     /* a deadline passed: fetch_why() says which */
    FETCH_UNREACHABLE, /* no address, no connection, no TLS */
    FETCH_MALFORMED,   /* the peer broke HTTP, or a limit */
    FETCH_FORBIDDEN,   /* the target is guarded and leads where nobody may ask; nothing was sent */
};

/* What is known for retry decisions, at any moment. */
struct fetch_facts {
    bool reused; /* the connection had served before */
    bool connected;
    bool sent_any; /* a byte of the request may have reached the peer */
    bool got_head;
    int64_t connect_us; /* from the start; 0: not yet */
    int64_t first_byte_us;
};

/* Told to the owner on its own loop; `bytes` and `headers` are borrowed for the call. */
struct fetch_owner_ops {
    void (*on_head)(void *owner, int status, const struct headers *headers);
    void (*on_bytes)(void *owner, str bytes);
    void (*on_end)(void *owner, enum fetch_end end);
};

struct fetch_timeouts {
    int64_t connect_ms; /* names, TCP and TLS together get connect + tls */
    int64_t tls_ms;
    int64_t first_byte_ms; /* from the request sent to the answer's head */
    int64_t idle_ms;       /* between two reads of the answer */
    int64_t total_ms;
};

struct fetch_request {
    const struct pool_target *target; /* outlives the fetch */
    str method;
    str path;
    const struct headers *headers;
    str body;   /* copied when it cannot be sent at once */
    bool fresh; /* not over a connection that has served before */
    struct fetch_timeouts timeouts;
};

struct fetch;

struct fetch *fetch_start(struct pool *pool, const struct fetch_request *request,
                          const struct fetch_owner_ops *ops, void *owner);
void fetch_pause(struct fetch *fetch);
void fetch_resume(struct fetch *fetch);
void fetch_cancel(struct fetch *fetch); /* no call to the owner after this */
struct fetch_facts fetch_facts(const struct fetch *fetch);

/* Why it ended as it did, in words for people, without a secret.  Valid inside on_end. */
str fetch_why(const struct fetch *fetch);
