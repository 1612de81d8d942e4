/*
 * Messages and tools of a request to a provider of the OpenAI family.
 *
 * What came in this very format is written from its own JSON, without the members that only we or
 * the answering side know; what came in another is built from the neutral parts.
 */
#include "wire/openai_chat.h"
#include "wire/tool_id.h"

/* One request being written. */
struct work {
    struct json_writer *writer;
    struct arena *arena;
    const struct chat_request *chat;
    const struct quirks *quirks;
    bool is_native; /* raw JSON of the request is in this format */
};

/* Members of a message that are written by us, or not at all: answers are handed back with members
 * that strict servers refuse in a request.  Each with a blank behind it. */
static const char own_members[] =
    "role content name tool_calls tool_call_id refusal reasoning reasoning_content "
    "reasoning_details annotations audio function_call images model cache_control ";

static void put_cache_mark(struct json_writer *writer, str ttl)
{
    json_open_object(writer, "cache_control");
    json_put_str(writer, "type", STR("ephemeral"));
    if (ttl.len > 0) {
        json_put_str(writer, "ttl", ttl);
    }
    json_close_object(writer);
}

/* An object as it came, without its cache mark when the provider does not know such. */
static void put_raw_object(const struct work *work, json *object)
{
    struct json_walk walk = json_walk(object);

    json_open_object(work->writer, NULL);
    while (json_next(&walk)) {
        bool is_mark = str_eq(walk.name, STR("cache_control"));
        if (!is_mark || work->quirks->takes_cache_control) {
            json_put_named_value(work->writer, walk.name, walk.value);
        }
    }
    json_close_object(work->writer);
}

static str media_url(const struct work *work, const struct chat_part *part)
{
    if (part->url.len > 0) {
        return part->url;
    }
    return arena_printf(work->arena, "data:" STR_FMT ";base64," STR_FMT, STR_ARG(part->mime),
                        STR_ARG(part->data));
}

static void put_media(const struct work *work, const char *name, const struct chat_part *part)
{
    json_put_str(work->writer, "type", str_c(name));
    json_open_object(work->writer, name);
    json_put_str(work->writer, "url", media_url(work, part));
    if (part->detail.len > 0) {
        json_put_str(work->writer, "detail", part->detail);
    }
    json_close_object(work->writer);
}

static void put_file(const struct work *work, const struct chat_part *part)
{
    json_put_str(work->writer, "type", STR("file"));
    json_open_object(work->writer, "file");
    if (part->name.len > 0) {
        json_put_str(work->writer, "filename", part->name);
    }
    if (part->id.len > 0) {
        json_put_str(work->writer, "file_id", part->id);
    } else {
        json_put_str(work->writer, "file_data", media_url(work, part));
    }
    json_close_object(work->writer);
}

static void put_audio(const struct work *work, const struct chat_part *part)
{
    str format = part->mime;
    size_t slash = str_find_char(format, '/');

    json_put_str(work->writer, "type", STR("input_audio"));
    json_open_object(work->writer, "input_audio");
    json_put_str(work->writer, "data", part->data);
    json_put_str(work->writer, "format", slash < format.len ? str_skip(format, slash + 1) : format);
    json_close_object(work->writer);
}

static void put_built_part(const struct work *work, const struct chat_part *part)
{
    json_open_object(work->writer, NULL);
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        json_put_str(work->writer, "type", STR("text"));
        json_put_str(work->writer, "text", part->text);
        break;
    case PART_IMAGE:
        put_media(work, "image_url", part);
        break;
    case PART_VIDEO:
        put_media(work, "video_url", part);
        break;
    case PART_AUDIO:
        put_audio(work, part);
        break;
    case PART_FILE:
        put_file(work, part);
        break;
    case PART_REASONING:
    case PART_TOOL_CALL:
    case PART_OTHER:
        break;
    }
    if (part->has_cache_mark && work->quirks->takes_cache_control) {
        put_cache_mark(work->writer, part->cache_ttl);
    }
    json_close_object(work->writer);
}

static bool is_custom_call(const struct work *work, const struct chat_part *part)
{
    return part->kind == PART_OTHER && work->is_native &&
           str_eq(json_str(part->raw, "type"), STR("custom"));
}

/* What stands in `content`.  A refusal of an earlier answer is text to who does not know such. */
static bool is_content(const struct work *work, const struct chat_part *part)
{
    switch (part->kind) {
    case PART_TEXT:
    case PART_IMAGE:
    case PART_AUDIO:
    case PART_VIDEO:
    case PART_FILE:
        return true;
    case PART_REFUSAL:
        return (part->raw != NULL && work->is_native) || !work->quirks->takes_extras;
    case PART_OTHER:
        return work->is_native && !is_custom_call(work, part);
    case PART_REASONING:
    case PART_TOOL_CALL:
        break;
    }
    return false;
}

