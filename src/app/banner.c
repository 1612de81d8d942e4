#include "app/banner.h"

#include "base/log.h"
#include "codec/json_write.h"

#include <stdio.h>

enum { BANNER_BYTES_MAX = 64 * 1024 };

/* The model of the line to try: the demo's when it is on, else the first of the catalogue. */
static str model_to_try(const struct snapshot *snapshot)
{
    if (snapshot->settings.demo) {
        return STR("demo/echo");
    }
    return snapshot->model_count > 0 ? snapshot->models[0].id : STR("<provider>/<model>");
}

static str make_curl(const struct banner *banner, struct arena *arena)
{
    str key = banner->api_key.len > 0 ? banner->api_key : STR("$GATEHOUSE_API_KEY");

    return arena_printf(
        arena,
        "curl " STR_FMT "/v1/chat/completions -H \"Authorization: Bearer " STR_FMT
        "\" -d '{\"model\":\"" STR_FMT "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'",
        STR_ARG(banner->base), STR_ARG(key), STR_ARG(model_to_try(banner->snapshot)));
}

static void print_json(const struct banner *banner, struct arena *arena)
{
    struct buf out;
    struct json_writer writer = json_write_to(&out);
    const struct snapshot *snapshot = banner->snapshot;

    buf_init(&out, BANNER_BYTES_MAX);

    json_open_object(&writer, NULL);
    json_put_str(&writer, "event", STR("ready"));
    json_put_str(&writer, "version", STR(GATEHOUSE_VERSION));
    json_put_str(&writer, "base_url", arena_printf(arena, STR_FMT "/v1", STR_ARG(banner->base)));
    json_put_str(&writer, "anthropic_base_url", banner->base);
    json_put_bool(&writer, "local_only", banner->local);
    json_open_array(&writer, "providers");
    for (size_t i = 0; i < snapshot->provider_count; i++) {
        const struct provider *provider = &snapshot->providers[i];
        json_open_object(&writer, NULL);
        json_put_str(&writer, "name", provider->name);
        json_put_str(&writer, "key_from", provider_key_sources(provider, arena));
        json_put_bool(&writer, "demo", provider->dialect == NULL);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    json_put_str(&writer, "data", banner->data);
    if (banner->api_key.len > 0) {
        json_put_str(&writer, "api_key", banner->api_key);
    }
    json_put_str(&writer, "curl", make_curl(banner, arena));
    json_close_object(&writer);
    if (json_write_end(&writer) == ERR_OK && buf_add(&out, STR("\n")) == ERR_OK) {
        log_raw(buf_str(&out));
    } else {
        log_line(LOG_INFO, "ready", STR_FMT,
                 STR_ARG(banner->base)); /* too many providers to list */
    }
    buf_free(&out);
}

static void print_providers(const struct snapshot *snapshot, struct arena *arena)
{
    (void)fputs("  Providers           ", stderr);
    for (size_t i = 0; i < snapshot->provider_count; i++) {
        const struct provider *provider = &snapshot->providers[i];
        str from = provider->dialect == NULL ? STR("built-in demo, no model behind it")
                                             : provider_key_sources(provider, arena);
        (void)fprintf(stderr, "%s" STR_FMT, i > 0 ? ", " : "", STR_ARG(provider->name));
        if (from.len > 0) {
            (void)fprintf(stderr, " (" STR_FMT ")", STR_ARG(from));
        }
    }
    (void)fputs(snapshot->provider_count > 0 ? "\n" : "none\n", stderr);
}

static void print_lines(const struct banner *banner, struct arena *arena)
{
    (void)fprintf(stderr, "gatehouse %s  listening on " STR_FMT "%s\n", GATEHOUSE_VERSION,
                  STR_ARG(banner->base),
                  banner->local ? "   (local only; --listen 0.0.0.0:8080 exposes it)" : "");
    (void)fprintf(stderr, "  OpenAI base URL     " STR_FMT "/v1\n", STR_ARG(banner->base));
    print_providers(banner->snapshot, arena);
    (void)fprintf(stderr, "  Data                " STR_FMT "\n", STR_ARG(banner->data));
    if (banner->api_key.len > 0) {
        (void)fprintf(stderr, "\nYour first API key, shown only now:\n  " STR_FMT "\n",
                      STR_ARG(banner->api_key));
    }
    str curl = make_curl(banner, arena);
    (void)fprintf(stderr, "\nTry it:\n  " STR_FMT "\n\n", STR_ARG(curl));
}

void banner_print(const struct banner *banner, bool terminal)
{
    struct arena arena = {0};

    if (terminal) {
        print_lines(banner, &arena);
    } else {
        print_json(banner, &arena);
    }
    arena_reset(&arena);
}
