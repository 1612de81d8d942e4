/*
 * tokens: how many tokens a text has in o200k_base, GPT-4o's vocabulary, and which.
 *
 * Exact: the same ids as OpenAI's tiktoken gives.  Text is split into pieces by the vocabulary's
 * published pattern, then each piece's bytes are merged.  Special tokens are plain text here. Bytes
 * that are no UTF-8 are taken as they stand.  Linear in the length of the text whatever it holds.
 *
 * Pure; the vocabulary is part of the program (share/o200k_base.bin) and only what is touched of it
 * is read into memory.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

/* Tokens in the text.  A piece longer than 2 KiB, which text without blanks can have, takes five
 * bytes of `scratch` for each of its own; otherwise nothing is allocated. */
size_t tokens_count(str text, struct arena *scratch);

/* The same, and the first `room` ids go to *ids. */
size_t tokens_encode(str text, uint32_t *ids, size_t room, struct arena *scratch);

/* The bytes of a token, written to `out` (TOKEN_BYTES_MAX); empty when there is no such token. */
enum { TOKEN_BYTES_MAX = 128 };
str tokens_bytes(uint32_t id, char out[TOKEN_BYTES_MAX]);
