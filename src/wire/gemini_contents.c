/*
 * A conversation in the order the Gemini API wants it.
 *
 * That API knows two roles; it wants every function call answered in the very next content, by as
 * many responses as there were calls, and refuses empty text.  OpenAI's form is freer, so the
 * messages are sorted into contents here; gemini_messages.c then writes one after the other.
 */
#include "wire/gemini.h"

/* The documented word for a call whose signature is lost; the API takes it in place of one. */
#define LOST_SIGNATURE "skip_thought_signature_validator"

/* What is known of one tool id of the conversation. */
struct call_id {
    struct gemini_content *content; /* the latest that called with it */
    struct gemini_part *waiting;    /* its calls without a result, oldest first */
    struct gemini_part *newest;
};

struct sorter {
    const struct chat_request *chat;
    const struct model_rules *rules;
    struct arena *arena;
    struct gemini_contents contents;
    struct map ids; /* struct call_id by the id as the client wrote it */
    size_t message; /* at work on this one */
};

static bool is_blank(str text)
{
    return str_trim(text).len == 0;
}

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

/* ---- Contents and parts ---- */

static struct gemini_content *content_of(struct sorter *sorter, bool is_model)
{
    struct gemini_contents *contents = &sorter->contents;

    if (contents->last != NULL && contents->last->is_model == is_model) {
        return contents->last;
    }
    struct gemini_content *content = ARENA_NEW(sorter->arena, struct gemini_content);
    content->is_model = is_model;
    if (contents->last != NULL) {
        contents->last->next = content;
    } else {
        contents->first = content;
    }
    contents->last = content;
    return content;
}

static struct gemini_part *part_new(struct sorter *sorter, const struct chat_part *part,
                                    size_t index)
{
    struct gemini_part *made = ARENA_NEW(sorter->arena, struct gemini_part);

    made->part = part;
    made->text = part != NULL ? part->text : STR_NONE;
    made->message = sorter->message;
    made->index = index;
    return made;
}

static struct gemini_part *text_new(struct sorter *sorter, str text)
{
    struct gemini_part *part = part_new(sorter, NULL, 0);

    part->text = text;
    return part;
}

static void append(struct gemini_part **first, struct gemini_part **last, struct gemini_part *part)
{
    if (*last != NULL) {
        (*last)->next = part;
    } else {
        *first = part;
    }
    *last = part;
}

static void content_add(struct sorter *sorter, bool is_model, struct gemini_part *part)
{
    struct gemini_content *content = content_of(sorter, is_model);

    append(&content->first, &content->last, part);
}

static void system_add(struct sorter *sorter, struct gemini_part *part)
{
    append(&sorter->contents.system, &sorter->contents.system_last, part);
}

/* The text with the speaker's name before it, once per message: the API has no place for names. */
static str named_text(struct sorter *sorter, const struct chat_part *part, str *name)
{
    str parts[] = {*name, STR(": "), part->text};

    if (name->len == 0) {
        return part->text;
    }
    *name = STR_NONE;
    return arena_join(sorter->arena, parts, COUNT_OF(parts));
}

/* ---- Calls and their signatures ---- */

/* An id may be used again: by a later content, or by providers that give parallel calls the same
 * one; results then belong to the calls in order. */
static void add_call(struct sorter *sorter, struct gemini_part *part)
{
    struct gemini_content *content = sorter->contents.last;
    struct call_id *known = map_get(&sorter->ids, part->part->id);

    if (known == NULL) {
        known = ARENA_NEW(sorter->arena, struct call_id);
        (void)map_add(&sorter->ids, sorter->arena, part->part->id, known); /* it is not there */
    }
    content->has_calls = true;
    if (known->content != content || known->waiting == NULL) {
        known->waiting = part;
    } else {
        known->newest->next_same_id = part;
    }
    known->newest = part;
    known->content = content;
}

/* Other vendors' signatures are refused. */
static bool is_ours(const struct chat_part *part)
{
    return part->kind == PART_REASONING && str_eq(part->format, STR(GEMINI_REASONING_FORMAT));
}

/* What a message hands back of its reasoning. */
struct signatures {
    struct map by_id; /* str: of calls */
    str other;        /* of the text, or of a call whose id was lost */
};

static struct signatures signatures_of(struct sorter *sorter, const struct chat_message *message)
{
    struct signatures found = {0};

    for (size_t i = 0; i < message->part_count; i++) {
        struct chat_part *part = &message->parts[i];
        if (!is_ours(part) || part->reasoning != CHAT_REASONING_ENCRYPTED || part->text.len == 0) {
            continue;
        }
        if (part->id.len > 0) {
            (void)map_add(&found.by_id, sorter->arena, part->id, &part->text); /* the first */
        } else {
            found.other = part->text;
        }
    }
    return found;
}

/* By the call's id, or from where Google's own compatible endpoint puts it. */
static str call_signature(struct sorter *sorter, const struct signatures *signatures,
                          const struct chat_part *call)
{
    const str *found = map_get(&signatures->by_id, call->id);
    bool is_raw = sorter->chat->format == FORMAT_OPENAI_CHAT;
    json *extra = is_raw ? json_get(json_get(call->raw, "extra_content"), "google") : NULL;

    return found != NULL ? *found : json_str(extra, "thought_signature");
}

