#include "gate/relay.h"

#include "answers.h"
#include "bench.h"

#define SECOND INT64_C(1000000)

static const char streamed[] = "\"stream\":true";

static struct sim_peer *provider_of(int provider)
{
    assert_non_null(bench.gateway.providers[provider].last);
    return bench.gateway.providers[provider].last;
}

/* The provider says the stream up to `until` and then nothing. */
static void reply_until(int provider, const char *until)
{
    str all = answer_stream(&bench.arena, false, BY_CLOSE);

    gateway_reply(&bench.gateway, provider,
                  &(struct reply){.bytes = str_take(all, str_find(all, str_c(until)))});
}

/* --- deadlines --- */

static void assert_times_out(int64_t after_s)
{
    gateway_run_for(&bench.gateway, after_s * SECOND - 2000);
    assert_int_equal(store_double.row_count, 0);
    gateway_run_for(&bench.gateway, 2000);
    assert_int_equal(read_told()->status, 504);
    assert_true(bench.told.has_error);
    assert_int_equal(the_row()->status, 504);
}

static void a_provider_that_cannot_be_reached_in_time_is_504(void **state)
{
    (void)state;
    gateway_place(&bench.gateway, ALPHA, SIM_IS_SILENT);
    ask("one", "");
    assert_times_out(3);
}

static void a_provider_that_never_answers_is_504(void **state)
{
    (void)state;
    ask("one", streamed);
    assert_times_out(120);
    assert_true(provider_of(ALPHA)->closed);
}

static void a_provider_that_stops_in_a_whole_answer_is_504(void **state)
{
    (void)state;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = STR("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")});
    ask("one", "");
    assert_times_out(60);
}

static void a_provider_that_never_ends_is_504(void **state)
{
    static char dots[5000];

    (void)state;
    memset(dots, ' ', sizeof(dots));
    bench.gateway.settings->total_timeout_ms = 100 * 1000;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = arena_printf(&bench.arena,
                                                        "HTTP/1.1 200 OK\r\n"
                                                        "Content-Length: 9999\r\n\r\n%.*s",
                                                        (int)sizeof(dots), dots),
                                  .piece_bytes = 60,
                                  .piece_us = 5 * SECOND});
    ask("one", "");
    assert_times_out(100);
}

