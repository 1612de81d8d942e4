/* The `providers` list, and the providers that the environment names. */
#include "app/config_reader.h"
#include "codec/url.h"
#include "wire/dialect.h"
#include "wire/quirks.h"

enum {
    NAME_BYTES_MAX = 47, /* what a row of the store holds */
    API_KEY_BYTES_MAX = 16 * 1024,
    AUTHORITIES_BYTES_MAX = 8 * 1024 * 1024,
};

/* One element of the list, before its words are understood. */
struct draft {
    const struct yaml_node *node; /* NULL: from the environment */
    struct config_text name;
    struct config_text preset;
    struct config_text dialect;
    struct config_text base_url;
    struct config_text api_key;
    struct config_text ca_file;
    struct config_text label;
};

#define TEXT_AT(member) offsetof(struct draft, member), CONFIG_TEXT

static const struct config_field fields[] = {
    {"name", TEXT_AT(name), true},        {"preset", TEXT_AT(preset), false},
    {"dialect", TEXT_AT(dialect), false}, {"base_url", TEXT_AT(base_url), false},
    {"api_key", TEXT_AT(api_key), false}, {"ca_file", TEXT_AT(ca_file), false},
    {"label", TEXT_AT(label), false},     {0},
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

static bool check_name(struct config_reader *reader, const struct draft *draft)
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

static struct guess guess_preset(str name)
{
    struct guess guess = guess_start(name);

    for (const struct preset *preset = preset_all(); preset->name != NULL; preset++) {
        guess_consider(&guess, str_c(preset->name));
    }
    return guess;
}

static void complain_of_preset(struct config_reader *reader, const struct yaml_node *node)
{
    struct guess guess = guess_preset(node->text);

    config_complain(reader, DIAGNOSTIC_NO_PRESET, node,
                    arena_printf(reader->arena, "there is no preset `" STR_FMT "`",
                                 STR_ARG(config_show(reader, node->text))),
                    config_did_you_mean(reader, &guess));
}

/* The preset that `preset:` names, else the one of the provider's name, else NULL.  False when a
 * preset is named that does not exist. */
static bool find_preset(struct config_reader *reader, const struct draft *draft,
                        const struct preset **out)
{
    const struct yaml_node *named = draft->preset.node;

    *out = preset_by_name(named != NULL ? draft->preset.text : draft->name.text);
    if (*out == NULL && named != NULL && draft->preset.text.at != NULL) {
        complain_of_preset(reader, named);
    }
    return *out != NULL || named == NULL;
}

/* Complains that something is missing which a preset would have supplied. */
static void complain_of_missing(struct config_reader *reader, const struct draft *draft,
                                const char *key)
{
    struct guess guess = guess_preset(draft->name.text);

    config_complain(
        reader, DIAGNOSTIC_MISSING, draft->name.node,
        arena_printf(reader->arena, "the provider has no `%s`, and its name is no preset's", key),
        config_did_you_mean(reader, &guess));
}

static const struct dialect *find_dialect(struct config_reader *reader, const struct draft *draft,
                                          const struct preset *preset)
{
    if (draft->dialect.node == NULL) {
        if (preset == NULL) {
            complain_of_missing(reader, draft, "dialect");
            return NULL;
        }
        return dialect_by_name(str_c(preset->dialect));
    }
    if (draft->dialect.text.at == NULL) {
        return NULL; /* told already */
    }
    const struct dialect *dialect = dialect_by_name(draft->dialect.text);
    if (dialect == NULL) {
        str shown = config_show(reader, draft->dialect.node->text);
        config_complain(
            reader, DIAGNOSTIC_NO_DIALECT, draft->dialect.node,
            arena_printf(reader->arena, "there is no dialect `" STR_FMT "`", STR_ARG(shown)),
            arena_printf(reader->arena, "there are %s", dialect_names()));
    }
    return dialect;
}

/* "https://host/v1/" -> an origin whose strings live in the snapshot. */
static bool parse_origin(str text, struct arena *arena, struct origin *out)
{
    struct url url = {0};

    if (url_parse(text, &url) != ERR_OK || url.query.len > 0) {
        return false;
    }
    while (str_has_suffix(url.path, STR("/"))) {
        url.path.len--;
    }
    *out = (struct origin){
        .tls = url.tls,
        .host = arena_copy(arena, url.host),
        .port = url.port,
        .path = arena_copy(arena, url.path),
        .authority = arena_copy(arena, url.authority),
    };
    return true;
}

static bool find_origin(struct config_reader *reader, const struct draft *draft,
                        const struct preset *preset, struct origin *out)
{
    struct arena *arena = &reader->snapshot->arena;

    if (draft->base_url.node == NULL) {
        if (preset == NULL || preset->base_url == NULL) {
            complain_of_missing(reader, draft, "base_url");
            return false;
        }
        bool parsed = parse_origin(str_c(preset->base_url), arena, out);
        assert(parsed);
        return true;
    }
    if (draft->base_url.text.at == NULL) {
        return false; /* told already */
    }
    if (!parse_origin(draft->base_url.text, arena, out)) {
        config_complain(reader, DIAGNOSTIC_URL, draft->base_url.node,
                        STR("this is not the URL of a provider"),
                        STR("http:// or https://, a host, perhaps a port and a path"));
        return false;
    }
    return true;
}

/* It goes into a header as it is. */
static bool is_api_key(str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.at[i] <= ' ' || key.at[i] >= 0x7f) {
            return false;
        }
    }
    return key.len <= API_KEY_BYTES_MAX;
}

