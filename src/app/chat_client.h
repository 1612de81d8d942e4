/*
 * chat_client: one conversation with a gateway, over plain HTTP and blocking sockets.
 *
 * For the command line only.  A connection for each turn; the turns so far are kept and sent again,
 * as the API wants it.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "codec/url.h"

struct chat_client {
    struct url url;   /* of the gateway; views into the caller's text */
    str key;          /* secret; borrowed */
    str model;        /* borrowed */
    struct buf turns; /* the messages so far: JSON objects with commas between them */

    /* Gets the answer's text as it comes. */
    void (*take)(void *ctx, str text);
    void *ctx;
};

/* ERR_INVALID when the URL is none that this client can speak to. */
enum err chat_client_init(struct chat_client *client, const char *url,
                          struct fault *fault) MUST_CHECK;
void chat_client_free(struct chat_client *client);

/* Says `prompt` and hands out the answer.  ERR_PEER when the gateway cannot be reached or breaks
 * off, ERR_DENIED when it does not take the key, ERR_INVALID when it refuses otherwise; the words
 * are in *fault, its strings in `arena`.  A turn that failed is not kept. */
enum err chat_client_ask(struct chat_client *client, str prompt, struct arena *arena,
                         struct fault *fault) MUST_CHECK;
