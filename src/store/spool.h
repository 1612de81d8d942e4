/*
 * spool: a file where exchange rows wait while the store is away.
 *
 * Appended to, read from its start, and emptied once everything read was stored.  Every record is
 * length, CRC-32 and the row; what a loss of power tore is skipped, the next whole record counts.
 * Rows may be given out again after a crash: their ids make that harmless.  One thread.
 */
#pragma once

#include "store/file.h"
#include "store/store.h"

struct spool;

/* Room a row takes at most, for limits. */
enum { SPOOL_ROW_BYTES_MAX = 2048 };

/* Opens the file at `path` (copied) and counts what waits in it.  `files` is borrowed.  ERR_BUSY
 * while another process has it open, ERR_INVALID when it is some other file, ERR_PEER when the disk
 * fails. */
enum err spool_open(const struct file_ops *files, str path, int64_t bytes_max, struct spool **out,
                    struct fault *fault) MUST_CHECK;
void spool_close(struct spool *spool);

/* Adds all rows durably, or none.  ERR_TOO_BIG when the file would pass its limit, ERR_PEER when
 * the disk fails. */
enum err spool_append(struct spool *spool, const struct exchange_row *rows,
                      size_t count) MUST_CHECK;

/* Copies out up to `room` of the oldest rows; they stay until spool_drop(). */
enum err spool_peek(struct spool *spool, struct exchange_row *rows, size_t room,
                    size_t *count) MUST_CHECK;

/* The rows of the last peek are stored elsewhere now.  After the last one the file is emptied. */
void spool_drop(struct spool *spool);

/* Rows that wait. */
uint64_t spool_rows(const struct spool *spool);

/* True when `count` more rows would fit, whatever is in them. */
bool spool_has_room(const struct spool *spool, size_t count);
