/*
 * thinking: how much a model is to think, by what the client asks and what the model knows.
 *
 * For the dialects that tell of it as an effort or as a budget of tokens, as Claude is told
 * wherever it is served.
 */
#pragma once

#include "llm/chat.h"
#include "llm/model.h"

/* True when the client wants an answer without thinking, or one with it; both false: as the model
 * does by itself. */
bool thinking_is_unwanted(const struct chat_reasoning *reasoning);
bool thinking_is_wanted(const struct chat_reasoning *reasoning);

/* True when the model thinks unasked. */
bool thinking_is_habit(const struct model_rules *rules);

/* True when such thinking is asked for by an effort, as the model decides the rest for itself. */
bool thinking_goes_by_effort(const struct model_rules *rules,
                             const struct chat_reasoning *reasoning);

/* The effort that was asked for by name or by a number of tokens; `max_tokens` is what the answer
 * may have. */
enum effort thinking_effort(const struct chat_reasoning *reasoning, int64_t max_tokens);

/* The nearest effort that the model knows; `most` where its rules set no bound.  UNSET stays. */
enum effort thinking_known_effort(const struct model_rules *rules, enum effort effort,
                                  enum effort most);

struct thinking_budget {
    int64_t tokens;     /* 0: there is no room to think in */
    int64_t max_tokens; /* of thinking and answer */
};

/* The budget that was asked for, within what the model takes.  It is part of `max_tokens`: where it
 * would leave nothing to say they grow by it as far as the model goes, and then the budget shrinks.
 */
struct thinking_budget thinking_budget_of(const struct chat_reasoning *reasoning,
                                          const struct model *model, int64_t max_tokens);
