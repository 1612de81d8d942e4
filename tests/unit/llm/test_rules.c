#include "llm/rules.h"
#include "llm/share.h"

#include "test.h"

static struct rule_book read_book(struct arena *arena, str text)
{
    struct rule_book book = {0};
    struct fault fault = {0};

    if (rules_read(text, arena, &book, &fault) != ERR_OK) {
        fail_msg(STR_FMT, STR_ARG(fault.message));
    }
    return book;
}

/* ---- Names ---- */

static void a_star_stands_for_any_text(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool fits;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "anything", true},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"abc", "ab", false},
        {"abc*", "abc", true},
        {"abc*", "abcd", true},
        {"abc*", "xabc", false},
        {"*abc", "xabc", true},
        {"*abc", "abcabc", true},
        {"*abc", "abcx", false},
        {"a*c", "ac", true},
        {"a*c", "abbbc", true},
        {"a*c", "abbb", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "acb", false},
        {"**", "x", true},
        {"*-thinking*", "qwen3-max-thinking-2507", true},
        {"a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (rules_match(str_c(cases[i].pattern), str_c(cases[i].text)) != cases[i].fits) {
            fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].text);
        }
    }
}

static void a_plain_id_is_free_of_what_platforms_add(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *want;
    } cases[] = {
        {"", ""},
        {"gpt-4o", "gpt-4o"},
        {"GPT-4o", "gpt-4o"},
        {"openai/gpt-5.1-codex", "gpt-5.1-codex"},
        {"anthropic/claude-3.5-sonnet:beta", "claude-3-5-sonnet"},
        {"claude-sonnet-4.5", "claude-sonnet-4-5"},
        {"claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20240620"},
        {"claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"},
        {"anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet-20240620"},
        {"us.anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet-20240620"},
        {"us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet-20240620"},
        {"global.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"},
        {"claude-opus-4-6@default", "claude-opus-4-6"},
        {"arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
         "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
         "claude-haiku-4-5-20251001"},
        {"publishers/anthropic/models/claude-sonnet-4@20250514", "claude-sonnet-4-20250514"},
        {"databricks-claude-sonnet-4-5", "claude-sonnet-4-5"},
        {"models/gemini-2.5-pro", "gemini-2.5-pro"},
        {"gemini-1.0-pro@001", "gemini-1.0-pro-001"},
        {"amazon.nova-lite-v1:0:24k", "nova-lite"},
        {"amazon.titan-text-express-v1", "titan-text-express-v1"},
        {"mistral.mistral-7b-instruct-v0:2", "mistral-7b-instruct"},
        {"us.meta.llama3-1-70b-instruct-v1:0", "llama3-1-70b-instruct"},
        {"openai.gpt-oss-120b-1:0", "gpt-oss-120b-1"},
        {"us.deepseek.r1-v1:0", "deepseek.r1"},
        {"ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini-2024-07-18"},
        {"qwen3:8b", "qwen3"},
        {"moonshotai/Kimi-K2-Instruct:groq", "kimi-k2-instruct"},
        {"@cf/meta/llama-3.3-70b-instruct-fp8-fast", "llama-3.3-70b-instruct-fp8-fast"},
        {"accounts/fireworks/models/kimi-k2p5", "kimi-k2p5"},
        {"vendor/", ""},
        {"-v1:0", ""},
        {":", ""},
        {"v:0", "v"},
    };
    char room[PLAIN_ID_BYTES_MAX];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(rules_plain_id(str_c(cases[i].name), room, sizeof(room)),
                         str_c(cases[i].want));
    }
}

static void a_long_name_is_cut(void **state)
{
    (void)state;
    char room[4];

    assert_str_equal(rules_plain_id(STR("gpt-4o"), room, sizeof(room)), STR("gpt-"));
}

static void a_word_is_found_whole(void **state)
{
    (void)state;
    assert_true(rules_words_have(STR("auto none "), STR("auto")));
    assert_true(rules_words_have(STR("auto none "), STR("none")));
    assert_false(rules_words_have(STR("auto none "), STR("aut")));
    assert_false(rules_words_have(STR_NONE, STR("auto")));
}

/* ---- The data file ---- */

#define FILE_OF(rows) "{\"source\":\"s\",\"as_of\":\"2026-01-02\",\"models\":[" rows "]}"

