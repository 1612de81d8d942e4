/*
 * Answers of Claude on Bedrock, as AWS event messages, and what an answer owes to its request.
 * JSON in these tables is written with ' for ".
 */
#include "codec/eventstream.h"
#include "wire/dialect.h"

#include "event_print.h"
#include "test.h"

enum { OUT_BYTES_MAX = 1 << 20 };

static struct arena arena;
static const struct model model = {.name = STR_INIT("anthropic.claude-sonnet-4-5")};
static struct answer_hints hints; /* of the request that is answered */

static int reset(void **state)
{
    (void)state;
    hints = (struct answer_hints){0};
    arena_reset(&arena);
    return 0;
}

static str quoted(const char *text)
{
    size_t len = strlen(text);
    char *at = arena_take(&arena, len + 1);

    for (size_t i = 0; i < len; i++) {
        at[i] = text[i];
        if (at[i] == '\'') {
            at[i] = '"';
        }
    }
    return str_of(at, len);
}

/* ---- Making answers ---- */

static void add_message(struct buf *out, const char *type, const char *name, const char *value,
                        str payload)
{
    const struct eventstream_header headers[] = {
        {str_c(name), str_c(value)},
        {STR(":content-type"), STR("application/json")},
        {STR(":message-type"), str_c(type)},
    };

    assert_int_equal(eventstream_write(out, headers, COUNT_OF(headers), payload), ERR_OK);
}

static void add_chunk(struct buf *out, str event)
{
    str bytes = text_base64_encode(event, &arena);

    add_message(out, "event", ":event-type", "chunk",
                arena_printf(&arena, "{\"bytes\":\"" STR_FMT "\",\"p\":\"abc\"}", STR_ARG(bytes)));
}

static str copy_of(struct buf *out)
{
    str copy = arena_copy(&arena, buf_str(out));

    buf_free(out);
    return copy;
}

/* The events of one line each as messages. */
static str messages_of(const char *lines)
{
    str rest = quoted(lines);
    struct buf out;

    buf_init(&out, OUT_BYTES_MAX);
    while (rest.len > 0) {
        add_chunk(&out, str_split(&rest, '\n'));
    }
    return copy_of(&out);
}

/* The same as server-sent events. */
static str stream_of(const char *lines)
{
    str rest = quoted(lines);
    struct buf out;

    buf_init(&out, OUT_BYTES_MAX);
    while (rest.len > 0) {
        str line = str_split(&rest, '\n');
        PRINT(&out, "event: x\ndata: " STR_FMT "\n\n", STR_ARG(line));
    }
    return copy_of(&out);
}

/* ---- Reading them ---- */

/* Decodes the bytes in two pieces, cut at `cut`, or in pieces of `step` bytes, and prints. */
static void decode(enum framing framing, str bytes, size_t cut, size_t step, struct buf *out)
{
    struct arena own = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = &anthropic_dialect,
                              .model = &model,
                              .arena = &own,
                              .framing = framing,
                              .bytes_max = 65536,
                              .hints = hints,
                              .id_seed = STR("7")};
    struct fault fault = {0};
    enum err err = ERR_OK;

    out->len = 0;
    decoder_init(&decoder);
    for (size_t at = 0; at < bytes.len && err == ERR_OK;) {
        size_t left = step > 0 ? step : (at < cut ? cut - at : bytes.len - at);
        struct event_list events = {0};
        str piece = arena_copy(&scratch, str_take(str_skip(bytes, at), left));
        err = anthropic_dialect.decode(&decoder, piece, &scratch, &events, &fault);
        print_events(out, &events);
        arena_clear(&scratch);
        at += piece.len;
    }
    if (err == ERR_OK) {
        struct event_list events = {0};
        err = anthropic_dialect.decode_end(&decoder, &scratch, &events, &fault);
        print_events(out, &events);
    }
    if (err != ERR_OK) {
        print_fault(out, err, &fault);
    }
    decoder_free(&decoder);
    arena_reset(&scratch);
    arena_reset(&own);
}

/* Whole, byte by byte and cut at every place: always the same events. */
static void check(enum framing framing, str bytes, str want)
{
    struct buf out;

    buf_init(&out, OUT_BYTES_MAX);
    decode(framing, bytes, bytes.len, 0, &out);
    assert_str_equal(buf_str(&out), want);
    decode(framing, bytes, 0, 1, &out);
    assert_str_equal(buf_str(&out), want);
    for (size_t cut = 1; cut < bytes.len; cut++) {
        decode(framing, bytes, cut, 0, &out);
        assert_str_equal(buf_str(&out), want);
    }
    buf_free(&out);
}

