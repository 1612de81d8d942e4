/*
 * Answers of the Gemini API: from bytes to response objects.
 *
 * A stream is server-sent events that each hold a response object with what is new; it ends with
 * its connection.  A whole answer is one object, and a stream that was not asked for as events is
 * an array of them.  A stream that breaks ends with a bare JSON object behind its last event.
 */
#include "base/map.h"
#include "wire/gemini_decode.h"
#include "wire/refusal.h"

static bool is_opening(char c)
{
    return c == '{' || c == '[';
}

/* ---- Events ---- */

static enum err take_event(struct gemini_work *work, str data)
{
    str payload = str_trim(data);

    if (payload.len == 0 || str_eq(payload, STR("[DONE]"))) {
        return ERR_OK; /* proxies add such */
    }
    json *root = json_read_lenient(work->scratch, payload);
    if (root == NULL) {
        return work->answer->has_ended
                   ? decoding_cut(work->fault)
                   : decoding_broken(work->fault, ERR_PEER,
                                     STR("the provider sent an event that is not JSON"));
    }
    return gemini_take_object(work, root, payload);
}

static enum err take_events(struct gemini_work *work, str bytes)
{
    struct sse_event event;
    enum err err = ERR_OK;

    while (err == ERR_OK && decoding_next(&work->answer->sse, &bytes, &event, &err, work->fault)) {
        err = take_event(work, event.data);
    }
    return err;
}

/* Length of the events at the front: up to a line that begins as JSON and not as a field. */
static size_t events_len(struct gemini_answer *answer, str bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        if (!answer->in_line && is_opening(bytes.at[at])) {
            answer->is_bare = true;
            return at;
        }
        str rest = str_skip(bytes, at);
        size_t line = str_find_char(rest, '\n');
        answer->in_line = line == rest.len;
        at += answer->in_line ? line : line + 1;
    }
    return bytes.len;
}

static enum err take_stream(struct gemini_work *work, str bytes)
{
    size_t len = work->answer->is_bare ? 0 : events_len(work->answer, bytes);
    enum err err = len > 0 ? take_events(work, str_take(bytes, len)) : ERR_OK;

    if (err != ERR_OK || len == bytes.len) {
        return err;
    }
    return decoding_keep(&work->answer->body, str_skip(bytes, len), work->fault);
}

/* ---- Bodies ---- */

static enum err take_array(struct gemini_work *work, str body)
{
    struct json_text_walk walk = json_text_walk(body);

    while (json_text_next(&walk)) {
        json *root = json_read_lenient(work->scratch, walk.value);
        if (root == NULL) {
            return decoding_cut(work->fault);
        }
        enum err err = gemini_take_object(work, root, walk.value);
        if (err != ERR_OK) {
            return err;
        }
    }
    return str_has_suffix(body, STR("]")) ? ERR_OK : decoding_cut(work->fault);
}

static enum err take_body(struct gemini_work *work)
{
    struct gemini_answer *answer = work->answer;
    str body = str_trim(buf_str(&answer->body));

    if (body.len == 0) {
        return ERR_OK;
    }
    if (body.at[0] == '[') {
        return take_array(work, body);
    }
    json *root = json_read_lenient(work->scratch, body);
    if (root == NULL) {
        bool is_cut = is_opening(body.at[0]) && !str_has_suffix(body, STR("}"));
        return is_cut ? decoding_cut(work->fault)
                      : decoding_broken(work->fault, ERR_PEER,
                                        STR("the provider's answer is not JSON"));
    }
    answer->is_whole_object = !answer->has_started;
    return gemini_take_object(work, root, body);
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct gemini_answer *answer = ARENA_NEW(decoder->arena, struct gemini_answer);

    sse_init(&answer->sse, decoder->bytes_max);
    buf_init(&answer->body, decoder->bytes_max);
    buf_init(&answer->first.text, GEMINI_TEXT_BYTES_MAX);
    decoder->state = answer;
}

static void end(struct decoder *decoder)
{
    struct gemini_answer *answer = decoder->state;

    sse_free(&answer->sse);
    buf_free(&answer->body);
    gemini_free_choices(answer);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct gemini_answer *answer = decoder->state;
    struct gemini_work work = {decoder, answer, scratch, out, fault};

    if (decoder->framing == FRAMING_SSE) {
        return take_stream(&work, bytes);
    }
    return decoding_keep(&answer->body, bytes, fault);
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct gemini_answer *answer = decoder->state;
    struct gemini_work work = {decoder, answer, scratch, out, fault};
    enum err err = ERR_OK;

    answer->has_ended = true;
    if (decoder->framing == FRAMING_SSE) {
        err = take_events(&work, STR("\n\n")); /* a last event may lack its empty line */
    }
    if (err == ERR_OK) {
        err = take_body(&work);
    }
    return err == ERR_OK ? gemini_end_answer(&work) : err;
}

const struct dialect gemini_dialect = {
    .name = "gemini",
    .encode_request = gemini_encode_request,
    .needs_bytes = gemini_needs_bytes,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
