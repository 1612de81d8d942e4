/*
 * The items of an answer of the Responses API as events.
 *
 * An item is announced, grows by deltas, and is told again whole: each text of it when it ends, the
 * item when it ends, and all items with the answer's last event.  Servers leave out any of these,
 * so every whole text is compared with what was passed on, and what is missing is passed on then.
 * A whole answer is the last event without the others before it.
 */
#include "base/text.h"
#include "wire/openai_responses_decode.h"

static struct event *add(struct responses_work *work, enum event_kind kind)
{
    responses_start(work, NULL);
    work->answer->has_said = true;
    return event_list_add(work->out, work->scratch, kind);
}

/* FNV-1a, never 0: tells ids apart that must be remembered but not repeated. */
static uint64_t hash_of(str id)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < id.len; i++) {
        hash = (hash ^ (unsigned char)id.at[i]) * 0x100000001b3ULL;
    }
    return id.len > 0 ? hash | 1 : 0;
}

/* ---- Finding items ---- */

static bool is_call(enum responses_item kind)
{
    return kind == ITEM_FUNCTION_CALL || kind == ITEM_CUSTOM_CALL;
}

static int64_t index_in(json *event)
{
    json *index = json_get(event, "output_index");

    return json_is(index, JSON_INT) ? json_as_int(index) : -1;
}

/* The newest item of that kind at the index; events without an index fit any.  Servers that give
 * all items one index are told apart by ids; where there is one candidate the id may be any. */
static struct responses_state *find_item(struct responses_answer *answer, enum responses_item kind,
                                         int64_t index, str id)
{
    struct responses_state *newest = NULL;
    uint64_t hash = 0;

    for (size_t i = answer->item_count; i > 0; i--) {
        struct responses_state *item = &answer->items[i - 1];
        bool is_there = item->output_index == index || item->output_index < 0 || index < 0;
        if (item->kind != kind || !is_there) {
            continue;
        }
        if (newest == NULL) {
            newest = item;
            continue;
        }
        hash = hash == 0 ? hash_of(id) : hash;
        if (newest->id == hash || item->id == hash) {
            return newest->id == hash ? newest : item;
        }
    }
    return newest;
}

/* NULL when there are too many. */
static struct responses_state *add_item(struct responses_work *work, enum responses_item kind,
                                        int64_t index, str id)
{
    struct responses_answer *answer = work->answer;

    if (answer->item_count == RESPONSES_ITEMS_MAX) {
        return NULL;
    }
    if (answer->item_count == answer->item_room) {
        size_t room = answer->item_room > 0 ? answer->item_room * 2 : 8;
        struct responses_state *items =
            ARENA_ARRAY(work->decoder->arena, struct responses_state, room);
        if (answer->item_count > 0) {
            memcpy(items, answer->items, answer->item_count * sizeof(*items));
        }
        answer->items = items;
        answer->item_room = room;
    }
    struct responses_state *item = &answer->items[answer->item_count++];
    *item = (struct responses_state){.kind = kind, .output_index = index, .id = hash_of(id)};
    if (kind == ITEM_REASONING) {
        item->number = answer->reasoning_count++;
    }
    answer->web_searches += kind == ITEM_WEB_SEARCH ? 1 : 0;
    return item;
}

static enum err too_many(struct responses_work *work)
{
    return decoding_broken(work->fault, ERR_TOO_BIG,
                           STR("the provider's answer has too many items"));
}

/* ---- Saying ---- */

static void say_text(struct responses_work *work, struct responses_state *item, str text)
{
    struct responses_answer *answer = work->answer;

    if (item->content.given == 0) { /* its first: apart from the messages before this one */
        if (!item->has_spoken && answer->text_chars > 0) {
            add(work, EVENT_TEXT)->text = STR("\n\n");
            answer->text_chars += 2;
        }
        item->text_from = answer->text_chars;
    }
    answer->text_chars += decoding_characters(text);
    add(work, EVENT_TEXT)->text = text;
}

static str format_of(struct responses_work *work, json *wire)
{
    str format = json_str(wire, "format"); /* gateways tell whose it is */

    return format.len > 0 ? format : responses_reasoning_format(work->decoder->model);
}

/* `wire` is the event or the item that says it: it knows the block's id. */
static void say_reasoning(struct responses_work *work, struct responses_state *item,
                          enum reasoning_kind kind, json *wire, str text)
{
    str id = json_str(wire, "item_id");
    bool is_first = kind == REASONING_SUMMARY ? !item->has_summary : item->content.given == 0;

