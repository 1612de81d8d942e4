/*
 * Embeddings as clients ask us for them: OpenAI's API, with the members that other vendors added.
 */
#include "base/text.h"
#include "wire/embed_floats.h"
#include "wire/embed_priv.h"

/* ---- Requests ---- */

struct reading {
    struct arena *arena;
    struct embed_request *request;
    struct fault *fault;
};

static enum err refuse(struct reading *reading, str param, const char *words)
{
    *reading->fault = (struct fault){
        .kind = ERR_INVALID,
        .type = FAULT_INVALID_REQUEST,
        .message = arena_printf(reading->arena, "`" STR_FMT "` %s", STR_ARG(param), words),
        .param = param,
    };
    return ERR_INVALID;
}

static str place_of(struct reading *reading, size_t index)
{
    return arena_printf(reading->arena, "input[%zu]", index);
}

/* Ids of a vocabulary are small. */
static enum err read_tokens(struct reading *reading, str place, json *list,
                            struct embed_input *input)
{
    struct json_walk walk = json_walk(list);
    int64_t *tokens = ARENA_ARRAY(reading->arena, int64_t, json_count(list) + 1);

    for (size_t i = 0; json_next(&walk); i++) {
        tokens[i] = json_as_int(walk.value);
        if (!json_is(walk.value, JSON_INT) || tokens[i] < 0 || tokens[i] > INT32_MAX) {
            return refuse(reading, place, "must hold token ids only");
        }
    }
    *input = (struct embed_input){
        .kind = EMBED_TOKENS, .tokens = tokens, .token_count = json_count(list)};
    return json_count(list) > 0 ? ERR_OK : refuse(reading, place, "must not be empty");
}

/* "data:image/png;base64,AAAA" or an address. */
static bool read_image(str url, struct embed_part *part)
{
    part->kind = EMBED_PART_IMAGE;
    if (!str_has_prefix(url, STR("data:"))) {
        part->url = url;
        return str_has_prefix(url, STR("https://")) || str_has_prefix(url, STR("http://"));
    }
    url = str_skip(url, 5);
    str head = str_split(&url, ',');
    part->mime = str_split(&head, ';');
    part->data = url;
    return str_has_suffix(head, STR("base64")) && text_is_base64(url) && url.len > 0;
}

static enum err read_part(struct reading *reading, str place, json *value, struct embed_part *part)
{
    str type = json_str(value, "type");
    json *image = json_get(value, "image_url");

    if (str_eq(type, STR("text"))) {
        part->kind = EMBED_PART_TEXT;
        part->text = json_str(value, "text");
        return part->text.len > 0 ? ERR_OK : refuse(reading, place, "holds an empty text");
    }
    if (str_eq(type, STR("image_url"))) {
        str url = json_is(image, JSON_STR) ? json_as_str(image) : json_str(image, "url");
        return read_image(url, part)
                   ? ERR_OK
                   : refuse(reading, place, "holds an image that is no address and no base64");
    }
    return refuse(reading, place, "holds a part that cannot be embedded: text and image_url can");
}

/* {"content": [parts]} */
static enum err read_parts(struct reading *reading, str place, json *value,
                           struct embed_input *input)
{
    json *content = json_get(value, "content");
    struct json_walk walk = json_walk(content);
    size_t count = json_count(content);
    struct embed_part *parts = ARENA_ARRAY(reading->arena, struct embed_part, count + 1);

    if (!json_is(content, JSON_ARRAY) || count == 0) {
        return refuse(reading, place, "must have `content`, a list of parts");
    }
    for (size_t i = 0; json_next(&walk); i++) {
        enum err err = read_part(reading, place, walk.value, &parts[i]);
        if (err != ERR_OK) {
            return err;
        }
    }
    *input = (struct embed_input){.kind = EMBED_PARTS, .parts = parts, .part_count = count};
    return ERR_OK;
}

static enum err read_input(struct reading *reading, str place, json *value,
                           struct embed_input *input)
{
    switch (json_type(value)) {
    case JSON_STR:
        *input = (struct embed_input){.kind = EMBED_TEXT, .text = json_as_str(value)};
        return input->text.len > 0 ? ERR_OK : refuse(reading, place, "must not be empty");
    case JSON_ARRAY:
        return read_tokens(reading, place, value, input);
    case JSON_OBJECT:
        return read_parts(reading, place, value, input);
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_INT:
    case JSON_REAL:
        break;
    }
    return refuse(reading, place, "must be a string, a list of token ids, or an object of parts");
}

