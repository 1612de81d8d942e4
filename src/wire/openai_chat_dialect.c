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

struct event *openai_emit(struct openai_turn *turn, enum event_kind kind, int choice)
{
    struct event *event = event_list_add(turn->out, turn->scratch, kind);

    event->choice = choice;
    return event;
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

/* Ends every choice that the provider ended, or, at the end of all, every one that spoke. */
static void finish_choices(struct openai_turn *turn, bool at_end)
{
    for (int i = 0; i < turn->answer->choice_end; i++) {
        struct openai_choice *choice = choice_at(turn, i);
        if (choice->is_finished || !(choice->has_finish || at_end)) {
            continue;
        }
        openai_say_held(turn, i, choice);
        choice->is_finished = true;
        struct event *event = openai_emit(turn, EVENT_FINISH, i);
        event->finish.reason = settle_reason(choice);
        event->finish.native = choice->has_finish ? choice->native : STR_NONE;
    }
}

static void take_finish(struct openai_turn *turn, struct openai_choice *choice,
                        const struct openai_members *object)
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

static void take_list(struct openai_turn *turn, int index, enum event_kind kind, json *list)
{
    struct json_walk walk = json_walk(list);

    while (json_is(list, JSON_ARRAY) && json_next(&walk)) {
        bool is_annotation = kind == EVENT_ANNOTATION;
        if (is_annotation && openai_was_cited(turn->answer, walk.value)) {
            continue;
        }
        openai_emit(turn, kind, index)->raw = walk.value;
        turn->answer->has_annotations = turn->answer->has_annotations || is_annotation;
    }
}

/* True when a member of the object says something: some servers send all members, empty. */
static bool says_something(json *object)
{
    struct json_walk walk = json_walk(object);

    while (json_is(object, JSON_OBJECT) && json_next(&walk)) {
        if (!openai_is_empty(walk.value) &&
            !(json_is(walk.value, JSON_INT) && json_as_int(walk.value) == 0)) {
            return true;
        }
    }
    return false;
}

static enum err take_message(struct openai_turn *turn, int index, struct openai_choice *choice,
                             json *object)
{
    struct openai_members message = openai_read_members(EXTRA_MESSAGE, object);
    str refusal = json_as_str(message.at[MESSAGE_REFUSAL]);

    if (message.has_unknown) {
        openai_take_extras(turn, EXTRA_MESSAGE, index, object);
    }
    openai_take_reasoning(turn, index, choice, &message);
    openai_take_content(turn, index, choice, message.at[MESSAGE_CONTENT]);
    if (refusal.len > 0) {
        openai_emit(turn, EVENT_REFUSAL, index)->text = refusal;
    }
    take_list(turn, index, EVENT_ANNOTATION, message.at[MESSAGE_ANNOTATIONS]);
    take_list(turn, index, EVENT_IMAGE, message.at[MESSAGE_IMAGES]);
    if (says_something(message.at[MESSAGE_AUDIO])) {
        openai_emit(turn, EVENT_AUDIO, index)->raw = message.at[MESSAGE_AUDIO];
    }
    enum err err = openai_take_tool_calls(turn, index, choice, message.at[MESSAGE_TOOL_CALLS]);
    return err == ERR_OK
               ? openai_take_function_call(turn, index, choice, message.at[MESSAGE_FUNCTION_CALL])
               : err;
}

/* The delta of a chunk, the message of a whole answer.  Perplexity sends both in both: what is
 * not asked for is cumulative or empty. */
static json *find_message(const struct openai_turn *turn, const struct openai_members *object)
{
    bool is_stream = !turn->answer->is_whole;
    json *delta = object->at[CHOICE_DELTA];
    json *message = object->at[CHOICE_MESSAGE];
    json *first = is_stream ? delta : message;

    return json_is(first, JSON_OBJECT) ? first : is_stream ? message : delta;
}

static enum err take_choice(struct openai_turn *turn, json *object, int64_t position)
{
    struct openai_members members = openai_read_members(EXTRA_CHOICE, object);
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
        openai_take_extras(turn, EXTRA_CHOICE, (int)index, object);
    }
    json *message = find_message(turn, &members);
    if (message == NULL) { /* as older servers complete text */
        openai_take_content(turn, (int)index, choice, members.at[CHOICE_TEXT]);
    }
    enum err err = take_message(turn, (int)index, choice, message);
    if (err != ERR_OK) {
        return err;
    }
    if (says_something(logprobs)) {
        openai_emit(turn, EVENT_LOGPROBS, (int)index)->raw = logprobs;
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

/* An error event that holds words, not JSON. */
static enum err take_error_text(struct openai_turn *turn, str text)
{
    const struct headers none = {0};

    refusal_read(0, &none, text, turn->decoder->arena, turn->fault);
    turn->fault->kind = ERR_PEER;
    return ERR_PEER;
}

static void start(struct openai_turn *turn, const struct openai_members *root)
{
    int64_t created = json_as_int(root->at[BODY_CREATED]);

    if (!turn->answer->has_started) {
        struct event *event = openai_emit(turn, EVENT_START, 0);
        turn->answer->has_started = true;
        event->start.id = json_as_str(root->at[BODY_ID]);
        event->start.model = json_as_str(root->at[BODY_MODEL]);
        event->start.created = created > created_max_s ? created / 1000 : created;
        event->start.created = created > 0 ? event->start.created : 0;
    }
}

static void take_usage(struct openai_turn *turn, const struct openai_members *root)
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
        openai_emit(turn, EVENT_USAGE, 0)->usage = usage;
    }
}

