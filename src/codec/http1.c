/*
 * The parser as a machine: heads are gathered line by line, bodies are cut out of the input.
 *
 * Lines and limits are checked while bytes arrive, before anything is parsed, so that what is too
 * long or was never HTTP is refused before it is kept.  A line ends with CR LF; an LF alone is
 * refused here, a CR alone with the line it stands in, as a control character.  So a line means the
 * same to whoever reads it.
 *
 * Chunked bodies have a decoder of our own like heads do: it bounds what libraries leave open
 * (digits of a size, bytes of a chunk line, framing beyond the payload, trailers), and the whole
 * boundary of a message is decided by one machine.
 */
#include "codec/http1_priv.h"

enum {
    INFORMATIONAL_MAX = 32,
    SIZE_DIGITS_MAX = 8,
    CHUNK_FRAME_BYTES = 4, /* the two line ends of a chunk */
};

void http1_init(struct http1_parser *parser, enum http1_role role,
                const struct http1_limits *limits)
{
    *parser = (struct http1_parser){.role = role, .limits = *limits};
    buf_init(&parser->bytes, limits->line_bytes_max + limits->head_bytes_max + 8);
}

void http1_free(struct http1_parser *parser)
{
    buf_free(&parser->bytes);
    arena_reset(&parser->fields);
}

void http1_next(struct http1_parser *parser)
{
    http1_free(parser);
    *parser = (struct http1_parser){
        .role = parser->role, .limits = parser->limits, .bytes = parser->bytes};
}

void http1_expect_no_body(struct http1_parser *parser)
{
    assert(parser->role == HTTP1_CLIENT);
    parser->expects_no_body = true;
}

bool http1_is_inside(const struct http1_parser *parser)
{
    return parser->state != HTTP1_AT_START && parser->state != HTTP1_AT_END &&
           parser->state != HTTP1_FAILED;
}

static enum http1_result fail(struct http1_parser *parser, int status, str error)
{
    (void)http1_refuse(parser, status, error);
    return HTTP1_ERROR;
}

/* --- The head. --- */

/* The bytes of the line so far and of the head, `head_bytes`, against the limits. */
static bool check_size(struct http1_parser *parser, size_t head_bytes)
{
    size_t fields_bytes = head_bytes - parser->first_line_bytes;
    size_t fields = parser->line_count + (parser->line_bytes > 2 ? 1 : 0);

    if (parser->line_count == 0) {
        return parser->line_bytes <= parser->limits.line_bytes_max + 2 ||
               http1_refuse(parser, 414, STR("the first line is too long"));
    }
    if (fields_bytes > parser->limits.head_bytes_max) {
        return http1_refuse(parser, 431, STR("the header fields are too large"));
    }
    return fields - 1 <= parser->limits.field_count_max ||
           http1_refuse(parser, 431, STR("there are too many header fields"));
}

/* `piece` is what the input holds of a line: up to and with its LF, or all there is.  The first
 * byte of a line tells folded lines and what was never HTTP. */
static bool check_piece(struct http1_parser *parser, str piece)
{
    bool ends = piece.at[piece.len - 1] == '\n';
    bool after_cr = piece.len > 1 ? piece.at[piece.len - 2] == '\r' : parser->after_cr;

    if (ends && !after_cr) {
        return http1_refuse(parser, 400, STR("a line does not end with CR LF"));
    }
    if (parser->line_bytes == 0 && piece.at[0] != '\r' && !http1_is_token_char(piece.at[0])) {
        return http1_refuse(parser, 400, STR("a line of the head begins with a wrong character"));
    }
    parser->after_cr = piece.at[piece.len - 1] == '\r';
    parser->line_bytes += piece.len;
    return true;
}

/* An empty line before a request is let through once: old clients end a body with one. */
static bool skip_empty_line(struct http1_parser *parser)
{
    if (parser->role == HTTP1_CLIENT || parser->skipped_line) {
        return http1_refuse(parser, 400, STR("the message begins with an empty line"));
    }
    parser->skipped_line = true;
    buf_free(&parser->bytes);
    parser->state = HTTP1_AT_START;
    return true;
}

