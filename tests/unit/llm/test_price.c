#include "llm/price.h"

#include "test.h"

#include <stdio.h>

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

static const struct pricing usual = {
    .set = true,
    .prompt_picousd = 2500000,
    .completion_picousd = 10000000,
    .cache_read_picousd = 1250000,
    .cache_write_picousd = -1,
    .cache_write_1h_picousd = -1,
    .audio_cache_picousd = -1,
    .image_token_picousd = -1,
    .audio_picousd = 40000000,
    .reasoning_picousd = -1,
    .image_output_picousd = -1,
    .audio_output_picousd = 80000000,
    .image_picousd = -1,
    .web_search_picousd = INT64_C(10000000000),
};

static void a_cost_is_rounded_up_once(void **state)
{
    (void)state;
    struct pricing tiny = PRICING_NONE;
    static const struct {
        bool is_tiny;
        struct usage usage;
        int64_t prompt;
        int64_t completion;
        int64_t total;
    } cases[] = {
        {false, {.prompt = 12, .completion = 5}, 30000, 50000, 80000},
        {false, {.prompt = 12, .completion = 5, .prompt_cached = 4}, 25000, 50000, 75000},
        {false, {.prompt = 12, .prompt_cached = 4, .prompt_cache_write = 8}, 25000, 0, 25000},
        {false, {.prompt = 10, .web_searches = 2}, 25000, 0, 20025000},
        {false, {0}, 0, 0, 0},
        /* A pico-dollar for each token and for the request. */
        {true, {.prompt = 1, .completion = 1}, 1, 0, 1},
        {true, {.prompt = 1000, .completion = 1001}, 1, 2, 3},
        {true, {.prompt = 999, .completion = 1000}, 1, 1, 2},
        {true, {.prompt = 1000, .completion = 1000}, 1, 1, 3},
        {true, {0}, 0, 0, 1},
    };

    tiny.set = true;
    tiny.prompt_picousd = 1;
    tiny.completion_picousd = 1;
    tiny.request_picousd = 1;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cost cost = price_cost(cases[i].is_tiny ? &tiny : &usual, &cases[i].usage);
        assert_true(cost.known);
        assert_int_equal(cost.prompt_nanousd, cases[i].prompt);
        assert_int_equal(cost.completion_nanousd, cases[i].completion);
        assert_int_equal(cost.total_nanousd, cases[i].total);
        assert_null(cost.bill);
    }
}

/* The bill as text: "prompt 8 x 2500000, completion 5 x 10000000". */
static str show(const struct bill *bill, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *line = &bill->lines[i];
        len += (size_t)snprintf(text + len, size - len, "%s%s %lld x %lld", i > 0 ? ", " : "",
                                price_unit_name(line->unit), (long long)line->count,
                                (long long)line->picousd);
        assert_int_equal(line->amount_picousd, line->count * line->picousd);
    }
    return str_of(text, len);
}

