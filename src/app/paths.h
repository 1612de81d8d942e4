/* paths: where the program keeps its files. */
#pragma once

#include "app/world.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

/* The data directory: `asked` (--data) when not NULL, else $GATEHOUSE_DATA, else
 * $XDG_DATA_HOME/gatehouse, else $HOME/.local/share/gatehouse.  Made, with its parents, for its
 * owner alone (0700).  The result is NUL-terminated. */
enum err data_dir_find(const char *asked, const struct world *world, struct arena *arena, str *out,
                       struct fault *fault) MUST_CHECK;

/* The store's URL with a relative SQLite path set behind the data directory. */
str store_url_resolve(str url, str data_dir, struct arena *arena);
