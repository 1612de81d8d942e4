/*
 * Whole answers and errors of the chat surface, and the objects that streams share with them.
 *
 * Shapes: wire-format.md section 2; every deviation from it breaks some client.
 */
#include "llm/price.h"
#include "wire/openai_chat.h"

void openai_write_nanousd(struct json_writer *writer, const char *name, int64_t nanousd)
{
    char text[32];

    json_put_raw(writer, name, price_format_nanousd(nanousd > 0 ? nanousd : 0, text));
}

/* What is not known is left out, never 0. */
static void write_cost(struct json_writer *writer, const struct cost *cost)
{
    if (cost->known) {
        openai_write_nanousd(writer, "cost", cost->total_nanousd);
    }
    json_put_bool(writer, "is_byok", cost->is_byok);
    if (!cost->known) {
        return;
    }
    json_open_object(writer, "cost_details");
    if (cost->is_byok) {
        openai_write_nanousd(writer, "upstream_inference_cost", cost->upstream_nanousd);
    } else {
        json_put_null(writer, "upstream_inference_cost");
    }
    openai_write_nanousd(writer, "upstream_inference_prompt_cost", cost->prompt_nanousd);
    openai_write_nanousd(writer, "upstream_inference_completions_cost", cost->completion_nanousd);
    json_close_object(writer);
}

/* The lines' amounts are exact, to a pico-dollar, and before the discount. */
static void put_lines(struct json_writer *writer, const char *name, const struct bill *bill,
                      unsigned units)
{
    char text[32];
    int64_t picousd = 0;

    for (int unit = 0; unit < UNIT_COUNT; unit++) {
        if ((units & BIT(unit)) != 0) {
            picousd += bill_amount(bill, (enum price_unit)unit);
        }
    }
    json_put_raw(writer, name, price_format_picousd(picousd, text));
}

static void write_bill(struct json_writer *writer, const struct bill *bill)
{
    static const struct {
        const char *name;
        unsigned units;
    } parts[] = {
        {"image_cost", BIT(UNIT_IMAGE_TOKEN) | BIT(UNIT_IMAGE) | BIT(UNIT_IMAGE_OUTPUT)},
        {"video_cost", 0},
        {"audio_cost", BIT(UNIT_AUDIO) | BIT(UNIT_AUDIO_CACHE) | BIT(UNIT_AUDIO_OUTPUT)},
        {"native_web_search_cost", BIT(UNIT_WEB_SEARCH)},
        {"plugin_web_search_cost", 0},
        {"tools_cost", 0},
        {"prompt_cache_read_cost", BIT(UNIT_CACHE_READ)},
        {"prompt_cache_write_cost", BIT(UNIT_CACHE_WRITE) | BIT(UNIT_CACHE_WRITE_1H)},
        {"prompt_cache_write_5_min", BIT(UNIT_CACHE_WRITE)},
        {"prompt_cache_write_1_h", BIT(UNIT_CACHE_WRITE_1H)},
        {"reasoning_cost", BIT(UNIT_REASONING)},
    };
    char text[32];

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        put_lines(writer, parts[i].name, bill, parts[i].units);
    }
    json_put_raw(writer, "discount_rate", price_format_picousd(bill->discount, text));
}

void openai_write_root_cost(struct json_writer *writer, const struct cost *cost)
{
    if (!cost->known) {
        return;
    }
    openai_write_nanousd(writer, "cost", cost->total_nanousd);
    json_open_object(writer, "cost_details");
    openai_write_nanousd(writer, "prompt_cost", cost->prompt_nanousd);
    openai_write_nanousd(writer, "completion_cost", cost->completion_nanousd);
    if (cost->bill != NULL) {
        write_bill(writer, cost->bill);
    }
    json_put_bool(writer, "is_byok", cost->is_byok);
    openai_write_nanousd(writer, "byok_cost", cost->upstream_nanousd);
    json_close_object(writer);
}

