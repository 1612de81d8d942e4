"""Everything a provider can get wrong: what the client is told, and what the row says."""
import json
import ssl

import pytest

from answers import ANTHROPIC, OPENAI, data, event
from conftest import config_for
from gateway import PROVIDER_KEY, Reader
from provider import Closed, Provider

FAMILIES = {"test/gpt": OPENAI, "test/claude": ANTHROPIC}
both = pytest.mark.parametrize("model", FAMILIES)
streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
UNAVAILABLE = (502, 503, 504)


def check_refused(gateway, answer, statuses, port=None):
    """A plain JSON error with its status, and the row of it."""
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    assert answer.status in statuses, answer.body[:500]
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.error
    assert error["code"] == answer.status and error["message"]
    assert PROVIDER_KEY not in answer.body.decode() and gateway.key not in answer.body.decode()
    if port:
        assert str(port) not in answer.body.decode(), "the provider's address is told"
    row = gateway.row(answer.id)
    assert row["status"] == answer.status and row["error_type"] and row["error_message"]
    assert row["finish_reason"] in ("", "error")
    return error, row


def check_broken(gateway, answer, said):
    """A stream that began, then told in band that it broke."""
    assert answer.status == 200
    *chunks, last, done = answer.events
    assert done == "[DONE]" and answer.body.count(b"[DONE]") == 1
    block = [b for b in answer.body.decode().split("\n\n") if b.startswith("data: {")][-1]
    assert block.startswith('data: {"error":'), "some clients find the error only when it comes first"
    assert last["error"]["code"] in UNAVAILABLE and last["error"]["message"]
    assert last["error"]["metadata"]["error_type"]
    assert last["choices"][0]["finish_reason"] == "error"
    assert all(choice["finish_reason"] is None for chunk in chunks for choice in chunk["choices"])
    assert answer.text == said
    row = gateway.row(answer.id)
    assert row["status"] == 200 and row["error_type"] and row["finish_reason"] in ("", "error")
    return last["error"]


# ---- refusals -----------------------------------------------------------------------------------

REFUSALS = {  # status of the provider: its word for it, what the client may be told
    400: ("invalid_request_error", 400),
    401: ("authentication_error", (401, 502)),
    403: ("permission_error", (403, 502)),
    404: ("not_found_error", (404, 502)),
    413: ("request_too_large", 413),
    422: ("invalid_request_error", 422),
    429: ("rate_limit_error", 429),
    500: ("api_error", (500, 502)),
    502: ("api_error", 502),
    503: ("api_error", 503),
    529: ("overloaded_error", (503, 529)),
}


@both
@streamed
@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_keeps_its_meaning(gateway, provider, model, stream, status):
    word, statuses = REFUSALS[status]
    provider.replies(status, FAMILIES[model].refusal("because", type_=word))
    answer = gateway.chat(model, stream=stream)
    _, row = check_refused(gateway, answer, statuses, provider.port)
    assert row["upstream_status"] == status and row["model"] == model


@both
@pytest.mark.parametrize("status", [500, 502, 503])
def test_the_providers_own_failure_is_not_blamed_on_the_client(gateway, provider, model, status):
    provider.replies(status, FAMILIES[model].refusal("because", type_="invalid_request_error"))
    check_refused(gateway, gateway.chat(model), (500, *UNAVAILABLE))


@both
def test_the_wait_of_a_limited_provider_is_passed_on(gateway, provider, model):
    provider.replies(429, FAMILIES[model].refusal("slow down"), {"Retry-After": "13"})
    answer = gateway.chat(model)
    assert answer.status == 429 and answer.headers["retry-after"] == "13"


@streamed
def test_a_page_of_html_is_an_error_of_the_provider(gateway, provider, stream):
    provider.replies(503, "<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"})
    check_refused(gateway, gateway.chat(stream=stream), 503, provider.port)


def test_a_secret_in_a_refusal_is_masked(gateway, provider):
    provider.replies(400, OPENAI.refusal(f"Incorrect API key provided: {PROVIDER_KEY}."))
    check_refused(gateway, gateway.chat(), (400, 401, 502))


# ---- before the first event ---------------------------------------------------------------------

async def resets(exchange):
    exchange.reset()


async def closes(exchange):
    exchange.close()


async def cuts_the_head(exchange):
    await exchange.send("HTTP/1.1 200 OK\r\nContent-")
    exchange.close()


async def speaks_no_http(exchange):
    await exchange.send("220 smtp.example.com ready\r\n\r\n")
    exchange.close()