static void each_token_is_in_one_line(void **state)
{
    (void)state;
    static const struct {
        struct usage usage;
        str want;
        bool is_suspect;
    } cases[] = {
        {{.prompt = 10, .completion = 5},
         STR_INIT("prompt 10 x 2500000, completion 5 x 10000000"),
         false},
        {{.prompt = 100, .completion = 5, .prompt_cached = 90},
         STR_INIT("prompt 10 x 2500000, input_cache_read 90 x 1250000, completion 5 x 10000000"),
         false},
        /* More cached than there is, or more reasoning. */
        {{.prompt = 100, .completion = 5, .prompt_cached = 190},
         STR_INIT("input_cache_read 100 x 1250000, completion 5 x 10000000"),
         true},
        {{.prompt = 10, .prompt_cached = 6, .prompt_cache_write = 6},
         STR_INIT("input_cache_read 6 x 1250000, input_cache_write 4 x 2500000"),
         true},
        {{.prompt = 10, .prompt_cache_write = 4, .prompt_cache_write_1h = 6},
         STR_INIT("prompt 6 x 2500000, input_cache_write_1h 4 x 2500000"),
         true},
        {{.completion = 500, .completion_reasoning = 480},
         STR_INIT("completion 20 x 10000000, internal_reasoning 480 x 10000000"),
         false},
        {{.completion = 5, .completion_reasoning = 7},
         STR_INIT("internal_reasoning 5 x 10000000"),
         true},
        /* An untold price is that of the kind; a modality may overlap with the cache. */
        {{.prompt = 100, .prompt_cached = 80, .prompt_audio = 60},
         STR_INIT("input_cache_read 80 x 1250000, audio 20 x 40000000"),
         false},
        {{.prompt = 100, .prompt_cached = 80, .prompt_cached_audio = 50, .prompt_audio = 60},
         STR_INIT("prompt 10 x 2500000, input_cache_read 30 x 1250000, "
                  "input_audio_cache 50 x 1250000, audio 10 x 40000000"),
         false},
        {{.prompt = 100, .prompt_image = 60, .prompt_images = 2},
         STR_INIT("prompt 40 x 2500000, image_token 60 x 2500000"),
         false},
        {{.completion = 9, .completion_audio = 4, .completion_image = 3},
         STR_INIT("completion 2 x 10000000, image_output 3 x 10000000, audio_output 4 x 80000000"),
         false},
        /* Nothing negative ever credits an account. */
        {{.prompt = -10, .completion = 5}, STR_INIT("completion 5 x 10000000"), true},
        {{.prompt = 10, .completion = -5}, STR_INIT("prompt 10 x 2500000"), true},
        {{.prompt = INT64_MIN,
          .completion = INT64_MIN,
          .prompt_cached = INT64_MIN,
          .prompt_audio = INT64_MIN,
          .web_searches = INT64_MIN},
         STR_INIT(""),
         true},
        {{.prompt = 10, .prompt_cached = -4}, STR_INIT("prompt 10 x 2500000"), true},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bill bill;
        struct fault fault = {0};
        char text[512];
        assert_int_equal(price_bill(&usual, &cases[i].usage, -1, &bill, &fault), ERR_OK);
        assert_str_equal(show(&bill, text, sizeof(text)), cases[i].want);
        assert_int_equal(bill.is_suspect, cases[i].is_suspect);
    }
}

static void a_cost_beyond_all_bounds_is_a_fault(void **state)
{
    (void)state;
    struct pricing dear = usual;
    static const struct usage nonsense[] = {
        {.prompt = INT64_MAX},
        {.prompt = INT64_C(1000000000000000000), .completion = INT64_C(1000000000000000000)},
        {.completion = INT64_C(9007199254740993)},
        {.prompt = INT64_MAX,
         .completion = INT64_MAX,
         .prompt_images = INT64_MAX,
         .web_searches = INT64_MAX},
    };
    struct bill bill;
    struct fault fault = {0};

    dear.image_picousd = INT64_MAX;
    for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
        assert_int_equal(price_bill(&dear, &nonsense[i], -1, &bill, &fault), ERR_TOO_BIG);
        assert_true(fault.message.len > 0);
        assert_false(price_cost(&dear, &nonsense[i]).known);
    }
    /* The last amount that fits, and the first that does not. */
    struct pricing plain = PRICING_NONE;
    plain.set = true;
    plain.prompt_picousd = 1;
    plain.completion_picousd = 1;
    struct usage most = {.prompt = INT64_MAX};
    assert_int_equal(price_cost(&plain, &most).total_nanousd, INT64_MAX / 1000 + 1);
    most.completion = 1;
    assert_false(price_cost(&plain, &most).known);
}

static void without_prices_a_cost_is_not_known(void **state)
{
    (void)state;
    struct pricing pricing = {.prompt_picousd = 5};
    struct usage usage = {.prompt = 10};
    struct bill bill;
    struct fault fault = {0};

    assert_int_equal(price_bill(&pricing, &usage, -1, &bill, &fault), ERR_MISSING);
    assert_false(price_cost(&pricing, &usage).known);
    assert_int_equal(price_cost(&pricing, &usage).total_nanousd, 0);
}

