"""The program from its first start to its end, and its commands."""
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading

import pytest

from answers import OPENAI
from conftest import config_for
from gateway import HEADERS, KEY, Gateway, Reader, run
from provider import wait_until

HI = [{"role": "user", "content": "hi"}]


# ---- starting -----------------------------------------------------------------------------------

def test_a_first_start_needs_nothing_and_tells_everything(start):
    gateway = start(key=None, arguments=["--listen", "127.0.0.1:0"])
    ready = gateway.ready
    assert ready["event"] == "ready"
    assert ready["base_url"] == f"http://127.0.0.1:{gateway.port}/v1"
    assert ready["anthropic_base_url"] == f"http://127.0.0.1:{gateway.port}"
    assert str(gateway.data) in json.dumps(ready["data"])
    assert re.fullmatch(r"sk-gh-[0-9A-Za-z]{43}", ready["api_key"])
    assert "curl" in ready and ready["base_url"] in ready["curl"]
    assert sum('"ready"' in line for line in gateway.stderr) == 1
    answer = gateway.post({"model": "demo/echo", "messages": HI},
                          headers={"Authorization": f"Bearer {ready['api_key']}"})
    assert answer.status == 200
    gateway.secrets.append(ready["api_key"])


def test_the_curl_line_works_as_it_is(start):
    gateway = start(key=None, arguments=["--listen", "127.0.0.1:0"])
    done = subprocess.run(["sh", "-c", gateway.ready["curl"]], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert '"error"' not in done.stdout and "demo/echo" in done.stdout


def test_the_first_key_is_shown_once_and_lives_on(tmp_path):
    arguments = ["--listen", "127.0.0.1:0"]
    first = Gateway(tmp_path, key=None, arguments=arguments).wait_ready()
    key = first.ready["api_key"]
    first.stop()
    second = Gateway(tmp_path, key=None, arguments=arguments).wait_ready()
    assert "api_key" not in second.ready or second.ready["api_key"] is None
    assert key not in "".join(second.stderr)
    assert second.post({"model": "demo/echo", "messages": HI}, headers={"Authorization": f"Bearer {key}"}).status == 200
    second.stop()


def test_the_data_is_for_its_owner_alone(start):
    gateway = start(key=None, arguments=["--listen", "127.0.0.1:0"])
    assert stat.S_IMODE(os.stat(gateway.data).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(gateway.data / "gatehouse.db").st_mode) & 0o077 == 0


def test_no_key_is_kept_in_the_store(start):
    gateway = start(key=None, arguments=["--listen", "127.0.0.1:0"])
    key = gateway.ready["api_key"]
    gateway.post({"model": "demo/echo", "messages": HI}, headers={"Authorization": f"Bearer {key}"})
    gateway.stop()
    for path in gateway.data.iterdir():
        assert key.encode() not in path.read_bytes(), path


def test_providers_of_the_environment_are_on(start):
    gateway = start(environment={"OPENAI_API_KEY": "sk-env-openai-secret", "ANTHROPIC_API_KEY": "sk-env-ant-secret"},
                    arguments=["--listen", "127.0.0.1:0"])
    told = json.dumps(gateway.ready["providers"])
    assert "openai" in told and "anthropic" in told and "secret" not in told
    gateway.secrets += ["sk-env-openai-secret", "sk-env-ant-secret"]


def test_a_port_that_is_taken_is_told_with_its_own_code(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        gateway = start(ready=False, arguments=["--listen", f"127.0.0.1:{port}"])
        assert gateway.wait() == 4
        assert str(port) in "\n".join(gateway.stderr)


def test_a_wrong_configuration_is_told_with_its_own_code(start):
    gateway = start("listen: 127.0.0.1:0\nmodles: []\n", ready=False)
    assert gateway.wait() == 3
    assert "modles" in "\n".join(gateway.stderr)


def test_a_store_of_something_else_is_told_with_its_own_code(start, tmp_path):
    folder = tmp_path / "gateway-0" / "data"
    folder.mkdir(parents=True)
    (folder / "gatehouse.db").write_text("this is not a database, but a text that somebody put here\n" * 100)
    gateway = start({"listen": "127.0.0.1:0"}, ready=False)
    assert gateway.wait() == 5


# ---- TLS ----------------------------------------------------------------------------------------

@pytest.fixture
def tls_gateway(start, provider, certificate):
    return start(config_for(provider.port, tls={"certificate": str(certificate[0]), "key": str(certificate[1])}))


def test_clients_are_served_over_tls(tls_gateway, certificate):
    assert tls_gateway.ready["base_url"].startswith("https://")
    context = ssl.create_default_context(cafile=certificate[0])
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(tls_gateway.connect(), server_hostname="localhost") as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"
        assert sock.version() in ("TLSv1.2", "TLSv1.3")
        reader = Reader(sock)
        for stream in (False, True):
            sock.sendall(tls_gateway.raw_request({"model": "test/gpt", "messages": HI, "stream": stream}))
            answer = reader.answer()
            assert answer.status == 200
        assert answer.text == "Hello there!"


def test_old_tls_and_clear_text_are_refused(tls_gateway):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(tls_gateway.connect(), server_hostname="localhost")
    with tls_gateway.connect() as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" not in Reader(sock).rest()
    assert tls_gateway.is_alive


def test_a_large_body_goes_through_tls(tls_gateway, provider, certificate):
    text = "x" * (2 << 20)
    context = ssl.create_default_context(cafile=certificate[0])
    with context.wrap_socket(tls_gateway.connect(), server_hostname="localhost") as sock:
        sock.sendall(tls_gateway.raw_request({"model": "test/gpt", "messages": [{"role": "user", "content": text}]}))
        assert Reader(sock).answer().status == 200
    assert provider.last.json["messages"][0]["content"] == text


# ---- ending -------------------------------------------------------------------------------------

def hold(provider, gate):
    async def script(exchange):
        await exchange.start_stream()
        await exchange.chunk(OPENAI.first())
        await exchange.chunk(OPENAI.words(["Hello"])[0])
        await gate.passed()
        for event in [*OPENAI.words([" again"]), *OPENAI.last()]:
            await exchange.chunk(event)
        await exchange.end()
    provider.script = script


def refuses_connections(gateway):
    try:
        gateway.connect().close()
        return False
    except OSError:
        return True


def test_sigterm_lets_a_running_stream_finish(start, provider):
    gateway = start(config_for(provider.port, timeouts={"drain": "20s"}))
    gate = provider.gate()
    hold(provider, gate)
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "messages": HI, "stream": True}))
        reader = Reader(sock)
        _, headers = reader.head()
        reader.until(b"Hello")
        gateway.terminate()
        wait_until(lambda: refuses_connections(gateway), "the listener to close")
        gate.open()
        reader.until(b" again")
        reader.until(b"data: [DONE]\n\n")
    assert gateway.wait() == 0
    [row] = gateway.rows()
    assert row["id"] == dict((k.lower(), v) for k, v in headers)["x-generation-id"]
    assert row["status"] == 200 and row["finish_reason"] == "stop"


