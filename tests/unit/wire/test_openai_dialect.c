#include "replay.h"
#include "share.h"
#include "test.h"

static void assert_events(enum framing framing, str bytes, const char *want)
{
    struct replay what = {&openai_chat_dialect, share_quirks("", "openai"), framing, bytes};
    struct arena arena = {0};
    struct fault fault = {0};
    struct buf got;

    buf_init(&got, REPLAY_BYTES_MAX);
    (void)(replay(&what, &arena, bytes.len, bytes.len, &got, NULL, &fault) == ERR_OK);
    assert_str_equal(buf_str(&got), str_c(want));
    buf_free(&got);
    arena_reset(&arena);
}

static void answers_that_are_none_are_faults(void **state)
{
    (void)state;
    static const struct {
        enum framing framing;
        const char *bytes;
        const char *want;
    } cases[] = {
        {FRAMING_WHOLE, "",
         "fault cut provider_unavailable 502 the provider cut its answer short\n"},
        {FRAMING_WHOLE, "  ",
         "fault cut provider_unavailable 502 the provider cut its answer short\n"},
        {FRAMING_WHOLE, "{\"choices\":[",
         "fault cut provider_unavailable 502 the provider cut its "
         "answer short\n"},
        {FRAMING_WHOLE, "<html>}",
         "fault peer provider_unavailable 502 the provider's answer is "
         "not JSON\n"},
        {FRAMING_WHOLE, "[]",
         "fault peer provider_unavailable 502 the provider's answer is not "
         "JSON\n"},
        {FRAMING_WHOLE, "{}",
         "fault peer provider_unavailable 502 the provider's answer has no "
         "choices\n"},
        {FRAMING_WHOLE, "[{\"error\":{\"code\":400,\"message\":\"bad\"}}]",
         "fault peer invalid_request 400 bad\n"},
        {FRAMING_WHOLE, "{\"choices\":[]}", "start - - 0\n"},
        {FRAMING_SSE, "", "fault cut provider_unavailable 502 the provider cut its answer short\n"},
        {FRAMING_SSE, "data: [DONE]\n\n",
         "fault cut provider_unavailable 502 the provider ended its answer without one\n"},
        {FRAMING_SSE, "data:\n\ndata: [DONE]\n\n",
         "fault cut provider_unavailable 502 the provider ended its answer without one\n"},
        {FRAMING_SSE, "data: 7\n\n",
         "fault peer provider_unavailable 502 the provider sent a "
         "malformed event\n"},
        {FRAMING_SSE, "data: {\"cho",
         "fault cut provider_unavailable 502 the provider cut its "
         "answer short\n"},
        {FRAMING_SSE, "event: error\ndata: {\"message\":\"bad day\"}\n\n",
         "fault peer provider_unavailable 502 bad day\n"},
        {FRAMING_SSE, "data: {\"choices\":[{\"index\":128,\"delta\":{}}]}\n\n",
         "start - - 0\nfault peer provider_unavailable 502 the provider sent a choice out of "
         "bounds\n"},
        {FRAMING_SSE, "data: {\"choices\":[{\"index\":-1,\"delta\":{}}]}\n\n",
         "start - - 0\nfault peer provider_unavailable 502 the provider sent a choice out of "
         "bounds\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_events(cases[i].framing, str_c(cases[i].bytes), cases[i].want);
    }
}

static void odd_members_are_borne(void **state)
{
    (void)state;
    static const struct {
        const char *chunk;
        const char *want;
    } cases[] = {
        {"{\"choices\":[{\"delta\":null,\"finish_reason\":\"stop\"}]}",
         "start - - 0\nfinish stop stop\n"},
        {"{\"choices\":[7,null]}", "start - - 0\n"},
        {"{\"choices\":[{\"delta\":{\"content\":[\"a\",{\"type\":\"text\",\"text\":\"b\"},"
         "{\"type\":\"reference\"}]}}]}",
         "start - - 0\ntext a\ntext b\n"},
        {"{\"created\":1700000000123,\"choices\":[{\"delta\":{}}]}", "start - - 1700000000\n"},
        {"{\"created\":-5,\"choices\":[{\"delta\":{}}]}", "start - - 0\n"},
        {"{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"banana\"}]}",
         "start - - 0\ntext x\nfinish stop banana\n"},
        {"{\"choices\":[{\"delta\":{\"tool_calls\":[null,7,{}]}}]}", "start - - 0\n"},
        {"{\"choices\":[{\"delta\":{\"tool_calls\":{\"a\":1}}}]}", "start - - 0\n"},
        {"{\"choices\":[{\"delta\":{\"reasoning_details\":[7,{\"type\":\"reasoning.new\"}],"
         "\"reasoning\":\"r\"}}]}",
         "start - - 0\nreasoning 0 text r\n"},
        {"{\"id\":\"i\",\"choices\":null,\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":"
         "\"x\",\"total_tokens\":1e300}}",
         "start i - 0\nusage 0 0 9223372036854775807\n"},
        {"{\"id\":\"i\",\"choices\":null,\"usage\":{\"prompt_tokens\":9223372036854775807,"
         "\"completion_tokens\":9223372036854775807}}",
         "start i - 0\n"},
        {"{\"id\":\"i\",\"usage\":{\"prompt_tokens\":5,\"prompt_tokens_details\":"
         "{\"cached_tokens\":9}}}",
         "start i - 0\nusage 5 0 5 cached=9\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        str bytes = arena_printf(&arena, "data: %s\n\ndata: [DONE]\n\n", cases[i].chunk);
        struct replay what = {&openai_chat_dialect, share_quirks("", "openai"), FRAMING_SSE, bytes};
        struct fault fault = {0};
        struct buf got;
        buf_init(&got, REPLAY_BYTES_MAX);
        (void)(replay(&what, &arena, bytes.len, bytes.len, &got, NULL, &fault) == ERR_OK);
        str text = buf_str(&got);
        str tail = STR("finish - -\n"); /* what no reason and no text end in */
        text.len -= str_has_suffix(text, tail) ? tail.len : 0;
        str want = str_c(cases[i].want);
        if (!str_has_prefix(text, want)) {
            fail_msg("%s: " STR_FMT, cases[i].chunk, STR_ARG(text));
        }
        buf_free(&got);
        arena_reset(&arena);
    }
}

static void calls_are_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf bytes;
    struct buf got;
    struct fault fault = {0};

    buf_init(&bytes, REPLAY_BYTES_MAX);
    buf_init(&got, REPLAY_BYTES_MAX);
    for (int i = 0; i < 1025; i++) {
        PRINT(&bytes,
              "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%d,\"function\":{"
              "\"name\":\"f\"}}]}}]}\n\n",
              i);
    }
    struct replay what = {&openai_chat_dialect, share_quirks("", "openai"), FRAMING_SSE,
                          buf_str(&bytes)};
    assert_int_equal(replay(&what, &arena, bytes.len, bytes.len, &got, NULL, &fault), ERR_PEER);
    buf_free(&bytes);
    buf_free(&got);
    arena_reset(&arena);
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    static const enum framing framings[] = {FRAMING_SSE, FRAMING_WHOLE};

    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        struct arena arena = {0};
        struct model model = {.quirks = share_quirks("", "openai")};
        struct decoder decoder = {.dialect = &openai_chat_dialect,
                                  .model = &model,
                                  .arena = &arena,
                                  .framing = framings[i],
                                  .bytes_max = 100};
        struct event_list events = {0};
        struct fault fault = {0};
        enum err err = ERR_OK;
        decoder_init(&decoder);
        for (int n = 0; n < 200 && err == ERR_OK; n++) {
            err = openai_chat_dialect.decode(&decoder, STR("x"), &arena, &events, &fault);
        }
        assert_int_equal(err, ERR_TOO_BIG);
        decoder_free(&decoder);
        arena_reset(&arena);
    }
}

