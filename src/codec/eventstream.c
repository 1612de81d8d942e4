#include "codec/eventstream.h"

#include "codec/crc32.h"

enum {
    PRELUDE_BYTES = 12, /* both lengths and their sum */
    SUM_BYTES = 4,
    MESSAGE_BYTES_MIN = PRELUDE_BYTES + SUM_BYTES,
};

/* Types of header values, as on the wire. */
enum header_type {
    HEADER_TRUE,
    HEADER_FALSE,
    HEADER_INT8,
    HEADER_INT16,
    HEADER_INT32,
    HEADER_INT64,
    HEADER_BYTES,
    HEADER_STRING,
    HEADER_TIMESTAMP,
    HEADER_UUID,
    HEADER_TYPES,
};

void eventstream_init(struct eventstream_decoder *decoder, size_t bytes_max)
{
    assert(bytes_max >= MESSAGE_BYTES_MIN);
    *decoder = (struct eventstream_decoder){
        .bytes_max =
            bytes_max < EVENTSTREAM_MESSAGE_BYTES_MAX ? bytes_max : EVENTSTREAM_MESSAGE_BYTES_MAX,
    };
    buf_init(&decoder->partial, decoder->bytes_max);
}

void eventstream_free(struct eventstream_decoder *decoder)
{
    buf_free(&decoder->partial);
    decoder->used = 0;
}

/* --- Numbers, big endian. --- */

static uint32_t read_16(const char *at)
{
    return (uint32_t)(uint8_t)at[0] << 8 | (uint8_t)at[1];
}

static uint32_t read_32(const char *at)
{
    return read_16(at) << 16 | read_16(at + 2);
}

/* --- Headers. --- */

/* Takes `len` bytes off the front of *rest.  False when there are fewer. */
static bool take(str *rest, size_t len, str *out)
{
    if (rest->len < len) {
        return false;
    }
    *out = str_take(*rest, len);
    *rest = str_skip(*rest, len);
    return true;
}

/* Takes a header's value off the front of *rest. */
static bool take_value(str *rest, unsigned type, str *value)
{
    static const size_t sizes[HEADER_TYPES] = {
        [HEADER_INT8] = 1,  [HEADER_INT16] = 2,     [HEADER_INT32] = 4,
        [HEADER_INT64] = 8, [HEADER_TIMESTAMP] = 8, [HEADER_UUID] = 16,
    };
    str len = STR_NONE;

    if (type >= HEADER_TYPES) {
        return false;
    }
    if (type != HEADER_BYTES && type != HEADER_STRING) {
        return take(rest, sizes[type], value);
    }
    return take(rest, 2, &len) && take(rest, read_16(len.at), value);
}

/* Where the value of a header goes; NULL for those nobody asks for. */
static str *place_of(struct eventstream_message *message, str name)
{
    if (str_eq(name, STR(":message-type"))) {
        return &message->message_type;
    }
    if (str_eq(name, STR(":event-type"))) {
        return &message->event_type;
    }
    if (str_eq(name, STR(":exception-type")) || str_eq(name, STR(":error-code"))) {
        return &message->exception_type;
    }
    return str_eq(name, STR(":error-message")) ? &message->error_message : NULL;
}

static bool read_headers(str rest, struct eventstream_message *message)
{
    while (rest.len > 0) {
        str len = STR_NONE;
        str name = STR_NONE;
        str type = STR_NONE;
        str value = STR_NONE;
        if (!take(&rest, 1, &len) || !take(&rest, (uint8_t)len.at[0], &name) ||
            !take(&rest, 1, &type) || !take_value(&rest, (uint8_t)type.at[0], &value)) {
            return false;
        }
        str *place = place_of(message, name);
        if (place != NULL && (uint8_t)type.at[0] == HEADER_STRING) {
            *place = value;
        }
    }
    return true;
}

/* --- Messages. --- */

/* The length of the message that begins with these bytes, at least a prelude; 0 when the prelude
 * cannot be right. */
static size_t message_len(const struct eventstream_decoder *decoder, str bytes)
{
    size_t total = read_32(bytes.at);
    size_t headers = read_32(bytes.at + 4);

    if (read_32(bytes.at + 8) != crc32_add(0, str_take(bytes, 8)) ||
        headers > EVENTSTREAM_HEADERS_BYTES_MAX || total > decoder->bytes_max ||
        total < MESSAGE_BYTES_MIN || headers > total - MESSAGE_BYTES_MIN) {
        return 0;
    }
    return total;
}

/* `bytes` is a whole message whose prelude is right. */
static bool read_message(str bytes, struct eventstream_message *message)
{
    struct eventstream_message found = {0};
    size_t headers = read_32(bytes.at + 4);
    str summed = str_take(bytes, bytes.len - SUM_BYTES);

    if (read_32(bytes.at + summed.len) != crc32_add(0, summed) ||
        !read_headers(str_take(str_skip(summed, PRELUDE_BYTES), headers), &found)) {
        return false;
    }
    found.payload = str_skip(summed, PRELUDE_BYTES + headers);
    *message = found;
    return true;
}

