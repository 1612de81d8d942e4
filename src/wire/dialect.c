#include "wire/dialect.h"

enum framing framing_of(str content_type)
{
    str type = str_trim(str_split(&content_type, ';'));

    if (str_eq_nocase(type, STR("text/event-stream"))) {
        return FRAMING_SSE;
    }
    if (str_eq_nocase(type, STR("application/x-ndjson")) ||
        str_eq_nocase(type, STR("application/jsonl"))) {
        return FRAMING_NDJSON;
    }
    if (str_eq_nocase(type, STR("application/vnd.amazon.eventstream"))) {
        return FRAMING_EVENTSTREAM;
    }
    return FRAMING_WHOLE;
}

void drops_add(struct drops *drops, struct arena *arena, str name)
{
    for (size_t i = 0; i < drops->count; i++) {
        if (str_eq(drops->at[i], name)) {
            return;
        }
    }
    if (drops->count == drops->room) {
        size_t room = drops->room > 0 ? drops->room * 2 : 8;
        str *at = ARENA_ARRAY(arena, str, room);
        if (drops->count > 0) {
            memcpy(at, drops->at, drops->count * sizeof(*at));
        }
        drops->at = at;
        drops->room = room;
    }
    drops->at[drops->count++] = name;
}

struct answer_hints hints_copy(const struct answer_hints *hints, struct arena *arena)
{
    struct answer_hints copy = {
        .aliases = ARENA_ARRAY(arena, struct tool_alias, hints->alias_count),
        .alias_count = hints->alias_count,
        .prefill = arena_copy(arena, hints->prefill),
    };

    for (size_t i = 0; i < hints->alias_count; i++) {
        copy.aliases[i].sent = arena_copy(arena, hints->aliases[i].sent);
        copy.aliases[i].name = arena_copy(arena, hints->aliases[i].name);
    }
    return copy;
}

str hints_tool_name(const struct answer_hints *hints, str sent)
{
    for (size_t i = 0; i < hints->alias_count; i++) {
        if (str_eq(hints->aliases[i].sent, sent)) {
            return hints->aliases[i].name;
        }
    }
    return sent;
}

static const struct dialect *const dialects[] = {
    &openai_chat_dialect, &azure_dialect,   &openai_responses_dialect, &anthropic_dialect,
    &gemini_dialect,      &bedrock_dialect, &cohere_dialect,           &ollama_dialect,
};

const struct dialect *dialect_by_name(str name)
{
    for (size_t i = 0; i < COUNT_OF(dialects); i++) {
        if (str_eq(name, str_c(dialects[i]->name))) {
            return dialects[i];
        }
    }
    return NULL;
}

const char *dialect_names(void)
{
    return "openai, azure, openai-responses, anthropic, gemini, bedrock, cohere, ollama";
}

void decoder_init(struct decoder *decoder)
{
    assert(decoder->dialect != NULL && decoder->model != NULL && decoder->arena != NULL);
    decoder->dialect->decoder_init(decoder);
}

void decoder_free(struct decoder *decoder)
{
    decoder->dialect->decoder_free(decoder);
}
