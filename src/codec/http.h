/* http: a request and an answer as data, whatever HTTP version carries them. */
#pragma once

#include "codec/headers.h"

/* A request to a provider, as a dialect writes it; everything lives in one arena. */
struct http_request {
    str method; /* "POST" */
    str path;   /* joined behind the provider's base URL, begins with '/'; may hold a query */
    struct headers headers; /* without Host, Content-Length, Connection and credentials */
    str body;
};
