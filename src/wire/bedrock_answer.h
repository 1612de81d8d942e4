/*
 * bedrock_answer: what a Converse answer says, block by block, as events.
 *
 * Private to the bedrock dialect.  bedrock_dialect.c takes an answer out of its framing; a stream
 * tells of each block in pieces, a whole answer has all of it at once, and both end here.
 */
#pragma once

#include "base/buf.h"
#include "codec/eventstream.h"
#include "wire/decoding.h"

enum { BEDROCK_CALLS_MAX = 64, BEDROCK_WORD_BYTES_MAX = 64 };

enum bedrock_call_kind {
    BEDROCK_CALL_TOOL,
    BEDROCK_CALL_JSON,    /* of JSON_TOOL: its input is visible text */
    BEDROCK_CALL_SKIPPED, /* of a tool that the provider runs itself */
};

/* A call whose block is open. */
struct bedrock_call {
    int64_t block; /* its index on the wire; some models give several calls the same */
    int64_t tool;  /* its index among our calls */
    enum bedrock_call_kind kind;
    bool has_input;
};

/* Blocks that may be open beside calls: none is announced, so the first piece opens it. */
enum bedrock_block_kind { BEDROCK_NONE, BEDROCK_TEXT, BEDROCK_REASONING, BEDROCK_REDACTED };

/* The state of one answer. */
struct bedrock_answer {
    struct eventstream_decoder frames;
    struct buf body; /* FRAMING_WHOLE: all of it, parsed at the end */

    struct bedrock_call calls[BEDROCK_CALLS_MAX];
    size_t call_count;

    int64_t index;        /* of the open block, on the wire */
    struct buf citations; /* of the open block, one a line */
    int64_t text_from;    /* characters of the answer before the text that citations stand for */
    int64_t text_chars;

    struct buf image; /* its bytes so far */
    int64_t image_index;
    char image_format[BEDROCK_WORD_BYTES_MAX];

    int64_t tool_count;
    int64_t reasoning_count;
    struct repetition repetition;

    char native[BEDROCK_WORD_BYTES_MAX]; /* the stop reason */
    size_t native_len;

    enum bedrock_block_kind block; /* the open one */
    bool is_claude;                /* by the model's name */
    bool started;
    bool stopped; /* the reason is known; the counts may follow */
    bool done;
    bool block_has_text;
    bool has_image;
    bool has_json;   /* JSON_TOOL was called: once is an answer */
    bool drops_text; /* it is called: text around it is not the answer */
    bool said_anything;
};

/* One call of decode(): what it works on. */
struct bedrock_work {
    struct decoder *decoder;
    struct bedrock_answer *answer;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
};

/* START, once. */
void bedrock_start(struct bedrock_work *work);

/* A member of `start`: a call begins, or an image. */
enum err bedrock_open(struct bedrock_work *work, int64_t index, json *start) MUST_CHECK;

/* A piece of a block; opens it where nothing announced it. */
enum err bedrock_add(struct bedrock_work *work, int64_t index, json *delta) MUST_CHECK;

/* The block with that index ends. */
enum err bedrock_close(struct bedrock_work *work, int64_t index) MUST_CHECK;

/* A block of a whole answer; `text` is what `block` was read from. */
enum err bedrock_take_block(struct bedrock_work *work, int64_t index, json *block,
                            str text) MUST_CHECK;

/* JSON_TOOL was called somewhere in the content of a whole answer. */
bool bedrock_calls_json_tool(json *content);

/* All blocks end, for the reason given. */
enum err bedrock_stop(struct bedrock_work *work, str reason) MUST_CHECK;

void bedrock_take_usage(struct bedrock_work *work, json *wire);

/* FINISH. */
void bedrock_finish(struct bedrock_work *work);
