/*
 * Answers of the Gemini API: from response objects to events.
 *
 * Parts come whole, texts in pieces.  The reason a choice finished is kept until the bytes end:
 * text, calls and usage may come behind it, and some models repeat it.
 */
#include "wire/gemini_decode.h"
#include "wire/refusal.h"

#include <stddef.h>

enum {
    CALLS_MAX = 4096,   /* of one answer */
    ID_BYTES_MAX = 256, /* a longer id is replaced */
};

struct event *gemini_add(struct gemini_work *work, enum event_kind kind, int choice)
{
    struct event *event = event_list_add(work->out, work->scratch, kind);

    event->choice = choice;
    return event;
}

static struct gemini_choice *choice_at(struct gemini_work *work, int index)
{
    struct gemini_answer *answer = work->answer;

    answer->choice_end = index >= answer->choice_end ? index + 1 : answer->choice_end;
    if (index == 0) {
        return &answer->first;
    }
    if (answer->others == NULL) {
        answer->others =
            ARENA_ARRAY(work->decoder->arena, struct gemini_choice, CHAT_CHOICES_MAX - 1);
        for (size_t i = 0; i < CHAT_CHOICES_MAX - 1; i++) {
            buf_init(&answer->others[i].text, GEMINI_TEXT_BYTES_MAX);
        }
    }
    return &answer->others[index - 1];
}

void gemini_free_choices(struct gemini_answer *answer)
{
    buf_free(&answer->first.text);
    for (size_t i = 0; answer->others != NULL && i < CHAT_CHOICES_MAX - 1; i++) {
        buf_free(&answer->others[i].text);
    }
}

/* ---- Text ---- */

static void say(struct gemini_work *work, int index, str text)
{
    struct gemini_choice *choice = choice_at(work, index);

    if (text.len == 0) {
        return;
    }
    choice->said_anything = true;
    (void)(buf_add(&choice->text, text) == ERR_OK); /* what is cited past the bound has no place */
    gemini_add(work, EVENT_TEXT, index)->text = text;
}

/* A model that was asked in words to go on after a text may begin by repeating it.  What matches is
 * held back until it is known whether all of it comes. */
static void take_text(struct gemini_work *work, int index, str text)
{
    struct gemini_choice *choice = choice_at(work, index);
    str held = STR_NONE;
    str rest = repetition_skip(&choice->repetition, work->decoder->hints.prefill, text, &held);

    choice->is_thinking = text.len == 0 && choice->is_thinking;
    say(work, index, held);
    say(work, index, rest);
}

/* ---- Reasoning ---- */

static void give_reasoning(struct gemini_work *work, int index, const struct reasoning *reasoning)
{
    choice_at(work, index)->said_anything = true;
    gemini_add(work, EVENT_REASONING, index)->reasoning = *reasoning;
}

static void take_thought(struct gemini_work *work, int index, str text, str signature)
{
    struct gemini_choice *choice = choice_at(work, index);
    struct reasoning reasoning = {.kind = REASONING_TEXT, .format = STR(GEMINI_REASONING_FORMAT)};

    if (text.len == 0 && signature.len == 0) {
        return;
    }
    choice->reasoning_count += choice->is_thinking ? 0 : 1;
    choice->is_thinking = true;
    reasoning.index = choice->reasoning_count - 1;
    if (text.len > 0) {
        reasoning.text = text;
        give_reasoning(work, index, &reasoning);
    }
    if (signature.len > 0) {
        reasoning.text = STR_NONE;
        reasoning.signature = signature;
        give_reasoning(work, index, &reasoning);
    }
}

/* The signature of a call, which bears the call's id, or of a text, which has none. */
static void take_signature(struct gemini_work *work, int index, str signature, str id)
{
    struct gemini_choice *choice = choice_at(work, index);
    struct reasoning reasoning = {
        .kind = REASONING_ENCRYPTED,
        .index = choice->reasoning_count,
        .text = signature,
        .id = id,
        .format = STR(GEMINI_REASONING_FORMAT),
    };

    if (signature.len > 0) {
        choice->reasoning_count++;
        choice->is_thinking = false;
        give_reasoning(work, index, &reasoning);
    }
}