/* Errors that do not say so: an object without choices that holds a message in one of the ways of
 * provider-dialects.md section 0.4. */
static bool is_bare_error(json *root)
{
    return str_eq(json_str(root, "object"), STR("error")) || json_str(root, "message").len > 0 ||
           json_str(root, "Message").len > 0 || !json_is_none(json_get(root, "detail")) ||
           json_count(json_get(root, "errors")) > 0;
}

static bool is_error(json *root, const struct openai_members *members)
{
    bool may_say_so = members->at[BODY_ERROR] != NULL || members->at[BODY_TYPE] != NULL;
    bool has_answer =
        json_is(members->at[BODY_CHOICES], JSON_ARRAY) || members->at[BODY_USAGE] != NULL;

    return (may_say_so && refusal_is_error(root)) ||
           (!has_answer && members->has_unknown && is_bare_error(root));
}

/* A chunk, or a whole answer. */
static enum err take_object(struct openai_turn *turn, json *root)
{
    struct openai_members members = openai_read_members(EXTRA_BODY, root);
    json *choices = members.at[BODY_CHOICES];
    bool has_choices = json_is(choices, JSON_ARRAY) && json_count(choices) > 0;
    bool has_usage = json_is(members.at[BODY_USAGE], JSON_OBJECT);
    struct json_walk walk = json_walk(has_choices ? choices : NULL);
    enum err err = ERR_OK;

