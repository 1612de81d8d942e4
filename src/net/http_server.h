/*
 * http_server: what a worker's user sees of its clients, whatever HTTP version they speak.
 *
 * The server reads requests and tells the service; the service answers each call once.  Everything
 * belongs to the loop's thread.  A call lives from on_request (or on_refused) until the service
 * ends it with http_call_answer(), http_call_end() or http_call_abort(), or is told on_gone; after
 * any of these it must not be touched.
 */
#pragma once

#include "base/list.h"
#include "codec/http1.h"
#include "net/stream.h"

struct http_call;

struct http_service {
    /* A request's head is there: call->method and so on.  The service may answer at once; a body
     * that was not read then closes the connection. */
    void (*on_request)(void *service, struct http_call *call);
    /* The client broke a limit, a deadline or the protocol: answer with `status` and say why.  The
     * call may be one that on_request told of (call->user is set) or new, without a method. */
    void (*on_refused)(void *service, struct http_call *call, int status, str why);
    void (*on_body)(struct http_call *call, str bytes);
    void (*on_body_end)(struct http_call *call);
    /* Unsent bytes fell under the low-water mark. */
    void (*on_drained)(struct http_call *call);
    /* The client went away.  The call is over. */
    void (*on_gone)(struct http_call *call);
    /* The server drains and its last connection is closed.  May be NULL. */
    void (*on_empty)(void *service);
};

struct http_server_options {
    struct http1_limits limits;
    int64_t header_timeout_ms;
    int64_t body_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
    size_t unsent_bytes_max; /* of one connection; a client that lets more wait is closed */
    size_t output_low_bytes;
    size_t connections_max;
};

/* One request of one client.  Views are valid as long as the call. */
struct http_call {
    void *user;         /* the service's own */
    bool user_is_visit; /* the service's own: which of its kinds */
    str method;
    str target;
    str host;
    const struct headers *headers;
    bool has_body;
    int64_t content_length; /* of the body, -1 when not told ahead */
    int64_t began_us;       /* monotonic: the request's first byte */
    char peer[48];          /* the client's address */
};

struct http_server {
    struct loop *loop;
    const struct http_service *ops;
    void *service;
    struct http_server_options options;
    tls_context *tls; /* borrowed; NULL: clear text */
    struct watch listener;
    struct timer accept_again; /* after descriptors ran out */
    bool listening;
    bool paused;   /* too many connections: nothing is accepted for the moment */
    bool draining; /* connections close when their call is over */
    struct list connections;
    size_t connection_count;
    struct buf head; /* of the answer being sent; kept for the next one */
    int64_t date_s;  /* of `date` */
    char date[32];   /* the Date header, made once a second */
};

/* Takes over a listening socket. */
void http_server_start(struct http_server *server, struct loop *loop,
                       const struct http_service *ops, void *service,
                       const struct http_server_options *options, tls_context *tls, int fd);

/* Stops accepting and closes idle connections; calls that run may end. */
void http_server_drain(struct http_server *server);

/* Closes everything; running calls are told on_gone. */
void http_server_stop(struct http_server *server);

/* A whole answer: head and body in one write.  Ends the call. */
void http_call_answer(struct http_call *call, int status, const struct headers *headers, str body);

/* A streamed answer: head, pieces, end.  The head goes out with the first piece.  A HEAD request
 * must not be answered so. */
void http_call_begin(struct http_call *call, int status, const struct headers *headers);
/* ERR_CUT when the connection is dead or has too much unsent: on_gone comes. */
enum err http_call_write(struct http_call *call, str bytes) MUST_CHECK;
/* `bytes` are the last piece.  Ends the call. */
void http_call_end(struct http_call *call, str bytes);

/* Closes the connection in the middle: the client sees a broken answer.  Ends the call. */
void http_call_abort(struct http_call *call);

size_t http_call_unsent_bytes(struct http_call *call);
