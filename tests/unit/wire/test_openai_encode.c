#include "wire/dialect.h"
#include "wire/openai_chat.h"

#include "share.h"
#include "test.h"

static str send(struct arena *arena, const char *body, const struct model *model)
{
    struct chat_request *chat = NULL;
    struct provider_request request = {0};
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(str_c(body), arena, &chat, &fault) != ERR_OK) {
        fail_msg("%s: " STR_FMT, body, STR_ARG(fault.message));
    }
    assert_int_equal(openai_chat_dialect.encode_request(chat, model, arena, &request, &fault),
                     ERR_OK);
    assert_str_equal(request.http.method, STR("POST"));
    assert_str_equal(request.http.path, STR("/chat/completions"));
    assert_str_equal(headers_get(&request.http.headers, STR("content-type")),
                     STR("application/json"));
    assert_non_null(json_read_lenient(arena, request.http.body));
    return request.http.body;
}

static bool has(str body, const char *member)
{
    return str_find(body, str_c(member)) < body.len;
}

static struct model model_of(const char *provider, const char *name)
{
    return (struct model){.name = str_c(name),
                          .quirks = share_quirks(provider, "openai"),
                          .rules = share_rules(name)};
}

#define USER "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"

static void models_take_what_their_row_says(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        const char *members;
        const char *member;
        bool is_sent;
    } cases[] = {
        {"gpt-4o", ",\"temperature\":1", "\"temperature\"", true},
        {"gpt-5", ",\"temperature\":1", "\"temperature\"", false},
        {"gpt-5.1", ",\"temperature\":1", "\"temperature\"", true},
        {"gpt-5.1", ",\"temperature\":1,\"reasoning_effort\":\"low\"", "\"temperature\"", false},
        {"gpt-5.6", ",\"temperature\":1", "\"temperature\"", false},
        {"gpt-5.6", ",\"temperature\":1,\"reasoning_effort\":\"none\"", "\"temperature\"", true},
        {"o3-mini", ",\"stop\":\"x\"", "\"stop\"", false},
        {"gpt-4o", ",\"reasoning_effort\":\"high\"", "reasoning_effort", false},
        {"o3-mini", ",\"reasoning_effort\":\"minimal\"", "\"reasoning_effort\":\"low\"", true},
        {"o3-mini", ",\"reasoning_effort\":\"none\"", "\"reasoning_effort\":\"low\"", true},
        {"o3-mini", ",\"reasoning_effort\":\"max\"", "\"reasoning_effort\":\"high\"", true},
        {"gpt-5", ",\"reasoning_effort\":\"minimal\"", "\"reasoning_effort\":\"minimal\"", true},
        {"gpt-5.6", ",\"reasoning_effort\":\"max\"", "\"reasoning_effort\":\"max\"", true},
        {"gpt-5.1", ",\"reasoning_effort\":\"none\"", "\"reasoning_effort\":\"none\"", true},
        {"gpt-5", ",\"reasoning\":{\"max_tokens\":20000},\"max_tokens\":40000",
         "\"reasoning_effort\":\"medium\"", true},
        {"gpt-5", ",\"reasoning\":{\"max_tokens\":100}", "\"reasoning_effort\":\"low\"", true},
        {"gpt-4o", ",\"max_tokens\":5", "\"max_completion_tokens\":5", true},
        {"gpt-4o", ",\"verbosity\":\"low\"", "verbosity", false},
        {"gpt-4o", ",\"top_k\":5", "top_k", false},
        {"gpt-4o", ",\"provider\":{},\"api_base\":\"http://x/\",\"session_id\":\"s\"", "session_id",
         false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct model model = model_of("openai", cases[i].model);
        str body = arena_printf(&arena, "{" USER "%s}", cases[i].members);
        str sent = send(&arena, body.at, &model);
        if (has(sent, cases[i].member) != cases[i].is_sent) {
            fail_msg("%s %s: " STR_FMT, cases[i].model, cases[i].members, STR_ARG(sent));
        }
        arena_reset(&arena);
    }
}

static void the_list_of_the_operator_decides(void **state)
{
    (void)state;
    static const str listed[] = {STR_INIT("temperature"), STR_INIT("structured_outputs")};
    struct arena arena = {0};
    struct model model = model_of("openai", "gpt-5");

    model.parameters = listed;
    model.parameter_count = COUNT_OF(listed);
    str sent = send(&arena,
                    "{" USER ",\"temperature\":1,\"top_p\":0.5,\"user\":\"u\","
                    "\"response_format\":{\"type\":\"json_object\"}}",
                    &model);
    assert_true(has(sent, "\"temperature\":1"));
    assert_false(has(sent, "top_p"));
    assert_true(has(sent, "\"user\":\"u\""));
    assert_true(has(sent, "response_format"));
    arena_reset(&arena);
}

