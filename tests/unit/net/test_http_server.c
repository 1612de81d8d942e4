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

static int place_of(struct bench *bench, const struct http_call *call)
{
    for (int i = 0; i < bench->call_count; i++) {
        if (bench->calls[i] == call) {
            return i;
        }
    }
    fail_msg("a call that is not there");
    return 0;
}

static void answer(struct bench *bench, int n)
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

static void on_request(void *service, struct http_call *call)
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

static void on_refused(void *service, struct http_call *call, int status, str why)
{
    struct bench *bench = service;

    bench->refusals++;
    bench->last_status = status;
    if (call->user != NULL) {
        bench->calls[place_of(bench, call)] = NULL;
    }
    http_call_answer(call, status, &(struct headers){0}, why);
}

static void on_body(struct http_call *call, str bytes)
{
    struct bench *bench = call->user;

    assert_true(bytes.len > 0);
    assert_int_equal(buf_add(&bench->body, bytes), ERR_OK);
    if (bench->answers == AT_BODY) {
        answer(bench, place_of(bench, call));
    }
}

static void on_body_end(struct http_call *call)
{
    struct bench *bench = call->user;

    bench->body_ends++;
    if (bench->answers == AT_BODY_END) {
        answer(bench, place_of(bench, call));
    }
}

static void on_drained(struct http_call *call)
{
    struct bench *bench = call->user;

    (void)place_of(bench, call);
    bench->drains++;
}

static void on_gone(struct http_call *call)
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

static void start(struct bench *bench, const struct http_server_options *options)
{
    struct sock_address address = {0};

    sim_start(1);
    *bench = (struct bench){.answers = AT_BODY_END};
    buf_init(&bench->body, 1024 * 1024);
    loop_init(&bench->loop, &sim_loop_ops, &sim_clock, &sim_sock);
    bench->fd = sim_sock.listen(&address, 10);
    http_server_start(&bench->server, &bench->loop, &ops, bench, options, NULL, bench->fd);
}

static void stop(struct bench *bench)
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

static int set_up(void **state)
{
    static struct bench bench;

    start(&bench, &defaults);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    stop(*state);
    return 0;
}

static struct sim_peer *dial(struct bench *bench)
{
    struct sim_peer *client = sim_dial(bench->fd);

    sim_settle(&bench->loop);
    return client;
}

static void say(struct bench *bench, struct sim_peer *client, const char *text)
{
    sim_send(client, str_c(text));
    sim_settle(&bench->loop);
}

static size_t count_of(const struct sim_peer *client, const char *text)
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

static void assert_ends_with(const struct sim_peer *client, const char *text)
{
    str got = buf_str(&client->received);
    str want = str_c(text);

    assert_true(got.len >= want.len);
    assert_str_equal(str_skip(got, got.len - want.len), want);
}

static const char get[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
static const char post[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

/* --- requests and answers --- */

static void a_request_is_answered_and_the_connection_stays(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, get);
    assert_str_equal(str_take(buf_str(&client->received), 17), STR("HTTP/1.1 200 OK\r\n"));
    assert_has(client, "x-number: 7\r\n");
    assert_has(client, "date: Tue, 14 Nov 2023 22:13:21 GMT\r\n");
    assert_has_not(client, "onnection: close");
    assert_ends_with(client, "\r\n\r\nanswer 0");
    assert_false(client->ended);
    say(bench, client, post);
    assert_ends_with(client, "\r\n\r\nanswer 1");
    assert_str_equal(buf_str(&bench->body), STR("hello"));
    assert_int_equal(bench->server.connection_count, 1);
}

static void a_call_tells_what_was_asked(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client,
        "POST /path?query=1 HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\n"
        "Content-Length: 5\r\n\r\nhe");
    const struct http_call *call = bench->calls[0];
    assert_str_equal(call->method, STR("POST"));
    assert_str_equal(call->target, STR("/path?query=1"));
    assert_str_equal(call->host, STR("example.test"));
    assert_str_equal(headers_get(call->headers, STR("x-one")), STR("1"));
    assert_true(call->has_body);
    assert_true(call->content_length == 5);
    assert_true(call->began_us == sim_now_us());
    assert_str_equal(str_c(call->peer), STR("192.0.2.7"));
    assert_int_equal(bench->body_ends, 0);
    say(bench, client, "llo");
    assert_int_equal(bench->body_ends, 1);
    assert_str_equal(buf_str(&bench->body), STR("hello"));
    answer(bench, 0);
}

