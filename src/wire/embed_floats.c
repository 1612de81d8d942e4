#include "wire/embed_floats.h"

#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_BYTES_MAX = 64, FLOAT_BYTES = 4, DOUBLE_BYTES = 8 };

/* What stands for a list that was taken out: a string that is no base64, with its place.  A list
 * that is not longer stays. */
#define PLACE_MARK "#"
enum { SHORT_LIST_BYTES = 24 };

_Static_assert(sizeof(float) == FLOAT_BYTES && sizeof(double) == DOUBLE_BYTES,
               "floats are those of IEEE 754");

/* ---- Numbers out of text ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_number_char(char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* How many numbers the list at the front of `text` ("[1, 2]") holds, 0 when it holds anything else
 * or nothing; *len is its length. */
static size_t count_numbers(str text, size_t *len)
{
    size_t count = 1;
    bool has_digit = false;

    for (size_t i = 1; i < text.len; i++) {
        char c = text.at[i];
        if (c == ']') {
            *len = i + 1;
            return has_digit ? count : 0;
        }
        has_digit = has_digit || is_digit(c);
        count += c == ',' ? 1 : 0;
        if (c != ',' && !is_number_char(c) && !is_blank(c)) {
            return 0;
        }
    }
    return 0;
}

/* 10^0 to 10^22 are doubles exactly. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_POWER_MAX = COUNT_OF(powers) - 1 };

/* A number of up to 15 digits and no exponent: one division of two exact doubles rounds right. */
static bool read_plain(str text, double *out)
{
    uint64_t digits = 0;
    size_t count = 0;
    size_t decimals = 0;
    bool has_point = false;
    bool is_negative = text.at[0] == '-';

    for (size_t i = is_negative ? 1 : 0; i < text.len; i++) {
        char c = text.at[i];
        if (is_digit(c)) {
            digits = digits * 10 + (uint64_t)(c - '0');
            count += digits > 0 ? 1 : 0; /* zeros in front are no digits of the number */
            decimals += has_point ? 1 : 0;
        } else if (c == '.' && !has_point && i > 0 && is_digit(text.at[i - 1])) {
            has_point = true;
        } else {
            return false;
        }
        if (count > 15) {
            return false;
        }
    }
    if (!is_digit(text.at[text.len - 1]) || decimals > EXACT_POWER_MAX) {
        return false;
    }
    double value = (double)digits / powers[decimals];
    *out = is_negative ? -value : value;
    return true;
}

static bool read_number(str text, float *out)
{
    char copy[NUMBER_BYTES_MAX];
    double value = 0;

    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    if (!read_plain(text, &value)) {
        char *end = NULL;
        memcpy(copy, text.at, text.len);
        copy[text.len] = '\0';
        value = strtod(copy, &end);
        if (end != copy + text.len || text.at[0] == '+') {
            return false;
        }
    }
    if (!(fabs(value) <= (double)FLT_MAX)) {
        return false;
    }
    *out = (float)value;
    return true;
}

/* The numbers of a list whose length and count are known. */
static bool read_list(str list, size_t count, float *out)
{
    str rest = str_of(list.at + 1, list.len - 2);

    for (size_t i = 0; i < count; i++) {
        if (!read_number(str_trim(str_split(&rest, ',')), &out[i])) {
            return false;
        }
    }
    return true;
}

/* ---- Lists out of JSON ---- */

static void add_list(struct embed_lists *lists, struct arena *arena, struct embed_vector vector)
{
    if (lists->count == lists->room) {
        size_t room = lists->room > 0 ? lists->room * 2 : 16;
        struct embed_vector *at = ARENA_ARRAY(arena, struct embed_vector, room);
        if (lists->count > 0) {
            memcpy(at, lists->at, lists->count * sizeof(*at));
        }
        lists->at = at;
        lists->room = room;
    }
    lists->at[lists->count++] = vector;
}

/* Index behind the string that begins at `at`. */
static size_t skip_string(str text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++) {
        at += text.at[at] == '\\' ? 1 : 0;
    }
    return at < text.len ? at + 1 : text.len;
}

/* What is being lifted. */
struct lift {
    str text;
    struct arena *arena;
    struct embed_lists *lists;
    char *out; /* never longer than the text: only lists longer than their place are replaced */
    size_t len;
    size_t floats_left;
};

static void keep(struct lift *lift, size_t from, size_t until)
{
    memcpy(lift->out + lift->len, lift->text.at + from, until - from);
    lift->len += until - from;
}

static enum err lift_list(struct lift *lift, str list, size_t count)
{
    if (count > lift->floats_left) {
        return ERR_TOO_BIG;
    }
    float *numbers = arena_take_raw(lift->arena, count * sizeof(*numbers));
    lift->floats_left -= count;
    if (!read_list(list, count, numbers)) {
        return ERR_INVALID;
    }
    lift->len += (size_t)snprintf(lift->out + lift->len, SHORT_LIST_BYTES, "\"" PLACE_MARK "%zu\"",
                                  lift->lists->count);
    add_list(lift->lists, lift->arena, (struct embed_vector){numbers, count});
    return ERR_OK;
}

