/*
 * /v1/chat/completions as a server.  Requests are in openai_chat_request.c, whole answers in
 * openai_chat_answer.c; here is the stream.
 *
 * Every chunk begins with the same members, which are written once into `head`.  The first chunk
 * of a choice, with its role, goes out with the first thing that the choice says, so that what the
 * provider told about itself (fingerprint, tier) is in the head by then.
 */
#include "wire/openai_chat.h"
#include "wire/surface.h"

enum { TOOLS_TRACKED_MAX = 4096 };

struct stream_choice {
    bool has_begun;
    bool is_finished;
    bool *tool_has_args; /* by index of the call, in the encoder's arena */
    size_t tool_count;
    size_t tool_room;
};

struct stream {
    str head;        /* `"id":"gen-1",...,"choices":[`; empty until the first chunk */
    str fingerprint; /* in the arena, as is tier */
    str tier;        /* empty: not given */
    struct stream_choice first;
    struct stream_choice *others; /* from 1 to CHAT_CHOICES_MAX; NULL until one of them speaks */
    struct usage usage;
    struct cost cost;
    bool has_usage;
};

static void encoder_start(struct encoder *encoder)
{
    struct stream *stream = ARENA_NEW(encoder->arena, struct stream);

    stream->fingerprint = STR(OPENAI_FINGERPRINT);
    encoder->state = stream;
}

static struct stream_choice *choice_at(struct encoder *encoder, int index)
{
    struct stream *stream = encoder->state;

    assert(index >= 0 && index < CHAT_CHOICES_MAX);
    if (index == 0) {
        return &stream->first;
    }
    if (stream->others == NULL) {
        stream->others = ARENA_ARRAY(encoder->arena, struct stream_choice, CHAT_CHOICES_MAX - 1);
    }
    return &stream->others[index - 1];
}

static str make_head(struct encoder *encoder)
{
    const struct identity *identity = &encoder->identity;
    const struct stream *stream = encoder->state;
    struct buf buf;
    struct json_writer writer = json_write_to(&buf);

    buf_init(&buf, SIZE_MAX / 2); /* a few names */
    json_put_str(&writer, "id", identity->generation_id);
    json_put_str(&writer, "object", STR("chat.completion.chunk"));
    json_put_int(&writer, "created", identity->created_s);
    json_put_str(&writer, "model", identity->model);
    json_put_str(&writer, "provider", identity->provider);
    json_put_str(&writer, "system_fingerprint", stream->fingerprint);
    if (stream->tier.len > 0) {
        json_put_str(&writer, "service_tier", stream->tier);
    }
    json_open_array(&writer, "choices");
    assert(json_write_end(&writer) == ERR_OK);
    str head = arena_copy(encoder->arena, buf_str(&buf));
    buf_free(&buf);
    return head;
}

/* Bytes as they are. */
static void put(struct json_writer *writer, str bytes)
{
    if (writer->err == ERR_OK) {
        writer->err = buf_add(writer->out, bytes);
    }
}

static void put_head(struct json_writer *writer, struct encoder *encoder)
{
    struct stream *stream = encoder->state;

    if (stream->head.len == 0) {
        stream->head = make_head(encoder);
    }
    put(writer, stream->head);
    writer->needs_comma = false;
}

/* Opens a chunk and its only choice; members of the delta (in text mode: of the choice) follow. */
static struct json_writer chunk_open(struct encoder *encoder, int choice, struct buf *out)
{
    struct json_writer writer = json_write_to(out);

    put(&writer, STR("data: {"));
    put_head(&writer, encoder);
    json_open_object(&writer, NULL);
    json_put_int(&writer, "index", choice);
    if (!encoder->chat->is_text) {
        json_open_object(&writer, "delta");
    }
    return writer;
}

static enum err chunk_close(const struct encoder *encoder, struct json_writer *writer)
{
    if (!encoder->chat->is_text) {
        put(writer, STR("}"));
    }
    put(writer, STR(",\"logprobs\":null,\"finish_reason\":null,\"native_finish_reason\":null}]}"
                    "\n\n"));
    return json_write_end(writer);
}

static enum err begin_choice(struct encoder *encoder, int index, struct buf *out)
{
    struct stream_choice *choice = choice_at(encoder, index);

    if (choice->has_begun) {
        return ERR_OK;
    }
    choice->has_begun = true;
    if (encoder->chat->is_text) {
        return ERR_OK; /* has no role */
    }
    struct json_writer writer = chunk_open(encoder, index, out);
    json_put_str(&writer, "role", STR("assistant"));
    json_put_str(&writer, "content", STR(""));
    return chunk_close(encoder, &writer);
}

