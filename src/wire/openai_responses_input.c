/*
 * The conversation of a request of the Responses API: messages -> items.
 *
 * Items keep the order of the messages.  Within a turn of the assistant's, texts come first and
 * calls last, each behind the reasoning that led to it, and right behind the calls their results:
 * the API refuses a call without a result and a result without a call.
 */
#include "base/map.h"
#include "wire/openai_responses_encode.h"
#include "wire/quirks.h"
#include "wire/tool_id.h"

/* A call of the conversation and its result. */
struct call {
    const struct chat_part *part;
    str id;                            /* fits the API; no other call of the request has it */
    const struct chat_message *result; /* NULL when none was given */
    struct call *next_same_id;         /* waits for a result behind this one */
};

/* What is known of one id. */
struct call_id {
    const struct chat_message *turn; /* the latest that called with it */
    struct call *waiting;            /* its calls without a result, oldest first */
    struct call *newest;
    unsigned uses;
};

struct work {
    struct responses_request *request;
    struct json_writer *writer; /* the request's */
    struct call *calls;         /* in the order of the conversation */
    size_t call_count;
    size_t call_next; /* of the turn at hand */
    struct map ids;   /* struct call_id by the id as the client wrote it */
    struct map taken;
    size_t message; /* at work on this one */
};

static enum err refuse_part(struct work *work, size_t index, const char *words)
{
    str place =
        arena_printf(work->request->arena, "messages[%zu].content[%zu]", work->message, index);

    return responses_refuse(work->request, place, words);
}

static void open_item(struct work *work, enum responses_item item)
{
    json_open_object(work->writer, NULL);
    json_put_str(work->writer, "type", responses_item_name(item));
}

/* ---- Calls and their results ---- */

/* A custom tool's call as a chat has it: known by its raw form alone. */
static json *custom_call_of(const struct work *work, const struct chat_part *part)
{
    bool is_chat = work->request->chat->format == FORMAT_OPENAI_CHAT;
    json *custom = json_get(part->raw, "custom");

    return is_chat && part->kind == PART_OTHER && json_is(custom, JSON_OBJECT) ? custom : NULL;
}

static bool is_call(const struct work *work, const struct chat_part *part)
{
    return part->kind == PART_TOOL_CALL || custom_call_of(work, part) != NULL;
}

/* Gives the call an id that no other call of the request has. */
static void name_call(struct work *work, struct call *call, struct call_id *known, str id)
{
    struct arena *arena = work->request->arena;
    str fitting = tool_id_for(TOOL_ID_OPENAI, id, arena);

    do {
        known->uses++;
        call->id =
            known->uses == 1
                ? fitting
                : tool_id_for(TOOL_ID_OPENAI,
                              arena_printf(arena, STR_FMT "_%u", STR_ARG(fitting), known->uses),
                              arena);
    } while (!map_add(&work->taken, arena, call->id, call));
}

/* An id may be used again: by a later turn, or by providers that give parallel calls the same one;
 * results then belong to the calls in order. */
static void add_call(struct work *work, const struct chat_message *message,
                     const struct chat_part *part)
{
    str id = part->kind == PART_TOOL_CALL ? part->id : json_str(part->raw, "id");
    struct call *call = &work->calls[work->call_count++];
    struct call_id *known = map_get(&work->ids, id);

    if (known == NULL) {
        known = ARENA_NEW(work->request->arena, struct call_id);
        (void)map_add(&work->ids, work->request->arena, id, known); /* it is not there */
    }
    call->part = part;
    name_call(work, call, known, id);
    if (known->turn != message || known->waiting == NULL) {
        known->waiting = call;
    } else {
        known->newest->next_same_id = call;
    }
    known->newest = call;
    known->turn = message;
}

/* A result without a call is left out. */
static void add_result(struct work *work, const struct chat_message *message)
{
    struct call_id *known = map_get(&work->ids, message->tool_call_id);

    if (known != NULL && known->waiting != NULL) {
        known->waiting->result = message;
        known->waiting = known->waiting->next_same_id;
    }
}

