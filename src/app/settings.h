/*
 * settings: one table of everything that can be set, with name, kind, range, default and help.
 *
 * From it come the parser, the defaults, `gatehouse help settings` and the table in
 * docs/OPERATIONS.md.  A new setting is a member of struct settings and a row here.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "policy/snapshot.h"

enum setting_kind {
    SETTING_BOOL,     /* true, false */
    SETTING_COUNT,    /* 200 */
    SETTING_BYTES,    /* 64KiB, 32MiB, 512 */
    SETTING_DURATION, /* 250ms, 10s, 2m, 1h; kept in milliseconds */
    SETTING_TEXT,
};

struct setting {
    const char *name; /* "limits.body": a group and a key, or a key at the top level */
    enum setting_kind kind;
    size_t offset; /* of the member in struct settings */
    int64_t min;   /* of a number */
    int64_t max;
    const char *initial; /* the default, as it would be written in the file */
    const char *help;    /* one sentence */

    /* What else must be true of a text; NULL: nothing.  Gives the complaint, or NULL. */
    const char *(*complaint)(str text);
};

/* All settings, ended by a row whose name is NULL. */
const struct setting *setting_all(void);

/* By its whole name, or NULL. */
const struct setting *setting_by_name(str name);

/* Every setting at its default. */
void settings_init(struct settings *settings);

/* Reads `text` into the setting's member; texts are copied into `arena`.  ERR_INVALID with the
 * words of the complaint, which never repeat the text: it may come from a secret. */
enum err setting_parse(const struct setting *setting, str text, struct arena *arena,
                       struct settings *out, struct fault *fault) MUST_CHECK;

/* What only two settings together tell: the complaint, or NULL. */
const char *settings_complaint(const struct settings *settings);

/* "GATEHOUSE_LIMITS_BODY": the variable that sets it.  At most 64 bytes with the NUL. */
enum { SETTING_VARIABLE_BYTES = 64 };
void setting_variable(const struct setting *setting, char name[SETTING_VARIABLE_BYTES]);

/* The table, for people at a terminal and for docs/OPERATIONS.md. */
enum err settings_write_help(struct buf *out) MUST_CHECK;
enum err settings_write_markdown(struct buf *out) MUST_CHECK;
