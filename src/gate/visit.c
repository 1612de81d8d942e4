#include "gate/visit.h"

#include "codec/url.h"
#include "gate/exchange.h"
#include "gate/relay.h"
#include "store/keys.h"

#include <stdlib.h>

struct visit {
    struct worker *worker;
    struct http_call *call;
    const struct route *route;
    str rest;
    str query;
    uint8_t key_hash[KEY_HASH_BYTES];
    struct waiter waiter; /* for the key */
};

void visit_refuse(struct worker *worker, struct http_call *call, const struct fault *fault)
{
    char id[GENERATION_ID_BYTES + 1];
    char request_id[4 + 20] = "req-";

    (void)random_generation_id(&worker->random, clock_wall_ms(worker->loop.clock), id);
    memcpy(request_id + 4, id + 15, 20);
    const struct identity identity = {.request_id = str_of(request_id, sizeof(request_id))};
    answer_fault(worker, call, &openai_chat_surface, &identity, fault);
}

static void answer_page(struct worker *worker, struct http_call *call, const struct route *route,
                        str rest, str query)
{
    struct header room[4];
    struct headers headers = {.at = room};
    struct page_answer answer = {.status = 200, .body = &worker->out};
    struct page_request request = {.snapshot = worker->config->snapshot,
                                   .app = worker->app,
                                   .query = query,
                                   .arena = &worker->scratch};

    worker->out.len = 0;
    if (url_decode(rest, &worker->scratch, &request.rest) == ERR_OK) {
        route->page(&request, &answer);
    } else {
        answer.status = 0;
        answer.fault = (struct fault){.kind = ERR_INVALID,
                                      .type = FAULT_INVALID_REQUEST,
                                      .message = STR("The path holds a broken percent escape.")};
    }
    if (answer.status == 0) {
        visit_refuse(worker, call, &answer.fault);
    } else {
        room[headers.count++] = (struct header){STR("content-type"), answer.content_type};
        http_call_answer(call, answer.status, &headers, buf_str(&worker->out));
    }
    arena_clear(&worker->scratch);
}

/* Answers when it is known whose key it is; false while that is not. */
static bool answer_if_known(struct visit *visit)
{
    const struct principal *principal = NULL;
    struct fault fault = {0};

    enum principal_state state =
        principals_find(visit->worker, visit->key_hash, &visit->waiter, &principal);
    if (state == PRINCIPAL_ASKING) {
        return false;
    }
    visit->call->user = NULL;
    if (state == PRINCIPAL_GOOD) {
        answer_page(visit->worker, visit->call, visit->route, visit->rest, visit->query);
    } else {
        principals_refuse(state, &fault);
        visit_refuse(visit->worker, visit->call, &fault);
    }
    free(visit);
    return true;
}

static void on_known(struct waiter *waiter)
{
    struct visit *visit = CONTAINER_OF(waiter, struct visit, waiter);

    (void)answer_if_known(visit); /* a table that is full may make it wait again */
}

void visit_begin(struct worker *worker, struct http_call *call, const struct route *route, str rest,
                 str query)
{
    struct auth auth = {0};
    struct fault fault = {0};
    str key = STR_NONE;

    if (!route->needs_key) {
        answer_page(worker, call, route, rest, query);
        return;
    }
    for (size_t i = 0; i < call->headers->count; i++) {
        auth_add_header(&auth, call->headers->at[i].name, call->headers->at[i].value);
    }
    if (auth_key(&auth, &key, &fault) != ERR_OK) {
        visit_refuse(worker, call, &fault);
        return;
    }
    struct visit *visit = calloc(1, sizeof(*visit));
    if (visit == NULL) {
        out_of_memory();
    }
    *visit = (struct visit){
        .worker = worker, .call = call, .route = route, .rest = rest, .query = query};
    waiter_init(&visit->waiter, on_known);
    keys_hash(key, visit->key_hash);
    call->user = visit;
    call->user_is_visit = true;
    (void)answer_if_known(visit);
}

void visit_end(struct visit *visit)
{
    list_remove(&visit->waiter.node);
    free(visit);
}
