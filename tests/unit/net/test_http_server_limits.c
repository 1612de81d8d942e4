#include "server_bench.h"

/* --- deadlines --- */

static void a_slow_head_is_refused_in_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    sim_run_for(&bench->loop, 5 * SECOND);
    say(bench, client, "GET /a HT");
    for (int i = 0; i < HEADER_S - 1; i++) {
        sim_run_for(&bench->loop, SECOND);
        say(bench, client, "T"); /* bytes that come do not move the deadline */
    }
    sim_run_for(&bench->loop, SECOND - 1);
    assert_int_equal(bench->refusals, 0);
    sim_run_for(&bench->loop, 1);
    assert_int_equal(bench->last_status, 408);
    assert_has(client, "HTTP/1.1 408 ");
    assert_true(client->ended);
}

static void who_never_says_anything_is_closed_without_a_word(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    sim_run_for(&bench->loop, HEADER_S * SECOND - 1);
    assert_false(client->closed);
    sim_run_for(&bench->loop, 1);
    assert_true(client->closed);
    assert_int_equal(client->received.len, 0);
    assert_int_equal(bench->refusals, 0);
}

static void a_body_that_stops_coming_is_refused_in_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    sim_run_for(&bench->loop, (BODY_S + 1) * SECOND);
    assert_int_equal(bench->refusals, 1);
    assert_int_equal(bench->last_status, 408);
    assert_int_equal(bench->gone, 0);
    assert_has(client, "HTTP/1.1 408 ");
}

static void a_large_body_may_take_its_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char kilobyte[1000];

    memset(kilobyte, 'x', sizeof(kilobyte));
    say(bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        sim_run_for(&bench->loop, 4 * SECOND);
        sim_send(client, str_of(kilobyte, sizeof(kilobyte)));
        sim_settle(&bench->loop);
    }
    assert_int_equal(bench->refusals, 0);
    assert_ends_with(client, "answer 0");
}

static void a_body_by_drops_is_refused(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 2 * BODY_S && bench->refusals == 0; i++) {
        sim_run_for(&bench->loop, SECOND);
        say(bench, client, "x");
    }
    assert_int_equal(bench->last_status, 408);
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    say(bench, client, get);
    sim_run_for(&bench->loop, IDLE_S * SECOND - 1);
    assert_false(client->closed);
    say(bench, client, get);
    assert_ends_with(client, "answer 1");
    sim_run_for(&bench->loop, IDLE_S * SECOND);
    assert_true(client->closed);
    assert_int_equal(bench->gone, 0);
}

static void a_client_that_takes_nothing_is_given_up(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    begin(bench, 0);
    assert_int_equal(write_some(bench, 0, 5000), ERR_OK);
    sim_run_for(&bench->loop, WRITE_S * SECOND - 1);
    assert_int_equal(bench->gone, 0);
    sim_run_for(&bench->loop, 1);
    assert_int_equal(bench->gone, 1);
}

