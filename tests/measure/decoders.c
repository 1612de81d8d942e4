/*
 * How fast each dialect decodes streamed text: megabytes of the provider's bytes per second, on one
 * thread, fed in pieces of the size that sockets give.  Beside each, yyjson alone reading the same
 * payloads: no decoder can be faster than that.
 *
 *     decoders [SECONDS [DIALECT]]      one line a dialect: name, MB/s, ns an event, MB/s of yyjson
 */
#include "codec/eventstream.h"
#include "codec/json.h"
#include "wire/dialect.h"

#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVENTS = 5000, PIECE_BYTES = 16384, STREAM_BYTES_MAX = 64 << 20 };

/* One dialect's stream: what comes before the text, a piece of text, what ends it. */
struct sample {
    const char *dialect;
    enum framing framing;
    const char *event_type; /* FRAMING_EVENTSTREAM: of a piece */
    const char *head;
    const char *piece;
    const char *tail;
};

#define CHUNK(delta, more)                                                                     \
    "data: "                                                                                   \
    "{\"id\":\"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012\",\"object\":\"chat.completion.chunk\"," \
    "\"created\":1790000000,\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\"default\","     \
    "\"system_fingerprint\":\"fp_cbf1785567\",\"choices\":[{\"index\":0,\"delta\":" delta      \
    ",\"logprobs\":null,\"finish_reason\":" more "}],\"usage\":null,"                          \
    "\"obfuscation\":\"k3jF0aLq\"}\n\n"

static const struct sample samples[] = {
    {"openai", FRAMING_SSE, NULL,
     CHUNK("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null"),
     CHUNK("{\"content\":\" streamed\"}", "null"), CHUNK("{}", "\"stop\"") "data: [DONE]\n\n"},
    {"anthropic", FRAMING_SSE, NULL,
     "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01\","
     "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],"
     "\"stop_reason\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n"
     "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
     "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
     "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
     "\"delta\":{\"type\":\"text_delta\",\"text\":\" streamed words\"}   }\n\n",
     "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
     "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
     "\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":9}}\n\n"
     "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
    {"openai-responses", FRAMING_SSE, NULL,
     "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,"
     "\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1790000000,"
     "\"status\":\"in_progress\",\"model\":\"gpt-5\",\"output\":[]}}\n\n"
     "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\","
     "\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\","
     "\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\n",
     "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
     "\"sequence_number\":4,\"item_id\":\"msg_68c1f0a5b2c0819d9a7d\",\"output_index\":0,"
     "\"content_index\":0,\"delta\":\" streamed\",\"logprobs\":[],\"obfuscation\":\"a8Fk2\"}\n\n",
     "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":9,"
     "\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1790000000,"
     "\"status\":\"completed\",\"model\":\"gpt-5\",\"output\":[],\"usage\":{\"input_tokens\":9,"
     "\"output_tokens\":9,\"total_tokens\":18}}}\n\n"},
    {"gemini", FRAMING_SSE, NULL, "",
     "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \" streamed words that come "
     "in longer pieces than those of others\"}],\"role\": \"model\"},\"index\": 0}],"
     "\"usageMetadata\": {\"promptTokenCount\": 9,\"candidatesTokenCount\": 9,\"totalTokenCount\": "
     "18},\"modelVersion\": \"gemini-2.5-flash\",\"responseId\": \"abcdef\"}\r\n\r\n",
     "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \".\"}],\"role\": \"model\"},"
     "\"finishReason\": \"STOP\",\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 9,"
     "\"candidatesTokenCount\": 9,\"totalTokenCount\": 18}}\r\n\r\n"},
    {"bedrock", FRAMING_EVENTSTREAM, "contentBlockDelta",
     "{\"p\":\"abcdef\",\"role\":\"assistant\"}",
     "{\"contentBlockIndex\":0,\"delta\":{\"text\":\" streamed words\"},"
     "\"p\":\"abcdefghijklmnopqrstuvwxyzABCDEFGH\"}",
     "{\"p\":\"abcdef\",\"stopReason\":\"end_turn\"}"},
    {"cohere", FRAMING_SSE, NULL,
     "event: message-start\ndata: {\"id\":\"1\",\"type\":\"message-start\",\"delta\":{\"message\":"
     "{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[]}}}\n\n"
     "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":"
     "{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
     "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":"
     "{\"content\":{\"text\":\" streamed words\"}}}}\n\n",
     "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":"
     "\"COMPLETE\",\"usage\":{\"tokens\":{\"input_tokens\":9,\"output_tokens\":9}}}}\n\n"
     "data: [DONE]\n\n"},
    {"ollama", FRAMING_NDJSON, NULL, "",
     "{\"model\":\"llama3.2\",\"created_at\":\"2026-09-01T10:00:00.000000Z\",\"message\":"
     "{\"role\":\"assistant\",\"content\":\" streamed\"},\"done\":false}\n",
     "{\"model\":\"llama3.2\",\"created_at\":\"2026-09-01T10:00:00.000000Z\",\"message\":"
     "{\"role\":\"assistant\",\"content\":\"\"},\"done_reason\":\"stop\",\"done\":true,"
     "\"prompt_eval_count\":9,\"eval_count\":9}\n"},
};

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add_text(struct buf *out, str text)
{
    if (buf_add(out, text) != ERR_OK) {
        abort();
    }
}

