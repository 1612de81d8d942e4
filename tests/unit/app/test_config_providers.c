/* What the configuration makes of providers: their dialects, places, keys and logins. */
#include "app/config.h"
#include "wire/dialect.h"
#include "wire/quirks.h"

#include "fake_world.h"

enum { ERRORS_BYTES_MAX = 64 * 1024 };

static struct arena arena;
static struct snapshot *snapshot;
static struct buf errors;

static int prepare(void **state)
{
    (void)state;
    buf_init(&errors, ERRORS_BYTES_MAX);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    snapshot_free(snapshot);
    snapshot = NULL;
    arena_reset(&arena);
    buf_free(&errors);
    return 0;
}

static enum err load(const char *yaml, const struct fake_entry *variables,
                     const struct fake_entry *more_files)
{
    struct fake_entry files[8] = {{"gatehouse.yaml", yaml}};
    struct fake_world fake = {.variables = variables, .files = files};
    struct world world = fake_world_open(&fake);

    for (size_t i = 0; more_files != NULL && more_files[i].name != NULL; i++) {
        assert_true(i + 2 < COUNT_OF(files));
        files[i + 1] = more_files[i];
    }
    return config_load(yaml != NULL ? "gatehouse.yaml" : NULL, &world, &arena, &snapshot, &errors);
}

/* The first provider of a configuration that must be right. */
static const struct provider *first(const char *yaml, const struct fake_entry *variables,
                                    const struct fake_entry *files)
{
    if (load(yaml, variables, files) != ERR_OK) {
        fail_msg(STR_FMT, STR_ARG(buf_str(&errors)));
    }
    assert_true(snapshot->provider_count > 0);
    return &snapshot->providers[0];
}

static void assert_complains(const char *yaml, const struct fake_entry *variables,
                             const struct fake_entry *files, const char *says)
{
    struct buf told;

    assert_int_equal(load(yaml, variables, files), ERR_INVALID);
    told = errors;
    if (str_find(buf_str(&told), str_c(says)) == told.len) {
        fail_msg("got " STR_FMT "\nwant %s", STR_ARG(buf_str(&told)), says);
    }
    errors.len = 0;
}

/* ---- Keys ---- */

static void a_provider_may_have_several_keys(void **state)
{
    (void)state;
    const struct fake_entry variables[] = {{"SECOND", "sk-two"}, {0}};
    const struct fake_entry files[] = {{"/run/key", "sk-three\n"}, {0}};
    const struct provider *provider = first("providers:\n"
                                            "  - name: anthropic\n"
                                            "    api_keys:\n"
                                            "      - sk-one\n"
                                            "      - ${SECOND}\n"
                                            "      - ${file:/run/key}\n",
                                            variables, files);
    static const char *const want[][2] = {
        {"sk-one", "api_keys[0]"}, {"sk-two", "SECOND"}, {"sk-three", "file:/run/key"}};

    assert_int_equal(provider->key_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_str_equal(provider->keys[i].secret, str_c(want[i][0]));
        assert_str_equal(provider->keys[i].source, str_c(want[i][1]));
        assert_int_equal(provider->keys[i].credential, CREDENTIAL_X_API_KEY);
    }
}

static void wrong_keys_are_told_without_showing_them(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        const char *says;
    } cases[] = {
        {"api_keys: []", "holds from 1 to 256 keys"},
        {"api_keys: sk-x", "api_keys must be a list"},
        {"api_keys: [\"\"]", "has no API key"},
        {"api_keys: [\"se cret-0123456789\"]", "from api_keys[0] holds blanks"},
        {"api_keys: [a]\n    api_key: b", "exclude each other"},
        {"api_keys: [\"${NOBODY}\"]", "the variable `NOBODY` is not set"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, "providers:\n  - name: openai\n    %s\n", cases[i].keys);
        assert_complains(yaml.at, NULL, NULL, cases[i].says);
        assert_int_equal(load(yaml.at, NULL, NULL), ERR_INVALID);
        assert_int_equal(str_find(buf_str(&errors), STR("cret-0123")), errors.len);
        errors.len = 0;
    }
}

