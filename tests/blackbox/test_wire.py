"""The exact shapes of answers, and what reaches the provider."""
import json
import re

import pytest

from answers import ANTHROPIC, OPENAI, data
from gateway import PROVIDER_KEY, Reader
from provider import wait_until

both = pytest.mark.parametrize("model", ["test/gpt", "test/claude"])
FINISHES = {"stop", "length", "tool_calls", "content_filter", "error"}


@both
def test_a_whole_answer_has_every_field(gateway, model):
    answer = gateway.chat(model)
    body = answer.json
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert body["id"].startswith("gen-") and body["id"] == answer.headers["x-generation-id"]
    assert answer.headers["x-request-id"]
    assert body["object"] == "chat.completion" and isinstance(body["created"], int)
    assert body["model"] == model and isinstance(body["provider"], str)
    assert isinstance(body["system_fingerprint"], str)
    [choice] = body["choices"]
    assert choice["index"] == 0 and choice["finish_reason"] == "stop"
    assert choice["native_finish_reason"] == ("stop" if model == "test/gpt" else "end_turn")
    assert choice["message"]["role"] == "assistant" and choice["message"]["content"] == "Hello there!"
    assert "tool_calls" not in choice["message"]
    usage = body["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (9, 3, 12)
    assert usage["cost"] == pytest.approx(9 * 0.0000025 + 3 * 0.00001)


@both
def test_a_stream_has_the_order_that_all_clients_accept(gateway, model):
    answer = gateway.chat(model, stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    *chunks, usage, done = answer.events
    assert done == "[DONE]" and answer.body.endswith(b"data: [DONE]\n\n")
    assert usage["choices"] == [] and usage["usage"]["total_tokens"] == 12
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    for chunk in [*chunks, usage]:
        assert chunk["id"] == answer.id and chunk["object"] == "chat.completion.chunk"
        assert chunk["model"] == model and chunk["created"] == usage["created"]
        assert "error" not in chunk and isinstance(chunk["system_fingerprint"], str)
    for chunk in chunks:
        assert "usage" not in chunk
        [choice] = chunk["choices"]
        assert choice["index"] == 0 and isinstance(choice["delta"], dict)
        assert "finish_reason" in choice and "native_finish_reason" in choice
    finishes = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert finishes[-1] == "stop" and set(finishes[:-1]) == {None}
    assert answer.text == "Hello there!"
    assert not re.search(rb"^(id|retry|event):", answer.body, re.M)


@both
def test_the_row_tells_what_happened(gateway, model):
    for stream in (False, True):
        row = gateway.row(gateway.chat(model, stream=stream).id)
        assert row["status"] == 200 and row["model"] == model and row["streamed"] == stream
        assert row["provider"] == ("mock" if model == "test/gpt" else "mockthropic")
        assert (row["prompt_tokens"], row["completion_tokens"]) == (9, 3)
        assert row["finish_reason"] == "stop" and row["error_type"] == "" and row["attempts"] == 1
        assert row["key_id"] and row["total_us"] > 0 and row["cost_nanousd"] == 9 * 2500 + 3 * 10000
        assert row["upstream_model"] in ("gpt-real", "claude-sonnet-4-5-20250929")


def test_an_alias_is_the_model(gateway):
    assert gateway.chat("gpt-test").json["model"] == "test/gpt"


@both
@pytest.mark.parametrize("stream", [False, True])
def test_the_provider_is_asked_as_the_client_asked(gateway, provider, model, stream):
    gateway.chat(model, stream=stream, text="grüße 🌊", temperature=0.5)
    request = provider.last
    assert request.method == "POST"
    assert request.path == ("/v1/chat/completions" if model == "test/gpt" else "/v1/messages")
    assert request.headers["host"] == f"127.0.0.1:{provider.port}"
    assert bool(request.json.get("stream")) == stream
    assert request.json["model"] == ("gpt-real" if model == "test/gpt" else "claude-sonnet-4-5-20250929")
    assert request.json["temperature"] == 0.5
    assert "grüße 🌊" in json.dumps(request.json["messages"], ensure_ascii=False)
    key = request.headers.get("x-api-key") or request.headers["authorization"].removeprefix("Bearer ")
    assert key == PROVIDER_KEY
    assert gateway.key not in str(request.header_lines) and gateway.key.encode() not in request.body


def test_unknown_parameters_reach_a_provider_that_takes_extras(gateway, provider):
    assert gateway.chat("test/gpt", safe_prompt=True, top_k=None).status == 200
    assert provider.last.json["safe_prompt"] is True


def test_unknown_parts_reach_a_provider_of_the_same_format(gateway, provider):
    part = {"type": "smell", "smell": {"of": "roses"}}
    answer = gateway.post({"model": "test/gpt", "messages": [{"role": "user", "content": [part]}]})
    assert answer.status == 200
    assert provider.last.json["messages"][0]["content"] == [part]


def test_parameters_that_the_format_lacks_are_dropped(gateway, provider):
    assert gateway.chat("test/claude", logit_bias={"50256": -100}, frequency_penalty=0.5).status == 200
    assert "logit_bias" not in provider.last.json and "frequency_penalty" not in provider.last.json


def test_system_prompts_and_stop_sequences_become_anthropics(gateway, provider):
    answer = gateway.post({"model": "test/claude", "stop": ["END"], "max_tokens": 77, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]})
    assert answer.status == 200
    sent = provider.last.json
    assert "Be brief." in json.dumps(sent["system"])
    assert sent["stop_sequences"] == ["END"] and sent["max_tokens"] == 77
    assert provider.last.headers["anthropic-version"]


@both
def test_a_prefill_is_continued(gateway, provider, model):
    answer = gateway.post({"model": model, "messages": [
        {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Well, "}]})
    assert answer.status == 200
    assert provider.last.json["messages"][-1]["role"] == "assistant"
    assert "Well," in json.dumps(provider.last.json["messages"][-1])


@both
@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_is_answered_with_text(gateway, model, stream):
    answer = gateway.post({"model": model, "prompt": "hi", "stream": stream})
    assert answer.status == 200
    if stream:
        chunks = [event for event in answer.events if event != "[DONE]"]
        assert "".join(c.get("text") or "" for chunk in chunks for c in chunk["choices"]) == "Hello there!"
    else:
        assert answer.json["choices"][0]["text"] == "Hello there!"


@both
def test_images_reach_the_provider(gateway, provider, model):
    pixel = "iVBORw0KGgo="
    answer = gateway.post({"model": model, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}}]}]})
    assert answer.status == 200
    assert pixel in json.dumps(provider.last.json["messages"])


