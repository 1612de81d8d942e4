#include "wire/demo.h"

#include "base/macros.h"
#include "base/text.h"
#include "codec/json_write.h"

enum {
    TOKENS_MAX = 4096,
    TOKEN_BYTES_MAX = 64,
    TEXT_BYTES_MAX = 1 << 16, /* of what was said, as far as it is looked at */
    TOOLS_MAX = 128,          /* the same */
    JSON_BYTES_MAX = 1 << 20,
    MADE_DEPTH_MAX = 16,
    MADE_VALUES_MAX = 1000, /* also of the names in a schema that are looked at */
    MADE_ITEMS_MAX = 4,
};

enum step { STEP_START, STEP_TEXT, STEP_CALL, STEP_ARGUMENTS, STEP_END, STEP_DONE };

struct demo {
    struct arena *arena;
    str id_seed;
    enum step step;

    str text; /* of the answer; what is left of it to say */
    const struct chat_tool **calls;
    str *arguments; /* of each call */
    size_t call_count;
    size_t call; /* the one being said */

    enum finish_reason finish;
    str native;
    struct usage usage;
};

/* ---- Tokens ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Cuts the next token off the front: white space and the word behind it. */
static str next_token(str *rest)
{
    size_t len = 0;

    while (len < rest->len && is_blank(rest->at[len])) {
        len++;
    }
    size_t word = len;
    while (len < rest->len && !is_blank(rest->at[len])) {
        len++;
    }
    if (len - word > TOKEN_BYTES_MAX) {
        str part = text_take_utf8(str_skip(*rest, word), TOKEN_BYTES_MAX);
        len = word + (part.len > 0 ? part.len : TOKEN_BYTES_MAX);
    }
    str token = str_take(*rest, len);
    *rest = str_skip(*rest, len);
    return token;
}

static int64_t count_tokens(str text)
{
    int64_t count = 0;

    while (text.len > 0) {
        (void)next_token(&text);
        count++;
    }
    return count;
}

static int64_t count_prompt(const struct chat_request *chat)
{
    int64_t count = 0;

    for (size_t i = 0; i < chat->message_count; i++) {
        for (size_t k = 0; k < chat->messages[i].part_count; k++) {
            const struct chat_part *part = &chat->messages[i].parts[k];
            count += count_tokens(part->text) + count_tokens(part->arguments);
        }
    }
    return count;
}

/* ---- Reading the chat ---- */

/* What stands for a part in text. */
static str part_text(const struct chat_part *part)
{
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        return part->text;
    case PART_IMAGE:
        return STR("[image]");
    case PART_AUDIO:
        return STR("[audio]");
    case PART_VIDEO:
        return STR("[video]");
    case PART_FILE:
        return STR("[file]");
    case PART_REASONING:
    case PART_TOOL_CALL:
    case PART_OTHER:
        break;
    }
    return STR_NONE;
}

/* Appends as much of the text as the buffer takes. */
static void add(struct buf *out, str text)
{
    (void)(buf_add(out, text_take_utf8(text, out->limit - out->len)) == ERR_OK); /* it fits */
}

static void add_message(struct buf *out, const struct chat_message *message)
{
    bool is_first = true;

    for (size_t i = 0; i < message->part_count; i++) {
        str text = part_text(&message->parts[i]);
        if (text.len == 0) {
            continue;
        }
        add(out, is_first ? STR("") : STR(" "));
        add(out, text);
        is_first = false;
    }
}

static const struct chat_message *last_of(const struct chat_request *chat, enum chat_role role)
{
    for (size_t i = chat->message_count; i > 0; i--) {
        if (chat->messages[i - 1].role == role) {
            return &chat->messages[i - 1];
        }
    }
    return NULL;
}

static str last_user_text(const struct chat_request *chat, struct arena *arena)
{
    const struct chat_message *message = last_of(chat, ROLE_USER);
    struct buf text;

    buf_init(&text, TEXT_BYTES_MAX);
    if (message != NULL) {
        add_message(&text, message);
    }
    str copy = arena_copy(arena, buf_str(&text));
    buf_free(&text);
    return copy;
}

static bool ends_in_results(const struct chat_request *chat)
{
    return chat->messages[chat->message_count - 1].role == ROLE_TOOL;
}

