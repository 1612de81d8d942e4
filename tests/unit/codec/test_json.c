#include "base/buf.h"
#include "codec/json.h"

#include "corpus.h"

static json *read_text(struct arena *arena, str text)
{
    json *value = NULL;
    struct fault fault = {0};

    if (json_read(arena, text, &value, &fault) != ERR_OK) {
        fail_msg(STR_FMT ": " STR_FMT, STR_ARG(text), STR_ARG(fault.message));
    }
    return value;
}

static void what_is_not_json_is_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        str text;
        const char *words;
    } cases[] = {
        {STR_INIT(""), "empty"},
        {STR_INIT("   "), "not valid JSON"},
        {STR_INIT("{\"a\":1,}"), "not valid JSON"},
        {STR_INIT("[1,]"), "not valid JSON"},
        {STR_INIT("{/*x*/}"), "not valid JSON"},
        {STR_INIT("{} x"), "not valid JSON"},
        {STR_INIT("{}{}"), "not valid JSON"},
        {STR_INIT("{'a':1}"), "not valid JSON"},
        {STR_INIT("{a:1}"), "not valid JSON"},
        {STR_INIT("[NaN]"), "not valid JSON"},
        {STR_INIT("[Infinity]"), "not valid JSON"},
        {STR_INIT("[1e400]"), "not valid JSON"},
        {STR_INIT("[010]"), "not valid JSON"},
        {STR_INIT("[+1]"), "not valid JSON"},
        {STR_INIT("[.5]"), "not valid JSON"},
        {STR_INIT("[1.]"), "not valid JSON"},
        {STR_INIT("[0x10]"), "not valid JSON"},
        {STR_INIT("\xef\xbb\xbf{}"), "not valid JSON"},
        {STR_INIT("\xff\xfe{\0}\0"), "not valid JSON"},
        {STR_INIT("[\"\xff\"]"), "not valid JSON"},
        {STR_INIT("[\"\xc0\xaf\"]"), "not valid JSON"},
        {STR_INIT("[\"\xed\xa0\x80\"]"), "not valid JSON"},
        {STR_INIT("[\"\\ud800\"]"), "not valid JSON"},
        {STR_INIT("[\"\x01\"]"), "not valid JSON"},
        {STR_INIT("[\"\\x\"]"), "not valid JSON"},
        {STR_INIT("[\"abc"), "not valid JSON"},
        {STR_INIT("[\"abc\\"), "not valid JSON"},
        {STR_INIT("[1]\0"), "not valid JSON"},
        {STR_INIT("{\"a\":1,\"a\":2}"), "\"a\" stands twice"},
        {STR_INIT("{\"model\":1,\"\\u006dodel\":2}"), "\"model\" stands twice"},
        {STR_INIT("[{\"x\":{\"b\":1,\"c\":{},\"b\":2}}]"), "\"b\" stands twice"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct fault fault = {0};
        json *value = NULL;
        if (json_read(&arena, cases[i].text, &value, &fault) != ERR_INVALID) {
            fail_msg("case %zu was taken: " STR_FMT, i, STR_ARG(cases[i].text));
        }
        assert_null(value);
        assert_int_equal(fault.type, FAULT_INVALID_REQUEST);
        if (str_find(fault.message, str_c(cases[i].words)) == fault.message.len) {
            fail_msg("case %zu: " STR_FMT, i, STR_ARG(fault.message));
        }
        arena_reset(&arena);
    }
}

static void names_that_differ_in_case_are_different(void **state)
{
    (void)state;
    struct arena arena = {0};
    json *root = read_text(&arena, STR("{\"model\":\"a\",\"Model\":\"b\",\"MODEL\":\"c\"}"));

    assert_str_equal(json_str(root, "model"), STR("a"));
    assert_str_equal(json_str(root, "Model"), STR("b"));
    assert_int_equal(json_count(root), 3);
    arena_reset(&arena);
}