enum err embed_lift(str text, size_t floats_max, struct arena *arena, str *out,
                    struct embed_lists *lists)
{
    struct lift lift = {text, arena, lists, NULL, 0, floats_max};
    size_t kept = 0; /* everything before it is in `out` */
    size_t at = 0;

    lift.out = arena_take_raw(arena, text.len + 1);
    while (at < text.len) {
        size_t len = 0;
        size_t count = text.at[at] == '[' ? count_numbers(str_skip(text, at), &len) : 0;
        if (count > 0 && len > SHORT_LIST_BYTES) {
            keep(&lift, kept, at);
            enum err err = lift_list(&lift, str_of(text.at + at, len), count);
            if (err != ERR_OK) {
                return err;
            }
            at += len;
            kept = at;
        } else {
            at = text.at[at] == '"' ? skip_string(text, at) : at + 1;
        }
    }
    keep(&lift, kept, text.len);
    *out = str_of(lift.out, lift.len);
    return ERR_OK;
}

/* A short list, which the JSON reader has read. */
static bool short_numbers(json *list, struct arena *arena, struct embed_vector *out)
{
    struct json_walk walk = json_walk(list);
    size_t count = json_count(list);
    float *numbers = ARENA_ARRAY(arena, float, count + 1);

    for (size_t i = 0; json_next(&walk); i++) {
        double value = json_as_real(walk.value);
        bool is_number = json_is(walk.value, JSON_INT) || json_is(walk.value, JSON_REAL);
        if (!is_number || !(fabs(value) <= (double)FLT_MAX)) {
            return false;
        }
        numbers[i] = (float)value;
    }
    *out = (struct embed_vector){numbers, count};
    return true;
}

bool embed_numbers(const struct embed_lists *lists, json *value, struct arena *arena,
                   struct embed_vector *out)
{
    str place = json_as_str(value);
    uint64_t index = 0;

    if (json_is(value, JSON_ARRAY)) {
        return short_numbers(value, arena, out);
    }
    if (!str_has_prefix(place, STR(PLACE_MARK)) || lists->count == 0 ||
        !str_to_uint(str_skip(place, 1), lists->count - 1, &index)) {
        return false;
    }
    *out = lists->at[index];
    return true;
}

/* ---- Base64 ---- */

/* Bytes of a number in this machine's order. */
static uint64_t little_endian(const char *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = bytes; i-- > 0;) {
        value = value << 8 | (uint8_t)at[i];
    }
    return value;
}

