/* Where a provider is: its base URL, and the region, project or account in it. */
#include "app/config_provider.h"
#include "codec/url.h"

bool config_parse_origin(str text, struct arena *arena, struct origin *out)
{
    struct url url = {0};

    if (url_parse(text, &url) != ERR_OK) {
        return false;
    }
    while (str_has_suffix(url.path, STR("/"))) {
        url.path.len--;
    }
    const str path[] = {url.path, STR("?"), url.query};
    *out = (struct origin){
        .tls = url.tls,
        .host = arena_copy(arena, url.host),
        .port = url.port,
        .path = arena_join(arena, path, url.query.len > 0 ? COUNT_OF(path) : 1),
        .authority = arena_copy(arena, url.authority),
    };
    return true;
}

str config_find_variable(const struct config_reader *reader, const struct row_texts *names,
                         str *name)
{
    for (size_t i = 0; i < names->count; i++) {
        str value = world_variable(reader->world, names->at[i].at);
        if (value.len > 0) {
            *name = names->at[i];
            return value;
        }
    }
    return STR_NONE;
}

static const struct preset_variables *variables_of(const struct preset *preset)
{
    static const struct preset_variables none = {0};

    return preset != NULL ? &preset->variables : &none;
}

/* What the draft says, else the environment. */
static str find_place(const struct config_reader *reader, const struct config_text *given,
                      const struct row_texts *variables)
{
    str name = STR_NONE;

    return given->text.len > 0 ? given->text : config_find_variable(reader, variables, &name);
}

struct whereabouts config_find_whereabouts(struct config_reader *reader,
                                           const struct provider_draft *draft,
                                           const struct preset *preset, bool is_express)
{
    const struct preset_variables *variables = variables_of(preset);
    struct arena *arena = &reader->snapshot->arena;
    struct whereabouts where = {
        .region = draft->region.text,
        .project = draft->project.text,
        .account = find_place(reader, &draft->account, &variables->account),
        .api_version = find_place(reader, &draft->api_version, &variables->api_version),
    };

    if (!is_express) { /* a key belongs to a project, and holds in all regions */
        where.region = find_place(reader, &draft->region, &variables->region);
        where.project = find_place(reader, &draft->project, &variables->project);
    }
    if (where.region.len == 0 && preset != NULL) {
        where.region =
            preset->login == LOGIN_AWS ? config_find_aws_region(reader, draft) : preset->region;
    }
    where.region = arena_copy(arena, where.region);
    where.project = arena_copy(arena, where.project);
    where.account = arena_copy(arena, where.account);
    where.api_version = arena_copy(arena, where.api_version);
    return where;
}

/* ---- Templates ---- */

/* What a template is filled from; NULL when it knows no such word. */
static const str *find_word(const struct whereabouts *where, str word)
{
    if (str_eq(word, STR("region"))) {
        return &where->region;
    }
    if (str_eq(word, STR("project"))) {
        return &where->project;
    }
    return str_eq(word, STR("account")) ? &where->account : NULL;
}

/* "https://{region}.example.com" -> "https://eu.example.com".  False when something is not known:
 * *missing is its name. */
static bool fill(struct arena *arena, str text, const struct whereabouts *where, str *out,
                 str *missing)
{
    str filled = STR_NONE;

    while (text.len > 0) {
        str before = str_split(&text, '{');
        str word = text.len > 0 ? str_split(&text, '}') : STR_NONE;
        const str *value = word.len > 0 ? find_word(where, word) : NULL;
        const str parts[] = {filled, before, value != NULL ? *value : STR_NONE};
        if (word.len > 0 && (value == NULL || value->len == 0)) {
            *missing = word;
            return false;
        }
        filled = arena_join(arena, parts, COUNT_OF(parts));
    }
    *out = filled;
    return true;
}

/* The preset's own base URL, before it is filled; empty when it has none. */
static str find_template(const struct preset *preset, str region)
{
    for (size_t i = 0; i < preset->region_count; i++) {
        if (rules_match(preset->regions[i].match, region)) {
            return preset->regions[i].base_url;
        }
    }
    return preset->base_url;
}

