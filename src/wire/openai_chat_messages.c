/*
 * The messages of a chat request: JSON -> neutral messages and parts.
 */
#include "wire/openai_chat.h"

enum {
    MESSAGES_MAX = 20000,
    NAME_BYTES_MAX = 512, /* names and ids; the formats allow 64 */
};

static const str role_names[] = {
    [ROLE_SYSTEM] = STR_INIT("system"), [ROLE_DEVELOPER] = STR_INIT("developer"),
    [ROLE_USER] = STR_INIT("user"),     [ROLE_ASSISTANT] = STR_INIT("assistant"),
    [ROLE_TOOL] = STR_INIT("tool"),
};

/* What reading messages needs beyond the reader. */
struct talk {
    struct openai_reader *reader;
    str legacy_id; /* of the latest `function_call`, which has none of its own */
};

/* Parts of one message while they are read; `room` is known before. */
struct parts {
    struct chat_part *at;
    size_t count;
};

str openai_role_name(enum chat_role role)
{
    assert((size_t)role < COUNT_OF(role_names));
    return role_names[role];
}

static struct chat_part *part_add(struct parts *parts, enum part_kind kind, json *raw)
{
    struct chat_part *part = &parts->at[parts->count++];

    part->kind = kind;
    part->raw = raw;
    return part;
}

/* A member that must be a string; `out` may be empty but not absent. */
static enum err read_text(struct openai_reader *reader, const struct openai_place *parent,
                          json *object, const char *name, str *out)
{
    json *value = json_get(object, name);
    struct openai_place place = {.parent = parent, .name = name};

    if (!json_is(value, JSON_STR)) {
        return openai_refuse(reader, &place, "must be a string");
    }
    *out = json_as_str(value);
    return ERR_OK;
}

static enum err need_object(struct openai_reader *reader, const struct openai_place *parent,
                            json *object, const char *name, json **out)
{
    json *value = json_get(object, name);
    struct openai_place place = {.parent = parent, .name = name};

    if (!json_is(value, JSON_OBJECT)) {
        return openai_refuse(reader, &place, "must be an object");
    }
    *out = value;
    return ERR_OK;
}

/* Splits "data:image/png;base64,AAAA" into the part's mime and data.  False when it is none. */
static bool take_data_url(struct chat_part *part, str url)
{
    str rest = str_skip(url, 5);

    if (!str_eq_nocase(str_take(url, 5), STR("data:"))) {
        return false;
    }
    size_t comma = str_find_char(rest, ',');
    str head = str_take(rest, comma);
    if (comma == rest.len || !str_has_suffix(head, STR(";base64"))) {
        return false;
    }
    part->mime = str_take(head, str_find_char(head, ';'));
    part->data = str_skip(rest, comma + 1);
    return true;
}

static bool is_web_url(str url)
{
    return str_eq_nocase(str_take(url, 8), STR("https://")) ||
           str_eq_nocase(str_take(url, 7), STR("http://"));
}

static enum err take_url(struct openai_reader *reader, const struct openai_place *place,
                         struct chat_part *part, str url)
{
    if (take_data_url(part, url)) {
        return ERR_OK;
    }
    if (!is_web_url(url)) {
        return openai_refuse(reader, place,
                             "must be an https URL or a data URL with base64 content");
    }
    part->url = url;
    return ERR_OK;
}

/* image_url and video_url: an object with `url`, or the URL itself. */
static enum err read_media(struct openai_reader *reader, const struct openai_place *place,
                           json *object, const char *name, struct chat_part *part)
{
    json *media = json_get(object, name);
    struct openai_place media_place = {.parent = place, .name = name};
    struct openai_place url_place = {.parent = &media_place, .name = "url"};
    str url = STR_NONE;

    if (json_is(media, JSON_STR)) {
        return take_url(reader, &media_place, part, json_as_str(media));
    }
    enum err err = need_object(reader, place, object, name, &media);
    if (err == ERR_OK) {
        err = read_text(reader, &media_place, media, "url", &url);
    }
    if (err == ERR_OK) {
        part->detail = json_str(media, "detail");
        err = take_url(reader, &url_place, part, url);
    }
    return err;
}

