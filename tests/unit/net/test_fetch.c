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

static void act(struct owner *owner, enum when now)
{
    if (owner->pauses == now) {
        fetch_pause(owner->fetch);
    }
    if (owner->cancels == now) {
        owner->over = true;
        fetch_cancel(owner->fetch);
    }
}

static void on_head(void *ctx, int status, const struct headers *headers)
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

static void on_bytes(void *ctx, str bytes)
{
    struct owner *owner = ctx;

    assert_false(owner->over);
    assert_true(bytes.len > 0);
    assert_int_equal(owner->heads, 1);
    assert_int_equal(buf_add(&owner->bytes, bytes), ERR_OK);
    act(owner, IN_BYTES);
}

static void on_end(void *ctx, enum fetch_end end)
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

static int set_up(void **state)
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

static int tear_down(void **state)
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

static struct owner *start(struct bench *bench, int n)
{
    struct owner *owner = &bench->owners[n];

    owner->fetch = fetch_start(&bench->pool, &bench->request, &ops, owner);
    assert_int_equal(owner->heads + owner->ends, 0); /* nothing is told inside the call */
    sim_settle(&bench->loop);
    return owner;
}

static void say(struct bench *bench, struct sim_peer *provider, const char *text)
{
    sim_send(provider, str_c(text));
    sim_settle(&bench->loop);
}

static void assert_ended(const struct owner *owner, enum fetch_end end)
{
    assert_int_equal(owner->ends, 1);
    assert_int_equal(owner->end, end);
}

static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 6\r\n\r\nanswer";

/* --- requests and answers --- */

static void a_request_is_written_and_its_answer_read(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);
    struct sim_peer *provider = sim_peer_at(0);

    assert_str_equal(buf_str(&provider->received),
                     STR("POST /v1/x HTTP/1.1\r\nHost: p.test\r\nContent-Length: 5\r\n\r\nhello"));
    assert_int_equal(owner->heads, 0);
    sim_run_for(&bench->loop, 2 * SECOND);
    say(bench, provider, whole);
    assert_int_equal(owner->status, 200);
    assert_string_equal(owner->type, "text/plain");
    assert_str_equal(buf_str(&owner->bytes), STR("answer"));
    assert_ended(owner, FETCH_DONE);
    assert_true(owner->facts.connected && owner->facts.sent_any && owner->facts.got_head);
    assert_false(owner->facts.reused);
    assert_true(owner->facts.first_byte_us == 2 * SECOND);
}

/* Cut at every place, and byte by byte. */
static void however_bytes_come_the_answer_is_the_same(void **state)
{
    static const struct {
        const char *answer;
        bool closes;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 11\r\n\r\nhello world", false},
        {"HTTP/1.1 200 OK\r\nContent-Type: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "6\r\nhello \r\n5;x=\"y\"\r\nworld\r\n0\r\nTrailer: 1\r\n\r\n",
         false},
        {"HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\nhello world", true},
        {"HTTP/1.0 200 OK\r\nContent-Type: a\r\n\r\nhello world", true},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
         "HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 11\r\n\r\nhello world",
         false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str answer = str_c(cases[i].answer);
        for (size_t cut = 0; cut <= answer.len + 1; cut++) {
            struct bench *bench = NULL;
            assert_int_equal(set_up(state), 0);
            bench = *state;
            struct owner *owner = start(bench, 0);
            struct sim_peer *provider = sim_peer_at(0);
            provider->read_bytes_max = cut > answer.len ? 1 : 0;
            sim_send(provider, str_take(answer, cut));
            sim_settle(&bench->loop);
            sim_send(provider, str_skip(answer, cut));
            sim_settle(&bench->loop);
            assert_int_equal(owner->ends, cases[i].closes ? 0 : 1);
            sim_finish(provider);
            sim_settle(&bench->loop);
            assert_ended(owner, FETCH_DONE);
            assert_int_equal(owner->status, 200);
            assert_str_equal(buf_str(&owner->bytes), STR("hello world"));
            assert_true(provider->closed);
            assert_int_equal(tear_down(state), 0);
        }
    }
}

