/*
 * The messages of a request to the Anthropic Messages API: turns, blocks, tool results, media.
 */
#include "base/text.h"
#include "wire/anthropic.h"

enum { TOOL_NAME_BYTES_MAX = 128 };

/* ---- Cache marks ---- */

/* The part of a tool result that is marked, or NULL: the mark then stands on the whole result. */
static const struct chat_part *marked_part(const struct chat_message *message)
{
    for (size_t i = 0; message != NULL && i < message->part_count; i++) {
        if (message->parts[i].has_cache_mark) {
            return &message->parts[i];
        }
    }
    return NULL;
}

int anthropic_count_marks(const struct anthropic_block *block)
{
    int count = 0;

    for (; block != NULL; block = block->next) {
        count += block->has_cache_mark ? 1 : 0;
        count += marked_part(block->result) != NULL ? 1 : 0;
    }
    return count;
}

/* A mark in a message: later ones cover more, so the oldest of too many are left out. */
static void put_message_mark(struct anthropic_request *request, str ttl)
{
    if (request->marks_to_skip > 0) {
        request->marks_to_skip--;
        return;
    }
    anthropic_put_mark(request, ttl);
}

/* ---- Images and documents ---- */

/* What base64 data begins with, by what it is. */
static str sniff(str data)
{
    static const struct {
        str begins;
        str mime;
    } kinds[] = {
        {STR_INIT("/9j/"), STR_INIT("image/jpeg")},
        {STR_INIT("iVBORw0KGgo"), STR_INIT("image/png")},
        {STR_INIT("R0lGOD"), STR_INIT("image/gif")},
        {STR_INIT("JVBERi"), STR_INIT("application/pdf")},
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_has_prefix(data, kinds[i].begins)) {
            return kinds[i].mime;
        }
    }
    /* RIFF, four bytes of size, WEBP */
    if (str_has_prefix(data, STR("UklGR")) &&
        str_eq(str_take(str_skip(data, 12), 4), STR("RUJQ"))) {
        return STR("image/webp");
    }
    return STR_NONE;
}

static bool is_image(str mime)
{
    return str_eq(mime, STR("image/jpeg")) || str_eq(mime, STR("image/png")) ||
           str_eq(mime, STR("image/gif")) || str_eq(mime, STR("image/webp"));
}

/* The type that the data shows, else the one the client says: clients often say the wrong one. */
static str media_type(const struct chat_part *part, str data)
{
    str seen = sniff(data);

    if (seen.len > 0) {
        return seen;
    }
    return str_eq(part->mime, STR("image/jpg")) ? STR("image/jpeg") : part->mime;
}

/* Base64 without line breaks, which this API refuses. */
static str unbroken(struct arena *arena, str data)
{
    if (str_find_char(data, '\n') == data.len && str_find_char(data, '\r') == data.len) {
        return data;
    }
    char *text = ARENA_ARRAY(arena, char, data.len);
    size_t len = 0;
    for (size_t i = 0; i < data.len; i++) {
        if (data.at[i] != '\n' && data.at[i] != '\r') {
            text[len++] = data.at[i];
        }
    }
    return str_of(text, len);
}

static int base64_value(char c)
{
    static const str alphabet =
        STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t at = str_find_char(alphabet, c);

    return at < 64 ? (int)at : -1;
}

/* The bytes behind base64 that was checked. */
static str decoded(struct arena *arena, str data)
{
    char *bytes = ARENA_ARRAY(arena, char, data.len / 4 * 3 + 3);
    size_t len = 0;
    unsigned bits = 0;
    int count = 0;

    for (size_t i = 0; i < data.len; i++) {
        int value = base64_value(data.at[i]);
        if (value < 0) {
            break; /* padding */
        }
        bits = (bits << 6) | (unsigned)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[len++] = (char)(unsigned char)(bits >> count);
        }
    }
    return str_of(bytes, len);
}

static void put_source(struct anthropic_request *request, str type, str mime, str data)
{
    json_open_object(request->writer, "source");
    json_put_str(request->writer, "type", type);
    if (mime.len > 0) {
        json_put_str(request->writer, "media_type", mime);
    }
    json_put_str(request->writer, str_eq(type, STR("url")) ? "url" : "data", data);
    json_close_object(request->writer);
}

static enum err put_image(struct anthropic_request *request, const struct anthropic_block *block)
{
    const struct chat_part *part = block->part;
    str data = unbroken(request->arena, part->data);
    str mime = media_type(part, data);

