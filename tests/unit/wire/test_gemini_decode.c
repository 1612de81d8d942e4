/* What the golden answers cannot say: hints of the request, and bounds. */
#include "wire/dialect.h"

#include "event_print.h"
#include "test.h"

static struct arena arena;
static struct answer_hints hints;

static int reset(void **state)
{
    (void)state;
    hints = (struct answer_hints){0};
    arena_reset(&arena);
    return 0;
}

/* What a stream says, in pieces of `step`. */
static str events_of(str bytes, size_t step)
{
    struct arena scratch = {0};
    struct model model = {.name = STR("gemini-2.5-flash")};
    struct decoder decoder = {
        .dialect = &gemini_dialect,
        .model = &model,
        .arena = &arena,
        .framing = FRAMING_SSE,
        .bytes_max = 1 << 20,
        .hints = hints,
        .id_seed = STR("seed"),
    };
    struct fault fault = {0};
    struct buf printed;
    enum err err = ERR_OK;

    buf_init(&printed, 64 << 20);
    decoder_init(&decoder);
    for (bool ended = false; !ended && err == ERR_OK;) {
        struct event_list events = {0};
        str piece = str_take(bytes, step);
        ended = bytes.len == 0;
        err = ended ? gemini_dialect.decode_end(&decoder, &scratch, &events, &fault)
                    : gemini_dialect.decode(&decoder, piece, &scratch, &events, &fault);
        bytes = str_skip(bytes, piece.len);
        print_events(&printed, &events);
        arena_reset(&scratch);
    }
    if (err != ERR_OK) {
        print_fault(&printed, err, &fault);
    }
    decoder_free(&decoder);
    str copy = arena_copy(&arena, buf_str(&printed));
    buf_free(&printed);
    return copy;
}

/* One event for each text, a last one that finishes. */
static str stream_of(const char *const *texts, size_t count)
{
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        PRINT(&bytes,
              "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"%s\"}]}}]}\r\n\r\n",
              texts[i]);
    }
    PRINT(&bytes, "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n");
    str copy = arena_copy(&arena, buf_str(&bytes));
    buf_free(&bytes);
    return copy;
}

static void a_prefill_that_is_repeated_is_left_out(void **state)
{
    static const struct {
        const char *texts[3];
        size_t count;
        const char *want;
    } cases[] = {
        {{"Once upon", " a time."}, 2, "text  a time.\n"},
        {{"Once", " upon", " a time."}, 3, "text  a time.\n"},
        {{"Once upon a", " time."}, 2, "text  a\ntext  time.\n"},
        {{" a time."}, 1, "text  a time.\n"},
        {{"Once", " more."}, 2, "text Once\ntext  more.\n"},
        {{"Once"}, 1, "text Once\n"},
        {{"Once upon"}, 1, ""},
        {{"Once upon", "Once upon"}, 2, "text Once upon\n"},
    };

    (void)state;
    hints.prefill = STR("Once upon");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str bytes = stream_of(cases[i].texts, cases[i].count);
        str want = arena_printf(&arena, "start - - 0\n%sfinish stop STOP\n", cases[i].want);
        assert_str_equal(events_of(bytes, SIZE_MAX), want);
        assert_str_equal(events_of(bytes, 1), want);
    }
}

static void calls_come_under_the_names_the_client_knows(void **state)
{
    struct tool_alias aliases[] = {{STR("_9_lives"), STR("9 lives")}};

    (void)state;
    hints.aliases = aliases;
    hints.alias_count = 1;
    assert_str_equal(
        events_of(STR("data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":"
                      "\"_9_lives\"}},{\"functionCall\":{\"name\":\"other\",\"args\":null}}]},"
                      "\"finishReason\":\"STOP\"}]}\n\n"),
                  SIZE_MAX),
        STR("start - - 0\ntool_call 0 call_seed_0 9 lives\ntool_args 0 {}\n"
            "tool_call 1 call_seed_1 other\ntool_args 1 {}\nfinish tool_calls STOP\n"));
}

static void the_call_that_is_the_answer_is_text(void **state)
{
    (void)state;
    assert_str_equal(
        events_of(STR("data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":"
                      "\"gatehouse_json_response\",\"args\":{\"a\": 1.0}},\"thoughtSignature\":"
                      "\"c2ln\"}]},\"finishReason\":\"STOP\"}]}\n\n"),
                  SIZE_MAX),
        STR("start - - 0\ntext {\"a\":1.0}\nfinish stop STOP\n"));
}

/* The member's name is written with an escape, so its text cannot be cut out. */
static void arguments_under_an_escaped_name_are_read(void **state)
{
    (void)state;
    assert_str_equal(
        events_of(STR("data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":"
                      "\"f\",\"\\u0061rgs\":{\"a\": 1}}}]},\"finishReason\":\"STOP\"}]}\n\n"),
                  SIZE_MAX),
        STR("start - - 0\ntool_call 0 call_seed_0 f\ntool_args 0 {\"a\":1}\n"
            "finish tool_calls STOP\n"));
}

static void too_much_is_refused_or_left_out(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct buf bytes;

    buf_init(&bytes, 4 << 20);
    for (int i = 0; i < MANY; i++) {
        PRINT(&bytes, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":"
                      "{\"name\":\"f\"}}]}}]}\n\n");
    }
    str said = events_of(buf_str(&bytes), SIZE_MAX);
    assert_true(str_has_suffix(
        said,
        STR("fault too_big provider_unavailable 502 the provider sent too many tool calls\n")));

    bytes.len = 0;
    for (int i = 0; i < MANY; i++) {
        PRINT(&bytes,
              "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"ab\"}]},"
              "\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{\"uri\":\"u%d\"}}],"
              "\"groundingSupports\":[{\"segment\":{\"startIndex\":1,\"endIndex\":2,\"text\":"
              "\"zz\"},\"groundingChunkIndices\":[0]}]},\"finishReason\":\"STOP\"}]}\n\n",
              i);
    }
    said = events_of(buf_str(&bytes), SIZE_MAX);
    assert_true(str_find(said, STR("{\"url\":\"u255\"")) < said.len);
    assert_int_equal(str_find(said, STR("{\"url\":\"u256\"")), said.len);
    assert_true(str_has_suffix(said, STR("finish stop STOP\n")));

    bytes.len = 0;
    PRINT(&bytes, "data: {\"x\":\"");
    for (int i = 0; i < MANY; i++) {
        PRINT(&bytes, "%0300d", i);
    }
    said = events_of(buf_str(&bytes), 1000);
    assert_str_equal(said, STR("fault too_big provider_unavailable 502 the provider sent more at "
                               "once than is allowed\n"));
    bytes.at[0] = '{';
    said = events_of(buf_str(&bytes), 1000);
    assert_str_equal(said, STR("fault too_big provider_unavailable 502 the provider sent more at "
                               "once than is allowed\n"));
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_prefill_that_is_repeated_is_left_out, reset),
        cmocka_unit_test_teardown(calls_come_under_the_names_the_client_knows, reset),
        cmocka_unit_test_teardown(the_call_that_is_the_answer_is_text, reset),
        cmocka_unit_test_teardown(arguments_under_an_escaped_name_are_read, reset),
        cmocka_unit_test_teardown(too_much_is_refused_or_left_out, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
