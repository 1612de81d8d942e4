/*
 * embed_floats: lists of numbers as text and as base64, to float32 and back.
 *
 * A body of embeddings is millions of numbers in a little JSON.  embed_lift() takes every list that
 * holds numbers only out of the text, so that what is left is small enough for the JSON reader.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "llm/embed.h"

struct embed_lists {
    struct embed_vector *at; /* in the order of the text */
    size_t count;
    size_t room;
};

/* Copies the JSON text into `arena` with each long list of numbers replaced by a string that names
 * its place in *lists.  Text that is not JSON comes out as text that is not JSON.  ERR_TOO_BIG past
 * `floats_max` numbers, ERR_INVALID for a number that no float32 holds. */
enum err embed_lift(str text, size_t floats_max, struct arena *arena, str *out,
                    struct embed_lists *lists) MUST_CHECK;

/* The numbers that stand at `value` of the text that came out: a long list, or a short one that is
 * still there.  False when there is no list of numbers. */
bool embed_numbers(const struct embed_lists *lists, json *value, struct arena *arena,
                   struct embed_vector *out) MUST_CHECK;

/* Little-endian float32, or float64 where the length or the bits say so: some servers send that.
 * `dimensions` 0: not known.  False when it is neither. */
bool embed_from_base64(str text, int64_t dimensions, struct arena *arena,
                       struct embed_vector *out) MUST_CHECK;

/* Little-endian float32. */
str embed_to_base64(const struct embed_vector *vector, struct arena *arena);

/* The shortest decimal that reads back as the same float32, as a JSON number. */
enum err embed_put_float(struct buf *out, float value) MUST_CHECK;
