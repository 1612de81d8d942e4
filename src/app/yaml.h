/*
 * yaml: a YAML document as a small tree that knows where everything stands.
 *
 * Over the libyaml library.  One document of maps, lists and scalars; scalars stay text.  Keys are
 * scalars and stand once in a map.  Aliases are followed; tags and merge keys are not used.  Bytes,
 * depth and nodes are bounded, an alias counting for all that it repeats.
 */
#pragma once

#include "app/diagnostic.h"
#include "base/err.h"
#include "base/macros.h"

enum {
    YAML_BYTES_MAX = 1024 * 1024,
    YAML_DEPTH_MAX = 32,
    YAML_NODES_MAX = 100 * 1000,
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    str text;    /* SCALAR: NUL-terminated, without NUL inside */
    bool quoted; /* SCALAR: it stood in quotes or in a block */
    struct place place;
    struct yaml_node **keys;  /* MAP: as many as items */
    struct yaml_node **items; /* LIST, MAP */
    size_t count;
    size_t room;
    size_t weight; /* nodes in it, itself included */
};

/* The tree of diagnostics->source, in `arena`; NULL when the source holds no document.  ERR_INVALID
 * when there is no tree to be had.  Whatever is wrong is told to *diagnostics; a key that stands
 * twice is told and both stay in the tree. */
enum err yaml_read(struct diagnostics *diagnostics, struct arena *arena,
                   const struct yaml_node **out) MUST_CHECK;

/* The value of a map's key, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, str key);

/* "a map", "a list", "a value" */
const char *yaml_kind_name(enum yaml_kind kind);
