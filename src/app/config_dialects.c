/* How a provider is spoken to: its dialect, and those of some of its models. */
#include "app/config_provider.h"
#include "wire/dialect.h"

static const struct dialect *find_dialect(struct config_reader *reader,
                                          const struct config_text *text)
{
    if (text->text.at == NULL) {
        return NULL; /* told already */
    }
    const struct dialect *dialect = dialect_by_name(text->text);
    if (dialect == NULL) {
        str shown = config_show(reader, text->node->text);
        config_complain(
            reader, DIAGNOSTIC_NO_DIALECT, text->node,
            arena_printf(reader->arena, "there is no dialect `" STR_FMT "`", STR_ARG(shown)),
            arena_printf(reader->arena, "there are %s", dialect_names()));
    }
    return dialect;
}

/* A dialect that was asked for by name, as the preset has it; `preset` may be NULL. */
static struct speech speech_in(const struct config_reader *reader, const struct preset *preset,
                               const struct dialect *dialect)
{
    str name = str_c(dialect->name);
    struct speech speech = {
        .dialect = dialect,
        .quirks = quirks_default(&reader->presets, name),
    };

    if (preset == NULL) {
        return speech;
    }
    if (str_eq(name, preset->dialect)) {
        speech.quirks = preset->quirks;
        speech.platform = preset->platform;
        return speech;
    }
    for (size_t i = 0; i < preset->dialect_count; i++) {
        const struct preset_dialect *row = &preset->dialects[i];
        if (str_eq(name, row->name)) {
            speech.quirks = row->quirks;
            speech.base_url = row->base_url;
            speech.platform = row->platform;
            break;
        }
    }
    return speech;
}

/* `platform` in words, over what the dialect says. */
static void read_platform(struct config_reader *reader, const struct config_text *text,
                          enum platform *out)
{
    static const struct {
        const char *name;
        enum platform platform;
    } platforms[] = {
        {"own", PLATFORM_OWN},
        {"vertex", PLATFORM_VERTEX},
        {"bedrock", PLATFORM_BEDROCK},
        {"azure", PLATFORM_AZURE},
        {"azure-classic", PLATFORM_AZURE_CLASSIC},
    };

    if (text->text.at == NULL) {
        return; /* not there, or told already */
    }
    for (size_t i = 0; i < COUNT_OF(platforms); i++) {
        if (str_eq(text->text, str_c(platforms[i].name))) {
            *out = platforms[i].platform;
            return;
        }
    }
    config_complain(reader, DIAGNOSTIC_VALUE, text->node, STR("this is not a platform"),
                    STR("there are own, vertex, bedrock, azure and azure-classic"));
}

struct speech config_find_speech(struct config_reader *reader, const struct provider_draft *draft,
                                 const struct preset *preset)
{
    const struct dialect *dialect = NULL;

    if (draft->dialect.node != NULL) {
        dialect = find_dialect(reader, &draft->dialect);
    } else if (preset == NULL) {
        config_complain_missing(reader, draft, NULL, "dialect");
    } else {
        dialect = dialect_by_name(preset->dialect);
        if (dialect == NULL) {
            config_complain(reader, DIAGNOSTIC_NO_DIALECT, draft->name.node,
                            arena_printf(reader->arena,
                                         "the preset speaks `" STR_FMT "`, which is no dialect",
                                         STR_ARG(preset->dialect)),
                            arena_printf(reader->arena, "there are %s", dialect_names()));
        }
    }
    if (dialect == NULL) {
        return (struct speech){0};
    }
    struct speech speech = speech_in(reader, preset, dialect);
    read_platform(reader, &draft->platform, &speech.platform);
    return speech;
}

/* Azure's classic paths want a version that is a date, its others have one or none that is not. */
static enum platform settle_platform(enum platform platform, str api_version)
{
    bool is_date = api_version.len > 0 && api_version.at[0] >= '0' && api_version.at[0] <= '9';

    return platform == PLATFORM_AZURE && is_date ? PLATFORM_AZURE_CLASSIC : platform;
}

void config_find_choices(struct config_reader *reader, const struct provider_draft *draft,
                         const struct preset *preset, struct provider *provider)
{
    struct arena *arena = &reader->snapshot->arena;
    size_t room = 0;

    provider->site.platform = settle_platform(provider->site.platform, provider->site.api_version);
    if (preset == NULL || draft->dialect.node != NULL) {
        return; /* who names a dialect means it for all models */
    }
    for (size_t i = 0; i < preset->dialect_count; i++) {
        room += preset->dialects[i].models.count;
    }
    provider->choices = ARENA_ARRAY(arena, struct dialect_choice, room);
    for (size_t i = 0; i < preset->dialect_count; i++) {
        const struct preset_dialect *row = &preset->dialects[i];
        const struct dialect *dialect = dialect_by_name(row->name);
        for (size_t j = 0; dialect != NULL && j < row->models.count; j++) {
            struct dialect_choice *choice = &provider->choices[provider->choice_count++];
            *choice = (struct dialect_choice){
                .match = row->models.at[j],
                .dialect = dialect,
                .quirks = row->quirks,
                .site = provider->site,
            };
            choice->site.platform = settle_platform(row->platform, provider->site.api_version);
        }
    }
}

bool config_choose_dialect(struct config_reader *reader, const struct provider *provider,
                           const struct config_text *text, struct dialect_choice *out)
{
    const struct preset *preset = reader->presets_of[provider->index];
    const struct dialect *dialect = find_dialect(reader, text);

    if (dialect == NULL || provider->dialect == NULL) {
        return false; /* told already */
    }
    *out = (struct dialect_choice){
        .dialect = dialect, .quirks = provider->quirks, .site = provider->site};
    if (dialect == provider->dialect) {
        return true;
    }
    struct speech speech = speech_in(reader, preset, dialect);
    bool is_at_home = preset == NULL || str_eq(str_c(provider->dialect->name), preset->dialect);
    if (speech.base_url.len > 0 || !is_at_home) {
        config_complain(reader, DIAGNOSTIC_VALUE, text->node,
                        STR("the provider serves this dialect under another URL"),
                        STR("make it a provider of its own, with `preset` and `dialect`"));
        return false;
    }
    out->quirks = speech.quirks;
    out->site.platform = settle_platform(speech.platform, provider->site.api_version);
    return true;
}
