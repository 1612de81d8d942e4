/*
 * The OpenAI chat format as a client: answers.  Requests are in openai_chat_encode.c.
 *
 * A chunk of a stream and a whole answer are read by the same code: `delta` and `message` hold the
 * same members.  Two things wait: why a choice ended, until nothing more can come (some servers
 * end a choice twice, or speak after its end), and half a surrogate pair, until its second half
 * comes with the next piece.
 */
#include "codec/json_write.h"
#include "wire/dialect.h"
#include "wire/openai_chat.h"
#include "wire/openai_chat_decode.h"
#include "wire/refusal.h"

enum {
    FINISH_WORD_BYTES_MAX = 128,
};

static const int64_t created_max_s = 100000000000; /* a larger `created` is in milliseconds */

enum err openai_broken(struct openai_turn *turn, enum err kind, str message)
{
    *turn->fault = (struct fault){
        .kind = kind,
        .type = FAULT_PROVIDER_UNAVAILABLE,
        .message = message,
        .retryable = true,
    };
    return kind;
}

static struct event *emit(struct openai_turn *turn, enum event_kind kind, int choice)
{
    struct event *event = event_list_add(turn->out, turn->scratch, kind);

    event->choice = choice;
    return event;
}

/* ---- Members ---- */

/* The members that are read, and those behind them that are known but not told on: their values are
 * random, or ours to give. */
enum body_member {
    BODY_ID,
    BODY_MODEL,
    BODY_CREATED,
    BODY_CHOICES,
    BODY_USAGE,
    BODY_ERROR,
    BODY_TYPE,
    BODY_X_GROQ,
};
enum choice_member {
    CHOICE_INDEX,
    CHOICE_DELTA,
    CHOICE_MESSAGE,
    CHOICE_FINISH,
    CHOICE_NATIVE,
    CHOICE_LOGPROBS,
    CHOICE_ERROR,
};
enum message_member {
    MESSAGE_CONTENT,
    MESSAGE_REFUSAL,
    MESSAGE_DETAILS,
    MESSAGE_REASONING, /* and the next three: four names for one thing */
    MESSAGE_REASONING_CONTENT,
    MESSAGE_REASONING_TEXT,
    MESSAGE_THINKING,
    MESSAGE_TOOL_CALLS,
    MESSAGE_FUNCTION_CALL,
    MESSAGE_ANNOTATIONS,
    MESSAGE_IMAGES,
    MESSAGE_AUDIO,
};
enum { MEMBERS_MAX = 20 };

static const str body_names[] = {
    [BODY_ID] = STR_INIT("id"),
    [BODY_MODEL] = STR_INIT("model"),
    [BODY_CREATED] = STR_INIT("created"),
    [BODY_CHOICES] = STR_INIT("choices"),
    [BODY_USAGE] = STR_INIT("usage"),
    [BODY_ERROR] = STR_INIT("error"),
    [BODY_TYPE] = STR_INIT("type"),
    [BODY_X_GROQ] = STR_INIT("x_groq"),
    STR_INIT("object"),
    STR_INIT("provider"),
    STR_INIT("user_id"),
    STR_INIT("cost"),
    STR_INIT("obfuscation"),
    STR_INIT("p"),
    STR_INIT("nonce"),
    STR_INIT("openrouter_metadata"),
    STR_INIT("request_id"),
};
static const str choice_names[] = {
    [CHOICE_INDEX] = STR_INIT("index"),
    [CHOICE_DELTA] = STR_INIT("delta"),
    [CHOICE_MESSAGE] = STR_INIT("message"),
    [CHOICE_FINISH] = STR_INIT("finish_reason"),
    [CHOICE_NATIVE] = STR_INIT("native_finish_reason"),
    [CHOICE_LOGPROBS] = STR_INIT("logprobs"),
    [CHOICE_ERROR] = STR_INIT("error"),
    STR_INIT("text"),
};
static const str message_names[] = {
    [MESSAGE_CONTENT] = STR_INIT("content"),
    [MESSAGE_REFUSAL] = STR_INIT("refusal"),
    [MESSAGE_DETAILS] = STR_INIT("reasoning_details"),
    [MESSAGE_REASONING] = STR_INIT("reasoning"),
    [MESSAGE_REASONING_CONTENT] = STR_INIT("reasoning_content"),
    [MESSAGE_REASONING_TEXT] = STR_INIT("reasoning_text"),
    [MESSAGE_THINKING] = STR_INIT("thinking"),
    [MESSAGE_TOOL_CALLS] = STR_INIT("tool_calls"),
    [MESSAGE_FUNCTION_CALL] = STR_INIT("function_call"),
    [MESSAGE_ANNOTATIONS] = STR_INIT("annotations"),
    [MESSAGE_IMAGES] = STR_INIT("images"),
    [MESSAGE_AUDIO] = STR_INIT("audio"),
    STR_INIT("role"),
    STR_INIT("padding"),
    STR_INIT("name"),
    STR_INIT("tool_call_id"),
};
_Static_assert(COUNT_OF(body_names) <= MEMBERS_MAX, "struct members has room for all");
_Static_assert(COUNT_OF(message_names) <= MEMBERS_MAX, "struct members has room for all");

