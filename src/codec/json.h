/*
 * json: reading, over the yyjson library with an arena as its allocator.
 *
 * Strict RFC 8259: no comments, no trailing commas, no byte order mark, well-formed UTF-8 only, no
 * NaN or infinity, and a name at most once in an object.  Bounded in depth and in number of values,
 * so that hostile input costs linear time.  A missing or wrongly typed member reads as empty.
 *
 * Values are views into the arena that json_read() was handed and live as long as it does.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

#include <stdint.h>

/* Never written after reading; the library's functions want it without const. */
typedef struct yyjson_val json;

enum {
    JSON_DEPTH_MAX = 128,     /* arrays and objects inside each other */
    JSON_MEMBERS_MAX = 65536, /* of one object */
    JSON_VALUES_MAX = 250000, /* values in one document, names not counted */
};

enum json_type {
    JSON_ABSENT, /* no such member */
    JSON_NULL,
    JSON_BOOL,
    JSON_INT, /* a number without fraction or exponent that int64 holds */
    JSON_REAL,
    JSON_STR,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* The root value of `bytes`, copied into `arena`.  ERR_INVALID when they are not JSON or pass a
 * bound; *fault then says what and at which byte. */
enum err json_read(struct arena *arena, str bytes, json **out, struct fault *fault) MUST_CHECK;

/* The same for text from a provider: duplicate names are let through (the first one is read). */
json *json_read_lenient(struct arena *arena, str bytes);

enum json_type json_type(json *value);
const char *json_type_name(enum json_type type); /* "a string", "an object", ... */
static inline bool json_is(json *value, enum json_type type)
{
    return json_type(value) == type;
}

/* Absent or null: the two mean the same for an optional member. */
bool json_is_none(json *value);

/* The member of an object; NULL when there is none, or it is no object. */
json *json_find(json *object, str name);

/* The value itself. */
str json_as_str(json *value);
int64_t json_as_int(json *value); /* JSON_REAL is cut toward zero and clamped */
double json_as_real(json *value); /* JSON_INT too */
bool json_as_bool(json *value);

/* The same for literal names: inline, so that their lengths are known to the compiler. */
static inline json *json_get(json *object, const char *name)
{
    return json_find(object, str_c(name));
}

/* The member's text, number or truth, or empty, 0, false when absent or of another type. */
static inline str json_str(json *object, const char *name)
{
    return json_as_str(json_get(object, name));
}

static inline int64_t json_int(json *object, const char *name)
{
    return json_as_int(json_get(object, name));
}

static inline bool json_bool(json *object, const char *name)
{
    return json_as_bool(json_get(object, name));
}

/* Elements of an array or members of an object; 0 for others. */
size_t json_count(json *value);

/* Walks an array (`name` stays empty) or an object in order:
 *     struct json_walk walk = json_walk(value);
 *     while (json_next(&walk)) { walk.name, walk.value }
 */
struct json_walk {
    str name;
    json *value;
    json *next_at;
    size_t left;
    bool is_object;
};
struct json_walk json_walk(json *value);
bool json_next(struct json_walk *walk);
