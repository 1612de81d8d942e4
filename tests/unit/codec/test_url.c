#include "codec/url.h"

#include "test.h"

struct parts {
    const char *text;
    const char *host;
    const char *authority;
    const char *path;
    const char *query;
    uint16_t port;
    bool tls;
    bool is_ipv6;
};

static void check_parts(const struct parts *want)
{
    struct url url = {0};

    assert_int_equal(url_parse(str_c(want->text), &url), ERR_OK);
    assert_true(url.tls == want->tls && url.is_ipv6 == want->is_ipv6);
    assert_int_equal(url.port, want->port);
    assert_str_equal(url.host, str_c(want->host));
    assert_str_equal(url.authority, str_c(want->authority));
    assert_str_equal(url.path, str_c(want->path));
    assert_str_equal(url.query, str_c(want->query));
}

static void absolute_urls_fall_into_their_parts(void **state)
{
    (void)state;
    static const struct parts cases[] = {
        {"https://api.example.com/v1", "api.example.com", "api.example.com", "/v1", "", 443, true,
         false},
        {"http://localhost:8080", "localhost", "localhost:8080", "", "", 8080, false, false},
        {"HTTPS://A/", "A", "A", "/", "", 443, true, false},
        {"http://[::1]:80/x?y=1&z", "::1", "[::1]:80", "/x", "y=1&z", 80, false, true},
        {"http://[2001:db8::1.2.3.4]", "2001:db8::1.2.3.4", "[2001:db8::1.2.3.4]", "", "", 80,
         false, true},
        {"https://a_b-c.d?q=/?", "a_b-c.d", "a_b-c.d", "", "q=/?", 443, true, false},
        {"http://a:65535/%20/%41", "a", "a:65535", "/%20/%41", "", 65535, false, false},
        {"http://127.0.0.1", "127.0.0.1", "127.0.0.1", "", "", 80, false, false},
        {"http://localhost./", "localhost.", "localhost.", "/", "", 80, false, false},
        {"http://1.2.3.4.example.com/", "1.2.3.4.example.com", "1.2.3.4.example.com", "/", "", 80,
         false, false},
        {"http://0xcafe.dev", "0xcafe.dev", "0xcafe.dev", "", "", 80, false, false},
        {"http://a.0xg", "a.0xg", "a.0xg", "", "", 80, false, false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_parts(&cases[i]);
    }
}

static void what_is_no_plain_http_url_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "/",
        "//a/x",
        "a",
        "http:",
        "http:/a/",
        "http://",
        "http:///a",
        "http://?a",
        "http://:80/",
        "ftp://a/",
        "file:///etc/passwd",
        "https//a",
        "http://u@a/",
        "http://u:p@a/",
        "http://a:/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:99999999999999999999/",
        "http://a:000080/",
        "http://a:+1/",
        "http://a:8x/",
        "http://a:80:80/",
        "http://a b/",
        "http://a/ b",
        " http://a/",
        "http://a/\n",
        "http://a\r\nHost: x/",
        "http://a\t/",
        "http://a/\x01",
        "http://a/\x7f",
        "http://a/\xc3\xa9",
        "http://\xc3\xa9/",
        "http://a/#b",
        "http://a#b",
        "http://a\\b/",
        "http://a/\\",
        "http://a/%",
        "http://a/%2",
        "http://a/%zz",
        "http://a/%00",
        "http://a/?%00",
        "http://a%2eb/",
        "http://[::1",
        "http://[::1]x/",
        "http://[]/",
        "http://[:::]/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://::1/",
        "http://a]/",
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct url url = {.port = 7};
        if (url_parse(str_c(cases[i]), &url) != ERR_INVALID) {
            fail_msg("\"%s\" was taken", cases[i]);
        }
        assert_int_equal(url.port, 7);
    }
    struct url url = {0};
    assert_int_equal(url_parse(STR("http://a\0b/"), &url), ERR_INVALID);
}

/* Resolvers read them with inet_aton(), or do not: what they lead to is anybody's guess. */
static void addresses_that_are_spelled_otherwise_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "http://0/",           "http://127.1/",        "http://127.0.1/",    "http://2130706433/",
        "http://4294967295/",  "http://017700000001/", "http://0177.0.0.1/", "http://00127.0.0.1/",
        "http://0x7f000001/",  "http://0X7F.1/",       "http://127.0.0x1/",  "http://127.0.0.0x1/",
        "http://0x/",          "http://a.0x/",         "http://a.1/",        "http://127.0.0.1./",
        "http://127.0.0.256/", "http://1.2.3.4.5/",    "http://./",          "http://.../",
        "http://.a/",          "http://a..b/",         "http://a../",        "http://127.0.0.01/",
        "http://example.com.7"};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct url url = {0};
        if (url_parse(str_c(cases[i]), &url) != ERR_INVALID) {
            fail_msg("\"%s\" was taken", cases[i]);
        }
    }
}

