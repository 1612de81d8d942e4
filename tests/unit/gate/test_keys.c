#include "codec/sigv4.h"
#include "gate/exchange.h"

#include "spoken.h"

/* --- how a key is shown --- */

static void every_kind_of_key_stands_where_its_provider_looks(void **state)
{
    static const struct {
        enum credential credential;
        const char *want;
    } cases[] = {
        {CREDENTIAL_BEARER, "authorization: Bearer s3cr&t\r\n"},
        {CREDENTIAL_X_API_KEY, "x-api-key: s3cr&t\r\n"},
        {CREDENTIAL_API_KEY, "api-key: s3cr&t\r\n"},
        {CREDENTIAL_X_GOOG_API_KEY, "x-goog-api-key: s3cr&t\r\n"},
        {CREDENTIAL_QUERY_KEY, "POST /v1/chat/completions?key=s3cr%26t HTTP/1.1\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) + 1; i++) {
        open_bench();
        const struct provider_key key = {.credential = i < COUNT_OF(cases) ? cases[i].credential
                                                                           : CREDENTIAL_NONE,
                                         .secret = STR("s3cr&t")};
        set_keys(ALPHA, &key, 1);
        reply_whole(ALPHA);
        ask("one", "");
        assert_true(told_looks_complete(read_told()));
        if (i < COUNT_OF(cases)) {
            assert_true(holds(heard(ALPHA), cases[i].want));
        } else {
            assert_false(holds(heard(ALPHA), "s3cr"));
        }
        assert_told_nowhere("s3cr");
        close_bench();
    }
}

static const struct aws_login aws_login = {.from = AWS_STATIC,
                                           .access_key_id = STR_INIT("AKIDEXAMPLE"),
                                           .secret_access_key = STR_INIT("aws-secret"),
                                           .session_token = STR_INIT("session")};
static const struct provider_key aws_key = {.credential = CREDENTIAL_AWS, .aws = &aws_login};

/* The value of a header of the n-th request that the server heard. */
static str heard_header(int server, size_t n, const char *name)
{
    str rest = heard(server);

    for (size_t i = 0; i < n; i++) {
        rest = str_skip(rest, str_find(str_skip(rest, 1), STR("POST ")) + 1);
    }
    rest = str_skip(rest, str_find(rest, str_c(name)) + strlen(name) + 2);
    return str_take(rest, str_find_char(rest, '\r'));
}

static void a_request_for_aws_is_signed_as_it_is_sent(void **state)
{
    struct headers headers = {0};

    (void)state;
    set_keys(ALPHA, &aws_key, 1);
    bench.gateway.snapshot->providers[ALPHA].site.region = STR("eu-west-1");
    reply_whole(ALPHA);
    ask("one", "");
    assert_true(told_looks_complete(read_told()));
    str body = str_skip(heard(ALPHA), str_find(heard(ALPHA), STR("\r\n\r\n")) + 4);
    const struct http_request request = {
        .method = STR("POST"), .path = STR("/v1/chat/completions"), .body = body};
    const struct sigv4_request what = {.request = &request,
                                       .authority = heard_header(ALPHA, 0, "Host"),
                                       .region = STR("eu-west-1"),
                                       .service = STR("bedrock"),
                                       .now_s = 1700000001};
    const struct sigv4_login login = {.access_key_id = aws_login.access_key_id,
                                      .secret_access_key = aws_login.secret_access_key,
                                      .session_token = aws_login.session_token};
    headers_add(&headers, &bench.arena, STR("content-type"), STR("application/json"));
    sigv4_sign(&what, &login, &bench.arena, &headers);
    assert_str_equal(heard_header(ALPHA, 0, "authorization"),
                     headers_get(&headers, STR("authorization")));
    assert_str_equal(heard_header(ALPHA, 0, "x-amz-date"), STR("20231114T221321Z"));
    assert_told_nowhere("aws-secret");
}

static void a_clock_that_is_wrong_is_set_by_the_providers_once(void **state)
{
    static const char expired[] = "HTTP/1.1 403 X\r\nDate: Tue, 14 Nov 2023 22:43:21 GMT\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n"
                                  "{\"message\":\"Signature expired: 20231114T22 is now\"}";

    (void)state;
    set_keys(ALPHA, &aws_key, 1);
    reply(ALPHA, str_c(expired));
    reply_whole(ALPHA);
    ask("one", "");
    assert_true(told_looks_complete(read_told()));
    assert_str_equal(heard_header(ALPHA, 0, "x-amz-date"), STR("20231114T221321Z"));
    assert_str_equal(heard_header(ALPHA, 1, "x-amz-date"), STR("20231114T224321Z"));
    assert_int_equal(the_row()->attempts, 2);
    (void)ask_again("one", "");
    assert_str_equal(heard_header(ALPHA, 2, "x-amz-date"), STR("20231114T224321Z"));
    assert_int_equal(bench.gateway.providers[ALPHA].request_count, 3);
}

static void a_signature_that_is_refused_by_the_right_clock_is_not_tried_again(void **state)
{
    static const char refused[] = "HTTP/1.1 403 X\r\nDate: Tue, 14 Nov 2023 22:13:21 GMT\r\n"
                                  "Content-Length: 36\r\n\r\n"
                                  "{\"message\":\"InvalidSignatureException\"}";

    (void)state;
    set_keys(ALPHA, &aws_key, 1);
    reply(ALPHA, str_take(str_c(refused), sizeof(refused) - 4));
    ask("one", "");
    assert_int_equal(read_told()->status, 502);
    assert_int_equal(bench.gateway.providers[ALPHA].request_count, 1);
}

/* --- several keys --- */

static const struct provider_key two_keys[] = {
    {.credential = CREDENTIAL_BEARER, .secret = STR_INIT("key-one")},
    {.credential = CREDENTIAL_BEARER, .secret = STR_INIT("key-two")},
};

static void a_key_that_is_refused_is_followed_by_the_next_one(void **state)
{
    static const int statuses[] = {401, 402, 403, 429};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(statuses) * 2; i++) {
        bool is_stream = i % 2 == 1;
        open_bench();
        set_keys(ALPHA, two_keys, 2);
        reply_json(ALPHA, statuses[i / 2], "{\"error\":{\"message\":\"not with key-one\"}}");
        reply(ALPHA, is_stream ? answer_stream(&bench.arena, false, BY_CHUNKS)
                               : answer_whole(&bench.arena, false, BY_CHUNKS));
        ask("two", is_stream ? "\"stream\":true" : "");
        assert_true(told_looks_complete(read_told()));
        assert_str_equal(heard_header(ALPHA, 0, "authorization"), STR("Bearer key-one"));
        assert_str_equal(heard_header(ALPHA, 1, "authorization"), STR("Bearer key-two"));
        assert_int_equal(bench.gateway.providers[BETA].request_count, 0);
        assert_int_equal(the_row()->attempts, 2);
        assert_string_equal(the_row()->error_type, "");
        assert_told_nowhere("key-one");
        close_bench();
    }
}

