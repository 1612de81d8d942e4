#include "app/serve.h"

#include "app/exit_code.h"

#include <stdio.h>

int serve_run(const struct serve_options *options)
{
    (void)options;
    (void)fputs("error: this build has no server\n", stderr);
    return EXIT_CODE_FAILED;
}
