#include "codec/json_write.h"
#include "codec/sse.h"

#include "corpus.h"

enum { LIMIT = 1 << 20 };

/* Prints what the decoder gives, so that two runs can be compared as text. */
struct printer {
    struct sse_decoder sse;
    struct buf out;
    enum sse_result last;
};

static void printer_init(struct printer *printer, size_t limit)
{
    sse_init(&printer->sse, limit);
    buf_init(&printer->out, 16 << 20);
}

static void printer_free(struct printer *printer)
{
    sse_free(&printer->sse);
    buf_free(&printer->out);
}

/* As in the corpus: [type, data, last event id]; malformed UTF-8 becomes U+FFFD in the writer. */
static void print_event(struct printer *printer, const struct sse_event *event)
{
    struct json_writer writer = json_write_inside(&printer->out, printer->out.len > 0);

    json_open_array(&writer, NULL);
    json_put_str(&writer, NULL, event->name.len > 0 ? event->name : STR("message"));
    json_put_str(&writer, NULL, event->data);
    json_put_str(&writer, NULL, event->id);
    json_close_array(&writer);
    assert_int_equal(json_write_end(&writer), ERR_OK);
}

/* The piece lies in memory of its own, so that a view kept too long is found. */
static void feed(struct printer *printer, str piece)
{
    struct arena arena = {0};
    str input = arena_copy(&arena, piece);
    struct sse_event event = {0};

    while ((printer->last = sse_next(&printer->sse, &input, &event)) == SSE_EVENT) {
        print_event(printer, &event);
    }
    arena_reset(&arena);
}

static void feed_in_steps(struct printer *printer, str bytes, size_t step)
{
    while (bytes.len > 0) {
        feed(printer, str_take(bytes, step));
        bytes = str_skip(bytes, step);
    }
}

static void check_case(str id, str bytes, str want, int64_t want_retry_ms)
{
    for (size_t cut = 0; cut <= bytes.len; cut++) {
        struct printer printer;
        if (bytes.len > 5000 && cut % 4999 != 0) {
            continue; /* the large ones are cut at a few places */
        }
        printer_init(&printer, LIMIT);
        feed(&printer, str_take(bytes, cut));
        feed(&printer, str_skip(bytes, cut));
        if (!str_eq(buf_str(&printer.out), want) || printer.sse.retry_ms != want_retry_ms) {
            fail_msg(STR_FMT " cut at %zu: got " STR_FMT ", want " STR_FMT, STR_ARG(id), cut,
                     STR_ARG(buf_str(&printer.out)), STR_ARG(want));
        }
        printer_free(&printer);
    }
    struct printer printer;
    printer_init(&printer, LIMIT);
    feed_in_steps(&printer, bytes, 1);
    assert_str_equal(buf_str(&printer.out), want);
    assert_int_equal(printer.sse.retry_ms, want_retry_ms);
    printer_free(&printer);
}

static void the_corpus_gives_its_events_however_it_is_cut(void **state)
{
    (void)state;
    struct arena arena = {0};
    str file = test_read_file(&arena, TESTS_DIR "/attacks/sse-cases.jsonl");
    int count = 0;

    for (json *row = corpus_next(&arena, &file); row != NULL; row = corpus_next(&arena, &file)) {
        struct buf want;
        str bytes = corpus_decode(&arena, json_str(row, "input_b64"));
        json *retry = json_get(row, "retry");
        buf_init(&want, 16 << 20);
        struct json_writer writer = json_write_to(&want);
        for (struct json_walk walk = json_walk(json_get(row, "events")); json_next(&walk);) {
            json_put_value(&writer, NULL, walk.value);
        }
        check_case(json_str(row, "id"), bytes, buf_str(&want),
                   json_is_none(retry) ? -1 : json_as_int(retry));
        buf_free(&want);
        count++;
    }
    assert_int_equal(count, 48);
    arena_reset(&arena);
}

static void a_line_end_cut_in_two_is_one_line_end(void **state)
{
    (void)state;
    str bytes = STR("event: x\r\ndata: a\r\ndata: b\r\n: c\r\nid: 7\r\n\r\ndata: d\r\n\r\n");

    check_case(STR("crlf"), bytes, STR("[\"x\",\"a\\nb\",\"7\"],[\"message\",\"d\",\"7\"]"), -1);
}

