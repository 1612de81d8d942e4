/*
 * The body of a chat request: JSON -> neutral request, but for its messages.
 */
#include "base/text.h"
#include "wire/openai_chat.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    MODELS_MAX = 3, /* the public API's own bound */
    TOOLS_MAX = 2048,
    STOPS_MAX = 4,
    METADATA_MAX = 16,
    METADATA_NAME_BYTES_MAX = 64,
    METADATA_VALUE_BYTES_MAX = 512,
    NAME_BYTES_MAX = 512,
    PLACE_DEPTH_MAX = 12,
};

/* "messages[3].content[0].type" */
static str place_text(struct arena *arena, const struct openai_place *place)
{
    const struct openai_place *chain[PLACE_DEPTH_MAX];
    size_t depth = 0;
    str text = STR_NONE;

    for (; place != NULL; place = place->parent) {
        assert(depth < PLACE_DEPTH_MAX); /* readers nest as deep as the format, not as the input */
        chain[depth++] = place;
    }
    while (depth > 0) {
        place = chain[--depth];
        text = place->name == NULL
                   ? arena_printf(arena, STR_FMT "[%zu]", STR_ARG(text), place->index)
                   : arena_printf(arena, STR_FMT "%s%s", STR_ARG(text), text.len > 0 ? "." : "",
                                  place->name);
    }
    return text;
}

enum err openai_refuse(struct openai_reader *reader, const struct openai_place *place,
                       const char *format, ...)
{
    char words[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    str param = place_text(reader->arena, place);
    *reader->fault = (struct fault){
        .kind = ERR_INVALID,
        .type = FAULT_INVALID_REQUEST,
        .message = param.len > 0
                       ? arena_printf(reader->arena, "`" STR_FMT "` %s", STR_ARG(param), words)
                       : arena_copy(reader->arena, str_c(words)),
        .param = param,
    };
    return ERR_INVALID;
}

enum err openai_read_name(struct openai_reader *reader, const struct openai_place *place,
                          json *value, size_t max, str *out)
{
    str text = json_as_str(value);

    if (json_is_none(value)) {
        return ERR_OK;
    }
    if (!json_is(value, JSON_STR)) {
        return openai_refuse(reader, place, "must be a string");
    }
    if (text.len > max) {
        return openai_refuse(reader, place, "must be at most %zu bytes long", max);
    }
    if (str_find_char(text, '\0') < text.len) {
        return openai_refuse(reader, place, "must not hold a NUL character");
    }
    *out = text;
    return ERR_OK;
}

enum err openai_read_cache_mark(struct openai_reader *reader, const struct openai_place *parent,
                                json *object, bool *has_mark, str *ttl)
{
    json *mark = json_get(object, "cache_control");
    struct openai_place place = {.parent = parent, .name = "cache_control"};
    struct openai_place ttl_place = {.parent = &place, .name = "ttl"};

    if (json_is_none(mark)) {
        return ERR_OK;
    }
    if (!str_eq(json_str(mark, "type"), STR("ephemeral"))) {
        return openai_refuse(reader, &place, "must be an object whose `type` is \"ephemeral\"");
    }
    json *life = json_get(mark, "ttl");
    if (!json_is_none(life) && !openai_words_have("5m 1h ", json_as_str(life))) {
        return openai_refuse(reader, &ttl_place, "must be \"5m\" or \"1h\"");
    }
    *has_mark = true;
    *ttl = json_as_str(life);
    return ERR_OK;
}

static enum err read_models(struct openai_reader *reader, json *root)
{
    struct openai_place model_place = {.name = "model"};
    struct openai_place place = {.name = "models"};
    struct chat_request *chat = reader->chat;
    json *models = json_get(root, "models");
    struct json_walk walk = json_walk(models);

    /* No bound of its own: a name that is too long names no model. */
    enum err err =
        openai_read_name(reader, &model_place, json_get(root, "model"), SIZE_MAX, &chat->model);
    if (err != ERR_OK || json_is_none(models)) {
        return err;
    }
    if (!json_is(models, JSON_ARRAY)) {
        return openai_refuse(reader, &place, "must be an array of model names");
    }
    if (json_count(models) > MODELS_MAX) {
        err =
            openai_refuse(reader, NULL, "'models' array must have %d items or fewer.", MODELS_MAX);
        reader->fault->param = STR("models");
        return err;
    }
    chat->models = ARENA_ARRAY(reader->arena, str, MODELS_MAX);
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        struct openai_place element = {.parent = &place, .index = i};
        if (!json_is(walk.value, JSON_STR)) {
            return openai_refuse(reader, &element, "must be a string");
        }
        err = openai_read_name(reader, &element, walk.value, SIZE_MAX, &chat->models[i]);
        chat->model_count = i + 1;
    }
    return err;
}

