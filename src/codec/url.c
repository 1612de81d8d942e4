#include "codec/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { NAME_BYTES_MAX = 253, PORT_MAX = 65535 };

/* What a byte may be part of. */
enum {
    IN_TARGET = BIT(0), /* a path or a query */
    IN_NAME = BIT(1),   /* a host name to connect to */
    IN_HOST = BIT(2),   /* a reg-name of RFC 3986 */
    IN_DIGITS = BIT(3), /* hexadecimal */
};

#define BOTH (IN_TARGET | IN_HOST)
#define ALL (IN_TARGET | IN_HOST | IN_NAME)
#define HEX (ALL | IN_DIGITS)

/* Not in a target, though some clients send them bare: # < > \ ^ ` { | } and what is not ASCII. */
static const uint8_t classes[256] = {
    ['!'] = BOTH,      ['"'] = IN_TARGET, ['$'] = BOTH,      ['%'] = IN_TARGET, ['&'] = BOTH,
    ['\''] = BOTH,     ['('] = BOTH,      [')'] = BOTH,      ['*'] = BOTH,      ['+'] = BOTH,
    [','] = IN_TARGET, ['-'] = ALL,       ['.'] = ALL,       ['/'] = IN_TARGET, ['0'] = HEX,
    ['1'] = HEX,       ['2'] = HEX,       ['3'] = HEX,       ['4'] = HEX,       ['5'] = HEX,
    ['6'] = HEX,       ['7'] = HEX,       ['8'] = HEX,       ['9'] = HEX,       [':'] = IN_TARGET,
    [';'] = BOTH,      ['='] = BOTH,      ['?'] = IN_TARGET, ['@'] = IN_TARGET, ['A'] = HEX,
    ['B'] = HEX,       ['C'] = HEX,       ['D'] = HEX,       ['E'] = HEX,       ['F'] = HEX,
    ['G'] = ALL,       ['H'] = ALL,       ['I'] = ALL,       ['J'] = ALL,       ['K'] = ALL,
    ['L'] = ALL,       ['M'] = ALL,       ['N'] = ALL,       ['O'] = ALL,       ['P'] = ALL,
    ['Q'] = ALL,       ['R'] = ALL,       ['S'] = ALL,       ['T'] = ALL,       ['U'] = ALL,
    ['V'] = ALL,       ['W'] = ALL,       ['X'] = ALL,       ['Y'] = ALL,       ['Z'] = ALL,
    ['['] = IN_TARGET, [']'] = IN_TARGET, ['_'] = ALL,       ['a'] = HEX,       ['b'] = HEX,
    ['c'] = HEX,       ['d'] = HEX,       ['e'] = HEX,       ['f'] = HEX,       ['g'] = ALL,
    ['h'] = ALL,       ['i'] = ALL,       ['j'] = ALL,       ['k'] = ALL,       ['l'] = ALL,
    ['m'] = ALL,       ['n'] = ALL,       ['o'] = ALL,       ['p'] = ALL,       ['q'] = ALL,
    ['r'] = ALL,       ['s'] = ALL,       ['t'] = ALL,       ['u'] = ALL,       ['v'] = ALL,
    ['w'] = ALL,       ['x'] = ALL,       ['y'] = ALL,       ['z'] = ALL,       ['~'] = BOTH,
};

static bool is_all_in(str text, uint8_t class)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((classes[(uint8_t)text.at[i]] & class) == 0) {
            return false;
        }
    }
    return true;
}

