/*
 * snapshot: everything the data plane is told by configuration, frozen.
 *
 * Built by app/config.c off the loops, checked whole, never changed after publication, shared by
 * every worker.  Strings live in its arena.
 */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "llm/model.h"
#include "llm/price.h"

#include <stdint.h>

struct dialect; /* wire/dialect.h; carried here without looking inside */

/* One row each in app/settings.c, which has names, ranges, defaults and help. */
struct settings {
    str listen; /* host:port */
    str store;  /* URL; a relative SQLite path is relative to the data directory */
    int64_t workers;
    bool demo;        /* the built-in provider is on */
    bool test_routes; /* /__echo */
    bool access_log;
    str log_level;
    str tls_certificate; /* PEM files; both empty: clear text */
    str tls_key;
    str keepalive_comment; /* without the leading ": " */
    int64_t keepalive_ms;

    int64_t request_line_bytes_max;
    int64_t header_bytes_max;
    int64_t header_count_max;
    int64_t body_bytes_max;
    int64_t event_bytes_max;   /* one event of a provider's stream */
    int64_t answer_bytes_max;  /* a provider's whole answer */
    int64_t output_high_bytes; /* unsent bytes to a client: above it the provider is paused */
    int64_t output_low_bytes;  /* below it the provider goes on */
    int64_t connections_max;   /* of clients, per worker */
    int64_t upstream_idle_max; /* idle connections kept per provider and worker */

    int64_t header_timeout_ms; /* from the first byte of a request to the end of its head */
    int64_t body_timeout_ms;   /* between two reads of a request body */
    int64_t idle_timeout_ms;   /* of a client's connection between requests */
    int64_t write_timeout_ms;  /* unsent bytes to a client and no progress */
    int64_t connect_timeout_ms;
    int64_t tls_timeout_ms;
    int64_t first_byte_timeout_ms;  /* from the request sent to the provider's first byte */
    int64_t stream_idle_timeout_ms; /* between two bytes of a provider */
    int64_t total_timeout_ms;       /* of one attempt */
    int64_t upstream_keepalive_ms;  /* an idle connection to a provider is closed after it */
    int64_t key_cache_ms;           /* a worker believes a looked-up key for so long */
    int64_t drain_ms;               /* after SIGTERM */
};

/* Where a provider is reached. */
struct origin {
    bool tls;
    str host; /* a name or an address, without brackets */
    uint16_t port;
    str path;      /* of the base URL, without a trailing slash: "/v1" or "" */
    str authority; /* the Host header: "api.openai.com", "127.0.0.1:9000" */
};

struct provider {
    str name;                      /* in the configuration */
    str display;                   /* in answers */
    const struct dialect *dialect; /* NULL: the built-in demo */
    struct origin origin;
    str api_key;    /* secret; never logged; empty when none is needed */
    str key_source; /* where it came from, for people: "OPENAI_API_KEY" */
    str ca_file; /* PEM file that replaces the system's authorities for this provider; or empty */
    const struct quirks *quirks;
    size_t index; /* in snapshot->providers */
};

/* A model at one provider, with its price. */
struct endpoint {
    const struct provider *provider;
    struct model model;
    struct pricing pricing;
};

/* A model as clients know it. */
struct catalogue_model {
    str id;
    str name;
    str description;
    int64_t created_s;
    int64_t context_tokens; /* 0: not known */
    int64_t output_tokens_max;
    str *aliases;
    size_t alias_count;
    struct endpoint *endpoints; /* at least one, in order of preference */
    size_t endpoint_count;
};

struct snapshot {
    uint64_t version;
    struct arena arena; /* owns everything below */
    struct settings settings;
    struct provider *providers;
    size_t provider_count;
    struct catalogue_model *models;
    size_t model_count;
    struct map models_by_name; /* id or alias -> struct catalogue_model */
};

/* An empty one that lives in its own arena; snapshot_free() ends both.  NULL is let through. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot *snapshot);

/* By the name in the configuration, or NULL. */
const struct provider *snapshot_find_provider(const struct snapshot *snapshot, str name);

/* The model with that id or alias; else, when the name is "<provider>/<rest>" and that provider is
 * configured, a model made on the fly in `arena` with one endpoint; else NULL. */
const struct catalogue_model *snapshot_find_model(const struct snapshot *snapshot, str name,
                                                  struct arena *arena);

/* The known model name that is nearest to `name`, or empty when none is near. */
str snapshot_suggest_model(const struct snapshot *snapshot, str name);
