#include "app/settings.h"

#include "test.h"

#include <stdlib.h>

enum { TABLE_BYTES_MAX = 64 * 1024 };

static void the_defaults_are_those_of_the_reliability_notes(void **state)
{
    struct settings settings;

    (void)state;
    settings_init(&settings);
    assert_str_equal(settings.listen, STR("127.0.0.1:8080"));
    assert_str_equal(settings.store, STR("sqlite:gatehouse.db"));
    assert_str_equal(settings.keepalive_comment, STR("GATEHOUSE PROCESSING"));
    assert_str_equal(settings.tls_certificate, STR(""));
    assert_true(settings.demo);
    assert_true(settings.access_log);
    assert_false(settings.test_routes);
    assert_int_equal(settings.workers, 0);
    assert_int_equal(settings.request_line_bytes_max, 16 * 1024);
    assert_int_equal(settings.header_bytes_max, 64 * 1024);
    assert_int_equal(settings.header_count_max, 200);
    assert_int_equal(settings.body_bytes_max, 32 * 1024 * 1024);
    assert_int_equal(settings.output_high_bytes, 256 * 1024);
    assert_int_equal(settings.keepalive_ms, 10000);
    assert_int_equal(settings.connect_timeout_ms, 3000);
    assert_int_equal(settings.tls_timeout_ms, 5000);
    assert_int_equal(settings.first_byte_timeout_ms, 120000);
    assert_int_equal(settings.stream_idle_timeout_ms, 60000);
    assert_int_equal(settings.total_timeout_ms, 3600000);
    assert_int_equal(settings.drain_ms, 600000);
    assert_null(settings_complaint(&settings));
}

static void values_are_read_with_their_units(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        int64_t want; /* < 0: refused */
    } cases[] = {
        {"limits.body", "2048", 2048},
        {"limits.body", "64KiB", 65536},
        {"limits.body", "1GiB", INT64_C(1) << 30},
        {"limits.body", "2GiB", -1},
        {"limits.body", "64kib", -1},
        {"limits.body", "64KB", -1},
        {"limits.body", "KiB", -1},
        {"limits.body", "", -1},
        {"limits.body", " 2048", -1},
        {"limits.body", "1.5MiB", -1},
        {"limits.body", "-1", -1},
        {"limits.body", "9223372036854775807GiB", -1},
        {"limits.body", "99999999999999999999", -1},
        {"timeouts.connect", "250ms", 250},
        {"timeouts.connect", "3s", 3000},
        {"timeouts.connect", "2m", 120000},
        {"timeouts.connect", "1h", 3600000},
        {"timeouts.connect", "2h", -1},
        {"timeouts.connect", "3", -1},
        {"timeouts.connect", "0s", -1},
        {"timeouts.connect", "3S", -1},
        {"limits.header_count", "10", 10},
        {"limits.header_count", "9", -1},
        {"limits.header_count", "10000", 10000},
        {"limits.header_count", "10001", -1},
        {"limits.header_count", "100KiB", -1},
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct setting *setting = setting_by_name(str_c(cases[i].name));
        struct settings settings = {0};
        struct fault fault = {0};
        print_message("%s: %s\n", cases[i].name, cases[i].text);
        assert_non_null(setting);
        enum err err = setting_parse(setting, str_c(cases[i].text), &arena, &settings, &fault);
        const int64_t *member =
            (const int64_t *)(const void *)((char *)&settings + setting->offset);
        assert_int_equal(err, cases[i].want >= 0 ? ERR_OK : ERR_INVALID);
        assert_int_equal(*member, cases[i].want >= 0 ? cases[i].want : 0);
        assert_true((err == ERR_OK) == (fault.message.len == 0));
    }
    arena_reset(&arena);
}

static void texts_and_truths_are_checked(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        bool want;
    } cases[] = {
        {"listen", "127.0.0.1:8080", true},
        {"listen", "[::1]:8080", true},
        {"listen", "localhost:0", true},
        {"listen", "0.0.0.0:65535", true},
        {"listen", "0.0.0.0:65536", false},
        {"listen", "::1:8080", false},
        {"listen", "8080", false},
        {"listen", ":8080", false},
        {"listen", "host:", false},
        {"listen", "", false},
        {"listen", "http://host:80", false},
        {"listen", "a b:80", false},
        {"store", "sqlite:x.db", true},
        {"store", "memory:", true},
        {"store", "sqlite:", false},
        {"store", "x.db", false},
        {"log_level", "warn", true},
        {"log_level", "WARN", false},
        {"demo", "true", true},
        {"demo", "false", true},
        {"demo", "yes", false},
        {"demo", "True", false},
        {"demo", "", false},
        {"keepalive.comment", "", true},
        {"keepalive.comment", "a\nb", false},
        {"keepalive.comment", "a\rb", false},
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct setting *setting = setting_by_name(str_c(cases[i].name));
        struct settings settings = {0};
        struct fault fault = {0};
        print_message("%s: %s\n", cases[i].name, cases[i].text);
        assert_non_null(setting);
        assert_int_equal(setting_parse(setting, str_c(cases[i].text), &arena, &settings, &fault),
                         cases[i].want ? ERR_OK : ERR_INVALID);
    }
    arena_reset(&arena);
}

static void settings_that_contradict_each_other_are_told(void **state)
{
    struct settings settings;

    (void)state;
    settings_init(&settings);
    settings.tls_key = STR("key.pem");
    assert_non_null(settings_complaint(&settings));
    settings_init(&settings);
    settings.output_low_bytes = settings.output_high_bytes + 1;
    assert_non_null(settings_complaint(&settings));
}

static void names_are_variables_too(void **state)
{
    char name[SETTING_VARIABLE_BYTES];

    (void)state;
    for (const struct setting *setting = setting_all(); setting->name != NULL; setting++) {
        setting_variable(setting, name);
        assert_ptr_equal(setting_by_name(str_c(setting->name)), setting);
    }
    setting_variable(setting_by_name(STR("limits.request_line")), name);
    assert_string_equal(name, "GATEHOUSE_LIMITS_REQUEST_LINE");
}

/* The documentation holds the table as the program would print it. */
static void the_documented_table_is_this_one(void **state)
{
    struct arena arena = {0};
    struct buf table;

    (void)state;
    buf_init(&table, TABLE_BYTES_MAX);
    assert_int_equal(settings_write_markdown(&table), ERR_OK);
    if (getenv("GOLDEN_UPDATE") != NULL) {
        (void)fwrite(table.at, 1, table.len, stdout); /* to be pasted */
    }
    str document = test_read_file(&arena, TESTS_DIR "/../docs/OPERATIONS.md");
    assert_true(str_find(document, buf_str(&table)) < document.len);
    buf_free(&table);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_reliability_notes),
        cmocka_unit_test(values_are_read_with_their_units),
        cmocka_unit_test(texts_and_truths_are_checked),
        cmocka_unit_test(settings_that_contradict_each_other_are_told),
        cmocka_unit_test(names_are_variables_too),
        cmocka_unit_test(the_documented_table_is_this_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
