#include "codec/http1.h"

#include "test.h"

static struct headers some_headers(struct arena *arena, str name, str value)
{
    struct headers headers = {0};

    headers_add(&headers, arena, STR("A"), STR("b"));
    headers_add(&headers, arena, name, value);
    return headers;
}

static void request_heads_are_written_whole(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        int64_t body_bytes;
        const char *want;
    } cases[] = {
        {"POST", 1234567890123, "Content-Length: 1234567890123\r\n"},
        {"POST", 0, "Content-Length: 0\r\n"},
        {"POST", -1, "Transfer-Encoding: chunked\r\n"},
        {"GET", 0, ""},
        {"DELETE", 0, ""},
        {"DELETE", 7, "Content-Length: 7\r\n"},
    };
    struct arena arena = {0};
    struct headers headers = some_headers(&arena, STR("X-Tab"), STR("a\tb\xff"));

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(http1_write_request_head(&out, str_c(cases[i].method), STR("/v1?x"),
                                                  STR("h:8"), &headers, cases[i].body_bytes),
                         ERR_OK);
        str want = arena_printf(
            &arena, "%s /v1?x HTTP/1.1\r\nHost: h:8\r\n%sA: b\r\nX-Tab: a\tb\xff\r\n\r\n",
            cases[i].method, cases[i].want);
        assert_str_equal(buf_str(&out), want);
        buf_free(&out);
    }
    arena_reset(&arena);
}

static void answer_heads_are_written_whole(void **state)
{
    (void)state;
    static const struct {
        const char *want;
        int64_t body_bytes;
        int status;
        bool close;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n", 12, 200, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", 0, 200, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n", -1, 200, true},
        {"HTTP/1.1 100 Continue\r\n", 0, 100, false},
        {"HTTP/1.1 204 No Content\r\n", 0, 204, false},
        {"HTTP/1.1 304 Not Modified\r\n", 0, 304, false},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n", 3, 404, true},
        {"HTTP/1.1 599 Unknown\r\nContent-Length: 1\r\n", 1, 599, false},
    };
    struct arena arena = {0};
    struct headers headers = some_headers(&arena, STR("Empty"), STR(""));

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(http1_write_answer_head(&out, cases[i].status, &headers,
                                                 cases[i].body_bytes, cases[i].close),
                         ERR_OK);
        str want = arena_printf(&arena, "%sA: b\r\nEmpty: \r\n\r\n", cases[i].want);
        assert_str_equal(buf_str(&out), want);
        buf_free(&out);
    }
    arena_reset(&arena);
}

static void nobody_can_write_a_line_of_their_own(void **state)
{
    (void)state;
    static const str values[] = {STR_INIT("a\r\nX: y"), STR_INIT("a\n"),   STR_INIT("\r"),
                                 STR_INIT("a\0b"),      STR_INIT("a\x7f"), STR_INIT("\x1b[")};
    static const str names[] = {STR_INIT(""),     STR_INIT("a b"),  STR_INIT("a:"),
                                STR_INIT("\r\n"), STR_INIT("\xc3"), STR_INIT("a\0")};
    static const str targets[] = {STR_INIT(""), STR_INIT("/ x"), STR_INIT("/\r\n"),
                                  STR_INIT("/\x7f")};
    struct arena arena = {0};
    struct headers none = {0};
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(buf_add(&out, STR("kept")), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(values) + COUNT_OF(names); i++) {
        bool is_value = i < COUNT_OF(values);
        struct headers headers = is_value
                                     ? some_headers(&arena, STR("X"), values[i])
                                     : some_headers(&arena, names[i - COUNT_OF(values)], STR("v"));
        assert_int_equal(http1_write_answer_head(&out, 200, &headers, 0, false), ERR_INVALID);
        assert_int_equal(
            http1_write_request_head(&out, STR("GET"), STR("/"), STR("a"), &headers, 0),
            ERR_INVALID);
    }
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        assert_int_equal(http1_write_request_head(&out, STR("GET"), targets[i], STR("a"), &none, 0),
                         ERR_INVALID);
    }
    assert_int_equal(http1_write_request_head(&out, STR("G T"), STR("/"), STR("a"), &none, 0),
                     ERR_INVALID);
    assert_int_equal(http1_write_request_head(&out, STR("GET"), STR("/"), STR("a\n"), &none, 0),
                     ERR_INVALID);
    assert_str_equal(buf_str(&out), STR("kept"));
    buf_free(&out);
    arena_reset(&arena);
}

static void writers_keep_to_the_limit_of_the_buffer(void **state)
{
    (void)state;
    struct headers none = {0};
    struct buf out;

    buf_init(&out, 4);
    assert_int_equal(http1_write_answer_head(&out, 200, &none, 0, false), ERR_TOO_BIG);
    assert_int_equal(http1_write_request_head(&out, STR("GET"), STR("/"), STR("a"), &none, 0),
                     ERR_TOO_BIG);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

static void add_chunk(struct buf *out, str bytes)
{
    char room[HTTP1_CHUNK_HEAD_BYTES_MAX];

    assert_int_equal(buf_add(out, http1_chunk_head(bytes.len, room)), ERR_OK);
    assert_int_equal(buf_add(out, bytes), ERR_OK);
    assert_int_equal(buf_add(out, HTTP1_CHUNK_END), ERR_OK);
}

static void a_chunk_head_holds_the_largest_size(void **state)
{
    char room[HTTP1_CHUNK_HEAD_BYTES_MAX];

    (void)state;
    assert_str_equal(http1_chunk_head(1, room), STR("1\r\n"));
    assert_str_equal(http1_chunk_head(SIZE_MAX, room), STR("ffffffffffffffff\r\n"));
}

static void chunks_written_are_chunks_read(void **state)
{
    (void)state;
    static const struct http1_limits limits = {1024, 1024, 10, 1024, 10, 64, 1024, 1024};
    struct http1_parser parser;
    struct headers none = {0};
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(http1_write_answer_head(&out, 200, &none, -1, false), ERR_OK);
    add_chunk(&out, STR("0123456789abcdef"));
    add_chunk(&out, STR("z"));
    assert_int_equal(buf_add(&out, HTTP1_LAST_CHUNK), ERR_OK);
    http1_init(&parser, HTTP1_CLIENT, &limits);
    str input = buf_str(&out);
    str body = STR_NONE;
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_HEAD);
    assert_true(parser.head.is_chunked);
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_BODY);
    assert_str_equal(body, STR("0123456789abcdef"));
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_BODY);
    assert_str_equal(body, STR("z"));
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_END);
    assert_int_equal(input.len, 0);
    http1_free(&parser);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_heads_are_written_whole),
        cmocka_unit_test(answer_heads_are_written_whole),
        cmocka_unit_test(nobody_can_write_a_line_of_their_own),
        cmocka_unit_test(writers_keep_to_the_limit_of_the_buffer),
        cmocka_unit_test(a_chunk_head_holds_the_largest_size),
        cmocka_unit_test(chunks_written_are_chunks_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