/* A line ended; `head_bytes` with it.  True in *is_whole after the empty one that ends the head. */
static bool end_line(struct http1_parser *parser, size_t head_bytes, bool *is_whole)
{
    bool is_empty = parser->line_bytes == 2;

    parser->line_bytes = 0;
    if (is_empty && parser->line_count == 0) {
        return skip_empty_line(parser);
    }
    if (parser->line_count++ == 0) {
        parser->first_line_bytes = head_bytes;
    }
    *is_whole = is_empty;
    return true;
}

/* Moves bytes of the head from the front of *input into parser->bytes, up to its end if that is
 * there. Nothing is kept before it was checked against the limits. */
static bool take_lines(struct http1_parser *parser, str *input, bool *is_whole)
{
    size_t used = 0;

    while (used < input->len && !*is_whole) {
        str rest = str_of(input->at + used, input->len - used);
        const char *lf = memchr(rest.at, '\n', rest.len);
        str piece = str_take(rest, lf != NULL ? (size_t)(lf - rest.at) + 1 : rest.len);
        used += piece.len;
        parser->state = HTTP1_IN_HEAD;
        if (!check_piece(parser, piece) || !check_size(parser, parser->bytes.len + used)) {
            return false;
        }
        if (lf != NULL && !end_line(parser, parser->bytes.len + used, is_whole)) {
            return false;
        }
        if (parser->state == HTTP1_AT_START) { /* the line was skipped */
            *input = str_skip(*input, used);
            used = 0;
        }
    }
    if (used > 0 && buf_add(&parser->bytes, str_take(*input, used)) != ERR_OK) {
        return http1_refuse(parser, 431, STR("the head of the message is too large"));
    }
    *input = str_skip(*input, used);
    return true;
}

static uint8_t body_state(const struct http1_head *head)
{
    if (!head->has_body) {
        return HTTP1_AT_END;
    }
    if (head->is_chunked) {
        return HTTP1_IN_CHUNK_SIZE;
    }
    return head->ends_with_close ? HTTP1_IN_REST : HTTP1_IN_LENGTH;
}

/* A 1xx answer was read: the real one follows. */
static bool skip_informational(struct http1_parser *parser)
{
    uint8_t count = parser->informational_count;
    bool expects_no_body = parser->expects_no_body;

    if (count == INFORMATIONAL_MAX) {
        return http1_refuse(parser, 502, STR("too many interim answers"));
    }
    http1_next(parser);
    parser->informational_count = (uint8_t)(count + 1);
    parser->expects_no_body = expects_no_body;
    parser->state = HTTP1_IN_HEAD; /* the exchange has begun */
    return true;
}

static enum http1_result take_head(struct http1_parser *parser, str *input)
{
    while (input->len > 0) {
        bool is_whole = false;
        if (!take_lines(parser, input, &is_whole)) {
            return HTTP1_ERROR;
        }
        if (!is_whole) {
            break;
        }
        if (!http1_read_head(parser)) {
            return HTTP1_ERROR;
        }
        if (parser->role == HTTP1_SERVER || parser->head.status >= 200) {
            parser->state = body_state(&parser->head);
            parser->left_bytes = parser->head.content_length;
            parser->line_count = 0;
            return HTTP1_HEAD;
        }
        if (!skip_informational(parser)) {
            return HTTP1_ERROR;
        }
    }
    return HTTP1_MORE;
}

/* --- Bodies. --- */

/* Gives the next piece of at most parser->left_bytes. */
static enum http1_result give_piece(struct http1_parser *parser, str *input, str *body)
{
    *body = str_take(*input, parser->left_bytes);
    *input = str_skip(*input, body->len);
    parser->left_bytes -= body->len;
    return HTTP1_BODY;
}

static enum http1_result take_length(struct http1_parser *parser, str *input, str *body)
{
    if (input->len == 0) {
        return HTTP1_MORE;
    }
    enum http1_result result = give_piece(parser, input, body);
    if (parser->left_bytes == 0) {
        parser->state = HTTP1_AT_END;
    }
    return result;
}