void openai_write_usage(struct json_writer *writer, const struct usage *usage,
                        const struct cost *cost)
{
    json_open_object(writer, "usage");
    json_put_int(writer, "prompt_tokens", usage->prompt);
    json_put_int(writer, "completion_tokens", usage->completion);
    json_put_int(writer, "total_tokens", usage->total);
    json_open_object(writer, "prompt_tokens_details");
    json_put_int(writer, "cached_tokens", usage->prompt_cached);
    json_put_int(writer, "cache_write_tokens", usage->prompt_cache_write);
    json_put_int(writer, "audio_tokens", usage->prompt_audio);
    json_put_int(writer, "image_tokens", usage->prompt_image);
    json_put_int(writer, "video_tokens", usage->prompt_video);
    json_close_object(writer);
    json_open_object(writer, "completion_tokens_details");
    json_put_int(writer, "reasoning_tokens", usage->completion_reasoning);
    json_put_int(writer, "audio_tokens", usage->completion_audio);
    json_put_int(writer, "accepted_prediction_tokens", usage->prediction_accepted);
    json_put_int(writer, "rejected_prediction_tokens", usage->prediction_rejected);
    json_put_int(writer, "image_tokens", usage->completion_image);
    json_close_object(writer);
    if (usage->web_searches > 0) {
        json_open_object(writer, "server_tool_use");
        json_put_int(writer, "web_search_requests", usage->web_searches);
        json_close_object(writer);
    }
    write_cost(writer, cost);
    json_close_object(writer);
}

/* OpenAI's `type` words beside ours. */
static str openai_type(const struct fault *fault)
{
    int status = fault_status(fault);

    switch (status) {
    case 401:
        return STR("authentication_error");
    case 402:
        return STR("insufficient_quota");
    case 403:
        return STR("permission_error");
    case 404:
        return STR("not_found_error");
    case 429:
        return STR("rate_limit_error");
    default:
        break;
    }
    if (status < 500) {
        return STR("invalid_request_error");
    }
    return fault->provider.len > 0 || status != 500 ? STR("provider_error") : STR("server_error");
}

static void put_str_if_any(struct json_writer *writer, const char *name, str value)
{
    if (value.len > 0) {
        json_put_str(writer, name, value);
    }
}

void openai_write_error(struct json_writer *writer, const struct fault *fault)
{
    int status = fault_status(fault);
    str message = fault->message.len > 0 ? fault->message : STR("Internal Server Error");

    json_open_object(writer, "error");
    json_put_int(writer, "code", status);
    json_put_str(writer, "message", message);
    json_put_str(writer, "type", openai_type(fault));
    json_put_str_or_null(writer, "param", fault->param.len > 0 ? fault->param : STR_NONE);
    json_open_object(writer, "metadata");
    json_put_str(writer, "error_type", fault_type_name(fault->type));
    put_str_if_any(writer, "provider_name", fault->provider);
    if (status != 500) { /* what is our own fault is masked */
        put_str_if_any(writer, "provider_code", fault->provider_code);
        put_str_if_any(writer, "raw", fault->raw);
    }
    json_close_object(writer);
    json_close_object(writer);
}

void openai_write_reasoning_detail(struct json_writer *writer, const struct reasoning *reasoning)
{
    static const struct {
        str type;
        const char *text;
    } kinds[] = {
        [REASONING_TEXT] = {STR_INIT("reasoning.text"), "text"},
        [REASONING_SUMMARY] = {STR_INIT("reasoning.summary"), "summary"},
        [REASONING_ENCRYPTED] = {STR_INIT("reasoning.encrypted"), "data"},
    };
    bool is_text = reasoning->kind == REASONING_TEXT;

    json_open_object(writer, NULL);
    json_put_str(writer, "type", kinds[reasoning->kind].type);
    if (reasoning->text.len > 0 || !is_text) {
        json_put_str(writer, kinds[reasoning->kind].text, reasoning->text);
    }
    if (is_text) {
        put_str_if_any(writer, "signature", reasoning->signature);
    }
    put_str_if_any(writer, "id", reasoning->id);
    json_put_str(writer, "format", reasoning->format.len > 0 ? reasoning->format : STR("unknown"));
    json_put_int(writer, "index", reasoning->index);
    json_close_object(writer);
}

void openai_write_finish(struct json_writer *writer, enum finish_reason reason, str native)
{
    str word = finish_reason_name(reason);

    json_put_str_or_null(writer, "finish_reason", word.len > 0 ? word : STR_NONE);
    json_put_str_or_null(writer, "native_finish_reason", native);
}

