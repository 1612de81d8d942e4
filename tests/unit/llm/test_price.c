#include "llm/price.h"

#include "test.h"

static void a_price_is_a_plain_decimal(void **state)
{
    (void)state;
    static const struct {
        str text;
        int64_t want;
    } good[] = {
        {STR_INIT("0"), 0},
        {STR_INIT("0.0000025"), 2500000},
        {STR_INIT("0.0000000375"), 37500},
        {STR_INIT("0.000000000001"), 1},
        {STR_INIT("1"), 1000000000000},
        {STR_INIT("00.5"), 500000000000},
        {STR_INIT("9223372.036854775807"), INT64_MAX},
    };
    static const str bad[] = {
        STR_INIT(""),      STR_INIT("."),
        STR_INIT("1."),    STR_INIT(".5"),
        STR_INIT("-1"),    STR_INIT("+1"),
        STR_INIT("1e-6"),  STR_INIT("0.0000000000001"),
        STR_INIT("1 "),    STR_INIT("1,5"),
        STR_INIT("NaN"),   STR_INIT("9223372.036854775808"),
        STR_INIT("1.2.3"), STR_INIT("9999999999999999999999"),
    };

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t got = -1;
        assert_int_equal(price_parse(good[i].text, &got), ERR_OK);
        assert_int_equal(got, good[i].want);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t got = -1;
        assert_int_equal(price_parse(bad[i], &got), ERR_INVALID);
        assert_int_equal(got, -1);
    }
}

static void money_is_written_without_trailing_zeros(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        str nano;
        str pico;
    } cases[] = {
        {0, STR_INIT("0"), STR_INIT("0")},
        {1, STR_INIT("0.000000001"), STR_INIT("0.000000000001")},
        {12000, STR_INIT("0.000012"), STR_INIT("0.000000012")},
        {1000000000, STR_INIT("1"), STR_INIT("0.001")},
        {1500000000000, STR_INIT("1500"), STR_INIT("1.5")},
        {INT64_MAX, STR_INIT("9223372036.854775807"), STR_INIT("9223372.036854775807")},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[32];
        assert_str_equal(price_format_nanousd(cases[i].value, text), cases[i].nano);
        assert_str_equal(price_format_picousd(cases[i].value, text), cases[i].pico);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 1, 999, 1000, 37500, 2500000, 123456789012345, INT64_MAX};

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char text[32];
        int64_t got = -1;
        assert_int_equal(price_parse(price_format_picousd(values[i], text), &got), ERR_OK);
        assert_int_equal(got, values[i]);
    }
}

static void cached_tokens_are_priced_apart_and_lines_round_up(void **state)
{
    (void)state;
    static const struct pricing pricing = {true, 2500000, 10000000, 1250000, -1, 0};
    static const struct pricing tiny = {true, 1, 1, -1, -1, 1};
    static const struct {
        const struct pricing *pricing;
        struct usage usage;
        int64_t prompt;
        int64_t completion;
        int64_t total;
    } cases[] = {
        {&pricing, {.prompt = 12, .completion = 5}, 30000, 50000, 80000},
        {&pricing, {.prompt = 12, .completion = 5, .prompt_cached = 4}, 25000, 50000, 75000},
        {&pricing, {.prompt = 12, .prompt_cached = 4, .prompt_cache_write = 8}, 25000, 0, 25000},
        /* More cached than there is: nothing is left to be charged as plain. */
        {&pricing, {.prompt = 2, .prompt_cached = 4}, 5000, 0, 5000},
        {&tiny, {.prompt = 1, .completion = 1}, 1, 1, 3},
        {&tiny, {.prompt = 1000, .completion = 1001}, 1, 2, 4},
        {&tiny, {0}, 0, 0, 1},
        {&pricing, {.prompt = INT64_MAX}, INT64_MAX / 1000 + 1, 0, INT64_MAX / 1000 + 1},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cost cost = price_cost(cases[i].pricing, &cases[i].usage);
        assert_true(cost.known);
        assert_int_equal(cost.prompt_nanousd, cases[i].prompt);
        assert_int_equal(cost.completion_nanousd, cases[i].completion);
        assert_int_equal(cost.total_nanousd, cases[i].total);
    }
}

static void without_prices_a_cost_is_not_known(void **state)
{
    (void)state;
    struct pricing pricing = {.prompt_picousd = 5};
    struct usage usage = {.prompt = 10};

    assert_false(price_cost(&pricing, &usage).known);
    assert_int_equal(price_cost(&pricing, &usage).total_nanousd, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_is_a_plain_decimal),
        cmocka_unit_test(money_is_written_without_trailing_zeros),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(cached_tokens_are_priced_apart_and_lines_round_up),
        cmocka_unit_test(without_prices_a_cost_is_not_known),
    };

    return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