static const struct {
    const str *names;
    size_t count;
} known_members[] = {
    [EXTRA_BODY] = {body_names, COUNT_OF(body_names)},
    [EXTRA_CHOICE] = {choice_names, COUNT_OF(choice_names)},
    [EXTRA_MESSAGE] = {message_names, COUNT_OF(message_names)},
};

/* An object's members by their place in the tables above; NULL when absent. */
struct members {
    json *at[MEMBERS_MAX];
    bool has_unknown;
};

/* The count of the names when it is not known. */
static size_t member_index(enum extra_place place, str name)
{
    const str *names = known_members[place].names;
    size_t count = known_members[place].count;
    size_t i = 0;

    if (name.len == 0) {
        return count;
    }
    while (i < count && (names[i].at[0] != name.at[0] || !str_eq(name, names[i]))) {
        i++;
    }
    return i;
}

/* One walk instead of a look-up for each member: this runs for every token. */
static struct members read_members(enum extra_place place, json *object)
{
    struct members members = {0};
    struct json_walk walk = json_walk(object);

    while (walk.is_object && json_next(&walk)) {
        size_t i = member_index(place, walk.name);
        if (i == known_members[place].count) {
            members.has_unknown = true;
        } else if (members.at[i] == NULL) {
            members.at[i] = walk.value;
        }
    }
    return members;
}

/* ---- What a choice says ---- */

static void say_text(struct openai_turn *turn, int index, struct openai_choice *choice, str text)
{
    text = openai_join_halves(turn, &choice->text_half, text);
    if (text.len > 0) {
        choice->has_text = true;
        emit(turn, EVENT_TEXT, index)->text = text;
    }
}

static void say_plain_reasoning(struct openai_turn *turn, int index, struct openai_choice *choice,
                                str text)
{
    text = openai_join_halves(turn, &choice->reasoning_half, text);
    if (text.len > 0) {
        emit(turn, EVENT_REASONING, index)->reasoning =
            (struct reasoning){.kind = REASONING_TEXT, .text = text};
    }
}

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

static void take_content_part(struct openai_turn *turn, int index, struct openai_choice *choice,
                              json *part)
{
    str type = json_str(part, "type");

    if (json_is(part, JSON_STR)) {
        say_text(turn, index, choice, json_as_str(part));
    } else if (str_eq(type, STR("thinking"))) { /* Mistral */
        say_thinking(turn, index, choice, json_get(part, "thinking"));
    } else if (str_eq(type, STR("reasoning"))) { /* Databricks */
        say_thinking(turn, index, choice, json_get(part, "summary"));
    } else if (str_eq(type, STR("image_url"))) {
        emit(turn, EVENT_IMAGE, index)->raw = part;
    } else {
        say_text(turn, index, choice, json_str(part, "text"));
    }
}

static void take_content(struct openai_turn *turn, int index, struct openai_choice *choice,
                         json *content)
{
    struct json_walk walk = json_walk(content);

    switch (json_type(content)) {
    case JSON_STR:
        say_text(turn, index, choice, json_as_str(content));
        break;
    case JSON_ARRAY:
        while (json_next(&walk)) {
            take_content_part(turn, index, choice, walk.value);
        }
        break;
    case JSON_OBJECT: /* Cloudflare, when a schema was asked for */
        say_text(turn, index, choice, json_to_text(turn->scratch, content));
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
        emit(turn, EVENT_REASONING, index)->reasoning = reasoning;
    }
    bool is_readable = reasoning.text.len > 0 && reasoning.kind != REASONING_ENCRYPTED;
    reasoning.signature = json_str(detail, "signature");
    if (reasoning.signature.len > 0) {
        reasoning.text = STR_NONE;
        emit(turn, EVENT_REASONING, index)->reasoning = reasoning;
    }
    return is_readable;
}