static uint8_t digit_value(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

/* The byte that the escape at the front of `text` stands for; 0 when it is broken or %00. */
static uint8_t escaped_byte(str text)
{
    if (text.len < 3 || !is_all_in(str_of(text.at + 1, 2), IN_DIGITS)) {
        return 0;
    }
    return (uint8_t)(digit_value(text.at[1]) << 4 | digit_value(text.at[2]));
}

static bool has_whole_escapes(str text)
{
    for (str rest = text; rest.len > 0; rest = str_skip(rest, 3)) {
        rest = str_skip(rest, str_find_char(rest, '%'));
        if (rest.len > 0 && escaped_byte(rest) == 0) {
            return false;
        }
    }
    return true;
}

struct authority {
    str host; /* without brackets */
    str port; /* without ':', at == NULL when there is none */
    bool is_ipv6;
};

/* False when the brackets or what follows the host are wrong; says nothing about a name's bytes. */
static bool split_authority(str text, struct authority *out)
{
    struct authority parts = {.is_ipv6 = text.len > 0 && text.at[0] == '['};
    size_t host_end = str_find_char(text, parts.is_ipv6 ? ']' : ':');

    if (!parts.is_ipv6) {
        parts.host = str_take(text, host_end);
    } else if (host_end < text.len) {
        parts.host = str_of(text.at + 1, host_end - 1);
        host_end++;
    } else {
        return false;
    }
    if (host_end < text.len) {
        if (text.at[host_end] != ':') {
            return false;
        }
        parts.port = str_of(text.at + host_end + 1, text.len - host_end - 1);
    }
    *out = parts;
    return true;
}

static bool starts_nocase(str text, str prefix)
{
    return str_eq_nocase(str_take(text, prefix.len), prefix);
}

static bool read_port(str text, uint64_t *port)
{
    enum { DIGITS_MAX = 5 };

    return text.len <= DIGITS_MAX && str_to_uint(text, PORT_MAX, port);
}

static bool is_address(str text, int family)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr ignored; /* the larger of both */

    if (text.len >= sizeof(address) || memchr(text.at, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(address, text.at, text.len);
    address[text.len] = '\0';
    return inet_pton(family, address, &ignored) == 1;
}

/* Zones ("fe80::1%eth0") are refused: they name a link of this machine. */
static bool is_ipv6_address(str text)
{
    return is_address(text, AF_INET6);
}

/* "7", and "0x7" as C has it. */
static bool is_number(str label)
{
    bool is_hex = starts_nocase(label, STR("0x"));

    if (is_hex) {
        return is_all_in(str_skip(label, 2), IN_DIGITS);
    }
    for (size_t i = 0; i < label.len; i++) {
        if (label.at[i] < '0' || label.at[i] > '9') {
            return false;
        }
    }
    return label.len > 0;
}

/* A name whose labels are not empty, perhaps with a dot at its end.  What ends in a number is an
 * IPv4 address written plainly: "2130706433", "0x7f.1" and "0177.0.0.1" are addresses to some
 * resolvers, and not the same one to all. */
static bool is_name_or_ipv4(str host)
{
    str rest = str_take(host, host.len - (str_has_suffix(host, STR(".")) ? 1 : 0));
    str label = STR_NONE;

    if (!is_all_in(host, IN_NAME) || rest.len == 0 || str_has_suffix(rest, STR("."))) {
        return false;
    }
    while (rest.len > 0) {
        label = str_split(&rest, '.');
        if (label.len == 0) {
            return false;
        }
    }
    return !is_number(label) || is_address(host, AF_INET);
}

bool url_is_authority(str text)
{
    struct authority parts;
    uint64_t port = 0;

    if (!split_authority(text, &parts)) {
        return false;
    }
    if (parts.is_ipv6 ? !is_ipv6_address(parts.host) : !is_all_in(parts.host, IN_HOST)) {
        return false;
    }
    return parts.port.len == 0 || read_port(parts.port, &port);
}

bool url_is_target(str text)
{
    return str_has_prefix(text, STR("/")) && is_all_in(text, IN_TARGET) && has_whole_escapes(text);
}

/* Fills in host and port.  Stricter than url_is_authority(): we shall connect to it. */
static bool read_authority(struct url *url)
{
    struct authority parts;
    uint64_t port = url->tls ? 443 : 80;

    if (!split_authority(url->authority, &parts) || parts.host.len == 0) {
        return false;
    }
    if (parts.is_ipv6 ? !is_ipv6_address(parts.host)
                      : parts.host.len > NAME_BYTES_MAX || !is_name_or_ipv4(parts.host)) {
        return false;
    }
    if (parts.port.at != NULL && (!read_port(parts.port, &port) || port == 0)) {
        return false;
    }
    url->host = parts.host;
    url->is_ipv6 = parts.is_ipv6;
    url->port = (uint16_t)port;
    return true;
}

enum err url_parse(str text, struct url *out)
{
    struct url url = {.tls = starts_nocase(text, STR("https://"))};
    size_t authority_end = 0;

    if (!url.tls && !starts_nocase(text, STR("http://"))) {
        return ERR_INVALID;
    }
    str rest = str_skip(text, url.tls ? 8 : 7);
    while (authority_end < rest.len && rest.at[authority_end] != '/' &&
           rest.at[authority_end] != '?') {
        authority_end++;
    }
    url.authority = str_take(rest, authority_end);
    rest = str_skip(rest, authority_end);
    size_t path_end = str_find_char(rest, '?');
    url.path = str_take(rest, path_end);
    url.query = str_skip(rest, path_end + 1);
    if (!read_authority(&url) || !is_all_in(rest, IN_TARGET) || !has_whole_escapes(rest)) {
        return ERR_INVALID;
    }
    *out = url;
    return ERR_OK;
}

enum err url_decode(str text, struct arena *arena, str *out)
{
    size_t first = str_find_char(text, '%');
    size_t len = first;

    if (first == text.len) {
        *out = text;
        return ERR_OK;
    }
    if (!has_whole_escapes(text)) {
        return ERR_INVALID;
    }
    char *decoded = arena_take_raw(arena, text.len);
    memcpy(decoded, text.at, first);
    for (size_t i = first; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            c = (char)escaped_byte(str_skip(text, i));
            i += 2;
        }
        decoded[len++] = c;
    }
    *out = str_of(decoded, len);
    return ERR_OK;
}

/* What RFC 3986 calls unreserved: it means the same with and without an escape. */
static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

str url_encode(str text, str keep, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t escaped = 0;
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool stays = is_unreserved(text.at[i]) || str_find_char(keep, text.at[i]) < keep.len;
        escaped += stays ? 0 : 1;
    }
    if (escaped == 0) {
        return text;
    }
    char *out = arena_take_raw(arena, text.len + 2 * escaped);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (is_unreserved(c) || str_find_char(keep, c) < keep.len) {
            out[len++] = c;
        } else {
            out[len++] = '%';
            out[len++] = digits[(uint8_t)c >> 4];
            out[len++] = digits[(uint8_t)c & 15];
        }
    }
    return str_of(out, len);
}
