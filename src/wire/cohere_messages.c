/*
 * The conversation of a request to the Cohere v2 chat API, and the files that belong to it.
 */
#include "base/text.h"
#include "wire/cohere.h"
#include "wire/request.h"
#include "wire/tool_id.h"

static enum err refuse_part(struct cohere_request *request, size_t message, size_t index,
                            const char *words)
{
    return request_refuse_part(request->fault, request->arena, message, index, words);
}

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

static bool is_image(const struct chat_part *part)
{
    return part->kind == PART_IMAGE ||
           (part->kind == PART_FILE && str_has_prefix(part->mime, STR("image/")));
}

/* A file whose words can be given to the model beside the conversation. */
static bool is_document(const struct chat_part *part)
{
    return part->kind == PART_FILE && !is_image(part);
}

bool cohere_has_files(const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->message_count; i++) {
        for (size_t k = 0; k < chat->messages[i].part_count; k++) {
            if (is_document(&chat->messages[i].parts[k])) {
                return true;
            }
        }
    }
    return false;
}

/* ---- Contents ---- */

static void put_text(struct cohere_request *request, str text)
{
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "type", STR("text"));
    json_put_str(request->writer, "text", text);
    json_close_object(request->writer);
}

/* By its address, or as a data URL. */
static void put_image(struct cohere_request *request, const struct chat_part *part)
{
    str url = part->url;

    if (url.len == 0) {
        const str pieces[] = {STR("data:"), part->mime.len > 0 ? part->mime : STR("image/png"),
                              STR(";base64,"), part->data};
        url = arena_join(request->arena, pieces, COUNT_OF(pieces));
    }
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "type", STR("image_url"));
    json_open_object(request->writer, "image_url");
    json_put_str(request->writer, "url", url);
    if (part->detail.len > 0) {
        json_put_str(request->writer, "detail", part->detail);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
}

/* NULL when the part may stand in a message of that role, else why not. */
static const char *complaint(const struct cohere_request *request, const struct chat_part *part,
                             enum chat_role role)
{
    bool takes_images = (model_rules_of(request->model)->takes & TAKES_IMAGES) != 0;

    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
    case PART_REASONING:
    case PART_TOOL_CALL:
        return NULL;
    case PART_IMAGE:
    case PART_FILE:
        if (role != ROLE_USER) {
            return "must be text in this role";
        }
        if (!is_image(part)) {
            return NULL; /* cohere_put_documents() has the last word */
        }
        if (part->url.len == 0 && part->data.len == 0) {
            return "names an uploaded file, which this provider has not";
        }
        return takes_images ? NULL : "is an image, which this model does not take";
    case PART_AUDIO:
    case PART_VIDEO:
        return "is audio or video, which this model's provider does not take";
    case PART_OTHER:
        break;
    }
    return "is of a type this model's provider does not know";
}

static enum err check_parts(struct cohere_request *request, size_t index)
{
    const struct chat_message *message = &request->chat->messages[index];

    for (size_t i = 0; i < message->part_count; i++) {
        const char *words = complaint(request, &message->parts[i], message->role);
        if (words != NULL) {
            return refuse_part(request, index, i, words);
        }
    }
    return ERR_OK;
}

/* The only part, when it is a text or there is none. */
static bool is_plain(const struct chat_message *message)
{
    return message->part_count == 0 || (message->part_count == 1 && is_text(&message->parts[0]));
}

/* Texts and images; empty texts say nothing and some models refuse them. */
static void put_content(struct cohere_request *request, const struct chat_message *message)
{
    if (is_plain(message)) {
        json_put_str(request->writer, "content",
                     message->part_count > 0 ? message->parts[0].text : STR(""));
        return;
    }
    json_open_array(request->writer, "content");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (is_image(part)) {
            put_image(request, part);
        } else if (is_text(part) && part->text.len > 0) {
            put_text(request, part->text);
        }
    }
    json_close_array(request->writer);
}

