#include "base/arena.h"

#include "base/macros.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Chunks double from the first size, so that an idle stream holds little. */
enum { FIRST_CHUNK_BYTES = 1024 - 32, CHUNK_BYTES_MAX = 16 * 1024 - 32 };

#if defined(__has_feature) /* clang's way to tell */
#    if __has_feature(address_sanitizer)
#        define HAS_ADDRESS_SANITIZER
#    endif
#elif defined(__SANITIZE_ADDRESS__)
#    define HAS_ADDRESS_SANITIZER
#endif

#if defined(HAS_ADDRESS_SANITIZER)
enum { ONE_CHUNK_A_TAKE = 1 };
#else
enum { ONE_CHUNK_A_TAKE = 0 };
#endif

struct arena_chunk {
    struct arena_chunk *older;
    size_t room;
    alignas(max_align_t) char bytes[];
};

/*
 * Chunks of the usual sizes that nobody uses, per thread: an exchange takes and gives back a
 * handful, and the next one finds them warm.
 */
enum { SIZES = 6, SPARE_MAX = 32 }; /* of each size: half a megabyte at most */

static _Thread_local struct {
    struct arena_chunk *head;
    int count;
} spare[SIZES];

/* Which of the usual sizes `room` is: 0 for the first, the last for the greatest, which is no
 * double of the one before; SIZES when it is none. */
static size_t size_class(size_t room)
{
    size_t size = FIRST_CHUNK_BYTES;

    if (room == CHUNK_BYTES_MAX) {
        return SIZES - 1;
    }
    for (size_t i = 0; i < SIZES - 1; i++) {
        if (room == size) {
            return i;
        }
        size *= 2;
    }
    return SIZES;
}

static struct arena_chunk *get_chunk(size_t room)
{
    size_t class = size_class(room);

    if (class < SIZES && spare[class].head != NULL) {
        struct arena_chunk *chunk = spare[class].head;
        spare[class].head = chunk->older;
        spare[class].count--;
        assert(chunk->room == room);
        return chunk;
    }
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + room);
    if (chunk == NULL) {
        out_of_memory();
    }
    chunk->room = room;
    return chunk;
}

static void put_chunk(struct arena_chunk *chunk)
{
    size_t class = ONE_CHUNK_A_TAKE ? SIZES : size_class(chunk->room);

    if (class < SIZES && spare[class].count < SPARE_MAX) {
        chunk->older = spare[class].head;
        spare[class].head = chunk;
        spare[class].count++;
        return;
    }
    free(chunk);
}

void arena_end_thread(void)
{
    for (size_t class = 0; class < SIZES; class ++) {
        while (spare[class].head != NULL) {
            struct arena_chunk *chunk = spare[class].head;
            spare[class].head = chunk->older;
            free(chunk);
        }
        spare[class].count = 0;
    }
}

static size_t round_up(size_t size)
{
    const size_t align = alignof(max_align_t);

    assert(size <= SIZE_MAX / 2);
    return (size + align - 1) & ~(align - 1);
}

static void add_chunk(struct arena *arena, size_t size)
{
    size_t room = arena->head == NULL ? FIRST_CHUNK_BYTES : arena->head->room * 2;

    room = room < CHUNK_BYTES_MAX ? room : CHUNK_BYTES_MAX;
    room = size > room || ONE_CHUNK_A_TAKE ? size : room;
    struct arena_chunk *chunk = get_chunk(room);
    chunk->older = arena->head;
    arena->head = chunk;
    arena->next = chunk->bytes;
    arena->end = chunk->bytes + room;
}

void *arena_take_raw(struct arena *arena, size_t size)
{
    size_t need = round_up(size);

    if (arena->head == NULL || need > (size_t)(arena->end - arena->next)) {
        add_chunk(arena, need);
    }
    char *taken = arena->next;
    arena->next += need;
    arena->taken += need;
    return taken;
}

void *arena_take(struct arena *arena, size_t size)
{
    void *taken = arena_take_raw(arena, size);

    return size > 0 ? memset(taken, 0, size) : taken;
}

str arena_copy(struct arena *arena, str s)
{
    char *copy = arena_take_raw(arena, s.len + 1);

    if (s.len > 0) {
        memcpy(copy, s.at, s.len);
    }
    copy[s.len] = '\0';
    return str_of(copy, s.len);
}

str arena_join(struct arena *arena, const str *parts, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        len += parts[i].len;
    }
    char *text = arena_take_raw(arena, len + 1);
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0) {
            memcpy(at, parts[i].at, parts[i].len);
            at += parts[i].len;
        }
    }
    *at = '\0';
    return str_of(text, len);
}

str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *text = arena_take_raw(arena, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return str_of(text, (size_t)len);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->head, arena->next, arena->taken};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->head != mark.head) {
        struct arena_chunk *older = arena->head->older;
        put_chunk(arena->head);
        arena->head = older;
    }
    arena->next = mark.next;
    arena->end = mark.head != NULL ? mark.head->bytes + mark.head->room : NULL;
    arena->taken = mark.taken;
}

void arena_clear(struct arena *arena)
{
    struct arena_chunk *first = arena->head;

    while (first != NULL && first->older != NULL) {
        first = first->older;
    }
    if (first == NULL || first->room > CHUNK_BYTES_MAX) {
        arena_reset(arena);
        return;
    }
    arena_rewind(arena, (struct arena_mark){first, first->bytes, 0});
}

void arena_reset(struct arena *arena)
{
    arena_rewind(arena, (struct arena_mark){NULL, NULL, 0});
}
