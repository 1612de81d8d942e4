/* One suite for every back-end: what store.h promises. */
#include "store/store.h"

#include "rows.h"
#include "test.h"

struct bench {
    const struct store_ops *ops;
    struct store *store;
    struct arena arena;
    char folder[64];
    char url[128];
};

static int set_up(void **state, const struct store_ops *ops)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct fault fault = {0};

    assert_non_null(bench);
    folder_make(bench->folder);
    (void)snprintf(bench->url, sizeof(bench->url), "%s:%s/store.db", ops->scheme, bench->folder);
    bench->ops = ops;
    assert_int_equal(ops->open(str_c(bench->url), &bench->store, &bench->arena, &fault), ERR_OK);
    assert_int_equal(ops->migrate(bench->store, &bench->arena, &fault), ERR_OK);
    *state = bench;
    return 0;
}

static int set_up_sqlite(void **state)
{
    return set_up(state, &sqlite_store);
}

static int set_up_memory(void **state)
{
    return set_up(state, &memory_store);
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    bench->ops->close(bench->store);
    folder_remove(bench->folder);
    arena_reset(&bench->arena);
    free(bench);
    return 0;
}

static struct key_row key_of(int n, str name)
{
    static char ids[8][17];
    static char labels[8][24];
    struct key_row key = {.name = name, .created_ms = 1000 + n};

    (void)snprintf(ids[n], sizeof(ids[n]), "key-%012d", n);
    (void)snprintf(labels[n], sizeof(labels[n]), "sk-gh-A%d...Z%d", n, n);
    key.id = str_c(ids[n]);
    key.label = str_c(labels[n]);
    memset(key.hash, 100 + n, sizeof(key.hash));
    return key;
}

static void assert_key_equal(const struct key_row *got, const struct key_row *want)
{
    assert_memory_equal(got->hash, want->hash, KEY_HASH_BYTES);
    assert_str_equal(got->id, want->id);
    assert_str_equal(got->name, want->name);
    assert_str_equal(got->label, want->label);
    assert_int_equal(got->created_ms, want->created_ms);
    assert_int_equal(got->revoked_ms, want->revoked_ms);
}

static void a_key_is_found_by_its_hash_and_by_no_other(void **state)
{
    struct bench *bench = *state;
    struct key_row key = key_of(1, STR("n\xc3\xa4me \" ' ; --"));
    struct key_row *found = &key;
    uint8_t other[KEY_HASH_BYTES] = {0};

    assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    assert_int_equal(bench->ops->key_by_hash(bench->store, other, &bench->arena, &found), ERR_OK);
    assert_null(found);
    assert_int_equal(bench->ops->key_by_hash(bench->store, key.hash, &bench->arena, &found),
                     ERR_OK);
    assert_non_null(found);
    assert_key_equal(found, &key);
}

static void a_key_cannot_be_added_twice(void **state)
{
    struct bench *bench = *state;
    struct key_row key = key_of(1, STR("one"));
    struct key_row same_hash = key_of(2, STR("two"));
    struct key_row same_id = key_of(3, STR("three"));

    memcpy(same_hash.hash, key.hash, KEY_HASH_BYTES);
    same_id.id = key.id;
    assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_INVALID);
    assert_int_equal(bench->ops->key_add(bench->store, &same_hash), ERR_INVALID);
    assert_int_equal(bench->ops->key_add(bench->store, &same_id), ERR_INVALID);
}

static void keys_are_listed_oldest_first(void **state)
{
    struct bench *bench = *state;
    struct key_row *keys = NULL;
    size_t count = 99;

    assert_int_equal(bench->ops->key_list(bench->store, &bench->arena, &keys, &count), ERR_OK);
    assert_int_equal(count, 0);
    static const int order[] = {5, 2, 7, 1};
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct key_row key = key_of(order[i], STR("same"));
        assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    }
    assert_int_equal(bench->ops->key_list(bench->store, &bench->arena, &keys, &count), ERR_OK);
    assert_int_equal(count, 4);
    static const int sorted[] = {1, 2, 5, 7};
    for (size_t i = 0; i < count; i++) {
        struct key_row want = key_of(sorted[i], STR("same"));
        assert_key_equal(&keys[i], &want);
    }
}