static enum err read_stop(struct openai_reader *reader, json *root)
{
    struct openai_place place = {.name = "stop"};
    struct chat_request *chat = reader->chat;
    json *stop = json_get(root, "stop");
    struct json_walk walk = json_walk(stop);

    if (json_is_none(stop)) {
        return ERR_OK;
    }
    chat->stop = ARENA_ARRAY(reader->arena, str, STOPS_MAX);
    if (json_is(stop, JSON_STR)) {
        chat->stop[0] = json_as_str(stop);
        chat->stop_count = chat->stop[0].len > 0 ? 1 : 0;
        return ERR_OK;
    }
    if (!json_is(stop, JSON_ARRAY) || json_count(stop) > STOPS_MAX) {
        return openai_refuse(reader, &place, "must be a string or an array of at most %d strings",
                             STOPS_MAX);
    }
    for (size_t i = 0; json_next(&walk); i++) {
        struct openai_place element = {.parent = &place, .index = i};
        if (!json_is(walk.value, JSON_STR)) {
            return openai_refuse(reader, &element, "must be a string");
        }
        if (json_as_str(walk.value).len > 0) { /* nothing stops at nothing */
            chat->stop[chat->stop_count++] = json_as_str(walk.value);
        }
    }
    return ERR_OK;
}

/* `tools[i]`, or `functions[i]` when the element is the function itself. */
static enum err read_tool(struct openai_reader *reader, const struct openai_place *place,
                          json *object, json *function, struct chat_tool *tool)
{
    struct openai_place function_place = {.parent = place, .name = "function"};
    const struct openai_place *at = object == function ? place : &function_place;
    struct openai_place name_place = {.parent = at, .name = "name"};
    struct openai_place parameters_place = {.parent = at, .name = "parameters"};

    if (!json_is(function, JSON_OBJECT)) {
        return openai_refuse(reader, at, "must be an object");
    }
    if (json_str(function, "name").len == 0) {
        return openai_refuse(reader, &name_place, "must be a string that is not empty");
    }
    json *parameters = json_get(function, "parameters");
    if (!json_is_none(parameters) && !json_is(parameters, JSON_OBJECT)) {
        return openai_refuse(reader, &parameters_place, "must be an object: a JSON Schema");
    }
    tool->is_function = true;
    tool->description = json_str(function, "description");
    tool->parameters = json_is_none(parameters) ? NULL : parameters;
    tool->strict = json_bool(function, "strict");
    enum err err = openai_read_name(reader, &name_place, json_get(function, "name"), NAME_BYTES_MAX,
                                    &tool->name);
    return err == ERR_OK ? openai_read_cache_mark(reader, place, object, &tool->has_cache_mark,
                                                  &tool->cache_ttl)
                         : err;
}

