#include "app/config.h"
#include "wire/dialect.h"
#include "wire/quirks.h"

#include "fake_world.h"

enum { ERRORS_BYTES_MAX = 64 * 1024 };

/* Loads the text as a file, or only the environment when it is NULL; fails the test on errors. */
static struct snapshot *load(const char *yaml, const struct fake_entry *variables)
{
    const struct fake_entry files[] = {
        {"gatehouse.yaml", yaml}, {"/run/key", "sk-file\n"}, {"/ca.pem", "-"}, {0}};
    struct fake_world fake = {.variables = variables, .files = files};
    struct world world = fake_world_open(&fake);
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;
    struct buf errors;

    buf_init(&errors, ERRORS_BYTES_MAX);
    if (config_load(yaml != NULL ? "gatehouse.yaml" : NULL, &world, &arena, &snapshot, &errors) !=
        ERR_OK) {
        fail_msg(STR_FMT, STR_ARG(buf_str(&errors)));
    }
    assert_int_equal(errors.len, 0);
    buf_free(&errors);
    arena_reset(&arena);
    return snapshot;
}

static void the_configuration_of_the_contract_is_read(void **state)
{
    const struct fake_entry variables[] = {{"OPENAI_API_KEY", "sk-env"}, {0}};
    struct arena arena = {0};
    struct snapshot *snapshot = load(
        "listen: 127.0.0.1:9090\n"
        "store: sqlite:gatehouse.db            # relative to the data directory\n"
        "providers:\n"
        "  - name: openai\n"
        "    dialect: openai\n"
        "    base_url: https://api.example.com/v1/\n"
        "    api_key: ${OPENAI_API_KEY}\n"
        "models:\n"
        "  - id: openai/gpt-4o\n"
        "    aliases: [gpt-4o]\n"
        "    context_length: 128000\n"
        "    endpoints:\n"
        "      - {provider: openai, model: gpt-4o-2024-08-06, pricing: {prompt: \"0.0000025\", "
        "completion: \"0.00001\"}}\n",
        variables);

    (void)state;
    assert_str_equal(snapshot->settings.listen, STR("127.0.0.1:9090"));
    assert_int_equal(snapshot->provider_count, 2);
    const struct provider *provider = &snapshot->providers[0];
    assert_str_equal(provider->name, STR("openai"));
    assert_str_equal(provider->display, STR("OpenAI"));
    assert_string_equal(provider->dialect->name, "openai");
    assert_true(provider->origin.tls);
    assert_str_equal(provider->origin.host, STR("api.example.com"));
    assert_int_equal(provider->origin.port, 443);
    assert_str_equal(provider->origin.path, STR("/v1"));
    assert_str_equal(provider->origin.authority, STR("api.example.com"));
    assert_str_equal(provider->keys[0].secret, STR("sk-env"));
    assert_str_equal(provider->keys[0].source, STR("OPENAI_API_KEY"));
    assert_true(provider->quirks->max_completion_tokens); /* the preset's */

    const struct catalogue_model *model = snapshot_find_model(snapshot, STR("gpt-4o"), &arena);
    assert_non_null(model);
    assert_str_equal(model->id, STR("openai/gpt-4o"));
    assert_int_equal(model->context_tokens, 128000);
    assert_int_equal(model->endpoint_count, 1);
    const struct endpoint *endpoint = &model->endpoints[0];
    assert_ptr_equal(endpoint->provider, provider);
    assert_str_equal(endpoint->model.name, STR("gpt-4o-2024-08-06"));
    assert_int_equal(endpoint->model.context_tokens, 128000);
    assert_ptr_equal(endpoint->model.quirks, provider->quirks);
    assert_true(endpoint->pricing.set);
    assert_int_equal(endpoint->pricing.prompt_picousd, 2500000);
    assert_int_equal(endpoint->pricing.completion_picousd, 10000000);
    assert_true(endpoint->pricing.cache_read_picousd < 0);
    assert_non_null(snapshot_find_model(snapshot, STR("demo/echo"), &arena));
    snapshot_free(snapshot);
}