    id = id.len > 0 ? id : json_str(wire, "id");
    if (kind == REASONING_SUMMARY && item->summary.given == 0 && item->has_summary) {
        add(work, EVENT_REASONING)->reasoning = (struct reasoning){
            .kind = kind,
            .index = item->number,
            .text = STR("\n\n"),
            .format = format_of(work, wire),
        };
    }
    item->has_summary = item->has_summary || kind == REASONING_SUMMARY;
    add(work, EVENT_REASONING)->reasoning = (struct reasoning){
        .kind = kind,
        .index = item->number,
        .text = text,
        .id = is_first || kind == REASONING_ENCRYPTED ? id : STR_NONE,
        .format = format_of(work, wire),
    };
}

static struct responses_part *part_of(struct responses_state *item, enum responses_speech speech)
{
    return speech == SPEECH_SUMMARY ? &item->summary : &item->content;
}

static void say(struct responses_work *work, struct responses_state *item,
                enum responses_speech speech, json *wire, str piece)
{
    struct responses_part *part = part_of(item, speech);

    if (piece.len == 0) {
        return;
    }
    switch (speech) {
    case SPEECH_TEXT:
        say_text(work, item, piece);
        break;
    case SPEECH_REFUSAL:
        add(work, EVENT_REFUSAL)->text = piece;
        break;
    case SPEECH_ARGUMENTS: {
        struct event *event = add(work, EVENT_TOOL_ARGS);
        event->tool_args.index = item->number;
        event->tool_args.json = piece;
        break;
    }
    case SPEECH_REASONING:
        say_reasoning(work, item, REASONING_TEXT, wire, piece);
        break;
    case SPEECH_SUMMARY:
        say_reasoning(work, item, REASONING_SUMMARY, wire, piece);
        break;
    }
    item->has_spoken = true;
    part->given += piece.len;
    for (size_t i = 0; i < piece.len; i++) {
        part->sum += (unsigned char)piece.at[i];
    }
}

/* Another part begins; the one before is over, whatever of it was said. */
static void step_to(struct responses_state *item, enum responses_speech speech, int64_t index)
{
    struct responses_part *part = part_of(item, speech);

    if (index != part->index) {
        *part = (struct responses_part){.index = index};
    }
}

/* More of a part. */
static void take_piece(struct responses_work *work, struct responses_state *item,
                       enum responses_speech speech, int64_t index, json *event)
{
    if (work->answer->is_deaf || (is_call(item->kind) && !item->is_open)) {
        item->owes = true;
        return;
    }
    step_to(item, speech, index);
    say(work, item, speech, event, json_str(event, "delta"));
}

/* A part as a whole: what was not said of it is said now.  A text that does not go on from what was
 * said comes too late. */
static void take_whole(struct responses_work *work, struct responses_state *item,
                       enum responses_speech speech, int64_t index, json *wire, str text)
{
    struct responses_part *part = part_of(item, speech);
    uint64_t sum = 0;

    if (index < part->index) {
        return; /* a later part was begun */
    }
    step_to(item, speech, index);
    if (text.len <= part->given) {
        return;
    }
    for (size_t i = 0; i < part->given; i++) {
        sum += (unsigned char)text.at[i];
    }
    if (sum == part->sum) {
        say(work, item, speech, wire, str_skip(text, part->given));
    }
}

/* ---- What stands beside a text ---- */

static void take_annotation(struct responses_work *work, struct responses_state *item,
                            json *annotation)
{
    json *citation = responses_citation(work, annotation, item->text_from);

    item->annotations++;
    if (citation != NULL) {
        add(work, EVENT_ANNOTATION)->raw = citation;
    }
}

static void take_logprobs(struct responses_work *work, json *tokens)
{
    json *logprobs = responses_logprobs(work, tokens);

    if (logprobs != NULL) {
        add(work, EVENT_LOGPROBS)->raw = logprobs;
    }
}

/* ---- Messages ---- */

static bool is_text_part(str type)
{
    return str_eq(type, STR("output_text")) || str_eq(type, STR("text"));
}

