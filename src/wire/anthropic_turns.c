/*
 * A conversation in the order the Anthropic Messages API wants it.
 *
 * That API knows two roles whose turns alternate and begin with the user's; it wants every tool
 * call answered at the front of the very next turn, and refuses empty text.  OpenAI's form is
 * freer, so the messages are sorted into turns here; anthropic_encode.c then writes them one after
 * the other.
 */
#include "base/map.h"
#include "wire/anthropic.h"
#include "wire/tool_id.h"

/* What is known of one tool id of the conversation. */
struct call_id {
    struct anthropic_turn *turn;     /* the latest that called with it */
    struct anthropic_block *waiting; /* its calls without a result, oldest first */
    struct anthropic_block *newest;
    unsigned uses;
};

struct sorter {
    const struct chat_request *chat;
    const struct model *model;
    struct arena *arena;
    bool says_names; /* several users speak: their names stand before what they say */
    struct anthropic_turns turns;
    struct map ids;   /* struct call_id by the id as the client wrote it */
    struct map taken; /* ids in this API's alphabet */
    size_t message;   /* at work on this one */
};

static bool is_blank(str text)
{
    return str_trim(text).len == 0;
}

/* ---- Turns and blocks ---- */

static struct anthropic_turn *turn_of(struct sorter *sorter, bool is_assistant)
{
    struct anthropic_turns *turns = &sorter->turns;

    if (turns->last != NULL && turns->last->is_assistant == is_assistant) {
        return turns->last;
    }
    struct anthropic_turn *turn = ARENA_NEW(sorter->arena, struct anthropic_turn);
    turn->is_assistant = is_assistant;
    if (turns->last != NULL) {
        turns->last->next = turn;
    } else {
        turns->first = turn;
    }
    turns->last = turn;
    return turn;
}

static struct anthropic_block *block_new(struct sorter *sorter, const struct chat_part *part,
                                         size_t index)
{
    struct anthropic_block *block = ARENA_NEW(sorter->arena, struct anthropic_block);

    block->part = part;
    block->text = part != NULL ? part->text : STR_NONE;
    block->message = sorter->message;
    block->index = index;
    block->has_cache_mark = part != NULL && part->has_cache_mark;
    return block;
}

static void append(struct anthropic_block **first, struct anthropic_block **last,
                   struct anthropic_block *block)
{
    if (*last != NULL) {
        (*last)->next = block;
    } else {
        *first = block;
    }
    *last = block;
}

static void turn_add(struct sorter *sorter, bool is_assistant, struct anthropic_block *block)
{
    struct anthropic_turn *turn = turn_of(sorter, is_assistant);

    append(&turn->first, &turn->last, block);
}

static void turn_add_text(struct sorter *sorter, bool is_assistant, str text)
{
    struct anthropic_block *block = block_new(sorter, NULL, 0);

    block->text = text;
    turn_add(sorter, is_assistant, block);
}

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

/* The text with the speaker's name before it, once per message: the API has no place for names. */
static str named_text(struct sorter *sorter, const struct chat_part *part, str *name)
{
    if (name->len == 0) {
        return part->text;
    }
    char *text = ARENA_ARRAY(sorter->arena, char, name->len + 2 + part->text.len);
    memcpy(text, name->at, name->len);
    text[name->len] = ':';
    text[name->len + 1] = ' ';
    memcpy(text + name->len + 2, part->text.at, part->text.len);
    str named = str_of(text, name->len + 2 + part->text.len);
    *name = STR_NONE;
    return named;
}

/* Names are said when users have several; else they tell the model nothing. */
static void look_at_names(struct sorter *sorter)
{
    str first = STR_NONE;

    for (size_t i = 0; i < sorter->chat->message_count; i++) {
        const struct chat_message *message = &sorter->chat->messages[i];
        bool is_user = message->role == ROLE_USER && message->name.len > 0;
        if (is_user && first.len == 0) {
            first = message->name;
        }
        sorter->says_names = sorter->says_names || (is_user && !str_eq(first, message->name));
    }
    for (size_t i = 0; i < sorter->chat->message_count; i++) {
        const struct chat_message *message = &sorter->chat->messages[i];
        bool is_said = sorter->says_names && message->role == ROLE_USER;
        bool is_of_call = message->role == ROLE_TOOL; /* its call has the name */
        if (message->name.len > 0 && !is_said && !is_of_call) {
            sorter->turns.leaves_out_names = true;
        }
    }
}

