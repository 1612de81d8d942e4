#include "codec/http1.h"

#include "test.h"

static const struct http1_limits limits = {
    .line_bytes_max = 16 << 10,
    .head_bytes_max = 64 << 10,
    .field_count_max = 200,
    .trailer_bytes_max = 8 << 10,
    .trailer_count_max = 32,
    .chunk_line_bytes_max = 1 << 10,
    .chunk_overhead_bytes_max = 64 << 10,
    .body_bytes_max = 32 << 20,
};

/* Prints what the parser tells, so that two runs can be compared as text.  A body is printed when
 * it is whole: it comes in other pieces when the input does. */
struct printer {
    struct http1_parser parser;
    struct buf out;
    struct buf body;
    enum http1_result last;
    bool answers_head;
};

static void printer_init(struct printer *printer, enum http1_role role,
                         const struct http1_limits *with)
{
    *printer = (struct printer){0};
    http1_init(&printer->parser, role, with);
    buf_init(&printer->out, 64 << 20);
    buf_init(&printer->body, 64 << 20);
}

static void printer_free(struct printer *printer)
{
    http1_free(&printer->parser);
    buf_free(&printer->out);
    buf_free(&printer->body);
}

static void print(struct printer *printer, str text)
{
    assert_int_equal(buf_add(&printer->out, text), ERR_OK);
}

static void print_head(struct printer *printer)
{
    const struct http1_head *head = &printer->parser.head;
    char status[16];

    (void)snprintf(status, sizeof(status), "%d", head->status);
    if (head->status > 0) {
        print(printer, str_c(status));
    } else {
        print(printer, head->method);
        print(printer, STR(" "));
        print(printer, head->target);
        print(printer, STR(" @"));
        print(printer, head->host);
    }
    for (size_t i = 0; i < head->headers.count; i++) {
        print(printer, STR(" ["));
        print(printer, head->headers.at[i].name);
        print(printer, STR("="));
        print(printer, head->headers.at[i].value);
        print(printer, STR("]"));
    }
    print(printer, head->keep_alive ? STR(" keep") : STR(" close"));
    print(printer, head->expects_continue ? STR(" expects") : STR(""));
    print(printer, head->is_chunked ? STR(" chunked") : STR(""));
    print(printer, head->ends_with_close ? STR(" rest") : STR(""));
    print(printer, STR("\n"));
    assert_int_equal(head->has_body,
                     head->is_chunked || head->ends_with_close || head->content_length > 0);
}

static void print_body(struct printer *printer)
{
    if (printer->body.len > 0) {
        print(printer, STR("  body "));
        print(printer, buf_str(&printer->body));
        print(printer, STR("\n"));
    }
    printer->body.len = 0;
}

static void print_refusal(struct printer *printer)
{
    char status[32];

    (void)snprintf(status, sizeof(status), "error %d\n", printer->parser.error_status);
    print(printer, str_c(status));
    assert_true(printer->parser.error.len > 0);
    assert_false(http1_is_inside(&printer->parser));
}

/* The piece lies in memory of its own, so that a view kept too long is found. */
static void feed(struct printer *printer, str piece)
{
    struct arena arena = {0};
    str input = arena_copy(&arena, piece);
    const char *end = input.at + input.len;

    while (printer->last != HTTP1_ERROR) {
        str body = STR_NONE;
        if (printer->answers_head) {
            http1_expect_no_body(&printer->parser);
        }
        printer->last = http1_feed(&printer->parser, &input, &body);
        if (printer->last == HTTP1_MORE) {
            break;
        }
        if (printer->last == HTTP1_HEAD) {
            print_head(printer);
        } else if (printer->last == HTTP1_BODY) {
            assert_true(body.len > 0 && body.at + body.len <= end);
            assert_int_equal(buf_add(&printer->body, body), ERR_OK);
        } else if (printer->last == HTTP1_END) {
            print_body(printer);
            print(printer, STR("end\n"));
            http1_next(&printer->parser);
        } else {
            print_refusal(printer);
        }
    }
    arena_reset(&arena);
}

