/* Any bytes give the same messages in pieces of any size; what was written is read again.
 * links: codec */
#include "codec/eventstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 16 };

/* Every message as its members' lengths and bytes, then how it ended. */
static void decode(str bytes, size_t step, struct buf *out)
{
    struct eventstream_decoder decoder;
    enum eventstream_result last = EVENTSTREAM_MORE;

    eventstream_init(&decoder, LIMIT);
    while (bytes.len > 0 && last != EVENTSTREAM_BROKEN) {
        struct eventstream_message message = {0};
        str piece = str_take(bytes, step);
        bytes = str_skip(bytes, piece.len);
        while ((last = eventstream_next(&decoder, &piece, &message)) == EVENTSTREAM_MESSAGE) {
            const str members[] = {message.message_type, message.event_type, message.exception_type,
                                   message.error_message, message.payload};
            for (size_t i = 0; i < COUNT_OF(members); i++) {
                assert(buf_printf(out, "%zu:", members[i].len) == ERR_OK);
                assert(buf_add(out, members[i]) == ERR_OK);
            }
        }
        assert(last == EVENTSTREAM_BROKEN || piece.len == 0);
    }
    assert(buf_printf(out, "%d %d", last == EVENTSTREAM_BROKEN, eventstream_is_between(&decoder)) ==
           ERR_OK);
    eventstream_free(&decoder);
}

/* The bytes as the headers and payload of a message, so that the sums are right. */
static void write_and_read(str bytes)
{
    struct eventstream_decoder decoder;
    struct eventstream_message message = {0};
    size_t half = bytes.len / 2;
    struct eventstream_header header = {STR(":event-type"), str_take(bytes, half)};
    struct buf out;

    buf_init(&out, 2 * LIMIT);
    if (eventstream_write(&out, &header, 1, str_skip(bytes, half)) == ERR_OK) {
        str input = buf_str(&out);
        eventstream_init(&decoder, 2 * LIMIT);
        assert(eventstream_next(&decoder, &input, &message) == EVENTSTREAM_MESSAGE);
        assert(str_eq(message.event_type, str_take(bytes, half)));
        assert(str_eq(message.payload, str_skip(bytes, half)));
        eventstream_free(&decoder);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);
    size_t step = size > 0 ? (size_t)data[size - 1] % 64 + 1 : 1;
    struct buf whole;
    struct buf pieces;

    buf_init(&whole, 1 << 24);
    buf_init(&pieces, 1 << 24);
    decode(bytes, SIZE_MAX, &whole);
    decode(bytes, step, &pieces);
    assert(str_eq(buf_str(&whole), buf_str(&pieces)));
    write_and_read(bytes);
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
