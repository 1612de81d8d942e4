/* The `providers` list, and the providers that the environment names. */
#include "app/config_provider.h"
#include "wire/dialect.h"

enum {
    NAME_BYTES_MAX = 47, /* what a row of the store holds */
    AUTHORITIES_BYTES_MAX = 8 * 1024 * 1024,
};

#define AT(member) offsetof(struct provider_draft, member)

static const struct config_field fields[] = {
    {"name", AT(name), CONFIG_TEXT, true},
    {"preset", AT(preset), CONFIG_TEXT, false},
    {"dialect", AT(dialect), CONFIG_TEXT, false},
    {"platform", AT(platform), CONFIG_TEXT, false},
    {"base_url", AT(base_url), CONFIG_TEXT, false},
    {"ca_file", AT(ca_file), CONFIG_TEXT, false},
    {"label", AT(label), CONFIG_TEXT, false},
    {"region", AT(region), CONFIG_TEXT, false},
    {"location", AT(region), CONFIG_TEXT, false},
    {"project", AT(project), CONFIG_TEXT, false},
    {"account", AT(account), CONFIG_TEXT, false},
    {"resource", AT(account), CONFIG_TEXT, false},
    {"api_version", AT(api_version), CONFIG_TEXT, false},
    {"api_key", AT(api_key), CONFIG_TEXT, false},
    {"api_keys", AT(api_keys), CONFIG_NODE, false},
    {"credentials", AT(credentials), CONFIG_TEXT, false},
    {"credentials_file", AT(credentials_file), CONFIG_TEXT, false},
    {"access_key_id", AT(access_key_id), CONFIG_TEXT, false},
    {"secret_access_key", AT(secret_access_key), CONFIG_TEXT, false},
    {"session_token", AT(session_token), CONFIG_TEXT, false},
    {"profile", AT(profile), CONFIG_TEXT, false},
    {0},
};

static bool is_name(str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || (c != '-' && c != '_' && c != '.'))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

static bool check_name(struct config_reader *reader, const struct provider_draft *draft)
{
    str name = draft->name.text;

    if (!is_name(name)) {
        config_complain(reader, DIAGNOSTIC_VALUE, draft->name.node,
                        STR("this is not a provider's name"),
                        STR("letters, digits, `-`, `_` and `.`, at most 47"));
        return false;
    }
    if (str_eq(name, STR("demo"))) {
        config_complain(reader, DIAGNOSTIC_SAME_NAME, draft->name.node,
                        STR("`demo` is the name of the built-in provider"),
                        STR("take another name"));
        return false;
    }
    if (snapshot_find_provider(reader->snapshot, name) != NULL) {
        config_complain(reader, DIAGNOSTIC_SAME_NAME, draft->name.node,
                        arena_printf(reader->arena, "there are two providers named `" STR_FMT "`",
                                     STR_ARG(config_show(reader, name))),
                        STR_NONE);
        return false;
    }
    return true;
}

static struct guess guess_preset(const struct config_reader *reader, str name)
{
    struct guess guess = guess_start(name);

    for (size_t i = 0; i < reader->presets.count; i++) {
        guess_consider(&guess, reader->presets.rows[i].name);
    }
    return guess;
}

static void complain_of_preset(struct config_reader *reader, const struct yaml_node *node)
{
    struct guess guess = guess_preset(reader, node->text);

    config_complain(reader, DIAGNOSTIC_NO_PRESET, node,
                    arena_printf(reader->arena, "there is no preset `" STR_FMT "`",
                                 STR_ARG(config_show(reader, node->text))),
                    config_did_you_mean(reader, &guess));
}

/* The preset that `preset:` names, else the one of the provider's name, else NULL.  False when a
 * preset is named that does not exist. */
static bool find_preset(struct config_reader *reader, const struct provider_draft *draft,
                        const struct preset **out)
{
    const struct yaml_node *named = draft->preset.node;

    *out = preset_by_name(&reader->presets, named != NULL ? draft->preset.text : draft->name.text);
    if (*out == NULL && named != NULL && draft->preset.text.at != NULL) {
        complain_of_preset(reader, named);
    }
    return *out != NULL || named == NULL;
}

void config_complain_missing(struct config_reader *reader, const struct provider_draft *draft,
                             const struct preset *preset, const char *key)
{
    struct guess guess = guess_preset(reader, draft->name.text);

    if (preset != NULL) {
        config_complain(reader, DIAGNOSTIC_MISSING, draft->name.node,
                        arena_printf(reader->arena,
                                     "the provider has no `%s`, and its preset supplies none", key),
                        STR_NONE);
        return;
    }
    config_complain(
        reader, DIAGNOSTIC_MISSING, draft->name.node,
        arena_printf(reader->arena, "the provider has no `%s`, and its name is no preset's", key),
        config_did_you_mean(reader, &guess));
}

static void check_file(struct config_reader *reader, const struct config_text *text)
{
    str content = STR_NONE;

    if (text->text.len > 0 &&
        reader->world->read_file(reader->world->ctx, text->text.at, AUTHORITIES_BYTES_MAX,
                                 reader->arena, &content) != ERR_OK) {
        config_complain(reader, DIAGNOSTIC_VALUE, text->node, STR("this file cannot be read"),
                        STR_NONE);
    }
}

/* A key that is given is sent, even to a server that mostly needs none. */
static void settle_credentials(struct provider *provider)
{
    for (size_t i = 0; i < provider->key_count; i++) {
        struct provider_key *key = &provider->keys[i];
        if (key->secret.len > 0 && provider->quirks->credential != CREDENTIAL_NONE) {
            key->credential = provider->quirks->credential;
        }
    }
}