static void feed_end(struct printer *printer)
{
    if (printer->last == HTTP1_ERROR) {
        return;
    }
    printer->last = http1_feed_end(&printer->parser);
    if (printer->last == HTTP1_END) {
        print_body(printer);
        print(printer, STR("end\n"));
    } else if (printer->last == HTTP1_ERROR) {
        print_refusal(printer);
    }
}

static void feed_in_steps(struct printer *printer, str bytes, size_t step)
{
    while (bytes.len > 0) {
        feed(printer, str_take(bytes, step));
        bytes = str_skip(bytes, step);
    }
}

struct run {
    enum http1_role role;
    const struct http1_limits *limits;
    bool answers_head;
};

static void check_cut(const struct run *run, str bytes, str want, size_t cut)
{
    struct printer printer;

    printer_init(&printer, run->role, run->limits);
    printer.answers_head = run->answers_head;
    feed(&printer, str_take(bytes, cut));
    feed(&printer, str_skip(bytes, cut));
    feed_end(&printer);
    if (!str_eq(buf_str(&printer.out), want)) {
        fail_msg("\"" STR_FMT "\" cut at %zu: got\n" STR_FMT "want\n" STR_FMT, STR_ARG(bytes), cut,
                 STR_ARG(buf_str(&printer.out)), STR_ARG(want));
    }
    printer_free(&printer);
}

/* Whole, cut at every place, and byte by byte; then the connection ends. */
static void check_run(const struct run *run, str bytes, str want)
{
    struct printer printer;

    for (size_t cut = 0; cut <= bytes.len; cut++) {
        check_cut(run, bytes, want, cut);
    }
    printer_init(&printer, run->role, run->limits);
    printer.answers_head = run->answers_head;
    feed_in_steps(&printer, bytes, 1);
    feed_end(&printer);
    assert_str_equal(buf_str(&printer.out), want);
    printer_free(&printer);
}

static const struct run as_server = {HTTP1_SERVER, &limits, false};
static const struct run as_client = {HTTP1_CLIENT, &limits, false};
static const struct run as_head_client = {HTTP1_CLIENT, &limits, true};

struct exchange {
    const char *bytes;
    const char *want;
};

static void check_all(const struct run *run, const struct exchange *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_run(run, str_c(cases[i].bytes), str_c(cases[i].want));
    }
}

static void good_requests_are_read_as_they_are_meant(void **state)
{
    (void)state;
    static const struct exchange cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a [Host=a] keep\nend\n"},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a [Host=a] keep\nend\n"},
        {"GET / HTTP/1.0\r\n\r\n", "GET / @ close\nend\n"},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
         "GET / @ [Connection=Keep-Alive] keep\nend\n"},
        {"GET /x?y HTTP/1.1\r\nhost:a:80\r\nConnection: foo, CLOSE\r\n\r\n",
         "GET /x?y @a:80 [host=a:80] [Connection=foo, CLOSE] close\nend\n"},
        {"GET http://b:1/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /c @b:1 [Host=a] keep\nend\n"},
        {"GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @b [Host=a] keep\nend\n"},
        {"GET / HTTP/1.1\r\nHost:\r\nX-A:\r\nX-B: \t v \t w \t\r\n\r\n",
         "GET / @ [Host=] [X-A=] [X-B=v \t w] keep\nend\n"},
        {"GET / HTTP/1.1\r\nHost: [::1]:8\r\nX!#$%&'*+-.^_`|~9: caf\xc3\xa9\r\n\r\n",
         "GET / @[::1]:8 [Host=[::1]:8] [X!#$%&'*+-.^_`|~9=caf\xc3\xa9] keep\nend\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n01234",
         "POST / @a [Host=a] [Content-Length=5] keep\n  body 01234\nend\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\n01234",
         "POST / @a [Host=a] [Content-Length=0005] keep\n  body 01234\nend\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
         "POST / @a [Host=a] [Content-Length=0] [Expect=100-continue] keep\nend\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / @a [Host=a] keep\nend\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
         "POST / @a [Host=a] [Expect=100-Continue] [Content-Length=1] keep expects\n  body "
         "x\nend\n"},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
         "POST / @ [Expect=100-continue] [Content-Length=1] close\n  body x\nend\n"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \tCHUNKED \r\n\r\n"
         "5\r\n01234\r\nA;x=\"y\"\r\n0123456789\r\n00\r\n\r\n",
         "PUT / @a [Host=a] [Transfer-Encoding=CHUNKED] keep chunked\n  body "
         "012340123456789\nend\n"},
        {"PATCH / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1;\r\nx\r\n0;z\r\nContent-Length: 9\r\nX:\r\n\r\n",
         "PATCH / @a [Host=a] [Transfer-Encoding=chunked] keep chunked\n  body x\nend\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
         "GET / @a [Host=a] [Upgrade=h2c] [Connection=Upgrade] keep\nend\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n",
         "GET / @a [Host=a] [Transfer_Encoding=chunked] keep\nend\n"},
    };

    check_all(&as_server, cases, COUNT_OF(cases));
}

