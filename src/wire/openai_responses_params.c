/*
 * What a request of the Responses API asks of the model besides its conversation.
 */
#include "wire/openai_responses_encode.h"
#include "wire/quirks.h"

enum { OUTPUT_TOKENS_MIN = 16 };

/* ---- What the model takes ---- */

/* What an operator may list in a model's `parameters`; others are not decided by that list. */
static const char listable[] =
    "temperature top_p logprobs top_logprobs response_format verbosity parallel_tool_calls ";

static bool is_listed(const struct model *model, str name)
{
    bool is_form = str_eq(name, STR("response_format"));

    return model_lists(model, name) || (is_form && model_lists(model, STR("structured_outputs")));
}

static bool is_sampling_refused(const struct responses_request *request, str name)
{
    enum sampling_rule rule = request->rules->sampling;
    bool is_top_p = str_eq(name, STR("top_p"));
    bool is_either = is_top_p || str_eq(name, STR("temperature"));

    return (rule == SAMPLING_NONE && is_either) ||
           (rule == SAMPLING_ONE && is_top_p && request->chat->temperature.set);
}

bool responses_takes(const struct responses_request *request, const char *name)
{
    str word = str_c(name);

    if (rules_words_have(str_c(request->model->quirks->refused), word)) {
        return false;
    }
    if (request->model->parameters != NULL && rules_words_have(str_c(listable), word)) {
        return is_listed(request->model, word);
    }
    return !rules_words_have(request->rules->refused, word) &&
           !is_sampling_refused(request, word) &&
           !(request->reasons && rules_words_have(request->rules->refused_reasoning, word));
}

bool responses_takes_or_drops(struct responses_request *request, const char *name)
{
    if (responses_takes(request, name)) {
        return true;
    }
    drops_add(&request->out->drops, request->arena, str_c(name));
    return false;
}

/* ---- Deciding ---- */

/* The effort whose budget is nearest to a number of tokens. */
static enum effort effort_of_budget(int64_t tokens, int64_t max_tokens)
{
    enum { USUAL_MAX_TOKENS = 32768 };
    int64_t room = max_tokens > 0 ? max_tokens : USUAL_MAX_TOKENS;

    if (tokens <= effort_budget_tokens(EFFORT_LOW, room)) {
        return EFFORT_LOW;
    }
    return tokens <= effort_budget_tokens(EFFORT_MEDIUM, room) ? EFFORT_MEDIUM : EFFORT_HIGH;
}

static enum effort wanted_effort(const struct responses_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;

    if (reasoning->enabled == TRI_FALSE) {
        return EFFORT_NONE;
    }
    if (reasoning->effort != EFFORT_UNSET) {
        return reasoning->effort;
    }
    if (reasoning->max_tokens > 0) {
        return effort_of_budget(reasoning->max_tokens, request->chat->max_tokens);
    }
    bool must_ask = request->rules->habit == HABIT_ON_REQUEST && reasoning->enabled == TRI_TRUE;
    return must_ask ? EFFORT_MEDIUM : EFFORT_UNSET;
}

/* The effort nearest to the wanted one, downwards first, that the provider knows a word for. */
static enum effort known_effort(const struct responses_request *request, enum effort effort)
{
    str words = str_c(request->model->quirks->efforts);

    for (int other = (int)effort; words.len > 0 && other > (int)EFFORT_NONE; other--) {
        if (rules_words_have(words, effort_name((enum effort)other))) {
            return (enum effort)other;
        }
    }
    for (int other = (int)effort; words.len > 0 && other <= (int)EFFORT_MAX; other++) {
        if (rules_words_have(words, effort_name((enum effort)other))) {
            return (enum effort)other;
        }
    }
    return effort;
}

/* Who cannot stop reasoning does the least of it. */
static enum effort fitting_effort(const struct responses_request *request)
{
    const struct model_rules *rules = request->rules;
    enum effort effort = wanted_effort(request);

    if (effort == EFFORT_UNSET || rules->habit == HABIT_NEVER) {
        return EFFORT_UNSET;
    }
    if (effort == EFFORT_NONE) {
        enum effort least = rules->least != EFFORT_UNSET ? rules->least : EFFORT_LOW;
        return rules->habit == HABIT_ALWAYS ? known_effort(request, least) : EFFORT_NONE;
    }
    effort = effort < rules->least ? rules->least : effort;
    effort = rules->most != EFFORT_UNSET && effort > rules->most ? rules->most : effort;
    return known_effort(request, effort);
}

/* Reasoning counts as on only where the data knows the model: what is refused beside it is data. */
static bool is_reasoning_on(const struct responses_request *request)
{
    switch (request->rules->habit) {
    case HABIT_ALWAYS:
        return true;
    case HABIT_BY_DEFAULT:
        return request->effort != EFFORT_NONE;
    case HABIT_ON_REQUEST:
        return request->effort > EFFORT_NONE;
    case HABIT_UNKNOWN:
    case HABIT_NEVER:
        break;
    }
    return false;
}

