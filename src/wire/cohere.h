/*
 * cohere: what the files of the Cohere dialect (v2 chat) share.
 *
 * Private to them: cohere_dialect.c decodes answers; cohere_encode.c decides and writes a request,
 * with cohere_messages.c, which writes its conversation.
 */
#pragma once

#include "codec/json_write.h"
#include "wire/dialect.h"

/* Whose reasoning may be handed back to this API, and as what. */
#define COHERE_THINKING_FORMAT "cohere-thinking-v2"
#define COHERE_PLAN_FORMAT "cohere-tool-plan-v2"

/* One request being written. */
struct cohere_request {
    const struct chat_request *chat;
    const struct model *model;
    struct arena *arena;
    struct json_writer *writer;
    struct drops *drops;
    struct fault *fault;

    bool has_tools;     /* the model is told of tools */
    bool has_documents; /* files, or the client's own `documents` */
    str prefill;        /* of the assistant's, that the model is asked in words to go on from */
    str words;          /* what the system prompt must ask for, as the API has no member for it */
};

/* Fills *fault: `param` <words>.  Always ERR_INVALID; another provider may do better. */
enum err cohere_refuse(struct cohere_request *request, str param, const char *words) MUST_CHECK;

/* True when a message holds a file that goes to `documents`. */
bool cohere_has_files(const struct chat_request *chat);

/* `messages`. */
enum err cohere_put_messages(struct cohere_request *request) MUST_CHECK;

/* `documents`: the client's own, then the texts of files. */
enum err cohere_put_documents(struct cohere_request *request) MUST_CHECK;

enum err cohere_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault) MUST_CHECK;
