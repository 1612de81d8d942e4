#include "base/macros.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "gatehouse: assertion failed: %s at %s:%d\n", condition, file, line);
    abort();
}

_Noreturn void out_of_memory(void)
{
    (void)fputs("gatehouse: out of memory\n", stderr);
    abort();
}
