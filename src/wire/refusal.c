#include "wire/refusal.h"

#include "base/text.h"
#include "codec/date.h"
#include "codec/json_write.h"

enum {
    RETRY_AFTER_MS_MAX = 24 * 3600 * 1000,
    MESSAGE_BYTES_MAX = 1024,
    WORD_BYTES_MAX = 128,
    SECRET_BYTES_MIN = 12, /* a shorter token behind a key's prefix is a word of the message */
};

/* What each kind of failure means for the caller. */
static const struct {
    enum fault_type type;
    enum err kind;
    bool retryable;
} kinds[] = {
    {FAULT_INVALID_REQUEST, ERR_INVALID, false},   {FAULT_INVALID_PROMPT, ERR_INVALID, false},
    {FAULT_CONTEXT_LENGTH, ERR_INVALID, false},    {FAULT_MAX_TOKENS, ERR_INVALID, false},
    {FAULT_CONTENT_POLICY, ERR_INVALID, false},    {FAULT_UNPROCESSABLE, ERR_INVALID, false},
    {FAULT_UNSUPPORTED_MEDIA, ERR_INVALID, false}, {FAULT_PAYLOAD_TOO_LARGE, ERR_TOO_BIG, false},
    {FAULT_AUTHENTICATION, ERR_DENIED, false},     {FAULT_PERMISSION_DENIED, ERR_DENIED, false},
    {FAULT_PAYMENT_REQUIRED, ERR_BROKE, false},    {FAULT_NOT_FOUND, ERR_MISSING, false},
    {FAULT_RATE_LIMIT, ERR_LIMITED, true},         {FAULT_PROVIDER_OVERLOADED, ERR_BUSY, true},
    {FAULT_PROVIDER_UNAVAILABLE, ERR_PEER, true},  {FAULT_TIMEOUT, ERR_TIMEOUT, true},
};

/* provider-dialects.md section 0.4: statuses. */
static const struct {
    int first;
    int last;
    enum fault_type type;
} statuses[] = {
    {400, 400, FAULT_INVALID_REQUEST},
    {401, 401, FAULT_AUTHENTICATION},
    {402, 402, FAULT_PAYMENT_REQUIRED},
    {403, 403, FAULT_PERMISSION_DENIED},
    {404, 404, FAULT_NOT_FOUND},
    {408, 408, FAULT_TIMEOUT},
    {409, 409, FAULT_PROVIDER_OVERLOADED}, /* a lock; the request is sound */
    {413, 413, FAULT_PAYLOAD_TOO_LARGE},
    {415, 415, FAULT_UNSUPPORTED_MEDIA},
    {422, 422, FAULT_UNPROCESSABLE},
    {424, 424, FAULT_PROVIDER_UNAVAILABLE}, /* Bedrock: the model failed */
    {429, 429, FAULT_RATE_LIMIT},
    {498, 498, FAULT_RATE_LIMIT},           /* Groq: no flex capacity */
    {499, 499, FAULT_PROVIDER_UNAVAILABLE}, /* Google: it cancelled its own work */
    {400, 499, FAULT_INVALID_REQUEST},
    {503, 503, FAULT_PROVIDER_OVERLOADED},
    {504, 504, FAULT_TIMEOUT},
    {524, 524, FAULT_TIMEOUT},
    {529, 529, FAULT_PROVIDER_OVERLOADED}, /* Anthropic */
};

/* Statuses that words may make more exact. */
enum family {
    CLIENT_ERRORS = 1, /* 400, 404, 413, 422 */
    RATE_LIMITS = 2,   /* 429 */
    DENIALS = 4,       /* 401, 403 */
    UNSTATED = 8,      /* in a stream, without a status: only the words tell */
    FAILURES = 16,     /* 500 and above: the provider's own, whatever the body blames */
};