/* ---- Tool ids ---- */

static struct call_id *known_id(struct sorter *sorter, str id)
{
    struct call_id *known = map_get(&sorter->ids, id);

    if (known == NULL) {
        known = ARENA_NEW(sorter->arena, struct call_id);
        (void)map_add(&sorter->ids, sorter->arena, id, known); /* it is not there */
    }
    return known;
}

/* Gives the call an id that no other call of the request has. */
static void name_call(struct sorter *sorter, struct anthropic_block *block, struct call_id *known)
{
    str clean =
        tool_id_for(anthropic_platform_of(sorter->model)->ids, block->part->id, sorter->arena);

    do {
        known->uses++;
        block->id = known->uses == 1
                        ? clean
                        : arena_printf(sorter->arena, STR_FMT "_%u", STR_ARG(clean), known->uses);
    } while (!map_add(&sorter->taken, sorter->arena, block->id, block));
}

/* Names the call and lets it wait for its result.  An id may be used again: by a later turn, or by
 * providers that give parallel calls the same one; results then belong to the calls in order. */
static void add_call(struct sorter *sorter, struct anthropic_block *block)
{
    struct call_id *known = known_id(sorter, block->part->id);
    struct anthropic_turn *turn = sorter->turns.last;

    name_call(sorter, block, known);
    turn->has_calls = true;
    if (known->turn != turn || known->waiting == NULL) {
        known->waiting = block;
    } else {
        known->newest->next_same_id = block;
    }
    known->newest = block;
    known->turn = turn;
}

/* ---- Reasoning handed back ---- */

static bool is_ours(const struct chat_part *part)
{
    return part->kind == PART_REASONING && str_eq(part->format, STR(ANTHROPIC_REASONING_FORMAT)) &&
           (part->reasoning == CHAT_REASONING_TEXT || part->reasoning == CHAT_REASONING_ENCRYPTED);
}

/* The texts of the reasoning parts `from` to `to`, joined. */
static str joined_text(struct arena *arena, const struct chat_message *message, size_t from,
                       size_t to)
{
    size_t len = 0;
    size_t at = 0;

    for (size_t i = from; i <= to; i++) {
        len += is_ours(&message->parts[i]) ? message->parts[i].text.len : 0;
    }
    char *text = ARENA_ARRAY(arena, char, len + 1);
    for (size_t i = from; i <= to; i++) {
        str piece = message->parts[i].text;
        if (is_ours(&message->parts[i]) && piece.len > 0) {
            memcpy(text + at, piece.at, piece.len);
            at += piece.len;
        }
    }
    return str_of(text, len);
}

/* Signed text and opaque data go back as they came.  Clients that kept the pieces of a stream send
 * one part for each, the signature with the last: they are joined.  What has no signature and what
 * another vendor signed is left out: this API refuses it. */
static void add_reasoning(struct sorter *sorter, const struct chat_message *message)
{
    size_t from = 0;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        bool is_opaque = part->reasoning == CHAT_REASONING_ENCRYPTED;
        if (!is_ours(part) || (!is_opaque && part->signature.len == 0)) {
            continue;
        }
        struct anthropic_block *block = block_new(sorter, part, i);
        block->text = is_opaque ? part->text : joined_text(sorter->arena, message, from, i);
        block->has_cache_mark = false;
        turn_add(sorter, true, block);
        from = i + 1;
    }
}

/* ---- Messages ---- */

static void add_system(struct sorter *sorter, const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        struct anthropic_block *block = block_new(sorter, part, i);
        if (is_text(part) && is_blank(part->text)) {
            continue;
        }
        block->text = is_text(part) ? part->text : STR_NONE;
        append(&sorter->turns.system, &sorter->turns.system_last, block);
    }
}

/* A user's message, or one of the system's in the middle: moving that up would change its meaning.
 */
static void add_user(struct sorter *sorter, const struct chat_message *message)
{
    bool is_named = sorter->says_names && message->role == ROLE_USER;
    str name = is_named ? message->name : STR_NONE;

    (void)turn_of(sorter, false); /* also when it is empty: the assistant answered it */
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        struct anthropic_block *block = block_new(sorter, part, i);
        if (is_text(part) && is_blank(part->text)) {
            continue;
        }
        if (is_text(part)) {
            block->text = named_text(sorter, part, &name);
        }
        turn_add(sorter, false, block);
    }
}

