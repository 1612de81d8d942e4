#include "app/chat_client.h"
#include "base/macros.h"

#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* A gateway that answers one connection with bytes, whatever is asked. */
struct gateway {
    int listener;
    str answer;
    char request[4096];
    size_t request_len;
};

static void *serve_one(void *ctx)
{
    struct gateway *gateway = ctx;
    int fd = accept(gateway->listener, NULL, NULL);

    if (fd < 0) {
        return NULL;
    }
    /* The request ends with the closing of its JSON object. */
    while (gateway->request_len < sizeof(gateway->request)) {
        ssize_t n = recv(fd, gateway->request + gateway->request_len,
                         sizeof(gateway->request) - gateway->request_len, 0);
        if (n <= 0) {
            break;
        }
        gateway->request_len += (size_t)n;
        if (str_has_suffix(str_of(gateway->request, gateway->request_len), STR("]}"))) {
            break;
        }
    }
    for (size_t sent = 0; sent < gateway->answer.len;) {
        ssize_t n = send(fd, gateway->answer.at + sent, gateway->answer.len - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    (void)close(fd);
    return NULL;
}

static uint16_t open_listener(struct gateway *gateway)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    gateway->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(gateway->listener >= 0);
    assert_int_equal(bind(gateway->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(gateway->listener, 4), 0);
    assert_int_equal(getsockname(gateway->listener, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

static void gather(void *ctx, str text)
{
    assert_true(text.len > 0); /* a piece without text is none */
    assert_int_equal(buf_add(ctx, text), ERR_OK);
}

#define STREAM_HEAD \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

static const struct {
    const char *why;
    const char *answer;
    enum err want;
    const char *text;    /* handed out */
    const char *message; /* part of the fault's */
} cases[] = {
    {"words and an end",
     STREAM_HEAD
     ": GATEHOUSE PROCESSING\n\n"
     "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\n"
     "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":null}]}\n\n"
     "data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n",
     ERR_OK, "Hello", NULL},
    {"the same in chunks",
     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
     "33\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n\r\n"
     "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
     ERR_OK, "Hello", NULL},
    {"a refused key",
     "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n"
     "{\"error\":{\"code\":401,\"message\":\"The key is not valid\"}}",
     ERR_DENIED, "", "The key is not valid"},
    {"an unknown model",
     "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"
     "{\"error\":{\"code\":404,\"message\":\"No model x\"}}",
     ERR_INVALID, "", "No model x"},
    {"a page of somebody else's",
     "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<html>sorry</html>", ERR_PEER, "",
     "status 502"},
    {"something else answers", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ERR_PEER, "",
     "status 200"},
    {"an error in the stream",
     STREAM_HEAD "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n"
                 "data: {\"error\":{\"code\":502,\"message\":\"The provider broke off\"},"
                 "\"choices\":[]}\n\n",
     ERR_INVALID, "Hel", "The provider broke off"},
    {"no end", STREAM_HEAD "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n", ERR_PEER,
     "Hel", "broke off"},
    {"an event that is no JSON", STREAM_HEAD "data: nonsense\n\n", ERR_PEER, "", "status 200"},
    {"no HTTP", "SSH-2.0-hello\r\n", ERR_PEER, "", "does not speak HTTP"},
    {"nothing", "", ERR_PEER, "", "closed the connection"},
};

static void answers_become_text_or_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct gateway gateway = {.answer = str_c(cases[i].answer)};
        struct arena arena = {0};
        struct fault fault = {0};
        struct buf text;
        pthread_t thread;
        char url[64];
        struct chat_client client = {
            .key = STR("sk-gh-test"), .model = STR("demo/echo"), .take = gather, .ctx = &text};

        print_message("%s\n", cases[i].why);
        buf_init(&text, 4096);
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", open_listener(&gateway));
        assert_int_equal(pthread_create(&thread, NULL, serve_one, &gateway), 0);
        assert_int_equal(chat_client_init(&client, url, &fault), ERR_OK);
        enum err err = chat_client_ask(&client, STR("say \"hello\""), &arena, &fault);
        assert_int_equal(pthread_join(thread, NULL), 0);

        assert_int_equal(err, cases[i].want);
        assert_str_equal(buf_str(&text), str_c(cases[i].text));
        if (cases[i].message != NULL) {
            assert_true(str_find(fault.message, str_c(cases[i].message)) < fault.message.len);
            assert_int_equal(client.turns.len, 0); /* as if nothing had been said */
        }
        str request = str_of(gateway.request, gateway.request_len);
        assert_true(str_has_prefix(request, STR("POST /v1/chat/completions HTTP/1.1\r\n")));
        assert_true(str_find(request, STR("Authorization: Bearer sk-gh-test\r\n")) < request.len);
        assert_true(
            str_find(request, STR("{\"model\":\"demo/echo\",\"stream\":true,\"messages\":"
                                  "[{\"role\":\"user\",\"content\":\"say \\\"hello\\\"\"}]}")) <
            request.len);
        (void)close(gateway.listener);
        chat_client_free(&client);
        buf_free(&text);
        arena_reset(&arena);
    }
}

static void what_was_said_is_said_again(void **state)
{
    struct gateway gateway = {.answer = str_c(cases[0].answer)};
    struct arena arena = {0};
    struct fault fault = {0};
    struct buf text;
    char url[64];
    struct chat_client client = {.key = STR("k"), .model = STR("m"), .take = gather, .ctx = &text};

    (void)state;
    buf_init(&text, 4096);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", open_listener(&gateway));
    assert_int_equal(chat_client_init(&client, url, &fault), ERR_OK);
    for (int turn = 0; turn < 2; turn++) {
        pthread_t thread;
        gateway.request_len = 0;
        assert_int_equal(pthread_create(&thread, NULL, serve_one, &gateway), 0);
        assert_int_equal(chat_client_ask(&client, STR("hi"), &arena, &fault), ERR_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    str request = str_of(gateway.request, gateway.request_len);
    assert_true(str_has_prefix(request, STR("POST /v1/chat/completions ")));
    assert_true(str_find(request, STR("[{\"role\":\"user\",\"content\":\"hi\"},"
                                      "{\"role\":\"assistant\",\"content\":\"Hello\"},"
                                      "{\"role\":\"user\",\"content\":\"hi\"}]")) < request.len);
    (void)close(gateway.listener);
    chat_client_free(&client);
    buf_free(&text);
    arena_reset(&arena);
}

static void nobody_there_is_told(void **state)
{
    struct gateway gateway = {0};
    struct arena arena = {0};
    struct fault fault = {0};
    char url[64];
    struct chat_client client = {.key = STR("k"), .model = STR("m"), .take = gather};

    (void)state;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", open_listener(&gateway));
    (void)close(gateway.listener);
    assert_int_equal(chat_client_init(&client, url, &fault), ERR_OK);
    assert_int_equal(chat_client_ask(&client, STR("hi"), &arena, &fault), ERR_PEER);
    assert_true(str_find(fault.message, STR("Connection refused")) < fault.message.len);
    chat_client_free(&client);
    arena_reset(&arena);
}

static void urls_it_cannot_speak_to_are_refused(void **state)
{
    static const char *const urls[] = {"https://127.0.0.1", "127.0.0.1:8080", "", "http://"};
    struct chat_client client = {0};
    struct fault fault = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        assert_int_equal(chat_client_init(&client, urls[i], &fault), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_text_or_words),
        cmocka_unit_test(what_was_said_is_said_again),
        cmocka_unit_test(nobody_there_is_told),
        cmocka_unit_test(urls_it_cannot_speak_to_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
