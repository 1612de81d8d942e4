/*
 * log: one structured line per call, from any thread.
 *
 * The sink is a function: production writes one line to stderr with one write(2), as JSON when
 * stderr is not a terminal; tests collect.  Nothing secret may be handed in.  Only gate, admin and
 * app log; the floors below report faults.
 */
#pragma once

#include "base/macros.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets the least level that is written and the form of the lines.  Before threads start. */
void log_setup(enum log_level least, bool json);

/* Replaces the sink; NULL puts stderr back.  Before threads start. */
void log_set_sink(void (*sink)(void *ctx, str line), void *ctx);

/* One line: time, level, `event` (a word or two, constant) and a printf-made message. */
void log_line(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

bool log_wants(enum log_level level);

/* Writes a line made by the caller as it is, with its own line end; for the access log. */
void log_raw(str line);

bool log_is_json(void);
