/*
 * The OpenAI chat format as a client: the body of a request.
 *
 * What came in this format is passed on member by member, in the client's order; what came in
 * another is written from the neutral request.  Either way a parameter goes through one place,
 * put_param(), where the provider's quirks rename, bound or drop it; what is dropped is named.
 */
#include "wire/openai_chat_encode.h"

#include "wire/openai_chat.h"
#include "wire/openai_chat_decode.h"

static bool takes(const struct openai_work *work, const char *name)
{
    return openai_takes_param(work->chat, work->model, str_c(name));
}

bool openai_takes_extra(const struct quirks *quirks, str name)
{
    return quirks->takes_extras || openai_words_have(quirks->extras, name);
}

enum err openai_cannot_say(struct openai_work *work, str param, const char *words)
{
    *work->fault = (struct fault){
        .kind = ERR_INVALID,
        .type = FAULT_INVALID_REQUEST,
        .message = arena_printf(work->arena, "`" STR_FMT "` %s", STR_ARG(param), words),
        .param = param,
        .retryable = true, /* elsewhere */
    };
    return ERR_INVALID;
}

/* What the provider calls the parameter: "seed=random_seed " renames it. */
static str sent_name(const struct openai_work *work, str name)
{
    str rest = str_c(work->quirks->renames);

    while (rest.len > 0) {
        str to = str_split(&rest, ' ');
        str from = str_split(&to, '=');
        if (str_eq(from, name)) {
            return to;
        }
    }
    return name;
}

/* ---- Parameters that are not simply passed on; `raw` is the client's, or NULL ---- */

static void put_temperature(struct openai_work *work, json *raw)
{
    double value = work->chat->temperature.value;
    double least = work->quirks->temperature_min;
    double most = work->quirks->temperature_max;

    if (value < least || (most > 0 && value > most)) {
        json_put_real(&work->writer, "temperature", value < least ? least : most);
    } else if (raw != NULL) {
        json_put_value(&work->writer, "temperature", raw);
    } else {
        json_put_real(&work->writer, "temperature", value);
    }
}

static void put_frequency_penalty(struct openai_work *work, json *raw)
{
    const struct chat_request *chat = work->chat;

    if (work->quirks->one_penalty && chat->presence_penalty.set &&
        chat->presence_penalty.value != 0) {
        openai_drop(work, STR("frequency_penalty"));
    } else if (raw != NULL) {
        json_put_value(&work->writer, "frequency_penalty", raw);
    } else {
        json_put_real(&work->writer, "frequency_penalty", chat->frequency_penalty.value);
    }
}

/* Nothing stops at nothing; of too many the first ones count. */
static void put_stop(struct openai_work *work, json *raw)
{
    const struct chat_request *chat = work->chat;
    size_t max = work->quirks->stops_max > 0 ? (size_t)work->quirks->stops_max : SIZE_MAX;
    size_t count = chat->stop_count < max ? chat->stop_count : max;

    if (count < chat->stop_count) {
        openai_drop(work, STR("stop"));
    }
    if (count == 0) {
        return;
    }
    if (raw != NULL && count == chat->stop_count) {
        json_put_value(&work->writer, "stop", raw);
        return;
    }
    json_open_array(&work->writer, "stop");
    for (size_t i = 0; i < count; i++) {
        json_put_str(&work->writer, NULL, chat->stop[i]);
    }
    json_close_array(&work->writer);
}

/* Answers more than the provider gives at once are left out: fewer come. */
static void put_choices(struct openai_work *work, json *raw)
{
    int64_t max = work->quirks->choices_max;
    int64_t count = work->chat->choices;

    (void)raw;
    if (max > 0 && count > max) {
        openai_drop(work, STR("n"));
        count = max;
    }
    json_put_int(&work->writer, "n", count);
}

/* Together and its kin count the alternatives here. */
static void put_logprobs(struct openai_work *work, json *raw)
{
    int64_t count = json_int(work->chat->root, "top_logprobs");

    if (!work->quirks->logprobs_is_count) {
        json_put_value(&work->writer, "logprobs", raw);
    } else if (json_as_bool(raw)) {
        json_put_int(&work->writer, "logprobs", count > 0 ? count : 1);
    }
}

