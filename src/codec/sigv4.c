#include "codec/sigv4.h"

#include "base/text.h"
#include "codec/date.h"
#include "codec/url.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { HASH_BYTES = 32, HASH_HEX_BYTES = 2 * HASH_BYTES, DATE_BYTES = 8 };

/* --- digests --- */

static str hash_hex(str bytes, struct arena *arena)
{
    uint8_t hash[HASH_BYTES];
    unsigned len = 0;
    char *text = arena_take_raw(arena, HASH_HEX_BYTES + 1);

    int done = EVP_Digest(bytes.at, bytes.len, hash, &len, EVP_sha256(), NULL);
    assert(done == 1 && len == HASH_BYTES);
    text_hex(hash, HASH_BYTES, text);
    return str_of(text, HASH_HEX_BYTES);
}

static void mac(str key, str text, uint8_t out[HASH_BYTES])
{
    unsigned len = 0;

    const unsigned char *done = HMAC(EVP_sha256(), key.at, (int)key.len,
                                     (const unsigned char *)text.at, text.len, out, &len);
    assert(done != NULL && len == HASH_BYTES);
}

/* One link of the chain: the key is replaced by its MAC of `text`. */
static void mac_on(uint8_t key[HASH_BYTES], str text)
{
    uint8_t next[HASH_BYTES];

    mac(str_of((const char *)key, HASH_BYTES), text, next);
    memcpy(key, next, HASH_BYTES);
    OPENSSL_cleanse(next, sizeof(next));
}

/* --- the canonical request --- */

/* Dot segments and double slashes are gone from the path that is signed. */
static str normal_path(str path, struct arena *arena)
{
    char *out = arena_take_raw(arena, path.len + 1);
    size_t len = 0;
    str rest = path;

    while (rest.len > 0) {
        str segment = str_split(&rest, '/');
        if (segment.len == 0 || str_eq(segment, STR("."))) {
            continue;
        }
        if (str_eq(segment, STR(".."))) {
            while (len > 0 && out[--len] != '/') {
                /* back to where the segment before began */
            }
            continue;
        }
        out[len++] = '/';
        memcpy(out + len, segment.at, segment.len);
        len += segment.len;
    }
    if (len == 0 || str_has_suffix(path, STR("/"))) {
        out[len++] = '/';
    }
    return str_of(out, len);
}

struct pair {
    str name;
    str value;
};

static int compare_texts(str a, str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;

    if (order != 0 || a.len == b.len) {
        return order;
    }
    return a.len < b.len ? -1 : 1;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a;
    const struct pair *right = b;
    int order = compare_texts(left->name, right->name);

    return order != 0 ? order : compare_texts(left->value, right->value);
}

/* The parameters in order.  They are percent-encoded already: what is not is made so. */
static str canonical_query(str query, struct arena *arena)
{
    struct pair *pairs = ARENA_ARRAY(arena, struct pair, query.len + 1);
    size_t count = 0;

    while (query.len > 0) {
        str value = str_split(&query, '&');
        if (value.len > 0) {
            str name = str_split(&value, '=');
            pairs[count++] = (struct pair){url_encode(name, STR("%"), arena),
                                           url_encode(value, STR("%"), arena)};
        }
    }
    if (count > 1) {
        qsort(pairs, count, sizeof(*pairs), compare_pairs);
    }
    str *parts = ARENA_ARRAY(arena, str, 4 * count + 1);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        parts[used++] = i > 0 ? STR("&") : STR("");
        parts[used++] = pairs[i].name;
        parts[used++] = STR("=");
        parts[used++] = pairs[i].value;
    }
    return arena_join(arena, parts, used);
}

/* Without blanks at both ends, and with one blank where there were several. */
static str trimmed(str value, struct arena *arena)
{
    char *copy = arena_take_raw(arena, value.len + 1);
    size_t len = 0;

    value = str_trim(value);
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] != ' ' || value.at[i - 1] != ' ') {
            copy[len++] = value.at[i];
        }
    }
    return str_of(copy, len);
}

static bool is_signed(str name)
{
    return str_eq(name, STR("content-type")) || str_has_prefix(name, STR("x-amz"));
}

/* The headers that are signed, as lines and as the list of their names. */
struct signed_headers {
    str lines;
    str names;
};

/* Keeps the order of equal names: their values are joined as they came. */
static void insert(struct pair *pairs, size_t count, struct pair pair)
{
    size_t place = count;

    while (place > 0 && compare_texts(pairs[place - 1].name, pair.name) > 0) {
        pairs[place] = pairs[place - 1];
        place--;
    }
    pairs[place] = pair;
}