#define START                                                                     \
    "{'type':'message_start','message':{'id':'msg_1','model':'claude-x','usage':" \
    "{'input_tokens':5,'output_tokens':1}}}\n"
#define START_OUT "start msg_1 claude-x 0\nusage 5 1 6\n"
#define OPEN(index, block) \
    "{'type':'content_block_start','index':" index ",'content_block':" block "}\n"
#define DELTA(index, delta) "{'type':'content_block_delta','index':" index ",'delta':{" delta "}}\n"
#define CLOSE(index) "{'type':'content_block_stop','index':" index "}\n"
#define TEXT_OPEN OPEN("0", "{'type':'text','text':''}")
#define TEXT(text) DELTA("0", "'type':'text_delta','text':'" text "'")
#define USED \
    "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{'output_tokens':9}}\n"
#define STOP "{'type':'message_stop'}"
#define STOP_OUT "usage 5 9 14\nfinish stop end_turn\n"

static void messages_hold_the_events_of_a_stream(void **state)
{
    static const char lines[] = START "{'type':'ping'}\n" TEXT_OPEN TEXT("Gr\xc3\xbc\xc3\x9f")
        TEXT(" dich") CLOSE("0") OPEN("1", "{'type':'tool_use','id':'a','name':'f','input':{}}")
            DELTA("1", "'type':'input_json_delta','partial_json':'{\\'x\\':1}'") CLOSE("1")
                USED STOP;
    static const char want[] =
        START_OUT "text Gr\xc3\xbc\xc3\x9f\ntext  dich\ntool_call 0 a f\ntool_args 0 {'x':1}\n"
                  "usage 5 9 14\nfinish tool_calls end_turn\n";

    (void)state;
    check(FRAMING_EVENTSTREAM, messages_of(lines), quoted(want));
    check(FRAMING_SSE, stream_of(lines), quoted(want));
}

static void bedrock_counts_when_the_model_did_not(void **state)
{
#define METRICS(extra)                                                                \
    "{'type':'message_stop','amazon-bedrock-invocationMetrics':{'inputTokenCount':5," \
    "'outputTokenCount':8,'invocationLatency':738" extra "}}"
    (void)state;
    check(FRAMING_EVENTSTREAM, messages_of(START TEXT_OPEN TEXT("Hi") CLOSE("0") USED METRICS("")),
          quoted(START_OUT "text Hi\n" STOP_OUT));
    check(
        FRAMING_EVENTSTREAM,
        messages_of(
            START TEXT_OPEN TEXT("Hi")
                CLOSE("0") "{'type':'message_delta','delta':{'stop_reason':'end_turn'}}\n" METRICS(
                    ",'cacheReadInputTokenCount':40,'cacheWriteInputTokenCount':2")),
        quoted(START_OUT "text Hi\nusage 47 8 55 cached=40 cache_write=2\n"
                         "finish stop end_turn\n"));
}

