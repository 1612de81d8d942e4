/*
 * chat: the neutral request.
 *
 * A surface parses a client's body into one of these; every dialect encodes from it.  What it does
 * not understand travels along as the JSON it was read from (`raw`, `root`), together with the
 * format that JSON is in, so that a dialect of the same format loses nothing and any other leaves
 * it out.  Everything lives in the arena that the surface was handed; read-only once parsed.
 */
#pragma once

#include "base/arena.h"
#include "codec/json.h"

#include <stdint.h>

enum { CHAT_CHOICES_MAX = 128 };

/* Formats that raw JSON can be in. */
enum chat_format { FORMAT_OPENAI_CHAT, FORMAT_OPENAI_RESPONSES, FORMAT_ANTHROPIC, FORMAT_GEMINI };

enum chat_role { ROLE_SYSTEM, ROLE_DEVELOPER, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

enum part_kind {
    PART_TEXT,
    PART_REFUSAL,
    PART_IMAGE,
    PART_AUDIO,
    PART_VIDEO,
    PART_FILE,
    PART_REASONING, /* .reasoning */
    PART_TOOL_CALL,
    PART_OTHER, /* a kind we do not know: only .raw */
};

enum chat_reasoning_kind {
    CHAT_REASONING_TEXT,
    CHAT_REASONING_SUMMARY,
    CHAT_REASONING_ENCRYPTED,
    CHAT_REASONING_PLAIN, /* text handed back without signature or format (`reasoning`) */
};

struct chat_part {
    enum part_kind kind;
    str text; /* TEXT, REFUSAL, and REASONING: its text, summary or opaque data */

    /* IMAGE, VIDEO, FILE: either `url` (http or https), or `data` (base64) with its `mime`, or
     * `id` of an uploaded file.  AUDIO: `data` and `mime` (a bare format such as "wav").  A part
     * that was fetched for a provider that needs bytes has `url`, `data` and `mime`. */
    str url;
    str mime;
    str data;
    str detail; /* IMAGE: "auto", "low", "high"; empty when absent */

    str id;        /* TOOL_CALL: its id, REASONING: the block's id, FILE: an uploaded file's id */
    str name;      /* TOOL_CALL: the function's name, FILE: the file's name */
    str arguments; /* TOOL_CALL: JSON text, never empty ("{}") */

    enum chat_reasoning_kind reasoning;
    str signature; /* REASONING */
    str format;    /* REASONING: whose it is, such as "anthropic-claude-v1" */

    bool has_cache_mark; /* cache_control: {"type":"ephemeral"} */
    str cache_ttl;       /* "5m", "1h" or empty */
    json *raw;           /* the part as it came, NULL when it was made of a plain string */
};

struct chat_message {
    enum chat_role role;
    bool is_error;           /* ROLE_TOOL: the tool failed */
    str name;                /* empty when absent */
    str tool_call_id;        /* ROLE_TOOL */
    struct chat_part *parts; /* ASSISTANT: reasoning, then text, then tool calls */
    size_t part_count;
    json *raw; /* the whole message; NULL when made by us */
};

struct chat_tool {
    str name;
    str description;  /* at == NULL when absent */
    json *parameters; /* JSON Schema, NULL when absent */
    bool strict;
    bool has_cache_mark;
    str cache_ttl;
    bool is_function; /* false: a provider's own tool, only .raw */
    json *raw;
};

enum tool_choice {
    TOOL_CHOICE_UNSET,
    TOOL_CHOICE_AUTO,
    TOOL_CHOICE_NONE,
    TOOL_CHOICE_REQUIRED,
    TOOL_CHOICE_NAMED
};
enum answer_form {
    ANSWER_UNSET,
    ANSWER_TEXT,
    ANSWER_JSON_OBJECT,
    ANSWER_JSON_SCHEMA,
    ANSWER_OTHER
};
enum effort {
    EFFORT_UNSET,
    EFFORT_NONE,
    EFFORT_MINIMAL,
    EFFORT_LOW,
    EFFORT_MEDIUM,
    EFFORT_HIGH,
    EFFORT_XHIGH,
    EFFORT_MAX
};
enum tristate { TRI_UNSET, TRI_FALSE, TRI_TRUE };

/* An optional number; zero is a value, absence is `set == false`. */
struct chat_number {
    bool set;
    double value;
};

struct chat_reasoning {
    bool set; /* the client said something about reasoning */
    enum tristate enabled;
    enum effort effort;
    int64_t max_tokens; /* 0: not given */
    bool exclude;       /* the model reasons, the client does not want to see it */
    str summary;        /* "auto", "concise", "detailed" or empty */
};

struct chat_request {
    str model;   /* empty when only `models` is given */
    str *models; /* fallback list, in order */
    size_t model_count;
    bool stream;
    bool is_text;          /* `prompt` was sent: choices carry `text` */
    bool wants_usage_cost; /* usage: {"include": true} */

    struct chat_message *messages; /* at least one */
    size_t message_count;

    int64_t max_tokens; /* max_completion_tokens, else max_tokens; 0: not given */
    int64_t choices;    /* `n`: answers asked for, at most CHAT_CHOICES_MAX; 0: not given */
    struct chat_number temperature, top_p, top_k, min_p, top_a;
    struct chat_number frequency_penalty, presence_penalty, repetition_penalty;
    struct chat_number seed;
    str *stop;
    size_t stop_count;

    struct chat_tool *tools;
    size_t tool_count;
    enum tool_choice tool_choice;
    str tool_choice_name; /* TOOL_CHOICE_NAMED */
    enum tristate parallel_tool_calls;

    enum answer_form answer_form;
    str schema_name;
    str schema_description;
    json *schema;
    bool schema_strict;

    struct chat_reasoning reasoning;
    str verbosity;
    str user;
    str session_id;
    str service_tier;
    bool has_cache_mark; /* cache_control at the top */
    str cache_ttl;

    bool require_parameters; /* provider.require_parameters: drop nothing, refuse instead */

    enum chat_format format; /* of every raw in this request */
    str betas;               /* FORMAT_ANTHROPIC: the `anthropic-beta` header that came, "a,b" */
    json *root;              /* the whole body as it came */
};

/* True when the last message is the assistant's: the model continues it. */
bool chat_has_prefill(const struct chat_request *chat);

/* "low" and so on; empty for EFFORT_UNSET. */
str effort_name(enum effort effort);

/* EFFORT_UNSET when the word is none of them. */
enum effort effort_by_name(str name);

/* Reasoning tokens for an effort out of `max_tokens`: clamp(max_tokens x ratio, 1024, 128000), with
 * ratio max and xhigh .95, high .8, medium .5, low .2, minimal .1 (api-contract.md section 1.7). */
int64_t effort_budget_tokens(enum effort effort, int64_t max_tokens);

/* The effort from `least` to `most` whose share of `max_tokens` is nearest to `budget_tokens`. */
enum effort effort_by_budget(int64_t budget_tokens, int64_t max_tokens, enum effort least,
                             enum effort most);
