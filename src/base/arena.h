/*
 * arena: memory that lives and dies together.
 *
 * Every exchange owns some.  Nothing taken from an arena is freed alone; arena_reset() frees all of
 * it at once, arena_rewind() what was taken since a mark.  Allocation cannot fail: the process ends
 * when the system has no memory left.  Bounds are the callers': whatever is copied into an arena
 * has a limit of its own.  One thread at a time.
 *
 * In sanitizer builds every take is an allocation of its own, so that ASan sees overruns.
 */
#pragma once

#include "base/macros.h"
#include "base/str.h"

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *head;
    char *next; /* first free byte of the head chunk */
    char *end;
    size_t taken; /* bytes handed out since the last reset */
};

struct arena_mark {
    struct arena_chunk *head;
    char *next;
    size_t taken;
};

/* Zeroed memory, aligned for any type. */
void *arena_take(struct arena *arena, size_t size);

/* The same, not zeroed. */
void *arena_take_raw(struct arena *arena, size_t size);

/* A copy of `s` that lives as long as the arena, NUL-terminated for C callers. */
str arena_copy(struct arena *arena, str s);

/* The parts one behind the other, NUL-terminated. */
str arena_join(struct arena *arena, const str *parts, size_t count);

/* Text made like printf, NUL-terminated.  Slow: for words to people. */
str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Remembers the present state; arena_rewind() frees what was taken since. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* Frees everything taken but keeps the first chunk for the next use.  For scratch arenas. */
void arena_clear(struct arena *arena);

/* Frees everything taken.  The arena can be used again. */
void arena_reset(struct arena *arena);

/* A thread keeps some chunks for its next arenas; a thread that ends gives them back with this. */
void arena_end_thread(void);

#define ARENA_NEW(arena, type) ((type *)arena_take((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_take((arena), sizeof(type) * (count)))
