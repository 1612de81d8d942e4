"""Images that a request names by URL: fetched for providers that take only bytes, left to the others.

A URL is a stranger's.  What it may not lead to is refused before any connection is made; the corpus
of such URLs is tests/attacks/ssrf-urls.jsonl.
"""
import base64
import json
import pathlib
import selectors
import socket
import threading

import pytest

from gateway import PROVIDER_KEY, Gateway
from provider import PATIENCE_S, Closed, Provider, wait_until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
PDF = b"%PDF-1.7\n" + bytes(64)
FAMILIES = {  # a model, and where in the request sent an image is
    "gemini": ("gemini/gemini-2.5-flash", lambda sent: sent["contents"][0]["parts"]),
    "bedrock": ("bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", lambda sent: sent["messages"][0]["content"]),
    "ollama": ("ollama/gemma3", lambda sent: sent["messages"][0]["images"]),
    "openai": ("openai/gpt-4o", lambda sent: sent["messages"][0]["content"]),
    "anthropic": ("anthropic/claude-sonnet-4-5", lambda sent: sent["messages"][0]["content"]),
}
BYTES = {
    "gemini": lambda mime, data: {"inlineData": {"mimeType": mime, "data": data}},
    "bedrock": lambda mime, data: {"image": {"format": mime.partition("/")[2], "source": {"bytes": data}}},
    "ollama": lambda mime, data: data,
}
URLS = {
    "openai": lambda url: {"type": "image_url", "image_url": {"url": url}},
    "anthropic": lambda url: {"type": "image", "source": {"type": "url", "url": url}},
}


def config(port, **settings):
    providers = [{"name": name, "base_url": f"http://127.0.0.1:{port}{path}", "api_key": PROVIDER_KEY}
                 for name, path in (("gemini", ""), ("bedrock", ""), ("ollama", ""), ("openai", "/v1"),
                                    ("anthropic", ""))]
    providers[1]["region"] = "eu-west-1"
    return {"listen": "127.0.0.1:0", "workers": 1, "providers": providers} | settings


@pytest.fixture(scope="module")
def shared_files():
    server = Provider()
    yield server
    server.stop()


@pytest.fixture
def files(shared_files):
    """A server that has images."""
    shared_files.reset()
    shared_files.replies(200, PNG, {"Content-Type": "image/png"})
    yield shared_files
    assert shared_files.failure is None, shared_files.failure


@pytest.fixture
def inside(start, provider):
    """A gateway that may fetch from this machine, as tests must."""
    return start(config(provider.port, media_private=True, timeouts={"drain": "5s", "media": "400ms"},
                        limits={"media": "64KiB"}))


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


def ask(gateway, family, *parts):
    return gateway.post({"model": FAMILIES[family][0], "messages": [{"role": "user", "content": [
        {"type": "text", "text": "what is this"}, *parts]}]})


def parts_sent(provider, family):
    [request] = provider.requests
    return FAMILIES[family][1](request.json)


def assert_refused(answer, provider, *words):
    assert answer.status == 400, answer.body
    assert answer.error["code"] == 400 and answer.error["metadata"]["error_type"] == "image_download_failed"
    for word in ("messages[0].content[1]", *words):
        assert word in answer.error["message"]
    assert provider.requests == [], "a provider was asked"


# ---- who fetches --------------------------------------------------------------------------------

@pytest.mark.parametrize("family", BYTES)
@pytest.mark.parametrize("told, content, mime", [
    ("image/png", PNG, "image/png"), ("application/octet-stream", JPEG, "image/jpeg"), ("image/png", JPEG, "image/jpeg")])
def test_an_image_is_fetched_for_a_provider_that_takes_bytes(inside, provider, files, family, told, content, mime):
    files.replies(200, content, {"Content-Type": told})
    answer = ask(inside, family, image(f"http://127.0.0.1:{files.port}/a%20b.png?sig=s3cret#top"))
    assert answer.status == 200, answer.body
    assert BYTES[family](mime, base64.b64encode(content).decode()) in parts_sent(provider, family)
    [fetched] = files.requests
    assert (fetched.method, fetched.path) == ("GET", "/a%20b.png?sig=s3cret")
    assert fetched.headers["host"] == f"127.0.0.1:{files.port}"
    assert not {"authorization", "cookie", "x-api-key", "x-goog-api-key", "referer"} & set(fetched.headers)
    assert PROVIDER_KEY not in str(fetched.header_lines) and inside.key not in str(fetched.header_lines)


@pytest.mark.parametrize("family", URLS)
def test_a_provider_that_takes_urls_is_given_the_url(inside, provider, files, family):
    url = f"https://127.0.0.1:{files.port}/a.png?sig=s3cret"
    assert ask(inside, family, image(url)).status == 200
    assert URLS[family](url) in parts_sent(provider, family)
    assert files.requests == []


