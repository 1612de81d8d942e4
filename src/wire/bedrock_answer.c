#include "wire/bedrock_answer.h"

#include "base/text.h"
#include "codec/json_text.h"
#include "codec/json_write.h"
#include "wire/bedrock.h"

static struct event *add(struct bedrock_work *work, enum event_kind kind)
{
    return event_list_add(work->out, work->scratch, kind);
}

void bedrock_start(struct bedrock_work *work)
{
    if (!work->answer->started) {
        work->answer->started = true;
        (void)add(work, EVENT_START); /* this API gives answers no id */
    }
}

/* ---- Text ---- */

static void say(struct bedrock_work *work, str text)
{
    struct bedrock_answer *answer = work->answer;

    if (text.len == 0) {
        return;
    }
    answer->text_chars += decoding_characters(text);
    answer->said_anything = true;
    add(work, EVENT_TEXT)->text = text;
}

/* What was taken for a repetition of the prefill and is none. */
static void say_withheld(struct bedrock_work *work)
{
    say(work, repetition_end(&work->answer->repetition, work->decoder->hints.prefill));
}

static void give_text(struct bedrock_work *work, str text)
{
    str held = STR_NONE;
    str rest =
        repetition_skip(&work->answer->repetition, work->decoder->hints.prefill, text, &held);

    say(work, held);
    say(work, rest);
}

/* ---- Citations ---- */

/* A citation is held until its block ends: only then is known which text it stands behind. */
static enum err hold_citation(struct bedrock_work *work, json *citation)
{
    struct buf *held = &work->answer->citations;
    struct json_writer writer = json_write_to(held);

    if (!json_is(citation, JSON_OBJECT)) {
        return ERR_OK;
    }
    json_put_value(&writer, NULL, citation);
    if (json_write_end(&writer) != ERR_OK || buf_add_char(held, '\n') != ERR_OK) {
        return decoding_too_big(work->fault);
    }
    return ERR_OK;
}

/* The cited passage, which may lie in pieces. */
static str cited_text(struct bedrock_work *work, json *citation)
{
    json *pieces = json_get(citation, "sourceContent");
    struct json_walk walk = json_walk(pieces);
    size_t count = 0;
    str *texts = ARENA_ARRAY(work->scratch, str, json_count(pieces) + 1);

    while (json_next(&walk)) {
        texts[count++] = json_str(walk.value, "text");
    }
    return arena_join(work->scratch, texts, count);
}

static str first_of(str a, str b)
{
    return a.len > 0 ? a : b;
}

/* Pages have an address, documents only their title. */
static enum err give_citation(struct bedrock_work *work, str line)
{
    json *cited = json_read_lenient(work->scratch, line);
    json *web = json_get(json_get(cited, "location"), "web");
    const struct citation citation = {
        .url = first_of(json_str(web, "url"), json_str(cited, "source")),
        .title = first_of(json_str(cited, "title"), json_str(web, "domain")),
        .content = cited_text(work, cited),
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

static enum err give_citations(struct bedrock_work *work)
{
    str rest = buf_str(&work->answer->citations);
    enum err err = ERR_OK;

    while (rest.len > 0 && err == ERR_OK && !work->answer->drops_text) {
        err = give_citation(work, str_split(&rest, '\n'));
    }
    work->answer->citations.len = 0;
    return err;
}

/* ---- Text and reasoning blocks ---- */

static enum err end_block(struct bedrock_work *work)
{
    work->answer->block = BEDROCK_NONE;
    work->answer->block_has_text = false;
    return give_citations(work);
}

/* Makes the block the open one.  Nothing announces it: a piece of another kind or with another
 * index ends the one before. */
static enum err begin_block(struct bedrock_work *work, enum bedrock_block_kind block, int64_t index)
{
    struct bedrock_answer *answer = work->answer;

    if (answer->block == block && answer->index == index) {
        return ERR_OK;
    }
    enum err err = end_block(work);
    answer->block = block;
    answer->index = index;
    if (block == BEDROCK_REASONING || block == BEDROCK_REDACTED) {
        answer->reasoning_count++;
    }
    return err;
}

static enum err add_text(struct bedrock_work *work, int64_t index, str text)
{
    struct bedrock_answer *answer = work->answer;
    enum err err = begin_block(work, BEDROCK_TEXT, index);

    if (err != ERR_OK || text.len == 0 || answer->drops_text) {
        return err;
    }
    if (!answer->block_has_text) {
        answer->block_has_text = true; /* a citation without text stands for the text before it */
        answer->text_from = answer->text_chars;
    }
    give_text(work, text);
    return ERR_OK;
}

static enum err add_citation(struct bedrock_work *work, int64_t index, json *citation)
{
    enum err err = begin_block(work, BEDROCK_TEXT, index);

    return err == ERR_OK ? hold_citation(work, citation) : err;
}

static void give_reasoning(struct bedrock_work *work, const struct reasoning *piece)
{
    if (piece->text.len == 0 && piece->signature.len == 0) {
        return;
    }
    struct reasoning *reasoning = &add(work, EVENT_REASONING)->reasoning;
    *reasoning = *piece;
    reasoning->index = work->answer->reasoning_count - 1;
    work->answer->said_anything = true;
}

static bool is_base64_text(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/' || c == '=')) {
            return false;
        }
    }
    return text.len > 0;
}

