#include "llm/price.h"

#include <stdio.h>

enum {
    NANO_PER_DOLLAR = 1000000000,
    PICO_PER_NANO = 1000,
    DECIMALS_MAX = 12, /* of a pico-dollar */
    MINUTES_PER_DAY = 1440,
};

/* Products of a count and a price. */
__extension__ typedef __int128 wide;

/* ---- Units ---- */

#define AT(member) offsetof(struct pricing, member##_picousd)

static const struct {
    const char *name;
    size_t offset;        /* in struct pricing */
    enum price_unit like; /* what an untold price is taken from; UNIT_COUNT: nothing is charged */
} units[UNIT_COUNT] = {
    [UNIT_PROMPT] = {"prompt", AT(prompt), UNIT_COUNT},
    [UNIT_CACHE_READ] = {"input_cache_read", AT(cache_read), UNIT_PROMPT},
    [UNIT_AUDIO_CACHE] = {"input_audio_cache", AT(audio_cache), UNIT_CACHE_READ},
    [UNIT_CACHE_WRITE] = {"input_cache_write", AT(cache_write), UNIT_PROMPT},
    [UNIT_CACHE_WRITE_1H] = {"input_cache_write_1h", AT(cache_write_1h), UNIT_CACHE_WRITE},
    [UNIT_IMAGE_TOKEN] = {"image_token", AT(image_token), UNIT_PROMPT},
    [UNIT_AUDIO] = {"audio", AT(audio), UNIT_PROMPT},
    [UNIT_COMPLETION] = {"completion", AT(completion), UNIT_COUNT},
    [UNIT_REASONING] = {"internal_reasoning", AT(reasoning), UNIT_COMPLETION},
    [UNIT_IMAGE_OUTPUT] = {"image_output", AT(image_output), UNIT_COMPLETION},
    [UNIT_AUDIO_OUTPUT] = {"audio_output", AT(audio_output), UNIT_COMPLETION},
    [UNIT_REQUEST] = {"request", AT(request), UNIT_COUNT},
    [UNIT_IMAGE] = {"image", AT(image), UNIT_COUNT},
    [UNIT_WEB_SEARCH] = {"web_search", AT(web_search), UNIT_COUNT},
};

const char *price_unit_name(enum price_unit unit)
{
    assert(unit < UNIT_COUNT);
    return units[unit].name;
}

bool price_unit_by_name(str name, enum price_unit *out)
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        if (str_eq(name, str_c(units[i].name))) {
            *out = (enum price_unit)i;
            return true;
        }
    }
    return false;
}

size_t price_unit_offset(enum price_unit unit)
{
    assert(unit < UNIT_COUNT);
    return units[unit].offset;
}

int64_t price_told(const struct pricing *pricing, enum price_unit unit)
{
    int64_t picousd = 0;

    memcpy(&picousd, (const char *)pricing + price_unit_offset(unit), sizeof(picousd));
    return picousd;
}

void price_tell(struct pricing *pricing, enum price_unit unit, int64_t picousd)
{
    memcpy((char *)pricing + price_unit_offset(unit), &picousd, sizeof(picousd));
}

int64_t price_of(const struct pricing *pricing, enum price_unit unit)
{
    int64_t picousd = price_told(pricing, unit);

    while (picousd < 0 && units[unit].like != UNIT_COUNT) {
        unit = units[unit].like;
        picousd = price_told(pricing, unit);
    }
    return picousd > 0 ? picousd : 0;
}

/* ---- Overrides ---- */

static bool is_in_time(const struct price_override *override, int64_t at_s)
{
    if (override->utc_start < 0) {
        return true;
    }
    if (at_s < 0) {
        return false;
    }
    int minute = (int)(at_s / 60 % MINUTES_PER_DAY);
    bool has_begun = minute >= override->utc_start;
    bool has_ended = minute >= override->utc_end;
    return override->utc_start < override->utc_end ? has_begun && !has_ended
                                                   : has_begun || !has_ended;
}