/* Whole, byte by byte and cut at every place: three requests give three answers in order. */
static void however_bytes_come_answers_are_the_same(void **state)
{
    static const char requests[] =
        "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n"
        "0\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nPOST /3 HTTP/1.1\r\nHost: h\r\n"
        "Content-Length: 3\r\n\r\nfgh";

    (void)state;
    for (size_t cut = 0; cut <= sizeof(requests); cut++) {
        struct bench bench;
        start(&bench, &defaults);
        bench.answers = cut % 2 == 0 ? AT_BODY_END : BY_HAND;
        struct sim_peer *client = dial(&bench);
        if (cut == sizeof(requests)) {
            client->read_bytes_max = 1;
        }
        str all = str_c(requests);
        sim_send(client, str_take(all, cut));
        sim_settle(&bench.loop);
        sim_send(client, str_skip(all, cut));
        sim_settle(&bench.loop);
        for (int i = 0; i < 3 && bench.answers == BY_HAND; i++) {
            assert_int_equal(bench.call_count, i + 1);
            answer(&bench, i);
            sim_settle(&bench.loop);
        }
        assert_int_equal(bench.call_count, 3);
        assert_str_equal(buf_str(&bench.body), STR("abcdefgh"));
        str got = buf_str(&client->received);
        size_t first = str_find(got, STR("answer 0HTTP/1.1 200"));
        size_t second = str_find(got, STR("answer 1HTTP/1.1 200"));
        assert_true(first < second && second < got.len);
        assert_ends_with(client, "answer 2");
        stop(&bench);
    }
}

static void a_head_request_gets_the_head_of_the_answer(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_has(client, "Content-Length: 8\r\n");
    assert_ends_with(client, "\r\n\r\n");
    say(bench, client, get);
    assert_ends_with(client, "answer 1");
}

static void who_expects_to_continue_is_told_to(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client,
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_str_equal(buf_str(&client->received), STR("HTTP/1.1 100 Continue\r\n\r\n"));
    say(bench, client, "hello");
    assert_ends_with(client, "answer 0");
}

static void who_is_refused_at_once_is_not_told_to_continue(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = AT_REQUEST;
    say(bench, client,
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_has_not(client, "100 Continue");
    assert_has(client, "onnection: close\r\n");
    assert_ends_with(client, "answer 0");
    assert_true(client->ended);
}

static void an_answer_before_the_body_was_read_is_not_lost(void **state)
{
    static const enum answers cases[] = {AT_REQUEST, AT_BODY};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        start(&bench, &defaults);
        struct sim_peer *client = dial(&bench);
        bench.answers = cases[i];
        say(&bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\nhello");
        assert_has(client, "onnection: close\r\n");
        assert_ends_with(client, "answer 0");
        assert_true(client->ended);
        assert_false(client->closed); /* it would come back as a reset over the answer */
        for (int j = 0; j < 10; j++) {
            say(&bench, client, "GET /more HTTP/1.1\r\nHost: h\r\n\r\n");
        }
        assert_int_equal(bench.call_count, 1); /* what follows is no request */
        assert_false(client->was_reset);
        sim_finish(client);
        sim_settle(&bench.loop);
        assert_true(client->closed);
        stop(&bench);
    }
}

static void a_client_that_lingers_for_too_long_is_closed(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_ends_with(client, "answer 0");
    assert_true(client->ended);
    sim_run_for(&bench->loop, 2 * SECOND - 1);
    assert_false(client->closed);
    sim_run_for(&bench->loop, 1);
    assert_true(client->closed);
}

static void a_client_that_sends_for_ever_after_the_answer_is_closed(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char junk[256 * 1024];

    memset(junk, 'x', sizeof(junk));
    say(bench, client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 5 && !client->closed; i++) {
        sim_send(client, str_of(junk, sizeof(junk)));
        sim_settle(&bench->loop);
    }
    assert_true(client->closed);
}

static void http_1_0_closes_after_its_answer(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "GET /a HTTP/1.0\r\n\r\n");
    assert_has(client, "HTTP/1.1 200 OK\r\n");
    assert_has(client, "onnection: close\r\n");
    assert_ends_with(client, "answer 0");
    assert_true(client->ended);
}

