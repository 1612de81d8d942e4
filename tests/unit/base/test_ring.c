#include "base/ring.h"

#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static void items_come_out_in_order(void **state)
{
    struct ring *ring = ring_new(8, sizeof(int));
    int next_in = 0;
    int next_out = 0;

    (void)state;
    for (int lap = 0; lap < 50; lap++) {
        for (int i = 0; i < 1 + lap % 8; i++, next_in++) {
            assert_true(ring_put(ring, &next_in));
        }
        assert_int_equal(ring_count(ring), next_in - next_out);
        for (; next_out < next_in; next_out++) {
            int item = -1;
            assert_true(ring_take(ring, &item));
            assert_int_equal(item, next_out);
        }
    }
    ring_free(ring);
}

static void a_full_ring_takes_no_more_and_an_empty_one_gives_none(void **state)
{
    static const size_t counts[] = {2, 4, 64, 4096};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct ring *ring = ring_new(counts[i], sizeof(size_t));
        size_t item = 0;
        for (int lap = 0; lap < 3; lap++) {
            assert_false(ring_take(ring, &item));
            for (size_t n = 0; n < counts[i]; n++) {
                assert_true(ring_put(ring, &n));
            }
            size_t extra = 99;
            assert_false(ring_put(ring, &extra));
            assert_int_equal(ring_count(ring), counts[i]);
            for (size_t n = 0; n < counts[i]; n++) {
                assert_true(ring_take(ring, &item));
                assert_int_equal(item, n);
            }
            assert_int_equal(ring_count(ring), 0);
        }
        ring_free(ring);
    }
}

static void items_of_any_size_come_out_whole(void **state)
{
    static const size_t sizes[] = {1, 7, 8, 55, 56, 57, 64, 120, 1080};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct ring *ring = ring_new(4, sizes[i]);
        char in[1080];
        char out[1081];
        for (int lap = 0; lap < 3; lap++) {
            for (int n = 0; n < 4; n++) {
                memset(in, 'a' + n, sizes[i]);
                assert_true(ring_put(ring, in));
            }
            for (int n = 0; n < 4; n++) {
                memset(in, 'a' + n, sizes[i]);
                out[sizes[i]] = '!';
                assert_true(ring_take(ring, out));
                assert_memory_equal(out, in, sizes[i]);
                assert_int_equal(out[sizes[i]], '!');
            }
        }
        ring_free(ring);
    }
}

/* Bytes of this process that are in memory now: the second number of statm, in pages. */
static long resident_bytes(void)
{
    char text[128] = "";
    char *end = NULL;
    FILE *file = fopen("/proc/self/statm", "re");

    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    (void)fclose(file);
    (void)strtol(text, &end, 10);
    return strtol(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void an_unused_ring_costs_no_memory(void **state)
{
    const long at_most = 4L * 1024 * 1024;
    long before = resident_bytes();
    struct ring *ring = ring_new(65536, 1200); /* 80 MB if all of it were touched */
    char item[1200] = {0};

    (void)state;
    assert_true(ring_put(ring, item));
    assert_true(ring_take(ring, item));
    assert_false(ring_take(ring, item));
    assert_true(resident_bytes() - before < at_most);
    ring_free(ring);
}

enum { PRODUCERS = 4, ITEMS_EACH = 20000 };

struct item {
    int producer;
    int number;
    char filling[100]; /* all of it `number`, to see a torn item */
};

struct producer {
    struct ring *ring;
    int index;
};

static void *produce(void *ctx)
{
    struct producer *producer = ctx;
    struct item item = {.producer = producer->index};

    for (int i = 0; i < ITEMS_EACH; i++) {
        item.number = i;
        memset(item.filling, i & 0x7f, sizeof(item.filling));
        while (!ring_put(producer->ring, &item)) {
            (void)sched_yield();
        }
    }
    return NULL;
}

static void many_producers_lose_double_and_tear_nothing(void **state)
{
    struct ring *ring = ring_new(64, sizeof(struct item));
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    int next[PRODUCERS] = {0};
    struct item item;

    (void)state;
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){ring, i};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (int taken = 0; taken < PRODUCERS * ITEMS_EACH;) {
        assert_true(ring_count(ring) <= 64);
        if (!ring_take(ring, &item)) {
            (void)sched_yield();
            continue;
        }
        assert_in_range(item.producer, 0, PRODUCERS - 1);
        assert_int_equal(item.number, next[item.producer]++); /* in order for each of them */
        for (size_t k = 0; k < sizeof(item.filling); k++) {
            assert_true(item.filling[k] == (item.number & 0x7f));
        }
        taken++;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_false(ring_take(ring, &item));
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_ring_costs_no_memory),
        cmocka_unit_test(items_come_out_in_order),
        cmocka_unit_test(a_full_ring_takes_no_more_and_an_empty_one_gives_none),
        cmocka_unit_test(items_of_any_size_come_out_whole),
        cmocka_unit_test(many_producers_lose_double_and_tear_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
