/* Writing heads and chunks: each is measured, room is made once, then bytes are copied. */
#include "codec/http1_priv.h"

enum { NUMBER_BYTES_MAX = 20 };

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {100, "Continue"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {529, "Site Is Overloaded"},
};

const char *http1_reason(int status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

static char *put(char *at, str bytes)
{
    if (bytes.len > 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    return at + bytes.len;
}

static char *put_number(char *at, uint64_t number, unsigned base)
{
    char digits[NUMBER_BYTES_MAX];
    size_t first = sizeof(digits);

    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    return put(at, str_of(digits + first, sizeof(digits) - first));
}

/* Bytes of the fields with their line ends, or -1 when one must not be written. */
static int64_t measure_fields(const struct headers *headers)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < headers->count; i++) {
        const struct header *header = &headers->at[i];
        if (!http1_is_token(header->name) || !http1_is_field_text(header->value)) {
            return -1;
        }
        bytes += (int64_t)(header->name.len + header->value.len + 4);
    }
    return bytes;
}

static char *put_field(char *at, str name, str value)
{
    at = put(at, name);
    at = put(at, STR(": "));
    at = put(at, value);
    return put(at, STR("\r\n"));
}

static char *put_fields(char *at, const struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        at = put_field(at, headers->at[i].name, headers->at[i].value);
    }
    return at;
}

/* Where the body ends. */
static char *put_framing(char *at, int64_t body_bytes)
{
    if (body_bytes == HTTP1_UNTIL_CLOSE) {
        return at;
    }
    if (body_bytes < 0) {
        return put(at, STR("Transfer-Encoding: chunked\r\n"));
    }
    at = put(at, STR("Content-Length: "));
    at = put_number(at, (uint64_t)body_bytes, 10);
    return put(at, STR("\r\n"));
}

/* More than the framing, Connection, a status and the fixed parts of a first line take. */
enum { FIXED_BYTES = 192 };

static bool is_target(str target)
{
    for (size_t i = 0; i < target.len; i++) {
        if (target.at[i] <= ' ' || target.at[i] > '~') {
            return false;
        }
    }
    return target.len > 0;
}

static bool implies_no_body(str method)
{
    return str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")) ||
           str_eq(method, STR("DELETE")) || str_eq(method, STR("OPTIONS"));
}

enum err http1_write_request_head(struct buf *out, str method, str target, str host,
                                  const struct headers *headers, int64_t body_bytes)
{
    int64_t fields_bytes = measure_fields(headers);

    if (fields_bytes < 0 || !http1_is_token(method) || !is_target(target) ||
        !http1_is_field_text(host)) {
        return ERR_INVALID;
    }
    char *at =
        buf_reserve(out, (size_t)fields_bytes + method.len + target.len + host.len + FIXED_BYTES);
    if (at == NULL) {
        return ERR_TOO_BIG;
    }
    char *start = at;
    at = put(at, method);
    at = put(at, STR(" "));
    at = put(at, target);
    at = put(at, STR(" HTTP/1.1\r\n"));
    at = put_field(at, STR("Host"), host);
    if (body_bytes != 0 || !implies_no_body(method)) {
        at = put_framing(at, body_bytes);
    }
    at = put_fields(at, headers);
    at = put(at, STR("\r\n"));
    out->len += (size_t)(at - start);
    return ERR_OK;
}

enum err http1_write_answer_head(struct buf *out, int status, const struct headers *headers,
                                 int64_t body_bytes, bool close)
{
    int64_t fields_bytes = measure_fields(headers);
    bool has_length = status >= 200 && status != 204 && (status != 304 || body_bytes > 0);

    assert(status >= 100 && status <= 599);
    if (fields_bytes < 0) {
        return ERR_INVALID;
    }
    char *at = buf_reserve(out, (size_t)fields_bytes + FIXED_BYTES);
    if (at == NULL) {
        return ERR_TOO_BIG;
    }
    char *start = at;
    at = put(at, STR("HTTP/1.1 "));
    at = put_number(at, (uint64_t)status, 10);
    at = put(at, STR(" "));
    at = put(at, str_c(http1_reason(status)));
    at = put(at, STR("\r\n"));
    if (has_length) {
        at = put_framing(at, body_bytes);
    }
    if (close) {
        at = put(at, STR("Connection: close\r\n"));
    }
    at = put_fields(at, headers);
    at = put(at, STR("\r\n"));
    out->len += (size_t)(at - start);
    return ERR_OK;
}

str http1_chunk_head(size_t bytes, char room[HTTP1_CHUNK_HEAD_BYTES_MAX])
{
    assert(bytes > 0);
    char *end = put(put_number(room, bytes, 16), HTTP1_CHUNK_END);

    return str_of(room, (size_t)(end - room));
}
