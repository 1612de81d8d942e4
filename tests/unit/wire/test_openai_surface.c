#include "codec/json_write.h"
#include "wire/surface.h"

#include "test.h"

enum { OUT_BYTES_MAX = 1 << 20 };

/* One stream being written. */
struct fixture {
    struct arena arena;
    struct buf out;
    struct encoder encoder;
};

static void setup(struct fixture *fixture, const char *members)
{
    struct fault fault = {0};
    struct chat_request *chat = NULL;

    *fixture = (struct fixture){0};
    buf_init(&fixture->out, OUT_BYTES_MAX);
    str body = arena_printf(&fixture->arena,
                            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                            "\"stream\":true%s}",
                            members);
    assert_int_equal(openai_chat_surface.decode_request(body, &fixture->arena, &chat, &fault),
                     ERR_OK);
    fixture->encoder = (struct encoder){
        .surface = &openai_chat_surface,
        .chat = chat,
        .identity = {STR("gen-1"), 5, STR("m"), STR("P"), STR("r")},
        .arena = &fixture->arena,
    };
    openai_chat_surface.encoder_init(&fixture->encoder);
}

static void teardown(struct fixture *fixture)
{
    buf_free(&fixture->out);
    arena_reset(&fixture->arena);
}

static void say(struct fixture *fixture, struct event event)
{
    assert_int_equal(openai_chat_surface.encode(&fixture->encoder, &event, &fixture->out), ERR_OK);
}

static size_t count_of(const struct fixture *fixture, const char *needle)
{
    str rest = buf_str(&fixture->out);
    size_t count = 0;

    for (size_t at = str_find(rest, str_c(needle)); at < rest.len;
         at = str_find(rest, str_c(needle))) {
        rest = str_skip(rest, at + 1);
        count++;
    }
    return count;
}

/* Every data line but the last is JSON, and the last is the end mark. */
static void assert_is_stream(const struct fixture *fixture)
{
    str rest = buf_str(&fixture->out);
    struct arena arena = {0};

    assert_true(str_has_suffix(rest, STR("data: [DONE]\n\n")));
    rest.len -= sizeof("data: [DONE]\n\n") - 1;
    while (rest.len > 0) {
        str line = str_split(&rest, '\n');
        assert_true(str_has_prefix(line, STR("data: {")));
        json *chunk = json_read_lenient(&arena, str_skip(line, 6));
        assert_non_null(chunk);
        assert_true(json_is(json_get(chunk, "choices"), JSON_ARRAY));
        assert_str_equal(json_str(chunk, "id"), STR("gen-1"));
        assert_int_equal(str_split(&rest, '\n').len, 0);
    }
    arena_reset(&arena);
}

static void an_answer_without_events_is_still_an_answer(void **state)
{
    (void)state;
    struct fixture fixture;

    setup(&fixture, "");
    assert_int_equal(openai_chat_surface.encode_end(&fixture.encoder, &fixture.out), ERR_OK);
    assert_is_stream(&fixture);
    assert_int_equal(count_of(&fixture, "\"role\":\"assistant\""), 1);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"stop\""), 1);
    assert_int_equal(count_of(&fixture, "usage"), 0);
    teardown(&fixture);
}

static void a_choice_begins_and_ends_once(void **state)
{
    (void)state;
    struct fixture fixture;

    setup(&fixture, "");
    say(&fixture, (struct event){.kind = EVENT_START});
    assert_int_equal(fixture.out.len, 0);
    say(&fixture, (struct event){.kind = EVENT_TEXT, .text = STR("a")});
    say(&fixture, (struct event){.kind = EVENT_TEXT, .text = STR("b")});
    say(&fixture, (struct event){.kind = EVENT_FINISH, .finish = {FINISH_LENGTH, STR("max")}});
    say(&fixture, (struct event){.kind = EVENT_FINISH, .finish = {FINISH_STOP, STR("stop")}});
    say(&fixture, (struct event){.kind = EVENT_TEXT, .choice = 5, .text = STR("c")});
    assert_int_equal(openai_chat_surface.encode_end(&fixture.encoder, &fixture.out), ERR_OK);
    assert_is_stream(&fixture);
    assert_int_equal(count_of(&fixture, "\"role\":\"assistant\""), 2);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"length\""), 1);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"stop\""), 1);
    assert_int_equal(count_of(&fixture, "\"index\":5"), 3);
    teardown(&fixture);
}

