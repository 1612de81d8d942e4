/*
 * Answers to requests for embeddings.
 */
#include "wire/decoding.h"
#include "wire/embed_floats.h"
#include "wire/embed_priv.h"
#include "wire/refusal.h"

enum { NORMAL_DIMENSIONS = 3072 /* Gemini's vectors are of length 1 only when they are whole */ };

/* One answer being read. */
struct reading {
    const struct embed_reply *reply;
    struct arena *arena;
    struct embed_lists lists;
    json *root;
    struct embed_answer answer;
    struct fault *fault;
};

/* The JSON of the body without its lists; room for a vector of each input. */
static enum err open_reply(struct reading *reading, const struct embed_reply *reply,
                           struct arena *arena, struct fault *fault)
{
    str text = STR_NONE;

    *reading = (struct reading){.reply = reply, .arena = arena, .fault = fault};
    enum err err = embed_lift(reply->body, reply->floats_max, arena, &text, &reading->lists);
    if (err == ERR_TOO_BIG) {
        return decoding_broken(reading->fault, err,
                               STR("the provider sent more numbers than are allowed"));
    }
    if (err != ERR_OK) {
        return decoding_broken(reading->fault, ERR_PEER,
                               STR("the provider sent a number that is none"));
    }
    reading->root = json_read_lenient(arena, text);
    if (refusal_is_error(reading->root)) {
        return decoding_refused(arena, 0, reading->root, fault);
    }
    if (!json_is(reading->root, JSON_OBJECT)) {
        return decoding_broken(reading->fault, ERR_PEER,
                               STR("the answer of the provider is not JSON"));
    }
    reading->answer.vector_count = reply->request->input_count;
    reading->answer.vectors =
        ARENA_ARRAY(arena, struct embed_vector, reading->answer.vector_count + 1);
    return ERR_OK;
}

/* A vector as the provider packed it. */
static enum err put_vector(struct reading *reading, size_t index, json *value)
{
    const struct embed_request *request = reading->reply->request;
    struct embed_vector vector = {0};

    if (index >= reading->answer.vector_count || reading->answer.vectors[index].at != NULL) {
        return decoding_broken(reading->fault, ERR_PEER,
                               STR("the provider sent a vector that was not asked for"));
    }
    if (!embed_numbers(&reading->lists, value, reading->arena, &vector) &&
        !(json_is(value, JSON_STR) &&
          embed_from_base64(json_as_str(value), request->dimensions, reading->arena, &vector))) {
        return decoding_broken(reading->fault, ERR_PEER,
                               STR("the provider sent a vector that is none"));
    }
    if (vector.len == 0 || vector.len > EMBED_DIMENSIONS_MAX ||
        (request->dimensions > 0 && vector.len != (size_t)request->dimensions)) {
        return decoding_broken(
            reading->fault, ERR_PEER,
            STR("the provider's vectors are not of the length that was asked for"));
    }
    reading->answer.vectors[index] = vector;
    return ERR_OK;
}

/* A list of them, in the order of the inputs. */
static enum err put_vectors(struct reading *reading, json *list, const char *member)
{
    struct json_walk walk = json_walk(list);

