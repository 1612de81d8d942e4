/* serve: the server from boot to drain. */
#pragma once

struct serve_options {
    const char *config_path; /* NULL: no file, everything from the environment */
    const char *listen;      /* NULL: as configured */
    const char *data_dir;    /* NULL: see app/paths.h */
};

/* Runs until it is told to stop; gives the program's exit code (app/exit_code.h). */
int serve_run(const struct serve_options *options);
