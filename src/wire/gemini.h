/*
 * gemini: what the files of the Gemini dialect share.  Google serves the API twice, with small
 * differences: as the Gemini API (AI Studio) and on Vertex AI (PLATFORM_VERTEX).
 *
 * Private to them.  gemini_dialect.c, gemini_answer.c and gemini_parts.c decode answers;
 * gemini_encode.c decides and writes a request, with gemini_contents.c, which orders the
 * conversation as this API wants it, gemini_messages.c, which writes it, gemini_media.c, which
 * writes its images and files, gemini_config.c, which writes how to generate, and gemini_schema.c,
 * which fits JSON Schemas into the API's own kind.
 */
#pragma once

#include "base/map.h"
#include "codec/json_write.h"
#include "llm/chat.h"
#include "llm/model.h"
#include "wire/dialect.h"

/* Whose reasoning blocks may be handed back to this API. */
#define GEMINI_REASONING_FORMAT "google-gemini-v1"

/* ---- A conversation in this API's order ---- */

struct gemini_part {
    struct gemini_part *next;
    struct gemini_part *next_same_id;  /* TOOL_CALL */
    const struct chat_part *part;      /* what it is made of; NULL for a text of ours */
    str text;                          /* TEXT, REFUSAL, REASONING */
    str signature;                     /* handed back with the part; empty: none */
    const struct chat_message *result; /* TOOL_CALL: its tool message, NULL when none was given */
    size_t message; /* where the part stands in the chat, for messages[i].content[j] */
    size_t index;
};

struct gemini_content {
    struct gemini_content *next;
    bool is_model;
    bool has_calls;
    struct gemini_part *first;
    struct gemini_part *last;
};

struct gemini_contents {
    struct gemini_part *system; /* a list of texts; NULL when the model takes none */
    struct gemini_part *system_last;
    struct gemini_content *first;
    struct gemini_content *last;
    str prefill; /* the model is asked in words to go on after it; empty: none */
};

/* Orders the messages: system texts first, contents of alternating roles that begin with the
 * user's, every call with its result and the signature it came with, no empty text.  `words`, when
 * not empty, are told to the model behind the system texts.  Lives in `arena`, borrows from the
 * chat. */
struct gemini_contents gemini_contents_of(const struct chat_request *chat,
                                          const struct model_rules *rules, str words,
                                          struct arena *arena);

/* ---- Schemas ---- */

/* Writes the schema in the subset of OpenAPI 3.0 that `parameters` and `responseSchema` take. */
void gemini_schema_put(struct json_writer *writer, const char *name, json *schema,
                       struct arena *arena);

/* ---- A request being written ---- */

/* How a wanted form of the answer is asked for. */
enum gemini_json {
    GEMINI_JSON_FREE,     /* none is wanted */
    GEMINI_JSON_BY_MIME,  /* responseMimeType, with a schema when there is one */
    GEMINI_JSON_BY_TOOL,  /* one tool must be called; JSON_TOOL's input is the answer */
    GEMINI_JSON_BY_WORDS, /* the system instruction asks for it */
};

struct gemini_request {
    const struct chat_request *chat;
    const struct model *model;
    const struct model_rules *rules;
    struct arena *arena;
    struct json_writer *writer;
    struct provider_request *out; /* drops and hints */
    struct fault *fault;

    bool is_vertex;
    bool sends_tools;
    enum gemini_json json;
    struct gemini_contents contents;
};

/* Fills *fault: `param` <words>.  Always ERR_INVALID; another provider may do better. */
enum err gemini_refuse(struct gemini_request *request, str param, const char *words) MUST_CHECK;

/* The same about a part of a message: messages[i].content[j]. */
enum err gemini_refuse_part(struct gemini_request *request, const struct gemini_part *part,
                            const char *words) MUST_CHECK;

/* True when the model's rules say it takes what the bit stands for. */
static inline bool gemini_takes(const struct gemini_request *request, unsigned what)
{
    return (request->rules->takes & what) != 0;
}

/* A member of the client's body by its name there; NULL when it spoke another format. */
json *gemini_raw_member(const struct gemini_request *request, const char *name);

/* The name in this API's alphabet.  Remembered when it is another, for the way back. */
str gemini_tool_name(struct gemini_request *request, str name);

/* `contents`. */
enum err gemini_put_contents(struct gemini_request *request) MUST_CHECK;

/* {"text": ...} */
void gemini_put_text(struct json_writer *writer, str text);

/* inlineData or fileData of an IMAGE, AUDIO, VIDEO or FILE, into the object that is open. */
enum err gemini_put_media(struct gemini_request *request,
                          const struct gemini_part *part) MUST_CHECK;

/* `generationConfig`. */
void gemini_put_config(struct gemini_request *request);

/* ---- The dialect's ops ---- */

bool gemini_needs_bytes(const struct chat_part *part, const struct model *model);

enum err gemini_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault) MUST_CHECK;