/* Claude's redacted thinking is text already, which this API wraps in base64 once more: unwrapped
 * it can be handed back to Claude anywhere.  Other opaque data is nobody's we know. */
static enum err add_redacted(struct bedrock_work *work, int64_t index, str blob)
{
    str data = STR_NONE;
    bool is_claude = text_base64_decode(blob, work->scratch, &data) && is_base64_text(data);
    enum err err = begin_block(work, BEDROCK_REDACTED, index);

    if (err == ERR_OK) {
        give_reasoning(work, &(struct reasoning){
                                 .kind = REASONING_ENCRYPTED,
                                 .text = is_claude ? data : blob,
                                 .format = is_claude ? STR(BEDROCK_CLAUDE_FORMAT) : STR_NONE,
                             });
    }
    return err;
}

/* Claude's is signed; a signature tells Claude where the model's name does not. */
static enum err add_reasoning(struct bedrock_work *work, int64_t index, json *reasoning)
{
    str text = json_str(reasoning, "text");
    str signature = json_str(reasoning, "signature");
    str redacted = json_str(reasoning, "redactedContent");
    enum err err = ERR_OK;

    if (text.len > 0 || signature.len > 0) {
        err = begin_block(work, BEDROCK_REASONING, index);
    }
    give_reasoning(work,
                   &(struct reasoning){
                       .kind = REASONING_TEXT,
                       .text = text,
                       .format = work->answer->is_claude ? STR(BEDROCK_CLAUDE_FORMAT) : STR_NONE,
                   });
    give_reasoning(work, &(struct reasoning){
                             .kind = REASONING_TEXT,
                             .signature = signature,
                             .format = STR(BEDROCK_CLAUDE_FORMAT),
                         });
    return err == ERR_OK && redacted.len > 0 ? add_redacted(work, index, redacted) : err;
}

/* ---- Calls ---- */

static void give_input(struct bedrock_work *work, struct bedrock_call *call, str piece)
{
    if (piece.len == 0) {
        return; /* the first piece of many calls is empty */
    }
    call->has_input = true;
    if (call->kind == BEDROCK_CALL_JSON) {
        say(work, piece);
    } else if (call->kind == BEDROCK_CALL_TOOL) {
        struct event *event = add(work, EVENT_TOOL_ARGS);
        event->tool_args.index = call->tool;
        event->tool_args.json = piece;
    }
}

static struct bedrock_call *find_call(struct bedrock_answer *answer, int64_t index)
{
    for (size_t i = 0; i < answer->call_count; i++) {
        if (answer->calls[i].block == index) {
            return &answer->calls[i];
        }
    }
    return NULL;
}

