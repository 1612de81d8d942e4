/*
 * Fetches over HTTP/1.1, and the pool of connections they use.
 *
 * A fetch takes an idle connection or opens one (names, then one address after the other, then
 * TLS), sends its request in one write, and reads the answer.  A connection goes back to the pool
 * when the answer ended where its framing said and both sides may go on; else it is closed.
 */
#include "net/address.h"
#include "net/fetch.h"
#include "net/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ADDRESSES_MAX = 8,
    ADDRESS_PATIENCE_MS = 1000, /* while there is another address to try */
    WHY_BYTES = 200,
};

/* A place to go, its addresses and its idle connections. */
struct pool_host {
    struct pool *pool;
    struct list node; /* pool->hosts */
    struct list idle; /* struct conn, oldest first */
    size_t idle_count;
    size_t users;              /* fetches and connections */
    struct pool_target target; /* strings owned below */
    struct arena arena;
    char *name;       /* target.host with a NUL */
    tls_context *tls; /* owned; NULL: the pool's serves, or none is needed yet */
    struct sock_address addresses[ADDRESSES_MAX];
    size_t address_count;
    int64_t addresses_until_us;
};

enum conn_state { CONN_OPENING, CONN_BUSY, CONN_IDLE, CONN_CLOSED };

struct conn {
    struct stream stream;
    struct pool_host *host;
    struct list node; /* host->idle while idle */
    struct http1_parser parser;
    struct timer timer;    /* idle time, or the fetch's deadline */
    struct deferred later; /* frees */
    struct fetch *fetch;   /* NULL while idle */
    enum conn_state state;
    bool served; /* at least one answer */
};

enum phase { PHASE_RESOLVE, PHASE_CONNECT, PHASE_SEND, PHASE_BODY, PHASE_ENDED };

struct fetch {
    struct pool *pool;
    struct pool_host *host;
    struct conn *conn; /* NULL before connecting and after the end */
    struct list node;  /* pool->fetches */
    const struct fetch_owner_ops *ops;
    void *owner; /* NULL: cancelled, or told of the end */
    struct fetch_timeouts timeouts;
    struct buf request; /* head and body, until sent */
    struct lookup lookup;
    struct timer timer;    /* while there is no connection */
    struct deferred later; /* starts, tells an early end, frees */
    enum phase phase;
    bool is_head;
    bool fresh;
    bool freed;
    bool ended_early;
    enum fetch_end early_end;
    size_t next_address;
    int64_t began_us;
    int64_t total_deadline_us;
    int64_t phase_deadline_us;
    struct fetch_facts facts;
    char why[WHY_BYTES];
};

static const struct stream_ops stream_ops;

static void *new_zeroed(size_t size)
{
    void *at = calloc(1, size);

    if (at == NULL) {
        out_of_memory();
    }
    return at;
}

/* --- hosts --- */

static bool same_target(const struct pool_target *a, const struct pool_target *b)
{
    return a->port == b->port && a->tls == b->tls && a->guarded == b->guarded &&
           a->once == b->once && str_eq(a->host, b->host) && str_eq(a->ca_file, b->ca_file) &&
           str_eq(a->authority, b->authority);
}

static struct pool_host *find_host(struct pool *pool, const struct pool_target *target)
{
    for (struct list *node = pool->hosts.next; node != &pool->hosts; node = node->next) {
        struct pool_host *host = CONTAINER_OF(node, struct pool_host, node);
        if (same_target(&host->target, target)) {
            return host;
        }
    }
    struct pool_host *host = new_zeroed(sizeof(*host));
    host->pool = pool;
    list_init(&host->idle);
    host->target = *target;
    host->target.host = arena_copy(&host->arena, target->host);
    host->target.ca_file = arena_copy(&host->arena, target->ca_file);
    host->target.authority = arena_copy(&host->arena, target->authority);
    list_push(&pool->hosts, &host->node);
    return host;
}

void pool_init(struct pool *pool, struct loop *loop, const struct pool_options *options)
{
    *pool = (struct pool){.loop = loop, .options = *options};
    buf_init(&pool->head, options->request_bytes_max);
    list_init(&pool->hosts);
    list_init(&pool->fetches);
}

