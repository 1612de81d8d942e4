/*
 * visit: one request for a page, which is answered from memory.
 *
 * A page for everyone is answered at once; one that needs a key waits for the store when the worker
 * does not know the key.  A visit leaves no row: nothing is asked of a model.
 */
#pragma once

#include "gate/route.h"
#include "gate/worker.h"

/* Answers the call, now or later.  `rest` and `query` are views into its target. */
void visit_begin(struct worker *worker, struct http_call *call, const struct route *route, str rest,
                 str query);

/* The client of a visit that waits has gone away. */
void visit_end(struct visit *visit);

/* An error for a call that is neither a visit nor an exchange. */
void visit_refuse(struct worker *worker, struct http_call *call, const struct fault *fault);
