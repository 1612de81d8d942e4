/*
 * diagnostic: what is wrong with a text that a person wrote, shown where it stands.
 *
 *     error[C012]: unknown key `max_token` in models[3]
 *       --> gatehouse.yaml:41:5
 *        |
 *     41 |     max_token: 4096
 *        |     ^^^^^^^^^ did you mean `max_tokens`?
 *        = see `gatehouse help config models`
 *
 * Messages never hold a secret: they name keys and places.  The line shown is the file's own, with
 * whatever looks like a secret blotted out.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json_write.h"

/* Numbers that people search for: they are never reused.  Titles are in diagnostic.c. */
enum diagnostic_code {
    DIAGNOSTIC_FILE = 1,      /* cannot be read */
    DIAGNOSTIC_SYNTAX = 2,    /* is not YAML */
    DIAGNOSTIC_TWICE = 3,     /* a key stands twice in a map */
    DIAGNOSTIC_BOUNDS = 4,    /* too large, too deep */
    DIAGNOSTIC_FEATURE = 5,   /* YAML that is not used here */
    DIAGNOSTIC_TYPE = 10,     /* a list where a map belongs */
    DIAGNOSTIC_MISSING = 11,  /* a key that must be there */
    DIAGNOSTIC_UNKNOWN = 12,  /* a key that nobody knows */
    DIAGNOSTIC_VALUE = 13,    /* a value that cannot be taken */
    DIAGNOSTIC_VARIABLE = 20, /* ${...} */
    DIAGNOSTIC_SAME_NAME = 30,
    DIAGNOSTIC_NO_PROVIDER = 31,
    DIAGNOSTIC_NO_DIALECT = 32,
    DIAGNOSTIC_NO_PRESET = 33,
    DIAGNOSTIC_URL = 34,
    DIAGNOSTIC_PRICE = 35,
    DIAGNOSTIC_CREDENTIAL = 36, /* a provider without its API key */
};

/* A piece of a text; all zeros: nowhere in particular. */
struct place {
    size_t line;   /* from 1; 0: the whole text */
    size_t column; /* in characters, from 1 */
    size_t offset; /* in bytes, from 0 */
    size_t width;  /* in bytes; 0 counts as 1 */
};

struct diagnostic {
    enum diagnostic_code code;
    struct place place;
    str message; /* "unknown key `max_token` in models[3]" */
    str hint;    /* behind the carets; or empty */
    str topic;   /* of `gatehouse help`; or empty */
};

/* Bytes of the source that are not shown. */
struct blot {
    size_t offset;
    size_t width;
};

enum { DIAGNOSTICS_MAX = 20, BLOTS_MAX = 1024 };

/* Everything found in one text, in the order found. */
struct diagnostics {
    struct arena *arena; /* borrowed; holds all strings */
    str file;            /* its name, for people */
    str source;          /* its bytes; borrowed */
    struct diagnostic at[DIAGNOSTICS_MAX];
    size_t count; /* may pass DIAGNOSTICS_MAX: the rest is only counted */
    struct blot blots[BLOTS_MAX];
    size_t blot_count;
    bool blot_lines; /* too many blots, or no tree to find them: lines are guessed at */
};

/* Strings are copied.  Beyond DIAGNOSTICS_MAX only counts. */
void diagnostics_add(struct diagnostics *diagnostics, const struct diagnostic *diagnostic);

/* The bytes of `place` are a secret. */
void diagnostics_blot(struct diagnostics *diagnostics, struct place place);

/* For people.  What passes the limit of `out` is left out. */
void diagnostics_write(const struct diagnostics *diagnostics, struct buf *out);

/* For programs: an array of {code, message, file, line, column, hint}. */
void diagnostics_put_json(const struct diagnostics *diagnostics, const char *name,
                          struct json_writer *writer);
