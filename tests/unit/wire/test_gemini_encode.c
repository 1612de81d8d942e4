/* JSON in these tables is written with ' for ". */
#include "codec/json_write.h"
#include "wire/dialect.h"
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
        at[i] = (char)(copy.at[i] == '\'' ? '"' : copy.at[i]);
    }
    return str_of(at, copy.len);
}

static const struct site own = {.platform = PLATFORM_OWN};
static const struct site vertex = {
    .platform = PLATFORM_VERTEX, .region = STR_INIT("us-east4"), .project = STR_INIT("p-1")};

/* The request that the client's chat becomes for the model. */
static enum err encode_at(const struct site *site, const char *name, const char *members,
                          struct provider_request *out, struct fault *fault)
{
    str body = quoted(arena_printf(&arena, "{'model':'x',%s}", members));
    struct model model = {
        .name = str_c(name),
        .quirks = share_quirks("gemini", "gemini"),
        .rules = share_rules(name),
        .site = site,
    };
    struct chat_request *chat = NULL;

    if (openai_chat_surface.decode_request(body, &arena, &chat, fault) != ERR_OK) {
        fail_msg("the chat is wrong: " STR_FMT, STR_ARG(fault->message));
    }
    enum err err = gemini_dialect.encode_request(chat, &model, &arena, out, fault);
    if (err == ERR_OK) {
        assert_non_null(json_read_lenient(&arena, out->http.body));
    }
    return err;
}

/* Its body, behind it what was dropped; or the fault in words. */
static str encode(const struct site *site, const char *name, const char *members)
{
    struct provider_request request = {0};
    struct fault fault = {0};

    if (encode_at(site, name, members, &request, &fault) != ERR_OK) {
        return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(fault.kind),
                            STR_ARG(fault.param), STR_ARG(fault.message));
    }
    str got = request.http.body;
    for (size_t i = 0; i < request.drops.count; i++) {
        str drop = request.drops.at[i];
        got = arena_printf(&arena, STR_FMT " -" STR_FMT, STR_ARG(got), STR_ARG(drop));
    }
    return got;
}

struct encode_case {
    const char *model;
    const char *members; /* of the client's body */
    const char *want;
};

#define HI "'messages':[{'role':'user','content':'Hi'}]"
#define HI_SENT "'contents':[{'role':'user','parts':[{'text':'Hi'}]}]"

/* A fault's words hold quotes of their own. */
static void check_one(const struct site *site, const struct encode_case *row, str members, str want)
{
    str got = encode(site, row->model, members.at);

    if (!str_eq(got, want)) {
        print_message("%s %s\n", row->model, row->members);
    }
    assert_str_equal(got, want);
    arena_reset(&arena);
}

/* Cases about parameters: the chat is one word. */
static void check_parameters(const struct encode_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str members = arena_printf(&arena, HI "%s", cases[i].members);
        str want = cases[i].want[0] == 'i'
                       ? str_c(cases[i].want)
                       : quoted(arena_printf(&arena, "{" HI_SENT "%s", cases[i].want));
        check_one(&own, &cases[i], members, want);
    }
}

/* Cases about messages: nothing else is asked for. */
static void check_messages(const struct site *site, const struct encode_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str members = arena_printf(&arena, "'messages':[%s]", cases[i].members);
        str want = cases[i].want[0] == 'i' ? str_c(cases[i].want)
                                           : quoted(arena_printf(&arena, "{%s}", cases[i].want));
        check_one(site, &cases[i], members, want);
    }
}

/* ---- Where it goes ---- */

