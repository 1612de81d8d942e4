/* waiter: who waits for an answer that a worker has asked for; in its owner, in one list at most.
 */
#pragma once

#include "base/list.h"

struct waiter {
    struct list node;
    void (*answered)(struct waiter *waiter);
};

static inline void waiter_init(struct waiter *waiter, void (*answered)(struct waiter *waiter))
{
    list_init(&waiter->node);
    waiter->answered = answered;
}

/* Takes all of them out of the list and tells them.  Who goes on waiting is in the list again, and
 * is not told twice. */
static inline void waiter_tell_all(struct list *waiters)
{
    struct list told;
    struct list *node = NULL;

    list_init(&told);
    list_move(&told, waiters);
    while ((node = list_first(&told)) != NULL) {
        list_remove(node);
        struct waiter *waiter = CONTAINER_OF(node, struct waiter, node);
        waiter->answered(waiter);
    }
}
