#include "base/fault.h"

#include "base/macros.h"

/* Words and statuses: api-contract.md section 4.3; 405, 408, 415 and 431 are ours. */
static const struct {
    const char *name;
    int status;
} types[FAULT_TYPES] = {
    [FAULT_UNMAPPED] = {"unmapped", 500},
    [FAULT_INVALID_REQUEST] = {"invalid_request", 400},
    [FAULT_INVALID_PROMPT] = {"invalid_prompt", 400},
    [FAULT_CONTEXT_LENGTH] = {"context_length_exceeded", 400},
    [FAULT_MAX_TOKENS] = {"max_tokens_exceeded", 400},
    [FAULT_AUTHENTICATION] = {"authentication", 401},
    [FAULT_PAYMENT_REQUIRED] = {"payment_required", 402},
    [FAULT_PERMISSION_DENIED] = {"permission_denied", 403},
    [FAULT_CONTENT_POLICY] = {"content_policy_violation", 400},
    [FAULT_NOT_FOUND] = {"not_found", 404},
    [FAULT_METHOD] = {"invalid_request", 405},
    [FAULT_REQUEST_TIMEOUT] = {"timeout", 408},
    [FAULT_PAYLOAD_TOO_LARGE] = {"payload_too_large", 413},
    [FAULT_HEADERS_TOO_LARGE] = {"invalid_request", 431},
    [FAULT_UNSUPPORTED_MEDIA] = {"invalid_request", 415},
    [FAULT_IMAGE_DOWNLOAD] = {"image_download_failed", 400},
    [FAULT_UNPROCESSABLE] = {"unprocessable", 422},
    [FAULT_RATE_LIMIT] = {"rate_limit_exceeded", 429},
    [FAULT_SERVER] = {"server", 500},
    [FAULT_PROVIDER_UNAVAILABLE] = {"provider_unavailable", 502},
    [FAULT_PROVIDER_OVERLOADED] = {"provider_overloaded", 503},
    [FAULT_TIMEOUT] = {"timeout", 504},
};

str fault_type_name(enum fault_type type)
{
    assert(type < FAULT_TYPES);
    return str_of(types[type].name, strlen(types[type].name));
}

int fault_type_status(enum fault_type type)
{
    assert(type < FAULT_TYPES);
    return types[type].status;
}

int fault_status(const struct fault *fault)
{
    return fault->status != 0 ? fault->status : fault_type_status(fault->type);
}