@pytest.mark.parametrize("model, family, native, finish", [
    ("test/gpt", OPENAI, "length", "length"), ("test/gpt", OPENAI, "content_filter", "content_filter"),
    ("test/claude", ANTHROPIC, "max_tokens", "length"), ("test/claude", ANTHROPIC, "stop_sequence", "stop"),
    ("test/claude", ANTHROPIC, "refusal", "content_filter"),
])
@pytest.mark.parametrize("stream", [False, True])
def test_finish_reasons_are_ours_and_verbatim(gateway, provider, model, family, native, finish, stream):
    if stream:
        provider.streams(family.stream(["Hel", "lo"], native))
        answer = gateway.chat(model, stream=True)
        [choice] = [c for event in answer.events[:-1] for c in event["choices"] if c["finish_reason"]]
    else:
        provider.replies(200, family.whole("Hello", finish=native))
        answer = gateway.chat(model)
        [choice] = answer.json["choices"]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == (finish, native)
    row = gateway.row(answer.id)
    assert (row["finish_reason"], row["native_finish_reason"]) == (finish, native)


def test_a_silent_provider_is_covered_by_comments(gateway, provider):
    gate = provider.gate()

    async def thinks_first(exchange):
        await exchange.start_stream()
        await exchange.chunk(OPENAI.first())
        await gate.passed()
        for event in OPENAI.words(["Hello"]) + OPENAI.last():
            await exchange.chunk(event)
        await exchange.end()

    provider.script = thinks_first
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "stream": True,
                                          "messages": [{"role": "user", "content": "hi"}]}))
        reader = Reader(sock)
        assert reader.head()[0] == 200
        reader.until(b": GATEHOUSE PROCESSING\n\n")
        reader.until(b": GATEHOUSE PROCESSING\n\n")
        gate.open()
        reader.until(b"data: [DONE]\n\n")


