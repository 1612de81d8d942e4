/* links: codec.  The parts of a URL put together again are the URL; decoding never grows. */
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(str text)
{
    struct url url = {0};

    if (url_parse(text, &url) != ERR_OK) {
        return;
    }
    size_t mark = (url.tls ? 8 : 7) + url.authority.len + url.path.len;
    assert(url.host.len > 0 && url.port > 0 && url_is_authority(url.authority));
    assert(url.path.len == 0 || url_is_target(url.path));
    assert(mark == text.len ? url.query.len == 0 : mark + 1 + url.query.len == text.len);
}

static void check_escapes(struct arena *arena, str text)
{
    str decoded = STR_NONE;

    if (url_decode(text, arena, &decoded) != ERR_OK) {
        assert(!url_is_target(text));
        return;
    }
    assert(decoded.len <= text.len);
    assert(str_find_char(text, '\0') < text.len || str_find_char(decoded, '\0') == decoded.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    str text = str_of((const char *)data, size);

    check_url(text);
    check_escapes(&arena, text);
    (void)url_is_authority(text);
    arena_reset(&arena);
    return 0;
}
