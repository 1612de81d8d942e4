/*
 * The head of a message: splits it into fields and decides what they mean.
 *
 * No library does this for us: llhttp took 1.5 us for a head of 500 bytes, several times of what
 * this file takes, and would still leave all the decisions here.  fuzz_http1 asks it for a second
 * opinion.
 */
#include "codec/http1_priv.h"
#include "codec/url.h"

/* Bytes of names and values: one table, two bits. */
enum { IN_TOKEN = BIT(0), IN_TEXT = BIT(1) };

/* What is not ASCII may stand in a value. */
static const uint8_t classes[256] = {
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
    [128] = 2,  [129] = 2, [130] = 2, [131] = 2, [132] = 2, [133] = 2,  [134] = 2, [135] = 2,
    [136] = 2,  [137] = 2, [138] = 2, [139] = 2, [140] = 2, [141] = 2,  [142] = 2, [143] = 2,
    [144] = 2,  [145] = 2, [146] = 2, [147] = 2, [148] = 2, [149] = 2,  [150] = 2, [151] = 2,
    [152] = 2,  [153] = 2, [154] = 2, [155] = 2, [156] = 2, [157] = 2,  [158] = 2, [159] = 2,
    [160] = 2,  [161] = 2, [162] = 2, [163] = 2, [164] = 2, [165] = 2,  [166] = 2, [167] = 2,
    [168] = 2,  [169] = 2, [170] = 2, [171] = 2, [172] = 2, [173] = 2,  [174] = 2, [175] = 2,
    [176] = 2,  [177] = 2, [178] = 2, [179] = 2, [180] = 2, [181] = 2,  [182] = 2, [183] = 2,
    [184] = 2,  [185] = 2, [186] = 2, [187] = 2, [188] = 2, [189] = 2,  [190] = 2, [191] = 2,
    [192] = 2,  [193] = 2, [194] = 2, [195] = 2, [196] = 2, [197] = 2,  [198] = 2, [199] = 2,
    [200] = 2,  [201] = 2, [202] = 2, [203] = 2, [204] = 2, [205] = 2,  [206] = 2, [207] = 2,
    [208] = 2,  [209] = 2, [210] = 2, [211] = 2, [212] = 2, [213] = 2,  [214] = 2, [215] = 2,
    [216] = 2,  [217] = 2, [218] = 2, [219] = 2, [220] = 2, [221] = 2,  [222] = 2, [223] = 2,
    [224] = 2,  [225] = 2, [226] = 2, [227] = 2, [228] = 2, [229] = 2,  [230] = 2, [231] = 2,
    [232] = 2,  [233] = 2, [234] = 2, [235] = 2, [236] = 2, [237] = 2,  [238] = 2, [239] = 2,
    [240] = 2,  [241] = 2, [242] = 2, [243] = 2, [244] = 2, [245] = 2,  [246] = 2, [247] = 2,
    [248] = 2,  [249] = 2, [250] = 2, [251] = 2, [252] = 2, [253] = 2,  [254] = 2, [255] = 2,
};

bool http1_is_token_char(char c)
{
    return (classes[(uint8_t)c] & IN_TOKEN) != 0;
}

bool http1_is_field_char(char c)
{
    return (classes[(uint8_t)c] & IN_TEXT) != 0;
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

/* Eight bytes at once: a bit in each that is a control character, tabs too. */
static uint64_t control_bits(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t tops = 0x8080808080808080U;
    uint64_t delete = word ^ ones * 0x7f;

    return (((word - ones * 0x20) & ~word) | ((delete - ones) & ~delete)) & tops;
}

bool http1_is_field_text(str text)
{
    size_t i = 0;

    for (; i + sizeof(uint64_t) <= text.len; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, text.at + i, sizeof(word));
        if (control_bits(word) != 0) {
            break;
        }
    }
    for (; i < text.len; i++) {
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

/* --- Fields. --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static str trim_blanks(str text)
{
    while (text.len > 0 && is_blank(text.at[0])) {
        text = str_skip(text, 1);
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* A name, a colon directly behind it, a value. */
static bool read_field(struct http1_parser *parser, str line)
{
    size_t colon = 0;

    while (colon < line.len && http1_is_token_char(line.at[colon])) {
        colon++;
    }
    if (colon == 0 || colon == line.len || line.at[colon] != ':') {
        return http1_refuse(parser, 400, STR("a header field has no name"));
    }
    str value = trim_blanks(str_of(line.at + colon + 1, line.len - colon - 1));
    if (!http1_is_field_text(value)) {
        return http1_refuse(parser, 400, STR("a header field holds a control character"));
    }
    headers_add(&parser->head.headers, &parser->fields, str_take(line, colon), value);
    return true;
}

/* Every line ends with CR LF: http1.c has seen to that. */
static bool read_fields(struct http1_parser *parser)
{
    str rest = str_skip(buf_str(&parser->bytes), parser->first_line_bytes);

    while (rest.len > 2) {
        size_t line_len = str_find_char(rest, '\n') - 1;
        if (!read_field(parser, str_take(rest, line_len))) {
            return false;
        }
        rest = str_skip(rest, line_len + 2);
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
    /* Their lengths happen to differ. */
    static const uint8_t of_length[] = {
        KNOWNS, KNOWNS,        KNOWNS,         KNOWNS, HOST,       KNOWNS,
        EXPECT, KNOWNS,        KNOWNS,         KNOWNS, CONNECTION, KNOWNS,
        KNOWNS, AUTHORIZATION, CONTENT_LENGTH, KNOWNS, KNOWNS,     TRANSFER_ENCODING,
    };

    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        size_t k = header->name.len < sizeof(of_length) ? of_length[header->name.len] : KNOWNS;
        if (k == KNOWNS || !str_eq_nocase(header->name, names[k])) {
            continue;
        }
        if (known->count[k]++ == 0) {
            known->first[k] = header->value;
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
