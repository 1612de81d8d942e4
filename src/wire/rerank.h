/*
 * rerank: how documents are reranked, at clients and at providers.
 *
 * Pure, as a dialect is.  Providers that are asked for the best few sometimes answer with all, or
 * not in order: what comes out here is in order, and no longer than what was asked for.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "llm/model.h"
#include "llm/rerank.h"
#include "wire/dialect.h"
#include "wire/surface.h"

/* What is asked of a provider, and where the request is made. */
struct rerank_ask {
    const struct rerank_request *request;
    const struct model *model;
    struct arena *arena;
};

struct rerank_dialect {
    const char *name;

    /* Private: what the functions below are made of. */
    str path;
    const char *top_name;        /* how `top_n` is called; NULL: it cannot be said */
    const char *documents_name;  /* and `documents` */
    const char *return_name;     /* and `return_documents`; NULL: it cannot be said */
    const char *max_tokens_name; /* and `max_tokens_per_doc`; NULL: it cannot be said */
    bool takes_objects;          /* documents may be objects; else their text is sent */
    bool takes_fields;           /* `rank_fields` */
    bool is_nameless;            /* one model serves: it is not named */
    const char *results_name;    /* NULL: the answer is the list itself */
    const char *score_name;
};

/* "cohere", "voyage", "jina" (and vLLM), "together", "llamacpp", "tei", "openrouter"; NULL for
 * others. */
const struct rerank_dialect *rerank_dialect_by_name(str name);

/* Writes the HTTP request into *out, all memory from the arena of the ask.  ERR_INVALID when the
 * format cannot say what is asked for; *fault names the member.  What may be left out is, and is
 * added to out->drops. */
enum err rerank_encode(const struct rerank_dialect *dialect, const struct rerank_ask *ask,
                       struct provider_request *out, struct fault *fault) MUST_CHECK;

/* Reads a body of status 2xx into *out, all memory from the arena of the ask. */
enum err rerank_decode(const struct rerank_dialect *dialect, const struct rerank_ask *ask, str body,
                       struct rerank_answer *out, struct fault *fault) MUST_CHECK;

/* ---- The client's side: Cohere's API ---- */

/* Parses and checks a request body.  Everything returned lives in `arena`. */
enum err rerank_read_request(str body, struct arena *arena, struct rerank_request **out,
                             struct fault *fault) MUST_CHECK;

/* The whole answer. */
enum err rerank_write_answer(const struct rerank_request *request,
                             const struct rerank_answer *answer, const struct identity *identity,
                             struct buf *out) MUST_CHECK;