/* The same section: words in codes, types and messages; the first that is found counts. */
static const struct {
    const char *words; /* in lower case */
    unsigned families;
    enum fault_type type;
} hints[] = {
    {"insufficient_quota", RATE_LIMITS | CLIENT_ERRORS | UNSTATED, FAULT_PAYMENT_REQUIRED},
    {"credit balance is too low", CLIENT_ERRORS, FAULT_PAYMENT_REQUIRED},
    {"billing_error", CLIENT_ERRORS | UNSTATED, FAULT_PAYMENT_REQUIRED},
    {"insufficient balance", CLIENT_ERRORS | RATE_LIMITS, FAULT_PAYMENT_REQUIRED},
    {"please enable billing", CLIENT_ERRORS | DENIALS, FAULT_PAYMENT_REQUIRED},
    {"user location is not supported", CLIENT_ERRORS, FAULT_PERMISSION_DENIED},
    {"api_key_invalid", CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"incorrect api key", CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"invalid api key", CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"api key not valid", CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"api key expired", CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"authentication_error", CLIENT_ERRORS | UNSTATED, FAULT_AUTHENTICATION},
    {"permission_error", CLIENT_ERRORS | UNSTATED, FAULT_PERMISSION_DENIED},
    {"usage guidelines", DENIALS, FAULT_CONTENT_POLICY},
    {"content_filter", CLIENT_ERRORS | UNSTATED, FAULT_CONTENT_POLICY},
    {"content_policy_violation", CLIENT_ERRORS | UNSTATED, FAULT_CONTENT_POLICY},
    {"responsibleaipolicyviolation", CLIENT_ERRORS, FAULT_CONTENT_POLICY},
    {"content management policy", CLIENT_ERRORS, FAULT_CONTENT_POLICY},
    {"invalid_prompt", CLIENT_ERRORS, FAULT_INVALID_PROMPT},
    {"context_length_exceeded", CLIENT_ERRORS | UNSTATED, FAULT_CONTEXT_LENGTH},
    {"maximum context length", CLIENT_ERRORS | UNSTATED, FAULT_CONTEXT_LENGTH},
    {"prompt is too long", CLIENT_ERRORS | UNSTATED, FAULT_CONTEXT_LENGTH},
    {"input token count", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"exceeds the maximum number of tokens", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"too many tokens", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"too_many_prompt_tokens", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"exceed_context_size", CLIENT_ERRORS | UNSTATED, FAULT_CONTEXT_LENGTH},
    {"exceeds the available context size", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"exceeded max context length", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"input is too long", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"exceed context limit", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"request too large for model", CLIENT_ERRORS, FAULT_CONTEXT_LENGTH},
    {"max_tokens is too large", CLIENT_ERRORS, FAULT_MAX_TOKENS},
    {"maximum allowed number of output tokens", CLIENT_ERRORS, FAULT_MAX_TOKENS},
    {"request_too_large", CLIENT_ERRORS | UNSTATED, FAULT_PAYLOAD_TOO_LARGE},
    {"model_not_found", CLIENT_ERRORS | UNSTATED, FAULT_NOT_FOUND},
    {"invalid_model", CLIENT_ERRORS, FAULT_NOT_FOUND},
    {"not a valid model id", CLIENT_ERRORS, FAULT_NOT_FOUND},
    {"model identifier is invalid", CLIENT_ERRORS, FAULT_NOT_FOUND},
    {"on-demand throughput isn", CLIENT_ERRORS, FAULT_NOT_FOUND},
    {"not_found_error", CLIENT_ERRORS | UNSTATED, FAULT_NOT_FOUND},
    {"tool_use_failed", CLIENT_ERRORS | UNSTATED, FAULT_PROVIDER_UNAVAILABLE},
    {"overloaded", UNSTATED | FAILURES | CLIENT_ERRORS, FAULT_PROVIDER_OVERLOADED},
    {"rate_limit", UNSTATED | FAILURES | CLIENT_ERRORS, FAULT_RATE_LIMIT},
    {"throttlingexception", UNSTATED | FAILURES | CLIENT_ERRORS, FAULT_RATE_LIMIT},
    {"servicequotaexceeded", UNSTATED | CLIENT_ERRORS, FAULT_RATE_LIMIT},
    {"accessdeniedexception", UNSTATED | CLIENT_ERRORS, FAULT_PERMISSION_DENIED},
    {"expiredtoken", UNSTATED | CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"unrecognizedclient", UNSTATED | CLIENT_ERRORS, FAULT_AUTHENTICATION},
    {"modeltimeoutexception", UNSTATED | CLIENT_ERRORS, FAULT_TIMEOUT},
    {"modelnotready", UNSTATED | CLIENT_ERRORS, FAULT_RATE_LIMIT},
    {"rate limit", UNSTATED | FAILURES, FAULT_RATE_LIMIT},
    {"resource_exhausted", UNSTATED, FAULT_RATE_LIMIT},
    {"insufficient_system_resource", UNSTATED | FAILURES, FAULT_PROVIDER_OVERLOADED},
    {"timeout_error", UNSTATED | FAILURES, FAULT_TIMEOUT},
    {"invalid_request_error", UNSTATED, FAULT_INVALID_REQUEST},
};

