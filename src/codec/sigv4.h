/*
 * sigv4: AWS Signature Version 4 over a request (AWS General Reference, "Signing AWS API
 * requests").
 *
 * Pure: the time is an argument.  The canonical path is the wire's path percent-encoded once more,
 * as every service but S3 wants it.
 */
#pragma once

#include "base/arena.h"
#include "codec/http.h"

#include <stdint.h>

struct sigv4_login {
    str access_key_id;
    str secret_access_key;
    str session_token; /* empty: none */
};

/* What is signed.  request->path holds the whole path and query as they go over the wire. */
struct sigv4_request {
    const struct http_request *request;
    str authority; /* the Host header */
    str region;
    str service;   /* "bedrock" */
    int64_t now_s; /* Unix seconds */
};

/* Adds x-amz-date, x-amz-security-token (when there is one) and authorization to *headers, which
 * are the request's own; memory from `arena`.  Host, content-type and all x-amz-* headers are
 * signed. */
void sigv4_sign(const struct sigv4_request *what, const struct sigv4_login *login,
                struct arena *arena, struct headers *headers);
