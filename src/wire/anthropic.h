/*
 * anthropic: what the files of the Anthropic Messages dialect share.
 *
 * Private to them.  anthropic_dialect.c takes answers out of their framing and anthropic_answer.c
 * reads them (anthropic_answer.h); anthropic_encode.c writes a request after anthropic_decide.c
 * decided what can be said, with turns.c, which orders the conversation as this API wants it,
 * anthropic_messages.c and anthropic_media.c, which write it, anthropic_tools.c,
 * schema_subset.c, which fits JSON Schemas into the API's subset, and anthropic_platform.c, which
 * knows where the API is served and how it differs there.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "codec/http.h"
#include "codec/json_write.h"
#include "llm/chat.h"
#include "llm/model.h"
#include "wire/dialect.h"
#include "wire/quirks.h"
#include "wire/tool_id.h"
#include "wire/turns.h"

/* Whose reasoning blocks may be handed back to this API. */
#define ANTHROPIC_REASONING_FORMAT "anthropic-claude-v1"

/* ---- Where the API is served ---- */

/* How a platform departs from the vendor's own API. */
struct anthropic_platform {
    str version;           /* `anthropic_version`; in the body when `is_in_path` */
    bool is_in_path;       /* model, and streaming, are said by the path; betas by the body */
    bool streams_in_body;  /* `stream` is said there */
    bool takes_urls;       /* fetches images and documents (https) */
    bool takes_files;      /* uploaded files by id */
    bool takes_schema;     /* structured output and strict tools */
    bool takes_top_mark;   /* cache_control at the top */
    bool takes_tier;       /* service_tier */
    bool takes_extras;     /* members and blocks that we do not know */
    size_t tool_name_max;  /* bytes */
    enum tool_id_form ids; /* of tool calls */
};

const struct anthropic_platform *anthropic_platform_of(const struct model *model);

/* ---- A request being written ---- */

/* How a wanted form of the answer is asked for. */
enum anthropic_json {
    JSON_FREE,      /* none is wanted */
    JSON_BY_SCHEMA, /* output_config.format */
    JSON_BY_TOOL,   /* JSON_TOOL is forced; the decoder turns its input into text */
    JSON_BY_WORDS,  /* the system prompt asks for it */
};

enum anthropic_thinking {
    THINKING_UNSAID, /* as the model does by itself */
    THINKING_OFF,
    THINKING_BUDGETED,
    THINKING_BY_EFFORT,
};

/* Cache marks by where they stand, in the order in which the API counts them. */
enum anthropic_place { MARKS_IN_TOOLS, MARKS_IN_SYSTEM, MARKS_IN_MESSAGES, MARK_PLACES };

struct anthropic_request {
    const struct chat_request *chat;
    const struct model *model;
    const struct model_rules *rules;
    const struct anthropic_platform *platform;
    struct arena *arena;
    struct json_writer *writer;
    struct provider_request *out;
    struct fault *fault;
    bool is_raw; /* raw JSON of the chat is in this format, and the provider takes it as it is */

    struct turns turns;
    enum anthropic_json json;
    bool forces_tool;
    enum anthropic_thinking thinking;
    bool thinks;          /* the answer is thought about: asked for, or by itself */
    bool thinks_unwanted; /* the client asked for none, but the model cannot be told so */
    int64_t max_tokens;
    int64_t budget_tokens;          /* THINKING_BUDGETED */
    enum effort effort;             /* EFFORT_UNSET: nothing is said */
    int marks_to_skip[MARK_PLACES]; /* cache marks that are too many, from the oldest */
    bool has_short_mark; /* one of five minutes was written: none of an hour may follow */
    struct drops betas;  /* features to be switched on, by name */
};

/* Fills *fault: `param` <words>.  Always ERR_INVALID; another provider may do better. */
enum err anthropic_refuse(struct anthropic_request *request, str param,
                          const char *words) MUST_CHECK;

/* The same about a part of a message: messages[i].content[j]. */
enum err anthropic_refuse_part(struct anthropic_request *request, const struct turn_block *block,
                               const char *words) MUST_CHECK;

/* The client's parameter is not sent.  `names`, each with a blank behind it: what it may be called;
 * the first that stands in the client's body counts. */
void anthropic_drop(struct anthropic_request *request, const char *names);

static inline bool anthropic_takes(const struct anthropic_request *request, unsigned what)
{
    return (request->rules->takes & what) != 0;
}

/* True when the model is sent the parameter: the operator's list, when there is one, overrules the
 * data; `by_rule` is what the data says beside its list of refused parameters. */
bool anthropic_sends(const struct anthropic_request *request, str parameter, bool by_rule);

/* Fills in all that is decided before the first byte is written. */
enum err anthropic_decide(struct anthropic_request *request) MUST_CHECK;

/* The names of features that the request needs or its client switched on. */
void anthropic_decide_betas(struct anthropic_request *request);

/* True when the platform runs, or at least knows, tools of that type. */
bool anthropic_knows_tool(const struct anthropic_request *request, str type);

/* The body that was written becomes a request to where the API is served. */
enum err anthropic_send(struct anthropic_request *request) MUST_CHECK;

/* cache_control, as a member of the object that is open, unless there are too many. */
void anthropic_put_mark(struct anthropic_request *request, enum anthropic_place place, str ttl);

/* {"type": "text", "text": ...} without its braces. */
void anthropic_put_text(struct anthropic_request *request, str text);

/* Members of a raw object that are not among `known` (each with a blank behind it), when raw JSON
 * may be sent. */
void anthropic_put_rest(struct anthropic_request *request, json *raw, const char *known);

/* The tool's name as it is sent. */
str anthropic_tool_name(const struct anthropic_request *request, str name);

/* `tools` and `tool_choice`; the names that had to be changed go to the answer's hints. */
enum err anthropic_put_tools(struct anthropic_request *request) MUST_CHECK;

/* `messages`. */
enum err anthropic_put_messages(struct anthropic_request *request) MUST_CHECK;

/* An image or a document, as members of the object that is open. */
enum err anthropic_put_media(struct anthropic_request *request,
                             const struct turn_block *block) MUST_CHECK;

/* ---- The dialect's ops ---- */

enum err anthropic_encode_request(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault) MUST_CHECK;

bool anthropic_needs_bytes(const struct chat_part *part, const struct model *model);
