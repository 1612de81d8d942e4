#include "codec/json_write.h"

#include "test.h"

#include <math.h>

static void objects_and_arrays_get_their_commas(void **state)
{
    (void)state;
    struct buf out;

    buf_init(&out, 4096);
    struct json_writer writer = json_write_to(&out);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "a", STR("x"));
    json_open_array(&writer, "b");
    json_put_int(&writer, NULL, 1);
    json_open_object(&writer, NULL);
    json_close_object(&writer);
    json_open_array(&writer, NULL);
    json_close_array(&writer);
    json_put_bool(&writer, NULL, true);
    json_close_array(&writer);
    json_put_null(&writer, "c");
    json_put_raw(&writer, "d", STR("[1]"));
    json_put_str_or_null(&writer, "e", STR_NONE);
    json_put_str_or_null(&writer, "f", STR(""));
    json_put_named_value(&writer, STR("g\""), NULL);
    json_put_bool(&writer, "h", false);
    json_close_object(&writer);
    assert_int_equal(json_write_end(&writer), ERR_OK);
    assert_str_equal(buf_str(&out),
                     STR("{\"a\":\"x\",\"b\":[1,{},[],true],\"c\":null,\"d\":[1],\"e\":null,"
                         "\"f\":\"\",\"g\\\"\":null,\"h\":false}"));
    buf_free(&out);
}

static void writing_goes_on_inside_what_was_opened_before(void **state)
{
    (void)state;
    struct buf out;

    buf_init(&out, 64);
    assert_int_equal(buf_add(&out, STR("{\"a\":1")), ERR_OK);
    struct json_writer writer = json_write_inside(&out, true);
    json_put_int(&writer, "b", 2);
    json_close_object(&writer);
    assert_int_equal(json_write_end(&writer), ERR_OK);
    assert_str_equal(buf_str(&out), STR("{\"a\":1,\"b\":2}"));
    buf_free(&out);
}

