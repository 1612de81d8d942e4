#include "app/settings.h"

#include "store/store.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

enum { COMMENT_BYTES_MAX = 200 };

/* Host and port, the host an address or a name, IPv6 in brackets. */
static const char *listen_complaint(str text)
{
    size_t colon = text.len;
    uint64_t port = 0;

    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2 || !str_to_uint(str_skip(text, colon), UINT16_MAX, &port)) {
        return "this is not an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
    }
    str host = str_take(text, colon - 1);
    bool in_brackets = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (!in_brackets && str_find_char(host, ':') < host.len) {
        return "an IPv6 address stands in brackets, such as [::1]:8080";
    }
    for (size_t i = 0; i < host.len; i++) {
        if (host.at[i] <= ' ' || host.at[i] == '/' || host.at[i] == '@') {
            return "this is not an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
        }
    }
    return NULL;
}

static const char *store_complaint(str text)
{
    if (store_by_url(text) == NULL || str_eq(text, STR("sqlite:"))) {
        return "this is not a store, such as sqlite:gatehouse.db";
    }
    return NULL;
}

static const char *level_complaint(str text)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (str_eq(text, str_c(levels[i]))) {
            return NULL;
        }
    }
    return "this is none of debug, info, warn, error";
}

/* It is sent inside a line of a stream. */
static const char *comment_complaint(str text)
{
    if (text.len > COMMENT_BYTES_MAX) {
        return "this is longer than 200 bytes";
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f) {
            return "a comment is one line without control characters";
        }
    }
    return NULL;
}

#define AT(member) offsetof(struct settings, member)

static const struct setting table[] = {
    {"listen", SETTING_TEXT, AT(listen), 0, 0, "127.0.0.1:8080",
     "Address and port to listen on; port 0 takes a free one.", listen_complaint},
    {"store", SETTING_TEXT, AT(store), 0, 0, "sqlite:gatehouse.db",
     "Where keys and rows are kept; a relative path is relative to the data directory.",
     store_complaint},
    {"share", SETTING_TEXT, AT(share), 0, 0, "",
     "Folder whose models.json and providers.json replace the built-in ones.", NULL},
    {"workers", SETTING_COUNT, AT(workers), 0, 256, "0",
     "Threads that serve; 0 is one for each CPU.", NULL},
    {"demo", SETTING_BOOL, AT(demo), 0, 0, "true",
     "The built-in provider of `demo/echo`, a model that repeats what it is told.", NULL},
    {"log_level", SETTING_TEXT, AT(log_level), 0, 0, "info",
     "The least important events that are logged: debug, info, warn or error.", level_complaint},
    {"access_log", SETTING_BOOL, AT(access_log), 0, 0, "true", "One line for each request.", NULL},
    {"media_private", SETTING_BOOL, AT(media_private), 0, 0, "false",
     "Images and documents are fetched from private and local addresses too.", NULL},
    {"test_routes", SETTING_BOOL, AT(test_routes), 0, 0, "false",
     "Serves /__echo, for protocol test suites only.", NULL},

    {"tls.certificate", SETTING_TEXT, AT(tls_certificate), 0, 0, "",
     "PEM file of the server's certificate and its chain; empty: clear text.", NULL},
    {"tls.key", SETTING_TEXT, AT(tls_key), 0, 0, "", "PEM file of its private key.", NULL},

    {"keepalive.comment", SETTING_TEXT, AT(keepalive_comment), 0, 0, "GATEHOUSE PROCESSING",
     "The comment sent into a stream while the provider is silent.", comment_complaint},
    {"keepalive.interval", SETTING_DURATION, AT(keepalive_ms), 100, HOUR, "10s",
     "How long a stream is silent before the comment is sent.", NULL},

    {"limits.request_line", SETTING_BYTES, AT(request_line_bytes_max), 256, MIB, "16KiB",
     "Longest request line.", NULL},
    {"limits.headers", SETTING_BYTES, AT(header_bytes_max), KIB, 16 * MIB, "64KiB",
     "All header fields of a message together.", NULL},
    {"limits.header_count", SETTING_COUNT, AT(header_count_max), 10, 10000, "200",
     "Header fields of a message.", NULL},
    {"limits.body", SETTING_BYTES, AT(body_bytes_max), KIB, GIB, "32MiB", "Largest request body.",
     NULL},
    {"limits.event", SETTING_BYTES, AT(event_bytes_max), KIB, GIB, "16MiB",
     "Largest event of a provider's stream.", NULL},
    {"limits.answer", SETTING_BYTES, AT(answer_bytes_max), KIB, GIB, "64MiB",
     "Largest whole answer of a provider.", NULL},
    {"limits.output_high", SETTING_BYTES, AT(output_high_bytes), KIB, GIB, "256KiB",
     "Bytes waiting for a client above which its provider is paused.", NULL},
    {"limits.output_low", SETTING_BYTES, AT(output_low_bytes), 0, GIB, "64KiB",
     "Bytes waiting for a client below which its provider goes on.", NULL},
    {"limits.connections", SETTING_COUNT, AT(connections_max), 1, 1000000, "65536",
     "Client connections of one worker.", NULL},
    {"limits.upstream_idle", SETTING_COUNT, AT(upstream_idle_max), 0, 10000, "64",
     "Idle connections kept to one provider by one worker.", NULL},
    {"limits.media", SETTING_BYTES, AT(media_bytes_max), 0, GIB, "20MiB",
     "Largest image or document fetched for a provider that takes no URLs; 0: none is.", NULL},

    {"timeouts.header", SETTING_DURATION, AT(header_timeout_ms), 100, HOUR, "10s",
     "From a request's first byte to the end of its head.", NULL},
    {"timeouts.body", SETTING_DURATION, AT(body_timeout_ms), 100, HOUR, "10s",
     "Between two pieces of a request body.", NULL},
    {"timeouts.idle", SETTING_DURATION, AT(idle_timeout_ms), 100, 24 * HOUR, "75s",
     "A client's connection between two requests.", NULL},
    {"timeouts.write", SETTING_DURATION, AT(write_timeout_ms), 100, HOUR, "60s",
     "A client that takes none of the bytes waiting for it.", NULL},
    {"timeouts.connect", SETTING_DURATION, AT(connect_timeout_ms), 10, HOUR, "3s",
     "Connecting to a provider.", NULL},
    {"timeouts.tls", SETTING_DURATION, AT(tls_timeout_ms), 10, HOUR, "5s",
     "The TLS handshake with a provider.", NULL},
    {"timeouts.first_byte", SETTING_DURATION, AT(first_byte_timeout_ms), 10, 24 * HOUR, "120s",
     "From a request sent to a provider to the first byte of its answer.", NULL},
    {"timeouts.stream_idle", SETTING_DURATION, AT(stream_idle_timeout_ms), 10, 24 * HOUR, "60s",
     "Between two bytes of a provider's answer.", NULL},
    {"timeouts.total", SETTING_DURATION, AT(total_timeout_ms), 10, 24 * HOUR, "1h",
     "One attempt at one provider, all in all.", NULL},
    {"timeouts.upstream_keepalive", SETTING_DURATION, AT(upstream_keepalive_ms), 0, HOUR, "30s",
     "An idle connection to a provider is closed after it.", NULL},
    {"timeouts.media", SETTING_DURATION, AT(media_timeout_ms), 100, HOUR, "10s",
     "The fetch of one image or document.", NULL},
    {"timeouts.credential", SETTING_DURATION, AT(credential_timeout_ms), 100, HOUR, "5s",
     "Getting a login's token from its service.", NULL},
    {"timeouts.key_cache", SETTING_DURATION, AT(key_cache_ms), 0, HOUR, "2s",
     "A revoked key is refused at the latest after it.", NULL},
    {"timeouts.drain", SETTING_DURATION, AT(drain_ms), 0, 24 * HOUR, "10m",
     "After SIGTERM, answers that run may go on for so long.", NULL},
    {0},
};

