/*
 * Requests for embeddings.  Sources: provider-dialects.md section 11.
 */
#include "codec/url.h"
#include "wire/embed_priv.h"
#include "wire/request.h"

/* One request being written. */
struct embed_work {
    const struct embed_request *request;
    const struct model *model;
    struct arena *arena;
    struct json_writer *writer;
    struct drops *drops;
    struct fault *fault;
};

static enum err refuse(struct embed_work *work, str param, const char *words)
{
    return request_refuse(work->fault, work->arena, param, words);
}

static void drop(struct embed_work *work, const char *name, bool was_asked_for)
{
    if (was_asked_for) {
        drops_add(work->drops, work->arena, str_c(name));
    }
}

/* ---- Purposes ---- */

/* A purpose in the words of each vendor; NULL: it has none. */
static const struct {
    const char *cohere;
    const char *voyage;
    const char *jina;
    const char *gemini;
} purposes[EMBED_PURPOSES] = {
    [EMBED_FOR_QUERY] = {"search_query", "query", "retrieval.query", "RETRIEVAL_QUERY"},
    [EMBED_FOR_DOCUMENT] = {"search_document", "document", "retrieval.passage",
                            "RETRIEVAL_DOCUMENT"},
    [EMBED_FOR_CLASSIFICATION] = {"classification", NULL, "classification", "CLASSIFICATION"},
    [EMBED_FOR_CLUSTERING] = {"clustering", NULL, "separation", "CLUSTERING"},
    [EMBED_FOR_SIMILARITY] = {NULL, NULL, "text-matching", "SEMANTIC_SIMILARITY"},
};

/* Words of some that are not in the table above. */
static const struct {
    const char *word;
    enum embed_purpose purpose;
} more_words[] = {
    {"passage", EMBED_FOR_DOCUMENT},
    {"retrieval.document", EMBED_FOR_DOCUMENT},
    {"similarity", EMBED_FOR_SIMILARITY},
};

static bool is_word(const char *word, str text)
{
    return word != NULL && str_eq_nocase(str_c(word), text);
}

enum embed_purpose embed_purpose_by_word(str word)
{
    for (size_t i = 0; i < EMBED_PURPOSES; i++) {
        if (is_word(purposes[i].cohere, word) || is_word(purposes[i].voyage, word) ||
            is_word(purposes[i].jina, word) || is_word(purposes[i].gemini, word)) {
            return (enum embed_purpose)i;
        }
    }
    for (size_t i = 0; i < COUNT_OF(more_words); i++) {
        if (is_word(more_words[i].word, word)) {
            return more_words[i].purpose;
        }
    }
    return EMBED_FOR_OTHER;
}

/* The vendor's word for the purpose; what only one vendor knows is passed on as it came. */
static void put_purpose(struct embed_work *work, const char *member, const char *word)
{
    const struct embed_request *request = work->request;

    if (word != NULL) {
        json_put_str(work->writer, member, str_c(word));
    } else if (request->purpose == EMBED_FOR_OTHER) {
        json_put_str(work->writer, member, request->purpose_word);
    } else {
        drop(work, "input_type", request->purpose != EMBED_FOR_UNSAID);
    }
}

/* ---- Inputs ---- */

static str input_place(struct embed_work *work, size_t index)
{
    return arena_printf(work->arena, "input[%zu]", index);
}

/* An input's text, or why there is none. */
static enum err text_of(struct embed_work *work, size_t index, str *out)
{
    const struct embed_input *input = &work->request->inputs[index];

    switch (input->kind) {
    case EMBED_TEXT:
        *out = input->text;
        return ERR_OK;
    case EMBED_TOKENS:
        return refuse(work, input_place(work, index),
                      "must be text: this model's provider does not take token ids");
    case EMBED_PARTS:
        break;
    }
    if (input->part_count == 1 && input->parts[0].kind == EMBED_PART_TEXT) {
        *out = input->parts[0].text;
        return ERR_OK;
    }
    return refuse(work, input_place(work, index), "must be one text for this model's provider");
}

/* A list of texts, for formats that know nothing else. */
static enum err put_texts(struct embed_work *work, const char *member)
{
    json_open_array(work->writer, member);
    for (size_t i = 0; i < work->request->input_count; i++) {
        str text = STR_NONE;
        enum err err = text_of(work, i, &text);
        if (err != ERR_OK) {
            return err;
        }
        json_put_str(work->writer, NULL, text);
    }
    json_close_array(work->writer);
    return ERR_OK;
}

