/* JSON in these tables is written with ' for "; answers as such lie in tests/golden. */
#include "wire/dialect.h"
#include "wire/openai_responses.h"
#include "wire/quirks.h"

#include "event_print.h"
#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

/* One answer: what it is, and how it is read. */
struct reading {
    enum framing framing;
    size_t bytes_max;
    struct site site;
    const char *item_format;
    struct answer_hints hints;
};

static const struct reading usual = {.framing = FRAMING_SSE, .bytes_max = 1 << 20};

/* What the answer says, in one piece, as lines. */
static str read_answer(const struct reading *how, str answer)
{
    struct quirks quirks = {.item_format = how->item_format};
    struct model model = {.name = STR("m"), .quirks = &quirks, .site = &how->site};
    struct decoder decoder = {.dialect = &openai_responses_dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = how->framing,
                              .bytes_max = how->bytes_max,
                              .hints = how->hints,
                              .id_seed = STR("seed")};
    struct event_list events = {0};
    struct fault fault = {0};
    struct buf printed;

    buf_init(&printed, 1 << 24);
    decoder_init(&decoder);
    enum err err = decoder.dialect->decode(&decoder, answer, &arena, &events, &fault);
    err = err == ERR_OK ? decoder.dialect->decode_end(&decoder, &arena, &events, &fault) : err;
    print_events(&printed, &events);
    if (err != ERR_OK) {
        print_fault(&printed, err, &fault);
    }
    PRINT(&printed, "%s", decoder.is_complete ? "complete\n" : "");
    str text = arena_copy(&arena, buf_str(&printed));
    buf_free(&printed);
    decoder_free(&decoder);
    return text;
}

static str quoted(const char *text)
{
    str copy = arena_copy(&arena, str_c(text));
    char *at = arena_take_raw(&arena, copy.len + 1);

    for (size_t i = 0; i < copy.len; i++) {
        at[i] = (char)(copy.at[i] == '\'' ? '"' : copy.at[i]);
    }
    return str_of(at, copy.len);
}

#define STARTED "data: {'type':'response.created','response':{'id':'r','model':'m'}}\n\n"
#define ENDED(output)                                                                       \
    "data: {'type':'response.completed','response':{'status':'completed','output':[" output \
    "]}}\n\n"