/* A provider that repeats a member in every chunk does not make its answer twice as long. */
static void an_unknown_member_is_told_when_it_changes(void **state)
{
    (void)state;
    assert_events(
        FRAMING_SSE,
        STR("data: {\"id\":\"i\",\"new\":1,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
            "data: {\"id\":\"i\",\"new\":1,\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"
            "data: {\"id\":\"i\",\"new\":2,\"choices\":[{\"delta\":{\"content\":\"c\"}}]}\n\n"
            "data: [DONE]\n\n"),
        "start i - 0\nextra body new 1\ntext a\ntext b\nextra body new 2\ntext c\n"
        "finish stop -\n");
}

/* Decodes a stream of texts for a model that was asked in words to go on with `prefill`; every cut
 * of the stream gives the same. */
static void assert_continued(const char *prefill, const char *const *pieces, const char *want)
{
    struct arena arena = {0};
    str bytes = STR("");

    for (size_t i = 0; pieces[i] != NULL; i++) {
        bytes = arena_printf(&arena,
                             STR_FMT "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                                     "\"%s\"}}]}\n\n",
                             STR_ARG(bytes), pieces[i]);
    }
    bytes = arena_printf(&arena, STR_FMT "data: [DONE]\n\n", STR_ARG(bytes));
    for (size_t cut = 1; cut < bytes.len; cut++) {
        struct model model = {.name = STR("m"), .quirks = share_quirks("", "openai")};
        struct decoder decoder = {.dialect = &openai_chat_dialect,
                                  .model = &model,
                                  .arena = &arena,
                                  .framing = FRAMING_SSE,
                                  .bytes_max = REPLAY_BYTES_MAX,
                                  .hints = {.prefill = str_c(prefill)},
                                  .id_seed = STR("s")};
        struct fault fault = {0};
        str pair[] = {str_take(bytes, cut), str_skip(bytes, cut)};
        struct gather *gather = gather_new(&arena, REPLAY_BYTES_MAX);
        struct buf printed;
        buf_init(&printed, REPLAY_BYTES_MAX);
        decoder_init(&decoder);
        for (size_t i = 0; i < COUNT_OF(pair); i++) {
            assert_int_equal(replay_piece(&decoder, &pair[i], &printed, gather, &fault), ERR_OK);
        }
        assert_int_equal(replay_piece(&decoder, NULL, &printed, gather, &fault), ERR_OK);
        assert_str_equal(gather_answer(gather)->choices[0].text, str_c(want));
        decoder_free(&decoder);
        gather_free(gather);
        buf_free(&printed);
    }
    arena_reset(&arena);
}

static void a_repeated_prefill_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *prefill;
        const char *pieces[5];
        const char *want;
    } cases[] = {
        {"Dear Ann", {"Dear Ann, hello", NULL}, ", hello"},
        {"Dear Ann", {"De", "ar ", "Ann", ", hello", NULL}, ", hello"},
        {"Dear Ann", {", hello", NULL}, ", hello"},
        {"Dear Ann", {"De", "spite all", NULL}, "Despite all"},
        {"Dear Ann", {"Dear", NULL}, "Dear"},
        {"Dear Ann", {"Dear Ann", " Dear Ann", NULL}, " Dear Ann"},
        {"\xc3\xa9", {"\xc3\xa8", NULL}, "\xc3\xa8"},
        {"", {"Hi", NULL}, "Hi"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_continued(cases[i].prefill, cases[i].pieces, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_prefill_is_left_out),
        cmocka_unit_test(answers_that_are_none_are_faults),
        cmocka_unit_test(odd_members_are_borne),
        cmocka_unit_test(calls_are_bounded),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(an_unknown_member_is_told_when_it_changes),
    };

    return cmocka_run_group_tests_name("openai_dialect", tests, NULL, NULL);
}
