/*
 * terminal: what people see of a command.
 *
 * Results go to stdout, everything else to stderr.  Colour only on a terminal, and never when
 * NO_COLOR is set or TERM is "dumb"; FORCE_COLOR asks for it anywhere.
 */
#pragma once

#include "base/macros.h"
#include "base/str.h"

#include <stdio.h>

/* Colour is wanted on `file`. */
bool terminal_has_color(FILE *file);

/* Both ends of a conversation: somebody types and somebody reads. */
bool terminal_is_interactive(void);

/* "error: ..." with its own line end. */
void terminal_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* A line that tells what happened or what to do next. */
void terminal_hint(const char *format, ...) PRINTF_LIKE(1, 2);

/* Text of app/diagnostic.h, its "error[...]" in colour. */
void terminal_diagnostics(str text);

/* Bytes that somebody else chose: on a terminal, without the control characters it would obey. */
void terminal_write_foreign(FILE *file, str text);

/* A line typed at `prompt` without being shown, without its line end; NUL-terminated in `line`,
 * which holds `room` bytes.  False at the end of input and when it does not fit. */
bool terminal_read_secret(const char *prompt, char *line, size_t room) MUST_CHECK;