static enum err read_audio(struct openai_reader *reader, const struct openai_place *place,
                           json *object, struct chat_part *part)
{
    struct openai_place audio_place = {.parent = place, .name = "input_audio"};
    json *audio = NULL;

    enum err err = need_object(reader, place, object, "input_audio", &audio);
    if (err == ERR_OK) {
        err = read_text(reader, &audio_place, audio, "data", &part->data);
    }
    if (err == ERR_OK) {
        err = read_text(reader, &audio_place, audio, "format", &part->mime);
    }
    return err;
}

static enum err read_file(struct openai_reader *reader, const struct openai_place *place,
                          json *object, struct chat_part *part)
{
    struct openai_place file_place = {.parent = place, .name = "file"};
    struct openai_place data_place = {.parent = &file_place, .name = "file_data"};
    json *file = NULL;

    enum err err = need_object(reader, place, object, "file", &file);
    if (err != ERR_OK) {
        return err;
    }
    part->name = json_str(file, "filename");
    part->id = json_str(file, "file_id");
    str data = json_str(file, "file_data");
    if (data.len > 0) {
        return take_url(reader, &data_place, part, data);
    }
    if (part->id.len == 0) {
        return openai_refuse(reader, &file_place, "must have `file_data` or `file_id`");
    }
    return ERR_OK;
}

static enum err read_known_part(struct openai_reader *reader, const struct openai_place *place,
                                json *object, struct chat_part *part)
{
    switch (part->kind) {
    case PART_TEXT:
        return read_text(reader, place, object, "text", &part->text);
    case PART_REFUSAL:
        return read_text(reader, place, object, "refusal", &part->text);
    case PART_IMAGE:
        return read_media(reader, place, object, "image_url", part);
    case PART_VIDEO:
        return read_media(reader, place, object, "video_url", part);
    case PART_AUDIO:
        return read_audio(reader, place, object, part);
    case PART_FILE:
        return read_file(reader, place, object, part);
    case PART_REASONING:
    case PART_TOOL_CALL:
    case PART_OTHER:
        break;
    }
    return ERR_OK;
}

static enum part_kind part_kind_of(str type)
{
    static const struct {
        str type;
        enum part_kind kind;
    } kinds[] = {
        {STR_INIT("text"), PART_TEXT},         {STR_INIT("image_url"), PART_IMAGE},
        {STR_INIT("input_audio"), PART_AUDIO}, {STR_INIT("video_url"), PART_VIDEO},
        {STR_INIT("input_video"), PART_VIDEO}, {STR_INIT("file"), PART_FILE},
        {STR_INIT("refusal"), PART_REFUSAL},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_eq(type, kinds[i].type)) {
            return kinds[i].kind;
        }
    }
    return PART_OTHER;
}

static enum err read_part(struct openai_reader *reader, const struct openai_place *place,
                          json *object, struct parts *parts)
{
    str type = STR_NONE;

    if (!json_is(object, JSON_OBJECT)) {
        return openai_refuse(reader, place, "must be an object with a `type`");
    }
    enum err err = read_text(reader, place, object, "type", &type);
    if (err != ERR_OK) {
        return err;
    }
    struct chat_part *part = part_add(parts, part_kind_of(type), object);
    err = read_known_part(reader, place, object, part);
    if (err != ERR_OK) {
        return err;
    }
    return openai_read_cache_mark(reader, place, object, &part->has_cache_mark, &part->cache_ttl);
}

