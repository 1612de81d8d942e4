/*
 * mock_answers: the bytes that the mock upstream answers with, made once at start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum format { FORMAT_OPENAI, FORMAT_ANTHROPIC, FORMATS };

/* The bytes of an answer, in the pieces that are sent one at a time. */
struct answer {
    char **piece;
    size_t *len;
    size_t count;
};

/* An event stream with so many pieces of text; one piece of bytes when `joined`. */
struct answer answer_stream(enum format format, int64_t events, bool joined);

/* A whole answer of about so many bytes. */
struct answer answer_whole(enum format format, int64_t bytes);

struct answer answer_json(const char *status, const char *body);
