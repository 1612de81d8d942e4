/* What every unit test needs: the framework and assertions for our own types. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* A function, so that a test with many of these does not count as complex. */
static inline void test_str_equal(str got, str want, const char *file, int line)
{
    if (!str_eq(got, want)) {
        fail_msg("%s:%d: got \"" STR_FMT "\", want \"" STR_FMT "\"", file, line, STR_ARG(got),
                 STR_ARG(want));
    }
}

#define assert_str_equal(got, want) test_str_equal((got), (want), __FILE__, __LINE__)

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
