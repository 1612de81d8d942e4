/*
 * JSON Schemas in the subset that structured output and strict tools take.
 *
 * Every object is closed; bounds that the subset lacks are said in the description, as the vendor's
 * SDK does; a schema that needs more than that does not fit and goes another way.
 */
#include "wire/schema_subset.h"

enum {
    DEPTH_MAX = 64,    /* schemas inside each other, references followed */
    LOOKS_MAX = 65536, /* the same in all, and names compared: references may fan out */
    NOTES_BYTES_MAX = 65536,
};

/* What becomes of a keyword. */
enum rule {
    RULE_KEEP,
    RULE_SCHEMA,  /* kept; the value is a schema */
    RULE_SCHEMAS, /* kept; an array of schemas */
    RULE_NAMED,   /* kept; schemas by name */
    RULE_REF,
    RULE_CLOSED, /* additionalProperties: only false can be said */
    RULE_FORMAT, /* kept when the API knows the format, else noted */
    RULE_MIN_ITEMS,
    RULE_NOTE, /* said in the description */
    RULE_DESCRIPTION,
    RULE_LEAVE_OUT, /* has no say in what fits */
    RULE_UNKNOWN,
};

static const struct {
    str name;
    enum rule rule;
} keywords[] = {
    {STR_INIT("type"), RULE_KEEP},
    {STR_INIT("required"), RULE_KEEP},
    {STR_INIT("enum"), RULE_KEEP},
    {STR_INIT("const"), RULE_KEEP},
    {STR_INIT("default"), RULE_KEEP},
    {STR_INIT("title"), RULE_KEEP},
    {STR_INIT("description"), RULE_DESCRIPTION},
    {STR_INIT("properties"), RULE_NAMED},
    {STR_INIT("items"), RULE_SCHEMA},
    {STR_INIT("anyOf"), RULE_SCHEMAS},
    {STR_INIT("oneOf"), RULE_SCHEMAS},
    {STR_INIT("allOf"), RULE_SCHEMAS},
    {STR_INIT("$defs"), RULE_NAMED},
    {STR_INIT("definitions"), RULE_NAMED},
    {STR_INIT("$ref"), RULE_REF},
    {STR_INIT("additionalProperties"), RULE_CLOSED},
    {STR_INIT("format"), RULE_FORMAT},
    {STR_INIT("minItems"), RULE_MIN_ITEMS},
    {STR_INIT("maxItems"), RULE_NOTE},
    {STR_INIT("uniqueItems"), RULE_NOTE},
    {STR_INIT("minimum"), RULE_NOTE},
    {STR_INIT("maximum"), RULE_NOTE},
    {STR_INIT("exclusiveMinimum"), RULE_NOTE},
    {STR_INIT("exclusiveMaximum"), RULE_NOTE},
    {STR_INIT("multipleOf"), RULE_NOTE},
    {STR_INIT("minLength"), RULE_NOTE},
    {STR_INIT("maxLength"), RULE_NOTE},
    {STR_INIT("pattern"), RULE_NOTE},
    {STR_INIT("minProperties"), RULE_NOTE},
    {STR_INIT("maxProperties"), RULE_NOTE},
    {STR_INIT("not"), RULE_NOTE},
    {STR_INIT("$schema"), RULE_LEAVE_OUT},
    {STR_INIT("$id"), RULE_LEAVE_OUT},
    {STR_INIT("$comment"), RULE_LEAVE_OUT},
    {STR_INIT("examples"), RULE_LEAVE_OUT},
    {STR_INIT("deprecated"), RULE_LEAVE_OUT},
    {STR_INIT("readOnly"), RULE_LEAVE_OUT},
    {STR_INIT("writeOnly"), RULE_LEAVE_OUT},
};