static void a_provider_too_slow_to_connect_is_left_for_the_next(void **state)
{
    (void)state;
    gateway_place(&bench.gateway, ALPHA, SIM_IS_SILENT);
    gateway_reply(&bench.gateway, BETA,
                  &(struct reply){.bytes = answer_whole(&bench.arena, false, BY_LENGTH)});
    ask("two", "");
    gateway_run_for(&bench.gateway, 4 * SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_int_equal(the_row()->attempts, 2);
}

static void a_stream_that_stops_ends_with_an_error(void **state)
{
    (void)state;
    reply_until(ALPHA, "world!");
    ask("one", streamed);
    gateway_run_for(&bench.gateway, 61 * SECOND);
    const struct told *told = read_told();
    assert_int_equal(told->status, 200);
    assert_true(told->is_complete && told->has_error);
    assert_false(told_looks_complete(told));
    assert_int_equal(told->done_count, 1);
    assert_int_equal(told->comment_count, 5);
    assert_true(strlen(the_row()->error_type) > 0);
}

static void a_stream_that_is_said_but_not_ended_is_ended_for_its_provider(void **state)
{
    str all = answer_stream(&bench.arena, false, BY_CLOSE);

    (void)state;
    gateway_reply(&bench.gateway, ALPHA, &(struct reply){.bytes = all, .end = REPLY_STAYS});
    ask("one", streamed);
    assert_int_equal(read_told()->done_count, 0);
    gateway_run_for(&bench.gateway, SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_int_equal(bench.told.comment_count, 0);
    assert_int_equal(the_row()->status, 200);
    assert_int_equal(the_row()->error_type[0], '\0');
}

/* --- keep-alive comments --- */

static void silence_is_filled_with_comments(void **state)
{
    (void)state;
    reply_until(ALPHA, "world!");
    ask("one", streamed);
    gateway_run_for(&bench.gateway, 9 * SECOND);
    assert_int_equal(read_told()->comment_count, 0);
    gateway_run_for(&bench.gateway, 2 * SECOND);
    assert_int_equal(read_told()->comment_count, 1);
    str got = buf_str(&bench.told.body);
    assert_true(str_has_suffix(got, STR(": STILL HERE\n\n")));
    gateway_run_for(&bench.gateway, 30 * SECOND);
    assert_int_equal(read_told()->comment_count, 4);
    sim_send(provider_of(ALPHA),
             STR("world!\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
    sim_close(provider_of(ALPHA));
    gateway_run_for(&bench.gateway, SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_str_equal(buf_str(&bench.told.text), STR("Hello, world!"));
    assert_true(bench.told.is_json);
}

static void before_the_first_word_a_comment_goes_before_it(void **state)
{
    (void)state;
    reply_until(ALPHA, "Hello");
    ask("one", streamed);
    gateway_run_for(&bench.gateway, 11 * SECOND);
    assert_int_equal(read_told()->comment_count, 1);
    assert_int_equal(bench.told.text.len, 0);
    sim_send(provider_of(ALPHA), STR("Hello\"},\"finish_reason\":null}]}\n\n"));
    sim_close(provider_of(ALPHA));
    gateway_run_for(&bench.gateway, SECOND);
    const struct told *told = read_told();
    assert_true(told->is_complete && told->is_json && told->has_error);
    assert_str_equal(buf_str(&told->text), STR("Hello"));
    assert_int_equal(the_row()->status, 200);
}

static void the_next_attempt_is_not_commented_before_it_says_something(void **state)
{
    (void)state;
    str all = answer_stream(&bench.arena, false, BY_CLOSE);
    gateway_reply(
        &bench.gateway, ALPHA,
        &(struct reply){.bytes = str_take(all, str_find(all, STR("Hello"))), .end = REPLY_CLOSES});
    gateway_reply(&bench.gateway, BETA,
                  &(struct reply){
                      .bytes = answer_make(&bench.arena, 529, "application/json", "{}", BY_LENGTH),
                      .delay_us = 50 * SECOND});
    ask("two", streamed);
    gateway_run_for(&bench.gateway, 60 * SECOND);
    assert_int_equal(read_told()->status, 503); /* nothing was promised yet */
    assert_int_equal(the_row()->status, 503);
}

static void a_whole_answer_is_never_commented(void **state)
{
    (void)state;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = answer_whole(&bench.arena, false, BY_LENGTH),
                                  .piece_bytes = 100,
                                  .piece_us = 15 * SECOND});
    ask("one", "");
    gateway_run_for(&bench.gateway, 120 * SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_true(bench.told.is_json);
}

/* --- clients that go away --- */

/* Ends the client at each step: nothing is asked any more in the same turn, and one row is left. */
static void a_client_that_goes_away_is_settled_at_once(void **state)
{
    static const struct {
        const char *what;
        int64_t after_us;
        int rows;
    } cases[] = {
        {"in the middle of its body", 0, 1}, {"while its key is looked up", 50, 1},
        {"while connecting", 150, 1},        {"while the provider thinks", 500, 1},
        {"before the first word", 1500, 1},  {"in the middle of the words", 2500, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) * 4; i++) {
        bool is_stream = i % 2 == 1;
        bool is_reset = i / 2 % 2 == 1;
        open_bench();
        store_double.delay_us = 100;
        str answer = is_stream ? answer_stream(&bench.arena, false, BY_CHUNKS)
                               : answer_whole(&bench.arena, false, BY_CHUNKS);
        gateway_reply(
            &bench.gateway, ALPHA,
            &(struct reply){
                .bytes = answer, .delay_us = 1000, .piece_bytes = answer.len / 8, .piece_us = 500});
        gateway_open(&bench.gateway);
        bench.client = gateway_dial(&bench.gateway);
        if (i / 4 == 0) {
            sim_send(bench.client,
                     STR("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "
                         "sk-test\r\nContent-Length: 500\r\n\r\n{"));
        } else {
            gateway_ask(bench.client, "one", is_stream ? streamed : "");
        }
        gateway_run_for(&bench.gateway, cases[i / 4].after_us);
        assert_int_equal(store_double.row_count, 0);
        if (is_reset) {
            sim_reset(bench.client);
        } else {
            sim_close(bench.client);
        }
        while (!bench.client->closed) {
            assert_true(sim_turn(&bench.gateway.worker.loop));
        }
        for (size_t n = 0; n < sim_peer_count(); n++) {
            if (!sim_peer_at(n)->closed) {
                fail_msg("a connection is left %s", cases[i / 4].what);
            }
        }
        assert_int_equal(store_double.row_count, cases[i / 4].rows);
        assert_true(store_double.rows[0].cancelled);
        assert_string_equal(store_double.rows[0].error_type, "client_gone");
        gateway_run_for(&bench.gateway, 200 * SECOND);
        assert_int_equal(store_double.row_count, cases[i / 4].rows);
        close_bench();
    }
}

static void a_client_that_goes_away_leaves_the_usage_seen_so_far(void **state)
{
    (void)state;
    str all = answer_stream(&bench.arena, true, BY_CLOSE);
    gateway_reply(&bench.gateway, GAMMA,
                  &(struct reply){.bytes = str_take(all, str_find(all, STR("world!")))});
    ask("claude", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    sim_close(bench.client);
    gateway_settle(&bench.gateway);
    assert_true(the_row()->cancelled);
    assert_int_equal(the_row()->status, 200);
    assert_true(the_row()->usage_known);
    assert_true(the_row()->prompt_tokens == 7);
}

/* --- back-pressure --- */

enum { MANY = 4000 };

/* A stream of MANY chunks, about 700 KiB. */
static str long_stream(void)
{
    struct buf out;
    char chunk[256];

    buf_init(&out, 4 * 1024 * 1024);
    assert_int_equal(buf_add(&out, STR("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                       "Connection: close\r\n\r\n")),
                     ERR_OK);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(chunk, sizeof(chunk),
                       "data: {\"id\":\"up-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                       "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%d \"},"
                       "\"finish_reason\":%s}]}\n\n",
                       i, i == MANY - 1 ? "\"stop\"" : "null");
        assert_int_equal(buf_add(&out, str_c(chunk)), ERR_OK);
    }
    assert_int_equal(buf_add(&out, STR("data: [DONE]\n\n")), ERR_OK);
    str stream = arena_copy(&bench.arena, buf_str(&out));
    buf_free(&out);
    return stream;
}

static void assert_long_text(const struct told *told)
{
    str rest = buf_str(&told->text);

    for (int i = 0; i < MANY; i++) {
        uint64_t number = 0;
        assert_true(str_to_uint(str_split(&rest, ' '), UINT64_MAX, &number));
        assert_true(number == (uint64_t)i);
    }
    assert_int_equal(rest.len, 0);
}

static size_t unsent_bytes(void)
{
    struct list *node = list_first(&bench.gateway.worker.exchanges);

    if (node == NULL) {
        fail_msg("no exchange runs");
        return 0;
    }
    return http_call_unsent_bytes(CONTAINER_OF(node, struct exchange, node)->call);
}

static void a_client_that_does_not_read_pauses_its_provider(void **state)
{
    (void)state;
    str stream = long_stream();
    gateway_reply(&bench.gateway, ALPHA, &(struct reply){.bytes = stream, .end = REPLY_CLOSES});
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    bench.client->holds_back = true;
    bench.client->room_bytes = 1000;
    gateway_ask(bench.client, "one", streamed);
    gateway_run_for(&bench.gateway, 30 * SECOND);
    assert_int_equal(store_double.row_count, 0);
    assert_true(provider_of(ALPHA)->to_program.len > stream.len / 2); /* it was not read */
    size_t waiting = unsent_bytes();
    assert_in_range(waiting, 16 * 1024, 16 * 1024 + 3 * LOOP_READ_BYTES);
    for (int i = 0; i < 100; i++) { /* slowly but steadily */
        sim_take(bench.client, 1000);
        gateway_settle(&bench.gateway);
        assert_true(unsent_bytes() <= waiting);
        gateway_run_for(&bench.gateway, SECOND);
    }
    bench.client->holds_back = false;
    gateway_run_for(&bench.gateway, SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_long_text(&bench.told);
    assert_int_equal(the_row()->status, 200);
    assert_false(the_row()->cancelled);
}

static void a_client_that_never_reads_is_given_up(void **state)
{
    (void)state;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = long_stream(), .end = REPLY_CLOSES});
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    bench.client->room_bytes = 0;
    gateway_ask(bench.client, "one", streamed);
    gateway_run_for(&bench.gateway, 61 * SECOND);
    assert_true(the_row()->cancelled);
    assert_true(provider_of(ALPHA)->closed);
    assert_true(bench.client->closed);
}

static void a_client_that_leaves_while_its_provider_is_paused_is_noticed(void **state)
{
    (void)state;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = long_stream(), .end = REPLY_CLOSES});
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    bench.client->room_bytes = 0;
    gateway_ask(bench.client, "one", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(store_double.row_count, 0);
    sim_reset(bench.client);
    gateway_settle(&bench.gateway);
    assert_true(the_row()->cancelled);
    assert_true(provider_of(ALPHA)->closed);
}

static void short_reads_and_writes_change_nothing(void **state)
{
    (void)state;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = long_stream(), .end = REPLY_CLOSES});
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    bench.client->write_bytes_max = 777;
    bench.client->room_bytes = 1555;
    gateway_ask(bench.client, "one", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_long_text(&bench.told);
}

static void a_demo_waits_for_its_client_too(void **state)
{
    (void)state;
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    bench.client->holds_back = true;
    bench.client->room_bytes = 100;
    gateway_ask(bench.client, "demo/echo", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    bench.client->holds_back = false;
    gateway_run_for(&bench.gateway, SECOND);
    assert_true(told_looks_complete(read_told()));
    assert_int_equal(the_row()->status, 200);
}

/* --- limits of answers --- */

static void an_event_over_the_limit_is_an_error(void **state)
{
    struct buf out;
    static char large[100 * 1024];

    (void)state;
    memset(large, 'x', sizeof(large));
    buf_init(&out, 1024 * 1024);
    str all = answer_stream(&bench.arena, false, BY_CLOSE);
    assert_int_equal(buf_add(&out, str_take(all, str_find(all, STR("world!")))), ERR_OK);
    assert_int_equal(buf_add(&out, str_of(large, sizeof(large))), ERR_OK);
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = arena_copy(&bench.arena, buf_str(&out))});
    buf_free(&out);
    ask("one", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    const struct told *told = read_told();
    assert_true(told->is_complete && told->has_error);
    assert_str_equal(buf_str(&told->text), STR("Hello, "));
    assert_true(provider_of(ALPHA)->closed);
}

static void a_whole_answer_over_the_limit_is_an_error(void **state)
{
    static char large[300 * 1024];

    (void)state;
    memset(large, ' ', sizeof(large) - 1);
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = answer_make(&bench.arena, 200, "application/json", large,
                                                       BY_LENGTH)});
    ask("one", "");
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(read_told()->status, 502);
    assert_int_equal(the_row()->status, 502);
    assert_true(provider_of(ALPHA)->closed);
}

/* --- pages, draining, stopping --- */

static void say(const char *request)
{
    bench.client = gateway_dial(&bench.gateway);
    sim_send(bench.client, str_c(request));
    gateway_run_for(&bench.gateway, 1000);
}

static void pages_are_answered_and_leave_no_row(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n", 401},
        {"GET /v1/models HTTP/1.1\r\nHost: h\r\nX-Api-Key: sk-wrong\r\n\r\n", 401},
        {"GET /v1/models HTTP/1.1\r\nHost: h\r\nX-Api-Key: sk-test\r\n\r\n", 200},
        {"GET /v1/models HTTP/1.1\r\nHost: h\r\nX-Api-Key: sk-test\r\nContent-Length: 2\r\n\r\nhi",
         200},
        {"POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", 405},
        {"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", 404},
        {"POST /v1/chat/completion HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", 404},
        {"nonsense\r\n\r\n", 400},
    };

    (void)state;
    gateway_open(&bench.gateway);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        say(cases[i].request);
        if (read_told()->status != cases[i].status) {
            fail_msg("%s: %d", cases[i].request, bench.told.status);
        }
        assert_true(bench.told.is_complete);
    }
    assert_int_equal(store_double.row_count, 0);
}