static void the_path_says_platform_model_and_method(void **state)
{
    static const struct site express = {.platform = PLATFORM_VERTEX};
    static const struct site nowhere = {.platform = PLATFORM_VERTEX, .project = STR_INIT("p")};
    static const struct {
        const struct site *site;
        const char *model;
        const char *members;
        const char *path;
    } cases[] = {
        {&own, "gemini-2.5-pro", "", "/v1beta/models/gemini-2.5-pro:generateContent"},
        {NULL, "models/gemini-2.5-pro", ",'stream':true",
         "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"},
        {&own, "tunedModels/mine", "", "/v1beta/tunedModels/mine:generateContent"},
        {&vertex, "gemini-2.5-pro", "",
         "/v1/projects/p-1/locations/us-east4/publishers/google/models/"
         "gemini-2.5-pro:generateContent"},
        {&vertex, "google/gemini-2.5-pro", ",'stream':true",
         "/v1/projects/p-1/locations/us-east4/publishers/google/models/"
         "gemini-2.5-pro:streamGenerateContent?alt=sse"},
        {&vertex, "endpoints/42", "",
         "/v1/projects/p-1/locations/us-east4/endpoints/42:generateContent"},
        {&nowhere, "g", "",
         "/v1/projects/p/locations/global/publishers/google/models/g:generateContent"},
        {&express, "g", "", "/v1/publishers/google/models/g:generateContent"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct provider_request request = {0};
        struct fault fault = {0};
        str members = arena_printf(&arena, HI "%s", cases[i].members);
        assert_int_equal(encode_at(cases[i].site, cases[i].model, members.at, &request, &fault),
                         ERR_OK);
        assert_str_equal(request.http.method, STR("POST"));
        assert_str_equal(request.http.path, str_c(cases[i].path));
        assert_int_equal(request.http.headers.count, 1);
        assert_str_equal(headers_get(&request.http.headers, STR("content-type")),
                         STR("application/json"));
    }
}

/* ---- Parameters ---- */

static void limits_and_sampling_go_into_the_config(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash", "", "}"},
        {"gemini-2.5-flash",
         ",'max_tokens':100,'temperature':0.5,'top_p':0.9,'top_k':40,'seed':7,"
         "'presence_penalty':0.1,'frequency_penalty':-0.1",
         ",'generationConfig':{'maxOutputTokens':100,'temperature':0.5,'topP':0.9,'topK':40,"
         "'seed':7,'presencePenalty':0.1,'frequencyPenalty':-0.1}}"},
        {"gemini-2.5-flash", ",'max_completion_tokens':100000",
         ",'generationConfig':{'maxOutputTokens':65536}}"},
        {"gemini-2.5-flash", ",'top_k':0,'seed':3000000000", "} -seed"},
        {"gemini-2.5-flash", ",'stop':['a','b','c','']",
         ",'generationConfig':{'stopSequences':['a','b','c']}}"},
        {"gemini-2.5-flash", ",'n':3", ",'generationConfig':{'candidateCount':3}}"},
        {"gemini-2.5-flash", ",'n':9", ",'generationConfig':{'candidateCount':8}} -n"},
        {"gemini-2.5-flash", ",'n':2,'stream':true", "} -n"},
        {"gemini-2.0-flash", ",'n':2,'stream':true", ",'generationConfig':{'candidateCount':2}}"},
        {"gemini-2.5-flash", ",'logprobs':true,'top_logprobs':3",
         ",'generationConfig':{'responseLogprobs':true,'logprobs':3}}"},
        {"gemini-2.5-flash", ",'logprobs':true", ",'generationConfig':{'responseLogprobs':true}}"},
        {"gemini-2.5-flash",
         ",'min_p':0.1,'repetition_penalty':1.1,'logit_bias':{'1':1},'user':'u','store':true,"
         "'verbosity':'low','parallel_tool_calls':true",
         "} -min_p -repetition_penalty -logit_bias -user -store -verbosity"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void media_of_the_answer_are_asked_for(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash", ",'modalities':['text']", "}"},
        {"gemini-2.5-flash-image",
         ",'modalities':['text','image'],'image_config':{'aspect_ratio':'16:9','image_size':'2K'}",
         ",'generationConfig':{'responseModalities':['TEXT','IMAGE'],"
         "'imageConfig':{'aspectRatio':'16:9','imageSize':'2K'}}}"},
        {"gemini-2.5-flash", ",'modalities':['audio'],'audio':{'voice':'Kore','format':'pcm16'}",
         ",'generationConfig':{'responseModalities':['AUDIO'],'speechConfig':{'voiceConfig':"
         "{'prebuiltVoiceConfig':{'voiceName':'Kore'}}}}}"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

#define SCHEMA                                                                               \
    "'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'$schema':" \
    "'s','type':'object','properties':{'a':{'const':'x'}},'additionalProperties':false}}}"
#define TOOL "{'type':'function','function':{'name':'f'}}"

static void a_form_of_the_answer_is_asked_for_as_the_model_takes_it(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash", ",'response_format':{'type':'text'}", "}"},
        {"gemini-2.5-flash", ",'response_format':{'type':'json_object'}",
         ",'generationConfig':{'responseMimeType':'application/json'}}"},
        {"gemini-2.5-flash", "," SCHEMA,
         ",'generationConfig':{'responseMimeType':'application/json','responseJsonSchema':{"
         "'type':'object','properties':{'a':{'const':'x'}},'additionalProperties':false}}}"},
        {"gemini-2.0-flash", "," SCHEMA,
         ",'generationConfig':{'responseMimeType':'application/json','responseSchema':{"
         "'type':'object','properties':{'a':{'type':'string','enum':['x']}}}}}"},
        {"gemini-3-pro-preview", "," SCHEMA ",'tools':[" TOOL "]",
         ",'tools':[{'functionDeclarations':[{'name':'f'}]}],'generationConfig':{"
         "'responseMimeType':'application/json','responseJsonSchema':{'type':'object',"
         "'properties':{'a':{'const':'x'}},'additionalProperties':false}}}"},
        {"gemini-2.5-flash", "," SCHEMA ",'tools':[" TOOL "]",
         ",'tools':[{'functionDeclarations':[{'name':'f'},{'name':'gatehouse_json_response',"
         "'description':'Gives the final answer. Call it when the answer is known.',"
         "'parametersJsonSchema':{'type':'object','properties':{'a':{'const':'x'}},"
         "'additionalProperties':false}}]}],"
         "'toolConfig':{'functionCallingConfig':{'mode':'ANY'}}}"},
        {"gemini-2.5-flash", "," SCHEMA ",'tools':[" TOOL "],'tool_choice':'none'",
         ",'generationConfig':{'responseMimeType':'application/json','responseJsonSchema':{"
         "'type':'object','properties':{'a':{'const':'x'}},'additionalProperties':false}}}"},
        {"gemini-2.5-flash", ",'response_format':{'type':'grammar','grammar':'x'}",
         "invalid [response_format.type] `response_format.type` is not known to this model's "
         "provider"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void where_a_form_cannot_be_said_words_ask_for_it(void **state)
{
    static const struct encode_case cases[] = {
        {"gemma-3-27b-it", HI ",'response_format':{'type':'json_object'}",
         "{'contents':[{'role':'user','parts':[{'text':'Answer with one JSON object and nothing "
         "else: no words around it, no code fence.'},{'text':'Hi'}]}]}"},
        {"gemini-2.5-flash", HI "," SCHEMA ",'tools':[" TOOL "],'tool_choice':'required'",
         "{'systemInstruction':{'parts':[{'text':'Answer with one JSON value and nothing else: no "
         "words around it, no code fence. It must be valid against this JSON Schema: "
         "{\\'$schema\\':\\'s\\',\\'type\\':\\'object\\',\\'properties\\':{\\'a\\':{\\'const\\':"
         "\\'x\\'}},\\'additionalProperties\\':false}'}]}," HI_SENT
         ",'tools':[{'functionDeclarations':[{'name':'f'}]}],"
         "'toolConfig':{'functionCallingConfig':{'mode':'ANY'}}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_one(&own, &cases[i], str_c(cases[i].members), quoted(str_c(cases[i].want)));
    }
}

static void tools_are_declared_with_schemas_that_the_model_reads(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash",
         ",'tools':[{'type':'function','function':{'name':'get.it','description':'D','strict':true,"
         "'parameters':{'$schema':'x','type':'object','properties':{'a':{'type':['string','null']}"
         "},'additionalProperties':false}}}]",
         ",'tools':[{'functionDeclarations':[{'name':'get.it','description':'D',"
         "'parametersJsonSchema':{'type':'object','properties':{'a':{'type':['string','null']}},"
         "'additionalProperties':false}}]}],"
         "'toolConfig':{'functionCallingConfig':{'mode':'VALIDATED'}}}"},
        {"gemini-2.0-flash",
         ",'tools':[{'type':'function','function':{'name':'f','strict':true,'parameters':{"
         "'type':'object','properties':{'a':{'type':['string','null']}},"
         "'additionalProperties':false}}}]",
         ",'tools':[{'functionDeclarations':[{'name':'f','parameters':{'type':'object',"
         "'properties':{'a':{'type':'string','nullable':true}}}}]}]}"},
        {"gemini-2.0-flash",
         ",'tools':[{'type':'function','function':{'name':'f','parameters':{'type':'object',"
         "'properties':{}}}}]",
         ",'tools':[{'functionDeclarations':[{'name':'f'}]}]}"},
        {"gemini-2.5-flash",
         ",'tools':[{'type':'function','function':{'name':'"
         "gatehouse_json_response'}}]",
         "invalid [tools[0].function.name] `tools[0].function.name` is reserved"},
        {"gemini-2.5-flash-image", ",'tools':[" TOOL "]",
         "invalid [tools] `tools` are not taken by this model"},
        {"gemini-2.5-flash", ",'web_search_options':{}", ",'tools':[{'googleSearch':{}}]}"},
        {"gemini-2.5-flash", ",'web_search_options':{},'tools':[" TOOL "]",
         ",'tools':[{'functionDeclarations':[{'name':'f'}]}]} -web_search_options"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void a_choice_of_tools_is_a_mode(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash", ",'tools':[" TOOL "],'tool_choice':'auto'", "'AUTO'"},
        {"gemini-2.5-flash", ",'tools':[" TOOL "],'tool_choice':'none'", "'NONE'"},
        {"gemini-2.5-flash", ",'tools':[" TOOL "],'tool_choice':'required'", "'ANY'"},
        {"gemini-2.5-flash",
         ",'tools':[" TOOL "],'tool_choice':{'type':'function','function':{'name':'f'}}",
         "'ANY','allowedFunctionNames':['f']"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str members = arena_printf(&arena, HI "%s", cases[i].members);
        str want = arena_printf(&arena,
                                "{" HI_SENT ",'tools':[{'functionDeclarations':[{'name':'f'}]}],"
                                "'toolConfig':{'functionCallingConfig':{'mode':%s}}}",
                                cases[i].want);
        check_one(&own, &cases[i], members, quoted(want));
    }
}

static void thinking_is_told_as_a_budget_or_as_a_level(void **state)
{
    static const struct {
        const char *model;
        const char *members;
        const char *want; /* thinkingConfig; empty: none */
    } cases[] = {
        {"gemini-2.5-flash", "", ""},
        {"gemini-2.5-flash", ",'reasoning':{'enabled':true}",
         "{'thinkingBudget':12288,'includeThoughts':true}"},
        {"gemini-2.5-flash", ",'reasoning':{'effort':'high'}",
         "{'thinkingBudget':19660,'includeThoughts':true}"},
        {"gemini-2.5-flash", ",'reasoning':{'effort':'high'},'max_tokens':1000",
         "{'thinkingBudget':500,'includeThoughts':true}"},
        {"gemini-2.5-flash", ",'reasoning':{'max_tokens':99999,'exclude':true}",
         "{'thinkingBudget':24576}"},
        {"gemini-2.5-flash-lite", ",'reasoning':{'max_tokens':7}",
         "{'thinkingBudget':512,'includeThoughts':true}"},
        {"gemini-2.5-flash", ",'reasoning':{'enabled':false}", "{'thinkingBudget':0}"},
        {"gemini-2.5-pro", ",'reasoning_effort':'none'", "{'thinkingBudget':128}"},
        {"gemini-3-flash-preview", ",'reasoning':{'enabled':true}",
         "{'thinkingLevel':'MEDIUM','includeThoughts':true}"},
        {"gemini-3-flash-preview", ",'reasoning':{}", "{'includeThoughts':true}"},
        {"gemini-2.5-flash", ",'reasoning':{'exclude':true}", ""},
        {"gemini-3-flash-preview", ",'reasoning_effort':'medium'",
         "{'thinkingLevel':'MEDIUM','includeThoughts':true}"},
        {"gemini-3-flash-preview", ",'reasoning':{'effort':'xhigh','exclude':true}",
         "{'thinkingLevel':'HIGH'}"},
        {"gemini-3-flash-preview", ",'reasoning':{'effort':'none'}", "{'thinkingLevel':'MINIMAL'}"},
        {"gemini-3-pro-preview", ",'reasoning_effort':'minimal'",
         "{'thinkingLevel':'LOW','includeThoughts':true}"},
        {"gemini-3-flash-preview", ",'reasoning':{'max_tokens':6000}",
         "{'thinkingLevel':'LOW','includeThoughts':true}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct provider_request request = {0};
        struct fault fault = {0};
        str members = arena_printf(&arena, HI "%s", cases[i].members);
        assert_int_equal(encode_at(&own, cases[i].model, members.at, &request, &fault), ERR_OK);
        json *root = json_read_lenient(&arena, request.http.body);
        json *config = json_get(json_get(root, "generationConfig"), "thinkingConfig");
        str got = config != NULL ? json_to_text(&arena, config) : STR_NONE;
        if (!str_eq(got, quoted(str_c(cases[i].want)))) {
            print_message("%s %s\n", cases[i].model, cases[i].members);
        }
        assert_str_equal(got, quoted(str_c(cases[i].want)));
    }
}

static void a_model_that_does_not_think_is_not_told_to(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.0-flash", ",'reasoning':{'effort':'high'}", "} -reasoning"},
        {"gemini-2.0-flash", ",'reasoning':{'effort':'none'}", "}"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void members_of_googles_own_are_passed_on(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash",
         ",'safety_settings':[{'category':'C','threshold':'OFF'}],'cached_content':'c/1'",
         ",'safetySettings':[{'category':'C','threshold':'OFF'}],'cachedContent':'c/1'}"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

/* ---- Messages ---- */

static void roles_are_merged_and_begin_with_the_user(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash",
         "{'role':'system','content':'S1'},{'role':'developer','content':[{'type':'text','text':"
         "'S2'},{'type':'text','text':' '}]},{'role':'user','name':'ann','content':'A'},"
         "{'role':'user','content':'B'},{'role':'assistant','content':'C'},"
         "{'role':'system','content':'S3'},{'role':'user','content':''},"
         "{'role':'user','content':'D'}",
         "'systemInstruction':{'parts':[{'text':'S1'},{'text':'S2'}]},'contents':[{'role':'user',"
         "'parts':[{'text':'ann: A'},{'text':'B'}]},{'role':'model','parts':[{'text':'C'}]},"
         "{'role':'user','parts':[{'text':'S3'},{'text':'D'}]}]"},
        {"gemini-2.5-flash",
         "{'role':'assistant','content':'A'},{'role':'assistant','content':''},"
         "{'role':'user','content':'B'}",
         "'contents':[{'role':'user','parts':[{'text':'.'}]},{'role':'model','parts':[{'text':'A'}"
         "]},{'role':'user','parts':[{'text':'B'}]}]"},
        {"gemma-3-4b-it", "{'role':'system','content':'S'},{'role':'user','content':'A'}",
         "'contents':[{'role':'user','parts':[{'text':'S'},{'text':'A'}]}]"},
        {"gemini-2.5-flash", "{'role':'system','content':'S'}",
         "'contents':[{'role':'user','parts':[{'text':'S'}]}]"},
        {"gemini-2.5-flash", "{'role':'user','content':''}",
         "'contents':[{'role':'user','parts':[{'text':'.'}]}]"},
        {"gemini-2.5-flash",
         "{'role':'system','content':[{'type':'image_url','image_url':{'url':"
         "'data:image/png;base64,AAAA'}}]},{'role':'user','content':'A'}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` must be text in this role"},
    };

    (void)state;
    check_messages(&own, cases, COUNT_OF(cases));
}

#define CALL(id, name, arguments) \
    "{'id':'" id "','type':'function','function':{'name':'" name "','arguments':'" arguments "'}}"
#define CALL_F_C CALL("c", "f", "{}")
#define CALL_F_C1 CALL("c1", "f", "{}")
#define CALL_F_C1_BIG CALL("c1", "f", "{\\'n\\': 12345678901234567890.10}")
#define CALL_F_C1_CUT CALL("c1", "f", "{")
#define CALL_F_C2 CALL("c2", "f", "{}")
#define CALL_F_C3_LIST CALL("c3", "f", "[1]")
#define CALL_G_C CALL("c", "g", "{}")
#define CALL_G_C2 CALL("c2", "g", "{}")
#define CALL_G_C2_BARE CALL("c2", "g", "")
#define CALL_H_C CALL("c", "h", "{}")
#define RESULT(id, text) "{'role':'tool','tool_call_id':'" id "','content':'" text "'}"
#define RESULT_C1_1 RESULT("c1", "1")
#define RESULT_C1_BIG RESULT("c1", " {\\'big\\': 98765432109876543210} ")
#define RESULT_C2_2 RESULT("c2", "2")
#define RESULT_C3_PLAIN RESULT("c3", "plain")
#define RESULT_C9_LOST RESULT("c9", "lost")
#define RESULT_C_1 RESULT("c", "1")
#define RESULT_C_2 RESULT("c", "2")
#define RESULT_C_3 RESULT("c", "3")

static void results_stand_together_behind_their_calls(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash",
         "{'role':'user','content':'A'},{'role':'assistant','content':'B','tool_calls':"
         "[" CALL_F_C1_BIG "," CALL_G_C2_BARE "," CALL_F_C3_LIST "]}," RESULT_C3_PLAIN
         "," RESULT_C1_BIG "," RESULT_C9_LOST ",{'role':'user',"
         "'content':'C'}",
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':[{'"
         "text':'B'},"
         "{'functionCall':{'id':'c1','name':'f','args':{'n': 12345678901234567890.10}}},"
         "{'functionCall':{'id':'c2','name':'g','args':{}}},"
         "{'functionCall':{'id':'c3','name':'f','args':{'value':[1]}}}]},"
         "{'role':'user','parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'big': "
         "98765432109876543210}}},"
         "{'functionResponse':{'id':'c2','name':'g','response':{'error':"
         "'No result was given for this call.'}}},"
         "{'functionResponse':{'id':'c3','name':'f','response':{'result':'plain'}}}]},"
         "{'role':'user','parts':[{'text':'C'}]}]"},
        {"gemini-2.5-flash",
         "{'role':'user','content':'A'},{'role':'assistant','tool_calls':[" CALL_F_C1_CUT "]}",
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'id':'c1','name':'f','args':{'_raw':'{'}}}]},{'role':'user','"
         "parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'error':"
         "'No result was given for this call.'}}}]}]"},
        {"gemini-2.5-flash",
         "{'role':'user','content':'A'},{'role':'assistant','tool_calls':[" CALL_F_C "," CALL_G_C
         "]}," RESULT_C_1 "," RESULT_C_2 ",{'role':'assistant','tool_"
         "calls':"
         "[" CALL_H_C "]}," RESULT_C_3,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'id':'c','name':'f','args':{}}},"
         "{'functionCall':{'id':'c','name':'g','args':{}}}]},{'role':'user','parts':["
         "{'functionResponse':{'id':'c','name':'f','response':{'result':'1'}}},"
         "{'functionResponse':{'id':'c','name':'g','response':{'result':'2'}}}]},"
         "{'role':'model','parts':[{'functionCall':{'id':'c','name':'h','args':{}}}]},"
         "{'role':'user','parts':["
         "{'functionResponse':{'id':'c','name':'h','response':{'result':'3'}}}]}]"},
    };
    static const struct encode_case on_vertex[] = {
        {"gemini-2.5-flash",
         "{'role':'user','content':'A'},{'role':'assistant','tool_calls':[" CALL_F_C1
         "]}," RESULT_C1_1,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'name':'f','args':{}}}]},{'role':'user','parts':["
         "{'functionResponse':{'name':'f','response':{'result':'1'}}}]}]"},
    };

    (void)state;
    check_messages(&own, cases, COUNT_OF(cases));
    check_messages(&vertex, on_vertex, COUNT_OF(on_vertex));
}