static enum http1_result take_rest(struct http1_parser *parser, str *input, str *body)
{
    if (input->len == 0) {
        return HTTP1_MORE;
    }
    if (input->len > parser->limits.body_bytes_max - parser->body_bytes) {
        return fail(parser, 413, STR("the body is too large"));
    }
    parser->body_bytes += input->len;
    parser->left_bytes = input->len;
    return give_piece(parser, input, body);
}

/* --- Chunks: one byte at a time between the payloads. --- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The chunk line is whole and parser->left_bytes is the size. */
static bool begin_chunk(struct http1_parser *parser)
{
    parser->overhead_bytes += parser->line_bytes + CHUNK_FRAME_BYTES;
    parser->line_bytes = 0;
    parser->size_digits = 0;
    if (parser->left_bytes == 0) {
        parser->state = HTTP1_AT_TRAILER_START;
        return true;
    }
    if (parser->left_bytes > parser->limits.body_bytes_max - parser->body_bytes) {
        return http1_refuse(parser, 413, STR("the body is too large"));
    }
    parser->body_bytes += parser->left_bytes;
    if (parser->overhead_bytes > parser->limits.chunk_overhead_bytes_max + parser->body_bytes) {
        return http1_refuse(parser, 400, STR("the chunks are too small"));
    }
    parser->state = HTTP1_IN_CHUNK_DATA;
    return true;
}

static bool take_size_byte(struct http1_parser *parser, char c)
{
    int digit = hex_value(c);

    if (digit >= 0 && parser->size_digits < SIZE_DIGITS_MAX) {
        parser->left_bytes = parser->left_bytes * 16 + (uint64_t)digit;
        parser->size_digits++;
        return true;
    }
    if (c == ';' && parser->size_digits > 0) {
        parser->state = HTTP1_IN_CHUNK_EXTENSION;
        return true;
    }
    return http1_refuse(parser, 400, STR("a chunk size is malformed"));
}

static bool take_trailer_start(struct http1_parser *parser, char c)
{
    if (!http1_is_token_char(c)) {
        return http1_refuse(parser, 400, STR("a trailer field is malformed"));
    }
    parser->state = HTTP1_IN_TRAILER_NAME;
    return true;
}

static bool take_trailer_name(struct http1_parser *parser, char c)
{
    if (c == ':') {
        parser->state = HTTP1_IN_TRAILER_VALUE;
        return true;
    }
    return http1_is_token_char(c) || http1_refuse(parser, 400, STR("a trailer field is malformed"));
}

/* A byte of a chunk line or a trailer line that is neither CR nor LF. */
static bool take_line_byte(struct http1_parser *parser, char c)
{
    bool is_trailer =
        parser->state != HTTP1_IN_CHUNK_SIZE && parser->state != HTTP1_IN_CHUNK_EXTENSION;

    parser->line_bytes++;
    if (!is_trailer && parser->line_bytes > parser->limits.chunk_line_bytes_max) {
        return http1_refuse(parser, 400, STR("a chunk line is too long"));
    }
    if (is_trailer && ++parser->trailer_bytes > parser->limits.trailer_bytes_max) {
        return http1_refuse(parser, 431, STR("the trailer fields are too large"));
    }
    switch ((enum http1_state)parser->state) {
    case HTTP1_IN_CHUNK_SIZE:
        return take_size_byte(parser, c);
    case HTTP1_AT_TRAILER_START:
        return take_trailer_start(parser, c);
    case HTTP1_IN_TRAILER_NAME:
        return take_trailer_name(parser, c);
    case HTTP1_IN_CHUNK_EXTENSION:
    case HTTP1_IN_TRAILER_VALUE:
        return http1_is_field_char(c) ||
               http1_refuse(parser, 400, STR("a control character stands in a chunk line"));
    case HTTP1_AFTER_CHUNK_DATA:
        return http1_refuse(parser, 400, STR("a chunk is longer than its size"));
    case HTTP1_AT_START:
    case HTTP1_IN_HEAD:
    case HTTP1_IN_LENGTH:
    case HTTP1_IN_REST:
    case HTTP1_IN_CHUNK_DATA:
    case HTTP1_AT_END:
    case HTTP1_FAILED:
        break;
    }
    assert(false);
    return false;
}