/* The same text may stand in several members: details count first, then the first that is there. */
static void take_reasoning(struct openai_turn *turn, int index, struct openai_choice *choice,
                           const struct members *message)
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

static void take_list(struct openai_turn *turn, int index, enum event_kind kind, json *list)
{
    struct json_walk walk = json_walk(list);

    while (json_is(list, JSON_ARRAY) && json_next(&walk)) {
        emit(turn, kind, index)->raw = walk.value;
    }
}

/* ---- Members that we do not know ---- */

/* FNV-1a.  Only a provider can make two of its own values collide, to hide one of them. */
static uint64_t hash_of(str text, uint64_t start)
{
    uint64_t hash = 0xcbf29ce484222325ULL + start;

    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 0x100000001b3ULL;
    }
    return hash;
}

/* True when the value differs from what was told last under that name. */
static bool is_news(struct openai_turn *turn, enum extra_place place, int choice, str name,
                    json *value)
{
    struct openai_answer *answer = turn->answer;
    uint64_t key = hash_of(name, (uint64_t)place * CHAT_CHOICES_MAX + (uint64_t)choice);
    uint64_t hash = hash_of(
        json_is(value, JSON_STR) ? json_as_str(value) : json_to_text(turn->scratch, value), 0);

    for (size_t i = 0; i < answer->extra_count; i++) {
        if (answer->extras[i].name == key) {
            bool differs = answer->extras[i].value != hash;
            answer->extras[i].value = hash;
            return differs;
        }
    }
    if (answer->extra_count < OPENAI_EXTRAS_MAX) {
        answer->extras[answer->extra_count].name = key;
        answer->extras[answer->extra_count++].value = hash;
    }
    return true;
}

/* Null, "", {} and [] say nothing. */
static bool is_empty(json *value)
{
    bool is_container = json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY);
    bool is_text = json_is(value, JSON_STR);

    return json_is_none(value) || (is_container && json_count(value) == 0) ||
           (is_text && json_as_str(value).len == 0);
}

/* True when a member of the object says something: some servers send all members, empty. */
static bool says_something(json *object)
{
    struct json_walk walk = json_walk(object);

    while (json_is(object, JSON_OBJECT) && json_next(&walk)) {
        if (!is_empty(walk.value) &&
            !(json_is(walk.value, JSON_INT) && json_as_int(walk.value) == 0)) {
            return true;
        }
    }
    return false;
}

static void take_extras(struct openai_turn *turn, enum extra_place place, int choice, json *object)
{
    struct json_walk walk = json_walk(object);

    while (json_next(&walk)) {
        if (member_index(place, walk.name) < known_members[place].count || is_empty(walk.value) ||
            !is_news(turn, place, choice, walk.name, walk.value)) {
            continue;
        }
        struct event *event = emit(turn, EVENT_EXTRA, choice);
        event->extra.place = place;
        event->extra.name = walk.name;
        event->extra.value = walk.value;
    }
}

/* ---- Choices ---- */

static struct openai_choice *choice_at(struct openai_turn *turn, int index)
{
    struct openai_answer *answer = turn->answer;

    answer->choice_end = index >= answer->choice_end ? index + 1 : answer->choice_end;
    if (index == 0) {
        return &answer->first;
    }
    if (answer->others == NULL) {
        answer->others =
            ARENA_ARRAY(turn->decoder->arena, struct openai_choice, CHAT_CHOICES_MAX - 1);
    }
    return &answer->others[index - 1];
}

/* Tool calls were made: then "stop" means that they are to be run. */
static enum finish_reason settle_reason(const struct openai_choice *choice)
{
    bool has_tools = choice->tool_count > 0;

    if (choice->reason == FINISH_STOP && has_tools) {
        return FINISH_TOOL_CALLS;
    }
    if (choice->reason == FINISH_NONE) {
        return has_tools ? FINISH_TOOL_CALLS : choice->has_text ? FINISH_STOP : FINISH_NONE;
    }
    return choice->reason;
}

