#include "base/text.h"
#include "store/keys.h"

#include "test.h"

static void a_hash_is_the_sha256_of_the_key(void **state)
{
    /* FIPS 180-4 examples. */
    static const struct {
        const char *key;
        const char *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t hash[KEY_HASH_BYTES];
        char hex[2 * KEY_HASH_BYTES + 1];
        keys_hash(str_c(cases[i].key), hash);
        text_hex(hash, sizeof(hash), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void hashes_are_equal_only_when_every_bit_is(void **state)
{
    uint8_t a[KEY_HASH_BYTES] = {0};
    uint8_t b[KEY_HASH_BYTES] = {0};

    (void)state;
    assert_true(keys_hash_eq(a, b));
    for (size_t bit = 0; bit < 8 * sizeof(b); bit++) {
        b[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_false(keys_hash_eq(a, b));
        b[bit / 8] = 0;
    }
}

static void a_new_key_has_its_form_and_its_row(void **state)
{
    struct arena arena = {0};
    struct random random;
    char text[KEY_TEXT_BYTES + 1];
    struct key_row row;
    uint8_t hash[KEY_HASH_BYTES];

    (void)state;
    random_init(&random);
    keys_make(&random, STR("ci"), 1234, &arena, text, &row);
    assert_int_equal(strlen(text), KEY_TEXT_BYTES);
    assert_memory_equal(text, "sk-gh-", 6);
    assert_int_equal(strspn(text + 6, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz"),
                     43);
    keys_hash(str_c(text), hash);
    assert_memory_equal(row.hash, hash, sizeof(hash));
    assert_str_equal(row.name, STR("ci"));
    assert_int_equal(row.id.len, 16);
    assert_true(str_has_prefix(row.id, STR("key-")));
    assert_int_equal(row.created_ms, 1234);
    assert_int_equal(row.revoked_ms, 0);
    assert_str_equal(row.label, arena_printf(&arena, "%.9s...%s", text, text + 46));
    arena_reset(&arena);
}

static void no_two_keys_or_ids_are_alike(void **state)
{
    struct arena arena = {0};
    struct random random;
    char text[2][KEY_TEXT_BYTES + 1];
    struct key_row row[2];

    (void)state;
    random_init(&random);
    for (int i = 0; i < 2; i++) {
        keys_make(&random, STR(""), 0, &arena, text[i], &row[i]);
    }
    assert_string_not_equal(text[0], text[1]);
    assert_false(str_eq(row[0].id, row[1].id));
    assert_false(keys_hash_eq(row[0].hash, row[1].hash));
    arena_reset(&arena);
}

static void a_label_never_gives_a_key_away(void **state)
{
    static const struct {
        const char *key;
        const char *label;
    } cases[] = {
        {"", "***"},
        {"a", "***"},
        {"secret", "***"},
        {"fifteen-chars-x", "***"},
        {"twenty-three-characters", "***"},
        {"twenty-four-characters!!", "twe...s!!"},
        {"sk-gh-short", "***"},
        {"sk-gh-0123456789abcdefghijABCDEFGHIJ0123456789abc", "sk-gh-012...abc"},
        {"\xc3\xa4\xc3\xb6 letters cut in two would be bad text", "***"},
        {"control\ncharacters have no place in a list", "***"},
    };
    struct arena arena = {0};
    struct random random;

    (void)state;
    random_init(&random);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct key_row row;
        keys_adopt(&random, str_c(cases[i].key), STR("n"), 0, &arena, &row);
        assert_str_equal(row.label, str_c(cases[i].label));
        uint8_t hash[KEY_HASH_BYTES];
        keys_hash(str_c(cases[i].key), hash);
        assert_true(keys_hash_eq(hash, row.hash));
    }
    arena_reset(&arena);
}

static void one_key_is_found_by_id_name_or_label(void **state)
{
    struct key_row keys[] = {
        {.id = STR("key-1"), .name = STR("a"), .label = STR("***")},
        {.id = STR("key-2"), .name = STR("b"), .label = STR("***")},
        {.id = STR("key-3"), .name = STR("key-1"), .label = STR("x...y")},
        {.id = STR("key-4"), .name = STR(""), .label = STR("z...z")},
    };
    static const struct {
        const char *which;
        enum err err;
        size_t index;
    } cases[] = {
        {"a", ERR_OK, 0},        {"key-2", ERR_OK, 1},      {"x...y", ERR_OK, 2},
        {"***", ERR_INVALID, 0}, {"key-1", ERR_INVALID, 0}, {"c", ERR_MISSING, 0},
        {"", ERR_MISSING, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct key_row *found = NULL;
        assert_int_equal(keys_find_one(keys, COUNT_OF(keys), str_c(cases[i].which), &found),
                         cases[i].err);
        assert_ptr_equal(found, cases[i].err == ERR_OK ? &keys[cases[i].index] : NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_the_sha256_of_the_key),
        cmocka_unit_test(hashes_are_equal_only_when_every_bit_is),
        cmocka_unit_test(a_new_key_has_its_form_and_its_row),
        cmocka_unit_test(no_two_keys_or_ids_are_alike),
        cmocka_unit_test(a_label_never_gives_a_key_away),
        cmocka_unit_test(one_key_is_found_by_id_name_or_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