static void an_empty_line_before_a_request_is_let_through(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "\r\n");
    say(bench, client, get);
    assert_ends_with(client, "answer 0");
}

/* --- pipelining --- */

static void pipelined_requests_wait_for_their_turn(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    for (int i = 0; i < 5; i++) {
        say(bench, client, i % 2 == 0 ? get : post);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(bench->call_count, i + 1);
        sim_run_for(&bench->loop, 200 * SECOND); /* waiting has no deadline of the client's */
        assert_int_equal(bench->gone, 0);
        answer(bench, i);
        sim_settle(&bench->loop);
    }
    assert_ends_with(client, "answer 4");
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), 5);
}

static void what_is_sent_ahead_is_bounded(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char one[] = "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: h\r\n\r\n";

    bench->answers = BY_HAND;
    for (int i = 0; i < 20000; i++) {
        sim_send(client, str_c(one));
    }
    sim_settle(&bench->loop);
    assert_true(client->to_program.len > 1000000); /* it was not read */
    assert_int_equal(bench->gone, 0);
    bench->answers = AT_BODY_END;
    bench->call_count = 1;
    struct http_call *first = bench->calls[0];
    sim_close(client); /* gone while nobody reads */
    sim_settle(&bench->loop);
    assert_int_equal(bench->gone, 1);
    assert_ptr_not_equal(first, NULL);
}

static void many_pipelined_requests_are_all_answered(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = AT_BODY_END;
    for (int i = 0; i < CALLS_MAX; i++) {
        sim_send(client, str_c(post));
    }
    client->read_bytes_max = 1000;
    sim_settle(&bench->loop);
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), CALLS_MAX);
    assert_int_equal(bench->body_ends, CALLS_MAX);
}

/* --- refusals --- */

static void what_breaks_http_is_refused_and_closed(void **state)
{
    static const struct {
        const char *bytes;
        int status;
    } cases[] = {
        {"NONSENSE\r\n\r\n", 400},
        {"GET /a HTTP/1.1\r\n\r\n", 400},
        {"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n", 413},
        {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n186A1\r\n", 413},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench;
        char want[32];
        start(&bench, &defaults);
        struct sim_peer *client = dial(&bench);
        say(&bench, client, cases[i].bytes);
        say(&bench, client, get); /* is no request any more */
        assert_int_equal(bench.refusals, 1);
        assert_int_equal(bench.last_status, cases[i].status);
        (void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", cases[i].status);
        assert_int_equal(count_of(client, "HTTP/1.1 "), 1);
        assert_has(client, want);
        assert_has(client, "onnection: close\r\n");
        assert_true(client->ended);
        stop(&bench);
    }
}

static void a_refusal_follows_the_answers_before_it(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    say(bench, client, "NONSENSE\r\n\r\n");
    assert_int_equal(bench->refusals, 0);
    answer(bench, 0);
    sim_settle(&bench->loop);
    assert_int_equal(bench->refusals, 1);
    str got = buf_str(&client->received);
    assert_true(str_find(got, STR("answer 0HTTP/1.1 400")) < got.len);
}

/* --- deadlines --- */

static void a_slow_head_is_refused_in_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    sim_run_for(&bench->loop, 5 * SECOND);
    say(bench, client, "GET /a HT");
    for (int i = 0; i < HEADER_S - 1; i++) {
        sim_run_for(&bench->loop, SECOND);
        say(bench, client, "T"); /* bytes that come do not move the deadline */
    }
    sim_run_for(&bench->loop, SECOND - 1);
    assert_int_equal(bench->refusals, 0);
    sim_run_for(&bench->loop, 1);
    assert_int_equal(bench->last_status, 408);
    assert_has(client, "HTTP/1.1 408 ");
    assert_true(client->ended);
}

static void who_never_says_anything_is_closed_without_a_word(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    sim_run_for(&bench->loop, HEADER_S * SECOND - 1);
    assert_false(client->closed);
    sim_run_for(&bench->loop, 1);
    assert_true(client->closed);
    assert_int_equal(client->received.len, 0);
    assert_int_equal(bench->refusals, 0);
}

static void a_body_that_stops_coming_is_refused_in_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    sim_run_for(&bench->loop, (BODY_S + 1) * SECOND);
    assert_int_equal(bench->refusals, 1);
    assert_int_equal(bench->last_status, 408);
    assert_int_equal(bench->gone, 0);
    assert_has(client, "HTTP/1.1 408 ");
}

