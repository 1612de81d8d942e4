/*
 * login: the protocols by which a token or signing keys are got.
 *
 * Pure: writes the next request, reads its answer; gate/credentials.c sends, keeps and renews.
 *
 *   service account    a signed claim (RFC 7523) for a token
 *   refresh token      RFC 6749 section 6
 *   metadata server    Google's, for a machine's own account
 *   container          AWS: one URL that hands out keys
 *   instance           AWS IMDSv2: a session, then the role's name, then its keys
 */
#pragma once

#include "codec/headers.h"
#include "codec/sigv4.h"
#include "policy/snapshot.h"

/* Where a conversation stands.  Zeros: at its beginning.  Strings live in the arena that
 * login_read() was handed. */
struct login_talk {
    int step;
    str session; /* IMDSv2's token; secret */
    str role;
};

struct login_request {
    const struct origin *origin; /* the key's own */
    str method;
    str path;
    struct headers headers;
    str body;
};

/* What was got.  All of it but life_s is secret. */
struct login_grant {
    str token;              /* CREDENTIAL_GOOGLE */
    struct sigv4_login aws; /* CREDENTIAL_AWS */
    int64_t life_s;         /* from now */
};

/* True for keys that something must be asked for first. */
bool login_is_asked_for(const struct provider_key *key);

/* The next request, all memory but the origin from `arena`.  ERR_INVALID when the configured key
 * cannot sign; *why says so without showing it. */
enum err login_write(const struct provider_key *key, const struct login_talk *talk, int64_t now_s,
                     struct arena *arena, struct login_request *out, str *why) MUST_CHECK;

/* Reads the answer to it.  ERR_OK: *out is the grant; ERR_AGAIN: there is another request to write;
 * else *why says what is wrong with the answer, without showing a secret.  Strings live in `arena`.
 */
enum err login_read(const struct provider_key *key, struct login_talk *talk, int status, str body,
                    int64_t now_s, struct arena *arena, struct login_grant *out,
                    str *why) MUST_CHECK;
