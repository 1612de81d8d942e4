#include "net/mailbox.h"

#include "sim.h"
#include "test.h"

#include <pthread.h>

enum { BOX = 64, POSTERS = 4, LETTERS = 5000 };

struct owner {
    struct loop loop;
    struct mailbox box;
    int opened;
    int last[POSTERS]; /* of each poster: letters come in their order */
    bool in_order;
};

struct letter {
    int poster;
    int number;
};

static void open_letter(void *ctx, const void *letter)
{
    struct owner *owner = ctx;
    struct letter mine;

    memcpy(&mine, letter, sizeof(mine));
    owner->in_order = owner->in_order && mine.number == owner->last[mine.poster] + 1;
    owner->last[mine.poster] = mine.number;
    owner->opened++;
    if (owner->opened == POSTERS * LETTERS) {
        loop_stop(&owner->loop);
    }
}

static void drain(struct loop *loop)
{
    struct owner *owner = CONTAINER_OF(loop, struct owner, loop);

    mailbox_drain(&owner->box);
}

static void start(struct owner *owner, const struct loop_ops *ops, const struct clock *clock,
                  const struct sock_ops *sock)
{
    *owner = (struct owner){.in_order = true};
    loop_init(&owner->loop, ops, clock, sock);
    owner->loop.on_wake = drain;
    mailbox_init(&owner->box, &owner->loop, owner, BOX);
}

static void stop(struct owner *owner)
{
    mailbox_free(&owner->box);
    loop_free(&owner->loop);
}

static void a_letter_wakes_the_loop_and_is_opened_once(void **state)
{
    struct owner owner;
    struct letter letter = {0, 1};

    (void)state;
    sim_start(1);
    start(&owner, &sim_loop_ops, &sim_clock, &sim_sock);
    assert_true(mailbox_post(&owner.box, open_letter, &letter, sizeof(letter)));
    letter.number = 7; /* it was copied */
    assert_int_equal(owner.opened, 0);
    sim_settle(&owner.loop);
    assert_int_equal(owner.opened, 1);
    assert_true(owner.in_order);
    sim_settle(&owner.loop);
    assert_int_equal(owner.opened, 1);
    stop(&owner);
    assert_int_equal(sim_stop(), 0);
}

static void a_full_box_takes_nothing_and_loses_nothing(void **state)
{
    struct owner owner;

    (void)state;
    sim_start(1);
    start(&owner, &sim_loop_ops, &sim_clock, &sim_sock);
    for (int i = 1; i <= BOX; i++) {
        assert_true(
            mailbox_post(&owner.box, open_letter, &(struct letter){0, i}, sizeof(struct letter)));
    }
    assert_false(
        mailbox_post(&owner.box, open_letter, &(struct letter){0, BOX + 1}, sizeof(struct letter)));
    sim_settle(&owner.loop);
    assert_int_equal(owner.opened, BOX);
    assert_true(owner.in_order);
    stop(&owner);
    assert_int_equal(sim_stop(), 0);
}

static void open_empty(void *ctx, const void *letter)
{
    struct owner *owner = ctx;

    (void)letter;
    owner->opened++;
}

static void a_letter_may_be_empty_or_as_large_as_allowed(void **state)
{
    struct owner owner;
    char large[MAIL_BYTES] = {0};

    (void)state;
    sim_start(1);
    start(&owner, &sim_loop_ops, &sim_clock, &sim_sock);
    assert_true(mailbox_post(&owner.box, open_empty, NULL, 0));
    assert_true(mailbox_post(&owner.box, open_empty, large, sizeof(large)));
    sim_settle(&owner.loop);
    assert_int_equal(owner.opened, 2);
    stop(&owner);
    assert_int_equal(sim_stop(), 0);
}

/* --- real threads on the real loop --- */

struct poster {
    pthread_t thread;
    struct owner *owner;
    int number;
};

static void *post_many(void *ctx)
{
    struct poster *poster = ctx;

    for (int i = 1; i <= LETTERS;) {
        struct letter letter = {poster->number, i};
        if (mailbox_post(&poster->owner->box, open_letter, &letter, sizeof(letter))) {
            i++;
        } else {
            (void)sched_yield(); /* full: the loop is at work */
        }
    }
    return NULL;
}

static void letters_of_many_threads_all_arrive_in_their_order(void **state)
{
    struct owner owner;
    struct poster posters[POSTERS];

    (void)state;
    start(&owner, &uv_loop_ops, &system_clock, &system_sock);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.owner = &owner, .number = i};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
    }
    loop_run(&owner.loop);
    for (int i = 0; i < POSTERS; i++) {
        (void)pthread_join(posters[i].thread, NULL);
    }
    assert_int_equal(owner.opened, POSTERS * LETTERS);
    assert_true(owner.in_order);
    stop(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_wakes_the_loop_and_is_opened_once),
        cmocka_unit_test(a_full_box_takes_nothing_and_loses_nothing),
        cmocka_unit_test(a_letter_may_be_empty_or_as_large_as_allowed),
        cmocka_unit_test(letters_of_many_threads_all_arrive_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
