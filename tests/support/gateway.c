#include "gateway.h"

#include "codec/http1.h"
#include "codec/json.h"
#include "wire/dialect.h"

#include "share.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const addresses[SERVERS] = {"192.0.2.10", "192.0.2.11", "192.0.2.12",
                                               LOGINS_ADDRESS, FILES_ADDRESS};

static _Noreturn void fail(const char *why)
{
    (void)fprintf(stderr, "gateway: %s\n", why);
    abort();
}

/* --- scripted providers --- */

/* A reply under way on one connection. */
struct sending {
    struct sim_peer *peer;
    struct reply reply;
};

static void send_piece(void *ctx)
{
    struct sending *sending = ctx;
    struct reply *reply = &sending->reply;
    size_t piece = reply->piece_bytes > 0 ? reply->piece_bytes : reply->bytes.len;

    if (reply->bytes.len > 0) {
        sim_send(sending->peer, str_take(reply->bytes, piece));
        reply->bytes = str_skip(reply->bytes, piece);
        /* What ends the reply comes a little later: a reset would overtake the bytes. */
        sim_after(reply->piece_us > 0 ? reply->piece_us : 1, send_piece, sending);
        return;
    }
    if (reply->end == REPLY_CLOSES) {
        sim_close(sending->peer);
    } else if (reply->end == REPLY_RESETS) {
        sim_reset(sending->peer);
    }
    free(sending);
}

static void answer_request(struct sim_peer *peer, struct scripted *provider)
{
    size_t n = provider->request_count++;

    if (provider->reply_count == 0) {
        return;
    }
    struct sending *sending = calloc(1, sizeof(*sending));
    if (sending == NULL) {
        fail("no memory");
    }
    sending->peer = peer;
    sending->reply = provider->replies[n < provider->reply_count ? n : provider->reply_count - 1];
    sim_after(sending->reply.delay_us, send_piece, sending);
}

/* The bytes of the first whole request in `bytes`, 0 when it is not whole. */
static size_t request_bytes(str bytes)
{
    size_t end = str_find(bytes, STR("\r\n\r\n"));
    str head = str_take(bytes, end);
    size_t named = str_find(head, STR("Content-Length: "));
    str length = str_skip(bytes, named + 16);
    uint64_t body = 0;

    if (end == bytes.len) {
        return 0;
    }
    if (named < head.len &&
        !str_to_uint(str_take(length, str_find_char(length, '\r')), SIZE_MAX, &body)) {
        return 0;
    }
    return bytes.len >= end + 4 + body ? end + 4 + (size_t)body : 0;
}

static void provider_opened(struct sim_peer *peer)
{
    struct scripted *provider = peer->ctx;

    provider->connection_count++;
    provider->last = peer;
}

static void keep(struct buf *buf, str bytes)
{
    if (buf_add(buf, bytes) != ERR_OK) {
        fail("bytes without bounds");
    }
}

static void provider_received(struct sim_peer *peer)
{
    struct scripted *provider = peer->ctx;

    for (;;) {
        str rest = str_skip(buf_str(&peer->received), peer->mark);
        size_t len = request_bytes(rest);
        if (len == 0) {
            return;
        }
        keep(&provider->heard, str_take(rest, len));
        peer->mark += len;
        answer_request(peer, provider);
    }
}

static const struct sim_script provider_script = {.on_open = provider_opened,
                                                  .on_bytes = provider_received};

void gateway_place(struct gateway *gateway, int provider, enum sim_answer answer)
{
    sim_add_place(&(struct sim_place){.address = addresses[provider],
                                      .port = 80,
                                      .answer = answer,
                                      .delay_us = 100,
                                      .script = &provider_script,
                                      .ctx = &gateway->providers[provider]});
}

void gateway_reply(struct gateway *gateway, int provider, const struct reply *reply)
{
    struct scripted *scripted = &gateway->providers[provider];

    if (scripted->reply_count == COUNT_OF(scripted->replies)) {
        fail("too many replies");
    }
    scripted->replies[scripted->reply_count++] = *reply;
}

