/*
 * stream: a byte stream on a socket, plain or TLS, both roles.
 *
 * Reads into the loop's shared buffer and hands slices out at once; writes at once and keeps only
 * what the socket did not take, within a stated limit.  Stands inside its owner.  stream_close()
 * ends it in one call: no callback comes after it, the owner's memory may go in a deferred().
 */
#pragma once

#include "base/buf.h"
#include "net/loop.h"
#include "net/tls.h"

enum stream_end {
    STREAM_EOF,    /* the peer ended its side properly */
    STREAM_FAILED, /* reset, refused, TLS broken: stream->error */
};

struct stream;

struct stream_ops {
    void (*on_open)(struct stream *stream); /* TLS handshake, or connect, is done; may be NULL */
    void (*on_bytes)(struct stream *stream, str bytes);
    void (*on_end)(struct stream *stream, enum stream_end end);
    void (*on_drained)(struct stream *stream); /* unsent bytes fell to low water or below */
};

struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    struct watch watch;
    int fd;
    tls_session *tls; /* owned; NULL: plain */
    struct buf unsent;
    size_t unsent_from;  /* bytes at the front of `unsent` that are sent already */
    size_t low_bytes;    /* on_drained is told when fewer are left */
    uint64_t sent_bytes; /* taken by the socket since the start: progress */
    enum {
        STREAM_CLOSED,
        STREAM_CONNECTING,
        STREAM_HANDSHAKE,
        STREAM_OPEN,
    } state;
    bool reading;        /* the owner wants bytes */
    bool hangup_matters; /* while it does not, the peer's end is still told: bytes before it are
                            lost */
    bool ended;          /* on_end was told */
    bool above_low;      /* on_drained is owed */
    bool finish;         /* shut our side down when all is sent */
    bool finished;
    bool write_failed;
    bool tls_wants_write;  /* the TLS layer has to write before it can go on */
    struct deferred later; /* reads TLS bytes that wait, tells a failed write */
    int error;             /* errno of a failure, 0 when TLS failed */
    char tls_error[96];    /* why TLS failed, for people */
};

/* `tls` may be NULL; then the stream is open at once.  The stream owns fd and session. */
void stream_accept(struct stream *stream, struct loop *loop, const struct stream_ops *ops, int fd,
                   tls_session *tls, size_t unsent_bytes_max);

/* `fd` is connecting; on_open or on_end follows.  `tls` NULL: plain. */
void stream_connect(struct stream *stream, struct loop *loop, const struct stream_ops *ops, int fd,
                    tls_session *tls, size_t unsent_bytes_max);

/* Whether on_bytes is wanted. */
void stream_set_reading(struct stream *stream, bool reading);

/* Sends the parts in order, in one system call when the socket takes them.  ERR_TOO_BIG when more
 * would have to be kept than allowed: nothing can be saved then, close.  ERR_CUT on a dead stream.
 */
enum err stream_write(struct stream *stream, const str *parts, size_t count) MUST_CHECK;

size_t stream_unsent_bytes(const struct stream *stream);

/* on_drained is told when unsent bytes fall to `low_bytes`, those that wait already too. */
void stream_set_low_water(struct stream *stream, size_t low_bytes);

/* Ends our side once everything is sent. */
void stream_finish(struct stream *stream);

void stream_close(struct stream *stream);
