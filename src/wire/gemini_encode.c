/*
 * Requests of the Gemini API.
 *
 * The same body goes to two places: AI Studio, where the version is in the path, and Vertex AI,
 * where the project and location are.  What this API has no word for is left out and named in
 * `drops`, or refused when silence would change the meaning.
 */
#include "wire/gemini.h"
#include "wire/request.h"
#include "wire/tool_id.h"
#include "wire/unsaid.h"

enum { TOOL_NAME_BYTES_MAX = 64 };

enum err gemini_refuse(struct gemini_request *request, str param, const char *words)
{
    return request_refuse(request->fault, request->arena, param, words);
}

enum err gemini_refuse_part(struct gemini_request *request, const struct gemini_part *part,
                            const char *words)
{
    return request_refuse_part(request->fault, request->arena, part->message, part->index, words);
}

/* ---- Names of tools ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A letter or underscore first, then letters, digits and _ . : - */
static bool is_name(str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_later = (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-';
        if (!is_letter(c) && !(i > 0 && is_later)) {
            return false;
        }
    }
    return name.len > 0 && name.len <= TOOL_NAME_BYTES_MAX;
}

static void add_alias(struct gemini_request *request, str sent, str name)
{
    struct answer_hints *hints = &request->out->hints;

    for (size_t i = 0; i < hints->alias_count; i++) {
        if (str_eq(hints->aliases[i].sent, sent)) {
            return;
        }
    }
    struct tool_alias *aliases =
        ARENA_ARRAY(request->arena, struct tool_alias, hints->alias_count + 1);
    if (hints->alias_count > 0) {
        memcpy(aliases, hints->aliases, hints->alias_count * sizeof(*aliases));
    }
    aliases[hints->alias_count++] = (struct tool_alias){sent, name};
    hints->aliases = aliases;
}

str gemini_tool_name(struct gemini_request *request, str name)
{
    if (is_name(name)) {
        return name;
    }
    str clean = tool_name_for(name, TOOL_NAME_BYTES_MAX - 1, request->arena);
    str parts[] = {STR("_"), clean};
    str sent = is_letter(clean.at[0]) ? clean : arena_join(request->arena, parts, COUNT_OF(parts));
    add_alias(request, sent, name);
    return sent;
}

/* ---- Deciding ---- */

static bool forces_tool(const struct chat_request *chat)
{
    return chat->tool_choice == TOOL_CHOICE_REQUIRED || chat->tool_choice == TOOL_CHOICE_NAMED;
}

static enum err decide_tools(struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;

    request->sends_tools = chat->tool_count > 0;
    if (!request->sends_tools) {
        return ERR_OK;
    }
    if (!gemini_takes(request, TAKES_TOOLS)) {
        return gemini_refuse(request, STR("tools"), "are not taken by this model");
    }
    if (chat->stream && !gemini_takes(request, TAKES_TOOLS_STREAMED)) {
        return gemini_refuse(request, STR("tools"), "are not taken by this model in a stream");
    }
    if (forces_tool(chat) && !gemini_takes(request, TAKES_FORCED_TOOL)) {
        return gemini_refuse(request, STR("tool_choice"), "cannot force a tool on this model");
    }
    return ERR_OK;
}

/* Models that do not take a form of the answer beside tools get it as one more tool.  A model of
 * which nothing is known is one of Google's, and all of those know JSON. */
static enum err decide_json(struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_schema = chat->answer_form == ANSWER_JSON_SCHEMA;
    bool is_unknown = request->rules == &rules_unknown;
    bool is_object = str_eq(json_str(chat->schema, "type"), STR("object"));

    if (chat->answer_form == ANSWER_UNSET || chat->answer_form == ANSWER_TEXT) {
        return ERR_OK;
    }
    if (chat->answer_form == ANSWER_OTHER) {
        return gemini_refuse(request, STR("response_format.type"),
                             "is not known to this model's provider");
    }
    request->json = GEMINI_JSON_BY_WORDS;
    if (!gemini_takes(request, TAKES_SCHEMA) && !is_unknown) {
        return ERR_OK;
    }
    if (request->sends_tools && chat->tool_choice == TOOL_CHOICE_NONE) {
        request->sends_tools = false; /* none may be called: then the form is what counts */
    }
    if (!request->sends_tools || gemini_takes(request, TAKES_SCHEMA_WITH_TOOLS)) {
        request->json = GEMINI_JSON_BY_MIME;
    } else if (is_schema && is_object && !forces_tool(chat) &&
               gemini_takes(request, TAKES_FORCED_TOOL)) {
        request->json = GEMINI_JSON_BY_TOOL;
    }
    return ERR_OK;
}

