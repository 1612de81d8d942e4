/* links: app */
/* Any bytes must become a snapshot or errors that people can read, whatever the variables. */
#include "app/config.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    str file;
};

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] >= 'A' && name[0] <= 'H' ? "value" : NULL;
}

/* The configuration is the input; every other file holds a secret, if it is there at all. */
static enum err read_file(void *ctx, const char *path, size_t max, struct arena *arena, str *out)
{
    struct input *input = ctx;

    if (strcmp(path, "fuzz.yaml") != 0 && path[0] != '/') {
        errno = ENOENT;
        return ERR_MISSING;
    }
    str content = path[0] == '/' ? STR("secret-file\n") : input->file;
    if (content.len > max) {
        return ERR_TOO_BIG;
    }
    *out = arena_copy(arena, content);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.file = str_of((const char *)data, size)};
    struct world world = {.variable = variable, .read_file = read_file, .ctx = &input};
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;
    struct buf errors;

    buf_init(&errors, (size_t)64 * 1024);
    enum err err = config_load("fuzz.yaml", &world, &arena, &snapshot, &errors);
    if ((err == ERR_OK) != (errors.len == 0) || (err == ERR_OK) != (snapshot != NULL)) {
        abort();
    }
    if (!text_is_utf8(buf_str(&errors)) && errors.len < errors.limit - 1024) {
        abort();
    }
    snapshot_free(snapshot);
    buf_free(&errors);
    arena_reset(&arena);
    return 0;
}
