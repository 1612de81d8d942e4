#include "codec/jwt.h"
#include "gate/credentials.h"
#include "gate/exchange.h"
#include "gate/login.h"

#include "rfc_key.h"
#include "spoken.h"

static const struct origin token_origin = {.host = STR_INIT(LOGINS_ADDRESS),
                                           .port = 80,
                                           .path = STR_INIT("/token"),
                                           .authority = STR_INIT("tokens.test")};
static const struct origin metadata_origin = {
    .host = STR_INIT(LOGINS_ADDRESS), .port = 80, .authority = STR_INIT(LOGINS_ADDRESS)};

static struct google_login google;
static struct aws_login aws;
static struct provider_key login_key;

static void use_google(void)
{
    google = (struct google_login){.from = GOOGLE_SERVICE_ACCOUNT,
                                   .token = token_origin,
                                   .token_uri = STR("https://tokens.test/token"),
                                   .client_email = STR("robot@project.test"),
                                   .private_key_id = STR("key-7"),
                                   .private_key_pem = str_c(rfc_key)};
    login_key = (struct provider_key){
        .credential = CREDENTIAL_GOOGLE, .source = STR("api_keys[0]"), .google = &google};
    set_keys(ALPHA, &login_key, 1);
}

static void use_aws(struct aws_login login)
{
    aws = login;
    aws.metadata.host = metadata_origin.host;
    aws.metadata.port = metadata_origin.port;
    aws.metadata.authority = metadata_origin.authority;
    login_key = (struct provider_key){.credential = CREDENTIAL_AWS, .aws = &aws};
    set_keys(ALPHA, &login_key, 1);
    bench.gateway.snapshot->providers[ALPHA].site.region = STR("us-east-1");
}

static void reply_token(const char *token, int life_s)
{
    reply_json(LOGINS, 200,
               arena_printf(&bench.arena,
                            "{\"access_token\":\"%s\",\"expires_in\":%d,\"token_type\":\"Bearer\"}",
                            token, life_s)
                   .at);
}

static size_t asked(int server)
{
    return bench.gateway.providers[server].request_count;
}

static void assert_answered(void)
{
    gateway_run_for(&bench.gateway, 1000);
    assert_true(told_looks_complete(read_told()));
}

/* --- Google --- */

static void a_service_account_signs_a_claim_for_its_token(void **state)
{
    struct fault fault = {0};
    str assertion = STR_NONE;

    (void)state;
    use_google();
    reply_token("tok-1", 3600);
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(holds(heard(ALPHA), "authorization: Bearer tok-1\r\n"));
    assert_int_equal(
        jwt_sign_rs256(
            STR("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"key-7\"}"),
            STR("{\"iss\":\"robot@project.test\","
                "\"scope\":\"https://www.googleapis.com/auth/cloud-platform\","
                "\"aud\":\"https://tokens.test/token\",\"iat\":1700000001,\"exp\":1700003601}"),
            str_c(rfc_key), &bench.arena, &assertion, &fault),
        ERR_OK);
    str form = arena_printf(&bench.arena,
                            "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer"
                            "&assertion=" STR_FMT,
                            STR_ARG(assertion));
    assert_true(str_has_suffix(heard(LOGINS), form));
    assert_true(holds(heard(LOGINS), "POST /token HTTP/1.1\r\nHost: tokens.test\r\n"));
    assert_true(holds(heard(LOGINS), "content-type: application/x-www-form-urlencoded\r\n"));
    assert_told_nowhere("tok-1");
}

static void a_refresh_token_is_sent_as_a_form(void **state)
{
    (void)state;
    use_google();
    google = (struct google_login){.from = GOOGLE_REFRESH_TOKEN,
                                   .token = token_origin,
                                   .client_id = STR("me.apps"),
                                   .client_secret = STR("s&cret"),
                                   .refresh_token = STR("1//r=f")};
    reply_token("tok-1", 3600);
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(str_has_suffix(heard(LOGINS),
                               STR("\r\n\r\ngrant_type=refresh_token&client_id=me.apps&client_"
                                   "secret=s%26cret&refresh_token=1%2F%2Fr%3Df")));
}

