/*
 * What stands beside the texts of an answer of the Responses API, in the chat's form.
 */
#include "base/text.h"
#include "wire/openai_responses_decode.h"

/* What is made here is bounded by the event that it comes from. */
#define FORM_BYTES_MAX (SIZE_MAX / 2)

/* An index into a text; what cannot be one is 0. */
static int64_t index_in_text(json *annotation, const char *name)
{
    int64_t index = json_int(annotation, name);

    return index > 0 && index < INT32_MAX ? index : 0;
}

json *responses_citation(struct responses_work *work, json *annotation, int64_t text_from)
{
    str content = json_str(annotation, "content");
    const struct citation citation = {
        .url = json_str(annotation, "url"),
        .title = json_str(annotation, "title"),
        .content = content,
        .has_content = content.len > 0,
        .from = text_from + index_in_text(annotation, "start_index"),
        .to = text_from + index_in_text(annotation, "end_index"),
    };

    if (!str_eq(json_str(annotation, "type"), STR("url_citation"))) {
        return NULL;
    }
    return decoding_citation(&citation, FORM_BYTES_MAX, work->scratch);
}

/* A stream leaves `bytes` out; the chat has it always. */
static void put_token(struct json_writer *writer, json *token)
{
    json *bytes = json_get(token, "bytes");

    json_put_str(writer, "token", json_str(token, "token"));
    json_put_value(writer, "logprob", json_get(token, "logprob"));
    json_put_value(writer, "bytes", json_is(bytes, JSON_ARRAY) ? bytes : NULL);
}

json *responses_logprobs(struct responses_work *work, json *tokens)
{
    struct json_walk walk = json_walk(tokens);
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    if (!json_is(tokens, JSON_ARRAY) || walk.left == 0) {
        return NULL;
    }
    buf_init(&text, FORM_BYTES_MAX);
    json_open_object(&writer, NULL);
    json_open_array(&writer, "content");
    while (json_next(&walk)) {
        struct json_walk others = json_walk(json_get(walk.value, "top_logprobs"));
        json_open_object(&writer, NULL);
        put_token(&writer, walk.value);
        json_open_array(&writer, "top_logprobs");
        while (json_next(&others)) {
            json_open_object(&writer, NULL);
            put_token(&writer, others.value);
            json_close_object(&writer);
        }
        json_close_array(&writer);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    json_close_object(&writer);
    return decoding_written(&writer, work->scratch);
}

json *responses_image(struct responses_work *work, json *item)
{
    str data = json_str(item, "result");
    str format = json_str(item, "output_format");

    if (data.len == 0 || !text_is_base64(data)) {
        return NULL;
    }
    const str url[] = {STR("data:image/"), format.len > 0 ? format : STR("png"), STR(";base64,"),
                       data};
    return decoding_image(arena_join(work->scratch, url, COUNT_OF(url)), FORM_BYTES_MAX,
                          work->scratch);
}
