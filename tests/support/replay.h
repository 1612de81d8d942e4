/*
 * replay: a recorded answer through its dialect, in pieces of any size.
 *
 * Fed whole, byte by byte and cut in two at any place, an answer must give the same events.
 */
#pragma once

#include "llm/gather.h"
#include "wire/dialect.h"
#include "wire/quirks.h"

#include "event_print.h"

enum { REPLAY_BYTES_MAX = 32 << 20 };

struct replay {
    const struct dialect *dialect;
    const struct quirks *quirks;
    enum framing framing;
    str bytes;
};

/* Feeds the next piece and prints what it says; gathers it too when asked. */
static inline enum err replay_piece(struct decoder *decoder, const str *piece, struct buf *printed,
                                    struct gather *gather, struct fault *fault)
{
    struct arena scratch = {0};
    struct event_list events = {0};
    enum err err = piece != NULL
                       ? decoder->dialect->decode(decoder, *piece, &scratch, &events, fault)
                       : decoder->dialect->decode_end(decoder, &scratch, &events, fault);

    print_events(printed, &events);
    for (size_t i = 0; gather != NULL && i < events.len; i++) {
        (void)(gather_add(gather, &events.at[i]) == ERR_OK);
    }
    arena_reset(&scratch);
    return err;
}

/* Feeds `first` bytes, then pieces of `step`, then the end.  What was said stands in *printed, a
 * failure as its last line.  *fault lives in `arena`. */
static inline enum err replay(const struct replay *what, struct arena *arena, size_t first,
                              size_t step, struct buf *printed, struct gather *gather,
                              struct fault *fault)
{
    struct model model = {.name = STR("model"), .quirks = what->quirks};
    struct decoder decoder = {
        .dialect = what->dialect,
        .model = &model,
        .arena = arena,
        .framing = what->framing,
        .bytes_max = REPLAY_BYTES_MAX,
        .id_seed = STR("seed"),
    };
    str rest = what->bytes;
    size_t size = first;
    enum err err = ERR_OK;

    decoder_init(&decoder);
    while (rest.len > 0 && err == ERR_OK) {
        str piece = str_take(rest, size);
        err = replay_piece(&decoder, &piece, printed, gather, fault);
        rest = str_skip(rest, piece.len);
        size = step;
    }
    if (err == ERR_OK) {
        err = replay_piece(&decoder, NULL, printed, gather, fault);
    }
    if (err != ERR_OK) {
        print_fault(printed, err, fault);
    }
    decoder_free(&decoder);
    return err;
}

/* The same, only for what it prints.  False when that differs from `want`; *got then holds it. */
static inline bool replay_gives(const struct replay *what, size_t first, size_t step, str want,
                                struct buf *got)
{
    struct arena arena = {0};
    struct fault fault = {0};

    got->len = 0;
    (void)(replay(what, &arena, first, step, got, NULL, &fault) == ERR_OK);
    arena_reset(&arena);
    return str_eq(buf_str(got), want);
}
