#include "base/random.h"

#include "test.h"

/* Counts up: every byte is known and none is left out. */
static void fill_counting(void *ctx, uint8_t *bytes, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (*next)++;
    }
}

static void an_id_is_its_second_and_twenty_characters(void **state)
{
    static const struct {
        int64_t wall_ms;
        const char *start;
    } cases[] = {
        {0, "gen-0000000000-"},
        {1790000000123, "gen-1790000000-"},
        {1790000000999, "gen-1790000000-"},
        {9999999999999, "gen-9999999999-"},
        {10000000000000, "gen-0000000000-"}, /* in the year 2286 */
    };
    struct random random;

    (void)state;
    random_init(&random);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[GENERATION_ID_BYTES + 1];
        str id = random_generation_id(&random, cases[i].wall_ms, text);
        assert_ptr_equal(id.at, text);
        assert_int_equal(strlen(text), GENERATION_ID_BYTES);
        assert_int_equal(id.len, GENERATION_ID_BYTES);
        assert_memory_equal(text, cases[i].start, 15);
        assert_int_equal(strspn(text + 15, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "abcdefghijklmnopqrstuvwxyz"),
                         20);
    }
}

static void ids_of_later_seconds_sort_behind_and_none_repeats(void **state)
{
    struct random random;
    char before[GENERATION_ID_BYTES + 1] = "";
    char text[GENERATION_ID_BYTES + 1];

    (void)state;
    random_init(&random);
    for (int64_t i = 0; i < 2000; i++) {
        (void)random_generation_id(&random, i * 1000000, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof(text));
    }
    (void)random_generation_id(&random, (int64_t)1999 * 1000000, text);
    assert_string_not_equal(before, text);

    /* Within a second the millisecond decides. */
    for (int64_t ms = 0; ms < 1000; ms++) {
        (void)random_generation_id(&random, (int64_t)2000 * 1000000 + ms, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof(text));
    }
}

/* 256 different bytes hold 248 usable ones: each digit must come up exactly four times. */
static void every_base62_digit_is_equally_likely(void **state)
{
    uint8_t next = 0;
    struct random random = {.fill = fill_counting, .ctx = &next};
    char text[248];
    int seen[128] = {0};
    int digits = 0;

    (void)state;
    random_base62(&random, text, sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++) {
        seen[(unsigned char)text[i]]++;
    }
    for (size_t c = 0; c < COUNT_OF(seen); c++) {
        assert_true(seen[c] == 0 || seen[c] == 4);
        digits += seen[c] != 0 ? 1 : 0;
    }
    assert_int_equal(digits, 62);
}

static void bytes_are_given_once_and_wiped(void **state)
{
    uint8_t next = 0;
    struct random random = {.fill = fill_counting, .ctx = &next};
    uint8_t bytes[100];

    (void)state;
    random_bytes(&random, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(bytes[i], i);
        assert_int_equal(random.pool[i], 0);
    }
    random_bytes(&random, bytes, sizeof(bytes));
    assert_int_equal(bytes[0], 100);
    random_bytes(&random, bytes, 0);
    random_bytes(&random, bytes, sizeof(bytes)); /* 56 are left: a new pool */
    assert_int_equal(bytes[99] - bytes[0], 99);
}

static void more_than_the_pool_comes_straight_from_the_source(void **state)
{
    uint8_t next = 0;
    struct random random = {.fill = fill_counting, .ctx = &next};
    uint8_t bytes[1000];

    (void)state;
    random_bytes(&random, bytes, sizeof(bytes));
    assert_int_equal(random.left, 0);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(bytes[i], (uint8_t)i);
    }
}

static void the_kernel_gives_different_bytes(void **state)
{
    struct random random;
    uint8_t a[32];
    uint8_t b[32];

    (void)state;
    random_init(&random);
    random_bytes(&random, a, sizeof(a));
    random_bytes(&random, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_its_second_and_twenty_characters),
        cmocka_unit_test(ids_of_later_seconds_sort_behind_and_none_repeats),
        cmocka_unit_test(every_base62_digit_is_equally_likely),
        cmocka_unit_test(bytes_are_given_once_and_wiped),
        cmocka_unit_test(more_than_the_pool_comes_straight_from_the_source),
        cmocka_unit_test(the_kernel_gives_different_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
