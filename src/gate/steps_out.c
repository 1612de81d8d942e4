/* The steps that ask a provider: attempt and relay. */
#include "gate/exchange.h"
#include "gate/relay.h"
#include "policy/retry.h"

enum step step_attempt(struct exchange *exchange)
{
    struct fault fault = {0};

    while (exchange->next_target < exchange->target_count) {
        const struct target *target = &exchange->targets[exchange->next_target++];
        if (attempt_start(exchange, target, &fault) == ERR_OK) {
            exchange->repeat_fresh = false;
            exchange->failed = false;
            relay_begin(exchange);
            return STEP_RELAY;
        }
        fault.provider = exchange->identity.provider;
    }
    exchange->failed = false;
    exchange_fail(exchange, &fault);
    return STEP_REFUSE;
}

/* --- relay --- */

/* An attempt has failed: the next one, or one error to the client. */
static enum step fail_attempt(struct exchange *exchange, struct fault *fault)
{
    const struct attempt *attempt = &exchange->attempt;
    const struct retry_facts facts = {
        .client_has_bytes = exchange->client_has_bytes,
        .client_gone = exchange->client_gone,
        .candidates_left = exchange->next_target < exchange->target_count,
        .reused_connection_died_before_answer =
            attempt->ended && attempt->end == FETCH_CUT && attempt->facts.reused,
        .repeated = exchange->repeat_fresh,
        .connected = attempt->facts.connected || attempt->status != 0,
        .sent_any = attempt->facts.sent_any || attempt->status != 0,
        .got_head = attempt->status != 0,
        .status = attempt->status,
        .fault_retryable = fault->retryable,
    };
    bool repeat = retry_same_endpoint(&facts);
    bool again = retry_allowed(&facts);

    fault->provider = exchange->identity.provider;
    exchange_fail(exchange, fault);
    attempt_end(exchange);
    if (again) {
        exchange->next_target -= repeat ? 1 : 0;
        exchange->repeat_fresh = repeat;
        return STEP_ATTEMPT;
    }
    if (exchange->status_sent) {
        relay_cut(exchange);
        return STEP_SETTLE;
    }
    return STEP_REFUSE;
}

/* The provider's bytes ended; what it still had to say is said, or it was cut short. */
static enum step end_attempt(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    struct fault fault = {0};

    if (!attempt->decoding) {
        attempt_fault(exchange, &fault);
        return fail_attempt(exchange, &fault);
    }
    enum err err = relay_end_of_bytes(exchange, &fault);
    /* A stream has an end mark of its own; a whole body ends where its transport says. */
    bool cut = attempt->end != FETCH_DONE && attempt->decoder.framing == FRAMING_WHOLE;
    if (err == ERR_OK && !cut) {
        return relay_finish(exchange, &fault) == ERR_OK ? STEP_SETTLE
                                                        : fail_attempt(exchange, &fault);
    }
    if (attempt->end != FETCH_DONE) {
        attempt_fault(exchange, &fault); /* the transport knows better why */
    }
    return fail_attempt(exchange, &fault);
}

static enum step relay_demo(struct exchange *exchange)
{
    struct fault fault = {0};

    enum err err = relay_demo_events(exchange, &fault);

    if (err == ERR_AGAIN) {
        return STEP_WAIT;
    }
    if (err == ERR_OK) {
        err = relay_finish(exchange, &fault);
    }
    return err == ERR_OK ? STEP_SETTLE : fail_attempt(exchange, &fault);
}

enum step step_relay(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    struct fault fault = {0};

    if (exchange->client_gone) {
        attempt_end(exchange);
        return STEP_SETTLE;
    }
    if (attempt->demo != NULL) {
        return relay_demo(exchange);
    }
    if (attempt->input.len > 0) {
        str input = attempt->input;
        attempt->input = STR_NONE;
        if (relay_bytes(exchange, input, &fault) != ERR_OK) {
            return fail_attempt(exchange, &fault);
        }
        if (exchange->client_gone) {
            return STEP_SETTLE;
        }
        if (attempt->decoder.is_complete && !attempt->ended) {
            relay_expect_end(exchange);
        }
    }
    return attempt->ended ? end_attempt(exchange) : STEP_WAIT;
}
