/* answers: what scripted providers say in the tests of the gate. */
#pragma once

#include "base/str.h"

#define CHUNK(delta, finish)                                                                  \
    "data: {\"id\":\"up-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"              \
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" finish \
    "}]}\n\n"

/* A stream of the openai format: "Hello, world!" in three pieces. */
static const char openai_stream_body[] = CHUNK("{\"role\":\"assistant\",\"content\":\"\"}", "null")
    CHUNK("{\"content\":\"Hello\"}", "null") CHUNK("{\"content\":\", \"}", "null")
        CHUNK("{\"content\":\"world!\"}", "null")
            CHUNK("{}", "\"stop\"") "data: "
                                    "{\"id\":\"up-1\",\"object\":\"chat.completion.chunk\","
                                    "\"created\":1,\"model\":\"m\","
                                    "\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_"
                                    "tokens\":3,\"total_tokens\":10}}\n\n"
                                    "data: [DONE]\n\n";

/* The same words in the anthropic format. */
static const char anthropic_stream_body[] =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"
    "\"stop_reason\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello, \"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"world!\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
    "\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":3}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

static const char openai_whole_body[] =
    "{\"id\":\"up-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{"
    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello, world!\"},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,"
    "\"total_tokens\":10}}";

static const char anthropic_whole_body[] =
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{"
    "\"type\":\"text\",\"text\":\"Hello, world!\"}],\"stop_reason\":\"end_turn\","
    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}";

/* How an answer's end is told. */
enum answer_framing { BY_LENGTH, BY_CHUNKS, BY_CLOSE, ANSWER_FRAMINGS };

/* An answer around a body, in the arena.  With BY_CLOSE the sender has to close. */
static inline str answer_make(struct arena *arena, int status, const char *type, const char *body,
                              enum answer_framing framing)
{
    const char *end = "\r\n\r\n";
    str head = arena_printf(arena, "HTTP/1.1 %d X\r\nContent-Type: %s\r\n", status, type);
    size_t len = strlen(body);

    if (framing == BY_LENGTH) {
        return arena_printf(arena, STR_FMT "Content-Length: %zu%s%s", STR_ARG(head), len, end,
                            body);
    }
    if (framing == BY_CLOSE) {
        return arena_printf(arena, STR_FMT "Connection: close%s%s", STR_ARG(head), end, body);
    }
    return arena_printf(
        arena, STR_FMT "Transfer-Encoding: chunked%s%zx\r\n%.*s\r\n%zx\r\n%s\r\n0\r\n\r\n",
        STR_ARG(head), end, len / 2, (int)(len / 2), body, len - len / 2, body + len / 2);
}

static inline str answer_stream(struct arena *arena, bool is_anthropic, enum answer_framing framing)
{
    return answer_make(arena, 200, "text/event-stream",
                       is_anthropic ? anthropic_stream_body : openai_stream_body, framing);
}

static inline str answer_whole(struct arena *arena, bool is_anthropic, enum answer_framing framing)
{
    return answer_make(arena, 200, "application/json",
                       is_anthropic ? anthropic_whole_body : openai_whole_body, framing);
}
