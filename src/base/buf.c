#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

void buf_free(struct buf *buf)
{
    free(buf->at);
    buf_init(buf, buf->limit);
}

static void grow(struct buf *buf, size_t need)
{
    size_t room = buf->room > 0 ? buf->room : 256;

    assert(need <= SIZE_MAX / 2);
    while (room < need) {
        room *= 2;
    }
    char *at = realloc(buf->at, room);
    if (at == NULL) {
        out_of_memory();
    }
    buf->at = at;
    buf->room = room;
}

char *buf_reserve(struct buf *buf, size_t n)
{
    assert(buf->len <= buf->limit);
    if (n > buf->limit - buf->len) {
        return NULL;
    }
    if (buf->room - buf->len < n || buf->at == NULL) {
        grow(buf, buf->len + n);
    }
    return buf->at + buf->len;
}

enum err buf_add(struct buf *buf, str bytes)
{
    char *at = buf_reserve(buf, bytes.len);

    if (at == NULL) {
        return ERR_TOO_BIG;
    }
    if (bytes.len > 0) {
        memcpy(at, bytes.at, bytes.len);
        buf->len += bytes.len;
    }
    return ERR_OK;
}

enum err buf_add_char(struct buf *buf, char c)
{
    return buf_add(buf, str_of(&c, 1));
}

enum err buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0 && buf->len <= buf->limit);
    if ((size_t)len > buf->limit - buf->len) {
        return ERR_TOO_BIG;
    }
    /* vsnprintf writes a NUL too, which is no part of the buffer and may lie behind its limit. */
    if (buf->at == NULL || buf->room - buf->len <= (size_t)len) {
        grow(buf, buf->len + (size_t)len + 1);
    }
    va_start(args, format);
    (void)vsnprintf(buf->at + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return ERR_OK;
}

void buf_drop(struct buf *buf, size_t n)
{
    assert(n <= buf->len);
    if (n > 0 && n < buf->len) {
        memmove(buf->at, buf->at + n, buf->len - n);
    }
    buf->len -= n;
}

void buf_shrink(struct buf *buf, size_t keep)
{
    if (buf->len == 0 && buf->room > keep) {
        buf_free(buf);
    }
}
