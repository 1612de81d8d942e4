/* thread: how a store thread is started: named, and deaf to signals, which are the main thread's.
 */
#pragma once

#include "base/err.h"
#include "base/macros.h"

#include <pthread.h>

/* Runs run(ctx) on a new thread.  `name` is at most 15 characters.  ERR_INTERNAL when the system
 * has no threads left. */
enum err thread_start(pthread_t *thread, const char *name, void *(*run)(void *ctx),
                      void *ctx) MUST_CHECK;