static void a_token_may_be_asked_for_at_a_bare_host(void **state)
{
    (void)state;
    use_google();
    google.token.path = STR("");
    reply_token("tok-1", 3600);
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(holds(heard(LOGINS), "POST / HTTP/1.1\r\n"));
}

static void the_metadata_server_is_asked_with_its_flavor(void **state)
{
    (void)state;
    use_google();
    google = (struct google_login){.from = GOOGLE_METADATA, .token = token_origin};
    reply_token("tok-1", 3600);
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(holds(heard(LOGINS), "GET /token HTTP/1.1\r\n"));
    assert_true(holds(heard(LOGINS), "metadata-flavor: Google\r\n"));
    assert_true(holds(heard(ALPHA), "Bearer tok-1\r\n"));
}

/* --- its life --- */

static void a_token_is_renewed_while_the_old_one_still_serves(void **state)
{
    (void)state;
    use_google();
    reply_token("tok-1", 1000);
    reply_token("tok-2", 1000);
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    gateway_run_for(&bench.gateway, 790 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 1);
    gateway_run_for(&bench.gateway, 20 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 2);
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 2);
    assert_int_equal(count_of(heard(ALPHA), "Bearer tok-1\r\n"), 3);
    assert_int_equal(count_of(heard(ALPHA), "Bearer tok-2\r\n"), 1);
}

static void a_token_near_its_end_is_waited_for_anew(void **state)
{
    (void)state;
    use_google();
    reply_token("tok-1", 1000);
    reply_token("tok-2", 1000);
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    gateway_run_for(&bench.gateway, 975 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(count_of(heard(ALPHA), "Bearer tok-1\r\n"), 1);
    assert_int_equal(count_of(heard(ALPHA), "Bearer tok-2\r\n"), 1);
}

static void all_who_wait_share_one_conversation(void **state)
{
    enum { CLIENTS = 8 };
    struct sim_peer *clients[CLIENTS];

    (void)state;
    use_google();
    str answer = answer_make(&bench.arena, 200, "application/json",
                             "{\"access_token\":\"tok-1\",\"expires_in\":3600}", BY_LENGTH);
    gateway_reply(&bench.gateway, LOGINS,
                  &(struct reply){.bytes = answer, .delay_us = SECOND, .piece_bytes = 7});
    reply_whole(ALPHA);
    gateway_open(&bench.gateway);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = gateway_dial(&bench.gateway);
        gateway_ask(clients[i], "one", "");
        gateway_run_for(&bench.gateway, 1000);
    }
    sim_close(clients[3]); /* and one loses patience */
    gateway_run_for(&bench.gateway, 2 * SECOND);
    assert_int_equal(asked(LOGINS), 1);
    for (size_t i = 0; i < CLIENTS; i++) {
        bench.client = clients[i];
        if (i != 3) {
            assert_true(told_looks_complete(read_told()));
        }
    }
    assert_int_equal(asked(ALPHA), CLIENTS - 1);
}

static void a_client_may_go_while_its_login_is_asked_for(void **state)
{
    (void)state;
    use_google();
    ask("one", "");
    assert_int_equal(asked(LOGINS), 1);
    sim_close(bench.client);
    sim_reset(bench.client);
    gateway_run_for(&bench.gateway, SECOND);
    assert_true(the_row()->cancelled);
    assert_int_equal(the_row()->attempts, 0);
}

/* --- failures --- */

static const struct {
    int status;
    const char *body;
    const char *want;
} bad_answers[] = {
    {400, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT tok-1\"}",
     "it answered 400 (invalid_grant)"},
    {400, "{\"error\":\"tok-1 is bad\"}", "it answered 400"},
    {500, "<html>tok-1", "it answered 500"},
    {302, "", "it answered 302"},
    {200, "", "its answer cannot be read"},
    {200, "tok-1", "its answer cannot be read"},
    {200, "{\"access_token\":\"\"}", "its answer cannot be read"},
    {200, "{\"access_token\":\"tok-1\\r\\nx: y\"}", "its answer cannot be read"},
    {200, "{\"access_token\":\"tok-1\",\"expires_in\":0}", "its answer cannot be read"},
    {200, "{\"access_token\":\"tok-1\",\"expires_in\":-5}", "its answer cannot be read"},
    {200, "{\"access_token\":{\"a\":\"tok-1\"}}", "its answer cannot be read"},
};

