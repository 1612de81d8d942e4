/*
 * attempt: one try at one target.
 *
 * Records what the network says about it; step_relay() decides.  Stands in its exchange.
 */
#pragma once

#include "net/fetch.h"
#include "policy/snapshot.h"
#include "wire/demo.h"
#include "wire/dialect.h"

struct exchange;

/* One endpoint that may serve the request, the model it serves it as, and one of the keys of its
 * provider. */
struct target {
    const struct catalogue_model *model;
    const struct endpoint *endpoint;
    const struct provider_key *key;
};

struct attempt {
    struct endpoint endpoint; /* a copy: the target may live in the request's arena */
    const struct provider_key *key;
    uint64_t proof_number; /* of what was got with the key; 0: nothing was */
    struct pool_target pool_target;
    struct fetch *fetch; /* NULL: none runs */
    struct demo *demo;   /* the built-in provider instead of a fetch */
    struct decoder decoder;
    bool decoding;             /* decoder is set up */
    struct answer_hints hints; /* in the request's arena; the decoder has a copy */
    str dropped;               /* "top_k, seed": what the provider was not told; or empty */

    /* Facts. */
    int status;             /* of the answer's head; 0: not yet */
    struct headers headers; /* kept when the status is a refusal; in the exchange's arena */
    struct buf refusal;     /* its body, what fits */
    str input;              /* bytes of the answer, for this wake-up only */
    bool ended;
    enum fetch_end end;
    str why; /* in the exchange's arena, when it did not end well */
    struct fetch_facts facts;
};

/* Gets a proof for the target's key, encodes the chat, signs and sends it.  ERR_AGAIN: the proof is
 * asked for, the exchange is woken.  Else nobody was asked, and *fault says why: ERR_PEER: no proof
 * can be had with this key; ERR_INVALID: the dialect cannot say it; ERR_MISSING: not all of it, and
 * the client wants all or nothing. */
enum err attempt_start(struct exchange *exchange, const struct target *target,
                       struct fault *fault) MUST_CHECK;

/* Cancels what runs and frees what is held.  May be called at any time. */
void attempt_end(struct exchange *exchange);

/* True when the provider refused a token, or a signature for its time, and a better one can be had;
 * attempt_renew_login() sees to it that the next attempt has it. */
bool attempt_login_is_stale(const struct exchange *exchange);
void attempt_renew_login(struct exchange *exchange);

/* What went wrong, from the facts of an attempt that ended without a complete answer. */
void attempt_fault(struct exchange *exchange, struct fault *fault);
