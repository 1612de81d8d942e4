#include "wire/surface.h"

#include "test.h"

#include <stdlib.h>

#define USER "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"

static enum err read(struct arena *arena, str body, struct chat_request **out, struct fault *fault)
{
    return openai_chat_surface.decode_request(body, arena, out, fault);
}

static struct chat_request *accept(struct arena *arena, const char *body)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (read(arena, str_c(body), &chat, &fault) != ERR_OK) {
        fail_msg("%s: " STR_FMT, body, STR_ARG(fault.message));
    }
    return chat;
}

/* Bodies and the member at fault; empty when there is none to name. */
static const struct {
    const char *body;
    const char *param;
} bad[] = {
    {"", ""},
    {"[]", ""},
    {"\"x\"", ""},
    {"{}", ""},
    {"{\"messages\":[]}", "messages"},
    {"{\"messages\":\"Hi\"}", "messages"},
    {"{\"messages\":[1]}", "messages[0]"},
    {"{\"messages\":[{\"content\":\"x\"}]}", "messages[0].role"},
    {"{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":null}]}", "messages[0].content"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[1]}]}", "messages[0].content[0]"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
     "messages[0].content[0].text"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}",
     "messages[0].content[0].image_url"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
     "{\"url\":\"file:///etc/passwd\"}}]}]}",
     "messages[0].content[0].image_url.url"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
     "\"data:image/png,raw\"}]}]}",
     "messages[0].content[0].image_url"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":"
     "{\"data\":\"AA\"}}]}]}",
     "messages[0].content[0].input_audio.format"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{}}]}]}",
     "messages[0].content[0].file"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\","
     "\"cache_control\":{\"type\":\"eternal\"}}]}]}",
     "messages[0].content[0].cache_control"},
    {"{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "messages[0].tool_call_id"},
    {"{\"messages\":[{\"role\":\"user\",\"name\":\"a\\u0000b\",\"content\":\"x\"}]}",
     "messages[0].name"},
    {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":{}}]}", "messages[0].tool_calls"},
    {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]}",
     "messages[0].tool_calls[0].id"},
    {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{}}]}]}",
     "messages[0].tool_calls[0].function.name"},
    {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":"
     "{\"name\":\"f\",\"arguments\":7}}]}]}",
     "messages[0].tool_calls[0].function.arguments"},
    {"{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\",\"reasoning_details\":{}}]}",
     "messages[0].reasoning_details"},
    {"{\"prompt\":[\"a\"]}", "prompt"},
    {"{" USER ",\"model\":7}", "model"},
    {"{" USER ",\"model\":\"m\\u0000x\"}", "model"},
    {"{" USER ",\"models\":\"m\"}", "models"},
    {"{" USER ",\"models\":[1]}", "models[0]"},
    {"{" USER ",\"models\":[\"a\",\"b\",\"c\",\"d\"]}", "models"},
    {"{" USER ",\"stream\":1}", "stream"},
    {"{" USER ",\"stream_options\":true}", "stream_options"},
    {"{" USER ",\"stream_options\":{\"include_usage\":1}}", "stream_options.include_usage"},
    {"{" USER ",\"usage\":{\"include\":\"yes\"}}", "usage.include"},
    {"{" USER ",\"max_tokens\":0}", "max_tokens"},
    {"{" USER ",\"max_tokens\":1.5}", "max_tokens"},
    {"{" USER ",\"max_tokens\":9223372036854775808}", "max_tokens"},
    {"{" USER ",\"max_completion_tokens\":\"10\"}", "max_completion_tokens"},
    {"{" USER ",\"temperature\":2.01}", "temperature"},
    {"{" USER ",\"temperature\":-0.01}", "temperature"},
    {"{" USER ",\"top_p\":0}", "top_p"},
    {"{" USER ",\"top_p\":1.1}", "top_p"},
    {"{" USER ",\"top_k\":-1}", "top_k"},
    {"{" USER ",\"top_k\":1.5}", "top_k"},
    {"{" USER ",\"min_p\":1.5}", "min_p"},
    {"{" USER ",\"top_a\":-1}", "top_a"},
    {"{" USER ",\"frequency_penalty\":3}", "frequency_penalty"},
    {"{" USER ",\"presence_penalty\":-3}", "presence_penalty"},
    {"{" USER ",\"repetition_penalty\":0}", "repetition_penalty"},
    {"{" USER ",\"seed\":9007199254740992}", "seed"},
    {"{" USER ",\"n\":129}", "n"},
    {"{" USER ",\"n\":0}", "n"},
    {"{" USER ",\"best_of\":21}", "best_of"},
    {"{" USER ",\"logprobs\":5}", "logprobs"},
    {"{" USER ",\"logprobs\":true,\"top_logprobs\":21}", "top_logprobs"},
    {"{" USER ",\"top_logprobs\":2}", "top_logprobs"},
    {"{" USER ",\"logit_bias\":{\"x\":1}}", "logit_bias"},
    {"{" USER ",\"logit_bias\":{\"1\":101}}", "logit_bias"},
    {"{" USER ",\"logit_bias\":[]}", "logit_bias"},
    {"{" USER ",\"stop\":7}", "stop"},
    {"{" USER ",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "stop"},
    {"{" USER ",\"stop\":[\"a\",1]}", "stop[1]"},
    {"{" USER ",\"tools\":{}}", "tools"},
    {"{" USER ",\"tools\":[1]}", "tools[0]"},
    {"{" USER ",\"tools\":[{}]}", "tools[0].type"},
    {"{" USER ",\"tools\":[{\"type\":\"function\"}]}", "tools[0].function"},
    {"{" USER ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
     "\"parameters\":[]}}]}",
     "tools[0].function.parameters"},
    {"{" USER ",\"functions\":[{}]}", "functions[0].name"},
    {"{" USER ",\"tool_choice\":\"maybe\"}", "tool_choice"},
    {"{" USER ",\"tool_choice\":{\"type\":\"function\"}}", "tool_choice.function.name"},
    {"{" USER ",\"function_call\":{}}", "function_call.name"},
    {"{" USER ",\"response_format\":\"json\"}", "response_format"},
    {"{" USER ",\"response_format\":{}}", "response_format.type"},
    {"{" USER ",\"response_format\":{\"type\":\"json_schema\"}}", "response_format.json_schema"},
    {"{" USER ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}}",
     "response_format.json_schema.name"},
    {"{" USER ",\"reasoning\":\"high\"}", "reasoning"},
    {"{" USER ",\"reasoning\":{\"effort\":\"ultra\"}}", "reasoning.effort"},
    {"{" USER ",\"reasoning\":{\"max_tokens\":0}}", "reasoning.max_tokens"},
    {"{" USER ",\"reasoning\":{\"enabled\":\"yes\"}}", "reasoning.enabled"},
    {"{" USER ",\"reasoning\":{\"exclude\":1}}", "reasoning.exclude"},
    {"{" USER ",\"reasoning_effort\":\"ultra\"}", "reasoning_effort"},
    {"{" USER ",\"reasoning\":{\"effort\":\"low\"},\"reasoning_effort\":\"high\"}",
     "reasoning_effort"},
    {"{" USER ",\"verbosity\":\"loud\"}", "verbosity"},
    {"{" USER ",\"provider\":{\"require_parameters\":1}}", "provider.require_parameters"},
    {"{" USER ",\"service_tier\":\"gold\"}", "service_tier"},
    {"{" USER ",\"modalities\":[\"smell\"]}", "modalities[0]"},
    {"{" USER ",\"metadata\":{\"k\":1}}", "metadata"},
    {"{" USER ",\"user\":7}", "user"},
    {"{" USER ",\"session_id\":\"a\\u0000\"}", "session_id"},
    {"{" USER ",\"provider\":[]}", "provider"},
    {"{" USER ",\"plugins\":{}}", "plugins"},
    {"{" USER ",\"route\":\"scenic\"}", "route"},
    {"{" USER ",\"transforms\":[1]}", "transforms[0]"},
    {"{" USER ",\"stop_server_tools_when\":[]}", "stop_server_tools_when"},
    {"{" USER ",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"2h\"}}", "cache_control.ttl"},
};

