/*
 * Requests of the Anthropic Messages API.
 *
 * What the chat asks for is decided first, because the parts of a request limit each other:
 * thinking excludes forced tools, sampling and prefills; then it is written from top to bottom.
 * What this API has no word for is left out, or refused when silence would change the meaning.
 */
#include "wire/anthropic.h"
#include "wire/dialect.h"

enum {
    BODY_BYTES_MAX = 256 * 1024 * 1024, /* the client's body is bounded far below */
    CACHE_MARKS_MAX = 4,
    BUDGET_TOKENS_MIN = 1024,
    OUTPUT_TOKENS_DEFAULT = 4096, /* when nobody knows what the model can */
    USER_ID_BYTES_MAX = 256,
};

static bool takes(const struct anthropic_request *request, unsigned what)
{
    return (request->row->takes & what) != 0;
}

/* The client asked for what this API cannot say; another provider may. */
enum err anthropic_refuse(struct anthropic_request *request, str param, const char *words)
{
    *request->fault = (struct fault){
        .kind = ERR_INVALID,
        .type = FAULT_INVALID_REQUEST,
        .message = arena_printf(request->arena, "`" STR_FMT "` %s", STR_ARG(param), words),
        .param = param,
        .retryable = true,
    };
    return ERR_INVALID;
}

enum err anthropic_refuse_part(struct anthropic_request *request,
                               const struct anthropic_block *block, const char *words)
{
    return anthropic_refuse(
        request,
        arena_printf(request->arena, "messages[%zu].content[%zu]", block->message, block->index),
        words);
}

/* ---- Deciding ---- */

static bool is_object_schema(json *schema)
{
    return str_eq(json_str(schema, "type"), STR("object"));
}

static enum err decide_json(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;

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
    request->json = JSON_BY_WORDS;
    if (request->turns.has_prefill || !is_object_schema(chat->schema)) {
        return ERR_OK; /* a prefill excludes the other ways, and both need an object */
    }
    if (takes(request, TAKES_SCHEMA) && anthropic_schema_fits(chat->schema)) {
        request->json = JSON_BY_SCHEMA;
    } else if (takes(request, TAKES_FORCED_TOOL) && chat->tool_choice != TOOL_CHOICE_NAMED) {
        request->json = JSON_BY_TOOL;
    }
    return ERR_OK;
}

static enum err decide_tools(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool wants_tool =
        chat->tool_choice == TOOL_CHOICE_REQUIRED || chat->tool_choice == TOOL_CHOICE_NAMED;

    wants_tool = wants_tool && chat->tool_count > 0;
    if (wants_tool && !takes(request, TAKES_FORCED_TOOL)) {
        return anthropic_refuse(request, STR("tool_choice"), "cannot force a tool on this model");
    }
    request->forces_tool = wants_tool || request->json == JSON_BY_TOOL;
    return ERR_OK;
}

static int64_t output_tokens_limit(const struct anthropic_request *request)
{
    return request->model->output_tokens_max > 0 ? request->model->output_tokens_max
                                                 : request->row->output_tokens_max;
}

