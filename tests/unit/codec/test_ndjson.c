#include "codec/ndjson.h"

#include "test.h"

enum { LINE_BYTES_MAX = 32 };

/* Feeds `first` bytes, then pieces of `step`, and joins the lines with '|'. */
static void split(struct buf *out, str bytes, size_t first, size_t step)
{
    struct ndjson ndjson;
    str line = STR_NONE;
    size_t size = first;

    out->len = 0;
    ndjson_init(&ndjson, LINE_BYTES_MAX);
    while (bytes.len > 0) {
        str piece = str_take(bytes, size);
        bytes = str_skip(bytes, piece.len);
        size = step;
        enum ndjson_result result = NDJSON_LINE;
        while ((result = ndjson_next(&ndjson, &piece, &line)) == NDJSON_LINE) {
            assert_int_equal(buf_printf(out, STR_FMT "|", STR_ARG(line)), ERR_OK);
        }
        if (result == NDJSON_LONG) {
            assert_int_equal(buf_printf(out, "long"), ERR_OK);
            assert_int_equal(ndjson_next(&ndjson, &piece, &line), NDJSON_LONG);
            assert_false(ndjson_end(&ndjson, &line));
            ndjson_free(&ndjson);
            return;
        }
        assert_int_equal(piece.len, 0);
    }
    if (ndjson_end(&ndjson, &line)) {
        assert_int_equal(buf_printf(out, STR_FMT "$", STR_ARG(line)), ERR_OK);
    }
    ndjson_free(&ndjson);
}

static void lines_are_the_same_in_pieces_of_any_size(void **state)
{
    static const struct {
        str bytes;
        const char *want;
    } cases[] = {
        {STR_INIT(""), ""},
        {STR_INIT("\n\r\n \n"), ""},
        {STR_INIT("{\"a\":1}\n{\"b\":2}\n"), "{\"a\":1}|{\"b\":2}|"},
        {STR_INIT("{\"a\":1}\r\n\r\n{\"b\":2}\r\n"), "{\"a\":1}|{\"b\":2}|"},
        {STR_INIT("1\n2"), "1|2$"},
        {STR_INIT("1\n2\r"), "1|2$"},
        {STR_INIT(" 1 \n\t2\n"), "1|2|"},
        {STR_INIT("\n\n1\n\n\n2\n \n"), "1|2|"},
        {STR_INIT("\xc3\xa4\xc3\xb6\n"), "\xc3\xa4\xc3\xb6|"},
        {STR_INIT("0123456789abcdef0123456789abcdef\n1\n"), "0123456789abcdef0123456789abcdef|1|"},
        {STR_INIT("0123456789abcdef0123456789abcdefX\n1\n"), "long"},
        {STR_INIT("1\n0123456789abcdef0123456789abcdefX"), "1|long"},
    };
    struct buf out;
    (void)state;

    buf_init(&out, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str bytes = cases[i].bytes;
        split(&out, bytes, bytes.len, 1);
        assert_str_equal(buf_str(&out), str_c(cases[i].want));
        split(&out, bytes, 1, 1);
        assert_str_equal(buf_str(&out), str_c(cases[i].want));
        for (size_t cut = 1; cut < bytes.len; cut++) {
            split(&out, bytes, cut, bytes.len);
            assert_str_equal(buf_str(&out), str_c(cases[i].want));
        }
    }
    buf_free(&out);
}

static void a_whole_line_is_a_view_into_the_input(void **state)
{
    struct ndjson ndjson;
    str bytes = STR("{\"a\":1}\n{\"b\":2}\n");
    str input = bytes;
    str line = STR_NONE;
    (void)state;

    ndjson_init(&ndjson, LINE_BYTES_MAX);
    assert_int_equal(ndjson_next(&ndjson, &input, &line), NDJSON_LINE);
    assert_ptr_equal(line.at, bytes.at);
    assert_int_equal(ndjson_next(&ndjson, &input, &line), NDJSON_LINE);
    assert_ptr_equal(line.at, bytes.at + 8);
    assert_int_equal(ndjson_next(&ndjson, &input, &line), NDJSON_MORE);
    assert_false(ndjson_end(&ndjson, &line));
    assert_null(ndjson.begun.at);
    ndjson_free(&ndjson);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_same_in_pieces_of_any_size),
        cmocka_unit_test(a_whole_line_is_a_view_into_the_input),
    };

    return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