@pytest.mark.parametrize("family", FAMILIES)
def test_bytes_need_no_fetch(inside, provider, files, family):
    data = base64.b64encode(PNG).decode()
    assert ask(inside, family, image(f"data:image/png;base64,{data}")).status == 200
    assert data in json.dumps(parts_sent(provider, family))
    assert files.requests == []


def test_several_images_come_in_their_order(inside, provider, files):
    async def by_name(exchange):
        await exchange.reply(200, PNG + exchange.request.path.encode(), {"Content-Type": "image/png"})

    files.script = by_name
    assert ask(inside, "gemini", *(image(f"http://127.0.0.1:{files.port}/{i}") for i in range(6))).status == 200
    sent = [part["inlineData"]["data"] for part in parts_sent(provider, "gemini") if "inlineData" in part]
    assert [base64.b64decode(data)[len(PNG):] for data in sent] == [b"/%d" % i for i in range(6)]


def test_a_document_is_fetched_too(inside, provider, files):
    files.replies(200, PDF, {"Content-Type": "application/pdf"})
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"http://127.0.0.1:{files.port}/a.pdf"}}
    assert ask(inside, "bedrock", part).status == 200
    [document] = [part["document"] for part in parts_sent(provider, "bedrock") if "document" in part]
    assert document["format"] == "pdf" and base64.b64decode(document["source"]["bytes"]) == PDF


def test_a_stream_is_fetched_for_too(inside, provider, files):
    answer = inside.post({"model": FAMILIES["bedrock"][0], "stream": True, "messages": [
        {"role": "user", "content": [image(f"http://127.0.0.1:{files.port}/a.png")]}]})
    assert answer.text == "Hello there!" and len(files.requests) == 1


# ---- what cannot be had -------------------------------------------------------------------------