static bool is_known_format(str format)
{
    static const str formats[] = {
        STR_INIT("date-time"), STR_INIT("time"),     STR_INIT("date"), STR_INIT("duration"),
        STR_INIT("email"),     STR_INIT("hostname"), STR_INIT("uri"),  STR_INIT("ipv4"),
        STR_INIT("ipv6"),      STR_INIT("uuid"),
    };

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (str_eq(format, formats[i])) {
            return true;
        }
    }
    return false;
}

static enum rule rule_by_name(str name)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (str_eq(name, keywords[i].name)) {
            return keywords[i].rule;
        }
    }
    return RULE_UNKNOWN;
}

/* The rule for a member, seen with its value: never FORMAT or MIN_ITEMS. */
static enum rule rule_of(str name, json *value)
{
    enum rule rule = rule_by_name(name);

    if (rule == RULE_FORMAT) {
        return is_known_format(json_as_str(value)) ? RULE_KEEP : RULE_NOTE;
    }
    if (rule == RULE_MIN_ITEMS) {
        return json_as_int(value) <= 1 ? RULE_KEEP : RULE_NOTE;
    }
    return rule;
}

static bool is_object_schema(json *schema)
{
    return json_get(schema, "properties") != NULL ||
           str_eq(json_str(schema, "type"), STR("object"));
}

/* ---- Does it fit? ---- */

/* Schemas hold schemas: DEPTH_MAX and LOOKS_MAX bound the recursion. */
/* NOLINTBEGIN(misc-no-recursion) */

struct check {
    json *root;
    int looks_left;
    int depth;
};

static bool fits(struct check *check, json *schema);

static bool all_fit(struct check *check, json *schemas)
{
    struct json_walk walk = json_walk(schemas);

    while (json_next(&walk)) {
        if (!fits(check, walk.value)) {
            return false;
        }
    }
    return true;
}

/* "#/$defs/Name": followed, so that a schema that contains itself runs out of depth. */
static bool reference_fits(struct check *check, str reference)
{
    static const struct {
        str prefix;
        const char *place;
    } places[] = {
        {STR_INIT("#/$defs/"), "$defs"},
        {STR_INIT("#/definitions/"), "definitions"},
    };

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (!str_has_prefix(reference, places[i].prefix)) {
            continue;
        }
        struct json_walk walk = json_walk(json_get(check->root, places[i].place));
        while (--check->looks_left > 0 && json_next(&walk)) {
            if (str_eq(walk.name, str_skip(reference, places[i].prefix.len))) {
                return fits(check, walk.value);
            }
        }
    }
    return false;
}

static bool member_fits(struct check *check, str name, json *value)
{
    switch (rule_of(name, value)) {
    case RULE_SCHEMA:
        return fits(check, value);
    case RULE_SCHEMAS:
    case RULE_NAMED:
        return all_fit(check, value);
    case RULE_REF:
        return reference_fits(check, json_as_str(value));
    case RULE_CLOSED:
        return json_is(value, JSON_BOOL) && !json_as_bool(value);
    case RULE_UNKNOWN:
        return false;
    case RULE_KEEP:
    case RULE_NOTE:
    case RULE_DESCRIPTION:
    case RULE_LEAVE_OUT:
    case RULE_FORMAT:
    case RULE_MIN_ITEMS:
        break;
    }
    return true;
}

static bool fits(struct check *check, json *schema)
{
    struct json_walk walk = json_walk(schema);
    bool result = json_is(schema, JSON_OBJECT);

    if (--check->looks_left < 0 || ++check->depth > DEPTH_MAX) {
        return false;
    }
    if (is_object_schema(schema) && !json_is(json_get(schema, "properties"), JSON_OBJECT)) {
        result = false; /* any object: cannot be said when every object is closed */
    }
    if (json_get(schema, "anyOf") != NULL && json_get(schema, "oneOf") != NULL) {
        result = false; /* both would be called anyOf */
    }
    while (result && json_next(&walk)) {
        result = member_fits(check, walk.name, walk.value);
    }
    check->depth--;
    return result;
}

/* NOLINTEND(misc-no-recursion) */

