/* The keys of a provider: given, from the environment, or a login that stands in for one. */
#include "app/config_provider.h"

enum { API_KEY_BYTES_MAX = 16 * 1024, KEYS_MAX = 256 };

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

/* False, and told, when it can be no key. */
static bool check_key(struct config_reader *reader, const struct yaml_node *node, str key,
                      str source)
{
    if (is_api_key(key)) {
        return true;
    }
    config_complain(reader, DIAGNOSTIC_CREDENTIAL, node,
                    arena_printf(reader->arena,
                                 "the API key from " STR_FMT
                                 " holds blanks, line ends or other characters that no key has",
                                 STR_ARG(source)),
                    STR_NONE);
    return false;
}

static void add_key(struct config_reader *reader, struct provider *provider, str key, str source)
{
    struct arena *arena = &reader->snapshot->arena;

    provider->keys[provider->key_count++] = (struct provider_key){
        .credential = CREDENTIAL_BEARER, /* until the dialect has its say */
        .source = arena_copy(arena, source),
        .secret = arena_copy(arena, key),
    };
}

static void complain_of_no_key(struct config_reader *reader, const struct yaml_node *node,
                               const struct preset *preset)
{
    bool has_variable = preset != NULL && preset->env.count > 0;
    str hint = has_variable ? arena_printf(reader->arena, "set " STR_FMT ", or give `api_key`",
                                           STR_ARG(preset->env.at[0]))
                            : STR("write \"\" when it needs none");

    config_complain(reader, DIAGNOSTIC_CREDENTIAL, node, STR("the provider has no API key"), hint);
}

/* Without any: the server needs none. */
static bool use_none(struct provider *provider)
{
    provider->keys[provider->key_count++] = (struct provider_key){.credential = CREDENTIAL_NONE};
    return true;
}

/* `api_key`, which may be written as "": none is needed. */
static bool use_given(struct config_reader *reader, const struct provider_draft *draft,
                      const struct preset *preset, struct provider *provider)
{
    const struct config_text *given = &draft->api_key;
    str source = given->source.len > 0 ? given->source : STR("the configuration");

    if (given->text.at == NULL) {
        return false; /* told already */
    }
    if (given->text.len == 0) {
        if (given->node->text.len == 0) {
            return use_none(provider);
        }
        complain_of_no_key(reader, given->node, preset);
        return false;
    }
    if (!check_key(reader, given->node, given->text, source)) {
        return false;
    }
    add_key(reader, provider, given->text, source);
    return true;
}

static bool use_list(struct config_reader *reader, const struct yaml_node *list,
                     struct provider *provider)
{
    bool is_right = true;

    if (!config_expect(reader, list, YAML_LIST, "api_keys")) {
        return false;
    }
    if (list->count == 0 || list->count > KEYS_MAX) {
        config_complain(reader, DIAGNOSTIC_VALUE, list, STR("`api_keys` holds from 1 to 256 keys"),
                        STR_NONE);
        return false;
    }
    provider->keys = ARENA_ARRAY(&reader->snapshot->arena, struct provider_key, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *node = list->items[i];
        struct config_text text = {0};
        if (!config_read_text(reader, node, &text)) {
            is_right = false;
            continue;
        }
        str source =
            text.source.len > 0 ? text.source : arena_printf(reader->arena, "api_keys[%zu]", i);
        if (text.text.len == 0) {
            complain_of_no_key(reader, node, NULL);
            is_right = false;
        } else if (check_key(reader, node, text.text, source)) {
            add_key(reader, provider, text.text, source);
        } else {
            is_right = false;
        }
    }
    return is_right;
}

static bool use_login(struct config_reader *reader, const struct provider_draft *draft,
                      enum login login, struct provider *provider, str *project)
{
    struct provider_key key = {0};
    bool is_there = login == LOGIN_AWS ? config_find_aws(reader, draft, &key)
                                       : config_find_google(reader, draft, &key, project);

    if (is_there) {
        provider->keys[provider->key_count++] = key;
    }
    return is_there;
}

/* True when the draft says where its login comes from: that beats a key in the environment. */
static bool names_login(const struct provider_draft *draft)
{
    return draft->credentials.node != NULL || draft->credentials_file.node != NULL ||
           draft->access_key_id.node != NULL || draft->profile.node != NULL;
}

bool config_find_keys(struct config_reader *reader, const struct provider_draft *draft,
                      const struct preset *preset, enum login login, struct provider *provider,
                      str *project)
{
    str variable = STR_NONE;
    str key = preset != NULL ? config_find_variable(reader, &preset->env, &variable) : STR_NONE;

    provider->keys = ARENA_NEW(&reader->snapshot->arena, struct provider_key);
    if (draft->api_keys != NULL) {
        if (draft->api_key.node != NULL) {
            config_complain(reader, DIAGNOSTIC_VALUE, draft->api_keys,
                            STR("`api_key` and `api_keys` exclude each other"), STR_NONE);
            return false;
        }
        return use_list(reader, draft->api_keys, provider);
    }
    if (draft->api_key.node != NULL) {
        return use_given(reader, draft, preset, provider);
    }
    if (key.len > 0 && !(login != LOGIN_NONE && names_login(draft))) {
        if (!check_key(reader, draft->name.node, key, variable)) {
            return false;
        }
        add_key(reader, provider, key, variable);
        return true;
    }
    if (login != LOGIN_NONE) {
        return use_login(reader, draft, login, provider, project);
    }
    if (preset != NULL && !preset->local && preset->env.count > 0) {
        complain_of_no_key(reader, draft->name.node, preset);
        return false;
    }
    return use_none(provider);
}
