#include "llm/rules.h"
#include "wire/dialect.h"
#include "wire/quirks.h"

#include "share.h"
#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static struct preset_book read_book(const char *text)
{
    struct preset_book book = {0};
    struct fault fault = {0};

    if (presets_read(str_c(text), &arena, &book, &fault) != ERR_OK) {
        fail_msg(STR_FMT, STR_ARG(fault.message));
    }
    return book;
}

/* ---- The data file ---- */

#define FILE_OF(defaults, providers)                                          \
    "{\"source\":\"s\",\"as_of\":\"2026-01-02\",\"defaults\":{" defaults "}," \
    "\"providers\":[" providers "]}"

#define ACME "\"name\":\"acme\",\"display\":\"Acme\",\"dialect\":\"openai\""

static void a_provider_is_read_with_all_its_members(void **state)
{
    (void)state;
    struct preset_book book = read_book(FILE_OF(
        "",
        "{" ACME ",\"base_url\":\"https://{region}.example.com\",\"env\":[\"A_KEY\",\"B_KEY\"],"
        "\"key_url\":\"https://example.com/keys\",\"login\":\"aws\",\"platform\":\"bedrock\","
        "\"region\":\"moon\",\"variables\":{\"region\":[\"A_REGION\"],\"project\":\"A_PROJECT\"},"
        "\"regions\":[{\"match\":\"eu-*\",\"base_url\":\"https://eu.example.com\"}],"
        "\"dialects\":[{\"dialect\":\"anthropic\",\"models\":[\"claude*\"],"
        "\"platform\":\"vertex\"},{\"dialect\":\"gemini\",\"base_url\":\"/g\"}],"
        "\"setup\":[\"one\",\"two\"],\"note\":\"why\"}"));

    assert_int_equal(book.count, 1);
    assert_str_equal(book.source, STR("s"));
    const struct preset *preset = preset_by_name(&book, STR("acme"));
    assert_non_null(preset);
    assert_str_equal(preset->display, STR("Acme"));
    assert_str_equal(preset->base_url, STR("https://{region}.example.com"));
    assert_int_equal(preset->env.count, 2);
    assert_str_equal(preset->env.at[1], STR("B_KEY"));
    assert_str_equal(preset->key_url, STR("https://example.com/keys"));
    assert_int_equal(preset->login, LOGIN_AWS);
    assert_int_equal(preset->platform, PLATFORM_BEDROCK);
    assert_str_equal(preset->region, STR("moon"));
    assert_str_equal(preset->variables.region.at[0], STR("A_REGION"));
    assert_str_equal(preset->variables.project.at[0], STR("A_PROJECT"));
    assert_int_equal(preset->variables.account.count, 0);
    assert_int_equal(preset->region_count, 1);
    assert_str_equal(preset->regions[0].match, STR("eu-*"));
    assert_int_equal(preset->dialect_count, 2);
    assert_str_equal(preset->dialects[0].models.at[0], STR("claude*"));
    assert_int_equal(preset->dialects[0].platform, PLATFORM_VERTEX);
    assert_str_equal(preset->dialects[1].base_url, STR("/g"));
    assert_null(preset_by_name(&book, STR("nobody")));
    assert_null(preset_by_name(&book, STR("")));
}

