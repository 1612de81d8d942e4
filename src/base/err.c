#include "base/err.h"

#include "base/macros.h"

static const char *const names[] = {
    [ERR_OK] = "ok",
    [ERR_AGAIN] = "again",
    [ERR_INVALID] = "invalid",
    [ERR_TOO_BIG] = "too_big",
    [ERR_DENIED] = "denied",
    [ERR_LIMITED] = "limited",
    [ERR_BROKE] = "broke",
    [ERR_MISSING] = "missing",
    [ERR_BUSY] = "busy",
    [ERR_TIMEOUT] = "timeout",
    [ERR_CUT] = "cut",
    [ERR_PEER] = "peer",
    [ERR_INTERNAL] = "internal",
};

const char *err_name(enum err err)
{
    return (size_t)err < COUNT_OF(names) ? names[err] : "unknown";
}
