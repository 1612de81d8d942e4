/*
 * One client connection over HTTP/1.1.
 *
 * The parser is fed while a request is read and rests while the service works on one: bytes that a
 * client sends ahead wait in `ahead`, so that pipelined requests are answered in order.  A
 * connection that is to be closed after an answer is closed in two steps: our side first, then what
 * still comes is read and dropped for a while, so that the answer is not lost to a reset.
 */
#include "net/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
    ACCEPTS_A_TURN = 64,
    AHEAD_BYTES_MAX = 64 * 1024,
    LINGER_MS = 2000,
    LINGER_BYTES_MAX = 1024 * 1024,
    BODY_US_PER_BYTE = 5000, /* 1 kB per 5 s is the slowest body that is waited for */
    PIECE_BYTES_MAX = 16 * 1024,
    ACCEPT_AGAIN_MS = 100, /* after descriptors ran out */
};

#define FAR_FUTURE_US (INT64_MAX / 2)

enum conn_state {
    CONN_IDLE,   /* between requests */
    CONN_HEAD,   /* a head has begun */
    CONN_BODY,   /* the service has a call, its body is being read */
    CONN_CALL,   /* the service has a call, the request is whole */
    CONN_LINGER, /* our side is done; the peer's bytes are dropped */
    CONN_CLOSED,
};

struct conn {
    struct http_call call; /* first: the service's handle */
    struct http_server *server;
    struct stream stream;
    struct http1_parser parser;
    struct timer timer;
    struct list node;      /* server->connections */
    struct deferred later; /* feeds bytes that wait, or frees */
    struct buf ahead;
    struct buf head; /* of a streamed answer, until its first piece */
    enum conn_state state;
    bool answering;   /* http_call_begin() was called */
    bool chunked;     /* the streamed answer is */
    bool close_after; /* the answer said so */
    bool broken;      /* more is unsent than allowed: closed at the end of the turn */
    bool is_http10;
    size_t lingered_bytes;
    uint64_t body_bytes; /* received of the present body */
    int64_t body_began_us;
    uint64_t write_progress; /* stream.sent_bytes when the timer last looked */
};

static const struct stream_ops stream_ops;

static struct conn *conn_of(struct http_call *call)
{
    return CONTAINER_OF(call, struct conn, call);
}

/* --- closing --- */

static void run_later(struct deferred *deferred);

static void close_conn(struct conn *conn)
{
    if (conn->state == CONN_CLOSED) {
        return;
    }
    conn->state = CONN_CLOSED;
    stream_close(&conn->stream);
    loop_stop_timer(conn->server->loop, &conn->timer);
    list_remove(&conn->node);
    loop_defer(conn->server->loop, &conn->later);
}

static bool has_call(const struct conn *conn)
{
    return conn->state == CONN_BODY || conn->state == CONN_CALL;
}

/* Closes a connection under a call, which the service is told of. */
static void lose(struct conn *conn)
{
    bool told = has_call(conn);

    close_conn(conn);
    if (told) {
        conn->server->ops->on_gone(&conn->call);
    }
}

static void linger(struct conn *conn)
{
    conn->state = CONN_LINGER;
    stream_set_low_water(&conn->stream, 0); /* to know when all is sent */
    stream_finish(&conn->stream);
    stream_set_reading(&conn->stream, true);
    conn->write_progress = 0;
    loop_set_timer(conn->server->loop, &conn->timer,
                   conn->server->loop->now_us + (int64_t)LINGER_MS * 1000);
}

/* --- reading requests --- */

static void set_idle_timer(struct conn *conn, int64_t wait_ms)
{
    loop_set_timer(conn->server->loop, &conn->timer, conn->server->loop->now_us + wait_ms * 1000);
}

/* While the service works the client has no deadline but that of an earlier answer it still takes.
 */
static void set_call_timer(struct conn *conn)
{
    if (stream_unsent_bytes(&conn->stream) > 0) {
        set_idle_timer(conn, conn->server->options.write_timeout_ms);
    } else {
        loop_set_timer(conn->server->loop, &conn->timer, FAR_FUTURE_US);
    }
}

