/* Any bytes decode to the same events in pieces of any size, and the events keep their order.
 * links: wire */
#include "fuzz_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Arguments come whole. */
static void check(const struct event *event)
{
    struct arena arena = {0};

    if (event->kind == EVENT_TOOL_ARGS) {
        assert(json_is(json_read_lenient(&arena, event->tool_args.json), JSON_OBJECT));
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct model model = {.name = STR_INIT("model")};
    str bytes = str_of((const char *)data, size);

    for (enum framing framing = FRAMING_WHOLE; framing <= FRAMING_SSE; framing++) {
        const struct decoder what = {
            .dialect = &gemini_dialect,
            .model = &model,
            .framing = framing,
            .hints = {.prefill = STR("The sea")},
        };
        fuzz_cut(&what, bytes, fuzz_step(bytes), check);
    }
    return 0;
}
