#include "net/address.h"

#include "base/macros.h"

/* The IANA registries of special-purpose addresses, and what clouds put elsewhere. */
static const struct {
    uint8_t bytes[4];
    uint8_t bits;
} special_v4[] = {
    {{0, 0, 0, 0}, 8},        /* "this network": connects to this machine */
    {{10, 0, 0, 0}, 8},       /* private */
    {{100, 64, 0, 0}, 10},    /* shared by carriers; 100.100.100.200 is a metadata service */
    {{127, 0, 0, 0}, 8},      /* loopback */
    {{168, 63, 129, 16}, 32}, /* Azure's host, metadata and DNS */
    {{169, 254, 0, 0}, 16},   /* link-local, with most metadata services */
    {{172, 16, 0, 0}, 12},    /* private */
    {{192, 0, 0, 0}, 24},     /* protocol assignments; 192.0.0.192 is a metadata service */
    {{192, 0, 2, 0}, 24},     /* documentation */
    {{192, 88, 99, 0}, 24},   /* relays of 6to4 */
    {{192, 168, 0, 0}, 16},   /* private */
    {{198, 18, 0, 0}, 15},    /* measuring */
    {{198, 51, 100, 0}, 24},  /* documentation */
    {{203, 0, 113, 0}, 24},   /* documentation */
    {{224, 0, 0, 0}, 4},      /* multicast */
    {{240, 0, 0, 0}, 4},      /* reserved, and broadcast */
};

/* Inside 2000::/3, which is all that is global unicast. */
static const struct {
    uint8_t bytes[4];
    uint8_t bits;
} special_v6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments: Teredo, measuring, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4 */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */
static const uint8_t nat64_prefix[12] = {0x00, 0x64, 0xff, 0x9b};    /* 64:ff9b::/96 */

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, uint8_t bits)
{
    size_t whole = bits / 8;
    uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

    return memcmp(bytes, prefix, whole) == 0 &&
           (bits % 8 == 0 || (bytes[whole] & mask) == (prefix[whole] & mask));
}

static bool v4_is_public(const uint8_t bytes[4])
{
    for (size_t i = 0; i < COUNT_OF(special_v4); i++) {
        if (has_prefix(bytes, special_v4[i].bytes, special_v4[i].bits)) {
            return false;
        }
    }
    return true;
}

static bool v6_is_public(const uint8_t bytes[16])
{
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0 ||
        memcmp(bytes, nat64_prefix, sizeof(nat64_prefix)) == 0) {
        return v4_is_public(bytes + 12);
    }
    if ((bytes[0] & 0xe0) != 0x20) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(special_v6); i++) {
        if (has_prefix(bytes, special_v6[i].bytes, special_v6[i].bits)) {
            return false;
        }
    }
    return true;
}

bool address_is_public(const struct sock_address *address)
{
    uint8_t bytes[4];

    switch (address->any.sa_family) {
    case AF_INET:
        memcpy(bytes, &address->v4.sin_addr, sizeof(bytes));
        return v4_is_public(bytes);
    case AF_INET6:
        return address->v6.sin6_scope_id == 0 && v6_is_public(address->v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}

bool address_port_is_web(uint16_t port)
{
    return port == 80 || port == 443;
}