static void a_call_without_arguments_gets_empty_ones(void **state)
{
    (void)state;
    struct fixture fixture;

    setup(&fixture, "");
    say(&fixture, (struct event){.kind = EVENT_TOOL_CALL, .tool = {0, STR("a"), STR("f")}});
    say(&fixture, (struct event){.kind = EVENT_TOOL_CALL, .tool = {1, STR("b"), STR("g")}});
    say(&fixture, (struct event){.kind = EVENT_TOOL_ARGS, .tool_args = {1, STR("{\"x\":1}")}});
    assert_int_equal(openai_chat_surface.encode_end(&fixture.encoder, &fixture.out), ERR_OK);
    assert_is_stream(&fixture);
    assert_int_equal(count_of(&fixture, "{\"index\":0,\"function\":{\"arguments\":\"{}\"}}"), 1);
    assert_int_equal(count_of(&fixture, "\"type\":\"function\""), 2);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"tool_calls\""), 1);
    teardown(&fixture);
}

static void a_broken_stream_says_so_once_with_what_was_used(void **state)
{
    (void)state;
    struct fixture fixture;
    struct fault fault = {.kind = ERR_CUT,
                          .type = FAULT_PROVIDER_UNAVAILABLE,
                          .message = STR("gone"),
                          .provider = STR("P"),
                          .provider_code = STR("x")};

    setup(&fixture, "");
    say(&fixture, (struct event){.kind = EVENT_TEXT, .text = STR("a")});
    say(&fixture, (struct event){.kind = EVENT_USAGE, .usage = {.prompt = 3, .total = 3}});
    assert_int_equal(openai_chat_surface.encode_cut(&fixture.encoder, &fault, &fixture.out),
                     ERR_OK);
    assert_is_stream(&fixture);
    assert_int_equal(count_of(&fixture,
                              "\ndata: {\"error\":{\"code\":502,\"message\":\"gone\",\"type\":"
                              "\"provider_error\",\"param\":null,\"metadata\":{\"error_type\":"
                              "\"provider_unavailable\",\"provider_name\":\"P\",\"provider_code\":"
                              "\"x\"}},\"id\":"),
                     1);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"error\""), 1);
    assert_int_equal(count_of(&fixture, "\"prompt_tokens\":3"), 1);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"stop\""), 0);
    teardown(&fixture);
}

static void a_stream_may_break_before_it_begins(void **state)
{
    (void)state;
    struct fixture fixture;
    struct fault fault = {.type = FAULT_TIMEOUT, .message = STR("slow")};

    setup(&fixture, "");
    assert_int_equal(openai_chat_surface.encode_cut(&fixture.encoder, &fault, &fixture.out),
                     ERR_OK);
    assert_is_stream(&fixture);
    teardown(&fixture);
}

static void no_chunk_is_written_by_halves(void **state)
{
    (void)state;
    struct event event = {.kind = EVENT_TEXT, .text = STR("some text")};
    struct fixture whole;

    setup(&whole, "");
    say(&whole, event);
    for (size_t limit = 0; limit < whole.out.len; limit++) {
        struct fixture fixture;
        struct fault fault = {.message = STR("x")};
        setup(&fixture, "");
        fixture.out.limit = limit;
        assert_int_equal(openai_chat_surface.encode(&fixture.encoder, &event, &fixture.out),
                         ERR_TOO_BIG);
        assert_int_equal(fixture.out.len, 0);
        enum err err = openai_chat_surface.encode_cut(&fixture.encoder, &fault, &fixture.out);
        assert_true(err == ERR_OK || fixture.out.len == 0);
        teardown(&fixture);
    }
    teardown(&whole);
}

