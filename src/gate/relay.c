#include "gate/relay.h"

#include "llm/price.h"

enum { DEMO_WORDS_A_TURN = 64, END_WAIT_MS = 500 };

static void on_keepalive(struct timer *timer);

static const struct settings *settings_of(const struct exchange *exchange)
{
    return &exchange->config->snapshot->settings;
}

void relay_begin(struct exchange *exchange)
{
    exchange->held.len = 0;
    exchange->usage = (struct usage){0};
    exchange->usage_known = false;
    exchange->cost = (struct cost){0};
    exchange->finish = FINISH_NONE;
    exchange->native_finish = STR_NONE;
    exchange->encoder = (struct encoder){.surface = exchange->surface,
                                         .chat = exchange->chat,
                                         .identity = exchange->identity,
                                         .arena = &exchange->arena};
    exchange->surface->encoder_init(&exchange->encoder);
    if (exchange->gather != NULL) {
        gather_free(exchange->gather);
        exchange->gather = NULL;
    }
    if (!exchange->streamed) {
        exchange->gather =
            gather_new(&exchange->arena, (size_t)settings_of(exchange)->answer_bytes_max);
    }
    /* Nothing is promised to the client before this attempt has said something. */
    loop_stop_timer(&exchange->worker->loop, &exchange->keepalive);
    exchange->keepalive.fire = on_keepalive;
}

/* --- towards the client --- */

void answer_headers(const struct identity *identity, str content_type, struct header *room,
                    struct headers *out)
{
    *out = (struct headers){.at = room};
    room[out->count++] = (struct header){STR("content-type"), content_type};
    room[out->count++] = (struct header){STR("x-request-id"), identity->request_id};
    if (identity->generation_id.len > 0) {
        room[out->count++] = (struct header){STR("x-generation-id"), identity->generation_id};
    }
}

/* What the provider was not told of the request. */
static void add_dropped(const struct exchange *exchange, struct headers *headers)
{
    if (exchange->attempt.dropped.len > 0) {
        headers->at[headers->count++] =
            (struct header){STR("x-gatehouse-dropped"), exchange->attempt.dropped};
    }
}

static void send_stream_head(struct exchange *exchange)
{
    struct header room[ANSWER_HEADERS_MAX];
    struct headers headers;

    answer_headers(&exchange->identity, STR("text/event-stream; charset=utf-8"), room, &headers);
    room[headers.count++] = (struct header){STR("cache-control"), STR("no-cache")};
    room[headers.count++] = (struct header){STR("x-accel-buffering"), STR("no")};
    add_dropped(exchange, &headers);
    http_call_begin(exchange->call, 200, &headers);
    exchange->status = 200;
    exchange->status_sent = true;
}

static void write_out(struct exchange *exchange, str bytes)
{
    if (!exchange->status_sent) {
        send_stream_head(exchange);
    }
    exchange->client_has_bytes = true;
    exchange->answer_bytes += (int64_t)bytes.len;
    /* A dead client is told of by the server at the end of the turn. */
    enum err err = http_call_write(exchange->call, bytes);
    if (err == ERR_OK && !exchange->paused &&
        http_call_unsent_bytes(exchange->call) > (size_t)settings_of(exchange)->output_high_bytes) {
        exchange->paused = true;
        if (exchange->attempt.fetch != NULL) {
            fetch_pause(exchange->attempt.fetch);
        }
    }
}

static void set_keepalive(struct exchange *exchange)
{
    int64_t wait_ms = settings_of(exchange)->keepalive_ms;

    if (wait_ms > 0) {
        loop_set_timer(&exchange->worker->loop, &exchange->keepalive,
                       exchange->worker->loop.now_us + wait_ms * 1000);
    }
}

void relay_expect_end(struct exchange *exchange)
{
    loop_set_timer(&exchange->worker->loop, &exchange->keepalive,
                   exchange->worker->loop.now_us + (int64_t)END_WAIT_MS * 1000);
}

/* The provider said all but does not end its answer: it has ended for us. */
static void end_for_provider(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;

    if (attempt->fetch != NULL) {
        fetch_cancel(attempt->fetch);
        attempt->fetch = NULL;
    }
    attempt->ended = true;
    attempt->end = FETCH_DONE;
    exchange_wake(exchange);
}

/* The provider has been silent for a while: a comment tells the client that we live. */
static void on_keepalive(struct timer *timer)
{
    struct exchange *exchange = CONTAINER_OF(timer, struct exchange, keepalive);
    struct buf *out = &exchange->worker->out;

    if (exchange->call == NULL || exchange->step != STEP_RELAY) {
        return;
    }
    if (exchange->attempt.decoding && exchange->attempt.decoder.is_complete) {
        end_for_provider(exchange);
        return;
    }
    if (http_call_unsent_bytes(exchange->call) == 0) {
        out->len = 0;
        str comment = settings_of(exchange)->keepalive_comment;
        enum err err = buf_printf(out, ": " STR_FMT "\n\n", STR_ARG(comment));
        assert(err == ERR_OK);
        write_out(exchange, buf_str(out));
    }
    set_keepalive(exchange);
}

