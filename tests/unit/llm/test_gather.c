#include "codec/json_write.h"
#include "llm/gather.h"

#include "test.h"

enum { BYTES_MAX = 100000 };

static json *value_of(struct arena *arena, const char *text)
{
    json *value = json_read_lenient(arena, str_c(text));

    assert_non_null(value);
    return value;
}

static void add(struct gather *gather, struct event event)
{
    assert_int_equal(gather_add(gather, &event), ERR_OK);
}

static void pieces_become_whole(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gather *gather = gather_new(&arena, BYTES_MAX);

    add(gather, (struct event){.kind = EVENT_START, .start = {STR("id"), STR("model"), 7}});
    add(gather, (struct event){.kind = EVENT_TEXT, .text = STR("Hel")});
    add(gather, (struct event){.kind = EVENT_REASONING, .reasoning = {.text = STR("a")}});
    add(gather, (struct event){.kind = EVENT_REASONING,
                               .reasoning = {.index = 1, .text = STR("b"), .format = STR("f")}});
    add(gather, (struct event){.kind = EVENT_REASONING, .reasoning = {.text = STR("c")}});
    add(gather, (struct event){.kind = EVENT_REASONING, .reasoning = {.signature = STR("sig")}});
    add(gather, (struct event){.kind = EVENT_TEXT, .text = STR("lo")});
    add(gather, (struct event){.kind = EVENT_TOOL_CALL, .tool = {0, STR("c0"), STR("f")}});
    add(gather, (struct event){.kind = EVENT_TOOL_CALL, .tool = {1, STR("c1"), STR("g")}});
    add(gather, (struct event){.kind = EVENT_TOOL_ARGS, .tool_args = {0, STR("{\"a\"")}});
    add(gather, (struct event){.kind = EVENT_TOOL_ARGS, .tool_args = {0, STR(":1}")}});
    add(gather, (struct event){.kind = EVENT_USAGE, .usage = {.prompt = 1}});
    add(gather, (struct event){.kind = EVENT_USAGE, .usage = {.prompt = 2}});
    add(gather, (struct event){.kind = EVENT_FINISH, .finish = {FINISH_TOOL_CALLS, STR("tc")}});

    struct answer *answer = gather_answer(gather);
    struct answer_choice *choice = &answer->choices[0];
    assert_int_equal(answer->choice_count, 1);
    assert_str_equal(answer->upstream_id, STR("id"));
    assert_str_equal(answer->upstream_model, STR("model"));
    assert_str_equal(choice->text, STR("Hello"));
    assert_null(choice->refusal.at);
    assert_int_equal(choice->reasoning_count, 2);
    assert_str_equal(choice->reasoning[0].text, STR("ac"));
    assert_str_equal(choice->reasoning[0].signature, STR("sig"));
    assert_str_equal(choice->reasoning[1].text, STR("b"));
    assert_str_equal(choice->reasoning[1].format, STR("f"));
    assert_int_equal(choice->tool_call_count, 2);
    assert_str_equal(choice->tool_calls[0].arguments, STR("{\"a\":1}"));
    assert_str_equal(choice->tool_calls[1].arguments, STR("{}"));
    assert_str_equal(choice->tool_calls[1].name, STR("g"));
    assert_int_equal(choice->finish, FINISH_TOOL_CALLS);
    assert_str_equal(choice->native_finish, STR("tc"));
    assert_true(answer->has_usage);
    assert_int_equal(answer->usage.prompt, 2);
    gather_free(gather);
    arena_reset(&arena);
}

static void an_answer_without_events_has_one_empty_choice(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gather *gather = gather_new(&arena, BYTES_MAX);
    struct answer *answer = gather_answer(gather);

    assert_int_equal(answer->choice_count, 1);
    assert_null(answer->choices[0].text.at);
    assert_null(answer->choices[0].native_finish.at);
    assert_false(answer->has_usage);
    gather_free(gather);
    arena_reset(&arena);
}

static void one_index_with_two_kinds_is_two_blocks(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gather *gather = gather_new(&arena, BYTES_MAX);

    add(gather, (struct event){.kind = EVENT_REASONING,
                               .reasoning = {.kind = REASONING_SUMMARY, .text = STR("s")}});
    add(gather, (struct event){.kind = EVENT_REASONING,
                               .reasoning = {.kind = REASONING_ENCRYPTED, .text = STR("x")}});
    struct answer_choice *choice = &gather_answer(gather)->choices[0];
    assert_int_equal(choice->reasoning_count, 2);
    assert_int_equal(choice->reasoning[1].kind, REASONING_ENCRYPTED);
    gather_free(gather);
    arena_reset(&arena);
}

