/*
 * `generationConfig` of a request to the Gemini API: limits, sampling, the form of the answer and
 * how much to think.
 */
#include "wire/gemini.h"
#include "wire/quirks.h"
#include "wire/request.h"

enum {
    STOPS_MAX = 5,
    CHOICES_MAX = 8,
    LOGPROBS_MAX = 20,
    BUDGET_TOKENS_BASE = 32768, /* of which an effort is a part, when no bound is known */
};

json *gemini_raw_member(const struct gemini_request *request, const char *name)
{
    return request->chat->format == FORMAT_OPENAI_CHAT ? json_get(request->chat->root, name) : NULL;
}

static void drop(struct gemini_request *request, const char *name)
{
    drops_add(&request->out->drops, request->arena, str_c(name));
}

static bool thinks(const struct gemini_request *request)
{
    return request->rules->habit == HABIT_ALWAYS || request->rules->habit == HABIT_BY_DEFAULT ||
           request->chat->reasoning.set;
}

static bool takes_parameter(const struct gemini_request *request, const char *name)
{
    str refused = str_c(request->model->quirks->refused);

    return request_sends(request->model, thinks(request), str_c(name),
                         !rules_words_have(refused, str_c(name)));
}

/* ---- Limits and sampling ---- */

static void put_max_tokens(struct gemini_request *request)
{
    int64_t limit = model_output_limit(request->model);
    int64_t wanted = request->chat->max_tokens;

    if (wanted > 0) {
        json_put_int(request->writer, "maxOutputTokens",
                     limit > 0 && wanted > limit ? limit : wanted);
    }
}

static void put_sampling(struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;
    const struct {
        const char *name;
        const char *wire;
        const struct chat_number *number;
        bool is_whole;
    } numbers[] = {
        /* the three that SAMPLING_NONE refuses come first */
        {"temperature", "temperature", &chat->temperature, false},
        {"top_p", "topP", &chat->top_p, false},
        {"top_k", "topK", &chat->top_k, true},
        {"seed", "seed", &chat->seed, true},
        {"presence_penalty", "presencePenalty", &chat->presence_penalty, false},
        {"frequency_penalty", "frequencyPenalty", &chat->frequency_penalty, false},
    };

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        double value = numbers[i].number->value;
        bool is_refused = i < 3 && request->rules->sampling == SAMPLING_NONE;
        bool fits = !numbers[i].is_whole || (value >= INT32_MIN && value <= INT32_MAX);
        if (!numbers[i].number->set || (numbers[i].number == &chat->top_k && value < 1)) {
            continue; /* a top_k of 0 means no limit */
        }
        if (is_refused || !fits || !takes_parameter(request, numbers[i].name)) {
            drop(request, numbers[i].name);
        } else if (numbers[i].is_whole) {
            json_put_int(request->writer, numbers[i].wire, (int64_t)value);
        } else {
            json_put_real(request->writer, numbers[i].wire, value);
        }
    }
}

static void put_stop(struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;
    size_t count = 0;

    if (chat->stop_count > 0 && !takes_parameter(request, "stop")) {
        drop(request, "stop");
        return;
    }
    for (size_t i = 0; i < chat->stop_count; i++) {
        if (chat->stop[i].len == 0) {
            continue;
        }
        if (count == STOPS_MAX) {
            drop(request, "stop");
            break;
        }
        if (count++ == 0) {
            json_open_array(request->writer, "stopSequences");
        }
        json_put_str(request->writer, NULL, chat->stop[i]);
    }
    if (count > 0) {
        json_close_array(request->writer);
    }
}

/* Models that think give one choice in a stream. */
static void put_choices(struct gemini_request *request)
{
    int64_t choices = request->chat->choices;
    bool is_refused = request->chat->stream && thinks(request);

    if (choices <= 1) {
        return;
    }
    if (is_refused || !takes_parameter(request, "n")) {
        drop(request, "n");
        return;
    }
    if (choices > CHOICES_MAX) {
        drop(request, "n");
        choices = CHOICES_MAX;
    }
    json_put_int(request->writer, "candidateCount", choices);
}

