#include "gate/media.h"

#include "base/text.h"
#include "codec/url.h"
#include "gate/exchange.h"

#include <stdio.h>

enum {
    ITEMS_MAX = 256,
    AT_ONCE_MAX = 4,
    REDIRECTS_MAX = 3,
    FULL_SIZE_ITEMS = 4, /* of media_bytes_max each; smaller ones may be more */
    HOST_SHOWN_BYTES = 100,
};

enum item_state { ITEM_WAITS, ITEM_RUNS, ITEM_STOPPED, ITEM_DONE };

/* One part of the chat that is being fetched. */
struct item {
    struct media *media;
    struct chat_part *part;
    size_t message; /* where it stands in the request */
    size_t place;
    enum item_state state;
    str url; /* where it is now, in the request's arena as are all strings here */
    int redirects;
    bool was_tls;
    int64_t deadline_us; /* 0: not begun */
    struct pool_target target;
    struct fetch *fetch; /* NULL: none runs */

    /* Facts. */
    int status;
    str type;     /* Content-Type */
    str encoding; /* Content-Encoding */
    str location;
    bool too_large;
    enum fetch_end end;
    struct buf bytes;
};

/* In the request's arena but for what the items hold. */
struct media {
    struct exchange *exchange;
    struct item *items;
    size_t count;
    size_t bytes; /* of all items together */
};

size_t media_bytes_max(const struct settings *settings)
{
    return (size_t)settings->media_bytes_max * FULL_SIZE_ITEMS;
}

static const struct settings *settings_of(const struct item *item)
{
    return &item->media->exchange->config->snapshot->settings;
}

static struct arena *arena_of(const struct item *item)
{
    return &item->media->exchange->request;
}

/* --- which parts --- */

static bool is_needed(const struct chat_part *part, const struct endpoint *endpoint)
{
    return part->url.len > 0 && part->data.len == 0 &&
           endpoint->dialect->needs_bytes(part, &endpoint->model);
}

/* Tells each needed part to `items`, or only counts them when that is NULL. */
static size_t collect(struct exchange *exchange, const struct endpoint *endpoint,
                      struct item *items)
{
    const struct chat_request *chat = exchange->chat;
    size_t count = 0;

    for (size_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        for (size_t k = 0; k < message->part_count; k++) {
            if (!is_needed(&message->parts[k], endpoint)) {
                continue;
            }
            if (items != NULL) {
                items[count] = (struct item){.part = &message->parts[k],
                                             .message = i,
                                             .place = k,
                                             .url = message->parts[k].url};
            }
            count++;
        }
    }
    return count;
}

/* --- what the network says --- */

static void stop(struct item *item, enum fetch_end end)
{
    if (item->fetch != NULL) {
        fetch_cancel(item->fetch);
        item->fetch = NULL;
    }
    item->end = end;
    item->state = ITEM_STOPPED;
    exchange_wake(item->media->exchange);
}

static void stop_too_large(struct item *item)
{
    item->too_large = true;
    stop(item, FETCH_DONE);
}

static void on_head(void *owner, int status, const struct headers *headers)
{
    struct item *item = owner;
    struct arena *arena = arena_of(item);
    uint64_t length = 0;

    item->status = status;
    item->type = arena_copy(arena, headers_get(headers, STR("content-type")));
    item->encoding = arena_copy(arena, headers_get(headers, STR("content-encoding")));
    item->location = arena_copy(arena, headers_get(headers, STR("location")));
    if (status != 200) {
        stop(item, FETCH_DONE); /* its body says nothing to us */
    } else if (str_to_uint(headers_get(headers, STR("content-length")), UINT64_MAX, &length) &&
               length > item->bytes.limit) {
        stop_too_large(item);
    }
}

static void on_bytes(void *owner, str bytes)
{
    struct item *item = owner;

    item->media->bytes += bytes.len;
    if (item->media->bytes > media_bytes_max(settings_of(item)) ||
        buf_add(&item->bytes, bytes) != ERR_OK) {
        stop_too_large(item);
    }
}

