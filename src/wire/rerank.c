/*
 * Reranking at providers.  They differ in names only, so they are rows.  Sources:
 * provider-dialects.md section 11.
 */
#include "wire/rerank.h"

#include "codec/json_write.h"
#include "wire/decoding.h"
#include "wire/refusal.h"
#include "wire/request.h"

static const struct rerank_dialect dialects[] = {
    {
        .name = "cohere",
        .path = STR_INIT("/v2/rerank"),
        .top_name = "top_n",
        .documents_name = "documents",
        .max_tokens_name = "max_tokens_per_doc",
        .results_name = "results",
        .score_name = "relevance_score",
    },
    {
        .name = "voyage",
        .path = STR_INIT("/rerank"),
        .top_name = "top_k",
        .documents_name = "documents",
        .return_name = "return_documents",
        .results_name = "data",
        .score_name = "relevance_score",
    },
    {
        .name = "jina",
        .path = STR_INIT("/rerank"),
        .top_name = "top_n",
        .documents_name = "documents",
        .return_name = "return_documents",
        .takes_objects = true,
        .results_name = "results",
        .score_name = "relevance_score",
    },
    {
        .name = "together",
        .path = STR_INIT("/rerank"),
        .top_name = "top_n",
        .documents_name = "documents",
        .return_name = "return_documents",
        .takes_objects = true,
        .takes_fields = true,
        .results_name = "results",
        .score_name = "relevance_score",
    },
    {
        .name = "openrouter",
        .path = STR_INIT("/rerank"),
        .top_name = "top_n",
        .documents_name = "documents",
        .takes_objects = true,
        .results_name = "results",
        .score_name = "relevance_score",
    },
    {
        .name = "llamacpp",
        .path = STR_INIT("/v1/rerank"),
        .top_name = "top_n",
        .documents_name = "documents",
        .results_name = "results",
        .score_name = "relevance_score",
    },
    {
        .name = "tei",
        .path = STR_INIT("/rerank"),
        .documents_name = "texts",
        .return_name = "return_text",
        .is_nameless = true,
        .score_name = "score",
    },
};

const struct rerank_dialect *rerank_dialect_by_name(str name)
{
    for (size_t i = 0; i < COUNT_OF(dialects); i++) {
        if (str_eq(name, str_c(dialects[i].name))) {
            return &dialects[i];
        }
    }
    return NULL;
}

/* ---- Requests ---- */

/* One request being written. */
struct work {
    const struct rerank_dialect *dialect;
    const struct rerank_request *request;
    struct arena *arena;
    struct json_writer *writer;
    struct drops *drops;
    struct fault *fault;
};

/* Nothing but fields: they are the text, as JSON says them.  Some models were trained on that. */
static enum err text_of(struct work *work, size_t index, str *out)
{
    const struct rerank_document *document = &work->request->documents[index];

    if (document->image.len > 0) {
        *work->fault = (struct fault){
            .kind = ERR_INVALID,
            .type = FAULT_INVALID_REQUEST,
            .param = arena_printf(work->arena, "documents[%zu]", index),
            .message = arena_printf(work->arena,
                                    "`documents[%zu]` is an image, which this model's provider "
                                    "does not take",
                                    index),
            .retryable = true,
        };
        return ERR_INVALID;
    }
    *out = document->text.len > 0 || json_is(document->raw, JSON_STR)
               ? document->text
               : json_to_text(work->arena, document->raw);
    return ERR_OK;
}

static enum err put_documents(struct work *work)
{
    json_open_array(work->writer, work->dialect->documents_name);
    for (size_t i = 0; i < work->request->document_count; i++) {
        str text = STR_NONE;
        if (work->dialect->takes_objects) {
            json_put_value(work->writer, NULL, work->request->documents[i].raw);
            continue;
        }
        enum err err = text_of(work, i, &text);
        if (err != ERR_OK) {
            return err;
        }
        json_put_str(work->writer, NULL, text);
    }
    json_close_array(work->writer);
    return ERR_OK;
}

/* A number under the provider's name for it; 0 is not said. */
static void put_number(struct work *work, const char *name, const char *ours, int64_t value)
{
    if (value > 0 && name != NULL) {
        json_put_int(work->writer, name, value);
    } else if (value > 0) {
        drops_add(work->drops, work->arena, str_c(ours));
    }
}

/* Documents are put back from the request: they need not travel.  top_n need not be understood
 * either, the answer is cut. */
static enum err put_body(struct work *work, const struct model *model)
{
    const struct rerank_dialect *dialect = work->dialect;
    const struct rerank_request *request = work->request;

