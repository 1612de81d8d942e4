/*
 * Providers as rows.  Sources: the vendors' own references and recorded traffic, as collected in
 * provider-dialects.md section 10 (state of September 2026).
 *
 * `refused` lists what a server answers with an error or cannot mean; a parameter that it merely
 * ignores is sent, because it may learn it.
 */
#include "wire/quirks.h"

#include "base/macros.h"

/* Words for many rows. */
#define NO_LOCAL_SAMPLING "top_k min_p top_a repetition_penalty "

/* OpenAI itself: knows everything of its own format and nothing else. */
static const struct quirks openai_quirks = {
    .max_completion_tokens = true,
    .takes_developer = true,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = NO_LOCAL_SAMPLING "best_of x_search_filter image_config ",
};

static const struct quirks anthropic_quirks = {
    .credential = CREDENTIAL_X_API_KEY,
    .takes_extras = true,
    .takes_cache_control = true,
};

/* A server that speaks the format and says nothing more about itself. */
static const struct quirks compatible_quirks = {
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = "store ",
};

/* A server on the operator's own machine: no key, all sampling parameters. */
static const struct quirks local_quirks = {
    .credential = CREDENTIAL_NONE,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = "store user metadata service_tier ",
};

/* /v1 of Ollama: num_ctx and the local samplers are options of its native API only. */
static const struct quirks ollama_quirks = {
    .credential = CREDENTIAL_NONE,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = NO_LOCAL_SAMPLING "n logit_bias parallel_tool_calls user metadata store "
                                 "service_tier ",
};

static const struct quirks groq_quirks = {
    .max_completion_tokens = true,
    .takes_developer = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = NO_LOCAL_SAMPLING "presence_penalty frequency_penalty logprobs top_logprobs "
                                 "logit_bias n metadata store prediction verbosity modalities "
                                 "audio ",
};

/* Thinking turns that called tools must come back with their `reasoning_content`. */
static const struct quirks deepseek_quirks = {
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .thinking_object = true,
    .takes_reasoning_back = true,
    .refused = NO_LOCAL_SAMPLING "seed n logit_bias parallel_tool_calls user metadata store "
                                 "service_tier verbosity ",
};

static const struct quirks xai_quirks = {
    .max_completion_tokens = true,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .completion_excludes_reasoning = true,
    .refused = NO_LOCAL_SAMPLING "logit_bias metadata store verbosity ",
};

/* Refuses members it does not know (422, extra_forbidden). */
static const struct quirks mistral_quirks = {
    .takes_stream_options = false, /* usage comes in the last chunk anyway */
    .tool_ids_of_nine = true,
    .prefill_is_marked = true,
    .refused = NO_LOCAL_SAMPLING "logit_bias logprobs top_logprobs user metadata store "
                                 "service_tier verbosity modalities audio web_search_options "
                                 "seed ",
};

static const struct quirks together_quirks = {
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = "top_a user metadata store service_tier verbosity logprobs top_logprobs ",
};

static const struct quirks fireworks_quirks = {
    .max_completion_tokens = true,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = "top_a store verbosity ",
};

static const struct quirks perplexity_quirks = {
    .takes_stream_options = false, /* usage is in every chunk */
    .reasoning_effort = true,
    .refused = "min_p top_a repetition_penalty seed n logit_bias user metadata store "
               "service_tier verbosity parallel_tool_calls ",
};

static const struct quirks moonshot_quirks = {
    .takes_extras = true,
    .takes_stream_options = true,
    .thinking_object = true,
    .takes_reasoning_back = true,
    .refused = NO_LOCAL_SAMPLING "logit_bias metadata store service_tier verbosity ",
};

static const struct quirks zai_quirks = {
    .takes_extras = true,
    .takes_stream_options = true,
    .thinking_object = true,
    .takes_reasoning_back = true,
    .refused = NO_LOCAL_SAMPLING "n seed logit_bias logprobs top_logprobs metadata store "
                                 "service_tier verbosity parallel_tool_calls ",
};

static const struct quirks alibaba_quirks = {
    .takes_extras = true,
    .takes_stream_options = true,
    .refused = "min_p top_a logit_bias user metadata store service_tier verbosity ",
};

static const struct quirks cerebras_quirks = {
    .max_completion_tokens = true,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_effort = true,
    .refused = NO_LOCAL_SAMPLING "presence_penalty frequency_penalty logit_bias metadata store "
                                 "verbosity n ",
};