static void the_first_variable_that_is_set_counts(void **state)
{
    (void)state;
    const struct fake_entry variables[] = {{"CO_API_KEY", "sk-second"}, {0}};
    const struct provider *provider = first("providers: [{name: cohere}]\n", variables, NULL);

    assert_str_equal(provider->keys[0].secret, STR("sk-second"));
    assert_str_equal(provider->keys[0].source, STR("CO_API_KEY"));
}

static void a_server_of_ones_own_needs_no_key_and_takes_one(void **state)
{
    (void)state;
    const struct provider *provider = first("providers: [{name: vllm}]\n", NULL, NULL);

    assert_int_equal(provider->keys[0].credential, CREDENTIAL_NONE);
    assert_int_equal(provider->key_count, 1);
    snapshot_free(snapshot);
    provider = first("providers: [{name: vllm, api_key: sk-x}]\n", NULL, NULL);
    assert_int_equal(provider->keys[0].credential, CREDENTIAL_BEARER);
}

/* ---- Dialects and places ---- */

static void places_are_made_of_what_is_known(void **state)
{
    (void)state;
    static const struct fake_entry none[] = {{0}};
    static const struct fake_entry east[] = {{"AWS_REGION", "us-east-1"},
                                             {"AWS_BEARER_TOKEN_BEDROCK", "k"},
                                             {"AZURE_OPENAI_API_KEY", "k"},
                                             {"AZURE_OPENAI_ENDPOINT", "https://r.example.com/"},
                                             {"CLOUDFLARE_ACCOUNT_ID", "acc"},
                                             {"DEEPSEEK_API_KEY", "k"},
                                             {0}};
    static const struct {
        const char *provider;
        const struct fake_entry *variables;
        const char *host;
        const char *path;
        enum platform platform;
    } cases[] = {
        {"name: gemini, api_key: k", none, "generativelanguage.googleapis.com", "", PLATFORM_OWN},
        {"name: gemini, api_key: k, dialect: openai", none, "generativelanguage.googleapis.com",
         "/v1beta/openai", PLATFORM_OWN},
        {"name: vertex, api_key: k", none, "aiplatform.googleapis.com", "", PLATFORM_VERTEX},
        {"name: vertex, api_key: k, location: us-east5", none, "us-east5-aiplatform.googleapis.com",
         "", PLATFORM_VERTEX},
        {"name: vertex, api_key: k, location: eu", none, "aiplatform.eu.rep.googleapis.com", "",
         PLATFORM_VERTEX},
        {"name: bedrock", east, "bedrock-runtime.us-east-1.amazonaws.com", "", PLATFORM_BEDROCK},
        {"name: bedrock, region: cn-north-1", east, "bedrock-runtime.cn-north-1.amazonaws.com.cn",
         "", PLATFORM_BEDROCK},
        {"name: bedrock, dialect: anthropic", east, "bedrock-runtime.us-east-1.amazonaws.com", "",
         PLATFORM_BEDROCK},
        {"name: bedrock, dialect: openai", east, "bedrock-runtime.us-east-1.amazonaws.com",
         "/openai/v1", PLATFORM_OWN},
        {"name: x, preset: azure, dialect: openai, resource: res, api_key: k", none,
         "res.openai.azure.com", "/openai/v1", PLATFORM_OWN},
        {"name: x, preset: azure, dialect: openai", east, "r.example.com", "/openai/v1",
         PLATFORM_OWN},
        {"name: cloudflare, api_key: k", east, "api.cloudflare.com",
         "/client/v4/accounts/acc/ai/v1", PLATFORM_OWN},
        {"name: cloudflare, api_key: k, account: other", east, "api.cloudflare.com",
         "/client/v4/accounts/other/ai/v1", PLATFORM_OWN},
        {"name: deepseek, dialect: anthropic", east, "api.deepseek.com", "/anthropic",
         PLATFORM_OWN},
        {"name: deepseek, dialect: anthropic, base_url: \"http://127.0.0.1:1/x\"", east,
         "127.0.0.1", "/x", PLATFORM_OWN},
        {"name: ollama", none, "127.0.0.1", "", PLATFORM_OWN},
        {"name: ollama, dialect: openai", none, "127.0.0.1", "/v1", PLATFORM_OWN},
        {"name: x, dialect: openai, platform: azure, api_version: 2024-10-21, api_key: k, "
         "base_url: \"http://127.0.0.1:1\"",
         none, "127.0.0.1", "", PLATFORM_AZURE_CLASSIC},
        {"name: x, dialect: openai, platform: azure, api_version: preview, api_key: k, "
         "base_url: \"http://127.0.0.1:1\"",
         none, "127.0.0.1", "", PLATFORM_AZURE},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, "providers: [{%s}]\n", cases[i].provider);
        const struct provider *provider = first(yaml.at, cases[i].variables, NULL);
        print_message("%s\n", cases[i].provider);
        assert_str_equal(provider->origin.host, str_c(cases[i].host));
        assert_str_equal(provider->origin.path, str_c(cases[i].path));
        assert_int_equal(provider->site.platform, cases[i].platform);
        snapshot_free(snapshot);
        snapshot = NULL;
    }
}

