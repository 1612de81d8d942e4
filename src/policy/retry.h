/*
 * retry: may a failed attempt be followed by another one, and by which?
 *
 * One pure decision over facts that the gate collects; the only place where it is made.
 */
#pragma once

#include "base/fault.h"

#include <stdbool.h>

/* What is known about the attempt that failed.  Zeros: nothing happened yet, nobody is left. */
struct retry_facts {
    bool client_has_bytes; /* of the answer's head or body: it cannot be taken back */
    bool client_gone;
    bool deadline_passed; /* of the whole exchange */
    bool keys_left; /* the same endpoint has not been tried with another key of its provider */
    bool candidates_left; /* another endpoint has not been tried */

    /* An idle connection was taken from the pool and closed by the provider before a byte of an
     * answer: it had timed out there, the request was not looked at. */
    bool reused_connection_died_before_answer;
    bool repeated; /* that has been answered with a fresh connection once already */

    /* The provider did not take a token or a signature, and a better one can be had. */
    bool login_is_stale;
    bool login_renewed; /* that has been answered with a better one once already */

    bool connected;
    bool sent_any; /* a byte of the request may have reached the provider */
    bool got_head;
    int status;                 /* of the provider's answer; 0 without one */
    enum fault_type fault_type; /* what the dialect or the transport says of the failure, ... */
    bool fault_retryable;       /* ... as does this */
};

enum retry {
    RETRY_NOT,
    RETRY_FRESH,    /* the same endpoint and key, on a fresh connection */
    RETRY_LOGIN,    /* the same endpoint and key, with a renewed login */
    RETRY_KEY,      /* the same endpoint, with the provider's next key */
    RETRY_ENDPOINT, /* the next endpoint */
};

enum retry retry_choose(const struct retry_facts *facts);
