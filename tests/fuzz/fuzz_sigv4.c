/* links: codec.  Whatever is signed gets one authorization header of one line, and the order of
 * parameters does not matter: "path?a&b" and "path?b&a" have the same signature. */
#include "codec/sigv4.h"
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str sign(str path, str content_type, str body, struct arena *arena)
{
    static const struct sigv4_login login = {.access_key_id = STR_INIT("AKID"),
                                             .secret_access_key = STR_INIT("secret"),
                                             .session_token = STR_INIT("session")};
    struct http_request request = {.method = STR("POST"), .path = path, .body = body};
    const struct sigv4_request what = {.request = &request,
                                       .authority = STR("host.test"),
                                       .region = STR("us-east-1"),
                                       .service = STR("bedrock"),
                                       .now_s = 1700000000};

    headers_add(&request.headers, arena, STR("Content-Type"), content_type);
    sigv4_sign(&what, &login, arena, &request.headers);
    assert(headers_count(&request.headers, STR("authorization")) == 1);
    return headers_get(&request.headers, STR("authorization"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    str rest = str_of((const char *)data, size);
    str path = str_split(&rest, '\0');
    str first = str_split(&rest, '\0');
    str second = str_split(&rest, '\0');
    str base = str_take(path, str_find_char(path, '?'));
    str one[] = {base, STR("?"), first, STR("&"), second};
    str other[] = {base, STR("?"), second, STR("&"), first};

    str authorization = sign(arena_join(&arena, one, COUNT_OF(one)), path, rest, &arena);
    assert(str_find_char(authorization, '\n') == authorization.len);
    assert(str_find(authorization, STR("secret")) == authorization.len);
    assert(str_eq(authorization,
                  sign(arena_join(&arena, other, COUNT_OF(other)), path, rest, &arena)));
    assert(url_is_target(arena_join(
        &arena, (str[]){STR("/"), url_encode(str_take(path, 100), STR(""), &arena)}, 2)));
    arena_reset(&arena);
    return 0;
}
