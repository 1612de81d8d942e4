/*
 * The server from boot to drain.
 *
 * Boot: configuration, store and first key, listeners, store threads, workers, words.  The main
 * thread then only waits for signals: the first TERM or INT drains, a second one ends at once.
 * Drain: workers stop accepting and finish what runs, the writer writes what is left.
 */
#include "app/serve.h"

#include "app/access_log.h"
#include "app/banner.h"
#include "app/config.h"
#include "app/exit_code.h"
#include "app/listen.h"
#include "app/paths.h"
#include "app/routes.h"
#include "base/log.h"
#include "base/map.h"
#include "gate/worker.h"
#include "store/keys.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    WORKERS_MAX = 256,
    ERRORS_BYTES_MAX = 64 * 1024,
    RING_ROWS = 2048,
    BATCH_ROWS = 256,
    BATCH_MS = 20,
    SPOOL_BYTES_MAX = 256 * 1024 * 1024,
};

struct server {
    struct arena arena;
    struct snapshot *snapshot;
    str data_dir;
    str store_url;
    const struct store_ops *store_ops;
    char first_key[KEY_TEXT_BYTES + 1]; /* secret; empty unless just made */
    struct sock_address address;
    struct writer *writer;
    struct reader *reader;
    struct app_state state;
    struct worker *workers;
    int *fds;
    size_t worker_count;
    size_t running_count;
};

/* Workers tell the main thread of their end with this signal. */
static const int worker_ended_signal = SIGUSR2;
static pthread_t main_thread;

static int say(int code, str message)
{
    (void)fprintf(stderr, "error: " STR_FMT "\n", STR_ARG(message));
    return code;
}

/* --- boot --- */

