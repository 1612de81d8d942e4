/*
 * ollama: what the two files of the Ollama dialect (native /api/chat) share.
 *
 * Private to them: ollama_dialect.c decodes answers, ollama_encode.c writes requests.
 */
#pragma once

#include "wire/dialect.h"

enum err ollama_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault) MUST_CHECK;

bool ollama_needs_bytes(const struct chat_part *part, const struct model *model);
