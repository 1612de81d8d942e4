#include "app/routes.h"

#include "admin/models.h"
#include "codec/json_write.h"
#include "store/writer.h"

/* Writes {"name": value, ...} of text members; an odd list cannot be written. */
static void write_texts(struct buf *out, const char *const *pairs, size_t count)
{
    struct json_writer writer = json_write_to(out);

    json_open_object(&writer, NULL);
    for (size_t i = 0; i + 1 < count; i += 2) {
        json_put_str(&writer, pairs[i], str_c(pairs[i + 1]));
    }
    json_close_object(&writer);
    enum err err = json_write_end(&writer);
    assert(err == ERR_OK); /* a few words never pass the limit */
}

static void page_health(const struct page_request *request, struct page_answer *answer)
{
    static const char *const texts[] = {"status", "ok"};

    (void)request;
    answer->content_type = STR("application/json");
    write_texts(answer->body, texts, COUNT_OF(texts));
}

static void page_ready(const struct page_request *request, struct page_answer *answer)
{
    const struct app_state *app = request->app;
    const char *why = "ready";

    if (atomic_load_explicit(&app->draining, memory_order_relaxed)) {
        why = "draining";
    } else if (!writer_has_room(app->writer)) {
        why = "the store takes no rows";
    } else if (request->snapshot->provider_count == 0) {
        why = "no provider is configured";
    }
    const bool ready = why[0] == 'r';
    const char *const texts[] = {"status", ready ? "ready" : "not ready", "reason", why};
    answer->status = ready ? 200 : 503;
    answer->content_type = STR("application/json");
    write_texts(answer->body, texts, ready ? 2 : COUNT_OF(texts));
}

static void page_version(const struct page_request *request, struct page_answer *answer)
{
    static const char *const texts[] = {"name", "gatehouse", "version", GATEHOUSE_VERSION};

    (void)request;
    answer->content_type = STR("application/json");
    write_texts(answer->body, texts, COUNT_OF(texts));
}

static void page_root(const struct page_request *request, struct page_answer *answer)
{
    (void)request;
    answer->content_type = STR("text/plain; charset=utf-8");
    enum err err = buf_add(
        answer->body,
        STR("gatehouse " GATEHOUSE_VERSION " is running: one API in front of every large language "
            "model.\n"
            "OpenAI base URL: /v1   try: POST /v1/chat/completions, GET /v1/models\n"
            "Also: /healthz /readyz /version\n"));
    assert(err == ERR_OK);
}

/* A list too large for the buffer is our own limit at fault. */
static void check_written(enum err err, struct page_answer *answer)
{
    answer->content_type = STR("application/json");
    if (err != ERR_OK) {
        answer->status = 0;
        answer->fault = (struct fault){.kind = ERR_INTERNAL,
                                       .type = FAULT_SERVER,
                                       .message = STR("The list is too large to be answered.")};
    }
}

static void page_models(const struct page_request *request, struct page_answer *answer)
{
    check_written(models_write_list(request->snapshot, answer->body), answer);
}

static void page_model(const struct page_request *request, struct page_answer *answer)
{
    const struct catalogue_model *model =
        snapshot_find_model(request->snapshot, request->rest, request->arena);

    if (model == NULL) {
        answer->status = 0;
        answer->fault = (struct fault){
            .kind = ERR_MISSING,
            .type = FAULT_NOT_FOUND,
            .message = arena_printf(request->arena, "Model \"" STR_FMT "\" not found.",
                                    STR_ARG(str_take(request->rest, 100)))};
        return;
    }
    check_written(models_write_one(model, answer->body), answer);
}

static const struct route table[] = {
    {.path = "/chat/completions", .method = "POST", .surface = &openai_chat_surface},
    {.path = "/models", .method = "GET", .page = page_models, .needs_key = true},
    {.path = "/models/", .method = "GET", .page = page_model, .needs_key = true},
    {.path = "/healthz", .method = "GET", .page = page_health, .is_absolute = true},
    {.path = "/readyz", .method = "GET", .page = page_ready, .is_absolute = true},
    {.path = "/version", .method = "GET", .page = page_version, .is_absolute = true},
    {.path = "/", .method = "GET", .page = page_root, .is_absolute = true},
    {.path = "/__echo",
     .method = "*",
     .page = page_health,
     .is_absolute = true,
     .needs_test_routes = true},
};

const struct routes app_routes = {table, COUNT_OF(table)};
