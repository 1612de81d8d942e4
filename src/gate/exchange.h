/*
 * exchange: one request of one client, from its head to its row in the store.
 *
 * Glossary, for who lands here first:
 *   client    who calls us; its connection is a `struct http_call` while the exchange lasts
 *   surface   the API the client speaks (wire/surface.h)
 *   chat      its request in neutral form (llm/chat.h)
 *   target    one endpoint that may serve it: a model at a provider (policy/snapshot.h)
 *   attempt   one try at one target (gate/attempt.h)
 *   dialect   the API that provider speaks (wire/dialect.h)
 *   events    what the model says, in neutral form (llm/event.h)
 *   row       what is kept of the exchange (store/store.h)
 *
 * Owned by one worker, touched by no other thread.  Events from the network record facts in it and
 * call exchange_wake(); the steps look at the facts and decide.
 */
#pragma once

#include "gate/attempt.h"
#include "gate/media.h"
#include "gate/worker.h"
#include "llm/gather.h"
#include "policy/auth.h"
#include "wire/surface.h"

enum step {
    STEP_WAIT = -1, /* an event will run the same step again */
    STEP_PARSE,     /* bytes -> chat */
    STEP_AUTH,      /* key -> principal */
    STEP_ADMIT,     /* may it run now */
    STEP_PLAN,      /* model name -> ordered targets */
    STEP_ATTEMPT,   /* media, login; encode for one target and send */
    STEP_RELAY,     /* provider bytes -> events -> client bytes */
    STEP_REFUSE,    /* one error, in the surface's words */
    STEP_SETTLE,    /* cost, row */
    STEP_END,
};

struct exchange {
    struct worker *worker;
    struct list node;      /* worker->exchanges */
    struct deferred later; /* runs it at the end of the turn; frees it after the end */

    /* Facts, for the steps to decide by. */
    enum step step;
    bool running;   /* exchange_run() is on the stack */
    bool run_again; /* it was woken meanwhile */
    bool body_whole;
    bool client_gone;
    bool client_has_bytes; /* no other target may be tried from here on */
    bool status_sent;      /* the streamed answer's head is out */
    bool streamed;
    bool admitted_key;
    bool failed;        /* `fault` is set */
    bool repeat_fresh;  /* the same target again, on a fresh connection */
    bool login_renewed; /* once, after a provider did not take a token or a signature */
    bool paused;        /* the client has too much unsent */
    bool usage_known;
    int32_t attempt_count;
    int status; /* told to the client; 0: none */
    int upstream_status;
    enum finish_reason finish;

    /* Memory.  `request` holds what is only needed until the first byte goes to the client: the
     * parsed body, the plan, the encoded request. */
    struct arena arena;
    struct arena request;

    /* The client's side. */
    struct http_call *call; /* NULL once it is over */
    const struct surface *surface;
    struct snapshot_use *config;
    struct identity identity;
    struct buf body; /* of the request, until parsed */

    /* Who asks. */
    struct auth auth;
    uint8_t key_hash[32];
    struct waiter waiter; /* in a principal's or a login's list while it is asked for */
    char key_id[24];
    char client[48]; /* its address */

    /* What is asked. */
    struct chat_request *chat; /* in `request`, later the little that encoders need */
    struct fault fault;        /* why it is refused or broke */
    str model_asked;

    /* Who answers. */
    struct target *targets; /* in `request` */
    size_t target_count;
    size_t next_target;
    struct media *media; /* what is being fetched for the next target; NULL: nothing */
    struct attempt attempt;

    /* The answer. */
    struct encoder encoder;
    struct gather *gather; /* NULL when streaming */
    struct buf held;       /* encoded before the first real event */
    struct timer keepalive;

    /* For the row. */
    int64_t began_us;
    int64_t began_ms;
    int64_t first_byte_us;
    int64_t request_bytes;
    int64_t answer_bytes;
    struct usage usage;
    struct cost cost;
    struct bill *bill; /* what the cost is the sum of; NULL until there is usage */
    str native_finish;
    str upstream_id;
    str model_served;
    str provider_name;
    str upstream_model;
};

/* A request has come for `surface`; call->user is set to the exchange. */
struct exchange *exchange_new(struct worker *worker, struct http_call *call,
                              const struct surface *surface);

/* Gives back the memory of ended exchanges that a worker keeps for its next requests. */
void exchange_free_spare(struct worker *worker);

/* Runs steps until one waits or the exchange ends; after that it must not be touched. */
void exchange_run(struct exchange *exchange);

/* A fact was recorded: runs it now, or again if it is at work.  */
void exchange_wake(struct exchange *exchange);

/* Records why it fails; the first failure stays. */
void exchange_fail(struct exchange *exchange, const struct fault *fault);

/* The steps, in the order of the table in exchange.c. */
enum step step_parse(struct exchange *exchange);
enum step step_auth(struct exchange *exchange);
enum step step_admit(struct exchange *exchange);
enum step step_plan(struct exchange *exchange);
enum step step_attempt(struct exchange *exchange);
enum step step_relay(struct exchange *exchange);
enum step step_refuse(struct exchange *exchange);
enum step step_settle(struct exchange *exchange);

/* One error as a whole answer, for calls that never became an exchange too. */
void answer_fault(struct worker *worker, struct http_call *call, const struct surface *surface,
                  const struct identity *identity, const struct fault *fault);
