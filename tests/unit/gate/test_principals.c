#include "gate/principals.h"
#include "store/keys.h"

#include "gateway.h"
#include "test.h"

#define CACHE_US (INT64_C(2000) * 1000)

enum { ASKERS = 4 };

struct asker {
    struct waiter waiter;
    int answers;
};

static struct gateway gateway;
static struct asker askers[ASKERS];
static uint8_t hash[KEY_HASH_BYTES];

static void on_answer(struct waiter *waiter)
{
    CONTAINER_OF(waiter, struct asker, waiter)->answers++;
}

static int set_up(void **state)
{
    (void)state;
    gateway_make(&gateway, 1);
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){0};
        waiter_init(&askers[i].waiter, on_answer);
    }
    keys_hash(STR("sk-test"), hash);
    store_double.delay_us = -1;
    gateway_open(&gateway);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_double_answer();
    gateway_settle(&gateway);
    assert_int_equal(gateway_free(&gateway), 0);
    return 0;
}

static enum principal_state find(int asker, const struct principal **out)
{
    return principals_find(&gateway.worker, hash, &askers[asker].waiter, out);
}

static enum principal_state look(void)
{
    const struct principal *principal = NULL;
    struct asker nobody = {0};

    waiter_init(&nobody.waiter, on_answer);
    enum principal_state state = principals_find(&gateway.worker, hash, &nobody.waiter, &principal);
    list_remove(&nobody.waiter.node);
    return state;
}

/* The store answers what was asked. */
static void answer(void)
{
    store_double_answer();
    gateway_settle(&gateway);
}

static void an_unknown_key_is_asked_for_once_by_all_who_wait(void **state)
{
    const struct principal *principal = NULL;

    (void)state;
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(find(i, &principal), PRINCIPAL_ASKING);
    }
    assert_int_equal(store_double.question_count, 1);
    answer();
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(askers[i].answers, 1);
    }
    assert_int_equal(find(0, &principal), PRINCIPAL_GOOD);
    assert_string_equal(principal->key_id, "key-test");
    assert_int_equal(store_double.question_count, 1);
}

static void who_stopped_waiting_is_not_told(void **state)
{
    const struct principal *principal = NULL;

    (void)state;
    assert_int_equal(find(0, &principal), PRINCIPAL_ASKING);
    assert_int_equal(find(1, &principal), PRINCIPAL_ASKING);
    list_remove(&askers[0].waiter.node);
    answer();
    assert_int_equal(askers[0].answers, 0);
    assert_int_equal(askers[1].answers, 1);
}

static void keys_that_are_missing_or_revoked_are_bad(void **state)
{
    (void)state;
    store_double_set_key("sk-test", "key-test", true);
    assert_int_equal(look(), PRINCIPAL_ASKING);
    answer();
    assert_int_equal(look(), PRINCIPAL_BAD);
    keys_hash(STR("sk-nobody"), hash);
    assert_int_equal(look(), PRINCIPAL_ASKING);
    answer();
    assert_int_equal(look(), PRINCIPAL_BAD);
    assert_int_equal(store_double.question_count, 2);
}

static void what_is_fresh_is_not_asked_again(void **state)
{
    (void)state;
    (void)look();
    answer();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(look(), PRINCIPAL_GOOD);
    }
    assert_int_equal(store_double.question_count, 1);
}

/* "A revoked key is refused at the latest after it" is what timeouts.key_cache says. */
static void a_revoked_key_is_refused_after_the_cache_time_at_the_latest(void **state)
{
    (void)state;
    for (int64_t wait_us = 0; wait_us < CACHE_US; wait_us += CACHE_US / 8) {
        gateway_run_for(&gateway, 4 * CACHE_US);
        store_double_set_key("sk-test", "key-test", false);
        (void)look();
        answer();
        assert_int_equal(look(), PRINCIPAL_GOOD);
        store_double_set_key("sk-test", "key-test", true);
        gateway_run_for(&gateway, wait_us);
        (void)look(); /* somebody comes meanwhile, or not */
        gateway_run_for(&gateway, CACHE_US - wait_us);
        answer();
        enum principal_state late = look();
        assert_true(late == PRINCIPAL_BAD || late == PRINCIPAL_ASKING);
        answer();
    }
}

