#include "net/stream.h"

#include "sim.h"
#include "test.h"

#include <errno.h>

enum { UNSENT_MAX = 4096, LOW = 100 };

enum when { NEVER, IN_BYTES, IN_END, IN_DRAINED, IN_OPEN };

/* A stream and what it told. */
struct bench {
    struct loop loop;
    struct stream stream;
    struct sim_peer *peer;
    struct buf bytes;
    int opens;
    int reads;
    int ends;
    int drains;
    enum stream_end end;
    enum when closes;   /* the owner closes in this call */
    bool stops_reading; /* in on_bytes */
    bool closed;
};

static struct bench *bench_of(struct stream *stream)
{
    return CONTAINER_OF(stream, struct bench, stream);
}

static void close_when(struct bench *bench, enum when now)
{
    assert_false(bench->closed); /* no call comes after the close */
    if (bench->closes == now) {
        bench->closed = true;
        stream_close(&bench->stream);
    }
}

static void on_open(struct stream *stream)
{
    bench_of(stream)->opens++;
    close_when(bench_of(stream), IN_OPEN);
}

static void on_bytes(struct stream *stream, str bytes)
{
    struct bench *bench = bench_of(stream);

    bench->reads++;
    assert_int_equal(buf_add(&bench->bytes, bytes), ERR_OK);
    if (bench->stops_reading) {
        stream_set_reading(stream, false);
    }
    close_when(bench, IN_BYTES);
}

static void on_end(struct stream *stream, enum stream_end end)
{
    struct bench *bench = bench_of(stream);

    bench->ends++;
    bench->end = end;
    close_when(bench, IN_END);
}

static void on_drained(struct stream *stream)
{
    struct bench *bench = bench_of(stream);

    assert_true(stream_unsent_bytes(stream) <= stream->low_bytes);
    bench->drains++;
    close_when(bench, IN_DRAINED);
}

static const struct stream_ops ops = {on_open, on_bytes, on_end, on_drained};

static int set_up(void **state)
{
    static struct bench bench;

    sim_start(1);
    bench = (struct bench){0};
    loop_init(&bench.loop, &sim_loop_ops, &sim_clock, &sim_sock);
    buf_init(&bench.bytes, 1024 * 1024);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    stream_close(&bench->stream);
    buf_free(&bench->bytes);
    sim_settle(&bench->loop);
    loop_free(&bench->loop);
    assert_int_equal(sim_stop(), 0);
    return 0;
}

static void accept_one(struct bench *bench)
{
    bench->peer = sim_pair();
    stream_accept(&bench->stream, &bench->loop, &ops, bench->peer->fd, NULL, UNSENT_MAX);
    bench->stream.low_bytes = LOW;
}

static enum err write_text(struct bench *bench, const char *text)
{
    str part = str_c(text);

    return stream_write(&bench->stream, &part, 1);
}

/* `len` letters that tell their places. */
static str letters(size_t len)
{
    static char room[LOOP_READ_BYTES * 5];

    for (size_t i = 0; i < len; i++) {
        room[i] = (char)('a' + i % 23);
    }
    return str_of(room, len);
}

static void assert_received(const struct bench *bench, size_t len)
{
    assert_str_equal(buf_str(&bench->peer->received), letters(len));
}

static void a_write_goes_out_at_once_and_in_order(void **state)
{
    struct bench *bench = *state;
    str parts[] = {STR("one "), STR_NONE, STR("two "), STR("three")};

    accept_one(bench);
    assert_int_equal(stream_write(&bench->stream, parts, COUNT_OF(parts)), ERR_OK);
    assert_str_equal(buf_str(&bench->peer->received), STR("one two three"));
    assert_int_equal(stream_unsent_bytes(&bench->stream), 0);
    assert_true(bench->stream.sent_bytes == 13);
    assert_int_equal(bench->opens, 0); /* an accepted plain stream is open from the start */
}

static void a_write_of_nothing_is_fine(void **state)
{
    struct bench *bench = *state;
    str none = STR_NONE;

    accept_one(bench);
    assert_int_equal(stream_write(&bench->stream, &none, 1), ERR_OK);
    assert_int_equal(stream_write(&bench->stream, &none, 0), ERR_OK);
    assert_int_equal(bench->peer->received.len, 0);
}

