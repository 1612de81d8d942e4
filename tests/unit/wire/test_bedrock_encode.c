/* JSON in these tables is written with ' for ". */
#include "wire/dialect.h"
#include "wire/quirks.h"
#include "wire/surface.h"

#include "share.h"
#include "test.h"

#define SONNET "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
#define OPUS_5 "global.anthropic.claude-opus-5-v1:0"
#define NOVA "amazon.nova-lite-v1:0"
#define NOVA_2 "us.amazon.nova-2-lite-v1:0"
#define LLAMA "meta.llama3-1-70b-instruct-v1:0"
#define GPT_OSS "openai.gpt-oss-120b-1:0"
#define MISTRAL "mistral.mistral-large-2407-v1:0"
#define TITAN "amazon.titan-text-express-v1"

#define HI "'messages':[{'role':'user','content':'Hi'}]"
#define SAID_HI "'messages':[{'role':'user','content':[{'text':'Hi'}]}]"
#define TOOL(name)                                                               \
    "{'type':'function','function':{'name':'" name "','description':'Does " name \
    "','parameters':{'type':'object','properties':{'a':{'type':'string'}}}}}"
#define SPEC(name)                                             \
    "{'toolSpec':{'name':'" name "','description':'Does " name \
    "','inputSchema':{'json':{'type':'object','properties':{'a':{'type':'string'}}}}}}"

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
    at[copy.len] = '\0';
    return str_of(at, copy.len);
}

static struct model model_named(const char *name)
{
    static const struct quirks none;

    return (struct model){.name = str_c(name), .quirks = &none, .rules = share_rules(name)};
}

static struct chat_request *read_chat(const char *members)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};
    str body = quoted(arena_printf(&arena, "{'model':'x',%s}", members).at);

    if (openai_chat_surface.decode_request(body, &arena, &chat, &fault) != ERR_OK) {
        fail_msg("the chat %s is wrong: " STR_FMT, members, STR_ARG(fault.message));
    }
    return chat;
}

/* The request that the client's chat becomes, or the fault in words as its body. */
static struct provider_request encode(const struct model *model, const char *members)
{
    struct provider_request request = {0};
    struct fault fault = {0};

    if (bedrock_dialect.encode_request(read_chat(members), model, &arena, &request, &fault) !=
        ERR_OK) {
        request.http.body = arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(fault.kind),
                                         STR_ARG(fault.param), STR_ARG(fault.message));
        return request;
    }
    assert_non_null(json_read_lenient(&arena, request.http.body));
    return request;
}

struct encode_case {
    const char *model;
    const char *chat;  /* members of the client's body */
    const char *want;  /* members of the provider's, or "invalid ..." */
    const char *drops; /* "a b", NULL: none */
};

static str drops_of(const struct provider_request *request)
{
    str list = STR_NONE;

    for (size_t i = 0; i < request->drops.count; i++) {
        list = arena_printf(&arena, STR_FMT "%s" STR_FMT, STR_ARG(list), i > 0 ? " " : "",
                            STR_ARG(request->drops.at[i]));
    }
    return list;
}

static void check(const struct encode_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct model model = model_named(cases[i].model);
        bool is_fault = str_has_prefix(str_c(cases[i].want), STR("invalid "));
        str want = is_fault ? str_c(cases[i].want)
                            : quoted(arena_printf(&arena, "{%s}", cases[i].want).at);
        struct provider_request got = encode(&model, cases[i].chat);
        if (!str_eq(got.http.body, want)) {
            print_message("case %zu: %s %s\n", i, cases[i].model, cases[i].chat);
        }
        assert_str_equal(got.http.body, want);
        if (!str_eq(drops_of(&got), str_c(cases[i].drops))) {
            print_message("case %zu: %s %s\n", i, cases[i].model, cases[i].chat);
        }
        assert_str_equal(drops_of(&got), str_c(cases[i].drops));
        arena_reset(&arena);
    }
}

