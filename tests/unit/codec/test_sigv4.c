#include "codec/sigv4.h"

#include "test.h"

#define NOW_S INT64_C(1440938160) /* 20150830T123600Z, when all the published vectors are made */
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SESSION                                                                                   \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS" \
    "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDY" \
    "wT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqK" \
    "mlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static const struct sigv4_login example = {
    .access_key_id = STR_INIT("AKIDEXAMPLE"),
    .secret_access_key = STR_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};

/* Those of the published test suite (aws-sig-v4-test-suite) that sign nothing but host,
 * content-type and x-amz-*; each was derived anew from its canonical request. */
static const struct {
    const char *name;
    const char *method;
    const char *path;
    const char *content_type;
    const char *body;
    const char *session;
    const char *signed_headers;
    const char *signature;
} published[] = {
    {"get-vanilla", "GET", "/", NULL, "", "", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative", "GET", "/example/..", NULL, "", "", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative", "GET", "/example1/example2/../..", NULL, "", "", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash", "GET", "//", NULL, "", "", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash", "GET", "/./", NULL, "", "", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot", "GET", "/./example", NULL, "", "", "host;x-amz-date",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-space", "GET", "/example space/", NULL, "", "", "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-slashes with a space", "GET", "//example space//", NULL, "", "", "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-unreserved", "GET", "/" UNRESERVED, NULL, "", "", "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-vanilla-query-unreserved", "GET", "/?" UNRESERVED "=" UNRESERVED, NULL, "", "",
     "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-utf8", "GET", "/\xe1\x88\xb4", NULL, "", "", "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-vanilla-empty-query-key", "GET", "/?Param1=value1", NULL, "", "", "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-key", "GET", "/?Param1=value2&Param1=Value1", NULL, "", "",
     "host;x-amz-date", "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", NULL, "", "",
     "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1", NULL, "", "",
     "host;x-amz-date", "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-utf8-query", "GET", "/?\xe1\x88\xb4=bar", NULL, "", "", "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"post-vanilla", "POST", "/", NULL, "", "", "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query", "POST", "/?Param1=value1", NULL, "", "", "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-x-www-form-urlencoded", "POST", "/", "application/x-www-form-urlencoded",
     "Param1=value1", "", "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters", "POST", "/",
     "application/x-www-form-urlencoded; charset=utf8", "Param1=value1", "",
     "content-type;host;x-amz-date",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
    {"post-sts-header-before", "POST", "/", NULL, "", SESSION,
     "host;x-amz-date;x-amz-security-token",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
};

static void the_published_vectors_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(published); i++) {
        struct arena arena = {0};
        struct http_request request = {.method = str_c(published[i].method),
                                       .path = str_c(published[i].path),
                                       .body = str_c(published[i].body)};
        struct sigv4_login login = example;
        const struct sigv4_request what = {.request = &request,
                                           .authority = STR("example.amazonaws.com"),
                                           .region = STR("us-east-1"),
                                           .service = STR("service"),
                                           .now_s = NOW_S};
        print_message("%s\n", published[i].name);
        login.session_token = str_c(published[i].session);
        if (published[i].content_type != NULL) {
            headers_add(&request.headers, &arena, STR("Content-Type"),
                        str_c(published[i].content_type));
        }
        sigv4_sign(&what, &login, &arena, &request.headers);
        str want = arena_printf(
            &arena,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=%s, Signature=%s",
            published[i].signed_headers, published[i].signature);
        assert_str_equal(headers_get(&request.headers, STR("authorization")), want);
        assert_str_equal(headers_get(&request.headers, STR("x-amz-date")), STR("20150830T123600Z"));
        assert_str_equal(headers_get(&request.headers, STR("x-amz-security-token")),
                         str_c(published[i].session));
        arena_reset(&arena);
    }
}

/* Signed by botocore too, with the same result: a path that is encoded already is encoded once
 * more, blanks in values are few, and what a proxy may change is not signed. */
static void a_request_to_bedrock_is_signed_as_the_vendors_own_library_does(void **state)
{
    struct arena arena = {0};
    struct http_request request = {
        .method = STR("POST"),
        .path = STR("/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"),
        .body = STR("{\"messages\":[]}")};
    struct sigv4_login login = example;
    const struct sigv4_request what = {.request = &request,
                                       .authority = STR("bedrock-runtime.eu-west-1.amazonaws.com"),
                                       .region = STR("eu-west-1"),
                                       .service = STR("bedrock"),
                                       .now_s = 1795338487};

    (void)state;
    login.session_token = STR("session/token+1==");
    headers_add(&request.headers, &arena, STR("user-agent"), STR("gatehouse"));
    headers_add(&request.headers, &arena, STR("X-Amzn-Bedrock-Trace"),
                STR("  ENABLED   for   all "));
    headers_add(&request.headers, &arena, STR("content-type"), STR("application/json"));
    sigv4_sign(&what, &login, &arena, &request.headers);
    assert_str_equal(
        headers_get(&request.headers, STR("authorization")),
        STR("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-west-1/bedrock/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amzn-bedrock-trace, "
            "Signature=aa2df11f1d652366e96d8b6a2462847e4688a47e48e9535792af444f2290ef23"));
    arena_reset(&arena);
}

static void parameters_that_are_encoded_already_stay_so(void **state)
{
    struct arena arena = {0};
    struct http_request request = {
        .method = STR("POST"),
        .path = STR("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F"
                    "us.meta.llama3/invoke?b=2&a=x%20y&a=%2F"),
        .body = STR("{}")};
    const struct sigv4_request what = {.request = &request,
                                       .authority = STR("bedrock-runtime.eu-west-1.amazonaws.com"),
                                       .region = STR("eu-west-1"),
                                       .service = STR("bedrock"),
                                       .now_s = 1795338487};

    (void)state;
    headers_add(&request.headers, &arena, STR("content-type"), STR("application/json"));
    sigv4_sign(&what, &example, &arena, &request.headers);
    assert_true(str_has_suffix(
        headers_get(&request.headers, STR("authorization")),
        STR("Signature=e50570caa8812a673af97a5fa478bd79a6df123c6bf24000a2037d78fd671d09")));
    assert_int_equal(headers_count(&request.headers, STR("x-amz-security-token")), 0);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_come_out),
        cmocka_unit_test(a_request_to_bedrock_is_signed_as_the_vendors_own_library_does),
        cmocka_unit_test(parameters_that_are_encoded_already_stay_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