static void what_is_wrong_is_refused_and_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct arena arena = {0};
        struct chat_request *chat = NULL;
        struct fault fault = {0};
        if (read(&arena, str_c(bad[i].body), &chat, &fault) != ERR_INVALID) {
            fail_msg("accepted: %s", bad[i].body);
        }
        assert_int_equal(fault_status(&fault), 400);
        assert_str_equal(fault.param, str_c(bad[i].param));
        assert_true(fault.message.len > 0);
        assert_null(chat);
        arena_reset(&arena);
    }
}

static void what_is_harmless_is_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{" USER ",\"temperature\":null,\"max_tokens\":null,\"tools\":null,\"stop\":null}",
        "{" USER ",\"temperature\":0,\"top_p\":1,\"top_k\":0,\"repetition_penalty\":2}",
        "{" USER ",\"unknown_member\":{\"deep\":[1,2,{}]}}",
        "{" USER ",\"top_logprobs\":0,\"models\":[],\"transforms\":[],\"metadata\":{}}",
        "{" USER ",\"tools\":[{\"type\":\"openrouter:web_search\"}],"
        "\"tool_choice\":{\"type\":\"openrouter:web_search\"}}",
        "{" USER ",\"response_format\":{\"type\":\"grammar\",\"grammar\":\"x\"}}",
        "{\"messages\":null,\"prompt\":\"x\"}",
        ("{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"refusal\":null,"
         "\"tool_calls\":null,\"annotations\":[],\"reasoning\":null,\"function_call\":null}]}"),
        "{\"messages\":[{\"role\":\"user\",\"content\":[]}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"hologram\"}]}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0000b\"}]}",
    };

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct arena arena = {0};
        (void)accept(&arena, good[i]);
        arena_reset(&arena);
    }
}

