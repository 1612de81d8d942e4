/*
 * mailbox: messages to a loop's thread from any other.
 *
 * A message is copied in and owns what it carries.  Posting never waits.
 */
#pragma once

#include "base/ring.h"
#include "net/loop.h"

enum { MAIL_BYTES = 240 };

struct mail {
    void (*open)(void *owner, const void *letter); /* on the loop's thread */
    char letter[MAIL_BYTES];
};

struct mailbox {
    struct loop *loop;
    struct ring *ring; /* of struct mail */
    void *owner;       /* handed to open() */
};

/* `count` letters at most wait, a power of two. */
void mailbox_init(struct mailbox *mailbox, struct loop *loop, void *owner, size_t count);
void mailbox_free(struct mailbox *mailbox);

/* Copies `len` <= MAIL_BYTES bytes in and wakes the loop.  False when the box is full.  Any thread.
 */
bool mailbox_post(struct mailbox *mailbox, void (*open)(void *owner, const void *letter),
                  const void *letter, size_t len) MUST_CHECK;

/* Opens everything that waits.  The loop's thread, from its on_wake. */
void mailbox_drain(struct mailbox *mailbox);
