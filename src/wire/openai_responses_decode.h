/*
 * openai_responses_decode: the state of one answer of the Responses API while it is read.
 *
 * Private to openai_responses_dialect.c, which knows how answers begin and end,
 * openai_responses_answer.c, which knows items, and openai_responses_forms.c.
 */
#pragma once

#include "codec/sse.h"
#include "llm/event.h"
#include "wire/decoding.h"
#include "wire/openai_responses.h"

enum { RESPONSES_ITEMS_MAX = 1024 };

/* What an item can say piece by piece. */
enum responses_speech {
    SPEECH_TEXT,
    SPEECH_REFUSAL,
    SPEECH_ARGUMENTS,
    SPEECH_REASONING, /* readable reasoning */
    SPEECH_SUMMARY,   /* a summary of hidden reasoning */
};

/* The part of an item that is being said, and how much of it was passed on: enough to tell whether
 * a whole text that comes later goes on from there. */
struct responses_part {
    int64_t index; /* of the part in the item */
    size_t given;  /* bytes */
    uint64_t sum;  /* of their values */
};

/* An item of the answer. */
struct responses_state {
    enum responses_item kind;
    int64_t output_index; /* as the events tell; < 0: they do not */
    uint64_t id;          /* a hash of its id, 0: none.  Some servers change ids at every event. */
    int64_t number;       /* CALLs: of the tool call, REASONING: of the block, among its like */
    struct responses_part content;
    struct responses_part summary; /* REASONING */
    int64_t text_from;             /* MESSAGE: characters of the answer's text before the part */
    size_t annotations;            /* MESSAGE: passed on */
    bool has_spoken;               /* something of `content` or `summary` was passed on */
    bool has_summary;              /* something of `summary` was */
    bool is_open;                  /* CALLs: EVENT_TOOL_CALL went out */
    bool has_extra;                /* IMAGE: it went out; REASONING: its opaque content did */
    bool is_claimed;               /* the whole answer at the end told of it */
    bool owes;                     /* pieces were left out: its whole text must come */
};

/* The state of one answer. */
struct responses_answer {
    struct sse_decoder sse;
    struct buf body; /* FRAMING_WHOLE: all of it, parsed at the end */
    bool has_started;
    bool is_done;  /* the answer is complete: what follows is ignored */
    bool is_deaf;  /* an event could not be read: only whole texts are believed from then on */
    bool has_said; /* anything at all */

    struct responses_state *items; /* in decoder->arena */
    size_t item_count;
    size_t item_room;
    int64_t tool_count;
    int64_t reasoning_count;
    int64_t web_searches;
    int64_t text_chars;
    uint64_t *call_ids; /* hashes of the ids of calls that went out; as many as tool_count */
    size_t call_room;

    bool is_chat;        /* the answer came in the chat format after all: */
    struct decoder chat; /* ... and is read by its dialect */
};

/* One call of decode(): what it works on. */
struct responses_work {
    struct decoder *decoder;
    struct responses_answer *answer;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
};

/* The event is about an item that grows. */
enum err responses_take_event(struct responses_work *work, enum responses_event type,
                              json *root) MUST_CHECK;

/* START, unless it was said; `response` may be NULL. */
void responses_start(struct responses_work *work, json *response);

/* The whole of `output`: says what was not said yet.  Then closes all calls. */
enum err responses_take_output(struct responses_work *work, json *output) MUST_CHECK;

/* ---- In the chat's form; in scratch, NULL when there is nothing that a chat can hold ---- */

/* An element of `annotations`.  Citations of files and containers point at what a chat's client
 * cannot reach.  Its indices count from the text's part, which begins at character `text_from` of
 * the whole text. */
json *responses_citation(struct responses_work *work, json *annotation, int64_t text_from);

/* `logprobs` of a choice. */
json *responses_logprobs(struct responses_work *work, json *tokens);

/* An element of `images`, out of a finished image_generation_call. */
json *responses_image(struct responses_work *work, json *item);
