/*
 * The messages of a request to the Anthropic Messages API: turns, blocks, tool results.
 */
#include "wire/anthropic.h"
#include "wire/request.h"

/* ---- Blocks ---- */

static void put_thinking(struct anthropic_request *request, const struct turn_block *block)
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

static void put_call(struct anthropic_request *request, const struct turn_block *block)
{
    json_put_str(request->writer, "type", STR("tool_use"));
    json_put_str(request->writer, "id", block->id);
    json_put_str(request->writer, "name", anthropic_tool_name(request, block->part->name));
    request_put_arguments(request->writer, "input", block->part->arguments, request->arena);
    anthropic_put_rest(request, block->part->raw, "type id name input cache_control ");
}

static enum err put_block(struct anthropic_request *request, const struct turn_block *block,
                          bool is_assistant)
{
    const struct chat_part *part = block->part;
    enum err err = ERR_OK;

    if (request->is_raw && part != NULL && part->kind == PART_OTHER) {
        json_put_value(request->writer, NULL, part->raw); /* a kind newer than we are */
        return ERR_OK;
    }
    json_open_object(request->writer, NULL);
    switch (part != NULL ? part->kind : PART_TEXT) {
    case PART_TEXT:
    case PART_REFUSAL:
        anthropic_put_text(request, block->text);
        anthropic_put_rest(request, part != NULL ? part->raw : NULL, "type text cache_control ");
        break;
    case PART_REASONING:
        put_thinking(request, block);
        break;
    case PART_TOOL_CALL:
        put_call(request, block);
        break;
    case PART_IMAGE:
    case PART_FILE:
        err = is_assistant ? anthropic_refuse_part(request, block, "must be text in this role")
                           : anthropic_put_media(request, block);
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
        anthropic_put_mark(request, MARKS_IN_MESSAGES, part->cache_ttl);
    }
    json_close_object(request->writer);
    return err;
}

/* ---- Tool results ---- */

static enum err put_result_content(struct anthropic_request *request,
                                   const struct chat_message *message)
{
    struct turn_block block = {.message = (size_t)(message - request->chat->messages)};

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

static enum err put_result(struct anthropic_request *request, const struct turn_block *call)
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
    if (turns_marked_part(message) != NULL) {
        anthropic_put_mark(request, MARKS_IN_MESSAGES, turns_marked_part(message)->cache_ttl);
    }
    json_close_object(request->writer);
    return err;
}

/* ---- Messages ---- */

static enum err put_results(struct anthropic_request *request, const struct turn *calls)
{
    for (const struct turn_block *block = calls->first; block != NULL; block = block->next) {
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

static enum err put_turn(struct anthropic_request *request, const struct turn *turn,
                         const struct turn *before)
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
    for (const struct turn_block *block = turn->first; block != NULL && err == ERR_OK;
         block = block->next) {
        bool is_thinking = block->part != NULL && block->part->kind == PART_REASONING;
        if (!is_thinking || request->thinks) {
            err = put_block(request, block, turn->is_assistant);
        }
    }
    json_close_array(request->writer);
    json_close_object(request->writer);
    return err;
}

enum err anthropic_put_messages(struct anthropic_request *request)
{
    const struct turn *before = NULL;
    enum err err = ERR_OK;

    json_open_array(request->writer, "messages");
    for (const struct turn *turn = request->turns.first; turn != NULL && err == ERR_OK;
         turn = turn->next) {
        err = put_turn(request, turn, before);
        before = turn;
    }
    json_close_array(request->writer);
    return err;
}
