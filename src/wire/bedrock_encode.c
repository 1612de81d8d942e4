/*
 * Requests of the AWS Bedrock Converse API.
 *
 * One body for the models of all vendors; what they do not share goes into
 * additionalModelRequestFields, in each vendor's own words.
 */
#include "codec/url.h"
#include "wire/bedrock.h"
#include "wire/dialect.h"
#include "wire/request.h"
#include "wire/schema_subset.h"

/* An object that is opened only when something is in it. */
struct lazy {
    struct json_writer *writer;
    const char *name;
    bool is_open;
};

static struct json_writer *in(struct lazy *object)
{
    if (!object->is_open) {
        json_open_object(object->writer, object->name);
        object->is_open = true;
    }
    return object->writer;
}

static void close(struct lazy *object)
{
    if (object->is_open) {
        json_close_object(object->writer);
    }
}

/* ---- System ---- */

/* What is asked for in words because the API has no member for it. */
static str words_of(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_json = request->form == BEDROCK_FORM_BY_WORDS;
    bool has_schema = is_json && chat->schema != NULL;
    bool forbids = chat->tool_choice == TOOL_CHOICE_NONE && request->tools != BEDROCK_TOOLS_NONE;
    str parts[] = {
        forbids ? STR("Call no tool now. ") : STR_NONE,
        is_json ? STR("Answer with one JSON ") : STR_NONE,
        is_json ? (has_schema ? STR("value") : STR("object")) : STR_NONE,
        is_json ? STR(" and nothing else: no words around it, no code fence.") : STR_NONE,
        has_schema ? STR(" It must be valid against this JSON Schema: ") : STR_NONE,
        has_schema ? json_to_text(request->arena, chat->schema) : STR_NONE,
    };

    return str_trim(arena_join(request->arena, parts, COUNT_OF(parts)));
}

static enum err put_system(struct bedrock_request *request)
{
    const struct turn_block *block = request->turns.system;
    bool has_words = request->words.len > 0 && bedrock_takes(request, TAKES_SYSTEM);

    if (block == NULL && !has_words) {
        return ERR_OK;
    }
    json_open_array(request->writer, "system");
    for (; block != NULL; block = block->next) {
        if (block->part->kind != PART_TEXT && block->part->kind != PART_REFUSAL) {
            return bedrock_refuse_part(request, block, "must be text in this role");
        }
        bedrock_put_text(request, block->text);
        if (block->part->has_cache_mark) {
            bedrock_put_mark(request, block->part->cache_ttl);
        }
    }
    if (has_words) {
        bedrock_put_text(request, request->words);
    }
    json_close_array(request->writer);
    return ERR_OK;
}

/* ---- Sampling and lengths ---- */

/* Nova refuses these beside its highest effort. */
static bool is_nova_at_most(const struct bedrock_request *request)
{
    return request->family->reasoning == BEDROCK_KNOB_NOVA &&
           request->thinking == BEDROCK_THINKING_EFFORT && request->effort == EFFORT_HIGH;
}

/* True when the model samples as it is told: some never do, Claude not while it thinks. */
static bool may_sample(const struct bedrock_request *request, const char *parameter)
{
    bool is_thinking_claude = request->family->reasoning == BEDROCK_KNOB_CLAUDE && request->thinks;
    bool by_rule = request->rules->sampling != SAMPLING_NONE && !is_thinking_claude &&
                   !is_nova_at_most(request);

    return bedrock_sends(request, str_c(parameter), by_rule);
}

/* A Claude that thinks takes a top_p near one, and no temperature. */
static bool may_say_top_p(const struct bedrock_request *request, bool has_temperature)
{
    bool is_near_one = request->chat->top_p.value >= 0.95;

    if (has_temperature && request->rules->sampling == SAMPLING_ONE) {
        return false;
    }
    if (request->family->reasoning == BEDROCK_KNOB_CLAUDE && request->thinks && is_near_one) {
        return bedrock_sends(request, STR("top_p"), request->rules->sampling != SAMPLING_NONE);
    }
    return may_sample(request, "top_p");
}

static void put_sampling(struct bedrock_request *request, struct lazy *config)
{
    const struct chat_request *chat = request->chat;
    bool has_temperature = chat->temperature.set && may_sample(request, "temperature");

    if (has_temperature) {
        double temperature = chat->temperature.value;
        json_put_real(in(config), "temperature", temperature > 1 ? 1 : temperature);
    } else if (chat->temperature.set) {
        bedrock_drop(request, "temperature");
    }
    if (chat->top_p.set && may_say_top_p(request, has_temperature)) {
        json_put_real(in(config), "topP", chat->top_p.value);
    } else if (chat->top_p.set) {
        bedrock_drop(request, "top_p");
    }
}