    if (part->url.len > 0) {
        json_put_str(request->writer, "type", STR("image"));
        put_source(request, STR("url"), STR_NONE, part->url);
        return ERR_OK;
    }
    if (!is_image(mime)) {
        return anthropic_refuse_part(request, block, "must be a JPEG, PNG, GIF or WebP image");
    }
    if (!text_is_base64(data)) {
        return anthropic_refuse_part(request, block, "does not hold base64 data");
    }
    json_put_str(request->writer, "type", STR("image"));
    put_source(request, STR("base64"), mime, data);
    return ERR_OK;
}

static enum err put_file(struct anthropic_request *request, const struct anthropic_block *block)
{
    const struct chat_part *part = block->part;
    str data = unbroken(request->arena, part->data);
    str mime = media_type(part, data);
    bool is_pdf = str_eq(mime, STR("application/pdf"));

    if (part->url.len == 0 && data.len == 0) {
        return anthropic_refuse_part(request, block,
                                     "names an uploaded file, which this provider has not");
    }
    if (part->url.len == 0 && is_image(mime)) {
        return put_image(request, block);
    }
    if (part->url.len == 0 && !is_pdf && !str_has_prefix(mime, STR("text/"))) {
        return anthropic_refuse_part(request, block, "must be a PDF, a text or an image");
    }
    if (!text_is_base64(data)) {
        return anthropic_refuse_part(request, block, "does not hold base64 data");
    }
    json_put_str(request->writer, "type", STR("document"));
    if (part->url.len > 0) {
        put_source(request, STR("url"), STR_NONE, part->url);
    } else if (is_pdf) {
        put_source(request, STR("base64"), mime, data);
    } else {
        put_source(request, STR("text"), STR("text/plain"), decoded(request->arena, data));
    }
    if (part->name.len > 0) {
        json_put_str(request->writer, "title", part->name);
    }
    return ERR_OK;
}

/* ---- Blocks ---- */

void anthropic_put_text(struct anthropic_request *request, str text)
{
    json_put_str(request->writer, "type", STR("text"));
    json_put_str(request->writer, "text", text);
}

static void put_thinking(struct anthropic_request *request, const struct anthropic_block *block)
{
    if (block->part->reasoning == CHAT_REASONING_ENCRYPTED) {
        json_put_str(request->writer, "type", STR("redacted_thinking"));
        json_put_str(request->writer, "data", block->text);
        return;
    }
    json_put_str(request->writer, "type", STR("thinking"));
    json_put_str(request->writer, "thinking", block->text);
    json_put_str(request->writer, "signature", block->part->signature);
}

/* The arguments as an object, their text untouched: numbers of any size stay what they are. */
static void put_input(struct anthropic_request *request, str arguments)
{
    struct arena_mark mark = arena_mark(request->arena);
    json *value = json_read_lenient(request->arena, arguments);
    enum json_type type = json_type(value);

    arena_rewind(request->arena, mark);
    if (type == JSON_OBJECT) {
        json_put_raw(request->writer, "input", str_trim(arguments));
        return;
    }
    json_open_object(request->writer, "input");
    if (type != JSON_ABSENT) {
        json_put_raw(request->writer, "value", str_trim(arguments));
    } else if (str_trim(arguments).len > 0) {
        json_put_str(request->writer, "_raw", arguments);
    }
    json_close_object(request->writer);
}

bool anthropic_is_name(str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!anthropic_is_name_char(name.at[i])) {
            return false;
        }
    }
    return name.len > 0 && name.len <= TOOL_NAME_BYTES_MAX;
}

/* A name of an earlier call in the alphabet of the API; it is not answered, so it needs no way
 * back. */
static str clean_name(struct arena *arena, str name)
{
    if (anthropic_is_name(name)) {
        return name;
    }
    char *text = ARENA_ARRAY(arena, char, TOOL_NAME_BYTES_MAX);
    size_t len = name.len < TOOL_NAME_BYTES_MAX ? name.len : TOOL_NAME_BYTES_MAX;
    for (size_t i = 0; i < len; i++) {
        char c = name.at[i];
        if (!anthropic_is_name_char(c)) {
            c = '_';
        }
        text[i] = c;
    }
    return len > 0 ? str_of(text, len) : STR("tool");
}

static void put_call(struct anthropic_request *request, const struct anthropic_block *block)
{
    json_put_str(request->writer, "type", STR("tool_use"));
    json_put_str(request->writer, "id", block->id);
    json_put_str(request->writer, "name", clean_name(request->arena, block->part->name));
    put_input(request, block->part->arguments);
}

