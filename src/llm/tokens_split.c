/*
 * Splitting text into pieces: o200k_base's pattern by hand, alternative by alternative, with the
 * backtracking of a regex engine worked out beforehand.
 *
 *   1
 * [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|...)?
 *   2
 * [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|...)?
 *   3  \p{N}{1,3}
 *   4   ?[^\s\p{L}\p{N}]+[\r\n/]*
 *   5  \s*[\r\n]+
 *   6  \s+(?!\S)
 *   7  \s+
 */
#include "llm/vocab.h"

/* A character: what it is and how many bytes it has. */
struct character {
    enum vocab_class kind;
    uint32_t len;
};

static inline bool is_ascii_lower(uint8_t byte)
{
    return (uint8_t)(byte - 'a') <= 'z' - 'a';
}

static inline bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* A character of more than one byte.  Bytes that are none stand alone. */
static struct character wide_at(const struct vocab *vocab, const uint8_t *at, const uint8_t *end)
{
    const struct character none = {CLASS_OTHER, 1};
    size_t left = (size_t)(end - at);

    if (at[0] < 0xe0) {
        if (at[0] < 0xc2 || left < 2 || !is_tail(at[1])) {
            return none;
        }
        uint32_t point = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
        return (struct character){vocab_class(vocab, point), 2};
    }
    if (at[0] < 0xf0) {
        if (left < 3 || !is_tail(at[1]) || !is_tail(at[2])) {
            return none;
        }
        uint32_t point = (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
        bool good = point >= 0x800 && (point < 0xd800 || point >= 0xe000);
        return good ? (struct character){vocab_class(vocab, point), 3} : none;
    }
    if (at[0] > 0xf4 || left < 4 || !is_tail(at[1]) || !is_tail(at[2]) || !is_tail(at[3])) {
        return none;
    }
    uint32_t point =
        (at[0] & 7u) << 18 | (at[1] & 0x3fu) << 12 | (at[2] & 0x3fu) << 6 | (at[3] & 0x3fu);
    bool good = point >= 0x10000 && point < 0x110000;
    return good ? (struct character){vocab_class(vocab, point), 4} : none;
}

static inline struct character character_at(const struct vocab *vocab, const uint8_t *at,
                                            const uint8_t *end)
{
    if (*at < 0x80) { /* the first row is that of ASCII */
        return (struct character){(enum vocab_class)vocab->classes[*at], 1};
    }
    return wide_at(vocab, at, end);
}

/* Behind all characters that are upper or lower at once, or lower. */
static const uint8_t *skip_lower(const struct vocab *vocab, const uint8_t *at, const uint8_t *end)
{
    for (;;) {
        while (at < end && is_ascii_lower(*at)) {
            at++;
        }
        if (at == end || *at < 0x80) {
            return at;
        }
        struct character next = wide_at(vocab, at, end);
        if (next.kind != CLASS_LOWER && next.kind != CLASS_LETTER && next.kind != CLASS_MARK) {
            return at;
        }
        at += next.len;
    }
}

/* A word without what may stand before and behind it.  `is_first`: by alternative 1, which gives
 * back capitals at its end when a letter without case precedes them; else by alternative 2. */
static const uint8_t *word_end(const struct vocab *vocab, const uint8_t *at, const uint8_t *end,
                               bool *is_first)
{
    const uint8_t *caseless = NULL;

    *is_first = true;
    while (at < end) {
        struct character next = character_at(vocab, at, end);
        if (next.kind == CLASS_LOWER) {
            return skip_lower(vocab, at + next.len, end);
        }
        if (next.kind != CLASS_UPPER && next.kind != CLASS_LETTER && next.kind != CLASS_MARK) {
            break;
        }
        at += next.len;
        caseless = next.kind == CLASS_UPPER ? caseless : at;
    }
    *is_first = caseless != NULL;
    return *is_first ? caseless : at;
}

/* Behind 's 't 're 've 'm 'll 'd in any case; U+017F is an s too. */
static const uint8_t *skip_contraction(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 2 || at[0] != '\'') {
        return at;
    }
    uint8_t one = at[1] | 0x20;
    uint8_t two = end - at > 2 ? at[2] | 0x20 : 0;
    if (at[1] < 0x80 && (one == 's' || one == 't' || one == 'm' || one == 'd')) {
        return at + 2;
    }
    if (at[1] < 0x80 && two < 0x80 &&
        (((one == 'r' || one == 'v') && two == 'e') || (one == 'l' && two == 'l'))) {
        return at + 3;
    }
    return end - at > 2 && at[1] == 0xc5 && at[2] == 0xbf ? at + 3 : at;
}

