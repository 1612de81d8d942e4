/*
 * tool_id: ids of tool calls in the alphabet and length that a provider wants.
 *
 * A function of the id alone, so a call and its result map to the same text in every request of a
 * conversation.  Ids that fit are left as they are; others are cleaned and end in a hash of what
 * they were, so that two that clean to the same text stay two.
 */
#pragma once

#include "base/arena.h"

enum tool_id_form {
    TOOL_ID_ANY,       /* not empty */
    TOOL_ID_ANTHROPIC, /* letters, digits, _ and -, of any length */
    TOOL_ID_BEDROCK,   /* the same, at most 64 (the narrowest of what its models take) */
    TOOL_ID_OPENAI,    /* anything, at most 64 bytes */
    TOOL_ID_NINE,      /* exactly nine letters and digits (Mistral) */
};

str tool_id_for(enum tool_id_form form, str id, struct arena *arena);

/* A tool's name in `[a-zA-Z0-9_-]`, at most `bytes_max`; itself when it is one. */
str tool_name_for(str name, size_t bytes_max, struct arena *arena);
