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