static enum err read_content(struct openai_reader *reader, const struct openai_place *parent,
                             const struct chat_message *message, json *content, struct parts *parts)
{
    struct openai_place place = {.parent = parent, .name = "content"};
    struct json_walk walk = json_walk(content);
    enum err err = ERR_OK;

    if (json_is(content, JSON_STR)) {
        part_add(parts, PART_TEXT, NULL)->text = json_as_str(content);
        return ERR_OK;
    }
    if (json_is_none(content) && message->role == ROLE_ASSISTANT) {
        return ERR_OK; /* it called tools, or said nothing */
    }
    if (!json_is(content, JSON_ARRAY)) {
        return openai_refuse(reader, &place, "must be a string or an array of parts");
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        struct openai_place element = {.parent = &place, .index = i};
        err = read_part(reader, &element, walk.value, parts);
    }
    return err;
}

/* What the model reasoned in an earlier turn, handed back. */
static void read_reasoning_detail(json *detail, struct parts *parts)
{
    static const struct {
        str type;
        enum chat_reasoning_kind kind;
        const char *text;
    } kinds[] = {
        {STR_INIT("reasoning.text"), CHAT_REASONING_TEXT, "text"},
        {STR_INIT("reasoning.summary"), CHAT_REASONING_SUMMARY, "summary"},
        {STR_INIT("reasoning.encrypted"), CHAT_REASONING_ENCRYPTED, "data"},
    };
    str type = json_str(detail, "type");

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_eq(type, kinds[i].type)) {
            struct chat_part *part = part_add(parts, PART_REASONING, detail);
            str format = json_str(detail, "format");
            part->reasoning = kinds[i].kind;
            part->text = json_str(detail, kinds[i].text);
            part->signature = json_str(detail, "signature");
            part->id = json_str(detail, "id");
            part->format = str_eq(format, STR("unknown")) ? STR_NONE : format;
        }
    }
}

static enum err read_reasoning(struct openai_reader *reader, const struct openai_place *place,
                               json *message, struct parts *parts)
{
    json *details = json_get(message, "reasoning_details");
    struct openai_place details_place = {.parent = place, .name = "reasoning_details"};
    struct json_walk walk = json_walk(details);

    if (!json_is_none(details) && !json_is(details, JSON_ARRAY)) {
        return openai_refuse(reader, &details_place, "must be an array");
    }
    if (walk.left > 0) {
        while (json_next(&walk)) {
            read_reasoning_detail(walk.value, parts);
        }
        return ERR_OK;
    }
    str text = json_str(message, "reasoning");
    text = text.len > 0 ? text : json_str(message, "reasoning_content");
    if (text.len > 0) {
        struct chat_part *part = part_add(parts, PART_REASONING, NULL);
        part->reasoning = CHAT_REASONING_PLAIN;
        part->text = text;
    }
    return ERR_OK;
}

/* The arguments as JSON text, never empty. */
static enum err read_arguments(struct openai_reader *reader, const struct openai_place *parent,
                               json *function, str *out)
{
    json *value = json_get(function, "arguments");
    struct openai_place place = {.parent = parent, .name = "arguments"};

    if (json_is(value, JSON_OBJECT)) {
        *out = json_to_text(reader->arena, value);
        return ERR_OK;
    }
    if (!json_is(value, JSON_STR) && !json_is_none(value)) {
        return openai_refuse(reader, &place, "must be a string that holds JSON");
    }
    str text = str_trim(json_as_str(value));
    *out = text.len > 0 ? json_as_str(value) : STR("{}");
    return ERR_OK;
}

static enum err read_function(struct openai_reader *reader, const struct openai_place *place,
                              json *function, struct chat_part *part)
{
    struct openai_place name_place = {.parent = place, .name = "name"};

    if (!json_is(function, JSON_OBJECT)) {
        return openai_refuse(reader, place, "must be an object");
    }
    if (json_str(function, "name").len == 0) {
        return openai_refuse(reader, &name_place, "must be a string that is not empty");
    }
    enum err err = openai_read_name(reader, &name_place, json_get(function, "name"), NAME_BYTES_MAX,
                                    &part->name);
    return err == ERR_OK ? read_arguments(reader, place, function, &part->arguments) : err;
}