static void the_whole_id_is_one_segment_of_the_path(void **state)
{
    static const struct {
        const char *model;
        const char *chat;
        const char *path;
        const char *accept;
    } cases[] = {
        {SONNET, HI, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
         "application/json"},
        {NOVA, HI ",'stream':true", "/model/amazon.nova-lite-v1%3A0/converse-stream",
         "application/vnd.amazon.eventstream"},
        {"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2", HI,
         "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile"
         "%2Fa1b2/converse",
         "application/json"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct model model = model_named(cases[i].model);
        struct http_request http = encode(&model, cases[i].chat).http;
        assert_str_equal(http.method, STR("POST"));
        assert_str_equal(http.path, str_c(cases[i].path));
        assert_str_equal(headers_get(&http.headers, STR("accept")), str_c(cases[i].accept));
        assert_str_equal(headers_get(&http.headers, STR("content-type")), STR("application/json"));
        assert_int_equal(http.headers.count, 2);
    }
}

static void parameters_go_where_each_vendor_wants_them(void **state)
{
    static const struct encode_case cases[] = {
        {"anything", HI, SAID_HI, NULL},
        {NOVA, HI ",'max_tokens':10,'temperature':1.7,'top_p':0.5,'stop':['',' ','END']",
         "'inferenceConfig':{'maxTokens':10,'temperature':1.0,'topP':0.5,'stopSequences':['END']}"
         "," SAID_HI,
         NULL},
        {NOVA, HI ",'stop':[' ']", SAID_HI, NULL},
        {SONNET, HI ",'max_tokens':999999", "'inferenceConfig':{'maxTokens':64000}," SAID_HI, NULL},
        {NOVA, HI ",'top_k':7",
         "'additionalModelRequestFields':{'inferenceConfig':{'topK':7}}," SAID_HI, NULL},
        {SONNET, HI ",'top_k':7", "'additionalModelRequestFields':{'top_k':7}," SAID_HI, NULL},
        {SONNET, HI ",'top_k':0", SAID_HI, NULL},
        {LLAMA, HI ",'top_k':7", SAID_HI, "top_k"},
        {SONNET, HI ",'temperature':0.5,'top_p':0.5",
         "'inferenceConfig':{'temperature':0.5}," SAID_HI, "top_p"},
        {OPUS_5, HI ",'temperature':0.5,'top_p':0.5,'top_k':3", SAID_HI, "temperature top_p top_k"},
        {NOVA, HI ",'service_tier':'priority'", "'serviceTier':{'type':'priority'}," SAID_HI, NULL},
        {NOVA, HI ",'service_tier':'auto'", SAID_HI, NULL},
        {NOVA, HI ",'service_tier':'scale'", SAID_HI, "service_tier"},
        {NOVA,
         HI ",'n':2,'seed':1,'frequency_penalty':1,'presence_penalty':1,'logprobs':true,"
            "'logit_bias':{'1':2},'user':'u'",
         SAID_HI, "n seed frequency_penalty presence_penalty logprobs logit_bias user"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void thinking_is_told_as_each_family_wants_it(void **state)
{
    static const struct encode_case cases[] = {
        {SONNET, HI ",'max_tokens':4000,'temperature':0.5,'top_k':5,'reasoning':{'effort':'low'}",
         "'inferenceConfig':{'maxTokens':4000},'additionalModelRequestFields':{'thinking':{'type':"
         "'enabled','budget_tokens':1024}}," SAID_HI,
         "temperature top_k"},
        {SONNET, HI ",'top_p':0.97,'max_tokens':1000,'reasoning':{'max_tokens':2000}",
         "'inferenceConfig':{'maxTokens':3000,'topP':0.97},'additionalModelRequestFields':{"
         "'thinking':{'type':'enabled','budget_tokens':2000}}," SAID_HI,
         NULL},
        {SONNET, HI ",'reasoning':{'effort':'none'}", SAID_HI, NULL},
        {OPUS_5, HI ",'reasoning':{'enabled':false}",
         "'additionalModelRequestFields':{'thinking':{'type':'disabled'}}," SAID_HI, NULL},
        {OPUS_5, HI ",'reasoning':{'effort':'minimal'}",
         "'additionalModelRequestFields':{'thinking':{'type':'adaptive','display':'summarized'},"
         "'output_config':{'effort':'low'}}," SAID_HI,
         NULL},
        {"anthropic.claude-opus-4-5-20251101-v1:0", HI ",'verbosity':'low'",
         "'additionalModelRequestFields':{'output_config':{'effort':'low'},'anthropic_beta':["
         "'effort-2025-11-24']}," SAID_HI,
         NULL},
        {NOVA, HI ",'reasoning':{'effort':'high'}", SAID_HI, "reasoning"},
        {NOVA_2, HI ",'max_tokens':9,'temperature':0.5,'reasoning':{'effort':'medium'}",
         "'inferenceConfig':{'maxTokens':9,'temperature':0.5},'additionalModelRequestFields':{"
         "'reasoningConfig':{'type':'enabled','maxReasoningEffort':'medium'}}," SAID_HI,
         NULL},
        {NOVA_2, HI ",'max_tokens':9,'temperature':0.5,'reasoning':{'effort':'xhigh'}",
         "'additionalModelRequestFields':{'reasoningConfig':{'type':'enabled',"
         "'maxReasoningEffort':'high'}}," SAID_HI,
         "max_tokens temperature"},
        {GPT_OSS, HI ",'temperature':0.5,'reasoning':{'effort':'minimal'}",
         "'inferenceConfig':{'temperature':0.5},'additionalModelRequestFields':{"
         "'reasoning_effort':'low'}," SAID_HI,
         NULL},
        {GPT_OSS, HI ",'reasoning':{'enabled':false}",
         "'additionalModelRequestFields':{'reasoning_effort':'low'}," SAID_HI, "reasoning"},
        {LLAMA, HI ",'reasoning':{'effort':'high'}", SAID_HI, "reasoning"},
        /* A forced tool and a prefill exclude Claude's thinking. */
        {SONNET,
         HI ",'reasoning':{'effort':'high'},'tool_choice':'required','tools':[" TOOL("f") "]",
         "'toolConfig':{'tools':[" SPEC("f") "],'toolChoice':{'any':{}}}," SAID_HI, "reasoning"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void a_profile_is_told_as_the_model_behind_it(void **state)
{
    struct model model = model_named("arn:aws:bedrock:eu-west-1:1:application-inference-profile/a");

    (void)state;
    const char *chat = HI ",'max_tokens':4000,'reasoning':{'effort':'low'}";
    assert_str_equal(encode(&model, chat).http.body,
                     quoted("{'inferenceConfig':{'maxTokens':4000},'additionalModelRequestFields':"
                            "{'reasoning_effort':'low'}," SAID_HI "}"));
    model.rules = share_rules("claude-sonnet-4-5");
    assert_str_equal(encode(&model, chat).http.body,
                     quoted("{'inferenceConfig':{'maxTokens':4000},'additionalModelRequestFields':"
                            "{'thinking':{'type':'enabled','budget_tokens':1024}}," SAID_HI "}"));
}

static void tools_are_told_and_chosen_where_the_model_takes_it(void **state)
{
    static const struct encode_case cases[] = {
        {NOVA, HI ",'tools':[" TOOL("f") "]", "'toolConfig':{'tools':[" SPEC("f") "]}," SAID_HI,
         NULL},
        {NOVA, HI ",'tools':[{'type':'function','function':{'name':'f','description':' '}}]",
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}}]}," SAID_HI,
         NULL},
        {NOVA,
         HI ",'tools':[" TOOL("f") "],'tool_choice':{'type':'function','function':{'name':'f'}}",
         "'toolConfig':{'tools':[" SPEC("f") "],'toolChoice':{'tool':{'name':'f'}}}," SAID_HI,
         NULL},
        {NOVA, HI ",'tools':[" TOOL("f") "],'tool_choice':'none'", SAID_HI, NULL},
        {NOVA, HI ",'tools':[" TOOL("f") "],'tool_choice':'auto','parallel_tool_calls':false",
         "'toolConfig':{'tools':[" SPEC("f") "]}," SAID_HI, "parallel_tool_calls"},
        {LLAMA, HI ",'tools':[" TOOL("f") "],'tool_choice':'required'",
         "'toolConfig':{'tools':[" SPEC("f") "]}," SAID_HI, "tool_choice"},
        {LLAMA, HI ",'stream':true,'tools':[" TOOL("f") "]",
         "invalid [tools] `tools` cannot be used in a stream of this model: send `stream: false`",
         NULL},
        {TITAN, HI ",'tools':[" TOOL("f") "]",
         "invalid [tools] `tools` cannot be used by this model", NULL},
        {NOVA, HI ",'tools':[" TOOL("gatehouse_json_response") "]",
         "invalid [tools[0].function.name] `tools[0].function.name` is reserved", NULL},
        {SONNET,
         HI ",'tools':[{'type':'function','function':{'name':'f','parameters':{'type':'object',"
            "'anyOf':[{'required':['a']}]}}}]",
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f','description':'The input must also fit "
         "{\\'anyOf\\': [{\\'required\\':[\\'a\\']}]}.','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}}]}," SAID_HI,
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define CALL(id, name) \
    "{'id':'" id "','type':'function','function':{'name':'" name "','arguments':'{}'}}"
#define USE(id, name) "{'toolUse':{'toolUseId':'" id "','name':'" name "','input':{}}}"
#define RESULT(id, text) "{'toolResult':{'toolUseId':'" id "','content':[{'text':'" text "'}]}}"
#define LOOP(calls, results)                                                         \
    "'messages':[{'role':'user','content':'Hi'},{'role':'assistant','content':null," \
    "'tool_calls':[" calls "]}," results "]"
#define SAID_LOOP(uses, results)                                                                 \
    "'messages':[{'role':'user','content':[{'text':'Hi'}]},{'role':'assistant','content':[" uses \
    "]},{'role':'user','content':[" results "]}]"

static void tools_of_earlier_turns_are_described_again(void **state)
{
    static const struct encode_case cases[] = {
        {NOVA,
         LOOP(CALL("a", "f") "," CALL("b", "g") "," CALL("c", "f"),
              "{'role':'tool','tool_call_id':'b','content':'B'},"
              "{'role':'tool','tool_call_id':'a','content':' '},"
              "{'role':'tool','tool_call_id':'nobody','content':'N'},"
              "{'role':'user','content':'So?'}"),
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}},{'toolSpec':{'name':'g','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}}]}," SAID_LOOP(
             USE("a", "f") "," USE("b", "g") "," USE("c", "f"),
             RESULT("a", "(empty)") "," RESULT(
                 "b", "B") ",{'toolResult':{'toolUseId':'c','content':[{'text':'No result was "
                           "given for this call.'}],'status':'error'}},{'text':'So?'}"),
         NULL},
        {NOVA,
         LOOP(CALL("a", "f"),
              "{'role':'tool','tool_call_id':'a','content':'A'}") ",'tool_choice':'none','tools':"
                                                                  "[" TOOL("h") "]",
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}}]},'system':[{'text':'Call no tool now.'}]," SAID_LOOP(
             USE("a", "f"), RESULT("a", "A")),
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void ids_and_names_fit_the_model(void **state)
{
    static const struct encode_case cases[] = {
        /* Too long for Converse, in the call as in the result. */
        {NOVA,
         LOOP(CALL("call_0123456789012345678901234567890123456789012345678901234567890123456789",
                   "f.g"),
              "{'role':'tool','tool_call_id':'call_"
              "0123456789012345678901234567890123456789012345678901234567890123456789','content':"
              "'A'}"),
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f_g_dd8f8d18ff95d7d6','inputSchema':{'json':"
         "{'type':'object','properties':{}}}}}]}," SAID_LOOP(
             USE("call_012345678901234567890123456789012345678901_b26eeb5db7c62e95",
                 "f_g_dd8f8d18ff95d7d6"),
             RESULT("call_012345678901234567890123456789012345678901_b26eeb5db7c62e95", "A")),
         NULL},
        {MISTRAL,
         LOOP(CALL("call_1", "f"), "{'role':'tool','tool_call_id':'call_1','content':'A'}"),
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}}]}," SAID_LOOP(USE("9gD2Dimct", "f"), RESULT("9gD2Dimct", "A")),
         NULL},
        /* One id for two calls. */
        {NOVA,
         LOOP(CALL("a", "f") "," CALL("a", "f"),
              "{'role':'tool','tool_call_id':'a','content':'1'},"
              "{'role':'tool','tool_call_id':'a','content':'2'}"),
         "'toolConfig':{'tools':[{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object',"
         "'properties':{}}}}}]}," SAID_LOOP(USE("a", "f") "," USE("a_2", "f"),
                                            RESULT("a", "1") "," RESULT("a_2", "2")),
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void a_renamed_tool_is_known_by_its_own_name_in_the_answer(void **state)
{
    struct model model = model_named(NOVA);

    (void)state;
    struct provider_request request = encode(
        &model, HI ",'tools':[" TOOL("weather") "," TOOL("my.tool") "],'tool_choice':{'type':"
                                                                    "'function','function':{"
                                                                    "'name':'my.tool'}}");
    assert_int_equal(request.hints.alias_count, 1);
    assert_str_equal(request.hints.aliases[0].name, STR("my.tool"));
    str choice = arena_printf(&arena, "\"toolChoice\":{\"tool\":{\"name\":\"" STR_FMT "\"}}",
                              STR_ARG(request.hints.aliases[0].sent));
    assert_true(str_find(request.http.body, choice) < request.http.body.len);
}

static void turns_alternate_and_begin_with_the_user(void **state)
{
    static const struct encode_case cases[] = {
        {NOVA,
         "'messages':[{'role':'system','content':'S'},{'role':'developer','content':' '},"
         "{'role':'user','content':'A'},{'role':'user','content':' '},"
         "{'role':'assistant','content':'B'},{'role':'assistant','content':'C'},"
         "{'role':'system','content':'D'},{'role':'user','content':'E','name':'Eve'}]",
         "'system':[{'text':'S'}],'messages':[{'role':'user','content':[{'text':'A'}]},"
         "{'role':'assistant','content':[{'text':'B'},{'text':'C'}]},"
         "{'role':'user','content':[{'text':'D'},{'text':'Eve: E'}]}]",
         NULL},
        {NOVA, "'messages':[{'role':'system','content':'S'}]",
         "'system':[{'text':'S'}],'messages':[{'role':'user','content':[{'text':'(empty)'}]}]",
         NULL},
        {NOVA, "'messages':[{'role':'user','content':''}]",
         "'messages':[{'role':'user','content':[{'text':'(empty)'}]}]", NULL},
        {NOVA, "'messages':[{'role':'assistant','content':'A'},{'role':'user','content':'B'}]",
         "'messages':[{'role':'user','content':[{'text':'(empty)'}]},{'role':'assistant',"
         "'content':[{'text':'A'}]},{'role':'user','content':[{'text':'B'}]}]",
         NULL},
        {TITAN, "'messages':[{'role':'system','content':'S'},{'role':'user','content':'A'}]",
         "'messages':[{'role':'user','content':[{'text':'S'},{'text':'A'}]}]", NULL},
        {NOVA, "'messages':[{'role':'user','content':'A'},{'role':'assistant','content':'B \\n'}]",
         "'messages':[{'role':'user','content':[{'text':'A'}]},{'role':'assistant','content':[{"
         "'text':'B'}]}]",
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void what_cannot_be_prefilled_is_asked_for_in_words(void **state)
{
    struct model model = model_named(OPUS_5);

    (void)state;
    struct provider_request request = encode(&model, "'messages':[{'role':'user','content':'A'},"
                                                     "{'role':'assistant','content':'Once '}]");
    assert_str_equal(request.hints.prefill, STR("Once "));
    assert_true(str_find(request.http.body, STR("Continue your last message")) <
                request.http.body.len);
}

static void only_signed_thinking_of_claude_goes_back_to_claude(void **state)
{
#define DETAILS                                                                          \
    "'messages':[{'role':'user','content':'A'},{'role':'assistant','content':'B',"       \
    "'reasoning_details':[{'type':'reasoning.text','text':'T','signature':'S','format':" \
    "'anthropic-claude-v1'},{'type':'reasoning.text','text':'U','format':"               \
    "'anthropic-claude-v1'},{'type':'reasoning.encrypted','data':'D','format':"          \
    "'openai-responses-v1'}]},{'role':'user','content':'C'}]"
    static const struct encode_case cases[] = {
        {OPUS_5, DETAILS,
         "'messages':[{'role':'user','content':[{'text':'A'}]},{'role':'assistant','content':[{"
         "'reasoningContent':{'reasoningText':{'text':'T','signature':'S'}}},{'text':'B'}]},"
         "{'role':'user','content':[{'text':'C'}]}]",
         NULL},
        {SONNET, DETAILS, /* it does not think: what it thought is refused then */
         "'messages':[{'role':'user','content':[{'text':'A'}]},{'role':'assistant','content':[{"
         "'text':'B'}]},{'role':'user','content':[{'text':'C'}]}]",
         NULL},
        {NOVA, DETAILS,
         "'messages':[{'role':'user','content':[{'text':'A'}]},{'role':'assistant','content':[{"
         "'text':'B'}]},{'role':'user','content':[{'text':'C'}]}]",
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define USER(parts) "'messages':[{'role':'user','content':[" parts "]}]"
#define FILE_PART(name, data) \
    "{'type':'file','file':{'filename':'" name "','file_data':'" data "'}}"
#define DOCUMENT(format, name, bytes) \
    "{'document':{'format':'" format "','name':'" name "','source':{'bytes':'" bytes "'}}}"

static void media_are_bytes_in_the_formats_own_words(void **state)
{
    static const struct encode_case cases[] = {
        {NOVA, USER("{'type':'image_url','image_url':{'url':'data:image/png;base64,/9j/4AAQ'}}"),
         USER("{'image':{'format':'jpeg','source':{'bytes':'/9j/4AAQ'}}}"), NULL},
        {NOVA, USER("{'type':'image_url','image_url':{'url':'https://example.com/a.png'}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is a URL, which this model's "
         "provider does not fetch",
         NULL},
        {"amazon.nova-micro-v1:0",
         USER("{'type':'image_url','image_url':{'url':'data:image/png;base64,AAAA'}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is an image, which this model "
         "does not take",
         NULL},
        {NOVA,
         USER(FILE_PART("my.report_v2.pdf", "data:application/pdf;base64,JVBERi0=") "," FILE_PART(
             "my report v2.pdf", "data:application/pdf;base64,JVBERi0=") ",{'type':'text','text':"
                                                                         "'Compare'}"),
         USER(DOCUMENT("pdf", "my report v2", "JVBERi0=") "," DOCUMENT(
             "pdf", "my report v2 (2)", "JVBERi0=") ",{'text':'Compare'}"),
         NULL},
        {NOVA, USER(FILE_PART("", "data:text/x-log;base64,AAAA")),
         USER(DOCUMENT("txt", "document-1", "AAAA") ",{'text':'(empty)'}"), NULL},
        {NOVA, USER(FILE_PART("table.XLSX", "data:application/octet-stream;base64,AAAA")),
         USER(DOCUMENT("xlsx", "table", "AAAA") ",{'text':'(empty)'}"), NULL},
        {NOVA, USER(FILE_PART("a.bin", "data:application/octet-stream;base64,AAAA")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is of a media type this "
         "model's provider does not take",
         NULL},
        {NOVA, USER("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}"),
         USER("{'audio':{'format':'wav','source':{'bytes':'AAAA'}}}"), NULL},
        {NOVA, USER("{'type':'video_url','video_url':{'url':'data:video/mp4;base64,AAAA'}}"),
         USER("{'video':{'format':'mp4','source':{'bytes':'AAAA'}}}"), NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void bytes_of_urls_are_asked_for(void **state)
{
    struct model model = model_named(NOVA);
    struct chat_part image = {.kind = PART_IMAGE, .url = STR("https://example.com/a.png")};
    struct chat_part data = {.kind = PART_IMAGE, .data = STR("AAAA")};
    struct chat_part text = {.kind = PART_TEXT, .text = STR("https://example.com/a.png")};

    (void)state;
    assert_true(bedrock_dialect.needs_bytes(&image, &model));
    assert_false(bedrock_dialect.needs_bytes(&data, &model));
    assert_false(bedrock_dialect.needs_bytes(&text, &model));
}

#define MARK "'cache_control':{'type':'ephemeral'}"
#define POINT "{'cachePoint':{'type':'default'}}"

static void cache_marks_stand_behind_what_they_mark(void **state)
{
    static const struct encode_case cases[] = {
        {NOVA,
         "'messages':[{'role':'system','content':[{'type':'text','text':'S'," MARK
         "}]},{'role':'user','content':[{'type':'text','text':'A'," MARK
         "},{'type':'text','text':'B'}]}]",
         "'system':[{'text':'S'}," POINT
         "],'messages':[{'role':'user','content':[{'text':'A'}," POINT ",{'text':'B'}]}]",
         NULL},
        {LLAMA, "'messages':[{'role':'user','content':[{'type':'text','text':'A'," MARK "}]}]",
         "'messages':[{'role':'user','content':[{'text':'A'}]}]", "cache_control"},
        /* At most four, the oldest in the messages go; an hour after five minutes is refused. */
        {SONNET,
         "'messages':[{'role':'system','content':[{'type':'text','text':'S','cache_control':{"
         "'type':'ephemeral','ttl':'1h'}}]},{'role':'user','content':[{'type':'text','text':'A'"
         "," MARK "},{'type':'text','text':'B'," MARK "},{'type':'text','text':'C'," MARK
         "},{'type':'text','text':'D','cache_control':{'type':'ephemeral','ttl':'1h'}}]}]",
         "'system':[{'text':'S'},{'cachePoint':{'type':'default','ttl':'1h'}}],'messages':[{"
         "'role':'user','content':[{'text':'A'},{'text':'B'}," POINT ",{'text':'C'}," POINT
         ",{'text':'D'}," POINT "]}]",
         NULL},
        {NOVA, HI "," MARK, "'messages':[{'role':'user','content':[{'text':'Hi'}," POINT "]}]",
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define SCHEMA "{'type':'object','properties':{'a':{'type':'string'}},'required':['a']}"
#define FORMAT                                                                              \
    ",'response_format':{'type':'json_schema','json_schema':{'name':'thing','strict':true," \
    "'schema':" SCHEMA "}}"
#define JSON_SPEC                                                                           \
    "{'toolSpec':{'name':'gatehouse_json_response','description':'Gives the final answer. " \
    "Call it when the answer is known.','inputSchema':{'json':" SCHEMA "}}}"

static void a_schema_is_kept_as_well_as_the_model_can(void **state)
{
    static const struct encode_case cases[] = {
        {SONNET, HI FORMAT,
         "'outputConfig':{'textFormat':{'type':'json_schema','structure':{'jsonSchema':{'schema':"
         "'{\\'type\\':\\'object\\',\\'properties\\':{\\'a\\':{\\'type\\':\\'string\\'}},"
         "\\'required\\':[\\'a\\'],\\'additionalProperties\\':false}','name':'thing'}}}}," SAID_HI,
         NULL},
        {NOVA, HI FORMAT,
         "'toolConfig':{'tools':[" JSON_SPEC
         "],'toolChoice':{'tool':{'name':'gatehouse_json_response'}}}," SAID_HI,
         NULL},
        {NOVA, HI ",'tools':[" TOOL("f") "]" FORMAT,
         "'toolConfig':{'tools':[" SPEC("f") "," JSON_SPEC "],'toolChoice':{'any':{}}}," SAID_HI,
         NULL},
        {LLAMA, HI FORMAT,
         "'system':[{'text':'Answer with one JSON value and nothing else: no words around it, no "
         "code fence. It must be valid against this JSON Schema: {\\'type\\':\\'object\\',"
         "\\'properties\\':{\\'a\\':{\\'type\\':\\'string\\'}},\\'required\\':[\\'a\\']}'}]"
         "," SAID_HI,
         "response_format"},
        {TITAN, HI ",'response_format':{'type':'json_object'}",
         "'messages':[{'role':'user','content':[{'text':'Answer with one JSON object and nothing "
         "else: no words around it, no code fence.'},{'text':'Hi'}]}]",
         NULL},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_whole_id_is_one_segment_of_the_path, reset),
        cmocka_unit_test_teardown(parameters_go_where_each_vendor_wants_them, reset),
        cmocka_unit_test_teardown(thinking_is_told_as_each_family_wants_it, reset),
        cmocka_unit_test_teardown(a_profile_is_told_as_the_model_behind_it, reset),
        cmocka_unit_test_teardown(tools_are_told_and_chosen_where_the_model_takes_it, reset),
        cmocka_unit_test_teardown(tools_of_earlier_turns_are_described_again, reset),
        cmocka_unit_test_teardown(ids_and_names_fit_the_model, reset),
        cmocka_unit_test_teardown(a_renamed_tool_is_known_by_its_own_name_in_the_answer, reset),
        cmocka_unit_test_teardown(turns_alternate_and_begin_with_the_user, reset),
        cmocka_unit_test_teardown(what_cannot_be_prefilled_is_asked_for_in_words, reset),
        cmocka_unit_test_teardown(only_signed_thinking_of_claude_goes_back_to_claude, reset),
        cmocka_unit_test_teardown(media_are_bytes_in_the_formats_own_words, reset),
        cmocka_unit_test_teardown(bytes_of_urls_are_asked_for, reset),
        cmocka_unit_test_teardown(cache_marks_stand_behind_what_they_mark, reset),
        cmocka_unit_test_teardown(a_schema_is_kept_as_well_as_the_model_can, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
