/*
 * What media in base64 are: clients often say the wrong type, and break lines.
 */
#include "wire/media.h"

str media_type_shown(str base64)
{
    static const struct {
        str begins;
        str type;
    } kinds[] = {
        {STR_INIT("/9j/"), STR_INIT("image/jpeg")},
        {STR_INIT("iVBORw0KGgo"), STR_INIT("image/png")},
        {STR_INIT("R0lGOD"), STR_INIT("image/gif")},
        {STR_INIT("JVBERi"), STR_INIT("application/pdf")},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_has_prefix(base64, kinds[i].begins)) {
            return kinds[i].type;
        }
    }
    /* RIFF, four bytes of size, WEBP */
    if (str_has_prefix(base64, STR("UklGR")) &&
        str_eq(str_take(str_skip(base64, 12), 4), STR("RUJQ"))) {
        return STR("image/webp");
    }
    return STR_NONE;
}

str media_type_said(const struct chat_part *part)
{
    return str_trim(str_take(part->mime, str_find_char(part->mime, ';')));
}

str media_unbroken(str base64, struct arena *arena)
{
    if (str_find_char(base64, '\n') == base64.len && str_find_char(base64, '\r') == base64.len) {
        return base64;
    }
    char *text = arena_take_raw(arena, base64.len);
    size_t len = 0;
    for (size_t i = 0; i < base64.len; i++) {
        if (base64.at[i] != '\n' && base64.at[i] != '\r') {
            text[len++] = base64.at[i];
        }
    }
    return str_of(text, len);
}
