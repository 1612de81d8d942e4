/*
 * config: a file and the environment -> a snapshot, or everything that is wrong with them.
 *
 * Strict: what is not understood is an error, shown where it stands (app/diagnostic.h).  Without a
 * file, and in a file without `providers`, the providers are those whose keys the environment holds
 * under their conventional names.  A setting's variable (GATEHOUSE_LISTEN) beats the file.
 */
#pragma once

#include "app/diagnostic.h"
#include "app/world.h"
#include "base/buf.h"
#include "policy/snapshot.h"

/* Reads the file, or only the environment when `path` is NULL.  The snapshot is ended by
 * snapshot_free().  On failure *errors holds what people are told; it is made and freed by the
 * caller and wants room for 64 KiB.  `arena` is for the work only.  ERR_MISSING when the file
 * cannot be read, else ERR_INVALID. */
enum err config_load(const char *path, const struct world *world, struct arena *arena,
                     struct snapshot **out, struct buf *errors) MUST_CHECK;

/* The same, told as data: *diagnostics, in `arena`, is set in any case. */
enum err config_check(const char *path, const struct world *world, struct arena *arena,
                      struct snapshot **out, struct diagnostics **diagnostics) MUST_CHECK;

/* The same for commands that need only the settings: providers and models are not looked at, nor
 * are the secrets that they name. */
enum err config_load_settings(const char *path, const struct world *world, struct arena *arena,
                              struct snapshot **out, struct buf *errors) MUST_CHECK;
