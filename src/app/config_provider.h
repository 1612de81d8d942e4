/*
 * config_provider: an element of the `providers` list, and the parts that read it.
 *
 * Private to config_providers.c, which reads the list; config_dialects.c, how a provider is spoken
 * to; config_places.c, where it is; config_keys.c, how it is convinced, with config_aws.c and
 * config_google.c.
 */
#pragma once

#include "app/config_reader.h"

/* Before its words are understood. */
struct provider_draft {
    struct config_text name;
    struct config_text preset;
    struct config_text dialect;
    struct config_text platform;
    struct config_text base_url;
    struct config_text ca_file;
    struct config_text label;

    struct config_text region; /* also `location` */
    struct config_text project;
    struct config_text account; /* also `resource` */
    struct config_text api_version;

    struct config_text api_key;
    const struct yaml_node *api_keys;

    struct config_text credentials; /* where a login is got: a word */
    struct config_text credentials_file;
    struct config_text access_key_id;
    struct config_text secret_access_key;
    struct config_text session_token;
    struct config_text profile;
};

/* The first of the variables that is set, and its name; empty when none is. */
str config_find_variable(const struct config_reader *reader, const struct row_texts *names,
                         str *name);

/* Complains that something is missing which a preset would have supplied; `preset` may be NULL. */
void config_complain_missing(struct config_reader *reader, const struct provider_draft *draft,
                             const struct preset *preset, const char *key);

/* ---- Dialects (config_dialects.c) ---- */

/* How a provider is spoken to. */
struct speech {
    const struct dialect *dialect; /* NULL: there is none, told already */
    const struct quirks *quirks;
    str base_url; /* put behind the provider's own when it begins with '/'; empty: nothing is */
    enum platform platform;
};

/* The dialect that the draft names, else the preset's, which may be NULL. */
struct speech config_find_speech(struct config_reader *reader, const struct provider_draft *draft,
                                 const struct preset *preset);

/* Fills provider->choices: the preset's dialects for some models.  `site` is the provider's. */
void config_find_choices(struct config_reader *reader, const struct provider_draft *draft,
                         const struct preset *preset, struct provider *provider);

/* ---- Places (config_places.c) ---- */

/* What a provider's URL and paths are made of. */
struct whereabouts {
    str region;
    str project;
    str account;
    str api_version;
};

/* From the draft, the environment and the preset; `preset` may be NULL.  A provider that is
 * called with a key in place of Google's login has no project, unless it is given. */
struct whereabouts config_find_whereabouts(struct config_reader *reader,
                                           const struct provider_draft *draft,
                                           const struct preset *preset, bool is_express);

/* The base URL.  False, and told, when it is not known or something in it is not. */
bool config_find_origin(struct config_reader *reader, const struct provider_draft *draft,
                        const struct preset *preset, const struct speech *speech,
                        const struct whereabouts *where, struct origin *out);

/* True when the preset's place is known without a word in the configuration. */
bool config_has_origin(struct config_reader *reader, const struct preset *preset);

/* False, and told, when `text`, which is called `key`, is empty. */
bool config_need_place(struct config_reader *reader, const struct provider_draft *draft,
                       const struct preset *preset, const char *key, str text);

/* An absolute URL as an origin whose strings live in `arena`; a query stays in the path.  False
 * when it is none. */
bool config_parse_origin(str text, struct arena *arena, struct origin *out);

/* ---- Keys (config_keys.c) ---- */

/* Fills provider->keys from `api_key`, `api_keys`, the preset's variables or a login; *project is
 * the login's own, or stays.  False, and told, when there is no key and one is needed. */
bool config_find_keys(struct config_reader *reader, const struct provider_draft *draft,
                      const struct preset *preset, enum login login, struct provider *provider,
                      str *project);

/* ---- AWS (config_aws.c) ---- */

/* What requests are signed with.  False, and told, when there is nothing. */
bool config_find_aws(struct config_reader *reader, const struct provider_draft *draft,
                     struct provider_key *out);

/* True when the environment holds keys. */
bool config_has_aws(const struct config_reader *reader);

/* The region of the profile in the shared files; empty when there is none. */
str config_find_aws_region(struct config_reader *reader, const struct provider_draft *draft);

/* ---- Google (config_google.c) ---- */

/* What tokens are asked for with, and the login's project.  False, and told, when there is
 * nothing. */
bool config_find_google(struct config_reader *reader, const struct provider_draft *draft,
                        struct provider_key *out, str *project);

/* True when the environment names a login and where it is for. */
bool config_has_google(const struct config_reader *reader);
