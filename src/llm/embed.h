/*
 * embed: the neutral request for embeddings, and the neutral answer.
 *
 * A surface parses a client's body into a request, every dialect encodes from it; answers are
 * vectors of numbers whatever the provider packed them in.  Everything lives in the arena that the
 * maker was handed; read-only once made.
 */
#pragma once

#include "codec/json.h"

#include <stdint.h>

enum {
    EMBED_INPUTS_MAX = 2048,
    EMBED_DIMENSIONS_MAX = 65536,
};

/* How the client wants the numbers. */
enum embed_encoding {
    EMBED_FLOAT,  /* a list of numbers */
    EMBED_BASE64, /* little-endian float32 */
};

enum embed_part_kind { EMBED_PART_TEXT, EMBED_PART_IMAGE };

struct embed_part {
    enum embed_part_kind kind;
    str text; /* TEXT */
    str url;  /* IMAGE: its address, or `data` (base64) with its `mime` */
    str mime;
    str data;
};

enum embed_input_kind {
    EMBED_TEXT,
    EMBED_TOKENS, /* ids of the model's own vocabulary */
    EMBED_PARTS,  /* texts and images that make one vector together */
};

/* What becomes one vector. */
struct embed_input {
    enum embed_input_kind kind;
    str text;
    const int64_t *tokens;
    size_t token_count;
    const struct embed_part *parts;
    size_t part_count;
};

/* What the vectors are for; some models make different ones. */
enum embed_purpose {
    EMBED_FOR_UNSAID,
    EMBED_FOR_OTHER, /* only `purpose_word` knows */
    EMBED_FOR_QUERY,
    EMBED_FOR_DOCUMENT,
    EMBED_FOR_CLASSIFICATION,
    EMBED_FOR_CLUSTERING,
    EMBED_FOR_SIMILARITY,
    EMBED_PURPOSES,
};

/* What happens to an input that is too long. */
enum embed_truncate {
    EMBED_TRUNCATE_UNSAID,
    EMBED_TRUNCATE_NEVER,
    EMBED_TRUNCATE_START,
    EMBED_TRUNCATE_END
};

struct embed_request {
    str model;
    const struct embed_input *inputs; /* 1 to EMBED_INPUTS_MAX */
    size_t input_count;
    int64_t dimensions; /* 0: as the model does */
    enum embed_encoding encoding;
    enum embed_purpose purpose;
    str purpose_word; /* as the client said it: `input_type`, `task_type`, `task` */
    enum embed_truncate truncate;
    str title; /* of a document, for the few models that want it */
    str user;
    json *root; /* the whole body as it came */
};

struct embed_vector {
    const float *at;
    size_t len;
};

struct embed_answer {
    str id;                       /* the provider's; empty when it gave none */
    str model;                    /* as the provider names it; empty when it does not */
    struct embed_vector *vectors; /* in the order of the inputs */
    size_t vector_count;
    bool has_usage;
    int64_t prompt_tokens;
    int64_t total_tokens;
};