FAULTS = {
    "404": ((404, "gone"), "it answered 404"),
    "html": ((200, "<html>", {"Content-Type": "text/html"}), "what is there is no image"),
    "no-type": ((200, "text", {"Content-Type": None}), "what is there is no image"),
    "pdf": ((200, PDF, {"Content-Type": "image/png"}), "what is there is no image"),
    "empty": ((200, "", {"Content-Type": "image/png"}), "it is empty"),
    "gzip": ((200, PNG, {"Content-Type": "image/png", "Content-Encoding": "gzip"}), "it came compressed"),
    "too-big": ((200, PNG + bytes(64 << 10), {"Content-Type": "image/png"}), "limit of 65536 bytes"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("family", ["gemini", "ollama"])
def test_what_is_no_image_is_refused(inside, provider, files, family, name):
    reply, words = FAULTS[name]
    files.replies(*reply)
    answer = ask(inside, family, image(f"http://127.0.0.1:{files.port}/a.png?sig=s3cret"))
    assert_refused(answer, provider, words, "from 127.0.0.1")
    assert "s3cret" not in answer.body.decode() and "s3cret" not in "".join(inside.stderr)
    assert inside.row(answer.id)["attempts"] == 0


def test_an_image_of_unknown_length_is_cut_at_the_limit(inside, provider, files):
    async def endless(exchange):
        await exchange.start_stream({"Content-Type": "image/png"})
        await exchange.chunk(PNG)
        try:
            while True:
                await exchange.chunk(bytes(1 << 14))
        except ConnectionError:
            pass

    files.script = endless
    assert_refused(ask(inside, "gemini", image(f"http://127.0.0.1:{files.port}/")), provider, "limit of 65536 bytes")


@pytest.mark.parametrize("head", [False, True])
def test_a_server_that_does_not_go_on_is_not_waited_for_long(inside, provider, files, head):
    async def waits(exchange):
        if head:
            await exchange.head(200, {"Content-Type": "image/png", "Content-Length": len(PNG)})
            await exchange.send(PNG[:20])
        await exchange.gone()

    files.script = waits
    assert_refused(ask(inside, "gemini", image(f"http://127.0.0.1:{files.port}/")), provider,
                   "it did not come in time")


def test_a_server_that_is_down_and_one_that_breaks_off(inside, provider, files):
    async def breaks_off(exchange):
        await exchange.head(200, {"Content-Type": "image/png", "Content-Length": len(PNG)})
        await exchange.send(PNG[:20])
        exchange.close()

    closed = Closed()
    try:
        assert_refused(ask(inside, "gemini", image(f"http://127.0.0.1:{closed.port}/")), provider,
                       "it cannot be reached")
    finally:
        closed.stop()
    files.script = breaks_off
    assert_refused(ask(inside, "gemini", image(f"http://127.0.0.1:{files.port}/")), provider, "the connection broke")


@pytest.mark.parametrize("location, words", [
    ("file:///etc/passwd", "this is no http or https URL"), ("gopher://127.0.0.1:6379/_INFO", "this is no http"),
    ("http://user:word@127.0.0.1/", "this is no http"), ("/again", "it was redirected too often")])
def test_a_redirect_is_looked_at_like_the_url_itself(inside, provider, files, location, words):
    files.replies(302, "", {"Location": location})
    assert_refused(ask(inside, "gemini", image(f"http://127.0.0.1:{files.port}/r")), provider, words)
    assert len(files.requests) == (4 if location == "/again" else 1)


def test_redirects_are_followed_to_the_image(inside, provider, files):
    async def redirects(exchange):
        if exchange.request.path == "/last.png":
            await exchange.reply(200, PNG, {"Content-Type": "image/png"})
        else:
            await exchange.reply(307, "moved", {"Location": "/last.png"})

    files.script = redirects
    assert ask(inside, "gemini", image(f"http://127.0.0.1:{files.port}/first")).status == 200
    assert base64.b64encode(PNG).decode() in json.dumps(parts_sent(provider, "gemini"))
    assert [request.path for request in files.requests] == ["/first", "/last.png"]


def test_a_client_that_goes_away_ends_the_fetch(inside, provider, files):
    seen = []

    async def waits(exchange):
        await exchange.gone()
        seen.append("gone")

    files.script = waits
    with inside.connect() as sock:
        sock.sendall(inside.raw_request({"model": FAMILIES["gemini"][0], "messages": [
            {"role": "user", "content": [image(f"http://127.0.0.1:{files.port}/")]}]}))
        files.wait_for_requests(1)
    wait_until(lambda: seen, "the server to see the end")
    assert inside.new_row(0)["cancelled"] == 1
    assert provider.requests == []


# ---- where nobody may be sent -------------------------------------------------------------------

CORPUS = [json.loads(line) for line in
          (pathlib.Path(__file__).resolve().parents[1] / "attacks/ssrf-urls.jsonl").read_text().splitlines()]
PORTS = (22, 25, 80, 443, 6379, 11211)  # that the corpus names on this machine


class Trap:
    """Listens on this machine, on all its addresses, wherever the corpus points and we may."""

    def __init__(self):
        self.caught = []
        self._selector = selectors.DefaultSelector()
        self._wake, wake = socket.socketpair()
        self._selector.register(wake, selectors.EVENT_READ)
        self.ports = [port for port in PORTS if self._listen(port)]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _listen(self, port):
        try:
            sock = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError:  # taken, or for root alone
            return False
        self._selector.register(sock, selectors.EVENT_READ)
        return True

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj.family == socket.AF_UNIX:
                    return
                connection, address = key.fileobj.accept()
                self.caught.append((key.fileobj.getsockname()[1], address))
                connection.close()

    def stop(self):
        self._wake.send(b"x")
        self._thread.join(PATIENCE_S)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        self._wake.close()


@pytest.fixture(scope="module")
def trap():
    trap = Trap()
    yield trap
    trap.stop()


@pytest.fixture(scope="module")
def guarded(shared_provider, tmp_path_factory):
    """A gateway with the settings it comes with."""
    gateway = Gateway(tmp_path_factory.mktemp("guarded"), config(shared_provider.port)).wait_ready()
    yield gateway
    gateway.stop()


# Why one is refused: it leads inside, or is none at all.
REASONS = ("only public addresses are asked", "this is no http or https URL", "must be an https URL or a data URL")
# Names that a resolver may know, as an address of the machine, or not.
NAMES = ("localhost", "metadata", "169.254.169.254.nip.io", "xn--local-")


@pytest.mark.parametrize("case", CORPUS, ids=[case["id"] for case in CORPUS])
def test_a_url_that_leads_inside_is_refused_without_a_connection(guarded, provider, trap, case):
    answer = ask(guarded, "bedrock", image(case["url"]))
    assert answer.status == 400 and answer.error["code"] == 400, answer.body
    assert answer.error["metadata"]["error_type"] in ("image_download_failed", "invalid_request")
    message = answer.error["message"]
    is_name = any(name in case["url"] for name in NAMES)
    assert "messages[0].content[1]" in message
    assert any(reason in message for reason in REASONS) or (is_name and "it cannot be reached" in message), message
    assert provider.requests == []
    assert trap.caught == []


@pytest.mark.parametrize("family", ["gemini", "ollama"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_asked_unless_the_settings_say_so(guarded, provider, files, trap, family, host):
    for port in (files.port, 80):
        assert_refused(ask(guarded, family, image(f"http://{host}:{port}/a.png")), provider,
                       "only public addresses are asked")
    assert files.requests == [] and trap.caught == []