static void end_host(struct pool_host *host)
{
    tls_context_free(host->tls);
    arena_reset(&host->arena);
    free(host);
}

/* One user less.  Nobody comes back to a host that is asked once. */
static void leave_host(struct pool_host *host)
{
    host->users--;
    if (host->users == 0 && host->target.once) {
        list_remove(&host->node);
        end_host(host);
    }
}

static void close_conn(struct conn *conn)
{
    if (conn->state == CONN_CLOSED) {
        return;
    }
    if (conn->state == CONN_IDLE) {
        list_remove(&conn->node);
        conn->host->idle_count--;
    }
    conn->state = CONN_CLOSED;
    stream_close(&conn->stream);
    loop_stop_timer(conn->host->pool->loop, &conn->timer);
    loop_defer(conn->host->pool->loop, &conn->later);
    conn->host->pool->connection_count--;
    leave_host(conn->host);
}

static void free_host(struct pool_host *host)
{
    struct list *next = NULL;

    for (struct list *node = host->idle.next; node != &host->idle; node = next) {
        struct conn *conn = CONTAINER_OF(node, struct conn, node);
        next = node->next;
        close_conn(conn);
        list_remove(&conn->later.node); /* there may be no further turn to free it in */
        http1_free(&conn->parser);
        free(conn);
    }
    end_host(host);
}

void pool_free(struct pool *pool)
{
    struct list *next = NULL;

    buf_free(&pool->head);
    for (struct list *node = pool->hosts.next; node != &pool->hosts; node = next) {
        next = node->next;
        free_host(CONTAINER_OF(node, struct pool_host, node));
    }
    list_init(&pool->hosts);
    tls_context_free(pool->tls);
    pool->tls = NULL;
}

/* --- the end of a fetch --- */

static void say_why(struct fetch *fetch, const char *what, const char *detail)
{
    (void)snprintf(fetch->why, sizeof(fetch->why), "%.100s%s%.90s", what,
                   detail[0] != '\0' ? ": " : "", detail);
}

/* Detaches the fetch from everything; memory goes at the end of the turn. */
static void release(struct fetch *fetch)
{
    struct loop *loop = fetch->pool->loop;

    if (fetch->freed) {
        return; /* cancelled by its owner while that was told of the end */
    }
    fetch->phase = PHASE_ENDED;
    fetch->freed = true;
    if (fetch->conn != NULL) {
        fetch->conn->fetch = NULL;
        fetch->conn = NULL;
    }
    if (fetch->lookup.backend != NULL) {
        loop->ops->resolve_cancel(loop, &fetch->lookup);
    }
    loop_stop_timer(loop, &fetch->timer);
    list_remove(&fetch->node);
    loop_defer(loop, &fetch->later);
    leave_host(fetch->host);
    fetch->host = NULL;
}

static void tell_end(struct fetch *fetch, enum fetch_end end)
{
    void *owner = fetch->owner;

    fetch->owner = NULL;
    if (fetch->phase == PHASE_ENDED || owner == NULL) {
        return;
    }
    if (fetch->conn != NULL) {
        struct conn *conn = fetch->conn;
        fetch->conn = NULL;
        conn->fetch = NULL;
        close_conn(conn);
    }
    fetch->ops->on_end(owner, end);
    release(fetch);
}

static enum fetch_end end_of_phase(const struct fetch *fetch)
{
    return fetch->phase < PHASE_SEND ? FETCH_UNREACHABLE : FETCH_CUT;
}

/* --- deadlines --- */

static int64_t phase_deadline_us(const struct fetch *fetch, int64_t wait_ms)
{
    int64_t deadline_us = fetch->pool->loop->now_us + wait_ms * 1000;

    return deadline_us < fetch->total_deadline_us ? deadline_us : fetch->total_deadline_us;
}

static void time_out(struct fetch *fetch)
{
    static const char *const words[] = {
        [PHASE_RESOLVE] = "the name was not resolved in time",
        [PHASE_CONNECT] = "the connection was not made in time",
        [PHASE_SEND] = "no answer came in time",
        [PHASE_BODY] = "the answer stopped coming",
        [PHASE_ENDED] = "",
    };

    if (fetch->pool->loop->now_us >= fetch->total_deadline_us) {
        say_why(fetch, "the answer took longer than allowed in total", "");
    } else {
        say_why(fetch, words[fetch->phase], "");
    }
    tell_end(fetch, FETCH_TIMEOUT);
}

