/* JSON in these tables is written with ' for ". */
#include "codec/json_write.h"
#include "wire/dialect.h"
#include "wire/quirks.h"
#include "wire/surface.h"

#include "share.h"
#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static str quoted(str text)
{
    str copy = arena_copy(&arena, text);
    char *at = arena_take_raw(&arena, copy.len + 1);

    for (size_t i = 0; i < copy.len; i++) {
        at[i] = copy.at[i];
        if (at[i] == '\'') {
            at[i] = '"';
        }
    }
    return str_of(at, copy.len);
}

/* The body that the client's chat becomes for the model, behind it what was dropped in brackets;
 * or the fault in words. */
static str encode(const char *name, const char *members, struct answer_hints *hints)
{
    str body = quoted(arena_printf(&arena, "{'model':'x',%s}", members));
    struct model model = {
        .name = str_c(name),
        .quirks = share_quirks("", "cohere"),
        .rules = share_rules(name),
    };
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) != ERR_OK) {
        fail_msg("the chat is wrong: " STR_FMT, STR_ARG(fault.message));
    }
    if (cohere_dialect.encode_request(chat, &model, &arena, &request, &fault) != ERR_OK) {
        return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(fault.kind),
                            STR_ARG(fault.param), STR_ARG(fault.message));
    }
    assert_non_null(json_read_lenient(&arena, request.http.body));
    assert_str_equal(request.http.path, STR("/v2/chat"));
    assert_str_equal(request.http.method, STR("POST"));
    str got = request.http.body;
    for (size_t i = 0; i < request.drops.count; i++) {
        str drop = request.drops.at[i];
        got = arena_printf(&arena, STR_FMT " -" STR_FMT, STR_ARG(got), STR_ARG(drop));
    }
    if (hints != NULL) {
        *hints = request.hints;
    }
    return got;
}

struct encode_case {
    const char *model;
    const char *members; /* of the client's body */
    const char *want;    /* of ours behind the model, or the refusal */
};

static void check(const struct encode_case *cases, size_t count, const char *head, const char *tail)
{
    for (size_t i = 0; i < count; i++) {
        str got =
            encode(cases[i].model, arena_printf(&arena, "%s%s", head, cases[i].members).at, NULL);
        str want = str_c(cases[i].want);
        if (!str_has_prefix(want, STR("invalid"))) {
            size_t drops = str_find(want, STR(" -"));
            str body = str_take(want, drops);
            str left_out = str_skip(want, drops);
            want = quoted(arena_printf(&arena, "{'model':'%s'%s" STR_FMT "%s}" STR_FMT,
                                       cases[i].model, body.len > 0 ? "," : "", STR_ARG(body), tail,
                                       STR_ARG(left_out)));
        }
        if (!str_eq(got, want)) {
            print_message("case %zu: %s\n", i, cases[i].members);
        }
        assert_str_equal(got, want);
        arena_reset(&arena);
    }
}

/* The chat is one word; what is asked for beside it stands before it. */
static void check_parameters(const struct encode_case *cases, size_t count)
{
    check(cases, count, "'messages':[{'role':'user','content':'Hi'}]",
          ",'messages':[{'role':'user','content':'Hi'}]");
}

#define COMMAND "command-a-03-2025"
#define TOOL(name) \
    "{'type':'function','function':{'name':'" name "','parameters':{'type':'object'}}}"
#define JSON_WORDS \
    "Answer with one JSON object and nothing else: no words around it, no code fence."