static void flush_halves(struct openai_turn *turn, int index, struct openai_choice *choice)
{
    if (choice->reasoning_half != 0) {
        choice->reasoning_half = 0;
        say_plain_reasoning(turn, index, choice, STR("\xef\xbf\xbd"));
    }
    if (choice->text_half != 0) {
        choice->text_half = 0;
        say_text(turn, index, choice, STR("\xef\xbf\xbd"));
    }
}

/* Ends every choice that the provider ended, or, at the end of all, every one that spoke. */
static void finish_choices(struct openai_turn *turn, bool at_end)
{
    for (int i = 0; i < turn->answer->choice_end; i++) {
        struct openai_choice *choice = choice_at(turn, i);
        if (choice->is_finished || !(choice->has_finish || at_end)) {
            continue;
        }
        flush_halves(turn, i, choice);
        choice->is_finished = true;
        struct event *event = emit(turn, EVENT_FINISH, i);
        event->finish.reason = settle_reason(choice);
        event->finish.native = choice->has_finish ? choice->native : STR_NONE;
    }
}

static void take_finish(struct openai_turn *turn, struct openai_choice *choice,
                        const struct members *object)
{
    str word = json_as_str(object->at[CHOICE_FINISH]);
    str native = json_as_str(object->at[CHOICE_NATIVE]);
    bool has_output = choice->has_text || choice->tool_count > 0;
    enum finish_reason reason = openai_finish_of(word, has_output);

    if (reason == FINISH_NONE || choice->has_finish) {
        return;
    }
    choice->has_finish = true;
    choice->reason = reason;
    if (json_is(object->at[CHOICE_NATIVE], JSON_NULL)) {
        return; /* a gateway says that its provider gave no word */
    }
    native = native.len > 0 ? native : word;
    choice->native = arena_copy(turn->decoder->arena, str_take(native, FINISH_WORD_BYTES_MAX));
}

static enum err take_message(struct openai_turn *turn, int index, struct openai_choice *choice,
                             json *object)
{
    struct members message = read_members(EXTRA_MESSAGE, object);
    str refusal = json_as_str(message.at[MESSAGE_REFUSAL]);

    if (message.has_unknown) {
        take_extras(turn, EXTRA_MESSAGE, index, object);
    }
    take_reasoning(turn, index, choice, &message);
    take_content(turn, index, choice, message.at[MESSAGE_CONTENT]);
    if (refusal.len > 0) {
        emit(turn, EVENT_REFUSAL, index)->text = refusal;
    }
    take_list(turn, index, EVENT_ANNOTATION, message.at[MESSAGE_ANNOTATIONS]);
    take_list(turn, index, EVENT_IMAGE, message.at[MESSAGE_IMAGES]);
    if (says_something(message.at[MESSAGE_AUDIO])) {
        emit(turn, EVENT_AUDIO, index)->raw = message.at[MESSAGE_AUDIO];
    }
    enum err err = openai_take_tool_calls(turn, index, choice, message.at[MESSAGE_TOOL_CALLS]);
    return err == ERR_OK
               ? openai_take_function_call(turn, index, choice, message.at[MESSAGE_FUNCTION_CALL])
               : err;
}

/* The delta of a chunk, the message of a whole answer.  Perplexity sends both in both: what is
 * not asked for is cumulative or empty. */
static json *find_message(const struct openai_turn *turn, const struct members *object)
{
    bool is_stream = turn->decoder->framing == FRAMING_SSE;
    json *delta = object->at[CHOICE_DELTA];
    json *message = object->at[CHOICE_MESSAGE];
    json *first = is_stream ? delta : message;

    return json_is(first, JSON_OBJECT) ? first : is_stream ? message : delta;
}

static enum err take_choice(struct openai_turn *turn, json *object, int64_t position)
{
    struct members members = read_members(EXTRA_CHOICE, object);
    json *given = members.at[CHOICE_INDEX];
    json *logprobs = members.at[CHOICE_LOGPROBS];
    int64_t index = json_is(given, JSON_INT) ? json_as_int(given) : position;

