/*
 * Answers of the Anthropic Messages API as events.
 *
 * A stream is a message of content blocks: each is opened, grows by deltas and is closed before the
 * next.  A whole answer is the same blocks, opened with all they hold and closed at once, so both
 * framings run through open_block() and close_block().
 */
#include "base/text.h"
#include "codec/sse.h"
#include "wire/anthropic.h"
#include "wire/dialect.h"
#include "wire/refusal.h"

enum block {
    BLOCK_NONE,
    BLOCK_TEXT,
    BLOCK_THINKING,
    BLOCK_TOOL,
    BLOCK_JSON,    /* a call of JSON_TOOL: its input is visible text */
    BLOCK_SKIPPED, /* tools the provider runs itself, and kinds not known yet */
};

/* Counts as the wire has them: apart, not inside each other. */
struct counts {
    int64_t input;
    int64_t cache_read;
    int64_t cache_write;
    int64_t cache_write_1h;
    int64_t output;
    int64_t thinking;
    int64_t web_searches;
};

/* The state of one answer. */
struct message {
    struct sse_decoder sse;
    struct buf body; /* FRAMING_WHOLE: all of it, parsed at the end */
    bool started;
    bool ended; /* no more bytes will come */
    bool done;  /* the message is complete */

    enum block block;  /* the one that is open */
    int64_t index;     /* its index on the wire, which counts blocks of all kinds */
    bool has_input;    /* TOOL, JSON: a delta brought some */
    struct buf held;   /* TOOL, JSON: input that came whole; TEXT: its citations, one a line */
    int64_t text_from; /* TEXT: characters of the answer's text before it */

    int64_t text_chars;
    int64_t tool_count;
    int64_t reasoning_count;
    bool said_anything;
    bool drops_text; /* JSON_TOOL is called: text around it is not the answer */

    struct counts counts;
    char native[64]; /* the stop reason */
    size_t native_len;
};

/* One call of decode(): what it works on. */
struct work {
    struct decoder *decoder;
    struct message *message;
    struct arena *scratch;
    struct event_list *out;
    struct fault *fault;
};

static struct event *add(struct work *work, enum event_kind kind)
{
    return event_list_add(work->out, work->scratch, kind);
}

static enum err broken(struct work *work, enum err err, str message)
{
    *work->fault = (struct fault){
        .kind = err,
        .type = FAULT_PROVIDER_UNAVAILABLE,
        .message = message,
        .retryable = true,
    };
    return err;
}

static enum err too_big(struct work *work)
{
    return broken(work, ERR_TOO_BIG, STR("the provider sent more at once than is allowed"));
}

/* ---- Usage ---- */

/* A count that came replaces the one before; absent, null and a late 0 do not. */
static void take_count(json *wire, const char *name, int64_t *count)
{
    enum { COUNT_MAX = 1 << 30 };
    int64_t value = json_int(wire, name);

    if (value > 0) {
        *count = value < COUNT_MAX ? value : COUNT_MAX;
    }
}

static void take_counts(json *wire, struct counts *counts)
{
    json *split = json_get(wire, "cache_creation");
    int64_t short_lived = 0;

    take_count(wire, "input_tokens", &counts->input);
    take_count(wire, "cache_read_input_tokens", &counts->cache_read);
    take_count(wire, "cache_creation_input_tokens", &counts->cache_write);
    take_count(split, "ephemeral_1h_input_tokens", &counts->cache_write_1h);
    take_count(split, "ephemeral_5m_input_tokens", &short_lived);
    if (counts->cache_write < counts->cache_write_1h + short_lived) {
        counts->cache_write = counts->cache_write_1h + short_lived;
    }
    take_count(wire, "output_tokens", &counts->output);
    take_count(json_get(wire, "output_tokens_details"), "thinking_tokens", &counts->thinking);
    take_count(json_get(wire, "server_tool_use"), "web_search_requests", &counts->web_searches);
}

