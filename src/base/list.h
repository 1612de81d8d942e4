/* list: an intrusive doubly linked list.  Nodes live in their owners; the list allocates nothing.
 */
#pragma once

#include "base/macros.h"

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* An empty head, or a node in no list. */
static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_push(struct list *head, struct list *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Moves all nodes of `from` to the end of `head`; `from` is empty then. */
static inline void list_move(struct list *head, struct list *from)
{
    if (!list_is_empty(from)) {
        from->next->prev = head->prev;
        head->prev->next = from->next;
        from->prev->next = head;
        head->prev = from->prev;
        list_init(from);
    }
}

/* The oldest node, or NULL. */
static inline struct list *list_first(const struct list *head)
{
    return head->next == head ? NULL : head->next;
}

/* The newest node, or NULL. */
static inline struct list *list_last(const struct list *head)
{
    return head->prev == head ? NULL : head->prev;
}
