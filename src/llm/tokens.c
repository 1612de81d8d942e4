/*
 * Merging bytes into tokens without ever merging.
 *
 * The tokens of a piece are those that byte-pair merging ends with.  Of all ways to cut a piece
 * into tokens it is the only one in which every two neighbours would also be left apart if they
 * stood alone (is_kept_apart).  So tokens are taken from the left, the longest first, and taken
 * back when nothing fits behind them; a place that failed once is not tried again, which keeps it
 * linear.
 */
#include "llm/tokens.h"

#include "llm/vocab.h"

enum {
    PIECE_BYTES_SMALL = 2048,
    NO_TOKEN = 0, /* tokens are counted from 1 here, as in the units of the trie */
};

/* Where ids go. */
struct output {
    uint32_t *ids;
    size_t room;
    size_t count;
};

/* A token in the cutting of a piece: its number from 1, and its length in the upper bits. */
typedef uint32_t cut;
enum { CUT_TOKEN_BITS = 18, CUT_TOKEN_MASK = (1 << CUT_TOKEN_BITS) - 1 };

static inline uint32_t cut_token(cut part)
{
    return part & CUT_TOKEN_MASK;
}

static inline uint32_t cut_len(cut part)
{
    return part >> CUT_TOKEN_BITS;
}

/* The longest token that the bytes begin with; at most `max` of them are looked at. */
static inline cut longest(const struct vocab *vocab, const uint8_t *at, size_t max)
{
    uint64_t unit = vocab->units[0];
    cut found = 0;

    for (size_t i = 0; i < max && unit_child(vocab, unit, at[i], &unit); i++) {
        uint32_t token = unit_token(unit);
        if (token != NO_TOKEN) {
            found = (cut)((i + 1) << CUT_TOKEN_BITS | token);
        }
    }
    return found;
}

/* The token that two merge to, from 0; UINT32_MAX when they do not. */
static inline uint32_t merged(const struct vocab *vocab, uint32_t left, uint32_t right)
{
    uint64_t key = (uint64_t)left << 18 | right;
    uint64_t hash = (key * 0x9e3779b97f4a7c15ULL) >> 24;
    uint32_t bit = (uint32_t)(hash >> 19) & vocab->filter_mask;
    uint32_t tag = (uint32_t)(hash >> 26) & 0x3fff;

    if ((vocab->filter[bit >> 3] >> (bit & 7) & 1) == 0) {
        return UINT32_MAX;
    }
    for (uint32_t at = (uint32_t)hash & vocab->pair_mask; vocab->pairs[at] != 0;
         at = (at + 1) & vocab->pair_mask) {
        uint32_t slot = vocab->pairs[at];
        uint32_t token = (slot & CUT_TOKEN_MASK) - 1;
        if (slot >> CUT_TOKEN_BITS == tag && vocab->splits[token].left == left &&
            vocab->splits[token].right == right) {
            return token;
        }
    }
    return UINT32_MAX;
}

/* True when merging leaves the two tokens as they are, side by side.  Both are taken apart again in
 * the reverse order of merging; were there a merge across their border that comes before those
 * still to be undone, it would have happened. */
static bool is_kept_apart(const struct vocab *vocab, uint32_t left, uint32_t right)
{
    uint32_t limit = UINT32_MAX;

    for (;;) {
        if (merged(vocab, left, right) < limit) {
            return false;
        }
        if (left > right) {
            limit = left;
            left = vocab->splits[left].right;
            if (left == limit) {
                limit = right + 1;
                right = vocab->splits[right].left;
                if (right + 1 == limit) {
                    return true;
                }
            }
        } else {
            limit = right + 1;
            right = vocab->splits[right].left;
            if (right + 1 == limit) {
                limit = left;
                left = vocab->splits[left].right;
                if (left == limit) {
                    return true;
                }
            }
        }
    }
}

static inline bool is_dead(const uint64_t *dead, size_t place)
{
    return (dead[place >> 6] >> (place & 63) & 1) != 0;
}

/* Cuts a piece; `parts` has room for one a byte, `dead` is clear and has a bit for each place.
 * Gives the number of parts. */
static size_t cut_piece(const struct vocab *vocab, const uint8_t *piece, size_t len, cut first,
                        cut *parts, uint64_t *dead)
{
    size_t count = 0;
    size_t at = 0;
    cut next = first;

    while (at < len) {
        size_t end = at + cut_len(next);
        bool fits = !is_dead(dead, end) &&
                    (count == 0 ||
                     is_kept_apart(vocab, cut_token(parts[count - 1]) - 1, cut_token(next) - 1));
        if (fits) {
            parts[count++] = next;
            at = end;
            next = at < len ? longest(vocab, piece + at, len - at) : 0;
            continue;
        }
        next = longest(vocab, piece + at, cut_len(next) - 1);
        while (next == 0) { /* nothing fits here: the token before is a shorter one */
            dead[at >> 6] |= 1ULL << (at & 63);
            assert(count > 0); /* the first byte is a token */
            next = parts[--count];
            at -= cut_len(next);
            next = longest(vocab, piece + at, cut_len(next) - 1);
        }
    }
    return count;
}

/* ---- Pieces seen before ---- */

/*
 * Words repeat.  A text of some length remembers how many tokens its short pieces had, in slots of
 * 16 bytes that the next piece of the same hash overwrites: 15 bytes of text, then length and
 * count.
 */
enum { SEEN_SLOTS = 512, SEEN_PIECE_MAX = 15, SEEN_TEXT_MIN = 1024 };

struct piece_key {
    uint64_t low;
    uint64_t high; /* the length in its last four bits, room for the count before them */
};

