#include "base/list.h"

#include "test.h"

/* Two lists of nodes in the order of an array; each is one list when the other is moved to it. */
static void all_nodes_move_in_their_order(void **state)
{
    (void)state;
    for (size_t first = 0; first < 4; first++) {
        for (size_t second = 0; second < 4; second++) {
            struct list nodes[8];
            struct list head;
            struct list from;
            list_init(&head);
            list_init(&from);
            for (size_t i = 0; i < first + second; i++) {
                list_push(i < first ? &head : &from, &nodes[i]);
            }
            list_move(&head, &from);
            assert_true(list_is_empty(&from));
            for (size_t i = 0; i < first + second; i++) {
                assert_ptr_equal(list_first(&head), &nodes[i]);
                assert_ptr_equal(list_last(&head), &nodes[first + second - 1]);
                list_remove(&nodes[i]);
            }
            assert_true(list_is_empty(&head));
        }
    }
}

static void a_node_may_be_removed_twice(void **state)
{
    struct list head;
    struct list node;

    (void)state;
    list_init(&head);
    list_push(&head, &node);
    list_remove(&node);
    list_remove(&node);
    assert_null(list_first(&head));
    assert_null(list_last(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_nodes_move_in_their_order),
        cmocka_unit_test(a_node_may_be_removed_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