static void close_call(struct bedrock_work *work, struct bedrock_call *call)
{
    struct bedrock_answer *answer = work->answer;
    size_t at = (size_t)(call - answer->calls);

    if (!call->has_input) {
        give_input(work, call, STR("{}"));
    }
    answer->call_count--;
    memmove(call, call + 1, (answer->call_count - at) * sizeof(*call));
}

static enum bedrock_call_kind kind_of(const struct bedrock_answer *answer, json *use)
{
    if (str_eq(json_str(use, "type"), STR("server_tool_use"))) {
        return BEDROCK_CALL_SKIPPED;
    }
    if (!str_eq(json_str(use, "name"), STR(JSON_TOOL))) {
        return BEDROCK_CALL_TOOL;
    }
    return answer->has_json ? BEDROCK_CALL_SKIPPED : BEDROCK_CALL_JSON;
}

static void give_call(struct bedrock_work *work, json *use)
{
    str id = json_str(use, "toolUseId");
    struct event *event = add(work, EVENT_TOOL_CALL);

    event->tool.index = work->answer->tool_count++;
    event->tool.id = id.len > 0
                         ? id
                         : arena_printf(work->scratch, "call_" STR_FMT "_%d",
                                        STR_ARG(work->decoder->id_seed), (int)event->tool.index);
    event->tool.name = hints_tool_name(&work->decoder->hints, json_str(use, "name"));
    work->answer->said_anything = true;
}

/* A call begins.  An earlier one with the same index has ended then, whether that was said or not.
 */
static enum err open_call(struct bedrock_work *work, int64_t index, json *use)
{
    struct bedrock_answer *answer = work->answer;
    struct bedrock_call *before = find_call(answer, index);
    struct bedrock_call call = {
        .block = index,
        .tool = answer->tool_count,
        .kind = kind_of(answer, use),
    };

    if (before != NULL) {
        close_call(work, before);
    }
    if (answer->call_count == BEDROCK_CALLS_MAX) {
        return decoding_too_big(work->fault);
    }
    enum err err = end_block(work);
    if (call.kind == BEDROCK_CALL_TOOL) {
        give_call(work, use);
    }
    answer->has_json = answer->has_json || call.kind == BEDROCK_CALL_JSON;
    answer->drops_text = answer->drops_text || answer->has_json;
    answer->calls[answer->call_count++] = call;
    return err;
}

static enum err add_input(struct bedrock_work *work, int64_t index, str piece)
{
    struct bedrock_call *call = find_call(work->answer, index);

    if (call == NULL) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider went on with a call that is not open"));
    }
    give_input(work, call, piece);
    return ERR_OK;
}

/* ---- Images ---- */

static void open_image(struct bedrock_work *work, int64_t index, json *image)
{
    struct bedrock_answer *answer = work->answer;
    str format = str_take(json_str(image, "format"), sizeof(answer->image_format) - 1);

    answer->has_image = true;
    answer->image_index = index;
    answer->image.len = 0;
    memset(answer->image_format, 0, sizeof(answer->image_format));
    if (format.len > 0) {
        memcpy(answer->image_format, format.at, format.len);
    }
}

/* Pieces are base64 each for itself. */
static enum err add_image(struct bedrock_work *work, int64_t index, json *image)
{
    struct bedrock_answer *answer = work->answer;
    str bytes = STR_NONE;

    if (!answer->has_image || answer->image_index != index) {
        open_image(work, index, image);
    }
    if (!text_base64_decode(json_str(json_get(image, "source"), "bytes"), work->scratch, &bytes)) {
        return decoding_broken(work->fault, ERR_PEER,
                               STR("the provider sent an image that is not base64"));
    }
    return buf_add(&answer->image, bytes) == ERR_OK ? ERR_OK : decoding_too_big(work->fault);
}

static enum err close_image(struct bedrock_work *work)
{
    struct bedrock_answer *answer = work->answer;
    const char *format = answer->image_format[0] != '\0' ? answer->image_format : "png";