static void members_read_as_what_they_are_or_as_empty(void **state)
{
    (void)state;
    struct arena arena = {0};
    json *root = read_text(&arena, STR("{\"s\":\"a\\u0000b\",\"i\":-7,\"r\":2.75,\"t\":true,"
                                       "\"n\":null,\"a\":[1,2],\"o\":{}}"));

    assert_str_equal(json_str(root, "s"), STR("a\0b"));
    assert_int_equal(json_int(root, "i"), -7);
    assert_int_equal(json_int(root, "r"), 2);
    assert_true(json_bool(root, "t"));
    assert_true(json_is_none(json_get(root, "n")));
    assert_true(json_is_none(json_get(root, "absent")));
    assert_false(json_is_none(json_get(root, "o")));
    assert_int_equal(json_count(json_get(root, "a")), 2);
    assert_int_equal(json_count(json_get(root, "s")), 0);
    assert_null(json_str(root, "i").at);
    assert_null(json_str(root, "absent").at);
    assert_int_equal(json_int(root, "s"), 0);
    assert_int_equal(json_int(root, "absent"), 0);
    assert_false(json_bool(root, "i"));
    assert_null(json_get(NULL, "x"));
    assert_null(json_get(json_get(root, "a"), "x"));
    assert_int_equal(json_type(NULL), JSON_ABSENT);
    arena_reset(&arena);
}

static void numbers_are_integers_when_int64_holds_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_type type;
        int64_t as_int;
    } cases[] = {
        {"0", JSON_INT, 0},
        {"-0", JSON_INT, 0},
        {"9223372036854775807", JSON_INT, INT64_MAX},
        {"-9223372036854775808", JSON_INT, INT64_MIN},
        {"9223372036854775808", JSON_REAL, INT64_MAX},
        {"18446744073709551615", JSON_REAL, INT64_MAX},
        {"99999999999999999999", JSON_REAL, INT64_MAX},
        {"-99999999999999999999", JSON_REAL, INT64_MIN},
        {"1.0", JSON_REAL, 1},
        {"1e3", JSON_REAL, 1000},
        {"-1.9", JSON_REAL, -1},
        {"1e300", JSON_REAL, INT64_MAX},
        {"-1e300", JSON_REAL, INT64_MIN},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json *value = read_text(&arena, str_c(cases[i].text));
        assert_int_equal(json_type(value), cases[i].type);
        assert_true(json_as_int(value) == cases[i].as_int);
    }
    assert_true(json_as_real(read_text(&arena, STR("7"))) > 6.9);
    assert_string_equal(json_type_name(JSON_INT), "an integer");
    arena_reset(&arena);
}

static void arrays_and_objects_are_walked_in_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    json *root = read_text(&arena, STR("{\"b\":[10,[20],30],\"a\":2,\"c\":[]}"));
    struct json_walk walk = json_walk(root);

    assert_true(json_next(&walk));
    assert_str_equal(walk.name, STR("b"));
    struct json_walk inner = json_walk(walk.value);
    assert_true(json_next(&inner));
    assert_int_equal(json_as_int(inner.value), 10);
    assert_int_equal(inner.name.len, 0);
    assert_true(json_next(&inner));
    assert_true(json_next(&inner));
    assert_int_equal(json_as_int(inner.value), 30);
    assert_false(json_next(&inner));
    assert_true(json_next(&walk));
    assert_str_equal(walk.name, STR("a"));
    assert_true(json_next(&walk));
    inner = json_walk(walk.value);
    assert_false(json_next(&inner));
    assert_false(json_next(&walk));
    walk = json_walk(NULL);
    assert_false(json_next(&walk));
    arena_reset(&arena);
}

static char *put(char *at, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        at[i] = text[i];
    }
    return at + len;
}

/* `count` times `piece` between two ends. */
static str repeat(struct arena *arena, const char *start, const char *piece, size_t count,
                  const char *end)
{
    size_t room = strlen(start) + strlen(piece) * count + strlen(end);
    char *text = (char *)arena_take_raw(arena, room);
    char *at = put(text, start);

    for (size_t i = 0; i < count; i++) {
        at = put(at, piece);
    }
    (void)put(at, end);
    return str_of(text, room);
}

