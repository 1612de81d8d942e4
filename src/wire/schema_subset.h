/*
 * schema_subset: JSON Schemas in the subset that structured output and strict tools take, at
 * Anthropic and at Bedrock.
 */
#pragma once

#include "base/arena.h"
#include "codec/json_write.h"

/* True when the schema can be said in the subset without changing what it allows beyond the bounds
 * that go into descriptions. */
bool schema_subset_fits(json *schema);

/* Writes the schema in the subset. */
void schema_subset_put(struct json_writer *writer, const char *name, json *schema,
                       struct arena *arena);
