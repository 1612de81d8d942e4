#include "net/stream.h"

#include <errno.h>

enum {
    PARTS_MAX = 8,
    READS_A_TURN = 4, /* one busy peer does not starve the others */
};

static void on_ready(struct watch *watch, unsigned ready);
static void run_later(struct deferred *deferred);

static void start(struct stream *stream, struct loop *loop, const struct stream_ops *ops, int fd,
                  tls_session *tls, size_t unsent_bytes_max)
{
    *stream = (struct stream){.ops = ops, .loop = loop, .fd = fd, .tls = tls, .reading = true};
    stream->watch.fd = fd;
    stream->watch.on_ready = on_ready;
    stream->later.run = run_later;
    buf_init(&stream->unsent, unsent_bytes_max);
}

static unsigned wanted_when_open(const struct stream *stream)
{
    unsigned wanted = 0;

    if (!stream->ended && stream->reading) {
        wanted |= WATCH_READ;
    } else if (!stream->ended && stream->hangup_matters) {
        wanted |= WATCH_HANGUP;
    }
    if (stream_unsent_bytes(stream) > 0 || stream->tls_wants_write) {
        wanted |= WATCH_WRITE;
    }
    return wanted;
}

/* Tells the loop what this stream waits for, by its state. */
static void update_watch(struct stream *stream)
{
    unsigned wanted = 0;

    if (stream->state != STREAM_CLOSED && stream->ended && stream->write_failed) {
        loop_watch(stream->loop, &stream->watch, 0); /* dead: it only waits to be closed */
        return;
    }
    switch (stream->state) {
    case STREAM_CLOSED:
        return;
    case STREAM_CONNECTING:
        wanted = WATCH_WRITE;
        break;
    case STREAM_HANDSHAKE:
        wanted = stream->tls_wants_write ? WATCH_WRITE : WATCH_READ;
        break;
    case STREAM_OPEN:
        wanted = wanted_when_open(stream);
        break;
    }
    loop_watch(stream->loop, &stream->watch, wanted);
}

void stream_accept(struct stream *stream, struct loop *loop, const struct stream_ops *ops, int fd,
                   tls_session *tls, size_t unsent_bytes_max)
{
    start(stream, loop, ops, fd, tls, unsent_bytes_max);
    stream->state = tls != NULL ? STREAM_HANDSHAKE : STREAM_OPEN;
    update_watch(stream);
}

void stream_connect(struct stream *stream, struct loop *loop, const struct stream_ops *ops, int fd,
                    tls_session *tls, size_t unsent_bytes_max)
{
    start(stream, loop, ops, fd, tls, unsent_bytes_max);
    stream->state = STREAM_CONNECTING;
    update_watch(stream);
}

size_t stream_unsent_bytes(const struct stream *stream)
{
    return stream->unsent.len - stream->unsent_from;
}

static void tell_end(struct stream *stream, enum stream_end end, int error)
{
    if (stream->ended) {
        return;
    }
    stream->ended = true;
    stream->write_failed = stream->write_failed || end == STREAM_FAILED;
    stream->error = error;
    if (end == STREAM_FAILED && error == 0) {
        char text[200];
        str why = str_take(tls_reason(stream->tls, text), sizeof(stream->tls_error) - 1);
        memcpy(stream->tls_error, why.at, why.len);
        stream->tls_error[why.len] = '\0';
    }
    update_watch(stream);
    stream->ops->on_end(stream, end);
}

/* Sends what waits.  0, or -errno; -EPROTO when TLS failed. */
static int flush(struct stream *stream)
{
    while (stream_unsent_bytes(stream) > 0) {
        char *from = stream->unsent.at + stream->unsent_from;
        size_t len = stream_unsent_bytes(stream);
        size_t done = 0;
        if (stream->tls != NULL) {
            enum tls_result result = tls_write(stream->tls, from, len, &done);
            if (result == TLS_WANT_WRITE || result == TLS_WANT_READ) {
                stream->tls_wants_write = result == TLS_WANT_WRITE;
                break;
            }
            if (result != TLS_OK) {
                return -EPROTO;
            }
        } else {
            struct iovec part = {from, len};
            ssize_t n = stream->loop->sock->write(stream->fd, &part, 1);
            if (n == -EAGAIN || n == -EINTR) {
                break;
            }
            if (n < 0) {
                return (int)n;
            }
            done = (size_t)n;
        }
        stream->tls_wants_write = false;
        stream->unsent_from += done;
        stream->sent_bytes += done;
    }
    if (stream_unsent_bytes(stream) == 0) {
        stream->unsent.len = 0;
        stream->unsent_from = 0;
        buf_shrink(&stream->unsent, 0);
    } else if (stream->unsent_from > stream->unsent.len / 2) {
        buf_drop(&stream->unsent, stream->unsent_from);
        stream->unsent_from = 0;
    }
    return 0;
}