static void answers_without_a_body_end_at_once(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *provider = NULL;

    bench->request.method = STR("HEAD");
    bench->request.body = STR_NONE;
    struct owner *head = start(bench, 0);
    provider = sim_peer_at(0);
    say(bench, provider, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    assert_ended(head, FETCH_DONE);
    bench->request.method = STR("GET");
    struct owner *none = start(bench, 1);
    say(bench, provider, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_ended(none, FETCH_DONE);
    assert_true(none->facts.reused);
    assert_int_equal(sim_peer_count(), 1);
}

static void a_large_request_is_sent_as_fast_as_it_is_taken(void **state)
{
    struct bench *bench = *state;
    static char large[REQUEST_MAX / 2];

    memset(large, 'x', sizeof(large));
    bench->request.body = str_of(large, sizeof(large));
    bench->target.host = STR("192.0.2.9");
    sim_add_place(&(struct sim_place){.address = "192.0.2.9", .port = 80, .answer = SIM_ACCEPTS});
    bench->owners[0].fetch = fetch_start(&bench->pool, &bench->request, &ops, &bench->owners[0]);
    memset(large, '!', sizeof(large)); /* it was copied */
    while (sim_peer_count() == 0) {
        (void)sim_turn(&bench->loop);
    }
    sim_peer_at(0)->write_bytes_max = 1000;
    sim_settle(&bench->loop);
    str sent = buf_str(&sim_peer_at(0)->received);
    assert_true(sent.len > sizeof(large));
    assert_int_equal(sent.at[sent.len - 1], 'x');
    assert_true(str_find_char(sent, '!') == sent.len);
}

static void a_request_too_large_for_the_pool_is_refused_on_any_connection(void **state)
{
    struct bench *bench = *state;
    static char large[REQUEST_MAX * 4];

    memset(large, 'x', sizeof(large));
    struct owner *first = start(bench, 0);
    sim_peer_at(0)->room_bytes = 1000;
    sim_peer_at(0)->holds_back = true;
    say(bench, sim_peer_at(0), whole);
    assert_ended(first, FETCH_DONE);
    bench->request.body = str_of(large, sizeof(large));
    struct owner *reused = start(bench, 1);
    assert_ended(reused, FETCH_MALFORMED);
    assert_false(reused->facts.sent_any);
    bench->request.fresh = true;
    assert_ended(start(bench, 2), FETCH_MALFORMED);
    assert_int_equal(sim_peer_count(), 1);
}

static void a_header_that_cannot_be_written_is_refused(void **state)
{
    struct bench *bench = *state;
    struct header room[] = {{STR("x-evil"), STR("a\r\nx-more: b")}};
    struct headers headers = {.at = room, .count = 1};

    bench->request.headers = &headers;
    assert_ended(start(bench, 0), FETCH_MALFORMED);
    assert_int_equal(sim_peer_count(), 0);
}

/* --- what goes wrong --- */

static void answers_that_break_http_are_malformed(void **state)
{
    static const char *const answers[] = {
        "NONSENSE\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        struct owner *owner = start(bench, 0);
        say(bench, sim_peer_at(0), answers[i]);
        assert_ended(owner, FETCH_MALFORMED);
        assert_true(strlen(owner->why) > 0);
        assert_true(sim_peer_at(0)->closed);
        assert_int_equal(tear_down(state), 0);
    }
}

static void a_head_without_end_is_bounded(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000 && owner->ends == 0; i++) {
        say(bench, sim_peer_at(0), "X-Header: some value\r\n");
    }
    assert_ended(owner, FETCH_MALFORMED);
}

static void an_answer_that_is_cut_anywhere_is_not_done(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        str answer = str_c(answers[i]);
        for (size_t cut = 0; cut < 2 * answer.len; cut++) {
            assert_int_equal(set_up(state), 0);
            struct bench *bench = *state;
            struct owner *owner = start(bench, 0);
            sim_send(sim_peer_at(0), str_take(answer, cut / 2));
            sim_settle(&bench->loop);
            assert_int_equal(owner->ends, 0);
            if (cut % 2 == 0) {
                sim_close(sim_peer_at(0));
            } else {
                sim_reset(sim_peer_at(0));
            }
            sim_settle(&bench->loop);
            assert_ended(owner, FETCH_CUT);
            assert_int_equal(owner->facts.got_head, owner->heads > 0);
            assert_true(strlen(owner->why) > 0);
            assert_int_equal(tear_down(state), 0);
        }
    }
}

static void a_close_delimited_answer_that_is_reset_is_cut(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\n\r\nhello");
    sim_reset(sim_peer_at(0));
    sim_settle(&bench->loop);
    assert_ended(owner, FETCH_CUT);
}

