/*
 * Variables in scalars: ${NAME}, ${NAME:-default}, ${NAME:?message}, ${file:/path}; $${ is a plain
 * ${.  What they stand for is never repeated in a message.
 */
#include "app/config_reader.h"

#include <errno.h>
#include <string.h>

enum { VARIABLE_FILE_BYTES_MAX = 64 * 1024, EXPANDED_BYTES_MAX = 128 * 1024 };

/* One scalar being read. */
struct expansion {
    struct config_reader *reader;
    const struct yaml_node *node;
    str source; /* of the first variable */
    bool failed;
};

/* The characters `part` of the scalar as they stand in the file, or all of it when its form in the
 * file differs (escapes, folded lines). */
static struct place place_of_part(const struct expansion *expansion, str part)
{
    struct place place = expansion->node->place;
    str source = expansion->reader->diagnostics->source;
    str shown = str_take(str_skip(source, place.offset), place.width);
    size_t before = str_find(shown, part);

    if (shown.len == 0 || before == shown.len ||
        str_find_char(str_take(shown, before), '\n') < before) {
        return place;
    }
    for (size_t i = 0; i < before; i++) {
        place.column += ((unsigned char)shown.at[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    place.offset += before;
    place.width = part.len;
    return place;
}

static str fail(struct expansion *expansion, str part, str message, str hint)
{
    expansion->failed = true;
    diagnostics_add(expansion->reader->diagnostics, &(struct diagnostic){
                                                        .code = DIAGNOSTIC_VARIABLE,
                                                        .place = place_of_part(expansion, part),
                                                        .message = message,
                                                        .hint = hint,
                                                        .topic = STR("variables"),
                                                    });
    return STR_NONE;
}

static bool is_name(str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return name.len > 0;
}

/* The content of a file without the end of its last line. */
static str expand_file(struct expansion *expansion, str part, str path)
{
    struct config_reader *reader = expansion->reader;
    const struct world *world = reader->world;
    str name = arena_copy(reader->arena, path);
    str content = STR_NONE;

    enum err err = path.len == 0 ? ERR_MISSING
                                 : world->read_file(world->ctx, name.at, VARIABLE_FILE_BYTES_MAX,
                                                    reader->arena, &content);
    if (err != ERR_OK) {
        const char *why = err == ERR_TOO_BIG ? "it holds more than 64 KiB"
                          : path.len == 0    ? "it has no name"
                                             : strerror(errno);
        return fail(expansion, part,
                    arena_printf(reader->arena, "the file `" STR_FMT "` cannot be read: %s",
                                 STR_ARG(config_show(reader, path)), why),
                    STR_NONE);
    }
    if (str_has_suffix(content, STR("\n"))) {
        content.len--;
    }
    if (str_has_suffix(content, STR("\r"))) {
        content.len--;
    }
    if (str_find_char(content, '\0') < content.len) {
        return fail(expansion, part, STR("the file holds a NUL character"), STR_NONE);
    }
    expansion->source = arena_printf(reader->arena, "file:" STR_FMT, STR_ARG(path));
    return content;
}

/* `rest` is what follows the name: empty, ":-default" or ":?message". */
static str expand_name(struct expansion *expansion, str part, str name, str rest)
{
    struct config_reader *reader = expansion->reader;
    str variable = arena_copy(reader->arena, name);
    const char *value = reader->world->variable(reader->world->ctx, variable.at);
    bool is_empty = value == NULL || value[0] == '\0';

    expansion->source = variable;
    if (str_has_prefix(rest, STR(":-"))) {
        return is_empty ? str_skip(rest, 2) : str_c(value);
    }
    if (str_has_prefix(rest, STR(":?")) && is_empty) {
        return fail(expansion, part,
                    arena_printf(reader->arena, "the variable `" STR_FMT "` is not set",
                                 STR_ARG(config_show(reader, name))),
                    config_show(reader, str_skip(rest, 2)));
    }
    if (value == NULL) {
        return fail(expansion, part,
                    arena_printf(reader->arena, "the variable `" STR_FMT "` is not set",
                                 STR_ARG(config_show(reader, name))),
                    STR("set it, or give a default: ${NAME:-default}"));
    }
    return str_c(value);
}

/* `part` is "${...}" whole. */
static str expand_part(struct expansion *expansion, str part)
{
    str inside = str_of(part.at + 2, part.len - 3);
    size_t colon = str_find_char(inside, ':');
    str name = str_take(inside, colon);
    str rest = str_skip(inside, colon);

    if (str_has_prefix(inside, STR("file:"))) {
        return expand_file(expansion, part, str_skip(inside, 5));
    }
    bool is_form =
        rest.len == 0 || str_has_prefix(rest, STR(":-")) || str_has_prefix(rest, STR(":?"));
    if (!is_name(name) || !is_form) {
        return fail(expansion, part, STR("this is not a variable"),
                    STR("${NAME}, ${NAME:-default}, ${NAME:?message} or ${file:/path}; "
                        "$${ is a plain ${"));
    }
    return expand_name(expansion, part, name, rest);
}

/* Cuts the next piece off *rest: plain text as it is, or what a variable stands for. */
static str next_piece(struct expansion *expansion, str *rest)
{
    size_t dollar = str_find_char(*rest, '$');
    str piece = str_take(*rest, dollar);

    if (dollar > 0) {
        *rest = str_skip(*rest, dollar);
        return piece;
    }
    if (str_has_prefix(*rest, STR("$${"))) {
        *rest = str_skip(*rest, 3);
        return STR("${");
    }
    if (!str_has_prefix(*rest, STR("${"))) {
        *rest = str_skip(*rest, 1);
        return STR("$");
    }
    size_t end = str_find_char(*rest, '}');
    str part = str_take(*rest, end + 1);
    *rest = str_skip(*rest, end + 1);
    if (!str_has_suffix(part, STR("}"))) {
        return fail(expansion, part, STR("a variable has no end"), STR("`}` is missing"));
    }
    return expand_part(expansion, part);
}

bool config_expand(struct config_reader *reader, const struct yaml_node *node,
                   struct config_text *out)
{
    struct expansion expansion = {.reader = reader, .node = node};
    struct buf text;
    str rest = node->text;

    buf_init(&text, EXPANDED_BYTES_MAX);
    while (rest.len > 0) {
        str part = rest;
        str piece = next_piece(&expansion, &rest);
        if (buf_add(&text, piece) != ERR_OK) {
            (void)fail(&expansion, part, STR("this is too long"), STR_NONE);
            break;
        }
    }
    if (!expansion.failed) {
        *out = (struct config_text){
            .text = arena_copy(reader->arena, buf_str(&text)),
            .source = expansion.source,
            .node = node,
        };
    }
    buf_free(&text);
    return !expansion.failed;
}
