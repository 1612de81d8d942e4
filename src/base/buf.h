/*
 * buf: bytes that grow, up to a limit its owner states when it makes one.
 *
 * Owned by whoever made it; buf_free() gives the memory back and leaves an empty, usable buf.
 */
#pragma once

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdint.h>

struct buf {
    char *at;
    size_t len;
    size_t room;
    size_t limit; /* bytes; passing it is ERR_TOO_BIG */
};

void buf_init(struct buf *buf, size_t limit);
void buf_free(struct buf *buf);

enum err buf_add(struct buf *buf, str bytes) MUST_CHECK;
enum err buf_add_char(struct buf *buf, char c) MUST_CHECK;
enum err buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* Room for `n` more bytes at buf->at + buf->len, or NULL past the limit.  The caller writes at most
 * `n` there and adds what it wrote to buf->len. */
char *buf_reserve(struct buf *buf, size_t n) MUST_CHECK;

/* Drops the first `n` bytes.  n <= buf->len. */
void buf_drop(struct buf *buf, size_t n);

/* Gives memory back when the buffer is empty and holds more than `keep` bytes of room. */
void buf_shrink(struct buf *buf, size_t keep);

static inline str buf_str(const struct buf *buf)
{
    return str_of(buf->at, buf->len);
}
