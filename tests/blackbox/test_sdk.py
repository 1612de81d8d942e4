"""The official SDKs: streaming helpers, tool loops, error classes, models."""
import json

import openai
import pytest

from answers import ANTHROPIC, OPENAI

FAMILIES = {"test/gpt": OPENAI, "test/claude": ANTHROPIC}
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
HI = [{"role": "user", "content": "hi"}]


@pytest.fixture
def client(gateway):
    return openai.OpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0)


both = pytest.mark.parametrize("model", FAMILIES)


# ---- streaming helpers --------------------------------------------------------------------------

@both
def test_python_stream_helper_gathers_the_answer(client, model):
    with client.chat.completions.stream(model=model, messages=HI) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(deltas) == "Hello there!"
    assert final.choices[0].message.content == "Hello there!"
    assert final.choices[0].finish_reason == "stop"
    assert final.usage.prompt_tokens == 9 and final.usage.completion_tokens == 3


@both
def test_python_stream_helper_gathers_parallel_tool_calls(client, provider, model):
    family = FAMILIES[model]
    provider.streams(family.stream_calls([family.call("get_weather", {"city": "Paris"}, "call_a"),
                                          family.call("get_weather", {"city": "Rome"}, "call_b")]))
    with client.chat.completions.stream(model=model, messages=HI, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Rome"]
    assert [call.id for call in calls] == ["call_a", "call_b"]
    assert final.choices[0].finish_reason == "tool_calls"


@both
def test_javascript_stream_helper_gathers_the_answer(node, model):
    seen = json.loads(node("stream_helper.mjs", MODEL=model))
    assert seen["content"] == "Hello there!"
    assert seen["choice"]["finish_reason"] == "stop"
    assert seen["usage"]["total_tokens"] == 12


@both
def test_javascript_stream_helper_gathers_parallel_tool_calls(node, provider, model):
    family = FAMILIES[model]
    provider.streams(family.stream_calls([family.call("get_weather", {"city": "Paris"}, "call_a"),
                                          family.call("get_weather", {"city": "Rome"}, "call_b")]))
    seen = json.loads(node("stream_helper.mjs", MODEL=model, TOOLS=json.dumps([WEATHER])))
    assert [(index, name, json.loads(arguments)["city"]) for index, name, arguments in seen["tools"]] == [
        (0, "get_weather", "Paris"), (1, "get_weather", "Rome")]


# ---- tool loops ---------------------------------------------------------------------------------

@both
def test_python_tool_loop(client, provider, model):
    family = FAMILIES[model]

    async def asks_for_tool(exchange):
        await exchange.reply(200, family.whole("", [family.call("get_weather", {"city": "Paris"}, "call_a")]))

    async def answers(exchange):
        await exchange.reply(200, family.whole("It is sunny in Paris."))

    provider.in_turn(asks_for_tool, answers)
    messages = [{"role": "user", "content": "How is the weather in Paris?"}]
    first = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert first.choices[0].finish_reason == "tool_calls"
    [call] = first.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    second = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert second.choices[0].message.content == "It is sunny in Paris."
    assert "sunny" in json.dumps(provider.last.json["messages"])
    assert "call_a" in json.dumps(provider.last.json["messages"])


@both
@pytest.mark.parametrize("stream", ["0", "1"])
def test_javascript_run_tools(node, provider, model, stream):
    family = FAMILIES[model]
    calls = [family.call("get_weather", {"city": "Paris"}, "call_a")]

    async def asks_for_tool(exchange):
        if exchange.request.streams:
            await exchange.stream(family.stream_calls(calls))
        else:
            await exchange.reply(200, family.whole("", calls))

    async def answers(exchange):
        if exchange.request.streams:
            await exchange.stream(family.stream(["It is ", "sunny."]))
        else:
            await exchange.reply(200, family.whole("It is sunny."))

    provider.in_turn(asks_for_tool, answers)
    seen = json.loads(node("run_tools.mjs", MODEL=model, STREAM=stream))
    assert seen == {"called": [{"city": "Paris"}], "content": "It is sunny."}
    assert "sunny in Paris" in json.dumps(provider.last.json["messages"])


# ---- errors -------------------------------------------------------------------------------------

def test_an_unknown_key_is_an_authentication_error(gateway):
    client = openai.OpenAI(base_url=gateway.base_url, api_key="sk-gh-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model="test/gpt", messages=HI)
    assert caught.value.status_code == 401
    assert caught.value.request_id


def test_an_unknown_model_is_a_not_found_error_with_a_suggestion(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="test/gpd", messages=HI)
    assert "test/gpd" in caught.value.message and "test/gpt" in caught.value.message


def test_a_wrong_parameter_is_a_bad_request_error_that_names_it(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="test/gpt", messages=HI, temperature=7)
    assert caught.value.param == "temperature" or "temperature" in caught.value.message


@both
def test_a_limited_provider_is_a_rate_limit_error_with_its_wait(client, provider, model):
    provider.replies(429, FAMILIES[model].refusal("slow down", type_="rate_limit_error"), {"Retry-After": "7"})
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=model, messages=HI)
    assert caught.value.response.headers["retry-after"] == "7"


@both
def test_a_broken_provider_is_an_internal_server_error(client, provider, model):
    provider.replies(500, FAMILIES[model].refusal("oh no", type_="api_error"))
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model=model, messages=HI)


