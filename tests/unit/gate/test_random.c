/*
 * Thousands of small worlds in which providers, clients and the network do what they like, each
 * from one seed.  Whatever happens:
 *
 * - a request that came is an exchange that runs or one row, never both, never neither;
 * - a client that stays and reads gets one whole HTTP answer, which is the true one or an error;
 * - what a client was told and what its row says are the same;
 * - nothing is left behind.
 */
#include "gate/exchange.h"

#include "answers.h"
#include "gateway.h"
#include "test.h"

#include <stdlib.h>

#define SECOND INT64_C(1000000)

enum { WORLDS = 1000, CLIENTS_MAX = 6, STEPS = 30 };

struct client {
    struct sim_peer *peer;
    bool left;    /* it went away */
    bool stalled; /* it does not read any more */
    bool is_stream;
};

struct small_world {
    struct gateway gateway;
    struct arena arena;
    struct client clients[CLIENTS_MAX];
    size_t client_count;
    bool lies; /* providers say other words than they should */
};

static struct small_world world;
static uint64_t seed;

static void check(bool is_so, const char *what)
{
    if (!is_so) {
        fail_msg("seed %llu: %s", (unsigned long long)seed, what);
    }
}

#define must(condition) check(condition, #condition)

static bool chance(uint64_t percent)
{
    return sim_draw(100) < percent;
}

/* --- providers --- */

static str any_answer(bool is_anthropic)
{
    static const int statuses[] = {400, 401, 403, 404, 408, 429, 500, 502, 503, 529, 204, 301};
    enum answer_framing framing = (enum answer_framing)sim_draw(ANSWER_FRAMINGS);

    switch (sim_draw(8)) {
    case 0:
        return answer_make(&world.arena, statuses[sim_draw(COUNT_OF(statuses))], "application/json",
                           "{\"error\":{\"message\":\"no\"}}", framing);
    case 1:
        return answer_make(&world.arena, 200, "text/html", "<html>hello</html>", framing);
    case 2:
        return answer_whole(&world.arena, is_anthropic, framing);
    default:
        return answer_stream(&world.arena, is_anthropic, framing);
    }
}

static str mutate(str bytes)
{
    char *copy = arena_take(&world.arena, bytes.len + 1);

    memcpy(copy, bytes.at, bytes.len);
    for (uint64_t i = 0; i <= sim_draw(3); i++) {
        copy[sim_draw(bytes.len)] = (char)sim_draw(256);
    }
    return str_of(copy, bytes.len);
}

static struct reply any_reply(int provider)
{
    struct reply reply = {.bytes = any_answer(provider == GAMMA)};

    /* A body without an end of its own ends with the connection. */
    reply.end = str_find(reply.bytes, STR("Connection: close")) < reply.bytes.len ? REPLY_CLOSES
                                                                                  : REPLY_STAYS;
    if (world.lies) {
        reply.bytes = mutate(reply.bytes);
    }
    if (chance(40)) {
        reply.bytes = str_take(reply.bytes, sim_draw(reply.bytes.len));
        reply.end = (enum reply_end)sim_draw(3);
    }
    if (chance(50)) {
        reply.delay_us = (int64_t)sim_draw(20 * SECOND);
    }
    if (chance(60)) {
        reply.piece_bytes = 1 + sim_draw(chance(30) ? 5 : 500);
        reply.piece_us = (int64_t)sim_draw(chance(10) ? 15 * SECOND : 5000);
    }
    return reply;
}

static void make_providers(void)
{
    for (int i = 0; i < PROVIDERS; i++) {
        for (uint64_t n = sim_draw(5); n > 0; n--) {
            struct reply reply = any_reply(i);
            gateway_reply(&world.gateway, i, &reply);
        }
        if (chance(15)) {
            gateway_place(&world.gateway, i, (enum sim_answer)sim_draw(4));
        }
    }
}

static void make_settings(struct settings *settings)
{
    settings->first_byte_timeout_ms = 15000;
    settings->stream_idle_timeout_ms = 10000;
    settings->total_timeout_ms = 60000;
    settings->write_timeout_ms = 20000;
    settings->keepalive_ms = chance(50) ? 3000 : 100000;
    settings->output_high_bytes = chance(50) ? 500 : 16384;
    settings->output_low_bytes = settings->output_high_bytes / 2;
    settings->upstream_idle_max = (int64_t)sim_draw(3);
    settings->key_cache_ms = chance(20) ? 0 : 2000;
    store_double.delay_us = chance(50) ? 0 : (int64_t)sim_draw(SECOND);
    store_double.is_broken = chance(3);
}

/* --- invariants --- */

static size_t running_count(void)
{
    struct list *head = &world.gateway.worker.exchanges;
    size_t count = 0;

    for (struct list *node = head->next; node != head; node = node->next) {
        count++;
    }
    return count;
}

