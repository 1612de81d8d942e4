/* The steps that end an exchange: refuse and settle. */
#include "gate/exchange.h"
#include "gate/relay.h"

#include <stdio.h>

/* --- refuse --- */

void answer_fault(struct worker *worker, struct http_call *call, const struct surface *surface,
                  const struct identity *identity, const struct fault *fault)
{
    struct header room[ANSWER_HEADERS_MAX];
    struct headers headers;
    char retry_after[24];
    struct buf *out = &worker->out;
    int status = fault_status(fault);

    out->len = 0;
    enum err err = surface->encode_fault(identity, fault, out);
    assert(err == ERR_OK);
    answer_headers(identity, STR("application/json"), room, &headers);
    if (fault->retry_after_ms > 0) {
        (void)snprintf(retry_after, sizeof(retry_after), "%lld",
                       (long long)((fault->retry_after_ms + 999) / 1000));
        room[headers.count++] = (struct header){STR("retry-after"), str_c(retry_after)};
    }
    if (fault->allow.len > 0) {
        room[headers.count++] = (struct header){STR("allow"), fault->allow};
    }
    if (status == 401) {
        room[headers.count++] = (struct header){STR("www-authenticate"), STR("Bearer")};
    }
    if ((status == 409 || status >= 500) && !fault->retryable && fault->retry_after_ms == 0) {
        room[headers.count++] = (struct header){STR("x-should-retry"), STR("false")};
    }
    http_call_answer(call, status, &headers, buf_str(out));
}

enum step step_refuse(struct exchange *exchange)
{
    if (exchange->client_gone || exchange->call == NULL) {
        return STEP_SETTLE;
    }
    assert(exchange->failed);
    exchange->status = fault_status(&exchange->fault);
    answer_fault(exchange->worker, exchange->call, exchange->surface, &exchange->identity,
                 &exchange->fault);
    exchange->call = NULL;
    return STEP_SETTLE;
}

/* --- settle --- */

#define PUT(field, value) put_text(row->field, sizeof(row->field), value)

static void put_text(char *field, size_t room, str value)
{
    str fits = str_take(value, room - 1);

    if (fits.len > 0) {
        memcpy(field, fits.at, fits.len);
    }
    field[fits.len] = '\0';
}

static void fill_row(const struct exchange *exchange, struct exchange_row *row)
{
    PUT(id, exchange->identity.generation_id);
    PUT(request_id, exchange->identity.request_id);
    PUT(key_id, str_c(exchange->key_id));
    PUT(surface, str_c(exchange->surface->name));
    PUT(model_asked, exchange->model_asked);
    PUT(model, exchange->model_served);
    PUT(provider, exchange->provider_name);
    PUT(upstream_model, exchange->upstream_model);
    PUT(upstream_id, exchange->upstream_id);
    PUT(finish_reason, finish_reason_name(exchange->finish));
    PUT(native_finish_reason, exchange->native_finish);
    row->status = exchange->status;
    row->upstream_status = exchange->upstream_status;
    row->attempts = exchange->attempt_count;
    row->streamed = exchange->streamed;
    row->cancelled = exchange->client_gone;
    row->at_ms = exchange->began_ms;
    row->first_byte_us = exchange->first_byte_us;
    row->total_us = clock_monotonic_us(exchange->worker->loop.clock) - exchange->began_us;
    row->usage_known = exchange->usage_known;
    row->prompt_tokens = exchange->usage.prompt;
    row->completion_tokens = exchange->usage.completion;
    row->cached_tokens = exchange->usage.prompt_cached;
    row->cache_write_tokens = exchange->usage.prompt_cache_write;
    row->reasoning_tokens = exchange->usage.completion_reasoning;
    row->cost_known = exchange->cost.known;
    row->cost_nanousd = exchange->cost.total_nanousd;
    row->request_bytes = exchange->request_bytes;
    row->answer_bytes = exchange->answer_bytes;
    if (exchange->failed) {
        PUT(error_type, fault_type_name(exchange->fault.type));
        PUT(error_message, exchange->fault.message);
    } else if (exchange->client_gone) {
        PUT(error_type, STR("client_gone"));
        PUT(error_message, STR("the client went away before the answer was complete"));
    }
}

enum step step_settle(struct exchange *exchange)
{
    struct exchange_row row = {0};

    (void)relay_waive(exchange); /* the row has the cost either way */
    fill_row(exchange, &row);
    memcpy(row.client, exchange->client, sizeof(row.client));
    if (writer_post(exchange->worker->writer, &row) != ERR_OK) {
        atomic_fetch_add_explicit(&exchange->worker->rows_lost, 1, memory_order_relaxed);
    }
    return STEP_END;
}
