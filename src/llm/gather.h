/*
 * gather: events -> one whole answer.
 *
 * Owned by the exchange; what it keeps is copied into the arena it was made with, within a stated
 * maximum of bytes.
 */
#pragma once

#include "base/buf.h"
#include "llm/event.h"

struct answer_tool_call {
    str id;
    str name;
    str arguments; /* JSON text; "{}" when the model gave none */
};

/* Raw JSON as text, in order. */
struct answer_list {
    str *at;
    size_t count;
    size_t room;
};

struct answer_extra {
    enum extra_place place;
    int choice; /* of EXTRA_CHOICE and EXTRA_MESSAGE */
    str name;
    str json;
};

struct answer_choice {
    str text;                    /* at == NULL when the model said nothing visible */
    str refusal;                 /* at == NULL when there is none */
    struct reasoning *reasoning; /* whole blocks, in order */
    size_t reasoning_count;
    struct answer_tool_call *tool_calls;
    size_t tool_call_count;
    struct answer_list annotations;
    struct answer_list images;
    str audio;    /* JSON, empty when there is none */
    str logprobs; /* JSON, empty when there is none */
    enum finish_reason finish;
    str native_finish; /* at == NULL when the provider gave none */
};

struct answer {
    str upstream_id;
    str upstream_model;
    struct answer_choice *choices; /* at least one once gathered */
    size_t choice_count;
    struct answer_extra *extras;
    size_t extra_count;
    struct usage usage;
    bool has_usage;
    struct cost cost;
};

struct gather; /* made in an arena */

/* At most `bytes_max` bytes are kept. */
struct gather *gather_new(struct arena *arena, size_t bytes_max);
void gather_free(struct gather *gather);

/* ERR_TOO_BIG past the maximum. */
enum err gather_add(struct gather *gather, const struct event *event) MUST_CHECK;

/* The answer so far; lives in the arena. */
struct answer *gather_answer(struct gather *gather);
