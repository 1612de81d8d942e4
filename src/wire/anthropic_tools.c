/*
 * Tools in a request to the Anthropic Messages API, and which of them must be called.
 */
#include "wire/anthropic.h"
#include "wire/schema_subset.h"

str anthropic_tool_name(const struct anthropic_request *request, str name)
{
    return tool_name_for(name, request->platform->tool_name_max, request->arena);
}

/* Names that the API cannot spell are given back to the client as it wrote them. */
static void note_aliases(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    struct answer_hints *hints = &request->out->hints;

    for (size_t i = 0; i < chat->tool_count; i++) {
        str name = chat->tools[i].name;
        str sent = anthropic_tool_name(request, name);
        if (!chat->tools[i].is_function || str_eq(sent, name)) {
            continue;
        }
        if (hints->aliases == NULL) {
            hints->aliases = ARENA_ARRAY(request->arena, struct tool_alias, chat->tool_count);
        }
        hints->aliases[hints->alias_count++] = (struct tool_alias){.sent = sent, .name = name};
    }
}

/* ---- Schemas ---- */

/* The members that an input schema cannot have at its top; the description tells of them. */
static bool is_alternative(str name)
{
    return str_eq(name, STR("oneOf")) || str_eq(name, STR("anyOf")) || str_eq(name, STR("allOf"));
}

static str describe_alternatives(struct anthropic_request *request, const struct chat_tool *tool)
{
    struct json_walk walk = json_walk(tool->parameters);
    str description = tool->description;

    while (json_next(&walk)) {
        if (is_alternative(walk.name)) {
            str value = json_to_text(request->arena, walk.value);
            description =
                arena_printf(request->arena,
                             STR_FMT "\n\nThe input must also fit {\"" STR_FMT "\": " STR_FMT "}.",
                             STR_ARG(description), STR_ARG(walk.name), STR_ARG(value));
        }
    }
    return description;
}

/* The schema as it came, made an object's. */
static void put_loose_schema(struct anthropic_request *request, json *schema)
{
    struct json_walk walk = json_walk(schema);

    json_open_object(request->writer, "input_schema");
    json_put_str(request->writer, "type", STR("object"));
    while (json_next(&walk)) {
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

static bool is_strict(const struct anthropic_request *request, const struct chat_tool *tool)
{
    return tool->strict && request->platform->takes_schema &&
           anthropic_takes(request, TAKES_SCHEMA) && schema_subset_fits(tool->parameters);
}

static void put_function(struct anthropic_request *request, const struct chat_tool *tool)
{
    str description = describe_alternatives(request, tool);

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "name", anthropic_tool_name(request, tool->name));
    if (description.len > 0) {
        json_put_str(request->writer, "description", description);
    }
    if (is_strict(request, tool)) {
        schema_subset_put(request->writer, "input_schema", tool->parameters, request->arena);
        json_put_bool(request->writer, "strict", true);
    } else {
        put_loose_schema(request, tool->parameters);
    }
    anthropic_put_rest(request, tool->raw,
                       "type name description input_schema strict cache_control ");
    if (tool->has_cache_mark) {
        anthropic_put_mark(request, MARKS_IN_TOOLS, tool->cache_ttl);
    }
    json_close_object(request->writer);
}

static enum err put_tool(struct anthropic_request *request, size_t index)
{
    const struct chat_tool *tool = &request->chat->tools[index];

    if (tool->is_function && str_eq(tool->name, STR(JSON_TOOL))) {
        return anthropic_refuse(request,
                                arena_printf(request->arena, "tools[%zu].function.name", index),
                                "is reserved");
    }
    if (tool->is_function) {
        put_function(request, tool);
        return ERR_OK;
    }
    if (request->chat->format != FORMAT_ANTHROPIC ||
        !anthropic_knows_tool(request, json_str(tool->raw, "type"))) {
        return anthropic_refuse(request, arena_printf(request->arena, "tools[%zu].type", index),
                                "is not known to this model's provider");
    }
    json_put_value(request->writer, NULL, tool->raw);
    return ERR_OK;
}

static void put_json_tool(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "name", STR(JSON_TOOL));
    json_put_str(request->writer, "description",
                 chat->schema_description.len > 0
                     ? chat->schema_description
                     : STR("Gives the final answer. Call it when the answer is known."));
    put_loose_schema(request, chat->schema);
    json_close_object(request->writer);
}

static enum err put_list(struct anthropic_request *request)
{
    enum err err = ERR_OK;

    json_open_array(request->writer, "tools");
    for (size_t i = 0; i < request->chat->tool_count && err == ERR_OK; i++) {
        err = put_tool(request, i);
    }
    if (request->json == JSON_BY_TOOL) {
        put_json_tool(request);
    }
    json_close_array(request->writer);
    return err;
}

/* ---- The choice ---- */

/* With a JSON tool beside the client's, any of them is an answer. */
static str choice_type(const struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;

    if (request->json == JSON_BY_TOOL) {
        return chat->tool_count > 0 && chat->tool_choice != TOOL_CHOICE_NONE ? STR("any")
                                                                             : STR("tool");
    }
    switch (chat->tool_choice) {
    case TOOL_CHOICE_NONE:
        return STR("none");
    case TOOL_CHOICE_REQUIRED:
        return STR("any");
    case TOOL_CHOICE_NAMED:
        return STR("tool");
    case TOOL_CHOICE_UNSET:
    case TOOL_CHOICE_AUTO:
        break;
    }
    return STR("auto");
}

static void put_choice(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_json = request->json == JSON_BY_TOOL;
    str type = choice_type(request);
    bool is_one = chat->parallel_tool_calls == TRI_FALSE || (is_json && chat->tool_count == 0);

    if (chat->tool_choice == TOOL_CHOICE_UNSET && !is_json && !is_one) {
        return;
    }
    json_open_object(request->writer, "tool_choice");
    json_put_str(request->writer, "type", type);
    if (str_eq(type, STR("tool"))) {
        json_put_str(request->writer, "name",
                     is_json ? STR(JSON_TOOL)
                             : anthropic_tool_name(request, chat->tool_choice_name));
    }
    if (is_one && !str_eq(type, STR("none"))) {
        json_put_bool(request->writer, "disable_parallel_tool_use", true);
    }
    json_close_object(request->writer);
}

enum err anthropic_put_tools(struct anthropic_request *request)
{
    if (request->chat->tool_count == 0 && request->json != JSON_BY_TOOL) {
        return ERR_OK;
    }
    note_aliases(request);
    enum err err = put_list(request);
    if (err == ERR_OK) {
        put_choice(request);
    }
    return err;
}
