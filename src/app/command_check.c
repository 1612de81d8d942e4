/* `gatehouse check`: is the configuration right? */
#include "app/commands.h"
#include "app/config.h"
#include "app/exit_code.h"
#include "app/terminal.h"
#include "codec/json_write.h"

#include <stdio.h>

enum { OUTPUT_BYTES_MAX = 256 * 1024 };

struct result {
    const char *path;          /* NULL: the environment alone */
    struct snapshot *snapshot; /* NULL: it is wrong */
    struct diagnostics *diagnostics;
};

static void print_json(const struct result *result)
{
    struct buf out;

    buf_init(&out, OUTPUT_BYTES_MAX);
    struct json_writer writer = json_write_to(&out);
    json_open_object(&writer, NULL);
    json_put_bool(&writer, "ok", result->snapshot != NULL);
    json_put_str_or_null(&writer, "file", str_c(result->path));
    if (result->snapshot != NULL) {
        json_put_int(&writer, "providers", (int64_t)result->snapshot->provider_count);
        json_put_int(&writer, "models", (int64_t)result->snapshot->model_count);
    }
    diagnostics_put_json(result->diagnostics, "errors", &writer);
    json_close_object(&writer);
    assert(json_write_end(&writer) == ERR_OK);
    (void)printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
}

static void print_right(const struct result *result, struct arena *arena)
{
    const struct snapshot *snapshot = result->snapshot;

    (void)printf("%s is right: %zu provider%s, %zu model%s\n",
                 result->path != NULL ? result->path : "The environment", snapshot->provider_count,
                 snapshot->provider_count == 1 ? "" : "s", snapshot->model_count,
                 snapshot->model_count == 1 ? "" : "s");
    for (size_t i = 0; i < snapshot->provider_count; i++) {
        const struct provider *provider = &snapshot->providers[i];
        str from = provider_key_sources(provider, arena);
        (void)printf(
            "  " STR_FMT "  " STR_FMT " (" STR_FMT ")\n", STR_ARG(provider->name),
            STR_ARG(provider->dialect != NULL ? provider->origin.authority : STR("built in")),
            STR_ARG(from.len > 0 ? from : STR("no key")));
    }
}

static void print_wrong(const struct result *result)
{
    struct buf out;
    size_t count = result->diagnostics->count;

    buf_init(&out, OUTPUT_BYTES_MAX);
    diagnostics_write(result->diagnostics, &out);
    terminal_diagnostics(buf_str(&out));
    buf_free(&out);
    terminal_hint("\n%zu %s", count, count == 1 ? "error" : "errors");
}

int command_check(char **argv, size_t count, struct arena *arena)
{
    bool wants_json = false;
    const char *config = NULL;
    const struct flag flags[] = {
        {"json", '\0', NULL, &wants_json},
        {"config", 'c', &config, NULL},
        {0},
    };
    struct operands operands;
    struct fault fault = {0};
    struct result result = {0};

    if (args_read(argv, count, flags, arena, &operands, &fault) != ERR_OK) {
        return command_usage_error("check", fault.message);
    }
    if (operands.count + (config != NULL ? 1 : 0) > 1) {
        return command_usage_error("check", STR("`check` takes one file"));
    }
    result.path = command_config_path(operands.count > 0 ? operands.at[0] : config);
    enum err err =
        config_check(result.path, &process_world, arena, &result.snapshot, &result.diagnostics);
    if (wants_json) {
        print_json(&result);
    } else if (err == ERR_OK) {
        print_right(&result, arena);
    } else {
        print_wrong(&result);
    }
    snapshot_free(result.snapshot);
    return err == ERR_OK ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}