static void what_a_place_lacks_is_told_by_name(void **state)
{
    (void)state;
    static const struct fake_entry key[] = {{"AWS_ACCESS_KEY_ID", "k"},
                                            {"AWS_SECRET_ACCESS_KEY", "s"},
                                            {"AWS_BEARER_TOKEN_BEDROCK", "k"},
                                            {"GOOGLE_APPLICATION_CREDENTIALS", "/sa.json"},
                                            {"AZURE_OPENAI_ENDPOINT", "not a url"},
                                            {0}};
    static const struct fake_entry files[] = {
        {"/sa.json", "{\"type\":\"service_account\",\"client_email\":\"e\","
                     "\"private_key_id\":\"i\",\"private_key\":\"p\"}"},
        {0}};
    static const struct {
        const char *provider;
        const char *says;
    } cases[] = {
        {"name: bedrock", "the provider needs `region`"},
        {"name: bedrock", "set AWS_REGION, or give `region`"},
        {"name: bedrock, base_url: \"http://127.0.0.1:1\", access_key_id: a, "
         "secret_access_key: b",
         "the provider needs `region`"},
        {"name: vertex", "set GOOGLE_CLOUD_PROJECT, or give `project`"},
        {"name: cloudflare, api_key: k", "set CLOUDFLARE_ACCOUNT_ID, or give `account`"},
        {"name: databricks, api_key: k", "has no `base_url`, and its preset supplies none"},
        {"name: azure, api_key: k, dialect: openai", "it is made of AZURE_OPENAI_ENDPOINT"},
        {"name: openai, api_key: k, platform: moon", "this is not a platform"},
        {"name: openai, api_key: k, dialect: klingon", "there is no dialect `klingon`"},
        {"name: openai, api_key: k, base_url: \"http://h/v1?x=1\"", "not the URL of a provider"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, "providers: [{%s}]\n", cases[i].provider);
        assert_complains(yaml.at, key, files, cases[i].says);
    }
}

static void a_key_for_vertex_is_express_mode(void **state)
{
    (void)state;
    const struct fake_entry variables[] = {
        {"GOOGLE_CLOUD_PROJECT", "p"}, {"GOOGLE_CLOUD_LOCATION", "us-east5"}, {0}};
    const struct provider *provider =
        first("providers: [{name: vertex, api_key: k}]\n", variables, NULL);

    assert_str_equal(provider->site.project, STR(""));
    assert_str_equal(provider->site.region, STR("global"));
    assert_int_equal(provider->keys[0].credential, CREDENTIAL_X_GOOG_API_KEY);
}

