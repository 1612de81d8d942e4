#include "net/sock.h"

#include "test.h"

#include <errno.h>
#include <poll.h>

static void addresses_are_read_and_written_as_they_are(void **state)
{
    static const struct {
        const char *host;
        const char *shown; /* NULL: no address */
    } cases[] = {
        {"127.0.0.1", "127.0.0.1:8080"},
        {"0.0.0.0", "0.0.0.0:8080"},
        {"255.255.255.255", "255.255.255.255:8080"},
        {"::1", "[::1]:8080"},
        {"::", "[::]:8080"},
        {"2001:DB8:0:0:0:0:0:7", "[2001:db8::7]:8080"},
        {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:8080"},
        {"1111:2222:3333:4444:5555:6666:7777:8888",
         "[1111:2222:3333:4444:5555:6666:7777:8888]:8080"},
        {"", NULL},
        {"localhost", NULL},
        {"1.2.3", NULL},
        {"1.2.3.4.5", NULL},
        {"1.2.3.256", NULL},
        {"01.2.3.4", NULL},
        {"0x7f.0.0.1", NULL},
        {"127.1", NULL},
        {"2130706433", NULL},
        {" 127.0.0.1", NULL},
        {"127.0.0.1 ", NULL},
        {"127.0.0.1:80", NULL},
        {"[::1]", NULL},
        {"fe80::1%eth0", NULL},
        {":::", NULL},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999", NULL},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sock_address address = {0};
        char text[64];
        bool is_address = sock_address_parse(str_c(cases[i].host), 8080, &address);
        assert_int_equal(is_address, cases[i].shown != NULL);
        if (is_address) {
            assert_str_equal(sock_address_format(&address, text), str_c(cases[i].shown));
            assert_int_equal(sock_address_port(&address), 8080);
        }
    }
}

static void what_is_no_address_leaves_the_old_one(void **state)
{
    struct sock_address address = {0};
    char text[64];

    (void)state;
    assert_true(sock_address_parse(STR("192.0.2.1"), 1, &address));
    assert_false(sock_address_parse(STR("nothing"), 2, &address));
    assert_str_equal(sock_address_format(&address, text), STR("192.0.2.1:1"));
}

static void an_address_need_not_end_where_its_text_ends(void **state)
{
    struct sock_address address = {0};
    char text[64];

    (void)state;
    assert_true(sock_address_parse(str_take(STR("192.0.2.123"), 9), 443, &address));
    assert_str_equal(sock_address_format_host(&address, text), STR("192.0.2.1"));
}

static void a_host_is_written_without_port_and_brackets(void **state)
{
    struct sock_address address = {0};
    char text[64];

    (void)state;
    assert_true(sock_address_parse(STR("::1"), 443, &address));
    assert_str_equal(sock_address_format_host(&address, text), STR("::1"));
    sock_address_set_port(&address, 65535);
    assert_str_equal(sock_address_format(&address, text), STR("[::1]:65535"));
}

static void wait_for(int fd, short events)
{
    struct pollfd poller = {.fd = fd, .events = events};

    assert_int_equal(poll(&poller, 1, 5000), 1);
}

/* A connection over loopback: ours, theirs. */
static void connect_two(int fds[2])
{
    struct sock_address address = {0};
    struct sock_address peer = {0};

    assert_true(sock_address_parse(STR("127.0.0.1"), 0, &address));
    int listener = system_sock.listen(&address, 8);
    assert_true(listener >= 0);
    assert_true(sock_local_address(listener, &address));
    assert_true(sock_address_port(&address) != 0);
    fds[0] = system_sock.connect(&address);
    assert_true(fds[0] >= 0);
    wait_for(listener, POLLIN);
    fds[1] = system_sock.accept(listener, &peer);
    assert_true(fds[1] >= 0);
    assert_int_equal(system_sock.accept(listener, &peer), -EAGAIN);
    wait_for(fds[0], POLLOUT);
    assert_int_equal(system_sock.connect_result(fds[0]), 0);
    system_sock.close(listener);
}

static void bytes_go_both_ways_and_end(void **state)
{
    static char text[] = "one two";
    struct iovec parts[] = {{text, 4}, {text + 4, 3}};
    char room[16];
    int fds[2];

    (void)state;
    connect_two(fds);
    assert_int_equal(system_sock.read(fds[1], room, sizeof(room)), -EAGAIN);
    assert_int_equal(system_sock.write(fds[0], parts, 2), 7);
    wait_for(fds[1], POLLIN);
    assert_int_equal(system_sock.read(fds[1], room, sizeof(room)), 7);
    assert_memory_equal(room, "one two", 7);
    assert_int_equal(system_sock.shutdown(fds[0]), 0);
    wait_for(fds[1], POLLIN);
    assert_int_equal(system_sock.read(fds[1], room, sizeof(room)), 0);
    assert_int_equal(system_sock.write(fds[0], parts, 1), -EPIPE);
    system_sock.close(fds[0]);
    system_sock.close(fds[1]);
}

static void a_write_takes_sixteen_parts_at_most(void **state)
{
    static char letter[] = "x";
    struct iovec parts[20];
    int fds[2];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        parts[i] = (struct iovec){letter, 1};
    }
    connect_two(fds);
    assert_int_equal(system_sock.write(fds[0], parts, COUNT_OF(parts)), 16);
    system_sock.close(fds[0]);
    system_sock.close(fds[1]);
}

static void a_full_socket_takes_nothing(void **state)
{
    static char bytes[64 * 1024];
    struct iovec part = {bytes, sizeof(bytes)};
    ssize_t n = 0;
    int fds[2];

    (void)state;
    connect_two(fds);
    for (int i = 0; i < 10000 && n >= 0; i++) {
        n = system_sock.write(fds[0], &part, 1);
    }
    assert_int_equal(n, -EAGAIN);
    system_sock.close(fds[0]);
    system_sock.close(fds[1]);
}

static void nobody_listening_is_told_as_refused(void **state)
{
    struct sock_address address = {0};

    (void)state;
    assert_true(sock_address_parse(STR("127.0.0.1"), 0, &address));
    int listener = system_sock.listen(&address, 8);
    assert_true(sock_local_address(listener, &address));
    system_sock.close(listener);
    int fd = system_sock.connect(&address);
    if (fd >= 0) {
        wait_for(fd, POLLOUT);
        assert_int_equal(system_sock.connect_result(fd), -ECONNREFUSED);
        system_sock.close(fd);
    } else {
        assert_int_equal(fd, -ECONNREFUSED);
    }
}

static void an_address_of_another_machine_cannot_be_listened_on(void **state)
{
    struct sock_address address = {0};

    (void)state;
    assert_true(sock_address_parse(STR("192.0.2.1"), 0, &address));
    assert_int_equal(system_sock.listen(&address, 8), -EADDRNOTAVAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written_as_they_are),
        cmocka_unit_test(what_is_no_address_leaves_the_old_one),
        cmocka_unit_test(an_address_need_not_end_where_its_text_ends),
        cmocka_unit_test(a_host_is_written_without_port_and_brackets),
        cmocka_unit_test(bytes_go_both_ways_and_end),
        cmocka_unit_test(a_write_takes_sixteen_parts_at_most),
        cmocka_unit_test(a_full_socket_takes_nothing),
        cmocka_unit_test(nobody_listening_is_told_as_refused),
        cmocka_unit_test(an_address_of_another_machine_cannot_be_listened_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
