/*
 * relay: provider bytes -> events -> client bytes, for the exchange's present attempt.
 *
 * Streaming: events are encoded as they come.  What precedes the first real event (START, USAGE) is
 * held, so that a failure before it is still a plain error.  Whole: events are gathered and written
 * at the end.
 */
#pragma once

#include "gate/exchange.h"

/* A new attempt: encoder or gatherer start afresh. */
void relay_begin(struct exchange *exchange);

/* More bytes of the answer.  Failure: *fault tells what the provider did wrong. */
enum err relay_bytes(struct exchange *exchange, str bytes, struct fault *fault) MUST_CHECK;

/* The stream's end mark has come: the connection's end is waited for only a little, since it
 * decides no more than whether the connection can serve again. */
void relay_expect_end(struct exchange *exchange);

/* No more bytes.  ERR_CUT and others: the answer is not complete. */
enum err relay_end_of_bytes(struct exchange *exchange, struct fault *fault) MUST_CHECK;

/* The next words of the built-in provider.  ERR_OK: that was all; ERR_AGAIN: wait. */
enum err relay_demo_events(struct exchange *exchange, struct fault *fault) MUST_CHECK;

/* The answer is complete: ends it towards the client. */
enum err relay_finish(struct exchange *exchange, struct fault *fault) MUST_CHECK;

/* The answer broke after its head was sent: says so in the stream and ends it. */
void relay_cut(struct exchange *exchange);

/* Takes the charge for tokens off where the answer is empty or has failed.  True when there is none
 * then. */
bool relay_waive(struct exchange *exchange);

/* The headers of an answer of ours. */
enum { ANSWER_HEADERS_MAX = 8 };
void answer_headers(const struct identity *identity, str content_type, struct header *room,
                    struct headers *out);
