#include "base/text.h"
#include "wire/embed_floats.h"

#include "test.h"

#include <stdlib.h>

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static float float_of_bits(uint32_t bits)
{
    float value = 0;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static str written(float value)
{
    struct buf out;

    buf_init(&out, 64);
    assert_int_equal(embed_put_float(&out, value), ERR_OK);
    str copy = arena_copy(&arena, buf_str(&out));
    buf_free(&out);
    return copy;
}

static void floats_are_written_short(void **state)
{
    static const struct {
        float value;
        const char *want;
    } cases[] = {
        {0.0F, "0.0"},
        {-0.0F, "-0.0"},
        {1.0F, "1.0"},
        {-1.0F, "-1.0"},
        {0.1F, "0.1"},
        {-0.5F, "-0.5"},
        {3.0F, "3.0"},
        {10.0F, "10.0"},
        {100.25F, "100.25"},
        {123456.0F, "123456.0"},
        {9999999.0F, "9999999.0"},
        {0.018440857F, "0.018440858"},
        {-0.015857217F, "-0.015857218"},
        {0.0003798008F, "0.0003798008"},
        {1e-9F, "0.000000001"},
        {1e-10F, "1e-10"},
        {1e7F, "1e+07"},
        {16777216.0F, "1.6777216e+07"},
        {3.4028235e38F, "3.4028235e+38"},
        {1e-45F, "1e-45"},
        {-1.17549435e-38F, "-1.1754944e-38"},
        {0.3F, "0.3"},
        {1.0F / 3.0F, "0.33333334"},
        {0.99999994F, "0.99999994"},
        {1.0000001F, "1.0000001"},
        {8388608.5F, "8388608.0"},
        {4194304.5F, "4194304.5"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(written(cases[i].value), str_c(cases[i].want));
    }
    assert_str_equal(written(float_of_bits(0x7f800000)), STR("null"));
    assert_str_equal(written(float_of_bits(0x7fc00000)), STR("null"));
}

/* Every float of a walk over all bit patterns reads back, and no shorter text does. */
static void floats_read_back_exactly(void **state)
{
    (void)state;

    for (uint32_t bits = 0; bits < 0xff000000U; bits += 104729) { /* a prime */
        float value = float_of_bits(bits);
        if (!(value - value >= 0)) {
            continue; /* infinite, or no number */
        }
        str text = written(value);
        assert_true(text.len <= 24);
        float back = strtof(text.at, NULL);
        assert_memory_equal(&back, &value, sizeof(value));
        if (bits % 64 == 0) {
            char shorter[64];
            size_t digits = 0;
            bool leading = true;
            for (size_t i = 0; i < text.len && text.at[i] != 'e'; i++) {
                leading = leading && (text.at[i] < '1' || text.at[i] > '9');
                digits += !leading && text.at[i] != '.' ? 1 : 0;
            }
            if (digits > 2 && !str_has_suffix(text, STR(".0"))) {
                (void)snprintf(shorter, sizeof(shorter), "%.*e", (int)digits - 2, (double)value);
                float other = strtof(shorter, NULL);
                assert_memory_not_equal(&other, &value, sizeof(value));
            }
        }
        arena_reset(&arena);
    }
}

static const char *const no_lists[] = {
    "",
    "[",
    "[]",
    "{\"a\":[1,2]}",
    "[\"1, 2, 3, 4, 5, 6, 7, 8, 9, 10\"]",
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,null]",
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,\"]\"]",
    "{\"a\":\"\\\"[1,2,3,4,5,6,7,8,9,10,11,12,13]\"}",
    "[1,2,3,4,5,6,7,8,9,10,11,12,13",
    "\"[1,2,3,4,5,6,7,8,9,10,11,12,13]",
    "\"\\",
};

static void text_without_long_lists_stays(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT_OF(no_lists); i++) {
        struct embed_lists lists = {0};
        str out = STR_NONE;
        assert_int_equal(embed_lift(str_c(no_lists[i]), 1000, &arena, &out, &lists), ERR_OK);
        assert_str_equal(out, str_c(no_lists[i]));
        assert_int_equal(lists.count, 0);
    }
}

static void long_lists_are_lifted(void **state)
{
    static const float want[] = {0.5F, -1.25e-3F, 3, 100, -0.0F, 12345678.0F, 0.10558568F};
    struct embed_lists lists = {0};
    struct embed_vector vector = {0};
    str out = STR_NONE;
    str text = STR("{\"a\":[ 0.5, -1.25E-3,\n3,1e2,-0.0,12345678.0, 0.10558567941188812 ],"
                   "\"b\":[[1,2],[-21,18,19,-8,-38,15,57,-18,124,62]],\"c\":[0.25]}");
    (void)state;

    assert_int_equal(embed_lift(text, 17, &arena, &out, &lists), ERR_OK);
    assert_str_equal(out, STR("{\"a\":\"#0\",\"b\":[[1,2],\"#1\"],\"c\":[0.25]}"));
    json *root = json_read_lenient(&arena, out);
    assert_true(embed_numbers(&lists, json_get(root, "a"), &arena, &vector));
    assert_int_equal(vector.len, COUNT_OF(want));
    assert_memory_equal(vector.at, want, sizeof(want));
    assert_true(embed_numbers(&lists, json_get(root, "c"), &arena, &vector));
    assert_int_equal(vector.len, 1);
    assert_true(vector.at[0] > 0.24F && vector.at[0] < 0.26F);
    assert_false(embed_numbers(&lists, json_get(root, "b"), &arena, &vector));
    assert_false(embed_numbers(&lists, json_get(root, "d"), &arena, &vector));
    assert_int_equal(embed_lift(text, 16, &arena, &out, &lists), ERR_TOO_BIG);
}

