/* What every unit test needs: the framework and assertions for our own types. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define assert_str_equal(got, want)                                                       \
    do {                                                                                  \
        str got_ = (got);                                                                 \
        str want_ = (want);                                                               \
        if (!str_eq(got_, want_)) {                                                       \
            fail_msg("%s:%d: got \"" STR_FMT "\", want \"" STR_FMT "\"", __FILE__, __LINE__, \
                     STR_ARG(got_), STR_ARG(want_));                                      \
        }                                                                                 \
    } while (0)

/* The whole file, in the arena; fails the test when it cannot be read. */
static inline str test_read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
    }
    (void)fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *bytes = (char *)arena_take(arena, (size_t)size + 1);
    size_t len = fread(bytes, 1, (size_t)size, file);
    (void)fclose(file);
    return str_of(bytes, len);
}
