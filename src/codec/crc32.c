#include "codec/crc32.h"

#include <endian.h>

/*
 * table[k][b] is what a byte b does to the sum when k more bytes follow it, so that eight bytes are
 * taken at a time.  The sum is linear over exclusive or: every row is made of what its eight bits
 * do alone, and only those are written down.
 */
#define IF_BIT(byte, bit, value) ((((byte) >> (bit)) & 1U) * (value))
#define BYTE(n, a, b, c, d, e, f, g, h)                                                        \
    (IF_BIT(n, 0, a) ^ IF_BIT(n, 1, b) ^ IF_BIT(n, 2, c) ^ IF_BIT(n, 3, d) ^ IF_BIT(n, 4, e) ^ \
     IF_BIT(n, 5, f) ^ IF_BIT(n, 6, g) ^ IF_BIT(n, 7, h))
#define BYTES_4(n, ...)                                                               \
    BYTE((n), __VA_ARGS__), BYTE((n) + 1U, __VA_ARGS__), BYTE((n) + 2U, __VA_ARGS__), \
        BYTE((n) + 3U, __VA_ARGS__)
#define BYTES_16(n, ...)                                                                       \
    BYTES_4((n), __VA_ARGS__), BYTES_4((n) + 4U, __VA_ARGS__), BYTES_4((n) + 8U, __VA_ARGS__), \
        BYTES_4((n) + 12U, __VA_ARGS__)
#define BYTES_64(n, ...)                                          \
    BYTES_16((n), __VA_ARGS__), BYTES_16((n) + 16U, __VA_ARGS__), \
        BYTES_16((n) + 32U, __VA_ARGS__), BYTES_16((n) + 48U, __VA_ARGS__)
#define ROW(...)                                                                            \
    {                                                                                       \
        BYTES_64(0U, __VA_ARGS__), BYTES_64(64U, __VA_ARGS__), BYTES_64(128U, __VA_ARGS__), \
            BYTES_64(192U, __VA_ARGS__)                                                     \
    }

static const uint32_t table[8][256] = {
    ROW(0x77073096U, 0xee0e612cU, 0x076dc419U, 0x0edb8832U, 0x1db71064U, 0x3b6e20c8U, 0x76dc4190U,
        0xedb88320U),
    ROW(0x191b3141U, 0x32366282U, 0x646cc504U, 0xc8d98a08U, 0x4ac21251U, 0x958424a2U, 0xf0794f05U,
        0x3b83984bU),
    ROW(0x01c26a37U, 0x0384d46eU, 0x0709a8dcU, 0x0e1351b8U, 0x1c26a370U, 0x384d46e0U, 0x709a8dc0U,
        0xe1351b80U),
    ROW(0xb8bc6765U, 0xaa09c88bU, 0x8f629757U, 0xc5b428efU, 0x5019579fU, 0xa032af3eU, 0x9b14583dU,
        0xed59b63bU),
    ROW(0x3d6029b0U, 0x7ac05360U, 0xf580a6c0U, 0x30704bc1U, 0x60e09782U, 0xc1c12f04U, 0x58f35849U,
        0xb1e6b092U),
    ROW(0xcb5cd3a5U, 0x4dc8a10bU, 0x9b914216U, 0xec53826dU, 0x03d6029bU, 0x07ac0536U, 0x0f580a6cU,
        0x1eb014d8U),
    ROW(0xa6770bb4U, 0x979f1129U, 0xf44f2413U, 0x33ef4e67U, 0x67de9cceU, 0xcfbd399cU, 0x440b7579U,
        0x8816eaf2U),
    ROW(0xccaa009eU, 0x4225077dU, 0x844a0efaU, 0xd3e51bb5U, 0x7cbb312bU, 0xf9766256U, 0x299dc2edU,
        0x533b85daU),
};

static uint64_t read_8(const char *at)
{
    uint64_t word = 0;

    memcpy(&word, at, sizeof(word));
    return le64toh(word);
}

static uint32_t byte_of(uint64_t word, unsigned place)
{
    return (uint32_t)(word >> (8 * place)) & 0xffU;
}

uint32_t crc32_add(uint32_t sum, str bytes)
{
    sum = ~sum;
    for (; bytes.len >= 8; bytes = str_skip(bytes, 8)) {
        uint64_t word = read_8(bytes.at) ^ sum;
        sum = table[7][byte_of(word, 0)] ^ table[6][byte_of(word, 1)] ^ table[5][byte_of(word, 2)] ^
              table[4][byte_of(word, 3)] ^ table[3][byte_of(word, 4)] ^ table[2][byte_of(word, 5)] ^
              table[1][byte_of(word, 6)] ^ table[0][byte_of(word, 7)];
    }
    for (size_t i = 0; i < bytes.len; i++) {
        sum = table[0][(sum ^ (uint8_t)bytes.at[i]) & 0xffU] ^ (sum >> 8);
    }
    return ~sum;
}
