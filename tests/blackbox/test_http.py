"""HTTP/1.1 as clients and attackers speak it."""
import json
import pathlib
import subprocess
import sys

import pytest

from answers import OPENAI
from gateway import KEY, Reader

ATTACKS = pathlib.Path(__file__).resolve().parents[1] / "attacks"
HI = [{"role": "user", "content": "hi"}]


def chat(gateway, text="hi", headers="", **extra):
    return gateway.raw_request({"model": "test/gpt", "messages": [{"role": "user", "content": text}]} | extra,
                               headers=headers)


def test_requests_on_one_connection_are_answered_one_after_the_other(gateway):
    with gateway.connect() as sock:
        reader = Reader(sock)
        for _ in range(3):
            sock.sendall(chat(gateway))
            answer = reader.answer()
            assert answer.status == 200 and answer.headers.get("connection", "keep-alive") != "close"


def test_pipelined_requests_are_answered_in_order(gateway):
    texts = [f"number {i}" for i in range(8)]
    with gateway.connect() as sock:
        sock.sendall(b"".join(chat(gateway, text, model="demo/echo", stream=i % 2 == 1) for i, text in enumerate(texts)))
        reader = Reader(sock)
        for i, text in enumerate(texts):
            answer = reader.answer()
            said = answer.text if i % 2 else answer.json["choices"][0]["message"]["content"]
            assert text in said


def test_a_refused_request_does_not_end_the_connection(gateway):
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request("{nonsense") + chat(gateway))
        reader = Reader(sock)
        assert reader.answer().status == 400
        assert reader.answer().status == 200


def test_expect_100_continue(gateway):
    request = chat(gateway, headers="Expect: 100-continue\r\n")
    head, _, body = request.partition(b"\r\n\r\n")
    with gateway.connect() as sock:
        sock.sendall(head + b"\r\n\r\n")
        reader = Reader(sock)
        assert reader.head()[0] == 100
        sock.sendall(body)
        assert reader.answer().status == 200


def test_a_refusal_comes_instead_of_100_continue(gateway):
    with gateway.connect() as sock:
        sock.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
                     "Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n".encode())
        assert Reader(sock).answer().status == 413


@pytest.mark.parametrize("stream", [False, True])
def test_http_1_0_is_answered_and_closed(gateway, stream):
    body = json.dumps({"model": "test/gpt", "messages": HI, "stream": stream})
    with gateway.connect() as sock:
        sock.sendall(f"POST /v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer {KEY}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        reader = Reader(sock)
        status, headers = reader.head()
        body = reader.rest()
    assert status == 200 and "transfer-encoding" not in {name.lower() for name, _ in headers}
    assert body.endswith(b"data: [DONE]\n\n") if stream else json.loads(body)["choices"]


def test_connection_close_is_honoured(gateway):
    with gateway.connect() as sock:
        sock.sendall(chat(gateway, headers="Connection: close\r\n"))
        reader = Reader(sock)
        assert reader.answer().status == 200
        assert reader.is_closed()


def test_a_chunked_body_is_read(gateway, provider):
    body = json.dumps({"model": "test/gpt", "messages": [{"role": "user", "content": "in pieces"}]})
    with gateway.connect() as sock:
        sock.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n".encode())
        for byte in body:
            sock.sendall(f"1\r\n{byte}\r\n".encode())
        sock.sendall(b"0\r\n\r\n")
        assert Reader(sock).answer().status == 200
    assert provider.last.json["messages"][0]["content"] == "in pieces"


def test_a_request_that_comes_one_byte_at_a_time_is_read(gateway):
    with gateway.connect() as sock:
        for byte in chat(gateway):
            sock.sendall(bytes([byte]))
        assert Reader(sock).answer().status == 200


def test_a_large_body_goes_through(gateway, provider):
    text = "x" * (8 << 20)
    assert gateway.chat(text=text).status == 200
    assert provider.last.json["messages"][0]["content"] == text


def test_a_large_answer_reaches_a_slow_client(gateway, provider):
    """Much more than any buffer holds: the provider must be paused, and nothing lost."""
    words = [f"{i:07d} " * 512 for i in range(2_000)]
    provider.streams(OPENAI.stream(words))
    with gateway.connect() as sock:
        sock.sendall(chat(gateway, stream=True))
        provider.wait_for_requests(1)
        answer = Reader(sock, read_bytes=16384).answer()
    assert answer.text == "".join(words)


def test_head_has_no_body(gateway):
    with gateway.connect() as sock:
        sock.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(sock)
        assert reader.head()[0] == 200
        assert reader.answer().status == 200


def test_a_query_and_a_trailing_slash_do_no_harm(gateway):
    assert gateway.post({"model": "test/gpt", "messages": HI}, "/v1/chat/completions/?beta=true").status == 200


def test_the_attack_corpus(gateway, tmp_path):
    """Malformed requests are refused, well-formed ones answered, and connections close when they must."""
    report = tmp_path / "h1.json"
    subprocess.run(
        [sys.executable, ATTACKS / "h1run.py", "--port", str(gateway.port), "--path", "/__echo",
         "--corpus", ATTACKS / "h1-cases.jsonl", "--json", report, "-q", "--jobs", "48",
         "--header", f"Authorization: Bearer {KEY}"], capture_output=True, timeout=180)
    results = json.loads(report.read_text())
    failed = [f"{r['id']}: expected {r['expect']}, got {r['statuses']}, closed {r['closed']}: {r['desc'][:70]}"
              for r in results if not r["ok"]]
    print(*failed, sep="\n")
    assert len(results) == 558
    assert len(results) - len(failed) >= 539, "\n".join(failed)
    assert gateway.is_alive
