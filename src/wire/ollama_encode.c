/*
 * Requests of Ollama's native chat API.
 *
 * Sampling parameters are members of `options`, under names of their own.  A client may give more
 * options (`options`, or `num_ctx` alone): they are the operator's machine's, and passed on as they
 * are.  Without num_ctx a server cuts long conversations silently; nothing is invented here.
 */
#include "codec/json_write.h"
#include "wire/ollama.h"
#include "wire/openai_chat.h" /* which parameters a model takes */
#include "wire/request.h"
#include "wire/unsaid.h"

/* Members that are written below, when the model takes them. */
static const char said[] =
    "temperature top_p top_k min_p seed stop presence_penalty frequency_penalty "
    "repetition_penalty response_format logprobs top_logprobs options num_ctx keep_alive think ";

/* One request being written. */
struct request {
    const struct chat_request *chat;
    const struct model *model;
    struct arena *arena;
    struct json_writer *writer;
    struct drops *drops;
    struct fault *fault;
};

static enum err refuse(struct request *request, str param, const char *words)
{
    return request_refuse(request->fault, request->arena, param, words);
}

static bool may_say(struct request *request, const char *name)
{
    if (openai_takes_param(request->chat, request->model, str_c(name))) {
        return true;
    }
    drops_add(request->drops, request->arena, str_c(name));
    return false;
}

/* A member that is this API's own and came beside those of the client's format. */
static json *native(const struct request *request, const char *name)
{
    json *value =
        request->chat->format == FORMAT_OPENAI_CHAT ? json_get(request->chat->root, name) : NULL;

    return json_is_none(value) ? NULL : value;
}

/* ---- Messages ---- */

static str role_name(enum chat_role role)
{
    switch (role) {
    case ROLE_SYSTEM:
    case ROLE_DEVELOPER:
        return STR("system");
    case ROLE_USER:
        return STR("user");
    case ROLE_ASSISTANT:
        return STR("assistant");
    case ROLE_TOOL:
        break;
    }
    return STR("tool");
}

static bool is_image(const struct chat_part *part)
{
    return part->kind == PART_IMAGE ||
           (part->kind == PART_FILE && str_has_prefix(part->mime, STR("image/")));
}

bool ollama_needs_bytes(const struct chat_part *part, const struct model *model)
{
    (void)model;
    return is_image(part) && part->url.len > 0;
}

/* Content is one string in this API.  Parts were things of their own: they get lines of their own.
 */
static str text_of(struct request *request, const struct chat_message *message)
{
    str text = STR_NONE;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        bool is_text = part->kind == PART_TEXT || part->kind == PART_REFUSAL;
        if (!is_text || part->text.len == 0) {
            continue;
        }
        const str pieces[] = {text, STR("\n"), part->text};
        text = text.len == 0 ? part->text : arena_join(request->arena, pieces, COUNT_OF(pieces));
    }
    return text;
}

/* Images without a data URL's prefix, which is not part of the base64. */
static void put_images(struct request *request, const struct chat_message *message)
{
    bool is_open = false;

    for (size_t i = 0; i < message->part_count; i++) {
        if (!is_image(&message->parts[i])) {
            continue;
        }
        if (!is_open) {
            json_open_array(request->writer, "images");
            is_open = true;
        }
        json_put_str(request->writer, NULL, message->parts[i].data);
    }
    if (is_open) {
        json_close_array(request->writer);
    }
}

/* Readable thinking that no other vendor has signed. */
static void put_thinking(struct request *request, const struct chat_message *message)
{
    str thinking = STR_NONE;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        bool is_ours = part->kind == PART_REASONING &&
                       part->reasoning != CHAT_REASONING_ENCRYPTED && part->signature.len == 0 &&
                       (part->format.len == 0 || str_eq(part->format, STR("unknown")));
        if (is_ours) {
            const str pieces[] = {thinking, part->text};
            thinking = thinking.len == 0 ? part->text
                                         : arena_join(request->arena, pieces, COUNT_OF(pieces));
        }
    }
    if (thinking.len > 0) {
        json_put_str(request->writer, "thinking", thinking);
    }
}

