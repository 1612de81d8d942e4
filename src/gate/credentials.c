#include "gate/credentials.h"

#include "codec/date.h"
#include "gate/login.h"
#include "gate/worker.h"
#include "net/fetch.h"

#include <stdlib.h>

enum {
    ANSWER_BYTES_MAX = 64 * 1024,
    WHY_BYTES = 160,
    FAILED_S = 5,      /* a failure is believed for so long */
    RENEWED_S = 10,    /* a grant that is refused at once is not renewed for every request */
    MARGIN_S_MAX = 30, /* before its end a grant is not trusted to arrive in time */
};

#define SECOND_US INT64_C(1000000)

/* One key's login.  Lives as long as the worker. */
struct login {
    struct list node; /* credentials->logins */
    struct worker *worker;
    const struct provider_key *key;
    struct list waiters; /* struct waiter; empty unless asking */

    /* What was got. */
    struct arena arena; /* holds the proof */
    struct proof proof; /* number 0: nothing yet */
    uint64_t numbers;
    bool known;
    int64_t fresh_until_us;
    int64_t known_until_us;
    int64_t renewed_until_us; /* not distrusted again before */
    int64_t failed_until_us;
    char why[WHY_BYTES]; /* of the last failure */

    /* The conversation. */
    struct snapshot_use *config; /* held while asking, else NULL */
    struct login_talk talk;
    struct arena talk_arena;
    struct pool_target target;
    struct fetch *fetch; /* NULL: none runs */
    int status;
    struct buf body;
};

void credentials_init(struct credentials *credentials)
{
    *credentials = (struct credentials){0};
    list_init(&credentials->logins);
}

static struct login *find(const struct worker *worker, const struct provider_key *key)
{
    const struct list *logins = &worker->credentials.logins;

    for (struct list *node = logins->next; node != logins; node = node->next) {
        struct login *login = CONTAINER_OF(node, struct login, node);
        if (login->key == key) {
            return login;
        }
    }
    return NULL;
}

static struct login *make(struct worker *worker, const struct provider_key *key)
{
    struct login *login = calloc(1, sizeof(*login));

    if (login == NULL) {
        out_of_memory();
    }
    login->worker = worker;
    login->key = key;
    list_init(&login->waiters);
    buf_init(&login->body, ANSWER_BYTES_MAX);
    list_push(&worker->credentials.logins, &login->node);
    return login;
}

/* --- the end of a conversation --- */

static void end_talk(struct login *login)
{
    if (login->fetch != NULL) {
        fetch_cancel(login->fetch);
        login->fetch = NULL;
    }
    arena_reset(&login->talk_arena);
    buf_free(&login->body);
    login->talk = (struct login_talk){0};
    if (login->config != NULL) {
        worker_release_config(login->worker, login->config);
        login->config = NULL;
    }
    waiter_tell_all(&login->waiters);
}

static void fail(struct login *login, str why)
{
    str fits = str_take(why, sizeof(login->why) - 1);
    int64_t until_us = login->worker->loop.now_us + FAILED_S * SECOND_US;

    memcpy(login->why, fits.at, fits.len);
    login->why[fits.len] = '\0';
    login->failed_until_us = until_us;
    end_talk(login);
}

static void keep(struct login *login, const struct login_grant *grant)
{
    int64_t now_us = login->worker->loop.now_us;
    int64_t margin_s = grant->life_s / 10 < MARGIN_S_MAX ? grant->life_s / 10 : MARGIN_S_MAX;
    struct arena *arena = &login->arena;

    arena_reset(arena);
    login->proof = (struct proof){
        .token = arena_copy(arena, grant->token),
        .aws = {.access_key_id = arena_copy(arena, grant->aws.access_key_id),
                .secret_access_key = arena_copy(arena, grant->aws.secret_access_key),
                .session_token = arena_copy(arena, grant->aws.session_token)},
        .number = ++login->numbers,
    };
    login->known = true;
    login->fresh_until_us = now_us + grant->life_s * SECOND_US / 5 * 4;
    login->known_until_us = now_us + (grant->life_s - margin_s) * SECOND_US;
    login->failed_until_us = 0;
    end_talk(login);
}

/* --- the conversation --- */

static int64_t wall_s(const struct worker *worker)
{
    return clock_wall_ms(worker->loop.clock) / 1000;
}

static void on_head(void *owner, int status, const struct headers *headers)
{
    struct login *login = owner;

    (void)headers;
    login->status = status;
}

static void on_bytes(void *owner, str bytes)
{
    struct login *login = owner;

    if (buf_add(&login->body, bytes) != ERR_OK) {
        fail(login, STR("its answer is too large"));
    }
}

static void send_next(struct login *login);

