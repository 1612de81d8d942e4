/*
 * turns: a conversation in the order of the APIs that know two roles, as Anthropic's and Bedrock's.
 *
 * The roles' turns alternate and begin with the user's; every tool call stands beside its result,
 * which these APIs want in the very next turn; blank text, which they refuse, is left out.
 * OpenAI's form is freer: the messages are sorted here, and a dialect writes the turns one after
 * the other.  All of it lives in the arena and borrows from the chat.
 */
#pragma once

#include "base/arena.h"
#include "llm/chat.h"
#include "wire/tool_id.h"

struct turn_block {
    struct turn_block *next;
    struct turn_block *next_same_id;   /* TOOL_CALL */
    const struct chat_part *part;      /* what it is made of; NULL for a text of ours */
    str text;                          /* TEXT and REASONING: joined from its pieces */
    str id;                            /* TOOL_CALL: in the API's alphabet, unique */
    const struct chat_message *result; /* TOOL_CALL: its tool message, NULL when none was given */
    size_t message; /* where the part stands in the chat, for messages[i].content[j] */
    size_t index;
    bool has_cache_mark;
};

struct turn {
    struct turn *next;
    bool is_assistant;
    bool has_calls;
    struct turn_block *first;
    struct turn_block *last;
};

struct turns {
    struct turn_block *system; /* a list of texts */
    struct turn_block *system_last;
    struct turn *first; /* never NULL */
    struct turn *last;
    bool has_calls;
    bool has_prefill;      /* the last turn is the assistant's and the model goes on from it */
    str asked_prefill;     /* the same asked for in words: the text to go on from */
    bool breaks_thinking;  /* a tool loop is open whose turn does not begin with signed thinking */
    bool leaves_out_names; /* messages had names that are not said */
};

/* What an API and its model take. */
struct turns_rules {
    enum tool_id_form ids;
    str reasoning_format;   /* of the signed reasoning that is handed back; empty: none is */
    bool takes_system;      /* apart from the turns; else it stands before the user's first words */
    bool takes_prefill;     /* goes on from the assistant's last words; else the user asks for it */
    bool trims_asked;       /* also those words then end without white space */
    bool names_users_alone; /* names are said of users when several speak; else of everybody */
};

struct turns turns_of(const struct chat_request *chat, const struct turns_rules *rules,
                      struct arena *arena);

/* The part of a tool result that has a cache mark, which then counts for the whole result; NULL
 * when there is none, or no message. */
const struct chat_part *turns_marked_part(const struct chat_message *result);

/* Counts the cache marks in the list of blocks and in the results of their calls. */
int turns_count_marks(const struct turn_block *block);
