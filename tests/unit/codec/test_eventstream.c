#include "codec/crc32.h"
#include "codec/eventstream.h"

#include "test.h"

enum { LIMIT = 1 << 20 };

/* Prints what the decoder gives, so that two runs can be compared as text. */
struct printer {
    struct eventstream_decoder decoder;
    struct buf out;
    enum eventstream_result last;
};

static void printer_init(struct printer *printer, size_t limit)
{
    *printer = (struct printer){.last = EVENTSTREAM_MORE};
    eventstream_init(&printer->decoder, limit);
    buf_init(&printer->out, 16 << 20);
}

static void printer_free(struct printer *printer)
{
    eventstream_free(&printer->decoder);
    buf_free(&printer->out);
}

static void print_found(struct printer *printer, const struct eventstream_message *message)
{
    assert_int_equal(buf_printf(&printer->out,
                                STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT ":" STR_FMT "\n",
                                STR_ARG(message->message_type), STR_ARG(message->event_type),
                                STR_ARG(message->exception_type), STR_ARG(message->error_message),
                                STR_ARG(message->payload)),
                     ERR_OK);
}

/* The piece lies in memory of its own, so that a view kept too long is found. */
static void feed(struct printer *printer, str piece)
{
    struct arena arena = {0};
    str input = arena_copy(&arena, piece);
    struct eventstream_message message = {0};

    while ((printer->last = eventstream_next(&printer->decoder, &input, &message)) ==
           EVENTSTREAM_MESSAGE) {
        print_found(printer, &message);
    }
    if (printer->last == EVENTSTREAM_MORE) {
        assert_int_equal(input.len, 0);
    }
    arena_reset(&arena);
}

static void feed_in_steps(struct printer *printer, str bytes, size_t step)
{
    for (; bytes.len > 0; bytes = str_skip(bytes, step)) {
        feed(printer, str_take(bytes, step));
    }
}

static void add_message(struct buf *out, const char *type, str payload)
{
    struct eventstream_header headers[] = {
        {STR(":event-type"), str_c(type)},
        {STR(":content-type"), STR("application/json")},
        {STR(":message-type"), STR("event")},
    };

    assert_int_equal(eventstream_write(out, headers, COUNT_OF(headers), payload), ERR_OK);
}

static void the_sum_is_that_of_zlib_over_any_pieces(void **state)
{
    char bytes[1280];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(uint8_t)i;
    }
    str all = str_of(bytes, sizeof(bytes));
    assert_int_equal(crc32_add(0, STR_NONE), 0);
    assert_int_equal(crc32_add(0, STR("123456789")), 0xcbf43926U);
    assert_int_equal(crc32_add(0, all), 0x1e7a6d24U);
    for (size_t cut = 0; cut <= all.len; cut++) {
        assert_int_equal(crc32_add(crc32_add(0, str_take(all, cut)), str_skip(all, cut)),
                         0x1e7a6d24U);
    }
}

/* From the tests of the AWS SDKs. */
static void messages_of_the_vendors_own_tests_are_read(void **state)
{
    static const char empty[] = "\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff";
    static const char payload[] = "\0\0\0\x1d\0\0\0\0\xfd\x52\x8c\x5a{'foo':'bar'}\xc3\x65\x39\x36";
    struct printer printer;

    (void)state;
    printer_init(&printer, LIMIT);
    feed(&printer, str_of(empty, sizeof(empty) - 1));
    feed(&printer, str_of(payload, sizeof(payload) - 1));
    assert_str_equal(buf_str(&printer.out), STR("///:\n///:{'foo':'bar'}\n"));
    assert_int_equal(printer.last, EVENTSTREAM_MORE);
    printer_free(&printer);
}

