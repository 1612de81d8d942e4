#include "base/macros.h"
#include "policy/retry.h"

#include "test.h"

/* Sent, no answer yet, and somebody is left to ask. */
#define SENT .connected = true, .sent_any = true, .candidates_left = true
#define ANSWERED(code) SENT, .got_head = true, .status = (code)
/* The same with another key at hand, and the account at fault. */
#define KEYED(code) ANSWERED(code), .keys_left = true, .fault_type = FAULT_PROVIDER_UNAVAILABLE

static const struct {
    const char *why;
    struct retry_facts facts;
    enum retry want;
} cases[] = {
    {"not connected", {.candidates_left = true}, RETRY_ENDPOINT},
    {"not connected, nobody left", {.candidates_left = false}, RETRY_NOT},
    {"not connected: another key reaches no more", {.keys_left = true}, RETRY_NOT},
    {"connected, nothing sent", {.connected = true, .candidates_left = true}, RETRY_ENDPOINT},
    {"reset before the answer", {SENT, .fault_retryable = true}, RETRY_ENDPOINT},
    {"gave up for good before the answer", {SENT}, RETRY_NOT},
    {"429 that passes", {ANSWERED(429), .fault_retryable = true}, RETRY_ENDPOINT},
    {"429 that is not to be repeated", {ANSWERED(429)}, RETRY_NOT},
    {"408", {ANSWERED(408), .fault_retryable = true}, RETRY_ENDPOINT},
    {"409", {ANSWERED(409), .fault_retryable = true}, RETRY_ENDPOINT},
    {"400", {ANSWERED(400), .fault_type = FAULT_INVALID_REQUEST}, RETRY_NOT},
    {"400 that the provider wants repeated",
     {ANSWERED(400), .fault_retryable = true},
     RETRY_ENDPOINT},
    {"401 of nobody's account", {ANSWERED(401)}, RETRY_NOT},
    {"500 whatever its body says", {ANSWERED(500)}, RETRY_ENDPOINT},
    {"502 with a page of HTML", {ANSWERED(502)}, RETRY_ENDPOINT},
    {"529", {ANSWERED(529)}, RETRY_ENDPOINT},
    {"500, nobody left",
     {.connected = true, .sent_any = true, .got_head = true, .status = 500},
     RETRY_NOT},
    {"a stream that died before its first event",
     {ANSWERED(200), .fault_retryable = true},
     RETRY_ENDPOINT},
    {"a stream that says our request is bad", {ANSWERED(200)}, RETRY_NOT},
    {"the client has bytes",
     {KEYED(401), .fault_retryable = true, .client_has_bytes = true},
     RETRY_NOT},
    {"the client is gone", {.candidates_left = true, .client_gone = true}, RETRY_NOT},
    {"no time left", {.candidates_left = true, .deadline_passed = true}, RETRY_NOT},
    {"a stale connection, nobody left",
     {.connected = true, .sent_any = true, .reused_connection_died_before_answer = true},
     RETRY_FRESH},
    {"a stale connection twice",
     {.connected = true,
      .sent_any = true,
      .reused_connection_died_before_answer = true,
      .repeated = true},
     RETRY_NOT},
    {"a stale connection and no client",
     {.connected = true,
      .sent_any = true,
      .reused_connection_died_before_answer = true,
      .client_gone = true},
     RETRY_NOT},

    {"a key that is refused, another at hand", {KEYED(401)}, RETRY_KEY},
    {"an account without credit", {KEYED(402)}, RETRY_KEY},
    {"an account that may not", {KEYED(403)}, RETRY_KEY},
    {"a key that is refused with 400", {KEYED(400)}, RETRY_KEY},
    {"a key whose rate is used up",
     {ANSWERED(429), .keys_left = true, .fault_type = FAULT_RATE_LIMIT, .fault_retryable = true},
     RETRY_KEY},
    {"a prompt that is refused with 403 is refused to every key",
     {ANSWERED(403), .keys_left = true, .fault_type = FAULT_CONTENT_POLICY},
     RETRY_NOT},
    {"a bad request is bad with every key",
     {ANSWERED(400), .keys_left = true, .fault_type = FAULT_INVALID_REQUEST},
     RETRY_NOT},
    {"a provider that is down is down for every key",
     {ANSWERED(503), .keys_left = true, .fault_type = FAULT_PROVIDER_UNAVAILABLE},
     RETRY_ENDPOINT},
    {"the last key, another endpoint",
     {ANSWERED(401), .fault_type = FAULT_PROVIDER_UNAVAILABLE},
     RETRY_ENDPOINT},
    {"the last key of the last endpoint",
     {.connected = true,
      .sent_any = true,
      .got_head = true,
      .status = 401,
      .fault_type = FAULT_PROVIDER_UNAVAILABLE},
     RETRY_NOT},

    {"a token that is not taken", {KEYED(401), .login_is_stale = true}, RETRY_LOGIN},
    {"a renewed token that is not taken",
     {KEYED(401), .login_is_stale = true, .login_renewed = true},
     RETRY_KEY},
    {"a token that is not taken and no client",
     {KEYED(401), .login_is_stale = true, .client_gone = true},
     RETRY_NOT},
};

static void attempts_follow_only_failures_that_can_be_undone_and_may_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].why);
        assert_int_equal(retry_choose(&cases[i].facts), cases[i].want);
    }
}

/* Whatever else is true, what the client has seen cannot be taken back. */
static void no_combination_of_facts_starts_over_after_the_first_byte(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 2048; bits++) {
        struct retry_facts facts = {
            .client_has_bytes = true,
            .candidates_left = (bits & 1U) != 0,
            .reused_connection_died_before_answer = (bits & 2U) != 0,
            .repeated = (bits & 4U) != 0,
            .connected = (bits & 8U) != 0,
            .sent_any = (bits & 16U) != 0,
            .got_head = (bits & 32U) != 0,
            .status = (bits & 64U) != 0 ? 503 : 401,
            .fault_retryable = (bits & 128U) != 0,
            .keys_left = (bits & 256U) != 0,
            .login_is_stale = (bits & 512U) != 0,
            .login_renewed = (bits & 1024U) != 0,
            .fault_type = FAULT_PROVIDER_UNAVAILABLE,
        };
        assert_int_equal(retry_choose(&facts), RETRY_NOT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_follow_only_failures_that_can_be_undone_and_may_pass),
        cmocka_unit_test(no_combination_of_facts_starts_over_after_the_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
