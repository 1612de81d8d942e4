/*
 * The data files of an operator's own: whatever stands in them, they are read whole or refused in
 * words, and every name can be looked up in what was read.
 */
#include "llm/rules.h"
#include "wire/quirks.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of((const char *)data, size);
    struct arena arena = {0};
    struct rule_book rules = {0};
    struct preset_book presets = {0};
    struct fault fault = {0};
    char room[PLAIN_ID_BYTES_MAX];

    if (rules_read(text, &arena, &rules, &fault) != ERR_OK) {
        assert(fault.message.len > 0 && rules.count == 0);
    }
    assert(rules_find(&rules, text) != NULL);
    assert(rules_plain_id(text, room, sizeof(room)).len <= sizeof(room));
    if (presets_read(text, &arena, &presets, &fault) != ERR_OK) {
        assert(fault.message.len > 0 && presets.count == 0);
    }
    for (size_t i = 0; i < presets.count; i++) {
        assert(preset_by_name(&presets, presets.rows[i].name) == &presets.rows[i]);
        assert(preset_quirks(&presets, &presets.rows[i], STR("openai")) != NULL);
    }
    arena_reset(&arena);
    return 0;
}
