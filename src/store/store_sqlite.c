/*
 * store_sqlite: keys and exchange rows in one SQLite file.
 *
 * WAL with full sync: what was committed survives a loss of power, and other processes (the command
 * line) read and write the same file meanwhile.  Every connection belongs to one thread and keeps
 * its prepared statements.
 */
#include "base/buf.h"
#include "store/columns.h"
#include "store/keys.h"
#include "store/migrations.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x47617465, /* "Gate": marks the file as ours */
    /* How long another process may keep us waiting.  Rows have a spool to go to, the rest has not.
     */
    BUSY_WAIT_MS = 5000,
    BUSY_WAIT_ROWS_MS = 1000,
    SQL_BYTES_MAX = 4096,
    /* Starting a statement costs as much as a row: sixteen rows at once take a third less. */
    ROWS_A_STATEMENT = 16,
};

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    KEY_BY_HASH,
    KEY_ADD,
    KEY_LIST,
    KEY_REVOKE,
    EXCHANGE_ADD,
    EXCHANGE_ADD_MANY,
    EXCHANGE_LIST,
    STATEMENTS,
};

struct sqlite {
    struct store store;
    sqlite3 *db;                          /* owned */
    sqlite3_stmt *statements[STATEMENTS]; /* owned, made at first use */
};

/* Those about exchanges are made from the column table. */
static const char *const sql_texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [KEY_BY_HASH] =
        "SELECT hash, id, name, label, created_ms, revoked_ms FROM api_key WHERE hash = ?",
    [KEY_ADD] = "INSERT INTO api_key (hash, id, name, label, created_ms, revoked_ms)"
                " VALUES (?, ?, ?, ?, ?, ?)",
    [KEY_LIST] = "SELECT hash, id, name, label, created_ms, revoked_ms FROM api_key"
                 " ORDER BY created_ms, id",
    [KEY_REVOKE] = "UPDATE api_key SET revoked_ms = ? WHERE hash = ? AND revoked_ms = 0",
};

/* Every connection is set up alike: small caches, nothing shared, nothing mapped. */
static const char set_up_sql[] = "PRAGMA journal_mode = WAL;"
                                 "PRAGMA synchronous = FULL;"
                                 "PRAGMA foreign_keys = ON;"
                                 "PRAGMA trusted_schema = OFF;"
                                 "PRAGMA cache_size = -1024;"
                                 "PRAGMA mmap_size = 0;"
                                 /* 16 MiB of log between checkpoints: a fifth less CPU per row */
                                 "PRAGMA wal_autocheckpoint = 4000;"
                                 "PRAGMA journal_size_limit = 33554432;";

static struct sqlite *sqlite_of(struct store *store)
{
    return CONTAINER_OF(store, struct sqlite, store);
}

/* What the caller can do about a result code. */
static enum err err_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CONSTRAINT:
    case SQLITE_NOTADB:
        return ERR_INVALID;
    case SQLITE_TOOBIG:
        return ERR_TOO_BIG;
    case SQLITE_NOMEM:
        out_of_memory();
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
        return ERR_INTERNAL;
    default:
        return ERR_PEER; /* disk full, read-only, corrupt, I/O error... */
    }
}

static enum err exchange_sql(enum statement which, struct buf *sql)
{
    bool adds = which == EXCHANGE_ADD || which == EXCHANGE_ADD_MANY;
    size_t rows = which == EXCHANGE_ADD_MANY ? ROWS_A_STATEMENT : 1;
    enum err err = buf_add(sql, adds ? STR("INSERT INTO exchange (") : STR("SELECT "));

    for (size_t i = 0; err == ERR_OK && i < EXCHANGE_COLUMNS; i++) {
        err = buf_printf(sql, "%s%s", i > 0 ? ", " : "", exchange_columns[i].name);
    }
    if (err != ERR_OK || !adds) {
        return err != ERR_OK ? err
                             : buf_add(sql, STR(" FROM exchange ORDER BY rowid DESC LIMIT ?"));
    }
    err = buf_add(sql, STR(") VALUES "));
    for (size_t i = 0; err == ERR_OK && i < rows * EXCHANGE_COLUMNS; i++) {
        bool first = i % EXCHANGE_COLUMNS == 0;
        err = buf_add(sql, !first ? STR(", ?") : i > 0 ? STR("), (?") : STR("(?"));
    }
    return err != ERR_OK ? err : buf_add(sql, STR(") ON CONFLICT (id) DO NOTHING"));
}

static enum err statement_get(struct sqlite *sqlite, enum statement which, sqlite3_stmt **out)
{
    struct buf made;
    str sql = str_c(sql_texts[which]);
    enum err err = ERR_OK;

