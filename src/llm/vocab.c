#include "llm/vocab.h"

#include "base/macros.h"
#include "llm/share.h"

enum { MAGIC = 0x4b544847, VERSION = 2 };

/* The first bytes of the file; `*_at` count from its beginning. */
struct vocab_header {
    uint32_t magic;
    uint32_t version;
    uint32_t token_count;
    uint32_t unit_count;
    uint32_t pair_slots;
    uint32_t filter_bits;
    uint32_t units_at;
    uint32_t splits_at;
    uint32_t pairs_at;
    uint32_t filter_at;
    uint32_t words_at;
    uint32_t blocks_at;
    uint32_t classes_at;
};

struct vocab vocab_o200k(void)
{
    const char *file = share_o200k_base().at;
    const struct vocab_header *header = (const void *)file;

    assert(header->magic == MAGIC && header->version == VERSION);
    return (struct vocab){
        .units = (const void *)(file + header->units_at),
        .splits = (const void *)(file + header->splits_at),
        .pairs = (const void *)(file + header->pairs_at),
        .filter = (const void *)(file + header->filter_at),
        .words = (const void *)(file + header->words_at),
        .blocks = (const void *)(file + header->blocks_at),
        .classes = (const void *)(file + header->classes_at),
        .token_count = header->token_count,
        .pair_mask = header->pair_slots - 1,
        .filter_mask = header->filter_bits - 1,
    };
}
