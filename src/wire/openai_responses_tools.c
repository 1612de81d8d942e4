/*
 * Tools of a request of the Responses API: flat where the chat format nests.
 */
#include "wire/openai_responses_encode.h"
#include "wire/tool_id.h"

enum { TOOL_NAME_BYTES_MAX = 64 };

str responses_tool_name(const struct responses_request *request, str name)
{
    return tool_name_for(name, TOOL_NAME_BYTES_MAX, request->arena);
}

/* The definition of a chat's custom tool, NULL when it is another one. */
static json *custom_of(const struct responses_request *request, const struct chat_tool *tool)
{
    bool is_chat = request->chat->format == FORMAT_OPENAI_CHAT;
    json *custom = json_get(tool->raw, "custom");

    return is_chat && !tool->is_function && json_is(custom, JSON_OBJECT) ? custom : NULL;
}

const struct chat_tool *responses_custom_tool(const struct responses_request *request, str name)
{
    for (size_t i = 0; i < request->chat->tool_count; i++) {
        const struct chat_tool *tool = &request->chat->tools[i];
        if (str_eq(json_str(custom_of(request, tool), "name"), name) && name.len > 0) {
            return tool;
        }
    }
    return NULL;
}

/* Remembers what a tool is called instead, so that the answer can name it again. */
static void add_alias(struct responses_request *request, str sent, str name)
{
    struct answer_hints *hints = &request->out->hints;

    if (str_eq(sent, name)) {
        return;
    }
    if (hints->aliases == NULL) {
        hints->aliases = ARENA_ARRAY(request->arena, struct tool_alias, request->chat->tool_count);
    }
    hints->aliases[hints->alias_count++] = (struct tool_alias){.sent = sent, .name = name};
}

/* Absent `strict` means true to this API, and false to every other: it is always said. */
static void put_function(struct responses_request *request, const struct chat_tool *tool)
{
    str name = responses_tool_name(request, tool->name);

    add_alias(request, name, tool->name);
    json_put_str(request->writer, "type", STR("function"));
    json_put_str(request->writer, "name", name);
    if (tool->description.at != NULL) {
        json_put_str(request->writer, "description", tool->description);
    }
    if (tool->parameters != NULL) {
        json_put_value(request->writer, "parameters", tool->parameters);
    } else {
        json_put_raw(request->writer, "parameters", STR("{\"type\":\"object\",\"properties\":{}}"));
    }
    json_put_bool(request->writer, "strict", tool->strict);
}

/* {"type":"grammar","grammar":{...}} without the inner object. */
static void put_custom_format(struct responses_request *request, json *format)
{
    json *grammar = json_get(format, "grammar");

    json_open_object(request->writer, "format");
    responses_put_rest(request, format, "grammar ");
    responses_put_rest(request, grammar, "type ");
    json_close_object(request->writer);
}

static void put_custom(struct responses_request *request, json *custom)
{
    json_put_str(request->writer, "type", STR("custom"));
    responses_put_rest(request, custom, "type format ");
    if (json_is(json_get(custom, "format"), JSON_OBJECT)) {
        put_custom_format(request, json_get(custom, "format"));
    }
}

/* Tools that are no functions are this API's own (`web_search`, `mcp`), in its own form. */
static enum err put_tool(struct responses_request *request, size_t index)
{
    const struct chat_tool *tool = &request->chat->tools[index];
    json *custom = custom_of(request, tool);
    bool is_raw = request->is_native || request->chat->format == FORMAT_OPENAI_CHAT;

    if (!tool->is_function && (!is_raw || tool->raw == NULL)) {
        return responses_refuse(request, arena_printf(request->arena, "tools[%zu].type", index),
                                "is not known to this model's provider");
    }
    json_open_object(request->writer, NULL);
    if (tool->is_function) {
        put_function(request, tool);
    } else if (custom != NULL) {
        put_custom(request, custom);
    } else {
        responses_put_rest(request, tool->raw, "");
    }
    json_close_object(request->writer);
    return ERR_OK;
}

/* {"type":"function","name":...}: the object without its inner one of the type's name. */
static void put_flat(struct responses_request *request, const char *name, json *object)
{
    str type = json_str(object, "type");
    json *inner = json_find(object, type);

    json_open_object(request->writer, name);
    json_put_str(request->writer, "type", type);
    if (json_is(inner, JSON_OBJECT)) {
        str tool = json_str(inner, "name");
        if (tool.len > 0) {
            json_put_str(request->writer, "name", responses_tool_name(request, tool));
        }
        responses_put_rest(request, inner, "type name ");
    } else {
        responses_put_rest(request, object, "type ");
    }
    json_close_object(request->writer);
}

static void put_allowed_tools(struct responses_request *request, json *choice)
{
    json *allowed = json_get(choice, "allowed_tools");
    struct json_walk walk = json_walk(json_get(allowed, "tools"));

    json_open_object(request->writer, "tool_choice");
    json_put_str(request->writer, "type", STR("allowed_tools"));
    responses_put_rest(request, allowed, "type tools ");
    json_open_array(request->writer, "tools");
    while (json_next(&walk)) {
        put_flat(request, NULL, walk.value);
    }
    json_close_array(request->writer);
    json_close_object(request->writer);
}

static void put_named_choice(struct responses_request *request)
{
    json_open_object(request->writer, "tool_choice");
    json_put_str(request->writer, "type", STR("function"));
    json_put_str(request->writer, "name",
                 responses_tool_name(request, request->chat->tool_choice_name));
    json_close_object(request->writer);
}

static void put_tool_choice(struct responses_request *request)
{
    static const char *const words[] = {
        [TOOL_CHOICE_AUTO] = "auto",
        [TOOL_CHOICE_NONE] = "none",
        [TOOL_CHOICE_REQUIRED] = "required",
    };
    const struct chat_request *chat = request->chat;
    json *raw = json_get(chat->root, "tool_choice");
    bool is_chat = chat->format == FORMAT_OPENAI_CHAT;

    if (chat->tool_choice == TOOL_CHOICE_NAMED) {
        put_named_choice(request);
    } else if (request->is_native && json_is(raw, JSON_OBJECT)) {
        json_put_value(request->writer, "tool_choice", raw);
    } else if (is_chat && json_is(json_get(raw, "allowed_tools"), JSON_OBJECT)) {
        put_allowed_tools(request, raw);
    } else if (is_chat && json_is(raw, JSON_OBJECT)) {
        put_flat(request, "tool_choice", raw);
    } else if (chat->tool_choice != TOOL_CHOICE_UNSET) {
        json_put_str(request->writer, "tool_choice", str_c(words[chat->tool_choice]));
    }
}

enum err responses_put_tools(struct responses_request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->tool_count == 0) {
        return ERR_OK;
    }
    if ((request->rules->takes & TAKES_TOOLS) == 0 && chat->tool_choice != TOOL_CHOICE_NONE) {
        return responses_refuse(request, STR("tools"), "cannot be used with this model");
    }
    json_open_array(request->writer, "tools");
    for (size_t i = 0; i < chat->tool_count; i++) {
        enum err err = put_tool(request, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_close_array(request->writer);
    put_tool_choice(request);
    if (chat->parallel_tool_calls != TRI_UNSET &&
        responses_takes_or_drops(request, "parallel_tool_calls")) {
        json_put_bool(request->writer, "parallel_tool_calls",
                      chat->parallel_tool_calls == TRI_TRUE);
    }
    return ERR_OK;
}