static void a_refused_connection_is_unreachable(void **state)
{
    struct bench *bench = *state;

    sim_add_place(&(struct sim_place){
        .address = "192.0.2.1", .port = 80, .answer = SIM_REFUSES, .delay_us = 1000});
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, 1000);
    assert_ended(owner, FETCH_UNREACHABLE);
    assert_false(owner->facts.connected || owner->facts.sent_any);
    assert_string_equal(owner->why, "the provider cannot be reached: Connection refused");
    sim_add_place(
        &(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_UNREACHABLE});
    owner = start(bench, 1);
    assert_ended(owner, FETCH_UNREACHABLE);
    assert_string_equal(owner->why, "the provider cannot be reached: Network is unreachable");
}

/* --- names --- */

static void use_name(struct bench *bench)
{
    bench->target.host = STR("p.test");
    sim_add_name("p.test", "192.0.2.3", 1000);
    sim_add_name("p.test", "192.0.2.2", 1000);
    sim_add_name("p.test", "192.0.2.1", 1000);
    sim_add_place(&(struct sim_place){.address = "192.0.2.2", .port = 80, .answer = SIM_REFUSES});
}

static void addresses_are_tried_one_after_the_other(void **state)
{
    struct bench *bench = *state;

    use_name(bench); /* .3 is unreachable, .2 refuses */
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, 1000);
    assert_int_equal(sim_peer_count(), 2);
    assert_true(sim_peer_at(0)->closed);
    say(bench, sim_peer_at(1), whole);
    assert_ended(owner, FETCH_DONE);
    assert_str_equal(buf_str(&owner->bytes), STR("answer"));
}

static void a_name_is_asked_for_again_only_after_a_while(void **state)
{
    struct bench *bench = *state;

    use_name(bench);
    bench->request.fresh = true;
    for (int i = 0; i < 3; i++) {
        struct owner *owner = start(bench, i);
        sim_run_for(&bench->loop, 1000);
        say(bench, sim_peer_at(sim_peer_count() - 1), whole);
        assert_ended(owner, FETCH_DONE);
    }
    assert_int_equal(sim_lookup_count(), 1);
    sim_run_for(&bench->loop, ADDRESSES_S * SECOND);
    (void)start(bench, 3);
    assert_int_equal(sim_lookup_count(), 2);
}

static void a_name_nobody_knows_is_unreachable_and_asked_again(void **state)
{
    struct bench *bench = *state;

    bench->target.host = STR("p.test");
    sim_add_name("p.test", NULL, 1000);
    for (int i = 0; i < 2; i++) {
        struct owner *owner = start(bench, i);
        assert_int_equal(owner->ends, 0);
        sim_run_for(&bench->loop, 1000);
        assert_ended(owner, FETCH_UNREACHABLE);
        assert_string_equal(owner->why, "its name cannot be resolved: no such name");
    }
    assert_int_equal(sim_lookup_count(), 2);
}

static void addresses_that_all_fail_are_asked_for_again(void **state)
{
    struct bench *bench = *state;

    bench->target.host = STR("p.test");
    sim_add_name("p.test", "192.0.2.3", 0);
    assert_ended(start(bench, 0), FETCH_UNREACHABLE);
    assert_ended(start(bench, 1), FETCH_UNREACHABLE);
    assert_int_equal(sim_lookup_count(), 2);
}

/* --- deadlines --- */

static void assert_times_out(struct bench *bench, struct owner *owner, int64_t after_s,
                             const char *why)
{
    sim_run_for(&bench->loop, after_s * SECOND - 1);
    assert_int_equal(owner->ends, 0);
    sim_run_for(&bench->loop, 1);
    assert_ended(owner, FETCH_TIMEOUT);
    assert_string_equal(owner->why, why);
    for (size_t i = 0; i < sim_peer_count(); i++) {
        assert_true(sim_peer_at(i)->closed);
    }
}

static void a_name_that_is_never_resolved_times_out(void **state)
{
    struct bench *bench = *state;

    bench->target.host = STR("p.test");
    sim_add_name("p.test", "192.0.2.1", -1);
    assert_times_out(bench, start(bench, 0), CONNECT_S, "the name was not resolved in time");
}