static enum err read_tool_call(struct openai_reader *reader, const struct openai_place *place,
                               json *call, struct parts *parts)
{
    struct openai_place id_place = {.parent = place, .name = "id"};
    struct openai_place function_place = {.parent = place, .name = "function"};

    if (!json_is(call, JSON_OBJECT)) {
        return openai_refuse(reader, place, "must be an object");
    }
    str type = json_str(call, "type");
    if (type.len > 0 && !str_eq(type, STR("function"))) {
        (void)part_add(parts, PART_OTHER, call); /* a custom tool's: known to its provider only */
        return ERR_OK;
    }
    struct chat_part *part = part_add(parts, PART_TOOL_CALL, call);
    if (json_str(call, "id").len == 0) {
        return openai_refuse(reader, &id_place, "must be a string that is not empty");
    }
    enum err err =
        openai_read_name(reader, &id_place, json_get(call, "id"), NAME_BYTES_MAX, &part->id);
    return err == ERR_OK ? read_function(reader, &function_place, json_get(call, "function"), part)
                         : err;
}

static enum err read_tool_calls(struct talk *talk, const struct openai_place *parent, json *message,
                                struct parts *parts)
{
    json *calls = json_get(message, "tool_calls");
    json *legacy = json_get(message, "function_call");
    struct openai_place place = {.parent = parent, .name = "tool_calls"};
    struct openai_place legacy_place = {.parent = parent, .name = "function_call"};
    struct json_walk walk = json_walk(calls);
    enum err err = ERR_OK;

    if (!json_is_none(calls) && !json_is(calls, JSON_ARRAY)) {
        return openai_refuse(talk->reader, &place, "must be an array");
    }
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        struct openai_place element = {.parent = &place, .index = i};
        err = read_tool_call(talk->reader, &element, walk.value, parts);
    }
    if (err == ERR_OK && !json_is_none(legacy)) {
        struct chat_part *part = part_add(parts, PART_TOOL_CALL, NULL);
        talk->legacy_id = arena_printf(talk->reader->arena, "call_function_%zu", parent->index);
        part->id = talk->legacy_id;
        err = read_function(talk->reader, &legacy_place, legacy, part);
    }
    return err;
}

/* Room for every part that the message can hold. */
static size_t count_parts(json *message)
{
    json *content = json_get(message, "content");

    return 3 /* a plain text, a plain reasoning, a refusal or a function_call */ +
           (json_is(content, JSON_ARRAY) ? json_count(content) : 0) +
           json_count(json_get(message, "tool_calls")) +
           json_count(json_get(message, "reasoning_details"));
}

static enum err read_parts(struct talk *talk, const struct openai_place *place,
                           struct chat_message *message)
{
    struct openai_reader *reader = talk->reader;
    struct parts parts = {
        .at = ARENA_ARRAY(reader->arena, struct chat_part, count_parts(message->raw))};
    bool is_assistant = message->role == ROLE_ASSISTANT;
    enum err err = ERR_OK;

    if (is_assistant) {
        err = read_reasoning(reader, place, message->raw, &parts);
    }
    if (err == ERR_OK) {
        err = read_content(reader, place, message, json_get(message->raw, "content"), &parts);
    }
    if (err == ERR_OK && is_assistant) {
        str refusal = json_str(message->raw, "refusal");
        if (refusal.len > 0) {
            part_add(&parts, PART_REFUSAL, NULL)->text = refusal;
        }
        err = read_tool_calls(talk, place, message->raw, &parts);
    }
    message->parts = parts.at;
    message->part_count = parts.count;
    return err;
}

