/* spoken: what the tests of keys, logins and media say to servers and look for in what they heard.
 */
#pragma once

#include "wire/dialect.h"

#include "answers.h"
#include "bench.h"

#define SECOND INT64_C(1000000)

static inline void reply(int server, str bytes)
{
    gateway_reply(&bench.gateway, server, &(struct reply){.bytes = bytes});
}

static inline void reply_json(int server, int status, const char *body)
{
    reply(server, answer_make(&bench.arena, status, "application/json", body, BY_LENGTH));
}

static inline void reply_whole(int server)
{
    reply(server, answer_whole(&bench.arena, false, BY_LENGTH));
}

static inline str heard(int server)
{
    return buf_str(&bench.gateway.providers[server].heard);
}

static inline bool holds(str text, const char *words)
{
    return str_find(text, str_c(words)) < text.len;
}

static inline size_t count_of(str text, const char *words)
{
    size_t count = 0;

    for (str rest = text; holds(rest, words); count++) {
        rest = str_skip(rest, str_find(rest, str_c(words)) + strlen(words));
    }
    return count;
}

/* The provider asks with these keys. */
static inline void set_keys(int provider, const struct provider_key *keys, size_t count)
{
    struct snapshot *snapshot = bench.gateway.snapshot;
    struct provider *changed = &snapshot->providers[provider];

    changed->keys = ARENA_ARRAY(&snapshot->arena, struct provider_key, count);
    changed->key_count = count;
    memcpy(changed->keys, keys, count * sizeof(*keys));
}

/* The provider is spoken to in this dialect. */
static inline void set_dialect(int provider, const struct dialect *dialect)
{
    struct snapshot *snapshot = bench.gateway.snapshot;

    for (size_t i = 0; i < snapshot->model_count; i++) {
        for (size_t k = 0; k < snapshot->models[i].endpoint_count; k++) {
            struct endpoint *endpoint = &snapshot->models[i].endpoints[k];
            if (endpoint->provider == &snapshot->providers[provider]) {
                endpoint->dialect = dialect;
            }
        }
    }
}

/* One more client, after the gateway is open. */
static inline struct sim_peer *ask_again(const char *model, const char *more)
{
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask(bench.client, model, more);
    gateway_run_for(&bench.gateway, 1000);
    return bench.client;
}

/* Neither the client nor the rows are told a secret. */
static inline void assert_told_nowhere(const char *secret)
{
    for (size_t i = 0; i < sim_peer_count(); i++) {
        struct sim_peer *peer = sim_peer_at(i);
        if (peer->script == NULL) {
            assert_false(holds(buf_str(&peer->received), secret));
        }
    }
    for (size_t i = 0; i < store_double.row_count; i++) {
        const struct exchange_row *row = &store_double.rows[i];
        assert_false(holds(str_of((const char *)row, sizeof(*row)), secret));
    }
}
