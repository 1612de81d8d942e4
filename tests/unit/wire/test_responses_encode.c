/* JSON in these tables is written with ' for ". */
#include "wire/dialect.h"
#include "wire/openai_responses.h"
#include "wire/quirks.h"
#include "wire/surface.h"

#include "share.h"
#include "test.h"

static struct arena arena;

static const struct quirks openai = {.takes_developer = true};
static const struct quirks xai = {.item_format = "xai-responses-v1", .refused = "metadata "};
static const struct quirks gateway = {.takes_developer = true, .reasoning_object = true};
static const struct quirks *quirks = &openai;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    quirks = &openai;
    return 0;
}

static str quoted(str text)
{
    char *at = arena_take_raw(&arena, text.len + 1);

    for (size_t i = 0; i < text.len; i++) {
        at[i] = (char)(text.at[i] == '\'' ? '"' : text.at[i]);
    }
    return str_of(at, text.len);
}

static struct model model_of(const char *name)
{
    return (struct model){.name = str_c(name), .quirks = quirks, .rules = share_rules(name)};
}

/* What the client's chat becomes for the model: the fault in words, when it is refused. */
static str encode(const struct model *model, str client, struct provider_request *request)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(client, &arena, &chat, &fault) != ERR_OK) {
        fail_msg("the chat is wrong: " STR_FMT, STR_ARG(fault.message));
    }
    if (openai_responses_dialect.encode_request(chat, model, &arena, request, &fault) != ERR_OK) {
        return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(fault.kind),
                            STR_ARG(fault.param), STR_ARG(fault.message));
    }
    assert_non_null(json_read_lenient(&arena, request->http.body));
    return request->http.body;
}

static str drops_of(const struct provider_request *request)
{
    str all = STR_NONE;

    for (size_t i = 0; i < request->drops.count; i++) {
        all =
            arena_printf(&arena, STR_FMT STR_FMT " ", STR_ARG(all), STR_ARG(request->drops.at[i]));
    }
    return all;
}

struct param_case {
    const char *model;
    const char *chat;  /* members of the client's body */
    const char *want;  /* members of what is sent, between `store` and `input` */
    const char *drops; /* each with a blank behind it; NULL: none */
};

static void check_params(const struct param_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct model model = model_of(cases[i].model);
        struct provider_request request = {0};
        str client = quoted(arena_printf(
            &arena, "{'model':'x','messages':[{'role':'user','content':'Hi'}]%s}", cases[i].chat));
        str want = quoted(arena_printf(
            &arena,
            "{'model':'%s','store':false%s,'input':[{'type':'message','role':'user','content':"
            "[{'type':'input_text','text':'Hi'}]}]}",
            cases[i].model, cases[i].want));
        str got = encode(&model, client, &request);
        if (cases[i].want[0] == 'i') { /* invalid ... */
            want = str_c(cases[i].want);
        }
        if (!str_eq(got, want)) {
            print_message("case %zu: %s %s\n", i, cases[i].model, cases[i].chat);
        }
        assert_str_equal(got, want);
        assert_str_equal(drops_of(&request), str_c(cases[i].drops));
        arena_reset(&arena);
    }
}

static void a_limit_lies_between_what_the_api_and_the_model_allow(void **state)
{
    static const struct param_case cases[] = {
        {"gpt-4o", ",'max_tokens':100", ",'max_output_tokens':100", NULL},
        {"gpt-4o", ",'max_completion_tokens':3", ",'max_output_tokens':16", NULL},
        {"gpt-4o", "", "", NULL},
    };
    (void)state;
    check_params(cases, COUNT_OF(cases));

    struct model model = model_of("gpt-4o");
    struct provider_request request = {0};
    model.output_tokens_max = 50;
    str got = encode(&model,
                     quoted(STR("{'model':'x','max_tokens':99,'messages':[{'role':'user',"
                                "'content':'Hi'}]}")),
                     &request);
    assert_true(str_find(got, STR("\"max_output_tokens\":50,")) < got.len);
}

static void sampling_is_sent_where_the_model_takes_it(void **state)
{
    static const struct param_case cases[] = {
        {"gpt-4o", ",'temperature':0.5,'top_p':0.25", ",'temperature':0.5,'top_p':0.25", NULL},
        {"o3", ",'temperature':0.5,'top_p':0.25", ",'include':['reasoning.encrypted_content']",
         "temperature top_p "},
        {"gpt-5.1", ",'temperature':0.5",
         ",'temperature':0.5,'include':['reasoning.encrypted_content']", NULL},
        {"gpt-5.1", ",'temperature':0.5,'reasoning_effort':'low'",
         ",'reasoning':{'effort':'low','summary':'auto'},"
         "'include':['reasoning.encrypted_content']",
         "temperature "},
        {"gpt-4o", ",'logprobs':true,'top_logprobs':2",
         ",'include':['message.output_text.logprobs'],'top_logprobs':2", NULL},
        {"gpt-4o", ",'logprobs':false,'top_logprobs':0", "", NULL},
        {"gpt-4o", ",'temperature':1", ",'temperature':1", NULL},
        {"gpt-5", ",'logprobs':true,'top_logprobs':2", ",'include':['reasoning.encrypted_content']",
         "logprobs "},
    };
    (void)state;
    check_params(cases, COUNT_OF(cases));
}

