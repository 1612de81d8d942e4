/*
 * model: a model at one provider, as far as a dialect needs to know it.
 *
 * Part of the snapshot: built at load, never changed, shared by all workers.
 */
#pragma once

#include "llm/rules.h"
#include "llm/site.h"

#include <stdint.h>

struct quirks; /* wire/quirks.h */

struct model {
    str name;                  /* on the provider's wire, "gpt-4o-2024-08-06" */
    int64_t context_tokens;    /* 0: not known */
    int64_t output_tokens_max; /* 0: not known */

    /* Parameters the operator says the model takes (`supported_parameters`); NULL: decided by the
     * model's rules and the provider's quirks. */
    const str *parameters;
    size_t parameter_count;

    const struct quirks *quirks;     /* never NULL: how this provider departs from its dialect */
    const struct model_rules *rules; /* NULL: nothing is known; see model_rules_of() */
    const struct site *site;         /* NULL: the format's own vendor; see model_platform() */
};

static inline const struct model_rules *model_rules_of(const struct model *model)
{
    return model->rules != NULL ? model->rules : &rules_unknown;
}

/* The most tokens of an answer; 0: not known. */
static inline int64_t model_output_limit(const struct model *model)
{
    return model->output_tokens_max > 0 ? model->output_tokens_max
                                        : model_rules_of(model)->output_tokens_max;
}

/* True when the operator's list has the parameter. */
static inline bool model_lists(const struct model *model, str parameter)
{
    for (size_t i = 0; i < model->parameter_count; i++) {
        if (str_eq(model->parameters[i], parameter)) {
            return true;
        }
    }
    return false;
}

static inline enum platform model_platform(const struct model *model)
{
    return model->site != NULL ? model->site->platform : PLATFORM_OWN;
}