static void decide_max_tokens(struct anthropic_request *request)
{
    int64_t limit = output_tokens_limit(request);
    int64_t wanted = request->chat->max_tokens;

    if (wanted == 0) {
        wanted = limit > 0 ? limit : OUTPUT_TOKENS_DEFAULT;
    }
    request->max_tokens = limit > 0 && wanted > limit ? limit : wanted;
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

/* The budget is part of max_tokens.  Where it would leave nothing to say, max_tokens grows by it as
 * far as the model goes, and then the budget shrinks. */
static void decide_budget(struct anthropic_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    enum effort effort = reasoning->effort != EFFORT_UNSET ? reasoning->effort : EFFORT_MEDIUM;
    int64_t limit = output_tokens_limit(request);
    int64_t budget = reasoning->max_tokens > 0 ? reasoning->max_tokens
                                               : effort_budget_tokens(effort, request->max_tokens);
    int64_t max_tokens = request->max_tokens;

    budget = budget > BUDGET_TOKENS_MIN ? budget : BUDGET_TOKENS_MIN;
    if (limit > 0 && budget > limit) {
        budget = limit;
    }
    if (budget >= max_tokens) {
        max_tokens += budget;
        max_tokens = limit > 0 && max_tokens > limit ? limit : max_tokens;
        budget = budget < max_tokens ? budget : max_tokens - 1;
    }
    if (budget < BUDGET_TOKENS_MIN) {
        return; /* no room to think in */
    }
    request->thinking = THINKING_BUDGETED;
    request->budget_tokens = budget;
    request->max_tokens = max_tokens;
}

static void decide_thinking_style(struct anthropic_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;

    switch (request->row->thinking) {
    case THINKING_NONE:
        return;
    case THINKING_UNKNOWN:
    case THINKING_LEVEL:
    case THINKING_EFFORT:
    case THINKING_BUDGET:
        break;
    case THINKING_BUDGET_ADAPTIVE:
        if (reasoning->max_tokens > 0 && reasoning->effort == EFFORT_UNSET) {
            break;
        }
        request->thinking = THINKING_BY_EFFORT;
        return;
    case THINKING_ADAPTIVE:
        request->thinking = THINKING_BY_EFFORT;
        return;
    }
    if (!request->turns.breaks_thinking) {
        decide_budget(request);
    }
}

/* What excludes thinking was asked for as plainly as thinking, and an answer without it is still
 * one: thinking gives way. */
static void decide_thinking(struct anthropic_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    bool off =
        reasoning->set && (reasoning->enabled == TRI_FALSE || reasoning->effort == EFFORT_NONE);
    bool wanted = reasoning->set && !off &&
                  (reasoning->enabled == TRI_TRUE || reasoning->effort != EFFORT_UNSET ||
                   reasoning->max_tokens > 0);

    if (off || request->forces_tool || request->turns.has_prefill) {
        request->thinking = THINKING_OFF;
    } else if (wanted) {
        decide_thinking_style(request);
    }
    bool thinks_anyway = request->thinking == THINKING_UNSAID && takes(request, THINKS_UNASKED);
    request->keeps_thinking = thinks_anyway || request->thinking == THINKING_BUDGETED ||
                              request->thinking == THINKING_BY_EFFORT;
}

static void decide_effort(struct anthropic_request *request)
{
    const struct chat_reasoning *reasoning = &request->chat->reasoning;
    enum effort effort = effort_by_name(request->chat->verbosity);

    if (request->thinking == THINKING_BY_EFFORT) {
        effort = reasoning->effort;
        if (effort == EFFORT_UNSET && reasoning->max_tokens > 0) {
            effort = nearest_effort(reasoning->max_tokens, request->max_tokens);
        } else if (effort == EFFORT_UNSET) {
            effort = EFFORT_MEDIUM;
        }
    }
    if (effort == EFFORT_MINIMAL || effort == EFFORT_NONE) {
        effort = EFFORT_LOW;
    }
    if (effort == EFFORT_XHIGH && !takes(request, TAKES_XHIGH)) {
        effort = EFFORT_MAX;
    }
    if (effort > EFFORT_HIGH && request->thinking == THINKING_OFF) {
        effort = EFFORT_HIGH; /* more is refused without thinking */
    }
    request->effort = takes(request, TAKES_EFFORT) ? effort : EFFORT_UNSET;
}

static void decide_marks(struct anthropic_request *request)
{
    int count =
        anthropic_count_marks(request->turns.system) + (request->chat->has_cache_mark ? 1 : 0);

    for (size_t i = 0; i < request->chat->tool_count; i++) {
        count += request->chat->tools[i].has_cache_mark ? 1 : 0;
    }
    for (const struct anthropic_turn *turn = request->turns.first; turn != NULL;
         turn = turn->next) {
        count += anthropic_count_marks(turn->first);
    }
    request->marks_to_skip = count > CACHE_MARKS_MAX ? count - CACHE_MARKS_MAX : 0;
}

void anthropic_put_mark(struct anthropic_request *request, str ttl)
{
    json_open_object(request->writer, "cache_control");
    json_put_str(request->writer, "type", STR("ephemeral"));
    if (ttl.len > 0) {
        json_put_str(request->writer, "ttl", ttl);
    }
    json_close_object(request->writer);
}

/* ---- System ---- */

static void put_json_words(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool has_schema = chat->schema != NULL;
    str schema = has_schema ? json_to_text(request->arena, chat->schema) : STR_NONE;

    json_open_object(request->writer, NULL);
    anthropic_put_text(
        request, arena_printf(request->arena,
                              "Answer with one JSON %s and nothing else: no words around it, no "
                              "code fence.%s" STR_FMT,
                              has_schema ? "value" : "object",
                              has_schema ? " It must be valid against this JSON Schema: " : "",
                              STR_ARG(schema)));
    json_close_object(request->writer);
}

static enum err put_system(struct anthropic_request *request)
{
    const struct anthropic_block *block = request->turns.system;
    bool has_words = request->json == JSON_BY_WORDS;

    if (block == NULL && !has_words) {
        return ERR_OK;
    }
    json_open_array(request->writer, "system");
    for (; block != NULL; block = block->next) {
        if (block->part->kind != PART_TEXT && block->part->kind != PART_REFUSAL) {
            return anthropic_refuse_part(request, block, "must be text in this role");
        }
        json_open_object(request->writer, NULL);
        anthropic_put_text(request, block->text);
        if (block->has_cache_mark) {
            anthropic_put_mark(request, block->part->cache_ttl);
        }
        json_close_object(request->writer);
    }
    if (has_words) {
        put_json_words(request);
    }
    json_close_array(request->writer);
    return ERR_OK;
}

/* ---- Tools ---- */

/* The members that an input schema cannot have at its top; the description tells of them. */
static bool is_alternative(str name)
{
    return str_eq(name, STR("oneOf")) || str_eq(name, STR("anyOf")) || str_eq(name, STR("allOf"));
}

static str describe_alternatives(struct anthropic_request *request, const struct chat_tool *tool)
{
    struct json_walk walk = json_walk(tool->parameters);
    str description = tool->description;

    while (json_next(&walk)) {
        if (is_alternative(walk.name)) {
            str value = json_to_text(request->arena, walk.value);
            description =
                arena_printf(request->arena,
                             STR_FMT "\n\nThe input must also fit {\"" STR_FMT "\": " STR_FMT "}.",
                             STR_ARG(description), STR_ARG(walk.name), STR_ARG(value));
        }
    }
    return description;
}

/* The schema as it came, made an object's. */
static void put_loose_schema(struct anthropic_request *request, json *schema)
{
    struct json_walk walk = json_walk(schema);

    json_open_object(request->writer, "input_schema");
    json_put_str(request->writer, "type", STR("object"));
    while (json_is(schema, JSON_OBJECT) && json_next(&walk)) {
        if (!is_alternative(walk.name) && !str_eq(walk.name, STR("type"))) {
            json_put_named_value(request->writer, walk.name, walk.value);
        }
    }
    if (json_get(schema, "properties") == NULL) {
        json_open_object(request->writer, "properties");
        json_close_object(request->writer);
    }
    json_close_object(request->writer);
}

static enum err put_tool(struct anthropic_request *request, size_t index)
{
    const struct chat_tool *tool = &request->chat->tools[index];
    str description = describe_alternatives(request, tool);
    bool is_strict =
        tool->strict && takes(request, TAKES_SCHEMA) && anthropic_schema_fits(tool->parameters);

    if (!tool->is_function) {
        return anthropic_refuse(request, arena_printf(request->arena, "tools[%zu].type", index),
                                "is not known to this model's provider");
    }
    if (!anthropic_is_name(tool->name) || str_eq(tool->name, STR(JSON_TOOL))) {
        return anthropic_refuse(request,
                                arena_printf(request->arena, "tools[%zu].function.name", index),
                                "must be 1 to 128 letters, digits, _ and -, and not reserved");
    }
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "name", tool->name);
    if (description.len > 0) {
        json_put_str(request->writer, "description", description);
    }
    if (is_strict) {
        anthropic_schema_put(request->writer, "input_schema", tool->parameters, request->arena);
        json_put_bool(request->writer, "strict", true);
    } else {
        put_loose_schema(request, tool->parameters);
    }
    if (tool->has_cache_mark) {
        anthropic_put_mark(request, tool->cache_ttl);
    }
    json_close_object(request->writer);
    return ERR_OK;
}

