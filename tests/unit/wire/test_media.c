/* What media are, by their bytes and by what the client says. */
#include "wire/media.h"

#include "test.h"

static void the_first_bytes_show_the_type(void **state)
{
    static const struct {
        const char *base64;
        const char *want;
    } cases[] = {
        {"/9j/4AAQ", "image/jpeg"},
        {"iVBORw0KGgoAAAA", "image/png"},
        {"R0lGODlh", "image/gif"},
        {"JVBERi0xLjQK", "application/pdf"},
        {"UklGRiQAAABXRUJQ", "image/webp"},
        {"UklGRiQAAABXQVZF", ""}, /* WAVE */
        {"UklGR", ""},
        {"", ""},
        {"aGVsbG8=", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(media_type_shown(str_c(cases[i].base64)), str_c(cases[i].want));
    }
}

static void a_said_type_is_without_its_parameters(void **state)
{
    static const struct {
        struct chat_part part;
        const char *want;
    } cases[] = {
        {{.mime = STR_INIT("text/plain; charset=utf-8")}, "text/plain"},
        {{.mime = STR_INIT(" image/png ")}, "image/png"},
        {{.kind = PART_FILE}, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(media_type_said(&cases[i].part), str_c(cases[i].want));
    }
}

static void line_breaks_are_taken_out(void **state)
{
    struct arena arena = {0};
    str whole = STR("QUJD");

    (void)state;
    assert_ptr_equal(media_unbroken(whole, &arena).at, whole.at);
    assert_str_equal(media_unbroken(STR("QU\r\nJD\n"), &arena), STR("QUJD"));
    assert_int_equal(media_unbroken(STR("\n"), &arena).len, 0);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_show_the_type),
        cmocka_unit_test(a_said_type_is_without_its_parameters),
        cmocka_unit_test(line_breaks_are_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
