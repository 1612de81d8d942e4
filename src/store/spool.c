#include "store/spool.h"

#include "base/buf.h"
#include "store/columns.h"

#include <stdlib.h>

/*
 * The file: eight bytes of MAGIC, then records: payload length (4 bytes), CRC-32 of the length and
 * the payload (4), payload.  A payload is the columns in their order: text as a length byte and its
 * bytes, numbers as 8 bytes.  Integers are little-endian.  A payload may end after any column (an
 * older program wrote it) or hold more than the columns known here (a newer one did).
 */

static const str MAGIC = STR_INIT("GHSPOOL1");

enum { RECORD_HEAD_BYTES = 8, WINDOW_BYTES = 64 * 1024 };

struct spool {
    const struct file_ops *files; /* borrowed */
    struct file *file;            /* owned */
    int64_t bytes_max;
    int64_t size; /* of the file, up to the end of its last whole record */
    int64_t head; /* where the oldest waiting row begins, or damage before it */
    uint64_t rows;
    int64_t peeked_to; /* where the next peek begins once the last one is dropped */
    uint64_t peeked_rows;
    int64_t window_at; /* the part of the file in `window` */
    size_t window_len;
    char window[WINDOW_BYTES];
};

_Static_assert(sizeof(struct exchange_row) + (size_t)9 * EXCHANGE_COLUMNS + RECORD_HEAD_BYTES <
                   SPOOL_ROW_BYTES_MAX,
               "every row fits in a record");

static uint32_t crc32_add(uint32_t crc, str bytes)
{
    /* The CRC of the 16 half bytes under the reversed polynomial of IEEE 802.3. */
    static const uint32_t half[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                      0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                      0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                      0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};

    crc = ~crc;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (uint8_t)bytes.at[i];
        crc = crc >> 4 ^ half[crc & 0xf];
        crc = crc >> 4 ^ half[crc & 0xf];
    }
    return ~crc;
}

static void put_number(char *at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (char)(number >> (8 * i) & 0xff);
    }
}

static uint64_t get_number(const char *at, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++) {
        number |= (uint64_t)(uint8_t)at[i] << (8 * i);
    }
    return number;
}

/* Writes one record to `at`, which has room for any; returns its length. */
static size_t encode_record(const struct exchange_row *row, char *at)
{
    size_t len = RECORD_HEAD_BYTES;

    for (size_t i = 0; i < EXCHANGE_COLUMNS; i++) {
        const struct column *column = &exchange_columns[i];
        if (column->kind != COLUMN_TEXT) {
            put_number(at + len, (uint64_t)column_number(column, row), 8);
            len += 8;
            continue;
        }
        str text = column_text(column, row);
        assert(text.len <= UINT8_MAX);
        at[len++] = (char)text.len;
        memcpy(at + len, text.at, text.len);
        len += text.len;
    }
    put_number(at, len - RECORD_HEAD_BYTES, 4);
    put_number(at + 4, crc32_add(crc32_add(0, str_of(at, 4)), str_of(at + 8, len - 8)), 4);
    return len;
}

/* Reads one column off the front of *rest.  False when it is not whole or does not fit. */
static bool decode_column(const struct column *column, str *rest, struct exchange_row *row)
{
    if (column->kind != COLUMN_TEXT) {
        if (rest->len < 8) {
            return false;
        }
        column_set_number(column, row, (int64_t)get_number(rest->at, 8));
        *rest = str_skip(*rest, 8);
        return true;
    }
    size_t len = (uint8_t)rest->at[0];
    if (len >= column->bytes || len > rest->len - 1) {
        return false;
    }
    column_set_text(column, row, str_of(rest->at + 1, len));
    *rest = str_skip(*rest, 1 + len);
    return true;
}

