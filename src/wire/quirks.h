/*
 * quirks: providers as data: where each is, how it is spoken to, and how it departs from the format
 * that it shares with others.
 *
 * The built-in data is share/providers.json; it is linked into the program, and an operator may put
 * another file in its place.  A compatible provider is a row of it; a new kind of departure is a
 * member of struct quirks and a row in quirks.c.  A book is built at load and never changed; all of
 * it lives in the arena it was read into.
 */
#pragma once

#include "llm/rows.h"
#include "llm/site.h"

#include <stdbool.h>

/* How a model is made to go on with a last message of the assistant's. */
enum prefill_style {
    PREFILL_PLAIN,    /* plain: it stands last, as it is */
    PREFILL_PREFIX,   /* prefix: `prefix: true` stands in it (Mistral, DeepSeek) */
    PREFILL_PARTIAL,  /* partial: `partial: true` stands in it (Moonshot) */
    PREFILL_CONTINUE, /* continue: `continue_final_message` stands in the body (vLLM, SGLang) */
    PREFILL_WORDS,    /* words: it is refused; a user's message asks to go on */
};

/* How an answer that keeps to a JSON Schema is asked for. */
enum schema_style {
    SCHEMA_NATIVE, /* native: `json_schema`, as OpenAI has it */
    SCHEMA_OBJECT, /* object: `{type: json_object, schema: ...}` */
    SCHEMA_WORDS,  /* words: `json_object`; the schema stands in the prompt */
};

/* Where a model's thinking stands in an answer that has no member for it. */
enum think_style {
    THINK_APART, /* apart: nowhere in the text */
    THINK_TAGS,  /* tags: the text begins with <think>...</think> */
    THINK_OPEN,  /* open: the same, and the first tag may be missing */
};

struct quirks {
    enum credential credential;
    bool max_completion_tokens;         /* the limit is named so; else `max_tokens` */
    bool takes_developer;               /* knows the role; else it is sent as system */
    bool takes_extras;                  /* unknown members are forwarded */
    bool takes_stream_options;          /* include_usage may be asked for */
    bool reasoning_effort;              /* `reasoning_effort` is understood */
    bool reasoning_object;              /* `reasoning: {...}` is understood as it is */
    bool completion_excludes_reasoning; /* usage: completion_tokens leaves reasoning out */
    bool thinking_object;      /* `thinking: {type: enabled}` switches reasoning on and off */
    bool takes_cache_control;  /* `cache_control` may stand in parts and tools */
    bool takes_reasoning_back; /* `reasoning_content` of earlier turns is wanted again */
    bool tool_ids_of_nine;     /* ids of tool calls are exactly nine letters and digits */
    const char *refused;       /* parameters it cannot take, each with a blank behind it; or NULL */
    const char *item_format;   /* whose reasoning items are in its Responses API; NULL: told by the
                                  platform */

    /* Parameters.  Texts are words, each with a blank behind it; numbers that are 0 bound nothing.
     */
    const char *extras;        /* with takes_extras false: unknown members that are forwarded */
    const char *renames;       /* "seed=random_seed ": a parameter and what it is called here */
    const char *tool_choices;  /* of "none auto required named "; NULL: it knows all of them */
    const char *refused_parts; /* what it cannot be shown, of "image audio video file " */
    double temperature_min;    /* what is less is sent as this */
    double temperature_max;    /* what is more is sent as this */
    int stops_max;             /* stop sequences */
    int choices_max;           /* `n` */
    enum schema_style schema;  /* how structured output is asked for */
    bool one_penalty;          /* presence_penalty or frequency_penalty, not both */
    bool logprobs_is_count;    /* `logprobs` is the number that top_logprobs is */
    bool json_excludes_tools;  /* response_format is refused beside tools */
    bool json_excludes_stream; /* and in a stream: such an answer is asked for whole */
    bool strict_on_all;        /* `strict` stands in all tools or in none */
    bool files_are_documents;  /* files are sent as `document_url` (Mistral) */

