/* str: a view of bytes.  Not owned, not NUL-terminated, passed by value. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
    const char *at;
    size_t len;
} str;

#define STR(literal) ((str){("" literal), sizeof(literal) - 1})
/* The same as an initialiser of static data. */
#define STR_INIT(literal)                 \
    {                                     \
        ("" literal), sizeof(literal) - 1 \
    }
#define STR_NONE ((str){NULL, 0})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).len, (s).at

static inline str str_of(const char *at, size_t len)
{
    return (str){at, len};
}

/* A view of a C string; NULL gives the empty one. */
static inline str str_c(const char *text)
{
    return text != NULL ? (str){text, strlen(text)} : STR_NONE;
}

static inline bool str_eq(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool str_has_prefix(str s, str prefix)
{
    return s.len >= prefix.len && str_eq(str_of(s.at, prefix.len), prefix);
}

static inline bool str_has_suffix(str s, str suffix)
{
    return s.len >= suffix.len && str_eq(str_of(s.at + (s.len - suffix.len), suffix.len), suffix);
}

/* The rest of `s` after its first `n` bytes; empty when `n` passes the end. */
static inline str str_skip(str s, size_t n)
{
    return n >= s.len ? STR_NONE : (str){s.at + n, s.len - n};
}

/* The first `n` bytes of `s`, or all of it. */
static inline str str_take(str s, size_t n)
{
    return n >= s.len ? s : (str){s.at, n};
}

/* Equal when ASCII case is ignored. */
bool str_eq_nocase(str a, str b);

/* Index of the first `c`, or s.len when there is none. */
size_t str_find_char(str s, char c);

/* Index of the first `needle`, or haystack.len when there is none. */
size_t str_find(str haystack, str needle);

/* The same with ASCII case ignored; `needle` is in lower case. */
size_t str_find_nocase(str haystack, str needle);

/* Without blanks, tabs, CR and LF at both ends. */
str str_trim(str s);

/* Cuts *rest at the first `separator`: gives the part before it and moves *rest behind it. */
str str_split(str *rest, char separator);

/* A decimal number of digits only, no sign, at most `max`.  False leaves *out as it was. */
bool str_to_uint(str s, uint64_t max, uint64_t *out);

/* How many single-character edits lie between two words, ASCII case ignored; the larger length
 * bounds it. */
size_t str_distance(str a, str b);