static struct signed_headers canonical_headers(str authority, const struct headers *headers,
                                               struct arena *arena)
{
    struct pair *pairs = ARENA_ARRAY(arena, struct pair, headers->count + 1);
    str *lines = ARENA_ARRAY(arena, str, 4 * (headers->count + 1) + 1);
    str *names = ARENA_ARRAY(arena, str, 2 * (headers->count + 1));
    size_t line_count = 0;
    size_t name_count = 0;
    size_t count = 0;

    insert(pairs, count++, (struct pair){STR("host"), authority});
    for (size_t i = 0; i < headers->count; i++) {
        str name = text_lower(headers->at[i].name, arena);
        if (is_signed(name)) {
            insert(pairs, count++, (struct pair){name, trimmed(headers->at[i].value, arena)});
        }
    }
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && str_eq(pairs[i].name, pairs[i - 1].name);
        if (again) {
            lines[line_count++] = STR(",");
        } else {
            names[name_count++] = i > 0 ? STR(";") : STR("");
            names[name_count++] = pairs[i].name;
            lines[line_count++] = i > 0 ? STR("\n") : STR("");
            lines[line_count++] = pairs[i].name;
            lines[line_count++] = STR(":");
        }
        lines[line_count++] = pairs[i].value;
    }
    lines[line_count++] = STR("\n");
    return (struct signed_headers){arena_join(arena, lines, line_count),
                                   arena_join(arena, names, name_count)};
}

static str canonical_request(const struct sigv4_request *what, const struct signed_headers *headers,
                             struct arena *arena)
{
    str query = what->request->path;
    str path = normal_path(str_split(&query, '?'), arena);
    str parts[] = {what->request->method,
                   STR("\n"),
                   url_encode(path, STR("/"), arena),
                   STR("\n"),
                   canonical_query(query, arena),
                   STR("\n"),
                   headers->lines,
                   STR("\n"),
                   headers->names,
                   STR("\n"),
                   hash_hex(what->request->body, arena)};

    return arena_join(arena, parts, COUNT_OF(parts));
}

/* --- the signature --- */

static str signature(const struct sigv4_request *what, str secret, str date, str text,
                     struct arena *arena)
{
    const str prefix = STR("AWS4");
    uint8_t key[HASH_BYTES];
    size_t first_len = prefix.len + secret.len;
    char *first = arena_take_raw(arena, first_len);
    char *hex = arena_take_raw(arena, HASH_HEX_BYTES + 1);

    memcpy(first, prefix.at, prefix.len);
    memcpy(first + prefix.len, secret.at, secret.len);
    mac(str_of(first, first_len), date, key);
    OPENSSL_cleanse(first, first_len);
    mac_on(key, what->region);
    mac_on(key, what->service);
    mac_on(key, STR("aws4_request"));
    mac_on(key, text);
    text_hex(key, HASH_BYTES, hex);
    return str_of(hex, HASH_HEX_BYTES);
}

void sigv4_sign(const struct sigv4_request *what, const struct sigv4_login *login,
                struct arena *arena, struct headers *headers)
{
    char stamp_text[DATE_BASIC_BYTES + 1];
    str stamp = arena_copy(arena, date_basic(what->now_s, stamp_text));
    str date = str_take(stamp, DATE_BYTES);

    assert(login->access_key_id.len > 0 && login->secret_access_key.len > 0);
    headers_add(headers, arena, STR("x-amz-date"), stamp);
    if (login->session_token.len > 0) {
        headers_add(headers, arena, STR("x-amz-security-token"), login->session_token);
    }
    struct signed_headers signed_headers = canonical_headers(what->authority, headers, arena);
    str request = canonical_request(what, &signed_headers, arena);
    str scope_parts[] = {date,     STR("/"),      what->region,
                         STR("/"), what->service, STR("/aws4_request")};
    str scope = arena_join(arena, scope_parts, COUNT_OF(scope_parts));
    str text_parts[] = {STR(ALGORITHM "\n"),     stamp, STR("\n"), scope, STR("\n"),
                        hash_hex(request, arena)};
    str text = arena_join(arena, text_parts, COUNT_OF(text_parts));
    str value_parts[] = {STR(ALGORITHM " Credential="),
                         login->access_key_id,
                         STR("/"),
                         scope,
                         STR(", SignedHeaders="),
                         signed_headers.names,
                         STR(", Signature="),
                         signature(what, login->secret_access_key, date, text, arena)};
    headers_add(headers, arena, STR("authorization"),
                arena_join(arena, value_parts, COUNT_OF(value_parts)));
}
