/* The `models` list, and the demo's model. */
#include "app/config_reader.h"
#include "base/text.h"

enum { MODEL_BYTES_MAX = 127 /* what a row of the store holds */ };

struct model_draft {
    struct config_text id;
    struct config_text name;
    struct config_text description;
    const struct yaml_node *aliases;
    const struct yaml_node *endpoints;
    const struct yaml_node *parameters;
    int64_t context_tokens;
    int64_t output_tokens_max;
    int64_t created_s;
};

#define MODEL_AT(member) offsetof(struct model_draft, member)

static const struct config_field model_fields[] = {
    {"id", MODEL_AT(id), CONFIG_TEXT, true},
    {"aliases", MODEL_AT(aliases), CONFIG_NODE, false},
    {"name", MODEL_AT(name), CONFIG_TEXT, false},
    {"description", MODEL_AT(description), CONFIG_TEXT, false},
    {"created", MODEL_AT(created_s), CONFIG_COUNT, false},
    {"context_length", MODEL_AT(context_tokens), CONFIG_COUNT, false},
    {"max_output_tokens", MODEL_AT(output_tokens_max), CONFIG_COUNT, false},
    {"max_completion_tokens", MODEL_AT(output_tokens_max), CONFIG_COUNT, false},
    {"supported_parameters", MODEL_AT(parameters), CONFIG_NODE, false},
    {"endpoints", MODEL_AT(endpoints), CONFIG_NODE, false},
    {0},
};

struct endpoint_draft {
    struct config_text provider;
    struct config_text model;
    struct config_text dialect;
    struct config_text base_model;
    const struct yaml_node *pricing;
    const struct yaml_node *parameters;
    int64_t context_tokens;
    int64_t output_tokens_max;
};

#define ENDPOINT_AT(member) offsetof(struct endpoint_draft, member)

static const struct config_field endpoint_fields[] = {
    {"provider", ENDPOINT_AT(provider), CONFIG_TEXT, true},
    {"model", ENDPOINT_AT(model), CONFIG_TEXT, false},
    {"dialect", ENDPOINT_AT(dialect), CONFIG_TEXT, false},
    {"base_model", ENDPOINT_AT(base_model), CONFIG_TEXT, false},
    {"pricing", ENDPOINT_AT(pricing), CONFIG_NODE, false},
    {"context_length", ENDPOINT_AT(context_tokens), CONFIG_COUNT, false},
    {"max_output_tokens", ENDPOINT_AT(output_tokens_max), CONFIG_COUNT, false},
    {"max_completion_tokens", ENDPOINT_AT(output_tokens_max), CONFIG_COUNT, false},
    {"supported_parameters", ENDPOINT_AT(parameters), CONFIG_NODE, false},
    {0},
};

#define PRICE_AT(member) offsetof(struct pricing, member), CONFIG_PRICE

static const struct config_field pricing_fields[] = {
    {"prompt", PRICE_AT(prompt_picousd), true},
    {"completion", PRICE_AT(completion_picousd), true},
    {"cache_read", PRICE_AT(cache_read_picousd), false},
    {"cache_write", PRICE_AT(cache_write_picousd), false},
    {"input_cache_read", PRICE_AT(cache_read_picousd), false},
    {"input_cache_write", PRICE_AT(cache_write_picousd), false},
    {"request", PRICE_AT(request_picousd), false},
    {0},
};

/* Where a model is taken from the file. */
struct model_place {
    const struct yaml_node *node;
    str where; /* "models[3]" */
    struct model_draft draft;
};

static bool is_model_name(str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 0x7f) {
            return false;
        }
    }
    return name.len > 0 && name.len <= MODEL_BYTES_MAX && text_is_utf8(name);
}

static bool check_model_name(struct config_reader *reader, str name, const struct yaml_node *node)
{
    if (!is_model_name(name)) {
        config_complain(reader, DIAGNOSTIC_VALUE, node, STR("this is not a model's name"),
                        STR("at most 127 bytes, without blanks"));
        return false;
    }
    return true;
}

/* Makes the model known under a name that nobody else has. */
static void publish(struct config_reader *reader, struct catalogue_model *model, str name,
                    const struct yaml_node *node)
{
    struct snapshot *snapshot = reader->snapshot;

    if (map_add(&snapshot->models_by_name, &snapshot->arena, name, model)) {
        return;
    }
    config_complain(reader, DIAGNOSTIC_SAME_NAME, node,
                    arena_printf(reader->arena,
                                 "`" STR_FMT "` is the id or an alias of another model",
                                 STR_ARG(config_show(reader, node->text))),
                    STR_NONE);
}

static void read_aliases(struct config_reader *reader, const struct yaml_node *node,
                         struct catalogue_model *model)
{
    struct arena *arena = &reader->snapshot->arena;

    if (node == NULL || !config_expect(reader, node, YAML_LIST, "aliases")) {
        return;
    }
    model->aliases = ARENA_ARRAY(arena, str, node->count);
    for (size_t i = 0; i < node->count; i++) {
        struct config_text text = {0};
        if (config_read_text(reader, node->items[i], &text) &&
            check_model_name(reader, text.text, node->items[i])) {
            str alias = arena_copy(arena, text.text);
            model->aliases[model->alias_count++] = alias;
            publish(reader, model, alias, node->items[i]);
        }
    }
}

