/*
 * commands: the command line, from words to actions.
 *
 * Each command gets the words behind its name and gives the program's exit code (app/exit_code.h).
 * The table in commands.c is what `gatehouse help` shows.
 */
#pragma once

#include "app/args.h"

struct command {
    const char *name;
    const char *summary; /* one line */
    const char *usage;   /* everything about it, examples first */
    int (*run)(char **argv, size_t count, struct arena *arena);
};

/* Does what the command line says. */
int command_run(int argc, char **argv);

/* Tells that the command line is wrong; gives EXIT_CODE_USAGE. */
int command_usage_error(const char *command, str message);

/* The configuration file: the flag's, else $GATEHOUSE_CONFIG, else NULL. */
const char *command_config_path(const char *flag);

/* Help topics that are no commands (help.c): the text in the arena, or empty. */
str help_topic(str name, struct arena *arena);

/* Names of all topics, ended by NULL. */
const char *const *help_topics(void);

/* One file each. */
int command_check(char **argv, size_t count, struct arena *arena);
int command_keys(char **argv, size_t count, struct arena *arena);
int command_chat(char **argv, size_t count, struct arena *arena);
