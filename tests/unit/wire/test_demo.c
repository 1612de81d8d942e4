/* JSON in these tables is written with ' for ". */
#include "wire/demo.h"
#include "wire/surface.h"

#include "event_print.h"
#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static str quoted(const char *text)
{
    str copy = arena_copy(&arena, str_c(text));
    char *at = arena_take_raw(&arena, copy.len + 1);

    for (size_t i = 0; i < copy.len; i++) {
        at[i] = copy.at[i];
        if (at[i] == '\'') {
            at[i] = '"';
        }
    }
    return str_of(at, copy.len);
}

static struct chat_request *read_chat(const char *members)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};
    str body = quoted(arena_printf(&arena, "{'model':'demo/echo',%s}", members).at);

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) != ERR_OK) {
        fail_msg("%s: " STR_FMT, members, STR_ARG(fault.message));
    }
    return chat;
}

/* All the demo says, printed; with `joins` the text and arguments in one piece. */
static str say(const char *members, bool joins)
{
    struct demo *demo = demo_new(read_chat(members), &arena, STR("7"));
    struct arena scratch = {0};
    struct buf out;
    bool in_text = false;

    buf_init(&out, 1 << 22);
    for (struct event_list events = {0}; demo_next(demo, &scratch, &events);
         events = (struct event_list){0}) {
        for (size_t i = 0; i < events.len; i++) {
            struct event *event = &events.at[i];
            str piece = event->kind == EVENT_TEXT ? event->text : event->tool_args.json;
            bool is_piece = event->kind == EVENT_TEXT || event->kind == EVENT_TOOL_ARGS;
            if (joins && is_piece) {
                PRINT(&out, "%s" STR_FMT, in_text ? "" : "> ", STR_ARG(piece));
            } else {
                PRINT(&out, "%s", in_text ? "\n" : "");
                print_event(&out, event);
            }
            in_text = joins && is_piece;
        }
        arena_clear(&scratch);
    }
    str copy = arena_copy(&arena, buf_str(&out));
    buf_free(&out);
    arena_reset(&scratch);
    return copy;
}

struct demo_case {
    const char *members;
    const char *want;
};

static void check(const struct demo_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str got = say(cases[i].members, true);
        str want = quoted(arena_printf(&arena, "start demo-7 echo 0\n%s\n", cases[i].want).at);
        if (!str_eq(got, want)) {
            print_message("%s\n", cases[i].members);
        }
        assert_str_equal(got, want);
        arena_reset(&arena);
    }
}

#define USER(text) "{'role':'user','content':'" text "'}"
#define HELLO "'messages':[" USER("Hello there") "]"

static void it_says_a_word_at_a_time_and_then_its_usage(void **state)
{
    (void)state;
    assert_str_equal(say(HELLO, false),
                     STR("start demo-7 echo 0\n"
                         "text This\ntext  is\ntext  the\ntext  built-in\ntext  demo\n"
                         "text  model.\ntext  You\ntext  said:\ntext  Hello\ntext  there\n"
                         "finish stop stop\nusage 2 10 12\n"));
}

static void the_same_chat_gets_the_same_answer(void **state)
{
    (void)state;
    assert_str_equal(say(HELLO, false), say(HELLO, false));
}

