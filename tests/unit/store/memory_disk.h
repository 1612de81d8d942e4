/* A disk of one file in memory that can be told to fail: full after so many bytes, or for every
 * sync. */
#pragma once

#include "base/buf.h"
#include "store/file.h"

#include <stdatomic.h>

struct memory_disk {
    struct buf bytes;
    atomic_bool open_fails;
    atomic_bool sync_fails;
    atomic_bool truncate_fails;
    atomic_bool is_full; /* writes fail when `writable` is used up */
    size_t writable;
    atomic_int syncs;
};

static enum err memory_disk_open(void *ctx, const char *path, struct file **out)
{
    struct memory_disk *disk = ctx;

    (void)path;
    if (atomic_load(&disk->open_fails)) {
        return ERR_BUSY;
    }
    *out = ctx;
    return ERR_OK;
}

static void memory_disk_close(void *ctx, struct file *file)
{
    (void)ctx;
    (void)file;
}

static enum err memory_disk_size(void *ctx, struct file *file, int64_t *bytes)
{
    const struct memory_disk *disk = ctx;

    (void)file;
    *bytes = (int64_t)disk->bytes.len;
    return ERR_OK;
}

static enum err memory_disk_read(void *ctx, struct file *file, int64_t at, char *bytes, size_t room,
                                 size_t *len)
{
    const struct memory_disk *disk = ctx;
    str found = str_take(str_skip(buf_str(&disk->bytes), (size_t)at), room);

    (void)file;
    if (found.len > 0) {
        memcpy(bytes, found.at, found.len);
    }
    *len = found.len;
    return ERR_OK;
}

static enum err memory_disk_write(void *ctx, struct file *file, int64_t at, str bytes)
{
    struct memory_disk *disk = ctx;
    bool is_full = atomic_load(&disk->is_full);
    str fits = is_full ? str_take(bytes, disk->writable) : bytes;
    size_t end = (size_t)at + fits.len;

    (void)file;
    if (end > disk->bytes.len) {
        char *more = buf_reserve(&disk->bytes, end - disk->bytes.len);
        if (more == NULL) {
            return ERR_PEER;
        }
        memset(more, 0, end - disk->bytes.len);
        disk->bytes.len = end;
    }
    if (fits.len > 0) {
        memcpy(disk->bytes.at + at, fits.at, fits.len);
    }
    return fits.len == bytes.len ? ERR_OK : ERR_PEER;
}

static enum err memory_disk_sync(void *ctx, struct file *file)
{
    struct memory_disk *disk = ctx;

    (void)file;
    (void)atomic_fetch_add(&disk->syncs, 1);
    return atomic_load(&disk->sync_fails) ? ERR_PEER : ERR_OK;
}

static enum err memory_disk_truncate(void *ctx, struct file *file, int64_t bytes)
{
    struct memory_disk *disk = ctx;

    (void)file;
    if (atomic_load(&disk->truncate_fails)) {
        return ERR_PEER;
    }
    if ((size_t)bytes < disk->bytes.len) {
        disk->bytes.len = (size_t)bytes;
    }
    return ERR_OK;
}

static inline void memory_disk_init(struct memory_disk *disk)
{
    *disk = (struct memory_disk){0};
    buf_init(&disk->bytes, (size_t)64 * 1024 * 1024);
}

static inline void memory_disk_free(struct memory_disk *disk)
{
    buf_free(&disk->bytes);
}

static inline struct file_ops memory_disk_ops(struct memory_disk *disk)
{
    return (struct file_ops){.open = memory_disk_open,
                             .close = memory_disk_close,
                             .size = memory_disk_size,
                             .read = memory_disk_read,
                             .write = memory_disk_write,
                             .sync = memory_disk_sync,
                             .truncate = memory_disk_truncate,
                             .ctx = disk};
}