/* The request is not needed any more once no other target can be tried: a stream may live for an
 * hour and holds little.  What encoders look at is kept. */
static void forget_request(struct exchange *exchange)
{
    struct chat_request *kept = ARENA_NEW(&exchange->arena, struct chat_request);

    kept->stream = exchange->chat->stream;
    kept->is_text = exchange->chat->is_text;
    kept->wants_usage_cost = exchange->chat->wants_usage_cost;
    kept->choices = exchange->chat->choices;
    kept->max_tokens = exchange->chat->max_tokens;
    kept->reasoning = exchange->chat->reasoning;
    kept->reasoning.summary = STR_NONE;
    kept->format = exchange->chat->format;
    exchange->chat = kept;
    exchange->encoder.chat = kept;
    exchange->targets = NULL;
    exchange->next_target = 0;
    exchange->target_count = 0;
    arena_reset(&exchange->request);
}

/* Only what the client can see counts as the answer's beginning. */
static bool is_real(enum event_kind kind)
{
    return kind != EVENT_START && kind != EVENT_USAGE && kind != EVENT_EXTRA;
}

/* --- events --- */

/* What the usage costs, line by line.  Where the counts are too large to be true nothing is known.
 */
static void charge(struct exchange *exchange)
{
    struct fault fault = {0};

    if (exchange->bill == NULL) {
        exchange->bill = ARENA_NEW(&exchange->arena, struct bill);
    }
    enum err err = price_bill(&exchange->attempt.endpoint.pricing, &exchange->usage,
                              exchange->began_ms / 1000, exchange->bill, &fault);
    exchange->cost = err == ERR_OK ? bill_cost(exchange->bill) : (struct cost){0};
}

bool relay_waive(struct exchange *exchange)
{
    enum finish_reason finish = exchange->failed ? FINISH_ERROR : exchange->finish;

    if (!exchange->cost.known || !price_is_waived(&exchange->usage, finish)) {
        return false;
    }
    bill_waive(exchange->bill);
    exchange->cost = bill_cost(exchange->bill);
    return true;
}

/* Notes what the row needs. */
static void note(struct exchange *exchange, struct event *event)
{
    struct arena *arena = &exchange->arena;

    if (event->kind == EVENT_START) {
        exchange->upstream_id = arena_copy(arena, str_take(event->start.id, 95));
    } else if (event->kind == EVENT_USAGE) {
        exchange->usage = event->usage;
        exchange->usage_known = true;
        charge(exchange);
        event->cost = exchange->cost;
    } else if (event->kind == EVENT_FINISH && event->choice == 0) {
        exchange->finish = event->finish.reason;
        if (event->finish.native.at != NULL) {
            exchange->native_finish = arena_copy(arena, str_take(event->finish.native, 39));
        }
    }
}

static enum err too_big(struct fault *fault)
{
    *fault = (struct fault){.kind = ERR_TOO_BIG,
                            .type = FAULT_PROVIDER_UNAVAILABLE,
                            .message = STR("The provider's answer is larger than this gateway "
                                           "allows (limits.answer, limits.event).")};
    return ERR_TOO_BIG;
}

/* Sends what was encoded, or holds it while nothing real has come. */
static enum err send_encoded(struct exchange *exchange, bool real, struct fault *fault)
{
    struct buf *out = &exchange->worker->out;

    if (out->len == 0) {
        return ERR_OK;
    }
    if (!real && !exchange->status_sent) {
        return buf_add(&exchange->held, buf_str(out)) == ERR_OK ? ERR_OK : too_big(fault);
    }
    if (exchange->held.len > 0) {
        if (buf_add(&exchange->held, buf_str(out)) != ERR_OK) {
            return too_big(fault);
        }
        write_out(exchange, buf_str(&exchange->held));
        buf_free(&exchange->held);
    } else {
        write_out(exchange, buf_str(out));
    }
    set_keepalive(exchange);
    return ERR_OK;
}

static enum err deliver(struct exchange *exchange, struct event_list *events, struct fault *fault)
{
    struct buf *out = &exchange->worker->out;
    bool real = false;
    enum err err = ERR_OK;

    out->len = 0;
    for (size_t i = 0; i < events->len && err == ERR_OK; i++) {
        struct event *event = &events->at[i];
        note(exchange, event);
        real = real || is_real(event->kind);
        err = exchange->streamed ? exchange->surface->encode(&exchange->encoder, event, out)
                                 : gather_add(exchange->gather, event);
    }
    if (err != ERR_OK) {
        return too_big(fault);
    }
    if (real && exchange->first_byte_us == 0) {
        exchange->first_byte_us =
            clock_monotonic_us(exchange->worker->loop.clock) - exchange->began_us;
    }
    if (!exchange->streamed) {
        return ERR_OK;
    }
    bool had_bytes = exchange->client_has_bytes;
    err = send_encoded(exchange, real, fault);
    if (!had_bytes && exchange->client_has_bytes && exchange->attempt.demo == NULL) {
        forget_request(exchange);
    }
    return err;
}

