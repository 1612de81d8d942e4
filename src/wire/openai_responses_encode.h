/*
 * openai_responses_encode: one request of the Responses API being written.
 *
 * Private to openai_responses_encode.c, which writes the body, openai_responses_params.c, which
 * decides what the model is asked, openai_responses_tools.c and openai_responses_input.c.
 */
#pragma once

#include "wire/openai_responses.h"

struct responses_request {
    const struct chat_request *chat;
    const struct model *model;
    const struct model_rules *rules;
    struct arena *arena;
    struct json_writer *writer;
    struct provider_request *out;
    struct fault *fault;
    bool is_native; /* the client's body is in this format: raw JSON may be sent as it is */

    bool stores;        /* the client wants the provider to keep the answer */
    enum effort effort; /* EFFORT_UNSET: nothing is said */
    bool reasons;       /* the model reasons in this request */
};

/* Fills *fault: `param` <words>.  Always ERR_INVALID; another provider may do better. */
enum err responses_refuse(struct responses_request *request, str param,
                          const char *words) MUST_CHECK;

/* Decides `stores`, `effort` and `reasons`. */
void responses_decide(struct responses_request *request);

/* True when the model is sent the parameter, called as in the chat format. */
bool responses_takes(const struct responses_request *request, const char *name);

/* True when it is; else its name is added to the drops. */
bool responses_takes_or_drops(struct responses_request *request, const char *name);

/* Members about sampling, limits, reasoning and the form of the answer. */
enum err responses_put_params(struct responses_request *request) MUST_CHECK;

/* The name as the provider can spell it; the same for the tool, its calls and the choice of it. */
str responses_tool_name(const struct responses_request *request, str name);

/* The client's tool of that name that takes plain text (`custom`), or NULL. */
const struct chat_tool *responses_custom_tool(const struct responses_request *request, str name);

/* `tools`, `tool_choice` and `parallel_tool_calls`. */
enum err responses_put_tools(struct responses_request *request) MUST_CHECK;

/* `input`. */
enum err responses_put_input(struct responses_request *request) MUST_CHECK;

/* Members of a raw object that are not among `known`, each with a blank behind it. */
void responses_put_rest(struct responses_request *request, json *raw, const char *known);
