#include "llm/event.h"

#include "base/macros.h"

static const char *const kind_names[] = {
    [EVENT_START] = "start",           [EVENT_TEXT] = "text",
    [EVENT_REFUSAL] = "refusal",       [EVENT_REASONING] = "reasoning",
    [EVENT_TOOL_CALL] = "tool_call",   [EVENT_TOOL_ARGS] = "tool_args",
    [EVENT_ANNOTATION] = "annotation", [EVENT_IMAGE] = "image",
    [EVENT_AUDIO] = "audio",           [EVENT_LOGPROBS] = "logprobs",
    [EVENT_EXTRA] = "extra",           [EVENT_USAGE] = "usage",
    [EVENT_FINISH] = "finish",
};

static const char *const finish_names[] = {
    [FINISH_NONE] = "",
    [FINISH_STOP] = "stop",
    [FINISH_LENGTH] = "length",
    [FINISH_TOOL_CALLS] = "tool_calls",
    [FINISH_CONTENT_FILTER] = "content_filter",
    [FINISH_ERROR] = "error",
};

const char *event_kind_name(enum event_kind kind)
{
    return (size_t)kind < COUNT_OF(kind_names) ? kind_names[kind] : "unknown";
}

str finish_reason_name(enum finish_reason reason)
{
    assert((size_t)reason < COUNT_OF(finish_names));
    return str_c(finish_names[reason]);
}

struct event *event_list_add(struct event_list *list, struct arena *arena, enum event_kind kind)
{
    if (list->len == list->room) {
        size_t room = list->room > 0 ? list->room * 2 : 8;
        struct event *at = arena_take_raw(arena, room * sizeof(*at));
        if (list->len > 0) {
            memcpy(at, list->at, list->len * sizeof(*at));
        }
        list->at = at;
        list->room = room;
    }
    struct event *event = &list->at[list->len++];
    *event = (struct event){.kind = kind};
    return event;
}
