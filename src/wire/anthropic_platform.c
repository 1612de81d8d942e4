/*
 * Where the Anthropic Messages API is served, and how it differs there.
 *
 * Sources: provider-dialects.md sections 5, 7 and 8.5; for betas the vendor's SDK types and the
 * table that LiteLLM keeps of what each platform takes, state of October 2026.  All of it is data:
 * a new beta or tool is a row.
 */
#include "wire/anthropic.h"
#include "wire/request.h"

#define OWN_PLATFORM                                                                           \
    {                                                                                          \
        .version = STR_INIT("2023-06-01"), .streams_in_body = true, .takes_urls = true,        \
        .takes_files = true, .takes_schema = true, .takes_top_mark = true, .takes_tier = true, \
        .takes_extras = true, .tool_name_max = 128, .ids = TOOL_ID_ANTHROPIC,                  \
    }

static const struct anthropic_platform platforms[] = {
    [PLATFORM_OWN] = OWN_PLATFORM,
    [PLATFORM_AZURE] = OWN_PLATFORM,
    [PLATFORM_AZURE_CLASSIC] = OWN_PLATFORM,
    [PLATFORM_VERTEX] =
        {
            .version = STR_INIT("vertex-2023-10-16"),
            .is_in_path = true,
            .streams_in_body = true,
            .takes_top_mark = true,
            .tool_name_max = 64,
            .ids = TOOL_ID_ANTHROPIC,
        },
    [PLATFORM_BEDROCK] =
        {
            .version = STR_INIT("bedrock-2023-05-31"),
            .is_in_path = true,
            .takes_schema = true,
            .tool_name_max = 64,
            .ids = TOOL_ID_BEDROCK,
        },
};

const struct anthropic_platform *anthropic_platform_of(const struct model *model)
{
    enum platform platform = model_platform(model);

    assert((size_t)platform < COUNT_OF(platforms));
    return &platforms[platform];
}

/* ---- Tools and features ---- */

enum { ON_OWN = 1, ON_VERTEX = 2, ON_BEDROCK = 4, ON_ALL = ON_OWN | ON_VERTEX | ON_BEDROCK };

/* Tools of the vendor's own, by the beginning of their type: who knows them, and which feature must
 * be switched on for them.  A type that is not here is known to the vendor alone. */
static const struct {
    str type;
    unsigned where;
    str beta;
} vendor_tools[] = {
    {STR_INIT("computer_20241022"), ON_ALL, STR_INIT("computer-use-2024-10-22")},
    {STR_INIT("computer_20250124"), ON_ALL, STR_INIT("computer-use-2025-01-24")},
    {STR_INIT("computer_20251124"), ON_ALL, STR_INIT("computer-use-2025-11-24")},
    {STR_INIT("bash_20241022"), ON_ALL, STR_INIT("computer-use-2024-10-22")},
    {STR_INIT("bash_"), ON_ALL, STR_INIT("")},
    {STR_INIT("text_editor_20241022"), ON_ALL, STR_INIT("computer-use-2024-10-22")},
    {STR_INIT("text_editor_"), ON_ALL, STR_INIT("")},
    {STR_INIT("memory_"), ON_ALL, STR_INIT("context-management-2025-06-27")},
    {STR_INIT("web_search_"), ON_OWN | ON_VERTEX, STR_INIT("")},
    {STR_INIT("web_fetch_20250910"), ON_OWN, STR_INIT("web-fetch-2025-09-10")},
    {STR_INIT("code_execution_20250522"), ON_OWN, STR_INIT("code-execution-2025-05-22")},
    {STR_INIT("code_execution_20250825"), ON_OWN, STR_INIT("code-execution-2025-08-25")},
    {STR_INIT("tool_search_tool_"), ON_OWN | ON_VERTEX, STR_INIT("advanced-tool-use-2025-11-20")},
    {STR_INIT("mcp_toolset"), ON_OWN, STR_INIT("mcp-client-2025-11-20")},
    {STR_INIT("advisor_"), ON_OWN, STR_INIT("advisor-tool-2026-03-01")},
};

