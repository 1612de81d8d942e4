/*
 * demo: the built-in provider behind the model id `demo/echo`.
 *
 * Answers without a network, a key or a model, and the same request always gets the same answer:
 * for a first look, for tests of clients, and for examples.  It says what was said to it.
 *
 * - `max_tokens` (else 4096) and `stop` cut the answer; a last assistant message is continued.
 * - A tool is called when `tool_choice` asks for one or the last user text names it; several named
 *   tools are called in parallel.  Arguments are made from the schema.  After tool results it
 * quotes them.
 * - `response_format` gets a JSON object, made from the schema when there is one.
 *
 * A token here is a word of at most 64 bytes with the white space before it, or a tool call.  The
 * counts in its usage are those; they are no real model's.
 *
 * Pure, as a dialect is.
 */
#pragma once

#include "base/arena.h"
#include "llm/chat.h"
#include "llm/event.h"

struct demo;

/* An answer to the chat, made in `arena`, which the chat must outlive too.  Ids are made from
 * `id_seed`. */
struct demo *demo_new(const struct chat_request *chat, struct arena *arena, str id_seed);

/* Appends what comes next: START, then about a word a call, then FINISH and USAGE.  False, and
 * nothing appended, when all was said.  Slices live in the demo's arena. */
bool demo_next(struct demo *demo, struct arena *scratch, struct event_list *out);
