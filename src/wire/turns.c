/*
 * Messages sorted into turns that alternate, each tool call with its result.
 */
#include "wire/turns.h"

#include "base/map.h"

/* What is known of one tool id of the conversation. */
struct call_id {
    struct turn *turn;          /* the latest that called with it */
    struct turn_block *waiting; /* its calls without a result, oldest first */
    struct turn_block *newest;
    unsigned uses;
};

struct sorter {
    const struct chat_request *chat;
    const struct turns_rules *rules;
    struct arena *arena;
    bool has_several_users; /* with names */
    struct turns turns;
    struct map ids;   /* struct call_id by the id as the client wrote it */
    struct map taken; /* ids in the API's alphabet */
    size_t message;   /* at work on this one */
};

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

static bool is_blank(const struct chat_part *part)
{
    return is_text(part) && str_trim(part->text).len == 0;
}

/* ---- Turns and blocks ---- */

static struct turn *turn_of(struct sorter *sorter, bool is_assistant)
{
    struct turns *turns = &sorter->turns;

    if (turns->last != NULL && turns->last->is_assistant == is_assistant) {
        return turns->last;
    }
    struct turn *turn = ARENA_NEW(sorter->arena, struct turn);
    turn->is_assistant = is_assistant;
    if (turns->last != NULL) {
        turns->last->next = turn;
    } else {
        turns->first = turn;
    }
    turns->last = turn;
    return turn;
}

static struct turn_block *block_new(struct sorter *sorter, const struct chat_part *part,
                                    size_t index)
{
    struct turn_block *block = ARENA_NEW(sorter->arena, struct turn_block);

    block->part = part;
    block->text = part != NULL ? part->text : STR_NONE;
    block->message = sorter->message;
    block->index = index;
    block->has_cache_mark = part != NULL && part->has_cache_mark;
    return block;
}

static void append(struct turn_block **first, struct turn_block **last, struct turn_block *block)
{
    if (*last != NULL) {
        (*last)->next = block;
    } else {
        *first = block;
    }
    *last = block;
}

static void turn_add(struct sorter *sorter, bool is_assistant, struct turn_block *block)
{
    struct turn *turn = turn_of(sorter, is_assistant);

    append(&turn->first, &turn->last, block);
}

/* ---- Names ---- */

static bool says_name(const struct sorter *sorter, const struct chat_message *message)
{
    bool is_last = message == &sorter->chat->messages[sorter->chat->message_count - 1];

    if (sorter->rules->names_users_alone) {
        return sorter->has_several_users && message->role == ROLE_USER;
    }
    return message->role != ROLE_ASSISTANT || !is_last; /* the model goes on from the last one */
}

/* Users' names tell the model something when there are several. */
static void look_at_names(struct sorter *sorter)
{
    const struct chat_request *chat = sorter->chat;
    str first = STR_NONE;

    for (size_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        bool is_user = message->role == ROLE_USER && message->name.len > 0;
        if (is_user && first.len == 0) {
            first = message->name;
        }
        sorter->has_several_users =
            sorter->has_several_users || (is_user && !str_eq(first, message->name));
    }
    for (size_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        bool is_of_call = message->role == ROLE_TOOL; /* its call has the name */
        if (message->name.len > 0 && !is_of_call && !says_name(sorter, message)) {
            sorter->turns.leaves_out_names = true;
        }
    }
}

/* The text with the speaker's name before it, once per message: the APIs have no place for names.
 */
static str named_text(struct sorter *sorter, const struct chat_part *part, str *name)
{
    if (name->len == 0 || !is_text(part)) {
        return part->text;
    }
    str parts[] = {*name, STR(": "), part->text};
    *name = STR_NONE;
    return arena_join(sorter->arena, parts, COUNT_OF(parts));
}

