/*
 * auth: which key a client presents, wherever it put it.
 *
 * The gate hands in every header of a request; what carries a key is collected, the rest passed
 * over.  A key means the same in whatever header it stands, and two different keys are no key:
 * whoever is in front of us might have looked at the other one.
 *
 * Pure.  Views into the headers; nothing is copied.
 */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

/* The same as KEY_PRESENTED_BYTES_MAX of store/keys.h, which this floor does not see. */
enum { AUTH_KEY_BYTES_MAX = 512 };

/* Zeroed at the start of a request. */
struct auth {
    str key;          /* empty: none so far */
    bool conflicting; /* two headers present different keys */
    bool malformed;   /* a key is too long or holds control characters */
};

/* Takes note of one header.  `Authorization: Bearer <key>` in any case and spacing, the bare key in
 * `Authorization`, and the key in `x-api-key`, `api-key` or `x-goog-api-key`.  Blanks around a key
 * are dropped, those inside it belong to it.  Other schemes of Authorization present no key. */
void auth_add_header(struct auth *auth, str name, str value);

/* The key that was presented.  ERR_DENIED when there is none that could be one. */
enum err auth_key(const struct auth *auth, str *key, struct fault *fault) MUST_CHECK;

/* What a client is told whose key is unknown or revoked: never which of the two. */
void auth_refuse(struct fault *fault);
