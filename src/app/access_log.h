/*
 * access_log: one line per exchange, written by the store's writer thread as it writes the row, so
 * that no worker ever waits for a terminal or a pipe.
 */
#pragma once

#include "store/store.h"

/* A back-end that writes the lines and passes everything on to `ops`.  One per process. */
const struct store_ops *access_log_over(const struct store_ops *ops);