enum err relay_bytes(struct exchange *exchange, str bytes, struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;
    struct arena *scratch = &exchange->worker->scratch;
    struct event_list events = {0};
    struct fault ignored;

    if (exchange->streamed && exchange->keepalive.place == 0) {
        set_keepalive(exchange);
    }
    enum err err =
        attempt->decoder.dialect->decode(&attempt->decoder, bytes, scratch, &events, fault);
    /* What came before a failure was said. */
    enum err sent = deliver(exchange, &events, err == ERR_OK ? fault : &ignored);
    arena_clear(scratch);
    return err != ERR_OK ? err : sent;
}

enum err relay_end_of_bytes(struct exchange *exchange, struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;
    struct arena *scratch = &exchange->worker->scratch;
    struct event_list events = {0};
    struct fault ignored;

    enum err err = attempt->decoder.dialect->decode_end(&attempt->decoder, scratch, &events, fault);
    enum err sent = deliver(exchange, &events, err == ERR_OK ? fault : &ignored);
    arena_clear(scratch);
    return err != ERR_OK ? err : sent;
}

enum err relay_demo_events(struct exchange *exchange, struct fault *fault)
{
    struct arena *scratch = &exchange->worker->scratch;

    for (int i = 0; i < DEMO_WORDS_A_TURN; i++) {
        struct event_list events = {0};
        bool more = demo_next(exchange->attempt.demo, scratch, &events);
        enum err err = deliver(exchange, &events, fault);
        arena_clear(scratch);
        if (err != ERR_OK || !more) {
            return err;
        }
        if (exchange->paused) {
            return ERR_AGAIN; /* on_drained runs us again */
        }
    }
    loop_defer(&exchange->worker->loop, &exchange->later); /* others have their turn */
    return ERR_AGAIN;
}

/* --- the end --- */

/* The stream was told of a cost that is not charged after all: the last word counts. */
static enum err tell_waived(struct exchange *exchange, struct buf *out)
{
    struct event last = {.kind = EVENT_USAGE};

    if (!relay_waive(exchange)) {
        return ERR_OK;
    }
    last.usage = exchange->usage;
    last.cost = exchange->cost;
    return exchange->surface->encode(&exchange->encoder, &last, out);
}

static enum err finish_stream(struct exchange *exchange, struct fault *fault)
{
    struct buf *out = &exchange->worker->out;

    out->len = 0;
    if (tell_waived(exchange, out) != ERR_OK ||
        exchange->surface->encode_end(&exchange->encoder, out) != ERR_OK) {
        return too_big(fault);
    }
    if (!exchange->status_sent) {
        send_stream_head(exchange); /* an answer without one visible word is an answer */
        write_out(exchange, buf_str(&exchange->held));
        buf_free(&exchange->held);
    }
    exchange->answer_bytes += (int64_t)out->len;
    http_call_end(exchange->call, buf_str(out));
    exchange->call = NULL;
    return ERR_OK;
}

static enum err finish_whole(struct exchange *exchange, struct fault *fault)
{
    struct header room[ANSWER_HEADERS_MAX];
    struct headers headers;
    struct buf *out = &exchange->worker->out;
    struct answer *answer = gather_answer(exchange->gather);

    out->len = 0;
    (void)relay_waive(exchange); /* shown either way */
    answer->cost = exchange->cost;
    if (exchange->surface->encode_whole(&exchange->encoder, answer, NULL, out) != ERR_OK) {
        return too_big(fault);
    }
    answer_headers(&exchange->identity, STR("application/json"), room, &headers);
    add_dropped(exchange, &headers);
    exchange->answer_bytes += (int64_t)out->len;
    exchange->status = 200;
    http_call_answer(exchange->call, 200, &headers, buf_str(out));
    exchange->call = NULL;
    return ERR_OK;
}

enum err relay_finish(struct exchange *exchange, struct fault *fault)
{
    if (exchange->client_gone) {
        return ERR_OK;
    }
    enum err err =
        exchange->streamed ? finish_stream(exchange, fault) : finish_whole(exchange, fault);
    buf_shrink(&exchange->worker->out, (size_t)LOOP_READ_BYTES * 4);
    return err;
}

void relay_cut(struct exchange *exchange)
{
    struct buf *out = &exchange->worker->out;

    out->len = 0;
    if (exchange->client_gone || exchange->call == NULL) {
        return;
    }
    if (tell_waived(exchange, out) != ERR_OK ||
        exchange->surface->encode_cut(&exchange->encoder, &exchange->fault, out) != ERR_OK) {
        http_call_abort(exchange->call);
    } else {
        exchange->answer_bytes += (int64_t)out->len;
        if (exchange->held.len > 0) {
            /* Only a keep-alive went out so far: the chunk that was held belongs before the error.
             */
            write_out(exchange, buf_str(&exchange->held));
            buf_free(&exchange->held);
        }
        http_call_end(exchange->call, buf_str(out));
    }
    exchange->call = NULL;
}
