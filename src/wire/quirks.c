/* The reader of providers.json: tables of its members, and what is made of them. */
#include "wire/quirks.h"

/* ---- Words of the file ---- */

static const struct row_word credentials[] = {
    {"bearer", CREDENTIAL_BEARER},
    {"x-api-key", CREDENTIAL_X_API_KEY},
    {"api-key", CREDENTIAL_API_KEY},
    {"x-goog-api-key", CREDENTIAL_X_GOOG_API_KEY},
    {"query", CREDENTIAL_QUERY_KEY},
    {"none", CREDENTIAL_NONE},
    {NULL, 0},
};

static const struct row_word prefill_styles[] = {
    {"plain", PREFILL_PLAIN},       {"prefix", PREFILL_PREFIX}, {"partial", PREFILL_PARTIAL},
    {"continue", PREFILL_CONTINUE}, {"words", PREFILL_WORDS},   {NULL, 0},
};

static const struct row_word schema_styles[] = {
    {"native", SCHEMA_NATIVE},
    {"object", SCHEMA_OBJECT},
    {"words", SCHEMA_WORDS},
    {NULL, 0},
};

static const struct row_word think_styles[] = {
    {"apart", THINK_APART},
    {"tags", THINK_TAGS},
    {"open", THINK_OPEN},
    {NULL, 0},
};

static const struct row_word logins[] = {
    {"aws", LOGIN_AWS},
    {"google", LOGIN_GOOGLE},
    {NULL, 0},
};

static const struct row_word platforms[] = {
    {"vertex", PLATFORM_VERTEX},
    {"bedrock", PLATFORM_BEDROCK},
    {"azure", PLATFORM_AZURE},
    {"azure-classic", PLATFORM_AZURE_CLASSIC},
    {NULL, 0},
};

/* ---- Members of the file ---- */

#define QUIRK(member) #member, offsetof(struct quirks, member), ROW_TRUTH, false, NULL
#define QUIRK_AS(member, kind) #member, offsetof(struct quirks, member), kind, false, NULL
#define QUIRK_OF(member, words) #member, offsetof(struct quirks, member), ROW_WORD, false, words

/* A new quirk is a member of struct quirks and a row here. */
static const struct row_member quirk_members[] = {
    {QUIRK_OF(credential, credentials)},
    {QUIRK(max_completion_tokens)},
    {QUIRK(takes_developer)},
    {QUIRK(takes_extras)},
    {QUIRK(takes_stream_options)},
    {QUIRK(reasoning_effort)},
    {QUIRK(reasoning_object)},
    {QUIRK(completion_excludes_reasoning)},
    {QUIRK(thinking_object)},
    {QUIRK(takes_cache_control)},
    {QUIRK(takes_reasoning_back)},
    {QUIRK(tool_ids_of_nine)},
    {QUIRK_AS(refused, ROW_C_LIST)},
    {QUIRK_AS(item_format, ROW_C_TEXT)},

    {QUIRK_AS(extras, ROW_C_LIST)},
    {QUIRK_AS(renames, ROW_C_LIST)},
    {QUIRK_AS(temperature_min, ROW_REAL)},
    {QUIRK_AS(temperature_max, ROW_REAL)},
    {QUIRK_AS(stops_max, ROW_SMALL)},
    {QUIRK_AS(choices_max, ROW_SMALL)},
    {QUIRK(one_penalty)},
    {QUIRK(logprobs_is_count)},
    {QUIRK(json_excludes_tools)},
    {QUIRK(json_excludes_stream)},
    {QUIRK(strict_on_all)},
    {QUIRK_OF(schema, schema_styles)},
    {QUIRK_AS(tool_choices, ROW_C_LIST)},
    {QUIRK(files_are_documents)},
    {QUIRK_AS(refused_parts, ROW_C_LIST)},

    {QUIRK(takes_names)},
    {QUIRK(one_system_message)},
    {QUIRK(strict_turns)},
    {QUIRK(needs_text)},
    {QUIRK(tool_turns_need_text)},
    {QUIRK(needs_image_bytes)},
    {QUIRK(takes_tool_images)},
    {QUIRK_OF(prefill, prefill_styles)},
    {QUIRK_AS(prefill_path, ROW_C_TEXT)},

    {QUIRK(enable_thinking)},
    {QUIRK(template_thinking)},
    {QUIRK(thinks_streamed_only)},
    {QUIRK_AS(prompt_mode, ROW_C_LIST)},
    {QUIRK_AS(reasoning_format, ROW_C_LIST)},
    {QUIRK_AS(efforts, ROW_C_LIST)},
    {QUIRK_AS(effort_switch, ROW_C_LIST)},
    {QUIRK_AS(reasoning_member, ROW_C_TEXT)},
    {QUIRK(reasoning_always_back)},

    {QUIRK_OF(think, think_styles)},
    {QUIRK(ends_silently)},
    {0},
};

#define VARIABLES_AT(member) offsetof(struct preset_variables, member), ROW_TEXTS, false, NULL