static enum err read_any_tool(struct openai_reader *reader, const struct openai_place *place,
                              json *object, bool is_legacy, struct chat_tool *tool)
{
    struct openai_place type_place = {.parent = place, .name = "type"};

    if (!json_is(object, JSON_OBJECT)) {
        return openai_refuse(reader, place, "must be an object");
    }
    if (is_legacy) {
        return read_tool(reader, place, object, object, tool); /* raw stays NULL: it is rewritten */
    }
    json *type = json_get(object, "type");
    if (type == NULL && json_is(json_get(object, "function"), JSON_OBJECT)) {
        return read_tool(reader, place, object, json_get(object, "function"), tool);
    }
    tool->raw = object;
    if (!json_is(type, JSON_STR)) {
        return openai_refuse(reader, &type_place, "must be a string such as \"function\"");
    }
    if (!str_eq(json_as_str(type), STR("function"))) {
        return ERR_OK; /* a tool of the provider's own */
    }
    return read_tool(reader, place, object, json_get(object, "function"), tool);
}

static enum err read_tools(struct openai_reader *reader, json *root)
{
    json *tools = json_get(root, "tools");
    bool is_legacy = json_is_none(tools);
    struct openai_place place = {.name = is_legacy ? "functions" : "tools"};
    struct chat_request *chat = reader->chat;
    enum err err = ERR_OK;

    tools = is_legacy ? json_get(root, "functions") : tools;
    if (json_is_none(tools)) {
        return ERR_OK;
    }
    if (!json_is(tools, JSON_ARRAY) || json_count(tools) > TOOLS_MAX) {
        return openai_refuse(reader, &place, "must be an array of at most %d tools", TOOLS_MAX);
    }
    struct json_walk walk = json_walk(tools);
    chat->tool_count = json_count(tools);
    chat->tools = ARENA_ARRAY(reader->arena, struct chat_tool, chat->tool_count);
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        struct openai_place element = {.parent = &place, .index = i};
        err = read_any_tool(reader, &element, walk.value, is_legacy, &chat->tools[i]);
    }
    return err;
}

static bool choice_by_word(str word, enum tool_choice *out)
{
    static const struct {
        str word;
        enum tool_choice choice;
    } words[] = {
        {STR_INIT("auto"), TOOL_CHOICE_AUTO},
        {STR_INIT("none"), TOOL_CHOICE_NONE},
        {STR_INIT("required"), TOOL_CHOICE_REQUIRED},
        {STR_INIT("any"), TOOL_CHOICE_REQUIRED}, /* Mistral's and Anthropic's word */
    };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(word, words[i].word)) {
            *out = words[i].choice;
            return true;
        }
    }
    return false;
}

/* `tool_choice`, or the older `function_call` whose object is the function itself. */
static enum err read_tool_choice(struct openai_reader *reader, json *root)
{
    json *choice = json_get(root, "tool_choice");
    bool is_legacy = json_is_none(choice);
    struct openai_place place = {.name = is_legacy ? "function_call" : "tool_choice"};
    struct chat_request *chat = reader->chat;

    choice = is_legacy ? json_get(root, "function_call") : choice;
    if (json_is_none(choice) || choice_by_word(json_as_str(choice), &chat->tool_choice)) {
        return ERR_OK;
    }
    if (!json_is(choice, JSON_OBJECT)) {
        return openai_refuse(reader, &place,
                             "must be \"none\", \"auto\", \"required\" or an object that names a "
                             "function");
    }
    str type = json_str(choice, "type");
    if (!is_legacy && !str_eq(type, STR("function"))) {
        (void)choice_by_word(type, &chat->tool_choice); /* other types stay in the root */
        return ERR_OK;
    }
    json *function = is_legacy ? choice : json_get(choice, "function");
    struct openai_place function_place = {.parent = &place, .name = "function"};
    struct openai_place name_place = {.parent = is_legacy ? &place : &function_place,
                                      .name = "name"};
    if (json_str(function, "name").len == 0) {
        return openai_refuse(reader, &name_place, "must be a string that is not empty");
    }
    chat->tool_choice = TOOL_CHOICE_NAMED;
    return openai_read_name(reader, &name_place, json_get(function, "name"), NAME_BYTES_MAX,
                            &chat->tool_choice_name);
}