/* ---- Calls ---- */

/* The text without the blanks between its tokens: whole answers are printed with many. */
static str without_blanks(struct arena *arena, str text)
{
    char *copy = arena_take_raw(arena, text.len + 1);
    size_t len = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        if (in_string && c == '\\' && i + 1 < text.len) {
            copy[len++] = c;
            c = text.at[++i];
        } else if (c == '"') {
            in_string = !in_string;
        } else if (is_blank && !in_string) {
            continue;
        }
        copy[len++] = c;
    }
    return str_of(copy, len);
}

/* The arguments in the provider's own digits. */
static str arguments_of(struct gemini_work *work, json *call, str part)
{
    str written = json_text_find(json_text_find(part, STR("functionCall")), STR("args"));
    json *value = json_get(call, "args");

    if (!json_is(value, JSON_OBJECT) || json_count(value) == 0) {
        return STR("{}");
    }
    return written.len > 0 ? without_blanks(work->scratch, written)
                           : json_to_text(work->scratch, value); /* a name was escaped */
}

/* The provider's id, or one of ours when it gives none or gives one twice. */
static str id_of(struct gemini_work *work, json *call)
{
    struct gemini_answer *answer = work->answer;
    struct arena *arena = work->decoder->arena;
    str given = json_str(call, "id");
    str id = given.len <= ID_BYTES_MAX ? arena_copy(arena, given) : STR_NONE;

    while (id.len == 0 || !map_add(&answer->ids, arena, id, answer)) {
        id = arena_printf(arena, "call_" STR_FMT "_%d", STR_ARG(work->decoder->id_seed),
                          (int)answer->call_count++);
    }
    return id;
}

static enum err take_call(struct gemini_work *work, int index, json *part, str part_text)
{
    struct gemini_choice *choice = choice_at(work, index);
    json *call = json_get(part, "functionCall");
    str name = json_str(call, "name");
    str arguments = arguments_of(work, call, part_text);

    if (json_get(call, "partialArgs") != NULL || json_bool(call, "willContinue")) {
        return decoding_broken(
            work->fault, ERR_PEER,
            STR("the provider sent a tool call in pieces, which was not asked for"));
    }
    if (str_eq(name, STR(JSON_TOOL))) {
        take_text(work, index, arguments);
        return ERR_OK;
    }
    if (work->answer->ids.count >= CALLS_MAX) {
        return decoding_broken(work->fault, ERR_TOO_BIG,
                               STR("the provider sent too many tool calls"));
    }
    str id = id_of(work, call);
    take_signature(work, index, json_str(part, "thoughtSignature"), id);
    choice->said_anything = true;
    choice->is_thinking = false;
    struct event *event = gemini_add(work, EVENT_TOOL_CALL, index);
    event->tool.index = choice->tool_count;
    event->tool.id = id;
    event->tool.name = hints_tool_name(&work->decoder->hints, name);
    event = gemini_add(work, EVENT_TOOL_ARGS, index);
    event->tool_args.index = choice->tool_count++;
    event->tool_args.json = arguments;
    return ERR_OK;
}

/* ---- Parts and candidates ---- */

/* What the provider ran by itself is no text of the answer: it is told beside it, as it came. */
static void take_own_tools(struct gemini_work *work, int index, json *part)
{
    static const struct {
        const char *member;
        str name;
    } kinds[] = {
        {"executableCode", STR_INIT("executable_code")},
        {"codeExecutionResult", STR_INIT("code_execution_result")},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        json *value = json_get(part, kinds[i].member);
        if (json_is(value, JSON_OBJECT)) {
            struct event *event = gemini_add(work, EVENT_EXTRA, index);
            event->extra.place = EXTRA_MESSAGE;
            event->extra.name = kinds[i].name;
            event->extra.value = value;
        }
    }
}