static void members_reach_the_neutral_request(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct chat_request *chat =
        accept(&arena, "{\"model\":\"m\",\"models\":[\"a\",\"b\"]," USER
                       ",\"stream\":true,\"max_tokens\":5,\"max_completion_tokens\":6,\"n\":3,"
                       "\"temperature\":0,\"top_k\":4,\"seed\":-7,\"stop\":[\"x\",\"\",\"y\"],"
                       "\"parallel_tool_calls\":false,\"usage\":{\"include\":true},"
                       "\"user\":\"u\",\"session_id\":\"s\",\"service_tier\":\"flex\","
                       "\"verbosity\":\"low\",\"cache_control\":{\"type\":\"ephemeral\","
                       "\"ttl\":\"1h\"},\"extra\":1}");

    assert_str_equal(chat->model, STR("m"));
    assert_int_equal(chat->model_count, 2);
    assert_str_equal(chat->models[1], STR("b"));
    assert_true(chat->stream);
    assert_int_equal(chat->max_tokens, 6);
    assert_int_equal(chat->choices, 3);
    assert_true(chat->temperature.set && chat->temperature.value < 0.1);
    assert_false(chat->top_p.set);
    assert_int_equal((int)chat->top_k.value, 4);
    assert_int_equal((int)chat->seed.value, -7);
    assert_int_equal(chat->stop_count, 2);
    assert_str_equal(chat->stop[1], STR("y"));
    assert_int_equal(chat->parallel_tool_calls, TRI_FALSE);
    assert_true(chat->wants_usage_cost);
    assert_str_equal(chat->user, STR("u"));
    assert_str_equal(chat->session_id, STR("s"));
    assert_str_equal(chat->service_tier, STR("flex"));
    assert_str_equal(chat->verbosity, STR("low"));
    assert_true(chat->has_cache_mark);
    assert_str_equal(chat->cache_ttl, STR("1h"));
    assert_int_equal(json_int(chat->root, "extra"), 1);
    arena_reset(&arena);
}

