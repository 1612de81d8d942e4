/* http1_priv: what the files of the HTTP/1 codec share, and nobody else includes. */
#pragma once

#include "codec/http1.h"

enum http1_state {
    HTTP1_AT_START, /* before the first byte of a message */
    HTTP1_IN_HEAD,
    HTTP1_IN_LENGTH, /* a body of known length */
    HTTP1_IN_REST,   /* a body that ends with the connection */
    HTTP1_IN_CHUNK_SIZE,
    HTTP1_IN_CHUNK_EXTENSION,
    HTTP1_IN_CHUNK_DATA,
    HTTP1_AFTER_CHUNK_DATA, /* a CR is due */
    HTTP1_AT_TRAILER_START, /* the first byte of a trailer line */
    HTTP1_IN_TRAILER_NAME,
    HTTP1_IN_TRAILER_VALUE,
    HTTP1_AT_END, /* the message is whole */
    HTTP1_FAILED,
};

/* Records why the message is refused.  Returns false, so that checks can end with it.  `status` is
 * for requests; a refused answer is always the provider's fault, 502. */
bool http1_refuse(struct http1_parser *parser, int status, str error);

/* Reads parser->bytes, a whole head with its empty line, into parser->head.  False: refused. */
bool http1_read_head(struct http1_parser *parser) MUST_CHECK;

/* RFC 9110 5.6.2: a method or a field name. */
bool http1_is_token(str text) MUST_CHECK;
bool http1_is_token_char(char c) MUST_CHECK;

/* RFC 9110 5.5, without CR, LF and other control characters; a tab is allowed. */
bool http1_is_field_text(str text) MUST_CHECK;
bool http1_is_field_char(char c) MUST_CHECK;