static void finish_if_due(struct stream *stream)
{
    if (stream->finish && !stream->finished && stream->state == STREAM_OPEN &&
        stream_unsent_bytes(stream) == 0) {
        stream->finished = true;
        if (stream->tls != NULL) {
            tls_say_goodbye(stream->tls);
        }
        (void)stream->loop->sock->shutdown(stream->fd); /* a dead socket needs none */
    }
}

/* A write failed: the owner is told at the end of the turn, not inside its own call. */
static enum err fail_write(struct stream *stream, int error)
{
    stream->error = error;
    stream->write_failed = true;
    loop_defer(stream->loop, &stream->later);
    return ERR_CUT;
}

static enum err keep(struct stream *stream, const str *parts, size_t count, size_t sent)
{
    for (size_t i = 0; i < count; i++) {
        str rest = str_skip(parts[i], sent);
        sent -= sent < parts[i].len ? sent : parts[i].len;
        enum err err = buf_add(&stream->unsent, rest);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* Straight to the socket; *sent tells how many bytes it took. */
static int write_now(struct stream *stream, const str *parts, size_t count, size_t *sent)
{
    struct iovec vector[PARTS_MAX];
    int used = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) {
            union {
                const void *in;
                void *out;
            } base = {.in = parts[i].at}; /* sendmsg() does not write there */
            vector[used++] = (struct iovec){base.out, parts[i].len};
        }
    }
    if (used == 0) {
        return 0;
    }
    ssize_t n = stream->loop->sock->write(stream->fd, vector, used);
    if (n < 0 && n != -EAGAIN && n != -EINTR) {
        return (int)n;
    }
    *sent = n > 0 ? (size_t)n : 0;
    stream->sent_bytes += *sent;
    return 0;
}

enum err stream_write(struct stream *stream, const str *parts, size_t count)
{
    size_t sent = 0;
    int error = 0;

    assert(count <= PARTS_MAX);
    if (stream->state == STREAM_CLOSED || stream->write_failed || stream->finish) {
        return ERR_CUT;
    }
    bool direct =
        stream->state == STREAM_OPEN && stream->tls == NULL && stream_unsent_bytes(stream) == 0;
    if (direct) {
        error = write_now(stream, parts, count, &sent);
        if (error < 0) {
            return fail_write(stream, -error);
        }
    }
    enum err err = keep(stream, parts, count, sent);
    if (err != ERR_OK) {
        return err;
    }
    if (!direct && stream->state == STREAM_OPEN) {
        error = flush(stream);
        if (error < 0) {
            return fail_write(stream, stream->tls != NULL ? 0 : -error);
        }
    }
    stream->above_low = stream->above_low || stream_unsent_bytes(stream) > stream->low_bytes;
    update_watch(stream);
    return ERR_OK;
}

/* One read.  >0 bytes, 0 at the end of the stream, or -errno; -EPROTO when TLS failed. */
static ssize_t read_once(struct stream *stream)
{
    char *room = stream->loop->read_buffer;
    size_t done = 0;

    if (stream->tls == NULL) {
        return stream->loop->sock->read(stream->fd, room, LOOP_READ_BYTES);
    }
    switch (tls_read(stream->tls, room, LOOP_READ_BYTES, &done)) {
    case TLS_OK:
        return (ssize_t)done;
    case TLS_WANT_READ:
        return -EAGAIN;
    case TLS_WANT_WRITE:
        stream->tls_wants_write = true;
        return -EAGAIN;
    case TLS_END:
        return 0;
    case TLS_FAILED:
        break;
    }
    return errno == ECONNRESET ? -ECONNRESET : -EPROTO;
}

static void read_some(struct stream *stream)
{
    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t n = read_once(stream);
        if (n == -EAGAIN || n == -EINTR) {
            break;
        }
        if (n == 0) {
            tell_end(stream, STREAM_EOF, 0);
            return;
        }
        if (n < 0) {
            bool is_tls = n == -EPROTO && stream->tls != NULL;
            tell_end(stream, STREAM_FAILED, is_tls ? 0 : (int)-n);
            return;
        }
        stream->ops->on_bytes(stream, str_of(stream->loop->read_buffer, (size_t)n));
        if (stream->state != STREAM_OPEN || !stream->reading) {
            return;
        }
        if (stream->tls == NULL && n < LOOP_READ_BYTES) {
            break;
        }
    }
    if (stream->tls != NULL && tls_has_pending(stream->tls)) {
        loop_defer(stream->loop, &stream->later);
    }
    update_watch(stream);
}

