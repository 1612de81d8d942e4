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

/* One endpoint that may serve the request, and the model it serves it as. */
struct target {
    const struct catalogue_model *model;
    const struct endpoint *endpoint;
};

struct attempt {
    struct endpoint endpoint; /* a copy: the target may live in the request's arena */
    struct pool_target pool_target;
    struct fetch *fetch; /* NULL: none runs */
    struct demo *demo;   /* the built-in provider instead of a fetch */
    struct decoder decoder;
    bool decoding;             /* decoder is set up */
    struct answer_hints hints; /* in the request's arena; the decoder has a copy */

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

/* Encodes the chat for the target and sends it.  ERR_INVALID when its dialect cannot say it. */
enum err attempt_start(struct exchange *exchange, const struct target *target,
                       struct fault *fault) MUST_CHECK;

/* Cancels what runs and frees what is held.  May be called at any time. */
void attempt_end(struct exchange *exchange);

/* What went wrong, from the facts of an attempt that ended without a complete answer. */
void attempt_fault(struct exchange *exchange, struct fault *fault);