#define IMAGE "{'type':'image_url','image_url':{'url':'data:image/png;base64,iVBORw0KGgoA'}}"
#define IMAGE_SENT "{'inlineData':{'mimeType':'image/png','data':'iVBORw0KGgoA'}}"

static void media_of_results_go_where_the_model_looks(void **state)
{
    static const char chat[] =
        "{'role':'user','content':'A'},{'role':'assistant','tool_calls':[" CALL_F_C1
        "]},{'role':'tool','tool_call_id':'c1','content':[{'type':'text','"
        "text':'a'}," IMAGE ",{'type':'text','text':'b'}]}";
    const struct encode_case cases[] = {
        {"gemini-2.5-flash", chat,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'id':'c1','name':'f','args':{}}}]},{'role':'user','parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'result':'a\\nb'}}}]},"
         "{'role':'user','parts':[" IMAGE_SENT "]}]"},
        {"gemini-3-pro-preview", chat,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'id':'c1','name':'f','args':{}},"
         "'thoughtSignature':'skip_thought_signature_validator'}]},{'role':'user','parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'result':'a\\nb'},'parts':"
         "[" IMAGE_SENT "]}}]}]"},
    };

    (void)state;
    check_messages(&own, cases, COUNT_OF(cases));
}

#define DETAIL(type, rest) "{'type':'reasoning." type "','format':'google-gemini-v1'," rest "}"
#define DETAIL_LOST DETAIL("encrypted", "'data':'s3'")
#define DETAIL_OF_C1 DETAIL("encrypted", "'data':'s1','id':'c1'")
#define DETAIL_OF_TEXT DETAIL("encrypted", "'data':'sx'")
#define DETAIL_SIGNED DETAIL("text", "'text':'T','signature':'st'")
#define DETAIL_UNSIGNED DETAIL("text", "'text':'unsigned'")