/* How the content is written. */
struct content {
    size_t count;
    bool has_tool_calls;
    bool needs_array; /* something that a string cannot say */
};

static struct content look_at(const struct work *work, const struct chat_message *message)
{
    struct content content = {0};

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        bool is_plain = part->kind == PART_TEXT || part->kind == PART_REFUSAL;
        bool is_marked = part->has_cache_mark && work->quirks->takes_cache_control;
        content.has_tool_calls =
            content.has_tool_calls || part->kind == PART_TOOL_CALL || is_custom_call(work, part);
        if (is_content(work, part)) {
            content.count++;
            content.needs_array = content.needs_array || !is_plain || is_marked ||
                                  (work->is_native && part->raw != NULL);
        }
    }
    return content;
}

static void put_content_array(const struct work *work, const struct chat_message *message)
{
    json_open_array(work->writer, "content");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (!is_content(work, part)) {
            continue;
        }
        if (work->is_native && part->raw != NULL) {
            put_raw_object(work, part->raw);
        } else {
            put_built_part(work, part);
        }
    }
    json_close_array(work->writer);
}

/* The texts of the parts that `wants` picks, with `glue` between them.  Linear in their length. */
static str join_texts(const struct work *work, const struct chat_message *message, str glue,
                      bool (*wants)(const struct work *work, const struct chat_part *part))
{
    size_t len = 0;

    for (size_t i = 0; i < message->part_count; i++) {
        len += message->parts[i].text.len + glue.len;
    }
    char *joined = arena_take_raw(work->arena, len + 1);
    len = 0;
    for (size_t i = 0, count = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (!wants(work, part)) {
            continue;
        }
        str before = count++ > 0 ? glue : STR_NONE;
        memcpy(joined + len, before.len > 0 ? before.at : "", before.len);
        len += before.len;
        memcpy(joined + len, part->text.len > 0 ? part->text.at : "", part->text.len);
        len += part->text.len;
    }
    return str_of(joined, len);
}

static void put_content(const struct work *work, const struct chat_message *message,
                        const struct content *content)
{
    if (content->needs_array) {
        put_content_array(work, message);
    } else if (content->count == 0 && content->has_tool_calls) {
        json_put_null(work->writer, "content");
    } else {
        json_put_str(work->writer, "content", join_texts(work, message, STR("\n"), is_content));
    }
}

static str tool_id(const struct work *work, str id)
{
    return tool_id_for(work->quirks->tool_ids_of_nine ? TOOL_ID_NINE : TOOL_ID_OPENAI, id,
                       work->arena);
}

static void put_tool_calls(const struct work *work, const struct chat_message *message)
{
    json_open_array(work->writer, "tool_calls");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (is_custom_call(work, part)) {
            json_put_value(work->writer, NULL, part->raw);
        }
        if (part->kind != PART_TOOL_CALL) {
            continue;
        }
        json_open_object(work->writer, NULL);
        json_put_str(work->writer, "id", tool_id(work, part->id));
        json_put_str(work->writer, "type", STR("function"));
        json_open_object(work->writer, "function");
        json_put_str(work->writer, "name", part->name);
        json_put_str(work->writer, "arguments", part->arguments);
        json_close_object(work->writer);
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
}

static bool is_readable_reasoning(const struct work *work, const struct chat_part *part)
{
    (void)work;
    return part->kind == PART_REASONING && part->reasoning != CHAT_REASONING_ENCRYPTED;
}

static void put_reasoning_detail(const struct work *work, const struct chat_part *part,
                                 int64_t index)
{
    static const enum reasoning_kind kinds[] = {
        [CHAT_REASONING_TEXT] = REASONING_TEXT,
        [CHAT_REASONING_SUMMARY] = REASONING_SUMMARY,
        [CHAT_REASONING_ENCRYPTED] = REASONING_ENCRYPTED,
        [CHAT_REASONING_PLAIN] = REASONING_TEXT,
    };
    struct reasoning reasoning = {
        .kind = kinds[part->reasoning],
        .index = index,
        .text = part->text,
        .signature = part->signature,
        .id = part->id,
        .format = part->format,
    };

    if (work->is_native && part->raw != NULL) {
        json_put_value(work->writer, NULL, part->raw);
    } else {
        openai_write_reasoning_detail(work->writer, &reasoning);
    }
}

/* Blocks as they are for who shares our form; text for who wants it back beside tool calls (to
 * others of the same vendors it is an error, so nobody else gets it). */
