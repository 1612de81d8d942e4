/* fetch_bench: a pool in the simulated world, and owners of fetches that note what they are told.
 */
#pragma once

#include "net/fetch.h"

#include "sim.h"
#include "test.h"

#include <errno.h>

#define SECOND INT64_C(1000000)

enum {
    CONNECT_S = 3,
    FIRST_BYTE_S = 20,
    STREAM_IDLE_S = 10,
    TOTAL_S = 100,
    POOL_IDLE_S = 30,
    ADDRESSES_S = 60,
    IDLE_MAX = 2,
    REQUEST_MAX = 64 * 1024,
};

enum when { NEVER, IN_HEAD, IN_BYTES, IN_END };

/* One fetch and what its owner was told. */
struct owner {
    struct fetch *fetch;
    struct buf bytes;
    int heads;
    int status;
    int ends;
    enum fetch_end end;
    char type[32]; /* the content-type */
    char why[200];
    struct fetch_facts facts;
    enum when cancels;
    enum when pauses;
    bool over; /* cancelled or told of the end */
};

struct bench {
    struct loop loop;
    struct pool pool;
    struct pool_target target;
    struct fetch_request request;
    struct owner owners[16];
};

static inline void act(struct owner *owner, enum when now)
{
    if (owner->pauses == now) {
        fetch_pause(owner->fetch);
    }
    if (owner->cancels == now) {
        owner->over = true;
        fetch_cancel(owner->fetch);
    }
}

static inline void on_head(void *ctx, int status, const struct headers *headers)
{
    struct owner *owner = ctx;
    str type = str_take(headers_get(headers, STR("content-type")), sizeof(owner->type) - 1);

    assert_false(owner->over);
    owner->heads++;
    owner->status = status;
    if (type.len > 0) {
        memcpy(owner->type, type.at, type.len);
    }
    act(owner, IN_HEAD);
}

static inline void on_bytes(void *ctx, str bytes)
{
    struct owner *owner = ctx;

    assert_false(owner->over);
    assert_true(bytes.len > 0);
    assert_int_equal(owner->heads, 1);
    assert_int_equal(buf_add(&owner->bytes, bytes), ERR_OK);
    act(owner, IN_BYTES);
}

static inline void on_end(void *ctx, enum fetch_end end)
{
    struct owner *owner = ctx;

    assert_false(owner->over);
    owner->ends++;
    owner->end = end;
    owner->facts = fetch_facts(owner->fetch);
    (void)snprintf(owner->why, sizeof(owner->why), "%s", fetch_why(owner->fetch).at);
    act(owner, IN_END);
    owner->over = true;
}

static const struct fetch_owner_ops ops = {on_head, on_bytes, on_end};

static inline int set_up(void **state)
{
    static struct bench bench;
    static const struct pool_options options = {.idle_max = IDLE_MAX,
                                                .idle_ms = POOL_IDLE_S * 1000,
                                                .addresses_ms = ADDRESSES_S * 1000,
                                                .head_bytes_max = 4096,
                                                .request_bytes_max = REQUEST_MAX};
    static const struct headers none = {0};

    sim_start(1);
    bench = (struct bench){0};
    for (size_t i = 0; i < COUNT_OF(bench.owners); i++) {
        buf_init(&bench.owners[i].bytes, 1024 * 1024);
    }
    loop_init(&bench.loop, &sim_loop_ops, &sim_clock, &sim_sock);
    pool_init(&bench.pool, &bench.loop, &options);
    sim_add_place(&(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_ACCEPTS});
    bench.target =
        (struct pool_target){.host = STR("192.0.2.1"), .port = 80, .authority = STR("p.test")};
    bench.request = (struct fetch_request){.target = &bench.target,
                                           .method = STR("POST"),
                                           .path = STR("/v1/x"),
                                           .headers = &none,
                                           .body = STR("hello"),
                                           .timeouts = {.connect_ms = CONNECT_S * 1000,
                                                        .tls_ms = 1000,
                                                        .first_byte_ms = FIRST_BYTE_S * 1000,
                                                        .idle_ms = STREAM_IDLE_S * 1000,
                                                        .total_ms = TOTAL_S * 1000}};
    *state = &bench;
    return 0;
}

static inline int tear_down(void **state)
{
    struct bench *bench = *state;

    for (size_t i = 0; i < COUNT_OF(bench->owners); i++) {
        struct owner *owner = &bench->owners[i];
        if (owner->fetch != NULL && !owner->over) {
            owner->over = true;
            fetch_cancel(owner->fetch);
        }
        buf_free(&owner->bytes);
    }
    pool_free(&bench->pool);
    sim_settle(&bench->loop);
    loop_free(&bench->loop);
    assert_int_equal(bench->pool.connection_count, 0);
    assert_int_equal(sim_stop(), 0);
    return 0;
}

static inline struct owner *start(struct bench *bench, int n)
{
    struct owner *owner = &bench->owners[n];

    owner->fetch = fetch_start(&bench->pool, &bench->request, &ops, owner);
    assert_int_equal(owner->heads + owner->ends, 0); /* nothing is told inside the call */
    sim_settle(&bench->loop);
    return owner;
}

static inline void say(struct bench *bench, struct sim_peer *provider, const char *text)
{
    sim_send(provider, str_c(text));
    sim_settle(&bench->loop);
}

static inline void assert_ended(const struct owner *owner, enum fetch_end end)
{
    assert_int_equal(owner->ends, 1);
    assert_int_equal(owner->end, end);
}

static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 6\r\n\r\nanswer";
