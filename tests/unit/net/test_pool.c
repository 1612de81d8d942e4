#include "fetch_bench.h"

/* --- names --- */

static void use_name(struct bench *bench)
{
    bench->target.host = STR("p.test");
    sim_add_name("p.test", "192.0.2.3", 1000);
    sim_add_name("p.test", "192.0.2.2", 1000);
    sim_add_name("p.test", "192.0.2.1", 1000);
    sim_add_place(&(struct sim_place){.address = "192.0.2.2", .port = 80, .answer = SIM_REFUSES});
}

static void addresses_are_tried_one_after_the_other(void **state)
{
    struct bench *bench = *state;

    use_name(bench); /* .3 is unreachable, .2 refuses */
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, 1000);
    assert_int_equal(sim_peer_count(), 2);
    assert_true(sim_peer_at(0)->closed);
    say(bench, sim_peer_at(1), whole);
    assert_ended(owner, FETCH_DONE);
    assert_str_equal(buf_str(&owner->bytes), STR("answer"));
}

static void an_address_that_does_not_answer_is_left_for_the_next(void **state)
{
    struct bench *bench = *state;

    use_name(bench);
    sim_add_place(&(struct sim_place){.address = "192.0.2.3", .port = 80, .answer = SIM_IS_SILENT});
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, SECOND - 1);
    assert_false(sim_peer_at(0)->closed);
    sim_run_for(&bench->loop, SECOND / 10); /* .2 refuses, .1 accepts */
    assert_true(sim_peer_at(0)->closed);
    say(bench, sim_peer_at(sim_peer_count() - 1), whole);
    assert_ended(owner, FETCH_DONE);
}

static void a_name_is_asked_for_again_only_after_a_while(void **state)
{
    struct bench *bench = *state;

    use_name(bench);
    bench->request.fresh = true;
    for (int i = 0; i < 3; i++) {
        struct owner *owner = start(bench, i);
        sim_run_for(&bench->loop, 1000);
        say(bench, sim_peer_at(sim_peer_count() - 1), whole);
        assert_ended(owner, FETCH_DONE);
    }
    assert_int_equal(sim_lookup_count(), 1);
    sim_run_for(&bench->loop, ADDRESSES_S * SECOND);
    (void)start(bench, 3);
    assert_int_equal(sim_lookup_count(), 2);
}

static void a_name_nobody_knows_is_unreachable_and_asked_again(void **state)
{
    struct bench *bench = *state;

    bench->target.host = STR("p.test");
    sim_add_name("p.test", NULL, 1000);
    for (int i = 0; i < 2; i++) {
        struct owner *owner = start(bench, i);
        assert_int_equal(owner->ends, 0);
        sim_run_for(&bench->loop, 1000);
        assert_ended(owner, FETCH_UNREACHABLE);
        assert_string_equal(owner->why, "its name cannot be resolved: no such name");
    }
    assert_int_equal(sim_lookup_count(), 2);
}

static void addresses_that_all_fail_are_asked_for_again(void **state)
{
    struct bench *bench = *state;

    bench->target.host = STR("p.test");
    sim_add_name("p.test", "192.0.2.3", 0);
    assert_ended(start(bench, 0), FETCH_UNREACHABLE);
    assert_ended(start(bench, 1), FETCH_UNREACHABLE);
    assert_int_equal(sim_lookup_count(), 2);
}

/* --- deadlines --- */

static void assert_times_out(struct bench *bench, struct owner *owner, int64_t after_s,
                             const char *why)
{
    sim_run_for(&bench->loop, after_s * SECOND - 1);
    assert_int_equal(owner->ends, 0);
    sim_run_for(&bench->loop, 1);
    assert_ended(owner, FETCH_TIMEOUT);
    assert_string_equal(owner->why, why);
    for (size_t i = 0; i < sim_peer_count(); i++) {
        assert_true(sim_peer_at(i)->closed);
    }
}

static void a_name_that_is_never_resolved_times_out(void **state)
{
    struct bench *bench = *state;

    bench->target.host = STR("p.test");
    sim_add_name("p.test", "192.0.2.1", -1);
    assert_times_out(bench, start(bench, 0), CONNECT_S, "the name was not resolved in time");
}

