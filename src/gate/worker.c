#include "gate/worker.h"

#include "gate/exchange.h"
#include "gate/media.h"
#include "gate/visit.h"

#include <stdio.h>
#include <stdlib.h>

/* --- configuration --- */

struct snapshot_use *worker_hold_config(struct worker *worker)
{
    worker->config->exchanges++;
    return worker->config;
}

void worker_release_config(struct worker *worker, struct snapshot_use *use)
{
    (void)worker; /* a reload will send an old snapshot home when its last exchange ends */
    use->exchanges--;
    assert(use->exchanges >= 0);
}

/* --- requests that never become an exchange --- */

static void refuse_path(struct worker *worker, struct http_call *call)
{
    struct fault fault = {.kind = ERR_MISSING, .type = FAULT_NOT_FOUND};
    const char *near = route_suggest(worker->routes, call->target);
    str target = call->target;
    str path = str_take(str_split(&target, '?'), 200);

    if (near != NULL) {
        fault.message = arena_printf(&worker->scratch,
                                     "There is nothing at " STR_FMT ". Did you mean POST /v1%s?",
                                     STR_ARG(path), near);
    } else {
        fault.message =
            arena_printf(&worker->scratch,
                         "There is nothing at " STR_FMT ". The API is under /v1, for example POST "
                         "/v1/chat/completions and GET /v1/models.",
                         STR_ARG(path));
    }
    visit_refuse(worker, call, &fault);
    arena_clear(&worker->scratch);
}

static struct fault wrong_method(struct arena *arena, const struct http_call *call,
                                 const struct route *route)
{
    return (struct fault){.kind = ERR_INVALID,
                          .type = FAULT_METHOD,
                          .allow = str_c(route->method),
                          .message =
                              arena_printf(arena, "%s wants %s, not " STR_FMT ".", route->path,
                                           route->method, STR_ARG(call->method))};
}

/* --- what the server tells --- */

/* The test route reads any body and answers a little JSON. */
static bool is_echo(const struct route *route)
{
    return route->needs_test_routes;
}

/* What a client only announces is not believed beyond this. */
enum { BODY_RESERVE_BYTES_MAX = 64 * 1024 };

static void on_request(void *service, struct http_call *call)
{
    struct worker *worker = service;
    const struct route *route = NULL;
    str rest = STR_NONE;
    str query = STR_NONE;

    call->user = NULL;
    enum route_result result =
        route_find(worker->routes, call->method, call->target, &route, &rest, &query);
    if (result == ROUTE_NONE ||
        (route->needs_test_routes && !worker->config->snapshot->settings.test_routes)) {
        refuse_path(worker, call);
        return;
    }
    if (route->surface == NULL) {
        if (result == ROUTE_WRONG_METHOD) {
            struct fault fault = wrong_method(&worker->scratch, call, route);
            visit_refuse(worker, call, &fault);
            arena_clear(&worker->scratch);
        } else if (!is_echo(route) || !call->has_body) {
            visit_begin(worker, call, route, rest, query);
        }
        return;
    }
    struct exchange *exchange = exchange_new(worker, call, route->surface);
    if (call->content_length > 0 && call->content_length <= BODY_RESERVE_BYTES_MAX) {
        char *room = buf_reserve(&exchange->body, (size_t)call->content_length);
        assert(room != NULL || call->content_length > (int64_t)exchange->body.limit);
    }
    for (size_t i = 0; i < call->headers->count; i++) {
        auth_add_header(&exchange->auth, call->headers->at[i].name, call->headers->at[i].value);
    }
    if (result == ROUTE_WRONG_METHOD) {
        struct fault fault = wrong_method(&exchange->arena, call, route);
        exchange_fail(exchange, &fault);
    }
    if (exchange->failed || call->has_body) {
        exchange_run(exchange); /* else on_body_end follows at once */
    }
}

static enum fault_type refusal_type(int status)
{
    switch (status) {
    case 408:
        return FAULT_REQUEST_TIMEOUT;
    case 413:
        return FAULT_PAYLOAD_TOO_LARGE;
    case 414:
    case 431:
        return FAULT_HEADERS_TOO_LARGE;
    default:
        return FAULT_INVALID_REQUEST;
    }
}

/* Limits and deadlines leave a row; bytes that are no HTTP were no request. */
static bool leaves_row(int status)
{
    return status == 408 || status == 413 || status == 414 || status == 431;
}