static void signatures_return_to_the_parts_they_came_with(void **state)
{
    static const struct encode_case cases[] = {
        /* By the id of the call; other vendors' and readable thoughts without one are left out. */
        {"gemini-3-pro-preview",
         "{'role':'user','content':'A'},{'role':'assistant','content':'B','reasoning_details':"
         "[" DETAIL_UNSIGNED "," DETAIL_SIGNED "," DETAIL_OF_C1 "," DETAIL_OF_TEXT ","
         "{'type':'reasoning.encrypted','data':'no','id':'c2','format':'openai-responses-v1'}],"
         "'tool_calls':[" CALL_F_C1 "," CALL_G_C2 "]}," RESULT_C1_1 "," RESULT_C2_2,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'text':'T','thought':true,'thoughtSignature':'st'},"
         "{'text':'B','thoughtSignature':'sx'},"
         "{'functionCall':{'id':'c1','name':'f','args':{}},'thoughtSignature':'s1'},"
         "{'functionCall':{'id':'c2','name':'g','args':{}}}]},{'role':'user','parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'result':'1'}}},"
         "{'functionResponse':{'id':'c2','name':'g','response':{'result':'2'}}}]}]"},
        /* Where Google's compatible endpoint puts it; an id that was lost. */
        {"gemini-2.5-flash",
         "{'role':'user','content':'A'},{'role':'assistant','tool_calls':[{'id':'c1','type':"
         "'function','function':{'name':'f','arguments':'{}'},'extra_content':{'google':"
         "{'thought_signature':'s2'}}}]}," RESULT_C1_1 ","
         "{'role':'assistant','reasoning_details':[" DETAIL_LOST "],"
         "'tool_calls':[" CALL_F_C2 "]}," RESULT_C2_2,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'id':'c1','name':'f','args':{}},'thoughtSignature':'s2'}]},"
         "{'role':'user','parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'result':'1'}}}]},"
         "{'role':'model','parts':["
         "{'functionCall':{'id':'c2','name':'f','args':{}},'thoughtSignature':'s3'}]},"
         "{'role':'user','parts':["
         "{'functionResponse':{'id':'c2','name':'f','response':{'result':'2'}}}]}]"},
        /* All is lost: only models that reason by level need the first call's. */
        {"gemini-3.6-flash",
         "{'role':'user','content':'A'},{'role':'assistant','tool_calls':[" CALL_F_C1 "," CALL_F_C2
         "]}," RESULT_C1_1 "," RESULT_C2_2,
         "'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
         "{'functionCall':{'id':'c1','name':'f','args':{}},"
         "'thoughtSignature':'skip_thought_signature_validator'},"
         "{'functionCall':{'id':'c2','name':'f','args':{}}}]},{'role':'user','parts':["
         "{'functionResponse':{'id':'c1','name':'f','response':{'result':'1'}}},"
         "{'functionResponse':{'id':'c2','name':'f','response':{'result':'2'}}}]}]"},
    };

    (void)state;
    check_messages(&own, cases, COUNT_OF(cases));
}

