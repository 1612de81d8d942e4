#include "gate/attempt.h"

#include "codec/url.h"
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

/* Puts a plain key, or the token that was got with it, on the request. */
static void add_key(const struct provider_key *key, const struct proof *proof, struct arena *arena,
                    struct http_request *request)
{
    struct headers *headers = &request->headers;

    switch (key->credential) {
    case CREDENTIAL_BEARER:
        headers_add(headers, arena, STR("authorization"),
                    arena_join(arena, (str[]){STR("Bearer "), key->secret}, 2));
        break;
    case CREDENTIAL_GOOGLE:
        headers_add(headers, arena, STR("authorization"),
                    arena_join(arena, (str[]){STR("Bearer "), proof->token}, 2));
        break;
    case CREDENTIAL_X_API_KEY:
        headers_add(headers, arena, STR("x-api-key"), key->secret);
        break;
    case CREDENTIAL_API_KEY:
        headers_add(headers, arena, STR("api-key"), key->secret);
        break;
    case CREDENTIAL_X_GOOG_API_KEY:
        headers_add(headers, arena, STR("x-goog-api-key"), key->secret);
        break;
    case CREDENTIAL_QUERY_KEY: {
        bool has_query = str_find_char(request->path, '?') < request->path.len;
        str parts[] = {request->path, has_query ? STR("&key=") : STR("?key="),
                       url_encode(key->secret, STR(""), arena)};
        request->path = arena_join(arena, parts, COUNT_OF(parts));
        break;
    }
    case CREDENTIAL_AWS: /* signed when all else stands */
    case CREDENTIAL_NONE:
        break;
    }
}

static void sign(struct exchange *exchange, const struct sigv4_login *login,
                 struct http_request *request)
{
    const struct endpoint *endpoint = &exchange->attempt.endpoint;
    const struct site *site =
        endpoint->model.site != NULL ? endpoint->model.site : &endpoint->provider->site;
    const struct sigv4_request what = {.request = request,
                                       .authority = endpoint->provider->origin.authority,
                                       .region = site->region,
                                       .service = STR("bedrock"),
                                       .now_s = credentials_aws_now_s(exchange->worker)};

    sigv4_sign(&what, login, &exchange->request, &request->headers);
}

/* Makes what the dialect wrote the request that goes over the wire. */
static void complete_request(struct exchange *exchange, const struct proof *proof,
                             struct http_request *request)
{
    struct attempt *attempt = &exchange->attempt;
    struct arena *arena = &exchange->request;
    str base = attempt->endpoint.provider->origin.path;

    request->path = arena_join(arena, (str[]){base, request->path}, 2);
    headers_add(&request->headers, arena, STR("accept-encoding"), STR("identity"));
    headers_add(&request->headers, arena, STR("user-agent"), STR("gatehouse/" GATEHOUSE_VERSION));
    add_key(attempt->key, proof, arena, request);
    if (attempt->key->credential == CREDENTIAL_AWS) {
        sign(exchange, &proof->aws, request);
    }
}

static void start_fetch(struct exchange *exchange, const struct http_request *request)
{
    struct attempt *attempt = &exchange->attempt;
    const struct provider *provider = attempt->endpoint.provider;
    const struct settings *settings = &exchange->config->snapshot->settings;
    const struct origin *origin = &provider->origin;

    attempt->pool_target = (struct pool_target){.host = origin->host,
                                                .port = origin->port,
                                                .tls = origin->tls,
                                                .ca_file = provider->ca_file,
                                                .authority = origin->authority};
    const struct fetch_request fetch = {
        .target = &attempt->pool_target,
        .method = request->method,
        .path = request->path,
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
}

/* --- what is not told --- */

enum { DROPPED_BYTES_MAX = 512 };

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_';
}

/* "top_k, seed": fit for a header, whatever the client called its members. */
static str list_drops(const struct drops *drops, struct arena *arena)
{
    char *text = arena_take_raw(arena, DROPPED_BYTES_MAX);
    size_t len = 0;

    for (size_t i = 0; i < drops->count; i++) {
        size_t end = len;
        for (size_t k = 0; k < drops->at[i].len && end + 3 < DROPPED_BYTES_MAX; k++) {
            if (is_plain(drops->at[i].at[k])) {
                end += end == len && len > 0 ? 2 : 0;
                text[end++] = drops->at[i].at[k];
            }
        }
        if (end + 3 >= DROPPED_BYTES_MAX) {
            break; /* no half names */
        }
        if (end > len && len > 0) {
            text[len] = ',';
            text[len + 1] = ' ';
        }
        len = end;
    }
    return str_of(text, len);
}

static enum err refuse_drops(struct exchange *exchange, struct fault *fault)
{
    *fault =
        (struct fault){.kind = ERR_MISSING,
                       .type = FAULT_NOT_FOUND,
                       .message = arena_printf(
                           &exchange->arena,
                           "No endpoints found that can handle the requested parameters (provider."
                           "require_parameters). Not supported: " STR_FMT ".",
                           STR_ARG(exchange->attempt.dropped))};
    return ERR_MISSING;
}

/* --- starting --- */

