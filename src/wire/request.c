/*
 * The end of writing a request to a provider: sent as JSON, or refused in words for the client.
 */
#include "wire/request.h"

enum err request_post(const struct json_writer *body, str path, struct arena *arena,
                      struct http_request *out, struct fault *fault)
{
    if (json_write_end(body) != ERR_OK) {
        *fault = (struct fault){
            .kind = ERR_TOO_BIG,
            .type = FAULT_PAYLOAD_TOO_LARGE,
            .message = STR("the request is too big for this model's provider"),
        };
        return ERR_TOO_BIG;
    }
    *out = (struct http_request){
        .method = STR("POST"),
        .path = path,
        .body = arena_copy(arena, buf_str(body->out)),
    };
    headers_add(&out->headers, arena, STR("content-type"), STR("application/json"));
    return ERR_OK;
}

void request_put_arguments(struct json_writer *writer, const char *name, str arguments,
                           struct arena *arena)
{
    struct arena_mark mark = arena_mark(arena);
    enum json_type type = json_type(json_read_lenient(arena, arguments));

    arena_rewind(arena, mark);
    if (type == JSON_OBJECT) {
        json_put_raw(writer, name, str_trim(arguments));
        return;
    }
    json_open_object(writer, name);
    if (type != JSON_ABSENT) {
        json_put_raw(writer, "value", str_trim(arguments));
    } else if (str_trim(arguments).len > 0) {
        json_put_str(writer, "_raw", arguments);
    }
    json_close_object(writer);
}

bool request_sends(const struct model *model, bool thinks, str parameter, bool by_rule)
{
    const struct model_rules *rules = model_rules_of(model);

    if (model->parameters != NULL) {
        return model_lists(model, parameter);
    }
    return by_rule && !rules_words_have(rules->refused, parameter) &&
           !(thinks && rules_words_have(rules->refused_reasoning, parameter));
}

enum err request_refuse(struct fault *fault, struct arena *arena, str param, const char *words)
{
    *fault = (struct fault){
        .kind = ERR_INVALID,
        .type = FAULT_INVALID_REQUEST,
        .message = arena_printf(arena, "`" STR_FMT "` %s", STR_ARG(param), words),
        .param = param,
        .retryable = true,
    };
    return ERR_INVALID;
}

enum err request_refuse_part(struct fault *fault, struct arena *arena, size_t message, size_t part,
                             const char *words)
{
    str param = arena_printf(arena, "messages[%zu].content[%zu]", message, part);

    return request_refuse(fault, arena, param, words);
}