async def answers_html(exchange):
    await exchange.reply(200, "<html>log in</html>", {"Content-Type": "text/html"})


async def answers_nothing(exchange):
    await exchange.reply(200, b"")


async def answers_broken_json(exchange):
    await exchange.reply(200, b'{"id": "x", "choices": [')


async def answers_other_json(exchange):
    await exchange.reply(200, b'"hello"')


async def sends_two_lengths(exchange):
    await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")
    await exchange.gone()


async def sends_a_bad_chunk(exchange):
    await exchange.head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    await exchange.send(b"zz\r\nhello\r\n")
    await exchange.gone()


async def cuts_the_length(exchange):
    await exchange.head(200, {"Content-Type": "application/json", "Content-Length": "5000"})
    await exchange.send(b'{"id": "x"')
    exchange.close()


async def cuts_the_chunks(exchange):
    await exchange.head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    await exchange.chunk(json.dumps(OPENAI.whole("Hello"))[:-20])
    exchange.close()


async def redirects(exchange):
    await exchange.reply(302, b"", {"Location": "http://127.0.0.1:1/"})


@streamed
@pytest.mark.parametrize("script", [
    resets, closes, cuts_the_head, speaks_no_http, answers_html, answers_nothing, answers_broken_json,
    answers_other_json, sends_two_lengths, sends_a_bad_chunk, cuts_the_length, cuts_the_chunks, redirects,
], ids=lambda script: script.__name__)
def test_nonsense_instead_of_an_answer_is_502(gateway, provider, script, stream):
    provider.script = script
    answer = gateway.chat(stream=stream)
    check_refused(gateway, answer, UNAVAILABLE, provider.port)
    # Only a connection that was idle may have died before the request came: that is tried once more.
    assert len(provider.requests) <= 2


async def streams_an_error_first(exchange):
    await exchange.stream([data(OPENAI.refusal("cannot", type_="server_error"))])


async def streams_nothing(exchange):
    await exchange.stream([])


async def streams_broken_json(exchange):
    await exchange.stream(["data: {\"id\": \n\n"])


async def streams_only_done(exchange):
    await exchange.stream([data("[DONE]")])


async def streams_comments_then_ends(exchange):
    await exchange.stream([": one\n\n", ": two\n\n"])


@pytest.mark.parametrize("script", [
    streams_an_error_first, streams_nothing, streams_broken_json, streams_only_done, streams_comments_then_ends,
], ids=lambda script: script.__name__)
def test_a_stream_that_breaks_before_its_first_event_is_a_plain_error(gateway, provider, script):
    provider.script = script
    check_refused(gateway, gateway.chat(stream=True), (500, *UNAVAILABLE), provider.port)


def test_an_anthropic_error_before_the_first_event_is_a_plain_error(gateway, provider):
    provider.streams([event("error", ANTHROPIC.refusal("Overloaded", "overloaded_error"))])
    check_refused(gateway, gateway.chat("test/claude", stream=True), (503, 529), provider.port)


# ---- after the first event ----------------------------------------------------------------------

def breaking(how):
    async def script(exchange):
        family = ANTHROPIC if exchange.request.path.endswith("messages") else OPENAI
        events = family.stream(["Hel", "lo", " world"])
        cut = next(i for i, piece in enumerate(events) if '"lo"' in piece) + 1
        await exchange.start_stream()
        for piece in events[:cut]:
            await exchange.chunk(piece)
        await how(exchange)
    return script


async def then_closes(exchange):
    exchange.close()


async def then_ends(exchange):
    await exchange.end()


async def then_sends_a_bad_chunk(exchange):
    await exchange.send(b"zz\r\n")
    await exchange.gone()


async def then_sends_broken_json(exchange):
    await exchange.chunk("data: {\"id\": oops}\n\n")
    await exchange.gone()


async def then_closes_within_an_event(exchange):
    await exchange.chunk("data: {\"id\": \"x\", \"choi")
    exchange.close()


async def then_sends_an_error(exchange):
    if exchange.request.path.endswith("messages"):
        await exchange.chunk(event("error", ANTHROPIC.refusal("Overloaded", "overloaded_error")))
    else:
        await exchange.chunk(data(OPENAI.refusal("The server had an error", type_="server_error")))
    await exchange.end()


