/*
 * What each Claude model takes.  Data, not code: a new model is a row.
 *
 * Source: the vendor's model and migration pages and SDK types as of August 2026
 * (provider-dialects.md section 5.5).  The longest prefix that fits comes first.
 */
#include "wire/anthropic.h"

enum {
    CLAUDE_3 = TAKES_PREFILL | TAKES_FORCED_TOOL,
    CLAUDE_4_1 = TAKES_PREFILL | TAKES_FORCED_TOOL | TAKES_SCHEMA,
    CLAUDE_4_6 = TAKES_FORCED_TOOL | TAKES_SCHEMA | TAKES_EFFORT,
    CLAUDE_4_7 = TAKES_FORCED_TOOL | TAKES_SCHEMA | TAKES_EFFORT | TAKES_XHIGH,
    CLAUDE_5 = CLAUDE_4_7 | THINKS_UNASKED,
    CLAUDE_FABLE = TAKES_SCHEMA | TAKES_EFFORT | TAKES_XHIGH,
};

static const struct anthropic_model models[] = {
    {"claude-opus-5", 128000, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_5},
    {"claude-sonnet-5", 128000, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_5},
    {"claude-fable-5", 128000, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_FABLE},
    {"claude-mythos-5", 128000, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_FABLE},
    {"claude-opus-4-8", 128000, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_4_7},
    {"claude-opus-4-7", 128000, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_4_7},
    {"claude-opus-4-6", 128000, THINKING_BUDGET_ADAPTIVE, SAMPLING_ONE, CLAUDE_4_6},
    {"claude-sonnet-4-6", 128000, THINKING_BUDGET_ADAPTIVE, SAMPLING_ONE, CLAUDE_4_6},
    {"claude-opus-4-5", 64000, THINKING_BUDGET, SAMPLING_ONE, CLAUDE_4_1 | TAKES_EFFORT},
    {"claude-sonnet-4-5", 64000, THINKING_BUDGET, SAMPLING_ONE, CLAUDE_4_1},
    {"claude-haiku-4-5", 64000, THINKING_BUDGET, SAMPLING_ONE, CLAUDE_4_1},
    {"claude-opus-4-1", 32000, THINKING_BUDGET, SAMPLING_ONE, CLAUDE_4_1},
    {"claude-sonnet-4", 64000, THINKING_BUDGET, SAMPLING_FREE, CLAUDE_3},
    {"claude-opus-4", 32000, THINKING_BUDGET, SAMPLING_FREE, CLAUDE_3},
    {"claude-3-7-sonnet", 64000, THINKING_BUDGET, SAMPLING_FREE, CLAUDE_3},
    {"claude-3-5-", 8192, THINKING_NONE, SAMPLING_FREE, CLAUDE_3},
    {"claude-3-", 4096, THINKING_NONE, SAMPLING_FREE, CLAUDE_3},
    /* A Claude we do not know is newer than this table: what the newest refuse is not sent. */
    {"claude-", 0, THINKING_ADAPTIVE, SAMPLING_NONE, CLAUDE_4_7},
};

/* Another vendor's model behind this API: what every such server takes. */
static const struct anthropic_model unknown = {
    "", 0, THINKING_BUDGET, SAMPLING_FREE, TAKES_PREFILL | TAKES_FORCED_TOOL,
};

/* The name from "claude-" on, with dashes for dots: vendor and region prefixes are gone. */
static str dashed_id(str name, char *id, size_t room)
{
    size_t at = str_find_nocase(name, STR("claude-"));
    str rest = str_take(str_skip(name, at), room);

    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.at[i];
        id[i] = c;
        if (c == '.') {
            id[i] = '-';
        } else if (c >= 'A' && c <= 'Z') {
            id[i] = (char)(c - 'A' + 'a');
        }
    }
    return str_of(id, rest.len);
}

const struct anthropic_model *anthropic_model_by_name(str name)
{
    char room[64];
    str id = dashed_id(name, room, sizeof(room));

    for (size_t i = 0; i < COUNT_OF(models); i++) {
        if (str_has_prefix(id, str_c(models[i].prefix))) {
            return &models[i];
        }
    }
    return &unknown;
}