static void check_rows(void)
{
    must(running_count() + store_double.row_count == world.client_count);
    must(world.gateway.worker.running == (int64_t)running_count());
}

static const struct exchange_row *row_of(const struct sim_peer *peer)
{
    str rest = buf_str(&peer->received);

    rest = str_skip(rest, str_find(rest, STR("x-generation-id: ")) + 17);
    str id = str_take(rest, str_find_char(rest, '\r'));
    const struct exchange_row *found = NULL;
    for (size_t i = 0; i < store_double.row_count; i++) {
        if (id.len > 0 && str_eq(id, str_c(store_double.rows[i].id))) {
            must(found == NULL);
            found = &store_double.rows[i];
        }
    }
    return found;
}

static void check_client(const struct client *client)
{
    struct told told;

    told_read(&told, client->peer);
    must(!told.is_broken);
    must(told.answer_count <= 1);
    if (!client->left && !client->stalled) {
        must(told.is_complete);
        must(told.is_json);
        must(told_looks_complete(&told) || told.has_error);
    }
    if (told.is_complete) {
        const struct exchange_row *row = row_of(client->peer);
        if (row == NULL) {
            fail_msg("an answer has no row");
            return;
        }
        must(row->status == told.status);
        must(told.is_stream ? told.done_count == 1 : told.done_count == 0);
        must(!told.is_stream || client->is_stream);
        must(told.has_error == (row->error_type[0] != '\0'));
        must(told.finish_count <= 2);
    }
    if (told_looks_complete(&told) && !world.lies) {
        must(str_eq(buf_str(&told.text), STR("Hello, world!")));
        must(told.finish_count == 1);
    }
    told_free(&told);
}

/* --- clients --- */

static void add_client(void)
{
    static const char *const models[] = {"one", "two", "three", "three", "claude"};
    struct client *client = &world.clients[world.client_count++];

    *client = (struct client){.is_stream = chance(70)};
    client->peer = gateway_dial(&world.gateway);
    if (chance(30)) {
        client->peer->write_bytes_max = 1 + sim_draw(300);
    }
    if (chance(30)) {
        client->peer->room_bytes = 1 + sim_draw(1000);
    }
    gateway_ask(client->peer, models[sim_draw(COUNT_OF(models))],
                client->is_stream ? "\"stream\":true" : "");
    gateway_settle(&world.gateway);
}

static void trouble_client(struct client *client)
{
    switch (sim_draw(6)) {
    case 0:
        sim_reset(client->peer);
        client->left = true;
        break;
    case 1:
        sim_close(client->peer);
        client->left = true;
        break;
    case 2:
        sim_finish(client->peer);
        client->left = true;
        break;
    case 3:
        client->peer->holds_back = true;
        client->stalled = true;
        break;
    default:
        client->peer->holds_back = false;
        break;
    }
}

static void trouble_provider(void)
{
    struct sim_peer *peer = world.gateway.providers[sim_draw(PROVIDERS)].last;

    if (peer == NULL) {
        return;
    }
    if (chance(50)) {
        sim_reset(peer);
    } else {
        sim_close(peer);
    }
}

static void live(void)
{
    for (int step = 0; step < STEPS; step++) {
        if (world.client_count < CLIENTS_MAX && chance(30)) {
            add_client();
        }
        if (world.client_count > 0 && chance(8)) {
            trouble_client(&world.clients[sim_draw(world.client_count)]);
        }
        if (chance(5)) {
            trouble_provider();
        }
        gateway_run_for(&world.gateway,
                        (int64_t)sim_draw(chance(30) ? (uint64_t)(5 * SECOND) : 2000));
        check_rows();
    }
    /* Every deadline passes, three endpoints one after the other. */
    gateway_run_for(&world.gateway, 600 * SECOND);
}

static void run_world(void)
{
    memset(&world, 0, sizeof(world));
    gateway_make(&world.gateway, seed);
    world.lies = chance(30);
    make_settings(world.gateway.settings);
    make_providers();
    gateway_open(&world.gateway);
    live();
    check_rows();
    must(running_count() == 0);
    for (size_t i = 0; i < world.client_count; i++) {
        check_client(&world.clients[i]);
    }
    must(world.gateway.worker.pool.connection_count == 0);
    must(world.gateway.worker.server.connection_count == 0);
    must(gateway_free(&world.gateway) == 0);
    arena_reset(&world.arena);
}

/* GATEHOUSE_SEED=N runs that world only. */
static void whatever_happens_everybody_is_told_the_truth_once(void **state)
{
    const char *only = getenv("GATEHOUSE_SEED");

    (void)state;
    if (only != NULL) {
        seed = strtoull(only, NULL, 10);
        run_world();
        return;
    }
    for (seed = 1; seed <= WORLDS; seed++) {
        run_world();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_everybody_is_told_the_truth_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
