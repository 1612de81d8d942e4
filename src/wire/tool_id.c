#include "wire/tool_id.h"

enum { NINE = 9, SHORT_MAX = 64, HASH_DIGITS = 16 };

static uint64_t hash_of(str id)
{
    uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a: the same in every process */

    for (size_t i = 0; i < id.len; i++) {
        hash = (hash ^ (unsigned char)id.at[i]) * 0x100000001b3ULL;
    }
    return hash;
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_plain(char c)
{
    return is_letter_or_digit(c) || c == '_' || c == '-';
}

static bool are_all(str text, bool (*fits)(char c))
{
    for (size_t i = 0; i < text.len; i++) {
        if (!fits(text.at[i])) {
            return false;
        }
    }
    return true;
}

static str nine_of(str id, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t hash = hash_of(id);
    char nine[NINE];

    if (id.len == NINE && are_all(id, is_letter_or_digit)) {
        return id;
    }
    for (size_t i = 0; i < NINE; i++) {
        nine[i] = digits[hash % 62];
        hash /= 62;
    }
    return arena_copy(arena, str_of(nine, NINE));
}

/* At most `bytes_max` characters, told apart by a hash of what they were. */
static str cleaned(str text, size_t bytes_max, struct arena *arena)
{
    str kept = str_take(text, bytes_max - HASH_DIGITS - 1);
    char *clean = ARENA_ARRAY(arena, char, kept.len + 1);

    for (size_t i = 0; i < kept.len; i++) {
        clean[i] = '_';
        if (is_plain(kept.at[i])) {
            clean[i] = kept.at[i];
        }
    }
    return arena_printf(arena, "%s_%016llx", clean, (unsigned long long)hash_of(text));
}

str tool_id_for(enum tool_id_form form, str id, struct arena *arena)
{
    bool fits = id.len > 0;

    switch (form) {
    case TOOL_ID_NINE:
        return nine_of(id, arena);
    case TOOL_ID_ANTHROPIC:
        fits = fits && are_all(id, is_plain);
        return fits ? id : cleaned(id, id.len + HASH_DIGITS + 1, arena);
    case TOOL_ID_BEDROCK:
        fits = fits && id.len <= SHORT_MAX && are_all(id, is_plain);
        break;
    case TOOL_ID_OPENAI:
        fits = fits && id.len <= SHORT_MAX;
        break;
    case TOOL_ID_ANY:
        break;
    }
    return fits ? id : cleaned(id, SHORT_MAX, arena);
}

str tool_name_for(str name, size_t bytes_max, struct arena *arena)
{
    bool fits = name.len > 0 && name.len <= bytes_max && are_all(name, is_plain);

    return fits ? name : cleaned(name, bytes_max, arena);
}
