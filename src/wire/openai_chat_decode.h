/*
 * openai_chat_decode: the state of one answer in the OpenAI chat format while it is read.
 *
 * Private to the dialect's side of openai_chat_*.c.
 */
#pragma once

#include "codec/sse.h"
#include "llm/event.h"
#include "wire/dialect.h"

enum {
    OPENAI_TOOLS_MAX = 1024,    /* calls of one choice */
    OPENAI_EXTRAS_MAX = 32,     /* members we do not know whose last value is remembered */
    OPENAI_CITATIONS_MAX = 128, /* of one answer */
    OPENAI_HELD_MAX = 32,       /* text that waits until it is clear whether a tag stands in it */
};

/* A tool call as the provider tells it. */
struct openai_tool {
    int64_t wire_index; /* < 0: it gave none */
    str wire_id;        /* in decoder->arena, as are the next two; empty: it gave none */
    str id;             /* ours when the provider's is none or used already */
    str name;
    bool is_open; /* EVENT_TOOL_CALL went out */
    bool has_args;

    /* Some servers tell the arguments so far again in every piece. */
    bool adds_up;       /* this one does not */
    size_t args_len;    /* of what was told so far */
    uint64_t args_hash; /* of the same */
    char args_end;      /* its last byte that is not blank */
};

/* Where the text of a choice stands while thinking is told in it. */
enum openai_thinking {
    THINKING_TO_COME, /* nothing was said yet, or the beginning of the first tag */
    THINKING_INSIDE,
    THINKING_BEHIND, /* the last tag was read; blank lines behind it are not the answer's */
    THINKING_OVER,   /* all is text */
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

    /* A text that the model was asked to go on with and repeats: bytes of it that came. */
    size_t prefill_len;
    bool prefill_over;

    enum openai_thinking thinking;
    char held[OPENAI_HELD_MAX];
    size_t held_len;
};

struct openai_answer {
    struct sse_decoder sse;
    struct buf body;  /* a whole answer, or what stands in a stream without its framing */
    bool is_whole;    /* one JSON body, not a stream */
    bool is_mid_line; /* of the stream, as far as it was looked at for what has no framing */
    bool is_unframed; /* the rest of the stream is in `body` */
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
    bool has_annotations; /* the provider tells its citations so */
    uint64_t *citations;  /* hashes of the URLs that were told; in the arena, NULL until one was */
    size_t citation_count;
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

/* An event of that kind for the choice. */
struct event *openai_emit(struct openai_turn *turn, enum event_kind kind, int choice);

/* ---- Members (openai_chat_members.c) ---- */

/* The members that are read. */
enum openai_body_member {
    BODY_ID,
    BODY_MODEL,
    BODY_CREATED,
    BODY_CHOICES,
    BODY_USAGE,
    BODY_ERROR,
    BODY_TYPE,
    BODY_X_GROQ,
    BODY_CITATIONS,
    BODY_RESULTS,
};
enum openai_choice_member {
    CHOICE_INDEX,
    CHOICE_DELTA,
    CHOICE_MESSAGE,
    CHOICE_FINISH,
    CHOICE_NATIVE,
    CHOICE_LOGPROBS,
    CHOICE_ERROR,
    CHOICE_TEXT,
};
enum openai_message_member {
    MESSAGE_CONTENT,
    MESSAGE_REFUSAL,
    MESSAGE_DETAILS,
    MESSAGE_REASONING, /* and the next three: four names for one thing */
    MESSAGE_REASONING_CONTENT,
    MESSAGE_REASONING_TEXT,
    MESSAGE_THINKING,
    MESSAGE_TOOL_CALLS,
    MESSAGE_FUNCTION_CALL,
    MESSAGE_ANNOTATIONS,
    MESSAGE_IMAGES,
    MESSAGE_AUDIO,
};
enum { OPENAI_MEMBERS_MAX = 20 };

/* An object's members by the enums above; NULL when absent. */
struct openai_members {
    json *at[OPENAI_MEMBERS_MAX];
    bool has_unknown;
};

struct openai_members openai_read_members(enum extra_place place, json *object);

/* Null, "", {} and [] say nothing. */
bool openai_is_empty(json *value);

/* EVENT_EXTRA for every member that we do not know and that says something new. */
void openai_take_extras(struct openai_turn *turn, enum extra_place place, int choice, json *object);

/* `citations` and `search_results` of a body: annotations of the first choice, each once, and then
 * the members themselves. */
void openai_take_citations(struct openai_turn *turn, const struct openai_members *body);

/* True when the annotation was made of a citation: gateways tell both. */
bool openai_was_cited(const struct openai_answer *answer, json *annotation);

/* FNV-1a.  Only a provider can make two of its own values collide, to hide one of them. */
uint64_t openai_hash(str text, uint64_t start);

/* ---- What a choice says (openai_chat_say.c) ---- */

/* More text, with what is told in it: thinking in tags, a repetition of what was to be gone on
 * with. */
void openai_say_text(struct openai_turn *turn, int index, struct openai_choice *choice, str text);

/* `content` of any type. */
void openai_take_content(struct openai_turn *turn, int index, struct openai_choice *choice,
                         json *content);

/* Reasoning under any of its names. */
void openai_take_reasoning(struct openai_turn *turn, int index, struct openai_choice *choice,
                           const struct openai_members *message);

/* Nothing more comes: what was held back is said. */
void openai_say_held(struct openai_turn *turn, int index, struct openai_choice *choice);

/* ---- Tool calls and usage (openai_chat_tools.c) ---- */

/* `tool_calls` of a delta or a message.  ERR_PEER past the bounds. */
enum err openai_take_tool_calls(struct openai_turn *turn, int choice_index,
                                struct openai_choice *choice, json *calls) MUST_CHECK;

/* The older `function_call`: one call without index and id. */
enum err openai_take_function_call(struct openai_turn *turn, int choice_index,
                                   struct openai_choice *choice, json *call) MUST_CHECK;

/* Usage in any of the shapes that the family has.  False when it holds no count. */
bool openai_read_usage(json *usage, const struct quirks *quirks, struct usage *out);

/* FINISH_NONE for an empty word; unknown words mean stop when `has_output`, else error. */
enum finish_reason openai_finish_of(str word, bool has_output);

/* ---- Halves of surrogate pairs (openai_chat_halves.c) ---- */

/* The payload with single surrogates replaced by characters that openai_join_halves() knows.  False
 * when it has none. */
bool openai_replace_halves(struct arena *arena, str payload, str *out);

/* The text with halves joined, in turn->scratch; a first half at its end is kept in *held. */
str openai_join_halves(struct openai_turn *turn, uint32_t *held, str text);

/* ---- The dialect (openai_chat_dialect.c); azure.c shares it ---- */

/* "the provider ...": fills turn->fault and gives back `kind`. */
enum err openai_broken(struct openai_turn *turn, enum err kind, str message) MUST_CHECK;

void openai_decoder_init(struct decoder *decoder);
void openai_decoder_free(struct decoder *decoder);
enum err openai_decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault) MUST_CHECK;
enum err openai_decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault) MUST_CHECK;

/* encode_request and needs_bytes of the dialect. */
enum err openai_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault) MUST_CHECK;
bool openai_needs_bytes(const struct chat_part *part, const struct model *model);
