#include "app/access_log.h"

#include "base/buf.h"
#include "base/log.h"
#include "codec/json_write.h"
#include "llm/price.h"

#include <time.h>

enum { LINE_BYTES_MAX = 8 * 1024 };

static const struct store_ops *below;
static struct store_ops logged;

static enum err put_json(struct buf *out, const struct exchange_row *row)
{
    struct json_writer writer = json_write_to(out);
    char cost[32];

    json_open_object(&writer, NULL);
    json_put_str(&writer, "event", STR("request"));
    json_put_str(&writer, "id", str_c(row->id));
    json_put_int(&writer, "at_ms", row->at_ms);
    json_put_int(&writer, "status", row->status);
    json_put_int(&writer, "total_us", row->total_us);
    json_put_int(&writer, "first_byte_us", row->first_byte_us);
    json_put_str(&writer, "model", str_c(row->model[0] != '\0' ? row->model : row->model_asked));
    json_put_str(&writer, "provider", str_c(row->provider));
    json_put_str(&writer, "key", str_c(row->key_id));
    json_put_bool(&writer, "stream", row->streamed);
    json_put_int(&writer, "prompt_tokens", row->prompt_tokens);
    json_put_int(&writer, "completion_tokens", row->completion_tokens);
    if (row->cost_known) {
        json_put_raw(&writer, "cost", price_format_nanousd(row->cost_nanousd, cost));
    }
    if (row->error_type[0] != '\0') {
        json_put_str(&writer, "error_type", str_c(row->error_type));
        json_put_str(&writer, "error", str_c(row->error_message));
    }
    json_close_object(&writer);
    enum err err = json_write_end(&writer);
    return err == ERR_OK ? buf_add(out, STR("\n")) : err;
}

/* Text from outside must not move a terminal's cursor. */
static str printable(const char *text, char *room, size_t size)
{
    size_t len = 0;

    for (; text[len] != '\0' && len + 1 < size; len++) {
        unsigned char c = (unsigned char)text[len];
        bool moves = c < 0x20 || c == 0x7f;
        room[len] = text[len];
        if (moves) {
            room[len] = '?';
        }
    }
    return str_of(room, len);
}

static enum err put_text(struct buf *out, const struct exchange_row *row)
{
    char stamp[16];
    char cost[32];
    char model[128];
    char error[160];
    time_t seconds = (time_t)(row->at_ms / 1000);
    struct tm local;

    (void)localtime_r(&seconds, &local);
    (void)strftime(stamp, sizeof(stamp), "%H:%M:%S", &local);
    str shown =
        printable(row->model[0] != '\0' ? row->model : row->model_asked, model, sizeof(model));
    str why = printable(row->error_message, error, sizeof(error));
    str dollars = row->cost_known ? price_format_nanousd(row->cost_nanousd, cost) : STR_NONE;
    return buf_printf(
        out, "%s %3d %6.2fs first %lldms " STR_FMT " %lld+%lldtok%s" STR_FMT " %s%s" STR_FMT "\n",
        stamp, row->status, (double)row->total_us / 1e6, (long long)(row->first_byte_us / 1000),
        STR_ARG(shown), (long long)row->prompt_tokens, (long long)row->completion_tokens,
        row->cost_known ? " $" : "", STR_ARG(dollars), row->id, why.len > 0 ? "  " : "",
        STR_ARG(why));
}

static enum err append(struct store *store, const struct exchange_row *rows, size_t count)
{
    enum err err = below->exchange_append(store, rows, count);
    struct buf out;

    if (err != ERR_OK) {
        return err;
    }
    buf_init(&out, LINE_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        out.len = 0;
        enum err written = log_is_json() ? put_json(&out, &rows[i]) : put_text(&out, &rows[i]);
        assert(written == ERR_OK); /* a row's fields are far shorter than a line may be */
        log_raw(buf_str(&out));
    }
    buf_free(&out);
    return ERR_OK;
}

const struct store_ops *access_log_over(const struct store_ops *ops)
{
    below = ops;
    logged = *ops;
    logged.exchange_append = append;
    return &logged;
}
