#include "codec/json_write.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct json_writer *writer, str bytes)
{
    if (writer->err == ERR_OK) {
        writer->err = buf_add(writer->out, bytes);
    }
}

/* What must not stand in a string as it is: 0x00-0x1f, quote and backslash. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
    ['\t'] = 't', [0] = 'u',     [1] = 'u',    [2] = 'u',    [3] = 'u',    [4] = 'u',
    [5] = 'u',    [6] = 'u',     [7] = 'u',    [0x0b] = 'u', [0x0e] = 'u', [0x0f] = 'u',
    [0x10] = 'u', [0x11] = 'u',  [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u', [0x17] = 'u',  [0x18] = 'u', [0x19] = 'u', [0x1a] = 'u', [0x1b] = 'u',
    [0x1c] = 'u', [0x1d] = 'u',  [0x1e] = 'u', [0x1f] = 'u',
};

static void add_escape(struct json_writer *writer, unsigned char c)
{
    char text[6] = {
        '\\', escapes[c], '0', '0', (char)('0' + (c >> 4)), "0123456789abcdef"[c & 0xf]};

    add(writer, str_of(text, escapes[c] == 'u' ? 6 : 2));
}

/* Eight bytes at once: a bit in each that is below 0x20, a quote, a backslash or not ASCII. */
static uint64_t special_bits(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t tops = 0x8080808080808080U;
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';

    return ((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & tops;
}

/* How many bytes at the front may stand in a string as they are. */
static size_t plain_len(str value)
{
    size_t i = 0;

    for (; i + sizeof(uint64_t) <= value.len; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, value.at + i, sizeof(word));
        if (special_bits(word) != 0) {
            break;
        }
    }
    while (i < value.len && (uint8_t)value.at[i] < 0x80 && escapes[(uint8_t)value.at[i]] == 0) {
        i++;
    }
    return i;
}

/* Length of the well-formed character at the front of `s`, 0 when it is malformed. */
static size_t character_len(str s)
{
    for (size_t len = 1; len <= 4 && len <= s.len; len++) {
        if (text_is_utf8(str_of(s.at, len))) {
            return len;
        }
    }
    return 0;
}

static size_t non_ascii_len(str s)
{
    size_t len = 0;

    while (len < s.len && (uint8_t)s.at[len] >= 0x80) {
        len++;
    }
    return len;
}

/* Bytes that are not ASCII; each that is no part of a character becomes U+FFFD. */
static void add_non_ascii(struct json_writer *writer, str text)
{
    if (text_is_utf8(text)) {
        add(writer, text);
        return;
    }
    while (text.len > 0) {
        size_t len = character_len(text);
        add(writer, len > 0 ? str_take(text, len) : STR("\xef\xbf\xbd"));
        text = str_skip(text, len > 0 ? len : 1);
    }
}

static void add_escaped(struct json_writer *writer, str value)
{
    while (value.len > 0) {
        size_t len = plain_len(value);
        add(writer, str_take(value, len));
        value = str_skip(value, len);
        if (value.len == 0) {
            return;
        }
        len = non_ascii_len(value);
        if (len > 0) {
            add_non_ascii(writer, str_take(value, len));
        } else {
            add_escape(writer, (unsigned char)value.at[0]);
            len = 1;
        }
        value = str_skip(value, len);
    }
}

/* The usual string: nothing in it needs an escape. */
static void add_plain_quoted(struct json_writer *writer, str value)
{
    char *at = writer->err == ERR_OK ? buf_reserve(writer->out, value.len + 2) : NULL;

    if (at == NULL) {
        writer->err = ERR_TOO_BIG;
        return;
    }
    *at++ = '"';
    if (value.len > 0) {
        memcpy(at, value.at, value.len);
    }
    at[value.len] = '"';
    writer->out->len += value.len + 2;
}

static void add_quoted(struct json_writer *writer, str value)
{
    if (plain_len(value) == value.len) {
        add_plain_quoted(writer, value);
        return;
    }
    add(writer, STR("\""));
    add_escaped(writer, value);
    add(writer, STR("\""));
}

/* The comma and the name that come before a value. */
void json_start_value(struct json_writer *writer, str name)
{
    bool named = name.at != NULL;
    size_t len = (writer->needs_comma ? 1 : 0) + (named ? name.len + 3 : 0);

    if (writer->err != ERR_OK) {
        return;
    }
    char *at = buf_reserve(writer->out, len);
    if (at == NULL) {
        writer->err = ERR_TOO_BIG;
        return;
    }
    if (writer->needs_comma) {
        *at++ = ',';
    }
    if (named) {
        *at++ = '"';
        memcpy(at, name.at, name.len);
        at += name.len;
        *at++ = '"';
        *at = ':';
    }
    writer->out->len += len;
    writer->needs_comma = true;
}

void json_add_open(struct json_writer *writer, char bracket)
{
    add(writer, str_of(&bracket, 1));
    writer->needs_comma = false;
}

void json_add_close(struct json_writer *writer, char bracket)
{
    add(writer, str_of(&bracket, 1));
    writer->needs_comma = true;
}

void json_add_str(struct json_writer *writer, str value)
{
    add_quoted(writer, value);
}

void json_add_raw(struct json_writer *writer, str value)
{
    add(writer, value);
}

void json_add_int(struct json_writer *writer, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    add(writer, str_of(digits + at, sizeof(digits) - at));
}

/* "0.7", "-12.25": what people write.  A number that four decimals cannot say exactly is left. */
static bool add_short_decimal(struct json_writer *writer, double value)
{
    enum { SCALE = 10000, DECIMALS = 4 };
    char text[32];
    size_t at = sizeof(text);

    if (value < -1e9 || value > 1e9) {
        return false;
    }
    int64_t scaled = (int64_t)(value * SCALE + (value < 0 ? -0.5 : 0.5));
    /* Both are exact, so the quotient is the number nearest to these digits. */
    double back = (double)scaled / SCALE;
    if (back < value || back > value || (scaled == 0 && signbit(value) != 0)) {
        return false;
    }
    uint64_t rest = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    int decimals = DECIMALS;
    while (decimals > 1 && rest % 10 == 0) {
        rest /= 10;
        decimals--;
    }
    for (int i = 0; i < decimals; i++, rest /= 10) {
        text[--at] = (char)('0' + rest % 10);
    }
    text[--at] = '.';
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (scaled < 0) {
        text[--at] = '-';
    }
    add(writer, str_of(text + at, sizeof(text) - at));
    return true;
}

/* The shortest text that reads back as the same number. */
void json_add_real(struct json_writer *writer, double value)
{
    char text[32];

    if (!isfinite(value)) {
        add(writer, STR("null"));
        return;
    }
    if (add_short_decimal(writer, value)) {
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (back >= value && back <= value) {
            break;
        }
    }
    str number = str_c(text);
    add(writer, number);
    if (strcspn(text, ".eE") == number.len) {
        add(writer, STR(".0"));
    }
}

/* Recursion is bounded: json_read() refuses what is nested deeper than JSON_DEPTH_MAX. */
/* NOLINTBEGIN(misc-no-recursion) */
static void add_members(struct json_writer *writer, json *value, bool is_object)
{
    struct json_walk walk = json_walk(value);

    add(writer, is_object ? STR("{") : STR("["));
    for (bool first = true; json_next(&walk); first = false) {
        if (!first) {
            add(writer, STR(","));
        }
        if (is_object) {
            add_quoted(writer, walk.name);
            add(writer, STR(":"));
        }
        json_add_value(writer, walk.value);
    }
    add(writer, is_object ? STR("}") : STR("]"));
}

void json_add_value(struct json_writer *writer, json *value)
{
    switch (json_type(value)) {
    case JSON_BOOL:
        add(writer, json_as_bool(value) ? STR("true") : STR("false"));
        break;
    case JSON_INT:
        json_add_int(writer, json_as_int(value));
        break;
    case JSON_REAL:
        json_add_real(writer, json_as_real(value));
        break;
    case JSON_STR:
        add_quoted(writer, json_as_str(value));
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        add_members(writer, value, json_is(value, JSON_OBJECT));
        break;
    case JSON_ABSENT:
    case JSON_NULL:
        add(writer, STR("null"));
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */

void json_put_name(struct json_writer *writer, str name)
{
    json_start_value(writer, STR_NONE);
    add_quoted(writer, name);
    add(writer, STR(":"));
    writer->needs_comma = false;
}

void json_put_named_value(struct json_writer *writer, str name, json *value)
{
    json_put_name(writer, name);
    json_put_value(writer, NULL, value);
}

enum err json_write_end(const struct json_writer *writer)
{
    return writer->err;
}

str json_to_text(struct arena *arena, json *value)
{
    struct buf buf;
    struct json_writer writer = json_write_to(&buf);

    buf_init(&buf, SIZE_MAX / 2); /* bounded by the text that `value` was read from */
    json_put_value(&writer, NULL, value);
    assert(writer.err == ERR_OK);
    str text = arena_copy(arena, buf_str(&buf));
    buf_free(&buf);
    return text;
}
