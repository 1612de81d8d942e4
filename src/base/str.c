#include "base/str.h"

#include "base/macros.h"

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c + ('a' - 'A'));
    }
    return c;
}

bool str_eq_nocase(str a, str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

size_t str_find_char(str s, char c)
{
    const char *at = s.len > 0 ? memchr(s.at, c, s.len) : NULL;

    return at != NULL ? (size_t)(at - s.at) : s.len;
}

size_t str_find(str haystack, str needle)
{
    if (needle.len == 0) {
        return 0;
    }
    if (haystack.len == 0) {
        return haystack.len;
    }
    const char *at = memmem(haystack.at, haystack.len, needle.at, needle.len);

    return at != NULL ? (size_t)(at - haystack.at) : haystack.len;
}

size_t str_find_nocase(str haystack, str needle)
{
    for (size_t i = 0; i + needle.len <= haystack.len; i++) {
        if (str_eq_nocase(str_of(haystack.at + i, needle.len), needle)) {
            return i;
        }
    }
    return haystack.len;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    while (s.len > 0 && is_space(s.at[0])) {
        s = str_skip(s, 1);
    }
    while (s.len > 0 && is_space(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

str str_split(str *rest, char separator)
{
    size_t n = str_find_char(*rest, separator);
    str part = str_take(*rest, n);

    *rest = str_skip(*rest, n + 1);
    return part;
}

bool str_to_uint(str s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
        if (value > max) {
            return false;
        }
    }
    *out = value;
    return true;
}

/* Levenshtein with one row; words longer than the row count as wholly different. */
size_t str_distance(str a, str b)
{
    enum { ROW = 128 };
    size_t row[ROW + 1];

    if (a.len > ROW || b.len > ROW) {
        return a.len > b.len ? a.len : b.len;
    }
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];
            size_t best = diagonal + (lower(a.at[i - 1]) == lower(b.at[j - 1]) ? 0 : 1);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[b.len];
}
