#include "wire/dialect.h"
#include "wire/surface.h"

#include "share.h"
#include "test.h"

#define BODY                                                                        \
    "{\"messages\":[{\"role\":\"developer\",\"content\":\"S\"},{\"role\":\"user\"," \
    "\"content\":\"Hi\"}],\"stream\":true,\"max_tokens\":5,\"temperature\":0.5}"

/* The request to a deployment; `base` is the model behind it, NULL when nobody said. */
static struct http_request send(struct arena *arena, const char *deployment, const char *base,
                                const struct site *site)
{
    struct model model = {
        .name = str_c(deployment),
        .quirks = share_quirks("azure", "azure"),
        .rules = base != NULL ? share_rules(base) : NULL,
        .site = site,
    };
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    assert_int_equal(openai_chat_surface.decode_request(STR(BODY), arena, &chat, &fault), ERR_OK);
    assert_int_equal(azure_dialect.encode_request(chat, &model, arena, &request, &fault), ERR_OK);
    assert_non_null(json_read_lenient(arena, request.http.body));
    return request.http;
}

static bool has(str body, const char *member)
{
    return str_find(body, str_c(member)) < body.len;
}

static void paths_are_of_two_shapes(void **state)
{
    (void)state;
    static const struct {
        struct site site;
        const char *deployment;
        const char *want;
    } cases[] = {
        {{.platform = PLATFORM_AZURE}, "gpt", "/openai/v1/chat/completions"},
        {{.platform = PLATFORM_AZURE, .api_version = STR_INIT("preview")},
         "gpt",
         "/openai/v1/chat/completions?api-version=preview"},
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2025-01-01-preview")},
         "my-gpt_4.1",
         "/openai/deployments/my-gpt_4.1/chat/completions?api-version=2025-01-01-preview"},
        {{.platform = PLATFORM_AZURE_CLASSIC},
         "gpt",
         "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"},
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2024-10-21")},
         "../x?y",
         "/openai/deployments/..%2Fx%3Fy/chat/completions?api-version=2024-10-21"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        assert_str_equal(send(&arena, cases[i].deployment, NULL, &cases[i].site).path,
                         str_c(cases[i].want));
        arena_reset(&arena);
    }
}

static void the_deployment_is_the_model_of_the_body(void **state)
{
    (void)state;
    struct arena arena = {0};

    assert_true(has(send(&arena, "prod", NULL, NULL).body, "{\"model\":\"prod\","));
    assert_str_equal(send(&arena, "prod", NULL, NULL).path, STR("/openai/v1/chat/completions"));
    arena_reset(&arena);
}

/* The name of a deployment says nothing. */
static void the_base_model_decides_what_is_sent(void **state)
{
    (void)state;
    static const struct site site = {.platform = PLATFORM_AZURE};
    static const struct {
        const char *deployment;
        const char *base;
        bool sends_temperature;
        bool sends_developer;
    } cases[] = {
        {"prod", "gpt-5", false, true},
        {"prod", "gpt-4o", true, false},
        {"gpt-5", NULL, true, false}, /* it may be anybody's model */
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        str body = send(&arena, cases[i].deployment, cases[i].base, &site).body;
        assert_int_equal(has(body, "\"temperature\":0.5"), cases[i].sends_temperature);
        assert_int_equal(has(body, "\"role\":\"developer\""), cases[i].sends_developer);
        assert_true(has(body, "\"max_completion_tokens\":5"));
        arena_reset(&arena);
    }
}

static void old_versions_are_not_asked_for_usage(void **state)
{
    (void)state;
    static const struct {
        struct site site;
        bool asks;
    } cases[] = {
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2024-06-01")}, false},
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2024-08-01-preview")},
         false},
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2024-09-01-preview")}, true},
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2024-10-21")}, true},
        {{.platform = PLATFORM_AZURE_CLASSIC}, true},
        {{.platform = PLATFORM_AZURE, .api_version = STR_INIT("preview")}, true},
        {{.platform = PLATFORM_AZURE}, true},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        str body = send(&arena, "gpt", "gpt-4o", &cases[i].site).body;
        assert_int_equal(has(body, "stream_options"), cases[i].asks);
        assert_true(has(body, "\"stream\":true"));
        arena_reset(&arena);
    }
}

static void refusals_are_sorted(void **state)
{
    (void)state;
    static const struct { /* NOLINT(clang-analyzer-optin.performance.Padding): read row by row */
        int status;
        const char *body;
        enum fault_type type;
    } cases[] = {
        {400,
         "{\"error\":{\"message\":\"The response was filtered\",\"param\":\"prompt\",\"code\":"
         "\"content_filter\",\"status\":400,\"innererror\":{\"code\":"
         "\"ResponsibleAIPolicyViolation\",\"content_filter_result\":{\"hate\":{\"filtered\":"
         "true}}}}}",
         FAULT_CONTENT_POLICY},
        {400,
         "{\"error\":{\"message\":\"blocked\",\"code\":null,\"innererror\":{\"code\":"
         "\"ResponsibleAIPolicyViolation\"}}}",
         FAULT_CONTENT_POLICY},
        {404, "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"no such deployment\"}}",
         FAULT_NOT_FOUND},
        {404, "{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}", FAULT_NOT_FOUND},
        {401, "{\"error\":{\"code\":\"401\",\"message\":\"Access denied\"}}",
         FAULT_PROVIDER_UNAVAILABLE},
        {429, "{\"error\":{\"code\":\"RateLimitReached\",\"message\":\"retry after 2 seconds\"}}",
         FAULT_RATE_LIMIT},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct headers headers = {0};
        struct fault fault = {0};
        headers_add(&headers, &arena, STR("retry-after-ms"), STR("1500"));
        azure_dialect.decode_refusal(cases[i].status, &headers, str_c(cases[i].body), &arena,
                                     &fault);
        assert_int_equal(fault.type, cases[i].type);
        assert_int_equal(fault.retry_after_ms, 1500);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_of_two_shapes),
        cmocka_unit_test(the_deployment_is_the_model_of_the_body),
        cmocka_unit_test(the_base_model_decides_what_is_sent),
        cmocka_unit_test(old_versions_are_not_asked_for_usage),
        cmocka_unit_test(refusals_are_sorted),
    };

    return cmocka_run_group_tests_name("azure", tests, NULL, NULL);
}
