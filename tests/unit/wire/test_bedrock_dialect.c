/* What the golden answers (tests/golden/bedrock) cannot show: damage, bounds, names, hints. */
#include "wire/dialect.h"

#include "event_print.h"
#include "frames.h"
#include "test.h"

enum { LIMIT = 1 << 20 };

/* An answer being read. */
struct reading {
    struct model model;
    struct answer_hints hints;
    enum framing framing;
    size_t bytes_max;
};

/* What the dialect reads out of the bytes, as text in `arena`. */
static str read_bytes(const struct reading *reading, struct arena *arena, str bytes,
                      bool *is_complete)
{
    struct decoder decoder = {
        .dialect = &bedrock_dialect,
        .model = &reading->model,
        .arena = arena,
        .framing = reading->framing,
        .bytes_max = reading->bytes_max > 0 ? reading->bytes_max : LIMIT,
        .hints = reading->hints,
        .id_seed = STR("seed"),
    };
    struct event_list events = {0};
    struct fault fault = {0};
    struct buf out;

    buf_init(&out, (size_t)4 * LIMIT);
    decoder_init(&decoder);
    enum err err = bedrock_dialect.decode(&decoder, bytes, arena, &events, &fault);
    if (err == ERR_OK) {
        err = bedrock_dialect.decode_end(&decoder, arena, &events, &fault);
    }
    print_events(&out, &events);
    if (err != ERR_OK) {
        print_fault(&out, err, &fault);
    }
    *is_complete = decoder.is_complete;
    decoder_free(&decoder);
    str text = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    return text;
}

static str read_frames(const struct reading *reading, struct arena *arena, const char *frames)
{
    bool is_complete = false;
    struct reading stream = *reading;

    stream.framing = FRAMING_EVENTSTREAM;
    return read_bytes(&stream, arena, frames_of(arena, str_c(frames)), &is_complete);
}

#define START "event messageStart {\"role\":\"assistant\"}\n"
#define TEXT(text) \
    "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"" text "\"}}\n"
#define STOP "event messageStop {\"stopReason\":\"end_turn\"}\n"
#define COUNTS \
    "event metadata {\"usage\":{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3}}\n"

static void a_damaged_message_is_a_fault_and_what_came_before_stands(void **state)
{
    static const char frames[] = START TEXT("Hello") TEXT("there") STOP COUNTS;
    struct reading reading = {.framing = FRAMING_EVENTSTREAM};
    struct arena arena = {0};
    bool is_complete = false;

    (void)state;
    str bytes = frames_of(&arena, str_c(frames));
    char *damaged = arena_take_raw(&arena, bytes.len);
    memcpy(damaged, bytes.at, bytes.len);
    size_t at = str_find(bytes, STR("there"));
    damaged[at] = 'T';
    assert_str_equal(read_bytes(&reading, &arena, str_of(damaged, bytes.len), &is_complete),
                     STR("start - - 0\ntext Hello\nfault peer provider_unavailable 502 the "
                         "provider sent a message that is damaged or too big\n"));
    assert_false(is_complete);
    arena_reset(&arena);
}

static void an_answer_is_complete_with_its_counts(void **state)
{
    struct reading reading = {.framing = FRAMING_EVENTSTREAM};
    struct arena arena = {0};
    str bytes = frames_of(&arena, STR(START TEXT("Hi") STOP COUNTS));

    (void)state;
    for (size_t len = 0; len <= bytes.len; len++) {
        bool is_complete = false;
        struct arena each = {0};
        str text = read_bytes(&reading, &each, str_take(bytes, len), &is_complete);
        size_t finish = str_find(text, STR("finish "));
        size_t cut = str_find(text, STR("fault cut "));
        assert_int_equal(is_complete, len == bytes.len);
        assert_true(finish == text.len || cut == text.len);
        assert_true(finish < text.len || cut < text.len);
        arena_reset(&each);
    }
    arena_reset(&arena);
}

static void bounds_hold(void **state)
{
    struct reading frames = {.framing = FRAMING_EVENTSTREAM, .bytes_max = 64};
    struct reading whole = {.framing = FRAMING_WHOLE, .bytes_max = 64};
    struct arena arena = {0};
    struct buf calls;
    bool is_complete = false;

    (void)state;
    str bytes = frames_of(&arena, STR(START));
    assert_true(str_has_prefix(read_bytes(&frames, &arena, bytes, &is_complete),
                               STR("fault peer provider_unavailable 502 ")));
    assert_true(str_has_prefix(read_bytes(&whole, &arena, bytes, &is_complete),
                               STR("fault too_big provider_unavailable 502 ")));

    buf_init(&calls, LIMIT);
    for (int i = 0; i < 65; i++) {
        assert_int_equal(buf_printf(&calls,
                                    "event contentBlockStart {\"contentBlockIndex\":%d,\"start\":"
                                    "{\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"f\"}}}\n",
                                    i),
                         ERR_OK);
    }
    struct reading reading = {0};
    str text = read_frames(&reading, &arena, arena_copy(&arena, buf_str(&calls)).at);
    assert_true(str_find(text, STR("tool_call 63 t f\nfault too_big")) < text.len);
    buf_free(&calls);
    arena_reset(&arena);
}