static void refuse(struct conn *conn, int status, str why)
{
    conn->state = CONN_CALL;
    conn->close_after = true;
    conn->server->ops->on_refused(conn->server->service, &conn->call, status, why);
}

static void tell_request(struct conn *conn)
{
    const struct http1_head *head = &conn->parser.head;

    conn->call.method = head->method;
    conn->call.target = head->target;
    conn->call.host = head->host;
    conn->call.headers = &head->headers;
    conn->call.has_body = head->has_body;
    conn->call.content_length = head->is_chunked ? -1 : (int64_t)head->content_length;
    conn->close_after = !head->keep_alive;
    conn->is_http10 = head->minor == 0;
    conn->server->ops->on_request(conn->server->service, &conn->call);
}

static void on_head(struct conn *conn)
{
    static const str go_on = STR_INIT("HTTP/1.1 100 Continue\r\n\r\n");
    str nothing = STR_NONE;

    if (!conn->parser.head.has_body) {
        enum http1_result result = http1_feed(&conn->parser, &nothing, &nothing);
        assert(result == HTTP1_END);
        conn->state = CONN_CALL;
        set_call_timer(conn);
        tell_request(conn);
        if (conn->state == CONN_CALL && !conn->answering) {
            conn->server->ops->on_body_end(&conn->call);
        }
        return;
    }
    conn->state = CONN_BODY;
    conn->body_bytes = 0;
    conn->body_began_us = conn->server->loop->now_us;
    tell_request(conn);
    if (conn->state != CONN_BODY) {
        return; /* answered without its body */
    }
    set_idle_timer(conn, conn->server->options.body_timeout_ms);
    if (conn->parser.head.expects_continue && stream_write(&conn->stream, &go_on, 1) != ERR_OK) {
        lose(conn);
    }
}

static void on_body(struct conn *conn, str bytes)
{
    conn->body_bytes += bytes.len;
    loop_set_timer(conn->server->loop, &conn->timer,
                   conn->body_began_us + conn->server->options.body_timeout_ms * 1000 +
                       (int64_t)conn->body_bytes * BODY_US_PER_BYTE);
    conn->server->ops->on_body(&conn->call, bytes);
}

/* The request is whole: the parser rests until the call is over. */
static void on_whole(struct conn *conn)
{
    conn->state = CONN_CALL;
    set_call_timer(conn);
    conn->server->ops->on_body_end(&conn->call);
}

static void begin_request(struct conn *conn)
{
    conn->state = CONN_HEAD;
    conn->call.began_us = conn->server->loop->now_us;
    set_idle_timer(conn, conn->server->options.header_timeout_ms);
}

/* Feeds the parser until it wants more or a call has the request.  What is left waits. */
static void feed(struct conn *conn, str input)
{
    str body = STR_NONE;

    for (bool more = true; more && conn->state <= CONN_BODY;) {
        if (conn->state == CONN_IDLE) {
            if (input.len == 0) {
                break;
            }
            begin_request(conn);
        }
        switch (http1_feed(&conn->parser, &input, &body)) {
        case HTTP1_MORE:
            more = false;
            break;
        case HTTP1_HEAD:
            on_head(conn);
            break;
        case HTTP1_BODY:
            on_body(conn, body);
            break;
        case HTTP1_END:
            on_whole(conn);
            break;
        case HTTP1_ERROR:
            refuse(conn, conn->parser.error_status, conn->parser.error);
            break;
        }
    }
    if (conn->state == CONN_CALL && input.len > 0 && !conn->close_after) {
        if (buf_add(&conn->ahead, input) != ERR_OK) {
            lose(conn);
            return;
        }
        if (conn->ahead.len > AHEAD_BYTES_MAX / 2) {
            stream_set_reading(&conn->stream, false);
        }
    }
}

