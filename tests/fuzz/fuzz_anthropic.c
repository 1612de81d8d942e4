/*
 * Any bytes decode to the same events in pieces of any size, in every framing, and the events keep
 * their order; any chat that is accepted becomes JSON for every platform.
 * links: wire
 */
#include "codec/eventstream.h"
#include "wire/dialect.h"
#include "wire/surface.h"

#include "event_print.h"
#include "share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 65536, OUT_BYTES_MAX = 1 << 24 };

/* ---- Answers ---- */

static void check(const struct event *event, int *finishes)
{
    assert(event->kind != EVENT_USAGE ||
           (event->usage.prompt >= event->usage.prompt_cached && event->usage.completion >= 0));
    assert(*finishes == 0); /* the last of all */
    *finishes += event->kind == EVENT_FINISH ? 1 : 0;
}

static void decode(enum framing framing, str bytes, size_t step, struct buf *out)
{
    static const struct model model = {.name = STR_INIT("claude-sonnet-4-5")};
    struct tool_alias aliases[] = {{STR("f"), STR("my.f")}};
    struct arena arena = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = &anthropic_dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = framing,
                              .hints = {aliases, COUNT_OF(aliases), STR("So it")},
                              .bytes_max = BYTES_MAX};
    struct fault fault = {0};
    enum err err = ERR_OK;
    int finishes = 0;

    decoder_init(&decoder);
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? anthropic_dialect.decode_end(&decoder, &scratch, &events, &fault)
                    : anthropic_dialect.decode(&decoder, piece, &scratch, &events, &fault);
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

static void decode_twice(enum framing framing, str bytes, size_t step)
{
    struct buf whole;
    struct buf pieces;

    buf_init(&whole, OUT_BYTES_MAX);
    buf_init(&pieces, OUT_BYTES_MAX);
    decode(framing, bytes, SIZE_MAX, &whole);
    decode(framing, bytes, step, &pieces);
    assert(str_eq(buf_str(&whole), buf_str(&pieces)));
    buf_free(&whole);
    buf_free(&pieces);
}

/* Each line as a message: of a chunk, or an exception when it begins with '!'. */
static void decode_messages(str bytes, size_t step)
{
    struct arena arena = {0};
    struct buf out;

    buf_init(&out, OUT_BYTES_MAX);
    while (bytes.len > 0) {
        str line = str_split(&bytes, '\n');
        bool is_exception = line.len > 0 && line.at[0] == '!';
        str base64 = text_base64_encode(line, &arena);
        str chunk = arena_printf(&arena, "{\"bytes\":\"" STR_FMT "\"}", STR_ARG(base64));
        const struct eventstream_header headers[] = {
            {STR(":message-type"), is_exception ? STR("exception") : STR("event")},
            {is_exception ? STR(":exception-type") : STR(":event-type"), STR("chunk")},
        };
        str payload = is_exception ? str_skip(line, 1) : chunk;
        if (eventstream_write(&out, headers, COUNT_OF(headers), payload) != ERR_OK) {
            break;
        }
    }
    decode_twice(FRAMING_EVENTSTREAM, buf_str(&out), step);
    buf_free(&out);
    arena_reset(&arena);
}

/* ---- Requests ---- */

/* Some rewriting nests a schema deeper, which may pass the reader's bound. */
static bool may_be_too_deep(str body)
{
    size_t brackets = 0;

    for (size_t i = 0; i < body.len; i++) {
        brackets += body.at[i] == '[' || body.at[i] == '{';
    }
    return brackets >= JSON_DEPTH_MAX;
}

static void encode(struct chat_request *chat, enum platform platform, const char *name)
{
    const struct site site = {platform, STR("r"), STR("p"), STR_NONE};
    struct arena arena = {0};
    struct model model = {.name = str_c(name),
                          .quirks = share_quirks("anthropic", "anthropic"),
                          .rules = share_rules(name),
                          .site = &site};
    struct provider_request request = {0};
    struct fault fault = {0};

    if (anthropic_dialect.encode_request(chat, &model, &arena, &request, &fault) == ERR_OK) {
        json *root = json_read_lenient(&arena, request.http.body);
        assert(root != NULL || may_be_too_deep(request.http.body));
    } else {
        assert(fault.message.len > 0);
    }
    arena_reset(&arena);
}

static void encode_everywhere(str body)
{
    static const enum platform platforms[] = {PLATFORM_OWN, PLATFORM_VERTEX, PLATFORM_BEDROCK};
    static const char *const names[] = {"claude-3-opus", "claude-sonnet-4-5", "claude-opus-5"};
    struct arena arena = {0};
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) == ERR_OK) {
        for (size_t i = 0; i < COUNT_OF(platforms) * COUNT_OF(names); i++) {
            chat->format = i % 2 == 0 ? FORMAT_OPENAI_CHAT : FORMAT_ANTHROPIC;
            encode(chat, platforms[i / COUNT_OF(names)], names[i % COUNT_OF(names)]);
        }
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);
    size_t step = size > 0 ? (size_t)data[size - 1] % 64 + 1 : 1;

    decode_twice(FRAMING_WHOLE, bytes, step);
    decode_twice(FRAMING_SSE, bytes, step);
    decode_messages(bytes, step);
    encode_everywhere(bytes);
    return 0;
}