static void calls_may_take_turns(void **state)
{
    static const char frames[] =
        "event contentBlockStart {\"contentBlockIndex\":0,\"start\":{\"toolUse\":{\"toolUseId\":"
        "\"a\",\"name\":\"f\"}}}\n"
        "event contentBlockStart {\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":"
        "\"b\",\"name\":\"g\"}}}\n"
        "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"toolUse\":{\"input\":"
        "\"{\\\"x\\\":\"}}}\n"
        "event contentBlockDelta {\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":"
        "\"{}\"}}}\n"
        "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"toolUse\":{\"input\":"
        "\"1}\"}}}\n"
        "event contentBlockStop {\"contentBlockIndex\":0}\n"
        "event contentBlockStop {\"contentBlockIndex\":1}\n" STOP COUNTS;
    struct reading reading = {0};
    struct arena arena = {0};

    (void)state;
    assert_str_equal(read_frames(&reading, &arena, frames),
                     STR("start - - 0\ntool_call 0 a f\ntool_call 1 b g\ntool_args 0 {\"x\":\n"
                         "tool_args 1 {}\ntool_args 0 1}\nusage 1 2 3\nfinish tool_calls "
                         "end_turn\n"));
    arena_reset(&arena);
}

static void a_tool_is_called_by_the_clients_name(void **state)
{
    static const char frames[] =
        "event contentBlockStart {\"contentBlockIndex\":0,\"start\":{\"toolUse\":{\"toolUseId\":"
        "\"a\",\"name\":\"my_tool_1\"}}}\n" STOP COUNTS;
    struct tool_alias alias = {.sent = STR("my_tool_1"), .name = STR("my.tool")};
    struct reading reading = {.hints = {.aliases = &alias, .alias_count = 1}};
    struct arena arena = {0};

    (void)state;
    assert_str_equal(read_frames(&reading, &arena, frames),
                     STR("start - - 0\ntool_call 0 a my.tool\ntool_args 0 {}\nusage 1 2 3\nfinish "
                         "tool_calls end_turn\n"));
    arena_reset(&arena);
}

static void a_repeated_prefill_is_left_out(void **state)
{
    static const struct {
        const char *prefill;
        const char *frames;
        const char *want;
    } cases[] = {
        {"Once upon", START TEXT("Once") TEXT(" upon a") TEXT(" time") STOP COUNTS,
         "start - - 0\ntext  a\ntext  time\n"},
        {"Once upon", START TEXT(" a time") STOP COUNTS, "start - - 0\ntext  a time\n"},
        {"Once upon", START TEXT("Once") TEXT(" more") STOP COUNTS,
         "start - - 0\ntext Once\ntext  more\n"},
        {"Once upon", START TEXT("Once") STOP COUNTS, "start - - 0\ntext Once\n"},
        {"Once upon", START TEXT("Once upon") STOP COUNTS, "start - - 0\n"},
        {"", START TEXT("Once") STOP COUNTS, "start - - 0\ntext Once\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading = {.hints = {.prefill = str_c(cases[i].prefill)}};
        struct arena arena = {0};
        str text = read_frames(&reading, &arena, cases[i].frames);
        assert_str_equal(str_take(text, str_find(text, STR("usage "))), str_c(cases[i].want));
        arena_reset(&arena);
    }
}

static void unsigned_thinking_is_claudes_when_the_model_is(void **state)
{
    static const char frames[] =
        START "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{"
              "\"text\":\"Hm\"}}}\n" STOP COUNTS;
    static const struct {
        const char *model;
        const char *want;
    } cases[] = {
        {"us.anthropic.claude-sonnet-5", "reasoning 0 text format=anthropic-claude-v1 Hm\n"},
        {"openai.gpt-oss-120b-1:0", "reasoning 0 text Hm\n"},
        {"us.amazon.nova-2-lite-v1:0", "reasoning 0 text Hm\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading = {.model = {.name = str_c(cases[i].model)}};
        struct arena arena = {0};
        str text = read_frames(&reading, &arena, frames);
        assert_true(str_find(text, str_c(cases[i].want)) < text.len);
        arena_reset(&arena);
    }
}

static void opaque_data_that_is_not_claudes_stays_as_it_is(void **state)
{
    static const char frames[] =
        START "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{"
              "\"redactedContent\":\"/////w==\"}}}\n" STOP COUNTS;
    struct reading reading = {0};
    struct arena arena = {0};

    (void)state;
    str text = read_frames(&reading, &arena, frames);
    assert_true(str_find(text, STR("reasoning 0 encrypted /////w==\n")) < text.len);
    arena_reset(&arena);
}

static void an_image_that_is_no_base64_is_a_fault(void **state)
{
    static const char frames[] =
        START "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"image\":{\"source\":{"
              "\"bytes\":\"a\"}}}}\n";
    struct reading reading = {0};
    struct arena arena = {0};

    (void)state;
    assert_str_equal(read_frames(&reading, &arena, frames),
                     STR("start - - 0\nfault peer provider_unavailable 502 the provider sent an "
                         "image that is not base64\n"));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_message_is_a_fault_and_what_came_before_stands),
        cmocka_unit_test(an_answer_is_complete_with_its_counts),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(calls_may_take_turns),
        cmocka_unit_test(a_tool_is_called_by_the_clients_name),
        cmocka_unit_test(a_repeated_prefill_is_left_out),
        cmocka_unit_test(unsigned_thinking_is_claudes_when_the_model_is),
        cmocka_unit_test(opaque_data_that_is_not_claudes_stays_as_it_is),
        cmocka_unit_test(an_image_that_is_no_base64_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