static void become_open(struct stream *stream)
{
    stream->state = STREAM_OPEN;
    int error = flush(stream);
    if (error < 0) {
        tell_end(stream, STREAM_FAILED, stream->tls != NULL ? 0 : -error);
        return;
    }
    update_watch(stream);
    if (stream->ops->on_open != NULL) {
        stream->ops->on_open(stream);
    }
    if (stream->state == STREAM_OPEN) {
        finish_if_due(stream);
    }
}

static void go_on_handshake(struct stream *stream)
{
    enum tls_result result = tls_handshake(stream->tls);

    if (result == TLS_OK) {
        stream->tls_wants_write = false;
        become_open(stream);
        if (stream->state == STREAM_OPEN && stream->reading && !stream->ended) {
            read_some(stream); /* the last flight may have brought bytes along */
        }
    } else if (result == TLS_WANT_READ || result == TLS_WANT_WRITE) {
        stream->tls_wants_write = result == TLS_WANT_WRITE;
        update_watch(stream);
    } else {
        tell_end(stream, STREAM_FAILED, 0);
    }
}

static void go_on_connect(struct stream *stream)
{
    int error = stream->loop->sock->connect_result(stream->fd);

    if (error < 0) {
        tell_end(stream, STREAM_FAILED, -error);
    } else if (stream->tls != NULL) {
        stream->state = STREAM_HANDSHAKE;
        go_on_handshake(stream);
    } else {
        become_open(stream);
    }
}

static void go_on_writing(struct stream *stream)
{
    int error = flush(stream);

    if (error < 0) {
        tell_end(stream, STREAM_FAILED, stream->tls != NULL ? 0 : -error);
        return;
    }
    update_watch(stream);
    finish_if_due(stream);
    if (stream->above_low && stream_unsent_bytes(stream) <= stream->low_bytes) {
        stream->above_low = false;
        stream->ops->on_drained(stream);
    }
}

static void on_ready(struct watch *watch, unsigned ready)
{
    struct stream *stream = CONTAINER_OF(watch, struct stream, watch);

    switch (stream->state) {
    case STREAM_CLOSED:
        return;
    case STREAM_CONNECTING:
        go_on_connect(stream);
        return;
    case STREAM_HANDSHAKE:
        go_on_handshake(stream);
        return;
    case STREAM_OPEN:
        break;
    }
    if ((ready & WATCH_WRITE) != 0) {
        go_on_writing(stream);
    }
    if (stream->state == STREAM_OPEN && (ready & WATCH_READ) != 0 && stream->reading) {
        read_some(stream);
    } else if (stream->state == STREAM_OPEN && (ready & WATCH_HANGUP) != 0) {
        tell_end(stream, STREAM_EOF, 0);
    }
}

static void run_later(struct deferred *deferred)
{
    struct stream *stream = CONTAINER_OF(deferred, struct stream, later);

    if (stream->state == STREAM_CLOSED) {
        return;
    }
    if (stream->write_failed) {
        tell_end(stream, STREAM_FAILED, stream->error);
    } else if (stream->state == STREAM_OPEN && stream->reading && !stream->ended) {
        read_some(stream);
    }
}

void stream_set_reading(struct stream *stream, bool reading)
{
    if (stream->reading == reading) {
        return;
    }
    stream->reading = reading;
    update_watch(stream);
    if (reading && stream->state == STREAM_OPEN && stream->tls != NULL &&
        tls_has_pending(stream->tls)) {
        loop_defer(stream->loop, &stream->later);
    }
}

void stream_set_low_water(struct stream *stream, size_t low_bytes)
{
    stream->low_bytes = low_bytes;
    stream->above_low = stream_unsent_bytes(stream) > low_bytes;
}

void stream_finish(struct stream *stream)
{
    stream->finish = true;
    finish_if_due(stream);
}

void stream_close(struct stream *stream)
{
    if (stream->state == STREAM_CLOSED) {
        return;
    }
    stream->state = STREAM_CLOSED;
    if (stream->later.queued) {
        list_remove(&stream->later.node);
        stream->later.queued = false;
    }
    loop_unwatch(&stream->watch);
    if (stream->tls != NULL) {
        tls_session_free(stream->tls);
        stream->tls = NULL;
    }
    stream->loop->sock->close(stream->fd);
    stream->fd = -1;
    buf_free(&stream->unsent);
    stream->unsent_from = 0;
}