static str nest(struct arena *arena, const char *open, const char *close, size_t count)
{
    str left = repeat(arena, "", open, count, "1");
    str right = repeat(arena, "", close, count, "");

    return arena_printf(arena, STR_FMT STR_FMT, STR_ARG(left), STR_ARG(right));
}

static void nesting_is_bounded_and_brackets_in_strings_do_not_count(void **state)
{
    (void)state;
    static const struct {
        const char *open;
        const char *close;
        size_t count;
        enum err want;
    } cases[] = {
        {"[", "]", 64, ERR_OK},
        {"[", "]", JSON_DEPTH_MAX, ERR_OK},
        {"[", "]", JSON_DEPTH_MAX + 1, ERR_INVALID},
        {"{\"a\":", "}", JSON_DEPTH_MAX, ERR_OK},
        {"{\"a\":", "}", JSON_DEPTH_MAX + 1, ERR_INVALID},
        {"[{\"[\":", "}]", JSON_DEPTH_MAX / 2, ERR_OK},
        {"[{\"[\\\"[\":", "}]", JSON_DEPTH_MAX / 2, ERR_OK},
        {"[{\"[\\\\\":", "}]", JSON_DEPTH_MAX / 2 + 1, ERR_INVALID},
        {"[", "]", 100000, ERR_INVALID},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct fault fault = {0};
        json *value = NULL;
        str text = nest(&arena, cases[i].open, cases[i].close, cases[i].count);
        assert_int_equal(json_read(&arena, text, &value, &fault), cases[i].want);
        assert_int_equal(json_read_lenient(&arena, text) != NULL, cases[i].want == ERR_OK);
        arena_reset(&arena);
    }
    struct arena arena = {0};
    str wide = repeat(&arena, "[", "[\"[{\\\"[{\"],", 1000, "0]");
    assert_int_equal(json_count(read_text(&arena, wide)), 1001);
    wide = repeat(&arena, "[\"", "[{\\\"", 1000, "\"]");
    assert_int_equal(json_as_str(json_walk(read_text(&arena, wide)).next_at).len, 3000);
    arena_reset(&arena);
}

static void values_are_counted_without_names_and_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        const char *piece;
        size_t count;
        const char *end;
        enum err want;
    } cases[] = {
        {"[", "1,", JSON_VALUES_MAX - 2, "1]", ERR_OK},
        {"[", "1,", JSON_VALUES_MAX - 1, "1]", ERR_INVALID},
        {"[", " [ ] ,", JSON_VALUES_MAX - 2, "[]]", ERR_OK},
        {"[", "{},", JSON_VALUES_MAX - 1, "{}]", ERR_INVALID},
        {"[", "{\"a\":1},", (JSON_VALUES_MAX - 2) / 2, "1]", ERR_OK},
        {"[", "{\"a\":1},", JSON_VALUES_MAX / 2, "1]", ERR_INVALID},
        {"[\"", ",", JSON_VALUES_MAX + 9, "\"]", ERR_OK},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct fault fault = {0};
        json *value = NULL;
        str text = repeat(&arena, cases[i].start, cases[i].piece, cases[i].count, cases[i].end);
        if (json_read(&arena, text, &value, &fault) != cases[i].want) {
            fail_msg("case %zu", i);
        }
        arena_reset(&arena);
    }
}

static void many_names_are_compared_in_linear_time(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf text;
    struct fault fault = {0};
    json *value = NULL;

    buf_init(&text, 4 << 20);
    assert_int_equal(buf_add(&text, STR("{")), ERR_OK);
    for (int i = 0; i < 50000; i++) {
        assert_int_equal(buf_printf(&text, "\"k%d\":0,", i), ERR_OK);
    }
    size_t len = text.len;
    assert_int_equal(buf_add(&text, STR("\"last\":1}")), ERR_OK);
    value = read_text(&arena, buf_str(&text));
    assert_int_equal(json_count(value), 50001);
    assert_int_equal(json_int(value, "last"), 1);
    text.len = len;
    assert_int_equal(buf_add(&text, STR("\"k77\":1}")), ERR_OK);
    assert_int_equal(json_read(&arena, buf_str(&text), &value, &fault), ERR_INVALID);
    assert_str_equal(fault.message, STR("the name \"k77\" stands twice in one object"));
    buf_free(&text);
    arena_reset(&arena);
}