/* Citations and probabilities that came beside the text were passed on with it. */
static void take_text_part(struct responses_work *work, struct responses_state *item, int64_t index,
                           json *part)
{
    bool is_new = index > item->content.index || item->content.given == 0;

    take_whole(work, item, SPEECH_TEXT, index, part, json_str(part, "text"));
    if (is_new && item->content.index == index) {
        take_logprobs(work, json_get(part, "logprobs"));
    }
}

static void take_text_piece(struct responses_work *work, struct responses_state *item,
                            int64_t index, json *event)
{
    take_piece(work, item, SPEECH_TEXT, index, event);
    if (!item->owes) {
        take_logprobs(work, json_get(event, "logprobs"));
    }
}

static void take_message_part(struct responses_work *work, struct responses_state *item,
                              int64_t index, json *part)
{
    str type = json_str(part, "type");

    if (is_text_part(type)) {
        take_text_part(work, item, index, part);
    } else if (str_eq(type, STR("refusal"))) {
        take_whole(work, item, SPEECH_REFUSAL, index, part, json_str(part, "refusal"));
    }
}

static void take_message(struct responses_work *work, struct responses_state *item, json *wire)
{
    struct json_walk walk = json_walk(json_get(wire, "content"));
    size_t annotations = 0;

    for (int64_t index = 0; json_next(&walk); index++) {
        struct json_walk marks = json_walk(json_get(walk.value, "annotations"));
        take_message_part(work, item, index, walk.value);
        while (json_next(&marks)) {
            if (annotations++ >= item->annotations) {
                take_annotation(work, item, marks.value);
            }
        }
    }
}

/* ---- Reasoning ---- */

static void take_reasoning(struct responses_work *work, struct responses_state *item, json *wire)
{
    struct json_walk content = json_walk(json_get(wire, "content"));
    struct json_walk summary = json_walk(json_get(wire, "summary"));
    str opaque = json_str(wire, "encrypted_content");
    str signature = json_str(wire, "signature");

    for (int64_t index = 0; json_next(&summary); index++) {
        take_whole(work, item, SPEECH_SUMMARY, index, wire, json_str(summary.value, "text"));
    }
    for (int64_t index = 0; json_next(&content); index++) {
        take_whole(work, item, SPEECH_REASONING, index, wire, json_str(content.value, "text"));
    }
    if (item->has_extra) {
        return;
    }
    if (signature.len > 0) { /* gateways: of a model that signs what it thinks */
        say_reasoning(work, item, REASONING_TEXT, wire, STR_NONE);
        work->out->at[work->out->len - 1].reasoning.signature = signature;
        item->has_extra = true;
    }
    if (opaque.len > 0) {
        say_reasoning(work, item, REASONING_ENCRYPTED, wire, opaque);
        item->has_extra = true;
    }
}

/* ---- Calls ---- */

static bool is_id_taken(const struct responses_answer *answer, uint64_t hash)
{
    for (int64_t i = 0; i < answer->tool_count; i++) {
        if (answer->call_ids[i] == hash) {
            return true;
        }
    }
    return false;
}

static void keep_call_id(struct responses_work *work, uint64_t hash)
{
    struct responses_answer *answer = work->answer;
    size_t count = (size_t)answer->tool_count;

    if (count == answer->call_room) {
        size_t room = answer->call_room > 0 ? answer->call_room * 2 : 8;
        uint64_t *ids = ARENA_ARRAY(work->decoder->arena, uint64_t, room);
        if (count > 0) {
            memcpy(ids, answer->call_ids, count * sizeof(*ids));
        }
        answer->call_ids = ids;
        answer->call_room = room;
    }
    answer->call_ids[count] = hash;
}

/* The provider's id; one of ours when there is none or it was used before. */
static str call_id_of(struct responses_work *work, json *wire)
{
    struct responses_answer *answer = work->answer;
    str id = json_str(wire, "call_id");

    id = id.len > 0 ? id : json_str(wire, "id");
    if (id.len == 0 || is_id_taken(answer, hash_of(id))) {
        id = arena_printf(work->scratch, "call_" STR_FMT "_%d", STR_ARG(work->decoder->id_seed),
                          (int)answer->tool_count);
    }
    return id;
}

/* Opens the call once its name is known. */
static void open_call(struct responses_work *work, struct responses_state *item, json *wire)
{
    str name = json_str(wire, "name");

    if (item->is_open || name.len == 0) {
        return;
    }
    str id = call_id_of(work, wire);
    struct event *event = add(work, EVENT_TOOL_CALL);
    event->tool.index = work->answer->tool_count;
    event->tool.id = id;
    event->tool.name = hints_tool_name(&work->decoder->hints, name);
    keep_call_id(work, hash_of(id));
    item->number = work->answer->tool_count++;
    item->is_open = true;
}

