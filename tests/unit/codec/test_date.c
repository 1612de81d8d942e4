#include "codec/date.h"

#include "test.h"

static void dates_of_http_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sat, 29 Feb 2020 23:59:60 GMT", 1583020800},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun Nov  6 08:49:37 1994", -1},
        {"Sun, 06 Nov 1994 08:49:37 CET", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 ovD 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08.49:37 GMT", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(date_of_http(str_c(cases[i].text)), cases[i].want);
    }
}

static void dates_of_iso_are_read_in_utc_only(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"1994-11-06T08:49:37Z", 784111777},
        {"1994-11-06T08:49:37.123456Z", 784111777},
        {"1994-11-06T08:49:37+00:00", 784111777},
        {"1994-11-06T08:49:37+01:00", -1},
        {"1994-11-06T08:49:37", -1},
        {"1994-11-06T08:49:37.", -1},
        {"1994-11-06 08:49:37Z", -1},
        {"1994-13-06T08:49:37Z", -1},
        {"1994-00-06T08:49:37Z", -1},
        {"1994-11-00T08:49:37Z", -1},
        {"never", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(date_of_iso(str_c(cases[i].text)), cases[i].want);
    }
}

static void the_basic_format_is_written(void **state)
{
    char text[DATE_BASIC_BYTES + 1];

    (void)state;
    assert_str_equal(date_basic(784111777, text), STR("19941106T084937Z"));
    assert_str_equal(date_basic(0, text), STR("19700101T000000Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_http_are_read_strictly),
        cmocka_unit_test(dates_of_iso_are_read_in_utc_only),
        cmocka_unit_test(the_basic_format_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
