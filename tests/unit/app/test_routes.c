#include "app/routes.h"
#include "codec/json.h"

#include "store_double.h"
#include "test.h"

static struct arena arena;
static struct buf body;
static struct snapshot snapshot;
static struct app_state app;
static struct catalogue_model model;
static struct endpoint endpoint;
static struct provider provider;

static int set_up(void **state)
{
    (void)state;
    buf_init(&body, 256 * 1024);
    store_double_reset();
    memset(&snapshot, 0, sizeof(snapshot));
    memset(&app, 0, sizeof(app));
    provider = (struct provider){.name = STR("p")};
    endpoint = (struct endpoint){.provider = &provider, .pricing = pricing_of_tokens(2500000, 0)};
    endpoint.pricing.cache_write_picousd = 10;
    model = (struct catalogue_model){.id = STR("maker/large \"1\""),
                                     .name = STR("Large"),
                                     .created_s = 1700000000,
                                     .context_tokens = 128000,
                                     .endpoints = &endpoint,
                                     .endpoint_count = 1};
    snapshot.providers = &provider;
    snapshot.provider_count = 1;
    snapshot.models = &model;
    snapshot.model_count = 1;
    assert_true(map_add(&snapshot.models_by_name, &arena, model.id, &model));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_free(&body);
    arena_reset(&arena);
    return 0;
}

/* The answer of a page as JSON. */
static struct page_answer visit(const char *target, const char *rest_decoded, json **root)
{
    const struct route *route = NULL;
    struct fault fault = {0};
    str rest = STR_NONE;
    str query = STR_NONE;

    assert_int_equal(route_find(&app_routes, STR("GET"), str_c(target), &route, &rest, &query),
                     ROUTE_FOUND);
    assert_non_null(route->page);
    body.len = 0;
    struct page_answer answer = {.status = 200, .body = &body};
    const struct page_request request = {.snapshot = &snapshot,
                                         .app = &app,
                                         .rest = str_c(rest_decoded),
                                         .query = query,
                                         .arena = &arena};
    route->page(&request, &answer);
    if (answer.status != 0 && root != NULL) {
        assert_int_equal(json_read(&arena, buf_str(&body), root, &fault), ERR_OK);
    }
    return answer;
}

static void what_is_served_is_in_the_table(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        enum route_result want;
    } cases[] = {
        {"POST", "/v1/chat/completions", ROUTE_FOUND},
        {"POST", "/api/v1/chat/completions", ROUTE_FOUND},
        {"GET", "/v1/chat/completions", ROUTE_WRONG_METHOD},
        {"GET", "/v1/models", ROUTE_FOUND},
        {"GET", "/v1/models/maker/large", ROUTE_FOUND},
        {"DELETE", "/v1/models", ROUTE_WRONG_METHOD},
        {"GET", "/healthz", ROUTE_FOUND},
        {"GET", "/readyz", ROUTE_FOUND},
        {"GET", "/version", ROUTE_FOUND},
        {"GET", "/", ROUTE_FOUND},
        {"GET", "/v1/healthz", ROUTE_NONE},
        {"GET", "/admin", ROUTE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct route *route = NULL;
        str rest = STR_NONE;
        str query = STR_NONE;
        assert_int_equal(route_find(&app_routes, str_c(cases[i].method), str_c(cases[i].target),
                                    &route, &rest, &query),
                         cases[i].want);
    }
}

static void pages_about_accounts_and_models_need_a_key_others_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < app_routes.count; i++) {
        const struct route *route = &app_routes.at[i];
        bool is_public = route->is_absolute;
        assert_int_equal(route->surface == NULL && !route->needs_key, is_public);
    }
}

static void health_is_ok(void **state)
{
    json *root = NULL;

    (void)state;
    assert_int_equal(visit("/healthz", "", &root).status, 200);
    assert_str_equal(json_str(root, "status"), STR("ok"));
    assert_int_equal(visit("/version", "", &root).status, 200);
    assert_str_equal(json_str(root, "name"), STR("gatehouse"));
    assert_int_equal(visit("/", "", NULL).status, 200);
    assert_true(str_find(buf_str(&body), STR("/v1/chat/completions")) < body.len);
}

static void ready_tells_why_it_is_not(void **state)
{
    json *root = NULL;

    (void)state;
    assert_int_equal(visit("/readyz", "", &root).status, 200);
    assert_str_equal(json_str(root, "status"), STR("ready"));
    snapshot.provider_count = 0;
    assert_int_equal(visit("/readyz", "", &root).status, 503);
    assert_str_equal(json_str(root, "reason"), STR("no provider is configured"));
    store_double.is_full = true;
    assert_int_equal(visit("/readyz", "", &root).status, 503);
    assert_str_equal(json_str(root, "reason"), STR("the store takes no rows"));
    atomic_store(&app.draining, true);
    assert_int_equal(visit("/readyz", "", &root).status, 503);
    assert_str_equal(json_str(root, "status"), STR("not ready"));
    assert_str_equal(json_str(root, "reason"), STR("draining"));
}

static void models_are_listed(void **state)
{
    json *root = NULL;

    (void)state;
    assert_int_equal(visit("/v1/models", "", &root).status, 200);
    struct json_walk walk = json_walk(json_get(root, "data"));
    assert_true(json_next(&walk));
    assert_str_equal(json_str(walk.value, "id"), model.id);
    assert_str_equal(json_str(walk.value, "owned_by"), STR("maker"));
    assert_true(json_int(walk.value, "created") == 1700000000);
    assert_str_equal(json_str(walk.value, "created_at"), STR("2023-11-14T22:13:20Z"));
    assert_true(json_int(walk.value, "context_length") == 128000);
    assert_true(json_is(json_get(walk.value, "max_tokens"), JSON_NULL));
    json *pricing = json_get(walk.value, "pricing");
    assert_str_equal(json_str(pricing, "prompt"), STR("0.0000025"));
    assert_str_equal(json_str(pricing, "completion"), STR("0"));
    assert_str_equal(json_str(pricing, "input_cache_write"), STR("0.00000000001"));
    assert_true(json_is(json_get(pricing, "input_cache_read"), JSON_ABSENT));
    assert_false(json_next(&walk));
    assert_true(json_int(root, "total_count") == 1);
    assert_str_equal(json_str(root, "first_id"), model.id);
    snapshot.model_count = 0;
    assert_int_equal(visit("/v1/models", "", &root).status, 200);
    assert_int_equal(json_count(json_get(root, "data")), 0);
    assert_true(json_is(json_get(root, "first_id"), JSON_NULL));
}

static void one_model_is_told_by_its_id(void **state)
{
    json *root = NULL;

    (void)state;
    assert_int_equal(visit("/v1/models/x", "maker/large \"1\"", &root).status, 200);
    assert_str_equal(json_str(root, "id"), model.id);
    struct page_answer answer = visit("/v1/models/x", "nobody", &root);
    assert_int_equal(answer.status, 0);
    assert_int_equal(answer.fault.type, FAULT_NOT_FOUND);
}

static void a_list_too_large_is_our_fault(void **state)
{
    (void)state;
    buf_free(&body);
    buf_init(&body, 100);
    struct page_answer answer = visit("/v1/models", "", NULL);
    assert_int_equal(answer.status, 0);
    assert_int_equal(answer.fault.type, FAULT_SERVER);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_served_is_in_the_table),
        TEST(pages_about_accounts_and_models_need_a_key_others_do_not),
        TEST(health_is_ok),
        TEST(ready_tells_why_it_is_not),
        TEST(models_are_listed),
        TEST(one_model_is_told_by_its_id),
        TEST(a_list_too_large_is_our_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
