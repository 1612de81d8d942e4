/*
 * fault: a failure in words, for the person who reads the answer or the log.
 *
 * Written only on failure, by the function that knows the words.  All strings live as long as the
 * arena that function was handed, or for ever when they are literals.  Nothing in a fault may hold
 * a secret: `message`, `param` and `raw` are sent to the client, `detail` is logged.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* What kind of failure the client is told; the words are the public API's `error_type`. */
enum fault_type {
    FAULT_UNMAPPED = 0,
    FAULT_INVALID_REQUEST,
    FAULT_INVALID_PROMPT,
    FAULT_CONTEXT_LENGTH,
    FAULT_MAX_TOKENS,
    FAULT_AUTHENTICATION,
    FAULT_PAYMENT_REQUIRED,
    FAULT_PERMISSION_DENIED,
    FAULT_CONTENT_POLICY,
    FAULT_NOT_FOUND,
    FAULT_METHOD,
    FAULT_REQUEST_TIMEOUT, /* the client was too slow */
    FAULT_PAYLOAD_TOO_LARGE,
    FAULT_HEADERS_TOO_LARGE,
    FAULT_UNSUPPORTED_MEDIA,
    FAULT_IMAGE_DOWNLOAD, /* an image or document that a URL of the request names */
    FAULT_UNPROCESSABLE,
    FAULT_RATE_LIMIT,
    FAULT_SERVER,
    FAULT_PROVIDER_UNAVAILABLE, /* cannot be reached, cut the answer, or spoke nonsense */
    FAULT_PROVIDER_OVERLOADED,
    FAULT_TIMEOUT, /* the provider was too slow */
    FAULT_TYPES,
};

struct fault {
    enum err kind;
    enum fault_type type;
    int status;             /* HTTP status for the client; 0: fault_status() of the type */
    str message;            /* one sentence or more, safe to show */
    str param;              /* the request member at fault, empty when none */
    str detail;             /* for the log only */
    str provider;           /* display name of the provider at fault, empty when none */
    str provider_code;      /* the provider's own error code or type word, empty when none */
    str allow;              /* FAULT_METHOD: the methods that are right */
    str raw;                /* the provider's error body, at most 2 KiB, empty when none */
    int upstream_status;    /* HTTP status of the provider, 0 when none came */
    int64_t retry_after_ms; /* 0: not known */
    bool retryable;         /* another attempt, or another provider, might succeed */
};

/* The public word, such as "rate_limit_exceeded". */
str fault_type_name(enum fault_type type);

/* The HTTP status that belongs to the type, such as 429. */
int fault_type_status(enum fault_type type);

/* fault->status, or the status of its type. */
int fault_status(const struct fault *fault);
