#!/usr/bin/env python3
"""Measures the gateway beside nginx as a plain reverse proxy: same bytes, same core, same run.

    tests/bench/bench.py [--rounds N] [--seconds N] [--only CASE,...] [--json FILE] [--profile]

The server under test has core 0, the load generator and the mock provider have core 1.  CPU per
request is what the kernel charged the server's process, user and system, divided by the requests
answered.  Rounds of the two servers alternate; the ratio is the median of the rounds' ratios.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from servers import BINARY, CORES, KEY, TOOLS, Gatehouse, Mock, Nginx, pinned

HERE = pathlib.Path(__file__).resolve().parent
STREAMS = 64
EVENTS_SLOW = 5  # of a stream that is only held open
FILES_SPARE = 300  # of a server with many streams: listeners, the store, idle connections


class Bench:
    """One run: the servers, the request bodies, and the rows of the result."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = pathlib.Path(folder)
        self.rows = []
        self.notes = []
        # Each mock is one kind of stream; all of them give the same whole answer.
        self.mocks = {
            "paced": Mock(events=50, interval_us=2000),
            "burst": Mock(events=500, interval_us=0),
            "slow": Mock(events=EVENTS_SLOW, interval_us=3_000_000),
        }
        self.nginx = Nginx(self.folder / "nginx", self.mocks)
        self.gatehouse = Gatehouse(self.folder / "gatehouse", self.mocks)

    def stop(self):
        for server in (self.gatehouse, self.nginx, *self.mocks.values()):
            server.stop()

    def body(self, model, stream, pad=700):
        """A request of about 1 KB, in a file."""
        text = {
            "model": model,
            "max_tokens": 500,
            "temperature": 0.7,
            "stream": stream,
            "messages": [{"role": "user", "content": ("Tell me about the sea. " * 60)[:pad]}],
        }
        if not model.startswith("claude"):
            text["messages"].insert(0, {"role": "system", "content": "You answer briefly, in one sentence."})
        path = self.folder / f"{model.replace('/', '-')}-{stream}.json"
        path.write_text(json.dumps(text))
        return path

    def add(self, name, target, measured, nginx=None, ratio=None, ok=None):
        self.rows.append({"case": name, "target": target, "gatehouse": measured,
                          "nginx": nginx, "ratio": ratio, "ok": ok})

    # ---- load -------------------------------------------------------------------------------------

    def wrk(self, port, path, body):
        """(requests, complaint) of a few seconds of whole requests."""
        script = self.folder / "post.lua"
        script.write_text(f'wrk.method = "POST"\nlocal f = io.open("{body}")\nwrk.body = f:read("*a")\nf:close()\n'
                          'wrk.headers["Content-Type"] = "application/json"\n'
                          f'wrk.headers["Authorization"] = "Bearer {KEY}"\n'
                          'wrk.headers["anthropic-version"] = "2023-06-01"\n')
        done = subprocess.run(
            pinned(1, "wrk", "-t1", f"-c{STREAMS}", f"-d{self.options.seconds}s", "-s", script,
                   f"http://127.0.0.1:{port}{path}"), capture_output=True, text=True, check=True)
        wrong = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*[1-9].*", done.stdout)
        return int(re.search(r"(\d+) requests in", done.stdout)[1]), wrong and wrong[0]

    def sse(self, port, path, body, events):
        """(events, complaint) of a few seconds of streams."""
        done = subprocess.run(
            pinned(1, TOOLS / "sse_load", "--port", port, "--streams", STREAMS, "--events", events,
                   "--seconds", self.options.seconds, path, body, f"Authorization: Bearer {KEY}"),
            capture_output=True, text=True)
        found = dict(re.findall(r"(\w+) (\d+)", done.stdout))
        if not found:
            return 0, done.stderr.strip()
        wrong = f"{found['lost']} events lost, {found['broken']} streams broken"
        return int(found["events"]), None if done.returncode == 0 else wrong

    def cpu_us(self, server, load):
        """CPU of the server per thing that the load counted, in microseconds."""
        before = server.cpu_s()
        count, wrong = load(server)
        used = server.cpu_s() - before
        if wrong:
            self.notes.append(f"{server.name}: {wrong}")
        return used / count * 1e6 if count else float("nan")

    def compare(self, name, target, load, unit):
        """Rounds in turn, the first of each not counted; adds the row."""
        ours, theirs = [], []
        for turn in range(self.options.rounds + 1):
            pair = self.cpu_us(self.gatehouse, load), self.cpu_us(self.nginx, load)
            if turn > 0:
                ours.append(pair[0])
                theirs.append(pair[1])
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        self.add(name, f"<= {target} x nginx" if target else "-",
                 f"{statistics.median(ours):.1f} us/{unit}", f"{statistics.median(theirs):.1f} us/{unit}",
                 round(ratio, 2), ratio <= target if target else None)

    # ---- cases ------------------------------------------------------------------------------------

    def case_same(self):
        body = self.body("bench/paced", False)
        self.compare("whole answer, same format", 1.6,
                     lambda s: self.wrk(s.port("whole"), "/v1/chat/completions", body), "request")

    def case_anthropic(self):
        """The gateway translates; nginx relays what the provider speaks, unchanged."""
        ours, theirs = self.body("bench/claude", False), self.body("claude-sonnet-4", False)
        self.compare("whole answer, anthropic dialect", 2.2, lambda s: (
            self.wrk(s.port("whole"), "/v1/messages", theirs) if s is self.nginx else
            self.wrk(s.port("whole"), "/v1/chat/completions", ours)), "request")

    def case_sse(self):
        body = self.body("bench/paced", True)
        self.compare("SSE events, one every 2 ms", 1.5,
                     lambda s: self.sse(s.port("paced"), "/v1/chat/completions", body, 50), "event")

    def case_burst(self):
        """Not in the goals: a provider that sends all it has at once, so reads hold many events."""
        body = self.body("bench/burst", True)
        self.compare("SSE events, all at once (no goal)", None,
                     lambda s: self.sse(s.port("burst"), "/v1/chat/completions", body, 500), "event")

    def case_latency(self):
        body = self.body("bench/paced", False)
        path = f"/v1/chat/completions,Authorization: Bearer {KEY}"
        done = subprocess.run(
            pinned(1, TOOLS / "latency", "--requests", 1000 * self.options.seconds, body,
                   f"direct={self.mocks['paced'].ports[0]}{path}",
                   f"gatehouse={self.gatehouse.port('whole')}{path}",
                   f"nginx={self.nginx.port('whole')}{path}"), capture_output=True, text=True)
        if done.returncode != 0:
            self.notes.append(f"latency: {done.stderr.strip()}")
            return
        found = {name: (float(p50), float(p99)) for name, p50, p99 in map(str.split, done.stdout.splitlines())}
        for index, (word, target) in enumerate((("p50", 60), ("p99", 120))):
            direct = found["direct"][index]
            ours, theirs = found["gatehouse"][index] - direct, found["nginx"][index] - direct
            self.add(f"added latency, {word} (direct {direct:.0f} us)", f"<= {target} us", f"{ours:.0f} us",
                     f"{theirs:.0f} us", round(ours / theirs, 2), ours <= target)

    def open_streams(self, server, count, body):
        """(bytes per open stream, complaint), with all streams open at once."""
        before = server.rss_bytes()
        load = subprocess.Popen(
            list(map(str, pinned(1, TOOLS / "sse_load", "--port", server.port("slow"), "--streams", count, "--events", EVENTS_SLOW,
                   "--hold", 1, "/v1/chat/completions", body, f"Authorization: Bearer {KEY}"))),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        opened = load.stdout.readline()
        grown = server.rss_bytes() - before if opened.startswith("open") else float("nan")
        result, complaint = load.communicate()
        if load.returncode == 0:
            return grown / count, None
        return grown / count, (opened + result + complaint).strip()

    def case_memory(self):
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = min(10000, (files - FILES_SPARE) // 2)
        if count < 10000:
            self.notes.append(f"only {count} open streams: a stream needs two files of the server, "
                              f"and this machine allows {files}")
        body = self.body("bench/slow", True)
        grown, complaints = [], []
        # Fresh ones: a server that was busy before has memory in hand.
        for kind in (Gatehouse, Nginx):
            server = kind(self.folder / f"memory-{kind.name}", self.mocks)
            per_stream, complaint = self.open_streams(server, count, body)
            server.stop()
            grown.append(per_stream)
            complaints.append(complaint)
            if complaint:
                self.notes.append(f"{server.name}, open streams: {complaint}")
        ours, theirs = grown
        self.add(f"memory per open stream, {count} open", "<= 16 KB, none lost", f"{ours / 1024:.1f} KB",
                 f"{theirs / 1024:.1f} KB", round(ours / theirs, 2), ours <= 16 * 1024 and not complaints[0])

    def case_start(self):
        """Every worker that the machine would have, an empty data directory, the built-in provider."""
        took_ms, idle = [], []
        for turn in range(self.options.rounds):
            started = time.monotonic()
            server = Gatehouse(self.folder / f"start-{turn}", {}, workers=0)
            server.ask_until_answered()
            took_ms.append((time.monotonic() - started) * 1000)
            idle.append(server.rss_bytes() / 2**20)
            server.stop()
        self.add("idle memory", "<= 10 MB", f"{max(idle):.1f} MB", None, None, max(idle) <= 10)
        start = statistics.median(took_ms)
        self.add("start to first answer", "<= 50 ms", f"{start:.0f} ms", None, None, start <= 50)

    def case_decoders(self):
        """Streamed text through each dialect on one thread; yyjson alone on the same payloads is the bound."""
        done = subprocess.run(pinned(0, BINARY.parent / "tests/decoders"), capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            name, speed, event_ns, parser = line.split()
            self.add(f"decoder {name}: streamed text ({event_ns} ns an event)", ">= 300 MB/s, or yyjson",
                     f"{speed} MB/s", f"yyjson {parser} MB/s", None, int(speed) >= 300)

    def case_tokens(self):
        """Counting tokens on one thread, beside tiktoken and quicktok; and texts that are long and all the same."""
        done = subprocess.run([HERE / ".venv/bin/python", HERE / "token_peers.py", "speed"],
                              capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            name, exact, ours, first, second = line.split()
            if name.startswith("linear:"):
                ratio = float(first) / float(ours)
                self.add(f"tokens of 1 MB of {name[7:]}: time a byte", "<= 3 x English", f"{ours} MB/s",
                         f"English {first} MB/s", round(ratio, 2), ratio <= 3)
                continue
            ok = exact == "exact" and float(ours) >= 8 * float(first) and float(ours) >= 1.5 * float(second)
            self.add(f"tokens of {name} ({exact})", ">= 8 x tiktoken, 1.5 x quicktok", f"{ours} MB/s",
                     f"tiktoken {first}, quicktok {second} MB/s", round(float(ours) / float(first), 1), ok)

    def profile(self):
        """Where the time goes in the first case, from perf."""
        body = self.body("bench/paced", False)
        data = self.folder / "perf.data"
        perf = subprocess.Popen(["perf", "record", "-q", "-g", "-o", data, "-p", str(self.gatehouse.pid)],
                                stderr=subprocess.DEVNULL)
        self.wrk(self.gatehouse.port("whole"), "/v1/chat/completions", body)
        perf.send_signal(signal.SIGINT)
        perf.wait()
        print("\nwhere the time goes (whole answer, same format):")
        for sort, count in (("comm,dso", 8), ("comm,dso,symbol", 15)):
            report = subprocess.run(["perf", "report", "--stdio", "--no-children", "-g", "none", "--sort", sort,
                                     "-i", data], capture_output=True, text=True).stdout
            lines = [line.rstrip() for line in report.splitlines() if re.match(r"\s+\d+\.\d+%", line)]
            print(*lines[:count], "", sep="\n")


CASES = ["same", "anthropic", "sse", "burst", "latency", "memory", "start", "decoders", "tokens"]


def table(rows):
    shown = [("case", "goal", "gatehouse", "nginx", "ratio", "")]
    for row in rows:
        verdict = {None: "", True: "pass", False: "MISS"}[row["ok"]]
        shown.append((row["case"], row["target"], row["gatehouse"], row["nginx"] or "-",
                      str(row["ratio"] or "-"), verdict))
    widths = [max(map(len, column)) for column in zip(*shown)]
    for line in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load in each round")
    parser.add_argument("--only", default=",".join(CASES), help="of " + ", ".join(CASES))
    parser.add_argument("--json", help="write the result to this file too")
    parser.add_argument("--profile", action="store_true", help="show where the time goes, with perf")
    options = parser.parse_args()

    if not BINARY.exists():
        sys.exit(f"{BINARY} is not built: make build")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        bench = Bench(options, folder)
        try:
            for case in options.only.split(","):
                getattr(bench, f"case_{case}")()
            print()
            table(bench.rows)
            if options.profile:
                bench.profile()
        finally:
            bench.stop()
    if CORES < 2:
        bench.notes.append("one core: the servers, the load and the mock share it")
    load = os.getloadavg()[0]
    if load > 1.5 * CORES:
        bench.notes.append("the machine was busy with something else: latencies and start-up tell little")
    print(f"\n{CORES} cores; load average {load:.1f} at the end; median of {options.rounds} rounds of "
          f"{options.seconds} s; {STREAMS} connections; access logs off")
    for note in dict.fromkeys(bench.notes):
        print(f"note: {note}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"rows": bench.rows, "notes": bench.notes}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
