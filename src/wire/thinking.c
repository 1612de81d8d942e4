/*
 * How much a model is to think, by what the client asks and what the model knows.
 */
#include "wire/thinking.h"

enum { BUDGET_TOKENS_MIN = 1024 };

bool thinking_is_unwanted(const struct chat_reasoning *reasoning)
{
    return reasoning->set && (reasoning->enabled == TRI_FALSE || reasoning->effort == EFFORT_NONE);
}

bool thinking_is_wanted(const struct chat_reasoning *reasoning)
{
    return reasoning->set && !thinking_is_unwanted(reasoning) &&
           (reasoning->enabled == TRI_TRUE || reasoning->effort != EFFORT_UNSET ||
            reasoning->max_tokens > 0);
}

bool thinking_is_habit(const struct model_rules *rules)
{
    return rules->habit == HABIT_BY_DEFAULT || rules->habit == HABIT_ALWAYS;
}

bool thinking_goes_by_effort(const struct model_rules *rules,
                             const struct chat_reasoning *reasoning)
{
    bool has_budget = reasoning->max_tokens > 0 && reasoning->effort == EFFORT_UNSET;

    return rules->thinking == THINKING_ADAPTIVE ||
           (rules->thinking == THINKING_BUDGET_ADAPTIVE && !has_budget);
}

enum effort thinking_effort(const struct chat_reasoning *reasoning, int64_t max_tokens)
{
    if (reasoning->effort != EFFORT_UNSET) {
        return reasoning->effort;
    }
    if (reasoning->enabled == TRI_FALSE) {
        return EFFORT_NONE;
    }
    return reasoning->max_tokens > 0
               ? effort_by_budget(reasoning->max_tokens, max_tokens, EFFORT_LOW, EFFORT_XHIGH)
               : EFFORT_MEDIUM;
}

enum effort thinking_known_effort(const struct model_rules *rules, enum effort effort,
                                  enum effort most)
{
    if (effort == EFFORT_UNSET) {
        return effort;
    }
    if (effort < EFFORT_LOW) {
        effort = EFFORT_LOW;
    }
    if (effort < rules->least) {
        effort = rules->least;
    }
    if (effort == EFFORT_XHIGH && (rules->takes & TAKES_XHIGH) == 0) {
        effort = EFFORT_MAX;
    }
    most = rules->most != EFFORT_UNSET ? rules->most : most;
    return effort > most ? most : effort;
}

/* The budget that was asked for, within what the model takes. */
static int64_t wanted_budget(const struct chat_reasoning *reasoning, const struct model *model,
                             int64_t max_tokens)
{
    const struct model_rules *rules = model_rules_of(model);
    enum effort effort = reasoning->effort != EFFORT_UNSET ? reasoning->effort : EFFORT_MEDIUM;
    int64_t least = rules->budget_min > 0 ? rules->budget_min : BUDGET_TOKENS_MIN;
    int64_t limit = model_output_limit(model);
    int64_t budget = reasoning->max_tokens > 0 ? reasoning->max_tokens
                                               : effort_budget_tokens(effort, max_tokens);

    budget = budget > least ? budget : least;
    if (rules->budget_max > 0 && budget > rules->budget_max) {
        budget = rules->budget_max;
    }
    return limit > 0 && budget > limit ? limit : budget;
}

struct thinking_budget thinking_budget_of(const struct chat_reasoning *reasoning,
                                          const struct model *model, int64_t max_tokens)
{
    int64_t limit = model_output_limit(model);
    int64_t budget = wanted_budget(reasoning, model, max_tokens);

    if (budget >= max_tokens) {
        max_tokens += budget;
        max_tokens = limit > 0 && max_tokens > limit ? limit : max_tokens;
        budget = budget < max_tokens ? budget : max_tokens - 1;
    }
    if (budget < BUDGET_TOKENS_MIN) {
        budget = 0;
    }
    return (struct thinking_budget){budget, max_tokens};
}