static void on_bytes(struct stream *stream, str bytes)
{
    struct conn *conn = CONTAINER_OF(stream, struct conn, stream);

    if (conn->state == CONN_LINGER) {
        conn->lingered_bytes += bytes.len;
        if (conn->lingered_bytes > LINGER_BYTES_MAX) {
            close_conn(conn);
        }
    } else if (conn->state == CONN_CALL || conn->ahead.len > 0) {
        if (conn->close_after) {
            return; /* nothing that follows is a request of ours */
        }
        if (buf_add(&conn->ahead, bytes) != ERR_OK) {
            lose(conn);
        } else if (conn->ahead.len > AHEAD_BYTES_MAX / 2) {
            stream_set_reading(stream, false);
        }
    } else {
        feed(conn, bytes);
    }
}

static void on_end(struct stream *stream, enum stream_end end)
{
    struct conn *conn = CONTAINER_OF(stream, struct conn, stream);

    (void)end; /* a client that leaves politely and one that resets are both gone */
    lose(conn);
}

static void on_drained(struct stream *stream)
{
    struct conn *conn = CONTAINER_OF(stream, struct conn, stream);

    if (has_call(conn)) {
        conn->server->ops->on_drained(&conn->call);
    } else if (conn->state == CONN_LINGER) {
        set_idle_timer(conn, LINGER_MS);
    }
}

static const struct stream_ops stream_ops = {
    .on_bytes = on_bytes,
    .on_end = on_end,
    .on_drained = on_drained,
};

/* --- after an answer --- */

static void forget_request(struct http_call *call)
{
    call->user = NULL;
    call->user_is_visit = false;
    call->method = STR_NONE;
    call->target = STR_NONE;
    call->host = STR_NONE;
    call->headers = NULL;
    call->has_body = false;
    call->content_length = 0;
    call->began_us = 0;
}

/* The call is over: the next request, or the end. */
static void finish_call(struct conn *conn)
{
    bool whole = conn->state == CONN_CALL;

    conn->answering = false;
    if (conn->close_after || !whole || conn->server->draining) {
        linger(conn);
        return;
    }
    conn->state = CONN_IDLE;
    http1_next(&conn->parser);
    forget_request(&conn->call);
    set_idle_timer(conn, conn->server->options.idle_timeout_ms);
    if (conn->ahead.len > 0) {
        loop_defer(conn->server->loop, &conn->later);
    }
}

static void go_on_accepting(struct http_server *server)
{
    if (server->paused && server->listening) {
        server->paused = false;
        loop_watch(server->loop, &server->listener, WATCH_READ);
    }
}

static void free_conn(struct conn *conn)
{
    struct http_server *server = conn->server;

    http1_free(&conn->parser);
    buf_free(&conn->ahead);
    buf_free(&conn->head);
    free(conn);
    server->connection_count--;
    go_on_accepting(server);
    if (server->draining && server->connection_count == 0 && server->ops->on_empty != NULL) {
        server->ops->on_empty(server->service);
    }
}

static void run_later(struct deferred *deferred)
{
    struct conn *conn = CONTAINER_OF(deferred, struct conn, later);

    if (conn->state == CONN_CLOSED) {
        free_conn(conn);
        return;
    }
    if (conn->broken) {
        lose(conn);
        return;
    }
    struct buf ahead = conn->ahead;
    buf_init(&conn->ahead, ahead.limit);
    stream_set_reading(&conn->stream, true);
    feed(conn, buf_str(&ahead));
    buf_free(&ahead);
}

/* True, and looks again later, when the client has taken bytes since the last look. */
static bool has_progressed(struct conn *conn)
{
    if (conn->stream.sent_bytes == conn->write_progress) {
        return false;
    }
    conn->write_progress = conn->stream.sent_bytes;
    set_idle_timer(conn, conn->server->options.write_timeout_ms);
    return true;
}

static void on_timer(struct timer *timer)
{
    struct conn *conn = CONTAINER_OF(timer, struct conn, timer);

    switch (conn->state) {
    case CONN_HEAD:
        refuse(conn, 408, STR("the request's headers did not arrive in time"));
        break;
    case CONN_BODY:
        refuse(conn, 408, STR("the request's body did not arrive in time"));
        break;
    case CONN_CALL:
        if (stream_unsent_bytes(&conn->stream) > 0 && !has_progressed(conn)) {
            lose(conn); /* the client takes nothing */
        }
        break;
    case CONN_LINGER:
    case CONN_IDLE:
        if (stream_unsent_bytes(&conn->stream) == 0 || !has_progressed(conn)) {
            close_conn(conn);
        }
        break;
    case CONN_CLOSED:
        break;
    }
}

