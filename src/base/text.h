/* text: UTF-8, hex and base64, all over borrowed bytes. */
#pragma once

#include "base/arena.h"
#include "base/macros.h"

#include <stdint.h>

/* True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(str s);

/* The longest prefix of at most `max` bytes that does not cut a character. */
str text_take_utf8(str s, size_t max);

/* A copy with A-Z in lower case. */
str text_lower(str s, struct arena *arena);

/* Writes 2 * len lower-case digits and a NUL. */
void text_hex(const uint8_t *bytes, size_t len, char *out);

/* True when every byte is of the standard base64 alphabet, padding only at the end. */
bool text_is_base64(str s);

/* The bytes behind padded base64 of the standard alphabet.  False when it is anything else, or its
 * last character says more than the bytes do. */
bool text_base64_decode(str s, struct arena *arena, str *out) MUST_CHECK;

/* Padded base64 of the standard alphabet. */
str text_base64_encode(str bytes, struct arena *arena);
