/*
 * A conversation in the order and with the roles that a provider of the OpenAI family wants.
 *
 * The format is one, but what servers accept of it is not: chat templates know one system message
 * at the front, others want turns that alternate, most take no images from tools and no names.
 * Each departure is a quirk; without any the messages go out as they came.
 */
#include "wire/openai_chat.h"
#include "wire/openai_chat_decode.h"
#include "wire/openai_chat_encode.h"

/* One conversation being arranged. */
struct sorter {
    struct openai_work *work;
    const struct quirks *quirks;
    struct openai_lines lines;
    bool names_differ;  /* several users speak: who says what must not be lost */
    bool has_turns;     /* something but system messages was added */
    bool last_is_moved; /* the last line was a system message in the middle */

    /* Media that tools gave, for the user's messages behind the results. */
    struct chat_part *shown; /* room for all of the conversation; NULL until there is one */
    size_t shown_from;       /* those before it stand in a message already */
    size_t shown_count;
};

enum {
    LINES_PER_MESSAGE = 2, /* itself, and a message that shows what tools gave */
    LINES_MADE = 4,        /* one before, one for a missing turn, one behind, one to go on */
    PARTS_MADE = 1,        /* a name, or a text beside media */
};

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

static bool is_media(const struct chat_part *part)
{
    return part->kind == PART_IMAGE || part->kind == PART_AUDIO || part->kind == PART_VIDEO ||
           part->kind == PART_FILE;
}

static bool is_system(enum chat_role role)
{
    return role == ROLE_SYSTEM || role == ROLE_DEVELOPER;
}

static struct chat_message text_message(struct arena *arena, enum chat_role role, str text)
{
    struct chat_message message = {
        .role = role, .parts = ARENA_NEW(arena, struct chat_part), .part_count = 1};

    message.parts->kind = PART_TEXT;
    message.parts->text = text;
    return message;
}

/* ---- What the provider cannot be shown ---- */

static enum err refuse_part(struct openai_work *work, size_t message, size_t part,
                            const char *words)
{
    return openai_cannot_say(
        work, arena_printf(work->arena, "messages[%zu].content[%zu]", message, part), words);
}

static enum err check_part(struct openai_work *work, size_t message, size_t index)
{
    static const char *const kinds[] = {
        [PART_IMAGE] = "image", [PART_AUDIO] = "audio", [PART_VIDEO] = "video",
        [PART_FILE] = "file",   [PART_OTHER] = NULL,
    };
    const struct chat_part *part = &work->chat->messages[message].parts[index];
    const char *kind = is_media(part) ? kinds[part->kind] : NULL;
    bool is_blind =
        part->kind == PART_IMAGE && (model_rules_of(work->model)->takes & TAKES_IMAGES) == 0;

    if (kind == NULL) {
        return ERR_OK;
    }
    if (is_blind || openai_words_have(work->quirks->refused_parts, str_c(kind))) {
        return refuse_part(work, message, index, "is of a kind that this model does not take");
    }
    if (openai_needs_bytes(part, work->model) && part->data.len == 0) {
        return refuse_part(work, message, index,
                           "is a URL, and this provider takes images as data only");
    }
    return ERR_OK;
}

static enum err check_parts(struct openai_work *work)
{
    const struct chat_request *chat = work->chat;
    enum err err = ERR_OK;

    for (size_t i = 0; i < chat->message_count; i++) {
        for (size_t k = 0; k < chat->messages[i].part_count && err == ERR_OK; k++) {
            err = check_part(work, i, k);
        }
    }
    return err;
}

/* ---- Lines ---- */

/* True when the two are to be one message. */
static bool joins(const struct sorter *sorter, const struct chat_message *last,
                  const struct chat_message *next, bool is_moved)
{
    bool is_turn = next->role == ROLE_USER || next->role == ROLE_ASSISTANT;

    if (last->role != next->role) {
        return false;
    }
    if (is_system(next->role)) {
        return sorter->quirks->one_system_message || sorter->quirks->strict_turns;
    }
    return is_turn && (sorter->quirks->strict_turns || is_moved || sorter->last_is_moved);
}

static void add_line(struct sorter *sorter, struct chat_message message, bool is_moved)
{
    struct openai_lines *lines = &sorter->lines;
    struct openai_line *last = lines->count > 0 ? &lines->at[lines->count - 1] : NULL;
    struct openai_line *line = &lines->at[lines->count++];

    line->message = message;
    line->joins = last != NULL && joins(sorter, &last->message, &message, is_moved);
    sorter->has_turns = sorter->has_turns || !is_system(message.role);
    sorter->last_is_moved = is_moved;
}

/* ---- Kinds of messages ---- */

