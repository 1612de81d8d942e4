#include "llm/rules.h"

#include "llm/rows.h"

const struct model_rules rules_unknown = {
    .match = STR_INIT("*"),
    .takes = TAKES_PREFILL | TAKES_FORCED_TOOL | TAKES_SYSTEM | TAKES_TOOLS | TAKES_TOOLS_STREAMED |
             TAKES_IMAGES,
};

/* ---- Names ---- */

bool rules_match(str pattern, str text)
{
    str rest = STR_NONE; /* the pattern behind the last star, */
    str from = STR_NONE; /* and the text that it was last tried at */

    while (text.len > 0) {
        if (pattern.len > 0 && pattern.at[0] == '*') {
            pattern = str_skip(pattern, 1);
            if (pattern.len == 0) {
                return true;
            }
            rest = pattern;
            from = text;
        } else if (pattern.len > 0 && pattern.at[0] == text.at[0]) {
            pattern = str_skip(pattern, 1);
            text = str_skip(text, 1);
        } else if (rest.len > 0) { /* the star stands for one character more */
            pattern = rest;
            from = str_skip(from, 1);
            text = from;
        } else {
            return false;
        }
    }
    while (pattern.len > 0 && pattern.at[0] == '*') {
        pattern = str_skip(pattern, 1);
    }
    return pattern.len == 0;
}

/* Cuts the first of the prefixes off that is there. */
static str skip_prefix(str name, const str *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(str_take(name, prefixes[i].len), prefixes[i])) {
            return str_skip(name, prefixes[i].len);
        }
    }
    return name;
}

/* Without what platforms put before it: a path, a region, a vendor. */
static str skip_front(str name)
{
    static const str regions[] = {STR_INIT("us."),     STR_INIT("us-gov."), STR_INIT("eu."),
                                  STR_INIT("apac."),   STR_INIT("jp."),     STR_INIT("au."),
                                  STR_INIT("ca."),     STR_INIT("sa."),     STR_INIT("me."),
                                  STR_INIT("global."), STR_INIT("ft:") /* fine-tuned */};
    static const str vendors[] = {
        STR_INIT("anthropic."), STR_INIT("amazon."),     STR_INIT("meta."),
        STR_INIT("mistral."),   STR_INIT("cohere."),     STR_INIT("openai."),
        STR_INIT("ai21."),      STR_INIT("qwen."),       STR_INIT("google."),
        STR_INIT("moonshot."),  STR_INIT("moonshotai."), STR_INIT("minimax."),
        STR_INIT("nvidia."),    STR_INIT("writer."),     STR_INIT("zai."),
        STR_INIT("databricks-")};

    while (str_find_char(name, '/') < name.len) {
        (void)str_split(&name, '/');
    }
    name = skip_prefix(name, regions, COUNT_OF(regions));
    return skip_prefix(name, vendors, COUNT_OF(vendors));
}

/* How many digits the text ends in. */
static size_t count_digits(str text)
{
    size_t count = 0;

    while (count < text.len && text.at[text.len - count - 1] >= '0' &&
           text.at[text.len - count - 1] <= '9') {
        count++;
    }
    return count;
}

/* Without what platforms put behind it: ":variant", "@default", and "-v1:0" whole. */
static str drop_back(str name)
{
    str rest = name;
    str id = str_split(&rest, ':');
    str minor = str_split(&rest, ':');
    str front = str_take(id, id.len - count_digits(id));

    if (minor.len > 0 && count_digits(minor) == minor.len && str_has_suffix(front, STR("-v"))) {
        return str_take(front, front.len - 2);
    }
    return str_has_suffix(id, STR("@default")) ? str_take(id, str_find_char(id, '@')) : id;
}

str rules_plain_id(str name, char *room, size_t size)
{
    str id = str_take(drop_back(skip_front(name)), size);
    bool has_dashes = str_eq_nocase(str_take(id, 7), STR("claude-")); /* also written with dots */

    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        } else if (c == '@' || (c == '.' && has_dashes)) {
            c = '-';
        }
        room[i] = c;
    }
    return str_of(room, id.len);
}

bool rules_words_have(str words, str word)
{
    while (words.len > 0) {
        if (str_eq(str_split(&words, ' '), word)) {
            return true;
        }
    }
    return false;
}

const struct model_rules *rules_find(const struct rule_book *book, str name)
{
    char room[PLAIN_ID_BYTES_MAX];
    str id = rules_plain_id(name, room, sizeof(room));

    for (size_t i = 0; i < book->count; i++) {
        if (rules_match(book->rows[i].match, id)) {
            return &book->rows[i];
        }
    }
    return &rules_unknown;
}

/* ---- The data file ---- */

static const struct row_word habits[] = {
    {"never", HABIT_NEVER},
    {"on_request", HABIT_ON_REQUEST},
    {"by_default", HABIT_BY_DEFAULT},
    {"always", HABIT_ALWAYS},
    {NULL, 0},
};

static const struct row_word efforts[] = {
    {"minimal", EFFORT_MINIMAL},
    {"low", EFFORT_LOW},
    {"medium", EFFORT_MEDIUM},
    {"high", EFFORT_HIGH},
    {"xhigh", EFFORT_XHIGH},
    {"max", EFFORT_MAX},
    {NULL, 0},
};

static const struct row_word styles[] = {
    {"none", THINKING_NONE},
    {"budget", THINKING_BUDGET},
    {"budget_or_adaptive", THINKING_BUDGET_ADAPTIVE},
    {"adaptive", THINKING_ADAPTIVE},
    {"level", THINKING_LEVEL},
    {"effort", THINKING_EFFORT},
    {NULL, 0},
};

