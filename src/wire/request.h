/*
 * request: what all requests to providers have in common, whatever their format.
 *
 * A dialect writes the body with a json_writer; here it becomes a request, or a refusal that the
 * client reads.  Everything that is made lives in the arena.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/macros.h"
#include "codec/http.h"
#include "codec/json_write.h"
#include "llm/model.h"

/* The most that a body may hold; the client's own is bounded far below. */
enum { REQUEST_BYTES_MAX = 256 * 1024 * 1024 };

/* POST of the JSON that was written, to `path`; the dialect adds what headers it needs besides
 * Content-Type.  ERR_TOO_BIG when the body passed its buffer's maximum. */
enum err request_post(const struct json_writer *body, str path, struct arena *arena,
                      struct http_request *out, struct fault *fault) MUST_CHECK;

/* The arguments of a tool call as an object, their text untouched: numbers of any size stay what
 * they are. */
void request_put_arguments(struct json_writer *writer, const char *name, str arguments,
                           struct arena *arena);

/* True when the model is sent the parameter: the operator's list, when there is one, overrules the
 * data; `by_rule` is what the data says beside its lists of refused parameters. */
bool request_sends(const struct model *model, bool thinks, str parameter, bool by_rule);

/* Fills *fault: `param` <words>.  Always ERR_INVALID: the client asked for what this format or this
 * model cannot do; another provider may do better. */
enum err request_refuse(struct fault *fault, struct arena *arena, str param,
                        const char *words) MUST_CHECK;

/* The same about a part of a message: messages[i].content[j]. */
enum err request_refuse_part(struct fault *fault, struct arena *arena, size_t message, size_t part,
                             const char *words) MUST_CHECK;