/* The text of `api_key`, else the preset's variable. */
static bool find_api_key(struct config_reader *reader, const struct draft *draft,
                         const struct preset *preset, struct provider *out)
{
    struct arena *arena = &reader->snapshot->arena;
    const struct config_text *given = &draft->api_key;
    const char *variable = preset != NULL ? preset->env : NULL;
    str key = given->text;
    str source = given->source.len > 0 ? given->source : STR("the configuration");

    if (given->node != NULL && given->text.at == NULL) {
        return false; /* told already */
    }
    if (given->node == NULL && variable != NULL) {
        key = world_variable(reader->world, variable);
        source = str_c(variable);
    }
    bool is_meant_empty = given->node != NULL && given->node->text.len == 0;
    if (key.len == 0 && !is_meant_empty && (given->node != NULL || variable != NULL)) {
        str hint = variable != NULL
                       ? arena_printf(reader->arena, "set %s, or give `api_key`", variable)
                       : STR("write \"\" when it needs none");
        config_complain(reader, DIAGNOSTIC_CREDENTIAL,
                        given->node != NULL ? given->node : draft->name.node,
                        STR("the provider has no API key"), hint);
        return false;
    }
    if (!is_api_key(key)) {
        config_complain(reader, DIAGNOSTIC_CREDENTIAL,
                        given->node != NULL ? given->node : draft->name.node,
                        arena_printf(reader->arena,
                                     "the API key from " STR_FMT
                                     " holds blanks, line ends or other characters that no key has",
                                     STR_ARG(source)),
                        STR_NONE);
        return false;
    }
    out->keys = ARENA_NEW(arena, struct provider_key);
    out->key_count = 1;
    out->keys[0] = (struct provider_key){
        .credential = key.len > 0 ? CREDENTIAL_BEARER : CREDENTIAL_NONE,
        .source = key.len > 0 ? arena_copy(arena, source) : STR_NONE,
        .secret = arena_copy(arena, key),
    };
    return true;
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

/* The preset's row, or the dialect's default. */
static const struct quirks *find_quirks(const struct provider *provider,
                                        const struct preset *preset)
{
    str dialect = str_c(provider->dialect->name);
    bool is_preset = preset != NULL && str_eq(dialect, str_c(preset->dialect));

    return is_preset ? preset->quirks : quirks_default(dialect);
}

/* A key that is given is sent, even to a server that mostly needs none. */
static void settle_credential(struct provider *provider)
{
    struct provider_key *key = &provider->keys[0];

    if (key->secret.len > 0 && provider->quirks->credential != CREDENTIAL_NONE) {
        key->credential = provider->quirks->credential;
    }
}

static void read_provider(struct config_reader *reader, const struct draft *draft)
{
    struct snapshot *snapshot = reader->snapshot;
    struct arena *arena = &snapshot->arena;
    const struct preset *preset = NULL;
    struct provider provider = {.index = snapshot->provider_count};

    if (draft->name.text.at == NULL || !check_name(reader, draft)) {
        return;
    }
    if (!find_preset(reader, draft, &preset)) {
        return;
    }
    /* All of them, so that each has its say. */
    provider.dialect = find_dialect(reader, draft, preset);
    bool has_origin = find_origin(reader, draft, preset, &provider.origin);
    bool has_key = find_api_key(reader, draft, preset, &provider);
    check_file(reader, &draft->ca_file);

    provider.name = arena_copy(arena, draft->name.text);
    provider.ca_file = arena_copy(arena, draft->ca_file.text);
    provider.display = draft->label.text.len > 0 ? arena_copy(arena, draft->label.text)
                       : preset != NULL          ? str_c(preset->display)
                                                 : provider.name;
    if (provider.dialect != NULL && has_origin && has_key) {
        provider.quirks = find_quirks(&provider, preset);
        settle_credential(&provider);
    }
    /* A broken one is kept too while reading: models that name it are not to blame. */
    snapshot->providers[snapshot->provider_count++] = provider;
}

/* Every preset whose variable is set. */
static void read_environment(struct config_reader *reader)
{
    for (const struct preset *preset = preset_all(); preset->name != NULL; preset++) {
        bool is_spoken = dialect_by_name(str_c(preset->dialect)) != NULL;
        if (is_spoken && preset->env != NULL &&
            world_variable(reader->world, preset->env).len > 0) {
            struct draft draft = {.name = {.text = str_c(preset->name)}};
            read_provider(reader, &draft);
        }
    }
}

static size_t count_presets(void)
{
    size_t count = 0;

    for (const struct preset *preset = preset_all(); preset->name != NULL; preset++) {
        count++;
    }
    return count;
}

static void read_list(struct config_reader *reader, const struct yaml_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        struct draft draft = {.node = node->items[i]};
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

static void add_demo(struct snapshot *snapshot)
{
    snapshot->providers[snapshot->provider_count] = (struct provider){
        .name = STR("demo"),
        .display = STR("Demo"),
        .quirks = quirks_default(STR("openai")),
        .keys = ARENA_NEW(&snapshot->arena, struct provider_key),
        .key_count = 1,
        .index = snapshot->provider_count,
    };
    snapshot->provider_count++;
}

void config_read_providers(struct config_reader *reader, const struct yaml_node *node)
{
    struct snapshot *snapshot = reader->snapshot;
    size_t room = (node != NULL ? node->count : count_presets()) + 1;

    reader->topic = "config providers";
    snapshot->providers = ARENA_ARRAY(&snapshot->arena, struct provider, room);
    if (node == NULL) {
        read_environment(reader);
    } else if (config_expect(reader, node, YAML_LIST, "providers")) {
        read_list(reader, node);
    }
    if (snapshot->settings.demo) {
        add_demo(snapshot);
    }
}
