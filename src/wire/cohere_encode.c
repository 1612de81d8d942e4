/*
 * Requests of the Cohere v2 chat API.
 *
 * What the parts of a request forbid each other is decided first: a form of the answer goes neither
 * with tools nor with documents, and is then asked for in words.
 */
#include "wire/cohere.h"
#include "wire/openai_chat.h" /* which parameters a model takes */
#include "wire/request.h"
#include "wire/unsaid.h"

enum {
    STOPS_MAX = 5,
    TOP_K_MAX = 500,
};

/* Members that are written below, when the model takes them. */
static const char said[] =
    "temperature top_p top_k seed stop presence_penalty frequency_penalty response_format "
    "documents citation_options safety_mode priority strict_tools ";

enum err cohere_refuse(struct cohere_request *request, str param, const char *words)
{
    return request_refuse(request->fault, request->arena, param, words);
}

static bool takes(const struct cohere_request *request, unsigned what)
{
    return (model_rules_of(request->model)->takes & what) != 0;
}

static bool may_say(struct cohere_request *request, const char *name)
{
    if (openai_takes_param(request->chat, request->model, str_c(name))) {
        return true;
    }
    drops_add(request->drops, request->arena, str_c(name));
    return false;
}

/* A member that is this API's own and came beside those of the client's format. */
static json *native(const struct cohere_request *request, const char *name)
{
    json *value =
        request->chat->format == FORMAT_OPENAI_CHAT ? json_get(request->chat->root, name) : NULL;

    return json_is_none(value) ? NULL : value;
}

/* ---- Sampling ---- */

static double clamped(double value, double min, double max)
{
    if (value < min) {
        return min;
    }
    return value > max ? max : value;
}

static void put_sampling(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;
    const struct {
        const struct chat_number *number;
        const char *parameter;
        const char *name;
        double min;
        double max;
    } reals[] = {
        {&chat->temperature, "temperature", "temperature", 0, 2},
        {&chat->top_p, "top_p", "p", 0.01, 0.99},
        {&chat->frequency_penalty, "frequency_penalty", "frequency_penalty", 0, 1},
        {&chat->presence_penalty, "presence_penalty", "presence_penalty", 0, 1},
    };

    for (size_t i = 0; i < COUNT_OF(reals); i++) {
        if (reals[i].number->set && may_say(request, reals[i].parameter)) {
            json_put_real(request->writer, reals[i].name,
                          clamped(reals[i].number->value, reals[i].min, reals[i].max));
        }
    }
    if (chat->top_k.set && may_say(request, "top_k")) {
        json_put_int(request->writer, "k", (int64_t)clamped(chat->top_k.value, 0, TOP_K_MAX));
    }
    if (chat->seed.set && chat->seed.value < 0) {
        drops_add(request->drops, request->arena, STR("seed")); /* only natural numbers are taken */
    } else if (chat->seed.set && may_say(request, "seed")) {
        json_put_int(request->writer, "seed", (int64_t)chat->seed.value);
    }
}

static void put_stop(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->stop_count == 0 || !may_say(request, "stop")) {
        return;
    }
    json_open_array(request->writer, "stop_sequences");
    for (size_t i = 0; i < chat->stop_count && i < STOPS_MAX; i++) {
        json_put_str(request->writer, NULL, chat->stop[i]);
    }
    json_close_array(request->writer);
    if (chat->stop_count > STOPS_MAX) {
        drops_add(request->drops, request->arena, STR("stop"));
    }
}

/* ---- Lengths and thinking ---- */

/* What the client wants, as far as the model goes; 0: not said. */
static int64_t max_tokens_of(const struct cohere_request *request)
{
    int64_t wanted = request->chat->max_tokens;
    int64_t limit = model_output_limit(request->model);

    return limit > 0 && wanted > limit ? limit : wanted;
}

