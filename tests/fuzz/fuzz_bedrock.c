/* Any messages, and any whole body, decode to the same events in pieces of any size, and the events
 * keep their order; any chat becomes JSON for every family of models.  The input is text as
 * tests/support/frames.h has it, or a chat.
 * links: wire */
#include "wire/surface.h"

#include "frames.h"
#include "fuzz_decoder.h"
#include "share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send(str body, const char *name)
{
    struct arena arena = {0};
    struct model model = {.name = str_c(name), .rules = share_rules(name)};
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) == ERR_OK) {
        fuzz_encode(&bedrock_dialect, &model, chat);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const models[] = {"claude-sonnet-4-5", "claude-opus-5", "nova-2-lite",
                                         "titan-text", "mistral-large"};
    static const struct model model = {.name = STR_INIT("anthropic.claude-sonnet-4-5")};
    struct arena arena = {0};
    str text = str_of((const char *)data, size);
    str frames = frames_of(&arena, text);

    for (size_t i = 0; i < COUNT_OF(models); i++) {
        send(text, models[i]);
    }
    for (int is_stream = 0; is_stream < 2; is_stream++) {
        const struct decoder what = {
            .dialect = &bedrock_dialect,
            .model = &model,
            .framing = is_stream ? FRAMING_EVENTSTREAM : FRAMING_WHOLE,
            .hints = {.prefill = STR("Once")},
        };
        fuzz_cut(&what, is_stream ? frames : text, fuzz_step(text), NULL);
    }
    arena_reset(&arena);
    return 0;
}