static void put_top_logprobs(struct openai_work *work, json *raw)
{
    if (!work->quirks->logprobs_is_count) {
        json_put_value(&work->writer, "top_logprobs", raw);
    }
}

/* Without tools it is an error to many, and means nothing. */
static void put_parallel_tool_calls(struct openai_work *work, json *raw)
{
    (void)raw;
    if (work->has_tools) {
        json_put_bool(&work->writer, "parallel_tool_calls",
                      work->chat->parallel_tool_calls == TRI_TRUE);
    }
}

static void put_json_schema(struct openai_work *work)
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

static void put_response_format(struct openai_work *work, json *raw)
{
    bool is_schema = work->chat->answer_form == ANSWER_JSON_SCHEMA;
    enum schema_style style = is_schema ? work->quirks->schema : SCHEMA_NATIVE;

    bool is_named = !is_schema || work->chat->schema_name.len > 0;

    if (raw != NULL && style == SCHEMA_NATIVE && is_named) {
        json_put_value(&work->writer, "response_format", raw);
        return;
    }
    json_open_object(&work->writer, "response_format");
    json_put_str(&work->writer, "type",
                 is_schema && style == SCHEMA_NATIVE ? STR("json_schema") : STR("json_object"));
    if (is_schema && style == SCHEMA_NATIVE) {
        put_json_schema(work);
    } else if (is_schema && style == SCHEMA_OBJECT && work->chat->schema != NULL) {
        json_put_value(&work->writer, "schema", work->chat->schema);
    } else if (is_schema) {
        openai_drop(work, STR("response_format")); /* the prompt asks for it, nothing enforces it */
    }
    json_close_object(&work->writer);
}

static const struct {
    str name;
    void (*put)(struct openai_work *work, json *raw);
} special_params[] = {
    {STR_INIT("temperature"), put_temperature},
    {STR_INIT("frequency_penalty"), put_frequency_penalty},
    {STR_INIT("stop"), put_stop},
    {STR_INIT("n"), put_choices},
    {STR_INIT("logprobs"), put_logprobs},
    {STR_INIT("top_logprobs"), put_top_logprobs},
    {STR_INIT("parallel_tool_calls"), put_parallel_tool_calls},
    {STR_INIT("response_format"), put_response_format},
};

/* ---- All parameters ---- */

/* The form of the answer may be asked for in the prompt instead. */
static bool may_send(const struct openai_work *work, const struct openai_param *param)
{
    bool is_format = str_eq(param->name, STR("response_format"));

    return is_format ? work->sends_format : takes(work, param->name.at);
}

/* One parameter for the model: `raw` is what the client wrote, or `number` is set. */
static void put_param(struct openai_work *work, const struct openai_param *param, json *raw,
                      const struct chat_number *number)
{
    if (!may_send(work, param)) {
        if (raw == NULL || !openai_param_is_usual(param, raw, work->arena)) {
            openai_drop(work, param->name);
        }
        return;
    }
    for (size_t i = 0; i < COUNT_OF(special_params); i++) {
        if (str_eq(param->name, special_params[i].name)) {
            special_params[i].put(work, raw);
            return;
        }
    }
    json_put_name(&work->writer, sent_name(work, param->name));
    if (raw != NULL) {
        json_put_value(&work->writer, NULL, raw);
    } else if (param->kind == PARAM_INT) {
        json_put_int(&work->writer, NULL, (int64_t)number->value);
    } else {
        json_put_real(&work->writer, NULL, number->value);
    }
}

/* Members beyond the table go to who takes such.  One name of vLLM's is also a word of ours. */
static bool is_extra(const struct openai_work *work, const struct openai_param *param, str name,
                     json *value)
{
    bool is_stranger =
        param == NULL || (str_eq(name, STR("structured_outputs")) && json_is(value, JSON_OBJECT));

    return is_stranger && openai_takes_extra(work->quirks, name) &&
           !openai_words_have(work->quirks->refused, name);
}