    if (sqlite->statements[which] != NULL) {
        *out = sqlite->statements[which];
        return ERR_OK;
    }
    buf_init(&made, SQL_BYTES_MAX);
    if (sql.at == NULL) {
        err = exchange_sql(which, &made);
        sql = buf_str(&made);
    }
    if (err == ERR_OK) {
        err = err_of(sqlite3_prepare_v3(sqlite->db, sql.at, (int)sql.len, SQLITE_PREPARE_PERSISTENT,
                                        &sqlite->statements[which], NULL));
    }
    buf_free(&made);
    if (err == ERR_OK) {
        *out = sqlite->statements[which];
    }
    return err;
}

/* Runs a statement that gives no rows, and leaves it ready for the next time. */
static enum err finish(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    (void)sqlite3_reset(statement); /* tells what sqlite3_step told */
    return err_of(result);
}

static enum err run(struct sqlite *sqlite, enum statement which)
{
    sqlite3_stmt *statement = NULL;
    enum err err = statement_get(sqlite, which, &statement);

    return err != ERR_OK ? err : finish(statement);
}

/* Ends a transaction after `err`: for good, or as if it had not been. */
static enum err finish_transaction(struct sqlite *sqlite, enum err err)
{
    if (err == ERR_OK) {
        err = run(sqlite, COMMIT);
    }
    /* Some failures have rolled back by themselves. */
    if (err != ERR_OK && sqlite3_get_autocommit(sqlite->db) == 0) {
        (void)!run(sqlite, ROLLBACK); /* what failed before is what the caller must know */
    }
    return err;
}

/* ---- opening ---- */

/* The first row of a query, as numbers. */
static enum err query_numbers(sqlite3 *db, const char *sql, int *out, int count)
{
    sqlite3_stmt *statement = NULL;
    enum err err = err_of(sqlite3_prepare_v2(db, sql, -1, &statement, NULL));

    if (err == ERR_OK) {
        err = err_of(sqlite3_step(statement));
    }
    for (int i = 0; err == ERR_OK && i < count; i++) {
        out[i] = sqlite3_column_int(statement, i);
    }
    (void)sqlite3_finalize(statement); /* tells what sqlite3_step told */
    return err;
}

static enum err fail(enum err err, struct arena *arena, str path, const char *words,
                     struct fault *fault)
{
    *fault = (struct fault){
        .kind = err,
        .type = FAULT_SERVER,
        .message = arena_printf(arena, "the database " STR_FMT " %s", STR_ARG(path), words)};
    return err;
}

/* The same with the library's own words for the log. */
static enum err fail_with(sqlite3 *db, enum err err, struct arena *arena, str path,
                          const char *words, struct fault *fault)
{
    (void)fail(err, arena, path, words, fault);
    fault->detail = arena_copy(arena, str_c(sqlite3_errmsg(db)));
    return err;
}

/* Looks before anything is changed: some other program's file must stay as it is. */
static enum err check_is_ours(sqlite3 *db, str path, struct arena *arena, struct fault *fault)
{
    /* In one statement, so that a migration by another process falls before or after it. */
    static const char sql[] = "SELECT (SELECT application_id FROM pragma_application_id),"
                              " (SELECT user_version FROM pragma_user_version),"
                              " (SELECT count(*) FROM sqlite_master)";
    int found[3] = {0, 0, 0};
    enum err err = query_numbers(db, sql, found, COUNT_OF(found));
    bool is_marked = found[0] == APPLICATION_ID;
    bool is_new = found[0] == 0 && found[1] == 0 && found[2] == 0;

    if (err != ERR_OK) {
        return fail_with(db, err, arena, path,
                         err == ERR_INVALID ? "is not a database" : "cannot be read", fault);
    }
    if (!is_marked && !is_new) {
        return fail(ERR_INVALID, arena, path, "belongs to another program", fault);
    }
    if (found[1] > SCHEMA_VERSION) {
        (void)fail(ERR_INVALID, arena, path, "was made by a newer version of Gatehouse", fault);
        fault->detail = arena_printf(arena, "schema version %d, this program knows up to %d",
                                     found[1], SCHEMA_VERSION);
        return ERR_INVALID;
    }
    return ERR_OK;
}

/* The path in "sqlite:PATH", "file:PATH", either with "//" before an absolute path, or PATH. */
static str path_of_url(str url)
{
    str path = url;

    if (str_has_prefix(url, STR("sqlite:")) || str_has_prefix(url, STR("file:"))) {
        path = str_skip(url, str_find_char(url, ':') + 1);
    }
    return str_has_prefix(path, STR("///")) ? str_skip(path, 2) : path;
}