static enum err take_part(struct gemini_work *work, int index, json *part, str part_text)
{
    json *text = json_get(part, "text");
    json *media = json_get(part, "inlineData");
    bool is_thought = json_bool(part, "thought");
    str signature = json_str(part, "thoughtSignature");

    if (text == NULL && json_is(json_get(part, "functionCall"), JSON_OBJECT)) {
        return take_call(work, index, part, part_text);
    }
    if (is_thought) {
        take_thought(work, index, json_as_str(text), signature); /* drafts of images are left out */
        return ERR_OK;
    }
    take_text(work, index, json_as_str(text));
    take_signature(work, index, signature, STR_NONE);
    if (media != NULL) {
        choice_at(work, index)->said_anything = true;
        return gemini_take_media(work, index, media);
    }
    if (text == NULL) {
        take_own_tools(work, index, part);
    }
    return ERR_OK;
}

static void take_finish(struct gemini_choice *choice, str word)
{
    if (word.len > 0 && !str_eq(word, STR("FINISH_REASON_UNSPECIFIED"))) {
        word = str_take(word, sizeof(choice->native));
        memcpy(choice->native, word.at, word.len);
        choice->native_len = word.len;
    }
}

static enum err take_candidate(struct gemini_work *work, json *candidate, int64_t position,
                               str candidate_text)
{
    json *given = json_get(candidate, "index");
    int64_t index = json_is(given, JSON_INT) ? json_as_int(given) : position;
    json *content = json_get(candidate, "content");
    struct json_walk parts = json_walk(json_get(content, "parts"));
    struct json_text_walk texts = json_text_walk(
        json_text_find(json_text_find(candidate_text, STR("content")), STR("parts")));
    enum err err = ERR_OK;

    if (index < 0 || index >= CHAT_CHOICES_MAX) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider sent a choice out of bounds"));
    }
    struct gemini_choice *choice = choice_at(work, (int)index);
    while (err == ERR_OK && json_next(&parts)) {
        (void)json_text_next(&texts); /* empty when no call is in the object */
        err = take_part(work, (int)index, parts.value, texts.value);
    }
    if (err == ERR_OK) {
        err = gemini_take_logprobs(work, (int)index, json_get(candidate, "logprobsResult"));
    }
    if (err == ERR_OK) {
        err = gemini_take_citations(work, (int)index, candidate);
    }
    take_finish(choice, json_str(candidate, "finishReason"));
    return err;
}

/* ---- Usage ---- */

static const struct {
    str name;
    size_t at; /* in struct gemini_counts */
} count_names[] = {
    {STR_INIT("promptTokenCount"), offsetof(struct gemini_counts, prompt)},
    {STR_INIT("toolUsePromptTokenCount"), offsetof(struct gemini_counts, tool_prompt)},
    {STR_INIT("candidatesTokenCount"), offsetof(struct gemini_counts, candidates)},
    {STR_INIT("thoughtsTokenCount"), offsetof(struct gemini_counts, thoughts)},
    {STR_INIT("cachedContentTokenCount"), offsetof(struct gemini_counts, cached)},
    {STR_INIT("totalTokenCount"), offsetof(struct gemini_counts, total)},
};

static int64_t count_in(json *value)
{
    int64_t count = json_is(value, JSON_INT) ? json_as_int(value) : 0;

    return decoding_tokens(count);
}

/* A count that came replaces the one before; an absent one does not. */
static void take_count(struct gemini_counts *counts, str name, json *value)
{
    for (size_t i = 0; i < COUNT_OF(count_names) && json_is(value, JSON_INT); i++) {
        if (str_eq(name, count_names[i].name)) {
            int64_t count = count_in(value);
            memcpy((char *)counts + count_names[i].at, &count, sizeof(count));
        }
    }
}