/* Members of a body in this format. */
static void put_native_members(struct openai_work *work)
{
    struct json_walk walk = json_walk(work->chat->root);

    while (json_next(&walk)) {
        const struct openai_param *param = openai_param_by_name(walk.name);
        if (json_is_none(walk.value)) {
            continue; /* null is refused by many, and as good as absent */
        }
        if (is_extra(work, param, walk.name, walk.value)) {
            json_put_named_value(&work->writer, walk.name, walk.value);
        } else if (param != NULL && param->audience == FOR_MODEL) {
            put_param(work, param, walk.value, NULL);
        }
    }
}

/* The table's numbers, out of the neutral request. */
static void put_numbers(struct openai_work *work)
{
    const char *base = (const char *)work->chat;

    for (const struct openai_param *param = openai_params; param->name.len > 0; param++) {
        struct chat_number number = {0};
        if (param->number_at == 0) {
            continue;
        }
        memcpy(&number, base + param->number_at, sizeof(number));
        if (number.set) {
            put_param(work, param, NULL, &number);
        }
    }
}

static void put_text(struct openai_work *work, const char *name, str text)
{
    if (text.len == 0) {
        return;
    }
    if (takes(work, name)) {
        json_put_str(&work->writer, name, text);
    } else {
        openai_drop(work, str_c(name));
    }
}

static void put_if(struct openai_work *work, bool is_set, const char *name)
{
    if (is_set) {
        put_param(work, openai_param_by_name(str_c(name)), NULL, NULL);
    }
}

/* Members of a body in another format: out of the neutral request. */
static void put_neutral_members(struct openai_work *work)
{
    const struct chat_request *chat = work->chat;

    put_numbers(work);
    put_if(work, chat->stop_count > 0, "stop");
    put_if(work, chat->answer_form == ANSWER_JSON_SCHEMA || chat->answer_form == ANSWER_JSON_OBJECT,
           "response_format");
    put_text(work, "verbosity", chat->verbosity);
    put_text(work, "user", chat->user);
    if (openai_words_have("auto default flex priority ", chat->service_tier)) {
        put_text(work, "service_tier", chat->service_tier);
    }
    put_if(work, chat->choices > 0, "n");
    put_if(work, chat->parallel_tool_calls != TRI_UNSET && chat->tool_count > 0,
           "parallel_tool_calls");
}

/* ---- Members that are written in the provider's words ---- */

static str choice_word(enum tool_choice choice)
{
    static const str words[] = {
        [TOOL_CHOICE_UNSET] = STR_INIT(""),      [TOOL_CHOICE_AUTO] = STR_INIT("auto"),
        [TOOL_CHOICE_NONE] = STR_INIT("none"),   [TOOL_CHOICE_REQUIRED] = STR_INIT("required"),
        [TOOL_CHOICE_NAMED] = STR_INIT("named"),
    };

    return words[choice];
}

static bool knows_choice(const struct openai_work *work, enum tool_choice choice)
{
    const char *known = work->quirks->tool_choices;
    bool is_forced = choice == TOOL_CHOICE_REQUIRED || choice == TOOL_CHOICE_NAMED;

    return (known == NULL || openai_words_have(known, choice_word(choice))) &&
           (!is_forced || (model_rules_of(work->model)->takes & TAKES_FORCED_TOOL) != 0);
}

/* The nearest that the provider has a word for: one tool, any tool, whether.  Who cannot be told to
 * call none is not shown any. */
static enum tool_choice nearest_choice(const struct openai_work *work)
{
    enum tool_choice choice = work->chat->tool_choice;

    if (choice == TOOL_CHOICE_UNSET || knows_choice(work, choice)) {
        return choice;
    }
    if (choice == TOOL_CHOICE_NAMED && knows_choice(work, TOOL_CHOICE_REQUIRED)) {
        return TOOL_CHOICE_REQUIRED;
    }
    return knows_choice(work, TOOL_CHOICE_AUTO) ? TOOL_CHOICE_AUTO : TOOL_CHOICE_UNSET;
}