/* A string, a list of ids, or a list of inputs. */
static enum err read_inputs(struct reading *reading, json *value)
{
    struct json_walk walk = json_walk(value);
    size_t count = json_count(value);
    bool is_list = json_is(value, JSON_ARRAY) && json_next(&walk) && !json_is(walk.value, JSON_INT);

    if (json_is_none(value)) {
        return refuse(reading, STR("input"), "is required");
    }
    if (json_is(value, JSON_ARRAY) && count == 0) {
        return refuse(reading, STR("input"), "must not be empty");
    }
    if (is_list && count > EMBED_INPUTS_MAX) {
        return refuse(reading, STR("input"), "must hold at most 2048 inputs");
    }
    count = is_list ? count : 1;
    struct embed_input *inputs = ARENA_ARRAY(reading->arena, struct embed_input, count);
    walk = json_walk(value);
    for (size_t i = 0; i < count; i++) {
        bool has_more = is_list && json_next(&walk);
        str place = is_list ? place_of(reading, i) : STR("input");
        enum err err = read_input(reading, place, has_more ? walk.value : value, &inputs[i]);
        if (err != ERR_OK) {
            return err;
        }
    }
    reading->request->inputs = inputs;
    reading->request->input_count = count;
    return ERR_OK;
}

/* A string of at most `max` bytes, or nothing. */
static enum err read_text(struct reading *reading, const char *name, size_t max, str *out)
{
    json *value = json_get(reading->request->root, name);

    if (json_is_none(value)) {
        return ERR_OK;
    }
    if (!json_is(value, JSON_STR) || json_as_str(value).len > max) {
        return refuse(reading, str_c(name), "must be a string, and not that long");
    }
    *out = json_as_str(value);
    return ERR_OK;
}

static enum err read_numbers(struct reading *reading)
{
    json *dimensions = json_get(reading->request->root, "dimensions");
    str format = STR_NONE;
    enum err err = read_text(reading, "encoding_format", 16, &format);

    if (err != ERR_OK) {
        return err;
    }
    if (format.len > 0 && !str_eq(format, STR("float")) && !str_eq(format, STR("base64"))) {
        return refuse(reading, STR("encoding_format"), "must be float or base64");
    }
    reading->request->encoding = str_eq(format, STR("base64")) ? EMBED_BASE64 : EMBED_FLOAT;
    if (json_is_none(dimensions)) {
        return ERR_OK;
    }
    int64_t count = json_as_int(dimensions);
    if (!json_is(dimensions, JSON_INT) || count < 1 || count > EMBED_DIMENSIONS_MAX) {
        return refuse(reading, STR("dimensions"), "must be a whole number from 1 to 65536");
    }
    reading->request->dimensions = count;
    return ERR_OK;
}

/* What it is for, in any vendor's member and word. */
static enum err read_purpose(struct reading *reading)
{
    static const char *const names[] = {"input_type", "task_type", "taskType", "task"};
    struct embed_request *request = reading->request;

    for (size_t i = 0; i < COUNT_OF(names) && request->purpose_word.len == 0; i++) {
        enum err err = read_text(reading, names[i], 64, &request->purpose_word);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (request->purpose_word.len > 0) {
        request->purpose = embed_purpose_by_word(request->purpose_word);
    }
    return ERR_OK;
}

/* `truncate` in words or as a bool, `truncation` as a bool. */
static enum err read_truncate(struct reading *reading)
{
    json *value = json_get(reading->request->root, "truncate");
    enum embed_truncate *out = &reading->request->truncate;

    if (json_is_none(value)) {
        value = json_get(reading->request->root, "truncation");
    }
    str word = json_as_str(value);
    if (json_is(value, JSON_BOOL)) {
        *out = json_as_bool(value) ? EMBED_TRUNCATE_END : EMBED_TRUNCATE_NEVER;
    } else if (str_eq_nocase(word, STR("none"))) {
        *out = EMBED_TRUNCATE_NEVER;
    } else if (str_eq_nocase(word, STR("start"))) {
        *out = EMBED_TRUNCATE_START;
    } else if (str_eq_nocase(word, STR("end"))) {
        *out = EMBED_TRUNCATE_END;
    } else if (!json_is_none(value)) {
        return refuse(reading, STR("truncate"), "must be true, false, NONE, START or END");
    }
    return ERR_OK;
}

static enum err read_members(struct reading *reading)
{
    enum { NAME_BYTES_MAX = 256, USER_BYTES_MAX = 4096 };
    struct embed_request *request = reading->request;
    enum err err = read_text(reading, "model", NAME_BYTES_MAX, &request->model);

