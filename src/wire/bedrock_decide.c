/*
 * What a Converse request can say of what its chat asks for.
 *
 * Decided before anything is written, because the parts of a request limit each other: thinking
 * excludes forced tools, sampling and prefills.  What is left out is noted by the client's name for
 * it; what would change the meaning by its silence is refused.
 */
#include "wire/bedrock.h"
#include "wire/request.h"
#include "wire/schema_subset.h"
#include "wire/thinking.h"
#include "wire/unsaid.h"

enum {
    CACHE_MARKS_MAX = 4,
    OUTPUT_TOKENS_DEFAULT = 4096, /* to think in, when nobody knows what the model can */
};

/* ---- Families of models ---- */

/* What the vendors' own parameters are called, state of August 2026 (provider-dialects.md section
 * 8.2).  The first that fits counts; the last fits all. */
static const struct bedrock_family families[] = {
    {"claude-*", BEDROCK_KNOB_CLAUDE, BEDROCK_KNOB_CLAUDE, TOOL_ID_BEDROCK, true},
    {"nova-2*", BEDROCK_KNOB_NOVA, BEDROCK_KNOB_NOVA, TOOL_ID_BEDROCK, true},
    {"nova-*", BEDROCK_KNOB_NONE, BEDROCK_KNOB_NOVA, TOOL_ID_BEDROCK, true},
    {"*stral*", BEDROCK_KNOB_EFFORT, BEDROCK_KNOB_NONE, TOOL_ID_NINE, false}, /* Mistral's */
    {"*", BEDROCK_KNOB_EFFORT, BEDROCK_KNOB_NONE, TOOL_ID_BEDROCK, false},
};

bool bedrock_is_of(const struct model *model, const char *pattern)
{
    char room[PLAIN_ID_BYTES_MAX];
    str id = rules_plain_id(model->name, room, sizeof(room));

    return rules_match(str_c(pattern), id) ||
           rules_match(str_c(pattern), model_rules_of(model)->match);
}

const struct bedrock_family *bedrock_family_of(const struct model *model)
{
    size_t i = 0;

    while (!bedrock_is_of(model, families[i].match)) {
        i++;
    }
    return &families[i];
}

bool bedrock_is_claude(const struct model *model)
{
    return bedrock_family_of(model)->reasoning == BEDROCK_KNOB_CLAUDE;
}

/* ---- Refusing and leaving out ---- */

enum err bedrock_refuse(struct bedrock_request *request, str param, const char *words)
{
    return request_refuse(request->fault, request->arena, param, words);
}

enum err bedrock_refuse_part(struct bedrock_request *request, const struct turn_block *block,
                             const char *words)
{
    return request_refuse_part(request->fault, request->arena, block->message, block->index, words);
}

void bedrock_drop(struct bedrock_request *request, const char *name)
{
    drops_add(&request->out->drops, request->arena, str_c(name));
}

bool bedrock_sends(const struct bedrock_request *request, str parameter, bool by_rule)
{
    return request_sends(request->model, request->thinks, parameter, by_rule);
}

/* ---- The form of the answer ---- */

static bool is_object_schema(json *schema)
{
    return str_eq(json_str(schema, "type"), STR("object"));
}

/* A prefill excludes the better ways, and both need an object. */
static enum bedrock_form form_of_schema(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    bool has_tool_way = bedrock_takes(request, TAKES_FORCED_TOOL) &&
                        bedrock_takes(request, TAKES_TOOLS) &&
                        chat->tool_choice != TOOL_CHOICE_NAMED;

    if (!request->turns.has_prefill && is_object_schema(chat->schema)) {
        if (bedrock_takes(request, TAKES_SCHEMA) && schema_subset_fits(chat->schema)) {
            return BEDROCK_FORM_BY_SCHEMA;
        }
        if (has_tool_way) {
            return BEDROCK_FORM_BY_TOOL;
        }
    }
    bedrock_drop(request, "response_format"); /* it is asked for, not kept */
    return BEDROCK_FORM_BY_WORDS;
}

