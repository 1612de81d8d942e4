#include "llm/rows.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

/* Enums are written through int. */
_Static_assert(sizeof(enum row_kind) == sizeof(int), "an enum has the size of an int");

enum { SHOWN_BYTES_MAX = 60 };

enum err row_complain(const struct row_reader *reader, const char *format, ...)
{
    char words[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args); /* cut when it is long */
    va_end(args);
    reader->fault->message =
        arena_printf(reader->arena, STR_FMT ": %s", STR_ARG(reader->where), words);
    return ERR_INVALID;
}

/* One member being read. */
struct place {
    const struct row_reader *reader;
    const struct row_member *member;
    void *into; /* the member in the struct */
};

static enum err expect(const struct place *place, json *value, enum json_type type)
{
    if (json_is(value, type)) {
        return ERR_OK;
    }
    return row_complain(place->reader, "`%s` must be %s, not %s", place->member->name,
                        json_type_name(type), json_type_name(json_type(value)));
}

static enum err find_word(const struct place *place, json *value, int *out)
{
    enum err err = expect(place, value, JSON_STR);

    if (err != ERR_OK) {
        return err;
    }
    str text = json_as_str(value);
    for (const struct row_word *word = place->member->words; word->word != NULL; word++) {
        if (str_eq(text, str_c(word->word))) {
            *out = word->value;
            return ERR_OK;
        }
    }
    text = str_take(text, SHOWN_BYTES_MAX);
    return row_complain(place->reader, "`%s` knows no \"" STR_FMT "\"", place->member->name,
                        STR_ARG(text));
}

static enum err read_word(const struct place *place, json *value)
{
    int word = 0;
    enum err err = find_word(place, value, &word);

    if (err == ERR_OK) {
        memcpy(place->into, &word, sizeof(word));
    }
    return err;
}

static enum err read_span(const struct place *place, json *value)
{
    int span[2] = {0};
    struct json_walk walk = json_walk(value);
    enum err err = expect(place, value, JSON_ARRAY);

    if (err == ERR_OK && json_count(value) != 2) {
        err = row_complain(place->reader, "`%s` must have two elements", place->member->name);
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        err = find_word(place, walk.value, &span[i]);
    }
    if (err == ERR_OK && span[1] < span[0]) {
        err = row_complain(place->reader, "`%s` ends before it begins", place->member->name);
    }
    if (err == ERR_OK) {
        memcpy(place->into, span, sizeof(span));
    }
    return err;
}

static enum err read_bits(const struct place *place, json *value)
{
    struct json_walk walk = json_walk(value);
    enum err err = expect(place, value, JSON_ARRAY);
    unsigned bits = 0;

    while (err == ERR_OK && json_next(&walk)) {
        int bit = 0;
        err = find_word(place, walk.value, &bit);
        bits |= (unsigned)bit;
    }
    if (err == ERR_OK) {
        unsigned *set = place->into;
        *set = place->member->kind == ROW_ADDED ? *set | bits : *set & ~bits;
    }
    return err;
}

static enum err read_number(const struct place *place, json *value, int64_t *out)
{
    enum err err = expect(place, value, JSON_INT);

    if (err == ERR_OK && json_as_int(value) < 0) {
        err = row_complain(place->reader, "`%s` must not be negative", place->member->name);
    }
    if (err == ERR_OK) {
        *out = json_as_int(value);
    }
    return err;
}

static enum err read_small(const struct place *place, json *value)
{
    int64_t number = 0;
    enum err err = read_number(place, value, &number);

    if (err == ERR_OK && number > INT_MAX) {
        err = row_complain(place->reader, "`%s` is too large", place->member->name);
    }
    if (err == ERR_OK) {
        *(int *)place->into = (int)number;
    }
    return err;
}

static enum err read_real(const struct place *place, json *value)
{
    enum err err = json_is(value, JSON_INT) ? ERR_OK : expect(place, value, JSON_REAL);

    if (err == ERR_OK) {
        *(double *)place->into = json_as_real(value);
    }
    return err;
}

static enum err read_range(const struct place *place, json *value)
{
    int64_t range[2] = {0};
    struct json_walk walk = json_walk(value);
    enum err err = expect(place, value, JSON_ARRAY);

    if (err == ERR_OK && json_count(value) != 2) {
        err = row_complain(place->reader, "`%s` must have two elements", place->member->name);
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        err = read_number(place, walk.value, &range[i]);
    }
    if (err == ERR_OK && range[1] < range[0]) {
        err = row_complain(place->reader, "`%s` ends before it begins", place->member->name);
    }
    if (err == ERR_OK) {
        memcpy(place->into, range, sizeof(range));
    }
    return err;
}

static enum err read_text(const struct place *place, json *value, str *out)
{
    enum err err = expect(place, value, JSON_STR);

