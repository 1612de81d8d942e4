/*
 * Requests of the Anthropic Messages API: the body, from top to bottom.
 */
#include "wire/anthropic.h"
#include "wire/request.h"
#include "wire/schema_subset.h"

enum { USER_ID_BYTES_MAX = 256 };

/* ---- Pieces that other files write too ---- */

void anthropic_put_mark(struct anthropic_request *request, enum anthropic_place place, str ttl)
{
    bool is_long = str_eq(ttl, STR("1h"));

    if (request->marks_to_skip[place] > 0) {
        request->marks_to_skip[place]--;
        return;
    }
    if (is_long && request->has_short_mark) {
        ttl = STR("5m"); /* a longer one behind a shorter one is refused */
    }
    request->has_short_mark = request->has_short_mark || !is_long;
    json_open_object(request->writer, "cache_control");
    json_put_str(request->writer, "type", STR("ephemeral"));
    if (ttl.len > 0) {
        json_put_str(request->writer, "ttl", ttl);
    }
    json_close_object(request->writer);
}

void anthropic_put_text(struct anthropic_request *request, str text)
{
    json_put_str(request->writer, "type", STR("text"));
    json_put_str(request->writer, "text", text);
}

void anthropic_put_rest(struct anthropic_request *request, json *raw, const char *known)
{
    struct json_walk walk = json_walk(raw);

    while (request->is_raw && walk.is_object && json_next(&walk)) {
        if (!rules_words_have(str_c(known), walk.name)) {
            json_put_named_value(request->writer, walk.name, walk.value);
        }
    }
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
    const struct turn_block *block = request->turns.system;
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
            anthropic_put_mark(request, MARKS_IN_SYSTEM, block->part->cache_ttl);
        }
        json_close_object(request->writer);
    }
    if (has_words) {
        put_json_words(request);
    }
    json_close_array(request->writer);
    return ERR_OK;
}

/* ---- Sampling ---- */

static bool put_temperature(struct anthropic_request *request, bool by_rule)
{
    double temperature = request->chat->temperature.value;

    if (!request->chat->temperature.set) {
        return false;
    }
    if (request->thinks || !anthropic_sends(request, STR("temperature"), by_rule)) {
        anthropic_drop(request, "temperature ");
        return false;
    }
    json_put_real(request->writer, "temperature", temperature > 1 ? 1 : temperature);
    return true;
}

static void put_sampling(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool by_rule = request->rules->sampling != SAMPLING_NONE;
    bool excludes_top_p =
        put_temperature(request, by_rule) && request->rules->sampling != SAMPLING_FREE;
    bool is_narrow = request->thinks && chat->top_p.value < 0.95; /* refused with thinking */

    if (chat->top_p.set && !excludes_top_p && !is_narrow &&
        anthropic_sends(request, STR("top_p"), by_rule)) {
        json_put_real(request->writer, "top_p", chat->top_p.value);
    } else if (chat->top_p.set) {
        anthropic_drop(request, "top_p ");
    }
    if (chat->top_k.set && chat->top_k.value >= 1 && !request->thinks &&
        anthropic_sends(request, STR("top_k"), by_rule)) {
        json_put_int(request->writer, "top_k", (int64_t)chat->top_k.value);
    } else if (chat->top_k.set && chat->top_k.value >= 1) {
        anthropic_drop(request, "top_k ");
    }
}

