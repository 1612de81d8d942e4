#include "base/arena.h"

#include "test.h"

#include <stdalign.h>

static void everything_taken_is_zeroed_aligned_and_apart(void **state)
{
    struct arena arena = {0};
    char *taken[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        taken[i] = arena_take(&arena, i);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(taken[i][k], 0);
        }
        memset(taken[i], (int)i, i);
    }
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal((unsigned char)taken[i][k], i);
        }
    }
    arena_reset(&arena);
    assert_int_equal(arena.taken, 0);
}

static void a_large_take_has_its_room(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t size = 1; size <= (size_t)1 << 20; size *= 4) {
        char *taken = arena_take_raw(&arena, size);
        memset(taken, 'x', size);
        assert_non_null(arena_take(&arena, 1));
    }
    arena_reset(&arena);
}

static void take_and_rewind(struct arena *arena, size_t later)
{
    str before = arena_copy(arena, STR("before"));
    size_t taken = arena->taken;
    struct arena_mark mark = arena_mark(arena);

    for (int i = 0; i < 10; i++) {
        memset(arena_take_raw(arena, later), 'x', later);
    }
    arena_rewind(arena, mark);
    assert_int_equal(arena->taken, taken);
    str after = arena_copy(arena, STR("after"));
    assert_string_equal(before.at, "before");
    assert_string_equal(after.at, "after");
}

/* A chunk that was given back is taken for another of its size only: one that is smaller would end
 * in memory of others.  Without AddressSanitizer the arena asserts it. */
static void chunks_are_used_again_by_size(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct arena arena = {0};
        for (size_t taken = 0; taken < (size_t)100 << 10; taken += 64) {
            memset(arena_take_raw(&arena, 64), round, 64);
        }
        arena_reset(&arena);
    }
}

static void rewinding_keeps_what_came_before_the_mark(void **state)
{
    struct arena arena = {0};
    struct arena_mark empty = arena_mark(&arena);

    (void)state;
    for (size_t later = 1; later < 100000; later *= 3) {
        take_and_rewind(&arena, later);
    }
    arena_rewind(&arena, empty);
    assert_int_equal(arena.taken, 0);
    assert_null(arena.head);
    assert_string_equal(arena_copy(&arena, STR("again")).at, "again");
    arena_reset(&arena);
}

static void clearing_keeps_one_small_chunk(void **state)
{
    struct arena arena = {0};

    (void)state;
    arena_clear(&arena); /* nothing to keep */
    assert_null(arena.head);
    char *first = arena_take(&arena, 100);
    for (int i = 0; i < 100; i++) {
        memset(arena_take_raw(&arena, 1000), 'x', 1000);
    }
    arena_clear(&arena);
    assert_int_equal(arena.taken, 0);
    assert_ptr_equal(arena_take_raw(&arena, 100), first);
    arena_reset(&arena);
    assert_non_null(arena_take(&arena, 1 << 20)); /* too large to hold on to */
    arena_clear(&arena);
    assert_null(arena.head);
}

static void copies_end_in_a_nul_and_stand_alone(void **state)
{
    struct arena arena = {0};
    char text[] = "hello";

    (void)state;
    str copy = arena_copy(&arena, str_c(text));
    text[0] = 'j';
    assert_string_equal(copy.at, "hello");
    str none = arena_copy(&arena, STR_NONE);
    assert_string_equal(none.at, "");
    assert_int_equal(none.len, 0);
    arena_reset(&arena);
}

static void printing_has_no_limit_but_memory(void **state)
{
    struct arena arena = {0};

    (void)state;
    str made = arena_printf(&arena, "%d-%s", 42, "x");
    assert_string_equal(made.at, "42-x");
    assert_int_equal(made.len, 4);
    assert_int_equal(arena_printf(&arena, "%50000d", 1).len, 50000);
    assert_int_equal(arena_printf(&arena, "%s", "").len, 0);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_taken_is_zeroed_aligned_and_apart),
        cmocka_unit_test(a_large_take_has_its_room),
        cmocka_unit_test(chunks_are_used_again_by_size),
        cmocka_unit_test(rewinding_keeps_what_came_before_the_mark),
        cmocka_unit_test(clearing_keeps_one_small_chunk),
        cmocka_unit_test(copies_end_in_a_nul_and_stand_alone),
        cmocka_unit_test(printing_has_no_limit_but_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
