/*
 * Answers of the Anthropic Messages API as events.
 *
 * A stream is a message of content blocks: each is opened, grows by deltas and is closed before the
 * next.  A whole answer is the same blocks, opened with all they hold and closed at once, so both
 * run through open_block() and close_block().
 */
#include "wire/anthropic_answer.h"

#include "base/text.h"
#include "codec/json_text.h"
#include "wire/refusal.h"

static struct event *add(struct anthropic_work *work, enum event_kind kind)
{
    return event_list_add(work->out, work->scratch, kind);
}

/* ---- Usage ---- */

/* A count that came replaces the one before; absent, null and a late 0 do not. */
static void take_count(json *wire, const char *name, int64_t *count)
{
    int64_t value = decoding_count(wire, name);

    *count = value > 0 ? value : *count;
}

static void take_counts(json *wire, struct anthropic_counts *counts)
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
static void take_iterations(json *list, struct anthropic_counts *counts)
{
    struct anthropic_counts sum = {0};
    struct json_walk walk = json_walk(list);

    if (!json_is(list, JSON_ARRAY)) {
        return;
    }
    while (json_next(&walk)) {
        struct anthropic_counts round = {0};
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

static void give_usage(struct anthropic_work *work)
{
    const struct anthropic_counts *counts = &work->answer->counts;
    struct usage *usage = &add(work, EVENT_USAGE)->usage;
    usage->prompt = counts->input + counts->cache_read + counts->cache_write;
    usage->completion = counts->output;
    usage->total = usage->prompt + usage->completion;
    usage->prompt_cached = counts->cache_read;
    usage->prompt_cache_write = counts->cache_write;
    usage->prompt_cache_write_1h = decoding_part(counts->cache_write_1h, counts->cache_write);
    usage->completion_reasoning = decoding_part(counts->thinking, counts->output);
    usage->web_searches = counts->web_searches;
}

static void take_usage(struct anthropic_work *work, json *wire)
{
    struct anthropic_counts *counts = &work->answer->counts;

    if (json_is(wire, JSON_OBJECT)) {
        take_counts(wire, counts);
        take_iterations(json_get(wire, "iterations"), counts);
        give_usage(work);
    }
}

/* What Bedrock counted, beside the last event.  It knows less than the model's own counts (nothing
 * of thinking), so it only fills in for them. */
static void take_metrics(struct anthropic_work *work, json *metrics)
{
    struct anthropic_counts *counts = &work->answer->counts;

    if (work->answer->has_final_usage || !json_is(metrics, JSON_OBJECT)) {
        return;
    }
    take_count(metrics, "inputTokenCount", &counts->input);
    take_count(metrics, "cacheReadInputTokenCount", &counts->cache_read);
    take_count(metrics, "cacheWriteInputTokenCount", &counts->cache_write);
    take_count(metrics, "outputTokenCount", &counts->output);
    give_usage(work);
}

/* ---- What a block says ---- */

/* The text without what repeats the one to go on from. */
static str without_prefill(struct anthropic_work *work, str text)
{
    str held = STR_NONE;
    str rest =
        repetition_skip(&work->answer->repetition, work->decoder->hints.prefill, text, &held);
    str parts[] = {held, rest};

    return held.len > 0 ? arena_join(work->scratch, parts, COUNT_OF(parts)) : rest;
}

static void say(struct anthropic_work *work, str text)
{
    struct anthropic_answer *answer = work->answer;

    if (text.len == 0) {
        return;
    }
    answer->text_chars += decoding_characters(text);
    answer->said_anything = true;
    add(work, EVENT_TEXT)->text = text;
}

static void give_text(struct anthropic_work *work, str text)
{
    if (!work->answer->drops_text || work->answer->block != BLOCK_TEXT) {
        say(work, without_prefill(work, text));
    }
}

/* The answer's first text ended before it had repeated all of the one to go on from. */
static void give_held_text(struct anthropic_work *work)
{
    struct repetition *repetition = &work->answer->repetition;

    if (repetition->len > 0) {
        say(work, repetition_end(repetition, work->decoder->hints.prefill));
    }
}

static void give_reasoning(struct anthropic_work *work, enum reasoning_kind kind, str text,
                           str signature)
{
    if (text.len == 0 && signature.len == 0) {
        return;
    }
    work->answer->said_anything = true;
    add(work, EVENT_REASONING)->reasoning = (struct reasoning){
        .kind = kind,
        .index = work->answer->reasoning_count - 1,
        .text = text,
        .signature = signature,
        .format = STR(ANTHROPIC_REASONING_FORMAT),
    };
}

static void give_input(struct anthropic_work *work, str piece)
{
    if (piece.len == 0) {
        return; /* the first delta of every call is empty */
    }
    work->answer->has_input = true;
    if (work->answer->block == BLOCK_JSON) {
        give_text(work, piece);
        return;
    }
    struct event *event = add(work, EVENT_TOOL_ARGS);
    event->tool_args.index = work->answer->tool_count - 1;
    event->tool_args.json = piece;
}

/* A citation is held until its block ends: only then is known which text it stands behind. */
static enum err hold_citation(struct anthropic_work *work, json *citation)
{
    struct json_writer writer = json_write_to(&work->answer->held);

    if (!json_is(citation, JSON_OBJECT)) {
        return ERR_OK;
    }
    json_put_value(&writer, NULL, citation);
    if (json_write_end(&writer) != ERR_OK || buf_add_char(&work->answer->held, '\n') != ERR_OK) {
        return decoding_too_big(work->fault);
    }
    return ERR_OK;
}

/* Web results name `url` and `title`, search results `source`, documents only their title. */
static enum err give_citation(struct anthropic_work *work, str line)
{
    json *cited = json_read_lenient(work->scratch, line);
    str url = json_str(cited, "url");
    str title = json_str(cited, "title");
    const struct citation citation = {
        .url = url.len > 0 ? url : json_str(cited, "source"),
        .title = title.len > 0 ? title : json_str(cited, "document_title"),
        .content = json_str(cited, "cited_text"),
        .has_content = true,
        .from = work->answer->text_from,
        .to = work->answer->text_chars,
    };
    json *annotation = decoding_citation(&citation, work->decoder->bytes_max, work->scratch);

    if (annotation == NULL) {
        return decoding_too_big(work->fault);
    }
    add(work, EVENT_ANNOTATION)->raw = annotation;
    return ERR_OK;
}

static enum err give_citations(struct anthropic_work *work)
{
    str rest = buf_str(&work->answer->held);

    while (rest.len > 0 && !work->answer->drops_text) {
        enum err err = give_citation(work, str_split(&rest, '\n'));
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* ---- Blocks ---- */

/* Ends the open block, if any. */
static enum err close_block(struct anthropic_work *work)
{
    struct anthropic_answer *answer = work->answer;
    enum err err = ERR_OK;

    if ((answer->block == BLOCK_TOOL || answer->block == BLOCK_JSON) && !answer->has_input) {
        str input = answer->held.len > 0 ? buf_str(&answer->held) : STR("{}");
        give_input(work, arena_copy(work->scratch, input));
    }
    if (answer->block == BLOCK_TEXT || answer->block == BLOCK_JSON) {
        give_held_text(work);
    }
    if (answer->block == BLOCK_TEXT) {
        err = give_citations(work);
    }
    answer->block = BLOCK_NONE;
    answer->held.len = 0;
    return err;
}

static enum err open_text(struct anthropic_work *work, json *block, str written)
{
    (void)written;
    struct json_walk walk = json_walk(json_get(block, "citations"));

    work->answer->text_from = work->answer->text_chars;
    give_text(work, json_str(block, "text"));
    while (json_next(&walk)) {
        enum err err = hold_citation(work, walk.value);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err open_thinking(struct anthropic_work *work, json *block, str written)
{
    (void)written;
    work->answer->reasoning_count++;
    give_reasoning(work, REASONING_TEXT, json_str(block, "thinking"), STR_NONE);
    give_reasoning(work, REASONING_TEXT, STR_NONE, json_str(block, "signature"));
    return ERR_OK;
}

static enum err open_redacted(struct anthropic_work *work, json *block, str written)
{
    (void)written;
    work->answer->reasoning_count++;
    give_reasoning(work, REASONING_ENCRYPTED, json_str(block, "data"), STR_NONE);
    return ERR_OK;
}

/* The input is empty in a stream and comes in deltas; whole answers and some proxies send it here.
 */
static enum err open_tool(struct anthropic_work *work, json *block, str written)
{
    struct anthropic_answer *answer = work->answer;
    str name = json_str(block, "name");

    answer->has_input = false;
    answer->said_anything = true;
    if (str_eq(name, STR(JSON_TOOL))) {
        answer->block = BLOCK_JSON;
    } else {
        struct event *event = add(work, EVENT_TOOL_CALL);
        event->tool.index = answer->tool_count++;
        event->tool.id = decoding_call_id(work->decoder, work->scratch, json_str(block, "id"),
                                          event->tool.index);
        event->tool.name = hints_tool_name(&work->decoder->hints, name);
    }
    if (json_count(json_get(block, "input")) > 0 &&
        buf_add(&answer->held, json_text_find(written, STR("input"))) != ERR_OK) {
        return decoding_too_big(work->fault);
    }
    return ERR_OK;
}

static const struct {
    str type;
    enum anthropic_block_kind block;
    enum err (*open)(struct anthropic_work *work, json *block, str written);
} block_types[] = {
    {STR_INIT("text"), BLOCK_TEXT, open_text},
    {STR_INIT("thinking"), BLOCK_THINKING, open_thinking},
    {STR_INIT("redacted_thinking"), BLOCK_SKIPPED, open_redacted},
    {STR_INIT("tool_use"), BLOCK_TOOL, open_tool},
};

/* `written` is the text that the block was read from: numbers in a tool's input stay as they are.
 */
static enum err open_block(struct anthropic_work *work, json *block, str written)
{
    str type = json_str(block, "type");
    enum err err = close_block(work);

    if (err != ERR_OK) {
        return err;
    }
    work->answer->block = BLOCK_SKIPPED;
    for (size_t i = 0; i < COUNT_OF(block_types); i++) {
        if (str_eq(type, block_types[i].type)) {
            work->answer->block = block_types[i].block;
            return block_types[i].open(work, block, written);
        }
    }
    return ERR_OK;
}

/* ---- The message ---- */

/* Proxies repeat the start of a message: the first one counts. */
static void start_message(struct anthropic_work *work, json *wire)
{
    if (work->answer->started) {
        return;
    }
    struct event *event = add(work, EVENT_START);
    event->start.id = json_str(wire, "id");
    event->start.model = json_str(wire, "model");
    work->answer->started = true;
}

/* `stop_reason` and its details; the last one that came counts. */
static void take_stop(struct anthropic_work *work, json *wire)
{
    struct anthropic_answer *answer = work->answer;
    str reason = str_take(json_str(wire, "stop_reason"), sizeof(answer->native));
    str explanation = json_str(json_get(wire, "stop_details"), "explanation");

    if (reason.len > 0) {
        memcpy(answer->native, reason.at, reason.len);
        answer->native_len = reason.len;
    }
    if (str_eq(reason, STR("refusal")) && explanation.len > 0) {
        answer->said_anything = true;
        add(work, EVENT_REFUSAL)->text = explanation;
    }
}

static enum finish_reason finish_of(const struct anthropic_answer *answer)
{
    static const struct finish_word words[] = {
        {STR_INIT("end_turn"), FINISH_STOP},
        {STR_INIT("stop_sequence"), FINISH_STOP},
        {STR_INIT("pause_turn"), FINISH_STOP},
        {STR_INIT("tool_use"), FINISH_STOP},
        {STR_INIT("max_tokens"), FINISH_LENGTH},
        {STR_INIT("model_context_window_exceeded"), FINISH_LENGTH},
        {STR_INIT("refusal"), FINISH_CONTENT_FILTER},
    };

    return decoding_finish(words, COUNT_OF(words), str_of(answer->native, answer->native_len),
                           answer->said_anything, answer->tool_count > 0);
}

static enum err end_message(struct anthropic_work *work)
{
    struct anthropic_answer *answer = work->answer;
    enum err err = close_block(work);

    if (err != ERR_OK) {
        return err;
    }
    struct event *event = add(work, EVENT_FINISH);
    event->finish.reason = finish_of(answer);
    event->finish.native =
        answer->native_len > 0 ? str_of(answer->native, answer->native_len) : STR_NONE;
    answer->done = true;
    return ERR_OK;
}

/* An error inside an answer that began with status 200; its type word says which status it is. */
static enum err take_error(struct anthropic_work *work, json *root)
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
    return decoding_refused(work->decoder->arena, status, root, work->fault);
}

/* ---- A stream ---- */

static enum err on_message_start(struct anthropic_work *work, json *root)
{
    json *wire = json_get(root, "message");
    bool is_first = !work->answer->started;

    start_message(work, wire);
    if (is_first) {
        take_usage(work, json_get(wire, "usage"));
    }
    return ERR_OK;
}

static enum err on_block_start(struct anthropic_work *work, json *root)
{
    work->answer->index = json_int(root, "index");
    return open_block(work, json_get(root, "content_block"),
                      json_text_find(work->text, STR("content_block")));
}

static enum err on_block_delta(struct anthropic_work *work, json *root)
{
    struct anthropic_answer *answer = work->answer;
    json *delta = json_get(root, "delta");
    str type = json_str(delta, "type");

    if (answer->block == BLOCK_NONE || json_int(root, "index") != answer->index) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider went on with a block that is not open"));
    }
    switch (answer->block) {
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

static enum err on_block_stop(struct anthropic_work *work, json *root)
{
    (void)root;
    return close_block(work);
}

static enum err on_message_delta(struct anthropic_work *work, json *root)
{
    json *usage = json_get(root, "usage");

    take_stop(work, json_get(root, "delta"));
    take_usage(work, usage);
    work->answer->has_final_usage = json_int(usage, "output_tokens") > 0;
    return ERR_OK;
}

static enum err on_message_stop(struct anthropic_work *work, json *root)
{
    take_metrics(work, json_get(root, "amazon-bedrock-invocationMetrics"));
    work->decoder->is_complete = true;
    return end_message(work);
}

/* The most frequent first.  `ping` and events not known yet are let through. */
static const struct {
    str type;
    enum err (*take)(struct anthropic_work *work, json *root);
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

enum err anthropic_take_event(struct anthropic_work *work, str data)
{
    json *root = json_read_lenient(work->scratch, data);
    str type = json_str(root, "type");

    work->text = data;
    if (root == NULL && str_eq(str_trim(data), STR("[DONE]"))) {
        return ERR_OK; /* some proxies add it */
    }
    if (root == NULL) {
        return work->answer->ended
                   ? decoding_cut(work->fault)
                   : decoding_broken(work->fault, ERR_PEER,
                                     STR("the provider sent an event that is not JSON"));
    }
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        if (!str_eq(type, handlers[i].type)) {
            continue;
        }
        if (!work->answer->started && !handlers[i].may_be_first) {
            return decoding_broken(work->fault, ERR_PEER,
                                   STR("the answer of the provider does not begin at its start"));
        }
        return handlers[i].take(work, root);
    }
    return refusal_is_error(root) ? take_error(work, root) : ERR_OK; /* Google's errors: no type */
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

enum err anthropic_take_body(struct anthropic_work *work, str body)
{
    struct anthropic_answer *answer = work->answer;
    json *root = json_read_lenient(work->scratch, body);
    json *content = json_get(root, "content");

    if (refusal_is_error(root)) {
        return take_error(work, root);
    }
    if (!json_is(content, JSON_ARRAY)) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the answer of the provider is not a message"));
    }
    start_message(work, root);
    answer->drops_text = calls_json_tool(content);
    struct json_text_walk texts = json_text_walk(json_text_find(body, STR("content")));
    struct json_walk walk = json_walk(content);
    while (json_next(&walk) && json_text_next(&texts)) {
        enum err err = open_block(work, walk.value, texts.value);
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
