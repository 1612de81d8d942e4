/*
 * Where Google tokens come from: a file with a login, named or where gcloud leaves it, or the
 * metadata server when it is asked for.  Service accounts and users' logins are understood.
 */
#include "app/config_provider.h"
#include "codec/json.h"

#include <errno.h>

enum { LOGIN_BYTES_MAX = 256 * 1024 };

#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define METADATA_PATH "/computeMetadata/v1/instance/service-accounts/default/token"

/* A login's file, and how people know it. */
struct login_file {
    str path;
    str source;
    const struct yaml_node *node; /* to point at */
};

static str variable(const struct config_reader *reader, const char *name)
{
    return world_variable(reader->world, name);
}

static bool complain(struct config_reader *reader, const struct yaml_node *node, str message,
                     str hint)
{
    config_complain(reader, DIAGNOSTIC_CREDENTIAL, node, message, hint);
    return false;
}

static bool complain_of_file(struct config_reader *reader, const struct login_file *file, str words,
                             str hint)
{
    return complain(reader, file->node,
                    arena_printf(reader->arena, "the login of " STR_FMT " cannot be used: " STR_FMT,
                                 STR_ARG(file->source), STR_ARG(words)),
                    hint);
}

/* The member's text; false, and told, when there is none. */
static bool take(struct config_reader *reader, const struct login_file *file, json *root,
                 const char *name, str *out)
{
    str text = json_str(root, name);

    *out = arena_copy(&reader->snapshot->arena, text);
    return text.len > 0 ||
           complain_of_file(reader, file, arena_printf(reader->arena, "it has no `%s`", name),
                            STR_NONE);
}

static bool take_service_account(struct config_reader *reader, const struct login_file *file,
                                 json *root, struct google_login *login)
{
    login->from = GOOGLE_SERVICE_ACCOUNT;
    return take(reader, file, root, "client_email", &login->client_email) &&
           take(reader, file, root, "private_key_id", &login->private_key_id) &&
           take(reader, file, root, "private_key", &login->private_key_pem);
}

static bool take_user(struct config_reader *reader, const struct login_file *file, json *root,
                      struct google_login *login)
{
    login->from = GOOGLE_REFRESH_TOKEN;
    return take(reader, file, root, "client_id", &login->client_id) &&
           take(reader, file, root, "client_secret", &login->client_secret) &&
           take(reader, file, root, "refresh_token", &login->refresh_token);
}

/* By its kind. */
static bool take_login(struct config_reader *reader, const struct login_file *file, json *root,
                       struct google_login *login)
{
    str type = json_str(root, "type");

    if (str_eq(type, STR("service_account"))) {
        return take_service_account(reader, file, root, login);
    }
    if (str_eq(type, STR("authorized_user"))) {
        return take_user(reader, file, root, login);
    }
    return complain_of_file(
        reader, file,
        arena_printf(reader->arena, "it is of kind `" STR_FMT "`",
                     STR_ARG(config_show(reader, type))),
        STR("a service account or a user's login (`gcloud auth application-default login`)"));
}

static struct provider_key make_key(struct config_reader *reader, const struct google_login *login,
                                    str source)
{
    struct google_login *copy = ARENA_NEW(&reader->snapshot->arena, struct google_login);

    *copy = *login;
    return (struct provider_key){
        .credential = CREDENTIAL_GOOGLE,
        .source = arena_copy(&reader->snapshot->arena, source),
        .google = copy,
    };
}

static bool use_text(struct config_reader *reader, const struct login_file *file, str text,
                     struct provider_key *out, str *project)
{
    struct arena *arena = &reader->snapshot->arena;
    struct google_login login = {0};
    struct fault fault = {0};
    json *root = NULL;

    if (json_read(reader->arena, text, &root, &fault) != ERR_OK || !json_is(root, JSON_OBJECT)) {
        return complain_of_file(reader, file, STR("it is no JSON object"), STR_NONE);
    }
    if (!take_login(reader, file, root, &login)) {
        return false;
    }
    str uri = json_str(root, "token_uri");
    str owner = json_str(root, "project_id");
    login.token_uri = uri.len > 0 ? arena_copy(arena, uri) : STR(TOKEN_URI);
    if (!config_parse_origin(login.token_uri, arena, &login.token)) {
        return complain_of_file(reader, file, STR("its `token_uri` is no URL"), STR_NONE);
    }
    *project = arena_copy(arena, owner.len > 0 ? owner : json_str(root, "quota_project_id"));
    *out = make_key(reader, &login, file->source);
    return true;
}

