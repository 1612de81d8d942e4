/*
 * route: which path is answered by what.
 *
 * The table is app/routes.c, the one place that knows surfaces and pages.  Paths are written
 * without their prefix: each is served under "/v1", "/api/v1" and bare.
 */
#pragma once

#include "base/buf.h"
#include "policy/snapshot.h"
#include "wire/surface.h"

/* What a page may look at. */
struct page_request {
    const struct snapshot *snapshot;
    const void *app; /* the app's own, for pages that tell of it */
    str rest;        /* of the path behind a route that ends in '/', decoded */
    str query;       /* without '?' */
    struct arena *arena;
};

struct page_answer {
    int status;
    str content_type;
    struct buf *body;
    struct fault fault; /* when status is 0: told as an error instead */
};

typedef void (*page_function)(const struct page_request *request, struct page_answer *answer);

struct route {
    const char *path;   /* "/chat/completions"; one that ends in '/' takes what follows too */
    const char *method; /* HEAD goes with GET */
    const struct surface *surface; /* or NULL and: */
    page_function page;
    bool is_absolute; /* no prefix: "/healthz" */
    bool needs_key;   /* a page that is not for everyone */
    bool needs_test_routes;
};

struct routes {
    const struct route *at;
    size_t count;
};

enum route_result { ROUTE_FOUND, ROUTE_WRONG_METHOD, ROUTE_NONE };

/* `target` as sent.  *rest and *query are views into it, *rest not decoded.  For ROUTE_WRONG_METHOD
 * *out is a route of that path. */
enum route_result route_find(const struct routes *routes, str method, str target,
                             const struct route **out, str *rest, str *query);

/* The path that was probably meant, or NULL. */
const char *route_suggest(const struct routes *routes, str target);
