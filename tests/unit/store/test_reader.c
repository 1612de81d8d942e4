#include "store/reader.h"

#include "faulty_store.h"
#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>

enum { QUESTIONS = 200 };

/* What a worker would be: a place where answers arrive. */
struct inlet {
    struct reader_answer answers[QUESTIONS];
    int count;
    sem_t arrived;
    pthread_t thread; /* that brought the last one */
    char thread_name[16];
    bool signals_are_blocked;
};

struct bench {
    struct arena arena;
    struct store *store;
    struct reader *reader;
    struct inlet inlet;
};

static void take(void *worker, const struct reader_answer *answer)
{
    struct inlet *inlet = worker;
    sigset_t mask;

    inlet->answers[inlet->count++] = *answer;
    inlet->thread = pthread_self();
    (void)pthread_getname_np(inlet->thread, inlet->thread_name, sizeof(inlet->thread_name));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    inlet->signals_are_blocked =
        sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1;
    (void)sem_post(&inlet->arrived);
}

static void wait_for_answers(struct inlet *inlet, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(sem_wait(&inlet->arrived), 0);
    }
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct fault fault = {0};

    assert_non_null(bench);
    atomic_store(&faulty_is_off, false);
    (void)sem_init(&bench->inlet.arrived, 0, 0);
    assert_int_equal(memory_store.open(STR("memory:reader"), &bench->store, &bench->arena, &fault),
                     ERR_OK);
    assert_int_equal(
        reader_start(&faulty_store, STR("memory:reader"), &bench->reader, &bench->arena, &fault),
        ERR_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    if (bench->reader != NULL) {
        reader_stop(bench->reader);
    }
    memory_store.close(bench->store);
    (void)sem_destroy(&bench->inlet.arrived);
    arena_reset(&bench->arena);
    free(bench);
    return 0;
}

static void add_key(struct bench *bench, uint8_t byte, const char *id, str name)
{
    struct key_row key = {.id = str_c(id), .name = name, .label = STR("***")};

    memset(key.hash, byte, sizeof(key.hash));
    assert_int_equal(memory_store.key_add(bench->store, &key), ERR_OK);
}

static const struct reader_answer *ask(struct bench *bench, uint8_t byte)
{
    uint8_t hash[KEY_HASH_BYTES];

    memset(hash, byte, sizeof(hash));
    assert_int_equal(reader_ask_key(bench->reader, hash, &bench->inlet, take), ERR_OK);
    wait_for_answers(&bench->inlet, 1);
    const struct reader_answer *answer = &bench->inlet.answers[bench->inlet.count - 1];
    assert_memory_equal(answer->hash, hash, sizeof(hash));
    assert_ptr_equal(answer->worker, &bench->inlet);
    return answer;
}

static void keys_are_found_missed_and_revoked(void **state)
{
    struct bench *bench = *state;
    struct key_row *revoked = NULL;

    add_key(bench, 1, "key-aaaaaaaaaaaa", STR("ci"));
    const struct reader_answer *answer = ask(bench, 1);
    assert_int_equal(answer->err, ERR_OK);
    assert_true(answer->found);
    assert_false(answer->revoked);
    assert_string_equal(answer->key_id, "key-aaaaaaaaaaaa");
    assert_string_equal(answer->key_name, "ci");

    answer = ask(bench, 2);
    assert_int_equal(answer->err, ERR_OK);
    assert_false(answer->found);
    assert_string_equal(answer->key_id, "");

    assert_int_equal(memory_store.key_revoke(bench->store, STR("ci"), 5, &bench->arena, &revoked),
                     ERR_OK);
    answer = ask(bench, 1);
    assert_true(answer->found);
    assert_true(answer->revoked);
}

static void a_long_name_is_cut_between_characters(void **state)
{
    struct bench *bench = *state;
    char name[80];

    memset(name, 'n', sizeof(name));
    name[62] = '\xc3'; /* one character of two bytes over the edge */
    name[63] = '\xa4';
    add_key(bench, 1, "key-aaaaaaaaaaaa", str_of(name, sizeof(name)));
    const struct reader_answer *answer = ask(bench, 1);
    assert_int_equal(strlen(answer->key_name), 62);
}

