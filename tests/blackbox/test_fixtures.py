"""Recorded provider traffic through the real program: a provider that replays each recorded answer,
and a client in both modes whose answer must say what an independent decoder read out of the
recording.  Runs when the recordings lie beside the repository."""
import json
import pathlib
import zlib

import pytest

from gateway import PROVIDER_KEY, ROOT, Gateway
from provider import Provider

FIXTURES = ROOT.parent / "shared/fixtures"
EXCUSED = {line.split(": ")[0] for line in (ROOT / "tests/fixtures/excused.txt").read_text().splitlines() if line}
PRESETS = {row["name"] for row in json.loads((ROOT / "share/providers.json").read_text())["providers"]}

# API -> dialect, and what the configuration must say beside it.
APIS = {
    "chat": {"dialect": "openai"},
    "messages": {"dialect": "anthropic"},
    "responses": {"dialect": "openai-responses"},
    "generateContent": {"dialect": "gemini"},
    "streamGenerateContent": {"dialect": "gemini"},
    "bedrock-converse": {"dialect": "bedrock", "region": "us-east-1"},
    "bedrock-converse-stream": {"dialect": "bedrock", "region": "us-east-1"},
    "bedrock-invoke": {"dialect": "anthropic"},
    "bedrock-invoke-with-response-stream": {"dialect": "anthropic"},
    "cohere-v2-chat": {"dialect": "cohere"},
    "ollama-chat": {"dialect": "ollama"},
}
TYPES = {
    "response.json": "application/json",
    "response.sse": "text/event-stream",
    "response.ndjson": "application/x-ndjson",
    "response.eventstream": "application/vnd.amazon.eventstream",
    "chunks.jsonl": "text/event-stream",
}
# Providers whose completion tokens leave reasoning out: ours hold it.
EXCLUDES_REASONING = ("xai", "gemini")
# A provider's word about its own key or the gateway's credit there is not the client's.
STATUSES = {401: {502}, 402: {502}, 403: {502, 400, 403, 404}, 400: {400, 402, 404, 413, 502}, 404: {404}, 422: {400, 422},
            424: {502}, 499: {499, 502, 503}}


class Case:
    def __init__(self, number, row):
        self.number, self.row = number, row
        self.path, self.api, self.provider = row["path"], row["api"], row["provider"]
        self.folder = FIXTURES / row["path"]
        self.file = row["response_file"]

    @property
    def expected(self):
        return json.loads((self.folder / "expected.json").read_text())

    @property
    def body(self):
        data = (self.folder / self.file).read_bytes()
        if self.file != "chunks.jsonl":
            return data
        lines = [b"data: " + line + b"\n\n" for line in data.splitlines() if line]
        return b"".join(lines) + (b"data: [DONE]\n\n" if self.api == "chat" else b"")

    @property
    def config(self):
        preset = {"preset": self.provider} if self.provider in PRESETS else {}
        more = dict(APIS[self.api])
        if self.provider == "azure" and self.api == "chat":
            more = {"dialect": "azure"}
        return {"name": f"c{self.number}", "api_key": PROVIDER_KEY} | preset | more


def load():
    index = FIXTURES / "index.json"
    rows = json.loads(index.read_text()) if index.exists() else []
    rows = [row for row in rows if row["api"] in APIS and row["has_expected"] and row["path"] not in EXCUSED]
    # One AWS stream is kept as bare payloads, which have no wire form of their own.
    rows = [row for row in rows if (row["api"], row["response_file"]) != ("bedrock-converse-stream", "chunks.jsonl")]
    return [Case(number, row) for number, row in enumerate(rows)]


CASES = load()


SEEN = {}  # case number -> the request that the gateway sent for it last


async def replay(exchange):
    """The recorded answer, a stream in pieces of odd sizes."""
    case = CASES[int(exchange.request.path.split("/")[1][1:])]
    SEEN[case.number] = exchange.request.json
    meta = json.loads((case.folder / "meta.json").read_text())
    headers = {k: v for k, v in meta.get("response_headers", {}).items()
               if k.lower().startswith(("x-amzn-", "retry-after"))}
    if case.file == "response.json":
        await exchange.reply(case.row["status"], case.body, headers)
        return
    await exchange.head(case.row["status"], headers | {"Content-Type": TYPES[case.file],
                                                       "Transfer-Encoding": "chunked"})
    data, seed = case.body, zlib.crc32(case.path.encode())
    while data:
        seed = seed * 1103515245 + 12345 & 0x7fffffff
        size = 1 + (seed >> 8) % 1500
        await exchange.chunk(data[:size])
        data = data[size:]
    await exchange.send("0\r\n\r\n")