    if (err == ERR_OK) {
        *out = arena_copy(place->reader->arena, json_as_str(value));
    }
    return err;
}

static enum err read_c_text(const struct place *place, json *value)
{
    str text = STR_NONE;
    enum err err = read_text(place, value, &text);

    if (err == ERR_OK) {
        *(const char **)place->into = text.at;
    }
    return err;
}

static enum err read_texts(const struct place *place, json *value)
{
    struct json_walk walk = json_walk(value);
    bool is_one = json_is(value, JSON_STR);
    size_t room = is_one ? 1 : json_count(value);
    struct row_texts texts = {.at = ARENA_ARRAY(place->reader->arena, str, room)};
    enum err err = is_one ? read_text(place, value, &texts.at[texts.count++])
                          : expect(place, value, JSON_ARRAY);

    while (err == ERR_OK && json_next(&walk)) {
        err = read_text(place, walk.value, &texts.at[texts.count++]);
    }
    if (err == ERR_OK) {
        memcpy(place->into, &texts, sizeof(texts));
    }
    return err;
}

static enum err read_list(const struct place *place, json *value, str *out)
{
    struct json_walk walk = json_walk(value);
    enum err err = expect(place, value, JSON_ARRAY);
    str *words = ARENA_ARRAY(place->reader->arena, str, 2 * json_count(value));
    size_t count = 0;

    while (err == ERR_OK && json_next(&walk)) {
        str word = json_as_str(walk.value);
        err = expect(place, walk.value, JSON_STR);
        if (err == ERR_OK && (word.len == 0 || str_find_char(word, ' ') < word.len)) {
            err = row_complain(place->reader, "`%s` holds what is no single word",
                               place->member->name);
        }
        words[count++] = word;
        words[count++] = STR(" ");
    }
    if (err == ERR_OK) {
        *out = arena_join(place->reader->arena, words, count);
    }
    return err;
}

static enum err read_c_list(const struct place *place, json *value)
{
    str list = STR_NONE;
    enum err err = read_list(place, value, &list);

    if (err == ERR_OK) {
        *(const char **)place->into = list.at;
    }
    return err;
}

static enum err read_truth(const struct place *place, json *value)
{
    enum err err = expect(place, value, JSON_BOOL);

    if (err == ERR_OK) {
        *(bool *)place->into = json_as_bool(value);
    }
    return err;
}

static enum err read_member(const struct place *place, json *value)
{
    switch (place->member->kind) {
    case ROW_TEXT:
        return read_text(place, value, place->into);
    case ROW_C_TEXT:
        return read_c_text(place, value);
    case ROW_TEXTS:
        return read_texts(place, value);
    case ROW_TRUTH:
        return read_truth(place, value);
    case ROW_NUMBER:
        return read_number(place, value, place->into);
    case ROW_SMALL:
        return read_small(place, value);
    case ROW_REAL:
        return read_real(place, value);
    case ROW_RANGE:
        return read_range(place, value);
    case ROW_WORD:
        return read_word(place, value);
    case ROW_SPAN:
        return read_span(place, value);
    case ROW_ADDED:
    case ROW_REMOVED:
        return read_bits(place, value);
    case ROW_LIST:
        return read_list(place, value, place->into);
    case ROW_C_LIST:
        return read_c_list(place, value);
    case ROW_VALUE:
        *(json **)place->into = value;
        return ERR_OK;
    case ROW_NOTE:
        return json_is(value, JSON_ARRAY) ? ERR_OK : expect(place, value, JSON_STR);
    }
    assert(false);
}

static const struct row_member *find_member(const struct row_member *members, str name)
{
    for (const struct row_member *member = members; member->name != NULL; member++) {
        if (str_eq(name, str_c(member->name))) {
            return member;
        }
    }
    return NULL;
}

static enum err check_required(const struct row_reader *reader, json *object,
                               const struct row_member *members)
{
    for (const struct row_member *member = members; member->name != NULL; member++) {
        if (member->required && json_get(object, member->name) == NULL) {
            return row_complain(reader, "`%s` is missing", member->name);
        }
    }
    return ERR_OK;
}

enum err row_read(const struct row_reader *reader, json *object, const struct row_member *members,
                  void *into)
{
    struct json_walk walk = json_walk(object);

    if (!json_is(object, JSON_OBJECT)) {
        return row_complain(reader, "this must be an object, not %s",
                            json_type_name(json_type(object)));
    }
    while (json_next(&walk)) {
        const struct row_member *member = find_member(members, walk.name);
        if (member == NULL) {
            str name = str_take(walk.name, SHOWN_BYTES_MAX);
            return row_complain(reader, "there is no member `" STR_FMT "`", STR_ARG(name));
        }
        struct place place = {reader, member, (char *)into + member->offset};
        enum err err = read_member(&place, walk.value);
        if (err != ERR_OK) {
            return err;
        }
    }
    return check_required(reader, object, members);
}