    if (is_error(root, &members)) {
        return take_error(turn, root);
    }
    /* Azure begins with a chunk that says nothing: its id and model are empty. */
    if (!turn->answer->has_started && !has_choices && !has_usage &&
        json_as_str(members.at[BODY_ID]).len == 0 && !turn->answer->is_whole) {
        return ERR_OK;
    }
    start(turn, &members);
    if (members.has_unknown) {
        openai_take_extras(turn, EXTRA_BODY, 0, root);
    }
    for (int64_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        err = take_choice(turn, walk.value, i);
    }
    openai_take_citations(turn, &members);
    take_usage(turn, &members);
    if (err == ERR_OK && members.at[BODY_X_GROQ] != NULL &&
        refusal_is_error(members.at[BODY_X_GROQ])) {
        return take_error(turn, members.at[BODY_X_GROQ]);
    }
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
    if (!json_is(root, JSON_OBJECT) && str_eq(event->name, STR("error"))) {
        return take_error_text(turn, payload);
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
    if (!refusal_is_error(root) && !is_bare_error(root) &&
        !json_is(json_get(root, "choices"), JSON_ARRAY)) {
        return openai_broken(turn, ERR_PEER, STR("the provider's answer has no choices"));
    }
    enum err err = take_object(turn, root);
    if (err == ERR_OK) {
        finish_choices(turn, true);
    }
    return err;
}

/* Without the end mark an answer is whole when every choice was ended. */
static bool is_ended(struct openai_turn *turn)
{
    bool is_ended = turn->answer->choice_end > 0;

    for (int i = 0; i < turn->answer->choice_end; i++) {
        is_ended = is_ended && choice_at(turn, i)->has_finish;
    }
    return is_ended;
}

/* ---- What stands in a stream without its framing ---- */

/* A server that fails may send plain JSON where events were asked for, at once or in the middle.
 * No field of an event begins with a bracket: such a line and all behind it are kept, for the case
 * that the stream does not end as it should. */
static void keep_unframed(struct openai_answer *answer, str bytes)
{
    while (bytes.len > 0 && !answer->is_unframed) {
        if (!answer->is_mid_line && (bytes.at[0] == '{' || bytes.at[0] == '[')) {
            answer->is_unframed = true;
            break;
        }
        size_t line = str_find_char(bytes, '\n');
        answer->is_mid_line = line == bytes.len;
        bytes = str_skip(bytes, line + 1);
    }
    if (answer->is_unframed && buf_add(&answer->body, bytes) != ERR_OK) {
        buf_free(&answer->body); /* too big to be a word about a failure */
    }
}

/* The stream was cut: what was kept may say why, or be the whole answer. */
static enum err take_unframed(struct openai_turn *turn)
{
    str body = str_trim(buf_str(&turn->answer->body));
    json *root = body.len > 0 ? read_payload(turn, body) : NULL;
    bool is_answer = !turn->answer->has_started && json_is(json_get(root, "choices"), JSON_ARRAY);

    if (root != NULL && (refusal_is_error(root) || is_bare_error(root))) {
        return take_error(turn, root);
    }
    if (is_answer) {
        turn->answer->is_whole = true;
        return take_whole(turn);
    }
    return openai_broken(turn, ERR_CUT, STR("the provider cut its answer short"));
}

/* ---- The dialect ---- */

void openai_decoder_init(struct decoder *decoder)
{
    struct openai_answer *answer = ARENA_NEW(decoder->arena, struct openai_answer);

    sse_init(&answer->sse, decoder->bytes_max);
    buf_init(&answer->body, decoder->bytes_max);
    answer->is_whole = decoder->framing != FRAMING_SSE;
    decoder->state = answer;
}

void openai_decoder_free(struct decoder *decoder)
{
    struct openai_answer *answer = decoder->state;

    sse_free(&answer->sse);
    buf_free(&answer->body);
}

enum err openai_decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct openai_answer *answer = decoder->state;
    struct openai_turn turn = {decoder, answer, scratch, out, fault, NULL, false, false};

    if (!answer->is_whole) {
        keep_unframed(answer, bytes);
        return take_stream(&turn, bytes);
    }
    if (buf_add(&answer->body, bytes) != ERR_OK) {
        return openai_broken(&turn, ERR_TOO_BIG, STR("the provider's answer is too big"));
    }
    return ERR_OK;
}

enum err openai_decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct openai_answer *answer = decoder->state;
    struct openai_turn turn = {decoder, answer, scratch, out, fault, NULL, false, true};

    if (answer->is_whole) {
        return take_whole(&turn);
    }
    enum err err = take_stream(&turn, STR("\n\n")); /* a last event may lack its empty line */
    if (err != ERR_OK) {
        return err;
    }
    bool ends_silently = decoder->model->quirks->ends_silently && answer->choice_end > 0;
    finish_choices(&turn, ends_silently);
    return answer->is_done || ends_silently || is_ended(&turn) ? ERR_OK : take_unframed(&turn);
}

const struct dialect openai_chat_dialect = {
    .name = "openai",
    .encode_request = openai_encode_request,
    .needs_bytes = openai_needs_bytes,
    .decoder_init = openai_decoder_init,
    .decoder_free = openai_decoder_free,
    .decode = openai_decode,
    .decode_end = openai_decode_end,
    .decode_refusal = refusal_read,
};
