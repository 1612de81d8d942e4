#include "base/err.h"

#include "test.h"

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = ERR_OK; a <= ERR_INTERNAL; a++) {
        assert_non_null(err_name((enum err)a));
        assert_string_not_equal(err_name((enum err)a), "unknown");
        for (int b = ERR_OK; b < a; b++) {
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
        }
    }
    assert_string_equal(err_name(ERR_OK), "ok");
    assert_string_equal(err_name(ERR_TOO_BIG), "too_big");
    assert_string_equal(err_name((enum err)(ERR_INTERNAL + 1)), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