static void nothing_of_the_gateway_leaks(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct model model = model_of("vllm", "m");
    str body = STR("{" USER);

    for (const struct openai_param *param = openai_params; param->name.len > 0; param++) {
        bool is_vllms = str_eq(param->name, STR("structured_outputs"));
        bool is_object = !is_vllms && (param->kind == PARAM_OBJECT || param->kind == PARAM_ANY);
        if (param->audience == FOR_GATEWAY && is_object && !str_eq(param->name, STR("models"))) {
            body = arena_printf(&arena, STR_FMT ",\"" STR_FMT "\":{\"leak\":1}", STR_ARG(body),
                                STR_ARG(param->name));
        }
    }
    body = arena_printf(&arena,
                        STR_FMT ",\"models\":[\"leak\"],\"preset\":\"leak\",\"route\":"
                                "\"fallback\",\"transforms\":[\"leak\"],\"own\":1}",
                        STR_ARG(body));
    str sent = send(&arena, body.at, &model);
    assert_false(has(sent, "leak"));
    assert_false(has(sent, "fallback"));
    assert_true(has(sent, "\"own\":1"));
    arena_reset(&arena);
}

static void a_chat_of_another_format_is_written_from_its_parts(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct model model = model_of("openai", "gpt-4o");
    struct chat_part system = {.kind = PART_TEXT, .text = STR("S"), .has_cache_mark = true};
    struct chat_part user[] = {
        {.kind = PART_TEXT, .text = STR("one")},
        {.kind = PART_TEXT, .text = STR("two")},
    };
    struct chat_part image[] = {
        {.kind = PART_IMAGE, .mime = STR("image/png"), .data = STR("AA")},
        {.kind = PART_AUDIO, .mime = STR("audio/wav"), .data = STR("BB")},
        {.kind = PART_OTHER},
    };
    struct chat_message messages[] = {
        {.role = ROLE_SYSTEM, .parts = &system, .part_count = 1},
        {.role = ROLE_USER, .parts = user, .part_count = 2},
        {.role = ROLE_USER, .parts = image, .part_count = 3},
        {.role = ROLE_ASSISTANT},
    };
    str stop = STR("x");
    struct chat_tool tool = {.name = STR("f"), .is_function = true, .has_cache_mark = true};
    struct chat_request chat = {
        .messages = messages,
        .message_count = COUNT_OF(messages),
        .format = FORMAT_ANTHROPIC,
        .temperature = {true, 0.5},
        .top_k = {true, 3},
        .seed = {true, 9},
        .stop = &stop,
        .stop_count = 1,
        .tools = &tool,
        .tool_count = 1,
        .tool_choice = TOOL_CHOICE_NAMED,
        .tool_choice_name = STR("f"),
        .parallel_tool_calls = TRI_FALSE,
        .answer_form = ANSWER_JSON_SCHEMA,
        .schema_strict = true,
        .user = STR("u"),
        .service_tier = STR("standard_only"),
        .choices = 2,
    };
    struct provider_request request = {0};
    struct fault fault = {0};

    assert_int_equal(openai_chat_dialect.encode_request(&chat, &model, &arena, &request, &fault),
                     ERR_OK);
    assert_str_equal(
        request.http.body,
        STR("{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"system\",\"content\":\"S\"},"
            "{\"role\":\"user\",\"content\":\"one\\ntwo\"},{\"role\":\"user\",\"content\":["
            "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AA\"}},"
            "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BB\",\"format\":\"wav\"}}]},"
            "{\"role\":\"assistant\",\"content\":\"\"}],\"tools\":[{\"type\":\"function\","
            "\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":"
            "{\"name\":\"f\"}},\"temperature\":0.5,\"seed\":9,\"stop\":[\"x\"],"
            "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\","
            "\"strict\":true}},\"user\":\"u\",\"n\":2,\"parallel_tool_calls\":false}"));
    arena_reset(&arena);
}

/* What we send is read back by our own surface as the same chat. */
static void a_request_survives_the_round_trip(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct model model = {.name = STR("m"), .quirks = share_quirks("", "openai")};
    const char *body = "{\"model\":\"m\"," USER ",\"stream\":true,\"temperature\":0.1,"
                       "\"stop\":[\"x\"],\"extra\":[1,2.5,\"s\"]}";
    str once = send(&arena, body, &model);
    str twice = send(&arena, once.at, &model);

    assert_str_equal(twice, once);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_take_what_their_row_says),
        cmocka_unit_test(the_list_of_the_operator_decides),
        cmocka_unit_test(nothing_of_the_gateway_leaks),
        cmocka_unit_test(a_chat_of_another_format_is_written_from_its_parts),
        cmocka_unit_test(a_request_survives_the_round_trip),
    };

    return cmocka_run_group_tests_name("openai_encode", tests, NULL, NULL);
}
