/* What is known of providers and models: the data files, built in or the operator's own. */
#include "app/config_reader.h"
#include "llm/share.h"

#include <errno.h>

enum { SHARE_BYTES_MAX = 4 * 1024 * 1024 };

/* "byte 1234" of a fault means little to people with an editor: the line that it is in. */
static str add_line(struct config_reader *reader, str text, str message)
{
    str word = STR(" at byte ");
    size_t at = str_find(message, word);
    uint64_t byte = 0;
    size_t line = 1;

    if (!str_to_uint(str_skip(message, at + word.len), text.len, &byte)) {
        return message;
    }
    str before = str_take(text, byte);
    while (str_find_char(before, '\n') < before.len) {
        (void)str_split(&before, '\n');
        line++;
    }
    return arena_printf(reader->arena, STR_FMT " (line %zu)", STR_ARG(message), line);
}

static void complain(struct config_reader *reader, str path, str text, str message)
{
    config_complain(reader, DIAGNOSTIC_FILE, NULL,
                    arena_printf(reader->arena, "the file %s cannot be used: " STR_FMT, path.at,
                                 STR_ARG(add_line(reader, text, message))),
                    STR_NONE);
}

/* The text of the folder's file; the built-in one when there is no folder, or no such file in it.
 * False, and told, when it cannot be read. */
static bool read_file(struct config_reader *reader, str path, str *text)
{
    const struct world *world = reader->world;

    if (reader->snapshot->settings.share.len == 0) {
        return true;
    }
    enum err err = world->read_file(world->ctx, path.at, SHARE_BYTES_MAX, reader->arena, text);
    if (err == ERR_OK || (err == ERR_MISSING && errno == ENOENT)) {
        return true;
    }
    complain(reader, path, STR_NONE,
             err == ERR_TOO_BIG ? STR("it holds more than 4 MiB") : str_c(strerror(errno)));
    return false;
}

static str path_of(struct config_reader *reader, const char *name)
{
    str folder = reader->snapshot->settings.share;

    return arena_printf(reader->arena, STR_FMT "/%s", STR_ARG(folder), name);
}

void config_read_share(struct config_reader *reader)
{
    struct snapshot *snapshot = reader->snapshot;
    str models = share_models();
    str providers = share_providers();
    str models_path = path_of(reader, "models.json");
    str providers_path = path_of(reader, "providers.json");
    struct fault fault = {0};

    reader->topic = "settings";
    if (read_file(reader, models_path, &models) &&
        rules_read(models, &snapshot->arena, &snapshot->rules, &fault) != ERR_OK) {
        complain(reader, models_path, models, fault.message);
    }
    if (read_file(reader, providers_path, &providers) &&
        presets_read(providers, &snapshot->arena, &reader->presets, &fault) != ERR_OK) {
        complain(reader, providers_path, providers, fault.message);
    }
}
