/*
 * gemini_decode: what the two files that read answers of the Gemini API share.
 *
 * Private to them.  gemini_dialect.c takes bytes apart into response objects, whatever their
 * framing; gemini_answer.c turns one object after the other into events.
 */
#pragma once

#include "codec/json_text.h"
#include "codec/sse.h"
#include "wire/decoding.h"
#include "wire/gemini.h"

enum {
    GEMINI_ANNOTATIONS_MAX = 256,     /* of one answer; more of them are left out */
    GEMINI_SEARCHES_MAX = 256,        /* for cited text, when it is not where it was said to be */
    GEMINI_TEXT_BYTES_MAX = 1 << 20,  /* of a choice, kept to find what a citation stands behind */
    GEMINI_FINISH_WORD_BYTES_MAX = 64 /* a longer one is cut */
};

struct gemini_choice {
    struct buf text; /* visible text so far; owned */
    int64_t tool_count;
    int64_t reasoning_count;
    bool is_thinking; /* the last part was a thought: the next thought goes on with it */
    bool said_anything;

    struct repetition repetition;

    char native[GEMINI_FINISH_WORD_BYTES_MAX]; /* the reason it finished */
    size_t native_len;                         /* 0: it has not */
};

/* Counts as the wire has them: apart, not inside each other. */
struct gemini_counts {
    int64_t prompt;
    int64_t tool_prompt;
    int64_t candidates;
    int64_t thoughts;
    int64_t cached;
    int64_t total;
    int64_t web_searches;
};

/* The state of one answer. */
struct gemini_answer {
    struct sse_decoder sse;
    struct buf body; /* JSON outside events: all of a whole answer, or an error behind a stream */
    bool in_line;    /* SSE: the last byte did not end a line */
    bool is_bare;    /* SSE: a line that is no event was seen; all that follows is `body` */
    bool has_ended;  /* no more bytes will come */
    bool is_whole_object; /* the body is one object, so nothing of it is missing */

    bool has_started;
    bool is_blocked; /* the prompt was refused */
    char block[GEMINI_FINISH_WORD_BYTES_MAX];
    size_t block_len;

    struct gemini_choice first;
    struct gemini_choice *others; /* CHAT_CHOICES_MAX - 1, made when a second one speaks */
    int choice_end;               /* one past the highest choice that was seen */
    struct map ids;               /* of tool calls */
    int64_t call_count;

    uint64_t *annotations; /* hashes of those given: they come again in later events */
    size_t annotation_count;
    int search_count;

    struct gemini_counts counts;
    struct usage usage; /* as told last */
};

/* One call of decode(): what it works on. */
struct gemini_work {
    struct decoder *decoder;
    struct gemini_answer *answer;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
};

/* Says what one response object says; `text` is what `root` was read from. */
enum err gemini_take_object(struct gemini_work *work, json *root, str text) MUST_CHECK;

/* The bytes ended: ends every choice, or tells that the answer is not complete. */
enum err gemini_end_answer(struct gemini_work *work) MUST_CHECK;

/* Ends what the state holds outside the arena. */
void gemini_free_choices(struct gemini_answer *answer);

/* ---- gemini_parts.c: media, citations and probabilities ---- */

struct event *gemini_add(struct gemini_work *work, enum event_kind kind, int choice);

/* inlineData: an image or a piece of audio. */
enum err gemini_take_media(struct gemini_work *work, int index, json *media) MUST_CHECK;

/* logprobsResult. */
enum err gemini_take_logprobs(struct gemini_work *work, int index, json *result) MUST_CHECK;

/* groundingMetadata and citationMetadata, each once. */
enum err gemini_take_citations(struct gemini_work *work, int index, json *candidate) MUST_CHECK;
