/*
 * Which parameters a model takes: provider-dialects.md section 2.2 (state of September 2026), the
 * provider's quirks, and what the operator wrote about the model.
 */
#include "wire/openai_chat.h"

/* OpenAI's own models; the first prefix that fits counts. */
static const struct openai_model_row rows[] = {
    {STR_INIT("gpt-5.6"), HABIT_BY_DEFAULT, EFFORT_LOW, EFFORT_MAX},
    {STR_INIT("gpt-5.5-pro"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.4-pro"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.2-pro"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.3-chat"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-5.2-chat"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-5.1-chat"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-5.1-codex"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-5.5"), HABIT_BY_DEFAULT, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.4"), HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.3"), HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.2"), HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_XHIGH},
    {STR_INIT("gpt-5.1"), HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-5-chat"), HABIT_NEVER, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-5"), HABIT_ALWAYS, EFFORT_MINIMAL, EFFORT_HIGH},
    {STR_INIT("o1"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("o3"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("o4"), HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-4"), HABIT_NEVER, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("gpt-3.5"), HABIT_NEVER, EFFORT_LOW, EFFORT_HIGH},
    {STR_INIT("chatgpt-4o"), HABIT_NEVER, EFFORT_LOW, EFFORT_HIGH},
};

static const struct openai_model_row unknown_row = {STR_INIT(""), HABIT_UNKNOWN, EFFORT_LOW,
                                                    EFFORT_HIGH};

/* What OpenAI's models refuse while they reason. */
static const char refused_in_reasoning[] = "temperature top_p presence_penalty frequency_penalty "
                                           "logprobs top_logprobs logit_bias stop ";

/* What an operator may list in a model's `parameters`; others are not decided by that list. */
static const char listable[] = "temperature top_p top_k min_p top_a frequency_penalty "
                               "presence_penalty repetition_penalty seed stop logit_bias logprobs "
                               "top_logprobs response_format verbosity parallel_tool_calls "
                               "web_search_options ";

const struct openai_model_row *openai_model_row(str name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_has_prefix(name, rows[i].prefix)) {
            return &rows[i];
        }
    }
    return &unknown_row;
}

/* Only who names the limit as OpenAI does serves OpenAI's own models. */
static const struct openai_model_row *row_of(const struct model *model)
{
    return model->quirks->max_completion_tokens ? openai_model_row(model->name) : &unknown_row;
}

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

bool openai_takes_param(const struct chat_request *chat, const struct model *model, str name)
{
    const struct openai_model_row *row = row_of(model);

    if (model->quirks->refused != NULL && openai_words_have(model->quirks->refused, name)) {
        return false;
    }
    if (model->parameters != NULL && openai_words_have(listable, name)) {
        return is_listed(model, name);
    }
    if (row->habit == HABIT_NEVER && str_eq(name, STR("verbosity"))) {
        return false;
    }
    return !is_reasoning_on(chat, row->habit) || !openai_words_have(refused_in_reasoning, name);
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

enum effort openai_effort_for(const struct chat_request *chat, const struct model *model)
{
    const struct openai_model_row *row = row_of(model);
    enum effort effort = chat->reasoning.effort;

    if (effort == EFFORT_UNSET && chat->reasoning.max_tokens > 0) {
        effort = effort_of_budget(chat->reasoning.max_tokens, chat->max_tokens);
    }
    if (effort == EFFORT_UNSET || row->habit == HABIT_NEVER) {
        return EFFORT_UNSET;
    }
    if (effort == EFFORT_NONE) { /* who cannot stop reasoning does the least of it */
        return row->habit == HABIT_ALWAYS ? row->least : EFFORT_NONE;
    }
    effort = effort < row->least ? row->least : effort;
    return effort > row->most ? row->most : effort;
}
