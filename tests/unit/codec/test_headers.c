#include "codec/headers.h"

#include "test.h"

static struct headers sample(struct arena *arena)
{
    struct headers headers = {0};

    headers_add(&headers, arena, STR("Connection"), STR("keep-alive, Upgrade"));
    headers_add(&headers, arena, STR("X-A"), STR("1"));
    headers_add(&headers, arena, STR("x-a"), STR("2"));
    headers_add(&headers, arena, STR("CONNECTION"), STR(" ,\tClose\t,"));
    headers_add(&headers, arena, STR("Empty"), STR(""));
    return headers;
}

static void lookups_ignore_case_and_give_the_first(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct headers headers = sample(&arena);

    assert_str_equal(headers_get(&headers, STR("x-A")), STR("1"));
    assert_non_null(headers_get(&headers, STR("empty")).at);
    assert_int_equal(headers_get(&headers, STR("empty")).len, 0);
    assert_null(headers_get(&headers, STR("x")).at);
    assert_null(headers_get(&headers, STR("x-ab")).at);
    assert_int_equal(headers_count(&headers, STR("X-a")), 2);
    assert_int_equal(headers_count(&headers, STR("y")), 0);
    arena_reset(&arena);
}

static void tokens_are_found_in_every_list_of_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        bool want;
    } cases[] = {
        {"keep-alive", true}, {"upgrade", true}, {"close", true}, {"CLOSE", true},
        {"clos", false},      {"keep", false},   {"1", false},
    };
    struct arena arena = {0};
    struct headers headers = sample(&arena);

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(headers_has_token(&headers, STR("connection"), str_c(cases[i].token)),
                         cases[i].want);
    }
    arena_reset(&arena);
}

static void many_headers_keep_their_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct headers headers = {0};

    for (int i = 0; i < 200; i++) {
        headers_add(&headers, &arena, arena_printf(&arena, "x-%d", i), STR("v"));
    }
    assert_int_equal(headers.count, 200);
    for (size_t i = 0; i < headers.count; i++) {
        assert_str_equal(headers.at[i].name, arena_printf(&arena, "x-%zu", i));
    }
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_ignore_case_and_give_the_first),
        cmocka_unit_test(tokens_are_found_in_every_list_of_the_name),
        cmocka_unit_test(many_headers_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
