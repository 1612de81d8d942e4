#include "store/spool.h"

#include "memory_disk.h"
#include "rows.h"
#include "test.h"

enum { LIMIT = 1024 * 1024 };

static struct spool *open_on(const struct file_ops *files)
{
    struct spool *spool = NULL;
    struct fault fault = {0};

    assert_int_equal(spool_open(files, STR("spool"), LIMIT, &spool, &fault), ERR_OK);
    return spool;
}

static void append(struct spool *spool, int from, int to)
{
    for (int n = from; n < to; n++) {
        struct exchange_row row = row_of(n);
        assert_int_equal(spool_append(spool, &row, 1), ERR_OK);
    }
}

/* Takes everything out, `step` at a time, and checks that it is the rows from..to. */
static void assert_holds(struct spool *spool, int from, int to, size_t step)
{
    struct exchange_row rows[8];
    size_t count = 0;

    assert_int_equal(spool_rows(spool), to - from);
    for (int n = from; n < to;) {
        assert_int_equal(spool_peek(spool, rows, step, &count), ERR_OK);
        assert_in_range(count, 1, step);
        for (size_t i = 0; i < count; i++, n++) {
            struct exchange_row want = row_of(n);
            assert_true(rows_equal(&rows[i], &want));
        }
        spool_drop(spool);
    }
    assert_int_equal(spool_peek(spool, rows, step, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(spool_rows(spool), 0);
}

static void rows_come_back_in_order_and_the_file_is_emptied(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = open_on(&files);

    (void)state;
    for (size_t step = 1; step <= 8; step++) {
        append(spool, 0, 300); /* more than one window */
        assert_holds(spool, 0, 300, step);
        assert_int_equal(disk.bytes.len, 0);
    }
    spool_close(spool);
    memory_disk_free(&disk);
}

static void a_peek_without_a_drop_gives_the_same_again(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = open_on(&files);
    struct exchange_row row;
    size_t count = 0;

    (void)state;
    append(spool, 0, 3);
    assert_int_equal(spool_peek(spool, &row, 1, &count), ERR_OK);
    append(spool, 3, 4);
    assert_holds(spool, 0, 4, 2);
    spool_close(spool);
    memory_disk_free(&disk);
}

static void rows_survive_a_restart(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);

    (void)state;
    for (int n = 0; n < 5; n++) {
        struct spool *spool = open_on(&files);
        append(spool, n, n + 1);
        spool_close(spool);
    }
    struct spool *spool = open_on(&files);
    assert_holds(spool, 0, 5, 8);
    spool_close(spool);
    memory_disk_free(&disk);
}

static void every_append_is_synced(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = open_on(&files);

    (void)state;
    append(spool, 0, 7);
    assert_int_equal(atomic_load(&disk.syncs), 7);
    spool_close(spool);
    memory_disk_free(&disk);
}

/* The file as it is after rows 0..2; `second` and `third` are where those records begin. */
static void three_rows(struct memory_disk *disk, size_t *second, size_t *third)
{
    struct file_ops files = memory_disk_ops(disk);
    struct spool *spool = open_on(&files);

    append(spool, 0, 1);
    *second = disk->bytes.len;
    append(spool, 1, 2);
    *third = disk->bytes.len;
    append(spool, 2, 3);
    spool_close(spool);
}

static void a_file_torn_anywhere_keeps_its_whole_records(void **state)
{
    struct memory_disk disk;
    size_t second = 0;
    size_t third = 0;

    (void)state;
    memory_disk_init(&disk);
    three_rows(&disk, &second, &third);
    size_t whole = disk.bytes.len;
    memory_disk_free(&disk);
    for (size_t cut = 0; cut <= whole; cut++) {
        memory_disk_init(&disk);
        three_rows(&disk, &second, &third);
        disk.bytes.len = cut;
        struct file_ops files = memory_disk_ops(&disk);
        struct spool *spool = open_on(&files);
        int kept = cut == whole ? 3 : cut >= third ? 2 : cut >= second ? 1 : 0;
        append(spool, kept, 4); /* what follows is not lost behind the torn part */
        assert_holds(spool, 0, 4, 8);
        spool_close(spool);
        memory_disk_free(&disk);
    }
}

static void a_file_that_ends_in_zeros_keeps_its_whole_records(void **state)
{
    struct memory_disk disk;
    size_t second = 0;
    size_t third = 0;

    (void)state;
    memory_disk_init(&disk);
    three_rows(&disk, &second, &third);
    size_t whole = disk.bytes.len;
    memory_disk_free(&disk);
    for (size_t cut = 0; cut < whole; cut++) {
        memory_disk_init(&disk);
        three_rows(&disk, &second, &third);
        bool changes[3] = {false, false, false}; /* a record that ends in zeros stays whole */
        for (size_t at = cut; at < whole; at++) {
            changes[at >= third ? 2 : at >= second ? 1 : 0] |= disk.bytes.at[at] != 0;
        }
        memset(disk.bytes.at + cut, 0, whole - cut);
        struct file_ops files = memory_disk_ops(&disk);
        struct spool *spool = open_on(&files);
        int kept = changes[0] ? 0 : changes[1] ? 1 : changes[2] ? 2 : 3;
        assert_holds(spool, 0, kept, 8);
        spool_close(spool);
        memory_disk_free(&disk);
    }
}

static void a_damaged_byte_costs_one_row(void **state)
{
    struct memory_disk disk;
    size_t second = 0;
    size_t third = 0;

    (void)state;
    memory_disk_init(&disk);
    three_rows(&disk, &second, &third);
    for (size_t at = second; at < third; at++) {
        struct exchange_row rows[3];
        struct exchange_row want[2] = {row_of(0), row_of(2)};
        size_t count = 0;
        disk.bytes.at[at] ^= 0x10;
        struct file_ops files = memory_disk_ops(&disk);
        struct spool *spool = open_on(&files);
        assert_int_equal(spool_peek(spool, rows, 3, &count), ERR_OK);
        assert_int_equal(count, 2);
        assert_true(rows_equal(&rows[0], &want[0]));
        assert_true(rows_equal(&rows[1], &want[1]));
        spool_close(spool);
        disk.bytes.at[at] ^= 0x10;
    }
    memory_disk_free(&disk);
}

/* Two rows written to a disk with room for `writable` bytes of them. */
static void write_to_a_full_disk(size_t writable, bool truncate_fails)
{
    struct exchange_row rows[2] = {row_of(1), row_of(2)};
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = open_on(&files);

    append(spool, 0, 1);
    disk.writable = writable;
    atomic_store(&disk.is_full, true);
    atomic_store(&disk.truncate_fails, truncate_fails);
    assert_int_equal(spool_append(spool, rows, 2), ERR_PEER);
    assert_int_equal(spool_rows(spool), 1);
    atomic_store(&disk.is_full, false);
    atomic_store(&disk.truncate_fails, false);
    append(spool, 1, 3);
    spool_close(spool);
    spool = open_on(&files);
    assert_holds(spool, 0, 3, 8);
    spool_close(spool);
    memory_disk_free(&disk);
}

static void a_failed_write_leaves_no_trace(void **state)
{
    struct memory_disk disk;
    size_t second = 0;
    size_t third = 0;

    (void)state;
    memory_disk_init(&disk);
    three_rows(&disk, &second, &third);
    size_t two_records = disk.bytes.len - second;
    memory_disk_free(&disk);
    for (size_t writable = 0; writable < two_records; writable++) {
        write_to_a_full_disk(writable, false);
        write_to_a_full_disk(writable, true);
    }
}

static void a_failed_sync_is_a_failure(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = open_on(&files);
    struct exchange_row row = row_of(0);

    (void)state;
    atomic_store(&disk.sync_fails, true);
    assert_int_equal(spool_append(spool, &row, 1), ERR_PEER);
    assert_int_equal(spool_rows(spool), 0);
    assert_int_equal(disk.bytes.len, 0);
    spool_close(spool);
    memory_disk_free(&disk);
}

static void the_limit_is_kept(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = NULL;
    struct fault fault = {0};
    enum err err = ERR_OK;
    int n = 0;

    (void)state;
    assert_int_equal(spool_open(&files, STR("spool"), 10000, &spool, &fault), ERR_OK);
    assert_true(spool_has_room(spool, 4));
    assert_false(spool_has_room(spool, 5));
    while (err == ERR_OK) {
        struct exchange_row row = row_of(n);
        bool was_promised = spool_has_room(spool, 1);
        err = spool_append(spool, &row, 1);
        assert_true(!was_promised || err == ERR_OK);
        n += err == ERR_OK ? 1 : 0;
    }
    assert_int_equal(err, ERR_TOO_BIG);
    assert_in_range(disk.bytes.len, 9000, 10000);
    assert_false(spool_has_room(spool, 1));
    assert_holds(spool, 0, n, 8);
    append(spool, 0, 1);
    spool_close(spool);
    memory_disk_free(&disk);
}

static void another_file_is_left_alone(void **state)
{
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct spool *spool = NULL;
    struct fault fault = {0};

    (void)state;
    assert_int_equal(buf_add(&disk.bytes, STR("SQLite format 3")), ERR_OK);
    assert_int_equal(spool_open(&files, STR("spool"), LIMIT, &spool, &fault), ERR_INVALID);
    assert_str_equal(fault.message, STR("the spool file is not one of Gatehouse's"));
    assert_str_equal(buf_str(&disk.bytes), STR("SQLite format 3"));
    memory_disk_free(&disk);
}

static void the_real_disk_does_it_too(void **state)
{
    char folder[64];
    char path[96];
    struct fault fault = {0};
    struct spool *spool = NULL;
    struct spool *second = NULL;

    (void)state;
    folder_make(folder);
    int len = snprintf(path, sizeof(path), "%s/spool", folder);
    str where = str_of(path, (size_t)len);
    assert_int_equal(spool_open(&disk_files, where, LIMIT, &spool, &fault), ERR_OK);
    assert_int_equal(spool_open(&disk_files, where, LIMIT, &second, &fault), ERR_BUSY);
    assert_str_equal(fault.message, STR("another process has the spool file open"));
    append(spool, 0, 9);
    spool_close(spool);
    assert_int_equal(spool_open(&disk_files, where, LIMIT, &spool, &fault), ERR_OK);
    assert_holds(spool, 0, 9, 4);
    spool_close(spool);
    where = STR("/nowhere/at/all/spool");
    assert_int_equal(spool_open(&disk_files, where, LIMIT, &spool, &fault), ERR_PEER);
    folder_remove(folder);
}

static void an_older_or_newer_record_is_read_as_far_as_both_know(void **state)
{
    (void)state;
    /* Written by hand: length 5, the CRC-32 of length and payload, an id of four characters. */
    static const char older[] = "GHSPOOL1\x05\0\0\0\x43\x77\x53\x1b\x04"
                                "gen1";
    struct memory_disk disk;
    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    struct exchange_row row;
    size_t count = 0;

    assert_int_equal(buf_add(&disk.bytes, str_of(older, sizeof(older) - 1)), ERR_OK);
    struct spool *spool = open_on(&files);
    assert_int_equal(spool_peek(spool, &row, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(row.id, "gen1");
    assert_int_equal(row.answer_bytes, 0);
    spool_close(spool);
    memory_disk_free(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_in_order_and_the_file_is_emptied),
        cmocka_unit_test(a_peek_without_a_drop_gives_the_same_again),
        cmocka_unit_test(rows_survive_a_restart),
        cmocka_unit_test(every_append_is_synced),
        cmocka_unit_test(a_file_torn_anywhere_keeps_its_whole_records),
        cmocka_unit_test(a_file_that_ends_in_zeros_keeps_its_whole_records),
        cmocka_unit_test(a_damaged_byte_costs_one_row),
        cmocka_unit_test(a_failed_write_leaves_no_trace),
        cmocka_unit_test(a_failed_sync_is_a_failure),
        cmocka_unit_test(the_limit_is_kept),
        cmocka_unit_test(another_file_is_left_alone),
        cmocka_unit_test(the_real_disk_does_it_too),
        cmocka_unit_test(an_older_or_newer_record_is_read_as_far_as_both_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