static const struct row_word samplings[] = {
    {"free", SAMPLING_FREE}, {"one", SAMPLING_ONE}, {"none", SAMPLING_NONE}, {NULL, 0}};

static const struct row_word abilities[] = {
    {"schema", TAKES_SCHEMA},
    {"effort", TAKES_EFFORT},
    {"xhigh", TAKES_XHIGH},
    {"prefill", TAKES_PREFILL},
    {"forced_tool", TAKES_FORCED_TOOL},
    {"system", TAKES_SYSTEM},
    {"tools", TAKES_TOOLS},
    {"tools_streamed", TAKES_TOOLS_STREAMED},
    {"schema_with_tools", TAKES_SCHEMA_WITH_TOOLS},
    {"images", TAKES_IMAGES},
    {"json_schema", TAKES_JSON_SCHEMA},
    {"cache_marks", TAKES_CACHE_MARKS},
    {"thinking_counts", THINKS_WITH_TOKENS},
    {NULL, 0},
};

/* A row of the file: it may name several patterns. */
struct draft {
    struct row_texts match;
    enum effort effort[2];
    int64_t budget[2];
    struct model_rules rules;
};

#define AT(member) offsetof(struct draft, member)

static const struct row_member row_members[] = {
    {"match", AT(match), ROW_TEXTS, true, NULL},
    {"reasoning", AT(rules.habit), ROW_WORD, false, habits},
    {"effort", AT(effort), ROW_SPAN, false, efforts},
    {"thinking", AT(rules.thinking), ROW_WORD, false, styles},
    {"budget", AT(budget), ROW_RANGE, false, NULL},
    {"sampling", AT(rules.sampling), ROW_WORD, false, samplings},
    {"output_tokens", AT(rules.output_tokens_max), ROW_NUMBER, false, NULL},
    {"takes", AT(rules.takes), ROW_ADDED, false, abilities},
    {"lacks", AT(rules.takes), ROW_REMOVED, false, abilities},
    {"refused", AT(rules.refused), ROW_LIST, false, NULL},
    {"refused_while_reasoning", AT(rules.refused_reasoning), ROW_LIST, false, NULL},
    {"note", 0, ROW_NOTE, false, NULL},
    {0},
};

struct file {
    str source;
    str as_of;
    json *models;
};

static const struct row_member file_members[] = {
    {"source", offsetof(struct file, source), ROW_TEXT, true, NULL},
    {"as_of", offsetof(struct file, as_of), ROW_TEXT, true, NULL},
    {"models", offsetof(struct file, models), ROW_VALUE, true, NULL},
    {0},
};

/* Appends the row, once for each of its patterns. */
static enum err add_row(const struct row_reader *reader, json *object, struct model_rules *rows,
                        size_t *count)
{
    struct draft draft = {.rules.takes = rules_unknown.takes};
    enum err err = row_read(reader, object, row_members, &draft);

    if (err == ERR_OK && draft.match.count == 0) {
        err = row_complain(reader, "`match` names nothing");
    }
    if (err != ERR_OK) {
        return err;
    }
    draft.rules.least = draft.effort[0];
    draft.rules.most = draft.effort[1];
    draft.rules.budget_min = draft.budget[0];
    draft.rules.budget_max = draft.budget[1];
    for (size_t i = 0; i < draft.match.count; i++) {
        draft.rules.match = draft.match.at[i];
        rows[(*count)++] = draft.rules;
    }
    return ERR_OK;
}

/* The first pattern of a row, or nothing, for messages about it. */
static str pattern_of(json *object)
{
    json *match = json_get(object, "match");
    struct json_walk walk = json_walk(match);

    return json_next(&walk) ? json_as_str(walk.value) : json_as_str(match);
}

static size_t count_patterns(json *models)
{
    struct json_walk walk = json_walk(models);
    size_t count = 0;

    while (json_next(&walk)) {
        json *match = json_get(walk.value, "match");
        count += json_is(match, JSON_STR) ? 1 : json_count(match);
    }
    return count;
}

static enum err read_rows(struct row_reader *reader, json *models, struct arena *work,
                          struct rule_book *out)
{
    struct model_rules *rows =
        ARENA_ARRAY(reader->arena, struct model_rules, count_patterns(models));
    struct json_walk walk = json_walk(models);
    size_t count = 0;

    if (!json_is(models, JSON_ARRAY)) {
        return row_complain(reader, "`models` must be an array");
    }
    for (size_t i = 0; json_next(&walk); i++) {
        reader->where = arena_printf(work, "models[%zu] \"" STR_FMT "\"", i,
                                     STR_ARG(str_take(pattern_of(walk.value), PLAIN_ID_BYTES_MAX)));
        enum err err = add_row(reader, walk.value, rows, &count);
        if (err != ERR_OK) {
            return err;
        }
    }
    out->rows = rows;
    out->count = count;
    return ERR_OK;
}

enum err rules_read(str text, struct arena *arena, struct rule_book *out, struct fault *fault)
{
    struct arena work = {0};
    struct row_reader reader = {.arena = arena, .fault = fault, .where = STR("the file")};
    struct file file = {0};
    struct rule_book book = {0};
    json *root = NULL;

    enum err err = json_read(&work, text, &root, fault);
    if (err == ERR_OK) {
        err = row_read(&reader, root, file_members, &file);
    }
    if (err == ERR_OK) {
        book.source = file.source;
        book.as_of = file.as_of;
        err = read_rows(&reader, file.models, &work, &book);
    }
    if (err == ERR_OK) {
        *out = book;
    } else {
        fault->message = arena_copy(arena, fault->message); /* JSON's own words end with `work` */
    }
    arena_reset(&work);
    return err;
}