static void a_page_that_waits_for_a_key_may_lose_its_client(void **state)
{
    static const char models[] = "GET /v1/models HTTP/1.1\r\nHost: h\r\nX-Api-Key: sk-test\r\n\r\n";

    (void)state;
    store_double.delay_us = SECOND;
    gateway_open(&bench.gateway);
    say(models);
    struct sim_peer *first = bench.client;
    say(models);
    sim_reset(first);
    gateway_run_for(&bench.gateway, 2 * SECOND);
    assert_int_equal(read_told()->status, 200);
    sim_send(bench.client, str_c(models)); /* the connection serves on */
    gateway_settle(&bench.gateway);
    assert_int_equal(read_told()->answer_count, 2);
}

static void draining_waits_for_what_runs_and_for_its_last_byte(void **state)
{
    (void)state;
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = answer_stream(&bench.arena, false, BY_CHUNKS),
                                  .piece_bytes = 100,
                                  .piece_us = SECOND});
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    bench.client->holds_back = true;
    bench.client->room_bytes = 100;
    gateway_ask(bench.client, "one", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    worker_drain(&bench.gateway.worker, 600 * 1000);
    gateway_run_for(&bench.gateway, 40 * SECOND);
    assert_int_equal(store_double.row_count, 1);
    assert_false(bench.gateway.worker.loop.stopping); /* bytes are still under way */
    bench.client->holds_back = false;
    worker_run(&bench.gateway.worker);
    assert_true(bench.gateway.worker.loop.stopping);
    assert_true(told_looks_complete(read_told()));
    assert_true(sim_now_us() < 60 * SECOND);
}

