#include "admin/models.h"

#include "codec/json_write.h"

#include <time.h>

/* What may be sent to a model; the dialects drop what it cannot take. */
static const char *const parameters[] = {
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "max_completion_tokens",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
    "response_format",
    "structured_outputs",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "include_reasoning",
    "reasoning_effort",
    "verbosity",
};

static str author_of(str id)
{
    size_t slash = str_find_char(id, '/');

    return slash < id.len ? str_take(id, slash) : STR("gatehouse");
}

static void put_time(struct json_writer *writer, const char *name, int64_t seconds)
{
    char text[32];
    time_t at = (time_t)seconds;
    struct tm utc;

    (void)gmtime_r(&at, &utc);
    size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_put_str(writer, name, str_of(text, len));
}

static void put_int_or_null(struct json_writer *writer, const char *name, int64_t value)
{
    if (value > 0) {
        json_put_int(writer, name, value);
    } else {
        json_put_null(writer, name);
    }
}

/* Router prices and the like do not exist here: what is not known is shown as nothing. */
static void put_pricing(struct json_writer *writer, const struct pricing *pricing)
{
    char text[32];

    json_open_object(writer, "pricing");
    for (int i = 0; i < UNIT_COUNT; i++) {
        enum price_unit unit = (enum price_unit)i;
        bool is_always_shown = unit == UNIT_PROMPT || unit == UNIT_COMPLETION;
        int64_t picousd = pricing->set ? price_told(pricing, unit) : -1;
        if (is_always_shown || picousd >= 0) {
            json_put_str(writer, price_unit_name(unit),
                         price_format_picousd(picousd > 0 ? picousd : 0, text));
        }
    }
    json_close_object(writer);
}

static void put_architecture(struct json_writer *writer)
{
    json_open_object(writer, "architecture");
    json_put_str(writer, "modality", STR("text->text"));
    json_open_array(writer, "input_modalities");
    json_put_str(writer, NULL, STR("text"));
    json_close_array(writer);
    json_open_array(writer, "output_modalities");
    json_put_str(writer, NULL, STR("text"));
    json_close_array(writer);
    json_put_str(writer, "tokenizer", STR("Other"));
    json_put_null(writer, "instruct_type");
    json_close_object(writer);
}

static void put_parameters(struct json_writer *writer, const struct model *model)
{
    json_open_array(writer, "supported_parameters");
    if (model->parameters != NULL) {
        for (size_t i = 0; i < model->parameter_count; i++) {
            json_put_str(writer, NULL, model->parameters[i]);
        }
    } else {
        for (size_t i = 0; i < COUNT_OF(parameters); i++) {
            json_put_str(writer, NULL, str_c(parameters[i]));
        }
    }
    json_close_array(writer);
}

static void put_model(struct json_writer *writer, const struct catalogue_model *model)
{
    const struct endpoint *first = &model->endpoints[0];

    json_open_object(writer, NULL);
    json_put_str(writer, "id", model->id);
    json_put_str(writer, "object", STR("model"));
    json_put_str(writer, "type", STR("model"));
    json_put_str(writer, "owned_by", author_of(model->id));
    json_put_int(writer, "created", model->created_s);
    put_time(writer, "created_at", model->created_s);
    json_put_str(writer, "display_name", model->name);
    json_put_str(writer, "name", model->name);
    json_put_str(writer, "canonical_slug", model->id);
    json_put_null(writer, "hugging_face_id");
    json_put_str(writer, "description", model->description);
    put_int_or_null(writer, "context_length", model->context_tokens);
    put_int_or_null(writer, "max_input_tokens", model->context_tokens);
    put_int_or_null(writer, "max_tokens", model->output_tokens_max);
    put_architecture(writer);
    put_pricing(writer, &first->pricing);
    json_open_object(writer, "top_provider");
    put_int_or_null(writer, "context_length", model->context_tokens);
    put_int_or_null(writer, "max_completion_tokens", model->output_tokens_max);
    json_put_bool(writer, "is_moderated", false);
    json_close_object(writer);
    json_put_null(writer, "per_request_limits");
    put_parameters(writer, &first->model);
    json_put_null(writer, "default_parameters");
    json_put_null(writer, "supported_voices");
    json_open_array(writer, "aliases");
    for (size_t i = 0; i < model->alias_count; i++) {
        json_put_str(writer, NULL, model->aliases[i]);
    }
    json_close_array(writer);
    json_close_object(writer);
}

enum err models_write_one(const struct catalogue_model *model, struct buf *out)
{
    struct json_writer writer = json_write_to(out);

    put_model(&writer, model);
    return json_write_end(&writer);
}

enum err models_write_list(const struct snapshot *snapshot, struct buf *out)
{
    struct json_writer writer = json_write_to(out);

    json_open_object(&writer, NULL);
    json_put_str(&writer, "object", STR("list"));
    json_open_array(&writer, "data");
    for (size_t i = 0; i < snapshot->model_count; i++) {
        put_model(&writer, &snapshot->models[i]);
    }
    json_close_array(&writer);
    json_open_object(&writer, "links");
    json_put_null(&writer, "next");
    json_close_object(&writer);
    json_put_int(&writer, "total_count", (int64_t)snapshot->model_count);
    json_put_bool(&writer, "has_more", false);
    if (snapshot->model_count > 0) {
        json_put_str(&writer, "first_id", snapshot->models[0].id);
        json_put_str(&writer, "last_id", snapshot->models[snapshot->model_count - 1].id);
    } else {
        json_put_null(&writer, "first_id");
        json_put_null(&writer, "last_id");
    }
    json_close_object(&writer);
    return json_write_end(&writer);
}
