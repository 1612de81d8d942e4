/*
 * Halves of surrogate pairs.
 *
 * "\ud83d" at the end of one piece and "\ude00" at the start of the next make one character, but
 * neither text is JSON for a strict reader.  When a payload cannot be read, single surrogates
 * are replaced by characters of a private plane, one for each surrogate, and joined or replaced by
 * U+FFFD after reading.
 */
#include "wire/openai_chat_decode.h"

enum { HALF_FIRST = 0x10f800, SURROGATE_FIRST = 0xd800, LOW_FIRST = 0xdc00, HALF_BYTES = 4 };

/* The four hex digits at the front of `text`, or -1. */
static int hex4(str text)
{
    int value = 0;

    for (size_t i = 0; i < 4; i++) {
        int c = i < text.len ? (unsigned char)text.at[i] : 0;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* The surrogate whose escape stands at the front of `text`, or -1. */
static int surrogate_at(str text)
{
    int value = str_has_prefix(text, STR("\\u")) ? hex4(str_skip(text, 2)) : -1;

    return value >= SURROGATE_FIRST && value <= 0xdfff ? value : -1;
}

static size_t put_utf8(char *out, uint32_t c)
{
    assert(c >= 0x10000 && c <= 0x10ffff);
    out[0] = (char)(0xf0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return HALF_BYTES;
}

static size_t put_utf8_of_three(char *out, uint32_t c)
{
    out[0] = (char)(0xe0 | (c >> 12));
    out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

bool openai_replace_halves(struct arena *arena, str payload, str *out)
{
    char *copy = arena_take_raw(arena, payload.len + 1);
    size_t len = 0;
    bool found = false;

    for (size_t i = 0; i < payload.len;) {
        str rest = str_skip(payload, i);
        int half = surrogate_at(rest);
        bool is_pair =
            half >= 0 && half < LOW_FIRST && surrogate_at(str_skip(rest, 6)) >= LOW_FIRST;
        size_t step = is_pair ? 12 : rest.at[0] == '\\' && rest.len > 1 ? 2 : 1;
        if (half < 0 || is_pair) {
            memcpy(copy + len, rest.at, step);
            len += step;
            i += step;
            continue;
        }
        len += put_utf8(copy + len, (uint32_t)(HALF_FIRST + (half - SURROGATE_FIRST)));
        i += 6;
        found = true;
    }
    *out = str_of(copy, len);
    return found;
}

/* The surrogate that a replacement at the front of `text` stands for, or -1. */
static int half_at(str text)
{
    if (text.len < HALF_BYTES || (unsigned char)text.at[0] != 0xf4 ||
        (unsigned char)text.at[1] != 0x8f) {
        return -1;
    }
    int c = (((unsigned char)text.at[2] & 0x3f) << 6) | ((unsigned char)text.at[3] & 0x3f);
    /* The low twelve bits of U+10F800 and above begin at 0x800. */
    return c >= 0x800 ? SURROGATE_FIRST + (c - 0x800) : -1;
}

str openai_join_halves(struct openai_turn *turn, uint32_t *held, str text)
{
    if ((!turn->has_halves && *held == 0) || text.len == 0) {
        return text;
    }
    char *joined = arena_take_raw(turn->scratch, text.len + (size_t)HALF_BYTES);
    size_t len = 0;

    for (size_t i = 0; i < text.len;) {
        int half = turn->has_halves ? half_at(str_skip(text, i)) : -1;
        uint32_t high = *held;
        *held = 0;
        if (high != 0 && half >= LOW_FIRST) {
            uint32_t low = (uint32_t)(half - LOW_FIRST);
            len += put_utf8(joined + len, 0x10000 + ((high - SURROGATE_FIRST) << 10) + low);
            i += HALF_BYTES;
            continue;
        }
        if (high != 0 || half >= LOW_FIRST) { /* one that has no other half */
            len += put_utf8_of_three(joined + len, 0xfffd);
        }
        if (half < 0) {
            joined[len++] = text.at[i++];
            continue;
        }
        *held = half < LOW_FIRST ? (uint32_t)half : 0;
        i += HALF_BYTES;
    }
    return str_of(joined, len);
}
