/*
 * The parameters of a chat request as a table: types and ranges of api-contract.md section 1.2.
 */
#include "wire/openai_chat.h"

#include <stddef.h>

#define PARAM(param_name, who, what) \
    .name = STR_INIT(param_name), .audience = FOR_##who, .kind = PARAM_##what
#define RANGE(least, most) .min = (least), .max = (most)
#define FILLS(member) .number_at = offsetof(struct chat_request, member)
#define KEEPS(member) .text_at = offsetof(struct chat_request, member)
#define USUAL(values) .usual = values

/* Integers that a double holds exactly. */
#define SAFE_INT 9007199254740991.0
#define TOKENS_MAX 2147483647.0

const struct openai_param openai_params[] = {
    /* What the model is asked. */
    {PARAM("model", ENCODER, ANY)}, /* checked by openai_decode_request() */
    {PARAM("messages", ENCODER, ANY)},
    {PARAM("prompt", ENCODER, ANY)},
    {PARAM("stream", ENCODER, BOOL)},
    {PARAM("stream_options", ENCODER, OBJECT)},
    {PARAM("max_tokens", ENCODER, INT), RANGE(1, TOKENS_MAX)},
    {PARAM("max_completion_tokens", ENCODER, INT), RANGE(1, TOKENS_MAX)},
    {PARAM("tools", ENCODER, ANY)},
    {PARAM("tool_choice", ENCODER, ANY)},
    {PARAM("functions", ENCODER, ANY)},
    {PARAM("function_call", ENCODER, ANY)},
    {PARAM("reasoning", ENCODER, OBJECT)},
    {PARAM("reasoning_effort", ENCODER, WORD), .words = "none minimal low medium high xhigh max "},
    {PARAM("include_reasoning", ENCODER, BOOL)},
    {PARAM("thinking", ENCODER, ANY)}, /* words of other APIs for the same */
    {PARAM("enable_thinking", ENCODER, ANY)},
    {PARAM("thinking_budget", ENCODER, ANY)},
    {PARAM("n", MODEL, INT), RANGE(1, CHAT_CHOICES_MAX), USUAL("1 ")},
    {PARAM("best_of", MODEL, INT), RANGE(1, 20), USUAL("1 ")},

    /* Sampling. */
    {PARAM("temperature", MODEL, NUMBER), RANGE(0, 2), FILLS(temperature), USUAL("1 1.0 ")},
    {PARAM("top_p", MODEL, NUMBER), RANGE(0, 1), FILLS(top_p), .above_min = true, USUAL("1 1.0 ")},
    {PARAM("top_k", MODEL, INT), RANGE(0, TOKENS_MAX), FILLS(top_k), USUAL("0 ")},
    {PARAM("min_p", MODEL, NUMBER), RANGE(0, 1), FILLS(min_p), USUAL("0 0.0 ")},
    {PARAM("top_a", MODEL, NUMBER), RANGE(0, 1), FILLS(top_a), USUAL("0 0.0 ")},
    {PARAM("frequency_penalty", MODEL, NUMBER), RANGE(-2, 2), FILLS(frequency_penalty),
     USUAL("0 0.0 ")},
    {PARAM("presence_penalty", MODEL, NUMBER), RANGE(-2, 2), FILLS(presence_penalty),
     USUAL("0 0.0 ")},
    {PARAM("repetition_penalty", MODEL, NUMBER), RANGE(0, 2), FILLS(repetition_penalty),
     .above_min = true, USUAL("1 1.0 ")},
    {PARAM("seed", MODEL, INT), RANGE(-SAFE_INT, SAFE_INT), FILLS(seed)},
    {PARAM("stop", MODEL, ANY)},
    {PARAM("logit_bias", MODEL, OBJECT)},
    {PARAM("logprobs", MODEL, BOOL), USUAL("false ")},
    {PARAM("top_logprobs", MODEL, INT), RANGE(0, 20), USUAL("0 ")},

    /* The form of the answer. */
    {PARAM("response_format", MODEL, ANY), USUAL("{\"type\":\"text\"} ")},
    {PARAM("verbosity", MODEL, WORD), .words = "low medium high xhigh max ", KEEPS(verbosity),
     USUAL("\"medium\" ")},
    {PARAM("modalities", MODEL, TEXTS), .max = 3, .words = "text image audio ",
     USUAL("[\"text\"] ")},
    {PARAM("audio", MODEL, OBJECT)},
    {PARAM("prediction", MODEL, OBJECT)},
    {PARAM("image_config", MODEL, OBJECT)},
    {PARAM("parallel_tool_calls", MODEL, BOOL), USUAL("true ")},
    {PARAM("web_search_options", MODEL, OBJECT)},
    {PARAM("x_search_filter", MODEL, OBJECT)},
    {PARAM("store", MODEL, BOOL), USUAL("false ")},
    {PARAM("metadata", MODEL, OBJECT)},
    {PARAM("user", MODEL, TEXT), .max = 4096, KEEPS(user)},
    {PARAM("safety_identifier", MODEL, TEXT), .max = 4096},
    {PARAM("service_tier", MODEL, WORD),
     .words = "auto default flex priority scale fast on_demand performance ", KEEPS(service_tier),
     USUAL("\"auto\" \"default\" ")},
    {PARAM("prompt_cache_key", MODEL, TEXT), .max = 4096},
    {PARAM("prompt_cache_options", MODEL, OBJECT)},
    {PARAM("prompt_cache_retention", MODEL, TEXT), .max = 64},
    {PARAM("cache_control", ENCODER, OBJECT)},

    /* What the gateway does with it. */
    {PARAM("models", GATEWAY, ANY)},
    {PARAM("provider", GATEWAY, OBJECT)},
    {PARAM("route", GATEWAY, WORD), .words = "fallback sort "},
    {PARAM("plugins", GATEWAY, ARRAY)},
    {PARAM("transforms", GATEWAY, TEXTS), .max = 16},
    {PARAM("preset", GATEWAY, TEXT), .max = 256},
    {PARAM("usage", GATEWAY, OBJECT)},
    {PARAM("session_id", GATEWAY, TEXT), .max = 256, KEEPS(session_id)},
    {PARAM("trace", GATEWAY, OBJECT)},
    {PARAM("debug", GATEWAY, OBJECT)},
    {PARAM("structured_outputs", GATEWAY, ANY)}, /* an object is vLLM's own word */
    {PARAM("max_tool_calls", GATEWAY, INT), RANGE(0, 30)},
    {PARAM("stop_server_tools_when", GATEWAY, ARRAY), .min = 1},
    {PARAM("fallback_models", GATEWAY, TEXTS), .max = 16},
    {PARAM("fallback_rules", GATEWAY, ANY)},

    /* Words of other gateways that choose where a request goes and with which key: a client of ours
     * must not reach past us with them (CVE-2024-6587). */
    {PARAM("api_base", GATEWAY, ANY)},
    {PARAM("api_key", GATEWAY, ANY)},
    {PARAM("api_version", GATEWAY, ANY)},
    {PARAM("base_url", GATEWAY, ANY)},
    {PARAM("custom_llm_provider", GATEWAY, ANY)},
    {PARAM("litellm_params", GATEWAY, ANY)},
    {PARAM("extra_headers", GATEWAY, ANY)},
    {PARAM("user_config", GATEWAY, ANY)},
    {PARAM("", GATEWAY, ANY)},
};

