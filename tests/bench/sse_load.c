/*
 * sse_load: many event streams at once, every event counted.
 *
 *   sse_load --port N [--streams N] [--seconds N] [--events N] [--hold 1] PATH BODY_FILE [HEADER]
 *
 * Each stream must bring "w000000", "w000001"... up to `events`, in this order, and the end of its
 * format ("[DONE]" or "message_stop"); what does not is lost.  A stream that ends is asked for
 * again until the time is over.  Prints one line of "name value" pairs.
 *
 * With --hold 1 every stream is asked for once.  Prints "open N" when all N have their first event,
 * and the line of results when all have ended.
 */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 256, LINE_BYTES_MAX = 4096, READ_BYTES = 1 << 16, PATIENCE_MS = 30000 };

static struct {
    int64_t port;
    int64_t streams;
    int64_t seconds;
    int64_t events;
    int64_t hold;
} options = {.streams = 64, .seconds = 3, .events = 50};

enum part { PART_HEAD, PART_SIZE, PART_DATA, PART_DATA_END, PART_LAST };

/* One connection; the bytes are looked at as they come, whatever their pieces. */
struct stream {
    int fd;
    enum part part;
    size_t chunk_left;
    int64_t next;  /* the number that the next event must have */
    bool has_end;  /* the format's own end was seen */
    bool is_wrong; /* an event was missing or the answer was no stream */
    size_t frame_len;
    size_t line_len;
    char frame[128];           /* the start of a line of HTTP */
    char line[LINE_BYTES_MAX]; /* the start of a line of the event stream */
};

static struct {
    int64_t events;
    int64_t streams;
    int64_t lost;   /* events that were due and did not come */
    int64_t broken; /* streams without an end */
    int64_t opened; /* with their first event */
    int64_t ended;
} counts;

static int epoll_fd;
static struct stream *streams;
static char *request;
static size_t request_len;
static int64_t end_us;

/* ---- reading an answer ------------------------------------------------------------------------
 */

/* A line of an event stream. */
static void stream_take_line(struct stream *stream)
{
    const char *word = strstr(stream->line, "\"w");

    if (strncmp(stream->line, "data:", 5) != 0) {
        return;
    }
    if (strstr(stream->line, "[DONE]") != NULL ||
        strstr(stream->line, "\"message_stop\"") != NULL) {
        stream->has_end = true;
    }
    if (word == NULL || strspn(word + 2, "0123456789") != 6) {
        return;
    }
    if (strtol(word + 2, NULL, 10) != stream->next) {
        stream->is_wrong = true;
    }
    counts.opened += stream->next == 0;
    counts.events++;
    stream->next++;
}

static void stream_take_text(struct stream *stream, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *newline = memchr(bytes, '\n', len);
        size_t take = newline != NULL ? (size_t)(newline - bytes) : len;
        size_t room = sizeof stream->line - 1 - stream->line_len;
        size_t keep = take < room ? take : room;
        memcpy(stream->line + stream->line_len, bytes, keep);
        stream->line_len += keep;
        if (newline == NULL) {
            return;
        }
        stream->line[stream->line_len] = '\0';
        stream_take_line(stream);
        stream->line_len = 0;
        bytes += take + 1;
        len -= take + 1;
    }
}

/* A line of HTTP: of the head, a chunk's size, or what is behind a chunk.  True at the answer's
 * end. */
static bool stream_take_frame(struct stream *stream)
{
    bool is_empty = stream->frame_len == 0;

    stream->frame[stream->frame_len] = '\0';
    stream->frame_len = 0;
    switch (stream->part) {
    case PART_HEAD:
        if (strncmp(stream->frame, "HTTP/1.1 ", 9) == 0 &&
            strncmp(stream->frame + 9, "200", 3) != 0) {
            stream->is_wrong = true;
        }
        stream->part = is_empty ? PART_SIZE : PART_HEAD;
        return is_empty && stream->is_wrong;
    case PART_SIZE:
        stream->chunk_left = strtoul(stream->frame, NULL, 16);
        stream->part = stream->chunk_left > 0 ? PART_DATA : PART_LAST;
        return false;
    case PART_DATA_END:
        stream->part = PART_SIZE;
        return false;
    case PART_LAST:
        return is_empty;
    case PART_DATA:
    default:
        return false;
    }
}

