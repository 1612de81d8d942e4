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

/* The two halves of what follows: the comma and name that come before a value, then the value.  The
 * functions below are inline so that the length of a literal name is known to the compiler. */
void json_start_value(struct json_writer *writer, str name); /* at == NULL: no name */
void json_add_open(struct json_writer *writer, char bracket);
void json_add_close(struct json_writer *writer, char bracket);
void json_add_str(struct json_writer *writer, str value);
void json_add_int(struct json_writer *writer, int64_t value);
void json_add_real(struct json_writer *writer, double value);
void json_add_raw(struct json_writer *writer, str value);
void json_add_value(struct json_writer *writer, json *value);

static inline void json_open_object(struct json_writer *writer, const char *name)
{
    json_start_value(writer, str_c(name));
    json_add_open(writer, '{');
}

static inline void json_close_object(struct json_writer *writer)
{
    json_add_close(writer, '}');
}

static inline void json_open_array(struct json_writer *writer, const char *name)
{
    json_start_value(writer, str_c(name));
    json_add_open(writer, '[');
}

static inline void json_close_array(struct json_writer *writer)
{
    json_add_close(writer, ']');
}

/* `value` is JSON already. */
static inline void json_put_raw(struct json_writer *writer, const char *name, str value)
{
    json_start_value(writer, str_c(name));
    json_add_raw(writer, value);
}

static inline void json_put_null(struct json_writer *writer, const char *name)
{
    json_put_raw(writer, name, STR("null"));
}

static inline void json_put_bool(struct json_writer *writer, const char *name, bool value)
{
    json_put_raw(writer, name, value ? STR("true") : STR("false"));
}

static inline void json_put_int(struct json_writer *writer, const char *name, int64_t value)
{
    json_start_value(writer, str_c(name));
    json_add_int(writer, value);
}

static inline void json_put_real(struct json_writer *writer, const char *name, double value)
{
    json_start_value(writer, str_c(name));
    json_add_real(writer, value);
}

/* Escapes what RFC 8259 demands; malformed UTF-8 becomes U+FFFD, so the output is always JSON. */
static inline void json_put_str(struct json_writer *writer, const char *name, str value)
{
    json_start_value(writer, str_c(name));
    json_add_str(writer, value);
}

/* The same, or null when the view has no bytes behind it (at == NULL). */
static inline void json_put_str_or_null(struct json_writer *writer, const char *name, str value)
{
    if (value.at == NULL) {
        json_put_null(writer, name);
    } else {
        json_put_str(writer, name, value);
    }
}

/* A value that was read, whatever it is; absent writes null. */
static inline void json_put_value(struct json_writer *writer, const char *name, json *value)
{
    json_start_value(writer, str_c(name));
    json_add_value(writer, value);
}

/* A name that came from outside; the value follows by a call with the name NULL. */
void json_put_name(struct json_writer *writer, str name);
/* A member whose name came from outside. */
void json_put_named_value(struct json_writer *writer, str name, json *value);

/* What went wrong, if anything. */
enum err json_write_end(const struct json_writer *writer) MUST_CHECK;

/* The value as JSON text in `arena`. */
str json_to_text(struct arena *arena, json *value);
