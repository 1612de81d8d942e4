/*
 * Messages and tools of a request to a provider of the OpenAI family.
 *
 * What came in this very format is written from its own JSON, without the members that only we or
 * the answering side know; what came in another is built from the neutral parts.
 */
#include "wire/openai_chat.h"
#include "wire/openai_chat_decode.h"
#include "wire/openai_chat_encode.h"
#include "wire/tool_id.h"

/* Members of a message that are written by us, or not at all: answers are handed back with members
 * that strict servers refuse in a request.  Each with a blank behind it. */
static const char own_members[] =
    "role content name tool_calls tool_call_id refusal reasoning reasoning_content "
    "reasoning_details annotations audio function_call images model ";

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
static void put_raw_object(struct openai_work *work, json *object)
{
    struct json_walk walk = json_walk(object);

    json_open_object(&work->writer, NULL);
    while (json_next(&walk)) {
        bool is_mark = str_eq(walk.name, STR("cache_control"));
        if (!is_mark || work->quirks->takes_cache_control) {
            json_put_named_value(&work->writer, walk.name, walk.value);
        }
    }
    json_close_object(&work->writer);
}

bool openai_needs_bytes(const struct chat_part *part, const struct model *model)
{
    return part->kind == PART_IMAGE && part->url.len > 0 && model->quirks->needs_image_bytes;
}

static str media_url(struct openai_work *work, const struct chat_part *part)
{
    str pieces[] = {STR("data:"), part->mime, STR(";base64,"), part->data};

    return part->url.len > 0 && !openai_needs_bytes(part, work->model)
               ? part->url
               : arena_join(work->arena, pieces, COUNT_OF(pieces));
}

static void put_media(struct openai_work *work, const char *name, const struct chat_part *part)
{
    json_put_str(&work->writer, "type", str_c(name));
    json_open_object(&work->writer, name);
    json_put_str(&work->writer, "url", media_url(work, part));
    if (part->detail.len > 0) {
        json_put_str(&work->writer, "detail", part->detail);
    }
    json_close_object(&work->writer);
}

static void put_file(struct openai_work *work, const struct chat_part *part)
{
    json_put_str(&work->writer, "type", STR("file"));
    json_open_object(&work->writer, "file");
    if (part->name.len > 0) {
        json_put_str(&work->writer, "filename", part->name);
    }
    if (part->id.len > 0) {
        json_put_str(&work->writer, "file_id", part->id);
    } else {
        json_put_str(&work->writer, "file_data", media_url(work, part));
    }
    json_close_object(&work->writer);
}

/* Mistral's word for a file that is not one of its own uploads. */
static void put_document(struct openai_work *work, const struct chat_part *part)
{
    if (part->id.len > 0) {
        json_put_str(&work->writer, "type", STR("file"));
        json_put_str(&work->writer, "file_id", part->id);
        return;
    }
    json_put_str(&work->writer, "type", STR("document_url"));
    json_put_str(&work->writer, "document_url", media_url(work, part));
    if (part->name.len > 0) {
        json_put_str(&work->writer, "document_name", part->name);
    }
}

static void put_audio(struct openai_work *work, const struct chat_part *part)
{
    str format = part->mime;
    size_t slash = str_find_char(format, '/');

    json_put_str(&work->writer, "type", STR("input_audio"));
    json_open_object(&work->writer, "input_audio");
    json_put_str(&work->writer, "data", part->data);
    json_put_str(&work->writer, "format",
                 slash < format.len ? str_skip(format, slash + 1) : format);
    json_close_object(&work->writer);
}

static void put_built_part(struct openai_work *work, const struct chat_part *part)
{
    json_open_object(&work->writer, NULL);
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        json_put_str(&work->writer, "type", STR("text"));
        json_put_str(&work->writer, "text", part->text);
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
        if (work->quirks->files_are_documents) {
            put_document(work, part);
        } else {
            put_file(work, part);
        }
        break;
    case PART_REASONING:
    case PART_TOOL_CALL:
    case PART_OTHER:
        break;
    }
    if (part->has_cache_mark && work->quirks->takes_cache_control) {
        put_cache_mark(&work->writer, part->cache_ttl);
    }
    json_close_object(&work->writer);
}

static bool is_custom_call(struct openai_work *work, const struct chat_part *part)
{
    return part->kind == PART_OTHER && work->is_native &&
           str_eq(json_str(part->raw, "type"), STR("custom"));
}

/* True when the part goes out as it came. */
static bool is_raw(struct openai_work *work, const struct chat_part *part)
{
    bool is_rebuilt = (part->kind == PART_FILE && work->quirks->files_are_documents) ||
                      openai_needs_bytes(part, work->model);

    return work->is_native && part->raw != NULL && !is_rebuilt;
}

/* What stands in `content`.  A refusal of an earlier answer is text to who does not know such. */
static bool is_content(struct openai_work *work, const struct chat_part *part)
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