static void pipelined_requests_have_one_boundary(void **state)
{
    (void)state;
    static const struct exchange cases[] = {
        {"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
         "2\r\n\r\n"
         "xy\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
         "GET /1 @a [Host=a] keep\nend\nPOST /2 @a [Host=a] [Content-Length=2] keep\n  body "
         "xy\nend\nGET /3 @a [Host=a] keep\nend\n"},
        {"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
         "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n",
         "DELETE / @a [Host=a] [Transfer-Encoding=chunked] keep chunked\nend\nOPTIONS / @a "
         "[Host=a] keep\nend\n"},
        {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nBROKEN\r\n\r\n",
         "HEAD / @a [Host=a] keep\nend\nerror 400\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n01234567GET / HTTP/1.1\r\n",
         "POST / @a [Host=a] [Content-Length=010] keep\n  body 01234567GE\nend\nerror 400\n"},
    };

    check_all(&as_server, cases, COUNT_OF(cases));
}

/* Heads that are refused, with the status; Host and the line end of the head are added. */
static void bad_request_lines_have_a_status_each(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
    } cases[] = {
        {"FOO / HTTP/1.1", 501},
        {"get / HTTP/1.1", 501},
        {"TRACE / HTTP/1.1", 501},
        {"CONNECT a:1 HTTP/1.1", 501},
        {"PRI * HTTP/2.0", 505},
        {"GET / HTTP/0.9", 505},
        {"GET / HTTP/1.2", 505},
        {"GET / HTTP/9.9", 505},
        {"GET / HTTP/1.10", 400},
        {"GET / http/1.1", 400},
        {"GET / HTTP/1.1 ", 400},
        {"GET  / HTTP/1.1", 400},
        {"GET /  HTTP/1.1", 400},
        {"GET\t/ HTTP/1.1", 400},
        {" GET / HTTP/1.1", 400},
        {"GET /", 400},
        {"GET", 400},
        {"GE(T / HTTP/1.1", 400},
        {"GET * HTTP/1.1", 400},
        {"OPTIONS * HTTP/1.1", 400},
        {"GET a HTTP/1.1", 400},
        {"GET /a b HTTP/1.1", 400},
        {"GET /# HTTP/1.1", 400},
        {"GET /\\ HTTP/1.1", 400},
        {"GET /%00 HTTP/1.1", 400},
        {"GET /%2 HTTP/1.1", 400},
        {"GET /?%zz HTTP/1.1", 400},
        {"GET /\xff HTTP/1.1", 400},
        {"GET http:// HTTP/1.1", 400},
        {"GET http://u@a/ HTTP/1.1", 400},
        {"GET http://a?b HTTP/1.1", 400},
        {"GET file:///etc HTTP/1.1", 400},
        {"GET :// HTTP/1.1", 400},
        {"GET http://a:x/ HTTP/1.1", 400},
        {"GET http://a/# HTTP/1.1", 400},
        {"GET /\x01 HTTP/1.1", 400},
        {"GET / HTTP/1.1\r", 400},
        {"GET /\r HTTP/1.1", 400},
        {"GET / HTTP/1.1\nX: y", 400},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str bytes = arena_printf(&arena, "%s\r\nHost: a\r\n\r\n", cases[i].line);
        str want = arena_printf(&arena, "error %d\n", cases[i].status);
        check_run(&as_server, bytes, want);
    }
    check_run(&as_server, STR("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), STR("error 400\n"));
    check_run(&as_server, STR("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), STR("error 400\n"));
    check_run(&as_server, STR("\x16\x03\x01"), STR("error 400\n"));
    arena_reset(&arena);
}

static void bad_fields_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        int status;
    } cases[] = {
        {"", 400}, /* no Host */
        {"Host: a\r\nHost: a\r\n", 400},
        {"Host : a\r\n", 400},
        {"Host: a/b\r\n", 400},
        {"Host: a\r\n folded\r\n", 400},
        {"Host: a\r\n\tfolded\r\n", 400},
        {" Host: a\r\n", 400},
        {"Host: a\r\n: v\r\n", 400},
        {"Host: a\r\nX\r\n", 400},
        {"Host: a\r\nX-\xc3\xa9: v\r\n", 400},
        {"Host: a\r\nX: a\x01\r\n", 400},
        {"Host: a\r\nX: a\x7f\r\n", 400},
        {"Host: a\r\nX: a\rb\r\n", 400},
        {"Host: a\nX: b\r\n", 400},
        {"Host: a\r\nX: b\n\r\n", 400},
        {"Host: a\r\n\rX: b\r\n", 400},
        {"Host: a\r\nAuthorization: x\r\nauthorization: y\r\n", 400},
        {"Host: a\r\nExpect: 200-ok\r\n", 417},
        {"Host: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n", 417},
        {"Host: a\r\nContent-Length: 5, 5\r\n", 400},
        {"Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n", 400},
        {"Host: a\r\nContent-Length:\r\n", 400},
        {"Host: a\r\nContent-Length: +5\r\n", 400},
        {"Host: a\r\nContent-Length: 0x5\r\n", 400},
        {"Host: a\r\nContent-Length: 18446744073709551616\r\n", 400},
        {"Host: a\r\nContent-Length: 33554433\r\n", 413},
        {"Host: a\r\nContent-Length: 9223372036854775807\r\n", 413},
        {"Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
        {"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
        {"Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
        {"Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 400},
        {"Host: a\r\nTransfer-Encoding: chunked, identity\r\n", 400},
        {"Host: a\r\nTransfer-Encoding: xchunked\r\n", 400},
        {"Host: a\r\nTransfer-Encoding:\r\n", 400},
        {"Host: a\r\nTransfer-Encoding: chunked;q=1\r\n", 400},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str bytes = arena_printf(&arena, "POST / HTTP/1.1\r\n%s\r\n", cases[i].fields);
        str want = arena_printf(&arena, "error %d\n", cases[i].status);
        check_run(&as_server, bytes, want);
    }
    check_run(&as_server, STR("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"), STR("error 400\n"));
    check_run(&as_server, STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
              STR("error 400\n"));
    arena_reset(&arena);
}

static void bad_chunks_are_refused(void **state)
{
    (void)state;
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"\r\n", 400},
        {";\r\n", 400},
        {"0x5\r\n", 400},
        {"+5\r\n", 400},
        {" 5\r\n", 400},
        {"5 \r\n", 400},
        {"5 ;a\r\n", 400},
        {"G\r\n", 400},
        {"000000005\r\n", 400},
        {"100000005\r\n", 400},
        {"FFFFFFFF\r\n", 413},
        {"2000001\r\n", 413},
        {"5\n", 400},
        {"5\r5", 400},
        {"5\r\r\n", 400},
        {"5;a\rb\r\n", 400},
        {"5;a\x01\r\n", 400},
        {"5;a\n", 400},
        {"1\r\nxX", 400},
        {"1\r\nx\n", 400},
        {"1\r\nx\rX", 400},
        {"0\r\nX\r\n\r\n", 400},
        {"0\r\nX : v\r\n", 400},
        {"0\r\n: v\r\n", 400},
        {"0\r\n X: v\r\n", 400},
        {"0\r\nX: v\n", 400},
        {"0\r\nX: \x02\r\n", 400},
        {"0\n\n", 400},
        {"0\r\nXX", 400},
        {"0\r\n\rX", 400},
        {"2\r\nx", 400},
        {"1\r\n", 400},
        {"0\r\n", 400},
        {"0", 400},
        {"", 400},
        {"1\r\nx\r\n", 400},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct printer printer;
        str bytes = arena_printf(&arena, "%s%s", head, cases[i].body);
        str want = arena_printf(
            &arena, "POST / @a [Host=a] [Transfer-Encoding=chunked] keep chunked\nerror %d\n",
            cases[i].status);
        check_run(&as_server, bytes, want);
        printer_init(&printer, HTTP1_SERVER, &limits);
        feed(&printer, bytes);
        feed(&printer, STR("5\r\n01234\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        printer_free(&printer);
    }
    arena_reset(&arena);
}

static void small_limits_are_kept_to_the_byte(void **state)
{
    (void)state;
    static const struct http1_limits small = {
        .line_bytes_max = 16,
        .head_bytes_max = 40,
        .field_count_max = 3,
        .trailer_bytes_max = 8,
        .trailer_count_max = 2,
        .chunk_line_bytes_max = 6,
        .chunk_overhead_bytes_max = 30,
        .body_bytes_max = 8,
    };
    static const struct run server = {HTTP1_SERVER, &small, false};
    static const struct exchange cases[] = {
        {"GET /67 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /67 @a [Host=a] keep\nend\n"},
        {"GET /678 HTTP/1.1\r\nHost: a\r\n\r\n", "error 414\n"},
        {"AAAAAAAAAAAAAAAAAAAAAAAA", "error 414\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY:\r\n\r\n",
         "GET / @a [Host=a] [X=] [Y=] keep\nend\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY:\r\nZ:\r\n\r\n", "error 431\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 34567890123456789012345\r\n\r\n",
         "GET / @a [Host=a] [X=34567890123456789012345] keep\nend\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 3456789012345678901234567890\r\n\r\n", "error 431\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "error 431\n"},
        {"PUT / HTTP/1.0\r\nContent-Length: 8\r\n\r\n01234567",
         "PUT / @ [Content-Length=8] close\n  body 01234567\nend\n"},
        {"PUT / HTTP/1.0\r\nContent-Length: 9\r\n\r\n", "error 413\n"},
    };
    static const struct exchange chunked[] = {
        {"8\r\n01234567\r\n0\r\n\r\n", "  body 01234567\nend\n"},
        {"9\r\n", "error 413\n"},
        {"8\r\n01234567\r\n1\r\n", "error 413\n"},
        {"1;3456\r\nx\r\n0\r\n\r\n", "  body x\nend\n"},
        {"1;34567\r\n", "error 400\n"},
        {"0;34567\r\n", "error 400\n"},
        {"0\r\na:\r\nb:\r\n\r\n", "end\n"},
        {"0\r\na:\r\nb:\r\nc:\r\n\r\n", "error 431\n"},
        {"0\r\na:345678\r\n\r\n", "end\n"},
        {"0\r\na:3456789\r\n\r\n", "error 431\n"},
        {"1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n",
         "  body xxxxxxx\nend\n"},
        {"1;345\r\nx\r\n1;345\r\nx\r\n1;345\r\nx\r\n1;345\r\nx\r\n", "error 400\n"},
    };
    struct arena arena = {0};

    check_all(&server, cases, COUNT_OF(cases));
    struct http1_limits roomy = small;
    roomy.head_bytes_max = 100;
    struct run with_room = {HTTP1_SERVER, &roomy, false};
    for (size_t i = 0; i < COUNT_OF(chunked); i++) {
        str bytes = arena_printf(
            &arena, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s",
            chunked[i].bytes);
        str want =
            arena_printf(&arena, "PUT / @a [Host=a] [Transfer-Encoding=chunked] keep chunked\n%s",
                         chunked[i].want);
        check_run(&with_room, bytes, want);
    }
    arena_reset(&arena);
}

static void answers_are_read_by_their_framing(void **state)
{
    (void)state;
    static const struct exchange cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy",
         "200 [Content-Length=2] keep\n  body xy\nend\n"},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 [Content-Length=0] keep\nend\n"},
        {"HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "429 [Transfer-Encoding=chunked] keep chunked\n  body abc\nend\n"},
        {"HTTP/1.1 200 OK\r\n\r\nto the end", "200 close rest\n  body to the end\nend\n"},
        {"HTTP/1.1 200 OK\r\n\r\n", "200 close rest\nend\n"},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
         "200 [Content-Length=1] close\n  body x\nend\n"},
        {"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n",
         "204 keep\nend\n304 [Content-Length=9] keep\nend\n"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
         "200 [Content-Length=1] [Connection=close] close\n  body x\nend\n"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
         "200 [Content-Length=2] keep\nerror 502\n"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "error 502\n"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "error 502\n"},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 33554433\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\nX: a\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 99 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 099 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 999 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 2000 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1  200 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", "error 502\n"},
        {"HTTP/2.0 200 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1\r\n\r\n", "error 502\n"},
        {"ICY 200 OK\r\n\r\n", "error 502\n"},
        {"<html>", "error 502\n"},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", "error 502\n"},
        {"HTTP/1.1 204 No Content\r\n\r\nextra", "204 keep\nend\nerror 502\n"},
        {"", ""},
    };

    check_all(&as_client, cases, COUNT_OF(cases));
}

static void an_answer_to_head_has_no_body(void **state)
{
    (void)state;
    static const struct exchange cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 [Content-Length=5] keep\nend\n"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         "200 [Transfer-Encoding=chunked] keep\nend\n"},
        {"HTTP/1.1 200 OK\r\n\r\n", "200 keep\nend\n"},
    };

    check_all(&as_head_client, cases, COUNT_OF(cases));
}

static void interim_answers_without_end_are_refused(void **state)
{
    (void)state;
    struct printer printer;

    printer_init(&printer, HTTP1_CLIENT, &limits);
    for (int i = 0; i < 100; i++) {
        feed(&printer, STR("HTTP/1.1 102 Processing\r\n\r\n"));
    }
    assert_str_equal(buf_str(&printer.out), STR("error 502\n"));
    printer_free(&printer);
}

static void a_close_delimited_body_is_bounded(void **state)
{
    (void)state;
    struct http1_limits few = limits;
    few.body_bytes_max = 4;
    struct run client = {HTTP1_CLIENT, &few, false};

    check_run(&client, STR("HTTP/1.1 200 OK\r\n\r\n1234"),
              STR("200 close rest\n  body 1234\nend\n"));
    check_run(&client, STR("HTTP/1.1 200 OK\r\n\r\n12345"), STR("200 close rest\nerror 502\n"));
}

static void an_idle_parser_is_small_and_holds_nothing(void **state)
{
    (void)state;
    struct printer printer;

    assert_true(sizeof(struct http1_parser) <= 400);
    printer_init(&printer, HTTP1_SERVER, &limits);
    assert_false(http1_is_inside(&printer.parser));
    feed(&printer, STR("\r\nGET / HT"));
    assert_true(http1_is_inside(&printer.parser));
    feed(&printer, STR("TP/1.1\r\nHost: a\r\n\r\n"));
    assert_false(http1_is_inside(&printer.parser));
    assert_null(printer.parser.bytes.at);
    assert_null(printer.parser.fields.head);
    feed(&printer, STR("\r\n"));
    assert_false(http1_is_inside(&printer.parser));
    assert_null(printer.parser.bytes.at);
    feed_end(&printer);
    assert_int_equal(printer.last, HTTP1_MORE);
    printer_free(&printer);
}

static void a_body_is_given_as_views_into_the_input(void **state)
{
    (void)state;
    static const char bytes[] = "PUT / HTTP/1.0\r\nContent-Length: 5\r\n\r\nabcde";
    struct http1_parser parser;
    str input = str_of(bytes, sizeof(bytes) - 1);
    str body = STR_NONE;

    http1_init(&parser, HTTP1_SERVER, &limits);
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_HEAD);
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_BODY);
    assert_ptr_equal(body.at, bytes + sizeof(bytes) - 6);
    assert_str_equal(body, STR("abcde"));
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_END);
    input = STR("GET");
    assert_int_equal(http1_feed(&parser, &input, &body), HTTP1_END);
    assert_int_equal(input.len, 3);
    http1_free(&parser);
}

