/*
 * jwt: signed claims for token exchange (RFC 7519, RFC 7515 compact form, RS256 of RFC 7518 3.3).
 *
 * Pure: times stand in the claims.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

/* base64url(header) "." base64url(claims) "." base64url(signature).  `header` and `claims` are JSON
 * texts, `key_pem` a PKCS #8 or PKCS #1 private RSA key.  ERR_INVALID when the key cannot be used;
 * *fault says why without showing it. */
enum err jwt_sign_rs256(str header, str claims, str key_pem, struct arena *arena, str *out,
                        struct fault *fault) MUST_CHECK;
