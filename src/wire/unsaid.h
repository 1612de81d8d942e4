/*
 * unsaid: what of a client's request a dialect has no words for.
 *
 * For dialects of formats other than OpenAI's, which write what they know: everything else that the
 * client asked of the model is named in the request's drops.
 */
#pragma once

#include "wire/dialect.h"

/* Adds every parameter of the chat that is not one of the words of `said` ("temperature top_p ").
 * What every dialect says in its own way (messages, tools, reasoning, ...) and what is for the
 * gateway does not count, nor does a value that asks for nothing. */
void unsaid_add(const struct chat_request *chat, const char *said, struct arena *arena,
                struct drops *drops);