static void when_all_keys_are_refused_the_next_endpoint_is_asked(void **state)
{
    (void)state;
    set_keys(ALPHA, two_keys, 2);
    reply_json(ALPHA, 401, "{\"error\":{\"message\":\"no\"}}");
    reply_whole(BETA);
    ask("two", "");
    assert_true(told_looks_complete(read_told()));
    assert_int_equal(bench.gateway.providers[ALPHA].request_count, 2);
    assert_int_equal(the_row()->attempts, 3);
    assert_string_equal(the_row()->provider, "beta");
}

static void a_provider_that_is_down_is_not_asked_with_every_key(void **state)
{
    (void)state;
    set_keys(ALPHA, two_keys, 2);
    reply_json(ALPHA, 503, "{}");
    reply_whole(BETA);
    ask("two", "");
    assert_true(told_looks_complete(read_told()));
    assert_int_equal(bench.gateway.providers[ALPHA].request_count, 1);
    assert_int_equal(the_row()->attempts, 2);
}

static void a_bad_request_is_sent_with_one_key_only(void **state)
{
    (void)state;
    set_keys(ALPHA, two_keys, 2);
    reply_json(ALPHA, 400, "{\"error\":{\"message\":\"no such member\"}}");
    ask("two", "");
    assert_int_equal(read_told()->status, 400);
    assert_int_equal(bench.gateway.providers[ALPHA].request_count, 1);
}

static void requests_begin_with_different_keys(void **state)
{
    (void)state;
    set_keys(ALPHA, two_keys, 2);
    reply_whole(ALPHA);
    ask("one", "");
    (void)ask_again("one", "");
    (void)ask_again("one", "");
    assert_int_equal(count_of(heard(ALPHA), "Bearer key-one\r\n"), 2);
    assert_int_equal(count_of(heard(ALPHA), "Bearer key-two\r\n"), 1);
}

/* --- what a provider is not told --- */

static const char *const *drops; /* names that the dialect below drops; ended by NULL */

static enum err encode_with_drops(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault)
{
    for (size_t i = 0; drops[i] != NULL; i++) {
        drops_add(&out->drops, arena, str_c(drops[i]));
    }
    return openai_chat_dialect.encode_request(chat, model, arena, out, fault);
}

static void use_dropping_dialect(int provider, const char *const *names)
{
    static struct dialect dropping;

    dropping = openai_chat_dialect;
    dropping.encode_request = encode_with_drops;
    drops = names;
    set_dialect(provider, &dropping);
}

