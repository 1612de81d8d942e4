#include "net/tls.h"

#include "net/sock.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* ECDHE with AEAD; TLS 1.3's own suites are all of that kind. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* Protocols we speak, for ALPN (RFC 7301); HTTP/2 comes with its own row. */
static const unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static enum err fail(struct arena *arena, struct fault *fault, const char *what, str file)
{
    char reason[160];

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    ERR_clear_error();
    *fault = (struct fault){
        .kind = ERR_INVALID,
        .type = FAULT_SERVER,
        .message = arena_printf(arena, "%s \"" STR_FMT "\": %s", what, STR_ARG(file), reason)};
    return ERR_INVALID;
}

static tls_context *new_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, ciphers) != 1) {
        out_of_memory();
    }
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    return context;
}

static int choose_protocol(SSL *session, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *ctx)
{
    unsigned char *chosen = NULL;

    (void)session;
    (void)ctx;
    if (SSL_select_next_proto(&chosen, out_len, protocols, sizeof(protocols), offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

enum err tls_server_context(str certificate_file, str key_file, struct arena *arena,
                            tls_context **out, struct fault *fault)
{
    SSL_CTX *context = new_context(TLS_server_method());
    str certificate = arena_copy(arena, certificate_file);
    str key = arena_copy(arena, key_file);

    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate.at) != 1) {
        SSL_CTX_free(context);
        return fail(arena, fault, "the certificate cannot be used: file", certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.at, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        SSL_CTX_free(context);
        return fail(arena, fault, "the private key cannot be used: file", key);
    }
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    *out = context;
    return ERR_OK;
}

enum err tls_client_context(str ca_file, struct arena *arena, tls_context **out,
                            struct fault *fault)
{
    SSL_CTX *context = new_context(TLS_client_method());
    str file = arena_copy(arena, ca_file);

    ERR_clear_error();
    int loaded = file.len > 0 ? SSL_CTX_load_verify_locations(context, file.at, NULL)
                              : SSL_CTX_set_default_verify_paths(context);
    if (loaded != 1) {
        SSL_CTX_free(context);
        return fail(arena, fault, "the authorities cannot be read: file", file);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols)) != 0) {
        out_of_memory();
    }
    *out = context;
    return ERR_OK;
}

void tls_context_free(tls_context *context)
{
    SSL_CTX_free(context);
}

static tls_session *new_session(tls_context *context, int fd)
{
    SSL *session = SSL_new(context);

    if (session == NULL || SSL_set_fd(session, fd) != 1) {
        out_of_memory();
    }
    return session;
}

tls_session *tls_accept_on(tls_context *context, int fd)
{
    SSL *session = new_session(context, fd);

    SSL_set_accept_state(session);
    return session;
}

tls_session *tls_connect_on(tls_context *context, int fd, const char *host)
{
    SSL *session = new_session(context, fd);
    struct sock_address address;
    X509_VERIFY_PARAM *check = SSL_get0_param(session);
    int ok = 0;

    if (sock_address_parse(str_c(host), 0, &address)) {
        ok = X509_VERIFY_PARAM_set1_ip_asc(check, host);
    } else {
        X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        ok = X509_VERIFY_PARAM_set1_host(check, host, 0) == 1 &&
             SSL_set_tlsext_host_name(session, host) == 1;
    }
    assert(ok == 1);
    SSL_set_connect_state(session);
    return session;
}

void tls_session_free(tls_session *session)
{
    SSL_free(session);
}

static enum tls_result result_of(tls_session *session, int returned)
{
    switch (SSL_get_error(session, returned)) {
    case SSL_ERROR_NONE:
        return TLS_OK;
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_END;
    default:
        return TLS_FAILED;
    }
}

enum tls_result tls_handshake(tls_session *session)
{
    ERR_clear_error();
    errno = 0;
    return result_of(session, SSL_do_handshake(session));
}

enum tls_result tls_read(tls_session *session, void *bytes, size_t len, size_t *done)
{
    ERR_clear_error();
    errno = 0;
    return result_of(session, SSL_read_ex(session, bytes, len, done));
}

enum tls_result tls_write(tls_session *session, const void *bytes, size_t len, size_t *done)
{
    ERR_clear_error();
    errno = 0;
    return result_of(session, SSL_write_ex(session, bytes, len, done));
}

void tls_say_goodbye(tls_session *session)
{
    ERR_clear_error();
    /* One try: a peer that cannot take the alert now is closed all the same. */
    (void)SSL_shutdown(session);
    ERR_clear_error();
}

bool tls_has_pending(const tls_session *session)
{
    return SSL_pending(session) > 0;
}

str tls_reason(const tls_session *session, char text[200])
{
    long verify = SSL_get_verify_result(session);
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    if (verify != X509_V_OK) {
        (void)snprintf(text, 200, "certificate verify failed: %s",
                       X509_verify_cert_error_string(verify));
    } else if (reason != NULL) {
        (void)snprintf(text, 200, "%s", reason);
    } else {
        (void)snprintf(text, 200, "the connection was closed during the TLS handshake");
    }
    return str_c(text);
}
