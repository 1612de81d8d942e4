/*
 * openai_chat: what the two sides of the OpenAI chat format share: names, parameters, path words.
 *
 * Private to openai_chat_*.c.
 */
#pragma once

#include "codec/json_write.h"
#include "llm/chat.h"
#include "llm/event.h"
#include "llm/gather.h"
#include "llm/model.h"
#include "wire/quirks.h"
#include "wire/surface.h"

/* Who a member of a request body is for. */
enum openai_audience {
    FOR_MODEL,   /* goes to the provider as it is, when the model takes it */
    FOR_ENCODER, /* goes to the provider, but written by the encoder in the provider's words */
    FOR_GATEWAY, /* stays here */
};

enum openai_param_kind {
    PARAM_ANY,
    PARAM_BOOL,
    PARAM_INT,    /* from min to max */
    PARAM_NUMBER, /* from min to max; min itself is not allowed when `above_min` */
    PARAM_TEXT,   /* at most max bytes */
    PARAM_WORD,   /* one of `words`, each with a blank behind it */
    PARAM_TEXTS,  /* an array of strings, at most max of them; each one of `words` if there are */
    PARAM_OBJECT,
    PARAM_ARRAY, /* at least min elements */
};

/* A member of a request body: what it may hold and where it goes. */
struct openai_param {
    str name; /* a literal */
    enum openai_audience audience;
    enum openai_param_kind kind;
    double min;
    double max;
    bool above_min;
    const char *words;
    size_t number_at;  /* offset of the struct chat_number it fills; 0: none */
    size_t text_at;    /* offset of the str it fills; 0: none */
    const char *usual; /* values that change nothing, as JSON, each with a blank behind it */
};

/* All members that are known, ended by a row without a name. */
extern const struct openai_param openai_params[];

/* The row of that member, or NULL. */
const struct openai_param *openai_param_by_name(str name);

/* True when leaving the value out changes nothing: it is empty, or what happens anyhow. */
bool openai_param_is_usual(const struct openai_param *param, json *value, struct arena *arena);

/* True when `words` ("auto none ") holds the word. */
bool openai_words_have(const char *words, str word);

/* True when the parameter may be sent to the model for this request. */
bool openai_takes_param(const struct chat_request *chat, const struct model *model, str name);

/* True when one of the patterns ("qwen* magistral* ") fits the model's plain id. */
bool openai_fits_any(const char *patterns, str name);

/* The effort that the client asks for, in words or as a number of tokens. */
enum effort openai_effort_asked(const struct chat_request *chat);

/* The word for `reasoning_effort`, EFFORT_UNSET when none is to be sent. */
enum effort openai_effort_for(const struct chat_request *chat, const struct model *model);

/* Where in the body a reader is: a chain of names and indices, for messages of faults. */
struct openai_place {
    const struct openai_place *parent; /* NULL at the top */
    const char *name;                  /* NULL: an element of an array */
    size_t index;
};

/* One request being read. */
struct openai_reader {
    struct arena *arena;
    struct chat_request *chat;
    struct fault *fault;
};

/* Fills the fault: "`messages[3].role` <words>".  Always ERR_INVALID. */
enum err openai_refuse(struct openai_reader *reader, const struct openai_place *place,
                       const char *format, ...) PRINTF_LIKE(3, 4) MUST_CHECK;

/* Text that is used as a name: a string without NUL, at most `max` bytes.  Absent leaves *out. */
enum err openai_read_name(struct openai_reader *reader, const struct openai_place *place,
                          json *value, size_t max, str *out) MUST_CHECK;

/* cache_control of a part, a tool or the body. */
enum err openai_read_cache_mark(struct openai_reader *reader, const struct openai_place *parent,
                                json *object, bool *has_mark, str *ttl) MUST_CHECK;

/* Checks every member of the body against openai_params[] and fills what the table can fill. */
enum err openai_read_params(struct openai_reader *reader, json *root) MUST_CHECK;

/* `messages` or `prompt`. */
enum err openai_read_messages(struct openai_reader *reader, json *root) MUST_CHECK;

/* "system", "user", ... */
str openai_role_name(enum chat_role role);

/* The whole of surface->decode_request. */
enum err openai_decode_request(str body, struct arena *arena, struct chat_request **out,
                               struct fault *fault) MUST_CHECK;

/* The fingerprint of answers whose provider gives none: clients want a string, never null. */
#define OPENAI_FINGERPRINT "fp_gatehouse"

/* The `usage` object, complete with all details. */
void openai_write_usage(struct json_writer *writer, const struct usage *usage,
                        const struct cost *cost);

/* The members `cost` and `cost_details` of the body, for who asked with `usage: {include: true}`.
 */
void openai_write_root_cost(struct json_writer *writer, const struct cost *cost);

/* An amount as a JSON number, without a detour through floating point. */
void openai_write_nanousd(struct json_writer *writer, const char *name, int64_t nanousd);

/* The `error` object. */
void openai_write_error(struct json_writer *writer, const struct fault *fault);

/* One element of `reasoning_details`. */
void openai_write_reasoning_detail(struct json_writer *writer, const struct reasoning *reasoning);

/* The word for a finish; null for FINISH_NONE. */
void openai_write_finish(struct json_writer *writer, enum finish_reason reason, str native);

/* True when the name is ours at that place: an extra of that name would stand there twice. */
bool openai_is_own_name(enum extra_place place, str name);

/* surface->encode_whole and ->encode_fault. */
enum err openai_encode_whole(struct encoder *encoder, const struct answer *answer,
                             const struct fault *fault, struct buf *out) MUST_CHECK;
enum err openai_encode_fault(const struct identity *identity, const struct fault *fault,
                             struct buf *out) MUST_CHECK;
