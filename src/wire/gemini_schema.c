/*
 * JSON Schemas in the subset of OpenAPI 3.0 that the Gemini API takes for `parameters` and
 * `responseSchema`: provider-dialects.md section 6.2.
 *
 * References are followed and written out, alternatives and intersections simplified, and keywords
 * that the API does not know left out: the schema then allows more than it did, never less but for
 * what has no type, which becomes a text.
 */
#include "wire/gemini.h"

enum {
    DEPTH_MAX = 32,      /* schemas inside each other, references followed */
    LOOKS_MAX = 1 << 18, /* members read in all: references may fan out */
    MERGED_MAX = 32,     /* schemas that are one by `allOf` and `$ref` */
    NOTE_BYTES_MAX = 1024,
};

/* Keywords that are kept as they are. */
enum keyword {
    KEY_TITLE,
    KEY_DESCRIPTION,
    KEY_FORMAT,
    KEY_PATTERN,
    KEY_MIN_ITEMS,
    KEY_MAX_ITEMS,
    KEY_MIN_PROPERTIES,
    KEY_MAX_PROPERTIES,
    KEY_MIN_LENGTH,
    KEY_MAX_LENGTH,
    KEY_MINIMUM,
    KEY_MAXIMUM,
    KEY_PROPERTY_ORDERING,
    /* Those that are written by their own rules. */
    KEY_TYPE,
    KEY_NULLABLE,
    KEY_ENUM,
    KEY_CONST,
    KEY_ITEMS,
    KEY_PREFIX_ITEMS,
    KEY_ANY_OF,
    KEY_EXCLUSIVE_MINIMUM,
    KEY_EXCLUSIVE_MAXIMUM,
    KEYWORDS,
};

static const struct {
    const char *name;
    enum keyword keyword;
} keywords[] = {
    {"title", KEY_TITLE},
    {"description", KEY_DESCRIPTION},
    {"format", KEY_FORMAT},
    {"pattern", KEY_PATTERN},
    {"minItems", KEY_MIN_ITEMS},
    {"maxItems", KEY_MAX_ITEMS},
    {"minProperties", KEY_MIN_PROPERTIES},
    {"maxProperties", KEY_MAX_PROPERTIES},
    {"minLength", KEY_MIN_LENGTH},
    {"maxLength", KEY_MAX_LENGTH},
    {"minimum", KEY_MINIMUM},
    {"maximum", KEY_MAXIMUM},
    {"propertyOrdering", KEY_PROPERTY_ORDERING},
    {"type", KEY_TYPE},
    {"nullable", KEY_NULLABLE},
    {"enum", KEY_ENUM},
    {"const", KEY_CONST},
    {"items", KEY_ITEMS},
    {"prefixItems", KEY_PREFIX_ITEMS},
    {"anyOf", KEY_ANY_OF},
    {"oneOf", KEY_ANY_OF},
    {"exclusiveMinimum", KEY_EXCLUSIVE_MINIMUM},
    {"exclusiveMaximum", KEY_EXCLUSIVE_MAXIMUM},
};

/* One schema with all that `$ref`, `allOf` and a lone alternative add to it. */
struct view {
    json *at[KEYWORDS]; /* the first that is given counts */
    json *properties[MERGED_MAX];
    size_t properties_count;
    json *required[MERGED_MAX];
    size_t required_count;
    bool is_nullable;
};

struct output {
    struct json_writer *writer;
    struct arena *arena;
    json *root;
    json *open[DEPTH_MAX]; /* targets of references that are being written out */
    size_t open_count;
    int depth;
    int64_t looks_left;
};

/* ---- Reading ---- */

/* "#/$defs/Name" and any other path from the root; NULL when it leads nowhere. */
static json *resolve(const struct output *output, str reference)
{
    json *target = output->root;

    if (!str_has_prefix(reference, STR("#"))) {
        return NULL;
    }
    str path = str_skip(reference, 1);
    (void)str_split(&path, '/');
    while (path.len > 0 && target != NULL) {
        target = json_find(target, str_split(&path, '/'));
    }
    return target;
}

static bool is_open(const struct output *output, json *target)
{
    for (size_t i = 0; i < output->open_count; i++) {
        if (output->open[i] == target) {
            return true;
        }
    }
    return false;
}

