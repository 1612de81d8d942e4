/*
 * price: usage x prices -> money, as a bill of named lines.
 *
 * Money is int64 nano-dollars (1e-9 USD), prices int64 pico-dollars (1e-12 USD) per token or unit,
 * so that $0.0375 per million tokens is exact.  Nothing is ever floating point.  A bill is summed
 * in pico-dollars and rounded once, up to a nano-dollar; what does not fit int64 is a fault.
 *
 * Pure: the same prices, usage and time give the same bill for ever, so it can be made again.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "base/str.h"
#include "llm/event.h"
#include "llm/usage.h"

#include <stdint.h>

/* What is counted and has a price, in the order of a bill's lines.  Each token is in one line. */
enum price_unit {
    UNIT_PROMPT,         /* tokens read that are none of the next six */
    UNIT_CACHE_READ,     /* tokens taken from a cache */
    UNIT_AUDIO_CACHE,    /* audio tokens taken from a cache */
    UNIT_CACHE_WRITE,    /* tokens written to a cache */
    UNIT_CACHE_WRITE_1H, /* the same, to be kept for an hour */
    UNIT_IMAGE_TOKEN,    /* tokens of images in the prompt */
    UNIT_AUDIO,          /* tokens of audio in the prompt */
    UNIT_COMPLETION,     /* tokens written that are none of the next three */
    UNIT_REASONING,      /* tokens of reasoning */
    UNIT_IMAGE_OUTPUT,   /* tokens of images that were made */
    UNIT_AUDIO_OUTPUT,   /* tokens of audio that was made */
    UNIT_REQUEST,        /* requests: one */
    UNIT_IMAGE,          /* images in the prompt */
    UNIT_WEB_SEARCH,     /* searches the provider made */
    UNIT_COUNT,
};

/* Prices that hold under a condition, in place of the endpoint's own. */
struct price_override {
    int64_t above_prompt_tokens; /* holds for prompts of more tokens; < 0: for any */
    int utc_start;               /* minutes of the day, from; < 0: at any time */
    int utc_end;                 /* until before it; at or below the start: over midnight */
    struct {
        enum price_unit unit;
        int64_t picousd;
    } changes[UNIT_COUNT];
    size_t change_count;
};

/* The prices of an endpoint.  A negative price is not told: then another one holds, and when there
 * is none, nothing is charged; see price_of().  PRICING_NONE tells none. */
struct pricing {
    bool set; /* false: the endpoint has no prices, costs are not known */
    int64_t prompt_picousd;
    int64_t completion_picousd;
    int64_t cache_read_picousd;
    int64_t cache_write_picousd;
    int64_t request_picousd; /* once per request */

    int64_t cache_write_1h_picousd;
    int64_t audio_cache_picousd;
    int64_t image_token_picousd;
    int64_t audio_picousd;
    int64_t reasoning_picousd;
    int64_t image_output_picousd;
    int64_t audio_output_picousd;
    int64_t image_picousd;
    int64_t web_search_picousd;

    int64_t discount; /* in 1e-12: of all lines, after everything else; 0 to DISCOUNT_WHOLE */
    const struct price_override *overrides; /* later ones win, line by line */
    size_t override_count;
};

#define DISCOUNT_WHOLE INT64_C(1000000000000)

#define PRICING_NONE                                                                     \
    {                                                                                    \
        .prompt_picousd = -1, .completion_picousd = -1, .cache_read_picousd = -1,        \
        .cache_write_picousd = -1, .request_picousd = -1, .cache_write_1h_picousd = -1,  \
        .audio_cache_picousd = -1, .image_token_picousd = -1, .audio_picousd = -1,       \
        .reasoning_picousd = -1, .image_output_picousd = -1, .audio_output_picousd = -1, \
        .image_picousd = -1, .web_search_picousd = -1                                    \
    }