bool schema_subset_fits(json *schema)
{
    struct check check = {.root = schema, .looks_left = LOOKS_MAX};

    return str_eq(json_str(schema, "type"), STR("object")) && fits(&check, schema);
}

/* ---- Writing ---- */

/* What is written has been found to fit, and was read with a bound of its own. */
/* NOLINTBEGIN(misc-no-recursion) */

struct output {
    struct json_writer *writer;
    struct arena *arena;
};

static void put_schema(struct output *output, const char *name, json *schema);

static void put_schemas(struct output *output, const char *name, json *schemas)
{
    struct json_walk walk = json_walk(schemas);

    json_open_array(output->writer, name);
    while (json_next(&walk)) {
        put_schema(output, NULL, walk.value);
    }
    json_close_array(output->writer);
}

static void put_named(struct output *output, json *schemas)
{
    struct json_walk walk = json_walk(schemas);

    json_open_object(output->writer, NULL);
    while (json_next(&walk)) {
        json_put_name(output->writer, walk.name);
        put_schema(output, NULL, walk.value);
    }
    json_close_object(output->writer);
}

static void put_member(struct output *output, str name, json *value)
{
    switch (rule_of(name, value)) {
    case RULE_KEEP:
    case RULE_REF:
        json_put_named_value(output->writer, name, value);
        break;
    case RULE_SCHEMA:
        put_schema(output, "items", value);
        break;
    case RULE_SCHEMAS:
        put_schemas(output, str_eq(name, STR("allOf")) ? "allOf" : "anyOf", value);
        break;
    case RULE_NAMED:
        json_put_name(output->writer, name);
        put_named(output, value);
        break;
    case RULE_NOTE:
    case RULE_DESCRIPTION:
    case RULE_CLOSED: /* written with the description, or at the end */
    case RULE_LEAVE_OUT:
    case RULE_UNKNOWN:
    case RULE_FORMAT:
    case RULE_MIN_ITEMS:
        break;
    }
}

/* "What it is.\n\n{minimum: 1, maximum: 9}" */
static void put_description(struct output *output, json *schema)
{
    struct json_walk walk = json_walk(schema);
    str description = json_str(schema, "description");
    const char *before = description.len > 0 ? "\n\n{" : "{";
    enum err err = ERR_OK;
    struct buf text;

    buf_init(&text, description.len + NOTES_BYTES_MAX);
    err = buf_add(&text, description);
    while (err == ERR_OK && json_next(&walk)) {
        if (rule_of(walk.name, walk.value) == RULE_NOTE) {
            str value = json_to_text(output->arena, walk.value);
            err = buf_printf(&text, "%s" STR_FMT ": " STR_FMT, before, STR_ARG(walk.name),
                             STR_ARG(value));
            before = ", ";
        }
    }
    if (err == ERR_OK && str_eq(str_c(before), STR(", "))) {
        err = buf_add(&text, STR("}"));
    }
    if (err == ERR_OK &&
        text.len > 0) { /* notes past the bound are left out: they are a help only */
        json_put_str(output->writer, "description", buf_str(&text));
    }
    buf_free(&text);
}

static void put_schema(struct output *output, const char *name, json *schema)
{
    struct json_walk walk = json_walk(schema);
    json *reference = json_get(schema, "$ref");

    json_open_object(output->writer, name);
    if (reference != NULL) {
        json_put_value(output->writer, "$ref", reference); /* nothing may stand beside it */
        json_close_object(output->writer);
        return;
    }
    while (json_next(&walk)) {
        put_member(output, walk.name, walk.value);
    }
    put_description(output, schema);
    if (is_object_schema(schema)) {
        json_put_bool(output->writer, "additionalProperties", false);
    }
    json_close_object(output->writer);
}

/* NOLINTEND(misc-no-recursion) */

void schema_subset_put(struct json_writer *writer, const char *name, json *schema,
                       struct arena *arena)
{
    struct output output = {writer, arena};

    put_schema(&output, name, schema);
}
