/* Any bytes decode to the same events in pieces of any size, and the events keep their order.
 * links: wire */
#include "wire/dialect.h"

#include "event_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_usage(const struct usage *usage)
{
    assert(usage->prompt_cached >= 0 && usage->prompt >= usage->prompt_cached);
    assert(usage->completion_reasoning >= 0 && usage->completion >= usage->completion_reasoning);
    assert(usage->total >= 0);
}

static void check_arguments(str arguments)
{
    struct arena arena = {0};

    assert(json_is(json_read_lenient(&arena, arguments), JSON_OBJECT));
    arena_reset(&arena);
}

/* Nothing but usage and extras may follow the end of a choice. */
static void check(const struct event *event, bool *finished)
{
    bool may_follow = event->kind == EVENT_USAGE || event->kind == EVENT_EXTRA;

    assert(may_follow || !finished[event->choice]);
    finished[event->choice] |= event->kind == EVENT_FINISH;
    if (event->kind == EVENT_USAGE) {
        check_usage(&event->usage);
    } else if (event->kind == EVENT_TOOL_CALL) {
        assert(event->tool.id.len > 0);
    } else if (event->kind == EVENT_TOOL_ARGS) {
        check_arguments(event->tool_args.json);
    }
}

static void decode(enum framing framing, str bytes, size_t step, struct buf *out)
{
    static const struct model model = {.name = STR_INIT("model")};
    struct arena arena = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = &gemini_dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = framing,
                              .bytes_max = 65536,
                              .hints = {.prefill = STR("The sea")}};
    struct fault fault = {0};
    enum err err = ERR_OK;
    bool finished[CHAT_CHOICES_MAX] = {false};

    decoder_init(&decoder);
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? gemini_dialect.decode_end(&decoder, &scratch, &events, &fault)
                    : gemini_dialect.decode(&decoder, piece, &scratch, &events, &fault);
        bytes = str_skip(bytes, piece.len);
        for (size_t i = 0; i < events.len; i++) {
            check(&events.at[i], finished);
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

    for (enum framing framing = FRAMING_WHOLE; framing <= FRAMING_SSE; framing++) {
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