static void on_fetch_timer(struct timer *timer)
{
    time_out(CONTAINER_OF(timer, struct fetch, timer));
}

/* --- sending --- */

static void send_request(struct fetch *fetch, str head, str body)
{
    struct conn *conn = fetch->conn;
    str request[] = {head, body};

    fetch->phase = PHASE_SEND;
    fetch->facts.connected = true;
    fetch->facts.sent_any = true;
    conn->state = CONN_BUSY;
    if (fetch->is_head) {
        http1_expect_no_body(&conn->parser);
    }
    loop_set_timer(fetch->pool->loop, &conn->timer,
                   phase_deadline_us(fetch, fetch->timeouts.first_byte_ms));
    enum err err = stream_write(&conn->stream, request, 2);
    assert(err != ERR_TOO_BIG); /* the limit is that of the request */
    buf_free(&fetch->request);  /* a failed write is told by the stream at the end of the turn */
}

static void use_conn(struct fetch *fetch, struct conn *conn)
{
    fetch->conn = conn;
    conn->fetch = fetch;
    loop_stop_timer(fetch->pool->loop, &fetch->timer);
}

static void try_next_address(struct fetch *fetch);

/* One address did not work: the next one may. */
static void leave_address(struct fetch *fetch, const char *what, const char *detail)
{
    struct conn *conn = fetch->conn;

    say_why(fetch, what, detail);
    fetch->conn = NULL;
    conn->fetch = NULL;
    close_conn(conn);
    try_next_address(fetch);
}

static void on_conn_timer(struct timer *timer)
{
    struct conn *conn = CONTAINER_OF(timer, struct conn, timer);
    struct fetch *fetch = conn->fetch;

    if (fetch == NULL) {
        close_conn(conn); /* idle for too long */
    } else if (conn->state == CONN_OPENING &&
               fetch->pool->loop->now_us < fetch->phase_deadline_us) {
        leave_address(fetch, "the provider cannot be reached", "an address does not answer");
    } else {
        time_out(fetch);
    }
}

static struct conn *new_conn(struct pool_host *host)
{
    const struct http1_limits limits = {
        .line_bytes_max = host->pool->options.head_bytes_max,
        .head_bytes_max = host->pool->options.head_bytes_max,
        .field_count_max = 256,
        .trailer_bytes_max = 8192,
        .trailer_count_max = 32,
        .chunk_line_bytes_max = 1024,
        .chunk_overhead_bytes_max = SIZE_MAX / 2, /* small chunks are how streams arrive */
        .body_bytes_max = UINT64_MAX / 2,         /* bounded by who decodes it */
    };
    struct conn *conn = new_zeroed(sizeof(*conn));

    conn->host = host;
    conn->timer.fire = on_conn_timer;
    list_init(&conn->node);
    http1_init(&conn->parser, HTTP1_CLIENT, &limits);
    host->pool->connection_count++;
    host->users++;
    return conn;
}

static void free_conn(struct deferred *deferred)
{
    struct conn *conn = CONTAINER_OF(deferred, struct conn, later);

    http1_free(&conn->parser);
    free(conn);
}

/* The system's authorities take long to read: they are read once for all. */
static tls_context **tls_of(struct pool_host *host)
{
    return host->target.ca_file.len > 0 ? &host->tls : &host->pool->tls;
}

/* False when this host's TLS cannot be set up. */
static bool make_tls(struct fetch *fetch)
{
    struct pool_host *host = fetch->host;
    tls_context **tls = tls_of(host);
    struct fault fault = {0};

    if (!host->target.tls || *tls != NULL) {
        return true;
    }
    if (tls_client_context(host->target.ca_file, &host->arena, tls, &fault) != ERR_OK) {
        (void)snprintf(fetch->why, sizeof(fetch->why), STR_FMT, STR_ARG(fault.message));
        return false;
    }
    return true;
}

