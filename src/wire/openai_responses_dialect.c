/*
 * Answers of OpenAI's Responses API: how they begin, end and fail.
 *
 * A stream ends with an event that holds the whole response; a whole answer is that response alone.
 * What its items say is read by openai_responses_answer.c.  Some servers that imitate this API
 * answer in the chat format: then its dialect reads on.
 */
#include "wire/openai_responses_decode.h"
#include "wire/refusal.h"

/* ---- Beginning ---- */

/* Members that the chat format has too, at the head of its answers: what is known only at the end
 * of a stream comes too late.  "auto" is what was asked for, not what it became. */
static void take_extras(struct responses_work *work, json *response)
{
    static const char *const names[] = {"service_tier", "system_fingerprint"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json *value = json_get(response, names[i]);
        str text = json_as_str(value);
        if (text.len > 0 && !str_eq(text, STR("auto"))) {
            struct event *event = event_list_add(work->out, work->scratch, EVENT_EXTRA);
            event->extra.place = EXTRA_BODY;
            event->extra.name = str_c(names[i]);
            event->extra.value = value;
        }
    }
}

void responses_start(struct responses_work *work, json *response)
{
    int64_t created = json_int(response, "created_at");

    if (work->answer->has_started) {
        return;
    }
    work->answer->has_started = true;
    struct event *event = event_list_add(work->out, work->scratch, EVENT_START);
    event->start.id = json_str(response, "id");
    event->start.model = json_str(response, "model");
    event->start.created = created > 0 ? created : 0;
    take_extras(work, response);
}

/* ---- Failing ---- */

/* The status that an error inside an answer stands for; 0: refusal.h decides by its words. */
static int status_of_code(str code)
{
    static const struct {
        str code;
        int status;
    } codes[] = {
        {STR_INIT("server_error"), 500},
        {STR_INIT("rate_limit_exceeded"), 429},
        {STR_INIT("insufficient_quota"), 429},
        {STR_INIT("invalid_prompt"), 400},
        {STR_INIT("invalid_request_error"), 400},
        {STR_INIT("model_not_found"), 400},
        {STR_INIT("context_length_exceeded"), 400},
        {STR_INIT("content_filter"), 400},
        {STR_INIT("vector_store_timeout"), 504},
    };

    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (str_eq(code, codes[i].code)) {
            return codes[i].status;
        }
    }
    /* invalid_image_format, image_too_large, failed_to_download_image, ... */
    return str_find(code, STR("image")) < code.len ? 400 : 0;
}

/* `root` is the error's event, a failed response, or a body that is an error. */
static enum err take_error(struct responses_work *work, json *root)
{
    json *error = json_get(root, "error");
    json *inner = json_is(error, JSON_OBJECT) ? error : root;
    int status = status_of_code(json_str(inner, "code"));

    status = status != 0 ? status : status_of_code(json_str(inner, "type"));
    return decoding_refused(work->decoder->arena, status, root, work->fault);
}

/* ---- Ending ---- */

/* A count of tokens by either name. */
static int64_t count_in(json *object, const char *name, const char *other)
{
    int64_t count = json_int(object, name);

    return decoding_tokens(count != 0 ? count : json_int(object, other));
}

static void take_usage(struct responses_work *work, json *wire)
{
    json *in = json_get(wire, "input_tokens_details");
    json *out = json_get(wire, "output_tokens_details");

    if (!json_is(wire, JSON_OBJECT)) {
        return;
    }
    in = in != NULL ? in : json_get(wire, "prompt_tokens_details");
    out = out != NULL ? out : json_get(wire, "completion_tokens_details");
    responses_start(work, NULL);
    struct usage *usage = &event_list_add(work->out, work->scratch, EVENT_USAGE)->usage;
    usage->prompt = count_in(wire, "input_tokens", "prompt_tokens");
    usage->completion = count_in(wire, "output_tokens", "completion_tokens");
    usage->total = count_in(wire, "total_tokens", "total_tokens");
    if (usage->total == 0) {
        usage->total = usage->prompt + usage->completion;
    }
    usage->prompt_cached =
        decoding_part(count_in(in, "cached_tokens", "cached_tokens"), usage->prompt);
    usage->prompt_cache_write =
        decoding_part(count_in(in, "cache_write_tokens", "cache_write_tokens"),
                      usage->prompt - usage->prompt_cached);
    usage->completion_reasoning =
        decoding_part(count_in(out, "reasoning_tokens", "reasoning_tokens"), usage->completion);
    usage->web_searches = work->answer->web_searches;
}