/* --- the worker --- */

static void page_hello(const struct page_request *request, struct page_answer *answer)
{
    (void)request;
    answer->content_type = STR("text/plain");
    if (buf_add(answer->body, STR("hello")) != ERR_OK) {
        answer->status = 500;
    }
}

static const struct route routes[] = {
    {.path = "/chat/completions", .method = "POST", .surface = &openai_chat_surface},
    {.path = "/models", .method = "GET", .page = page_hello, .needs_key = true},
    {.path = "/healthz", .method = "GET", .page = page_hello, .is_absolute = true},
};
static const struct routes all_routes = {routes, COUNT_OF(routes)};

static const struct settings usual = {
    .demo = true,
    .keepalive_comment = STR_INIT("STILL HERE"),
    .keepalive_ms = 10000,
    .request_line_bytes_max = 4096,
    .header_bytes_max = 16384,
    .header_count_max = 100,
    .body_bytes_max = 64 * 1024,
    .event_bytes_max = 64 * 1024,
    .answer_bytes_max = 256 * 1024,
    .output_high_bytes = 16 * 1024,
    .output_low_bytes = 4 * 1024,
    .connections_max = 100,
    .upstream_idle_max = 4,
    .header_timeout_ms = 10000,
    .body_timeout_ms = 10000,
    .idle_timeout_ms = 75000,
    .write_timeout_ms = 60000,
    .connect_timeout_ms = 3000,
    .tls_timeout_ms = 5000,
    .first_byte_timeout_ms = 120000,
    .stream_idle_timeout_ms = 60000,
    .total_timeout_ms = 3600000,
    .upstream_keepalive_ms = 30000,
    .key_cache_ms = 2000,
    .media_bytes_max = 64 * 1024,
    .media_timeout_ms = 10000,
    .credential_timeout_ms = 5000,
    .drain_ms = 600000,
};

static void add_provider(struct snapshot *snapshot, int n, const char *name,
                         const struct dialect *dialect)
{
    struct provider *provider = &snapshot->providers[snapshot->provider_count];

    *provider = (struct provider){.name = str_c(name),
                                  .display = str_c(name),
                                  .dialect = dialect,
                                  .keys = ARENA_NEW(&snapshot->arena, struct provider_key),
                                  .key_count = 1,
                                  .index = snapshot->provider_count++};
    if (dialect != NULL) {
        provider->quirks = share_quirks("", dialect->name);
        provider->keys[0] = (struct provider_key){.credential = provider->quirks->credential,
                                                  .secret = STR("secret-key")};
        provider->origin = (struct origin){.host = str_c(addresses[n]),
                                           .port = 80,
                                           .path = STR("/v1"),
                                           .authority = str_c(addresses[n])};
    }
}

static void add_model(struct snapshot *snapshot, const char *id, const size_t *providers,
                      size_t count)
{
    struct catalogue_model *model = &snapshot->models[snapshot->model_count++];

    *model = (struct catalogue_model){.id = str_c(id), .name = str_c(id)};
    model->endpoints = ARENA_ARRAY(&snapshot->arena, struct endpoint, count);
    model->endpoint_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct provider *provider = &snapshot->providers[providers[i]];
        model->endpoints[i] =
            (struct endpoint){.provider = provider,
                              .dialect = provider->dialect,
                              .model = {.name = STR("upstream-model"), .quirks = provider->quirks},
                              .pricing = pricing_of_tokens(1000000, 2000000)};
    }
    if (!map_add(&snapshot->models_by_name, &snapshot->arena, model->id, model)) {
        fail("a model twice");
    }
}

static struct snapshot *make_snapshot(void)
{
    struct snapshot *snapshot = snapshot_new();
    enum { DEMO = PROVIDERS };