@both
@pytest.mark.parametrize("how", [
    then_closes, then_ends, then_sends_a_bad_chunk, then_sends_broken_json, then_closes_within_an_event,
    then_sends_an_error,
], ids=lambda how: how.__name__)
def test_a_stream_that_breaks_says_so_and_never_looks_complete(gateway, provider, model, how):
    provider.script = breaking(how)
    answer = gateway.chat(model, stream=True)
    assert answer.status == 200 and answer.events[-1] == "[DONE]"
    last = answer.events[-2]
    assert last["choices"][0]["finish_reason"] == "error", last
    code = last["error"]["code"]
    assert code == 500 or code in UNAVAILABLE or code == 529
    row = gateway.row(answer.id)
    assert row["status"] == 200 and row["error_type"] and row["finish_reason"] in ("", "error")
    if code in UNAVAILABLE:
        check_broken(gateway, answer, "Hello")


def test_a_reset_within_a_stream_is_told_in_band(gateway, provider):
    """What a reset overtakes may be lost, so the script waits until the client has it."""
    gate = provider.gate()

    async def resets_later(exchange):
        await exchange.start_stream()
        for piece in [OPENAI.first(), *OPENAI.words(["Hello"])]:
            await exchange.chunk(piece)
        await gate.passed()
        exchange.reset()

    provider.script = resets_later
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "stream": True,
                                          "messages": [{"role": "user", "content": "hi"}]}))
        reader = Reader(sock)
        assert reader.head()[0] == 200
        reader.until(b"Hello")
        gate.open()
        reader.until(b'data: {"error":')
        reader.until(b"data: [DONE]\n\n")


def test_a_whole_answer_after_which_the_mark_is_missing_is_complete(gateway, provider):
    provider.streams([OPENAI.first(), *OPENAI.words(["Hello"]), OPENAI.piece({}, "stop"), OPENAI.usage()])
    answer = gateway.chat(stream=True)
    assert answer.events[-1] == "[DONE]" and answer.text == "Hello"
    assert "error" not in answer.events[-2]
    assert gateway.row(answer.id)["finish_reason"] == "stop"


# ---- slow and big -------------------------------------------------------------------------------

@pytest.fixture
def hasty(start, provider):
    return start(config_for(provider.port, limits={"event": "64KiB", "answer": "64KiB"}, timeouts={
        "first_byte": "200ms", "stream_idle": "200ms", "connect": "500ms", "tls": "300ms", "drain": "5s"}))


async def stalls(exchange):
    await exchange.gone()


@streamed
def test_a_provider_that_says_nothing_is_504_and_cancelled(hasty, provider, stream):
    provider.script = stalls
    check_refused(hasty, hasty.chat(stream=stream), 504, provider.port)


def test_a_provider_that_stalls_within_a_stream_is_told_in_band(hasty, provider):
    provider.script = breaking(stalls)
    check_broken(hasty, hasty.chat(stream=True), "Hello")


def test_a_provider_that_stalls_within_a_whole_answer_is_an_error(hasty, provider):
    async def stalls_within(exchange):
        await exchange.head(200, {"Content-Type": "application/json", "Content-Length": "5000"})
        await exchange.send(b'{"id"')
        await exchange.gone()

    provider.script = stalls_within
    check_refused(hasty, hasty.chat(), UNAVAILABLE, provider.port)


def test_an_event_over_the_limit_breaks_the_stream(hasty, provider):
    async def huge(exchange):
        await exchange.chunk(OPENAI.words(["x" * 70_000])[0])
        await exchange.gone()

    provider.script = breaking(huge)
    check_broken(hasty, hasty.chat(stream=True), "Hello")


def test_a_whole_answer_over_the_limit_is_an_error(hasty, provider):
    async def huge(exchange):
        try:
            await exchange.reply(200, OPENAI.whole("x" * 200_000))
        except ConnectionError:
            pass  # it need not read what it refuses

    provider.script = huge
    check_refused(hasty, hasty.chat(), UNAVAILABLE, provider.port)


def test_big_events_below_the_limit_are_passed_on(gateway, provider):
    text = "x" * 1_000_000
    provider.streams(OPENAI.stream([text, "end"]))
    assert gateway.chat(stream=True).text == text + "end"


# ---- no connection ------------------------------------------------------------------------------

@streamed
def test_a_provider_that_is_down_is_an_error_after_one_attempt(start, stream):
    closed = Closed()
    gateway = start(config_for(closed.port))
    check_refused(gateway, gateway.chat(stream=stream), UNAVAILABLE, closed.port)
    closed.stop()


@streamed
def test_a_name_that_does_not_resolve_is_an_error(start, provider, stream):
    config = config_for(provider.port)
    config["providers"][0]["base_url"] = "http://nowhere.invalid/v1"
    gateway = start(config)
    error, _ = check_refused(gateway, gateway.chat(stream=stream), UNAVAILABLE)
    assert "nowhere.invalid" not in json.dumps(error)


