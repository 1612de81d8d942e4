/*
 * config_reader: the tools with which the parts of a configuration are read.
 *
 * Private to config*.c.  Nothing here fails: what is wrong is told to the diagnostics and reading
 * goes on, so that one run shows everything.
 */
#pragma once

#include "app/diagnostic.h"
#include "app/guess.h"
#include "app/settings.h"
#include "app/world.h"
#include "app/yaml.h"
#include "policy/snapshot.h"
#include "wire/quirks.h"

struct config_reader {
    const struct world *world;
    struct arena *arena;       /* for the work */
    struct snapshot *snapshot; /* being built; results live in its arena */
    struct diagnostics *diagnostics;
    const char *topic; /* of `gatehouse help`, for what is being read */

    struct preset_book presets;       /* made by config_read_share() */
    const struct preset **presets_of; /* of each provider, by its index; NULL: none */
};

/* A text that was read, and where. */
struct config_text {
    str text;                     /* with variables replaced; NUL-terminated */
    str source;                   /* "OPENAI_API_KEY", "file:/run/key"; empty: the file itself */
    const struct yaml_node *node; /* NULL: the key was not there */
};

enum config_kind {
    CONFIG_TEXT,  /* struct config_text */
    CONFIG_COUNT, /* int64_t, a whole number */
    CONFIG_PRICE, /* int64_t, pico-dollars */
    CONFIG_NODE,  /* const struct yaml_node *, read later */
};

/* A key of a map and the member it is read into.  Tables end with a row without name. */
struct config_field {
    const char *name;
    size_t offset;
    enum config_kind kind;
    bool required;
};

/* What a map is and where it stands, for messages. */
struct config_map {
    str where;         /* "models[3]", or empty at the top level */
    const char *topic; /* of `gatehouse help` */
    const struct config_field *fields;
};

/* Reads the keys of `node` into the members of `into`; false when it is no map. */
bool config_read_map(struct config_reader *reader, const struct yaml_node *node,
                     const struct config_map *map, void *into);

/* The scalar's text with variables replaced.  False, and told, when there is none. */
bool config_read_text(struct config_reader *reader, const struct yaml_node *node,
                      struct config_text *out);

/* The text of a scalar that may hold anything, such as a number; no YAML words are refused. */
bool config_expand(struct config_reader *reader, const struct yaml_node *node,
                   struct config_text *out);

/* A list of texts, in the snapshot's arena.  An absent node is an empty list. */
void config_read_texts(struct config_reader *reader, const struct yaml_node *node, const char *what,
                       str **out, size_t *count);

/* False, and told, when `node` is there and of another kind. */
bool config_expect(struct config_reader *reader, const struct yaml_node *node, enum yaml_kind kind,
                   const char *what);

/* One error at `node`, or at none. */
void config_complain(struct config_reader *reader, enum diagnostic_code code,
                     const struct yaml_node *node, str message, str hint);

/* "did you mean `...`?", or empty. */
str config_did_you_mean(struct config_reader *reader, const struct guess *guess);

/* Text from the file, fit for a message: cut, on one line. */
str config_show(struct config_reader *reader, str text);

/* Tells the diagnostics which values must not be shown. */
void config_hide_secrets(struct diagnostics *diagnostics, const struct yaml_node *root);

/* The parts (config_share.c, config_providers.c, config_models.c), in this order.  Nodes are NULL
 * when their keys are absent. */
void config_read_share(struct config_reader *reader);
void config_read_providers(struct config_reader *reader, const struct yaml_node *node);
void config_read_models(struct config_reader *reader, const struct yaml_node *node);

/* How a provider is spoken to in the dialect that `text` names.  False, and told, when there is no
 * such dialect or the provider serves it under another URL. */
bool config_choose_dialect(struct config_reader *reader, const struct provider *provider,
                           const struct config_text *text, struct dialect_choice *out);
