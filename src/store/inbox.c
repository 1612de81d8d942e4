#include "store/inbox.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * Nobody sleeps through an item: the consumer says what it wants and then looks at the count; a
 * producer counts and then looks at what is wanted.  Both do it in the one order all threads agree
 * on (sequentially consistent), so at least one of them sees the other.
 */

void inbox_init(struct inbox *inbox, size_t count, size_t item_bytes)
{
    *inbox = (struct inbox){.ring = ring_new(count, item_bytes)};
    inbox->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (inbox->wake_fd < 0) {
        out_of_memory(); /* of descriptors or kernel memory, at start: as fatal */
    }
}

void inbox_free(struct inbox *inbox)
{
    ring_free(inbox->ring);
    (void)close(inbox->wake_fd); /* holds no data */
}

/* Wakes the consumer if it sleeps and nobody else has done it. */
static void wake(struct inbox *inbox)
{
    const uint64_t one = 1;

    if (atomic_exchange(&inbox->wanted, 0) != 0) {
        /* Fails only when the counter is full, and then the consumer wakes anyway. */
        (void)!write(inbox->wake_fd, &one, sizeof(one));
    }
}

bool inbox_put(struct inbox *inbox, const void *item)
{
    if (!ring_put(inbox->ring, item)) {
        return false;
    }
    uint64_t count = atomic_fetch_add(&inbox->put_count, 1) + 1;
    uint64_t wanted = atomic_load(&inbox->wanted);
    if (wanted != 0) {
        /* The consumer may have taken this very item before it was counted: below zero is none. */
        int64_t waiting = (int64_t)(count - atomic_load(&inbox->taken_count));
        if (waiting >= (int64_t)wanted) {
            wake(inbox);
        }
    }
    return true;
}

void inbox_knock(struct inbox *inbox)
{
    atomic_store(&inbox->knocked, true);
    wake(inbox);
}

bool inbox_take(struct inbox *inbox, void *item)
{
    if (!ring_take(inbox->ring, item)) {
        return false;
    }
    uint64_t taken = atomic_load_explicit(&inbox->taken_count, memory_order_relaxed);
    atomic_store_explicit(&inbox->taken_count, taken + 1, memory_order_release);
    return true;
}

uint64_t inbox_waiting(const struct inbox *inbox)
{
    uint64_t taken = atomic_load(&inbox->taken_count);
    uint64_t count = atomic_load(&inbox->put_count);

    return count > taken ? count - taken : 0;
}

void inbox_wait(struct inbox *inbox, size_t enough, int64_t timeout_ms)
{
    struct pollfd wake_up = {.fd = inbox->wake_fd, .events = POLLIN};
    uint64_t wakes = 0;

    assert(enough > 0);
    atomic_store(&inbox->wanted, enough);
    if (inbox_waiting(inbox) < enough && !atomic_load(&inbox->knocked)) {
        /* An interruption is an early return. */
        (void)poll(&wake_up, 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
    }
    atomic_store(&inbox->wanted, 0);
    /* An exchange, not a store: what the knocker did before it knocked is seen after this. */
    (void)atomic_exchange(&inbox->knocked, false);
    (void)!read(inbox->wake_fd, &wakes, sizeof(wakes)); /* nothing to read: it timed out */
}
