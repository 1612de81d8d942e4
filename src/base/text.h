/* text: UTF-8, hex and base64, all over borrowed bytes. */
#pragma once

#include "base/arena.h"

#include <stdint.h>

/* True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(str s);

/* The longest prefix of at most `max` bytes that does not cut a character. */
str text_take_utf8(str s, size_t max);

/* Writes 2 * len lower-case digits and a NUL. */
void text_hex(const uint8_t *bytes, size_t len, char *out);

/* True when every byte is of the standard base64 alphabet, padding only at the end. */
bool text_is_base64(str s);
