/*
 * Answers of the Cohere v2 chat API as events.
 *
 * A stream opens, grows and closes contents, calls and citations, each with an index that counts
 * its own kind on the wire; calls are counted here.  A whole answer says the same at once.  What
 * the model writes before it calls tools (`tool_plan`) is reasoning: it is said about the calls,
 * not to the user.
 */
#include "codec/sse.h"
#include "wire/cohere.h"
#include "wire/decoding.h"
#include "wire/refusal.h"

enum { CONTENTS_MAX = 64 /* whose place in the text is known, for citations */ };

/* The only arguments that are not JSON objects: a call without arguments says `null`. */
#define NO_ARGUMENTS "null"

/* The state of one answer. */
struct reply {
    struct sse_decoder sse;
    struct buf body; /* FRAMING_WHOLE: all of it, parsed at the end */
    bool started;
    bool ended; /* no more bytes will come */
    bool done;  /* the answer is complete */
    bool said_anything;

    bool call_is_open;
    bool has_arguments; /* the open call's arguments have begun */
    size_t null_len;    /* how much of NO_ARGUMENTS they are so far, held back */
    int64_t tool_count;

    struct repetition repetition;

    bool reasons;                /* the last reasoning given is one that may go on */
    bool reasons_plan;           /* and it is a plan */
    int64_t reasoning_count;     /* blocks */
    int64_t text_chars;          /* of the answer's text so far */
    int64_t chars[CONTENTS_MAX]; /* of the answer's text before each content */
};

/* One call of decode(): what it works on. */
struct work {
    struct decoder *decoder;
    struct reply *reply;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
};

static struct event *add(struct work *work, enum event_kind kind)
{
    return event_list_add(work->out, work->scratch, kind);
}

/* ---- Text and reasoning ---- */

static void say(struct work *work, str text)
{
    if (text.len == 0) {
        return;
    }
    work->reply->text_chars += decoding_characters(text);
    work->reply->said_anything = true;
    work->reply->reasons = false;
    add(work, EVENT_TEXT)->text = text;
}

/* What was taken for a repetition of the text to go on from, and is none. */
static void say_held(struct work *work)
{
    say(work, repetition_end(&work->reply->repetition, work->decoder->hints.prefill));
}

static void give_text(struct work *work, str text)
{
    str held = STR_NONE;
    str rest = repetition_skip(&work->reply->repetition, work->decoder->hints.prefill, text, &held);

    say(work, held);
    say(work, rest);
}

/* Pieces of the same kind go on with one block until something else is said. */
static void give_reasoning(struct work *work, bool is_plan, str text)
{
    struct reply *reply = work->reply;

    if (text.len == 0) {
        return;
    }
    if (!reply->reasons || reply->reasons_plan != is_plan) {
        reply->reasons = true;
        reply->reasons_plan = is_plan;
        reply->reasoning_count++;
    }
    reply->said_anything = true;
    add(work, EVENT_REASONING)->reasoning = (struct reasoning){
        .kind = REASONING_TEXT,
        .index = reply->reasoning_count - 1,
        .text = text,
        .format = is_plan ? STR(COHERE_PLAN_FORMAT) : STR(COHERE_THINKING_FORMAT),
    };
}

/* Where in the answer's text the content begins. */
static void open_content(struct work *work, int64_t index)
{
    if (index >= 0 && index < CONTENTS_MAX) {
        work->reply->chars[index] = work->reply->text_chars;
    }
}

static void give_content(struct work *work, json *content)
{
    give_reasoning(work, false, json_str(content, "thinking"));
    give_text(work, json_str(content, "text"));
}

/* ---- Tool calls ---- */

static void give_piece(struct work *work, str piece)
{
    struct event *event = add(work, EVENT_TOOL_ARGS);

    event->tool_args.index = work->reply->tool_count - 1;
    event->tool_args.json = piece;
}

/* More of the open call's arguments.  Blanks before them say nothing; what may become `null` is
 * held until it is known to be something else. */
static void give_arguments(struct work *work, str piece)
{
    struct reply *reply = work->reply;
    str null = STR(NO_ARGUMENTS);

    if (!reply->has_arguments) {
        while (reply->null_len == 0 && piece.len > 0 && (unsigned char)piece.at[0] <= ' ') {
            piece = str_skip(piece, 1);
        }
        if (str_has_prefix(str_skip(null, reply->null_len), piece)) {
            reply->null_len += piece.len;
            return;
        }
        reply->has_arguments = true;
        if (reply->null_len > 0) {
            give_piece(work, str_take(null, reply->null_len));
        }
    }
    if (piece.len > 0) {
        give_piece(work, piece);
    }
}