struct seen {
    struct piece_key slots[SEEN_SLOTS];
};

/* The first `len` bytes, the rest zero. */
static inline struct piece_key key_of(const uint8_t *piece, size_t len, const uint8_t *end)
{
    struct piece_key key = {0, 0};

    if (end - piece >= 16) {
        memcpy(&key, piece, sizeof(key));
        unsigned bits = (unsigned)len * 8;
        key.low &= bits >= 64 ? UINT64_MAX : (1ULL << bits) - 1;
        key.high &= bits <= 64 ? 0 : (1ULL << (bits - 64)) - 1;
    } else {
        memcpy(&key, piece, len);
    }
    key.high |= (uint64_t)len << 60;
    return key;
}

static inline struct piece_key *slot_of(struct seen *seen, struct piece_key key)
{
    uint64_t hash = (key.low ^ key.high * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

    return &seen->slots[hash >> 55];
}

static const uint64_t COUNT_MASK = 0xfULL << 56; /* of piece_key.high */

/* ---- Texts ---- */

static void give(struct output *output, const cut *parts, size_t count)
{
    for (size_t i = 0; i < count && output->count + i < output->room; i++) {
        output->ids[output->count + i] = cut_token(parts[i]) - 1;
    }
    output->count += count;
}

/* A piece of more than one token. */
static __attribute__((noinline)) void encode_parts(const struct vocab *vocab, const uint8_t *piece,
                                                   size_t len, cut first, struct output *output,
                                                   struct arena *scratch)
{
    cut few_parts[PIECE_BYTES_SMALL];
    uint64_t few_dead[PIECE_BYTES_SMALL / 64 + 1];
    struct arena_mark mark = arena_mark(scratch);
    bool is_small = len <= PIECE_BYTES_SMALL;
    cut *parts = is_small ? few_parts : arena_take_raw(scratch, len * sizeof(*parts));
    uint64_t *dead = is_small ? few_dead : arena_take_raw(scratch, (len / 64 + 1) * sizeof(*dead));

    memset(dead, 0, (len / 64 + 1) * sizeof(*dead));
    give(output, parts, cut_piece(vocab, piece, len, first, parts, dead));
    if (!is_small) {
        arena_rewind(scratch, mark);
    }
}

static inline void encode_piece(const struct vocab *vocab, const uint8_t *piece, size_t len,
                                struct output *output, struct arena *scratch)
{
    cut first = longest(vocab, piece, len);

    if (cut_len(first) == len) {
        give(output, &first, 1);
    } else {
        encode_parts(vocab, piece, len, first, output, scratch);
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): ids are written through `output` */
size_t tokens_encode(str text, uint32_t *ids, size_t room, struct arena *scratch)
{
    const struct vocab vocab = vocab_o200k();
    const uint8_t *at = (const uint8_t *)text.at;
    const uint8_t *end = at + text.len;
    struct output output = {.ids = ids, .room = room};

    while (at < end) {
        size_t len = vocab_piece(&vocab, at, end);
        encode_piece(&vocab, at, len, &output, scratch);
        at += len;
    }
    return output.count;
}

/* The same for a long text whose ids nobody wants. */
static size_t count_long(str text, struct arena *scratch)
{
    const struct vocab vocab = vocab_o200k();
    const uint8_t *at = (const uint8_t *)text.at;
    const uint8_t *end = at + text.len;
    struct output output = {0};
    struct seen seen = {0};

    while (at < end) {
        size_t len = vocab_piece(&vocab, at, end);
        if (len > SEEN_PIECE_MAX) {
            encode_piece(&vocab, at, len, &output, scratch);
            at += len;
            continue;
        }
        struct piece_key key = key_of(at, len, end);
        if (len <= WORD_BYTES_MAX &&
            vocab_has_word(&vocab, key.low | (uint64_t)len << (8 * WORD_BYTES_MAX))) {
            output.count++;
            at += len;
            continue;
        }
        struct piece_key *slot = slot_of(&seen, key);
        if (slot->low == key.low && (slot->high & ~COUNT_MASK) == key.high) {
            output.count += (slot->high & COUNT_MASK) >> 56;
        } else {
            size_t before = output.count;
            encode_piece(&vocab, at, len, &output, scratch);
            *slot = (struct piece_key){key.low, key.high | (uint64_t)(output.count - before) << 56};
        }
        at += len;
    }
    return output.count;
}

size_t tokens_count(str text, struct arena *scratch)
{
    return text.len < SEEN_TEXT_MIN ? tokens_encode(text, NULL, 0, scratch)
                                    : count_long(text, scratch);
}

/* The byte that a token of one byte is. */
static char byte_of(const struct vocab *vocab, uint32_t token)
{
    uint64_t unit = 0;
    unsigned byte = 0;

    while (byte < UINT8_MAX && (!unit_child(vocab, vocab->units[0], (uint8_t)byte, &unit) ||
                                unit_token(unit) != token + 1)) {
        byte++;
    }
    return (char)byte;
}

str tokens_bytes(uint32_t id, char out[TOKEN_BYTES_MAX])
{
    const struct vocab vocab = vocab_o200k();
    uint32_t rest[TOKEN_BYTES_MAX]; /* still to be written, the first on top */
    size_t waiting = 0;
    size_t len = 0;

    if (id >= vocab.token_count) {
        return STR_NONE;
    }
    rest[waiting++] = id;
    while (waiting > 0) {
        uint32_t token = rest[--waiting];
        struct vocab_split split = vocab.splits[token];
        if (split.left == token) {
            out[len++] = byte_of(&vocab, token);
        } else {
            rest[waiting++] = split.right;
            rest[waiting++] = split.left;
        }
    }
    return str_of(out, len);
}