static void quirks_begin_with_those_of_the_dialect(void **state)
{
    (void)state;
    struct preset_book book = read_book(FILE_OF(
        "\"openai\":{\"takes_extras\":true,\"stops_max\":4,\"refused\":[\"n\",\"seed\"]},"
        "\"anthropic\":{\"credential\":\"x-api-key\"}",
        "{" ACME
        ",\"quirks\":{\"takes_extras\":false,\"temperature_max\":1.5,\"efforts\":[\"low\"],"
        "\"prefill\":\"partial\",\"prefill_path\":\"/beta\"},"
        "\"dialects\":[{\"dialect\":\"anthropic\",\"quirks\":{\"needs_image_bytes\":true}}]},"
        "{\"name\":\"plain\",\"display\":\"P\",\"dialect\":\"openai\",\"local\":true}"));
    const struct preset *acme = preset_by_name(&book, STR("acme"));
    const struct preset *plain = preset_by_name(&book, STR("plain"));

    assert_false(acme->quirks->takes_extras);
    assert_int_equal(acme->quirks->stops_max, 4);
    assert_string_equal(acme->quirks->refused, "n seed ");
    assert_true(acme->quirks->temperature_max == 1.5);
    assert_string_equal(acme->quirks->efforts, "low ");
    assert_int_equal(acme->quirks->prefill, PREFILL_PARTIAL);
    assert_string_equal(acme->quirks->prefill_path, "/beta");
    assert_int_equal(acme->quirks->credential, CREDENTIAL_BEARER);

    assert_true(plain->quirks->takes_extras);
    assert_int_equal(plain->quirks->credential, CREDENTIAL_NONE);
    assert_null(plain->quirks->efforts);

    const struct quirks *other = preset_quirks(&book, acme, STR("anthropic"));
    assert_true(other->needs_image_bytes);
    assert_int_equal(other->credential, CREDENTIAL_X_API_KEY);
    assert_ptr_equal(preset_quirks(&book, acme, STR("openai")), acme->quirks);
    assert_ptr_equal(preset_quirks(&book, plain, STR("anthropic")),
                     quirks_default(&book, STR("anthropic")));
    assert_non_null(quirks_default(&book, STR("esperanto")));
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "empty"},
        {"{\"source\":1}", "the file: `source` must be a string"},
        {"{\"source\":\"s\",\"as_of\":\"d\",\"defaults\":[],\"providers\":[]}",
         "the file: `defaults` must be an object"},
        {"{\"source\":\"s\",\"as_of\":\"d\",\"defaults\":{},\"providers\":{}}",
         "the file: `providers` must be an array"},
        {FILE_OF("\"openai\":{\"smiles\":true}", ""),
         "defaults \"openai\": there is no member `smiles`"},
        {FILE_OF("", "{" ACME ",\"smiles\":true}"),
         "providers[0] \"acme\": there is no member `smiles`"},
        {FILE_OF("", "{" ACME ",\"quirks\":{\"smiles\":true}}"),
         "providers[0] \"acme\": there is no member `smiles`"},
        {FILE_OF("", "{" ACME ",\"quirks\":{\"takes_extras\":1}}"),
         "providers[0] \"acme\": `takes_extras` must be"},
        {FILE_OF("", "{" ACME ",\"quirks\":{\"stops_max\":9999999999}}"), "is too large"},
        {FILE_OF("", "{" ACME ",\"quirks\":{\"temperature_max\":\"1\"}}"), "must be a number"},
        {FILE_OF("", "{" ACME ",\"quirks\":{\"credential\":\"smile\"}}"),
         "`credential` knows no \"smile\""},
        {FILE_OF("", "{" ACME "},{" ACME "}"),
         "providers[1] \"acme\": there are two providers of that name"},
        {FILE_OF("", "{" ACME ",\"regions\":{}}"), "`regions` must be an array"},
        {FILE_OF("", "{" ACME ",\"dialects\":1}"), "`dialects` must be an array"},
        {FILE_OF("", "{" ACME ",\"dialects\":[{\"dialect\":\"x\",\"models\":[\"m\"],"
                     "\"base_url\":\"/y\"}]}"),
         "a dialect of some models has no `base_url` of its own"},
        {FILE_OF("", "{\"name\":\"acme\",\"display\":\"A\"}"), "`dialect` is missing"},
        {FILE_OF("", "3"), "providers[0] \"\": this must be an object"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct preset_book book = {.count = 77};
        struct fault fault = {0};
        assert_int_equal(presets_read(str_c(cases[i].text), &arena, &book, &fault), ERR_INVALID);
        if (str_find(fault.message, str_c(cases[i].says)) == fault.message.len) {
            fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(fault.message), cases[i].says);
        }
        assert_int_equal(book.count, 77);
    }
}

/* ---- What is shipped ---- */