const struct openai_param *openai_param_by_name(str name)
{
    for (const struct openai_param *param = openai_params; param->name.len > 0; param++) {
        if (str_eq(name, param->name)) {
            return param;
        }
    }
    return NULL;
}

bool openai_param_is_usual(const struct openai_param *param, json *value, struct arena *arena)
{
    bool is_empty =
        json_is(value, JSON_STR)
            ? json_as_str(value).len == 0
            : (json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT)) && json_count(value) == 0;

    return is_empty ||
           (param->usual != NULL && openai_words_have(param->usual, json_to_text(arena, value)));
}

bool openai_words_have(const char *words, str word)
{
    str rest = str_c(words);

    while (rest.len > 0) {
        if (str_eq(str_split(&rest, ' '), word)) {
            return true;
        }
    }
    return false;
}

/* "auto, default or flex" out of "auto default flex ". */
static str list_of_words(struct arena *arena, const char *words)
{
    str rest = str_c(words);
    str list = str_split(&rest, ' ');

    while (rest.len > 0) {
        str word = str_split(&rest, ' ');
        list = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(list),
                            rest.len > 0 ? ", " : " or ", STR_ARG(word));
    }
    return list;
}

static enum err check_number(struct openai_reader *reader, const struct openai_place *place,
                             const struct openai_param *param, json *value)
{
    bool is_int = param->kind == PARAM_INT;
    enum json_type type = json_type(value);
    double number = json_as_real(value);

    if ((type == JSON_INT || (type == JSON_REAL && !is_int)) && number <= param->max &&
        (param->above_min ? number > param->min : number >= param->min)) {
        return ERR_OK;
    }
    return openai_refuse(reader, place, "must be a %snumber %s %.16g %s %.16g",
                         is_int ? "whole " : "", param->above_min ? "above" : "from", param->min,
                         param->above_min ? "and at most" : "to", param->max);
}