static void a_connection_that_is_never_made_times_out(void **state)
{
    struct bench *bench = *state;

    sim_add_place(&(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_IS_SILENT});
    struct owner *owner = start(bench, 0);
    assert_times_out(bench, owner, CONNECT_S, "the connection was not made in time");
    assert_false(owner->facts.sent_any);
}

static void an_answer_that_never_begins_times_out(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    assert_times_out(bench, owner, FIRST_BYTE_S, "no answer came in time");
    assert_true(owner->facts.sent_any);
}

static void an_answer_that_stops_times_out(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        sim_run_for(&bench->loop, STREAM_IDLE_S * SECOND - 1);
        say(bench, sim_peer_at(0), "x");
    }
    assert_times_out(bench, owner, STREAM_IDLE_S, "the answer stopped coming");
}

static void an_answer_that_goes_on_for_ever_times_out(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < TOTAL_S / 5 - 1; i++) {
        sim_run_for(&bench->loop, 5 * SECOND);
        say(bench, sim_peer_at(0), "x");
    }
    assert_times_out(bench, owner, 5, "the answer took longer than allowed in total");
}

static void a_paused_answer_has_only_its_total_deadline(void **state)
{
    struct bench *bench = *state;

    bench->owners[0].pauses = IN_HEAD;
    struct owner *owner = start(bench, 0);
    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    sim_run_for(&bench->loop, 3 * STREAM_IDLE_S * SECOND);
    assert_int_equal(owner->ends, 0);
    fetch_resume(owner->fetch);
    sim_run_for(&bench->loop, STREAM_IDLE_S * SECOND - 1);
    assert_int_equal(owner->ends, 0);
    fetch_pause(owner->fetch);
    sim_run_for(&bench->loop, 1);
    assert_times_out(bench, owner, TOTAL_S - 4 * STREAM_IDLE_S,
                     "the answer took longer than allowed in total");
}

/* --- pause and resume --- */

static void a_paused_answer_waits_in_the_network(void **state)
{
    struct bench *bench = *state;

    bench->owners[0].pauses = IN_BYTES;
    struct owner *owner = start(bench, 0);
    struct sim_peer *provider = sim_peer_at(0);
    say(bench, provider, "HTTP/1.1 200 OK\r\n\r\none");
    assert_str_equal(buf_str(&owner->bytes), STR("one"));
    say(bench, provider, " two");
    sim_finish(provider);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&owner->bytes), STR("one"));
    assert_int_equal(owner->ends, 0); /* its end is behind its bytes */
    owner->pauses = NEVER;
    fetch_resume(owner->fetch);
    assert_str_equal(buf_str(&owner->bytes), STR("one"));
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&owner->bytes), STR("one two"));
    assert_ended(owner, FETCH_DONE);
}

static void a_connection_is_read_again_after_a_paused_answer(void **state)
{
    struct bench *bench = *state;

    bench->owners[0].pauses = IN_BYTES;
    struct owner *owner = start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
    owner = start(bench, 1);
    assert_true(sim_peer_count() == 1);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
}

/* --- cancelling --- */

static void a_fetch_may_be_cancelled_in_any_phase(void **state)
{
    static const char *const said[] = {NULL, "", "HTTP/1.1 200",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"};

    for (size_t i = 0; i < COUNT_OF(said) + 3; i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        struct owner *owner = &bench->owners[0];
        if (i < COUNT_OF(said)) {
            owner->fetch = fetch_start(&bench->pool, &bench->request, &ops, owner);
            if (said[i] != NULL) {
                sim_settle(&bench->loop);
                say(bench, sim_peer_at(0), said[i]);
            }
        } else if (i == COUNT_OF(said)) {
            sim_add_place(
                &(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_IS_SILENT});
            owner = start(bench, 0);
        } else {
            bench->target.host = STR("p.test");
            sim_add_name("p.test", "192.0.2.1", i % 2 == 0 ? -1 : 1000);
            owner = start(bench, 0);
        }
        owner->over = true;
        fetch_cancel(owner->fetch);
        assert_true(sim_peer_count() == 0 || sim_peer_at(0)->closed); /* at once */
        sim_run_for(&bench->loop, 2 * TOTAL_S * SECOND);
        assert_int_equal(owner->ends, 0);
        assert_int_equal(bench->pool.connection_count, 0);
        assert_int_equal(tear_down(state), 0);
    }
}

static void a_fetch_may_be_cancelled_inside_every_call(void **state)
{
    static const enum when cases[] = {IN_HEAD, IN_BYTES, IN_END};

    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        bench->owners[0].cancels = cases[i / 2];
        struct owner *owner = start(bench, 0);
        if (i % 2 == 0) {
            say(bench, sim_peer_at(0), whole);
        } else {
            say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            sim_reset(sim_peer_at(0));
        }
        sim_run_for(&bench->loop, 2 * TOTAL_S * SECOND);
        assert_true(owner->over);
        assert_int_equal(owner->ends, cases[i / 2] == IN_END ? 1 : 0);
        assert_true(sim_peer_at(0)->closed);
        assert_int_equal(tear_down(state), 0);
    }
}