static void strings_are_escaped_and_always_utf8(void **state)
{
    (void)state;
    static const struct {
        str value;
        const char *want;
    } cases[] = {
        {STR_INIT(""), ""},
        {STR_INIT("plain text that is longer than a word"),
         "plain text that is longer than a word"},
        {STR_INIT("12345678\"12345678\\"), "12345678\\\"12345678\\\\"},
        {STR_INIT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t"},
        {STR_INIT("a\0b\x01\x1f\x0b"), "a\\u0000b\\u0001\\u001f\\u000b"},
        {STR_INIT("\x7f/"), "\x7f/"},
        {STR_INIT("h\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x8e\x89!"),
         "h\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x8e\x89!"},
        {STR_INIT("\xff"), "\xef\xbf\xbd"},
        {STR_INIT("a\xc3"), "a\xef\xbf\xbd"},
        {STR_INIT("\xc3\xa9\xff\xc3\xa9"), "\xc3\xa9\xef\xbf\xbd\xc3\xa9"},
        {STR_INIT("\xc3\"\xa9"), "\xef\xbf\xbd\\\"\xef\xbf\xbd"},
        {STR_INIT("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {STR_INIT("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd"},
        {STR_INIT("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out;
        buf_init(&out, 4096);
        struct json_writer writer = json_write_to(&out);
        json_put_str(&writer, NULL, cases[i].value);
        assert_int_equal(json_write_end(&writer), ERR_OK);
        assert_str_equal(buf_str(&out), arena_printf(&arena, "\"%s\"", cases[i].want));
        buf_free(&out);
    }
    arena_reset(&arena);
}

/* `text` written, read and given to the caller's arena. */
static str write_and_read(struct arena *arena, str text)
{
    struct fault fault = {0};
    struct buf out;
    json *value = NULL;

    buf_init(&out, 4096);
    struct json_writer writer = json_write_to(&out);
    json_put_str(&writer, NULL, text);
    assert_int_equal(json_write_end(&writer), ERR_OK);
    assert_int_equal(json_read(arena, buf_str(&out), &value, &fault), ERR_OK);
    buf_free(&out);
    return json_as_str(value);
}

enum { WORDS_BYTES = 20 };

/* The byte among others: the fast scan sees what the table sees. */
static void check_byte(struct arena *arena, char byte, size_t at)
{
    char text[WORDS_BYTES];

    memset(text, '~', sizeof(text));
    text[at] = byte;
    str back = write_and_read(arena, str_of(text, sizeof(text)));
    if ((uint8_t)byte < 0x80) {
        assert_str_equal(back, str_of(text, sizeof(text)));
    } else {
        assert_int_equal(back.len, sizeof(text) + 2);
        assert_str_equal(str_take(str_skip(back, at), 3), STR("\xef\xbf\xbd"));
    }
}

static void every_byte_is_escaped_wherever_it_stands(void **state)
{
    (void)state;
    struct arena arena = {0};

    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < WORDS_BYTES; at++) {
            check_byte(&arena, (char)byte, at);
            arena_clear(&arena);
        }
    }
    arena_reset(&arena);
}

static void numbers_read_back_as_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* NULL: the same */
    } cases[] = {
        {"0", NULL},
        {"-1", NULL},
        {"9223372036854775807", NULL},
        {"-9223372036854775808", NULL},
        {"0.1", NULL},
        {"2.0", NULL},
        {"-2.5", NULL},
        {"1e3", "1000.0"},
        {"1e+22", NULL},
        {"0.30000000000000004", NULL},
        {"5e-324", "4.94065645841247e-324"},
        {"1.7976931348623157e+308", NULL},
        {"18446744073709551615", "1.8446744073709552e+19"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault fault = {0};
        json *value = NULL;
        json *back = NULL;
        assert_int_equal(json_read(&arena, str_c(cases[i].text), &value, &fault), ERR_OK);
        str text = json_to_text(&arena, value);
        assert_str_equal(text, str_c(cases[i].want != NULL ? cases[i].want : cases[i].text));
        assert_int_equal(json_read(&arena, text, &back, &fault), ERR_OK);
        double before = json_as_real(value);
        double after = json_as_real(back);
        assert_true(before <= after && before >= after);
    }
    arena_reset(&arena);
}

static void numbers_that_json_has_not_become_null(void **state)
{
    (void)state;
    struct buf out;

    buf_init(&out, 64);
    struct json_writer writer = json_write_to(&out);
    json_open_array(&writer, NULL);
    json_put_real(&writer, NULL, (double)INFINITY);
    json_put_real(&writer, NULL, (double)NAN);
    json_close_array(&writer);
    assert_int_equal(json_write_end(&writer), ERR_OK);
    assert_str_equal(buf_str(&out), STR("[null,null]"));
    buf_free(&out);
}

static void a_value_is_written_as_it_was_read(void **state)
{
    (void)state;
    static const str texts[] = {
        STR_INIT("{\"a\":[1,-2.5,\"x\\n\\u0000\",true,false,null,{},[]],\"\\\"\":{\"b\":\"\"}}"),
        STR_INIT("[[[[]]]]"),
        STR_INIT("\"\xe6\xbc\xa2\""),
        STR_INIT("null"),
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct fault fault = {0};
        json *value = NULL;
        assert_int_equal(json_read(&arena, texts[i], &value, &fault), ERR_OK);
        assert_str_equal(json_to_text(&arena, value), texts[i]);
    }
    assert_str_equal(json_to_text(&arena, NULL), STR("null"));
    arena_reset(&arena);
}

static void past_the_limit_nothing_more_is_written(void **state)
{
    (void)state;

    for (size_t limit = 0; limit < 24; limit++) {
        struct buf out;
        buf_init(&out, limit);
        struct json_writer writer = json_write_to(&out);
        json_open_object(&writer, NULL);
        json_put_str(&writer, "name", STR("value\n"));
        json_put_int(&writer, "n", 12);
        json_close_object(&writer);
        assert_int_equal(json_write_end(&writer), ERR_TOO_BIG);
        assert_true(out.len <= limit);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays_get_their_commas),
        cmocka_unit_test(writing_goes_on_inside_what_was_opened_before),
        cmocka_unit_test(strings_are_escaped_and_always_utf8),
        cmocka_unit_test(every_byte_is_escaped_wherever_it_stands),
        cmocka_unit_test(numbers_read_back_as_themselves),
        cmocka_unit_test(numbers_that_json_has_not_become_null),
        cmocka_unit_test(a_value_is_written_as_it_was_read),
        cmocka_unit_test(past_the_limit_nothing_more_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
