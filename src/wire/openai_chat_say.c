/*
 * What a choice of an answer says: text, and the thinking that stands in it or beside it.
 */
#include "codec/json_write.h"
#include "wire/openai_chat_decode.h"
#include "wire/quirks.h"

static const str tag_open = STR_INIT("<think>");
static const str tag_close = STR_INIT("</think>");

/* ---- Text ---- */

static void emit_text(struct openai_turn *turn, int index, struct openai_choice *choice, str text)
{
    if (text.len > 0) {
        choice->has_text = true;
        openai_emit(turn, EVENT_TEXT, index)->text = text;
    }
}

static void emit_reasoning(struct openai_turn *turn, int index, str text)
{
    if (text.len > 0) {
        openai_emit(turn, EVENT_REASONING, index)->reasoning =
            (struct reasoning){.kind = REASONING_TEXT, .text = text};
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static str skip_blanks(str text)
{
    while (text.len > 0 && is_blank(text.at[0])) {
        text = str_skip(text, 1);
    }
    return text;
}

/* How many bytes at the end of `text` may be the beginning of `tag`. */
static size_t tail_of_tag(str text, str tag)
{
    size_t len = text.len < tag.len - 1 ? text.len : tag.len - 1;

    while (len > 0 && memcmp(text.at + text.len - len, tag.at, len) != 0) {
        len--;
    }
    return len;
}

/* What was held, and the new text behind it. */
static str with_held(struct openai_turn *turn, struct openai_choice *choice, str text)
{
    str held = str_of(choice->held, choice->held_len);
    str pieces[] = {held, text};

    if (held.len == 0) {
        return text;
    }
    choice->held_len = 0;
    return arena_join(turn->scratch, pieces, COUNT_OF(pieces));
}

static void hold(struct openai_choice *choice, str text)
{
    assert(text.len <= sizeof(choice->held));
    memcpy(choice->held, text.at, text.len);
    choice->held_len = text.len;
}

/* Before the first tag.  Gives what lies behind it, or all of it when no tag is there; nothing
 * while that is not clear. */
static str begin_thinking(struct openai_turn *turn, struct openai_choice *choice, str text)
{
    bool is_open = turn->decoder->model->quirks->think == THINK_OPEN;
    str rest = skip_blanks(text);
    bool may_be_tag = rest.len < tag_open.len && str_has_prefix(tag_open, rest);

    if (str_has_prefix(rest, tag_open)) {
        choice->thinking = THINKING_INSIDE;
        return skip_blanks(str_skip(rest, tag_open.len));
    }
    if (may_be_tag && text.len <= sizeof(choice->held)) {
        hold(choice, text);
        return STR_NONE;
    }
    choice->thinking = is_open ? THINKING_INSIDE : THINKING_OVER;
    return text;
}

/* Between the tags.  Gives what lies behind the second one. */
static str go_on_thinking(struct openai_turn *turn, int index, struct openai_choice *choice,
                          str text)
{
    size_t at = str_find(text, tag_close);

    if (at < text.len) {
        emit_reasoning(turn, index, str_take(text, at));
        choice->thinking = THINKING_BEHIND;
        return str_skip(text, at + tag_close.len);
    }
    size_t tail = tail_of_tag(text, tag_close);
    emit_reasoning(turn, index, str_take(text, text.len - tail));
    if (tail > 0) {
        hold(choice, str_skip(text, text.len - tail));
    }
    return STR_NONE;
}

/* Takes the thinking out of the text. */
static void split_thinking(struct openai_turn *turn, int index, struct openai_choice *choice,
                           str text)
{
    text = with_held(turn, choice, text);
    if (choice->thinking == THINKING_TO_COME) {
        text = begin_thinking(turn, choice, text);
    }
    if (choice->thinking == THINKING_INSIDE && text.len > 0) {
        text = go_on_thinking(turn, index, choice, text);
    }
    if (choice->thinking == THINKING_BEHIND) {
        text = skip_blanks(text);
        choice->thinking = text.len > 0 ? THINKING_OVER : THINKING_BEHIND;
    }
    if (choice->thinking == THINKING_OVER) {
        emit_text(turn, index, choice, text);
    }
}

static void say(struct openai_turn *turn, int index, struct openai_choice *choice, str text)
{
    if (turn->decoder->model->quirks->think == THINK_APART) {
        emit_text(turn, index, choice, text);
    } else if (text.len > 0) {
        split_thinking(turn, index, choice, text);
    }
}

static size_t common_len(str a, str b)
{
    size_t max = a.len < b.len ? a.len : b.len;
    size_t len = 0;

    while (len < max && a.at[len] == b.at[len]) {
        len++;
    }
    return len;
}

/* The model was asked in words to go on with a text: while it repeats that, nothing is said. */
static str skip_prefill(struct openai_turn *turn, struct openai_choice *choice, str text)
{
    str prefill = turn->decoder->hints.prefill;
    str rest = str_skip(prefill, choice->prefill_len);
    size_t same = common_len(text, rest);

    if (same == rest.len) {
        choice->prefill_over = true;
        return str_skip(text, same);
    }
    if (same == text.len) {
        choice->prefill_len += same;
        return STR_NONE;
    }
    str pieces[] = {str_take(prefill, choice->prefill_len), text}; /* it said something else */
    choice->prefill_over = true;
    return choice->prefill_len > 0 ? arena_join(turn->scratch, pieces, COUNT_OF(pieces)) : text;
}

void openai_say_text(struct openai_turn *turn, int index, struct openai_choice *choice, str text)
{
    text = openai_join_halves(turn, &choice->text_half, text);
    if (!choice->prefill_over && turn->decoder->hints.prefill.len > 0) {
        text = skip_prefill(turn, choice, text);
    }
    say(turn, index, choice, text);
}

static void say_plain_reasoning(struct openai_turn *turn, int index, struct openai_choice *choice,
                                str text)
{
    emit_reasoning(turn, index, openai_join_halves(turn, &choice->reasoning_half, text));
}

void openai_say_held(struct openai_turn *turn, int index, struct openai_choice *choice)
{
    static const str half = STR_INIT("\xef\xbf\xbd");

    if (choice->reasoning_half != 0) {
        choice->reasoning_half = 0;
        say_plain_reasoning(turn, index, choice, half);
    }
    if (choice->text_half != 0) {
        choice->text_half = 0;
        openai_say_text(turn, index, choice, half);
    }
    if (!choice->prefill_over && choice->prefill_len > 0) {
        choice->prefill_over = true;
        say(turn, index, choice, str_take(turn->decoder->hints.prefill, choice->prefill_len));
    }
    str held = arena_copy(turn->scratch, str_of(choice->held, choice->held_len));
    choice->held_len = 0;
    if (choice->thinking == THINKING_INSIDE) {
        emit_reasoning(turn, index, held);
    } else {
        emit_text(turn, index, choice, held);
    }
}

/* ---- Content ---- */

/* Text of a part that holds text itself or a list of texts. */
static void say_thinking(struct openai_turn *turn, int index, struct openai_choice *choice,
                         json *thinking)
{
    struct json_walk walk = json_walk(thinking);

    if (json_is(thinking, JSON_STR)) {
        say_plain_reasoning(turn, index, choice, json_as_str(thinking));
        return;
    }
    while (json_next(&walk)) {
        say_plain_reasoning(turn, index, choice, json_str(walk.value, "text"));
    }
}

/* Handed on under the name that it has there. */
static void take_references(struct openai_turn *turn, int index, json *part)
{
    json *ids = json_get(part, "reference_ids");

    if (json_count(ids) > 0) {
        struct event *event = openai_emit(turn, EVENT_EXTRA, index);
        event->extra.place = EXTRA_MESSAGE;
        event->extra.name = STR("reference_ids");
        event->extra.value = ids;
    }
}

static void take_content_part(struct openai_turn *turn, int index, struct openai_choice *choice,
                              json *part)
{
    str type = json_str(part, "type");

    if (json_is(part, JSON_STR)) {
        openai_say_text(turn, index, choice, json_as_str(part));
    } else if (str_eq(type, STR("thinking"))) { /* Mistral */
        say_thinking(turn, index, choice, json_get(part, "thinking"));
    } else if (str_eq(type, STR("reasoning"))) { /* Databricks */
        say_thinking(turn, index, choice, json_get(part, "summary"));
    } else if (str_eq(type, STR("reference"))) { /* Mistral: which results of tools it leans on */
        take_references(turn, index, part);
    } else if (str_eq(type, STR("image_url"))) {
        openai_emit(turn, EVENT_IMAGE, index)->raw = part;
    } else {
        openai_say_text(turn, index, choice, json_str(part, "text"));
    }
}

void openai_take_content(struct openai_turn *turn, int index, struct openai_choice *choice,
                         json *content)
{
    struct json_walk walk = json_walk(content);

    switch (json_type(content)) {
    case JSON_STR:
        openai_say_text(turn, index, choice, json_as_str(content));
        break;
    case JSON_ARRAY:
        while (json_next(&walk)) {
            take_content_part(turn, index, choice, walk.value);
        }
        break;
    case JSON_OBJECT: /* Cloudflare, when a schema was asked for */
        openai_say_text(turn, index, choice, json_to_text(turn->scratch, content));
        break;
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_INT:
    case JSON_REAL:
        break;
    }
}

/* One element of `reasoning_details`.  True when a person can read it. */
static bool take_reasoning_detail(struct openai_turn *turn, int index, json *detail,
                                  int64_t position)
{
    static const struct {
        str type;
        enum reasoning_kind kind;
        const char *text;
    } kinds[] = {
        {STR_INIT("reasoning.text"), REASONING_TEXT, "text"},
        {STR_INIT("reasoning.summary"), REASONING_SUMMARY, "summary"},
        {STR_INIT("reasoning.encrypted"), REASONING_ENCRYPTED, "data"},
    };
    str type = json_str(detail, "type");
    str format = json_str(detail, "format");
    json *block = json_get(detail, "index");
    size_t i = 0;

    while (i < COUNT_OF(kinds) && !str_eq(type, kinds[i].type)) {
        i++;
    }
    if (i == COUNT_OF(kinds)) {
        return false;
    }
    struct reasoning reasoning = {
        .kind = kinds[i].kind,
        .index = json_is(block, JSON_INT) ? json_as_int(block) : position,
        .text = json_str(detail, kinds[i].text),
        .id = json_str(detail, "id"),
        .format = str_eq(format, STR("unknown")) ? STR_NONE : format,
    };
    if (reasoning.text.len > 0) {
        openai_emit(turn, EVENT_REASONING, index)->reasoning = reasoning;
    }
    bool is_readable = reasoning.text.len > 0 && reasoning.kind != REASONING_ENCRYPTED;
    reasoning.signature = json_str(detail, "signature");
    if (reasoning.signature.len > 0) {
        reasoning.text = STR_NONE;
        openai_emit(turn, EVENT_REASONING, index)->reasoning = reasoning;
    }
    return is_readable;
}

/* The same text may stand in several members: details count first, then the first that is there. */
void openai_take_reasoning(struct openai_turn *turn, int index, struct openai_choice *choice,
                           const struct openai_members *message)
{
    struct json_walk walk = json_walk(message->at[MESSAGE_DETAILS]);
    bool is_told = false;

    for (int64_t i = 0; json_next(&walk); i++) {
        is_told = take_reasoning_detail(turn, index, walk.value, i) || is_told;
    }
    for (size_t i = MESSAGE_REASONING; i <= MESSAGE_THINKING && !is_told; i++) {
        str text = json_as_str(message->at[i]);
        is_told = text.len > 0;
        say_plain_reasoning(turn, index, choice, text);
    }
}
