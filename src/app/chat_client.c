#include "app/chat_client.h"

#include "codec/http1.h"
#include "codec/json_write.h"
#include "codec/sse.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURNS_BYTES_MAX = 16 * 1024 * 1024,
    REFUSAL_BYTES_MAX = 1024 * 1024,
    EVENT_BYTES_MAX = 4 * 1024 * 1024,
    READ_BYTES = 16 * 1024,
};

static const struct http1_limits limits = {
    .line_bytes_max = 16384,
    .head_bytes_max = 65536,
    .field_count_max = 200,
    .trailer_bytes_max = 8192,
    .trailer_count_max = 32,
    .chunk_line_bytes_max = 1024,
    .chunk_overhead_bytes_max = UINT32_C(1) << 26, /* an event a chunk, for hours */
    .body_bytes_max = UINT64_C(1) << 40,
};

/* One answer being read. */
struct turn {
    struct chat_client *client;
    struct arena *arena;
    struct http1_parser parser;
    struct sse_decoder sse;
    struct buf refusal; /* the body of an answer that is no stream */
    struct buf text;    /* what the model said */
    int status;
    bool is_stream;
    bool done; /* [DONE] was seen */
};

static enum err fail(struct fault *fault, enum err err, str message)
{
    *fault = (struct fault){.kind = err, .message = message};
    return err;
}

enum err chat_client_init(struct chat_client *client, const char *url, struct fault *fault)
{
    struct url parsed = {0};

    if (url_parse(str_c(url), &parsed) != ERR_OK) {
        return fail(fault, ERR_INVALID, STR("the gateway's URL is none"));
    }
    if (parsed.tls) {
        return fail(fault, ERR_INVALID,
                    STR("`gatehouse chat` speaks plain HTTP: give it an http:// URL"));
    }
    while (str_has_suffix(parsed.path, STR("/"))) {
        parsed.path.len--;
    }
    client->url = parsed;
    buf_init(&client->turns, TURNS_BYTES_MAX);
    return ERR_OK;
}

void chat_client_free(struct chat_client *client)
{
    buf_free(&client->turns);
}

/* One more message at the end of the turns. */
static enum err add_turn(struct buf *turns, const char *role, str content)
{
    struct json_writer writer = json_write_inside(turns, turns->len > 0);

    json_open_object(&writer, NULL);
    json_put_str(&writer, "role", str_c(role));
    json_put_str(&writer, "content", content);
    json_close_object(&writer);
    return json_write_end(&writer);
}

static enum err write_request(const struct chat_client *client, struct arena *arena,
                              struct buf *out)
{
    struct headers headers = {0};
    struct buf body;
    str base = client->url.path;
    bool has_version = str_has_suffix(base, STR("/v1"));

    buf_init(&body, TURNS_BYTES_MAX + 1024);
    struct json_writer writer = json_write_to(&body);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "model", client->model);
    json_put_bool(&writer, "stream", true);
    str turns = arena_printf(arena, "[" STR_FMT "]", STR_ARG(buf_str(&client->turns)));
    json_put_raw(&writer, "messages", turns);
    json_close_object(&writer);
    enum err err = json_write_end(&writer);

    headers_add(&headers, arena, STR("Content-Type"), STR("application/json"));
    headers_add(&headers, arena, STR("Authorization"),
                arena_printf(arena, "Bearer " STR_FMT, STR_ARG(client->key)));
    headers_add(&headers, arena, STR("Connection"), STR("close"));
    str target =
        arena_printf(arena, STR_FMT "%s/chat/completions", STR_ARG(base), has_version ? "" : "/v1");
    if (err == ERR_OK) {
        err = http1_write_request_head(out, STR("POST"), target, client->url.authority, &headers,
                                       (int64_t)body.len);
    }
    if (err == ERR_OK) {
        err = buf_add(out, buf_str(&body));
    }
    buf_free(&body);
    return err;
}