/* Members of the body that are read only when a feature is switched on. */
static const struct {
    str member;
    str beta;
} beta_members[] = {
    {STR_INIT("context_management"), STR_INIT("context-management-2025-06-27")},
    {STR_INIT("mcp_servers"), STR_INIT("mcp-client-2025-11-20")},
    {STR_INIT("output_format"), STR_INIT("structured-outputs-2025-11-13")},
    {STR_INIT("speed"), STR_INIT("fast-mode-2026-02-01")},
};

#define FILES_BETA "files-api-2025-04-14"
#define EFFORT_BETA "effort-2025-11-24"
#define INTERLEAVED_BETA "interleaved-thinking-2025-05-14"

/* What it is called elsewhere; the platforms refuse names that they do not know ("invalid beta
 * flag").  One that is not here is sent to the vendor alone. */
static const struct {
    str name;
    str vertex;
    str bedrock;
} foreign_betas[] = {
#define BOTH(name)                                     \
    {                                                  \
        STR_INIT(name), STR_INIT(name), STR_INIT(name) \
    }
#define VERTEX_ONLY(name)                            \
    {                                                \
        STR_INIT(name), STR_INIT(name), STR_INIT("") \
    }
#define BEDROCK_ONLY(name)                           \
    {                                                \
        STR_INIT(name), STR_INIT(""), STR_INIT(name) \
    }
    BOTH(INTERLEAVED_BETA),
    BOTH("computer-use-2024-10-22"),
    BOTH("computer-use-2025-01-24"),
    BOTH("computer-use-2025-11-24"),
    BOTH("context-1m-2025-08-07"),
    BOTH("context-management-2025-06-27"),
    BOTH("compact-2026-01-12"),
    BOTH("dangerous-tool-use-2026-09-03"),
    BOTH("thinking-binding-controls-2026-08-01"),
    BOTH("thinking-display-updates-2026-08-18"),
    BOTH("tool-search-tool-2025-10-19"),
    {STR_INIT("advanced-tool-use-2025-11-20"), STR_INIT("tool-search-tool-2025-10-19"),
     STR_INIT("tool-search-tool-2025-10-19")},
    VERTEX_ONLY("web-search-2025-03-05"),
    VERTEX_ONLY("per-turn-control-2026-07-01"),
    VERTEX_ONLY("compact-2026-09-04"),
    BEDROCK_ONLY(EFFORT_BETA),
    BEDROCK_ONLY("fine-grained-tool-streaming-2025-05-14"),
    BEDROCK_ONLY("mid-conversation-output-config-2026-07-01"),
    BEDROCK_ONLY("mid-conversation-tool-changes-2026-07-01"),
#undef BOTH
#undef VERTEX_ONLY
#undef BEDROCK_ONLY
};

static unsigned place_of(const struct anthropic_request *request)
{
    switch (model_platform(request->model)) {
    case PLATFORM_VERTEX:
        return ON_VERTEX;
    case PLATFORM_BEDROCK:
        return ON_BEDROCK;
    case PLATFORM_OWN:
    case PLATFORM_AZURE:
    case PLATFORM_AZURE_CLASSIC:
        break;
    }
    return ON_OWN;
}

bool anthropic_knows_tool(const struct anthropic_request *request, str type)
{
    unsigned where = ON_OWN;

    for (size_t i = 0; i < COUNT_OF(vendor_tools); i++) {
        if (str_has_prefix(type, vendor_tools[i].type)) {
            where = vendor_tools[i].where;
            break;
        }
    }
    return (where & place_of(request)) != 0;
}