/* --- answering --- */

static str date_header(struct http_server *server)
{
    int64_t now_s = clock_wall_ms(server->loop->clock) / 1000;

    if (now_s != server->date_s) {
        time_t seconds = (time_t)now_s;
        struct tm utc;
        (void)gmtime_r(&seconds, &utc);
        (void)strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
        server->date_s = now_s;
    }
    return str_c(server->date);
}

static void write_head(struct conn *conn, struct buf *out, int status,
                       const struct headers *headers, int64_t body_bytes)
{
    enum { HEADERS_MAX = 24 };
    struct header room[HEADERS_MAX];
    struct headers all = {.at = room};

    assert(headers->count + 1 < HEADERS_MAX);
    for (size_t i = 0; i < headers->count; i++) {
        room[all.count++] = headers->at[i];
    }
    room[all.count++] = (struct header){STR("date"), date_header(conn->server)};
    if (conn->server->draining || conn->state == CONN_BODY) {
        conn->close_after = true;
    }
    enum err err = http1_write_answer_head(out, status, &all, body_bytes, conn->close_after);
    assert(err == ERR_OK); /* values were checked where they came in */
}

/* Watches that the client takes what is sent, from the moment on that bytes wait for it. */
static void watch_writing(struct conn *conn, size_t waited_before)
{
    if (waited_before == 0 && stream_unsent_bytes(&conn->stream) > 0) {
        conn->write_progress = conn->stream.sent_bytes;
        set_idle_timer(conn, conn->server->options.write_timeout_ms);
    }
}

void http_call_answer(struct http_call *call, int status, const struct headers *headers, str body)
{
    struct conn *conn = conn_of(call);
    struct buf *head = &conn->server->head;
    bool is_head = str_eq(call->method, STR("HEAD"));

    assert(has_call(conn) && !conn->answering);
    head->len = 0;
    write_head(conn, head, status, headers, (int64_t)body.len);
    str parts[] = {buf_str(head), is_head ? STR_NONE : body};
    if (stream_write(&conn->stream, parts, 2) != ERR_OK) {
        close_conn(conn);
        return;
    }
    finish_call(conn);
}

void http_call_begin(struct http_call *call, int status, const struct headers *headers)
{
    struct conn *conn = conn_of(call);

    assert(has_call(conn) && !conn->answering);
    conn->answering = true;
    conn->chunked = !conn->is_http10;
    conn->close_after = conn->close_after || conn->is_http10;
    write_head(conn, &conn->head, status, headers,
               conn->chunked ? HTTP1_CHUNKED : HTTP1_UNTIL_CLOSE);
}

/* Sends the head that waits, the piece as a chunk, and what ends the body. */
static enum err write_piece(struct conn *conn, str bytes, str end)
{
    char room[HTTP1_CHUNK_HEAD_BYTES_MAX];
    bool is_chunk = conn->chunked && bytes.len > 0;
    str parts[] = {buf_str(&conn->head), is_chunk ? http1_chunk_head(bytes.len, room) : STR_NONE,
                   bytes, is_chunk ? HTTP1_CHUNK_END : STR_NONE, conn->chunked ? end : STR_NONE};

    enum err err = stream_write(&conn->stream, parts, COUNT_OF(parts));
    buf_free(&conn->head);
    return err;
}

enum err http_call_write(struct http_call *call, str bytes)
{
    struct conn *conn = conn_of(call);

    assert(conn->answering);
    size_t waited = stream_unsent_bytes(&conn->stream);
    enum err err = write_piece(conn, bytes, STR_NONE);
    if (err == ERR_TOO_BIG) {
        conn->broken = true;
        loop_defer(conn->server->loop, &conn->later);
        return ERR_CUT;
    }
    watch_writing(conn, waited);
    return err;
}