static void what_the_api_has_no_word_for_is_dropped(void **state)
{
    static const struct param_case cases[] = {
        {"m", ",'stop':'END','n':2,'seed':7,'frequency_penalty':1,'presence_penalty':1", "",
         "frequency_penalty presence_penalty seed stop n "},
        {"m", ",'logit_bias':{'5':1},'top_k':5,'prediction':{'type':'content','content':'x'}", "",
         "top_k logit_bias prediction "},
        {"m", ",'n':1", "", NULL},
        {"m", ",'own_word':1,'transforms':['x']", "", NULL},
    };
    (void)state;
    check_params(cases, COUNT_OF(cases));
}

static void reasoning_is_asked_for_within_the_models_bounds(void **state)
{
#define ENCRYPTED ",'include':['reasoning.encrypted_content']"
    static const struct param_case cases[] = {
        {"gpt-5", ",'reasoning_effort':'minimal'",
         ",'reasoning':{'effort':'minimal','summary':'auto'}" ENCRYPTED, NULL},
        {"gpt-5", ",'reasoning_effort':'none'", ",'reasoning':{'effort':'minimal'}" ENCRYPTED,
         NULL},
        {"gpt-5", ",'reasoning_effort':'max'",
         ",'reasoning':{'effort':'high','summary':'auto'}" ENCRYPTED, NULL},
        {"gpt-5.6", ",'reasoning_effort':'minimal'",
         ",'reasoning':{'effort':'low','summary':'auto'}" ENCRYPTED, NULL},
        {"gpt-5.1", ",'reasoning_effort':'none'", ",'reasoning':{'effort':'none'}" ENCRYPTED, NULL},
        {"gpt-5.1", ",'reasoning':{'enabled':true}",
         ",'reasoning':{'effort':'medium','summary':'auto'}" ENCRYPTED, NULL},
        {"gpt-5", ",'reasoning':{}", ",'reasoning':{'summary':'auto'}" ENCRYPTED, NULL},
        {"gpt-5.6", ",'reasoning':{'effort':'low','mode':'pro','context':'all_turns','own':1}",
         ",'reasoning':{'effort':'low','summary':'auto','mode':'pro','context':'all_turns'"
         "}" ENCRYPTED,
         NULL},
        {"gpt-5", ",'reasoning':{'effort':'low','exclude':true}",
         ",'reasoning':{'effort':'low'}" ENCRYPTED, NULL},
        {"gpt-5", ",'reasoning':{'effort':'low','summary':'detailed'}",
         ",'reasoning':{'effort':'low','summary':'detailed'}" ENCRYPTED, NULL},
        {"gpt-5", ",'reasoning':{'max_tokens':20000},'max_tokens':40000",
         ",'max_output_tokens':40000,'reasoning':{'effort':'medium','summary':'auto'}" ENCRYPTED,
         NULL},
        {"gpt-4o", ",'reasoning_effort':'high'", "", "reasoning "},
        {"gpt-4o", ",'reasoning_effort':'none'", "", NULL},
        {"unheard-of", ",'reasoning_effort':'high'",
         ",'reasoning':{'effort':'high','summary':'auto'}" ENCRYPTED, NULL},
        {"unheard-of", "", "", NULL},
    };
    (void)state;
    check_params(cases, COUNT_OF(cases));

    static const struct quirks few = {.takes_developer = true, .efforts = "none low high "};
    static const struct param_case known[] = {
        {"unheard-of", ",'reasoning_effort':'xhigh'",
         ",'reasoning':{'effort':'high','summary':'auto'}" ENCRYPTED, NULL},
        {"unheard-of", ",'reasoning_effort':'medium'",
         ",'reasoning':{'effort':'low','summary':'auto'}" ENCRYPTED, NULL},
        {"unheard-of", ",'reasoning_effort':'minimal'",
         ",'reasoning':{'effort':'low','summary':'auto'}" ENCRYPTED, NULL},
    };
    quirks = &few;
    check_params(known, COUNT_OF(known));
}

