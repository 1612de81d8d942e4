"""A provider that does what a test tells it to, byte by byte, also what no provider should do.

Each test sets `provider.script`, an async function of one Exchange; without one the provider answers
"Hello there!" in the format of the path it was asked on.  It runs in a thread of its own.
"""
import asyncio
import json
import socket
import struct
import threading
import time

import answers

PATIENCE_S = 10


class Request:
    """What the gateway sent."""

    def __init__(self, head, body):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, self.version = first.split(" ")
        self.header_lines = [tuple(part.strip() for part in line.split(":", 1)) for line in lines if line]
        self.headers = {name.lower(): value for name, value in self.header_lines}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def streams(self):
        return bool(self.json.get("stream"))


class Gate:
    """A place where a script waits until the test says go on."""

    def __init__(self, loop):
        self._loop = loop
        self._event = asyncio.Event()

    def open(self):
        self._loop.call_soon_threadsafe(self._event.set)

    async def passed(self):
        await asyncio.wait_for(self._event.wait(), PATIENCE_S)


class Exchange:
    """One request and the answer being written; the script's whole world."""

    def __init__(self, request, connection):
        self.request = request
        self._connection = connection

    async def send(self, data):
        """Bytes as they are."""
        self._connection.writer.write(data if isinstance(data, bytes) else data.encode())
        await self._connection.writer.drain()

    async def head(self, status=200, headers=None):
        lines = [f"HTTP/1.1 {status} Whatever"] + [f"{k}: {v}" for k, v in (headers or {}).items()]
        await self.send("\r\n".join(lines) + "\r\n\r\n")

    async def reply(self, status, body, headers=None):
        """A whole answer with its length."""
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        fields = {"Content-Type": "application/json", "Content-Length": len(data)} | (headers or {})
        await self.head(status, {k: v for k, v in fields.items() if v is not None})
        await self.send(data)

    async def start_stream(self, headers=None):
        await self.head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"} | (headers or {}))

    async def chunk(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self):
        await self.send(b"0\r\n\r\n")

    async def stream(self, events, headers=None):
        """A whole stream, one chunk for each event."""
        await self.start_stream(headers)
        for event in events:
            await self.chunk(event)
        await self.end()

    def reset(self):
        """RST: what was sent may be lost on the way too."""
        sock = self._connection.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.writer.transport.abort()

    def close(self):
        self._connection.writer.close()

    async def gone(self):
        """Waits until the gateway has closed the connection."""
        await asyncio.wait_for(self._connection.ended.wait(), PATIENCE_S)


class Connection:
    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.ended = asyncio.Event()
        self._input = bytearray()
        self._more = asyncio.Event()

    async def pump(self):
        """Reads all the time, so that the end is noticed while an answer is written."""
        try:
            while data := await self.reader.read(1 << 16):
                self._input += data
                self._more.set()
        except OSError:
            pass
        self.ended.set()
        self._more.set()

    async def _need(self, is_enough):
        while not is_enough():
            if self.ended.is_set():
                raise EOFError
            self._more.clear()
            await self._more.wait()

    async def next_request(self):
        await self._need(lambda: b"\r\n\r\n" in self._input)
        head, _, _ = bytes(self._input).partition(b"\r\n\r\n")
        del self._input[:len(head) + 4]
        request = Request(head, b"")
        if "chunked" in request.headers.get("transfer-encoding", ""):
            await self._need(lambda: self._input.endswith(b"0\r\n\r\n"))
            request.body = unchunk(bytes(self._input))
            self._input.clear()
        else:
            length = int(request.headers.get("content-length", 0))
            await self._need(lambda: len(self._input) >= length)
            request.body = bytes(self._input[:length])
            del self._input[:length]
        return request


def unchunk(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            return body
        body, data = body + data[:length], data[length + 2:]


BINARY_STREAM = {"Content-Type": "application/vnd.amazon.eventstream"}
LINES = {"Content-Type": "application/x-ndjson"}

# What a path ends with -> who is asked, for a stream or not (None: the body says), and the stream's headers.
FAMILIES = {
    "/messages": (answers.ANTHROPIC, None, {}),
    ":rawPredict": (answers.ANTHROPIC, False, {}),
    ":streamRawPredict": (answers.ANTHROPIC, True, {}),
    ":generateContent": (answers.GEMINI, False, {}),
    ":streamGenerateContent": (answers.GEMINI, True, {}),
    "/converse": (answers.BEDROCK, False, {}),
    "/converse-stream": (answers.BEDROCK, True, BINARY_STREAM),
    "/api/chat": (answers.OLLAMA, None, LINES),
    "": (answers.OPENAI, None, {}),
}


async def say_hello(exchange):
    """What a provider does that nobody told anything."""
    path = exchange.request.path.partition("?")[0]
    [(family, streams, headers), *_] = [row for end, row in FAMILIES.items() if path.endswith(end)]
    if exchange.request.streams if streams is None else streams:
        await exchange.stream(family.stream(["Hello", " there", "!"]), headers)
    else:
        await exchange.reply(200, family.whole("Hello there!"))


class Provider:
    def __init__(self, tls=None):
        self.requests = []
        self.script = say_hello
        self.failure = None  # of a script
        self.connections = 0
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._tls = tls
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        self.connections += 1
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(reader, writer)
        pump = asyncio.ensure_future(connection.pump())
        try:
            while True:
                request = await connection.next_request()
                with self._changed:
                    self.requests.append(request)
                    self._changed.notify_all()
                await self.script(Exchange(request, connection))
        except (EOFError, ConnectionError):
            pass
        except Exception as failure:  # told to the test
            self.failure = failure
        finally:
            pump.cancel()
            writer.close()

    def reset(self):
        """As new, for the next test."""
        self.script = say_hello
        self.failure = None
        self.requests.clear()

    def stop(self):
        async def end():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self._thread.join(PATIENCE_S)

    def gate(self):
        return Gate(self.loop)

    def wait_for_requests(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE_S)

    @property
    def last(self):
        return self.requests[-1]

    # ---- scripts ----------------------------------------------------------------------------------

    def replies(self, status, body, headers=None):
        async def script(exchange):
            await exchange.reply(status, body, headers)
        self.script = script

    def streams(self, events):
        async def script(exchange):
            await exchange.stream(events)
        self.script = script

    def in_turn(self, *scripts):
        """The first request gets the first script, and so on; the last one stays."""
        left = list(scripts)

        async def script(exchange):
            await (left.pop(0) if len(left) > 1 else left[0])(exchange)
        self.script = script


class Closed:
    """A port where nobody listens, for as long as it is held."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def stop(self):
        self._socket.close()


def wait_until(is_true, what, seconds=PATIENCE_S):
    """Looks again and again; the wait in between is not what makes it true."""
    deadline = time.monotonic() + seconds
    while True:
        found = is_true()
        if found:
            return found
        assert time.monotonic() < deadline, f"still waiting for {what} after {seconds} s"
        time.sleep(0.005)