static void it_echoes_the_last_thing_the_user_said(void **state)
{
    static const struct demo_case cases[] = {
        {"'messages':[{'role':'system','content':'Be nice'}," USER(
             "One") ","
                    "{'role':'assistant','content':'Two'}," USER("Three") "]",
         "> This is the built-in demo model. You said: Three\nfinish stop stop\nusage 5 9 14"},
        {"'messages':[{'role':'user','content':[{'type':'text','text':'See'},{'type':'image_url',"
         "'image_url':{'url':'https://h/i.png'}}]}]",
         "> This is the built-in demo model. You said: See [image]\nfinish stop stop\n"
         "usage 1 10 11"},
        {"'messages':[{'role':'system','content':'Only this'}]",
         "> This is the built-in demo model. You said: \nfinish stop stop\nusage 2 9 11"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void limits_and_stops_cut_the_answer(void **state)
{
    static const struct demo_case cases[] = {
        {HELLO ",'max_tokens':3", "> This is the\nfinish length length\nusage 2 3 5"},
        {HELLO ",'max_tokens':10",
         "> This is the built-in demo model. You said: Hello there\nfinish stop stop\n"
         "usage 2 10 12"},
        {HELLO ",'stop':['You','model']",
         "> This is the built-in demo \nfinish stop stop_sequence\nusage 2 6 8"},
        {HELLO ",'stop':'This'", "finish stop stop_sequence\nusage 2 0 2"},
        {HELLO ",'stop':'You','max_tokens':2", "> This is\nfinish length length\nusage 2 2 4"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void an_answer_that_was_begun_is_continued(void **state)
{
    static const struct demo_case cases[] = {
        {"'messages':[" USER("Hi") ",{'role':'assistant','content':'This is the'}]",
         ">  built-in demo model. You said: Hi\nfinish stop stop\nusage 4 6 10"},
        {"'messages':[" USER("Hi") ",{'role':'assistant','content':'Well,'}]",
         ">  This is the built-in demo model. You said: Hi\nfinish stop stop\nusage 2 9 11"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define TOOL(name, schema) \
    "{'type':'function','function':{'name':'" name "','parameters':" schema "}}"
#define WEATHER                                                                      \
    TOOL("get_weather",                                                              \
         "{'type':'object','properties':{'city':{'type':'string'},"                  \
         "'days':{'type':'integer'},'unit':{'enum':['C','F']},"                      \
         "'deep':{'type':'object'},'list':{'type':'array'},'on':{'type':'boolean'}," \
         "'left':{'type':'string'}},"                                                \
         "'required':['city','days','unit','deep','list','on']}")
#define CLOCK TOOL("clock", "{'type':'object','properties':{}}")
#define WEATHER_ARGS "{'city':'Paris','days':1,'unit':'C','deep':{},'list':[],'on':true}"

static void a_tool_that_is_named_is_called(void **state)
{
    static const struct demo_case cases[] = {
        {"'messages':[" USER("ask get_weather on Paris") "],'tools':[" CLOCK "," WEATHER "]",
         "tool_call 0 call_7_0 get_weather\n> " WEATHER_ARGS
         "\nfinish tool_calls tool_calls\nusage 4 1 5"},
        {"'messages':[" USER("clock, get_weather: Paris!") "],'tools':[" CLOCK "," WEATHER "]",
         "tool_call 0 call_7_0 clock\n> {}\ntool_call 1 call_7_1 get_weather\n> " WEATHER_ARGS
         "\nfinish tool_calls tool_calls\nusage 3 2 5"},
        {"'messages':[" USER("clock, get_weather: Paris!") "],'tools':[" CLOCK "," WEATHER
                                                           "],'parallel_tool_calls':false",
         "tool_call 0 call_7_0 clock\n> {}\nfinish tool_calls tool_calls\nusage 3 1 4"},
        {"'messages':[" USER("clock, get_weather: Paris!") "],'tools':[" CLOCK "," WEATHER
                                                           "],'max_tokens':1",
         "tool_call 0 call_7_0 clock\n> {}\nfinish length length\nusage 3 1 4"},
        /* part of a word is no name, and none may be wanted */
        {"'messages':[" USER("clockwork") "],'tools':[" CLOCK "]",
         "> This is the built-in demo model. You said: clockwork\nfinish stop stop\nusage 1 9 10"},
        {"'messages':[" USER("clock") "],'tools':[" CLOCK "],'tool_choice':'none'",
         "> This is the built-in demo model. You said: clock\nfinish stop stop\nusage 1 9 10"},
        /* one must be called */
        {"'messages':[" USER("Hi") "],'tools':[" CLOCK "," WEATHER "],'tool_choice':'required'",
         "tool_call 0 call_7_0 clock\n> {}\nfinish tool_calls tool_calls\nusage 1 1 2"},
        {"'messages':[" USER(
             "Paris") "],'tools':[" CLOCK "," WEATHER
                      "],'tool_choice':{'type':'function','function':{'name':'get_weather'}}",
         "tool_call 0 call_7_0 get_weather\n> " WEATHER_ARGS
         "\nfinish tool_calls tool_calls\nusage 1 1 2"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void results_of_tools_are_quoted(void **state)
{
    static const struct demo_case cases[] = {
        {"'tools':[" CLOCK "],'tool_choice':'required','messages':[" USER(
             "clock") ","
                      "{'role':'assistant','tool_calls':[{'id':'a','type':'function','function':{'"
                      "name':'clock',"
                      "'arguments':'{}'}},{'id':'b','type':'function','function':{'name':'clock',"
                      "'arguments':'{}'}}]},{'role':'tool','tool_call_id':'a','content':'noon'},"
                      "{'role':'tool','tool_call_id':'b','content':'night'}]",
         "> This is the built-in demo model. The tool answered: noon; night\nfinish stop stop\n"
         "usage 5 11 16"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define FORM(schema) \
    ",'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':" schema "}}"

static void a_wanted_form_is_kept(void **state)
{
    static const struct demo_case cases[] = {
        {HELLO ",'response_format':{'type':'json_object'}",
         "> {'demo':true,'you_said':'Hello there'}\nfinish stop stop\nusage 2 2 4"},
        {HELLO FORM("{'type':'object','properties':{'a':{'type':['string','null']},"
                    "'b\\'':{'type':'array','minItems':2,'items':{'$ref':'#/$defs/N'}},"
                    "'c':{'anyOf':[{'type':'null'},{'type':'string'}]},'d':{'const':[7]}},"
                    "'$defs':{'N':{'type':'number','minimum':2.5}}}"),
         "> {'a':'Hello','b\\'':[2.5,2.5],'c':null,'d':[7]}\nfinish stop stop\nusage 2 1 3"},
        /* a schema in itself ends */
        {HELLO FORM("{'type':'object','properties':{'x':{'$ref':'#/$defs/T'}},"
                    "'$defs':{'T':{'type':'array','minItems':1,'items':{'$ref':'#/$defs/T'}}}}"),
         "> {'x':[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]}\nfinish stop stop\nusage 2 1 3"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void long_words_are_said_in_pieces(void **state)
{
    char text[1000];
    char members[2000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)snprintf(members, sizeof(members), "'messages':[" USER("%s") "]", text);
    str got = say(members, false);
    assert_true(str_has_suffix(got, STR("\nfinish stop stop\nusage 16 24 40\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_says_a_word_at_a_time_and_then_its_usage, reset),
        cmocka_unit_test_teardown(the_same_chat_gets_the_same_answer, reset),
        cmocka_unit_test_teardown(it_echoes_the_last_thing_the_user_said, reset),
        cmocka_unit_test_teardown(limits_and_stops_cut_the_answer, reset),
        cmocka_unit_test_teardown(an_answer_that_was_begun_is_continued, reset),
        cmocka_unit_test_teardown(a_tool_that_is_named_is_called, reset),
        cmocka_unit_test_teardown(results_of_tools_are_quoted, reset),
        cmocka_unit_test_teardown(a_wanted_form_is_kept, reset),
        cmocka_unit_test_teardown(long_words_are_said_in_pieces, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