static void names_longer_than_any_name_are_refused(void **state)
{
    (void)state;
    char text[300] = "http://";
    struct url url = {0};

    memset(text + 7, 'a', sizeof(text) - 7);
    assert_int_equal(url_parse(str_of(text, 7 + 253), &url), ERR_OK);
    assert_int_equal(url_parse(str_of(text, 7 + 254), &url), ERR_INVALID);
}

static void authorities_are_hosts_with_a_port_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"", true},           {"a", true},         {"a.b-c_d~e:80", true},
        {"a:", true},         {"a:65535", true},   {"[::1]", true},
        {"[::1]:8080", true}, {"1.2.3.4", true},   {"a!$&'()*+;=", true},
        {"a:65536", false},   {"a:080808", false}, {"a:x", false},
        {"a:-1", false},      {"a: 80", false},    {"a/x", false},
        {"a?", false},        {"a#", false},       {"u@a", false},
        {"a b", false},       {"a,b", false},      {"a\"", false},
        {"<a>", false},       {"a\\b", false},     {"a%00b", false},
        {"a%41", false},      {"[::1", false},     {"[::1]x", false},
        {"[:::::]", false},   {"a\xff", false},    {"a\tb", false},
        {"[1.2.3.4]", false}, {"::1", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (url_is_authority(str_c(cases[i].text)) != cases[i].want) {
            fail_msg("\"%s\": not %d", cases[i].text, cases[i].want);
        }
    }
    assert_false(url_is_authority(STR("a\0b")));
    assert_false(url_is_authority(STR("[::1\0]")));
}

static void targets_are_paths_of_whole_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"/", true},       {"/a/b?c=d&e", true}, {"//x", true},    {"/a;b,c:d@e", true},
        {"/%41%7e", true}, {"/[x]", true},       {"/?a?b", true},  {"", false},
        {"*", false},      {"a", false},         {"/#", false},    {"/a b", false},
        {"/%", false},     {"/%4", false},       {"/%4g", false},  {"/%00", false},
        {"/a%0", false},   {"/?%zz", false},     {"/\\", false},   {"/<", false},
        {"/{a}", false},   {"/\x7f", false},     {"/\xff", false}, {"/%25%3", false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (url_is_target(str_c(cases[i].text)) != cases[i].want) {
            fail_msg("\"%s\": not %d", cases[i].text, cases[i].want);
        }
    }
}

static void escapes_become_bytes_and_broken_ones_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {"abc", "abc"},
        {"%41", "A"},
        {"a%2Fb%2fc", "a/b/c"},
        {"%25%32%35", "%25"},
        {"%c3%A9", "\xc3\xa9"},
        {"%", NULL},
        {"%4", NULL},
        {"a%", NULL},
        {"%00", NULL},
        {"%4g", NULL},
        {"%g4", NULL},
        {"%41%", NULL},
        {"+", "+"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str got = STR("untouched");
        enum err err = url_decode(str_c(cases[i].text), &arena, &got);
        assert_int_equal(err, cases[i].want != NULL ? ERR_OK : ERR_INVALID);
        assert_str_equal(got, cases[i].want != NULL ? str_c(cases[i].want) : STR("untouched"));
    }
    arena_reset(&arena);
    str plain = STR("no escape");
    str got = STR_NONE;
    assert_int_equal(url_decode(plain, &arena, &got), ERR_OK);
    assert_ptr_equal(got.at, plain.at);
    assert_int_equal(arena.taken, 0);
}

static void bytes_that_mean_something_are_escaped(void **state)
{
    static const struct {
        const char *text;
        const char *keep;
        const char *want;
    } cases[] = {
        {"anthropic.claude-v1:0", "", "anthropic.claude-v1%3A0"},
        {"a/b~c_d", "/", "a/b~c_d"},
        {"a/b", "", "a%2Fb"},
        {"%41+ ", "%", "%41%2B%20"},
        {"\xe1\x88\xb4", "", "%E1%88%B4"},
        {"", "", ""},
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(url_encode(str_c(cases[i].text), str_c(cases[i].keep), &arena),
                         str_c(cases[i].want));
    }
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_urls_fall_into_their_parts),
        cmocka_unit_test(what_is_no_plain_http_url_is_refused),
        cmocka_unit_test(addresses_that_are_spelled_otherwise_are_refused),
        cmocka_unit_test(names_longer_than_any_name_are_refused),
        cmocka_unit_test(authorities_are_hosts_with_a_port_or_nothing),
        cmocka_unit_test(targets_are_paths_of_whole_escapes),
        cmocka_unit_test(escapes_become_bytes_and_broken_ones_errors),
        cmocka_unit_test(bytes_that_mean_something_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
