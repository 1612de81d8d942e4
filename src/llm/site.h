/*
 * site: where and how a provider is reached, as far as the dialect that writes the request and the
 * gate that signs and sends it must both know.
 *
 * Part of the snapshot: built at load, never changed.
 */
#pragma once

#include "base/str.h"

/* Whose platform serves a format: the same body goes to other paths and with small changes. */
enum platform {
    PLATFORM_OWN,           /* the format's own vendor, or a server that imitates it */
    PLATFORM_VERTEX,        /* Google Cloud: publishers/<vendor>/models/<model>:<method> */
    PLATFORM_BEDROCK,       /* AWS: /model/<id>/<operation> */
    PLATFORM_AZURE,         /* Azure's v1 paths: the deployment is `model` in the body */
    PLATFORM_AZURE_CLASSIC, /* the deployment and an api-version are in the path */
};

/* How a request proves who calls. */
enum credential {
    CREDENTIAL_BEARER,         /* Authorization: Bearer <key> */
    CREDENTIAL_X_API_KEY,      /* x-api-key: <key> */
    CREDENTIAL_API_KEY,        /* api-key: <key> (Azure) */
    CREDENTIAL_X_GOOG_API_KEY, /* x-goog-api-key: <key> */
    CREDENTIAL_QUERY_KEY,      /* ?key=<key> */
    CREDENTIAL_AWS,            /* Signature Version 4 over the whole request */
    CREDENTIAL_GOOGLE,         /* a bearer token, got for a login and renewed */
    CREDENTIAL_NONE,
};

struct site {
    enum platform platform;
    str region;      /* AWS region, Vertex location ("global", "us-central1"); empty: none */
    str project;     /* Vertex; empty: express mode, without a project in the path */
    str api_version; /* Azure: the api-version of the query; empty: none is sent */
};