/* ---- Choosing tools ---- */

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

/* True when the text holds the name as a word of its own. */
static bool names(str text, str name)
{
    for (size_t at = 0; name.len > 0 && at < text.len;) {
        size_t from = at + str_find(str_skip(text, at), name);
        size_t to = from + name.len;
        if (from >= text.len) {
            return false;
        }
        if ((from == 0 || !is_name_char(text.at[from - 1])) &&
            (to >= text.len || !is_name_char(text.at[to]))) {
            return true;
        }
        at = from + 1;
    }
    return false;
}

static bool is_called(const struct chat_request *chat, const struct chat_tool *tool, str text)
{
    if (!tool->is_function) {
        return false;
    }
    return chat->tool_choice == TOOL_CHOICE_NAMED ? str_eq(tool->name, chat->tool_choice_name)
                                                  : names(text, tool->name);
}

static size_t tool_count(const struct chat_request *chat)
{
    return chat->tool_count < TOOLS_MAX ? chat->tool_count : TOOLS_MAX;
}

static void choose_tools(struct demo *demo, const struct chat_request *chat, str text)
{
    size_t count = tool_count(chat);
    size_t most = chat->parallel_tool_calls == TRI_FALSE ? 1 : count;

    if (count == 0 || chat->tool_choice == TOOL_CHOICE_NONE || ends_in_results(chat)) {
        return;
    }
    demo->calls = ARENA_ARRAY(demo->arena, const struct chat_tool *, count);
    for (size_t i = 0; i < count && demo->call_count < most; i++) {
        if (is_called(chat, &chat->tools[i], text)) {
            demo->calls[demo->call_count++] = &chat->tools[i];
        }
    }
    if (demo->call_count == 0 && chat->tool_choice == TOOL_CHOICE_REQUIRED &&
        chat->tools[0].is_function) {
        demo->calls[demo->call_count++] = &chat->tools[0];
    }
}

/* ---- Making values of a schema ---- */

struct maker {
    struct json_writer *writer;
    json *root;
    str word;       /* what every text is */
    bool makes_all; /* else only required properties */
    int depth;
    int values_left;
};

/* The longest word of the text that names no tool: in a short sentence often what it is about. */
static str telling_word(const struct chat_request *chat, str text)
{
    str best = STR("demo");
    bool is_given = false;

    for (size_t i = 0; i < text.len; i++) {
        size_t from = i;
        while (i < text.len && (is_name_char(text.at[i]) || (unsigned char)text.at[i] >= 0x80)) {
            i++;
        }
        str word = str_of(text.at + from, i - from);
        bool is_tool = false;
        for (size_t k = 0; k < tool_count(chat); k++) {
            is_tool = is_tool || str_eq(word, chat->tools[k].name);
        }
        if (word.len > 0 && !is_tool && (!is_given || word.len > best.len)) {
            best = text_take_utf8(word, TOKEN_BYTES_MAX);
            is_given = true;
        }
    }
    return best;
}

/* The schema behind "#/$defs/Name", or the schema itself. */
static json *resolved(const struct maker *maker, json *schema)
{
    static const struct {
        str prefix;
        const char *place;
    } places[] = {
        {STR_INIT("#/$defs/"), "$defs"},
        {STR_INIT("#/definitions/"), "definitions"},
    };
    str reference = json_str(schema, "$ref");

    if (reference.len == 0) {
        return schema;
    }
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct json_walk walk = json_walk(json_get(maker->root, places[i].place));
        for (int k = 0; k < MADE_VALUES_MAX && json_next(&walk); k++) {
            if (str_has_prefix(reference, places[i].prefix) &&
                str_eq(str_skip(reference, places[i].prefix.len), walk.name)) {
                return walk.value;
            }
        }
    }
    return NULL;
}

static str type_of(json *schema)
{
    json *type = json_get(schema, "type");

    if (json_is(type, JSON_ARRAY)) {
        struct json_walk walk = json_walk(type);
        return json_next(&walk) ? json_as_str(walk.value) : STR_NONE;
    }
    if (type == NULL && json_get(schema, "properties") != NULL) {
        return STR("object");
    }
    return json_as_str(type);
}

