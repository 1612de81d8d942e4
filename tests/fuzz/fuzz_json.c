/* links: codec.  What is read, written and read again is the same; strings write as JSON always. */
#include "base/text.h"
#include "codec/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct arena *arena, str bytes)
{
    struct fault fault = {0};
    json *value = NULL;
    json *again = NULL;

    if (json_read(arena, bytes, &value, &fault) != ERR_OK) {
        assert(fault.message.len > 0 && text_is_utf8(fault.message));
        return;
    }
    str text = json_to_text(arena, value);
    assert(json_read(arena, text, &again, &fault) == ERR_OK);
    assert(str_eq(text, json_to_text(arena, again)));
    assert(json_read_lenient(arena, bytes) != NULL);
}

static void write_string(struct arena *arena, str bytes)
{
    struct buf out;
    struct json_writer writer = json_write_to(&out);
    struct fault fault = {0};
    json *value = NULL;

    buf_init(&out, SIZE_MAX / 2);
    json_put_str(&writer, NULL, bytes);
    assert(json_write_end(&writer) == ERR_OK);
    assert(json_read(arena, buf_str(&out), &value, &fault) == ERR_OK);
    assert(!text_is_utf8(bytes) || str_eq(json_as_str(value), bytes));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    str bytes = str_of((const char *)data, size);

    round_trip(&arena, bytes);
    write_string(&arena, bytes);
    (void)json_read_lenient(&arena, bytes);
    arena_reset(&arena);
    return 0;
}
