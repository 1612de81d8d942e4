/*
 * Any bytes, in pieces of any size, must not break the chat decoder; what it says must fit into
 * what the surface writes, and FINISH comes at most once.
 */
#include "codec/json_write.h"
#include "wire/dialect.h"
#include "wire/quirks.h"
#include "wire/surface.h"

#include "replay.h"
#include "share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct chat_part part = {.text = STR_INIT("Hi")};
static struct chat_message message = {.role = ROLE_USER, .parts = &part, .part_count = 1};

/* Writes the events as the gate does; every chunk must be JSON again. */
static void encode(struct encoder *encoder, const struct event_list *events, struct buf *out)
{
    static int finished[CHAT_CHOICES_MAX];

    for (size_t i = 0; i < events->len; i++) {
        const struct event *event = &events->at[i];
        if (event->kind == EVENT_START) {
            memset(finished, 0, sizeof(finished));
        }
        if (event->kind == EVENT_FINISH) {
            assert(finished[event->choice]++ == 0);
        }
        if (event->kind == EVENT_USAGE) {
            assert(event->usage.prompt >= 0 && event->usage.completion >= 0);
        }
        out->len = 0;
        if (openai_chat_surface.encode(encoder, event, out) != ERR_OK || out->len == 0) {
            continue;
        }
        struct arena arena = {0};
        str rest = buf_str(out);
        while (rest.len > 0) {
            str line = str_split(&rest, '\n');
            assert(line.len == 0 || json_read_lenient(&arena, str_skip(line, 6)) != NULL);
        }
        arena_reset(&arena);
    }
}

/* Departures that change how an answer is read, by the bits of a byte. */
static struct quirks quirks_by(unsigned bits)
{
    struct quirks quirks = *share_quirks("", "openai");

    quirks.think = (enum think_style)(bits % 3);
    quirks.ends_silently = (bits & 0x10) != 0;
    quirks.completion_excludes_reasoning = (bits & 0x20) != 0;
    return quirks;
}

/* However the bytes are cut, they say the same. */
static void compare_cuts(const struct replay *what, size_t step)
{
    struct arena arena = {0};
    struct fault fault = {0};
    struct buf whole;
    struct buf cut;

    buf_init(&whole, REPLAY_BYTES_MAX);
    buf_init(&cut, REPLAY_BYTES_MAX);
    (void)(replay(what, &arena, what->bytes.len, 1, &whole, NULL, &fault) == ERR_OK);
    assert(replay_gives(what, step, step, buf_str(&whole), &cut));
    buf_free(&cut);
    buf_free(&whole);
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct arena scratch = {0};
    struct quirks quirks = quirks_by(size > 1 ? data[1] : 0);
    struct model model = {.name = STR("m"), .quirks = &quirks};
    struct chat_request chat = {.messages = &message, .message_count = 1, .stream = true};
    struct fault fault = {0};
    struct buf out;
    str bytes = str_skip(str_of((const char *)data, size), 2);
    size_t step = size > 0 ? (size_t)(data[0] >> 1) + 1 : 1;
    struct decoder decoder = {
        .dialect = &openai_chat_dialect,
        .model = &model,
        .arena = &arena,
        .framing = size > 0 && (data[0] & 1) != 0 ? FRAMING_WHOLE : FRAMING_SSE,
        .bytes_max = 16384,
        .hints = {.prefill = size > 1 && data[1] > 127 ? STR("Hi, ") : STR("")},
        .id_seed = STR("s")};
    struct encoder encoder = {.surface = &openai_chat_surface, .chat = &chat, .arena = &arena};
    enum err err = ERR_OK;

    struct replay what = {&openai_chat_dialect, &quirks, decoder.framing, bytes};
    compare_cuts(&what, step);
    chat.is_text = size > 0 && data[0] == 0xff;
    buf_init(&out, 1 << 20);
    decoder_init(&decoder);
    openai_chat_surface.encoder_init(&encoder);
    while (bytes.len > 0 && err == ERR_OK) {
        struct event_list events = {0};
        err =
            openai_chat_dialect.decode(&decoder, str_take(bytes, step), &scratch, &events, &fault);
        encode(&encoder, &events, &out);
        arena_clear(&scratch);
        bytes = str_skip(bytes, step);
    }
    if (err == ERR_OK) {
        struct event_list events = {0};
        err = openai_chat_dialect.decode_end(&decoder, &scratch, &events, &fault);
        encode(&encoder, &events, &out);
    }
    err = err == ERR_OK ? openai_chat_surface.encode_end(&encoder, &out)
                        : openai_chat_surface.encode_cut(&encoder, &fault, &out);
    (void)err; /* the buffer may be too small */
    buf_free(&out);
    decoder_free(&decoder);
    arena_reset(&scratch);
    arena_reset(&arena);
    return 0;
}