static void find_calls(struct work *work)
{
    const struct chat_request *chat = work->request->chat;
    size_t count = 0;

    for (size_t i = 0; i < chat->message_count; i++) {
        count += chat->messages[i].part_count;
    }
    work->calls = ARENA_ARRAY(work->request->arena, struct call, count + 1);
    for (size_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        if (message->role == ROLE_TOOL) {
            add_result(work, message);
            continue;
        }
        for (size_t j = 0; message->role == ROLE_ASSISTANT && j < message->part_count; j++) {
            if (is_call(work, &message->parts[j])) {
                add_call(work, message, &message->parts[j]);
            }
        }
    }
}

/* ---- What a user or a tool shows ---- */

static void put_text(struct work *work, const char *type, str text)
{
    json_put_str(work->writer, "type", str_c(type));
    json_put_str(work->writer, "text", text);
}

static str data_url(struct work *work, const struct chat_part *part, str mime)
{
    const str pieces[] = {STR("data:"), part->mime.len > 0 ? part->mime : mime, STR(";base64,"),
                          part->data};

    return arena_join(work->request->arena, pieces, COUNT_OF(pieces));
}

static void put_image(struct work *work, const struct chat_part *part)
{
    json_put_str(work->writer, "type", STR("input_image"));
    if (part->id.len > 0) {
        json_put_str(work->writer, "file_id", part->id);
    } else if (part->data.len > 0) {
        json_put_str(work->writer, "image_url", data_url(work, part, STR("image/png")));
    } else {
        json_put_str(work->writer, "image_url", part->url);
    }
    if (part->detail.len > 0) {
        json_put_str(work->writer, "detail", part->detail);
    }
}

/* A file's bytes need a name. */
static void put_file(struct work *work, const struct chat_part *part)
{
    bool is_pdf = part->mime.len == 0 || str_eq(part->mime, STR("application/pdf"));
    str usual = is_pdf ? STR("document.pdf") : STR("document");

    json_put_str(work->writer, "type", STR("input_file"));
    if (part->id.len > 0) {
        json_put_str(work->writer, "file_id", part->id);
    } else if (part->data.len > 0) {
        json_put_str(work->writer, "filename", part->name.len > 0 ? part->name : usual);
        json_put_str(work->writer, "file_data", data_url(work, part, STR("application/pdf")));
    } else {
        json_put_str(work->writer, "file_url", part->url);
    }
}

static void put_audio(struct work *work, const struct chat_part *part)
{
    json_put_str(work->writer, "type", STR("input_audio"));
    json_open_object(work->writer, "input_audio");
    json_put_str(work->writer, "data", part->data);
    json_put_str(work->writer, "format", part->mime);
    json_close_object(work->writer);
}

/* What the provider or the model cannot be shown. */
static bool is_refused(const struct work *work, enum part_kind kind)
{
    static const char *const names[] = {
        [PART_IMAGE] = "image",
        [PART_AUDIO] = "audio",
        [PART_FILE] = "file",
    };
    str refused = str_c(work->request->model->quirks->refused_parts);

    if (kind == PART_IMAGE && (work->request->rules->takes & TAKES_IMAGES) == 0) {
        return true;
    }
    return kind < COUNT_OF(names) && names[kind] != NULL &&
           rules_words_have(refused, str_c(names[kind]));
}

/* The part as members of the object that is open. */
static enum err put_shown_part(struct work *work, const struct chat_part *part, size_t index)
{
    if (is_refused(work, part->kind)) {
        return refuse_part(work, index, "is of a kind that this model does not take");
    }
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        put_text(work, "input_text", part->text);
        return ERR_OK;
    case PART_IMAGE:
        put_image(work, part);
        return ERR_OK;
    case PART_FILE:
        put_file(work, part);
        return ERR_OK;
    case PART_AUDIO:
        put_audio(work, part);
        return ERR_OK;
    case PART_OTHER:
        if (work->request->is_native) {
            responses_put_rest(work->request, part->raw, "");
            return ERR_OK;
        }
        break;
    case PART_VIDEO:
    case PART_REASONING:
    case PART_TOOL_CALL:
        break;
    }
    return refuse_part(work, index, "is of a kind that this model's provider does not take");
}

/* The text with the speaker's name before it, once per message: the API has no place for names. */
static struct chat_part named_part(struct work *work, const struct chat_part *part, str *name)
{
    struct chat_part named = *part;

