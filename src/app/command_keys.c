/* `gatehouse keys`: API keys in the store, with or without a gateway running beside. */
#include "app/commands.h"
#include "app/config.h"
#include "app/exit_code.h"
#include "app/paths.h"
#include "app/terminal.h"
#include "base/clock.h"
#include "base/text.h"
#include "codec/json_write.h"
#include "policy/auth.h"
#include "store/keys.h"

#include <stdio.h>
#include <time.h>

enum {
    ERRORS_BYTES_MAX = 64 * 1024,
    LISTING_BYTES_MAX = 16 * 1024 * 1024,
    NAME_BYTES_MAX = 63,
};

_Static_assert((int)AUTH_KEY_BYTES_MAX == (int)KEY_PRESENTED_BYTES_MAX,
               "policy and store agree on how long a key may be");

/* What one run of the command works with. */
struct work {
    struct arena *arena;
    const char *name;
    const char *config;
    const char *data;
    bool wants_json;
    struct operands operands;
    const struct store_ops *ops;
    struct store *store;
};

static int fail_store(const char *what, str words)
{
    terminal_error("%s: " STR_FMT, what, STR_ARG(words));
    return EXIT_CODE_STORE;
}

/* The store's URL, from the settings alone: no provider's key is needed for ours. */
static int find_store(const struct work *work, str *url)
{
    struct snapshot *snapshot = NULL;
    struct fault fault = {0};
    struct buf errors;
    str data_dir = STR_NONE;

    buf_init(&errors, ERRORS_BYTES_MAX);
    enum err err = config_load_settings(command_config_path(work->config), &process_world,
                                        work->arena, &snapshot, &errors);
    if (err != ERR_OK) {
        terminal_diagnostics(buf_str(&errors));
    }
    buf_free(&errors);
    if (err != ERR_OK) {
        return EXIT_CODE_CONFIG;
    }
    str configured = arena_copy(work->arena, snapshot->settings.store);
    snapshot_free(snapshot);
    if (data_dir_find(work->data, &process_world, work->arena, &data_dir, &fault) != ERR_OK) {
        return fail_store("no data directory", fault.message);
    }
    *url = store_url_resolve(configured, data_dir, work->arena);
    return EXIT_CODE_OK;
}

static int open_store(struct work *work)
{
    struct fault fault = {0};
    str url = STR_NONE;
    int code = find_store(work, &url);

    if (code != EXIT_CODE_OK) {
        return code;
    }
    work->ops = store_by_url(url);
    assert(work->ops != NULL); /* the settings were checked */
    if (work->ops->open(url, &work->store, work->arena, &fault) != ERR_OK) {
        return fail_store("the store cannot be opened", fault.message);
    }
    if (work->ops->migrate(work->store, work->arena, &fault) != ERR_OK) {
        work->ops->close(work->store);
        return fail_store("the store cannot be used", fault.message);
    }
    return EXIT_CODE_OK;
}

/* "2026-01-31 12:00" in UTC. */
static str format_time(int64_t unix_ms, struct arena *arena)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    char text[32];

    if (gmtime_r(&seconds, &parts) == NULL) {
        return STR("?");
    }
    return arena_copy(arena, str_of(text, strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts)));
}

static void put_key(struct json_writer *writer, const struct key_row *key)
{
    json_put_str(writer, "id", key->id);
    json_put_str(writer, "name", key->name);
    json_put_str(writer, "label", key->label);
    json_put_int(writer, "created_ms", key->created_ms);
    if (key->revoked_ms > 0) {
        json_put_int(writer, "revoked_ms", key->revoked_ms);
    } else {
        json_put_null(writer, "revoked_ms");
    }
}

/* One object on stdout; `secret` is the key itself when it is new, else empty. */
static void print_key_json(const struct key_row *key, str secret)
{
    struct buf out;

    buf_init(&out, LISTING_BYTES_MAX);
    struct json_writer writer = json_write_to(&out);
    json_open_object(&writer, NULL);
    put_key(&writer, key);
    if (secret.len > 0) {
        json_put_str(&writer, "key", secret);
    }
    json_close_object(&writer);
    assert(json_write_end(&writer) == ERR_OK);
    (void)printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
    explicit_bzero(out.at, out.len);
    buf_free(&out);
}

static bool is_name(str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.at[i] < ' ' || name.at[i] == 0x7f) {
            return false;
        }
    }
    return name.len <= NAME_BYTES_MAX && text_is_utf8(name);
}

static int create(struct work *work)
{
    struct random random;
    struct key_row key = {0};
    char text[KEY_TEXT_BYTES + 1];
    int code = EXIT_CODE_OK;

    random_init(&random);
    keys_make(&random, str_c(work->name), clock_wall_ms(&system_clock), work->arena, text, &key);
    if (work->ops->key_add(work->store, &key) != ERR_OK) {
        code = fail_store("the key cannot be kept", STR("the store does not take it"));
    } else if (work->wants_json) {
        print_key_json(&key, str_c(text));
    } else {
        (void)printf("%s\n", text);
        terminal_hint("Created " STR_FMT ".  The key is shown this once; only its hash is kept.\n"
                      "Use it as `Authorization: Bearer <key>`; revoke it with "
                      "`gatehouse keys revoke " STR_FMT "`.",
                      STR_ARG(key.id), STR_ARG(key.id));
    }
    explicit_bzero(text, sizeof(text));
    explicit_bzero(&random, sizeof(random));
    return code;
}