static void an_answer_to_nobody_is_closed(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
    say(bench, sim_peer_at(0), whole); /* nobody asked */
    assert_true(sim_peer_at(0)->closed);
}

static void bytes_behind_an_answer_close_its_connection(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    sim_send(sim_peer_at(0), str_c(whole));
    sim_send(sim_peer_at(0), str_c(whole));
    sim_settle(&bench->loop);
    assert_ended(owner, FETCH_DONE);
    assert_str_equal(buf_str(&owner->bytes), STR("answer"));
    assert_true(sim_peer_at(0)->closed);
}

/* --- the pool --- */

static void a_connection_serves_again(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 5; i++) {
        struct owner *owner = start(bench, i);
        say(bench, sim_peer_at(0), whole);
        assert_ended(owner, FETCH_DONE);
        assert_int_equal(owner->facts.reused, i > 0);
    }
    assert_int_equal(sim_peer_count(), 1);
}

static void a_fresh_fetch_takes_no_used_connection(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    bench->request.fresh = true;
    struct owner *owner = start(bench, 1);
    assert_int_equal(sim_peer_count(), 2);
    say(bench, sim_peer_at(1), whole);
    assert_false(owner->facts.reused);
}

static void another_target_takes_another_connection(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    bench->target.authority = STR("other.test");
    (void)start(bench, 1);
    assert_int_equal(sim_peer_count(), 2);
}

static void connections_that_may_not_stay_are_closed(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nanswer",
        "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nanswer",
    };

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        struct owner *owner = start(bench, 0);
        say(bench, sim_peer_at(0), answers[i]);
        assert_ended(owner, FETCH_DONE);
        assert_true(sim_peer_at(0)->closed);
        assert_int_equal(tear_down(state), 0);
    }
}

static void an_answer_before_the_request_was_sent_closes_the_connection(void **state)
{
    struct bench *bench = *state;
    static char large[REQUEST_MAX / 2];

    bench->request.body = str_of(large, sizeof(large));
    bench->owners[0].fetch = fetch_start(&bench->pool, &bench->request, &ops, &bench->owners[0]);
    while (sim_peer_count() == 0) {
        (void)sim_turn(&bench->loop);
    }
    sim_peer_at(0)->room_bytes = 100;
    sim_peer_at(0)->holds_back = true;
    sim_settle(&bench->loop);
    say(bench, sim_peer_at(0), "HTTP/1.1 413 Too Large\r\nContent-Length: 6\r\n\r\nanswer");
    assert_ended(&bench->owners[0], FETCH_DONE);
    assert_int_equal(bench->owners[0].status, 413);
    assert_true(sim_peer_at(0)->closed);
}

static void an_idle_connection_that_the_provider_closes_is_forgotten(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    assert_int_equal(bench->pool.connection_count, 1);
    sim_close(sim_peer_at(0));
    sim_settle(&bench->loop);
    assert_int_equal(bench->pool.connection_count, 0);
    struct owner *owner = start(bench, 1);
    say(bench, sim_peer_at(1), whole);
    assert_ended(owner, FETCH_DONE);
    assert_false(owner->facts.reused);
}

static void a_stale_connection_tells_that_it_was_used_before(void **state)
{
    struct bench *bench = *state;

    for (int how = 0; how < 2; how++) {
        size_t n = sim_peer_count();
        (void)start(bench, how * 2);
        say(bench, sim_peer_at(n), whole);
        if (how == 0) {
            sim_close(sim_peer_at(n)); /* the loop has not heard of it yet */
        } else {
            sim_reset(sim_peer_at(n));
        }
        struct owner *owner = start(bench, how * 2 + 1);
        assert_ended(owner, FETCH_CUT);
        assert_true(owner->facts.reused);
        assert_false(owner->facts.got_head);
    }
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    sim_run_for(&bench->loop, POOL_IDLE_S * SECOND - 1);
    assert_false(sim_peer_at(0)->closed);
    sim_run_for(&bench->loop, 1);
    assert_true(sim_peer_at(0)->closed);
}