static void take_arguments(struct responses_work *work, struct responses_state *item, json *wire)
{
    json *arguments = json_get(wire, "arguments");
    str text = json_is(arguments, JSON_OBJECT) ? json_to_text(work->scratch, arguments)
                                               : json_as_str(arguments);

    if (item->is_open && !str_eq(text, STR("null"))) {
        take_whole(work, item, SPEECH_ARGUMENTS, 0, wire, text);
    }
}

/* A custom tool takes plain text.  For a chat it is a function with one argument of that name. */
static void take_input(struct responses_work *work, struct responses_state *item, json *wire)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    if (!item->is_open || item->has_spoken || !json_is(json_get(wire, "input"), JSON_STR)) {
        return;
    }
    buf_init(&text, SIZE_MAX / 2); /* bounded by the event it comes from */
    json_open_object(&writer, NULL);
    json_put_str(&writer, "input", json_str(wire, "input"));
    json_close_object(&writer);
    if (json_write_end(&writer) == ERR_OK) {
        say(work, item, SPEECH_ARGUMENTS, wire, arena_copy(work->scratch, buf_str(&text)));
    }
    buf_free(&text);
}

/* ---- Images ---- */

static void take_image(struct responses_work *work, struct responses_state *item, json *wire)
{
    json *image = item->has_extra ? NULL : responses_image(work, wire);

    if (image != NULL) {
        add(work, EVENT_IMAGE)->raw = image;
        item->has_extra = true;
    }
}

/* ---- Items ---- */

/* The kind of an item of an answer. */
static enum responses_item kind_of(json *wire)
{
    enum responses_item kind = responses_item_by_name(json_str(wire, "type"));
    str role = json_str(wire, "role");

    if (kind == ITEM_MESSAGE && role.len > 0 && !str_eq(role, STR("assistant"))) {
        return ITEM_OTHER; /* a compacted conversation repeats the user's */
    }
    return kind;
}

/* `phase` tells comments from the answer; models want it back with their turns. */
static void take_phase(struct responses_work *work, json *wire)
{
    json *phase = json_get(wire, "phase");

    if (json_as_str(phase).len == 0) {
        return;
    }
    responses_start(work, NULL);
    struct event *event = event_list_add(work->out, work->scratch, EVENT_EXTRA);
    event->extra.place = EXTRA_MESSAGE;
    event->extra.name = STR("phase");
    event->extra.value = phase;
}

/* Adds the item, and tells of it what is known from the beginning. */
static struct responses_state *begin_item(struct responses_work *work, enum responses_item kind,
                                          int64_t index, json *wire)
{
    struct responses_state *item = add_item(work, kind, index, json_str(wire, "id"));

    if (item != NULL && kind == ITEM_MESSAGE) {
        take_phase(work, wire);
    } else if (item != NULL && is_call(kind)) {
        open_call(work, item, wire);
    }
    return item;
}

/* The item as it is at its end. */
static void complete_item(struct responses_work *work, struct responses_state *item, json *wire)
{
    switch (item->kind) {
    case ITEM_MESSAGE:
        take_message(work, item, wire);
        break;
    case ITEM_REASONING:
        take_reasoning(work, item, wire);
        break;
    case ITEM_FUNCTION_CALL:
        open_call(work, item, wire);
        take_arguments(work, item, wire);
        break;
    case ITEM_CUSTOM_CALL:
        open_call(work, item, wire);
        take_input(work, item, wire);
        break;
    case ITEM_IMAGE:
        take_image(work, item, wire);
        break;
    case ITEM_FUNCTION_OUTPUT:
    case ITEM_CUSTOM_OUTPUT:
    case ITEM_WEB_SEARCH:
    case ITEM_OTHER:
        break;
    }
    item->owes = false;
}

/* ---- Events ---- */

/* The item that an event is about; one that was never announced begins now. */
static struct responses_state *item_for(struct responses_work *work, enum responses_item kind,
                                        json *event)
{
    str id = json_str(event, "item_id");
    struct responses_state *item = find_item(work->answer, kind, index_in(event), id);

    return item != NULL ? item : add_item(work, kind, index_in(event), id);
}