static enum err encode_text(struct encoder *encoder, const struct event *event, struct buf *out)
{
    const char *name = event->kind == EVENT_REFUSAL ? "refusal" : "content";
    struct json_writer writer = chunk_open(encoder, event->choice, out);

    json_put_str(&writer, encoder->chat->is_text ? "text" : name, event->text);
    return chunk_close(encoder, &writer);
}

static enum err encode_reasoning(struct encoder *encoder, const struct event *event,
                                 struct buf *out)
{
    const struct reasoning *reasoning = &event->reasoning;
    bool is_readable = reasoning->kind != REASONING_ENCRYPTED && reasoning->text.len > 0;
    bool is_text = encoder->chat->is_text;

    if (is_text && !is_readable) {
        return ERR_OK;
    }
    struct json_writer writer = chunk_open(encoder, event->choice, out);
    json_put_str(&writer, is_text ? "text" : "content", STR(""));
    if (is_readable) {
        json_put_str(&writer, "reasoning", reasoning->text);
    }
    if (!is_text) {
        json_open_array(&writer, "reasoning_details");
        openai_write_reasoning_detail(&writer, reasoning);
        json_close_array(&writer);
    }
    return chunk_close(encoder, &writer);
}

/* Remembers which calls have arguments: one that ends without any is given "{}". */
static void note_tool(struct encoder *encoder, int choice_index, int64_t index, bool has_args)
{
    struct stream_choice *choice = choice_at(encoder, choice_index);

    if (index < 0 || index >= TOOLS_TRACKED_MAX) {
        return;
    }
    size_t at = (size_t)index;
    if (at >= choice->tool_room) {
        size_t room = (at + 1) * 2;
        bool *flags = ARENA_ARRAY(encoder->arena, bool, room);
        if (choice->tool_count > 0) {
            memcpy(flags, choice->tool_has_args, choice->tool_count);
        }
        choice->tool_has_args = flags;
        choice->tool_room = room;
    }
    choice->tool_count = at >= choice->tool_count ? at + 1 : choice->tool_count;
    choice->tool_has_args[at] = choice->tool_has_args[at] || has_args;
}

static enum err encode_tool_call(struct encoder *encoder, const struct event *event,
                                 struct buf *out)
{
    struct json_writer writer = chunk_open(encoder, event->choice, out);

    note_tool(encoder, event->choice, event->tool.index, false);
    json_open_array(&writer, "tool_calls");
    json_open_object(&writer, NULL);
    json_put_int(&writer, "index", event->tool.index);
    json_put_str(&writer, "id", event->tool.id);
    json_put_str(&writer, "type", STR("function"));
    json_open_object(&writer, "function");
    json_put_str(&writer, "name", event->tool.name);
    json_put_str(&writer, "arguments", STR(""));
    put(&writer, STR("}}]"));
    return chunk_close(encoder, &writer);
}

static enum err encode_args(struct encoder *encoder, int choice, int64_t index, str json_text,
                            struct buf *out)
{
    struct json_writer writer = chunk_open(encoder, choice, out);

    note_tool(encoder, choice, index, json_text.len > 0);
    json_open_array(&writer, "tool_calls");
    json_open_object(&writer, NULL);
    json_put_int(&writer, "index", index);
    json_open_object(&writer, "function");
    json_put_str(&writer, "arguments", json_text);
    put(&writer, STR("}}]"));
    return chunk_close(encoder, &writer);
}

/* An element of a list in the delta, or the `audio` object. */
static enum err encode_raw(struct encoder *encoder, const struct event *event, struct buf *out)
{
    struct json_writer writer = chunk_open(encoder, event->choice, out);

    if (event->kind == EVENT_AUDIO) {
        json_put_value(&writer, "audio", event->raw);
    } else {
        json_open_array(&writer, event->kind == EVENT_IMAGE ? "images" : "annotations");
        json_put_value(&writer, NULL, event->raw);
        json_close_array(&writer);
    }
    return chunk_close(encoder, &writer);
}

static enum err encode_logprobs(struct encoder *encoder, const struct event *event, struct buf *out)
{
    struct json_writer writer = chunk_open(encoder, event->choice, out);

    if (encoder->chat->is_text) {
        json_put_str(&writer, "text", STR(""));
    } else {
        json_put_str(&writer, "content", STR(""));
        json_close_object(&writer);
    }
    json_put_value(&writer, "logprobs", event->raw);
    put(&writer, STR(",\"finish_reason\":null,\"native_finish_reason\":null}]}\n\n"));
    return json_write_end(&writer);
}