static void a_large_body_may_take_its_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char kilobyte[1000];

    memset(kilobyte, 'x', sizeof(kilobyte));
    say(bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        sim_run_for(&bench->loop, 4 * SECOND);
        sim_send(client, str_of(kilobyte, sizeof(kilobyte)));
        sim_settle(&bench->loop);
    }
    assert_int_equal(bench->refusals, 0);
    assert_ends_with(client, "answer 0");
}

static void a_body_by_drops_is_refused(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 2 * BODY_S && bench->refusals == 0; i++) {
        sim_run_for(&bench->loop, SECOND);
        say(bench, client, "x");
    }
    assert_int_equal(bench->last_status, 408);
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, get);
    sim_run_for(&bench->loop, IDLE_S * SECOND - 1);
    assert_false(client->closed);
    say(bench, client, get);
    assert_ends_with(client, "answer 1");
    sim_run_for(&bench->loop, IDLE_S * SECOND);
    assert_true(client->closed);
    assert_int_equal(bench->gone, 0);
}

static void begin(struct bench *bench, int n)
{
    struct header room[] = {{STR("content-type"), STR("text/plain")}};

    http_call_begin(bench->calls[n], 200, &(struct headers){.at = room, .count = 1});
}

static enum err write_some(struct bench *bench, int n, size_t len)
{
    static char room[UNSENT_MAX * 2];

    memset(room, 'w', sizeof(room));
    return http_call_write(bench->calls[n], str_of(room, len));
}

static void a_client_that_takes_nothing_is_given_up(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    begin(bench, 0);
    assert_int_equal(write_some(bench, 0, 5000), ERR_OK);
    sim_run_for(&bench->loop, WRITE_S * SECOND - 1);
    assert_int_equal(bench->gone, 0);
    sim_run_for(&bench->loop, 1);
    assert_int_equal(bench->gone, 1);
}

