#include "gate/exchange.h"

#include "answers.h"
#include "bench.h"

#define SECOND INT64_C(1000000)

static void reply(int provider, str bytes, enum reply_end end)
{
    gateway_reply(&bench.gateway, provider, &(struct reply){.bytes = bytes, .end = end});
}

static void reply_status(int provider, int status, const char *body)
{
    reply(provider, answer_make(&bench.arena, status, "application/json", body, BY_LENGTH),
          REPLY_STAYS);
}

static const char streamed[] = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";

static void assert_whole(const struct told *told)
{
    assert_true(told_looks_complete(told));
    assert_true(told->is_json);
    assert_str_equal(buf_str(&told->text), STR("Hello, world!"));
    assert_string_equal(told->finish, "stop");
    assert_int_equal(told->finish_count, 1);
    assert_true(told->has_usage);
}

static void assert_row_of_whole(const struct exchange_row *row)
{
    assert_int_equal(row->status, 200);
    assert_int_equal(row->upstream_status, 200);
    assert_false(row->cancelled);
    assert_string_equal(row->error_type, "");
    assert_string_equal(row->key_id, "key-test");
    assert_string_equal(row->finish_reason, "stop");
    assert_true(row->usage_known);
    assert_true(row->prompt_tokens == 7 && row->completion_tokens == 3);
    assert_true(row->cost_known);
    assert_true(row->cost_nanousd == 7000 + 6000);
    assert_true(row->answer_bytes > 0);
    assert_string_equal(row->client, "192.0.2.7");
}

/* --- answers --- */

static void every_dialect_and_framing_gives_the_same_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * 2 * ANSWER_FRAMINGS; i++) {
        enum answer_framing framing = (enum answer_framing)(i / 4);
        bool is_anthropic = i % 2 == 1;
        bool is_stream = i / 2 % 2 == 1;
        open_bench();
        str answer = is_stream ? answer_stream(&bench.arena, is_anthropic, framing)
                               : answer_whole(&bench.arena, is_anthropic, framing);
        reply(is_anthropic ? GAMMA : ALPHA, answer,
              framing == BY_CLOSE ? REPLY_CLOSES : REPLY_STAYS);
        ask(is_anthropic ? "claude" : "one", is_stream ? streamed : "");
        const struct told *told = read_told();
        assert_whole(told);
        assert_int_equal(told->is_stream, is_stream);
        assert_int_equal(told->done_count, is_stream ? 1 : 0);
        assert_row_of_whole(the_row());
        assert_int_equal(the_row()->streamed, is_stream);
        assert_int_equal(the_row()->attempts, 1);
        assert_string_equal(the_row()->provider, is_anthropic ? "gamma" : "alpha");
        close_bench();
    }
}

static void a_stream_by_single_bytes_is_the_same_stream(void **state)
{
    (void)state;
    for (int provider = ALPHA; provider <= GAMMA; provider += GAMMA) {
        open_bench();
        gateway_reply(
            &bench.gateway, provider,
            &(struct reply){.bytes = answer_stream(&bench.arena, provider == GAMMA, BY_CHUNKS),
                            .piece_bytes = 1,
                            .piece_us = 10});
        ask(provider == GAMMA ? "claude" : "one", streamed);
        gateway_run_for(&bench.gateway, SECOND);
        assert_whole(read_told());
        assert_row_of_whole(the_row());
        close_bench();
    }
}

static void words_reach_the_client_as_they_come(void **state)
{
    (void)state;
    str all = answer_stream(&bench.arena, false, BY_CLOSE);
    size_t hello = str_find(all, STR("Hello")) + 40;
    gateway_reply(&bench.gateway, ALPHA, &(struct reply){.bytes = str_take(all, hello)});
    ask("one", streamed);
    gateway_run_for(&bench.gateway, 1000);
    const struct told *told = read_told();
    assert_int_equal(told->status, 200);
    assert_false(told->is_complete);
    assert_str_equal(buf_str(&told->text), STR("Hello"));
    sim_send(bench.gateway.providers[ALPHA].last, str_skip(all, hello));
    sim_close(bench.gateway.providers[ALPHA].last);
    gateway_settle(&bench.gateway);
    assert_whole(read_told());
}

