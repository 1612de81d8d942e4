/*
 * rerank: documents in the order in which they answer a query; the neutral request and answer.
 *
 * The shape is Cohere's, which the other vendors took over with other names.  Everything lives in
 * the arena that the maker was handed; read-only once made.
 */
#pragma once

#include "codec/json.h"

#include <stdint.h>

enum { RERANK_DOCUMENTS_MAX = 10000 };

/* A document is a text, an image, or an object of fields that only some models read. */
struct rerank_document {
    str text;  /* empty when it is no text */
    str image; /* its address or data URL; empty when it has none */
    json *raw; /* as it came: a string or an object */
};

struct rerank_request {
    str model;
    str query;
    const struct rerank_document *documents; /* 1 to RERANK_DOCUMENTS_MAX */
    size_t document_count;
    int64_t top_n; /* 0: all */
    bool returns_documents;
    int64_t max_tokens_per_doc; /* 0: as the model does */
    json *rank_fields;          /* which fields of objects count; NULL when not given */
    json *root;                 /* the whole body as it came */
};

struct rerank_result {
    size_t index; /* of the document in the request */
    double score; /* not comparable between models */
};

struct rerank_answer {
    str id;                        /* the provider's; empty when it gave none */
    str model;                     /* as the provider names it; empty when it does not */
    struct rerank_result *results; /* the best first */
    size_t result_count;
    bool has_usage;
    int64_t total_tokens; /* 0: not told */
    int64_t search_units; /* 0: not told */
};
