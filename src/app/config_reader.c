#include "app/config_reader.h"

#include "base/text.h"
#include "llm/price.h"

enum { SHOWN_BYTES_MAX = 60 };

void config_complain(struct config_reader *reader, enum diagnostic_code code,
                     const struct yaml_node *node, str message, str hint)
{
    diagnostics_add(reader->diagnostics,
                    &(struct diagnostic){
                        .code = code,
                        .place = node != NULL ? node->place : (struct place){0},
                        .message = message,
                        .hint = hint,
                        .topic = str_c(reader->topic),
                    });
}

str config_did_you_mean(struct config_reader *reader, const struct guess *guess)
{
    if (guess->best.len == 0) {
        return STR_NONE;
    }
    return arena_printf(reader->arena, "did you mean `" STR_FMT "`?", STR_ARG(guess->best));
}

str config_show(struct config_reader *reader, str text)
{
    str cut = text_take_utf8(text, SHOWN_BYTES_MAX);
    char *shown = arena_take(reader->arena, cut.len + 1);

    for (size_t i = 0; i < cut.len; i++) {
        bool is_control = (unsigned char)cut.at[i] < ' ' || cut.at[i] == 0x7f;
        shown[i] = cut.at[i];
        if (is_control) {
            shown[i] = '?';
        }
    }
    if (cut.len < text.len) {
        return arena_printf(reader->arena, "%s...", shown);
    }
    return str_of(shown, cut.len);
}

bool config_expect(struct config_reader *reader, const struct yaml_node *node, enum yaml_kind kind,
                   const char *what)
{
    if (node->kind == kind) {
        return true;
    }
    config_complain(reader, DIAGNOSTIC_TYPE, node,
                    arena_printf(reader->arena, "%s must be %s, not %s", what, yaml_kind_name(kind),
                                 yaml_kind_name(node->kind)),
                    STR_NONE);
    return false;
}

/* Words that YAML 1.1 reads as something else than text. */
static bool is_yaml_word(str text)
{
    static const char *const words[] = {"", "~", "null", "true", "false", "yes", "no", "on", "off"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq_nocase(text, str_c(words[i]))) {
            return true;
        }
    }
    return false;
}

bool config_read_text(struct config_reader *reader, const struct yaml_node *node,
                      struct config_text *out)
{
    if (!config_expect(reader, node, YAML_SCALAR, "this")) {
        return false;
    }
    if (!node->quoted && is_yaml_word(node->text)) {
        config_complain(reader, DIAGNOSTIC_TYPE, node, STR("this must be a text"),
                        node->text.len == 0 ? STR("nothing stands here")
                                            : STR("put it in quotes when it is meant so"));
        return false;
    }
    return config_expand(reader, node, out);
}

static void read_count(struct config_reader *reader, const struct yaml_node *node, int64_t *out)
{
    struct config_text text = {0};
    uint64_t number = 0;

    if (!config_expect(reader, node, YAML_SCALAR, "this") || !config_expand(reader, node, &text)) {
        return;
    }
    if (!str_to_uint(text.text, INT64_MAX, &number)) {
        config_complain(reader, DIAGNOSTIC_TYPE, node, STR("this must be a whole number"),
                        STR_NONE);
        return;
    }
    *out = (int64_t)number;
}

static void read_price(struct config_reader *reader, const struct yaml_node *node, int64_t *out)
{
    struct config_text text = {0};

    if (!config_expect(reader, node, YAML_SCALAR, "this") || !config_expand(reader, node, &text)) {
        return;
    }
    if (price_parse(text.text, out) != ERR_OK) {
        config_complain(reader, DIAGNOSTIC_PRICE, node, STR("this is not a price"),
                        STR("dollars for one token as a decimal number, such as \"0.0000025\""));
    }
}

static void read_field(struct config_reader *reader, const struct config_field *field,
                       const struct yaml_node *node, void *into)
{
    void *member = (char *)into + field->offset;

    switch (field->kind) {
    case CONFIG_TEXT:
        ((struct config_text *)member)->node = node;
        (void)config_read_text(reader, node, member); /* told already */
        break;
    case CONFIG_COUNT:
        read_count(reader, node, member);
        break;
    case CONFIG_PRICE:
        read_price(reader, node, member);
        break;
    case CONFIG_NODE:
        *(const struct yaml_node **)member = node;
        break;
    }
}

static str behind(struct config_reader *reader, const struct config_map *map)
{
    if (map->where.len == 0) {
        return STR_NONE;
    }
    return arena_printf(reader->arena, " in " STR_FMT, STR_ARG(map->where));
}

