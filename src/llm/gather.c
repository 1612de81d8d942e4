#include "llm/gather.h"

#include "codec/json_write.h"
#include "llm/chat.h"

/* Every kept thing counts for this much besides its bytes, so that many small ones are bounded. */
enum { ITEM_BYTES = 128 };

/* A reasoning block or a tool call that is still growing. */
struct piece {
    struct reasoning reasoning;   /* all but the text */
    struct answer_tool_call call; /* all but the arguments */
    int64_t index;
    struct buf text;
};

struct piece_list {
    struct piece *at;
    size_t count;
    size_t room;
};

struct choice {
    bool has_text;
    bool has_refusal;
    struct buf text;
    struct buf refusal;
    struct piece_list reasoning;
    struct piece_list tools;
    struct answer_list annotations;
    struct answer_list images;
    struct answer_list audio;    /* pieces; joined in the answer */
    struct answer_list logprobs; /* pieces; joined in the answer */
    enum finish_reason finish;
    str native_finish;
};

struct gather {
    struct arena *arena;
    size_t bytes_left;
    size_t bytes_max;
    struct choice **choices;
    size_t choice_count;
    struct answer answer; /* id, model, extras, usage */
    size_t extra_room;
};

struct gather *gather_new(struct arena *arena, size_t bytes_max)
{
    struct gather *gather = ARENA_NEW(arena, struct gather);

    gather->arena = arena;
    gather->bytes_left = bytes_max;
    gather->bytes_max = bytes_max;
    return gather;
}

static void pieces_free(struct piece_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_free(&list->at[i].text);
    }
}

void gather_free(struct gather *gather)
{
    for (size_t i = 0; i < gather->choice_count; i++) {
        struct choice *choice = gather->choices[i];
        buf_free(&choice->text);
        buf_free(&choice->refusal);
        pieces_free(&choice->reasoning);
        pieces_free(&choice->tools);
    }
    gather->choice_count = 0;
}

/* Accounts for `bytes` more. */
static enum err charge(struct gather *gather, size_t bytes)
{
    if (bytes > gather->bytes_left) {
        return ERR_TOO_BIG;
    }
    gather->bytes_left -= bytes;
    return ERR_OK;
}

/* An array of the arena with room for one more element; the old one is left behind, which at most
 * doubles what is kept. */
static void *grow(struct arena *arena, void *at, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return at;
    }
    size_t wider = *room > 0 ? *room * 2 : 4;
    void *copy = arena_take(arena, wider * size);
    if (count > 0) {
        memcpy(copy, at, count * size);
    }
    *room = wider;
    return copy;
}

static struct choice *choice_new(struct gather *gather)
{
    struct choice *choice = ARENA_NEW(gather->arena, struct choice);

    buf_init(&choice->text, gather->bytes_max);
    buf_init(&choice->refusal, gather->bytes_max);
    return choice;
}

/* The choice, made with all before it when it is new; NULL past the bounds. */
static struct choice *choice_at(struct gather *gather, int index)
{
    assert(index >= 0);
    if (index >= CHAT_CHOICES_MAX) {
        return NULL;
    }
    if (gather->choices == NULL) {
        gather->choices = ARENA_ARRAY(gather->arena, struct choice *, CHAT_CHOICES_MAX);
    }
    while (gather->choice_count <= (size_t)index) {
        if (charge(gather, sizeof(struct choice)) != ERR_OK) {
            return NULL;
        }
        gather->choices[gather->choice_count++] = choice_new(gather);
    }
    return gather->choices[index];
}

static enum err add_text(struct gather *gather, struct buf *buf, str text)
{
    enum err err = charge(gather, text.len);

    return err == ERR_OK ? buf_add(buf, text) : err;
}

/* NULL when there is no room for another piece. */
static struct piece *piece_add(struct gather *gather, struct piece_list *list)
{
    if (charge(gather, sizeof(struct piece) + ITEM_BYTES) != ERR_OK) {
        return NULL;
    }
    list->at = grow(gather->arena, list->at, list->count, &list->room, sizeof(*list->at));
    struct piece *piece = &list->at[list->count++];
    *piece = (struct piece){0};
    buf_init(&piece->text, gather->bytes_max);
    return piece;
}