    answer->has_image = false;
    if (answer->image.len == 0) {
        return ERR_OK;
    }
    str parts[] = {STR("data:image/"), str_c(format), STR(";base64,"),
                   text_base64_encode(buf_str(&answer->image), work->scratch)};
    str url = arena_join(work->scratch, parts, COUNT_OF(parts));
    json *image = decoding_image(url, 2 * work->decoder->bytes_max, work->scratch);
    buf_free(&answer->image);
    if (image == NULL) {
        return decoding_too_big(work->fault);
    }
    answer->said_anything = true;
    add(work, EVENT_IMAGE)->raw = image;
    return ERR_OK;
}

/* ---- Blocks of a stream ---- */

enum err bedrock_open(struct bedrock_work *work, int64_t index, json *start)
{
    json *use = json_get(start, "toolUse");
    json *image = json_get(start, "image");

    if (use != NULL) {
        return open_call(work, index, use);
    }
    if (image != NULL) {
        open_image(work, index, image);
    }
    return ERR_OK; /* results of the provider's own tools, and kinds not known yet */
}

/* The most frequent first; kinds that are not known yet are let through. */
enum err bedrock_add(struct bedrock_work *work, int64_t index, json *delta)
{
    json *text = json_get(delta, "text");
    json *use = json_get(delta, "toolUse");
    json *reasoning = json_get(delta, "reasoningContent");
    json *citation = json_get(delta, "citation");
    json *image = json_get(delta, "image");

    if (text != NULL) {
        return add_text(work, index, json_as_str(text));
    }
    if (use != NULL) {
        return add_input(work, index, json_str(use, "input"));
    }
    if (reasoning != NULL) {
        return add_reasoning(work, index, reasoning);
    }
    if (citation != NULL) {
        return add_citation(work, index, citation);
    }
    return image != NULL ? add_image(work, index, image) : ERR_OK;
}

enum err bedrock_close(struct bedrock_work *work, int64_t index)
{
    struct bedrock_answer *answer = work->answer;
    struct bedrock_call *call = find_call(answer, index);
    enum err err = ERR_OK;

    if (call != NULL) {
        close_call(work, call);
    }
    if (answer->has_image && answer->image_index == index) {
        err = close_image(work);
    }
    if (err == ERR_OK && answer->block != BEDROCK_NONE && answer->index == index) {
        err = end_block(work);
    }
    return err;
}

/* ---- Blocks of a whole answer ---- */

static enum err take_cited(struct bedrock_work *work, int64_t index, json *cited)
{
    struct json_walk texts = json_walk(json_get(cited, "content"));
    struct json_walk citations = json_walk(json_get(cited, "citations"));
    enum err err = ERR_OK;

    while (err == ERR_OK && json_next(&texts)) {
        err = add_text(work, index, json_str(texts.value, "text"));
    }
    while (err == ERR_OK && json_next(&citations)) {
        err = add_citation(work, index, citations.value);
    }
    return err;
}

/* The input as it was written: numbers of any size stay what they are. */
static enum err take_call(struct bedrock_work *work, int64_t index, json *use, str text)
{
    str input = json_text_find(json_text_find(text, STR("toolUse")), STR("input"));
    enum err err = open_call(work, index, use);

    if (json_is_none(json_get(use, "input"))) {
        input = STR_NONE;
    }
    return err == ERR_OK ? add_input(work, index, arena_copy(work->scratch, input)) : err;
}

enum err bedrock_take_block(struct bedrock_work *work, int64_t index, json *block, str text)
{
    json *use = json_get(block, "toolUse");
    json *reasoning = json_get(block, "reasoningContent");
    json *cited = json_get(block, "citationsContent");
    json *readable = json_get(reasoning, "reasoningText");
    enum err err = ERR_OK;

