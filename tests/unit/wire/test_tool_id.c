#include "wire/tool_id.h"

#include "test.h"

static const struct {
    enum tool_id_form form;
    const char *id;
    const char *want; /* NULL: only that it changes */
    size_t len_max;
} rows[] = {
    {TOOL_ID_ANY, "functions.Bash:0", "functions.Bash:0", 64},
    {TOOL_ID_ANTHROPIC, "toolu_01-A", "toolu_01-A", 64},
    {TOOL_ID_ANTHROPIC, "functions.Bash:0", "functions_Bash_0_6523b38f94d23a14", 64},
    {TOOL_ID_BEDROCK, "call_x|fc_y", NULL, 64},
    {TOOL_ID_BEDROCK, "0123456789012345678901234567890123456789012345678901234567890123456789",
     NULL, 64},
    {TOOL_ID_OPENAI, "functions.Bash:0", "functions.Bash:0", 64},
    {TOOL_ID_OPENAI, "0123456789012345678901234567890123456789012345678901234567890123456789", NULL,
     64},
    {TOOL_ID_NINE, "abc123XYZ", "abc123XYZ", 9},
    {TOOL_ID_NINE, "call_abc", NULL, 9},
};

static void an_id_that_fits_stays_and_others_are_made_to_fit(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str id = str_c(rows[i].id);
        str got = tool_id_for(rows[i].form, id, &arena);
        if (rows[i].want != NULL) {
            assert_str_equal(got, str_c(rows[i].want));
        } else {
            assert_false(str_eq(got, id));
        }
        assert_true(got.len > 0 && got.len <= rows[i].len_max);
        assert_str_equal(tool_id_for(rows[i].form, id, &arena), got);
        assert_str_equal(tool_id_for(rows[i].form, got, &arena), got);
    }
    arena_reset(&arena);
}

static void ids_that_clean_to_the_same_text_stay_apart(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (int form = TOOL_ID_ANTHROPIC; form <= TOOL_ID_NINE; form++) {
        str long_text = STR("0123456789012345678901234567890123456789012345678901234567890123456");
        str one = arena_printf(&arena, "%s:1", long_text.at);
        str two = arena_printf(&arena, "%s.1", long_text.at);
        assert_false(str_eq(tool_id_for((enum tool_id_form)form, one, &arena),
                            tool_id_for((enum tool_id_form)form, two, &arena)));
    }
    arena_reset(&arena);
}

static void a_name_keeps_to_letters_digits_and_two_signs(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_str_equal(tool_name_for(STR("get_weather-2"), 64, &arena), STR("get_weather-2"));
    str got = tool_name_for(STR("server.tool/v1 \xc3\xa9"), 64, &arena);
    assert_true(str_has_prefix(got, STR("server_tool_v1")));
    assert_str_equal(tool_name_for(got, 64, &arena), got);
    assert_true(tool_name_for(STR(""), 64, &arena).len > 0);
    assert_int_equal(
        tool_name_for(STR("a-name-that-is-longer-than-what-is-allowed-here"), 32, &arena).len, 32);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_that_fits_stays_and_others_are_made_to_fit),
        cmocka_unit_test(ids_that_clean_to_the_same_text_stay_apart),
        cmocka_unit_test(a_name_keeps_to_letters_digits_and_two_signs),
    };

    return cmocka_run_group_tests_name("tool_id", tests, NULL, NULL);
}