static void a_connection_that_is_never_made_times_out(void **state)
{
    struct bench *bench = *state;

    sim_add_place(&(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_IS_SILENT});
    struct owner *owner = start(bench, 0);
    assert_times_out(bench, owner, CONNECT_S, "the connection was not made in time");
    assert_false(owner->facts.sent_any);
}

static void an_answer_that_never_begins_times_out(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    assert_times_out(bench, owner, FIRST_BYTE_S, "no answer came in time");
    assert_true(owner->facts.sent_any);
}

static void an_answer_that_stops_times_out(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        sim_run_for(&bench->loop, STREAM_IDLE_S * SECOND - 1);
        say(bench, sim_peer_at(0), "x");
    }
    assert_times_out(bench, owner, STREAM_IDLE_S, "the answer stopped coming");
}

static void an_answer_that_goes_on_for_ever_times_out(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < TOTAL_S / 5 - 1; i++) {
        sim_run_for(&bench->loop, 5 * SECOND);
        say(bench, sim_peer_at(0), "x");
    }
    assert_times_out(bench, owner, 5, "the answer took longer than allowed in total");
}

static void a_paused_answer_has_only_its_total_deadline(void **state)
{
    struct bench *bench = *state;

    bench->owners[0].pauses = IN_HEAD;
    struct owner *owner = start(bench, 0);
    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    sim_run_for(&bench->loop, 3 * STREAM_IDLE_S * SECOND);
    assert_int_equal(owner->ends, 0);
    fetch_resume(owner->fetch);
    sim_run_for(&bench->loop, STREAM_IDLE_S * SECOND - 1);
    assert_int_equal(owner->ends, 0);
    fetch_pause(owner->fetch);
    sim_run_for(&bench->loop, 1);
    assert_times_out(bench, owner, TOTAL_S - 4 * STREAM_IDLE_S,
                     "the answer took longer than allowed in total");
}

/* --- the pool --- */

static void a_connection_serves_again(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 5; i++) {
        struct owner *owner = start(bench, i);
        say(bench, sim_peer_at(0), whole);
        assert_ended(owner, FETCH_DONE);
        assert_int_equal(owner->facts.reused, i > 0);
    }
    assert_int_equal(sim_peer_count(), 1);
}

static void a_fresh_fetch_takes_no_used_connection(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    bench->request.fresh = true;
    struct owner *owner = start(bench, 1);
    assert_int_equal(sim_peer_count(), 2);
    say(bench, sim_peer_at(1), whole);
    assert_false(owner->facts.reused);
}

static void another_target_takes_another_connection(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    bench->target.authority = STR("other.test");
    (void)start(bench, 1);
    assert_int_equal(sim_peer_count(), 2);
}

static void connections_that_may_not_stay_are_closed(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nanswer",
        "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nanswer",
    };

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        struct owner *owner = start(bench, 0);
        say(bench, sim_peer_at(0), answers[i]);
        assert_ended(owner, FETCH_DONE);
        assert_true(sim_peer_at(0)->closed);
        assert_int_equal(tear_down(state), 0);
    }
}

static void an_answer_before_the_request_was_sent_closes_the_connection(void **state)
{
    struct bench *bench = *state;
    static char large[REQUEST_MAX / 2];

    bench->request.body = str_of(large, sizeof(large));
    bench->owners[0].fetch = fetch_start(&bench->pool, &bench->request, &ops, &bench->owners[0]);
    while (sim_peer_count() == 0) {
        (void)sim_turn(&bench->loop);
    }
    sim_peer_at(0)->room_bytes = 100;
    sim_peer_at(0)->holds_back = true;
    sim_settle(&bench->loop);
    say(bench, sim_peer_at(0), "HTTP/1.1 413 Too Large\r\nContent-Length: 6\r\n\r\nanswer");
    assert_ended(&bench->owners[0], FETCH_DONE);
    assert_int_equal(bench->owners[0].status, 413);
    assert_true(sim_peer_at(0)->closed);
}

static void an_idle_connection_that_the_provider_closes_is_forgotten(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    assert_int_equal(bench->pool.connection_count, 1);
    sim_close(sim_peer_at(0));
    sim_settle(&bench->loop);
    assert_int_equal(bench->pool.connection_count, 0);
    struct owner *owner = start(bench, 1);
    say(bench, sim_peer_at(1), whole);
    assert_ended(owner, FETCH_DONE);
    assert_false(owner->facts.reused);
}