static enum err decide_form(struct bedrock_request *request)
{
    switch (request->chat->answer_form) {
    case ANSWER_UNSET:
    case ANSWER_TEXT:
        request->form = BEDROCK_FORM_FREE;
        break;
    case ANSWER_JSON_OBJECT:
        request->form = BEDROCK_FORM_BY_WORDS;
        break;
    case ANSWER_JSON_SCHEMA:
        request->form = form_of_schema(request);
        break;
    case ANSWER_OTHER:
        return bedrock_refuse(request, STR("response_format.type"),
                              "is not known to this model's provider");
    }
    return ERR_OK;
}

/* ---- Tools ---- */

/* Where earlier turns called tools the API wants some described, also when the client sends none or
 * forbids them. */
static enum bedrock_tools tools_of(const struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;

    if (chat->tool_count > 0 && chat->tool_choice != TOOL_CHOICE_NONE) {
        return BEDROCK_TOOLS_GIVEN;
    }
    return request->turns.has_calls ? BEDROCK_TOOLS_HISTORY : BEDROCK_TOOLS_NONE;
}

/* Most models refuse to be told which tool to call; the answer without it is still one. */
static enum err decide_tools(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    bool wants_tool =
        chat->tool_choice == TOOL_CHOICE_REQUIRED || chat->tool_choice == TOOL_CHOICE_NAMED;

    request->tools = tools_of(request);
    wants_tool = wants_tool && request->tools == BEDROCK_TOOLS_GIVEN;
    bool has_tools = request->tools != BEDROCK_TOOLS_NONE || request->form == BEDROCK_FORM_BY_TOOL;
    if (has_tools && !bedrock_takes(request, TAKES_TOOLS)) {
        return bedrock_refuse(request, STR("tools"), "cannot be used by this model");
    }
    if (has_tools && chat->stream && !bedrock_takes(request, TAKES_TOOLS_STREAMED)) {
        return bedrock_refuse(request, STR("tools"),
                              "cannot be used in a stream of this model: send `stream: false`");
    }
    if (wants_tool && !bedrock_takes(request, TAKES_FORCED_TOOL)) {
        bedrock_drop(request, "tool_choice");
        wants_tool = false;
    }
    request->forces_tool = wants_tool || request->form == BEDROCK_FORM_BY_TOOL;
    return ERR_OK;
}

/* ---- Lengths and thinking ---- */

static void decide_max_tokens(struct bedrock_request *request)
{
    int64_t limit = model_output_limit(request->model);
    int64_t wanted = request->chat->max_tokens;

    request->max_tokens = limit > 0 && wanted > limit ? limit : wanted;
}

/* What the model may write when the client does not say. */
static int64_t max_tokens_or_usual(const struct bedrock_request *request)
{
    int64_t limit = model_output_limit(request->model);

    if (request->max_tokens > 0) {
        return request->max_tokens;
    }
    return limit > 0 ? limit : OUTPUT_TOKENS_DEFAULT;
}

/* The nearest effort that the model knows. */
static enum effort known_effort(const struct bedrock_request *request, enum effort effort)
{
    bool is_claude = request->family->reasoning == BEDROCK_KNOB_CLAUDE;

    return thinking_known_effort(request->rules, effort, is_claude ? EFFORT_MAX : EFFORT_HIGH);
}

static void decide_budget(struct bedrock_request *request)
{
    struct thinking_budget budget =
        thinking_budget_of(&request->chat->reasoning, request->model, max_tokens_or_usual(request));

    if (budget.tokens > 0) {
        request->thinking = BEDROCK_THINKING_BUDGET;
        request->budget_tokens = budget.tokens;
        request->max_tokens = budget.max_tokens;
    }
}

static void decide_claude_style(struct bedrock_request *request)
{
    if (thinking_goes_by_effort(request->rules, &request->chat->reasoning)) {
        request->thinking = BEDROCK_THINKING_EFFORT;
    } else if (request->rules->thinking != THINKING_NONE && !request->turns.breaks_thinking) {
        decide_budget(request);
    }
}

static void decide_thinking_style(struct bedrock_request *request)
{
    switch (request->family->reasoning) {
    case BEDROCK_KNOB_CLAUDE:
        decide_claude_style(request);
        break;
    case BEDROCK_KNOB_NOVA:
    case BEDROCK_KNOB_EFFORT:
        if (request->rules->thinking != THINKING_NONE) {
            request->thinking = BEDROCK_THINKING_EFFORT;
        }
        break;
    case BEDROCK_KNOB_NONE:
        break;
    }
}