static bool has_text(json *array, str text)
{
    struct json_walk walk = json_walk(array);

    for (int i = 0; i < MADE_VALUES_MAX && json_next(&walk); i++) {
        if (str_eq(json_as_str(walk.value), text)) {
            return true;
        }
    }
    return false;
}

/* Schemas hold schemas: MADE_DEPTH_MAX and MADE_VALUES_MAX bound the recursion. */
/* NOLINTBEGIN(misc-no-recursion) */

static void make_value(struct maker *maker, json *schema);

static void make_object(struct maker *maker, json *schema)
{
    json *required = json_get(schema, "required");
    struct json_walk walk = json_walk(json_get(schema, "properties"));

    json_open_object(maker->writer, NULL);
    for (int i = 0; i < MADE_VALUES_MAX && json_next(&walk); i++) {
        if (maker->makes_all || has_text(required, walk.name)) {
            json_put_name(maker->writer, walk.name);
            make_value(maker, walk.value);
        }
    }
    json_close_object(maker->writer);
}

static void make_array(struct maker *maker, json *schema)
{
    int64_t count = json_int(schema, "minItems");

    json_open_array(maker->writer, NULL);
    for (int64_t i = 0; i < count && i < MADE_ITEMS_MAX; i++) {
        make_value(maker, json_get(schema, "items"));
    }
    json_close_array(maker->writer);
}

/* 1, or the bound that is nearest to it. */
static void make_number(struct maker *maker, json *schema)
{
    json *least = json_get(schema, "minimum");
    json *most = json_get(schema, "maximum");

    if (least != NULL && json_as_real(least) > 1) {
        json_put_value(maker->writer, NULL, least);
    } else if (most != NULL && json_as_real(most) < 1) {
        json_put_value(maker->writer, NULL, most);
    } else {
        json_put_int(maker->writer, NULL, 1);
    }
}

static void make_typed(struct maker *maker, json *schema)
{
    str type = type_of(schema);

    if (str_eq(type, STR("object"))) {
        make_object(maker, schema);
    } else if (str_eq(type, STR("array"))) {
        make_array(maker, schema);
    } else if (str_eq(type, STR("number")) || str_eq(type, STR("integer"))) {
        make_number(maker, schema);
    } else if (str_eq(type, STR("boolean"))) {
        json_put_bool(maker->writer, NULL, true);
    } else if (str_eq(type, STR("null"))) {
        json_put_null(maker->writer, NULL);
    } else {
        json_put_str(maker->writer, NULL, maker->word);
    }
}

/* The first of several alternatives; the given value where there is one. */
static void make_resolved(struct maker *maker, json *schema)
{
    static const char *const lists[] = {"enum", "anyOf", "oneOf", "allOf"};
    json *given = json_get(schema, "const");

    if (given != NULL) {
        json_put_value(maker->writer, NULL, given);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct json_walk walk = json_walk(json_get(schema, lists[i]));
        if (!json_next(&walk)) {
            continue;
        }
        if (i == 0) {
            json_put_value(maker->writer, NULL, walk.value);
        } else {
            make_value(maker, walk.value);
        }
        return;
    }
    make_typed(maker, schema);
}

static void make_value(struct maker *maker, json *schema)
{
    if (maker->values_left == 0 || maker->depth == MADE_DEPTH_MAX) {
        json_put_null(maker->writer, NULL);
        return;
    }
    maker->values_left--;
    maker->depth++;
    make_resolved(maker, resolved(maker, schema));
    maker->depth--;
}

/* NOLINTEND(misc-no-recursion) */

/* A JSON text that fits the schema, if that is simple; `word` stands wherever text is wanted. */
static str made_json(struct arena *arena, json *schema, str word, bool makes_all)
{
    struct buf text;
    struct json_writer writer = json_write_to(&text);
    struct maker maker = {.writer = &writer,
                          .root = schema,
                          .word = word,
                          .makes_all = makes_all,
                          .values_left = MADE_VALUES_MAX};

    buf_init(&text, JSON_BYTES_MAX);
    if (schema == NULL) {
        json_open_object(&writer, NULL);
        json_close_object(&writer);
    } else {
        make_value(&maker, schema);
    }
    str made = json_write_end(&writer) == ERR_OK ? arena_copy(arena, buf_str(&text)) : STR("{}");
    buf_free(&text);
    return made;
}

