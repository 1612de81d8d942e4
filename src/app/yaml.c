#include "app/yaml.h"

#include "base/map.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct diagnostics *diagnostics;
    struct arena *arena;
    struct map anchors; /* name -> whole node */
    size_t weight;      /* of all nodes so far */

    /* libyaml counts characters; this pair says where one of them stands in bytes. */
    size_t cursor_index;
    size_t cursor_offset;
};

const char *yaml_kind_name(enum yaml_kind kind)
{
    switch (kind) {
    case YAML_MAP:
        return "a map";
    case YAML_LIST:
        return "a list";
    case YAML_SCALAR:
        break;
    }
    return "a value";
}

const struct yaml_node *yaml_get(const struct yaml_node *map, str key)
{
    if (map == NULL || map->kind != YAML_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (str_eq(map->keys[i]->text, key)) {
            return map->items[i];
        }
    }
    return NULL;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The byte at which the character stands.  Marks mostly go forward, so this is cheap. */
static size_t offset_of(struct reader *reader, size_t index)
{
    str source = reader->diagnostics->source;
    size_t at = reader->cursor_offset;

    while (reader->cursor_index < index && at < source.len) {
        do {
            at++;
        } while (at < source.len && is_continuation(source.at[at]));
        reader->cursor_index++;
    }
    while (reader->cursor_index > index && at > 0) {
        do {
            at--;
        } while (at > 0 && is_continuation(source.at[at]));
        reader->cursor_index--;
    }
    reader->cursor_offset = at;
    return at;
}

static struct place place_of(struct reader *reader, yaml_mark_t start, yaml_mark_t end)
{
    size_t offset = offset_of(reader, start.index);
    size_t end_offset = offset_of(reader, end.index);

    return (struct place){
        .line = start.line + 1,
        .column = start.column + 1,
        .offset = offset,
        .width = end_offset > offset ? end_offset - offset : 0,
    };
}

static enum err complain(struct reader *reader, enum diagnostic_code code, struct place place,
                         str message, str hint)
{
    diagnostics_add(reader->diagnostics, &(struct diagnostic){
                                             .code = code,
                                             .place = place,
                                             .message = message,
                                             .hint = hint,
                                             .topic = STR("config"),
                                         });
    return ERR_INVALID;
}

/* libyaml gives a byte for what it cannot read at all, and a mark for everything else. */
static enum err complain_of_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    str problem = str_c(parser->problem != NULL ? parser->problem : "it cannot be read");
    struct place place = place_of(reader, parser->problem_mark, parser->problem_mark);

    bool has_no_end = str_find(problem, STR("end of stream")) < problem.len ||
                      str_find(problem, STR("expected ':'")) < problem.len;
    if (parser->error == YAML_SCANNER_ERROR && has_no_end) {
        /* Where the quote was opened tells more than where the file ends. */
        place = place_of(reader, parser->context_mark, parser->context_mark);
    }
    if (parser->error == YAML_READER_ERROR) {
        str before = str_take(reader->diagnostics->source, parser->problem_offset);
        place = (struct place){.line = 1, .column = 1, .offset = before.len};
        for (size_t i = 0; i < before.len; i++) {
            bool ends_line = before.at[i] == '\n';
            place.line += ends_line ? 1 : 0;
            place.column = ends_line ? 1 : place.column + (is_continuation(before.at[i]) ? 0 : 1);
        }
    }
    reader->diagnostics->blot_lines = true; /* no tree tells where the secrets are */
    return complain(reader, DIAGNOSTIC_SYNTAX, place, STR("this is not YAML"), problem);
}

static enum err next_event(struct reader *reader, yaml_event_t *event)
{
    if (!yaml_parser_parse(&reader->parser, event)) {
        return complain_of_syntax(reader);
    }
    return ERR_OK;
}

