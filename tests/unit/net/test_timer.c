#include "net/timer.h"

#include "test.h"

#include <stdlib.h>

enum { MANY = 64 };

static int fired;

static void count(struct timer *timer)
{
    (void)timer;
    fired++;
}

/* Fires everything that is due. */
static int fire(struct timers *timers, int64_t now_us)
{
    fired = 0;
    for (struct timer *timer = timers_take_due(timers, now_us); timer != NULL;
         timer = timers_take_due(timers, now_us)) {
        assert_true(timer->place == 0);
        timer->fire(timer);
    }
    return fired;
}

static void timers_fire_in_the_order_of_their_deadlines(void **state)
{
    static const int64_t deadlines[] = {50, 10, 90, 30, 30, 70, 20, 80, 60, 40};
    struct timer at[COUNT_OF(deadlines)] = {0};
    struct timers timers = {0};
    int64_t last_us = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
        timers_set(&timers, &at[i], deadlines[i]);
    }
    for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
        assert_true(timers_next_us(&timers) >= last_us);
        struct timer *timer = timers_take_due(&timers, 90);
        assert_non_null(timer);
        assert_true(timer->deadline_us >= last_us);
        last_us = timer->deadline_us;
    }
    assert_null(timers_take_due(&timers, INT64_MAX));
    assert_true(timers_next_us(&timers) == INT64_MAX);
    timers_free(&timers);
}

static void nothing_fires_before_its_deadline(void **state)
{
    struct timers timers = {0};
    struct timer timer = {.fire = count};

    (void)state;
    timers_set(&timers, &timer, 100);
    assert_int_equal(fire(&timers, 99), 0);
    assert_int_equal(fire(&timers, 100), 1);
    assert_int_equal(fire(&timers, 100), 0);
    timers_free(&timers);
}

static void a_timer_moved_later_fires_at_the_later_time_only(void **state)
{
    struct timers timers = {0};
    struct timer moved = {.fire = count};
    struct timer other = {.fire = count};

    (void)state;
    timers_set(&timers, &moved, 100);
    timers_set(&timers, &other, 150);
    timers_set(&timers, &moved, 200);
    assert_true(timers_next_us(&timers) <= 150);
    assert_int_equal(fire(&timers, 120), 0);
    assert_true(timers_next_us(&timers) == 150);
    assert_int_equal(fire(&timers, 150), 1);
    assert_int_equal(fire(&timers, 199), 0);
    assert_int_equal(fire(&timers, 200), 1);
    timers_free(&timers);
}

static void a_timer_moved_earlier_fires_earlier(void **state)
{
    struct timers timers = {0};
    struct timer first = {.fire = count};
    struct timer moved = {.fire = count};

    (void)state;
    timers_set(&timers, &first, 100);
    timers_set(&timers, &moved, 200);
    timers_set(&timers, &moved, 300); /* later, then earlier than it stands in the heap */
    timers_set(&timers, &moved, 50);
    assert_true(timers_next_us(&timers) == 50);
    assert_ptr_equal(timers_take_due(&timers, 50), &moved);
    assert_null(timers_take_due(&timers, 50));
    timers_stop(&timers, &first);
    timers_free(&timers);
}

static void a_stopped_timer_does_not_fire_and_may_be_stopped_again(void **state)
{
    struct timers timers = {0};
    struct timer at[3] = {{.fire = count}, {.fire = count}, {.fire = count}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        timers_set(&timers, &at[i], 10 + i);
    }
    timers_stop(&timers, &at[0]);
    timers_stop(&timers, &at[0]);
    timers_stop(&timers, &at[2]);
    assert_int_equal(fire(&timers, 100), 1);
    timers_stop(&timers, &at[1]); /* it has fired */
    assert_true(timers_next_us(&timers) == INT64_MAX);
    timers_free(&timers);
}

/* --- a timer that changes others while it fires --- */

static struct timers shared;
static struct timer victim;
static struct timer self;

static void stop_victim(struct timer *timer)
{
    (void)timer;
    fired++;
    timers_stop(&shared, &victim);
}

static void a_timer_may_stop_another_that_is_due_as_well(void **state)
{
    (void)state;
    shared = (struct timers){0};
    self = (struct timer){.fire = stop_victim};
    victim = (struct timer){.fire = count};
    timers_set(&shared, &self, 10);
    timers_set(&shared, &victim, 20);
    assert_int_equal(fire(&shared, 30), 1);
    timers_free(&shared);
}

static void set_again(struct timer *timer)
{
    fired++;
    timers_set(&shared, timer, timer->deadline_us + 100);
}

static void a_timer_may_set_itself_again(void **state)
{
    (void)state;
    shared = (struct timers){0};
    self = (struct timer){.fire = set_again};
    timers_set(&shared, &self, 10);
    assert_int_equal(fire(&shared, 50), 1);
    assert_true(timers_next_us(&shared) == 110);
    assert_int_equal(fire(&shared, 310), 3);
    timers_free(&shared);
}

/* --- against a model that looks at every timer --- */

struct model {
    int64_t deadline_us; /* -1: not set */
};

static int64_t model_next(const struct model *model)
{
    int64_t next_us = INT64_MAX;

    for (size_t i = 0; i < MANY; i++) {
        if (model[i].deadline_us >= 0 && model[i].deadline_us < next_us) {
            next_us = model[i].deadline_us;
        }
    }
    return next_us;
}

static void take_all(struct timers *timers, struct timer *at, struct model *model, int64_t now_us)
{
    for (struct timer *timer = timers_take_due(timers, now_us); timer != NULL;
         timer = timers_take_due(timers, now_us)) {
        struct model *same = &model[timer - at];
        assert_true(same->deadline_us >= 0 && same->deadline_us <= now_us);
        assert_true(timer->deadline_us == same->deadline_us);
        same->deadline_us = -1;
    }
    assert_true(model_next(model) > now_us);
}

static void any_sequence_does_what_a_plain_list_would_do(void **state)
{
    struct timers timers = {0};
    struct timer at[MANY] = {0};
    struct model model[MANY];
    unsigned seed = 7;
    int64_t now_us = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        model[i].deadline_us = -1;
    }
    for (int step = 0; step < 20000; step++) {
        size_t which = (size_t)rand_r(&seed) % MANY;
        int what = rand_r(&seed) % 8;
        if (what < 5) {
            model[which].deadline_us = now_us + rand_r(&seed) % 1000;
            timers_set(&timers, &at[which], model[which].deadline_us);
        } else if (what < 7) {
            model[which].deadline_us = -1;
            timers_stop(&timers, &at[which]);
        } else {
            now_us += rand_r(&seed) % 200;
            take_all(&timers, at, model, now_us);
        }
        assert_true(timers_next_us(&timers) <= model_next(model));
    }
    take_all(&timers, at, model, now_us + 1000);
    assert_true(timers.count == 0);
    timers_free(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_the_order_of_their_deadlines),
        cmocka_unit_test(nothing_fires_before_its_deadline),
        cmocka_unit_test(a_timer_moved_later_fires_at_the_later_time_only),
        cmocka_unit_test(a_timer_moved_earlier_fires_earlier),
        cmocka_unit_test(a_stopped_timer_does_not_fire_and_may_be_stopped_again),
        cmocka_unit_test(a_timer_may_stop_another_that_is_due_as_well),
        cmocka_unit_test(a_timer_may_set_itself_again),
        cmocka_unit_test(any_sequence_does_what_a_plain_list_would_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
