#include "gate/exchange.h"
#include "gate/media.h"

#include "spoken.h"

/* --- a dialect that takes bytes only, and says what it was given --- */

static bool takes_bytes_only(const struct chat_part *part, const struct model *model)
{
    (void)model;
    return part->kind == PART_IMAGE || part->kind == PART_FILE;
}

static enum err encode_parts(const struct chat_request *chat, const struct model *model,
                             struct arena *arena, struct provider_request *out, struct fault *fault)
{
    str body = STR_NONE;

    (void)model;
    (void)fault;
    for (size_t i = 0; i < chat->message_count; i++) {
        for (size_t k = 0; k < chat->messages[i].part_count; k++) {
            const struct chat_part *part = &chat->messages[i].parts[k];
            str pieces[] = {body, STR("["), part->mime, STR("|"), part->data, STR("]")};
            body = arena_join(arena, pieces, COUNT_OF(pieces));
        }
    }
    out->http = (struct http_request){.method = STR("POST"), .path = STR("/parts"), .body = body};
    return ERR_OK;
}

static int set_up_media(void **state)
{
    static struct dialect bytes_only;
    int failed = set_up(state);

    bytes_only = openai_chat_dialect;
    bytes_only.needs_bytes = takes_bytes_only;
    bytes_only.encode_request = encode_parts;
    set_dialect(ALPHA, &bytes_only);
    reply_whole(ALPHA);
    sim_add_name("files.test", FILES_ADDRESS, 1000);
    return failed;
}

#define IMAGE(url) "{\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}}"
#define PICTURE IMAGE("http://files.test/a.png")
#define SAYING(parts) "[{\"role\":\"user\",\"content\":[" parts "]}]"

#define PNG "\x89PNG\r\n\x1a\nrest"
#define PNG_BASE64 "iVBORw0KGgpyZXN0"

/* Asks about the messages and lets it be answered. */
static void ask_about(const char *messages)
{
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask_about(bench.client, "one", messages, "");
    gateway_run_for(&bench.gateway, 10000);
}

static void reply_file(const char *type, const char *bytes)
{
    reply(FILES, answer_make(&bench.arena, 200, type, bytes, BY_LENGTH));
}

static size_t asked(int server)
{
    return bench.gateway.providers[server].request_count;
}

static void assert_sent(const char *parts)
{
    assert_true(told_looks_complete(read_told()));
    assert_true(str_has_suffix(heard(ALPHA), arena_printf(&bench.arena, "\r\n\r\n%s", parts)));
}

/* The client is told, no provider is asked, and none is named. */
static void assert_refused(const char *why)
{
    const struct told *told = read_told();
    str body = buf_str(&told->body);

    if (told->status != 400 || !holds(body, why)) {
        fail_msg("%d " STR_FMT, told->status, STR_ARG(body));
    }
    assert_string_equal(told->error_type, "image_download_failed");
    assert_true(holds(body, "messages[0].content[0]"));
    assert_false(holds(body, "provider_name\":\""));
    assert_int_equal(bench.gateway.providers[ALPHA].connection_count, 0);
    assert_int_equal(store_double.rows[store_double.row_count - 1].attempts, 0);
    assert_string_equal(store_double.rows[store_double.row_count - 1].provider, "");
}

/* --- what is fetched --- */

static void an_image_is_fetched_and_sent_as_bytes(void **state)
{
    (void)state;
    reply_file("text/plain", PNG); /* its bytes know better than its server */
    ask_about(SAYING(IMAGE("http://files.test:80/a%20b.png?size=1#top")));
    assert_sent("[image/png|" PNG_BASE64 "]");
    assert_true(holds(heard(FILES), "GET /a%20b.png?size=1 HTTP/1.1\r\nHost: files.test:80\r\n"));
    assert_false(holds(heard(FILES), "authorization"));
    assert_false(holds(heard(FILES), "secret-key"));
}