/* Strings of white space alone are refused by the API and mean little. */
static void put_stop(struct bedrock_request *request, struct lazy *config)
{
    const struct chat_request *chat = request->chat;
    bool may = bedrock_sends(request, STR("stop"), true);
    bool is_open = false;

    if (chat->stop_count > 0 && !may) {
        bedrock_drop(request, "stop");
    }
    for (size_t i = 0; i < chat->stop_count && may; i++) {
        if (str_trim(chat->stop[i]).len == 0) {
            continue;
        }
        if (!is_open) {
            json_open_array(in(config), "stopSequences");
            is_open = true;
        }
        json_put_str(request->writer, NULL, chat->stop[i]);
    }
    if (is_open) {
        json_close_array(request->writer);
    }
}

static void put_inference(struct bedrock_request *request)
{
    struct lazy config = {.writer = request->writer, .name = "inferenceConfig"};

    if (request->max_tokens > 0 && is_nova_at_most(request)) {
        bedrock_drop(request, "max_tokens");
    } else if (request->max_tokens > 0) {
        json_put_int(in(&config), "maxTokens", request->max_tokens);
    }
    put_sampling(request, &config);
    put_stop(request, &config);
    close(&config);
}

/* ---- What the vendors do not share ---- */

static void put_top_k(struct bedrock_request *request, struct lazy *fields)
{
    const struct chat_number *top_k = &request->chat->top_k;
    enum bedrock_knob knob = request->family->top_k;
    bool may = may_sample(request, "top_k") && knob != BEDROCK_KNOB_NONE;

    if (!top_k->set || top_k->value < 1) {
        return; /* 0 is off, as it is by itself */
    }
    if (!may) {
        bedrock_drop(request, "top_k");
    } else if (knob == BEDROCK_KNOB_NOVA) {
        json_open_object(in(fields), "inferenceConfig");
        json_put_int(request->writer, "topK", (int64_t)top_k->value);
        json_close_object(request->writer);
    } else {
        json_put_int(in(fields), "top_k", (int64_t)top_k->value);
    }
}

static void put_claude_thinking(struct bedrock_request *request, struct lazy *fields)
{
    bool is_on_unasked = request->rules->habit == HABIT_BY_DEFAULT;

    if (request->thinking == BEDROCK_THINKING_UNSAID ||
        (request->thinking == BEDROCK_THINKING_OFF && !is_on_unasked)) {
        return; /* off is what the others are by themselves, and some refuse to be told */
    }
    json_open_object(in(fields), "thinking");
    if (request->thinking == BEDROCK_THINKING_OFF) {
        json_put_str(request->writer, "type", STR("disabled"));
    } else if (request->thinking == BEDROCK_THINKING_BUDGET) {
        json_put_str(request->writer, "type", STR("enabled"));
        json_put_int(request->writer, "budget_tokens", request->budget_tokens);
    } else {
        json_put_str(request->writer, "type", STR("adaptive"));
        json_put_str(request->writer, "display",
                     request->chat->reasoning.exclude ? STR("omitted") : STR("summarized"));
    }
    json_close_object(request->writer);
}

/* Claude 4.0 to 4.5 think between tool calls only when this is on, and Opus 4.5 takes an effort
 * only when that is; later ones need neither. */
static void put_claude_betas(struct bedrock_request *request, struct lazy *fields, bool has_effort)
{
    bool is_of_budget = request->rules->thinking == THINKING_BUDGET;
    bool interleaves = request->thinking == BEDROCK_THINKING_BUDGET && is_of_budget &&
                       request->tools == BEDROCK_TOOLS_GIVEN &&
                       bedrock_is_of(request->model, "claude-*-4*");

    if (!interleaves && !(has_effort && is_of_budget)) {
        return;
    }
    json_open_array(in(fields), "anthropic_beta");
    if (interleaves) {
        json_put_str(request->writer, NULL, STR("interleaved-thinking-2025-05-14"));
    }
    if (has_effort && is_of_budget) {
        json_put_str(request->writer, NULL, STR("effort-2025-11-24"));
    }
    json_close_array(request->writer);
}

static void put_claude(struct bedrock_request *request, struct lazy *fields)
{
    bool has_effort = request->effort != EFFORT_UNSET && bedrock_takes(request, TAKES_EFFORT);

    put_claude_thinking(request, fields);
    if (has_effort) {
        json_open_object(in(fields), "output_config");
        json_put_str(request->writer, "effort", effort_name(request->effort));
        json_close_object(request->writer);
    }
    put_claude_betas(request, fields, has_effort);
}

static void put_nova(struct bedrock_request *request, struct lazy *fields)
{
    bool is_on = request->thinking == BEDROCK_THINKING_EFFORT;
    bool is_off =
        request->thinking == BEDROCK_THINKING_OFF && request->rules->habit == HABIT_BY_DEFAULT;

    if (!is_on && !is_off) {
        return;
    }
    json_open_object(in(fields), "reasoningConfig");
    json_put_str(request->writer, "type", is_on ? STR("enabled") : STR("disabled"));
    if (is_on) {
        json_put_str(request->writer, "maxReasoningEffort", effort_name(request->effort));
    }
    json_close_object(request->writer);
}

