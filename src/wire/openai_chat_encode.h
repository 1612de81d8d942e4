/*
 * openai_chat_encode: the state of one request in the OpenAI chat format while it is written.
 *
 * Private to the dialect's side of openai_chat_*.c.
 */
#pragma once

#include "codec/json_write.h"
#include "wire/dialect.h"
#include "wire/quirks.h"

/* One request being written. */
struct openai_work {
    struct json_writer writer;
    struct arena *arena;
    const struct chat_request *chat;
    const struct model *model;
    const struct quirks *quirks;
    struct provider_request *out; /* where drops and hints go */
    struct fault *fault;
    bool is_native;             /* raw JSON of the request is in this format */
    bool has_tools;             /* `tools` is written */
    enum prefill_style prefill; /* the provider's, as far as the model takes one */
    bool has_prefill;           /* the model is to go on with the last message */
    bool drops_strict;          /* no tool is written as `strict` */
    bool sends_format;          /* `response_format` may be sent */
    bool says_form;             /* the prompt tells the form of the answer */
    bool streams;               /* the provider is asked for a stream */
    bool has_thinking_word;     /* the client's own `thinking` or `enable_thinking` is passed on */
};

/* A message as it is sent. */
struct openai_line {
    struct chat_message message;
    bool joins; /* it goes on with the one before: the two are written as one */
    bool is_prefill;
};

struct openai_lines {
    struct openai_line *at;
    size_t count;
};

/* The messages as this provider takes them: roles, names, order, media.  ERR_INVALID when it
 * cannot be shown something. */
enum err openai_arrange(struct openai_work *work, struct openai_lines *out) MUST_CHECK;

/* `messages`. */
void openai_write_messages(struct openai_work *work, const struct openai_lines *lines);

/* `tools`; sets work->has_tools. */
void openai_write_tools(struct openai_work *work);

/* What tells the model whether and how much to reason. */
void openai_write_reasoning(struct openai_work *work);

/* The client asked for something that this provider has no words for; another may. */
enum err openai_cannot_say(struct openai_work *work, str param, const char *words) MUST_CHECK;

/* True when an unknown member of the client's body is passed on. */
bool openai_takes_extra(const struct quirks *quirks, str name);

/* The member of the client's body when that is in this format; NULL when it has none. */
static inline json *openai_client_member(const struct openai_work *work, const char *name)
{
    json *value = work->is_native ? json_get(work->chat->root, name) : NULL;

    return json_is_none(value) ? NULL : value;
}

/* The client's `name` is not sent. */
static inline void openai_drop(struct openai_work *work, str name)
{
    drops_add(&work->out->drops, work->arena, name);
}