/* ---- Calls and their results ---- */

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
static void name_call(struct sorter *sorter, struct turn_block *block, struct call_id *known)
{
    do {
        known->uses++;
        str id = known->uses == 1 ? block->part->id
                                  : arena_printf(sorter->arena, STR_FMT "_%u",
                                                 STR_ARG(block->part->id), known->uses);
        block->id = tool_id_for(sorter->rules->ids, id, sorter->arena);
    } while (!map_add(&sorter->taken, sorter->arena, block->id, block));
}

/* Names the call and lets it wait for its result.  An id may be used again: by a later turn, or by
 * providers that give parallel calls the same one; results then belong to the calls in order. */
static void add_call(struct sorter *sorter, struct turn_block *block)
{
    struct call_id *known = known_id(sorter, block->part->id);
    struct turn *turn = sorter->turns.last;

    name_call(sorter, block, known);
    turn->has_calls = true;
    sorter->turns.has_calls = true;
    if (known->turn != turn || known->waiting == NULL) {
        known->waiting = block;
    } else {
        known->newest->next_same_id = block;
    }
    known->newest = block;
    known->turn = turn;
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

/* ---- Reasoning handed back ---- */

static bool is_ours(const struct sorter *sorter, const struct chat_part *part)
{
    return part->kind == PART_REASONING && sorter->rules->reasoning_format.len > 0 &&
           str_eq(part->format, sorter->rules->reasoning_format) &&
           (part->reasoning == CHAT_REASONING_TEXT || part->reasoning == CHAT_REASONING_ENCRYPTED);
}

/* The texts of the reasoning parts `from` to `to`, joined. */
static str joined_text(struct sorter *sorter, const struct chat_message *message, size_t from,
                       size_t to)
{
    str *texts = ARENA_ARRAY(sorter->arena, str, to - from + 1);
    size_t count = 0;

    for (size_t i = from; i <= to; i++) {
        if (is_ours(sorter, &message->parts[i])) {
            texts[count++] = message->parts[i].text;
        }
    }
    return arena_join(sorter->arena, texts, count);
}

/* Signed text and opaque data go back as they came.  Clients that kept the pieces of a stream send
 * one part for each, the signature with the last: they are joined.  What has no signature and what
 * another vendor signed is left out: it would be refused. */
static void add_reasoning(struct sorter *sorter, const struct chat_message *message)
{
    size_t from = 0;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        bool is_opaque = part->reasoning == CHAT_REASONING_ENCRYPTED;
        if (!is_ours(sorter, part) || (!is_opaque && part->signature.len == 0)) {
            continue;
        }
        struct turn_block *block = block_new(sorter, part, i);
        block->text = is_opaque ? part->text : joined_text(sorter, message, from, i);
        block->has_cache_mark = false;
        turn_add(sorter, true, block);
        from = i + 1;
    }
}

/* ---- Messages ---- */

static void add_system(struct sorter *sorter, const struct chat_message *message)
{
    str name = says_name(sorter, message) ? message->name : STR_NONE;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (!is_blank(part)) {
            struct turn_block *block = block_new(sorter, part, i);
            block->text = named_text(sorter, part, &name);
            append(&sorter->turns.system, &sorter->turns.system_last, block);
        }
    }
}

/* A user's message, or one of the system's in the middle: moving that up would change its meaning.
 */
static void add_user(struct sorter *sorter, const struct chat_message *message)
{
    str name = says_name(sorter, message) ? message->name : STR_NONE;

    (void)turn_of(sorter, false); /* also when it is empty: the assistant answered it */
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (!is_blank(part)) {
            struct turn_block *block = block_new(sorter, part, i);
            block->text = named_text(sorter, part, &name);
            turn_add(sorter, false, block);
        }
    }
}

