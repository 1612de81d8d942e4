#include "net/loop.h"

#include <stdlib.h>

void loop_init(struct loop *loop, const struct loop_ops *ops, const struct clock *clock,
               const struct sock_ops *sock)
{
    *loop = (struct loop){.ops = ops, .clock = clock, .sock = sock};
    list_init(&loop->deferred);
    loop->read_buffer = malloc(LOOP_READ_BYTES);
    if (loop->read_buffer == NULL) {
        out_of_memory();
    }
    loop->now_us = clock_monotonic_us(clock);
    ops->init(loop);
}

void loop_free(struct loop *loop)
{
    loop->ops->free(loop);
    timers_free(&loop->timers);
    free(loop->read_buffer);
}

void loop_run(struct loop *loop)
{
    loop->ops->run(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    loop_wake(loop);
}

void loop_wake(struct loop *loop)
{
    loop->ops->wake(loop);
}

void loop_watch(struct loop *loop, struct watch *watch, unsigned wanted)
{
    if (watch->loop == loop && watch->wanted == wanted) {
        return;
    }
    watch->loop = loop;
    watch->wanted = wanted;
    loop->ops->watch(loop, watch, wanted);
}

void loop_unwatch(struct watch *watch)
{
    if (watch->loop != NULL) {
        watch->loop->ops->unwatch(watch->loop, watch);
        watch->loop = NULL;
        watch->wanted = 0;
    }
}

void loop_defer(struct loop *loop, struct deferred *deferred)
{
    if (!deferred->queued) {
        deferred->queued = true;
        list_push(&loop->deferred, &deferred->node);
    }
}

void loop_set_timer(struct loop *loop, struct timer *timer, int64_t deadline_us)
{
    timers_set(&loop->timers, timer, deadline_us);
}

void loop_stop_timer(struct loop *loop, struct timer *timer)
{
    timers_stop(&loop->timers, timer);
}

void loop_begin_turn(struct loop *loop)
{
    loop->now_us = clock_monotonic_us(loop->clock);
}

/* Runs what is queued now; what that queues is for the next turn, so that events come between. */
static void run_deferred(struct loop *loop)
{
    struct list due;

    list_init(&due);
    list_move(&due, &loop->deferred);
    for (struct list *node = list_first(&due); node != NULL; node = list_first(&due)) {
        struct deferred *deferred = CONTAINER_OF(node, struct deferred, node);
        list_remove(node);
        deferred->queued = false;
        deferred->run(deferred);
    }
}

void loop_end_turn(struct loop *loop)
{
    for (struct timer *timer = timers_take_due(&loop->timers, loop->now_us); timer != NULL;
         timer = timers_take_due(&loop->timers, loop->now_us)) {
        timer->fire(timer);
    }
    run_deferred(loop);
    loop->ops->set_deadline(loop, list_is_empty(&loop->deferred) ? timers_next_us(&loop->timers)
                                                                 : loop->now_us);
}
