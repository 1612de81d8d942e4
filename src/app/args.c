#include "app/args.h"

#include "app/guess.h"

struct reader {
    char **argv;
    size_t count;
    size_t next;
    const struct flag *flags;
    struct arena *arena;
};

static enum err refuse(struct fault *fault, str message)
{
    *fault = (struct fault){.kind = ERR_INVALID, .message = message};
    return ERR_INVALID;
}

static enum err refuse_unknown(const struct reader *reader, str name, struct fault *fault)
{
    struct guess guess = guess_start(name);

    for (const struct flag *flag = reader->flags; flag->name != NULL; flag++) {
        guess_consider(&guess, str_c(flag->name));
    }
    if (guess.best.len == 0) {
        return refuse(fault, arena_printf(reader->arena, "unknown flag `" STR_FMT "`",
                                          STR_ARG(str_c(reader->argv[reader->next - 1]))));
    }
    return refuse(fault, arena_printf(reader->arena,
                                      "unknown flag `--" STR_FMT "`, did you mean `--" STR_FMT "`?",
                                      STR_ARG(name), STR_ARG(guess.best)));
}

static const struct flag *find(const struct reader *reader, str name, bool is_letter)
{
    for (const struct flag *flag = reader->flags; flag->name != NULL; flag++) {
        bool same = is_letter ? name.len == 1 && flag->letter == name.at[0]
                              : str_eq(name, str_c(flag->name));
        if (same) {
            return flag;
        }
    }
    return NULL;
}

/* One flag, with the value behind `=` or in the next argument. */
static enum err read_flag(struct reader *reader, str argument, struct fault *fault)
{
    bool is_letter = !str_has_prefix(argument, STR("--"));
    str rest = str_skip(argument, is_letter ? 1 : 2);
    bool has_value = str_find_char(rest, '=') < rest.len;
    str name = str_split(&rest, '=');
    const struct flag *flag = find(reader, name, is_letter);

    if (flag == NULL) {
        return refuse_unknown(reader, name, fault);
    }
    if (flag->value == NULL) {
        if (has_value) {
            return refuse(fault, arena_printf(reader->arena, "`--%s` takes no value", flag->name));
        }
        *flag->is_set = true;
        return ERR_OK;
    }
    if (!has_value && reader->next == reader->count) {
        return refuse(fault, arena_printf(reader->arena, "`--%s` needs a value", flag->name));
    }
    *flag->value = has_value ? arena_copy(reader->arena, rest).at : reader->argv[reader->next++];
    return ERR_OK;
}

enum err args_read(char **argv, size_t count, const struct flag *flags, struct arena *arena,
                   struct operands *out, struct fault *fault)
{
    struct reader reader = {argv, count, 0, flags, arena};
    struct operands operands = {.at = ARENA_ARRAY(arena, char *, count + 1)};
    bool flags_ended = false;

    while (reader.next < count) {
        char *argument = argv[reader.next++];
        str text = str_c(argument);
        if (!flags_ended && str_eq(text, STR("--"))) {
            flags_ended = true;
        } else if (!flags_ended && text.len > 1 && text.at[0] == '-') {
            enum err err = read_flag(&reader, text, fault);
            if (err != ERR_OK) {
                return err;
            }
        } else {
            operands.at[operands.count++] = argument;
        }
    }
    *out = operands;
    return ERR_OK;
}