static void the_provider_sees_its_key_and_never_the_clients(void **state)
{
    (void)state;
    reply(ALPHA, answer_whole(&bench.arena, false, BY_LENGTH), REPLY_STAYS);
    ask("one", "");
    gateway_run_for(&bench.gateway, 1000);
    str request = buf_str(&bench.gateway.providers[ALPHA].last->received);
    assert_true(str_has_prefix(request, STR("POST /v1/chat/completions HTTP/1.1\r\n")));
    assert_true(str_find(request, STR("Bearer secret-key")) < request.len);
    assert_true(str_find(request, STR("sk-test")) == request.len);
    assert_true(str_find(request, STR("\"model\":\"upstream-model\"")) < request.len);
}

static void a_connection_serves_many_requests_each_with_its_row(void **state)
{
    (void)state;
    reply(ALPHA, answer_whole(&bench.arena, false, BY_LENGTH), REPLY_STAYS);
    ask("one", "");
    for (int i = 0; i < 9; i++) {
        gateway_ask(bench.client, "one", i % 2 == 0 ? "" : "\"temperature\":1");
    }
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(read_told()->answer_count, 10);
    assert_int_equal(store_double.row_count, 10);
    assert_int_equal(bench.gateway.providers[ALPHA].connection_count, 1);
    assert_int_equal(store_double.question_count, 1);
    for (size_t i = 1; i < 10; i++) {
        assert_string_not_equal(store_double.rows[i].id, store_double.rows[0].id);
    }
}

static void the_demo_answers_without_a_provider(void **state)
{
    (void)state;
    ask("demo/echo", streamed);
    gateway_settle(&bench.gateway);
    const struct told *told = read_told();
    assert_true(told_looks_complete(told));
    assert_true(told->text.len > 0);
    assert_int_equal(the_row()->status, 200);
}