static bool has_format_of_openai(const struct chat_request *chat)
{
    return chat->format == FORMAT_OPENAI_CHAT || chat->format == FORMAT_OPENAI_RESPONSES;
}

/* A member that both of OpenAI's formats have under one name; NULL for none. */
static json *shared_member(const struct responses_request *request, const char *name)
{
    json *value = has_format_of_openai(request->chat) ? json_get(request->chat->root, name) : NULL;

    return json_is_none(value) ? NULL : value;
}

void responses_decide(struct responses_request *request)
{
    request->stores = json_as_bool(shared_member(request, "store"));
    request->effort = fitting_effort(request);
    request->reasons = is_reasoning_on(request);
}

/* ---- Writing ---- */

static void put_limit(struct responses_request *request)
{
    int64_t limit = model_output_limit(request->model);
    int64_t wanted = request->chat->max_tokens;

    wanted = limit > 0 && wanted > limit ? limit : wanted;
    if (wanted > 0 && responses_takes_or_drops(request, "max_tokens")) {
        json_put_int(request->writer, "max_output_tokens",
                     wanted > OUTPUT_TOKENS_MIN ? wanted : OUTPUT_TOKENS_MIN);
    }
}

/* As the client wrote it, where it did. */
static void put_number(struct responses_request *request, const char *name,
                       const struct chat_number *number)
{
    json *raw = shared_member(request, name);

    if (!number->set || !responses_takes_or_drops(request, name)) {
        return;
    }
    if (raw != NULL) {
        json_put_value(request->writer, name, raw);
    } else {
        json_put_real(request->writer, name, number->value);
    }
}

static void put_schema(struct responses_request *request)
{
    const struct chat_request *chat = request->chat;
    str name = chat->schema_name.len > 0 ? chat->schema_name : STR("answer");

    json_put_str(request->writer, "name", name);
    if (chat->schema_description.len > 0) {
        json_put_str(request->writer, "description", chat->schema_description);
    }
    if (chat->schema != NULL) {
        json_put_value(request->writer, "schema", chat->schema);
    }
    json_put_bool(request->writer, "strict", chat->schema_strict);
}

static void put_format(struct responses_request *request)
{
    bool is_schema = request->chat->answer_form == ANSWER_JSON_SCHEMA;

    json_open_object(request->writer, "format");
    json_put_str(request->writer, "type", is_schema ? STR("json_schema") : STR("json_object"));
    if (is_schema) {
        put_schema(request);
    }
    json_close_object(request->writer);
}

/* `text`: the form of the answer and how wordy it is. */
static enum err put_text(struct responses_request *request)
{
    const struct chat_request *chat = request->chat;
    json *raw = request->is_native ? json_get(chat->root, "text") : NULL;
    bool is_json =
        chat->answer_form == ANSWER_JSON_OBJECT || chat->answer_form == ANSWER_JSON_SCHEMA;
    bool is_other = chat->answer_form == ANSWER_OTHER;

    if (is_other && !request->is_native) {
        return responses_refuse(request, STR("response_format.type"),
                                "is not known to this model's provider");
    }
    bool puts_format =
        (is_json || is_other) && responses_takes_or_drops(request, "response_format");
    bool puts_verbosity = chat->verbosity.len > 0 && responses_takes_or_drops(request, "verbosity");
    if (!puts_format && !puts_verbosity && json_count(raw) == 0) {
        return ERR_OK;
    }
    json_open_object(request->writer, "text");
    if (puts_format && is_json) {
        put_format(request);
    } else if (puts_format) {
        json_put_value(request->writer, "format", json_get(raw, "format"));
    }
    if (puts_verbosity) {
        json_put_str(request->writer, "verbosity", chat->verbosity);
    }
    responses_put_rest(request, raw, "format verbosity ");
    json_close_object(request->writer);
    return ERR_OK;
}

/* Who asks for reasoning in the chat format wants to read it; in this one it says so itself. */
static str summary_of(const struct responses_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    bool is_wanted = !request->is_native && !reasoning->exclude &&
                     reasoning->enabled != TRI_FALSE && request->effort != EFFORT_NONE;

    if (reasoning->summary.len > 0 && !reasoning->exclude) {
        return reasoning->summary;
    }
    return is_wanted ? STR("auto") : STR_NONE;
}

/* What else `reasoning` may hold: what both formats call alike, or in this format all of it. */
static void put_reasoning_rest(struct responses_request *request)
{
    static const char *const names[] = {"mode", "context"};
    json *raw = shared_member(request, "reasoning");

    if (request->is_native) {
        responses_put_rest(request, raw, "effort summary ");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (json_str(raw, names[i]).len > 0) {
            json_put_value(request->writer, names[i], json_get(raw, names[i]));
        }
    }
}

