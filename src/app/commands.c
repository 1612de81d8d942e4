#include "app/commands.h"

#include "app/exit_code.h"
#include "app/guess.h"
#include "app/serve.h"
#include "app/terminal.h"

#include <stdio.h>
#include <stdlib.h>

static int command_serve(char **argv, size_t count, struct arena *arena);
static int command_version(char **argv, size_t count, struct arena *arena);
static int command_help(char **argv, size_t count, struct arena *arena);

static const struct command commands[] = {
    {"serve", "run the gateway",
     "  gatehouse serve\n"
     "  gatehouse serve --config gatehouse.yaml\n"
     "  gatehouse serve --listen 0.0.0.0:8080 --data /var/lib/gatehouse\n"
     "\n"
     "Without a configuration file the providers are those whose API keys are in the\n"
     "environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...), and `demo/echo`, a model that\n"
     "repeats what it is told.\n"
     "\n"
     "  -c, --config FILE   configuration, else $GATEHOUSE_CONFIG, else none\n"
     "  -l, --listen ADDR   address and port, instead of the configured ones\n"
     "  -d, --data DIR      where keys and rows are kept, else $GATEHOUSE_DATA,\n"
     "                      else $XDG_DATA_HOME/gatehouse or ~/.local/share/gatehouse\n"
     "\n"
     "SIGTERM and Ctrl-C stop accepting, let running answers finish and end with 0.\n",
     command_serve},
    {"check", "check a configuration without running it",
     "  gatehouse check gatehouse.yaml\n"
     "  gatehouse check --json gatehouse.yaml\n"
     "\n"
     "Reads the file as `serve` would, without touching the network.  Ends with 0 when it\n"
     "is right and with 3 when it is not.  Without a file: $GATEHOUSE_CONFIG, else the\n"
     "environment alone.\n"
     "\n"
     "      --json   the result as JSON on stdout\n",
     command_check},
    {"keys", "create, list and revoke API keys",
     "  gatehouse keys create --name ci\n"
     "  gatehouse keys list\n"
     "  gatehouse keys revoke ci\n"
     "\n"
     "Works on the store of the configuration, also while the gateway runs.  A new key is\n"
     "shown once, alone on stdout; only its hash is kept.  `revoke` takes a key's id, name\n"
     "or label.\n"
     "\n"
     "      --name NAME     what people call the key\n"
     "      --json          results as JSON\n"
     "  -c, --config FILE   configuration, else $GATEHOUSE_CONFIG, else none\n"
     "  -d, --data DIR      as for `gatehouse serve`\n",
     command_keys},
    {"chat", "talk to a model through the gateway",
     "  gatehouse chat \"why is the sky blue?\"\n"
     "  gatehouse chat -m openai/gpt-4o-mini\n"
     "  git diff | gatehouse chat -m anthropic/claude-sonnet-4-5 \"write a commit message\"\n"
     "\n"
     "Without a prompt it asks for one after the other, until Ctrl-D.  The API key is taken\n"
     "from $GATEHOUSE_API_KEY, from the file of --key-file, or asked for.\n"
     "\n"
     "  -m, --model MODEL     else $GATEHOUSE_MODEL, else demo/echo\n"
     "      --url URL         of the gateway, else $GATEHOUSE_URL,\n"
     "                        else http://127.0.0.1:8080\n"
     "      --key-file FILE   holds the API key\n",
     command_chat},
    {"version", "print the version", "  gatehouse version\n", command_version},
    {"help", "tell more about a command or a topic", "  gatehouse help [COMMAND | TOPIC]\n",
     command_help},
    {0},
};

static const struct command *find(str name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (str_eq(name, str_c(command->name))) {
            return command;
        }
    }
    return NULL;
}

int command_usage_error(const char *command, str message)
{
    terminal_error(STR_FMT, STR_ARG(message));
    if (command != NULL) {
        terminal_hint("See `gatehouse help %s`.", command);
    } else {
        terminal_hint("See `gatehouse help`.");
    }
    return EXIT_CODE_USAGE;
}

const char *command_config_path(const char *flag)
{
    const char *path = flag != NULL ? flag : getenv("GATEHOUSE_CONFIG");

    return path != NULL && path[0] != '\0' ? path : NULL;
}

/* Printing help or a version to a closed stdout has nothing left to do. */
static int print_overview(void)
{
    (void)printf("gatehouse %s: one API in front of every large language model\n"
                 "\n"
                 "  gatehouse serve                     start, no configuration needed\n"
                 "  gatehouse chat \"hello\"              ask the demo model\n"
                 "  gatehouse keys create --name ci     make an API key\n"
                 "\n"
                 "Commands:\n",
                 GATEHOUSE_VERSION);
    for (const struct command *command = commands; command->name != NULL; command++) {
        (void)printf("  %-9s %s\n", command->name, command->summary);
    }
    (void)printf("\n`gatehouse help COMMAND` tells more.  Topics:");
    for (const char *const *topic = help_topics(); *topic != NULL; topic++) {
        (void)printf("%s %s", topic == help_topics() ? "" : ",", *topic);
    }
    (void)printf("\n");
    return EXIT_CODE_OK;
}

