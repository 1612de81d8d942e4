/*
 * http1: message heads and bodies of HTTP/1.1, both roles, over the llhttp library.  No I/O.
 *
 * Strict, without a lenient mode: one message has one possible boundary or is refused (RFC 9112, and
 * the policy of security.md; the corpus is tests/attacks/h1-cases.jsonl).  Bytes are fed in pieces of
 * any size; the parser keeps the head (bounded), never the body.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "codec/headers.h"

#include <stdint.h>

struct http1_limits {
    size_t line_bytes_max;     /* request line, 16 KiB */
    size_t head_bytes_max;     /* all header fields, 64 KiB */
    size_t field_count_max;    /* 200 */
    size_t trailer_bytes_max;  /* 8 KiB */
    size_t trailer_count_max;  /* 32 */
    size_t chunk_line_bytes_max; /* 1 KiB */
    size_t chunk_overhead_bytes_max; /* framing beyond the payload, 64 KiB */
    uint64_t body_bytes_max;   /* a larger body is refused as soon as that is known */
};

enum http1_role { HTTP1_SERVER, HTTP1_CLIENT };

/* A head that was read.  Views into the parser; valid until http1_next(). */
struct http1_head {
    /* A request. */
    str method; /* one of GET HEAD POST PUT PATCH DELETE OPTIONS */
    str target; /* as sent, without scheme and authority of an absolute form */
    str host;   /* the Host header, "" when absent (HTTP/1.0) */
    bool expects_continue;
    /* An answer. */
    int status;
    /* Both. */
    struct headers headers;
    bool keep_alive;       /* this message allows another one on the connection */
    bool has_body;
    bool is_chunked;
    bool ends_with_close;  /* an answer whose body ends with the connection */
    uint64_t content_length; /* when !is_chunked && !ends_with_close */
};

enum http1_result {
    HTTP1_MORE,  /* all input is used up */
    HTTP1_HEAD,  /* the head is whole: parser->head */
    HTTP1_BODY,  /* *body is the next piece of the body, a view into the input */
    HTTP1_END,   /* the message is whole */
    HTTP1_ERROR, /* refused: parser->error_status and parser->error; the connection must close */
};

struct http1_parser; /* below, so that it can stand in a connection; its fields are private */



void http1_init(struct http1_parser *parser, enum http1_role role,
                const struct http1_limits *limits);
void http1_free(struct http1_parser *parser);

/* Uses up bytes from the front of *input until there is something to tell.  After HTTP1_END it uses
 * nothing until http1_next().  An answer to a HEAD request has no body: say so with
 * http1_expect_no_body() before feeding it.  1xx answers other than 101 are skipped. */
enum http1_result http1_feed(struct http1_parser *parser, str *input, str *body);

/* The connection ended.  HTTP1_END when that ends the message rightly (ends_with_close), HTTP1_MORE
 * when no message had begun, else HTTP1_ERROR. */
enum http1_result http1_feed_end(struct http1_parser *parser);

void http1_expect_no_body(struct http1_parser *parser);

/* Ready for the next message on the connection.  Memory of the head is given back. */
void http1_next(struct http1_parser *parser);

/* True when a byte of a message has been used that is not whole yet. */
bool http1_is_inside(const struct http1_parser *parser);

/* Writers.  Names and values come from us or were checked: a value with CR, LF or NUL is refused
 * with ERR_INVALID and nothing is written. */
enum err http1_write_request_head(struct buf *out, str method, str target, str host,
                                  const struct headers *headers, int64_t body_bytes) MUST_CHECK;
/* `body_bytes` < 0: chunked. */
enum err http1_write_answer_head(struct buf *out, int status, const struct headers *headers,
                                 int64_t body_bytes, bool close) MUST_CHECK;
enum err http1_write_chunk(struct buf *out, str bytes) MUST_CHECK;
enum err http1_write_last_chunk(struct buf *out) MUST_CHECK;

/* "OK", "Not Found", ... */
const char *http1_reason(int status);
