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
struct quirks;  /* wire/quirks.h; likewise */

/* One row each in app/settings.c, which has names, ranges, defaults and help. */
struct settings {
    str listen; /* host:port */
    str store;  /* URL; a relative SQLite path is relative to the data directory */
    str share; /* folder whose models.json and providers.json replace the built-in ones; or empty */
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
    int64_t media_bytes_max;   /* of one image or document fetched for a provider; 0: none is */
    bool media_private;        /* media may be fetched from private and local addresses */

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
    int64_t media_timeout_ms;       /* of one fetch of an image or document */
    int64_t credential_timeout_ms;  /* of getting a token or a login from its service */
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

/* CREDENTIAL_AWS: where the signing keys come from.  A container or an instance hands out keys that
 * end; gate/credentials.c asks for new ones ahead of that. */
struct aws_login {
    enum { AWS_STATIC, AWS_CONTAINER, AWS_INSTANCE } from;
    str access_key_id; /* AWS_STATIC, as are the next two */
    str secret_access_key;
    str session_token; /* empty: none */
    struct origin
        metadata;        /* AWS_CONTAINER: the whole URL it is asked at; AWS_INSTANCE: of IMDSv2 */
    str container_token; /* AWS_CONTAINER: sent as Authorization; empty: none */
};

/* CREDENTIAL_GOOGLE: what a token is asked for with. */
struct google_login {
    enum { GOOGLE_SERVICE_ACCOUNT, GOOGLE_REFRESH_TOKEN, GOOGLE_METADATA } from;
    struct origin token; /* where: the login's token_uri, or the metadata server's path */
    str token_uri;       /* GOOGLE_SERVICE_ACCOUNT: `aud` of the signed claim, as are the next */
    str client_email;
    str private_key_id;
    str private_key_pem;
    str client_id; /* GOOGLE_REFRESH_TOKEN, as are the next two */
    str client_secret;
    str refresh_token;
};

/* One of a provider's keys, or whatever else proves who calls.  All of it but `source` is secret
 * and never logged. */
struct provider_key {
    enum credential credential;
    str source; /* where it came from, for people: "OPENAI_API_KEY", "api_keys[1]" */
    str secret; /* the key of CREDENTIAL_BEARER and the others that are one text */
    const struct aws_login *aws;
    const struct google_login *google;
};

/* Which dialect a model of a provider is spoken to in: the first row whose pattern fits its plain
 * id (llm/rules.h). */
struct dialect_choice {
    str match;
    const struct dialect *dialect;
    const struct quirks *quirks;
    struct site site;
};

struct provider {
    str name;                      /* in the configuration */
    str display;                   /* in answers */
    const struct dialect *dialect; /* of models that no row of `choices` fits; NULL: the demo */
    const struct quirks *quirks;
    struct site site;
    struct dialect_choice *choices;
    size_t choice_count;
    struct origin origin;
    struct provider_key *keys; /* at least one; of CREDENTIAL_NONE when none is needed */
    size_t key_count;
    str ca_file;  /* PEM file that replaces the system's authorities for this provider; or empty */
    size_t index; /* in snapshot->providers */
};

/* A model at one provider, with its price. */
struct endpoint {
    const struct provider *provider;
    const struct dialect *dialect; /* NULL: the demo */
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
    struct map models_by_name;     /* id or alias -> struct catalogue_model */
    struct map models_by_spelling; /* plain id of a Claude -> struct catalogue_model */
    struct rule_book rules;
};

/* An empty one that lives in its own arena; snapshot_free() ends both.  NULL is let through. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot *snapshot);

/* The model `name` at a provider, as the provider's choices, its quirks and the rules have it. */
struct endpoint snapshot_make_endpoint(const struct snapshot *snapshot,
                                       const struct provider *provider, str name);

/* Where the provider's keys are from, for people: "OPENAI_API_KEY, api_keys[1]"; empty when it has
 * none. */
str provider_key_sources(const struct provider *provider, struct arena *arena);

/* By the name in the configuration, or NULL. */
const struct provider *snapshot_find_provider(const struct snapshot *snapshot, str name);

/* Fills models_by_spelling from all models; once, after they are read. */
void snapshot_index_spellings(struct snapshot *snapshot);

/* The model with that id or alias; else, when the name is "<provider>/<rest>" and that provider is
 * configured, a model made on the fly in `arena` with one endpoint; else a Claude that is known by
 * another platform's spelling of the name ("claude-3-5-sonnet@20240620"); else NULL. */
const struct catalogue_model *snapshot_find_model(const struct snapshot *snapshot, str name,
                                                  struct arena *arena);

/* The known model name that is nearest to `name`, or empty when none is near. */
str snapshot_suggest_model(const struct snapshot *snapshot, str name);