static void a_stale_connection_tells_that_it_was_used_before(void **state)
{
    struct bench *bench = *state;

    for (int how = 0; how < 2; how++) {
        size_t n = sim_peer_count();
        (void)start(bench, how * 2);
        say(bench, sim_peer_at(n), whole);
        if (how == 0) {
            sim_close(sim_peer_at(n)); /* the loop has not heard of it yet */
        } else {
            sim_reset(sim_peer_at(n));
        }
        struct owner *owner = start(bench, how * 2 + 1);
        assert_ended(owner, FETCH_CUT);
        assert_true(owner->facts.reused);
        assert_false(owner->facts.got_head);
    }
}

static void an_idle_connection_is_closed_in_time(void **state)
{
    struct bench *bench = *state;

    (void)start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    sim_run_for(&bench->loop, POOL_IDLE_S * SECOND - 1);
    assert_false(sim_peer_at(0)->closed);
    sim_run_for(&bench->loop, 1);
    assert_true(sim_peer_at(0)->closed);
}

static void only_so_many_idle_connections_are_kept_the_oldest_goes(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < IDLE_MAX + 1; i++) {
        (void)start(bench, i);
    }
    for (size_t i = 0; i < IDLE_MAX + 1; i++) {
        say(bench, sim_peer_at(i), whole);
        sim_run_for(&bench->loop, SECOND);
    }
    assert_true(sim_peer_at(0)->closed);
    assert_false(sim_peer_at(1)->closed);
    assert_false(sim_peer_at(2)->closed);
    sim_run_for(&bench->loop, (POOL_IDLE_S - 2) * SECOND);
    assert_true(sim_peer_at(1)->closed); /* each has its own time */
    assert_false(sim_peer_at(2)->closed);
    struct owner *owner = start(bench, 5); /* the youngest serves first */
    say(bench, sim_peer_at(2), whole);
    assert_ended(owner, FETCH_DONE);
}

static void without_idle_connections_each_fetch_has_its_own(void **state)
{
    struct bench *bench = *state;

    bench->pool.options.idle_max = 0;
    for (int i = 0; i < 3; i++) {
        struct owner *owner = start(bench, i);
        say(bench, sim_peer_at((size_t)i), whole);
        assert_ended(owner, FETCH_DONE);
        assert_true(sim_peer_at((size_t)i)->closed);
    }
}

static void many_fetches_run_beside_each_other(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 10; i++) {
        (void)start(bench, i);
    }
    assert_int_equal(bench->pool.connection_count, 10);
    for (int i = 9; i >= 0; i--) {
        say(bench, sim_peer_at((size_t)i), whole);
        assert_ended(&bench->owners[i], FETCH_DONE);
    }
    assert_int_equal(bench->pool.connection_count, IDLE_MAX);
}

/* --- targets that a stranger named --- */

static void use_stranger(struct bench *bench)
{
    bench->target = (struct pool_target){.host = STR("files.test"),
                                         .port = 80,
                                         .authority = STR("files.test"),
                                         .guarded = true,
                                         .once = true};
    sim_add_place(&(struct sim_place){.address = "93.184.216.34", .port = 80});
    sim_add_place(&(struct sim_place){.address = "10.0.0.1", .port = 80});
}

static void a_guarded_target_is_asked_at_a_public_address(void **state)
{
    struct bench *bench = *state;

    use_stranger(bench);
    sim_add_name("files.test", "93.184.216.34", 1000);
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, 1000);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
}

static void nothing_is_kept_of_a_target_that_is_asked_once(void **state)
{
    struct bench *bench = *state;

    use_stranger(bench);
    sim_add_name("files.test", "93.184.216.34", 1000);
    for (int i = 0; i < 2; i++) {
        struct owner *owner = start(bench, i);
        sim_run_for(&bench->loop, 1000);
        say(bench, sim_peer_at((size_t)i), whole);
        assert_ended(owner, FETCH_DONE);
        assert_true(sim_peer_at((size_t)i)->closed);
        assert_true(list_is_empty(&bench->pool.hosts));
    }
    assert_int_equal(sim_lookup_count(), 2);
}