static void without_a_file_the_environment_names_the_providers(void **state)
{
    const struct fake_entry variables[] = {
        {"ANTHROPIC_API_KEY", "sk-ant"}, {"OPENAI_API_KEY", "sk-oai"}, {"GROQ_API_KEY", ""}, {0}};
    struct arena arena = {0};
    struct snapshot *snapshot = load(NULL, variables);

    (void)state;
    assert_int_equal(snapshot->provider_count, 3);
    assert_str_equal(snapshot->providers[0].name, STR("openai"));
    assert_str_equal(snapshot->providers[1].name, STR("anthropic"));
    assert_str_equal(snapshot->providers[1].keys[0].source, STR("ANTHROPIC_API_KEY"));
    assert_string_equal(snapshot->providers[1].dialect->name, "anthropic");
    assert_str_equal(snapshot->providers[2].name, STR("demo"));
    assert_null(snapshot->providers[2].dialect);
    assert_non_null(snapshot->providers[2].quirks);
    const struct catalogue_model *model =
        snapshot_find_model(snapshot, STR("anthropic/claude-x"), &arena);
    assert_non_null(model);
    assert_str_equal(model->endpoints[0].model.name, STR("claude-x"));
    assert_null(snapshot_find_model(snapshot, STR("groq/x"), &arena));
    arena_reset(&arena);
    snapshot_free(snapshot);
}

static void nothing_at_all_is_a_demo(void **state)
{
    struct arena arena = {0};
    struct snapshot *snapshot = load(NULL, NULL);

    (void)state;
    assert_int_equal(snapshot->provider_count, 1);
    assert_int_equal(snapshot->model_count, 1);
    assert_non_null(snapshot_find_model(snapshot, STR("demo/echo"), &arena));
    snapshot_free(snapshot);

    snapshot = load("", NULL);
    assert_int_equal(snapshot->model_count, 1);
    snapshot_free(snapshot);
}

static void the_demo_can_be_switched_off(void **state)
{
    const struct fake_entry variables[] = {{"GATEHOUSE_DEMO", "false"}, {0}};
    struct arena arena = {0};
    struct snapshot *snapshot = load("demo: false\n", NULL);

    (void)state;
    assert_int_equal(snapshot->provider_count, 0);
    assert_null(snapshot_find_model(snapshot, STR("demo/echo"), &arena));
    snapshot_free(snapshot);

    snapshot = load("demo: true\n", variables);
    assert_int_equal(snapshot->provider_count, 0);
    snapshot_free(snapshot);
}

static void a_file_decides_about_providers_when_it_speaks_of_them(void **state)
{
    const struct fake_entry variables[] = {{"OPENAI_API_KEY", "sk-oai"}, {0}};
    struct snapshot *snapshot = load("providers: []\ndemo: false\n", variables);

    (void)state;
    assert_int_equal(snapshot->provider_count, 0);
    snapshot_free(snapshot);

    snapshot = load("listen: 127.0.0.1:1\ndemo: false\n", variables);
    assert_int_equal(snapshot->provider_count, 1);
    snapshot_free(snapshot);
}

static void providers_come_from_presets_and_from_scratch(void **state)
{
    const struct fake_entry variables[] = {{"OPENAI_API_KEY", "sk-oai"}, {"HOST", "10.0.0.7"}, {0}};
    struct snapshot *snapshot = load("demo: false\n"
                                     "providers:\n"
                                     "  - {name: backup, preset: openai, label: Spare}\n"
                                     "  - name: local\n"
                                     "    dialect: openai\n"
                                     "    base_url: http://${HOST}:9000/api\n"
                                     "    api_key: \"\"\n"
                                     "    ca_file: /ca.pem\n"
                                     "  - {name: ollama}\n"
                                     "  - {name: vllm, api_key: \"${file:/run/key}\"}\n"
                                     "  - {name: anthropic, dialect: openai, api_key: k}\n"
                                     "  - {name: six, dialect: openai, api_key: \"\",\n"
                                     "     base_url: \"http://[::1]:8000\"}\n",
                                     variables);
    const struct provider *providers = snapshot->providers;

    (void)state;
    assert_int_equal(snapshot->provider_count, 6);
    assert_str_equal(providers[0].display, STR("Spare"));
    assert_str_equal(providers[0].keys[0].secret, STR("sk-oai"));
    assert_str_equal(providers[1].display, STR("local"));
    assert_false(providers[1].origin.tls);
    assert_str_equal(providers[1].origin.host, STR("10.0.0.7"));
    assert_int_equal(providers[1].origin.port, 9000);
    assert_str_equal(providers[1].origin.path, STR("/api"));
    assert_str_equal(providers[1].origin.authority, STR("10.0.0.7:9000"));
    assert_str_equal(providers[1].keys[0].secret, STR(""));
    assert_str_equal(providers[1].ca_file, STR("/ca.pem"));
    assert_str_equal(providers[2].keys[0].secret, STR(""));
    assert_int_equal(providers[2].keys[0].credential, CREDENTIAL_NONE);
    assert_str_equal(providers[3].keys[0].secret, STR("sk-file"));
    assert_str_equal(providers[3].keys[0].source, STR("file:/run/key"));
    assert_int_equal(providers[3].keys[0].credential, CREDENTIAL_BEARER);
    assert_false(providers[4].quirks->max_completion_tokens);
    assert_str_equal(providers[5].origin.host, STR("::1"));
    assert_str_equal(providers[5].origin.authority, STR("[::1]:8000"));
    assert_str_equal(providers[5].origin.path, STR(""));
    for (size_t i = 0; i < snapshot->provider_count; i++) {
        assert_int_equal(providers[i].index, i);
    }
    snapshot_free(snapshot);
}

