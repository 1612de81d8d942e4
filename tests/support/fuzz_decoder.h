/*
 * fuzz_decoder: what must hold of every dialect's decoder, whatever bytes it is fed.
 *
 * Any bytes say the same however they are cut.  START comes first and once; what ends a choice is
 * its last word but for usage and extras; calls are numbered without gaps and have an id; counts
 * add up.
 */
#pragma once

#include "llm/chat.h"
#include "wire/dialect.h"

#include "event_print.h"

enum { FUZZ_BYTES_MAX = 65536, FUZZ_PRINTED_BYTES_MAX = 1 << 24 };

/* What was said so far. */
struct fuzz_order {
    bool has_started;
    bool has_finished[CHAT_CHOICES_MAX];
    int64_t calls[CHAT_CHOICES_MAX];
};

static inline void fuzz_check_usage(const struct usage *usage)
{
    assert(usage->prompt_cached >= 0 && usage->prompt_cache_write_1h >= 0);
    assert(usage->prompt_cache_write >= usage->prompt_cache_write_1h);
    assert(usage->prompt >= usage->prompt_cached + usage->prompt_cache_write);
    assert(usage->completion_reasoning >= 0);
    assert(usage->completion >= usage->completion_reasoning && usage->total >= 0);
}

static inline void fuzz_check_event(const struct event *event, struct fuzz_order *order)
{
    bool may_follow = event->kind == EVENT_USAGE || event->kind == EVENT_EXTRA;

    assert((event->kind == EVENT_START) != order->has_started);
    assert(event->choice >= 0 && event->choice < CHAT_CHOICES_MAX);
    assert(may_follow || !order->has_finished[event->choice]);
    order->has_started = true;
    if (event->kind == EVENT_FINISH) {
        order->has_finished[event->choice] = true;
    } else if (event->kind == EVENT_USAGE) {
        fuzz_check_usage(&event->usage);
    } else if (event->kind == EVENT_TOOL_CALL) {
        assert(event->tool.index == order->calls[event->choice]++ && event->tool.id.len > 0);
    } else if (event->kind == EVENT_TOOL_ARGS) {
        assert(event->tool_args.index >= 0);
        assert(event->tool_args.index < order->calls[event->choice]);
    }
}

/* Decodes `bytes` in pieces of `step` and prints what they say.  `what` has the dialect, the model,
 * the framing and the hints; `check` may be NULL. */
static inline void fuzz_decode(const struct decoder *what, str bytes, size_t step,
                               void (*check)(const struct event *event), struct buf *out)
{
    struct arena arena = {0};
    struct arena scratch = {0};
    struct decoder decoder = *what;
    struct fault fault = {0};
    struct fuzz_order order = {0};
    enum err err = ERR_OK;

    decoder.arena = &arena;
    decoder.bytes_max = FUZZ_BYTES_MAX;
    decoder.id_seed = STR("seed");
    decoder_init(&decoder);
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? what->dialect->decode_end(&decoder, &scratch, &events, &fault)
                    : what->dialect->decode(&decoder, piece, &scratch, &events, &fault);
        bytes = str_skip(bytes, piece.len);
        for (size_t i = 0; i < events.len; i++) {
            fuzz_check_event(&events.at[i], &order);
            if (check != NULL) {
                check(&events.at[i]);
            }
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

/* The last byte says how the bytes are cut. */
static inline size_t fuzz_step(str bytes)
{
    return bytes.len > 0 ? (unsigned char)bytes.at[bytes.len - 1] % 64 + 1U : 1;
}

/* Whole and in pieces they say the same, and nothing that `check`, unless NULL, objects to. */
static inline void fuzz_cut(const struct decoder *what, str bytes, size_t step,
                            void (*check)(const struct event *event))
{
    struct buf whole;
    struct buf pieces;

    buf_init(&whole, FUZZ_PRINTED_BYTES_MAX);
    buf_init(&pieces, FUZZ_PRINTED_BYTES_MAX);
    fuzz_decode(what, bytes, SIZE_MAX, check, &whole);
    fuzz_decode(what, bytes, step, check, &pieces);
    assert(str_eq(buf_str(&whole), buf_str(&pieces)));
    buf_free(&whole);
    buf_free(&pieces);
}

/* A schema may be nested deeper than it came, which may pass the reader's bound. */
static inline bool fuzz_may_be_too_deep(str body)
{
    size_t brackets = 0;

    for (size_t i = 0; i < body.len; i++) {
        brackets += body.at[i] == '[' || body.at[i] == '{';
    }
    return brackets >= JSON_DEPTH_MAX;
}

/* A chat that is accepted becomes JSON; one that is not is refused in words. */
static inline void fuzz_encode(const struct dialect *dialect, const struct model *model,
                               const struct chat_request *chat)
{
    struct arena arena = {0};
    struct provider_request request = {0};
    struct fault fault = {0};

    if (dialect->encode_request(chat, model, &arena, &request, &fault) == ERR_OK) {
        bool is_json = json_read_lenient(&arena, request.http.body) != NULL;
        assert(is_json || fuzz_may_be_too_deep(request.http.body));
    } else {
        assert(fault.message.len > 0);
    }
    arena_reset(&arena);
}
