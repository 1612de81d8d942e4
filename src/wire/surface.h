/*
 * surface: one API that clients speak to us.
 *
 * Pure, as a dialect is.  The pair of a surface and a dialect of the same format gives two tests
 * for free: what one encodes the other decodes.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "llm/chat.h"
#include "llm/event.h"
#include "llm/gather.h"

/* Who answers, in the words of the answer.  Set by gate before the first encode. */
struct identity {
    str generation_id; /* "gen-..." */
    int64_t created_s; /* Unix seconds */
    str model;         /* the catalogue id of the model that serves */
    str provider;      /* display name */
    str request_id;    /* for error bodies of formats that carry it */
};

/* The state of one answer being written; `arena` outlives it. */
struct encoder {
    const struct surface *surface;
    const struct chat_request *chat; /* borrowed; NULL while only faults are written */
    struct identity identity;
    struct arena *arena;
    void *state; /* the surface's own, in `arena` */
};

struct surface {
    const char *name;

    /* Parses and checks a request body.  Everything returned lives in `arena`. */
    enum err (*decode_request)(str body, struct arena *arena, struct chat_request **out,
                               struct fault *fault) MUST_CHECK;

    /* Streaming: makes encoder->state; then one event at a time, appended to *out in this API's
     * words. START is answered by the first chunk, at once or with the first thing said; USAGE is
     * kept until encode_end. */
    void (*encoder_init)(struct encoder *encoder);
    enum err (*encode)(struct encoder *encoder, const struct event *event,
                       struct buf *out) MUST_CHECK;
    /* The answer is complete: what is left to say, and the end mark. */
    enum err (*encode_end)(struct encoder *encoder, struct buf *out) MUST_CHECK;
    /* The answer broke after its first byte: one error in the stream's own words, partial usage,
     * and the end mark. */
    enum err (*encode_cut)(struct encoder *encoder, const struct fault *fault,
                           struct buf *out) MUST_CHECK;

    /* Not streaming: the whole answer as one body.  `fault` is not NULL when the model had begun
     * and then failed: the answer holds what it said. */
    enum err (*encode_whole)(struct encoder *encoder, const struct answer *answer,
                             const struct fault *fault, struct buf *out) MUST_CHECK;

    /* The body of an error answer; its HTTP status is fault_status(). */
    enum err (*encode_fault)(const struct identity *identity, const struct fault *fault,
                             struct buf *out) MUST_CHECK;
};

extern const struct surface openai_chat_surface;