const struct setting *setting_all(void)
{
    return table;
}

const struct setting *setting_by_name(str name)
{
    for (const struct setting *setting = table; setting->name != NULL; setting++) {
        if (str_eq(name, str_c(setting->name))) {
            return setting;
        }
    }
    return NULL;
}

static enum err refuse(struct fault *fault, str message)
{
    *fault = (struct fault){.kind = ERR_INVALID, .message = message};
    return ERR_INVALID;
}

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit byte_units[] = {{"", 1}, {"KiB", KIB}, {"MiB", MIB}, {"GiB", GIB}, {0}};
static const struct unit time_units[] = {{"ms", 1}, {"s", SECOND}, {"m", MINUTE}, {"h", HOUR}, {0}};
static const struct unit no_units[] = {{"", 1}, {0}};

/* Digits and a unit.  False when it is not that, or passes int64. */
static bool parse_number(str text, const struct unit *units, int64_t *out)
{
    size_t digits = 0;
    uint64_t number = 0;

    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    if (!str_to_uint(str_take(text, digits), INT64_MAX, &number)) {
        return false;
    }
    for (; units->name != NULL; units++) {
        if (str_eq(str_skip(text, digits), str_c(units->name))) {
            return !__builtin_mul_overflow((int64_t)number, units->factor, out);
        }
    }
    return false;
}

/* A number with the largest unit that leaves it whole: 65536 -> "64KiB". */
static str format_number(int64_t number, const struct unit *units, struct arena *arena)
{
    const struct unit *best = units;

    for (; units->name != NULL; units++) {
        if (number != 0 && number % units->factor == 0) {
            best = units;
        }
    }
    return arena_printf(arena, "%lld%s", (long long)(number / best->factor), best->name);
}

static const struct unit *units_of(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_BYTES:
        return byte_units;
    case SETTING_DURATION:
        return time_units;
    case SETTING_BOOL:
    case SETTING_COUNT:
    case SETTING_TEXT:
        break;
    }
    return no_units;
}