/* Who speaks stands before the text where the provider has no place for it. */
static void name_speaker(struct sorter *sorter, struct chat_message *message)
{
    struct arena *arena = sorter->work->arena;
    struct chat_part *parts =
        ARENA_ARRAY(arena, struct chat_part, message->part_count + PARTS_MADE);
    bool begins_with_text = message->part_count > 0 && message->parts[0].kind == PART_TEXT;
    str text = begins_with_text ? message->parts[0].text : STR_NONE;
    str pieces[] = {message->name, STR(": "), text};
    size_t old = begins_with_text ? 1 : 0;

    parts[0] = begins_with_text ? message->parts[0] : (struct chat_part){.kind = PART_TEXT};
    parts[0].text = arena_join(arena, pieces, COUNT_OF(pieces));
    parts[0].raw = NULL;
    if (message->part_count > old) {
        memcpy(parts + 1, message->parts + old, (message->part_count - old) * sizeof(*parts));
    }
    message->parts = parts;
    message->part_count += 1 - old;
}

static void add_user(struct sorter *sorter, struct chat_message message, bool is_moved)
{
    message.role = ROLE_USER;
    if (message.name.len > 0 && !sorter->quirks->takes_names) {
        if (sorter->names_differ) {
            name_speaker(sorter, &message);
        }
        message.name = STR_NONE;
    }
    add_line(sorter, message, is_moved);
}

/* `developer` is a word for models that reason; who knows no other model takes both. */
static enum chat_role system_role(const struct sorter *sorter, enum chat_role role)
{
    enum platform platform = model_platform(sorter->work->model);
    enum reasoning_habit habit = model_rules_of(sorter->work->model)->habit;
    bool is_azure = platform == PLATFORM_AZURE || platform == PLATFORM_AZURE_CLASSIC;
    bool knows = sorter->quirks->takes_developer && habit != HABIT_NEVER &&
                 !(is_azure && habit == HABIT_UNKNOWN);

    return role == ROLE_DEVELOPER && !knows ? ROLE_SYSTEM : role;
}

static void add_system(struct sorter *sorter, struct chat_message message)
{
    bool takes_system = (model_rules_of(sorter->work->model)->takes & TAKES_SYSTEM) != 0;
    bool must_lead = sorter->quirks->one_system_message || sorter->quirks->strict_turns;

    if (!takes_system || (must_lead && sorter->has_turns)) {
        add_user(sorter, message, true); /* in its place: moving it up would change its meaning */
        return;
    }
    message.role = system_role(sorter, message.role);
    add_line(sorter, message, false);
}

/* Room for what all tools of the conversation gave, with a text before each. */
static struct chat_part *shown_new(const struct openai_work *work)
{
    size_t room = 0;

    for (size_t i = 0; i < work->chat->message_count; i++) {
        const struct chat_message *message = &work->chat->messages[i];
        room += message->role == ROLE_TOOL ? message->part_count + PARTS_MADE : 0;
    }
    return ARENA_ARRAY(work->arena, struct chat_part, room);
}

/* The text of a result stays in it; what else the tool gave is kept for show_media(). */
static void add_shown_result(struct sorter *sorter, struct chat_message message)
{
    struct arena *arena = sorter->work->arena;
    struct chat_part *kept = ARENA_ARRAY(arena, struct chat_part, message.part_count + PARTS_MADE);
    size_t kept_count = 0;
    str words[] = {STR("The result of the tool call "), message.tool_call_id, STR(":")};

    sorter->shown = sorter->shown != NULL ? sorter->shown : shown_new(sorter->work);
    sorter->shown[sorter->shown_count++] =
        (struct chat_part){.kind = PART_TEXT, .text = arena_join(arena, words, COUNT_OF(words))};
    for (size_t i = 0; i < message.part_count; i++) {
        const struct chat_part *part = &message.parts[i];
        if (is_media(part)) {
            sorter->shown[sorter->shown_count++] = *part;
        } else {
            kept[kept_count++] = *part;
        }
    }
    if (kept_count == 0) {
        kept[kept_count++] = (struct chat_part){
            .kind = PART_TEXT, .text = STR("The result is shown in the next message.")};
    }
    message.parts = kept;
    message.part_count = kept_count;
    add_line(sorter, message, false);
}

static void add_result(struct sorter *sorter, struct chat_message message)
{
    bool has_media = false;

    for (size_t i = 0; i < message.part_count; i++) {
        has_media = has_media || is_media(&message.parts[i]);
    }
    if (has_media && !sorter->quirks->takes_tool_images) {
        add_shown_result(sorter, message);
    } else {
        add_line(sorter, message, false);
    }
}

/* Behind the last result of a turn: nothing may stand between a call and its result. */
static void show_media(struct sorter *sorter)
{
    if (sorter->shown_count > sorter->shown_from) {
        struct chat_message message = {.role = ROLE_USER,
                                       .parts = sorter->shown + sorter->shown_from,
                                       .part_count = sorter->shown_count - sorter->shown_from};
        add_line(sorter, message, false);
        sorter->shown_from = sorter->shown_count;
    }
}

/* True when nothing would be written between the brackets. */
static bool is_empty(const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (part->kind != PART_REASONING && !(is_text(part) && str_trim(part->text).len == 0)) {
            return false;
        }
    }
    return true;
}

/* Servers that refuse messages without text are not sent an empty answer; what else is empty says
 * so. */
