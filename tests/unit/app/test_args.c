#include "app/args.h"
#include "base/macros.h"

#include "test.h"

enum { WORDS_MAX = 6 };

static const struct {
    const char *words[WORDS_MAX];
    const char *file; /* NULL: not given */
    bool loud;
    const char *operands;  /* joined with commas */
    const char *complaint; /* part of it; NULL: none */
} cases[] = {
    {{NULL}, NULL, false, "", NULL},
    {{"a", "b"}, NULL, false, "a,b", NULL},
    {{"--file", "x", "a"}, "x", false, "a", NULL},
    {{"--file=x=y", "a"}, "x=y", false, "a", NULL},
    {{"--file=", "a"}, "", false, "a", NULL},
    {{"-f", "x", "--loud"}, "x", true, "", NULL},
    {{"a", "--loud", "b"}, NULL, true, "a,b", NULL},
    {{"--", "--loud", "-f"}, NULL, false, "--loud,-f", NULL},
    {{"-"}, NULL, false, "-", NULL},
    {{"--file", "--loud"}, "--loud", false, "", NULL},
    {{"--file"}, NULL, false, "", "`--file` needs a value"},
    {{"-f"}, NULL, false, "", "`--file` needs a value"},
    {{"--loud=yes"}, NULL, false, "", "takes no value"},
    {{"--fiel", "x"}, NULL, false, "", "did you mean `--file`?"},
    {{"--something-else"}, NULL, false, "", "unknown flag `--something-else`"},
    {{"-x"}, NULL, false, "", "unknown flag"},
    {{"-loud"}, NULL, false, "", "did you mean `--loud`?"},
};

static void words_become_flags_and_operands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        const char *file = NULL;
        bool loud = false;
        const struct flag flags[] = {
            {"file", 'f', &file, NULL},
            {"loud", '\0', NULL, &loud},
            {0},
        };
        struct operands operands = {0};
        struct fault fault = {0};
        char copies[WORDS_MAX][64];
        char *words[WORDS_MAX] = {0};
        size_t count = 0;

        for (; count < WORDS_MAX && cases[i].words[count] != NULL; count++) {
            (void)snprintf(copies[count], sizeof(copies[count]), "%s", cases[i].words[count]);
            words[count] = copies[count];
        }
        print_message("case %zu\n", i);
        enum err err = args_read(words, count, flags, &arena, &operands, &fault);
        assert_int_equal(err, cases[i].complaint == NULL ? ERR_OK : ERR_INVALID);
        if (err != ERR_OK) {
            assert_true(str_find(fault.message, str_c(cases[i].complaint)) < fault.message.len);
        } else {
            str joined = STR("");
            for (size_t j = 0; j < operands.count; j++) {
                joined = arena_printf(&arena, STR_FMT "%s%s", STR_ARG(joined), j > 0 ? "," : "",
                                      operands.at[j]);
            }
            assert_str_equal(joined, str_c(cases[i].operands));
            assert_str_equal(str_c(file), str_c(cases[i].file));
            assert_int_equal(loud, cases[i].loud);
        }
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_flags_and_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
