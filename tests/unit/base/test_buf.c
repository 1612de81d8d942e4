#include "base/buf.h"

#include "test.h"

static void bytes_are_added_up_to_the_limit_and_not_one_more(void **state)
{
    static const size_t limits[] = {0, 1, 255, 256, 257, 1000, 5000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct buf buf;
        buf_init(&buf, limits[i]);
        for (size_t n = 0; n < limits[i]; n++) {
            assert_int_equal(buf_add_char(&buf, (char)('a' + n % 26)), ERR_OK);
        }
        assert_int_equal(buf_add_char(&buf, 'x'), ERR_TOO_BIG);
        assert_int_equal(buf_add(&buf, STR("x")), ERR_TOO_BIG);
        assert_int_equal(buf_printf(&buf, "%d", 1), ERR_TOO_BIG);
        assert_int_equal(buf_add(&buf, STR("")), ERR_OK);
        assert_int_equal(buf_printf(&buf, "%s", ""), ERR_OK);
        assert_null(buf_reserve(&buf, 1));
        assert_null(buf_reserve(&buf, SIZE_MAX));
        assert_int_equal(buf.len, limits[i]);
        for (size_t n = 0; n < limits[i]; n++) {
            assert_int_equal(buf.at[n], 'a' + n % 26);
        }
        buf_free(&buf);
    }
}

static void what_does_not_fit_is_not_added_in_part(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 5);
    assert_int_equal(buf_add(&buf, STR("abc")), ERR_OK);
    assert_int_equal(buf_add(&buf, STR("def")), ERR_TOO_BIG);
    assert_int_equal(buf_printf(&buf, "%s", "def"), ERR_TOO_BIG);
    assert_str_equal(buf_str(&buf), STR("abc"));
    assert_int_equal(buf_printf(&buf, "%s", "de"), ERR_OK); /* to the last byte */
    assert_str_equal(buf_str(&buf), STR("abcde"));
    buf_free(&buf);
}

static void dropping_takes_from_the_front(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    assert_int_equal(buf_add(&buf, STR("abcdef")), ERR_OK);
    buf_drop(&buf, 0);
    buf_drop(&buf, 2);
    assert_str_equal(buf_str(&buf), STR("cdef"));
    buf_drop(&buf, 4);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf_add(&buf, STR("g")), ERR_OK);
    assert_str_equal(buf_str(&buf), STR("g"));
    buf_free(&buf);
}

static void reserved_room_is_the_callers_to_fill(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1000);
    assert_int_equal(buf_add(&buf, STR("ab")), ERR_OK);
    char *at = buf_reserve(&buf, 998);
    assert_non_null(at);
    memset(at, 'x', 998);
    assert_int_equal(buf.len, 2);
    buf.len += 1;
    assert_str_equal(buf_str(&buf), STR("abx"));
    buf_free(&buf);
}

static void shrinking_gives_back_only_the_room_of_an_empty_buffer(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10000);
    assert_non_null(buf_reserve(&buf, 5000));
    buf.len = 1;
    buf_shrink(&buf, 100);
    assert_true(buf.room >= 5000);
    buf.len = 0;
    buf_shrink(&buf, buf.room);
    assert_true(buf.room >= 5000);
    buf_shrink(&buf, 100);
    assert_int_equal(buf.room, 0);
    assert_null(buf.at);
    assert_int_equal(buf.limit, 10000);
    assert_int_equal(buf_add(&buf, STR("still usable")), ERR_OK);
    buf_free(&buf);
    assert_int_equal(buf_add(&buf, STR("and after freeing")), ERR_OK);
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_added_up_to_the_limit_and_not_one_more),
        cmocka_unit_test(what_does_not_fit_is_not_added_in_part),
        cmocka_unit_test(dropping_takes_from_the_front),
        cmocka_unit_test(reserved_room_is_the_callers_to_fill),
        cmocka_unit_test(shrinking_gives_back_only_the_room_of_an_empty_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