static void http_1_0_gets_a_whole_stream(void **state)
{
    static const char body[] =
        "{\"model\":\"one\",\"stream\":true,\"messages\":[{\"role\":\"user\","
        "\"content\":\"hi\"}]}";
    (void)state;
    reply(ALPHA, answer_stream(&bench.arena, false, BY_CHUNKS), REPLY_STAYS);
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    sim_send(bench.client,
             arena_printf(&bench.arena,
                          "POST /v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer sk-test\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          strlen(body), body));
    gateway_run_for(&bench.gateway, 1000);
    str got = buf_str(&bench.client->received);
    assert_true(str_has_suffix(got, STR("data: [DONE]\n\n")));
    assert_true(bench.client->ended);
    assert_int_equal(the_row()->status, 200);
}

/* --- who may come in --- */

static void say_request(const char *headers, const char *body)
{
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    sim_send(bench.client, arena_printf(&bench.arena,
                                        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n%s"
                                        "Content-Length: %zu\r\n\r\n%s",
                                        headers, strlen(body), body));
    gateway_settle(&bench.gateway);
}

static const char hi[] =
    "{\"model\":\"one\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

static void requests_that_are_refused_leave_one_row_and_ask_nobody(void **state)
{
    static const struct {
        const char *headers;
        const char *body;
        int status;
    } cases[] = {
        {"", hi, 401},
        {"Authorization: Bearer sk-wrong\r\n", hi, 401},
        {"Authorization: Bearer sk-wrong\r\n", "nonsense", 401},
        {"", "nonsense", 401},
        {"Authorization: Bearer sk-test\r\nX-Api-Key: sk-other\r\n", hi, 401},
        {"X-Api-Key: sk-test\r\n", "nonsense", 400},
        {"Authorization: Bearer sk-test\r\n", "{}", 400},
        {"Authorization: Bearer sk-test\r\n", "", 400},
        {"Authorization: Bearer sk-test\r\nContent-Encoding: gzip\r\n", hi, 415},
        {"Authorization: Bearer sk-test\r\n",
         "{\"model\":\"on\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}", 404},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        open_bench();
        reply(ALPHA, answer_whole(&bench.arena, false, BY_LENGTH), REPLY_STAYS);
        say_request(cases[i].headers, cases[i].body);
        const struct told *told = read_told();
        assert_int_equal(told->status, cases[i].status);
        assert_true(told->is_complete && told->is_json && told->has_error);
        assert_int_equal(told->error_code, cases[i].status);
        assert_int_equal(the_row()->status, cases[i].status);
        assert_true(strlen(the_row()->error_type) > 0);
        assert_int_equal(bench.gateway.providers[ALPHA].connection_count, 0);
        close_bench();
    }
}

static void a_body_from_nobody_is_not_waited_for(void **state)
{
    (void)state;
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    sim_send(bench.client, STR("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
                               "Authorization: Bearer sk-wrong\r\nContent-Length: 5000\r\n\r\n"));
    gateway_settle(&bench.gateway);
    assert_int_equal(read_told()->status, 401);
    assert_int_equal(the_row()->status, 401);
}

static void a_store_that_cannot_say_is_503(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_bench();
        store_double.is_broken = i == 0;
        store_double.is_busy = i == 1;
        ask("one", "");
        assert_int_equal(read_told()->status, 503);
        assert_int_equal(the_row()->status, 503);
        close_bench();
    }
}

static void without_a_key_cache_requests_are_served(void **state)
{
    (void)state;
    bench.gateway.settings->key_cache_ms = 0;
    reply(ALPHA, answer_whole(&bench.arena, false, BY_LENGTH), REPLY_STAYS);
    ask("one", "");
    gateway_ask(bench.client, "one", "");
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(read_told()->answer_count, 2);
    assert_int_equal(store_double.row_count, 2);
}

static void without_room_for_rows_nothing_is_asked(void **state)
{
    (void)state;
    store_double.is_full = true;
    ask("one", "");
    assert_int_equal(read_told()->status, 503);
    assert_int_equal(bench.gateway.providers[ALPHA].connection_count, 0);
    assert_int_equal(the_row()->status, 503);
}

static void a_row_that_nobody_takes_is_counted(void **state)
{
    (void)state;
    store_double.takes_no_row = true;
    reply(ALPHA, answer_whole(&bench.arena, false, BY_LENGTH), REPLY_STAYS);
    ask("one", "");
    gateway_run_for(&bench.gateway, SECOND);
    assert_whole(read_told());
    assert_true(bench.gateway.worker.rows_lost == 1);
}

static void a_body_over_the_limit_is_413_with_a_row(void **state)
{
    (void)state;
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    sim_send(bench.client, STR("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
                               "Authorization: Bearer sk-test\r\nContent-Length: 65537\r\n\r\n{"));
    gateway_settle(&bench.gateway);
    assert_int_equal(read_told()->status, 413);
    assert_true(bench.told.is_json);
    assert_int_equal(the_row()->status, 413);
}

static void a_body_that_stops_is_408_with_a_row(void **state)
{
    (void)state;
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    sim_send(bench.client, STR("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
                               "Authorization: Bearer sk-test\r\nContent-Length: 500\r\n\r\n{"));
    gateway_run_for(&bench.gateway, 11 * SECOND);
    assert_int_equal(read_told()->status, 408);
    assert_int_equal(the_row()->status, 408);
}

/* --- providers that refuse --- */

static void refusals_of_a_provider_are_told_in_our_words(void **state)
{
    static const struct {
        int provider_status;
        const char *body;
        int want;
    } cases[] = {
        {400, "{\"error\":{\"message\":\"no such parameter\",\"type\":\"invalid_request_error\"}}",
         400},
        {401, "{\"error\":{\"message\":\"bad key\"}}", 502},
        {404, "{\"error\":{\"message\":\"no such model\"}}", 404},
        {429, "{\"error\":{\"message\":\"slow down\"}}", 429},
        {500, "{\"error\":{\"message\":\"oops\"}}", 502},
        {503, "<html>busy</html>", 503},
        {529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}",
         503},
        {302, "", 502},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        open_bench();
        bool is_stream = i % 2 == 1;
        reply_status(ALPHA, cases[i / 2].provider_status, cases[i / 2].body);
        ask("one", is_stream ? streamed : "");
        gateway_run_for(&bench.gateway, 1000);
        const struct told *told = read_told();
        if (told->status != cases[i / 2].want) {
            print_message("%d: %d " STR_FMT "\n", cases[i / 2].provider_status, told->status,
                          STR_ARG(buf_str(&told->body)));
        }
        assert_int_equal(told->status, cases[i / 2].want);
        assert_true(told->is_complete && told->is_json && told->has_error);
        assert_false(told->is_stream);
        assert_int_equal(the_row()->status, cases[i / 2].want);
        assert_int_equal(the_row()->upstream_status, cases[i / 2].provider_status);
        assert_true(str_find(buf_str(&told->body), STR("secret-key")) == told->body.len);
        close_bench();
    }
}