static struct content look_at(struct openai_work *work, const struct chat_message *message)
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
            content.needs_array =
                content.needs_array || !is_plain || is_marked || is_raw(work, part);
        }
    }
    return content;
}

static void put_content_array(struct openai_work *work, const struct chat_message *message)
{
    json_open_array(&work->writer, "content");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (!is_content(work, part)) {
            continue;
        }
        if (is_raw(work, part)) {
            put_raw_object(work, part->raw);
        } else if (part->kind != PART_TEXT || part->text.len > 0) {
            put_built_part(work, part);
        }
    }
    json_close_array(&work->writer);
}

/* The texts of the parts that `wants` picks, with `glue` between them.  Linear in their length. */
static str join_texts(struct openai_work *work, const struct chat_message *message, str glue,
                      bool (*wants)(struct openai_work *work, const struct chat_part *part))
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

static void put_content(struct openai_work *work, const struct chat_message *message,
                        const struct content *content)
{
    if (content->needs_array) {
        put_content_array(work, message);
    } else if (content->count == 0 && content->has_tool_calls &&
               !work->quirks->tool_turns_need_text) {
        json_put_null(&work->writer, "content");
    } else {
        json_put_str(&work->writer, "content", join_texts(work, message, STR("\n"), is_content));
    }
}

static str tool_id(struct openai_work *work, str id)
{
    return tool_id_for(work->quirks->tool_ids_of_nine ? TOOL_ID_NINE : TOOL_ID_OPENAI, id,
                       work->arena);
}

static void put_tool_calls(struct openai_work *work, const struct chat_message *message)
{
    json_open_array(&work->writer, "tool_calls");
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (is_custom_call(work, part)) {
            json_put_value(&work->writer, NULL, part->raw);
        }
        if (part->kind != PART_TOOL_CALL) {
            continue;
        }
        json_open_object(&work->writer, NULL);
        json_put_str(&work->writer, "id", tool_id(work, part->id));
        json_put_str(&work->writer, "type", STR("function"));
        json_open_object(&work->writer, "function");
        json_put_str(&work->writer, "name", part->name);
        json_put_str(&work->writer, "arguments", part->arguments);
        json_close_object(&work->writer);
        json_close_object(&work->writer);
    }
    json_close_array(&work->writer);
}

static bool is_readable_reasoning(struct openai_work *work, const struct chat_part *part)
{
    (void)work;
    return part->kind == PART_REASONING && part->reasoning != CHAT_REASONING_ENCRYPTED;
}

static void put_reasoning_detail(struct openai_work *work, const struct chat_part *part,
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
        json_put_value(&work->writer, NULL, part->raw);
    } else {
        openai_write_reasoning_detail(&work->writer, &reasoning);
    }
}

/* A turn that called tools is refused by some when its reasoning is missing: lost, it is empty. */
static void put_reasoning_text(struct openai_work *work, str text, bool has_tool_calls)
{
    const char *name = work->quirks->reasoning_member;

    if (work->quirks->takes_reasoning_back &&
        (has_tool_calls || (work->quirks->reasoning_always_back && text.len > 0))) {
        json_put_str(&work->writer, name != NULL ? name : "reasoning_content", text);
    }
}

/* Blocks as they are for who shares our form; text for who wants it back beside tool calls (to
 * others of the same vendors it is an error, so nobody else gets it). */
static void put_reasoning(struct openai_work *work, const struct chat_message *message,
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
        put_reasoning_text(work, text, content->has_tool_calls);
        return;
    }
    if (text.len > 0) {
        json_put_str(&work->writer, "reasoning", text);
    }
    if (has_blocks) {
        json_open_array(&work->writer, "reasoning_details");
        for (size_t i = 0; i < message->part_count; i++) {
            const struct chat_part *part = &message->parts[i];
            if (part->kind == PART_REASONING && part->reasoning != CHAT_REASONING_PLAIN) {
                put_reasoning_detail(work, part, (int64_t)i);
            }
        }
        json_close_array(&work->writer);
    }
}

static void put_refusal(struct openai_work *work, const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        const struct chat_part *part = &message->parts[i];
        if (part->kind == PART_REFUSAL && !is_content(work, part)) {
            json_put_str(&work->writer, "refusal", part->text);
            return;
        }
    }
}

/* The member that marks a message which the model is to go on with; NULL when none does. */
static const char *prefill_mark(const struct openai_work *work, bool is_prefill)
{
    static const char *const marks[] = {
        [PREFILL_PLAIN] = NULL,    [PREFILL_PREFIX] = "prefix", [PREFILL_PARTIAL] = "partial",
        [PREFILL_CONTINUE] = NULL, [PREFILL_WORDS] = NULL,
    };

    return is_prefill ? marks[work->prefill] : NULL;
}