static struct piece *find_block(struct piece_list *list, const struct reasoning *reasoning)
{
    for (size_t i = list->count; i > 0; i--) {
        struct piece *piece = &list->at[i - 1];
        /* One index with two kinds is two blocks: a summary and its encrypted form. */
        if (piece->reasoning.index == reasoning->index &&
            piece->reasoning.kind == reasoning->kind) {
            return piece;
        }
    }
    return NULL;
}

/* Keeps the newer of two words; what was said stays when the newer says nothing. */
static enum err keep_word(struct gather *gather, str *word, str newer)
{
    if (newer.len == 0 || str_eq(*word, newer)) {
        return ERR_OK;
    }
    enum err err = charge(gather, newer.len);
    if (err == ERR_OK) {
        *word = arena_copy(gather->arena, newer);
    }
    return err;
}

static enum err add_reasoning(struct gather *gather, struct choice *choice,
                              const struct reasoning *reasoning)
{
    struct piece *piece = find_block(&choice->reasoning, reasoning);

    if (piece == NULL) {
        piece = piece_add(gather, &choice->reasoning);
        if (piece == NULL) {
            return ERR_TOO_BIG;
        }
        piece->reasoning = (struct reasoning){.kind = reasoning->kind, .index = reasoning->index};
    }
    enum err err = add_text(gather, &piece->text, reasoning->text);
    err =
        err == ERR_OK ? keep_word(gather, &piece->reasoning.signature, reasoning->signature) : err;
    err = err == ERR_OK ? keep_word(gather, &piece->reasoning.id, reasoning->id) : err;
    return err == ERR_OK ? keep_word(gather, &piece->reasoning.format, reasoning->format) : err;
}

static struct piece *find_tool(struct piece_list *list, int64_t index)
{
    for (size_t i = list->count; i > 0; i--) {
        if (list->at[i - 1].index == index) {
            return &list->at[i - 1];
        }
    }
    return NULL;
}

static enum err add_tool_call(struct gather *gather, struct choice *choice,
                              const struct event *event)
{
    struct piece *piece = piece_add(gather, &choice->tools);

    if (piece == NULL) {
        return ERR_TOO_BIG;
    }
    piece->index = event->tool.index;
    enum err err = keep_word(gather, &piece->call.id, event->tool.id);
    return err == ERR_OK ? keep_word(gather, &piece->call.name, event->tool.name) : err;
}

static enum err add_tool_args(struct gather *gather, struct choice *choice,
                              const struct event *event)
{
    struct piece *piece = find_tool(&choice->tools, event->tool_args.index);

    assert(piece != NULL); /* dialects open a call before they fill it */
    return add_text(gather, &piece->text, event->tool_args.json);
}

static enum err add_raw(struct gather *gather, struct answer_list *list, json *value)
{
    struct arena_mark mark = arena_mark(gather->arena);
    str text = json_to_text(gather->arena, value);

    if (charge(gather, text.len + ITEM_BYTES) != ERR_OK) {
        arena_rewind(gather->arena, mark);
        return ERR_TOO_BIG;
    }
    list->at = grow(gather->arena, list->at, list->count, &list->room, sizeof(*list->at));
    list->at[list->count++] = text;
    return ERR_OK;
}

/* A member that is said again replaces what was said. */
static enum err add_extra(struct gather *gather, const struct event *event)
{
    struct answer *answer = &gather->answer;
    struct answer_extra *extra = NULL;

