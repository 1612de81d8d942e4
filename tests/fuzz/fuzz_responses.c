/* Any bytes decode to the same events in pieces of any size, and the events keep their order; any
 * chat becomes a request that is JSON.
 * links: wire */
#include "wire/dialect.h"
#include "wire/quirks.h"
#include "wire/surface.h"

#include "event_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICES_MAX = 128 };

struct order {
    bool has_started;
    int finishes[CHOICES_MAX];
    int64_t calls[CHOICES_MAX];
};

static bool is_usage_sound(const struct usage *usage)
{
    return usage->prompt_cached >= 0 && usage->prompt_cached <= usage->prompt &&
           usage->completion_reasoning >= 0 && usage->completion_reasoning <= usage->completion &&
           usage->total >= 0;
}

/* Calls are numbered without gaps, and one is open before it is filled. */
static bool is_call_sound(const struct event *event, struct order *order)
{
    int64_t *calls = &order->calls[event->choice];

    if (event->kind == EVENT_TOOL_CALL) {
        return event->tool.index == (*calls)++ && event->tool.id.len > 0;
    }
    return event->tool_args.index >= 0 && event->tool_args.index < *calls;
}

static bool is_sound(const struct event *event, struct order *order)
{
    bool is_first = !order->has_started;

    order->has_started = true;
    if (event->choice < 0 || event->choice >= CHOICES_MAX) {
        return false;
    }
    switch (event->kind) {
    case EVENT_START:
        return is_first;
    case EVENT_USAGE:
        return is_usage_sound(&event->usage);
    case EVENT_TOOL_CALL:
    case EVENT_TOOL_ARGS:
        return is_call_sound(event, order);
    case EVENT_FINISH:
        return order->finishes[event->choice]++ == 0;
    case EVENT_TEXT:
    case EVENT_REFUSAL:
    case EVENT_REASONING:
    case EVENT_ANNOTATION:
    case EVENT_IMAGE:
    case EVENT_AUDIO:
    case EVENT_LOGPROBS:
    case EVENT_EXTRA:
        break;
    }
    return !is_first;
}

static const struct quirks quirks = {.takes_developer = true};
static const struct model model = {.name = STR_INIT("gpt-5"), .quirks = &quirks};

static void decode(enum framing framing, str bytes, size_t step, struct buf *out)
{
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
            bool sound = is_sound(&events.at[i], &order);
            assert(sound);
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

/* `format`: what the raw JSON in the chat is taken for. */
static void encode(str bytes, enum chat_format format)
{
    struct arena arena = {0};
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(bytes, &arena, &chat, &fault) == ERR_OK) {
        chat->format = format;
        if (openai_responses_dialect.encode_request(chat, &model, &arena, &request, &fault) ==
            ERR_OK) {
            assert(json_read_lenient(&arena, request.http.body) != NULL);
        }
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);
    size_t step = size > 0 ? (size_t)data[size - 1] % 64 + 1 : 1;

    encode(bytes, FORMAT_OPENAI_CHAT);
    encode(bytes, FORMAT_OPENAI_RESPONSES);
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