static void a_row_is_read_into_its_rules(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct rule_book book = read_book(
        &arena, STR(FILE_OF("{\"match\":[\"a-*\",\"b-*\"],\"reasoning\":\"by_default\","
                            "\"effort\":[\"low\",\"max\"],\"thinking\":\"budget\","
                            "\"budget\":[128,32768],\"sampling\":\"one\",\"output_tokens\":64000,"
                            "\"takes\":[\"schema\",\"xhigh\"],\"lacks\":[\"prefill\",\"images\"],"
                            "\"refused\":[\"n\"],\"refused_while_reasoning\":[\"top_p\",\"stop\"],"
                            "\"note\":\"why\"},{\"match\":\"*\"}")));

    assert_int_equal(book.count, 3);
    assert_str_equal(book.source, STR("s"));
    assert_str_equal(book.as_of, STR("2026-01-02"));
    assert_ptr_equal(rules_find(&book, STR("x/B-1")), &book.rows[1]);
    const struct model_rules *rules = rules_find(&book, STR("a-2"));
    assert_ptr_equal(rules, &book.rows[0]);
    assert_int_equal(rules->habit, HABIT_BY_DEFAULT);
    assert_int_equal(rules->least, EFFORT_LOW);
    assert_int_equal(rules->most, EFFORT_MAX);
    assert_int_equal(rules->thinking, THINKING_BUDGET);
    assert_int_equal(rules->budget_min, 128);
    assert_int_equal(rules->budget_max, 32768);
    assert_int_equal(rules->sampling, SAMPLING_ONE);
    assert_int_equal(rules->output_tokens_max, 64000);
    assert_int_equal(rules->takes, (rules_unknown.takes | TAKES_SCHEMA | TAKES_XHIGH) &
                                       ~(unsigned)(TAKES_PREFILL | TAKES_IMAGES));
    assert_str_equal(rules->refused, STR("n "));
    assert_str_equal(rules->refused_reasoning, STR("top_p stop "));
    /* A row that says nothing is as good as none. */
    assert_int_equal(rules_find(&book, STR("c"))->takes, rules_unknown.takes);
    arena_reset(&arena);
}

static void the_first_row_that_fits_counts(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct rule_book book =
        read_book(&arena, STR(FILE_OF("{\"match\":\"m-big*\"},{\"match\":\"m*\"}")));

    assert_ptr_equal(rules_find(&book, STR("m-bigger")), &book.rows[0]);
    assert_ptr_equal(rules_find(&book, STR("m-small")), &book.rows[1]);
    assert_ptr_equal(rules_find(&book, STR("other")), &rules_unknown);
    arena_reset(&arena);
}

static void what_is_wrong_is_named_with_its_row(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "empty"},
        {"{\"source\":", "at byte"},
        {"[]", "the file: this must be an object"},
        {"{\"source\":\"s\",\"as_of\":\"d\"}", "the file: `models` is missing"},
        {"{\"source\":\"s\",\"as_of\":\"d\",\"models\":{}}", "the file: `models` must be an array"},
        {"{\"source\":1}", "the file: `source` must be a string, not a"},
        {FILE_OF("{\"match\":\"a\"},{\"match\":\"b\",\"color\":1}"),
         "models[1] \"b\": there is no member `color`"},
        {FILE_OF("{}"), "models[0] \"\": `match` is missing"},
        {FILE_OF("7"), "models[0] \"\": this must be an object"},
        {FILE_OF("{\"match\":[]}"), "models[0] \"\": `match` names nothing"},
        {FILE_OF("{\"match\":[\"a\",1]}"), "models[0] \"a\": `match` must be a string"},
        {FILE_OF("{\"match\":\"a\",\"reasoning\":\"often\"}"),
         "models[0] \"a\": `reasoning` knows no \"often\""},
        {FILE_OF("{\"match\":\"a\",\"takes\":[\"schema\",\"bribes\"]}"),
         "models[0] \"a\": `takes` knows no \"bribes\""},
        {FILE_OF("{\"match\":\"a\",\"takes\":\"schema\"}"), "`takes` must be an array"},
        {FILE_OF("{\"match\":\"a\",\"effort\":[\"low\"]}"), "`effort` must have two elements"},
        {FILE_OF("{\"match\":\"a\",\"effort\":[\"high\",\"low\"]}"),
         "`effort` ends before it begins"},
        {FILE_OF("{\"match\":\"a\",\"effort\":[\"none\",\"low\"]}"), "`effort` knows no \"none\""},
        {FILE_OF("{\"match\":\"a\",\"budget\":[2,1]}"), "`budget` ends before it begins"},
        {FILE_OF("{\"match\":\"a\",\"budget\":[1,2,3]}"), "`budget` must have two elements"},
        {FILE_OF("{\"match\":\"a\",\"budget\":[1,\"2\"]}"), "`budget` must be"},
        {FILE_OF("{\"match\":\"a\",\"output_tokens\":-1}"), "`output_tokens` must not be negative"},
        {FILE_OF("{\"match\":\"a\",\"output_tokens\":1.5}"), "`output_tokens` must be"},
        {FILE_OF("{\"match\":\"a\",\"refused\":[\"two words\"]}"),
         "`refused` holds what is no single word"},
        {FILE_OF("{\"match\":\"a\",\"refused\":[\"\"]}"), "`refused` holds what is no single word"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct rule_book book = {.count = 77};
        struct fault fault = {0};
        assert_int_equal(rules_read(str_c(cases[i].text), &arena, &book, &fault), ERR_INVALID);
        if (str_find(fault.message, str_c(cases[i].says)) == fault.message.len) {
            fail_msg("got \"" STR_FMT "\", want \"%s\"", STR_ARG(fault.message), cases[i].says);
        }
        assert_int_equal(book.count, 77);
        arena_reset(&arena);
    }
}

