/*
 * vocab: the form in which a vocabulary lies in the program, as tools/gen_vocab.py writes it.
 *
 * Private to tokens*.c.  Everything is little endian and read in place.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error "the vocabulary file is little endian"
#endif

/* What a character is to the split pattern. */
enum vocab_class {
    CLASS_UPPER,  /* \p{Lu} \p{Lt} */
    CLASS_LOWER,  /* \p{Ll} */
    CLASS_LETTER, /* \p{Lm} \p{Lo}: stands for upper and lower */
    CLASS_MARK,   /* \p{M}: the same, but no letter */
    CLASS_NUMBER,
    CLASS_SPACE, /* \s but for CR and LF */
    CLASS_NEWLINE,
    CLASS_OTHER,
};

struct vocab_split {
    uint32_t left;
    uint32_t right;
};

struct vocab {
    const uint64_t *units;
    const struct vocab_split *splits;
    const uint32_t *pairs;
    const uint8_t *filter;
    const uint64_t *words;
    const uint8_t *blocks;
    const uint8_t *classes;
    uint32_t token_count;
    uint32_t pair_mask;
    uint32_t filter_mask;
};

/* The one that is linked into the program. */
struct vocab vocab_o200k(void);

/* Units of the trie. */
static inline uint32_t unit_base(uint64_t unit)
{
    return (uint32_t)(unit & 0x3fffff);
}

/* One more than the token that ends here; 0: none does. */
static inline uint32_t unit_token(uint64_t unit)
{
    return (uint32_t)(unit >> 30) & 0x3ffff;
}

/* The child of a unit for a byte; false when there is none. */
static inline bool unit_child(const struct vocab *vocab, uint64_t unit, uint8_t byte,
                              uint64_t *child)
{
    const uint64_t used = 1ULL << 48;
    const uint64_t mask = used | 0xffULL << 22;

    *child = vocab->units[unit_base(unit) ^ byte];
    return (*child & mask) == (used | (uint64_t)byte << 22);
}

/* Tokens of at most WORD_BYTES_MAX bytes are found by their text at one go: its bytes, little
 * endian, and its length in the last byte. */
enum { WORD_BYTES_MAX = 7, WORD_SLOT_BITS = 18 };

static inline bool vocab_has_word(const struct vocab *vocab, uint64_t word)
{
    uint32_t at = (uint32_t)((word * 0x9e3779b97f4a7c15ULL) >> (64 - WORD_SLOT_BITS));

    while (vocab->words[at] != 0 && vocab->words[at] != word) {
        at = (at + 1) & ((1u << WORD_SLOT_BITS) - 1);
    }
    return vocab->words[at] == word;
}

/* What a code point is. */
static inline enum vocab_class vocab_class(const struct vocab *vocab, uint32_t point)
{
    return (enum vocab_class)vocab->classes[vocab->blocks[point >> 7] * 128u + (point & 127)];
}

/* The first piece of the text that the pattern splits off, in bytes; at least 1. */
size_t vocab_piece(const struct vocab *vocab, const uint8_t *at, const uint8_t *end);