/* The error as it was found. */
struct found {
    str message;
    str code; /* the provider's own word or number, as text */
    str type;
    str param;
    int status; /* that the error names, 0: none */
};

static enum fault_type type_of_status(int status)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (status >= statuses[i].first && status <= statuses[i].last) {
            return statuses[i].type;
        }
    }
    return FAULT_PROVIDER_UNAVAILABLE;
}

static unsigned family_of_status(int status)
{
    switch (status) {
    case 400:
    case 404:
    case 413:
    case 422:
        return CLIENT_ERRORS;
    case 401:
    case 403:
        return DENIALS;
    case 429:
        return RATE_LIMITS;
    default:
        if (status == 0) {
            return UNSTATED;
        }
        return status >= 500 ? FAILURES : 0;
    }
}

static bool has_words(const struct found *found, str words)
{
    return str_find_nocase(found->code, words) < found->code.len ||
           str_find_nocase(found->type, words) < found->type.len ||
           str_find_nocase(found->message, words) < found->message.len;
}

static enum fault_type classify(const struct found *found, int status)
{
    unsigned family = family_of_status(status);

    for (size_t i = 0; i < COUNT_OF(hints); i++) {
        if ((hints[i].families & family) != 0 && has_words(found, str_c(hints[i].words))) {
            return hints[i].type;
        }
    }
    return type_of_status(status);
}

/* A code may be a word, a number or a number in a string. */
static str code_text(struct arena *arena, json *value)
{
    if (json_is(value, JSON_INT)) {
        return json_to_text(arena, value);
    }
    return json_as_str(value);
}

static int status_in(json *value)
{
    uint64_t number = 0;

    if (json_is(value, JSON_INT)) {
        int64_t status = json_as_int(value);
        return status >= 400 && status <= 599 ? (int)status : 0;
    }
    return str_to_uint(json_as_str(value), 599, &number) && number >= 400 ? (int)number : 0;
}