static void sampling_is_renamed_and_clamped(void **state)
{
    static const struct encode_case cases[] = {
        {COMMAND, "", ""},
        {COMMAND, ",'stream':true", "'stream':true"},
        {COMMAND, ",'stream':false,'max_tokens':5", "'max_tokens':5"},
        {COMMAND, ",'max_completion_tokens':7", "'max_tokens':7"},
        {COMMAND, ",'temperature':0.2,'top_p':0.8,'top_k':20,'seed':11",
         "'temperature':0.2,'p':0.8,'k':20,'seed':11"},
        {COMMAND, ",'top_p':1", "'p':0.99"},
        {COMMAND, ",'top_p':0.001,'top_k':9000", "'p':0.01,'k':500"},
        {COMMAND, ",'frequency_penalty':-1,'presence_penalty':1.5",
         "'frequency_penalty':0.0,'presence_penalty':1.0"},
        {COMMAND, ",'stop':'END'", "'stop_sequences':['END']"},
        {COMMAND, ",'stop':['a','b','c','d']", "'stop_sequences':['a','b','c','d']"},
        {COMMAND, ",'seed':-1", " -seed"},
        {COMMAND, ",'safety_mode':'OFF','priority':3,'citation_options':{'mode':'FAST'}",
         "'citation_options':{'mode':'FAST'},'safety_mode':'OFF','priority':3"},
        {COMMAND, ",'safety_mode':7,'priority':'high'", ""},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void what_has_no_word_is_named(void **state)
{
    static const struct encode_case cases[] = {
        {COMMAND, ",'n':1,'logprobs':false,'parallel_tool_calls':true,'user':null", ""},
        {COMMAND, ",'n':3,'logprobs':true,'parallel_tool_calls':false",
         " -n -logprobs"
         " -parallel_tool_calls"},
        {COMMAND, ",'logit_bias':{'1':2},'user':'u','min_p':0.1", " -logit_bias -user -min_p"},
        {COMMAND, ",'top_a':0.5,'repetition_penalty':1.1", " -top_a -repetition_penalty"},
        {COMMAND, ",'future_member':1", " -future_member"},
        {COMMAND, ",'provider':{'order':['cohere']},'usage':{'include':true}", ""},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void thinking_has_a_budget(void **state)
{
    static const struct encode_case cases[] = {
        {"command-a-reasoning-08-2025", ",'reasoning':{'max_tokens':2000}",
         "'thinking':{'type':'enabled','token_budget':2000}"},
        {"command-a-reasoning-08-2025", ",'reasoning':{'effort':'high'},'max_tokens':10000",
         "'max_tokens':10000,'thinking':{'type':'enabled','token_budget':8000}"},
        {"command-a-reasoning-08-2025", ",'reasoning':{'effort':'high'}",
         "'thinking':{'type':'enabled'}"},
        {"command-a-reasoning-08-2025", ",'reasoning':{'enabled':true}",
         "'thinking':{'type':'enabled'}"},
        {"command-a-reasoning-08-2025", ",'reasoning':{'enabled':false}",
         "'thinking':{'type':'disabled'}"},
        {"command-a-reasoning-08-2025", ",'reasoning_effort':'none'",
         "'thinking':{'type':'disabled'}"},
        {COMMAND, ",'reasoning':{'effort':'high'}", " -reasoning"},
        {COMMAND, ",'reasoning':{'enabled':false}", ""},
        {"command-z-2030", ",'reasoning':{'enabled':true}", "'thinking':{'type':'enabled'}"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void tools_are_chosen_in_three_words(void **state)
{
    static const struct encode_case cases[] = {
        {COMMAND, ",'tools':[" TOOL("a") "]", "'tools':[" TOOL("a") "]"},
        {COMMAND, ",'tools':[" TOOL("a") "],'tool_choice':'auto'", "'tools':[" TOOL("a") "]"},
        {COMMAND, ",'tools':[" TOOL("a") "],'tool_choice':'none'",
         "'tools':[" TOOL("a") "],'tool_choice':'NONE'"},
        {COMMAND, ",'tools':[" TOOL("a") "],'tool_choice':'required'",
         "'tools':[" TOOL("a") "],'tool_choice':'REQUIRED'"},
        {COMMAND,
         ",'tools':[" TOOL("a") "," TOOL(
             "b") "],"
                  "'tool_choice':{'type':'function','function':{'name':'b'}}",
         "'tools':[" TOOL("b") "],'tool_choice':'REQUIRED'"},
        {COMMAND, ",'tools':[{'type':'function','function':{'name':'a','description':'d'}}]",
         "'tools':[{'type':'function','function':{'name':'a','description':'d',"
         "'parameters':{'type':'object','properties':{}}}}]"},
        {COMMAND,
         ",'tools':[{'type':'function','function':{'name':'a','strict':true,"
         "'parameters':{'required':['q']}}}]",
         "'tools':[{'type':'function','function':{'name':'a','parameters':{'required':['q']}}}],"
         "'strict_tools':true"},
        {COMMAND,
         ",'strict_tools':false,'tools':[{'type':'function','function':{'name':'a','strict':true,"
         "'parameters':{'required':['q']}}}]",
         "'tools':[{'type':'function','function':{'name':'a','parameters':{'required':['q']}}}],"
         "'strict_tools':false"},
        {"command-r", ",'tools':[" TOOL("a") "],'tool_choice':'required'",
         "invalid [tool_choice] `tool_choice` cannot force a tool on this model"},
        {"command-a-vision-07-2025", ",'tools':[" TOOL("a") "]",
         "invalid [tools] `tools` are not taken by this model"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void a_form_is_said_by_a_member_or_in_words(void **state)
{
    static const struct encode_case by_member[] = {
        {COMMAND, ",'response_format':{'type':'text'}", ""},
        {COMMAND, ",'response_format':{'type':'json_object'}",
         "'response_format':{'type':'json_object'}"},
        {COMMAND,
         ",'response_format':{'type':'json_schema','json_schema':{'name':'n',"
         "'schema':{'type':'object'}}}",
         "'response_format':{'type':'json_object','json_schema':{'type':'object'}}"},
    };
    static const struct encode_case in_words[] = {
        {COMMAND,
         "'messages':[{'role':'user','content':'Hi'}],'tools':[" TOOL(
             "a") "],"
                  "'response_format':{'type':'json_object'}",
         "'tools':[" TOOL("a") "],'messages':[{'role':'system','content':'" JSON_WORDS "'},"
                               "{'role':'user','content':'Hi'}]"},
        {COMMAND,
         "'messages':[{'role':'user','content':'Hi'}],'documents':[{'data':{'text':'t'}}],"
         "'response_format':{'type':'json_object'}",
         "'documents':[{'data':{'text':'t'}}],'messages':[{'role':'system','content':'" JSON_WORDS
         "'},{'role':'user','content':'Hi'}]"},
    };
    (void)state;

    check_parameters(by_member, COUNT_OF(by_member));
    check(in_words, COUNT_OF(in_words), "", "");
}

static void messages_are_written_in_its_words(void **state)
{
    static const struct encode_case cases[] = {
        {COMMAND,
         "'messages':[{'role':'developer','content':'D'},{'role':'user','content':[{'type':'text',"
         "'text':'a'},{'type':'text','text':''},{'type':'text','text':'b'}]}]",
         "'messages':[{'role':'system','content':'D'},{'role':'user','content':[{'type':'text',"
         "'text':'a'},{'type':'text','text':'b'}]}]"},
        {COMMAND, "'messages':[{'role':'system','content':'A'},{'role':'system','content':'B'}]",
         "'messages':[{'role':'system','content':'A'},{'role':'user','content':'B'}]"},
        {COMMAND,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':'I look.',"
         "'tool_calls':[{'id':'1','type':'function','function':{'name':'f',"
         "'arguments':'{ }'}},{'id':'2','type':'function','function':{'name':'g',"
         "'arguments':'oops'}}]},{'role':'tool','tool_call_id':'1','content':'15'},"
         "{'role':'tool','tool_call_id':'2','content':[{'type':'text','text':'16'}]}]",
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','tool_plan':'I look.',"
         "'tool_calls':[{'id':'1','type':'function','function':{'name':'f',"
         "'arguments':'{ }'}},{'id':'2','type':'function','function':{'name':'g',"
         "'arguments':'{}'}}]},{'role':'tool','tool_call_id':'1','content':'15'},"
         "{'role':'tool','tool_call_id':'2','content':'16'}]"},
        {COMMAND,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':null,"
         "'tool_calls':[{'id':'1','type':'function','function':{'name':'f','arguments':''}}]},"
         "{'role':'tool','tool_call_id':'1','content':''}]",
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','tool_calls':[{'id':'1',"
         "'type':'function','function':{'name':'f','arguments':'{}'}}]},{'role':'tool',"
         "'tool_call_id':'1','content':''}]"},
    };
    (void)state;

    check(cases, COUNT_OF(cases), "", "");
}

static void its_own_reasoning_comes_back(void **state)
{
    static const struct encode_case cases[] = {
        {COMMAND,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':null,"
         "'reasoning_details':[{'type':'reasoning.text','text':'Look it up.','index':0,"
         "'format':'cohere-tool-plan-v2'}],'tool_calls':[{'id':'1','type':'function',"
         "'function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'1',"
         "'content':'r'}]",
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','tool_plan':'Look it up.',"
         "'tool_calls':[{'id':'1','type':'function','function':{'name':'f','arguments':'{}'}}]},"
         "{'role':'tool','tool_call_id':'1','content':'r'}]"},
        {COMMAND,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':'A',"
         "'reasoning_details':[{'type':'reasoning.text','text':'Hm.','index':0,"
         "'format':'cohere-thinking-v2'}]},{'role':'user','content':'R'}]",
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':[{'type':"
         "'thinking','thinking':'Hm.'},{'type':'text','text':'A'}]},{'role':'user','content':'R'}"
         "]"},
        {COMMAND,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':'A',"
         "'reasoning_details':[{'type':'reasoning.text','text':'Hm.','index':0,"
         "'format':'anthropic-claude-v1','signature':'s'}]},{'role':'user','content':'R'}]",
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':'A'},"
         "{'role':'user','content':'R'}]"},
    };
    (void)state;

    check(cases, COUNT_OF(cases), "", "");
}

#define PART(part) "'messages':[{'role':'user','content':[" part "]}]"
#define IMAGE(url) "{'type':'image_url','image_url':{'url':'" url "','detail':'low'}}"
#define FILE_PART(data) "{'type':'file','file':{'filename':'n','file_data':'" data "'}}"

static void pictures_and_files_go_where_they_can(void **state)
{
    static const struct encode_case cases[] = {
        {"command-a-vision-07-2025", PART(IMAGE("https://example.com/a.png")),
         PART(IMAGE("https://example.com/a.png"))},
        {"command-a-vision-07-2025", PART(IMAGE("data:image/png;base64,iVBORw0KGgo=")),
         PART(IMAGE("data:image/png;base64,iVBORw0KGgo="))},
        {COMMAND, PART(IMAGE("https://example.com/a.png")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is an image, which this model "
         "does not take"},
        {COMMAND, PART("{'type':'text','text':'Hi'}," FILE_PART("data:text/plain;base64,SGVsbG8=")),
         "'documents':[{'data':{'title':'n','text':'Hello'}}],"
         "'messages':[{'role':'user','content':[{'type':'text','text':'Hi'}]}]"},
        {COMMAND, PART(FILE_PART("data:application/pdf;base64,JVBERi0=")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` must be a text or an image for "
         "this model's provider"},
        {COMMAND, PART("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is audio or video, which this "
         "model's provider does not take"},
    };
    (void)state;

    check(cases, COUNT_OF(cases), "", "");
}

static void a_model_without_prefill_is_asked_to_go_on(void **state)
{
    struct answer_hints hints = {0};
    str got = encode(COMMAND,
                     "'messages':[{'role':'user','content':'Count'},"
                     "{'role':'assistant','content':'One, two'}]",
                     &hints);
    (void)state;

    assert_str_equal(hints.prefill, STR("One, two"));
    assert_str_equal(
        got,
        quoted(STR("{'model':'command-a-03-2025','messages':[{'role':'user','content':"
                   "'Count'},{'role':'assistant','content':'One, two'},{'role':'user',"
                   "'content':'Continue your last message from exactly where it ends. Write "
                   "only what comes next: repeat nothing of it and say nothing about it.'}]}")));
}

/* The texts of an answer to a model that was asked to go on from `prefill`, joined with '|'. */
static str texts_after(const char *prefill, const char *const *texts, size_t count)
{
    struct model model = {.name = STR("m"), .quirks = share_quirks("", "cohere")};
    struct decoder decoder = {.dialect = &cohere_dialect,
                              .model = &model,
                              .arena = &arena,
                              .framing = FRAMING_WHOLE,
                              .bytes_max = 65536,
                              .hints = {.prefill = str_c(prefill)},
                              .id_seed = STR("seed")};
    struct event_list events = {0};
    struct fault fault = {0};
    str body = STR("{'message':{'content':[");
    str got = STR("");

    for (size_t i = 0; i < count; i++) {
        body = arena_printf(&arena, STR_FMT "%s{'text':'%s'}", STR_ARG(body), i > 0 ? "," : "",
                            texts[i]);
    }
    body = quoted(arena_printf(&arena, STR_FMT "]},'finish_reason':'COMPLETE'}", STR_ARG(body)));
    decoder_init(&decoder);
    assert_int_equal(cohere_dialect.decode(&decoder, body, &arena, &events, &fault), ERR_OK);
    assert_int_equal(cohere_dialect.decode_end(&decoder, &arena, &events, &fault), ERR_OK);
    decoder_free(&decoder);
    for (size_t i = 0; i < events.len; i++) {
        if (events.at[i].kind == EVENT_TEXT) {
            got =
                arena_printf(&arena, STR_FMT STR_FMT "|", STR_ARG(got), STR_ARG(events.at[i].text));
        }
    }
    return got;
}

static void a_repetition_of_the_prefill_is_left_out(void **state)
{
    static const struct {
        const char *prefill;
        const char *texts[3];
        const char *want;
    } cases[] = {
        {"", {"One", "", " two"}, "One| two|"}, {"One", {" two", "", ""}, " two|"},
        {"One", {"One two", "", ""}, " two|"},  {"One", {"O", "ne", " two"}, " two|"},
        {"One", {"On", "ly", ""}, "On|ly|"},    {"One", {"O", "", ""}, "O|"},
        {"One", {"One", "One", ""}, "One|"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(texts_after(cases[i].prefill, cases[i].texts, COUNT_OF(cases[i].texts)),
                         str_c(cases[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sampling_is_renamed_and_clamped, reset),
        cmocka_unit_test_teardown(what_has_no_word_is_named, reset),
        cmocka_unit_test_teardown(thinking_has_a_budget, reset),
        cmocka_unit_test_teardown(tools_are_chosen_in_three_words, reset),
        cmocka_unit_test_teardown(a_form_is_said_by_a_member_or_in_words, reset),
        cmocka_unit_test_teardown(messages_are_written_in_its_words, reset),
        cmocka_unit_test_teardown(its_own_reasoning_comes_back, reset),
        cmocka_unit_test_teardown(pictures_and_files_go_where_they_can, reset),
        cmocka_unit_test_teardown(a_model_without_prefill_is_asked_to_go_on, reset),
        cmocka_unit_test_teardown(a_repetition_of_the_prefill_is_left_out, reset),
    };

    return cmocka_run_group_tests_name("cohere_encode", tests, NULL, NULL);
}