/* CR LF was read. */
static bool take_line_end(struct http1_parser *parser)
{
    bool is_size = parser->state == HTTP1_IN_CHUNK_SIZE && parser->size_digits > 0;

    if (is_size || parser->state == HTTP1_IN_CHUNK_EXTENSION) {
        return begin_chunk(parser);
    }
    if (parser->state == HTTP1_AFTER_CHUNK_DATA) {
        parser->state = HTTP1_IN_CHUNK_SIZE;
        return true;
    }
    if (parser->state == HTTP1_AT_TRAILER_START) {
        parser->state = HTTP1_AT_END;
        return true;
    }
    if (parser->state != HTTP1_IN_TRAILER_VALUE) {
        return http1_refuse(parser, 400, STR("a chunk line or trailer field is malformed"));
    }
    if (++parser->line_count > parser->limits.trailer_count_max) {
        return http1_refuse(parser, 431, STR("there are too many trailer fields"));
    }
    parser->line_bytes = 0;
    parser->state = HTTP1_AT_TRAILER_START;
    return true;
}

static bool take_framing_byte(struct http1_parser *parser, char c)
{
    if (parser->after_cr != (c == '\n')) {
        return http1_refuse(parser, 400, STR("a chunk line does not end with CR LF"));
    }
    if (c == '\n') {
        parser->after_cr = false;
        return take_line_end(parser);
    }
    parser->after_cr = c == '\r';
    return parser->after_cr || take_line_byte(parser, c);
}

static enum http1_result take_chunks(struct http1_parser *parser, str *input, str *body)
{
    while (input->len > 0) {
        if (parser->state == HTTP1_IN_CHUNK_DATA) {
            enum http1_result result = give_piece(parser, input, body);
            if (parser->left_bytes == 0) {
                parser->state = HTTP1_AFTER_CHUNK_DATA;
            }
            return result;
        }
        if (!take_framing_byte(parser, input->at[0])) {
            return HTTP1_ERROR;
        }
        *input = str_skip(*input, 1);
        if (parser->state == HTTP1_AT_END) {
            return HTTP1_END;
        }
    }
    return HTTP1_MORE;
}

enum http1_result http1_feed(struct http1_parser *parser, str *input, str *body)
{
    switch ((enum http1_state)parser->state) {
    case HTTP1_AT_START:
    case HTTP1_IN_HEAD:
        return take_head(parser, input);
    case HTTP1_IN_LENGTH:
        return take_length(parser, input, body);
    case HTTP1_IN_REST:
        return take_rest(parser, input, body);
    case HTTP1_IN_CHUNK_SIZE:
    case HTTP1_IN_CHUNK_EXTENSION:
    case HTTP1_IN_CHUNK_DATA:
    case HTTP1_AFTER_CHUNK_DATA:
    case HTTP1_AT_TRAILER_START:
    case HTTP1_IN_TRAILER_NAME:
    case HTTP1_IN_TRAILER_VALUE:
        return take_chunks(parser, input, body);
    case HTTP1_AT_END:
        return HTTP1_END;
    case HTTP1_FAILED:
        break;
    }
    return HTTP1_ERROR;
}

enum http1_result http1_feed_end(struct http1_parser *parser)
{
    switch ((enum http1_state)parser->state) {
    case HTTP1_AT_START:
        return HTTP1_MORE;
    case HTTP1_IN_REST:
        parser->state = HTTP1_AT_END;
        return HTTP1_END;
    case HTTP1_AT_END:
        return HTTP1_END;
    case HTTP1_FAILED:
        return HTTP1_ERROR;
    case HTTP1_IN_HEAD:
    case HTTP1_IN_LENGTH:
    case HTTP1_IN_CHUNK_SIZE:
    case HTTP1_IN_CHUNK_EXTENSION:
    case HTTP1_IN_CHUNK_DATA:
    case HTTP1_AFTER_CHUNK_DATA:
    case HTTP1_AT_TRAILER_START:
    case HTTP1_IN_TRAILER_NAME:
    case HTTP1_IN_TRAILER_VALUE:
        break;
    }
    return fail(parser, 400, STR("the connection ended inside the message"));
}
