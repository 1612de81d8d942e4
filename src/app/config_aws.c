/*
 * Where AWS keys come from, in the order in which AWS's own tools look: what the configuration
 * says, the environment, the shared files of the user, the container; the instance only when it is
 * asked for, because the question alone takes seconds elsewhere.
 */
#include "app/config_provider.h"

enum { SHARED_FILE_BYTES_MAX = 1024 * 1024 };

/* A profile as the two shared files have it. */
struct profile {
    str access_key_id;
    str secret_access_key;
    str session_token;
    str region;
    bool is_there;
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

/* ---- The shared files ---- */

/* The file that the variable names, else the one in the user's folder. */
static str read_shared(struct config_reader *reader, const char *name, const char *usual)
{
    const struct world *world = reader->world;
    str path = variable(reader, name);
    str home = variable(reader, "HOME");
    str content = STR_NONE;

    if (path.len == 0 && home.len > 0) {
        path = arena_printf(reader->arena, STR_FMT "/.aws/%s", STR_ARG(home), usual);
    }
    if (path.len == 0 || world->read_file(world->ctx, path.at, SHARED_FILE_BYTES_MAX, reader->arena,
                                          &content) != ERR_OK) {
        return STR_NONE; /* mostly there is none */
    }
    return content;
}

static void take(struct profile *profile, str key, str value)
{
    if (str_eq(key, STR("aws_access_key_id"))) {
        profile->access_key_id = value;
    } else if (str_eq(key, STR("aws_secret_access_key"))) {
        profile->secret_access_key = value;
    } else if (str_eq(key, STR("aws_session_token"))) {
        profile->session_token = value;
    } else if (str_eq(key, STR("region"))) {
        profile->region = value;
    }
}

/* Reads the section `[name]`, or `[profile name]`, into *profile: "key = value" on each line. */
static void read_section(str file, str name, struct profile *profile)
{
    bool is_mine = false;

    while (file.len > 0) {
        str line = str_trim(str_split(&file, '\n'));
        if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';') {
            continue;
        }
        if (line.at[0] == '[') {
            str title = str_trim(str_take(str_skip(line, 1), str_find_char(line, ']') - 1));
            str word = STR("profile ");
            title = str_has_prefix(title, word) ? str_trim(str_skip(title, word.len)) : title;
            is_mine = str_eq(title, name);
            profile->is_there = profile->is_there || is_mine;
        } else if (is_mine) {
            str key = str_trim(str_split(&line, '='));
            take(profile, key, str_trim(line));
        }
    }
}

static str profile_name(struct config_reader *reader, const struct provider_draft *draft)
{
    str named = variable(reader, "AWS_PROFILE");

    if (draft->profile.text.len > 0) {
        return draft->profile.text;
    }
    return named.len > 0 ? named : STR("default");
}

static struct profile read_profile(struct config_reader *reader, str name)
{
    struct profile profile = {0};

    read_section(read_shared(reader, "AWS_CONFIG_FILE", "config"), name, &profile);
    read_section(read_shared(reader, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), name, &profile);
    return profile;
}

str config_find_aws_region(struct config_reader *reader, const struct provider_draft *draft)
{
    return read_profile(reader, profile_name(reader, draft)).region;
}

/* ---- What is made of them ---- */

static struct provider_key make_key(struct config_reader *reader, const struct aws_login *login,
                                    str source)
{
    struct arena *arena = &reader->snapshot->arena;
    struct aws_login *copy = ARENA_NEW(arena, struct aws_login);

    *copy = *login;
    copy->access_key_id = arena_copy(arena, login->access_key_id);
    copy->secret_access_key = arena_copy(arena, login->secret_access_key);
    copy->session_token = arena_copy(arena, login->session_token);
    copy->container_token = arena_copy(arena, login->container_token);
    return (struct provider_key){
        .credential = CREDENTIAL_AWS,
        .source = arena_copy(arena, source),
        .aws = copy,
    };
}

/* `access_key_id` and what belongs to it. */
static bool use_given(struct config_reader *reader, const struct provider_draft *draft,
                      struct provider_key *out)
{
    const struct config_text *id = &draft->access_key_id;
    const struct config_text *secret = &draft->secret_access_key;

    if (secret->node == NULL) {
        return complain(reader, id->node, STR("the key `secret_access_key` is missing"), STR_NONE);
    }
    if (id->text.len == 0 || secret->text.len == 0) {
        bool is_told = id->text.at == NULL || secret->text.at == NULL;
        return !is_told && complain(reader, id->text.len == 0 ? id->node : secret->node,
                                    STR("an AWS key is empty"), STR_NONE);
    }
    *out = make_key(reader,
                    &(struct aws_login){.from = AWS_STATIC,
                                        .access_key_id = id->text,
                                        .secret_access_key = secret->text,
                                        .session_token = draft->session_token.text},
                    id->source.len > 0 ? id->source : STR("the configuration"));
    return true;
}

bool config_has_aws(const struct config_reader *reader)
{
    return variable(reader, "AWS_ACCESS_KEY_ID").len > 0 &&
           variable(reader, "AWS_SECRET_ACCESS_KEY").len > 0;
}

static bool use_environment(struct config_reader *reader, struct provider_key *out)
{
    if (!config_has_aws(reader)) {
        return false;
    }
    *out =
        make_key(reader,
                 &(struct aws_login){.from = AWS_STATIC,
                                     .access_key_id = variable(reader, "AWS_ACCESS_KEY_ID"),
                                     .secret_access_key = variable(reader, "AWS_SECRET_ACCESS_KEY"),
                                     .session_token = variable(reader, "AWS_SESSION_TOKEN")},
                 STR("AWS_ACCESS_KEY_ID"));
    return true;
}

