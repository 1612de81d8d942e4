/* Any messages, and any whole body, decode to the same events in pieces of any size, and the events
 * keep their order; any chat becomes JSON for every family of models.  The input is text as
 * tests/support/frames.h has it, or a chat.
 * links: wire */
#include "wire/dialect.h"
#include "wire/surface.h"

#include "event_print.h"
#include "frames.h"
#include "share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct event *event, int64_t *tools, int *finishes)
{
    assert(event->kind != EVENT_USAGE ||
           (event->usage.prompt >= event->usage.prompt_cached + event->usage.prompt_cache_write &&
            event->usage.prompt_cache_write >= event->usage.prompt_cache_write_1h &&
            event->usage.completion >= 0 && event->usage.prompt_cache_write_1h >= 0));
    assert(event->kind != EVENT_TOOL_CALL ||
           (event->tool.index == (*tools)++ && event->tool.id.len > 0));
    assert(event->kind != EVENT_TOOL_ARGS || event->tool_args.index < *tools);
    assert(*finishes == 0); /* the last of all */
    *finishes += event->kind == EVENT_FINISH ? 1 : 0;
}

static void decode(enum framing framing, str bytes, size_t step, struct buf *out)
{
    static const struct model model = {.name = STR_INIT("anthropic.claude-sonnet-4-5")};
    struct arena arena = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = &bedrock_dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = framing,
                              .bytes_max = 65536,
                              .hints = {.prefill = STR("Once")},
                              .id_seed = STR("seed")};
    struct fault fault = {0};
    enum err err = ERR_OK;
    int64_t tools = 0;
    int finishes = 0;

    decoder_init(&decoder);
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? bedrock_dialect.decode_end(&decoder, &scratch, &events, &fault)
                    : bedrock_dialect.decode(&decoder, piece, &scratch, &events, &fault);
        bytes = str_skip(bytes, piece.len);
        for (size_t i = 0; i < events.len; i++) {
            check(&events.at[i], &tools, &finishes);
        }
        print_events(out, &events);
        arena_reset(&scratch);
    }
    if (err != ERR_OK) {
        assert(fault.message.len > 0);
        print_fault(out, err, &fault);
    }
    decoder_free(&decoder);
    arena_reset(&arena);
}

/* A schema may be nested deeper than it came, which may pass the reader's bound. */
static bool may_be_too_deep(str body)
{
    size_t brackets = 0;

    for (size_t i = 0; i < body.len; i++) {
        brackets += body.at[i] == '[' || body.at[i] == '{';
    }
    return brackets >= JSON_DEPTH_MAX;
}

static void send(str body, const char *name)
{
    struct arena arena = {0};
    struct model model = {.name = str_c(name), .rules = share_rules(name)};
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) == ERR_OK) {
        enum err err = bedrock_dialect.encode_request(chat, &model, &arena, &request, &fault);
        assert(err == ERR_OK || fault.message.len > 0);
        assert(err != ERR_OK || may_be_too_deep(request.http.body) ||
               json_read_lenient(&arena, request.http.body) != NULL);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const models[] = {"claude-sonnet-4-5", "claude-opus-5", "nova-2-lite",
                                         "titan-text", "mistral-large"};
    struct arena arena = {0};
    str text = str_of((const char *)data, size);
    str frames = frames_of(&arena, text);
    size_t step = size > 0 ? (size_t)data[size - 1] % 64 + 1 : 1;

    for (size_t i = 0; i < COUNT_OF(models); i++) {
        send(text, models[i]);
    }
    for (int is_stream = 0; is_stream < 2; is_stream++) {
        enum framing framing = is_stream ? FRAMING_EVENTSTREAM : FRAMING_WHOLE;
        struct buf whole;
        struct buf pieces;
        buf_init(&whole, 1 << 24);
        buf_init(&pieces, 1 << 24);
        decode(framing, is_stream ? frames : text, SIZE_MAX, &whole);
        decode(framing, is_stream ? frames : text, step, &pieces);
        assert(str_eq(buf_str(&whole), buf_str(&pieces)));
        buf_free(&whole);
        buf_free(&pieces);
    }
    arena_reset(&arena);
    return 0;
}