static const struct row_member variable_members[] = {
    {"base_url", VARIABLES_AT(base_url)},       {"region", VARIABLES_AT(region)},
    {"project", VARIABLES_AT(project)},         {"account", VARIABLES_AT(account)},
    {"api_version", VARIABLES_AT(api_version)}, {0},
};

static const struct row_member region_members[] = {
    {"match", offsetof(struct preset_region, match), ROW_TEXT, true, NULL},
    {"base_url", offsetof(struct preset_region, base_url), ROW_TEXT, true, NULL},
    {0},
};

struct dialect_draft {
    struct preset_dialect row;
    json *quirks;
};

#define DIALECT_AT(member) offsetof(struct dialect_draft, member)

static const struct row_member dialect_members[] = {
    {"dialect", DIALECT_AT(row.name), ROW_TEXT, true, NULL},
    {"base_url", DIALECT_AT(row.base_url), ROW_TEXT, false, NULL},
    {"models", DIALECT_AT(row.models), ROW_TEXTS, false, NULL},
    {"platform", DIALECT_AT(row.platform), ROW_WORD, false, platforms},
    {"quirks", DIALECT_AT(quirks), ROW_VALUE, false, NULL},
    {"note", 0, ROW_NOTE, false, NULL},
    {0},
};

struct preset_draft {
    struct preset row;
    json *variables;
    json *regions;
    json *dialects;
    json *quirks;
};

#define PRESET_AT(member) offsetof(struct preset_draft, member)

static const struct row_member preset_members[] = {
    {"name", PRESET_AT(row.name), ROW_TEXT, true, NULL},
    {"display", PRESET_AT(row.display), ROW_TEXT, true, NULL},
    {"dialect", PRESET_AT(row.dialect), ROW_TEXT, true, NULL},
    {"base_url", PRESET_AT(row.base_url), ROW_TEXT, false, NULL},
    {"env", PRESET_AT(row.env), ROW_TEXTS, false, NULL},
    {"key_url", PRESET_AT(row.key_url), ROW_TEXT, false, NULL},
    {"region", PRESET_AT(row.region), ROW_TEXT, false, NULL},
    {"login", PRESET_AT(row.login), ROW_WORD, false, logins},
    {"platform", PRESET_AT(row.platform), ROW_WORD, false, platforms},
    {"local", PRESET_AT(row.local), ROW_TRUTH, false, NULL},
    {"variables", PRESET_AT(variables), ROW_VALUE, false, NULL},
    {"regions", PRESET_AT(regions), ROW_VALUE, false, NULL},
    {"dialects", PRESET_AT(dialects), ROW_VALUE, false, NULL},
    {"quirks", PRESET_AT(quirks), ROW_VALUE, false, NULL},
    {"setup", 0, ROW_NOTE, false, NULL}, /* for docs/PROVIDERS.md */
    {"note", 0, ROW_NOTE, false, NULL},
    {0},
};

struct file {
    str source;
    str as_of;
    json *defaults;
    json *providers;
};

static const struct row_member file_members[] = {
    {"source", offsetof(struct file, source), ROW_TEXT, true, NULL},
    {"as_of", offsetof(struct file, as_of), ROW_TEXT, true, NULL},
    {"defaults", offsetof(struct file, defaults), ROW_VALUE, true, NULL},
    {"providers", offsetof(struct file, providers), ROW_VALUE, true, NULL},
    {0},
};

/* ---- Reading ---- */

/* A file being read. */
struct reading {
    struct row_reader row;
    struct arena *work; /* for words that only messages need */
    struct preset_book book;
};

static const struct quirks no_quirks = {0};

const struct quirks *quirks_default(const struct preset_book *book, str dialect)
{
    for (size_t i = 0; i < book->default_count; i++) {
        if (str_eq(book->defaults[i].dialect, dialect)) {
            return book->defaults[i].quirks;
        }
    }
    return &no_quirks;
}

/* Those of the dialect, and over them what the object says; NULL: nothing. */
static enum err read_quirks(struct reading *reading, str dialect, json *object, bool local,
                            const struct quirks **out)
{
    struct quirks *quirks = ARENA_NEW(reading->row.arena, struct quirks);

    *quirks = *quirks_default(&reading->book, dialect);
    if (local) {
        quirks->credential = CREDENTIAL_NONE;
    }
    *out = quirks;
    return object != NULL ? row_read(&reading->row, object, quirk_members, quirks) : ERR_OK;
}

static enum err read_defaults(struct reading *reading, json *defaults)
{
    struct json_walk walk = json_walk(defaults);
    struct dialect_default *rows =
        ARENA_ARRAY(reading->row.arena, struct dialect_default, json_count(defaults));
    enum err err = ERR_OK;

    if (!json_is(defaults, JSON_OBJECT)) {
        return row_complain(&reading->row, "`defaults` must be an object");
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        reading->row.where =
            arena_printf(reading->work, "defaults \"" STR_FMT "\"", STR_ARG(walk.name));
        rows[i].dialect = arena_copy(reading->row.arena, walk.name);
        err = read_quirks(reading, STR_NONE, walk.value, false, &rows[i].quirks);
    }
    reading->book.defaults = rows;
    reading->book.default_count = json_count(defaults);
    return err;
}

