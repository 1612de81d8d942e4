/* links: gate.  Whatever a service answers that hands out logins: what is taken from it may stand
 * in a header, and what is told of it is short and plain. */
#include "gate/login.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        assert(text.at[i] > ' ' && text.at[i] <= '~');
    }
}

static void check_why(str why)
{
    assert(why.len > 0 && why.len < 128);
    for (size_t i = 0; i < why.len; i++) {
        assert(why.at[i] >= ' ' && why.at[i] <= '~');
    }
}

static void read_answer(const struct provider_key *key, int step, int status, str body)
{
    struct arena arena = {0};
    struct login_talk talk = {.step = step};
    struct login_grant grant = {0};
    str why = STR_NONE;

    switch (login_read(key, &talk, status, body, 1700000000, &arena, &grant, &why)) {
    case ERR_OK:
        assert(grant.life_s > 0);
        check_line(grant.token);
        check_line(grant.aws.access_key_id);
        check_line(grant.aws.secret_access_key);
        check_line(grant.aws.session_token);
        break;
    case ERR_AGAIN:
        assert(talk.step == step + 1);
        check_line(talk.session);
        check_line(talk.role);
        break;
    default:
        check_why(why);
        break;
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct google_login google = {.from = GOOGLE_METADATA};
    static const struct aws_login aws = {.from = AWS_INSTANCE};
    const struct provider_key google_key = {.credential = CREDENTIAL_GOOGLE, .google = &google};
    const struct provider_key aws_key = {.credential = CREDENTIAL_AWS, .aws = &aws};
    str body = str_of((const char *)data, size);

    read_answer(&google_key, 0, 200, body);
    read_answer(&google_key, 0, 400, body);
    for (int step = 0; step < 3; step++) {
        read_answer(&aws_key, step, 200, body);
    }
    return 0;
}
