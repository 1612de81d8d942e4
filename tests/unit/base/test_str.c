#include "base/str.h"

#include "test.h"

static void numbers_are_read_up_to_their_bound_and_no_further(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool fits;
        uint64_t want;
    } cases[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"42", 42, true, 42},
        {"43", 42, false, 0},
        {"0000042", 42, true, 42},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"18446744073709551620", UINT64_MAX, false, 0},
        {"28446744073709551615", UINT64_MAX, false, 0},
        {"99999999999999999999999999", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 99, false, 0},
        {"0x1", 99, false, 0},
        {"/", 99, false, 0},
        {":", 99, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t got = 12345;
        assert_int_equal(str_to_uint(str_c(cases[i].text), cases[i].max, &got), cases[i].fits);
        assert_int_equal(got, cases[i].fits ? cases[i].want : 12345);
    }
}

static void the_distance_of_words_is_their_edits(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        size_t want;
    } cases[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"same", "same", 0},
        {"kitten", "sitting", 3},
        {"flaw", "lawn", 2},
        {"gpt-4o", "gpt-4", 1},
        {"ab", "ba", 2},
        {"GPT", "gpt", 0}, /* case is no edit */
        {"abc", "xyz", 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(str_distance(str_c(cases[i].a), str_c(cases[i].b)), cases[i].want);
        assert_int_equal(str_distance(str_c(cases[i].b), str_c(cases[i].a)), cases[i].want);
    }
}

static void the_distance_of_very_long_words_is_the_longer_length(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(str_distance(str_of(text, 128), str_of(text, 128)), 0);
    assert_int_equal(str_distance(str_of(text, 128), str_of(text, 1)), 127);
    assert_int_equal(str_distance(str_of(text, 129), str_of(text, 129)), 129);
    assert_int_equal(str_distance(str_of(text, 300), STR("a")), 300);
    assert_int_equal(str_distance(STR("a"), str_of(text, 300)), 300);
}

static void finding_tells_the_place_or_the_length(void **state)
{
    static const struct {
        const char *haystack;
        const char *needle;
        size_t want;
        size_t want_nocase;
    } cases[] = {
        {"abcabc", "c", 2, 2}, {"abcabc", "ca", 2, 2},
        {"abc", "abc", 0, 0},  {"abc", "abcd", 3, 3},
        {"abc", "x", 3, 3},    {"aBC", "bc", 3, 1},
        {"", "a", 0, 0},       {"", "", 0, 0},
        {"abc", "", 0, 0},     {"Bearer x", "bearer", 8, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str haystack = str_c(cases[i].haystack);
        str needle = str_c(cases[i].needle);
        assert_int_equal(str_find(haystack, needle), cases[i].want);
        assert_int_equal(str_find_nocase(haystack, needle), cases[i].want_nocase);
        if (needle.len == 1) {
            assert_int_equal(str_find_char(haystack, needle.at[0]), cases[i].want);
        }
    }
}

static void splitting_gives_every_part_once(void **state)
{
    static const struct {
        const char *text;
        const char *parts[5];
    } cases[] = {
        {"a,b,c", {"a", "b", "c"}}, {"abc", {"abc"}},  {",", {"", ""}},
        {"a,,b", {"a", "", "b"}},   {",a", {"", "a"}}, {"", {""}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str rest = str_c(cases[i].text);
        for (size_t k = 0; cases[i].parts[k] != NULL; k++) {
            assert_str_equal(str_split(&rest, ','), str_c(cases[i].parts[k]));
        }
        assert_int_equal(rest.len, 0);
    }
}

static void trimming_takes_blanks_off_both_ends_only(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {" \t\r\na b\n\r\t ", "a b"}, {" \t ", ""}, {"", ""}, {"x", "x"}, {"\v\fx", "\v\fx"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(str_trim(str_c(cases[i].text)), str_c(cases[i].want));
    }
}

static void comparing_knows_case_prefix_and_suffix(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-Type"), STR("cONTENT-tYPE")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_false(str_eq_nocase(STR("["), STR("{"))); /* 0x20 apart, but no letters */
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_has_prefix(STR("abc"), STR("")));
    assert_true(str_has_prefix(STR("abc"), STR("ab")));
    assert_false(str_has_prefix(STR("a"), STR("ab")));
    assert_true(str_has_suffix(STR("abc"), STR("bc")));
    assert_true(str_has_suffix(STR("abc"), STR("abc")));
    assert_false(str_has_suffix(STR("c"), STR("bc")));
}

static void taking_and_skipping_stop_at_the_end(void **state)
{
    (void)state;
    assert_str_equal(str_take(STR("abc"), 2), STR("ab"));
    assert_str_equal(str_take(STR("abc"), 9), STR("abc"));
    assert_str_equal(str_skip(STR("abc"), 1), STR("bc"));
    assert_int_equal(str_skip(STR("abc"), 3).len, 0);
    assert_int_equal(str_skip(STR("abc"), SIZE_MAX).len, 0);
    assert_int_equal(str_c(NULL).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_up_to_their_bound_and_no_further),
        cmocka_unit_test(the_distance_of_words_is_their_edits),
        cmocka_unit_test(the_distance_of_very_long_words_is_the_longer_length),
        cmocka_unit_test(finding_tells_the_place_or_the_length),
        cmocka_unit_test(splitting_gives_every_part_once),
        cmocka_unit_test(trimming_takes_blanks_off_both_ends_only),
        cmocka_unit_test(comparing_knows_case_prefix_and_suffix),
        cmocka_unit_test(taking_and_skipping_stop_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