static void add_item(struct reader *reader, struct yaml_node *node, struct yaml_node *key,
                     struct yaml_node *item)
{
    if (node->count == node->room) {
        size_t room = node->room > 0 ? node->room * 2 : 4;
        struct yaml_node **keys = ARENA_ARRAY(reader->arena, struct yaml_node *, room);
        struct yaml_node **items = ARENA_ARRAY(reader->arena, struct yaml_node *, room);
        for (size_t i = 0; i < node->count; i++) {
            keys[i] = node->keys[i];
            items[i] = node->items[i];
        }
        node->keys = keys;
        node->items = items;
        node->room = room;
    }
    node->keys[node->count] = key;
    node->items[node->count++] = item;
    node->weight += item->weight + (key != NULL ? key->weight : 0);
}

static enum err read_node(struct reader *reader, const yaml_event_t *event, int depth,
                          struct yaml_node **out);

static enum err check_key(struct reader *reader, struct map *seen, struct yaml_node *key)
{
    if (key->kind != YAML_SCALAR) {
        return complain(reader, DIAGNOSTIC_TYPE, key->place, STR("a key must be a word"),
                        STR("quote it when it begins with `{`, `[` or `*`"));
    }
    if (map_add(seen, reader->arena, key->text, key)) {
        return ERR_OK;
    }
    const struct yaml_node *first = map_get(seen, key->text);
    (void)complain(
        reader, DIAGNOSTIC_TWICE, key->place,
        arena_printf(reader->arena, "the key `" STR_FMT "` stands twice", STR_ARG(key->text)),
        arena_printf(reader->arena, "first in line %zu", first->place.line));
    return ERR_OK; /* the rest can still be checked */
}

/* Children up to the end of the list or map.  Recursive like the document; read_node() bounds the
 * depth. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static enum err read_children(struct reader *reader, struct yaml_node *node, int depth)
{
    yaml_event_type_t end =
        node->kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct map seen = {0};

    for (;;) {
        yaml_event_t event;
        struct yaml_node *key = NULL;
        struct yaml_node *item = NULL;
        enum err err = next_event(reader, &event);
        if (err != ERR_OK) {
            return err;
        }
        bool ended = event.type == end;
        if (!ended && node->kind == YAML_MAP) {
            err = read_node(reader, &event, depth + 1, &key);
            yaml_event_delete(&event);
            err = err == ERR_OK ? check_key(reader, &seen, key) : err;
            err = err == ERR_OK ? next_event(reader, &event) : err;
            if (err != ERR_OK) {
                return err;
            }
        }
        err = ended ? ERR_OK : read_node(reader, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (ended || err != ERR_OK) {
            return err;
        }
        add_item(reader, node, key, item);
    }
}

static enum err follow_alias(struct reader *reader, const yaml_event_t *event,
                             struct yaml_node **out)
{
    str name = str_c((const char *)event->data.alias.anchor);
    struct yaml_node *node = map_get(&reader->anchors, name);

    if (node == NULL) {
        return complain(reader, DIAGNOSTIC_SYNTAX,
                        place_of(reader, event->start_mark, event->end_mark),
                        STR("an alias of something that is not above it"), STR_NONE);
    }
    *out = node;
    return ERR_OK;
}

static enum err read_scalar(struct reader *reader, const yaml_event_t *event,
                            struct yaml_node *node)
{
    str text = str_of((const char *)event->data.scalar.value, event->data.scalar.length);

    node->kind = YAML_SCALAR;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_copy(reader->arena, text);
    if (str_find_char(text, '\0') < text.len) {
        return complain(reader, DIAGNOSTIC_VALUE, node->place, STR("a NUL character in a text"),
                        STR_NONE);
    }
    return ERR_OK;
}

struct properties {
    const yaml_char_t *anchor;
    const yaml_char_t *tag;
};

static struct properties properties_of(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        return (struct properties){event->data.scalar.anchor, event->data.scalar.tag};
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        return (struct properties){event->data.sequence_start.anchor,
                                   event->data.sequence_start.tag};
    }
    return (struct properties){event->data.mapping_start.anchor, event->data.mapping_start.tag};
}

static enum err keep_anchor(struct reader *reader, const yaml_char_t *anchor,
                            struct yaml_node *node)
{
    if (anchor == NULL) {
        return ERR_OK;
    }
    str name = arena_copy(reader->arena, str_c((const char *)anchor));
    if (!map_add(&reader->anchors, reader->arena, name, node)) {
        return complain(reader, DIAGNOSTIC_FEATURE, node->place,
                        STR("an anchor of that name stands above"), STR_NONE);
    }
    return ERR_OK;
}

/* Counts what a node adds; an alias adds all that it repeats. */
static enum err weigh(struct reader *reader, size_t weight, struct place place)
{
    reader->weight += weight;
    if (reader->weight > YAML_NODES_MAX) {
        return complain(reader, DIAGNOSTIC_BOUNDS, place, STR("the file holds too much"),
                        STR("at most 100000 values, aliases counted in full"));
    }
    return ERR_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): see read_children() */