static void try_next_address(struct fetch *fetch)
{
    struct pool_host *host = fetch->host;
    struct loop *loop = fetch->pool->loop;

    while (fetch->next_address < host->address_count) {
        const struct sock_address *address = &host->addresses[fetch->next_address++];
        int fd = loop->sock->connect(address);
        if (fd < 0) {
            say_why(fetch, "the provider cannot be reached", strerrordesc_np(-fd));
            continue;
        }
        struct conn *conn = new_conn(host);
        conn->later.run = free_conn;
        conn->state = CONN_OPENING;
        use_conn(fetch, conn);
        stream_connect(&conn->stream, loop, &stream_ops, fd,
                       host->target.tls ? tls_connect_on(*tls_of(host), fd, host->target.host.at)
                                        : NULL,
                       fetch->pool->options.request_bytes_max + LOOP_READ_BYTES);
        int64_t patience_us = loop->now_us + (int64_t)ADDRESS_PATIENCE_MS * 1000;
        bool last = fetch->next_address == host->address_count;
        loop_set_timer(loop, &conn->timer,
                       last || patience_us > fetch->phase_deadline_us ? fetch->phase_deadline_us
                                                                      : patience_us);
        return;
    }
    host->address_count = 0; /* ask again next time */
    tell_end(fetch, FETCH_UNREACHABLE);
}

/* A guarded host is left alone when one of its addresses is not public: a name that has both kinds
 * plays a game. */
static bool is_forbidden(const struct pool_host *host)
{
    bool forbidden = !address_port_is_web(host->target.port);

    for (size_t i = 0; i < host->address_count; i++) {
        forbidden = forbidden || !address_is_public(&host->addresses[i]);
    }
    return host->target.guarded && forbidden;
}

static void forbid(struct fetch *fetch)
{
    say_why(fetch, "its address may not be asked", "");
    tell_end(fetch, FETCH_FORBIDDEN);
}

static void begin_connect(struct fetch *fetch)
{
    if (is_forbidden(fetch->host)) {
        forbid(fetch);
        return;
    }
    fetch->phase = PHASE_CONNECT;
    fetch->phase_deadline_us = phase_deadline_us(
        fetch, fetch->timeouts.connect_ms + (fetch->host->target.tls ? fetch->timeouts.tls_ms : 0));
    if (!make_tls(fetch)) {
        tell_end(fetch, FETCH_UNREACHABLE);
        return;
    }
    try_next_address(fetch);
}

static void on_addresses(struct lookup *lookup, const struct sock_address *addresses, size_t count,
                         const char *error)
{
    struct fetch *fetch = CONTAINER_OF(lookup, struct fetch, lookup);
    struct pool_host *host = fetch->host;

    if (count == 0) {
        say_why(fetch, "its name cannot be resolved", error != NULL ? error : "");
        tell_end(fetch, FETCH_UNREACHABLE);
        return;
    }
    host->address_count = count < ADDRESSES_MAX ? count : ADDRESSES_MAX;
    memcpy(host->addresses, addresses, host->address_count * sizeof(*addresses));
    host->addresses_until_us = fetch->pool->loop->now_us + fetch->pool->options.addresses_ms * 1000;
    begin_connect(fetch);
}

static void open_new(struct fetch *fetch)
{
    struct pool_host *host = fetch->host;
    struct loop *loop = fetch->pool->loop;

    if (host->address_count > 0 && loop->now_us < host->addresses_until_us) {
        begin_connect(fetch);
        return;
    }
    if (sock_address_parse(host->target.host, host->target.port, &host->addresses[0])) {
        host->address_count = 1;
        host->addresses_until_us = INT64_MAX;
        begin_connect(fetch);
        return;
    }
    if (is_forbidden(host)) {
        forbid(fetch); /* its port: the name need not be known for that */
        return;
    }
    fetch->phase = PHASE_RESOLVE;
    fetch->lookup.on_answer = on_addresses;
    loop_set_timer(loop, &fetch->timer, phase_deadline_us(fetch, fetch->timeouts.connect_ms));
    loop->ops->resolve(loop, &fetch->lookup, host->target.host.at, host->target.port);
}

/* --- answers --- */

