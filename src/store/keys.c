#include "store/keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

static const str PREFIX = STR_INIT("sk-gh-");

enum {
    SHOWN_CHARS = 3,      /* at each end of a label */
    MASKED_CHARS_MIN = 24 /* a shorter key would lose too much by showing its ends */
};

static EVP_MD *sha256;            /* fetched once: every fetch takes locks that all threads share */
static pthread_key_t context_key; /* each thread's own EVP_MD_CTX, made once: workers hash a lot */

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    assert(sha256 != NULL);
    int made = pthread_key_create(&context_key, free_context);
    assert(made == 0);
}

static EVP_MD_CTX *thread_context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, fetch_sha256);
    EVP_MD_CTX *context = pthread_getspecific(context_key);
    if (context == NULL) {
        context = EVP_MD_CTX_new();
        if (context == NULL || pthread_setspecific(context_key, context) != 0) {
            out_of_memory();
        }
    }
    return context;
}

void keys_hash(str key, uint8_t hash[KEY_HASH_BYTES])
{
    EVP_MD_CTX *context = thread_context();
    unsigned int len = 0;

    int done = EVP_DigestInit_ex2(context, sha256, NULL) == 1 &&
               EVP_DigestUpdate(context, key.len > 0 ? key.at : "", key.len) == 1 &&
               EVP_DigestFinal_ex(context, hash, &len) == 1;
    assert(done == 1 && len == KEY_HASH_BYTES);
}

bool keys_hash_eq(const uint8_t a[KEY_HASH_BYTES], const uint8_t b[KEY_HASH_BYTES])
{
    return CRYPTO_memcmp(a, b, KEY_HASH_BYTES) == 0;
}

static bool is_plain_text(str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.at[i] <= ' ' || key.at[i] > '~') {
            return false;
        }
    }
    return true;
}

/* Enough to tell keys apart in a list, never enough to guess one. */
static str mask(str key, struct arena *arena)
{
    size_t head = SHOWN_CHARS + (str_has_prefix(key, PREFIX) ? PREFIX.len : 0);

    if (key.len < MASKED_CHARS_MIN || !is_plain_text(key)) {
        return STR("***");
    }
    return arena_printf(arena, STR_FMT "..." STR_FMT, STR_ARG(str_take(key, head)),
                        STR_ARG(str_skip(key, key.len - SHOWN_CHARS)));
}

void keys_make(struct random *random, str name, int64_t now_ms, struct arena *arena,
               char text[KEY_TEXT_BYTES + 1], struct key_row *row)
{
    memcpy(text, PREFIX.at, PREFIX.len);
    random_base62(random, text + PREFIX.len, KEY_TEXT_BYTES - PREFIX.len);
    text[KEY_TEXT_BYTES] = '\0';
    keys_adopt(random, str_of(text, KEY_TEXT_BYTES), name, now_ms, arena, row);
}

void keys_adopt(struct random *random, str key, str name, int64_t now_ms, struct arena *arena,
                struct key_row *row)
{
    char id[16] = "key-";

    random_base62(random, id + 4, sizeof(id) - 4);
    *row = (struct key_row){.id = arena_copy(arena, str_of(id, sizeof(id))),
                            .name = arena_copy(arena, name),
                            .label = mask(key, arena),
                            .created_ms = now_ms};
    keys_hash(key, row->hash);
}

enum err keys_find_one(struct key_row *keys, size_t count, str which, struct key_row **out)
{
    struct key_row *found = NULL;

    if (which.len == 0) {
        return ERR_MISSING; /* a key without a name is not called "" */
    }
    for (size_t i = 0; i < count; i++) {
        struct key_row *key = &keys[i];
        if (!str_eq(key->id, which) && !str_eq(key->name, which) && !str_eq(key->label, which)) {
            continue;
        }
        if (found != NULL) {
            return ERR_INVALID;
        }
        found = key;
    }
    if (found == NULL) {
        return ERR_MISSING;
    }
    *out = found;
    return ERR_OK;
}
