/* Compiler attributes, assertions and small helpers every file may use. */
#pragma once

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) (1U << (n))

/* The struct of `type` whose `member` is at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Assertions stay on in release builds: what cannot happen ends the process with a message. */
#define assert(condition)                                  \
    do {                                                   \
        if (!(condition)) {                                \
            assert_failed(#condition, __FILE__, __LINE__); \
        }                                                  \
    } while (0)

_Noreturn void assert_failed(const char *condition, const char *file, int line);

/* Ends the process: the system has no memory left. */
_Noreturn void out_of_memory(void);
