#include "policy/retry.h"

/* Nothing is spoiled by a second try, and somebody still waits for it. */
static bool can_start_over(const struct retry_facts *facts)
{
    return !facts->client_has_bytes && !facts->client_gone && !facts->deadline_passed;
}

/* The key or its account was refused, or has used up its rate: another key may do.  What a 4xx says
 * of the gateway's account is PROVIDER_UNAVAILABLE by now; some vendors say it with 400. */
static bool is_about_key(const struct retry_facts *facts)
{
    switch (facts->status) {
    case 400:
    case 401:
    case 402:
    case 403:
    case 429:
        return facts->fault_type == FAULT_PROVIDER_UNAVAILABLE ||
               facts->fault_type == FAULT_RATE_LIMIT;
    default:
        return false;
    }
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
    return facts->fault_retryable || is_about_key(facts);
}

enum retry retry_choose(const struct retry_facts *facts)
{
    if (!can_start_over(facts)) {
        return RETRY_NOT;
    }
    if (facts->reused_connection_died_before_answer && !facts->got_head && !facts->repeated) {
        return RETRY_FRESH;
    }
    if (facts->login_is_stale && !facts->login_renewed) {
        return RETRY_LOGIN;
    }
    if (facts->keys_left && is_about_key(facts)) {
        return RETRY_KEY;
    }
    return facts->candidates_left && failure_may_pass(facts) ? RETRY_ENDPOINT : RETRY_NOT;
}