static void a_refusal_without_end_does_not_hold_the_client(void **state)
{
    static char endless[200 * 1024];

    (void)state;
    memset(endless, 'x', sizeof(endless));
    str head = STR("HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n");
    str bytes =
        arena_printf(&bench.arena, STR_FMT STR_FMT, STR_ARG(head), (int)sizeof(endless), endless);
    gateway_reply(&bench.gateway, ALPHA,
                  &(struct reply){.bytes = bytes, .piece_bytes = 1024, .piece_us = SECOND / 10});
    ask("one", "");
    gateway_run_for(&bench.gateway, 15 * SECOND);
    assert_int_equal(read_told()->status, 502);
    assert_int_equal(the_row()->status, 502);
}

/* --- another endpoint --- */

static void what_fails_before_the_first_word_is_tried_elsewhere(void **state)
{
    static const struct {
        const char *bytes;
        enum reply_end end;
    } cases[] = {
        {"", REPLY_CLOSES},
        {"", REPLY_RESETS},
        {"HTTP/1.1 20", REPLY_CLOSES},
        {"nonsense\r\n\r\n", REPLY_STAYS},
        {"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", REPLY_STAYS},
        {"HTTP/1.1 503 X\r\nContent-Length: 10\r\n\r\n{", REPLY_CLOSES},
        {"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n", REPLY_STAYS},
        {"HTTP/1.1 529 X\r\nContent-Length: 0\r\n\r\n", REPLY_STAYS},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", REPLY_CLOSES},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: comment\n\n", REPLY_RESETS},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"id\":\"x\","
         "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
         REPLY_CLOSES},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"error\":{\"message\":"
         "\"overloaded\",\"code\":503}}\n\n",
         REPLY_STAYS},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{",
         REPLY_CLOSES},
    };

    (void)state;
    for (size_t i = 0; i < (COUNT_OF(cases) + 2) * 2; i++) {
        bool is_stream = i % 2 == 1;
        open_bench();
        if (i / 2 < COUNT_OF(cases)) {
            reply(ALPHA, str_c(cases[i / 2].bytes), cases[i / 2].end);
        } else {
            gateway_place(&bench.gateway, ALPHA,
                          i / 2 == COUNT_OF(cases) ? SIM_REFUSES : SIM_UNREACHABLE);
        }
        reply(BETA,
              is_stream ? answer_stream(&bench.arena, false, BY_CHUNKS)
                        : answer_whole(&bench.arena, false, BY_CHUNKS),
              REPLY_STAYS);
        ask("two", is_stream ? streamed : "");
        gateway_run_for(&bench.gateway, SECOND);
        if (bench.client->received.len == 0 || !told_looks_complete(read_told())) {
            print_message("case %zu\n", i);
        }
        assert_whole(read_told());
        assert_row_of_whole(the_row());
        assert_int_equal(the_row()->attempts, 2);
        assert_string_equal(the_row()->provider, "beta");
        close_bench();
    }
}

