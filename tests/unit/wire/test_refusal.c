#include "wire/refusal.h"

#include "test.h"

static struct fault refuse(struct arena *arena, int status, const char *body)
{
    struct headers none = {0};
    struct fault fault = {0};

    refusal_read(status, &none, str_c(body), arena, &fault);
    return fault;
}

static void the_message_is_found_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"{\"error\":{\"message\":\"a\"},\"message\":\"b\"}", "a"},
        {"{\"error\":\"a\",\"message\":\"b\"}", "a"},
        {"{\"message\":\"a\",\"detail\":\"b\"}", "a"},
        {"{\"Message\":\"a\"}", "a"},
        {"{\"detail\":\"a\"}", "a"},
        {"{\"detail\":[{\"loc\":[\"body\",\"n\",0],\"msg\":\"a\"}]}", "body.n.0: a"},
        {"{\"detail\":[{\"msg\":\"a\"}]}", "a"},
        {"{\"message\":{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"a\"}]}}", "body: a"},
        {"{\"errors\":[{\"message\":\"a\"}]}", "a"},
        {"[{\"error\":{\"code\":400,\"message\":\"a\"}}]", "a"},
        {"  plain text  ", "plain text"},
        {"", "Provider returned error"},
        {"<html><body>Bad Gateway</body></html>", "Provider returned error"},
        {"{\"error\":{}}", "Provider returned error"},
        {"{\"error\":", "{\"error\":"},
        {"[]", "Provider returned error"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        assert_str_equal(refuse(&arena, 500, cases[i].body).message, str_c(cases[i].want));
        arena_reset(&arena);
    }
}

static void what_aws_calls_an_error_gives_its_type(void **state)
{
    static const struct {
        int status;
        const char *header; /* x-amzn-errortype */
        const char *body;
        enum fault_type type;
        const char *code;
        bool retryable;
    } cases[] = {
        {429, "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
         "{\"message\":\"Too many tokens, please wait before trying again.\"}", FAULT_RATE_LIMIT,
         "ThrottlingException", true},
        {400, "", "{\"__type\":\"com.amazon.coral.service#ThrottlingException\"}", FAULT_RATE_LIMIT,
         "ThrottlingException", true},
        {400, "ServiceQuotaExceededException", "{\"message\":\"Quota.\"}", FAULT_RATE_LIMIT,
         "ServiceQuotaExceededException", true},
        {429, "ModelNotReadyException", "{}", FAULT_RATE_LIMIT, "ModelNotReadyException", true},
        {408, "ModelTimeoutException", "{}", FAULT_TIMEOUT, "ModelTimeoutException", true},
        {424, "ModelErrorException", "{}", FAULT_PROVIDER_UNAVAILABLE, "ModelErrorException", true},
        {403, "AccessDeniedException", "{\"Message\":\"No access to the model.\"}",
         FAULT_PROVIDER_UNAVAILABLE, "AccessDeniedException", true},
        {403, "", "{\"__type\":\"UnrecognizedClientException\"}", FAULT_PROVIDER_UNAVAILABLE,
         "UnrecognizedClientException", true},
        {400, "ValidationException",
         "{\"message\":\"Invocation of model ID a.b with on-demand throughput isn\xe2\x80\x99t "
         "supported.\"}",
         FAULT_NOT_FOUND, "ValidationException", false},
        {400, "ValidationException", "{\"message\":\"The provided model identifier is invalid.\"}",
         FAULT_NOT_FOUND, "ValidationException", false},
        {404, "ResourceNotFoundException",
         "{\"message\":\"This model version has reached the end of its life.\"}", FAULT_NOT_FOUND,
         "ResourceNotFoundException", false},
        {400, "ValidationException", "{\"message\":\"Input is too long for requested model.\"}",
         FAULT_CONTEXT_LENGTH, "ValidationException", false},
        {400, "ValidationException", "{\"message\":\"Malformed input request.\"}",
         FAULT_INVALID_REQUEST, "ValidationException", false},
        {503, "ServiceUnavailableException", "{}", FAULT_PROVIDER_OVERLOADED,
         "ServiceUnavailableException", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct headers headers = {0};
        struct fault fault = {0};
        if (cases[i].header[0] != '\0') {
            headers_add(&headers, &arena, STR("X-Amzn-ErrorType"), str_c(cases[i].header));
        }
        refusal_read(cases[i].status, &headers, str_c(cases[i].body), &arena, &fault);
        if (fault.type != cases[i].type || fault.retryable != cases[i].retryable) {
            fail_msg("case %zu: " STR_FMT, i, STR_ARG(fault_type_name(fault.type)));
        }
        assert_str_equal(fault.provider_code, str_c(cases[i].code));
        arena_reset(&arena);
    }
}

static void the_word_of_the_provider_is_kept(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"{\"error\":{\"code\":\"a\",\"type\":\"b\"}}", "a"},
        {"{\"error\":{\"type\":\"b\"}}", "b"},
        {"{\"error\":{\"code\":400,\"status\":\"c\"}}", "400"},
        {"{\"id\":\"i\",\"message\":\"m\",\"error_type\":\"d\"}", "d"},
        {"{\"error\":\"m\",\"error_type\":\"d\"}", "d"},
        {"{\"message\":\"m\"}", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        assert_str_equal(refuse(&arena, 400, cases[i].body).provider_code, str_c(cases[i].want));
        arena_reset(&arena);
    }
}

