/* server_bench: a server in the simulated world, and a service that answers when it is told to. */
#pragma once

#include "net/http_server.h"

#include "sim.h"
#include "test.h"

#include <errno.h>

#define SECOND INT64_C(1000000)

enum {
    HEADER_S = 10,
    BODY_S = 20,
    IDLE_S = 75,
    WRITE_S = 60,
    CALLS_MAX = 64,
    UNSENT_MAX = 64 * 1024,
    LOW = 1024,
};

/* When the service answers a call: "answer N" for the N-th, so that order shows. */
enum answers { AT_REQUEST, AT_BODY, AT_BODY_END, BY_HAND, ABORTS };

struct bench {
    struct loop loop;
    struct http_server server;
    int fd;
    enum answers answers;
    struct http_call *calls[CALLS_MAX]; /* in the order they came; NULL once over */
    int call_count;
    struct buf body; /* of all calls */
    int body_ends;
    int refusals;
    int last_status;
    int drains;
    int gone;
};

static inline int place_of(struct bench *bench, const struct http_call *call)
{
    for (int i = 0; i < bench->call_count; i++) {
        if (bench->calls[i] == call) {
            return i;
        }
    }
    fail_msg("a call that is not there");
    return 0;
}

static inline void answer(struct bench *bench, int n)
{
    struct header room[] = {{STR("x-number"), STR("7")}};
    struct headers headers = {.at = room, .count = 1};
    char text[32];
    struct http_call *call = bench->calls[n];

    assert_non_null(call);
    (void)snprintf(text, sizeof(text), "answer %d", n);
    bench->calls[n] = NULL;
    http_call_answer(call, 200, &headers, str_c(text));
}

static inline void on_request(void *service, struct http_call *call)
{
    struct bench *bench = service;

    call->user = bench;
    assert_in_range(bench->call_count, 0, CALLS_MAX - 1);
    bench->calls[bench->call_count++] = call;
    if (bench->answers == AT_REQUEST) {
        answer(bench, bench->call_count - 1);
    } else if (bench->answers == ABORTS) {
        bench->calls[bench->call_count - 1] = NULL;
        http_call_abort(call);
    }
}

static inline void on_refused(void *service, struct http_call *call, int status, str why)
{
    struct bench *bench = service;

    bench->refusals++;
    bench->last_status = status;
    if (call->user != NULL) {
        bench->calls[place_of(bench, call)] = NULL;
    }
    http_call_answer(call, status, &(struct headers){0}, why);
}

static inline void on_body(struct http_call *call, str bytes)
{
    struct bench *bench = call->user;

    assert_true(bytes.len > 0);
    assert_int_equal(buf_add(&bench->body, bytes), ERR_OK);
    if (bench->answers == AT_BODY) {
        answer(bench, place_of(bench, call));
    }
}

static inline void on_body_end(struct http_call *call)
{
    struct bench *bench = call->user;

    bench->body_ends++;
    if (bench->answers == AT_BODY_END) {
        answer(bench, place_of(bench, call));
    }
}

static inline void on_drained(struct http_call *call)
{
    struct bench *bench = call->user;

    (void)place_of(bench, call);
    bench->drains++;
}

static inline void on_gone(struct http_call *call)
{
    struct bench *bench = call->user;

    bench->calls[place_of(bench, call)] = NULL;
    bench->gone++;
}

static const struct http_service ops = {
    .on_request = on_request,
    .on_refused = on_refused,
    .on_body = on_body,
    .on_body_end = on_body_end,
    .on_drained = on_drained,
    .on_gone = on_gone,
};

static const struct http_server_options defaults = {
    .limits = {.line_bytes_max = 1024,
               .head_bytes_max = 4096,
               .field_count_max = 50,
               .trailer_bytes_max = 1024,
               .trailer_count_max = 8,
               .chunk_line_bytes_max = 256,
               .chunk_overhead_bytes_max = 4096,
               .body_bytes_max = 100000},
    .header_timeout_ms = HEADER_S * 1000,
    .body_timeout_ms = BODY_S * 1000,
    .idle_timeout_ms = IDLE_S * 1000,
    .write_timeout_ms = WRITE_S * 1000,
    .unsent_bytes_max = UNSENT_MAX,
    .output_low_bytes = LOW,
    .connections_max = 8,
};

static inline void start(struct bench *bench, const struct http_server_options *options)
{
    struct sock_address address = {0};

    sim_start(1);
    *bench = (struct bench){.answers = AT_BODY_END};
    buf_init(&bench->body, 1024 * 1024);
    loop_init(&bench->loop, &sim_loop_ops, &sim_clock, &sim_sock);
    bench->fd = sim_sock.listen(&address, 10);
    http_server_start(&bench->server, &bench->loop, &ops, bench, options, NULL, bench->fd);
}

static inline void stop(struct bench *bench)
{
    http_server_stop(&bench->server);
    sim_settle(&bench->loop);
    assert_int_equal(bench->server.connection_count, 0);
    for (int i = 0; i < bench->call_count; i++) {
        assert_null(bench->calls[i]); /* each was ended or told to be gone */
    }
    loop_free(&bench->loop);
    buf_free(&bench->body);
    assert_int_equal(sim_stop(), 0);
}

static inline int set_up(void **state)
{
    static struct bench bench;

    start(&bench, &defaults);
    *state = &bench;
    return 0;
}

static inline int tear_down(void **state)
{
    stop(*state);
    return 0;
}

static inline struct sim_peer *dial(struct bench *bench)
{
    struct sim_peer *client = sim_dial(bench->fd);

    sim_settle(&bench->loop);
    return client;
}

static inline void say(struct bench *bench, struct sim_peer *client, const char *text)
{
    sim_send(client, str_c(text));
    sim_settle(&bench->loop);
}

static inline size_t count_of(const struct sim_peer *client, const char *text)
{
    str rest = buf_str(&client->received);
    size_t count = 0;

    for (size_t at = str_find(rest, str_c(text)); at < rest.len; at = str_find(rest, str_c(text))) {
        rest = str_skip(rest, at + strlen(text));
        count++;
    }
    return count;
}

#define assert_has(client, text) assert_true(count_of(client, text) > 0)
#define assert_has_not(client, text) assert_int_equal(count_of(client, text), 0)

static inline void assert_ends_with(const struct sim_peer *client, const char *text)
{
    str got = buf_str(&client->received);
    str want = str_c(text);

    assert_true(got.len >= want.len);
    assert_str_equal(str_skip(got, got.len - want.len), want);
}

static const char get[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
static const char post[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

static inline void begin(struct bench *bench, int n)
{
    struct header room[] = {{STR("content-type"), STR("text/plain")}};

    http_call_begin(bench->calls[n], 200, &(struct headers){.at = room, .count = 1});
}

static inline enum err write_some(struct bench *bench, int n, size_t len)
{
    static char room[UNSENT_MAX * 2];

    memset(room, 'w', sizeof(room));
    return http_call_write(bench->calls[n], str_of(room, len));
}
