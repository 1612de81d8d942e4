#include "base/map.h"

#include "test.h"

/*
 * SipHash-1-3 of the bytes 0, 1, 2... (as many as the index) under the key 00 01 .. 0f, computed
 * with an implementation independent of ours.
 */
static const struct {
    size_t len;
    uint64_t hash;
} vectors[] = {
    {0, 0xabac0158050fc4dcU},  {1, 0xc9f49bf37d57ca93U},  {2, 0x82cb9b024dc7d44dU},
    {7, 0xd3927d989bb11140U},  {8, 0x369095118d299a8eU},  {9, 0x25a48eb36c063de4U},
    {15, 0xd320d86d2a519956U}, {16, 0xcc4fdd1a7d908b66U}, {17, 0x9cf2689063dbd80cU},
    {31, 0x2370dd1f8c21d1bcU}, {32, 0x81157b6c16a7b60dU}, {63, 0x9d199062b7bbb3a8U},
    {64, 0xf17997ec4b4a6065U},
};

static void the_hash_is_siphash_1_3(void **state)
{
    uint8_t key[16];
    char bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)i;
    }
    map_seed(key);
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        assert_true(map_hash(str_of(bytes, vectors[i].len)) == vectors[i].hash);
    }
    key[15] ^= 1;
    map_seed(key);
    assert_true(map_hash(str_of(bytes, vectors[0].len)) != vectors[0].hash);
}

static void a_hundred_thousand_keys_are_all_found_and_no_other(void **state)
{
    enum { KEYS = 100000 };
    struct arena arena = {0};
    struct map map = {0};
    int *values = ARENA_ARRAY(&arena, int, KEYS);

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        assert_true(map_add(&map, &arena, arena_printf(&arena, "key-%d", i), &values[i]));
    }
    assert_int_equal(map.count, KEYS);
    for (int i = 0; i < 2 * KEYS; i++) {
        char key[32];
        int len = snprintf(key, sizeof(key), "key-%d", i);
        assert_ptr_equal(map_get(&map, str_of(key, (size_t)len)), i < KEYS ? &values[i] : NULL);
    }
    arena_reset(&arena);
}

static void the_first_value_of_a_key_stays(void **state)
{
    struct arena arena = {0};
    struct map map = {0};
    int first = 1;
    int second = 2;

    (void)state;
    assert_true(map_add(&map, &arena, STR("k"), &first));
    assert_false(map_add(&map, &arena, STR("k"), &second));
    assert_ptr_equal(map_get(&map, STR("k")), &first);
    assert_int_equal(map.count, 1);
    arena_reset(&arena);
}

static void keys_are_bytes_and_may_be_empty(void **state)
{
    struct arena arena = {0};
    struct map map = {0};
    int values[4];
    const str keys[] = {STR(""), STR("a"), STR("a\0b"), STR("a\0c")};

    (void)state;
    assert_null(map_get(&map, STR("nothing yet")));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_true(map_add(&map, &arena, keys[i], &values[i]));
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_ptr_equal(map_get(&map, keys[i]), &values[i]);
    }
    assert_ptr_equal(map_get(&map, STR_NONE), &values[0]);
    assert_false(map_add(&map, &arena, STR_NONE, NULL));
    assert_null(map_get(&map, STR("A")));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_keys_are_all_found_and_no_other),
        cmocka_unit_test(the_first_value_of_a_key_stays),
        cmocka_unit_test(keys_are_bytes_and_may_be_empty),
        cmocka_unit_test(the_hash_is_siphash_1_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
