/*
 * frames: AWS event messages written down as text, so that people can read and change them.
 *
 * One message a line: its `:message-type`, its `:event-type` (or `:exception-type`, or
 * `:error-code` and the payload as `:error-message`), and its payload, with blanks between.
 */
#pragma once

#include "base/arena.h"
#include "codec/eventstream.h"

/* The next message of the text as its bytes, behind *out. */
static inline enum err frames_add(struct buf *out, str line)
{
    str type = str_split(&line, ' ');
    str word = str_split(&line, ' ');
    bool is_error = str_eq(type, STR("error"));
    str name = STR(":event-type");

    if (is_error) {
        name = STR(":error-code");
    } else if (str_eq(type, STR("exception"))) {
        name = STR(":exception-type");
    }
    const struct eventstream_header headers[] = {
        {name, word},
        {STR(":content-type"), STR("application/json")},
        {STR(":message-type"), type},
        {STR(":error-message"), line},
    };
    return eventstream_write(out, headers, is_error ? 4 : 3, is_error ? STR_NONE : line);
}

/* All messages of the text; empty lines are none.  at == NULL when they do not fit. */
static inline str frames_of(struct arena *arena, str text)
{
    struct buf out;
    enum err err = ERR_OK;

    buf_init(&out, 64 << 20);
    while (text.len > 0 && err == ERR_OK) {
        str line = str_split(&text, '\n');
        err = line.len > 0 ? frames_add(&out, line) : ERR_OK;
    }
    str bytes = err == ERR_OK ? arena_copy(arena, buf_str(&out)) : STR_NONE;
    buf_free(&out);
    return bytes;
}