static bool use_profile(struct config_reader *reader, str name, struct provider_key *out)
{
    struct profile profile = read_profile(reader, name);

    if (profile.access_key_id.len == 0 || profile.secret_access_key.len == 0) {
        return false;
    }
    *out = make_key(reader,
                    &(struct aws_login){.from = AWS_STATIC,
                                        .access_key_id = profile.access_key_id,
                                        .secret_access_key = profile.secret_access_key,
                                        .session_token = profile.session_token},
                    arena_printf(reader->arena, "AWS profile " STR_FMT, STR_ARG(name)));
    return true;
}

/* A profile that somebody named must hold keys. */
static bool use_named_profile(struct config_reader *reader, const struct yaml_node *node, str name,
                              struct provider_key *out)
{
    if (use_profile(reader, name, out)) {
        return true;
    }
    bool is_there = read_profile(reader, name).is_there;
    return complain(reader, node,
                    arena_printf(reader->arena,
                                 is_there ? "the AWS profile `" STR_FMT "` holds no keys"
                                          : "there is no AWS profile `" STR_FMT "`",
                                 STR_ARG(config_show(reader, name))),
                    is_there ? STR("roles and single sign-on are not understood: it must hold "
                                   "aws_access_key_id and aws_secret_access_key")
                             : STR("it is looked for in ~/.aws/credentials and ~/.aws/config"));
}

/* Keys are sent there: in clear text only to addresses of the machine itself. */
static bool is_safe(const struct origin *origin)
{
    static const str hosts[] = {STR_INIT("169.254.170.2"), STR_INIT("169.254.170.23"),
                                STR_INIT("fd00:ec2::23"), STR_INIT("localhost"), STR_INIT("::1")};

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        if (str_eq_nocase(origin->host, hosts[i])) {
            return true;
        }
    }
    return origin->tls || str_has_prefix(origin->host, STR("127."));
}

/* The token that the container's service wants; false, and told, when its file cannot be read. */
static bool read_token(struct config_reader *reader, const struct yaml_node *node, str *token)
{
    const struct world *world = reader->world;
    str path = variable(reader, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");

    *token = variable(reader, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (path.len == 0) {
        return true;
    }
    if (world->read_file(world->ctx, path.at, SHARED_FILE_BYTES_MAX, reader->arena, token) !=
        ERR_OK) {
        return complain(reader, node,
                        STR("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read"),
                        STR_NONE);
    }
    *token = str_trim(*token);
    return true;
}

static bool is_in_container(const struct config_reader *reader)
{
    return variable(reader, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").len > 0 ||
           variable(reader, "AWS_CONTAINER_CREDENTIALS_FULL_URI").len > 0;
}

static bool use_container(struct config_reader *reader, const struct yaml_node *node,
                          struct provider_key *out)
{
    str relative = variable(reader, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    str url = variable(reader, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct aws_login login = {.from = AWS_CONTAINER};

    if (relative.len > 0) {
        url = arena_printf(reader->arena, "http://169.254.170.2" STR_FMT, STR_ARG(relative));
    }
    if (!config_parse_origin(url, &reader->snapshot->arena, &login.metadata) ||
        !is_safe(&login.metadata)) {
        return complain(reader, node, STR("AWS_CONTAINER_CREDENTIALS_FULL_URI cannot be asked"),
                        STR("an https:// URL, or http:// to the machine itself"));
    }
    if (!read_token(reader, node, &login.container_token)) {
        return false;
    }
    *out = make_key(reader, &login, STR("AWS container"));
    return true;
}

static bool use_instance(struct config_reader *reader, const struct yaml_node *node,
                         struct provider_key *out)
{
    str url = variable(reader, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    struct aws_login login = {.from = AWS_INSTANCE};

    if (!config_parse_origin(url.len > 0 ? url : STR("http://169.254.169.254"),
                             &reader->snapshot->arena, &login.metadata)) {
        return complain(reader, node, STR("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL"), STR_NONE);
    }
    *out = make_key(reader, &login, STR("AWS instance"));
    return true;
}

/* `credentials:` names the place. */
static bool use_word(struct config_reader *reader, const struct config_text *word,
                     struct provider_key *out)
{
    if (str_eq(word->text, STR("instance"))) {
        return use_instance(reader, word->node, out);
    }
    if (!str_eq(word->text, STR("container"))) {
        return word->text.at != NULL &&
               complain(reader, word->node,
                        STR("`credentials` of AWS is `instance` or `container`"), STR_NONE);
    }
    if (!is_in_container(reader)) {
        return complain(reader, word->node,
                        STR("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set"), STR_NONE);
    }
    return use_container(reader, word->node, out);
}

bool config_find_aws(struct config_reader *reader, const struct provider_draft *draft,
                     struct provider_key *out)
{
    const struct yaml_node *node = draft->name.node;
    str named = variable(reader, "AWS_PROFILE");

    if (draft->access_key_id.node != NULL) {
        return use_given(reader, draft, out);
    }
    if (draft->profile.node != NULL) {
        return draft->profile.text.at != NULL &&
               use_named_profile(reader, draft->profile.node, draft->profile.text, out);
    }
    if (draft->credentials.node != NULL) {
        return use_word(reader, &draft->credentials, out);
    }
    if (use_environment(reader, out)) {
        return true;
    }
    if (named.len > 0) {
        return use_named_profile(reader, node, named, out);
    }
    if (use_profile(reader, STR("default"), out)) {
        return true;
    }
    if (is_in_container(reader)) {
        return use_container(reader, node, out);
    }
    return complain(reader, node, STR("the provider has no AWS credentials"),
                    STR("set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and "
                        "AWS_SECRET_ACCESS_KEY; on EC2 write `credentials: instance`"));
}