/* Tokens by modality. */
static int64_t tokens_of(json *list, str modality)
{
    struct json_walk walk = json_walk(list);
    int64_t sum = 0;

    while (json_next(&walk)) {
        bool is_it = str_eq(json_str(walk.value, "modality"), modality);
        sum += is_it ? count_in(json_get(walk.value, "tokenCount")) : 0;
    }
    return sum;
}

static void take_details(struct usage *usage, str name, json *list)
{
    if (str_eq(name, STR("promptTokensDetails"))) {
        usage->prompt_audio = tokens_of(list, STR("AUDIO"));
        usage->prompt_image = tokens_of(list, STR("IMAGE"));
        usage->prompt_video = tokens_of(list, STR("VIDEO"));
    } else if (str_eq(name, STR("candidatesTokensDetails"))) {
        usage->completion_audio = tokens_of(list, STR("AUDIO"));
        usage->completion_image = tokens_of(list, STR("IMAGE"));
    }
}

/* Usage comes with every event, not always with all members; it is told when it changed. */
static void take_usage(struct gemini_work *work, json *wire)
{
    struct gemini_counts *counts = &work->answer->counts;
    struct usage usage = work->answer->usage;
    struct json_walk walk = json_walk(wire);

    if (!json_is(wire, JSON_OBJECT)) {
        return;
    }
    while (json_next(&walk)) {
        take_count(counts, walk.name, walk.value);
        take_details(&usage, walk.name, walk.value);
    }
    usage.prompt = counts->prompt + counts->tool_prompt;
    usage.completion = counts->candidates + counts->thoughts;
    usage.total = counts->total > 0 ? counts->total : usage.prompt + usage.completion;
    usage.prompt_cached = decoding_part(counts->cached, usage.prompt);
    usage.completion_reasoning = counts->thoughts;
    usage.web_searches = counts->web_searches;
    if (memcmp(&usage, &work->answer->usage, sizeof(usage)) != 0) {
        work->answer->usage = usage;
        gemini_add(work, EVENT_USAGE, 0)->usage = usage;
    }
}

/* ---- Objects ---- */

static void start(struct gemini_work *work, json *root)
{
    if (!work->answer->has_started) {
        struct event *event = gemini_add(work, EVENT_START, 0);
        event->start.id = json_str(root, "responseId");
        event->start.model = json_str(root, "modelVersion");
        work->answer->has_started = true;
    }
}

/* The prompt was refused: there are no candidates then, and no other sign of an end. */
static void take_feedback(struct gemini_work *work, json *feedback)
{
    struct gemini_answer *answer = work->answer;
    str reason = json_str(feedback, "blockReason");
    str message = json_str(feedback, "blockReasonMessage");

    if (str_eq(reason, STR("BLOCK_REASON_UNSPECIFIED"))) {
        reason = STR_NONE;
    }
    if (answer->is_blocked || reason.len + message.len == 0) {
        return;
    }
    answer->is_blocked = true;
    answer->block_len = reason.len < sizeof(answer->block) ? reason.len : sizeof(answer->block);
    if (answer->block_len > 0) {
        memcpy(answer->block, reason.at, answer->block_len);
    }
    if (message.len > 0) {
        gemini_add(work, EVENT_REFUSAL, 0)->text = message;
    }
}

enum err gemini_take_object(struct gemini_work *work, json *root, str text)
{
    struct json_walk walk = json_walk(json_get(root, "candidates"));
    bool has_calls = str_find(text, STR("\"functionCall\"")) < text.len;
    struct json_text_walk texts =
        json_text_walk(has_calls ? json_text_find(text, STR("candidates")) : STR_NONE);
    enum err err = ERR_OK;