/* Strings of white space alone are refused by the API and mean little. */
static void put_stop(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_open = false;

    if (chat->stop_count > 0 && !anthropic_sends(request, STR("stop"), true)) {
        anthropic_drop(request, "stop stop_sequences ");
        return;
    }
    for (size_t i = 0; i < chat->stop_count; i++) {
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

/* ---- Thinking and the form of the answer ---- */

static bool thinks_unless_told(const struct anthropic_request *request)
{
    return request->rules->habit == HABIT_BY_DEFAULT;
}

/* A client of this format may have said it itself. */
static str display_of(const struct anthropic_request *request)
{
    str said = json_str(json_get(request->chat->root, "thinking"), "display");

    if (request->is_raw && said.len > 0) {
        return said;
    }
    return request->chat->reasoning.exclude ? STR("omitted") : STR("summarized");
}

static void put_thinking(struct anthropic_request *request)
{
    bool is_off = request->thinking == THINKING_OFF;

    if (request->thinking == THINKING_UNSAID || (is_off && !thinks_unless_told(request))) {
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
        json_put_str(request->writer, "display", display_of(request));
    }
    json_close_object(request->writer);
}

/* True when a client of this format gave `output_config` members that we do not know. */
static bool has_config_rest(const struct anthropic_request *request)
{
    struct json_walk walk = json_walk(json_get(request->chat->root, "output_config"));

    while (request->is_raw && walk.is_object && json_next(&walk)) {
        if (!str_eq(walk.name, STR("effort")) && !str_eq(walk.name, STR("format"))) {
            return true;
        }
    }
    return false;
}

static void put_output_config(struct anthropic_request *request)
{
    if (request->effort == EFFORT_UNSET && request->json != JSON_BY_SCHEMA &&
        !has_config_rest(request)) {
        return;
    }
    json_open_object(request->writer, "output_config");
    if (request->effort != EFFORT_UNSET) {
        json_put_str(request->writer, "effort", effort_name(request->effort));
    }
    if (request->json == JSON_BY_SCHEMA) {
        json_open_object(request->writer, "format");
        json_put_str(request->writer, "type", STR("json_schema"));
        schema_subset_put(request->writer, "schema", request->chat->schema, request->arena);
        json_close_object(request->writer);
    }
    anthropic_put_rest(request, json_get(request->chat->root, "output_config"), "effort format ");
    json_close_object(request->writer);
}

/* ---- The rest ---- */

/* Who the user is must not be told: an id may go out, an address not. */
static void put_user(struct anthropic_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_openai = chat->format == FORMAT_OPENAI_CHAT;
    str user = chat->user;

    if (user.len == 0 && is_openai) {
        user = json_str(chat->root, "safety_identifier");
    }
    if (user.len == 0) {
        return;
    }
    if (user.len > USER_ID_BYTES_MAX || str_find_char(user, '@') < user.len) {
        anthropic_drop(request, "user safety_identifier metadata ");
        return;
    }
    json_open_object(request->writer, "metadata");
    json_put_str(request->writer, "user_id", user);
    json_close_object(request->writer);
}

static void put_tier(struct anthropic_request *request)
{
    str tier = request->chat->service_tier;

    if (str_eq(tier, STR("default"))) {
        tier = STR("standard_only");
    }
    if (request->platform->takes_tier &&
        (str_eq(tier, STR("auto")) || str_eq(tier, STR("standard_only")))) {
        json_put_str(request->writer, "service_tier", tier);
    } else if (tier.len > 0) {
        anthropic_drop(request, "service_tier ");
    }
}

/* Behind all other marks, because it stands for one at the end of the messages. */
static void put_top_mark(struct anthropic_request *request)
{
    if (request->chat->has_cache_mark && request->platform->takes_top_mark) {
        anthropic_put_mark(request, MARKS_IN_MESSAGES, request->chat->cache_ttl);
    } else if (request->chat->has_cache_mark) {
        anthropic_drop(request, "cache_control ");
    }
}

/* Members of a body in this format that are said above, or are for the gateway alone. */
static const char known_members[] =
    "model messages system max_tokens stream temperature top_p top_k stop_sequences tools "
    "tool_choice thinking output_config metadata service_tier cache_control anthropic_version "
    "anthropic_beta "
    "models provider route plugins transforms preset session_id trace debug user usage "
    "fallback_models fallback_rules api_base api_key api_version base_url custom_llm_provider "
    "litellm_params extra_headers user_config ";

static void put_extras(struct anthropic_request *request)
{
    struct json_walk walk = json_walk(request->chat->root);
    bool may_drop = request->chat->format == FORMAT_ANTHROPIC && !request->is_raw;

    anthropic_put_rest(request, request->chat->root, known_members);
    while (may_drop && json_next(&walk)) {
        if (!rules_words_have(str_c(known_members), walk.name)) {
            drops_add(&request->out->drops, request->arena, walk.name);
        }
    }
}

/* What the vendor's own API is told by the path's and the headers' side. */
static void put_platform(struct anthropic_request *request)
{
    if (!request->platform->is_in_path) {
        json_put_str(request->writer, "model", request->model->name);
        return;
    }
    json_put_str(request->writer, "anthropic_version", request->platform->version);
    if (request->betas.count > 0) {
        json_open_array(request->writer, "anthropic_beta");
        for (size_t i = 0; i < request->betas.count; i++) {
            json_put_str(request->writer, NULL, request->betas.at[i]);
        }
        json_close_array(request->writer);
    }
}

static enum err put_body(struct anthropic_request *request)
{
    json_open_object(request->writer, NULL);
    put_platform(request);
    json_put_int(request->writer, "max_tokens", request->max_tokens);
    if (request->chat->stream && request->platform->streams_in_body) {
        json_put_bool(request->writer, "stream", true);
    }
    put_thinking(request);
    put_output_config(request);
    put_sampling(request);
    put_stop(request);
    put_user(request);
    put_tier(request);
    enum err err = anthropic_put_tools(request);
    if (err == ERR_OK) {
        err = put_system(request);
    }
    if (err == ERR_OK) {
        err = anthropic_put_messages(request);
    }
    put_top_mark(request);
    put_extras(request);
    json_close_object(request->writer);
    return err;
}

static struct turns ordered(const struct chat_request *chat, const struct model *model,
                            struct arena *arena)
{
    const struct turns_rules rules = {
        .ids = anthropic_platform_of(model)->ids,
        .reasoning_format = STR(ANTHROPIC_REASONING_FORMAT),
        .takes_system = true,
        .takes_prefill = (model_rules_of(model)->takes & TAKES_PREFILL) != 0,
        .trims_asked = true,
        .names_users_alone = true,
    };

    return turns_of(chat, &rules, arena);
}

enum err anthropic_encode_request(const struct chat_request *chat, const struct model *model,
                                  struct arena *arena, struct provider_request *out,
                                  struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    const struct anthropic_platform *platform = anthropic_platform_of(model);
    struct anthropic_request request = {
        .chat = chat,
        .model = model,
        .rules = model_rules_of(model),
        .platform = platform,
        .arena = arena,
        .writer = &writer,
        .out = out,
        .fault = fault,
        .is_raw = chat->format == FORMAT_ANTHROPIC && platform->takes_extras &&
                  model->quirks->takes_extras,
        .turns = ordered(chat, model, arena),
    };

    *out = (struct provider_request){0};
    buf_init(&body, REQUEST_BYTES_MAX);
    enum err err = anthropic_decide(&request);
    if (err == ERR_OK) {
        err = put_body(&request);
    }
    if (err == ERR_OK) {
        err = anthropic_send(&request);
    }
    buf_free(&body);
    return err;
}
