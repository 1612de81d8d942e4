/* Requests to the Messages API as text, for the tests of its encoder.  Texts have ' for ". */
#pragma once

#include "wire/dialect.h"
#include "wire/surface.h"

#include "event_print.h"
#include "share.h"
#include "test.h"

enum { OUT_BYTES_MAX = 1 << 20 };

static struct arena arena;

static const struct site vertex = {
    .platform = PLATFORM_VERTEX, .region = STR_INIT("us-east5"), .project = STR_INIT("p-1")};
static const struct site bedrock = {.platform = PLATFORM_BEDROCK, .region = STR_INIT("us-east-1")};

static inline int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static inline str quoted(const char *text)
{
    str copy = arena_copy(&arena, str_c(text));
    char *at = arena_take_raw(&arena, copy.len + 1);

    for (size_t i = 0; i < copy.len; i++) {
        at[i] = copy.at[i];
        if (at[i] == '\'') {
            at[i] = '"';
        }
    }
    at[copy.len] = '\0';
    return str_of(at, copy.len);
}

static inline struct model model_at(const struct site *site, const char *name)
{
    return (struct model){
        .name = str_c(name),
        .quirks = share_quirks("", "anthropic"),
        .rules = share_rules(name),
        .site = site,
    };
}

static inline struct chat_request *read_chat(const char *body)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(quoted(body), &arena, &chat, &fault) != ERR_OK) {
        fail_msg("the chat is wrong: " STR_FMT, STR_ARG(fault.message));
    }
    return chat;
}

/* A line for the path, each header that is not always there, the body, and each note. */
static inline void print_request(struct buf *out, const struct provider_request *request)
{
    PRINT(out, STR_FMT "\n", STR_ARG(request->http.path));
    for (size_t i = 0; i < request->http.headers.count; i++) {
        const struct header *header = &request->http.headers.at[i];
        if (!str_eq(header->name, STR("content-type"))) {
            PRINT(out, STR_FMT ": " STR_FMT "\n", STR_ARG(header->name), STR_ARG(header->value));
        }
    }
    PRINT(out, STR_FMT "\n", STR_ARG(request->http.body));
    for (size_t i = 0; i < request->drops.count; i++) {
        PRINT(out, "dropped " STR_FMT "\n", STR_ARG(request->drops.at[i]));
    }
    for (size_t i = 0; i < request->hints.alias_count; i++) {
        PRINT(out, "alias " STR_FMT "=" STR_FMT "\n", STR_ARG(request->hints.aliases[i].sent),
              STR_ARG(request->hints.aliases[i].name));
    }
    if (request->hints.prefill.len > 0) {
        PRINT(out, "prefill " STR_FMT "\n", STR_ARG(request->hints.prefill));
    }
}

static inline str encode(const struct chat_request *chat, const struct model *model)
{
    struct provider_request request = {0};
    struct fault fault = {0};
    struct buf out;

    if (anthropic_dialect.encode_request(chat, model, &arena, &request, &fault) != ERR_OK) {
        return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT "\n", err_name(fault.kind),
                            STR_ARG(fault.param), STR_ARG(fault.message));
    }
    assert_non_null(json_read_lenient(&arena, request.http.body));
    buf_init(&out, OUT_BYTES_MAX);
    print_request(&out, &request);
    str text = arena_copy(&arena, buf_str(&out));
    buf_free(&out);
    return text;
}

#define HI "'messages':[{'role':'user','content':'Hi'}]"
#define HI_OUT "'messages':[{'role':'user','content':[{'type':'text','text':'Hi'}]}]"
#define OWN "/v1/messages\nanthropic-version: 2023-06-01\n"
#define BEDROCK_BODY "{'anthropic_version':'bedrock-2023-05-31',"