static void put_named_choice(struct openai_work *work)
{
    json_open_object(&work->writer, "tool_choice");
    json_put_str(&work->writer, "type", STR("function"));
    json_open_object(&work->writer, "function");
    json_put_str(&work->writer, "name", work->chat->tool_choice_name);
    json_close_object(&work->writer);
    json_close_object(&work->writer);
}

static void put_tool_choice(struct openai_work *work)
{
    json *raw = openai_client_member(work, "tool_choice");
    enum tool_choice choice = nearest_choice(work);

    if (!work->has_tools || (raw == NULL && choice == TOOL_CHOICE_UNSET)) {
        return;
    }
    if (choice != work->chat->tool_choice) {
        openai_drop(work, STR("tool_choice"));
    } else if (json_is(raw, JSON_OBJECT)) { /* with what it may hold beyond a name */
        json_put_value(&work->writer, "tool_choice", raw);
        return;
    }
    if (choice == TOOL_CHOICE_NAMED) {
        put_named_choice(work);
    } else if (choice != TOOL_CHOICE_UNSET) {
        json_put_str(&work->writer, "tool_choice", choice_word(choice));
    }
}

/* Usage is told in a stream only when it is asked for; Azure learned that late. */
static bool takes_stream_options(const struct openai_work *work)
{
    const struct site *site = work->model->site;
    str since = STR("2024-09-01");

    if (model_platform(work->model) == PLATFORM_AZURE_CLASSIC &&
        site->api_version.len >= since.len &&
        memcmp(site->api_version.at, since.at, since.len) < 0) {
        return false;
    }
    return work->quirks->takes_stream_options;
}

static void put_stream(struct openai_work *work)
{
    if (!work->streams) {
        return;
    }
    json_put_bool(&work->writer, "stream", true);
    if (takes_stream_options(work)) {
        json_open_object(&work->writer, "stream_options");
        json_put_bool(&work->writer, "include_usage", true);
        json_close_object(&work->writer);
    }
}

static void put_max_tokens(struct openai_work *work)
{
    if (work->chat->max_tokens > 0) {
        json_put_int(&work->writer,
                     work->quirks->max_completion_tokens ? "max_completion_tokens" : "max_tokens",
                     work->chat->max_tokens);
    }
}

/* What a chat template is told so that it goes on with the last message. */
static void put_continuation(struct openai_work *work)
{
    if (work->has_prefill && work->prefill == PREFILL_CONTINUE &&
        openai_client_member(work, "continue_final_message") == NULL) {
        json_put_bool(&work->writer, "add_generation_prompt", false);
        json_put_bool(&work->writer, "continue_final_message", true);
    }
}

static void put_cache_control(struct openai_work *work)
{
    json *raw = openai_client_member(work, "cache_control");

    if (raw != NULL && work->quirks->takes_cache_control) {
        json_put_value(&work->writer, "cache_control", raw);
    } else if (raw != NULL) {
        openai_drop(work, STR("cache_control"));
    }
}

static void put_body(struct openai_work *work, const struct openai_lines *lines)
{
    json_open_object(&work->writer, NULL);
    json_put_str(&work->writer, "model", work->model->name);
    openai_write_messages(work, lines);
    put_stream(work);
    put_max_tokens(work);
    if (work->chat->tool_choice != TOOL_CHOICE_NONE || knows_choice(work, TOOL_CHOICE_NONE)) {
        openai_write_tools(work);
        put_tool_choice(work);
    }
    openai_write_reasoning(work);
    put_continuation(work);
    put_cache_control(work);
    if (work->is_native) {
        put_native_members(work);
    } else {
        put_neutral_members(work);
    }
    json_close_object(&work->writer);
}

/* ---- What depends on several members ---- */

static bool is_word_json_said(const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->message_count; i++) {
        for (size_t k = 0; k < chat->messages[i].part_count; k++) {
            str text = chat->messages[i].parts[k].text;
            if (str_find_nocase(text, STR("json")) < text.len) {
                return true;
            }
        }
    }
    return false;
}

