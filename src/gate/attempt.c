#include "gate/attempt.h"

#include "gate/exchange.h"
#include "wire/quirks.h"

enum { REFUSAL_BYTES_MAX = 64 * 1024 };

/* --- what the network says --- */

static void keep_headers(struct exchange *exchange, const struct headers *headers)
{
    struct attempt *attempt = &exchange->attempt;

    attempt->headers = (struct headers){0};
    for (size_t i = 0; i < headers->count; i++) {
        headers_add(&attempt->headers, &exchange->arena,
                    arena_copy(&exchange->arena, headers->at[i].name),
                    arena_copy(&exchange->arena, headers->at[i].value));
    }
}

static void begin_decoding(struct exchange *exchange, const struct headers *headers)
{
    struct attempt *attempt = &exchange->attempt;
    const struct settings *settings = &exchange->config->snapshot->settings;
    enum framing framing = framing_of(headers_get(headers, STR("content-type")));
    bool whole = framing == FRAMING_WHOLE;

    attempt->decoder = (struct decoder){
        .dialect = attempt->endpoint.dialect,
        .model = &attempt->endpoint.model,
        .arena = &exchange->arena,
        .framing = framing,
        .bytes_max = (size_t)(whole ? settings->answer_bytes_max : settings->event_bytes_max),
        .hints = hints_copy(&attempt->hints, &exchange->arena),
        .id_seed = exchange->identity.generation_id,
    };
    decoder_init(&attempt->decoder);
    attempt->decoding = true;
}

static void on_head(void *owner, int status, const struct headers *headers)
{
    struct exchange *exchange = owner;
    struct attempt *attempt = &exchange->attempt;

    attempt->status = status;
    exchange->upstream_status = status;
    if (status >= 200 && status < 300) {
        begin_decoding(exchange, headers);
    } else {
        keep_headers(exchange, headers);
    }
    exchange_wake(exchange);
}

/* The body of a refusal is longer than anybody wants to know. */
static void end_refusal(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;

    attempt->ended = true;
    attempt->end = FETCH_DONE;
    attempt->facts = fetch_facts(attempt->fetch);
    fetch_cancel(attempt->fetch);
    attempt->fetch = NULL;
    exchange_wake(exchange);
}

static void on_bytes(void *owner, str bytes)
{
    struct exchange *exchange = owner;
    struct attempt *attempt = &exchange->attempt;

    if (!attempt->decoding) {
        /* The body of a refusal: its beginning says enough. */
        str fits = str_take(bytes, attempt->refusal.limit - attempt->refusal.len);
        enum err err = buf_add(&attempt->refusal, fits);
        assert(err == ERR_OK);
        if (fits.len < bytes.len) {
            end_refusal(exchange);
        }
        return;
    }
    attempt->input = bytes;
    exchange_wake(exchange);
}

static void on_end(void *owner, enum fetch_end end)
{
    struct exchange *exchange = owner;
    struct attempt *attempt = &exchange->attempt;

    attempt->ended = true;
    attempt->end = end;
    attempt->facts = fetch_facts(attempt->fetch);
    attempt->why = arena_copy(&exchange->arena, fetch_why(attempt->fetch));
    attempt->fetch = NULL;
    exchange_wake(exchange);
}

static const struct fetch_owner_ops owner_ops = {on_head, on_bytes, on_end};

/* --- starting and ending --- */

/* Puts the provider's key on the request. */
static void add_credentials(const struct provider_key *key, struct arena *arena,
                            struct headers *headers)
{
    switch (key->credential) {
    case CREDENTIAL_BEARER: {
        str parts[] = {STR("Bearer "), key->secret};
        headers_add(headers, arena, STR("authorization"), arena_join(arena, parts, 2));
        break;
    }
    case CREDENTIAL_X_API_KEY:
        headers_add(headers, arena, STR("x-api-key"), key->secret);
        break;
    case CREDENTIAL_API_KEY:
        headers_add(headers, arena, STR("api-key"), key->secret);
        break;
    case CREDENTIAL_X_GOOG_API_KEY:
        headers_add(headers, arena, STR("x-goog-api-key"), key->secret);
        break;
    case CREDENTIAL_QUERY_KEY:
    case CREDENTIAL_AWS:
    case CREDENTIAL_GOOGLE:
    case CREDENTIAL_NONE:
        break;
    }
}