/* An answer made in several rounds (after a compaction, or with an advisor) lists them; those of
 * this model are billed together.  After a fallback to another model the totals are right. */
static void take_iterations(json *list, struct counts *counts)
{
    struct counts sum = {0};
    struct json_walk walk = json_walk(list);

    if (!json_is(list, JSON_ARRAY)) {
        return;
    }
    while (json_next(&walk)) {
        struct counts round = {0};
        str type = json_str(walk.value, "type");
        if (str_eq(type, STR("fallback_message"))) {
            return;
        }
        if (str_eq(type, STR("message")) || str_eq(type, STR("compaction"))) {
            take_counts(walk.value, &round);
        }
        sum.input += round.input;
        sum.cache_read += round.cache_read;
        sum.cache_write += round.cache_write;
        sum.cache_write_1h += round.cache_write_1h;
        sum.output += round.output;
    }
    if (sum.input + sum.output > 0) {
        sum.thinking = counts->thinking;
        sum.web_searches = counts->web_searches;
        *counts = sum;
    }
}

static int64_t min_int(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void take_usage(struct work *work, json *wire)
{
    struct counts *counts = &work->message->counts;

    if (!json_is(wire, JSON_OBJECT)) {
        return;
    }
    take_counts(wire, counts);
    take_iterations(json_get(wire, "iterations"), counts);

    struct usage *usage = &add(work, EVENT_USAGE)->usage;
    usage->prompt = counts->input + counts->cache_read + counts->cache_write;
    usage->completion = counts->output;
    usage->total = usage->prompt + usage->completion;
    usage->prompt_cached = counts->cache_read;
    usage->prompt_cache_write = counts->cache_write;
    usage->prompt_cache_write_1h = min_int(counts->cache_write_1h, counts->cache_write);
    usage->completion_reasoning = min_int(counts->thinking, counts->output);
    usage->web_searches = counts->web_searches;
}

/* ---- What a block says ---- */

static void give_text(struct work *work, str text)
{
    struct message *message = work->message;

    if (text.len == 0 || (message->drops_text && message->block == BLOCK_TEXT)) {
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        message->text_chars += ((unsigned char)text.at[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    message->said_anything = true;
    add(work, EVENT_TEXT)->text = text;
}

static void give_reasoning(struct work *work, enum reasoning_kind kind, str text, str signature)
{
    if (text.len == 0 && signature.len == 0) {
        return;
    }
    work->message->said_anything = true;
    add(work, EVENT_REASONING)->reasoning = (struct reasoning){
        .kind = kind,
        .index = work->message->reasoning_count - 1,
        .text = text,
        .signature = signature,
        .format = STR(ANTHROPIC_REASONING_FORMAT),
    };
}

static void give_input(struct work *work, str piece)
{
    if (piece.len == 0) {
        return; /* the first delta of every call is empty */
    }
    work->message->has_input = true;
    if (work->message->block == BLOCK_JSON) {
        give_text(work, piece);
        return;
    }
    struct event *event = add(work, EVENT_TOOL_ARGS);
    event->tool_args.index = work->message->tool_count - 1;
    event->tool_args.json = piece;
}

/* A citation is held until its block ends: only then is known which text it stands behind. */
static enum err hold_citation(struct work *work, json *citation)
{
    struct json_writer writer = json_write_to(&work->message->held);

    if (!json_is(citation, JSON_OBJECT)) {
        return ERR_OK;
    }
    json_put_value(&writer, NULL, citation);
    if (json_write_end(&writer) != ERR_OK || buf_add_char(&work->message->held, '\n') != ERR_OK) {
        return too_big(work);
    }
    return ERR_OK;
}

/* Web results name `url` and `title`, search results `source`, documents only their title. */
static enum err give_citation(struct work *work, str line)
{
    json *citation = json_read_lenient(work->scratch, line);
    str url = json_str(citation, "url");
    str title = json_str(citation, "title");
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    buf_init(&text, work->decoder->bytes_max);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("url_citation"));
    json_open_object(&writer, "url_citation");
    json_put_str(&writer, "url", url.len > 0 ? url : json_str(citation, "source"));
    json_put_str(&writer, "title", title.len > 0 ? title : json_str(citation, "document_title"));
    json_put_str(&writer, "content", json_str(citation, "cited_text"));
    json_put_int(&writer, "start_index", work->message->text_from);
    json_put_int(&writer, "end_index", work->message->text_chars);
    json_close_object(&writer);
    json_close_object(&writer);
    json *annotation = json_read_lenient(work->scratch, buf_str(&text));
    enum err err = json_write_end(&writer);
    buf_free(&text);
    if (err != ERR_OK) {
        return too_big(work);
    }
    add(work, EVENT_ANNOTATION)->raw = annotation;
    return ERR_OK;
}

static enum err give_citations(struct work *work)
{
    str rest = buf_str(&work->message->held);

    while (rest.len > 0 && !work->message->drops_text) {
        enum err err = give_citation(work, str_split(&rest, '\n'));
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* ---- Blocks ---- */

/* Ends the open block, if any. */
static enum err close_block(struct work *work)
{
    struct message *message = work->message;
    enum err err = ERR_OK;

    if ((message->block == BLOCK_TOOL || message->block == BLOCK_JSON) && !message->has_input) {
        str input = message->held.len > 0 ? buf_str(&message->held) : STR("{}");
        give_input(work, arena_copy(work->scratch, input));
    } else if (message->block == BLOCK_TEXT) {
        err = give_citations(work);
    }
    message->block = BLOCK_NONE;
    message->held.len = 0;
    return err;
}

static enum err open_text(struct work *work, json *block)
{
    struct json_walk walk = json_walk(json_get(block, "citations"));

    work->message->text_from = work->message->text_chars;
    give_text(work, json_str(block, "text"));
    while (json_next(&walk)) {
        enum err err = hold_citation(work, walk.value);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err open_thinking(struct work *work, json *block)
{
    work->message->reasoning_count++;
    give_reasoning(work, REASONING_TEXT, json_str(block, "thinking"), STR_NONE);
    give_reasoning(work, REASONING_TEXT, STR_NONE, json_str(block, "signature"));
    return ERR_OK;
}

static enum err open_redacted(struct work *work, json *block)
{
    work->message->reasoning_count++;
    give_reasoning(work, REASONING_ENCRYPTED, json_str(block, "data"), STR_NONE);
    return ERR_OK;
}

/* The input is empty in a stream and comes in deltas; whole answers and some proxies send it here.
 */
static enum err open_tool(struct work *work, json *block)
{
    struct message *message = work->message;
    json *input = json_get(block, "input");
    str id = json_str(block, "id");
    str name = json_str(block, "name");

    message->has_input = false;
    message->said_anything = true;
    if (str_eq(name, STR(JSON_TOOL))) {
        message->block = BLOCK_JSON;
    } else {
        struct event *event = add(work, EVENT_TOOL_CALL);
        event->tool.index = message->tool_count++;
        event->tool.id =
            id.len > 0 ? id
                       : arena_printf(work->scratch, "call_" STR_FMT "_%d",
                                      STR_ARG(work->decoder->id_seed), (int)event->tool.index);
        event->tool.name = name;
    }
    if (json_count(input) > 0) {
        struct json_writer writer = json_write_to(&message->held);
        json_put_value(&writer, NULL, input);
        if (json_write_end(&writer) != ERR_OK) {
            return too_big(work);
        }
    }
    return ERR_OK;
}

static const struct {
    str type;
    enum block block;
    enum err (*open)(struct work *work, json *block);
} block_types[] = {
    {STR_INIT("text"), BLOCK_TEXT, open_text},
    {STR_INIT("thinking"), BLOCK_THINKING, open_thinking},
    {STR_INIT("redacted_thinking"), BLOCK_SKIPPED, open_redacted},
    {STR_INIT("tool_use"), BLOCK_TOOL, open_tool},
};

static enum err open_block(struct work *work, json *block)
{
    str type = json_str(block, "type");
    enum err err = close_block(work);

    if (err != ERR_OK) {
        return err;
    }
    work->message->block = BLOCK_SKIPPED;
    for (size_t i = 0; i < COUNT_OF(block_types); i++) {
        if (str_eq(type, block_types[i].type)) {
            work->message->block = block_types[i].block;
            return block_types[i].open(work, block);
        }
    }
    return ERR_OK;
}

/* ---- The message ---- */

/* Proxies repeat the start of a message: the first one counts. */
static void start_message(struct work *work, json *wire)
{
    if (work->message->started) {
        return;
    }
    struct event *event = add(work, EVENT_START);
    event->start.id = json_str(wire, "id");
    event->start.model = json_str(wire, "model");
    work->message->started = true;
}

/* `stop_reason` and its details; the last one that came counts. */
static void take_stop(struct work *work, json *wire)
{
    struct message *message = work->message;
    str reason = str_take(json_str(wire, "stop_reason"), sizeof(message->native));
    str explanation = json_str(json_get(wire, "stop_details"), "explanation");

    if (reason.len > 0) {
        memcpy(message->native, reason.at, reason.len);
        message->native_len = reason.len;
    }
    if (str_eq(reason, STR("refusal")) && explanation.len > 0) {
        message->said_anything = true;
        add(work, EVENT_REFUSAL)->text = explanation;
    }
}

/* What the answer ended with, seen from what was in it: a call that was cut stays `length`, and a
 * word not known yet is a normal end when there is something to show. */
static enum finish_reason finish_of(const struct message *message)
{
    static const struct {
        str native;
        enum finish_reason finish;
    } reasons[] = {
        {STR_INIT("end_turn"), FINISH_STOP},
        {STR_INIT("stop_sequence"), FINISH_STOP},
        {STR_INIT("pause_turn"), FINISH_STOP},
        {STR_INIT("tool_use"), FINISH_STOP}, /* with calls: TOOL_CALLS, below */
        {STR_INIT("max_tokens"), FINISH_LENGTH},
        {STR_INIT("model_context_window_exceeded"), FINISH_LENGTH},
        {STR_INIT("refusal"), FINISH_CONTENT_FILTER},
    };
    str native = str_of(message->native, message->native_len);
    enum finish_reason finish = message->said_anything ? FINISH_STOP : FINISH_ERROR;

    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (str_eq(native, reasons[i].native)) {
            finish = reasons[i].finish;
        }
    }
    return finish == FINISH_STOP && message->tool_count > 0 ? FINISH_TOOL_CALLS : finish;
}

static enum err end_message(struct work *work)
{
    struct message *message = work->message;
    enum err err = close_block(work);

    if (err != ERR_OK) {
        return err;
    }
    struct event *event = add(work, EVENT_FINISH);
    event->finish.reason = finish_of(message);
    event->finish.native =
        message->native_len > 0 ? str_of(message->native, message->native_len) : STR_NONE;
    message->done = true;
    return ERR_OK;
}

/* An error inside an answer that began with status 200; its type word says which status it is. */
static enum err take_error(struct work *work, json *root)
{
    static const struct {
        str type;
        int status;
    } types[] = {
        {STR_INIT("invalid_request_error"), 400}, {STR_INIT("authentication_error"), 401},
        {STR_INIT("billing_error"), 402},         {STR_INIT("permission_error"), 403},
        {STR_INIT("not_found_error"), 404},       {STR_INIT("request_too_large"), 413},
        {STR_INIT("rate_limit_error"), 429},      {STR_INIT("api_error"), 500},
        {STR_INIT("timeout_error"), 504},         {STR_INIT("overloaded_error"), 529},
    };
    str type = json_str(json_get(root, "error"), "type");
    int status = 0;

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (str_eq(type, types[i].type)) {
            status = types[i].status;
        }
    }
    refusal_read_json(status, root, work->decoder->arena, work->fault);
    return work->fault->kind != ERR_OK ? work->fault->kind : ERR_PEER;
}

/* ---- A stream ---- */

static enum err on_message_start(struct work *work, json *root)
{
    json *wire = json_get(root, "message");
    bool is_first = !work->message->started;

    start_message(work, wire);
    if (is_first) {
        take_usage(work, json_get(wire, "usage"));
    }
    return ERR_OK;
}

static enum err on_block_start(struct work *work, json *root)
{
    work->message->index = json_int(root, "index");
    return open_block(work, json_get(root, "content_block"));
}

static enum err on_block_delta(struct work *work, json *root)
{
    struct message *message = work->message;
    json *delta = json_get(root, "delta");
    str type = json_str(delta, "type");

    if (message->block == BLOCK_NONE || json_int(root, "index") != message->index) {
        return broken(work, ERR_PEER, STR("the provider went on with a block that is not open"));
    }
    switch (message->block) {
    case BLOCK_TEXT:
        if (str_eq(type, STR("text_delta"))) {
            give_text(work, json_str(delta, "text"));
        } else if (str_eq(type, STR("citations_delta"))) {
            return hold_citation(work, json_get(delta, "citation"));
        }
        break;
    case BLOCK_THINKING:
        if (str_eq(type, STR("thinking_delta"))) {
            give_reasoning(work, REASONING_TEXT, json_str(delta, "thinking"), STR_NONE);
        } else if (str_eq(type, STR("signature_delta"))) {
            give_reasoning(work, REASONING_TEXT, STR_NONE, json_str(delta, "signature"));
        }
        break;
    case BLOCK_TOOL:
    case BLOCK_JSON:
        if (str_eq(type, STR("input_json_delta"))) {
            give_input(work, json_str(delta, "partial_json"));
        }
        break;
    case BLOCK_NONE:
    case BLOCK_SKIPPED:
        break;
    }
    return ERR_OK;
}

static enum err on_block_stop(struct work *work, json *root)
{
    (void)root;
    return close_block(work);
}

static enum err on_message_delta(struct work *work, json *root)
{
    take_stop(work, json_get(root, "delta"));
    take_usage(work, json_get(root, "usage"));
    return ERR_OK;
}

static enum err on_message_stop(struct work *work, json *root)
{
    (void)root;
    work->decoder->is_complete = true;
    return end_message(work);
}

/* The most frequent first.  `ping` and events not known yet are let through. */
static const struct {
    str type;
    enum err (*take)(struct work *work, json *root);
    bool may_be_first;
} handlers[] = {
    {STR_INIT("content_block_delta"), on_block_delta, false},
    {STR_INIT("content_block_start"), on_block_start, false},
    {STR_INIT("content_block_stop"), on_block_stop, false},
    {STR_INIT("message_start"), on_message_start, true},
    {STR_INIT("message_delta"), on_message_delta, false},
    {STR_INIT("message_stop"), on_message_stop, false},
    {STR_INIT("error"), take_error, true},
};

static enum err cut_short(struct work *work)
{
    return broken(work, ERR_CUT, STR("the provider cut its answer short"));
}

static enum err take_event(struct work *work, str data)
{
    json *root = json_read_lenient(work->scratch, data);
    str type = json_str(root, "type");

    if (root == NULL && str_eq(str_trim(data), STR("[DONE]"))) {
        return ERR_OK; /* some proxies add it */
    }
    if (root == NULL) {
        return work->message->ended
                   ? cut_short(work)
                   : broken(work, ERR_PEER, STR("the provider sent an event that is not JSON"));
    }
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        if (!str_eq(type, handlers[i].type)) {
            continue;
        }
        if (!work->message->started && !handlers[i].may_be_first) {
            return broken(work, ERR_PEER,
                          STR("the answer of the provider does not begin at its start"));
        }
        return handlers[i].take(work, root);
    }
    return ERR_OK;
}

static enum err take_stream(struct work *work, str bytes)
{
    struct sse_event event;

    while (!work->message->done) {
        switch (sse_next(&work->message->sse, &bytes, &event)) {
        case SSE_MORE:
            return ERR_OK;
        case SSE_ERROR:
            return too_big(work);
        case SSE_EVENT:
            break;
        }
        enum err err = take_event(work, event.data);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK; /* nothing follows message_stop */
}

/* ---- A whole answer ---- */

static bool calls_json_tool(json *content)
{
    struct json_walk walk = json_walk(content);

    while (json_next(&walk)) {
        if (str_eq(json_str(walk.value, "type"), STR("tool_use")) &&
            str_eq(json_str(walk.value, "name"), STR(JSON_TOOL))) {
            return true;
        }
    }
    return false;
}

static enum err take_whole(struct work *work)
{
    struct message *message = work->message;
    json *root = json_read_lenient(work->scratch, buf_str(&message->body));
    json *content = json_get(root, "content");

    if (refusal_is_error(root)) {
        return take_error(work, root);
    }
    if (!json_is(content, JSON_ARRAY)) {
        return broken(work, ERR_PEER, STR("the answer of the provider is not a message"));
    }
    start_message(work, root);
    message->drops_text = calls_json_tool(content);
    struct json_walk walk = json_walk(content);
    while (json_next(&walk)) {
        enum err err = open_block(work, walk.value);
        if (err != ERR_OK) {
            return err;
        }
    }
    enum err err = close_block(work);
    if (err != ERR_OK) {
        return err;
    }
    take_stop(work, root);
    take_usage(work, json_get(root, "usage"));
    return end_message(work);
}

/* ---- The dialect's ops ---- */

static void init(struct decoder *decoder)
{
    struct message *message = ARENA_NEW(decoder->arena, struct message);

    sse_init(&message->sse, decoder->bytes_max);
    buf_init(&message->body, decoder->bytes_max);
    buf_init(&message->held, decoder->bytes_max);
    decoder->state = message;
}

static void end(struct decoder *decoder)
{
    struct message *message = decoder->state;

    sse_free(&message->sse);
    buf_free(&message->body);
    buf_free(&message->held);
}

static enum err decode(struct decoder *decoder, str bytes, struct arena *scratch,
                       struct event_list *out, struct fault *fault)
{
    struct message *message = decoder->state;
    struct work work = {decoder, message, scratch, out, fault};

    if (decoder->framing == FRAMING_SSE) {
        return take_stream(&work, bytes);
    }
    return buf_add(&message->body, bytes) == ERR_OK ? ERR_OK : too_big(&work);
}

static enum err decode_end(struct decoder *decoder, struct arena *scratch, struct event_list *out,
                           struct fault *fault)
{
    struct message *message = decoder->state;
    struct work work = {decoder, message, scratch, out, fault};

    if (decoder->framing == FRAMING_WHOLE && message->body.len > 0) {
        return take_whole(&work);
    }
    if (decoder->framing == FRAMING_SSE && !message->done) {
        message->ended = true;
        enum err err = take_stream(&work, STR("\n\n")); /* a last event may lack its empty line */
        if (err != ERR_OK) {
            return err;
        }
    }
    return message->done ? ERR_OK : cut_short(&work);
}

const struct dialect anthropic_dialect = {
    .name = "anthropic",
    .encode_request = anthropic_encode_request,
    .decoder_init = init,
    .decoder_free = end,
    .decode = decode,
    .decode_end = decode_end,
    .decode_refusal = refusal_read,
};
