#include "net/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static int open_socket(const struct sock_address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 ? fd : -errno;
}

static void set_flag(int fd, int level, int option)
{
    const int on = 1;

    /* These options are hints: a socket works without them. */
    (void)setsockopt(fd, level, option, &on, sizeof(on));
}

static int fail_with(int fd)
{
    int error = errno;

    (void)close(fd);
    return -error;
}

static int sys_listen(const struct sock_address *address, int backlog)
{
    int fd = open_socket(address);

    if (fd < 0) {
        return fd;
    }
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
    set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
    if (bind(fd, &address->any, address->len) != 0 || listen(fd, backlog) != 0) {
        return fail_with(fd);
    }
    return fd;
}

static int sys_accept(int fd, struct sock_address *peer)
{
    peer->len = sizeof(peer->v6);
    int client = accept4(fd, &peer->any, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (client < 0) {
        return -errno;
    }
    set_flag(client, IPPROTO_TCP, TCP_NODELAY);
    return client;
}

static int sys_connect(const struct sock_address *address)
{
    int fd = open_socket(address);

    if (fd < 0) {
        return fd;
    }
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
    if (connect(fd, &address->any, address->len) != 0 && errno != EINPROGRESS) {
        return fail_with(fd);
    }
    return fd;
}

static int sys_connect_result(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        return -errno;
    }
    return -error;
}

static ssize_t sys_read(int fd, void *bytes, size_t len)
{
    ssize_t n = recv(fd, bytes, len, 0);

    return n >= 0 ? n : -errno;
}

static ssize_t sys_write(int fd, const struct iovec *parts, int count)
{
    struct iovec copy[16];
    struct msghdr message = {.msg_iov = copy, .msg_iovlen = (size_t)count};

    if (count > 16) {
        message.msg_iovlen = 16;
    }
    memcpy(copy, parts, message.msg_iovlen * sizeof(*parts));
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    return n >= 0 ? n : -errno;
}

static int sys_shutdown(int fd)
{
    return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno;
}

static void sys_close(int fd)
{
    (void)close(fd); /* the descriptor is gone whatever it says */
}

const struct sock_ops system_sock = {
    .listen = sys_listen,
    .accept = sys_accept,
    .connect = sys_connect,
    .connect_result = sys_connect_result,
    .read = sys_read,
    .write = sys_write,
    .shutdown = sys_shutdown,
    .close = sys_close,
};

bool sock_address_parse(str host, uint16_t port, struct sock_address *out)
{
    char text[INET6_ADDRSTRLEN] = {0};
    struct sock_address address = {0};

    if (host.len == 0 || host.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, host.at, host.len);
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.len = sizeof(address.v4);
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.len = sizeof(address.v6);
    } else {
        return false;
    }
    sock_address_set_port(&address, port);
    *out = address;
    return true;
}

uint16_t sock_address_port(const struct sock_address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

void sock_address_set_port(struct sock_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET) {
        address->v4.sin_port = htons(port);
    } else {
        address->v6.sin6_port = htons(port);
    }
}

str sock_address_format_host(const struct sock_address *address, char text[64])
{
    const void *bytes = address->any.sa_family == AF_INET ? (const void *)&address->v4.sin_addr
                                                          : (const void *)&address->v6.sin6_addr;

    if (inet_ntop(address->any.sa_family, bytes, text, 64) == NULL) {
        return STR("?");
    }
    return str_c(text);
}

str sock_address_format(const struct sock_address *address, char text[64])
{
    char host[64];
    bool v6 = address->any.sa_family == AF_INET6;

    (void)sock_address_format_host(address, host);
    (void)snprintf(text, 64, v6 ? "[%.48s]:%u" : "%.48s:%u", host,
                   (unsigned)sock_address_port(address));
    return str_c(text);
}

bool sock_local_address(int fd, struct sock_address *out)
{
    *out = (struct sock_address){.len = sizeof(out->v6)};
    return getsockname(fd, &out->any, &out->len) == 0;
}