static enum err start_fetch(struct exchange *exchange, struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;
    const struct provider *provider = attempt->endpoint.provider;
    const struct settings *settings = &exchange->config->snapshot->settings;
    struct arena *arena = &exchange->request;
    struct provider_request written = {0};

    enum err err = attempt->endpoint.dialect->encode_request(
        exchange->chat, &attempt->endpoint.model, arena, &written, fault);
    if (err != ERR_OK) {
        return err;
    }
    struct http_request *request = &written.http;
    attempt->hints = written.hints;
    headers_add(&request->headers, arena, STR("accept-encoding"), STR("identity"));
    headers_add(&request->headers, arena, STR("user-agent"), STR("gatehouse/" GATEHOUSE_VERSION));
    add_credentials(&provider->keys[0], arena, &request->headers);

    const struct origin *origin = &provider->origin;
    attempt->pool_target = (struct pool_target){.host = origin->host,
                                                .port = origin->port,
                                                .tls = origin->tls,
                                                .ca_file = provider->ca_file,
                                                .authority = origin->authority};
    const struct fetch_request fetch = {
        .target = &attempt->pool_target,
        .method = request->method,
        .path = arena_join(arena, (str[]){origin->path, request->path}, 2),
        .headers = &request->headers,
        .body = request->body,
        .fresh = exchange->repeat_fresh,
        .timeouts = {.connect_ms = settings->connect_timeout_ms,
                     .tls_ms = settings->tls_timeout_ms,
                     .first_byte_ms = settings->first_byte_timeout_ms,
                     .idle_ms = settings->stream_idle_timeout_ms,
                     .total_ms = settings->total_timeout_ms},
    };
    attempt->fetch = fetch_start(&exchange->worker->pool, &fetch, &owner_ops, exchange);
    return ERR_OK;
}

enum err attempt_start(struct exchange *exchange, const struct target *target, struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;

    attempt_end(exchange);
    *attempt = (struct attempt){.endpoint = *target->endpoint};
    buf_init(&attempt->refusal, REFUSAL_BYTES_MAX);
    exchange->attempt_count++;
    exchange->upstream_status = 0;
    exchange->identity.model = arena_copy(&exchange->arena, target->model->id);
    exchange->identity.provider = arena_copy(&exchange->arena, target->endpoint->provider->display);
    exchange->model_served = exchange->identity.model;
    exchange->provider_name = arena_copy(&exchange->arena, target->endpoint->provider->name);
    exchange->upstream_model = arena_copy(&exchange->arena, target->endpoint->model.name);
    attempt->endpoint.model.name = exchange->upstream_model;
    if (target->endpoint->dialect == NULL) {
        attempt->demo =
            demo_new(exchange->chat, &exchange->request, exchange->identity.generation_id);
        attempt->status = 200;
        return ERR_OK;
    }
    return start_fetch(exchange, fault);
}

void attempt_end(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;

    if (attempt->fetch != NULL) {
        fetch_cancel(attempt->fetch);
        attempt->fetch = NULL;
    }
    if (attempt->decoding) {
        decoder_free(&attempt->decoder);
        attempt->decoding = false;
    }
    buf_free(&attempt->refusal);
    attempt->demo = NULL;
}

/* --- what went wrong --- */

static const struct {
    enum err kind;
    enum fault_type type;
} end_faults[] = {
    [FETCH_DONE] = {ERR_CUT, FAULT_PROVIDER_UNAVAILABLE},
    [FETCH_CUT] = {ERR_CUT, FAULT_PROVIDER_UNAVAILABLE},
    [FETCH_TIMEOUT] = {ERR_TIMEOUT, FAULT_TIMEOUT},
    [FETCH_UNREACHABLE] = {ERR_PEER, FAULT_PROVIDER_UNAVAILABLE},
    [FETCH_MALFORMED] = {ERR_PEER, FAULT_PROVIDER_UNAVAILABLE},
    [FETCH_FORBIDDEN] = {ERR_PEER, FAULT_PROVIDER_UNAVAILABLE},
};

void attempt_fault(struct exchange *exchange, struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;
    const struct provider *provider = attempt->endpoint.provider;

    if (attempt->status != 0 && !attempt->decoding) {
        attempt->endpoint.dialect->decode_refusal(attempt->status, &attempt->headers,
                                                  buf_str(&attempt->refusal), &exchange->arena,
                                                  fault);
    } else {
        *fault = (struct fault){.kind = end_faults[attempt->end].kind,
                                .type = end_faults[attempt->end].type,
                                .retryable = true,
                                .upstream_status = attempt->status};
        fault->message =
            arena_printf(&exchange->arena, "The provider " STR_FMT " failed: " STR_FMT ".",
                         STR_ARG(provider->display), STR_ARG(attempt->why));
    }
}
