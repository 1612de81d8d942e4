/*
 * credentials: what a worker proves to providers with.
 *
 * Plain keys and static AWS keys stand in the configuration.  Tokens and keys that end are asked
 * for, by one conversation at a time for each provider_key, and kept: from four fifths of their
 * life on they are renewed in the background while they still serve.  A failure is remembered for a
 * moment, so that a service that is down is not asked by every request.  Belongs to its worker;
 * nothing here blocks, logs, or shows a secret.
 */
#pragma once

#include "base/fault.h"
#include "base/list.h"
#include "codec/headers.h"
#include "codec/sigv4.h"
#include "gate/waiter.h"
#include "policy/snapshot.h"

struct worker;

enum login_state {
    LOGIN_READY,
    LOGIN_ASKING, /* the end of the conversation will run the exchange again */
    LOGIN_FAILED,
};

struct credentials {
    struct list logins;   /* struct login, one for each key that was asked for; owned */
    int64_t clock_skew_s; /* AWS's clock less ours, since it refused a signature for its time */
};

/* What goes onto a request beside the key itself. */
struct proof {
    str token;              /* CREDENTIAL_GOOGLE */
    struct sigv4_login aws; /* CREDENTIAL_AWS */
    uint64_t number;        /* of the grant, for credentials_renew(); 0: nothing was asked for */
};

void credentials_init(struct credentials *credentials);
/* Running conversations are cut; nobody may wait any more. */
void credentials_free(struct worker *worker);

/* The proof of `key`, which is a part of the worker's snapshot.  LOGIN_READY: *out is valid until
 * the worker's next turn.  LOGIN_ASKING: `waiter` is in a list until the answer comes, which takes
 * it out and calls answered(); list_remove() it to stop waiting.  LOGIN_FAILED: *fault says why;
 * its strings live in `arena`. */
enum login_state credentials_find(struct worker *worker, const struct provider_key *key,
                                  struct waiter *waiter, struct arena *arena, struct proof *out,
                                  struct fault *fault);

/* True when a provider that refuses the proof with that number may take the next one. */
bool credentials_can_renew(const struct worker *worker, const struct provider_key *key,
                           uint64_t number);

/* The grant with that number does not serve any more: the next find asks for another. */
void credentials_renew(struct worker *worker, const struct provider_key *key, uint64_t number);

/* The wall clock as AWS has it. */
int64_t credentials_aws_now_s(const struct worker *worker);

/* How far AWS's clock, as an answer's Date header tells it, is from what credentials_aws_now_s()
 * says; 0 without such a header. */
int64_t credentials_clock_error_s(const struct worker *worker, const struct headers *headers);
void credentials_correct_clock(struct worker *worker, const struct headers *headers);