static void models_hand_down_to_their_endpoints(void **state)
{
    struct arena arena = {0};
    struct snapshot *snapshot = load("models:\n"
                                     "  - id: ollama/llama\n"
                                     "    context_length: 1000\n"
                                     "    supported_parameters: [temperature, top_p]\n"
                                     "  - id: vendor/thing\n"
                                     "    name: The thing\n"
                                     "    description: |\n"
                                     "      Two\n"
                                     "      lines\n"
                                     "    created: 1700000000\n"
                                     "    max_completion_tokens: 500\n"
                                     "    endpoints:\n"
                                     "      - provider: ollama\n"
                                     "        max_output_tokens: 100\n"
                                     "      - provider: other\n"
                                     "        model: \"raw:name\"\n"
                                     "        supported_parameters: []\n"
                                     "        pricing: {prompt: 0.000001, completion: 0, "
                                     "input_cache_read: \"0\", cache_write: \"2\", request: 0.01}\n"
                                     "providers:\n"
                                     "  - name: ollama\n"
                                     "  - {name: other, preset: ollama}\n",
                                     NULL);
    const struct catalogue_model *first =
        snapshot_find_model(snapshot, STR("ollama/llama"), &arena);
    const struct catalogue_model *second =
        snapshot_find_model(snapshot, STR("vendor/thing"), &arena);

    (void)state;
    assert_str_equal(first->endpoints[0].model.name, STR("llama"));
    assert_int_equal(first->endpoints[0].model.context_tokens, 1000);
    assert_int_equal(first->endpoints[0].model.parameter_count, 2);
    assert_str_equal(first->endpoints[0].model.parameters[1], STR("top_p"));
    assert_false(first->endpoints[0].pricing.set);
    assert_str_equal(second->name, STR("The thing"));
    assert_str_equal(second->description, STR("Two\nlines\n"));
    assert_int_equal(second->created_s, 1700000000);
    assert_int_equal(second->output_tokens_max, 500);
    assert_int_equal(second->endpoint_count, 2);
    assert_str_equal(second->endpoints[0].model.name, STR("thing"));
    assert_int_equal(second->endpoints[0].model.output_tokens_max, 100);
    assert_null(second->endpoints[0].model.parameters);
    assert_str_equal(second->endpoints[1].model.name, STR("raw:name"));
    assert_int_equal(second->endpoints[1].model.output_tokens_max, 500);
    assert_non_null(second->endpoints[1].model.parameters); /* none at all is not "unknown" */
    assert_int_equal(second->endpoints[1].model.parameter_count, 0);
    assert_int_equal(second->endpoints[1].pricing.prompt_picousd, 1000000);
    assert_int_equal(second->endpoints[1].pricing.cache_read_picousd, 0);
    assert_int_equal(second->endpoints[1].pricing.cache_write_picousd, INT64_C(2000000000000));
    assert_int_equal(second->endpoints[1].pricing.request_picousd, INT64_C(10000000000));
    snapshot_free(snapshot);
}

