/* The attack corpora: lines of JSON whose bytes are base64. */
#pragma once

#include "codec/json.h"

#include "test.h"

static inline int corpus_base64_value(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* The bytes that base64 text stands for. */
static inline str corpus_decode(struct arena *arena, str text)
{
    char *bytes = (char *)arena_take(arena, text.len + 1);
    size_t len = 0;
    unsigned bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < text.len && text.at[i] != '='; i++) {
        int value = corpus_base64_value(text.at[i]);
        if (value < 0) {
            fail_msg("no base64: \"" STR_FMT "\"", STR_ARG(str_take(text, 40)));
        }
        bits = (bits << 6 | (unsigned)value) & 0xffffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[len++] = (char)(bits >> count & 0xff);
        }
    }
    return str_of(bytes, len);
}

/* The next line of the file as a value, NULL at its end. */
static inline json *corpus_next(struct arena *arena, str *file)
{
    str line = str_split(file, '\n');
    json *value = NULL;
    struct fault fault = {0};

    if (line.len == 0) {
        return NULL;
    }
    if (json_read(arena, line, &value, &fault) != ERR_OK) {
        fail_msg("a line of the corpus is no JSON: " STR_FMT, STR_ARG(fault.message));
    }
    return value;
}

/* `text` with every `from` replaced. */
static inline str corpus_replace(struct arena *arena, str text, str from, str to)
{
    for (;;) {
        size_t at = str_find(text, from);
        if (at == text.len) {
            return text;
        }
        str rest = str_skip(text, at + from.len);
        size_t len = at + to.len + rest.len;
        char *bytes = (char *)arena_take(arena, len + 1);
        memcpy(bytes, text.at, at);
        memcpy(bytes + at, to.at, to.len);
        if (rest.len > 0) {
            memcpy(bytes + at + to.len, rest.at, rest.len);
        }
        text = str_of(bytes, len);
    }
}