static enum err read_regions(struct reading *reading, json *list, struct preset *preset)
{
    struct json_walk walk = json_walk(list);
    struct preset_region *rows =
        ARENA_ARRAY(reading->row.arena, struct preset_region, json_count(list));
    enum err err = ERR_OK;

    if (list != NULL && !json_is(list, JSON_ARRAY)) {
        return row_complain(&reading->row, "`regions` must be an array");
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        err = row_read(&reading->row, walk.value, region_members, &rows[i]);
    }
    preset->regions = rows;
    preset->region_count = json_count(list);
    return err;
}

static enum err read_dialect(struct reading *reading, json *object, const struct preset *preset,
                             struct preset_dialect *out)
{
    struct dialect_draft draft = {0};
    enum err err = row_read(&reading->row, object, dialect_members, &draft);

    if (err == ERR_OK && draft.row.base_url.len > 0 && draft.row.models.count > 0) {
        err = row_complain(&reading->row, "a dialect of some models has no `base_url` of its own");
    }
    if (err == ERR_OK) {
        err = read_quirks(reading, draft.row.name, draft.quirks, preset->local, &draft.row.quirks);
    }
    if (err == ERR_OK) {
        *out = draft.row;
    }
    return err;
}

static enum err read_dialects(struct reading *reading, json *list, struct preset *preset)
{
    struct json_walk walk = json_walk(list);
    struct preset_dialect *rows =
        ARENA_ARRAY(reading->row.arena, struct preset_dialect, json_count(list));
    enum err err = ERR_OK;

    if (list != NULL && !json_is(list, JSON_ARRAY)) {
        return row_complain(&reading->row, "`dialects` must be an array");
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        err = read_dialect(reading, walk.value, preset, &rows[i]);
    }
    preset->dialects = rows;
    preset->dialect_count = json_count(list);
    return err;
}

static enum err read_preset(struct reading *reading, json *object, struct preset *out)
{
    struct preset_draft draft = {0};
    struct preset *preset = &draft.row;
    enum err err = row_read(&reading->row, object, preset_members, &draft);

    if (err == ERR_OK && preset_by_name(&reading->book, preset->name) != NULL) {
        err = row_complain(&reading->row, "there are two providers of that name");
    }
    if (err == ERR_OK && draft.variables != NULL) {
        err = row_read(&reading->row, draft.variables, variable_members, &preset->variables);
    }
    if (err == ERR_OK) {
        err = read_regions(reading, draft.regions, preset);
    }
    if (err == ERR_OK) {
        err = read_dialects(reading, draft.dialects, preset);
    }
    if (err == ERR_OK) {
        err = read_quirks(reading, preset->dialect, draft.quirks, preset->local, &preset->quirks);
    }
    if (err == ERR_OK) {
        *out = *preset;
    }
    return err;
}

static enum err read_presets(struct reading *reading, json *list)
{
    struct json_walk walk = json_walk(list);
    struct preset *rows = ARENA_ARRAY(reading->row.arena, struct preset, json_count(list));
    enum err err = ERR_OK;

    if (!json_is(list, JSON_ARRAY)) {
        return row_complain(&reading->row, "`providers` must be an array");
    }
    reading->book.rows = rows;
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        reading->row.where = arena_printf(reading->work, "providers[%zu] \"" STR_FMT "\"", i,
                                          STR_ARG(str_take(json_str(walk.value, "name"), 60)));
        err = read_preset(reading, walk.value, &rows[i]);
        reading->book.count = i + 1;
    }
    return err;
}

enum err presets_read(str text, struct arena *arena, struct preset_book *out, struct fault *fault)
{
    struct arena work = {0};
    struct reading reading = {
        .row = {.arena = arena, .fault = fault, .where = STR("the file")},
        .work = &work,
    };
    struct file file = {0};
    json *root = NULL;

    enum err err = json_read(&work, text, &root, fault);
    if (err == ERR_OK) {
        err = row_read(&reading.row, root, file_members, &file);
    }
    if (err == ERR_OK) {
        err = read_defaults(&reading, file.defaults);
    }
    if (err == ERR_OK) {
        reading.row.where = STR("the file");
        err = read_presets(&reading, file.providers);
    }
    if (err == ERR_OK) {
        reading.book.source = file.source;
        reading.book.as_of = file.as_of;
        *out = reading.book;
    } else {
        fault->message = arena_copy(arena, fault->message); /* JSON's own words end with `work` */
    }
    arena_reset(&work);
    return err;
}

/* ---- Looking up ---- */

const struct preset *preset_by_name(const struct preset_book *book, str name)
{
    for (size_t i = 0; i < book->count; i++) {
        if (str_eq(name, book->rows[i].name)) {
            return &book->rows[i];
        }
    }
    return NULL;
}

const struct quirks *preset_quirks(const struct preset_book *book, const struct preset *preset,
                                   str dialect)
{
    if (str_eq(dialect, preset->dialect)) {
        return preset->quirks;
    }
    for (size_t i = 0; i < preset->dialect_count; i++) {
        if (str_eq(dialect, preset->dialects[i].name)) {
            return preset->dialects[i].quirks;
        }
    }
    return quirks_default(book, dialect);
}