/* Some models always think, and an effort has no word for none. */
static bool can_be_off(const struct bedrock_request *request)
{
    enum reasoning_habit habit = request->rules->habit;
    bool has_off = request->family->reasoning != BEDROCK_KNOB_EFFORT;

    return habit != HABIT_ALWAYS && (habit != HABIT_BY_DEFAULT || has_off);
}

/* What excludes thinking was asked for as plainly as thinking, and an answer without it is still
 * one: thinking gives way, where it can.  Only Claude's is excluded by anything. */
static void decide_thinking(struct bedrock_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    bool is_unwanted = thinking_is_unwanted(reasoning);
    bool is_wanted = thinking_is_wanted(reasoning);
    bool is_excluded = request->family->reasoning == BEDROCK_KNOB_CLAUDE &&
                       (request->forces_tool || request->turns.has_prefill);

    if ((is_unwanted || is_excluded) && can_be_off(request)) {
        request->thinking = BEDROCK_THINKING_OFF;
    } else if ((is_wanted || is_unwanted) && !is_excluded) {
        decide_thinking_style(request);
    }
    request->thinks =
        request->thinking == BEDROCK_THINKING_BUDGET ||
        request->thinking == BEDROCK_THINKING_EFFORT ||
        (request->thinking == BEDROCK_THINKING_UNSAID && thinking_is_habit(request->rules));
    if ((is_wanted && !request->thinks) || (is_unwanted && request->thinks)) {
        bedrock_drop(request, "reasoning");
    }
}

/* How much to think, or, for Claude, how much to say at all. */
static void decide_effort(struct bedrock_request *request)
{
    enum effort verbosity = effort_by_name(request->chat->verbosity);
    bool may_say =
        request->family->reasoning == BEDROCK_KNOB_CLAUDE && bedrock_takes(request, TAKES_EFFORT);

    if (request->thinking == BEDROCK_THINKING_EFFORT) {
        request->effort = known_effort(
            request, thinking_effort(&request->chat->reasoning, max_tokens_or_usual(request)));
    } else if (may_say && verbosity != EFFORT_UNSET) {
        enum effort effort = known_effort(request, verbosity);
        bool is_off = request->thinking == BEDROCK_THINKING_OFF; /* more is refused then */
        request->effort = is_off && effort > EFFORT_HIGH ? EFFORT_HIGH : effort;
    }
    if (verbosity != EFFORT_UNSET && request->effort != verbosity) {
        bedrock_drop(request, "verbosity");
    }
}

/* ---- Cache marks ---- */

/* The latest marks cover the most, and those of the instructions serve the most requests: of too
 * many, the oldest in the messages are left out. */
static void decide_marks(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    int count = turns_count_marks(request->turns.system) + (chat->has_cache_mark ? 1 : 0);

    for (size_t i = 0; request->tools == BEDROCK_TOOLS_GIVEN && i < chat->tool_count; i++) {
        count += chat->tools[i].has_cache_mark ? 1 : 0;
    }
    for (const struct turn *turn = request->turns.first; turn != NULL; turn = turn->next) {
        count += turns_count_marks(turn->first);
    }
    request->marks_to_skip = count > CACHE_MARKS_MAX ? count - CACHE_MARKS_MAX : 0;
    if (count > 0 && !bedrock_takes(request, TAKES_CACHE_MARKS)) {
        bedrock_drop(request, "cache_control");
    }
}

enum err bedrock_decide(struct bedrock_request *request)
{
    static const char said[] =
        "temperature top_p top_k stop response_format verbosity service_tier ";
    enum err err = decide_form(request);

    if (err == ERR_OK) {
        err = decide_tools(request);
    }
    if (err != ERR_OK) {
        return err;
    }
    decide_max_tokens(request);
    decide_thinking(request);
    decide_effort(request);
    decide_marks(request);
    unsaid_add(request->chat, said, request->arena, &request->out->drops);
    request->out->hints.prefill = arena_copy(request->arena, request->turns.asked_prefill);
    return ERR_OK;
}
