#include "base/log.h"

#include "test.h"

static char last[8192];
static int lines;

static void collect(void *ctx, str line)
{
    (void)ctx;
    assert_true(line.len < sizeof(last));
    memcpy(last, line.at, line.len);
    last[line.len] = '\0';
    lines++;
}

static int set_up(void **state)
{
    (void)state;
    lines = 0;
    log_set_sink(collect, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    log_setup(LOG_INFO, false);
    return 0;
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_setup(LOG_WARN, false);
    log_line(LOG_INFO, "event", "quiet");
    assert_int_equal(lines, 0);
    assert_false(log_wants(LOG_INFO));
    assert_true(log_wants(LOG_ERROR));
    log_line(LOG_WARN, "event", "loud %d", 7);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last, "warn  event: loud 7\n"));
}

static void json_lines_stay_one_line_of_json(void **state)
{
    (void)state;
    log_setup(LOG_INFO, true);
    assert_true(log_is_json());
    log_line(LOG_INFO, "event", "%s", "a \"quote\", a \\ and a\nline\x01");
    assert_non_null(strstr(last,
                           "\"level\":\"info\",\"event\":\"event\","
                           "\"message\":\"a \\\"quote\\\", a \\\\ and a\\u000aline\\u0001\"}\n"));
    assert_ptr_equal(strchr(last, '\n'), last + strlen(last) - 1);
}

static void a_message_too_long_is_cut_and_the_line_still_ends(void **state)
{
    char longer[5000];

    (void)state;
    memset(longer, '\x01', sizeof(longer)); /* six bytes each when escaped */
    longer[sizeof(longer) - 1] = '\0';
    for (int json = 0; json < 2; json++) {
        log_setup(LOG_INFO, json != 0);
        log_line(LOG_ERROR, "event", "%s", longer);
        size_t len = strlen(last);
        assert_true(len < 4096);
        assert_string_equal(last + len - (json != 0 ? 3 : 1), json != 0 ? "\"}\n" : "\n");
    }
}

static void a_raw_line_goes_out_as_it_is(void **state)
{
    (void)state;
    log_raw(STR("raw\n"));
    assert_string_equal(last, "raw\n");
}

#define COLLECTED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COLLECTED(lines_below_the_level_are_not_written),
        COLLECTED(json_lines_stay_one_line_of_json),
        COLLECTED(a_message_too_long_is_cut_and_the_line_still_ends),
        COLLECTED(a_raw_line_goes_out_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
