/*
 * How a provider of the OpenAI family is told to reason.
 *
 * The family has many words for it: a level, a switch, a budget, a mode.  What the client says in a
 * provider's own words goes before what we would say for it.
 */
#include "wire/openai_chat.h"
#include "wire/openai_chat_encode.h"

/* `thinking` and `enable_thinking` as the client wrote them, for who knows them or takes what it
 * does not know. */
static void put_own_words(struct openai_work *work)
{
    const struct quirks *quirks = work->quirks;
    const struct {
        const char *name;
        bool is_known;
    } words[] = {
        {"thinking", quirks->thinking_object},
        {"enable_thinking", quirks->enable_thinking},
        {"thinking_budget", quirks->enable_thinking},
    };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        json *value = openai_client_member(work, words[i].name);
        str name = str_c(words[i].name);
        bool goes = words[i].is_known ||
                    (openai_takes_extra(quirks, name) && !openai_words_have(quirks->refused, name));
        if (value != NULL && goes) {
            json_put_value(&work->writer, words[i].name, value);
            work->has_thinking_word = true;
        }
    }
}

/* OpenRouter's form, which is the client's. */
static void put_object(struct openai_work *work)
{
    const struct chat_reasoning *reasoning = &work->chat->reasoning;

    json_open_object(&work->writer, "reasoning");
    if (reasoning->max_tokens > 0) {
        json_put_int(&work->writer, "max_tokens", reasoning->max_tokens);
    } else if (reasoning->effort != EFFORT_UNSET) {
        json_put_str(&work->writer, "effort", effort_name(reasoning->effort));
    }
    if (reasoning->enabled != TRI_UNSET && reasoning->effort == EFFORT_UNSET &&
        reasoning->max_tokens == 0) {
        json_put_bool(&work->writer, "enabled", reasoning->enabled == TRI_TRUE);
    }
    if (reasoning->exclude) {
        json_put_bool(&work->writer, "exclude", true);
    }
    if (reasoning->summary.len > 0) {
        json_put_str(&work->writer, "summary", reasoning->summary);
    }
    json_close_object(&work->writer);
}

/* True when a switch of the provider's own was written. */
static bool put_switch(struct openai_work *work, bool is_on)
{
    const struct quirks *quirks = work->quirks;
    bool is_written = false;

    if (quirks->thinking_object) {
        json_open_object(&work->writer, "thinking");
        json_put_str(&work->writer, "type", is_on ? STR("enabled") : STR("disabled"));
        json_close_object(&work->writer);
        is_written = true;
    }
    if (quirks->enable_thinking) {
        int64_t budget = work->chat->reasoning.max_tokens;
        json_put_bool(&work->writer, "enable_thinking", is_on);
        if (is_on && budget > 0) {
            json_put_int(&work->writer, "thinking_budget", budget);
        }
        is_written = true;
    }
    if (quirks->template_thinking && openai_client_member(work, "chat_template_kwargs") == NULL) {
        json_open_object(&work->writer, "chat_template_kwargs");
        json_put_bool(&work->writer, "enable_thinking", is_on);
        json_close_object(&work->writer);
        is_written = true;
    }
    if (openai_fits_any(quirks->prompt_mode, work->model->name) &&
        openai_client_member(work, "prompt_mode") == NULL) {
        if (is_on) {
            json_put_str(&work->writer, "prompt_mode", STR("reasoning"));
        }
        is_written = true;
    }
    return is_written;
}

/* True when it was written. */
static bool put_effort(struct openai_work *work, bool has_switch)
{
    enum effort effort = openai_effort_for(work->chat, work->model);
    bool is_off = openai_effort_asked(work->chat) == EFFORT_NONE;
    bool is_two_way = openai_fits_any(work->quirks->effort_switch, work->model->name);

    if ((effort == EFFORT_UNSET && !is_two_way) || (is_off && has_switch) ||
        !work->quirks->reasoning_effort ||
        openai_fits_any(work->quirks->prompt_mode, work->model->name) ||
        !openai_takes_param(work->chat, work->model, STR("reasoning_effort"))) {
        return false;
    }
    if (is_two_way) {
        json_put_str(&work->writer, "reasoning_effort", is_off ? STR("none") : STR("default"));
    } else {
        json_put_str(&work->writer, "reasoning_effort", effort_name(effort));
    }
    return true;
}

/* Groq: apart from the text, or not at all. */
static void put_format(struct openai_work *work)
{
    bool is_hidden = work->chat->reasoning.exclude;

    if (openai_fits_any(work->quirks->reasoning_format, work->model->name) &&
        openai_client_member(work, "reasoning_format") == NULL) {
        json_put_str(&work->writer, "reasoning_format", is_hidden ? STR("hidden") : STR("parsed"));
    }
}

static str client_name(struct openai_work *work)
{
    return openai_client_member(work, "reasoning_effort") != NULL ? STR("reasoning_effort")
                                                                  : STR("reasoning");
}

void openai_write_reasoning(struct openai_work *work)
{
    bool says_level = openai_client_member(work, "reasoning") != NULL ||
                      openai_client_member(work, "reasoning_effort") != NULL || !work->is_native;

    put_own_words(work);
    if (!work->chat->reasoning.set) {
        return;
    }
    put_format(work);
    if (work->has_thinking_word && !says_level) {
        return;
    }
    if (work->quirks->reasoning_object) {
        put_object(work);
        return;
    }
    enum effort asked = openai_effort_asked(work->chat);
    if (asked == EFFORT_UNSET) {
        return;
    }
    bool has_switch = work->has_thinking_word || put_switch(work, asked != EFFORT_NONE);
    bool is_said = put_effort(work, has_switch) || has_switch;
    bool is_moot = asked == EFFORT_NONE && model_rules_of(work->model)->habit == HABIT_NEVER;
    if (!is_said && !is_moot) {
        openai_drop(work, client_name(work));
    }
}