    if (err == ERR_OK && request->model.len == 0) {
        err = refuse(reading, STR("model"), "is required");
    }
    if (err == ERR_OK) {
        err = read_inputs(reading, json_get(request->root, "input"));
    }
    if (err == ERR_OK) {
        err = read_numbers(reading);
    }
    if (err == ERR_OK) {
        err = read_purpose(reading);
    }
    if (err == ERR_OK) {
        err = read_truncate(reading);
    }
    if (err == ERR_OK) {
        err = read_text(reading, "title", USER_BYTES_MAX, &request->title);
    }
    return err == ERR_OK ? read_text(reading, "user", USER_BYTES_MAX, &request->user) : err;
}

enum err embed_read_request(str body, struct arena *arena, struct embed_request **out,
                            struct fault *fault)
{
    struct embed_request *request = ARENA_NEW(arena, struct embed_request);
    struct reading reading = {arena, request, fault};
    enum err err = json_read(arena, body, &request->root, fault);

    if (err != ERR_OK) {
        return err;
    }
    if (!json_is(request->root, JSON_OBJECT)) {
        return refuse(&reading, STR("body"), "must be a JSON object");
    }
    err = read_members(&reading);
    if (err == ERR_OK) {
        *out = request;
    }
    return err;
}

/* ---- Answers ---- */

static enum err put_list(struct buf *out, const struct embed_vector *vector)
{
    enum err err = buf_add_char(out, '[');

    for (size_t i = 0; i < vector->len && err == ERR_OK; i++) {
        err = i > 0 ? buf_add_char(out, ',') : ERR_OK;
        if (err == ERR_OK) {
            err = embed_put_float(out, vector->at[i]);
        }
    }
    return err == ERR_OK ? buf_add_char(out, ']') : err;
}

/* The value behind `"embedding":`. */
static enum err put_vector(enum embed_encoding encoding, const struct embed_vector *vector,
                           struct buf *out)
{
    struct arena arena = {0};
    struct json_writer writer = json_write_to(out);

    if (encoding == EMBED_FLOAT) {
        return put_list(out, vector);
    }
    json_put_str(&writer, NULL, embed_to_base64(vector, &arena));
    arena_reset(&arena);
    return json_write_end(&writer);
}

static enum err put_data(const struct embed_request *request, const struct embed_answer *answer,
                         struct buf *out)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < answer->vector_count && err == ERR_OK; i++) {
        err = buf_printf(
            out, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":", i > 0 ? "," : "", i);
        if (err == ERR_OK) {
            err = put_vector(request->encoding, &answer->vectors[i], out);
        }
        if (err == ERR_OK) {
            err = buf_add_char(out, '}');
        }
    }
    return err;
}

static enum err put_tail(const struct embed_answer *answer, const struct identity *identity,
                         struct buf *out)
{
    struct json_writer writer = json_write_inside(out, true);

    json_put_str(&writer, "model", identity->model);
    json_put_str(&writer, "provider", identity->provider);
    json_put_str(&writer, "id", identity->generation_id);
    json_open_object(&writer, "usage");
    json_put_int(&writer, "prompt_tokens", answer->prompt_tokens);
    json_put_int(&writer, "total_tokens", answer->total_tokens);
    json_close_object(&writer);
    json_close_object(&writer);
    return json_write_end(&writer);
}

enum err embed_write_answer(const struct embed_request *request, const struct embed_answer *answer,
                            const struct identity *identity, struct buf *out)
{
    enum err err = buf_add(out, STR("{\"object\":\"list\",\"data\":["));

    if (err == ERR_OK) {
        err = put_data(request, answer, out);
    }
    if (err == ERR_OK) {
        err = buf_add_char(out, ']');
    }
    return err == ERR_OK ? put_tail(answer, identity, out) : err;
}