static enum err read_json_schema(struct openai_reader *reader, const struct openai_place *parent,
                                 json *format)
{
    struct openai_place place = {.parent = parent, .name = "json_schema"};
    struct openai_place name_place = {.parent = &place, .name = "name"};
    struct openai_place schema_place = {.parent = &place, .name = "schema"};
    struct chat_request *chat = reader->chat;
    json *wrapper = json_get(format, "json_schema");
    json *schema = json_get(wrapper, "schema");

    if (!json_is(wrapper, JSON_OBJECT)) {
        return openai_refuse(reader, &place, "must be an object");
    }
    if (json_str(wrapper, "name").len == 0 &&
        (json_get(wrapper, "name") != NULL || json_is_none(schema))) {
        return openai_refuse(reader, &name_place, "must be a string that is not empty");
    }
    if (!json_is_none(schema) && !json_is(schema, JSON_OBJECT)) {
        return openai_refuse(reader, &schema_place, "must be an object: a JSON Schema");
    }
    chat->answer_form = ANSWER_JSON_SCHEMA;
    chat->schema = json_is_none(schema) ? NULL : schema;
    chat->schema_description = json_str(wrapper, "description");
    chat->schema_strict = json_bool(wrapper, "strict");
    return openai_read_name(reader, &name_place, json_get(wrapper, "name"), NAME_BYTES_MAX,
                            &chat->schema_name);
}

static enum err read_response_format(struct openai_reader *reader, json *root)
{
    struct openai_place place = {.name = "response_format"};
    struct openai_place type_place = {.parent = &place, .name = "type"};
    json *format = json_get(root, "response_format");
    str type = json_str(format, "type");

    if (json_is_none(format)) {
        return ERR_OK;
    }
    if (!json_is(format, JSON_OBJECT)) {
        return openai_refuse(reader, &place, "must be an object");
    }
    if (str_eq(type, STR("json_schema"))) {
        return read_json_schema(reader, &place, format);
    }
    if (type.len == 0) {
        return openai_refuse(reader, &type_place,
                             "must be a string such as \"text\", \"json_object\" or "
                             "\"json_schema\"");
    }
    reader->chat->answer_form = str_eq(type, STR("text"))          ? ANSWER_TEXT
                                : str_eq(type, STR("json_object")) ? ANSWER_JSON_OBJECT
                                                                   : ANSWER_OTHER;
    return ERR_OK;
}

static enum err read_reasoning_object(struct openai_reader *reader, json *object)
{
    struct openai_place place = {.name = "reasoning"};
    struct openai_place effort_place = {.parent = &place, .name = "effort"};
    struct openai_place tokens_place = {.parent = &place, .name = "max_tokens"};
    struct openai_place enabled_place = {.parent = &place, .name = "enabled"};
    struct openai_place exclude_place = {.parent = &place, .name = "exclude"};
    struct openai_place summary_place = {.parent = &place, .name = "summary"};
    struct chat_reasoning *reasoning = &reader->chat->reasoning;
    json *effort = json_get(object, "effort");
    json *tokens = json_get(object, "max_tokens");
    json *enabled = json_get(object, "enabled");
    json *exclude = json_get(object, "exclude");

    reasoning->effort = effort_by_name(json_as_str(effort));
    if (!json_is_none(effort) && reasoning->effort == EFFORT_UNSET) {
        return openai_refuse(reader, &effort_place,
                             "must be one of none, minimal, low, medium, high, xhigh or max");
    }
    reasoning->max_tokens = json_as_int(tokens);
    if (!json_is_none(tokens) && (!json_is(tokens, JSON_INT) || reasoning->max_tokens < 1 ||
                                  reasoning->max_tokens > INT32_MAX)) {
        return openai_refuse(reader, &tokens_place, "must be a whole number from 1 to %d",
                             INT32_MAX);
    }
    if (!json_is_none(enabled) && !json_is(enabled, JSON_BOOL)) {
        return openai_refuse(reader, &enabled_place, "must be a boolean");
    }
    if (!json_is_none(exclude) && !json_is(exclude, JSON_BOOL)) {
        return openai_refuse(reader, &exclude_place, "must be a boolean");
    }
    if (!json_is_none(enabled)) {
        reasoning->enabled = json_as_bool(enabled) ? TRI_TRUE : TRI_FALSE;
    }
    reasoning->exclude = json_as_bool(exclude);
    return openai_read_name(reader, &summary_place, json_get(object, "summary"), 32,
                            &reasoning->summary);
}