/* The gateway whose API ours is shaped after. */
static const struct quirks openrouter_quirks = {
    .takes_developer = true,
    .takes_extras = true,
    .takes_stream_options = true,
    .reasoning_object = true,
    .takes_cache_control = true,
    .takes_reasoning_back = true,
};

static const struct quirks gemini_quirks = {
    .takes_stream_options = true,
    .reasoning_effort = true,
    .completion_excludes_reasoning = true,
    .refused = NO_LOCAL_SAMPLING "logit_bias logprobs top_logprobs user metadata store "
                                 "service_tier verbosity seed ",
};

static const struct preset presets[] = {
    {"openai", "OpenAI", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY", &openai_quirks},
    {"anthropic", "Anthropic", "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY",
     &anthropic_quirks},
    {"openrouter", "OpenRouter", "openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY",
     &openrouter_quirks},
    {"groq", "Groq", "openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY", &groq_quirks},
    {"deepseek", "DeepSeek", "openai", "https://api.deepseek.com", "DEEPSEEK_API_KEY",
     &deepseek_quirks},
    {"xai", "xAI", "openai", "https://api.x.ai/v1", "XAI_API_KEY", &xai_quirks},
    {"mistral", "Mistral", "openai", "https://api.mistral.ai/v1", "MISTRAL_API_KEY",
     &mistral_quirks},
    {"gemini", "Google", "openai", "https://generativelanguage.googleapis.com/v1beta/openai",
     "GEMINI_API_KEY", &gemini_quirks},
    {"together", "Together", "openai", "https://api.together.xyz/v1", "TOGETHER_API_KEY",
     &together_quirks},
    {"fireworks", "Fireworks", "openai", "https://api.fireworks.ai/inference/v1",
     "FIREWORKS_API_KEY", &fireworks_quirks},
    {"perplexity", "Perplexity", "openai", "https://api.perplexity.ai", "PERPLEXITY_API_KEY",
     &perplexity_quirks},
    {"moonshot", "Moonshot AI", "openai", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY",
     &moonshot_quirks},
    {"zai", "Z.AI", "openai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", &zai_quirks},
    {"alibaba", "Alibaba", "openai", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
     "DASHSCOPE_API_KEY", &alibaba_quirks},
    {"cerebras", "Cerebras", "openai", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY",
     &cerebras_quirks},
    {"deepinfra", "DeepInfra", "openai", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY",
     &compatible_quirks},
    {"huggingface", "Hugging Face", "openai", "https://router.huggingface.co/v1", "HF_TOKEN",
     &compatible_quirks},
    {"nebius", "Nebius", "openai", "https://api.studio.nebius.com/v1", "NEBIUS_API_KEY",
     &compatible_quirks},
    {"venice", "Venice", "openai", "https://api.venice.ai/api/v1", "VENICE_API_KEY",
     &compatible_quirks},
    {"sambanova", "SambaNova", "openai", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY",
     &compatible_quirks},
    {"novita", "Novita", "openai", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY",
     &compatible_quirks},
    {"hyperbolic", "Hyperbolic", "openai", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY",
     &compatible_quirks},
    {"vercel-ai-gateway", "Vercel AI Gateway", "openai", "https://ai-gateway.vercel.sh/v1",
     "AI_GATEWAY_API_KEY", &compatible_quirks},
    {"cohere", "Cohere", "openai", "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY",
     &compatible_quirks},
    {"ollama", "Ollama", "openai", "http://127.0.0.1:11434/v1", NULL, &ollama_quirks},
    {"vllm", "vLLM", "openai", "http://127.0.0.1:8000/v1", NULL, &local_quirks},
    {"sglang", "SGLang", "openai", "http://127.0.0.1:30000/v1", NULL, &local_quirks},
    {"llamacpp", "llama.cpp", "openai", "http://127.0.0.1:8080/v1", NULL, &local_quirks},
    {"lmstudio", "LM Studio", "openai", "http://127.0.0.1:1234/v1", NULL, &local_quirks},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct preset *preset_by_name(str name)
{
    for (const struct preset *preset = presets; preset->name != NULL; preset++) {
        if (str_eq(name, str_c(preset->name))) {
            return preset;
        }
    }
    return NULL;
}

const struct preset *preset_all(void)
{
    return presets;
}

const struct quirks *quirks_default(str dialect)
{
    return str_eq(dialect, STR("anthropic")) ? &anthropic_quirks : &compatible_quirks;
}
