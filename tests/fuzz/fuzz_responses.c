/* Any bytes decode to the same events in pieces of any size, and the events keep their order.
 * links: wire */
#include "wire/dialect.h"
#include "wire/quirks.h"

#include "event_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICES_MAX = 128 };

struct order {
    bool has_started;
    int finishes[CHOICES_MAX];
    int64_t calls[CHOICES_MAX];
};

static void check(const struct event *event, struct order *order)
{
    assert(order->has_started != (event->kind == EVENT_START));
    order->has_started = true;
    assert(event->choice >= 0 && event->choice < CHOICES_MAX);
    if (event->kind == EVENT_USAGE) {
        assert(event->usage.prompt_cached >= 0 && event->usage.completion_reasoning >= 0);
        assert(event->usage.prompt >= event->usage.prompt_cached && event->usage.total >= 0);
        assert(event->usage.completion >= event->usage.completion_reasoning);
    } else if (event->kind == EVENT_TOOL_CALL) {
        assert(event->tool.index == order->calls[event->choice] && event->tool.id.len > 0);
        order->calls[event->choice]++;
    } else if (event->kind == EVENT_TOOL_ARGS) {
        assert(event->tool_args.index >= 0);
        assert(event->tool_args.index < order->calls[event->choice]);
    } else if (event->kind == EVENT_FINISH) {
        assert(order->finishes[event->choice]++ == 0);
    }
}

static void decode(enum framing framing, str bytes, size_t step, struct buf *out)
{
    static const struct quirks quirks = {.takes_developer = true};
    static const struct model model = {.name = STR_INIT("gpt-5"), .quirks = &quirks};
    const struct dialect *dialect = &openai_responses_dialect;
    struct arena arena = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = framing,
                              .bytes_max = 65536,
                              .id_seed = STR("seed")};
    struct fault fault = {0};
    struct order order = {0};
    enum err err = ERR_OK;

    decoder_init(&decoder);
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? dialect->decode_end(&decoder, &scratch, &events, &fault)
                    : dialect->decode(&decoder, piece, &scratch, &events, &fault);
        bytes = str_skip(bytes, piece.len);
        for (size_t i = 0; i < events.len; i++) {
            check(&events.at[i], &order);
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
