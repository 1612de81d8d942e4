/*
 * mock_upstream: a provider that costs nothing to speak of, for the benchmark.
 *
 *   mock_upstream [--port N] [--events N] [--interval-us N] [--bytes N]
 *
 * Prints the port it listens on.  One thread, HTTP/1.1 with keep-alive:
 *   POST /v1/chat/completions   OpenAI's whole answer, or a stream when the body says so
 *   POST /v1/messages           the same in Anthropic's format
 * A stream has `events` pieces of text "w000000 ", "w000001 "..., one every `interval` or, when
 * that is 0, all at once.  A whole answer is about `bytes` long.
 */
#include "common.h"
#include "mock_answers.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { INPUT_BYTES_MAX = 1 << 16, BATCH = 256, FILES_MAX = 1 << 17 };

static struct {
    int64_t port;
    int64_t events;
    int64_t interval_us;
    int64_t bytes;
} options = {.events = 50, .bytes = 600};

static struct answer whole[FORMATS];
static struct answer stream[FORMATS];
static struct answer not_found;

struct connection {
    int fd;
    bool wants_write; /* as epoll knows it */
    size_t len;       /* of what was read and not answered */

    const struct answer *answer; /* being sent; NULL: waiting for a request */
    size_t piece;
    size_t offset; /* in the piece */

    struct connection *next; /* in the queue of those that wait for their next piece */
    struct connection *prev;
    int64_t due_us; /* 0: not in the queue */

    char input[INPUT_BYTES_MAX]; /* pages that are never used cost nothing */
};

/* By file; made at first use and used again, never freed. */
static struct connection *connections[FILES_MAX];

/* Every wait is equally long, so the queue is in order of time without sorting. */
static struct connection queue = {.next = &queue, .prev = &queue};
static int epoll_fd;
static int timer_fd;

/* ---- connections ------------------------------------------------------------------------------
 */

static void queue_remove(struct connection *connection)
{
    if (connection->due_us != 0) {
        connection->prev->next = connection->next;
        connection->next->prev = connection->prev;
        connection->due_us = 0;
    }
}

static void queue_append(struct connection *connection)
{
    connection->due_us = clock_us() + options.interval_us;
    connection->prev = queue.prev;
    connection->next = &queue;
    queue.prev->next = connection;
    queue.prev = connection;
}

static void timer_arm(void)
{
    int64_t wait_us = queue.next == &queue ? 0 : queue.next->due_us - clock_us();
    struct itimerspec when = {0};

    if (queue.next != &queue) {
        wait_us = wait_us > 0 ? wait_us : 1;
        when.it_value.tv_sec = wait_us / 1000000;
        when.it_value.tv_nsec = wait_us % 1000000 * 1000;
    }
    (void)timerfd_settime(timer_fd, 0, &when, NULL); /* the arguments are right */
}

static void connection_close(struct connection *connection)
{
    queue_remove(connection);
    (void)close(connection->fd); /* leaves epoll with it */
}

static void watch(struct connection *connection, bool wants_write)
{
    struct epoll_event event = {
        .events = EPOLLIN | (wants_write ? (uint32_t)EPOLLOUT : 0),
        .data.ptr = connection,
    };

    if (wants_write != connection->wants_write) {
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event); /* it is in there */
        connection->wants_write = wants_write;
    }
}

/* Sends what is due of the answer.  False when the connection is broken. */
static bool send_due(struct connection *connection)
{
    while (connection->answer != NULL && connection->due_us == 0) {
        const struct answer *answer = connection->answer;
        ssize_t sent = send(connection->fd, answer->piece[connection->piece] + connection->offset,
                            answer->len[connection->piece] - connection->offset, MSG_NOSIGNAL);
        if (sent < 0) {
            watch(connection, errno == EAGAIN);
            return errno == EAGAIN;
        }
        connection->offset += (size_t)sent;
        if (connection->offset < answer->len[connection->piece]) {
            continue;
        }
        connection->offset = 0;
        connection->piece++;
        if (connection->piece == answer->count) {
            connection->answer = NULL;
        } else if (connection->piece >= 2) { /* the first words come with the head */
            queue_append(connection);
        }
    }
    watch(connection, false);
    return true;
}