    for (size_t i = 0; i < answer->extra_count && extra == NULL; i++) {
        struct answer_extra *old = &answer->extras[i];
        bool is_same = old->place == event->extra.place && old->choice == event->choice &&
                       str_eq(old->name, event->extra.name);
        extra = is_same ? old : NULL;
    }
    str text = json_to_text(gather->arena, event->extra.value);
    if (charge(gather, text.len + ITEM_BYTES + event->extra.name.len) != ERR_OK) {
        return ERR_TOO_BIG;
    }
    if (extra == NULL) {
        answer->extras = grow(gather->arena, answer->extras, answer->extra_count,
                              &gather->extra_room, sizeof(*answer->extras));
        extra = &answer->extras[answer->extra_count++];
        *extra = (struct answer_extra){.place = event->extra.place,
                                       .choice = event->choice,
                                       .name = arena_copy(gather->arena, event->extra.name)};
    }
    extra->json = text;
    return ERR_OK;
}

static enum err add_to_choice(struct gather *gather, struct choice *choice,
                              const struct event *event)
{
    switch (event->kind) {
    case EVENT_TEXT:
        choice->has_text = true;
        return add_text(gather, &choice->text, event->text);
    case EVENT_REFUSAL:
        choice->has_refusal = true;
        return add_text(gather, &choice->refusal, event->text);
    case EVENT_REASONING:
        return add_reasoning(gather, choice, &event->reasoning);
    case EVENT_TOOL_CALL:
        return add_tool_call(gather, choice, event);
    case EVENT_TOOL_ARGS:
        return add_tool_args(gather, choice, event);
    case EVENT_ANNOTATION:
        return add_raw(gather, &choice->annotations, event->raw);
    case EVENT_IMAGE:
        return add_raw(gather, &choice->images, event->raw);
    case EVENT_AUDIO:
        return add_raw(gather, &choice->audio, event->raw);
    case EVENT_LOGPROBS:
        return add_raw(gather, &choice->logprobs, event->raw);
    case EVENT_FINISH:
        choice->finish = event->finish.reason;
        return keep_word(gather, &choice->native_finish, event->finish.native);
    case EVENT_START:
    case EVENT_EXTRA:
    case EVENT_USAGE:
        break;
    }
    return ERR_OK;
}

enum err gather_add(struct gather *gather, const struct event *event)
{
    struct choice *choice = choice_at(gather, event->choice);

    if (choice == NULL) {
        return ERR_TOO_BIG;
    }
    if (event->kind == EVENT_START) {
        enum err err = keep_word(gather, &gather->answer.upstream_id, event->start.id);
        return err == ERR_OK ? keep_word(gather, &gather->answer.upstream_model, event->start.model)
                             : err;
    }
    if (event->kind == EVENT_EXTRA) {
        return add_extra(gather, event);
    }
    if (event->kind == EVENT_USAGE) {
        gather->answer.usage = event->usage;
        gather->answer.cost = event->cost;
        gather->answer.has_usage = true;
        return ERR_OK;
    }
    return add_to_choice(gather, choice, event);
}

/* Joins one text member of several objects. */
static void join_text(struct json_writer *writer, json **pieces, size_t count, const char *name)
{
    struct buf joined;
    bool has_any = false;
    enum err err = ERR_OK;

    buf_init(&joined, SIZE_MAX / 2); /* bounded by what was gathered */
    for (size_t i = 0; i < count; i++) {
        json *value = json_get(pieces[i], name);
        has_any = has_any || json_is(value, JSON_STR);
        err = err == ERR_OK ? buf_add(&joined, json_as_str(value)) : err;
    }
    if (has_any && err == ERR_OK) {
        json_put_str(writer, name, buf_str(&joined));
    }
    buf_free(&joined);
}

/* Joins one array member of several objects. */
static void join_array(struct json_writer *writer, json **pieces, size_t count, const char *name)
{
    json_open_array(writer, name);
    for (size_t i = 0; i < count; i++) {
        struct json_walk walk = json_walk(json_get(pieces[i], name));
        while (json_next(&walk)) {
            json_put_value(writer, NULL, walk.value);
        }
    }
    json_close_array(writer);
}

static bool any_has(json **pieces, size_t count, const char *name, enum json_type type)
{
    for (size_t i = 0; i < count; i++) {
        if (json_is(json_get(pieces[i], name), type)) {
            return true;
        }
    }
    return false;
}