static void put_tokens(struct embed_work *work, const struct embed_input *input)
{
    json_open_array(work->writer, NULL);
    for (size_t i = 0; i < input->token_count; i++) {
        json_put_int(work->writer, NULL, input->tokens[i]);
    }
    json_close_array(work->writer);
}

static bool has_parts(const struct embed_request *request)
{
    for (size_t i = 0; i < request->input_count; i++) {
        if (request->inputs[i].kind == EMBED_PARTS) {
            return true;
        }
    }
    return false;
}

static str data_url(struct embed_work *work, const struct embed_part *part)
{
    const str pieces[] = {STR("data:"), part->mime.len > 0 ? part->mime : STR("image/png"),
                          STR(";base64,"), part->data};

    return part->url.len > 0 ? part->url : arena_join(work->arena, pieces, COUNT_OF(pieces));
}

static void put_int_if(struct embed_work *work, const char *member, int64_t value)
{
    if (value > 0) {
        json_put_int(work->writer, member, value);
    }
}

/* Whether an input may be cut, for formats that know no more than that. */
static void put_may_cut(struct embed_work *work, const char *member)
{
    if (work->request->truncate != EMBED_TRUNCATE_UNSAID) {
        json_put_bool(work->writer, member, work->request->truncate != EMBED_TRUNCATE_NEVER);
    }
}

/* ---- OpenAI and who imitates it ---- */

static str path_openai(struct embed_work *work)
{
    str model = url_encode(work->model->name, STR(""), work->arena);

    switch (model_platform(work->model)) {
    case PLATFORM_AZURE:
        return STR("/openai/v1/embeddings");
    case PLATFORM_AZURE_CLASSIC:
        return arena_printf(work->arena,
                            "/openai/deployments/" STR_FMT "/embeddings?api-version=" STR_FMT,
                            STR_ARG(model), STR_ARG(work->model->site->api_version));
    case PLATFORM_OWN:
    case PLATFORM_VERTEX:
    case PLATFORM_BEDROCK:
        break;
    }
    return STR("/embeddings");
}

/* Never null: some servers refuse that.  Both encodings are read, so the client's wish goes on. */
static enum err put_openai(struct embed_work *work)
{
    const struct embed_request *request = work->request;

    json_put_str(work->writer, "model", work->model->name);
    json_open_array(work->writer, "input");
    for (size_t i = 0; i < request->input_count; i++) {
        str text = STR_NONE;
        if (request->inputs[i].kind == EMBED_TOKENS) {
            put_tokens(work, &request->inputs[i]);
            continue;
        }
        enum err err = text_of(work, i, &text);
        if (err != ERR_OK) {
            return err;
        }
        json_put_str(work->writer, NULL, text);
    }
    json_close_array(work->writer);
    put_int_if(work, "dimensions", request->dimensions);
    json_put_str(work->writer, "encoding_format",
                 request->encoding == EMBED_BASE64 ? STR("base64") : STR("float"));
    if (request->user.len > 0) {
        json_put_str(work->writer, "user", request->user);
    }
    drop(work, "input_type", request->purpose != EMBED_FOR_UNSAID);
    drop(work, "truncate", request->truncate != EMBED_TRUNCATE_UNSAID);
    return ERR_OK;
}

static enum err put_mistral(struct embed_work *work)
{
    const struct embed_request *request = work->request;

    json_put_str(work->writer, "model", work->model->name);
    put_int_if(work, "output_dimension", request->dimensions);
    drop(work, "user", request->user.len > 0);
    drop(work, "input_type", request->purpose != EMBED_FOR_UNSAID);
    drop(work, "truncate", request->truncate != EMBED_TRUNCATE_UNSAID);
    return put_texts(work, "input");
}

static str path_plain(struct embed_work *work)
{
    (void)work;
    return STR("/embeddings");
}

/* `encoding_format` is base64 or nothing here. */
static enum err put_voyage(struct embed_work *work)
{
    const struct embed_request *request = work->request;

    json_put_str(work->writer, "model", work->model->name);
    put_purpose(work, "input_type", purposes[request->purpose].voyage);
    put_int_if(work, "output_dimension", request->dimensions);
    put_may_cut(work, "truncation");
    if (request->encoding == EMBED_BASE64) {
        json_put_str(work->writer, "encoding_format", STR("base64"));
    }
    drop(work, "user", request->user.len > 0);
    return put_texts(work, "input");
}