static enum finish_reason finish_of(const struct responses_answer *answer, str native)
{
    static const struct finish_word words[] = {
        {STR_INIT("completed"), FINISH_STOP},
        {STR_INIT("max_output_tokens"), FINISH_LENGTH},
        {STR_INIT("max_tokens"), FINISH_LENGTH},
        {STR_INIT("length"), FINISH_LENGTH},
        {STR_INIT("incomplete"), FINISH_LENGTH},
        {STR_INIT("content_filter"), FINISH_CONTENT_FILTER},
    };

    return decoding_finish(words, COUNT_OF(words), native, answer->has_said,
                           answer->tool_count > 0);
}

static enum err finish(struct responses_work *work, json *response, str status)
{
    str reason = json_str(json_get(response, "incomplete_details"), "reason");
    str native = reason.len > 0 && !str_eq(status, STR("completed")) ? reason : status;

    enum err err = responses_take_output(work, json_get(response, "output"));
    if (err != ERR_OK) {
        return err;
    }
    take_usage(work, json_get(response, "usage"));
    struct event *event = event_list_add(work->out, work->scratch, EVENT_FINISH);
    event->finish.reason = finish_of(work->answer, native);
    event->finish.native = native;
    work->answer->is_done = true;
    return ERR_OK;
}

/* The response as it is at the end.  `status` is what the event says, for a response that does not
 * tell it itself. */
static enum err take_response(struct responses_work *work, json *response, str status)
{
    str own = json_str(response, "status");

    status = own.len > 0 ? own : status;
    if (str_eq(status, STR("failed")) || refusal_is_error(response)) {
        take_usage(work, json_get(response, "usage"));
        return take_error(work, response);
    }
    if (str_eq(status, STR("cancelled")) || str_eq(status, STR("queued")) ||
        str_eq(status, STR("in_progress"))) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider did not finish its answer"));
    }
    responses_start(work, response);
    return finish(work, response, status);
}

/* ---- The chat format ---- */

/* True when the value is an answer, or a piece of one, in the chat format. */
static bool is_chat(json *root)
{
    return json_is(json_get(root, "choices"), JSON_ARRAY) && json_get(root, "output") == NULL;
}

static enum err read_chat(struct responses_work *work, str bytes, bool is_end)
{
    struct responses_answer *answer = work->answer;
    const struct dialect *dialect = &openai_chat_dialect;

    if (!answer->is_chat) {
        answer->chat = *work->decoder;
        answer->chat.dialect = dialect;
        decoder_init(&answer->chat);
        answer->is_chat = true;
    }
    enum err err = dialect->decode(&answer->chat, bytes, work->scratch, work->out, work->fault);
    if (err == ERR_OK && is_end) {
        err = dialect->decode_end(&answer->chat, work->scratch, work->out, work->fault);
    }
    work->decoder->is_complete = answer->chat.is_complete;
    return err;
}

/* An event's data, framed again. */
static enum err read_chat_event(struct responses_work *work, str data)
{
    char *line = arena_take_raw(work->scratch, data.len + 1);

    for (size_t i = 0; i < data.len; i++) {
        line[i] = (char)(data.at[i] == '\n' ? ' ' : data.at[i]); /* between tokens, if anywhere */
    }
    const str parts[] = {STR("data: "), str_of(line, data.len), STR("\n\n")};
    return read_chat(work, arena_join(work->scratch, parts, COUNT_OF(parts)), false);
}

/* ---- A stream ---- */

/* The events that end an answer, and what they say of it when their response does not. */
static const struct {
    str status;
    enum responses_event type;
    bool completes; /* the stream came to its end */
} endings[] = {
    {STR_INIT("completed"), RESPONSES_COMPLETED, true},
    {STR_INIT("incomplete"), RESPONSES_INCOMPLETE, true},
    {STR_INIT("failed"), RESPONSES_FAILED, false},
    {STR_INIT("cancelled"), RESPONSES_CANCELLED, false},
};