/* SQLite would make the file readable by everyone; its log files get the mode of the file. */
static void create_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    /* Only a file that was not there before is closed here: closing an open database would drop the
     * locks this process holds on it.  What went wrong, sqlite3_open_v2() finds again. */
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void configure_library(void)
{
    /* Nobody reads the statistics, and keeping them costs a lock per allocation.  Fails,
     * harmlessly, when somebody uses the library already. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* Another process that makes the same file, or closes it for good, at this very moment can make
 * switching to the write-ahead log fail as if the disk were broken; a moment later it is not. */
static int set_up(sqlite3 *db)
{
    enum { TRIES = 5, PAUSE_MS = 20 };
    int code = SQLITE_OK;

    for (int i = 0; i < TRIES; i++) {
        code = sqlite3_exec(db, set_up_sql, NULL, NULL, NULL);
        if ((code & 0xff) != SQLITE_IOERR) {
            break;
        }
        (void)sqlite3_sleep(PAUSE_MS);
    }
    return code;
}

static enum err connect(str path, struct arena *arena, struct sqlite *sqlite, struct fault *fault)
{
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    create_private(path.at);
    enum err err = err_of(sqlite3_open_v2(path.at, &sqlite->db, flags, NULL));
    if (err != ERR_OK) {
        return fail_with(sqlite->db, ERR_PEER, arena, path, "cannot be opened", fault);
    }
    (void)sqlite3_busy_timeout(sqlite->db, BUSY_WAIT_MS); /* cannot fail on an open connection */
    err = check_is_ours(sqlite->db, path, arena, fault);
    if (err != ERR_OK) {
        return err;
    }
    err = err_of(set_up(sqlite->db));
    if (err != ERR_OK) {
        return fail_with(sqlite->db, ERR_PEER, arena, path, "cannot be set up", fault);
    }
    return ERR_OK;
}

static void sqlite_close(struct store *store)
{
    struct sqlite *sqlite = sqlite_of(store);

    for (size_t i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(sqlite->statements[i]); /* tells what the last step told */
    }
    (void)sqlite3_close(sqlite->db); /* no statement is left: it cannot be busy */
    free(sqlite);
}

static enum err sqlite_open(str url, struct store **out, struct arena *arena, struct fault *fault)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    str path = arena_copy(arena, path_of_url(url));

    (void)pthread_once(&once, configure_library);
    struct sqlite *sqlite = calloc(1, sizeof(*sqlite));
    if (sqlite == NULL) {
        out_of_memory();
    }
    sqlite->store.ops = &sqlite_store;
    enum err err = connect(path, arena, sqlite, fault);
    if (err != ERR_OK) {
        sqlite_close(&sqlite->store);
        return err;
    }
    *out = &sqlite->store;
    return ERR_OK;
}

/* ---- migrations ---- */

/* Inside a transaction: nobody else changes the version meanwhile. */
static enum err migrate_from(sqlite3 *db, int version)
{
    char mark[96];
    enum err err = version > SCHEMA_VERSION ? ERR_INVALID : ERR_OK;

    for (int i = version; err == ERR_OK && i < SCHEMA_VERSION; i++) {
        err = err_of(sqlite3_exec(db, migrations[i], NULL, NULL, NULL));
    }
    if (err == ERR_OK && version < SCHEMA_VERSION) {
        (void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                       APPLICATION_ID, SCHEMA_VERSION);
        err = err_of(sqlite3_exec(db, mark, NULL, NULL, NULL));
    }
    return err;
}

static enum err sqlite_migrate(struct store *store, struct arena *arena, struct fault *fault)
{
    struct sqlite *sqlite = sqlite_of(store);
    int version = 0;
    enum err err = query_numbers(sqlite->db, "PRAGMA user_version", &version, 1);

    if (err == ERR_OK && version == SCHEMA_VERSION) {
        return ERR_OK; /* without taking the write lock */
    }
    err = run(sqlite, BEGIN);
    err = err != ERR_OK ? err : query_numbers(sqlite->db, "PRAGMA user_version", &version, 1);
    err = err != ERR_OK ? err : migrate_from(sqlite->db, version);
    err = err != ERR_OK ? err : run(sqlite, COMMIT);
    if (err != ERR_OK) { /* the library's words first: rolling back replaces them */
        str path = str_c(sqlite3_db_filename(sqlite->db, "main"));
        (void)fail_with(sqlite->db, err, arena, path, "cannot be brought to this program's version",
                        fault);
        return finish_transaction(sqlite, err);
    }
    return ERR_OK;
}