static void exceptions_are_faults_by_their_name(void **state)
{
    static const struct {
        const char *type;
        const char *name;
        const char *payload;
        const char *want;
    } cases[] = {
        {"exception", "throttlingException", "{'message':'Too many requests'}",
         "fault limited rate_limit_exceeded 429 Too many requests\n"},
        {"exception", "validationException", "{'message':'Input is too long'}",
         "fault invalid context_length_exceeded 400 Input is too long\n"},
        {"exception", "serviceUnavailableException", "{'message':'Later'}",
         "fault busy provider_overloaded 503 Later\n"},
        {"exception", "modelStreamErrorException",
         "{'message':'No','originalStatusCode':400,'originalMessage':'x'}",
         "fault invalid invalid_request 400 No\n"},
        {"exception", "modelStreamErrorException", "{'message':'No'}",
         "fault peer provider_unavailable 502 No\n"},
        {"exception", "novelException", "not JSON",
         "fault peer provider_unavailable 502 not JSON\n"},
        {"error", "internalFailure", "",
         "fault peer provider_unavailable 502 Provider returned "
         "error\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_error = str_eq(str_c(cases[i].type), STR("error"));
        struct buf out;
        buf_init(&out, OUT_BYTES_MAX);
        add_chunk(&out, str_trim(quoted(START)));
        add_message(&out, cases[i].type, is_error ? ":error-code" : ":exception-type",
                    cases[i].name, quoted(cases[i].payload));
        str want = arena_printf(&arena, START_OUT "%s", cases[i].want);
        check(FRAMING_EVENTSTREAM, copy_of(&out), want);
        arena_reset(&arena);
    }
}

static void damaged_and_missing_messages_are_the_providers_fault(void **state)
{
    str whole = messages_of(START TEXT_OPEN TEXT("Hi") CLOSE("0") USED STOP);
    char *damaged = arena_take(&arena, whole.len);
    struct buf out;

    (void)state;
    check(FRAMING_EVENTSTREAM, str_take(whole, whole.len - 1),
          STR(START_OUT
              "text Hi\nusage 5 9 14\nfault cut provider_unavailable 502 the provider cut "
              "its answer short\n"));
    check(FRAMING_EVENTSTREAM, STR(""),
          STR("fault cut provider_unavailable 502 the provider cut its answer short\n"));
    memcpy(damaged, whole.at, whole.len);
    damaged[120] ^= 1;
    check(FRAMING_EVENTSTREAM, str_of(damaged, whole.len),
          STR("fault peer provider_unavailable 502 the provider sent a damaged message\n"));
    buf_init(&out, OUT_BYTES_MAX);
    add_message(&out, "event", ":event-type", "novel", STR("{}"));
    add_message(&out, "event", ":event-type", "chunk", STR("{\"bytes\":\"*\"}"));
    check(FRAMING_EVENTSTREAM, copy_of(&out),
          STR("fault peer provider_unavailable 502 the provider sent a message without event\n"));
}

static void an_event_is_found_wherever_it_stands_in_its_message(void **state)
{
    static const char *const payloads[] = {
        "{'bytes':'%'}",
        "{'p':'abc','bytes':'%'}",
        " { 'bytes' : '%' , 'p' : 'a' }",
    };
    static const char *const lines[] = {START, TEXT_OPEN, TEXT("Hi"), CLOSE("0"), USED, STOP};
    struct buf out;

    (void)state;
    buf_init(&out, OUT_BYTES_MAX);
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        str base64 = text_base64_encode(str_trim(quoted(lines[i])), &arena);
        str payload = quoted(payloads[i % COUNT_OF(payloads)]);
        size_t at = str_find(payload, STR("%"));
        str parts[] = {str_take(payload, at), base64, str_skip(payload, at + 1)};
        add_message(&out, "event", ":event-type", "chunk",
                    arena_join(&arena, parts, COUNT_OF(parts)));
    }
    check(FRAMING_EVENTSTREAM, copy_of(&out), STR(START_OUT "text Hi\n" STOP_OUT));
}

/* ---- Hints ---- */