/* What is large in the attack corpus, made here: `count` times `piece` behind `start`. */
static void floods_are_refused_before_they_are_kept(void **state)
{
    (void)state;
#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    static const struct {
        const char *start;
        const char *piece;
        size_t count;
        int status;
        size_t used_max; /* bytes looked at before the refusal */
    } cases[] = {
        {"", "A", 100000, 414, 17 << 10},
        {"GET /", "a", 100000, 414, 17 << 10},
        {"GET / HTTP/1.1\r\nX: ", "a", 2000000, 431, 66 << 10},
        {"GET / HTTP/1.1\r\n", "X", 2000000, 431, 66 << 10},
        {"GET / HTTP/1.1\r\n", "X: v\r\n", 20000, 431, 2 << 10},
        {CHUNKED, "0", 100000, 400, 100},
        {CHUNKED "5;", "a", 100000, 400, 2 << 10},
        {CHUNKED "0\r\n", "X: v\r\n", 50000, 431, 1 << 10},
        {CHUNKED "0\r\nX: ", "v", 50000, 431, 9 << 10},
        {CHUNKED, "1\r\na\r\n", 200000, 400, 200 << 10},
        {CHUNKED, "1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n", 3000, 400, 70 << 10},
    };
#undef CHUNKED

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http1_parser parser;
        str piece = str_c(cases[i].piece);
        str body = STR_NONE;
        size_t used = 0;
        enum http1_result result = HTTP1_MORE;
        http1_init(&parser, HTTP1_SERVER, &limits);
        for (size_t k = 0; k <= cases[i].count && result != HTTP1_ERROR; k++) {
            str input = k == 0 ? str_c(cases[i].start) : piece;
            used += input.len;
            while ((result = http1_feed(&parser, &input, &body)) != HTTP1_MORE &&
                   result != HTTP1_ERROR) {
                assert_true(result == HTTP1_HEAD || result == HTTP1_BODY);
            }
        }
        assert_int_equal(result, HTTP1_ERROR);
        assert_int_equal(parser.error_status, cases[i].status);
        assert_true(used <= cases[i].used_max);
        http1_free(&parser);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests_are_read_as_they_are_meant),
        cmocka_unit_test(pipelined_requests_have_one_boundary),
        cmocka_unit_test(bad_request_lines_have_a_status_each),
        cmocka_unit_test(bad_fields_are_refused),
        cmocka_unit_test(bad_chunks_are_refused),
        cmocka_unit_test(small_limits_are_kept_to_the_byte),
        cmocka_unit_test(answers_are_read_by_their_framing),
        cmocka_unit_test(an_answer_to_head_has_no_body),
        cmocka_unit_test(interim_answers_without_end_are_refused),
        cmocka_unit_test(a_close_delimited_body_is_bounded),
        cmocka_unit_test(an_idle_parser_is_small_and_holds_nothing),
        cmocka_unit_test(a_body_is_given_as_views_into_the_input),
        cmocka_unit_test(floods_are_refused_before_they_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