static void some_models_are_spoken_to_in_another_dialect(void **state)
{
    (void)state;
    const struct fake_entry files[] = {
        {"/sa.json", "{\"type\":\"service_account\",\"client_email\":\"e\","
                     "\"private_key_id\":\"i\",\"private_key\":\"p\",\"project_id\":\"proj\"}"},
        {0}};
    const struct provider *provider =
        first("providers: [{name: vertex, location: us-east5, credentials_file: /sa.json}]\n", NULL,
              files);
    struct endpoint claude =
        snapshot_make_endpoint(snapshot, provider, STR("claude-sonnet-4-5@20250929"));
    struct endpoint gemini = snapshot_make_endpoint(snapshot, provider, STR("gemini-3-pro"));

    assert_string_equal(claude.dialect->name, "anthropic");
    assert_int_equal(claude.model.site->platform, PLATFORM_VERTEX);
    assert_str_equal(claude.model.site->project, STR("proj"));
    assert_str_equal(claude.model.site->region, STR("us-east5"));
    assert_true(claude.model.quirks->takes_cache_control);
    assert_int_equal(claude.model.rules->thinking, THINKING_BUDGET);
    assert_string_equal(gemini.dialect->name, "gemini");
    assert_int_equal(gemini.model.site->platform, PLATFORM_VERTEX);
    assert_int_equal(gemini.model.rules->thinking, THINKING_LEVEL);
}

/* Who names a dialect means it for all models. */
static void a_dialect_that_is_named_holds_for_all_models(void **state)
{
    (void)state;
    const struct provider *provider =
        first("providers: [{name: openai, api_key: k, dialect: openai}]\n", NULL, NULL);

    assert_int_equal(provider->choice_count, 0);
}

static void an_endpoint_may_name_its_dialect_and_base_model(void **state)
{
    (void)state;
    const struct provider *provider =
        first("providers:\n"
              "  - {name: aws, preset: bedrock, api_key: k, region: us-east-1}\n"
              "models:\n"
              "  - id: anthropic/claude\n"
              "    endpoints:\n"
              "      - {provider: aws, model: us.anthropic.claude-opus-4-5-20251101-v1:0}\n"
              "      - {provider: aws, model: us.anthropic.claude-opus-4-5-20251101-v1:0,\n"
              "         dialect: anthropic}\n"
              "      - {provider: aws, model: \"arn:aws:x/abc\", base_model: claude-opus-4-5}\n"
              "  - id: anthropic/claude-fable-5\n"
              "    endpoints: [{provider: aws, model: \"arn:aws:x/def\"}]\n",
              NULL, NULL);
    const struct endpoint *endpoints =
        snapshot_find_model(snapshot, STR("anthropic/claude"), &arena)->endpoints;
    const struct endpoint *by_id =
        snapshot_find_model(snapshot, STR("anthropic/claude-fable-5"), &arena)->endpoints;

    assert_string_equal(endpoints[0].dialect->name, "bedrock");
    assert_ptr_equal(endpoints[0].model.site, &provider->site);
    assert_string_equal(endpoints[1].dialect->name, "anthropic");
    assert_int_equal(endpoints[1].model.site->platform, PLATFORM_BEDROCK);
    assert_str_equal(endpoints[1].model.site->region, STR("us-east-1"));
    assert_str_equal(endpoints[2].model.name, STR("arn:aws:x/abc"));
    assert_ptr_equal(endpoints[2].model.rules, endpoints[0].model.rules);
    assert_false(by_id->model.rules->takes & TAKES_FORCED_TOOL);
}

static void a_dialect_at_another_url_is_another_provider(void **state)
{
    (void)state;
    assert_complains("providers: [{name: gemini, api_key: k}]\n"
                     "models:\n"
                     "  - id: google/m\n"
                     "    endpoints: [{provider: gemini, model: m, dialect: openai}]\n",
                     NULL, NULL, "serves this dialect under another URL");
}

/* ---- AWS ---- */

#define AWS "providers: [{name: bedrock, region: eu-west-1"

static const struct fake_entry shared_files[] = {
    {"/home/me/.aws/credentials", "# mine\n[default]\naws_access_key_id = AKDEFAULT\n"
                                  "aws_secret_access_key=sd\n\n[other]\n"
                                  "aws_access_key_id=AKOTHER\naws_secret_access_key=so\n"
                                  "aws_session_token = to=en=\n[empty]\n"},
    {"/home/me/.aws/config", "[default]\nregion = us-west-2\n[profile other]\r\n"
                             "region=ap-south-1\r\n; no\n[profile role]\nrole_arn=x\n"},
    {"/run/token", "Bearer abc\n"},
    {0}};

