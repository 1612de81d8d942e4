/* Any bytes decode to the same events in pieces of any size, and the events keep their order.
 * links: wire */
#include "fuzz_decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct model model = {.name = STR_INIT("model")};
    str bytes = str_of((const char *)data, size);

    for (enum framing framing = FRAMING_WHOLE; framing <= FRAMING_SSE; framing++) {
        const struct decoder what = {
            .dialect = &cohere_dialect,
            .model = &model,
            .framing = framing,
        };
        fuzz_cut(&what, bytes, fuzz_step(bytes), NULL);
    }
    return 0;
}
