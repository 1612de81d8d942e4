#include "app/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *process_variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

/* Up to `room` bytes; less only at the end of the file.  -1 with errno. */
static ssize_t read_all(int fd, char *at, size_t room)
{
    size_t len = 0;

    while (len < room) {
        ssize_t n = read(fd, at + len, room - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static enum err process_read_file(void *ctx, const char *path, size_t max, struct arena *arena,
                                  str *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    (void)ctx;
    if (fd < 0) {
        return ERR_MISSING;
    }
    char *bytes = arena_take_raw(arena, max + 1);
    ssize_t len = read_all(fd, bytes, max + 1);
    int why = errno;
    (void)close(fd); /* nothing was written */
    errno = why;
    if (len < 0) {
        return ERR_MISSING;
    }
    if ((size_t)len > max) {
        return ERR_TOO_BIG;
    }
    bytes[len] = '\0';
    *out = str_of(bytes, (size_t)len);
    return ERR_OK;
}

const struct world process_world = {
    .variable = process_variable,
    .read_file = process_read_file,
};