    if (use != NULL) {
        err = take_call(work, index, use, text);
    } else if (reasoning != NULL) {
        err = add_reasoning(work, index, readable != NULL ? readable : reasoning);
    } else if (cited != NULL) {
        err = take_cited(work, index, cited);
    } else {
        err = bedrock_add(work, index, block); /* text and images look as in a stream */
    }
    return err == ERR_OK ? bedrock_close(work, index) : err;
}

bool bedrock_calls_json_tool(json *content)
{
    struct json_walk walk = json_walk(content);

    while (json_next(&walk)) {
        if (str_eq(json_str(json_get(walk.value, "toolUse"), "name"), STR(JSON_TOOL))) {
            return true;
        }
    }
    return false;
}

/* ---- The end ---- */

enum err bedrock_stop(struct bedrock_work *work, str reason)
{
    struct bedrock_answer *answer = work->answer;

    while (answer->call_count > 0) {
        close_call(work, &answer->calls[0]);
    }
    enum err err = answer->has_image ? close_image(work) : ERR_OK;
    if (err == ERR_OK) {
        err = end_block(work);
    }
    say_withheld(work);
    answer->stopped = true;
    answer->native_len = reason.len < sizeof(answer->native) ? reason.len : sizeof(answer->native);
    if (answer->native_len > 0) {
        memcpy(answer->native, reason.at, answer->native_len);
    }
    return err;
}

/* Tokens written to a cache that keeps them for an hour. */
static int64_t written_for_1h(json *wire)
{
    struct json_walk walk = json_walk(json_get(wire, "cacheDetails"));
    int64_t count = 0;

    while (json_next(&walk)) {
        if (str_eq(json_str(walk.value, "ttl"), STR("1h"))) {
            count += decoding_count(walk.value, "inputTokens");
        }
    }
    return count;
}

/* What is read from and written to caches stands beside `inputTokens`, not inside it. */
void bedrock_take_usage(struct bedrock_work *work, json *wire)
{
    if (!json_is(wire, JSON_OBJECT)) {
        return;
    }
    struct usage *usage = &add(work, EVENT_USAGE)->usage;
    int64_t total = decoding_count(wire, "totalTokens");
    int64_t for_1h = written_for_1h(wire);

    usage->prompt_cached = decoding_count(wire, "cacheReadInputTokens");
    usage->prompt_cache_write = decoding_count(wire, "cacheWriteInputTokens");
    usage->prompt_cache_write_1h =
        for_1h < usage->prompt_cache_write ? for_1h : usage->prompt_cache_write;
    usage->prompt =
        decoding_count(wire, "inputTokens") + usage->prompt_cached + usage->prompt_cache_write;
    usage->completion = decoding_count(wire, "outputTokens");
    usage->total = total > 0 ? total : usage->prompt + usage->completion;
}

static enum finish_reason finish_of(const struct bedrock_answer *answer)
{
    static const struct finish_word words[] = {
        {STR_INIT("end_turn"), FINISH_STOP},
        {STR_INIT("stop_sequence"), FINISH_STOP},
        {STR_INIT("tool_use"), FINISH_STOP},
        {STR_INIT("max_tokens"), FINISH_LENGTH},
        {STR_INIT("model_context_window_exceeded"), FINISH_LENGTH},
        {STR_INIT("guardrail_intervened"), FINISH_CONTENT_FILTER},
        {STR_INIT("content_filtered"), FINISH_CONTENT_FILTER},
        {STR_INIT("refusal"), FINISH_CONTENT_FILTER},
        {STR_INIT("malformed_model_output"), FINISH_ERROR},
        {STR_INIT("malformed_tool_use"), FINISH_ERROR},
    };

    return decoding_finish(words, COUNT_OF(words), str_of(answer->native, answer->native_len),
                           answer->said_anything, answer->tool_count > 0);
}

void bedrock_finish(struct bedrock_work *work)
{
    struct bedrock_answer *answer = work->answer;
    struct event *event = add(work, EVENT_FINISH);

    event->finish.reason = finish_of(answer);
    event->finish.native =
        answer->native_len > 0 ? str_of(answer->native, answer->native_len) : STR_NONE;
    answer->done = true;
}
