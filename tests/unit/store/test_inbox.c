#include "store/inbox.h"

#include "test.h"

#include <pthread.h>

static void items_come_out_in_order_and_are_counted(void **state)
{
    struct inbox inbox;
    int item = -1;

    (void)state;
    inbox_init(&inbox, 4, sizeof(item));
    for (int i = 0; i < 4; i++) {
        assert_true(inbox_put(&inbox, &i));
    }
    assert_false(inbox_put(&inbox, &item));
    assert_int_equal(inbox_waiting(&inbox), 4);
    for (int i = 0; i < 4; i++) {
        assert_true(inbox_take(&inbox, &item));
        assert_int_equal(item, i);
    }
    assert_false(inbox_take(&inbox, &item));
    assert_int_equal(inbox_waiting(&inbox), 0);
    inbox_free(&inbox);
}

static void a_wait_ends_at_once_when_enough_wait_or_somebody_knocked(void **state)
{
    struct inbox inbox;
    int item = 1;

    (void)state;
    inbox_init(&inbox, 4, sizeof(item));
    assert_true(inbox_put(&inbox, &item));
    inbox_wait(&inbox, 1, -1); /* would hang */
    inbox_knock(&inbox);
    inbox_wait(&inbox, 2, -1);
    inbox_wait(&inbox, 2, 0); /* nobody knocked again: only the time ends it */
    inbox_free(&inbox);
}

enum { PRODUCERS = 4, ITEMS_EACH = 5000 };

static void *produce(void *ctx)
{
    struct inbox *inbox = ctx;

    for (int i = 0; i < ITEMS_EACH; i++) {
        while (!inbox_put(inbox, &i)) {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* The consumer has no other way to notice an item than to be woken: a lost wake-up hangs here. */
static void nobody_sleeps_through_an_item(void **state)
{
    static const size_t enough[] = {1, 3, 8};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(enough); i++) {
        struct inbox inbox;
        pthread_t threads[PRODUCERS];
        int taken = 0;
        int item = 0;
        inbox_init(&inbox, 8, sizeof(int));
        for (int t = 0; t < PRODUCERS; t++) {
            assert_int_equal(pthread_create(&threads[t], NULL, produce, &inbox), 0);
        }
        while (taken < PRODUCERS * ITEMS_EACH) {
            size_t left = (size_t)(PRODUCERS * ITEMS_EACH - taken);
            inbox_wait(&inbox, enough[i] < left ? enough[i] : left, -1);
            while (inbox_take(&inbox, &item)) {
                taken++;
            }
        }
        for (int t = 0; t < PRODUCERS; t++) {
            assert_int_equal(pthread_join(threads[t], NULL), 0);
        }
        inbox_free(&inbox);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_order_and_are_counted),
        cmocka_unit_test(a_wait_ends_at_once_when_enough_wait_or_somebody_knocked),
        cmocka_unit_test(nobody_sleeps_through_an_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
