/*
 * The Anthropic Messages dialect: answers come as a JSON body, as server-sent events, or from
 * Bedrock as AWS event messages that hold the same events in base64.
 */
#include "base/text.h"
#include "codec/eventstream.h"
#include "codec/sse.h"
#include "wire/anthropic_answer.h"
#include "wire/refusal.h"

struct state {
    struct sse_decoder sse;
    struct eventstream_decoder frames;
    struct buf body; /* FRAMING_WHOLE: all of it, parsed at the end */
    struct anthropic_answer answer;
};

/* ---- Server-sent events ---- */

static enum err take_stream(struct anthropic_work *work, struct sse_decoder *sse, str bytes)
{
    struct sse_event event;
    enum err err = ERR_OK;

    while (err == ERR_OK && !work->answer->done &&
           decoding_next(sse, &bytes, &event, &err, work->fault)) {
        err = anthropic_take_event(work, event.data);
    }
    return err; /* nothing follows message_stop */
}

/* ---- Event messages ---- */

/* What went wrong in a stream that began with status 200, by the exception's name
 * (provider-dialects.md sections 8.4 and 8.5). */
static int exception_status(str name)
{
    static const struct {
        str name;
        int status;
    } exceptions[] = {
        {STR_INIT("internalServerException"), 500},
        {STR_INIT("modelStreamErrorException"), 424},
        {STR_INIT("modelTimeoutException"), 408},
        {STR_INIT("modelNotReadyException"), 429},
        {STR_INIT("serviceQuotaExceededException"), 429},
        {STR_INIT("serviceUnavailableException"), 503},
        {STR_INIT("throttlingException"), 429},
        {STR_INIT("validationException"), 400},
        {STR_INIT("accessDeniedException"), 403},
        {STR_INIT("resourceNotFoundException"), 404},
    };

    for (size_t i = 0; i < COUNT_OF(exceptions); i++) {
        if (str_eq_nocase(name, exceptions[i].name)) {
            return exceptions[i].status;
        }
    }
    return 500;
}

static enum err take_exception(struct anthropic_work *work,
                               const struct eventstream_message *message)
{
    struct headers headers = {0};
    struct arena *arena = work->decoder->arena;
    str body = message->payload.len > 0 ? message->payload : message->error_message;
    int64_t inner =
        json_int(json_read_lenient(work->scratch, message->payload), "originalStatusCode");
    int status =
        inner >= 400 && inner <= 599 ? (int)inner : exception_status(message->exception_type);

    headers_add(&headers, work->scratch, STR("x-amzn-errortype"), message->exception_type);
    refusal_read(status, &headers, body, arena, work->fault);
    return work->fault->kind != ERR_OK ? work->fault->kind : ERR_PEER;
}

/* What stands in `{"bytes":"<base64 of one event>"}`; other members hide its length.  Base64 has no
 * escapes, so where `bytes` comes first, as it does, nothing else need be read. */
static str chunk_base64(struct anthropic_work *work, str payload)
{
    static const str front = STR_INIT("{\"bytes\":\"");
    str rest = str_skip(payload, front.len);

    if (str_has_prefix(payload, front)) {
        return str_take(rest, str_find_char(rest, '"'));
    }
    return json_str(json_read_lenient(work->scratch, payload), "bytes");
}

static enum err take_chunk(struct anthropic_work *work, str payload)
{
    str base64 = chunk_base64(work, payload);
    str event = STR_NONE;

    if (base64.len == 0 || !text_base64_decode(base64, work->scratch, &event)) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider sent a message without event"));
    }
    return anthropic_take_event(work, event);
}

static enum err take_message(struct anthropic_work *work, const struct eventstream_message *message)
{
    if (str_eq(message->message_type, STR("event"))) {
        return str_eq(message->event_type, STR("chunk")) ? take_chunk(work, message->payload)
                                                         : ERR_OK; /* not known yet */
    }
    return take_exception(work, message);
}

static enum err take_messages(struct anthropic_work *work, struct eventstream_decoder *frames,
                              str bytes)
{
    struct eventstream_message message;

    while (!work->answer->done) {
        switch (eventstream_next(frames, &bytes, &message)) {
        case EVENTSTREAM_MORE:
            return ERR_OK;
        case EVENTSTREAM_BROKEN:
            return decoding_broken(work->fault, ERR_PEER,
                                   STR("the provider sent a damaged message"));
        case EVENTSTREAM_MESSAGE:
            break;
        }
        enum err err = take_message(work, &message);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct state *state = ARENA_NEW(decoder->arena, struct state);

    sse_init(&state->sse, decoder->bytes_max);
    eventstream_init(&state->frames, decoder->bytes_max);
    buf_init(&state->body, decoder->bytes_max);
    buf_init(&state->answer.held, decoder->bytes_max);
    decoder->state = state;
}

static void end(struct decoder *decoder)
{
    struct state *state = decoder->state;

    sse_free(&state->sse);
    eventstream_free(&state->frames);
    buf_free(&state->body);
    buf_free(&state->answer.held);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct state *state = decoder->state;
    struct anthropic_work work = {decoder, &state->answer, scratch, out, fault, STR_NONE};

    switch (decoder->framing) {
    case FRAMING_SSE:
        return take_stream(&work, &state->sse, bytes);
    case FRAMING_EVENTSTREAM:
        return take_messages(&work, &state->frames, bytes);
    case FRAMING_WHOLE:
    case FRAMING_NDJSON:
        break;
    }
    return decoding_keep(&state->body, bytes, fault);
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct state *state = decoder->state;
    struct anthropic_work work = {decoder, &state->answer, scratch, out, fault, STR_NONE};
    enum err err = ERR_OK;

    if (state->body.len > 0) {
        return anthropic_take_body(&work, buf_str(&state->body));
    }
    if (decoder->framing == FRAMING_SSE && !state->answer.done) {
        state->answer.ended = true; /* a last event may lack its empty line */
        err = take_stream(&work, &state->sse, STR("\n\n"));
    }
    if (err != ERR_OK) {
        return err;
    }
    return state->answer.done ? ERR_OK : decoding_cut(fault);
}

const struct dialect anthropic_dialect = {
    .name = "anthropic",
    .encode_request = anthropic_encode_request,
    .needs_bytes = anthropic_needs_bytes,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
