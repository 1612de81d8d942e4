#include "policy/snapshot.h"

#include "test.h"

/* Only their addresses matter to a snapshot. */
static const char some_dialect;
static const char some_quirks;

static void add_model(struct snapshot *snapshot, size_t i, str id, str alias)
{
    struct arena *arena = &snapshot->arena;
    struct catalogue_model *model = &snapshot->models[i];

    *model = (struct catalogue_model){.id = id, .endpoint_count = 1};
    model->endpoints = ARENA_NEW(arena, struct endpoint);
    model->endpoints->provider = &snapshot->providers[0];
    assert_true(map_add(&snapshot->models_by_name, arena, id, model));
    if (alias.len > 0) {
        model->aliases = ARENA_NEW(arena, str);
        model->aliases[0] = alias;
        model->alias_count = 1;
        assert_true(map_add(&snapshot->models_by_name, arena, alias, model));
    }
}

static struct snapshot *make_snapshot(void)
{
    struct snapshot *snapshot = snapshot_new();

    snapshot->provider_count = 2;
    snapshot->providers = ARENA_ARRAY(&snapshot->arena, struct provider, 2);
    snapshot->providers[0] = (struct provider){
        .name = STR("openai"),
        .dialect = (const struct dialect *)(const void *)&some_dialect,
        .quirks = (const struct quirks *)(const void *)&some_quirks,
    };
    snapshot->providers[1] = (struct provider){.name = STR("demo")};
    snapshot->model_count = 3;
    snapshot->models = ARENA_ARRAY(&snapshot->arena, struct catalogue_model, 3);
    add_model(snapshot, 0, STR("openai/gpt-4o"), STR("gpt-4o"));
    add_model(snapshot, 1, STR("openai/gpt-4o-mini"), STR(""));
    add_model(snapshot, 2, STR("demo/echo"), STR(""));
    return snapshot;
}

static void a_model_is_found_by_id_and_by_alias(void **state)
{
    struct snapshot *snapshot = make_snapshot();
    struct arena arena = {0};

    (void)state;
    assert_ptr_equal(snapshot_find_model(snapshot, STR("openai/gpt-4o"), &arena),
                     &snapshot->models[0]);
    assert_ptr_equal(snapshot_find_model(snapshot, STR("gpt-4o"), &arena), &snapshot->models[0]);
    assert_ptr_equal(snapshot_find_model(snapshot, STR("demo/echo"), &arena), &snapshot->models[2]);
    assert_int_equal(arena.taken, 0);
    snapshot_free(snapshot);
}

static void any_model_of_a_configured_provider_is_made_on_the_fly(void **state)
{
    struct snapshot *snapshot = make_snapshot();
    struct arena arena = {0};
    const struct catalogue_model *model =
        snapshot_find_model(snapshot, STR("openai/org/new-model"), &arena);

    (void)state;
    assert_non_null(model);
    assert_str_equal(model->id, STR("openai/org/new-model"));
    assert_int_equal(model->endpoint_count, 1);
    assert_ptr_equal(model->endpoints[0].provider, &snapshot->providers[0]);
    assert_str_equal(model->endpoints[0].model.name, STR("org/new-model"));
    assert_ptr_equal(model->endpoints[0].model.quirks, snapshot->providers[0].quirks);
    assert_false(model->endpoints[0].pricing.set);
    arena_reset(&arena);
    snapshot_free(snapshot);
}

static void unknown_models_are_not_found(void **state)
{
    static const char *const names[] = {
        "", "/", "openai", "openai/", "/gpt-4o", "nobody/gpt-4o", "demo/other", "OpenAI/gpt-4o",
    };
    struct snapshot *snapshot = make_snapshot();
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_null(snapshot_find_model(snapshot, str_c(names[i]), &arena));
    }
    snapshot_free(snapshot);
}

static void the_nearest_name_is_suggested_when_it_is_near(void **state)
{
    static const struct {
        const char *name;
        const char *want;
    } cases[] = {
        {"openai/gpt-4o-min", "openai/gpt-4o-mini"},
        {"openia/gpt-4o", "openai/gpt-4o"},
        {"gpt-4o-mini", "openai/gpt-4o-mini"},
        {"gpt-4", "openai/gpt-4o"},
        {"ehco", "demo/echo"},
        {"DEMO/ECHO", "demo/echo"},
        {"claude-sonnet", ""},
        {"", ""},
    };
    struct snapshot *snapshot = make_snapshot();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_str_equal(snapshot_suggest_model(snapshot, str_c(cases[i].name)),
                         str_c(cases[i].want));
    }
    snapshot_free(snapshot);
}

/* ---- Endpoints ---- */

