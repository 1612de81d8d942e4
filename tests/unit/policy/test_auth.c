#include "policy/auth.h"

#include "test.h"

enum { HEADERS_MAX = 3 };

static const struct {
    const char *why;
    struct {
        const char *name;
        const char *value;
    } headers[HEADERS_MAX];
    const char *want; /* NULL: refused */
} cases[] = {
    {"bearer", {{"Authorization", "Bearer sk-gh-1"}}, "sk-gh-1"},
    {"the scheme's case does not matter", {{"authorization", "bEARER sk-gh-1"}}, "sk-gh-1"},
    {"many blanks", {{"Authorization", "  Bearer \t  sk-gh-1  "}}, "sk-gh-1"},
    {"blanks inside belong to the key", {{"Authorization", "Bearer a  b c"}}, "a  b c"},
    {"the case of a key does", {{"Authorization", "Bearer SK-gh-1"}}, "SK-gh-1"},
    {"a bare key", {{"Authorization", "sk-gh-1"}}, "sk-gh-1"},
    {"a bare key that begins like the scheme", {{"Authorization", "Bearerkey"}}, "Bearerkey"},
    {"x-api-key", {{"X-Api-Key", " sk-gh-1 "}}, "sk-gh-1"},
    {"api-key", {{"api-key", "sk-gh-1"}}, "sk-gh-1"},
    {"x-goog-api-key", {{"x-goog-api-key", "sk-gh-1"}}, "sk-gh-1"},
    {"the same key twice is one key",
     {{"Authorization", "Bearer k"}, {"x-api-key", "k"}, {"api-key", "k"}},
     "k"},
    {"other credentials are nobody's business",
     {{"Authorization", "Basic dXNlcjpwYXNz"}, {"x-api-key", "k"}},
     "k"},
    {"nothing", {{"Accept", "*/*"}}, NULL},
    {"empty", {{"Authorization", ""}}, NULL},
    {"no token", {{"Authorization", "Bearer"}}, NULL},
    {"a blank token", {{"Authorization", "Bearer   "}}, NULL},
    {"another scheme", {{"Authorization", "Basic c2s6eA=="}}, NULL},
    {"two keys", {{"Authorization", "Bearer good"}, {"Authorization", "Bearer bad"}}, NULL},
    {"two keys in two headers", {{"Authorization", "Bearer good"}, {"x-api-key", "bad"}}, NULL},
    {"a control character", {{"Authorization", "Bearer good\x01x"}}, NULL},
    {"a cookie is not a key", {{"Cookie", "session=k"}}, NULL},
    {"an address gives no rights", {{"X-Forwarded-For", "127.0.0.1"}}, NULL},
    {"an identity gives no rights", {{"X-User", "admin"}, {"X-Remote-User", "admin"}}, NULL},
};

static void a_key_is_found_wherever_it_is_and_two_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct auth auth = {0};
        struct fault fault = {0};
        str key = STR("untouched");

        for (size_t j = 0; j < HEADERS_MAX && cases[i].headers[j].name != NULL; j++) {
            auth_add_header(&auth, str_c(cases[i].headers[j].name),
                            str_c(cases[i].headers[j].value));
        }
        enum err err = auth_key(&auth, &key, &fault);
        print_message("%s\n", cases[i].why);
        assert_int_equal(err, cases[i].want != NULL ? ERR_OK : ERR_DENIED);
        assert_str_equal(key, cases[i].want != NULL ? str_c(cases[i].want) : STR("untouched"));
        if (err != ERR_OK) {
            assert_int_equal(fault_status(&fault), 401);
            assert_true(fault.message.len > 0);
        }
    }
}

static void a_nul_or_too_many_bytes_are_no_key(void **state)
{
    static char long_key[AUTH_KEY_BYTES_MAX + 1];
    struct auth auth = {0};
    struct fault fault = {0};
    str key = STR_NONE;

    (void)state;
    memset(long_key, 'A', sizeof(long_key));
    auth_add_header(&auth, STR("x-api-key"), str_of(long_key, AUTH_KEY_BYTES_MAX));
    assert_int_equal(auth_key(&auth, &key, &fault), ERR_OK);
    assert_int_equal(key.len, AUTH_KEY_BYTES_MAX);

    auth = (struct auth){0};
    auth_add_header(&auth, STR("x-api-key"), str_of(long_key, sizeof(long_key)));
    assert_int_equal(auth_key(&auth, &key, &fault), ERR_DENIED);

    auth = (struct auth){0};
    auth_add_header(&auth, STR("authorization"), STR("Bearer good\0x"));
    assert_int_equal(auth_key(&auth, &key, &fault), ERR_DENIED);
}

static void a_refusal_repeats_nothing_of_the_key(void **state)
{
    struct auth auth = {0};
    struct fault one = {0};
    struct fault other = {0};
    str key = STR_NONE;

    (void)state;
    auth_add_header(&auth, STR("authorization"), STR("Bearer secret-1\x01"));
    assert_int_equal(auth_key(&auth, &key, &one), ERR_DENIED);
    auth_refuse(&other);
    assert_str_equal(one.message, other.message);
    assert_int_equal(str_find(one.message, STR("secret")), one.message.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_wherever_it_is_and_two_are_none),
        cmocka_unit_test(a_nul_or_too_many_bytes_are_no_key),
        cmocka_unit_test(a_refusal_repeats_nothing_of_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
