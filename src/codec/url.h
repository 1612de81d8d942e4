/* url: parsing and percent-coding of URLs and request targets.  Pure; views into the input. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct url {
    bool tls;      /* https */
    str host;      /* without brackets, never empty */
    bool is_ipv6;  /* it stood in brackets */
    uint16_t port; /* the scheme's when none is written */
    str authority; /* host and port as written */
    str path;      /* from the first '/', without query; "" when there is none */
    str query;     /* without '?' */
};

/* An absolute http or https URL.  ERR_INVALID for anything else: user information, an empty host or
 * label of it, an IPv4 address spelled otherwise than "127.0.0.1", a port that is no number,
 * blanks, control characters, a fragment. */
enum err url_parse(str text, struct url *out) MUST_CHECK;

/* True when `text` may stand in a Host header or an :authority: a name or address with an optional
 * port, or nothing at all; no user information, no percent-coding. */
bool url_is_authority(str text) MUST_CHECK;

/* True when `text` may be a request target in origin form: it begins with '/', holds only
 * characters of URLs, no fragment, and every %XX is whole and not %00. */
bool url_is_target(str text) MUST_CHECK;

/* Decodes %XX; ERR_INVALID for a broken escape or %00.  The result is in `arena` only when
 * something had to be decoded. */
enum err url_decode(str text, struct arena *arena, str *out) MUST_CHECK;

/* Escapes every byte but letters, digits, "-._~" and those of `keep`, as %XX.  What needs none
 * comes back as it is; else the result is in `arena`. */
str url_encode(str text, str keep, struct arena *arena);
