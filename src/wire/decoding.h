/*
 * decoding: what the decoders of all dialects do alike, whatever their providers call things.
 *
 * Private to the wire floor.  A fault that is made here blames the provider: another attempt, or
 * another provider, might do better.
 */
#pragma once

#include "base/buf.h"
#include "codec/json_write.h"
#include "codec/sse.h"
#include "wire/dialect.h"

/* ---- Failing: each fills *fault and gives back the error ---- */

/* The provider did what `message` says. */
enum err decoding_broken(struct fault *fault, enum err err, str message) MUST_CHECK;

/* An event, or a whole body, passes decoder->bytes_max. */
enum err decoding_too_big(struct fault *fault) MUST_CHECK;

/* The bytes ended before the answer did. */
enum err decoding_cut(struct fault *fault) MUST_CHECK;

/* `root` tells of an error.  `status` is the one that its words stand for, 0: wire/refusal.h looks.
 * Strings of *fault are copied into `arena`. */
enum err decoding_refused(struct arena *arena, int status, json *root,
                          struct fault *fault) MUST_CHECK;

/* ---- Bytes ---- */

/* Keeps bytes of a body that is parsed when all of it came. */
enum err decoding_keep(struct buf *body, str bytes, struct fault *fault) MUST_CHECK;

/* The next event.  False when *bytes are used up, or when it is too big: then *err and *fault say
 * so. */
bool decoding_next(struct sse_decoder *sse, str *bytes, struct sse_event *event, enum err *err,
                   struct fault *fault) MUST_CHECK;

/* ---- Text that goes on from one that was asked for ---- */

/* How far an answer repeats decoder->hints.prefill.  Zero at first. */
struct repetition {
    size_t len;   /* bytes that came again so far; they are held back until it is_over */
    bool is_over; /* all of it came, or something else did */
};

/* What of `text` is to be said now.  As long as all of it may be a repetition that is nothing; what
 * was held back and is none after all stands in *held, to be said before it. */
str repetition_skip(struct repetition *repetition, str prefill, str text, str *held);

/* No more will come: what was held back is none. */
str repetition_end(struct repetition *repetition, str prefill);

/* ---- What an answer says ---- */

/* The id of a tool call: as given, or minted from its index. */
str decoding_call_id(const struct decoder *decoder, struct arena *scratch, str given,
                     int64_t index);

/* The characters of UTF-8 text. */
int64_t decoding_characters(str text);

/* A page that a text stands on. */
struct citation {
    str url;
    str title;
    str content; /* the words that are cited, or those that stand on it */
    bool has_content;
    int64_t from; /* in the answer's text, counted in characters */
    int64_t to;
};

/* As the chat's clients know it, in scratch; NULL when it passes `bytes_max`. */
json *decoding_citation(const struct citation *citation, size_t bytes_max, struct arena *scratch);

/* An image at `url`, in the same way. */
json *decoding_image(str url, size_t bytes_max, struct arena *scratch);

/* What was written, in scratch; NULL when it did not fit.  Frees the writer's buffer. */
json *decoding_written(struct json_writer *writer, struct arena *scratch);

/* ---- The end ---- */

/* A number of tokens as far as it can be believed: not negative, and small enough to add up. */
int64_t decoding_tokens(int64_t count);

/* The same of a member; 0 when there is none. */
int64_t decoding_count(json *object, const char *name);

/* The smaller one: no part of a count is larger than the whole. */
int64_t decoding_part(int64_t part, int64_t whole);

/* A provider's word for why it ended, and what it means. */
struct finish_word {
    str native;
    enum finish_reason reason;
};

/* The meaning of `native`, seen from what was in the answer: a normal end after calls is
 * TOOL_CALLS, a call that was cut stays LENGTH, and a word not known yet is a normal end when there
 * is something to show. */
enum finish_reason decoding_finish(const struct finish_word *words, size_t count, str native,
                                   bool has_said, bool has_calls);
