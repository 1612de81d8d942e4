/* listen: the address that the server is told to listen on, and its sockets. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "net/sock.h"

/* "127.0.0.1:8080", "[::1]:8080", ":8080" (every interface), "localhost:8080"; port 0: any free. */
enum err listen_parse(str text, struct arena *arena, struct sock_address *out,
                      struct fault *fault) MUST_CHECK;

/* Opens `count` sockets on one address, one per worker; a port of 0 is replaced by the one that was
 * found.  Refuses an address that another process listens on, which SO_REUSEPORT alone would share.
 */
enum err listen_open(struct sock_address *address, int *fds, size_t count, struct arena *arena,
                     struct fault *fault) MUST_CHECK;

/* True when only this machine can reach the address. */
bool listen_is_local(const struct sock_address *address);
