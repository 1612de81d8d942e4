/*
 * The loop's outside world by libuv: uv_poll on our own sockets, one uv_timer for all deadlines,
 * one uv_async for mail, uv_getaddrinfo on libuv's own threads.
 *
 * Handles are closed asynchronously by libuv, so each is an allocation of its own: once an owner
 * has stopped watching, nothing of the owner is touched any more.
 */
#include "net/loop.h"

#include <netdb.h>
#include <stdlib.h>
#include <uv.h>

struct backend {
    uv_loop_t uv;
    uv_timer_t timer;
    uv_async_t async;
    uv_prepare_t prepare;
    int64_t deadline_us; /* the timer is set to it */
};

static void *new_zeroed(size_t size)
{
    void *at = calloc(1, size);

    if (at == NULL) {
        out_of_memory();
    }
    return at;
}

static struct backend *backend_of(struct loop *loop)
{
    return loop->backend;
}

/* Before the kernel is asked again: the end of one turn. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;

    loop_end_turn(loop);
}

static void on_timer(uv_timer_t *timer)
{
    struct loop *loop = timer->data;

    backend_of(loop)->deadline_us = INT64_MAX;
    loop_begin_turn(loop); /* due timers fire when the turn ends */
}

static void on_async(uv_async_t *async)
{
    struct loop *loop = async->data;

    loop_begin_turn(loop);
    if (loop->on_wake != NULL) {
        loop->on_wake(loop);
    }
    if (loop->stopping) {
        uv_stop(&backend_of(loop)->uv);
    }
}

static void init_backend(struct loop *loop)
{
    struct backend *backend = new_zeroed(sizeof(*backend));

    loop->backend = backend;
    backend->deadline_us = INT64_MAX;
    if (uv_loop_init(&backend->uv) != 0) {
        out_of_memory(); /* no descriptor left is no different at this point */
    }
    (void)uv_timer_init(&backend->uv, &backend->timer);
    (void)uv_async_init(&backend->uv, &backend->async, on_async);
    (void)uv_prepare_init(&backend->uv, &backend->prepare);
    backend->timer.data = loop;
    backend->async.data = loop;
    backend->prepare.data = loop;
    (void)uv_prepare_start(&backend->prepare, on_prepare);
}

static void free_backend(struct loop *loop)
{
    struct backend *backend = backend_of(loop);

    uv_close((uv_handle_t *)&backend->timer, NULL);
    uv_close((uv_handle_t *)&backend->async, NULL);
    uv_close((uv_handle_t *)&backend->prepare, NULL);
    (void)uv_run(&backend->uv, UV_RUN_DEFAULT);
    int left = uv_loop_close(&backend->uv);
    assert(left == 0);
    free(backend);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    unsigned ready = 0;

    if (watch == NULL) {
        return;
    }
    struct loop *loop = watch->loop;
    unsigned wanted = watch->wanted;
    loop_begin_turn(loop);
    if (status < 0) {
        ready = wanted;
        watch->wanted = 0; /* libuv has stopped the handle */
    }
    ready |= (events & UV_READABLE) != 0 ? (unsigned)WATCH_READ : 0;
    ready |= (events & UV_WRITABLE) != 0 ? (unsigned)WATCH_WRITE : 0;
    ready |= (events & UV_DISCONNECT) != 0 ? (unsigned)WATCH_HANGUP : 0;
    if (ready != 0) {
        watch->on_ready(watch, ready);
    }
    if (status < 0 && poll->data != NULL && watch->wanted == 0) {
        loop_watch(loop, watch, wanted); /* bytes may still lie before the failure */
    }
}

