/*
 * Answers of the AWS Bedrock Converse API as events.
 *
 * A stream comes as binary messages (codec/eventstream.h): `messageStart`, pieces of blocks,
 * `messageStop`, and last of all `metadata` with the counts.  The finish is held until those came.
 */
#include "codec/json_text.h"
#include "wire/bedrock.h"
#include "wire/bedrock_answer.h"
#include "wire/refusal.h"

/* ---- Errors ---- */

/* The status that belongs to an error's name; 0 when it is not known. */
static int status_of(str type)
{
    static const struct {
        str type;
        int status;
    } types[] = {
        {STR_INIT("throttlingException"), 429},
        {STR_INIT("validationException"), 400},
        {STR_INIT("modelStreamErrorException"), 424},
        {STR_INIT("modelErrorException"), 424},
        {STR_INIT("modelTimeoutException"), 408},
        {STR_INIT("modelNotReadyException"), 429},
        {STR_INIT("internalServerException"), 500},
        {STR_INIT("internalFailure"), 500},
        {STR_INIT("serviceUnavailableException"), 503},
        {STR_INIT("serviceQuotaExceededException"), 400},
        {STR_INIT("accessDeniedException"), 403},
        {STR_INIT("resourceNotFoundException"), 404},
    };

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (str_eq_nocase(type, types[i].type)) {
            return types[i].status;
        }
    }
    return 0;
}

/* An error in a stream reads like a refusal whose headers lie in the message. */
static enum err take_exception(struct bedrock_work *work, const struct eventstream_message *message)
{
    struct headers headers = {0};
    str words = message->payload.len > 0 ? message->payload : message->error_message;

    headers_add(&headers, work->scratch, STR("x-amzn-errortype"), message->exception_type);
    refusal_read(status_of(message->exception_type), &headers, words, work->decoder->arena,
                 work->fault);
    return work->fault->kind != ERR_OK ? work->fault->kind : ERR_PEER;
}

/* ---- A stream ---- */

static enum err on_message_start(struct bedrock_work *work, json *root)
{
    (void)work; /* every event begins the answer */
    (void)root;
    return ERR_OK;
}

static enum err on_block_start(struct bedrock_work *work, json *root)
{
    return bedrock_open(work, json_int(root, "contentBlockIndex"), json_get(root, "start"));
}

static enum err on_block_delta(struct bedrock_work *work, json *root)
{
    return bedrock_add(work, json_int(root, "contentBlockIndex"), json_get(root, "delta"));
}

static enum err on_block_stop(struct bedrock_work *work, json *root)
{
    return bedrock_close(work, json_int(root, "contentBlockIndex"));
}

static enum err on_message_stop(struct bedrock_work *work, json *root)
{
    return bedrock_stop(work, json_str(root, "stopReason"));
}

static enum err on_metadata(struct bedrock_work *work, json *root)
{
    bedrock_take_usage(work, json_get(root, "usage"));
    if (work->answer->stopped) {
        bedrock_finish(work);
        work->decoder->is_complete = true;
    }
    return ERR_OK;
}

/* The most frequent first.  Events not known yet are let through. */
static const struct {
    str type;
    enum err (*take)(struct bedrock_work *work, json *root);
    bool ends_too; /* may come when the answer has stopped */
} handlers[] = {
    {STR_INIT("contentBlockDelta"), on_block_delta, false},
    {STR_INIT("contentBlockStart"), on_block_start, false},
    {STR_INIT("contentBlockStop"), on_block_stop, false},
    {STR_INIT("messageStart"), on_message_start, false},
    {STR_INIT("messageStop"), on_message_stop, false},
    {STR_INIT("metadata"), on_metadata, true},
};

static enum err take_event(struct bedrock_work *work, const struct eventstream_message *message)
{
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        if (!str_eq(message->event_type, handlers[i].type)) {
            continue;
        }
        json *root = json_read_lenient(work->scratch, message->payload);
        if (root == NULL) {
            return decoding_broken(work->fault, ERR_PEER,
                                   STR("the provider sent an event that is not JSON"));
        }
        if (work->answer->stopped && !handlers[i].ends_too) {
            return ERR_OK; /* the answer's end was said */
        }
        bedrock_start(work);
        return handlers[i].take(work, root);
    }
    return ERR_OK;
}

static enum err take_message(struct bedrock_work *work, const struct eventstream_message *message)
{
    if (str_eq(message->message_type, STR("exception")) ||
        str_eq(message->message_type, STR("error"))) {
        return take_exception(work, message);
    }
    return take_event(work, message);
}

