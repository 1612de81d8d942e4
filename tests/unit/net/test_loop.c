#include "net/loop.h"

#include "sim.h"
#include "test.h"

/* A piece of work and how often it ran. */
struct work {
    struct deferred deferred;
    struct loop *loop;
    struct work *next; /* deferred by this one; NULL: none */
    int runs;
    int runs_max; /* it defers itself until then */
};

static void run_work(struct deferred *deferred)
{
    struct work *work = CONTAINER_OF(deferred, struct work, deferred);

    work->runs++;
    if (work->runs < work->runs_max) {
        loop_defer(work->loop, &work->deferred);
    }
    if (work->next != NULL) {
        loop_defer(work->loop, &work->next->deferred);
    }
}

static struct loop loop;
static int wakes;
static int fires;

static int set_up(void **state)
{
    (void)state;
    sim_start(1);
    loop_init(&loop, &sim_loop_ops, &sim_clock, &sim_sock);
    wakes = 0;
    fires = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(&loop);
    assert_int_equal(sim_stop(), 0);
    return 0;
}

static struct work make_work(int runs_max, struct work *next)
{
    return (struct work){
        .deferred = {.run = run_work}, .loop = &loop, .next = next, .runs_max = runs_max};
}

static void work_runs_once_at_the_end_of_the_turn(void **state)
{
    struct work work = make_work(1, NULL);

    (void)state;
    loop_defer(&loop, &work.deferred);
    loop_defer(&loop, &work.deferred);
    assert_int_equal(work.runs, 0);
    (void)sim_turn(&loop);
    assert_int_equal(work.runs, 1);
    assert_false(work.deferred.queued);
    (void)sim_turn(&loop);
    assert_int_equal(work.runs, 1);
}

static void work_that_goes_on_leaves_turns_to_others(void **state)
{
    struct work work = make_work(5, NULL);

    (void)state;
    loop_defer(&loop, &work.deferred);
    for (int i = 1; i <= 5; i++) {
        assert_true(sim_turn(&loop));
        assert_int_equal(work.runs, i);
    }
    assert_false(sim_turn(&loop));
}

static void what_work_defers_runs_without_waiting_for_an_event(void **state)
{
    struct work last = make_work(1, NULL);
    struct work first = make_work(1, &last);

    (void)state;
    loop_defer(&loop, &first.deferred);
    sim_settle(&loop);
    assert_int_equal(last.runs, 1);
}

static void work_may_be_taken_back(void **state)
{
    struct work work = make_work(1, NULL);

    (void)state;
    loop_defer(&loop, &work.deferred);
    list_remove(&work.deferred.node);
    work.deferred.queued = false;
    sim_settle(&loop);
    assert_int_equal(work.runs, 0);
}

static void on_fire(struct timer *timer)
{
    (void)timer;
    fires++;
    if (fires == 3) {
        loop_stop(&loop);
    }
}

static void on_wake(struct loop *woken)
{
    (void)woken;
    wakes++;
}

static void a_loop_runs_until_it_is_stopped(void **state)
{
    struct timer timers[3] = {{.fire = on_fire}, {.fire = on_fire}, {.fire = on_fire}};

    (void)state;
    loop.on_wake = on_wake;
    for (int i = 0; i < 3; i++) {
        loop_set_timer(&loop, &timers[i], loop.now_us + 1000000 * (i + 1));
    }
    loop_run(&loop);
    assert_int_equal(fires, 3);
    assert_true(sim_now_us() == 4000000);
}

static void the_real_loop_does_the_same(void **state)
{
    struct loop real;
    struct work work = {.deferred = {.run = run_work}, .loop = &real, .runs_max = 100};
    struct timer timer = {.fire = on_fire};

    (void)state;
    loop_init(&real, &uv_loop_ops, &system_clock, &system_sock);
    fires = 0;
    loop_defer(&real, &work.deferred);
    loop_set_timer(&real, &timer, real.now_us + 5000);
    while (fires == 0 || work.runs < 100) {
        real.stopping = false;
        loop_stop(&real);
        loop_run(&real);
        loop_begin_turn(&real);
    }
    assert_int_equal(work.runs, 100);
    assert_int_equal(fires, 1);
    loop_free(&real);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(work_runs_once_at_the_end_of_the_turn),
        TEST(work_that_goes_on_leaves_turns_to_others),
        TEST(what_work_defers_runs_without_waiting_for_an_event),
        TEST(work_may_be_taken_back),
        TEST(a_loop_runs_until_it_is_stopped),
        TEST(the_real_loop_does_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