void http_call_end(struct http_call *call, str bytes)
{
    struct conn *conn = conn_of(call);

    assert(conn->answering);
    if (write_piece(conn, bytes, HTTP1_LAST_CHUNK) != ERR_OK) {
        close_conn(conn);
        return;
    }
    finish_call(conn);
}

void http_call_abort(struct http_call *call)
{
    close_conn(conn_of(call));
}

size_t http_call_unsent_bytes(struct http_call *call)
{
    return stream_unsent_bytes(&conn_of(call)->stream);
}

/* --- the listener --- */

static void add_conn(struct http_server *server, int fd, const struct sock_address *peer)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    char address[64];

    if (conn == NULL) {
        out_of_memory();
    }
    conn->server = server;
    str shown = str_take(sock_address_format_host(peer, address), sizeof(conn->call.peer) - 1);
    memcpy(conn->call.peer, shown.at, shown.len);
    conn->timer.fire = on_timer;
    conn->later.run = run_later;
    buf_init(&conn->ahead, AHEAD_BYTES_MAX + LOOP_READ_BYTES);
    buf_init(&conn->head, PIECE_BYTES_MAX);
    http1_init(&conn->parser, HTTP1_SERVER, &server->options.limits);
    list_push(&server->connections, &conn->node);
    server->connection_count++;
    stream_accept(&conn->stream, server->loop, &stream_ops, fd,
                  server->tls != NULL ? tls_accept_on(server->tls, fd) : NULL,
                  server->options.unsent_bytes_max);
    conn->stream.low_bytes = server->options.output_low_bytes;
    conn->stream.hangup_matters = true;
    set_idle_timer(conn, server->options.header_timeout_ms);
}

static void on_accept_again(struct timer *timer)
{
    go_on_accepting(CONTAINER_OF(timer, struct http_server, accept_again));
}

static void on_listener_ready(struct watch *watch, unsigned ready)
{
    struct http_server *server = CONTAINER_OF(watch, struct http_server, listener);

    (void)ready;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sock_address peer = {0};
        if (server->connection_count >= server->options.connections_max) {
            server->paused = true;
            loop_watch(server->loop, watch, 0);
            return;
        }
        int fd = server->loop->sock->accept(watch->fd, &peer);
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
            server->paused = true; /* a connection closes, or others in the process let some go */
            loop_watch(server->loop, watch, 0);
            loop_set_timer(server->loop, &server->accept_again,
                           server->loop->now_us + (int64_t)ACCEPT_AGAIN_MS * 1000);
            return;
        }
        if (fd < 0) {
            return;
        }
        add_conn(server, fd, &peer);
    }
}

void http_server_start(struct http_server *server, struct loop *loop,
                       const struct http_service *ops, void *service,
                       const struct http_server_options *options, tls_context *tls, int fd)
{
    *server = (struct http_server){
        .loop = loop, .ops = ops, .service = service, .options = *options, .tls = tls};
    list_init(&server->connections);
    buf_init(&server->head, PIECE_BYTES_MAX);
    server->listener.fd = fd;
    server->listener.on_ready = on_listener_ready;
    server->accept_again.fire = on_accept_again;
    server->listening = true;
    loop_watch(loop, &server->listener, WATCH_READ);
}

static void stop_listening(struct http_server *server)
{
    if (server->listening) {
        server->listening = false;
        loop_stop_timer(server->loop, &server->accept_again);
        loop_unwatch(&server->listener);
        server->loop->sock->close(server->listener.fd);
    }
}

void http_server_drain(struct http_server *server)
{
    server->draining = true;
    stop_listening(server);
    struct list *next = NULL;
    for (struct list *node = server->connections.next; node != &server->connections; node = next) {
        struct conn *conn = CONTAINER_OF(node, struct conn, node);
        next = node->next;
        if (conn->state == CONN_IDLE && conn->ahead.len == 0) {
            close_conn(conn);
        }
    }
}

void http_server_stop(struct http_server *server)
{
    server->draining = true;
    stop_listening(server);
    buf_free(&server->head);
    for (struct list *node = list_first(&server->connections); node != NULL;
         node = list_first(&server->connections)) {
        lose(CONTAINER_OF(node, struct conn, node));
    }
}