    snapshot->settings = usual;
    snapshot->providers = ARENA_ARRAY(&snapshot->arena, struct provider, PROVIDERS + 1);
    snapshot->models = ARENA_ARRAY(&snapshot->arena, struct catalogue_model, 8);
    add_provider(snapshot, ALPHA, "alpha", &openai_chat_dialect);
    add_provider(snapshot, BETA, "beta", &openai_chat_dialect);
    add_provider(snapshot, GAMMA, "gamma", &anthropic_dialect);
    add_provider(snapshot, 0, "demo", NULL);
    add_model(snapshot, "one", (const size_t[]){ALPHA}, 1);
    add_model(snapshot, "two", (const size_t[]){ALPHA, BETA}, 2);
    add_model(snapshot, "three", (const size_t[]){ALPHA, BETA, GAMMA}, 3);
    add_model(snapshot, "claude", (const size_t[]){GAMMA}, 1);
    add_model(snapshot, "demo/echo", (const size_t[]){DEMO}, 1);
    return snapshot;
}

void gateway_make(struct gateway *gateway, uint64_t seed)
{
    sim_start(seed);
    store_double_reset();
    store_double_set_key("sk-test", "key-test", false);
    memset(gateway, 0, sizeof(*gateway));
    gateway->snapshot = make_snapshot();
    gateway->settings = &gateway->snapshot->settings;
    for (int i = 0; i < SERVERS; i++) {
        buf_init(&gateway->providers[i].heard, (size_t)1 << 28);
        gateway_place(gateway, i, SIM_ACCEPTS);
    }
}

void gateway_open(struct gateway *gateway)
{
    struct sock_address address = {0};
    struct fault fault = {0};

    gateway->fd = sim_sock.listen(&address, 10);
    const struct worker_options options = {.snapshot = gateway->snapshot,
                                           .routes = &all_routes,
                                           .clock = &sim_clock,
                                           .loop_ops = &sim_loop_ops,
                                           .sock = &sim_sock,
                                           .listener_fd = gateway->fd};
    if (worker_init(&gateway->worker, &options, &gateway->arena, &fault) != ERR_OK) {
        fail("the worker does not start");
    }
    sim_random_init(&gateway->worker.random);
}

size_t gateway_free(struct gateway *gateway)
{
    worker_free(&gateway->worker);
    if (!list_is_empty(&gateway->worker.exchanges) || gateway->worker.running != 0) {
        fail("an exchange is left");
    }
    snapshot_free(gateway->snapshot);
    arena_reset(&gateway->arena);
    for (int i = 0; i < SERVERS; i++) {
        buf_free(&gateway->providers[i].heard);
    }
    sim_forget(send_piece, free);
    return sim_stop();
}

void gateway_settle(struct gateway *gateway)
{
    sim_settle(&gateway->worker.loop);
}

void gateway_run_for(struct gateway *gateway, int64_t us)
{
    sim_run_for(&gateway->worker.loop, us);
}

/* --- clients --- */

struct sim_peer *gateway_dial(struct gateway *gateway)
{
    return sim_dial(gateway->fd);
}

void gateway_ask(struct sim_peer *client, const char *model, const char *more)
{
    gateway_ask_about(client, model, "[{\"role\":\"user\",\"content\":\"hi\"}]", more);
}