static void what_the_client_did_wrong_is_not_tried_elsewhere(void **state)
{
    (void)state;
    reply_status(ALPHA, 400, "{\"error\":{\"message\":\"no\"}}");
    ask("two", "");
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(read_told()->status, 400);
    assert_int_equal(the_row()->attempts, 1);
    assert_int_equal(bench.gateway.providers[BETA].connection_count, 0);
}

static void when_all_fail_the_last_failure_is_told(void **state)
{
    (void)state;
    gateway_place(&bench.gateway, ALPHA, SIM_REFUSES);
    reply(BETA, STR(""), REPLY_RESETS);
    reply_status(GAMMA, 529, "{}");
    ask("three", streamed);
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(read_told()->status, 503);
    assert_true(bench.told.has_error);
    assert_int_equal(the_row()->attempts, 3);
    assert_string_equal(the_row()->provider, "gamma");
}

static void what_fails_after_the_first_word_is_told_in_the_stream(void **state)
{
    (void)state;
    for (int end = 0; end < 3; end++) {
        open_bench();
        str all = answer_stream(&bench.arena, false, BY_CLOSE);
        str bytes = str_take(all, str_find(all, STR("world!")));
        if (end == REPLY_STAYS) {
            bytes = arena_printf(&bench.arena, STR_FMT "\"\n\ndata: nonsense\n\n", STR_ARG(bytes));
        }
        reply(ALPHA, bytes, (enum reply_end)end);
        reply(BETA, answer_stream(&bench.arena, false, BY_CHUNKS), REPLY_STAYS);
        ask("two", streamed);
        gateway_run_for(&bench.gateway, SECOND);
        const struct told *told = read_told();
        assert_int_equal(told->status, 200);
        assert_true(told->is_complete && told->is_json && told->has_error);
        assert_string_equal(told->finish, "error");
        assert_int_equal(told->done_count, 1);
        assert_str_equal(buf_str(&told->text), STR("Hello, "));
        assert_int_equal(bench.gateway.providers[BETA].connection_count, 0);
        assert_int_equal(the_row()->attempts, 1);
        assert_true(strlen(the_row()->error_type) > 0);
        assert_true(bench.gateway.providers[ALPHA].last->closed);
        close_bench();
    }
}

static void a_stale_connection_is_replaced_at_the_same_endpoint(void **state)
{
    (void)state;
    reply(ALPHA, answer_whole(&bench.arena, false, BY_LENGTH), REPLY_STAYS);
    ask("two", "");
    gateway_run_for(&bench.gateway, SECOND);
    sim_close(bench.gateway.providers[ALPHA].last); /* nobody has looked yet */
    gateway_ask(bench.client, "two", "");
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(read_told()->answer_count, 2);
    assert_int_equal(bench.gateway.providers[BETA].connection_count, 0);
    assert_int_equal(store_double.row_count, 2);
    assert_string_equal(store_double.rows[1].provider, "alpha");
}

/* --- cuts --- */

/* Nobody is told a whole answer that is not one, however the provider's bytes are cut. */
static void check_cut(const struct told *told, size_t cut)
{
    bool is_whole = str_eq(buf_str(&told->text), STR("Hello, world!"));

    if (told_looks_complete(told) ? !is_whole : !told->has_error) {
        fail_msg("cut at %zu: %d " STR_FMT, cut, told->status, STR_ARG(buf_str(&told->body)));
    }
    assert_true(told->is_complete && told->is_json);
    assert_true(told->is_stream ? told->done_count == 1 : told->done_count == 0);
    const struct exchange_row *row = the_row();
    assert_int_equal(row->status, told->status);
    assert_int_equal(strlen(row->error_type) > 0, told->has_error);
    if (told->text.len == 0) {
        assert_int_equal(told->is_stream, false); /* nothing was said: a plain error */
    }
}

