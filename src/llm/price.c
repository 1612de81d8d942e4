#include "llm/price.h"

#include <stdio.h>

enum {
    NANO_PER_DOLLAR = 1000000000,
    PICO_PER_NANO = 1000,
    DECIMALS_MAX = 12, /* of a pico-dollar */
};

/* Money saturates: a price times a count that passes int64 (9.2 million dollars in pico-dollars) is
 * reported as that much, never as less or as negative. */
static int64_t add(int64_t a, int64_t b)
{
    int64_t sum = 0;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t multiply(int64_t count, int64_t picousd)
{
    int64_t product = 0;

    return __builtin_mul_overflow(count, picousd, &product) ? INT64_MAX : product;
}

static int64_t round_up_to_nano(int64_t picousd)
{
    return picousd / PICO_PER_NANO + (picousd % PICO_PER_NANO > 0 ? 1 : 0);
}

/* The prompt without what was read from or written to a cache.  A provider that reports more cached
 * tokens than prompt tokens is charged for neither twice. */
static int64_t plain_prompt_tokens(const struct usage *usage)
{
    int64_t cached = add(usage->prompt_cached, usage->prompt_cache_write);

    return usage->prompt > cached ? usage->prompt - cached : 0;
}

struct cost price_cost(const struct pricing *pricing, const struct usage *usage)
{
    struct cost cost = {.known = pricing->set};

    if (!pricing->set) {
        return cost;
    }
    int64_t read_price =
        pricing->cache_read_picousd >= 0 ? pricing->cache_read_picousd : pricing->prompt_picousd;
    int64_t write_price =
        pricing->cache_write_picousd >= 0 ? pricing->cache_write_picousd : pricing->prompt_picousd;
    int64_t prompt = multiply(plain_prompt_tokens(usage), pricing->prompt_picousd);
    prompt = add(prompt, multiply(usage->prompt_cached, read_price));
    prompt = add(prompt, multiply(usage->prompt_cache_write, write_price));

    cost.prompt_nanousd = round_up_to_nano(prompt);
    cost.completion_nanousd =
        round_up_to_nano(multiply(usage->completion, pricing->completion_picousd));
    cost.total_nanousd = add(add(cost.prompt_nanousd, cost.completion_nanousd),
                             round_up_to_nano(pricing->request_picousd));
    return cost;
}

static bool is_digits(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
    }
    return true;
}

enum err price_parse(str text, int64_t *picousd)
{
    str decimals = text;
    str whole = str_split(&decimals, '.');
    bool has_point = whole.len < text.len;

    if (whole.len == 0 || (has_point && decimals.len == 0) || decimals.len > DECIMALS_MAX ||
        !is_digits(whole) || !is_digits(decimals)) {
        return ERR_INVALID;
    }
    int64_t value = 0;
    for (size_t i = 0; i < whole.len + DECIMALS_MAX; i++) {
        char digit = '0'; /* decimals that are not written */
        if (i < whole.len) {
            digit = whole.at[i];
        } else if (i - whole.len < decimals.len) {
            digit = decimals.at[i - whole.len];
        }
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit - '0', &value)) {
            return ERR_INVALID;
        }
    }
    *picousd = value;
    return ERR_OK;
}

static str format(int64_t value, int64_t per_dollar, int decimals, char text[32])
{
    assert(value >= 0);
    int len = snprintf(text, 32, "%lld.%0*lld", (long long)(value / per_dollar), decimals,
                       (long long)(value % per_dollar));

    while (text[len - 1] == '0') {
        len--;
    }
    if (text[len - 1] == '.') {
        len--;
    }
    text[len] = '\0';
    return str_of(text, (size_t)len);
}

str price_format_nanousd(int64_t nanousd, char text[32])
{
    return format(nanousd, NANO_PER_DOLLAR, 9, text);
}

str price_format_picousd(int64_t picousd, char text[32])
{
    return format(picousd, (int64_t)NANO_PER_DOLLAR * PICO_PER_NANO, DECIMALS_MAX, text);
}