static void a_service_that_fails_is_told_of_without_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_answers); i++) {
        open_bench();
        use_google();
        reply_json(LOGINS, bad_answers[i].status, bad_answers[i].body);
        ask("one", "");
        gateway_run_for(&bench.gateway, 1000);
        assert_int_equal(read_told()->status, 502);
        assert_string_equal(bench.told.error_type, "provider_unavailable");
        if (!holds(buf_str(&bench.told.body), bad_answers[i].want)) {
            fail_msg("%zu: " STR_FMT, i, STR_ARG(buf_str(&bench.told.body)));
        }
        assert_told_nowhere("tok-1");
        assert_int_equal(asked(ALPHA), 0);
        assert_int_equal(the_row()->attempts, 0);
        close_bench();
    }
}

static void a_service_that_does_not_answer_is_not_waited_for_long(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        open_bench();
        use_google();
        if (i > 0) {
            gateway_place(&bench.gateway, LOGINS, i == 1 ? SIM_REFUSES : SIM_IS_SILENT);
        }
        ask("one", "");
        gateway_run_for(&bench.gateway, 6 * SECOND);
        assert_int_equal(read_told()->status, 502);
        assert_true(holds(buf_str(&bench.told.body),
                          i == 1 ? "it cannot be reached" : "it did not answer in time"));
        close_bench();
    }
}

static void an_answer_without_end_is_cut(void **state)
{
    static char much[70 * 1024];

    (void)state;
    memset(much, 'x', sizeof(much) - 1);
    use_google();
    reply_json(LOGINS, 200, much);
    ask("one", "");
    gateway_run_for(&bench.gateway, 1000);
    assert_int_equal(read_told()->status, 502);
    assert_true(holds(buf_str(&bench.told.body), "its answer is too large"));
}

static void a_failure_is_remembered_for_a_moment(void **state)
{
    (void)state;
    use_google();
    reply_json(LOGINS, 503, "{}");
    reply_token("tok-1", 3600);
    reply_whole(ALPHA);
    ask("one", "");
    assert_int_equal(read_told()->status, 502);
    (void)ask_again("one", "");
    assert_int_equal(read_told()->status, 502);
    assert_int_equal(asked(LOGINS), 1);
    gateway_run_for(&bench.gateway, 5 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 2);
}

static void a_key_that_cannot_sign_asks_nobody(void **state)
{
    (void)state;
    use_google();
    google.private_key_pem = STR("-----BEGIN PRIVATE KEY-----\nhunter2\n");
    ask("one", "");
    assert_int_equal(read_told()->status, 502);
    assert_true(holds(buf_str(&bench.told.body), "the private key is no PEM text"));
    assert_told_nowhere("hunter2");
    assert_int_equal(bench.gateway.providers[LOGINS].connection_count, 0);
}

static void without_a_login_the_next_endpoint_is_asked(void **state)
{
    (void)state;
    use_google();
    reply_json(LOGINS, 500, "{}");
    reply_whole(BETA);
    ask("two", "");
    assert_answered();
    assert_string_equal(the_row()->provider, "beta");
    assert_int_equal(the_row()->attempts, 1);
}

static void a_background_renewal_that_fails_harms_nobody(void **state)
{
    (void)state;
    use_google();
    reply_token("tok-1", 1000);
    reply_json(LOGINS, 500, "{}");
    reply_token("tok-2", 1000);
    reply_whole(ALPHA);
    ask("one", "");
    gateway_run_for(&bench.gateway, 810 * SECOND);
    for (int i = 0; i < 3; i++) {
        (void)ask_again("one", "");
        assert_answered();
    }
    assert_int_equal(asked(LOGINS), 2); /* not again at once */
    gateway_run_for(&bench.gateway, 6 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 3);
    assert_true(holds(heard(ALPHA), "Bearer tok-2\r\n"));
}

