#include "app/config.h"

#include "app/config_reader.h"

#include <errno.h>

/* The part of a setting's name before the dot; empty at the top level. */
static str group_of(const struct setting *setting)
{
    str name = str_c(setting->name);
    size_t dot = str_find_char(name, '.');

    return dot < name.len ? str_take(name, dot) : STR_NONE;
}

static bool is_group(str name)
{
    for (const struct setting *setting = setting_all(); setting->name != NULL; setting++) {
        if (name.len > 0 && str_eq(group_of(setting), name)) {
            return true;
        }
    }
    return false;
}

/* A word is a truth or a number only without quotes; a variable stands for either. */
static bool check_style(struct config_reader *reader, const struct setting *setting,
                        const struct yaml_node *node)
{
    bool is_literal = str_find(node->text, STR("${")) == node->text.len;

    if (setting->kind == SETTING_BOOL && node->quoted && is_literal) {
        config_complain(reader, DIAGNOSTIC_TYPE, node, STR("this must be true or false"),
                        STR("without quotes"));
        return false;
    }
    return true;
}

static void read_setting(struct config_reader *reader, const struct setting *setting,
                         const struct yaml_node *node)
{
    struct snapshot *snapshot = reader->snapshot;
    struct config_text text = {0};
    struct fault fault = {0};
    bool is_text = setting->kind == SETTING_TEXT;

    if (!config_expect(reader, node, YAML_SCALAR, setting->name) ||
        !check_style(reader, setting, node)) {
        return;
    }
    if (is_text ? !config_read_text(reader, node, &text) : !config_expand(reader, node, &text)) {
        return;
    }
    if (setting_parse(setting, text.text, &snapshot->arena, &snapshot->settings, &fault) !=
        ERR_OK) {
        diagnostics_add(reader->diagnostics, &(struct diagnostic){
                                                 .code = DIAGNOSTIC_VALUE,
                                                 .place = node->place,
                                                 .message = arena_printf(reader->arena,
                                                                         "`%s` has a value that it "
                                                                         "cannot have",
                                                                         setting->name),
                                                 .hint = fault.message,
                                                 .topic = STR("settings"),
                                             });
    }
}

static void complain_unknown(struct config_reader *reader, const struct yaml_node *key, str group)
{
    struct guess guess = guess_start(key->text);
    bool is_top = group.len == 0;

    for (const struct setting *setting = setting_all(); setting->name != NULL; setting++) {
        str of = group_of(setting);
        if (str_eq(of, group)) {
            guess_consider(&guess, str_skip(str_c(setting->name), is_top ? 0 : group.len + 1));
        } else if (is_top) {
            guess_consider(&guess, of);
        }
    }
    if (is_top) {
        guess_consider(&guess, STR("providers"));
        guess_consider(&guess, STR("models"));
    }
    str shown = config_show(reader, key->text);
    str message = is_top ? arena_printf(reader->arena, "unknown key `" STR_FMT "`", STR_ARG(shown))
                         : arena_printf(reader->arena, "unknown key `" STR_FMT "` in " STR_FMT,
                                        STR_ARG(shown), STR_ARG(group));
    diagnostics_add(reader->diagnostics, &(struct diagnostic){
                                             .code = DIAGNOSTIC_UNKNOWN,
                                             .place = key->place,
                                             .message = message,
                                             .hint = config_did_you_mean(reader, &guess),
                                             .topic = STR("settings"),
                                         });
}

static void read_group(struct config_reader *reader, const struct yaml_node *node, str group)
{
    str what = arena_copy(reader->arena, group);

    if (!config_expect(reader, node, YAML_MAP, what.at)) {
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        str name = arena_printf(reader->arena, STR_FMT "." STR_FMT, STR_ARG(group),
                                STR_ARG(node->keys[i]->text));
        const struct setting *setting = setting_by_name(name);
        if (setting != NULL) {
            read_setting(reader, setting, node->items[i]);
        } else {
            complain_unknown(reader, node->keys[i], group);
        }
    }
}

/* Settings and their groups; providers and models come later, whatever the order in the file. */
static void read_settings(struct config_reader *reader, const struct yaml_node *root)
{
    for (size_t i = 0; i < root->count; i++) {
        const struct yaml_node *key = root->keys[i];
        const struct setting *setting = setting_by_name(key->text);
        bool is_top = str_find_char(key->text, '.') == key->text.len;
        if (setting != NULL && is_top) {
            read_setting(reader, setting, root->items[i]);
        } else if (is_group(key->text)) {
            read_group(reader, root->items[i], key->text);
        } else if (!str_eq(key->text, STR("providers")) && !str_eq(key->text, STR("models"))) {
            complain_unknown(reader, key, STR_NONE);
        }
    }
}

/* GATEHOUSE_LISTEN and the like. */
static void read_variables(struct config_reader *reader)
{
    struct snapshot *snapshot = reader->snapshot;

    for (const struct setting *setting = setting_all(); setting->name != NULL; setting++) {
        char name[SETTING_VARIABLE_BYTES];
        struct fault fault = {0};
        setting_variable(setting, name);
        str value = world_variable(reader->world, name);
        if (value.len > 0 && setting_parse(setting, value, &snapshot->arena, &snapshot->settings,
                                           &fault) != ERR_OK) {
            config_complain(reader, DIAGNOSTIC_VALUE, NULL,
                            arena_printf(reader->arena,
                                         "the variable `%s` has a value that it cannot have", name),
                            fault.message);
        }
    }
}