/* The beta's name where the request goes; empty when it is not known there. */
static str local_name(const struct anthropic_request *request, str beta)
{
    unsigned place = place_of(request);

    for (size_t i = 0; place != ON_OWN && i < COUNT_OF(foreign_betas); i++) {
        if (str_eq(beta, foreign_betas[i].name)) {
            return place == ON_VERTEX ? foreign_betas[i].vertex : foreign_betas[i].bedrock;
        }
    }
    return place == ON_OWN ? beta : STR_NONE;
}

/* "context-management" of "context-management-2025-06-27". */
static str stem(str beta)
{
    enum { DATE_BYTES = 11 };

    return str_take(beta, beta.len > DATE_BYTES ? beta.len - DATE_BYTES : beta.len);
}

/* A feature that the request cannot do without.  Another version of it that the client named is
 * what its request was written for. */
static void need(struct anthropic_request *request, str beta)
{
    str name = local_name(request, beta);

    for (size_t i = 0; i < request->betas.count; i++) {
        if (str_eq(stem(request->betas.at[i]), stem(name))) {
            return;
        }
    }
    if (name.len > 0) {
        drops_add(&request->betas, request->arena, name);
    }
}

/* True when it can stand in a header's list. */
static bool is_beta(str name)
{
    enum { BETA_BYTES_MAX = 128 };

    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && str_find_char(STR("-_."), c) == 3) {
            return false;
        }
    }
    return name.len > 0 && name.len <= BETA_BYTES_MAX;
}

/* A feature that the client switched on. */
static void allow(struct anthropic_request *request, str beta)
{
    enum { BETAS_MAX = 64 };
    str name = local_name(request, beta);

    if (beta.len == 0) {
        return;
    }
    if (name.len == 0 || !is_beta(name) || request->betas.count >= BETAS_MAX) {
        anthropic_drop(request, "anthropic-beta ");
    } else {
        drops_add(&request->betas, request->arena, name);
    }
}

/* The client's header, and the body's member for the same. */
static void allow_clients(struct anthropic_request *request)
{
    struct json_walk walk = json_walk(json_get(request->chat->root, "anthropic_beta"));
    str rest = request->chat->betas;

    while (rest.len > 0) {
        allow(request, str_trim(str_split(&rest, ',')));
    }
    while (json_next(&walk)) {
        allow(request, str_trim(json_as_str(walk.value)));
    }
}

static void need_for_raw(struct anthropic_request *request)
{
    for (size_t i = 0; i < COUNT_OF(beta_members); i++) {
        if (request->is_raw && json_find(request->chat->root, beta_members[i].member) != NULL) {
            need(request, beta_members[i].beta);
        }
    }
    for (size_t i = 0; i < request->chat->tool_count; i++) {
        const struct chat_tool *tool = &request->chat->tools[i];
        str type = tool->is_function ? STR_NONE : json_str(tool->raw, "type");
        for (size_t k = 0; k < COUNT_OF(vendor_tools); k++) {
            if (str_has_prefix(type, vendor_tools[k].type)) {
                need(request, vendor_tools[k].beta);
                break;
            }
        }
    }
}

static bool has_files(const struct chat_request *chat)
{
    for (size_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        for (size_t k = 0; k < message->part_count; k++) {
            const struct chat_part *part = &message->parts[k];
            if ((part->kind == PART_FILE || part->kind == PART_IMAGE) && part->id.len > 0) {
                return true;
            }
        }
    }
    return false;
}

/* Claude 4.0 to 4.5 think between tool calls only when this is on; later ones do by themselves, and
 * on other platforms earlier ones refuse the name. */
static bool wants_interleaving(const struct anthropic_request *request)
{
    enum { MODEL_ID_ROOM = 128 };
    char room[MODEL_ID_ROOM];
    str id = rules_plain_id(request->model->name, room, sizeof(room));

    bool is_of_4 = rules_match(STR("claude-*-4*"), id) || rules_match(STR("claude-4*"), id);

    return request->thinking == THINKING_BUDGETED && request->chat->tool_count > 0 &&
           request->rules->thinking == THINKING_BUDGET && is_of_4;
}