/* Whatever the socket takes at a time, all parts arrive as they were written. */
static void short_writes_lose_nothing(void **state)
{
    (void)state;
    for (size_t most = 1; most < 40; most++) {
        struct bench bench = {0};
        str whole = letters(30);
        str parts[] = {str_take(whole, 7), str_take(str_skip(whole, 7), 1), str_skip(whole, 8)};

        loop_init(&bench.loop, &sim_loop_ops, &sim_clock, &sim_sock);
        accept_one(&bench);
        bench.peer->write_bytes_max = most;
        assert_int_equal(stream_write(&bench.stream, parts, COUNT_OF(parts)), ERR_OK);
        assert_int_equal(stream_unsent_bytes(&bench.stream), most < 30 ? 30 - most : 0);
        sim_settle(&bench.loop);
        assert_received(&bench, 30);
        assert_int_equal(stream_unsent_bytes(&bench.stream), 0);
        assert_true(bench.stream.sent_bytes == 30);
        stream_close(&bench.stream);
        loop_free(&bench.loop);
    }
}

static void what_a_full_socket_does_not_take_follows_later(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->peer->holds_back = true;
    bench->peer->room_bytes = 10;
    str first = letters(50);
    assert_int_equal(stream_write(&bench->stream, &first, 1), ERR_OK);
    assert_int_equal(stream_unsent_bytes(&bench->stream), 40);
    str second = str_skip(letters(80), 50);
    assert_int_equal(stream_write(&bench->stream, &second, 1), ERR_OK);
    sim_settle(&bench->loop);
    assert_int_equal(bench->peer->received.len, 0);
    for (int i = 0; i < 8; i++) {
        sim_take(bench->peer, 10);
        sim_settle(&bench->loop);
    }
    assert_received(bench, 80);
}

static void drained_is_told_once_when_low_water_is_reached(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->peer->holds_back = true;
    bench->peer->room_bytes = 10;
    str bytes = letters(400);
    assert_int_equal(stream_write(&bench->stream, &bytes, 1), ERR_OK);
    sim_settle(&bench->loop);
    bench->peer->room_bytes = 290;
    sim_settle(&bench->loop);
    assert_int_equal(stream_unsent_bytes(&bench->stream), 110);
    assert_int_equal(bench->drains, 0);
    bench->peer->room_bytes = 300;
    sim_settle(&bench->loop);
    assert_int_equal(stream_unsent_bytes(&bench->stream), LOW);
    assert_int_equal(bench->drains, 1);
    bench->peer->holds_back = false;
    sim_settle(&bench->loop);
    assert_int_equal(bench->drains, 1);
    assert_received(bench, 400);
}

static void what_never_rose_over_low_water_does_not_drain(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->peer->write_bytes_max = 1;
    str bytes = letters(LOW + 1);
    assert_int_equal(stream_write(&bench->stream, &bytes, 1), ERR_OK);
    sim_settle(&bench->loop);
    assert_received(bench, LOW + 1);
    assert_int_equal(bench->drains, 0);
}

static void more_unsent_than_allowed_is_too_big(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->peer->room_bytes = 0;
    str most = letters(UNSENT_MAX);
    assert_int_equal(stream_write(&bench->stream, &most, 1), ERR_OK);
    assert_int_equal(write_text(bench, "x"), ERR_TOO_BIG);
}

static void the_limit_is_of_what_waits_not_of_all_that_was_written(void **state)
{
    struct bench *bench = *state;
    str piece = letters(UNSENT_MAX / 2);

    accept_one(bench);
    bench->peer->write_bytes_max = 100;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(stream_write(&bench->stream, &piece, 1), ERR_OK);
        sim_settle(&bench->loop);
    }
    assert_int_equal(bench->peer->received.len, 50 * (UNSENT_MAX / 2));
}

static void bytes_are_told_as_they_come(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    sim_send(bench->peer, STR("hello"));
    assert_int_equal(bench->reads, 0);
    sim_settle(&bench->loop);
    assert_int_equal(bench->reads, 1);
    bench->peer->read_bytes_max = 2;
    sim_send(bench->peer, STR(" world"));
    sim_settle(&bench->loop);
    assert_int_equal(bench->reads, 4);
    assert_str_equal(buf_str(&bench->bytes), STR("hello world"));
}

static void a_busy_peer_leaves_turns_to_others(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    sim_send(bench->peer, letters(LOOP_READ_BYTES * 5));
    (void)sim_turn(&bench->loop);
    assert_int_equal(bench->reads, 4);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->bytes), letters(LOOP_READ_BYTES * 5));
}

static void who_does_not_want_bytes_is_told_none(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    stream_set_reading(&bench->stream, false);
    sim_send(bench->peer, STR("later"));
    sim_settle(&bench->loop);
    assert_int_equal(bench->reads, 0);
    stream_set_reading(&bench->stream, true);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->bytes), STR("later"));
}

