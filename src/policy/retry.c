#include "policy/retry.h"

/* Nothing is spoiled by a second try, and somebody still waits for it. */
static bool can_start_over(const struct retry_facts *facts)
{
    return !facts->client_has_bytes && !facts->client_gone && !facts->deadline_passed;
}

/* Somebody else might succeed where this attempt failed. */
static bool failure_may_pass(const struct retry_facts *facts)
{
    if (!facts->connected || !facts->sent_any) {
        return true; /* the provider has not seen the request */
    }
    if (facts->got_head && facts->status >= 500) {
        return true; /* its own failure, whatever the body says */
    }
    return facts->fault_retryable;
}

bool retry_same_endpoint(const struct retry_facts *facts)
{
    return can_start_over(facts) && facts->reused_connection_died_before_answer &&
           !facts->got_head && !facts->repeated;
}

bool retry_allowed(const struct retry_facts *facts)
{
    if (!can_start_over(facts)) {
        return false;
    }
    if (retry_same_endpoint(facts)) {
        return true;
    }
    return facts->candidates_left && failure_may_pass(facts);
}