static void add_message(struct buf *out, const char *event_type, const char *payload)
{
    const struct eventstream_header headers[] = {
        {STR(":event-type"), str_c(event_type)},
        {STR(":content-type"), STR("application/json")},
        {STR(":message-type"), STR("event")},
    };

    if (eventstream_write(out, headers, COUNT_OF(headers), str_c(payload)) != ERR_OK) {
        abort();
    }
}

static void write_stream(const struct sample *sample, struct buf *out)
{
    bool is_aws = sample->framing == FRAMING_EVENTSTREAM;

    if (is_aws) {
        add_message(out, "messageStart", sample->head);
    } else {
        add_text(out, str_c(sample->head));
    }
    for (int i = 0; i < EVENTS; i++) {
        if (is_aws) {
            add_message(out, sample->event_type, sample->piece);
        } else {
            add_text(out, str_c(sample->piece));
        }
    }
    if (is_aws) {
        add_message(out, "messageStop", sample->tail);
        add_message(out, "metadata",
                    "{\"usage\":{\"inputTokens\":9,\"outputTokens\":9,\"totalTokens\":18}}");
    } else {
        add_text(out, str_c(sample->tail));
    }
}

/* Decodes the stream once; ends the program when the decoder does not like it. */
static void decode_once(const struct sample *sample, const struct dialect *dialect, str bytes)
{
    struct arena arena = {0};
    struct arena scratch = {0};
    struct model model = {.name = STR("model"), .quirks = share_quirks("", dialect->name)};
    struct fault fault = {0};
    struct decoder decoder = {
        .dialect = dialect,
        .model = &model,
        .arena = &arena,
        .framing = sample->framing,
        .bytes_max = STREAM_BYTES_MAX,
        .id_seed = STR("seed"),
    };
    size_t count = 0;
    enum err err = ERR_OK;

    decoder_init(&decoder);
    while (bytes.len > 0 && err == ERR_OK) {
        struct event_list events = {0};
        err = dialect->decode(&decoder, str_take(bytes, PIECE_BYTES), &scratch, &events, &fault);
        bytes = str_skip(bytes, PIECE_BYTES);
        count += events.len;
        arena_clear(&scratch);
    }
    struct event_list rest = {0};
    err = err == ERR_OK ? dialect->decode_end(&decoder, &scratch, &rest, &fault) : err;
    decoder_free(&decoder);
    arena_reset(&scratch);
    if (err != ERR_OK || count < EVENTS) {
        (void)fprintf(stderr, "decoders: %s gave %zu events: " STR_FMT "\n", sample->dialect, count,
                      STR_ARG(fault.message));
        exit(1);
    }
    arena_reset(&arena);
}

/* Seconds that yyjson takes for the payloads of one stream, and their bytes. */
static double parse_once(const struct sample *sample)
{
    struct arena scratch = {0};
    str payload = str_c(sample->piece);
    size_t brace = str_find_char(payload, '{');
    double began = now_s();

    payload = str_trim(str_skip(payload, brace));
    for (int i = 0; i < EVENTS; i++) {
        if (json_read_lenient(&scratch, payload) == NULL) {
            (void)fprintf(stderr, "decoders: the piece of %s is no JSON\n", sample->dialect);
            exit(1);
        }
        if (i % 64 == 0) {
            arena_clear(&scratch);
        }
    }
    double took = now_s() - began;
    arena_reset(&scratch);
    return took;
}

static void measure(const struct sample *sample, double seconds)
{
    const struct dialect *dialect = dialect_by_name(str_c(sample->dialect));
    struct buf stream;
    double best = 1e9;
    double best_parse = 1e9;

    if (dialect == NULL) {
        return;
    }
    buf_init(&stream, STREAM_BYTES_MAX);
    write_stream(sample, &stream);
    for (double end = now_s() + seconds; now_s() < end;) {
        double began = now_s();
        decode_once(sample, dialect, buf_str(&stream));
        double took = now_s() - began;
        double parse = parse_once(sample);
        best = took < best ? took : best;
        best_parse = parse < best_parse ? parse : best_parse;
    }
    double megabytes = (double)stream.len / 1e6;
    (void)printf("%-18s %8.0f %8.0f %8.0f\n", sample->dialect, megabytes / best,
                 best / EVENTS * 1e9, megabytes / best_parse);
    buf_free(&stream);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;

    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        if (argc > 2 && strcmp(argv[2], samples[i].dialect) != 0) {
            continue;
        }
        measure(&samples[i], seconds);
    }
    return 0;
}
