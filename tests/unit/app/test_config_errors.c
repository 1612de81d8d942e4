/*
 * Every tests/golden/config/NAME.yaml is wrong in some way, and NAME.txt is what people are told.
 * GOLDEN_UPDATE=1 writes the latter anew.
 */
#include "app/config.h"

#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { CASES_MAX = 64, ERRORS_BYTES_MAX = 64 * 1024 };

/* One variable and one file exist; the configuration is read from the golden folder. */
static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    if (strcmp(name, "OPENAI_API_KEY") == 0) {
        return "sk-from-the-environment-0123456789";
    }
    if (strcmp(name, "SPLIT_KEY") == 0) {
        return "sk-one sk-two-0123456789";
    }
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static enum err read_file(void *ctx, const char *path, size_t max, struct arena *arena, str *out)
{
    (void)ctx;
    (void)max;
    if (!str_has_suffix(str_c(path), STR(".yaml"))) {
        errno = ENOENT;
        return ERR_MISSING;
    }
    str whole = arena_printf(arena, "%s/config/%s", GOLDEN_DIR, path);
    *out = test_read_file(arena, whole.at);
    return ERR_OK;
}

static const struct world world = {.variable = variable, .read_file = read_file};

static void check_case(const char *name)
{
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;
    struct buf errors;
    str wanted_path =
        arena_printf(&arena, "%s/config/%.*s.txt", GOLDEN_DIR, (int)(strlen(name) - 5), name);

    print_message("%s\n", name);
    buf_init(&errors, ERRORS_BYTES_MAX);
    assert_int_equal(config_load(name, &world, &arena, &snapshot, &errors), ERR_INVALID);
    assert_null(snapshot);
    if (getenv("GOLDEN_UPDATE") != NULL) {
        FILE *file = fopen(wanted_path.at, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(errors.at, 1, errors.len, file), errors.len);
        assert_int_equal(fclose(file), 0);
    }
    assert_str_equal(buf_str(&errors), test_read_file(&arena, wanted_path.at));
    /* No golden file may hold what the environment or a literal key says. */
    assert_int_equal(str_find(buf_str(&errors), STR("0123456789")), errors.len);
    buf_free(&errors);
    arena_reset(&arena);
}

static void each_wrong_file_is_told_as_people_need_it(void **state)
{
    DIR *folder = opendir(GOLDEN_DIR "/config");
    size_t count = 0;

    (void)state;
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (str_has_suffix(str_c(entry->d_name), STR(".yaml"))) {
            check_case(entry->d_name);
            count++;
        }
    }
    assert_int_equal(closedir(folder), 0);
    assert_true(count >= 18);
}

static void a_missing_file_is_told_as_missing(void **state)
{
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;
    struct buf errors;

    (void)state;
    buf_init(&errors, ERRORS_BYTES_MAX);
    assert_int_equal(config_load("nowhere", &world, &arena, &snapshot, &errors), ERR_MISSING);
    assert_str_equal(buf_str(&errors),
                     STR("error[C001]: the configuration nowhere cannot be read: No such file or "
                         "directory\n  = see `gatehouse help config`\n"));
    buf_free(&errors);
    arena_reset(&arena);
}

static void what_does_not_fit_is_left_out(void **state)
{
    struct arena arena = {0};
    struct snapshot *snapshot = NULL;

    (void)state;
    for (size_t room = 0; room < 400; room++) {
        struct buf errors;
        buf_init(&errors, room);
        assert_int_equal(config_load("unknown-keys.yaml", &world, &arena, &snapshot, &errors),
                         ERR_INVALID);
        assert_true(errors.len <= room);
        buf_free(&errors);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_file_is_told_as_people_need_it),
        cmocka_unit_test(a_missing_file_is_told_as_missing),
        cmocka_unit_test(what_does_not_fit_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
