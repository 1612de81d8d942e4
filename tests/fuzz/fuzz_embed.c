/*
 * Any bytes as embeddings or rerankings: what is read fits what was asked for, and what we write of
 * it is JSON; any bytes as a client's request: what is accepted can be asked of every provider.
 */
#include "codec/json_write.h"
#include "wire/embed.h"
#include "wire/rerank.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct identity identity;
static const struct model model = {.name = STR_INIT("m")};
static const char *const embeds[] = {"openai", "mistral", "voyage", "jina", "cohere",
                                     "gemini", "vertex",  "ollama", "titan"};
static const char *const reranks[] = {"cohere",     "voyage",   "jina", "together",
                                      "openrouter", "llamacpp", "tei"};

static void check_json(struct arena *arena, struct buf *out)
{
    assert(json_read_lenient(arena, buf_str(out)) != NULL);
    buf_free(out);
}

static void read_vectors(const struct embed_dialect *dialect, str bytes, size_t inputs)
{
    struct arena arena = {0};
    struct embed_request request = {.input_count = inputs};
    struct embed_reply reply = {&request, NULL, bytes, 65536};
    struct embed_answer answer = {0};
    struct fault fault = {0};
    struct buf out;

    if (dialect->decode(&reply, &arena, &answer, &fault) == ERR_OK) {
        assert(answer.vector_count == inputs && answer.prompt_tokens >= 0);
        for (enum embed_encoding encoding = EMBED_FLOAT; encoding <= EMBED_BASE64; encoding++) {
            request.encoding = encoding;
            buf_init(&out, 1 << 24);
            assert(embed_write_answer(&request, &answer, &identity, &out) == ERR_OK);
            check_json(&arena, &out);
        }
    } else {
        assert(fault.message.len > 0);
    }
    arena_reset(&arena);
}

static void read_results(const struct rerank_dialect *dialect, str bytes)
{
    struct arena arena = {0};
    struct rerank_request request = {.document_count = 3};
    struct rerank_ask ask = {&request, &model, &arena};
    struct rerank_answer answer = {0};
    struct fault fault = {0};

    if (rerank_decode(dialect, &ask, bytes, &answer, &fault) == ERR_OK) {
        assert(answer.result_count <= request.document_count);
        for (size_t i = 0; i < answer.result_count; i++) {
            assert(answer.results[i].index < request.document_count);
        }
    } else {
        assert(fault.message.len > 0);
    }
    arena_reset(&arena);
}

static void send_embeds(str bytes)
{
    struct arena arena = {0};
    struct embed_request *request = NULL;
    struct fault fault = {0};

    if (embed_read_request(bytes, &arena, &request, &fault) == ERR_OK) {
        for (size_t i = 0; i < COUNT_OF(embeds); i++) {
            struct embed_ask ask = {request, &model, &arena};
            struct provider_request out = {0};
            if (embed_encode(embed_dialect_by_name(str_c(embeds[i])), &ask, &out, &fault) ==
                ERR_OK) {
                assert(json_read_lenient(&arena, out.http.body) != NULL);
            }
        }
    }
    arena_reset(&arena);
}

static void send_reranks(str bytes)
{
    struct arena arena = {0};
    struct rerank_request *request = NULL;
    struct fault fault = {0};

    if (rerank_read_request(bytes, &arena, &request, &fault) == ERR_OK) {
        for (size_t i = 0; i < COUNT_OF(reranks); i++) {
            struct rerank_ask ask = {request, &model, &arena};
            struct provider_request out = {0};
            if (rerank_encode(rerank_dialect_by_name(str_c(reranks[i])), &ask, &out, &fault) ==
                ERR_OK) {
                assert(json_read_lenient(&arena, out.http.body) != NULL);
            }
        }
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);

    for (size_t i = 0; i < COUNT_OF(embeds); i++) {
        read_vectors(embed_dialect_by_name(str_c(embeds[i])), bytes, size % 3 + 1);
    }
    for (size_t i = 0; i < COUNT_OF(reranks); i++) {
        read_results(rerank_dialect_by_name(str_c(reranks[i])), bytes);
    }
    send_embeds(bytes);
    send_reranks(bytes);
    return 0;
}
