/*
 * The head of a message: llhttp splits it into fields, this file decides what they mean.
 *
 * The start line is read here and not taken from llhttp, because each of its mistakes has a status
 * of its own (400, 501, 505).  llhttp then sees the same bytes and refuses whatever else is wrong:
 * it never meets a bare CR or LF, http1.c has refused those.
 */
#include "codec/http1_priv.h"
#include "codec/url.h"

#include <llhttp.h>

/* Bytes of names and values: one table, two bits. */
enum { IN_TOKEN = BIT(0), IN_TEXT = BIT(1) };

static uint8_t class_of(char c)
{
    static const uint8_t classes[128] = {
        ['\t'] = 2, [' '] = 2, ['!'] = 3, ['"'] = 2, ['#'] = 3, ['$'] = 3,  ['%'] = 3, ['&'] = 3,
        ['\''] = 3, ['('] = 2, [')'] = 2, ['*'] = 3, ['+'] = 3, [','] = 2,  ['-'] = 3, ['.'] = 3,
        ['/'] = 2,  ['0'] = 3, ['1'] = 3, ['2'] = 3, ['3'] = 3, ['4'] = 3,  ['5'] = 3, ['6'] = 3,
        ['7'] = 3,  ['8'] = 3, ['9'] = 3, [':'] = 2, [';'] = 2, ['<'] = 2,  ['='] = 2, ['>'] = 2,
        ['?'] = 2,  ['@'] = 2, ['A'] = 3, ['B'] = 3, ['C'] = 3, ['D'] = 3,  ['E'] = 3, ['F'] = 3,
        ['G'] = 3,  ['H'] = 3, ['I'] = 3, ['J'] = 3, ['K'] = 3, ['L'] = 3,  ['M'] = 3, ['N'] = 3,
        ['O'] = 3,  ['P'] = 3, ['Q'] = 3, ['R'] = 3, ['S'] = 3, ['T'] = 3,  ['U'] = 3, ['V'] = 3,
        ['W'] = 3,  ['X'] = 3, ['Y'] = 3, ['Z'] = 3, ['['] = 2, ['\\'] = 2, [']'] = 2, ['^'] = 3,
        ['_'] = 3,  ['`'] = 3, ['a'] = 3, ['b'] = 3, ['c'] = 3, ['d'] = 3,  ['e'] = 3, ['f'] = 3,
        ['g'] = 3,  ['h'] = 3, ['i'] = 3, ['j'] = 3, ['k'] = 3, ['l'] = 3,  ['m'] = 3, ['n'] = 3,
        ['o'] = 3,  ['p'] = 3, ['q'] = 3, ['r'] = 3, ['s'] = 3, ['t'] = 3,  ['u'] = 3, ['v'] = 3,
        ['w'] = 3,  ['x'] = 3, ['y'] = 3, ['z'] = 3, ['{'] = 2, ['|'] = 3,  ['}'] = 2, ['~'] = 3,
    };
    uint8_t byte = (uint8_t)c;

    return byte < sizeof(classes) ? classes[byte] : IN_TEXT;
}

bool http1_is_token_char(char c)
{
    return (class_of(c) & IN_TOKEN) != 0;
}

bool http1_is_field_char(char c)
{
    return (class_of(c) & IN_TEXT) != 0;
}

bool http1_is_token(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!http1_is_token_char(text.at[i])) {
            return false;
        }
    }
    return text.len > 0;
}

bool http1_is_field_text(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!http1_is_field_char(text.at[i])) {
            return false;
        }
    }
    return true;
}

bool http1_refuse(struct http1_parser *parser, int status, str error)
{
    parser->state = HTTP1_FAILED;
    parser->error_status = parser->role == HTTP1_CLIENT ? 502 : status;
    parser->error = error;
    return false;
}

/* --- Fields: llhttp tells their names and values. --- */

static int on_field_name(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http1_parser *parser = llhttp->data;

    headers_add(&parser->head.headers, &parser->fields, str_of(at, len), STR_NONE);
    return HPE_OK;
}

/* llhttp skips blanks before the value and leaves those behind it. */
static int on_field_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http1_parser *parser = llhttp->data;
    struct headers *headers = &parser->head.headers;

    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
        len--;
    }
    if (headers->count == 0 || headers->at[headers->count - 1].value.at != NULL) {
        return HPE_USER; /* a value in two pieces: only a folded line gives that */
    }
    headers->at[headers->count - 1].value = str_of(at, len);
    return HPE_OK;
}

/* What follows the head is not llhttp's: bodies are read in http1.c. */
static int on_fields_end(llhttp_t *llhttp)
{
    (void)llhttp;
    return HPE_PAUSED;
}