@pytest.fixture
def tls_provider(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    provider = Provider(tls=context)
    yield provider
    provider.stop()


def test_a_certificate_that_cannot_be_verified_is_refused(start, tls_provider):
    gateway = start(config_for(tls_provider.port, scheme="https"))
    error, _ = check_refused(gateway, gateway.chat(), UNAVAILABLE, tls_provider.port)
    assert "certificate" in error["message"].lower() or "tls" in error["message"].lower()
    assert tls_provider.requests == []


def test_a_certificate_of_a_configured_authority_is_taken(start, tls_provider, certificate):
    config = config_for(tls_provider.port, scheme="https")
    for provider in config["providers"]:
        provider["ca_file"] = str(certificate[0])
    gateway = start(config)
    assert gateway.chat().json["choices"][0]["message"]["content"] == "Hello there!"
    assert gateway.chat("test/claude", stream=True).text == "Hello there!"


def test_a_certificate_for_another_name_is_refused(start, tls_provider, certificate):
    config = config_for(tls_provider.port, scheme="https")
    for provider in config["providers"]:
        provider["ca_file"] = str(certificate[0])
        provider["base_url"] = provider["base_url"].replace("127.0.0.1", "127.0.0.2")
    gateway = start(config)
    check_refused(gateway, gateway.chat(), UNAVAILABLE)
    assert tls_provider.requests == []


def test_plain_bytes_instead_of_tls_are_refused(start, provider):
    gateway = start(config_for(provider.port, scheme="https", timeouts={"tls": "500ms", "drain": "5s"}))
    check_refused(gateway, gateway.chat(), UNAVAILABLE, provider.port)


# ---- more than one endpoint ---------------------------------------------------------------------

def two_endpoints(bad_port, good_port):
    config = config_for(good_port)
    config["providers"].append({"name": "bad", "dialect": "openai", "base_url": f"http://127.0.0.1:{bad_port}/v1",
                                "api_key": PROVIDER_KEY})
    config["models"][0]["endpoints"].insert(0, {"provider": "bad", "model": "gpt-bad"})
    return config


@streamed
def test_the_next_endpoint_is_asked_when_one_is_down(start, provider, stream):
    closed = Closed()
    gateway = start(two_endpoints(closed.port, provider.port))
    answer = gateway.chat(stream=stream)
    assert answer.status == 200
    assert gateway.row(answer.id)["attempts"] == 2
    closed.stop()


@streamed
def test_the_next_endpoint_is_asked_when_one_fails_before_its_first_event(start, provider, stream):
    bad = Provider()
    bad.replies(500, OPENAI.refusal("oh no"))
    gateway = start(two_endpoints(bad.port, provider.port))
    answer = gateway.chat(stream=stream)
    assert answer.status == 200
    row = gateway.row(answer.id)
    assert row["attempts"] == 2 and row["provider"] == "mock"
    bad.stop()


def test_a_refusal_of_the_request_itself_is_not_tried_elsewhere(start, provider):
    bad = Provider()
    bad.replies(400, OPENAI.refusal("your request is wrong"))
    gateway = start(two_endpoints(bad.port, provider.port))
    assert gateway.chat().status == 400
    assert provider.requests == []
    bad.stop()


# ---- connections that are used again ------------------------------------------------------------

def test_connections_are_used_again(gateway, provider):
    gateway.chat()
    count = provider.connections
    with gateway.connect() as sock:  # one client connection: one worker
        reader = Reader(sock)
        for _ in range(5):
            sock.sendall(gateway.raw_request({"model": "test/gpt", "messages": [{"role": "user", "content": "hi"}]}))
            assert reader.answer().status == 200
    assert provider.connections <= count + 1


def test_an_idle_connection_that_died_is_replaced_unnoticed(gateway, provider):
    async def answers_and_closes(exchange):
        await exchange.reply(200, OPENAI.whole("Hello"))
        exchange.close()  # without having said so

    provider.script = answers_and_closes
    for _ in range(10):
        assert gateway.chat().status == 200


def test_a_connection_is_not_used_again_after_a_broken_answer(gateway, provider):
    async def too_much(exchange):
        await exchange.reply(200, json.dumps(OPENAI.whole("Hello")) + "HTTP/1.1 500 Oops\r\n\r\n",
                             {"Content-Length": len(json.dumps(OPENAI.whole("Hello")))})

    provider.script = too_much
    for _ in range(3):
        assert gateway.chat().json["choices"][0]["message"]["content"] == "Hello"