static void choices_are_kept_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gather *gather = gather_new(&arena, BYTES_MAX);

    add(gather, (struct event){.kind = EVENT_TEXT, .choice = 2, .text = STR("c")});
    add(gather, (struct event){.kind = EVENT_TEXT, .choice = 0, .text = STR("a")});
    struct answer *answer = gather_answer(gather);
    assert_int_equal(answer->choice_count, 3);
    assert_str_equal(answer->choices[0].text, STR("a"));
    assert_null(answer->choices[1].text.at);
    assert_str_equal(answer->choices[2].text, STR("c"));
    struct event far = {.kind = EVENT_TEXT, .choice = 1000, .text = STR("x")};
    assert_int_equal(gather_add(gather, &far), ERR_TOO_BIG);
    gather_free(gather);
    arena_reset(&arena);
}

static void audio_and_logprobs_are_joined(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gather *gather = gather_new(&arena, BYTES_MAX);

    add(gather, (struct event){.kind = EVENT_AUDIO,
                               .raw = value_of(&arena, "{\"id\":\"a\",\"data\":\"AA\","
                                                       "\"transcript\":\"He\"}")});
    add(gather, (struct event){.kind = EVENT_AUDIO,
                               .raw = value_of(&arena, "{\"data\":\"BB\","
                                                       "\"expires_at\":9}")});
    add(gather, (struct event){.kind = EVENT_LOGPROBS,
                               .raw = value_of(&arena, "{\"content\":[1],\"refusal\":null}")});
    add(gather, (struct event){.kind = EVENT_LOGPROBS,
                               .raw = value_of(&arena, "{\"content\":[2,3],\"refusal\":null}")});
    struct answer_choice *choice = &gather_answer(gather)->choices[0];
    assert_str_equal(choice->audio, STR("{\"id\":\"a\",\"data\":\"AABB\",\"transcript\":\"He\","
                                        "\"expires_at\":9}"));
    assert_str_equal(choice->logprobs, STR("{\"content\":[1,2,3],\"refusal\":null}"));
    gather_free(gather);
    arena_reset(&arena);
}

static void an_extra_said_again_replaces_the_first(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gather *gather = gather_new(&arena, BYTES_MAX);

    add(gather, (struct event){.kind = EVENT_EXTRA,
                               .extra = {EXTRA_BODY, STR("x"), value_of(&arena, "1")}});
    add(gather, (struct event){.kind = EVENT_EXTRA,
                               .extra = {EXTRA_CHOICE, STR("x"), value_of(&arena, "2")}});
    add(gather, (struct event){.kind = EVENT_EXTRA,
                               .extra = {EXTRA_BODY, STR("x"), value_of(&arena, "[3]")}});
    struct answer *answer = gather_answer(gather);
    assert_int_equal(answer->extra_count, 2);
    assert_str_equal(answer->extras[0].json, STR("[3]"));
    assert_str_equal(answer->extras[1].json, STR("2"));
    gather_free(gather);
    arena_reset(&arena);
}

static void no_kind_of_event_passes_the_bound(void **state)
{
    (void)state;
    struct arena values = {0};
    json *raw = value_of(&values, "{\"k\":\"0123456789\"}");
    const struct event kinds[] = {
        {.kind = EVENT_TEXT, .text = STR("0123456789")},
        {.kind = EVENT_REFUSAL, .text = STR("0123456789")},
        {.kind = EVENT_REASONING, .reasoning = {.text = STR("0123456789")}},
        {.kind = EVENT_TOOL_CALL, .tool = {0, STR("id"), STR("f")}},
        {.kind = EVENT_ANNOTATION, .raw = raw},
        {.kind = EVENT_IMAGE, .raw = raw},
        {.kind = EVENT_AUDIO, .raw = raw},
        {.kind = EVENT_LOGPROBS, .raw = raw},
        {.kind = EVENT_EXTRA, .extra = {EXTRA_BODY, STR("x"), raw}},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct arena arena = {0};
        struct gather *gather = gather_new(&arena, 5000);
        enum err err = ERR_OK;
        for (int n = 0; n < 1000 && err == ERR_OK; n++) {
            err = gather_add(gather, &kinds[i]);
        }
        assert_int_equal(err, ERR_TOO_BIG);
        gather_free(gather);
        arena_reset(&arena);
    }
    arena_reset(&values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_become_whole),
        cmocka_unit_test(an_answer_without_events_has_one_empty_choice),
        cmocka_unit_test(one_index_with_two_kinds_is_two_blocks),
        cmocka_unit_test(choices_are_kept_apart),
        cmocka_unit_test(audio_and_logprobs_are_joined),
        cmocka_unit_test(an_extra_said_again_replaces_the_first),
        cmocka_unit_test(no_kind_of_event_passes_the_bound),
    };

    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