/* ---- The assistant's turns ---- */

static bool is_reasoning(const struct chat_part *part, str format)
{
    return part->kind == PART_REASONING && str_eq(part->format, format);
}

static bool has_thinking(const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        if (is_reasoning(&message->parts[i], STR(COHERE_THINKING_FORMAT))) {
            return true;
        }
    }
    return false;
}

static bool has_calls(const struct chat_message *message)
{
    return message->part_count > 0 &&
           message->parts[message->part_count - 1].kind == PART_TOOL_CALL;
}

/* What was said before the tools were called, plan or text. */
static str plan_of(struct cohere_request *request, const struct chat_message *message)
{
    str plan = STR_NONE;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        bool counts = is_text(part) || is_reasoning(part, STR(COHERE_PLAN_FORMAT));
        if (counts && part->text.len > 0) {
            const str pieces[] = {plan, part->text};
            plan = plan.len > 0 ? arena_join(request->arena, pieces, COUNT_OF(pieces)) : part->text;
        }
    }
    return plan;
}

/* The model's own thinking, then what it said. */
static void put_thoughts(struct cohere_request *request, const struct chat_message *message)
{
    json_open_array(request->writer, "content");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (is_reasoning(part, STR(COHERE_THINKING_FORMAT))) {
            json_open_object(request->writer, NULL);
            json_put_str(request->writer, "type", STR("thinking"));
            json_put_str(request->writer, "thinking", part->text);
            json_close_object(request->writer);
        } else if (is_text(part) && part->text.len > 0) {
            put_text(request, part->text);
        }
    }
    json_close_array(request->writer);
}

/* A text in this API too; what is no object becomes the empty one, which it takes. */
static str arguments_of(struct cohere_request *request, str arguments)
{
    struct arena_mark mark = arena_mark(request->arena);
    enum json_type type = json_type(json_read_lenient(request->arena, arguments));

    arena_rewind(request->arena, mark);
    return type == JSON_OBJECT ? arguments : STR("{}");
}

static void put_calls(struct cohere_request *request, const struct chat_message *message)
{
    json_open_array(request->writer, "tool_calls");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (part->kind != PART_TOOL_CALL) {
            continue;
        }
        json_open_object(request->writer, NULL);
        json_put_str(request->writer, "id", tool_id_for(TOOL_ID_ANY, part->id, request->arena));
        json_put_str(request->writer, "type", STR("function"));
        json_open_object(request->writer, "function");
        json_put_str(request->writer, "name", part->name);
        json_put_str(request->writer, "arguments", arguments_of(request, part->arguments));
        json_close_object(request->writer);
        json_close_object(request->writer);
    }
    json_close_array(request->writer);
}

/* Beside calls, what was said is their plan, and content must be absent; a reasoning model has
 * thoughts in its place. */
static void put_assistant(struct cohere_request *request, const struct chat_message *message)
{
    bool calls = has_calls(message);
    str plan = plan_of(request, message);

    if (has_thinking(message)) {
        put_thoughts(request, message);
    } else if (!calls) {
        json_put_str(request->writer, "content", plan);
    } else if (plan.len > 0) {
        json_put_str(request->writer, "tool_plan", plan);
    }
    if (calls) {
        put_calls(request, message);
    }
}

/* ---- Messages ---- */

static str role_name(enum chat_role role)
{
    switch (role) {
    case ROLE_SYSTEM:
    case ROLE_DEVELOPER:
        return STR("system");
    case ROLE_USER:
        return STR("user");
    case ROLE_ASSISTANT:
        return STR("assistant");
    case ROLE_TOOL:
        break;
    }
    return STR("tool");
}