static void reasoning_is_said_in_three_ways(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        struct chat_reasoning want;
    } cases[] = {
        {"", {0}},
        {",\"reasoning\":{}", {.set = true}},
        {",\"reasoning\":{\"enabled\":true}",
         {.set = true, .enabled = TRI_TRUE, .effort = EFFORT_MEDIUM}},
        {",\"reasoning\":{\"enabled\":true,\"max_tokens\":2000}",
         {.set = true, .enabled = TRI_TRUE, .max_tokens = 2000}},
        {",\"reasoning\":{\"enabled\":false,\"effort\":\"high\"}",
         {.set = true, .enabled = TRI_FALSE, .effort = EFFORT_NONE}},
        {",\"reasoning\":{\"effort\":\"none\"}",
         {.set = true, .enabled = TRI_FALSE, .effort = EFFORT_NONE}},
        {",\"reasoning_effort\":\"high\"", {.set = true, .effort = EFFORT_HIGH}},
        {",\"reasoning_effort\":\"high\",\"reasoning\":{\"effort\":\"high\",\"exclude\":true}",
         {.set = true, .effort = EFFORT_HIGH, .exclude = true}},
        {",\"include_reasoning\":true", {.set = true}},
        {",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}",
         {.set = true, .enabled = TRI_TRUE, .max_tokens = 2000}},
        {",\"thinking\":{\"type\":\"disabled\"}",
         {.set = true, .enabled = TRI_FALSE, .effort = EFFORT_NONE}},
        {",\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"low\"",
         {.set = true, .effort = EFFORT_LOW}},
        {",\"thinking\":true", {0}},
        {",\"enable_thinking\":true", {.set = true, .enabled = TRI_TRUE, .effort = EFFORT_MEDIUM}},
        {",\"enable_thinking\":true,\"thinking_budget\":300",
         {.set = true, .enabled = TRI_TRUE, .max_tokens = 300}},
        {",\"include_reasoning\":false", {.set = true, .exclude = true}},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        str body = arena_printf(&arena, "{" USER "%s}", cases[i].members);
        const struct chat_reasoning *got = &accept(&arena, body.at)->reasoning;
        assert_int_equal(got->set, cases[i].want.set);
        assert_int_equal(got->enabled, cases[i].want.enabled);
        assert_int_equal(got->effort, cases[i].want.effort);
        assert_int_equal(got->max_tokens, cases[i].want.max_tokens);
        assert_int_equal(got->exclude, cases[i].want.exclude);
        arena_reset(&arena);
    }
}

/* Words of providers' own that mean what the format has other words for. */
static void other_spellings_are_understood(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct chat_request *chat =
        accept(&arena, "{" USER ",\"tools\":[{\"function\":{\"name\":\"f\"}}],\"tool_choice\":"
                       "\"any\",\"provider\":{\"require_parameters\":true},"
                       "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                       "{\"schema\":{}}}}");

    assert_int_equal(chat->tool_count, 1);
    assert_true(chat->tools[0].is_function);
    assert_null(chat->tools[0].raw); /* it is written anew, with its type */
    assert_int_equal(chat->tool_choice, TOOL_CHOICE_REQUIRED);
    assert_int_equal(chat->answer_form, ANSWER_JSON_SCHEMA);
    assert_int_equal(chat->schema_name.len, 0);
    assert_true(chat->require_parameters);
    assert_false(accept(&arena, "{" USER "}")->require_parameters);
    arena_reset(&arena);
}

static void parts_of_an_answer_come_back_in_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct chat_request *chat = accept(
        &arena,
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
        "{\"url\":\"data:image/png;base64,AAAA\",\"detail\":\"low\"}},{\"type\":\"file\","
        "\"file\":{\"file_id\":\"f1\",\"filename\":\"a.pdf\"}}]},"
        "{\"role\":\"assistant\",\"content\":\"text\",\"reasoning\":\"ignored\","
        "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"t\",\"signature\":\"s\","
        "\"format\":\"anthropic-claude-v1\"},{\"type\":\"reasoning.encrypted\",\"data\":\"d\","
        "\"format\":\"unknown\"}],\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
        "\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"},"
        "{\"role\":\"assistant\",\"content\":\"x\",\"reasoning_content\":\"plain\"}]}");
    const struct chat_part *user = chat->messages[0].parts;
    const struct chat_message *answer = &chat->messages[1];

    assert_str_equal(user[0].mime, STR("image/png"));
    assert_str_equal(user[0].data, STR("AAAA"));
    assert_str_equal(user[0].detail, STR("low"));
    assert_str_equal(user[1].id, STR("f1"));
    assert_int_equal(answer->part_count, 4);
    assert_int_equal(answer->parts[0].kind, PART_REASONING);
    assert_str_equal(answer->parts[0].signature, STR("s"));
    assert_int_equal(answer->parts[1].reasoning, CHAT_REASONING_ENCRYPTED);
    assert_str_equal(answer->parts[1].format, STR(""));
    assert_int_equal(answer->parts[2].kind, PART_TEXT);
    assert_int_equal(answer->parts[3].kind, PART_TOOL_CALL);
    assert_str_equal(answer->parts[3].arguments, STR("{}"));
    assert_str_equal(chat->messages[2].tool_call_id, STR("c"));
    assert_int_equal(chat->messages[3].parts[0].reasoning, CHAT_REASONING_PLAIN);
    assert_str_equal(chat->messages[3].parts[0].text, STR("plain"));
    arena_reset(&arena);
}