static void what_is_written_is_read_in_pieces_of_any_size(void **state)
{
    static const char want[] = "event/one//:{\"a\":1}\n"
                               "event/two//:\n"
                               "error//Busy/come back later:\n"
                               "event/three//:x\n";
    struct eventstream_header error[] = {
        {STR(":message-type"), STR("error")},
        {STR(":error-code"), STR("Busy")},
        {STR(":error-message"), STR("come back later")},
    };
    struct buf stream;

    (void)state;
    buf_init(&stream, LIMIT);
    add_message(&stream, "one", STR("{\"a\":1}"));
    add_message(&stream, "two", STR_NONE);
    assert_int_equal(eventstream_write(&stream, error, COUNT_OF(error), STR_NONE), ERR_OK);
    add_message(&stream, "three", STR("x"));
    for (size_t cut = 0; cut <= stream.len; cut++) {
        struct printer printer;
        printer_init(&printer, LIMIT);
        feed(&printer, str_take(buf_str(&stream), cut));
        feed(&printer, str_skip(buf_str(&stream), cut));
        assert_str_equal(buf_str(&printer.out), str_c(want));
        assert_true(eventstream_is_between(&printer.decoder));
        printer_free(&printer);
    }
    for (size_t step = 1; step < 40; step++) {
        struct printer printer;
        printer_init(&printer, LIMIT);
        feed_in_steps(&printer, buf_str(&stream), step);
        assert_str_equal(buf_str(&printer.out), str_c(want));
        printer_free(&printer);
    }
    buf_free(&stream);
}

static void a_whole_message_is_a_view_into_the_input(void **state)
{
    struct eventstream_decoder decoder;
    struct eventstream_message message = {0};
    struct buf stream;

    (void)state;
    buf_init(&stream, LIMIT);
    add_message(&stream, "one", STR("payload"));
    eventstream_init(&decoder, LIMIT);
    str input = buf_str(&stream);
    assert_int_equal(eventstream_next(&decoder, &input, &message), EVENTSTREAM_MESSAGE);
    assert_ptr_equal(message.payload.at, stream.at + stream.len - 4 - message.payload.len);
    assert_null(decoder.partial.at);
    eventstream_free(&decoder);
    buf_free(&stream);
}

static void bytes_that_end_inside_a_message_are_not_between_two(void **state)
{
    struct buf stream;

    (void)state;
    buf_init(&stream, LIMIT);
    add_message(&stream, "one", STR("payload"));
    for (size_t len = 0; len <= stream.len; len++) {
        struct printer printer;
        printer_init(&printer, LIMIT);
        feed(&printer, str_take(buf_str(&stream), len));
        assert_int_equal(eventstream_is_between(&printer.decoder), len == 0 || len == stream.len);
        printer_free(&printer);
    }
    buf_free(&stream);
}

static void a_message_with_any_byte_changed_is_broken_for_good(void **state)
{
    struct buf stream;

    (void)state;
    buf_init(&stream, LIMIT);
    add_message(&stream, "one", STR("payload"));
    size_t len = stream.len;
    add_message(&stream, "two", STR("payload"));
    for (size_t i = 0; i < len; i++) {
        struct printer printer;
        stream.at[i] = (char)(stream.at[i] ^ 0x10);
        printer_init(&printer, LIMIT);
        feed_in_steps(&printer, buf_str(&stream), i % 2 == 0 ? SIZE_MAX : 1);
        assert_int_equal(printer.last, EVENTSTREAM_BROKEN);
        assert_int_equal(printer.out.len, 0);
        assert_false(eventstream_is_between(&printer.decoder));
        printer_free(&printer);
        stream.at[i] = (char)(stream.at[i] ^ 0x10);
    }
    buf_free(&stream);
}

/* A message of these lengths and headers whose sums are right. */
static void add_raw(struct buf *out, uint32_t total, uint32_t headers_len, str headers)
{
    uint32_t numbers[] = {total, headers_len, 0, 0};

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (i == 3) {
            assert_int_equal(buf_add(out, headers), ERR_OK);
        }
        uint32_t number = i < 2 ? numbers[i] : crc32_add(0, buf_str(out));
        for (int shift = 24; shift >= 0; shift -= 8) {
            assert_int_equal(buf_add_char(out, (char)(uint8_t)(number >> shift)), ERR_OK);
        }
    }
}