/* The length of the whole record at the front of `bytes`, or 0 when there is none. */
static size_t decode_record(str bytes, struct exchange_row *row)
{
    if (bytes.len < RECORD_HEAD_BYTES) {
        return 0;
    }
    size_t len = get_number(bytes.at, 4);
    if (len == 0 || len > SPOOL_ROW_BYTES_MAX - RECORD_HEAD_BYTES ||
        len > bytes.len - RECORD_HEAD_BYTES) {
        return 0;
    }
    str payload = str_of(bytes.at + RECORD_HEAD_BYTES, len);
    if (crc32_add(crc32_add(0, str_of(bytes.at, 4)), payload) != get_number(bytes.at + 4, 4)) {
        return 0;
    }
    struct exchange_row found = {0};
    for (size_t i = 0; i < EXCHANGE_COLUMNS && payload.len > 0; i++) {
        if (!decode_column(&exchange_columns[i], &payload, &found)) {
            return 0;
        }
    }
    if (found.id[0] == '\0') {
        return 0;
    }
    *row = found;
    return RECORD_HEAD_BYTES + len;
}

/* The file's bytes from `at` on: a whole record's worth, or all there are. */
static enum err view(struct spool *spool, int64_t at, str *out)
{
    int64_t left = spool->size - at;
    size_t need = left < SPOOL_ROW_BYTES_MAX ? (size_t)left : SPOOL_ROW_BYTES_MAX;

    assert(at >= 0 && left >= 0);
    if (at < spool->window_at ||
        at + (int64_t)need > spool->window_at + (int64_t)spool->window_len) {
        size_t room = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
        spool->window_len = 0;
        enum err err = spool->files->read(spool->files->ctx, spool->file, at, spool->window, room,
                                          &spool->window_len);
        spool->window_at = at;
        if (err != ERR_OK) {
            spool->window_len = 0;
            return err;
        }
    }
    size_t skip = (size_t)(at - spool->window_at);
    *out = str_of(spool->window + skip, spool->window_len - skip);
    return ERR_OK;
}

/* Finds the first whole record at or behind *at; leaves *at behind it.  ERR_MISSING at the end. */
static enum err next_record(struct spool *spool, int64_t *at, struct exchange_row *row)
{
    for (; *at < spool->size; (*at)++) {
        str bytes = STR_NONE;
        enum err err = view(spool, *at, &bytes);
        if (err != ERR_OK) {
            return err;
        }
        size_t len = decode_record(bytes, row);
        if (len > 0) {
            *at += (int64_t)len;
            return ERR_OK;
        }
    }
    return ERR_MISSING;
}

/* True when the file begins as ours do.  A torn beginning, with zeros in it, is ours too. */
static enum err check_magic(struct spool *spool)
{
    char start[8] = {0};
    size_t len = 0;
    enum err err =
        spool->files->read(spool->files->ctx, spool->file, 0, start, sizeof(start), &len);

    for (size_t i = 0; err == ERR_OK && i < len; i++) {
        if (start[i] != MAGIC.at[i] && start[i] != '\0') {
            err = ERR_INVALID;
        }
    }
    return err;
}

/* Counts the whole records and forgets what a loss of power tore behind the last of them. */
static enum err take_stock(struct spool *spool)
{
    struct exchange_row row;
    int64_t at = (int64_t)MAGIC.len;
    enum err err = spool->files->size(spool->files->ctx, spool->file, &spool->size);

    if (err == ERR_OK) {
        err = check_magic(spool);
    }
    int64_t end = 0;
    while (err == ERR_OK) {
        err = next_record(spool, &at, &row);
        if (err == ERR_OK) {
            spool->rows++;
            end = at;
        }
    }
    if (err != ERR_MISSING) {
        return err;
    }
    spool->size = end;
    spool->head = end > 0 ? (int64_t)MAGIC.len : 0;
    spool->window_len = 0;
    return spool->files->truncate(spool->files->ctx, spool->file, end);
}

static str words_for(enum err err)
{
    switch ((int)err) {
    case ERR_BUSY:
        return STR("another process has the spool file open");
    case ERR_INVALID:
        return STR("the spool file is not one of Gatehouse's");
    default:
        return STR("the spool file cannot be opened or read");
    }
}