static void media_are_sent_inline_or_by_what_google_reads(void **state)
{
    static const struct encode_case cases[] = {
        {"gemini-2.5-flash",
         "{'role':'user','content':[" IMAGE
         ",{'type':'file','file':{'filename':'a.pdf','file_data':'data:application/octet-stream;"
         "base64,JVBERi0x'}},{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}},"
         "{'type':'video_url','video_url':{'url':'https://youtu.be/x'}},"
         "{'type':'video_url','video_url':{'url':'data:video/mp4;base64,AAAA'}},"
         "{'type':'file','file':{'file_id':'files/abc'}}]}",
         "'contents':[{'role':'user','parts':[" IMAGE_SENT
         ",{'inlineData':{'mimeType':'application/pdf','data':'JVBERi0x'}},"
         "{'inlineData':{'mimeType':'audio/wav','data':'AAAA'}},"
         "{'fileData':{'mimeType':'video/mp4','fileUri':'https://youtu.be/x'}},"
         "{'inlineData':{'mimeType':'video/mp4','data':'AAAA'}},"
         "{'fileData':{'fileUri':'https://generativelanguage.googleapis.com/v1beta/files/abc'}}"
         "]}]"},
        {"gemini-2.5-flash",
         "{'role':'user','content':[{'type':'image_url','image_url':{'url':"
         "'data:image/gif;base64,R0lGODdh'}}]}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` must be a PNG, JPEG, WebP, "
         "HEIC or HEIF image"},
        {"gemini-2.5-flash",
         "{'role':'user','content':[{'type':'text','text':'x'},{'type':'image_url','image_url':"
         "{'url':'https://a.example/x.png'}}]}",
         "invalid [messages[0].content[1]] `messages[0].content[1]` must be sent as data to this "
         "model's provider"},
        {"gemini-2.5-flash",
         "{'role':'user','content':[{'type':'file','file':{'file_id':'file-1'}}]}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` names an uploaded file, which "
         "this provider has not"},
        {"gemini-2.5-flash",
         "{'role':'user','content':[{'type':'image_url','image_url':{'url':"
         "'data:image/png;base64,no!'}}]}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` does not hold base64 data"},
        {"gemini-2.5-flash", "{'role':'user','content':[{'type':'hologram'}]}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` is of a type this model's "
         "provider does not know"},
        {"gemini-1.0-pro", "{'role':'user','content':[" IMAGE "]}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` is an image, which this model "
         "does not take"},
    };
    static const struct encode_case on_vertex[] = {
        {"gemini-2.5-flash",
         "{'role':'user','content':[{'type':'image_url','image_url':{'url':"
         "'https://a.example/x.JPG?y=1'}},{'type':'file','file':{'file_id':'gs://b/c.pdf'}}]}",
         "'contents':[{'role':'user','parts':["
         "{'fileData':{'mimeType':'image/jpeg','fileUri':'https://a.example/x.JPG?y=1'}},"
         "{'fileData':{'mimeType':'application/pdf','fileUri':'gs://b/c.pdf'}}]}]"},
    };

    (void)state;
    check_messages(&own, cases, COUNT_OF(cases));
    check_messages(&vertex, on_vertex, COUNT_OF(on_vertex));
}

