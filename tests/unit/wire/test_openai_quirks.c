/*
 * What each departure of a provider makes of a request: OpenAI's form in, exactly this out.  The
 * quirks and the models' rules are those of the shipped data.
 */
#include "wire/dialect.h"
#include "wire/openai_chat.h"

#include "share.h"
#include "test.h"

#define USER "{\"role\":\"user\",\"content\":\"Hi\"}"
#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define TOOLS                                                                                  \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":" \
    "\"object\"}}}]"
#define CALL                                                                                \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":" \
    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"
#define GO_ON                                                                                    \
    "Continue your last message from exactly where it ends. Write only what comes next: repeat " \
    "nothing of it and say nothing about it."
#define FORM                                                                  \
    "Answer with one JSON value and nothing else. It must keep to this JSON " \
    "Schema:\\n{\\\"type\\\":\\\"object\\\"}"

/* `sent` is the body without its braces and its model. */
static const struct {
    const char *name;
    const char *provider;
    const char *model;
    const char *body;
    const char *sent;
    const char *drops;   /* each with a blank behind it; NULL: none */
    const char *prefill; /* what the answer is expected to repeat; NULL: nothing */
    const char *path;    /* NULL: the usual one */
} cases[] = {
    {"seed is renamed", "mistral", "mistral-large",
     HI ",\"seed\":7,\"safe_prompt\":true,\"other\":1",
     HI ",\"random_seed\":7,\"safe_prompt\":true", NULL, NULL, NULL},
    {"strict servers get no strangers", "groq", "llama-3.3-70b-versatile",
     HI ",\"provider\":{},\"usage\":{\"include\":true},\"stranger\":1,\"user\":\"u\",\"compound_"
        "custom\":{\"a\":1},\"prompt_cache_key\":\"k\"",
     HI ",\"user\":\"u\",\"compound_custom\":{\"a\":1}", "prompt_cache_key ", NULL, NULL},
    {"temperature is bounded above", "mistral", "mistral-large", HI ",\"temperature\":1.8",
     HI ",\"temperature\":1.5", NULL, NULL, NULL},
    {"temperature is bounded below", "groq", "llama", HI ",\"temperature\":0",
     HI ",\"temperature\":1e-08", NULL, NULL, NULL},
    {"temperature inside stays as written", "mistral", "mistral-large", HI ",\"temperature\":0.70",
     HI ",\"temperature\":0.7", NULL, NULL, NULL},
    {"too many stops are cut", "zai", "glm-4.6", HI ",\"stop\":[\"a\",\"b\"]",
     HI ",\"stop\":[\"a\"]", "stop ", NULL, NULL},
    {"one answer where more are refused", "groq", "llama", HI ",\"n\":3", HI ",\"n\":1", "n ", NULL,
     NULL},
    {"one answer is no loss", "groq", "llama",
     HI ",\"n\":1,\"logprobs\":false,\"presence_penalty\":0", HI ",\"n\":1", NULL, NULL, NULL},
    {"one penalty of two", "perplexity", "sonar",
     HI ",\"presence_penalty\":0.5,\"frequency_penalty\":0.5", HI ",\"presence_penalty\":0.5",
     "frequency_penalty ", NULL, NULL},
    {"logprobs as a count", "together", "m", HI ",\"logprobs\":true,\"top_logprobs\":3",
     HI ",\"logprobs\":3", NULL, NULL, NULL},
    {"nulls are not sent", "openai", "gpt-4o",
     HI ",\"temperature\":null,\"stop\":[],\"tools\":null,\"user\":null", HI, NULL, NULL, NULL},
    {"developer is system elsewhere", "deepseek", "deepseek-chat",
     "\"messages\":[{\"role\":\"developer\",\"content\":\"Be brief.\"}," USER "]",
     "\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," USER "]", NULL, NULL, NULL},
    {"developer stays for models that reason", "openai", "gpt-5",
     "\"messages\":[{\"role\":\"developer\",\"content\":\"Be brief.\"}," USER "]",
     "\"messages\":[{\"role\":\"developer\",\"content\":\"Be brief.\"}," USER "]", NULL, NULL,
     NULL},
    {"developer is system for models that do not", "openai", "gpt-4o",
     "\"messages\":[{\"role\":\"developer\",\"content\":\"Be brief.\"}," USER "]",
     "\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," USER "]", NULL, NULL, NULL},
    {"no system for o1 mini", "openai", "o1-mini",
     "\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," USER "]",
     "\"messages\":[{\"role\":\"user\",\"content\":\"Be brief.\\n\\nHi\"}]", NULL, NULL, NULL},
    {"one system message for templates", "vllm", "qwen",
     "\"messages\":[{\"role\":\"system\",\"content\":\"A.\"},{\"role\":\"system\",\"content\":\"B."
     "\"}," USER
     ",{\"role\":\"system\",\"content\":\"C.\"},{\"role\":\"user\",\"content\":\"So?\"}]",
     "\"messages\":[{\"role\":\"system\",\"content\":\"A.\\n\\nB.\"},{\"role\":\"user\","
     "\"content\":\"Hi\\n\\nC.\\n\\nSo?\"}]",
     NULL, NULL, NULL},
    {"a lone system message asks", "vllm", "qwen",
     "\"messages\":[{\"role\":\"system\",\"content\":\"A.\"}]",
     "\"messages\":[{\"role\":\"user\",\"content\":\"A.\"}]", NULL, NULL, NULL},
    {"turns alternate", "perplexity", "sonar",
     "\"messages\":[{\"role\":\"system\",\"content\":\"A.\"},{\"role\":\"user\",\"content\":"
     "\"one\"},{\"role\":\"user\",\"content\":\"two\"},{\"role\":\"assistant\",\"content\":"
     "\"three\"},{\"role\":\"assistant\",\"content\":\"four\"},{\"role\":\"user\",\"content\":"
     "\"five\"}]",
     "\"messages\":[{\"role\":\"system\",\"content\":\"A.\"},{\"role\":\"user\",\"content\":"
     "\"one\\n\\ntwo\"},{\"role\":\"assistant\",\"content\":\"three\\n\\nfour\"},{\"role\":"
     "\"user\",\"content\":\"five\"}]",
     NULL, NULL, NULL},
    {"the first turn is the users", "perplexity", "sonar",
     "\"messages\":[{\"role\":\"assistant\",\"content\":\"Hello\"}," USER "]",
     "\"messages\":[{\"role\":\"user\",\"content\":\"(nothing)\"},{\"role\":\"assistant\","
     "\"content\":\"Hello\"}," USER "]",
     NULL, NULL, NULL},
    {"names stand before texts", "vllm", "m",
     "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"name\":\"ann\"},{\"role\":"
     "\"assistant\",\"content\":\"Yes?\",\"name\":\"bot\"},{\"role\":\"user\",\"content\":\"Me "
     "too\",\"name\":\"bob\"}]",
     "\"messages\":[{\"role\":\"user\",\"content\":\"ann: "
     "Hi\"},{\"role\":\"assistant\",\"content\":\"Yes?\"},{\"role\":\"user\",\"content\":\"bob: Me "
     "too\"}]",
     NULL, NULL, NULL},
    {"one name is not told", "vllm", "m",
     "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"name\":\"ann\"}]", HI, NULL, NULL,
     NULL},
    {"names stay", "openai", "gpt-4o",
     "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"name\":\"ann\"}]",
     "\"messages\":[{\"role\":\"user\",\"name\":\"ann\",\"content\":\"Hi\"}]", NULL, NULL, NULL},
    {"a schema in words", "deepseek", "deepseek-chat",
     HI ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":"
        "{\"type\":\"object\"},\"strict\":true}}",
     "\"messages\":[{\"role\":\"system\",\"content\":\"" FORM "\"}," USER
     "],\"response_format\":{\"type\":\"json_object\"}",
     "response_format ", NULL, NULL},
    {"the word json", "deepseek", "deepseek-chat",
     HI ",\"response_format\":{\"type\":\"json_object\"}",
     "\"messages\":[{\"role\":\"system\",\"content\":\"Answer with one JSON object and nothing "
     "else.\"}," USER "],\"response_format\":{\"type\":\"json_object\"}",
     NULL, NULL, NULL},
    {"the word json is there", "deepseek", "deepseek-chat",
     "\"messages\":[{\"role\":\"system\",\"content\":\"Write JSON.\"}," USER
     "],\"response_format\":{\"type\":\"json_object\"}",
     "\"messages\":[{\"role\":\"system\",\"content\":\"Write JSON.\"}," USER
     "],\"response_format\":{\"type\":\"json_object\"}",
     NULL, NULL, NULL},
    {"json excludes tools and streams", "groq", "llama",
     HI "," TOOLS ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\","
        "\"schema\":{\"type\":\"object\"},\"strict\":true}},\"stream\":true",
     "\"messages\":[{\"role\":\"system\",\"content\":\"" FORM "\"}," USER
     "],\"stream\":true,\"stream_options\":{\"include_usage\":true}," TOOLS,
     "response_format ", NULL, NULL},
    {"json is not streamed", "groq", "llama",
     HI ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":"
        "{\"type\":\"object\"},\"strict\":true}},\"stream\":true",
     HI ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":"
        "{\"type\":\"object\"},\"strict\":true}}",
     NULL, NULL, NULL},
    {"prefill with prefix", "mistral", "mistral-large",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}]",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\",\"prefix\":true}]", NULL,
     NULL, NULL},
    {"prefill at another path", "deepseek", "deepseek-chat",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}]",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\",\"prefix\":true}]", NULL,
     NULL, "/beta/chat/completions"},
    {"prefill with partial", "moonshot", "kimi",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}]",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\",\"partial\":true}]", NULL,
     NULL, NULL},
    {"prefill of a template", "vllm", "qwen",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}]",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}],\"add_generation_"
     "prompt\":false,\"continue_final_message\":true",
     NULL, NULL, NULL},
    {"prefill in words", "perplexity", "sonar",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":\"Ye\"},{\"role\":\"user\",\"content\":\"" GO_ON "\"}]",
     NULL, "Ye", NULL},
    {"prefill in words for the model", "openrouter", "claude-opus-4-8",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Ye\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":\"Ye\"},{\"role\":\"user\",\"content\":\"" GO_ON "\"}]",
     NULL, "Ye", NULL},
    {"effort by switch", "zai", "glm-4.6", HI ",\"reasoning\":{\"effort\":\"high\"}",
     HI ",\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"high\"", NULL, NULL, NULL},
    {"no thinking by switch", "deepseek", "deepseek-chat",
     HI ",\"reasoning\":{\"effort\":\"none\"}", HI ",\"thinking\":{\"type\":\"disabled\"}", NULL,
     NULL, NULL},
    {"enable thinking", "alibaba", "qwen3-32b", HI ",\"reasoning\":{\"max_tokens\":2000}",
     HI ",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"enable_thinking\":true,"
        "\"thinking_budget\":2000",
     NULL, NULL, NULL},
    {"enable thinking off", "alibaba", "qwen3-32b", HI ",\"reasoning\":{\"enabled\":false}",
     HI ",\"enable_thinking\":false", NULL, NULL, NULL},
    {"template kwargs", "vllm", "qwen3-8b", HI ",\"reasoning_effort\":\"none\"",
     HI ",\"chat_template_kwargs\":{\"enable_thinking\":false}", NULL, NULL, NULL},
    {"template kwargs of the client", "vllm", "qwen3-8b",
     HI ",\"reasoning_effort\":\"high\",\"chat_template_kwargs\":{\"a\":1}",
     HI ",\"reasoning_effort\":\"high\",\"chat_template_kwargs\":{\"a\":1}", NULL, NULL, NULL},
    {"prompt mode", "mistral", "magistral-medium-latest", HI ",\"reasoning\":{\"effort\":\"low\"}",
     HI ",\"prompt_mode\":\"reasoning\"", NULL, NULL, NULL},
    {"nearest effort", "mistral", "mistral-large", HI ",\"reasoning\":{\"effort\":\"medium\"}",
     HI ",\"reasoning_effort\":\"high\"", NULL, NULL, NULL},
    {"reasoning format", "groq", "qwen/qwen3-32b", HI ",\"reasoning\":{\"effort\":\"medium\"}",
     HI ",\"reasoning_format\":\"parsed\",\"reasoning_effort\":\"default\"", NULL, NULL, NULL},
    {"reasoning hidden", "groq", "qwen/qwen3-32b",
     HI ",\"reasoning\":{\"effort\":\"none\",\"exclude\":true}",
     HI ",\"reasoning_format\":\"hidden\",\"reasoning_effort\":\"none\"", NULL, NULL, NULL},
    {"effort words", "groq", "openai/gpt-oss-20b", HI ",\"reasoning\":{\"effort\":\"xhigh\"}",
     HI ",\"reasoning_effort\":\"high\"", NULL, NULL, NULL},
    {"own thinking passes", "deepseek", "deepseek-chat", HI ",\"thinking\":{\"type\":\"enabled\"}",
     HI ",\"thinking\":{\"type\":\"enabled\"}", NULL, NULL, NULL},
    {"own thinking is translated", "openai", "gpt-5.1",
     HI ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":20000}",
     HI ",\"reasoning_effort\":\"high\"", NULL, NULL, NULL},
    {"own thinking is translated for openrouter", "openrouter", "x/y",
     HI ",\"thinking\":{\"type\":\"disabled\"}", HI ",\"reasoning\":{\"effort\":\"none\"}", NULL,
     NULL, NULL},
    {"enable thinking of the client", "alibaba", "qwen3",
     HI ",\"enable_thinking\":true,\"thinking_budget\":500",
     HI ",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"enable_thinking\":true,"
        "\"thinking_budget\":500",
     NULL, NULL, NULL},
    {"enable thinking to strangers", "huggingface", "qwen3", HI ",\"enable_thinking\":false",
     HI ",\"enable_thinking\":false", NULL, NULL, NULL},
    {"reasoning goes back", "deepseek", "deepseek-chat",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],\"reasoning_"
     "content\":\"Hm.\"},{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":"
     "\"1\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"Hm.\",\"tool_calls\":[{"
     "\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"
     ",{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"1\"}]",
     NULL, NULL, NULL},
    {"lost reasoning goes back empty", "moonshot", "kimi-k2",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":\"1\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"\",\"tool_calls\":[{\"id\":"
     "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{"
     "\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"1\"}]",
     NULL, NULL, NULL},
    {"reasoning goes back by its name", "vllm", "qwen3",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],\"reasoning\":"
     "\"Hm.\"},{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":\"1\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"reasoning\":\"Hm.\",\"tool_calls\":[{\"id\":"
     "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{"
     "\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"1\"}]",
     NULL, NULL, NULL},
    {"reasoning goes back always", "zai", "glm-4.7",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Yes\",\"reasoning_content\":"
     "\"Hm.\"},{\"role\":\"user\",\"content\":\"So?\"}]",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"Yes\",\"reasoning_content\":"
     "\"Hm.\"},{\"role\":\"user\",\"content\":\"So?\"}]",
     NULL, NULL, NULL},
    {"reasoning does not go back", "groq", "llama",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":\"Yes\",\"reasoning\":\"Hm.\",\"refusal\":null,"
     "\"annotations\":[],\"tool_calls\":[]},{\"role\":\"user\",\"content\":\"So?\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":\"Yes\"},{\"role\":\"user\",\"content\":\"So?\"}]",
     NULL, NULL, NULL},
    {"tool choice required becomes auto", "moonshot", "kimi",
     HI "," TOOLS ",\"tool_choice\":\"required\"", HI "," TOOLS ",\"tool_choice\":\"auto\"",
     "tool_choice ", NULL, NULL},
    {"tool choice none hides tools", "ollama", "qwen3",
     HI "," TOOLS ",\"tool_choice\":\"none\",\"parallel_tool_calls\":true", HI, NULL, NULL, NULL},
    {"tool choice of a model", "openrouter", "claude-fable-5",
     HI "," TOOLS ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}",
     HI "," TOOLS ",\"tool_choice\":\"auto\"", "tool_choice ", NULL, NULL},
    {"parallel calls need tools", "openai", "gpt-4o", HI ",\"parallel_tool_calls\":false", HI, NULL,
     NULL, NULL},
    {"strict on all or none", "cerebras", "m",
     HI ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":true}},{"
        "\"type\":\"function\",\"function\":{\"name\":\"g\"}}]",
     HI ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"function\","
        "\"function\":{\"name\":\"g\"}}]",
     NULL, NULL, NULL},
    {"a tool shows an image", "openai", "gpt-4o",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"See:\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/"
     "x.png\"}}]},{\"role\":\"user\",\"content\":\"What is it?\"}]",
     "\"messages\":[" USER "," CALL
     ",{\"role\":\"tool\",\"name\":\"f\",\"tool_call_id\":\"call_1\",\"content\":[{\"type\":"
     "\"text\",\"text\":\"See:\"}]},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"The result of the tool call "
     "call_1:\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/"
     "x.png\"}}]},{\"role\":\"user\",\"content\":\"What is it?\"}]",
     NULL, NULL, NULL},
    {"a tool shows only an image", "openai", "gpt-4o",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":\"https://a.example/x.png\"}}]}]",
     "\"messages\":[" USER "," CALL
     ",{\"role\":\"tool\",\"name\":\"f\",\"tool_call_id\":\"call_1\",\"content\":\"The result is "
     "shown in the next "
     "message.\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"The result of the "
     "tool call "
     "call_1:\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/x.png\"}}]}]",
     NULL, NULL, NULL},
    {"a tool may show images", "openrouter", "gpt-4o",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{\"url\":\"https://a.example/x.png\"}}]}]",
     "\"messages\":[" USER "," CALL
     ",{\"role\":\"tool\",\"name\":\"f\",\"tool_call_id\":\"call_1\",\"content\":[{\"type\":"
     "\"image_url\",\"image_url\":{\"url\":\"https://a.example/x.png\"}}]}]",
     NULL, NULL, NULL},
    {"ids are at most 64", "openai", "gpt-4o",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
     "\"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
     "c\",\"type\":\"function\",\"index\":0,\"function\":{\"name\":\"f\","
     "\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
     "\"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
     "c\",\"name\":\"f\",\"content\":\"1\"}]",
     "\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
     "\"ccccccccccccccccccccccccccccccccccccccccccccccc_2ef01276f12a5857\",\"type\":\"function\","
     "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"name\":\"f\","
     "\"tool_call_id\":\"ccccccccccccccccccccccccccccccccccccccccccccccc_2ef01276f12a5857\","
     "\"content\":\"1\"}]",
     NULL, NULL, NULL},
    {"null content is text for some", "cloudflare", "m",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"call_1\",\"name\":\"f\",\"content\":\"1\"}]",
     "\"messages\":[" USER
     ",{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
     "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_"
     "call_id\":\"call_1\",\"content\":\"1\"}]",
     NULL, NULL, NULL},
    {"empty messages are left out", "moonshot", "kimi",
     "\"messages\":[{\"role\":\"system\",\"content\":\"\"}," USER
     ",{\"role\":\"assistant\",\"content\":\"\"},{\"role\":\"user\",\"content\":\"\"}]",
     "\"messages\":[" USER ",{\"role\":\"user\",\"content\":\"(nothing)\"}]", NULL, NULL, NULL},
    {"files are documents", "mistral", "mistral-large",
     "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"filename\":\"a."
     "pdf\",\"file_data\":\"data:application/pdf;base64,AA==\"}},{\"type\":\"text\",\"text\":\"Sum "
     "up.\"}]}]",
     "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document_url\",\"document_url\":"
     "\"data:application/"
     "pdf;base64,AA==\",\"document_name\":\"a.pdf\"},{\"type\":\"text\",\"text\":\"Sum up.\"}]}]",
     NULL, NULL, NULL},
    {"no stream options", "mistral", "mistral-large", HI ",\"stream\":true", HI ",\"stream\":true",
     NULL, NULL, NULL},
    {"stream options", "vllm", "m",
     HI ",\"stream\":true,\"stream_options\":{\"include_usage\":false}",
     HI ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", NULL, NULL, NULL},
    {"sampling that the model refuses", "openrouter", "claude-opus-4-8", HI ",\"temperature\":0.5",
     HI, "temperature ", NULL, NULL},
};

static struct model model_of(const char *provider, const char *name)
{
    return (struct model){.name = str_c(name),
                          .quirks = share_quirks(provider, "openai"),
                          .rules = share_rules(name)};
}

static struct chat_request *read_chat(struct arena *arena, str body)
{
    struct chat_request *chat = NULL;
    struct fault fault = {0};

    if (openai_chat_surface.decode_request(body, arena, &chat, &fault) != ERR_OK) {
        fail_msg(STR_FMT ": " STR_FMT, STR_ARG(body), STR_ARG(fault.message));
    }
    return chat;
}

static str names_of(struct arena *arena, const struct drops *drops)
{
    str names = STR("");

    for (size_t i = 0; i < drops->count; i++) {
        names = arena_printf(arena, STR_FMT STR_FMT " ", STR_ARG(names), STR_ARG(drops->at[i]));
    }
    return names;
}

static void requests_are_written_as_the_provider_takes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct provider_request request = {0};
        struct fault fault = {0};
        struct model model = model_of(cases[i].provider, cases[i].model);
        struct chat_request *chat = read_chat(&arena, arena_printf(&arena, "{%s}", cases[i].body));
        str want = arena_printf(&arena, "{\"model\":\"%s\",%s}", cases[i].model, cases[i].sent);
        str path = cases[i].path != NULL ? str_c(cases[i].path) : STR("/chat/completions");
        if (openai_chat_dialect.encode_request(chat, &model, &arena, &request, &fault) != ERR_OK) {
            fail_msg("%s: " STR_FMT, cases[i].name, STR_ARG(fault.message));
        }
        if (!str_eq(request.http.body, want)) {
            fail_msg("%s:\ngot  " STR_FMT "\nwant " STR_FMT, cases[i].name,
                     STR_ARG(request.http.body), STR_ARG(want));
        }
        assert_str_equal(names_of(&arena, &request.drops), str_c(cases[i].drops));
        assert_str_equal(request.hints.prefill, str_c(cases[i].prefill));
        assert_str_equal(request.http.path, path);
        arena_reset(&arena);
    }
}

