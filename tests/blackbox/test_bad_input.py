"""Everything a client can get wrong: a clear answer that names it, and a row."""
import json

import pytest

from conftest import config_for
from gateway import HEADERS, KEY, Reader

HI = [{"role": "user", "content": "hi"}]


def check_error(answer, status):
    assert answer.status == status, answer.body[:300]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-request-id"]
    error = answer.error
    assert error["code"] == status and error["message"] and isinstance(error["type"], str) and "param" in error
    return error


def check_row(gateway, answer, status):
    row = gateway.row(answer.id)
    assert row["status"] == status and row["error_type"] and row["error_message"]
    return row


WRONG_BODIES = {
    "not json": ("{model: x", "JSON"),
    "empty": ("", "JSON"),
    "an array": ("[]", "object"),
    "model is a number": ({"model": 5, "messages": HI}, "model"),
    "messages is a string": ({"model": "test/gpt", "messages": "hi"}, "messages"),
    "neither messages nor prompt": ({"model": "test/gpt"}, "prompt"),
    "empty messages": ({"model": "test/gpt", "messages": []}, "messages"),
    "unknown role": ({"model": "test/gpt", "messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
    "no role": ({"model": "test/gpt", "messages": [{"content": "hi"}]}, "role"),
    "message is a string": ({"model": "test/gpt", "messages": ["hi"]}, "messages"),
    "content is a number": ({"model": "test/gpt", "messages": [{"role": "user", "content": 5}]}, "content"),
    "part without a type": ({"model": "test/gpt", "messages": [{"role": "user", "content": [{"text": "x"}]}]}, "type"),
    "tool without id": ({"model": "test/gpt", "messages": [{"role": "tool", "content": "x"}]}, "tool_call_id"),
    "stream is a string": ({"model": "test/gpt", "messages": HI, "stream": "yes"}, "stream"),
    "temperature too high": ({"model": "test/gpt", "messages": HI, "temperature": 2.5}, "temperature"),
    "temperature is a string": ({"model": "test/gpt", "messages": HI, "temperature": "hot"}, "temperature"),
    "top_p zero": ({"model": "test/gpt", "messages": HI, "top_p": 0}, "top_p"),
    "max_tokens zero": ({"model": "test/gpt", "messages": HI, "max_tokens": 0}, "max_tokens"),
    "five stops": ({"model": "test/gpt", "messages": HI, "stop": list("abcde")}, "stop"),
    "tools is an object": ({"model": "test/gpt", "messages": HI, "tools": {}}, "tools"),
    "top_logprobs too many": ({"model": "test/gpt", "messages": HI, "logprobs": True, "top_logprobs": 99}, "top_logprobs"),
    "frequency_penalty": ({"model": "test/gpt", "messages": HI, "frequency_penalty": 3}, "frequency_penalty"),
    "logit_bias": ({"model": "test/gpt", "messages": HI, "logit_bias": {"1": 1000}}, "logit_bias"),
    "tool_choice": ({"model": "test/gpt", "messages": HI, "tool_choice": "sometimes"}, "tool_choice"),
}


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_a_wrong_body_is_named(gateway, provider, name):
    body, word = WRONG_BODIES[name]
    answer = gateway.post(body)
    error = check_error(answer, 400)
    assert word.lower() in (error["message"] + " " + str(error["param"])).lower()
    check_row(gateway, answer, 400)
    assert provider.requests == []


def test_both_input_words_are_named_when_both_are_missing(gateway):
    assert gateway.post({"model": "test/gpt"}).error["message"] == 'Input required: specify "prompt" or "messages"'


def test_an_unknown_model_is_answered_with_a_suggestion(gateway):
    answer = gateway.chat("test/gptt")
    error = check_error(answer, 404)
    assert "test/gptt" in error["message"] and "test/gpt" in error["message"].replace("test/gptt", "")
    assert check_row(gateway, answer, 404)["model_asked"] == "test/gptt"


# ---- keys ---------------------------------------------------------------------------------------

NO_KEY = {
    "none": {},
    "empty": {"Authorization": ""},
    "no token": {"Authorization": "Bearer"},
    "basic": {"Authorization": "Basic c2s6eA=="},
    "unknown": {"Authorization": "Bearer sk-gh-unknown"},
    "almost": {"Authorization": f"Bearer {KEY[:-1]}"},
    "other case": {"Authorization": f"Bearer {KEY.swapcase()}"},
    "unknown x-api-key": {"x-api-key": "sk-gh-unknown"},
    "two keys": {"Authorization": f"Bearer {KEY}", "x-api-key": "sk-gh-unknown"},
    "cookie": {"Cookie": f"session={KEY}"},
    "long": {"Authorization": "Bearer " + "A" * 5000},
}


@pytest.mark.parametrize("name", NO_KEY)
def test_without_a_good_key_the_answer_is_401_and_a_row(gateway, provider, name):
    answer = gateway.post({"model": "test/gpt", "messages": HI}, headers=NO_KEY[name])
    error = check_error(answer, 401)
    assert KEY[:-1] not in json.dumps(error)
    row = check_row(gateway, answer, 401)
    assert row["key_id"] == ""
    assert provider.requests == []


def test_unknown_keys_are_told_a_constant_text(gateway):
    texts = {gateway.post({}, headers=NO_KEY[name]).error["message"]
             for name in ("unknown", "almost", "other case", "unknown x-api-key")}
    assert len(texts) == 1


@pytest.mark.parametrize("headers", [
    {"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer   {KEY}"}, {"x-api-key": KEY}, {"api-key": KEY},
], ids=["bearer", "spaces and case", "x-api-key", "api-key"])
def test_a_key_is_taken_from_every_header_that_clients_use(gateway, headers):
    assert gateway.post({"model": "test/gpt", "messages": HI}, headers=headers).status == 200


def test_a_key_in_the_query_is_not_taken(gateway):
    answer = gateway.post({"model": "test/gpt", "messages": HI}, f"/v1/chat/completions?api_key={KEY}", headers={})
    assert answer.status == 401


# ---- HTTP ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_405_with_the_right_one(gateway, method):
    answer = gateway.request(method, "/v1/chat/completions")
    check_error(answer, 405)
    check_row(gateway, answer, 405)
    assert "POST" in answer.headers["allow"]


def test_a_body_over_the_limit_is_413(start, provider):
    gateway = start(config_for(provider.port, limits={"body": "64KiB"}))
    answer = gateway.chat(text="x" * 70_000)
    error = check_error(answer, 413)
    assert "64" in error["message"] or "65536" in error["message"]
    check_row(gateway, answer, 413)
    assert gateway.chat(text="x" * 60_000).status == 200


def test_a_chunked_body_over_the_limit_is_413(start, provider):
    gateway = start(config_for(provider.port, limits={"body": "64KiB"}))
    with gateway.connect() as sock:
        sock.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n").encode())
        try:
            for _ in range(100):
                sock.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")
        except OSError:
            pass  # it need not read what it refuses
        assert Reader(sock).answer().status == 413


@pytest.mark.parametrize("extra", [f"X-Long: {'a' * 80_000}\r\n", "".join(f"X-{i}: a\r\n" for i in range(500))],
                         ids=["one long", "many"])
def test_headers_over_the_limit_are_431(gateway, extra):
    with gateway.connect() as sock:
        try:
            sock.sendall(gateway.raw_request({"model": "test/gpt", "messages": HI}, headers=extra))
        except OSError:
            pass
        answer = Reader(sock).answer()
    check_error(answer, 431)
    check_row(gateway, answer, 431)


@pytest.fixture
def hasty(start, provider):
    return start(config_for(provider.port, timeouts={"header": "200ms", "body": "200ms", "drain": "5s"}))


def test_slow_headers_are_408(hasty):
    with hasty.connect() as sock:
        sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        reader = Reader(sock)
        answer = reader.answer()
        check_error(answer, 408)
        check_row(hasty, answer, 408)
        assert reader.is_closed()


def test_a_slow_body_is_408_and_a_row(hasty, provider):
    with hasty.connect() as sock:
        sock.sendall(hasty.raw_request({"model": "test/gpt", "messages": HI})[:-5])
        reader = Reader(sock)
        answer = reader.answer()
        check_error(answer, 408)
        check_row(hasty, answer, 408)
        assert reader.is_closed()
    assert provider.requests == []


def test_a_body_that_is_cut_leaves_a_row(gateway, provider):
    count = len(gateway.rows())
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "messages": HI})[:-5])
    row = gateway.new_row(count)
    assert row["cancelled"] == 1
    assert provider.requests == []


@pytest.mark.parametrize("head", [
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n",
    "POST /v1/chat/completions HTTP/1.1\nHost: a\n\n",
    "POST  /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\r\n",
], ids=["length and chunked", "no host", "length is a word", "bare LF", "two spaces"])
def test_malformed_http_is_400_and_the_end(gateway, head):
    with gateway.connect() as sock:
        sock.sendall(head.encode() + b"hello")
        reader = Reader(sock)
        check_error(reader.answer(), 400)
        assert reader.is_closed()


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip, gzip"])
def test_an_encoded_body_is_refused(gateway, encoding):
    answer = gateway.post(b"\x1f\x8b", headers=HEADERS | {"Content-Encoding": encoding})
    check_error(answer, 415)