static void a_stranger_cannot_take_the_name_of_a_member(void **state)
{
    (void)state;
    struct fixture fixture;

    setup(&fixture, "");
    json *value = json_read_lenient(&fixture.arena, STR("{\"x\":1}"));
    static const enum extra_place places[] = {EXTRA_BODY, EXTRA_CHOICE, EXTRA_MESSAGE};
    static const char *const taken[] = {"error", "finish_reason", "content"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        say(&fixture,
            (struct event){.kind = EVENT_EXTRA, .extra = {places[i], str_c(taken[i]), value}});
        say(&fixture,
            (struct event){.kind = EVENT_EXTRA, .extra = {places[i], STR("a \"name\""), value}});
    }
    assert_int_equal(openai_chat_surface.encode_end(&fixture.encoder, &fixture.out), ERR_OK);
    assert_is_stream(&fixture);
    assert_int_equal(count_of(&fixture, "\"a \\\"name\\\"\":{\"x\":1}"), 3);
    assert_int_equal(count_of(&fixture, "\"error\""), 0);
    assert_int_equal(count_of(&fixture, "\"content\":{"), 0);
    teardown(&fixture);
}

static void every_event_fits_into_text_mode(void **state)
{
    (void)state;
    struct fixture fixture;
    struct event events[] = {
        {.kind = EVENT_START},
        {.kind = EVENT_TEXT, .text = STR("t")},
        {.kind = EVENT_REFUSAL, .text = STR("r")},
        {.kind = EVENT_REASONING, .reasoning = {.text = STR("h")}},
        {.kind = EVENT_REASONING, .reasoning = {.kind = REASONING_ENCRYPTED, .text = STR("h")}},
        {.kind = EVENT_TOOL_CALL, .tool = {0, STR("a"), STR("f")}},
        {.kind = EVENT_TOOL_ARGS, .tool_args = {0, STR("{}")}},
        {.kind = EVENT_LOGPROBS},
        {.kind = EVENT_EXTRA, .extra = {EXTRA_CHOICE, STR("x"), NULL}},
        {.kind = EVENT_EXTRA, .extra = {EXTRA_MESSAGE, STR("y"), NULL}},
        {.kind = EVENT_FINISH, .finish = {FINISH_STOP, STR("stop")}},
        {.kind = EVENT_USAGE, .usage = {.prompt = 1}},
    };

    setup(&fixture, ",\"usage\":{\"include\":true}");
    struct chat_request chat = *fixture.encoder.chat;
    chat.is_text = true;
    fixture.encoder.chat = &chat;
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        say(&fixture, events[i]);
    }
    assert_int_equal(openai_chat_surface.encode_end(&fixture.encoder, &fixture.out), ERR_OK);
    assert_is_stream(&fixture);
    assert_int_equal(count_of(&fixture, "delta"), 0);
    assert_int_equal(count_of(&fixture, "\"finish_reason\":\"stop\""), 1);
    teardown(&fixture);
}

static void a_fault_of_ours_is_masked(void **state)
{
    (void)state;
    struct identity identity = {0};
    struct buf out;
    struct fault fault = {.type = FAULT_SERVER,
                          .message = STR("Internal Server Error"),
                          .detail = STR("secret"),
                          .provider_code = STR("code"),
                          .raw = STR("raw")};

    buf_init(&out, OUT_BYTES_MAX);
    assert_int_equal(openai_chat_surface.encode_fault(&identity, &fault, &out), ERR_OK);
    assert_str_equal(buf_str(&out),
                     STR("{\"error\":{\"code\":500,\"message\":\"Internal Server Error\",\"type\":"
                         "\"server_error\",\"param\":null,\"metadata\":{\"error_type\":"
                         "\"server\"}},\"user_id\":null}"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_without_events_is_still_an_answer),
        cmocka_unit_test(a_choice_begins_and_ends_once),
        cmocka_unit_test(a_call_without_arguments_gets_empty_ones),
        cmocka_unit_test(a_broken_stream_says_so_once_with_what_was_used),
        cmocka_unit_test(a_stream_may_break_before_it_begins),
        cmocka_unit_test(no_chunk_is_written_by_halves),
        cmocka_unit_test(a_stranger_cannot_take_the_name_of_a_member),
        cmocka_unit_test(every_event_fits_into_text_mode),
        cmocka_unit_test(a_fault_of_ours_is_masked),
    };

    return cmocka_run_group_tests_name("openai_surface", tests, NULL, NULL);
}