static void bytes_are_needed_where_google_does_not_read(void **state)
{
    static const struct {
        const char *url;
        bool needed;
        bool needed_on_vertex;
    } cases[] = {
        {"", false, false},
        {"https://a.example/x.png", true, false},
        {"http://a.example/x.png", true, true},
        {"https://a.example/x", true, true},
        {"https://a.example.png/", true, true},
        {"gs://b/x.mp4", true, false},
        {"https://www.youtube.com/watch?v=1", false, false},
        {"https://generativelanguage.googleapis.com/v1beta/files/a", false, true},
        {"https://youtube.com.example/x", true, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct chat_part part = {.kind = PART_IMAGE, .url = str_c(cases[i].url)};
        struct model model = {.name = STR("gemini-2.5-flash"), .site = &own};
        assert_int_equal(gemini_dialect.needs_bytes(&part, &model), cases[i].needed);
        model.site = &vertex;
        assert_int_equal(gemini_dialect.needs_bytes(&part, &model), cases[i].needed_on_vertex);
    }
}

/* ---- Hints ---- */

static void names_that_google_cannot_spell_find_their_way_back(void **state)
{
    struct provider_request request = {0};
    struct fault fault = {0};

    (void)state;
    assert_int_equal(
        encode_at(&own, "gemini-2.5-flash",
                  HI ",'tools':[{'type':'function','function':{'name':'9 lives'}},"
                     "{'type':'function','function':{'name':'f.x:y-z'}}],'tool_choice':{'type':"
                     "'function','function':{'name':'9 lives'}}",
                  &request, &fault),
        ERR_OK);
    assert_int_equal(request.hints.alias_count, 1);
    str sent = request.hints.aliases[0].sent;
    assert_true(str_has_prefix(sent, STR("_9_lives_")));
    assert_str_equal(hints_tool_name(&request.hints, sent), STR("9 lives"));
    assert_str_equal(
        request.http.body,
        quoted(arena_printf(&arena,
                            "{" HI_SENT ",'tools':[{'functionDeclarations':[{'name':'" STR_FMT
                            "'},{'name':'f.x:y-z'}]}],'toolConfig':{'functionCallingConfig':"
                            "{'mode':'ANY','allowedFunctionNames':['" STR_FMT "']}}}",
                            STR_ARG(sent), STR_ARG(sent))));
}

static void a_prefill_is_asked_for_in_words_where_it_is_not_taken(void **state)
{
    struct provider_request request = {0};
    struct fault fault = {0};

    (void)state;
    assert_int_equal(encode_at(&own, "gemini-2.5-flash",
                               "'messages':[{'role':'user','content':'A'},"
                               "{'role':'assistant','content':'Once'}]",
                               &request, &fault),
                     ERR_OK);
    assert_str_equal(request.hints.prefill, STR("Once"));
    assert_str_equal(
        request.http.body,
        quoted(STR("{'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':'model','parts':["
                   "{'text':'Once'}]},{'role':'user','parts':[{'text':'Continue your last message "
                   "from exactly where it ends. Write only what comes next: repeat nothing of it "
                   "and say nothing about it.'}]}]}")));
    request = (struct provider_request){0};
    assert_int_equal(encode_at(&own, "palm-x",
                               "'messages':[{'role':'user','content':'A'},"
                               "{'role':'assistant','content':'Once'}]",
                               &request, &fault),
                     ERR_OK);
    assert_int_equal(request.hints.prefill.len, 0);
    assert_str_equal(request.http.body,
                     quoted(STR("{'contents':[{'role':'user','parts':[{'text':'A'}]},{'role':"
                                "'model','parts':[{'text':'Once'}]}]}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_path_says_platform_model_and_method, reset),
        cmocka_unit_test_teardown(limits_and_sampling_go_into_the_config, reset),
        cmocka_unit_test_teardown(media_of_the_answer_are_asked_for, reset),
        cmocka_unit_test_teardown(a_form_of_the_answer_is_asked_for_as_the_model_takes_it, reset),
        cmocka_unit_test_teardown(where_a_form_cannot_be_said_words_ask_for_it, reset),
        cmocka_unit_test_teardown(tools_are_declared_with_schemas_that_the_model_reads, reset),
        cmocka_unit_test_teardown(a_choice_of_tools_is_a_mode, reset),
        cmocka_unit_test_teardown(thinking_is_told_as_a_budget_or_as_a_level, reset),
        cmocka_unit_test_teardown(a_model_that_does_not_think_is_not_told_to, reset),
        cmocka_unit_test_teardown(members_of_googles_own_are_passed_on, reset),
        cmocka_unit_test_teardown(roles_are_merged_and_begin_with_the_user, reset),
        cmocka_unit_test_teardown(results_stand_together_behind_their_calls, reset),
        cmocka_unit_test_teardown(media_of_results_go_where_the_model_looks, reset),
        cmocka_unit_test_teardown(signatures_return_to_the_parts_they_came_with, reset),
        cmocka_unit_test_teardown(media_are_sent_inline_or_by_what_google_reads, reset),
        cmocka_unit_test_teardown(bytes_are_needed_where_google_does_not_read, reset),
        cmocka_unit_test_teardown(names_that_google_cannot_spell_find_their_way_back, reset),
        cmocka_unit_test_teardown(a_prefill_is_asked_for_in_words_where_it_is_not_taken, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