static void put_reasoning(const struct work *work, const struct chat_message *message,
                          const struct content *content)
{
    str text = join_texts(work, message, STR_NONE, is_readable_reasoning);
    bool has_blocks = false;

    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        has_blocks =
            has_blocks || (part->kind == PART_REASONING && part->reasoning != CHAT_REASONING_PLAIN);
    }
    if (!work->quirks->reasoning_object) {
        if (work->quirks->takes_reasoning_back && content->has_tool_calls) {
            json_put_str(work->writer, "reasoning_content", text);
        }
        return;
    }
    if (text.len > 0) {
        json_put_str(work->writer, "reasoning", text);
    }
    if (has_blocks) {
        json_open_array(work->writer, "reasoning_details");
        for (size_t i = 0; i < message->part_count; i++) {
            const struct chat_part *part = &message->parts[i];
            if (part->kind == PART_REASONING && part->reasoning != CHAT_REASONING_PLAIN) {
                put_reasoning_detail(work, part, (int64_t)i);
            }
        }
        json_close_array(work->writer);
    }
}

static void put_refusal(const struct work *work, const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (part->kind == PART_REFUSAL && !is_content(work, part)) {
            json_put_str(work->writer, "refusal", part->text);
            return;
        }
    }
}

static void put_unknown_members(const struct work *work, const struct chat_message *message)
{
    struct json_walk walk = json_walk(work->is_native ? message->raw : NULL);

    while (work->quirks->takes_extras && json_next(&walk)) {
        bool is_audio = str_eq(walk.name, STR("audio")) && json_is(walk.value, JSON_OBJECT);
        if (is_audio || (!openai_words_have(own_members, walk.name) && !json_is_none(walk.value))) {
            json_put_named_value(work->writer, walk.name, walk.value);
        }
    }
}

static void put_message(const struct work *work, const struct chat_message *message, bool is_last)
{
    struct content content = look_at(work, message);
    bool is_assistant = message->role == ROLE_ASSISTANT;
    bool is_developer = message->role == ROLE_DEVELOPER && !work->quirks->takes_developer;

    json_open_object(work->writer, NULL);
    json_put_str(work->writer, "role",
                 openai_role_name(is_developer ? ROLE_SYSTEM : message->role));
    if (message->name.len > 0 && work->quirks->takes_extras) {
        json_put_str(work->writer, "name", message->name);
    }
    if (message->role == ROLE_TOOL) {
        json_put_str(work->writer, "tool_call_id", tool_id(work, message->tool_call_id));
    }
    put_content(work, message, &content);
    if (is_assistant) {
        put_refusal(work, message);
        put_reasoning(work, message, &content);
    }
    if (content.has_tool_calls) {
        put_tool_calls(work, message);
    }
    if (is_assistant && is_last && work->quirks->prefill_is_marked) {
        json_put_bool(work->writer, "prefix", true);
    }
    put_unknown_members(work, message);
    json_close_object(work->writer);
}

void openai_write_messages(struct json_writer *writer, struct arena *arena,
                           const struct chat_request *chat, const struct quirks *quirks)
{
    struct work work = {writer, arena, chat, quirks, chat->format == FORMAT_OPENAI_CHAT};

    json_open_array(writer, "messages");
    for (size_t i = 0; i < chat->message_count; i++) {
        put_message(&work, &chat->messages[i], i + 1 == chat->message_count);
    }
    json_close_array(writer);
}

static void put_built_tool(const struct work *work, const struct chat_tool *tool)
{
    json_open_object(work->writer, NULL);
    json_put_str(work->writer, "type", STR("function"));
    json_open_object(work->writer, "function");
    json_put_str(work->writer, "name", tool->name);
    if (tool->description.at != NULL) {
        json_put_str(work->writer, "description", tool->description);
    }
    if (tool->parameters != NULL) {
        json_put_value(work->writer, "parameters", tool->parameters);
    }
    if (tool->strict) {
        json_put_bool(work->writer, "strict", true);
    }
    json_close_object(work->writer);
    if (tool->has_cache_mark && work->quirks->takes_cache_control) {
        put_cache_mark(work->writer, tool->cache_ttl);
    }
    json_close_object(work->writer);
}

bool openai_write_tools(struct json_writer *writer, const struct chat_request *chat,
                        const struct quirks *quirks)
{
    struct work work = {writer, NULL, chat, quirks, chat->format == FORMAT_OPENAI_CHAT};
    size_t count = 0;

    for (size_t i = 0; i < chat->tool_count; i++) {
        const struct chat_tool *tool = &chat->tools[i];
        bool is_raw = work.is_native && tool->raw != NULL;
        if (!is_raw && !tool->is_function) {
            continue; /* another provider's own tool */
        }
        if (count++ == 0) {
            json_open_array(writer, "tools");
        }
        if (is_raw) {
            put_raw_object(&work, tool->raw);
        } else {
            put_built_tool(&work, tool);
        }
    }
    if (count > 0) {
        json_close_array(writer);
    }
    return count > 0;
}