static void put_json_tool(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "name", STR(JSON_TOOL));
    json_put_str(request->writer, "description",
                 chat->schema_description.len > 0
                     ? chat->schema_description
                     : STR("Gives the final answer. Call it when the answer is known."));
    put_loose_schema(request, chat->schema);
    json_close_object(request->writer);
}

static enum err put_tools(struct anthropic_request *request)
{
    if (request->chat->tool_count == 0 && request->json != JSON_BY_TOOL) {
        return ERR_OK;
    }
    json_open_array(request->writer, "tools");
    for (size_t i = 0; i < request->chat->tool_count; i++) {
        enum err err = put_tool(request, i);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (request->json == JSON_BY_TOOL) {
        put_json_tool(request);
    }
    json_close_array(request->writer);
    return ERR_OK;
}

/* With a JSON tool beside the client's, any of them is an answer. */
static str tool_choice_type(const struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;

    if (request->json == JSON_BY_TOOL) {
        return chat->tool_count > 0 && chat->tool_choice != TOOL_CHOICE_NONE ? STR("any")
                                                                             : STR("tool");
    }
    switch (chat->tool_choice) {
    case TOOL_CHOICE_NONE:
        return STR("none");
    case TOOL_CHOICE_REQUIRED:
        return STR("any");
    case TOOL_CHOICE_NAMED:
        return STR("tool");
    case TOOL_CHOICE_UNSET:
    case TOOL_CHOICE_AUTO:
        break;
    }
    return STR("auto");
}

static void put_tool_choice(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_json = request->json == JSON_BY_TOOL;
    str type = tool_choice_type(request);
    bool is_one = chat->parallel_tool_calls == TRI_FALSE || (is_json && chat->tool_count == 0);
    bool is_unsaid = chat->tool_choice == TOOL_CHOICE_UNSET && !is_json && !is_one;

    if ((chat->tool_count == 0 && !is_json) || is_unsaid) {
        return;
    }
    json_open_object(request->writer, "tool_choice");
    json_put_str(request->writer, "type", type);
    if (str_eq(type, STR("tool"))) {
        json_put_str(request->writer, "name", is_json ? STR(JSON_TOOL) : chat->tool_choice_name);
    }
    if (is_one && !str_eq(type, STR("none"))) {
        json_put_bool(request->writer, "disable_parallel_tool_use", true);
    }
    json_close_object(request->writer);
}

/* ---- The rest of the body ---- */

/* The operator's list of parameters, when there is one, overrules our table. */
static bool model_takes(const struct anthropic_request *request, str parameter, bool by_table)
{
    const struct model *model = request->model;

    for (size_t i = 0; i < model->parameter_count; i++) {
        if (str_eq(model->parameters[i], parameter)) {
            return true;
        }
    }
    return model->parameters == NULL && by_table;
}

static void put_sampling(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool by_table = request->row->sampling != SAMPLING_NONE;
    bool thinks = request->thinking == THINKING_BUDGETED || request->thinking == THINKING_BY_EFFORT;
    bool has_temperature =
        chat->temperature.set && !thinks && model_takes(request, STR("temperature"), by_table);
    bool excludes_top_p = has_temperature && request->row->sampling != SAMPLING_FREE;

    if (has_temperature) {
        double temperature = chat->temperature.value;
        json_put_real(request->writer, "temperature", temperature > 1 ? 1 : temperature);
    }
    if (chat->top_p.set && !excludes_top_p && (!thinks || chat->top_p.value >= 0.95) &&
        model_takes(request, STR("top_p"), by_table)) {
        json_put_real(request->writer, "top_p", chat->top_p.value);
    }
    if (chat->top_k.set && chat->top_k.value >= 1 && !thinks &&
        model_takes(request, STR("top_k"), by_table)) {
        json_put_int(request->writer, "top_k", (int64_t)chat->top_k.value);
    }
}

/* Strings of white space alone are refused by the API and mean little. */
static void put_stop(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_open = false;

    for (size_t i = 0; i < chat->stop_count && model_takes(request, STR("stop"), true); i++) {
        if (str_trim(chat->stop[i]).len == 0) {
            continue;
        }
        if (!is_open) {
            json_open_array(request->writer, "stop_sequences");
            is_open = true;
        }
        json_put_str(request->writer, NULL, chat->stop[i]);
    }
    if (is_open) {
        json_close_array(request->writer);
    }
}

static void put_thinking(struct anthropic_request *request)
{
    bool is_off = request->thinking == THINKING_OFF;

    if (request->thinking == THINKING_UNSAID || (is_off && !takes(request, THINKS_UNASKED))) {
        return; /* off is what the others are by themselves, and some refuse to be told */
    }
    json_open_object(request->writer, "thinking");
    if (is_off) {
        json_put_str(request->writer, "type", STR("disabled"));
    } else if (request->thinking == THINKING_BUDGETED) {
        json_put_str(request->writer, "type", STR("enabled"));
        json_put_int(request->writer, "budget_tokens", request->budget_tokens);
    } else {
        json_put_str(request->writer, "type", STR("adaptive"));
        json_put_str(request->writer, "display",
                     request->chat->reasoning.exclude ? STR("omitted") : STR("summarized"));
    }
    json_close_object(request->writer);
}

static void put_output_config(struct anthropic_request *request)
{
    if (request->effort == EFFORT_UNSET && request->json != JSON_BY_SCHEMA) {
        return;
    }
    json_open_object(request->writer, "output_config");
    if (request->effort != EFFORT_UNSET) {
        json_put_str(request->writer, "effort", effort_name(request->effort));
    }
    if (request->json == JSON_BY_SCHEMA) {
        json_open_object(request->writer, "format");
        json_put_str(request->writer, "type", STR("json_schema"));
        anthropic_schema_put(request->writer, "schema", request->chat->schema, request->arena);
        json_close_object(request->writer);
    }
    json_close_object(request->writer);
}

/* Who the user is must not be told: an id may go out, an address not. */
static void put_user(struct anthropic_request *request)
{
    str user = request->chat->user;

    if (user.len == 0 || user.len > USER_ID_BYTES_MAX || str_find_char(user, '@') < user.len) {
        return;
    }
    json_open_object(request->writer, "metadata");
    json_put_str(request->writer, "user_id", user);
    json_close_object(request->writer);
}

static void put_tier(struct anthropic_request *request)
{
    str tier = request->chat->service_tier;

    if (str_eq(tier, STR("auto")) || str_eq(tier, STR("standard_only"))) {
        json_put_str(request->writer, "service_tier", tier);
    }
}

static enum err put_body(struct anthropic_request *request)
{
    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "model", request->model->name);
    json_put_int(request->writer, "max_tokens", request->max_tokens);
    if (request->chat->stream) {
        json_put_bool(request->writer, "stream", true);
    }
    put_thinking(request);
    put_output_config(request);
    put_sampling(request);
    put_stop(request);
    put_user(request);
    put_tier(request);
    if (request->chat->has_cache_mark) {
        anthropic_put_mark(request, request->chat->cache_ttl);
    }
    enum err err = put_tools(request);
    if (err == ERR_OK) {
        put_tool_choice(request);
        err = put_system(request);
    }
    if (err == ERR_OK) {
        err = anthropic_put_messages(request);
    }
    json_close_object(request->writer);
    return err;
}

