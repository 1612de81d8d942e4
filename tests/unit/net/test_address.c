#include "net/address.h"

#include "test.h"

/* The edges of every range, and their neighbours outside. */
static const struct {
    const char *address;
    bool want;
} cases[] = {
    {"0.0.0.0", false},
    {"0.255.255.255", false},
    {"1.0.0.0", true},
    {"9.255.255.255", true},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"93.184.216.34", true},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.100.100.200", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"126.255.255.255", true},
    {"127.0.0.1", false},
    {"127.255.255.255", false},
    {"128.0.0.0", true},
    {"168.63.129.15", true},
    {"168.63.129.16", false},
    {"168.63.129.17", true},
    {"169.253.255.255", true},
    {"169.254.0.0", false},
    {"169.254.169.254", false},
    {"169.254.170.2", false},
    {"169.254.255.255", false},
    {"169.255.0.0", true},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"191.255.255.255", true},
    {"192.0.0.0", false},
    {"192.0.0.192", false},
    {"192.0.0.255", false},
    {"192.0.1.0", true},
    {"192.0.2.0", false},
    {"192.0.2.255", false},
    {"192.0.3.0", true},
    {"192.88.98.255", true},
    {"192.88.99.1", false},
    {"192.88.100.0", true},
    {"192.167.255.255", true},
    {"192.168.0.0", false},
    {"192.168.255.255", false},
    {"192.169.0.0", true},
    {"198.17.255.255", true},
    {"198.18.0.0", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"198.51.99.255", true},
    {"198.51.100.0", false},
    {"198.51.101.0", true},
    {"203.0.112.255", true},
    {"203.0.113.255", false},
    {"203.0.114.0", true},
    {"223.255.255.255", true},
    {"224.0.0.0", false},
    {"239.255.255.255", false},
    {"240.0.0.0", false},
    {"255.255.255.255", false},

    {"::", false},
    {"::1", false},
    {"::127.0.0.1", false},
    {"::8.8.8.8", false}, /* IPv4-compatible: given up long ago */
    {"::ffff:127.0.0.1", false},
    {"::ffff:10.0.0.1", false},
    {"::ffff:169.254.169.254", false},
    {"::ffff:8.8.8.8", true},
    {"::ffff:0:10.0.0.1", false}, /* SIIT */
    {"64:ff9b::127.0.0.1", false},
    {"64:ff9b::10.0.0.1", false},
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b:1::8.8.8.8", false},
    {"100::1", false},
    {"1fff:ffff::1", false},
    {"2000::1", true},
    {"2001::7f00:1", false}, /* Teredo */
    {"2001:2::1", false},
    {"2001:20::1", false},
    {"2001:1ff:ffff::1", false},
    {"2001:200::1", true},
    {"2001:db7:ffff::1", true},
    {"2001:db8::1", false},
    {"2001:db9::1", true},
    {"2002:7f00:1::", false},
    {"2002:808:808::", false},
    {"2003::1", true},
    {"2606:4700:4700::1111", true},
    {"3ffe:ffff::1", true},
    {"3fff::1", false},
    {"3fff:fff:ffff::1", false},
    {"3fff:1000::1", true},
    {"4000::1", false},
    {"5f00::1", false},
    {"fc00::1", false},
    {"fd00:ec2::254", false},
    {"fdff:ffff::1", false},
    {"fe80::1", false},
    {"febf::1", false},
    {"fec0::1", false},
    {"ff02::1", false},
};

static void only_addresses_of_the_public_internet_may_be_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sock_address address;
        assert_true(sock_address_parse(str_c(cases[i].address), 443, &address));
        if (address_is_public(&address) != cases[i].want) {
            fail_msg("%s", cases[i].address);
        }
    }
}

static void an_address_that_names_a_link_of_this_machine_is_not_public(void **state)
{
    struct sock_address address;

    (void)state;
    assert_true(sock_address_parse(STR("2606:4700::1"), 443, &address));
    assert_true(address_is_public(&address));
    address.v6.sin6_scope_id = 2;
    assert_false(address_is_public(&address));
    address.any.sa_family = AF_UNIX;
    assert_false(address_is_public(&address));
}

static void only_the_ports_of_the_web_may_be_asked(void **state)
{
    (void)state;
    for (unsigned port = 0; port <= UINT16_MAX; port++) {
        assert_int_equal(address_port_is_web((uint16_t)port), port == 80 || port == 443);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_addresses_of_the_public_internet_may_be_asked),
        cmocka_unit_test(an_address_that_names_a_link_of_this_machine_is_not_public),
        cmocka_unit_test(only_the_ports_of_the_web_may_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
