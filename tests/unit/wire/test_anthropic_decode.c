/* JSON in these tables is written with ' for ". */
#include "wire/dialect.h"

#include "event_print.h"
#include "test.h"

enum { OUT_BYTES_MAX = 1 << 20 };

static struct arena arena;
static const struct model model = {.name = STR_INIT("claude-sonnet-4-5")};

static int reset(void **state)
{
    (void)state;
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

/* The events of one line each as the stream they came in. */
static str stream_of(const char *lines)
{
    str rest = quoted(lines);
    struct buf out;

    buf_init(&out, OUT_BYTES_MAX);
    while (rest.len > 0) {
        str line = str_split(&rest, '\n');
        PRINT(&out, "event: x\ndata: " STR_FMT "\n\n", STR_ARG(line));
    }
    str copy = arena_copy(&arena, buf_str(&out));
    buf_free(&out);
    return copy;
}

/* Decodes the bytes in two pieces, cut at `cut`, or in pieces of `step` bytes, and prints. */
static void decode(enum framing framing, str bytes, size_t cut, size_t step, struct buf *out)
{
    struct arena own = {0};
    struct arena scratch = {0};
    struct decoder decoder = {.dialect = &anthropic_dialect,
                              .model = &model,
                              .arena = &own,
                              .framing = framing,
                              .bytes_max = 8192,
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
static void check(enum framing framing, str bytes, const char *want_lines)
{
    str want = quoted(want_lines);
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

static void check_stream(const char *lines, const char *want)
{
    check(FRAMING_SSE, stream_of(lines), want);
}

static void check_whole(const char *body, const char *want)
{
    check(FRAMING_WHOLE, quoted(body), want);
}

#define START                                                                     \
    "{'type':'message_start','message':{'id':'msg_1','model':'claude-x','usage':" \
    "{'input_tokens':5,'output_tokens':1}}}\n"
#define START_OUT "start msg_1 claude-x 0\nusage 5 1 6\n"
#define OPEN(index, block) \
    "{'type':'content_block_start','index':" index ",'content_block':" block "}\n"
#define DELTA(index, delta) "{'type':'content_block_delta','index':" index ",'delta':{" delta "}}\n"
#define CLOSE(index) "{'type':'content_block_stop','index':" index "}\n"
#define TEXT_OPEN(index) OPEN(index, "{'type':'text','text':''}")
#define TEXT(index, text) DELTA(index, "'type':'text_delta','text':'" text "'")
#define STOP(reason)                                                                              \
    "{'type':'message_delta','delta':{'stop_reason':'" reason "'},'usage':{'output_tokens':9}}\n" \
    "{'type':'message_stop'}"
#define STOP_OUT(finish, reason) "usage 5 9 14\nfinish " finish " " reason "\n"

static void text_comes_as_it_is_said(void **state)
{
    (void)state;
    check_stream(START "{'type':'ping'}\n" TEXT_OPEN("0") TEXT("0", "Gr\\u00fc\xc3\x9f")
                     TEXT("0", "") TEXT("0", " dich") CLOSE("0") STOP("end_turn"),
                 START_OUT "text Gr\xc3\xbc\xc3\x9f\ntext  dich\n" STOP_OUT("stop", "end_turn"));
}

static void tool_calls_are_counted_from_zero_whatever_lies_between(void **state)
{
    (void)state;
    check_stream(
        START TEXT_OPEN("0") TEXT("0", "I look.") CLOSE("0")
            OPEN("1", "{'type':'server_tool_use','id':'srv','name':'web_search','input':{}}")
                DELTA("1", "'type':'input_json_delta','partial_json':'{}'") CLOSE("1")
                    OPEN("2", "{'type':'web_search_tool_result','content':[]}") CLOSE("2")
                        OPEN("3", "{'type':'tool_use','id':'a','name':'f','input':{}}")
                            DELTA("3", "'type':'input_json_delta','partial_json':''")
                                DELTA("3", "'type':'input_json_delta','partial_json':'{\\'x\\':'")
                                    DELTA("3", "'type':'input_json_delta','partial_json':' 1}'")
                                        CLOSE("3")
                                            OPEN("4", "{'type':'tool_use','id':'','name':'g'}")
                                                CLOSE("4") STOP("tool_use"),
        START_OUT "text I look.\ntool_call 0 a f\ntool_args 0 {'x':\ntool_args 0  1}\n"
                  "tool_call 1 call_7_1 g\ntool_args 1 {}\n" STOP_OUT("tool_calls", "tool_use"));
}

static void input_that_comes_whole_is_used_when_no_delta_follows(void **state)
{
    (void)state;
    check_stream(START OPEN("0", "{'type':'tool_use','id':'a','name':'f','input':{'x':[1,2.5]}}")
                     CLOSE("0") OPEN("1", "{'type':'tool_use','id':'b','name':'f','input':{'x':1}}")
                         DELTA("1", "'type':'input_json_delta','partial_json':'{}'") CLOSE("1")
                             STOP("tool_use"),
                 START_OUT "tool_call 0 a f\ntool_args 0 {'x':[1,2.5]}\ntool_call 1 b f\n"
                           "tool_args 1 {}\n" STOP_OUT("tool_calls", "tool_use"));
}

static void a_call_that_is_cut_by_the_limit_ends_with_length(void **state)
{
    (void)state;
    check_stream(START OPEN("0", "{'type':'tool_use','id':'a','name':'f','input':{}}")
                     DELTA("0", "'type':'input_json_delta','partial_json':'{'") STOP("max_tokens"),
                 START_OUT "tool_call 0 a f\ntool_args 0 {\n" STOP_OUT("length", "max_tokens"));
}

static void thinking_keeps_its_signature_and_its_format(void **state)
{
    (void)state;
    check_stream(START OPEN("0", "{'type':'thinking','thinking':'','signature':''}")
                     DELTA("0", "'type':'thinking_delta','thinking':'Hm'")
                         DELTA("0", "'type':'signature_delta','signature':'S1'") CLOSE("0")
                             OPEN("1", "{'type':'redacted_thinking','data':'D'}") CLOSE("1")
                                 OPEN("2", "{'type':'thinking','thinking':'','signature':''}")
                                     DELTA("2", "'type':'signature_delta','signature':'S2'")
                                         CLOSE("2") TEXT_OPEN("3") TEXT("3", "Yes") CLOSE("3")
                                             STOP("end_turn"),
                 START_OUT "reasoning 0 text format=anthropic-claude-v1 Hm\n"
                           "reasoning 0 text signature=S1 format=anthropic-claude-v1 -\n"
                           "reasoning 1 encrypted format=anthropic-claude-v1 D\n"
                           "reasoning 2 text signature=S2 format=anthropic-claude-v1 -\n"
                           "text Yes\n" STOP_OUT("stop", "end_turn"));
}

static void citations_say_which_text_they_stand_behind(void **state)
{
    (void)state;
    check_stream(
        START TEXT_OPEN("0") TEXT("0", "Gr\\u00fc\xc3\x9f: ") CLOSE("0") TEXT_OPEN("1") DELTA(
            "1", "'type':'citations_delta','citation':{'type':'web_search_result_location',"
                 "'url':'https://h/a','title':'A','cited_text':'is so','encrypted_index':'x'}")
            TEXT("1", "It is")
                DELTA("1", "'type':'citations_delta','citation':{'type':'char_location',"
                           "'cited_text':'c','document_title':'d.txt'}") TEXT("1", ".") CLOSE("1")
                    STOP("end_turn"),
        START_OUT
        "text Gr\xc3\xbc\xc3\x9f: \ntext It is\ntext .\n"
        "annotation {'type':'url_citation','url_citation':{'url':'https://h/a','title':'A',"
        "'content':'is so','start_index':6,'end_index':12}}\n"
        "annotation {'type':'url_citation','url_citation':{'url':'','title':'d.txt',"
        "'content':'c','start_index':6,'end_index':12}}\n" STOP_OUT("stop", "end_turn"));
}

static void the_answer_given_through_the_json_tool_is_text(void **state)
{
    (void)state;
    check_stream(
        START OPEN("0", "{'type':'tool_use','id':'a','name':'gatehouse_json_response','input':{}}")
            DELTA("0", "'type':'input_json_delta','partial_json':'{\\'a\\':'")
                DELTA("0", "'type':'input_json_delta','partial_json':'1}'") CLOSE("0")
                    STOP("tool_use"),
        START_OUT "text {'a':\ntext 1}\n" STOP_OUT("stop", "tool_use"));
    check_whole("{'id':'m','model':'x','content':[{'type':'text','text':'Here it is:'},"
                "{'type':'tool_use','id':'a','name':'gatehouse_json_response','input':{'a':1}}],"
                "'stop_reason':'tool_use'}",
                "start m x 0\ntext {'a':1}\nfinish stop tool_use\n");
}

static void a_refusal_is_explained(void **state)
{
    (void)state;
    check_stream(START "{'type':'message_delta','delta':{'stop_reason':'refusal','stop_details':"
                       "{'category':'bio','explanation':'I will not.'}},'usage':{}}\n"
                       "{'type':'message_stop'}",
                 START_OUT "refusal I will not.\nusage 5 1 6\nfinish content_filter refusal\n");
    check_whole("{'id':'m','model':'x','content':[],'stop_reason':'refusal','stop_details':null}",
                "start m x 0\nfinish content_filter refusal\n");
}

static void stop_reasons_are_put_into_our_words(void **state)
{
    static const struct {
        const char *content;
        const char *reason; /* JSON */
        const char *want;
    } cases[] = {
        {"{'type':'text','text':'a'}", "'stop_sequence'", "text a\nfinish stop stop_sequence\n"},
        {"{'type':'text','text':'a'}", "'pause_turn'", "text a\nfinish stop pause_turn\n"},
        {"{'type':'text','text':'a'}", "'model_context_window_exceeded'",
         "text a\nfinish length model_context_window_exceeded\n"},
        {"{'type':'text','text':'a'}", "'novel'", "text a\nfinish stop novel\n"},
        {"{'type':'novel'}", "'novel'", "finish error novel\n"},
        {"{'type':'text','text':'a'}", "null", "text a\nfinish stop -\n"},
        {"{'type':'novel'}", "null", "finish error -\n"},
        {"{'type':'tool_use','id':'i','name':'f','input':{}}", "'end_turn'",
         "tool_call 0 i f\ntool_args 0 {}\nfinish tool_calls end_turn\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_whole(arena_printf(&arena, "{'id':'m','model':'x','content':[%s],'stop_reason':%s}",
                                 cases[i].content, cases[i].reason)
                        .at,
                    arena_printf(&arena, "start m x 0\n%s", cases[i].want).at);
    }
}

static void usage_counts_everything_once(void **state)
{
    static const struct {
        const char *usage;
        const char *want;
    } cases[] = {
        {"{'input_tokens':10,'cache_read_input_tokens':100,'cache_creation_input_tokens':30,"
         "'cache_creation':{'ephemeral_5m_input_tokens':10,'ephemeral_1h_input_tokens':20},"
         "'output_tokens':7,'output_tokens_details':{'thinking_tokens':5},"
         "'server_tool_use':{'web_search_requests':2}}",
         "140 7 147 cached=100 cache_write=30 cache_write_1h=20 reasoning=5 web_searches=2"},
        {"{'input_tokens':10,'cache_creation':{'ephemeral_5m_input_tokens':10},'output_tokens':7}",
         "20 7 27 cache_write=10"},
        {"{'input_tokens':null,'output_tokens':-3}", "0 0 0"},
        {"{'input_tokens':5,'output_tokens':2,'output_tokens_details':{'thinking_tokens':9}}",
         "5 2 7 reasoning=2"},
        /* rounds of this model are added up, unless another took over */
        {"{'input_tokens':5,'output_tokens':2,'iterations':["
         "{'type':'compaction','input_tokens':100,'output_tokens':10},"
         "{'type':'advisor_message','input_tokens':1000,'output_tokens':1000},"
         "{'type':'message','input_tokens':5,'cache_read_input_tokens':1,'output_tokens':2}]}",
         "106 12 118 cached=1"},
        {"{'input_tokens':5,'output_tokens':2,'iterations':["
         "{'type':'message','input_tokens':100,'output_tokens':10},"
         "{'type':'fallback_message','input_tokens':5,'output_tokens':2}]}",
         "5 2 7"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_whole(
            arena_printf(&arena,
                         "{'id':'m','model':'x','content':[],'stop_reason':'end_turn',"
                         "'usage':%s}",
                         cases[i].usage)
                .at,
            arena_printf(&arena, "start m x 0\nusage %s\nfinish stop end_turn\n", cases[i].want)
                .at);
    }
}

static void late_counts_replace_and_late_nothing_does_not(void **state)
{
    (void)state;
    check_stream("{'type':'message_start','message':{'id':'m','model':'x','usage':"
                 "{'input_tokens':5,'cache_read_input_tokens':40,'output_tokens':1}}}\n"
                 "{'type':'message_start','message':{'id':'again','model':'y','usage':"
                 "{'input_tokens':900}}}\n"
                 "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':"
                 "{'input_tokens':0,'cache_read_input_tokens':null,'output_tokens':3}}\n"
                 "{'type':'message_stop'}",
                 "start m x 0\nusage 45 1 46 cached=40\nusage 45 3 48 cached=40\n"
                 "finish stop end_turn\n");
}

static void an_error_in_the_stream_is_a_fault(void **state)
{
    struct arena own = {0};
    struct decoder decoder = {.dialect = &anthropic_dialect,
                              .model = &model,
                              .arena = &own,
                              .framing = FRAMING_SSE,
                              .bytes_max = 8192};
    struct event_list events = {0};
    struct fault fault = {0};

    (void)state;
    check_stream("{'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}",
                 "fault busy provider_overloaded 503 Overloaded\n");
    check_stream(START "{'type':'error','error':{'type':'api_error','message':'Broken'}}",
                 START_OUT "fault peer provider_unavailable 502 Broken\n");
    check_whole("{'type':'error','error':{'type':'rate_limit_error','message':'Slow down'}}",
                "fault limited rate_limit_exceeded 429 Slow down\n");

    decoder_init(&decoder);
    str bytes = stream_of("{'type':'error','error':{'type':'overloaded_error','message':'O'}}");
    assert_int_equal(anthropic_dialect.decode(&decoder, bytes, &arena, &events, &fault), ERR_BUSY);
    assert_int_equal(fault.upstream_status, 529);
    assert_str_equal(fault.provider_code, STR("overloaded_error"));
    assert_true(fault.retryable);
    decoder_free(&decoder);
    arena_reset(&own);
}

static void an_answer_without_its_end_is_cut(void **state)
{
    static const char cut[] = "fault cut provider_unavailable 502 the provider cut its answer "
                              "short\n";

    (void)state;
    check(FRAMING_SSE, STR(""), cut);
    check(FRAMING_WHOLE, STR(""), cut);
    check_stream(START TEXT_OPEN("0") TEXT("0", "Hi") CLOSE("0"),
                 arena_printf(&arena, START_OUT "text Hi\n%s", cut).at);
    check(FRAMING_SSE, STR("data: {\"type\":\"message_st"), cut);
}

static void the_last_event_may_lack_its_empty_line(void **state)
{
    str bytes = stream_of(START STOP("end_turn"));

    (void)state;
    check(FRAMING_SSE, str_take(bytes, bytes.len - 1), START_OUT STOP_OUT("stop", "end_turn"));
    check(FRAMING_SSE, str_take(bytes, bytes.len - 2), START_OUT STOP_OUT("stop", "end_turn"));
}

static void what_breaks_the_format_is_the_providers_fault(void **state)
{
    (void)state;
    check_stream(START "{'type':", START_OUT "fault peer provider_unavailable 502 the provider "
                                             "sent an event that is not JSON\n");
    check_stream(TEXT_OPEN("0"),
                 "fault peer provider_unavailable 502 the answer of the provider does "
                 "not begin at its start\n");
    check_stream(START TEXT_OPEN("0") TEXT("1", "Hi"),
                 START_OUT "fault peer provider_unavailable 502 the provider went on with a block "
                           "that is not open\n");
    check_whole("{'id':'m'}",
                "fault peer provider_unavailable 502 the answer of the provider is not a "
                "message\n");
    check_whole("<html>", "fault peer provider_unavailable 502 the answer of the provider is not a "
                          "message\n");
}

static void an_answer_past_the_bound_is_refused(void **state)
{
    char *big = arena_take(&arena, 9000);

    (void)state;
    memset(big, 'x', 8999);
    check(FRAMING_WHOLE, str_of(big, 8999),
          "fault too_big provider_unavailable 502 the provider sent more at once than is "
          "allowed\n");
    check(FRAMING_SSE, str_of(big, 8999),
          "fault too_big provider_unavailable 502 the provider sent more at once than is "
          "allowed\n");
}

static void a_whole_answer_is_the_same_events(void **state)
{
    (void)state;
    check_whole("{'id':'msg_1','type':'message','role':'assistant','model':'claude-x','content':["
                "{'type':'thinking','thinking':'Hm','signature':'S'},"
                "{'type':'text','text':'It is','citations':[{'type':'search_result_location',"
                "'source':'https://h/b','title':'B','cited_text':'so'}]},"
                "{'type':'server_tool_use','id':'s','name':'n','input':{}},"
                "{'type':'tool_use','id':'a','name':'f','input':{'n':1.5}}],"
                "'stop_reason':'tool_use','usage':{'input_tokens':5,'output_tokens':9}}",
                "start msg_1 claude-x 0\n"
                "reasoning 0 text format=anthropic-claude-v1 Hm\n"
                "reasoning 0 text signature=S format=anthropic-claude-v1 -\n"
                "text It is\n"
                "annotation {'type':'url_citation','url_citation':{'url':'https://h/b',"
                "'title':'B','content':'so','start_index':0,'end_index':5}}\n"
                "tool_call 0 a f\ntool_args 0 {'n':1.5}\n"
                "usage 5 9 14\nfinish tool_calls tool_use\n");
}

static void refusals_are_sorted_by_what_they_say(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum fault_type type;
        bool retryable;
    } cases[] = {
        {400,
         "{'type':'error','error':{'type':'invalid_request_error','message':'prompt is too "
         "long: 9 tokens > 8 maximum'}}",
         FAULT_CONTEXT_LENGTH, false},
        {400,
         "{'type':'error','error':{'type':'invalid_request_error','message':'Your credit "
         "balance is too low'}}",
         FAULT_PROVIDER_UNAVAILABLE, true}, /* the gateway's account, not the client's */
        {400, "{'type':'error','error':{'type':'invalid_request_error','message':'bad'}}",
         FAULT_INVALID_REQUEST, false},
        {404, "{'type':'error','error':{'type':'not_found_error','message':'model: x'}}",
         FAULT_NOT_FOUND, false},
        {413, "{'type':'error','error':{'type':'request_too_large','message':'big'}}",
         FAULT_PAYLOAD_TOO_LARGE, false},
        {429, "{'type':'error','error':{'type':'rate_limit_error','message':'slow'}}",
         FAULT_RATE_LIMIT, true},
        {529, "{'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}",
         FAULT_PROVIDER_OVERLOADED, true},
        {502, "<html>", FAULT_PROVIDER_UNAVAILABLE, true},
    };
    struct headers headers = {0};

    (void)state;
    headers_add(&headers, &arena, STR("retry-after"), STR("3"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault fault = {0};
        anthropic_dialect.decode_refusal(cases[i].status, &headers, quoted(cases[i].body), &arena,
                                         &fault);
        assert_int_equal(fault.type, cases[i].type);
        assert_int_equal(fault.retryable, cases[i].retryable);
        assert_int_equal(fault.upstream_status, cases[i].status);
        assert_int_equal(fault.retry_after_ms, 3000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(text_comes_as_it_is_said, reset),
        cmocka_unit_test_teardown(tool_calls_are_counted_from_zero_whatever_lies_between, reset),
        cmocka_unit_test_teardown(input_that_comes_whole_is_used_when_no_delta_follows, reset),
        cmocka_unit_test_teardown(a_call_that_is_cut_by_the_limit_ends_with_length, reset),
        cmocka_unit_test_teardown(thinking_keeps_its_signature_and_its_format, reset),
        cmocka_unit_test_teardown(citations_say_which_text_they_stand_behind, reset),
        cmocka_unit_test_teardown(the_answer_given_through_the_json_tool_is_text, reset),
        cmocka_unit_test_teardown(a_refusal_is_explained, reset),
        cmocka_unit_test_teardown(stop_reasons_are_put_into_our_words, reset),
        cmocka_unit_test_teardown(usage_counts_everything_once, reset),
        cmocka_unit_test_teardown(late_counts_replace_and_late_nothing_does_not, reset),
        cmocka_unit_test_teardown(an_error_in_the_stream_is_a_fault, reset),
        cmocka_unit_test_teardown(an_answer_without_its_end_is_cut, reset),
        cmocka_unit_test_teardown(the_last_event_may_lack_its_empty_line, reset),
        cmocka_unit_test_teardown(what_breaks_the_format_is_the_providers_fault, reset),
        cmocka_unit_test_teardown(an_answer_past_the_bound_is_refused, reset),
        cmocka_unit_test_teardown(a_whole_answer_is_the_same_events, reset),
        cmocka_unit_test_teardown(refusals_are_sorted_by_what_they_say, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
