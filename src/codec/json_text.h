/*
 * json_text: the parts of a JSON text as they are written, for what must be passed on unchanged.
 *
 * The reader (codec/json.h) turns numbers into machine numbers; here they stay digits, so that an
 * integer of any length survives.  Only for text that json_read() or json_read_lenient() took:
 * other text gives parts that mean nothing, but nothing outside it is read.
 */
#pragma once

#include "base/str.h"

/* Walks the elements of an array or the members of an object in order:
 *     struct json_text_walk walk = json_text_walk(text);
 *     while (json_text_next(&walk)) { walk.name, walk.value }
 */
struct json_text_walk {
    str name; /* between its quotes, escapes and all; empty in an array */
    str value;
    str rest;       /* private */
    bool is_object; /* private */
};

struct json_text_walk json_text_walk(str text);
bool json_text_next(struct json_text_walk *walk);

/* The value of a member; at == NULL when there is none.  Names with escapes are not found. */
str json_text_find(str object, str name);
