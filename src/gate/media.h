/*
 * media: images and documents that a request names by URL, fetched for a provider that takes only
 * bytes.
 *
 * A URL is a stranger's: only http and https, only public addresses and the web's ports unless
 * settings.media_private, at most three redirects, each looked at like the first URL, never from
 * https to http; bounded in time, in bytes and in number.  Belongs to its exchange.
 */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "policy/snapshot.h"

struct exchange;
struct media;

/* Fetches what the endpoint must be sent and the chat does not hold yet.  ERR_OK: every such part
 * has `data` and `mime`.  ERR_AGAIN: the exchange is woken; ask again.  ERR_INVALID: one cannot be
 * had, the rest is given up; *fault tells the client why. */
enum err media_prepare(struct exchange *exchange, const struct endpoint *endpoint,
                       struct fault *fault) MUST_CHECK;

/* Gives up what is being fetched.  May be called at any time. */
void media_end(struct exchange *exchange);

/* All that is fetched for one request, at most. */
size_t media_bytes_max(const struct settings *settings);