static int connect_any(const struct addrinfo *addresses)
{
    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
            return fd;
        }
        if (fd >= 0) {
            int why = errno;
            (void)close(fd);
            errno = why;
        }
    }
    return -1;
}

static enum err connect_to(const struct url *url, struct arena *arena, int *out,
                           struct fault *fault)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    str host = arena_copy(arena, url->host);
    str port = arena_printf(arena, "%u", (unsigned)url->port);
    int failed = getaddrinfo(host.at, port.at, &hints, &addresses);

    if (failed != 0) {
        return fail(fault, ERR_PEER,
                    arena_printf(arena, "%s is not known: %s", host.at, gai_strerror(failed)));
    }
    int fd = connect_any(addresses);
    int why = errno;
    freeaddrinfo(addresses);
    if (fd < 0) {
        return fail(fault, ERR_PEER,
                    arena_printf(arena, "no gateway answers at " STR_FMT ": %s",
                                 STR_ARG(url->authority), strerror(why)));
    }
    *out = fd;
    return ERR_OK;
}

static bool send_all(int fd, str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* {"error":{"message":...}}, wherever it stands. */
static enum err fail_as_told(struct turn *turn, json *error, struct fault *fault)
{
    str message = json_str(error, "message");
    enum err err = turn->status == 401 || turn->status == 403 ? ERR_DENIED : ERR_INVALID;

    if (message.len == 0) {
        return fail(fault, ERR_PEER,
                    arena_printf(turn->arena, "the gateway answers with status %d", turn->status));
    }
    return fail(fault, err, arena_copy(turn->arena, message));
}

static enum err take_event(struct turn *turn, str data, struct fault *fault)
{
    struct chat_client *client = turn->client;

    if (str_eq(data, STR("[DONE]"))) {
        turn->done = true;
        return ERR_OK;
    }
    struct arena_mark mark = arena_mark(turn->arena);
    json *event = json_read_lenient(turn->arena, data);
    json *error = json_get(event, "error");
    if (event == NULL || json_is(error, JSON_OBJECT)) {
        return fail_as_told(turn, error, fault);
    }
    enum err err = ERR_OK;
    struct json_walk choices = json_walk(json_get(event, "choices"));
    while (err == ERR_OK && json_next(&choices)) {
        str text = json_str(json_get(choices.value, "delta"), "content");
        if (text.len > 0) {
            client->take(client->ctx, text);
            err = buf_add(&turn->text, text);
        }
    }
    arena_rewind(turn->arena, mark);
    return err == ERR_OK ? ERR_OK : fail(fault, err, STR("the answer is too long"));
}

static enum err take_body(struct turn *turn, str bytes, struct fault *fault)
{
    struct sse_event event;

    if (!turn->is_stream) {
        return buf_add(&turn->refusal, bytes) == ERR_OK
                   ? ERR_OK
                   : fail(fault, ERR_PEER, STR("the gateway's answer is too long"));
    }
    for (;;) {
        enum sse_result result = sse_next(&turn->sse, &bytes, &event);
        if (result == SSE_MORE) {
            return ERR_OK;
        }
        if (result == SSE_ERROR) {
            return fail(fault, ERR_PEER, STR("an event of the stream is too long"));
        }
        enum err err = take_event(turn, event.data, fault);
        if (err != ERR_OK) {
            return err;
        }
    }
}

static void take_head(struct turn *turn)
{
    const struct http1_head *head = &turn->parser.head;

    turn->status = head->status;
    turn->is_stream =
        head->status == 200 && str_find_nocase(headers_get(&head->headers, STR("content-type")),
                                               STR("text/event-stream")) <
                                   headers_get(&head->headers, STR("content-type")).len;
}

/* The message is whole: was it the answer? */
static enum err take_end(struct turn *turn, struct fault *fault)
{
    if (turn->is_stream) {
        return turn->done ? ERR_OK
                          : fail(fault, ERR_PEER, STR("the answer broke off before its end"));
    }
    json *body = json_read_lenient(turn->arena, buf_str(&turn->refusal));
    return fail_as_told(turn, json_get(body, "error"), fault);
}

/* Uses `input` up.  ERR_AGAIN while the message is not whole. */
static enum err feed(struct turn *turn, str input, struct fault *fault)
{
    for (;;) {
        str body = STR_NONE;
        enum err err = ERR_OK;
        switch (http1_feed(&turn->parser, &input, &body)) {
        case HTTP1_MORE:
            return ERR_AGAIN;
        case HTTP1_HEAD:
            take_head(turn);
            break;
        case HTTP1_BODY:
            err = take_body(turn, body, fault);
            break;
        case HTTP1_END:
            return take_end(turn, fault);
        case HTTP1_ERROR:
            return fail(fault, ERR_PEER, STR("what answers there does not speak HTTP"));
        }
        if (err != ERR_OK) {
            return err;
        }
    }
}

/* The gateway closed the connection, which may be how its answer ends. */
static enum err take_close(struct turn *turn, struct fault *fault)
{
    switch (http1_feed_end(&turn->parser)) {
    case HTTP1_END:
        return take_end(turn, fault);
    case HTTP1_MORE:
        return fail(fault, ERR_PEER, STR("the gateway closed the connection without an answer"));
    case HTTP1_HEAD:
    case HTTP1_BODY:
    case HTTP1_ERROR:
        break;
    }
    return fail(fault, ERR_PEER,
                turn->status == 0 ? STR("what answers there does not speak HTTP")
                                  : STR("the answer broke off before its end"));
}

static enum err read_answer(struct turn *turn, int fd, struct fault *fault)
{
    char bytes[READ_BYTES];

    for (;;) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail(fault, ERR_PEER,
                        arena_printf(turn->arena, "the connection broke: %s", strerror(errno)));
        }
        if (n == 0) {
            return take_close(turn, fault);
        }
        enum err err = feed(turn, str_of(bytes, (size_t)n), fault);
        if (err != ERR_AGAIN) {
            return err;
        }
    }
}

