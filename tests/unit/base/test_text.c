#include "base/text.h"

#include "test.h"

static void only_well_formed_utf8_is_utf8(void **state)
{
    static const struct {
        const char *bytes;
        bool is_utf8;
    } cases[] = {
        {"", true},
        {"plain ASCII\x01\x7f", true},
        {"\xc2\x80", true},         /* U+0080, the smallest of two bytes */
        {"\xdf\xbf", true},         /* U+07FF */
        {"\xe0\xa0\x80", true},     /* U+0800 */
        {"\xed\x9f\xbf", true},     /* U+D7FF, the last before the surrogates */
        {"\xee\x80\x80", true},     /* U+E000, the first after them */
        {"\xef\xbf\xbf", true},     /* U+FFFF */
        {"\xf0\x90\x80\x80", true}, /* U+10000 */
        {"\xf4\x8f\xbf\xbf", true}, /* U+10FFFF, the last */
        {"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", true},
        {"\x80", false}, /* nothing to continue */
        {"\xbf", false},
        {"\xc0\x80", false}, /* overlong NUL */
        {"\xc1\xbf", false}, /* overlong */
        {"\xe0\x80\x80", false},
        {"\xe0\x9f\xbf", false},
        {"\xf0\x80\x80\x80", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xed\xa0\x80", false},     /* U+D800 */
        {"\xed\xbf\xbf", false},     /* U+DFFF */
        {"\xf4\x90\x80\x80", false}, /* U+110000 */
        {"\xf5\x80\x80\x80", false},
        {"\xf8\x88\x80\x80\x80", false},
        {"\xfe", false},
        {"\xff", false},
        {"\xc3", false}, /* cut */
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xc3"
         "a",
         false},
        {"\xe2\x82"
         "a",
         false},
        {"\xe2"
         "a\xac",
         false},
        {"\xf0\x9f\x98"
         "a",
         false},
        {"\xc3\xc3\xa4", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (text_is_utf8(str_c(cases[i].bytes)) != cases[i].is_utf8) {
            fail_msg("case %zu is told wrongly", i);
        }
    }
    assert_true(text_is_utf8(STR("a\0b")));
}

static void cutting_never_leaves_half_a_character(void **state)
{
    const str text = STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

    (void)state;
    for (size_t max = 0; max < COUNT_OF(want); max++) {
        str cut = text_take_utf8(text, max);
        assert_int_equal(cut.len, want[max]);
        assert_true(text_is_utf8(cut));
    }
    assert_int_equal(text_take_utf8(STR("\x80\x80\x80\x80"), 2).len, 0);
    assert_int_equal(text_take_utf8(STR_NONE, 0).len, 0);
}

static void hex_is_two_digits_a_byte(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x0f, 0x10, 0x7f, 0x80, 0xab, 0xff};
    char hex[2 * sizeof(bytes) + 1];

    (void)state;
    text_hex(bytes, sizeof(bytes), hex);
    assert_string_equal(hex, "00010f107f80abff");
    text_hex(bytes, 0, hex);
    assert_string_equal(hex, "");
}

static void base64_has_its_alphabet_and_its_padding(void **state)
{
    static const struct {
        const char *text;
        bool is_base64;
    } cases[] = {
        {"", true},       {"QQ==", true},  {"QUI=", true},      {"QUJD", true},
        {"+/+/", true},   {"AZaz", true},  {"0189", true},      {"Q", false},
        {"QQ", false},    {"QQ=", false},  {"Q===", false},     {"====", false},
        {"QQ=A", false},  {"=QQQ", false}, {"QUJD====", false}, {"QU JD", false},
        {"QU\nD", false}, {"-_-_", false}, {"QUJ\x80", false},  {"QQ==QQ==", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (text_is_base64(str_c(cases[i].text)) != cases[i].is_base64) {
            fail_msg("\"%s\" is told wrongly", cases[i].text);
        }
    }
}

static void base64_and_its_bytes_become_each_other(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    struct arena arena = {0};
    char all[256];
    str out = STR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(text_base64_encode(str_c(cases[i].bytes), &arena), str_c(cases[i].text));
        assert_true(text_base64_decode(str_c(cases[i].text), &arena, &out));
        assert_str_equal(out, str_c(cases[i].bytes));
    }
    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (char)(uint8_t)i;
    }
    for (size_t len = 0; len <= sizeof(all); len++) {
        str text = text_base64_encode(str_of(all, len), &arena);
        assert_true(text_is_base64(text));
        assert_true(text_base64_decode(text, &arena, &out));
        assert_str_equal(out, str_of(all, len));
    }
    arena_reset(&arena);
}

static void what_is_not_base64_is_not_decoded(void **state)
{
    static const char *const texts[] = {
        "Q",    "QQ",       "QQ=",   "Q===",    "====", "QQ=A", "=QQQ",    "QUJD====", "QU JD",
        "-_-_", "QQ==QQ==", "QU\nD", "QUJ\x80", "Zh==", "Zm9=", "Zm9vZm9", "A=AA",     "QUJDQ@JD",
    };
    struct arena arena = {0};
    str out = STR("untouched");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (text_base64_decode(str_c(texts[i]), &arena, &out)) {
            fail_msg("\"%s\" is decoded", texts[i]);
        }
    }
    assert_str_equal(out, STR("untouched"));
    arena_reset(&arena);
}

static void only_ascii_letters_have_a_lower_case(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_str_equal(text_lower(STR("Content-TYPE @[`{ \xc3\x84"), &arena),
                     STR("content-type @[`{ \xc3\x84"));
    assert_int_equal(text_lower(STR(""), &arena).len, 0);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_utf8_is_utf8),
        cmocka_unit_test(cutting_never_leaves_half_a_character),
        cmocka_unit_test(only_ascii_letters_have_a_lower_case),
        cmocka_unit_test(hex_is_two_digits_a_byte),
        cmocka_unit_test(base64_has_its_alphabet_and_its_padding),
        cmocka_unit_test(base64_and_its_bytes_become_each_other),
        cmocka_unit_test(what_is_not_base64_is_not_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
