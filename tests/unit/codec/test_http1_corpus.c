/* The attack corpus, as far as the parser alone can judge it; h1run.py plays it to a server. */
#include "codec/http1.h"

#include "corpus.h"

static const struct http1_limits limits = {
    .line_bytes_max = 16 << 10,
    .head_bytes_max = 64 << 10,
    .field_count_max = 200,
    .trailer_bytes_max = 8 << 10,
    .trailer_count_max = 32,
    .chunk_line_bytes_max = 1 << 10,
    .chunk_overhead_bytes_max = 64 << 10,
    .body_bytes_max = 32 << 20,
};

struct verdict {
    int heads; /* requests that would be answered */
    int ends;  /* whole ones */
    int errors;
    bool closes;
};

/* Plays a server that answers each request and stops after an error or a request that closes. */
static struct verdict judge(str bytes, size_t step)
{
    struct http1_parser parser;
    struct verdict verdict = {0};

    http1_init(&parser, HTTP1_SERVER, &limits);
    while (bytes.len > 0 && verdict.errors == 0 && !verdict.closes) {
        str input = str_take(bytes, step);
        bytes = str_skip(bytes, step);
        enum http1_result result = HTTP1_HEAD;
        while (result != HTTP1_MORE && result != HTTP1_ERROR && !verdict.closes) {
            str body = STR_NONE;
            result = http1_feed(&parser, &input, &body);
            verdict.heads += result == HTTP1_HEAD ? 1 : 0;
            if (result == HTTP1_END) {
                verdict.ends++;
                verdict.closes = !parser.head.keep_alive;
                http1_next(&parser);
            }
        }
        verdict.errors += result == HTTP1_ERROR ? 1 : 0;
    }
    if (verdict.errors == 0 && http1_feed_end(&parser) == HTTP1_ERROR) {
        verdict.errors++;
    }
    http1_free(&parser);
    return verdict;
}

/* Whole requests answered and refusals, by the word of the corpus. */
static bool fits(str expect, int64_t n, struct verdict verdict)
{
    if (str_eq(expect, STR("accept")) || str_eq(expect, STR("accept100"))) {
        return verdict.ends == n && verdict.errors == 0;
    }
    if (str_eq(expect, STR("reject")) || str_eq(expect, STR("refuse")) ||
        str_eq(expect, STR("eof"))) {
        return verdict.ends == 0 && verdict.errors == 1;
    }
    if (str_eq(expect, STR("pipeline"))) {
        return verdict.ends == n && verdict.errors == 0;
    }
    if (str_eq(expect, STR("goodbad"))) {
        return verdict.ends == 1 && verdict.errors == 1;
    }
    return verdict.ends <= (n > 1 ? n : 1); /* safe, octal, nohang */
}

static void the_corpus_is_judged_as_it_says(void **state)
{
    (void)state;
    struct arena arena = {0};
    str file = test_read_file(&arena, TESTS_DIR "/attacks/h1-cases.jsonl");
    int judged = 0;
    int compressed = 0;

    for (json *row = corpus_next(&arena, &file); row != NULL; row = corpus_next(&arena, &file)) {
        struct buf bytes;
        bool is_compressed = false;
        buf_init(&bytes, 4 << 20);
        for (struct json_walk walk = json_walk(json_get(row, "segs")); json_next(&walk);) {
            str text = json_as_str(walk.value);
            if (str_has_prefix(text, STR("z:"))) {
                is_compressed = true; /* the large ones: floods, which have tests of their own */
                break;
            }
            text = corpus_decode(&arena, text);
            text = corpus_replace(&arena, text, STR("{{P}}"), STR("/v1/models"));
            text = corpus_replace(&arena, text, STR("{{A}}"), STR("X-Key: k\r\n"));
            assert_int_equal(buf_add(&bytes, text), ERR_OK);
        }
        for (size_t step = 1; step <= bytes.len && !is_compressed; step++) {
            struct verdict verdict = judge(buf_str(&bytes), step);
            if (!fits(json_str(row, "expect"), json_int(row, "n"), verdict)) {
                fail_msg(STR_FMT " in steps of %zu: %d whole, %d refused, want " STR_FMT,
                         STR_ARG(json_str(row, "id")), step, verdict.ends, verdict.errors,
                         STR_ARG(json_str(row, "expect")));
            }
        }
        judged += is_compressed ? 0 : 1;
        compressed += is_compressed ? 1 : 0;
        buf_free(&bytes);
    }
    assert_int_equal(judged + compressed, 558);
    assert_true(compressed <= 15);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_is_judged_as_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
