/* exit_code: how the program ends; documented in docs/OPERATIONS.md and `gatehouse help exit`. */
#pragma once

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1, /* at work */
    EXIT_CODE_USAGE = 2,  /* the command line is wrong */
    EXIT_CODE_CONFIG = 3, /* the configuration is wrong */
    EXIT_CODE_BIND = 4,   /* the listen address cannot be used */
    EXIT_CODE_STORE = 5,  /* the store is locked, broken or cannot be opened */
};
