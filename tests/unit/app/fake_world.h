/* A world of a few variables and files, for tests of the configuration. */
#pragma once

#include "app/world.h"

#include "test.h"

#include <errno.h>

struct fake_entry {
    const char *name;
    const char *value;
};

struct fake_world {
    const struct fake_entry *variables; /* ended by a row without a name; NULL: none */
    const struct fake_entry *files;
};

static inline const char *fake_find(const struct fake_entry *entries, const char *name)
{
    for (; entries != NULL && entries->name != NULL; entries++) {
        if (strcmp(entries->name, name) == 0) {
            return entries->value;
        }
    }
    return NULL;
}

static inline const char *fake_variable(void *ctx, const char *name)
{
    return fake_find(((struct fake_world *)ctx)->variables, name);
}

static inline enum err fake_read_file(void *ctx, const char *path, size_t max, struct arena *arena,
                                      str *out)
{
    str content = str_c(fake_find(((struct fake_world *)ctx)->files, path));

    if (content.at == NULL) {
        errno = ENOENT;
        return ERR_MISSING;
    }
    if (content.len > max) {
        return ERR_TOO_BIG;
    }
    *out = arena_copy(arena, content);
    return ERR_OK;
}

static inline struct world fake_world_open(struct fake_world *fake)
{
    return (struct world){
        .variable = fake_variable,
        .read_file = fake_read_file,
        .ctx = fake,
    };
}
