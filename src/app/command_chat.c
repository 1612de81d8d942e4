/* `gatehouse chat`: a prompt, or one after the other, through the gateway. */
#include "app/chat_client.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/terminal.h"
#include "app/world.h"
#include "policy/auth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_FILE_BYTES_MAX = 4096,
    PROMPT_BYTES_MAX = 8 * 1024 * 1024,
    LINE_BYTES_MAX = 64 * 1024,
};

struct choices {
    const char *model;
    const char *url;
    const char *key_file;
};

/* The flag's, else the variable's, else the default. */
static const char *choose(const char *flag, const char *variable, const char *otherwise)
{
    const char *value = flag != NULL ? flag : getenv(variable);

    return value != NULL && value[0] != '\0' ? value : otherwise;
}

static bool read_key_file(const char *path, struct arena *arena, str *out)
{
    str content = STR_NONE;

    if (process_world.read_file(NULL, path, KEY_FILE_BYTES_MAX, arena, &content) != ERR_OK) {
        terminal_error("the key file %s cannot be read: %s", path, strerror(errno));
        return false;
    }
    *out = str_trim(content);
    return true;
}

/* False, and told, when there is none. */
static bool find_key(const char *key_file, struct arena *arena, str *out)
{
    const char *variable = getenv("GATEHOUSE_API_KEY");

    if (key_file != NULL) {
        return read_key_file(key_file, arena, out);
    }
    if (variable != NULL && variable[0] != '\0') {
        *out = str_c(variable);
        return true;
    }
    if (terminal_is_interactive()) {
        char *line = arena_take(arena, AUTH_KEY_BYTES_MAX + 2);
        if (terminal_read_secret("API key: ", line, AUTH_KEY_BYTES_MAX + 2)) {
            *out = str_trim(str_c(line));
            return true;
        }
    }
    terminal_error("there is no API key: set GATEHOUSE_API_KEY, or give --key-file FILE");
    return false;
}

static void print_text(void *ctx, str text)
{
    bool *has_text = ctx;

    *has_text = *has_text || text.len > 0;
    terminal_write_foreign(stdout, text);
    (void)fflush(stdout); /* word by word; a closed stdout is noticed at the end */
}

static int ask(struct chat_client *client, str prompt)
{
    struct arena arena = {0};
    struct fault fault = {0};
    bool has_text = false;

    client->ctx = &has_text;
    enum err err = chat_client_ask(client, prompt, &arena, &fault);
    if (has_text) {
        (void)fputc('\n', stdout);
        (void)fflush(stdout);
    }
    if (err != ERR_OK) {
        terminal_error(STR_FMT, STR_ARG(fault.message));
    }
    if (err == ERR_DENIED) {
        terminal_hint("Is GATEHOUSE_API_KEY a key of this gateway?  `gatehouse keys create` makes "
                      "one.");
    } else if (err == ERR_PEER) {
        terminal_hint("Is the gateway running?  `gatehouse serve` starts one; --url says where.");
    }
    arena_reset(&arena);
    return err == ERR_OK && ferror(stdout) == 0 ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

/* One prompt after the other until the end of input; a failed one is no reason to leave. */
static int converse(struct chat_client *client)
{
    static char line[LINE_BYTES_MAX];

    terminal_hint("Talking to " STR_FMT "; Ctrl-D ends.", STR_ARG(client->model));
    for (;;) {
        (void)fputs("> ", stderr);
        if (fgets(line, sizeof(line), stdin) == NULL) {
            (void)fputc('\n', stderr);
            return EXIT_CODE_OK;
        }
        str prompt = str_trim(str_c(line));
        if (prompt.len > 0) {
            (void)ask(client, prompt); /* told */
        }
    }
}

/* What was piped in, behind what was said on the command line. */
static bool read_piped(struct buf *prompt)
{
    char bytes[4096];

    for (;;) {
        ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0;
        }
        if (buf_add(prompt, str_of(bytes, (size_t)n)) != ERR_OK) {
            return false;
        }
    }
}

static bool add_words(struct buf *prompt, const struct operands *operands)
{
    for (size_t i = 0; i < operands->count; i++) {
        if (buf_printf(prompt, "%s%s", i > 0 ? " " : "", operands->at[i]) != ERR_OK) {
            return false;
        }
    }
    return true;
}

static int talk(struct chat_client *client, const struct operands *operands)
{
    bool is_typed = isatty(STDIN_FILENO);
    struct buf prompt;
    int code = EXIT_CODE_USAGE;

    if (operands->count == 0 && is_typed) {
        return converse(client);
    }
    buf_init(&prompt, PROMPT_BYTES_MAX);
    bool was_read = add_words(&prompt, operands);
    if (was_read && operands->count == 0) {
        was_read = read_piped(&prompt);
    }
    if (!was_read) {
        terminal_error("the prompt cannot be read, or is longer than 8 MiB");
    } else if (str_trim(buf_str(&prompt)).len == 0) {
        code = command_usage_error("chat", STR("there is no prompt"));
    } else {
        code = ask(client, buf_str(&prompt));
    }
    buf_free(&prompt);
    return code;
}

int command_chat(char **argv, size_t count, struct arena *arena)
{
    struct choices choices = {0};
    const struct flag flags[] = {
        {"model", 'm', &choices.model, NULL},
        {"url", '\0', &choices.url, NULL},
        {"key-file", '\0', &choices.key_file, NULL},
        {0},
    };
    struct operands operands;
    struct fault fault = {0};
    struct chat_client client = {.take = print_text};

    if (args_read(argv, count, flags, arena, &operands, &fault) != ERR_OK) {
        return command_usage_error("chat", fault.message);
    }
    const char *url = choose(choices.url, "GATEHOUSE_URL", "http://127.0.0.1:8080");
    if (chat_client_init(&client, url, &fault) != ERR_OK) {
        return command_usage_error("chat", fault.message);
    }
    client.model = str_c(choose(choices.model, "GATEHOUSE_MODEL", "demo/echo"));
    int code = EXIT_CODE_USAGE;
    if (find_key(choices.key_file, arena, &client.key)) {
        code = talk(&client, &operands);
    }
    chat_client_free(&client);
    return code;
}