/* --- a token that is not taken --- */

static void a_token_that_is_refused_is_renewed_once(void **state)
{
    (void)state;
    use_google();
    reply_token("tok-1", 3600);
    reply_token("tok-2", 3600);
    reply_json(ALPHA, 401, "{\"error\":{\"message\":\"expired\"}}");
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 2);
    assert_true(holds(heard(ALPHA), "Bearer tok-2\r\n"));
    assert_int_equal(the_row()->attempts, 2);
}

static void a_provider_that_takes_no_token_is_asked_twice_only(void **state)
{
    (void)state;
    use_google();
    reply_token("tok-1", 3600);
    reply_token("tok-2", 3600);
    reply_json(ALPHA, 401, "{\"error\":{\"message\":\"never\"}}");
    ask("one", "");
    gateway_run_for(&bench.gateway, 1000);
    assert_int_equal(read_told()->status, 502);
    assert_int_equal(asked(ALPHA), 2);
    assert_int_equal(asked(LOGINS), 2);
    /* Nor does every further request cost two tokens. */
    (void)ask_again("one", "");
    (void)ask_again("one", "");
    assert_int_equal(asked(LOGINS), 2);
}

/* --- AWS --- */

#define KEYS(id, expiration)                                                               \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"aws-secret\"," \
    "\"Token\":\"session-" id "\",\"Expiration\":\"" expiration "\"}"

