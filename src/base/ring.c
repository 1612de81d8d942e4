#include "base/ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Cell i of a ring of n cells is free for the producer at position p (p mod n == i) when its turn
 * is p, and full for the consumer when its turn is p + 1; the consumer makes it p + n, the position
 * of the next lap.  Turns are kept as their distance from i, so that memory fresh from the kernel,
 * all zero, is a ring ready for use: a page costs nothing until a position reaches it.
 */

enum { CACHE_LINE_BYTES = 64 };

struct cell {
    atomic_size_t turn; /* less the index of the cell */
    unsigned char item[];
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the padding is the point, see below */
struct ring {
    unsigned char *cells; /* a mapping of its own; count * stride bytes */
    size_t mask;          /* count - 1 */
    size_t stride;        /* from cell to cell, whole cache lines */
    size_t item_bytes;
    /* The two ends change all the time, by different threads: each has a cache line of its own. */
    _Alignas(CACHE_LINE_BYTES) atomic_size_t head; /* next position to fill */
    _Alignas(CACHE_LINE_BYTES) atomic_size_t tail; /* next position to empty; the consumer's */
};

struct ring *ring_new(size_t count, size_t item_bytes)
{
    assert(count >= 2 && (count & (count - 1)) == 0); /* one cell cannot tell full from free */
    assert(item_bytes > 0 && item_bytes < SIZE_MAX / 2 / count);
    struct ring *ring = aligned_alloc(CACHE_LINE_BYTES, sizeof(*ring));
    if (ring == NULL) {
        out_of_memory();
    }
    size_t stride = sizeof(struct cell) + item_bytes + CACHE_LINE_BYTES - 1;
    *ring = (struct ring){.mask = count - 1, .item_bytes = item_bytes};
    ring->stride = stride - stride % CACHE_LINE_BYTES;
    ring->cells = mmap(NULL, count * ring->stride, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring->cells == MAP_FAILED) {
        out_of_memory();
    }
    /* A huge page would be paid for whole at its first item.  Kernels without them say no: fine. */
    (void)madvise(ring->cells, count * ring->stride, MADV_NOHUGEPAGE);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (ring == NULL) {
        return;
    }
    (void)munmap(ring->cells, (ring->mask + 1) * ring->stride);
    free(ring);
}

static struct cell *cell_at(const struct ring *ring, size_t position)
{
    return (struct cell *)(void *)(ring->cells + (position & ring->mask) * ring->stride);
}

/* How far the cell's turn is past `position`: 0 free, 1 full, negative a lap behind. */
static intptr_t turn_past(const struct ring *ring, struct cell *cell, size_t position)
{
    size_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);

    return (intptr_t)(turn + (position & ring->mask) - position);
}

static void set_turn(const struct ring *ring, struct cell *cell, size_t position, size_t turn)
{
    atomic_store_explicit(&cell->turn, turn - (position & ring->mask), memory_order_release);
}

bool ring_put(struct ring *ring, const void *item)
{
    size_t position = atomic_load_explicit(&ring->head, memory_order_relaxed);

    for (;;) {
        struct cell *cell = cell_at(ring, position);
        intptr_t past = turn_past(ring, cell, position);
        if (past < 0) {
            return false; /* the item of the last lap is still there */
        }
        if (past > 0) { /* another producer was here first */
            position = atomic_load_explicit(&ring->head, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&ring->head, &position, position + 1,
                                                         memory_order_relaxed,
                                                         memory_order_relaxed)) {
            memcpy(cell->item, item, ring->item_bytes);
            set_turn(ring, cell, position, position + 1);
            return true;
        }
    }
}

bool ring_take(struct ring *ring, void *item)
{
    size_t position = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    struct cell *cell = cell_at(ring, position);

    if (turn_past(ring, cell, position) != 1) {
        return false;
    }
    memcpy(item, cell->item, ring->item_bytes);
    set_turn(ring, cell, position, position + ring->mask + 1);
    atomic_store_explicit(&ring->tail, position + 1, memory_order_relaxed);
    return true;
}

size_t ring_count(const struct ring *ring)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t count = head - tail;

    /* The two were read at different moments: stay within what is possible. */
    if ((intptr_t)count < 0) {
        return 0;
    }
    return count <= ring->mask + 1 ? count : ring->mask + 1;
}