static bool is_null_type(json *schema)
{
    return str_eq_nocase(json_str(schema, "type"), STR("null"));
}

static void add_keyword(struct view *view, str name, json *value)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (str_eq(name, str_c(keywords[i].name)) && view->at[keywords[i].keyword] == NULL) {
            view->at[keywords[i].keyword] = value;
        }
    }
}

/* Schemas hold schemas: DEPTH_MAX and LOOKS_MAX bound the recursion. */
/* NOLINTBEGIN(misc-no-recursion) */

static void add_schema(struct output *output, struct view *view, json *schema);

static void add_reference(struct output *output, struct view *view, str reference)
{
    json *target = resolve(output, reference);

    if (target == NULL || output->open_count == DEPTH_MAX) {
        return;
    }
    if (is_open(output, target)) { /* a schema that contains itself ends here */
        add_keyword(view, STR("type"), json_get(target, "type"));
        return;
    }
    output->open[output->open_count++] = target;
    add_schema(output, view, target);
}

/* Null among alternatives is `nullable`; a lone other one is the schema itself. */
static void add_alternatives(struct output *output, struct view *view, json *list)
{
    struct json_walk walk = json_walk(list);
    json *last = NULL;
    size_t count = 0;

    while (json_next(&walk)) {
        if (is_null_type(walk.value)) {
            view->is_nullable = true;
            continue;
        }
        last = walk.value;
        count++;
    }
    if (count == 1) {
        add_schema(output, view, last);
    } else if (count > 1 && view->at[KEY_ANY_OF] == NULL) {
        view->at[KEY_ANY_OF] = list;
    }
}

static void add_schema(struct output *output, struct view *view, json *schema)
{
    struct json_walk walk = json_walk(schema);

    if (!json_is(schema, JSON_OBJECT) || output->looks_left < 0) {
        return;
    }
    while (json_next(&walk)) { /* its own keywords come before those it refers to */
        output->looks_left -= 1 + (int64_t)json_count(walk.value);
        if (str_eq(walk.name, STR("properties")) && view->properties_count < MERGED_MAX) {
            view->properties[view->properties_count++] = walk.value;
        } else if (str_eq(walk.name, STR("required")) && view->required_count < MERGED_MAX) {
            view->required[view->required_count++] = walk.value;
        } else if (!str_eq(walk.name, STR("anyOf")) && !str_eq(walk.name, STR("oneOf"))) {
            add_keyword(view, walk.name, walk.value);
        }
    }
    if (++output->depth < DEPTH_MAX) {
        struct json_walk all = json_walk(json_get(schema, "allOf"));
        add_reference(output, view, json_str(schema, "$ref"));
        while (json_next(&all)) {
            add_schema(output, view, all.value);
        }
        add_alternatives(output, view, json_get(schema, "anyOf"));
        add_alternatives(output, view, json_get(schema, "oneOf"));
    }
    output->depth--;
}

/* NOLINTEND(misc-no-recursion) */

/* ---- Types and values ---- */

/* The only type, or one that the other keywords show; empty when there are several. */
static str type_of(const struct view *view)
{
    json *type = view->at[KEY_TYPE];
    struct json_walk walk = json_walk(type);
    str lone = json_as_str(type);
    size_t count = 0;

    while (json_is(type, JSON_ARRAY) && json_next(&walk)) {
        if (!str_eq_nocase(json_as_str(walk.value), STR("null"))) {
            lone = json_as_str(walk.value);
            count++;
        }
    }
    if (count > 1) {
        return STR_NONE;
    }
    if (lone.len > 0) {
        return lone;
    }
    if (view->properties_count > 0) {
        return STR("object");
    }
    return view->at[KEY_ITEMS] != NULL || view->at[KEY_PREFIX_ITEMS] != NULL ? STR("array")
                                                                             : STR("string");
}

static bool is_nullable(const struct view *view)
{
    struct json_walk types = json_walk(view->at[KEY_TYPE]);
    struct json_walk values = json_walk(view->at[KEY_ENUM]);
    bool result = view->is_nullable || json_as_bool(view->at[KEY_NULLABLE]);

    while (json_is(view->at[KEY_TYPE], JSON_ARRAY) && json_next(&types)) {
        result = result || str_eq_nocase(json_as_str(types.value), STR("null"));
    }
    while (json_next(&values)) {
        result = result || json_is(values.value, JSON_NULL);
    }
    return result;
}

