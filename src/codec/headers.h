/*
 * headers: a list of name/value views.  Lookups ignore case.
 *
 * Names and values are borrowed: from the message they were parsed from, or from the arena that the
 * list was made in.
 */
#pragma once

#include "base/arena.h"

struct header {
    str name;
    str value;
};

struct headers {
    struct header *at; /* in an arena */
    size_t count;
    size_t room;
};

void headers_add(struct headers *headers, struct arena *arena, str name, str value);

/* The value of the first header of that name; at == NULL when there is none. */
str headers_get(const struct headers *headers, str name);

/* How many headers have that name. */
size_t headers_count(const struct headers *headers, str name);

/* True when the comma-separated list in any header `name` holds `token` (ASCII case ignored). */
bool headers_has_token(const struct headers *headers, str name, str token);
