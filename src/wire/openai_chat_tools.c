/*
 * Tool calls and usage as the servers of the OpenAI family tell them: provider-dialects.md 10.9.
 */
#include "codec/json_write.h"
#include "wire/openai_chat_decode.h"
#include "wire/quirks.h"

/* One element of `tool_calls`. */
struct piece {
    int64_t index; /* < 0: none given */
    str id;
    str name;
    str arguments;
};

/* "null" and "" stand for no id with some servers. */
static str clean_id(str id)
{
    return str_eq(id, STR("null")) ? STR_NONE : id;
}

/* Arguments as text: some servers send the object itself; "null" means that there are none. */
static str arguments_of(struct openai_turn *turn, json *function)
{
    json *value = json_get(function, "arguments");

    if (json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY)) {
        return json_to_text(turn->scratch, value);
    }
    return json_as_str(value);
}

static struct openai_tool *tool_add(struct openai_turn *turn, struct openai_choice *choice)
{
    if (choice->tool_count == OPENAI_TOOLS_MAX) {
        return NULL;
    }
    if (choice->tool_count == choice->tool_room) {
        size_t room = choice->tool_room > 0 ? choice->tool_room * 2 : 4;
        struct openai_tool *tools = ARENA_ARRAY(turn->decoder->arena, struct openai_tool, room);
        if (choice->tool_count > 0) {
            memcpy(tools, choice->tools, choice->tool_count * sizeof(*tools));
        }
        choice->tools = tools;
        choice->tool_room = room;
    }
    struct openai_tool *tool = &choice->tools[choice->tool_count++];
    *tool = (struct openai_tool){.wire_index = -1};
    return tool;
}

static struct openai_tool *find_by_id(const struct openai_choice *choice, str id)
{
    for (size_t i = choice->tool_count; i > 0 && id.len > 0; i--) {
        if (str_eq(choice->tools[i - 1].wire_id, id)) {
            return &choice->tools[i - 1];
        }
    }
    return NULL;
}

static struct openai_tool *find_by_index(const struct openai_choice *choice, int64_t index)
{
    for (size_t i = choice->tool_count; i > 0; i--) {
        if (choice->tools[i - 1].wire_index == index) {
            return &choice->tools[i - 1];
        }
    }
    return NULL;
}

/* Some servers tell id and name again in every chunk, and some give one index or one id to several
 * calls: what contradicts the call begins another. */
static bool contradicts(const struct openai_tool *tool, const struct piece *piece)
{
    bool other_id = piece->id.len > 0 && tool->id.len > 0 && !str_eq(piece->id, tool->wire_id);
    bool other_name = piece->name.len > 0 && tool->name.len > 0 && !str_eq(piece->name, tool->name);

    return other_name || (other_id && piece->name.len > 0);
}

/* The call that the piece continues, or NULL when it begins one. */
static struct openai_tool *find_tool(const struct openai_choice *choice, const struct piece *piece)
{
    struct openai_tool *tool = NULL;

    if (piece->index >= 0) {
        tool = find_by_index(choice, piece->index);
    } else if (piece->id.len > 0) {
        tool = find_by_id(choice, piece->id);
    } else if (piece->name.len == 0 && choice->tool_count > 0) {
        tool = &choice->tools[choice->tool_count - 1];
    }
    return tool != NULL && contradicts(tool, piece) ? NULL : tool;
}

static str mint_id(struct openai_turn *turn)
{
    return arena_printf(turn->decoder->arena, "call_" STR_FMT "%d", STR_ARG(turn->decoder->id_seed),
                        turn->answer->minted++);
}

static void open_tool(struct openai_turn *turn, int choice_index,
                      const struct openai_choice *choice, struct openai_tool *tool)
{
    struct event *event = event_list_add(turn->out, turn->scratch, EVENT_TOOL_CALL);

    tool->is_open = true;
    event->choice = choice_index;
    event->tool.index = tool - choice->tools;
    event->tool.id = tool->id;
    event->tool.name = tool->name;
}

/* NULL past the bound. */
static struct openai_tool *begin_tool(struct openai_turn *turn, struct openai_choice *choice,
                                      const struct piece *piece)
{
    bool is_used = find_by_id(choice, piece->id) != NULL; /* it would make two calls one */
    struct openai_tool *tool = tool_add(turn, choice);

    if (tool != NULL) {
        tool->wire_index = piece->index;
        tool->wire_id = arena_copy(turn->decoder->arena, piece->id);
        tool->id = piece->id.len > 0 && !is_used ? tool->wire_id : mint_id(turn);
    }
    return tool;
}

static bool is_json(struct arena *arena, str text)
{
    return json_read_lenient(arena, text) != NULL;
}

