/*
 * The contents of a request to the Gemini API: parts, function calls and their responses.
 */
#include "wire/gemini.h"
#include "wire/request.h"

static bool is_call(const struct gemini_part *part)
{
    return part->part != NULL && part->part->kind == PART_TOOL_CALL;
}

static bool is_media(const struct chat_part *part)
{
    return part->kind == PART_IMAGE || part->kind == PART_AUDIO || part->kind == PART_VIDEO ||
           part->kind == PART_FILE;
}

void gemini_put_text(struct json_writer *writer, str text)
{
    json_open_object(writer, NULL);
    json_put_str(writer, "text", text);
    json_close_object(writer);
}

/* ---- Calls ---- */

/* Vertex AI knows calls by their order only. */
static void put_call_id(struct gemini_request *request, const struct gemini_part *call)
{
    if (!request->is_vertex) {
        json_put_str(request->writer, "id", call->part->id);
    }
}

static void put_call(struct gemini_request *request, const struct gemini_part *call)
{
    json_open_object(request->writer, "functionCall");
    put_call_id(request, call);
    json_put_str(request->writer, "name", gemini_tool_name(request, call->part->name));
    request_put_arguments(request->writer, "args", call->part->arguments, request->arena);
    json_close_object(request->writer);
}

/* ---- Parts ---- */

static enum err put_part(struct gemini_request *request, const struct gemini_part *part)
{
    enum part_kind kind = part->part != NULL ? part->part->kind : PART_TEXT;
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    switch (kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        json_put_str(request->writer, "text", part->text);
        break;
    case PART_REASONING:
        json_put_str(request->writer, "text", part->text);
        json_put_bool(request->writer, "thought", true);
        break;
    case PART_TOOL_CALL:
        put_call(request, part);
        break;
    case PART_IMAGE:
    case PART_AUDIO:
    case PART_VIDEO:
    case PART_FILE:
        err = gemini_put_media(request, part);
        break;
    case PART_OTHER:
        err = gemini_refuse_part(request, part, "is of a type this model's provider does not know");
        break;
    }
    if (part->signature.len > 0) {
        json_put_str(request->writer, "thoughtSignature", part->signature);
    }
    json_close_object(request->writer);
    return err;
}

/* ---- Responses ---- */

/* The texts of a tool's message, one a line. */
static str result_text(struct arena *arena, const struct chat_message *message)
{
    str *parts = ARENA_ARRAY(arena, str, 2 * message->part_count + 1);
    size_t count = 0;

    for (size_t i = 0; i < message->part_count; i++) {
        str text = message->parts[i].text;
        if (is_media(&message->parts[i]) || text.len == 0) {
            continue;
        }
        if (count > 0) {
            parts[count++] = STR("\n");
        }
        parts[count++] = text;
    }
    return count == 1 ? parts[0] : arena_join(arena, parts, count);
}

/* An object is the response itself; all else is wrapped into one. */
static void put_response(struct gemini_request *request, const struct chat_message *message)
{
    str text = message != NULL ? result_text(request->arena, message)
                               : STR("No result was given for this call.");
    bool is_error = message == NULL || message->is_error;
    struct arena_mark mark = arena_mark(request->arena);
    bool is_object = json_is(json_read_lenient(request->arena, text), JSON_OBJECT);

    arena_rewind(request->arena, mark);
    if (is_object) {
        json_put_raw(request->writer, "response", str_trim(text));
        return;
    }
    json_open_object(request->writer, "response");
    json_put_str(request->writer, is_error ? "error" : "result", text);
    json_close_object(request->writer);
}

/* Images and files of a result: newer models take them in the response, older ones read them as
 * what the user says next. */
static bool takes_media_in_responses(const struct gemini_request *request)
{
    return request->rules->thinking == THINKING_LEVEL;
}

static enum err put_result_media(struct gemini_request *request, const struct gemini_part *call)
{
    const struct chat_message *message = call->result;
    struct gemini_part part = {0};

    for (size_t i = 0; message != NULL && i < message->part_count; i++) {
        part.part = &message->parts[i];
        part.message = (size_t)(message - request->chat->messages);
        part.index = i;
        if (is_media(part.part)) {
            enum err err = put_part(request, &part);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}

static bool has_media(const struct gemini_part *call)
{
    for (size_t i = 0; call->result != NULL && i < call->result->part_count; i++) {
        if (is_media(&call->result->parts[i])) {
            return true;
        }
    }
    return false;
}

static enum err put_result(struct gemini_request *request, const struct gemini_part *call)
{
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "functionResponse");
    put_call_id(request, call);
    json_put_str(request->writer, "name", gemini_tool_name(request, call->part->name));
    put_response(request, call->result);
    if (has_media(call) && takes_media_in_responses(request)) {
        json_open_array(request->writer, "parts");
        err = put_result_media(request, call);
        json_close_array(request->writer);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
    return err;
}

/* ---- Contents ---- */

static void open_content(struct gemini_request *request, bool is_model)
{
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "role", is_model ? STR("model") : STR("user"));
    json_open_array(request->writer, "parts");
}

static void close_content(struct gemini_request *request)
{
    json_close_array(request->writer);
    json_close_object(request->writer);
}

/* All responses to the calls of one content, in a content of their own. */
static enum err put_results(struct gemini_request *request, const struct gemini_content *calls)
{
    enum err err = ERR_OK;

    open_content(request, false);
    for (const struct gemini_part *part = calls->first; part != NULL && err == ERR_OK;
         part = part->next) {
        err = is_call(part) ? put_result(request, part) : ERR_OK;
    }
    close_content(request);
    return err;
}

static bool have_media(const struct gemini_request *request, const struct gemini_content *calls)
{
    const struct gemini_part *part = calls->first;

    while (part != NULL && !(is_call(part) && has_media(part))) {
        part = part->next;
    }
    return part != NULL && !takes_media_in_responses(request);
}

/* A content; `calls` are those of the content before it, or NULL. */
static enum err put_content(struct gemini_request *request, const struct gemini_content *content,
                            const struct gemini_content *calls)
{
    bool brings_media = calls != NULL && have_media(request, calls);
    enum err err = calls != NULL ? put_results(request, calls) : ERR_OK;

    if (err != ERR_OK || (calls != NULL && content->first == NULL && !brings_media)) {
        return err;
    }
    open_content(request, content->is_model);
    if (content->first == NULL && !brings_media) {
        gemini_put_text(request->writer, STR(".")); /* an empty content is refused */
    }
    for (const struct gemini_part *call = brings_media ? calls->first : NULL;
         call != NULL && err == ERR_OK; call = call->next) {
        err = is_call(call) ? put_result_media(request, call) : ERR_OK;
    }
    for (const struct gemini_part *part = content->first; part != NULL && err == ERR_OK;
         part = part->next) {
        err = put_part(request, part);
    }
    close_content(request);
    return err;
}

enum err gemini_put_contents(struct gemini_request *request)
{
    const struct gemini_content *before = NULL;
    enum err err = ERR_OK;

    json_open_array(request->writer, "contents");
    for (const struct gemini_content *content = request->contents.first;
         content != NULL && err == ERR_OK; content = content->next) {
        err = put_content(request, content, before != NULL && before->has_calls ? before : NULL);
        before = content;
    }
    json_close_array(request->writer);
    return err;
}