static void a_failing_store_is_answered_too(void **state)
{
    struct bench *bench = *state;

    atomic_store(&faulty_is_off, true);
    const struct reader_answer *answer = ask(bench, 1);
    assert_int_equal(answer->err, ERR_PEER);
    assert_false(answer->found);
    atomic_store(&faulty_is_off, false);
    assert_int_equal(ask(bench, 1)->err, ERR_OK);
}

static void answers_come_from_a_named_thread_that_takes_no_signals(void **state)
{
    struct bench *bench = *state;

    (void)ask(bench, 1);
    assert_false(pthread_equal(bench->inlet.thread, pthread_self()));
    assert_string_equal(bench->inlet.thread_name, "gatehouse-read");
    assert_true(bench->inlet.signals_are_blocked);
}

static void stopping_answers_what_was_asked(void **state)
{
    struct bench *bench = *state;
    uint8_t hash[KEY_HASH_BYTES] = {0};

    for (int i = 0; i < QUESTIONS; i++) {
        hash[0] = (uint8_t)i;
        assert_int_equal(reader_ask_key(bench->reader, hash, &bench->inlet, take), ERR_OK);
    }
    reader_stop(bench->reader);
    bench->reader = NULL;
    assert_int_equal(bench->inlet.count, QUESTIONS);
    for (int i = 0; i < QUESTIONS; i++) {
        assert_int_equal(bench->inlet.answers[i].hash[0], (uint8_t)i);
    }
}

/* Holds the reader's thread at the first answer, so that questions pile up behind it. */
struct gate {
    sem_t reached;
    sem_t open;
    atomic_int answers;
};

static void take_slowly(void *worker, const struct reader_answer *answer)
{
    struct gate *gate = worker;

    (void)answer;
    if (atomic_fetch_add(&gate->answers, 1) == 0) {
        (void)sem_post(&gate->reached);
        while (sem_wait(&gate->open) != 0) {
        }
    }
}

static void too_many_questions_are_refused_at_once(void **state)
{
    struct bench *bench = *state;
    struct gate gate = {.answers = 0};
    uint8_t hash[KEY_HASH_BYTES] = {0};
    int asked = 1;

    (void)sem_init(&gate.reached, 0, 0);
    (void)sem_init(&gate.open, 0, 0);
    assert_int_equal(reader_ask_key(bench->reader, hash, &gate, take_slowly), ERR_OK);
    assert_int_equal(sem_wait(&gate.reached), 0);
    while (reader_ask_key(bench->reader, hash, &gate, take_slowly) == ERR_OK) {
        asked++;
        assert_in_range(asked, 1, 5000);
    }
    assert_true(asked > 100);
    (void)sem_post(&gate.open);
    reader_stop(bench->reader);
    bench->reader = NULL;
    assert_int_equal(atomic_load(&gate.answers), asked);
    (void)sem_destroy(&gate.reached);
    (void)sem_destroy(&gate.open);
}

static void a_store_that_cannot_be_opened_is_told(void **state)
{
    struct bench *bench = *state;
    struct fault fault = {0};
    struct reader *none = NULL;

    atomic_store(&faulty_is_off, true);
    assert_int_equal(reader_start(&faulty_store, STR("memory:x"), &none, &bench->arena, &fault),
                     ERR_PEER);
    assert_null(none);
    assert_str_equal(fault.message, STR("the store is switched off"));
}

#define WITH_READER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_READER(keys_are_found_missed_and_revoked),
        WITH_READER(a_long_name_is_cut_between_characters),
        WITH_READER(a_failing_store_is_answered_too),
        WITH_READER(answers_come_from_a_named_thread_that_takes_no_signals),
        WITH_READER(stopping_answers_what_was_asked),
        WITH_READER(too_many_questions_are_refused_at_once),
        WITH_READER(a_store_that_cannot_be_opened_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
