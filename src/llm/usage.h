/*
 * usage: token counts of one answer, in one convention for all providers.
 *
 * Totals are inclusive: `prompt` holds cache reads and cache writes, `completion` holds reasoning.
 * (OpenAI's convention; provider-dialects.md section 0.3 says how each provider is turned into it.)
 * All counts are tokens, >= 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct usage {
    int64_t prompt;
    int64_t completion;
    int64_t total; /* as the provider says, else the sum */

    int64_t prompt_cached;         /* read from a cache; inside prompt */
    int64_t prompt_cached_audio;   /* the part of it that is audio */
    int64_t prompt_cache_write;    /* written to a cache; inside prompt */
    int64_t prompt_cache_write_1h; /* the part of it with a long life */
    int64_t prompt_audio;
    int64_t prompt_image;
    int64_t prompt_video;
    int64_t completion_reasoning; /* inside completion */
    int64_t completion_audio;
    int64_t completion_image;
    int64_t prediction_accepted;
    int64_t prediction_rejected;
    int64_t prompt_images; /* images in the prompt, not tokens; 0 when nobody counts them */
    int64_t web_searches;
};

struct bill; /* llm/price.h */

/* What an answer costs; filled by gate from the endpoint's prices. */
struct cost {
    bool known;            /* the endpoint has prices */
    bool is_byok;          /* the client's own key paid the provider: see price_byok() */
    int64_t total_nanousd; /* what is charged */
    int64_t prompt_nanousd;
    int64_t completion_nanousd;
    int64_t upstream_nanousd; /* what the provider is paid by the client's own key; 0 otherwise */
    const struct bill *bill;  /* the lines it is the sum of, borrowed; NULL: not itemised */
};