static enum err put_block(struct anthropic_request *request, const struct anthropic_block *block,
                          bool is_assistant)
{
    const struct chat_part *part = block->part;
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    switch (part != NULL ? part->kind : PART_TEXT) {
    case PART_TEXT:
    case PART_REFUSAL:
        anthropic_put_text(request, block->text);
        break;
    case PART_REASONING:
        put_thinking(request, block);
        break;
    case PART_TOOL_CALL:
        put_call(request, block);
        break;
    case PART_IMAGE:
        err = is_assistant
                  ? anthropic_refuse_part(request, block, "cannot be an image in this role")
                  : put_image(request, block);
        break;
    case PART_FILE:
        err = is_assistant ? anthropic_refuse_part(request, block, "cannot be a file in this role")
                           : put_file(request, block);
        break;
    case PART_AUDIO:
        err = anthropic_refuse_part(request, block, "is audio, which this model does not take");
        break;
    case PART_VIDEO:
        err = anthropic_refuse_part(request, block, "is video, which this model does not take");
        break;
    case PART_OTHER:
        err = anthropic_refuse_part(request, block,
                                    "is of a type this model's provider does not know");
        break;
    }
    if (part != NULL && block->has_cache_mark) {
        put_message_mark(request, part->cache_ttl);
    }
    json_close_object(request->writer);
    return err;
}

/* ---- Tool results ---- */

static enum err put_result_content(struct anthropic_request *request,
                                   const struct chat_message *message)
{
    struct anthropic_block block = {.message = (size_t)(message - request->chat->messages)};

    if (message->part_count == 1 && message->parts[0].kind == PART_TEXT) {
        json_put_str(request->writer, "content", message->parts[0].text);
        return ERR_OK;
    }
    json_open_array(request->writer, "content");
    for (; block.index < message->part_count; block.index++) {
        block.part = &message->parts[block.index];
        block.text = block.part->text;
        if (block.part->kind == PART_TEXT && block.text.len == 0) {
            continue;
        }
        enum err err = put_block(request, &block, false);
        if (err != ERR_OK) {
            return err;
        }
    }
    json_close_array(request->writer);
    return ERR_OK;
}

static enum err put_result(struct anthropic_request *request, const struct anthropic_block *call)
{
    const struct chat_message *message = call->result;
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "type", STR("tool_result"));
    json_put_str(request->writer, "tool_use_id", call->id);
    if (message != NULL) {
        err = put_result_content(request, message);
    } else {
        json_put_str(request->writer, "content", STR("No result was given for this call."));
    }
    if (message == NULL || message->is_error) {
        json_put_bool(request->writer, "is_error", true);
    }
    if (marked_part(message) != NULL) {
        put_message_mark(request, marked_part(message)->cache_ttl);
    }
    json_close_object(request->writer);
    return err;
}

/* ---- Messages ---- */

static enum err put_results(struct anthropic_request *request, const struct anthropic_turn *calls)
{
    for (const struct anthropic_block *block = calls->first; block != NULL; block = block->next) {
        if (block->part == NULL || block->part->kind != PART_TOOL_CALL) {
            continue;
        }
        enum err err = put_result(request, block);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err put_turn(struct anthropic_request *request, const struct anthropic_turn *turn,
                         const struct anthropic_turn *before)
{
    bool has_results = before != NULL && before->has_calls && !turn->is_assistant;
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "role", turn->is_assistant ? STR("assistant") : STR("user"));
    json_open_array(request->writer, "content");
    if (has_results) {
        err = put_results(request, before);
    } else if (turn->first == NULL) {
        json_open_object(request->writer, NULL);
        anthropic_put_text(request, STR(".")); /* an empty turn of the user's is refused */
        json_close_object(request->writer);
    }
    for (const struct anthropic_block *block = turn->first; block != NULL && err == ERR_OK;
         block = block->next) {
        bool is_thinking = block->part != NULL && block->part->kind == PART_REASONING;
        if (!is_thinking || request->keeps_thinking) {
            err = put_block(request, block, turn->is_assistant);
        }
    }
    json_close_array(request->writer);
    json_close_object(request->writer);
    return err;
}

enum err anthropic_put_messages(struct anthropic_request *request)
{
    const struct anthropic_turn *before = NULL;
    enum err err = ERR_OK;

    json_open_array(request->writer, "messages");
    for (const struct anthropic_turn *turn = request->turns.first; turn != NULL && err == ERR_OK;
         turn = turn->next) {
        err = put_turn(request, turn, before);
        before = turn;
    }
    json_close_array(request->writer);
    return err;
}