/* The API's enumerations hold texts only. */
static bool has_text_enum(const struct view *view)
{
    json *lone = view->at[KEY_CONST];
    struct json_walk walk = json_walk(view->at[KEY_ENUM]);
    bool are_texts = true;
    size_t count = 0;

    if (view->at[KEY_ENUM] == NULL) {
        return json_as_str(lone).len > 0;
    }
    while (json_next(&walk)) {
        are_texts = are_texts && (json_is(walk.value, JSON_STR) || json_is(walk.value, JSON_NULL));
        count += json_as_str(walk.value).len > 0 ? 1 : 0;
    }
    return are_texts && count > 0;
}

static void put_enum(const struct output *output, const struct view *view)
{
    struct json_walk walk = json_walk(view->at[KEY_ENUM]);

    json_open_array(output->writer, "enum");
    if (view->at[KEY_ENUM] == NULL) {
        json_put_value(output->writer, NULL, view->at[KEY_CONST]);
    }
    while (json_next(&walk)) {
        if (json_as_str(walk.value).len > 0) {
            json_put_value(output->writer, NULL, walk.value);
        }
    }
    json_close_array(output->writer);
}

/* Values that cannot be enumerated are said in words. */
static void put_description(const struct output *output, const struct view *view)
{
    json *values = view->at[KEY_ENUM] != NULL ? view->at[KEY_ENUM] : view->at[KEY_CONST];
    str description = json_as_str(view->at[KEY_DESCRIPTION]);

    if (values != NULL && !has_text_enum(view)) {
        str text = json_to_text(output->arena, values);
        if (text.len <= NOTE_BYTES_MAX) {
            str parts[] = {description, description.len > 0 ? STR("\n\n") : STR_NONE,
                           json_is(values, JSON_ARRAY) ? STR("One of ") : STR("Always "), text,
                           STR(".")};
            description = arena_join(output->arena, parts, COUNT_OF(parts));
        }
    }
    if (description.len > 0) {
        json_put_str(output->writer, "description", description);
    }
}

static bool is_known_format(str type, str format)
{
    static const struct {
        const char *type;
        const char *format;
    } formats[] = {
        {"string", "enum"},   {"string", "date-time"}, {"integer", "int32"},
        {"integer", "int64"}, {"number", "float"},     {"number", "double"},
    };

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (str_eq_nocase(type, str_c(formats[i].type)) &&
            str_eq(format, str_c(formats[i].format))) {
            return true;
        }
    }
    return false;
}

static bool is_number(json *value)
{
    return json_is(value, JSON_INT) || json_is(value, JSON_REAL);
}

static void put_plain_keywords(const struct output *output, const struct view *view, str type)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        enum keyword keyword = keywords[i].keyword;
        json *value = view->at[keyword];
        bool is_plain = keyword <= KEY_PROPERTY_ORDERING && keyword != KEY_DESCRIPTION;
        bool is_wrong = keyword == KEY_FORMAT && !is_known_format(type, json_as_str(value));
        if (is_plain && !is_wrong && value != NULL) {
            json_put_value(output->writer, keywords[i].name, value);
        }
    }
    if (view->at[KEY_MINIMUM] == NULL && is_number(view->at[KEY_EXCLUSIVE_MINIMUM])) {
        json_put_value(output->writer, "minimum", view->at[KEY_EXCLUSIVE_MINIMUM]);
    }
    if (view->at[KEY_MAXIMUM] == NULL && is_number(view->at[KEY_EXCLUSIVE_MAXIMUM])) {
        json_put_value(output->writer, "maximum", view->at[KEY_EXCLUSIVE_MAXIMUM]);
    }
}

/* ---- Properties ---- */

/* Required names, each once, that are properties. */
static void put_required(const struct output *output, const struct view *view,
                         const struct map *properties)
{
    struct map written = {0};
    bool is_begun = false;

    for (size_t i = 0; i < view->required_count; i++) {
        struct json_walk walk = json_walk(view->required[i]);
        while (json_next(&walk)) {
            str name = json_as_str(walk.value);
            if (map_get(properties, name) == NULL ||
                !map_add(&written, output->arena, name, walk.value)) {
                continue;
            }
            if (!is_begun) {
                json_open_array(output->writer, "required");
                is_begun = true;
            }
            json_put_str(output->writer, NULL, name);
        }
    }
    if (is_begun) {
        json_close_array(output->writer);
    }
}