    json_open_object(work->writer, NULL);
    if (!dialect->is_nameless) {
        json_put_str(work->writer, "model", model->name);
    }
    json_put_str(work->writer, "query", request->query);
    enum err err = put_documents(work);
    if (err != ERR_OK) {
        return err;
    }
    if (request->top_n > 0 && dialect->top_name != NULL) {
        json_put_int(work->writer, dialect->top_name, request->top_n);
    }
    if (dialect->return_name != NULL) {
        json_put_bool(work->writer, dialect->return_name, false);
    }
    put_number(work, dialect->max_tokens_name, "max_tokens_per_doc", request->max_tokens_per_doc);
    if (request->rank_fields != NULL && dialect->takes_fields) {
        json_put_value(work->writer, "rank_fields", request->rank_fields);
    } else if (request->rank_fields != NULL) {
        drops_add(work->drops, work->arena, STR("rank_fields"));
    }
    json_close_object(work->writer);
    return ERR_OK;
}

enum err rerank_encode(const struct rerank_dialect *dialect, const struct rerank_ask *ask,
                       struct provider_request *out, struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct provider_request made = {0};
    struct work work = {dialect, ask->request, ask->arena, &writer, &made.drops, fault};

    buf_init(&body, REQUEST_BYTES_MAX);
    enum err err = put_body(&work, ask->model);
    if (err == ERR_OK) {
        err = request_post(&writer, dialect->path, ask->arena, &made.http, fault);
    }
    if (err == ERR_OK) {
        *out = made;
    }
    buf_free(&body);
    return err;
}

/* ---- Answers ---- */

/* Two lists in order become one, the best first; of two that are as good the left one. */
static void merge(struct rerank_result *at, size_t middle, size_t count, struct rerank_result *room)
{
    size_t left = 0;
    size_t right = middle;

    for (size_t i = 0; i < count; i++) {
        bool takes_right = left == middle || (right < count && at[right].score > at[left].score);
        room[i] = takes_right ? at[right++] : at[left++];
    }
    memcpy(at, room, count * sizeof(*at));
}

/* Merged from pairs up, so that equal scores keep the order that the provider gave them. */
static void sort(struct rerank_result *at, size_t count, struct rerank_result *room)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t from = 0; from + width < count; from += 2 * width) {
            size_t len = count - from < 2 * width ? count - from : 2 * width;
            merge(at + from, width, len, room);
        }
    }
}

/* Every result names a document of the request, each at most once. */
static enum err read_results(const struct rerank_dialect *dialect, const struct rerank_ask *ask,
                             json *list, struct rerank_answer *answer, struct fault *fault)
{
    struct json_walk walk = json_walk(list);
    size_t count = json_count(list);
    size_t documents = ask->request->document_count;
    bool *seen = ARENA_ARRAY(ask->arena, bool, documents + 1);

    if (!json_is(list, JSON_ARRAY) || count > documents) {
        return decoding_broken(fault, ERR_PEER,
                               STR("the answer of the provider is no list of its documents"));
    }
    struct rerank_result *results = ARENA_ARRAY(ask->arena, struct rerank_result, count + 1);
    for (size_t i = 0; json_next(&walk); i++) {
        json *score = json_get(walk.value, dialect->score_name);
        json *index = json_get(walk.value, "index");
        int64_t at = json_is(index, JSON_INT) ? json_as_int(index) : -1;
        bool is_number = json_is(score, JSON_REAL) || json_is(score, JSON_INT);
        if (at < 0 || (size_t)at >= documents || seen[at] || !is_number) {
            return decoding_broken(
                fault, ERR_PEER,
                STR("the provider sent a result that names none of the documents"));
        }
        seen[at] = true;
        results[i] = (struct rerank_result){(size_t)at, json_as_real(score)};
    }
    sort(results, count, ARENA_ARRAY(ask->arena, struct rerank_result, count + 1));
    answer->results = results;
    answer->result_count = count;
    if (ask->request->top_n > 0 && count > (size_t)ask->request->top_n) {
        answer->result_count = (size_t)ask->request->top_n;
    }
    return ERR_OK;
}

/* `usage` of those who count tokens, `meta.billed_units` of those who count searches. */
static void read_usage(json *root, struct rerank_answer *answer)
{
    json *usage = json_get(root, "usage");
    json *meta = json_get(root, "meta");
    int64_t tokens = decoding_count(usage, "total_tokens");
    int64_t units = decoding_count(json_get(meta, "billed_units"), "search_units");

    answer->total_tokens =
        tokens > 0 ? tokens : decoding_count(json_get(meta, "tokens"), "input_tokens");
    answer->search_units = units > 0 ? units : decoding_count(usage, "search_units");
    answer->has_usage = answer->total_tokens > 0 || answer->search_units > 0;
}

enum err rerank_decode(const struct rerank_dialect *dialect, const struct rerank_ask *ask, str body,
                       struct rerank_answer *out, struct fault *fault)
{
    json *root = json_read_lenient(ask->arena, body);
    struct rerank_answer answer = {0};

    if (refusal_is_error(root)) {
        return decoding_refused(ask->arena, 0, root, fault);
    }
    json *list = dialect->results_name != NULL ? json_get(root, dialect->results_name) : root;
    enum err err = read_results(dialect, ask, list, &answer, fault);
    if (err != ERR_OK) {
        return err;
    }
    answer.id = json_str(root, "id");
    answer.model = json_str(root, "model");
    read_usage(root, &answer);
    *out = answer;
    return ERR_OK;
}
