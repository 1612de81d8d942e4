#include "app/listen.h"

#include "test.h"

static void listen_addresses_are_read(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1:8080"},
        {"0.0.0.0:1", "0.0.0.0:1"},
        {"[::1]:8080", "[::1]:8080"},
        {"::1:8080", "[::1]:8080"},
        {"localhost:0", "127.0.0.1:0"},
        {":8080", "0.0.0.0:8080"},
        {"*:65535", "0.0.0.0:65535"},
        {"", NULL},
        {"8080", NULL},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1:80x", NULL},
        {"127.0.0.1: 80", NULL},
        {"example.test:80", NULL},
        {"http://127.0.0.1:80", NULL},
        {"[127.0.0.1:80", NULL},
        {"[]:80", NULL},
    };
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sock_address address = {0};
        struct fault fault = {0};
        char text[64];
        enum err err = listen_parse(str_c(cases[i].text), &arena, &address, &fault);
        if ((err == ERR_OK) != (cases[i].want != NULL)) {
            fail_msg("\"%s\": %s", cases[i].text, err_name(err));
        }
        if (err == ERR_OK) {
            assert_str_equal(sock_address_format(&address, text), str_c(cases[i].want));
        } else {
            assert_true(str_find(fault.message, str_c(cases[i].text)) < fault.message.len);
            assert_true(str_find(fault.message, STR("127.0.0.1:8080")) < fault.message.len);
        }
    }
    arena_reset(&arena);
}

static void only_loopback_is_local(void **state)
{
    static const struct {
        const char *address;
        bool is_local;
    } cases[] = {{"127.0.0.1", true}, {"127.8.9.1", true}, {"::1", true},
                 {"0.0.0.0", false},  {"::", false},       {"192.0.2.1", false}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sock_address address = {0};
        assert_true(sock_address_parse(str_c(cases[i].address), 80, &address));
        assert_int_equal(listen_is_local(&address), cases[i].is_local);
    }
}

static void every_worker_has_a_socket_of_one_port(void **state)
{
    struct arena arena = {0};
    struct fault fault = {0};
    struct sock_address address = {0};
    int fds[3] = {0};
    int again[1] = {0};

    (void)state;
    assert_true(sock_address_parse(STR("127.0.0.1"), 0, &address));
    assert_int_equal(listen_open(&address, fds, COUNT_OF(fds), &arena, &fault), ERR_OK);
    assert_true(sock_address_port(&address) != 0);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        struct sock_address local = {0};
        assert_true(sock_local_address(fds[i], &local));
        assert_int_equal(sock_address_port(&local), sock_address_port(&address));
    }
    /* Another server does not share the port unasked. */
    assert_int_equal(listen_open(&address, again, 1, &arena, &fault), ERR_INVALID);
    assert_true(str_find(fault.message, STR("Address already in use")) < fault.message.len);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        system_sock.close(fds[i]);
    }
    assert_int_equal(listen_open(&address, again, 1, &arena, &fault), ERR_OK);
    system_sock.close(again[0]);
    arena_reset(&arena);
}

static void an_address_of_another_machine_is_refused(void **state)
{
    struct arena arena = {0};
    struct fault fault = {0};
    struct sock_address address = {0};
    int fds[2] = {-1, -1};

    (void)state;
    assert_true(sock_address_parse(STR("192.0.2.1"), 0, &address));
    assert_int_equal(listen_open(&address, fds, 2, &arena, &fault), ERR_INVALID);
    assert_true(str_find(fault.message, STR("192.0.2.1:0")) < fault.message.len);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen_addresses_are_read),
        cmocka_unit_test(only_loopback_is_local),
        cmocka_unit_test(every_worker_has_a_socket_of_one_port),
        cmocka_unit_test(an_address_of_another_machine_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
