/*
 * The messages of a Converse request: turns, blocks, results of tools.
 */
#include "base/text.h"
#include "wire/bedrock.h"
#include "wire/request.h"

/* ---- Cache marks ---- */

void bedrock_put_mark(struct bedrock_request *request, str ttl)
{
    bool is_long = str_eq(ttl, STR("1h")) && !request->has_short_mark;

    if (!bedrock_takes(request, TAKES_CACHE_MARKS)) {
        return;
    }
    request->has_short_mark = !is_long;
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "cachePoint");
    json_put_str(request->writer, "type", STR("default"));
    if (is_long) { /* the usual life needs no word, and old models know none */
        json_put_str(request->writer, "ttl", ttl);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
}

/* A mark in a message: later ones cover more, so the oldest of too many are left out. */
static void put_message_mark(struct bedrock_request *request, str ttl)
{
    if (request->marks_to_skip > 0) {
        request->marks_to_skip--;
        return;
    }
    bedrock_put_mark(request, ttl);
}

/* ---- Blocks ---- */

void bedrock_put_text(struct bedrock_request *request, str text)
{
    bool is_blank = str_trim(text).len == 0;

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "text", is_blank ? STR(BEDROCK_EMPTY) : text);
    json_close_object(request->writer);
}

/* Opaque thinking is wrapped as the API gave it (bedrock_answer.c unwraps it). */
static void put_reasoning(struct bedrock_request *request, const struct turn_block *block)
{
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "reasoningContent");
    if (block->part->reasoning == CHAT_REASONING_ENCRYPTED) {
        json_put_str(request->writer, "redactedContent",
                     text_base64_encode(block->text, request->arena));
    } else {
        json_open_object(request->writer, "reasoningText");
        json_put_str(request->writer, "text", block->text);
        json_put_str(request->writer, "signature", block->part->signature);
        json_close_object(request->writer);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
}

static void put_call(struct bedrock_request *request, const struct turn_block *block)
{
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "toolUse");
    json_put_str(request->writer, "toolUseId", block->id);
    json_put_str(request->writer, "name", bedrock_tool_name(request, block->part->name));
    request_put_arguments(request->writer, "input", block->part->arguments, request->arena);
    json_close_object(request->writer);
    json_close_object(request->writer);
}

/* The block of a part, without its mark. */
static enum err put_part(struct bedrock_request *request, const struct turn_block *block,
                         bool is_assistant)
{
    switch (block->part != NULL ? block->part->kind : PART_TEXT) {
    case PART_TEXT:
    case PART_REFUSAL:
        bedrock_put_text(request, block->text);
        return ERR_OK;
    case PART_REASONING:
        put_reasoning(request, block);
        return ERR_OK;
    case PART_TOOL_CALL:
        put_call(request, block);
        return ERR_OK;
    case PART_IMAGE:
    case PART_FILE:
    case PART_AUDIO:
    case PART_VIDEO:
        return is_assistant ? bedrock_refuse_part(request, block, "must be text in this role")
                            : bedrock_put_media(request, block);
    case PART_OTHER:
        break;
    }
    return bedrock_refuse_part(request, block, "is of a type this model's provider does not know");
}

static enum err put_block(struct bedrock_request *request, const struct turn_block *block,
                          bool is_assistant)
{
    enum err err = put_part(request, block, is_assistant);

    if (err == ERR_OK && block->has_cache_mark && block->part != NULL) {
        put_message_mark(request, block->part->cache_ttl);
    }
    return err;
}

/* ---- Tool results ---- */

static enum err put_result_content(struct bedrock_request *request,
                                   const struct chat_message *message)
{
    struct turn_block block = {.message = (size_t)(message - request->chat->messages)};
    bool is_empty = true;

    for (; block.index < message->part_count; block.index++) {
        block.part = &message->parts[block.index];
        block.text = block.part->text;
        if (block.part->kind == PART_TEXT && str_trim(block.text).len == 0) {
            continue;
        }
        enum err err = put_part(request, &block, false);
        if (err != ERR_OK) {
            return err;
        }
        is_empty = false;
    }
    if (is_empty) {
        bedrock_put_text(request, STR_NONE);
    }
    return ERR_OK;
}

static enum err put_result(struct bedrock_request *request, const struct turn_block *call)
{
    const struct chat_message *message = call->result;
    bool is_error = message == NULL || message->is_error;
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    json_open_object(request->writer, "toolResult");
    json_put_str(request->writer, "toolUseId", call->id);
    json_open_array(request->writer, "content");
    if (message != NULL) {
        err = put_result_content(request, message);
    } else {
        bedrock_put_text(request, STR("No result was given for this call."));
    }
    json_close_array(request->writer);
    if (is_error && request->family->takes_status) {
        json_put_str(request->writer, "status", STR("error"));
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
    if (err == ERR_OK && turns_marked_part(message) != NULL) {
        put_message_mark(request, turns_marked_part(message)->cache_ttl);
    }
    return err;
}

/* ---- Messages ---- */

static enum err put_results(struct bedrock_request *request, const struct turn *calls)
{
    enum err err = ERR_OK;

    for (const struct turn_block *block = calls->first; block != NULL && err == ERR_OK;
         block = block->next) {
        if (block->part != NULL && block->part->kind == PART_TOOL_CALL) {
            err = put_result(request, block);
        }
    }
    return err;
}

static bool is_spoken(const struct turn_block *block)
{
    return block->part == NULL || block->part->kind == PART_TEXT ||
           block->part->kind == PART_REFUSAL;
}

static enum err put_blocks(struct bedrock_request *request, const struct turn *turn, bool is_empty)
{
    bool has_file = false;
    bool has_text = false;

    for (const struct turn_block *block = turn->first; block != NULL; block = block->next) {
        bool is_reasoning = block->part != NULL && block->part->kind == PART_REASONING;
        if (is_reasoning && !request->thinks) {
            continue;
        }
        enum err err = put_block(request, block, turn->is_assistant);
        if (err != ERR_OK) {
            return err;
        }
        is_empty = false;
        has_text = has_text || is_spoken(block);
        has_file = has_file || (block->part != NULL && block->part->kind == PART_FILE);
    }
    if (is_empty || (has_file && !has_text)) {
        bedrock_put_text(request, STR_NONE); /* documents need a text beside them */
    }
    return ERR_OK;
}

static enum err put_turn(struct bedrock_request *request, const struct turn *turn,
                         const struct turn *before)
{
    bool has_results = before != NULL && before->has_calls && !turn->is_assistant;
    enum err err = ERR_OK;

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "role", turn->is_assistant ? STR("assistant") : STR("user"));
    json_open_array(request->writer, "content");
    if (before == NULL && request->words.len > 0 && !bedrock_takes(request, TAKES_SYSTEM)) {
        bedrock_put_text(request, request->words);
    }
    if (has_results) {
        err = put_results(request, before);
    }
    if (err == ERR_OK) {
        err = put_blocks(request, turn, !has_results);
    }
    if (turn->next == NULL && request->chat->has_cache_mark && !turn->is_assistant) {
        put_message_mark(request, request->chat->cache_ttl);
    }
    json_close_array(request->writer);
    json_close_object(request->writer);
    return err;
}

enum err bedrock_put_messages(struct bedrock_request *request)
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
