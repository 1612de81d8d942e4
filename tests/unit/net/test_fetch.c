#include "fetch_bench.h"

/* --- requests and answers --- */

static void a_request_is_written_and_its_answer_read(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);
    struct sim_peer *provider = sim_peer_at(0);

    assert_str_equal(buf_str(&provider->received),
                     STR("POST /v1/x HTTP/1.1\r\nHost: p.test\r\nContent-Length: 5\r\n\r\nhello"));
    assert_int_equal(owner->heads, 0);
    sim_run_for(&bench->loop, 2 * SECOND);
    say(bench, provider, whole);
    assert_int_equal(owner->status, 200);
    assert_string_equal(owner->type, "text/plain");
    assert_str_equal(buf_str(&owner->bytes), STR("answer"));
    assert_ended(owner, FETCH_DONE);
    assert_true(owner->facts.connected && owner->facts.sent_any && owner->facts.got_head);
    assert_false(owner->facts.reused);
    assert_true(owner->facts.first_byte_us == 2 * SECOND);
}

/* Cut at every place, and byte by byte. */
static void however_bytes_come_the_answer_is_the_same(void **state)
{
    static const struct {
        const char *answer;
        bool closes;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 11\r\n\r\nhello world", false},
        {"HTTP/1.1 200 OK\r\nContent-Type: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "6\r\nhello \r\n5;x=\"y\"\r\nworld\r\n0\r\nTrailer: 1\r\n\r\n",
         false},
        {"HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\nhello world", true},
        {"HTTP/1.0 200 OK\r\nContent-Type: a\r\n\r\nhello world", true},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
         "HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 11\r\n\r\nhello world",
         false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str answer = str_c(cases[i].answer);
        for (size_t cut = 0; cut <= answer.len + 1; cut++) {
            struct bench *bench = NULL;
            assert_int_equal(set_up(state), 0);
            bench = *state;
            struct owner *owner = start(bench, 0);
            struct sim_peer *provider = sim_peer_at(0);
            provider->read_bytes_max = cut > answer.len ? 1 : 0;
            sim_send(provider, str_take(answer, cut));
            sim_settle(&bench->loop);
            sim_send(provider, str_skip(answer, cut));
            sim_settle(&bench->loop);
            assert_int_equal(owner->ends, cases[i].closes ? 0 : 1);
            sim_finish(provider);
            sim_settle(&bench->loop);
            assert_ended(owner, FETCH_DONE);
            assert_int_equal(owner->status, 200);
            assert_str_equal(buf_str(&owner->bytes), STR("hello world"));
            assert_true(provider->closed);
            assert_int_equal(tear_down(state), 0);
        }
    }
}

