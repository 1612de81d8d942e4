/*
 * Chats that came in the Messages API's own format: what we do not know of it travels along.  JSON
 * in these tables is written with ' for ".
 */
#include "test_anthropic.h"

/* A chat whose raw JSON is `root`; its one message is the user's. */
static struct chat_request *native_chat(const char *root)
{
    struct chat_request *chat = read_chat("{'max_tokens':9," HI "}");

    chat->format = FORMAT_ANTHROPIC;
    chat->root = json_read_lenient(&arena, quoted(root));
    assert_non_null(chat->root);
    return chat;
}

static void unknown_members_of_its_own_format_reach_the_vendor_alone(void **state)
{
    static const char root[] =
        "{'model':'x','max_tokens':9,'messages':[],'container':'c-1','speed':'fast','provider':{},"
        "'mcp_servers':[{'n':1234567890123456789}],'output_config':{'task_budget':{'n':1}}}";
    struct model own = model_at(NULL, "claude-opus-4-7");
    struct model elsewhere = model_at(&bedrock, "anthropic.claude-opus-4-7");

    (void)state;
    assert_str_equal(
        encode(native_chat(root), &own),
        quoted(OWN "anthropic-beta: mcp-client-2025-11-20,fast-mode-2026-02-01\n"
                   "{'model':'claude-opus-4-7','max_tokens':9,'output_config':{'task_budget':"
                   "{'n':1}}," HI_OUT ",'container':'c-1','speed':'fast','mcp_servers':"
                   "[{'n':1234567890123456789}]}\n"));
    assert_str_equal(encode(native_chat(root), &elsewhere),
                     quoted("/model/anthropic.claude-opus-4-7/invoke\n" BEDROCK_BODY
                            "'max_tokens':9," HI_OUT "}\ndropped container\ndropped speed\n"
                            "dropped mcp_servers\n"));
}