static enum err take_stream(struct bedrock_work *work, str bytes)
{
    struct eventstream_message message;
    enum err err = ERR_OK;

    while (!work->answer->done && err == ERR_OK) {
        switch (eventstream_next(&work->answer->frames, &bytes, &message)) {
        case EVENTSTREAM_MORE:
            return ERR_OK;
        case EVENTSTREAM_BROKEN:
            return decoding_broken(work->fault, ERR_PEER,
                                   STR("the provider sent a message that is damaged or too big"));
        case EVENTSTREAM_MESSAGE:
            err = take_message(work, &message);
            break;
        }
    }
    return err; /* nothing follows the metadata */
}

/* The counts are the last of all; an answer without them is still one when it said that it ended.
 */
static enum err end_stream(struct bedrock_work *work)
{
    struct bedrock_answer *answer = work->answer;

    if (answer->done) {
        return ERR_OK;
    }
    if (!answer->stopped || !eventstream_is_between(&answer->frames)) {
        return decoding_cut(work->fault);
    }
    bedrock_finish(work);
    return ERR_OK;
}

/* ---- A whole answer ---- */

static bool is_refusal(json *root)
{
    return refusal_is_error(root) || json_str(root, "message").len > 0 ||
           json_str(root, "Message").len > 0 || json_str(root, "__type").len > 0;
}

static enum err take_content(struct bedrock_work *work, json *content, str text)
{
    struct json_walk walk = json_walk(content);
    struct json_text_walk texts = json_text_walk(text);
    enum err err = ERR_OK;

    work->answer->drops_text = bedrock_calls_json_tool(content);
    for (int64_t index = 0; err == ERR_OK && json_next(&walk); index++) {
        str block = json_text_next(&texts) ? texts.value : STR_NONE;
        err = bedrock_take_block(work, index, walk.value, block);
    }
    return err;
}

static enum err take_whole(struct bedrock_work *work)
{
    str body = str_trim(buf_str(&work->answer->body));
    json *root = json_read_lenient(work->scratch, body);
    json *message = json_get(json_get(root, "output"), "message");
    str text = json_text_find(json_text_find(body, STR("output")), STR("message"));

    if (!json_is(message, JSON_OBJECT)) {
        return is_refusal(root) ? decoding_refused(work->decoder->arena, 0, root, work->fault)
                                : decoding_broken(work->fault, ERR_PEER,
                                                  STR("the answer of the provider is no message"));
    }
    bedrock_start(work);
    enum err err =
        take_content(work, json_get(message, "content"), json_text_find(text, STR("content")));
    if (err == ERR_OK) {
        err = bedrock_stop(work, json_str(root, "stopReason"));
    }
    if (err == ERR_OK) {
        bedrock_take_usage(work, json_get(root, "usage"));
        bedrock_finish(work);
    }
    return err;
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct bedrock_answer *answer = ARENA_NEW(decoder->arena, struct bedrock_answer);

    eventstream_init(&answer->frames, decoder->bytes_max);
    buf_init(&answer->body, decoder->bytes_max);
    buf_init(&answer->citations, decoder->bytes_max);
    buf_init(&answer->image, decoder->bytes_max);
    answer->is_claude = bedrock_is_claude(decoder->model);
    decoder->state = answer;
}

static void end(struct decoder *decoder)
{
    struct bedrock_answer *answer = decoder->state;

    eventstream_free(&answer->frames);
    buf_free(&answer->body);
    buf_free(&answer->citations);
    buf_free(&answer->image);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct bedrock_answer *answer = decoder->state;
    struct bedrock_work work = {decoder, answer, scratch, out, fault};

    if (decoder->framing == FRAMING_EVENTSTREAM) {
        return take_stream(&work, bytes);
    }
    return decoding_keep(&answer->body, bytes, fault);
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct bedrock_answer *answer = decoder->state;
    struct bedrock_work work = {decoder, answer, scratch, out, fault};

    if (decoder->framing == FRAMING_EVENTSTREAM) {
        return end_stream(&work);
    }
    return answer->body.len > 0 ? take_whole(&work) : decoding_cut(fault);
}

const struct dialect bedrock_dialect = {
    .name = "bedrock",
    .encode_request = bedrock_encode_request,
    .needs_bytes = bedrock_needs_bytes,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
