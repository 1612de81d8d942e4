#include "llm/chat.h"

#include "test.h"

static void efforts_are_named_both_ways(void **state)
{
    (void)state;
    for (enum effort effort = EFFORT_NONE; effort <= EFFORT_MAX; effort++) {
        assert_int_equal(effort_by_name(effort_name(effort)), effort);
    }
    assert_int_equal(effort_by_name(STR("")), EFFORT_UNSET);
    assert_int_equal(effort_by_name(STR("ultra")), EFFORT_UNSET);
    assert_str_equal(effort_name(EFFORT_UNSET), STR(""));
}

static void a_budget_is_a_share_within_bounds(void **state)
{
    (void)state;
    static const struct {
        enum effort effort;
        int64_t max_tokens;
        int64_t want;
    } cases[] = {
        {EFFORT_MAX, 10000, 9500},       {EFFORT_XHIGH, 10000, 9500},
        {EFFORT_HIGH, 10000, 8000},      {EFFORT_MEDIUM, 10000, 5000},
        {EFFORT_LOW, 10000, 2000},       {EFFORT_MINIMAL, 10000, 1024},
        {EFFORT_HIGH, 0, 1024},          {EFFORT_HIGH, 1000000, 128000},
        {EFFORT_LOW, INT64_MAX, 128000}, {EFFORT_NONE, 10000, 0},
        {EFFORT_UNSET, 10000, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(effort_budget_tokens(cases[i].effort, cases[i].max_tokens), cases[i].want);
    }
}

static void a_prefill_is_a_last_message_of_the_assistant(void **state)
{
    (void)state;
    struct chat_message messages[] = {{.role = ROLE_USER}, {.role = ROLE_ASSISTANT}};
    struct chat_request chat = {.messages = messages, .message_count = 2};

    assert_true(chat_has_prefill(&chat));
    chat.message_count = 1;
    assert_false(chat_has_prefill(&chat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(efforts_are_named_both_ways),
        cmocka_unit_test(a_budget_is_a_share_within_bounds),
        cmocka_unit_test(a_prefill_is_a_last_message_of_the_assistant),
    };

    return cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
