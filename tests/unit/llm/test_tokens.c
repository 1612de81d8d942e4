#include "llm/tokens.h"

#include "test.h"

/* Ids as the PyPI package tiktoken 0.14.0 gives them. */
static const struct {
    const char *text;
    size_t count;
    uint32_t ids[16];
} rows[] = {
    {"", 0, {0}},
    {"hello world", 2, {24912, 2375}},
    {"Hello, World!  It's 2026.", 10, {13225, 11, 5922, 0, 220, 7744, 220, 1323, 21, 13}},
    {"I'LL we've don't y'all'd", 8, {40, 6, 7454, 24716, 4128, 342, 70653, 11062}},
    {"  leading and trailing  ", 5, {220, 8117, 326, 57985, 256}},
    {"tab\tand\r\nnewline\n\n  x", 7, {11957, 128995, 370, 191140, 279, 220, 1215}},
    {"12345678901", 4, {7633, 19354, 29338, 2290}},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3\x83"
     "\x88",
     6,
     {9048, 40909, 3385, 16056, 18368, 38236}},
    {"\xc7\x85ungla \xc3\x9cn\xc3\xaf\x63\xc3\xb6\x64\xc3\xa9",
     8,
     {131, 227, 988, 1675, 120241, 191375, 43369, 377}},
    {"a/b//c\n/d", 6, {64, 7611, 393, 66, 198, 6662}},
    {"'\xc5\xbf  \xc5\xbf", 5, {6, 70067, 220, 20757, 123}},
    {"e\xcc\x81\x65\xcc\x81 \xcc\x81x", 7, {68, 13430, 68, 13430, 220, 13430, 87}},
    {"\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0\xa5\x87 "
     "\xe0\xa4\xa6\xe0\xa5\x81\xe0\xa4\xa8\xe0\xa4\xbf\xe0\xa4\xaf\xe0\xa4\xbe",
     5,
     {998, 1637, 14681, 628, 64593}},
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f"
     "\x91\xa6 ok",
     12,
     {28823, 102, 2524, 28823, 102, 2524, 28823, 100, 2524, 28823, 99, 4763}},
    {"<|endoftext|>", 7, {27, 91, 419, 1440, 919, 91, 29}},
    {"\xe3\x80\x80\xc2\xa0 mixed\xe2\x80\x83\x62lank", 5, {1397, 5310, 16435, 33203, 20107}},
    {"{\"key\": [1, 2.5, null]}",
     13,
     {10848, 1898, 1243, 723, 16, 11, 220, 17, 13, 20, 11, 1256, 28000}},
    {"ABCdef\xe6\x97\xa5\x41\x42\x43", 4, {44197, 1314, 2292, 44197}},
};

static void a_text_has_the_ids_of_the_reference(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t ids[16];
        size_t count = tokens_encode(str_c(rows[i].text), ids, COUNT_OF(ids), &arena);
        assert_int_equal(count, rows[i].count);
        assert_memory_equal(ids, rows[i].ids, count * sizeof(*ids));
        assert_int_equal(tokens_count(str_c(rows[i].text), &arena), count);
    }
    arena_reset(&arena);
}

static void the_bytes_of_the_tokens_are_the_text(void **state)
{
    struct arena arena = {0};
    char bytes[TOKEN_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str rest = str_c(rows[i].text);
        for (size_t j = 0; j < rows[i].count; j++) {
            str part = tokens_bytes(rows[i].ids[j], bytes);
            assert_true(part.len > 0 && str_has_prefix(rest, part));
            rest = str_skip(rest, part.len);
        }
        assert_int_equal(rest.len, 0);
    }
    assert_int_equal(tokens_bytes(199998, bytes).len, 0);
    assert_int_equal(tokens_bytes(UINT32_MAX, bytes).len, 0);
    arena_reset(&arena);
}

/* Long texts are counted with a memory for short pieces, and long pieces with memory of the arena.
 */
static void a_long_text_has_the_count_of_its_ids(void **state)
{
    static const char *const words[] = {"the ",   "Water ", "a",    "\xe6\xb0\xb4", "  ", "\n",
                                        "ABCdef", "12345",  "\xff", "'ll ",         "!?", "zzzz"};
    enum { TEXT_BYTES = 40000 };
    struct arena arena = {0};
    char *text = arena_take(&arena, TEXT_BYTES + 16);
    uint32_t *ids = ARENA_ARRAY(&arena, uint32_t, TEXT_BYTES);
    uint32_t seed = 1;

    (void)state;
    for (size_t kinds = 1; kinds <= COUNT_OF(words); kinds++) {
        size_t len = 0;
        while (len < TEXT_BYTES) {
            seed = seed * 1103515245 + 12345;
            str word = str_c(words[(seed >> 16) % kinds]);
            memcpy(text + len, word.at, word.len);
            len += word.len;
        }
        str whole = str_of(text, len);
        assert_int_equal(tokens_count(whole, &arena),
                         tokens_encode(whole, ids, TEXT_BYTES, &arena));
    }
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_the_ids_of_the_reference),
        cmocka_unit_test(the_bytes_of_the_tokens_are_the_text),
        cmocka_unit_test(a_long_text_has_the_count_of_its_ids),
    };

    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