static void aws_credentials_come_from_where_its_own_tools_look(void **state)
{
    (void)state;
    static const struct fake_entry home[] = {{"HOME", "/home/me"}, {0}};
    static const struct fake_entry environment[] = {{"HOME", "/home/me"},
                                                    {"AWS_ACCESS_KEY_ID", "AKENV"},
                                                    {"AWS_SECRET_ACCESS_KEY", "se"},
                                                    {"AWS_SESSION_TOKEN", "te"},
                                                    {"AWS_PROFILE", "other"},
                                                    {0}};
    static const struct fake_entry profile[] = {
        {"HOME", "/home/me"}, {"AWS_PROFILE", "other"}, {0}};
    static const struct fake_entry elsewhere[] = {
        {"AWS_SHARED_CREDENTIALS_FILE", "/home/me/.aws/credentials"}, {0}};
    static const struct {
        const char *members;
        const struct fake_entry *variables;
        const char *id;
        const char *secret;
        const char *token;
        const char *source;
    } cases[] = {
        {", access_key_id: AKGIVEN, secret_access_key: sg, session_token: tg", environment,
         "AKGIVEN", "sg", "tg", "the configuration"},
        {"", environment, "AKENV", "se", "te", "AWS_ACCESS_KEY_ID"},
        {"", home, "AKDEFAULT", "sd", "", "AWS profile default"},
        {"", elsewhere, "AKDEFAULT", "sd", "", "AWS profile default"},
        {"", profile, "AKOTHER", "so", "to=en=", "AWS profile other"},
        {", profile: other", environment, "AKOTHER", "so", "to=en=", "AWS profile other"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, AWS "%s}]\n", cases[i].members);
        const struct provider *provider = first(yaml.at, cases[i].variables, shared_files);
        const struct provider_key *key = &provider->keys[0];
        assert_int_equal(key->credential, CREDENTIAL_AWS);
        assert_int_equal(key->aws->from, AWS_STATIC);
        assert_str_equal(key->aws->access_key_id, str_c(cases[i].id));
        assert_str_equal(key->aws->secret_access_key, str_c(cases[i].secret));
        assert_str_equal(key->aws->session_token, str_c(cases[i].token));
        assert_str_equal(key->source, str_c(cases[i].source));
        snapshot_free(snapshot);
        snapshot = NULL;
    }
}

static void a_key_of_bedrock_beats_keys_of_aws_unless_those_are_named(void **state)
{
    (void)state;
    const struct fake_entry variables[] = {{"AWS_BEARER_TOKEN_BEDROCK", "bearer"},
                                           {"AWS_ACCESS_KEY_ID", "AKENV"},
                                           {"AWS_SECRET_ACCESS_KEY", "se"},
                                           {0}};
    const struct provider *provider = first(AWS "}]\n", variables, NULL);

    assert_int_equal(provider->keys[0].credential, CREDENTIAL_BEARER);
    assert_str_equal(provider->keys[0].source, STR("AWS_BEARER_TOKEN_BEDROCK"));
    snapshot_free(snapshot);
    provider = first(AWS ", dialect: anthropic}]\n", variables, NULL);
    assert_int_equal(provider->keys[0].credential, CREDENTIAL_BEARER);
    snapshot_free(snapshot);
    provider = first(AWS ", credentials: instance}]\n", variables, NULL);
    assert_int_equal(provider->keys[0].credential, CREDENTIAL_AWS);
    assert_int_equal(provider->keys[0].aws->from, AWS_INSTANCE);
    assert_str_equal(provider->keys[0].aws->metadata.host, STR("169.254.169.254"));
}

static void the_region_may_stand_in_the_profile(void **state)
{
    (void)state;
    const struct fake_entry variables[] = {{"HOME", "/home/me"}, {0}};
    const struct provider *provider =
        first("providers: [{name: bedrock, profile: other}]\n", variables, shared_files);

    assert_str_equal(provider->site.region, STR("ap-south-1"));
    assert_str_equal(provider->origin.host, STR("bedrock-runtime.ap-south-1.amazonaws.com"));
}

