/*
 * Requests of OpenAI's Responses API: the body and where it goes.
 *
 * A request in the same format sends on every member that is not written from the neutral chat;
 * one in another format sends what both formats have, under this one's names.
 */
#include "wire/openai_responses_encode.h"

#include "codec/url.h"
#include "wire/request.h"

/* Members that are written from the chat, whatever its format. */
static const char written[] =
    "model input instructions stream store max_output_tokens temperature top_p tools "
    "tool_choice parallel_tool_calls text reasoning include top_logprobs user service_tier "
    "metadata "
    "safety_identifier prompt_cache_key prompt_cache_retention prompt_cache_options ";

enum err responses_refuse(struct responses_request *request, str param, const char *words)
{
    return request_refuse(request->fault, request->arena, param, words);
}

void responses_put_rest(struct responses_request *request, json *raw, const char *known)
{
    struct json_walk walk = json_walk(json_is(raw, JSON_OBJECT) ? raw : NULL);

    while (json_next(&walk)) {
        if (!rules_words_have(str_c(known), walk.name)) {
            json_put_named_value(request->writer, walk.name, walk.value);
        }
    }
}

static enum err put_body(struct responses_request *request)
{
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "model", request->model->name);
    enum err err = responses_put_params(request);
    if (err == ERR_OK) {
        err = responses_put_tools(request);
    }
    if (err == ERR_OK) {
        err = responses_put_input(request);
    }
    if (request->is_native) {
        responses_put_rest(request, request->chat->root, written);
    }
    json_close_object(request->writer);
    return err;
}

static str path_of(const struct model *model, struct arena *arena)
{
    str path = STR("/responses");
    str version = model->site != NULL ? model->site->api_version : STR_NONE;

    switch (model_platform(model)) {
    case PLATFORM_AZURE:
        path = STR("/openai/v1/responses");
        break;
    case PLATFORM_AZURE_CLASSIC:
        path = STR("/openai/responses");
        version = version.len > 0 ? version : STR("2025-03-01-preview"); /* it must have one */
        break;
    case PLATFORM_OWN:
    case PLATFORM_VERTEX:
    case PLATFORM_BEDROCK:
        return path;
    }
    const str parts[] = {path, STR("?api-version="), url_encode(version, STR_NONE, arena)};
    return version.len > 0 ? arena_join(arena, parts, COUNT_OF(parts)) : path;
}

enum err responses_encode_request(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct responses_request request = {
        .chat = chat,
        .model = model,
        .rules = model_rules_of(model),
        .arena = arena,
        .writer = &writer,
        .out = out,
        .fault = fault,
        .is_native = chat->format == FORMAT_OPENAI_RESPONSES,
    };

    buf_init(&body, SIZE_MAX / 2); /* bounded by the request it is made from */
    responses_decide(&request);
    enum err err = put_body(&request);
    if (err == ERR_OK) {
        err = request_post(&writer, path_of(model, arena), arena, &out->http, fault);
    }
    if (err == ERR_OK) {
        headers_add(&out->http.headers, arena, STR("accept"),
                    chat->stream ? STR("text/event-stream") : STR("application/json"));
    }
    buf_free(&body);
    return err;
}