/* A file that somebody named must be there. */
static bool use_named_file(struct config_reader *reader, const struct login_file *file,
                           struct provider_key *out, str *project)
{
    const struct world *world = reader->world;
    str text = STR_NONE;
    enum err err =
        world->read_file(world->ctx, file->path.at, LOGIN_BYTES_MAX, reader->arena, &text);

    if (err != ERR_OK) {
        str why = err == ERR_TOO_BIG ? STR("it holds more than 256 KiB") : str_c(strerror(errno));
        return complain_of_file(reader, file, why, STR_NONE);
    }
    return use_text(reader, file, text, out, project);
}

/* Where `gcloud auth application-default login` leaves it; empty when nothing is there. */
static str read_usual(struct config_reader *reader)
{
    const struct world *world = reader->world;
    str folder = variable(reader, "CLOUDSDK_CONFIG");
    str home = variable(reader, "HOME");
    str text = STR_NONE;

    if (folder.len == 0 && home.len > 0) {
        folder = arena_printf(reader->arena, STR_FMT "/.config/gcloud", STR_ARG(home));
    }
    if (folder.len > 0) {
        str path = arena_printf(reader->arena, STR_FMT "/application_default_credentials.json",
                                STR_ARG(folder));
        if (world->read_file(world->ctx, path.at, LOGIN_BYTES_MAX, reader->arena, &text) !=
            ERR_OK) {
            return STR_NONE; /* mostly there is none */
        }
    }
    return text;
}

static bool use_metadata(struct config_reader *reader, const struct config_text *word,
                         struct provider_key *out)
{
    struct google_login login = {.from = GOOGLE_METADATA};
    str host = variable(reader, "GCE_METADATA_HOST");

    if (!str_eq(word->text, STR("metadata"))) {
        return word->text.at != NULL &&
               complain(reader, word->node, STR("`credentials` of Google is `metadata`"),
                        STR("a login in a file is `credentials_file`"));
    }
    host = host.len > 0 ? host : STR("metadata.google.internal");
    str url = arena_printf(reader->arena, "http://" STR_FMT METADATA_PATH, STR_ARG(host));
    if (!config_parse_origin(url, &reader->snapshot->arena, &login.token)) {
        return complain(reader, word->node, STR("GCE_METADATA_HOST is no host"), STR_NONE);
    }
    *out = make_key(reader, &login, STR("Google metadata server"));
    return true;
}

bool config_has_google(const struct config_reader *reader)
{
    return variable(reader, "GOOGLE_APPLICATION_CREDENTIALS").len > 0 &&
           variable(reader, "GOOGLE_CLOUD_PROJECT").len > 0 &&
           variable(reader, "GOOGLE_CLOUD_LOCATION").len > 0;
}

bool config_find_google(struct config_reader *reader, const struct provider_draft *draft,
                        struct provider_key *out, str *project)
{
    const struct config_text *given = &draft->credentials_file;
    str named = variable(reader, "GOOGLE_APPLICATION_CREDENTIALS");
    struct login_file file = {.node = draft->name.node};

    if (given->node != NULL) {
        file = (struct login_file){given->text, STR("`credentials_file`"), given->node};
        return given->text.at != NULL && use_named_file(reader, &file, out, project);
    }
    if (draft->credentials.node != NULL) {
        return use_metadata(reader, &draft->credentials, out);
    }
    if (named.len > 0) {
        file.path = named;
        file.source = STR("GOOGLE_APPLICATION_CREDENTIALS");
        return use_named_file(reader, &file, out, project);
    }
    str usual = read_usual(reader);
    if (usual.len > 0) {
        file.source = STR("gcloud");
        return use_text(reader, &file, usual, out, project);
    }
    return complain(reader, draft->name.node, STR("the provider has no Google login"),
                    STR("set GOOGLE_APPLICATION_CREDENTIALS, or give `credentials_file`; on Google "
                        "Cloud write `credentials: metadata`"));
}