static void reading_stops_inside_the_call(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->stops_reading = true;
    sim_send(bench->peer, letters(LOOP_READ_BYTES * 3));
    sim_settle(&bench->loop);
    assert_int_equal(bench->reads, 1);
    bench->stops_reading = false;
    stream_set_reading(&bench->stream, true);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->bytes), letters(LOOP_READ_BYTES * 3));
}

static void the_end_comes_after_the_last_byte_and_once(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    sim_send(bench->peer, STR("last words"));
    sim_finish(bench->peer);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->bytes), STR("last words"));
    assert_int_equal(bench->ends, 1);
    assert_int_equal(bench->end, STREAM_EOF);
    assert_int_equal(write_text(bench, "still heard"), ERR_OK);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->peer->received), STR("still heard"));
    assert_int_equal(bench->ends, 1);
}

static void an_end_waits_until_bytes_are_wanted(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    stream_set_reading(&bench->stream, false);
    sim_send(bench->peer, STR("bytes"));
    sim_finish(bench->peer);
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 0);
    stream_set_reading(&bench->stream, true);
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->bytes), STR("bytes"));
    assert_int_equal(bench->ends, 1);
}

static void an_end_that_matters_is_told_without_reading(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->stream.hangup_matters = true;
    stream_set_reading(&bench->stream, false);
    sim_send(bench->peer, STR("bytes"));
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 0);
    sim_finish(bench->peer);
    sim_settle(&bench->loop);
    assert_int_equal(bench->reads, 0);
    assert_int_equal(bench->ends, 1);
}

static void a_reset_is_told_with_its_reason(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    sim_reset(bench->peer);
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 1);
    assert_int_equal(bench->end, STREAM_FAILED);
    assert_int_equal(bench->stream.error, ECONNRESET);
}

static void any_error_of_the_socket_is_a_failure(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    sim_fail(bench->peer, EPROTO); /* the code that stands for TLS inside */
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 1);
    assert_int_equal(bench->end, STREAM_FAILED);
}

static void a_failed_write_is_told_at_the_end_of_the_turn(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    stream_set_reading(&bench->stream, false);
    sim_settle(&bench->loop);
    sim_reset(bench->peer);
    assert_int_equal(write_text(bench, "x"), ERR_CUT);
    assert_int_equal(bench->ends, 0);
    assert_int_equal(write_text(bench, "y"), ERR_CUT);
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 1);
    assert_int_equal(bench->end, STREAM_FAILED);
    assert_int_equal(bench->stream.error, EPIPE);
}

static void a_write_that_fails_later_is_told_too(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    stream_set_reading(&bench->stream, false);
    bench->peer->room_bytes = 1;
    bench->peer->holds_back = true;
    assert_int_equal(write_text(bench, "many bytes"), ERR_OK);
    sim_settle(&bench->loop);
    sim_reset(bench->peer);
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 1);
    assert_int_equal(bench->end, STREAM_FAILED);
}

static void finishing_ends_our_side_after_the_last_byte(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    bench->peer->write_bytes_max = 3;
    assert_int_equal(write_text(bench, "all of it"), ERR_OK);
    stream_finish(&bench->stream);
    assert_int_equal(write_text(bench, "more"), ERR_CUT);
    assert_false(bench->peer->ended);
    sim_settle(&bench->loop);
    assert_true(bench->peer->ended);
    assert_false(bench->peer->closed);
    assert_str_equal(buf_str(&bench->peer->received), STR("all of it"));
    sim_send(bench->peer, STR("and back"));
    sim_settle(&bench->loop);
    assert_str_equal(buf_str(&bench->bytes), STR("and back"));
}

static void finishing_with_nothing_unsent_ends_at_once(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    stream_finish(&bench->stream);
    stream_finish(&bench->stream);
    assert_true(bench->peer->ended);
    assert_int_equal(bench->ends, 0);
}

static void closing_twice_is_closing_once(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    stream_close(&bench->stream);
    stream_close(&bench->stream);
    assert_true(bench->peer->closed);
    assert_int_equal(write_text(bench, "x"), ERR_CUT);
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 0);
}

static void no_call_comes_after_a_close_inside_one(void **state)
{
    static const enum when cases[] = {IN_BYTES, IN_END, IN_DRAINED};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench bench = {.closes = cases[i]};
        str bytes = letters(400);

        loop_init(&bench.loop, &sim_loop_ops, &sim_clock, &sim_sock);
        buf_init(&bench.bytes, 1024 * 1024);
        accept_one(&bench);
        bench.peer->write_bytes_max = 50;
        assert_int_equal(stream_write(&bench.stream, &bytes, 1), ERR_OK);
        sim_send(bench.peer, letters(LOOP_READ_BYTES * 2));
        sim_finish(bench.peer);
        sim_settle(&bench.loop);
        assert_true(bench.closed);
        assert_true(bench.peer->closed);
        buf_free(&bench.bytes);
        loop_free(&bench.loop);
    }
}