struct pricing price_at(const struct pricing *pricing, int64_t prompt_tokens, int64_t at_s)
{
    struct pricing plain = *pricing;

    plain.overrides = NULL;
    plain.override_count = 0;
    for (size_t i = 0; i < pricing->override_count; i++) {
        const struct price_override *override = &pricing->overrides[i];
        if (prompt_tokens > override->above_prompt_tokens && is_in_time(override, at_s)) {
            for (size_t j = 0; j < override->change_count; j++) {
                price_tell(&plain, override->changes[j].unit, override->changes[j].picousd);
            }
        }
    }
    return plain;
}

/* ---- Bills ---- */

static int64_t at_least_0(int64_t count, bool *is_suspect)
{
    *is_suspect = *is_suspect || count < 0;
    return count > 0 ? count : 0;
}

/* Moves a part out of what is left of its whole. */
static int64_t take(int64_t *left, int64_t part, bool *is_suspect)
{
    int64_t taken = at_least_0(part, is_suspect);

    if (taken > *left) {
        *is_suspect = true;
        taken = *left;
    }
    *left -= taken;
    return taken;
}

/* The same for what may overlap with parts that were taken before: some of a prompt's image tokens
 * may be among its cached tokens, and nobody says how many. */
static int64_t take_rest(int64_t *left, int64_t part)
{
    bool ignored = false;

    return take(left, part, &ignored);
}

/* Each token in one unit. */
static void count_units(const struct usage *usage, int64_t counts[UNIT_COUNT], bool *is_suspect)
{
    int64_t prompt = at_least_0(usage->prompt, is_suspect);
    int64_t read = take(&prompt, usage->prompt_cached, is_suspect);
    int64_t written = take(&prompt, usage->prompt_cache_write, is_suspect);
    int64_t audio = at_least_0(usage->prompt_audio, is_suspect);
    int64_t completion = at_least_0(usage->completion, is_suspect);

    counts[UNIT_AUDIO_CACHE] = take(&read, usage->prompt_cached_audio, is_suspect);
    counts[UNIT_CACHE_READ] = read;
    counts[UNIT_CACHE_WRITE_1H] = take(&written, usage->prompt_cache_write_1h, is_suspect);
    counts[UNIT_CACHE_WRITE] = written;
    counts[UNIT_IMAGE_TOKEN] = take_rest(&prompt, usage->prompt_image);
    counts[UNIT_AUDIO] = take_rest(&prompt, audio - counts[UNIT_AUDIO_CACHE]);
    counts[UNIT_PROMPT] = prompt;
    counts[UNIT_REASONING] = take(&completion, usage->completion_reasoning, is_suspect);
    counts[UNIT_IMAGE_OUTPUT] = take_rest(&completion, usage->completion_image);
    counts[UNIT_AUDIO_OUTPUT] = take_rest(&completion, usage->completion_audio);
    counts[UNIT_COMPLETION] = completion;
    counts[UNIT_REQUEST] = 1;
    counts[UNIT_IMAGE] = at_least_0(usage->prompt_images, is_suspect);
    counts[UNIT_WEB_SEARCH] = at_least_0(usage->web_searches, is_suspect);
}

/* What the discount takes off, rounded down, so that what is left is rounded up. */
static int64_t discount_of(const struct bill *bill, int64_t picousd)
{
    return (int64_t)((wide)picousd * bill->discount / DISCOUNT_WHOLE);
}

/* The sum of the lines from one unit to another.  It fits: price_bill() has added them all. */
static int64_t sum_lines(const struct bill *bill, enum price_unit first, enum price_unit last)
{
    int64_t sum = 0;

    for (size_t i = 0; i < bill->line_count; i++) {
        if (bill->lines[i].unit >= first && bill->lines[i].unit <= last) {
            sum += bill->lines[i].amount_picousd;
        }
    }
    return sum;
}