static void the_form_of_the_answer_is_flat(void **state)
{
    static const struct param_case cases[] = {
        {"m", ",'response_format':{'type':'json_object'}",
         ",'text':{'format':{'type':'json_object'}}", NULL},
        {"m", ",'response_format':{'type':'text'}", "", NULL},
        {"m",
         ",'verbosity':'low','response_format':{'type':'json_schema','json_schema':{'name':'n',"
         "'description':'d','strict':true,'schema':{'type':'object'}}}",
         ",'text':{'format':{'type':'json_schema','name':'n','description':'d','schema':{'type':"
         "'object'},'strict':true},'verbosity':'low'}",
         NULL},
        {"m", ",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{}}}",
         ",'text':{'format':{'type':'json_schema','name':'n','schema':{},'strict':false}}", NULL},
        {"m", ",'response_format':{'type':'grammar','grammar':'x'}",
         "invalid [response_format.type] `response_format.type` is not known to this model's "
         "provider",
         NULL},
    };
    (void)state;
    check_params(cases, COUNT_OF(cases));
}

static void members_of_both_formats_keep_their_names(void **state)
{
    static const struct param_case cases[] = {
        {"m",
         ",'user':'u','service_tier':'flex','metadata':{'a':'b'},'safety_identifier':'s',"
         "'prompt_cache_key':'k','prompt_cache_retention':'24h'",
         ",'user':'u','service_tier':'flex','metadata':{'a':'b'},'safety_identifier':'s',"
         "'prompt_cache_key':'k','prompt_cache_retention':'24h'",
         NULL},
    };
    (void)state;
    check_params(cases, COUNT_OF(cases));
    quirks = &xai;
    static const struct param_case refused[] = {{"m", ",'metadata':{'a':'b'}", "", "metadata "}};
    check_params(refused, COUNT_OF(refused));
}

/* The whole body for a chat of which only `chat` is told. */
static void check_body(const char *model_name, const char *chat, const char *want)
{
    struct model model = model_of(model_name);
    struct provider_request request = {0};
    str got = encode(&model, quoted(arena_printf(&arena, "{'model':'x',%s}", chat)), &request);

    assert_str_equal(got, want[0] == 'i' ? str_c(want) : quoted(str_c(want)));
}

static void nothing_is_stored_unless_the_client_asks(void **state)
{
    (void)state;
    check_body("o3", "'store':true,'stream':true,'messages':[{'role':'user','content':'Hi'}]",
               "{'model':'o3','stream':true,'store':true,'input':[{'type':'message','role':'user',"
               "'content':[{'type':'input_text','text':'Hi'}]}]}");
}

#define INPUT \
    "'input':[{'type':'message','role':'user','content':[{'type':'input_text','text':'Hi'}]}]}"
#define HI ",'messages':[{'role':'user','content':'Hi'}]"

static void tools_are_flat_and_say_whether_they_are_strict(void **state)
{
    (void)state;
    check_body("m",
               "'tools':[{'type':'function','function':{'name':'f','description':'d','parameters':"
               "{'type':'object','properties':{'x':{'type':'integer','maximum':"
               "9007199254740993}}}}},"
               "{'type':'function','function':{'name':'g','strict':true}}],"
               "'parallel_tool_calls':false,'tool_choice':'required'" HI,
               "{'model':'m','store':false,'tools':[{'type':'function','name':'f','description':"
               "'d','parameters':{'type':'object','properties':{'x':{'type':'integer','maximum':"
               "9007199254740993}}},'strict':false},{'type':'function','name':'g','parameters':"
               "{'type':'object','properties':{}},'strict':true}],'tool_choice':'required',"
               "'parallel_tool_calls':false," INPUT);
}

static void the_choice_of_a_tool_has_many_forms(void **state)
{
    static const struct {
        const char *chat;
        const char *want;
    } cases[] = {
        {"'none'", "'none'"},
        {"{'type':'function','function':{'name':'f'}}", "{'type':'function','name':'f'}"},
        {"{'type':'custom','custom':{'name':'c'}}", "{'type':'custom','name':'c'}"},
        {"{'type':'web_search','limit':2}", "{'type':'web_search','limit':2}"},
        {"{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':[{'type':'function',"
         "'function':{'name':'f'}},{'type':'web_search'}]}}",
         "{'type':'allowed_tools','mode':'auto','tools':[{'type':'function','name':'f'},{'type':"
         "'web_search'}]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str chat = arena_printf(&arena,
                                "'tools':[{'type':'function','function':{'name':'f'}}],"
                                "'tool_choice':%s" HI,
                                cases[i].chat);
        str want = arena_printf(&arena,
                                "{'model':'m','store':false,'tools':[{'type':'function','name':'f',"
                                "'parameters':{'type':'object','properties':{}},'strict':false}],"
                                "'tool_choice':%s," INPUT,
                                cases[i].want);
        check_body("m", chat.at, want.at);
    }
}