static void a_container_is_asked_with_its_token(void **state)
{
    (void)state;
    const struct fake_entry relative[] = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/c?id=1"},
                                          {0}};
    const struct fake_entry full[] = {
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/token"},
        {0}};
    const struct aws_login *login = first(AWS "}]\n", relative, NULL)->keys[0].aws;

    assert_int_equal(login->from, AWS_CONTAINER);
    assert_str_equal(login->metadata.host, STR("169.254.170.2"));
    assert_str_equal(login->metadata.path, STR("/v2/c?id=1"));
    snapshot_free(snapshot);
    login = first(AWS "}]\n", full, shared_files)->keys[0].aws;
    assert_str_equal(login->metadata.host, STR("169.254.170.23"));
    assert_str_equal(login->container_token, STR("Bearer abc"));
}

static void what_aws_lacks_is_told(void **state)
{
    (void)state;
    static const struct fake_entry home[] = {
        {"HOME", "/home/me"}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/"}, {0}};
    static const struct fake_entry none[] = {{0}};
    static const struct {
        const char *members;
        const struct fake_entry *variables;
        const char *says;
    } cases[] = {
        {"", none, "the provider has no AWS credentials"},
        {", profile: nobody", home, "there is no AWS profile `nobody`"},
        {", profile: empty", home, "the AWS profile `empty` holds no keys"},
        {", profile: role", home, "roles and single sign-on are not understood"},
        {", access_key_id: AK", none, "the key `secret_access_key` is missing"},
        {", credentials: moon", none, "is `instance` or `container`"},
        {", credentials: container", none, "RELATIVE_URI is not set"},
        {", credentials: container", home, "http:// to the machine itself"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, AWS "%s}]\n", cases[i].members);
        assert_complains(yaml.at, cases[i].variables, shared_files, cases[i].says);
    }
}

/* ---- Google ---- */

#define VERTEX "providers: [{name: vertex, project: p"

#define SERVICE_ACCOUNT                                             \
    "{\"type\":\"service_account\",\"project_id\":\"proj\","        \
    "\"private_key_id\":\"kid\",\"private_key\":\"-----BEGIN\\n\"," \
    "\"client_email\":\"a@b\",\"token_uri\":\"http://127.0.0.1:7/token\"}"

#define USER                                               \
    "{\"type\":\"authorized_user\",\"client_id\":\"cid\"," \
    "\"client_secret\":\"cs\",\"refresh_token\":\"rt\",\"quota_project_id\":\"quota\"}"

static const struct fake_entry google_files[] = {
    {"/sa.json", SERVICE_ACCOUNT},
    {"/user.json", USER},
    {"/home/me/.config/gcloud/application_default_credentials.json", USER},
    {"/list.json", "[]"},
    {"/other.json", "{\"type\":\"external_account\"}"},
    {"/half.json", "{\"type\":\"service_account\",\"client_email\":\"e\"}"},
    {0}};

static void a_service_account_is_read_from_its_file(void **state)
{
    (void)state;
    const struct provider *provider =
        first("providers: [{name: vertex, credentials_file: /sa.json}]\n", NULL, google_files);
    const struct google_login *login = provider->keys[0].google;

    assert_int_equal(provider->keys[0].credential, CREDENTIAL_GOOGLE);
    assert_int_equal(login->from, GOOGLE_SERVICE_ACCOUNT);
    assert_str_equal(login->client_email, STR("a@b"));
    assert_str_equal(login->private_key_id, STR("kid"));
    assert_str_equal(login->private_key_pem, STR("-----BEGIN\n"));
    assert_str_equal(login->token_uri, STR("http://127.0.0.1:7/token"));
    assert_int_equal(login->token.port, 7);
    assert_str_equal(login->token.path, STR("/token"));
    assert_str_equal(provider->site.project, STR("proj"));
    assert_str_equal(provider->site.region, STR("global"));
}

static void google_logins_are_found_where_its_own_tools_look(void **state)
{
    (void)state;
    static const struct fake_entry named[] = {
        {"HOME", "/home/me"}, {"GOOGLE_APPLICATION_CREDENTIALS", "/sa.json"}, {0}};
    static const struct fake_entry home[] = {{"HOME", "/home/me"}, {0}};
    static const struct fake_entry folder[] = {{"CLOUDSDK_CONFIG", "/home/me/.config/gcloud"}, {0}};
    static const struct {
        const char *members;
        const struct fake_entry *variables;
        int from;
        const char *source;
        const char *token_host;
    } cases[] = {
        {"", named, GOOGLE_SERVICE_ACCOUNT, "GOOGLE_APPLICATION_CREDENTIALS", "127.0.0.1"},
        {", credentials_file: /user.json", named, GOOGLE_REFRESH_TOKEN, "`credentials_file`",
         "oauth2.googleapis.com"},
        {"", home, GOOGLE_REFRESH_TOKEN, "gcloud", "oauth2.googleapis.com"},
        {"", folder, GOOGLE_REFRESH_TOKEN, "gcloud", "oauth2.googleapis.com"},
        {", credentials: metadata", named, GOOGLE_METADATA, "Google metadata server",
         "metadata.google.internal"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, VERTEX "%s}]\n", cases[i].members);
        const struct provider *provider = first(yaml.at, cases[i].variables, google_files);
        const struct provider_key *key = &provider->keys[0];
        assert_int_equal((int)key->google->from, cases[i].from);
        assert_str_equal(key->source, str_c(cases[i].source));
        assert_str_equal(key->google->token.host, str_c(cases[i].token_host));
        assert_str_equal(provider->site.project, STR("p"));
        snapshot_free(snapshot);
        snapshot = NULL;
    }
}

static void what_google_lacks_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        const char *says;
    } cases[] = {
        {"", "the provider has no Google login"},
        {", credentials_file: /nobody.json", "of `credentials_file` cannot be used: No such file"},
        {", credentials_file: /list.json", "it is no JSON object"},
        {", credentials_file: /other.json", "it is of kind `external_account`"},
        {", credentials_file: /half.json", "it has no `private_key_id`"},
        {", credentials: instance", "`credentials` of Google is `metadata`"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str yaml = arena_printf(&arena, VERTEX "%s}]\n", cases[i].members);
        assert_complains(yaml.at, NULL, google_files, cases[i].says);
    }
}