static int find_status(json *error)
{
    static const char *const names[] = {"code", "status_code", "raw_status_code", "status"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        int status = status_in(json_get(error, names[i]));
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

/* FastAPI's validation errors: where it is, and what is wrong there. */
static str detail_message(struct arena *arena, json *detail)
{
    struct json_walk walk = json_walk(detail);

    if (json_is(detail, JSON_STR)) {
        return json_as_str(detail);
    }
    if (!json_is(detail, JSON_ARRAY) || !json_next(&walk)) {
        return json_str(detail, "message");
    }
    str place = STR_NONE;
    struct json_walk location = json_walk(json_get(walk.value, "loc"));
    while (json_next(&location)) {
        str part = code_text(arena, location.value);
        place = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(place), place.len > 0 ? "." : "",
                             STR_ARG(part));
    }
    str message = json_str(walk.value, "msg");
    return place.len > 0
               ? arena_printf(arena, STR_FMT ": " STR_FMT, STR_ARG(place), STR_ARG(message))
               : message;
}

/* An array around the error, as Gemini's compatible endpoint sends it. */
static json *unwrap(json *root)
{
    struct json_walk walk = json_walk(root);

    return json_is(root, JSON_ARRAY) && json_next(&walk) ? walk.value : root;
}

/* Where the error's own members stand: in `error`, or at the top. */
static json *error_object(json *root)
{
    json *error = json_get(root, "error");

    return json_is(error, JSON_OBJECT) ? error : root;
}

/* error.message, error, message, Message, detail, errors[0].message: in this order. */
static str find_message(struct arena *arena, json *root)
{
    json *error = json_get(root, "error");
    struct json_walk errors = json_walk(json_get(root, "errors"));
    str message = json_str(error, "message");

    message = message.len > 0 ? message : json_as_str(error);
    message = message.len > 0 ? message : json_str(root, "message");
    message = message.len > 0 ? message : json_str(root, "Message");
    message = message.len > 0 ? message : detail_message(arena, json_get(root, "detail"));
    message = message.len > 0
                  ? message
                  : detail_message(arena, json_get(json_get(root, "message"), "detail"));
    if (message.len == 0 && json_next(&errors)) {
        message = json_str(errors.value, "message");
    }
    return message;
}

/* AWS: "com.amazon.coral.service#ThrottlingException". */
static str aws_type(json *root)
{
    str type = json_str(root, "__type");
    size_t hash = str_find_char(type, '#');

    return hash < type.len ? str_skip(type, hash + 1) : type;
}

static struct found find_error(struct arena *arena, json *root)
{
    json *error = error_object(root);
    json *inner = json_get(error, "innererror");
    str type = json_str(error, "type");

    if (type.len == 0 || str_eq(type, STR("error"))) {
        type = json_str(error, "status"); /* Google: INVALID_ARGUMENT */
    }
    if (type.len == 0) {
        type = json_str(root, "error_type"); /* Cohere: TOO_MANY_TOKENS */
    }
    struct found found = {
        .message = find_message(arena, root),
        .code = code_text(arena, json_get(error, "code")),
        .type = type,
        .param = json_str(error, "param"),
        .status = find_status(error),
    };
    if (found.type.len == 0) {
        found.type = json_str(inner, "code"); /* Azure: why the filter refused */
    }
    if (found.type.len == 0) {
        found.type = aws_type(root);
    }
    return found;
}

static bool is_key_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '*' || c == '.';
}

/* Length of the secret at the front of `text`, 0 when there is none. */
static size_t secret_len(str text)
{
    static const str prefixes[] = {
        STR_INIT("sk-"),  STR_INIT("gsk_"), STR_INIT("xai-"), STR_INIT("pplx-"),  STR_INIT("hf_"),
        STR_INIT("AIza"), STR_INIT("fw_"),  STR_INIT("csk-"), STR_INIT("nvapi-"),
    };

    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        size_t len = prefixes[i].len;
        if (!str_has_prefix(text, prefixes[i])) {
            continue;
        }
        while (len < text.len && is_key_char(text.at[len])) {
            len++;
        }
        return len >= SECRET_BYTES_MIN ? len : 0;
    }
    return 0;
}

/* The text in the arena, cut to `max` bytes, with everything that looks like a key blotted out. */
static str safe_copy(struct arena *arena, str text, size_t max)
{
    char *copy = arena_take(arena, max + 1);
    size_t len = 0;
    bool in_word = false;

    for (size_t i = 0; i < text.len && len < max; i++) {
        size_t secret = in_word ? 0 : secret_len(str_skip(text, i));
        if (secret > 0) {
            size_t stars = max - len < 3 ? max - len : 3;
            memset(copy + len, '*', stars);
            len += stars;
            i += secret - 1;
            continue;
        }
        in_word = is_key_char(text.at[i]);
        copy[len++] = text.at[i];
    }
    return text_take_utf8(str_of(copy, len), max);
}

