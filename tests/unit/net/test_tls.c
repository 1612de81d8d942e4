#include "net/stream.h"
#include "net/tls.h"

#include "test.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- certificates, made for this run --- */

/* A folder with an authority, and a server's chain and key that it has signed. */
struct files {
    char folder[64];
    char authority[96];
    char other_authority[96];
    char chain[96];
    char key[96];
    char other_key[96];
    char nonsense[96];
};

static struct files files;

static X509 *make_certificate(EVP_PKEY *key, const char *name, const char *alternatives,
                              X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509V3_CTX context;

    (void)X509_set_version(certificate, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0);
    X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : subject);
    (void)X509_set_pubkey(certificate, key);
    X509V3_set_ctx(&context, issuer != NULL ? issuer : certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension =
        issuer == NULL
            ? X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE")
            : X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, alternatives);
    assert_non_null(extension);
    (void)X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static const char *name_file(char path[96], const char *name)
{
    (void)snprintf(path, 96, "%s/%s", files.folder, name);
    return path;
}

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    (void)fclose(file);
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
}

static int make_files(void **state)
{
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *authority = make_certificate(authority_key, "Test Authority", NULL, NULL, authority_key);
    X509 *other = make_certificate(key, "Other Authority", NULL, NULL, key);
    X509 *server = make_certificate(key, "server", "DNS:good.test,DNS:*.wild.test,IP:127.0.0.1",
                                    authority, authority_key);

    (void)state;
    (void)snprintf(files.folder, sizeof(files.folder), "test-tls-XXXXXX");
    assert_non_null(mkdtemp(files.folder));
    write_certificate(name_file(files.authority, "authority.pem"), authority);
    write_certificate(name_file(files.other_authority, "other.pem"), other);
    write_certificate(name_file(files.chain, "chain.pem"), server);
    write_key(name_file(files.key, "key.pem"), key);
    write_key(name_file(files.other_key, "other-key.pem"), authority_key);
    FILE *file = fopen(name_file(files.nonsense, "nonsense.pem"), "we");
    assert_non_null(file);
    (void)fputs("nothing of use\n", file);
    (void)fclose(file);
    X509_free(authority);
    X509_free(other);
    X509_free(server);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(key);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    (void)unlink(files.authority);
    (void)unlink(files.other_authority);
    (void)unlink(files.chain);
    (void)unlink(files.key);
    (void)unlink(files.other_key);
    (void)unlink(files.nonsense);
    return rmdir(files.folder);
}

/* --- two sessions on one pair of sockets --- */

struct pair {
    struct arena arena;
    tls_context *server_context;
    tls_context *client_context;
    int fds[2]; /* server, client */
    tls_session *server;
    tls_session *client;
    enum tls_result server_result;
    enum tls_result client_result;
};