/* The same in the words of other APIs: `thinking` (Anthropic, DeepSeek) and `enable_thinking`
 * (Alibaba).  What cannot be read there is not refused: it may be another provider's own. */
static void read_thinking(struct openai_reader *reader, json *root)
{
    struct chat_reasoning *reasoning = &reader->chat->reasoning;
    json *thinking = json_get(root, "thinking");
    json *enable = json_get(root, "enable_thinking");
    str type = json_str(thinking, "type");
    int64_t budget = json_int(thinking, "budget_tokens");
    bool is_on =
        str_eq(type, STR("enabled")) || str_eq(type, STR("adaptive")) || json_as_bool(enable);
    bool is_off =
        str_eq(type, STR("disabled")) || (json_is(enable, JSON_BOOL) && !json_as_bool(enable));

    if (!is_on && !is_off) {
        return;
    }
    budget = budget > 0 ? budget : json_int(root, "thinking_budget");
    reasoning->set = true;
    reasoning->enabled = is_on ? TRI_TRUE : TRI_FALSE;
    reasoning->max_tokens = is_on && budget > 0 && budget <= INT32_MAX ? budget : 0;
}

/* reasoning, reasoning_effort and include_reasoning say one thing in three ways. */
static enum err read_reasoning(struct openai_reader *reader, json *root)
{
    struct chat_reasoning *reasoning = &reader->chat->reasoning;
    struct openai_place place = {.name = "reasoning_effort"};
    json *object = json_get(root, "reasoning");
    json *include = json_get(root, "include_reasoning");
    enum effort effort = effort_by_name(json_str(root, "reasoning_effort"));

    if (!json_is_none(object)) {
        reasoning->set = true;
        enum err err = read_reasoning_object(reader, object);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (effort != EFFORT_UNSET) {
        if (reasoning->effort != EFFORT_UNSET && reasoning->effort != effort) {
            return openai_refuse(reader, &place, "differs from `reasoning.effort`: give one");
        }
        reasoning->set = true;
        reasoning->effort = effort;
    }
    if (!reasoning->set) {
        read_thinking(reader, root);
    }
    if (json_is(include, JSON_BOOL)) {
        reasoning->set = true;
        reasoning->exclude = reasoning->exclude || !json_as_bool(include);
    }
    if (reasoning->enabled == TRI_FALSE) {
        reasoning->effort = EFFORT_NONE;
    } else if (reasoning->effort == EFFORT_NONE) {
        reasoning->enabled = TRI_FALSE;
    } else if (reasoning->enabled == TRI_TRUE && reasoning->effort == EFFORT_UNSET &&
               reasoning->max_tokens == 0) {
        reasoning->effort = EFFORT_MEDIUM;
    }
    return ERR_OK;
}

static enum err read_logit_bias(struct openai_reader *reader, json *root)
{
    struct openai_place place = {.name = "logit_bias"};
    struct json_walk walk = json_walk(json_get(root, "logit_bias"));

    while (json_next(&walk)) {
        uint64_t token = 0;
        double bias = json_as_real(walk.value);
        bool is_number = json_is(walk.value, JSON_INT) || json_is(walk.value, JSON_REAL);
        if (!str_to_uint(walk.name, INT32_MAX, &token) || !is_number || bias < -100 || bias > 100) {
            return openai_refuse(reader, &place, "must map token ids to numbers from -100 to 100");
        }
    }
    return ERR_OK;
}

static enum err read_metadata(struct openai_reader *reader, json *root)
{
    struct openai_place place = {.name = "metadata"};
    json *metadata = json_get(root, "metadata");
    struct json_walk walk = json_walk(metadata);

