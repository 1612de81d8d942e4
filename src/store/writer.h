/*
 * writer: the thread that writes exchange rows.
 *
 * Workers post fixed-size rows into a bounded ring; the thread drains it, writes what it finds in one
 * transaction, and repeats.  A row that was posted is written even when the store is away for a
 * while: rows then wait in the ring and after that in a spool file, replayed in order.
 */
#pragma once

#include "store/store.h"

#include <stdatomic.h>

struct writer;

struct writer_options {
    const struct store_ops *ops;
    str url;            /* of the store, copied */
    size_t ring_rows;   /* power of two */
    int64_t batch_ms;   /* how long rows may wait for company */
    size_t batch_rows;  /* a batch is written at the latest when it has so many */
    str spool_path;     /* file for rows while the store is away, copied */
    int64_t spool_bytes_max;
};

/* Opens the store on its own thread and starts it.  ERR_... when the store cannot be opened. */
enum err writer_start(const struct writer_options *options, struct writer **out,
                      struct arena *arena, struct fault *fault) MUST_CHECK;

/* Copies the row into the ring.  Any thread; never waits.  ERR_BUSY when ring and spool are full:
 * the row is not taken. */
enum err writer_post(struct writer *writer, const struct exchange_row *row) MUST_CHECK;

/* True when rows can be taken: ADMIT refuses requests otherwise. */
bool writer_has_room(const struct writer *writer);

/* Writes everything posted so far, then ends the thread and frees. */
void writer_stop(struct writer *writer);

/* For the log and /readyz: rows written, waiting, in the spool. */
struct writer_counts {
    uint64_t written;
    uint64_t waiting;
    uint64_t spooled;
};
struct writer_counts writer_counts(const struct writer *writer);