static enum err take_json(struct responses_work *work, str name, json *root)
{
    str word = json_str(root, "type");
    enum responses_event type = responses_event_by_name(word.len > 0 ? word : name);
    json *response = json_get(root, "response");

    if (type == RESPONSES_CREATED || type == RESPONSES_QUEUED || type == RESPONSES_IN_PROGRESS) {
        responses_start(work, response);
        return ERR_OK;
    }
    if (type == RESPONSES_ERROR || (type == RESPONSES_OTHER && refusal_is_error(root))) {
        return take_error(work, root);
    }
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        if (type == endings[i].type) {
            work->decoder->is_complete = endings[i].completes;
            return take_response(work, response, endings[i].status);
        }
    }
    return responses_take_event(work, type, root);
}

static enum err take_event(struct responses_work *work, const struct sse_event *event)
{
    struct responses_answer *answer = work->answer;
    bool is_done_mark = str_eq(str_trim(event->data), STR("[DONE]"));

    if (answer->is_chat) {
        return read_chat_event(work, event->data);
    }
    if (is_done_mark) {
        return ERR_OK; /* it ends a stream, but does not complete an answer */
    }
    json *root = json_read_lenient(work->scratch, event->data);
    if (root == NULL) {
        answer->is_deaf = true;
        return ERR_OK;
    }
    if (!answer->has_started && is_chat(root)) {
        return read_chat_event(work, event->data);
    }
    return take_json(work, event->name, root);
}

static enum err take_stream(struct responses_work *work, str bytes)
{
    struct responses_answer *answer = work->answer;
    struct sse_event event;
    enum err err = ERR_OK;

    while (err == ERR_OK && !answer->is_done &&
           decoding_next(&answer->sse, &bytes, &event, &err, work->fault)) {
        err = take_event(work, &event);
    }
    return err; /* nothing follows the last event but [DONE] */
}

static enum err end_stream(struct responses_work *work)
{
    struct responses_answer *answer = work->answer;
    struct sse_event event;

    if (!answer->is_done && sse_end(&answer->sse, &event)) { /* it may lack its empty line */
        enum err err = take_event(work, &event);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (answer->is_chat) {
        return read_chat(work, STR_NONE, true);
    }
    return answer->is_done ? ERR_OK : decoding_cut(work->fault);
}

/* ---- A whole answer ---- */

static enum err take_whole(struct responses_work *work)
{
    str body = buf_str(&work->answer->body);
    json *root = json_read_lenient(work->scratch, body);

    if (refusal_is_error(root)) {
        return take_response(work, root, STR_NONE);
    }
    if (is_chat(root)) {
        return read_chat(work, body, true);
    }
    if (!json_is(json_get(root, "output"), JSON_ARRAY)) {
        bool is_told = json_get(root, "message") != NULL || json_get(root, "detail") != NULL;
        return is_told ? take_error(work, root)
                       : decoding_broken(work->fault, ERR_PEER,
                                         STR("the answer of the provider is not a response"));
    }
    return take_response(work, root, STR("completed"));
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct responses_answer *answer = ARENA_NEW(decoder->arena, struct responses_answer);

    sse_init(&answer->sse, decoder->bytes_max);
    buf_init(&answer->body, decoder->bytes_max);
    decoder->state = answer;
}

static void end(struct decoder *decoder)
{
    struct responses_answer *answer = decoder->state;

    if (answer->is_chat) {
        decoder_free(&answer->chat);
    }
    sse_free(&answer->sse);
    buf_free(&answer->body);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct responses_answer *answer = decoder->state;
    struct responses_work work = {decoder, answer, scratch, out, fault};

    if (decoder->framing == FRAMING_SSE) {
        return take_stream(&work, bytes);
    }
    return decoding_keep(&answer->body, bytes, fault);
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct responses_answer *answer = decoder->state;
    struct responses_work work = {decoder, answer, scratch, out, fault};

    if (decoder->framing == FRAMING_SSE) {
        return end_stream(&work);
    }
    return answer->body.len > 0 ? take_whole(&work) : decoding_cut(fault);
}

const struct dialect openai_responses_dialect = {
    .name = "openai-responses",
    .encode_request = responses_encode_request,
    .needs_bytes = responses_needs_bytes,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