static enum err read_node(struct reader *reader, const yaml_event_t *event, int depth,
                          struct yaml_node **out)
{
    struct place place = place_of(reader, event->start_mark, event->end_mark);
    enum err err = ERR_OK;

    if (event->type == YAML_ALIAS_EVENT) {
        err = follow_alias(reader, event, out);
        return err == ERR_OK ? weigh(reader, (*out)->weight, place) : err;
    }
    struct properties properties = properties_of(event);
    if (properties.tag != NULL) {
        return complain(reader, DIAGNOSTIC_FEATURE, place, STR("tags are not used here"),
                        STR("write the value alone"));
    }
    if (depth > YAML_DEPTH_MAX) {
        return complain(reader, DIAGNOSTIC_BOUNDS, place, STR("this is nested too deeply"),
                        STR_NONE);
    }
    struct yaml_node *node = ARENA_NEW(reader->arena, struct yaml_node);
    node->place = place;
    node->weight = 1;
    err = weigh(reader, 1, place);
    if (err == ERR_OK && event->type == YAML_SCALAR_EVENT) {
        err = read_scalar(reader, event, node);
    } else if (err == ERR_OK) {
        node->kind = event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST;
        err = read_children(reader, node, depth);
    }
    if (err == ERR_OK) {
        err = keep_anchor(reader, properties.anchor, node);
    }
    if (err == ERR_OK) {
        *out = node;
    }
    return err;
}

/* The stream's one document.  libyaml guarantees the order of its events. */
static enum err read_stream(struct reader *reader, struct yaml_node **out)
{
    for (;;) {
        yaml_event_t event;
        enum err err = next_event(reader, &event);
        if (err != ERR_OK) {
            return err;
        }
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && *out != NULL) {
            err = complain(reader, DIAGNOSTIC_FEATURE,
                           place_of(reader, event.start_mark, event.end_mark),
                           STR("a second document begins"), STR("one file is one document"));
        } else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                   type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT) {
            err = read_node(reader, &event, 1, out);
        }
        yaml_event_delete(&event);
        if (err != ERR_OK || type == YAML_STREAM_END_EVENT) {
            return err;
        }
    }
}

enum err yaml_read(struct diagnostics *diagnostics, struct arena *arena,
                   const struct yaml_node **out)
{
    const str mark = STR("\xef\xbb\xbf"); /* some editors put it at the start of UTF-8 */
    struct reader reader = {.diagnostics = diagnostics, .arena = arena};
    struct yaml_node *root = NULL;

    if (str_has_prefix(diagnostics->source, mark)) {
        diagnostics->source = str_skip(diagnostics->source, mark.len);
    }
    if (!yaml_parser_initialize(&reader.parser)) {
        out_of_memory();
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    const char *text = diagnostics->source.at != NULL ? diagnostics->source.at : "";
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text,
                                 diagnostics->source.len);
    enum err err = read_stream(&reader, &root);
    yaml_parser_delete(&reader.parser);
    if (err != ERR_OK) {
        return err;
    }
    *out = root;
    return ERR_OK;
}