/* Prices of tokens alone. */
static inline struct pricing pricing_of_tokens(int64_t prompt_picousd, int64_t completion_picousd)
{
    struct pricing pricing = PRICING_NONE;

    pricing.set = true;
    pricing.prompt_picousd = prompt_picousd;
    pricing.completion_picousd = completion_picousd;
    return pricing;
}

/* ---- Units ---- */

/* The unit's name in the API's `pricing`: "input_cache_read". */
const char *price_unit_name(enum price_unit unit);

/* The unit of that name.  False leaves *out as it was. */
bool price_unit_by_name(str name, enum price_unit *out);

/* Where the unit's price is in a struct pricing, for tables of members. */
size_t price_unit_offset(enum price_unit unit);

/* As it was told; negative when it was not. */
int64_t price_told(const struct pricing *pricing, enum price_unit unit);
void price_tell(struct pricing *pricing, enum price_unit unit, int64_t picousd);

/* What is charged: the told price, else that of the unit it is a kind of (reasoning, audio and
 * images made: completion; all kinds of prompt tokens: prompt; an hour's cache write: cache write;
 * audio from a cache: cache read), else 0. */
int64_t price_of(const struct pricing *pricing, enum price_unit unit);

/* The prices that hold for a prompt of that size at that time (Unix seconds; < 0: no override that
 * depends on the time holds), without overrides. */
struct pricing price_at(const struct pricing *pricing, int64_t prompt_tokens, int64_t at_s);

/* ---- Bills ---- */

struct bill_line {
    enum price_unit unit;
    int64_t count;          /* > 0 */
    int64_t picousd;        /* of each */
    int64_t amount_picousd; /* of all */
};

struct bill {
    struct bill_line lines[UNIT_COUNT];
    size_t line_count;
    int64_t discount_picousd; /* taken off the sum of the lines; rounded down to a pico-dollar */
    int64_t discount;         /* the rate, as in struct pricing */
    bool is_waived;           /* lines of tokens were left out: price_is_waived() */
    bool is_suspect; /* the usage contradicts itself or is negative; the lines are of what holds */
};

/* The lines of what was used.  A part that is larger than its whole (more cached than prompt) is
 * cut to it, in the order of the units.  ERR_TOO_BIG when the sum passes 9.2 million dollars, which
 * no exchange costs; ERR_MISSING when there are no prices. */
enum err price_bill(const struct pricing *pricing, const struct usage *usage, int64_t at_s,
                    struct bill *out, struct fault *fault) MUST_CHECK;

/* The sum of the bill's lines, rounded up once, and its parts, which add up with it. */
struct cost bill_cost(const struct bill *bill);

/* The amount of one unit; 0 when it has no line. */
int64_t bill_amount(const struct bill *bill, enum price_unit unit);

/* Zero-completion insurance: true when the answer's tokens are not charged, because it is empty and
 * has no reason to have ended, or has failed. */
bool price_is_waived(const struct usage *usage, enum finish_reason finish);

/* Takes the lines of tokens and of the request off; what else was done (searches) stays. */
void bill_waive(struct bill *bill);

/* What the usage costs, where neither lines nor time matter.  Not known when there are no prices or
 * the sum passes all bounds. */
struct cost price_cost(const struct pricing *pricing, const struct usage *usage);

/* The same where the client's own key pays the provider: nothing is charged, and what it would be
 * is the upstream cost. */
struct cost price_byok(struct cost cost);

/* ---- Decimals ---- */

/* A decimal number of dollars such as "0.0000025" as pico-dollars.  ERR_INVALID when it is not a
 * plain decimal >= 0, has more than 12 decimal places, or passes int64. */
enum err price_parse(str text, int64_t *picousd) MUST_CHECK;

/* Nano-dollars, >= 0, as a plain decimal of dollars without trailing zeros: 12000 -> "0.000012".
 * Pico-dollars the same.  Writes at most 32 bytes with the NUL. */
str price_format_nanousd(int64_t nanousd, char text[32]);
str price_format_picousd(int64_t picousd, char text[32]);