    if (index < 0 || index >= CHAT_CHOICES_MAX) {
        return openai_broken(turn, ERR_PEER, STR("the provider sent a choice out of bounds"));
    }
    struct openai_choice *choice = choice_at(turn, (int)index);
    if (choice->is_finished) {
        return ERR_OK;
    }
    if (members.has_unknown) {
        take_extras(turn, EXTRA_CHOICE, (int)index, object);
    }
    enum err err = take_message(turn, (int)index, choice, find_message(turn, &members));
    if (err != ERR_OK) {
        return err;
    }
    if (says_something(logprobs)) {
        emit(turn, EVENT_LOGPROBS, (int)index)->raw = logprobs;
    }
    if (members.at[CHOICE_ERROR] != NULL && refusal_is_error(object)) {
        turn->choice_error = object; /* OpenRouter: the model had begun and then failed */
    }
    take_finish(turn, choice, &members);
    return ERR_OK;
}

static enum err take_error(struct openai_turn *turn, json *root)
{
    refusal_read_json(0, root, turn->decoder->arena, turn->fault);
    turn->fault->kind = ERR_PEER; /* what the words mean is in the type */
    return ERR_PEER;
}

static void start(struct openai_turn *turn, const struct members *root)
{
    int64_t created = json_as_int(root->at[BODY_CREATED]);

    if (!turn->answer->has_started) {
        struct event *event = emit(turn, EVENT_START, 0);
        turn->answer->has_started = true;
        event->start.id = json_as_str(root->at[BODY_ID]);
        event->start.model = json_as_str(root->at[BODY_MODEL]);
        event->start.created = created > created_max_s ? created / 1000 : created;
        event->start.created = created > 0 ? event->start.created : 0;
    }
}

static void take_usage(struct openai_turn *turn, const struct members *root)
{
    struct usage *last = &turn->answer->usage;
    struct usage usage = {0};
    const struct quirks *quirks = turn->decoder->model->quirks;

    if (!openai_read_usage(root->at[BODY_USAGE], quirks, &usage) &&
        !openai_read_usage(json_get(root->at[BODY_X_GROQ], "usage"), quirks, &usage)) {
        return;
    }
    if (memcmp(last, &usage, sizeof(usage)) != 0) {
        *last = usage;
        emit(turn, EVENT_USAGE, 0)->usage = usage;
    }
}

/* A chunk, or a whole answer. */
static enum err take_object(struct openai_turn *turn, json *root)
{
    struct members members = read_members(EXTRA_BODY, root);
    json *choices = members.at[BODY_CHOICES];
    bool has_choices = json_is(choices, JSON_ARRAY) && json_count(choices) > 0;
    bool has_usage = json_is(members.at[BODY_USAGE], JSON_OBJECT);
    struct json_walk walk = json_walk(has_choices ? choices : NULL);
    enum err err = ERR_OK;

    if ((members.at[BODY_ERROR] != NULL || members.at[BODY_TYPE] != NULL) &&
        refusal_is_error(root)) {
        return take_error(turn, root);
    }
    /* Azure begins with a chunk that says nothing: its id and model are empty. */
    if (!turn->answer->has_started && !has_choices && !has_usage &&
        json_as_str(members.at[BODY_ID]).len == 0 && turn->decoder->framing == FRAMING_SSE) {
        return ERR_OK;
    }
    start(turn, &members);
    if (members.has_unknown) {
        take_extras(turn, EXTRA_BODY, 0, root);
    }
    for (int64_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        err = take_choice(turn, walk.value, i);
    }
    take_usage(turn, &members);
    if (err == ERR_OK && turn->choice_error != NULL) {
        return take_error(turn, turn->choice_error);
    }
    if (err == ERR_OK && !has_choices && has_usage) {
        finish_choices(turn, false); /* usage alone: nothing more is said */
    }
    return err;
}

/* ---- Framings ---- */

static json *read_payload(struct openai_turn *turn, str payload)
{
    json *root = json_read_lenient(turn->scratch, payload);
    str replaced = STR_NONE;

    turn->has_halves = false;
    if (root == NULL && openai_replace_halves(turn->scratch, payload, &replaced)) {
        root = json_read_lenient(turn->scratch, replaced);
        turn->has_halves = true;
    }
    return root;
}

static enum err take_event(struct openai_turn *turn, const struct sse_event *event)
{
    str payload = str_trim(event->data);