static void close_call(struct work *work)
{
    if (work->reply->call_is_open && !work->reply->has_arguments) {
        give_piece(work, STR("{}"));
    }
    work->reply->call_is_open = false;
}

static void open_call(struct work *work, json *call)
{
    struct reply *reply = work->reply;
    json *function = json_get(call, "function");
    json *arguments = json_get(function, "arguments");

    close_call(work);
    say_held(work);
    reply->call_is_open = true;
    reply->has_arguments = false;
    reply->null_len = 0;
    reply->reasons = false;
    reply->said_anything = true;
    struct event *event = add(work, EVENT_TOOL_CALL);
    event->tool.index = reply->tool_count++;
    event->tool.id =
        decoding_call_id(work->decoder, work->scratch, json_str(call, "id"), event->tool.index);
    event->tool.name = hints_tool_name(&work->decoder->hints, json_str(function, "name"));
    give_arguments(work, json_as_str(arguments));
}

/* ---- Citations ---- */

/* What a source says about itself: under `document`, or what a tool gave back. */
static str source_word(json *source, const char *name)
{
    str word = json_str(json_get(source, "document"), name);

    return word.len > 0 ? word : json_str(json_get(source, "tool_output"), name);
}

static enum err give_source(struct work *work, json *cited, json *source, int64_t from)
{
    str title = source_word(source, "title");
    const struct citation citation = {
        .url = source_word(source, "url"),
        .title = title.len > 0 ? title : json_str(source, "id"),
        .content = json_str(cited, "text"),
        .has_content = true,
        .from = from + json_int(cited, "start"),
        .to = from + json_int(cited, "end"),
    };
    json *annotation = decoding_citation(&citation, work->decoder->bytes_max, work->scratch);

    if (annotation == NULL) {
        return decoding_too_big(work->fault);
    }
    add(work, EVENT_ANNOTATION)->raw = annotation;
    return ERR_OK;
}

/* One annotation for each source.  What is cited in a plan or in thinking is not in the text. */
static enum err give_citation(struct work *work, json *citation)
{
    str type = json_str(citation, "type");
    int64_t index = json_int(citation, "content_index");
    struct json_walk walk = json_walk(json_get(citation, "sources"));
    int64_t from = index > 0 && index < CONTENTS_MAX ? work->reply->chars[index] : 0;
    enum err err = ERR_OK;

    if (!json_is(citation, JSON_OBJECT) || (type.len > 0 && !str_eq(type, STR("TEXT_CONTENT")))) {
        return ERR_OK;
    }
    while (err == ERR_OK && json_next(&walk)) {
        err = give_source(work, citation, walk.value, from);
    }
    return err;
}

/* ---- The end ---- */

/* What was processed, not what is billed: `billed_units` leaves the prompt's frame out, and stands
 * in only where there is nothing else. */
static void give_usage(struct work *work, json *wire)
{
    json *tokens = json_get(wire, "tokens");

    tokens = json_is(tokens, JSON_OBJECT) ? tokens : json_get(wire, "billed_units");
    if (json_count(tokens) == 0) {
        return;
    }
    struct usage *usage = &add(work, EVENT_USAGE)->usage;
    usage->prompt = decoding_count(tokens, "input_tokens");
    usage->completion = decoding_count(tokens, "output_tokens");
    usage->total = usage->prompt + usage->completion;
    usage->prompt_cached = decoding_part(decoding_count(wire, "cached_tokens"), usage->prompt);
    usage->prompt_image = decoding_part(decoding_count(tokens, "image_tokens"), usage->prompt);
    usage->completion_reasoning =
        decoding_part(decoding_count(tokens, "reasoning_tokens"), usage->completion);
}

