#include "net/mailbox.h"

void mailbox_init(struct mailbox *mailbox, struct loop *loop, void *owner, size_t count)
{
    *mailbox = (struct mailbox){
        .loop = loop, .owner = owner, .ring = ring_new(count, sizeof(struct mail))};
}

void mailbox_free(struct mailbox *mailbox)
{
    ring_free(mailbox->ring);
    mailbox->ring = NULL;
}

bool mailbox_post(struct mailbox *mailbox, void (*open)(void *owner, const void *letter),
                  const void *letter, size_t len)
{
    struct mail mail = {.open = open};

    assert(len <= sizeof(mail.letter));
    if (len > 0) {
        memcpy(mail.letter, letter, len);
    }
    if (!ring_put(mailbox->ring, &mail)) {
        return false;
    }
    loop_wake(mailbox->loop);
    return true;
}

void mailbox_drain(struct mailbox *mailbox)
{
    struct mail mail;

    while (ring_take(mailbox->ring, &mail)) {
        mail.open(mailbox->owner, mail.letter);
    }
}
