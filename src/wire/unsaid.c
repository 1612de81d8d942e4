#include "wire/unsaid.h"

#include "wire/openai_chat.h" /* which members there are */

/* What happens without asking; of a member that nobody knows: `false`. */
static bool asks_for_nothing(const struct openai_param *param, json *value, struct arena *arena)
{
    if (json_is_none(value)) {
        return true;
    }
    return param != NULL ? openai_param_is_usual(param, value, arena)
                         : json_is(value, JSON_BOOL) && !json_as_bool(value);
}

static void add_members(const struct chat_request *chat, const char *said, struct arena *arena,
                        struct drops *drops)
{
    struct json_walk walk = json_walk(chat->root);

    while (json_next(&walk)) {
        const struct openai_param *param = openai_param_by_name(walk.name);
        bool is_for_model = param == NULL || param->audience == FOR_MODEL;
        if (is_for_model && !openai_words_have(said, walk.name) &&
            !asks_for_nothing(param, walk.value, arena)) {
            drops_add(drops, arena, walk.name);
        }
    }
}

/* The numbers, which every surface reads into the chat whatever it calls them. */
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
    if (chat->format == FORMAT_OPENAI_CHAT) {
        add_members(chat, said, arena, drops);
    } else {
        add_numbers(chat, said, arena, drops);
    }
}