static void put_logprobs(struct gemini_request *request)
{
    int64_t top = json_as_int(gemini_raw_member(request, "top_logprobs"));

    if (!json_as_bool(gemini_raw_member(request, "logprobs"))) {
        return;
    }
    if (!takes_parameter(request, "logprobs")) {
        drop(request, "logprobs");
        return;
    }
    json_put_bool(request->writer, "responseLogprobs", true);
    if (top > 0) {
        json_put_int(request->writer, "logprobs", top < LOGPROBS_MAX ? top : LOGPROBS_MAX);
    }
}

/* ---- The form of the answer ---- */

/* The schema as it is, without the words that only name its kind. */
static void put_whole_schema(struct gemini_request *request, json *schema)
{
    struct json_walk walk = json_walk(schema);

    json_open_object(request->writer, "responseJsonSchema");
    while (json_next(&walk)) {
        if (!str_eq(walk.name, STR("$schema")) && !str_eq(walk.name, STR("strict"))) {
            json_put_named_value(request->writer, walk.name, walk.value);
        }
    }
    json_close_object(request->writer);
}

static void put_form(struct gemini_request *request)
{
    json *schema = request->chat->schema;

    if (request->json != GEMINI_JSON_BY_MIME) {
        return;
    }
    json_put_str(request->writer, "responseMimeType", STR("application/json"));
    if (!json_is(schema, JSON_OBJECT)) {
        return;
    }
    if (gemini_takes(request, TAKES_JSON_SCHEMA)) {
        put_whole_schema(request, schema);
    } else {
        gemini_schema_put(request->writer, "responseSchema", schema, request->arena);
    }
}

/* A word in capitals, as enumerations are written here. */
static str in_capitals(struct arena *arena, str word)
{
    char *text = arena_take_raw(arena, word.len + 1);

    for (size_t i = 0; i < word.len; i++) {
        char c = word.at[i];
        text[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return str_of(text, word.len);
}

/* Text is what comes when nothing is said. */
static bool wants_more_than_text(json *modalities)
{
    struct json_walk walk = json_walk(modalities);

    while (json_next(&walk)) {
        if (!str_eq(json_as_str(walk.value), STR("text"))) {
            return true;
        }
    }
    return false;
}

static void put_modalities(struct gemini_request *request)
{
    json *modalities = gemini_raw_member(request, "modalities");
    str voice = json_str(gemini_raw_member(request, "audio"), "voice");
    struct json_walk walk = json_walk(modalities);

    if (!wants_more_than_text(modalities)) {
        return;
    }
    json_open_array(request->writer, "responseModalities");
    while (json_next(&walk)) {
        json_put_str(request->writer, NULL, in_capitals(request->arena, json_as_str(walk.value)));
    }
    json_close_array(request->writer);
    if (voice.len > 0) {
        json_open_object(request->writer, "speechConfig");
        json_open_object(request->writer, "voiceConfig");
        json_open_object(request->writer, "prebuiltVoiceConfig");
        json_put_str(request->writer, "voiceName", voice);
        json_close_object(request->writer);
        json_close_object(request->writer);
        json_close_object(request->writer);
    }
}

static void put_image_config(struct gemini_request *request)
{
    json *config = gemini_raw_member(request, "image_config");
    str ratio = json_str(config, "aspect_ratio");
    str size = json_str(config, "image_size");

    if (ratio.len + size.len == 0) {
        return;
    }
    json_open_object(request->writer, "imageConfig");
    if (ratio.len > 0) {
        json_put_str(request->writer, "aspectRatio", ratio);
    }
    if (size.len > 0) {
        json_put_str(request->writer, "imageSize", size);
    }
    json_close_object(request->writer);
}

/* ---- Thinking ---- */

/* What is to be thought, in the words of `thinkingConfig`. */
struct thinking {
    bool shows;         /* the client wants to read it */
    bool has_budget;    /* .budget_tokens */
    enum effort effort; /* EFFORT_UNSET: the model decides */
    int64_t budget_tokens;
};

static int64_t effort_base(const struct gemini_request *request)
{
    int64_t most = request->rules->budget_max;
    int64_t base = most > 0 ? most : BUDGET_TOKENS_BASE;

    return request->chat->max_tokens > 0 ? request->chat->max_tokens : base;
}

/* Tokens for an effort; beside the answer itself when there is a limit for both. */
static int64_t effort_tokens(const struct gemini_request *request, enum effort effort)
{
    int64_t limit = request->chat->max_tokens;
    int64_t tokens = effort_budget_tokens(effort, effort_base(request));

    return limit > 0 && tokens >= limit ? limit / 2 : tokens;
}

static int64_t clamp_budget(const struct model_rules *rules, int64_t tokens)
{
    if (rules->budget_max > 0 && tokens > rules->budget_max) {
        return rules->budget_max;
    }
    return tokens < rules->budget_min ? rules->budget_min : tokens;
}

static enum effort clamp_level(const struct model_rules *rules, enum effort effort)
{
    effort = effort == EFFORT_NONE ? EFFORT_MINIMAL : effort;
    effort = effort > EFFORT_HIGH ? EFFORT_HIGH : effort;
    if (rules->least != EFFORT_UNSET && rules->least != EFFORT_NONE && effort < rules->least) {
        return rules->least;
    }
    if (rules->most != EFFORT_UNSET && effort > rules->most) {
        return rules->most;
    }
    return effort;
}

static void decide_level(const struct gemini_request *request, bool is_off,
                         struct thinking *thinking)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;

    if (is_off) {
        thinking->effort = clamp_level(request->rules, EFFORT_NONE);
    } else if (reasoning->effort != EFFORT_UNSET) {
        thinking->effort = clamp_level(request->rules, reasoning->effort);
    } else if (reasoning->max_tokens > 0) {
        thinking->effort =
            clamp_level(request->rules, effort_by_budget(reasoning->max_tokens, BUDGET_TOKENS_BASE,
                                                         EFFORT_MINIMAL, EFFORT_HIGH));
    }
}

/* A budget is understood by all models that think, so it also tells one that is not known. */
static void decide_budget(const struct gemini_request *request, bool is_off,
                          struct thinking *thinking)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    const struct model_rules *rules = request->rules;

    thinking->has_budget = true;
    if (is_off) {
        thinking->budget_tokens = rules->habit == HABIT_ALWAYS ? rules->budget_min : 0;
        thinking->has_budget = rules->habit != HABIT_ALWAYS || rules->budget_min > 0;
    } else if (reasoning->max_tokens > 0) {
        thinking->budget_tokens = clamp_budget(rules, reasoning->max_tokens);
    } else if (reasoning->effort != EFFORT_UNSET) {
        thinking->budget_tokens = clamp_budget(rules, effort_tokens(request, reasoning->effort));
    } else {
        thinking->has_budget = reasoning->enabled == TRI_TRUE;
        thinking->budget_tokens = -1; /* as the model sees fit */
    }
}