static enum err read_role(struct openai_reader *reader, const struct openai_place *parent,
                          json *value, enum chat_role *out)
{
    struct openai_place place = {.parent = parent, .name = "role"};
    str name = json_as_str(value);

    for (size_t i = 0; i < COUNT_OF(role_names); i++) {
        if (str_eq(name, role_names[i])) {
            *out = (enum chat_role)i;
            return ERR_OK;
        }
    }
    if (str_eq(name, STR("function"))) { /* the older name */
        *out = ROLE_TOOL;
        return ERR_OK;
    }
    return openai_refuse(reader, &place,
                         "must be one of system, developer, user, assistant or tool");
}

/* Which call a tool's message answers. */
static enum err read_tool_call_id(struct talk *talk, const struct openai_place *parent,
                                  struct chat_message *message)
{
    struct openai_place place = {.parent = parent, .name = "tool_call_id"};
    json *id = json_get(message->raw, "tool_call_id");

    if (str_eq(json_str(message->raw, "role"), STR("function")) && talk->legacy_id.len > 0) {
        message->tool_call_id = talk->legacy_id;
        return ERR_OK;
    }
    if (json_as_str(id).len == 0) {
        return openai_refuse(talk->reader, &place, "must be a string that is not empty");
    }
    return openai_read_name(talk->reader, &place, id, NAME_BYTES_MAX, &message->tool_call_id);
}

static enum err read_message(struct talk *talk, const struct openai_place *place, json *object,
                             struct chat_message *message)
{
    struct openai_place name_place = {.parent = place, .name = "name"};

    if (!json_is(object, JSON_OBJECT)) {
        return openai_refuse(talk->reader, place, "must be an object");
    }
    message->raw = object;
    enum err err = read_role(talk->reader, place, json_get(object, "role"), &message->role);
    if (err == ERR_OK) {
        err = openai_read_name(talk->reader, &name_place, json_get(object, "name"), NAME_BYTES_MAX,
                               &message->name);
    }
    if (err == ERR_OK && message->role == ROLE_TOOL) {
        err = read_tool_call_id(talk, place, message);
    }
    return err == ERR_OK ? read_parts(talk, place, message) : err;
}

/* `prompt`: text to be completed, asked as one message. */
static enum err read_prompt(struct openai_reader *reader, json *prompt)
{
    struct openai_place place = {.name = "prompt"};
    struct chat_request *chat = reader->chat;

    if (!json_is(prompt, JSON_STR)) {
        return openai_refuse(reader, &place, "must be a string");
    }
    chat->is_text = true;
    chat->messages = ARENA_NEW(reader->arena, struct chat_message);
    chat->message_count = 1;
    chat->messages->role = ROLE_USER;
    chat->messages->parts = ARENA_NEW(reader->arena, struct chat_part);
    chat->messages->part_count = 1;
    chat->messages->parts->text = json_as_str(prompt);
    return ERR_OK;
}

enum err openai_read_messages(struct openai_reader *reader, json *root)
{
    json *messages = json_get(root, "messages");
    json *prompt = json_get(root, "prompt");
    struct openai_place place = {.name = "messages"};
    struct chat_request *chat = reader->chat;
    struct talk talk = {.reader = reader};
    struct json_walk walk = json_walk(messages);
    enum err err = ERR_OK;

    if (json_is_none(messages)) {
        if (!json_is_none(prompt)) {
            return read_prompt(reader, prompt);
        }
        return openai_refuse(reader, NULL, "Input required: specify \"prompt\" or \"messages\"");
    }
    if (!json_is(messages, JSON_ARRAY) || json_count(messages) == 0) {
        return openai_refuse(reader, &place, "must be an array of at least one message");
    }
    if (json_count(messages) > MESSAGES_MAX) {
        return openai_refuse(reader, &place, "must hold at most %d messages", MESSAGES_MAX);
    }
    chat->message_count = json_count(messages);
    chat->messages = ARENA_ARRAY(reader->arena, struct chat_message, chat->message_count);
    for (size_t i = 0; err == ERR_OK && json_next(&walk); i++) {
        struct openai_place element = {.parent = &place, .index = i};
        err = read_message(&talk, &element, walk.value, &chat->messages[i]);
    }
    return err;
}
