#include "base/text.h"

/* Length of the character that starts at s.at[i], or 0 when it is malformed. */
static size_t utf8_len(str s, size_t i)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = (uint8_t)s.at[i];

    if (lead < 0x80) {
        return 1;
    }
    size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || len > s.len - i) {
        return 0;
    }
    uint32_t code = lead & (0xffU >> (len + 1));
    for (size_t k = 1; k < len; k++) {
        uint8_t byte = (uint8_t)s.at[i + k];
        if ((byte & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (byte & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < smallest[len] || code > 0x10ffff || surrogate ? 0 : len;
}

bool text_is_utf8(str s)
{
    for (size_t i = 0; i < s.len;) {
        size_t len = utf8_len(s, i);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

str text_take_utf8(str s, size_t max)
{
    if (s.len <= max) {
        return s;
    }
    while (max > 0 && ((uint8_t)s.at[max] & 0xc0) == 0x80) {
        max--;
    }
    return str_take(s, max);
}

str text_lower(str s, struct arena *arena)
{
    char *copy = arena_take_raw(arena, s.len + 1);

    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        copy[i] = c;
        if (c >= 'A' && c <= 'Z') {
            copy[i] = (char)(c + ('a' - 'A'));
        }
    }
    return str_of(copy, s.len);
}

void text_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    out[2 * len] = '\0';
}

bool text_is_base64(str s)
{
    size_t padding = 0;

    if (s.len % 4 != 0) {
        return false;
    }
    while (padding < 2 && padding < s.len && s.at[s.len - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i < s.len - padding; i++) {
        char c = s.at[i];
        bool alphabet = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '/';
        if (!alphabet) {
            return false;
        }
    }
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What each character of the alphabet stands for, plus one; 0 for all others. */
#define RANGE_8(first, value)                                                              \
    [(first)] = (value) + 1, [(first) + 1] = (value) + 2, [(first) + 2] = (value) + 3,     \
    [(first) + 3] = (value) + 4, [(first) + 4] = (value) + 5, [(first) + 5] = (value) + 6, \
    [(first) + 6] = (value) + 7, [(first) + 7] = (value) + 8
static const uint8_t base64_values[256] = {
    RANGE_8('A', 0),  RANGE_8('I', 8),  RANGE_8('Q', 16), ['Y'] = 25, ['Z'] = 26,
    RANGE_8('a', 26), RANGE_8('i', 34), RANGE_8('q', 42), ['y'] = 51, ['z'] = 52,
    RANGE_8('0', 52), ['8'] = 61,       ['9'] = 62,       ['+'] = 63, ['/'] = 64,
};

/* Four characters as 24 bits.  False when one is not of the alphabet. */
static bool base64_bits(const char *at, uint32_t *bits)
{
    unsigned a = base64_values[(uint8_t)at[0]];
    unsigned b = base64_values[(uint8_t)at[1]];
    unsigned c = base64_values[(uint8_t)at[2]];
    unsigned d = base64_values[(uint8_t)at[3]];

    *bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
    return a != 0 && b != 0 && c != 0 && d != 0;
}

static void put_bytes(char *out, uint32_t bits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (char)(uint8_t)(bits >> (16 - 8 * i));
    }
}

/* The last four characters, of which one or two may be padding; gives the bytes they hold. */
static bool base64_end(const char *at, char *out, size_t *count)
{
    size_t padding = at[3] != '=' ? 0 : at[2] != '=' ? 1 : 2;
    char full[4] = {at[0], at[1], 'A', 'A'}; /* "A" is 0, as padding counts */
    uint32_t bits = 0;

    memcpy(full, at, 4 - padding);
    if (!base64_bits(full, &bits) || (bits & ((1U << (8 * padding)) - 1)) != 0) {
        return false;
    }
    *count = 3 - padding;
    put_bytes(out, bits, *count);
    return true;
}

bool text_base64_decode(str s, struct arena *arena, str *out)
{
    char *bytes = arena_take_raw(arena, s.len / 4 * 3 + 1);
    size_t len = 0;
    size_t last = 0;

    if (s.len % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i + 4 < s.len; i += 4, len += 3) {
        uint32_t bits = 0;
        if (!base64_bits(s.at + i, &bits)) {
            return false;
        }
        put_bytes(bytes + len, bits, 3);
    }
    if (s.len > 0 && !base64_end(s.at + s.len - 4, bytes + len, &last)) {
        return false;
    }
    *out = str_of(bytes, len + last);
    return true;
}

str text_base64_encode(str bytes, struct arena *arena)
{
    char *text = arena_take_raw(arena, (bytes.len + 2) / 3 * 4 + 1);
    size_t len = 0;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t count = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < count; k++) {
            bits |= (uint32_t)(uint8_t)bytes.at[i + k] << (16 - 8 * k);
        }
        memset(text + len, '=', 4);
        for (size_t k = 0; k <= count; k++) {
            text[len + k] = base64_digits[bits >> (18 - 6 * k) & 63];
        }
        len += 4;
    }
    return str_of(text, len);
}