static str json_words(struct gemini_request *request)
{
    json *schema = request->chat->schema;
    bool has_schema = json_is(schema, JSON_OBJECT);
    str parts[] = {
        has_schema ? STR("Answer with one JSON value and nothing else: no words around it, no code "
                         "fence. It must be valid against this JSON Schema: ")
                   : STR("Answer with one JSON object and nothing else: no words around it, no "
                         "code fence."),
        has_schema ? json_to_text(request->arena, schema) : STR_NONE,
    };

    return arena_join(request->arena, parts, COUNT_OF(parts));
}

static enum err decide(struct gemini_request *request)
{
    enum err err = decide_tools(request);

    if (err == ERR_OK) {
        err = decide_json(request);
    }
    if (err == ERR_OK) {
        str words = request->json == GEMINI_JSON_BY_WORDS ? json_words(request) : STR_NONE;
        request->contents =
            gemini_contents_of(request->chat, request->rules, words, request->arena);
        request->out->hints.prefill = request->contents.prefill;
    }
    return err;
}

/* ---- System ---- */

static enum err put_system(struct gemini_request *request)
{
    const struct gemini_part *part = request->contents.system;

    if (part == NULL) {
        return ERR_OK;
    }
    json_open_object(request->writer, "systemInstruction");
    json_open_array(request->writer, "parts");
    for (; part != NULL; part = part->next) {
        bool is_text =
            part->part == NULL || part->part->kind == PART_TEXT || part->part->kind == PART_REFUSAL;
        if (!is_text) {
            return gemini_refuse_part(request, part, "must be text in this role");
        }
        gemini_put_text(request->writer, part->text);
    }
    json_close_array(request->writer);
    json_close_object(request->writer);
    return ERR_OK;
}

/* ---- Tools ---- */

/* A function without parameters must not describe any. */
static bool has_properties(json *schema)
{
    return json_is(schema, JSON_OBJECT) &&
           (json_count(json_get(schema, "properties")) > 0 ||
            (json_get(schema, "properties") == NULL && json_count(schema) > 1));
}

static void put_function(struct gemini_request *request, str name, str description, json *schema)
{
    struct json_walk walk = json_walk(schema);

    json_open_object(request->writer, NULL);
    json_put_str(request->writer, "name", name);
    if (description.len > 0) {
        json_put_str(request->writer, "description", description);
    }
    if (has_properties(schema) && gemini_takes(request, TAKES_JSON_SCHEMA)) {
        json_open_object(request->writer, "parametersJsonSchema");
        while (json_next(&walk)) {
            if (!str_eq(walk.name, STR("$schema")) && !str_eq(walk.name, STR("strict"))) {
                json_put_named_value(request->writer, walk.name, walk.value);
            }
        }
        json_close_object(request->writer);
    } else if (has_properties(schema)) {
        gemini_schema_put(request->writer, "parameters", schema, request->arena);
    }
    json_close_object(request->writer);
}

/* What Google's servers run by themselves, by the words that clients use for it. */
static const char *own_tool(json *raw)
{
    static const struct {
        const char *type;
        const char *tool;
    } tools[] = {
        {"web_search", "googleSearch"},      {"web_search_preview", "googleSearch"},
        {"google_search", "googleSearch"},   {"url_context", "urlContext"},
        {"code_execution", "codeExecution"}, {"code_interpreter", "codeExecution"},
    };
    str type = json_str(raw, "type");

    for (size_t i = 0; i < COUNT_OF(tools); i++) {
        if (str_eq(type, str_c(tools[i].type))) {
            return tools[i].tool;
        }
    }
    return NULL;
}

static void put_own_tool(struct gemini_request *request, const char *name)
{
    json_open_object(request->writer, NULL);
    json_open_object(request->writer, name);
    json_close_object(request->writer);
    json_close_object(request->writer);
}