static void print_list_json(const struct key_row *keys, size_t count)
{
    struct buf out;

    buf_init(&out, LISTING_BYTES_MAX);
    struct json_writer writer = json_write_to(&out);
    json_open_object(&writer, NULL);
    json_open_array(&writer, "keys");
    for (size_t i = 0; i < count; i++) {
        json_open_object(&writer, NULL);
        put_key(&writer, &keys[i]);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    json_close_object(&writer);
    if (json_write_end(&writer) == ERR_OK) {
        (void)printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
    } else {
        terminal_error("there are too many keys to show");
    }
    buf_free(&out);
}

static int list(struct work *work)
{
    struct key_row *keys = NULL;
    size_t count = 0;

    if (work->ops->key_list(work->store, work->arena, &keys, &count) != ERR_OK) {
        return fail_store("the keys cannot be read", STR("the store does not answer"));
    }
    if (work->wants_json) {
        print_list_json(keys, count);
        return EXIT_CODE_OK;
    }
    if (count == 0) {
        terminal_hint("There are no keys.  Make one with `gatehouse keys create --name NAME`.");
        return EXIT_CODE_OK;
    }
    (void)printf("%-17s %-17s %-17s %-17s %s\n", "ID", "KEY", "CREATED", "REVOKED", "NAME");
    for (size_t i = 0; i < count; i++) {
        str revoked =
            keys[i].revoked_ms > 0 ? format_time(keys[i].revoked_ms, work->arena) : STR("-");
        (void)printf("%-17.*s %-17.*s %-17.*s %-17.*s " STR_FMT "\n", STR_ARG(keys[i].id),
                     STR_ARG(keys[i].label), STR_ARG(format_time(keys[i].created_ms, work->arena)),
                     STR_ARG(revoked), STR_ARG(keys[i].name));
    }
    return EXIT_CODE_OK;
}

static int revoke(struct work *work)
{
    struct key_row *key = NULL;
    const char *which = work->operands.at[1];
    enum err err = work->ops->key_revoke(work->store, str_c(which), clock_wall_ms(&system_clock),
                                         work->arena, &key);

    if (err == ERR_MISSING) {
        terminal_error("there is no key `%s`; see `gatehouse keys list`", which);
        return EXIT_CODE_FAILED;
    }
    if (err == ERR_INVALID) {
        terminal_error("several keys are called `%s`; name one by its id", which);
        return EXIT_CODE_FAILED;
    }
    if (err != ERR_OK) {
        return fail_store("the key cannot be revoked", STR("the store does not take it"));
    }
    if (work->wants_json) {
        print_key_json(key, STR_NONE);
    } else {
        terminal_hint("Revoked " STR_FMT " (" STR_FMT ").  A running gateway refuses it within "
                      "timeouts.key_cache.",
                      STR_ARG(key->id), STR_ARG(key->label));
    }
    return EXIT_CODE_OK;
}

static const struct verb {
    const char *name;
    size_t operands; /* its own name included */
    int (*run)(struct work *work);
} verbs[] = {{"create", 1, create}, {"list", 1, list}, {"revoke", 2, revoke}};

static const struct verb *find_verb(const struct operands *operands)
{
    for (size_t i = 0; operands->count > 0 && i < COUNT_OF(verbs); i++) {
        if (strcmp(operands->at[0], verbs[i].name) == 0 && operands->count == verbs[i].operands) {
            return &verbs[i];
        }
    }
    return NULL;
}

int command_keys(char **argv, size_t count, struct arena *arena)
{
    struct work work = {.arena = arena};
    const struct flag flags[] = {
        {"name", 'n', &work.name, NULL},
        {"json", '\0', NULL, &work.wants_json},
        {"config", 'c', &work.config, NULL},
        {"data", 'd', &work.data, NULL},
        {0},
    };
    struct fault fault = {0};

    if (args_read(argv, count, flags, arena, &work.operands, &fault) != ERR_OK) {
        return command_usage_error("keys", fault.message);
    }
    const struct verb *verb = find_verb(&work.operands);
    if (verb == NULL) {
        return command_usage_error("keys",
                                   STR("say `keys create`, `keys list` or `keys revoke WHICH`"));
    }
    if (!is_name(str_c(work.name))) {
        return command_usage_error("keys", STR("a name is at most 63 bytes of text"));
    }
    int code = open_store(&work);
    if (code == EXIT_CODE_OK) {
        code = verb->run(&work);
        work.ops->close(work.store);
    }
    return code;
}
