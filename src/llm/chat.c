#include "llm/chat.h"

#include "base/macros.h"

enum { BUDGET_TOKENS_MIN = 1024, BUDGET_TOKENS_MAX = 128000 };

static const struct {
    str name;
    int percent; /* of max_tokens that may go into reasoning */
} efforts[] = {
    [EFFORT_UNSET] = {STR_INIT(""), 0},           [EFFORT_NONE] = {STR_INIT("none"), 0},
    [EFFORT_MINIMAL] = {STR_INIT("minimal"), 10}, [EFFORT_LOW] = {STR_INIT("low"), 20},
    [EFFORT_MEDIUM] = {STR_INIT("medium"), 50},   [EFFORT_HIGH] = {STR_INIT("high"), 80},
    [EFFORT_XHIGH] = {STR_INIT("xhigh"), 95},     [EFFORT_MAX] = {STR_INIT("max"), 95},
};

bool chat_has_prefill(const struct chat_request *chat)
{
    assert(chat->message_count > 0);
    return chat->messages[chat->message_count - 1].role == ROLE_ASSISTANT;
}

str effort_name(enum effort effort)
{
    assert((size_t)effort < COUNT_OF(efforts));
    return efforts[effort].name;
}

enum effort effort_by_name(str name)
{
    for (size_t i = EFFORT_UNSET + 1; i < COUNT_OF(efforts); i++) {
        if (str_eq(name, efforts[i].name)) {
            return (enum effort)i;
        }
    }
    return EFFORT_UNSET;
}

int64_t effort_budget_tokens(enum effort effort, int64_t max_tokens)
{
    assert((size_t)effort < COUNT_OF(efforts));
    int64_t budget = BUDGET_TOKENS_MAX;

    if (efforts[effort].percent == 0) {
        return 0;
    }
    if (max_tokens < (int64_t)BUDGET_TOKENS_MAX * 100) { /* so that the product cannot overflow */
        budget = max_tokens * efforts[effort].percent / 100;
    }
    budget = budget < BUDGET_TOKENS_MAX ? budget : BUDGET_TOKENS_MAX;
    return budget > BUDGET_TOKENS_MIN ? budget : BUDGET_TOKENS_MIN;
}

enum effort effort_by_budget(int64_t budget_tokens, int64_t max_tokens, enum effort least,
                             enum effort most)
{
    enum effort nearest = least;
    int64_t least_distance = INT64_MAX;

    for (enum effort effort = least; effort <= most; effort++) {
        int64_t distance = effort_budget_tokens(effort, max_tokens) - budget_tokens;
        distance = distance < 0 ? -distance : distance;
        if (distance < least_distance) {
            least_distance = distance;
            nearest = effort;
        }
    }
    return nearest;
}