/* A signature without an id goes to the last text, else to the first call. */
static void place_signature(struct gemini_part *from, str signature)
{
    struct gemini_part *text = NULL;
    struct gemini_part *call = NULL;

    for (struct gemini_part *part = from; part != NULL; part = part->next) {
        bool is_call = part->part != NULL && part->part->kind == PART_TOOL_CALL;
        bool is_said = part->part != NULL && is_text(part->part);
        text = is_said ? part : text;
        call = is_call && call == NULL ? part : call;
    }
    if (text != NULL) {
        text->signature = signature;
    } else if (call != NULL && call->signature.len == 0) {
        call->signature = signature;
    }
}

/* Models that reason by level refuse a turn whose first call has no signature. */
static void replace_lost_signature(const struct sorter *sorter,
                                   const struct gemini_content *content)
{
    if (sorter->rules->thinking != THINKING_LEVEL || !content->has_calls) {
        return;
    }
    for (struct gemini_part *part = content->first; part != NULL; part = part->next) {
        if (part->part != NULL && part->part->kind == PART_TOOL_CALL) {
            part->signature = part->signature.len > 0 ? part->signature : STR(LOST_SIGNATURE);
            return;
        }
    }
}

/* ---- Messages ---- */

/* A user's message, or one of the system's in the middle: moving that up would change its meaning.
 */
static void add_user(struct sorter *sorter, const struct chat_message *message, bool is_system)
{
    str name = message->name;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (is_text(part) && is_blank(part->text)) {
            continue;
        }
        struct gemini_part *made = part_new(sorter, part, i);
        if (is_text(part)) {
            made->text = named_text(sorter, part, &name);
        }
        if (is_system) {
            system_add(sorter, made);
        } else {
            content_add(sorter, false, made);
        }
    }
}

static bool is_wanted(const struct chat_part *part)
{
    if (part->kind == PART_REASONING) {
        return is_ours(part) && part->reasoning == CHAT_REASONING_TEXT && part->signature.len > 0;
    }
    return !is_text(part) || !is_blank(part->text);
}

static void add_assistant(struct sorter *sorter, const struct chat_message *message)
{
    bool is_last = sorter->message + 1 == sorter->chat->message_count;
    str name = is_last ? STR_NONE : message->name; /* the model goes on from the last one */
    struct signatures signatures = signatures_of(sorter, message);
    struct gemini_part *first = NULL;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (!is_wanted(part)) {
            continue;
        }
        struct gemini_part *made = part_new(sorter, part, i);
        content_add(sorter, true, made);
        first = first == NULL ? made : first;
        if (is_text(part)) {
            made->text = named_text(sorter, part, &name);
        } else if (part->kind == PART_REASONING) {
            made->signature = part->signature;
        } else if (part->kind == PART_TOOL_CALL) {
            made->signature = call_signature(sorter, &signatures, part);
            add_call(sorter, made);
        }
    }
    if (signatures.other.len > 0) {
        place_signature(first, signatures.other);
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
    (void)content_of(sorter, false);
}

static void add_message(struct sorter *sorter, const struct chat_message *message)
{
    switch (message->role) {
    case ROLE_SYSTEM:
    case ROLE_DEVELOPER:
        add_user(sorter, message, sorter->contents.first == NULL);
        break;
    case ROLE_USER:
        (void)content_of(sorter, false); /* also when it is empty: the model answered it */
        add_user(sorter, message, false);
        break;
    case ROLE_ASSISTANT:
        if (sorter->contents.first == NULL) {
            (void)content_of(sorter, false); /* the first content is the user's */
        }
        add_assistant(sorter, message);
        break;
    case ROLE_TOOL:
        add_result(sorter, message);
        break;
    }
}

/* ---- The beginning and the end ---- */

/* A model without a system instruction reads it before the user's first words; so does one that
 * is asked nothing else. */
static void place_system(struct sorter *sorter)
{
    struct gemini_contents *contents = &sorter->contents;
    struct gemini_content *first = contents->first;
    bool is_empty = first->first == NULL && first->next == NULL;

    if (contents->system == NULL || ((sorter->rules->takes & TAKES_SYSTEM) != 0 && !is_empty)) {
        return;
    }
    contents->system_last->next = first->first;
    first->first = contents->system;
    first->last = first->last != NULL ? first->last : contents->system_last;
    contents->system = NULL;
    contents->system_last = NULL;
}

static void end_conversation(struct sorter *sorter)
{
    struct gemini_contents *contents = &sorter->contents;

    if (contents->last == NULL || (contents->last->is_model && contents->last->has_calls)) {
        (void)content_of(sorter, false);
    }
    if (!contents->last->is_model || (sorter->rules->takes & TAKES_PREFILL) != 0) {
        return;
    }
    const struct gemini_part *last = contents->last->last;
    contents->prefill = last != NULL ? last->text : STR_NONE;
    content_add(
        sorter, false,
        text_new(sorter,
                 STR("Continue your last message from exactly where it ends. Write only what comes "
                     "next: repeat nothing of it and say nothing about it.")));
}

struct gemini_contents gemini_contents_of(const struct chat_request *chat,
                                          const struct model_rules *rules, str words,
                                          struct arena *arena)
{
    struct sorter sorter = {.chat = chat, .rules = rules, .arena = arena};

    for (; sorter.message < chat->message_count; sorter.message++) {
        add_message(&sorter, &chat->messages[sorter.message]);
    }
    end_conversation(&sorter);
    if (words.len > 0) {
        system_add(&sorter, text_new(&sorter, words));
    }
    place_system(&sorter);
    for (const struct gemini_content *content = sorter.contents.first; content != NULL;
         content = content->next) {
        replace_lost_signature(&sorter, content);
    }
    return sorter.contents;
}