static void a_status_and_its_words_give_the_type(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        enum fault_type type;
        enum err kind;
        bool retryable;
    } cases[] = {
        {"", 400, FAULT_INVALID_REQUEST, ERR_INVALID, false},
        {"", 401, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 402, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 403, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 404, FAULT_NOT_FOUND, ERR_MISSING, false},
        {"", 408, FAULT_TIMEOUT, ERR_TIMEOUT, true},
        {"", 409, FAULT_PROVIDER_OVERLOADED, ERR_BUSY, true},
        {"", 413, FAULT_PAYLOAD_TOO_LARGE, ERR_TOO_BIG, false},
        {"", 418, FAULT_INVALID_REQUEST, ERR_INVALID, false},
        {"", 422, FAULT_UNPROCESSABLE, ERR_INVALID, false},
        {"", 424, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 429, FAULT_RATE_LIMIT, ERR_LIMITED, true},
        {"", 498, FAULT_RATE_LIMIT, ERR_LIMITED, true},
        {"", 500, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 502, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 503, FAULT_PROVIDER_OVERLOADED, ERR_BUSY, true},
        {"", 504, FAULT_TIMEOUT, ERR_TIMEOUT, true},
        {"", 520, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"", 529, FAULT_PROVIDER_OVERLOADED, ERR_BUSY, true},
        {"{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"because\"}}", 500,
         FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true}, /* its own failure, whatever it says */
        {"{\"error\":{\"type\":\"overloaded_error\"}}", 500, FAULT_PROVIDER_OVERLOADED, ERR_BUSY,
         true},
        {"", 302, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"{\"error\":{\"code\":\"insufficient_quota\"}}", 429, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER,
         true},
        {"{\"error\":{\"code\":\"context_length_exceeded\"}}", 400, FAULT_CONTEXT_LENGTH,
         ERR_INVALID, false},
        {"{\"error\":{\"message\":\"This model's MAXIMUM context length is 9\"}}", 400,
         FAULT_CONTEXT_LENGTH, ERR_INVALID, false},
        {"{\"error\":{\"type\":\"exceed_context_size_error\"}}", 400, FAULT_CONTEXT_LENGTH,
         ERR_INVALID, false},
        {"{\"type\":\"error\",\"error\":{\"message\":\"Your credit balance is too low\"}}", 400,
         FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"{\"code\":\"x\",\"error\":\"Incorrect API key provided\"}", 400,
         FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},
        {"{\"error\":{\"code\":\"model_not_found\"}}", 400, FAULT_NOT_FOUND, ERR_MISSING, false},
        {"{\"error\":{\"code\":\"content_filter\",\"innererror\":{}}}", 400, FAULT_CONTENT_POLICY,
         ERR_INVALID, false},
        {"{\"error\":\"Content violates usage guidelines\"}", 403, FAULT_CONTENT_POLICY,
         ERR_INVALID, false},
        {"{\"error\":{\"code\":\"tool_use_failed\"}}", 400, FAULT_PROVIDER_UNAVAILABLE, ERR_PEER,
         true},
        {"{\"error\":{\"message\":\"Request too large for model\"}}", 413, FAULT_CONTEXT_LENGTH,
         ERR_INVALID, false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct fault fault = refuse(&arena, cases[i].status, cases[i].body);
        if (fault.type != cases[i].type) {
            fail_msg("%d %s gives %d", cases[i].status, cases[i].body, (int)fault.type);
        }
        assert_int_equal(fault.kind, cases[i].kind);
        assert_int_equal(fault.retryable, cases[i].retryable);
        assert_int_equal(fault.upstream_status, cases[i].status);
        arena_reset(&arena);
    }
}