static void put_thinking(struct gemini_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    bool is_off = reasoning->enabled == TRI_FALSE || reasoning->effort == EFFORT_NONE;
    struct thinking thinking = {.shows = !is_off && !reasoning->exclude};

    if (!reasoning->set) {
        return;
    }
    if (request->rules->thinking == THINKING_NONE || request->rules->habit == HABIT_NEVER) {
        if (!is_off) {
            drop(request, "reasoning");
        }
        return;
    }
    if (request->rules->thinking == THINKING_LEVEL) {
        decide_level(request, is_off, &thinking);
    } else {
        decide_budget(request, is_off, &thinking);
    }
    if (!thinking.shows && !thinking.has_budget && thinking.effort == EFFORT_UNSET) {
        return;
    }
    json_open_object(request->writer, "thinkingConfig");
    if (thinking.has_budget) {
        json_put_int(request->writer, "thinkingBudget", thinking.budget_tokens);
    } else if (thinking.effort != EFFORT_UNSET) {
        json_put_str(request->writer, "thinkingLevel",
                     in_capitals(request->arena, effort_name(thinking.effort)));
    }
    if (thinking.shows) {
        json_put_bool(request->writer, "includeThoughts", true);
    }
    json_close_object(request->writer);
}

/* ---- All of it ---- */

void gemini_put_config(struct gemini_request *request)
{
    size_t before = request->writer->out->len;

    json_open_object(request->writer, "generationConfig");
    size_t opened = request->writer->out->len;
    put_max_tokens(request);
    put_sampling(request);
    put_stop(request);
    put_choices(request);
    put_logprobs(request);
    put_form(request);
    put_modalities(request);
    put_image_config(request);
    put_thinking(request);
    if (request->writer->out->len == opened) { /* nothing is said */
        request->writer->out->len = before;
        request->writer->needs_comma = true;
        return;
    }
    json_close_object(request->writer);
}