static void a_guarded_target_is_not_asked_when_any_of_its_addresses_is_private(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *addresses[2];
    } cases[] = {
        {"10.0.0.1", 80, {NULL}},
        {"::ffff:10.0.0.1", 80, {NULL}},
        {"93.184.216.34", 8080, {NULL}},
        {"private.test", 80, {"10.0.0.1"}},
        {"first.test", 80, {"10.0.0.1", "93.184.216.34"}},
        {"second.test", 80, {"93.184.216.34", "10.0.0.1"}},
        {"2130706433", 80, {"127.0.0.1"}}, /* an address as getaddrinfo() reads it too */
    };
    struct bench *bench = *state;

    use_stranger(bench);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t k = 0; k < 2 && cases[i].addresses[k] != NULL; k++) {
            sim_add_name(cases[i].host, cases[i].addresses[k], 1000);
        }
        bench->target.host = str_c(cases[i].host);
        bench->target.port = cases[i].port;
        struct owner *owner = start(bench, (int)i);
        sim_run_for(&bench->loop, 1000);
        assert_ended(owner, FETCH_FORBIDDEN);
        assert_string_equal(owner->why, "its address may not be asked");
        assert_false(owner->facts.connected);
        assert_int_equal(sim_peer_count(), 0);
    }
    bench->target.guarded = false;
    bench->target.host = STR("10.0.0.1");
    bench->target.port = 80;
    struct owner *owner = start(bench, 10);
    sim_run_for(&bench->loop, 1000);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
}

static void a_port_that_is_not_the_webs_is_refused_before_its_name_is_asked_for(void **state)
{
    struct bench *bench = *state;

    use_stranger(bench);
    sim_add_name("files.test", "93.184.216.34", 1000);
    bench->target.port = 22;
    assert_ended(start(bench, 0), FETCH_FORBIDDEN);
    assert_int_equal(sim_lookup_count(), 0);
    assert_int_equal(sim_peer_count(), 0);
}

/* Who asks without a guard may have connections open to where a guarded fetch may not go. */
static void a_guarded_fetch_takes_no_connection_of_an_unguarded_one(void **state)
{
    struct bench *bench = *state;

    use_stranger(bench);
    bench->target.host = STR("10.0.0.1");
    bench->target.guarded = false;
    bench->target.once = false;
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, 1000);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
    assert_false(sim_peer_at(0)->closed);
    bench->target.guarded = true;
    assert_ended(start(bench, 1), FETCH_FORBIDDEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(addresses_are_tried_one_after_the_other),
        TEST(an_address_that_does_not_answer_is_left_for_the_next),
        TEST(a_name_is_asked_for_again_only_after_a_while),
        TEST(a_name_nobody_knows_is_unreachable_and_asked_again),
        TEST(addresses_that_all_fail_are_asked_for_again),
        TEST(a_name_that_is_never_resolved_times_out),
        TEST(a_connection_that_is_never_made_times_out),
        TEST(an_answer_that_never_begins_times_out),
        TEST(an_answer_that_stops_times_out),
        TEST(an_answer_that_goes_on_for_ever_times_out),
        TEST(a_paused_answer_has_only_its_total_deadline),
        TEST(a_connection_serves_again),
        TEST(a_fresh_fetch_takes_no_used_connection),
        TEST(another_target_takes_another_connection),
        cmocka_unit_test(connections_that_may_not_stay_are_closed),
        TEST(an_answer_before_the_request_was_sent_closes_the_connection),
        TEST(an_idle_connection_that_the_provider_closes_is_forgotten),
        TEST(a_stale_connection_tells_that_it_was_used_before),
        TEST(an_idle_connection_is_closed_in_time),
        TEST(only_so_many_idle_connections_are_kept_the_oldest_goes),
        TEST(without_idle_connections_each_fetch_has_its_own),
        TEST(many_fetches_run_beside_each_other),
        TEST(a_guarded_target_is_asked_at_a_public_address),
        TEST(nothing_is_kept_of_a_target_that_is_asked_once),
        TEST(a_guarded_target_is_not_asked_when_any_of_its_addresses_is_private),
        TEST(a_port_that_is_not_the_webs_is_refused_before_its_name_is_asked_for),
        TEST(a_guarded_fetch_takes_no_connection_of_an_unguarded_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