static int load_config(struct server *server, const struct serve_options *options)
{
    struct buf errors;

    buf_init(&errors, ERRORS_BYTES_MAX);
    enum err err = config_load(options->config_path, &process_world, &server->arena,
                               &server->snapshot, &errors);
    if (err != ERR_OK) {
        (void)fprintf(stderr, STR_FMT, STR_ARG(buf_str(&errors)));
    }
    buf_free(&errors);
    return err == ERR_OK ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

/* The first key: the operator's own, or one made now.  Nothing when there is a key already. */
static enum err make_first_key(struct server *server, struct store *store)
{
    struct random random;
    struct key_row row;
    struct key_row *keys = NULL;
    size_t count = 0;
    const char *own = getenv("GATEHOUSE_BOOTSTRAP_KEY");
    int64_t now_ms = clock_wall_ms(&system_clock);

    enum err err = store->ops->key_list(store, &server->arena, &keys, &count);
    if (err != ERR_OK || count > 0) {
        return err;
    }
    random_init(&random);
    if (own != NULL && own[0] != '\0') {
        keys_adopt(&random, str_c(own), STR("bootstrap"), now_ms, &server->arena, &row);
    } else {
        keys_make(&random, STR("first"), now_ms, &server->arena, server->first_key, &row);
    }
    return store->ops->key_add(store, &row);
}

static int open_store(struct server *server, const struct serve_options *options)
{
    const struct settings *settings = &server->snapshot->settings;
    struct fault fault = {0};
    struct store *store = NULL;

    if (data_dir_find(options->data_dir, &process_world, &server->arena, &server->data_dir,
                      &fault) != ERR_OK) {
        return say(EXIT_CODE_STORE, fault.message);
    }
    server->store_url = store_url_resolve(settings->store, server->data_dir, &server->arena);
    server->store_ops = store_by_url(server->store_url);
    if (server->store_ops == NULL) {
        return say(EXIT_CODE_CONFIG,
                   arena_printf(&server->arena, "the store \"" STR_FMT "\" is of no known kind",
                                STR_ARG(server->store_url)));
    }
    enum err err = server->store_ops->open(server->store_url, &store, &server->arena, &fault);
    if (err == ERR_OK) {
        err = store->ops->migrate(store, &server->arena, &fault);
        if (err == ERR_OK && make_first_key(server, store) != ERR_OK) {
            err = ERR_PEER;
            fault.message = STR("the first API key cannot be written to the store");
        }
        store->ops->close(store);
    }
    return err == ERR_OK ? EXIT_CODE_OK : say(EXIT_CODE_STORE, fault.message);
}

static int open_listeners(struct server *server, const struct serve_options *options)
{
    const struct settings *settings = &server->snapshot->settings;
    struct fault fault = {0};
    str listen = options->listen != NULL ? str_c(options->listen) : settings->listen;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    server->worker_count = settings->workers > 0 ? (size_t)settings->workers
                           : cores > 0           ? (size_t)cores
                                                 : 1;
    if (server->worker_count > WORKERS_MAX) {
        server->worker_count = WORKERS_MAX;
    }
    server->fds = ARENA_ARRAY(&server->arena, int, server->worker_count);
    if (listen_parse(listen, &server->arena, &server->address, &fault) != ERR_OK ||
        listen_open(&server->address, server->fds, server->worker_count, &server->arena, &fault) !=
            ERR_OK) {
        return say(EXIT_CODE_BIND, fault.message);
    }
    return EXIT_CODE_OK;
}

static int start_store_threads(struct server *server)
{
    struct fault fault = {0};
    const struct store_ops *ops = server->snapshot->settings.access_log
                                      ? access_log_over(server->store_ops)
                                      : server->store_ops;
    const struct writer_options options = {
        .ops = ops,
        .url = server->store_url,
        .ring_rows = RING_ROWS,
        .batch_ms = BATCH_MS,
        .batch_rows = BATCH_ROWS,
        .spool_path =
            arena_printf(&server->arena, STR_FMT "/rows.spool", STR_ARG(server->data_dir)),
        .spool_bytes_max = SPOOL_BYTES_MAX,
    };

    if (writer_start(&options, &server->writer, &server->arena, &fault) != ERR_OK ||
        reader_start(server->store_ops, server->store_url, &server->reader, &server->arena,
                     &fault) != ERR_OK) {
        return say(EXIT_CODE_STORE, fault.message);
    }
    server->state.writer = server->writer;
    return EXIT_CODE_OK;
}

static void *worker_main(void *ctx)
{
    struct worker *worker = ctx;

    worker_run(worker);
    arena_end_thread();
    atomic_store(&worker->ended, true);
    (void)pthread_kill(main_thread, worker_ended_signal);
    return NULL;
}

static int start_workers(struct server *server)
{
    const struct settings *settings = &server->snapshot->settings;
    struct fault fault = {0};

    server->workers = ARENA_ARRAY(&server->arena, struct worker, server->worker_count);
    for (size_t i = 0; i < server->worker_count; i++) {
        const struct worker_options options = {
            .snapshot = server->snapshot,
            .routes = &app_routes,
            .writer = server->writer,
            .reader = server->reader,
            .app = &server->state,
            .clock = &system_clock,
            .loop_ops = &uv_loop_ops,
            .sock = &system_sock,
            .listener_fd = server->fds[i],
            .tls_certificate = settings->tls_certificate,
            .tls_key = settings->tls_key,
        };
        struct worker *worker = &server->workers[i];
        if (worker_init(worker, &options, &server->arena, &fault) != ERR_OK) {
            return say(EXIT_CODE_CONFIG, fault.message);
        }
        if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
            return say(EXIT_CODE_FAILED, STR("a worker thread cannot be started"));
        }
        (void)pthread_setname_np(worker->thread, "worker");
        server->running_count++;
    }
    return EXIT_CODE_OK;
}

static void tell_ready(struct server *server)
{
    char address[64];
    const struct settings *settings = &server->snapshot->settings;
    str where = sock_address_format(&server->address, address);
    const struct banner banner = {
        .base = arena_printf(&server->arena, "%s://" STR_FMT,
                             settings->tls_certificate.len > 0 ? "https" : "http", STR_ARG(where)),
        .data = str_has_prefix(server->store_url, STR("sqlite:")) ? str_skip(server->store_url, 7)
                                                                  : server->store_url,
        .api_key = str_c(server->first_key),
        .local = listen_is_local(&server->address),
        .snapshot = server->snapshot,
    };

    banner_print(&banner, isatty(STDERR_FILENO) == 1);
    explicit_bzero(server->first_key, sizeof(server->first_key));
}

/* --- the end --- */

