/* The command line as a user types it: exit codes, what goes to stdout, what to stderr. */
#include "app/commands.h"
#include "app/exit_code.h"

#include "share.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

enum { WORDS_MAX = 6, OUTPUT_BYTES_MAX = 64 * 1024 };

static char folder[] = "/tmp/gatehouse-test-XXXXXX";

struct output {
    char out[OUTPUT_BYTES_MAX];
    char err[OUTPUT_BYTES_MAX];
};

/* Puts a stream into a file while `run` is at work. */
struct capture {
    FILE *stream;
    FILE *file;
    int before;
};

static struct capture capture_start(FILE *stream)
{
    struct capture capture = {.stream = stream, .file = tmpfile()};

    assert_non_null(capture.file);
    (void)fflush(stream);
    capture.before = dup(fileno(stream));
    assert_true(capture.before >= 0);
    assert_true(dup2(fileno(capture.file), fileno(stream)) >= 0);
    return capture;
}

static void capture_end(struct capture *capture, char text[OUTPUT_BYTES_MAX])
{
    (void)fflush(capture->stream);
    assert_true(dup2(capture->before, fileno(capture->stream)) >= 0);
    (void)close(capture->before);
    rewind(capture->file);
    size_t len = fread(text, 1, OUTPUT_BYTES_MAX - 1, capture->file);
    text[len] = '\0';
    (void)fclose(capture->file);
}

static int run(const char *const words[WORDS_MAX], struct output *output)
{
    char copies[WORDS_MAX][256];
    char *argv[WORDS_MAX + 2] = {copies[0]};
    int argc = 1;

    (void)snprintf(copies[0], sizeof(copies[0]), "gatehouse");
    for (int i = 0; i < WORDS_MAX - 1 && words[i] != NULL; i++) {
        (void)snprintf(copies[i + 1], sizeof(copies[0]), "%s", words[i]);
        argv[argc++] = copies[i + 1];
    }
    struct capture out = capture_start(stdout);
    struct capture err = capture_start(stderr);
    int code = command_run(argc, argv);
    capture_end(&err, output->err);
    capture_end(&out, output->out);
    return code;
}

static const struct {
    const char *words[WORDS_MAX];
    int code;
    const char *out; /* part of it; NULL: empty */
    const char *err;
} cases[] = {
    {{NULL}, EXIT_CODE_OK, "gatehouse serve", NULL},
    {{"--help"}, EXIT_CODE_OK, "Commands:", NULL},
    {{"-h"}, EXIT_CODE_OK, "Commands:", NULL},
    {{"help"}, EXIT_CODE_OK, "Commands:", NULL},
    {{"version"}, EXIT_CODE_OK, "gatehouse ", NULL},
    {{"--version"}, EXIT_CODE_OK, "gatehouse ", NULL},
    {{"help", "keys"}, EXIT_CODE_OK, "gatehouse keys create", NULL},
    {{"keys", "--help"}, EXIT_CODE_OK, "gatehouse keys create", NULL},
    {{"keys", "create", "-h"}, EXIT_CODE_OK, "gatehouse keys create", NULL},
    {{"help", "config", "models"}, EXIT_CODE_OK, "context_length", NULL},
    {{"help", "settings"}, EXIT_CODE_OK, "limits.body", NULL},
    {{"help", "exit"}, EXIT_CODE_OK, "3   the configuration", NULL},
    {{"help", "setings"}, EXIT_CODE_USAGE, NULL, "did you mean `settings`?"},
    {{"help", "zzzzzzzz"}, EXIT_CODE_USAGE, NULL, "there is no help on"},
    {{"kyes"}, EXIT_CODE_USAGE, NULL, "unknown command `kyes`, did you mean `keys`?"},
    {{"zzzzzzzz"}, EXIT_CODE_USAGE, NULL, "unknown command `zzzzzzzz`\n"},
    {{"version", "x"}, EXIT_CODE_USAGE, NULL, "takes no arguments"},
    {{"serve", "x.yaml"}, EXIT_CODE_USAGE, NULL, "--config"},
    {{"serve", "--lisen", "x"}, EXIT_CODE_USAGE, NULL, "did you mean `--listen`?"},
    {{"check", "a", "b"}, EXIT_CODE_USAGE, NULL, "one file"},
    {{"check"}, EXIT_CODE_OK, "The environment is right: 1 provider, 1 model\n", NULL},
    {{"check", GOLDEN_DIR "/config/twice.yaml"}, EXIT_CODE_CONFIG, NULL, "error[C003]"},
    {{"check", GOLDEN_DIR "/config/twice.yaml"}, EXIT_CODE_CONFIG, NULL, "\n2 errors\n"},
    {{"check", "--json", GOLDEN_DIR "/config/twice.yaml"},
     EXIT_CODE_CONFIG,
     "{\"ok\":false,\"file\":",
     NULL},
    {{"check", "--json"}, EXIT_CODE_OK, "{\"ok\":true,\"file\":null,\"providers\":1", NULL},
    {{"check", "/nowhere.yaml"}, EXIT_CODE_CONFIG, NULL, "error[C001]"},
    {{"keys"}, EXIT_CODE_USAGE, NULL, "keys create"},
    {{"keys", "revoke"}, EXIT_CODE_USAGE, NULL, "keys revoke WHICH"},
    {{"keys", "create", "--name", "a\nb"}, EXIT_CODE_USAGE, NULL, "63 bytes"},
    {{"keys", "list", "--data", "/dev/null"}, EXIT_CODE_STORE, NULL, "not a directory"},
    {{"keys", "list", "--config", "/nowhere.yaml"}, EXIT_CODE_CONFIG, NULL, "error[C001]"},
    {{"keys", "list"}, EXIT_CODE_OK, NULL, "There are no keys."},
    {{"keys", "list", "--json"}, EXIT_CODE_OK, "{\"keys\":[]}\n", NULL},
    {{"keys", "revoke", "nobody"}, EXIT_CODE_FAILED, NULL, "there is no key `nobody`"},
    {{"chat", "hi"}, EXIT_CODE_USAGE, NULL, "there is no API key"},
    {{"chat", "--url", "https://x", "hi"}, EXIT_CODE_USAGE, NULL, "plain HTTP"},
    {{"chat", "--key-file", "/nowhere", "hi"}, EXIT_CODE_USAGE, NULL, "/nowhere"},
};

