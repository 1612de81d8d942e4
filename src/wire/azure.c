/*
 * Azure: OpenAI's chat format at other addresses.
 *
 * The base URL is the bare resource.  Of the two shapes of paths the older one names the deployment
 * and always states an api-version; the newer one has the deployment as `model` in the body.
 * Bodies and answers are OpenAI's.  A deployment's name says nothing of the model behind it: what
 * that takes comes from the model's rules.
 */
#include "codec/url.h"
#include "wire/openai_chat_decode.h"
#include "wire/refusal.h"

#define AZURE_VERSION_DEFAULT "2024-10-21" /* the latest that is not a preview */

static str path_of(const struct model *model, struct arena *arena)
{
    bool is_classic = model_platform(model) == PLATFORM_AZURE_CLASSIC;
    str version = model->site != NULL ? model->site->api_version : STR_NONE;

    if (version.len == 0 && is_classic) {
        version = STR(AZURE_VERSION_DEFAULT);
    }
    str pieces[] = {
        is_classic ? STR("/openai/deployments/") : STR("/openai/v1"),
        is_classic ? url_encode(model->name, STR_NONE, arena) : STR_NONE,
        STR("/chat/completions"),
        version.len > 0 ? STR("?api-version=") : STR_NONE,
        url_encode(version, STR_NONE, arena),
    };
    return arena_join(arena, pieces, COUNT_OF(pieces));
}

static enum err encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault)
{
    enum err err = openai_encode_request(chat, model, arena, out, fault);

    if (err == ERR_OK) {
        out->http.path = path_of(model, arena);
    }
    return err;
}

const struct dialect azure_dialect = {
    .name = "azure",
    .encode_request = encode_request,
    .needs_bytes = openai_needs_bytes,
    .decoder_init = openai_decoder_init,
    .decoder_free = openai_decoder_free,
    .decode = openai_decode,
    .decode_end = openai_decode_end,
    .decode_refusal = refusal_read,
};