/* The arguments are an object here; their text stays untouched.  What is none becomes the empty
 * one: the model said it and is answered for it, so the turn must not be lost. */
static void put_arguments(struct request *request, str arguments)
{
    struct arena_mark mark = arena_mark(request->arena);
    enum json_type type = json_type(json_read_lenient(request->arena, arguments));

    arena_rewind(request->arena, mark);
    json_put_raw(request->writer, "arguments",
                 type == JSON_OBJECT ? str_trim(arguments) : STR("{}"));
}

static void put_calls(struct request *request, const struct chat_message *message)
{
    bool is_open = false;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (part->kind != PART_TOOL_CALL) {
            continue;
        }
        if (!is_open) {
            json_open_array(request->writer, "tool_calls");
            is_open = true;
        }
        json_open_object(request->writer, NULL);
        if (part->id.len > 0) {
            json_put_str(request->writer, "id", part->id);
        }
        json_open_object(request->writer, "function");
        json_put_str(request->writer, "name", part->name);
        put_arguments(request, part->arguments);
        json_close_object(request->writer);
        json_close_object(request->writer);
    }
    if (is_open) {
        json_close_array(request->writer);
    }
}

/* The name of the tool that was called with that id, before message `until`; the last such call. */
static str called_name(const struct chat_request *chat, size_t until, str id)
{
    for (size_t i = until; i-- > 0;) {
        const struct chat_message *message = &chat->messages[i];
        for (size_t k = 0; message->role == ROLE_ASSISTANT && k < message->part_count; k++) {
            const struct chat_part *part = &message->parts[k];
            if (part->kind == PART_TOOL_CALL && str_eq(part->id, id)) {
                return part->name;
            }
        }
    }
    return STR_NONE;
}

static void put_result_of(struct request *request, size_t index)
{
    const struct chat_message *message = &request->chat->messages[index];
    str name = called_name(request->chat, index, message->tool_call_id);

    name = name.len > 0 ? name : message->name;
    if (name.len > 0) {
        json_put_str(request->writer, "tool_name", name);
    }
    if (message->tool_call_id.len > 0) {
        json_put_str(request->writer, "tool_call_id", message->tool_call_id);
    }
}

/* What a part says must be said, in one string or as an image. */
static enum err check_part(struct request *request, size_t message, size_t index)
{
    const struct chat_part *part = &request->chat->messages[message].parts[index];
    const char *words = NULL;

    if (is_image(part)) {
        bool takes = (model_rules_of(request->model)->takes & TAKES_IMAGES) != 0;
        words = !takes                ? "is an image, which this model does not take"
                : part->data.len == 0 ? "must hold the image's bytes for this model's provider"
                                      : NULL;
    } else if (part->kind == PART_FILE) {
        words = "is a file, which this model's provider does not take";
    } else if (part->kind == PART_AUDIO || part->kind == PART_VIDEO) {
        words = "is audio or video, which this model's provider does not take";
    } else if (part->kind == PART_OTHER) {
        words = "is of a type this model's provider does not know";
    }
    if (words == NULL) {
        return ERR_OK;
    }
    return refuse(
        request, arena_printf(request->arena, "messages[%zu].content[%zu]", message, index), words);
}

static enum err put_message(struct request *request, size_t index)
{
    const struct chat_message *message = &request->chat->messages[index];