static void overrides_hold_above_a_size_and_in_their_hours(void **state)
{
    (void)state;
    static const struct price_override overrides[] = {
        {.above_prompt_tokens = 200,
         .utc_start = -1,
         .changes = {{UNIT_PROMPT, 5}, {UNIT_COMPLETION, 50}},
         .change_count = 2},
        {.above_prompt_tokens = 400,
         .utc_start = -1,
         .changes = {{UNIT_PROMPT, 7}},
         .change_count = 1},
        {.above_prompt_tokens = -1,
         .utc_start = 60, /* 01:00 to 02:30 */
         .utc_end = 150,
         .changes = {{UNIT_COMPLETION, 1}},
         .change_count = 1},
        {.above_prompt_tokens = -1,
         .utc_start = 1380, /* 23:00 to 00:30 */
         .utc_end = 30,
         .changes = {{UNIT_COMPLETION, 2}},
         .change_count = 1},
    };
    static const struct {
        int64_t prompt_tokens;
        int64_t at_s;
        int64_t prompt;
        int64_t completion;
    } cases[] = {
        {200, -1, 3, 30},         {201, -1, 5, 50},
        {401, -1, 7, 50},         {0, 60 * 60 - 1, 3, 30},
        {0, 60 * 60, 3, 1},       {0, 150 * 60 - 1, 3, 1},
        {0, 150 * 60, 3, 30},     {401, 90 * 60 + 86400 * 3, 7, 1},
        {0, 1379 * 60, 3, 30},    {0, 1380 * 60, 3, 2},
        {0, 30 * 60 - 1, 3, 2},   {0, 30 * 60, 3, 30},
        {0, 86400 * 9 - 1, 3, 2}, {0, -1, 3, 30},
    };
    struct pricing pricing = PRICING_NONE;

    pricing.set = true;
    pricing.prompt_picousd = 3;
    pricing.completion_picousd = 30;
    pricing.overrides = overrides;
    pricing.override_count = COUNT_OF(overrides);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pricing at = price_at(&pricing, cases[i].prompt_tokens, cases[i].at_s);
        assert_int_equal(at.prompt_picousd, cases[i].prompt);
        assert_int_equal(at.completion_picousd, cases[i].completion);
        assert_int_equal(at.override_count, 0);
    }
}

static void a_discount_is_taken_off_everything(void **state)
{
    (void)state;
    struct pricing pricing = usual;
    struct usage usage = {.prompt = 12, .completion = 5, .web_searches = 1};
    struct bill bill;
    struct fault fault = {0};

    pricing.discount = DISCOUNT_WHOLE / 4;
    assert_int_equal(price_bill(&pricing, &usage, -1, &bill, &fault), ERR_OK);
    struct cost cost = bill_cost(&bill);
    assert_int_equal(cost.prompt_nanousd, 22500);
    assert_int_equal(cost.completion_nanousd, 37500);
    assert_int_equal(cost.total_nanousd, 7500000 + 60000);
    assert_int_equal(bill.discount_picousd, INT64_C(2520000000));
    pricing.discount = DISCOUNT_WHOLE;
    assert_int_equal(price_cost(&pricing, &usage).total_nanousd, 0);
    pricing.discount = 1; /* what is left of a pico-dollar is charged */
    assert_int_equal(price_cost(&pricing, &usage).total_nanousd, 10080000);
}

static void an_answer_that_is_empty_or_failed_is_waived(void **state)
{
    (void)state;
    static const struct {
        int64_t completion;
        enum finish_reason finish;
        bool want;
    } cases[] = {
        {0, FINISH_NONE, true},        {0, FINISH_STOP, false}, {0, FINISH_LENGTH, false},
        {0, FINISH_ERROR, true},       {5, FINISH_ERROR, true}, {5, FINISH_NONE, false},
        {5, FINISH_STOP, false},       {-5, FINISH_NONE, true}, {0, FINISH_CONTENT_FILTER, false},
        {0, FINISH_TOOL_CALLS, false},
    };
    struct usage usage = {.prompt = 12, .completion = 5, .web_searches = 1};
    struct pricing pricing = usual;
    struct bill bill;
    struct fault fault = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct usage used = {.prompt = 100, .completion = cases[i].completion};
        assert_int_equal(price_is_waived(&used, cases[i].finish), cases[i].want);
    }
    pricing.request_picousd = 1000000;
    assert_int_equal(price_bill(&pricing, &usage, -1, &bill, &fault), ERR_OK);
    bill_waive(&bill);
    assert_true(bill.is_waived);
    assert_int_equal(bill_cost(&bill).prompt_nanousd, 0);
    assert_int_equal(bill_cost(&bill).completion_nanousd, 0);
    assert_int_equal(bill_cost(&bill).total_nanousd, 10000000);
    assert_true(bill_cost(&bill).known);
}

static void a_client_with_a_key_of_its_own_pays_the_provider(void **state)
{
    (void)state;
    struct usage usage = {.prompt = 12, .completion = 5};
    struct cost cost = price_byok(price_cost(&usual, &usage));

    assert_true(cost.is_byok);
    assert_int_equal(cost.total_nanousd, 0);
    assert_int_equal(cost.upstream_nanousd, 80000);
    assert_int_equal(cost.prompt_nanousd, 30000);
    assert_false(price_byok((struct cost){0}).is_byok);
}