void gateway_ask_about(struct sim_peer *client, const char *model, const char *messages,
                       const char *more)
{
    static char body[64 * 1024];
    static char request[sizeof(body) + 1024];

    (void)snprintf(body, sizeof(body), "{\"model\":\"%s\",\"messages\":%s%s%s}", model, messages,
                   more[0] != '\0' ? "," : "", more);
    (void)snprintf(request, sizeof(request),
                   "POST /v1/chat/completions HTTP/1.1\r\nHost: gate\r\n"
                   "Authorization: Bearer sk-test\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    sim_send(client, str_c(request));
}

static void copy_word(char *room, size_t size, str word)
{
    (void)snprintf(room, size, STR_FMT, STR_ARG(word));
}

static void read_error(struct told *told, json *error)
{
    json *metadata = json_get(error, "metadata");

    told->has_error = true;
    told->error_code = json_int(error, "code");
    copy_word(told->error_type, sizeof(told->error_type), json_str(metadata, "error_type"));
}

static void read_json(struct told *told, str text)
{
    struct arena arena = {0};
    /* What a provider said twice in a member we do not know is passed on as it came. */
    json *root = json_read_lenient(&arena, text);

    if (json_is_none(root)) {
        told->is_json = false;
        arena_reset(&arena);
        return;
    }
    if (!json_is_none(json_get(root, "error"))) {
        read_error(told, json_get(root, "error"));
    }
    told->has_usage = told->has_usage || !json_is_none(json_get(root, "usage"));
    struct json_walk choices = json_walk(json_get(root, "choices"));
    while (json_next(&choices)) {
        json *message = json_get(choices.value, told->is_stream ? "delta" : "message");
        str finish = json_str(choices.value, "finish_reason");
        keep(&told->text, json_str(message, "content"));
        if (finish.len > 0) {
            told->finish_count++;
            copy_word(told->finish, sizeof(told->finish), finish);
        }
    }
    arena_reset(&arena);
}

/* Strictly our own way of writing: lines ended by "\n", events of one `data:` line. */
static void read_stream(struct told *told, str body)
{
    while (body.len > 0) {
        size_t end = str_find(body, STR("\n\n"));
        str event = str_take(body, end);
        body = str_skip(body, end + 2);
        if (str_has_prefix(event, STR(": "))) {
            told->comment_count++;
        } else if (str_eq(event, STR("data: [DONE]"))) {
            told->done_count++;
        } else if (str_has_prefix(event, STR("data: "))) {
            read_json(told, str_skip(event, 6));
        } else {
            told->is_json = false;
        }
    }
}

static void read_http(struct told *told, str input)
{
    const struct http1_limits limits = {.line_bytes_max = 65536,
                                        .head_bytes_max = 65536,
                                        .field_count_max = 100,
                                        .trailer_bytes_max = 1024,
                                        .trailer_count_max = 10,
                                        .chunk_line_bytes_max = 1024,
                                        .chunk_overhead_bytes_max = SIZE_MAX / 2,
                                        .body_bytes_max = UINT64_MAX / 2};
    struct http1_parser parser;
    str piece = STR_NONE;

    http1_init(&parser, HTTP1_CLIENT, &limits);
    for (bool more = true; more;) {
        switch (http1_feed(&parser, &input, &piece)) {
        case HTTP1_MORE:
            more = false;
            break;
        case HTTP1_HEAD:
            if (told->answer_count == 0) {
                str type = headers_get(&parser.head.headers, STR("content-type"));
                told->status = parser.head.status;
                told->is_stream = str_has_prefix(type, STR("text/event-stream"));
            }
            break;
        case HTTP1_BODY:
            if (told->answer_count == 0) {
                keep(&told->body, piece);
            }
            break;
        case HTTP1_END:
            told->is_complete = true;
            told->answer_count++;
            http1_next(&parser);
            more = input.len > 0;
            break;
        case HTTP1_ERROR:
            told->is_broken = true;
            more = false;
            break;
        }
    }
    http1_free(&parser);
}

void told_read(struct told *told, const struct sim_peer *client)
{
    *told = (struct told){.is_json = true};
    buf_init(&told->body, (size_t)1 << 28);
    buf_init(&told->text, (size_t)1 << 28);
    read_http(told, buf_str(&client->received));
    if (told->is_stream) {
        read_stream(told, buf_str(&told->body));
    } else if (told->is_complete) {
        read_json(told, buf_str(&told->body));
    }
}

void told_free(struct told *told)
{
    buf_free(&told->body);
    buf_free(&told->text);
}

bool told_looks_complete(const struct told *told)
{
    return told->is_complete && told->status == 200 && !told->has_error &&
           (!told->is_stream || told->done_count > 0);
}