static void tools_of_the_provider_and_custom_tools_go_through(void **state)
{
    (void)state;
    check_body("m",
               "'tools':[{'type':'web_search','search_context_size':'low'},{'type':'custom',"
               "'custom':{'name':'sql','description':'d','format':{'type':'grammar','grammar':"
               "{'definition':'x','syntax':'lark'}}}}]" HI,
               "{'model':'m','store':false,'tools':[{'type':'web_search','search_context_size':"
               "'low'},{'type':'custom','name':'sql','description':'d','format':{'type':'grammar',"
               "'definition':'x','syntax':'lark'}}]," INPUT);
}

static void a_model_without_tools_is_not_asked_to_use_them(void **state)
{
    (void)state;
    check_body("o1-mini", "'tools':[{'type':'function','function':{'name':'f'}}]" HI,
               "invalid [tools] `tools` cannot be used with this model");
}

static void names_that_cannot_be_spelled_are_replaced_everywhere(void **state)
{
    struct model model = model_of("m");
    struct provider_request request = {0};
    str body = encode(&model,
                      quoted(STR("{'model':'x','tools':[{'type':'function','function':{'name':"
                                 "'a.b'}}],'tool_choice':{'type':'function','function':{'name':"
                                 "'a.b'}},'messages':[{'role':'assistant','tool_calls':[{'id':'1',"
                                 "'type':'function','function':{'name':'a.b','arguments':'{}'}}]},"
                                 "{'role':'tool','tool_call_id':'1','content':'x'}]}")),
                      &request);

    (void)state;
    assert_int_equal(request.hints.alias_count, 1);
    assert_str_equal(request.hints.aliases[0].name, STR("a.b"));
    str name =
        arena_printf(&arena, "\"name\":\"" STR_FMT "\"", STR_ARG(request.hints.aliases[0].sent));
    for (int i = 0; i < 3; i++) {
        assert_true(str_find(body, name) < body.len);
        body = str_skip(body, str_find(body, name) + 1);
    }
    assert_true(str_find(body, STR("a.b")) == body.len);
}

struct input_case {
    const char *messages;
    const char *want; /* the items */
};

static void check_input(const struct input_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str chat = arena_printf(&arena, "'messages':[%s]", cases[i].messages);
        str want =
            cases[i].want[0] == 'i'
                ? str_c(cases[i].want)
                : arena_printf(&arena, "{'model':'m','store':false,'input':[%s]}", cases[i].want);
        print_message("case %zu\n", i);
        check_body("m", chat.at, want.at);
        arena_reset(&arena);
    }
}

static void messages_become_items_in_their_order(void **state)
{
    static const struct input_case cases[] = {
        {"{'role':'system','content':'S'},{'role':'user','content':'U'},{'role':'assistant',"
         "'content':'A'},{'role':'developer','content':'D'}",
         "{'type':'message','role':'developer','content':[{'type':'input_text','text':'S'}]},"
         "{'type':'message','role':'user','content':[{'type':'input_text','text':'U'}]},"
         "{'type':'message','role':'assistant','content':[{'type':'output_text','text':'A',"
         "'annotations':[]}]},"
         "{'type':'message','role':'developer','content':[{'type':'input_text','text':'D'}]}"},
        {"{'role':'user','name':'Ann','content':[{'type':'text','text':'a'},{'type':'text','text':"
         "'b'}]}",
         "{'type':'message','role':'user','content':[{'type':'input_text','text':'Ann: a'},"
         "{'type':'input_text','text':'b'}]}"},
        {"{'role':'assistant','content':'A','refusal':'No.','phase':'commentary'}",
         "{'type':'message','role':'assistant','phase':'commentary','content':[{'type':"
         "'output_text','text':'A','annotations':[]},{'type':'refusal','refusal':'No.'}]}"},
        {"{'role':'assistant','content':''}", ""},
        {"{'role':'assistant','content':null,'refusal':null,'annotations':[],'audio':null}", ""},
    };
    (void)state;
    check_input(cases, COUNT_OF(cases));
    quirks = &xai;
    static const struct input_case system[] = {
        {"{'role':'developer','content':'S'}",
         "{'type':'message','role':'system','content':[{'type':'input_text','text':'S'}]}"}};
    check_input(system, COUNT_OF(system));
}