static enum err decide(struct anthropic_request *request)
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
    return ERR_OK;
}

static enum err check_size(struct anthropic_request *request)
{
    if (json_write_end(request->writer) == ERR_OK) {
        return ERR_OK;
    }
    *request->fault = (struct fault){
        .kind = ERR_TOO_BIG,
        .type = FAULT_PAYLOAD_TOO_LARGE,
        .message = STR("the request is too big for this model's provider"),
    };
    return ERR_TOO_BIG;
}

enum err anthropic_encode_request(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    const struct anthropic_model *row = anthropic_model_by_name(model->name);
    struct anthropic_request request = {
        .chat = chat,
        .model = model,
        .row = row,
        .arena = arena,
        .writer = &writer,
        .fault = fault,
        .turns = anthropic_turns_of(chat, row, arena),
    };

    buf_init(&body, BODY_BYTES_MAX);
    enum err err = decide(&request);
    if (err == ERR_OK) {
        err = put_body(&request);
    }
    if (err == ERR_OK) {
        err = check_size(&request);
    }
    if (err == ERR_OK) {
        struct http_request *http = &out->http;
        *http = (struct http_request){
            .method = STR("POST"),
            .path = STR("/v1/messages"),
            .body = arena_copy(arena, buf_str(&body)),
        };
        headers_add(&http->headers, arena, STR("content-type"), STR("application/json"));
        headers_add(&http->headers, arena, STR("anthropic-version"), STR("2023-06-01"));
    }
    buf_free(&body);
    return err;
}
