/*
 * embed_priv: what the files of the embedding dialects share.
 *
 * Private to them: embed_encode.c holds the table and writes requests, embed_decode.c reads
 * answers, embed_openai.c is the client's side.
 */
#pragma once

#include "codec/json_write.h"
#include "wire/embed.h"

/* What the vectors are for, by any vendor's word; EMBED_FOR_OTHER when none has it. */
enum embed_purpose embed_purpose_by_word(str word);

enum err embed_decode_openai(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault) MUST_CHECK;
enum err embed_decode_cohere(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault) MUST_CHECK;
enum err embed_decode_gemini(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault) MUST_CHECK;
enum err embed_decode_vertex(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault) MUST_CHECK;
enum err embed_decode_ollama(const struct embed_reply *reply, struct arena *arena,
                             struct embed_answer *out, struct fault *fault) MUST_CHECK;
enum err embed_decode_titan(const struct embed_reply *reply, struct arena *arena,
                            struct embed_answer *out, struct fault *fault) MUST_CHECK;