static void betas_of_the_client_go_where_they_are_known(void **state)
{
    static const struct {
        const struct site *site;
        const char *header;
        const char *root;
        const char *betas; /* in the header, or the member */
        bool drops;
    } cases[] = {
        {NULL, "novel-2030-01-01, context-1m-2025-08-07,novel-2030-01-01", "{}",
         "novel-2030-01-01,context-1m-2025-08-07", false},
        {NULL, "a", "{'anthropic_beta':['b','a']}", "a,b", false},
        /* the client's version of what the body needs */
        {NULL, "mcp-client-2025-04-04", "{'mcp_servers':[]}", "mcp-client-2025-04-04", false},
        /* what cannot stand in a header */
        {NULL, "", "{'anthropic_beta':['a\\r\\nx: y','',1,'b c']}", "", true},
        {&vertex, "novel-2030-01-01,context-1m-2025-08-07", "{}", "'context-1m-2025-08-07'", true},
        {&bedrock, "advanced-tool-use-2025-11-20,web-search-2025-03-05", "{}",
         "'tool-search-tool-2025-10-19'", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct model model = model_at(cases[i].site, "claude-opus-4-7");
        struct chat_request *chat = native_chat(cases[i].root);
        chat->betas = str_c(cases[i].header);
        str got = encode(chat, &model);
        str want = quoted(cases[i].betas);
        bool is_own = cases[i].site == NULL;
        if (want.len > 0) {
            want = arena_printf(&arena, is_own ? "anthropic-beta: %s\n" : "\"anthropic_beta\":[%s]",
                                want.at);
            assert_true(str_find(got, want) < got.len);
        } else {
            assert_true(str_find(got, STR("anthropic-beta: ")) == got.len);
        }
        bool drops = str_find(got, STR("dropped anthropic-beta\n")) < got.len;
        assert_int_equal(drops, cases[i].drops);
        arena_reset(&arena);
    }
}

static void blocks_and_tools_that_are_not_known_pass_untouched(void **state)
{
    static const char block[] = "{'type':'novel_block','n':[1.5]}";
    static const char tool[] = "{'type':'web_search_20250305','name':'web_search'}";
    struct chat_request *chat = native_chat("{}");
    struct chat_tool tools[] = {{.raw = json_read_lenient(&arena, quoted(tool))}};
    struct model own = model_at(NULL, "m");
    struct model on_vertex = model_at(&vertex, "m");
    struct model on_bedrock = model_at(&bedrock, "m");

    (void)state;
    chat->tools = tools;
    chat->tool_count = 1;
    assert_true(str_has_prefix(encode(chat, &on_vertex), STR("/v1/projects")));
    assert_str_equal(encode(chat, &on_bedrock),
                     STR("invalid [tools[0].type] `tools[0].type` is not known to this model's "
                         "provider\n"));
    chat->messages[0].parts[0] =
        (struct chat_part){.kind = PART_OTHER, .raw = json_read_lenient(&arena, quoted(block))};
    assert_str_equal(encode(chat, &own),
                     quoted(arena_printf(&arena,
                                         OWN "{'model':'m','max_tokens':9,'tools':[%s],'messages':"
                                             "[{'role':'user','content':[%s]}]}\n",
                                         tool, block)
                                .at));
    assert_str_equal(encode(chat, &on_vertex),
                     STR("invalid [messages[0].content[0]] `messages[0].content[0]` is of a type "
                         "this model's provider does not know\n"));
}

static void members_beside_the_known_ones_stay_in_blocks_and_tools(void **state)
{
    struct chat_request *chat = native_chat("{'thinking':{'type':'adaptive','display':'novel'}}");
    struct chat_tool tools[] = {
        {.name = STR("f"),
         .is_function = true,
         .raw = json_read_lenient(&arena,
                                  quoted("{'name':'f','input_schema':{},'defer_loading':true}"))}};
    struct model own = model_at(NULL, "claude-opus-4-7");

    (void)state;
    chat->tools = tools;
    chat->tool_count = 1;
    chat->reasoning.set = true;
    chat->reasoning.enabled = TRI_TRUE;
    chat->messages[0].parts[0].raw =
        json_read_lenient(&arena, quoted("{'type':'text','text':'Hi','citations':null}"));
    assert_str_equal(
        encode(chat, &own),
        quoted(OWN "{'model':'claude-opus-4-7','max_tokens':9,'thinking':{'type':'adaptive',"
                   "'display':'novel'},'output_config':{'effort':'medium'},'tools':[{'name':'f',"
                   "'input_schema':{'type':'object','properties':{}},'defer_loading':true}],"
                   "'messages':[{'role':'user','content':[{'type':'text','text':'Hi',"
                   "'citations':null}]}]}\n"));
}

static void uploaded_files_are_named_to_the_vendor(void **state)
{
    struct chat_request *chat = native_chat("{}");
    struct model own = model_at(NULL, "m");
    struct model on_vertex = model_at(&vertex, "m");

    (void)state;
    chat->messages[0].parts[0] =
        (struct chat_part){.kind = PART_FILE, .id = STR("file_1"), .name = STR("a.pdf")};
    assert_str_equal(encode(chat, &own),
                     quoted(OWN
                            "anthropic-beta: files-api-2025-04-14\n{'model':'m','max_tokens':9,"
                            "'messages':[{'role':'user','content':[{'type':'document',"
                            "'source':{'type':'file','file_id':'file_1'},'title':'a.pdf'}]}]}\n"));
    assert_true(str_has_prefix(encode(chat, &on_vertex), STR("invalid ")));
}

/* A turn that the provider paused is handed back as it is, and goes on. */
static void a_paused_turn_goes_on_by_itself(void **state)
{
    struct chat_request *chat = native_chat("{}");
    struct chat_part used = {
        .kind = PART_OTHER,
        .raw = json_read_lenient(&arena, quoted("{'type':'server_tool_use','id':'s'}")),
    };
    struct chat_message messages[] = {chat->messages[0],
                                      {.role = ROLE_ASSISTANT, .parts = &used, .part_count = 1}};
    struct model own = model_at(NULL, "claude-opus-4-7");

    (void)state;
    chat->messages = messages;
    chat->message_count = 2;
    assert_str_equal(encode(chat, &own),
                     quoted(OWN
                            "{'model':'claude-opus-4-7','max_tokens':9,'messages':[{'role':"
                            "'user','content':[{'type':'text','text':'Hi'}]},{'role':"
                            "'assistant','content':[{'type':'server_tool_use','id':'s'}]}]}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(unknown_members_of_its_own_format_reach_the_vendor_alone, reset),
        cmocka_unit_test_teardown(betas_of_the_client_go_where_they_are_known, reset),
        cmocka_unit_test_teardown(blocks_and_tools_that_are_not_known_pass_untouched, reset),
        cmocka_unit_test_teardown(members_beside_the_known_ones_stay_in_blocks_and_tools, reset),
        cmocka_unit_test_teardown(uploaded_files_are_named_to_the_vendor, reset),
        cmocka_unit_test_teardown(a_paused_turn_goes_on_by_itself, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