static void a_repeated_text_to_go_on_from_is_left_out(void **state)
{
    static const struct {
        const char *lines; /* between the start and the end */
        const char *want;
    } cases[] = {
        /* all of it, in one piece and in many */
        {TEXT_OPEN TEXT("So it goes") CLOSE("0"), "text  goes\n"},
        {TEXT_OPEN TEXT("S") TEXT("o") TEXT(" i") TEXT("t g") TEXT("oes") CLOSE("0"),
         "text  g\ntext oes\n"},
        {TEXT_OPEN TEXT("So") TEXT(" it") TEXT(" goes") CLOSE("0"), "text  goes\n"},
        {OPEN("0", "{'type':'text','text':'So it goes'}") CLOSE("0"), "text  goes\n"},
        /* nothing of it, or only its beginning */
        {TEXT_OPEN TEXT(" goes") TEXT(" So it") CLOSE("0"), "text  goes\ntext  So it\n"},
        {TEXT_OPEN TEXT("So ") TEXT("is it") CLOSE("0"), "text So is it\n"},
        {TEXT_OPEN TEXT("So ") CLOSE("0"), "text So \n"},
        /* once */
        {TEXT_OPEN TEXT("So it") TEXT("So it") CLOSE("0"), "text So it\n"},
        {TEXT_OPEN TEXT("So it") CLOSE("0"), ""},
        /* what is thought before it is no text */
        {OPEN("0", "{'type':'thinking','thinking':''}")
             DELTA("0", "'type':'thinking_delta','thinking':'So it'") CLOSE("0")
                 TEXT_OPEN TEXT("So it is") CLOSE("0"),
         "reasoning 0 text format=anthropic-claude-v1 So it\ntext  is\n"},
        /* another block's text is not the beginning */
        {TEXT_OPEN TEXT("So") CLOSE("0") TEXT_OPEN TEXT(" it") CLOSE("0"), "text So\ntext  it\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        hints.prefill = STR("So it");
        str lines = arena_printf(&arena, START "%s" USED STOP, cases[i].lines);
        str want = arena_printf(&arena, START_OUT "%s" STOP_OUT, cases[i].want);
        check(FRAMING_SSE, stream_of(lines.at), want);
        arena_reset(&arena);
    }
}

static void tools_are_called_by_the_clients_names(void **state)
{
    struct tool_alias aliases[] = {{STR("my_tool_1"), STR("my.tool")}};

    (void)state;
    hints = (struct answer_hints){.aliases = aliases, .alias_count = 1};
    check(FRAMING_SSE,
          stream_of(START OPEN("0", "{'type':'tool_use','id':'a','name':'my_tool_1'}") CLOSE(
              "0") OPEN("1", "{'type':'tool_use','id':'b','name':'other'}") CLOSE("1") USED STOP),
          STR(START_OUT "tool_call 0 a my.tool\ntool_args 0 {}\ntool_call 1 b other\n"
                        "tool_args 1 {}\nusage 5 9 14\nfinish tool_calls end_turn\n"));
}

/* ---- What is shared by all framings ---- */

static void numbers_in_whole_inputs_keep_their_digits(void **state)
{
    (void)state;
    check(FRAMING_WHOLE,
          quoted(" {'id':'m','model':'x','content':[{'type':'text','text':'a'},{'type':'tool_use',"
                 "'id':'i','name':'f','input': {'n': 12345678901234567890123, 'x':1.50}}],"
                 "'stop_reason':'tool_use'}"),
          quoted("start m x 0\ntext a\ntool_call 0 i f\n"
                 "tool_args 0 {'n': 12345678901234567890123, 'x':1.50}\n"
                 "finish tool_calls tool_use\n"));
    check(FRAMING_SSE,
          stream_of(START OPEN("0", "{'type':'tool_use','id':'i','name':'f','input':{'n':1.50}}")
                        CLOSE("0") USED STOP),
          quoted(START_OUT "tool_call 0 i f\ntool_args 0 {'n':1.50}\nusage 5 9 14\n"
                           "finish tool_calls end_turn\n"));
}

static void an_error_of_the_platforms_shape_ends_the_stream(void **state)
{
    (void)state;
    check(FRAMING_SSE,
          stream_of(START "{'error':{'code':429,'message':'Quota exceeded','status':"
                          "'RESOURCE_EXHAUSTED'}}"),
          STR(START_OUT "fault limited rate_limit_exceeded 429 Quota exceeded\n"));
    check(FRAMING_WHOLE,
          quoted("[{'error':{'code':400,'message':'Bad','status':"
                 "'INVALID_ARGUMENT'}}]"),
          STR("fault invalid invalid_request 400 Bad\n"));
}

static void refusals_of_every_platform_are_sorted(void **state)
{
    static const struct {
        int status;
        enum fault_type type;
        const char *header; /* x-amzn-errortype */
        const char *body;
    } cases[] = {
        {429, FAULT_RATE_LIMIT, "ThrottlingException:http://h/", "{'message':'Too many tokens'}"},
        {400, FAULT_NOT_FOUND, "ValidationException",
         "{'message':'The provided model identifier is invalid.'}"},
        {403, FAULT_PROVIDER_UNAVAILABLE, "AccessDeniedException", "{'Message':'no'}"},
        {404, FAULT_NOT_FOUND, "", "[{'error':{'code':404,'message':'no','status':'NOT_FOUND'}}]"},
        {400, FAULT_CONTEXT_LENGTH, "",
         "{'type':'error','error':{'type':'invalid_request_error','message':'prompt is too long: "
         "9 tokens'}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct headers headers = {0};
        struct fault fault = {0};
        headers_add(&headers, &arena, STR("x-amzn-errortype"), str_c(cases[i].header));
        anthropic_dialect.decode_refusal(cases[i].status, &headers, quoted(cases[i].body), &arena,
                                         &fault);
        assert_int_equal(fault.type, cases[i].type);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(messages_hold_the_events_of_a_stream, reset),
        cmocka_unit_test_teardown(bedrock_counts_when_the_model_did_not, reset),
        cmocka_unit_test_teardown(exceptions_are_faults_by_their_name, reset),
        cmocka_unit_test_teardown(damaged_and_missing_messages_are_the_providers_fault, reset),
        cmocka_unit_test_teardown(an_event_is_found_wherever_it_stands_in_its_message, reset),
        cmocka_unit_test_teardown(a_repeated_text_to_go_on_from_is_left_out, reset),
        cmocka_unit_test_teardown(tools_are_called_by_the_clients_names, reset),
        cmocka_unit_test_teardown(numbers_in_whole_inputs_keep_their_digits, reset),
        cmocka_unit_test_teardown(an_error_of_the_platforms_shape_ends_the_stream, reset),
        cmocka_unit_test_teardown(refusals_of_every_platform_are_sorted, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
