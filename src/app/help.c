/* Help topics: what `gatehouse help TOPIC` and the last line of an error point at. */
#include "app/commands.h"
#include "app/settings.h"

static const char *const names[] = {
    "config",   "config providers", "config models", "config pricing",
    "settings", "variables",        "exit",          NULL,
};

static const struct {
    const char *name;
    const char *text;
} topics[] = {
    {"config",
     "The configuration is one YAML file: settings, providers and models.\n"
     "\n"
     "  listen: 127.0.0.1:8080\n"
     "  store: sqlite:gatehouse.db\n"
     "  providers:\n"
     "    - name: openai\n"
     "      api_key: ${OPENAI_API_KEY}\n"
     "  models:\n"
     "    - id: openai/gpt-4o\n"
     "      aliases: [gpt-4o]\n"
     "      endpoints:\n"
     "        - {provider: openai, model: gpt-4o-2024-08-06}\n"
     "\n"
     "It is read strictly: an unknown key, a wrong type or an unset variable is an error.\n"
     "`gatehouse check FILE` tells.  Without a file, or without `providers` in it, the\n"
     "providers are those whose API keys are in the environment.\n"
     "\n"
     "More: help config providers, config models, config pricing, settings, variables\n"},
    {"config providers",
     "  providers:\n"
     "    - name: openai                    # a preset's name supplies all the rest\n"
     "    - name: backup\n"
     "      preset: openai                  # the same under another name\n"
     "      api_key: ${BACKUP_KEY}\n"
     "    - name: local\n"
     "      dialect: openai                 # any compatible server\n"
     "      base_url: http://127.0.0.1:11434/v1\n"
     "      api_key: \"\"                     # needs none\n"
     "\n"
     "    - name: aws\n"
     "      preset: bedrock\n"
     "      region: us-east-1               # keys as AWS's own tools find them\n"
     "    - name: vertex\n"
     "      location: us-east5\n"
     "      credentials_file: /run/secrets/service-account.json\n"
     "\n"
     "  name        what models call it; letters, digits, `-`, `_`, `.`\n"
     "  preset      a well-known provider: dialect, base URL and the variable of its key\n"
     "  dialect     the format it speaks, for all its models\n"
     "  platform    whose paths: own, vertex, bedrock, azure, azure-classic; the preset's\n"
     "  base_url    http:// or https://, as the vendor's own SDK takes it\n"
     "  api_key     its key; a preset's is taken from its variable when absent\n"
     "  api_keys    or a list of them; another is tried when one is refused\n"
     "  ca_file     PEM file with the authorities to trust for it\n"
     "  label       its name in answers\n"
     "\n"
     "Where a platform is, each also from its usual variable:\n"
     "\n"
     "  region      or location (AWS, Google)\n"
     "  project     Google; a service account's own when absent\n"
     "  account     or resource (Azure, Cloudflare, Snowflake)\n"
     "  api_version Azure: a date means the classic paths\n"
     "\n"
     "What stands in for a key:\n"
     "\n"
     "  access_key_id, secret_access_key, session_token    AWS\n"
     "  profile            of ~/.aws/credentials and ~/.aws/config\n"
     "  credentials_file   Google: a service account or a user's login\n"
     "  credentials        instance or container (AWS), metadata (Google)\n"
     "\n"
     "Any model of a provider can be asked for as `<name>/<model>`.\n"},
    {"config models",
     "  models:\n"
     "    - id: openai/gpt-4o\n"
     "      aliases: [gpt-4o]\n"
     "      context_length: 128000\n"
     "      endpoints:                      # tried in this order\n"
     "        - provider: openai\n"
     "          model: gpt-4o-2024-08-06\n"
     "          pricing: {prompt: \"0.0000025\", completion: \"0.00001\"}\n"
     "\n"
     "  id, aliases            the names clients use\n"
     "  name, description      for people\n"
     "  created                Unix seconds\n"
     "  context_length         tokens\n"
     "  max_output_tokens      tokens; also max_completion_tokens\n"
     "  supported_parameters   a list; others are dropped from requests\n"
     "  endpoints              each with provider, model (else the id without its vendor),\n"
     "                         pricing, and its own of the last three; `dialect` when it is\n"
     "                         not the provider's, `base_model` when the name is a\n"
     "                         deployment's and tells nothing\n"
     "\n"
     "`endpoints` may be left out when the id begins with a provider's name.\n"},
    {"config pricing",
     "  pricing:\n"
     "    prompt: \"0.0000025\"          # dollars for one token\n"
     "    completion: \"0.00001\"\n"
     "    cache_read: \"0.00000125\"     # else as prompt; also input_cache_read\n"
     "    cache_write: \"0.000003125\"   # else as prompt; also input_cache_write\n"
     "    request: \"0\"                 # dollars for one request\n"
     "\n"
     "Plain decimal numbers with at most 12 places.  Without `pricing` costs are not known.\n"},
    {"variables", "In any value of the configuration:\n"
                  "\n"
                  "  ${NAME}             the environment variable; an error when it is not set\n"
                  "  ${NAME:-default}    the default when it is not set or empty\n"
                  "  ${NAME:?message}    an error with that message\n"
                  "  ${file:/path}       the content of a file, without its last line end\n"
                  "  $${                 a plain ${\n"
                  "\n"
                  "Inside [lists] and {maps} on one line put them in quotes.\n"},
    {"exit", "  0   all is well\n"
             "  1   something failed at work\n"
             "  2   the command line is wrong\n"
             "  3   the configuration is wrong\n"
             "  4   the listen address cannot be used\n"
             "  5   the store is locked, broken or cannot be opened\n"},
};

const char *const *help_topics(void)
{
    return names;
}

static str settings_text(struct arena *arena)
{
    enum { HELP_BYTES_MAX = 64 * 1024 };
    struct buf out;

    buf_init(&out, HELP_BYTES_MAX);
    enum err err = settings_write_help(&out);
    assert(err == ERR_OK); /* the table is ours */
    str text =
        arena_printf(arena,
                     "Settings with their defaults.  `limits.body` is the key `body` under "
                     "`limits`; the\nvariable GATEHOUSE_LIMITS_BODY beats the file.\n\n" STR_FMT,
                     STR_ARG(buf_str(&out)));
    buf_free(&out);
    return text;
}

str help_topic(str name, struct arena *arena)
{
    if (str_eq(name, STR("settings")) || str_eq(name, STR("config settings"))) {
        return settings_text(arena);
    }
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        if (str_eq(name, str_c(topics[i].name))) {
            return str_c(topics[i].text);
        }
    }
    return STR_NONE;
}