    if (part->kind == PART_TEXT && name->len > 0) {
        const str pieces[] = {*name, STR(": "), part->text};
        named.text = arena_join(work->request->arena, pieces, COUNT_OF(pieces));
        *name = STR_NONE;
    }
    return named;
}

static enum err put_shown(struct work *work, const char *member, const struct chat_message *message,
                          str name)
{
    enum err err = ERR_OK;

    json_open_array(work->writer, member);
    for (size_t i = 0; err == ERR_OK && i < message->part_count; i++) {
        struct chat_part part = named_part(work, &message->parts[i], &name);
        json_open_object(work->writer, NULL);
        err = put_shown_part(work, &part, i);
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
    return err;
}

static str role_of(const struct work *work, enum chat_role role)
{
    if (role == ROLE_USER) {
        return STR("user");
    }
    return work->request->model->quirks->takes_developer ? STR("developer") : STR("system");
}

static enum err put_message(struct work *work, const struct chat_message *message)
{
    if (message->part_count == 0) {
        return ERR_OK;
    }
    open_item(work, ITEM_MESSAGE);
    json_put_str(work->writer, "role", role_of(work, message->role));
    enum err err = put_shown(work, "content", message, message->name);
    json_close_object(work->writer);
    return err;
}

/* ---- Reasoning handed back ---- */

/* Parts of one reasoning item, from `from` up to `to`. */
struct thought {
    const struct chat_message *message;
    size_t from;
    size_t to;
    str id;
    str opaque;
    str signature;
    str format;
    bool has_text;
};

/* Gateways hand anybody's reasoning on to whose it is; everybody else reads only its own. */
static bool is_gateway(const struct work *work)
{
    return work->request->model->quirks->reasoning_object;
}

static bool is_ours(const struct work *work, const struct chat_part *part)
{
    if (part->kind != PART_REASONING || part->reasoning == CHAT_REASONING_PLAIN ||
        part->format.len == 0) {
        return false;
    }
    return is_gateway(work) ||
           str_eq(part->format, responses_reasoning_format(work->request->model));
}

/* The item that begins at part `from`: up to its opaque content, to a part with another id, or to
 * the part `end`. */
static struct thought thought_at(const struct work *work, const struct chat_message *message,
                                 size_t from, size_t end)
{
    struct thought thought = {.message = message, .from = from, .to = from};

    for (; thought.to < end && thought.opaque.len == 0; thought.to++) {
        const struct chat_part *part = &message->parts[thought.to];
        if (!is_ours(work, part)) {
            continue;
        }
        if (part->id.len > 0 && thought.id.len > 0 && !str_eq(part->id, thought.id)) {
            break;
        }
        thought.id = part->id.len > 0 ? part->id : thought.id;
        thought.format = part->format;
        thought.signature = part->signature.len > 0 ? part->signature : thought.signature;
        thought.has_text = thought.has_text || part->reasoning == CHAT_REASONING_TEXT;
        if (part->reasoning == CHAT_REASONING_ENCRYPTED) {
            thought.opaque = part->text;
        }
    }
    return thought;
}

/* The texts of one kind, joined: clients keep the pieces of a stream apart. */
static str text_of(const struct work *work, const struct thought *thought,
                   enum chat_reasoning_kind kind)
{
    str *pieces = ARENA_ARRAY(work->request->arena, str, thought->to - thought->from + 1);
    size_t count = 0;

    for (size_t i = thought->from; i < thought->to; i++) {
        const struct chat_part *part = &thought->message->parts[i];
        if (is_ours(work, part) && part->reasoning == kind) {
            pieces[count++] = part->text;
        }
    }
    return arena_join(work->request->arena, pieces, count);
}

/* OpenAI looks up an item that it is told by its id alone, and refuses the request when it did not
 * keep it; others read what stands in it. */
static bool is_known_there(const struct work *work, const struct thought *thought)
{
    bool is_looked_up = str_eq(thought->format, STR("openai-responses-v1")) ||
                        str_eq(thought->format, STR("azure-openai-responses-v1"));

    if (thought->opaque.len > 0 || (thought->signature.len > 0 && is_gateway(work))) {
        return true;
    }
    return thought->id.len > 0 && (thought->has_text || !is_looked_up || work->request->stores);
}

static void put_thought_text(struct work *work, const char *member, const char *type, str text)
{
    json_open_array(work->writer, member);
    if (text.len > 0) {
        json_open_object(work->writer, NULL);
        put_text(work, type, text);
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
}

static void put_thought(struct work *work, const struct thought *thought)
{
    open_item(work, ITEM_REASONING);
    if (thought->id.len > 0) {
        json_put_str(work->writer, "id", thought->id);
    }
    put_thought_text(work, "summary", "summary_text",
                     text_of(work, thought, CHAT_REASONING_SUMMARY));
    if (thought->has_text) {
        put_thought_text(work, "content", "reasoning_text",
                         text_of(work, thought, CHAT_REASONING_TEXT));
    }
    if (thought->opaque.len > 0) {
        json_put_str(work->writer, "encrypted_content", thought->opaque);
    }
    if (is_gateway(work)) {
        json_put_str(work->writer, "format", thought->format);
        if (thought->signature.len > 0) {
            json_put_str(work->writer, "signature", thought->signature);
        }
    }
    json_close_object(work->writer);
}

/* The reasoning parts from `from` up to `to`. */
static void put_reasoning(struct work *work, const struct chat_message *message, size_t from,
                          size_t to)
{
    while (from < to) {
        struct thought thought = thought_at(work, message, from, to);
        if (is_known_there(work, &thought)) {
            put_thought(work, &thought);
        }
        from = thought.to;
    }
}

/* ---- The assistant's turns ---- */

static bool is_said(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

/* Texts and refusals from `from` up to `to` as one message. */
static void put_said(struct work *work, const struct chat_message *message, size_t from, size_t to)
{
    str phase = json_str(message->raw, "phase"); /* as this gateway told it, or in this format */

    open_item(work, ITEM_MESSAGE);
    json_put_str(work->writer, "role", STR("assistant"));
    if (rules_words_have(STR("commentary final_answer "), phase)) {
        json_put_str(work->writer, "phase", phase);
    }
    json_open_array(work->writer, "content");
    for (size_t i = from; i < to; i++) {
        const struct chat_part *part = &message->parts[i];
        json_open_object(work->writer, NULL);
        if (part->kind == PART_REFUSAL) {
            json_put_str(work->writer, "type", STR("refusal"));
            json_put_str(work->writer, "refusal", part->text);
        } else {
            put_text(work, "output_text", part->text);
            json_put_raw(work->writer, "annotations", STR("[]"));
        }
        json_close_object(work->writer);
    }
    json_close_array(work->writer);
    json_close_object(work->writer);
}

/* The plain text that a call gives a custom tool: as this gateway told the call, a function with
 * one argument, or as the chat format has it.  at == NULL for a function's call. */
static str custom_input(struct work *work, const struct chat_part *part)
{
    json *custom = custom_call_of(work, part);

    if (custom != NULL) {
        str input = json_str(custom, "input");
        return input.at != NULL ? input : STR("");
    }
    if (responses_custom_tool(work->request, part->name) == NULL) {
        return STR_NONE;
    }
    json *arguments = json_read_lenient(work->request->arena, part->arguments);
    json *input = json_get(arguments, "input");
    return json_is(input, JSON_STR) ? json_as_str(input) : part->arguments;
}

static void put_call(struct work *work, const struct call *call)
{
    const struct chat_part *part = call->part;
    str input = custom_input(work, part);
    json *custom = custom_call_of(work, part);
    str name = custom != NULL ? json_str(custom, "name") : part->name;

    open_item(work, input.at != NULL ? ITEM_CUSTOM_CALL : ITEM_FUNCTION_CALL);
    json_put_str(work->writer, "call_id", call->id);
    json_put_str(work->writer, "name", responses_tool_name(work->request, name));
    if (input.at != NULL) {
        json_put_str(work->writer, "input", input);
    } else {
        json_put_str(work->writer, "arguments", part->arguments);
    }
    json_close_object(work->writer);
}

static bool is_all_text(const struct chat_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        if (message->parts[i].kind != PART_TEXT) {
            return false;
        }
    }
    return true;
}

static enum err put_result(struct work *work, const struct call *call)
{
    const struct chat_message *message = call->result;
    bool is_custom = custom_input(work, call->part).at != NULL;
    enum err err = ERR_OK;

    open_item(work, is_custom ? ITEM_CUSTOM_OUTPUT : ITEM_FUNCTION_OUTPUT);
    json_put_str(work->writer, "call_id", call->id);
    if (message == NULL) {
        json_put_str(work->writer, "output", STR("No result was given for this call."));
    } else if (is_all_text(message)) {
        str *pieces = ARENA_ARRAY(work->request->arena, str, message->part_count + 1);
        for (size_t i = 0; i < message->part_count; i++) {
            pieces[i] = message->parts[i].text;
        }
        json_put_str(work->writer, "output",
                     arena_join(work->request->arena, pieces, message->part_count));
    } else {
        size_t turn = work->message;
        work->message = (size_t)(message - work->request->chat->messages);
        err = put_shown(work, "output", message, STR_NONE);
        work->message = turn;
    }
    json_close_object(work->writer);
    return err;
}

/* What else an assistant's message may hold: items of this API that the chat has no word for. */
static enum err put_other(struct work *work, const struct chat_part *part, size_t index)
{
    if (!work->request->is_native || part->kind != PART_OTHER) {
        return refuse_part(work, index, "cannot be part of an assistant's message here");
    }
    json_put_value(work->writer, NULL, part->raw);
    return ERR_OK;
}

/* One thing of an assistant's message: reasoning, and what it led to. */
struct step {
    size_t from;   /* its reasoning */
    size_t body;   /* what follows that: one call, or some texts */
    size_t to;     /* behind it */
    bool is_texts; /* the body is texts */
};

/* Clients write "" where there was no text. */
static bool is_silent(const struct chat_part *part)
{
    return part->kind == PART_REASONING || (is_said(part) && part->text.len == 0);
}

/* False when nothing but reasoning is left: the API refuses reasoning that led to nothing. */
static bool next_step(const struct chat_message *message, struct step *step)
{
    step->from = step->to;
    step->body = step->from;
    while (step->body < message->part_count && is_silent(&message->parts[step->body])) {
        step->body++;
    }
    if (step->body == message->part_count) {
        return false;
    }
    step->is_texts = is_said(&message->parts[step->body]);
    step->to = step->body + 1;
    while (step->is_texts && step->to < message->part_count && is_said(&message->parts[step->to])) {
        step->to++;
    }
    return true;
}

/* The steps that are texts, or the others. */
static enum err put_steps(struct work *work, const struct chat_message *message, bool texts)
{
    struct step step = {0};
    enum err err = ERR_OK;

    while (err == ERR_OK && next_step(message, &step)) {
        const struct chat_part *part = &message->parts[step.body];
        if (step.is_texts != texts) {
            continue;
        }
        put_reasoning(work, message, step.from, step.body);
        if (texts) {
            put_said(work, message, step.body, step.to);
        } else if (is_call(work, part)) {
            put_call(work, &work->calls[work->call_next++]);
        } else {
            err = put_other(work, part, step.body);
        }
    }
    return err;
}

static enum err put_turn(struct work *work, const struct chat_message *message)
{
    size_t first = work->call_next;

    enum err err = put_steps(work, message, true);
    if (err == ERR_OK) {
        err = put_steps(work, message, false);
    }
    for (size_t i = first; err == ERR_OK && i < work->call_next; i++) {
        err = put_result(work, &work->calls[i]);
    }
    return err;
}

enum err responses_put_input(struct responses_request *request)
{
    const struct chat_request *chat = request->chat;
    struct work work = {.request = request, .writer = request->writer};
    enum err err = ERR_OK;

    find_calls(&work);
    json_open_array(work.writer, "input");
    for (; err == ERR_OK && work.message < chat->message_count; work.message++) {
        const struct chat_message *message = &chat->messages[work.message];
        switch (message->role) {
        case ROLE_SYSTEM:
        case ROLE_DEVELOPER:
        case ROLE_USER:
            err = put_message(&work, message);
            break;
        case ROLE_ASSISTANT:
            err = put_turn(&work, message);
            break;
        case ROLE_TOOL: /* written behind its call */
            break;
        }
    }
    json_close_array(work.writer);
    return err;
}

bool responses_needs_bytes(const struct chat_part *part, const struct model *model)
{
    return part->kind == PART_IMAGE && part->url.len > 0 && part->data.len == 0 &&
           model->quirks->needs_image_bytes;
}