static void assert_holds(const char *text, const char *part)
{
    if (part == NULL) {
        assert_string_equal(text, "");
    } else if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    }
}

static void every_command_line_ends_as_documented(void **state)
{
    static struct output output;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int code = run(cases[i].words, &output);
        print_message("case %zu: %s\n", i, cases[i].words[0] != NULL ? cases[i].words[0] : "");
        assert_int_equal(code, cases[i].code);
        assert_holds(output.out, cases[i].out);
        assert_holds(output.err, cases[i].err);
    }
}

static void a_key_is_shown_once_and_can_be_revoked(void **state)
{
    static struct output output;
    char key[128];

    (void)state;
    assert_int_equal(run((const char *const[WORDS_MAX]){"keys", "create", "--name", "ci"}, &output),
                     EXIT_CODE_OK);
    /* The key, alone, on stdout; the rest on stderr and without it. */
    assert_int_equal(strlen(output.out), 50);
    assert_int_equal(strncmp(output.out, "sk-gh-", 6), 0);
    (void)snprintf(key, sizeof(key), "%.49s", output.out);
    assert_null(strstr(output.err, key));

    assert_int_equal(run((const char *const[WORDS_MAX]){"keys", "list"}, &output), EXIT_CODE_OK);
    assert_non_null(strstr(output.out, "ci"));
    assert_null(strstr(output.out, key));
    assert_int_equal(run((const char *const[WORDS_MAX]){"keys", "list", "--json"}, &output),
                     EXIT_CODE_OK);
    assert_non_null(strstr(output.out, "\"revoked_ms\":null"));
    assert_null(strstr(output.out, key));

    assert_int_equal(run((const char *const[WORDS_MAX]){"keys", "create", "--name=ci"}, &output),
                     EXIT_CODE_OK);
    assert_int_equal(run((const char *const[WORDS_MAX]){"keys", "revoke", "ci"}, &output),
                     EXIT_CODE_FAILED);
    assert_non_null(strstr(output.err, "several keys are called `ci`"));

    assert_int_equal(
        run((const char *const[WORDS_MAX]){"keys", "create", "--name", "dev", "--json"}, &output),
        EXIT_CODE_OK);
    assert_non_null(strstr(output.out, "\"key\":\"sk-gh-"));
    assert_int_equal(run((const char *const[WORDS_MAX]){"keys", "revoke", "dev"}, &output),
                     EXIT_CODE_OK);
    assert_non_null(strstr(output.err, "Revoked key-"));
}

static int make_folder(void **state)
{
    static const char *const gone[] = {"GATEHOUSE_CONFIG", "GATEHOUSE_API_KEY", "GATEHOUSE_URL",
                                       "GATEHOUSE_DEMO",   "GATEHOUSE_STORE",   "FORCE_COLOR"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(gone); i++) {
        (void)unsetenv(gone[i]);
    }
    const struct preset_book *book = share_preset_book();
    for (size_t i = 0; i < book->count; i++) {
        for (size_t j = 0; j < book->rows[i].env.count; j++) {
            (void)unsetenv(book->rows[i].env.at[j].at);
        }
    }
    if (mkdtemp(folder) == NULL || setenv("GATEHOUSE_DATA", folder, 1) != 0) {
        return -1;
    }
    return freopen("/dev/null", "re", stdin) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const files[] = {"/gatehouse.db", "/gatehouse.db-wal", "/gatehouse.db-shm",
                                        ""};
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)remove(arena_printf(&arena, "%s%s", folder, files[i]).at);
    }
    arena_reset(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_line_ends_as_documented),
        cmocka_unit_test(a_key_is_shown_once_and_can_be_revoked),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
