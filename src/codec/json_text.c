#include "codec/json_text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static str skip_blanks(str text)
{
    size_t at = 0;

    while (at < text.len && is_blank(text.at[at])) {
        at++;
    }
    return str_skip(text, at);
}

/* Index behind the string that begins at `at`. */
static size_t skip_string(str text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++) {
        at += text.at[at] == '\\' ? 1 : 0;
    }
    return at < text.len ? at + 1 : text.len;
}

/* Length of the array or object that `text` begins with. */
static size_t nested_len(str text)
{
    size_t depth = 0;
    size_t at = 0;

    while (at < text.len) {
        char c = text.at[at];
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        at++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at;
        }
    }
    return at;
}

/* Length of the value that `text` begins with. */
static size_t value_len(str text)
{
    size_t at = 0;

    if (text.len == 0 || text.at[0] == '"') {
        return text.len > 0 ? skip_string(text, 0) : 0;
    }
    if (text.at[0] == '{' || text.at[0] == '[') {
        return nested_len(text);
    }
    while (at < text.len && !is_blank(text.at[at]) && text.at[at] != ',' && text.at[at] != ']' &&
           text.at[at] != '}') {
        at++;
    }
    return at;
}

/* Cuts a value off the front of *rest. */
static str cut_value(str *rest)
{
    *rest = skip_blanks(*rest);
    str value = str_take(*rest, value_len(*rest));
    *rest = skip_blanks(str_skip(*rest, value.len));
    return value;
}

/* Moves behind the character that must stand there; to the end when another does. */
static void skip_char(str *rest, char c)
{
    *rest = rest->len > 0 && rest->at[0] == c ? skip_blanks(str_skip(*rest, 1)) : STR_NONE;
}

struct json_text_walk json_text_walk(str text)
{
    struct json_text_walk walk = {.rest = skip_blanks(text)};

    walk.is_object = walk.rest.len > 0 && walk.rest.at[0] == '{';
    skip_char(&walk.rest, walk.is_object ? '{' : '[');
    return walk;
}

bool json_text_next(struct json_text_walk *walk)
{
    if (walk->rest.len == 0 || walk->rest.at[0] == '}' || walk->rest.at[0] == ']') {
        return false;
    }
    if (walk->is_object) {
        str name = cut_value(&walk->rest);
        walk->name = str_take(str_skip(name, 1), name.len > 2 ? name.len - 2 : 0);
        skip_char(&walk->rest, ':');
    }
    walk->value = cut_value(&walk->rest);
    if (walk->rest.len > 0 && walk->rest.at[0] == ',') {
        skip_char(&walk->rest, ',');
    } else {
        walk->rest = STR_NONE;
    }
    return walk->value.len > 0;
}

str json_text_find(str object, str name)
{
    struct json_text_walk walk = json_text_walk(object);

    while (walk.is_object && json_text_next(&walk)) {
        if (str_eq(walk.name, name)) {
            return walk.value;
        }
    }
    return STR_NONE;
}
