#include "app/paths.h"

#include <errno.h>
#include <sys/stat.h>

static enum err fail(struct fault *fault, enum err err, str message)
{
    *fault = (struct fault){.kind = err, .message = message};
    return err;
}

/* The first place that the environment names; empty when it names none. */
static str choose(const char *asked, const struct world *world, struct arena *arena)
{
    str named = asked != NULL ? str_c(asked) : world_variable(world, "GATEHOUSE_DATA");
    str shared = world_variable(world, "XDG_DATA_HOME");
    str home = world_variable(world, "HOME");

    if (named.len > 0) {
        return arena_copy(arena, named);
    }
    if (shared.len > 0 && shared.at[0] == '/') { /* the XDG specification ignores relative ones */
        return arena_printf(arena, STR_FMT "/gatehouse", STR_ARG(shared));
    }
    if (home.len > 0) {
        return arena_printf(arena, STR_FMT "/.local/share/gatehouse", STR_ARG(home));
    }
    return STR_NONE;
}

/* Like `mkdir -p`, for the owner alone.  False with errno. */
static bool make_directories(str path, struct arena *arena)
{
    assert(path.len < SIZE_MAX / 2); /* the linker's analysis asks for it */
    char *copy = arena_take(arena, path.len + 1);

    memcpy(copy, path.at, path.len);
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.at[i] != '/') {
            continue;
        }
        copy[i] = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            return false;
        }
        if (i < path.len) {
            copy[i] = '/';
        }
    }
    return true;
}

enum err data_dir_find(const char *asked, const struct world *world, struct arena *arena, str *out,
                       struct fault *fault)
{
    struct stat info;
    str path = choose(asked, world, arena);

    if (path.len == 0) {
        return fail(fault, ERR_MISSING,
                    STR("there is no data directory: set GATEHOUSE_DATA or HOME, or give --data"));
    }
    if (!make_directories(path, arena)) {
        return fail(fault, ERR_DENIED,
                    arena_printf(arena, "the data directory " STR_FMT " cannot be made: %s",
                                 STR_ARG(path), strerror(errno)));
    }
    if (stat(path.at, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return fail(fault, ERR_INVALID,
                    arena_printf(arena, STR_FMT " is not a directory", STR_ARG(path)));
    }
    *out = path;
    return ERR_OK;
}

str store_url_resolve(str url, str data_dir, struct arena *arena)
{
    const str scheme = STR("sqlite:");
    str path = str_skip(url, scheme.len);

    if (!str_has_prefix(url, scheme) || path.len == 0 || path.at[0] == '/') {
        return url;
    }
    return arena_printf(arena, "sqlite:" STR_FMT "/" STR_FMT, STR_ARG(data_dir), STR_ARG(path));
}
