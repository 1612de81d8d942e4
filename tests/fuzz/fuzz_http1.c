/* links: codec.  Both roles, any bytes: the same story whole and in pieces; and what we take,
 * llhttp takes too, with the same fields. */
#include "codec/http1.h"
#include "codec/url.h"

#include <llhttp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was told, as numbers, so that two runs can be compared. */
struct story {
    uint64_t hash; /* of heads and body bytes, however the body was cut */
    uint64_t used;
    size_t heads;
    size_t ends;
    int error_status;
};

static void tell(struct story *story, str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        story->hash = (story->hash ^ (uint8_t)bytes.at[i]) * 0x100000001b3U;
    }
}

struct opinion {
    const struct headers *headers;
    size_t names;
    size_t values;
};

static int compare_name(llhttp_t *llhttp, const char *at, size_t len)
{
    struct opinion *opinion = llhttp->data;

    assert(opinion->names < opinion->headers->count);
    str ours = opinion->headers->at[opinion->names++].name;
    assert(str_eq(ours, str_of(at, len)));
    return HPE_OK;
}

static int compare_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct opinion *opinion = llhttp->data;

    assert(opinion->values < opinion->headers->count);
    str ours = opinion->headers->at[opinion->values++].value;
    assert(str_eq(ours, str_trim(str_of(at, len))));
    return HPE_OK;
}

static int stop(llhttp_t *llhttp)
{
    (void)llhttp;
    return HPE_PAUSED;
}

static void ask_llhttp(const struct http1_parser *parser)
{
    static const llhttp_settings_t settings = {.on_header_field = compare_name,
                                               .on_header_value = compare_value,
                                               .on_headers_complete = stop};
    struct opinion opinion = {.headers = &parser->head.headers};
    llhttp_t llhttp;

    if (memchr(parser->bytes.at, '\t', parser->bytes.len) != NULL) {
        return; /* llhttp takes no tab behind a length, where RFC 9110 5.6.3 allows one */
    }
    llhttp_init(&llhttp, parser->role == HTTP1_SERVER ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    llhttp.data = &opinion;
    assert(llhttp_execute(&llhttp, parser->bytes.at, parser->bytes.len) == HPE_PAUSED);
    assert(opinion.names == parser->head.headers.count && opinion.values == opinion.names);
}

static void tell_head(struct story *story, const struct http1_head *head, enum http1_role role)
{
    assert(role == HTTP1_CLIENT || url_is_target(head->target));
    assert(role == HTTP1_CLIENT || url_is_authority(head->host));
    assert(role == HTTP1_SERVER || (head->status >= 200 && head->status <= 599));
    assert(!head->is_chunked || headers_count(&head->headers, STR("content-length")) == 0);
    tell(story, head->method);
    tell(story, head->target);
    tell(story, head->host);
    for (size_t i = 0; i < head->headers.count; i++) {
        tell(story, head->headers.at[i].name);
        tell(story, head->headers.at[i].value);
    }
    story->hash += (uint64_t)head->status + head->content_length + head->keep_alive;
    story->heads++;
}

static struct story run(enum http1_role role, str bytes, size_t step)
{
    static const struct http1_limits limits = {64, 512, 8, 64, 4, 24, 64, 256};
    struct http1_parser parser;
    struct story story = {0};
    enum http1_result result = HTTP1_MORE;

    http1_init(&parser, role, &limits);
    while (bytes.len > 0 && result != HTTP1_ERROR) {
        str input = str_take(bytes, step);
        bytes = str_skip(bytes, step);
        size_t before = input.len;
        do {
            str body = STR_NONE;
            result = http1_feed(&parser, &input, &body);
            assert(result != HTTP1_MORE || input.len == 0);
            if (result == HTTP1_HEAD) {
                tell_head(&story, &parser.head, role);
                ask_llhttp(&parser);
            } else if (result == HTTP1_END) {
                story.ends++;
                story.used += before - input.len;
                before = input.len;
                http1_next(&parser);
            }
            tell(&story, body);
        } while (result != HTTP1_MORE && result != HTTP1_ERROR);
        story.used += result == HTTP1_MORE ? before : 0;
    }
    story.error_status = parser.error_status;
    if (http1_feed_end(&parser) == HTTP1_ERROR) {
        story.error_status = parser.error_status;
    }
    story.used = story.error_status == 0 ? story.used : 0;
    http1_free(&parser);
    return story;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    enum http1_role role = (data[0] & 1) != 0 ? HTTP1_SERVER : HTTP1_CLIENT;
    str bytes = str_of((const char *)data + 2, size - 2);
    struct story whole = run(role, bytes, SIZE_MAX);
    struct story pieces = run(role, bytes, (size_t)data[1] % 32 + 1);

    assert(whole.heads == pieces.heads && whole.ends == pieces.ends);
    /* Of two mistakes either may be told. */
    assert((whole.error_status != 0) == (pieces.error_status != 0));
    assert(whole.used == pieces.used);
    assert(whole.error_status != 0 || whole.hash == pieces.hash);
    return 0;
}