static void write_audio(struct json_writer *writer, json **pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str id = json_str(pieces[i], "id");
        if (id.len > 0) {
            json_put_str(writer, "id", id);
            break;
        }
    }
    join_text(writer, pieces, count, "data");
    join_text(writer, pieces, count, "transcript");
    for (size_t i = count; i > 0; i--) {
        json *expires_at = json_get(pieces[i - 1], "expires_at");
        if (json_is(expires_at, JSON_INT)) {
            json_put_value(writer, "expires_at", expires_at);
            break;
        }
    }
}

static void write_logprobs(struct json_writer *writer, json **pieces, size_t count)
{
    static const char *const names[] = {"content",        "refusal",      "tokens",
                                        "token_logprobs", "top_logprobs", "text_offset"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (any_has(pieces, count, names[i], JSON_ARRAY)) {
            join_array(writer, pieces, count, names[i]);
        } else if (any_has(pieces, count, names[i], JSON_NULL)) {
            json_put_null(writer, names[i]);
        }
    }
}

/* A single piece stays as it came; several become one object. */
static str join_pieces(struct arena *arena, const struct answer_list *list,
                       void (*write)(struct json_writer *writer, json **pieces, size_t count))
{
    if (list->count <= 1) {
        return list->count == 1 ? list->at[0] : STR_NONE;
    }
    struct buf out;
    struct json_writer writer = json_write_to(&out);
    json **pieces = ARENA_ARRAY(arena, json *, list->count);

    for (size_t i = 0; i < list->count; i++) {
        pieces[i] = json_read_lenient(arena, list->at[i]);
    }
    buf_init(&out, SIZE_MAX / 2); /* bounded by what was gathered */
    json_open_object(&writer, NULL);
    write(&writer, pieces, list->count);
    json_close_object(&writer);
    str text = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    return text;
}

static void copy_reasoning(struct arena *arena, const struct choice *choice,
                           struct answer_choice *out)
{
    size_t count = choice->reasoning.count;

    out->reasoning = ARENA_ARRAY(arena, struct reasoning, count);
    out->reasoning_count = count;
    for (size_t i = 0; i < count; i++) {
        out->reasoning[i] = choice->reasoning.at[i].reasoning;
        out->reasoning[i].text = arena_copy(arena, buf_str(&choice->reasoning.at[i].text));
    }
}

static void copy_tool_calls(struct arena *arena, const struct choice *choice,
                            struct answer_choice *out)
{
    size_t count = choice->tools.count;

    out->tool_calls = ARENA_ARRAY(arena, struct answer_tool_call, count);
    out->tool_call_count = count;
    for (size_t i = 0; i < count; i++) {
        str arguments = buf_str(&choice->tools.at[i].text);
        out->tool_calls[i] = choice->tools.at[i].call;
        out->tool_calls[i].arguments = arguments.len > 0 ? arena_copy(arena, arguments) : STR("{}");
    }
}

static void copy_choice(struct arena *arena, const struct choice *choice, struct answer_choice *out)
{
    *out = (struct answer_choice){
        .text = choice->has_text ? arena_copy(arena, buf_str(&choice->text)) : STR_NONE,
        .refusal = choice->has_refusal ? arena_copy(arena, buf_str(&choice->refusal)) : STR_NONE,
        .annotations = choice->annotations,
        .images = choice->images,
        .audio = join_pieces(arena, &choice->audio, write_audio),
        .logprobs = join_pieces(arena, &choice->logprobs, write_logprobs),
        .finish = choice->finish,
        .native_finish = choice->native_finish,
    };
    copy_reasoning(arena, choice, out);
    copy_tool_calls(arena, choice, out);
}

struct answer *gather_answer(struct gather *gather)
{
    struct answer *answer = ARENA_NEW(gather->arena, struct answer);
    size_t count = gather->choice_count > 0 ? gather->choice_count : 1;

    *answer = gather->answer;
    answer->choices = ARENA_ARRAY(gather->arena, struct answer_choice, count);
    answer->choice_count = count;
    for (size_t i = 0; i < gather->choice_count; i++) {
        copy_choice(gather->arena, gather->choices[i], &answer->choices[i]);
    }
    return answer;
}