static void what_google_calls_an_error_gives_its_type(void **state)
{
    static const struct {
        const char *body;
        int status;
        enum fault_type type;
        bool retryable;
    } cases[] = {
        {"{'error':{'code':400,'message':'API key expired. Please renew the API key.'}}", 400,
         FAULT_PROVIDER_UNAVAILABLE, true},
        {"[{'error':{'code':400,'message':'API key not valid. Please pass a valid API key.'}}]",
         400, FAULT_PROVIDER_UNAVAILABLE, true},
        {"{'error':{'code':400,'message':'User location is not supported for the API use.',"
         "'status':'FAILED_PRECONDITION'}}",
         400, FAULT_PROVIDER_UNAVAILABLE, true},
        {"{'error':{'code':403,'message':'This needs billing. Please enable billing.'}}", 403,
         FAULT_PROVIDER_UNAVAILABLE, true},
        {"{'error':{'code':400,'message':'The input token count (9) exceeds the maximum number of "
         "tokens allowed (8).'}}",
         400, FAULT_CONTEXT_LENGTH, false},
        {"{'error':{'code':429,'status':'RESOURCE_EXHAUSTED'}}", 429, FAULT_RATE_LIMIT, true},
        {"{'error':{'code':499,'status':'CANCELLED'}}", 499, FAULT_PROVIDER_UNAVAILABLE, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        str body = arena_copy(&arena, str_c(cases[i].body));
        char *at = arena_take_raw(&arena, body.len + 1);
        for (size_t k = 0; k <= body.len; k++) {
            at[k] = (char)(body.at[k] == '\'' ? '"' : body.at[k]);
        }
        struct fault fault = refuse(&arena, cases[i].status, at);
        assert_int_equal(fault.type, cases[i].type);
        assert_int_equal(fault.retryable, cases[i].retryable);
        arena_reset(&arena);
    }
}

static void an_error_in_a_stream_may_say_how_long_to_wait(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {0};
    json *root = json_read_lenient(&arena, STR("[{\"error\":{\"code\":429,\"details\":[{\"reason\":"
                                               "\"x\"},{\"retryDelay\":\"34.07s\"}]}}]"));

    refusal_read_json(0, root, &arena, &fault);
    assert_int_equal(fault.type, FAULT_RATE_LIMIT);
    assert_int_equal(fault.retry_after_ms, 34070);
    arena_reset(&arena);
}

static void an_error_in_a_stream_names_its_own_status(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum fault_type type;
    } cases[] = {
        {"{\"error\":{\"code\":429,\"message\":\"x\"}}", FAULT_RATE_LIMIT},
        {"{\"error\":{\"code\":\"400\",\"message\":\"x\"}}", FAULT_INVALID_REQUEST},
        {"{\"error\":{\"status_code\":400,\"code\":\"tool_use_failed\"}}",
         FAULT_PROVIDER_UNAVAILABLE},
        {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}",
         FAULT_PROVIDER_OVERLOADED},
        {"{\"error\":{\"type\":\"rate_limit_error\"}}", FAULT_RATE_LIMIT},
        {"{\"error\":{\"type\":\"api_error\"}}", FAULT_PROVIDER_UNAVAILABLE},
        {"{\"error\":{\"type\":\"invalid_request_error\"}}", FAULT_INVALID_REQUEST},
        {"{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\"}}", FAULT_RATE_LIMIT},
        {"{\"error\":\"text\"}", FAULT_PROVIDER_UNAVAILABLE},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct fault fault = {0};
        json *root = json_read_lenient(&arena, str_c(cases[i].body));
        assert_true(refusal_is_error(root));
        refusal_read_json(0, root, &arena, &fault);
        assert_int_equal(fault.type, cases[i].type);
        arena_reset(&arena);
    }
}

static void an_answer_is_no_error(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}",
                                         "{\"error\":null}",
                                         "{\"error\":{}}",
                                         "{\"error\":\"\"}",
                                         "{\"type\":\"message\"}",
                                         "[]",
                                         "7"};

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena arena = {0};
        assert_false(refusal_is_error(json_read_lenient(&arena, str_c(bodies[i]))));
        arena_reset(&arena);
    }
}