static void a_client_that_takes_nothing_is_given_up_while_more_is_written(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    begin(bench, 0);
    for (int i = 0; i < 2 * WRITE_S && bench->gone == 0; i++) {
        assert_int_equal(write_some(bench, 0, 200), ERR_OK);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_int_equal(bench->gone, 1);
}

static void a_client_that_takes_little_by_little_is_kept(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    begin(bench, 0);
    assert_int_equal(write_some(bench, 0, 1000), ERR_OK);
    for (int i = 0; i < 20; i++) {
        sim_run_for(&bench->loop, (WRITE_S - 10) * SECOND);
        assert_int_equal(bench->gone, 0);
        sim_take(client, 100);
        sim_settle(&bench->loop);
    }
    http_call_end(bench->calls[0], STR("end"));
    bench->calls[0] = NULL;
    client->holds_back = false;
    sim_settle(&bench->loop);
    assert_ends_with(client, "3\r\nend\r\n0\r\n\r\n");
}

static void the_last_bytes_have_their_time_too(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char large[50000];

    memset(large, 'x', sizeof(large));
    bench->answers = BY_HAND;
    say(bench, client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    client->holds_back = true;
    client->room_bytes = 1000;
    http_call_answer(bench->calls[0], 200, &(struct headers){0}, str_of(large, sizeof(large)));
    bench->calls[0] = NULL;
    for (int i = 0; i < 60; i++) {
        sim_take(client, 1000);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_true(client->received.len > sizeof(large));
    assert_ends_with(client, "xxxxxxxxxxxx");
    assert_true(client->ended);
    assert_true(client->closed); /* lingering begins when all is sent */
}

static void a_large_answer_on_a_connection_that_stays_has_its_time_too(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);
    static char large[50000];

    memset(large, 'x', sizeof(large));
    bench->answers = BY_HAND;
    say(bench, client, get);
    client->holds_back = true;
    client->room_bytes = 100;
    http_call_answer(bench->calls[0], 200, &(struct headers){0}, str_of(large, sizeof(large)));
    bench->calls[0] = NULL;
    for (int i = 0; i < 520; i++) {
        sim_take(client, 100);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_true(client->received.len > sizeof(large));
    sim_run_for(&bench->loop, (IDLE_S + WRITE_S) * SECOND);
    assert_true(client->closed);
}

static void an_answer_that_is_not_taken_on_a_connection_that_stays_is_given_up(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    client->holds_back = true;
    client->room_bytes = 10;
    say(bench, client, get);
    sim_run_for(&bench->loop, (IDLE_S + WRITE_S) * SECOND);
    assert_true(client->closed);
}

static void a_client_that_left_an_answer_untaken_is_given_up_during_the_next(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *client = dial(bench);

    client->holds_back = true;
    client->room_bytes = 10;
    say(bench, client, get);
    bench->answers = BY_HAND;
    say(bench, client, get);
    begin(bench, 1);
    assert_int_equal(write_some(bench, 1, 100), ERR_OK);
    sim_run_for(&bench->loop, 3 * WRITE_S * SECOND);
    assert_int_equal(bench->gone, 1);
}

/* --- many connections, draining, stopping --- */

static void more_connections_than_allowed_wait(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *clients[10];

    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = dial(bench);
        say(bench, clients[i], get);
    }
    assert_int_equal(bench->server.connection_count, 8);
    assert_ends_with(clients[7], "answer 7");
    assert_int_equal(clients[8]->received.len, 0);
    sim_close(clients[3]);
    sim_settle(&bench->loop);
    assert_ends_with(clients[8], "answer 8");
    assert_int_equal(clients[9]->received.len, 0);
    sim_close(clients[0]);
    sim_settle(&bench->loop);
    assert_ends_with(clients[9], "answer 9");
}

static void when_descriptors_run_out_accepting_goes_on_later(void **state)
{
    struct bench *bench = *state;

    sim_fail_accepts(1, EMFILE);
    struct sim_peer *client = dial(bench); /* nobody here has a connection to close */
    say(bench, client, get);
    sim_run_for(&bench->loop, SECOND);
    assert_ends_with(client, "answer 0");
}

static void a_failed_accept_of_one_client_leaves_the_next(void **state)
{
    struct bench *bench = *state;

    sim_fail_accepts(1, ECONNABORTED);
    struct sim_peer *client = dial(bench);
    say(bench, client, get);
    assert_ends_with(client, "answer 0");
}

static void draining_closes_idle_connections_and_finishes_calls(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *idle = dial(bench);
    struct sim_peer *busy = dial(bench);
    struct sim_peer *slow = dial(bench);

    say(bench, idle, get);
    bench->answers = BY_HAND;
    say(bench, busy, get);
    say(bench, slow, "GET /a HT");
    http_server_drain(&bench->server);
    sim_settle(&bench->loop);
    assert_true(idle->closed);
    assert_false(busy->closed);
    struct sim_peer *late = dial(bench);
    assert_true(late->closed);
    answer(bench, 1);
    assert_has(busy, "onnection: close\r\n");
    assert_ends_with(busy, "answer 1");
    assert_true(busy->ended);
    bench->answers = AT_BODY_END;
    say(bench, slow, "TP/1.1\r\nHost: h\r\n\r\n");
    assert_has(slow, "onnection: close\r\n");
    assert_ends_with(slow, "answer 2");
    sim_run_for(&bench->loop, 3 * SECOND);
    assert_int_equal(bench->server.connection_count, 0);
    assert_int_equal(bench->gone, 0);
}

static void stopping_tells_every_call(void **state)
{
    struct bench *bench = *state;

    bench->answers = BY_HAND;
    for (int i = 0; i < 4; i++) {
        say(bench, dial(bench),
            i % 2 == 0 ? get
                       : "POST / HTTP/1.1\r\nHost: h\r\n"
                         "Content-Length: 5\r\n\r\nhe");
    }
    http_server_stop(&bench->server);
    assert_int_equal(bench->gone, 4);
    sim_settle(&bench->loop);
    assert_int_equal(bench->server.connection_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_slow_head_is_refused_in_time),
        TEST(who_never_says_anything_is_closed_without_a_word),
        TEST(a_body_that_stops_coming_is_refused_in_time),
        TEST(a_large_body_may_take_its_time),
        TEST(a_body_by_drops_is_refused),
        TEST(an_idle_connection_is_closed_in_time),
        TEST(a_client_that_takes_nothing_is_given_up),
        TEST(a_client_that_takes_nothing_is_given_up_while_more_is_written),
        TEST(a_client_that_takes_little_by_little_is_kept),
        TEST(the_last_bytes_have_their_time_too),
        TEST(a_large_answer_on_a_connection_that_stays_has_its_time_too),
        TEST(an_answer_that_is_not_taken_on_a_connection_that_stays_is_given_up),
        TEST(a_client_that_left_an_answer_untaken_is_given_up_during_the_next),
        TEST(more_connections_than_allowed_wait),
        TEST(when_descriptors_run_out_accepting_goes_on_later),
        TEST(a_failed_accept_of_one_client_leaves_the_next),
        TEST(draining_closes_idle_connections_and_finishes_calls),
        TEST(stopping_tells_every_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
