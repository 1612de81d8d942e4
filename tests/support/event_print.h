/*
 * event_print: events as text, one line each, for goldens and for messages of failed tests.
 *
 *     start <id> <model> <created>
 *     text <text>                         refusal the same
 *     reasoning <index> <kind> [signature=..] [id=..] [format=..] <text>
 *     tool_call <index> <id> <name>
 *     tool_args <index> <json>
 *     annotation <json>                   image, audio, logprobs the same
 *     extra <body|choice|message> <name> <json>
 *     usage <prompt> <completion> <total> [<detail>=<n> ...]      details that are not 0
 *     finish <reason> <native>
 *     fault <err> <type> <status> <message>
 *
 * A choice other than 0 stands behind the kind: "text[1] Hello".  An empty word reads "-".
 * Backslashes, control characters and bytes that are not UTF-8 are escaped as \\, \n, \xNN.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "codec/json_write.h"
#include "llm/event.h"

#include <inttypes.h>

/* Tests fail elsewhere when a buffer is too small; printing has nobody to tell. */
#define PRINT(...) ((void)(buf_printf(__VA_ARGS__) == ERR_OK))

static inline void print_text(struct buf *out, str text)
{
    bool is_utf8 = text_is_utf8(text);

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '\\') {
            PRINT(out, "\\\\");
        } else if (c == '\n') {
            PRINT(out, "\\n");
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_utf8)) {
            PRINT(out, "\\x%02x", (unsigned)c);
        } else {
            PRINT(out, "%c", (char)c);
        }
    }
}

static inline void print_word(struct buf *out, str word)
{
    PRINT(out, " ");
    print_text(out, word.len > 0 ? word : STR("-"));
}

static inline void print_json(struct buf *out, json *value)
{
    struct arena arena = {0};

    PRINT(out, " ");
    print_text(out, json_to_text(&arena, value));
    arena_reset(&arena);
}

static inline void print_member(struct buf *out, const char *name, str value)
{
    if (value.len > 0) {
        PRINT(out, " %s=", name);
        print_text(out, value);
    }
}

static inline void print_reasoning(struct buf *out, const struct reasoning *reasoning)
{
    static const char *const kinds[] = {
        [REASONING_TEXT] = "text",
        [REASONING_SUMMARY] = "summary",
        [REASONING_ENCRYPTED] = "encrypted",
    };

    PRINT(out, " %" PRId64 " %s", reasoning->index, kinds[reasoning->kind]);
    print_member(out, "signature", reasoning->signature);
    print_member(out, "id", reasoning->id);
    print_member(out, "format", reasoning->format);
    print_word(out, reasoning->text);
}

static inline void print_usage(struct buf *out, const struct usage *usage)
{
    const struct {
        const char *name;
        int64_t count;
    } details[] = {
        {"cached", usage->prompt_cached},
        {"cache_write", usage->prompt_cache_write},
        {"cache_write_1h", usage->prompt_cache_write_1h},
        {"prompt_audio", usage->prompt_audio},
        {"prompt_image", usage->prompt_image},
        {"prompt_video", usage->prompt_video},
        {"reasoning", usage->completion_reasoning},
        {"completion_audio", usage->completion_audio},
        {"completion_image", usage->completion_image},
        {"prediction_accepted", usage->prediction_accepted},
        {"prediction_rejected", usage->prediction_rejected},
        {"web_searches", usage->web_searches},
    };

    PRINT(out, " %" PRId64 " %" PRId64 " %" PRId64, usage->prompt, usage->completion, usage->total);
    for (size_t i = 0; i < COUNT_OF(details); i++) {
        if (details[i].count != 0) {
            PRINT(out, " %s=%" PRId64, details[i].name, details[i].count);
        }
    }
}

static inline void print_extra(struct buf *out, const struct event *event)
{
    static const char *const places[] = {
        [EXTRA_BODY] = "body",
        [EXTRA_CHOICE] = "choice",
        [EXTRA_MESSAGE] = "message",
    };

    PRINT(out, " %s", places[event->extra.place]);
    print_word(out, event->extra.name);
    print_json(out, event->extra.value);
}

/* One line. */
static inline void print_event(struct buf *out, const struct event *event)
{
    PRINT(out, "%s", event_kind_name(event->kind));
    if (event->choice != 0) {
        PRINT(out, "[%d]", event->choice);
    }
    switch (event->kind) {
    case EVENT_START:
        print_word(out, event->start.id);
        print_word(out, event->start.model);
        PRINT(out, " %" PRId64, event->start.created);
        break;
    case EVENT_TEXT:
    case EVENT_REFUSAL:
        print_word(out, event->text);
        break;
    case EVENT_REASONING:
        print_reasoning(out, &event->reasoning);
        break;
    case EVENT_TOOL_CALL:
        PRINT(out, " %" PRId64, event->tool.index);
        print_word(out, event->tool.id);
        print_word(out, event->tool.name);
        break;
    case EVENT_TOOL_ARGS:
        PRINT(out, " %" PRId64, event->tool_args.index);
        print_word(out, event->tool_args.json);
        break;
    case EVENT_ANNOTATION:
    case EVENT_IMAGE:
    case EVENT_AUDIO:
    case EVENT_LOGPROBS:
        print_json(out, event->raw);
        break;
    case EVENT_EXTRA:
        print_extra(out, event);
        break;
    case EVENT_USAGE:
        print_usage(out, &event->usage);
        break;
    case EVENT_FINISH:
        print_word(out, finish_reason_name(event->finish.reason));
        print_word(out, event->finish.native);
        break;
    }
    PRINT(out, "\n");
}

static inline void print_events(struct buf *out, const struct event_list *events)
{
    for (size_t i = 0; i < events->len; i++) {
        print_event(out, &events->at[i]);
    }
}

/* The line for what decode() or decode_end() returned other than ERR_OK. */
static inline void print_fault(struct buf *out, enum err err, const struct fault *fault)
{
    str type = fault_type_name(fault->type);

    PRINT(out, "fault %s " STR_FMT " %d", err_name(err), STR_ARG(type), fault_status(fault));
    print_word(out, fault->message);
    PRINT(out, "\n");
}