/* True when the answer has ended. */
static bool stream_take(struct stream *stream, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (stream->part == PART_DATA) {
            size_t take = len - i < stream->chunk_left ? len - i : stream->chunk_left;
            stream_take_text(stream, bytes + i, take);
            stream->chunk_left -= take;
            stream->part = stream->chunk_left > 0 ? PART_DATA : PART_DATA_END;
            i += take - 1;
        } else if (bytes[i] == '\n') {
            if (stream_take_frame(stream)) {
                return true;
            }
        } else if (bytes[i] != '\r' && stream->frame_len < sizeof stream->frame - 1) {
            stream->frame[stream->frame_len++] = bytes[i];
        }
    }
    return false;
}

/* ---- connections ------------------------------------------------------------------------------
 */

static void stream_ask(struct stream *stream)
{
    int fd = stream->fd;

    *stream = (struct stream){.fd = fd};
    /* A request is small and the connection idle: it fits. */
    if (send(fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len) {
        die("a request was not sent");
    }
}

static void stream_end(struct stream *stream)
{
    counts.ended++;
    counts.streams++;
    counts.lost += options.events - stream->next;
    counts.broken += stream->is_wrong || !stream->has_end;
}

static void stream_close(struct stream *stream)
{
    (void)close(stream->fd); /* leaves epoll with it */
    stream->fd = -1;
}

static void stream_read(struct stream *stream)
{
    static char bytes[READ_BYTES];
    ssize_t got = recv(stream->fd, bytes, sizeof bytes, 0);

    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        stream_end(stream);
        stream_close(stream);
    } else if (stream_take(stream, bytes, (size_t)got)) {
        bool again = options.hold == 0 && !stream->is_wrong && clock_us() < end_us;
        stream_end(stream);
        if (again) {
            counts.ended--;
            stream_ask(stream);
        } else {
            stream_close(stream);
        }
    }
}

static void open_all(void)
{
    for (int64_t i = 0; i < options.streams; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
        int fd = socket_connect(options.port, true);
        streams[i].fd = fd;
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            die("epoll");
        }
        stream_ask(&streams[i]);
    }
}

static void run(void)
{
    struct epoll_event events[BATCH];
    bool told = false;

    while (counts.ended < options.streams) {
        int count = epoll_wait(epoll_fd, events, BATCH, PATIENCE_MS);
        if (count == 0) {
            counts.broken += options.streams - counts.ended;
            return;
        }
        for (int i = 0; i < count; i++) {
            stream_read(events[i].data.ptr);
        }
        if (options.hold != 0 && !told && counts.opened == options.streams) {
            told = true;
            (void)printf("open %lld\n", (long long)counts.opened);
            (void)fflush(stdout);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct option_row rows[] = {
        {"--port", &options.port, 1, 65535},      {"--streams", &options.streams, 1, 100000},
        {"--seconds", &options.seconds, 1, 3600}, {"--events", &options.events, 1, 999999},
        {"--hold", &options.hold, 0, 1},
    };
    int at = options_read(argc, argv, rows, sizeof rows / sizeof rows[0]);
    size_t body_len = 0;

    if (argc - at < 2 || argc - at > 3) {
        die("sse_load --port N [--streams N] [--seconds N] [--events N] [--hold 1] PATH BODY_FILE "
            "[HEADER]");
    }
    files_raise();
    char *body = file_read(argv[at + 1], &body_len);
    const char *header = argc - at == 3 ? text_of("%s\r\n", argv[at + 2]) : "";
    request = request_make(argv[at], header, body, body_len, &request_len);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    streams = calloc((size_t)options.streams, sizeof *streams);
    if (epoll_fd < 0 || streams == NULL) {
        die("no memory");
    }

    int64_t start_us = clock_us();
    end_us = start_us + options.seconds * 1000000;
    open_all();
    run();
    (void)printf("events %lld streams %lld lost %lld broken %lld took_us %lld\n",
                 (long long)counts.events, (long long)counts.streams, (long long)counts.lost,
                 (long long)counts.broken, (long long)(clock_us() - start_us));
    return counts.lost == 0 && counts.broken == 0 ? 0 : 1;
}
