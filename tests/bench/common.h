/*
 * common: what the benchmark's tools share: dying with a message, options, sockets, the clock.
 *
 * These are small programs with one thread; what cannot work ends them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints the message, and what errno says when it is set, and exits 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* An option such as "--port": its value is a number from `min` to `max`. */
struct option_row {
    const char *name;
    int64_t *value;
    int64_t min;
    int64_t max;
};

/* Reads "--name value" pairs from the left.  Returns the index of the first argument that is no
 * option; an unknown one ends the program. */
int options_read(int argc, char **argv, const struct option_row *rows, size_t count);

int64_t number_read(const char *text, int64_t min, int64_t max);

int64_t clock_us(void);

/* The limit of open files, as high as the system allows. */
void files_raise(void);

/* A listening socket on 127.0.0.1; port 0 takes a free one.  *port is the port taken. */
int socket_listen(int64_t port, int *port_taken);

/* A socket connected, or being connected when `blocks` is false, to 127.0.0.1. */
int socket_connect(int64_t port, bool blocks);

/* The whole file, NUL-terminated; never freed. */
char *file_read(const char *path, size_t *len);

/* printf into new memory; never freed. */
__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);

/*
 * A POST request.  `headers` are whole lines with CRLF.  Never freed.
 */
char *request_make(const char *path, const char *headers, const char *body, size_t body_len,
                   size_t *len);
