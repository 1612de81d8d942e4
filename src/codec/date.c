#include "codec/date.h"

#include "base/macros.h"

#include <time.h>

struct moment {
    int64_t year;
    int64_t month; /* from 1 */
    int64_t day;   /* from 1 */
    int64_t hour;
    int64_t minute;
    int64_t second;
};

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2 ? 1 : 0;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static int64_t seconds_of(const struct moment *moment)
{
    int64_t days = days_of(moment->year, moment->month, moment->day);

    return ((days * 24 + moment->hour) * 60 + moment->minute) * 60 + moment->second;
}

/* The digits at [from, from + count). */
static bool read_number(str text, size_t from, size_t count, int64_t max, int64_t *out)
{
    uint64_t number = 0;

    if (!str_to_uint(str_of(text.at + from, count), (uint64_t)max, &number)) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

/* "08:49:37" at `from`. */
static bool read_clock(str text, size_t from, struct moment *moment)
{
    return text.at[from + 2] == ':' && text.at[from + 5] == ':' &&
           read_number(text, from, 2, 23, &moment->hour) &&
           read_number(text, from + 3, 2, 59, &moment->minute) &&
           read_number(text, from + 6, 2, 60, &moment->second);
}

int64_t date_of_http(str text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct moment moment = {0};

    if (text.len != 29 || !str_has_suffix(text, STR(" GMT"))) {
        return -1;
    }
    size_t month = str_find(str_of(months, sizeof(months) - 1), str_of(text.at + 8, 3));
    if (month >= sizeof(months) - 1 || month % 3 != 0 ||
        !read_number(text, 5, 2, 31, &moment.day) ||
        !read_number(text, 12, 4, 9999, &moment.year) || !read_clock(text, 17, &moment)) {
        return -1;
    }
    moment.month = (int64_t)(month / 3) + 1;
    return seconds_of(&moment);
}

int64_t date_of_iso(str text)
{
    enum { SECONDS_END = 19 };
    struct moment moment = {0};

    if (text.len <= SECONDS_END || text.at[4] != '-' || text.at[7] != '-' || text.at[10] != 'T' ||
        !read_number(text, 0, 4, 9999, &moment.year) ||
        !read_number(text, 5, 2, 12, &moment.month) || !read_number(text, 8, 2, 31, &moment.day) ||
        moment.month == 0 || moment.day == 0 || !read_clock(text, 11, &moment)) {
        return -1;
    }
    str zone = str_skip(text, SECONDS_END);
    if (str_has_prefix(zone, STR("."))) {
        size_t digits = 1;
        while (digits < zone.len && zone.at[digits] >= '0' && zone.at[digits] <= '9') {
            digits++;
        }
        zone = str_skip(zone, digits);
    }
    bool is_utc = str_eq(zone, STR("Z")) || str_eq(zone, STR("+00:00"));
    return is_utc ? seconds_of(&moment) : -1;
}

str date_basic(int64_t at_s, char text[DATE_BASIC_BYTES + 1])
{
    time_t at = (time_t)at_s;
    struct tm parts;

    struct tm *done = gmtime_r(&at, &parts);
    assert(done != NULL);
    size_t len = strftime(text, DATE_BASIC_BYTES + 1, "%Y%m%dT%H%M%SZ", &parts);
    assert(len == DATE_BASIC_BYTES);
    return str_of(text, len);
}
