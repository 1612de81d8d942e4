/* share: the data the program is shipped with, for tests. */
#pragma once

#include "llm/rules.h"
#include "wire/quirks.h"

/* The preset's quirks; those of an unknown provider of `dialect` when there is no such preset. */
static inline const struct quirks *share_quirks(const char *provider, const char *dialect)
{
    const struct preset *preset = preset_by_name(str_c(provider));

    return preset != NULL ? preset->quirks : quirks_default(str_c(dialect));
}

/* What the shipped data says of a model; rules_unknown when it says nothing. */
static inline const struct model_rules *share_rules(const char *model)
{
    (void)model;
    return &rules_unknown;
}