enum err price_bill(const struct pricing *pricing, const struct usage *usage, int64_t at_s,
                    struct bill *out, struct fault *fault)
{
    struct bill bill = {.discount = pricing->discount};
    int64_t counts[UNIT_COUNT];
    wide sum = 0;

    if (!pricing->set) {
        *fault = (struct fault){.kind = ERR_MISSING, .message = STR("the endpoint has no prices")};
        return ERR_MISSING;
    }
    struct pricing prices = price_at(pricing, usage->prompt, at_s);
    count_units(usage, counts, &bill.is_suspect);
    for (int unit = 0; unit < UNIT_COUNT; unit++) {
        int64_t picousd = price_of(&prices, (enum price_unit)unit);
        wide amount = (wide)counts[unit] * picousd;
        sum += amount; /* neither passes 126 bits */
        if (sum > INT64_MAX) {
            *fault = (struct fault){.kind = ERR_TOO_BIG,
                                    .message = STR("the cost passes all bounds: the provider's "
                                                   "counts of tokens cannot be true")};
            return ERR_TOO_BIG;
        }
        if (counts[unit] > 0 && (picousd > 0 || unit < UNIT_REQUEST)) {
            bill.lines[bill.line_count++] = (struct bill_line){.unit = (enum price_unit)unit,
                                                               .count = counts[unit],
                                                               .picousd = picousd,
                                                               .amount_picousd = (int64_t)amount};
        }
    }
    bill.discount_picousd = discount_of(&bill, (int64_t)sum);
    *out = bill;
    return ERR_OK;
}

static int64_t round_up_to_nano(int64_t picousd)
{
    return picousd / PICO_PER_NANO + (picousd % PICO_PER_NANO > 0 ? 1 : 0);
}

/* The lines up to a unit, less the discount, in nano-dollars.  Never falls when lines are added. */
static int64_t net_nanousd(const struct bill *bill, enum price_unit last)
{
    int64_t sum = sum_lines(bill, UNIT_PROMPT, last);

    return round_up_to_nano(sum - discount_of(bill, sum));
}

struct cost bill_cost(const struct bill *bill)
{
    int64_t prompt = net_nanousd(bill, UNIT_AUDIO);

    return (struct cost){
        .known = true,
        .total_nanousd = net_nanousd(bill, UNIT_WEB_SEARCH),
        .prompt_nanousd = prompt,
        .completion_nanousd = net_nanousd(bill, UNIT_AUDIO_OUTPUT) - prompt,
        .bill = bill,
    };
}

int64_t bill_amount(const struct bill *bill, enum price_unit unit)
{
    return sum_lines(bill, unit, unit);
}

bool price_is_waived(const struct usage *usage, enum finish_reason finish)
{
    return finish == FINISH_ERROR || (finish == FINISH_NONE && usage->completion <= 0);
}

void bill_waive(struct bill *bill)
{
    size_t kept = 0;

    for (size_t i = 0; i < bill->line_count; i++) {
        if (bill->lines[i].unit == UNIT_WEB_SEARCH) {
            bill->lines[kept++] = bill->lines[i];
        }
    }
    bill->line_count = kept;
    bill->is_waived = true;
    bill->discount_picousd = discount_of(bill, sum_lines(bill, UNIT_PROMPT, UNIT_WEB_SEARCH));
}

struct cost price_cost(const struct pricing *pricing, const struct usage *usage)
{
    struct bill bill;
    struct fault ignored;

    if (price_bill(pricing, usage, -1, &bill, &ignored) != ERR_OK) {
        return (struct cost){0};
    }
    struct cost cost = bill_cost(&bill);
    cost.bill = NULL;
    return cost;
}

struct cost price_byok(struct cost cost)
{
    if (cost.known) {
        cost.upstream_nanousd = cost.total_nanousd;
        cost.total_nanousd = 0;
        cost.is_byok = true;
    }
    return cost;
}

/* ---- Decimals ---- */

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
