/* links: codec.  Any bytes: the same events whole and in pieces. */
#include "base/arena.h"
#include "codec/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(struct buf *story, const struct sse_event *event)
{
    enum err err =
        buf_printf(story, "%zu:%zu:%zu;", event->name.len, event->data.len, event->id.len);

    err = err == ERR_OK ? buf_add(story, event->name) : err;
    err = err == ERR_OK ? buf_add(story, event->data) : err;
    err = err == ERR_OK ? buf_add(story, event->id) : err;
    assert(err == ERR_OK);
}

/* Each piece is copied, so that a view kept too long is found. */
static void run(str bytes, size_t step, size_t limit, struct buf *story)
{
    struct sse_decoder sse;
    struct sse_event event = {0};
    enum sse_result result = SSE_MORE;

    sse_init(&sse, limit);
    while (bytes.len > 0 && result != SSE_ERROR) {
        struct arena arena = {0};
        str input = arena_copy(&arena, str_take(bytes, step));
        bytes = str_skip(bytes, step);
        while ((result = sse_next(&sse, &input, &event)) == SSE_EVENT) {
            tell(story, &event);
        }
        assert(result == SSE_ERROR || input.len == 0);
        arena_reset(&arena);
    }
    if (sse_end(&sse, &event)) {
        tell(story, &event);
    }
    assert(buf_printf(story, "%d %lld", (int)result, (long long)sse.retry_ms) == ERR_OK);
    sse_free(&sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    str bytes = str_of((const char *)data + 2, size - 2);
    size_t limit = (size_t)data[0] + 1;
    struct buf whole;
    struct buf pieces;

    buf_init(&whole, SIZE_MAX / 2);
    buf_init(&pieces, SIZE_MAX / 2);
    run(bytes, SIZE_MAX, limit, &whole);
    run(bytes, (size_t)data[1] % 16 + 1, limit, &pieces);
    assert(str_eq(buf_str(&whole), buf_str(&pieces)));
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
