/* common: what the benchmark's tools share. */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 16384 };

void die(const char *format, ...)
{
    int error = errno;
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, error != 0 ? ": %s\n" : "\n", strerror(error));
    exit(1);
}

int64_t number_read(const char *text, int64_t min, int64_t max)
{
    char *end = NULL;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max) {
        errno = 0;
        die("'%s' is not a number from %lld to %lld", text, (long long)min, (long long)max);
    }
    return value;
}

int options_read(int argc, char **argv, const struct option_row *rows, size_t count)
{
    int at = 1;

    while (at + 1 < argc && strncmp(argv[at], "--", 2) == 0) {
        size_t row = 0;
        while (row < count && strcmp(rows[row].name, argv[at]) != 0) {
            row++;
        }
        if (row == count) {
            die("unknown option %s", argv[at]);
        }
        *rows[row].value = number_read(argv[at + 1], rows[row].min, rows[row].max);
        at += 2;
    }
    return at;
}

int64_t clock_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void files_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* as far as it goes */
    }
}

static struct sockaddr_in loopback(int64_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

int socket_listen(int64_t port, int *port_taken)
{
    int yes = 1;
    struct sockaddr_in address = loopback(port);
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        die("port %d cannot be listened on", (int)port);
    }
    *port_taken = ntohs(address.sin_port);
    return fd;
}

int socket_connect(int64_t port, bool blocks)
{
    int yes = 1;
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0);

    if (fd < 0) {
        die("no socket");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* slower without it */
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        die("port %d cannot be connected to", (int)port);
    }
    return fd;
}

char *file_read(const char *path, size_t *len)
{
    enum { FILE_BYTES_MAX = 1 << 24 };
    FILE *file = fopen(path, "rbe");
    char *bytes = malloc(FILE_BYTES_MAX);

    if (file == NULL || bytes == NULL) {
        die("%s cannot be read", path);
    }
    *len = fread(bytes, 1, FILE_BYTES_MAX - 1, file);
    bytes[*len] = '\0';
    (void)fclose(file);
    return bytes;
}

char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        die("no memory");
    }
    return text;
}

char *request_make(const char *path, const char *headers, const char *body, size_t body_len,
                   size_t *len)
{
    char *text = text_of("POST %s HTTP/1.1\r\n"
                         "Host: 127.0.0.1\r\n"
                         "Content-Type: application/json\r\n"
                         "%s"
                         "Content-Length: %zu\r\n"
                         "\r\n"
                         "%.*s",
                         path, headers, body_len, (int)body_len, body);
    *len = strlen(text);
    return text;
}