static void open_pair(struct pair *pair, const char *host, const char *authority)
{
    struct fault fault = {0};

    *pair = (struct pair){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    assert_int_equal(tls_server_context(str_c(files.chain), str_c(files.key), &pair->arena,
                                        &pair->server_context, &fault),
                     ERR_OK);
    assert_int_equal(
        tls_client_context(str_c(authority), &pair->arena, &pair->client_context, &fault), ERR_OK);
    pair->server = tls_accept_on(pair->server_context, pair->fds[0]);
    pair->client = tls_connect_on(pair->client_context, pair->fds[1], host);
}

static bool goes_on(enum tls_result result)
{
    return result == TLS_WANT_READ || result == TLS_WANT_WRITE;
}

static void shake_hands(struct pair *pair)
{
    pair->client_result = TLS_WANT_WRITE;
    pair->server_result = TLS_WANT_READ;
    for (int i = 0; i < 20; i++) {
        if (goes_on(pair->client_result)) {
            pair->client_result = tls_handshake(pair->client);
        }
        if (goes_on(pair->server_result)) {
            pair->server_result = tls_handshake(pair->server);
        }
    }
}

static void close_pair(struct pair *pair)
{
    tls_session_free(pair->client);
    tls_session_free(pair->server);
    tls_context_free(pair->client_context);
    tls_context_free(pair->server_context);
    (void)close(pair->fds[0]);
    (void)close(pair->fds[1]);
    arena_reset(&pair->arena);
}

static void a_good_chain_and_name_are_accepted(void **state)
{
    static const char *const names[] = {"good.test", "GOOD.test", "any.wild.test", "127.0.0.1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct pair pair;
        const unsigned char *protocol = NULL;
        unsigned len = 0;
        open_pair(&pair, names[i], files.authority);
        shake_hands(&pair);
        assert_int_equal(pair.client_result, TLS_OK);
        assert_int_equal(pair.server_result, TLS_OK);
        SSL_get0_alpn_selected(pair.client, &protocol, &len);
        assert_str_equal(str_of((const char *)protocol, len), STR("http/1.1"));
        assert_string_equal(SSL_get_version(pair.client), "TLSv1.3");
        close_pair(&pair);
    }
}

static void a_wrong_name_is_refused(void **state)
{
    static const char *const names[] = {
        "bad.test", "good.test.evil", "agood.test", "wild.test", "a.b.wild.test",
        "server",   "192.0.2.1",      "::1",        "good.tes"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct pair pair;
        char text[200];
        open_pair(&pair, names[i], files.authority);
        shake_hands(&pair);
        assert_int_equal(pair.client_result, TLS_FAILED);
        str why = tls_reason(pair.client, text);
        assert_true(str_has_prefix(why, STR("certificate verify failed: ")));
        assert_true(str_find(why, STR("mismatch")) < why.len);
        close_pair(&pair);
    }
}

static void an_unknown_authority_is_refused(void **state)
{
    struct pair pair;
    char text[200];
    const char *const authorities[] = {files.other_authority, ""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(authorities); i++) {
        open_pair(&pair, "good.test", authorities[i]);
        shake_hands(&pair);
        assert_int_equal(pair.client_result, TLS_FAILED);
        assert_true(
            str_has_prefix(tls_reason(pair.client, text), STR("certificate verify failed")));
        close_pair(&pair);
    }
}

/* The other side is a bare library, told to speak no better than `version`. */
static void speak_at_most(SSL *session, int version)
{
    SSL_set_security_level(session, 0);
    assert_int_equal(SSL_set_min_proto_version(session, TLS1_VERSION), 1);
    assert_int_equal(SSL_set_max_proto_version(session, version), 1);
    assert_int_equal(SSL_set_cipher_list(session, "ALL:@SECLEVEL=0"), 1);
}

static void old_versions_are_refused_by_both_roles(void **state)
{
    struct pair pair;

    (void)state;
    open_pair(&pair, "good.test", files.authority);
    speak_at_most(pair.client, TLS1_1_VERSION);
    shake_hands(&pair);
    assert_int_equal(pair.server_result, TLS_FAILED);
    close_pair(&pair);
    open_pair(&pair, "good.test", files.authority);
    speak_at_most(pair.server, TLS1_1_VERSION);
    shake_hands(&pair);
    assert_int_equal(pair.client_result, TLS_FAILED);
    close_pair(&pair);
}

static void tls_1_2_takes_only_ephemeral_keys_and_aead(void **state)
{
    static const struct {
        const char *ciphers;
        enum tls_result want;
    } cases[] = {
        {"ECDHE-ECDSA-AES128-GCM-SHA256", TLS_OK}, {"ECDHE-ECDSA-CHACHA20-POLY1305", TLS_OK},
        {"ECDHE-ECDSA-AES128-SHA", TLS_FAILED},    {"ECDHE-ECDSA-AES128-SHA256", TLS_FAILED},
        {"AES128-GCM-SHA256", TLS_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pair pair;
        open_pair(&pair, "good.test", files.authority);
        assert_int_equal(SSL_set_max_proto_version(pair.client, TLS1_2_VERSION), 1);
        assert_int_equal(SSL_set_cipher_list(pair.client, cases[i].ciphers), 1);
        shake_hands(&pair);
        assert_int_equal(pair.server_result, cases[i].want);
        close_pair(&pair);
    }
}

static void a_peer_without_http_1_1_is_refused(void **state)
{
    static const unsigned char http2[] = {2, 'h', '2'};
    struct pair pair;

    (void)state;
    open_pair(&pair, "good.test", files.authority);
    assert_int_equal(SSL_set_alpn_protos(pair.client, http2, sizeof(http2)), 0);
    shake_hands(&pair);
    assert_int_equal(pair.server_result, TLS_FAILED);
    close_pair(&pair);
}

static void bytes_go_through_and_the_end_is_told(void **state)
{
    struct pair pair;
    char room[16];
    size_t done = 0;

    (void)state;
    open_pair(&pair, "good.test", files.authority);
    shake_hands(&pair);
    assert_int_equal(tls_read(pair.server, room, sizeof(room), &done), TLS_WANT_READ);
    assert_int_equal(tls_write(pair.client, "hello world", 11, &done), TLS_OK);
    assert_int_equal(done, 11);
    assert_int_equal(tls_read(pair.server, room, 5, &done), TLS_OK);
    assert_memory_equal(room, "hello", 5);
    assert_true(tls_has_pending(pair.server));
    assert_int_equal(tls_read(pair.server, room, sizeof(room), &done), TLS_OK);
    assert_int_equal(done, 6);
    assert_false(tls_has_pending(pair.server));
    tls_say_goodbye(pair.client);
    assert_int_equal(tls_read(pair.server, room, sizeof(room), &done), TLS_END);
    close_pair(&pair);
}

static void an_end_without_goodbye_is_a_failure(void **state)
{
    struct pair pair;
    char room[16];
    size_t done = 0;

    (void)state;
    open_pair(&pair, "good.test", files.authority);
    shake_hands(&pair);
    assert_int_equal(tls_write(pair.client, "half", 4, &done), TLS_OK);
    (void)shutdown(pair.fds[1], SHUT_WR);
    assert_int_equal(tls_read(pair.server, room, sizeof(room), &done), TLS_OK);
    assert_int_equal(tls_read(pair.server, room, sizeof(room), &done), TLS_FAILED);
    close_pair(&pair);
}

static void files_that_are_no_certificates_are_told_by_name(void **state)
{
    const struct {
        const char *chain;
        const char *key;
        const char *told;
    } cases[] = {
        {"/nowhere/chain.pem", files.key, "/nowhere/chain.pem"},
        {files.nonsense, files.key, files.nonsense},
        {files.chain, "/nowhere/key.pem", "/nowhere/key.pem"},
        {files.chain, files.nonsense, files.nonsense},
        {files.chain, files.other_key, files.other_key}, /* not of this certificate */
    };
    struct arena arena = {0};
    tls_context *context = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault fault = {0};
        assert_int_equal(tls_server_context(str_c(cases[i].chain), str_c(cases[i].key), &arena,
                                            &context, &fault),
                         ERR_INVALID);
        assert_true(str_find(fault.message, str_c(cases[i].told)) < fault.message.len);
    }
    struct fault fault = {0};
    assert_int_equal(tls_client_context(str_c(files.nonsense), &arena, &context, &fault),
                     ERR_INVALID);
    assert_true(str_find(fault.message, str_c(files.nonsense)) < fault.message.len);
    assert_null(context);
    arena_reset(&arena);
}

/* --- streams over TLS, on the real loop --- */

enum { MANY_BYTES = 3 * 1024 * 1024 };

struct side {
    struct stream stream;
    struct side *other;
    size_t wanted; /* bytes; the loop stops when both sides have theirs */
    struct buf bytes;
    int ends;
    enum stream_end end;
};

struct two {
    struct loop loop;
    struct timer guard;
    struct pair pair; /* only its contexts are used */
    struct side server;
    struct side client;
};

static void side_on_bytes(struct stream *stream, str bytes)
{
    struct side *side = CONTAINER_OF(stream, struct side, stream);

    assert_int_equal(buf_add(&side->bytes, bytes), ERR_OK);
    if (side->bytes.len >= side->wanted && side->other->bytes.len >= side->other->wanted) {
        loop_stop(stream->loop);
    }
}

static void side_on_end(struct stream *stream, enum stream_end end)
{
    struct side *side = CONTAINER_OF(stream, struct side, stream);

    side->ends++;
    side->end = end;
    loop_stop(stream->loop);
}

static void side_on_drained(struct stream *stream)
{
    (void)stream;
}

static const struct stream_ops side_ops = {
    .on_bytes = side_on_bytes, .on_end = side_on_end, .on_drained = side_on_drained};

static void give_up(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happens");
}

static void open_two(struct two *two, const char *host)
{
    int fds[2];

    *two = (struct two){.guard = {.fire = give_up}};
    open_pair(&two->pair, host, files.authority);
    loop_init(&two->loop, &uv_loop_ops, &system_clock, &system_sock);
    loop_set_timer(&two->loop, &two->guard, two->loop.now_us + 20 * INT64_C(1000000));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    two->server.other = &two->client;
    two->client.other = &two->server;
    buf_init(&two->server.bytes, 2 * (size_t)MANY_BYTES);
    buf_init(&two->client.bytes, 2 * (size_t)MANY_BYTES);
    stream_accept(&two->server.stream, &two->loop, &side_ops, fds[0],
                  tls_accept_on(two->pair.server_context, fds[0]), 2 * (size_t)MANY_BYTES);
    stream_connect(&two->client.stream, &two->loop, &side_ops, fds[1],
                   tls_connect_on(two->pair.client_context, fds[1], host), 2 * (size_t)MANY_BYTES);
}

static void run(struct two *two)
{
    two->loop.stopping = false;
    loop_run(&two->loop);
}

static void close_two(struct two *two)
{
    stream_close(&two->server.stream);
    stream_close(&two->client.stream);
    buf_free(&two->server.bytes);
    buf_free(&two->client.bytes);
    loop_stop_timer(&two->loop, &two->guard);
    loop_free(&two->loop);
    close_pair(&two->pair);
}

static void streams_carry_many_bytes_both_ways_at_once(void **state)
{
    static char bytes[MANY_BYTES];
    struct two two;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 7 + i / 1000);
    }
    str all = str_of(bytes, sizeof(bytes));
    open_two(&two, "good.test");
    two.server.wanted = all.len;
    two.client.wanted = all.len;
    assert_int_equal(stream_write(&two.client.stream, &all, 1), ERR_OK);
    assert_int_equal(stream_write(&two.server.stream, &all, 1), ERR_OK);
    run(&two);
    assert_true(str_eq(buf_str(&two.server.bytes), all));
    assert_true(str_eq(buf_str(&two.client.bytes), all));
    close_two(&two);
}

