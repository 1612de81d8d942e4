#include "app/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static enum err refuse(struct fault *fault, str message)
{
    *fault = (struct fault){.kind = ERR_INVALID, .type = FAULT_SERVER, .message = message};
    return ERR_INVALID;
}

enum err listen_parse(str text, struct arena *arena, struct sock_address *out, struct fault *fault)
{
    uint64_t port = 0;
    size_t colon = text.len;

    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || !str_to_uint(str_skip(text, colon), UINT16_MAX, &port)) {
        return refuse(fault, arena_printf(arena,
                                          "the listen address \"" STR_FMT
                                          "\" has no port: write it as 127.0.0.1:8080",
                                          STR_ARG(text)));
    }
    str host = str_take(text, colon - 1);
    if (str_eq(host, STR("localhost"))) {
        host = STR("127.0.0.1");
    } else if (host.len == 0 || str_eq(host, STR("*"))) {
        host = STR("0.0.0.0");
    } else if (host.at[0] == '[' && host.at[host.len - 1] == ']') {
        host = str_of(host.at + 1, host.len - 2); /* what is empty inside is no address */
    }
    if (!sock_address_parse(host, (uint16_t)port, out)) {
        return refuse(fault, arena_printf(arena,
                                          "the listen address \"" STR_FMT
                                          "\" is no IP address: write it as 127.0.0.1:8080",
                                          STR_ARG(text)));
    }
    return ERR_OK;
}

/* A socket without SO_REUSEPORT cannot bind where anybody listens. */
static int probe(const struct sock_address *address)
{
    const int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &address->any, address->len) != 0) {
        error = errno;
    }
    (void)close(fd);
    return error;
}

enum err listen_open(struct sock_address *address, int *fds, size_t count, struct arena *arena,
                     struct fault *fault)
{
    char text[64];
    int error = sock_address_port(address) != 0 ? probe(address) : 0;
    size_t opened = 0;

    for (; error == 0 && opened < count; opened++) {
        int fd = system_sock.listen(address, BACKLOG);
        if (fd < 0) {
            error = -fd;
            break;
        }
        fds[opened] = fd;
        if (!sock_local_address(fd, address)) {
            error = errno;
        }
    }
    if (error == 0) {
        return ERR_OK;
    }
    while (opened > 0) {
        system_sock.close(fds[--opened]);
    }
    str where = sock_address_format(address, text);
    return refuse(fault,
                  arena_printf(arena, "cannot listen on " STR_FMT ": %s%s", STR_ARG(where),
                               strerrordesc_np(error),
                               error == EADDRINUSE
                                   ? " (is another gatehouse running? choose one with --listen)"
                                   : ""));
}

bool listen_is_local(const struct sock_address *address)
{
    if (address->any.sa_family == AF_INET) {
        return (ntohl(address->v4.sin_addr.s_addr) >> 24) == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}
