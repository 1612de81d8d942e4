"""What a provider cannot be told: named in a header, or refused for who wants all or nothing."""
import pytest

from answers import ANTHROPIC, OPENAI
from gateway import PROVIDER_KEY, Gateway

MODELS = {
    "openai": "openai/gpt-4o",
    "anthropic": "anthropic/claude-3-opus",
    "gemini": "gemini/gemini-2.5-flash",
    "bedrock": "bedrock/amazon.nova-lite-v1:0",
    "ollama": "ollama/gemma3",
}
# What the client asks -> the names that each provider's own documentation has no word for.
ASKED = {"top_k": 5, "min_p": 0.1, "top_a": 0.2, "frequency_penalty": 0.5, "repetition_penalty": 1.1, "seed": 7,
         "logit_bias": {"50256": -100}, "user": "u-1", "verbosity": "low", "safe_prompt": True}
DROPPED = {
    "openai": {"top_k", "min_p", "top_a", "repetition_penalty", "verbosity"},
    "anthropic": {"min_p", "top_a", "frequency_penalty", "repetition_penalty", "seed", "logit_bias", "verbosity",
                  "safe_prompt"},
    "gemini": {"min_p", "top_a", "repetition_penalty", "logit_bias", "user", "verbosity", "safe_prompt"},
    "bedrock": {"min_p", "top_a", "frequency_penalty", "repetition_penalty", "seed", "logit_bias", "user",
                "verbosity", "safe_prompt"},
    "ollama": {"top_a", "logit_bias", "user", "verbosity", "safe_prompt"},
}
USUAL = {"n": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0.0, "logprobs": False, "logit_bias": {},
         "modalities": ["text"], "parallel_tool_calls": True, "service_tier": "auto", "store": False, "seed": None}
ALL_OR_NOTHING = {"provider": {"require_parameters": True}}


@pytest.fixture(scope="module")
def shared_clouds(shared_provider, tmp_path_factory):
    base = f"http://127.0.0.1:{shared_provider.port}"
    providers = [{"name": name, "base_url": base + ("/v1" if name == "openai" else ""), "api_key": PROVIDER_KEY}
                 for name in MODELS]
    providers[list(MODELS).index("bedrock")]["region"] = "eu-west-1"
    gateway = Gateway(tmp_path_factory.mktemp("clouds"), {
        "listen": "127.0.0.1:0", "workers": 1, "providers": providers,
        "models": [{"id": "test/both", "endpoints": [{"provider": "anthropic", "model": "claude-3-opus"},
                                                     {"provider": "openai", "model": "gpt-4o"}]}],
    }).wait_ready()
    yield gateway
    gateway.stop()


@pytest.fixture
def clouds(shared_clouds, provider):
    yield shared_clouds
    shared_clouds.check_log()


def dropped(answer):
    return set(answer.headers["x-gatehouse-dropped"].split(", ")) if "x-gatehouse-dropped" in answer.headers else set()


def members(value):
    """All names of a request's members, in whatever depth."""
    if isinstance(value, dict):
        return set(value).union(*map(members, value.values()))
    return set().union(*map(members, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_what_is_dropped_is_named(clouds, provider, name, stream):
    answer = clouds.chat(MODELS[name], stream=stream, **ASKED)
    assert answer.status == 200, answer.body
    assert dropped(answer) == DROPPED[name]
    assert not DROPPED[name] & members(provider.last.json)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_where_nothing_is_dropped_there_is_no_header(clouds, name, stream):
    for asked in ({}, {"max_tokens": 50, "stop": ["END"], "temperature": 0.5}, USUAL | ALL_OR_NOTHING):
        answer = clouds.chat(MODELS[name], stream=stream, **asked)
        assert answer.status == 200, answer.body
        assert dropped(answer) == set()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_who_wants_all_or_nothing_gets_nothing(clouds, provider, name, stream):
    answer = clouds.chat(MODELS[name], stream=stream, **ASKED, **ALL_OR_NOTHING)
    assert answer.status == 404 and answer.headers["content-type"].startswith("application/json")
    error = answer.error
    assert error["code"] == 404 and error["metadata"]["error_type"] == "not_found"
    words, _, names = error["message"].partition(" Not supported: ")
    assert words == "No endpoints found that can handle the requested parameters (provider.require_parameters)."
    assert set(names.removesuffix(".").split(", ")) == DROPPED[name]
    assert provider.requests == [] and dropped(answer) == set()
    row = clouds.row(answer.id)
    assert row["status"] == 404 and row["attempts"] == 0


@pytest.mark.parametrize("stream", [False, True])
def test_who_wants_all_or_nothing_is_served_by_who_can(clouds, provider, stream):
    answer = clouds.chat("test/both", stream=stream, seed=7, **ALL_OR_NOTHING)
    assert answer.status == 200 and dropped(answer) == set()
    [request] = provider.requests
    assert request.path == "/v1/chat/completions" and request.json["seed"] == 7


@pytest.mark.parametrize("asked", [{}, {"provider": None}, {"provider": {"require_parameters": None}},
                                   {"provider": {"require_parameters": False}}])
def test_who_does_not_want_that_is_served_by_the_first(clouds, provider, asked):
    answer = clouds.chat("test/both", seed=7, **asked)
    assert answer.status == 200 and dropped(answer) == {"seed"}
    assert provider.last.path == "/v1/messages"


def test_the_header_tells_of_the_provider_that_answered(clouds, provider):
    async def fails(exchange):
        await exchange.reply(529, ANTHROPIC.refusal("Overloaded", "overloaded_error"))

    async def serves(exchange):
        await exchange.reply(200, OPENAI.whole("Hello there!"))

    provider.in_turn(fails, serves)
    answer = clouds.chat("test/both", seed=7, top_k=5)
    assert answer.status == 200 and len(provider.requests) == 2
    assert dropped(answer) == {"top_k"}


def test_names_that_clients_invent_cannot_break_the_header(clouds):
    answer = clouds.chat(MODELS["anthropic"], **{"a\r\nSet-Cookie: x=1": 1, "ä": 2, "b, c": 3, "x" * 600: 4})
    assert answer.status == 200 and "set-cookie" not in answer.headers
    assert dropped(answer) == {"aSet-Cookiex1", "bc"}
