/*
 * eventstream: AWS binary event messages (application/vnd.amazon.eventstream), read in pieces.
 *
 * A message is `u32 total, u32 headers, u32 crc(first 8 bytes), headers, payload, u32 crc(all but
 * the last 4)`, big endian, CRC-32 of the IEEE polynomial (AWS SDK "Amazon Event Stream Encoding").
 * Both sums are checked.
 */
#pragma once

#include "base/buf.h"
#include "base/macros.h"

#include <stdint.h>

enum { EVENTSTREAM_HEADERS_BYTES_MAX = 128 * 1024, EVENTSTREAM_MESSAGE_BYTES_MAX = 16 << 20 };

/* Views into the decoder's or the input's bytes, until the next call; empty when absent. */
struct eventstream_message {
    str message_type;   /* ":message-type": event, exception, error */
    str event_type;     /* ":event-type" */
    str exception_type; /* ":exception-type", or ":error-code" */
    str error_message;  /* ":error-message" */
    str payload;
};

struct eventstream_decoder {
    struct buf partial; /* a message that has not come whole; owned */
    size_t bytes_max;   /* of one message */
    size_t used;        /* of `partial`, by the message given last */
    bool failed;
};

enum eventstream_result {
    EVENTSTREAM_MESSAGE, /* *message is set */
    EVENTSTREAM_MORE,    /* all input is used up */
    EVENTSTREAM_BROKEN,  /* a sum, a length or a header is wrong; so is every call from now on */
};

/* `bytes_max` is at least 16; EVENTSTREAM_MESSAGE_BYTES_MAX bounds it. */
void eventstream_init(struct eventstream_decoder *decoder, size_t bytes_max);
void eventstream_free(struct eventstream_decoder *decoder);

/* Uses up bytes from the front of *input until a message is whole or the input ends. */
enum eventstream_result eventstream_next(struct eventstream_decoder *decoder, str *input,
                                         struct eventstream_message *message) MUST_CHECK;

/* True when the bytes so far end between two messages. */
bool eventstream_is_between(const struct eventstream_decoder *decoder);

/* A message of string headers, for tests and the bench. */
struct eventstream_header {
    str name;
    str value;
};
/* ERR_TOO_BIG past a bound of the format or of *out. */
enum err eventstream_write(struct buf *out, const struct eventstream_header *headers, size_t count,
                           str payload) MUST_CHECK;
