"""The corpus of hostile request bodies: each is refused or understood, in linear time and memory."""
import base64
import gzip
import itertools
import json
import pathlib

import pytest

from conftest import PRICE, config_for
from gateway import HEADERS, Gateway

CASES = [json.loads(line) for line in
         (pathlib.Path(__file__).resolve().parents[1] / "attacks/json-cases.jsonl").read_text().splitlines()]
NOT_FORWARDED = ("api_base", "base_url", "api_key", "user_config", "custom_llm_provider", "litellm_params")


def chat(extra="", content='"x"', model="m"):
    return f'{{"model":"{model}","messages":[{{"role":"user","content":{content}}}]{extra}}}'


def members(names):
    return "," + ",".join(f'"{name}":1' for name in names)


def colliding(count):
    """Names that the simplest string hash cannot tell apart."""
    return itertools.islice(("".join(pairs) for pairs in itertools.product(("Aa", "BB"), repeat=18)), count)


def zeros(count):
    """So many zero bytes as gzip, in as little time."""
    part = 100 << 20
    return gzip.compress(b"\0" * part) * (count // part)


MAKERS = {
    "model-of": lambda n: chat(model="m" * n),
    "nest": lambda opening, n: chat(f',"x":{opening * n}1{("]" if opening == "[" else "}") * n}'),
    "keys": lambda n: chat(members(f"k{i}" for i in range(n))),
    "collide": lambda n: chat(members(colliding(n))),
    "msgs": lambda n: f'{{"model":"m","messages":[{",".join(["{}"] * n)}]}}',
    "string": lambda n: chat(content=f'"{"x" * n}"'),
    "digits": lambda n: chat(f',"max_tokens":{"1" * n}'),
    "escapes": lambda n: chat(content='"%s"' % ("\\u0041" * n)),
    "gzip": zeros,
    "gzip3": lambda: gzip.compress(gzip.compress(gzip.compress(chat().encode()))),
    "multipart": lambda n: "-" * n,
}
TYPES = {
    "gzip": {"Content-Encoding": "gzip"},
    "gzip3": {"Content-Encoding": "gzip, gzip, gzip"},
    "multipart": {"Content-Type": f"multipart/form-data; boundary={'-' * 8192}"},
}


def body_of(case):
    if "gen" not in case:
        return base64.b64decode(case["body_b64"]), HEADERS
    kind, *arguments = case["gen"]
    body = MAKERS[kind](*arguments)
    return body if isinstance(body, bytes) else body.encode(), HEADERS | TYPES.get(kind, {})


def statuses_of(case):
    statuses = [int(word) for word in str(case["expect"]).split(" or ")]
    if case["id"] == "json-multipart-bomb":
        statuses.append(415)  # no route takes multipart yet, so nobody looks inside
    return statuses


@pytest.fixture(scope="module")
def patient(tmp_path_factory, shared_provider):
    """Knows the models of the corpus, and takes bodies large enough that JSON's own bounds are met."""
    config = config_for(shared_provider.port, limits={"body": "64MiB"})
    for name in ("m", "cheap", "expensive"):
        config["models"].append({"id": name, "endpoints": [{"provider": "mock", "model": "gpt-real", "pricing": PRICE}]})
    gateway = Gateway(tmp_path_factory.mktemp("json"), config).wait_ready()
    yield gateway
    gateway.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(patient, provider, case):
    body, headers = body_of(case)
    try:
        answer = patient.post(body, headers=headers)
    except (BrokenPipeError, ConnectionResetError):
        assert "413" in str(case["expect"]), "the gateway hung up"
        return
    expected = case["expect"]
    if expected == "model=cheap":
        assert answer.status == 200 and answer.json["model"] == "cheap"
    elif expected == "400 or U+FFFD":
        assert answer.status == 400 or "\ufffd" in provider.last.body.decode() or "\\ufffd" in provider.last.body.decode()
    elif expected == "200 and the provider gets none of them":
        assert answer.status == 200
        assert not set(NOT_FORWARDED) & set(provider.last.json)
    else:
        assert answer.status in statuses_of(case), answer.body[:300]
    if answer.status == 200:
        assert "evil" not in str(provider.last.header_lines).lower()
    else:
        assert answer.error["code"] == answer.status and len(answer.body) < 4096
        assert len(provider.requests) == 0
    assert patient.is_alive
