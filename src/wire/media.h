/*
 * media: what the images and documents of a request are, whatever the client says of them.
 */
#pragma once

#include "base/arena.h"
#include "llm/chat.h"

/* The MIME type that base64 data shows by its first bytes; empty when it shows none. */
str media_type_shown(str base64);

/* The MIME type that the client says, without its parameters. */
str media_type_said(const struct chat_part *part);

/* Base64 without line breaks, which the APIs refuse. */
str media_unbroken(str base64, struct arena *arena);