static void a_close_takes_back_a_failure_not_yet_told(void **state)
{
    struct bench *bench = *state;

    accept_one(bench);
    sim_settle(&bench->loop);
    sim_reset(bench->peer);
    assert_int_equal(write_text(bench, "x"), ERR_CUT);
    bench->closed = true;
    stream_close(&bench->stream);
    sim_settle(&bench->loop);
    assert_int_equal(bench->ends, 0);
}

/* --- connecting --- */

static void begin_connect(struct bench *bench, enum sim_answer answer, int64_t delay_us)
{
    struct sock_address address = {0};

    sim_add_place(&(struct sim_place){
        .address = "192.0.2.1", .port = 80, .answer = answer, .delay_us = delay_us});
    assert_true(sock_address_parse(STR("192.0.2.1"), 80, &address));
    int fd = sim_sock.connect(&address);
    assert_true(fd >= 0);
    bench->peer = sim_peer_at(sim_peer_count() - 1);
    stream_connect(&bench->stream, &bench->loop, &ops, fd, NULL, UNSENT_MAX);
}

static void what_is_written_while_connecting_is_sent_when_connected(void **state)
{
    struct bench *bench = *state;

    begin_connect(bench, SIM_ACCEPTS, 5000);
    assert_int_equal(write_text(bench, "early"), ERR_OK);
    stream_finish(&bench->stream);
    sim_run_for(&bench->loop, 4999);
    assert_int_equal(bench->opens, 0);
    sim_run_for(&bench->loop, 1);
    assert_int_equal(bench->opens, 1);
    assert_str_equal(buf_str(&bench->peer->received), STR("early"));
    assert_true(bench->peer->ended);
}

static void a_refused_connection_never_opens(void **state)
{
    struct bench *bench = *state;

    begin_connect(bench, SIM_REFUSES, 5000);
    sim_run_for(&bench->loop, 5000);
    assert_int_equal(bench->opens, 0);
    assert_int_equal(bench->ends, 1);
    assert_int_equal(bench->end, STREAM_FAILED);
    assert_int_equal(bench->stream.error, ECONNREFUSED);
}

static void a_connection_may_be_closed_before_and_when_it_is_made(void **state)
{
    struct bench *bench = *state;

    begin_connect(bench, SIM_IS_SILENT, 0);
    sim_run_for(&bench->loop, 1000000);
    stream_close(&bench->stream);
    sim_settle(&bench->loop);
    assert_int_equal(bench->opens, 0);
    bench->closes = IN_OPEN;
    begin_connect(bench, SIM_ACCEPTS, 0);
    sim_send(bench->peer, STR("hello"));
    sim_settle(&bench->loop);
    assert_int_equal(bench->opens, 1);
    assert_int_equal(bench->reads, 0);
    assert_true(bench->peer->closed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_write_goes_out_at_once_and_in_order),
        TEST(a_write_of_nothing_is_fine),
        TEST(short_writes_lose_nothing),
        TEST(what_a_full_socket_does_not_take_follows_later),
        TEST(drained_is_told_once_when_low_water_is_reached),
        TEST(what_never_rose_over_low_water_does_not_drain),
        TEST(more_unsent_than_allowed_is_too_big),
        TEST(the_limit_is_of_what_waits_not_of_all_that_was_written),
        TEST(bytes_are_told_as_they_come),
        TEST(a_busy_peer_leaves_turns_to_others),
        TEST(who_does_not_want_bytes_is_told_none),
        TEST(reading_stops_inside_the_call),
        TEST(the_end_comes_after_the_last_byte_and_once),
        TEST(an_end_waits_until_bytes_are_wanted),
        TEST(an_end_that_matters_is_told_without_reading),
        TEST(a_reset_is_told_with_its_reason),
        TEST(any_error_of_the_socket_is_a_failure),
        TEST(a_failed_write_is_told_at_the_end_of_the_turn),
        TEST(a_write_that_fails_later_is_told_too),
        TEST(finishing_ends_our_side_after_the_last_byte),
        TEST(finishing_with_nothing_unsent_ends_at_once),
        TEST(closing_twice_is_closing_once),
        TEST(no_call_comes_after_a_close_inside_one),
        TEST(a_close_takes_back_a_failure_not_yet_told),
        TEST(what_is_written_while_connecting_is_sent_when_connected),
        TEST(a_refused_connection_never_opens),
        TEST(a_connection_may_be_closed_before_and_when_it_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
