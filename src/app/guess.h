/* guess: "did you mean ...?", for a word nobody knows and the words it might have been. */
#pragma once

#include "base/str.h"

/* Made by guess_start(); the words are only looked at. */
struct guess {
    str wanted;
    str best;        /* empty: nothing is near */
    size_t distance; /* only nearer words replace the best */
};

static inline struct guess guess_start(str wanted)
{
    /* A third of the letters may be wrong, and one in any case. */
    return (struct guess){.wanted = wanted, .distance = wanted.len / 3 + 2};
}

static inline void guess_consider(struct guess *guess, str word)
{
    size_t distance = str_distance(guess->wanted, word);

    if (distance < guess->distance) {
        guess->best = word;
        guess->distance = distance;
    }
}
