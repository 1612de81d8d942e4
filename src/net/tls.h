/*
 * tls: OpenSSL on a socket.  TLS 1.2 and 1.3, AEAD and ECDHE only, no renegotiation.
 *
 * A context belongs to one worker: OpenSSL locks what is shared.  Verification of a server is
 * always on, its name always checked; there is no switch.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"

typedef struct ssl_ctx_st tls_context;
typedef struct ssl_st tls_session;

/* For our listeners: a PEM chain and its key. */
enum err tls_server_context(str certificate_file, str key_file, struct arena *arena,
                            tls_context **out, struct fault *fault) MUST_CHECK;

/* For calls to providers: the system's authorities, or only those of `ca_file`. */
enum err tls_client_context(str ca_file, struct arena *arena, tls_context **out,
                            struct fault *fault) MUST_CHECK;

void tls_context_free(tls_context *context);

tls_session *tls_accept_on(tls_context *context, int fd);

/* Sends the name (SNI) unless it is an address, and will accept only a certificate for it. */
tls_session *tls_connect_on(tls_context *context, int fd, const char *host);

void tls_session_free(tls_session *session);

enum tls_result { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_END, TLS_FAILED };

enum tls_result tls_handshake(tls_session *session);
/* *done is set for TLS_OK only.  TLS_END: the peer closed properly. */
enum tls_result tls_read(tls_session *session, void *bytes, size_t len, size_t *done);
enum tls_result tls_write(tls_session *session, const void *bytes, size_t len, size_t *done);
void tls_say_goodbye(tls_session *session);

/* Bytes that were decrypted already: the socket will not tell of them. */
bool tls_has_pending(const tls_session *session);

/* Why the last call failed, for people: "certificate verify failed: self-signed certificate".  At
 * most 200 bytes with the NUL. */
str tls_reason(const tls_session *session, char text[200]);
