#include "server_bench.h"

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
        TEST(a_streamed_answer_is_chunked),
        TEST(a_streamed_answer_may_be_only_its_end),
        TEST(a_streamed_answer_to_http_1_0_ends_with_the_connection),
        TEST(unsent_bytes_are_counted_and_drained),
        TEST(more_unsent_than_allowed_loses_the_client),
        TEST(an_abort_leaves_a_broken_answer),
        TEST(an_abort_inside_on_request_is_fine),
        cmocka_unit_test(a_client_that_leaves_is_told_of_exactly_when_it_has_a_call),
        cmocka_unit_test(a_client_that_leaves_during_a_streamed_answer_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