static enum err check_word(struct openai_reader *reader, const struct openai_place *place,
                           const struct openai_param *param, json *value)
{
    if (json_is(value, JSON_STR) && openai_words_have(param->words, json_as_str(value))) {
        return ERR_OK;
    }
    str words = list_of_words(reader->arena, param->words);
    return openai_refuse(reader, place, "must be one of " STR_FMT, STR_ARG(words));
}

static enum err check_texts(struct openai_reader *reader, const struct openai_place *place,
                            const struct openai_param *param, json *value)
{
    struct json_walk walk = json_walk(value);

    if (!json_is(value, JSON_ARRAY) || (double)json_count(value) > param->max) {
        return openai_refuse(reader, place, "must be an array of at most %.0f strings", param->max);
    }
    for (size_t i = 0; json_next(&walk); i++) {
        struct openai_place element = {.parent = place, .index = i};
        if (!json_is(walk.value, JSON_STR)) {
            return openai_refuse(reader, &element, "must be a string");
        }
        if (param->words != NULL) {
            enum err err = check_word(reader, &element, param, walk.value);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}

static enum err check_type(struct openai_reader *reader, const struct openai_place *place,
                           json *value, enum json_type want)
{
    if (json_is(value, want)) {
        return ERR_OK;
    }
    return openai_refuse(reader, place, "must be %s", json_type_name(want));
}

static enum err check_param(struct openai_reader *reader, const struct openai_place *place,
                            const struct openai_param *param, json *value)
{
    str text = STR_NONE;

    switch (param->kind) {
    case PARAM_ANY:
        return ERR_OK;
    case PARAM_BOOL:
        return check_type(reader, place, value, JSON_BOOL);
    case PARAM_INT:
    case PARAM_NUMBER:
        return check_number(reader, place, param, value);
    case PARAM_TEXT:
        return openai_read_name(reader, place, value, (size_t)param->max, &text);
    case PARAM_WORD:
        return check_word(reader, place, param, value);
    case PARAM_TEXTS:
        return check_texts(reader, place, param, value);
    case PARAM_OBJECT:
        return check_type(reader, place, value, JSON_OBJECT);
    case PARAM_ARRAY:
        if ((double)json_count(value) < param->min) {
            return openai_refuse(reader, place, "must not be empty");
        }
        return check_type(reader, place, value, JSON_ARRAY);
    }
    return ERR_OK;
}

static void keep_param(struct chat_request *chat, const struct openai_param *param, json *value)
{
    char *base = (char *)chat;

    if (param->number_at != 0) {
        struct chat_number number = {.set = true, .value = json_as_real(value)};
        memcpy(base + param->number_at, &number, sizeof(number));
    }
    if (param->text_at != 0) {
        str text = json_as_str(value);
        memcpy(base + param->text_at, &text, sizeof(text));
    }
}

enum err openai_read_params(struct openai_reader *reader, json *root)
{
    struct json_walk walk = json_walk(root);

    while (json_next(&walk)) {
        const struct openai_param *param = openai_param_by_name(walk.name);
        if (param == NULL || json_is_none(walk.value)) {
            continue; /* unknown members are kept in the root, null is as good as absent */
        }
        struct openai_place place = {.name = param->name.at};
        enum err err = check_param(reader, &place, param, walk.value);
        if (err != ERR_OK) {
            return err;
        }
        keep_param(reader->chat, param, walk.value);
    }
    return ERR_OK;
}
