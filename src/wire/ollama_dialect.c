/*
 * Answers of Ollama's native chat API as events.
 *
 * A stream is one object a line, each with the next piece of the message; the last one says `done`.
 * A whole answer is one such object that says all of it.  Thinking comes before text, text before
 * tool calls; a call is always whole.
 */
#include "codec/json_text.h"
#include "codec/json_write.h"
#include "codec/ndjson.h"
#include "wire/decoding.h"
#include "wire/ollama.h"
#include "wire/refusal.h"

/* The state of one answer. */
struct reply {
    struct ndjson lines;
    struct buf body; /* FRAMING_WHOLE: all of it, parsed at the end */
    bool started;
    bool ended; /* no more bytes will come */
    bool done;  /* the answer is complete */
    bool said_anything;
    int64_t tool_count;
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

/* ---- What a message says ---- */

static void start_answer(struct work *work, json *root)
{
    if (work->reply->started) {
        return;
    }
    struct event *event = add(work, EVENT_START);
    event->start.id = work->decoder->id_seed; /* this API gives none */
    event->start.model = json_str(root, "model");
    work->reply->started = true;
}

static void give_text(struct work *work, json *message)
{
    str thinking = json_str(message, "thinking");
    str text = json_str(message, "content");

    if (thinking.len > 0) {
        work->reply->said_anything = true;
        add(work, EVENT_REASONING)->reasoning.text = thinking;
    }
    if (text.len > 0) {
        work->reply->said_anything = true;
        add(work, EVENT_TEXT)->text = text;
    }
}

/* The arguments as JSON text.  `raw` is the call as it was written: an object's numbers stay what
 * they are.  Some servers that imitate this API send a text instead of an object. */
static str arguments_of(struct work *work, json *function, str raw)
{
    json *arguments = json_get(function, "arguments");
    str text = str_trim(json_as_str(arguments));

    if (json_is(arguments, JSON_OBJECT)) {
        raw = json_text_find(json_text_find(raw, STR("function")), STR("arguments"));
        text = arena_copy(work->scratch, raw);
    }
    return text.len > 0 && !str_eq(text, STR("null")) ? text : STR("{}");
}

static void give_call(struct work *work, json *call, str raw)
{
    json *function = json_get(call, "function");
    int64_t index = work->reply->tool_count++;

    work->reply->said_anything = true;
    struct event *event = add(work, EVENT_TOOL_CALL);
    event->tool.index = index;
    event->tool.id = decoding_call_id(work->decoder, work->scratch, json_str(call, "id"), index);
    event->tool.name = hints_tool_name(&work->decoder->hints, json_str(function, "name"));
    event = add(work, EVENT_TOOL_ARGS);
    event->tool_args.index = index;
    event->tool_args.json = arguments_of(work, function, raw);
}

/* `text` is what the whole object was read from. */
static void give_calls(struct work *work, json *message, str text)
{
    json *calls = json_get(message, "tool_calls");
    struct json_walk walk = json_walk(calls);

    if (!json_is(calls, JSON_ARRAY)) {
        return;
    }
    struct json_text_walk raw =
        json_text_walk(json_text_find(json_text_find(text, STR("message")), STR("tool_calls")));
    while (json_next(&walk)) {
        bool has_text = json_text_next(&raw);
        if (json_is(walk.value, JSON_OBJECT)) {
            give_call(work, walk.value, has_text ? raw.value : STR_NONE);
        }
    }
}

/* A list in the form of OpenAI's `logprobs.content`. */
static enum err give_logprobs(struct work *work, json *list)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    if (!json_is(list, JSON_ARRAY) || json_count(list) == 0) {
        return ERR_OK;
    }
    buf_init(&text, work->decoder->bytes_max);
    json_open_object(&writer, NULL);
    json_put_value(&writer, "content", list);
    json_close_object(&writer);
    json *logprobs = decoding_written(&writer, work->scratch);
    if (logprobs == NULL) {
        return decoding_too_big(work->fault);
    }
    add(work, EVENT_LOGPROBS)->raw = logprobs;
    return ERR_OK;
}

/* ---- The end ---- */

/* The prompt's count is left out when all of it was in the server's cache. */
static void give_usage(struct work *work, json *root)
{
    if (json_is_none(json_get(root, "prompt_eval_count")) &&
        json_is_none(json_get(root, "eval_count"))) {
        return;
    }
    struct usage *usage = &add(work, EVENT_USAGE)->usage;
    usage->prompt = decoding_count(root, "prompt_eval_count");
    usage->completion = decoding_count(root, "eval_count");
    usage->total = usage->prompt + usage->completion;
}

