/*
 * json_write: an append-only writer into a buf.  Never builds a tree.
 *
 * Errors stick: after the buffer's limit was passed every call does nothing and json_write_end()
 * tells.  Names are literals of ours and are not escaped.  In an array, and for the root, the name
 * is NULL.
 */
#pragma once

#include "base/buf.h"
#include "codec/json.h"

#include <stdbool.h>
#include <stdint.h>

struct json_writer {
    struct buf *out; /* borrowed */
    enum err err;
    bool needs_comma;
};

static inline struct json_writer json_write_to(struct buf *out)
{
    return (struct json_writer){.out = out};
}

/* Goes on inside an object or array that was opened by bytes written before: when `after_member`,
 * the next member is preceded by a comma. */
static inline struct json_writer json_write_inside(struct buf *out, bool after_member)
{
    return (struct json_writer){.out = out, .needs_comma = after_member};
}

void json_open_object(struct json_writer *writer, const char *name);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer, const char *name);
void json_close_array(struct json_writer *writer);

/* Escapes what RFC 8259 demands; malformed UTF-8 becomes U+FFFD, so the output is always JSON. */
void json_put_str(struct json_writer *writer, const char *name, str value);
/* The same, or null when the view has no bytes behind it (at == NULL). */
void json_put_str_or_null(struct json_writer *writer, const char *name, str value);
void json_put_int(struct json_writer *writer, const char *name, int64_t value);
void json_put_real(struct json_writer *writer, const char *name, double value);
void json_put_bool(struct json_writer *writer, const char *name, bool value);
void json_put_null(struct json_writer *writer, const char *name);
/* `value` is JSON already. */
void json_put_raw(struct json_writer *writer, const char *name, str value);
/* A value that was read, whatever it is; absent writes null. */
void json_put_value(struct json_writer *writer, const char *name, json *value);
/* A name that came from outside; the value follows by a call with the name NULL. */
void json_put_name(struct json_writer *writer, str name);
/* A member whose name came from outside. */
void json_put_named_value(struct json_writer *writer, str name, json *value);

/* What went wrong, if anything. */
enum err json_write_end(const struct json_writer *writer) MUST_CHECK;

/* The value as JSON text in `arena`. */
str json_to_text(struct arena *arena, json *value);