static void on_refused(void *service, struct http_call *call, int status, str why)
{
    struct worker *worker = service;
    struct fault fault = {
        .kind = ERR_INVALID, .type = refusal_type(status), .status = status, .message = why};
    char limit[128];

    if (status == 413) {
        (void)snprintf(limit, sizeof(limit),
                       "The request body is over the limit of %lld bytes (limits.body).",
                       (long long)worker->config->snapshot->settings.body_bytes_max);
        fault.message = str_c(limit);
    }
    struct exchange *exchange = call->user_is_visit ? NULL : call->user;

    if (call->user_is_visit) {
        visit_end(call->user);
        call->user = NULL;
        call->user_is_visit = false;
    }
    if (exchange == NULL && !leaves_row(status)) {
        visit_refuse(worker, call, &fault);
        return;
    }
    if (exchange == NULL) {
        exchange = exchange_new(worker, call, &openai_chat_surface);
    }
    fault.message = arena_copy(&exchange->arena, fault.message);
    exchange_fail(exchange, &fault);
    exchange_wake(exchange);
}

static void on_body(struct http_call *call, str bytes)
{
    struct exchange *exchange = call->user;

    if (exchange == NULL || call->user_is_visit) {
        return; /* the test route's body, or one that a page does not look at */
    }
    enum err err = buf_add(&exchange->body, bytes);
    assert(err == ERR_OK); /* the parser has the same limit */
}

static void on_body_end(struct http_call *call)
{
    struct exchange *exchange = call->user;

    if (call->user_is_visit) {
        return; /* it waits for a key, not for a body */
    }
    if (exchange == NULL) {
        http_call_answer(call, 200, &(struct headers){0}, STR("{\"status\":200}"));
        return;
    }
    exchange->body_whole = true;
    exchange_wake(exchange);
}

static void on_drained(struct http_call *call)
{
    struct exchange *exchange = call->user;

    if (exchange == NULL || call->user_is_visit || !exchange->paused) {
        return;
    }
    exchange->paused = false;
    if (exchange->attempt.fetch != NULL) {
        fetch_resume(exchange->attempt.fetch);
    }
    exchange_wake(exchange);
}

static void on_gone(struct http_call *call)
{
    struct exchange *exchange = call->user;

    if (exchange == NULL) {
        return;
    }
    if (call->user_is_visit) {
        visit_end(call->user);
        return;
    }
    exchange->client_gone = true;
    exchange->call = NULL;
    exchange_wake(exchange);
}

/* A draining worker ends when the last client has its answer: until a connection is closed, bytes
 * of an answer may still wait to be sent. */
static void end_when_empty(struct worker *worker)
{
    if (worker->draining && worker->server.connection_count == 0) {
        loop_stop(&worker->loop);
    }
}

static void on_empty(void *service)
{
    end_when_empty(service);
}

static const struct http_service service_ops = {
    .on_request = on_request,
    .on_refused = on_refused,
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_drained = on_drained,
    .on_gone = on_gone,
    .on_empty = on_empty,
};

/* --- mail --- */

static void on_wake(struct loop *loop)
{
    struct worker *worker = CONTAINER_OF(loop, struct worker, loop);

    mailbox_drain(&worker->mailbox);
}

static void open_answer(void *owner, const void *letter)
{
    principals_take_answer(owner, letter);
}

void worker_post_answer(struct worker *worker, const struct reader_answer *answer)
{
    /* There are at most as many answers under way as the table has slots, and the box is larger. */
    bool posted = mailbox_post(&worker->mailbox, open_answer, answer, sizeof(*answer));
    assert(posted);
}

static void on_drain_deadline(struct timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, drain_timer);

    http_server_stop(&worker->server); /* running exchanges settle as cut */
    loop_stop(&worker->loop);
}

static void open_drain(void *owner, const void *letter)
{
    struct worker *worker = owner;
    int64_t wait_ms = 0;

    memcpy(&wait_ms, letter, sizeof(wait_ms));
    worker->draining = true;
    http_server_drain(&worker->server);
    worker->drain_timer.fire = on_drain_deadline;
    loop_set_timer(&worker->loop, &worker->drain_timer, worker->loop.now_us + wait_ms * 1000);
    end_when_empty(worker);
}

void worker_drain(struct worker *worker, int64_t wait_ms)
{
    bool posted = mailbox_post(&worker->mailbox, open_drain, &wait_ms, sizeof(wait_ms));
    assert(posted);
}

static void open_stop(void *owner, const void *letter)
{
    struct worker *worker = owner;

    (void)letter;
    http_server_stop(&worker->server);
    loop_stop(&worker->loop);
}