/* The members that every chunk carries are not chunks of their own. */
static bool keep_for_head(struct encoder *encoder, const struct event *event)
{
    struct stream *stream = encoder->state;
    bool is_fingerprint = str_eq(event->extra.name, STR("system_fingerprint"));
    bool is_tier = str_eq(event->extra.name, STR("service_tier"));
    str value = json_as_str(event->extra.value);

    if (!is_fingerprint && !is_tier) {
        return false;
    }
    if (stream->head.len == 0 && value.len > 0) {
        *(is_fingerprint ? &stream->fingerprint : &stream->tier) =
            arena_copy(encoder->arena, value);
    }
    return true;
}

static enum err encode_body_extra(struct encoder *encoder, const struct event *event,
                                  struct buf *out)
{
    struct json_writer writer = json_write_to(out);

    put(&writer, STR("data: {"));
    put_head(&writer, encoder);
    put(&writer, STR("],"));
    json_put_named_value(&writer, event->extra.name, event->extra.value);
    put(&writer, STR("}\n\n"));
    return json_write_end(&writer);
}

static enum err encode_extra(struct encoder *encoder, const struct event *event, struct buf *out)
{
    bool is_message = event->extra.place == EXTRA_MESSAGE;

    if (openai_is_own_name(event->extra.place, event->extra.name)) {
        return ERR_OK;
    }
    if (event->extra.place == EXTRA_BODY) {
        return encode_body_extra(encoder, event, out);
    }
    enum err err = begin_choice(encoder, event->choice, out);
    if (err != ERR_OK) {
        return err;
    }
    struct json_writer writer = chunk_open(encoder, event->choice, out);
    if (encoder->chat->is_text) {
        json_put_str(&writer, "text", STR(""));
    } else if (!is_message) {
        put(&writer, STR("}"));
        writer.needs_comma = true;
    }
    json_put_named_value(&writer, event->extra.name, event->extra.value);
    if (is_message || encoder->chat->is_text) {
        return chunk_close(encoder, &writer);
    }
    put(&writer, STR(",\"logprobs\":null,\"finish_reason\":null,\"native_finish_reason\":null}]}"
                     "\n\n"));
    return json_write_end(&writer);
}

/* Calls that got no arguments get empty ones: "" is not JSON. */
static enum err fill_empty_args(struct encoder *encoder, int index, struct buf *out)
{
    struct stream_choice *choice = choice_at(encoder, index);
    enum err err = ERR_OK;

    for (size_t i = 0; i < choice->tool_count && err == ERR_OK; i++) {
        if (!choice->tool_has_args[i]) {
            err = encode_args(encoder, index, (int64_t)i, STR("{}"), out);
        }
    }
    return err;
}

static enum err finish_choice(struct encoder *encoder, int index, enum finish_reason reason,
                              str native, struct buf *out)
{
    struct stream_choice *choice = choice_at(encoder, index);

    if (choice->is_finished) {
        return ERR_OK; /* clients join what is said twice: "stopstop" */
    }
    choice->is_finished = true;
    enum err err = encoder->chat->is_text ? ERR_OK : fill_empty_args(encoder, index, out);
    if (err != ERR_OK) {
        return err;
    }
    if (reason == FINISH_NONE) {
        reason = choice->tool_count > 0 ? FINISH_TOOL_CALLS : FINISH_STOP;
    }
    struct json_writer writer = chunk_open(encoder, index, out);
    if (encoder->chat->is_text) {
        json_put_str(&writer, "text", STR(""));
    } else {
        json_close_object(&writer);
    }
    json_put_null(&writer, "logprobs");
    openai_write_finish(&writer, reason, native);
    put(&writer, STR("}]}\n\n"));
    return json_write_end(&writer);
}

static enum err encode_in_choice(struct encoder *encoder, const struct event *event,
                                 struct buf *out)
{
    bool is_text = encoder->chat->is_text;

    switch (event->kind) {
    case EVENT_TEXT:
    case EVENT_REFUSAL:
        return encode_text(encoder, event, out);
    case EVENT_REASONING:
        return encode_reasoning(encoder, event, out);
    case EVENT_TOOL_CALL:
        return is_text ? ERR_OK : encode_tool_call(encoder, event, out);
    case EVENT_TOOL_ARGS:
        return is_text ? ERR_OK
                       : encode_args(encoder, event->choice, event->tool_args.index,
                                     event->tool_args.json, out);
    case EVENT_ANNOTATION:
    case EVENT_IMAGE:
    case EVENT_AUDIO:
        return is_text ? ERR_OK : encode_raw(encoder, event, out);
    case EVENT_LOGPROBS:
        return encode_logprobs(encoder, event, out);
    case EVENT_FINISH:
        return finish_choice(encoder, event->choice, event->finish.reason, event->finish.native,
                             out);
    case EVENT_START:
    case EVENT_EXTRA:
    case EVENT_USAGE:
        break;
    }
    return ERR_OK;
}