static void set_kind(struct fault *fault)
{
    fault->kind = ERR_PEER;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].type == fault->type) {
            fault->kind = kinds[i].kind;
            fault->retryable = kinds[i].retryable;
        }
    }
}

/* Keys, rights and credit at the provider are the gateway's, not the client's: for the client the
 * provider is unavailable, and what it said is for the operator. */
static const struct {
    enum fault_type type;
    str message;
} operator_faults[] = {
    {FAULT_AUTHENTICATION, STR_INIT("The provider refused the gateway's credentials.")},
    {FAULT_PERMISSION_DENIED,
     STR_INIT("The provider does not allow this to the gateway's account.")},
    {FAULT_PAYMENT_REQUIRED, STR_INIT("The gateway's account at the provider has no credit.")},
};

static void hide_account(struct fault *fault)
{
    for (size_t i = 0; i < COUNT_OF(operator_faults); i++) {
        if (fault->type == operator_faults[i].type) {
            fault->type = FAULT_PROVIDER_UNAVAILABLE;
            fault->kind = ERR_PEER;
            fault->retryable = true; /* elsewhere */
            fault->detail = fault->message;
            fault->message = operator_faults[i].message;
            fault->raw = STR_NONE;
            fault->param = STR_NONE;
            return;
        }
    }
}

static void fill(const struct found *found, int status, str raw, struct arena *arena,
                 struct fault *fault)
{
    str code = found->code.len > 0 ? found->code : found->type;
    str message = found->message.len > 0 ? found->message : STR("Provider returned error");

    *fault = (struct fault){
        .type = classify(found, status),
        .message = safe_copy(arena, message, MESSAGE_BYTES_MAX),
        .param = safe_copy(arena, found->param, WORD_BYTES_MAX),
        .provider_code = safe_copy(arena, code, WORD_BYTES_MAX),
        .raw = safe_copy(arena, raw, REFUSAL_RAW_BYTES_MAX),
        .upstream_status = status,
    };
    set_kind(fault);
    hide_account(fault);
}

/* Google: details[].retryDelay = "34.07s". */
static int64_t retry_info_ms(json *root)
{
    struct json_walk walk = json_walk(json_get(json_get(root, "error"), "details"));

    while (json_next(&walk)) {
        int64_t delay_ms = refusal_duration_ms(json_str(walk.value, "retryDelay"));
        if (delay_ms > 0) {
            return delay_ms < RETRY_AFTER_MS_MAX ? delay_ms : RETRY_AFTER_MS_MAX;
        }
    }
    return 0;
}

static bool is_json_like(str text)
{
    return text.len > 0 && (text.at[0] == '{' || text.at[0] == '[');
}

void refusal_read(int status, const struct headers *headers, str body, struct arena *arena,
                  struct fault *fault)
{
    str text = str_trim(body);
    json *root = is_json_like(text) ? unwrap(json_read_lenient(arena, text)) : NULL;
    struct found found = {0};

    if (root != NULL) {
        found = find_error(arena, root);
    } else if (text.len > 0 && text.at[0] != '<') {
        found.message = text; /* HTML says nothing that a client wants to read */
    }
    if (found.type.len == 0) {
        found.type = headers_get(headers, STR("x-amzn-errortype"));
        found.type = str_take(found.type, str_find_char(found.type, ':'));
    }
    fill(&found, status, text, arena, fault);
    fault->retry_after_ms = refusal_retry_after_ms(headers);
    if (fault->retry_after_ms == 0) {
        fault->retry_after_ms = retry_info_ms(root);
    }
    str should_retry = headers_get(headers, STR("x-should-retry"));
    if (str_eq(should_retry, STR("true")) || str_eq(should_retry, STR("false"))) {
        fault->retryable = str_eq(should_retry, STR("true"));
    }
}

