/*
 * What stands beside the texts of an answer of the Responses API, in the chat's form.
 */
#include "base/text.h"
#include "wire/openai_responses_decode.h"

/* What was written, as JSON in scratch; ends `text`. */
static json *take_written(struct responses_work *work, struct json_writer *writer)
{
    bool is_whole = json_write_end(writer) == ERR_OK;
    json *written = is_whole ? json_read_lenient(work->scratch, buf_str(writer->out)) : NULL;

    buf_free(writer->out);
    return written;
}

/* An index into a text; what cannot be one is 0. */
static int64_t index_in_text(json *annotation, const char *name)
{
    int64_t index = json_int(annotation, name);

    return index > 0 && index < INT32_MAX ? index : 0;
}

json *responses_citation(struct responses_work *work, json *annotation, int64_t text_from)
{
    str content = json_str(annotation, "content");
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    if (!str_eq(json_str(annotation, "type"), STR("url_citation"))) {
        return NULL;
    }
    buf_init(&text, SIZE_MAX / 2); /* bounded by the event it comes from, as all here */
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("url_citation"));
    json_open_object(&writer, "url_citation");
    json_put_str(&writer, "url", json_str(annotation, "url"));
    json_put_str(&writer, "title", json_str(annotation, "title"));
    if (content.len > 0) {
        json_put_str(&writer, "content", content);
    }
    json_put_int(&writer, "start_index", text_from + index_in_text(annotation, "start_index"));
    json_put_int(&writer, "end_index", text_from + index_in_text(annotation, "end_index"));
    json_close_object(&writer);
    json_close_object(&writer);
    return take_written(work, &writer);
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
    buf_init(&text, SIZE_MAX / 2);
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
    return take_written(work, &writer);
}

json *responses_image(struct responses_work *work, json *item)
{
    str data = json_str(item, "result");
    str format = json_str(item, "output_format");
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    if (data.len == 0 || !text_is_base64(data)) {
        return NULL;
    }
    const str url[] = {STR("data:image/"), format.len > 0 ? format : STR("png"), STR(";base64,"),
                       data};
    buf_init(&text, SIZE_MAX / 2);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "type", STR("image_url"));
    json_open_object(&writer, "image_url");
    json_put_str(&writer, "url", arena_join(work->scratch, url, COUNT_OF(url)));
    json_close_object(&writer);
    json_close_object(&writer);
    return take_written(work, &writer);
}
