#include "gate/login.h"

#include "codec/date.h"
#include "codec/json.h"
#include "codec/json_write.h"
#include "codec/jwt.h"
#include "codec/url.h"

enum {
    CLAIM_LIFE_S = 3600,
    SESSION_LIFE_S = 21600, /* of IMDSv2; only one conversation uses it */
    UNSTATED_LIFE_S = 900,  /* of a grant that does not say */
    LIFE_S_MAX = 7 * 24 * 3600,
    CLAIM_BYTES_MAX = 16 * 1024,
    WORD_BYTES_MAX = 64,
    SECRET_BYTES_MAX = 16 * 1024,
};

enum { STEP_SESSION, STEP_ROLE, STEP_KEYS }; /* of IMDSv2 */

#define ROLES "/latest/meta-data/iam/security-credentials/"

bool login_is_asked_for(const struct provider_key *key)
{
    return key->credential == CREDENTIAL_GOOGLE ||
           (key->credential == CREDENTIAL_AWS && key->aws->from != AWS_STATIC);
}

/* What is asked at a URL that may be a bare host, perhaps with a query. */
static str whole_path(const struct origin *origin, struct arena *arena)
{
    if (str_has_prefix(origin->path, STR("/"))) {
        return origin->path;
    }
    return arena_join(arena, (str[]){STR("/"), origin->path}, 2);
}

/* --- Google: writing --- */

static enum err write_claims(const struct google_login *login, int64_t now_s, struct arena *arena,
                             str *out)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    buf_init(&text, CLAIM_BYTES_MAX);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "iss", login->client_email);
    json_put_str(&writer, "scope", STR("https://www.googleapis.com/auth/cloud-platform"));
    json_put_str(&writer, "aud", login->token_uri);
    json_put_int(&writer, "iat", now_s);
    json_put_int(&writer, "exp", now_s + CLAIM_LIFE_S);
    json_close_object(&writer);
    enum err err = json_write_end(&writer);
    *out = arena_copy(arena, buf_str(&text));
    buf_free(&text);
    return err;
}

static enum err write_jwt_header(const struct google_login *login, struct arena *arena, str *out)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);

    buf_init(&text, CLAIM_BYTES_MAX);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "alg", STR("RS256"));
    json_put_str(&writer, "typ", STR("JWT"));
    if (login->private_key_id.len > 0) {
        json_put_str(&writer, "kid", login->private_key_id);
    }
    json_close_object(&writer);
    enum err err = json_write_end(&writer);
    *out = arena_copy(arena, buf_str(&text));
    buf_free(&text);
    return err;
}

static enum err write_assertion(const struct google_login *login, int64_t now_s,
                                struct arena *arena, str *out, str *why)
{
    str header = STR_NONE;
    str claims = STR_NONE;
    str token = STR_NONE;
    struct fault fault = {0};

    if (write_jwt_header(login, arena, &header) != ERR_OK ||
        write_claims(login, now_s, arena, &claims) != ERR_OK) {
        *why = STR("the service account's names are too long");
        return ERR_INVALID;
    }
    if (jwt_sign_rs256(header, claims, login->private_key_pem, arena, &token, &fault) != ERR_OK) {
        *why = fault.message;
        return ERR_INVALID;
    }
    str parts[] = {STR("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"),
                   STR("&assertion="), token};
    *out = arena_join(arena, parts, COUNT_OF(parts));
    return ERR_OK;
}

static str refresh_form(const struct google_login *login, struct arena *arena)
{
    str parts[] = {STR("grant_type=refresh_token&client_id="),
                   url_encode(login->client_id, STR(""), arena),
                   STR("&client_secret="),
                   url_encode(login->client_secret, STR(""), arena),
                   STR("&refresh_token="),
                   url_encode(login->refresh_token, STR(""), arena)};

    return arena_join(arena, parts, COUNT_OF(parts));
}

static enum err write_google(const struct google_login *login, int64_t now_s, struct arena *arena,
                             struct login_request *out, str *why)
{
    struct login_request request = {
        .origin = &login->token, .method = STR("POST"), .path = whole_path(&login->token, arena)};
    enum err err = ERR_OK;

    switch (login->from) {
    case GOOGLE_SERVICE_ACCOUNT:
        err = write_assertion(login, now_s, arena, &request.body, why);
        break;
    case GOOGLE_REFRESH_TOKEN:
        request.body = refresh_form(login, arena);
        break;
    case GOOGLE_METADATA:
        request.method = STR("GET");
        headers_add(&request.headers, arena, STR("metadata-flavor"), STR("Google"));
        break;
    }
    if (request.body.len > 0) {
        headers_add(&request.headers, arena, STR("content-type"),
                    STR("application/x-www-form-urlencoded"));
    }
    if (err == ERR_OK) {
        *out = request;
    }
    return err;
}

/* --- AWS: writing --- */

static struct login_request write_container(const struct aws_login *login, struct arena *arena)
{
    struct login_request request = {.origin = &login->metadata,
                                    .method = STR("GET"),
                                    .path = whole_path(&login->metadata, arena)};

    if (login->container_token.len > 0) {
        headers_add(&request.headers, arena, STR("authorization"), login->container_token);
    }
    return request;
}

