/*
 * world: the environment and the files, as configuration sees them, behind a seam.
 *
 * Production reads the process and the disk; tests and fuzz targets bring their own.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"

struct world {
    /* The variable's value, or NULL when it is not set. */
    const char *(*variable)(void *ctx, const char *name);

    /* The whole file, in `arena`, NUL-terminated.  ERR_MISSING when it cannot be read (errno says
     * why), ERR_TOO_BIG when it holds more than `max` bytes. */
    enum err (*read_file)(void *ctx, const char *path, size_t max, struct arena *arena,
                          str *out) MUST_CHECK;
    void *ctx;
};

/* This process and its file system. */
extern const struct world process_world;

static inline str world_variable(const struct world *world, const char *name)
{
    return str_c(world->variable(world->ctx, name));
}