static void every_preset_is_whole_and_found_by_name(void **state)
{
    (void)state;
    const struct preset_book *book = share_preset_book();

    assert_true(book->count >= 40);
    assert_true(book->source.len > 0 && book->as_of.len == 10);
    for (size_t i = 0; i < book->count; i++) {
        const struct preset *preset = &book->rows[i];
        str url = preset->base_url;
        assert_ptr_equal(preset_by_name(book, preset->name), preset);
        assert_true(preset->display.len > 0 && preset->dialect.len > 0);
        assert_non_null(preset->quirks);
        assert_int_equal(str_has_prefix(url, STR("http://127.0.0.1:")), preset->local);
        assert_true(url.len == 0 || preset->local || str_has_prefix(url, STR("https://")));
        assert_false(str_has_suffix(url, STR("/")));
        assert_true(preset->local || preset->env.count > 0 || preset->login != LOGIN_NONE);
        assert_int_equal(preset->local, preset->quirks->credential == CREDENTIAL_NONE);
    }
}

/* The vendor's own SDK takes it so: the dialects put the rest behind it. */
static void base_urls_have_a_version_where_their_dialect_has_none(void **state)
{
    (void)state;
    const struct preset_book *book = share_preset_book();
    static const char *const without[] = {"anthropic", "azure",  "gemini",
                                          "bedrock",   "cohere", "ollama"};

    for (size_t i = 0; i < book->count; i++) {
        const struct preset *preset = &book->rows[i];
        for (size_t j = 0; j < COUNT_OF(without); j++) {
            if (str_eq(preset->dialect, str_c(without[j])) &&
                str_find(preset->base_url, STR("/v1")) < preset->base_url.len) {
                fail_msg(STR_FMT, STR_ARG(preset->name));
            }
        }
    }
    assert_true(str_has_suffix(preset_by_name(book, STR("openai"))->base_url, STR("/v1")));
}

static void some_models_of_a_provider_speak_another_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        const char *model;
        const char *dialect; /* NULL: the provider's own */
    } cases[] = {
        {"openai", "gpt-5", NULL},
        {"openai", "gpt-5.1", NULL},
        {"openai", "gpt-5-codex", "openai-responses"},
        {"openai", "gpt-5.1-codex-mini", "openai-responses"},
        {"openai", "gpt-5-pro", "openai-responses"},
        {"openai", "gpt-5.4-pro-2026-01-01", "openai-responses"},
        {"openai", "o3-deep-research", "openai-responses"},
        {"openai", "computer-use-preview", "openai-responses"},
        {"vertex", "claude-sonnet-4-5", "anthropic"},
        {"vertex", "gemini-3-pro", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct preset *preset = preset_by_name(share_preset_book(), str_c(cases[i].provider));
        str got = STR_NONE;
        for (size_t j = 0; j < preset->dialect_count && got.len == 0; j++) {
            const struct preset_dialect *row = &preset->dialects[j];
            for (size_t k = 0; k < row->models.count; k++) {
                got = rules_match(row->models.at[k], str_c(cases[i].model)) ? row->name : got;
            }
        }
        assert_str_equal(got, str_c(cases[i].dialect));
    }
}

static void an_unknown_provider_has_quirks_of_its_dialect(void **state)
{
    (void)state;
    assert_int_equal(share_quirks("", "anthropic")->credential, CREDENTIAL_X_API_KEY);
    assert_int_equal(share_quirks("", "openai")->credential, CREDENTIAL_BEARER);
    assert_int_equal(share_quirks("", "gemini")->credential, CREDENTIAL_X_GOOG_API_KEY);
    assert_int_equal(share_quirks("", "azure")->credential, CREDENTIAL_API_KEY);
    assert_false(share_quirks("", "openai")->max_completion_tokens);
    assert_true(share_quirks("gemini", "openai")->completion_excludes_reasoning);
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
        cmocka_unit_test_teardown(a_provider_is_read_with_all_its_members, reset),
        cmocka_unit_test_teardown(quirks_begin_with_those_of_the_dialect, reset),
        cmocka_unit_test_teardown(what_is_wrong_is_named_with_its_place, reset),
        cmocka_unit_test(every_preset_is_whole_and_found_by_name),
        cmocka_unit_test(base_urls_have_a_version_where_their_dialect_has_none),
        cmocka_unit_test(some_models_of_a_provider_speak_another_dialect),
        cmocka_unit_test(an_unknown_provider_has_quirks_of_its_dialect),
        cmocka_unit_test(every_dialect_is_named_and_found),
    };

    return cmocka_run_group_tests_name("quirks", tests, NULL, NULL);
}
