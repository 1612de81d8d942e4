#include "store/columns.h"

#include "base/text.h"

#define TEXT(member)                                                 \
    {                                                                \
#        member, COLUMN_TEXT, offsetof(struct exchange_row, member), \
            sizeof(((struct exchange_row *)NULL)->member)            \
    }
#define INT32(member)                                                                 \
    {                                                                                 \
#        member, COLUMN_INT32, offsetof(struct exchange_row, member), sizeof(int32_t) \
    }
#define INT64(member)                                                                 \
    {                                                                                 \
#        member, COLUMN_INT64, offsetof(struct exchange_row, member), sizeof(int64_t) \
    }
#define BOOL(member)                                                              \
    {                                                                             \
#        member, COLUMN_BOOL, offsetof(struct exchange_row, member), sizeof(bool) \
    }

const struct column exchange_columns[EXCHANGE_COLUMNS] = {
    TEXT(id),
    TEXT(request_id),
    TEXT(key_id),
    TEXT(surface),
    TEXT(model_asked),
    TEXT(model),
    TEXT(provider),
    TEXT(upstream_model),
    TEXT(upstream_id),
    TEXT(finish_reason),
    TEXT(native_finish_reason),
    TEXT(error_type),
    TEXT(error_message),
    TEXT(client),
    INT32(status),
    INT32(upstream_status),
    INT32(attempts),
    BOOL(streamed),
    BOOL(cancelled),
    BOOL(usage_known),
    INT64(at_ms),
    INT64(first_byte_us),
    INT64(total_us),
    INT64(prompt_tokens),
    INT64(completion_tokens),
    INT64(cached_tokens),
    INT64(cache_write_tokens),
    INT64(reasoning_tokens),
    INT64(cost_nanousd),
    BOOL(cost_known),
    INT64(request_bytes),
    INT64(answer_bytes),
};

str column_text(const struct column *column, const struct exchange_row *row)
{
    const char *at = (const char *)row + column->offset;

    assert(column->kind == COLUMN_TEXT);
    return str_of(at, strnlen(at, column->bytes - 1));
}

void column_set_text(const struct column *column, struct exchange_row *row, str text)
{
    char *at = (char *)row + column->offset;

    assert(column->kind == COLUMN_TEXT);
    text = text_take_utf8(text, column->bytes - 1);
    memset(at, 0, column->bytes);
    if (text.len > 0) {
        memcpy(at, text.at, text.len);
    }
}

int64_t column_number(const struct column *column, const struct exchange_row *row)
{
    const char *at = (const char *)row + column->offset;
    int64_t wide = 0;
    int32_t narrow = 0;
    bool truth = false;

    switch (column->kind) {
    case COLUMN_INT64:
        memcpy(&wide, at, sizeof(wide));
        return wide;
    case COLUMN_INT32:
        memcpy(&narrow, at, sizeof(narrow));
        return narrow;
    case COLUMN_BOOL:
        memcpy(&truth, at, sizeof(truth));
        return truth ? 1 : 0;
    case COLUMN_TEXT:
        break;
    }
    assert(!"a text is no number");
    return 0;
}

void column_set_number(const struct column *column, struct exchange_row *row, int64_t number)
{
    char *at = (char *)row + column->offset;
    int64_t clamped = number > INT32_MAX ? INT32_MAX : number < INT32_MIN ? INT32_MIN : number;
    int32_t narrow = (int32_t)clamped;
    bool truth = number != 0;

    switch (column->kind) {
    case COLUMN_INT64:
        memcpy(at, &number, sizeof(number));
        return;
    case COLUMN_INT32:
        memcpy(at, &narrow, sizeof(narrow));
        return;
    case COLUMN_BOOL:
        memcpy(at, &truth, sizeof(truth));
        return;
    case COLUMN_TEXT:
        break;
    }
    assert(!"a text is no number");
}