/* One input as {"text"} or {"image"}. */
static enum err put_jina_input(struct embed_work *work, size_t index)
{
    const struct embed_input *input = &work->request->inputs[index];
    str text = STR_NONE;

    json_open_object(work->writer, NULL);
    if (input->kind == EMBED_PARTS && input->part_count == 1 &&
        input->parts[0].kind == EMBED_PART_IMAGE) {
        const struct embed_part *part = &input->parts[0];
        json_put_str(work->writer, "image", part->url.len > 0 ? part->url : part->data);
    } else {
        enum err err = text_of(work, index, &text);
        if (err != ERR_OK) {
            return err;
        }
        json_put_str(work->writer, "text", text);
    }
    json_close_object(work->writer);
    return ERR_OK;
}

static enum err put_jina(struct embed_work *work)
{
    const struct embed_request *request = work->request;

    json_put_str(work->writer, "model", work->model->name);
    put_purpose(work, "task", purposes[request->purpose].jina);
    put_int_if(work, "dimensions", request->dimensions);
    json_put_str(work->writer, "embedding_type",
                 request->encoding == EMBED_BASE64 ? STR("base64") : STR("float"));
    put_may_cut(work, "truncate");
    drop(work, "user", request->user.len > 0);
    if (!has_parts(request)) {
        return put_texts(work, "input");
    }
    json_open_array(work->writer, "input");
    for (size_t i = 0; i < request->input_count; i++) {
        enum err err = put_jina_input(work, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_close_array(work->writer);
    return ERR_OK;
}

/* ---- Cohere ---- */

static str path_cohere(struct embed_work *work)
{
    (void)work;
    return STR("/v2/embed");
}

static enum err put_cohere_parts(struct embed_work *work, size_t index)
{
    const struct embed_input *input = &work->request->inputs[index];

    if (input->kind != EMBED_PARTS) {
        str text = STR_NONE;
        enum err err = text_of(work, index, &text);
        if (err != ERR_OK) {
            return err;
        }
        json_open_object(work->writer, NULL);
        json_put_str(work->writer, "type", STR("text"));
        json_put_str(work->writer, "text", text);
        json_close_object(work->writer);
    }
    for (size_t i = 0; i < input->part_count; i++) {
        const struct embed_part *part = &input->parts[i];
        json_open_object(work->writer, NULL);
        if (part->kind == EMBED_PART_TEXT) {
            json_put_str(work->writer, "type", STR("text"));
            json_put_str(work->writer, "text", part->text);
        } else {
            json_put_str(work->writer, "type", STR("image_url"));
            json_open_object(work->writer, "image_url");
            json_put_str(work->writer, "url", data_url(work, part));
            json_close_object(work->writer);
        }
        json_close_object(work->writer);
    }
    return ERR_OK;
}

/* Texts alone, or inputs of parts: one or the other for the whole request. */
static enum err put_cohere_inputs(struct embed_work *work)
{
    if (!has_parts(work->request)) {
        return put_texts(work, "texts");
    }
    json_open_array(work->writer, "inputs");
    for (size_t i = 0; i < work->request->input_count; i++) {
        json_open_object(work->writer, NULL);
        json_open_array(work->writer, "content");
        enum err err = put_cohere_parts(work, i);
        if (err != ERR_OK) {
            return err;
        }
        json_close_array(work->writer);
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
    return ERR_OK;
}

/* `input_type` must be said: documents are what is embedded most. */
static enum err put_cohere(struct embed_work *work)
{
    static const char *const truncates[] = {
        [EMBED_TRUNCATE_NEVER] = "NONE",
        [EMBED_TRUNCATE_START] = "START",
        [EMBED_TRUNCATE_END] = "END",
    };
    const struct embed_request *request = work->request;
    const char *word = purposes[request->purpose].cohere;

    json_put_str(work->writer, "model", work->model->name);
    if (word == NULL && request->purpose != EMBED_FOR_OTHER) {
        word = purposes[EMBED_FOR_DOCUMENT].cohere;
        drop(work, "input_type", request->purpose != EMBED_FOR_UNSAID);
    }
    put_purpose(work, "input_type", word);
    json_open_array(work->writer, "embedding_types");
    json_put_str(work->writer, NULL,
                 request->encoding == EMBED_BASE64 ? STR("base64") : STR("float"));
    json_close_array(work->writer);
    put_int_if(work, "output_dimension", request->dimensions);
    if (request->truncate != EMBED_TRUNCATE_UNSAID) {
        json_put_str(work->writer, "truncate", str_c(truncates[request->truncate]));
    }
    drop(work, "user", request->user.len > 0);
    return put_cohere_inputs(work);
}

/* ---- Google ---- */

/* "models/gemini-embedding-001" */
static str gemini_model(struct embed_work *work)
{
    str name = work->model->name;

    if (str_has_prefix(name, STR("models/"))) {
        return name;
    }
    return arena_printf(work->arena, "models/" STR_FMT, STR_ARG(name));
}

static str path_gemini(struct embed_work *work)
{
    str model = url_encode(gemini_model(work), STR("/"), work->arena);

    return arena_printf(work->arena, "/v1beta/" STR_FMT ":batchEmbedContents", STR_ARG(model));
}

static enum err put_gemini_part(struct embed_work *work, size_t index,
                                const struct embed_part *part)
{
    json_open_object(work->writer, NULL);
    if (part->kind == EMBED_PART_TEXT) {
        json_put_str(work->writer, "text", part->text);
    } else if (part->data.len > 0) {
        json_open_object(work->writer, "inlineData");
        json_put_str(work->writer, "mimeType", part->mime.len > 0 ? part->mime : STR("image/png"));
        json_put_str(work->writer, "data", part->data);
        json_close_object(work->writer);
    } else {
        return refuse(work, input_place(work, index),
                      "must hold the image's bytes for this model's provider");
    }
    json_close_object(work->writer);
    return ERR_OK;
}

static enum err put_gemini_content(struct embed_work *work, size_t index)
{
    const struct embed_input *input = &work->request->inputs[index];
    struct embed_part whole = {.kind = EMBED_PART_TEXT};
    enum err err = ERR_OK;

    json_open_object(work->writer, "content");
    json_open_array(work->writer, "parts");
    if (input->kind != EMBED_PARTS) {
        err = text_of(work, index, &whole.text);
        if (err == ERR_OK) {
            err = put_gemini_part(work, index, &whole);
        }
    }
    for (size_t i = 0; i < input->part_count && err == ERR_OK; i++) {
        err = put_gemini_part(work, index, &input->parts[i]);
    }
    json_close_array(work->writer);
    json_close_object(work->writer);
    return err;
}

static enum err put_gemini(struct embed_work *work)
{
    const struct embed_request *request = work->request;
    str model = gemini_model(work);

    json_open_array(work->writer, "requests");
    for (size_t i = 0; i < request->input_count; i++) {
        json_open_object(work->writer, NULL);
        json_put_str(work->writer, "model", model);
        enum err err = put_gemini_content(work, i);
        if (err != ERR_OK) {
            return err;
        }
        put_purpose(work, "taskType", purposes[request->purpose].gemini);
        if (request->title.len > 0 && request->purpose == EMBED_FOR_DOCUMENT) {
            json_put_str(work->writer, "title", request->title);
        }
        put_int_if(work, "outputDimensionality", request->dimensions);
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
    drop(work, "user", request->user.len > 0);
    drop(work, "truncate", request->truncate != EMBED_TRUNCATE_UNSAID);
    return ERR_OK;
}

static str path_vertex(struct embed_work *work)
{
    const struct site *site = work->model->site;
    str model = url_encode(work->model->name, STR(""), work->arena);
    str region = site != NULL && site->region.len > 0 ? site->region : STR("global");

    if (site == NULL || site->project.len == 0) { /* express mode */
        return arena_printf(work->arena, "/v1/publishers/google/models/" STR_FMT ":predict",
                            STR_ARG(model));
    }
    return arena_printf(work->arena,
                        "/v1/projects/" STR_FMT "/locations/" STR_FMT
                        "/publishers/google/models/" STR_FMT ":predict",
                        STR_ARG(site->project), STR_ARG(region), STR_ARG(model));
}

static enum err put_vertex(struct embed_work *work)
{
    const struct embed_request *request = work->request;

    json_open_array(work->writer, "instances");
    for (size_t i = 0; i < request->input_count; i++) {
        str text = STR_NONE;
        enum err err = text_of(work, i, &text);
        if (err != ERR_OK) {
            return err;
        }
        json_open_object(work->writer, NULL);
        json_put_str(work->writer, "content", text);
        put_purpose(work, "task_type", purposes[request->purpose].gemini);
        if (request->title.len > 0 && request->purpose == EMBED_FOR_DOCUMENT) {
            json_put_str(work->writer, "title", request->title);
        }
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
    json_open_object(work->writer, "parameters");
    put_int_if(work, "outputDimensionality", request->dimensions);
    put_may_cut(work, "autoTruncate");
    json_close_object(work->writer);
    drop(work, "user", request->user.len > 0);
    return ERR_OK;
}

/* ---- Ollama, and Amazon's own model ---- */

static str path_ollama(struct embed_work *work)
{
    (void)work;
    return STR("/api/embed");
}

static enum err put_ollama(struct embed_work *work)
{
    const struct embed_request *request = work->request;

    json_put_str(work->writer, "model", work->model->name);
    put_may_cut(work, "truncate");
    put_int_if(work, "dimensions", request->dimensions);
    drop(work, "user", request->user.len > 0);
    drop(work, "input_type", request->purpose != EMBED_FOR_UNSAID);
    return put_texts(work, "input");
}

static str path_titan(struct embed_work *work)
{
    str model = url_encode(work->model->name, STR(""), work->arena);

    return arena_printf(work->arena, "/model/" STR_FMT "/invoke", STR_ARG(model));
}

static enum err put_titan(struct embed_work *work)
{
    const struct embed_request *request = work->request;
    str text = STR_NONE;
    enum err err = text_of(work, 0, &text);

    if (err != ERR_OK) {
        return err;
    }
    json_put_str(work->writer, "inputText", text);
    put_int_if(work, "dimensions", request->dimensions);
    drop(work, "user", request->user.len > 0);
    drop(work, "input_type", request->purpose != EMBED_FOR_UNSAID);
    drop(work, "truncate", request->truncate != EMBED_TRUNCATE_UNSAID);
    return ERR_OK;
}

/* ---- All of them ---- */

/* Who takes how many inputs at once: provider-dialects.md section 11. */
static const struct embed_dialect dialects[] = {
    {"openai", EMBED_INPUTS_MAX, path_openai, put_openai, embed_decode_openai},
    {"mistral", EMBED_INPUTS_MAX, path_plain, put_mistral, embed_decode_openai},
    {"voyage", 1000, path_plain, put_voyage, embed_decode_openai},
    {"jina", EMBED_INPUTS_MAX, path_plain, put_jina, embed_decode_openai},
    {"cohere", 96, path_cohere, put_cohere, embed_decode_cohere},
    {"gemini", 100, path_gemini, put_gemini, embed_decode_gemini},
    {"vertex", 250, path_vertex, put_vertex, embed_decode_vertex},
    {"ollama", EMBED_INPUTS_MAX, path_ollama, put_ollama, embed_decode_ollama},
    {"titan", 1, path_titan, put_titan, embed_decode_titan},
};

const struct embed_dialect *embed_dialect_by_name(str name)
{
    for (size_t i = 0; i < COUNT_OF(dialects); i++) {
        if (str_eq(name, str_c(dialects[i].name))) {
            return &dialects[i];
        }
    }
    return NULL;
}

static enum err put_body(const struct embed_dialect *dialect, struct embed_work *work)
{
    if (work->request->input_count > dialect->inputs_max) {
        return refuse(work, STR("input"), "holds more than this model's provider takes at once");
    }
    json_open_object(work->writer, NULL);
    enum err err = dialect->put_body(work);
    json_close_object(work->writer);
    return err;
}

enum err embed_encode(const struct embed_dialect *dialect, const struct embed_ask *ask,
                      struct provider_request *out, struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct provider_request made = {0};
    struct embed_work work = {ask->request, ask->model, ask->arena, &writer, &made.drops, fault};

    assert(ask->request->input_count > 0);
    buf_init(&body, REQUEST_BYTES_MAX);
    enum err err = put_body(dialect, &work);
    if (err == ERR_OK) {
        err = request_post(&writer, dialect->path(&work), ask->arena, &made.http, fault);
    }
    if (err == ERR_OK) {
        *out = made;
    }
    buf_free(&body);
    return err;
}