/* The same bounds hold. */
/* NOLINTBEGIN(misc-no-recursion) */

static void put_schema(struct output *output, const char *name, json *schema);

static void put_properties(struct output *output, const struct view *view)
{
    struct map written = {0};
    bool is_begun = false;

    for (size_t i = 0; i < view->properties_count; i++) {
        struct json_walk walk = json_walk(view->properties[i]);
        while (json_is(view->properties[i], JSON_OBJECT) && json_next(&walk)) {
            if (!map_add(&written, output->arena, walk.name, walk.value)) {
                continue;
            }
            if (!is_begun) {
                json_open_object(output->writer, "properties");
                is_begun = true;
            }
            json_put_name(output->writer, walk.name);
            put_schema(output, NULL, walk.value);
        }
    }
    if (is_begun) {
        json_close_object(output->writer);
        put_required(output, view, &written);
    }
}

/* An array must say what it holds; of a tuple the first is told. */
static void put_items(struct output *output, const struct view *view)
{
    json *items = view->at[KEY_ITEMS];
    struct json_walk tuple =
        json_walk(json_is(items, JSON_ARRAY) ? items : view->at[KEY_PREFIX_ITEMS]);

    if (!json_is(items, JSON_OBJECT) && json_next(&tuple)) {
        items = tuple.value;
    }
    put_schema(output, "items", items);
}

/* What belongs to one type. */
static void put_type(struct output *output, const struct view *view, str type)
{
    json_put_str(output->writer, "type", type);
    if (str_eq_nocase(type, STR("object"))) {
        put_properties(output, view);
    } else if (str_eq_nocase(type, STR("array"))) {
        put_items(output, view);
    } else if (str_eq_nocase(type, STR("string")) && has_text_enum(view)) {
        put_enum(output, view);
    }
}

/* `anyOf`: alternatives that were given, or one for each of several types. */
static void put_alternatives(struct output *output, const struct view *view)
{
    bool are_types = view->at[KEY_ANY_OF] == NULL;
    struct json_walk walk = json_walk(are_types ? view->at[KEY_TYPE] : view->at[KEY_ANY_OF]);

    json_open_array(output->writer, "anyOf");
    while (json_next(&walk)) {
        if (!are_types && !is_null_type(walk.value)) {
            put_schema(output, NULL, walk.value);
        } else if (are_types && !str_eq_nocase(json_as_str(walk.value), STR("null"))) {
            json_open_object(output->writer, NULL);
            put_type(output, view, json_as_str(walk.value));
            json_close_object(output->writer);
        }
    }
    json_close_array(output->writer);
}

static void put_schema(struct output *output, const char *name, json *schema)
{
    size_t open_count = output->open_count;

    json_open_object(output->writer, name);
    if (++output->depth < DEPTH_MAX && output->looks_left >= 0) {
        struct view *view = ARENA_NEW(output->arena, struct view);
        add_schema(output, view, schema);
        str type = type_of(view);
        bool has_alternatives = view->at[KEY_ANY_OF] != NULL && view->at[KEY_TYPE] == NULL &&
                                view->properties_count == 0;
        put_description(output, view);
        if (has_alternatives || type.len == 0) {
            put_alternatives(output, view);
        } else {
            put_type(output, view, type);
            put_plain_keywords(output, view, type);
        }
        if (is_nullable(view)) {
            json_put_bool(output->writer, "nullable", true);
        }
    } else {
        json_put_str(output->writer, "type", STR("object"));
    }
    json_close_object(output->writer);
    output->depth--;
    output->open_count = open_count;
}

/* NOLINTEND(misc-no-recursion) */

void gemini_schema_put(struct json_writer *writer, const char *name, json *schema,
                       struct arena *arena)
{
    struct output output = {
        .writer = writer, .arena = arena, .root = schema, .looks_left = LOOKS_MAX};

    output.open[output.open_count++] = schema;
    put_schema(&output, name, schema);
}
