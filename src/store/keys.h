/*
 * keys: how API keys are made and recognised.
 *
 * "sk-gh-" and 256 random bits in base62 (43 characters).  Only the SHA-256 of the whole key is
 * ever kept.  Any other string may be a key too (GATEHOUSE_BOOTSTRAP_KEY): it is hashed the same
 * way.
 */
#pragma once

#include "base/random.h"
#include "store/store.h"

enum { KEY_TEXT_BYTES = 6 + 43, KEY_PRESENTED_BYTES_MAX = 512 };

/* SHA-256 of the key as presented. */
void keys_hash(str key, uint8_t hash[KEY_HASH_BYTES]);

/* Equal, in time that does not depend on where they differ. */
bool keys_hash_eq(const uint8_t a[KEY_HASH_BYTES], const uint8_t b[KEY_HASH_BYTES]);

/* A new key's text, NUL-terminated, and the row to keep, with strings in `arena`.  The text is
 * secret: the caller shows it once and wipes it. */
void keys_make(struct random *random, str name, int64_t now_ms, struct arena *arena,
               char text[KEY_TEXT_BYTES + 1], struct key_row *row);

/* The row for a key chosen by the operator. */
void keys_adopt(struct random *random, str key, str name, int64_t now_ms, struct arena *arena,
                struct key_row *row);

/* The one key of `keys` that has `which` as its id, name or label.  ERR_MISSING when none has,
 * ERR_INVALID when several have. */
enum err keys_find_one(struct key_row *keys, size_t count, str which,
                       struct key_row **out) MUST_CHECK;
