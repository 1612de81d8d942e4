/* JSON in these tables is written with ' for ". */
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

/* The body that the client's chat becomes for the model, or the fault in words. */
static str encode(const struct model *model, str client_body)
{
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(client_body, &arena, &chat, &fault) != ERR_OK) {
        fail_msg("the chat is wrong: " STR_FMT, STR_ARG(fault.message));
    }
    if (anthropic_dialect.encode_request(chat, model, &arena, &request, &fault) != ERR_OK) {
        return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(fault.kind),
                            STR_ARG(fault.param), STR_ARG(fault.message));
    }
    assert_non_null(json_read_lenient(&arena, request.http.body));
    return request.http.body;
}

/* The model as the program finds it at the vendor's own API. */
static struct model model_named(const char *name)
{
    return (struct model){
        .name = str_c(name),
        .quirks = share_quirks("", "anthropic"),
        .rules = share_rules(name),
    };
}

struct encode_case {
    const char *model;
    const char *chat; /* members of the client's body */
    const char *want; /* what the body holds besides the model */
};

static void check(const struct encode_case *cases, size_t count, const char *client_head,
                  const char *want_head, const char *want_tail)
{
    for (size_t i = 0; i < count; i++) {
        struct model model = model_named(cases[i].model);
        str client =
            quoted(arena_printf(&arena, "{'model':'x',%s%s}", client_head, cases[i].chat).at);
        str want = cases[i].want[0] == 'i' /* invalid ... */
                       ? str_c(cases[i].want)
                       : quoted(arena_printf(&arena, "{'model':'%s',%s%s%s}", cases[i].model,
                                             want_head, cases[i].want, want_tail)
                                    .at);
        str got = encode(&model, client);
        if (!str_eq(got, want)) {
            print_message("case %zu: %s %s\n", i, cases[i].model, cases[i].chat);
        }
        assert_str_equal(got, want);
        arena_reset(&arena);
    }
}

/* Cases about parameters: the chat is one word. */
static void check_parameters(const struct encode_case *cases, size_t count)
{
    check(cases, count, "'messages':[{'role':'user','content':'Hi'}]", "",
          ",'messages':[{'role':'user','content':[{'type':'text','text':'Hi'}]}]");
}

/* Cases about messages: nothing else is asked for. */
static void check_messages(const struct encode_case *cases, size_t count)
{
    check(cases, count, "'max_tokens':9,'messages':", "'max_tokens':9,", "");
}

static void a_request_is_a_post_with_its_version(void **state)
{
    struct model model = model_named("claude-sonnet-4-5");
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};
    str body = quoted("{'model':'x','stream':true,'max_tokens':9,"
                      "'messages':[{'role':'user','content':'Hi'}]}");

    (void)state;
    assert_int_equal(openai_chat_surface.decode_request(body, &arena, &chat, &fault), ERR_OK);
    assert_int_equal(anthropic_dialect.encode_request(chat, &model, &arena, &request, &fault),
                     ERR_OK);
    assert_str_equal(request.http.method, STR("POST"));
    assert_str_equal(request.http.path, STR("/v1/messages"));
    assert_str_equal(headers_get(&request.http.headers, STR("anthropic-version")),
                     STR("2023-06-01"));
    assert_str_equal(headers_get(&request.http.headers, STR("content-type")),
                     STR("application/json"));
    assert_int_equal(request.http.headers.count, 2);
    assert_str_equal(request.http.body, quoted("{'model':'claude-sonnet-4-5','max_tokens':9,"
                                               "'stream':true,'messages':[{'role':'user','content':"
                                               "[{'type':'text','text':'Hi'}]}]}"));
}

