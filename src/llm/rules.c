#include "llm/rules.h"

const struct model_rules rules_unknown = {
    .match = STR_INIT("*"),
    .takes = TAKES_PREFILL | TAKES_FORCED_TOOL | TAKES_SYSTEM | TAKES_TOOLS | TAKES_TOOLS_STREAMED |
             TAKES_IMAGES,
};

bool rules_match(str pattern, str text)
{
    size_t star = str_find_char(pattern, '*');

    if (star == pattern.len) {
        return str_eq(pattern, text);
    }
    if (!str_has_prefix(text, str_take(pattern, star))) {
        return false;
    }
    pattern = str_skip(pattern, star + 1);
    for (text = str_skip(text, star); text.len > 0; text = str_skip(text, 1)) {
        if (rules_match(pattern, text)) {
            return true;
        }
    }
    return rules_match(pattern, text);
}

/* The id behind the last slash and without what platforms put around it. */
str rules_plain_id(str name, char *room, size_t size)
{
    static const str vendors[] = {STR_INIT("anthropic."), STR_INIT("amazon."), STR_INIT("meta."),
                                  STR_INIT("mistral."),   STR_INIT("cohere."), STR_INIT("openai."),
                                  STR_INIT("deepseek."),  STR_INIT("ai21."),   STR_INIT("qwen.")};
    size_t len = 0;

    while (str_find_char(name, '/') < name.len) {
        (void)str_split(&name, '/');
    }
    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
        size_t at = str_find_nocase(name, vendors[i]);
        if (at < name.len) { /* with a region before it, or none */
            name = str_skip(name, at + vendors[i].len);
        }
    }
    for (; len < size && len < name.len; len++) {
        char c = name.at[len];
        room[len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    if (str_has_prefix(str_of(room, len), STR("claude-"))) { /* written with dots and with dashes */
        for (size_t i = 0; i < len; i++) {
            room[i] = (char)(room[i] == '.' ? '-' : room[i]);
        }
    }
    return str_of(room, len);
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
    enum { PLAIN_ID_BYTES_MAX = 128 };
    char room[PLAIN_ID_BYTES_MAX];
    str id = rules_plain_id(name, room, sizeof(room));

    for (size_t i = 0; i < book->count; i++) {
        if (rules_match(book->rows[i].match, id)) {
            return &book->rows[i];
        }
    }
    return &rules_unknown;
}