static enum err exchange(struct turn *turn, struct fault *fault)
{
    struct buf request;
    int fd = -1;

    buf_init(&request, TURNS_BYTES_MAX + 64 * 1024);
    enum err err = write_request(turn->client, turn->arena, &request);
    if (err != ERR_OK) {
        err = fail(fault, ERR_INVALID, STR("the request cannot be written: is the key a key?"));
    } else {
        err = connect_to(&turn->client->url, turn->arena, &fd, fault);
    }
    if (err == ERR_OK) {
        /* A gateway that refuses early may close before it has read everything: what it said
         * counts. */
        (void)send_all(fd, buf_str(&request));
        err = read_answer(turn, fd, fault);
        (void)close(fd);
    }
    if (request.at != NULL) {
        explicit_bzero(request.at, request.len); /* it holds the key */
    }
    buf_free(&request);
    return err;
}

enum err chat_client_ask(struct chat_client *client, str prompt, struct arena *arena,
                         struct fault *fault)
{
    struct turn turn = {.client = client, .arena = arena};
    size_t before = client->turns.len;

    buf_init(&turn.refusal, REFUSAL_BYTES_MAX);
    buf_init(&turn.text, TURNS_BYTES_MAX);
    http1_init(&turn.parser, HTTP1_CLIENT, &limits);
    sse_init(&turn.sse, EVENT_BYTES_MAX);
    enum err err = add_turn(&client->turns, "user", prompt);
    if (err != ERR_OK) {
        err = fail(fault, ERR_TOO_BIG, STR("the conversation is too long"));
    } else {
        err = exchange(&turn, fault);
    }
    if (err == ERR_OK && add_turn(&client->turns, "assistant", buf_str(&turn.text)) != ERR_OK) {
        err = fail(fault, ERR_TOO_BIG, STR("the conversation is too long"));
    }
    if (err != ERR_OK) {
        client->turns.len = before;
    }
    sse_free(&turn.sse);
    http1_free(&turn.parser);
    buf_free(&turn.text);
    buf_free(&turn.refusal);
    return err;
}