/* Whether response_format is sent, and whether the prompt says it instead or too. */
static void decide_format(struct openai_work *work)
{
    const struct chat_request *chat = work->chat;
    bool is_schema = chat->answer_form == ANSWER_JSON_SCHEMA;
    bool is_json = is_schema || chat->answer_form == ANSWER_JSON_OBJECT;
    bool is_excluded = is_json && work->quirks->json_excludes_tools && chat->tool_count > 0;
    bool needs_word = work->quirks->schema == SCHEMA_WORDS && !is_word_json_said(chat);

    work->sends_format = takes(work, "response_format") && !is_excluded;
    work->says_form = is_schema ? !work->sends_format || work->quirks->schema == SCHEMA_WORDS
                                : is_json && (!work->sends_format || needs_word);
}

static void decide_stream(struct openai_work *work)
{
    const struct chat_request *chat = work->chat;
    bool is_json =
        (chat->answer_form == ANSWER_JSON_SCHEMA || chat->answer_form == ANSWER_JSON_OBJECT) &&
        work->sends_format;
    enum effort effort = openai_effort_asked(chat);
    bool thinks = effort != EFFORT_UNSET && effort != EFFORT_NONE;

    work->streams = (chat->stream && !(is_json && work->quirks->json_excludes_stream)) ||
                    (thinks && work->quirks->thinks_streamed_only);
}

static bool calls_tools(const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        if (message->parts[i].kind == PART_TOOL_CALL) {
            return true;
        }
    }
    return false;
}

static enum err decide(struct openai_work *work)
{
    const struct chat_request *chat = work->chat;
    bool takes_tools = (model_rules_of(work->model)->takes & TAKES_TOOLS) != 0;

    if (chat->tool_count > 0 && !takes_tools && chat->tool_choice != TOOL_CHOICE_NONE) {
        return openai_cannot_say(work, STR("tools"), "are not taken by this model");
    }
    work->prefill = (model_rules_of(work->model)->takes & TAKES_PREFILL) != 0
                        ? work->quirks->prefill
                        : PREFILL_WORDS;
    work->has_prefill =
        chat_has_prefill(chat) && !calls_tools(&chat->messages[chat->message_count - 1]);
    decide_format(work);
    decide_stream(work);
    return ERR_OK;
}

/* Where the provider takes such a request. */
static str path_of(const struct openai_work *work)
{
    const struct quirks *quirks = work->quirks;
    bool is_marked = work->prefill == PREFILL_PREFIX || work->prefill == PREFILL_PARTIAL;

    return work->has_prefill && is_marked && quirks->prefill_path != NULL
               ? str_c(quirks->prefill_path)
               : STR("/chat/completions");
}

enum err openai_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault)
{
    struct buf buf;
    struct openai_lines lines = {0};
    struct openai_work work = {
        .writer = json_write_to(&buf),
        .arena = arena,
        .chat = chat,
        .model = model,
        .quirks = model->quirks,
        .out = out,
        .fault = fault,
        .is_native = chat->format == FORMAT_OPENAI_CHAT,
    };

    enum err err = decide(&work);
    err = err == ERR_OK ? openai_arrange(&work, &lines) : err;
    if (err != ERR_OK) {
        return err;
    }
    buf_init(&buf, SIZE_MAX / 2); /* bounded by the request it is made from */
    put_body(&work, &lines);
    if (json_write_end(&work.writer) != ERR_OK) {
        buf_free(&buf);
        *fault = (struct fault){.kind = ERR_TOO_BIG,
                                .type = FAULT_PAYLOAD_TOO_LARGE,
                                .message = STR("the request is too big for the provider")};
        return ERR_TOO_BIG;
    }
    out->http = (struct http_request){
        .method = STR("POST"),
        .path = path_of(&work),
        .body = arena_copy(arena, buf_str(&buf)),
    };
    buf_free(&buf);
    headers_add(&out->http.headers, arena, STR("content-type"), STR("application/json"));
    headers_add(&out->http.headers, arena, STR("accept"),
                work.streams ? STR("text/event-stream") : STR("application/json"));
    return ERR_OK;
}
