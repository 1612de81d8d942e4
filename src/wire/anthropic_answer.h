/*
 * anthropic_answer: the events of one answer of the Messages API, out of whatever framing.
 *
 * Private to the dialect.  Belongs to one decoder; lives in its arena but for `held`.
 */
#pragma once

#include "wire/anthropic.h"
#include "wire/decoding.h"

enum anthropic_block_kind {
    BLOCK_NONE,
    BLOCK_TEXT,
    BLOCK_THINKING,
    BLOCK_TOOL,
    BLOCK_JSON,    /* a call of JSON_TOOL: its input is visible text */
    BLOCK_SKIPPED, /* tools the provider runs itself, and kinds not known yet */
};

/* Counts as the wire has them: apart, not inside each other. */
struct anthropic_counts {
    int64_t input;
    int64_t cache_read;
    int64_t cache_write;
    int64_t cache_write_1h;
    int64_t output;
    int64_t thinking;
    int64_t web_searches;
};

struct anthropic_answer {
    bool started;
    bool ended; /* no more bytes will come */
    bool done;  /* the message is complete */

    enum anthropic_block_kind block; /* the one that is open */
    int64_t index;                   /* its index on the wire, which counts blocks of all kinds */
    bool has_input;                  /* TOOL, JSON: a delta brought some */
    struct buf held;   /* TOOL, JSON: input that came whole; TEXT: its citations, one a line */
    int64_t text_from; /* TEXT: characters of the answer's text before it */

    struct repetition repetition;

    int64_t text_chars;
    int64_t tool_count;
    int64_t reasoning_count;
    bool said_anything;
    bool drops_text;      /* JSON_TOOL is called: text around it is not the answer */
    bool has_final_usage; /* message_delta counted */

    struct anthropic_counts counts;
    char native[64]; /* the stop reason */
    size_t native_len;
};

/* One call of decode(): what it works on. */
struct anthropic_work {
    struct decoder *decoder;
    struct anthropic_answer *answer;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
    str text; /* of the event at hand */
};

/* One event of a stream, as JSON. */
enum err anthropic_take_event(struct anthropic_work *work, str data) MUST_CHECK;

/* A whole answer. */
enum err anthropic_take_body(struct anthropic_work *work, str body) MUST_CHECK;