static void on_end(void *owner, enum fetch_end end)
{
    struct item *item = owner;

    item->fetch = NULL;
    stop(item, end);
}

static const struct fetch_owner_ops owner_ops = {on_head, on_bytes, on_end};

/* --- what the client is told --- */

static const char *kind_of(const struct chat_part *part)
{
    if (part->kind == PART_IMAGE) {
        return "image";
    }
    return part->kind == PART_VIDEO ? "video" : "file";
}

/* The URL itself is not shown: its query may be a key to a store of files. */
static enum err refuse(const struct item *item, const char *why, struct fault *fault)
{
    struct arena *arena = &item->media->exchange->arena;
    str host = str_take(item->target.host, HOST_SHOWN_BYTES);

    *fault = (struct fault){.kind = ERR_INVALID, .type = FAULT_IMAGE_DOWNLOAD};
    fault->param = arena_printf(arena, "messages[%zu].content[%zu]", item->message, item->place);
    fault->message = arena_printf(
        arena, "The %s of " STR_FMT " could not be fetched%s" STR_FMT ": %s.", kind_of(item->part),
        STR_ARG(fault->param), host.len > 0 ? " from " : "", STR_ARG(host), why);
    return ERR_INVALID;
}

static enum err refuse_too_large(const struct item *item, struct fault *fault)
{
    char why[128];

    (void)snprintf(why, sizeof(why),
                   "it is over the limit of %lld bytes, or all together over %zu (limits.media)",
                   (long long)settings_of(item)->media_bytes_max,
                   media_bytes_max(settings_of(item)));
    return refuse(item, why, fault);
}

/* --- asking --- */

/* Reads item->url into *url.  ERR_INVALID when it may not be asked. */
static enum err read_url(const struct item *item, struct url *url, struct fault *fault)
{
    /* What follows '#' is the reader's own business. */
    str text = str_take(item->url, str_find_char(item->url, '#'));

    if (url_parse(text, url) != ERR_OK) {
        return refuse(item, "this is no http or https URL", fault);
    }
    if (item->was_tls && !url->tls) {
        return refuse(item, "it was redirected from https to http", fault);
    }
    return ERR_OK;
}

static enum err ask(struct item *item, struct fault *fault)
{
    struct exchange *exchange = item->media->exchange;
    const struct settings *settings = settings_of(item);
    struct arena *arena = arena_of(item);
    struct headers headers = {0};
    struct url url = {0};
    int64_t now_us = exchange->worker->loop.now_us;

    enum err err = read_url(item, &url, fault);
    if (err != ERR_OK) {
        return err;
    }
    item->was_tls = url.tls;
    item->target = (struct pool_target){.host = url.host,
                                        .port = url.port,
                                        .tls = url.tls,
                                        .authority = url.authority,
                                        .guarded = !settings->media_private,
                                        .once = true};
    if (item->deadline_us == 0) {
        item->deadline_us = now_us + settings->media_timeout_ms * 1000;
        buf_init(&item->bytes, (size_t)settings->media_bytes_max);
    }
    int64_t left_ms = (item->deadline_us - now_us) / 1000;
    str path_parts[] = {url.path.len > 0 ? url.path : STR("/"), STR("?"), url.query};
    headers_add(&headers, arena, STR("accept"), STR("*/*"));
    headers_add(&headers, arena, STR("accept-encoding"), STR("identity"));
    headers_add(&headers, arena, STR("user-agent"), STR("gatehouse/" GATEHOUSE_VERSION));
    const struct fetch_request fetch = {
        .target = &item->target,
        .method = STR("GET"),
        .path = arena_join(arena, path_parts, url.query.len > 0 ? 3 : 1),
        .headers = &headers,
        .timeouts = {.connect_ms = settings->connect_timeout_ms,
                     .tls_ms = settings->tls_timeout_ms,
                     .first_byte_ms = left_ms,
                     .idle_ms = left_ms,
                     .total_ms = left_ms},
    };
    item->state = ITEM_RUNS;
    item->fetch = fetch_start(&exchange->worker->pool, &fetch, &owner_ops, item);
    return ERR_OK;
}