void refusal_read_json(int status, json *root, struct arena *arena, struct fault *fault)
{
    json *inside = unwrap(root);
    struct found found = find_error(arena, inside);
    json *error = json_get(inside, "error"); /* what stands beside it may be the answer's text */
    str raw = json_to_text(arena, error != NULL ? error : inside);

    fill(&found, status != 0 ? status : found.status, raw, arena, fault);
    fault->retry_after_ms = retry_info_ms(inside);
}

bool refusal_is_error(json *root)
{
    json *error = json_get(unwrap(root), "error");

    return (json_is(error, JSON_OBJECT) && json_count(error) > 0) || json_as_str(error).len > 0 ||
           str_eq(json_str(unwrap(root), "type"), STR("error"));
}

/* Cuts "1.25" off the front of *text, in thousandths.  False when no number stands there. */
static bool cut_thousandths(str *text, int64_t *out)
{
    size_t digits = 0;
    uint64_t whole = 0;

    while (digits < text->len && text->at[digits] >= '0' && text->at[digits] <= '9') {
        digits++;
    }
    if (!str_to_uint(str_take(*text, digits), INT32_MAX, &whole)) {
        return false;
    }
    *text = str_skip(*text, digits);
    *out = (int64_t)whole * 1000;
    if (text->len > 0 && text->at[0] == '.') {
        int64_t scale = 100;
        *text = str_skip(*text, 1);
        for (; text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9'; scale /= 10) {
            *out += (text->at[0] - '0') * scale;
            *text = str_skip(*text, 1);
        }
    }
    return true;
}

int64_t refusal_duration_ms(str text)
{
    static const struct {
        str name;
        int64_t ms;
    } units[] = {
        {STR_INIT("ms"), 1},      {STR_INIT("s"), 1000},     {STR_INIT("m"), 60000},
        {STR_INIT("h"), 3600000}, {STR_INIT("d"), 86400000},
    };
    int64_t total_ms = text.len > 0 ? 0 : -1;

    while (text.len > 0) {
        int64_t thousandths = 0;
        size_t unit = 0;
        if (!cut_thousandths(&text, &thousandths)) {
            return -1;
        }
        while (unit < COUNT_OF(units) && !str_has_prefix(text, units[unit].name)) {
            unit++;
        }
        if (unit == COUNT_OF(units)) {
            return -1;
        }
        int64_t part_ms =
            units[unit].ms * (thousandths / 1000) + units[unit].ms * (thousandths % 1000) / 1000;
        if (__builtin_add_overflow(total_ms, part_ms, &total_ms)) {
            return -1;
        }
        text = str_skip(text, units[unit].name.len);
    }
    return total_ms;
}

int64_t refusal_retry_after_ms(const struct headers *headers)
{
    str exact = str_trim(headers_get(headers, STR("retry-after-ms")));
    str text = str_trim(headers_get(headers, STR("retry-after")));
    uint64_t number = 0;

    exact = str_take(exact, str_find_char(exact, '.'));
    if (str_to_uint(exact, RETRY_AFTER_MS_MAX, &number)) {
        return (int64_t)number;
    }
    str whole = str_take(text, str_find_char(text, '.'));
    if (str_to_uint(whole, INT32_MAX, &number)) {
        int64_t wait_ms = (int64_t)number * 1000;
        return wait_ms < RETRY_AFTER_MS_MAX ? wait_ms : RETRY_AFTER_MS_MAX;
    }
    int64_t then_s = date_of_http(text);
    int64_t now_s = date_of_http(str_trim(headers_get(headers, STR("date"))));
    if (then_s < 0 || now_s < 0 || then_s <= now_s) {
        return 0;
    }
    int64_t wait_ms = (then_s - now_s) * 1000;
    return wait_ms < RETRY_AFTER_MS_MAX ? wait_ms : RETRY_AFTER_MS_MAX;
}
