/*
 * Reranking as clients ask us for it: Cohere's API, as OpenRouter answers it.
 */
#include "codec/json_write.h"
#include "wire/rerank.h"

enum { NAME_BYTES_MAX = 256, TOKENS_MAX = INT32_MAX };

struct reading {
    struct arena *arena;
    struct rerank_request *request;
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

/* A string that must be there. */
static enum err read_text(struct reading *reading, const char *name, size_t max, str *out)
{
    json *value = json_get(reading->request->root, name);
    str text = json_as_str(value);

    if (json_is_none(value)) {
        return refuse(reading, str_c(name), "is required");
    }
    if (text.len == 0 || text.len > max) {
        return refuse(reading, str_c(name), "must be a string, not empty and not that long");
    }
    *out = text;
    return ERR_OK;
}

static enum err read_count(struct reading *reading, const char *name, int64_t *out)
{
    json *value = json_get(reading->request->root, name);
    int64_t count = json_as_int(value);

    if (json_is_none(value)) {
        return ERR_OK;
    }
    if (!json_is(value, JSON_INT) || count < 1 || count > TOKENS_MAX) {
        return refuse(reading, str_c(name), "must be a whole number, at least 1");
    }
    *out = count;
    return ERR_OK;
}

static enum err read_document(struct reading *reading, size_t index, json *value,
                              struct rerank_document *document)
{
    *document = (struct rerank_document){.raw = value};
    if (json_is(value, JSON_STR)) {
        document->text = json_as_str(value);
        return ERR_OK;
    }
    if (json_is(value, JSON_OBJECT) && json_count(value) > 0) {
        document->text = json_str(value, "text");
        document->image = json_str(value, "image");
        return ERR_OK;
    }
    return refuse(reading, arena_printf(reading->arena, "documents[%zu]", index),
                  "must be a string or an object");
}

static enum err read_documents(struct reading *reading)
{
    json *list = json_get(reading->request->root, "documents");
    struct json_walk walk = json_walk(list);
    size_t count = json_count(list);

    if (!json_is(list, JSON_ARRAY) || count == 0 || count > RERANK_DOCUMENTS_MAX) {
        return refuse(reading, STR("documents"), "must be a list of 1 to 10000 documents");
    }
    struct rerank_document *documents = ARENA_ARRAY(reading->arena, struct rerank_document, count);
    for (size_t i = 0; json_next(&walk); i++) {
        enum err err = read_document(reading, i, walk.value, &documents[i]);
        if (err != ERR_OK) {
            return err;
        }
    }
    reading->request->documents = documents;
    reading->request->document_count = count;
    return ERR_OK;
}

/* Documents come back unless they are not wanted. */
static enum err read_options(struct reading *reading)
{
    struct rerank_request *request = reading->request;
    json *returns = json_get(request->root, "return_documents");
    json *fields = json_get(request->root, "rank_fields");

    if (!json_is_none(returns) && !json_is(returns, JSON_BOOL)) {
        return refuse(reading, STR("return_documents"), "must be true or false");
    }
    if (!json_is_none(fields) && !json_is(fields, JSON_ARRAY)) {
        return refuse(reading, STR("rank_fields"), "must be a list of names");
    }
    request->returns_documents = json_is_none(returns) || json_as_bool(returns);
    request->rank_fields = json_is_none(fields) ? NULL : fields;
    return ERR_OK;
}

static enum err read_members(struct reading *reading)
{
    struct rerank_request *request = reading->request;
    enum err err = read_text(reading, "model", NAME_BYTES_MAX, &request->model);

    if (err == ERR_OK) {
        err = read_text(reading, "query", SIZE_MAX, &request->query);
    }
    if (err == ERR_OK) {
        err = read_documents(reading);
    }
    if (err == ERR_OK) {
        err = read_count(reading, "top_n", &request->top_n);
    }
    if (err == ERR_OK) {
        err = read_count(reading, "max_tokens_per_doc", &request->max_tokens_per_doc);
    }
    return err == ERR_OK ? read_options(reading) : err;
}

enum err rerank_read_request(str body, struct arena *arena, struct rerank_request **out,
                             struct fault *fault)
{
    struct rerank_request *request = ARENA_NEW(arena, struct rerank_request);
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

/* A string comes back as an object too. */
static void put_document(struct json_writer *writer, const struct rerank_document *document)
{
    if (!json_is(document->raw, JSON_STR)) {
        json_put_value(writer, "document", document->raw);
        return;
    }
    json_open_object(writer, "document");
    json_put_str(writer, "text", document->text);
    json_close_object(writer);
}

static void put_results(struct json_writer *writer, const struct rerank_request *request,
                        const struct rerank_answer *answer)
{
    json_open_array(writer, "results");
    for (size_t i = 0; i < answer->result_count; i++) {
        const struct rerank_result *result = &answer->results[i];
        assert(result->index < request->document_count);
        json_open_object(writer, NULL);
        json_put_int(writer, "index", (int64_t)result->index);
        json_put_real(writer, "relevance_score", result->score);
        if (request->returns_documents) {
            put_document(writer, &request->documents[result->index]);
        }
        json_close_object(writer);
    }
    json_close_array(writer);
}

enum err rerank_write_answer(const struct rerank_request *request,
                             const struct rerank_answer *answer, const struct identity *identity,
                             struct buf *out)
{
    struct json_writer writer = json_write_to(out);

    json_open_object(&writer, NULL);
    json_put_str(&writer, "id", identity->generation_id);
    json_put_str(&writer, "model", identity->model);
    json_put_str(&writer, "provider", identity->provider);
    put_results(&writer, request, answer);
    json_open_object(&writer, "usage");
    if (answer->total_tokens > 0) {
        json_put_int(&writer, "total_tokens", answer->total_tokens);
    }
    if (answer->search_units > 0) {
        json_put_int(&writer, "search_units", answer->search_units);
    }
    json_close_object(&writer);
    json_close_object(&writer);
    return json_write_end(&writer);
}