/* Alternatives 1 and 2, when the text begins with a letter or a mark. */
static const uint8_t *word_piece(const struct vocab *vocab, const uint8_t *at, const uint8_t *end,
                                 struct character first)
{
    bool is_first = false;
    const uint8_t *word = NULL;

    if (first.kind == CLASS_MARK) { /* a mark may stand before a word as any sign may */
        word = word_end(vocab, at + first.len, end, &is_first);
    }
    if (!is_first) {
        word = word_end(vocab, at, end, &is_first);
    }
    return skip_contraction(word, end);
}

static const uint8_t *number_piece(const struct vocab *vocab, const uint8_t *at, const uint8_t *end)
{
    for (int i = 0; i < 3 && at < end; i++) {
        struct character next = character_at(vocab, at, end);
        if (next.kind != CLASS_NUMBER) {
            break;
        }
        at += next.len;
    }
    return at;
}

/* Alternative 4, from its first sign on. */
static const uint8_t *sign_piece(const struct vocab *vocab, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        struct character next = character_at(vocab, at, end);
        if (next.kind != CLASS_OTHER && next.kind != CLASS_MARK) {
            break;
        }
        at += next.len;
    }
    while (at < end && (*at == '\r' || *at == '\n' || *at == '/')) {
        at++;
    }
    return at;
}

/* Alternatives 5 to 7. */
static const uint8_t *blank_piece(const struct vocab *vocab, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *newline = NULL;
    const uint8_t *last = at;
    const uint8_t *begin = at;

    while (at < end) {
        struct character next = character_at(vocab, at, end);
        if (next.kind != CLASS_SPACE && next.kind != CLASS_NEWLINE) {
            break;
        }
        last = at;
        at += next.len;
        newline = next.kind == CLASS_NEWLINE ? at : newline;
    }
    if (newline != NULL) {
        return newline;
    }
    return at == end || last == begin ? at : last;
}

size_t vocab_piece(const struct vocab *vocab, const uint8_t *at, const uint8_t *end)
{
    struct character first = character_at(vocab, at, end);
    const uint8_t *next = at + first.len;
    bool is_first = false;

    switch (first.kind) {
    case CLASS_UPPER:
    case CLASS_LOWER:
    case CLASS_LETTER:
    case CLASS_MARK:
        return (size_t)(word_piece(vocab, at, end, first) - at);
    case CLASS_NUMBER:
        return (size_t)(number_piece(vocab, at, end) - at);
    case CLASS_NEWLINE:
        return (size_t)(blank_piece(vocab, at, end) - at);
    case CLASS_SPACE:
    case CLASS_OTHER:
        break;
    }
    const uint8_t *word = word_end(vocab, next, end, &is_first);
    if (word > next) {
        return (size_t)(skip_contraction(word, end) - at);
    }
    if (first.kind == CLASS_OTHER) {
        return (size_t)(sign_piece(vocab, at, end) - at);
    }
    if (*at == ' ' && next < end && character_at(vocab, next, end).kind == CLASS_OTHER) {
        return (size_t)(sign_piece(vocab, next, end) - at);
    }
    return (size_t)(blank_piece(vocab, at, end) - at);
}
