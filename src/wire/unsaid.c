#include "wire/unsaid.h"

#include "wire/openai_chat.h" /* which members there are */

/* One answer, no log probabilities, several calls at once: what happens without asking. */
static bool asks_for_nothing(const struct chat_request *chat, str name, json *value)
{
    if (json_is_none(value)) {
        return true;
    }
    if (str_eq(name, STR("n"))) {
        return chat->choices <= 1;
    }
    if (str_eq(name, STR("parallel_tool_calls"))) {
        return json_as_bool(value);
    }
    return json_is(value, JSON_BOOL) && !json_as_bool(value);
}

static bool is_for_model(str name)
{
    const struct openai_param *param = openai_param_by_name(name);

    return param == NULL || param->audience == FOR_MODEL;
}

/* The numbers, which every surface reads into the chat. */
static void add_numbers(const struct chat_request *chat, const char *said, struct arena *arena,
                        struct drops *drops)
{
    const char *base = (const char *)chat;

    for (const struct openai_param *param = openai_params; param->name.len > 0; param++) {
        struct chat_number number = {0};
        if (param->number_at == 0 || openai_words_have(said, param->name)) {
            continue;
        }
        memcpy(&number, base + param->number_at, sizeof(number));
        if (number.set) {
            drops_add(drops, arena, param->name);
        }
    }
}

void unsaid_add(const struct chat_request *chat, const char *said, struct arena *arena,
                struct drops *drops)
{
    struct json_walk walk = json_walk(chat->root);

    add_numbers(chat, said, arena, drops);
    while (chat->format == FORMAT_OPENAI_CHAT && json_next(&walk)) {
        if (is_for_model(walk.name) && !openai_words_have(said, walk.name) &&
            !asks_for_nothing(chat, walk.name, walk.value)) {
            drops_add(drops, arena, walk.name);
        }
    }
}