static void put_unknown_members(struct openai_work *work, const struct chat_message *message,
                                const char *mark)
{
    struct json_walk walk = json_walk(work->is_native ? message->raw : NULL);

    while (work->quirks->takes_extras && json_next(&walk)) {
        bool is_audio = str_eq(walk.name, STR("audio")) && json_is(walk.value, JSON_OBJECT);
        bool is_ours = openai_words_have(own_members, walk.name) || str_eq(walk.name, str_c(mark));
        bool is_mark = str_eq(walk.name, STR("cache_control"));
        if (is_mark && !work->quirks->takes_cache_control) {
            continue;
        }
        if (is_audio || (!is_ours && !json_is_none(walk.value))) {
            json_put_named_value(&work->writer, walk.name, walk.value);
        }
    }
}

static void put_message(struct openai_work *work, const struct chat_message *message,
                        bool is_prefill)
{
    struct content content = look_at(work, message);
    const char *mark = prefill_mark(work, is_prefill);

    json_open_object(&work->writer, NULL);
    json_put_str(&work->writer, "role", openai_role_name(message->role));
    if (message->name.len > 0) {
        json_put_str(&work->writer, "name", message->name);
    }
    if (message->role == ROLE_TOOL) {
        json_put_str(&work->writer, "tool_call_id", tool_id(work, message->tool_call_id));
    }
    put_content(work, message, &content);
    if (message->role == ROLE_ASSISTANT) {
        put_refusal(work, message);
        put_reasoning(work, message, &content);
    }
    if (content.has_tool_calls) {
        put_tool_calls(work, message);
    }
    if (mark != NULL) {
        json_put_bool(&work->writer, mark, true);
    }
    put_unknown_members(work, message, mark);
    json_close_object(&work->writer);
}

/* Several lines as one message.  An empty text between two makes a blank line of the line end that
 * joins texts. */
static struct chat_message join_lines(struct openai_work *work, const struct openai_line *lines,
                                      size_t count)
{
    struct chat_message joined = {.role = lines->message.role, .name = lines->message.name};

    for (size_t i = 0; i < count; i++) {
        joined.part_count += lines[i].message.part_count + 1;
    }
    joined.parts = ARENA_ARRAY(work->arena, struct chat_part, joined.part_count);
    joined.part_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct chat_message *message = &lines[i].message;
        if (i > 0) {
            joined.parts[joined.part_count++].kind = PART_TEXT;
        }
        if (message->part_count > 0) {
            memcpy(joined.parts + joined.part_count, message->parts,
                   message->part_count * sizeof(*joined.parts));
            joined.part_count += message->part_count;
        }
    }
    return joined;
}

void openai_write_messages(struct openai_work *work, const struct openai_lines *lines)
{
    json_open_array(&work->writer, "messages");
    for (size_t from = 0, to = 0; from < lines->count; from = to) {
        to = from + 1;
        while (to < lines->count && lines->at[to].joins) {
            to++;
        }
        struct chat_message message =
            to - from > 1 ? join_lines(work, &lines->at[from], to - from) : lines->at[from].message;
        put_message(work, &message, lines->at[to - 1].is_prefill);
    }
    json_close_array(&work->writer);
}

static void put_built_tool(struct openai_work *work, const struct chat_tool *tool)
{
    json_open_object(&work->writer, NULL);
    json_put_str(&work->writer, "type", STR("function"));
    json_open_object(&work->writer, "function");
    json_put_str(&work->writer, "name", tool->name);
    if (tool->description.at != NULL) {
        json_put_str(&work->writer, "description", tool->description);
    }
    if (tool->parameters != NULL) {
        json_put_value(&work->writer, "parameters", tool->parameters);
    }
    if (tool->strict && !work->drops_strict) {
        json_put_bool(&work->writer, "strict", true);
    }
    json_close_object(&work->writer);
    if (tool->has_cache_mark && work->quirks->takes_cache_control) {
        put_cache_mark(&work->writer, tool->cache_ttl);
    }
    json_close_object(&work->writer);
}

/* True when some tools are strict and others are not, and the provider wants one or the other. */
static bool mixes_strict(const struct openai_work *work)
{
    const struct chat_request *chat = work->chat;
    size_t strict = 0;

    for (size_t i = 0; i < chat->tool_count; i++) {
        strict += chat->tools[i].strict ? 1 : 0;
    }
    return work->quirks->strict_on_all && strict > 0 && strict < chat->tool_count;
}

void openai_write_tools(struct openai_work *work)
{
    const struct chat_request *chat = work->chat;

    work->drops_strict = mixes_strict(work);
    for (size_t i = 0; i < chat->tool_count; i++) {
        const struct chat_tool *tool = &chat->tools[i];
        bool is_raw_tool = work->is_native && tool->raw != NULL &&
                           !(work->drops_strict && tool->strict && tool->is_function);
        if (!is_raw_tool && !tool->is_function) {
            continue; /* another provider's own tool */
        }
        if (!work->has_tools) {
            work->has_tools = true;
            json_open_array(&work->writer, "tools");
        }
        if (is_raw_tool) {
            put_raw_object(work, tool->raw);
        } else {
            put_built_tool(work, tool);
        }
    }
    if (work->has_tools) {
        json_close_array(&work->writer);
    }
}