static void check_files(struct config_reader *reader)
{
    const struct settings *settings = &reader->snapshot->settings;
    const str files[] = {settings->tls_certificate, settings->tls_key};

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        str content = STR_NONE;
        if (files[i].len > 0 &&
            reader->world->read_file(reader->world->ctx, files[i].at, YAML_BYTES_MAX, reader->arena,
                                     &content) != ERR_OK) {
            config_complain(
                reader, DIAGNOSTIC_FILE, NULL,
                arena_printf(reader->arena, "%s cannot be read: %s",
                             i == 0 ? "the file of tls.certificate" : "the file of tls.key",
                             strerror(errno)),
                STR_NONE);
        }
    }
}

/* The settings, which need nothing else: the file first, then the variables, which beat it. */
static bool read_root_settings(struct config_reader *reader, const struct yaml_node *root)
{
    if (!config_expect(reader, root, YAML_MAP, "the file")) {
        return false;
    }
    config_hide_secrets(reader->diagnostics, root);
    reader->topic = "settings";
    read_settings(reader, root);
    read_variables(reader);
    const char *complaint = settings_complaint(&reader->snapshot->settings);
    if (complaint != NULL) {
        config_complain(reader, DIAGNOSTIC_VALUE, NULL, str_c(complaint), STR_NONE);
    }
    return true;
}

/* The bytes of the file; nothing without one. */
static enum err read_source(struct config_reader *reader, const char *path)
{
    const struct world *world = reader->world;

    if (path == NULL) {
        return ERR_OK;
    }
    enum err err = world->read_file(world->ctx, path, YAML_BYTES_MAX, reader->arena,
                                    &reader->diagnostics->source);
    if (err != ERR_OK) {
        config_complain(
            reader, err == ERR_TOO_BIG ? DIAGNOSTIC_BOUNDS : DIAGNOSTIC_FILE, NULL,
            arena_printf(reader->arena, "the configuration %s cannot be read: %s", path,
                         err == ERR_TOO_BIG ? "it holds more than 1 MiB" : strerror(errno)),
            STR_NONE);
    }
    return err;
}

/* Everything that reading needs; the snapshot is empty but for the defaults. */
static struct config_reader reader_make(const char *path, const struct world *world,
                                        struct arena *arena)
{
    struct config_reader reader = {
        .world = world,
        .arena = arena,
        .snapshot = snapshot_new(),
        .diagnostics = ARENA_NEW(arena, struct diagnostics),
        .topic = "config",
    };

    reader.snapshot->version = 1;
    settings_init(&reader.snapshot->settings);
    *reader.diagnostics = (struct diagnostics){
        .arena = arena,
        .file = str_c(path != NULL ? path : "environment"),
    };
    return reader;
}

/* The root of the file; an empty map when there is no file or nothing in it, which is allowed. */
static enum err read_tree(struct config_reader *reader, const char *path,
                          const struct yaml_node **root)
{
    static const struct yaml_node empty = {.kind = YAML_MAP};
    enum err err = read_source(reader, path);

    if (err == ERR_OK) {
        err = yaml_read(reader->diagnostics, reader->arena, root);
    }
    if (err == ERR_OK && *root == NULL) {
        *root = &empty;
    }
    return err;
}

/* Hands the snapshot over, unless something is wrong. */
static enum err finish(struct config_reader *reader, enum err err, struct snapshot **out)
{
    if (err != ERR_OK || reader->diagnostics->count > 0) {
        snapshot_free(reader->snapshot);
        return err != ERR_OK ? err : ERR_INVALID;
    }
    *out = reader->snapshot;
    return ERR_OK;
}

enum err config_check(const char *path, const struct world *world, struct arena *arena,
                      struct snapshot **out, struct diagnostics **diagnostics)
{
    struct config_reader reader = reader_make(path, world, arena);
    const struct yaml_node *root = NULL;
    enum err err = read_tree(&reader, path, &root);

    *diagnostics = reader.diagnostics;
    if (err == ERR_OK && read_root_settings(&reader, root)) {
        check_files(&reader);
        config_read_share(&reader);
        config_read_providers(&reader, yaml_get(root, STR("providers")));
        config_read_models(&reader, yaml_get(root, STR("models")));
    }
    return finish(&reader, err, out);
}

enum err config_load(const char *path, const struct world *world, struct arena *arena,
                     struct snapshot **out, struct buf *errors)
{
    struct diagnostics *diagnostics = NULL;
    enum err err = config_check(path, world, arena, out, &diagnostics);

    if (err != ERR_OK) {
        diagnostics_write(diagnostics, errors);
    }
    return err;
}

enum err config_load_settings(const char *path, const struct world *world, struct arena *arena,
                              struct snapshot **out, struct buf *errors)
{
    struct config_reader reader = reader_make(path, world, arena);
    const struct yaml_node *root = NULL;
    enum err err = read_tree(&reader, path, &root);

    if (err == ERR_OK) {
        (void)read_root_settings(&reader, root); /* told already */
    }
    err = finish(&reader, err, out);
    if (err != ERR_OK) {
        diagnostics_write(reader.diagnostics, errors);
    }
    return err;
}
