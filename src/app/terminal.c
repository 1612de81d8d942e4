#include "app/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

bool terminal_has_color(FILE *file)
{
    if (is_set("NO_COLOR")) {
        return false;
    }
    if (is_set("FORCE_COLOR")) {
        return true;
    }
    return isatty(fileno(file)) && !str_eq(str_c(getenv("TERM")), STR("dumb"));
}

bool terminal_is_interactive(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A closed stderr must not stop a command: what writing returns is nobody's concern here. */
static void write_error_word(const char *word)
{
    bool color = terminal_has_color(stderr);

    (void)fprintf(stderr, "%s%s%s", color ? "\033[1;31m" : "", word, color ? "\033[0m" : "");
}

void terminal_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_error_word("error");
    (void)fputs(": ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

void terminal_hint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

void terminal_diagnostics(str text)
{
    while (text.len > 0) {
        str line = str_split(&text, '\n');
        if (str_has_prefix(line, STR("error["))) {
            write_error_word("error");
            line = str_skip(line, 5);
        }
        (void)fprintf(stderr, STR_FMT "\n", STR_ARG(line));
    }
}

void terminal_write_foreign(FILE *file, str text)
{
    if (text.len == 0) {
        return;
    }
    if (!isatty(fileno(file))) {
        (void)fwrite(text.at, 1, text.len, file); /* a NUL too */
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c >= ' ' && c != 0x7f) || c == '\n' || c == '\t') {
            (void)fputc(c, file);
        }
    }
}

bool terminal_read_secret(const char *prompt, char *line, size_t room)
{
    struct termios before;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;

    (void)fputs(prompt, stderr);
    if (is_terminal) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool was_read = fgets(line, (int)room, stdin) != NULL;
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputc('\n', stderr);
    }
    if (!was_read || strchr(line, '\n') == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}