static int print_command_help(const struct command *command)
{
    (void)printf("gatehouse %s: %s\n\n%s", command->name, command->summary, command->usage);
    return EXIT_CODE_OK;
}

static int command_serve(char **argv, size_t count, struct arena *arena)
{
    struct serve_options options = {0};
    const struct flag flags[] = {
        {"config", 'c', &options.config_path, NULL},
        {"listen", 'l', &options.listen, NULL},
        {"data", 'd', &options.data_dir, NULL},
        {0},
    };
    struct operands operands;
    struct fault fault = {0};

    if (args_read(argv, count, flags, arena, &operands, &fault) != ERR_OK) {
        return command_usage_error("serve", fault.message);
    }
    if (operands.count > 0) {
        return command_usage_error("serve", arena_printf(arena,
                                                         "`serve` takes no argument `%s`; a "
                                                         "configuration is given with --config",
                                                         operands.at[0]));
    }
    options.config_path = command_config_path(options.config_path);
    return serve_run(&options);
}

static int command_version(char **argv, size_t count, struct arena *arena)
{
    (void)argv;
    (void)arena;
    if (count > 0) {
        return command_usage_error("version", STR("`version` takes no arguments"));
    }
    (void)printf("gatehouse %s\n", GATEHOUSE_VERSION);
    return EXIT_CODE_OK;
}

static int unknown_topic(str name, struct arena *arena)
{
    struct guess guess = guess_start(name);

    for (const struct command *command = commands; command->name != NULL; command++) {
        guess_consider(&guess, str_c(command->name));
    }
    for (const char *const *topic = help_topics(); *topic != NULL; topic++) {
        guess_consider(&guess, str_c(*topic));
    }
    if (guess.best.len == 0) {
        return command_usage_error(
            NULL, arena_printf(arena, "there is no help on `" STR_FMT "`", STR_ARG(name)));
    }
    return command_usage_error(
        NULL, arena_printf(arena, "there is no help on `" STR_FMT "`, did you mean `" STR_FMT "`?",
                           STR_ARG(name), STR_ARG(guess.best)));
}

/* `gatehouse help config models`: the words are one topic. */
static int command_help(char **argv, size_t count, struct arena *arena)
{
    str name = STR_NONE;

    for (size_t i = 0; i < count; i++) {
        name = arena_printf(arena, STR_FMT "%s%s", STR_ARG(name), i > 0 ? " " : "", argv[i]);
    }
    if (name.len == 0) {
        return print_overview();
    }
    const struct command *command = find(name);
    if (command != NULL) {
        return print_command_help(command);
    }
    str text = help_topic(name, arena);
    if (text.len == 0) {
        return unknown_topic(name, arena);
    }
    (void)fwrite(text.at, 1, text.len, stdout);
    return EXIT_CODE_OK;
}

static bool asks_for_help(char **argv, size_t count)
{
    for (size_t i = 0; i < count && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

static int unknown_command(str name, struct arena *arena)
{
    struct guess guess = guess_start(name);

    for (const struct command *command = commands; command->name != NULL; command++) {
        guess_consider(&guess, str_c(command->name));
    }
    if (guess.best.len == 0) {
        return command_usage_error(
            NULL, arena_printf(arena, "unknown command `" STR_FMT "`", STR_ARG(name)));
    }
    return command_usage_error(
        NULL, arena_printf(arena, "unknown command `" STR_FMT "`, did you mean `" STR_FMT "`?",
                           STR_ARG(name), STR_ARG(guess.best)));
}

/* `words` holds what follows the program's name. */
static int run_words(char **words, size_t count, struct arena *arena)
{
    if (count == 0 || asks_for_help(words, 1)) {
        return print_overview();
    }
    if (strcmp(words[0], "--version") == 0 || strcmp(words[0], "-V") == 0) {
        return command_version(NULL, 0, arena);
    }
    const struct command *command = find(str_c(words[0]));
    if (command == NULL) {
        return unknown_command(str_c(words[0]), arena);
    }
    if (asks_for_help(words + 1, count - 1)) {
        return print_command_help(command);
    }
    return command->run(words + 1, count - 1, arena);
}

int command_run(int argc, char **argv)
{
    struct arena arena = {0};
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    int code = run_words(argv + 1, count, &arena);

    arena_reset(&arena);
    return code;
}
