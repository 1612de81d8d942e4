#include "app/diagnostic.h"

#include "base/text.h"

enum {
    SHOWN_CHARS_MAX = 120, /* of a line */
    SHOWN_BEFORE = 40,     /* of it before the place when the line is longer */
    RUN_CHARS_MIN = 16,    /* letters and digits in a row that are taken for a secret */
};

void diagnostics_add(struct diagnostics *diagnostics, const struct diagnostic *diagnostic)
{
    struct arena *arena = diagnostics->arena;

    if (diagnostics->count < DIAGNOSTICS_MAX) {
        diagnostics->at[diagnostics->count] = (struct diagnostic){
            .code = diagnostic->code,
            .place = diagnostic->place,
            .message = arena_copy(arena, diagnostic->message),
            .hint = arena_copy(arena, diagnostic->hint),
            .topic = arena_copy(arena, diagnostic->topic),
        };
    }
    diagnostics->count++;
}

void diagnostics_blot(struct diagnostics *diagnostics, struct place place)
{
    if (diagnostics->blot_count == BLOTS_MAX) {
        diagnostics->blot_lines = true;
        return;
    }
    diagnostics->blots[diagnostics->blot_count++] = (struct blot){place.offset, place.width};
}

/* One line of the source, and which of its bytes are not shown. */
struct excerpt {
    str line;
    size_t offset; /* of the line in the source */
    bool *hidden;  /* for each byte of the line */
};

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void hide(struct excerpt *excerpt, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < excerpt->line.len; i++) {
        excerpt->hidden[i] = true;
    }
}

static void hide_blots(struct excerpt *excerpt, const struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->blot_count; i++) {
        const struct blot *blot = &diagnostics->blots[i];
        size_t end = blot->offset + blot->width;
        if (end > excerpt->offset && blot->offset < excerpt->offset + excerpt->line.len) {
            size_t from = blot->offset > excerpt->offset ? blot->offset - excerpt->offset : 0;
            hide(excerpt, from, end - excerpt->offset);
        }
    }
}

/* What stands between "://" and "@" may be a password. */
static void hide_user_information(struct excerpt *excerpt)
{
    size_t at = str_find(excerpt->line, STR("://"));
    size_t end = excerpt->line.len;

    while (end > at && excerpt->line.at[end - 1] != '@') {
        end--;
    }
    if (end > at) {
        hide(excerpt, at + 3, end - 1);
    }
}

/* Without a tree to tell: everything behind a word that sounds secret and a colon ... */
static void hide_secret_values(struct excerpt *excerpt)
{
    static const char *const words[] = {"key", "secret", "token", "password", "credential"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t word = str_find_nocase(excerpt->line, str_c(words[i]));
        str rest = str_skip(excerpt->line, word);
        size_t colon = word + str_find_char(rest, ':');
        if (colon < excerpt->line.len) {
            hide(excerpt, colon + 2, excerpt->line.len);
        }
    }
}

/* ... and what looks as random as a key does. */
static void hide_long_runs(struct excerpt *excerpt)
{
    size_t begin = 0;

    for (size_t i = 0; i <= excerpt->line.len; i++) {
        if (i < excerpt->line.len && is_word(excerpt->line.at[i])) {
            continue;
        }
        if (i - begin >= RUN_CHARS_MIN) {
            hide(excerpt, begin, i);
        }
        begin = i + 1;
    }
}

static struct excerpt excerpt_make(const struct diagnostics *diagnostics, struct place place)
{
    str source = diagnostics->source;
    size_t begin = place.offset < source.len ? place.offset : source.len;
    size_t end = begin;

    for (size_t left = place.column - 1; left > 0 && begin > 0;) {
        begin--;
        left -= is_continuation(source.at[begin]) ? 0 : 1;
    }
    while (end < source.len && source.at[end] != '\n' && source.at[end] != '\r') {
        end++;
    }
    struct excerpt excerpt = {
        .line = str_of(source.at + begin, end - begin),
        .offset = begin,
        .hidden = ARENA_ARRAY(diagnostics->arena, bool, end - begin + 1),
    };
    hide_blots(&excerpt, diagnostics);
    hide_user_information(&excerpt);
    if (diagnostics->blot_lines) {
        hide_secret_values(&excerpt);
        hide_long_runs(&excerpt);
    }
    return excerpt;
}

/* The characters from..to of the line; longer ones are cut with dots. */
static enum err write_line(const struct excerpt *excerpt, size_t from, size_t to, struct buf *out)
{
    enum err err = from > 0 ? buf_add(out, STR("...")) : ERR_OK;
    size_t column = 0;

    for (size_t i = 0; i < excerpt->line.len && err == ERR_OK;) {
        size_t len = 1;
        while (i + len < excerpt->line.len && is_continuation(excerpt->line.at[i + len])) {
            len++;
        }
        char c = excerpt->line.at[i];
        str shown = str_of(excerpt->line.at + i, len);
        if (excerpt->hidden[i]) {
            shown = STR("*");
        } else if ((unsigned char)c < ' ' || c == 0x7f || !text_is_utf8(shown)) {
            shown = c == '\t' ? STR(" ") : STR("?"); /* nothing that a terminal obeys */
        }
        if (column >= from && column < to) {
            err = buf_add(out, shown);
        }
        i += len;
        column++;
    }
    if (err == ERR_OK && column > to) {
        err = buf_add(out, STR("..."));
    }
    return err == ERR_OK ? buf_add_char(out, '\n') : err;
}