    if (refusal_is_error(root)) {
        return decoding_refused(work->decoder->arena, 0, root, work->fault);
    }
    if (!json_is(root, JSON_OBJECT)) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider sent something else than an answer"));
    }
    start(work, root);
    for (int64_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        (void)json_text_next(&texts);
        err = take_candidate(work, walk.value, i, texts.value);
    }
    take_feedback(work, json_get(root, "promptFeedback"));
    take_usage(work, json_get(root, "usageMetadata"));
    return err;
}

/* ---- The end ---- */

/* provider-dialects.md section 0.2.  A word not known yet is a normal end when there is something
 * to show. */
static enum finish_reason reason_of(const struct gemini_choice *choice, str native)
{
    static const struct finish_word words[] = {
        {STR_INIT("STOP"), FINISH_STOP},
        {STR_INIT("MAX_TOKENS"), FINISH_LENGTH},
        {STR_INIT("SAFETY"), FINISH_CONTENT_FILTER},
        {STR_INIT("RECITATION"), FINISH_CONTENT_FILTER},
        {STR_INIT("BLOCKLIST"), FINISH_CONTENT_FILTER},
        {STR_INIT("PROHIBITED_CONTENT"), FINISH_CONTENT_FILTER},
        {STR_INIT("SPII"), FINISH_CONTENT_FILTER},
        {STR_INIT("LANGUAGE"), FINISH_CONTENT_FILTER},
        {STR_INIT("MODEL_ARMOR"), FINISH_CONTENT_FILTER},
        {STR_INIT("IMAGE_SAFETY"), FINISH_CONTENT_FILTER},
        {STR_INIT("IMAGE_PROHIBITED_CONTENT"), FINISH_CONTENT_FILTER},
        {STR_INIT("IMAGE_RECITATION"), FINISH_CONTENT_FILTER},
        {STR_INIT("MALFORMED_FUNCTION_CALL"), FINISH_ERROR},
        {STR_INIT("UNEXPECTED_TOOL_CALL"), FINISH_ERROR},
        {STR_INIT("TOO_MANY_TOOL_CALLS"), FINISH_ERROR},
        {STR_INIT("OTHER"), FINISH_ERROR},
        {STR_INIT("NO_IMAGE"), FINISH_ERROR},
        {STR_INIT("IMAGE_OTHER"), FINISH_ERROR},
    };

    return decoding_finish(words, COUNT_OF(words), native, choice->said_anything,
                           choice->tool_count > 0);
}

static void finish(struct gemini_work *work, int index)
{
    struct gemini_answer *answer = work->answer;
    struct gemini_choice *choice = choice_at(work, index);
    bool is_blocked = choice->native_len == 0 && answer->is_blocked;
    str native = is_blocked ? str_of(answer->block, answer->block_len)
                            : str_of(choice->native, choice->native_len);

    say(work, index, repetition_end(&choice->repetition, work->decoder->hints.prefill));
    struct event *event = gemini_add(work, EVENT_FINISH, index);
    event->finish.reason = is_blocked ? FINISH_CONTENT_FILTER : reason_of(choice, native);
    event->finish.native = native.len > 0 ? native : STR_NONE;
}

enum err gemini_end_answer(struct gemini_work *work)
{
    struct gemini_answer *answer = work->answer;
    bool is_known = answer->is_blocked || answer->is_whole_object;

    if (answer->choice_end == 0 && !answer->is_blocked) {
        return answer->is_whole_object
                   ? decoding_broken(work->fault, ERR_PEER,
                                     STR("the provider's answer has no candidates"))
                   : decoding_cut(work->fault);
    }
    (void)choice_at(work, 0); /* a blocked prompt has no candidate */
    for (int i = 0; i < answer->choice_end; i++) {
        if (choice_at(work, i)->native_len == 0 && !is_known) {
            return decoding_cut(work->fault);
        }
    }
    for (int i = 0; i < answer->choice_end; i++) {
        finish(work, i);
    }
    return ERR_OK;
}
