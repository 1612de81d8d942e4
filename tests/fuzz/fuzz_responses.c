/* Any bytes decode to the same events in pieces of any size, and the events keep their order; any
 * chat becomes a request that is JSON.
 * links: wire */
#include "wire/quirks.h"
#include "wire/surface.h"

#include "fuzz_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct quirks quirks = {.takes_developer = true};
static const struct model model = {.name = STR_INIT("gpt-5"), .quirks = &quirks};

/* `format`: what the raw JSON in the chat is taken for. */
static void encode(str bytes, enum chat_format format)
{
    struct arena arena = {0};
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(bytes, &arena, &chat, &fault) == ERR_OK) {
        chat->format = format;
        fuzz_encode(&openai_responses_dialect, &model, chat);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);

    encode(bytes, FORMAT_OPENAI_CHAT);
    encode(bytes, FORMAT_OPENAI_RESPONSES);
    for (enum framing framing = FRAMING_WHOLE; framing <= FRAMING_SSE; framing++) {
        const struct decoder what = {
            .dialect = &openai_responses_dialect,
            .model = &model,
            .framing = framing,
        };
        fuzz_cut(&what, bytes, fuzz_step(bytes), NULL);
    }
    return 0;
}