static void a_paused_stream_goes_on_with_what_was_decrypted_already(void **state)
{
    struct two two;
    str hello = STR("hello");

    (void)state;
    open_two(&two, "good.test");
    two.server.wanted = 5;
    assert_int_equal(stream_write(&two.client.stream, &hello, 1), ERR_OK);
    run(&two);
    stream_set_reading(&two.server.stream, false);
    two.client.wanted = 5;
    assert_int_equal(stream_write(&two.client.stream, &hello, 1), ERR_OK);
    assert_int_equal(stream_write(&two.server.stream, &hello, 1), ERR_OK);
    run(&two);
    assert_int_equal(two.server.bytes.len, 5);
    two.server.wanted = 10;
    stream_set_reading(&two.server.stream, true);
    run(&two);
    assert_str_equal(buf_str(&two.server.bytes), STR("hellohello"));
    close_two(&two);
}

static void a_finished_stream_ends_properly(void **state)
{
    struct two two;
    str hello = STR("hello");

    (void)state;
    open_two(&two, "good.test");
    two.server.wanted = SIZE_MAX;
    assert_int_equal(stream_write(&two.client.stream, &hello, 1), ERR_OK);
    stream_finish(&two.client.stream);
    run(&two);
    assert_str_equal(buf_str(&two.server.bytes), STR("hello"));
    assert_int_equal(two.server.ends, 1);
    assert_int_equal(two.server.end, STREAM_EOF);
    close_two(&two);
}