/* What stands in for a key, by the platform. */
static enum login login_of(const struct preset *preset, enum platform platform)
{
    if (preset != NULL) {
        return preset->login;
    }
    if (platform == PLATFORM_BEDROCK) {
        return LOGIN_AWS;
    }
    return platform == PLATFORM_VERTEX ? LOGIN_GOOGLE : LOGIN_NONE;
}

/* What a login needs beside itself; false, and told, when it is not there. */
static bool check_place(struct config_reader *reader, const struct provider_draft *draft,
                        const struct preset *preset, const struct provider *provider)
{
    enum credential credential = provider->keys[0].credential;

    if (credential == CREDENTIAL_AWS) {
        return config_need_place(reader, draft, preset, "region", provider->site.region);
    }
    if (credential == CREDENTIAL_GOOGLE && provider->site.platform == PLATFORM_VERTEX) {
        return config_need_place(reader, draft, preset, "region", provider->site.region) &&
               config_need_place(reader, draft, preset, "project", provider->site.project);
    }
    return true;
}

/* Dialect, place and keys, each with its say.  What is wrong is told. */
static void read_parts(struct config_reader *reader, const struct provider_draft *draft,
                       const struct preset *preset, struct provider *provider)
{
    struct speech speech = config_find_speech(reader, draft, preset);
    enum login login = login_of(preset, speech.platform);
    bool has_key = draft->api_key.node != NULL || draft->api_keys != NULL;
    str project = STR_NONE;

    struct whereabouts where =
        config_find_whereabouts(reader, draft, preset, login == LOGIN_GOOGLE && has_key);
    bool is_keyed = config_find_keys(reader, draft, preset, login, provider, &project);
    where.project = where.project.len > 0 ? where.project : project;
    bool is_placed = config_find_origin(reader, draft, preset, &speech, &where, &provider->origin);
    check_file(reader, &draft->ca_file);
    if (speech.dialect == NULL || !is_keyed || !is_placed) {
        return;
    }
    provider->dialect = speech.dialect;
    provider->quirks = speech.quirks;
    provider->site = (struct site){
        .platform = speech.platform,
        .region = where.region,
        .project = where.project,
        .api_version = where.api_version,
    };
    settle_credentials(provider);
    if (check_place(reader, draft, preset, provider)) {
        config_find_choices(reader, draft, preset, provider);
    }
}

static void read_provider(struct config_reader *reader, const struct provider_draft *draft)
{
    struct snapshot *snapshot = reader->snapshot;
    struct arena *arena = &snapshot->arena;
    const struct preset *preset = NULL;
    struct provider provider = {.index = snapshot->provider_count};

    if (draft->name.text.at == NULL || !check_name(reader, draft) ||
        !find_preset(reader, draft, &preset)) {
        return;
    }
    provider.name = arena_copy(arena, draft->name.text);
    provider.ca_file = arena_copy(arena, draft->ca_file.text);
    provider.display = draft->label.text.len > 0 ? arena_copy(arena, draft->label.text)
                       : preset != NULL          ? preset->display
                                                 : provider.name;
    read_parts(reader, draft, preset, &provider);
    reader->presets_of[provider.index] = preset;
    /* A broken one is kept too while reading: models that name it are not to blame. */
    snapshot->providers[snapshot->provider_count++] = provider;
}

/* True when the environment holds all that the preset needs. */
static bool is_in_environment(struct config_reader *reader, const struct preset *preset)
{
    str variable = STR_NONE;
    bool has_key = config_find_variable(reader, &preset->env, &variable).len > 0 ||
                   (preset->login == LOGIN_AWS && config_has_aws(reader)) ||
                   (preset->login == LOGIN_GOOGLE && config_has_google(reader));

    return has_key && dialect_by_name(preset->dialect) != NULL && config_has_origin(reader, preset);
}

static void read_environment(struct config_reader *reader)
{
    for (size_t i = 0; i < reader->presets.count; i++) {
        const struct preset *preset = &reader->presets.rows[i];
        if (is_in_environment(reader, preset)) {
            struct provider_draft draft = {.name = {.text = preset->name}};
            read_provider(reader, &draft);
        }
    }
}

static void read_list(struct config_reader *reader, const struct yaml_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        struct provider_draft draft = {0};
        struct config_map map = {
            .where = arena_printf(reader->arena, "providers[%zu]", i),
            .topic = "config providers",
            .fields = fields,
        };
        if (config_read_map(reader, node->items[i], &map, &draft)) {
            read_provider(reader, &draft);
        }
    }
}

static void add_demo(struct config_reader *reader)
{
    struct snapshot *snapshot = reader->snapshot;

    snapshot->providers[snapshot->provider_count] = (struct provider){
        .name = STR("demo"),
        .display = STR("Demo"),
        .quirks = quirks_default(&reader->presets, STR("openai")),
        .keys = ARENA_NEW(&snapshot->arena, struct provider_key),
        .key_count = 1,
        .index = snapshot->provider_count,
    };
    snapshot->provider_count++;
}

void config_read_providers(struct config_reader *reader, const struct yaml_node *node)
{
    struct snapshot *snapshot = reader->snapshot;
    size_t room = (node != NULL ? node->count : reader->presets.count) + 1;

    reader->topic = "config providers";
    snapshot->providers = ARENA_ARRAY(&snapshot->arena, struct provider, room);
    reader->presets_of = ARENA_ARRAY(reader->arena, const struct preset *, room);
    if (node == NULL) {
        read_environment(reader);
    } else if (config_expect(reader, node, YAML_LIST, "providers")) {
        read_list(reader, node);
    }
    if (snapshot->settings.demo) {
        add_demo(reader);
    }
}