def test_sigterm_cuts_what_is_not_over_by_its_deadline(start, provider):
    gateway = start(config_for(provider.port, timeouts={"drain": "300ms"}))
    gate = provider.gate()
    hold(provider, gate)
    with gateway.connect() as sock:
        sock.sendall(gateway.raw_request({"model": "test/gpt", "messages": HI, "stream": True}))
        reader = Reader(sock)
        reader.until(b"Hello")
        gateway.terminate()
        rest = reader.rest()
        assert b'"finish_reason":"stop"' not in rest
    assert gateway.wait() == 0
    assert len(gateway.rows()) == 1
    gate.open()


def test_idle_connections_do_not_delay_the_end(start, provider):
    gateway = start(config_for(provider.port, timeouts={"drain": "60s"}))
    gateway.chat()
    with gateway.connect() as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        reader = Reader(sock)
        assert reader.answer().status == 200
        gateway.terminate()
        assert gateway.wait(10) == 0


def test_ctrl_c_ends_it_too(start):
    gateway = start({"listen": "127.0.0.1:0"})
    gateway.process.send_signal(signal.SIGINT)
    assert gateway.wait() == 0


def test_rows_of_many_requests_are_all_written(start, provider):
    gateway = start(config_for(provider.port))
    ids = []

    def ask():
        with gateway.connect() as sock:
            reader = Reader(sock)
            for i in range(25):
                sock.sendall(gateway.raw_request({"model": "demo/echo", "messages": HI, "stream": i % 2 == 0}))
                ids.append(reader.answer().id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gateway.stop()
    assert len(set(ids)) == 200
    assert {row["id"] for row in gateway.rows()} == set(ids)


# ---- check --------------------------------------------------------------------------------------

GOOD = """\
listen: 127.0.0.1:8080
providers:
  - name: openai
    api_key: ${OPENAI_API_KEY}
models:
  - id: openai/gpt-4o
    aliases: [gpt-4o]
    context_length: 128000
    endpoints:
      - {provider: openai, model: gpt-4o-2024-08-06, pricing: {prompt: "0.0000025", completion: "0.00001"}}
"""


def check(tmp_path, text, *arguments, environment=None):
    path = tmp_path / "gatehouse.yaml"
    path.write_text(text)
    return run("check", *arguments, path, environment=environment, folder=tmp_path)


def test_check_says_nothing_is_wrong(tmp_path):
    done = check(tmp_path, GOOD, environment={"OPENAI_API_KEY": "sk-check-secret"})
    assert done.returncode == 0, done.stderr
    assert "sk-check-secret" not in done.stdout + done.stderr


WRONG = {
    "unknown key": (GOOD.replace("aliases:", "alias:"), 7, ["alias", "aliases"]),
    "wrong type": (GOOD.replace("128000", "many"), 8, ["context_length", "many"]),
    "unset variable": (GOOD, 4, ["OPENAI_API_KEY"]),
    "unknown provider": (GOOD.replace("provider: openai,", "provider: openia,"), 10, ["openia", "openai"]),
    "no yaml": (GOOD + "  - [\n", None, []),
    "price": (GOOD.replace('"0.0000025"', "cheap"), 10, ["cheap"]),
    "duplicate": (GOOD.replace("listen: 127.0.0.1:8080", "listen: 127.0.0.1:8080\nlisten: 127.0.0.1:8081"), 2, ["listen"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_check_shows_the_place_and_what_to_do(tmp_path, name):
    text, line, words = WRONG[name]
    environment = {} if name == "unset variable" else {"OPENAI_API_KEY": "sk-check-secret"}
    done = check(tmp_path, text, environment=environment)
    assert done.returncode == 3
    if line:
        assert f"gatehouse.yaml:{line}:" in done.stderr, done.stderr
        assert "^" in done.stderr
    for word in words:
        assert word in done.stderr
    assert "sk-check-secret" not in done.stdout + done.stderr


def test_check_tells_programs_too(tmp_path):
    done = check(tmp_path, "lisen: x\n", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 3 and result["ok"] is False and result["errors"]


# ---- keys ---------------------------------------------------------------------------------------

def keys(gateway, *arguments):
    return run("keys", *arguments, "--data", gateway.data, folder=gateway.folder)


def asks_with(gateway, key):
    return gateway.post({"model": "demo/echo", "messages": HI}, headers=HEADERS | {"Authorization": f"Bearer {key}"}).status


def test_keys_are_made_listed_and_revoked_while_it_runs(start):
    gateway = start({"listen": "127.0.0.1:0", "timeouts": {"key_cache": "1s"}})
    made = keys(gateway, "create", "--name", "ci")
    key = made.stdout.strip()
    assert made.returncode == 0 and re.fullmatch(r"sk-gh-[0-9A-Za-z]{43}", key), made.stderr
    gateway.secrets.append(key)
    assert asks_with(gateway, key) == 200
    listed = json.loads(keys(gateway, "list", "--json").stdout)["keys"]
    assert [row["name"] for row in listed].count("ci") == 1 and key not in json.dumps(listed)
    assert keys(gateway, "revoke", "ci").returncode == 0
    wait_until(lambda: asks_with(gateway, key) == 401, "the key to be refused", 5)
    assert asks_with(gateway, KEY) == 200


def test_a_key_that_was_unknown_is_known_soon_after_it_is_made(start):
    """A refusal is not remembered for longer than a key."""
    gateway = start({"listen": "127.0.0.1:0", "timeouts": {"key_cache": "1s"}})
    assert asks_with(gateway, "sk-gh-unknown") == 401
    key = keys(gateway, "create", "--name", "new").stdout.strip()
    wait_until(lambda: asks_with(gateway, key) == 200, "the key to be taken", 5)


def test_wrong_commands_are_told_what_was_meant():
    done = run("kyes")
    assert done.returncode == 2 and "keys" in done.stderr
    assert run("keys", "revoke", "nothing", "--data", "/nonexistent/x").returncode != 0
    assert run("serve", "--lisen", "x").returncode == 2


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["serve", "--help"], ["keys", "-h"], ["version"], []])
def test_help_is_on_stdout(arguments):
    done = run(*arguments)
    assert done.returncode == 0 and "gatehouse" in done.stdout


# ---- chat ---------------------------------------------------------------------------------------

def test_chat_asks_the_gateway(start):
    gateway = start({"listen": "127.0.0.1:0"})
    done = run("chat", "--url", gateway.url, "hello over there", environment={"GATEHOUSE_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    assert "hello over there" in done.stdout


def test_chat_says_what_is_wrong(start):
    gateway = start({"listen": "127.0.0.1:0"})
    done = run("chat", "--url", gateway.url, "hi", environment={"GATEHOUSE_API_KEY": "sk-gh-wrong"})
    assert done.returncode == 1 and "key" in done.stderr.lower()
    assert run("chat", "--url", "http://127.0.0.1:9", "hi", environment={"GATEHOUSE_API_KEY": KEY}).returncode == 1
