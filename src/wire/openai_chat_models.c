/*
 * Which parameters a model takes: what is known of the model (llm/rules.h), the provider's quirks,
 * and what the operator wrote about the model.
 */
#include "wire/openai_chat.h"

/* What an operator may list in a model's `parameters`; others are not decided by that list. */
static const char listable[] = "temperature top_p top_k min_p top_a frequency_penalty "
                               "presence_penalty repetition_penalty seed stop logit_bias logprobs "
                               "top_logprobs response_format verbosity parallel_tool_calls "
                               "web_search_options ";

static bool is_reasoning_on(const struct chat_request *chat, enum reasoning_habit habit)
{
    const struct chat_reasoning *reasoning = &chat->reasoning;
    bool is_asked = reasoning->max_tokens > 0 ||
                    (reasoning->effort != EFFORT_UNSET && reasoning->effort != EFFORT_NONE);

    switch (habit) {
    case HABIT_ALWAYS:
        return true;
    case HABIT_BY_DEFAULT:
        return reasoning->effort != EFFORT_NONE;
    case HABIT_ON_REQUEST:
        return is_asked;
    case HABIT_UNKNOWN:
    case HABIT_NEVER:
        break;
    }
    return false;
}

static bool is_listed(const struct model *model, str name)
{
    for (size_t i = 0; i < model->parameter_count; i++) {
        bool is_schema = str_eq(name, STR("response_format")) &&
                         str_eq(model->parameters[i], STR("structured_outputs"));
        if (str_eq(model->parameters[i], name) || is_schema) {
            return true;
        }
    }
    return false;
}

/* Some models take no sampling, and some one way of it, whoever serves them. */
static bool may_sample(const struct chat_request *chat, const struct model_rules *rules, str name)
{
    bool is_sampling = openai_words_have("temperature top_p top_k ", name);
    bool is_second = str_eq(name, STR("top_p")) && chat->temperature.set;

    return !is_sampling || rules->sampling == SAMPLING_FREE ||
           (rules->sampling == SAMPLING_ONE && !is_second);
}

bool openai_takes_param(const struct chat_request *chat, const struct model *model, str name)
{
    const struct model_rules *rules = model_rules_of(model);

    if (openai_words_have(model->quirks->refused, name)) {
        return false;
    }
    if (model->parameters != NULL && openai_words_have(listable, name)) {
        return is_listed(model, name);
    }
    if (rules_words_have(rules->refused, name) || !may_sample(chat, rules, name)) {
        return false;
    }
    return !is_reasoning_on(chat, rules->habit) ||
           !rules_words_have(rules->refused_reasoning, name);
}

bool openai_fits_any(const char *patterns, str name)
{
    char room[256];
    str plain = rules_plain_id(name, room, sizeof(room));
    str rest = str_c(patterns);

    while (rest.len > 0) {
        str pattern = str_split(&rest, ' ');
        if (pattern.len > 0 && rules_match(pattern, plain)) {
            return true;
        }
    }
    return false;
}

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

/* The nearest effort but none that the provider has a word for, the greater of two; EFFORT_UNSET
 * when it has none. */
static enum effort nearest_effort(const char *words, enum effort effort)
{
    for (int step = 0; step <= EFFORT_MAX - EFFORT_MINIMAL; step++) {
        int above = (int)effort + step;
        int below = (int)effort - step;
        if (above <= EFFORT_MAX && openai_words_have(words, effort_name((enum effort)above))) {
            return (enum effort)above;
        }
        if (below >= EFFORT_MINIMAL && openai_words_have(words, effort_name((enum effort)below))) {
            return (enum effort)below;
        }
    }
    return EFFORT_UNSET;
}

static enum effort known_effort(const char *words, enum effort effort)
{
    return words == NULL || openai_words_have(words, effort_name(effort))
               ? effort
               : nearest_effort(words, effort);
}

/* For who asks that the model does not reason: who cannot stop does the least of it. */
static enum effort least_effort(const struct model_rules *rules, const char *words)
{
    bool can_stop = rules->habit != HABIT_ALWAYS;

    if (can_stop && (words == NULL || openai_words_have(words, STR("none")))) {
        return EFFORT_NONE;
    }
    if (can_stop && rules->habit != HABIT_BY_DEFAULT) {
        return EFFORT_UNSET; /* to say nothing is the nearest to it */
    }
    return known_effort(words, rules->least != EFFORT_UNSET ? rules->least : EFFORT_LOW);
}

enum effort openai_effort_for(const struct chat_request *chat, const struct model *model)
{
    const struct model_rules *rules = model_rules_of(model);
    const char *words = model->quirks->efforts;
    enum effort effort = openai_effort_asked(chat);

    if (effort == EFFORT_UNSET || rules->habit == HABIT_NEVER) {
        return EFFORT_UNSET;
    }
    if (effort == EFFORT_NONE) {
        return least_effort(rules, words);
    }
    effort = rules->least != EFFORT_UNSET && effort < rules->least ? rules->least : effort;
    effort = rules->most != EFFORT_UNSET && effort > rules->most ? rules->most : effort;
    return known_effort(words, effort);
}

enum effort openai_effort_asked(const struct chat_request *chat)
{
    const struct chat_reasoning *reasoning = &chat->reasoning;

    return reasoning->effort == EFFORT_UNSET && reasoning->max_tokens > 0
               ? effort_of_budget(reasoning->max_tokens, chat->max_tokens)
               : reasoning->effort;
}