static void media_are_shown_by_url_by_id_or_as_data(void **state)
{
#define USER(part) "{'role':'user','content':[" part "]}"
#define ITEM(part) "{'type':'message','role':'user','content':[" part "]}"
    static const struct input_case cases[] = {
        {USER("{'type':'image_url','image_url':{'url':'https://x/a.png','detail':'low'}}"),
         ITEM("{'type':'input_image','image_url':'https://x/a.png','detail':'low'}")},
        {USER("{'type':'image_url','image_url':{'url':'data:image/gif;base64,R0lG'}}"),
         ITEM("{'type':'input_image','image_url':'data:image/gif;base64,R0lG'}")},
        {USER("{'type':'file','file':{'file_id':'file-1'}}"),
         ITEM("{'type':'input_file','file_id':'file-1'}")},
        {USER("{'type':'file','file':{'filename':'a.pdf','file_data':'data:application/pdf;base64,"
              "AAAA'}}"),
         ITEM("{'type':'input_file','filename':'a.pdf','file_data':'data:application/pdf;base64,"
              "AAAA'}")},
        {USER("{'type':'file','file':{'file_data':'data:text/plain;base64,AAAA'}}"),
         ITEM("{'type':'input_file','filename':'document','file_data':'data:text/plain;base64,"
              "AAAA'}")},
        {USER("{'type':'file','file':{'file_data':'https://x/a.pdf'}}"),
         ITEM("{'type':'input_file','file_url':'https://x/a.pdf'}")},
        {USER("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}"),
         ITEM("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}")},
        {USER("{'type':'text','text':'a'},{'type':'video_url','video_url':{'url':'https://x/a'}}"),
         "invalid [messages[0].content[1]] `messages[0].content[1]` is of a kind that this model's "
         "provider does not take"},
    };
    (void)state;
    check_input(cases, COUNT_OF(cases));

    static const struct quirks without_files = {.takes_developer = true, .refused_parts = "file "};
    static const struct input_case refused[] = {
        {USER("{'type':'file','file':{'file_id':'file-1'}}"),
         "invalid [messages[0].content[0]] `messages[0].content[0]` is of a kind that this model "
         "does not take"},
    };
    quirks = &without_files;
    check_input(refused, COUNT_OF(refused));
}

static void images_are_fetched_for_those_who_cannot(void **state)
{
    static const struct quirks blind = {.needs_image_bytes = true};
    struct model model = {.name = STR("m"), .quirks = &blind};
    struct chat_part part = {.kind = PART_IMAGE, .url = STR("https://x/a.png")};

    (void)state;
    assert_true(openai_responses_dialect.needs_bytes(&part, &model));
    model.quirks = &openai;
    assert_false(openai_responses_dialect.needs_bytes(&part, &model));
    model.quirks = &blind;
    part.data = STR("AAAA");
    assert_false(openai_responses_dialect.needs_bytes(&part, &model));
}

#define CALL(id) \
    "{'id':'" id "','type':'function','function':{'name':'f','arguments':'{\\\"a\\\":1e400}'}}"
#define CALLED(id) \
    "{'type':'function_call','call_id':'" id "','name':'f','arguments':'{\\\"a\\\":1e400}'}"
#define RESULT(id, text) "{'role':'tool','tool_call_id':'" id "','content':'" text "'}"
#define GIVEN(id, text) "{'type':'function_call_output','call_id':'" id "','output':'" text "'}"
#define SAID(text)                                                                        \
    "{'type':'message','role':'assistant','content':[{'type':'output_text','text':'" text \
    "','annotations':[]}]}"
#define ASKED(text) \
    "{'type':'message','role':'user','content':[{'type':'input_text','text':'" text "'}]}"

static void every_call_has_its_result_right_behind_it(void **state)
{
    static const struct input_case cases[] = {
        {"{'role':'assistant','content':'T','tool_calls':[" CALL("1") "," CALL("2") "]}," RESULT(
             "2", "b") "," RESULT("1", "a") ",{'role':'user','content':'U'}",
         SAID("T") "," CALLED("1") "," CALLED("2") "," GIVEN("1", "a") "," GIVEN(
             "2", "b") "," ASKED("U")},
        {"{'role':'assistant','content':null,'tool_calls':[" CALL(
             "1") "]},"
                  "{'role':'user','content':'U'}," RESULT("1", "a"),
         CALLED("1") "," GIVEN("1", "a") "," ASKED("U")},
        {"{'role':'assistant','tool_calls':[" CALL("1") "]},{'role':'user','content':'U'}",
         CALLED("1") "," GIVEN("1", "No result was given for this call.") "," ASKED("U")},
        {"{'role':'user','content':'U'}," RESULT("9", "a"), ASKED("U")},
        {"{'role':'assistant','tool_calls':[" CALL("1") "]}," RESULT(
             "1", "a") ","
                       "{'role':'assistant','tool_calls':[" CALL("1") "," CALL("1") "]}," RESULT(
                           "1", "b") "," RESULT("1", "c"),
         CALLED("1") "," GIVEN("1", "a") "," CALLED("1_2") "," CALLED("1_3") "," GIVEN(
             "1_2", "b") "," GIVEN("1_3", "c")},
        {"{'role':'assistant','tool_calls':[" CALL(
             "1") "]},{'role':'tool','tool_call_id':'1',"
                  "'content':[{'type':'text','text':'a'},{'type':'text','text':'b'}]}",
         CALLED("1") "," GIVEN("1", "ab")},
        {"{'role':'assistant','tool_calls':[" CALL(
             "1") "]},{'role':'tool','tool_call_id':'1',"
                  "'content':[{'type':'text','text':'a'},{'type':'image_url','image_url':{'url':"
                  "'https://x/a'}}]}",
         CALLED("1") ",{'type':'function_call_output','call_id':'1','output':[{'type':"
                     "'input_text','text':'a'},{'type':'input_image','image_url':'https://x/a'}]}"},
    };
    (void)state;
    check_input(cases, COUNT_OF(cases));
}