    for (size_t i = 0; json_is(list, JSON_ARRAY) && json_next(&walk); i++) {
        json *value = member != NULL ? json_get(walk.value, member) : walk.value;
        enum err err = put_vector(reading, i, value);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* Embedding has no output: what is not told twice is the same number. */
static void put_usage(struct reading *reading, int64_t prompt, int64_t total)
{
    reading->answer.prompt_tokens = prompt > 0 ? prompt : total;
    reading->answer.total_tokens = total > 0 ? total : prompt;
    reading->answer.has_usage = prompt > 0 || total > 0;
}

static enum err close_reply(struct reading *reading, struct embed_answer *out)
{
    for (size_t i = 0; i < reading->answer.vector_count; i++) {
        if (reading->answer.vectors[i].at == NULL) {
            return decoding_broken(reading->fault, ERR_PEER,
                                   STR("the provider sent fewer vectors than inputs"));
        }
    }
    *out = reading->answer;
    return ERR_OK;
}

/* ---- OpenAI's form, with Mistral, Voyage, Jina and many more ---- */

static enum err put_data(struct reading *reading, json *data)
{
    struct json_walk walk = json_walk(data);

    for (int64_t i = 0; json_is(data, JSON_ARRAY) && json_next(&walk); i++) {
        json *own = json_get(walk.value, "index");
        int64_t index = json_is(own, JSON_INT) ? json_as_int(own) : i;
        enum err err = put_vector(reading, index < 0 ? SIZE_MAX : (size_t)index,
                                  json_get(walk.value, "embedding"));
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err embed_decode_openai(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault)
{
    struct reading reading;
    enum err err = open_reply(&reading, reply, arena, fault);

    if (err == ERR_OK) {
        err = put_data(&reading, json_get(reading.root, "data"));
    }
    if (err != ERR_OK) {
        return err;
    }
    json *usage = json_get(reading.root, "usage");
    reading.answer.id = json_str(reading.root, "id");
    reading.answer.model = json_str(reading.root, "model");
    put_usage(&reading, decoding_count(usage, "prompt_tokens"),
              decoding_count(usage, "total_tokens"));
    return close_reply(&reading, out);
}

/* ---- Cohere ---- */

/* By type when types were asked for; a bare list from v1 without them. */
enum err embed_decode_cohere(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault)
{
    static const char *const types[] = {"float", "base64", "int8", "uint8"};
    struct reading reading;
    enum err err = open_reply(&reading, reply, arena, fault);

    if (err != ERR_OK) {
        return err;
    }
    json *list = json_get(reading.root, "embeddings");
    for (size_t i = 0; i < COUNT_OF(types) && json_is(list, JSON_OBJECT); i++) {
        json *typed = json_get(list, types[i]);
        list = json_is(typed, JSON_ARRAY) ? typed : list;
    }
    err = put_vectors(&reading, list, NULL);
    if (err != ERR_OK) {
        return err;
    }
    json *units = json_get(json_get(reading.root, "meta"), "billed_units");
    int64_t tokens = decoding_count(units, "input_tokens") + decoding_count(units, "image_tokens");
    reading.answer.id = json_str(reading.root, "id");
    put_usage(&reading, tokens, tokens);
    return close_reply(&reading, out);
}

/* ---- Google ---- */

/* Newton's method, so that nothing needs the mathematics library.  From above the steps only fall,
 * until they are as near as doubles come. */
static double square_root(double value)
{
    double root = value > 1 ? value : 1;
    double next = (root + value / root) / 2;

    while (next < root) {
        root = next;
        next = (root + value / root) / 2;
    }
    return root;
}

/* Makes a vector of length 1. */
static void normalise(struct arena *arena, struct embed_vector *vector)
{
    float *numbers = ARENA_ARRAY(arena, float, vector->len);
    double sum = 0;

    for (size_t i = 0; i < vector->len; i++) {
        sum += (double)vector->at[i] * (double)vector->at[i];
    }
    double length = square_root(sum);
    for (size_t i = 0; i < vector->len; i++) {
        numbers[i] = sum > 0 ? (float)((double)vector->at[i] / length) : 0;
    }
    vector->at = numbers;
}

/* Shortened vectors come as they were cut. */
static void normalise_short(struct reading *reading)
{
    for (size_t i = 0; i < reading->answer.vector_count; i++) {
        struct embed_vector *vector = &reading->answer.vectors[i];
        if (vector->at != NULL && vector->len < NORMAL_DIMENSIONS) {
            normalise(reading->arena, vector);
        }
    }
}

/* A batch, or the answer to a single question. */
enum err embed_decode_gemini(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault)
{
    struct reading reading;
    enum err err = open_reply(&reading, reply, arena, fault);

    if (err != ERR_OK) {
        return err;
    }
    json *single = json_get(reading.root, "embedding");
    err = single != NULL ? put_vector(&reading, 0, json_get(single, "values"))
                         : put_vectors(&reading, json_get(reading.root, "embeddings"), "values");
    if (err != ERR_OK) {
        return err;
    }
    normalise_short(&reading);
    json *usage = json_get(reading.root, "usageMetadata");
    put_usage(&reading, decoding_count(usage, "promptTokenCount"),
              decoding_count(usage, "totalTokenCount"));
    return close_reply(&reading, out);
}

/* Shortened vectors are cut here too; those of models that are short by themselves are normal
 * already, and stay what they are but for rounding. */
enum err embed_decode_vertex(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault)
{
    struct reading reading;
    int64_t tokens = 0;
    enum err err = open_reply(&reading, reply, arena, fault);

    if (err != ERR_OK) {
        return err;
    }
    struct json_walk walk = json_walk(json_get(reading.root, "predictions"));
    for (size_t i = 0; json_next(&walk); i++) {
        json *embeddings = json_get(walk.value, "embeddings");
        tokens += decoding_count(json_get(embeddings, "statistics"), "token_count");
        err = put_vector(&reading, i, json_get(embeddings, "values"));
        if (err != ERR_OK) {
            return err;
        }
    }
    if (reply->request->dimensions > 0) {
        normalise_short(&reading);
    }
    put_usage(&reading, tokens, tokens);
    return close_reply(&reading, out);
}

/* ---- Ollama ---- */

enum err embed_decode_ollama(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault)
{
    struct reading reading;
    enum err err = open_reply(&reading, reply, arena, fault);

    if (err == ERR_OK) {
        err = put_vectors(&reading, json_get(reading.root, "embeddings"), NULL);
    }
    if (err != ERR_OK) {
        return err;
    }
    int64_t tokens = decoding_count(reading.root, "prompt_eval_count");
    reading.answer.model = json_str(reading.root, "model");
    put_usage(&reading, tokens, tokens);
    return close_reply(&reading, out);
}

/* ---- Bedrock: Amazon Titan ---- */

enum err embed_decode_titan(const struct embed_reply *reply, struct arena *arena,
                            struct embed_answer *out, struct fault *fault)
{
    struct reading reading;
    uint64_t counted = 0;
    enum err err = open_reply(&reading, reply, arena, fault);

    if (err == ERR_OK) {
        err = put_vector(&reading, 0, json_get(reading.root, "embedding"));
    }
    if (err != ERR_OK) {
        return err;
    }
    int64_t tokens = decoding_count(reading.root, "inputTextTokenCount");
    str header = reply->headers != NULL
                     ? headers_get(reply->headers, STR("x-amzn-bedrock-input-token-count"))
                     : STR_NONE;
    if (tokens == 0 && str_to_uint(header, 1 << 30, &counted)) {
        tokens = (int64_t)counted;
    }
    put_usage(&reading, tokens, tokens);
    return close_reply(&reading, out);
}