static enum err encode_any(struct encoder *encoder, const struct event *event, struct buf *out)
{
    struct stream *stream = encoder->state;

    if (event->kind == EVENT_START) {
        return ERR_OK; /* see the top */
    }
    if (event->kind == EVENT_USAGE) {
        stream->usage = event->usage;
        stream->cost = event->cost;
        stream->has_usage = true;
        return ERR_OK;
    }
    if (event->kind == EVENT_EXTRA) {
        return keep_for_head(encoder, event) ? ERR_OK : encode_extra(encoder, event, out);
    }
    if (event->kind == EVENT_REASONING && encoder->chat->reasoning.exclude) {
        return ERR_OK;
    }
    enum err err = begin_choice(encoder, event->choice, out);
    return err == ERR_OK ? encode_in_choice(encoder, event, out) : err;
}

static enum err encode(struct encoder *encoder, const struct event *event, struct buf *out)
{
    size_t len = out->len;

    assert(encoder->chat != NULL && encoder->state != NULL);
    enum err err = encode_any(encoder, event, out);
    if (err != ERR_OK) {
        out->len = len; /* never half a chunk */
    }
    return err;
}

/* Finishes every choice that spoke and was not finished; the first one in any case. */
static enum err finish_all(struct encoder *encoder, struct buf *out)
{
    const struct stream *stream = encoder->state;
    int count = stream->others != NULL ? CHAT_CHOICES_MAX : 1;
    enum err err = begin_choice(encoder, 0, out);

    for (int i = 0; i < count && err == ERR_OK; i++) {
        if (choice_at(encoder, i)->has_begun) {
            err = finish_choice(encoder, i, FINISH_NONE, STR_NONE, out);
        }
    }
    return err;
}

/* `choices` is empty as OpenAI's is, or holds an empty choice for who asked OpenRouter's way: some
 * of its clients read usage from chunks with a choice only (wire-format.md section 6.2). */
static void put_usage_chunk(struct json_writer *writer, struct encoder *encoder)
{
    const struct stream *stream = encoder->state;
    bool has_choice = encoder->chat->wants_usage_cost;

    put(writer, STR("data: {"));
    put_head(writer, encoder);
    if (has_choice) {
        put(writer, encoder->chat->is_text
                        ? STR("{\"index\":0,\"text\":\"\"")
                        : STR("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}"));
        put(writer, STR(",\"logprobs\":null,\"finish_reason\":null,"
                        "\"native_finish_reason\":null}"));
    }
    put(writer, STR("]"));
    writer->needs_comma = true;
    openai_write_usage(writer, &stream->usage, &stream->cost);
    if (has_choice) {
        openai_write_root_cost(writer, &stream->cost);
    }
    put(writer, STR("}\n\n"));
}

static enum err encode_end(struct encoder *encoder, struct buf *out)
{
    const struct stream *stream = encoder->state;
    size_t len = out->len;

    assert(encoder->chat != NULL && encoder->state != NULL);
    enum err err = finish_all(encoder, out);
    struct json_writer writer = {.out = out, .err = err};
    if (stream->has_usage) {
        put_usage_chunk(&writer, encoder);
    }
    put(&writer, STR("data: [DONE]\n\n"));
    if (writer.err != ERR_OK) {
        out->len = len;
    }
    return json_write_end(&writer);
}

/* One chunk with the error first, because that is where some clients look for it. */
static enum err encode_cut(struct encoder *encoder, const struct fault *fault, struct buf *out)
{
    const struct stream *stream = encoder->state;
    struct json_writer writer = json_write_to(out);
    size_t len = out->len;

    assert(encoder->chat != NULL && encoder->state != NULL);
    put(&writer, STR("data: {"));
    openai_write_error(&writer, fault);
    put(&writer, STR(","));
    put_head(&writer, encoder);
    put(&writer, encoder->chat->is_text ? STR("{\"index\":0,\"text\":\"\"")
                                        : STR("{\"index\":0,\"delta\":{\"content\":\"\"}"));
    put(&writer, STR(",\"logprobs\":null,\"finish_reason\":\"error\","
                     "\"native_finish_reason\":null}]"));
    if (stream->has_usage) {
        writer.needs_comma = true;
        openai_write_usage(&writer, &stream->usage, &stream->cost);
    }
    put(&writer, STR("}\n\ndata: [DONE]\n\n"));
    if (writer.err != ERR_OK) {
        out->len = len;
    }
    return json_write_end(&writer);
}

const struct surface openai_chat_surface = {
    .name = "openai",
    .decode_request = openai_decode_request,
    .encoder_init = encoder_start,
    .encode = encode,
    .encode_end = encode_end,
    .encode_cut = encode_cut,
    .encode_whole = openai_encode_whole,
    .encode_fault = openai_encode_fault,
};