def test_nothing_is_told_before_the_provider_has_spoken(gateway, provider):
    """Also no comment: the status is still open."""
    gate = provider.gate()

    async def refuses_late(exchange):
        await gate.passed()
        await exchange.reply(429, OPENAI.refusal("slow down"))

    provider.script = refuses_late
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "stream": True,
                                          "messages": [{"role": "user", "content": "hi"}]}))
        provider.wait_for_requests(1)
        sock.settimeout(0.35)  # three comments long
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(10)
        gate.open()
        answer = Reader(sock).answer()
    assert answer.status == 429 and answer.error["code"] == 429


def test_an_event_is_passed_on_when_it_comes(gateway, provider):
    """Each word must be seen by the client before the next one is sent."""
    words = ["one ", "two ", "three "]
    gates = [provider.gate() for _ in words]

    async def waits_for_each(exchange):
        await exchange.start_stream()
        await exchange.chunk(OPENAI.first())
        for word, gate in zip(OPENAI.words(words), gates):
            await exchange.chunk(word)
            await gate.passed()
        for event in OPENAI.last():
            await exchange.chunk(event)
        await exchange.end()

    provider.script = waits_for_each
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "stream": True,
                                          "messages": [{"role": "user", "content": "hi"}]}))
        reader = Reader(sock)
        for word, gate in zip(words, gates):
            reader.until(json.dumps(word).encode())
            gate.open()
        reader.until(b"data: [DONE]\n\n")


@both
def test_a_stream_that_comes_one_byte_at_a_time_is_the_same(gateway, provider, model):
    family = OPENAI if model == "test/gpt" else ANTHROPIC

    async def drips(exchange):
        await exchange.start_stream()
        for byte in "".join(family.stream(["Hello", " wörld", " 🌊"])).encode():
            await exchange.chunk(bytes([byte]))
        await exchange.end()

    provider.script = drips
    assert gateway.chat(model, stream=True).text == "Hello wörld 🌊"


def test_reasoning_is_passed_on(gateway, provider):
    provider.streams([OPENAI.first(), OPENAI.piece({"reasoning_content": "Let me think."}), *OPENAI.words(["Yes"]),
                      *OPENAI.last()])
    answer = gateway.chat("test/gpt", stream=True)
    deltas = [c["delta"] for event in answer.events[:-1] for c in event["choices"]]
    assert "".join(delta.get("reasoning") or "" for delta in deltas) == "Let me think."
    assert answer.text == "Yes"


def test_comments_and_carriage_returns_of_the_provider_do_no_harm(gateway, provider):
    pieces = [": hello\n\n", "\r\n", OPENAI.first(), *(w.replace("\n", "\r\n") for w in OPENAI.words(["a", "b"])),
              ": ping\r\n\r\n", *OPENAI.last()]
    provider.streams(pieces)
    answer = gateway.chat("test/gpt", stream=True)
    assert answer.text == "ab" and answer.events[-1] == "[DONE]"


def test_usage_of_a_provider_that_gives_none_is_not_invented(gateway, provider):
    provider.streams([OPENAI.first(), *OPENAI.words(["a"]), OPENAI.piece({}, "stop"), data("[DONE]")])
    answer = gateway.chat("test/gpt", stream=True)
    assert answer.events[-1] == "[DONE]"
    assert gateway.row(answer.id)["usage_known"] == 0


# ---- the demo -----------------------------------------------------------------------------------

def test_the_demo_echoes_word_by_word(gateway, provider):
    answer = gateway.chat("demo/echo", stream=True, text="one two three four")
    assert "one two three four" in answer.text
    assert len(answer.events) > 5
    assert provider.requests == []
    assert gateway.row(answer.id)["model"] == "demo/echo"