/* ---- keys ---- */

static str column_copy(sqlite3_stmt *statement, int column, struct arena *arena)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    int len = sqlite3_column_bytes(statement, column);

    return arena_copy(arena, str_of((const char *)text, text != NULL ? (size_t)len : 0));
}

/* An array twice as long.  The arena keeps the shorter ones too: twice the memory in all. */
static void *grow(struct arena *arena, const void *items, size_t item_bytes, size_t *room)
{
    size_t more = *room > 0 ? *room * 2 : 16;
    void *grown = arena_take(arena, more * item_bytes);

    if (*room > 0) {
        memcpy(grown, items, *room * item_bytes);
    }
    *room = more;
    return grown;
}

/* The columns of KEY_BY_HASH and KEY_LIST. */
static void read_key(sqlite3_stmt *statement, struct arena *arena, struct key_row *key)
{
    const void *hash = sqlite3_column_blob(statement, 0);

    *key = (struct key_row){.id = column_copy(statement, 1, arena),
                            .name = column_copy(statement, 2, arena),
                            .label = column_copy(statement, 3, arena),
                            .created_ms = sqlite3_column_int64(statement, 4),
                            .revoked_ms = sqlite3_column_int64(statement, 5)};
    if (hash != NULL && sqlite3_column_bytes(statement, 0) == KEY_HASH_BYTES) {
        memcpy(key->hash, hash, KEY_HASH_BYTES);
    }
}

static void bind_text(sqlite3_stmt *statement, int at, str text)
{
    /* Borrowed until the step; cannot fail for a number within the statement and a sane length. */
    (void)sqlite3_bind_text(statement, at, text.len > 0 ? text.at : "", (int)text.len,
                            SQLITE_STATIC);
}

static void bind_hash(sqlite3_stmt *statement, int at, const uint8_t hash[KEY_HASH_BYTES])
{
    (void)sqlite3_bind_blob(statement, at, hash, KEY_HASH_BYTES, SQLITE_STATIC);
}

static enum err sqlite_key_by_hash(struct store *store, const uint8_t hash[KEY_HASH_BYTES],
                                   struct arena *arena, struct key_row **out)
{
    sqlite3_stmt *statement = NULL;
    enum err err = statement_get(sqlite_of(store), KEY_BY_HASH, &statement);

    if (err != ERR_OK) {
        return err;
    }
    bind_hash(statement, 1, hash);
    int result = sqlite3_step(statement);
    err = err_of(result);
    if (err == ERR_OK) {
        *out = NULL;
    }
    if (result == SQLITE_ROW) {
        *out = ARENA_NEW(arena, struct key_row);
        read_key(statement, arena, *out);
    }
    (void)sqlite3_reset(statement);
    return err;
}

static enum err sqlite_key_add(struct store *store, const struct key_row *key)
{
    sqlite3_stmt *statement = NULL;
    enum err err = statement_get(sqlite_of(store), KEY_ADD, &statement);

    if (err != ERR_OK) {
        return err;
    }
    bind_hash(statement, 1, key->hash);
    bind_text(statement, 2, key->id);
    bind_text(statement, 3, key->name);
    bind_text(statement, 4, key->label);
    (void)sqlite3_bind_int64(statement, 5, key->created_ms);
    (void)sqlite3_bind_int64(statement, 6, key->revoked_ms);
    return finish(statement);
}

static enum err sqlite_key_list(struct store *store, struct arena *arena, struct key_row **out,
                                size_t *count)
{
    sqlite3_stmt *statement = NULL;
    struct key_row *keys = NULL;
    size_t room = 0;
    size_t n = 0;
    int result = SQLITE_ROW;
    enum err err = statement_get(sqlite_of(store), KEY_LIST, &statement);

    if (err != ERR_OK) {
        return err;
    }
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (n == room) {
            keys = grow(arena, keys, sizeof(*keys), &room);
        }
        read_key(statement, arena, &keys[n++]);
    }
    (void)sqlite3_reset(statement);
    if (result == SQLITE_DONE) {
        *out = keys;
        *count = n;
    }
    return err_of(result);
}

static enum err mark_revoked(struct sqlite *sqlite, struct key_row *key, int64_t now_ms)
{
    sqlite3_stmt *statement = NULL;
    enum err err = statement_get(sqlite, KEY_REVOKE, &statement);

    if (err != ERR_OK || key->revoked_ms != 0) {
        return err;
    }
    (void)sqlite3_bind_int64(statement, 1, now_ms);
    bind_hash(statement, 2, key->hash);
    key->revoked_ms = now_ms;
    return finish(statement);
}

