#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 4096 };

static enum log_level least_level = LOG_INFO;
static bool as_json;
static void (*sink_take)(void *ctx, str line);
static void *sink_ctx;

static const char *const names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

void log_setup(enum log_level least, bool json)
{
    least_level = least;
    as_json = json;
}

void log_set_sink(void (*sink)(void *ctx, str line), void *ctx)
{
    sink_take = sink;
    sink_ctx = ctx;
}

bool log_wants(enum log_level level)
{
    return level >= least_level;
}

bool log_is_json(void)
{
    return as_json;
}

void log_raw(str line)
{
    if (sink_take != NULL) {
        sink_take(sink_ctx, line);
        return;
    }
    /* A log that cannot be written has nobody to tell. */
    ssize_t n = write(STDERR_FILENO, line.at, line.len);
    (void)n;
}

/* Copies text with quotes, backslashes and control characters escaped; stops when full. */
static size_t escape(char *out, size_t room, const char *text)
{
    size_t len = 0;

    for (; *text != '\0' && len + 7 < room; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            out[len++] = '\\';
            out[len++] = (char)c;
        } else if (c < 0x20) {
            len += (size_t)snprintf(out + len, room - len, "\\u%04x", c);
        } else {
            out[len++] = (char)c;
        }
    }
    return len;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    char message[LINE_BYTES_MAX / 2];
    char line[LINE_BYTES_MAX];
    char stamp[32];
    va_list args;

    if (!log_wants(level)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);

    int64_t now_ms = clock_wall_ms(&system_clock);
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    (void)strftime(stamp, sizeof(stamp), as_json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &utc);

    size_t len = 0;
    if (as_json) {
        len = (size_t)snprintf(
            line, sizeof(line),
            "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"event\":\"%s\",\"message\":\"", stamp,
            (int)(now_ms % 1000), names[level], event);
        len += escape(line + len, sizeof(line) - len - 3, message);
        line[len++] = '"';
        line[len++] = '}';
        line[len++] = '\n';
    } else {
        len = (size_t)snprintf(line, sizeof(line), "%s %-5s %s: ", stamp, names[level], event);
        len += escape(line + len, sizeof(line) - len - 1, message);
        line[len++] = '\n';
    }
    log_raw(str_of(line, len));
}