static void lengths_that_cannot_be_are_broken_at_the_prelude(void **state)
{
    static const struct {
        uint32_t total;
        uint32_t headers;
        enum eventstream_result want;
    } cases[] = {
        {16, 0, EVENTSTREAM_MESSAGE},
        {15, 0, EVENTSTREAM_BROKEN},
        {0, 0, EVENTSTREAM_BROKEN},
        {16, 1, EVENTSTREAM_BROKEN},
        {20, UINT32_MAX, EVENTSTREAM_BROKEN},
        {UINT32_MAX, 0, EVENTSTREAM_BROKEN},
        {LIMIT + 1, 0, EVENTSTREAM_BROKEN},
        {LIMIT, 0, EVENTSTREAM_MORE},
        {LIMIT, EVENTSTREAM_HEADERS_BYTES_MAX, EVENTSTREAM_MORE},
        {LIMIT, EVENTSTREAM_HEADERS_BYTES_MAX + 1, EVENTSTREAM_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct eventstream_decoder decoder;
        struct eventstream_message message = {0};
        struct buf stream;
        buf_init(&stream, LIMIT);
        add_raw(&stream, cases[i].total, cases[i].headers, STR_NONE);
        eventstream_init(&decoder, LIMIT);
        str input = buf_str(&stream);
        assert_int_equal(eventstream_next(&decoder, &input, &message), cases[i].want);
        eventstream_free(&decoder);
        buf_free(&stream);
    }
}

static void headers_of_all_types_are_walked_and_wrong_ones_are_broken(void **state)
{
    static const struct {
        str headers;
        enum eventstream_result want;
    } cases[] = {
        {STR_INIT("\1t\0"
                  "\1f\1"
                  "\1a\2x"
                  "\1b\3xx"
                  "\1c\4xxxx"
                  "\1d\5xxxxxxxx"
                  "\1e\6\0\2xx"
                  "\1g\x08xxxxxxxx"
                  "\1h\x09xxxxxxxxxxxxxxxx"
                  "\x0b:event-type\7\0\2ok"),
         EVENTSTREAM_MESSAGE},
        {STR_INIT("\x0b:event-type\6\0\2ok"), EVENTSTREAM_MESSAGE}, /* bytes, not text */
        {STR_INIT("\1t"), EVENTSTREAM_BROKEN},
        {STR_INIT("\5t"), EVENTSTREAM_BROKEN},
        {STR_INIT("\1t\x0a"), EVENTSTREAM_BROKEN},
        {STR_INIT("\1t\7\0"), EVENTSTREAM_BROKEN},
        {STR_INIT("\1t\7\0\5four"), EVENTSTREAM_BROKEN},
        {STR_INIT("\1t\x09xxxxxxxxxxxxxxx"), EVENTSTREAM_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct eventstream_decoder decoder;
        struct eventstream_message message = {0};
        struct buf stream;
        buf_init(&stream, LIMIT);
        add_raw(&stream, (uint32_t)cases[i].headers.len + 16, (uint32_t)cases[i].headers.len,
                cases[i].headers);
        eventstream_init(&decoder, LIMIT);
        str input = buf_str(&stream);
        assert_int_equal(eventstream_next(&decoder, &input, &message), cases[i].want);
        assert_str_equal(message.event_type, i == 0 ? STR("ok") : STR_NONE);
        eventstream_free(&decoder);
        buf_free(&stream);
    }
}

static void what_the_format_cannot_hold_is_not_written(void **state)
{
    struct arena arena = {0};
    str big = str_of((const char *)arena_take(&arena, 1 << 24), 1 << 24);
    struct eventstream_header headers[] = {
        {str_take(big, 256), STR("x")},
        {STR("x"), str_take(big, 65536)},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 25);
    assert_int_equal(eventstream_write(&out, &headers[0], 1, STR_NONE), ERR_TOO_BIG);
    assert_int_equal(eventstream_write(&out, &headers[1], 1, STR_NONE), ERR_TOO_BIG);
    assert_int_equal(eventstream_write(&out, NULL, 0, big), ERR_TOO_BIG);
    assert_int_equal(out.len, 0);
    buf_free(&out);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_is_that_of_zlib_over_any_pieces),
        cmocka_unit_test(messages_of_the_vendors_own_tests_are_read),
        cmocka_unit_test(what_is_written_is_read_in_pieces_of_any_size),
        cmocka_unit_test(a_whole_message_is_a_view_into_the_input),
        cmocka_unit_test(bytes_that_end_inside_a_message_are_not_between_two),
        cmocka_unit_test(a_message_with_any_byte_changed_is_broken_for_good),
        cmocka_unit_test(lengths_that_cannot_be_are_broken_at_the_prelude),
        cmocka_unit_test(headers_of_all_types_are_walked_and_wrong_ones_are_broken),
        cmocka_unit_test(what_the_format_cannot_hold_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
