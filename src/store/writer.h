/*
 * writer: the thread that writes exchange rows.
 *
 * Workers post fixed-size rows into a bounded ring; the thread drains it, writes what it finds in
 * one transaction, and repeats.  A row that was posted is written even when the store is away for a
 * while: rows then wait in the ring and after that in a spool file, replayed in order.
 */
#pragma once

#include "store/file.h"
#include "store/store.h"

struct writer;

struct writer_options {
    const struct store_ops *ops;
    str url;           /* of the store, copied */
    size_t ring_rows;  /* power of two */
    int64_t batch_ms;  /* how long rows may wait for company */
    size_t batch_rows; /* a batch is written at the latest when it has so many */
    str spool_path;    /* file for rows while the store is away, copied */
    int64_t spool_bytes_max;
    int64_t retry_ms;             /* between attempts while the store is away; 0: one second */
    const struct file_ops *files; /* where the spool is; NULL: the disk */
};

/* Opens the store on its own thread, brings its schema up to date, and starts it.  Rows left in the
 * spool by an earlier run are written first.  Fails when the store or the spool file cannot be
 * opened; a spool that another process has open is waited for until it is needed. */
enum err writer_start(const struct writer_options *options, struct writer **out,
                      struct arena *arena, struct fault *fault) MUST_CHECK;

/* Copies the row into the ring.  Any thread; never waits, touches no file.  ERR_BUSY when the ring
 * is full, which it is when the store and the spool both fail: the row is not taken. */
enum err writer_post(struct writer *writer, const struct exchange_row *row) MUST_CHECK;

/* True when rows can be taken: ADMIT refuses requests otherwise.  False from seven eighths of the
 * ring on, so that requests admitted before can still post, and while the spool is full.  Any
 * thread. */
bool writer_has_room(const struct writer *writer);

/* Writes everything posted so far, then ends the thread and frees.  Nobody may post any more.
 * Returns how many rows could be written nowhere, neither to the store nor to the spool. */
uint64_t writer_stop(struct writer *writer);

/* Waits until every row posted so far is in the store or in the spool.  For tests and the command
 * line, one caller at a time. */
void writer_flush(struct writer *writer);

/* For the log and /readyz. */
struct writer_counts {
    uint64_t written; /* rows that went to the store */
    uint64_t waiting; /* in memory */
    uint64_t spooled; /* in the spool: not 0 while the store is away */
};
struct writer_counts writer_counts(const struct writer *writer);
