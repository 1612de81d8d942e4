#include "gate/route.h"

#include "test.h"

static void page(const struct page_request *request, struct page_answer *answer)
{
    (void)request;
    (void)answer;
}

static const struct route table[] = {
    {.path = "/chat/completions", .method = "POST", .surface = &openai_chat_surface},
    {.path = "/models", .method = "GET", .page = page},
    {.path = "/models/", .method = "GET", .page = page},
    {.path = "/healthz", .method = "GET", .page = page, .is_absolute = true},
    {.path = "/any", .method = "*", .page = page, .is_absolute = true},
    {.path = "/", .method = "GET", .page = page, .is_absolute = true},
};
static const struct routes routes = {table, COUNT_OF(table)};

static void paths_are_found_under_every_prefix(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        enum route_result want;
        const char *path;
        const char *rest;
        const char *query;
    } cases[] = {
        {"POST", "/v1/chat/completions", ROUTE_FOUND, "/chat/completions", "", ""},
        {"POST", "/api/v1/chat/completions", ROUTE_FOUND, "/chat/completions", "", ""},
        {"POST", "/chat/completions", ROUTE_FOUND, "/chat/completions", "", ""},
        {"POST", "/v1/chat/completions/", ROUTE_FOUND, "/chat/completions", "", ""},
        {"POST", "/v1/chat/completions?a=b", ROUTE_FOUND, "/chat/completions", "", "a=b"},
        {"POST", "/v1/chat/completions/?a=b?c", ROUTE_FOUND, "/chat/completions", "", "a=b?c"},
        {"POST", "/v1/chat/completions//", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1//chat/completions", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v2/chat/completions", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1/v1/chat/completions", ROUTE_NONE, NULL, "", ""},
        {"POST", "/V1/chat/completions", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1/Chat/completions", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1/chat/completion", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1/chat/completionsx", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1/chat/completions%20", ROUTE_NONE, NULL, "", ""},
        {"POST", "/v1chat/completions", ROUTE_NONE, NULL, "", ""},
        {"GET", "/v1/chat/completions", ROUTE_WRONG_METHOD, "/chat/completions", "", ""},
        {"OPTIONS", "/v1/chat/completions", ROUTE_WRONG_METHOD, "/chat/completions", "", ""},
        {"post", "/v1/chat/completions", ROUTE_WRONG_METHOD, "/chat/completions", "", ""},
        {"GET", "/v1/models", ROUTE_FOUND, "/models", "", ""},
        {"HEAD", "/v1/models", ROUTE_FOUND, "/models", "", ""},
        {"GET", "/v1/models/", ROUTE_FOUND, "/models", "", ""},
        {"GET", "/v1/models/a%2Fb/c?x", ROUTE_FOUND, "/models/", "a%2Fb/c", "x"},
        {"POST", "/v1/models/a", ROUTE_WRONG_METHOD, "/models/", "a", ""},
        {"GET", "/healthz", ROUTE_FOUND, "/healthz", "", ""},
        {"GET", "/healthz/", ROUTE_FOUND, "/healthz", "", ""},
        {"GET", "/v1/healthz", ROUTE_NONE, NULL, "", ""},
        {"HEAD", "/", ROUTE_FOUND, "/", "", ""},
        {"GET", "/?q", ROUTE_FOUND, "/", "", "q"},
        {"PUT", "/any", ROUTE_FOUND, "/any", "", ""},
        {"GET", "/v1", ROUTE_NONE, NULL, "", ""},
        {"GET", "/v1/", ROUTE_NONE, NULL, "", ""},
        {"GET", "", ROUTE_NONE, NULL, "", ""},
        {"GET", "?", ROUTE_NONE, NULL, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct route *route = NULL;
        str rest = STR_NONE;
        str query = STR_NONE;
        enum route_result got = route_find(&routes, str_c(cases[i].method), str_c(cases[i].target),
                                           &route, &rest, &query);
        if (got != cases[i].want) {
            fail_msg("%s %s: %d", cases[i].method, cases[i].target, got);
        }
        if (got != ROUTE_NONE) {
            assert_string_equal(route->path, cases[i].path);
        }
        if (got == ROUTE_FOUND) {
            assert_str_equal(rest, str_c(cases[i].rest));
            assert_str_equal(query, str_c(cases[i].query));
        }
    }
}

static void a_path_that_is_nearly_right_gets_a_hint(void **state)
{
    static const struct {
        const char *target;
        const char *want;
    } cases[] = {
        {"/v1/chat/completion", "/chat/completions"},
        {"/v1/chat/completions/x", "/chat/completions"},
        {"/chat/competions?x=1", "/chat/completions"},
        {"/openai/v1/chat/completions", "/chat/completions"},
        {"/v1/v1/chat/completions", "/chat/completions"},
        {"/v1/Chat/Completions", "/chat/completions"},
        {"/", NULL},
        {"/v1", NULL},
        {"/favicon.ico", NULL},
        {"/wp-login.php", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *got = route_suggest(&routes, str_c(cases[i].target));
        if ((got == NULL) != (cases[i].want == NULL)) {
            fail_msg("%s: %s", cases[i].target, got != NULL ? got : "nothing");
        }
        if (got != NULL) {
            assert_string_equal(got, cases[i].want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_found_under_every_prefix),
        cmocka_unit_test(a_path_that_is_nearly_right_gets_a_hint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