bool openai_is_own_name(enum extra_place place, str name)
{
    static const char *const own[] = {
        [EXTRA_BODY] = "id object created model provider system_fingerprint service_tier choices "
                       "usage error cost cost_details user_id ",
        [EXTRA_CHOICE] = "index message delta text logprobs finish_reason native_finish_reason "
                         "error reasoning ",
        [EXTRA_MESSAGE] = "role content refusal annotations reasoning reasoning_details tool_calls "
                          "images audio ",
    };
    return openai_words_have(own[place], name);
}

static str find_extra(const struct answer *answer, str name)
{
    for (size_t i = 0; i < answer->extra_count; i++) {
        const struct answer_extra *extra = &answer->extras[i];
        if (extra->place == EXTRA_BODY && str_eq(extra->name, name)) {
            return extra->json;
        }
    }
    return STR_NONE;
}

/* `name` is followed by what was kept as JSON text. */
static void put_named_json(struct json_writer *writer, str name, str value)
{
    struct json_writer quoted = json_write_inside(writer->out, writer->needs_comma);

    quoted.err = writer->err;
    json_put_str(&quoted, NULL, name);
    writer->err = quoted.err == ERR_OK ? buf_add(writer->out, STR(":")) : quoted.err;
    writer->needs_comma = false;
    json_put_raw(writer, NULL, value);
}

static void write_extras(struct json_writer *writer, const struct answer *answer,
                         enum extra_place place, int choice)
{
    for (size_t i = 0; i < answer->extra_count; i++) {
        const struct answer_extra *extra = &answer->extras[i];
        bool is_here = extra->place == place && (place == EXTRA_BODY || extra->choice == choice);
        if (is_here && !openai_is_own_name(place, extra->name)) {
            put_named_json(writer, extra->name, extra->json);
        }
    }
}

static void write_raw_list(struct json_writer *writer, const char *name,
                           const struct answer_list *list)
{
    json_open_array(writer, name);
    for (size_t i = 0; i < list->count; i++) {
        json_put_raw(writer, NULL, list->at[i]);
    }
    json_close_array(writer);
}

/* What can be read of all blocks together; null when there is nothing. */
static enum err write_reasoning_text(struct json_writer *writer, const struct answer_choice *choice)
{
    struct buf text;
    enum err err = ERR_OK;

    buf_init(&text, writer->out->limit);
    for (size_t i = 0; i < choice->reasoning_count && err == ERR_OK; i++) {
        if (choice->reasoning[i].kind != REASONING_ENCRYPTED) {
            err = buf_add(&text, choice->reasoning[i].text);
        }
    }
    json_put_str_or_null(writer, "reasoning", text.len > 0 ? buf_str(&text) : STR_NONE);
    buf_free(&text);
    return err;
}

static void write_reasoning(struct json_writer *writer, const struct answer_choice *choice)
{
    enum err err = write_reasoning_text(writer, choice);

    writer->err = writer->err == ERR_OK ? err : writer->err;
    json_open_array(writer, "reasoning_details");
    for (size_t i = 0; i < choice->reasoning_count; i++) {
        openai_write_reasoning_detail(writer, &choice->reasoning[i]);
    }
    json_close_array(writer);
}

static void write_tool_calls(struct json_writer *writer, const struct answer_choice *choice)
{
    json_open_array(writer, "tool_calls");
    for (size_t i = 0; i < choice->tool_call_count; i++) {
        const struct answer_tool_call *call = &choice->tool_calls[i];
        json_open_object(writer, NULL);
        json_put_str(writer, "id", call->id);
        json_put_str(writer, "type", STR("function"));
        json_open_object(writer, "function");
        json_put_str(writer, "name", call->name);
        json_put_str(writer, "arguments", call->arguments);
        json_close_object(writer);
        json_close_object(writer);
    }
    json_close_array(writer);
}

/* Nothing said reads as null beside tool calls, a refusal or audio, else as the empty string. */
static str visible_text(const struct answer_choice *choice)
{
    bool says_otherwise =
        choice->tool_call_count > 0 || choice->refusal.at != NULL || choice->audio.len > 0;

    if (choice->text.len > 0) {
        return choice->text;
    }
    return says_otherwise ? STR_NONE : STR("");
}

