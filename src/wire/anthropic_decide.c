/*
 * What a request to the Anthropic Messages API can say of what its chat asks for.
 *
 * Decided before anything is written, because the parts of a request limit each other: thinking
 * excludes forced tools, sampling and prefills.  What is left out is noted by the client's name for
 * it; what would change the meaning by its silence is refused.
 */
#include "wire/anthropic.h"
#include "wire/request.h"
#include "wire/schema_subset.h"
#include "wire/thinking.h"
#include "wire/unsaid.h"

enum {
    CACHE_MARKS_MAX = 4,
    OUTPUT_TOKENS_DEFAULT = 4096, /* when nobody knows what the model can */
};

/* ---- Refusing and leaving out ---- */

enum err anthropic_refuse(struct anthropic_request *request, str param, const char *words)
{
    return request_refuse(request->fault, request->arena, param, words);
}

enum err anthropic_refuse_part(struct anthropic_request *request, const struct turn_block *block,
                               const char *words)
{
    return request_refuse_part(request->fault, request->arena, block->message, block->index, words);
}

void anthropic_drop(struct anthropic_request *request, const char *names)
{
    str rest = str_c(names);
    str name = str_split(&rest, ' ');

    while (rest.len > 0 && json_find(request->chat->root, name) == NULL) {
        str next = str_split(&rest, ' ');
        name = json_find(request->chat->root, next) != NULL ? next : name;
    }
    drops_add(&request->out->drops, request->arena, name);
}

bool anthropic_sends(const struct anthropic_request *request, str parameter, bool by_rule)
{
    return request_sends(request->model, request->thinks, parameter, by_rule);
}

/* ---- What this API has no word for ---- */

static void drop_unspeakable(struct anthropic_request *request)
{
    /* What is said, or dropped where it is decided. */
    static const char said[] =
        "n temperature top_p top_k stop response_format verbosity parallel_tool_calls "
        "user safety_identifier service_tier output_config anthropic_beta ";

    if (request->chat->choices > 1) {
        anthropic_drop(request, "n ");
    }
    unsaid_add(request->chat, said, request->arena, &request->out->drops);
    if (request->turns.leaves_out_names) {
        anthropic_drop(request, "name ");
    }
}

/* ---- The form of the answer, and tools ---- */

static bool is_object_schema(json *schema)
{
    return str_eq(json_str(schema, "type"), STR("object"));
}

static enum err decide_json(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool takes_schema = request->platform->takes_schema && anthropic_takes(request, TAKES_SCHEMA);

    switch (chat->answer_form) {
    case ANSWER_UNSET:
    case ANSWER_TEXT:
        request->json = JSON_FREE;
        return ERR_OK;
    case ANSWER_JSON_OBJECT:
        request->json = JSON_BY_WORDS;
        return ERR_OK;
    case ANSWER_OTHER:
        return anthropic_refuse(request, STR("response_format.type"),
                                "is not known to this model's provider");
    case ANSWER_JSON_SCHEMA:
        break;
    }
    /* A prefill excludes the better ways, and both need an object. */
    bool is_plain = !request->turns.has_prefill && is_object_schema(chat->schema);
    bool has_tool_way = anthropic_takes(request, TAKES_FORCED_TOOL) &&
                        anthropic_takes(request, TAKES_TOOLS) &&
                        chat->tool_choice != TOOL_CHOICE_NAMED;
    if (is_plain && takes_schema && schema_subset_fits(chat->schema)) {
        request->json = JSON_BY_SCHEMA;
    } else if (is_plain && has_tool_way) {
        request->json = JSON_BY_TOOL;
    } else {
        request->json = JSON_BY_WORDS;
        anthropic_drop(request, "response_format output_config "); /* it is asked for, not kept */
    }
    return ERR_OK;
}

static enum err decide_tools(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool wants_tool =
        chat->tool_choice == TOOL_CHOICE_REQUIRED || chat->tool_choice == TOOL_CHOICE_NAMED;

    wants_tool = wants_tool && chat->tool_count > 0;
    if (chat->tool_count > 0 && !anthropic_takes(request, TAKES_TOOLS)) {
        return anthropic_refuse(request, STR("tools"), "cannot be used by this model");
    }
    if (wants_tool && !anthropic_takes(request, TAKES_FORCED_TOOL)) {
        return anthropic_refuse(request, STR("tool_choice"), "cannot force a tool on this model");
    }
    request->forces_tool = wants_tool || request->json == JSON_BY_TOOL;
    return ERR_OK;
}

/* ---- Lengths and thinking ---- */

