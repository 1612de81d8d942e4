/*
 * Replays what lies under tests/golden:
 *
 *     <dialect>/<case>/answer.sse, .json, .ndjson   what a provider sent
 *                      or .frames (AWS messages as text, frames.h)
 *                      events.txt                   what the dialect reads out of it
 *                      client.sse or client.json    what the chat surface makes of that
 *                      request.json                 the chat it answers; optional
 *                      provider                     a preset whose quirks count; optional
 *     requests/<case>/request.json                  what a client sent
 *                     provider                      optional
 *                     <dialect>.json                what that dialect sends on
 *                     <dialect>-<platform>.json     and on Vertex or Bedrock
 *     surface/<case>/request.json                   what a client sent
 *                    fault.json                     the body of the refusal
 *
 * Answers are fed whole, byte by byte and cut in two at every offset.  With GOLDEN_UPDATE in the
 * environment the files on the right are written instead of compared: read them before you commit.
 */
#include "llm/price.h"
#include "wire/surface.h"

#include "frames.h"
#include "replay.h"
#include "share.h"
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 512 };

static const struct identity identity = {
    .generation_id = STR_INIT("gen-1"),
    .created_s = 1700000000,
    .model = STR_INIT("test/model"),
    .provider = STR_INIT("Test"),
    .request_id = STR_INIT("req-1"),
};

static struct cost cost_of(const struct usage *usage)
{
    static struct bill bill;
    struct pricing pricing = pricing_of_tokens(2500000, 10000000);
    struct fault fault = {0};

    pricing.cache_read_picousd = 1250000;
    assert_int_equal(price_bill(&pricing, usage, -1, &bill, &fault), ERR_OK);
    return bill_cost(&bill);
}

static str path_of(struct arena *arena, const char *folder, const char *name, const char *file)
{
    return arena_printf(arena, "%s/%s/%s/%s", GOLDEN_DIR, folder, name, file);
}

static bool has_file(str path)
{
    return access(path.at, F_OK) == 0;
}

/* The file without the line end behind it; `otherwise` when there is none. */
static str read_or(struct arena *arena, str path, str otherwise)
{
    return has_file(path) ? str_trim(test_read_file(arena, path.at)) : otherwise;
}

static void write_file(str path, str bytes)
{
    FILE *file = fopen(path.at, "wbe");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

/* Compares with the file, or writes it. */
static void check_file(struct arena *arena, str path, str got)
{
    if (getenv("GOLDEN_UPDATE") != NULL) {
        write_file(path, got);
        return;
    }
    str want = test_read_file(arena, path.at);
    if (!str_eq(got, want)) {
        fail_msg("%s differs\ngot:\n" STR_FMT "\nwant:\n" STR_FMT, path.at, STR_ARG(got),
                 STR_ARG(want));
    }
}

static const struct quirks *quirks_of(struct arena *arena, const char *folder, const char *name,
                                      str dialect)
{
    str provider = read_or(arena, path_of(arena, folder, name, "provider"), STR_NONE);

    if (provider.len > 0) {
        assert_non_null(preset_by_name(share_preset_book(), provider));
    }
    return share_quirks(arena_copy(arena, provider).at, dialect.at); /* it was trimmed */
}

/* ---- What a surface makes of an answer ---- */

static struct chat_request *read_chat(struct arena *arena, str body)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, arena, &chat, &fault) != ERR_OK) {
        fail_msg("request refused: " STR_FMT, STR_ARG(fault.message));
    }
    return chat;
}

static void price_event(const struct chat_request *chat, struct event *event)
{
    if (event->kind == EVENT_USAGE && chat->wants_usage_cost) {
        event->cost = cost_of(&event->usage);
    }
}

/* Decodes the answer in one piece and encodes its events, as the gate does. */
static enum err encode_stream(const struct replay *what, struct arena *arena,
                              const struct chat_request *chat, struct gather *gather,
                              struct buf *out)
{
    struct model model = {.name = STR("model"), .quirks = what->quirks};
    struct decoder decoder = {.dialect = what->dialect,
                              .model = &model,
                              .arena = arena,
                              .framing = what->framing,
                              .bytes_max = REPLAY_BYTES_MAX,
                              .id_seed = STR("seed")};
    struct encoder encoder = {&openai_chat_surface, chat, identity, arena, NULL};
    struct event_list events = {0};
    struct fault fault = {0};

