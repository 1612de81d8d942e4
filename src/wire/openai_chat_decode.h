/*
 * openai_chat_decode: the state of one answer in the OpenAI chat format while it is read.
 *
 * Private to openai_chat_dialect.c and openai_chat_tools.c.
 */
#pragma once

#include "codec/sse.h"
#include "llm/event.h"
#include "wire/dialect.h"

enum {
    OPENAI_TOOLS_MAX = 1024, /* calls of one choice */
    OPENAI_EXTRAS_MAX = 32,  /* members we do not know whose last value is remembered */
};

/* A tool call as the provider tells it. */
struct openai_tool {
    int64_t wire_index; /* < 0: it gave none */
    str wire_id;        /* in decoder->arena, as are the next two; empty: it gave none */
    str id;             /* ours when the provider's is none or used already */
    str name;
    bool is_open; /* EVENT_TOOL_CALL went out */
    bool has_args;
};

struct openai_choice {
    bool has_text;
    bool is_finished; /* EVENT_FINISH went out */
    bool has_finish;  /* the provider said why it ended; kept until nothing more can come */
    enum finish_reason reason;
    str native; /* in decoder->arena */
    struct openai_tool *tools;
    size_t tool_count;
    size_t tool_room;

    /* The first half of a surrogate pair whose second half comes with the next piece; 0: none. */
    uint32_t text_half;
    uint32_t reasoning_half;
};

struct openai_answer {
    struct sse_decoder sse;
    struct buf body;
    bool has_started;
    bool is_done; /* [DONE] was read: what follows is ignored */
    struct openai_choice first;
    struct openai_choice *others; /* from 1 to CHAT_CHOICES_MAX; NULL until one of them speaks */
    int choice_end;               /* one more than the highest that spoke */
    struct usage usage;           /* as last told */
    int minted;                   /* ids made by us */
    struct {
        uint64_t name;
        uint64_t value;
    } extras[OPENAI_EXTRAS_MAX]; /* hashes of what was told last */
    size_t extra_count;
};

/* One call of decode(): what it works on. */
struct openai_turn {
    struct decoder *decoder;
    struct openai_answer *answer;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
    json *choice_error; /* a choice that holds an error, or NULL */
    bool has_halves;    /* the text held escapes of single surrogates: see openai_chat_halves.c */
    bool at_end;        /* the bytes ended: what is not whole will never be */
};

/* `tool_calls` of a delta or a message.  ERR_PEER past the bounds. */
enum err openai_take_tool_calls(struct openai_turn *turn, int choice_index,
                                struct openai_choice *choice, json *calls) MUST_CHECK;

/* The older `function_call`: one call without index and id. */
enum err openai_take_function_call(struct openai_turn *turn, int choice_index,
                                   struct openai_choice *choice, json *call) MUST_CHECK;

/* The payload with single surrogates replaced by characters that openai_join_halves() knows.  False
 * when it has none. */
bool openai_replace_halves(struct arena *arena, str payload, str *out);

/* The text with halves joined, in turn->scratch; a first half at its end is kept in *held. */
str openai_join_halves(struct openai_turn *turn, uint32_t *held, str text);

/* Usage in any of the shapes that the family has.  False when it holds no count. */
bool openai_read_usage(json *usage, const struct quirks *quirks, struct usage *out);

/* FINISH_NONE for an empty word; unknown words mean stop when `has_output`, else error. */
enum finish_reason openai_finish_of(str word, bool has_output);

/* "the provider ...": fills turn->fault and gives back `kind`. */
enum err openai_broken(struct openai_turn *turn, enum err kind, str message) MUST_CHECK;

/* encode_request of the dialect. */
enum err openai_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault) MUST_CHECK;