def test_the_demo_is_labelled(gateway):
    assert "demo" in gateway.chat("demo/echo").json["provider"].lower()
    [model] = [m for m in gateway.get("/v1/models").json["data"] if m["id"] == "demo/echo"]
    assert "demo" in json.dumps(model).lower()


def test_the_demo_honours_max_tokens_and_stop(gateway):
    short = gateway.chat("demo/echo", text="one two three four five six", max_tokens=2)
    assert short.json["choices"][0]["finish_reason"] == "length"
    assert short.json["usage"]["completion_tokens"] <= 2
    stopped = gateway.chat("demo/echo", text="alpha beta gamma delta", stop="gamma")
    text = stopped.json["choices"][0]["message"]["content"]
    assert "alpha beta" in text and "gamma" not in text


def test_the_demo_can_be_asked_for_a_tool_call(gateway):
    answer = gateway.chat("demo/echo", tool_choice="required", tools=[
        {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}])
    [choice] = answer.json["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])


def test_the_demo_is_off_when_the_configuration_says_so(start):
    gateway = start({"listen": "127.0.0.1:0", "demo": False})
    assert gateway.chat("demo/echo").status == 404


# ---- other pages --------------------------------------------------------------------------------

@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
def test_both_prefixes_serve_the_same(gateway, prefix):
    assert gateway.get(f"{prefix}/models").status == 200
    answer = gateway.post({"model": "test/gpt", "messages": [{"role": "user", "content": "hi"}]},
                          f"{prefix}/chat/completions")
    assert answer.status == 200 and answer.id.startswith("gen-")


def test_the_list_of_models_suits_all_sdks(gateway):
    body = gateway.get("/v1/models").json
    assert body["object"] == "list" and body["has_more"] is False
    [model] = [m for m in body["data"] if m["id"] == "test/gpt"]
    assert model["object"] == "model" and isinstance(model["created"], int) and isinstance(model["owned_by"], str)
    assert model["pricing"]["prompt"] == "0.0000025" and model["pricing"]["completion"] == "0.00001"
    assert model["context_length"] == 128000
    assert isinstance(model["supported_parameters"], list) and isinstance(model["architecture"]["input_modalities"], list)


def test_a_model_is_found_by_its_percent_encoded_name(gateway):
    assert gateway.get("/v1/models/test%2Fgpt").json["id"] == "test/gpt"
    missing = gateway.get("/v1/models/test%2Fnothing")
    assert missing.status == 404 and missing.error["code"] == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_key(gateway, path):
    assert gateway.get(path, headers={}).status == 200


def test_version_and_root_say_what_this_is(gateway):
    assert re.search(r"\d+\.\d+\.\d+", gateway.get("/version", headers={}).body.decode())
    assert b"atehouse" in gateway.get("/", headers={}).body


@pytest.mark.parametrize("path", ["/v1/chat/completion", "/v2/chat/completions", "/chat/completionz"])
def test_an_unknown_path_is_a_json_404_with_a_hint(gateway, path):
    answer = gateway.post({}, path)
    assert answer.status == 404 and answer.headers["content-type"].startswith("application/json")
    assert answer.error["code"] == 404 and "/chat/completions" in answer.error["message"]
    assert answer.headers["x-request-id"]


# ---- clients that go away -----------------------------------------------------------------------

@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_cancels_the_provider_and_leaves_a_row(gateway, provider, stream):
    closed = provider.gate()
    seen = []

    async def waits(exchange):
        if exchange.request.streams:
            await exchange.start_stream()
            await exchange.chunk(OPENAI.first())
            await exchange.chunk(OPENAI.words(["Hello"])[0])
        await exchange.gone()
        seen.append("gone")
        closed.open()

    provider.script = waits
    count = len(gateway.rows())
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "stream": stream,
                                          "messages": [{"role": "user", "content": "hi"}]}))
        provider.wait_for_requests(1)
        if stream:
            Reader(sock).until(b"Hello")
    wait_until(lambda: seen, "the provider to see the end")
    # Rows of the tests before may still be on their way.
    [row] = wait_until(lambda: [row for row in gateway.rows()[count:] if row["cancelled"]], "the row")
    assert row["model"] == "test/gpt"
    assert row["status"] == (200 if stream else row["status"])