/* ---- Making the answer ---- */

/* Quotes every result at the end of the chat. */
static void add_results(struct buf *out, const struct chat_request *chat)
{
    size_t from = chat->message_count;

    while (from > 0 && chat->messages[from - 1].role == ROLE_TOOL) {
        from--;
    }
    for (size_t i = from; i < chat->message_count; i++) {
        add(out, i == from ? STR("The tool answered: ") : STR("; "));
        add_message(out, &chat->messages[i]);
    }
}

static str json_answer(const struct chat_request *chat, struct arena *arena, str text)
{
    struct buf out;
    struct json_writer writer = json_write_to(&out);

    if (chat->answer_form == ANSWER_JSON_SCHEMA && chat->schema != NULL) {
        return made_json(arena, chat->schema, telling_word(chat, text), true);
    }
    buf_init(&out, JSON_BYTES_MAX); /* escaping makes six bytes of one at most */
    json_open_object(&writer, NULL);
    json_put_bool(&writer, "demo", true);
    json_put_str(&writer, "you_said", text);
    json_close_object(&writer);
    str answer = json_write_end(&writer) == ERR_OK ? arena_copy(arena, buf_str(&out)) : STR("{}");
    buf_free(&out);
    return answer;
}

static str words_answer(const struct chat_request *chat, struct arena *arena, str text)
{
    struct buf out;

    buf_init(&out, (size_t)TEXT_BYTES_MAX * 2);
    add(&out, STR("This is the built-in demo model. "));
    if (ends_in_results(chat)) {
        add_results(&out, chat);
    } else {
        add(&out, STR("You said: "));
        add(&out, text);
    }
    str answer = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    return answer;
}

/* What is left to say when the client began the answer itself. */
static str continuation(const struct chat_request *chat, struct arena *arena, str answer)
{
    struct buf prefill;

    if (!chat_has_prefill(chat)) {
        return answer;
    }
    buf_init(&prefill, TEXT_BYTES_MAX);
    add_message(&prefill, &chat->messages[chat->message_count - 1]);
    if (str_has_prefix(answer, buf_str(&prefill))) {
        answer = str_skip(answer, prefill.len);
    } else if (prefill.len > 0 && !is_blank(prefill.at[prefill.len - 1])) {
        answer = arena_printf(arena, " " STR_FMT, STR_ARG(answer));
    }
    buf_free(&prefill);
    return answer;
}

static void cut_at_stop(struct demo *demo, const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->stop_count; i++) {
        size_t at = str_find(demo->text, chat->stop[i]);
        if (chat->stop[i].len > 0 && at < demo->text.len) {
            demo->text = str_take(demo->text, at);
            demo->native = STR("stop_sequence");
        }
    }
}

/* Cuts to the tokens allowed and counts them; a call is one. */
static int64_t cut_to_length(struct demo *demo, int64_t tokens_max)
{
    str rest = demo->text;
    int64_t count = 0;

    if ((int64_t)demo->call_count > tokens_max) {
        demo->call_count = (size_t)tokens_max;
        demo->finish = FINISH_LENGTH;
    }
    count = (int64_t)demo->call_count;
    while (rest.len > 0 && count < tokens_max) {
        (void)next_token(&rest);
        count++;
    }
    if (rest.len > 0) {
        demo->text = str_take(demo->text, demo->text.len - rest.len);
        demo->finish = FINISH_LENGTH;
    }
    if (demo->finish == FINISH_LENGTH) {
        demo->native = STR("length");
    }
    return count;
}

static void make_arguments(struct demo *demo, const struct chat_request *chat, str text)
{
    str word = telling_word(chat, text);

    demo->arguments = ARENA_ARRAY(demo->arena, str, demo->call_count);
    for (size_t i = 0; i < demo->call_count; i++) {
        demo->arguments[i] = made_json(demo->arena, demo->calls[i]->parameters, word, false);
    }
}