/* The bytes of the first whole request in the input, 0 when it is not whole. */
static size_t request_len(struct connection *connection, const char **body)
{
    connection->input[connection->len] = '\0';
    const char *end = strstr(connection->input, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    const char *length = strcasestr(connection->input, "content-length:");
    size_t body_len = 0;
    if (length != NULL && length < end) {
        body_len = strtoul(length + strlen("content-length:"), NULL, 10);
    }
    *body = end + 4;
    size_t len = (size_t)(*body - connection->input) + body_len;
    return len <= connection->len ? len : 0;
}

/* Starts the answer to the next request when it is there and nothing else is being answered. */
static void take_request(struct connection *connection)
{
    const char *body = NULL;
    size_t len = connection->answer == NULL ? request_len(connection, &body) : 0;

    if (len == 0) {
        return;
    }
    char *end = connection->input + len;
    char after = *end;
    *end = '\0';
    bool streams =
        strstr(body, "\"stream\":true") != NULL || strstr(body, "\"stream\": true") != NULL;
    struct answer *answers = streams ? stream : whole;
    if (strstr(connection->input, "/v1/messages") == connection->input + strlen("POST ")) {
        connection->answer = &answers[FORMAT_ANTHROPIC];
    } else if (strstr(connection->input, "/v1/chat/completions") ==
               connection->input + strlen("POST ")) {
        connection->answer = &answers[FORMAT_OPENAI];
    } else {
        connection->answer = &not_found;
    }
    *end = after;
    connection->piece = 0;
    connection->offset = 0;
    connection->len -= len;
    memmove(connection->input, end, connection->len);
}

/* False when the connection is over. */
static bool read_more(struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->input + connection->len,
                       sizeof connection->input - connection->len - 1, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    connection->len += (size_t)got;
    return true;
}

static void watch_forever(int fd, void *tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll");
    }
}

static struct connection *connection_at(int fd)
{
    if (fd >= FILES_MAX) {
        die("too many files");
    }
    if (connections[fd] == NULL) {
        connections[fd] = calloc(1, sizeof **connections);
    }
    struct connection *connection = connections[fd];
    if (connection == NULL) {
        die("no memory");
    }
    connection->fd = fd;
    connection->wants_write = false;
    connection->len = 0;
    connection->answer = NULL;
    return connection;
}

static void accept_all(int listen_fd)
{
    for (;;) {
        int yes = 1;
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* slower without it */
        watch_forever(fd, connection_at(fd));
    }
}

static void serve(struct connection *connection, uint32_t events)
{
    bool open = (events & (uint32_t)EPOLLIN) == 0 || read_more(connection);

    if (open) {
        take_request(connection);
        open = send_due(connection);
    }
    if (!open) {
        connection_close(connection);
    }
}

static void serve_due(void)
{
    uint64_t expirations = 0;
    int64_t now_us = clock_us();

    (void)!read(timer_fd, &expirations, sizeof expirations); /* only to quiet it */
    while (queue.next != &queue && queue.next->due_us <= now_us) {
        struct connection *connection = queue.next;
        queue_remove(connection);
        if (!send_due(connection)) {
            connection_close(connection);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct option_row rows[] = {
        {"--port", &options.port, 0, 65535},
        {"--events", &options.events, 1, 999999},
        {"--interval-us", &options.interval_us, 0, 60000000},
        {"--bytes", &options.bytes, 0, 30000},
    };
    struct epoll_event events[BATCH];
    int port = 0;

    (void)options_read(argc, argv, rows, sizeof rows / sizeof rows[0]);
    files_raise();
    for (enum format format = 0; format < FORMATS; format++) {
        whole[format] = answer_whole(format, options.bytes);
        stream[format] = answer_stream(format, options.events, options.interval_us == 0);
    }
    not_found = answer_json("404 Not Found", "{\"error\":{\"message\":\"not served here\"}}");

    int listen_fd = socket_listen(options.port, &port);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (epoll_fd < 0 || timer_fd < 0) {
        die("epoll");
    }
    watch_forever(listen_fd, &listen_fd);
    watch_forever(timer_fd, &timer_fd);
    (void)printf("%d\n", port);
    (void)fflush(stdout);

    for (;;) {
        timer_arm();
        int count = epoll_wait(epoll_fd, events, BATCH, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &listen_fd) {
                accept_all(listen_fd);
            } else if (events[i].data.ptr != &timer_fd) {
                serve(events[i].data.ptr, events[i].events);
            }
        }
        serve_due();
    }
}