static const char *number_complaint(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_BYTES:
        return "this is not a size, such as 512, 64KiB or 32MiB";
    case SETTING_DURATION:
        return "this is not a duration with its unit, such as 250ms, 10s, 2m or 1h";
    case SETTING_BOOL:
    case SETTING_COUNT:
    case SETTING_TEXT:
        break;
    }
    return "this is not a whole number";
}

static enum err parse_bool(str text, bool *out, struct fault *fault)
{
    if (str_eq(text, STR("true"))) {
        *out = true;
        return ERR_OK;
    }
    if (str_eq(text, STR("false"))) {
        *out = false;
        return ERR_OK;
    }
    return refuse(fault, STR("this is neither true nor false"));
}

enum err setting_parse(const struct setting *setting, str text, struct arena *arena,
                       struct settings *out, struct fault *fault)
{
    char *member = (char *)out + setting->offset;
    const struct unit *units = units_of(setting->kind);
    int64_t number = 0;

    if (setting->kind == SETTING_BOOL) {
        return parse_bool(text, (bool *)(void *)member, fault);
    }
    if (setting->kind == SETTING_TEXT) {
        const char *complaint = setting->complaint != NULL ? setting->complaint(text) : NULL;
        if (complaint != NULL) {
            return refuse(fault, str_c(complaint));
        }
        *(str *)(void *)member = arena_copy(arena, text);
        return ERR_OK;
    }
    if (!parse_number(text, units, &number)) {
        return refuse(fault, str_c(number_complaint(setting->kind)));
    }
    if (number < setting->min || number > setting->max) {
        return refuse(fault, arena_printf(arena, "this must be from " STR_FMT " to " STR_FMT,
                                          STR_ARG(format_number(setting->min, units, arena)),
                                          STR_ARG(format_number(setting->max, units, arena))));
    }
    *(int64_t *)(void *)member = number;
    return ERR_OK;
}

void settings_init(struct settings *settings)
{
    struct arena arena = {0};

    *settings = (struct settings){0};
    for (const struct setting *setting = table; setting->name != NULL; setting++) {
        struct fault fault = {0};
        enum err err = setting_parse(setting, str_c(setting->initial), &arena, settings, &fault);
        assert(err == ERR_OK);
        if (setting->kind == SETTING_TEXT) { /* the table outlives the arena */
            *(str *)(void *)((char *)settings + setting->offset) = str_c(setting->initial);
        }
    }
    arena_reset(&arena);
}

const char *settings_complaint(const struct settings *settings)
{
    if ((settings->tls_certificate.len == 0) != (settings->tls_key.len == 0)) {
        return "tls.certificate and tls.key belong together: one of them is missing";
    }
    if (settings->output_low_bytes > settings->output_high_bytes) {
        return "limits.output_low is above limits.output_high";
    }
    return NULL;
}

void setting_variable(const struct setting *setting, char name[SETTING_VARIABLE_BYTES])
{
    const str prefix = STR("GATEHOUSE_");
    size_t len = strlen(setting->name);

    assert(prefix.len + len < SETTING_VARIABLE_BYTES);
    memcpy(name, prefix.at, prefix.len);
    for (size_t i = 0; i <= len; i++) {
        char *c = &name[prefix.len + i];
        *c = setting->name[i];
        if (*c == '.') {
            *c = '_';
        } else if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - ('a' - 'A'));
        }
    }
}

enum err settings_write_help(struct buf *out)
{
    for (const struct setting *setting = table; setting->name != NULL; setting++) {
        const char *initial = setting->initial[0] != '\0' ? setting->initial : "-";
        enum err err = buf_printf(out, "  %-28s %-22s %s\n", setting->name, initial, setting->help);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* What may be written for a number; nothing for others. */
static str range_words(const struct setting *setting, struct arena *arena)
{
    const struct unit *units = units_of(setting->kind);

    if (setting->kind == SETTING_TEXT) {
        return STR("text");
    }
    if (setting->kind == SETTING_BOOL) {
        return STR("true, false");
    }
    return arena_printf(arena, STR_FMT " to " STR_FMT,
                        STR_ARG(format_number(setting->min, units, arena)),
                        STR_ARG(format_number(setting->max, units, arena)));
}

enum err settings_write_markdown(struct buf *out)
{
    struct arena arena = {0};
    enum err err =
        buf_add(out, STR("| setting | default | range | meaning |\n|---|---|---|---|\n"));

    for (const struct setting *setting = table; err == ERR_OK && setting->name != NULL; setting++) {
        const char *quote = setting->initial[0] != '\0' ? "`" : "";
        err = buf_printf(out, "| `%s` | %s%s%s | " STR_FMT " | %s |\n", setting->name, quote,
                         setting->initial, quote, STR_ARG(range_words(setting, &arena)),
                         setting->help);
    }
    arena_reset(&arena);
    return err;
}