static enum err on_item(struct responses_work *work, json *root, bool is_end)
{
    json *wire = json_get(root, "item");
    enum responses_item kind = kind_of(wire);
    int64_t index = index_in(root);
    struct responses_state *item =
        is_end ? find_item(work->answer, kind, index, json_str(wire, "id")) : NULL;

    item = item != NULL ? item : begin_item(work, kind, index, wire);
    if (item == NULL) {
        return too_many(work);
    }
    if (is_end) {
        complete_item(work, item, wire);
    }
    return ERR_OK;
}

static enum err on_text(struct responses_work *work, enum responses_event type, json *root)
{
    struct responses_state *item = item_for(work, ITEM_MESSAGE, root);
    int64_t index = json_int(root, "content_index");

    if (item == NULL) {
        return too_many(work);
    }
    if (type == RESPONSES_TEXT_DELTA) {
        take_text_piece(work, item, index, root);
    } else if (type == RESPONSES_TEXT_DONE) {
        take_text_part(work, item, index, root);
    } else if (type == RESPONSES_REFUSAL_DELTA) {
        take_piece(work, item, SPEECH_REFUSAL, index, root);
    } else if (type == RESPONSES_REFUSAL_DONE) {
        take_whole(work, item, SPEECH_REFUSAL, index, root, json_str(root, "refusal"));
    } else {
        take_annotation(work, item, json_get(root, "annotation"));
    }
    return ERR_OK;
}

static enum err on_reasoning(struct responses_work *work, enum responses_event type, json *root)
{
    struct responses_state *item = item_for(work, ITEM_REASONING, root);
    int64_t content = json_int(root, "content_index");
    int64_t summary = json_int(root, "summary_index");

    if (item == NULL) {
        return too_many(work);
    }
    if (type == RESPONSES_SUMMARY_DELTA) {
        take_piece(work, item, SPEECH_SUMMARY, summary, root);
    } else if (type == RESPONSES_SUMMARY_DONE) {
        take_whole(work, item, SPEECH_SUMMARY, summary, root, json_str(root, "text"));
    } else if (type == RESPONSES_REASONING_DELTA) {
        take_piece(work, item, SPEECH_REASONING, content, root);
    } else {
        take_whole(work, item, SPEECH_REASONING, content, root, json_str(root, "text"));
    }
    return ERR_OK;
}

/* The end of a part of a message tells it whole; reasoning has events of its own for that. */
static enum err on_part_done(struct responses_work *work, json *root)
{
    json *part = json_get(root, "part");
    struct responses_state *item =
        find_item(work->answer, ITEM_MESSAGE, index_in(root), json_str(root, "item_id"));

    if (item != NULL) {
        take_message_part(work, item, json_int(root, "content_index"), part);
    }
    return ERR_OK;
}

/* Arguments of a call whose name is not known yet come again at its end. */
static enum err on_arguments(struct responses_work *work, enum responses_event type, json *root)
{
    enum responses_item kind = type == RESPONSES_INPUT_DONE ? ITEM_CUSTOM_CALL : ITEM_FUNCTION_CALL;
    struct responses_state *item =
        find_item(work->answer, kind, index_in(root), json_str(root, "item_id"));

    if (item == NULL) {
        return ERR_OK;
    }
    if (type == RESPONSES_ARGUMENTS_DELTA) {
        take_piece(work, item, SPEECH_ARGUMENTS, 0, root);
    } else if (type == RESPONSES_ARGUMENTS_DONE) {
        take_arguments(work, item, root);
    } else {
        take_input(work, item, root);
    }
    return ERR_OK;
}