static void put_reasoning(struct responses_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    json *raw = request->is_native ? shared_member(request, "reasoning") : NULL;

    if (!reasoning->set && json_count(raw) == 0) {
        return;
    }
    if (request->rules->habit == HABIT_NEVER) {
        if (wanted_effort(request) != EFFORT_NONE) {
            drops_add(&request->out->drops, request->arena, STR("reasoning"));
        }
        return;
    }
    bool puts_effort =
        request->effort != EFFORT_UNSET && responses_takes_or_drops(request, "reasoning_effort");
    str summary = summary_of(request);
    if (!puts_effort && summary.len == 0 && json_count(raw) == 0) {
        return;
    }
    json_open_object(request->writer, "reasoning");
    if (puts_effort) {
        json_put_str(request->writer, "effort", effort_name(request->effort));
    }
    if (summary.len > 0) {
        json_put_str(request->writer, "summary", summary);
    }
    put_reasoning_rest(request);
    json_close_object(request->writer);
}

/* Models that do not reason refuse to be asked for what they reasoned. */
static bool wants_encrypted(const struct responses_request *request)
{
    enum reasoning_habit habit = request->rules->habit;
    bool is_asked = request->chat->reasoning.set && request->effort != EFFORT_NONE;

    return !request->stores && habit != HABIT_NEVER && (habit != HABIT_UNKNOWN || is_asked);
}

static bool wants_logprobs(struct responses_request *request)
{
    return !request->is_native && json_as_bool(shared_member(request, "logprobs")) &&
           responses_takes_or_drops(request, "logprobs");
}

/* What the answer shall hold besides its texts. */
static void put_include(struct responses_request *request, bool has_logprobs)
{
    json *raw = request->is_native ? json_get(request->chat->root, "include") : NULL;
    struct json_walk walk = json_walk(json_is(raw, JSON_ARRAY) ? raw : NULL);
    bool has_encrypted = wants_encrypted(request);

    if (!has_logprobs && !has_encrypted && walk.left == 0) {
        return;
    }
    json_open_array(request->writer, "include");
    while (json_next(&walk)) {
        has_encrypted =
            has_encrypted && !str_eq(json_as_str(walk.value), STR("reasoning.encrypted_content"));
        json_put_value(request->writer, NULL, walk.value);
    }
    if (has_encrypted) {
        json_put_str(request->writer, NULL, STR("reasoning.encrypted_content"));
    }
    if (has_logprobs) {
        json_put_str(request->writer, NULL, STR("message.output_text.logprobs"));
    }
    json_close_array(request->writer);
}

static void put_logprobs(struct responses_request *request)
{
    bool has_logprobs = wants_logprobs(request);
    json *count = shared_member(request, "top_logprobs");

    put_include(request, has_logprobs);
    if (count != NULL && (has_logprobs || request->is_native) &&
        responses_takes_or_drops(request, "top_logprobs")) {
        json_put_value(request->writer, "top_logprobs", count);
    }
}

static void put_word(struct responses_request *request, const char *name, str word)
{
    if (word.len > 0 && responses_takes_or_drops(request, name)) {
        json_put_str(request->writer, name, word);
    }
}

/* Members that are the same in the chat format. */
static void put_shared(struct responses_request *request)
{
    static const char *const names[] = {"metadata", "safety_identifier", "prompt_cache_key",
                                        "prompt_cache_retention", "prompt_cache_options"};
    const struct chat_request *chat = request->chat;
    bool knows_tier = has_format_of_openai(chat) ||
                      rules_words_have(STR("auto default flex priority "), chat->service_tier);

    put_word(request, "user", chat->user);
    if (knows_tier) {
        put_word(request, "service_tier", chat->service_tier);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json *value = shared_member(request, names[i]);
        if (value != NULL && responses_takes_or_drops(request, names[i])) {
            json_put_value(request->writer, names[i], value);
        }
    }
}

static void drop(struct responses_request *request, bool is_said, const char *name)
{
    if (is_said) {
        drops_add(&request->out->drops, request->arena, str_c(name));
    }
}

/* What this API has no word for. */
static void drop_unsayable(struct responses_request *request)
{
    static const char *const members[] = {"logit_bias", "prediction", "audio", "image_config",
                                          "web_search_options"};
    const struct chat_request *chat = request->chat;
    const struct {
        const struct chat_number *number;
        const char *name;
    } numbers[] = {
        {&chat->top_k, "top_k"},
        {&chat->min_p, "min_p"},
        {&chat->top_a, "top_a"},
        {&chat->frequency_penalty, "frequency_penalty"},
        {&chat->presence_penalty, "presence_penalty"},
        {&chat->repetition_penalty, "repetition_penalty"},
        {&chat->seed, "seed"},
    };

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        drop(request, numbers[i].number->set, numbers[i].name);
    }
    drop(request, chat->stop_count > 0, "stop");
    drop(request, chat->choices > 1, "n");
    for (size_t i = 0; i < COUNT_OF(members) && !request->is_native; i++) {
        drop(request, shared_member(request, members[i]) != NULL, members[i]);
    }
}

enum err responses_put_params(struct responses_request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->stream) {
        json_put_bool(request->writer, "stream", true);
    }
    json_put_bool(request->writer, "store", request->stores);
    put_limit(request);
    put_number(request, "temperature", &chat->temperature);
    put_number(request, "top_p", &chat->top_p);
    put_reasoning(request);
    put_logprobs(request);
    put_shared(request);
    drop_unsayable(request);
    return put_text(request);
}
