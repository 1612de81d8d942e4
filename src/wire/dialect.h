/*
 * dialect: how one provider family reads requests and writes answers.
 *
 * Pure: bytes in, events out.  Opens no socket, reads no clock, takes no lock, keeps no state but
 * the decoder it is handed, and never sees a key.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "codec/http.h"
#include "llm/chat.h"
#include "llm/event.h"
#include "llm/model.h"

/* How the provider's bytes are framed; the answer's Content-Type decides, not the request. */
enum framing {
    FRAMING_WHOLE, /* one JSON body */
    FRAMING_SSE,   /* server-sent events */
};

/* The state of one answer being decoded.  Made by decoder_init(), ended by decoder_free(). */
struct decoder {
    const struct dialect *dialect;
    const struct model *model; /* borrowed from the snapshot */
    struct arena *arena;       /* borrowed; outlives the decoder */
    enum framing framing;
    size_t bytes_max; /* of one event, or of a whole body */
    str id_seed; /* unique in the process: ids are minted from it when the provider gives none */
    bool is_complete; /* set by decode: the stream's own end mark was read */
    void *state;      /* the dialect's own, made by its decoder_init in `arena` */
};

struct dialect {
    const char *name;

    /* Writes the HTTP request for `model` into *out, all memory from `arena`.  ERR_INVALID when
     * this format cannot say what the chat asks for; *fault names the member. */
    enum err (*encode_request)(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct http_request *out,
                               struct fault *fault) MUST_CHECK;

    /* Makes decoder->state; decoder_free ends what it holds outside the arena. */
    void (*decoder_init)(struct decoder *decoder);
    void (*decoder_free)(struct decoder *decoder);

    /* Decodes the next bytes of an answer, in pieces of any size, and appends what they say to
     * *out. Slices in the events live in `scratch`, which the caller may clear before the next
     * call.  On failure the events already appended stand and *fault tells why (its strings live in
     * decoder->arena): an error event in the stream, bytes that break the format, or a bound. */
    enum err (*decode)(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault) MUST_CHECK;

    /* The bytes ended.  ERR_CUT when the answer was not complete. */
    enum err (*decode_end)(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault) MUST_CHECK;

    /* A status other than 2xx: what it means in our words, for retry and for the caller.  `body` is
     * whatever came, perhaps empty, cut or HTML.  Strings of *fault are copied into `arena`. */
    void (*decode_refusal)(int status, const struct headers *headers, str body, struct arena *arena,
                           struct fault *fault);
};

/* Begins an answer. */
void decoder_init(struct decoder *decoder);
void decoder_free(struct decoder *decoder);

extern const struct dialect openai_chat_dialect;
extern const struct dialect anthropic_dialect;

/* The dialect with that name ("openai", "anthropic"), or NULL. */
const struct dialect *dialect_by_name(str name);

/* Names of all dialects, for messages: "openai, anthropic". */
const char *dialect_names(void);
