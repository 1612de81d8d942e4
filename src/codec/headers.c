#include "codec/headers.h"

void headers_add(struct headers *headers, struct arena *arena, str name, str value)
{
    if (headers->count == headers->room) {
        size_t room = headers->room > 0 ? headers->room * 2 : 16;
        struct header *at = arena_take_raw(arena, room * sizeof(*at));
        if (headers->count > 0) {
            memcpy(at, headers->at, headers->count * sizeof(*at));
        }
        headers->at = at;
        headers->room = room;
    }
    headers->at[headers->count++] = (struct header){name, value};
}

str headers_get(const struct headers *headers, str name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (str_eq_nocase(headers->at[i].name, name)) {
            return headers->at[i].value;
        }
    }
    return STR_NONE;
}

size_t headers_count(const struct headers *headers, str name)
{
    size_t count = 0;

    for (size_t i = 0; i < headers->count; i++) {
        count += str_eq_nocase(headers->at[i].name, name) ? 1 : 0;
    }
    return count;
}

bool headers_has_token(const struct headers *headers, str name, str token)
{
    for (size_t i = 0; i < headers->count; i++) {
        str rest = headers->at[i].value;
        if (!str_eq_nocase(headers->at[i].name, name)) {
            continue;
        }
        while (rest.len > 0) {
            if (str_eq_nocase(str_trim(str_split(&rest, ',')), token)) {
                return true;
            }
        }
    }
    return false;
}