/* ---- The environment alone ---- */

static bool has_provider(const char *name)
{
    return snapshot_find_provider(snapshot, str_c(name)) != NULL;
}

static void the_environment_names_only_what_it_holds_whole(void **state)
{
    (void)state;
    const struct fake_entry half[] = {{"AWS_BEARER_TOKEN_BEDROCK", "k"},
                                      {"AZURE_OPENAI_API_KEY", "k"},
                                      {"CLOUDFLARE_API_TOKEN", "k"},
                                      {"DATABRICKS_TOKEN", "k"},
                                      {"GOOGLE_APPLICATION_CREDENTIALS", "/sa.json"},
                                      {0}};
    const struct fake_entry whole[] = {{"AWS_ACCESS_KEY_ID", "k"},
                                       {"AWS_SECRET_ACCESS_KEY", "s"},
                                       {"AWS_REGION", "us-east-1"},
                                       {"CLOUDFLARE_API_TOKEN", "k"},
                                       {"CLOUDFLARE_ACCOUNT_ID", "a"},
                                       {"GOOGLE_APPLICATION_CREDENTIALS", "/sa.json"},
                                       {"GOOGLE_CLOUD_PROJECT", "p"},
                                       {"GOOGLE_CLOUD_LOCATION", "us-east5"},
                                       {0}};

    assert_int_equal(load(NULL, half, google_files), ERR_OK);
    assert_int_equal(snapshot->provider_count, 1); /* the demo */
    snapshot_free(snapshot);
    assert_int_equal(load(NULL, whole, google_files), ERR_OK);
    assert_true(has_provider("bedrock") == (dialect_by_name(STR("bedrock")) != NULL));
    assert_true(has_provider("vertex") == (dialect_by_name(STR("gemini")) != NULL));
    assert_true(has_provider("cloudflare"));
    assert_false(has_provider("ollama"));
}

