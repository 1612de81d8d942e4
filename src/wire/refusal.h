/*
 * refusal: what a provider's error means in our words.
 *
 * Shared by the dialects: finding the message in bodies of many shapes, sorting statuses and words
 * into fault types, and reading how long to wait.  What providers say about their keys stays out of
 * `message` and `raw`: it goes to `detail`, which is logged and not sent.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "codec/headers.h"
#include "codec/json.h"

enum { REFUSAL_RAW_BYTES_MAX = 2048 };

/* An answer with a status other than 2xx.  `body` is whatever came: perhaps empty, cut or HTML.
 * Fills *fault; its strings live in `arena`. */
void refusal_read(int status, const struct headers *headers, str body, struct arena *arena,
                  struct fault *fault);

/* An error inside a stream or inside a body of status 200.  `status` 0: take it from the error
 * itself (`code`, `status_code`, `raw_status_code`, or the word in `type`). */
void refusal_read_json(int status, json *root, struct arena *arena, struct fault *fault);

/* True when the value is a provider's error: an `error` object or text, or `type` is "error". */
bool refusal_is_error(json *root);

/* Milliseconds of Retry-After-Ms or Retry-After (seconds, or a date set against the Date header),
 * at most a day; 0 when there is none or it cannot be read. */
int64_t refusal_retry_after_ms(const struct headers *headers);

/* A duration such as "1.5s", "120ms", "6m0s" in milliseconds; -1 when it is none. */
int64_t refusal_duration_ms(str text);