static void a_whole_event_is_a_view_into_the_input(void **state)
{
    (void)state;
    static const char bytes[] = "event: delta\ndata: {\"a\":1}\n\ndata: next\n\n";
    str input = STR("event: delta\ndata: {\"a\":1}\n\ndata: next\n\n");
    struct sse_decoder sse;
    struct sse_event event = {0};

    sse_init(&sse, LIMIT);
    input.at = bytes;
    assert_int_equal(sse_next(&sse, &input, &event), SSE_EVENT);
    assert_str_equal(event.name, STR("delta"));
    assert_str_equal(event.data, STR("{\"a\":1}"));
    assert_ptr_equal(event.name.at, bytes + 7);
    assert_ptr_equal(event.data.at, bytes + 19);
    assert_int_equal(sse_next(&sse, &input, &event), SSE_EVENT);
    assert_int_equal(sse_next(&sse, &input, &event), SSE_MORE);
    assert_null(sse.line.at);
    assert_null(sse.data.copy.at);
    sse_free(&sse);
}

static void an_idle_decoder_holds_no_memory(void **state)
{
    (void)state;
    struct printer printer;

    printer_init(&printer, LIMIT);
    feed_in_steps(&printer, STR("event: a\ndata: b\ndata: c\n\n: ping\n\n"), 1);
    assert_str_equal(buf_str(&printer.out), STR("[\"a\",\"b\\nc\",\"\"]"));
    assert_null(printer.sse.line.at);
    assert_null(printer.sse.name.copy.at);
    assert_null(printer.sse.data.copy.at);
    printer_free(&printer);
    assert_true(sizeof(struct sse_decoder) <= 256);
}

static void too_long_lines_and_events_are_errors_that_stay(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum sse_result want;
    } cases[] = {
        {"data:345678\n\n", SSE_MORE},
        {"data: 3456789\n\n", SSE_ERROR},
        {": 34567890123\n\n", SSE_ERROR},
        {"12345678901234567890", SSE_ERROR},
        {"data:345\ndata:345\ndata:345\n\n", SSE_MORE},
        {"data:345\ndata:345\ndata:345\ndata:3\n\n", SSE_ERROR},
        {"data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n",
         SSE_ERROR},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str bytes = str_c(cases[i].bytes);
        for (size_t step = 1; step <= bytes.len; step++) {
            struct printer printer;
            printer_init(&printer, 12);
            feed_in_steps(&printer, bytes, step);
            assert_int_equal(printer.last, cases[i].want);
            feed(&printer, STR("\n\ndata: x\n\n"));
            assert_int_equal(printer.last, cases[i].want);
            printer_free(&printer);
        }
    }
}

static void the_end_of_the_stream_gives_what_lacks_its_empty_line(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *want; /* NULL: nothing */
    } cases[] = {
        {"data: a", "a"},
        {"data: a\n", "a"},
        {"data: a\r", "a"},
        {"event: x\ndata: a\ndata: b", "a\nb"},
        {"data: a\n\ndata: b\n", "b"},
        {"data: a\n\n", NULL},
        {"event: a\n", NULL},
        {"\xef\xbb\xbf"
         "data: a",
         "a"},
        {": data", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t step = 1; step <= 20; step++) {
            struct printer printer;
            struct sse_event event = {0};
            printer_init(&printer, LIMIT);
            feed_in_steps(&printer, str_c(cases[i].bytes), step);
            assert_int_equal(sse_end(&printer.sse, &event), cases[i].want != NULL);
            assert_str_equal(event.data, str_c(cases[i].want));
            assert_false(sse_end(&printer.sse, &event));
            printer_free(&printer);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_gives_its_events_however_it_is_cut),
        cmocka_unit_test(a_line_end_cut_in_two_is_one_line_end),
        cmocka_unit_test(a_whole_event_is_a_view_into_the_input),
        cmocka_unit_test(an_idle_decoder_holds_no_memory),
        cmocka_unit_test(too_long_lines_and_events_are_errors_that_stay),
        cmocka_unit_test(the_end_of_the_stream_gives_what_lacks_its_empty_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
