#include "wire/dialect.h"
#include "wire/quirks.h"

#include "test.h"

static void every_preset_is_whole_and_found_by_name(void **state)
{
    (void)state;
    size_t count = 0;

    for (const struct preset *preset = preset_all(); preset->name != NULL; preset++, count++) {
        assert_ptr_equal(preset_by_name(str_c(preset->name)), preset);
        assert_non_null(dialect_by_name(str_c(preset->dialect)));
        assert_non_null(preset->quirks);
        assert_true(strlen(preset->display) > 0);
        str url = str_c(preset->base_url);
        bool is_local = str_has_prefix(url, STR("http://127.0.0.1:"));
        assert_true(is_local || str_has_prefix(url, STR("https://")));
        assert_false(str_has_suffix(url, STR("/")));
        assert_int_equal(is_local, preset->env == NULL);
        assert_int_equal(is_local, preset->quirks->credential == CREDENTIAL_NONE);
    }
    assert_true(count >= 20);
    assert_null(preset_by_name(STR("nobody")));
    assert_null(preset_by_name(STR("")));
}

/* A word without a blank behind it would be glued to the next one. */
static void refused_parameters_end_in_a_blank(void **state)
{
    (void)state;
    for (const struct preset *preset = preset_all(); preset->name != NULL; preset++) {
        if (preset->quirks->refused != NULL) {
            assert_true(str_has_suffix(str_c(preset->quirks->refused), STR(" ")));
        }
    }
}

static void an_unknown_provider_has_quirks_of_its_dialect(void **state)
{
    (void)state;
    assert_int_equal(quirks_default(STR("anthropic"))->credential, CREDENTIAL_X_API_KEY);
    assert_int_equal(quirks_default(STR("openai"))->credential, CREDENTIAL_BEARER);
    assert_false(quirks_default(STR("openai"))->max_completion_tokens);
}

static void every_dialect_is_named_and_found(void **state)
{
    (void)state;
    str names = str_c(dialect_names());

    while (names.len > 0) {
        str name = str_trim(str_split(&names, ','));
        assert_non_null(dialect_by_name(name));
    }
    assert_null(dialect_by_name(STR("esperanto")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preset_is_whole_and_found_by_name),
        cmocka_unit_test(refused_parameters_end_in_a_blank),
        cmocka_unit_test(an_unknown_provider_has_quirks_of_its_dialect),
        cmocka_unit_test(every_dialect_is_named_and_found),
    };

    return cmocka_run_group_tests_name("quirks", tests, NULL, NULL);
}