static float float_at(const char *at)
{
    uint32_t bits = (uint32_t)little_endian(at, FLOAT_BYTES);
    float value = 0;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double double_at(const char *at)
{
    uint64_t bits = little_endian(at, DOUBLE_BYTES);
    double value = 0;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* A float32 written as a float64 leaves its last 29 bits empty.  Where all numbers do and all are
 * of the size that such vectors have, they are float64: as float32 half of them would be 0, or
 * next to it, which no model makes of text. */
static bool looks_like_float64(str bytes)
{
    enum { NUMBERS_MIN = 16, EMPTY_BITS = 29 };
    size_t count = bytes.len / DOUBLE_BYTES;

    if (bytes.len % DOUBLE_BYTES != 0 || count < NUMBERS_MIN) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *at = bytes.at + i * DOUBLE_BYTES;
        double size = fabs(double_at(at));
        bool is_empty = (little_endian(at, DOUBLE_BYTES) & ((1ULL << EMPTY_BITS) - 1)) == 0;
        if (!is_empty || !(size < 1e4) || (size > 0 && size < 1e-12)) {
            return false;
        }
    }
    return true;
}

bool embed_from_base64(str text, int64_t dimensions, struct arena *arena, struct embed_vector *out)
{
    str bytes = STR_NONE;
    size_t asked = (size_t)dimensions;

    if (!text_base64_decode(text, arena, &bytes) || bytes.len % FLOAT_BYTES != 0) {
        return false;
    }
    bool is_double = dimensions > 0
                         ? bytes.len == asked * DOUBLE_BYTES && bytes.len != asked * FLOAT_BYTES
                         : looks_like_float64(bytes);
    size_t width = is_double ? DOUBLE_BYTES : FLOAT_BYTES;
    size_t count = bytes.len / width;
    float *numbers = ARENA_ARRAY(arena, float, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *at = bytes.at + i * width;
        double value = is_double ? double_at(at) : (double)float_at(at);
        if (!(fabs(value) <= (double)FLT_MAX)) {
            return false;
        }
        numbers[i] = (float)value;
    }
    *out = (struct embed_vector){numbers, count};
    return true;
}

str embed_to_base64(const struct embed_vector *vector, struct arena *arena)
{
    char *bytes = arena_take_raw(arena, vector->len * FLOAT_BYTES + 1);

    for (size_t i = 0; i < vector->len; i++) {
        uint32_t bits = 0;
        memcpy(&bits, &vector->at[i], sizeof(bits));
        for (size_t k = 0; k < FLOAT_BYTES; k++) {
            bytes[i * FLOAT_BYTES + k] = (char)(uint8_t)(bits >> (8 * k));
        }
    }
    return text_base64_encode(str_of(bytes, vector->len * FLOAT_BYTES), arena);
}

/* ---- Numbers to text ---- */

/* What is written without an exponent. */
#define FLOAT_USUAL_MIN 1e-9F
#define FLOAT_USUAL_MAX 1e7F

/* Decimals that read back as the float: strictly between the middles to its neighbours, which are
 * doubles exactly. */
struct around {
    double low;
    double high;
};

/* Of a positive float that is neither the smallest nor the largest. */
static struct around around_of(float value)
{
    uint32_t bits = 0;
    float below = 0;
    float above = 0;

    memcpy(&bits, &value, sizeof(bits));
    uint32_t one_less = bits - 1;
    uint32_t one_more = bits + 1;
    memcpy(&below, &one_less, sizeof(below));
    memcpy(&above, &one_more, sizeof(above));
    return (struct around){((double)value + (double)below) / 2,
                           ((double)value + (double)above) / 2};
}

/* The power of ten that the number's first digit stands for. */
static int magnitude_of(double value)
{
    int magnitude = 0;

    while (value >= powers[magnitude + 1]) {
        magnitude++;
    }
    while (magnitude <= 0 && value * powers[-magnitude] < 1) {
        magnitude--;
    }
    return magnitude;
}

/* digits / 10^scale, the shortest that reads back as `value`, which is from FLOAT_USUAL_MIN to
 * FLOAT_USUAL_MAX: all powers that it takes are exact doubles. */
static void find_shortest(float value, uint64_t *digits, int *scale)
{
    enum { DIGITS_USUAL = 8, DIGITS_MAX = 9 };
    struct around around = around_of(value);
    int magnitude = magnitude_of((double)value);
    bool found = false;

    for (int count = DIGITS_USUAL; count > 0 && count <= DIGITS_MAX; count += found ? -1 : 1) {
        int decimals = count - 1 - magnitude;
        if (decimals < 0) {
            return; /* fewer digits than stand before the point */
        }
        uint64_t scaled = (uint64_t)((double)value * powers[decimals] + 0.5);
        double back = (double)scaled / powers[decimals];
        if (back > around.low && back < around.high) {
            *digits = scaled;
            *scale = decimals;
            found = true;
        } else if (found) {
            return;
        }
    }
    assert(found); /* nine digits tell all floats apart */
}

/* "0.00012", "1.5", "3.0": what people write. */
static size_t put_decimal(uint64_t digits, int scale, char *end)
{
    char *at = end;

    while (scale > 1 && digits % 10 == 0) {
        digits /= 10;
        scale--;
    }
    if (scale == 0) {
        digits *= 10;
        scale = 1;
    }
    for (int i = 0; i < scale; i++, digits /= 10) {
        *--at = (char)('0' + digits % 10);
    }
    *--at = '.';
    do {
        *--at = (char)('0' + digits % 10);
        digits /= 10;
    } while (digits > 0);
    return (size_t)(end - at);
}

/* Very large and very small numbers, which vectors seldom hold. */
static enum err put_slowly(struct buf *out, float value)
{
    char text[NUMBER_BYTES_MAX];

    for (int digits = 1; digits <= FLT_DECIMAL_DIG; digits++) {
        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, (double)value);
        float back = strtof(text, NULL);
        if (back >= value && back <= value) {
            break;
        }
    }
    return buf_add(out, str_c(text));
}

enum err embed_put_float(struct buf *out, float value)
{
    char text[NUMBER_BYTES_MAX];
    uint64_t digits = 0;
    int scale = 0;

    if (!isfinite(value)) {
        return buf_add(out, STR("null"));
    }
    if (value >= 0 && value <= 0) {
        return buf_add(out, signbit(value) != 0 ? STR("-0.0") : STR("0.0"));
    }
    if (fabsf(value) < FLOAT_USUAL_MIN || fabsf(value) >= FLOAT_USUAL_MAX) {
        return put_slowly(out, value);
    }
    find_shortest(fabsf(value), &digits, &scale);
    char *end = text + sizeof(text);
    size_t len = put_decimal(digits, scale, end);
    if (value < 0) {
        end[-(ptrdiff_t)++len] = '-';
    }
    return buf_add(out, str_of(end - len, len));
}