enum err spool_open(const struct file_ops *files, str path, int64_t bytes_max, struct spool **out,
                    struct fault *fault)
{
    struct arena arena = {0};
    struct file *file = NULL;
    enum err err = files->open(files->ctx, arena_copy(&arena, path).at, &file);

    arena_reset(&arena);
    if (err != ERR_OK) {
        *fault = (struct fault){.kind = err, .type = FAULT_SERVER, .message = words_for(err)};
        return err;
    }
    struct spool *spool = calloc(1, sizeof(*spool));
    if (spool == NULL) {
        out_of_memory();
    }
    spool->files = files;
    spool->file = file;
    spool->bytes_max = bytes_max;
    err = take_stock(spool);
    if (err != ERR_OK) {
        *fault = (struct fault){.kind = err, .type = FAULT_SERVER, .message = words_for(err)};
        spool_close(spool);
        return err;
    }
    *out = spool;
    return ERR_OK;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL) {
        return;
    }
    spool->files->close(spool->files->ctx, spool->file);
    free(spool);
}

static enum err write_durably(struct spool *spool, str bytes)
{
    enum err err = spool->files->write(spool->files->ctx, spool->file, spool->size, bytes);

    if (err == ERR_OK) {
        err = spool->files->sync(spool->files->ctx, spool->file);
    }
    if (err != ERR_OK) {
        /* The next append overwrites what is behind `size` if it cannot be cut off now. */
        (void)!spool->files->truncate(spool->files->ctx, spool->file, spool->size);
        return err;
    }
    spool->size += (int64_t)bytes.len;
    return ERR_OK;
}

enum err spool_append(struct spool *spool, const struct exchange_row *rows, size_t count)
{
    struct buf bytes;
    int64_t room = spool->bytes_max - spool->size;
    enum err err = ERR_OK;

    /* A record is encoded where any fits and then cut, hence the one row more. */
    buf_init(&bytes, (count + 1) * SPOOL_ROW_BYTES_MAX);
    if (spool->size == 0) {
        err = buf_add(&bytes, MAGIC);
        spool->head = (int64_t)MAGIC.len;
    }
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        char *at = buf_reserve(&bytes, SPOOL_ROW_BYTES_MAX);
        assert(at != NULL);
        bytes.len += encode_record(&rows[i], at);
    }
    if (err == ERR_OK) {
        err = (int64_t)bytes.len > room ? ERR_TOO_BIG : write_durably(spool, buf_str(&bytes));
    }
    if (err == ERR_OK) {
        spool->rows += count;
    }
    buf_free(&bytes);
    return err;
}

enum err spool_peek(struct spool *spool, struct exchange_row *rows, size_t room, size_t *count)
{
    int64_t at = spool->head;
    size_t n = 0;
    enum err err = ERR_OK;

    while (n < room && err == ERR_OK) {
        err = next_record(spool, &at, &rows[n]);
        n += err == ERR_OK ? 1 : 0;
    }
    if (err != ERR_OK && err != ERR_MISSING) {
        return err;
    }
    spool->peeked_to = at;
    spool->peeked_rows = n;
    *count = n;
    return ERR_OK;
}

void spool_drop(struct spool *spool)
{
    spool->head = spool->peeked_to;
    spool->rows -= spool->peeked_rows < spool->rows ? spool->peeked_rows : spool->rows;
    spool->peeked_rows = 0;
    if (spool->head < spool->size) {
        return;
    }
    spool->rows = 0;
    /* If the disk says no, the stored rows stay in the file and are given out again after the next
     * start, which does no harm. */
    if (spool->files->truncate(spool->files->ctx, spool->file, 0) == ERR_OK) {
        spool->size = 0;
        spool->head = 0;
        spool->window_len = 0;
    }
}

uint64_t spool_rows(const struct spool *spool)
{
    return spool->rows;
}

bool spool_has_room(const struct spool *spool, size_t count)
{
    int64_t room = spool->bytes_max - spool->size - (int64_t)MAGIC.len;

    return room >= 0 && count <= (uint64_t)room / SPOOL_ROW_BYTES_MAX;
}
