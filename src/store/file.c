#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    int fd;
};

/* A new name is durable only when its directory is. */
static enum err sync_directory_of(const char *path)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof(copy)) {
        return ERR_PEER;
    }
    memcpy(copy, path, len + 1);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_PEER;
    }
    int failed = fsync(fd);
    (void)close(fd); /* nothing was written through it */
    return failed == 0 ? ERR_OK : ERR_PEER;
}

static enum err disk_open(void *ctx, const char *path, struct file **out)
{
    (void)ctx;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ERR_PEER;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_BUSY : ERR_PEER;
        (void)close(fd);
        return err;
    }
    if (sync_directory_of(path) != ERR_OK) {
        (void)close(fd);
        return ERR_PEER;
    }
    struct file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        out_of_memory();
    }
    file->fd = fd;
    *out = file;
    return ERR_OK;
}

static void disk_close(void *ctx, struct file *file)
{
    (void)ctx;
    (void)close(file->fd); /* everything that matters was synced before */
    free(file);
}

static enum err disk_size(void *ctx, struct file *file, int64_t *bytes)
{
    struct stat status;

    (void)ctx;
    if (fstat(file->fd, &status) != 0) {
        return ERR_PEER;
    }
    *bytes = status.st_size;
    return ERR_OK;
}

static enum err disk_read(void *ctx, struct file *file, int64_t at, char *bytes, size_t room,
                          size_t *len)
{
    size_t done = 0;

    (void)ctx;
    while (done < room) {
        ssize_t n = pread(file->fd, bytes + done, room - done, at + (int64_t)done);
        if (n < 0 && errno != EINTR) {
            return ERR_PEER;
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    *len = done;
    return ERR_OK;
}

static enum err disk_write(void *ctx, struct file *file, int64_t at, str bytes)
{
    (void)ctx;
    while (bytes.len > 0) {
        ssize_t n = pwrite(file->fd, bytes.at, bytes.len, at);
        if (n < 0 && errno != EINTR) {
            return ERR_PEER;
        }
        if (n > 0) {
            bytes = str_skip(bytes, (size_t)n);
            at += n;
        }
    }
    return ERR_OK;
}

static enum err disk_sync(void *ctx, struct file *file)
{
    (void)ctx;
    return fdatasync(file->fd) == 0 ? ERR_OK : ERR_PEER;
}

static enum err disk_truncate(void *ctx, struct file *file, int64_t bytes)
{
    (void)ctx;
    return ftruncate(file->fd, bytes) == 0 ? ERR_OK : ERR_PEER;
}

const struct file_ops disk_files = {.open = disk_open,
                                    .close = disk_close,
                                    .size = disk_size,
                                    .read = disk_read,
                                    .write = disk_write,
                                    .sync = disk_sync,
                                    .truncate = disk_truncate};