static enum err put_own_tools(struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;

    for (size_t i = 0; request->sends_tools && i < chat->tool_count; i++) {
        const char *name = own_tool(chat->tools[i].raw);
        if (chat->tools[i].is_function) {
            continue;
        }
        if (name == NULL) {
            return gemini_refuse(request, arena_printf(request->arena, "tools[%zu].type", i),
                                 "is not known to this model's provider");
        }
        put_own_tool(request, name);
    }
    return ERR_OK;
}

static size_t count_functions(const struct gemini_request *request)
{
    size_t count = 0;

    for (size_t i = 0; request->sends_tools && i < request->chat->tool_count; i++) {
        count += request->chat->tools[i].is_function ? 1 : 0;
    }
    return count;
}

static enum err put_functions(struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;

    json_open_object(request->writer, NULL);
    json_open_array(request->writer, "functionDeclarations");
    for (size_t i = 0; i < chat->tool_count; i++) {
        const struct chat_tool *tool = &chat->tools[i];
        if (!tool->is_function) {
            continue;
        }
        if (str_eq(tool->name, STR(JSON_TOOL))) {
            return gemini_refuse(request,
                                 arena_printf(request->arena, "tools[%zu].function.name", i),
                                 "is reserved");
        }
        put_function(request, gemini_tool_name(request, tool->name), tool->description,
                     tool->parameters);
    }
    if (request->json == GEMINI_JSON_BY_TOOL) {
        put_function(request, STR(JSON_TOOL),
                     chat->schema_description.len > 0
                         ? chat->schema_description
                         : STR("Gives the final answer. Call it when the answer is known."),
                     chat->schema);
    }
    json_close_array(request->writer);
    json_close_object(request->writer);
    return ERR_OK;
}

/* A search that the client merely hints at stands back where the model takes functions alone. */
static enum err put_tools(struct gemini_request *request)
{
    bool has_functions = count_functions(request) > 0;
    bool hints_search = !json_is_none(gemini_raw_member(request, "web_search_options"));
    enum err err = ERR_OK;

    if (hints_search && has_functions) {
        drops_add(&request->out->drops, request->arena, STR("web_search_options"));
        hints_search = false;
    }
    if (!request->sends_tools && !hints_search) {
        return ERR_OK;
    }
    json_open_array(request->writer, "tools");
    if (has_functions) {
        err = put_functions(request);
    }
    if (err == ERR_OK) {
        err = put_own_tools(request);
    }
    if (hints_search) {
        put_own_tool(request, "googleSearch");
    }
    json_close_array(request->writer);
    return err;
}

static bool has_strict_tool(const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->tool_count; i++) {
        if (chat->tools[i].is_function && chat->tools[i].strict) {
            return true;
        }
    }
    return false;
}

/* Empty when nothing needs to be said. */
static str tool_mode(const struct gemini_request *request)
{
    const struct chat_request *chat = request->chat;
    bool is_strict = has_strict_tool(chat) && gemini_takes(request, TAKES_JSON_SCHEMA);

    if (request->json == GEMINI_JSON_BY_TOOL) {
        return STR("ANY");
    }
    switch (chat->tool_choice) {
    case TOOL_CHOICE_NONE:
        return STR("NONE");
    case TOOL_CHOICE_REQUIRED:
    case TOOL_CHOICE_NAMED:
        return STR("ANY");
    case TOOL_CHOICE_AUTO:
        return is_strict ? STR("VALIDATED") : STR("AUTO");
    case TOOL_CHOICE_UNSET:
        break;
    }
    return is_strict ? STR("VALIDATED") : STR_NONE;
}

static void put_tool_config(struct gemini_request *request)
{
    str mode = tool_mode(request);

    if (count_functions(request) == 0 || mode.len == 0) {
        return;
    }
    json_open_object(request->writer, "toolConfig");
    json_open_object(request->writer, "functionCallingConfig");
    json_put_str(request->writer, "mode", mode);
    if (request->chat->tool_choice == TOOL_CHOICE_NAMED) {
        json_open_array(request->writer, "allowedFunctionNames");
        json_put_str(request->writer, NULL,
                     gemini_tool_name(request, request->chat->tool_choice_name));
        json_close_array(request->writer);
    }
    json_close_object(request->writer);
    json_close_object(request->writer);
}

