/*
 * Any bytes decode to the same events in pieces of any size, in every framing, and the events keep
 * their order; any chat that is accepted becomes JSON for every platform.
 * links: wire
 */
#include "codec/eventstream.h"
#include "wire/surface.h"

#include "fuzz_decoder.h"
#include "share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- Answers ---- */

static void decode(enum framing framing, str bytes, size_t step)
{
    static const struct model model = {.name = STR_INIT("claude-sonnet-4-5")};
    struct tool_alias aliases[] = {{STR("f"), STR("my.f")}};
    const struct decoder what = {
        .dialect = &anthropic_dialect,
        .model = &model,
        .framing = framing,
        .hints = {aliases, COUNT_OF(aliases), STR("So it")},
    };

    fuzz_cut(&what, bytes, step, NULL);
}

/* Each line as a message: of a chunk, or an exception when it begins with '!'. */
static void decode_messages(str bytes, size_t step)
{
    struct arena arena = {0};
    struct buf out;

    buf_init(&out, FUZZ_PRINTED_BYTES_MAX);
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
    decode(FRAMING_EVENTSTREAM, buf_str(&out), step);
    buf_free(&out);
    arena_reset(&arena);
}

/* ---- Requests ---- */

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
            const char *name = names[i % COUNT_OF(names)];
            const struct site site = {platforms[i / COUNT_OF(names)], STR("r"), STR("p"), STR_NONE};
            const struct model model = {.name = str_c(name),
                                        .quirks = share_quirks("anthropic", "anthropic"),
                                        .rules = share_rules(name),
                                        .site = &site};
            fuzz_encode(&anthropic_dialect, &model, chat);
        }
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);
    size_t step = fuzz_step(bytes);

    decode(FRAMING_WHOLE, bytes, step);
    decode(FRAMING_SSE, bytes, step);
    decode_messages(bytes, step);
    encode_everywhere(bytes);
    return 0;
}