static void many_keys_are_listed(void **state)
{
    struct bench *bench = *state;
    struct key_row *keys = NULL;
    size_t count = 0;

    for (int i = 0; i < 100; i++) {
        char id[24];
        (void)snprintf(id, sizeof(id), "key-%012d", i);
        struct key_row key = {.id = str_c(id), .name = STR("x"), .created_ms = i};
        memcpy(key.hash, &i, sizeof(i));
        assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    }
    assert_int_equal(bench->ops->key_list(bench->store, &bench->arena, &keys, &count), ERR_OK);
    assert_int_equal(count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(keys[i].created_ms, i);
    }
}

static void a_key_is_revoked_by_id_name_or_label(void **state)
{
    struct bench *bench = *state;
    struct key_row *revoked = NULL;
    const str which[] = {key_of(1, STR_NONE).id, STR("second"), key_of(3, STR_NONE).label};
    static const char *const names[] = {"first", "second", "third"};

    for (int i = 0; i < 3; i++) {
        struct key_row key = key_of(i + 1, str_c(names[i]));
        assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    }
    for (int i = 0; i < 3; i++) {
        struct key_row want = key_of(i + 1, str_c(names[i]));
        want.revoked_ms = 5000 + i;
        assert_int_equal(
            bench->ops->key_revoke(bench->store, which[i], 5000 + i, &bench->arena, &revoked),
            ERR_OK);
        assert_key_equal(revoked, &want);
        assert_int_equal(bench->ops->key_by_hash(bench->store, want.hash, &bench->arena, &revoked),
                         ERR_OK);
        assert_key_equal(revoked, &want);
    }
}

static void revoking_nobody_or_several_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct key_row *out = NULL;
    struct key_row *keys = NULL;
    size_t count = 0;

    for (int i = 1; i <= 2; i++) {
        struct key_row key = key_of(i, STR("twin"));
        assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    }
    assert_int_equal(bench->ops->key_revoke(bench->store, STR("twin"), 9, &bench->arena, &out),
                     ERR_INVALID);
    assert_int_equal(bench->ops->key_revoke(bench->store, STR("nobody"), 9, &bench->arena, &out),
                     ERR_MISSING);
    assert_int_equal(bench->ops->key_revoke(bench->store, STR_NONE, 9, &bench->arena, &out),
                     ERR_MISSING);
    assert_null(out);
    assert_int_equal(bench->ops->key_list(bench->store, &bench->arena, &keys, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(keys[0].revoked_ms + keys[1].revoked_ms, 0);
}

static void a_revoked_key_keeps_its_time(void **state)
{
    struct bench *bench = *state;
    struct key_row key = key_of(1, STR("k"));
    struct key_row *out = NULL;

    assert_int_equal(bench->ops->key_add(bench->store, &key), ERR_OK);
    for (int64_t now_ms = 7000; now_ms < 7002; now_ms++) {
        assert_int_equal(
            bench->ops->key_revoke(bench->store, STR("k"), now_ms, &bench->arena, &out), ERR_OK);
        assert_int_equal(out->revoked_ms, 7000);
    }
    assert_int_equal(bench->ops->key_by_hash(bench->store, key.hash, &bench->arena, &out), ERR_OK);
    assert_int_equal(out->revoked_ms, 7000);
}

static void rows_come_back_whole_and_the_last_first(void **state)
{
    struct bench *bench = *state;
    struct exchange_row rows[5];
    struct exchange_row *found = NULL;
    size_t count = 99;

    assert_int_equal(bench->ops->exchange_list(bench->store, 10, &bench->arena, &found, &count),
                     ERR_OK);
    assert_int_equal(count, 0);
    for (int i = 0; i < 5; i++) {
        rows[i] = row_of((int)i);
    }
    memset(rows[4].error_message, 'e', sizeof(rows[4].error_message)); /* even without its NUL */
    rows[4].cost_nanousd = INT64_MIN;
    rows[4].total_us = INT64_MAX;
    rows[4].status = INT32_MIN;
    assert_int_equal(bench->ops->exchange_append(bench->store, rows, 3), ERR_OK);
    assert_int_equal(bench->ops->exchange_append(bench->store, rows + 3, 2), ERR_OK);
    rows[4].error_message[sizeof(rows[4].error_message) - 1] = '\0';

    static const size_t asked[] = {0, 1, 4, 5, 1000, SIZE_MAX};
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        size_t want = asked[i] < 5 ? asked[i] : 5;
        assert_int_equal(
            bench->ops->exchange_list(bench->store, asked[i], &bench->arena, &found, &count),
            ERR_OK);
        assert_int_equal(count, want);
        for (size_t k = 0; k < want; k++) {
            assert_true(rows_equal(&found[k], &rows[4 - k]));
        }
    }
}