static void draining_ends_at_once_when_nothing_runs(void **state)
{
    (void)state;
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    gateway_settle(&bench.gateway);
    worker_drain(&bench.gateway.worker, 600 * 1000);
    int64_t began_us = sim_now_us();
    worker_run(&bench.gateway.worker);
    assert_true(sim_now_us() - began_us < SECOND);
}

static void draining_has_an_end(void **state)
{
    (void)state;
    reply_until(ALPHA, "world!");
    ask("one", streamed);
    worker_drain(&bench.gateway.worker, 5000);
    int64_t began_us = sim_now_us();
    worker_run(&bench.gateway.worker);
    assert_true(sim_now_us() - began_us <= 6 * SECOND);
    assert_true(the_row()->cancelled);
}

static void stopping_settles_everything(void **state)
{
    (void)state;
    reply_until(ALPHA, "world!");
    ask("one", streamed);
    for (int i = 0; i < 5; i++) {
        bench.client = gateway_dial(&bench.gateway);
        gateway_ask(bench.client, i % 2 == 0 ? "one" : "two", i == 3 ? "" : streamed);
        gateway_run_for(&bench.gateway, i * 60);
    }
    worker_stop(&bench.gateway.worker);
    worker_run(&bench.gateway.worker);
    assert_int_equal(store_double.row_count, 6);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_provider_that_cannot_be_reached_in_time_is_504),
        TEST(a_provider_that_never_answers_is_504),
        TEST(a_provider_that_stops_in_a_whole_answer_is_504),
        TEST(a_provider_that_never_ends_is_504),
        TEST(a_provider_too_slow_to_connect_is_left_for_the_next),
        TEST(a_stream_that_stops_ends_with_an_error),
        TEST(a_stream_that_is_said_but_not_ended_is_ended_for_its_provider),
        TEST(silence_is_filled_with_comments),
        TEST(before_the_first_word_a_comment_goes_before_it),
        TEST(the_next_attempt_is_not_commented_before_it_says_something),
        TEST(a_whole_answer_is_never_commented),
        cmocka_unit_test(a_client_that_goes_away_is_settled_at_once),
        TEST(a_client_that_goes_away_leaves_the_usage_seen_so_far),
        TEST(a_client_that_does_not_read_pauses_its_provider),
        TEST(a_client_that_never_reads_is_given_up),
        TEST(a_client_that_leaves_while_its_provider_is_paused_is_noticed),
        TEST(short_reads_and_writes_change_nothing),
        TEST(a_demo_waits_for_its_client_too),
        TEST(an_event_over_the_limit_is_an_error),
        TEST(a_whole_answer_over_the_limit_is_an_error),
        TEST(pages_are_answered_and_leave_no_row),
        TEST(a_page_that_waits_for_a_key_may_lose_its_client),
        TEST(draining_waits_for_what_runs_and_for_its_last_byte),
        TEST(draining_ends_at_once_when_nothing_runs),
        TEST(draining_has_an_end),
        TEST(stopping_settles_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