static void read_pricing(struct config_reader *reader, const struct yaml_node *node, str where,
                         struct pricing *out)
{
    struct pricing pricing = pricing_of_tokens(-1, -1);
    struct config_map map = {
        .where = arena_printf(reader->arena, STR_FMT ".pricing", STR_ARG(where)),
        .topic = "config pricing",
        .fields = pricing_fields,
    };

    if (node != NULL && config_read_map(reader, node, &map, &pricing)) {
        *out = pricing;
    }
}

static const struct provider *find_provider(struct config_reader *reader,
                                            const struct config_text *text)
{
    const struct snapshot *snapshot = reader->snapshot;
    const struct provider *provider = snapshot_find_provider(snapshot, text->text);

    if (provider != NULL || text->text.at == NULL) {
        return provider;
    }
    struct guess guess = guess_start(text->node->text);
    for (size_t i = 0; i < snapshot->provider_count; i++) {
        guess_consider(&guess, snapshot->providers[i].name);
    }
    config_complain(reader, DIAGNOSTIC_NO_PROVIDER, text->node,
                    arena_printf(reader->arena, "there is no provider `" STR_FMT "`",
                                 STR_ARG(config_show(reader, text->node->text))),
                    config_did_you_mean(reader, &guess));
    return NULL;
}

/* The model's name at the provider when none is given: its id without the vendor. */
static str name_on_the_wire(str id)
{
    str rest = id;

    (void)str_split(&rest, '/'); /* the vendor */
    return rest.len > 0 ? rest : id;
}

static void add_endpoint(struct catalogue_model *model, const struct endpoint *endpoint)
{
    model->endpoints[model->endpoint_count++] = *endpoint;
}

/* The endpoint, taken for the model that `base_model` names.  A deployment's name may tell nothing:
 * then the id does. */
static struct endpoint make_endpoint(const struct config_reader *reader,
                                     const struct endpoint_draft *draft,
                                     const struct provider *provider, str id)
{
    struct snapshot *snapshot = reader->snapshot;
    str name = draft->model.text.at != NULL ? draft->model.text : name_on_the_wire(id);
    str known = name;

    if (draft->base_model.text.len > 0) {
        known = draft->base_model.text;
    } else if (rules_find(&snapshot->rules, name) == &rules_unknown) {
        known = id;
    }
    struct endpoint endpoint = snapshot_make_endpoint(snapshot, provider, known);
    endpoint.model.name = arena_copy(&snapshot->arena, name);
    return endpoint;
}

/* The endpoint in the dialect that was asked for; the demo has none. */
static void change_dialect(struct config_reader *reader, const struct config_text *text,
                           struct endpoint *endpoint)
{
    struct dialect_choice *choice = ARENA_NEW(&reader->snapshot->arena, struct dialect_choice);

    if (text->node != NULL && config_choose_dialect(reader, endpoint->provider, text, choice)) {
        endpoint->dialect = choice->dialect;
        endpoint->model.quirks = choice->quirks;
        endpoint->model.site = &choice->site;
    }
}

static void read_endpoint(struct config_reader *reader, const struct model_place *place, size_t i,
                          struct catalogue_model *model)
{
    const struct yaml_node *node = place->draft.endpoints->items[i];
    struct endpoint_draft draft = {
        .parameters = place->draft.parameters,
        .context_tokens = model->context_tokens,
        .output_tokens_max = model->output_tokens_max,
    };
    struct config_map map = {
        .where = arena_printf(reader->arena, STR_FMT ".endpoints[%zu]", STR_ARG(place->where), i),
        .topic = "config models",
        .fields = endpoint_fields,
    };

    if (!config_read_map(reader, node, &map, &draft)) {
        return;
    }
    struct endpoint endpoint = {.provider = find_provider(reader, &draft.provider)};
    str *parameters = NULL;
    size_t parameter_count = 0;
    config_read_texts(reader, draft.parameters, "supported_parameters", &parameters,
                      &parameter_count);
    read_pricing(reader, draft.pricing, map.where, &endpoint.pricing);
    if (draft.model.text.at != NULL) {
        (void)check_model_name(reader, draft.model.text, draft.model.node); /* told */
    }
    if (endpoint.provider == NULL) {
        return;
    }
    struct pricing pricing = endpoint.pricing;
    endpoint = make_endpoint(reader, &draft, endpoint.provider, model->id);
    endpoint.pricing = pricing;
    change_dialect(reader, &draft.dialect, &endpoint);
    endpoint.model.context_tokens = draft.context_tokens;
    endpoint.model.output_tokens_max = draft.output_tokens_max;
    endpoint.model.parameters = parameters;
    endpoint.model.parameter_count = parameter_count;
    add_endpoint(model, &endpoint);
}

