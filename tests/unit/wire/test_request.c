/* What all requests to providers have in common. */
#include "wire/request.h"

#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static void a_body_is_posted_as_json(void **state)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct http_request http = {0};
    struct fault fault = {0};

    (void)state;
    buf_init(&body, 100);
    json_open_object(&writer, NULL);
    json_close_object(&writer);
    assert_int_equal(request_post(&writer, STR("/chat"), &arena, &http, &fault), ERR_OK);
    buf_free(&body);
    assert_str_equal(http.method, STR("POST"));
    assert_str_equal(http.path, STR("/chat"));
    assert_str_equal(http.body, STR("{}"));
    assert_int_equal(http.headers.count, 1);
    assert_str_equal(headers_get(&http.headers, STR("content-type")), STR("application/json"));
}

static void a_body_over_its_maximum_is_refused(void **state)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct http_request http = {0};
    struct fault fault = {0};

    (void)state;
    buf_init(&body, 8);
    json_put_str(&writer, NULL, STR("longer than that"));
    assert_int_equal(request_post(&writer, STR("/"), &arena, &http, &fault), ERR_TOO_BIG);
    buf_free(&body);
    assert_int_equal(fault.type, FAULT_PAYLOAD_TOO_LARGE);
    assert_int_equal(http.method.len, 0);
}

static void a_refusal_names_the_part(void **state)
{
    struct fault fault = {0};

    (void)state;
    assert_int_equal(request_refuse_part(&fault, &arena, 2, 1, "is audio"), ERR_INVALID);
    assert_str_equal(fault.param, STR("messages[2].content[1]"));
    assert_str_equal(fault.message, STR("`messages[2].content[1]` is audio"));
    assert_true(fault.retryable);
}

static void arguments_are_sent_as_an_object(void **state)
{
    static const struct {
        const char *arguments;
        const char *want;
    } cases[] = {
        {" {\"a\": 12345678901234567890} ", "{\"input\":{\"a\": 12345678901234567890}}"},
        {"[1]", "{\"input\":{\"value\":[1]}}"},
        {"{\"a\":", "{\"input\":{\"_raw\":\"{\\\"a\\\":\"}}"},
        {" ", "{\"input\":{}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf body;
        struct json_writer writer = json_write_to(&body);
        buf_init(&body, 1000);
        json_open_object(&writer, NULL);
        request_put_arguments(&writer, "input", str_c(cases[i].arguments), &arena);
        json_close_object(&writer);
        assert_str_equal(buf_str(&body), str_c(cases[i].want));
        buf_free(&body);
    }
}

static void the_operators_list_overrules_the_data(void **state)
{
    static const str list[] = {STR_INIT("seed")};
    static const struct model_rules rules = {.refused = STR_INIT("stop "),
                                             .refused_reasoning = STR_INIT("seed ")};
    const struct model listed = {.rules = &rules, .parameters = list, .parameter_count = 1};
    const struct model plain = {.rules = &rules};

    (void)state;
    assert_true(request_sends(&listed, true, STR("seed"), false));
    assert_false(request_sends(&listed, false, STR("top_p"), true));
    assert_true(request_sends(&plain, true, STR("top_p"), true));
    assert_false(request_sends(&plain, true, STR("top_p"), false));
    assert_false(request_sends(&plain, false, STR("stop"), true));
    assert_true(request_sends(&plain, false, STR("seed"), true));
    assert_false(request_sends(&plain, true, STR("seed"), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_body_is_posted_as_json, reset),
        cmocka_unit_test_teardown(a_body_over_its_maximum_is_refused, reset),
        cmocka_unit_test_teardown(a_refusal_names_the_part, reset),
        cmocka_unit_test_teardown(arguments_are_sent_as_an_object, reset),
        cmocka_unit_test_teardown(the_operators_list_overrules_the_data, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
