#include "app/paths.h"

#include "fake_world.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/gatehouse-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

/* The few directories that the tests make, innermost first. */
static int remove_folder(void **state)
{
    static const char *const made[] = {
        "/asked",
        "/variable",
        "/xdg/gatehouse",
        "/xdg",
        "/home/.local/share/gatehouse",
        "/home/.local/share",
        "/home/.local",
        "/home",
        "/a/b/c",
        "/a/b",
        "/a",
        "",
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        (void)rmdir(arena_printf(&arena, "%s%s", folder, made[i]).at);
    }
    arena_reset(&arena);
    return 0;
}

static void the_data_directory_is_the_first_one_named(void **state)
{
    struct arena arena = {0};
    const char *variable = arena_printf(&arena, "%s/variable", folder).at;
    const char *xdg = arena_printf(&arena, "%s/xdg", folder).at;
    const char *home = arena_printf(&arena, "%s/home", folder).at;
    const struct {
        const char *asked;
        struct fake_entry variables[4];
        const char *want;
    } cases[] = {
        {"/asked", {{"GATEHOUSE_DATA", variable}, {"HOME", home}, {0}}, "/asked"},
        {NULL, {{"GATEHOUSE_DATA", variable}, {"XDG_DATA_HOME", xdg}, {0}}, "/variable"},
        {NULL, {{"XDG_DATA_HOME", xdg}, {"HOME", home}, {0}}, "/xdg/gatehouse"},
        {NULL,
         {{"XDG_DATA_HOME", "relative"}, {"HOME", home}, {0}},
         "/home/.local/share/gatehouse"},
        {NULL, {{"GATEHOUSE_DATA", ""}, {"HOME", home}, {0}}, "/home/.local/share/gatehouse"},
        {"/a/b/c/", {{0}}, "/a/b/c/"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake_world fake = {.variables = cases[i].variables};
        struct world world = fake_world_open(&fake);
        struct fault fault = {0};
        struct stat info;
        str got = STR_NONE;
        const char *asked =
            cases[i].asked != NULL ? arena_printf(&arena, "%s%s", folder, cases[i].asked).at : NULL;
        assert_int_equal(data_dir_find(asked, &world, &arena, &got, &fault), ERR_OK);
        assert_str_equal(got, arena_printf(&arena, "%s%s", folder, cases[i].want));
        assert_int_equal(stat(got.at, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0700);
    }
    arena_reset(&arena);
}

static void what_cannot_be_a_directory_is_told(void **state)
{
    struct fake_world fake = {0};
    struct world world = fake_world_open(&fake);
    struct arena arena = {0};
    struct fault fault = {0};
    str got = STR("untouched");

    (void)state;
    assert_int_equal(data_dir_find(NULL, &world, &arena, &got, &fault), ERR_MISSING);
    assert_int_equal(data_dir_find("/dev/null", &world, &arena, &got, &fault), ERR_INVALID);
    assert_int_equal(data_dir_find("/dev/null/x", &world, &arena, &got, &fault), ERR_DENIED);
    assert_true(fault.message.len > 0);
    assert_str_equal(got, STR("untouched"));
    arena_reset(&arena);
}

static void only_relative_sqlite_paths_go_behind_the_data_directory(void **state)
{
    static const struct {
        const char *url;
        const char *want;
    } cases[] = {
        {"sqlite:x.db", "sqlite:/data/x.db"},
        {"sqlite:sub/x.db", "sqlite:/data/sub/x.db"},
        {"sqlite:/var/x.db", "sqlite:/var/x.db"},
        {"/var/x.db", "/var/x.db"},
        {"memory:", "memory:"},
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(store_url_resolve(str_c(cases[i].url), STR("/data"), &arena),
                         str_c(cases[i].want));
    }
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_data_directory_is_the_first_one_named),
        cmocka_unit_test(what_cannot_be_a_directory_is_told),
        cmocka_unit_test(only_relative_sqlite_paths_go_behind_the_data_directory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
