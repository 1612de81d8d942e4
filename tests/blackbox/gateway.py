"""The real program, started for tests, and what they look at: its answers, rows and log."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse

from provider import PATIENCE_S, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GATEHOUSE", ROOT / "build/dev/gatehouse"))
KEY = "sk-gh-" + "T3st" * 10 + "Key"
PROVIDER_KEY = "sk-provider-5ecret0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


class Answer:
    """An HTTP answer, read to its end."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    @property
    def id(self):
        return self.headers["x-generation-id"]

    @property
    def events(self):
        """The data of a stream's events, parsed but for [DONE]."""
        blocks = self.body.decode().split("\n\n")
        lines = [block[len("data: "):] for block in blocks if block.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]

    @property
    def comments(self):
        return [line for line in self.body.decode().split("\n") if line.startswith(":")]

    @property
    def text(self):
        """What the model said in a stream."""
        return "".join(choice["delta"].get("content") or ""
                       for event in self.events if event != "[DONE]" for choice in event["choices"])


class Gateway:
    def __init__(self, folder, config=None, environment=None, arguments=(), key=KEY):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.key = key
        self.stderr = []
        self.secrets = [PROVIDER_KEY] + ([key] if key else [])
        self.ready = None
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | (environment or {})
        if key:
            self.environment["GATEHOUSE_BOOTSTRAP_KEY"] = key
        command = [BINARY, "serve", "--data", self.data]
        if config is not None:
            path = self.folder / "gatehouse.yaml"
            path.write_text(config if isinstance(config, str) else json.dumps(config))  # JSON is YAML
            command += ["--config", path]
        self.process = subprocess.Popen([*map(str, command), *arguments], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader.start()

    def _read_stderr(self):
        for line in self.process.stderr:
            text = line.decode(errors="replace").rstrip("\n")
            self.stderr.append(text)
            if self.ready is None and '"ready"' in text:
                self.ready = json.loads(text)

    def wait_ready(self):
        wait_until(lambda: self.ready or self.process.poll() is not None, "the ready line")
        assert self.ready, f"exit code {self.process.poll()}:\n" + "\n".join(self.stderr)
        self.port = urllib.parse.urlsplit(self.ready["base_url"]).port
        self.url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.url}/v1"
        return self

    @property
    def is_alive(self):
        return self.process.poll() is None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=20):
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(PATIENCE_S)
        self.process.stderr.close()
        self.process.stdout.close()
        return code

    def stop(self):
        """SIGTERM; the exit must be clean and the log without secrets."""
        self.terminate()
        code = self.wait()
        self.check_log()
        assert code == 0, f"exit code {code}:\n" + "\n".join(self.stderr[-40:])

    def check_log(self):
        for line in self.stderr:
            if '"ready"' in line and '"api_key"' in line:
                continue  # the one place where a first key is shown
            for secret in self.secrets:
                assert secret not in line, f"a secret is in the log: {line}"
            assert "Sanitizer" not in line and "runtime error" not in line, "\n".join(self.stderr[-80:])

    # ---- talking to it ----------------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, HEADERS if headers is None else headers)
            got = connection.getresponse()
            return Answer(got.status, got.getheaders(), got.read())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, None, headers)

    def post(self, body, path="/v1/chat/completions", headers=None):
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.request("POST", path, data, headers)

    def chat(self, model="test/gpt", stream=False, text="hi", **extra):
        return self.post({"model": model, "stream": stream,
                          "messages": [{"role": "user", "content": text}]} | extra)

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def raw_request(self, body, path="/v1/chat/completions", headers=""):
        data = json.dumps(body) if not isinstance(body, str) else body
        return (f"POST {path} HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: Bearer {KEY}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n{headers}\r\n{data}").encode()

    # ---- its rows ---------------------------------------------------------------------------------

    def rows(self):
        connection = sqlite3.connect(f"file:{self.data / 'gatehouse.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM exchange ORDER BY rowid")]
        finally:
            connection.close()

    def row(self, generation_id):
        """The row of one exchange, once it is there."""
        def find():
            return [row for row in self.rows() if row["id"] == generation_id]
        return wait_until(find, f"the row of {generation_id}")[0]

    def new_row(self, count_before):
        return wait_until(lambda: self.rows()[count_before:], "one more row")[0]


def run(*arguments, environment=None, folder=None, input_text=None):
    """The program with other commands than serve."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=30, input=input_text,
        env={"PATH": os.environ["PATH"], "HOME": str(folder or "/nonexistent")} | (environment or {}))


class Reader:
    """Answers read off a socket that the test holds."""

    def __init__(self, sock, read_bytes=1 << 16):
        self.sock = sock
        self.read_bytes = read_bytes
        self.input = bytearray()

    def _more(self):
        data = self.sock.recv(self.read_bytes)
        if not data:
            raise EOFError(bytes(self.input))
        self.input += data

    def until(self, mark):
        while mark not in self.input:
            self._more()
        end = self.input.index(mark)
        before = bytes(self.input[:end])
        del self.input[:end + len(mark)]
        return before

    def exactly(self, count):
        while len(self.input) < count:
            self._more()
        data = bytes(self.input[:count])
        del self.input[:count]
        return data

    def head(self):
        """(status, headers)"""
        first, *lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        return int(first.split(" ")[1]), [(name, value.strip()) for name, value in pairs]

    def answer(self):
        status, headers = self.head()
        fields = {name.lower(): value for name, value in headers}
        body = b""
        if status in (100, 204, 304):
            pass
        elif "content-length" in fields:
            body = self.exactly(int(fields["content-length"]))
        elif fields.get("transfer-encoding") == "chunked":
            while size := int(self.until(b"\r\n"), 16):
                body += self.exactly(size)
                self.until(b"\r\n")
            self.until(b"\r\n")
        else:
            body = self.rest()
        return Answer(status, headers, body)

    def rest(self):
        try:
            while True:
                self._more()
        except (EOFError, ConnectionError):
            data = bytes(self.input)
            self.input.clear()
            return data

    def is_closed(self):
        """Nothing more comes, and the other side says so."""
        return self.rest() == b""