static void a_prompt_is_one_message_in_text_mode(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct chat_request *chat = accept(&arena, "{\"prompt\":\"Once\"}");

    assert_true(chat->is_text);
    assert_int_equal(chat->message_count, 1);
    assert_int_equal(chat->messages->role, ROLE_USER);
    assert_str_equal(chat->messages->parts->text, STR("Once"));
    assert_false(accept(&arena, "{\"prompt\":\"x\"," USER "}")->is_text);
    arena_reset(&arena);
}

static void lists_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        const char *element;
        const char *tail;
        size_t count;
    } cases[] = {
        {"{\"messages\":[", "{\"role\":\"user\",\"content\":\"\"}", "]}", 20001},
        {"{" USER ",\"tools\":[", "{\"type\":\"x\"}", "]}", 2049},
        {"{\"messages\":[", "{\"role\":\"user\",\"content\":\"\"}", "]}", 1000000},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct buf body;
        struct chat_request *chat = NULL;
        struct fault fault = {0};
        buf_init(&body, 64 << 20);
        assert_int_equal(buf_add(&body, str_c(cases[i].head)), ERR_OK);
        for (size_t n = 0; n < cases[i].count; n++) {
            assert_int_equal(buf_add(&body, n > 0 ? STR(",") : STR("")), ERR_OK);
            assert_int_equal(buf_add(&body, str_c(cases[i].element)), ERR_OK);
        }
        assert_int_equal(buf_add(&body, str_c(cases[i].tail)), ERR_OK);
        assert_int_equal(read(&arena, buf_str(&body), &chat, &fault), ERR_INVALID);
        buf_free(&body);
        arena_reset(&arena);
    }
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static str decode_base64(struct arena *arena, str text)
{
    char *bytes = arena_take(arena, text.len);
    size_t len = 0;
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < text.len && base64_value(text.at[i]) >= 0; i++) {
        bits = (bits << 6) | (uint32_t)base64_value(text.at[i]);
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes[len++] = (char)((bits >> have) & 0xff);
        }
    }
    return str_of(bytes, len);
}

/* Bodies of the shared collection: what says 400 is refused here, what says 200, 404 or a model is
 * not.  Generated bodies (`gen`) are left to the program's own tests. */
static void hostile_bodies_are_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    str lines = test_read_file(&arena, TESTS_DIR "/attacks/json-cases.jsonl");
    int tried = 0;

    while (lines.len > 0) {
        json *line = json_read_lenient(&arena, str_split(&lines, '\n'));
        str expect = json_str(line, "expect");
        int64_t status = json_int(line, "expect");
        struct chat_request *chat = NULL;
        struct fault fault = {0};
        if (json_get(line, "body_b64") == NULL) {
            continue;
        }
        enum err err =
            read(&arena, decode_base64(&arena, json_str(line, "body_b64")), &chat, &fault);
        bool refused = status == 400 || str_has_prefix(expect, STR("400"));
        if (refused != (err != ERR_OK)) {
            str id = json_str(line, "id");
            fail_msg(STR_FMT ": " STR_FMT, STR_ARG(id), STR_ARG(fault.message));
        }
        tried++;
    }
    assert_true(tried > 40);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_refused_and_named),
        cmocka_unit_test(what_is_harmless_is_accepted),
        cmocka_unit_test(members_reach_the_neutral_request),
        cmocka_unit_test(reasoning_is_said_in_three_ways),
        cmocka_unit_test(other_spellings_are_understood),
        cmocka_unit_test(parts_of_an_answer_come_back_in_order),
        cmocka_unit_test(a_prompt_is_one_message_in_text_mode),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(hostile_bodies_are_refused),
    };

    return cmocka_run_group_tests_name("openai_request", tests, NULL, NULL);
}
