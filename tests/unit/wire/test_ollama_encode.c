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
        .quirks = share_quirks("", "ollama"),
        .rules = share_rules(name),
    };
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) != ERR_OK) {
        fail_msg("the chat is wrong: " STR_FMT, STR_ARG(fault.message));
    }
    if (ollama_dialect.encode_request(chat, &model, &arena, &request, &fault) != ERR_OK) {
        return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(fault.kind),
                            STR_ARG(fault.param), STR_ARG(fault.message));
    }
    assert_non_null(json_read_lenient(&arena, request.http.body));
    assert_str_equal(request.http.path, STR("/api/chat"));
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

#define QWEN "qwen3:4b"
#define HI "'messages':[{'role':'user','content':'Hi'}]"
#define TOOL(name) \
    "{'type':'function','function':{'name':'" name "','parameters':{'type':'object'}}}"

/* The chat is one word; what is asked for stands behind it. */
static void check_parameters(const struct encode_case *cases, size_t count)
{
    check(cases, count, HI, "");
}

static void sampling_goes_into_options(void **state)
{
    static const struct encode_case cases[] = {
        {QWEN, "", "'stream':false," HI ",'options':{}"},
        {QWEN, ",'stream':true", "'stream':true," HI ",'options':{}"},
        {QWEN, ",'temperature':0,'top_p':0.9,'min_p':0.05,'max_tokens':24",
         "'stream':false," HI
         ",'options':{'temperature':0.0,'top_p':0.9,'min_p':0.05,'num_predict':24}"},
        {QWEN, ",'repetition_penalty':1.1,'presence_penalty':-0.5,'frequency_penalty':0.5",
         "'stream':false," HI
         ",'options':{'repeat_penalty':1.1,'presence_penalty':-0.5,'frequency_penalty':0.5}"},
        {QWEN, ",'top_k':40,'seed':42,'stop':['a','b']",
         "'stream':false," HI ",'options':{'top_k':40,'seed':42,'stop':['a','b']}"},
        {QWEN, ",'num_ctx':8192", "'stream':false," HI ",'options':{'num_ctx':8192}"},
        {QWEN,
         ",'num_ctx':8192,'temperature':1,'options':{'num_ctx':4096,'temperature':0.5,'x':[1]}",
         "'stream':false," HI ",'options':{'num_ctx':4096,'temperature':0.5,'x':[1]}"},
        {QWEN, ",'num_ctx':'big','options':7", "'stream':false," HI ",'options':{}"},
        {QWEN, ",'keep_alive':'5m'", "'stream':false," HI ",'options':{},'keep_alive':'5m'"},
        {QWEN, ",'logprobs':true,'top_logprobs':2",
         "'stream':false," HI ",'options':{},'logprobs':true,'top_logprobs':2"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void what_has_no_word_is_named(void **state)
{
    static const struct encode_case cases[] = {
        {QWEN, ",'n':1,'parallel_tool_calls':true,'logprobs':false,'store':false",
         "'stream':false," HI ",'options':{}"},
        {QWEN, ",'n':2,'parallel_tool_calls':false,'user':'u','top_a':0.1",
         "'stream':false," HI ",'options':{} -n -parallel_tool_calls -user -top_a"},
        {QWEN, ",'future_member':1", "'stream':false," HI ",'options':{} -future_member"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void thinking_is_a_switch_or_a_level(void **state)
{
    static const struct encode_case cases[] = {
        {QWEN, ",'reasoning':{'enabled':true}", "'stream':false," HI ",'think':true,'options':{}"},
        {QWEN, ",'reasoning':{'effort':'high'}", "'stream':false," HI ",'think':true,'options':{}"},
        {QWEN, ",'reasoning':{'enabled':false}",
         "'stream':false," HI ",'think':false,'options':{}"},
        {QWEN, ",'reasoning_effort':'none'", "'stream':false," HI ",'think':false,'options':{}"},
        {QWEN, ",'think':'low','reasoning':{'enabled':false}",
         "'stream':false," HI ",'think':'low','options':{}"},
        {"gpt-oss:20b", ",'reasoning':{'effort':'minimal'}",
         "'stream':false," HI ",'think':'low','options':{}"},
        {"gpt-oss:20b", ",'reasoning':{'effort':'max'}",
         "'stream':false," HI ",'think':'high','options':{}"},
        {"llama3.2:1b", ",'reasoning':{'effort':'high'}",
         "'stream':false," HI ",'options':{} -reasoning"},
        {"my-own:1b", ",'reasoning':{'effort':'high'}",
         "'stream':false," HI ",'think':true,'options':{}"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void tools_are_sent_or_not(void **state)
{
    static const struct encode_case cases[] = {
        {QWEN, ",'tools':[" TOOL("a") "]",
         "'stream':false," HI ",'tools':[{'type':'function','function':{'name':'a',"
         "'description':'','parameters':{'type':'object'}}}],'options':{}"},
        {QWEN, ",'tools':[{'type':'function','function':{'name':'a','description':'d'}}]",
         "'stream':false," HI ",'tools':[{'type':'function','function':{'name':'a',"
         "'description':'d','parameters':{'type':'object','properties':{}}}}],'options':{}"},
        {QWEN, ",'tools':[" TOOL("a") "],'tool_choice':'none'",
         "'stream':false," HI ",'options':{}"},
        {QWEN, ",'tools':[" TOOL("a") "],'tool_choice':'required'",
         "invalid [tool_choice] `tool_choice` cannot force a tool at this model's provider"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

static void a_form_is_json_or_a_schema(void **state)
{
    static const struct encode_case cases[] = {
        {QWEN, ",'response_format':{'type':'text'}", "'stream':false," HI ",'options':{}"},
        {QWEN, ",'response_format':{'type':'json_object'}",
         "'stream':false," HI ",'format':'json','options':{}"},
        {QWEN,
         ",'response_format':{'type':'json_schema','json_schema':{'name':'n',"
         "'schema':{'type':'object'}}}",
         "'stream':false," HI ",'format':{'type':'object'},'options':{}"},
    };
    (void)state;

    check_parameters(cases, COUNT_OF(cases));
}

#define PART(part) "'messages':[{'role':'user','content':[" part "]}]"
#define IMAGE(url) "{'type':'image_url','image_url':{'url':'" url "'}}"

static void messages_are_written_in_its_words(void **state)
{
    static const struct encode_case cases[] = {
        {QWEN,
         "'messages':[{'role':'developer','content':'D'},{'role':'user','content':[{'type':'text',"
         "'text':'a'},{'type':'text','text':''},{'type':'text','text':'b'}]}]",
         "'stream':false,'messages':[{'role':'system','content':'D'},{'role':'user','content':"
         "'a\\nb'}],'options':{}"},
        {QWEN,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':null,"
         "'reasoning':'Hm.','tool_calls':[{'id':'1','type':'function','function':{'name':'f',"
         "'arguments':'{ }'}},{'id':'2','type':'function','function':{'name':'g',"
         "'arguments':'oops'}}]},{'role':'tool','tool_call_id':'2','content':'15'},"
         "{'role':'tool','tool_call_id':'1','content':[{'type':'text','text':'16'}]}]",
         "'stream':false,'messages':[{'role':'user','content':'Q'},{'role':'assistant',"
         "'content':'','thinking':'Hm.','tool_calls':[{'id':'1','function':{'name':'f',"
         "'arguments':{ }}},{'id':'2','function':{'name':'g','arguments':{}}}]},"
         "{'role':'tool','content':'15','tool_name':'g','tool_call_id':'2'},"
         "{'role':'tool','content':'16','tool_name':'f','tool_call_id':'1'}],'options':{}"},
        {QWEN,
         "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':'A',"
         "'reasoning_details':[{'type':'reasoning.text','text':'Hm.','index':0,"
         "'format':'anthropic-claude-v1','signature':'s'}]},{'role':'user','content':'R'}]",
         "'stream':false,'messages':[{'role':'user','content':'Q'},{'role':'assistant',"
         "'content':'A'},{'role':'user','content':'R'}],'options':{}"},
        {QWEN, PART("{'type':'text','text':'See'}," IMAGE("data:image/png;base64,iVBORw0KGgo=")),
         "'stream':false,'messages':[{'role':'user','content':'See',"
         "'images':['iVBORw0KGgo=']}],'options':{}"},
        {QWEN, PART(IMAGE("https://example.com/a.png")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` must hold the image's bytes "
         "for "
         "this model's provider"},
        {QWEN,
         PART("{'type':'file','file':{'filename':'n','file_data':'data:text/plain;base64,SGk='}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is a file, which this model's "
         "provider does not take"},
        {QWEN, PART("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is audio or video, which this "
         "model's provider does not take"},
    };
    (void)state;

    check(cases, COUNT_OF(cases), "", "");
}

static void numbers_in_arguments_stay_what_they_are(void **state)
{
    str got = encode(QWEN,
                     "'messages':[{'role':'user','content':'Q'},{'role':'assistant','content':'',"
                     "'tool_calls':[{'id':'1','type':'function','function':{'name':'f',"
                     "'arguments':' {\\'n\\':123456789012345678901234567890,\\'x\\':1.10}'}}]},"
                     "{'role':'tool','tool_call_id':'1','content':'r'}]",
                     NULL);
    str want = quoted(STR("'arguments':{'n':123456789012345678901234567890,'x':1.10}"));
    (void)state;

    assert_true(str_find(got, want) < got.len);
}

static void images_by_address_are_fetched_first(void **state)
{
    struct model model = {.name = STR("m"), .quirks = share_quirks("", "ollama")};
    struct chat_part part = {.kind = PART_IMAGE, .url = STR("https://example.com/a.png")};
    (void)state;

    assert_true(ollama_dialect.needs_bytes(&part, &model));
    part.kind = PART_TEXT;
    assert_false(ollama_dialect.needs_bytes(&part, &model));
    part = (struct chat_part){.kind = PART_IMAGE, .data = STR("AAAA")};
    assert_false(ollama_dialect.needs_bytes(&part, &model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sampling_goes_into_options, reset),
        cmocka_unit_test_teardown(what_has_no_word_is_named, reset),
        cmocka_unit_test_teardown(thinking_is_a_switch_or_a_level, reset),
        cmocka_unit_test_teardown(tools_are_sent_or_not, reset),
        cmocka_unit_test_teardown(a_form_is_json_or_a_schema, reset),
        cmocka_unit_test_teardown(messages_are_written_in_its_words, reset),
        cmocka_unit_test_teardown(numbers_in_arguments_stay_what_they_are, reset),
        cmocka_unit_test_teardown(images_by_address_are_fetched_first, reset),
    };

    return cmocka_run_group_tests_name("ollama_encode", tests, NULL, NULL);
}