static enum err sqlite_key_revoke(struct store *store, str which, int64_t now_ms,
                                  struct arena *arena, struct key_row **out)
{
    struct sqlite *sqlite = sqlite_of(store);
    struct key_row *keys = NULL;
    struct key_row *key = NULL;
    size_t count = 0;
    enum err err = run(sqlite, BEGIN);

    if (err != ERR_OK) {
        return err;
    }
    err = sqlite_key_list(store, arena, &keys, &count);
    if (err == ERR_OK) {
        err = keys_find_one(keys, count, which, &key);
    }
    if (err == ERR_OK) {
        err = mark_revoked(sqlite, key, now_ms);
    }
    err = finish_transaction(sqlite, err);
    if (err == ERR_OK) {
        *out = key;
    }
    return err;
}

/* ---- exchanges ---- */

static void bind_exchange(sqlite3_stmt *statement, int first, const struct exchange_row *row)
{
    for (size_t i = 0; i < EXCHANGE_COLUMNS; i++) {
        const struct column *column = &exchange_columns[i];
        if (column->kind == COLUMN_TEXT) {
            bind_text(statement, first + (int)i, column_text(column, row));
        } else {
            (void)sqlite3_bind_int64(statement, first + (int)i, column_number(column, row));
        }
    }
}

/* Adds `count` rows with one run of a statement made for so many. */
static enum err add_exchanges(struct sqlite *sqlite, enum statement which,
                              const struct exchange_row *rows, size_t count)
{
    sqlite3_stmt *statement = NULL;
    enum err err = statement_get(sqlite, which, &statement);

    if (err != ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        bind_exchange(statement, 1 + (int)(i * EXCHANGE_COLUMNS), &rows[i]);
    }
    return finish(statement);
}

static enum err sqlite_exchange_append(struct store *store, const struct exchange_row *rows,
                                       size_t count)
{
    struct sqlite *sqlite = sqlite_of(store);
    size_t done = 0;

    (void)sqlite3_busy_timeout(sqlite->db, BUSY_WAIT_ROWS_MS);
    enum err err = run(sqlite, BEGIN);
    if (err != ERR_OK) {
        return err;
    }
    for (; err == ERR_OK && count - done >= ROWS_A_STATEMENT; done += ROWS_A_STATEMENT) {
        err = add_exchanges(sqlite, EXCHANGE_ADD_MANY, &rows[done], ROWS_A_STATEMENT);
    }
    for (; err == ERR_OK && done < count; done++) {
        err = add_exchanges(sqlite, EXCHANGE_ADD, &rows[done], 1);
    }
    return finish_transaction(sqlite, err);
}

static void read_exchange(sqlite3_stmt *statement, struct exchange_row *row)
{
    for (size_t i = 0; i < EXCHANGE_COLUMNS; i++) {
        const struct column *column = &exchange_columns[i];
        if (column->kind == COLUMN_TEXT) {
            const unsigned char *text = sqlite3_column_text(statement, (int)i);
            int len = sqlite3_column_bytes(statement, (int)i);
            column_set_text(column, row, str_of((const char *)text, (size_t)len));
        } else {
            column_set_number(column, row, sqlite3_column_int64(statement, (int)i));
        }
    }
}

static enum err sqlite_exchange_list(struct store *store, size_t count, struct arena *arena,
                                     struct exchange_row **out, size_t *found)
{
    sqlite3_stmt *statement = NULL;
    struct exchange_row *rows = NULL;
    size_t room = 0;
    size_t n = 0;
    int result = SQLITE_ROW;
    enum err err = statement_get(sqlite_of(store), EXCHANGE_LIST, &statement);

    if (err != ERR_OK) {
        return err;
    }
    (void)sqlite3_bind_int64(statement, 1, count < INT64_MAX ? (int64_t)count : INT64_MAX);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (n == room) {
            rows = grow(arena, rows, sizeof(*rows), &room);
        }
        read_exchange(statement, &rows[n++]);
    }
    (void)sqlite3_reset(statement);
    if (result == SQLITE_DONE) {
        *out = rows;
        *found = n;
    }
    return err_of(result);
}

const struct store_ops sqlite_store = {.scheme = "sqlite",
                                       .open = sqlite_open,
                                       .close = sqlite_close,
                                       .migrate = sqlite_migrate,
                                       .key_by_hash = sqlite_key_by_hash,
                                       .key_add = sqlite_key_add,
                                       .key_list = sqlite_key_list,
                                       .key_revoke = sqlite_key_revoke,
                                       .exchange_append = sqlite_exchange_append,
                                       .exchange_list = sqlite_exchange_list};
