/*
 * sock: non-blocking TCP sockets, behind a seam.
 *
 * Every call that can fail for a reason of the outside world returns -errno.
 */
#pragma once

#include "base/str.h"

#include <netinet/in.h>
#include <sys/uio.h>

/* An IPv4 or IPv6 address with its port. */
struct sock_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len;
};

struct sock_ops {
    /* A listening socket; SO_REUSEPORT, so that every worker has its own. */
    int (*listen)(const struct sock_address *address, int backlog);
    int (*accept)(int fd, struct sock_address *peer);
    /* Begins to connect; the socket becomes writable when that has ended. */
    int (*connect)(const struct sock_address *address);
    int (*connect_result)(int fd); /* 0 or -errno */
    ssize_t (*read)(int fd, void *bytes, size_t len);
    ssize_t (*write)(int fd, const struct iovec *parts, int count);
    int (*shutdown)(int fd); /* no more bytes from us */
    void (*close)(int fd);
};

extern const struct sock_ops system_sock;

/* "1.2.3.4", "::1", no names.  False when it is no address. */
bool sock_address_parse(str host, uint16_t port, struct sock_address *out);

uint16_t sock_address_port(const struct sock_address *address);
void sock_address_set_port(struct sock_address *address, uint16_t port);

/* "1.2.3.4:80" or "[::1]:80"; at most 64 bytes with the NUL. */
str sock_address_format(const struct sock_address *address, char text[64]);
/* The same without the port. */
str sock_address_format_host(const struct sock_address *address, char text[64]);

/* The address that a listening socket really has. */
bool sock_local_address(int fd, struct sock_address *out);