void anthropic_decide_betas(struct anthropic_request *request)
{
    if (request->chat->format == FORMAT_ANTHROPIC) {
        allow_clients(request);
        need_for_raw(request);
        if (has_files(request->chat)) {
            need(request, STR(FILES_BETA));
        }
    }
    if (wants_interleaving(request)) {
        need(request, STR(INTERLEAVED_BETA));
    }
    if (request->effort != EFFORT_UNSET && request->rules->thinking == THINKING_BUDGET &&
        place_of(request) == ON_BEDROCK) {
        need(request, STR(EFFORT_BETA)); /* Claude Opus 4.5; without a beta everywhere else */
    }
}

/* ---- Head ---- */

/* One segment of a path: all is escaped but letters, digits, - . _ ~ and what is in `keep`. */
static str escaped(struct arena *arena, str text, str keep)
{
    static const char digits[] = "0123456789ABCDEF";
    static const str plain = STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-._~");
    char *out = ARENA_ARRAY(arena, char, 3 * text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (str_find_char(plain, c) < plain.len || str_find_char(keep, c) < keep.len) {
            out[len++] = c;
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[(unsigned char)c >> 4];
        out[len++] = digits[(unsigned char)c & 0xf];
    }
    return str_of(out, len);
}

/* "/v1/projects/p/locations/r", or "/v1" for who has no project of their own. */
static str vertex_place(const struct anthropic_request *request)
{
    const struct site *site = request->model->site;
    str project = escaped(request->arena, site->project, STR_NONE);
    str region = site->region.len > 0 ? site->region : STR("global");

    region = escaped(request->arena, region, STR_NONE);
    if (project.len == 0) {
        return STR("/v1");
    }
    return arena_printf(request->arena, "/v1/projects/" STR_FMT "/locations/" STR_FMT,
                        STR_ARG(project), STR_ARG(region));
}

static str vertex_path(const struct anthropic_request *request)
{
    str place = vertex_place(request);
    str model = escaped(request->arena, request->model->name, STR("@"));

    return arena_printf(request->arena, STR_FMT "/publishers/anthropic/models/" STR_FMT ":%s",
                        STR_ARG(place), STR_ARG(model),
                        request->chat->stream ? "streamRawPredict" : "rawPredict");
}

static str bedrock_path(const struct anthropic_request *request)
{
    str model = escaped(request->arena, request->model->name, STR_NONE);

    return arena_printf(request->arena, "/model/" STR_FMT "/%s", STR_ARG(model),
                        request->chat->stream ? "invoke-with-response-stream" : "invoke");
}

static str path_of(const struct anthropic_request *request)
{
    switch (place_of(request)) {
    case ON_VERTEX:
        return vertex_path(request);
    case ON_BEDROCK:
        return bedrock_path(request);
    default:
        return STR("/v1/messages");
    }
}

/* "a,b" */
static str beta_list(const struct anthropic_request *request)
{
    str list = request->betas.at[0];

    for (size_t i = 1; i < request->betas.count; i++) {
        str parts[] = {list, STR(","), request->betas.at[i]};
        list = arena_join(request->arena, parts, COUNT_OF(parts));
    }
    return list;
}

enum err anthropic_send(struct anthropic_request *request)
{
    struct http_request *http = &request->out->http;
    struct arena *arena = request->arena;
    enum err err = request_post(request->writer, path_of(request), arena, http, request->fault);

    if (err != ERR_OK || request->platform->is_in_path) {
        return err; /* in the path: the body says the rest */
    }
    headers_add(&http->headers, arena, STR("anthropic-version"), request->platform->version);
    if (request->betas.count > 0) {
        headers_add(&http->headers, arena, STR("anthropic-beta"), beta_list(request));
    }
    return ERR_OK;
}