static struct login_request write_instance(const struct aws_login *login,
                                           const struct login_talk *talk, struct arena *arena)
{
    struct login_request request = {.origin = &login->metadata, .method = STR("GET")};
    str path = STR("/latest/api/token");

    if (talk->step == STEP_SESSION) {
        request.method = STR("PUT");
        headers_add(&request.headers, arena, STR("x-aws-ec2-metadata-token-ttl-seconds"),
                    arena_printf(arena, "%d", SESSION_LIFE_S));
    } else {
        path = arena_join(arena, (str[]){STR(ROLES), url_encode(talk->role, STR(""), arena)}, 2);
        headers_add(&request.headers, arena, STR("x-aws-ec2-metadata-token"), talk->session);
    }
    request.path = arena_join(arena, (str[]){login->metadata.path, path}, 2);
    return request;
}

enum err login_write(const struct provider_key *key, const struct login_talk *talk, int64_t now_s,
                     struct arena *arena, struct login_request *out, str *why)
{
    enum err err = ERR_OK;

    assert(login_is_asked_for(key));
    if (key->credential == CREDENTIAL_GOOGLE) {
        err = write_google(key->google, now_s, arena, out, why);
    } else if (key->aws->from == AWS_CONTAINER) {
        *out = write_container(key->aws, arena);
    } else {
        *out = write_instance(key->aws, talk, arena);
    }
    if (err == ERR_OK) {
        headers_add(&out->headers, arena, STR("accept-encoding"), STR("identity"));
        headers_add(&out->headers, arena, STR("user-agent"), STR("gatehouse/" GATEHOUSE_VERSION));
    }
    return err;
}

/* --- reading --- */

/* A word that may be shown: services answer "invalid_grant" and the like. */
static bool is_word(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
        if (!fits) {
            return false;
        }
    }
    return text.len > 0 && text.len <= WORD_BYTES_MAX;
}

/* What was got goes into a header: it is one line of visible characters. */
static bool is_token(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~') {
            return false;
        }
    }
    return text.len > 0 && text.len <= SECRET_BYTES_MAX;
}

static enum err refuse_status(int status, str body, struct arena *arena, str *why)
{
    json *root = json_read_lenient(arena, body);
    str word = json_str(root, "error");

    if (word.len == 0) {
        word = json_str(root, "code");
    }
    *why = is_word(word)
               ? arena_printf(arena, "it answered %d (" STR_FMT ")", status, STR_ARG(word))
               : arena_printf(arena, "it answered %d", status);
    return ERR_PEER;
}

static enum err refuse_answer(str *why)
{
    *why = STR("its answer cannot be read");
    return ERR_PEER;
}

static int64_t clamp_life_s(int64_t life_s)
{
    return life_s < LIFE_S_MAX ? life_s : LIFE_S_MAX;
}

static enum err read_google(str body, struct arena *arena, struct login_grant *out, str *why)
{
    json *root = json_read_lenient(arena, body);
    struct login_grant grant = {.token = json_str(root, "access_token"), .life_s = UNSTATED_LIFE_S};

    if (!json_is_none(json_get(root, "expires_in"))) {
        grant.life_s = clamp_life_s(json_int(root, "expires_in"));
    }
    if (!is_token(grant.token) || grant.life_s <= 0) {
        return refuse_answer(why);
    }
    *out = grant;
    return ERR_OK;
}

static enum err read_aws_keys(str body, int64_t now_s, struct arena *arena, struct login_grant *out,
                              str *why)
{
    json *root = json_read_lenient(arena, body);
    struct login_grant grant = {.aws = {.access_key_id = json_str(root, "AccessKeyId"),
                                        .secret_access_key = json_str(root, "SecretAccessKey"),
                                        .session_token = json_str(root, "Token")},
                                .life_s = UNSTATED_LIFE_S};
    str code = json_str(root, "Code");
    str expiration = json_str(root, "Expiration");

    if (code.len > 0 && !str_eq(code, STR("Success"))) {
        *why = is_word(code) ? arena_printf(arena, "it answered " STR_FMT, STR_ARG(code))
                             : STR("it has no keys");
        return ERR_PEER;
    }
    if (expiration.len > 0) {
        grant.life_s = clamp_life_s(date_of_iso(expiration) - now_s);
    }
    if (!is_token(grant.aws.access_key_id) || !is_token(grant.aws.secret_access_key) ||
        (grant.aws.session_token.len > 0 && !is_token(grant.aws.session_token))) {
        return refuse_answer(why);
    }
    if (grant.life_s <= 0) {
        *why = STR("the keys it hands out have expired");
        return ERR_PEER;
    }
    *out = grant;
    return ERR_OK;
}

/* The two steps of IMDSv2 that precede the keys. */
static enum err read_instance(struct login_talk *talk, str body, struct arena *arena, str *why)
{
    str line = str_trim(str_split(&body, '\n'));

    if (!is_token(line)) {
        *why = talk->step == STEP_ROLE ? STR("the machine has no role")
                                       : STR("its answer cannot be read");
        return ERR_PEER;
    }
    if (talk->step == STEP_SESSION) {
        talk->session = arena_copy(arena, line);
    } else {
        talk->role = arena_copy(arena, line);
    }
    talk->step++;
    return ERR_AGAIN;
}

enum err login_read(const struct provider_key *key, struct login_talk *talk, int status, str body,
                    int64_t now_s, struct arena *arena, struct login_grant *out, str *why)
{
    if (status != 200) {
        return refuse_status(status, body, arena, why);
    }
    if (key->credential == CREDENTIAL_GOOGLE) {
        return read_google(body, arena, out, why);
    }
    if (key->aws->from == AWS_INSTANCE && talk->step != STEP_KEYS) {
        return read_instance(talk, body, arena, why);
    }
    return read_aws_keys(body, now_s, arena, out, why);
}