/* The base URL that nobody wrote into the configuration; empty when there is none.  *variable is
 * where it is from, or empty. */
static str find_url(const struct config_reader *reader, const struct preset *preset,
                    const struct speech *speech, str region, str *variable)
{
    str base = config_find_variable(reader, &preset->variables.base_url, variable);
    bool is_behind = speech->base_url.len > 0 && speech->base_url.at[0] == '/';

    if (speech->base_url.len > 0 && !is_behind) {
        return speech->base_url;
    }
    if (base.len == 0) {
        base = find_template(preset, region);
    }
    while (str_has_suffix(base, STR("/"))) {
        base.len--;
    }
    return base.len > 0 && is_behind ? arena_printf(reader->arena, STR_FMT STR_FMT, STR_ARG(base),
                                                    STR_ARG(speech->base_url))
                                     : base;
}

bool config_need_place(struct config_reader *reader, const struct provider_draft *draft,
                       const struct preset *preset, const char *key, str text)
{
    const struct preset_variables *variables = variables_of(preset);
    const struct row_texts *names = &variables->region;

    if (text.len > 0) {
        return true;
    }
    if (strcmp(key, "project") == 0) {
        names = &variables->project;
    } else if (strcmp(key, "account") == 0) {
        names = &variables->account;
    }
    str hint = names->count > 0 ? arena_printf(reader->arena, "set " STR_FMT ", or give `%s`",
                                               STR_ARG(names->at[0]), key)
                                : arena_printf(reader->arena, "give `%s`", key);
    config_complain(reader, DIAGNOSTIC_MISSING, draft->name.node,
                    arena_printf(reader->arena, "the provider needs `%s`", key), hint);
    return false;
}

/* The base URL as it is written in the configuration. */
static bool parse_given(struct config_reader *reader, const struct config_text *given,
                        struct origin *out)
{
    if (given->text.at == NULL) {
        return false; /* told already */
    }
    if (config_parse_origin(given->text, &reader->snapshot->arena, out) &&
        str_find_char(out->path, '?') == out->path.len) {
        return true;
    }
    config_complain(reader, DIAGNOSTIC_URL, given->node, STR("this is not the URL of a provider"),
                    STR("http:// or https://, a host, perhaps a port and a path"));
    return false;
}

bool config_find_origin(struct config_reader *reader, const struct provider_draft *draft,
                        const struct preset *preset, const struct speech *speech,
                        const struct whereabouts *where, struct origin *out)
{
    str variable = STR_NONE;
    str missing = STR_NONE;
    str filled = STR_NONE;

    if (draft->base_url.node != NULL) {
        return parse_given(reader, &draft->base_url, out);
    }
    str url =
        preset != NULL ? find_url(reader, preset, speech, where->region, &variable) : STR_NONE;
    if (url.len == 0) {
        config_complain_missing(reader, draft, preset, "base_url");
        return false;
    }
    if (!fill(reader->arena, url, where, &filled, &missing)) {
        return config_need_place(reader, draft, preset, arena_copy(reader->arena, missing).at,
                                 STR_NONE);
    }
    if (!config_parse_origin(filled, &reader->snapshot->arena, out)) {
        config_complain(reader, DIAGNOSTIC_URL, draft->name.node,
                        arena_printf(reader->arena, "this is not the URL of a provider: " STR_FMT,
                                     STR_ARG(config_show(reader, filled))),
                        variable.len > 0 ? arena_printf(reader->arena, "it is made of " STR_FMT,
                                                        STR_ARG(variable))
                                         : STR_NONE);
        return false;
    }
    return true;
}

bool config_has_origin(struct config_reader *reader, const struct preset *preset)
{
    static const struct provider_draft nothing = {0};
    static const struct speech own = {0};
    struct whereabouts where = config_find_whereabouts(reader, &nothing, preset, false);
    str ignored = STR_NONE;
    str url = find_url(reader, preset, &own, where.region, &ignored);

    return url.len > 0 && fill(reader->arena, url, &where, &url, &ignored);
}