/* Tokens to think with, 0 when the model knows best. */
static int64_t budget_of(const struct cohere_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    const struct model_rules *rules = model_rules_of(request->model);
    int64_t room = max_tokens_of(request);
    int64_t budget = reasoning->max_tokens;

    room = room > 0 ? room : model_output_limit(request->model);
    if (budget == 0 && reasoning->effort != EFFORT_UNSET && room > 0) {
        budget = effort_budget_tokens(reasoning->effort, room);
    }
    if (budget > 0 && rules->budget_min > 0 && budget < rules->budget_min) {
        budget = rules->budget_min;
    }
    return rules->budget_max > 0 && budget > rules->budget_max ? rules->budget_max : budget;
}

static void put_thinking(struct cohere_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    enum reasoning_habit habit = model_rules_of(request->model)->habit;
    bool is_off = reasoning->enabled == TRI_FALSE || reasoning->effort == EFFORT_NONE;
    bool is_on = !is_off && (reasoning->enabled == TRI_TRUE || reasoning->max_tokens > 0 ||
                             reasoning->effort != EFFORT_UNSET);
    int64_t budget = is_on ? budget_of(request) : 0;

    if (is_on && habit == HABIT_NEVER) {
        drops_add(request->drops, request->arena, STR("reasoning"));
        return;
    }
    if ((!is_on && !is_off) || (is_off && (habit == HABIT_NEVER || habit == HABIT_ALWAYS))) {
        return;
    }
    json_open_object(request->writer, "thinking");
    json_put_str(request->writer, "type", is_on ? STR("enabled") : STR("disabled"));
    if (budget > 0) {
        json_put_int(request->writer, "token_budget", budget);
    }
    json_close_object(request->writer);
}

/* ---- Tools ---- */

static enum err put_tool(struct cohere_request *request, size_t index)
{
    const struct chat_tool *tool = &request->chat->tools[index];

    if (!tool->is_function) {
        return cohere_refuse(request, arena_printf(request->arena, "tools[%zu].type", index),
                             "is not known to this model's provider");
    }
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "type", STR("function"));
    json_open_object(request->writer, "function");
    json_put_str(request->writer, "name", tool->name);
    if (tool->description.len > 0) {
        json_put_str(request->writer, "description", tool->description);
    }
    if (json_is(tool->parameters, JSON_OBJECT)) {
        json_put_value(request->writer, "parameters", tool->parameters);
    } else {
        json_put_raw(request->writer, "parameters", STR("{\"type\":\"object\",\"properties\":{}}"));
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
    return ERR_OK;
}

/* A strict tool must have a required parameter; all tools are strict, or none. */
static bool are_strict(const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->tool_count; i++) {
        if (!chat->tools[i].strict ||
            json_count(json_get(chat->tools[i].parameters, "required")) == 0) {
            return false;
        }
    }
    return chat->tool_count > 0;
}