/* ---- What is shipped ---- */

static void the_shipped_book_knows_the_models_of_the_reference(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum reasoning_habit habit;
        enum effort least;
        enum effort most;
        enum thinking_style thinking;
        unsigned takes; /* these */
        unsigned lacks; /* and none of these */
    } cases[] = {
        {"gpt-5.6", HABIT_BY_DEFAULT, EFFORT_LOW, EFFORT_MAX, THINKING_EFFORT, TAKES_SCHEMA, 0},
        {"gpt-5.4-pro-2026", HABIT_ALWAYS, EFFORT_LOW, EFFORT_XHIGH, THINKING_EFFORT, 0, 0},
        {"gpt-5.4-mini", HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_XHIGH, THINKING_EFFORT, 0, 0},
        {"gpt-5.1", HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_HIGH, THINKING_EFFORT, 0, 0},
        {"gpt-5.1-codex", HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH, THINKING_EFFORT, 0, 0},
        {"gpt-5-mini-2025-08-07", HABIT_ALWAYS, EFFORT_MINIMAL, EFFORT_HIGH, THINKING_EFFORT, 0, 0},
        {"gpt-5-chat-latest", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE, 0, 0},
        {"o1-mini", HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH, THINKING_EFFORT, 0,
         TAKES_SYSTEM | TAKES_TOOLS},
        {"o4-mini", HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH, THINKING_EFFORT, TAKES_TOOLS, 0},
        {"gpt-4.1-nano", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE, TAKES_SCHEMA, 0},
        {"gpt-3.5-turbo", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE, TAKES_TOOLS,
         TAKES_SCHEMA | TAKES_IMAGES},
        {"claude-opus-5", HABIT_BY_DEFAULT, EFFORT_LOW, EFFORT_MAX, THINKING_ADAPTIVE,
         TAKES_XHIGH | TAKES_FORCED_TOOL, TAKES_PREFILL},
        {"claude-fable-5", HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_MAX, THINKING_ADAPTIVE,
         TAKES_SCHEMA, TAKES_PREFILL | TAKES_FORCED_TOOL},
        {"us.anthropic.claude-opus-4-6-v1:0", HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_MAX,
         THINKING_BUDGET_ADAPTIVE, TAKES_EFFORT, TAKES_XHIGH | TAKES_PREFILL},
        {"claude-opus-4-5@20251101", HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_HIGH, THINKING_BUDGET,
         TAKES_EFFORT | TAKES_PREFILL | TAKES_SCHEMA, TAKES_XHIGH},
        {"claude-sonnet-4-20250514", HABIT_ON_REQUEST, EFFORT_UNSET, EFFORT_UNSET, THINKING_BUDGET,
         TAKES_PREFILL, TAKES_SCHEMA},
        {"anthropic/claude-3.5-haiku", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE,
         TAKES_TOOLS, TAKES_SCHEMA},
        {"claude-next-9", HABIT_ON_REQUEST, EFFORT_LOW, EFFORT_MAX, THINKING_ADAPTIVE, TAKES_XHIGH,
         TAKES_PREFILL},
        {"gemini-2.5-pro", HABIT_ALWAYS, EFFORT_UNSET, EFFORT_UNSET, THINKING_BUDGET,
         TAKES_JSON_SCHEMA, TAKES_SCHEMA_WITH_TOOLS},
        {"gemini-2.5-flash-preview", HABIT_BY_DEFAULT, EFFORT_UNSET, EFFORT_UNSET, THINKING_BUDGET,
         TAKES_JSON_SCHEMA, 0},
        {"gemini-2.0-flash", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE, TAKES_SCHEMA,
         TAKES_JSON_SCHEMA},
        {"gemini-3-pro-preview", HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH, THINKING_LEVEL,
         TAKES_SCHEMA_WITH_TOOLS, 0},
        {"gemini-3-flash-preview", HABIT_ALWAYS, EFFORT_MINIMAL, EFFORT_HIGH, THINKING_LEVEL,
         TAKES_SCHEMA_WITH_TOOLS, 0},
        {"gemma-3-27b-it", HABIT_UNKNOWN, EFFORT_UNSET, EFFORT_UNSET, THINKING_UNKNOWN, TAKES_TOOLS,
         TAKES_SYSTEM},
        {"us.amazon.nova-pro-v1:0", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE,
         TAKES_FORCED_TOOL, 0},
        {"amazon.titan-text-express-v1", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE, 0,
         TAKES_SYSTEM | TAKES_TOOLS},
        {"us.meta.llama4-maverick-17b-instruct-v1:0", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET,
         THINKING_NONE, TAKES_TOOLS, TAKES_FORCED_TOOL},
        {"command-r-plus-08-2024", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE,
         TAKES_TOOLS, TAKES_FORCED_TOOL},
        {"command-r7b-12-2024", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE,
         TAKES_FORCED_TOOL, 0},
        {"command-a-reasoning-08-2025", HABIT_BY_DEFAULT, EFFORT_UNSET, EFFORT_UNSET,
         THINKING_BUDGET, TAKES_TOOLS, 0},
        {"grok-3-mini", HABIT_ALWAYS, EFFORT_LOW, EFFORT_HIGH, THINKING_EFFORT, 0, 0},
        {"grok-4-fast-non-reasoning", HABIT_NEVER, EFFORT_UNSET, EFFORT_UNSET, THINKING_NONE, 0, 0},
        {"magistral-medium-latest", HABIT_BY_DEFAULT, EFFORT_UNSET, EFFORT_UNSET, THINKING_UNKNOWN,
         TAKES_SCHEMA, 0},
        {"glm-5.3", HABIT_ALWAYS, EFFORT_UNSET, EFFORT_UNSET, THINKING_UNKNOWN, 0, 0},
    };
    struct arena arena = {0};
    struct rule_book book = read_book(&arena, share_models());

    assert_true(book.source.len > 0 && book.as_of.len == 10);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct model_rules *rules = rules_find(&book, str_c(cases[i].name));
        bool fits = rules->habit == cases[i].habit && rules->least == cases[i].least &&
                    rules->most == cases[i].most && rules->thinking == cases[i].thinking &&
                    (rules->takes & cases[i].takes) == cases[i].takes &&
                    (rules->takes & cases[i].lacks) == 0;
        if (!fits) {
            fail_msg("%s is taken for " STR_FMT, cases[i].name, STR_ARG(rules->match));
        }
    }
    arena_reset(&arena);
}