static void put_additional(struct bedrock_request *request)
{
    struct lazy fields = {.writer = request->writer, .name = "additionalModelRequestFields"};

    switch (request->family->reasoning) {
    case BEDROCK_KNOB_CLAUDE:
        put_claude(request, &fields);
        break;
    case BEDROCK_KNOB_NOVA:
        put_nova(request, &fields);
        break;
    case BEDROCK_KNOB_EFFORT:
        if (request->thinking == BEDROCK_THINKING_EFFORT) {
            json_put_str(in(&fields), "reasoning_effort", effort_name(request->effort));
        }
        break;
    case BEDROCK_KNOB_NONE:
        break;
    }
    put_top_k(request, &fields);
    close(&fields);
}

/* ---- The rest of the body ---- */

/* The schema goes as a text inside the JSON. */
static void put_output(struct bedrock_request *request)
{
    const struct chat_request *chat = request->chat;
    str description = str_trim(chat->schema_description);
    struct buf schema;
    struct json_writer writer = json_write_to(&schema);

    if (request->form != BEDROCK_FORM_BY_SCHEMA) {
        return;
    }
    buf_init(&schema, REQUEST_BYTES_MAX);
    schema_subset_put(&writer, NULL, chat->schema, request->arena);
    json_open_object(request->writer, "outputConfig");
    json_open_object(request->writer, "textFormat");
    json_put_str(request->writer, "type", STR("json_schema"));
    json_open_object(request->writer, "structure");
    json_open_object(request->writer, "jsonSchema");
    json_put_str(request->writer, "schema", buf_str(&schema));
    if (chat->schema_name.len > 0) {
        json_put_str(request->writer, "name", bedrock_tool_name(request, chat->schema_name));
    }
    if (description.len > 0) {
        json_put_str(request->writer, "description", description);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
    json_close_object(request->writer);
    json_close_object(request->writer);
    buf_free(&schema);
}

static void put_tier(struct bedrock_request *request)
{
    static const char tiers[] = "default flex priority reserved ";
    str tier = request->chat->service_tier;

    if (rules_words_have(str_c(tiers), tier)) {
        json_open_object(request->writer, "serviceTier");
        json_put_str(request->writer, "type", tier);
        json_close_object(request->writer);
    } else if (tier.len > 0 && !str_eq(tier, STR("auto"))) {
        bedrock_drop(request, "service_tier");
    }
}

static enum err put_body(struct bedrock_request *request)
{
    json_open_object(request->writer, NULL);
    put_inference(request);
    put_additional(request);
    put_output(request);
    put_tier(request);
    enum err err = bedrock_put_tools(request);
    if (err == ERR_OK) {
        err = put_system(request);
    }
    if (err == ERR_OK) {
        err = bedrock_put_messages(request);
    }
    json_close_object(request->writer);
    return err;
}

/* The whole id is one segment of the path: "%3A" for the colons, "%2F" for the slashes of ARNs. */
static enum err post(struct bedrock_request *request)
{
    struct http_request *http = &request->out->http;
    bool is_stream = request->chat->stream;
    str path[] = {
        STR("/model/"),
        url_encode(request->model->name, STR_NONE, request->arena),
        is_stream ? STR("/converse-stream") : STR("/converse"),
    };

    enum err err = request_post(request->writer, arena_join(request->arena, path, COUNT_OF(path)),
                                request->arena, http, request->fault);
    if (err == ERR_OK) {
        headers_add(&http->headers, request->arena, STR("accept"),
                    is_stream ? STR("application/vnd.amazon.eventstream")
                              : STR("application/json"));
    }
    return err;
}

static struct turns ordered(const struct chat_request *chat, const struct model *model,
                            struct arena *arena)
{
    unsigned takes = model_rules_of(model)->takes;
    const struct turns_rules rules = {
        .ids = bedrock_family_of(model)->ids,
        .reasoning_format = bedrock_is_claude(model) ? STR(BEDROCK_CLAUDE_FORMAT) : STR_NONE,
        .takes_system = (takes & TAKES_SYSTEM) != 0,
        .takes_prefill = (takes & TAKES_PREFILL) != 0,
    };

    return turns_of(chat, &rules, arena);
}

enum err bedrock_encode_request(const struct chat_request *chat, const struct model *model,
                                struct arena *arena, struct provider_request *out,
                                struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct bedrock_request request = {
        .chat = chat,
        .model = model,
        .rules = model_rules_of(model),
        .family = bedrock_family_of(model),
        .arena = arena,
        .writer = &writer,
        .out = out,
        .fault = fault,
        .turns = ordered(chat, model, arena),
    };

    buf_init(&body, REQUEST_BYTES_MAX);
    enum err err = bedrock_decide(&request);
    if (err == ERR_OK) {
        request.words = words_of(&request);
        err = put_body(&request);
    }
    if (err == ERR_OK) {
        err = post(&request);
    }
    buf_free(&body);
    return err;
}
