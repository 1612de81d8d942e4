/*
 * Any body must not break the request parser; what it accepts, every dialect can send on to every
 * provider, as JSON.
 */
#include "codec/json_write.h"
#include "wire/dialect.h"
#include "wire/quirks.h"
#include "wire/surface.h"

#include "share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some rewriting nests a schema one level deeper, which may pass the reader's bound. */
static bool may_be_too_deep(str body)
{
    size_t brackets = 0;

    for (size_t i = 0; i < body.len; i++) {
        brackets += body.at[i] == '[' || body.at[i] == '{';
    }
    return brackets >= JSON_DEPTH_MAX;
}

static void send(const struct chat_request *chat, const struct dialect *dialect,
                 const struct quirks *quirks)
{
    struct arena arena = {0};
    struct model model = {.name = chat->model.len > 0 ? chat->model : STR("gpt-5"),
                          .quirks = quirks,
                          .rules = rules_find(share_rule_book(), chat->model)};
    struct provider_request request = {0};
    struct fault fault = {0};

    if (dialect->encode_request(chat, &model, &arena, &request, &fault) == ERR_OK) {
        json *root = json_read_lenient(&arena, request.http.body);
        assert(root != NULL || may_be_too_deep(request.http.body));
        for (size_t i = 0; i < request.drops.count; i++) {
            assert(request.drops.at[i].at != NULL);
        }
    } else {
        assert(fault.message.len > 0);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct chat_request *chat = NULL;
    struct fault fault = {0};
    enum err err =
        openai_chat_surface.decode_request(str_of((const char *)data, size), &arena, &chat, &fault);

    if (err != ERR_OK) {
        struct identity identity = {0};
        struct buf out;
        buf_init(&out, 1 << 20);
        assert(fault.message.len > 0 && fault_status(&fault) == 400);
        assert(openai_chat_surface.encode_fault(&identity, &fault, &out) == ERR_OK);
        assert(json_read_lenient(&arena, buf_str(&out)) != NULL);
        buf_free(&out);
    }
    const struct preset_book *book = share_preset_book();
    for (size_t i = 0; err == ERR_OK && i < book->count; i++) {
        const struct dialect *dialect = dialect_by_name(book->rows[i].dialect);
        if (dialect != NULL) {
            send(chat, dialect, book->rows[i].quirks);
        }
    }
    arena_reset(&arena);
    return 0;
}
