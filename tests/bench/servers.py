"""The servers of the benchmark: started on free ports, pinned to a core, stopped by their process."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GATEHOUSE", ROOT / "build/release/gatehouse"))
TOOLS = ROOT / "build/bench-tools"
CORES = len(os.sched_getaffinity(0))
KEY = "sk-gh-benchmark0000000000000000000000000000000000"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def pinned(core, *command):
    """The command on one core, when there are two to tell apart."""
    return (["taskset", "-c", str(core)] if CORES > 1 else []) + [str(part) for part in command]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for_port(port, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.0005)


class Server:
    """A process and its ports by what they serve."""

    name = ""

    def __init__(self, command, environment=None, **options):
        self.process = subprocess.Popen(command, env=os.environ | (environment or {}), **options)
        self.pid = self.process.pid

    def children(self):
        path = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def cpu_s(self):
        """User and system time of the process, all its threads and children."""
        total = 0
        for pid in (self.pid, *self.children()):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total * TICK_S

    def rss_bytes(self):
        total = 0
        for pid in (self.pid, *self.children()):
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Mock(Server):
    name = "mock"

    def __init__(self, events, interval_us):
        super().__init__(pinned(1, TOOLS / "mock_upstream", "--events", events, "--interval-us", interval_us),
                         stdout=subprocess.PIPE, text=True)
        self.ports = [int(self.process.stdout.readline())]


class Nginx(Server):
    """One worker; a port for whole answers, and one per mock with buffering off."""

    name = "nginx"

    def __init__(self, folder, mocks):
        folder.mkdir()
        self.by_use = {"whole": free_port()} | {use: free_port() for use in mocks}
        upstreams = "".join(
            f"upstream {use} {{ server 127.0.0.1:{mock.ports[0]}; keepalive 128; keepalive_requests 1000000000; }}\n"
            for use, mock in mocks.items())
        servers = "".join(
            f"server {{ listen 127.0.0.1:{port} backlog=16384; location / {{\n"
            f"  proxy_pass http://{'paced' if use == 'whole' else use}; proxy_http_version 1.1;\n"
            f"  proxy_set_header Connection ''; proxy_buffering {'on' if use == 'whole' else 'off'};\n"
            f"}} }}\n" for use, port in self.by_use.items())
        temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
            "events { worker_connections 65536; }\n"
            f"http {{ access_log off; keepalive_requests 1000000000; {temporary} {upstreams} {servers} }}\n")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        super().__init__(pinned(0, program, "-p", folder, "-c", config, "-e", folder / "nginx.log"),
                         stderr=subprocess.DEVNULL)
        for port in self.by_use.values():
            wait_for_port(port)

    def port(self, use):
        return self.by_use[use]


class Gatehouse(Server):
    """The release binary with a key, rows on, and a model per mock."""

    name = "gatehouse"

    def __init__(self, folder, mocks, workers=1):
        folder.mkdir()
        self.listen_port = free_port()
        lines = [f"listen: 127.0.0.1:{self.listen_port}", f"workers: {workers}", "access_log: false",
                 "timeouts: {drain: 100ms}"]
        price = '{prompt: "0.0000025", completion: "0.00001"}'
        if mocks:
            lines.append("providers:")
            for use, mock in mocks.items():
                lines.append(f"  - {{name: {use}, dialect: openai, api_key: none, "
                             f"base_url: 'http://127.0.0.1:{mock.ports[0]}/v1'}}")
            lines.append("  - {name: claude, dialect: anthropic, api_key: none, "
                         f"base_url: 'http://127.0.0.1:{mocks['paced'].ports[0]}'}}")
            lines.append("models:")
            for use in mocks:
                lines.append(f"  - {{id: bench/{use}, endpoints: [{{provider: {use}, model: gpt-4o, pricing: {price}}}]}}")
            lines.append(f"  - {{id: bench/claude, endpoints: [{{provider: claude, model: claude-sonnet-4, pricing: {price}}}]}}")
        config = folder / "gatehouse.yaml"
        config.write_text("\n".join(lines) + "\n")
        self.log = (folder / "log").open("w")
        command = [BINARY, "serve", "--config", config, "--data", folder / "data"]
        super().__init__(pinned(0, *command) if workers == 1 else list(map(str, command)),
                         environment={"GATEHOUSE_BOOTSTRAP_KEY": KEY}, stderr=self.log)
        if workers == 1:
            wait_for_port(self.listen_port)

    def port(self, _use):
        return self.listen_port

    def ask_until_answered(self, seconds=10):
        """Asks the built-in model again and again until the first answer."""
        body = json.dumps({"model": "demo/echo", "messages": [{"role": "user", "content": "hi"}]})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.listen_port, timeout=1)
                connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {KEY}"})
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.0005)
        raise RuntimeError("no answer")