static int64_t running_exchanges(const struct server *server)
{
    int64_t running = 0;

    for (size_t i = 0; i < server->worker_count; i++) {
        running += atomic_load_explicit(&server->workers[i].running, memory_order_relaxed);
    }
    return running;
}

static void drain(struct server *server)
{
    int64_t wait_ms = server->snapshot->settings.drain_ms;

    atomic_store_explicit(&server->state.draining, true, memory_order_relaxed);
    log_line(LOG_INFO, "drain", "no new requests; %lld running, at most %lld s are waited for",
             (long long)running_exchanges(server), (long long)(wait_ms / 1000));
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_drain(&server->workers[i], wait_ms);
    }
}

/* Joins workers whose loops are over: one pending signal may stand for several of them. */
static size_t join_ended(struct server *server)
{
    size_t joined = 0;

    for (size_t i = 0; i < server->worker_count; i++) {
        struct worker *worker = &server->workers[i];
        if (!worker->joined && atomic_load(&worker->ended)) {
            (void)pthread_join(worker->thread, NULL);
            worker->joined = true;
            joined++;
        }
    }
    return joined;
}

static void wait_for_end(struct server *server)
{
    sigset_t signals;
    bool draining = false;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, worker_ended_signal);
    for (size_t joined = 0; joined < server->running_count;) {
        int signal = 0;
        if (sigwait(&signals, &signal) != 0) {
            continue;
        }
        if (signal == worker_ended_signal) {
            joined += join_ended(server);
        } else if (!draining) {
            draining = true;
            drain(server);
        } else {
            log_line(LOG_WARN, "stop", "told twice: %lld running answers are cut",
                     (long long)running_exchanges(server));
            for (size_t i = 0; i < server->worker_count; i++) {
                worker_stop(&server->workers[i]);
            }
        }
    }
}

/* In this order: nobody may be told of an answer any more, exchanges that still run settle, and
 * then every row is written. */
static int stop(struct server *server)
{
    uint64_t lost = 0;

    if (server->reader != NULL) {
        reader_stop(server->reader);
    }
    for (size_t i = 0; i < server->running_count; i++) {
        worker_free(&server->workers[i]);
        lost += atomic_load_explicit(&server->workers[i].rows_lost, memory_order_relaxed);
    }
    if (server->writer != NULL) {
        lost += writer_stop(server->writer);
    }
    if (lost > 0) {
        log_line(LOG_ERROR, "rows", "%llu rows could not be written", (unsigned long long)lost);
        return EXIT_CODE_FAILED;
    }
    return EXIT_CODE_OK;
}

/* Signals that the main thread waits for are blocked in every thread. */
static void block_signals(void)
{
    static const int waited_for[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2};
    sigset_t signals;

    (void)sigemptyset(&signals);
    for (size_t i = 0; i < COUNT_OF(waited_for); i++) {
        (void)sigaddset(&signals, waited_for[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that left is told by the write's result */
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* the old limit serves too */
    }
}

static void seed_maps(void)
{
    struct random random;
    uint8_t key[16];

    random_init(&random);
    random_bytes(&random, key, sizeof(key));
    map_seed(key);
}

static enum log_level level_of(str name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(name, str_c(names[i]))) {
            return (enum log_level)i;
        }
    }
    return LOG_INFO;
}

static int boot(struct server *server, const struct serve_options *options)
{
    int code = load_config(server, options);

    if (code != EXIT_CODE_OK) {
        return code;
    }
    log_setup(level_of(server->snapshot->settings.log_level), isatty(STDERR_FILENO) != 1);
    code = open_listeners(server, options);
    code = code == EXIT_CODE_OK ? open_store(server, options) : code;
    code = code == EXIT_CODE_OK ? start_store_threads(server) : code;
    return code == EXIT_CODE_OK ? start_workers(server) : code;
}

int serve_run(const struct serve_options *options)
{
    struct server server = {0};

    main_thread = pthread_self();
    seed_maps();
    block_signals();
    raise_file_limit();
    int code = boot(&server, options);
    if (code == EXIT_CODE_OK) {
        tell_ready(&server);
        wait_for_end(&server);
        code = stop(&server);
    }
    snapshot_free(server.snapshot);
    arena_reset(&server.arena);
    return code;
}
