/*
 * anthropic: what the files of the Anthropic Messages dialect share.
 *
 * Private to them.  anthropic_dialect.c decodes answers; anthropic_encode.c decides and writes a
 * request, with anthropic_turns.c, which orders the conversation as this API wants it,
 * anthropic_messages.c, which writes it, anthropic_schema.c, which fits JSON Schemas into the API's
 * subset, and anthropic_models.c, which knows what each model takes.
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

/* Whose reasoning blocks may be handed back to this API. */
#define ANTHROPIC_REASONING_FORMAT "anthropic-claude-v1"

/* ---- What a model takes ---- */

/* Beside the TAKES_ bits of llm/rules.h: thinking is on unless it is disabled. */
enum { THINKS_UNASKED = 1 << 20 };

struct anthropic_model {
    const char *prefix;        /* of the dashed id */
    int64_t output_tokens_max; /* 0: not known */
    enum thinking_style thinking;
    enum sampling_rule sampling;
    unsigned takes; /* TAKES_ and THINKS_ bits */
};

/* The row for a model by its name on the wire, in any vendor's spelling
 * ("claude-opus-4-5-20251101", "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
 * "claude-sonnet-4@20250514").  Never NULL. */
const struct anthropic_model *anthropic_model_by_name(str name);

/* ---- A conversation in this API's order ---- */

struct anthropic_block {
    struct anthropic_block *next;
    struct anthropic_block *next_same_id; /* TOOL_CALL */
    const struct chat_part *part;         /* what it is made of; NULL for a text of ours */
    str text;                             /* TEXT, and thinking: the text, joined from its pieces */
    str id;                               /* TOOL_CALL: in this API's alphabet, unique */
    const struct chat_message *result; /* TOOL_CALL: its tool message, NULL when none was given */
    size_t message; /* where the part stands in the chat, for messages[i].content[j] */
    size_t index;
    bool has_cache_mark;
};

struct anthropic_turn {
    struct anthropic_turn *next;
    bool is_assistant;
    bool has_calls;
    struct anthropic_block *first;
    struct anthropic_block *last;
};

struct anthropic_turns {
    struct anthropic_block *system; /* a list of texts */
    struct anthropic_block *system_last;
    struct anthropic_turn *first;
    struct anthropic_turn *last;
    bool has_prefill;     /* the last turn is the assistant's and the model goes on from it */
    bool breaks_thinking; /* a tool loop is open whose turn does not begin with signed thinking */
};

/* Orders the messages: system texts first, turns that alternate and begin with the user's, every
 * tool call with its result, no empty text.  Lives in `arena` and borrows from the chat. */
struct anthropic_turns anthropic_turns_of(const struct chat_request *chat,
                                          const struct anthropic_model *model, struct arena *arena);

/* ---- Schemas ---- */

/* True when the schema can be said in the API's subset without changing what it allows beyond
 * the bounds that go into descriptions. */
bool anthropic_schema_fits(json *schema);

/* Writes the schema in that subset. */
void anthropic_schema_put(struct json_writer *writer, const char *name, json *schema,
                          struct arena *arena);

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

struct anthropic_request {
    const struct chat_request *chat;
    const struct model *model;
    const struct anthropic_model *row;
    struct arena *arena;
    struct json_writer *writer;
    struct fault *fault;

    struct anthropic_turns turns;
    enum anthropic_json json;
    bool forces_tool;
    enum anthropic_thinking thinking;
    bool keeps_thinking; /* thinking of earlier turns is handed back */
    int64_t max_tokens;
    int64_t budget_tokens; /* THINKING_BUDGETED */
    enum effort effort;    /* EFFORT_UNSET: nothing is said */
    int marks_to_skip;     /* cache marks in messages that are too many, from the oldest */
};

/* Fills *fault: `param` <words>.  Always ERR_INVALID; another provider may do better. */
enum err anthropic_refuse(struct anthropic_request *request, str param,
                          const char *words) MUST_CHECK;

/* The same about a part of a message: messages[i].content[j]. */
enum err anthropic_refuse_part(struct anthropic_request *request,
                               const struct anthropic_block *block, const char *words) MUST_CHECK;

/* cache_control, as a member of the object that is open. */
void anthropic_put_mark(struct anthropic_request *request, str ttl);

/* {"type": "text", "text": ...} without its braces. */
void anthropic_put_text(struct anthropic_request *request, str text);

/* What names and ids of tools are made of. */
static inline bool anthropic_is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

/* True when a tool can have that name: such characters, 1 to 128. */
bool anthropic_is_name(str name);

/* Counts the cache marks in the list of blocks and in the results of their calls. */
int anthropic_count_marks(const struct anthropic_block *block);

/* `messages`. */
enum err anthropic_put_messages(struct anthropic_request *request) MUST_CHECK;

/* ---- The dialect's op ---- */

enum err anthropic_encode_request(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault) MUST_CHECK;
