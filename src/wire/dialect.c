#include "wire/dialect.h"

static const struct dialect *const dialects[] = {
    &openai_chat_dialect,
    &anthropic_dialect,
};

const struct dialect *dialect_by_name(str name)
{
    for (size_t i = 0; i < COUNT_OF(dialects); i++) {
        if (str_eq(name, str_c(dialects[i]->name))) {
            return dialects[i];
        }
    }
    return NULL;
}

const char *dialect_names(void)
{
    return "openai, anthropic";
}

void decoder_init(struct decoder *decoder)
{
    assert(decoder->dialect != NULL && decoder->model != NULL && decoder->arena != NULL);
    decoder->dialect->decoder_init(decoder);
}

void decoder_free(struct decoder *decoder)
{
    decoder->dialect->decoder_free(decoder);
}
