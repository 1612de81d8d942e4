/*
 * Whole requests to the Messages API: path, headers, body, and what was noted for the answer and
 * for the client.  JSON in these tables is written with ' for ".
 */
#include "test_anthropic.h"

struct request_case {
    const struct site *site; /* NULL: the vendor's own API */
    const char *model;
    const char *chat;
    const char *want;
};

static void check(const struct request_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct model model = model_at(cases[i].site, cases[i].model);
        str got = encode(read_chat(cases[i].chat), &model);
        bool is_refused = str_has_prefix(str_c(cases[i].want), STR("invalid "));
        str want = is_refused ? str_c(cases[i].want) : quoted(cases[i].want);
        if (!str_eq(got, want)) {
            print_message("case %zu: %s %s\n", i, cases[i].model, cases[i].chat);
        }
        assert_str_equal(got, want);
        arena_reset(&arena);
    }
}

#define VERTEX_PATH "/v1/projects/p-1/locations/us-east5/publishers/anthropic/models/"
#define VERTEX_BODY "{'anthropic_version':'vertex-2023-10-16',"
#define TOOL "{'type':'function','function':{'name':'f'}}"
#define TOOL_OUT "{'name':'f','input_schema':{'type':'object','properties':{}}}"

static void the_path_says_the_model_where_the_platform_wants_it(void **state)
{
    static const struct site express = {.platform = PLATFORM_VERTEX};
    static const struct request_case cases[] = {
        {NULL, "claude-3-opus", "{'stream':true,'max_tokens':9," HI "}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'stream':true," HI_OUT "}\n"},
        {&vertex, "claude-3-7-sonnet@20250219", "{'max_tokens':9," HI "}",
         VERTEX_PATH "claude-3-7-sonnet@20250219:rawPredict\n" VERTEX_BODY "'max_tokens':9," HI_OUT
                     "}\n"},
        {&vertex, "claude-opus-4-6", "{'stream':true,'max_tokens':9," HI "}",
         VERTEX_PATH "claude-opus-4-6:streamRawPredict\n" VERTEX_BODY
                     "'max_tokens':9,'stream':true," HI_OUT "}\n"},
        {&bedrock, "us.anthropic.claude-3-5-sonnet-20240620-v1:0", "{'max_tokens':9," HI "}",
         "/model/us.anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke\n" BEDROCK_BODY
         "'max_tokens':9," HI_OUT "}\n"},
        {&bedrock, "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1",
         "{'stream':true,'max_tokens':9," HI "}",
         "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2F"
         "us.anthropic.claude-opus-4-6-v1/invoke-with-response-stream\n" BEDROCK_BODY
         "'max_tokens':9," HI_OUT "}\n"},
        {&express, "claude-opus-4-6", "{'max_tokens':9," HI "}",
         "/v1/publishers/anthropic/models/claude-opus-4-6:rawPredict\n" VERTEX_BODY
         "'max_tokens':9," HI_OUT "}\n"},
        /* a name cannot leave its segment */
        {&vertex, "../x?y#z", "{'max_tokens':9," HI "}",
         VERTEX_PATH "..%2Fx%3Fy%23z:rawPredict\n" VERTEX_BODY "'max_tokens':9," HI_OUT "}\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define FORM                                                                              \
    "'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':{'type':" \
    "'object','properties':{'a':{'type':'integer'}},'required':['a']}}}"
#define STRICT                                                                               \
    "{'type':'function','function':{'name':'f','strict':true,'parameters':{'type':'object'," \
    "'properties':{}}}}"

static void what_a_platform_lacks_is_asked_for_another_way_or_named(void **state)
{
    static const struct request_case cases[] = {
        {&vertex, "claude-sonnet-4-5", "{'max_tokens':9," FORM "," HI "}",
         VERTEX_PATH "claude-sonnet-4-5:rawPredict\n" VERTEX_BODY
                     "'max_tokens':9,'tools':[{'name':'gatehouse_json_response','description':"
                     "'Gives the final answer. Call it when the answer is known.','input_schema':"
                     "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a']}}],"
                     "'tool_choice':{'type':'tool','name':'gatehouse_json_response',"
                     "'disable_parallel_tool_use':true}," HI_OUT "}\n"},
        {&bedrock, "anthropic.claude-sonnet-4-5-20250929-v1:0", "{'max_tokens':9," FORM "," HI "}",
         "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke\n" BEDROCK_BODY
         "'max_tokens':9,'output_config':{'format':{'type':'json_schema','schema':{'type':"
         "'object','properties':{'a':{'type':'integer'}},'required':['a'],"
         "'additionalProperties':false}}}," HI_OUT "}\n"},
        {&vertex, "claude-sonnet-4-5", "{'max_tokens':9,'tools':[" STRICT "]," HI "}",
         VERTEX_PATH "claude-sonnet-4-5:rawPredict\n" VERTEX_BODY
                     "'max_tokens':9,'tools':[" TOOL_OUT "]," HI_OUT "}\n"},
        {&bedrock, "anthropic.claude-opus-4-6-v1",
         "{'max_tokens':9,'service_tier':'auto','cache_control':{'type':'ephemeral'}," HI "}",
         "/model/anthropic.claude-opus-4-6-v1/invoke\n" BEDROCK_BODY "'max_tokens':9," HI_OUT
         "}\ndropped service_tier\ndropped cache_control\n"},
        {&vertex, "claude-opus-4-6",
         "{'max_tokens':9,'service_tier':'auto','cache_control':{'type':'ephemeral'}," HI "}",
         VERTEX_PATH "claude-opus-4-6:rawPredict\n" VERTEX_BODY "'max_tokens':9," HI_OUT
                     ",'cache_control':{'type':'ephemeral'}}\ndropped service_tier\n"},
        {&bedrock, "anthropic.claude-opus-4-6-v1",
         "{'max_tokens':9,'messages':[{'role':'user','content':[{'type':'image_url','image_url':"
         "{'url':'https://h/a.png'}}]}]}",
         "invalid [messages[0].content[0]] `messages[0].content[0]` is a URL, which this model's "
         "provider does not fetch\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void thinking_between_calls_is_switched_on_for_the_models_that_need_it(void **state)
{
#define THINKING_TOOLS "'max_tokens':5000,'reasoning':{'effort':'low'},'tools':[" TOOL "]," HI
#define THOUGHT                                                                               \
    "'max_tokens':5000,'thinking':{'type':'enabled','budget_tokens':1024},'tools':[" TOOL_OUT \
    "]," HI_OUT "}\n"
    static const struct request_case cases[] = {
        {NULL, "claude-sonnet-4-5", "{" THINKING_TOOLS "}",
         OWN
         "anthropic-beta: interleaved-thinking-2025-05-14\n{'model':'claude-sonnet-4-5'," THOUGHT},
        {&vertex, "claude-opus-4@20250514", "{" THINKING_TOOLS "}",
         VERTEX_PATH "claude-opus-4@20250514:rawPredict\n" VERTEX_BODY
                     "'anthropic_beta':['interleaved-thinking-2025-05-14']," THOUGHT},
        {&bedrock, "anthropic.claude-haiku-4-5-20251001-v1:0", "{" THINKING_TOOLS "}",
         "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke\n" BEDROCK_BODY
         "'anthropic_beta':['interleaved-thinking-2025-05-14']," THOUGHT},
        /* older ones refuse it */
        {&bedrock, "anthropic.claude-3-7-sonnet-20250219-v1:0", "{" THINKING_TOOLS "}",
         "/model/anthropic.claude-3-7-sonnet-20250219-v1%3A0/invoke\n" BEDROCK_BODY THOUGHT},
        /* without tools there is nothing between */
        {NULL, "claude-sonnet-4-5", "{'max_tokens':5000,'reasoning':{'effort':'low'}," HI "}",
         OWN "{'model':'claude-sonnet-4-5','max_tokens':5000,'thinking':{'type':'enabled',"
             "'budget_tokens':1024}," HI_OUT "}\n"},
        /* on Bedrock an effort of Claude Opus 4.5 is behind a switch too */
        {&bedrock, "anthropic.claude-opus-4-5-20251101-v1:0",
         "{'max_tokens':9,'verbosity':'low'," HI "}",
         "/model/anthropic.claude-opus-4-5-20251101-v1%3A0/invoke\n" BEDROCK_BODY
         "'anthropic_beta':['effort-2025-11-24'],'max_tokens':9,'output_config':{'effort':'low'}"
         "," HI_OUT "}\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void what_is_left_out_is_named_as_the_client_named_it(void **state)
{
#define PLAIN(model) OWN "{'model':'" model "','max_tokens':9," HI_OUT "}\n"
    static const struct request_case cases[] = {
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'n':2,'seed':1,'frequency_penalty':0.5,'presence_penalty':0.5,"
         "'repetition_penalty':1.1,'min_p':0.1,'top_a':0.1,'logit_bias':{'1':1},'logprobs':true,"
         "'top_logprobs':2,'store':true,'metadata':{'a':'b'},'prediction':{'type':'content',"
         "'content':'x'}," HI "}",
         PLAIN("claude-3-opus") "dropped n\ndropped seed\ndropped frequency_penalty\n"
                                "dropped presence_penalty\ndropped repetition_penalty\n"
                                "dropped min_p\ndropped top_a\ndropped logit_bias\n"
                                "dropped logprobs\ndropped top_logprobs\ndropped store\n"
                                "dropped metadata\ndropped prediction\n"},
        /* what asks for nothing is not missed */
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'n':1,'logprobs':false,'store':false,'logit_bias':{},'seed':null,"
         "'frequency_penalty':0,'presence_penalty':0.0,'repetition_penalty':1,'min_p':0,"
         "'top_logprobs':0,'modalities':['text'],'parallel_tool_calls':true," HI "}",
         PLAIN("claude-3-opus")},
        /* nor does it reach the provider when nobody knows it */
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'safe_prompt':true,'unsafe_prompt':false,'modalities':['text','audio'],"
         "'parallel_tool_calls':false," HI "}",
         PLAIN("claude-3-opus") "dropped safe_prompt\ndropped modalities\n"},
        {NULL, "claude-opus-4-7",
         "{'max_tokens':9,'temperature':0.5,'top_p':0.9,'top_k':40," HI "}",
         PLAIN("claude-opus-4-7") "dropped temperature\ndropped top_p\ndropped top_k\n"},
        {NULL, "claude-sonnet-4-5", "{'max_tokens':9,'temperature':0.5,'top_p':0.9," HI "}",
         OWN "{'model':'claude-sonnet-4-5','max_tokens':9,'temperature':0.5," HI_OUT
             "}\ndropped top_p\n"},
        {NULL, "claude-sonnet-4-5",
         "{'max_tokens':5000,'temperature':0.5,'top_k':4,'reasoning_effort':'low'," HI "}",
         OWN "{'model':'claude-sonnet-4-5','max_tokens':5000,'thinking':{'type':'enabled',"
             "'budget_tokens':1024}," HI_OUT "}\ndropped temperature\ndropped top_k\n"},
        {NULL, "claude-3-5-haiku", "{'max_tokens':9,'reasoning_effort':'high'," HI "}",
         PLAIN("claude-3-5-haiku") "dropped reasoning_effort\n"},
        {NULL, "claude-3-5-haiku", "{'max_tokens':9,'reasoning':{'effort':'high'}," HI "}",
         PLAIN("claude-3-5-haiku") "dropped reasoning\n"},
        {NULL, "claude-haiku-4-5", "{'max_tokens':9,'verbosity':'low'," HI "}",
         PLAIN("claude-haiku-4-5") "dropped verbosity\n"},
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'user':'jo@example.org','service_tier':'flex'," HI "}",
         PLAIN("claude-3-opus") "dropped user\ndropped service_tier\n"},
        {NULL, "claude-3-opus", "{'max_tokens':9,'safety_identifier':'s-1'," HI "}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'metadata':{'user_id':'s-1'}," HI_OUT "}\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void the_operators_rules_can_refuse_more(void **state)
{
    struct model_rules rules = *share_rules("claude-3-opus");
    struct model model = model_at(NULL, "claude-3-opus");

    (void)state;
    rules.refused = STR("top_k stop ");
    model.rules = &rules;
    assert_str_equal(
        encode(read_chat("{'max_tokens':9,'top_k':4,'top_p':0.5,'stop':'a'," HI "}"), &model),
        quoted(OWN "{'model':'claude-3-opus','max_tokens':9,'top_p':0.5," HI_OUT
                   "}\ndropped top_k\ndropped stop\n"));
}

/* A model that always thinks is asked to do it least. */
static void thinking_that_cannot_be_switched_off_is_kept_small(void **state)
{
    struct model_rules rules = *share_rules("claude-opus-5");
    struct model model = model_at(NULL, "claude-opus-5");

    (void)state;
    rules.habit = HABIT_ALWAYS;
    model.rules = &rules;
    assert_str_equal(encode(read_chat("{'max_tokens':9,'reasoning_effort':'none'," HI "}"), &model),
                     quoted(OWN "{'model':'claude-opus-5','max_tokens':9,'output_config':"
                                "{'effort':'low'}," HI_OUT "}\ndropped reasoning_effort\n"));
    assert_str_equal(
        encode(read_chat("{'max_tokens':9,'reasoning':{'enabled':false}," HI "}"), &model),
        quoted(OWN
               "{'model':'claude-opus-5','max_tokens':9,'output_config':{'effort':'low'}," HI_OUT
               "}\ndropped reasoning\n"));
}

static void names_of_tools_find_their_way_back(void **state)
{
#define LONG_NAME "a234567890123456789012345678901234567890123456789012345678901234567890"
    static const struct request_case cases[] = {
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'tools':[" TOOL ",{'type':'function','function':{'name':'my.tool'}}],"
         "'tool_choice':{'type':'function','function':{'name':'my.tool'}}," HI "}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'tools':[" TOOL_OUT
             ",{'name':'my_tool_c693c275efdaa471','input_schema':{'type':'object','properties':{}}}"
             "],'tool_choice':{'type':'tool','name':'my_tool_c693c275efdaa471'}," HI_OUT
             "}\nalias my_tool_c693c275efdaa471=my.tool\n"},
        /* the vendor takes 128 bytes, its platforms 64 */
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'tools':[{'type':'function','function':{'name':'" LONG_NAME "'}}]," HI
         "}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'tools':[{'name':'" LONG_NAME
             "','input_schema':{'type':'object','properties':{}}}]," HI_OUT "}\n"},
        {&bedrock, "anthropic.claude-3-opus",
         "{'max_tokens':9,'tools':[{'type':'function','function':{'name':'" LONG_NAME "'}}]," HI
         "}",
         "/model/anthropic.claude-3-opus/invoke\n" BEDROCK_BODY
         "'max_tokens':9,'tools':[{'name':'a2345678901234567890123456789012345678901234567_"
         "f1e7cff9accb51bc','input_schema':{'type':'object','properties':{}}}]," HI_OUT
         "}\nalias a2345678901234567890123456789012345678901234567_f1e7cff9accb51bc=" LONG_NAME
         "\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void a_text_to_go_on_from_is_noted_when_it_is_asked_for_in_words(void **state)
{
    static const char chat[] = "{'max_tokens':9,'messages':[{'role':'user','content':'Hi'},"
                               "{'role':'assistant','content':'So it \\n'}]}";
    static const struct request_case cases[] = {
        {NULL, "claude-3-opus", chat,
         OWN "{'model':'claude-3-opus','max_tokens':9,'messages':[{'role':'user','content':"
             "[{'type':'text','text':'Hi'}]},{'role':'assistant','content':[{'type':'text',"
             "'text':'So it'}]}]}\n"},
        {NULL, "claude-opus-4-7", chat,
         OWN "{'model':'claude-opus-4-7','max_tokens':9,'messages':[{'role':'user','content':"
             "[{'type':'text','text':'Hi'}]},{'role':'assistant','content':[{'type':'text',"
             "'text':'So it'}]},{'role':'user','content':[{'type':'text','text':'Continue your "
             "last message from exactly where it ends. Write only what comes next: repeat nothing "
             "of it and say nothing about it.'}]}]}\nprefill So it\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void names_are_said_when_several_users_speak(void **state)
{
    static const struct request_case cases[] = {
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'messages':[{'role':'user','name':'Ann','content':'A'},{'role':"
         "'assistant','name':'Bot','content':'B'},{'role':'user','name':'Ben','content':'C'},"
         "{'role':'user','content':'D'}]}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'messages':[{'role':'user','content':"
             "[{'type':'text','text':'Ann: A'}]},{'role':'assistant','content':[{'type':'text',"
             "'text':'B'}]},{'role':'user','content':[{'type':'text','text':'Ben: C'},"
             "{'type':'text','text':'D'}]}]}\ndropped name\n"},
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'messages':[{'role':'user','name':'Ann','content':'A'},"
         "{'role':'user','name':'Ann','content':'B'}]}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'messages':[{'role':'user','content':"
             "[{'type':'text','text':'A'},{'type':'text','text':'B'}]}]}\ndropped name\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

#define MARK(ttl) "'cache_control':{'type':'ephemeral','ttl':'" ttl "'}"

static void no_long_cache_mark_follows_a_short_one(void **state)
{
    static const struct request_case cases[] = {
        {NULL, "claude-3-opus",
         "{'max_tokens':9," MARK(
             "1h") ",'messages':[{'role':'system','content':[{'type':'text',"
                   "'text':'S'," MARK(
                       "1h") "}]},{'role':'user','content':["
                             "{'type':'text','text':'A'," MARK(
                                 "5m") "},{'type':'text','text':'B'," MARK("1h") "}]}]}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'system':[{'type':'text','text':'S'"
             "," MARK("1h") "}],'messages':[{'role':'user','content':[{'type':'text','text'"
                            ":'A'," MARK("5m") "},{'type':'text','text':'B'," MARK(
                                "5m") "}]}]," MARK("5m") "}\n"},
        /* too many: the oldest of the messages go first, then those of the system */
        {NULL, "claude-3-opus",
         "{'max_tokens':9,'tools':[{'type':'function'," MARK(
             "1h") ",'function':{'name':'f'}}],"
                   "'messages':[{'role':'system','content':[{'type':'text','text':'S'"
                   "," MARK("1h") "},{'type':'text','text':'T'," MARK(
                       "1h") "},{'type':'text','text':'U'," MARK("1h") "},{'type':'text'"
                                                                       ",'text':'V'"
                                                                       "," MARK(
                                                                           "1h") "}"
                                                                                 "]"
                                                                                 "}"
                                                                                 ","
                                                                                 "{"
                                                                                 "'"
                                                                                 "r"
                                                                                 "o"
                                                                                 "l"
                                                                                 "e"
                                                                                 "'"
                                                                                 ":"
                                                                                 "'"
                                                                                 "u"
                                                                                 "s"
                                                                                 "e"
                                                                                 "r"
                                                                                 "'"
                                                                                 ","
                                                                                 "'"
                                                                                 "c"
                                                                                 "o"
                                                                                 "n"
                                                                                 "t"
                                                                                 "e"
                                                                                 "n"
                                                                                 "t"
                                                                                 "'"
                                                                                 ":"
                                                                                 "["
                                                                                 "{"
                                                                                 "'"
                                                                                 "t"
                                                                                 "y"
                                                                                 "p"
                                                                                 "e"
                                                                                 "'"
                                                                                 ":"
                                                                                 "'"
                                                                                 "t"
                                                                                 "e"
                                                                                 "x"
                                                                                 "t"
                                                                                 "'"
                                                                                 ","
                                                                                 "'"
                                                                                 "t"
                                                                                 "e"
                                                                                 "x"
                                                                                 "t"
                                                                                 "'"
                                                                                 ":"
                                                                                 "'"
                                                                                 "A"
                                                                                 "'"
                                                                                 "," MARK(
                                                                                     "5m") "}]}]}",
         OWN "{'model':'claude-3-opus','max_tokens':9,'tools':[{'name':'f','input_schema':"
             "{'type':'object','properties':{}}," MARK(
                 "1h") "}],'system':[{'type':'text',"
                       "'text':'S'},{'type':'text','text':'T'," MARK(
                           "1h") "},{'type':'text','text':'U'," MARK("1h") "},{'type':'text'"
                                                                           ",'text':'V'"
                                                                           "," MARK("1h") "}"
                                                                                          "]"
                                                                                          ","
                                                                                          "'"
                                                                                          "m"
                                                                                          "e"
                                                                                          "s"
                                                                                          "s"
                                                                                          "a"
                                                                                          "g"
                                                                                          "e"
                                                                                          "s"
                                                                                          "'"
                                                                                          ":"
                                                                                          "["
                                                                                          "{"
                                                                                          "'"
                                                                                          "r"
                                                                                          "o"
                                                                                          "l"
                                                                                          "e"
                                                                                          "'"
                                                                                          ":"
                                                                                          "'"
                                                                                          "u"
                                                                                          "s"
                                                                                          "e"
                                                                                          "r"
                                                                                          "'"
                                                                                          ","
                                                                                          "'"
                                                                                          "c"
                                                                                          "o"
                                                                                          "n"
                                                                                          "t"
                                                                                          "e"
                                                                                          "n"
                                                                                          "t"
                                                                                          "'"
                                                                                          ":"
                                                                                          "["
                                                                                          "{"
                                                                                          "'"
                                                                                          "t"
                                                                                          "y"
                                                                                          "p"
                                                                                          "e"
                                                                                          "'"
                                                                                          ":"
                                                                                          "'"
                                                                                          "t"
                                                                                          "e"
                                                                                          "x"
                                                                                          "t"
                                                                                          "'"
                                                                                          ","
                                                                                          "'"
                                                                                          "t"
                                                                                          "e"
                                                                                          "x"
                                                                                          "t"
                                                                                          "'"
                                                                                          ":"
                                                                                          "'"
                                                                                          "A"
                                                                                          "'"
                                                                                          "}"
                                                                                          "]"
                                                                                          "}"
                                                                                          "]"
                                                                                          "}"
                                                                                          "\n"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void whose_bytes_must_be_fetched_depends_on_the_platform(void **state)
{
    static const struct {
        const char *url;
        const char *name;
        enum part_kind kind;
        bool own;
        bool platforms;
    } cases[] = {
        {"https://h/a.png", "", PART_IMAGE, false, true},
        {"http://h/a.png", "", PART_IMAGE, true, true},
        {"https://h/a.pdf", "", PART_FILE, false, true},
        {"https://h/download?id=7", "", PART_FILE, false, true},
        {"https://h/a.csv?x=1", "", PART_FILE, true, true},
        {"https://h/7", "notes.MD", PART_FILE, true, true},
        {"", "", PART_IMAGE, false, false},
        {"https://h/a.png", "", PART_TEXT, false, false},
        {"https://h/a.mp4", "", PART_VIDEO, false, false},
    };
    struct model own = model_at(NULL, "claude-3-opus");
    struct model on_vertex = model_at(&vertex, "claude-3-opus");
    struct model on_bedrock = model_at(&bedrock, "claude-3-opus");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct chat_part part = {
            .kind = cases[i].kind, .url = str_c(cases[i].url), .name = str_c(cases[i].name)};
        assert_int_equal(anthropic_dialect.needs_bytes(&part, &own), cases[i].own);
        assert_int_equal(anthropic_dialect.needs_bytes(&part, &on_vertex), cases[i].platforms);
        assert_int_equal(anthropic_dialect.needs_bytes(&part, &on_bedrock), cases[i].platforms);
    }
}

/* Parts as they stand in a request once the gate has fetched them. */
static void fetched_bytes_are_sent_instead_of_the_url(void **state)
{
    static const struct {
        enum part_kind kind;
        const char *mime;
        const char *data;
        const char *want;
    } cases[] = {
        {PART_IMAGE, "image/png; x=y", "iVBORw0KGgoAAAAN",
         "{'type':'image','source':{'type':'base64','media_type':'image/png','data':"
         "'iVBORw0KGgoAAAAN'}}"},
        {PART_FILE, "application/octet-stream", "JVBERi0x",
         "{'type':'document','source':{'type':'base64','media_type':'application/pdf','data':"
         "'JVBERi0x'}}"},
        {PART_FILE, "text/html; charset=utf-8", "SGVsbG8=",
         "{'type':'document','source':{'type':'text','media_type':'text/plain','data':'Hello'}}"},
        {PART_FILE, "application/json", "e30=",
         "{'type':'document','source':{'type':'text','media_type':'text/plain','data':'{}'}}"},
        {PART_FILE, "image/jpg", "/9j/4AAQ",
         "{'type':'image','source':{'type':'base64','media_type':'image/jpeg','data':"
         "'/9j/4AAQ'}}"},
    };
    struct model model = model_at(&bedrock, "m");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct chat_request *chat = read_chat("{'max_tokens':9," HI "}");
        chat->messages[0].parts[0] = (struct chat_part){
            .kind = cases[i].kind,
            .url = STR("https://h/a"),
            .mime = str_c(cases[i].mime),
            .data = str_c(cases[i].data),
        };
        assert_str_equal(encode(chat, &model),
                         quoted(arena_printf(&arena,
                                             "/model/m/invoke\n" BEDROCK_BODY
                                             "'max_tokens':9,'messages':[{'role':'user','content':"
                                             "[%s]}]}\n",
                                             cases[i].want)
                                    .at));
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_path_says_the_model_where_the_platform_wants_it, reset),
        cmocka_unit_test_teardown(what_a_platform_lacks_is_asked_for_another_way_or_named, reset),
        cmocka_unit_test_teardown(thinking_between_calls_is_switched_on_for_the_models_that_need_it,
                                  reset),
        cmocka_unit_test_teardown(what_is_left_out_is_named_as_the_client_named_it, reset),
        cmocka_unit_test_teardown(the_operators_rules_can_refuse_more, reset),
        cmocka_unit_test_teardown(thinking_that_cannot_be_switched_off_is_kept_small, reset),
        cmocka_unit_test_teardown(names_of_tools_find_their_way_back, reset),
        cmocka_unit_test_teardown(a_text_to_go_on_from_is_noted_when_it_is_asked_for_in_words,
                                  reset),
        cmocka_unit_test_teardown(names_are_said_when_several_users_speak, reset),
        cmocka_unit_test_teardown(no_long_cache_mark_follows_a_short_one, reset),
        cmocka_unit_test_teardown(whose_bytes_must_be_fetched_depends_on_the_platform, reset),
        cmocka_unit_test_teardown(fetched_bytes_are_sent_instead_of_the_url, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
