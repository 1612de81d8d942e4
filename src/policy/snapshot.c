#include "policy/snapshot.h"

struct snapshot *snapshot_new(void)
{
    struct arena arena = {0};
    struct snapshot *snapshot = ARENA_NEW(&arena, struct snapshot);

    snapshot->arena = arena;
    return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot != NULL) {
        struct arena arena = snapshot->arena; /* holds the snapshot itself */
        arena_reset(&arena);
    }
}

str provider_key_sources(const struct provider *provider, struct arena *arena)
{
    str *parts = ARENA_ARRAY(arena, str, 2 * provider->key_count);
    size_t count = 0;

    for (size_t i = 0; i < provider->key_count; i++) {
        if (provider->keys[i].source.len > 0) {
            parts[count++] = STR(", ");
            parts[count++] = provider->keys[i].source;
        }
    }
    return count > 0 ? arena_join(arena, parts + 1, count - 1) : STR_NONE;
}

const struct provider *snapshot_find_provider(const struct snapshot *snapshot, str name)
{
    for (size_t i = 0; i < snapshot->provider_count; i++) {
        if (str_eq(snapshot->providers[i].name, name)) {
            return &snapshot->providers[i];
        }
    }
    return NULL;
}

struct endpoint snapshot_make_endpoint(const struct snapshot *snapshot,
                                       const struct provider *provider, str name)
{
    char room[PLAIN_ID_BYTES_MAX];
    str id = rules_plain_id(name, room, sizeof(room));
    struct endpoint endpoint = {
        .provider = provider,
        .dialect = provider->dialect,
        .model = {.name = name,
                  .quirks = provider->quirks,
                  .rules = rules_find(&snapshot->rules, name),
                  .site = &provider->site},
    };

    for (size_t i = 0; i < provider->choice_count; i++) {
        const struct dialect_choice *choice = &provider->choices[i];
        if (rules_match(choice->match, id)) {
            endpoint.dialect = choice->dialect;
            endpoint.model.quirks = choice->quirks;
            endpoint.model.site = &choice->site;
            break;
        }
    }
    return endpoint;
}

/* ---- Spellings of Claude ---- */

/* "claude-3-5-sonnet-20240620" of any platform's name for it, in `room`; empty for other models. */
static str plain_claude(str name, char *room, size_t size)
{
    str id = rules_plain_id(name, room, size);

    return str_has_prefix(id, STR("claude-")) ? id : STR_NONE;
}

static void add_spelling(struct snapshot *snapshot, str name, struct catalogue_model *model)
{
    char room[PLAIN_ID_BYTES_MAX];
    str id = plain_claude(name, room, sizeof(room));

    if (id.len > 0 && map_get(&snapshot->models_by_spelling, id) == NULL) {
        bool added = map_add(&snapshot->models_by_spelling, &snapshot->arena,
                             arena_copy(&snapshot->arena, id), model);
        assert(added);
    }
}

void snapshot_index_spellings(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->model_count; i++) {
        struct catalogue_model *model = &snapshot->models[i];
        add_spelling(snapshot, model->id, model);
        for (size_t j = 0; j < model->alias_count; j++) {
            add_spelling(snapshot, model->aliases[j], model);
        }
        for (size_t j = 0; j < model->endpoint_count; j++) {
            add_spelling(snapshot, model->endpoints[j].model.name, model);
        }
    }
}

/* A dated name of Claude as the platform spells it: "-20240620" at home, "@20240620" on Vertex. */
static str respell(str name, enum platform platform, struct arena *arena)
{
    enum { DATE_BYTES = 8 };
    char wanted = '-';
    uint64_t date = 0;

    if (platform == PLATFORM_VERTEX) {
        wanted = '@';
    } else if (platform != PLATFORM_OWN) {
        return name;
    }
    if (!str_has_prefix(name, STR("claude-")) || name.len < DATE_BYTES + sizeof("claude-") ||
        !str_to_uint(str_skip(name, name.len - DATE_BYTES), UINT32_MAX, &date)) {
        return name;
    }
    char before = name.at[name.len - DATE_BYTES - 1];
    if (before == wanted || (before != '-' && before != '@')) {
        return name;
    }
    const str parts[] = {
        str_take(name, name.len - DATE_BYTES - 1),
        str_of(&wanted, 1),
        str_skip(name, name.len - DATE_BYTES),
    };
    return arena_join(arena, parts, COUNT_OF(parts));
}

/* ---- Looking up ---- */

/* A model that nobody configured, at a provider that somebody did. */
static const struct catalogue_model *make_model(const struct snapshot *snapshot,
                                                const struct provider *provider, str id, str rest,
                                                struct arena *arena)
{
    struct catalogue_model *model = ARENA_NEW(arena, struct catalogue_model);
    struct endpoint *endpoint = ARENA_NEW(arena, struct endpoint);

    *endpoint = snapshot_make_endpoint(snapshot, provider, arena_copy(arena, rest));
    endpoint->model.name = respell(endpoint->model.name, model_platform(&endpoint->model), arena);
    id = arena_copy(arena, id);
    *model = (struct catalogue_model){
        .id = id,
        .name = id,
        .endpoints = endpoint,
        .endpoint_count = 1,
    };
    return model;
}

const struct catalogue_model *snapshot_find_model(const struct snapshot *snapshot, str name,
                                                  struct arena *arena)
{
    const struct catalogue_model *model = map_get(&snapshot->models_by_name, name);
    char room[PLAIN_ID_BYTES_MAX];
    str rest = name;

    if (model != NULL) {
        return model;
    }
    const struct provider *provider = snapshot_find_provider(snapshot, str_split(&rest, '/'));
    if (provider != NULL && provider->dialect != NULL && rest.len > 0) {
        return make_model(snapshot, provider, name, rest, arena);
    } /* the demo has no models but its own */
    return map_get(&snapshot->models_by_spelling, plain_claude(name, room, sizeof(room)));
}

/* The nearest name so far. */
struct nearest {
    str wanted;
    str best;
    size_t distance; /* only nearer names replace the best */
};

/* What is `other` to be compared with?  People leave the vendor out: then only the tail counts. */
static str comparable(str wanted, str other)
{
    if (str_find_char(wanted, '/') < wanted.len) {
        return other;
    }
    size_t slash = str_find_char(other, '/');
    return slash < other.len ? str_skip(other, slash + 1) : other;
}

static void consider(struct nearest *nearest, str name)
{
    str other = comparable(nearest->wanted, name);
    size_t longer = other.len > nearest->wanted.len ? other.len : nearest->wanted.len;
    size_t shorter = other.len > nearest->wanted.len ? nearest->wanted.len : other.len;

    /* The cheap bound first: a bad name costs little however many models there are. */
    if (longer - shorter >= nearest->distance) {
        return;
    }
    size_t distance = str_distance(nearest->wanted, other);
    if (distance < nearest->distance) {
        nearest->best = name;
        nearest->distance = distance;
    }
}

str snapshot_suggest_model(const struct snapshot *snapshot, str name)
{
    /* A third of the letters may be wrong, and one in any case. */
    struct nearest nearest = {.wanted = name, .best = STR_NONE, .distance = name.len / 3 + 2};

    if (name.len == 0) {
        return STR_NONE;
    }
    for (size_t i = 0; i < snapshot->model_count; i++) {
        const struct catalogue_model *model = &snapshot->models[i];
        consider(&nearest, model->id);
        for (size_t j = 0; j < model->alias_count; j++) {
            consider(&nearest, model->aliases[j]);
        }
    }
    return nearest.best;
}
