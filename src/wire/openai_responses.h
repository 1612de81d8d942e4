/*
 * openai_responses: the words of OpenAI's Responses API, for whoever reads or writes it.
 *
 * A conversation is a list of items; an answer is items that grow by events.  A request of this
 * format that is sent on (FORMAT_OPENAI_RESPONSES) takes from the neutral chat what the chat can
 * say, and from chat->root every other member as it is: see openai_responses_encode.c.
 */
#pragma once

#include "codec/json_write.h"
#include "llm/chat.h"
#include "llm/model.h"
#include "wire/dialect.h"

enum responses_item {
    ITEM_MESSAGE,
    ITEM_REASONING,
    ITEM_FUNCTION_CALL,
    ITEM_FUNCTION_OUTPUT,
    ITEM_CUSTOM_CALL,
    ITEM_CUSTOM_OUTPUT,
    ITEM_IMAGE,
    ITEM_WEB_SEARCH,
    ITEM_OTHER, /* tools that the provider runs itself, and types not known yet */
};

/* The word for the type; not for ITEM_OTHER. */
str responses_item_name(enum responses_item item);

/* ITEM_OTHER when the word is none of them. */
enum responses_item responses_item_by_name(str name);

enum responses_event {
    RESPONSES_TEXT_DELTA, /* the most frequent first */
    RESPONSES_SUMMARY_DELTA,
    RESPONSES_REASONING_DELTA,
    RESPONSES_ARGUMENTS_DELTA,
    RESPONSES_REFUSAL_DELTA,
    RESPONSES_ITEM_ADDED,
    RESPONSES_ITEM_DONE,
    RESPONSES_PART_ADDED,
    RESPONSES_PART_DONE,
    RESPONSES_TEXT_DONE,
    RESPONSES_REFUSAL_DONE,
    RESPONSES_ANNOTATION_ADDED,
    RESPONSES_ARGUMENTS_DONE,
    RESPONSES_INPUT_DELTA,
    RESPONSES_INPUT_DONE,
    RESPONSES_SUMMARY_PART_ADDED,
    RESPONSES_SUMMARY_PART_DONE,
    RESPONSES_SUMMARY_DONE,
    RESPONSES_REASONING_DONE,
    RESPONSES_CREATED,
    RESPONSES_QUEUED,
    RESPONSES_IN_PROGRESS,
    RESPONSES_COMPLETED,
    RESPONSES_INCOMPLETE,
    RESPONSES_FAILED,
    RESPONSES_CANCELLED,
    RESPONSES_ERROR,
    RESPONSES_OTHER, /* progress of the provider's own tools, and events not known yet */
};

/* The word for the event; not for RESPONSES_OTHER. */
str responses_event_name(enum responses_event event);

/* RESPONSES_OTHER when the word is none of them. */
enum responses_event responses_event_by_name(str name);

/* Whose reasoning items the provider of `model` gives, such as "openai-responses-v1": opaque ones
 * are read by it alone. */
str responses_reasoning_format(const struct model *model);

/* encode_request and needs_bytes of the dialect. */
enum err responses_encode_request(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault) MUST_CHECK;
bool responses_needs_bytes(const struct chat_part *part, const struct model *model);