/* Without `endpoints` an id such as "openai/gpt-4o" tells by itself. */
static void derive_endpoint(struct config_reader *reader, const struct model_place *place,
                            struct catalogue_model *model)
{
    struct arena *arena = &reader->snapshot->arena;
    str rest = model->id;
    const struct provider *provider =
        snapshot_find_provider(reader->snapshot, str_split(&rest, '/'));
    str *parameters = NULL;
    size_t parameter_count = 0;

    if (provider == NULL || rest.len == 0) {
        config_complain(reader, DIAGNOSTIC_MISSING, place->node,
                        arena_printf(reader->arena, "the key `endpoints` is missing in " STR_FMT,
                                     STR_ARG(place->where)),
                        STR("only an id that begins with a provider's name can do without"));
        return;
    }
    config_read_texts(reader, place->draft.parameters, "supported_parameters", &parameters,
                      &parameter_count);
    model->endpoints = ARENA_NEW(arena, struct endpoint);
    struct endpoint endpoint =
        snapshot_make_endpoint(reader->snapshot, provider, arena_copy(arena, rest));
    endpoint.model.context_tokens = model->context_tokens;
    endpoint.model.output_tokens_max = model->output_tokens_max;
    endpoint.model.parameters = parameters;
    endpoint.model.parameter_count = parameter_count;
    add_endpoint(model, &endpoint);
}

static void read_endpoints(struct config_reader *reader, const struct model_place *place,
                           struct catalogue_model *model)
{
    const struct yaml_node *node = place->draft.endpoints;

    if (node == NULL) {
        derive_endpoint(reader, place, model);
        return;
    }
    if (!config_expect(reader, node, YAML_LIST, "endpoints")) {
        return;
    }
    if (node->count == 0) {
        config_complain(reader, DIAGNOSTIC_VALUE, node, STR("a model needs an endpoint"), STR_NONE);
    }
    model->endpoints = ARENA_ARRAY(&reader->snapshot->arena, struct endpoint, node->count);
    for (size_t i = 0; i < node->count; i++) {
        read_endpoint(reader, place, i, model);
    }
}

static void read_model(struct config_reader *reader, struct model_place *place)
{
    struct snapshot *snapshot = reader->snapshot;
    struct arena *arena = &snapshot->arena;
    const struct model_draft *draft = &place->draft;

    if (draft->id.text.at == NULL || !check_model_name(reader, draft->id.text, draft->id.node)) {
        return;
    }
    struct catalogue_model *model = &snapshot->models[snapshot->model_count++];
    *model = (struct catalogue_model){
        .id = arena_copy(arena, draft->id.text),
        .name = arena_copy(arena, draft->name.text.len > 0 ? draft->name.text : draft->id.text),
        .description = arena_copy(arena, draft->description.text),
        .created_s = draft->created_s,
        .context_tokens = draft->context_tokens,
        .output_tokens_max = draft->output_tokens_max,
    };
    publish(reader, model, model->id, draft->id.node);
    read_aliases(reader, draft->aliases, model);
    read_endpoints(reader, place, model);
}

/* The demo's model comes first, so that a clash is told where the user wrote it. */
static void add_demo(struct snapshot *snapshot, struct catalogue_model *model)
{
    struct arena *arena = &snapshot->arena;
    const struct provider *provider = snapshot_find_provider(snapshot, STR("demo"));

    assert(provider != NULL);
    *model = (struct catalogue_model){
        .id = STR("demo/echo"),
        .name = STR("Echo (demo)"),
        .description = STR("A built-in demonstration: repeats what it is told, costs nothing and "
                           "needs no provider account."),
        .context_tokens = 32768,
        .output_tokens_max = 8192,
        .endpoints = ARENA_NEW(arena, struct endpoint),
    };
    add_endpoint(model, &(struct endpoint){
                            .provider = provider,
                            .model = {.name = STR("echo"),
                                      .context_tokens = model->context_tokens,
                                      .output_tokens_max = model->output_tokens_max,
                                      .quirks = provider->quirks},
                            .pricing = pricing_of_tokens(0, 0),
                        });
    bool added = map_add(&snapshot->models_by_name, arena, model->id, model);
    assert(added);
}

void config_read_models(struct config_reader *reader, const struct yaml_node *node)
{
    struct snapshot *snapshot = reader->snapshot;

    reader->topic = "config models";
    bool is_list = node != NULL && config_expect(reader, node, YAML_LIST, "models");
    size_t count = is_list ? node->count : 0;

    /* One more than the file has, for the demo; the map keeps pointers into this array. */
    snapshot->models = ARENA_ARRAY(&snapshot->arena, struct catalogue_model, count + 1);
    if (snapshot->settings.demo) {
        add_demo(snapshot, &snapshot->models[snapshot->model_count++]);
    }
    for (size_t i = 0; i < count; i++) {
        struct model_place place = {
            .node = node->items[i],
            .where = arena_printf(reader->arena, "models[%zu]", i),
        };
        struct config_map map = {place.where, "config models", model_fields};
        if (config_read_map(reader, place.node, &map, &place.draft)) {
            read_model(reader, &place);
        }
    }
    snapshot_index_spellings(snapshot);
}