static void look_again(struct waiter *waiter)
{
    struct asker *asker = CONTAINER_OF(waiter, struct asker, waiter);
    const struct principal *principal = NULL;

    if (++asker->answers > 3) {
        return; /* round and round */
    }
    assert_int_equal(principals_find(&gateway.worker, hash, waiter, &principal), PRINCIPAL_GOOD);
}

static void without_a_cache_those_who_waited_are_served_and_the_next_ask_again(void **state)
{
    const struct principal *principal = NULL;

    (void)state;
    gateway.settings->key_cache_ms = 0;
    askers[0].waiter.answered = look_again;
    assert_int_equal(find(0, &principal), PRINCIPAL_ASKING);
    answer();
    assert_int_equal(askers[0].answers, 1);
    answer();
    gateway_run_for(&gateway, 1);
    assert_int_equal(look(), PRINCIPAL_ASKING);
}

static void a_key_in_use_is_refreshed_without_anybody_waiting(void **state)
{
    (void)state;
    (void)look();
    answer();
    for (int i = 0; i < 40; i++) {
        gateway_run_for(&gateway, CACHE_US / 4);
        assert_int_equal(look(), PRINCIPAL_GOOD);
        answer();
    }
    assert_in_range(store_double.question_count, 5, 25);
}

static void a_key_not_seen_for_long_is_asked_for_before_it_is_believed(void **state)
{
    (void)state;
    (void)look();
    answer();
    gateway_run_for(&gateway, 10 * CACHE_US);
    assert_int_equal(look(), PRINCIPAL_ASKING);
}

static void a_store_that_fails_is_no_verdict(void **state)
{
    const struct principal *principal = NULL;

    (void)state;
    store_double.is_broken = true;
    assert_int_equal(find(0, &principal), PRINCIPAL_ASKING);
    answer();
    assert_int_equal(askers[0].answers, 1);
    assert_int_equal(look(), PRINCIPAL_FAILED); /* in the moment of the answer */
    answer();
    store_double.is_broken = false;
    gateway_run_for(&gateway, 1000);
    assert_int_equal(look(), PRINCIPAL_ASKING);
    answer();
    assert_int_equal(look(), PRINCIPAL_GOOD);
}

static void what_is_known_is_believed_while_the_store_fails(void **state)
{
    (void)state;
    (void)look();
    answer();
    store_double.is_broken = true;
    gateway_run_for(&gateway, CACHE_US * 3 / 4);
    assert_int_equal(look(), PRINCIPAL_GOOD);
    answer();
    assert_int_equal(look(), PRINCIPAL_GOOD);
}

static void a_reader_that_is_busy_fails_the_question(void **state)
{
    (void)state;
    store_double.is_busy = true;
    assert_int_equal(look(), PRINCIPAL_FAILED);
    store_double.is_busy = false;
    assert_int_equal(look(), PRINCIPAL_ASKING);
}

static void a_table_full_of_questions_fails_new_ones_and_recovers(void **state)
{
    size_t failed = 0;

    (void)state;
    for (int i = 0; i < PRINCIPALS_MAX + 200; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "sk-%d", i);
        keys_hash(str_c(key), hash);
        failed += look() == PRINCIPAL_FAILED ? 1 : 0;
    }
    assert_true(failed > 0);
    assert_true(failed < PRINCIPALS_MAX);
    answer();
    keys_hash(STR("sk-test"), hash);
    assert_int_equal(look(), PRINCIPAL_ASKING); /* answered ones make room */
    answer();
    assert_int_equal(look(), PRINCIPAL_GOOD);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_key_is_asked_for_once_by_all_who_wait),
        TEST(who_stopped_waiting_is_not_told),
        TEST(keys_that_are_missing_or_revoked_are_bad),
        TEST(what_is_fresh_is_not_asked_again),
        TEST(a_revoked_key_is_refused_after_the_cache_time_at_the_latest),
        TEST(without_a_cache_those_who_waited_are_served_and_the_next_ask_again),
        TEST(a_key_in_use_is_refreshed_without_anybody_waiting),
        TEST(a_key_not_seen_for_long_is_asked_for_before_it_is_believed),
        TEST(a_store_that_fails_is_no_verdict),
        TEST(what_is_known_is_believed_while_the_store_fails),
        TEST(a_reader_that_is_busy_fails_the_question),
        TEST(a_table_full_of_questions_fails_new_ones_and_recovers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