/* --- the answer --- */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Location against the URL that was asked (RFC 3986 5.2, without dot segments: servers have their
 * own mind about those). */
static str resolve(const struct item *item, const struct url *base, struct arena *arena)
{
    str scheme = base->tls ? STR("https:") : STR("http:");
    str location = str_trim(item->location);

    if (str_has_prefix(location, STR("//"))) {
        return arena_join(arena, (str[]){scheme, location}, 2);
    }
    if (str_has_prefix(location, STR("/"))) {
        str parts[] = {scheme, STR("//"), base->authority, location};
        return arena_join(arena, parts, COUNT_OF(parts));
    }
    if (str_find(location, STR("://")) < str_find_char(location, '?')) {
        return location;
    }
    size_t folder = base->path.len;
    while (folder > 0 && base->path.at[folder - 1] != '/') {
        folder--;
    }
    str parts[] = {scheme, STR("//"), base->authority,
                   folder > 0 ? str_take(base->path, folder) : STR("/"), location};
    return arena_join(arena, parts, COUNT_OF(parts));
}

static enum err follow(struct item *item, struct fault *fault)
{
    struct url base = {0};

    if (item->location.len == 0) {
        return refuse(item, "it was redirected to nowhere", fault);
    }
    if (item->redirects == REDIRECTS_MAX) {
        return refuse(item, "it was redirected too often", fault);
    }
    enum err err = read_url(item, &base, fault);
    if (err == ERR_OK) {
        item->redirects++;
        item->url = resolve(item, &base, arena_of(item));
        item->state = ITEM_WAITS;
    }
    return err;
}

/* What the first bytes say, which servers know less often than they think; else empty. */
static str mime_of_bytes(str bytes)
{
    static const struct {
        str magic;
        str mime;
    } kinds[] = {
        {STR_INIT("\x89PNG\r\n\x1a\n"), STR_INIT("image/png")},
        {STR_INIT("\xff\xd8\xff"), STR_INIT("image/jpeg")},
        {STR_INIT("GIF87a"), STR_INIT("image/gif")},
        {STR_INIT("GIF89a"), STR_INIT("image/gif")},
        {STR_INIT("%PDF-"), STR_INIT("application/pdf")},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_has_prefix(bytes, kinds[i].magic)) {
            return kinds[i].mime;
        }
    }
    bool is_webp =
        str_has_prefix(bytes, STR("RIFF")) && str_has_prefix(str_skip(bytes, 8), STR("WEBP"));
    return is_webp ? STR("image/webp") : STR_NONE;
}