static void variables_stand_in_any_value(void **state)
{
    const struct fake_entry variables[] = {
        {"COMMENT", "waiting"}, {"EMPTY", ""}, {"YES", "true"}, {0}};
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"${COMMENT}", "waiting"},
        {"a ${COMMENT} b ${COMMENT}", "a waiting b waiting"},
        {"${NONE:-default}", "default"},
        {"${EMPTY:-default}", "default"},
        {"${COMMENT:-default}", "waiting"},
        {"${NONE:-}", ""},
        {"x${EMPTY}y", "xy"},
        {"${COMMENT:?why}", "waiting"},
        {"$${COMMENT}", "${COMMENT}"},
        {"costs $5 and 10$", "costs $5 and 10$"},
        {"$$", "$$"},
        {"${file:/run/key}", "sk-file"},
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml =
            arena_printf(&arena, "demo: ${YES}\nkeepalive: {comment: \"%s\"}\n", cases[i].text);
        print_message("%s\n", cases[i].text);
        struct snapshot *snapshot = load(yaml.at, variables);
        assert_str_equal(snapshot->settings.keepalive_comment, str_c(cases[i].want));
        snapshot_free(snapshot);
    }
    struct snapshot *snapshot = load("demo: \"${YES}\"\n", variables);
    assert_true(snapshot->settings.demo);
    snapshot_free(snapshot);
    arena_reset(&arena);
}

static void a_variable_beats_the_file(void **state)
{
    const struct fake_entry variables[] = {
        {"GATEHOUSE_LISTEN", "127.0.0.1:2"}, {"GATEHOUSE_LIMITS_BODY", "1MiB"}, {0}};
    struct snapshot *snapshot = load("listen: 127.0.0.1:1\nlimits: {body: 2MiB}\n", variables);

    (void)state;
    assert_str_equal(snapshot->settings.listen, STR("127.0.0.1:2"));
    assert_int_equal(snapshot->settings.body_bytes_max, 1024 * 1024);
    snapshot_free(snapshot);
}

static void settings_alone_need_no_secrets(void **state)
{
    const struct fake_entry files[] = {
        {"gatehouse.yaml", "store: sqlite:x.db\nproviders: [{name: openai}]\nmodels: 5\n"}, {0}};
    struct fake_world fake = {.files = files};
    struct world world = fake_world_open(&fake);
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;
    struct buf errors;

    (void)state;
    buf_init(&errors, ERRORS_BYTES_MAX);
    assert_int_equal(config_load_settings("gatehouse.yaml", &world, &arena, &snapshot, &errors),
                     ERR_OK);
    assert_str_equal(snapshot->settings.store, STR("sqlite:x.db"));
    snapshot_free(snapshot);
    assert_int_equal(config_load("gatehouse.yaml", &world, &arena, &snapshot, &errors),
                     ERR_INVALID);
    buf_free(&errors);
    arena_reset(&arena);
}

/* A value of a variable that cannot be used is named, never shown. */
static void secrets_of_the_environment_stay_there(void **state)
{
    const struct fake_entry variables[] = {
        {"OPENAI_API_KEY", "sk secret"}, {"GATEHOUSE_LISTEN", "secret"}, {0}};
    struct fake_world fake = {.variables = variables};
    struct world world = fake_world_open(&fake);
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;
    struct buf errors;

    (void)state;
    buf_init(&errors, ERRORS_BYTES_MAX);
    assert_int_equal(config_load(NULL, &world, &arena, &snapshot, &errors), ERR_INVALID);
    str told = buf_str(&errors);
    assert_true(str_find(told, STR("OPENAI_API_KEY")) < told.len);
    assert_true(str_find(told, STR("GATEHOUSE_LISTEN")) < told.len);
    assert_int_equal(str_find(told, STR("secret")), told.len);
    buf_free(&errors);
    arena_reset(&arena);
}

static void the_example_is_right(void **state)
{
    const struct fake_entry variables[] = {
        {"OPENAI_API_KEY", "k"}, {"ANTHROPIC_API_KEY", "k"}, {0}};
    struct arena arena = {0};
    str example = test_read_file(&arena, TESTS_DIR "/../gatehouse.example.yaml");
    struct snapshot *snapshot = load(example.at, variables);

    (void)state;
    assert_true(snapshot->model_count > 1);
    snapshot_free(snapshot);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_of_the_contract_is_read),
        cmocka_unit_test(without_a_file_the_environment_names_the_providers),
        cmocka_unit_test(nothing_at_all_is_a_demo),
        cmocka_unit_test(the_demo_can_be_switched_off),
        cmocka_unit_test(a_file_decides_about_providers_when_it_speaks_of_them),
        cmocka_unit_test(providers_come_from_presets_and_from_scratch),
        cmocka_unit_test(models_hand_down_to_their_endpoints),
        cmocka_unit_test(variables_stand_in_any_value),
        cmocka_unit_test(a_variable_beats_the_file),
        cmocka_unit_test(settings_alone_need_no_secrets),
        cmocka_unit_test(secrets_of_the_environment_stay_there),
        cmocka_unit_test(the_example_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