static void give_back(struct conn *conn)
{
    struct pool_host *host = conn->host;
    struct pool *pool = host->pool;

    http1_next(&conn->parser);
    conn->served = true;
    conn->fetch = NULL;
    conn->state = CONN_IDLE;
    stream_set_reading(&conn->stream, true);
    list_push(&host->idle, &conn->node);
    host->idle_count++;
    loop_set_timer(pool->loop, &conn->timer, pool->loop->now_us + pool->options.idle_ms * 1000);
    if (host->idle_count > pool->options.idle_max) {
        close_conn(CONTAINER_OF(list_first(&host->idle), struct conn, node));
    }
}

static void finish(struct conn *conn, bool more_input)
{
    struct fetch *fetch = conn->fetch;
    void *owner = fetch->owner;

    fetch->conn = NULL;
    fetch->owner = NULL;
    conn->fetch = NULL;
    if (conn->parser.head.keep_alive && !conn->stream.ended && !more_input &&
        !conn->host->target.once && stream_unsent_bytes(&conn->stream) == 0) {
        give_back(conn);
    } else {
        close_conn(conn);
    }
    fetch->ops->on_end(owner, FETCH_DONE);
    release(fetch);
}

static void on_answer_head(struct conn *conn)
{
    struct fetch *fetch = conn->fetch;

    fetch->phase = PHASE_BODY;
    fetch->facts.got_head = true;
    fetch->facts.first_byte_us = fetch->pool->loop->now_us - fetch->began_us;
    fetch->ops->on_head(fetch->owner, conn->parser.head.status, &conn->parser.head.headers);
}

static void on_bytes(struct stream *stream, str input)
{
    struct conn *conn = CONTAINER_OF(stream, struct conn, stream);
    str body = STR_NONE;

    if (conn->fetch == NULL) {
        close_conn(conn); /* an idle peer has nothing to say */
        return;
    }
    loop_set_timer(conn->host->pool->loop, &conn->timer,
                   phase_deadline_us(conn->fetch, conn->fetch->timeouts.idle_ms));
    while (conn->fetch != NULL) {
        switch (http1_feed(&conn->parser, &input, &body)) {
        case HTTP1_MORE:
            return;
        case HTTP1_HEAD:
            on_answer_head(conn);
            break;
        case HTTP1_BODY:
            conn->fetch->ops->on_bytes(conn->fetch->owner, body);
            break;
        case HTTP1_END:
            finish(conn, input.len > 0);
            return;
        case HTTP1_ERROR:
            say_why(conn->fetch, "the provider's answer breaks HTTP", conn->parser.error.at);
            tell_end(conn->fetch, FETCH_MALFORMED);
            return;
        }
    }
}

static void on_open(struct stream *stream)
{
    struct conn *conn = CONTAINER_OF(stream, struct conn, stream);

    if (conn->fetch != NULL) {
        conn->fetch->facts.connect_us = conn->host->pool->loop->now_us - conn->fetch->began_us;
        send_request(conn->fetch, buf_str(&conn->fetch->request), STR_NONE);
    }
}

static void on_opening_failed(struct fetch *fetch)
{
    const struct stream *stream = &fetch->conn->stream;

    if (stream->tls_error[0] != '\0') {
        leave_address(fetch, "the TLS handshake with the provider failed", stream->tls_error);
    } else {
        leave_address(fetch, "the provider cannot be reached", strerrordesc_np(stream->error));
    }
}

static void on_end(struct stream *stream, enum stream_end end)
{
    struct conn *conn = CONTAINER_OF(stream, struct conn, stream);
    struct fetch *fetch = conn->fetch;

    if (fetch == NULL) {
        close_conn(conn);
        return;
    }
    if (conn->state == CONN_OPENING) {
        on_opening_failed(fetch);
        return;
    }
    if (end == STREAM_EOF && http1_feed_end(&conn->parser) == HTTP1_END) {
        finish(conn, false);
        return;
    }
    if (fetch->facts.got_head) {
        say_why(fetch, "the provider closed the connection in the middle of its answer", "");
    } else {
        say_why(fetch, "the provider closed the connection without an answer",
                end == STREAM_FAILED && stream->error != 0 ? strerrordesc_np(stream->error) : "");
    }
    tell_end(fetch, end_of_phase(fetch));
}

