/* The steps that ask a provider: attempt and relay. */
#include "gate/exchange.h"
#include "gate/relay.h"
#include "policy/retry.h"

/* The target after the present one, or after all that share its endpoint. */
static size_t target_after(const struct exchange *exchange, size_t present, bool skips_keys)
{
    size_t next = present + 1;

    while (skips_keys && next < exchange->target_count &&
           exchange->targets[next].endpoint == exchange->targets[present].endpoint) {
        next++;
    }
    return next;
}

enum step step_attempt(struct exchange *exchange)
{
    struct fault fault = {0};

    while (!exchange->client_gone && exchange->next_target < exchange->target_count) {
        size_t present = exchange->next_target;
        const struct target *target = &exchange->targets[present];
        enum err err = media_prepare(exchange, target->endpoint, &fault);
        if (err == ERR_INVALID) {
            exchange->failed = false; /* whatever a provider said before */
            exchange_fail(exchange, &fault);
            return STEP_REFUSE;
        }
        if (err == ERR_OK) {
            err = attempt_start(exchange, target, &fault);
        }
        if (err == ERR_AGAIN) {
            return STEP_WAIT;
        }
        /* Without a proof the next key may do; what cannot be said is said with no key. */
        exchange->next_target = target_after(exchange, present, err != ERR_OK && err != ERR_PEER);
        if (err == ERR_OK) {
            exchange->repeat_fresh = false;
            exchange->failed = false;
            relay_begin(exchange);
            return STEP_RELAY;
        }
    }
    if (!exchange->client_gone) {
        exchange_fail(exchange, &fault); /* unless a provider was asked and has failed */
    }
    return STEP_REFUSE;
}

/* --- relay --- */

static struct retry_facts retry_facts(const struct exchange *exchange, const struct fault *fault)
{
    const struct attempt *attempt = &exchange->attempt;
    size_t next = exchange->next_target;
    size_t next_endpoint = next > 0 ? target_after(exchange, next - 1, true) : 0;

    return (struct retry_facts){
        .client_has_bytes = exchange->client_has_bytes,
        .client_gone = exchange->client_gone,
        .keys_left = next < next_endpoint,
        .candidates_left = next_endpoint < exchange->target_count,
        .reused_connection_died_before_answer =
            attempt->ended && attempt->end == FETCH_CUT && attempt->facts.reused,
        .repeated = exchange->repeat_fresh,
        .login_is_stale = attempt_login_is_stale(exchange),
        .login_renewed = exchange->login_renewed,
        .connected = attempt->facts.connected || attempt->status != 0,
        .sent_any = attempt->facts.sent_any || attempt->status != 0,
        .got_head = attempt->status != 0,
        .status = attempt->status,
        .fault_type = fault->type,
        .fault_retryable = fault->retryable,
    };
}

/* An attempt has failed: the next one, or one error to the client. */
static enum step fail_attempt(struct exchange *exchange, struct fault *fault)
{
    const struct retry_facts facts = retry_facts(exchange, fault);
    enum retry retry = retry_choose(&facts);
    size_t present = exchange->next_target - 1; /* used only when another attempt follows */

    fault->provider = exchange->identity.provider;
    exchange_fail(exchange, fault);
    if (retry == RETRY_LOGIN) {
        attempt_renew_login(exchange);
    }
    attempt_end(exchange);
    switch (retry) {
    case RETRY_FRESH:
        exchange->repeat_fresh = true;
        exchange->next_target = present;
        return STEP_ATTEMPT;
    case RETRY_LOGIN:
        exchange->next_target = present;
        return STEP_ATTEMPT;
    case RETRY_KEY:
        return STEP_ATTEMPT;
    case RETRY_ENDPOINT:
        exchange->next_target = target_after(exchange, present, true);
        return STEP_ATTEMPT;
    case RETRY_NOT:
        break;
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
