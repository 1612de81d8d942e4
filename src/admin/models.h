/*
 * models: the catalogue as clients list it.
 *
 * One superset body that the OpenAI, Anthropic and OpenRouter SDKs all take (wire-format.md section
 * 2).  Prices are decimal strings in dollars per token.
 */
#pragma once

#include "base/buf.h"
#include "policy/snapshot.h"

/* The whole list. */
enum err models_write_list(const struct snapshot *snapshot, struct buf *out) MUST_CHECK;

/* One model as an element of that list. */
enum err models_write_one(const struct catalogue_model *model, struct buf *out) MUST_CHECK;
