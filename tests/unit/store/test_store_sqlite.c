/* What only the SQLite back-end promises: versions, foreign files, other processes. */
#include "store/migrations.h"
#include "store/store.h"

#include "rows.h"
#include "test.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct bench {
    struct arena arena;
    char folder[64];
    char path[96];
    str url;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    folder_make(bench->folder);
    (void)snprintf(bench->path, sizeof(bench->path), "%s/gatehouse.db", bench->folder);
    bench->url = arena_printf(&bench->arena, "sqlite:%s", bench->path);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    folder_remove(bench->folder);
    arena_reset(&bench->arena);
    free(bench);
    return 0;
}

/* Runs SQL on the file as some other program would. */
static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static struct store *open_ready(struct bench *bench)
{
    struct store *store = NULL;
    struct fault fault = {0};

    assert_int_equal(sqlite_store.open(bench->url, &store, &bench->arena, &fault), ERR_OK);
    assert_int_equal(sqlite_store.migrate(store, &bench->arena, &fault), ERR_OK);
    return store;
}

static void assert_refused(struct bench *bench, enum err err, const char *words)
{
    struct store *store = NULL;
    struct fault fault = {0};

    assert_int_equal(sqlite_store.open(bench->url, &store, &bench->arena, &fault), err);
    assert_null(store);
    assert_int_equal(fault.kind, err);
    if (str_find(fault.message, str_c(words)) == fault.message.len) {
        fail_msg("\"" STR_FMT "\" does not say \"%s\"", STR_ARG(fault.message), words);
    }
    assert_true(str_find(fault.message, str_c(bench->path)) < fault.message.len);
}

static void a_new_file_is_for_its_owner_only(void **state)
{
    struct bench *bench = *state;
    struct store *store = open_ready(bench);
    struct exchange_row row = row_of(1);
    static const char *const suffixes[] = {"", "-wal", "-shm"};

    assert_int_equal(sqlite_store.exchange_append(store, &row, 1), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        struct stat status;
        str path = arena_printf(&bench->arena, "%s%s", bench->path, suffixes[i]);
        assert_int_equal(stat(path.at, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    sqlite_store.close(store);
}

static void every_form_of_the_url_opens_the_same_file(void **state)
{
    struct bench *bench = *state;
    static const char *const forms[] = {"sqlite:", "sqlite://", "file:", "file://", ""};
    struct key_row key = {.id = STR("key-1"), .name = STR("k"), .label = STR("***")};
    struct store *store = open_ready(bench);

    assert_int_equal(sqlite_store.key_add(store, &key), ERR_OK);
    sqlite_store.close(store);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct key_row *found = NULL;
        bench->url = arena_printf(&bench->arena, "%s%s", forms[i], bench->path);
        store = open_ready(bench);
        assert_int_equal(sqlite_store.key_by_hash(store, key.hash, &bench->arena, &found), ERR_OK);
        assert_non_null(found);
        sqlite_store.close(store);
    }
}

static void a_missing_folder_is_said_so(void **state)
{
    struct bench *bench = *state;

    (void)snprintf(bench->path, sizeof(bench->path), "%s/no/such/folder.db", bench->folder);
    bench->url = arena_printf(&bench->arena, "sqlite:%s", bench->path);
    assert_refused(bench, ERR_PEER, "cannot be opened");
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    struct bench *bench = *state;
    static const char text[] = "dear diary, today I was mistaken for a database.  Again.  It is "
                               "becoming a habit, and I am only a text file of modest length.";
    FILE *file = fopen(bench->path, "we");

    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    assert_refused(bench, ERR_INVALID, "is not a database");
    assert_str_equal(test_read_file(&bench->arena, bench->path), str_c(text));
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
    struct bench *bench = *state;
    static const char *const theirs[] = {
        "CREATE TABLE theirs (x)", "PRAGMA user_version = 1",
        "PRAGMA application_id = 252006673", /* a GeoPackage, say */
    };

    for (size_t i = 0; i < COUNT_OF(theirs); i++) {
        run_sql(bench->path, theirs[i]);
        str before = test_read_file(&bench->arena, bench->path);
        assert_refused(bench, ERR_INVALID, "belongs to another program");
        assert_true(str_eq(test_read_file(&bench->arena, bench->path), before));
        (void)unlink(bench->path);
    }
}

static void a_newer_schema_is_refused(void **state)
{
    struct bench *bench = *state;
    char sql[64];

    sqlite_store.close(open_ready(bench));
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION + 1);
    run_sql(bench->path, sql);
    assert_refused(bench, ERR_INVALID, "newer version of Gatehouse");
}

static void every_older_version_is_brought_up_to_date_with_its_rows(void **state)
{
    struct bench *bench = *state;

    for (int version = 1; version <= SCHEMA_VERSION; version++) {
        struct key_row *keys = NULL;
        struct exchange_row row = row_of(version);
        size_t count = 0;
        for (int i = 0; i < version; i++) {
            run_sql(bench->path, migrations[i]);
        }
        run_sql(bench->path,
                arena_printf(&bench->arena,
                             "PRAGMA application_id = %d; PRAGMA user_version = %d;"
                             "INSERT INTO api_key VALUES (zeroblob(32),'key-1','n','l',1,0)",
                             0x47617465, version)
                    .at);
        struct store *store = open_ready(bench);
        assert_int_equal(sqlite_store.key_list(store, &bench->arena, &keys, &count), ERR_OK);
        assert_int_equal(count, 1);
        assert_str_equal(keys[0].id, STR("key-1"));
        assert_int_equal(sqlite_store.exchange_append(store, &row, 1), ERR_OK);
        sqlite_store.close(store);
        sqlite_store.close(open_ready(bench)); /* and once more changes nothing */
        (void)unlink(bench->path);
    }
}

static void a_failed_migration_leaves_the_version_before(void **state)
{
    struct bench *bench = *state;
    struct store *store = NULL;
    struct fault fault = {0};
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    /* Version 1 with a table in the way of version 2. */
    run_sql(bench->path, migrations[0]);
    run_sql(bench->path, "CREATE TABLE exchange (x); PRAGMA application_id = 1197569125;"
                         "PRAGMA user_version = 1");
    assert_int_equal(sqlite_store.open(bench->url, &store, &bench->arena, &fault), ERR_OK);
    assert_int_equal(sqlite_store.migrate(store, &bench->arena, &fault), ERR_INTERNAL);
    assert_true(str_find(fault.message, STR("cannot be brought to")) < fault.message.len);
    assert_true(str_find(fault.detail, STR("already exists")) < fault.detail.len);
    sqlite_store.close(store);
    assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 1);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
}

