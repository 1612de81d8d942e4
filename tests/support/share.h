/* share: the data the program is shipped with, for tests; read once in each test. */
#pragma once

#include "llm/rules.h"
#include "llm/share.h"
#include "wire/quirks.h"

#include <stdio.h>
#include <stdlib.h>

static inline const struct rule_book *share_rule_book(void)
{
    static struct arena arena;
    static struct rule_book book;
    struct fault fault = {0};

    if (book.count == 0 && rules_read(share_models(), &arena, &book, &fault) != ERR_OK) {
        (void)fprintf(stderr, "models.json: " STR_FMT "\n", STR_ARG(fault.message));
        abort();
    }
    return &book;
}

static inline const struct preset_book *share_preset_book(void)
{
    static struct arena arena;
    static struct preset_book book;
    struct fault fault = {0};

    if (book.count == 0 && presets_read(share_providers(), &arena, &book, &fault) != ERR_OK) {
        (void)fprintf(stderr, "providers.json: " STR_FMT "\n", STR_ARG(fault.message));
        abort();
    }
    return &book;
}

/* The preset's quirks when it is spoken to in that dialect; those of an unknown provider of the
 * dialect when there is no such preset ("") or it has none of that dialect. */
static inline const struct quirks *share_quirks(const char *provider, const char *dialect)
{
    const struct preset_book *book = share_preset_book();
    const struct preset *preset = preset_by_name(book, str_c(provider));

    return preset != NULL ? preset_quirks(book, preset, str_c(dialect))
                          : quirks_default(book, str_c(dialect));
}

/* What the shipped data says of a model; rules_unknown when it says nothing. */
static inline const struct model_rules *share_rules(const char *model)
{
    return rules_find(share_rule_book(), str_c(model));
}