static void keys_are_blotted_out(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = refuse(&arena, 401,
                                "{\"error\":{\"message\":\"Incorrect API key: "
                                "sk-proj-0123456789abcdef\"}}");

    assert_str_equal(fault.message, STR("The provider refused the gateway's credentials."));
    assert_int_equal(fault.raw.len, 0);
    assert_str_equal(fault.detail, STR("Incorrect API key: ***"));
    fault = refuse(&arena, 500, "{\"error\":{\"message\":\"key gsk_0123456789abcdef! ask-why\"}}");
    assert_str_equal(fault.message, STR("key ***! ask-why"));
    assert_int_equal(str_find(fault.raw, STR("0123456789")), fault.raw.len);
    arena_reset(&arena);
}

static void what_is_kept_is_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *body = arena_take(&arena, 100001);

    memset(body, 'x', 100000);
    struct fault fault = refuse(&arena, 500, body);
    assert_true(fault.message.len <= 1024);
    assert_int_equal(fault.raw.len, REFUSAL_RAW_BYTES_MAX);
    arena_reset(&arena);
}

static void waits_are_read_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        int64_t want_ms;
    } cases[] = {
        {"retry-after", "2", 2000},
        {"retry-after", "0", 0},
        {"retry-after", "1.5", 1000},
        {"retry-after", "-1", 0},
        {"retry-after", "soon", 0},
        {"retry-after", "99999999999999999999", 0},
        {"retry-after", "90000", 86400000},
        {"retry-after", "Sun, 06 Nov 1994 08:49:47 GMT", 10000},
        {"retry-after", "Sun, 06 Nov 1994 08:49:07 GMT", 0},
        {"retry-after", "Mon, 06 Nov 1995 08:49:37 GMT", 86400000},
        {"retry-after", "Sunday, 06-Nov-94 08:49:37 GMT", 0},
        {"Retry-After-Ms", "250", 250},
        {"retry-after-ms", "250.7", 250},
        {"x-other", "7", 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct headers headers = {0};
        headers_add(&headers, &arena, STR("date"), STR("Sun, 06 Nov 1994 08:49:37 GMT"));
        headers_add(&headers, &arena, str_c(cases[i].name), str_c(cases[i].value));
        assert_int_equal(refusal_retry_after_ms(&headers), cases[i].want_ms);
        arena_reset(&arena);
    }
}

static void durations_add_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want_ms;
    } cases[] = {
        {"12ms", 12},
        {"1s", 1000},
        {"6m0s", 360000},
        {"34.07s", 34070},
        {"2m59.56s", 179560},
        {"1d", 86400000},
        {"17.3999999999s", 17399},
        {"0s", 0},
        {"", -1},
        {"5", -1},
        {"s", -1},
        {"1x", -1},
        {"-1s", -1},
        {"1.s", 1000},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(refusal_duration_ms(str_c(cases[i].text)), cases[i].want_ms);
    }
}

static void a_provider_may_say_whether_to_retry(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct headers headers = {0};
    struct fault fault = {0};

    headers_add(&headers, &arena, STR("x-should-retry"), STR("false"));
    refusal_read(503, &headers, STR(""), &arena, &fault);
    assert_false(fault.retryable);
    headers = (struct headers){0};
    headers_add(&headers, &arena, STR("x-should-retry"), STR("true"));
    refusal_read(400, &headers,
                 STR("{\"error\":{\"details\":[{\"@type\":\"x\"},{\"retryDelay\":\"1.5s\"}]}}"),
                 &arena, &fault);
    assert_true(fault.retryable);
    assert_int_equal(fault.retry_after_ms, 1500);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_is_found_wherever_it_stands),
        cmocka_unit_test(what_aws_calls_an_error_gives_its_type),
        cmocka_unit_test(the_word_of_the_provider_is_kept),
        cmocka_unit_test(a_status_and_its_words_give_the_type),
        cmocka_unit_test(what_google_calls_an_error_gives_its_type),
        cmocka_unit_test(an_error_in_a_stream_may_say_how_long_to_wait),
        cmocka_unit_test(an_error_in_a_stream_names_its_own_status),
        cmocka_unit_test(an_answer_is_no_error),
        cmocka_unit_test(keys_are_blotted_out),
        cmocka_unit_test(what_is_kept_is_bounded),
        cmocka_unit_test(waits_are_read_in_every_form),
        cmocka_unit_test(durations_add_their_units),
        cmocka_unit_test(a_provider_may_say_whether_to_retry),
    };

    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
