/* Any bytes decode to the same events in pieces of any size, and the events keep their order.
 * links: wire */
#include "wire/dialect.h"

#include "event_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct event *event, int *finishes)
{
    assert(event->kind != EVENT_USAGE ||
           (event->usage.prompt >= event->usage.prompt_cached && event->usage.completion >= 0));
    assert(*finishes == 0); /* the last of all */
    *finishes += event->kind == EVENT_FINISH ? 1 : 0;
}

static void decode(enum framing framing, str bytes, size_t step, struct buf *out)
{
    static const struct model model = {.name = STR_INIT("model")};
    struct arena arena = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = &ollama_dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = framing,
                              .bytes_max = 65536};
    struct fault fault = {0};
    enum err err = ERR_OK;
    int finishes = 0;

    decoder_init(&decoder);
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? ollama_dialect.decode_end(&decoder, &scratch, &events, &fault)
                    : ollama_dialect.decode(&decoder, piece, &scratch, &events, &fault);
        bytes = str_skip(bytes, piece.len);
        for (size_t i = 0; i < events.len; i++) {
            check(&events.at[i], &finishes);
        }
        print_events(out, &events);
        arena_reset(&scratch);
    }
    if (err != ERR_OK) {
        print_fault(out, err, &fault);
    }
    decoder_free(&decoder);
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);
    size_t step = size > 0 ? (size_t)data[size - 1] % 64 + 1 : 1;

    for (enum framing framing = FRAMING_WHOLE; framing <= FRAMING_NDJSON; framing++) {
        struct buf whole;
        struct buf pieces;
        buf_init(&whole, 1 << 24);
        buf_init(&pieces, 1 << 24);
        decode(framing, bytes, SIZE_MAX, &whole);
        decode(framing, bytes, step, &pieces);
        assert(str_eq(buf_str(&whole), buf_str(&pieces)));
        buf_free(&whole);
        buf_free(&pieces);
    }
    return 0;
}