static void a_row_written_twice_is_one_row_and_stays_as_it_was(void **state)
{
    struct bench *bench = *state;
    struct exchange_row rows[3] = {row_of(1), row_of(2), row_of(1)};
    struct exchange_row *found = NULL;
    size_t count = 0;

    rows[2].cost_nanousd = 77;
    assert_int_equal(bench->ops->exchange_append(bench->store, rows, 3), ERR_OK);
    assert_int_equal(bench->ops->exchange_append(bench->store, rows + 2, 1), ERR_OK);
    assert_int_equal(bench->ops->exchange_list(bench->store, 10, &bench->arena, &found, &count),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_true(rows_equal(&found[0], &rows[1]));
    assert_true(rows_equal(&found[1], &rows[0]));
}

/* More than a back-end may write at once, with rows in the middle that are there already. */
static void many_rows_at_once_keep_their_order(void **state)
{
    enum { ROWS = 53 };
    struct bench *bench = *state;
    struct exchange_row rows[ROWS + 2];
    struct exchange_row *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < ROWS; i++) {
        rows[i < 20 ? i : i + 2] = row_of((int)i);
    }
    rows[20] = row_of(3);
    rows[21] = row_of(19);
    rows[20].cost_nanousd = 77;
    assert_int_equal(bench->ops->exchange_append(bench->store, rows, COUNT_OF(rows)), ERR_OK);
    assert_int_equal(bench->ops->exchange_list(bench->store, 100, &bench->arena, &found, &count),
                     ERR_OK);
    assert_int_equal(count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        struct exchange_row want = row_of((int)(ROWS - 1 - i));
        assert_true(rows_equal(&found[i], &want));
    }
}

static void two_stores_of_one_url_see_the_same(void **state)
{
    struct bench *bench = *state;
    struct store *second = NULL;
    struct fault fault = {0};
    struct key_row key = key_of(1, STR("k"));
    struct key_row *out = NULL;

    assert_int_equal(bench->ops->open(str_c(bench->url), &second, &bench->arena, &fault), ERR_OK);
    assert_int_equal(bench->ops->key_add(second, &key), ERR_OK);
    assert_int_equal(bench->ops->key_by_hash(bench->store, key.hash, &bench->arena, &out), ERR_OK);
    assert_non_null(out);
    assert_int_equal(bench->ops->key_revoke(second, STR("k"), 3, &bench->arena, &out), ERR_OK);
    bench->ops->close(second);
    assert_int_equal(bench->ops->key_by_hash(bench->store, key.hash, &bench->arena, &out), ERR_OK);
    assert_int_equal(out->revoked_ms, 3);
}

static void a_url_names_its_back_end(void **state)
{
    (void)state;
    assert_ptr_equal(store_by_url(STR("sqlite:gatehouse.db")), &sqlite_store);
    assert_ptr_equal(store_by_url(STR("sqlite:///var/lib/gatehouse.db")), &sqlite_store);
    assert_ptr_equal(store_by_url(STR("file:/var/lib/gatehouse.db")), &sqlite_store);
    assert_ptr_equal(store_by_url(STR("/var/lib/gatehouse.db")), &sqlite_store);
    assert_ptr_equal(store_by_url(STR("memory:")), &memory_store);
    assert_null(store_by_url(STR("sqlite")));
    assert_null(store_by_url(STR("postgres://db")));
    assert_null(store_by_url(STR("")));
}

#define FOR_BOTH(test)                                          \
    {#test " (sqlite)", test, set_up_sqlite, tear_down, NULL},  \
    {                                                           \
#        test " (memory)", test, set_up_memory, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOR_BOTH(a_key_is_found_by_its_hash_and_by_no_other),
        FOR_BOTH(a_key_cannot_be_added_twice),
        FOR_BOTH(keys_are_listed_oldest_first),
        FOR_BOTH(many_keys_are_listed),
        FOR_BOTH(a_key_is_revoked_by_id_name_or_label),
        FOR_BOTH(revoking_nobody_or_several_changes_nothing),
        FOR_BOTH(a_revoked_key_keeps_its_time),
        FOR_BOTH(rows_come_back_whole_and_the_last_first),
        FOR_BOTH(a_row_written_twice_is_one_row_and_stays_as_it_was),
        FOR_BOTH(many_rows_at_once_keep_their_order),
        FOR_BOTH(two_stores_of_one_url_see_the_same),
        cmocka_unit_test(a_url_names_its_back_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
