/*
 * http1: message heads and bodies of HTTP/1.1, both roles.  No I/O.
 *
 * Strict, without a lenient mode: one message has one possible boundary or is refused (RFC 9112;
 * where it leaves a choice, the stricter one; the corpus is tests/attacks/h1-cases.jsonl).  Bytes
 * are fed in pieces of any size; the parser keeps the head (bounded), never the body.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "codec/headers.h"

#include <stdint.h>

struct http1_limits {
    size_t line_bytes_max;           /* request line, 16 KiB */
    size_t head_bytes_max;           /* all header fields, 64 KiB */
    size_t field_count_max;          /* 200 */
    size_t trailer_bytes_max;        /* 8 KiB */
    size_t trailer_count_max;        /* 32 */
    size_t chunk_line_bytes_max;     /* 1 KiB */
    size_t chunk_overhead_bytes_max; /* framing beyond the payload, 64 KiB */
    uint64_t body_bytes_max;         /* a larger body is refused as soon as that is known */
};

enum http1_role { HTTP1_SERVER, HTTP1_CLIENT };

/* A head that was read.  Views into the parser; valid until http1_next(). */
struct http1_head {
    /* A request. */
    str method; /* one of GET HEAD POST PUT PATCH DELETE OPTIONS */
    str target; /* as sent, without scheme and authority of an absolute form; begins with '/' */
    str host;  /* the authority of an absolute target, else the Host header; "" when absent (1.0) */
    int minor; /* HTTP/1.<minor>, 0 or 1 */
    bool expects_continue; /* and has a body; an interim answer is due unless the body has begun */
    /* An answer. */
    int status;
    /* Both. */
    struct headers headers;
    bool keep_alive; /* this message allows another one on the connection */
    bool has_body;
    bool is_chunked;
    bool ends_with_close;    /* an answer whose body ends with the connection */
    uint64_t content_length; /* when !is_chunked && !ends_with_close */
};

enum http1_result {
    HTTP1_MORE,  /* all input is used up */
    HTTP1_HEAD,  /* the head is whole: parser->head */
    HTTP1_BODY,  /* *body is the next piece of the body, a view into the input */
    HTTP1_END,   /* the message is whole */
    HTTP1_ERROR, /* refused: parser->error_status and parser->error; the connection must close */
};

/* Stands in a connection and is small, so that an idle connection is. */
struct http1_parser {
    struct http1_head head; /* after HTTP1_HEAD */
    int error_status;       /* after HTTP1_ERROR: for the client's answer; 502 in an answer */
    str error;              /* after HTTP1_ERROR: a literal, in words */

    /* Private. */
    struct http1_limits limits;
    enum http1_role role;
    uint8_t state;
    bool after_cr;     /* the last byte was a CR: only an LF may follow */
    bool skipped_line; /* an empty line before the request line was let through */
    bool expects_no_body;
    uint8_t informational_count; /* 1xx answers skipped */
    uint8_t size_digits;         /* of the chunk line being read */
    struct buf bytes;            /* the head as it came; owned */
    struct arena fields;         /* the array behind head.headers; owned */
    size_t line_bytes;           /* of the line being read */
    size_t line_count;           /* whole lines of this head or these trailers */
    size_t first_line_bytes;     /* with its line end */
    size_t trailer_bytes;
    uint64_t left_bytes;     /* of the body, or of the chunk */
    uint64_t body_bytes;     /* of the body so far, announced chunks included */
    uint64_t overhead_bytes; /* chunk framing so far */
};

/* `limits` are copied. */
void http1_init(struct http1_parser *parser, enum http1_role role,
                const struct http1_limits *limits);
void http1_free(struct http1_parser *parser);

/* Uses up bytes from the front of *input until there is something to tell.  Call it again, with an
 * empty input too, until it says HTTP1_MORE, HTTP1_END or HTTP1_ERROR; after the last two it uses
 * nothing (until http1_next(), for HTTP1_END).  An answer to a HEAD request has no body: say so
 * with http1_expect_no_body() before feeding it.  1xx answers other than 101 are skipped. */
enum http1_result http1_feed(struct http1_parser *parser, str *input, str *body);

/* The connection ended.  HTTP1_END when that ends the message rightly (ends_with_close), HTTP1_MORE
 * when no message had begun, else HTTP1_ERROR. */
enum http1_result http1_feed_end(struct http1_parser *parser);

void http1_expect_no_body(struct http1_parser *parser);

/* Ready for the next message on the connection.  Memory of the head is given back. */
void http1_next(struct http1_parser *parser);

/* True when a byte of a message has been used that is not whole yet. */
bool http1_is_inside(const struct http1_parser *parser);

enum { HTTP1_CHUNKED = -1, HTTP1_UNTIL_CLOSE = -2 };

/* Writers.  They add to `out` or, on failure, leave it as it was: ERR_TOO_BIG past its limit,
 * ERR_INVALID when a name is no token or a value holds a control character other than a tab, so
 * that nobody can write a line of their own.  `headers` come without Content-Length,
 * Transfer-Encoding and (answers) Connection.  `body_bytes` may be HTTP1_CHUNKED or, in an
 * answer, HTTP1_UNTIL_CLOSE.  Where 0 goes without saying (a GET, HEAD, DELETE or OPTIONS; a 1xx,
 * 204 or 304 answer) no length is written. */
enum err http1_write_request_head(struct buf *out, str method, str target, str host,
                                  const struct headers *headers, int64_t body_bytes) MUST_CHECK;
enum err http1_write_answer_head(struct buf *out, int status, const struct headers *headers,
                                 int64_t body_bytes, bool close) MUST_CHECK;

/* A chunk is its head, `bytes` bytes of the body and HTTP1_CHUNK_END; HTTP1_LAST_CHUNK ends the
 * body. The head is made in `room`; `bytes` > 0, since an empty chunk would end the body. */
enum { HTTP1_CHUNK_HEAD_BYTES_MAX = 18 };
str http1_chunk_head(size_t bytes, char room[HTTP1_CHUNK_HEAD_BYTES_MAX]);
#define HTTP1_CHUNK_END STR("\r\n")
#define HTTP1_LAST_CHUNK STR("0\r\n\r\n")

/* "OK", "Not Found", ... */
const char *http1_reason(int status); /* "Unknown" for others */
