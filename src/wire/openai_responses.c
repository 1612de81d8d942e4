/*
 * The Responses API's words as tables.
 */
#include "wire/openai_responses.h"

#include "wire/quirks.h"

static const str item_names[] = {
    [ITEM_MESSAGE] = STR_INIT("message"),
    [ITEM_REASONING] = STR_INIT("reasoning"),
    [ITEM_FUNCTION_CALL] = STR_INIT("function_call"),
    [ITEM_FUNCTION_OUTPUT] = STR_INIT("function_call_output"),
    [ITEM_CUSTOM_CALL] = STR_INIT("custom_tool_call"),
    [ITEM_CUSTOM_OUTPUT] = STR_INIT("custom_tool_call_output"),
    [ITEM_IMAGE] = STR_INIT("image_generation_call"),
    [ITEM_WEB_SEARCH] = STR_INIT("web_search_call"),
};
_Static_assert(COUNT_OF(item_names) == ITEM_OTHER, "every item has a name");

static const str event_names[] = {
    [RESPONSES_TEXT_DELTA] = STR_INIT("response.output_text.delta"),
    [RESPONSES_SUMMARY_DELTA] = STR_INIT("response.reasoning_summary_text.delta"),
    [RESPONSES_REASONING_DELTA] = STR_INIT("response.reasoning_text.delta"),
    [RESPONSES_ARGUMENTS_DELTA] = STR_INIT("response.function_call_arguments.delta"),
    [RESPONSES_REFUSAL_DELTA] = STR_INIT("response.refusal.delta"),
    [RESPONSES_ITEM_ADDED] = STR_INIT("response.output_item.added"),
    [RESPONSES_ITEM_DONE] = STR_INIT("response.output_item.done"),
    [RESPONSES_PART_ADDED] = STR_INIT("response.content_part.added"),
    [RESPONSES_PART_DONE] = STR_INIT("response.content_part.done"),
    [RESPONSES_TEXT_DONE] = STR_INIT("response.output_text.done"),
    [RESPONSES_REFUSAL_DONE] = STR_INIT("response.refusal.done"),
    [RESPONSES_ANNOTATION_ADDED] = STR_INIT("response.output_text.annotation.added"),
    [RESPONSES_ARGUMENTS_DONE] = STR_INIT("response.function_call_arguments.done"),
    [RESPONSES_INPUT_DELTA] = STR_INIT("response.custom_tool_call_input.delta"),
    [RESPONSES_INPUT_DONE] = STR_INIT("response.custom_tool_call_input.done"),
    [RESPONSES_SUMMARY_PART_ADDED] = STR_INIT("response.reasoning_summary_part.added"),
    [RESPONSES_SUMMARY_PART_DONE] = STR_INIT("response.reasoning_summary_part.done"),
    [RESPONSES_SUMMARY_DONE] = STR_INIT("response.reasoning_summary_text.done"),
    [RESPONSES_REASONING_DONE] = STR_INIT("response.reasoning_text.done"),
    [RESPONSES_CREATED] = STR_INIT("response.created"),
    [RESPONSES_QUEUED] = STR_INIT("response.queued"),
    [RESPONSES_IN_PROGRESS] = STR_INIT("response.in_progress"),
    [RESPONSES_COMPLETED] = STR_INIT("response.completed"),
    [RESPONSES_INCOMPLETE] = STR_INIT("response.incomplete"),
    [RESPONSES_FAILED] = STR_INIT("response.failed"),
    [RESPONSES_CANCELLED] = STR_INIT("response.cancelled"),
    [RESPONSES_ERROR] = STR_INIT("error"),
};
_Static_assert(COUNT_OF(event_names) == RESPONSES_OTHER, "every event has a name");

static size_t find_name(const str *names, size_t count, str name)
{
    size_t i = 0;

    while (i < count && !str_eq(names[i], name)) {
        i++;
    }
    return i;
}

str responses_item_name(enum responses_item item)
{
    assert(item < ITEM_OTHER);
    return item_names[item];
}

enum responses_item responses_item_by_name(str name)
{
    return (enum responses_item)find_name(item_names, ITEM_OTHER, name);
}

str responses_event_name(enum responses_event event)
{
    assert(event < RESPONSES_OTHER);
    return event_names[event];
}

enum responses_event responses_event_by_name(str name)
{
    return (enum responses_event)find_name(event_names, RESPONSES_OTHER, name);
}

str responses_reasoning_format(const struct model *model)
{
    if (model->quirks->item_format != NULL) {
        return str_c(model->quirks->item_format);
    }
    switch (model_platform(model)) {
    case PLATFORM_AZURE:
    case PLATFORM_AZURE_CLASSIC:
        return STR("azure-openai-responses-v1");
    case PLATFORM_BEDROCK:
        return STR("bedrock-openai-responses-v1");
    case PLATFORM_OWN:
    case PLATFORM_VERTEX:
        break;
    }
    return STR("openai-responses-v1");
}