static bool fill_empty(struct sorter *sorter, struct chat_message *message)
{
    if (!sorter->quirks->needs_text || !is_empty(message)) {
        return true;
    }
    if (message->role == ROLE_ASSISTANT || is_system(message->role)) {
        return false;
    }
    struct chat_message filled = text_message(sorter->work->arena, message->role, STR("(nothing)"));
    message->parts = filled.parts;
    message->part_count = filled.part_count;
    message->raw = NULL;
    return true;
}

static void add_message(struct sorter *sorter, struct chat_message message)
{
    if (message.role != ROLE_TOOL) {
        show_media(sorter);
    }
    if (!fill_empty(sorter, &message)) {
        return;
    }
    switch (message.role) {
    case ROLE_SYSTEM:
    case ROLE_DEVELOPER:
        add_system(sorter, message);
        break;
    case ROLE_USER:
        add_user(sorter, message, false);
        break;
    case ROLE_ASSISTANT:
        if (sorter->quirks->strict_turns && !sorter->has_turns) {
            add_line(sorter, text_message(sorter->work->arena, ROLE_USER, STR("(nothing)")), false);
        }
        message.name = sorter->quirks->takes_names ? message.name : STR_NONE;
        add_line(sorter, message, false);
        break;
    case ROLE_TOOL:
        message.name = sorter->quirks->takes_names ? message.name : STR_NONE;
        add_result(sorter, message);
        break;
    }
}

/* ---- The whole ---- */

static bool names_differ(const struct chat_request *chat)
{
    str first = STR_NONE;

    for (size_t i = 0; i < chat->message_count; i++) {
        str name = chat->messages[i].role == ROLE_USER ? chat->messages[i].name : STR_NONE;
        if (name.len > 0 && first.len > 0 && !str_eq(name, first)) {
            return true;
        }
        first = name.len > 0 ? name : first;
    }
    return false;
}

/* JSON is asked for in words, with the schema when there is one. */
static struct chat_message form_message(struct openai_work *work)
{
    bool has_schema = work->chat->schema != NULL;
    str text = STR("Answer with one JSON object and nothing else.");

    if (has_schema) {
        str pieces[] = {
            STR("Answer with one JSON value and nothing else. It must keep to this JSON "
                "Schema:\n"),
            json_to_text(work->arena, work->chat->schema)};
        text = arena_join(work->arena, pieces, COUNT_OF(pieces));
    }
    return text_message(work->arena, ROLE_SYSTEM, text);
}

/* The texts of the last message: what the model is to go on with. */
static str prefill_text(struct openai_work *work, const struct chat_message *message)
{
    str *pieces = ARENA_ARRAY(work->arena, str, message->part_count + 1);
    size_t count = 0;

    for (size_t i = 0; i < message->part_count; i++) {
        if (is_text(&message->parts[i])) {
            pieces[count++] = message->parts[i].text;
        }
    }
    return arena_join(work->arena, pieces, count);
}

static void end_conversation(struct sorter *sorter)
{
    struct openai_work *work = sorter->work;

    show_media(sorter);
    if (!sorter->has_turns && sorter->lines.count > 0 &&
        (sorter->quirks->one_system_message || sorter->quirks->strict_turns)) {
        for (size_t i = 0; i < sorter->lines.count; i++) { /* nobody asks: the instructions do */
            sorter->lines.at[i].message.role = ROLE_USER;
        }
    }
    if (!work->has_prefill || sorter->lines.count == 0) {
        return;
    }
    struct openai_line *last = &sorter->lines.at[sorter->lines.count - 1];
    if (last->message.role != ROLE_ASSISTANT) {
        return; /* it was empty */
    }
    if (work->prefill != PREFILL_WORDS) {
        last->is_prefill = true;
        return;
    }
    work->out->hints.prefill = prefill_text(work, &last->message);
    add_line(sorter,
             text_message(work->arena, ROLE_USER,
                          STR("Continue your last message from exactly where it ends. Write only "
                              "what comes next: repeat nothing of it and say nothing about it.")),
             false);
}

enum err openai_arrange(struct openai_work *work, struct openai_lines *out)
{
    const struct chat_request *chat = work->chat;
    struct sorter sorter = {
        .work = work, .quirks = work->quirks, .names_differ = names_differ(chat)};
    size_t room = chat->message_count * LINES_PER_MESSAGE + LINES_MADE;
    size_t next = 0;

    enum err err = check_parts(work);
    if (err != ERR_OK) {
        return err;
    }
    sorter.lines.at = ARENA_ARRAY(work->arena, struct openai_line, room);
    for (; next < chat->message_count && is_system(chat->messages[next].role); next++) {
        add_message(&sorter, chat->messages[next]);
    }
    if (work->says_form) {
        add_message(&sorter, form_message(work));
    }
    for (; next < chat->message_count; next++) {
        add_message(&sorter, chat->messages[next]);
    }
    end_conversation(&sorter);
    if (sorter.lines.count == 0) { /* all were empty: the first one says so itself */
        add_line(&sorter, chat->messages[0], false);
    }
    *out = sorter.lines;
    return ERR_OK;
}