/* ---- The body ---- */

/* Members of this API's own that clients of ours may send along. */
static void put_own_members(struct gemini_request *request)
{
    static const struct {
        const char *name;
        const char *wire;
        enum json_type type;
    } members[] = {
        {"safety_settings", "safetySettings", JSON_ARRAY},
        {"safetySettings", "safetySettings", JSON_ARRAY},
        {"cached_content", "cachedContent", JSON_STR},
    };
    json *seen = NULL;

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        json *value = gemini_raw_member(request, members[i].name);
        bool is_again = seen != NULL && members[i].type == JSON_ARRAY;
        if (json_is(value, members[i].type) && !is_again) {
            json_put_value(request->writer, members[i].wire, value);
            seen = value;
        }
    }
}

static enum err put_body(struct gemini_request *request)
{
    json_open_object(request->writer, NULL);
    enum err err = put_system(request);
    if (err == ERR_OK) {
        err = gemini_put_contents(request);
    }
    if (err == ERR_OK) {
        err = put_tools(request);
    }
    if (err == ERR_OK) {
        put_tool_config(request);
        put_own_members(request);
        gemini_put_config(request);
    }
    json_close_object(request->writer);
    return err;
}

/* Parameters that this API has words for; those it was not told all the same are in the drops
 * already.  Each with a blank behind it. */
static const char said[] =
    "max_tokens max_completion_tokens temperature top_p top_k seed stop n "
    "presence_penalty frequency_penalty logprobs top_logprobs response_format modalities "
    "audio image_config web_search_options safety_settings safetySettings "
    "cached_content ";

/* ---- Where it goes ---- */

/* "gemini-2.5-pro", or a path of its own such as "tunedModels/mine" or "endpoints/123". */
static str model_path(const struct gemini_request *request)
{
    str name = request->model->name;
    bool has_folder = false;

    if (str_has_prefix(name, STR("models/")) || str_has_prefix(name, STR("google/"))) {
        (void)str_split(&name, '/');
    }
    has_folder = str_find_char(name, '/') < name.len;
    str parts[] = {request->is_vertex && !has_folder ? STR("publishers/google/") : STR_NONE,
                   has_folder ? STR_NONE : STR("models/"), name};
    return arena_join(request->arena, parts, COUNT_OF(parts));
}

static str path_of(const struct gemini_request *request)
{
    const struct site *site = request->model->site;
    str model = model_path(request);
    const char *method =
        request->chat->stream ? "streamGenerateContent?alt=sse" : "generateContent";

    if (!request->is_vertex) {
        return arena_printf(request->arena, "/v1beta/" STR_FMT ":%s", STR_ARG(model), method);
    }
    if (site->project.len == 0) { /* express mode */
        return arena_printf(request->arena, "/v1/" STR_FMT ":%s", STR_ARG(model), method);
    }
    str region = site->region.len > 0 ? site->region : STR("global");
    return arena_printf(request->arena,
                        "/v1/projects/" STR_FMT "/locations/" STR_FMT "/" STR_FMT ":%s",
                        STR_ARG(site->project), STR_ARG(region), STR_ARG(model), method);
}

enum err gemini_encode_request(const struct chat_request *chat, const struct model *model,
                               struct arena *arena, struct provider_request *out,
                               struct fault *fault)
{
    struct buf body;
    struct json_writer writer = json_write_to(&body);
    struct gemini_request request = {
        .chat = chat,
        .model = model,
        .rules = model_rules_of(model),
        .arena = arena,
        .writer = &writer,
        .out = out,
        .fault = fault,
        .is_vertex = model_platform(model) == PLATFORM_VERTEX,
    };

    buf_init(&body, REQUEST_BYTES_MAX);
    enum err err = decide(&request);
    if (err == ERR_OK) {
        err = put_body(&request);
    }
    if (err == ERR_OK) {
        err = request_post(&writer, path_of(&request), arena, &out->http, fault);
    }
    if (err == ERR_OK) {
        unsaid_add(chat, said, arena, &out->drops);
    }
    buf_free(&body);
    return err;
}