/* A row behind one that takes all its models is never read. */
static void no_shipped_row_hides_another(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct rule_book book = read_book(&arena, share_models());

    for (size_t i = 0; i < book.count; i++) {
        for (size_t j = i + 1; j < book.count; j++) {
            if (rules_match(book.rows[i].match, book.rows[j].match)) {
                fail_msg(STR_FMT " hides " STR_FMT, STR_ARG(book.rows[i].match),
                         STR_ARG(book.rows[j].match));
            }
        }
    }
    arena_reset(&arena);
}

static void parameters_that_openai_refuses_while_reasoning_are_known(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct rule_book book = read_book(&arena, share_models());

    assert_true(
        rules_words_have(rules_find(&book, STR("gpt-5"))->refused_reasoning, STR("temperature")));
    assert_true(rules_words_have(rules_find(&book, STR("grok-4"))->refused_reasoning, STR("stop")));
    assert_true(
        rules_words_have(rules_find(&book, STR("grok-4"))->refused, STR("reasoning_effort")));
    assert_false(
        rules_words_have(rules_find(&book, STR("gpt-4o"))->refused_reasoning, STR("temperature")));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_any_text),
        cmocka_unit_test(a_plain_id_is_free_of_what_platforms_add),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(a_word_is_found_whole),
        cmocka_unit_test(a_row_is_read_into_its_rules),
        cmocka_unit_test(the_first_row_that_fits_counts),
        cmocka_unit_test(what_is_wrong_is_named_with_its_row),
        cmocka_unit_test(the_shipped_book_knows_the_models_of_the_reference),
        cmocka_unit_test(no_shipped_row_hides_another),
        cmocka_unit_test(parameters_that_openai_refuses_while_reasoning_are_known),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
