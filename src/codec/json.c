#include "codec/json.h"

#include "base/map.h"
#include "base/text.h"

#include <yyjson.h>

static void *arena_malloc(void *ctx, size_t size)
{
    return arena_take_raw(ctx, size);
}

static void *arena_realloc(void *ctx, void *at, size_t old_size, size_t size)
{
    if (size <= old_size) {
        return at;
    }
    return memcpy(arena_take_raw(ctx, size), at, old_size);
}

static void arena_leave(void *ctx, void *at)
{
    (void)ctx;
    (void)at; /* the arena frees everything together */
}

static yyjson_doc *read_doc(struct arena *arena, str bytes, yyjson_read_err *error)
{
    yyjson_alc alc = {arena_malloc, arena_realloc, arena_leave, arena};
    char *copy = arena_take_raw(arena, bytes.len + YYJSON_PADDING_SIZE);

    if (bytes.len > 0) {
        memcpy(copy, bytes.at, bytes.len);
    }
    memset(copy + bytes.len, 0, YYJSON_PADDING_SIZE);
    return yyjson_read_opts(copy, bytes.len, YYJSON_READ_INSITU, &alc, error);
}

/*
 * Bounds are checked on the text, before the parser builds anything: its sixteen bytes for each
 * value would make a small body a large tree.
 */

static size_t find_from(str bytes, size_t at, char c)
{
    return at < bytes.len ? at + str_find_char(str_skip(bytes, at), c) : bytes.len;
}

/* Index behind the string whose opening quote stands before `at`.  Linear however many escapes
 * there are: a quote is looked for again only when it turns out to be escaped. */
static size_t skip_string(str bytes, size_t at)
{
    size_t quote = find_from(bytes, at, '"');

    while (at < quote) {
        size_t escape = find_from(str_take(bytes, quote), at, '\\');
        if (escape == quote) {
            break;
        }
        at = escape + 2;
        if (at > quote) {
            quote = find_from(bytes, at, '"');
        }
    }
    return quote + 1;
}

/* How many brackets open, in strings or not.  The inner loop has a fixed length so that the
 * compiler makes it one of vectors. */
static size_t count_openings(str bytes)
{
    enum { BLOCK = 64 };
    size_t count = 0;
    size_t i = 0;

    for (; i + BLOCK <= bytes.len; i += BLOCK) {
        uint8_t in_block = 0;
        for (size_t k = 0; k < BLOCK; k++) {
            in_block = (uint8_t)(in_block + ((bytes.at[i + k] | 0x20) == '{'));
        }
        count += in_block;
    }
    for (; i < bytes.len; i++) {
        count += (bytes.at[i] | 0x20) == '{' ? 1 : 0;
    }
    return count;
}

enum bound { BOUND_KEPT, BOUND_DEPTH, BOUND_VALUES };

/* Walks over the text outside strings.  What it counts is right for JSON; other text does not get
 * past the parser. */
static enum bound walk_bounds(str bytes)
{
    size_t depth = 0;
    size_t values = 1;
    char before = '\0'; /* the last byte that is not a blank */

    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.at[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        bool begins_first = (before | 0x20) == '{' && (c | 0x20) != '}';
        values += begins_first || c == ',' ? 1 : 0;
        if (c == '"') {
            i = skip_string(bytes, i + 1) - 1;
        } else if ((c | 0x20) == '{') {
            depth++;
        } else if ((c | 0x20) == '}' && depth > 0) {
            depth--;
        }
        if (depth > JSON_DEPTH_MAX) {
            return BOUND_DEPTH;
        }
        if (values > JSON_VALUES_MAX) {
            return BOUND_VALUES;
        }
        before = c;
    }
    return BOUND_KEPT;
}

static enum bound check_bounds(str bytes)
{
    if (bytes.len <= JSON_VALUES_MAX && count_openings(bytes) <= JSON_DEPTH_MAX) {
        return BOUND_KEPT; /* the usual body */
    }
    return walk_bounds(bytes);
}

/* The first name that stands twice in the object, or NULL. */
static yyjson_val *find_duplicate(struct arena *arena, yyjson_val *object)
{
    enum { FEW = 24 };
    size_t count = yyjson_obj_size(object);
    str few[FEW];
    struct map many = {0};
    size_t i = 0;
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);

    for (yyjson_val *key = yyjson_obj_iter_next(&iter); key != NULL;
         key = yyjson_obj_iter_next(&iter)) {
        str name = str_of(yyjson_get_str(key), yyjson_get_len(key));
        if (count > FEW) {
            if (!map_add(&many, arena, name, key)) {
                return key;
            }
            continue;
        }
        for (size_t k = 0; k < i; k++) {
            if (str_eq(few[k], name)) {
                return key;
            }
        }
        few[i++] = name;
    }
    return NULL;
}

static enum err refuse(struct fault *fault, str message)
{
    *fault = (struct fault){.kind = ERR_INVALID, .type = FAULT_INVALID_REQUEST, .message = message};
    return ERR_INVALID;
}

/* Every object has few enough members, each name once.  Values lie in one array in document order,
 * containers before what they hold. */
static enum err check_members(struct arena *arena, yyjson_doc *doc, struct fault *fault)
{
    yyjson_val *value = yyjson_doc_get_root(doc);
    size_t left = yyjson_doc_get_val_count(doc);