static void duplicates_with_long_names_are_told_without_cutting_a_character(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {0};
    json *value = NULL;
    str name = repeat(&arena, "\"a", "\xc3\xa9", 60, "\"");
    str text = arena_printf(&arena, "{" STR_FMT ":1," STR_FMT ":2}", STR_ARG(name), STR_ARG(name));

    assert_int_equal(json_read(&arena, text, &value, &fault), ERR_INVALID);
    assert_str_equal(str_take(fault.message, 10 + 63 + 1),
                     repeat(&arena, "the name \"a", "\xc3\xa9", 31, "\""));
    arena_reset(&arena);
}

static void lenient_reading_lets_duplicates_through_and_nothing_else(void **state)
{
    (void)state;
    struct arena arena = {0};
    json *value = json_read_lenient(&arena, STR("{\"a\":1,\"a\":2}"));

    assert_int_equal(json_int(value, "a"), 1);
    assert_null(json_read_lenient(&arena, STR("")));
    assert_null(json_read_lenient(&arena, STR("{\"a\":1,}")));
    assert_null(json_read_lenient(&arena, STR("[DONE]")));
    arena_reset(&arena);
}

/* The ids of the corpus that no JSON reader may take; the others are for those who know members. */
static bool is_no_json(str id)
{
    static const char *const ids[] = {
        "dup-model", "dup-esc",     "dup-nested", "dup-max", "max-exp",  "max-nan",
        "max-inf",   "max-lead0",   "max-plus",   "max-dot", "temp-nan", "comments",
        "trail",     "trail-comma", "two",        "bom",     "utf16",    "badutf8",
        "overlong",  "surrogate",   "ctl",        "empty",   "ws",
    };

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        if (str_eq(str_skip(id, 5), str_c(ids[i]))) {
            return true;
        }
    }
    return false;
}

static void the_corpus_is_read_or_refused_as_it_says(void **state)
{
    (void)state;
    struct arena arena = {0};
    str file = test_read_file(&arena, TESTS_DIR "/attacks/json-cases.jsonl");
    int refused = 0;
    int rows = 0;

    for (json *row = corpus_next(&arena, &file); row != NULL; row = corpus_next(&arena, &file)) {
        struct fault fault = {0};
        json *value = NULL;
        str id = json_str(row, "id");
        rows++;
        if (json_get(row, "body_b64") == NULL) {
            continue; /* the huge ones have tests above */
        }
        str body = corpus_decode(&arena, json_str(row, "body_b64"));
        enum err err = json_read(&arena, body, &value, &fault);
        if (err != (is_no_json(id) ? ERR_INVALID : ERR_OK)) {
            fail_msg(STR_FMT ": %s", STR_ARG(id), err_name(err));
        }
        refused += err != ERR_OK ? 1 : 0;
    }
    assert_int_equal(rows, 69);
    assert_int_equal(refused, 23);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_json_is_refused_with_words),
        cmocka_unit_test(names_that_differ_in_case_are_different),
        cmocka_unit_test(members_read_as_what_they_are_or_as_empty),
        cmocka_unit_test(numbers_are_integers_when_int64_holds_them),
        cmocka_unit_test(arrays_and_objects_are_walked_in_order),
        cmocka_unit_test(nesting_is_bounded_and_brackets_in_strings_do_not_count),
        cmocka_unit_test(values_are_counted_without_names_and_bounded),
        cmocka_unit_test(many_names_are_compared_in_linear_time),
        cmocka_unit_test(duplicates_with_long_names_are_told_without_cutting_a_character),
        cmocka_unit_test(lenient_reading_lets_duplicates_through_and_nothing_else),
        cmocka_unit_test(the_corpus_is_read_or_refused_as_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