static bool read_fields(struct http1_parser *parser)
{
    static const llhttp_settings_t settings = {
        .on_header_field = on_field_name,
        .on_header_value = on_field_value,
        .on_headers_complete = on_fields_end,
    };
    llhttp_t llhttp;

    llhttp_init(&llhttp, parser->role == HTTP1_SERVER ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    llhttp.data = parser;
    if (llhttp_execute(&llhttp, parser->bytes.at, parser->bytes.len) != HPE_PAUSED) {
        return http1_refuse(parser, 400, STR("the head of the message is malformed"));
    }
    return true;
}

/* The fields that decide about the message. */
enum known { HOST, EXPECT, CONNECTION, AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING, KNOWNS };

struct known_fields {
    size_t count[KNOWNS];
    str first[KNOWNS];
    int minor_version;
};

static void find_known(const struct headers *headers, struct known_fields *known)
{
    static const str names[KNOWNS] = {
        [HOST] = STR_INIT("host"),
        [EXPECT] = STR_INIT("expect"),
        [CONNECTION] = STR_INIT("connection"),
        [AUTHORIZATION] = STR_INIT("authorization"),
        [CONTENT_LENGTH] = STR_INIT("content-length"),
        [TRANSFER_ENCODING] = STR_INIT("transfer-encoding"),
    };

    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        for (size_t k = 0; k < KNOWNS; k++) {
            if (header->name.len != names[k].len || !str_eq_nocase(header->name, names[k])) {
                continue;
            }
            if (known->count[k]++ == 0) {
                known->first[k] = header->value;
            }
        }
    }
}

/* --- What both roles check. --- */

static bool read_keep_alive(const struct http1_parser *parser, const struct known_fields *known)
{
    const struct headers *headers = &parser->head.headers;

    if (known->count[CONNECTION] == 0) {
        return known->minor_version >= 1;
    }
    if (headers_has_token(headers, STR("connection"), STR("close"))) {
        return false;
    }
    return known->minor_version >= 1 ||
           headers_has_token(headers, STR("connection"), STR("keep-alive"));
}

static bool read_content_length(struct http1_parser *parser, const struct known_fields *known)
{
    enum { DIGITS_MAX = 19 };
    str digits = known->first[CONTENT_LENGTH];
    uint64_t length = 0;

    if (known->count[CONTENT_LENGTH] > 1) {
        return http1_refuse(parser, 400, STR("Content-Length stands twice"));
    }
    if (digits.len > DIGITS_MAX || !str_to_uint(digits, UINT64_MAX, &length)) {
        return http1_refuse(parser, 400, STR("Content-Length is not a number"));
    }
    parser->head.content_length = length;
    parser->head.has_body = length > 0;
    return true;
}

/* Where the body ends; the same for both roles, so that a proxied message cannot change its shape.
 */
static bool read_framing(struct http1_parser *parser, const struct known_fields *known)
{
    if (known->count[TRANSFER_ENCODING] == 0) {
        return known->count[CONTENT_LENGTH] == 0 || read_content_length(parser, known);
    }
    if (known->count[CONTENT_LENGTH] > 0) {
        return http1_refuse(parser, 400,
                            STR("Content-Length and Transfer-Encoding exclude each other"));
    }
    if (known->minor_version == 0) {
        return http1_refuse(parser, 400, STR("HTTP/1.0 has no Transfer-Encoding"));
    }
    if (known->count[TRANSFER_ENCODING] > 1 ||
        !str_eq_nocase(known->first[TRANSFER_ENCODING], STR("chunked"))) {
        return http1_refuse(parser, 400, STR("the only Transfer-Encoding there is is chunked"));
    }
    parser->head.is_chunked = true;
    parser->head.has_body = true;
    return true;
}

/* 0 or 1, -1 when it is another HTTP, -2 when it is none. */
static int read_version(str text)
{
    enum { VERSION_BYTES = 8 };

    if (text.len != VERSION_BYTES || !str_has_prefix(text, STR("HTTP/")) || text.at[6] != '.' ||
        text.at[5] < '0' || text.at[5] > '9' || text.at[7] < '0' || text.at[7] > '9') {
        return -2;
    }
    return text.at[5] == '1' && text.at[7] <= '1' ? text.at[7] - '0' : -1;
}

/* --- Requests. --- */

static bool is_known_method(str method)
{
    static const str methods[] = {
        STR_INIT("POST"),  STR_INIT("GET"),    STR_INIT("HEAD"),    STR_INIT("PUT"),
        STR_INIT("PATCH"), STR_INIT("DELETE"), STR_INIT("OPTIONS"),
    };

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_eq(method, methods[i])) {
            return true;
        }
    }
    return false;
}

/* Takes scheme and authority off an absolute target: they replace Host (RFC 9112 3.2.2). */
static bool read_absolute_target(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    size_t scheme_end = str_find(head->target, STR("://"));
    str scheme = str_take(head->target, scheme_end);
    str rest = str_skip(head->target, scheme_end + 3);
    size_t path_at = str_find_char(str_take(rest, str_find_char(rest, '?')), '/');

    if (!str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https"))) {
        return http1_refuse(parser, 400, STR("the request target is no path"));
    }
    head->host = str_take(rest, path_at);
    head->target = path_at < rest.len ? str_skip(rest, path_at) : STR("/");
    if (head->host.len == 0 || !url_is_authority(head->host)) {
        return http1_refuse(parser, 400, STR("the host in the request target is malformed"));
    }
    return true;
}