def test_an_error_within_a_stream_is_raised_by_python(client, provider):
    async def breaks(exchange):
        await exchange.start_stream()
        for event in [OPENAI.first(), *OPENAI.words(["Hel", "lo"])]:
            await exchange.chunk(event)
        exchange.reset()

    provider.script = breaks
    said = []
    with pytest.raises(openai.APIError):
        for chunk in client.chat.completions.create(model="test/gpt", messages=HI, stream=True):
            said.append(chunk.choices[0].delta.content or "")
    assert "".join(said) in ("", "Hel", "Hello")


@pytest.mark.parametrize("model, status, name", [
    ("test/nothing", 404, "NotFoundError"), ("test/gpt", 429, "RateLimitError"), ("test/gpt", 500, "InternalServerError"),
    ("test/gpt", 400, "BadRequestError"), ("test/claude", 529, "InternalServerError"),
])
def test_javascript_error_classes(node, provider, model, status, name):
    word = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
    provider.replies(status, FAMILIES.get(model, OPENAI).refusal("the provider says no", type_=word))
    seen = json.loads(node("errors.mjs", MODEL=model))
    assert seen["name"] == name
    assert seen["requestID"]


def test_an_error_within_a_stream_is_raised_by_javascript(node, provider):
    async def breaks(exchange):
        await exchange.start_stream()
        await exchange.chunk(OPENAI.first())
        await exchange.chunk(OPENAI.words(["Hello"])[0])
        await exchange.end()

    provider.script = breaks
    seen = json.loads(node("errors.mjs", MODEL="test/gpt", STREAM="1"))
    assert seen["name"] in ("APIError", "InternalServerError")


# ---- models -------------------------------------------------------------------------------------

def test_models_are_listed_and_found_by_python(client):
    ids = [model.id for model in client.models.list()]
    assert {"test/gpt", "test/claude", "demo/echo"} <= set(ids)
    model = client.models.retrieve("test/gpt")
    assert model.id == "test/gpt" and model.object == "model" and isinstance(model.created, int)


def test_models_are_listed_and_found_by_javascript(node):
    seen = json.loads(node("models.mjs"))
    assert {"test/gpt", "test/claude"} <= set(seen["ids"])
    assert seen["one"]["id"] == "test/gpt"
    assert seen["one"]["context_length"] == 128000
    assert seen["one"]["pricing"]["prompt"] == "0.0000025"