static enum finish_reason finish_of(const struct reply *reply, str native)
{
    static const struct finish_word words[] = {
        {STR_INIT("COMPLETE"), FINISH_STOP},      {STR_INIT("STOP_SEQUENCE"), FINISH_STOP},
        {STR_INIT("TOOL_CALL"), FINISH_STOP},     {STR_INIT("MAX_TOKENS"), FINISH_LENGTH},
        {STR_INIT("ERROR_LIMIT"), FINISH_LENGTH}, {STR_INIT("ERROR_TOXIC"), FINISH_CONTENT_FILTER},
        {STR_INIT("ERROR"), FINISH_ERROR},        {STR_INIT("TIMEOUT"), FINISH_ERROR},
    };

    return decoding_finish(words, COUNT_OF(words), native, reply->said_anything,
                           reply->tool_count > 0);
}

/* `wire` holds finish_reason, usage and perhaps an error.  An answer that failed before it said
 * anything is a failure; one that failed later ends with that word, and why stands beside it. */
static enum err end_answer(struct work *work, json *wire)
{
    str native = json_str(wire, "finish_reason");
    json *error = json_get(wire, "error");

    close_call(work);
    say_held(work);
    enum finish_reason finish = finish_of(work->reply, native);
    if (finish == FINISH_ERROR && !work->reply->said_anything) {
        return refusal_is_error(wire)
                   ? decoding_refused(work->decoder->arena, 0, wire, work->fault)
                   : decoding_broken(work->fault, ERR_PEER,
                                     STR("the provider failed before it said anything"));
    }
    give_usage(work, json_get(wire, "usage"));
    if (!json_is_none(error)) {
        struct event *extra = add(work, EVENT_EXTRA);
        extra->extra.place = EXTRA_CHOICE;
        extra->extra.name = STR("native_error");
        extra->extra.value = error;
    }
    struct event *event = add(work, EVENT_FINISH);
    event->finish.reason = finish;
    event->finish.native = native.len > 0 ? native : STR_NONE;
    work->reply->done = true;
    return ERR_OK;
}

/* ---- A stream ---- */

static void start_answer(struct work *work, json *root)
{
    if (work->reply->started) {
        return;
    }
    add(work, EVENT_START)->start.id = json_str(root, "id");
    work->reply->started = true;
}

static json *message_of(json *root)
{
    return json_get(json_get(root, "delta"), "message");
}

static enum err on_message_start(struct work *work, json *root)
{
    start_answer(work, root);
    return ERR_OK;
}

static enum err on_content_start(struct work *work, json *root)
{
    open_content(work, json_int(root, "index"));
    work->reply->reasons = false;
    give_content(work, json_get(message_of(root), "content"));
    return ERR_OK;
}

static enum err on_content_delta(struct work *work, json *root)
{
    give_content(work, json_get(message_of(root), "content"));
    return ERR_OK;
}

static enum err on_tool_plan(struct work *work, json *root)
{
    give_reasoning(work, true, json_str(message_of(root), "tool_plan"));
    return ERR_OK;
}

static enum err on_call_start(struct work *work, json *root)
{
    open_call(work, json_get(message_of(root), "tool_calls"));
    return ERR_OK;
}

static enum err on_call_delta(struct work *work, json *root)
{
    json *call = json_get(message_of(root), "tool_calls");

    if (!work->reply->call_is_open) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider went on with a call that is not open"));
    }
    give_arguments(work, json_str(json_get(call, "function"), "arguments"));
    return ERR_OK;
}

static enum err on_call_end(struct work *work, json *root)
{
    (void)root;
    close_call(work);
    return ERR_OK;
}

static enum err on_citation(struct work *work, json *root)
{
    return give_citation(work, json_get(message_of(root), "citations"));
}

static enum err on_message_end(struct work *work, json *root)
{
    return end_answer(work, json_get(root, "delta"));
}

/* The most frequent first.  Ends of contents and citations, and events not known yet, say nothing
 * that is needed. */
static const struct {
    str type;
    enum err (*take)(struct work *work, json *root);
} handlers[] = {
    {STR_INIT("content-delta"), on_content_delta}, {STR_INIT("tool-call-delta"), on_call_delta},
    {STR_INIT("tool-plan-delta"), on_tool_plan},   {STR_INIT("citation-start"), on_citation},
    {STR_INIT("content-start"), on_content_start}, {STR_INIT("tool-call-start"), on_call_start},
    {STR_INIT("tool-call-end"), on_call_end},      {STR_INIT("message-start"), on_message_start},
    {STR_INIT("message-end"), on_message_end},
};

