/*
 * The OpenAI chat format as a client: requests.
 */
#include "wire/openai_chat.h"
#include "wire/openai_chat_decode.h"

/* One request being written. */
struct work {
    struct json_writer writer;
    struct arena *arena;
    const struct chat_request *chat;
    const struct model *model;
    const struct quirks *quirks;
};

static bool takes(const struct work *work, const char *name)
{
    return openai_takes_param(work->chat, work->model, str_c(name));
}

/* Members of a body in this format: as they came, as far as the model takes them. */
static void put_native_members(struct work *work)
{
    struct json_walk walk = json_walk(work->chat->root);

    while (json_next(&walk)) {
        const struct openai_param *param = openai_param_by_name(walk.name);
        bool is_empty_stop = str_eq(walk.name, STR("stop")) && work->chat->stop_count == 0;
        bool goes = param == NULL ? work->quirks->takes_extras
                                  : param->audience == FOR_MODEL &&
                                        openai_takes_param(work->chat, work->model, walk.name);
        if (goes && !json_is_none(walk.value) && !is_empty_stop) {
            json_put_named_value(&work->writer, walk.name, walk.value);
        }
    }
}

/* The table's numbers, out of the neutral request. */
static void put_numbers(struct work *work)
{
    const char *base = (const char *)work->chat;

    for (const struct openai_param *param = openai_params; param->name.len > 0; param++) {
        struct chat_number number = {0};
        if (param->number_at == 0) {
            continue;
        }
        memcpy(&number, base + param->number_at, sizeof(number));
        if (!number.set || !openai_takes_param(work->chat, work->model, param->name)) {
            continue;
        }
        if (param->kind == PARAM_INT) {
            json_put_int(&work->writer, param->name.at, (int64_t)number.value);
        } else {
            json_put_real(&work->writer, param->name.at, number.value);
        }
    }
}

static void put_stop(struct work *work)
{
    if (work->chat->stop_count == 0 || !takes(work, "stop")) {
        return;
    }
    json_open_array(&work->writer, "stop");
    for (size_t i = 0; i < work->chat->stop_count; i++) {
        json_put_str(&work->writer, NULL, work->chat->stop[i]);
    }
    json_close_array(&work->writer);
}

static void put_json_schema(struct work *work)
{
    const struct chat_request *chat = work->chat;

    json_open_object(&work->writer, "json_schema");
    json_put_str(&work->writer, "name",
                 chat->schema_name.len > 0 ? chat->schema_name : STR("answer"));
    if (chat->schema_description.len > 0) {
        json_put_str(&work->writer, "description", chat->schema_description);
    }
    if (chat->schema != NULL) {
        json_put_value(&work->writer, "schema", chat->schema);
    }
    json_put_bool(&work->writer, "strict", chat->schema_strict);
    json_close_object(&work->writer);
}

static void put_response_format(struct work *work)
{
    bool is_schema = work->chat->answer_form == ANSWER_JSON_SCHEMA;
    bool is_object = work->chat->answer_form == ANSWER_JSON_OBJECT;

    if ((!is_schema && !is_object) || !takes(work, "response_format")) {
        return;
    }
    json_open_object(&work->writer, "response_format");
    json_put_str(&work->writer, "type", is_schema ? STR("json_schema") : STR("json_object"));
    if (is_schema) {
        put_json_schema(work);
    }
    json_close_object(&work->writer);
}

static void put_text(struct work *work, const char *name, str text)
{
    if (text.len > 0 && takes(work, name)) {
        json_put_str(&work->writer, name, text);
    }
}

/* Members of a body in another format: out of the neutral request. */
static void put_neutral_members(struct work *work)
{
    const struct chat_request *chat = work->chat;

    put_numbers(work);
    put_stop(work);
    put_response_format(work);
    put_text(work, "verbosity", chat->verbosity);
    put_text(work, "user", chat->user);
    if (openai_words_have("auto default flex priority ", chat->service_tier)) {
        put_text(work, "service_tier", chat->service_tier);
    }
    if (chat->choices > 0 && takes(work, "n")) {
        json_put_int(&work->writer, "n", chat->choices);
    }
    if (chat->parallel_tool_calls != TRI_UNSET && chat->tool_count > 0 &&
        takes(work, "parallel_tool_calls")) {
        json_put_bool(&work->writer, "parallel_tool_calls", chat->parallel_tool_calls == TRI_TRUE);
    }
}