enum err responses_take_event(struct responses_work *work, enum responses_event type, json *root)
{
    switch (type) {
    case RESPONSES_TEXT_DELTA:
    case RESPONSES_TEXT_DONE:
    case RESPONSES_REFUSAL_DELTA:
    case RESPONSES_REFUSAL_DONE:
    case RESPONSES_ANNOTATION_ADDED:
        return on_text(work, type, root);
    case RESPONSES_SUMMARY_DELTA:
    case RESPONSES_SUMMARY_DONE:
    case RESPONSES_REASONING_DELTA:
    case RESPONSES_REASONING_DONE:
        return on_reasoning(work, type, root);
    case RESPONSES_ARGUMENTS_DELTA:
    case RESPONSES_ARGUMENTS_DONE:
    case RESPONSES_INPUT_DONE:
        return on_arguments(work, type, root);
    case RESPONSES_ITEM_ADDED:
    case RESPONSES_ITEM_DONE:
        return on_item(work, root, type == RESPONSES_ITEM_DONE);
    case RESPONSES_PART_DONE:
        return on_part_done(work, root);
    case RESPONSES_PART_ADDED:
    case RESPONSES_INPUT_DELTA: /* comes again whole */
    case RESPONSES_SUMMARY_PART_ADDED:
    case RESPONSES_SUMMARY_PART_DONE:
    case RESPONSES_CREATED:
    case RESPONSES_QUEUED:
    case RESPONSES_IN_PROGRESS:
    case RESPONSES_COMPLETED:
    case RESPONSES_INCOMPLETE:
    case RESPONSES_FAILED:
    case RESPONSES_CANCELLED:
    case RESPONSES_ERROR:
    case RESPONSES_OTHER:
        break;
    }
    return ERR_OK;
}

/* ---- The whole answer ---- */

/* How sure it is that an item of the stream is an element of `output`. */
enum likeness {
    SAME_PLACE,
    SAME_ID,
    SAME_KIND,
};

/* The oldest item that nothing claimed yet and that is like the element; item_count for none. */
static size_t find_like(const struct responses_answer *answer, enum likeness likeness,
                        int64_t index, json *wire)
{
    enum responses_item kind = kind_of(wire);
    uint64_t id = likeness == SAME_ID ? hash_of(json_str(wire, "id")) : 0;
    size_t i = 0;

    for (; i < answer->item_count; i++) {
        const struct responses_state *item = &answer->items[i];
        if (item->is_claimed || item->kind != kind) {
            continue;
        }
        if (likeness == SAME_KIND || (likeness == SAME_PLACE && item->output_index == index) ||
            (likeness == SAME_ID && id != 0 && item->id == id)) {
            break;
        }
    }
    return i;
}

/* For each element of `output` the number of its item in the stream, item_count for none. */
static size_t *claim_items(struct responses_work *work, json *output)
{
    struct responses_answer *answer = work->answer;
    size_t count = json_count(output);
    size_t *claims = ARENA_ARRAY(work->scratch, size_t, count + 1);

    for (size_t i = 0; i < count; i++) {
        claims[i] = answer->item_count;
    }
    for (enum likeness likeness = SAME_PLACE; likeness <= SAME_KIND; likeness++) {
        struct json_walk walk = json_walk(output);
        for (size_t i = 0; answer->item_count > 0 && json_next(&walk); i++) {
            if (claims[i] < answer->item_count) {
                continue;
            }
            claims[i] = find_like(answer, likeness, (int64_t)i, walk.value);
            if (claims[i] < answer->item_count) {
                answer->items[claims[i]].is_claimed = true;
            }
        }
    }
    return claims;
}

static enum err close_items(struct responses_work *work)
{
    struct responses_answer *answer = work->answer;

    for (size_t i = 0; i < answer->item_count; i++) {
        struct responses_state *item = &answer->items[i];
        if (item->owes) {
            return decoding_broken(work->fault, ERR_PEER,
                                   STR("the answer of the provider has a gap"));
        }
        if (item->is_open && !item->has_spoken) {
            say(work, item, SPEECH_ARGUMENTS, NULL, STR("{}"));
        }
    }
    return ERR_OK;
}

/* Says what the stream did not say of the elements of `output`. */
static enum err complete_items(struct responses_work *work, json *output)
{
    size_t streamed = work->answer->item_count;
    size_t *claims = claim_items(work, output);
    struct json_walk walk = json_walk(output);

    for (size_t i = 0; json_next(&walk); i++) {
        struct responses_state *item =
            claims[i] < streamed ? &work->answer->items[claims[i]]
                                 : begin_item(work, kind_of(walk.value), (int64_t)i, walk.value);
        if (item == NULL) {
            return too_many(work);
        }
        complete_item(work, item, walk.value);
    }
    return ERR_OK;
}

enum err responses_take_output(struct responses_work *work, json *output)
{
    if (json_is(output, JSON_ARRAY) && json_count(output) > RESPONSES_ITEMS_MAX) {
        return too_many(work);
    }
    enum err err = json_is(output, JSON_ARRAY) ? complete_items(work, output) : ERR_OK;
    return err == ERR_OK ? close_items(work) : err;
}
