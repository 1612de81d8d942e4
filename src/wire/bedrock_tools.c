/*
 * Tools in a Converse request, and which of them must be called.
 */
#include "wire/bedrock.h"
#include "wire/schema_subset.h"

/* Names that the API cannot spell are given back to the client as it wrote them. */
static void note_aliases(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    struct answer_hints *hints = &request->out->hints;

    hints->aliases = ARENA_ARRAY(request->arena, struct tool_alias, chat->tool_count);
    for (size_t i = 0; i < chat->tool_count; i++) {
        str name = chat->tools[i].name;
        str sent = bedrock_tool_name(request, name);
        if (!str_eq(sent, name)) {
            hints->aliases[hints->alias_count++] = (struct tool_alias){.sent = sent, .name = name};
        }
    }
}

/* ---- Schemas ---- */

/* The members that an input schema cannot have at its top; the description tells of them. */
static bool is_alternative(str name)
{
    return str_eq(name, STR("oneOf")) || str_eq(name, STR("anyOf")) || str_eq(name, STR("allOf"));
}

static str describe_alternatives(struct bedrock_request *request, str description, json *schema)
{
    struct json_walk walk = json_walk(schema);

    while (json_is(schema, JSON_OBJECT) && json_next(&walk)) {
        if (is_alternative(walk.name)) {
            str parts[] = {description, STR("\n\nThe input must also fit {\""),   walk.name,
                           STR("\": "), json_to_text(request->arena, walk.value), STR("}.")};
            description = arena_join(request->arena, parts, COUNT_OF(parts));
        }
    }
    return str_trim(description);
}

/* The schema as it came, made an object's. */
static void put_loose_schema(struct bedrock_request *request, json *schema)
{
    struct json_walk walk = json_walk(schema);

    json_open_object(request->writer, "json");
    json_put_str(request->writer, "type", STR("object"));
    while (json_is(schema, JSON_OBJECT) && json_next(&walk)) {
        if (!is_alternative(walk.name) && !str_eq(walk.name, STR("type"))) {
            json_put_named_value(request->writer, walk.name, walk.value);
        }
    }
    if (json_get(schema, "properties") == NULL) {
        json_open_object(request->writer, "properties");
        json_close_object(request->writer);
    }
    json_close_object(request->writer);
}

/* ---- Tools ---- */

static void put_spec(struct bedrock_request *request, str name, str description, json *schema,
                     bool is_strict)
{
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "toolSpec");
    json_put_str(request->writer, "name", name);
    if (description.len > 0) {
        json_put_str(request->writer, "description", description);
    }
    json_open_object(request->writer, "inputSchema");
    if (is_strict) {
        schema_subset_put(request->writer, "json", schema, request->arena);
    } else {
        put_loose_schema(request, schema);
    }
    json_close_object(request->writer);
    if (is_strict) {
        json_put_bool(request->writer, "strict", true);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
}

static enum err put_tool(struct bedrock_request *request, size_t index)
{
    const struct chat_tool *tool = &request->chat->tools[index];

    if (!tool->is_function) {
        return bedrock_refuse(request, arena_printf(request->arena, "tools[%zu].type", index),
                              "is not known to this model's provider");
    }
    if (str_eq(tool->name, STR(JSON_TOOL))) {
        return bedrock_refuse(request,
                              arena_printf(request->arena, "tools[%zu].function.name", index),
                              "is reserved");
    }
    bool is_strict = tool->strict && bedrock_takes(request, TAKES_SCHEMA) &&
                     schema_subset_fits(tool->parameters);
    put_spec(request, bedrock_tool_name(request, tool->name),
             describe_alternatives(request, tool->description, tool->parameters), tool->parameters,
             is_strict);
    if (tool->has_cache_mark) {
        bedrock_put_mark(request, tool->cache_ttl);
    }
    return ERR_OK;
}

static enum err put_given(struct bedrock_request *request)
{
    enum err err = ERR_OK;

    note_aliases(request);
    for (size_t i = 0; i < request->chat->tool_count && err == ERR_OK; i++) {
        err = put_tool(request, i);
    }
    return err;
}

/* Each tool that earlier turns called, once, with any input. */
static void put_history(struct bedrock_request *request)
{
    struct map names = {0};

    for (const struct turn *turn = request->turns.first; turn != NULL; turn = turn->next) {
        for (struct turn_block *block = turn->first; block != NULL; block = block->next) {
            if (block->part == NULL || block->part->kind != PART_TOOL_CALL) {
                continue;
            }
            str name = bedrock_tool_name(request, block->part->name);
            if (map_add(&names, request->arena, name, block)) {
                put_spec(request, name, STR_NONE, NULL, false);
            }
        }
    }
}

static void put_json_tool(struct bedrock_request *request)
{
    str description = str_trim(request->chat->schema_description);

    put_spec(request, STR(JSON_TOOL),
             description.len > 0 ? description
                                 : STR("Gives the final answer. Call it when the answer is known."),
             request->chat->schema, false);
}

/* ---- The choice ---- */

/* There is no word for "none", and "auto" is what happens by itself.  With a JSON tool beside the
 * client's, any of them is an answer. */
static void put_choice(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_json = request->form == BEDROCK_FORM_BY_TOOL;
    bool is_named =
        is_json ? request->tools != BEDROCK_TOOLS_GIVEN : chat->tool_choice == TOOL_CHOICE_NAMED;

    if (!request->forces_tool) {
        return;
    }
    json_open_object(request->writer, "toolChoice");
    json_open_object(request->writer, is_named ? "tool" : "any");
    if (is_named) {
        json_put_str(request->writer, "name",
                     is_json ? STR(JSON_TOOL) : bedrock_tool_name(request, chat->tool_choice_name));
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
}

enum err bedrock_put_tools(struct bedrock_request *request)
{
    bool is_json = request->form == BEDROCK_FORM_BY_TOOL;
    enum err err = ERR_OK;

    if (request->tools == BEDROCK_TOOLS_NONE && !is_json) {
        return ERR_OK;
    }
    json_open_object(request->writer, "toolConfig");
    json_open_array(request->writer, "tools");
    if (request->tools == BEDROCK_TOOLS_GIVEN) {
        err = put_given(request);
    } else {
        put_history(request);
    }
    if (is_json) {
        put_json_tool(request);
    }
    json_close_array(request->writer);
    put_choice(request);
    json_close_object(request->writer);
    return err;
}