static enum eventstream_result fail(struct eventstream_decoder *decoder)
{
    decoder->failed = true;
    buf_free(&decoder->partial);
    return EVENTSTREAM_BROKEN;
}

/* A message that lies whole at the front of *input, as most do. */
static enum eventstream_result next_in_place(struct eventstream_decoder *decoder, str *input,
                                             struct eventstream_message *message)
{
    if (input->len < PRELUDE_BYTES) {
        return EVENTSTREAM_MORE;
    }
    size_t len = message_len(decoder, *input);
    if (len == 0) {
        return EVENTSTREAM_BROKEN;
    }
    if (input->len < len) {
        return EVENTSTREAM_MORE;
    }
    str whole = str_take(*input, len);
    *input = str_skip(*input, len);
    return read_message(whole, message) ? EVENTSTREAM_MESSAGE : EVENTSTREAM_BROKEN;
}

/* Moves bytes from the front of *input until there are `len` of them together. */
static bool collect(struct eventstream_decoder *decoder, str *input, size_t len)
{
    size_t missing = len - decoder->partial.len;
    str piece = str_take(*input, missing);

    enum err err = buf_add(&decoder->partial, piece);
    assert(err == ERR_OK); /* message_len() bounds `len` */
    *input = str_skip(*input, piece.len);
    return piece.len == missing;
}

/* A message that comes in pieces. */
static enum eventstream_result next_joined(struct eventstream_decoder *decoder, str *input,
                                           struct eventstream_message *message)
{
    if (decoder->partial.len < PRELUDE_BYTES && !collect(decoder, input, PRELUDE_BYTES)) {
        return EVENTSTREAM_MORE;
    }
    size_t len = message_len(decoder, buf_str(&decoder->partial));
    if (len == 0) {
        return EVENTSTREAM_BROKEN;
    }
    if (!collect(decoder, input, len)) {
        return EVENTSTREAM_MORE;
    }
    decoder->used = len;
    return read_message(buf_str(&decoder->partial), message) ? EVENTSTREAM_MESSAGE
                                                             : EVENTSTREAM_BROKEN;
}

enum eventstream_result eventstream_next(struct eventstream_decoder *decoder, str *input,
                                         struct eventstream_message *message)
{
    enum eventstream_result result = EVENTSTREAM_MORE;

    if (decoder->failed) {
        return EVENTSTREAM_BROKEN;
    }
    if (decoder->used > 0) {
        buf_free(&decoder->partial);
        decoder->used = 0;
    }
    if (decoder->partial.len == 0) {
        result = next_in_place(decoder, input, message);
    }
    if (result == EVENTSTREAM_MORE && input->len > 0) {
        result = next_joined(decoder, input, message);
    }
    return result == EVENTSTREAM_BROKEN ? fail(decoder) : result;
}

bool eventstream_is_between(const struct eventstream_decoder *decoder)
{
    return !decoder->failed && decoder->partial.len == decoder->used;
}

/* --- Writing. --- */

static enum err add_number(struct buf *out, uint32_t value, unsigned bytes)
{
    enum err err = ERR_OK;

    for (unsigned i = bytes; i > 0 && err == ERR_OK; i--) {
        err = buf_add_char(out, (char)(uint8_t)(value >> (8 * (i - 1))));
    }
    return err;
}

static enum err add_header(struct buf *out, const struct eventstream_header *header)
{
    enum err err = add_number(out, (uint32_t)header->name.len, 1);

    if (err == ERR_OK) {
        err = buf_add(out, header->name);
    }
    if (err == ERR_OK) {
        err = add_number(out, HEADER_STRING, 1);
    }
    if (err == ERR_OK) {
        err = add_number(out, (uint32_t)header->value.len, 2);
    }
    return err == ERR_OK ? buf_add(out, header->value) : err;
}

/* The sum of all that was written from `start` on. */
static enum err add_sum(struct buf *out, size_t start)
{
    return add_number(out, crc32_add(0, str_skip(buf_str(out), start)), SUM_BYTES);
}

enum err eventstream_write(struct buf *out, const struct eventstream_header *headers, size_t count,
                           str payload)
{
    size_t start = out->len;
    size_t headers_len = 0;

    for (size_t i = 0; i < count; i++) {
        if (headers[i].name.len > UINT8_MAX || headers[i].value.len > UINT16_MAX) {
            return ERR_TOO_BIG;
        }
        headers_len += headers[i].name.len + headers[i].value.len + 4;
    }
    if (headers_len > EVENTSTREAM_HEADERS_BYTES_MAX ||
        payload.len > EVENTSTREAM_MESSAGE_BYTES_MAX - MESSAGE_BYTES_MIN - headers_len) {
        return ERR_TOO_BIG;
    }
    size_t total = MESSAGE_BYTES_MIN + headers_len + payload.len;
    enum err err = add_number(out, (uint32_t)total, 4);
    if (err == ERR_OK) {
        err = add_number(out, (uint32_t)headers_len, 4);
    }
    if (err == ERR_OK) {
        err = add_sum(out, start);
    }
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = add_header(out, &headers[i]);
    }
    if (err == ERR_OK) {
        err = buf_add(out, payload);
    }
    return err == ERR_OK ? add_sum(out, start) : err;
}
