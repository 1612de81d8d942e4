/*
 * retry: may a failed attempt be followed by another one?
 *
 * One pure decision over facts that the gate collects; the only place where it is made.
 */
#pragma once

#include <stdbool.h>

/* What is known about the attempt that failed.  Zeros: nothing happened yet, nobody is left. */
struct retry_facts {
    bool client_has_bytes; /* of the answer's head or body: it cannot be taken back */
    bool client_gone;
    bool deadline_passed; /* of the whole exchange */
    bool candidates_left; /* another endpoint has not been tried */

    /* An idle connection was taken from the pool and closed by the provider before a byte of an
     * answer: it had timed out there, the request was not looked at. */
    bool reused_connection_died_before_answer;
    bool repeated; /* that has been answered with a fresh connection once already */

    bool connected;
    bool sent_any; /* a byte of the request may have reached the provider */
    bool got_head;
    int status;           /* of the provider's answer; 0 without one */
    bool fault_retryable; /* what the dialect or the transport says of the failure */
};

/* The same endpoint is asked again, on a fresh connection. */
bool retry_same_endpoint(const struct retry_facts *facts);

/* Another attempt may be made: at the same endpoint, see above, or at the next one. */
bool retry_allowed(const struct retry_facts *facts);