static void complain_unknown(struct config_reader *reader, const struct yaml_node *key,
                             const struct config_map *map)
{
    struct guess guess = guess_start(key->text);

    for (const struct config_field *field = map->fields; field->name != NULL; field++) {
        guess_consider(&guess, str_c(field->name));
    }
    str message =
        arena_printf(reader->arena, "unknown key `" STR_FMT "`" STR_FMT,
                     STR_ARG(config_show(reader, key->text)), STR_ARG(behind(reader, map)));
    diagnostics_add(reader->diagnostics, &(struct diagnostic){
                                             .code = DIAGNOSTIC_UNKNOWN,
                                             .place = key->place,
                                             .message = message,
                                             .hint = config_did_you_mean(reader, &guess),
                                             .topic = str_c(map->topic),
                                         });
}

static const struct config_field *find_field(const struct config_map *map, str name)
{
    for (const struct config_field *field = map->fields; field->name != NULL; field++) {
        if (str_eq(name, str_c(field->name))) {
            return field;
        }
    }
    return NULL;
}

static void check_required(struct config_reader *reader, const struct yaml_node *node,
                           const struct config_map *map)
{
    for (const struct config_field *field = map->fields; field->name != NULL; field++) {
        if (field->required && yaml_get(node, str_c(field->name)) == NULL) {
            str message = arena_printf(reader->arena, "the key `%s` is missing" STR_FMT,
                                       field->name, STR_ARG(behind(reader, map)));
            diagnostics_add(reader->diagnostics, &(struct diagnostic){
                                                     .code = DIAGNOSTIC_MISSING,
                                                     .place = node->place,
                                                     .message = message,
                                                     .topic = str_c(map->topic),
                                                 });
        }
    }
}

bool config_read_map(struct config_reader *reader, const struct yaml_node *node,
                     const struct config_map *map, void *into)
{
    const char *what = map->where.len > 0 ? map->where.at : "the file";

    if (!config_expect(reader, node, YAML_MAP, what)) {
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct config_field *field = find_field(map, node->keys[i]->text);
        if (field != NULL) {
            read_field(reader, field, node->items[i], into);
        } else {
            complain_unknown(reader, node->keys[i], map);
        }
    }
    check_required(reader, node, map);
    return true;
}

void config_read_texts(struct config_reader *reader, const struct yaml_node *node, const char *what,
                       str **out, size_t *count)
{
    struct arena *arena = &reader->snapshot->arena;

    if (node == NULL || !config_expect(reader, node, YAML_LIST, what)) {
        return;
    }
    *out = ARENA_ARRAY(arena, str, node->count);
    for (size_t i = 0; i < node->count; i++) {
        struct config_text text = {0};
        if (config_read_text(reader, node->items[i], &text)) {
            (*out)[(*count)++] = arena_copy(arena, text.text);
        }
    }
}

/* A value under such a key is nobody's business.  Short ones cannot be secrets, but for api_key. */
static bool sounds_secret(str key, str value)
{
    static const char *const words[] = {"key", "secret", "token", "password", "credential"};

    if (str_eq(key, STR("api_key")) || str_eq(key, STR("api_keys"))) {
        return true;
    }
    if (str_eq(key, STR("credentials")) || str_eq(key, STR("credentials_file"))) {
        return false; /* where they are, not what */
    }
    for (size_t i = 0; i < COUNT_OF(words) && value.len >= 8; i++) {
        if (str_find_nocase(key, str_c(words[i])) < key.len) {
            return true;
        }
    }
    return false;
}

/* One `${...}` and nothing else says where the secret is, not what it is. */
static bool is_reference(str value)
{
    return str_has_prefix(value, STR("${")) && str_find_char(value, '}') + 1 == value.len &&
           str_find(value, STR(":-")) == value.len;
}

/* Recursive like the tree, whose depth yaml.c bounds. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void hide_values(struct diagnostics *diagnostics, const struct yaml_node *node, str key)
{
    if (node->kind == YAML_SCALAR) {
        if (node->text.len > 0 && sounds_secret(key, node->text) && !is_reference(node->text)) {
            diagnostics_blot(diagnostics, node->place);
        }
        return;
    }
    if (str_eq(key, STR("tls"))) {
        return; /* its `key` is the name of a file */
    }
    for (size_t i = 0; i < node->count; i++) {
        bool is_map = node->kind == YAML_MAP;
        hide_values(diagnostics, node->items[i], is_map ? node->keys[i]->text : key);
    }
}

void config_hide_secrets(struct diagnostics *diagnostics, const struct yaml_node *root)
{
    hide_values(diagnostics, root, STR_NONE);
}
