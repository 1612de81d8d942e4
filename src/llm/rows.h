/*
 * rows: an object of a data file, read into a struct by a table of its members.
 *
 * Strict: a member, a word or a type that the table does not know is an error that names it and
 * where it stands.  A member that is absent leaves the struct as it was, so that a struct is first
 * filled with its defaults.  Pure; texts are copied into the arena.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "codec/json.h"

enum row_kind {
    ROW_TEXT,    /* str */
    ROW_C_TEXT,  /* const char * */
    ROW_TEXTS,   /* struct row_texts: a list of texts, or one text */
    ROW_TRUTH,   /* bool */
    ROW_NUMBER,  /* int64_t, not negative */
    ROW_SMALL,   /* int, not negative */
    ROW_REAL,    /* double */
    ROW_RANGE,   /* int64_t[2]: two numbers, the second not below the first */
    ROW_WORD,    /* int or an enum: one of `words` */
    ROW_SPAN,    /* int[2] or two enums: two of `words`, in their order */
    ROW_ADDED,   /* unsigned: a list of `words`, whose bits are set */
    ROW_REMOVED, /* unsigned: a list of `words`, whose bits are cleared */
    ROW_LIST,    /* str: a list of words, each with a blank behind */
    ROW_C_LIST,  /* const char *: the same */
    ROW_VALUE,   /* json *: read later; it lives as long as the tree it is in */
    ROW_NOTE,    /* a text for people or a list of them, left out */
};

/* A word of the file and what it stands for.  Tables end with a row without word. */
struct row_word {
    const char *word;
    int value;
};

/* Tables end with a row without name. */
struct row_member {
    const char *name;
    size_t offset; /* in the struct */
    enum row_kind kind;
    bool required;
    const struct row_word *words; /* of the kinds that have some */
};

struct row_texts {
    str *at;
    size_t count;
};

struct row_reader {
    struct arena *arena;
    struct fault *fault;
    str where; /* for messages: "models[3]" */
};

/* Reads `object` into the struct at `into`. */
enum err row_read(const struct row_reader *reader, json *object, const struct row_member *members,
                  void *into) MUST_CHECK;

/* Fills the fault: "<where>: <words>".  Always ERR_INVALID. */
enum err row_complain(const struct row_reader *reader, const char *format, ...)
    PRINTF_LIKE(2, 3) MUST_CHECK;
