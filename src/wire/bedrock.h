/*
 * bedrock: what the files of the AWS Bedrock Converse dialect share.
 *
 * Private to them.  bedrock_dialect.c takes answers out of their framing and bedrock_answer.c reads
 * them (bedrock_answer.h).  bedrock_encode.c writes a request after bedrock_decide.c decided what
 * can be said, with turns.c, which orders the conversation as this API wants it,
 * bedrock_messages.c and bedrock_media.c, which write it, and bedrock_tools.c.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "base/map.h"
#include "codec/json_write.h"
#include "llm/chat.h"
#include "llm/model.h"
#include "wire/dialect.h"
#include "wire/tool_id.h"
#include "wire/turns.h"

/* Whose reasoning blocks may be handed back to a Claude. */
#define BEDROCK_CLAUDE_FORMAT "anthropic-claude-v1"

/* What stands where the API wants text and there is none. */
#define BEDROCK_EMPTY "(empty)"

enum { BEDROCK_TOOL_NAME_MAX = 64 };

/* ---- Families of models ---- */

enum bedrock_knob {
    BEDROCK_KNOB_NONE,
    BEDROCK_KNOB_CLAUDE, /* `thinking`, `output_config`, and `top_k` */
    BEDROCK_KNOB_NOVA,   /* `reasoningConfig`, and `inferenceConfig.topK` */
    BEDROCK_KNOB_EFFORT, /* `reasoning_effort` */
};

/* What Converse does not level out: members of additionalModelRequestFields, and ids. */
struct bedrock_family {
    const char *match; /* a pattern over the plain id; '*' stands for any text */
    enum bedrock_knob reasoning;
    enum bedrock_knob top_k;
    enum tool_id_form ids;
    bool takes_status; /* of tool results */
};

/* True when the pattern fits the model's plain id, or the pattern that its rules were found by: the
 * id of an inference profile tells no model. */
bool bedrock_is_of(const struct model *model, const char *pattern);

/* Never NULL. */
const struct bedrock_family *bedrock_family_of(const struct model *model);

bool bedrock_is_claude(const struct model *model);

/* ---- A request being written ---- */

/* How a wanted form of the answer is asked for. */
enum bedrock_form {
    BEDROCK_FORM_FREE,      /* none is wanted */
    BEDROCK_FORM_BY_SCHEMA, /* outputConfig.textFormat */
    BEDROCK_FORM_BY_TOOL,   /* JSON_TOOL is forced; the decoder turns its input into text */
    BEDROCK_FORM_BY_WORDS,  /* the system prompt asks for it */
};

/* Which tools are told of. */
enum bedrock_tools {
    BEDROCK_TOOLS_NONE,
    BEDROCK_TOOLS_GIVEN,   /* the client's */
    BEDROCK_TOOLS_HISTORY, /* those that earlier turns called: the API wants them described */
};

enum bedrock_thinking {
    BEDROCK_THINKING_UNSAID, /* as the model does by itself */
    BEDROCK_THINKING_OFF,
    BEDROCK_THINKING_BUDGET,
    BEDROCK_THINKING_EFFORT,
};

struct bedrock_request {
    const struct chat_request *chat;
    const struct model *model;
    const struct model_rules *rules;
    const struct bedrock_family *family;
    struct arena *arena;
    struct json_writer *writer;
    struct provider_request *out;
    struct fault *fault;

    struct turns turns;
    enum bedrock_form form;
    enum bedrock_tools tools;
    bool forces_tool;
    enum bedrock_thinking thinking;
    bool thinks;           /* the answer is thought about: asked for, or by itself */
    int64_t max_tokens;    /* 0: not said, the model's own */
    int64_t budget_tokens; /* THINKING_BUDGET */
    enum effort effort;    /* EFFORT_UNSET: nothing is said */
    int marks_to_skip;     /* cache marks that are too many, from the oldest in the messages */
    bool has_short_mark;   /* one of five minutes was written: none of an hour may follow */
    str words;             /* what is asked for in words of ours; empty: nothing */
    size_t document_count;
    struct map document_names; /* each once in a request */
};

/* Fills *fault: `param` <words>.  Always ERR_INVALID; another provider may do better. */
enum err bedrock_refuse(struct bedrock_request *request, str param, const char *words) MUST_CHECK;

/* The same about a part of a message: messages[i].content[j]. */
enum err bedrock_refuse_part(struct bedrock_request *request, const struct turn_block *block,
                             const char *words) MUST_CHECK;

/* The client's parameter is not sent. */
void bedrock_drop(struct bedrock_request *request, const char *name);

static inline bool bedrock_takes(const struct bedrock_request *request, unsigned what)
{
    return (request->rules->takes & what) != 0;
}

/* True when the model is sent the parameter: the operator's list, when there is one, overrules the
 * data; `by_rule` is what the data says beside its lists of refused parameters. */
bool bedrock_sends(const struct bedrock_request *request, str parameter, bool by_rule);

/* Fills in all that is decided before the first byte is written. */
enum err bedrock_decide(struct bedrock_request *request) MUST_CHECK;

/* {"cachePoint": ...}, behind what it marks, where the model takes it. */
void bedrock_put_mark(struct bedrock_request *request, str ttl);

/* {"text": ...}, with words of ours where there are none. */
void bedrock_put_text(struct bedrock_request *request, str text);

/* An image, a document, audio or video, as a block. */
enum err bedrock_put_media(struct bedrock_request *request,
                           const struct turn_block *block) MUST_CHECK;

/* `messages`. */
enum err bedrock_put_messages(struct bedrock_request *request) MUST_CHECK;

/* `toolConfig`; names that had to be changed go to the answer's hints. */
enum err bedrock_put_tools(struct bedrock_request *request) MUST_CHECK;

static inline str bedrock_tool_name(const struct bedrock_request *request, str name)
{
    return tool_name_for(name, BEDROCK_TOOL_NAME_MAX, request->arena);
}

/* ---- The dialect's ops ---- */

enum err bedrock_encode_request(const struct chat_request *chat, const struct model *model,
                                struct arena *arena, struct provider_request *out,
                                struct fault *fault) MUST_CHECK;

bool bedrock_needs_bytes(const struct chat_part *part, const struct model *model);