static void answers_without_a_body_end_at_once(void **state)
{
    struct bench *bench = *state;
    struct sim_peer *provider = NULL;

    bench->request.method = STR("HEAD");
    bench->request.body = STR_NONE;
    struct owner *head = start(bench, 0);
    provider = sim_peer_at(0);
    say(bench, provider, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    assert_ended(head, FETCH_DONE);
    bench->request.method = STR("GET");
    struct owner *none = start(bench, 1);
    say(bench, provider, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_ended(none, FETCH_DONE);
    assert_true(none->facts.reused);
    assert_int_equal(sim_peer_count(), 1);
}

static void a_large_request_is_sent_as_fast_as_it_is_taken(void **state)
{
    struct bench *bench = *state;
    static char large[REQUEST_MAX / 2];

    memset(large, 'x', sizeof(large));
    bench->request.body = str_of(large, sizeof(large));
    bench->target.host = STR("192.0.2.9");
    sim_add_place(&(struct sim_place){.address = "192.0.2.9", .port = 80, .answer = SIM_ACCEPTS});
    bench->owners[0].fetch = fetch_start(&bench->pool, &bench->request, &ops, &bench->owners[0]);
    memset(large, '!', sizeof(large)); /* it was copied */
    while (sim_peer_count() == 0) {
        (void)sim_turn(&bench->loop);
    }
    sim_peer_at(0)->write_bytes_max = 1000;
    sim_settle(&bench->loop);
    str sent = buf_str(&sim_peer_at(0)->received);
    assert_true(sent.len > sizeof(large));
    assert_int_equal(sent.at[sent.len - 1], 'x');
    assert_true(str_find_char(sent, '!') == sent.len);
}

static void a_request_too_large_for_the_pool_is_refused_on_any_connection(void **state)
{
    struct bench *bench = *state;
    static char large[REQUEST_MAX * 4];

    memset(large, 'x', sizeof(large));
    struct owner *first = start(bench, 0);
    sim_peer_at(0)->room_bytes = 1000;
    sim_peer_at(0)->holds_back = true;
    say(bench, sim_peer_at(0), whole);
    assert_ended(first, FETCH_DONE);
    bench->request.body = str_of(large, sizeof(large));
    struct owner *reused = start(bench, 1);
    assert_ended(reused, FETCH_MALFORMED);
    assert_false(reused->facts.sent_any);
    bench->request.fresh = true;
    assert_ended(start(bench, 2), FETCH_MALFORMED);
    assert_int_equal(sim_peer_count(), 1);
}

static void a_header_that_cannot_be_written_is_refused(void **state)
{
    struct bench *bench = *state;
    struct header room[] = {{STR("x-evil"), STR("a\r\nx-more: b")}};
    struct headers headers = {.at = room, .count = 1};

    bench->request.headers = &headers;
    assert_ended(start(bench, 0), FETCH_MALFORMED);
    assert_int_equal(sim_peer_count(), 0);
}

/* --- what goes wrong --- */

static void answers_that_break_http_are_malformed(void **state)
{
    static const char *const answers[] = {
        "NONSENSE\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        struct owner *owner = start(bench, 0);
        say(bench, sim_peer_at(0), answers[i]);
        assert_ended(owner, FETCH_MALFORMED);
        assert_true(strlen(owner->why) > 0);
        assert_true(sim_peer_at(0)->closed);
        assert_int_equal(tear_down(state), 0);
    }
}

static void a_head_without_end_is_bounded(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000 && owner->ends == 0; i++) {
        say(bench, sim_peer_at(0), "X-Header: some value\r\n");
    }
    assert_ended(owner, FETCH_MALFORMED);
}

static void an_answer_that_is_cut_anywhere_is_not_done(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        str answer = str_c(answers[i]);
        for (size_t cut = 0; cut < 2 * answer.len; cut++) {
            assert_int_equal(set_up(state), 0);
            struct bench *bench = *state;
            struct owner *owner = start(bench, 0);
            sim_send(sim_peer_at(0), str_take(answer, cut / 2));
            sim_settle(&bench->loop);
            assert_int_equal(owner->ends, 0);
            if (cut % 2 == 0) {
                sim_close(sim_peer_at(0));
            } else {
                sim_reset(sim_peer_at(0));
            }
            sim_settle(&bench->loop);
            assert_ended(owner, FETCH_CUT);
            assert_int_equal(owner->facts.got_head, owner->heads > 0);
            assert_true(strlen(owner->why) > 0);
            assert_int_equal(tear_down(state), 0);
        }
    }
}

static void a_close_delimited_answer_that_is_reset_is_cut(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\n\r\nhello");
    sim_reset(sim_peer_at(0));
    sim_settle(&bench->loop);
    assert_ended(owner, FETCH_CUT);
}

static void a_refused_connection_is_unreachable(void **state)
{
    struct bench *bench = *state;

    sim_add_place(&(struct sim_place){
        .address = "192.0.2.1", .port = 80, .answer = SIM_REFUSES, .delay_us = 1000});
    struct owner *owner = start(bench, 0);
    sim_run_for(&bench->loop, 1000);
    assert_ended(owner, FETCH_UNREACHABLE);
    assert_false(owner->facts.connected || owner->facts.sent_any);
    assert_string_equal(owner->why, "the provider cannot be reached: Connection refused");
    sim_add_place(
        &(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_UNREACHABLE});
    owner = start(bench, 1);
    assert_ended(owner, FETCH_UNREACHABLE);
    assert_string_equal(owner->why, "the provider cannot be reached: Network is unreachable");
}

/* --- pause and resume --- */

static void a_paused_answer_waits_in_the_network(void **state)
{
    struct bench *bench = *state;

    bench->owners[0].pauses = IN_BYTES;
    struct owner *owner = start(bench, 0);
    struct sim_peer *provider = sim_peer_at(0);
    say(bench, provider, "HTTP/1.1 200 OK\r\n\r\none");
    assert_str_equal(buf_str(&owner->bytes), STR("one"));
    say(bench, provider, " two");
    sim_finish(provider);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&owner->bytes), STR("one"));
    assert_int_equal(owner->ends, 0); /* its end is behind its bytes */
    owner->pauses = NEVER;
    fetch_resume(owner->fetch);
    assert_str_equal(buf_str(&owner->bytes), STR("one"));
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&owner->bytes), STR("one two"));
    assert_ended(owner, FETCH_DONE);
}