static void an_endpoint_is_what_the_first_choice_that_fits_says(void **state)
{
    (void)state;
    static const char other_dialect;
    static const char other_quirks;
    struct snapshot *snapshot = make_snapshot();
    struct provider *provider = &snapshot->providers[0];
    const struct model_rules rules[] = {{.match = STR("claude-*")}};
    const struct dialect *other = (const struct dialect *)(const void *)&other_dialect;
    struct dialect_choice choices[] = {
        {.match = STR("claude-*"),
         .dialect = other,
         .quirks = (const struct quirks *)(const void *)&other_quirks,
         .site = {.platform = PLATFORM_VERTEX}},
        {.match = STR("*"), .dialect = NULL},
    };

    provider->choices = choices;
    provider->choice_count = 1;
    snapshot->rules = (struct rule_book){.rows = rules, .count = 1};
    struct endpoint claude =
        snapshot_make_endpoint(snapshot, provider, STR("us.anthropic.claude-x-v1:0"));
    struct endpoint plain = snapshot_make_endpoint(snapshot, provider, STR("gpt-4o"));
    assert_ptr_equal(claude.dialect, other);
    assert_ptr_equal(claude.model.quirks, &other_quirks);
    assert_ptr_equal(claude.model.site, &choices[0].site);
    assert_ptr_equal(claude.model.rules, &rules[0]);
    assert_ptr_equal(plain.dialect, provider->dialect);
    assert_ptr_equal(plain.model.quirks, provider->quirks);
    assert_ptr_equal(plain.model.site, &provider->site);
    assert_ptr_equal(plain.model.rules, &rules_unknown);
    snapshot_free(snapshot);
}

static void a_claude_is_found_under_every_platforms_spelling(void **state)
{
    (void)state;
    static const char *const names[] = {
        "claude-3-5-sonnet@20240620",        "claude-3-5-sonnet-20240620",
        "claude-3.5-sonnet-20240620",        "us.anthropic.claude-3-5-sonnet-20240620-v1:0",
        "nobody/claude-3-5-sonnet@20240620",
    };
    struct snapshot *snapshot = make_snapshot();
    struct arena arena = {0};

    snapshot->models[1].endpoints->model.name = STR("anthropic.claude-3-5-sonnet-20240620-v1:0");
    snapshot->models[1].endpoint_count = 1;
    snapshot_index_spellings(snapshot);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_ptr_equal(snapshot_find_model(snapshot, str_c(names[i]), &arena),
                         &snapshot->models[1]);
    }
    assert_null(snapshot_find_model(snapshot, STR("claude-3-5-sonnet@20241022"), &arena));
    assert_null(snapshot_find_model(snapshot, STR("gpt-4o-mini"), &arena)); /* only Claudes */
    snapshot_free(snapshot);
}

static void a_dated_claude_made_on_the_fly_is_spelt_as_its_platform_does(void **state)
{
    (void)state;
    static const struct {
        enum platform platform;
        const char *name;
        const char *want;
    } cases[] = {
        {PLATFORM_OWN, "claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"},
        {PLATFORM_OWN, "claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20240620"},
        {PLATFORM_VERTEX, "claude-3-5-sonnet-20240620", "claude-3-5-sonnet@20240620"},
        {PLATFORM_VERTEX, "claude-opus-4-6", "claude-opus-4-6"},
        {PLATFORM_VERTEX, "gemini-20240620", "gemini-20240620"},
        {PLATFORM_BEDROCK, "claude-x@20240620", "claude-x@20240620"},
        {PLATFORM_OWN, "claude-20240620", "claude-20240620"},
    };
    struct snapshot *snapshot = make_snapshot();
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str name = arena_printf(&arena, "openai/%s", cases[i].name);
        snapshot->providers[0].site.platform = cases[i].platform;
        const struct catalogue_model *model = snapshot_find_model(snapshot, name, &arena);
        assert_str_equal(model->endpoints[0].model.name, str_c(cases[i].want));
    }
    arena_reset(&arena);
    snapshot_free(snapshot);
}

static void sources_of_keys_are_told_one_by_one(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct provider_key keys[] = {{.source = STR("A")}, {.source = STR("")}, {.source = STR("B")}};
    struct provider provider = {.keys = keys, .key_count = COUNT_OF(keys)};

    assert_str_equal(provider_key_sources(&provider, &arena), STR("A, B"));
    provider.key_count = 0;
    assert_str_equal(provider_key_sources(&provider, &arena), STR(""));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_found_by_id_and_by_alias),
        cmocka_unit_test(any_model_of_a_configured_provider_is_made_on_the_fly),
        cmocka_unit_test(unknown_models_are_not_found),
        cmocka_unit_test(the_nearest_name_is_suggested_when_it_is_near),
        cmocka_unit_test(an_endpoint_is_what_the_first_choice_that_fits_says),
        cmocka_unit_test(a_claude_is_found_under_every_platforms_spelling),
        cmocka_unit_test(a_dated_claude_made_on_the_fly_is_spelt_as_its_platform_does),
        cmocka_unit_test(sources_of_keys_are_told_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
