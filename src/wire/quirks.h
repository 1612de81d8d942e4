/*
 * quirks: how a provider departs from the format it shares with others.  A table; a compatible
 * provider is a row.
 */
#pragma once

#include "base/str.h"
#include "llm/site.h"

#include <stdbool.h>

/* A well-known provider: what `name: groq` in a configuration stands for. */
struct preset {
    const char *name;     /* "openai" */
    const char *display;  /* "OpenAI": the `provider` of an answer */
    const char *dialect;  /* a name of wire/dialect.h */
    const char *base_url; /* as the vendor's own SDK takes it */
    const char *env;      /* the conventional variable of its key; NULL when it needs none */
    const struct quirks *quirks;
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
    bool prefill_is_marked;    /* a last assistant message needs `prefix: true` */
    const char *refused;       /* parameters it cannot take, each with a blank behind it; or NULL */
};

/* By name, or NULL. */
const struct preset *preset_by_name(str name);

/* All presets, ended by a row whose name is NULL; in the order in which the environment is read. */
const struct preset *preset_all(void);

/* What an unknown provider of the dialect is taken for. */
const struct quirks *quirks_default(str dialect);