static void add_assistant(struct sorter *sorter, const struct chat_message *message)
{
    add_reasoning(sorter, message);
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        struct anthropic_block *block = block_new(sorter, part, i);
        if (part->kind == PART_REASONING || (is_text(part) && is_blank(part->text))) {
            continue;
        }
        turn_add(sorter, true, block);
        if (part->kind == PART_TOOL_CALL) {
            add_call(sorter, block);
        }
    }
}

/* The result is tied to its call, wherever it stands; one without a call is left out. */
static void add_result(struct sorter *sorter, const struct chat_message *message)
{
    struct call_id *known = map_get(&sorter->ids, message->tool_call_id);

    if (known == NULL || known->waiting == NULL) {
        return;
    }
    known->waiting->result = message;
    known->waiting = known->waiting->next_same_id;
    (void)turn_of(sorter, false);
}

static void add_message(struct sorter *sorter, const struct chat_message *message)
{
    switch (message->role) {
    case ROLE_SYSTEM:
    case ROLE_DEVELOPER:
        if (sorter->turns.first == NULL) {
            add_system(sorter, message);
        } else {
            add_user(sorter, message);
        }
        break;
    case ROLE_USER:
        add_user(sorter, message);
        break;
    case ROLE_ASSISTANT:
        if (sorter->turns.first == NULL) {
            (void)turn_of(sorter, false); /* the first turn is the user's, even when it is empty */
        }
        add_assistant(sorter, message);
        break;
    case ROLE_TOOL:
        add_result(sorter, message);
        break;
    }
}

/* ---- The end of the conversation ---- */

static str trim_end(str text)
{
    while (text.len > 0 && str_find_char(STR(" \t\r\n\f\v"), text.at[text.len - 1]) < 6) {
        text.len--;
    }
    return text;
}

/* A text that the model is to go on with must not end in white space.  Where the model takes no
 * such text, the user asks for the same in words. */
static void end_conversation(struct sorter *sorter)
{
    struct anthropic_turns *turns = &sorter->turns;
    bool takes_prefill = (model_rules_of(sorter->model)->takes & TAKES_PREFILL) != 0;

    if (turns->last == NULL || (turns->last->is_assistant && turns->last->has_calls)) {
        (void)turn_of(sorter, false);
    }
    if (!turns->last->is_assistant) {
        return;
    }
    struct anthropic_block *block = turns->last->last;
    if (block->part != NULL && block->part->kind == PART_OTHER) {
        return; /* a turn that the provider paused: it goes on by itself */
    }
    if (block->part != NULL && is_text(block->part)) {
        block->text = trim_end(block->text);
        turns->has_prefill = takes_prefill;
        turns->asked_prefill = takes_prefill ? STR_NONE : block->text;
    }
    if (turns->has_prefill) {
        return;
    }
    turn_add_text(
        sorter, false,
        STR("Continue your last message from exactly where it ends. Write only what comes "
            "next: repeat nothing of it and say nothing about it."));
}

/* While results of the last calls are handed in, thinking can be on only when the turn that made
 * the calls begins with its signed thinking. */
static bool breaks_thinking(const struct anthropic_turns *turns)
{
    const struct anthropic_turn *assistant = NULL;

    for (const struct anthropic_turn *turn = turns->first; turn != NULL; turn = turn->next) {
        assistant = turn->is_assistant ? turn : assistant;
    }
    if (assistant == NULL || !assistant->has_calls) {
        return false;
    }
    return assistant->first->part == NULL || assistant->first->part->kind != PART_REASONING;
}

struct anthropic_turns anthropic_turns_of(const struct chat_request *chat,
                                          const struct model *model, struct arena *arena)
{
    struct sorter sorter = {.chat = chat, .model = model, .arena = arena};

    look_at_names(&sorter);
    for (; sorter.message < chat->message_count; sorter.message++) {
        add_message(&sorter, &chat->messages[sorter.message]);
    }
    end_conversation(&sorter);
    sorter.turns.breaks_thinking = breaks_thinking(&sorter.turns);
    return sorter.turns;
}
