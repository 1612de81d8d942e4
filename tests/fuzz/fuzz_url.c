/* links: codec.  The parts of a URL put together again are the URL; decoding never grows. */
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct url url = {0};
    str text = str_of((const char *)data, size);
    str decoded = STR_NONE;

    if (url_parse(text, &url) == ERR_OK) {
        size_t scheme_len = url.tls ? 8 : 7;
        size_t mark = scheme_len + url.authority.len + url.path.len;
        assert(url.host.len > 0 && url.port > 0 && url_is_authority(url.authority));
        assert(url.path.len == 0 || url_is_target(url.path));
        assert(mark == text.len ? url.query.len == 0 : mark + 1 + url.query.len == text.len);
    }
    if (url_decode(text, &arena, &decoded) == ERR_OK) {
        assert(decoded.len <= text.len);
        assert(memchr(text.at, '\0', text.len) != NULL ||
               memchr(decoded.at, '\0', decoded.len) == NULL);
    }
    assert(!url_is_target(text) || url_decode(text, &arena, &decoded) == ERR_OK);
    (void)url_is_authority(text);
    arena_reset(&arena);
    return 0;
}