    if (json_count(metadata) > METADATA_MAX) {
        return openai_refuse(reader, &place, "must hold at most %d pairs", METADATA_MAX);
    }
    while (json_next(&walk)) {
        if (!json_is(walk.value, JSON_STR) || walk.name.len > METADATA_NAME_BYTES_MAX ||
            json_as_str(walk.value).len > METADATA_VALUE_BYTES_MAX) {
            return openai_refuse(reader, &place,
                                 "must map names of at most %d bytes to strings of at most %d",
                                 METADATA_NAME_BYTES_MAX, METADATA_VALUE_BYTES_MAX);
        }
    }
    return ERR_OK;
}

/* What depends on two members, or on the inside of one. */
static enum err read_rest(struct openai_reader *reader, json *root)
{
    struct openai_place top_logprobs = {.name = "top_logprobs"};
    struct openai_place include_usage = {.name = "stream_options.include_usage"};
    struct openai_place usage_include = {.name = "usage.include"};
    struct openai_place require = {.name = "provider.require_parameters"};
    json *required = json_get(json_get(root, "provider"), "require_parameters");
    struct chat_request *chat = reader->chat;
    json *parallel = json_get(root, "parallel_tool_calls");
    json *include = json_get(json_get(root, "usage"), "include");
    json *streamed = json_get(json_get(root, "stream_options"), "include_usage");

    if (json_int(root, "top_logprobs") > 0 && !json_bool(root, "logprobs")) {
        return openai_refuse(reader, &top_logprobs, "needs `logprobs` to be true");
    }
    if (!json_is_none(streamed) && !json_is(streamed, JSON_BOOL)) {
        return openai_refuse(reader, &include_usage, "must be a boolean");
    }
    if (!json_is_none(include) && !json_is(include, JSON_BOOL)) {
        return openai_refuse(reader, &usage_include, "must be a boolean");
    }
    if (!json_is_none(required) && !json_is(required, JSON_BOOL)) {
        return openai_refuse(reader, &require, "must be a boolean");
    }
    chat->require_parameters = json_as_bool(required);
    chat->stream = json_bool(root, "stream");
    chat->wants_usage_cost = json_as_bool(include);
    chat->choices = json_int(root, "n");
    chat->max_tokens = json_int(root, "max_completion_tokens");
    chat->max_tokens = chat->max_tokens > 0 ? chat->max_tokens : json_int(root, "max_tokens");
    if (json_is(parallel, JSON_BOOL)) {
        chat->parallel_tool_calls = json_as_bool(parallel) ? TRI_TRUE : TRI_FALSE;
    }
    return openai_read_cache_mark(reader, NULL, root, &chat->has_cache_mark, &chat->cache_ttl);
}

enum err openai_decode_request(str body, struct arena *arena, struct chat_request **out,
                               struct fault *fault)
{
    static enum err (*const readers[])(struct openai_reader * reader, json * root) = {
        openai_read_messages,
        read_models,
        openai_read_params,
        read_stop,
        read_tools,
        read_tool_choice,
        read_response_format,
        read_reasoning,
        read_logit_bias,
        read_metadata,
        read_rest,
    };
    struct openai_reader reader = {arena, ARENA_NEW(arena, struct chat_request), fault};
    json *root = NULL;

    enum err err = json_read(arena, body, &root, fault);
    if (err != ERR_OK) {
        return err;
    }
    if (!json_is(root, JSON_OBJECT)) {
        return openai_refuse(&reader, NULL, "the request body must be a JSON object, not %s",
                             json_type_name(json_type(root)));
    }
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        err = readers[i](&reader, root);
        if (err != ERR_OK) {
            return err;
        }
    }
    reader.chat->format = FORMAT_OPENAI_CHAT;
    reader.chat->root = root;
    *out = reader.chat;
    return ERR_OK;
}