/* ERR_AGAIN: it is asked for. */
static enum err find_proof(struct exchange *exchange, const struct target *target,
                           struct proof *proof, struct fault *fault)
{
    if (!list_is_empty(&exchange->waiter.node)) {
        return ERR_AGAIN;
    }
    switch (credentials_find(exchange->worker, target->key, &exchange->waiter, &exchange->arena,
                             proof, fault)) {
    case LOGIN_READY:
        return ERR_OK;
    case LOGIN_ASKING:
        return ERR_AGAIN;
    case LOGIN_FAILED:
        break;
    }
    fault->provider = target->endpoint->provider->display;
    return ERR_PEER;
}

/* The attempt before is over; this one has said nothing yet. */
static void begin(struct exchange *exchange, const struct target *target)
{
    struct attempt *attempt = &exchange->attempt;

    attempt_end(exchange);
    *attempt = (struct attempt){.endpoint = *target->endpoint, .key = target->key};
    buf_init(&attempt->refusal, REFUSAL_BYTES_MAX);
    attempt->endpoint.model.name = arena_copy(&exchange->arena, target->endpoint->model.name);
}

/* From here on it is this target that is spoken of. */
static void note_target(struct exchange *exchange, const struct target *target)
{
    const struct provider *provider = target->endpoint->provider;

    exchange->attempt_count++;
    exchange->upstream_status = 0;
    exchange->identity.model = arena_copy(&exchange->arena, target->model->id);
    exchange->identity.provider = arena_copy(&exchange->arena, provider->display);
    exchange->model_served = exchange->identity.model;
    exchange->provider_name = arena_copy(&exchange->arena, provider->name);
    exchange->upstream_model = exchange->attempt.endpoint.model.name;
}

static enum err write_request(struct exchange *exchange, struct provider_request *out,
                              struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;

    enum err err = attempt->endpoint.dialect->encode_request(
        exchange->chat, &attempt->endpoint.model, &exchange->request, out, fault);
    if (err != ERR_OK) {
        fault->provider = attempt->endpoint.provider->display;
        return err;
    }
    attempt->hints = out->hints;
    attempt->dropped = list_drops(&out->drops, &exchange->arena);
    if (out->drops.count > 0 && exchange->chat->require_parameters) {
        return refuse_drops(exchange, fault);
    }
    return ERR_OK;
}

static void start_demo(struct exchange *exchange, const struct target *target)
{
    struct attempt *attempt = &exchange->attempt;

    begin(exchange, target);
    note_target(exchange, target);
    attempt->demo = demo_new(exchange->chat, &exchange->request, exchange->identity.generation_id);
    attempt->status = 200;
}

enum err attempt_start(struct exchange *exchange, const struct target *target, struct fault *fault)
{
    struct provider_request written = {0};
    struct proof proof = {0};

    if (target->endpoint->dialect == NULL) {
        start_demo(exchange, target);
        return ERR_OK;
    }
    enum err err = find_proof(exchange, target, &proof, fault);
    if (err != ERR_OK) {
        return err;
    }
    begin(exchange, target);
    err = write_request(exchange, &written, fault);
    if (err != ERR_OK) {
        return err;
    }
    note_target(exchange, target);
    exchange->attempt.proof_number = proof.number;
    complete_request(exchange, &proof, &written.http);
    start_fetch(exchange, &written.http);
    return ERR_OK;
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

/* --- logins that are not taken --- */

enum { CLOCK_ERROR_S_MIN = 60 };

static bool refusal_says(const struct attempt *attempt, str words)
{
    str body = buf_str(&attempt->refusal);

    return str_find_nocase(body, words) < body.len;
}

/* Our clock is wrong as AWS has it, and it says by how much. */
static bool clock_is_wrong(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    int64_t error_s = credentials_clock_error_s(exchange->worker, &attempt->headers);

    if (attempt->key->credential != CREDENTIAL_AWS || attempt->status != 403 ||
        (error_s < CLOCK_ERROR_S_MIN && error_s > -CLOCK_ERROR_S_MIN)) {
        return false;
    }
    return refusal_says(attempt, STR("signature expired")) ||
           refusal_says(attempt, STR("not yet current")) ||
           refusal_says(attempt, STR("invalidsignature")) ||
           refusal_says(attempt, STR("signature we calculated does not match"));
}

static bool proof_is_refused(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;

    if (attempt->key->credential == CREDENTIAL_GOOGLE) {
        return attempt->status == 401;
    }
    return attempt->key->credential == CREDENTIAL_AWS && attempt->status == 403 &&
           (refusal_says(attempt, STR("security token")) ||
            refusal_says(attempt, STR("expiredtoken")));
}

bool attempt_login_is_stale(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;

    if (attempt->demo != NULL || attempt->decoding) {
        return false;
    }
    return clock_is_wrong(exchange) ||
           (proof_is_refused(exchange) &&
            credentials_can_renew(exchange->worker, attempt->key, attempt->proof_number));
}

void attempt_renew_login(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;

    if (clock_is_wrong(exchange)) {
        credentials_correct_clock(exchange->worker, &attempt->headers);
    } else {
        credentials_renew(exchange->worker, attempt->key, attempt->proof_number);
    }
    exchange->login_renewed = true;
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