static void on_drained(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops stream_ops = {
    .on_open = on_open,
    .on_bytes = on_bytes,
    .on_end = on_end,
    .on_drained = on_drained,
};

/* --- the public side --- */

/* The youngest idle connection: the one least likely to be closed by the peer meanwhile. */
static struct conn *take_idle(struct pool_host *host)
{
    struct list *node = list_last(&host->idle);

    if (node == NULL) {
        return NULL;
    }
    struct conn *conn = CONTAINER_OF(node, struct conn, node);
    list_remove(node);
    host->idle_count--;
    conn->state = CONN_BUSY;
    return conn;
}

static void run_later(struct deferred *deferred)
{
    struct fetch *fetch = CONTAINER_OF(deferred, struct fetch, later);

    if (fetch->freed) {
        buf_free(&fetch->request);
        free(fetch);
    } else if (fetch->ended_early) {
        tell_end(fetch, fetch->early_end);
    } else {
        open_new(fetch);
    }
}

/* Copies the request until there is a connection for it. */
static enum err keep_request(struct fetch *fetch, str body)
{
    str head = buf_str(&fetch->pool->head);

    if (buf_reserve(&fetch->request, head.len + body.len) == NULL) {
        return ERR_TOO_BIG;
    }
    enum err err = buf_add(&fetch->request, head);
    return err == ERR_OK ? buf_add(&fetch->request, body) : err;
}

struct fetch *fetch_start(struct pool *pool, const struct fetch_request *request,
                          const struct fetch_owner_ops *ops, void *owner)
{
    struct fetch *fetch = new_zeroed(sizeof(*fetch));

    fetch->pool = pool;
    fetch->host = find_host(pool, request->target);
    fetch->host->users++;
    fetch->ops = ops;
    fetch->owner = owner;
    fetch->timeouts = request->timeouts;
    fetch->timer.fire = on_fetch_timer;
    fetch->later.run = run_later;
    fetch->is_head = str_eq(request->method, STR("HEAD"));
    fetch->began_us = pool->loop->now_us;
    fetch->total_deadline_us = fetch->began_us + request->timeouts.total_ms * 1000;
    list_push(&pool->fetches, &fetch->node);
    buf_init(&fetch->request, pool->options.request_bytes_max);
    pool->head.len = 0;
    enum err err = http1_write_request_head(&pool->head, request->method, request->path,
                                            request->target->authority, request->headers,
                                            (int64_t)request->body.len);
    if (err == ERR_OK && request->body.len > pool->head.limit - pool->head.len) {
        err = ERR_TOO_BIG; /* head and body together are bounded, whatever connection takes them */
    }
    struct conn *conn = request->fresh || err != ERR_OK ? NULL : take_idle(fetch->host);
    if (conn != NULL) {
        use_conn(fetch, conn);
        fetch->facts.reused = true;
        send_request(fetch, buf_str(&pool->head), request->body);
        return fetch;
    }
    if (err == ERR_OK) {
        err = keep_request(fetch, request->body);
    }
    if (err != ERR_OK) {
        say_why(fetch, "the request cannot be written", err_name(err));
        fetch->ended_early = true;
        fetch->early_end = FETCH_MALFORMED;
    }
    loop_defer(pool->loop, &fetch->later);
    return fetch;
}

void fetch_pause(struct fetch *fetch)
{
    if (fetch->conn != NULL) {
        stream_set_reading(&fetch->conn->stream, false);
        loop_set_timer(fetch->pool->loop, &fetch->conn->timer, fetch->total_deadline_us);
    }
}

void fetch_resume(struct fetch *fetch)
{
    if (fetch->conn != NULL) {
        stream_set_reading(&fetch->conn->stream, true);
        loop_set_timer(fetch->pool->loop, &fetch->conn->timer,
                       phase_deadline_us(fetch, fetch->timeouts.idle_ms));
    }
}

void fetch_cancel(struct fetch *fetch)
{
    fetch->owner = NULL;
    if (fetch->phase == PHASE_ENDED) {
        return;
    }
    if (fetch->conn != NULL) {
        struct conn *conn = fetch->conn;
        fetch->conn = NULL;
        conn->fetch = NULL;
        close_conn(conn);
    }
    release(fetch);
}

struct fetch_facts fetch_facts(const struct fetch *fetch)
{
    return fetch->facts;
}

str fetch_why(const struct fetch *fetch)
{
    return str_c(fetch->why);
}