    for (size_t i = 0; i < message->part_count; i++) {
        enum err err = check_part(request, index, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "role", role_name(message->role));
    json_put_str(request->writer, "content", text_of(request, message));
    put_images(request, message);
    if (message->role == ROLE_ASSISTANT) {
        put_thinking(request, message);
        put_calls(request, message);
    } else if (message->role == ROLE_TOOL) {
        put_result_of(request, index);
    }
    json_close_object(request->writer);
    return ERR_OK;
}

static enum err put_messages(struct request *request)
{
    json_open_array(request->writer, "messages");
    for (size_t i = 0; i < request->chat->message_count; i++) {
        enum err err = put_message(request, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_close_array(request->writer);
    return ERR_OK;
}

/* ---- Tools ---- */

static enum err put_tool(struct request *request, size_t index)
{
    const struct chat_tool *tool = &request->chat->tools[index];

    if (!tool->is_function) {
        return refuse(request, arena_printf(request->arena, "tools[%zu].type", index),
                      "is not known to this model's provider");
    }
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "type", STR("function"));
    json_open_object(request->writer, "function");
    json_put_str(request->writer, "name", tool->name);
    json_put_str(request->writer, "description", tool->description);
    if (json_is(tool->parameters, JSON_OBJECT)) {
        json_put_value(request->writer, "parameters", tool->parameters);
    } else {
        json_put_raw(request->writer, "parameters", STR("{\"type\":\"object\",\"properties\":{}}"));
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
    return ERR_OK;
}

/* There is no tool_choice: none is said by sending no tools, a forced call cannot be said. */
static enum err put_tools(struct request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->tool_count == 0 || chat->tool_choice == TOOL_CHOICE_NONE) {
        return ERR_OK;
    }
    if (chat->tool_choice == TOOL_CHOICE_REQUIRED || chat->tool_choice == TOOL_CHOICE_NAMED) {
        return refuse(request, STR("tool_choice"), "cannot force a tool at this model's provider");
    }
    if ((model_rules_of(request->model)->takes & TAKES_TOOLS) == 0) {
        return refuse(request, STR("tools"), "are not taken by this model");
    }
    json_open_array(request->writer, "tools");
    for (size_t i = 0; i < chat->tool_count; i++) {
        enum err err = put_tool(request, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_close_array(request->writer);
    return ERR_OK;
}

/* ---- Options ---- */

/* False when the client gave that option itself, or the model does not take the parameter. */
static bool may_set(struct request *request, const char *parameter, const char *option)
{
    return json_get(native(request, "options"), option) == NULL && may_say(request, parameter);
}

static void put_reals(struct request *request)
{
    const struct chat_request *chat = request->chat;
    const struct {
        const struct chat_number *number;
        const char *parameter;
        const char *option;
    } reals[] = {
        {&chat->temperature, "temperature", "temperature"},
        {&chat->top_p, "top_p", "top_p"},
        {&chat->min_p, "min_p", "min_p"},
        {&chat->repetition_penalty, "repetition_penalty", "repeat_penalty"},
        {&chat->presence_penalty, "presence_penalty", "presence_penalty"},
        {&chat->frequency_penalty, "frequency_penalty", "frequency_penalty"},
    };

    for (size_t i = 0; i < COUNT_OF(reals); i++) {
        if (reals[i].number->set && may_set(request, reals[i].parameter, reals[i].option)) {
            json_put_real(request->writer, reals[i].option, reals[i].number->value);
        }
    }
}

static void put_ints(struct request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->top_k.set && may_set(request, "top_k", "top_k")) {
        json_put_int(request->writer, "top_k", (int64_t)chat->top_k.value);
    }
    if (chat->seed.set && may_set(request, "seed", "seed")) {
        json_put_int(request->writer, "seed", (int64_t)chat->seed.value);
    }
    if (chat->max_tokens > 0 && json_get(native(request, "options"), "num_predict") == NULL) {
        json_put_int(request->writer, "num_predict", chat->max_tokens);
    }
}

static void put_stop(struct request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->stop_count == 0 || !may_set(request, "stop", "stop")) {
        return;
    }
    json_open_array(request->writer, "stop");
    for (size_t i = 0; i < chat->stop_count; i++) {
        json_put_str(request->writer, NULL, chat->stop[i]);
    }
    json_close_array(request->writer);
}

static void put_options(struct request *request)
{
    json *options = native(request, "options");
    json *context = native(request, "num_ctx");
    struct json_walk walk = json_walk(options);

    json_open_object(request->writer, "options");
    put_reals(request);
    put_ints(request);
    put_stop(request);
    if (json_is(context, JSON_INT) && json_get(options, "num_ctx") == NULL) {
        json_put_value(request->writer, "num_ctx", context);
    }
    while (json_is(options, JSON_OBJECT) && json_next(&walk)) {
        json_put_named_value(request->writer, walk.name, walk.value);
    }
    json_close_object(request->writer);
}

/* ---- The rest of the body ---- */

static bool is_reasoning_off(const struct chat_reasoning *reasoning)
{
    return reasoning->enabled == TRI_FALSE || reasoning->effort == EFFORT_NONE;
}

/* Models that know levels know these three. */
static str think_level(const struct model_rules *rules, enum effort effort)
{
    effort = rules->least != EFFORT_UNSET && effort < rules->least ? rules->least : effort;
    effort = rules->most != EFFORT_UNSET && effort > rules->most ? rules->most : effort;
    effort = effort < EFFORT_LOW ? EFFORT_LOW : effort;
    return effort_name(effort > EFFORT_HIGH ? EFFORT_HIGH : effort);
}

/* `think`: on or off, or a level for the few models that know levels.  A model that does not reason
 * refuses to be told to. */
static void put_think(struct request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    const struct model_rules *rules = model_rules_of(request->model);
    bool knows_levels = rules->thinking == THINKING_EFFORT || rules->thinking == THINKING_LEVEL;
    bool is_off = is_reasoning_off(reasoning);
    bool is_on = !is_off && (reasoning->enabled == TRI_TRUE || reasoning->max_tokens > 0 ||
                             reasoning->effort != EFFORT_UNSET);
    json *own = native(request, "think");

    if (json_is(own, JSON_BOOL) || json_is(own, JSON_STR)) {
        json_put_value(request->writer, "think", own);
        return;
    }
    if (!is_on && !is_off) {
        return;
    }
    if (is_on && rules->habit == HABIT_NEVER) {
        drops_add(request->drops, request->arena, STR("reasoning"));
        return;
    }
    if (is_on && knows_levels && reasoning->effort != EFFORT_UNSET) {
        json_put_str(request->writer, "think", think_level(rules, reasoning->effort));
    } else {
        json_put_bool(request->writer, "think", is_on);
    }
}

static enum err put_format(struct request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_schema = chat->answer_form == ANSWER_JSON_SCHEMA && json_is(chat->schema, JSON_OBJECT);

    switch (chat->answer_form) {
    case ANSWER_UNSET:
    case ANSWER_TEXT:
        return ERR_OK;
    case ANSWER_OTHER:
        return refuse(request, STR("response_format.type"),
                      "is not known to this model's provider");
    case ANSWER_JSON_OBJECT:
    case ANSWER_JSON_SCHEMA:
        break;
    }
    if (!may_say(request, "response_format")) {
        return ERR_OK;
    }
    if (is_schema) {
        json_put_value(request->writer, "format", chat->schema);
    } else {
        json_put_str(request->writer, "format", STR("json"));
    }
    return ERR_OK;
}

static void put_logprobs(struct request *request)
{
    json *top = native(request, "top_logprobs");

    if (!json_as_bool(native(request, "logprobs")) || !may_say(request, "logprobs")) {
        return;
    }
    json_put_bool(request->writer, "logprobs", true);
    if (json_is(top, JSON_INT)) {
        json_put_value(request->writer, "top_logprobs", top);
    }
}

static enum err put_body(struct request *request)
{
    json *keep_alive = native(request, "keep_alive");

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "model", request->model->name);
    json_put_bool(request->writer, "stream", request->chat->stream); /* true when it is not said */
    enum err err = put_messages(request);
    if (err == ERR_OK) {
        err = put_tools(request);
    }
    if (err == ERR_OK) {
        err = put_format(request);
    }
    if (err != ERR_OK) {
        return err;
    }
    put_think(request);
    put_options(request);
    put_logprobs(request);
    if (json_is(keep_alive, JSON_INT) || json_is(keep_alive, JSON_STR)) {
        json_put_value(request->writer, "keep_alive", keep_alive);
    }
    json_close_object(request->writer);
    return ERR_OK;
}

enum err ollama_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct provider_request made = {0};
    struct request request = {chat, model, arena, &writer, &made.drops, fault};

    buf_init(&body, REQUEST_BYTES_MAX);
    enum err err = put_body(&request);
    if (err == ERR_OK) {
        err = request_post(&writer, STR("/api/chat"), arena, &made.http, fault);
    }
    if (err == ERR_OK) {
        unsaid_add(chat, said, arena, &made.drops);
        *out = made;
    }
    buf_free(&body);
    return err;
}