static void reasoning_is_marked_as_whose_it_is(void **state)
{
    static const struct {
        struct site site;
        const char *item_format;
        const char *format; /* in the item itself */
        const char *want;
    } cases[] = {
        {{.platform = PLATFORM_OWN}, NULL, "", "openai-responses-v1"},
        {{.platform = PLATFORM_OWN}, "xai-responses-v1", "", "xai-responses-v1"},
        {{.platform = PLATFORM_AZURE}, NULL, "", "azure-openai-responses-v1"},
        {{.platform = PLATFORM_AZURE_CLASSIC}, NULL, "", "azure-openai-responses-v1"},
        {{.platform = PLATFORM_BEDROCK}, NULL, "", "bedrock-openai-responses-v1"},
        {{.platform = PLATFORM_OWN},
         NULL,
         ",'format':'anthropic-claude-v1'",
         "anthropic-claude-v1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading how = usual;
        how.site = cases[i].site;
        how.item_format = cases[i].item_format;
        str answer = arena_printf(&arena,
                                  STARTED ENDED("{'type':'reasoning','id':'rs','summary':[],"
                                                "'encrypted_content':'E'%s}"),
                                  cases[i].format);
        str want = arena_printf(&arena,
                                "start r m 0\nreasoning 0 encrypted id=rs format=%s E\n"
                                "finish stop completed\ncomplete\n",
                                cases[i].want);
        assert_str_equal(read_answer(&how, quoted(answer.at)), want);
    }
}

static void tools_get_their_own_names_back(void **state)
{
    struct tool_alias alias = {.sent = STR("a_b"), .name = STR("a.b")};
    struct reading how = usual;

    (void)state;
    how.hints = (struct answer_hints){.aliases = &alias, .alias_count = 1};
    assert_str_equal(read_answer(&how, quoted(STARTED ENDED("{'type':'function_call','call_id':'c',"
                                                            "'name':'a_b','arguments':'{}'}"))),
                     STR("start r m 0\ntool_call 0 c a.b\ntool_args 0 {}\n"
                         "finish tool_calls completed\ncomplete\n"));
}

static void odd_answers_are_read_as_far_as_they_go(void **state)
{
    static const struct {
        const char *answer;
        const char *want;
    } cases[] = {
        /* A delta, then an item that claims to be another text: what was said stands. */
        {STARTED
         "data: {'type':'response.output_text.delta','output_index':0,'delta':'Hello'}\n\n" ENDED(
             "{'type':'message','content':[{'type':'output_text','text':'Jello!'}]}"),
         "start r m 0\ntext Hello\nfinish stop completed\ncomplete\n"},
        /* The first message was missed: it comes late, the second is not said again. */
        {STARTED
         "data: {'type':'response.output_text.delta','output_index':1,'delta':'B'}\n\n" ENDED(
             "{'type':'message','content':[{'type':'output_text','text':'A'}]},"
             "{'type':'message','content':[{'type':'output_text','text':'B'}]}"),
         "start r m 0\ntext B\ntext \\n\\n\ntext A\nfinish stop completed\ncomplete\n"},
        /* Places differ at the end: ids tell. */
        {STARTED "data: {'type':'response.output_text.delta','output_index':3,'item_id':'m1',"
                 "'delta':'A'}\n\n" ENDED(
                     "{'type':'web_search_call'},{'type':'message','id':'m1','content':[{'type':"
                     "'output_text','text':'AB'}]}"),
         "start r m 0\ntext A\ntext B\nfinish stop completed\ncomplete\n"},
        /* A user's message in a compacted conversation is not the model's. */
        {STARTED ENDED("{'type':'message','role':'user','content':[{'type':'input_text','text':"
                       "'Q'}]},{'type':'compaction','encrypted_content':'x'}"),
         "start r m 0\nfinish stop completed\ncomplete\n"},
        /* Arguments as an object, none at all, and the word null. */
        {STARTED ENDED("{'type':'function_call','call_id':'a','name':'f','arguments':{'x':1}},"
                       "{'type':'function_call','call_id':'b','name':'f'},"
                       "{'type':'function_call','call_id':'c','name':'f','arguments':'null'}"),
         "start r m 0\ntool_call 0 a f\ntool_args 0 {\"x\":1}\ntool_call 1 b f\ntool_call 2 c f\n"
         "tool_args 1 {}\ntool_args 2 {}\nfinish tool_calls completed\ncomplete\n"},
        /* No id at all. */
        {STARTED ENDED("{'type':'function_call','name':'f','arguments':'{}'}"),
         "start r m 0\ntool_call 0 call_seed_0 f\ntool_args 0 {}\n"
         "finish tool_calls completed\ncomplete\n"},
        /* Counts that cannot be. */
        {STARTED "data: {'type':'response.completed','response':{'output':[],'usage':"
                 "{'input_tokens':-5,'output_tokens':3,'input_tokens_details':{'cached_tokens':9},"
                 "'output_tokens_details':{'reasoning_tokens':7}}}}\n\n",
         "start r m 0\nusage 0 3 3 reasoning=3\nfinish stop completed\ncomplete\n"},
        {STARTED "data: {'type':'response.completed','response':{'output':[],'usage':"
                 "{'input_tokens':9,'output_tokens':3,'total_tokens':12,'input_tokens_details':"
                 "{'cached_tokens':4,'cache_write_tokens':3}}}}\n\n",
         "start r m 0\nusage 9 3 12 cached=4 cache_write=3\nfinish stop completed\ncomplete\n"},
        /* An incomplete answer for a reason not known yet, and for none. */
        {"data: {'type':'response.incomplete','response':{'incomplete_details':{'reason':'tired'},"
         "'output':[]}}\n\n",
         "start - - 0\nfinish error tired\ncomplete\n"},
        {"data: {'type':'response.incomplete','response':{'output':[]}}\n\n",
         "start - - 0\nfinish length incomplete\ncomplete\n"},
        /* Only the event's line tells the type. */
        {"event: response.completed\ndata: {'response':{'id':'r','output':[]}}\n\n",
         "start r - 0\nfinish stop completed\ncomplete\n"},
        /* Errors in other forms than this API's. */
        {"data: {'error':{'message':'Boom','code':500}}\n\n",
         "fault peer provider_unavailable 502 Boom\n"},
        {STARTED "data: {'type':'error','code':'context_length_exceeded','message':'Too long'}\n\n",
         "start r m 0\nfault invalid context_length_exceeded 400 Too long\n"},
        {STARTED "data: {'type':'response.failed','response':{'error':null}}\n\n",
         "start r m 0\nfault peer provider_unavailable 502 Provider returned error\n"},
        {"", "fault cut provider_unavailable 502 the provider cut its answer short\n"},
        {"data: <html>\n\n",
         "fault cut provider_unavailable 502 the provider cut its answer short\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("case %zu\n", i);
        assert_str_equal(read_answer(&usual, quoted(cases[i].answer)), str_c(cases[i].want));
        arena_reset(&arena);
    }
}

static void bounds_hold(void **state)
{
    struct reading how = usual;
    struct buf answer;

    (void)state;
    how.bytes_max = 64;
    assert_str_equal(read_answer(&how, quoted(STARTED STARTED)),
                     STR("fault too_big provider_unavailable 502 the provider sent more at once "
                         "than is allowed\n"));
    how.framing = FRAMING_WHOLE;
    assert_str_equal(read_answer(&how, quoted(STARTED STARTED)),
                     STR("fault too_big provider_unavailable 502 the provider sent more at once "
                         "than is allowed\n"));
    buf_init(&answer, 1 << 24);
    for (int i = 0; i < 1025; i++) {
        PRINT(&answer,
              "data: {\"type\":\"response.output_item.added\",\"output_index\":%d,\"item\":{}}\n\n",
              i);
    }
    assert_str_equal(read_answer(&usual, buf_str(&answer)),
                     STR("fault too_big provider_unavailable 502 the provider's answer has too "
                         "many items\n"));
    buf_free(&answer);
}

static void nothing_follows_the_end(void **state)
{
    (void)state;
    assert_str_equal(
        read_answer(&usual, quoted(STARTED ENDED("") STARTED ENDED("") "data: [DONE]\n\n")),
        STR("start r m 0\nfinish stop completed\ncomplete\n"));
}

static void words_and_their_numbers_agree(void **state)
{
    (void)state;
    for (enum responses_item item = ITEM_MESSAGE; item < ITEM_OTHER; item++) {
        assert_int_equal(responses_item_by_name(responses_item_name(item)), item);
    }
    for (enum responses_event event = RESPONSES_TEXT_DELTA; event < RESPONSES_OTHER; event++) {
        assert_int_equal(responses_event_by_name(responses_event_name(event)), event);
    }
    assert_int_equal(responses_item_by_name(STR("mcp_call")), ITEM_OTHER);
    assert_int_equal(responses_event_by_name(STR("")), RESPONSES_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reasoning_is_marked_as_whose_it_is, reset, reset),
        cmocka_unit_test_setup_teardown(tools_get_their_own_names_back, reset, reset),
        cmocka_unit_test_setup_teardown(odd_answers_are_read_as_far_as_they_go, reset, reset),
        cmocka_unit_test_setup_teardown(bounds_hold, reset, reset),
        cmocka_unit_test_setup_teardown(nothing_follows_the_end, reset, reset),
        cmocka_unit_test_setup_teardown(words_and_their_numbers_agree, reset, reset),
    };

    return cmocka_run_group_tests_name("responses_decode", tests, NULL, NULL);
}
