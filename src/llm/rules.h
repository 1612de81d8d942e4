/*
 * rules: what each model takes, as data that ages in weeks and can be replaced.
 *
 * The built-in data is share/models.json, with its source and date; it is linked into the program,
 * and an operator may put a newer file in its place.  A book is built at load and never changed;
 * rows and their strings live in the arena it was read into.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "llm/chat.h"

#include <stdint.h>

/* When a model reasons. */
enum reasoning_habit {
    HABIT_UNKNOWN,    /* not in the data: whatever the client says is sent */
    HABIT_NEVER,      /* does not reason */
    HABIT_ON_REQUEST, /* reasons when asked to */
    HABIT_BY_DEFAULT, /* reasons unless it is told not to */
    HABIT_ALWAYS,     /* and cannot be told not to */
};

/* How a model is told how much to reason. */
enum thinking_style {
    THINKING_UNKNOWN,
    THINKING_NONE,
    THINKING_BUDGET,          /* a number of tokens (Claude 3.7 to 4.5, Gemini 2.5) */
    THINKING_BUDGET_ADAPTIVE, /* either */
    THINKING_ADAPTIVE,        /* by effort only (Claude 4.7 and later) */
    THINKING_LEVEL,           /* by level (Gemini 3 and later) */
    THINKING_EFFORT,          /* `reasoning_effort` (OpenAI) */
};

enum sampling_rule {
    SAMPLING_FREE,
    SAMPLING_ONE,  /* temperature or top_p, not both */
    SAMPLING_NONE, /* temperature, top_p and top_k are refused */
};

/* What else a model takes or does, as bits; the word of the data file behind each.  A row begins
 * with those of rules_unknown, adds its `takes` and loses its `lacks`. */
enum {
    TAKES_SCHEMA = 1 << 0,            /* schema: structured output by JSON Schema, strict tools */
    TAKES_EFFORT = 1 << 1,            /* effort: an effort beside thinking (Claude) */
    TAKES_XHIGH = 1 << 2,             /* xhigh: that effort; else it is sent as the next one */
    TAKES_PREFILL = 1 << 3,           /* prefill: a last message of the assistant's */
    TAKES_FORCED_TOOL = 1 << 4,       /* forced_tool: tool_choice required and named */
    TAKES_SYSTEM = 1 << 5,            /* system: a system prompt */
    TAKES_TOOLS = 1 << 6,             /* tools */
    TAKES_TOOLS_STREAMED = 1 << 7,    /* tools_streamed: tools while streaming */
    TAKES_SCHEMA_WITH_TOOLS = 1 << 8, /* schema_with_tools: both in one request */
    TAKES_IMAGES = 1 << 9,            /* images */
    TAKES_JSON_SCHEMA = 1 << 10,      /* json_schema: whole JSON Schema, not a subset (Gemini) */
    TAKES_CACHE_MARKS = 1 << 11,      /* cache_marks: explicit cache points (Bedrock) */
    THINKS_WITH_TOKENS = 1 << 12,     /* thinking_counts: the output limit holds the thinking */
};

struct model_rules {
    str match;                 /* a pattern over the plain id; '*' stands for any text */
    int64_t output_tokens_max; /* 0: not known */
    enum reasoning_habit habit;
    enum effort least; /* what asking for less becomes; EFFORT_UNSET: no bound */
    enum effort most;
    enum thinking_style thinking;
    int64_t budget_min; /* tokens; 0: not known */
    int64_t budget_max;
    enum sampling_rule sampling;
    unsigned takes;        /* TAKES_ and THINKS_ bits */
    str refused;           /* parameters refused always, each with a blank behind it */
    str refused_reasoning; /* refused while it reasons */
};

/* For a model that no row fits: nothing is known, so all that is usual is taken. */
extern const struct model_rules rules_unknown;

struct rule_book {
    const struct model_rules *rows; /* in the order of the file */
    size_t count;
    str source; /* where the facts are from, for people */
    str as_of;  /* "2026-09-01" */
};

/* Reads the data file.  ERR_INVALID when it is not JSON or a member is wrong; *fault says which. */
enum err rules_read(str text, struct arena *arena, struct rule_book *out,
                    struct fault *fault) MUST_CHECK;

/* Room for the plain id of any model that is known; a longer one is cut. */
enum { PLAIN_ID_BYTES_MAX = 128 };

/* The plain id of a model in any platform's spelling, in lower case, written into `room`:
 * "anthropic/claude-3.5-sonnet:beta" is "claude-3-5-sonnet", and
 * "us.anthropic.claude-3-5-sonnet-20240620-v1:0" and "claude-3-5-sonnet@20240620" both are
 * "claude-3-5-sonnet-20240620". */
str rules_plain_id(str name, char *room, size_t size);

/* The first row whose pattern fits the plain id; rules_unknown when none does.  Never NULL. */
const struct model_rules *rules_find(const struct rule_book *book, str name);

/* True when `text` is `pattern`, where '*' stands for any text, also none. */
bool rules_match(str pattern, str text);

/* True when `words` ("auto none ") holds the word. */
bool rules_words_have(str words, str word);