static void what_was_dropped_is_listed_on_whole_answers_and_streams(void **state)
{
    static const char *const names[] = {"top_k", "seed", NULL};

    (void)state;
    for (int is_stream = 0; is_stream < 2; is_stream++) {
        open_bench();
        use_dropping_dialect(ALPHA, names);
        reply(ALPHA, is_stream ? answer_stream(&bench.arena, false, BY_CHUNKS)
                               : answer_whole(&bench.arena, false, BY_CHUNKS));
        ask("one", is_stream ? "\"stream\":true" : "");
        assert_true(told_looks_complete(read_told()));
        assert_true(
            holds(buf_str(&bench.client->received), "x-gatehouse-dropped: top_k, seed\r\n"));
        close_bench();
    }
}

static void nothing_is_listed_when_nothing_was_dropped(void **state)
{
    static const char *const names[] = {"\r\n", " ", NULL}; /* nothing that can be shown */

    (void)state;
    use_dropping_dialect(ALPHA, names);
    reply_whole(ALPHA);
    ask("one", "");
    assert_true(told_looks_complete(read_told()));
    assert_false(holds(buf_str(&bench.client->received), "x-gatehouse-dropped"));
}

static void names_in_the_list_are_plain_and_whole(void **state)
{
    static char long_name[400];
    static const char *const names[] = {"a\r\nset-cookie: b", long_name, long_name + 1, "z", NULL};

    (void)state;
    memset(long_name, 'x', sizeof(long_name) - 1);
    use_dropping_dialect(ALPHA, names);
    reply_whole(ALPHA);
    ask("one", "");
    assert_true(told_looks_complete(read_told()));
    str want = arena_printf(&bench.arena, "x-gatehouse-dropped: aset-cookieb, %s\r\n", long_name);
    assert_true(holds(buf_str(&bench.client->received), want.at));
}

static const char all_or_nothing[] = "\"provider\":{\"require_parameters\":true}";

static void who_wants_all_or_nothing_is_served_where_nothing_is_dropped(void **state)
{
    static const char *const names[] = {"top_k", NULL};

    (void)state;
    use_dropping_dialect(ALPHA, names);
    reply_whole(ALPHA);
    reply_whole(BETA);
    ask("two", all_or_nothing);
    assert_true(told_looks_complete(read_told()));
    assert_int_equal(bench.gateway.providers[ALPHA].request_count, 0);
    assert_false(holds(buf_str(&bench.client->received), "x-gatehouse-dropped"));
    assert_int_equal(the_row()->attempts, 1);
    assert_string_equal(the_row()->provider, "beta");
}

static void who_wants_all_or_nothing_is_told_what_is_not_supported(void **state)
{
    static const char *const names[] = {"top_k", "seed", NULL};

    (void)state;
    use_dropping_dialect(ALPHA, names);
    set_keys(ALPHA, two_keys, 2);
    ask("one", all_or_nothing);
    assert_int_equal(read_told()->status, 404);
    assert_string_equal(bench.told.error_type, "not_found");
    str body = buf_str(&bench.told.body);
    assert_true(holds(body, "No endpoints found that can handle the requested parameters (") &&
                holds(body, "top_k, seed"));
    assert_int_equal(bench.gateway.providers[ALPHA].connection_count, 0);
    assert_int_equal(the_row()->attempts, 0);
    assert_string_equal(the_row()->provider, "");
}

/* Who was asked and failed is told of, not who could not be asked. */
static void a_failure_of_a_provider_is_told_before_what_another_cannot_say(void **state)
{
    static const char *const names[] = {"top_k", NULL};

    (void)state;
    use_dropping_dialect(BETA, names);
    reply_json(ALPHA, 429, "{\"error\":{\"message\":\"slow down\"}}");
    ask("two", all_or_nothing);
    assert_int_equal(read_told()->status, 429);
    assert_string_equal(the_row()->provider, "alpha");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_key_stands_where_its_provider_looks),
        TEST(a_request_for_aws_is_signed_as_it_is_sent),
        TEST(a_clock_that_is_wrong_is_set_by_the_providers_once),
        TEST(a_signature_that_is_refused_by_the_right_clock_is_not_tried_again),
        cmocka_unit_test(a_key_that_is_refused_is_followed_by_the_next_one),
        TEST(when_all_keys_are_refused_the_next_endpoint_is_asked),
        TEST(a_provider_that_is_down_is_not_asked_with_every_key),
        TEST(a_bad_request_is_sent_with_one_key_only),
        TEST(requests_begin_with_different_keys),
        cmocka_unit_test(what_was_dropped_is_listed_on_whole_answers_and_streams),
        TEST(nothing_is_listed_when_nothing_was_dropped),
        TEST(names_in_the_list_are_plain_and_whole),
        TEST(who_wants_all_or_nothing_is_served_where_nothing_is_dropped),
        TEST(who_wants_all_or_nothing_is_told_what_is_not_supported),
        TEST(a_failure_of_a_provider_is_told_before_what_another_cannot_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