    decoder_init(&decoder);
    openai_chat_surface.encoder_init(&encoder);
    enum err err = what->dialect->decode(&decoder, what->bytes, arena, &events, &fault);
    err = err == ERR_OK ? what->dialect->decode_end(&decoder, arena, &events, &fault) : err;
    for (size_t i = 0; i < events.len; i++) {
        price_event(chat, &events.at[i]);
        assert_int_equal(gather_add(gather, &events.at[i]), ERR_OK);
        if (chat->stream) {
            assert_int_equal(openai_chat_surface.encode(&encoder, &events.at[i], out), ERR_OK);
        }
    }
    struct fault *broken = err != ERR_OK ? &fault : NULL;
    if (chat->stream) {
        enum err ended = broken != NULL ? openai_chat_surface.encode_cut(&encoder, broken, out)
                                        : openai_chat_surface.encode_end(&encoder, out);
        assert_int_equal(ended, ERR_OK);
    } else {
        assert_int_equal(
            openai_chat_surface.encode_whole(&encoder, gather_answer(gather), broken, out), ERR_OK);
        assert_int_equal(buf_add_char(out, '\n'), ERR_OK);
    }
    decoder_free(&decoder);
    return err;
}

/* The gathered answer as a whole body, without costs. */
static str whole_of(struct arena *arena, const struct chat_request *chat, struct gather *gather)
{
    struct encoder encoder = {&openai_chat_surface, chat, identity, arena, NULL};
    struct answer *answer = gather_answer(gather);
    struct buf out;

    buf_init(&out, REPLAY_BYTES_MAX);
    answer->cost = (struct cost){0};
    assert_int_equal(openai_chat_surface.encode_whole(&encoder, answer, NULL, &out), ERR_OK);
    str copy = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    return copy;
}

/* What we write is read by our own dialect as the answer it was made from. */
static void check_conversation(struct arena *arena, const struct chat_request *chat,
                               struct gather *first, str client)
{
    struct gather *second = gather_new(arena, REPLAY_BYTES_MAX);
    struct replay what = {&openai_chat_dialect, share_quirks("", "openai"), FRAMING_SSE, client};
    struct fault fault = {0};
    struct buf printed;

    buf_init(&printed, REPLAY_BYTES_MAX);
    assert_int_equal(replay(&what, arena, client.len, client.len, &printed, second, &fault),
                     ERR_OK);
    assert_str_equal(whole_of(arena, chat, second), whole_of(arena, chat, first));
    buf_free(&printed);
    gather_free(second);
}

static void check_client(struct arena *arena, const char *folder, const char *name,
                         const struct replay *what)
{
    bool is_stream = what->framing != FRAMING_WHOLE;
    str usual = is_stream ? STR("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                                "\"stream\":true}")
                          : STR("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    struct chat_request *chat =
        read_chat(arena, read_or(arena, path_of(arena, folder, name, "request.json"), usual));
    struct gather *gather = gather_new(arena, REPLAY_BYTES_MAX);
    struct buf out;

    buf_init(&out, REPLAY_BYTES_MAX);
    enum err err = encode_stream(what, arena, chat, gather, &out);
    check_file(arena, path_of(arena, folder, name, chat->stream ? "client.sse" : "client.json"),
               buf_str(&out));
    if (err == ERR_OK && chat->stream && !chat->is_text && !chat->reasoning.exclude) {
        check_conversation(arena, chat, gather, buf_str(&out));
    }
    buf_free(&out);
    gather_free(gather);
}

static void check_cuts(const struct replay *what, str want, const char *name)
{
    struct buf got;

    buf_init(&got, REPLAY_BYTES_MAX);
    if (!replay_gives(what, 1, 1, want, &got)) {
        fail_msg("%s byte by byte:\n" STR_FMT, name, STR_ARG(buf_str(&got)));
    }
    for (size_t cut = 1; cut < what->bytes.len; cut++) {
        if (!replay_gives(what, cut, what->bytes.len, want, &got)) {
            fail_msg("%s cut at %zu:\n" STR_FMT, name, cut, STR_ARG(buf_str(&got)));
        }
    }
    buf_free(&got);
}

/* The file that holds the answer; its name tells how it is framed. */
static str find_answer(struct arena *arena, const char *folder, const char *name,
                       enum framing *framing)
{
    static const struct {
        const char *file;
        enum framing framing;
    } files[] = {
        {"answer.sse", FRAMING_SSE},
        {"answer.ndjson", FRAMING_NDJSON},
        {"answer.frames", FRAMING_EVENTSTREAM},
        {"answer.json", FRAMING_WHOLE},
    };
    str path = STR_NONE;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        path = path_of(arena, folder, name, files[i].file);
        *framing = files[i].framing;
        if (has_file(path)) {
            break;
        }
    }
    return path;
}