@pytest.fixture(scope="session")
def replaying(tmp_path_factory):
    provider = Provider()
    provider.script = replay
    providers = [case.config | {"base_url": f"http://127.0.0.1:{provider.port}/c{case.number}"} for case in CASES]
    gateway = Gateway(tmp_path_factory.mktemp("replaying"), {
        "listen": "127.0.0.1:0", "workers": 1, "timeouts": {"drain": "5s"}, "providers": providers}).wait_ready()
    yield gateway
    gateway.stop()
    provider.stop()


# ---- what the client got, in the words of expected.json ------------------------------------------


class Heard:
    def __init__(self):
        self.text, self.refusal, self.reasoning = "", "", ""
        self.calls, self.finish, self.native, self.usage, self.error = {}, None, None, None, None

    def message(self, message):
        self.text += message.get("content") or ""
        self.refusal += message.get("refusal") or ""
        self.reasoning += message.get("reasoning") or ""
        for place, call in enumerate(message.get("tool_calls") or []):
            kept = self.calls.setdefault(call.get("index", place), {"id": "", "name": "", "arguments": ""})
            kept["id"] += call.get("id") or ""
            kept["name"] += call["function"].get("name") or ""
            kept["arguments"] += call["function"].get("arguments") or ""

    def choice(self, choice, key):
        if choice["index"] == 0:
            self.message(choice[key])
            if choice["finish_reason"]:
                assert self.finish is None, "two finish reasons"
                self.finish, self.native = choice["finish_reason"], choice.get("native_finish_reason")


def listen(answer, stream):
    heard = Heard()
    if answer.status != 200:
        heard.error = answer.error
        return heard
    bodies = [event for event in answer.events if event != "[DONE]"] if stream else [answer.json]
    for body in bodies:
        heard.error = heard.error or body.get("error")
        heard.usage = body.get("usage") or heard.usage
        for choice in body["choices"]:
            heard.error = heard.error or choice.get("error")
            heard.choice(choice, "delta" if stream else "message")
    assert not stream or answer.events[-1] == "[DONE]"
    return heard


def check_error(case, answer, heard, expected):
    assert heard.error and heard.error["message"]
    if case.row["status"] >= 400:
        status = case.row["status"]
        allowed = STATUSES.get(status, {status} if status < 500 else {500, 502, 503, 504})
        assert answer.status in allowed, answer.body[:300]


def check_usage(case, usage, expected):
    details, completion = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    got = {"prompt_tokens": usage["prompt_tokens"], "completion_tokens": usage["completion_tokens"],
           "total_tokens": usage["total_tokens"], "cached_tokens": details.get("cached_tokens"),
           "cache_write_tokens": details.get("cache_write_tokens"),
           "reasoning_tokens": completion.get("reasoning_tokens")}
    wanted = {name: count for name, count in expected.items() if name in got and count is not None}
    if case.provider in EXCLUDES_REASONING and case.api == "chat":
        wanted.pop("completion_tokens", None)
    assert {name: got[name] or 0 for name in wanted} == wanted