static void a_connection_is_read_again_after_a_paused_answer(void **state)
{
    struct bench *bench = *state;

    bench->owners[0].pauses = IN_BYTES;
    struct owner *owner = start(bench, 0);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
    owner = start(bench, 1);
    assert_true(sim_peer_count() == 1);
    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
}

/* --- cancelling --- */

static void a_fetch_may_be_cancelled_in_any_phase(void **state)
{
    static const char *const said[] = {NULL, "", "HTTP/1.1 200",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"};

    for (size_t i = 0; i < COUNT_OF(said) + 3; i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        struct owner *owner = &bench->owners[0];
        if (i < COUNT_OF(said)) {
            owner->fetch = fetch_start(&bench->pool, &bench->request, &ops, owner);
            if (said[i] != NULL) {
                sim_settle(&bench->loop);
                say(bench, sim_peer_at(0), said[i]);
            }
        } else if (i == COUNT_OF(said)) {
            sim_add_place(
                &(struct sim_place){.address = "192.0.2.1", .port = 80, .answer = SIM_IS_SILENT});
            owner = start(bench, 0);
        } else {
            bench->target.host = STR("p.test");
            sim_add_name("p.test", "192.0.2.1", i % 2 == 0 ? -1 : 1000);
            owner = start(bench, 0);
        }
        owner->over = true;
        fetch_cancel(owner->fetch);
        assert_true(sim_peer_count() == 0 || sim_peer_at(0)->closed); /* at once */
        sim_run_for(&bench->loop, 2 * TOTAL_S * SECOND);
        assert_int_equal(owner->ends, 0);
        assert_int_equal(bench->pool.connection_count, 0);
        assert_int_equal(tear_down(state), 0);
    }
}

static void a_fetch_may_be_cancelled_inside_every_call(void **state)
{
    static const enum when cases[] = {IN_HEAD, IN_BYTES, IN_END};

    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        assert_int_equal(set_up(state), 0);
        struct bench *bench = *state;
        bench->owners[0].cancels = cases[i / 2];
        struct owner *owner = start(bench, 0);
        if (i % 2 == 0) {
            say(bench, sim_peer_at(0), whole);
        } else {
            say(bench, sim_peer_at(0), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            sim_reset(sim_peer_at(0));
        }
        sim_run_for(&bench->loop, 2 * TOTAL_S * SECOND);
        assert_true(owner->over);
        assert_int_equal(owner->ends, cases[i / 2] == IN_END ? 1 : 0);
        assert_true(sim_peer_at(0)->closed);
        assert_int_equal(tear_down(state), 0);
    }
}

static void an_answer_to_nobody_is_closed(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    say(bench, sim_peer_at(0), whole);
    assert_ended(owner, FETCH_DONE);
    say(bench, sim_peer_at(0), whole); /* nobody asked */
    assert_true(sim_peer_at(0)->closed);
}

static void bytes_behind_an_answer_close_its_connection(void **state)
{
    struct bench *bench = *state;
    struct owner *owner = start(bench, 0);

    sim_send(sim_peer_at(0), str_c(whole));
    sim_send(sim_peer_at(0), str_c(whole));
    sim_settle(&bench->loop);
    assert_ended(owner, FETCH_DONE);
    assert_str_equal(buf_str(&owner->bytes), STR("answer"));
    assert_true(sim_peer_at(0)->closed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_written_and_its_answer_read),
        cmocka_unit_test(however_bytes_come_the_answer_is_the_same),
        TEST(answers_without_a_body_end_at_once),
        TEST(a_large_request_is_sent_as_fast_as_it_is_taken),
        TEST(a_request_too_large_for_the_pool_is_refused_on_any_connection),
        TEST(a_header_that_cannot_be_written_is_refused),
        cmocka_unit_test(answers_that_break_http_are_malformed),
        TEST(a_head_without_end_is_bounded),
        cmocka_unit_test(an_answer_that_is_cut_anywhere_is_not_done),
        TEST(a_close_delimited_answer_that_is_reset_is_cut),
        TEST(a_refused_connection_is_unreachable),
        TEST(a_paused_answer_waits_in_the_network),
        TEST(a_connection_is_read_again_after_a_paused_answer),
        cmocka_unit_test(a_fetch_may_be_cancelled_in_any_phase),
        cmocka_unit_test(a_fetch_may_be_cancelled_inside_every_call),
        TEST(an_answer_to_nobody_is_closed),
        TEST(bytes_behind_an_answer_close_its_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