    if (payload.len == 0 || turn->answer->is_done) {
        return ERR_OK;
    }
    if (str_eq(payload, STR("[DONE]"))) {
        turn->answer->is_done = true;
        if (turn->answer->choice_end == 0) {
            return openai_broken(turn, ERR_CUT, STR("the provider ended its answer without one"));
        }
        finish_choices(turn, true);
        turn->decoder->is_complete = true;
        return ERR_OK;
    }
    json *root = read_payload(turn, payload);
    if (json_is(root, JSON_ARRAY) && refusal_is_error(root)) {
        return take_error(turn, root);
    }
    if (!json_is(root, JSON_OBJECT)) {
        return turn->at_end
                   ? openai_broken(turn, ERR_CUT, STR("the provider cut its answer short"))
                   : openai_broken(turn, ERR_PEER, STR("the provider sent a malformed event"));
    }
    if (str_eq(event->name, STR("error"))) {
        return take_error(turn, root);
    }
    return take_object(turn, root);
}

static enum err take_stream(struct openai_turn *turn, str bytes)
{
    struct sse_event event;

    for (;;) {
        switch (sse_next(&turn->answer->sse, &bytes, &event)) {
        case SSE_MORE:
            return ERR_OK;
        case SSE_ERROR:
            return openai_broken(turn, ERR_TOO_BIG,
                                 STR("the provider sent an event that is too big"));
        case SSE_EVENT:
            break;
        }
        enum err err = take_event(turn, &event);
        if (err != ERR_OK) {
            return err;
        }
    }
}

static enum err take_whole(struct openai_turn *turn)
{
    str body = str_trim(buf_str(&turn->answer->body));
    json *root = read_payload(turn, body);

    if (json_is(root, JSON_ARRAY) && refusal_is_error(root)) {
        return take_error(turn, root);
    }
    if (!json_is(root, JSON_OBJECT)) {
        bool is_cut = root == NULL && (body.len == 0 || !str_has_suffix(body, STR("}")));
        return is_cut ? openai_broken(turn, ERR_CUT, STR("the provider cut its answer short"))
                      : openai_broken(turn, ERR_PEER, STR("the provider's answer is not JSON"));
    }
    if (!refusal_is_error(root) && !json_is(json_get(root, "choices"), JSON_ARRAY)) {
        return openai_broken(turn, ERR_PEER, STR("the provider's answer has no choices"));
    }
    enum err err = take_object(turn, root);
    if (err == ERR_OK) {
        finish_choices(turn, true);
    }
    return err;
}

/* Without the end mark an answer is whole when every choice was ended. */
static bool is_whole(struct openai_turn *turn)
{
    bool is_ended = turn->answer->choice_end > 0;

    for (int i = 0; i < turn->answer->choice_end; i++) {
        is_ended = is_ended && choice_at(turn, i)->has_finish;
    }
    return is_ended;
}

static void init(struct decoder *decoder)
{
    struct openai_answer *answer = ARENA_NEW(decoder->arena, struct openai_answer);

    sse_init(&answer->sse, decoder->bytes_max);
    buf_init(&answer->body, decoder->bytes_max);
    decoder->state = answer;
}

static void end(struct decoder *decoder)
{
    struct openai_answer *answer = decoder->state;

    sse_free(&answer->sse);
    buf_free(&answer->body);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct openai_answer *answer = decoder->state;
    struct openai_turn turn = {decoder, answer, scratch, out, fault, NULL, false, false};

    if (decoder->framing == FRAMING_SSE) {
        return take_stream(&turn, bytes);
    }
    if (buf_add(&answer->body, bytes) != ERR_OK) {
        return openai_broken(&turn, ERR_TOO_BIG, STR("the provider's answer is too big"));
    }
    return ERR_OK;
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct openai_answer *answer = decoder->state;
    struct openai_turn turn = {decoder, answer, scratch, out, fault, NULL, false, true};

    if (decoder->framing == FRAMING_WHOLE) {
        return take_whole(&turn);
    }
    enum err err = take_stream(&turn, STR("\n\n")); /* a last event may lack its empty line */
    if (err != ERR_OK) {
        return err;
    }
    finish_choices(&turn, false);
    if (!answer->is_done && !is_whole(&turn)) {
        return openai_broken(&turn, ERR_CUT, STR("the provider cut its answer short"));
    }
    return ERR_OK;
}

const struct dialect openai_chat_dialect = {
    .name = "openai",
    .encode_request = openai_encode_request,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