/* Calls are told by their presence only.  "load" and "unload" say that nothing was generated; they
 * and words not known yet are a normal end when there is something to show. */
static enum finish_reason finish_of(const struct reply *reply, str native)
{
    enum finish_reason finish = reply->said_anything ? FINISH_STOP : FINISH_ERROR;

    if (str_eq(native, STR("length"))) {
        return FINISH_LENGTH;
    }
    if (str_eq(native, STR("stop"))) {
        finish = FINISH_STOP;
    }
    return finish == FINISH_STOP && reply->tool_count > 0 ? FINISH_TOOL_CALLS : finish;
}

static void end_answer(struct work *work, json *root)
{
    str native = json_str(root, "done_reason");

    give_usage(work, root);
    struct event *finish = add(work, EVENT_FINISH);
    finish->finish.reason = finish_of(work->reply, native);
    finish->finish.native = native.len > 0 ? native : STR_NONE;
    work->reply->done = true;
    work->decoder->is_complete = true;
}

/* ---- Framings ---- */

/* One object of the answer; `text` is what it was read from. */
static enum err take_object(struct work *work, json *root, str text)
{
    json *message = json_get(root, "message");

    if (refusal_is_error(root)) {
        return decoding_refused(work->decoder->arena, 0, root, work->fault);
    }
    if (!json_is(message, JSON_OBJECT) && !json_bool(root, "done")) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the answer of the provider is not a message"));
    }
    start_answer(work, root);
    give_text(work, message);
    give_calls(work, message, text);
    enum err err = give_logprobs(work, json_get(root, "logprobs"));
    if (err == ERR_OK && json_bool(root, "done")) {
        end_answer(work, root);
    }
    return err;
}

static enum err take_line(struct work *work, str line)
{
    if (work->decoder->framing == FRAMING_SSE) { /* a proxy made events of the lines */
        line = str_has_prefix(line, STR("data:")) ? str_trim(str_skip(line, 5)) : STR_NONE;
    }
    if (line.len == 0 || str_eq(line, STR("[DONE]"))) {
        return ERR_OK;
    }
    json *root = json_read_lenient(work->scratch, line);
    if (root == NULL) {
        return work->reply->ended
                   ? decoding_cut(work->fault)
                   : decoding_broken(work->fault, ERR_PEER,
                                     STR("the provider sent a line that is not JSON"));
    }
    return take_object(work, root, line);
}

static enum err take_stream(struct work *work, str bytes)
{
    str line = STR_NONE;

    while (!work->reply->done) {
        switch (ndjson_next(&work->reply->lines, &bytes, &line)) {
        case NDJSON_MORE:
            return ERR_OK;
        case NDJSON_LONG:
            return decoding_too_big(work->fault);
        case NDJSON_LINE:
            break;
        }
        enum err err = take_line(work, line);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK; /* nothing follows the last line */
}

/* One object; or lines all the same, when a proxy lost the Content-Type of a stream. */
static enum err take_whole(struct work *work)
{
    str body = str_trim(buf_str(&work->reply->body));
    json *root = json_read_lenient(work->scratch, body);

    if (root != NULL) {
        return take_object(work, root, body);
    }
    while (body.len > 0 && !work->reply->done) {
        enum err err = take_line(work, str_trim(str_split(&body, '\n')));
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct reply *reply = ARENA_NEW(decoder->arena, struct reply);

    ndjson_init(&reply->lines, decoder->bytes_max);
    buf_init(&reply->body, decoder->bytes_max);
    decoder->state = reply;
}

static void end(struct decoder *decoder)
{
    struct reply *reply = decoder->state;

    ndjson_free(&reply->lines);
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
    enum err err = ERR_OK;
    str line = STR_NONE;

    reply->ended = true;
    if (decoder->framing == FRAMING_WHOLE) {
        err = take_whole(&work);
    } else if (!reply->done && ndjson_end(&reply->lines, &line)) {
        err = take_line(&work, line);
    }
    if (err != ERR_OK) {
        return err;
    }
    return reply->done ? ERR_OK : decoding_cut(fault);
}

const struct dialect ollama_dialect = {
    .name = "ollama",
    .encode_request = ollama_encode_request,
    .needs_bytes = ollama_needs_bytes,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