/* ---- The data files ---- */

static void a_folder_replaces_what_is_built_in(void **state)
{
    (void)state;
    const struct fake_entry files[] = {
        {"/share/models.json", "{\"source\":\"me\",\"as_of\":\"2027-01-01\",\"models\":["
                               "{\"match\":\"m*\",\"output_tokens\":5}]}"},
        {"/share/providers.json",
         "{\"source\":\"me\",\"as_of\":\"2027-01-01\",\"defaults\":{},\"providers\":["
         "{\"name\":\"acme\",\"display\":\"Acme\",\"dialect\":\"openai\","
         "\"base_url\":\"https://acme.example.com/v1\",\"env\":[\"ACME_KEY\"]},"
         "{\"name\":\"odd\",\"display\":\"Odd\",\"dialect\":\"klingon\",\"env\":[\"ACME_KEY\"]}]}"},
        {0}};
    const struct fake_entry variables[] = {
        {"ACME_KEY", "k"}, {"GATEHOUSE_SHARE", "/share"}, {"OPENAI_API_KEY", "k"}, {0}};
    const struct provider *provider = first("", variables, files);

    assert_str_equal(provider->display, STR("Acme"));
    assert_int_equal(snapshot->provider_count, 2);
    assert_str_equal(snapshot->rules.source, STR("me"));
    struct endpoint endpoint = snapshot_make_endpoint(snapshot, provider, STR("m1"));
    assert_int_equal(endpoint.model.rules->output_tokens_max, 5);
    assert_complains("share: /share\nproviders: [{name: odd, api_key: k}]\n", NULL, files,
                     "speaks `klingon`, which is no dialect");
}

static void a_wrong_data_file_is_told_with_its_line_or_row(void **state)
{
    (void)state;
    const struct fake_entry files[] = {{"/share/models.json", "{\"source\":\"me\",\n\"as_of\":}"},
                                       {"/share/providers.json",
                                        "{\"source\":\"me\",\"as_of\":\"x\",\"defaults\":{},"
                                        "\"providers\":[{\"name\":\"acme\",\"colour\":1}]}"},
                                       {0}};

    assert_complains("share: /share\n", NULL, files, "/share/models.json cannot be used");
    assert_complains("share: /share\n", NULL, files, "(line 2)");
    assert_complains("share: /share\n", NULL, files,
                     "providers[0] \"acme\": there is no member `colour`");
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, prepare, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_provider_may_have_several_keys),
        WITH_WORLD(wrong_keys_are_told_without_showing_them),
        WITH_WORLD(the_first_variable_that_is_set_counts),
        WITH_WORLD(a_server_of_ones_own_needs_no_key_and_takes_one),
        WITH_WORLD(places_are_made_of_what_is_known),
        WITH_WORLD(what_a_place_lacks_is_told_by_name),
        WITH_WORLD(a_key_for_vertex_is_express_mode),
        WITH_WORLD(some_models_are_spoken_to_in_another_dialect),
        WITH_WORLD(a_dialect_that_is_named_holds_for_all_models),
        WITH_WORLD(an_endpoint_may_name_its_dialect_and_base_model),
        WITH_WORLD(a_dialect_at_another_url_is_another_provider),
        WITH_WORLD(aws_credentials_come_from_where_its_own_tools_look),
        WITH_WORLD(a_key_of_bedrock_beats_keys_of_aws_unless_those_are_named),
        WITH_WORLD(the_region_may_stand_in_the_profile),
        WITH_WORLD(a_container_is_asked_with_its_token),
        WITH_WORLD(what_aws_lacks_is_told),
        WITH_WORLD(a_service_account_is_read_from_its_file),
        WITH_WORLD(google_logins_are_found_where_its_own_tools_look),
        WITH_WORLD(what_google_lacks_is_told),
        WITH_WORLD(the_environment_names_only_what_it_holds_whole),
        WITH_WORLD(a_folder_replaces_what_is_built_in),
        WITH_WORLD(a_wrong_data_file_is_told_with_its_line_or_row),
    };

    return cmocka_run_group_tests_name("config_providers", tests, NULL, NULL);
}