static void put_tool_choice(struct work *work)
{
    static const char *const words[] = {
        [TOOL_CHOICE_UNSET] = NULL,       [TOOL_CHOICE_AUTO] = "auto",
        [TOOL_CHOICE_NONE] = "none",      [TOOL_CHOICE_REQUIRED] = "required",
        [TOOL_CHOICE_NAMED] = "function",
    };
    const struct chat_request *chat = work->chat;
    bool is_native = chat->format == FORMAT_OPENAI_CHAT;
    json *raw = is_native ? json_get(chat->root, "tool_choice") : NULL;

    if (!json_is_none(raw)) {
        json_put_value(&work->writer, "tool_choice", raw);
        return;
    }
    if (chat->tool_choice == TOOL_CHOICE_UNSET) {
        return;
    }
    if (chat->tool_choice != TOOL_CHOICE_NAMED) {
        json_put_str(&work->writer, "tool_choice", str_c(words[chat->tool_choice]));
        return;
    }
    json_open_object(&work->writer, "tool_choice");
    json_put_str(&work->writer, "type", STR("function"));
    json_open_object(&work->writer, "function");
    json_put_str(&work->writer, "name", chat->tool_choice_name);
    json_close_object(&work->writer);
    json_close_object(&work->writer);
}

static void put_reasoning_object(struct work *work)
{
    const struct chat_reasoning *reasoning = &work->chat->reasoning;

    json_open_object(&work->writer, "reasoning");
    if (reasoning->max_tokens > 0) {
        json_put_int(&work->writer, "max_tokens", reasoning->max_tokens);
    } else if (reasoning->effort != EFFORT_UNSET) {
        json_put_str(&work->writer, "effort", effort_name(reasoning->effort));
    }
    if (reasoning->enabled != TRI_UNSET && reasoning->effort == EFFORT_UNSET &&
        reasoning->max_tokens == 0) {
        json_put_bool(&work->writer, "enabled", reasoning->enabled == TRI_TRUE);
    }
    if (reasoning->exclude) {
        json_put_bool(&work->writer, "exclude", true);
    }
    if (reasoning->summary.len > 0) {
        json_put_str(&work->writer, "summary", reasoning->summary);
    }
    json_close_object(&work->writer);
}

static void put_reasoning(struct work *work)
{
    const struct chat_reasoning *reasoning = &work->chat->reasoning;

    if (!reasoning->set) {
        return;
    }
    if (work->quirks->reasoning_object) {
        put_reasoning_object(work);
        return;
    }
    enum effort effort = openai_effort_for(work->chat, work->model);
    if (effort == EFFORT_UNSET) {
        return;
    }
    if (work->quirks->thinking_object) {
        bool is_on = effort != EFFORT_NONE;
        json_open_object(&work->writer, "thinking");
        json_put_str(&work->writer, "type", is_on ? STR("enabled") : STR("disabled"));
        json_close_object(&work->writer);
    }
    if (work->quirks->reasoning_effort &&
        !(work->quirks->thinking_object && effort == EFFORT_NONE)) {
        json_put_str(&work->writer, "reasoning_effort", effort_name(effort));
    }
}

static void put_stream(struct work *work)
{
    if (!work->chat->stream) {
        return;
    }
    json_put_bool(&work->writer, "stream", true);
    if (work->quirks->takes_stream_options) {
        json_open_object(&work->writer, "stream_options");
        json_put_bool(&work->writer, "include_usage", true);
        json_close_object(&work->writer);
    }
}

static void put_body(struct work *work)
{
    const struct chat_request *chat = work->chat;

    json_open_object(&work->writer, NULL);
    json_put_str(&work->writer, "model", work->model->name);
    openai_write_messages(&work->writer, work->arena, chat, work->quirks);
    put_stream(work);
    if (chat->max_tokens > 0) {
        json_put_int(&work->writer,
                     work->quirks->max_completion_tokens ? "max_completion_tokens" : "max_tokens",
                     chat->max_tokens);
    }
    if (openai_write_tools(&work->writer, chat, work->quirks)) {
        put_tool_choice(work);
    }
    put_reasoning(work);
    if (chat->format == FORMAT_OPENAI_CHAT) {
        put_native_members(work);
    } else {
        put_neutral_members(work);
    }
    json_close_object(&work->writer);
}

enum err openai_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault)
{
    struct buf buf;
    struct work work = {json_write_to(&buf), arena, chat, model, model->quirks};

    buf_init(&buf, SIZE_MAX / 2); /* bounded by the request it is made from */
    put_body(&work);
    if (json_write_end(&work.writer) != ERR_OK) {
        buf_free(&buf);
        *fault = (struct fault){.kind = ERR_TOO_BIG,
                                .type = FAULT_PAYLOAD_TOO_LARGE,
                                .message = STR("the request is too big for the provider")};
        return ERR_TOO_BIG;
    }
    out->http = (struct http_request){
        .method = STR("POST"),
        .path = STR("/chat/completions"),
        .body = arena_copy(arena, buf_str(&buf)),
    };
    buf_free(&buf);
    headers_add(&out->http.headers, arena, STR("content-type"), STR("application/json"));
    headers_add(&out->http.headers, arena, STR("accept"),
                chat->stream ? STR("text/event-stream") : STR("application/json"));
    return ERR_OK;
}