static void remember_arguments(struct openai_tool *tool, str arguments)
{
    str trimmed = str_trim(arguments);

    tool->args_len = arguments.len;
    tool->args_hash = openai_hash(arguments, 0);
    if (trimmed.len > 0) {
        tool->args_end = trimmed.at[trimmed.len - 1];
    }
}

/* What is new in a piece of arguments.  A server that tells them all again in every piece is known
 * by its second one: it begins with the first, where no JSON could go on so.  It could where a
 * value is due ('{"a":' before '{"a":1}}'): there the piece must be whole in itself. */
static str new_arguments(struct arena *scratch, struct openai_tool *tool, str piece)
{
    size_t told = tool->args_len;
    bool repeats = !tool->adds_up && told > 1 && piece.len >= told &&
                   openai_hash(str_take(piece, told), 0) == tool->args_hash;

    if (tool->adds_up || piece.len == 0) {
        return piece;
    }
    if (told == 0) {
        remember_arguments(tool, piece);
        return piece;
    }
    bool is_value_due = str_find_char(STR(":[,"), tool->args_end) < 3;
    if (!repeats || ((piece.len == told || is_value_due) && !is_json(scratch, piece))) {
        tool->adds_up = true;
        return piece;
    }
    remember_arguments(tool, piece);
    return str_skip(piece, told);
}

static enum err take_piece(struct openai_turn *turn, int choice_index, struct openai_choice *choice,
                           const struct piece *piece)
{
    bool is_whole = turn->answer->is_whole; /* every element is a call */
    struct openai_tool *tool = is_whole ? NULL : find_tool(choice, piece);

    tool = tool != NULL ? tool : begin_tool(turn, choice, piece);
    if (tool == NULL) {
        return openai_broken(turn, ERR_PEER, STR("the provider called too many tools at once"));
    }
    if (tool->name.len == 0) {
        tool->name = arena_copy(turn->decoder->arena, piece->name);
    }
    if (!tool->is_open && (tool->name.len > 0 || piece->arguments.len > 0)) {
        open_tool(turn, choice_index, choice, tool);
    }
    str arguments =
        is_whole ? piece->arguments : new_arguments(turn->scratch, tool, piece->arguments);
    bool says_none = !tool->has_args && (str_eq(arguments, STR("null")) ||
                                         (!is_whole && str_eq(arguments, STR("{}"))));
    if (arguments.len == 0 || says_none) {
        return ERR_OK; /* the surface gives "{}" to a call without any; more may come */
    }
    tool->has_args = true;
    struct event *event = event_list_add(turn->out, turn->scratch, EVENT_TOOL_ARGS);
    event->choice = choice_index;
    event->tool_args.index = tool - choice->tools;
    event->tool_args.json = arguments;
    return ERR_OK;
}

enum err openai_take_tool_calls(struct openai_turn *turn, int choice_index,
                                struct openai_choice *choice, json *calls)
{
    struct json_walk walk = json_walk(calls);
    enum err err = ERR_OK;

    while (err == ERR_OK && json_next(&walk)) {
        json *function = json_get(walk.value, "function");
        json *index = json_get(walk.value, "index");
        struct piece piece = {
            .index = json_is(index, JSON_INT) ? json_as_int(index) : -1,
            .id = clean_id(json_str(walk.value, "id")),
            .name = json_str(function, "name"),
            .arguments = arguments_of(turn, function),
        };
        err = take_piece(turn, choice_index, choice, &piece);
    }
    return err;
}

enum err openai_take_function_call(struct openai_turn *turn, int choice_index,
                                   struct openai_choice *choice, json *call)
{
    struct piece piece = {
        .index = 0,
        .name = json_str(call, "name"),
        .arguments = arguments_of(turn, call),
    };

    return piece.name.len > 0 || piece.arguments.len > 0 /* some send the member always, empty */
               ? take_piece(turn, choice_index, choice, &piece)
               : ERR_OK;
}

/* A count, whatever it is written as; what is negative or no number is 0. */
static int64_t count_of(json *object, const char *name)
{
    json *value = json_get(object, name);
    uint64_t number = 0;

    if (json_is(value, JSON_STR)) {
        str whole = str_take(json_as_str(value), str_find_char(json_as_str(value), '.'));
        return str_to_uint(whole, INT64_MAX, &number) ? (int64_t)number : 0;
    }
    int64_t count = json_as_int(value);
    return count > 0 ? count : 0;
}

static int64_t first_count(json *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t found = count_of(object, names[i]);
        if (found > 0) {
            return found;
        }
    }
    return 0;
}