static void put_message(struct cohere_request *request, const struct chat_message *message,
                        enum chat_role role)
{
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "role", role_name(role));
    if (role == ROLE_TOOL) {
        json_put_str(request->writer, "tool_call_id",
                     tool_id_for(TOOL_ID_ANY, message->tool_call_id, request->arena));
    }
    if (role == ROLE_ASSISTANT) {
        put_assistant(request, message);
    } else {
        put_content(request, message);
    }
    json_close_object(request->writer);
}

static bool is_system(enum chat_role role)
{
    return role == ROLE_SYSTEM || role == ROLE_DEVELOPER;
}

/* The message that is said by the user although it is the system's: the last one of a conversation
 * in which nobody else speaks, which this API refuses. */
static size_t sole_speaker(const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->message_count; i++) {
        if (!is_system(chat->messages[i].role)) {
            return SIZE_MAX;
        }
    }
    return chat->message_count - 1;
}

static void put_words(struct cohere_request *request, enum chat_role role, str words)
{
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "role", role_name(role));
    json_put_str(request->writer, "content", words);
    json_close_object(request->writer);
}

/* A model that cannot go on from words of its own is asked to, in the user's turn. */
static void ask_to_go_on(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;
    const struct chat_message *last = &chat->messages[chat->message_count - 1];

    if (!chat_has_prefill(chat) || has_calls(last) ||
        (model_rules_of(request->model)->takes & TAKES_PREFILL) != 0) {
        return;
    }
    request->prefill = plan_of(request, last);
    put_words(request, ROLE_USER,
              STR("Continue your last message from exactly where it ends. Write only what comes "
                  "next: repeat nothing of it and say nothing about it."));
}

enum err cohere_put_messages(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;
    size_t sole = sole_speaker(chat);

    json_open_array(request->writer, "messages");
    if (request->words.len > 0) {
        put_words(request, ROLE_SYSTEM, request->words);
    }
    for (size_t i = 0; i < chat->message_count; i++) {
        enum err err = check_parts(request, i);
        if (err != ERR_OK) {
            return err;
        }
        put_message(request, &chat->messages[i], i == sole ? ROLE_USER : chat->messages[i].role);
    }
    ask_to_go_on(request);
    json_close_array(request->writer);
    return ERR_OK;
}

/* ---- Documents ---- */

/* The words of a file that holds text. */
static enum err put_file(struct cohere_request *request, size_t message, size_t index)
{
    const struct chat_part *part = &request->chat->messages[message].parts[index];
    bool holds_text =
        str_has_prefix(part->mime, STR("text/")) || str_eq(part->mime, STR("application/json"));
    str text = STR_NONE;

    if (!holds_text || part->data.len == 0) {
        return refuse_part(request, message, index,
                           "must be a text or an image for this model's provider");
    }
    if (!text_base64_decode(part->data, request->arena, &text) || !text_is_utf8(text)) {
        return refuse_part(request, message, index, "does not hold base64 of a text");
    }
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "data");
    if (part->name.len > 0) {
        json_put_str(request->writer, "title", part->name);
    }
    json_put_str(request->writer, "text", text);
    json_close_object(request->writer);
    json_close_object(request->writer);
    return ERR_OK;
}

static enum err put_files(struct cohere_request *request)
{
    const struct chat_request *chat = request->chat;

    for (size_t i = 0; i < chat->message_count; i++) {
        for (size_t k = 0; k < chat->messages[i].part_count; k++) {
            if (!is_document(&chat->messages[i].parts[k])) {
                continue;
            }
            enum err err = put_file(request, i, k);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}

enum err cohere_put_documents(struct cohere_request *request)
{
    json *own = json_get(request->chat->root, "documents");
    struct json_walk walk = json_walk(own);

    json_open_array(request->writer, "documents");
    while (request->chat->format == FORMAT_OPENAI_CHAT && json_is(own, JSON_ARRAY) &&
           json_next(&walk)) {
        json_put_value(request->writer, NULL, walk.value);
    }
    enum err err = put_files(request);
    json_close_array(request->writer);
    return err;
}
