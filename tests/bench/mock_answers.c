/* mock_answers: the bytes that the mock upstream answers with. */
#include "mock_answers.h"

#include "common.h"

#include <stdlib.h>
#include <string.h>

static const char sse_head[] = "HTTP/1.1 200 OK\r\n"
                               "Content-Type: text/event-stream\r\n"
                               "Cache-Control: no-cache\r\n"
                               "Transfer-Encoding: chunked\r\n"
                               "\r\n";

static char *chunk_of(char *data)
{
    return text_of("%zx\r\n%s\r\n", strlen(data), data);
}

static char *openai_event(const char *delta, const char *finish, const char *tail)
{
    return text_of(
        "data: {\"id\":\"chatcmpl-BZ4kq8mO3rVtq1yGpW2sXn7LdEfQa\",\"object\":"
        "\"chat.completion.chunk\",\"created\":1795334000,\"model\":\"gpt-4o-2024-08-06\","
        "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44added55e\","
        "\"choices\":[{\"index\":0,\"delta\":{%s},\"logprobs\":null,"
        "\"finish_reason\":%s}]%s}\n\n",
        delta, finish, tail);
}

static const char openai_usage[] =
    "{\"prompt_tokens\":250,\"completion_tokens\":50,\"total_tokens\":300,"
    "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
    "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";

static char *piece_of_text(enum format format, int64_t index)
{
    if (format == FORMAT_OPENAI) {
        return openai_event(text_of("\"content\":\"w%06lld \"", (long long)index), "null", "");
    }
    return text_of("event: content_block_delta\n"
                   "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                   "{\"type\":\"text_delta\",\"text\":\"w%06lld \"}}\n\n",
                   (long long)index);
}

static char *first_piece(enum format format)
{
    if (format == FORMAT_OPENAI) {
        return openai_event("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null", "null", "");
    }
    return text_of(
        "event: message_start\n"
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01XFDUDYJgAACzvnptvVoYEL\","
        "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-20250514\","
        "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":"
        "{\"input_tokens\":250,\"cache_creation_input_tokens\":0,"
        "\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n"
        "event: content_block_start\n"
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
        "{\"type\":\"text\",\"text\":\"\"}}\n\n");
}

static char *last_piece(enum format format)
{
    if (format == FORMAT_OPENAI) {
        return text_of("%sdata: {\"id\":\"chatcmpl-BZ4kq8mO3rVtq1yGpW2sXn7LdEfQa\",\"object\":"
                       "\"chat.completion.chunk\",\"created\":1795334000,"
                       "\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\"default\","
                       "\"system_fingerprint\":\"fp_44added55e\",\"choices\":[],\"usage\":%s}\n\n"
                       "data: [DONE]\n\n",
                       openai_event("", "\"stop\"", ""), openai_usage);
    }
    return text_of("event: content_block_stop\n"
                   "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                   "event: message_delta\n"
                   "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
                   "\"stop_sequence\":null},\"usage\":{\"output_tokens\":50}}\n\n"
                   "event: message_stop\n"
                   "data: {\"type\":\"message_stop\"}\n\n");
}

static void answer_add(struct answer *answer, char *piece)
{
    answer->piece[answer->count] = piece;
    answer->len[answer->count] = strlen(piece);
    answer->count++;
}

static struct answer answer_new(size_t count)
{
    struct answer answer = {
        .piece = calloc(count, sizeof *answer.piece),
        .len = calloc(count, sizeof *answer.len),
    };
    if (answer.piece == NULL || answer.len == NULL) {
        die("no memory");
    }
    return answer;
}

/* Makes one piece of them all. */
static void answer_join(struct answer *answer)
{
    size_t len = 0;

    for (size_t i = 0; i < answer->count; i++) {
        len += answer->len[i];
    }
    char *bytes = malloc(len + 1);
    if (bytes == NULL) {
        die("no memory");
    }
    for (size_t i = 0, at = 0; i < answer->count; at += answer->len[i], i++) {
        memcpy(bytes + at, answer->piece[i], answer->len[i] + 1);
    }
    answer->count = 0;
    answer_add(answer, bytes);
}

struct answer answer_stream(enum format format, int64_t events, bool joined)
{
    struct answer answer = answer_new((size_t)events + 2);

    answer_add(&answer, text_of("%s%s", sse_head, chunk_of(first_piece(format))));
    for (int64_t i = 0; i < events; i++) {
        answer_add(&answer, chunk_of(piece_of_text(format, i)));
    }
    answer_add(&answer, text_of("%s0\r\n\r\n", chunk_of(last_piece(format))));
    if (joined) {
        answer_join(&answer);
    }
    return answer;
}

struct answer answer_json(const char *status, const char *body)
{
    struct answer answer = answer_new(1);

    answer_add(&answer, text_of("HTTP/1.1 %s\r\n"
                                "Content-Type: application/json\r\n"
                                "Content-Length: %zu\r\n"
                                "\r\n"
                                "%s",
                                status, strlen(body), body));
    return answer;
}

struct answer answer_whole(enum format format, int64_t bytes)
{
    enum { FRAME_BYTES = 560 }; /* of OpenAI's answer without its text */
    static const char sentence[] = "The quick brown fox jumps over the lazy dog. ";
    char text[1 << 15];
    size_t len = bytes > FRAME_BYTES ? (size_t)bytes - FRAME_BYTES : 40;

    for (size_t i = 0; i < len; i++) {
        text[i] = sentence[i % (sizeof sentence - 1)];
    }
    text[len] = '\0';
    if (format == FORMAT_OPENAI) {
        return answer_json(
            "200 OK",
            text_of(
                "{\"id\":\"chatcmpl-BZ4kq8mO3rVtq1yGpW2sXn7LdEfQa\",\"object\":\"chat.completion\","
                "\"created\":1795334000,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,"
                "\"message\":{\"role\":\"assistant\",\"content\":\"%s\",\"refusal\":null},"
                "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":%s,"
                "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44added55e\"}",
                text, openai_usage));
    }
    return answer_json(
        "200 OK",
        text_of(
            "{\"id\":\"msg_01XFDUDYJgAACzvnptvVoYEL\",\"type\":\"message\",\"role\":\"assistant\","
            "\"model\":\"claude-sonnet-4-20250514\",\"content\":[{\"type\":\"text\",\"text\":\"%"
            "s\"}],"
            "\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":250,"
            "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"
            "\"output_tokens\":50}}",
            text));
}
