#include "codec/ndjson.h"

void ndjson_init(struct ndjson *ndjson, size_t line_bytes_max)
{
    *ndjson = (struct ndjson){0};
    buf_init(&ndjson->begun, line_bytes_max);
}

void ndjson_free(struct ndjson *ndjson)
{
    buf_free(&ndjson->begun);
}

static enum ndjson_result fail(struct ndjson *ndjson)
{
    ndjson->failed = true;
    return NDJSON_LONG;
}

/* The line that was given last is not needed any longer.  Its memory is: the next cut line goes
 * there too. */
static void start_line(struct ndjson *ndjson)
{
    if (ndjson->given) {
        ndjson->begun.len = 0;
        ndjson->given = false;
    }
}

enum ndjson_result ndjson_next(struct ndjson *ndjson, str *input, str *line)
{
    if (ndjson->failed) {
        return NDJSON_LONG;
    }
    start_line(ndjson);
    while (input->len > 0) {
        size_t end = str_find_char(*input, '\n');
        bool is_whole = end < input->len;
        str text = str_take(*input, end);
        if (text.len > ndjson->begun.limit) {
            return fail(ndjson);
        }
        if (!is_whole || ndjson->begun.len > 0) {
            if (buf_add(&ndjson->begun, text) != ERR_OK) {
                return fail(ndjson);
            }
            text = buf_str(&ndjson->begun);
        }
        *input = str_skip(*input, end + 1);
        if (!is_whole) {
            return NDJSON_MORE;
        }
        ndjson->given = true;
        text = str_trim(text);
        if (text.len > 0) {
            *line = text;
            return NDJSON_LINE;
        }
        start_line(ndjson);
    }
    return NDJSON_MORE;
}

bool ndjson_end(struct ndjson *ndjson, str *line)
{
    if (ndjson->failed) {
        return false;
    }
    start_line(ndjson);
    str text = str_trim(buf_str(&ndjson->begun));
    ndjson->given = true;
    if (text.len == 0) {
        return false;
    }
    *line = text;
    return true;
}
