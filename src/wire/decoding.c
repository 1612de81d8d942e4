#include "wire/decoding.h"

#include "wire/refusal.h"

/* ---- Failing ---- */

enum err decoding_broken(struct fault *fault, enum err err, str message)
{
    *fault = (struct fault){
        .kind = err,
        .type = FAULT_PROVIDER_UNAVAILABLE,
        .message = message,
        .retryable = true,
    };
    return err;
}

enum err decoding_too_big(struct fault *fault)
{
    return decoding_broken(fault, ERR_TOO_BIG,
                           STR("the provider sent more at once than is allowed"));
}

enum err decoding_cut(struct fault *fault)
{
    return decoding_broken(fault, ERR_CUT, STR("the provider cut its answer short"));
}

enum err decoding_refused(struct arena *arena, int status, json *root, struct fault *fault)
{
    refusal_read_json(status, root, arena, fault);
    return fault->kind != ERR_OK ? fault->kind : ERR_PEER;
}

/* ---- Bytes ---- */

enum err decoding_keep(struct buf *body, str bytes, struct fault *fault)
{
    return buf_add(body, bytes) == ERR_OK ? ERR_OK : decoding_too_big(fault);
}

bool decoding_next(struct sse_decoder *sse, str *bytes, struct sse_event *event, enum err *err,
                   struct fault *fault)
{
    switch (sse_next(sse, bytes, event)) {
    case SSE_EVENT:
        return true;
    case SSE_ERROR:
        *err = decoding_too_big(fault);
        break;
    case SSE_MORE:
        break;
    }
    return false;
}

/* ---- Text that goes on from one that was asked for ---- */

static size_t common_len(str a, str b)
{
    size_t len = 0;

    while (len < a.len && len < b.len && a.at[len] == b.at[len]) {
        len++;
    }
    return len;
}

str repetition_skip(struct repetition *repetition, str prefill, str text, str *held)
{
    str awaited = str_skip(prefill, repetition->len);

    *held = STR_NONE;
    if (repetition->is_over) {
        return text;
    }
    size_t common = common_len(awaited, text);
    if (common == awaited.len) {
        repetition->is_over = true;
        return str_skip(text, common);
    }
    if (common == text.len) {
        repetition->len += common;
        return STR_NONE;
    }
    *held = repetition_end(repetition, prefill);
    return text;
}

str repetition_end(struct repetition *repetition, str prefill)
{
    if (repetition->is_over) {
        return STR_NONE;
    }
    repetition->is_over = true;
    return str_take(prefill, repetition->len);
}

/* ---- What an answer says ---- */

str decoding_call_id(const struct decoder *decoder, struct arena *scratch, str given, int64_t index)
{
    return given.len > 0 ? given
                         : arena_printf(scratch, "call_" STR_FMT "_%d", STR_ARG(decoder->id_seed),
                                        (int)index);
}

int64_t decoding_characters(str text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

json *decoding_written(struct json_writer *writer, struct arena *scratch)
{
    bool is_whole = json_write_end(writer) == ERR_OK;
    json *written = is_whole ? json_read_lenient(scratch, buf_str(writer->out)) : NULL;

    buf_free(writer->out);
    return written;
}

json *decoding_citation(const struct citation *citation, size_t bytes_max, struct arena *scratch)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    buf_init(&text, bytes_max);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("url_citation"));
    json_open_object(&writer, "url_citation");
    json_put_str(&writer, "url", citation->url);
    json_put_str(&writer, "title", citation->title);
    if (citation->has_content) {
        json_put_str(&writer, "content", citation->content);
    }
    json_put_int(&writer, "start_index", citation->from);
    json_put_int(&writer, "end_index", citation->to);
    json_close_object(&writer);
    json_close_object(&writer);
    return decoding_written(&writer, scratch);
}

json *decoding_image(str url, size_t bytes_max, struct arena *scratch)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    buf_init(&text, bytes_max);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("image_url"));
    json_open_object(&writer, "image_url");
    json_put_str(&writer, "url", url);
    json_close_object(&writer);
    json_close_object(&writer);
    return decoding_written(&writer, scratch);
}

/* ---- The end ---- */

int64_t decoding_tokens(int64_t count)
{
    enum { TOKENS_MAX = 1 << 30 };

    if (count < 0) {
        return 0;
    }
    return count < TOKENS_MAX ? count : TOKENS_MAX;
}

int64_t decoding_count(json *object, const char *name)
{
    return decoding_tokens(json_int(object, name));
}

int64_t decoding_part(int64_t part, int64_t whole)
{
    return part < whole ? part : whole;
}

enum finish_reason decoding_finish(const struct finish_word *words, size_t count, str native,
                                   bool has_said, bool has_calls)
{
    enum finish_reason finish = has_said ? FINISH_STOP : FINISH_ERROR;

    for (size_t i = 0; i < count; i++) {
        if (str_eq(native, words[i].native)) {
            finish = words[i].reason;
        }
    }
    return finish == FINISH_STOP && has_calls ? FINISH_TOOL_CALLS : finish;
}
