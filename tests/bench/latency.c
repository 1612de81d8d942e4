/*
 * latency: how long one request takes, with one connection per target and targets taking turns.
 *
 *   latency --requests N BODY_FILE NAME=PORT/PATH[,HEADER] ...
 *
 * Prints one line per target: NAME P50_US P99_US.  Turns make the targets share whatever else the
 * machine is doing.
 */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { TARGETS_MAX = 8, ANSWER_BYTES_MAX = 1 << 16, WARM_UP = 200 };

struct target {
    char *name;
    int fd;
    char *request;
    size_t request_len;
    int32_t *took_ns;
};

static int64_t clock_exact_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* NAME=PORT/PATH[,HEADER] */
static struct target target_open(char *text, const char *body, size_t body_len, int64_t requests)
{
    struct target target = {.name = text};
    char *port = strchr(text, '=');
    char *path = port != NULL ? strchr(port, '/') : NULL;

    if (port == NULL || path == NULL) {
        die("'%s' is not NAME=PORT/PATH[,HEADER]", text);
    }
    *port++ = '\0';
    char *header = strchr(path, ',');
    const char *headers = header != NULL ? text_of("%s\r\n", header + 1) : "";
    if (header != NULL) {
        *header = '\0';
    }
    target.request = request_make(path, headers, body, body_len, &target.request_len);
    *path = '\0';
    target.fd = socket_connect(number_read(port, 1, 65535), true);
    target.took_ns = calloc((size_t)requests, sizeof *target.took_ns);
    if (target.took_ns == NULL) {
        die("no memory");
    }
    return target;
}

/* The length of the answer in `bytes` by its Content-Length, 0 while that is not known. */
static size_t answer_len(const char *bytes)
{
    const char *end = strstr(bytes, "\r\n\r\n");
    const char *length = strcasestr(bytes, "content-length:");

    if (end == NULL || length == NULL || length > end) {
        return 0;
    }
    return (size_t)(end + 4 - bytes) + strtoul(length + strlen("content-length:"), NULL, 10);
}

static void exchange(const struct target *target)
{
    static char answer[ANSWER_BYTES_MAX];
    size_t len = 0;
    size_t want = 0;

    if (send(target->fd, target->request, target->request_len, 0) != (ssize_t)target->request_len) {
        die("%s: the request was not sent", target->name);
    }
    do {
        ssize_t got = recv(target->fd, answer + len, sizeof answer - 1 - len, 0);
        if (got <= 0) {
            die("%s: the answer was cut", target->name);
        }
        len += (size_t)got;
        answer[len] = '\0';
        want = want != 0 ? want : answer_len(answer);
    } while (want == 0 || len < want);
    if (strncmp(answer, "HTTP/1.1 200", strlen("HTTP/1.1 200")) != 0) {
        die("%s: %.*s", target->name, 400, answer);
    }
}

static int compare(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left;
    int32_t b = *(const int32_t *)right;

    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    int64_t requests = 10000;
    const struct option_row rows[] = {{"--requests", &requests, 100, 10000000}};
    struct target targets[TARGETS_MAX];
    int at = options_read(argc, argv, rows, 1);
    int count = argc - at - 1;
    size_t body_len = 0;

    if (count < 1 || count > TARGETS_MAX) {
        die("latency --requests N BODY_FILE NAME=PORT/PATH[,HEADER] ...");
    }
    char *body = file_read(argv[at], &body_len);
    for (int i = 0; i < count; i++) {
        targets[i] = target_open(argv[at + 1 + i], body, body_len, requests);
    }
    for (int64_t turn = -WARM_UP; turn < requests; turn++) {
        for (int i = 0; i < count; i++) {
            int64_t start_ns = clock_exact_ns();
            exchange(&targets[i]);
            if (turn >= 0) {
                targets[i].took_ns[turn] = (int32_t)(clock_exact_ns() - start_ns);
            }
        }
    }
    for (int i = 0; i < count; i++) {
        qsort(targets[i].took_ns, (size_t)requests, sizeof *targets[i].took_ns, compare);
        int32_t p50_ns = targets[i].took_ns[requests / 2];
        int32_t p99_ns = targets[i].took_ns[requests * 99 / 100];
        (void)printf("%s %.1f %.1f\n", targets[i].name, p50_ns / 1000.0, p99_ns / 1000.0);
    }
    return 0;
}