static void add_assistant(struct sorter *sorter, const struct chat_message *message)
{
    str name = says_name(sorter, message) ? message->name : STR_NONE;

    if (sorter->turns.first == NULL) {
        (void)turn_of(sorter, false); /* the first turn is the user's, even when it is empty */
    }
    add_reasoning(sorter, message);
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (part->kind == PART_REASONING || is_blank(part)) {
            continue;
        }
        struct turn_block *block = block_new(sorter, part, i);
        block->text = named_text(sorter, part, &name);
        turn_add(sorter, true, block);
        if (part->kind == PART_TOOL_CALL) {
            add_call(sorter, block);
        }
    }
}

static void add_message(struct sorter *sorter, const struct chat_message *message)
{
    switch (message->role) {
    case ROLE_SYSTEM:
    case ROLE_DEVELOPER:
        if (sorter->turns.first == NULL && sorter->rules->takes_system) {
            add_system(sorter, message);
        } else {
            add_user(sorter, message);
        }
        break;
    case ROLE_USER:
        add_user(sorter, message);
        break;
    case ROLE_ASSISTANT:
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

static void add_wish_to_go_on(struct sorter *sorter)
{
    struct turn_block *block = block_new(sorter, NULL, 0);

    block->text = STR("Continue your last message from exactly where it ends. Write only what "
                      "comes next: repeat nothing of it and say nothing about it.");
    turn_add(sorter, false, block);
}

/* A text that the model is to go on with must not end in white space.  Where the model takes no
 * such text, the user asks for the same in words. */
static void end_conversation(struct sorter *sorter)
{
    struct turns *turns = &sorter->turns;
    bool takes_prefill = sorter->rules->takes_prefill;

    if (turns->last == NULL || (turns->last->is_assistant && turns->last->has_calls)) {
        (void)turn_of(sorter, false);
    }
    if (!turns->last->is_assistant) {
        return;
    }
    struct turn_block *block = turns->last->last;
    if (block->part != NULL && block->part->kind == PART_OTHER) {
        return; /* a turn that the provider paused: it goes on by itself */
    }
    if (block->part != NULL && is_text(block->part)) {
        bool is_trimmed = takes_prefill || sorter->rules->trims_asked;
        block->text = is_trimmed ? trim_end(block->text) : block->text;
        turns->has_prefill = takes_prefill;
        turns->asked_prefill = takes_prefill ? STR_NONE : block->text;
    }
    if (!turns->has_prefill) {
        add_wish_to_go_on(sorter);
    }
}

/* While results of the last calls are handed in, thinking can be on only when the turn that made
 * the calls begins with its signed thinking. */
static bool breaks_thinking(const struct turns *turns)
{
    const struct turn *assistant = NULL;

    for (const struct turn *turn = turns->first; turn != NULL; turn = turn->next) {
        assistant = turn->is_assistant ? turn : assistant;
    }
    if (assistant == NULL || !assistant->has_calls) {
        return false;
    }
    return assistant->first->part == NULL || assistant->first->part->kind != PART_REASONING;
}

struct turns turns_of(const struct chat_request *chat, const struct turns_rules *rules,
                      struct arena *arena)
{
    struct sorter sorter = {.chat = chat, .rules = rules, .arena = arena};

    look_at_names(&sorter);
    for (; sorter.message < chat->message_count; sorter.message++) {
        add_message(&sorter, &chat->messages[sorter.message]);
    }
    end_conversation(&sorter);
    sorter.turns.breaks_thinking = breaks_thinking(&sorter.turns);
    return sorter.turns;
}

/* ---- Cache marks ---- */

const struct chat_part *turns_marked_part(const struct chat_message *result)
{
    for (size_t i = 0; result != NULL && i < result->part_count; i++) {
        if (result->parts[i].has_cache_mark) {
            return &result->parts[i];
        }
    }
    return NULL;
}

int turns_count_marks(const struct turn_block *block)
{
    int count = 0;

    for (; block != NULL; block = block->next) {
        count += block->has_cache_mark ? 1 : 0;
        count += turns_marked_part(block->result) != NULL ? 1 : 0;
    }
    return count;
}