static void watch_socket(struct loop *loop, struct watch *watch, unsigned wanted)
{
    uv_poll_t *poll = watch->backend;
    int events = 0;

    if (poll == NULL) {
        poll = new_zeroed(sizeof(*poll));
        int err = uv_poll_init(&backend_of(loop)->uv, poll, watch->fd);
        assert(err == 0);
        poll->data = watch;
        watch->backend = poll;
    }
    events |= (wanted & WATCH_READ) != 0 ? UV_READABLE : 0;
    events |= (wanted & WATCH_WRITE) != 0 ? UV_WRITABLE : 0;
    events |= (wanted & WATCH_HANGUP) != 0 ? UV_DISCONNECT : 0;
    if (events == 0) {
        (void)uv_poll_stop(poll);
    } else {
        (void)uv_poll_start(poll, events, on_poll);
    }
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void unwatch_socket(struct loop *loop, struct watch *watch)
{
    uv_poll_t *poll = watch->backend;

    (void)loop;
    if (poll != NULL) {
        poll->data = NULL;
        uv_close((uv_handle_t *)poll, free_handle);
        watch->backend = NULL;
    }
}

static void set_deadline(struct loop *loop, int64_t deadline_us)
{
    struct backend *backend = backend_of(loop);

    if (deadline_us == backend->deadline_us) {
        return;
    }
    backend->deadline_us = deadline_us;
    if (deadline_us == INT64_MAX) {
        (void)uv_timer_stop(&backend->timer);
        return;
    }
    int64_t wait_us = deadline_us - clock_monotonic_us(loop->clock);
    uint64_t wait_ms = wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0;
    uv_update_time(&backend->uv);
    (void)uv_timer_start(&backend->timer, on_timer, wait_ms, 0);
}

static void wake(struct loop *loop)
{
    (void)uv_async_send(&backend_of(loop)->async);
}

static void run(struct loop *loop)
{
    while (!loop->stopping) {
        (void)uv_run(&backend_of(loop)->uv, UV_RUN_DEFAULT);
    }
    loop_end_turn(loop);
}

enum { ADDRESSES_MAX = 8 };

struct question {
    uv_getaddrinfo_t request;
    struct loop *loop;
    struct lookup *lookup; /* NULL: cancelled */
    uint16_t port;
};

static void on_addresses(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct question *question = request->data;
    struct lookup *lookup = question->lookup;
    struct sock_address addresses[ADDRESSES_MAX];
    size_t count = 0;

    for (struct addrinfo *at = found; at != NULL && count < ADDRESSES_MAX; at = at->ai_next) {
        if (at->ai_addrlen <= sizeof(addresses[0].v6)) {
            memcpy(&addresses[count].v6, at->ai_addr, at->ai_addrlen);
            addresses[count].len = at->ai_addrlen;
            sock_address_set_port(&addresses[count], question->port);
            count++;
        }
    }
    uv_freeaddrinfo(found);
    if (lookup != NULL) {
        lookup->backend = NULL;
        loop_begin_turn(question->loop);
        lookup->on_answer(lookup, addresses, count, status < 0 ? uv_strerror(status) : NULL);
    }
    free(question);
}

static void resolve(struct loop *loop, struct lookup *lookup, const char *host, uint16_t port)
{
    struct question *question = new_zeroed(sizeof(*question));
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

    question->request.data = question;
    question->loop = loop;
    question->lookup = lookup;
    question->port = port;
    lookup->backend = question;
    int err =
        uv_getaddrinfo(&backend_of(loop)->uv, &question->request, on_addresses, host, NULL, &hints);
    assert(err == 0); /* only an over-long name fails here; configuration refuses those */
}

static void resolve_cancel(struct loop *loop, struct lookup *lookup)
{
    struct question *question = lookup->backend;

    (void)loop;
    if (question != NULL) {
        question->lookup = NULL;
        lookup->backend = NULL;
        (void)uv_cancel((uv_req_t *)&question->request); /* too late is as good */
    }
}

const struct loop_ops uv_loop_ops = {
    .init = init_backend,
    .free = free_backend,
    .watch = watch_socket,
    .unwatch = unwatch_socket,
    .set_deadline = set_deadline,
    .wake = wake,
    .run = run,
    .resolve = resolve,
    .resolve_cancel = resolve_cancel,
};