static void rows_survive_closing(void **state)
{
    struct bench *bench = *state;
    struct exchange_row row = row_of(3);
    struct exchange_row *found = NULL;
    size_t count = 0;
    struct store *store = open_ready(bench);

    assert_int_equal(sqlite_store.exchange_append(store, &row, 1), ERR_OK);
    sqlite_store.close(store);
    store = open_ready(bench);
    assert_int_equal(sqlite_store.exchange_list(store, 9, &bench->arena, &found, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(rows_equal(found, &row));
    sqlite_store.close(store);
}

static void a_locked_file_is_busy_and_works_again_later(void **state)
{
    struct bench *bench = *state;
    struct exchange_row row = row_of(3);
    struct store *store = open_ready(bench);
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite_store.exchange_append(store, &row, 1), ERR_BUSY);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite_store.exchange_append(store, &row, 1), ERR_OK);
    (void)sqlite3_close(other);
    sqlite_store.close(store);
}

static void a_failed_batch_is_not_written_at_all(void **state)
{
    struct bench *bench = *state;
    struct exchange_row rows[3] = {row_of(1), row_of(2), row_of(3)};
    struct exchange_row *found = NULL;
    size_t count = 0;
    struct store *store = open_ready(bench);

    run_sql(bench->path, "CREATE TRIGGER full BEFORE INSERT ON exchange WHEN NEW.id LIKE '%3' "
                         "BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_not_equal(sqlite_store.exchange_append(store, rows, 3), ERR_OK);
    run_sql(bench->path, "DROP TRIGGER full");
    assert_int_equal(sqlite_store.exchange_list(store, 9, &bench->arena, &found, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(sqlite_store.exchange_append(store, rows, 3), ERR_OK);
    sqlite_store.close(store);
}

enum { PROCESSES = 4, ROWS_EACH = 50 };

/* In a process of its own: opens a file that may not be there yet and writes. */
static int write_as_another_process(struct bench *bench, int process)
{
    struct store *store = NULL;
    struct fault fault = {0};
    enum err err = sqlite_store.open(bench->url, &store, &bench->arena, &fault);

    err = err != ERR_OK ? err : sqlite_store.migrate(store, &bench->arena, &fault);
    for (int n = 0; err == ERR_OK && n < ROWS_EACH; n++) {
        struct exchange_row row = row_of(process * ROWS_EACH + n);
        do { /* as the writer does: with four at it, one may wait for long */
            err = sqlite_store.exchange_append(store, &row, 1);
        } while (err == ERR_BUSY);
    }
    if (err != ERR_OK) {
        (void)fprintf(stderr, "%s: " STR_FMT " (" STR_FMT ")\n", err_name(err),
                      STR_ARG(fault.message), STR_ARG(fault.detail));
    }
    return (int)err;
}

static void several_processes_make_and_fill_one_file(void **state)
{
    struct bench *bench = *state;
    struct exchange_row *found = NULL;
    size_t count = 0;
    pid_t children[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            _exit(write_as_another_process(bench, i));
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct store *store = open_ready(bench);
    assert_int_equal(sqlite_store.exchange_list(store, 999, &bench->arena, &found, &count), ERR_OK);
    assert_int_equal(count, PROCESSES * ROWS_EACH);
    sqlite_store.close(store);
}

#define ON_A_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First: a process that uses the library already should not fork. */
        ON_A_FILE(several_processes_make_and_fill_one_file),
        ON_A_FILE(a_new_file_is_for_its_owner_only),
        ON_A_FILE(every_form_of_the_url_opens_the_same_file),
        ON_A_FILE(a_missing_folder_is_said_so),
        ON_A_FILE(a_file_that_is_no_database_is_refused_and_left_alone),
        ON_A_FILE(another_programs_database_is_refused_and_left_alone),
        ON_A_FILE(a_newer_schema_is_refused),
        ON_A_FILE(every_older_version_is_brought_up_to_date_with_its_rows),
        ON_A_FILE(a_failed_migration_leaves_the_version_before),
        ON_A_FILE(rows_survive_closing),
        ON_A_FILE(a_locked_file_is_busy_and_works_again_later),
        ON_A_FILE(a_failed_batch_is_not_written_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
