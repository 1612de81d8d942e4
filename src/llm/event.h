/*
 * event: what a model says, as one neutral sequence.
 *
 * Every dialect decodes into these events and every surface encodes from them, so N dialects and M
 * surfaces need N + M translations.  A whole (not streamed) answer is the same sequence, gathered.
 *
 * Order: START once and first; then content in the order it came; FINISH once per choice; USAGE any
 * number of times, the last one counts.  A failure is not an event: the decoder returns it.
 * Slices live in the scratch arena of the decode() call that made the event, until the next one.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "codec/json.h"
#include "llm/usage.h"

#include <stdint.h>

enum event_kind {
    EVENT_START,      /* .start */
    EVENT_TEXT,       /* .text: more visible text */
    EVENT_REFUSAL,    /* .text: more of a refusal's explanation */
    EVENT_REASONING,  /* .reasoning: more of one reasoning block */
    EVENT_TOOL_CALL,  /* .tool: a call begins */
    EVENT_TOOL_ARGS,  /* .tool_args: more of its JSON arguments */
    EVENT_ANNOTATION, /* .raw: one element of `annotations` in OpenAI's form */
    EVENT_IMAGE,      /* .raw: one element of `images` in OpenRouter's form */
    EVENT_AUDIO,      /* .raw: a piece of `audio` in OpenAI's form */
    EVENT_LOGPROBS,   /* .raw: `logprobs` of a choice in OpenAI's form */
    EVENT_EXTRA,      /* .extra: a member we do not know, in its own format */
    EVENT_USAGE,      /* .usage: running totals, the last one counts */
    EVENT_FINISH,     /* .finish: nothing but USAGE and EXTRA may follow in this choice */
};

enum finish_reason {
    FINISH_NONE, /* the provider gave none */
    FINISH_STOP,
    FINISH_LENGTH,
    FINISH_TOOL_CALLS,
    FINISH_CONTENT_FILTER,
    FINISH_ERROR,
};

enum reasoning_kind {
    REASONING_TEXT,      /* readable, perhaps signed */
    REASONING_SUMMARY,   /* a readable summary of hidden reasoning */
    REASONING_ENCRYPTED, /* opaque data to be handed back; `text` holds it */
};

/* A piece of a reasoning block.  Pieces of one block have the same index. */
struct reasoning {
    enum reasoning_kind kind;
    int64_t index; /* of the block in the answer, from 0 */
    str text;
    str signature; /* at the end of a signed block, with empty text */
    str id;        /* of the block, empty when it has none */
    str format;    /* "anthropic-claude-v1", "openai-responses-v1", ...; empty: unknown */
};

/* Where an unknown member stood. */
enum extra_place { EXTRA_BODY, EXTRA_CHOICE, EXTRA_MESSAGE };

struct event {
    enum event_kind kind;
    int choice; /* 0 but for n > 1 */
    union {
        struct {
            str id;          /* the provider's */
            str model;       /* as the provider names it */
            int64_t created; /* Unix seconds, 0 when not given */
        } start;
        str text;
        struct reasoning reasoning;
        struct {
            int64_t index; /* counts tool calls of the choice from 0, without gaps */
            str id;        /* never empty: minted when the provider gives none */
            str name;
        } tool;
        struct {
            int64_t index;
            str json; /* a piece of the arguments' text */
        } tool_args;
        json *raw;
        struct {
            enum extra_place place;
            str name;
            json *value;
        } extra;
        struct {
            struct usage usage;
            struct cost cost; /* filled by gate before a surface encodes the event */
        };
        struct {
            enum finish_reason reason;
            str native; /* the provider's own word; at == NULL when it gave none */
        } finish;
    };
};

/* Events in order; grows in an arena. */
struct event_list {
    struct event *at;
    size_t len;
    size_t room;
};

/* A zeroed event of that kind at the end of the list; valid until the next one is added. */
struct event *event_list_add(struct event_list *list, struct arena *arena, enum event_kind kind);

const char *event_kind_name(enum event_kind kind);

/* "stop", "length", ...; "" for FINISH_NONE. */
str finish_reason_name(enum finish_reason reason);
