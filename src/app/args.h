/* args: flags and operands of a command line. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

/* `--name VALUE`, `--name=VALUE`, `-n VALUE`, or `--name` alone.  Tables end with a row without a
 * name. */
struct flag {
    const char *name;   /* without dashes */
    char letter;        /* '\0': none */
    const char **value; /* where the value goes; NULL: the flag has none */
    bool *is_set;       /* set when the flag has no value */
};

struct operands {
    char **at; /* in the arena; the strings are the caller's */
    size_t count;
};

/* Sorts `argv`, which does not hold the command's own name.  A `--` ends the flags.  ERR_INVALID
 * with words for an unknown flag, a value that is missing or not wanted. */
enum err args_read(char **argv, size_t count, const struct flag *flags, struct arena *arena,
                   struct operands *out, struct fault *fault) MUST_CHECK;