/* {"id": .., "message": "words"} is this API's own form of an error. */
static bool is_error(json *root)
{
    bool has_type = json_str(root, "type").len > 0;

    return refusal_is_error(root) || (!has_type && json_str(root, "message").len > 0);
}

static enum err take_event(struct work *work, str data)
{
    json *root = json_read_lenient(work->scratch, data);
    str type = json_str(root, "type");

    if (root == NULL) {
        return work->reply->ended
                   ? decoding_cut(work->fault)
                   : decoding_broken(work->fault, ERR_PEER,
                                     STR("the provider sent an event that is not JSON"));
    }
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        if (!str_eq(type, handlers[i].type)) {
            continue;
        }
        if (!work->reply->started && handlers[i].take != on_message_start) {
            return decoding_broken(work->fault, ERR_PEER,
                                   STR("the answer of the provider does not begin at its start"));
        }
        return handlers[i].take(work, root);
    }
    return is_error(root) ? decoding_refused(work->decoder->arena, 0, root, work->fault) : ERR_OK;
}

static enum err take_stream(struct work *work, str bytes)
{
    struct reply *reply = work->reply;
    struct sse_event event;
    enum err err = ERR_OK;

    while (err == ERR_OK && decoding_next(&reply->sse, &bytes, &event, &err, work->fault)) {
        if (str_eq(str_trim(event.data), STR("[DONE]"))) {
            work->decoder->is_complete = true; /* it stands behind message-end */
        } else if (!reply->done) {
            err = take_event(work, event.data);
        }
    }
    return reply->done ? ERR_OK : err; /* what follows the end may be anything */
}

/* ---- A whole answer ---- */

static void take_contents(struct work *work, json *contents)
{
    struct json_walk walk = json_walk(contents);

    give_text(work, json_as_str(contents));
    for (int64_t i = 0; json_is(contents, JSON_ARRAY) && json_next(&walk); i++) {
        open_content(work, i);
        work->reply->reasons = false;
        give_content(work, walk.value);
    }
}

static enum err take_message(struct work *work, json *message)
{
    struct json_walk calls = json_walk(json_get(message, "tool_calls"));
    struct json_walk citations = json_walk(json_get(message, "citations"));

    take_contents(work, json_get(message, "content"));
    give_reasoning(work, true, json_str(message, "tool_plan"));
    while (json_next(&calls)) {
        open_call(work, calls.value);
        close_call(work);
    }
    while (json_next(&citations)) {
        enum err err = give_citation(work, citations.value);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err take_whole(struct work *work)
{
    json *root = json_read_lenient(work->scratch, buf_str(&work->reply->body));
    json *message = json_get(root, "message");

    if (!json_is(message, JSON_OBJECT)) {
        return is_error(root) ? decoding_refused(work->decoder->arena, 0, root, work->fault)
                              : decoding_broken(work->fault, ERR_PEER,
                                                STR("the answer of the provider is not a message"));
    }
    start_answer(work, root);
    enum err err = take_message(work, message);
    return err == ERR_OK ? end_answer(work, root) : err;
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct reply *reply = ARENA_NEW(decoder->arena, struct reply);

    sse_init(&reply->sse, decoder->bytes_max);
    buf_init(&reply->body, decoder->bytes_max);
    decoder->state = reply;
}

static void end(struct decoder *decoder)
{
    struct reply *reply = decoder->state;

    sse_free(&reply->sse);
    buf_free(&reply->body);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct reply *reply = decoder->state;
    struct work work = {decoder, reply, scratch, out, fault};

    if (decoder->framing != FRAMING_WHOLE) {
        return take_stream(&work, bytes);
    }
    return decoding_keep(&reply->body, bytes, fault);
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct reply *reply = decoder->state;
    struct work work = {decoder, reply, scratch, out, fault};

    if (decoder->framing == FRAMING_WHOLE && reply->body.len > 0) {
        return take_whole(&work);
    }
    if (decoder->framing != FRAMING_WHOLE && !reply->done) {
        reply->ended = true;
        enum err err = take_stream(&work, STR("\n\n")); /* a last event may lack its empty line */
        if (err != ERR_OK) {
            return err;
        }
    }
    return reply->done ? ERR_OK : decoding_cut(fault);
}

const struct dialect cohere_dialect = {
    .name = "cohere",
    .encode_request = cohere_encode_request,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