static void what_cannot_be_said_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        const char *model;
        const char *body;
        const char *param;
    } refusals[] = {
        {"openai", "gpt-4o-search-preview", HI "," TOOLS, "tools"},
        {"openai", "gpt-3.5-turbo",
         "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"https://a.example/x.png\"}}]}]",
         "messages[0].content[0]"},
        {"deepseek", "deepseek-chat",
         "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"See\"},"
         "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AA==\"}}]}]",
         "messages[0].content[1]"},
        {"ollama", "llava",
         "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"https://a.example/x.png\"}}]}]",
         "messages[0].content[0]"},
    };

    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct arena arena = {0};
        struct provider_request request = {0};
        struct fault fault = {0};
        struct model model = model_of(refusals[i].provider, refusals[i].model);
        struct chat_request *chat =
            read_chat(&arena, arena_printf(&arena, "{%s}", refusals[i].body));
        assert_int_equal(openai_chat_dialect.encode_request(chat, &model, &arena, &request, &fault),
                         ERR_INVALID);
        assert_str_equal(fault.param, str_c(refusals[i].param));
        assert_true(fault.retryable);
        assert_true(fault.message.len > 0);
        arena_reset(&arena);
    }
}

/* Who takes images as data only is sent what was fetched; others the URL. */
static void fetched_images_are_sent_as_data(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        bool needs_bytes;
    } providers[] = {{"ollama", true}, {"moonshot", true}, {"openai", false}, {"mistral", false}};

    for (size_t i = 0; i < COUNT_OF(providers); i++) {
        struct arena arena = {0};
        struct provider_request request = {0};
        struct fault fault = {0};
        struct model model = model_of(providers[i].provider, "m");
        struct chat_request *chat = read_chat(
            &arena, STR("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
                        "\"image_url\":{\"url\":\"https://a.example/x.png\"}}]}]}"));
        struct chat_part *part = &chat->messages[0].parts[0];
        assert_int_equal(openai_chat_dialect.needs_bytes(part, &model), providers[i].needs_bytes);
        part->mime = STR("image/png");
        part->data = STR("AAAA");
        assert_int_equal(openai_chat_dialect.encode_request(chat, &model, &arena, &request, &fault),
                         ERR_OK);
        str want = providers[i].needs_bytes ? STR("\"data:image/png;base64,AAAA\"")
                                            : STR("\"https://a.example/x.png\"");
        assert_true(str_find(request.http.body, want) < request.http.body.len);
        arena_reset(&arena);
    }
}