static void every_known_beginning_and_else_the_type_tells_what_it_is(void **state)
{
    static const struct {
        const char *type;
        const char *bytes;
        const char *want;
    } cases[] = {
        {"x", "\xff\xd8\xff\xe0", "[image/jpeg|/9j/4A==]"},
        {"x", "GIF87a", "[image/gif|R0lGODdh]"},
        {"x", "GIF89a", "[image/gif|R0lGODlh]"},
        {"image/png", "RIFF1234WEBPVP8 ", "[image/webp|UklGRjEyMzRXRUJQVlA4IA==]"},
        {"image/HEIC; x=y", "heic", "[image/heic|aGVpYw==]"},
        {"image/svg+xml", "<svg>", "[image/svg+xml|PHN2Zz4=]"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(set_up_media(state), 0);
        reply_file(cases[i].type, cases[i].bytes);
        ask_about(SAYING(PICTURE));
        assert_sent(cases[i].want);
        close_bench();
    }
}

static void parts_with_bytes_and_providers_that_take_urls_need_no_fetch(void **state)
{
    (void)state;
    ask_about(
        SAYING("{\"type\":\"text\",\"text\":\"hi\"}," IMAGE("data:image/png;base64," PNG_BASE64)));
    assert_sent("[|][image/png|" PNG_BASE64 "]");
    set_dialect(ALPHA, &openai_chat_dialect);
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask_about(bench.client, "one", SAYING(PICTURE), "");
    gateway_run_for(&bench.gateway, 10000);
    assert_true(told_looks_complete(read_told()));
    assert_true(holds(heard(ALPHA), "http://files.test/a.png"));
    assert_int_equal(bench.gateway.providers[FILES].connection_count, 0);
}

static void four_are_fetched_at_once_and_all_of_them(void **state)
{
    static const char messages[] =
        "[{\"role\":\"user\",\"content\":[" PICTURE "," PICTURE "," PICTURE "]},"
        "{\"role\":\"assistant\",\"content\":\"ok\"},"
        "{\"role\":\"user\",\"content\":[" PICTURE "," PICTURE "," PICTURE "]}]";

    (void)state;
    str file = answer_make(&bench.arena, 200, "image/png", PNG, BY_LENGTH);
    gateway_reply(&bench.gateway, FILES, &(struct reply){.bytes = file, .delay_us = SECOND});
    ask_about(messages);
    assert_int_equal(asked(FILES), 4);
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(asked(FILES), 6);
    assert_int_equal(asked(ALPHA), 0);
    gateway_run_for(&bench.gateway, SECOND);
    assert_int_equal(count_of(heard(ALPHA), "[image/png|" PNG_BASE64 "]"), 6);
    assert_true(told_looks_complete(read_told()));
    for (size_t i = 0; i < sim_peer_count(); i++) {
        struct sim_peer *peer = sim_peer_at(i);
        assert_true(peer->ctx != &bench.gateway.providers[FILES] || peer->closed);
    }
}

static void what_was_fetched_serves_the_next_endpoint_too(void **state)
{
    (void)state;
    set_dialect(BETA, bench.gateway.snapshot->models[0].endpoints[0].dialect);
    reply_file("image/png", PNG);
    reply_whole(BETA);
    gateway_place(&bench.gateway, ALPHA, SIM_REFUSES);
    gateway_open(&bench.gateway);
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask_about(bench.client, "two", SAYING(PICTURE), "");
    gateway_run_for(&bench.gateway, 10000);
    assert_true(told_looks_complete(read_told()));
    assert_true(holds(heard(BETA), "[image/png|" PNG_BASE64 "]"));
    assert_int_equal(asked(FILES), 1);
}

/* --- redirects --- */

static void reply_redirect(int status, const char *location)
{
    reply(FILES, arena_printf(&bench.arena,
                              "HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 4\r\n\r\ngone",
                              status, location));
}

static void redirects_are_followed_three_times(void **state)
{
    (void)state;
    reply_redirect(301, "/deep/er?x=/../y");
    reply_redirect(307, "next.png?z");
    reply_redirect(302, "http://files.test:80/last#part");
    reply_file("image/png", PNG);
    ask_about(SAYING(PICTURE));
    assert_sent("[image/png|" PNG_BASE64 "]");
    assert_true(holds(heard(FILES), "GET /deep/er?x=/../y HTTP/1.1\r\n"));
    assert_true(holds(heard(FILES), "GET /deep/next.png?z HTTP/1.1\r\n"));
    assert_true(holds(heard(FILES), "GET /last HTTP/1.1\r\n"));
}

static void a_fourth_redirect_is_not_followed(void **state)
{
    (void)state;
    reply_redirect(302, "/again");
    ask_about(SAYING(PICTURE));
    assert_refused("it was redirected too often");
    assert_int_equal(asked(FILES), 4);
}

static void every_redirect_is_looked_at_like_the_first_url(void **state)
{
    static const struct {
        const char *location;
        const char *want;
    } cases[] = {
        {"http://169.254.169.254/latest/meta-data/", "only public addresses are asked"},
        {"//127.0.0.1/", "only public addresses are asked"},
        {"http://private.test/", "only public addresses are asked"},
        {"http://files.test:8080/", "only public addresses are asked"},
        {"file:///etc/passwd", "this is no http or https URL"},
        {"gopher://127.0.0.1:6379/_INFO", "this is no http or https URL"},
        {"http://user@files.test/", "this is no http or https URL"},
        {"", "it was redirected to nowhere"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(set_up_media(state), 0);
        sim_add_name("private.test", "10.0.0.1", 1000);
        reply_redirect(302, cases[i].location);
        ask_about(SAYING(PICTURE));
        assert_refused(cases[i].want);
        assert_int_equal(asked(FILES), 1);
        assert_int_equal(bench.gateway.providers[LOGINS].connection_count, 0);
        close_bench();
    }
}

/* --- what is refused --- */

static void urls_that_lead_inside_are_not_asked(void **state)
{
    static const struct {
        const char *url;
        const char *want;
    } cases[] = {
        {"http://127.0.0.1/", "only public addresses are asked"},
        {"http://[::1]/", "only public addresses are asked"},
        {"http://[::ffff:127.0.0.1]/", "only public addresses are asked"},
        {"http://169.254.169.254/latest/meta-data/", "only public addresses are asked"},
        {"http://localhost/", "only public addresses are asked"},
        {"http://metadata.test/", "only public addresses are asked"},
        {"http://both.test/", "only public addresses are asked"},
        {"http://files.test:22/", "only public addresses are asked"},
        {"https://files.test:8443/", "only public addresses are asked"},
        {"http://2852039166/", "this is no http or https URL"},
        {"http://00127.0.0.1/", "this is no http or https URL"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(set_up_media(state), 0);
        sim_add_name("localhost", "127.0.0.1", 1000);
        sim_add_name("metadata.test", LOGINS_ADDRESS, 1000);
        sim_add_name("both.test", FILES_ADDRESS, 1000);
        sim_add_name("both.test", LOGINS_ADDRESS, 1000);
        sim_add_name("2852039166", LOGINS_ADDRESS, 1000);
        sim_add_name("00127.0.0.1", FILES_ADDRESS, 1000);
        str messages = arena_printf(
            &bench.arena, SAYING("{\"type\":\"image_url\",\"image_url\":{\"url\":\"%s\"}}"),
            cases[i].url);
        ask_about(messages.at);
        assert_refused(cases[i].want);
        assert_int_equal(bench.gateway.providers[FILES].connection_count, 0);
        assert_int_equal(bench.gateway.providers[LOGINS].connection_count, 0);
        close_bench();
    }
}

/* Asked once, checked, and connected to: the next answer of a resolver that changes its mind is for
 * the next URL. */
static void a_name_that_changes_is_looked_at_each_time(void **state)
{
    (void)state;
    reply_file("image/png", PNG);
    ask_about(SAYING(PICTURE));
    assert_true(told_looks_complete(read_told()));
    sim_add_name("files.test", LOGINS_ADDRESS, 1000);
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask_about(bench.client, "one", SAYING(PICTURE), "");
    gateway_run_for(&bench.gateway, 10000);
    assert_int_equal(read_told()->status, 400);
    assert_true(holds(buf_str(&bench.told.body), "only public addresses are asked"));
    assert_int_equal(asked(FILES), 1);
    assert_int_equal(bench.gateway.providers[LOGINS].connection_count, 0);
}

static void a_gateway_may_be_told_to_fetch_from_inside(void **state)
{
    (void)state;
    bench.gateway.settings->media_private = true;
    reply(LOGINS, answer_make(&bench.arena, 200, "image/png", PNG, BY_LENGTH));
    ask_about(SAYING(IMAGE("http://169.254.169.254/a.png")));
    assert_sent("[image/png|" PNG_BASE64 "]");
}

static void answers_that_are_no_image_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        const char *want;
    } cases[] = {
        {"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", "it answered 404"},
        {"HTTP/1.1 204 X\r\n\r\n", "it answered 204"},
        {"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", "it is empty"},
        {"HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
         "what is there is no image"},
        {"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n%PDF-", "what is there is no image"},
        {"HTTP/1.1 200 X\r\nContent-Type: image/png\r\nContent-Encoding: gzip\r\n"
         "Content-Length: 3\r\n\r\nabc",
         "it came compressed"},
        {"HTTP/1.1 200 X\r\nContent-Type: image/png\r\nContent-Length: 70000\r\n\r\n",
         "it is over the limit of 65536 bytes"},
        {"nonsense\r\n\r\n", "the answer breaks HTTP"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(set_up_media(state), 0);
        reply(FILES, str_c(cases[i].bytes));
        ask_about(SAYING(PICTURE));
        assert_refused(cases[i].want);
        assert_true(holds(buf_str(&bench.told.body), "from files.test"));
        close_bench();
    }
}

static void media_of_unknown_length_is_cut_at_the_limit(void **state)
{
    static char much[70 * 1024];

    (void)state;
    memset(much, 'x', sizeof(much) - 1);
    reply(FILES, answer_make(&bench.arena, 200, "image/png", much, BY_CHUNKS));
    ask_about(SAYING(PICTURE));
    assert_refused("it is over the limit of 65536 bytes");
}

static void media_of_one_request_is_bounded_together(void **state)
{
    static char some[60 * 1024];

    (void)state;
    memset(some, 'x', sizeof(some) - 1);
    reply_file("image/png", some);
    ask_about(SAYING(PICTURE "," PICTURE "," PICTURE "," PICTURE));
    assert_true(told_looks_complete(read_told()));
    bench.client = gateway_dial(&bench.gateway);
    gateway_ask_about(bench.client, "one",
                      SAYING(PICTURE "," PICTURE "," PICTURE "," PICTURE "," PICTURE), "");
    gateway_run_for(&bench.gateway, 20000);
    assert_int_equal(read_told()->status, 400);
    assert_true(holds(buf_str(&bench.told.body), "all together over 262144"));
    assert_int_equal(asked(ALPHA), 1);
}

static void a_server_that_does_not_answer_is_not_waited_for_long(void **state)
{
    static const char *const whys[] = {"it did not come in time", "it cannot be reached",
                                       "it cannot be reached"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(set_up_media(state), 0);
        if (i == 1) {
            gateway_place(&bench.gateway, FILES, SIM_REFUSES);
        } else if (i == 2) {
            sim_add_name("files.test", NULL, 1000);
        }
        ask_about(i == 2 ? SAYING(IMAGE("http://nowhere.test/")) : SAYING(PICTURE));
        gateway_run_for(&bench.gateway, 11 * SECOND);
        assert_refused(whys[i]);
        close_bench();
    }
}

static void a_server_that_drips_is_not_waited_for_long(void **state)
{
    (void)state;
    str file = answer_make(&bench.arena, 200, "image/png", PNG "and much more of it", BY_LENGTH);
    gateway_reply(&bench.gateway, FILES,
                  &(struct reply){.bytes = file, .piece_bytes = 1, .piece_us = SECOND});
    ask_about(SAYING(PICTURE));
    gateway_run_for(&bench.gateway, 11 * SECOND);
    assert_refused("it did not come in time");
}

static void a_gateway_may_be_told_to_fetch_nothing(void **state)
{
    (void)state;
    bench.gateway.settings->media_bytes_max = 0;
    ask_about(SAYING(PICTURE));
    assert_refused("this gateway fetches none");
    assert_int_equal(bench.gateway.providers[FILES].connection_count, 0);
}

static void a_request_may_not_name_hundreds(void **state)
{
    (void)state;
    str parts = STR(PICTURE);
    for (int i = 0; i < 256; i++) {
        parts = arena_join(&bench.arena, (str[]){parts, STR("," PICTURE)}, 2);
    }
    ask_about(arena_printf(&bench.arena, SAYING(STR_FMT), STR_ARG(parts)).at);
    assert_int_equal(read_told()->status, 400);
    assert_true(holds(buf_str(&bench.told.body), "there are too many"));
    assert_int_equal(bench.gateway.providers[FILES].connection_count, 0);
}

/* One that fails ends the others. */
static void a_client_may_go_and_a_fetch_may_fail_while_others_run(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(set_up_media(state), 0);
        if (i == 0) {
            reply(FILES, STR("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"));
            gateway_reply(&bench.gateway, FILES, &(struct reply){.delay_us = 100 * SECOND});
        }
        ask_about(SAYING(PICTURE "," PICTURE));
        if (i == 0) {
            assert_refused("it answered 404");
        } else {
            sim_reset(bench.client);
            gateway_run_for(&bench.gateway, SECOND);
            assert_true(the_row()->cancelled);
        }
        for (size_t k = 0; k < sim_peer_count(); k++) {
            struct sim_peer *peer = sim_peer_at(k);
            assert_true(peer->ctx != &bench.gateway.providers[FILES] || peer->closed);
        }
        close_bench();
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_media, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_image_is_fetched_and_sent_as_bytes),
        cmocka_unit_test(every_known_beginning_and_else_the_type_tells_what_it_is),
        TEST(parts_with_bytes_and_providers_that_take_urls_need_no_fetch),
        TEST(four_are_fetched_at_once_and_all_of_them),
        TEST(what_was_fetched_serves_the_next_endpoint_too),
        TEST(redirects_are_followed_three_times),
        TEST(a_fourth_redirect_is_not_followed),
        cmocka_unit_test(every_redirect_is_looked_at_like_the_first_url),
        cmocka_unit_test(urls_that_lead_inside_are_not_asked),
        TEST(a_name_that_changes_is_looked_at_each_time),
        TEST(a_gateway_may_be_told_to_fetch_from_inside),
        cmocka_unit_test(answers_that_are_no_image_are_refused),
        TEST(media_of_unknown_length_is_cut_at_the_limit),
        TEST(media_of_one_request_is_bounded_together),
        cmocka_unit_test(a_server_that_does_not_answer_is_not_waited_for_long),
        TEST(a_server_that_drips_is_not_waited_for_long),
        TEST(a_gateway_may_be_told_to_fetch_nothing),
        TEST(a_request_may_not_name_hundreds),
        cmocka_unit_test(a_client_may_go_and_a_fetch_may_fail_while_others_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