def check_calls(calls, expected):
    assert list(calls) == list(range(len(expected))), "calls are numbered from 0"
    assert all(call["id"] for call in calls.values())
    assert len({call["id"] for call in calls.values()}) == len(calls)
    for call, want in zip(calls.values(), expected):
        assert call["name"] == want["name"]
        if isinstance(want["arguments"], str):  # cut short
            assert call["arguments"] == want["arguments"]
        else:
            assert json.loads(call["arguments"]) == want["arguments"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", CASES, ids=[case.path for case in CASES])
def test_a_client_is_told_what_the_provider_said(case, stream, replaying):
    expected = case.expected
    model = case.row["model"] or "model"
    answer = replaying.chat(model=f"c{case.number}/{model}", stream=stream)
    heard = listen(answer, stream)
    if "error" in expected:
        check_error(case, answer, heard, expected)
        return
    assert heard.error is None
    assert heard.text == expected["text"]
    assert heard.refusal == expected.get("refusal", heard.refusal)
    assert heard.reasoning == expected.get("reasoning", heard.reasoning)
    check_calls(heard.calls, expected["tool_calls"])
    assert heard.finish == expected.get("finish_reason", heard.finish)
    if expected.get("usage"):
        check_usage(case, heard.usage, expected["usage"])


# ---- recorded requests -----------------------------------------------------------------------------

# What is the gateway's to decide, and other names of the same thing.
OURS = {"model", "stream", "stream_options", "messages", "tools", "max_completion_tokens", "reasoning",
        "reasoning_effort", "thinking", "usage", "store", "user", "provider", "plugins", "transforms", "models",
        "route", "include_reasoning", "functions", "function_call"}
# What an API does unasked need not be said.
DEFAULTS = {"n": 1, "temperature": 1, "top_p": 1, "stop": [], "parallel_tool_calls": True, "tool_choice": "auto",
            "frequency_penalty": 0, "presence_penalty": 0}
SAME = {"max_tokens": "max_completion_tokens", "random_seed": "seed"}


def text_of(content):
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part.get("text", "") for part in content)


def media_of(content):
    parts = content if isinstance(content, list) else []
    return [part for part in parts if part["type"] not in ("text", "refusal", "thinking", "reasoning")]


def calls_of(message):
    def arguments(text):
        try:
            return json.loads(text or "{}")
        except ValueError:
            return text
    return [(call["function"]["name"], arguments(call["function"]["arguments"]))
            for call in message.get("tool_calls") or [] if "function" in call]


def said(body):
    """Who says what, in order; neighbours of one role are one, as some providers want them."""
    turns = []
    for message in body["messages"]:
        role = {"developer": "system"}.get(message["role"], message["role"])
        turn = [role, text_of(message.get("content")), len(media_of(message.get("content"))), calls_of(message)]
        if turns and turns[-1][0] == role != "tool":
            turns[-1] = [role, turns[-1][1] + turn[1], turns[-1][2] + turn[2], turns[-1][3] + turn[3]]
        else:
            turns.append(turn)
    return [[role, "".join(text.split()), media, calls] for role, text, media, calls in turns if text or media or calls]


def pairs(body):
    """For each result of a tool: which call of the conversation it belongs to."""
    calls = [call["id"] for message in body["messages"] for call in message.get("tool_calls") or []]
    return [calls.index(message["tool_call_id"]) for message in body["messages"]
            if message["role"] == "tool" and message.get("tool_call_id") in calls]


def tools_of(body):
    return [(tool["function"]["name"], tool["function"].get("description") or "", tool["function"].get("parameters"))
            for tool in body.get("tools") or [] if tool.get("type", "function") == "function"]


REQUESTS = [case for case in CASES
            if case.api == "chat" and case.row["has_request"] and case.row["status"] < 400
            and not json.loads((case.folder / "meta.json").read_text()).get("request_base64_elided")]


@pytest.mark.parametrize("case", REQUESTS, ids=[case.path for case in REQUESTS])
def test_a_recorded_request_reaches_the_provider_saying_the_same(case, replaying):
    asked = json.loads((case.folder / "request.json").read_text())
    answer = replaying.post(asked | {"model": f"c{case.number}/{case.row['model'] or 'model'}"})
    assert answer.status == 200, answer.body[:300]
    sent = SEEN[case.number]
    dropped = set(answer.headers.get("x-gatehouse-dropped", "").split(", "))
    assert said(sent) == said(asked)
    assert pairs(sent) == pairs(asked)
    if "functions" not in asked:
        assert tools_of(sent) == tools_of(asked)
    renamed = {SAME.get(name, name): value for name, value in sent.items()}
    for name, value in asked.items():
        name = SAME.get(name, name)
        if name in OURS - {"max_completion_tokens"} or name in dropped or value is None or \
                DEFAULTS.get(name) == value or name == "tool_choice" and not asked.get("tools"):
            continue
        assert name in renamed, f"{name} is neither sent nor told as dropped"
        if isinstance(value, (str, int, float)) and name != "tool_choice":
            assert renamed[name] == value, name
