#include "base/macros.h"
#include "policy/retry.h"

#include "test.h"

/* Sent, no answer yet, and somebody is left to ask. */
#define SENT .connected = true, .sent_any = true, .candidates_left = true
#define ANSWERED(code) SENT, .got_head = true, .status = (code)

static const struct {
    const char *why;
    struct retry_facts facts;
    bool want;
} cases[] = {
    {"not connected", {.candidates_left = true}, true},
    {"not connected, nobody left", {.candidates_left = false}, false},
    {"connected, nothing sent", {.connected = true, .candidates_left = true}, true},
    {"reset before the answer", {SENT, .fault_retryable = true}, true},
    {"gave up for good before the answer", {SENT}, false},
    {"429 that passes", {ANSWERED(429), .fault_retryable = true}, true},
    {"429 without credit", {ANSWERED(429)}, false},
    {"408", {ANSWERED(408), .fault_retryable = true}, true},
    {"409", {ANSWERED(409), .fault_retryable = true}, true},
    {"400", {ANSWERED(400)}, false},
    {"400 that the provider wants repeated", {ANSWERED(400), .fault_retryable = true}, true},
    {"401", {ANSWERED(401)}, false},
    {"500 whatever its body says", {ANSWERED(500)}, true},
    {"502 with a page of HTML", {ANSWERED(502)}, true},
    {"529", {ANSWERED(529)}, true},
    {"500, nobody left",
     {.connected = true, .sent_any = true, .got_head = true, .status = 500},
     false},
    {"a stream that died before its first event", {ANSWERED(200), .fault_retryable = true}, true},
    {"a stream that says our request is bad", {ANSWERED(200)}, false},
    {"the client has bytes",
     {ANSWERED(200), .fault_retryable = true, .client_has_bytes = true},
     false},
    {"the client is gone", {.candidates_left = true, .client_gone = true}, false},
    {"no time left", {.candidates_left = true, .deadline_passed = true}, false},
    {"a stale connection, nobody left",
     {.connected = true, .sent_any = true, .reused_connection_died_before_answer = true},
     true},
    {"a stale connection twice",
     {.connected = true,
      .sent_any = true,
      .reused_connection_died_before_answer = true,
      .repeated = true},
     false},
    {"a stale connection and no client",
     {.connected = true,
      .sent_any = true,
      .reused_connection_died_before_answer = true,
      .client_gone = true},
     false},
};

static void attempts_follow_only_failures_that_can_be_undone_and_may_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].why);
        assert_int_equal(retry_allowed(&cases[i].facts), cases[i].want);
    }
}

static void only_a_stale_connection_is_answered_with_the_same_endpoint(void **state)
{
    struct retry_facts facts = {SENT, .reused_connection_died_before_answer = true};

    (void)state;
    assert_true(retry_same_endpoint(&facts));
    facts.repeated = true;
    assert_false(retry_same_endpoint(&facts));
    facts = (struct retry_facts){SENT, .fault_retryable = true};
    assert_false(retry_same_endpoint(&facts));
}

/* Whatever else is true, what the client has seen cannot be taken back. */
static void no_combination_of_facts_starts_over_after_the_first_byte(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        struct retry_facts facts = {
            .client_has_bytes = true,
            .candidates_left = (bits & 1U) != 0,
            .reused_connection_died_before_answer = (bits & 2U) != 0,
            .repeated = (bits & 4U) != 0,
            .connected = (bits & 8U) != 0,
            .sent_any = (bits & 16U) != 0,
            .got_head = (bits & 32U) != 0,
            .status = (bits & 64U) != 0 ? 503 : 200,
            .fault_retryable = (bits & 128U) != 0,
        };
        assert_false(retry_allowed(&facts));
        assert_false(retry_same_endpoint(&facts));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_follow_only_failures_that_can_be_undone_and_may_pass),
        cmocka_unit_test(only_a_stale_connection_is_answered_with_the_same_endpoint),
        cmocka_unit_test(no_combination_of_facts_starts_over_after_the_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