static void the_limit_of_tokens_is_always_sent_and_never_passes_the_model(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-sonnet-4-5", "", "'max_tokens':64000"},
        {"claude-sonnet-4-5", ",'max_tokens':100", "'max_tokens':100"},
        {"claude-sonnet-4-5", ",'max_completion_tokens':70000", "'max_tokens':64000"},
        {"claude-3-haiku-20240307", ",'max_tokens':9999", "'max_tokens':4096"},
        {"us.anthropic.claude-3-7-sonnet-20250219-v1:0", "", "'max_tokens':64000"},
        {"claude-opus-4@20250514", "", "'max_tokens':32000"},
        {"claude-opus-4.1", "", "'max_tokens':32000"},
        {"claude-zephyr-9", "", "'max_tokens':4096"},
        {"kimi-k2", ",'max_tokens':99999", "'max_tokens':99999"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void the_operators_limit_wins_over_the_table(void **state)
{
    struct model model = model_named("claude-sonnet-4-5");
    str body = quoted("{'model':'x','messages':[{'role':'user','content':'Hi'}]}");

    (void)state;
    model.output_tokens_max = 500;
    assert_true(str_has_prefix(encode(&model, body),
                               quoted("{'model':'claude-sonnet-4-5','max_tokens':500,")));
}

static void sampling_is_said_as_far_as_the_model_takes_it(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", ",'max_tokens':9,'temperature':0.5,'top_p':0.9,'top_k':40",
         "'max_tokens':9,'temperature':0.5,'top_p':0.9,'top_k':40"},
        {"claude-3-opus", ",'max_tokens':9,'temperature':1.7", "'max_tokens':9,'temperature':1.0"},
        {"claude-sonnet-4-5", ",'max_tokens':9,'temperature':0,'top_p':0.9",
         "'max_tokens':9,'temperature':0.0"},
        {"claude-sonnet-4-5", ",'max_tokens':9,'top_p':0.9", "'max_tokens':9,'top_p':0.9"},
        {"claude-opus-4-7", ",'max_tokens':9,'temperature':0.5,'top_p':0.9,'top_k':40",
         "'max_tokens':9"},
        {"claude-sonnet-4-5",
         ",'max_tokens':5000,'temperature':0.5,'top_p':0.9,'top_k':40,'reasoning':{'effort':'low'}",
         "'max_tokens':5000,'thinking':{'type':'enabled','budget_tokens':1024}"},
        {"claude-sonnet-4-5", ",'max_tokens':5000,'top_p':0.96,'reasoning':{'effort':'low'}",
         "'max_tokens':5000,'thinking':{'type':'enabled','budget_tokens':1024},'top_p':0.96"},
        {"claude-3-opus", ",'max_tokens':9,'seed':1,'frequency_penalty':1,'n':1,'logit_bias':{}",
         "'max_tokens':9"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void the_operators_list_of_parameters_overrules_the_table(void **state)
{
    static const str only_stop[] = {STR_INIT("stop")};
    static const str temperature[] = {STR_INIT("temperature")};
    struct model model = model_named("claude-3-opus");
    str body = quoted("{'model':'x','max_tokens':9,'temperature':0.5,'stop':'a',"
                      "'messages':[{'role':'user','content':'Hi'}]}");

    (void)state;
    model.parameters = only_stop;
    model.parameter_count = 1;
    assert_true(str_find(encode(&model, body), STR("temperature")) >= encode(&model, body).len);
    assert_true(str_find(encode(&model, body), STR("stop_sequences")) < encode(&model, body).len);
    model.name = STR("claude-opus-4-7");
    model.rules = share_rules("claude-opus-4-7");
    model.parameters = temperature;
    assert_true(str_find(encode(&model, body), STR("temperature")) < encode(&model, body).len);
    assert_true(str_find(encode(&model, body), STR("stop_sequences")) >= encode(&model, body).len);
}

static void other_parameters_are_translated_or_left_out(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", ",'max_tokens':9,'stop':['a',' ','b']",
         "'max_tokens':9,'stop_sequences':['a','b']"},
        {"claude-3-opus", ",'max_tokens':9,'stop':['\\n']", "'max_tokens':9"},
        {"claude-3-opus", ",'max_tokens':9,'user':'u-17'",
         "'max_tokens':9,'metadata':{'user_id':'u-17'}"},
        {"claude-3-opus", ",'max_tokens':9,'user':'jo@example.org'", "'max_tokens':9"},
        {"claude-3-opus", ",'max_tokens':9,'service_tier':'auto'",
         "'max_tokens':9,'service_tier':'auto'"},
        {"claude-3-opus", ",'max_tokens':9,'service_tier':'flex'", "'max_tokens':9"},
        {"claude-3-opus", ",'max_tokens':9,'service_tier':'default'",
         "'max_tokens':9,'service_tier':'standard_only'"},
        {"claude-opus-4-5", ",'max_tokens':9,'verbosity':'low'",
         "'max_tokens':9,'output_config':{'effort':'low'}"},
        {"claude-haiku-4-5", ",'max_tokens':9,'verbosity':'low'", "'max_tokens':9"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void reasoning_becomes_a_budget_or_an_effort(void **state)
{
    static const struct encode_case cases[] = {
        /* no thinking to be had, or none wanted */
        {"claude-3-5-haiku", ",'max_tokens':9,'reasoning':{'effort':'high'}", "'max_tokens':9"},
        {"claude-sonnet-4-5", ",'max_tokens':9,'reasoning':{'exclude':true}", "'max_tokens':9"},
        {"claude-sonnet-4-5", ",'max_tokens':9,'reasoning':{'enabled':false}", "'max_tokens':9"},
        {"claude-opus-4-7", ",'max_tokens':9,'reasoning_effort':'none'", "'max_tokens':9"},
        {"claude-opus-5", ",'max_tokens':9,'reasoning_effort':'none'",
         "'max_tokens':9,'thinking':{'type':'disabled'}"},
        {"claude-opus-5", ",'max_tokens':9,'reasoning_effort':'none','verbosity':'max'",
         "'max_tokens':9,'thinking':{'type':'disabled'},'output_config':{'effort':'high'}"},
        /* budgets */
        {"claude-sonnet-4-5", ",'max_tokens':10000,'reasoning':{'enabled':true}",
         "'max_tokens':10000,'thinking':{'type':'enabled','budget_tokens':5000}"},
        {"claude-sonnet-4-5", ",'max_tokens':10000,'reasoning':{'effort':'high'}",
         "'max_tokens':10000,'thinking':{'type':'enabled','budget_tokens':8000}"},
        {"claude-sonnet-4-5", ",'max_tokens':10000,'reasoning':{'max_tokens':2000}",
         "'max_tokens':10000,'thinking':{'type':'enabled','budget_tokens':2000}"},
        {"claude-sonnet-4-5", ",'max_tokens':100,'reasoning':{'effort':'low'}",
         "'max_tokens':1124,'thinking':{'type':'enabled','budget_tokens':1024}"},
        {"claude-sonnet-4-5", ",'max_tokens':64000,'reasoning':{'max_tokens':80000}",
         "'max_tokens':64000,'thinking':{'type':'enabled','budget_tokens':63999}"},
        {"claude-opus-4-6", ",'max_tokens':10000,'reasoning':{'max_tokens':2000}",
         "'max_tokens':10000,'thinking':{'type':'enabled','budget_tokens':2000}"},
        /* efforts */
        {"claude-opus-4-6", ",'max_tokens':9,'reasoning':{'effort':'xhigh'}",
         "'max_tokens':9,'thinking':{'type':'adaptive','display':'summarized'},"
         "'output_config':{'effort':'max'}"},
        {"claude-opus-4-7", ",'max_tokens':9,'reasoning':{'effort':'xhigh','exclude':true}",
         "'max_tokens':9,'thinking':{'type':'adaptive','display':'omitted'},"
         "'output_config':{'effort':'xhigh'}"},
        {"claude-opus-5", ",'max_tokens':9,'reasoning':{'effort':'minimal'}",
         "'max_tokens':9,'thinking':{'type':'adaptive','display':'summarized'},"
         "'output_config':{'effort':'low'}"},
        {"claude-opus-5", ",'max_tokens':9,'reasoning':{'enabled':true}",
         "'max_tokens':9,'thinking':{'type':'adaptive','display':'summarized'},"
         "'output_config':{'effort':'medium'}"},
        {"claude-opus-4-7", ",'max_tokens':10000,'reasoning':{'max_tokens':7000}",
         "'max_tokens':10000,'thinking':{'type':'adaptive','display':'summarized'},"
         "'output_config':{'effort':'high'}"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

#define TOOL_F "{'type':'function','function':{'name':'f'}}"
#define TOOL_F_OUT "{'name':'f','input_schema':{'type':'object','properties':{}}}"

static void tools_are_described_as_objects(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", ",'max_tokens':9,'tools':[" TOOL_F "]",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "]"},
        {"claude-3-opus",
         ",'max_tokens':9,'tools':[{'type':'function','cache_control':{'type':'ephemeral'},"
         "'function':{'name':'f','description':'Does','parameters':"
         "{'properties':{'a':{'type':'number'}},'required':['a']}}}]",
         "'max_tokens':9,'tools':[{'name':'f','description':'Does','input_schema':"
         "{'type':'object','properties':{'a':{'type':'number'}},'required':['a']},"
         "'cache_control':{'type':'ephemeral'}}]"},
        {"claude-3-opus",
         ",'max_tokens':9,'tools':[{'type':'function','function':{'name':'f','description':'Does',"
         "'parameters':{'type':'object','properties':{},'anyOf':[{'required':['a']}]}}}]",
         "'max_tokens':9,'tools':[{'name':'f','description':'Does\\n\\nThe input must also fit "
         "{\\'anyOf\\': [{\\'required\\':[\\'a\\']}]}.','input_schema':{'type':'object',"
         "'properties':{}}}]"},
        /* strict: only where the model knows it and the schema fits */
        {"claude-sonnet-4-5",
         ",'max_tokens':9,'tools':[{'type':'function','function':{'name':'f','strict':true,"
         "'parameters':{'type':'object','properties':{'a':{'type':'string','maxLength':3}}}}}]",
         "'max_tokens':9,'tools':[{'name':'f','input_schema':{'type':'object','properties':"
         "{'a':{'type':'string','description':'{maxLength: 3}'}},'additionalProperties':false},"
         "'strict':true}]"},
        {"claude-sonnet-4-5",
         ",'max_tokens':9,'tools':[{'type':'function','function':{'name':'f','strict':true,"
         "'parameters':{'type':'object','additionalProperties':true,'properties':{}}}}]",
         "'max_tokens':9,'tools':[{'name':'f','input_schema':{'type':'object',"
         "'additionalProperties':true,'properties':{}}}]"},
        {"claude-3-opus",
         ",'max_tokens':9,'tools':[{'type':'function','function':{'name':'f','strict':true,"
         "'parameters':{'type':'object','properties':{}}}}]",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "]"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void a_choice_of_tools_is_said_in_the_apis_words(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", ",'max_tokens':9,'tools':[" TOOL_F "],'tool_choice':'auto'",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "],'tool_choice':{'type':'auto'}"},
        {"claude-3-opus", ",'max_tokens':9,'tools':[" TOOL_F "],'tool_choice':'none'",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "],'tool_choice':{'type':'none'}"},
        {"claude-3-opus", ",'max_tokens':9,'tools':[" TOOL_F "],'tool_choice':'required'",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "],'tool_choice':{'type':'any'}"},
        {"claude-3-opus",
         ",'max_tokens':9,'tools':[" TOOL_F "],'parallel_tool_calls':false,"
         "'tool_choice':{'type':'function','function':{'name':'f'}}",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "],'tool_choice':{'type':'tool','name':'f',"
         "'disable_parallel_tool_use':true}"},
        {"claude-3-opus", ",'max_tokens':9,'tools':[" TOOL_F "],'parallel_tool_calls':false",
         "'max_tokens':9,'tools':[" TOOL_F_OUT "],'tool_choice':{'type':'auto',"
         "'disable_parallel_tool_use':true}"},
        /* a forced tool excludes thinking */
        {"claude-sonnet-4-5",
         ",'max_tokens':5000,'tools':[" TOOL_F "],'tool_choice':'required',"
         "'reasoning':{'effort':'high'}",
         "'max_tokens':5000,'tools':[" TOOL_F_OUT "],'tool_choice':{'type':'any'}"},
        {"claude-opus-5", ",'max_tokens':9,'tools':[" TOOL_F "],'tool_choice':'required'",
         "'max_tokens':9,'thinking':{'type':'disabled'},'tools':[" TOOL_F_OUT
         "],'tool_choice':{'type':'any'}"},
        {"claude-fable-5", ",'max_tokens':9,'tools':[" TOOL_F "],'tool_choice':'required'",
         "invalid [tool_choice] `tool_choice` cannot force a tool on this model"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

#define SCHEMA "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a']}"
#define FORM "'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':"

static void a_wanted_form_is_asked_for_as_the_model_can(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-sonnet-4-5", ",'max_tokens':9," FORM SCHEMA "}}",
         "'max_tokens':9,'output_config':{'format':{'type':'json_schema','schema':"
         "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a'],"
         "'additionalProperties':false}}}"},
        {"claude-opus-4-7", ",'max_tokens':9,'reasoning_effort':'low'," FORM SCHEMA "}}",
         "'max_tokens':9,'thinking':{'type':'adaptive','display':'summarized'},"
         "'output_config':{'effort':'low','format':{'type':'json_schema','schema':"
         "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a'],"
         "'additionalProperties':false}}}"},
        {"claude-3-opus", ",'max_tokens':9," FORM SCHEMA "}}",
         "'max_tokens':9,'tools':[{'name':'gatehouse_json_response','description':"
         "'Gives the final answer. Call it when the answer is known.','input_schema':" SCHEMA
         "}],'tool_choice':{'type':'tool','name':'gatehouse_json_response',"
         "'disable_parallel_tool_use':true}"},
        {"claude-3-opus", ",'max_tokens':9,'tools':[" TOOL_F "]," FORM SCHEMA "}}",
         "'max_tokens':9,'tools':[" TOOL_F_OUT ",{'name':'gatehouse_json_response','description':"
         "'Gives the final answer. Call it when the answer is known.','input_schema':" SCHEMA
         "}],'tool_choice':{'type':'any'}"},
        /* a schema that the subset cannot say */
        {"claude-sonnet-4-5", ",'max_tokens':9," FORM "{'type':'object'}}}",
         "'max_tokens':9,'tools':[{'name':'gatehouse_json_response','description':"
         "'Gives the final answer. Call it when the answer is known.','input_schema':"
         "{'type':'object','properties':{}}}],'tool_choice':{'type':'tool',"
         "'name':'gatehouse_json_response','disable_parallel_tool_use':true}"},
        {"claude-sonnet-4-5", ",'max_tokens':9,'response_format':{'type':'json_object'}",
         "'max_tokens':9,'system':[{'type':'text','text':'Answer with one JSON object and nothing "
         "else: no words around it, no code fence.'}]"},
        {"claude-sonnet-4-5", ",'max_tokens':9," FORM "{'type':'array'}}}",
         "'max_tokens':9,'system':[{'type':'text','text':'Answer with one JSON value and nothing "
         "else: no words around it, no code fence. It must be valid against this JSON Schema: "
         "{\\'type\\':\\'array\\'}'}]"},
        {"claude-sonnet-4-5", ",'max_tokens':9,'response_format':{'type':'text'}",
         "'max_tokens':9"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void schemas_are_fitted_into_the_subset(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-opus-4-7",
         ",'max_tokens':9," FORM
         "{'$schema':'s','type':'object','properties':{'a\\'b':{'oneOf':[{'type':'string',"
         "'format':'email'},{'type':'null'}]},'n':{'type':'array','description':'N','minItems':1,"
         "'maxItems':5,'items':{'$ref':'#/$defs/T','description':'gone'}},'e':{'enum':[1,'x']}},"
         "'$defs':{'T':{'type':'number','minimum':0,'format':'odd'}}}}}",
         "'max_tokens':9,'output_config':{'format':{'type':'json_schema','schema':"
         "{'type':'object','properties':{'a\\'b':{'anyOf':[{'type':'string','format':'email'},"
         "{'type':'null'}]},'n':{'type':'array','minItems':1,'items':{'$ref':'#/$defs/T'},"
         "'description':'N\\n\\n{maxItems: 5}'},'e':{'enum':[1,'x']}},'$defs':{'T':"
         "{'type':'number','description':'{minimum: 0, format: \\'odd\\'}'}},"
         "'additionalProperties':false}}}"},
        /* recursion cannot be said: the tool takes it */
        {"claude-sonnet-4-5",
         ",'max_tokens':9," FORM "{'type':'object','properties':{'t':{'$ref':'#/$defs/T'}},"
         "'$defs':{'T':{'type':'object','properties':{'t':{'$ref':'#/$defs/T'}}}}}}}",
         "'max_tokens':9,'tools':[{'name':'gatehouse_json_response','description':"
         "'Gives the final answer. Call it when the answer is known.','input_schema':"
         "{'type':'object','properties':{'t':{'$ref':'#/$defs/T'}},'$defs':{'T':{'type':'object',"
         "'properties':{'t':{'$ref':'#/$defs/T'}}}}}}],'tool_choice':{'type':'tool',"
         "'name':'gatehouse_json_response','disable_parallel_tool_use':true}"},
    };

    (void)state;
    check_parameters(cases, COUNT_OF(cases));
}

static void system_texts_lead_and_later_ones_stay_in_place(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus",
         "[{'role':'system','content':'A'},{'role':'developer','content':[{'type':'text','text':"
         "'B','cache_control':{'type':'ephemeral'}},{'type':'text','text':' '}]},"
         "{'role':'user','content':'Hi'},{'role':'assistant','content':'Yes'},"
         "{'role':'system','content':'C'},{'role':'user','name':'Jo','content':'D'}]",
         "'system':[{'type':'text','text':'A'},{'type':'text','text':'B','cache_control':"
         "{'type':'ephemeral'}}],'messages':[{'role':'user','content':[{'type':'text',"
         "'text':'Hi'}]},{'role':'assistant','content':[{'type':'text','text':'Yes'}]},"
         "{'role':'user','content':[{'type':'text','text':'C'},{'type':'text','text':'D'}]}]"},
        {"claude-3-opus", "[{'role':'system','content':'A'}]",
         "'system':[{'type':'text','text':'A'}],'messages':[{'role':'user','content':"
         "[{'type':'text','text':'.'}]}]"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

#define USER(text) "{'role':'user','content':'" text "'}"
#define USER_OUT(text) "{'role':'user','content':[{'type':'text','text':'" text "'}]}"
#define ASSISTANT_OUT(text) "{'role':'assistant','content':[{'type':'text','text':'" text "'}]}"
#define CALL(id, name, args) \
    "{'id':'" id "','type':'function','function':{'name':'" name "','arguments':'" args "'}}"
#define CALL_OUT(id, name, input) \
    "{'type':'tool_use','id':'" id "','name':'" name "','input':" input "}"

static void turns_alternate_and_are_never_empty(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", "[" USER("A") "," USER("B") "]",
         "'messages':[{'role':'user','content':[{'type':'text','text':'A'},"
         "{'type':'text','text':'B'}]}]"},
        {"claude-3-opus", "[" USER(" ") "]", "'messages':[" USER_OUT(".") "]"},
        {"claude-3-opus", "[{'role':'assistant','content':'Hello'}," USER("Hi") "]",
         "'messages':[" USER_OUT(".") "," ASSISTANT_OUT("Hello") "," USER_OUT("Hi") "]"},
        {"claude-3-opus", "[" USER("A") ",{'role':'assistant','content':''}," USER("B") "]",
         "'messages':[{'role':'user','content':[{'type':'text','text':'A'},"
         "{'type':'text','text':'B'}]}]"},
        {"claude-3-opus",
         "[" USER("A") ",{'role':'assistant','content':null,'refusal':'No'}," USER("") "]",
         "'messages':[" USER_OUT("A") "," ASSISTANT_OUT("No") "," USER_OUT(".") "]"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

static void a_last_assistant_message_is_continued(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", "[" USER("A") ",{'role':'assistant','name':'Bo','content':'{ \\n'}]",
         "'messages':[" USER_OUT("A") "," ASSISTANT_OUT("{") "]"},
        {"claude-opus-4-6", "[" USER("A") ",{'role':'assistant','content':'So'}]",
         "'messages':[" USER_OUT("A") "," ASSISTANT_OUT("So") "," USER_OUT(
             "Continue your last message from exactly where it ends. Write only what comes "
             "next: repeat nothing of it and say nothing about it.") "]"},
        {"claude-3-opus", "[" USER("A") ",{'role':'assistant','content':' '}]",
         "'messages':[" USER_OUT("A") "]"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

static void results_follow_their_calls_at_the_front(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus",
         "[" USER("A") ",{'role':'assistant','content':'I look','tool_calls':[" CALL(
             "c1", "f",
             "{\\'a\\': 1}") "," CALL("c2", "g",
                                      "") "]}," USER("also this") ",{'role':'tool','tool_call_id':'"
                                                                  "c2','content':'two'},"
                                                                  "{'role':'tool','tool_call_id':'"
                                                                  "c1','content':[{'type':'text','"
                                                                  "text':'one',"
                                                                  "'cache_control':{'type':'"
                                                                  "ephemeral','ttl':'5m'}},{'type':"
                                                                  "'text','text':'more'}]}," USER(
                                                                      "so?") "]",
         "'messages':[" USER_OUT(
             "A") ",{'role':'assistant','content':[{'type':'text',"
                  "'text':'I look'}," CALL_OUT("c1", "f", "{'a': 1}") "," CALL_OUT(
                      "c2", "g", "{}") "]},"
                                       "{'role':'user','content':[{'type':'tool_result','tool_use_"
                                       "id':'c1','content':["
                                       "{'type':'text','text':'one'},{'type':'text','text':'more'}]"
                                       ",'cache_control':"
                                       "{'type':'ephemeral','ttl':'5m'}},{'type':'tool_result','"
                                       "tool_use_id':'c2',"
                                       "'content':'two'},{'type':'text','text':'also "
                                       "this'},{'type':'text','text':'so?'}]}]"},
        /* no result, and a result without a call */
        {"claude-3-opus",
         "[" USER("A") ",{'role':'assistant','content':null,'tool_calls':[" CALL(
             "c1", "f", "{}") "]},{'role':'tool','tool_call_id':'zz','content':'lost'}]",
         "'messages':[" USER_OUT("A") ",{'role':'assistant','content':[" CALL_OUT(
             "c1", "f", "{}") "]},{'role':'user','content':[{'type':'tool_result',"
                              "'tool_use_id':'c1','content':'No result was given for this "
                              "call.','is_error':true}]}]"},
        /* empty results are fine */
        {"claude-3-opus",
         "[" USER("A") ",{'role':'assistant','tool_calls':[" CALL(
             "c1", "f", "{}") "]},{'role':'tool','tool_call_id':'c1','content':''}]",
         "'messages':[" USER_OUT("A") ",{'role':'assistant','content':[" CALL_OUT(
             "c1", "f",
             "{}") "]},{'role':'user','content':[{'type':'tool_result','tool_use_id':'c1',"
                   "'content':''}]}]"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

static void ids_and_names_of_calls_fit_the_apis_alphabet(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus",
         "[" USER("A") ",{'role':'assistant','tool_calls':[" CALL(
             "functions.Bash:0", "my.tool",
             "{}") "]},"
                   "{'role':'tool','tool_call_id':'functions.Bash:0','content':'x'}]",
         "'messages':[" USER_OUT("A") ",{'role':'assistant','content':[" CALL_OUT(
             "functions_Bash_0_6523b38f94d23a14", "my_tool_c693c275efdaa471",
             "{}") "]},{'role':'user','content':["
                   "{'type':'tool_result','tool_use_id':'functions_Bash_0_6523b38f94d23a14','"
                   "content':'x'}]"
                   "}]"},
        /* the same id in parallel calls and again later */
        {"claude-3-opus",
         "[" USER("A") ",{'role':'assistant','tool_calls':[" CALL("c", "f", "{}") "," CALL(
             "c", "g",
             "{}") "," CALL("c_2", "h",
                            "{}") "]},"
                                  "{'role':'tool','tool_call_id':'c','content':'1'},"
                                  "{'role':'tool','tool_call_id':'c','content':'2'},"
                                  "{'role':'tool','tool_call_id':'c_2','content':'3'},"
                                  "{'role':'assistant','tool_calls':[" CALL(
                                      "c", "f",
                                      "{}") "]},"
                                            "{'role':'tool','tool_call_id':'c','content':'4'}]",
         "'messages':[" USER_OUT("A") ",{'role':'assistant','content':[" CALL_OUT(
             "c", "f",
             "{}") "," CALL_OUT("c_2", "g",
                                "{}") "," CALL_OUT("c_2_2", "h",
                                                   "{}") "]},{'role':'user','content':["
                                                         "{'type':'tool_result','tool_use_id':'c','"
                                                         "content':'1'},"
                                                         "{'type':'tool_result','tool_use_id':'c_2'"
                                                         ",'content':'2'},"
                                                         "{'type':'tool_result','tool_use_id':'c_2_"
                                                         "2','content':'3'}]},"
                                                         "{'role':'assistant','content':[" CALL_OUT(
                                                             "c_3", "f",
                                                             "{}") "]},"
                                                                   "{'role':'user','content':[{'"
                                                                   "type':'tool_result','tool_use_"
                                                                   "id':'c_3','content':'4'}]}]"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

static void arguments_keep_their_text_and_are_always_an_object(void **state)
{
    static const struct {
        const char *arguments;
        const char *want;
    } cases[] = {
        {"{\\'n\\': 123456789012345678901234567890.10}",
         "{'n': 123456789012345678901234567890.10}"},
        {" {} ", "{}"},
        {"", "{}"},
        {"[1]", "{'value':[1]}"},
        {"null", "{'value':null}"},
        {"{\\'a\\':", "{'_raw':'{\\'a\\':'}"},
    };
    struct model model = model_named("claude-3-opus");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str body = quoted(arena_printf(&arena,
                                       "{'model':'x','messages':[{'role':'assistant','tool_calls':["
                                       "{'id':'c','type':'function','function':{'name':'f',"
                                       "'arguments':'%s'}}]}]}",
                                       cases[i].arguments)
                              .at);
        str want = quoted(arena_printf(&arena, "'name':'f','input':%s}", cases[i].want).at);
        str got = encode(&model, body);
        if (str_find(got, want) >= got.len) {
            fail_msg("case %zu: " STR_FMT, i, STR_ARG(got));
        }
    }
}

#define SIGNED                                                                                     \
    "{'type':'reasoning.text','text':'hm','signature':'S','format':'anthropic-claude-v1','index':" \
    "0}"
#define OPAQUE "{'type':'reasoning.encrypted','data':'D','format':'anthropic-claude-v1','index':1}"
#define FOREIGN "{'type':'reasoning.encrypted','data':'E','format':'openai-responses-v1','index':2}"
#define CALLED(details)                                                                          \
    "'messages':[" USER("A") ",{'role':'assistant','content':null,'reasoning_details':[" details \
                             "],'tool_calls':[" CALL(                                            \
                                 "c", "f",                                                       \
                                 "{}") "]},{'role':'tool','tool_call_id':'c','content':'1'}]"
#define RESULT_OUT \
    ",{'role':'user','content':[{'type':'tool_result','tool_use_id':'c','content':'1'}]}]"

static void signed_reasoning_goes_back_first_and_as_it_came(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-sonnet-4-5",
         CALLED(SIGNED "," OPAQUE "," FOREIGN) ",'max_tokens':5000,'reasoning':{'effort':'low'}",
         "'max_tokens':5000,'thinking':{'type':'enabled','budget_tokens':1024},'messages':"
         "[" USER_OUT("A") ",{'role':'assistant','content':[{'type':'thinking','thinking':'hm',"
                           "'signature':'S'},{'type':'redacted_thinking','data':'D'}," CALL_OUT(
                               "c", "f", "{}") "]}" RESULT_OUT},
        /* without it, a budget cannot be asked for in the middle of a tool loop */
        {"claude-sonnet-4-5", CALLED(FOREIGN) ",'max_tokens':5000,'reasoning':{'effort':'low'}",
         "'max_tokens':5000,'messages':[" USER_OUT("A") ",{'role':'assistant','content':[" CALL_OUT(
             "c", "f", "{}") "]}" RESULT_OUT},
        /* not thinking: it is left out */
        {"claude-sonnet-4-5", CALLED(SIGNED) ",'max_tokens':5000",
         "'max_tokens':5000,'messages':[" USER_OUT("A") ",{'role':'assistant','content':[" CALL_OUT(
             "c", "f", "{}") "]}" RESULT_OUT},
        /* thinking unasked */
        {"claude-opus-5", CALLED(SIGNED) ",'max_tokens':5000",
         "'max_tokens':5000,'messages':[" USER_OUT(
             "A") ",{'role':'assistant','content':["
                  "{'type':'thinking','thinking':'hm','signature':'S'}," CALL_OUT(
                      "c", "f", "{}") "]}" RESULT_OUT},
    };

    (void)state;
    check(cases, COUNT_OF(cases), "", "", "");
}

#define PART(part) "[{'role':'user','content':[" part "]}]"
#define PART_OUT(part) "'messages':[{'role':'user','content':[" part "]}]"
#define IMAGE(url) "{'type':'image_url','image_url':{'url':'" url "'}}"
#define FILE_PART(members) "{'type':'file','file':{" members "}}"

static void images_and_documents_are_sent_as_what_they_are(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus", PART(IMAGE("https://h/a.png")),
         PART_OUT("{'type':'image','source':{'type':'url','url':'https://h/a.png'}}")},
        {"claude-3-opus", PART(IMAGE("data:image/png;base64,iVBORw0KGgoAAAAN")),
         PART_OUT("{'type':'image','source':{'type':'base64','media_type':'image/png',"
                  "'data':'iVBORw0KGgoAAAAN'}}")},
        /* a JPEG that is said to be a PNG, and a WebP */
        {"claude-3-opus", PART(IMAGE("data:image/png;base64,/9j/4AAQ")),
         PART_OUT("{'type':'image','source':{'type':'base64','media_type':'image/jpeg',"
                  "'data':'/9j/4AAQ'}}")},
        {"claude-3-opus", PART(IMAGE("data:image/gif;base64,UklGRiQAAABXRUJQVlA4")),
         PART_OUT("{'type':'image','source':{'type':'base64','media_type':'image/webp',"
                  "'data':'UklGRiQAAABXRUJQVlA4'}}")},
        {"claude-3-opus",
         PART(FILE_PART("'filename':'a.pdf','file_data':'data:application/pdf;"
                        "base64,JVBERi0x'")),
         PART_OUT("{'type':'document','source':{'type':'base64','media_type':'application/pdf',"
                  "'data':'JVBERi0x'},'title':'a.pdf'}")},
        {"claude-3-opus",
         PART(FILE_PART("'filename':'a.txt','file_data':'data:text/plain;base64,"
                        "SGVsbG8gdGhlcmU='")),
         PART_OUT("{'type':'document','source':{'type':'text','media_type':'text/plain',"
                  "'data':'Hello there'},'title':'a.txt'}")},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

static void what_the_api_has_no_word_for_is_refused_by_name(void **state)
{
    static const struct encode_case cases[] = {
        {"claude-3-opus",
         "[{'role':'user','content':[{'type':'text','text':'Hi'},{'type':'input_audio',"
         "'input_audio':{'data':'AAAA','format':'wav'}}]}]",
         "invalid [messages[0].content[1]] `messages[0].content[1]` is audio, which this model "
         "does not take"},
        {"claude-3-opus", PART("{'type':'video_url','video_url':{'url':'https://h/a.mp4'}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is video, which this model "
         "does not take"},
        {"claude-3-opus", PART(IMAGE("data:image/tiff;base64,SUkqAAAA")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` must be a JPEG, PNG, GIF or "
         "WebP image"},
        {"claude-3-opus", PART(FILE_PART("'file_id':'file-1'")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` names an uploaded file, which "
         "this provider has not"},
        {"claude-3-opus", PART(IMAGE("http://h/a.png")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is a URL, which this model's "
         "provider does not fetch"},
        {"claude-2.1", PART(IMAGE("https://h/a.png")),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is an image, which this model "
         "does not take"},
    };
    static const struct encode_case tools[] = {
        {"claude-3-opus",
         ",'tools':[" TOOL_F ",{'type':'function','function':{'name':'gatehouse_json_response'}}]",
         "invalid [tools[1].function.name] `tools[1].function.name` is reserved"},
        {"claude-2.1", ",'tools':[" TOOL_F "]",
         "invalid [tools] `tools` cannot be used by this "
         "model"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
    check_parameters(tools, COUNT_OF(tools));
}

static void at_most_four_cache_marks_are_sent_the_latest(void **state)
{
#define MARKED(text) "{'type':'text','text':'" text "','cache_control':{'type':'ephemeral'}}"
    static const struct encode_case cases[] = {
        {"claude-3-opus",
         "[{'role':'system','content':[" MARKED("S") "]},{'role':'user','content':[" MARKED(
             "1") "," MARKED("2") "," MARKED("3") "," MARKED("4") "]}]",
         "'system':[" MARKED("S") "],'messages':[{'role':'user','content':["
                                  "{'type':'text','text':'1'}," MARKED("2") "," MARKED(
                                      "3") "," MARKED("4") "]}]"},
    };

    (void)state;
    check_messages(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_request_is_a_post_with_its_version, reset),
        cmocka_unit_test_teardown(the_limit_of_tokens_is_always_sent_and_never_passes_the_model,
                                  reset),
        cmocka_unit_test_teardown(the_operators_limit_wins_over_the_table, reset),
        cmocka_unit_test_teardown(sampling_is_said_as_far_as_the_model_takes_it, reset),
        cmocka_unit_test_teardown(the_operators_list_of_parameters_overrules_the_table, reset),
        cmocka_unit_test_teardown(other_parameters_are_translated_or_left_out, reset),
        cmocka_unit_test_teardown(reasoning_becomes_a_budget_or_an_effort, reset),
        cmocka_unit_test_teardown(tools_are_described_as_objects, reset),
        cmocka_unit_test_teardown(a_choice_of_tools_is_said_in_the_apis_words, reset),
        cmocka_unit_test_teardown(a_wanted_form_is_asked_for_as_the_model_can, reset),
        cmocka_unit_test_teardown(schemas_are_fitted_into_the_subset, reset),
        cmocka_unit_test_teardown(system_texts_lead_and_later_ones_stay_in_place, reset),
        cmocka_unit_test_teardown(turns_alternate_and_are_never_empty, reset),
        cmocka_unit_test_teardown(a_last_assistant_message_is_continued, reset),
        cmocka_unit_test_teardown(results_follow_their_calls_at_the_front, reset),
        cmocka_unit_test_teardown(ids_and_names_of_calls_fit_the_apis_alphabet, reset),
        cmocka_unit_test_teardown(arguments_keep_their_text_and_are_always_an_object, reset),
        cmocka_unit_test_teardown(signed_reasoning_goes_back_first_and_as_it_came, reset),
        cmocka_unit_test_teardown(images_and_documents_are_sent_as_what_they_are, reset),
        cmocka_unit_test_teardown(what_the_api_has_no_word_for_is_refused_by_name, reset),
        cmocka_unit_test_teardown(at_most_four_cache_marks_are_sent_the_latest, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