static void check_answer(const char *folder, const char *name)
{
    struct arena arena = {0};
    struct replay what = {
        .dialect = dialect_by_name(str_c(folder)),
        .quirks = quirks_of(&arena, folder, name, str_c(folder)),
    };
    struct fault fault = {0};
    struct buf printed;

    buf_init(&printed, REPLAY_BYTES_MAX);
    what.bytes = test_read_file(&arena, find_answer(&arena, folder, name, &what.framing).at);
    if (what.framing == FRAMING_EVENTSTREAM) {
        what.bytes = frames_of(&arena, what.bytes);
    }
    (void)(replay(&what, &arena, what.bytes.len, what.bytes.len, &printed, NULL, &fault) == ERR_OK);
    check_file(&arena, path_of(&arena, folder, name, "events.txt"), buf_str(&printed));
    check_cuts(&what, buf_str(&printed), name);
    check_client(&arena, folder, name, &what);
    buf_free(&printed);
    arena_reset(&arena);
}

/* ---- What a dialect makes of a request ---- */

/* Where a dialect may be served, by what the file's name says behind the dialect's. */
static const struct {
    const char *suffix;
    struct site site;
} places[] = {
    {"", {.platform = PLATFORM_OWN}},
    {"-vertex",
     {.platform = PLATFORM_VERTEX, .region = STR_INIT("europe-west1"), .project = STR_INIT("p-1")}},
    {"-bedrock", {.platform = PLATFORM_BEDROCK, .region = STR_INIT("us-east-1")}},
};

static void check_encoded(struct arena *arena, const char *folder, const char *name,
                          const struct chat_request *chat, const struct dialect *dialect,
                          size_t place)
{
    str file = arena_printf(arena, "%s%s.json", dialect->name, places[place].suffix);
    str path = path_of(arena, folder, name, file.at);
    struct model model = {
        .name = chat->model,
        .quirks = quirks_of(arena, folder, name, str_c(dialect->name)),
        .rules = rules_find(share_rule_book(), chat->model),
        .site = &places[place].site,
    };
    struct provider_request request = {0};
    struct fault fault = {0};

    if (!has_file(path)) {
        return;
    }
    if (dialect->encode_request(chat, &model, arena, &request, &fault) != ERR_OK) {
        fail_msg("%s: " STR_FMT, path.at, STR_ARG(fault.message));
    }
    assert_non_null(json_read_lenient(arena, request.http.body));
    check_file(arena, path, arena_printf(arena, STR_FMT "\n", STR_ARG(request.http.body)));
}

static void check_request(const char *folder, const char *name)
{
    struct arena arena = {0};
    str body = test_read_file(&arena, path_of(&arena, folder, name, "request.json").at);
    struct chat_request *chat = read_chat(&arena, body);
    str names = str_c(dialect_names());

    while (names.len > 0) {
        const struct dialect *dialect = dialect_by_name(str_trim(str_split(&names, ',')));
        for (size_t i = 0; i < COUNT_OF(places); i++) {
            check_encoded(&arena, folder, name, chat, dialect, i);
        }
    }
    arena_reset(&arena);
}

static void check_fault(const char *folder, const char *name)
{
    struct arena arena = {0};
    str body = test_read_file(&arena, path_of(&arena, folder, name, "request.json").at);
    struct chat_request *chat = NULL;
    struct fault fault = {0};
    struct buf out;

    buf_init(&out, REPLAY_BYTES_MAX);
    assert_int_not_equal(openai_chat_surface.decode_request(str_trim(body), &arena, &chat, &fault),
                         ERR_OK);
    assert_int_equal(openai_chat_surface.encode_fault(&identity, &fault, &out), ERR_OK);
    assert_int_equal(buf_add_char(&out, '\n'), ERR_OK);
    check_file(&arena, path_of(&arena, folder, name, "fault.json"), buf_str(&out));
    buf_free(&out);
    arena_reset(&arena);
}

/* ---- Walking the folders ---- */

static int each_case(const char *folder, void (*check)(const char *folder, const char *name))
{
    char path[PATH_BYTES_MAX];
    struct dirent **entries = NULL;
    int cases = 0;

    (void)snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, folder);
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            check(folder, entries[i]->d_name);
            cases++;
        }
        free(entries[i]);
    }
    free(entries);
    return cases;
}

static void recorded_answers_are_read_by_every_dialect(void **state)
{
    struct arena arena = {0};
    str names = str_c(dialect_names());
    int cases = 0;

    (void)state;
    while (names.len > 0) {
        str name = arena_copy(&arena, str_trim(str_split(&names, ',')));
        cases += each_case(name.at, check_answer);
    }
    assert_true(cases > 0);
    arena_reset(&arena);
}

static void requests_are_sent_on_in_every_dialect(void **state)
{
    (void)state;
    assert_true(each_case("requests", check_request) > 0);
}

static void bad_requests_are_refused_in_words(void **state)
{
    (void)state;
    assert_true(each_case("surface", check_fault) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_answers_are_read_by_every_dialect),
        cmocka_unit_test(requests_are_sent_on_in_every_dialect),
        cmocka_unit_test(bad_requests_are_refused_in_words),
    };

    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