/* A tool that is named is forced by being the only one. */
static enum err put_tool_list(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_one = chat->tool_choice == TOOL_CHOICE_NAMED;

    json_open_array(request->writer, "tools");
    for (size_t i = 0; i < chat->tool_count; i++) {
        if (is_one && !str_eq(chat->tools[i].name, chat->tool_choice_name)) {
            continue;
        }
        enum err err = put_tool(request, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_close_array(request->writer);
    return ERR_OK;
}

static enum err put_tools(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_forced =
        chat->tool_choice == TOOL_CHOICE_REQUIRED || chat->tool_choice == TOOL_CHOICE_NAMED;
    json *strict = native(request, "strict_tools");

    if (!request->has_tools) {
        return ERR_OK;
    }
    if (!takes(request, TAKES_TOOLS)) {
        return cohere_refuse(request, STR("tools"), "are not taken by this model");
    }
    if (is_forced && !takes(request, TAKES_FORCED_TOOL)) {
        return cohere_refuse(request, STR("tool_choice"), "cannot force a tool on this model");
    }
    enum err err = put_tool_list(request);
    if (err != ERR_OK) {
        return err;
    }
    if (json_is(strict, JSON_BOOL) || are_strict(chat)) {
        json_put_bool(request->writer, "strict_tools", strict == NULL || json_as_bool(strict));
    }
    if (is_forced) {
        json_put_str(request->writer, "tool_choice", STR("REQUIRED"));
    } else if (chat->tool_choice == TOOL_CHOICE_NONE) {
        json_put_str(request->writer, "tool_choice", STR("NONE"));
    }
    return ERR_OK;
}

/* ---- The form of the answer ---- */

static str form_words(struct cohere_request *request)
{
    json *schema = request->chat->schema;
    str text = schema != NULL ? json_to_text(request->arena, schema) : STR_NONE;

    return arena_printf(request->arena,
                        "Answer with one JSON %s and nothing else: no words around it, no code "
                        "fence.%s" STR_FMT,
                        schema != NULL ? "value" : "object",
                        schema != NULL ? " It must be valid against this JSON Schema: " : "",
                        STR_ARG(text));
}

/* Fills request->words when there is no member that may say it. */
static enum err put_response_format(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_schema = chat->answer_form == ANSWER_JSON_SCHEMA && json_is(chat->schema, JSON_OBJECT);

    switch (chat->answer_form) {
    case ANSWER_UNSET:
    case ANSWER_TEXT:
        return ERR_OK;
    case ANSWER_OTHER:
        return cohere_refuse(request, STR("response_format.type"),
                             "is not known to this model's provider");
    case ANSWER_JSON_OBJECT:
    case ANSWER_JSON_SCHEMA:
        break;
    }
    if (request->has_tools || request->has_documents || !may_say(request, "response_format")) {
        request->words = form_words(request);
        return ERR_OK;
    }
    json_open_object(request->writer, "response_format");
    json_put_str(request->writer, "type", STR("json_object"));
    if (is_schema) {
        json_put_value(request->writer, "json_schema", chat->schema);
    }
    json_close_object(request->writer);
    return ERR_OK;
}

/* ---- The body ---- */

/* Members of this API's own, as they came. */
static void put_natives(struct cohere_request *request)
{
    static const struct {
        const char *name;
        enum json_type type;
    } members[] = {
        {"citation_options", JSON_OBJECT},
        {"safety_mode", JSON_STR},
        {"priority", JSON_INT},
    };

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        json *value = native(request, members[i].name);
        if (json_is(value, members[i].type)) {
            json_put_value(request->writer, members[i].name, value);
        }
    }
}

static void put_head(struct cohere_request *request)
{
    int64_t max_tokens = max_tokens_of(request);

    json_put_str(request->writer, "model", request->model->name);
    if (request->chat->stream) {
        json_put_bool(request->writer, "stream", true);
    }
    if (max_tokens > 0) {
        json_put_int(request->writer, "max_tokens", max_tokens);
    }
    put_thinking(request);
    put_sampling(request);
    put_stop(request);
    put_natives(request);
}

static enum err put_body(struct cohere_request *request)
{
    json_open_object(request->writer, NULL);
    put_head(request);
    enum err err = put_response_format(request);
    if (err == ERR_OK) {
        err = put_tools(request);
    }
    if (err == ERR_OK && request->has_documents) {
        err = cohere_put_documents(request);
    }
    if (err == ERR_OK) {
        err = cohere_put_messages(request);
    }
    json_close_object(request->writer);
    return err;
}

enum err cohere_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct provider_request made = {0};
    struct cohere_request request = {
        .chat = chat,
        .model = model,
        .arena = arena,
        .writer = &writer,
        .drops = &made.drops,
        .fault = fault,
        .has_tools = chat->tool_count > 0,
    };

    buf_init(&body, REQUEST_BYTES_MAX);
    request.has_documents = cohere_has_files(chat) || json_count(native(&request, "documents")) > 0;
    enum err err = put_body(&request);
    if (err == ERR_OK) {
        err = request_post(&writer, STR("/v2/chat"), arena, &made.http, fault);
    }
    if (err == ERR_OK) {
        unsaid_add(chat, said, arena, &made.drops);
        made.hints.prefill = request.prefill;
        *out = made;
    }
    buf_free(&body);
    return err;
}