static void broken_numbers_are_refused(void **state)
{
    static const char *const numbers[] = {"1e400", "-",  "1-2", "+1",  "..",    "1.2.3",
                                          "e5",    "1e", " ",   "1 2", "3.5e38"};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct embed_lists lists = {0};
        str out = STR_NONE;
        str text = arena_printf(&arena, "[1.000000000,2.000000000,%s,3]", numbers[i]);
        assert_int_equal(embed_lift(text, 1000, &arena, &out, &lists), ERR_INVALID);
    }
}

static void a_place_that_is_not_there_is_no_list(void **state)
{
    static const char *const places[] = {"\"#1\"", "\"#\"",    "\"#x\"",   "\"0\"",  "7",
                                         "null",   "[\"#0\"]", "[1,null]", "[1e39]", "{}"};
    const float number = 1;
    struct embed_vector only = {&number, 1};
    struct embed_lists lists = {&only, 1, 1};
    struct embed_vector vector = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        json *value = json_read_lenient(&arena, str_c(places[i]));
        assert_non_null(value);
        assert_false(embed_numbers(&lists, value, &arena, &vector));
    }
    assert_true(embed_numbers(&lists, json_read_lenient(&arena, STR("\"#0\"")), &arena, &vector));
    lists.count = 0;
    assert_false(embed_numbers(&lists, json_read_lenient(&arena, STR("\"#0\"")), &arena, &vector));
}

static void base64_is_little_endian(void **state)
{
    static const float want[] = {1.0F, -0.5F, 0.1F};
    struct embed_vector vector = {want, COUNT_OF(want)};
    (void)state;

    str text = embed_to_base64(&vector, &arena);
    assert_str_equal(text, STR("AACAPwAAAL/NzMw9"));
    assert_true(embed_from_base64(text, 0, &arena, &vector));
    assert_int_equal(vector.len, COUNT_OF(want));
    assert_memory_equal(vector.at, want, sizeof(want));
    assert_true(embed_from_base64(text, 3, &arena, &vector));
    assert_int_equal(vector.len, 3);
}

/* Little-endian float64 in base64, of numbers that a float32 holds. */
static str doubles(size_t count)
{
    char *bytes = arena_take(&arena, count * 8 + 1);

    for (size_t i = 0; i < count; i++) {
        double value = (double)(0.001F * (float)(i + 1));
        memcpy(bytes + i * 8, &value, 8);
    }
    return text_base64_encode(str_of(bytes, count * 8), &arena);
}

static void float64_is_told_by_its_width(void **state)
{
    struct embed_vector vector = {0};
    (void)state;

    assert_true(embed_from_base64(doubles(4), 4, &arena, &vector));
    assert_int_equal(vector.len, 4);
    assert_true(vector.at[3] >= 0.004F && vector.at[3] <= 0.004F);
    assert_true(embed_from_base64(doubles(16), 0, &arena, &vector)); /* by its bits */
    assert_int_equal(vector.len, 16);
    assert_true(embed_from_base64(doubles(16), 32, &arena, &vector)); /* told otherwise */
    assert_int_equal(vector.len, 32);
}

static void what_is_no_vector_is_refused(void **state)
{
    static const char *const texts[] = {"AAAA",     "????",     "AACAPw",
                                        "AACAPw=!", "AACAfw==", "AADAfw=="};
    struct embed_vector vector = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(texts); i++) { /* the last two: infinity, no number */
        assert_false(embed_from_base64(str_c(texts[i]), 0, &arena, &vector));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(floats_are_written_short, reset),
        cmocka_unit_test_teardown(floats_read_back_exactly, reset),
        cmocka_unit_test_teardown(text_without_long_lists_stays, reset),
        cmocka_unit_test_teardown(long_lists_are_lifted, reset),
        cmocka_unit_test_teardown(broken_numbers_are_refused, reset),
        cmocka_unit_test_teardown(a_place_that_is_not_there_is_no_list, reset),
        cmocka_unit_test_teardown(base64_is_little_endian, reset),
        cmocka_unit_test_teardown(float64_is_told_by_its_width, reset),
        cmocka_unit_test_teardown(what_is_no_vector_is_refused, reset),
    };

    return cmocka_run_group_tests_name("embed_floats", tests, NULL, NULL);
}
