/*
 * banner: what a user is told when the server starts.
 *
 * On a terminal a few aligned lines; in a pipe the same facts as one JSON line.  On stderr.
 */
#pragma once

#include "policy/snapshot.h"

struct banner {
    str base;    /* "http://127.0.0.1:8080" */
    str data;    /* the store's file or URL */
    str api_key; /* the first key, just made; empty on later starts */
    bool local;  /* only this machine can reach us */
    const struct snapshot *snapshot;
};

void banner_print(const struct banner *banner, bool terminal);
