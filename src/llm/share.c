#include "llm/share.h"

/* From share.S. */
extern const char share_models_begin[] __attribute__((visibility("hidden")));
extern const char share_models_end[] __attribute__((visibility("hidden")));
extern const char share_providers_begin[] __attribute__((visibility("hidden")));
extern const char share_providers_end[] __attribute__((visibility("hidden")));
extern const char share_o200k_base_begin[] __attribute__((visibility("hidden")));
extern const char share_o200k_base_end[] __attribute__((visibility("hidden")));

str share_models(void)
{
    return str_of(share_models_begin, (size_t)(share_models_end - share_models_begin));
}

str share_providers(void)
{
    return str_of(share_providers_begin, (size_t)(share_providers_end - share_providers_begin));
}

str share_o200k_base(void)
{
    return str_of(share_o200k_base_begin, (size_t)(share_o200k_base_end - share_o200k_base_begin));
}