static void an_instance_is_asked_in_three_steps(void **state)
{
    (void)state;
    use_aws((struct aws_login){.from = AWS_INSTANCE});
    reply(LOGINS, answer_make(&bench.arena, 200, "text/plain", "imds-session", BY_LENGTH));
    reply(LOGINS, answer_make(&bench.arena, 200, "text/plain", "my-role\n", BY_LENGTH));
    reply_json(LOGINS, 200, KEYS("AKID1", "2023-11-14T23:13:21Z"));
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(holds(heard(LOGINS), "PUT /latest/api/token HTTP/1.1\r\n"));
    assert_true(holds(heard(LOGINS), "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    assert_true(
        holds(heard(LOGINS), "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"));
    assert_true(holds(heard(LOGINS),
                      "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n"));
    assert_int_equal(count_of(heard(LOGINS), "x-aws-ec2-metadata-token: imds-session\r\n"), 2);
    assert_true(holds(heard(ALPHA), "Credential=AKID1/20231114/us-east-1/bedrock/aws4_request"));
    assert_true(holds(heard(ALPHA), "x-amz-security-token: session-AKID1\r\n"));
    assert_told_nowhere("aws-secret");
}

static void an_instance_without_a_role_is_told_so(void **state)
{
    (void)state;
    use_aws((struct aws_login){.from = AWS_INSTANCE});
    reply(LOGINS, answer_make(&bench.arena, 200, "text/plain", "imds-session", BY_LENGTH));
    reply(LOGINS, answer_make(&bench.arena, 200, "text/plain", "\n", BY_LENGTH));
    ask("one", "");
    gateway_run_for(&bench.gateway, 1000);
    assert_int_equal(read_told()->status, 502);
    assert_true(holds(buf_str(&bench.told.body), "the machine has no role"));
}

static void a_container_is_asked_with_its_token_and_again_before_the_end(void **state)
{
    (void)state;
    use_aws((struct aws_login){.from = AWS_CONTAINER,
                               .metadata = {.path = STR("/v2/credentials?id=7")},
                               .container_token = STR("container-token")});
    reply_json(LOGINS, 200, KEYS("AKID1", "2023-11-14T23:13:21Z")); /* an hour */
    reply_json(LOGINS, 200, KEYS("AKID2", "2023-11-15T00:13:21Z"));
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(holds(heard(LOGINS), "GET /v2/credentials?id=7 HTTP/1.1\r\n"));
    assert_true(holds(heard(LOGINS), "authorization: container-token\r\n"));
    gateway_run_for(&bench.gateway, 2900 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(count_of(heard(ALPHA), "Credential=AKID1/"), 2);
    assert_int_equal(count_of(heard(ALPHA), "Credential=AKID2/"), 1);
}

static void keys_that_have_ended_or_cannot_be_read_are_refused(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {KEYS("AKID1", "2023-11-14T22:13:20Z"), "have expired"},
        {KEYS("AKID1", "soon"), "have expired"},
        {"{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", "AssumeRoleUnauthorizedAccess"},
        {"{\"AccessKeyId\":\"AKID1\"}", "cannot be read"},
        {"[]", "cannot be read"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        open_bench();
        use_aws((struct aws_login){.from = AWS_CONTAINER, .metadata = {.path = STR("/c")}});
        reply_json(LOGINS, 200, cases[i].body);
        ask("one", "");
        gateway_run_for(&bench.gateway, 1000);
        assert_int_equal(read_told()->status, 502);
        assert_true(holds(buf_str(&bench.told.body), cases[i].want));
        assert_told_nowhere("aws-secret");
        close_bench();
    }
}

static void session_keys_that_are_refused_are_renewed_once(void **state)
{
    (void)state;
    use_aws((struct aws_login){.from = AWS_CONTAINER, .metadata = {.path = STR("/c")}});
    reply_json(LOGINS, 200, KEYS("AKID1", "2023-11-14T23:13:21Z"));
    reply_json(LOGINS, 200, KEYS("AKID2", "2023-11-14T23:13:21Z"));
    reply_json(ALPHA, 403,
               "{\"message\":\"The security token included in the request is expired\"}");
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    assert_true(holds(heard(ALPHA), "Credential=AKID2/"));
}

/* --- the worker's end --- */

static void a_conversation_may_be_under_way_when_the_worker_ends(void **state)
{
    (void)state;
    use_google();
    reply_token("tok-1", 1000);
    gateway_reply(&bench.gateway, LOGINS, &(struct reply){.delay_us = 100 * SECOND});
    reply_whole(ALPHA);
    ask("one", "");
    assert_answered();
    gateway_run_for(&bench.gateway, 810 * SECOND);
    (void)ask_again("one", "");
    assert_answered();
    assert_int_equal(asked(LOGINS), 2); /* tear_down looks for what is left */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_service_account_signs_a_claim_for_its_token),
        TEST(a_refresh_token_is_sent_as_a_form),
        TEST(a_token_may_be_asked_for_at_a_bare_host),
        TEST(the_metadata_server_is_asked_with_its_flavor),
        TEST(a_token_is_renewed_while_the_old_one_still_serves),
        TEST(a_token_near_its_end_is_waited_for_anew),
        TEST(all_who_wait_share_one_conversation),
        TEST(a_client_may_go_while_its_login_is_asked_for),
        cmocka_unit_test(a_service_that_fails_is_told_of_without_secrets),
        cmocka_unit_test(a_service_that_does_not_answer_is_not_waited_for_long),
        TEST(an_answer_without_end_is_cut),
        TEST(a_failure_is_remembered_for_a_moment),
        TEST(a_key_that_cannot_sign_asks_nobody),
        TEST(without_a_login_the_next_endpoint_is_asked),
        TEST(a_background_renewal_that_fails_harms_nobody),
        TEST(a_token_that_is_refused_is_renewed_once),
        TEST(a_provider_that_takes_no_token_is_asked_twice_only),
        TEST(an_instance_is_asked_in_three_steps),
        TEST(an_instance_without_a_role_is_told_so),
        TEST(a_container_is_asked_with_its_token_and_again_before_the_end),
        cmocka_unit_test(keys_that_have_ended_or_cannot_be_read_are_refused),
        TEST(session_keys_that_are_refused_are_renewed_once),
        TEST(a_conversation_may_be_under_way_when_the_worker_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