    /* Messages. */
    bool takes_names;           /* `name` in messages; else users' names go before their text */
    bool one_system_message;    /* one, and it is the first */
    bool strict_turns;          /* user and assistant take turns; the last is not the assistant's */
    bool needs_text;            /* messages without text are refused */
    bool tool_turns_need_text;  /* the content of a turn that calls tools is "" and never null */
    bool needs_image_bytes;     /* images are taken as data only, not by URL */
    bool takes_tool_images;     /* the result of a tool may hold images */
    enum prefill_style prefill; /* how a last message of the assistant's is gone on with */
    const char *prefill_path;   /* where such a request goes; NULL: where all go */

    /* Reasoning, beside the members above. */
    const char *prompt_mode;      /* patterns of models switched on by `prompt_mode` (Mistral) */
    const char *reasoning_format; /* patterns of models that take `reasoning_format` (Groq) */
    const char *efforts;          /* of "none minimal low medium high xhigh max "; NULL: all */
    const char *effort_switch;    /* patterns of models whose efforts are "none" and "default" */
    const char *reasoning_member; /* the name of reasoning handed back; NULL: reasoning_content */
    bool enable_thinking;         /* `enable_thinking` and `thinking_budget` (Alibaba) */
    bool template_thinking;       /* `chat_template_kwargs: {enable_thinking}` (vLLM, SGLang) */
    bool thinks_streamed_only;    /* a model that is told to think must be asked for a stream */
    bool reasoning_always_back;   /* it is wanted in turns without tool calls too */

    /* Answers. */
    enum think_style think; /* where thinking stands in the text */
    bool ends_silently;     /* sends no finish_reason: a stream that ends was whole */
};

/* What stands in for a key when there is none. */
enum login { LOGIN_NONE, LOGIN_AWS, LOGIN_GOOGLE };

/* Another dialect that a provider speaks, beside its own. */
struct preset_dialect {
    str name;                /* of wire/dialect.h */
    str base_url;            /* empty: the provider's own */
    struct row_texts models; /* patterns over plain ids: these models are spoken to in it; none: it
                                must be asked for */
    enum platform platform;
    const struct quirks *quirks;
};

/* A base URL that holds for some regions only. */
struct preset_region {
    str match; /* a pattern over the region */
    str base_url;
};

/* Variables of the environment that people keep such things in, the first that is set counts. */
struct preset_variables {
    struct row_texts base_url;
    struct row_texts region;
    struct row_texts project;
    struct row_texts account;
    struct row_texts api_version;
};

/* A well-known provider: what `name: groq` in a configuration stands for. */
struct preset {
    str name;             /* "openai" */
    str display;          /* "OpenAI": the `provider` of an answer */
    str dialect;          /* a name of wire/dialect.h; it may be one that is not there */
    str base_url;         /* as the vendor's own SDK takes it; {region}, {project} and {account} are
                             put in.  Empty: it must be given */
    struct row_texts env; /* the conventional variables of its key; the first that is set counts */
    str key_url;          /* where people get a key; empty: not known */
    str region;           /* where nothing else is said; empty: there is none */
    enum login login;
    enum platform platform;
    bool local; /* runs on the operator's own machine and needs no key */
    struct preset_variables variables;
    const struct preset_region *regions;
    size_t region_count;
    const struct preset_dialect *dialects; /* beside its own; the first pattern that fits counts */
    size_t dialect_count;
    const struct quirks *quirks;
};

struct dialect_default {
    str dialect;
    const struct quirks *quirks;
};

struct preset_book {
    const struct preset *rows; /* in the order in which the environment is read */
    size_t count;
    const struct dialect_default *defaults;
    size_t default_count;
    str source; /* where the facts are from, for people */
    str as_of;  /* "2026-09-01" */
};

/* Reads the data file.  ERR_INVALID when it is not JSON or a member is wrong; *fault says which. */
enum err presets_read(str text, struct arena *arena, struct preset_book *out,
                      struct fault *fault) MUST_CHECK;

/* By name, or NULL. */
const struct preset *preset_by_name(const struct preset_book *book, str name);

/* What an unknown provider of the dialect is taken for.  Never NULL. */
const struct quirks *quirks_default(const struct preset_book *book, str dialect);

/* The provider's, when it is spoken to in that dialect; an unknown provider's for others. */
const struct quirks *preset_quirks(const struct preset_book *book, const struct preset *preset,
                                   str dialect);
