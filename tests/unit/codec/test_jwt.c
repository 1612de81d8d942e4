#include "codec/jwt.h"

#include "rfc_key.h"
#include "test.h"

static const char ec_key[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgk97AXR3Qz5poaQ8J\n"
                             "QCrXffBRgYMy8/76GgvEMsZDvZWhRANCAAQDkkSB5k9BFRtQ1Edn90X8z0vLMFum\n"
                             "+DdfDGVZSeoHcxPqXiJljkOuUn5+7NcONWF94CHy8QqMJI7/j80mdXa9\n"
                             "-----END PRIVATE KEY-----\n";

/* As openssl writes one under a password; cut, since nobody gets as far as reading it. */
static const char locked_key[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIKd1BOSvDKmYCAggA\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

/* The claims of that example. */
static const char rfc_claims[] =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

static void the_example_of_the_rfc_comes_out_byte_for_byte(void **state)
{
    struct arena arena = {0};
    struct fault fault = {0};
    str token = STR_NONE;

    (void)state;
    assert_int_equal(jwt_sign_rs256(STR("{\"alg\":\"RS256\"}"), str_c(rfc_claims), str_c(rfc_key),
                                    &arena, &token, &fault),
                     ERR_OK);
    assert_str_equal(
        token,
        STR("eyJhbGciOiJSUzI1NiJ9."
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
            "Ijp0cnVlfQ."
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
            "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLI"
            "ARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noO"
            "PqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe"
            "77Rw"));
    arena_reset(&arena);
}

static void a_key_that_cannot_sign_is_told_without_showing_it(void **state)
{
    static const struct {
        const char *pem;
        const char *want;
    } cases[] = {
        {"", "the private key is no PEM text of a key without a password"},
        {"hunter2", "the private key is no PEM text of a key without a password"},
        {"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
         "the private key is no PEM text of a key without a password"},
        {locked_key, "the private key is no PEM text of a key without a password"},
        {ec_key, "the private key is no RSA key"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct fault fault = {0};
        str token = STR("untouched");
        assert_int_equal(
            jwt_sign_rs256(STR("{}"), STR("{}"), str_c(cases[i].pem), &arena, &token, &fault),
            ERR_INVALID);
        assert_str_equal(fault.message, str_c(cases[i].want));
        assert_str_equal(token, STR("untouched"));
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_comes_out_byte_for_byte),
        cmocka_unit_test(a_key_that_cannot_sign_is_told_without_showing_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
