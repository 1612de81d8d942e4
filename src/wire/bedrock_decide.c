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
#include "wire/unsaid.h"

enum {
    CACHE_MARKS_MAX = 4,
    BUDGET_TOKENS_MIN = 1024,
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
    const struct model *model = request->model;
    const struct model_rules *rules = request->rules;

    for (size_t i = 0; i < model->parameter_count; i++) {
        if (str_eq(model->parameters[i], parameter)) {
            return true;
        }
    }
    return model->parameters == NULL && by_rule && !rules_words_have(rules->refused, parameter) &&
           !(request->thinks && rules_words_have(rules->refused_reasoning, parameter));
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

static int64_t output_tokens_limit(const struct bedrock_request *request)
{
    return request->model->output_tokens_max > 0 ? request->model->output_tokens_max
                                                 : request->rules->output_tokens_max;
}

static void decide_max_tokens(struct bedrock_request *request)
{
    int64_t limit = output_tokens_limit(request);
    int64_t wanted = request->chat->max_tokens;

    request->max_tokens = limit > 0 && wanted > limit ? limit : wanted;
}

/* What the model may write when the client does not say. */
static int64_t max_tokens_or_usual(const struct bedrock_request *request)
{
    int64_t limit = output_tokens_limit(request);

    if (request->max_tokens > 0) {
        return request->max_tokens;
    }
    return limit > 0 ? limit : OUTPUT_TOKENS_DEFAULT;
}

/* The effort whose budget is nearest to the given one. */
static enum effort nearest_effort(int64_t budget_tokens, int64_t max_tokens)
{
    static const enum effort efforts[] = {EFFORT_LOW, EFFORT_MEDIUM, EFFORT_HIGH, EFFORT_XHIGH};
    enum effort nearest = EFFORT_LOW;
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < COUNT_OF(efforts); i++) {
        int64_t distance = effort_budget_tokens(efforts[i], max_tokens) - budget_tokens;
        distance = distance < 0 ? -distance : distance;
        if (distance < least) {
            least = distance;
            nearest = efforts[i];
        }
    }
    return nearest;
}

/* The effort that was asked for by name or by a number of tokens. */
static enum effort wanted_effort(const struct bedrock_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;

    if (reasoning->effort != EFFORT_UNSET || reasoning->enabled == TRI_FALSE) {
        return reasoning->effort != EFFORT_UNSET ? reasoning->effort : EFFORT_NONE;
    }
    return reasoning->max_tokens > 0
               ? nearest_effort(reasoning->max_tokens, max_tokens_or_usual(request))
               : EFFORT_MEDIUM;
}

/* The nearest effort that the model knows. */
static enum effort known_effort(const struct bedrock_request *request, enum effort effort)
{
    const struct model_rules *rules = request->rules;
    bool is_claude = request->family->reasoning == BEDROCK_KNOB_CLAUDE;
    enum effort most = is_claude ? EFFORT_MAX : EFFORT_HIGH;

    if (effort < EFFORT_LOW) {
        effort = EFFORT_LOW;
    }
    if (effort == EFFORT_XHIGH && !bedrock_takes(request, TAKES_XHIGH)) {
        effort = EFFORT_MAX;
    }
    if (effort < rules->least) {
        effort = rules->least;
    }
    most = rules->most != EFFORT_UNSET ? rules->most : most;
    return effort > most ? most : effort;
}

/* The budget that was asked for, within what the model takes. */
static int64_t wanted_budget(const struct bedrock_request *request, int64_t max_tokens)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    const struct model_rules *rules = request->rules;
    enum effort effort = reasoning->effort != EFFORT_UNSET ? reasoning->effort : EFFORT_MEDIUM;
    int64_t least = rules->budget_min > 0 ? rules->budget_min : BUDGET_TOKENS_MIN;
    int64_t limit = output_tokens_limit(request);
    int64_t budget = reasoning->max_tokens > 0 ? reasoning->max_tokens
                                               : effort_budget_tokens(effort, max_tokens);

    budget = budget > least ? budget : least;
    if (rules->budget_max > 0 && budget > rules->budget_max) {
        budget = rules->budget_max;
    }
    return limit > 0 && budget > limit ? limit : budget;
}

/* The budget is part of the output.  Where it would leave nothing to say, the output grows by it as
 * far as the model goes, and then the budget shrinks. */
static void decide_budget(struct bedrock_request *request)
{
    int64_t limit = output_tokens_limit(request);
    int64_t max_tokens = max_tokens_or_usual(request);
    int64_t budget = wanted_budget(request, max_tokens);

    if (budget >= max_tokens) {
        max_tokens += budget;
        max_tokens = limit > 0 && max_tokens > limit ? limit : max_tokens;
        budget = budget < max_tokens ? budget : max_tokens - 1;
    }
    if (budget < BUDGET_TOKENS_MIN) {
        return; /* no room to think in */
    }
    request->thinking = BEDROCK_THINKING_BUDGET;
    request->budget_tokens = budget;
    request->max_tokens = max_tokens;
}

static void decide_claude_style(struct bedrock_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    enum thinking_style style = request->rules->thinking;
    bool has_budget = reasoning->max_tokens > 0 && reasoning->effort == EFFORT_UNSET;

    if (style == THINKING_ADAPTIVE || (style == THINKING_BUDGET_ADAPTIVE && !has_budget)) {
        request->thinking = BEDROCK_THINKING_EFFORT;
    } else if (style != THINKING_NONE && !request->turns.breaks_thinking) {
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
    enum reasoning_habit habit = request->rules->habit;
    bool is_unwanted =
        reasoning->set && (reasoning->enabled == TRI_FALSE || reasoning->effort == EFFORT_NONE);
    bool is_wanted = reasoning->set && !is_unwanted &&
                     (reasoning->enabled == TRI_TRUE || reasoning->effort != EFFORT_UNSET ||
                      reasoning->max_tokens > 0);
    bool is_excluded = request->family->reasoning == BEDROCK_KNOB_CLAUDE &&
                       (request->forces_tool || request->turns.has_prefill);

    if ((is_unwanted || is_excluded) && can_be_off(request)) {
        request->thinking = BEDROCK_THINKING_OFF;
    } else if ((is_wanted || is_unwanted) && !is_excluded) {
        decide_thinking_style(request);
    }
    request->thinks = request->thinking == BEDROCK_THINKING_BUDGET ||
                      request->thinking == BEDROCK_THINKING_EFFORT ||
                      (request->thinking == BEDROCK_THINKING_UNSAID &&
                       (habit == HABIT_BY_DEFAULT || habit == HABIT_ALWAYS));
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
        request->effort = known_effort(request, wanted_effort(request));
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
