/*
 * store: where keys and exchange rows are kept.
 *
 * Blocking on purpose: only the store threads and the command line call it, never a worker.  One
 * file per back-end.  A `struct store` belongs to one thread.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

#include <stdint.h>

enum { KEY_HASH_BYTES = 32 };

/* An API key as it is kept: never the key itself. */
struct key_row {
    uint8_t hash[KEY_HASH_BYTES]; /* SHA-256 of the key */
    str id;                       /* "key-" and 12 of base62; what people name it by */
    str name;
    str label;          /* masked: "sk-gh-AbC...xYz" */
    int64_t created_ms; /* Unix time */
    int64_t revoked_ms; /* 0: valid */
};

/* One exchange, from a refusal to a whole stream.  Text is NUL-terminated and cut to fit; a row is
 * copied as bytes from worker to writer. */
struct exchange_row {
    char id[40]; /* generation id; unique: writing the same row twice is one row */
    char request_id[40];
    char key_id[24]; /* empty when no key was accepted */
    char surface[24];
    char model_asked[128];
    char model[128];
    char provider[48];
    char upstream_model[128];
    char upstream_id[96];
    char finish_reason[16];
    char native_finish_reason[40];
    char error_type[32];
    char error_message[160];
    char client[48]; /* address */
    int32_t status;  /* HTTP status told to the client; 0: none was told */
    int32_t upstream_status;
    int32_t attempts;
    bool streamed;
    bool cancelled; /* the client went away */
    bool usage_known;
    bool cost_known;
    int64_t at_ms;         /* Unix time of the request's first byte */
    int64_t first_byte_us; /* request to first event for the client; 0: none */
    int64_t total_us;
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t cached_tokens;
    int64_t cache_write_tokens;
    int64_t reasoning_tokens;
    int64_t cost_nanousd;
    int64_t request_bytes;
    int64_t answer_bytes;
};

struct store;

struct store_ops {
    const char *scheme; /* the part of the URL before ':' */

    /* `url` is "sqlite:PATH", "file:PATH" or an absolute path.  ERR_PEER when it cannot be
     * opened, ERR_INVALID when it is not a store of ours or of a newer program. */
    enum err (*open)(str url, struct store **out, struct arena *arena,
                     struct fault *fault) MUST_CHECK;
    void (*close)(struct store *store);

    /* Brings the schema to the version this program knows. */
    enum err (*migrate)(struct store *store, struct arena *arena, struct fault *fault) MUST_CHECK;

    /* *out is NULL when there is no such key.  Revoked keys are found too. */
    enum err (*key_by_hash)(struct store *store, const uint8_t hash[KEY_HASH_BYTES],
                            struct arena *arena, struct key_row **out) MUST_CHECK;
    /* ERR_INVALID when a key with that hash or id is there already. */
    enum err (*key_add)(struct store *store, const struct key_row *key) MUST_CHECK;
    /* Every key, oldest first. */
    enum err (*key_list)(struct store *store, struct arena *arena, struct key_row **out,
                         size_t *count) MUST_CHECK;
    /* ERR_MISSING when no key has that id, name or label; ERR_INVALID when several have.  A key
     * that was revoked before keeps its time. */
    enum err (*key_revoke)(struct store *store, str which, int64_t now_ms, struct arena *arena,
                           struct key_row **out) MUST_CHECK;

    /* All rows in one transaction.  A row whose id is there already is left as it is. */
    enum err (*exchange_append)(struct store *store, const struct exchange_row *rows,
                                size_t count) MUST_CHECK;
    /* The `count` rows written last, the last one first. */
    enum err (*exchange_list)(struct store *store, size_t count, struct arena *arena,
                              struct exchange_row **out, size_t *found) MUST_CHECK;
};

struct store {
    const struct store_ops *ops;
};

extern const struct store_ops sqlite_store;
/* For tests.  Stores opened with the same "memory:NAME" share their rows; "memory:" shares with
 * nobody.  Nothing survives the last close. */
extern const struct store_ops memory_store;

/* The back-end for a URL (a bare absolute path is SQLite's), or NULL. */
const struct store_ops *store_by_url(str url);