static void long_ids_are_shortened_alike_for_call_and_result(void **state)
{
    struct model model = model_of("m");
    struct provider_request request = {0};
    const char *id = "call_0123456789012345678901234567890123456789012345678901234567890123456789";
    str chat = arena_printf(&arena,
                            "{'model':'x','messages':[{'role':'assistant','tool_calls':[{'id':'%s',"
                            "'type':'function','function':{'name':'f','arguments':'{}'}}]},{'role':"
                            "'tool','tool_call_id':'%s','content':'a'}]}",
                            id, id);
    str body = encode(&model, quoted(chat), &request);
    json *input = json_get(json_read_lenient(&arena, body), "input");
    struct json_walk walk = json_walk(input);
    str ids[2] = {STR_NONE, STR_NONE};

    (void)state;
    for (size_t i = 0; i < 2 && json_next(&walk); i++) {
        ids[i] = json_str(walk.value, "call_id");
    }
    assert_true(ids[0].len > 0 && ids[0].len <= 64);
    assert_str_equal(ids[1], ids[0]);
}

static void calls_of_custom_tools_go_back_as_text(void **state)
{
    (void)state;
#define SQL "'tools':[{'type':'custom','custom':{'name':'sql'}}]"
    const char *want = "{'model':'m','store':false,'tools':[{'type':'custom','name':'sql'}],"
                       "'input':[{'type':'custom_tool_call','call_id':'1','name':'sql','input':"
                       "'select 1'},{'type':'custom_tool_call_output','call_id':'1','output':"
                       "'1'}]}";
    check_body("m",
               SQL ",'messages':[{'role':'assistant','tool_calls':[{'id':'1','type':'custom',"
                   "'custom':{'name':'sql','input':'select 1'}}]}," RESULT("1", "1") "]",
               want);
    check_body(
        "m",
        SQL ",'messages':[{'role':'assistant','tool_calls':[{'id':'1','type':'function',"
            "'function':{'name':'sql','arguments':'{\\\"input\\\":\\\"select 1\\\"}'}}]}," RESULT(
                "1", "1") "]",
        want);
}

#define SUMMARY(id, format, text) \
    "{'type':'reasoning.summary','id':'" id "','format':'" format "','summary':'" text "'}"
#define OPAQUE(id, format, data) \
    "{'type':'reasoning.encrypted','id':'" id "','format':'" format "','data':'" data "'}"
#define OWN "openai-responses-v1"
#define TURN(details) "{'role':'assistant','content':'T','reasoning_details':[" details "]}"

static void reasoning_goes_back_to_whom_it_came_from(void **state)
{
    static const struct input_case cases[] = {
        {TURN(SUMMARY("rs_1", OWN, "a") "," SUMMARY("", OWN, "b") "," OPAQUE("rs_1", OWN, "E")),
         "{'type':'reasoning','id':'rs_1','summary':[{'type':'summary_text','text':'ab'}],"
         "'encrypted_content':'E'}," SAID("T")},
        {TURN(OPAQUE("", OWN, "E")),
         "{'type':'reasoning','summary':[],'encrypted_content':'E'}," SAID("T")},
        {TURN(OPAQUE("rs_1", OWN, "E") "," OPAQUE("rs_2", OWN, "F")),
         "{'type':'reasoning','id':'rs_1','summary':[],'encrypted_content':'E'},"
         "{'type':'reasoning','id':'rs_2','summary':[],'encrypted_content':'F'}," SAID("T")},
        /* Not kept there, and nothing to be read in it. */
        {TURN(SUMMARY("rs_1", OWN, "a")), SAID("T")},
        {TURN(SUMMARY("rs_1", OWN, "a") "," OPAQUE("rs_2", OWN, "F")),
         "{'type':'reasoning','id':'rs_2','summary':[],'encrypted_content':'F'}," SAID("T")},
        {TURN("{'type':'reasoning.text','id':'r1','format':'" OWN "','text':'a'}"),
         "{'type':'reasoning','id':'r1','summary':[],'content':[{'type':'reasoning_text','text':"
         "'a'}]}," SAID("T")},
        {TURN("{'type':'reasoning.text','format':'" OWN "','text':'a'}"), SAID("T")},
        /* Of others. */
        {TURN(OPAQUE("rs_1", "azure-openai-responses-v1", "E")), SAID("T")},
        {TURN(OPAQUE("rs_1", "anthropic-claude-v1", "E")), SAID("T")},
        {TURN(OPAQUE("rs_1", "unknown", "E")), SAID("T")},
        {"{'role':'assistant','content':'T','reasoning':'plain'}", SAID("T")},
        /* It led to nothing. */
        {"{'role':'assistant','content':'','reasoning_details':[" OPAQUE("rs_1", OWN, "E") "]}",
         ""},
        {"{'role':'assistant','content':'','reasoning_details':[" OPAQUE(
             "rs_1", OWN, "E") "],'tool_calls':[" CALL("1") "]}," RESULT("1", "a"),
         "{'type':'reasoning','id':'rs_1','summary':[],'encrypted_content':'E'}," CALLED(
             "1") "," GIVEN("1", "a")},
    };
    (void)state;
    check_input(cases, COUNT_OF(cases));

    quirks = &xai;
    static const struct input_case of_xai[] = {
        {TURN(SUMMARY("rs_1", "xai-responses-v1", "a")),
         "{'type':'reasoning','id':'rs_1','summary':[{'type':'summary_text','text':'a'}]}," SAID(
             "T")},
        {TURN(OPAQUE("rs_1", OWN, "E")), SAID("T")},
    };
    check_input(of_xai, COUNT_OF(of_xai));

    quirks = &gateway;
    static const struct input_case of_anybody[] = {
        {TURN(
             "{'type':'reasoning.text','format':'anthropic-claude-v1','text':'a','signature':'S'}"),
         "{'type':'reasoning','summary':[],'content':[{'type':'reasoning_text','text':'a'}],"
         "'format':'anthropic-claude-v1','signature':'S'}," SAID("T")},
    };
    check_input(of_anybody, COUNT_OF(of_anybody));
}

