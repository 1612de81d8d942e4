/*
 * price: usage x prices -> money.
 *
 * Money is int64 nano-dollars (1e-9 USD), prices int64 pico-dollars (1e-12 USD) per token or unit,
 * so that $0.0375 per million tokens is exact.  Rounding happens once per line of a cost, up.
 */
#pragma once

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "llm/usage.h"

#include <stdint.h>

struct pricing {
    bool set; /* false: the endpoint has no prices, costs are not known */
    int64_t prompt_picousd;
    int64_t completion_picousd;
    int64_t cache_read_picousd;  /* < 0: as prompt */
    int64_t cache_write_picousd; /* < 0: as prompt */
    int64_t request_picousd;     /* once per request */
};

/* What the usage costs.  Cached tokens are inside usage->prompt and are priced apart. */
struct cost price_cost(const struct pricing *pricing, const struct usage *usage);

/* A decimal number of dollars such as "0.0000025" as pico-dollars.  ERR_INVALID when it is not a
 * plain decimal >= 0, has more than 12 decimal places, or passes int64. */
enum err price_parse(str text, int64_t *picousd) MUST_CHECK;

/* Nano-dollars, >= 0, as a plain decimal of dollars without trailing zeros: 12000 -> "0.000012".
 * Pico-dollars the same.  Writes at most 32 bytes with the NUL. */
str price_format_nanousd(int64_t nanousd, char text[32]);
str price_format_picousd(int64_t picousd, char text[32]);
