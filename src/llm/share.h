/*
 * share: the data files of share/, linked into the program as they are.
 *
 * An operator's own files replace them (app/config.c); llm/rules.h and wire/quirks.h read them.
 */
#pragma once

#include "base/str.h"

str share_models(void);    /* models.json */
str share_providers(void); /* providers.json */

str share_o200k_base(void); /* o200k_base.bin, at a multiple of 64 bytes; see llm/vocab.h */
