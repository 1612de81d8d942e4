/* links: store.  Any file must open or be refused, give out sane rows, and take new ones. */
#include "store/columns.h"
#include "store/spool.h"

#include "../unit/store/memory_disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_disk disk;
    struct fault fault = {0};
    struct spool *spool = NULL;
    struct exchange_row rows[4];
    struct exchange_row added = {.id = "gen-1"};
    size_t count = 1;

    memory_disk_init(&disk);
    struct file_ops files = memory_disk_ops(&disk);
    assert(buf_add(&disk.bytes, str_of((const char *)data, size)) == ERR_OK);
    if (spool_open(&files, STR("spool"), 1 << 20, &spool, &fault) == ERR_OK) {
        uint64_t expected = spool_rows(spool) + 1;
        uint64_t found = 0;
        assert(spool_append(spool, &added, 1) == ERR_OK);
        while (count > 0) {
            assert(spool_peek(spool, rows, COUNT_OF(rows), &count) == ERR_OK);
            spool_drop(spool);
            found += count;
            for (size_t i = 0; i < count; i++) {
                assert(column_text(&exchange_columns[0], &rows[i]).len > 0);
            }
        }
        assert(found == expected && spool_rows(spool) == 0 && disk.bytes.len == 0);
        spool_close(spool);
    }
    memory_disk_free(&disk);
    return 0;
}
