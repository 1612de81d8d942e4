#include "base/random.h"

#include "base/macros.h"

#include <errno.h>
#include <sys/random.h>

static void fill_from_kernel(void *ctx, uint8_t *bytes, size_t len)
{
    (void)ctx;
    while (len > 0) {
        ssize_t n = getrandom(bytes, len, 0);
        assert(n > 0 || errno == EINTR);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
}

void random_init(struct random *random)
{
    *random = (struct random){.fill = fill_from_kernel};
}

void random_bytes(struct random *random, uint8_t *bytes, size_t len)
{
    if (len > sizeof(random->pool)) {
        random->fill(random->ctx, bytes, len);
        return;
    }
    if (random->left < len) {
        random->fill(random->ctx, random->pool, sizeof(random->pool));
        random->left = sizeof(random->pool);
    }
    uint8_t *from = random->pool + (sizeof(random->pool) - random->left);
    memcpy(bytes, from, len);
    explicit_bzero(from, len);
    random->left -= len;
}

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void random_base62(struct random *random, char *text, size_t len)
{
    enum { EVEN = 62 * 4, BATCH = 16 }; /* bytes past EVEN would favour the first digits */
    uint8_t bytes[BATCH];
    size_t left = 0;

    for (size_t i = 0; i < len;) {
        if (left == 0) {
            random_bytes(random, bytes, BATCH);
            left = BATCH;
        }
        uint8_t byte = bytes[--left];
        if (byte < EVEN) {
            text[i++] = digits[byte % 62];
        }
    }
    explicit_bzero(bytes, sizeof(bytes));
}

str random_generation_id(struct random *random, int64_t wall_ms, char text[GENERATION_ID_BYTES + 1])
{
    int64_t seconds = wall_ms / 1000;

    memcpy(text, "gen-", 4);
    for (int i = 13; i >= 4; i--) {
        text[i] = (char)('0' + seconds % 10);
        seconds /= 10;
    }
    text[14] = '-';
    text[15] = digits[wall_ms % 1000 / 62];
    text[16] = digits[wall_ms % 1000 % 62];
    random_base62(random, text + 17, 18);
    text[GENERATION_ID_BYTES] = '\0';
    return str_of(text, GENERATION_ID_BYTES);
}