static void write_message(struct json_writer *writer, const struct answer *answer, int index,
                          bool shows_reasoning)
{
    const struct answer_choice *choice = &answer->choices[index];

    json_open_object(writer, "message");
    json_put_str(writer, "role", STR("assistant"));
    json_put_str_or_null(writer, "content", visible_text(choice));
    json_put_str_or_null(writer, "refusal", choice->refusal);
    if (choice->reasoning_count > 0 && shows_reasoning) {
        write_reasoning(writer, choice);
    }
    write_raw_list(writer, "annotations", &choice->annotations);
    if (choice->tool_call_count > 0) {
        write_tool_calls(writer, choice);
    }
    if (choice->images.count > 0) {
        write_raw_list(writer, "images", &choice->images);
    }
    if (choice->audio.len > 0) {
        json_put_raw(writer, "audio", choice->audio);
    }
    write_extras(writer, answer, EXTRA_MESSAGE, index);
    json_close_object(writer);
}

static enum finish_reason finish_of(const struct answer_choice *choice)
{
    if (choice->finish != FINISH_NONE) {
        return choice->finish;
    }
    return choice->tool_call_count > 0 ? FINISH_TOOL_CALLS : FINISH_STOP;
}

static void write_choice(struct json_writer *writer, const struct encoder *encoder,
                         const struct answer *answer, int index, const struct fault *fault)
{
    const struct answer_choice *choice = &answer->choices[index];
    bool is_text = encoder->chat->is_text;
    bool shows_reasoning = !encoder->chat->reasoning.exclude;

    json_open_object(writer, NULL);
    json_put_int(writer, "index", index);
    if (is_text) {
        json_put_str(writer, "text", choice->text);
        if (choice->reasoning_count > 0 && shows_reasoning) {
            enum err err = write_reasoning_text(writer, choice);
            writer->err = writer->err == ERR_OK ? err : writer->err;
        }
    } else {
        write_message(writer, answer, index, shows_reasoning);
    }
    if (choice->logprobs.len > 0) {
        json_put_raw(writer, "logprobs", choice->logprobs);
    } else {
        json_put_null(writer, "logprobs");
    }
    openai_write_finish(writer, fault != NULL ? FINISH_ERROR : finish_of(choice),
                        choice->native_finish);
    if (fault != NULL) {
        openai_write_error(writer, fault);
    }
    write_extras(writer, answer, EXTRA_CHOICE, index);
    json_close_object(writer);
}

enum err openai_encode_whole(struct encoder *encoder, const struct answer *answer,
                             const struct fault *fault, struct buf *out)
{
    struct json_writer writer = json_write_to(out);
    const struct identity *identity = &encoder->identity;
    str fingerprint = find_extra(answer, STR("system_fingerprint"));
    str tier = find_extra(answer, STR("service_tier"));

    assert(encoder->chat != NULL);
    json_open_object(&writer, NULL);
    json_put_str(&writer, "id", identity->generation_id);
    json_put_str(&writer, "object", STR("chat.completion"));
    json_put_int(&writer, "created", identity->created_s);
    json_put_str(&writer, "model", identity->model);
    json_put_str(&writer, "provider", identity->provider);
    json_put_raw(&writer, "system_fingerprint",
                 fingerprint.len > 0 ? fingerprint : STR("\"" OPENAI_FINGERPRINT "\""));
    if (tier.len > 0) {
        json_put_raw(&writer, "service_tier", tier);
    }
    json_open_array(&writer, "choices");
    for (size_t i = 0; i < answer->choice_count; i++) {
        write_choice(&writer, encoder, answer, (int)i, fault);
    }
    json_close_array(&writer);
    openai_write_usage(&writer, &answer->usage, &answer->cost);
    if (encoder->chat->wants_usage_cost) {
        openai_write_root_cost(&writer, &answer->cost);
    }
    write_extras(&writer, answer, EXTRA_BODY, 0);
    json_close_object(&writer);
    return json_write_end(&writer);
}

enum err openai_encode_fault(const struct identity *identity, const struct fault *fault,
                             struct buf *out)
{
    struct json_writer writer = json_write_to(out);

    (void)identity; /* the request's id stands in a header */
    json_open_object(&writer, NULL);
    openai_write_error(&writer, fault);
    json_put_null(&writer, "user_id");
    json_close_object(&writer);
    return json_write_end(&writer);
}
