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
    FRAMING_WHOLE,       /* one JSON body */
    FRAMING_SSE,         /* server-sent events */
    FRAMING_NDJSON,      /* one JSON value a line */
    FRAMING_EVENTSTREAM, /* AWS binary messages (codec/eventstream.h) */
};

/* By an answer's Content-Type; FRAMING_WHOLE for what is none of the others. */
enum framing framing_of(str content_type);

/* The tool that a model is made to call when it has no structured output of its own: its input is
 * the answer.  No client's tool may have this name. */
#define JSON_TOOL "gatehouse_json_response"

/* A tool whose name the provider cannot spell, and what it was called instead. */
struct tool_alias {
    str sent;
    str name;
};

/* What the decoder must know of the request that it reads the answer to. */
struct answer_hints {
    struct tool_alias *aliases;
    size_t alias_count;
    str prefill; /* the model was asked in words to go on after this text: a repetition of it at the
                    answer's beginning is left out; empty: none */
};

/* Members of the client's request that this provider cannot be told, by name; each once. */
struct drops {
    str *at;
    size_t count;
    size_t room;
};

/* `name` lives as long as the arena, or is a literal. */
void drops_add(struct drops *drops, struct arena *arena, str name);

/* A request as a dialect writes it. */
struct provider_request {
    struct http_request http;
    struct drops drops;
    struct answer_hints hints;
};

/* A copy that lives in `arena`. */
struct answer_hints hints_copy(const struct answer_hints *hints, struct arena *arena);

/* The client's name for a tool that the provider calls `sent`. */
str hints_tool_name(const struct answer_hints *hints, str sent);

/* The state of one answer being decoded.  Made by decoder_init(), ended by decoder_free(). */
struct decoder {
    const struct dialect *dialect;
    const struct model *model; /* borrowed from the snapshot */
    struct arena *arena;       /* borrowed; outlives the decoder */
    enum framing framing;
    size_t bytes_max; /* of one event, or of a whole body */
    struct answer_hints hints;
    str id_seed; /* unique in the process: ids are minted from it when the provider gives none */
    bool is_complete; /* set by decode: the stream's own end mark was read */
    void *state;      /* the dialect's own, made by its decoder_init in `arena` */
};

struct dialect {
    const char *name;

    /* Writes the HTTP request for `model` into *out, all memory from `arena`.  ERR_INVALID when
     * this format cannot say what the chat asks for and silence would change its meaning; *fault
     * names the member.  What may be left out is, and its name is added to out->drops. */
    enum err (*encode_request)(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault) MUST_CHECK;

    /* True when the provider must be sent the part's bytes: whoever calls encode_request has then
     * fetched part->url into part->data and part->mime.  NULL: never. */
    bool (*needs_bytes)(const struct chat_part *part, const struct model *model);

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
extern const struct dialect azure_dialect;
extern const struct dialect anthropic_dialect;
extern const struct dialect gemini_dialect;
extern const struct dialect bedrock_dialect;
extern const struct dialect cohere_dialect;
extern const struct dialect ollama_dialect;
extern const struct dialect openai_responses_dialect;

/* The dialect with that name ("openai", "anthropic"), or NULL. */
const struct dialect *dialect_by_name(str name);

/* Names of all dialects, for messages: "openai, anthropic". */
const char *dialect_names(void);
