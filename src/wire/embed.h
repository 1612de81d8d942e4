/*
 * embed: how embeddings are asked for and answered, at clients and at providers.
 *
 * Pure, as a dialect is.  A provider's answer is one body; the lists of numbers in it may be larger
 * than all else that is read as JSON, so they are taken out of the text first (wire/embed_floats.h)
 * and bounded by a number of floats.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "llm/embed.h"
#include "llm/model.h"
#include "wire/dialect.h"
#include "wire/surface.h"

/* What is asked of a provider, and where the request is made. */
struct embed_ask {
    const struct embed_request *request;
    const struct model *model;
    struct arena *arena;
};

/* One answer of a provider, to be read. */
struct embed_reply {
    const struct embed_request *request; /* what was asked */
    const struct headers *headers;       /* NULL: none */
    str body;
    size_t floats_max; /* of all vectors together */
};

struct embed_work; /* a request being written; private to the dialects */

struct embed_dialect {
    const char *name;
    size_t inputs_max; /* of one request: who has more asks several times */

    /* Private: what embed_encode() is made of. */
    str (*path)(struct embed_work *work);
    enum err (*put_body)(struct embed_work *work) MUST_CHECK;

    /* Reads a body of status 2xx into *out, all memory from `arena`.  One vector for each input, in
     * their order, of the length that was asked for; anything else is a fault. */
    enum err (*decode)(const struct embed_reply *reply, struct arena *arena,
                       struct embed_answer *out, struct fault *fault) MUST_CHECK;
};

/* "openai" (Azure, OpenRouter and all servers that imitate it), "mistral", "voyage", "jina",
 * "cohere", "gemini", "vertex", "ollama", "titan"; NULL for others. */
const struct embed_dialect *embed_dialect_by_name(str name);

/* Writes the HTTP request into *out, all memory from the arena of the ask.  ERR_INVALID when the
 * format cannot say what is asked for (token ids, images, more inputs than inputs_max); *fault
 * names the member.  What may be left out is, and is added to out->drops. */
enum err embed_encode(const struct embed_dialect *dialect, const struct embed_ask *ask,
                      struct provider_request *out, struct fault *fault) MUST_CHECK;

/* ---- The client's side: OpenAI's API ---- */

/* Parses and checks a request body.  Everything returned lives in `arena`. */
enum err embed_read_request(str body, struct arena *arena, struct embed_request **out,
                            struct fault *fault) MUST_CHECK;

/* The whole answer, in the encoding that was asked for. */
enum err embed_write_answer(const struct embed_request *request, const struct embed_answer *answer,
                            const struct identity *identity, struct buf *out) MUST_CHECK;