/* "image/png" of "image/PNG; charset=x"; empty when it is nothing of that kind. */
static str mime_of_type(str type, struct arena *arena)
{
    str mime = text_lower(str_trim(str_take(type, str_find_char(type, ';'))), arena);
    size_t slashes = 0;

    for (size_t i = 0; i < mime.len; i++) {
        char c = mime.at[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '+' ||
                    c == '-' || c == '.' || c == '_';
        if (!fits) {
            return STR_NONE;
        }
        slashes += c == '/' ? 1 : 0;
    }
    return slashes == 1 ? mime : STR_NONE;
}

static bool fits_kind(enum part_kind kind, str mime)
{
    if (kind == PART_IMAGE) {
        return str_has_prefix(mime, STR("image/"));
    }
    return kind != PART_VIDEO || str_has_prefix(mime, STR("video/"));
}

/* The part has its bytes now. */
static enum err take_bytes(struct item *item, struct fault *fault)
{
    str bytes = buf_str(&item->bytes);
    str mime = mime_of_bytes(bytes);
    char why[64];

    if (mime.len == 0) {
        mime = mime_of_type(item->type, arena_of(item));
    }
    if (bytes.len == 0) {
        return refuse(item, "it is empty", fault);
    }
    if (item->encoding.len > 0 && !str_eq_nocase(item->encoding, STR("identity"))) {
        return refuse(item, "it came compressed, unasked", fault);
    }
    if (!fits_kind(item->part->kind, mime)) {
        (void)snprintf(why, sizeof(why), "what is there is no %s", kind_of(item->part));
        return refuse(item, why, fault);
    }
    item->part->data = text_base64_encode(bytes, arena_of(item));
    item->part->mime = mime.len > 0 ? mime : STR("application/octet-stream");
    buf_free(&item->bytes);
    item->state = ITEM_DONE;
    return ERR_OK;
}

static enum err take_answer(struct item *item, struct fault *fault)
{
    static const char *const whys[] = {
        [FETCH_DONE] = "",
        [FETCH_CUT] = "the connection broke",
        [FETCH_TIMEOUT] = "it did not come in time",
        [FETCH_UNREACHABLE] = "it cannot be reached",
        [FETCH_MALFORMED] = "the answer breaks HTTP",
        [FETCH_FORBIDDEN] = "only public addresses are asked",
    };
    char why[32];

    if (item->end != FETCH_DONE) {
        return refuse(item, whys[item->end], fault);
    }
    if (item->too_large) {
        return refuse_too_large(item, fault);
    }
    if (is_redirect(item->status)) {
        return follow(item, fault);
    }
    if (item->status != 200) {
        (void)snprintf(why, sizeof(why), "it answered %d", item->status);
        return refuse(item, why, fault);
    }
    return take_bytes(item, fault);
}

/* --- the public side --- */

static enum err begin(struct exchange *exchange, const struct endpoint *endpoint, size_t count,
                      struct fault *fault)
{
    struct media *media = ARENA_NEW(&exchange->request, struct media);

    media->exchange = exchange;
    media->items = ARENA_ARRAY(&exchange->request, struct item, count);
    media->count = collect(exchange, endpoint, media->items);
    for (size_t i = 0; i < count; i++) {
        media->items[i].media = media;
    }
    if (exchange->config->snapshot->settings.media_bytes_max == 0) {
        return refuse(&media->items[0],
                      "this gateway fetches none: send the bytes themselves as a data: URL", fault);
    }
    if (count > ITEMS_MAX) {
        return refuse(&media->items[ITEMS_MAX], "there are too many", fault);
    }
    exchange->media = media;
    return ERR_OK;
}

/* Takes what has come and asks for what is next; *left tells how many are not done. */
static enum err go_on(struct media *media, size_t *left, struct fault *fault)
{
    enum err err = ERR_OK;
    size_t running = 0;

    *left = 0;
    for (size_t i = 0; i < media->count && err == ERR_OK; i++) {
        if (media->items[i].state == ITEM_STOPPED) {
            err = take_answer(&media->items[i], fault);
        }
        running += media->items[i].state == ITEM_RUNS ? 1 : 0;
        *left += media->items[i].state == ITEM_DONE ? 0 : 1;
    }
    for (size_t i = 0; i < media->count && err == ERR_OK && running < AT_ONCE_MAX; i++) {
        if (media->items[i].state == ITEM_WAITS) {
            err = ask(&media->items[i], fault);
            running++;
        }
    }
    return err;
}

enum err media_prepare(struct exchange *exchange, const struct endpoint *endpoint,
                       struct fault *fault)
{
    enum err err = ERR_OK;
    size_t left = 0;

    if (exchange->media == NULL) {
        bool can_need = endpoint->dialect != NULL && endpoint->dialect->needs_bytes != NULL;
        size_t count = can_need ? collect(exchange, endpoint, NULL) : 0;
        if (count == 0) {
            return ERR_OK;
        }
        err = begin(exchange, endpoint, count, fault);
    }
    if (err == ERR_OK) {
        err = go_on(exchange->media, &left, fault);
    }
    if (err == ERR_OK && left > 0) {
        return ERR_AGAIN;
    }
    media_end(exchange);
    return err;
}

void media_end(struct exchange *exchange)
{
    struct media *media = exchange->media;

    exchange->media = NULL;
    for (size_t i = 0; media != NULL && i < media->count; i++) {
        if (media->items[i].fetch != NULL) {
            fetch_cancel(media->items[i].fetch);
        }
        buf_free(&media->items[i].bytes);
    }
}
