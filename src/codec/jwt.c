#include "codec/jwt.h"

#include "base/text.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

/* The alphabet for URLs without padding (RFC 4648 section 5). */
static str base64_for_url(str bytes, struct arena *arena)
{
    str standard = text_base64_encode(bytes, arena);
    size_t len = str_find_char(standard, '=');
    char *text = arena_take_raw(arena, len + 1);

    for (size_t i = 0; i < len; i++) {
        char c = standard.at[i];
        text[i] = c;
        if (c == '+') {
            text[i] = '-';
        } else if (c == '/') {
            text[i] = '_';
        }
    }
    return str_of(text, len);
}

/* A key under a password is not asked for at a terminal: it is refused. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the library says what it looks like */
static int no_password(char *room, int size, int writing, void *ctx)
{
    (void)room;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static EVP_PKEY *read_key(str pem)
{
    if (pem.len == 0 || pem.len > INT_MAX) {
        return NULL;
    }
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    if (bio == NULL) {
        out_of_memory();
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    return key;
}

/* at == NULL when the key cannot sign so. */
static str sign(EVP_PKEY *key, str text, struct arena *arena)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_get_size(key);
    uint8_t *bytes = arena_take_raw(arena, len);

    if (context == NULL) {
        out_of_memory();
    }
    bool done = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, bytes, &len, (const uint8_t *)text.at, text.len) == 1;
    EVP_MD_CTX_free(context);
    return done ? str_of((const char *)bytes, len) : STR_NONE;
}

static enum err refuse(struct fault *fault, str why)
{
    ERR_clear_error(); /* what the library says may quote the file */
    *fault = (struct fault){.kind = ERR_INVALID, .type = FAULT_SERVER, .message = why};
    return ERR_INVALID;
}

static enum err sign_with(EVP_PKEY *key, str header, str claims, struct arena *arena, str *out,
                          struct fault *fault)
{
    str text_parts[] = {base64_for_url(header, arena), STR("."), base64_for_url(claims, arena)};
    str text = arena_join(arena, text_parts, COUNT_OF(text_parts));

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        return refuse(fault, STR("the private key is no RSA key"));
    }
    str signature = sign(key, text, arena);
    if (signature.at == NULL) {
        return refuse(fault, STR("the private key cannot sign"));
    }
    str parts[] = {text, STR("."), base64_for_url(signature, arena)};
    *out = arena_join(arena, parts, COUNT_OF(parts));
    return ERR_OK;
}

enum err jwt_sign_rs256(str header, str claims, str key_pem, struct arena *arena, str *out,
                        struct fault *fault)
{
    EVP_PKEY *key = read_key(key_pem);

    if (key == NULL) {
        return refuse(fault, STR("the private key is no PEM text of a key without a password"));
    }
    enum err err = sign_with(key, header, claims, arena, out, fault);
    EVP_PKEY_free(key);
    return err;
}