void worker_stop(struct worker *worker)
{
    bool posted = mailbox_post(&worker->mailbox, open_stop, NULL, 0);
    assert(posted);
}

/* --- life --- */

enum {
    MAIL_MAX = 4 * PRINCIPALS_MAX,
    ADDRESSES_MS = 60 * 1000,
    ANSWER_HEAD_BYTES_MAX = 64 * 1024,
    TRAILER_BYTES_MAX = 8 * 1024,
    TRAILER_COUNT_MAX = 32,
    CHUNK_LINE_BYTES_MAX = 1024,
    CHUNK_OVERHEAD_BYTES_MAX = 64 * 1024,
};

static struct http_server_options server_options(const struct settings *settings)
{
    return (struct http_server_options){
        .limits = {.line_bytes_max = (size_t)settings->request_line_bytes_max,
                   .head_bytes_max = (size_t)settings->header_bytes_max,
                   .field_count_max = (size_t)settings->header_count_max,
                   .trailer_bytes_max = TRAILER_BYTES_MAX,
                   .trailer_count_max = TRAILER_COUNT_MAX,
                   .chunk_line_bytes_max = CHUNK_LINE_BYTES_MAX,
                   .chunk_overhead_bytes_max = CHUNK_OVERHEAD_BYTES_MAX,
                   .body_bytes_max = (uint64_t)settings->body_bytes_max},
        .header_timeout_ms = settings->header_timeout_ms,
        .body_timeout_ms = settings->body_timeout_ms,
        .idle_timeout_ms = settings->idle_timeout_ms,
        .write_timeout_ms = settings->write_timeout_ms,
        /* What one batch of a provider's bytes can become beyond the high-water mark. */
        .unsent_bytes_max = (size_t)(settings->output_high_bytes + 2 * settings->answer_bytes_max),
        .output_low_bytes = (size_t)settings->output_low_bytes,
        .connections_max = (size_t)settings->connections_max,
    };
}

enum err worker_init(struct worker *worker, const struct worker_options *options,
                     struct arena *arena, struct fault *fault)
{
    const struct settings *settings = &options->snapshot->settings;
    const struct pool_options pool_options = {
        .idle_max = (size_t)settings->upstream_idle_max,
        .idle_ms = settings->upstream_keepalive_ms,
        .addresses_ms = ADDRESSES_MS,
        .head_bytes_max = ANSWER_HEAD_BYTES_MAX,
        /* Encoding may escape what the client wrote plainly; what was fetched becomes base64. */
        .request_bytes_max = (size_t)settings->body_bytes_max * 2 +
                             media_bytes_max(settings) * 4 / 3 + ANSWER_HEAD_BYTES_MAX,
    };
    const struct http_server_options http_options = server_options(settings);

    *worker = (struct worker){.routes = options->routes,
                              .writer = options->writer,
                              .reader = options->reader,
                              .app = options->app};
    if (options->tls_certificate.len > 0) {
        enum err err = tls_server_context(options->tls_certificate, options->tls_key, arena,
                                          &worker->tls, fault);
        if (err != ERR_OK) {
            return err;
        }
    }
    worker->first_config = (struct snapshot_use){.snapshot = options->snapshot};
    worker->config = &worker->first_config;
    list_init(&worker->exchanges);
    random_init(&worker->random);
    principals_init(&worker->principals);
    credentials_init(&worker->credentials);
    buf_init(&worker->out, (size_t)settings->answer_bytes_max * 2);
    loop_init(&worker->loop, options->loop_ops, options->clock, options->sock);
    worker->loop.on_wake = on_wake;
    mailbox_init(&worker->mailbox, &worker->loop, worker, MAIL_MAX);
    pool_init(&worker->pool, &worker->loop, &pool_options);
    http_server_start(&worker->server, &worker->loop, &service_ops, worker, &http_options,
                      worker->tls, options->listener_fd);
    return ERR_OK;
}

void worker_run(struct worker *worker)
{
    loop_run(&worker->loop);
}

void worker_free(struct worker *worker)
{
    http_server_stop(&worker->server);
    credentials_free(worker);
    pool_free(&worker->pool);
    loop_end_turn(&worker->loop); /* what was closed is freed */
    exchange_free_spare(worker);
    loop_free(&worker->loop);
    mailbox_free(&worker->mailbox);
    principals_free(&worker->principals);
    tls_context_free(worker->tls);
    arena_reset(&worker->scratch);
    buf_free(&worker->out);
}
