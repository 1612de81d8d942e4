#include "policy/auth.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool has_blank(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_blank(s.at[i])) {
            return true;
        }
    }
    return false;
}

static bool has_control(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

/* The key in the value of an Authorization header, empty when it holds none. */
static str authorization_key(str value)
{
    const str scheme = STR("bearer");

    if (str_eq_nocase(str_take(value, scheme.len), scheme)) {
        str rest = str_skip(value, scheme.len);
        if (rest.len == 0 || is_blank(rest.at[0])) {
            return str_trim(rest);
        }
    }
    return has_blank(value) ? STR_NONE : value;
}

static str header_key(str name, str value)
{
    if (str_eq_nocase(name, STR("authorization"))) {
        return authorization_key(str_trim(value));
    }
    if (str_eq_nocase(name, STR("x-api-key")) || str_eq_nocase(name, STR("api-key")) ||
        str_eq_nocase(name, STR("x-goog-api-key"))) {
        return str_trim(value);
    }
    return STR_NONE;
}

void auth_add_header(struct auth *auth, str name, str value)
{
    str key = header_key(name, value);

    if (key.len == 0) {
        return;
    }
    if (key.len > AUTH_KEY_BYTES_MAX || has_control(key)) {
        auth->malformed = true;
        return;
    }
    if (auth->key.len > 0 && !str_eq(auth->key, key)) {
        auth->conflicting = true;
        return;
    }
    auth->key = key;
}

static enum err deny(struct fault *fault, str message)
{
    *fault = (struct fault){
        .kind = ERR_DENIED,
        .type = FAULT_AUTHENTICATION,
        .message = message,
    };
    return ERR_DENIED;
}

void auth_refuse(struct fault *fault)
{
    (void)deny(fault, STR("The API key is not valid."));
}

enum err auth_key(const struct auth *auth, str *key, struct fault *fault)
{
    if (auth->conflicting) {
        return deny(fault, STR("The request presents different API keys. Send one."));
    }
    if (auth->malformed) {
        auth_refuse(fault);
        return ERR_DENIED;
    }
    if (auth->key.len == 0) {
        return deny(fault, STR("No API key was sent. Send it as `Authorization: Bearer <key>`."));
    }
    *key = auth->key;
    return ERR_OK;
}
