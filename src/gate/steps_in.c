/* The steps that take a request in: parse, auth, admit, plan. */
#include "gate/exchange.h"
#include "store/keys.h"

enum { TARGETS_MAX = 128 };

/* --- auth --- */

/* Looks the presented key up.  Called from PARSE too, so that the store is asked while the body is
 * still coming, and a body from nobody is not waited for. */
static enum principal_state find_principal(struct exchange *exchange, struct fault *fault)
{
    const struct principal *principal = NULL;
    str key = STR_NONE;

    if (exchange->admitted_key) {
        return PRINCIPAL_GOOD;
    }
    if (!list_is_empty(&exchange->waiter.node)) {
        return PRINCIPAL_ASKING;
    }
    if (auth_key(&exchange->auth, &key, fault) != ERR_OK) {
        return PRINCIPAL_BAD;
    }
    keys_hash(key, exchange->key_hash);
    enum principal_state state =
        principals_find(exchange->worker, exchange->key_hash, &exchange->waiter, &principal);
    switch (state) {
    case PRINCIPAL_GOOD:
        memcpy(exchange->key_id, principal->key_id, sizeof(exchange->key_id));
        exchange->admitted_key = true;
        break;
    case PRINCIPAL_BAD:
    case PRINCIPAL_FAILED:
        principals_refuse(state, fault);
        break;
    case PRINCIPAL_ASKING:
        break;
    }
    return state;
}

enum step step_auth(struct exchange *exchange)
{
    struct fault fault = {0};

    if (exchange->client_gone) {
        return STEP_REFUSE;
    }
    switch (find_principal(exchange, &fault)) {
    case PRINCIPAL_ASKING:
        return STEP_WAIT;
    case PRINCIPAL_GOOD:
        return exchange->failed ? STEP_REFUSE : STEP_ADMIT;
    case PRINCIPAL_BAD:
    case PRINCIPAL_FAILED:
        break;
    }
    exchange->failed = false; /* who may not come in is not told what is wrong with the request */
    exchange_fail(exchange, &fault);
    return STEP_REFUSE;
}

/* --- parse --- */

static bool is_compressed(const struct exchange *exchange)
{
    str encoding = headers_get(exchange->call->headers, STR("content-encoding"));

    return encoding.len > 0 && !str_eq_nocase(encoding, STR("identity"));
}

enum step step_parse(struct exchange *exchange)
{
    struct fault fault = {0};

    if (exchange->failed || exchange->client_gone) {
        return STEP_REFUSE;
    }
    if (!exchange->body_whole) {
        enum principal_state state = find_principal(exchange, &fault);
        if (state == PRINCIPAL_BAD || state == PRINCIPAL_FAILED) {
            return STEP_AUTH;
        }
        return STEP_WAIT;
    }
    exchange->request_bytes = (int64_t)exchange->body.len;
    if (is_compressed(exchange)) {
        fault = (struct fault){
            .kind = ERR_INVALID,
            .type = FAULT_UNSUPPORTED_MEDIA,
            .message = STR("Compressed request bodies are not accepted: send the JSON without "
                           "Content-Encoding.")};
        exchange_fail(exchange, &fault);
        return STEP_AUTH;
    }
    enum err err = exchange->surface->decode_request(buf_str(&exchange->body), &exchange->request,
                                                     &exchange->chat, &fault);
    buf_free(&exchange->body);
    if (err != ERR_OK) {
        exchange_fail(exchange, &fault);
        return STEP_AUTH;
    }
    exchange->streamed = exchange->chat->stream;
    exchange->model_asked = arena_copy(&exchange->arena, str_take(exchange->chat->model, 127));
    return STEP_AUTH;
}

/* --- admit --- */

enum step step_admit(struct exchange *exchange)
{
    if (!writer_has_room(exchange->worker->writer)) {
        exchange_fail(exchange,
                      &(struct fault){.kind = ERR_BUSY,
                                      .type = FAULT_PROVIDER_OVERLOADED,
                                      .message = STR("The gateway cannot record requests at the "
                                                     "moment and takes no new ones.  Try again "
                                                     "shortly."),
                                      .retry_after_ms = 1000});
        return STEP_REFUSE;
    }
    return STEP_PLAN;
}

/* --- plan --- */

/* An endpoint once for each key of its provider.  Exchanges begin with different keys, so that the
 * load spreads. */
static void add_targets(struct exchange *exchange, const struct catalogue_model *model)
{
    for (size_t i = 0; i < model->endpoint_count; i++) {
        const struct endpoint *endpoint = &model->endpoints[i];
        const struct provider *provider = endpoint->provider;
        for (size_t k = 0; k < provider->key_count && exchange->target_count < TARGETS_MAX; k++) {
            size_t turn = (exchange->worker->key_turn + k) % provider->key_count;
            exchange->targets[exchange->target_count++] =
                (struct target){model, endpoint, &provider->keys[turn]};
        }
    }
}

static void refuse_unknown_model(struct exchange *exchange, str name)
{
    const struct snapshot *snapshot = exchange->config->snapshot;
    str near = snapshot_suggest_model(snapshot, name);
    str shown = str_take(name, 100);
    struct fault fault = {.kind = ERR_MISSING, .type = FAULT_NOT_FOUND, .param = STR("model")};

    if (name.len == 0) {
        fault.type = FAULT_INVALID_REQUEST;
        fault.kind = ERR_INVALID;
        fault.message = STR("No models provided");
    } else if (near.len > 0) {
        fault.message = arena_printf(&exchange->arena,
                                     "Model \"" STR_FMT "\" not found. Did you mean \"" STR_FMT
                                     "\"? See GET /v1/models.",
                                     STR_ARG(shown), STR_ARG(near));
    } else {
        fault.message =
            arena_printf(&exchange->arena, "Model \"" STR_FMT "\" not found. See GET /v1/models.",
                         STR_ARG(shown));
    }
    exchange_fail(exchange, &fault);
}

enum step step_plan(struct exchange *exchange)
{
    const struct snapshot *snapshot = exchange->config->snapshot;
    const struct chat_request *chat = exchange->chat;
    str unknown = chat->model;

    exchange->targets = ARENA_ARRAY(&exchange->request, struct target, TARGETS_MAX);
    for (size_t i = 0; i <= chat->model_count; i++) {
        str name = i == 0 ? chat->model : chat->models[i - 1];
        if (name.len == 0) {
            continue;
        }
        const struct catalogue_model *model =
            snapshot_find_model(snapshot, name, &exchange->request);
        if (model != NULL) {
            add_targets(exchange, model);
        } else if (unknown.len == 0) {
            unknown = name;
        }
    }
    exchange->worker->key_turn++;
    if (exchange->target_count == 0) {
        refuse_unknown_model(exchange, unknown);
        return STEP_REFUSE;
    }
    return STEP_ATTEMPT;
}