static void read_prompt_details(json *usage, struct usage *out)
{
    static const char *const cached[] = {"prompt_cache_hit_tokens", "cached_tokens",
                                         "cache_read_input_tokens", "num_cached_tokens"};
    json *details = json_get(usage, "prompt_tokens_details");

    out->prompt_cached = count_of(details, "cached_tokens");
    if (out->prompt_cached == 0) {
        out->prompt_cached = first_count(usage, cached, COUNT_OF(cached));
    }
    out->prompt_cache_write = count_of(details, "cache_write_tokens");
    if (out->prompt_cache_write == 0) {
        out->prompt_cache_write = count_of(usage, "cache_creation_input_tokens");
    }
    out->prompt_audio = count_of(details, "audio_tokens");
    out->prompt_image = count_of(details, "image_tokens");
    out->prompt_video = count_of(details, "video_tokens");
}

static void read_completion_details(json *usage, struct usage *out)
{
    json *details = json_get(usage, "completion_tokens_details");

    out->completion_reasoning = count_of(details, "reasoning_tokens");
    if (out->completion_reasoning == 0) {
        out->completion_reasoning = count_of(usage, "reasoning_tokens");
    }
    out->completion_audio = count_of(details, "audio_tokens");
    out->completion_image = count_of(details, "image_tokens");
    out->prediction_accepted = count_of(details, "accepted_prediction_tokens");
    out->prediction_rejected = count_of(details, "rejected_prediction_tokens");
}

/* Parts that are told as more than their whole are passed on as they were told; prices mind. */
bool openai_read_usage(json *usage, const struct quirks *quirks, struct usage *out)
{
    struct usage read = {
        .prompt = count_of(usage, "prompt_tokens"),
        .completion = count_of(usage, "completion_tokens"),
        .total = count_of(usage, "total_tokens"),
    };
    int64_t sum = 0;

    if (!json_is(usage, JSON_OBJECT) ||
        (read.prompt == 0 && read.completion == 0 && read.total == 0)) {
        return false;
    }
    read_prompt_details(usage, &read);
    read_completion_details(usage, &read);
    if (quirks->completion_excludes_reasoning && read.total - read.prompt > read.completion) {
        read.completion = read.total - read.prompt;
    }
    if (__builtin_add_overflow(read.prompt, read.completion, &sum)) {
        return false;
    }
    read.total = read.total > 0 ? read.total : sum;
    json *searches = json_get(usage, "server_tool_use");
    searches =
        json_is(searches, JSON_OBJECT) ? searches : json_get(usage, "server_tool_use_details");
    read.web_searches = count_of(searches, "web_search_requests");
    *out = read;
    return true;
}

enum finish_reason openai_finish_of(str word, bool has_output)
{
    static const struct {
        str word;
        enum finish_reason reason;
    } words[] = {
        {STR_INIT("stop"), FINISH_STOP},
        {STR_INIT("length"), FINISH_LENGTH},
        {STR_INIT("tool_calls"), FINISH_TOOL_CALLS},
        {STR_INIT("function_call"), FINISH_TOOL_CALLS},
        {STR_INIT("content_filter"), FINISH_CONTENT_FILTER},
        {STR_INIT("max_tokens"), FINISH_LENGTH},
        {STR_INIT("model_length"), FINISH_LENGTH},
        {STR_INIT("eos"), FINISH_STOP},
        {STR_INIT("eos_token"), FINISH_STOP},
        {STR_INIT("end_turn"), FINISH_STOP},
        {STR_INIT("stop_sequence"), FINISH_STOP},
        {STR_INIT("tool_use"), FINISH_TOOL_CALLS},
        {STR_INIT("sensitive"), FINISH_CONTENT_FILTER}, /* Z.AI */
        {STR_INIT("refusal"), FINISH_CONTENT_FILTER},
        {STR_INIT("safety"), FINISH_CONTENT_FILTER},
        {STR_INIT("recitation"), FINISH_CONTENT_FILTER},
        {STR_INIT("prohibited_content"), FINISH_CONTENT_FILTER},
        {STR_INIT("content_filtered"), FINISH_CONTENT_FILTER},
        {STR_INIT("guardrail_intervened"), FINISH_CONTENT_FILTER},
        {STR_INIT("max_output_tokens"), FINISH_LENGTH},
        {STR_INIT("model_context_window_exceeded"), FINISH_LENGTH},
        {STR_INIT("error"), FINISH_ERROR},
        {STR_INIT("abort"), FINISH_ERROR}, /* vLLM */
        {STR_INIT("malformed_function_call"), FINISH_ERROR},
        {STR_INIT("network_error"), FINISH_ERROR},                /* Z.AI */
        {STR_INIT("insufficient_system_resource"), FINISH_ERROR}, /* DeepSeek */
        {STR_INIT("null"), FINISH_NONE},
    };

    if (word.len == 0) {
        return FINISH_NONE;
    }
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq_nocase(word, words[i].word)) {
            return words[i].reason;
        }
    }
    return has_output ? FINISH_STOP : FINISH_ERROR;
}