static size_t count_chars(str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++) {
        count += is_continuation(s.at[i]) ? 0 : 1;
    }
    return count;
}

static enum err write_repeated(struct buf *out, char c, size_t count)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = buf_add_char(out, c);
    }
    return err;
}

/* The line, carets under the place, and the hint behind them. */
static enum err write_excerpt(const struct diagnostics *diagnostics,
                              const struct diagnostic *diagnostic, int gutter, struct buf *out)
{
    struct place place = diagnostic->place;
    struct excerpt excerpt = excerpt_make(diagnostics, place);
    size_t before = place.column - 1;
    size_t line_chars = count_chars(excerpt.line);
    size_t from = line_chars > SHOWN_CHARS_MAX && before > SHOWN_BEFORE ? before - SHOWN_BEFORE : 0;
    str marked = str_take(str_skip(diagnostics->source, place.offset), place.width);
    size_t carets = count_chars(marked);
    size_t room = line_chars > before ? line_chars - before : 1;

    room = room < from + SHOWN_CHARS_MAX - before ? room : from + SHOWN_CHARS_MAX - before;
    carets = carets < room ? carets : room;
    carets = carets > 0 ? carets : 1;
    if (buf_printf(out, "%*s |\n%zu | ", gutter, "", place.line) != ERR_OK ||
        write_line(&excerpt, from, from + SHOWN_CHARS_MAX, out) != ERR_OK ||
        buf_printf(out, "%*s | ", gutter, "") != ERR_OK ||
        write_repeated(out, ' ', before - from + (from > 0 ? 3 : 0)) != ERR_OK ||
        write_repeated(out, '^', carets) != ERR_OK) {
        return ERR_TOO_BIG;
    }
    if (diagnostic->hint.len > 0) {
        return buf_printf(out, " " STR_FMT "\n", STR_ARG(diagnostic->hint));
    }
    return buf_add_char(out, '\n');
}

static int count_digits(size_t n)
{
    int digits = 1;

    for (; n >= 10; n /= 10) {
        digits++;
    }
    return digits;
}

static enum err write_one(const struct diagnostics *diagnostics,
                          const struct diagnostic *diagnostic, struct buf *out)
{
    struct place place = diagnostic->place;
    int gutter = count_digits(place.line);
    enum err err = buf_printf(out, "error[C%03d]: " STR_FMT "\n", (int)diagnostic->code,
                              STR_ARG(diagnostic->message));

    if (err == ERR_OK && place.line > 0) {
        err = buf_printf(out, "%*s--> " STR_FMT ":%zu:%zu\n", gutter, "",
                         STR_ARG(diagnostics->file), place.line, place.column);
    }
    if (err == ERR_OK && place.line > 0) {
        err = write_excerpt(diagnostics, diagnostic, gutter, out);
    }
    if (err == ERR_OK && place.line == 0 && diagnostic->hint.len > 0) {
        err = buf_printf(out, "%*s = " STR_FMT "\n", gutter, "", STR_ARG(diagnostic->hint));
    }
    if (err == ERR_OK && diagnostic->topic.len > 0) {
        err = buf_printf(out, "%*s = see `gatehouse help " STR_FMT "`\n", gutter, "",
                         STR_ARG(diagnostic->topic));
    }
    return err;
}

static size_t kept(const struct diagnostics *diagnostics)
{
    return diagnostics->count < DIAGNOSTICS_MAX ? diagnostics->count : DIAGNOSTICS_MAX;
}

void diagnostics_write(const struct diagnostics *diagnostics, struct buf *out)
{
    size_t shown = kept(diagnostics);
    enum err err = ERR_OK;

    for (size_t i = 0; i < shown && err == ERR_OK; i++) {
        err = i > 0 ? buf_add_char(out, '\n') : ERR_OK;
        if (err == ERR_OK) {
            err = write_one(diagnostics, &diagnostics->at[i], out);
        }
    }
    if (err == ERR_OK && diagnostics->count > shown) {
        err = buf_printf(out, "\n%zu more errors are not shown\n", diagnostics->count - shown);
    }
    assert(err == ERR_OK || err == ERR_TOO_BIG); /* what does not fit is left out */
}

void diagnostics_put_json(const struct diagnostics *diagnostics, const char *name,
                          struct json_writer *writer)
{
    json_open_array(writer, name);
    for (size_t i = 0; i < kept(diagnostics); i++) {
        const struct diagnostic *diagnostic = &diagnostics->at[i];
        str code = arena_printf(diagnostics->arena, "C%03d", (int)diagnostic->code);
        json_open_object(writer, NULL);
        json_put_str(writer, "code", code);
        json_put_str(writer, "message", diagnostic->message);
        json_put_str(writer, "file", diagnostics->file);
        json_put_int(writer, "line", (int64_t)diagnostic->place.line);
        json_put_int(writer, "column", (int64_t)diagnostic->place.column);
        json_put_str(writer, "hint", diagnostic->hint);
        json_close_object(writer);
    }
    json_close_array(writer);
}