struct demo *demo_new(const struct chat_request *chat, struct arena *arena, str id_seed)
{
    assert(chat->message_count > 0);
    struct demo *demo = ARENA_NEW(arena, struct demo);
    str text = last_user_text(chat, arena);
    bool wants_json =
        chat->answer_form == ANSWER_JSON_OBJECT || chat->answer_form == ANSWER_JSON_SCHEMA;

    *demo = (struct demo){.arena = arena, .id_seed = arena_copy(arena, id_seed)};
    choose_tools(demo, chat, text);
    if (demo->call_count > 0) {
        make_arguments(demo, chat, text);
        demo->finish = FINISH_TOOL_CALLS;
        demo->native = STR("tool_calls");
    } else {
        demo->text = wants_json ? json_answer(chat, arena, text) : words_answer(chat, arena, text);
        demo->text = continuation(chat, arena, demo->text);
        demo->finish = FINISH_STOP;
        demo->native = STR("stop");
        cut_at_stop(demo, chat);
    }
    demo->usage.prompt = count_prompt(chat);
    demo->usage.completion =
        cut_to_length(demo, chat->max_tokens > 0 && chat->max_tokens < TOKENS_MAX ? chat->max_tokens
                                                                                  : TOKENS_MAX);
    demo->usage.total = demo->usage.prompt + demo->usage.completion;
    return demo;
}

/* ---- Saying it ---- */

static void say_start(struct demo *demo, struct event *event)
{
    event->start.id = arena_printf(demo->arena, "demo-" STR_FMT, STR_ARG(demo->id_seed));
    event->start.model = STR("echo");
    demo->step = demo->call_count > 0 ? STEP_CALL : STEP_TEXT;
    if (demo->step == STEP_TEXT && demo->text.len == 0) {
        demo->step = STEP_END;
    }
}

static void say_text(struct demo *demo, struct event *event)
{
    event->text = next_token(&demo->text);
    demo->step = demo->text.len > 0 ? STEP_TEXT : STEP_END;
}

/* A call begins with the first half of its arguments, as it does with real models. */
static void say_call(struct demo *demo, struct arena *scratch, struct event_list *out)
{
    struct event *event = event_list_add(out, scratch, EVENT_TOOL_CALL);
    str *arguments = &demo->arguments[demo->call];
    str half = text_take_utf8(*arguments, arguments->len / 2);

    event->tool.index = (int64_t)demo->call;
    event->tool.id =
        arena_printf(demo->arena, "call_" STR_FMT "_%zu", STR_ARG(demo->id_seed), demo->call);
    event->tool.name = demo->calls[demo->call]->name;
    if (half.len > 0) {
        event = event_list_add(out, scratch, EVENT_TOOL_ARGS);
        event->tool_args.index = (int64_t)demo->call;
        event->tool_args.json = half;
    }
    *arguments = str_skip(*arguments, half.len);
    demo->step = STEP_ARGUMENTS;
}

static void say_arguments(struct demo *demo, struct event *event)
{
    event->tool_args.index = (int64_t)demo->call;
    event->tool_args.json = demo->arguments[demo->call];
    demo->call++;
    demo->step = demo->call < demo->call_count ? STEP_CALL : STEP_END;
}

static void say_end(struct demo *demo, struct arena *scratch, struct event_list *out)
{
    struct event *event = event_list_add(out, scratch, EVENT_FINISH);

    event->finish.reason = demo->finish;
    event->finish.native = demo->native;
    event_list_add(out, scratch, EVENT_USAGE)->usage = demo->usage;
    demo->step = STEP_DONE;
}

bool demo_next(struct demo *demo, struct arena *scratch, struct event_list *out)
{
    switch (demo->step) {
    case STEP_START:
        say_start(demo, event_list_add(out, scratch, EVENT_START));
        return true;
    case STEP_TEXT:
        say_text(demo, event_list_add(out, scratch, EVENT_TEXT));
        return true;
    case STEP_CALL:
        say_call(demo, scratch, out);
        return true;
    case STEP_ARGUMENTS:
        say_arguments(demo, event_list_add(out, scratch, EVENT_TOOL_ARGS));
        return true;
    case STEP_END:
        say_end(demo, scratch, out);
        return true;
    case STEP_DONE:
        break;
    }
    return false;
}