static void a_failed_handshake_says_why(void **state)
{
    struct two two;

    (void)state;
    open_two(&two, "bad.test");
    while (two.client.ends == 0) {
        run(&two);
    }
    assert_int_equal(two.client.end, STREAM_FAILED);
    assert_int_equal(two.client.stream.error, 0);
    assert_string_equal(two.client.stream.tls_error,
                        "certificate verify failed: hostname mismatch");
    close_two(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_chain_and_name_are_accepted),
        cmocka_unit_test(a_wrong_name_is_refused),
        cmocka_unit_test(an_unknown_authority_is_refused),
        cmocka_unit_test(old_versions_are_refused_by_both_roles),
        cmocka_unit_test(tls_1_2_takes_only_ephemeral_keys_and_aead),
        cmocka_unit_test(a_peer_without_http_1_1_is_refused),
        cmocka_unit_test(bytes_go_through_and_the_end_is_told),
        cmocka_unit_test(an_end_without_goodbye_is_a_failure),
        cmocka_unit_test(files_that_are_no_certificates_are_told_by_name),
        cmocka_unit_test(streams_carry_many_bytes_both_ways_at_once),
        cmocka_unit_test(a_paused_stream_goes_on_with_what_was_decrypted_already),
        cmocka_unit_test(a_finished_stream_ends_properly),
        cmocka_unit_test(a_failed_handshake_says_why),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