static void only_so_many_idle_connections_are_kept_the_oldest_goes(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < IDLE_MAX + 1; i++) {
        (void)start(bench, i);
    }
    for (size_t i = 0; i < IDLE_MAX + 1; i++) {
        say(bench, sim_peer_at(i), whole);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_true(sim_peer_at(0)->closed);
    assert_false(sim_peer_at(1)->closed);
    assert_false(sim_peer_at(2)->closed);
    sim_run_for(&bench->loop, (POOL_IDLE_S - 2) * SECOND);
    assert_true(sim_peer_at(1)->closed); /* each has its own time */
    assert_false(sim_peer_at(2)->closed);
    struct owner *owner = start(bench, 5); /* the youngest serves first */
    say(bench, sim_peer_at(2), whole);
    assert_ended(owner, FETCH_DONE);
}

static void without_idle_connections_each_fetch_has_its_own(void **state)
{
    struct bench *bench = *state;

    bench->pool.options.idle_max = 0;
    for (int i = 0; i < 3; i++) {
        struct owner *owner = start(bench, i);
        say(bench, sim_peer_at((size_t)i), whole);
        assert_ended(owner, FETCH_DONE);
        assert_true(sim_peer_at((size_t)i)->closed);
    }
}

static void many_fetches_run_beside_each_other(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 10; i++) {
        (void)start(bench, i);
    }
    assert_int_equal(bench->pool.connection_count, 10);
    for (int i = 9; i >= 0; i--) {
        say(bench, sim_peer_at((size_t)i), whole);
        assert_ended(&bench->owners[i], FETCH_DONE);
    }
    assert_int_equal(bench->pool.connection_count, IDLE_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_written_and_its_answer_read),
        cmocka_unit_test(however_bytes_come_the_answer_is_the_same),
        TEST(answers_without_a_body_end_at_once),
        TEST(a_large_request_is_sent_as_fast_as_it_is_taken),
        TEST(a_request_too_large_for_the_pool_is_refused_on_any_connection),
        TEST(a_header_that_cannot_be_written_is_refused),
        cmocka_unit_test(answers_that_break_http_are_malformed),
        TEST(a_head_without_end_is_bounded),
        cmocka_unit_test(an_answer_that_is_cut_anywhere_is_not_done),
        TEST(a_close_delimited_answer_that_is_reset_is_cut),
        TEST(a_refused_connection_is_unreachable),
        TEST(addresses_are_tried_one_after_the_other),
        TEST(a_name_is_asked_for_again_only_after_a_while),
        TEST(a_name_nobody_knows_is_unreachable_and_asked_again),
        TEST(addresses_that_all_fail_are_asked_for_again),
        TEST(a_name_that_is_never_resolved_times_out),
        TEST(a_connection_that_is_never_made_times_out),
        TEST(an_answer_that_never_begins_times_out),
        TEST(an_answer_that_stops_times_out),
        TEST(an_answer_that_goes_on_for_ever_times_out),
        TEST(a_paused_answer_has_only_its_total_deadline),
        TEST(a_paused_answer_waits_in_the_network),
        TEST(a_connection_is_read_again_after_a_paused_answer),
        cmocka_unit_test(a_fetch_may_be_cancelled_in_any_phase),
        cmocka_unit_test(a_fetch_may_be_cancelled_inside_every_call),
        TEST(an_answer_to_nobody_is_closed),
        TEST(bytes_behind_an_answer_close_its_connection),
        TEST(a_connection_serves_again),
        TEST(a_fresh_fetch_takes_no_used_connection),
        TEST(another_target_takes_another_connection),
        cmocka_unit_test(connections_that_may_not_stay_are_closed),
        TEST(an_answer_before_the_request_was_sent_closes_the_connection),
        TEST(an_idle_connection_that_the_provider_closes_is_forgotten),
        TEST(a_stale_connection_tells_that_it_was_used_before),
        TEST(an_idle_connection_is_closed_in_time),
        TEST(only_so_many_idle_connections_are_kept_the_oldest_goes),
        TEST(without_idle_connections_each_fetch_has_its_own),
        TEST(many_fetches_run_beside_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