static void decide_max_tokens(struct anthropic_request *request)
{
    int64_t limit = model_output_limit(request->model);
    int64_t wanted = request->chat->max_tokens;

    if (wanted == 0) {
        wanted = limit > 0 ? limit : OUTPUT_TOKENS_DEFAULT;
    }
    request->max_tokens = limit > 0 && wanted > limit ? limit : wanted;
}

static void decide_thinking_style(struct anthropic_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;

    if (thinking_goes_by_effort(request->rules, reasoning)) {
        request->thinking = THINKING_BY_EFFORT;
        return;
    }
    if (request->rules->thinking == THINKING_NONE || request->turns.breaks_thinking) {
        return;
    }
    struct thinking_budget budget =
        thinking_budget_of(reasoning, request->model, request->max_tokens);
    if (budget.tokens > 0) {
        request->thinking = THINKING_BUDGETED;
        request->budget_tokens = budget.tokens;
        request->max_tokens = budget.max_tokens;
    }
}

/* What excludes thinking was asked for as plainly as thinking, and an answer without it is still
 * one: thinking gives way, where it can. */
static void decide_thinking(struct anthropic_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    bool is_unwanted = thinking_is_unwanted(reasoning);
    bool is_wanted = thinking_is_wanted(reasoning);
    bool is_excluded = request->forces_tool || request->turns.has_prefill;

    if ((is_unwanted || is_excluded) && request->rules->habit != HABIT_ALWAYS) {
        request->thinking = THINKING_OFF;
    } else if (is_wanted && !is_excluded) {
        decide_thinking_style(request);
    }
    request->thinks = request->thinking == THINKING_BUDGETED ||
                      request->thinking == THINKING_BY_EFFORT ||
                      (request->thinking == THINKING_UNSAID && thinking_is_habit(request->rules));
    request->thinks_unwanted = is_unwanted && request->thinks;
    if ((is_wanted && !request->thinks) || request->thinks_unwanted) {
        anthropic_drop(request, "reasoning reasoning_effort thinking ");
    }
}

/* The nearest effort that the model knows. */
static enum effort known_effort(const struct anthropic_request *request, enum effort effort)
{
    enum effort known = thinking_known_effort(request->rules, effort, EFFORT_MAX);
    bool is_off = request->thinking == THINKING_OFF; /* more is refused then */

    return is_off && known > EFFORT_HIGH ? EFFORT_HIGH : known;
}

static void decide_effort(struct anthropic_request *request)
{
    enum effort verbosity = effort_by_name(request->chat->verbosity);
    enum effort effort = verbosity;

    if (request->thinking == THINKING_BY_EFFORT || request->thinks_unwanted) {
        effort = thinking_effort(&request->chat->reasoning, request->max_tokens);
    }
    if (anthropic_takes(request, TAKES_EFFORT)) {
        request->effort = known_effort(request, effort);
    }
    if (verbosity != EFFORT_UNSET && (request->effort == EFFORT_UNSET || effort != verbosity)) {
        anthropic_drop(request, "verbosity ");
    }
}

/* ---- Cache marks ---- */

/* The latest marks cover the most, and those of the instructions serve the most requests: of too
 * many, the oldest in the messages are left out first. */
static void decide_marks(struct anthropic_request *request)
{
    static const enum anthropic_place order[] = {MARKS_IN_MESSAGES, MARKS_IN_SYSTEM,
                                                 MARKS_IN_TOOLS};
    const struct chat_request *chat = request->chat;
    int counts[MARK_PLACES] = {[MARKS_IN_SYSTEM] = turns_count_marks(request->turns.system)};
    int excess = (chat->has_cache_mark && request->platform->takes_top_mark) ? 1 : 0;

    for (size_t i = 0; i < chat->tool_count; i++) {
        counts[MARKS_IN_TOOLS] += chat->tools[i].has_cache_mark ? 1 : 0;
    }
    for (const struct turn *turn = request->turns.first; turn != NULL; turn = turn->next) {
        counts[MARKS_IN_MESSAGES] += turns_count_marks(turn->first);
    }
    excess -= CACHE_MARKS_MAX;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        excess += counts[i];
    }
    for (size_t i = 0; i < COUNT_OF(order) && excess > 0; i++) {
        int skip = excess < counts[order[i]] ? excess : counts[order[i]];
        request->marks_to_skip[order[i]] = skip;
        excess -= skip;
    }
}

enum err anthropic_decide(struct anthropic_request *request)
{
    enum err err = decide_json(request);

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
    anthropic_decide_betas(request);
    drop_unspeakable(request);
    request->out->hints.prefill = request->turns.asked_prefill;
    return ERR_OK;
}