static void cut_everywhere(bool is_stream, enum answer_framing framing)
{
    for (int n = 0; n < 2; n++) {
        struct arena arena = {0};
        bool is_anthropic = n == 1;
        str whole = is_stream ? answer_stream(&arena, is_anthropic, framing)
                              : answer_whole(&arena, is_anthropic, framing);
        for (size_t cut = 0; cut < whole.len; cut++) {
            open_bench();
            reply(is_anthropic ? GAMMA : ALPHA, str_take(whole, cut),
                  (cut + (size_t)n) % 2 == 0 ? REPLY_CLOSES : REPLY_RESETS);
            ask(is_anthropic ? "claude" : "one", is_stream ? streamed : "");
            gateway_run_for(&bench.gateway, 1000);
            check_cut(read_told(), cut);
            close_bench();
        }
        arena_reset(&arena);
    }
}

static void a_chunked_stream_cut_anywhere_never_looks_complete(void **state)
{
    (void)state;
    cut_everywhere(true, BY_CHUNKS);
}

static void a_stream_until_close_cut_anywhere_never_looks_complete(void **state)
{
    (void)state;
    cut_everywhere(true, BY_CLOSE);
}

static void a_whole_answer_cut_anywhere_never_looks_complete(void **state)
{
    (void)state;
    cut_everywhere(false, BY_LENGTH);
    cut_everywhere(false, BY_CHUNKS);
}

/* The bytes are cut in two pieces, but all arrive: every cut is the same answer. */
static void a_stream_in_two_pieces_is_the_same_stream(void **state)
{
    struct arena arena = {0};
    str whole = answer_stream(&arena, false, BY_CHUNKS);

    (void)state;
    for (size_t cut = 1; cut < whole.len; cut++) {
        open_bench();
        gateway_reply(&bench.gateway, ALPHA,
                      &(struct reply){.bytes = whole, .piece_bytes = cut, .piece_us = 100});
        ask("one", streamed);
        gateway_run_for(&bench.gateway, (int64_t)(whole.len / cut + 2) * 100 + 1000);
        assert_whole(read_told());
        close_bench();
        cut += cut < 100 ? 50 : 0; /* many small pieces cost much and say little */
    }
    arena_reset(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_and_framing_gives_the_same_answer),
        cmocka_unit_test(a_stream_by_single_bytes_is_the_same_stream),
        TEST(words_reach_the_client_as_they_come),
        TEST(the_provider_sees_its_key_and_never_the_clients),
        TEST(a_connection_serves_many_requests_each_with_its_row),
        TEST(the_demo_answers_without_a_provider),
        TEST(http_1_0_gets_a_whole_stream),
        cmocka_unit_test(requests_that_are_refused_leave_one_row_and_ask_nobody),
        TEST(a_body_from_nobody_is_not_waited_for),
        cmocka_unit_test(a_store_that_cannot_say_is_503),
        TEST(without_a_key_cache_requests_are_served),
        TEST(without_room_for_rows_nothing_is_asked),
        TEST(a_row_that_nobody_takes_is_counted),
        TEST(a_body_over_the_limit_is_413_with_a_row),
        TEST(a_body_that_stops_is_408_with_a_row),
        cmocka_unit_test(refusals_of_a_provider_are_told_in_our_words),
        TEST(a_refusal_without_end_does_not_hold_the_client),
        cmocka_unit_test(what_fails_before_the_first_word_is_tried_elsewhere),
        TEST(what_the_client_did_wrong_is_not_tried_elsewhere),
        TEST(when_all_fail_the_last_failure_is_told),
        cmocka_unit_test(what_fails_after_the_first_word_is_told_in_the_stream),
        TEST(a_stale_connection_is_replaced_at_the_same_endpoint),
        cmocka_unit_test(a_chunked_stream_cut_anywhere_never_looks_complete),
        cmocka_unit_test(a_stream_until_close_cut_anywhere_never_looks_complete),
        cmocka_unit_test(a_whole_answer_cut_anywhere_never_looks_complete),
        cmocka_unit_test(a_stream_in_two_pieces_is_the_same_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