static bool read_target(struct http1_parser *parser)
{
    if (!str_has_prefix(parser->head.target, STR("/")) && !read_absolute_target(parser)) {
        return false;
    }
    if (!url_is_target(parser->head.target)) {
        return http1_refuse(parser, 400, STR("the request target is malformed"));
    }
    return true;
}

static bool read_request_line(struct http1_parser *parser, str line, struct known_fields *known)
{
    str rest = line;
    str method = str_split(&rest, ' ');
    str target = str_split(&rest, ' ');

    known->minor_version = read_version(rest);
    if (known->minor_version < -1 || target.len == 0 || !http1_is_token(method)) {
        return http1_refuse(parser, 400, STR("the request line is malformed"));
    }
    if (known->minor_version < 0) {
        return http1_refuse(parser, 505, STR("this server speaks HTTP/1.1 and HTTP/1.0 here"));
    }
    if (!is_known_method(method)) {
        return http1_refuse(parser, 501, STR("the request method is not known"));
    }
    parser->head.method = method;
    parser->head.target = target;
    return read_target(parser);
}

static bool check_host(struct http1_parser *parser, const struct known_fields *known)
{
    if (known->count[HOST] > 1) {
        return http1_refuse(parser, 400, STR("Host stands twice"));
    }
    if (known->count[HOST] == 0 && known->minor_version >= 1) {
        return http1_refuse(parser, 400, STR("Host is missing"));
    }
    if (!url_is_authority(known->first[HOST])) {
        return http1_refuse(parser, 400, STR("Host is malformed"));
    }
    if (parser->head.host.len == 0) {
        parser->head.host = known->first[HOST];
    }
    return true;
}

static bool read_expect(struct http1_parser *parser, const struct known_fields *known)
{
    struct http1_head *head = &parser->head;

    if (known->count[EXPECT] == 0) {
        return true;
    }
    if (known->count[EXPECT] > 1 || !str_eq_nocase(known->first[EXPECT], STR("100-continue"))) {
        return http1_refuse(parser, 417, STR("the only expectation there is is 100-continue"));
    }
    head->expects_continue = head->has_body && known->minor_version >= 1;
    return true;
}

static bool read_request(struct http1_parser *parser, str line, struct known_fields *known)
{
    if (!read_request_line(parser, line, known) || !read_fields(parser)) {
        return false;
    }
    find_known(&parser->head.headers, known);
    parser->head.minor = known->minor_version >= 1 ? 1 : 0;
    if (!check_host(parser, known) || !read_framing(parser, known) || !read_expect(parser, known)) {
        return false;
    }
    if (known->count[AUTHORIZATION] > 1) {
        return http1_refuse(parser, 400, STR("Authorization stands twice"));
    }
    if (!parser->head.is_chunked && parser->head.content_length > parser->limits.body_bytes_max) {
        return http1_refuse(parser, 413, STR("the request body is too large"));
    }
    return true;
}

/* --- Answers. --- */

static bool read_status_line(struct http1_parser *parser, str line, struct known_fields *known)
{
    enum { STATUS_AT = 9, REASON_AT = 12 };
    uint64_t status = 0;
    bool is_whole = line.len == REASON_AT || (line.len > REASON_AT && line.at[REASON_AT] == ' ');

    known->minor_version = read_version(str_take(line, STATUS_AT - 1));
    if (known->minor_version < 0 || !is_whole || line.at[STATUS_AT - 1] != ' ' ||
        !str_to_uint(str_of(line.at + STATUS_AT, 3), 599, &status) || status < 100 ||
        !http1_is_field_text(line)) {
        return http1_refuse(parser, 502, STR("the status line is malformed"));
    }
    parser->head.status = (int)status;
    return true;
}

static bool read_answer(struct http1_parser *parser, str line, struct known_fields *known)
{
    struct http1_head *head = &parser->head;

    if (!read_status_line(parser, line, known) || !read_fields(parser)) {
        return false;
    }
    if (head->status == 101) {
        return http1_refuse(parser, 502, STR("the answer switches to another protocol"));
    }
    find_known(&head->headers, known);
    if (!read_framing(parser, known)) {
        return false;
    }
    if (parser->expects_no_body || head->status < 200 || head->status == 204 ||
        head->status == 304) {
        head->has_body = false;
        head->is_chunked = false;
        head->content_length = 0;
        return true;
    }
    if (known->count[TRANSFER_ENCODING] == 0 && known->count[CONTENT_LENGTH] == 0) {
        head->has_body = true;
        head->ends_with_close = true;
    }
    if (head->content_length > parser->limits.body_bytes_max) {
        return http1_refuse(parser, 502, STR("the answer's body is too large"));
    }
    return true;
}

bool http1_read_head(struct http1_parser *parser)
{
    struct known_fields known = {0};
    str line = str_take(buf_str(&parser->bytes), parser->first_line_bytes - 2);

    parser->head = (struct http1_head){0};
    bool is_read = parser->role == HTTP1_SERVER ? read_request(parser, line, &known)
                                                : read_answer(parser, line, &known);
    if (!is_read) {
        return false;
    }
    parser->head.keep_alive = !parser->head.ends_with_close && read_keep_alive(parser, &known);
    return true;
}