static void a_client_that_takes_nothing_is_given_up_while_more_is_written(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    begin(bench, 0);
    for (int i = 0; i < 2 * WRITE_S && bench->gone == 0; i++) {
        assert_int_equal(write_some(bench, 0, 200), ERR_OK);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_int_equal(bench->gone, 1);
}

static void a_client_that_takes_little_by_little_is_kept(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    begin(bench, 0);
    assert_int_equal(write_some(bench, 0, 1000), ERR_OK);
    for (int i = 0; i < 20; i++) {
        sim_run_for(&bench->loop, (WRITE_S - 10) * SECOND);
        assert_int_equal(bench->gone, 0);
        sim_take(client, 100);
        sim_settle(&bench->loop);
    }
    http_call_end(bench->calls[0], STR("end"));
    bench->calls[0] = NULL;
    client->holds_back = false;
    sim_settle(&bench->loop);
    assert_ends_with(client, "3\r\nend\r\n0\r\n\r\n");
}

static void the_last_bytes_have_their_time_too(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char large[50000];

    memset(large, 'x', sizeof(large));
    bench->answers = BY_HAND;
    say(bench, client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    client->holds_back = true;
    client->room_bytes = 1000;
    http_call_answer(bench->calls[0], 200, &(struct headers){0}, str_of(large, sizeof(large)));
    bench->calls[0] = NULL;
    for (int i = 0; i < 60; i++) {
        sim_take(client, 1000);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_true(client->received.len > sizeof(large));
    assert_ends_with(client, "xxxxxxxxxxxx");
    assert_true(client->ended);
    assert_true(client->closed); /* lingering begins when all is sent */
}

static void a_large_answer_on_a_connection_that_stays_has_its_time_too(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char large[50000];

    memset(large, 'x', sizeof(large));
    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    http_call_answer(bench->calls[0], 200, &(struct headers){0}, str_of(large, sizeof(large)));
    bench->calls[0] = NULL;
    for (int i = 0; i < 520; i++) {
        sim_take(client, 100);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_true(client->received.len > sizeof(large));
    sim_run_for(&bench->loop, (IDLE_S + WRITE_S) * SECOND);
    assert_true(client->closed);
}

static void an_answer_that_is_not_taken_on_a_connection_that_stays_is_given_up(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    client->holds_back = true;
    client->room_bytes = 10;
    say(bench, client, get);
    sim_run_for(&bench->loop, (IDLE_S + WRITE_S) * SECOND);
    assert_true(client->closed);
}

static void a_client_that_left_an_answer_untaken_is_given_up_during_the_next(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    client->holds_back = true;
    client->room_bytes = 10;
    say(bench, client, get);
    bench->answers = BY_HAND;
    say(bench, client, get);
    begin(bench, 1);
    assert_int_equal(write_some(bench, 1, 100), ERR_OK);
    sim_run_for(&bench->loop, 3 * WRITE_S * SECOND);
    assert_int_equal(bench->gone, 1);
}

/* --- streamed answers --- */

static void a_streamed_answer_is_chunked(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    begin(bench, 0);
    sim_settle(&bench->loop);
    assert_int_equal(client->received.len, 0); /* the head goes with the first piece */
    assert_int_equal(http_call_write(bench->calls[0], STR("hello ")), ERR_OK);
    assert_has(client, "Transfer-Encoding: chunked\r\n");
    assert_ends_with(client, "\r\n\r\n6\r\nhello \r\n");
    assert_int_equal(http_call_write(bench->calls[0], STR_NONE), ERR_OK);
    assert_int_equal(write_some(bench, 0, 300), ERR_OK);
    assert_has(client, "\r\n12c\r\nwww");
    http_call_end(bench->calls[0], STR_NONE);
    bench->calls[0] = NULL;
    assert_ends_with(client, "www\r\n0\r\n\r\n");
    assert_false(client->ended);
    bench->answers = AT_BODY_END;
    say(bench, client, get);
    assert_ends_with(client, "answer 1");
}

static void a_streamed_answer_may_be_only_its_end(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    begin(bench, 0);
    http_call_end(bench->calls[0], STR("all"));
    bench->calls[0] = NULL;
    assert_ends_with(client, "\r\n\r\n3\r\nall\r\n0\r\n\r\n");
}

static void a_streamed_answer_to_http_1_0_ends_with_the_connection(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    begin(bench, 0);
    assert_int_equal(http_call_write(bench->calls[0], STR("hello ")), ERR_OK);
    http_call_end(bench->calls[0], STR("world"));
    bench->calls[0] = NULL;
    assert_ends_with(client, "\r\n\r\nhello world");
    assert_has_not(client, "chunked");
    assert_has(client, "onnection: close");
    assert_true(client->ended);
}

static void unsent_bytes_are_counted_and_drained(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 500;
    begin(bench, 0);
    assert_int_equal(write_some(bench, 0, 5000), ERR_OK);
    assert_in_range(http_call_unsent_bytes(bench->calls[0]), 4501, 5200);
    sim_settle(&bench->loop);
    assert_int_equal(bench->drains, 0);
    client->holds_back = false;
    sim_settle(&bench->loop);
    assert_int_equal(bench->drains, 1);
    assert_int_equal(http_call_unsent_bytes(bench->calls[0]), 0);
    http_call_end(bench->calls[0], STR_NONE);
    bench->calls[0] = NULL;
}

static void more_unsent_than_allowed_loses_the_client(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->room_bytes = 0;
    begin(bench, 0);
    assert_int_equal(write_some(bench, 0, UNSENT_MAX + 1), ERR_CUT);
    assert_int_equal(bench->gone, 0); /* not inside the call */
    sim_settle(&bench->loop);
    assert_int_equal(bench->gone, 1);
    assert_true(client->closed);
}

static void an_abort_leaves_a_broken_answer(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    begin(bench, 0);
    assert_int_equal(http_call_write(bench->calls[0], STR("half")), ERR_OK);
    http_call_abort(bench->calls[0]);
    bench->calls[0] = NULL;
    sim_settle(&bench->loop);
    assert_true(client->closed);
    assert_ends_with(client, "4\r\nhalf\r\n");
    assert_int_equal(bench->gone, 0);
}

static void an_abort_inside_on_request_is_fine(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = ABORTS;
    say(bench, client, post);
    assert_true(client->closed);
    assert_int_equal(client->received.len, 0);
}

/* --- clients that leave --- */

enum leaving { BY_END, BY_RESET, BY_CLOSE };

static void leave(struct sim_peer *client, enum leaving how)
{
    if (how == BY_END) {
        sim_finish(client);
    } else if (how == BY_RESET) {
        sim_reset(client);
    } else {
        sim_close(client);
    }
}

/* In each state of a call the service is told once, and only then. */
static void a_client_that_leaves_is_told_of_exactly_when_it_has_a_call(void **state)
{
    static const struct {
        const char *sent;
        int gone;
    } cases[] = {
        {"", 0},
        {"GET /a HTT", 0},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", 1},
        {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe", 1},
        {"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 1},
        {"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) * 3; i++) {
        struct bench bench;
        start(&bench, &defaults);
        bench.answers = BY_HAND;
        struct sim_peer *client = dial(&bench);
        say(&bench, client, cases[i / 3].sent);
        leave(client, (enum leaving)(i % 3));
        sim_settle(&bench.loop);
        assert_int_equal(bench.gone, cases[i / 3].gone);
        assert_true(client->closed);
        assert_int_equal(bench.server.connection_count, 0);
        stop(&bench);
    }
}

static void a_client_that_leaves_during_a_streamed_answer_is_told_of(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct bench bench;
        start(&bench, &defaults);
        bench.answers = BY_HAND;
        struct sim_peer *client = dial(&bench);
        say(&bench, client, get);
        begin(&bench, 0);
        assert_int_equal(write_some(&bench, 0, 100), ERR_OK);
        leave(client, (enum leaving)how);
        if (how > BY_END) {
            (void)!write_some(&bench, 0, 100); /* before the loop has heard of it */
        }
        sim_settle(&bench.loop);
        assert_int_equal(bench.gone, 1);
        stop(&bench);
    }
}

/* --- many connections, draining, stopping --- */

static void more_connections_than_allowed_wait(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *clients[10];

    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = dial(bench);
        say(bench, clients[i], get);
    }
    assert_int_equal(bench->server.connection_count, 8);
    assert_ends_with(clients[7], "answer 7");
    assert_int_equal(clients[8]->received.len, 0);
    sim_close(clients[3]);
    sim_settle(&bench->loop);
    assert_ends_with(clients[8], "answer 8");
    assert_int_equal(clients[9]->received.len, 0);
    sim_close(clients[0]);
    sim_settle(&bench->loop);
    assert_ends_with(clients[9], "answer 9");
}

static void when_descriptors_run_out_accepting_goes_on_later(void **state)
{
    struct bench *bench = *state;

    sim_fail_accepts(1, EMFILE);
    struct sim_peer *client = dial(bench); /* nobody here has a connection to close */
    say(bench, client, get);
    sim_run_for(&bench->loop, SECOND);
    assert_ends_with(client, "answer 0");
}

static void a_failed_accept_of_one_client_leaves_the_next(void **state)
{
    struct bench *bench = *state;

    sim_fail_accepts(1, ECONNABORTED);
    struct sim_peer *client = dial(bench);
    say(bench, client, get);
    assert_ends_with(client, "answer 0");
}

static void draining_closes_idle_connections_and_finishes_calls(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *idle = dial(bench);
    struct sim_peer *busy = dial(bench);
    struct sim_peer *slow = dial(bench);

    say(bench, idle, get);
    bench->answers = BY_HAND;
    say(bench, busy, get);
    say(bench, slow, "GET /a HT");
    http_server_drain(&bench->server);
    sim_settle(&bench->loop);
    assert_true(idle->closed);
    assert_false(busy->closed);
    struct sim_peer *late = dial(bench);
    assert_true(late->closed);
    answer(bench, 1);
    assert_has(busy, "onnection: close\r\n");
    assert_ends_with(busy, "answer 1");
    assert_true(busy->ended);
    bench->answers = AT_BODY_END;
    say(bench, slow, "TP/1.1\r\nHost: h\r\n\r\n");
    assert_has(slow, "onnection: close\r\n");
    assert_ends_with(slow, "answer 2");
    sim_run_for(&bench->loop, 3 * SECOND);
    assert_int_equal(bench->server.connection_count, 0);
    assert_int_equal(bench->gone, 0);
}

static void stopping_tells_every_call(void **state)
{
    struct bench *bench = *state;

    bench->answers = BY_HAND;
    for (int i = 0; i < 4; i++) {
        say(bench, dial(bench),
            i % 2 == 0 ? get
                       : "POST / HTTP/1.1\r\nHost: h\r\n"
                         "Content-Length: 5\r\n\r\nhe");
    }
    http_server_stop(&bench->server);
    assert_int_equal(bench->gone, 4);
    sim_settle(&bench->loop);
    assert_int_equal(bench->server.connection_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_answered_and_the_connection_stays),
        TEST(a_call_tells_what_was_asked),
        cmocka_unit_test(however_bytes_come_answers_are_the_same),
        TEST(a_head_request_gets_the_head_of_the_answer),
        TEST(who_expects_to_continue_is_told_to),
        TEST(who_is_refused_at_once_is_not_told_to_continue),
        cmocka_unit_test(an_answer_before_the_body_was_read_is_not_lost),
        TEST(a_client_that_lingers_for_too_long_is_closed),
        TEST(a_client_that_sends_for_ever_after_the_answer_is_closed),
        TEST(http_1_0_closes_after_its_answer),
        TEST(an_empty_line_before_a_request_is_let_through),
        TEST(pipelined_requests_wait_for_their_turn),
        TEST(what_is_sent_ahead_is_bounded),
        TEST(many_pipelined_requests_are_all_answered),
        cmocka_unit_test(what_breaks_http_is_refused_and_closed),
        TEST(a_refusal_follows_the_answers_before_it),
        TEST(a_slow_head_is_refused_in_time),
        TEST(who_never_says_anything_is_closed_without_a_word),
        TEST(a_body_that_stops_coming_is_refused_in_time),
        TEST(a_large_body_may_take_its_time),
        TEST(a_body_by_drops_is_refused),
        TEST(an_idle_connection_is_closed_in_time),
        TEST(a_client_that_takes_nothing_is_given_up),
        TEST(a_client_that_takes_nothing_is_given_up_while_more_is_written),
        TEST(a_client_that_takes_little_by_little_is_kept),
        TEST(the_last_bytes_have_their_time_too),
        TEST(a_large_answer_on_a_connection_that_stays_has_its_time_too),
        TEST(an_answer_that_is_not_taken_on_a_connection_that_stays_is_given_up),
        TEST(a_client_that_left_an_answer_untaken_is_given_up_during_the_next),
        TEST(a_streamed_answer_is_chunked),
        TEST(a_streamed_answer_may_be_only_its_end),
        TEST(a_streamed_answer_to_http_1_0_ends_with_the_connection),
        TEST(unsent_bytes_are_counted_and_drained),
        TEST(more_unsent_than_allowed_loses_the_client),
        TEST(an_abort_leaves_a_broken_answer),
        TEST(an_abort_inside_on_request_is_fine),
        cmocka_unit_test(a_client_that_leaves_is_told_of_exactly_when_it_has_a_call),
        cmocka_unit_test(a_client_that_leaves_during_a_streamed_answer_is_told_of),
        TEST(more_connections_than_allowed_wait),
        TEST(when_descriptors_run_out_accepting_goes_on_later),
        TEST(a_failed_accept_of_one_client_leaves_the_next),
        TEST(draining_closes_idle_connections_and_finishes_calls),
        TEST(stopping_tells_every_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