    for (; left > 0; left--, value++) {
        if (!yyjson_is_obj(value) || yyjson_obj_size(value) < 2) {
            continue;
        }
        if (yyjson_obj_size(value) > JSON_MEMBERS_MAX) {
            return refuse(
                fault, arena_printf(arena, "an object has more than %d members", JSON_MEMBERS_MAX));
        }
        yyjson_val *twice = find_duplicate(arena, value);
        if (twice != NULL) {
            str name = text_take_utf8(str_of(yyjson_get_str(twice), yyjson_get_len(twice)), 64);
            return refuse(fault,
                          arena_printf(arena, "the name \"" STR_FMT "\" stands twice in one object",
                                       STR_ARG(name)));
        }
    }
    return ERR_OK;
}

enum err json_read(struct arena *arena, str bytes, json **out, struct fault *fault)
{
    yyjson_read_err error = {0};

    if (bytes.len == 0) {
        return refuse(fault, STR("the request body is empty: it must be a JSON object"));
    }
    switch (check_bounds(bytes)) {
    case BOUND_DEPTH:
        return refuse(
            fault, arena_printf(arena, "the JSON is nested deeper than %d levels", JSON_DEPTH_MAX));
    case BOUND_VALUES:
        return refuse(fault,
                      arena_printf(arena, "the JSON holds more than %d values", JSON_VALUES_MAX));
    case BOUND_KEPT:
        break;
    }
    yyjson_doc *doc = read_doc(arena, bytes, &error);
    if (doc == NULL) {
        return refuse(fault, arena_printf(arena, "the body is not valid JSON: %s at byte %zu",
                                          error.msg, error.pos));
    }
    enum err err = check_members(arena, doc, fault);
    if (err != ERR_OK) {
        return err;
    }
    *out = yyjson_doc_get_root(doc);
    return ERR_OK;
}

json *json_read_lenient(struct arena *arena, str bytes)
{
    if (bytes.len == 0 || check_bounds(bytes) != BOUND_KEPT) {
        return NULL;
    }
    yyjson_doc *doc = read_doc(arena, bytes, NULL);

    return doc != NULL ? yyjson_doc_get_root(doc) : NULL;
}

enum json_type json_type(json *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_NULL:
        return JSON_NULL;
    case YYJSON_TYPE_BOOL:
        return JSON_BOOL;
    case YYJSON_TYPE_NUM:
        return yyjson_is_sint(value) ||
                       (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX)
                   ? JSON_INT
                   : JSON_REAL;
    case YYJSON_TYPE_STR:
        return JSON_STR;
    case YYJSON_TYPE_ARR:
        return JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return JSON_OBJECT;
    default:
        return JSON_ABSENT;
    }
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_ABSENT] = "absent",  [JSON_NULL] = "null",        [JSON_BOOL] = "a boolean",
        [JSON_INT] = "an integer", [JSON_REAL] = "a number",    [JSON_STR] = "a string",
        [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
    };
    return names[type];
}

bool json_is_none(json *value)
{
    return value == NULL || yyjson_is_null(value);
}

/* Most of the time the name is not there: lengths tell at once. */
json *json_find(json *object, str name)
{
    if (!yyjson_is_obj(object)) {
        return NULL;
    }
    size_t left = unsafe_yyjson_get_len(object);
    for (yyjson_val *key = unsafe_yyjson_get_first(object); left > 0; left--) {
        if (unsafe_yyjson_get_len(key) == name.len &&
            memcmp(unsafe_yyjson_get_str(key), name.at, name.len) == 0) {
            return key + 1;
        }
        key = unsafe_yyjson_get_next(key + 1);
    }
    return NULL;
}

str json_as_str(json *value)
{
    return yyjson_is_str(value) ? str_of(yyjson_get_str(value), yyjson_get_len(value)) : STR_NONE;
}

int64_t json_as_int(json *value)
{
    if (yyjson_is_real(value)) {
        double real = yyjson_get_real(value);
        if (real >= 9.2e18) {
            return INT64_MAX;
        }
        return real <= -9.2e18 ? INT64_MIN : (int64_t)real;
    }
    if (yyjson_is_uint(value)) {
        uint64_t number = yyjson_get_uint(value);
        return number <= INT64_MAX ? (int64_t)number : INT64_MAX;
    }
    return yyjson_get_sint(value);
}

double json_as_real(json *value)
{
    return yyjson_get_num(value);
}

bool json_as_bool(json *value)
{
    return yyjson_get_bool(value);
}

size_t json_count(json *value)
{
    return yyjson_is_obj(value) ? yyjson_obj_size(value) : yyjson_arr_size(value);
}

struct json_walk json_walk(json *value)
{
    struct json_walk walk = {.left = json_count(value), .is_object = yyjson_is_obj(value)};

    if (walk.left > 0) {
        walk.next_at = unsafe_yyjson_get_first(value);
    }
    return walk;
}

bool json_next(struct json_walk *walk)
{
    if (walk->left == 0) {
        return false;
    }
    walk->value = walk->next_at;
    if (walk->is_object) {
        walk->name = str_of(yyjson_get_str(walk->value), yyjson_get_len(walk->value));
        walk->value = walk->value + 1;
    }
    walk->next_at = unsafe_yyjson_get_next(walk->value);
    walk->left--;
    return true;
}