static void units_are_known_by_name(void **state)
{
    (void)state;
    enum price_unit unit = UNIT_REQUEST;

    for (int i = 0; i < UNIT_COUNT; i++) {
        struct pricing pricing = PRICING_NONE;
        assert_true(price_unit_by_name(str_c(price_unit_name((enum price_unit)i)), &unit));
        assert_int_equal(unit, i);
        assert_true(price_told(&pricing, unit) < 0);
        assert_int_equal(price_of(&pricing, unit), 0);
        price_tell(&pricing, unit, 42);
        assert_int_equal(price_of(&pricing, unit), 42);
    }
    assert_false(price_unit_by_name(STR("prompts"), &unit));
    assert_int_equal(unit, UNIT_WEB_SEARCH);
}

/* xorshift64: the same numbers in every run. */
static int64_t any(uint64_t *seed, int64_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (int64_t)(*seed % (uint64_t)below);
}

static struct usage any_usage(uint64_t *seed)
{
    enum { MOST = 100000 };
    return (struct usage){
        .prompt = any(seed, MOST),
        .completion = any(seed, MOST),
        .prompt_cached = any(seed, MOST) - 10,
        .prompt_cached_audio = any(seed, MOST),
        .prompt_cache_write = any(seed, MOST) - 10,
        .prompt_cache_write_1h = any(seed, MOST),
        .prompt_audio = any(seed, MOST) - 10,
        .prompt_image = any(seed, MOST),
        .completion_reasoning = any(seed, MOST) - 10,
        .completion_audio = any(seed, MOST),
        .completion_image = any(seed, MOST),
        .prompt_images = any(seed, 4),
        .web_searches = any(seed, 4),
    };
}

/* A bill is the sum of its lines however it is made: once more in another way. */
static void any_bill_can_be_recomputed_from_its_lines(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252U;

    for (int round = 0; round < 20000; round++) {
        struct usage usage = any_usage(&seed);
        struct pricing pricing = PRICING_NONE;
        struct bill bill;
        struct fault fault = {0};
        pricing.set = true;
        for (int unit = 0; unit < UNIT_COUNT; unit++) {
            price_tell(&pricing, (enum price_unit)unit, any(&seed, 90000000) - 10000000);
        }
        assert_int_equal(price_bill(&pricing, &usage, -1, &bill, &fault), ERR_OK);
        int64_t sum = 0;
        int64_t prompt = 0;
        int64_t completion = 0;
        for (size_t i = 0; i < bill.line_count; i++) {
            const struct bill_line *line = &bill.lines[i];
            assert_true(line->count > 0 && line->picousd >= 0 && line->amount_picousd >= 0);
            assert_int_equal(line->picousd, price_of(&pricing, line->unit));
            sum += line->count * line->picousd;
            prompt += line->unit < UNIT_COMPLETION ? line->count : 0;
            completion +=
                line->unit >= UNIT_COMPLETION && line->unit < UNIT_REQUEST ? line->count : 0;
        }
        struct cost cost = bill_cost(&bill);
        assert_int_equal(prompt, usage.prompt);
        assert_int_equal(completion, usage.completion);
        assert_int_equal(cost.total_nanousd, (sum + 999) / 1000);
        assert_true(cost.prompt_nanousd >= 0 && cost.completion_nanousd >= 0);
        assert_true(cost.prompt_nanousd + cost.completion_nanousd <= cost.total_nanousd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_is_a_plain_decimal),
        cmocka_unit_test(money_is_written_without_trailing_zeros),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_cost_is_rounded_up_once),
        cmocka_unit_test(each_token_is_in_one_line),
        cmocka_unit_test(a_cost_beyond_all_bounds_is_a_fault),
        cmocka_unit_test(without_prices_a_cost_is_not_known),
        cmocka_unit_test(overrides_hold_above_a_size_and_in_their_hours),
        cmocka_unit_test(a_discount_is_taken_off_everything),
        cmocka_unit_test(an_answer_that_is_empty_or_failed_is_waived),
        cmocka_unit_test(a_client_with_a_key_of_its_own_pays_the_provider),
        cmocka_unit_test(units_are_known_by_name),
        cmocka_unit_test(any_bill_can_be_recomputed_from_its_lines),
    };

    return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