/* A request in the provider's own words says the same after it was read and written. */
static void own_words_survive(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        const char *body;
    } own[] = {
        {"mistral", "\"random_seed\":7,\"safe_prompt\":true"},
        {"deepseek", "\"thinking\":{\"type\":\"enabled\"},\"logprobs\":true"},
        {"alibaba", "\"enable_thinking\":false"},
        {"zai", "\"thinking\":{\"type\":\"enabled\",\"clear_thinking\":false}"},
        {"vllm", "\"min_tokens\":3,\"top_k\":5,\"structured_outputs\":{\"regex\":\"a\"}"},
        {"perplexity", "\"search_context_size\":\"low\",\"web_search_options\":{\"a\":1}"},
        {"venice", "\"venice_parameters\":{\"a\":1}"},
        {"cerebras", "\"reasoning_effort\":\"low\",\"clear_thinking\":false"},
    };

    for (size_t i = 0; i < COUNT_OF(own); i++) {
        struct arena arena = {0};
        struct fault fault = {0};
        struct model model = model_of(own[i].provider, "m");
        str once = arena_printf(&arena, "{" HI ",%s}", own[i].body);
        for (int round = 0; round < 2; round++) {
            struct provider_request request = {0};
            struct chat_request *chat = read_chat(&arena, once);
            assert_int_equal(
                openai_chat_dialect.encode_request(chat, &model, &arena, &request, &fault), ERR_OK);
            assert_int_equal(request.drops.count, 0);
            str body = round == 0 ? STR_NONE : once;
            assert_true(body.len == 0 || str_eq(request.http.body, body));
            once = request.http.body;
        }
        assert_true(str_find(once, str_c(own[i].body)) < once.len);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written_as_the_provider_takes_them),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(fetched_images_are_sent_as_data),
        cmocka_unit_test(own_words_survive),
    };

    return cmocka_run_group_tests_name("openai_quirks", tests, NULL, NULL);
}