static void on_end(void *owner, enum fetch_end end)
{
    static const str whys[] = {
        [FETCH_DONE] = STR_INIT(""),
        [FETCH_CUT] = STR_INIT("it broke the connection"),
        [FETCH_TIMEOUT] = STR_INIT("it did not answer in time"),
        [FETCH_UNREACHABLE] = STR_INIT("it cannot be reached"),
        [FETCH_MALFORMED] = STR_INIT("its answer breaks HTTP"),
        [FETCH_FORBIDDEN] = STR_INIT("it may not be asked"),
    };
    struct login *login = owner;
    struct login_grant grant = {0};
    str why = whys[end];

    login->fetch = NULL;
    if (end != FETCH_DONE) {
        fail(login, why);
        return;
    }
    enum err err = login_read(login->key, &login->talk, login->status, buf_str(&login->body),
                              wall_s(login->worker), &login->talk_arena, &grant, &why);
    if (err == ERR_OK) {
        keep(login, &grant);
    } else if (err == ERR_AGAIN) {
        send_next(login);
    } else {
        fail(login, why);
    }
}

static const struct fetch_owner_ops owner_ops = {on_head, on_bytes, on_end};

static void send_next(struct login *login)
{
    int64_t wait_ms = login->config->snapshot->settings.credential_timeout_ms;
    struct login_request request = {0};
    str why = STR_NONE;

    enum err err = login_write(login->key, &login->talk, wall_s(login->worker), &login->talk_arena,
                               &request, &why);
    if (err != ERR_OK) {
        fail(login, why);
        return;
    }
    login->target = (struct pool_target){.host = request.origin->host,
                                         .port = request.origin->port,
                                         .tls = request.origin->tls,
                                         .authority = request.origin->authority};
    const struct fetch_request fetch = {
        .target = &login->target,
        .method = request.method,
        .path = request.path,
        .headers = &request.headers,
        .body = request.body,
        .fresh = true, /* asked once an hour: an idle connection is old by then */
        .timeouts = {.connect_ms = wait_ms,
                     .tls_ms = wait_ms,
                     .first_byte_ms = wait_ms,
                     .idle_ms = wait_ms,
                     .total_ms = wait_ms},
    };
    login->body.len = 0;
    login->fetch = fetch_start(&login->worker->pool, &fetch, &owner_ops, login);
}

/* --- the public side --- */

void credentials_free(struct worker *worker)
{
    struct list *logins = &worker->credentials.logins;
    struct list *next = NULL;

    for (struct list *node = logins->next; node != logins; node = next) {
        struct login *login = CONTAINER_OF(node, struct login, node);
        next = node->next;
        assert(list_is_empty(&login->waiters));
        end_talk(login);
        arena_reset(&login->arena);
        free(login);
    }
    list_init(logins);
}

static void refuse(const struct login *login, struct arena *arena, struct fault *fault)
{
    *fault = (struct fault){
        .kind = ERR_PEER,
        .type = FAULT_PROVIDER_UNAVAILABLE,
        .retryable = true,
        .message = arena_printf(arena,
                                "The gateway cannot log in to the provider: the service that "
                                "hands out its credentials failed: %s.",
                                login->why),
        .detail = arena_copy(arena, login->key->source)};
}

enum login_state credentials_find(struct worker *worker, const struct provider_key *key,
                                  struct waiter *waiter, struct arena *arena, struct proof *out,
                                  struct fault *fault)
{
    int64_t now_us = worker->loop.now_us;

    if (!login_is_asked_for(key)) {
        *out = (struct proof){0};
        if (key->credential == CREDENTIAL_AWS) {
            out->aws = (struct sigv4_login){.access_key_id = key->aws->access_key_id,
                                            .secret_access_key = key->aws->secret_access_key,
                                            .session_token = key->aws->session_token};
        }
        return LOGIN_READY;
    }
    struct login *login = find(worker, key);
    if (login == NULL) {
        login = make(worker, key);
    }
    bool known = login->known && now_us < login->known_until_us;
    bool due = !known || now_us >= login->fresh_until_us;
    if (due && login->config == NULL && now_us >= login->failed_until_us) {
        login->config = worker_hold_config(worker);
        send_next(login);
    }
    if (known) {
        *out = login->proof;
        return LOGIN_READY;
    }
    if (login->config != NULL) {
        list_push(&login->waiters, &waiter->node);
        return LOGIN_ASKING;
    }
    refuse(login, arena, fault);
    return LOGIN_FAILED;
}

bool credentials_can_renew(const struct worker *worker, const struct provider_key *key,
                           uint64_t number)
{
    const struct login *login = login_is_asked_for(key) ? find(worker, key) : NULL;

    if (login == NULL || number == 0) {
        return false;
    }
    return login->proof.number != number || worker->loop.now_us >= login->renewed_until_us;
}

void credentials_renew(struct worker *worker, const struct provider_key *key, uint64_t number)
{
    struct login *login = find(worker, key);

    assert(login != NULL);
    if (login->proof.number == number) {
        login->known = false;
        login->renewed_until_us = worker->loop.now_us + RENEWED_S * SECOND_US;
    }
}

int64_t credentials_aws_now_s(const struct worker *worker)
{
    return wall_s(worker) + worker->credentials.clock_skew_s;
}

int64_t credentials_clock_error_s(const struct worker *worker, const struct headers *headers)
{
    int64_t theirs_s = date_of_http(str_trim(headers_get(headers, STR("date"))));

    return theirs_s < 0 ? 0 : theirs_s - credentials_aws_now_s(worker);
}

void credentials_correct_clock(struct worker *worker, const struct headers *headers)
{
    worker->credentials.clock_skew_s += credentials_clock_error_s(worker, headers);
}
