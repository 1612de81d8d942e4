/* How much a model is told to think. */
#include "wire/thinking.h"

#include "test.h"

static void what_the_client_wants_is_yes_no_or_unsaid(void **state)
{
    static const struct {
        struct chat_reasoning reasoning;
        bool is_wanted;
        bool is_unwanted;
    } cases[] = {
        {{.set = false}, false, false},
        {{.set = true}, false, false},
        {{.set = true, .enabled = TRI_TRUE}, true, false},
        {{.set = true, .enabled = TRI_FALSE}, false, true},
        {{.set = true, .enabled = TRI_FALSE, .effort = EFFORT_HIGH}, false, true},
        {{.set = true, .effort = EFFORT_NONE}, false, true},
        {{.set = true, .effort = EFFORT_MINIMAL}, true, false},
        {{.set = true, .max_tokens = 1}, true, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(thinking_is_wanted(&cases[i].reasoning), cases[i].is_wanted);
        assert_int_equal(thinking_is_unwanted(&cases[i].reasoning), cases[i].is_unwanted);
    }
}

static void an_effort_is_bounded_by_what_the_model_knows(void **state)
{
    static const struct {
        struct model_rules rules;
        enum effort effort;
        enum effort most;
        enum effort want;
    } cases[] = {
        {{.takes = 0}, EFFORT_UNSET, EFFORT_MAX, EFFORT_UNSET},
        {{.takes = 0}, EFFORT_NONE, EFFORT_MAX, EFFORT_LOW},
        {{.takes = 0}, EFFORT_XHIGH, EFFORT_MAX, EFFORT_MAX},
        {{.takes = 0}, EFFORT_XHIGH, EFFORT_HIGH, EFFORT_HIGH},
        {{.takes = TAKES_XHIGH}, EFFORT_XHIGH, EFFORT_MAX, EFFORT_XHIGH},
        {{.least = EFFORT_MEDIUM}, EFFORT_MINIMAL, EFFORT_MAX, EFFORT_MEDIUM},
        {{.most = EFFORT_MEDIUM}, EFFORT_MAX, EFFORT_MAX, EFFORT_MEDIUM},
        {{.most = EFFORT_MAX}, EFFORT_MAX, EFFORT_HIGH, EFFORT_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(thinking_known_effort(&cases[i].rules, cases[i].effort, cases[i].most),
                         cases[i].want);
    }
}

static void a_budget_leaves_something_to_say(void **state)
{
    static const struct {
        int64_t asked;
        int64_t max_tokens;
        int64_t limit; /* of the model */
        int64_t want_budget;
        int64_t want_max_tokens;
    } cases[] = {
        {2000, 4096, 64000, 2000, 4096},  {1, 4096, 64000, 1024, 4096},
        {8000, 4096, 64000, 8000, 12096}, {8000, 4096, 9000, 8000, 9000},
        {8000, 4096, 6000, 5999, 6000},   {0, 10000, 0, 5000, 10000},
        {1024, 500, 1000, 0, 1000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct model model = {.output_tokens_max = cases[i].limit};
        struct chat_reasoning reasoning = {.set = true, .max_tokens = cases[i].asked};
        struct thinking_budget budget = thinking_budget_of(&reasoning, &model, cases[i].max_tokens);
        assert_int_equal(budget.tokens, cases[i].want_budget);
        assert_int_equal(budget.max_tokens, cases[i].want_max_tokens);
    }
}

static void a_number_of_tokens_becomes_the_nearest_effort(void **state)
{
    static const struct {
        int64_t tokens;
        enum effort want;
    } cases[] = {
        {1, EFFORT_LOW},     {2000, EFFORT_LOW},    {4000, EFFORT_MEDIUM},
        {8100, EFFORT_HIGH}, {99999, EFFORT_XHIGH},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct chat_reasoning reasoning = {.set = true, .max_tokens = cases[i].tokens};
        assert_int_equal(thinking_effort(&reasoning, 10000), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_client_wants_is_yes_no_or_unsaid),
        cmocka_unit_test(an_effort_is_bounded_by_what_the_model_knows),
        cmocka_unit_test(a_budget_leaves_something_to_say),
        cmocka_unit_test(a_number_of_tokens_becomes_the_nearest_effort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