static void every_platform_has_its_path(void **state)
{
    static const struct {
        struct site site;
        const char *path;
        const char *format;
    } cases[] = {
        {{.platform = PLATFORM_OWN}, "/responses", "openai-responses-v1"},
        {{.platform = PLATFORM_BEDROCK, .region = STR_INIT("us-east-1")},
         "/responses",
         "bedrock-openai-responses-v1"},
        {{.platform = PLATFORM_AZURE}, "/openai/v1/responses", "azure-openai-responses-v1"},
        {{.platform = PLATFORM_AZURE, .api_version = STR_INIT("preview")},
         "/openai/v1/responses?api-version=preview",
         "azure-openai-responses-v1"},
        {{.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2025-04-01-preview")},
         "/openai/responses?api-version=2025-04-01-preview",
         "azure-openai-responses-v1"},
        {{.platform = PLATFORM_AZURE_CLASSIC},
         "/openai/responses?api-version=2025-03-01-preview",
         "azure-openai-responses-v1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct model model = model_of("m");
        struct provider_request request = {0};
        model.site = &cases[i].site;
        (void)encode(&model, quoted(STR("{'model':'x','stream':true" HI "}")), &request);
        assert_str_equal(request.http.method, STR("POST"));
        assert_str_equal(request.http.path, str_c(cases[i].path));
        assert_str_equal(headers_get(&request.http.headers, STR("accept")),
                         STR("text/event-stream"));
        assert_str_equal(headers_get(&request.http.headers, STR("content-type")),
                         STR("application/json"));
        assert_str_equal(responses_reasoning_format(&model), str_c(cases[i].format));
    }
}

/* A request that came in this format: what the chat cannot say is sent on as it is. */
static void a_request_of_the_same_format_loses_nothing(void **state)
{
    str root = quoted(STR("{'model':'x','input':'Hi','instructions':'old','temperature':1,"
                          "'truncation':'auto','include':['web_search_call.results'],'text':"
                          "{'format':{'type':'text'},'own':1},'reasoning':{'effort':'low','mode':"
                          "'pro'},'max_tool_calls':3,'tool_choice':{'type':'mcp','server_label':"
                          "'s'},'prompt_cache_key':'k','stop':'x'}"));
    struct chat_part parts[] = {
        {.kind = PART_TEXT, .text = STR("Hi")},
        {.kind = PART_OTHER, .raw = json_read_lenient(&arena, quoted(STR("{'type':'input_new'}")))},
    };
    struct chat_part said[] = {
        {.kind = PART_OTHER,
         .raw = json_read_lenient(&arena, quoted(STR("{'type':'web_search_call','id':'ws_1'}")))},
        {.kind = PART_TEXT, .text = STR("A")},
    };
    struct chat_message messages[] = {
        {.role = ROLE_USER, .parts = parts, .part_count = COUNT_OF(parts)},
        {.role = ROLE_ASSISTANT, .parts = said, .part_count = COUNT_OF(said)},
    };
    struct chat_tool tool = {
        .raw = json_read_lenient(&arena, quoted(STR("{'type':'mcp','server_label':'s'}")))};
    struct chat_request chat = {
        .messages = messages,
        .message_count = COUNT_OF(messages),
        .tools = &tool,
        .tool_count = 1,
        .reasoning = {.set = true, .effort = EFFORT_LOW},
        .format = FORMAT_OPENAI_RESPONSES,
        .root = json_read_lenient(&arena, root),
    };
    struct model model = model_of("o3");
    struct provider_request request = {0};
    struct fault fault = {0};

    (void)state;
    assert_int_equal(
        openai_responses_dialect.encode_request(&chat, &model, &arena, &request, &fault), ERR_OK);
    assert_str_equal(
        request.http.body,
        quoted(STR("{'model':'o3','store':false,'reasoning':{'effort':'low','mode':'pro'},"
                   "'include':['web_search_call.results','reasoning.encrypted_content'],"
                   "'prompt_cache_key':'k','text':{'own':1},'tools':[{'type':'mcp','server_label':"
                   "'s'}],'tool_choice':{'type':'mcp','server_label':'s'},'input':[{'type':"
                   "'message','role':'user','content':[{'type':'input_text','text':'Hi'},{'type':"
                   "'input_new'}]},{'type':'message','role':'assistant','content':[{'type':"
                   "'output_text','text':'A','annotations':[]}]},{'type':'web_search_call','id':"
                   "'ws_1'}],'truncation':'auto','max_tool_calls':3,'stop':'x'}")));
}

static void tools_of_another_format_are_refused(void **state)
{
    struct chat_part part = {.kind = PART_TEXT, .text = STR("Hi")};
    struct chat_message message = {.role = ROLE_USER, .parts = &part, .part_count = 1};
    struct chat_tool tool = {
        .raw = json_read_lenient(&arena, quoted(STR("{'type':'web_search_20250305'}")))};
    struct chat_request chat = {.messages = &message,
                                .message_count = 1,
                                .tools = &tool,
                                .tool_count = 1,
                                .format = FORMAT_ANTHROPIC};
    struct model model = model_of("m");
    struct provider_request request = {0};
    struct fault fault = {0};

    (void)state;
    assert_int_equal(
        openai_responses_dialect.encode_request(&chat, &model, &arena, &request, &fault),
        ERR_INVALID);
    assert_str_equal(fault.param, STR("tools[0].type"));
    assert_true(fault.retryable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_limit_lies_between_what_the_api_and_the_model_allow,
                                        reset, reset),
        cmocka_unit_test_setup_teardown(sampling_is_sent_where_the_model_takes_it, reset, reset),
        cmocka_unit_test_setup_teardown(what_the_api_has_no_word_for_is_dropped, reset, reset),
        cmocka_unit_test_setup_teardown(reasoning_is_asked_for_within_the_models_bounds, reset,
                                        reset),
        cmocka_unit_test_setup_teardown(the_form_of_the_answer_is_flat, reset, reset),
        cmocka_unit_test_setup_teardown(members_of_both_formats_keep_their_names, reset, reset),
        cmocka_unit_test_setup_teardown(nothing_is_stored_unless_the_client_asks, reset, reset),
        cmocka_unit_test_setup_teardown(tools_are_flat_and_say_whether_they_are_strict, reset,
                                        reset),
        cmocka_unit_test_setup_teardown(the_choice_of_a_tool_has_many_forms, reset, reset),
        cmocka_unit_test_setup_teardown(tools_of_the_provider_and_custom_tools_go_through, reset,
                                        reset),
        cmocka_unit_test_setup_teardown(a_model_without_tools_is_not_asked_to_use_them, reset,
                                        reset),
        cmocka_unit_test_setup_teardown(names_that_cannot_be_spelled_are_replaced_everywhere, reset,
                                        reset),
        cmocka_unit_test_setup_teardown(messages_become_items_in_their_order, reset, reset),
        cmocka_unit_test_setup_teardown(media_are_shown_by_url_by_id_or_as_data, reset, reset),
        cmocka_unit_test_setup_teardown(images_are_fetched_for_those_who_cannot, reset, reset),
        cmocka_unit_test_setup_teardown(every_call_has_its_result_right_behind_it, reset, reset),
        cmocka_unit_test_setup_teardown(long_ids_are_shortened_alike_for_call_and_result, reset,
                                        reset),
        cmocka_unit_test_setup_teardown(calls_of_custom_tools_go_back_as_text, reset, reset),
        cmocka_unit_test_setup_teardown(reasoning_goes_back_to_whom_it_came_from, reset, reset),
        cmocka_unit_test_setup_teardown(every_platform_has_its_path, reset, reset),
        cmocka_unit_test_setup_teardown(a_request_of_the_same_format_loses_nothing, reset, reset),
        cmocka_unit_test_setup_teardown(tools_of_another_format_are_refused, reset, reset),
    };

    return cmocka_run_group_tests_name("responses_encode", tests, NULL, NULL);
}
