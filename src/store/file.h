/*
 * file: the disk under the spool, behind a seam, so that tests and the simulator can bring their
 * own.
 *
 * Blocking.  Functions without words fail with ERR_PEER when the disk does.
 */
#pragma once

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

struct file; /* whatever the implementation keeps of an open file */

struct file_ops {
    /* Opens for reading and writing, mode 0600, and makes the file when it is missing.  `path` is
     * NUL-terminated.  ERR_BUSY while another process has it open this way. */
    enum err (*open)(void *ctx, const char *path, struct file **out) MUST_CHECK;
    void (*close)(void *ctx, struct file *file);

    enum err (*size)(void *ctx, struct file *file, int64_t *bytes) MUST_CHECK;
    /* Up to `room` bytes from offset `at`; fewer only at the end of the file. */
    enum err (*read)(void *ctx, struct file *file, int64_t at, char *bytes, size_t room,
                     size_t *len) MUST_CHECK;
    /* All of `bytes` at offset `at`, or a failure after any part of them. */
    enum err (*write)(void *ctx, struct file *file, int64_t at, str bytes) MUST_CHECK;
    /* What was written survives a loss of power. */
    enum err (*sync)(void *ctx, struct file *file) MUST_CHECK;
    enum err (*truncate)(void *ctx, struct file *file, int64_t bytes) MUST_CHECK;
    void *ctx;
};

/* The disk of this machine. */
extern const struct file_ops disk_files;
