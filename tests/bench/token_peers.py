#!/usr/bin/env python3
"""Tokens counted beside other counters: how fast, and whether the ids are the same.

    tests/bench/token_peers.py speed [SECONDS]      a line a corpus: ours, tiktoken, quicktok, in MB/s
    tests/bench/token_peers.py exact [MEGABYTES]    ids of varied text against tiktoken's

Runs in tests/bench/.venv, which has the peers; tiktoken gets its ranks from the npm package of that
name, for the network is not asked for anything else.
"""
import array
import base64
import functools
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import time

import quicktok
import tiktoken

HERE = pathlib.Path(__file__).resolve().parent
TOOL = pathlib.Path(os.environ.get("TOKENS", HERE.parents[1] / "build/release/tests/tokens"))
COMMON = ("的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所"
          "然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它")


@functools.cache
def reference():
    with tempfile.TemporaryDirectory() as folder:
        name = subprocess.run(["npm", "pack", "--silent", "tiktoken"], cwd=folder, check=True,
                              capture_output=True, text=True).stdout.strip()
        with tarfile.open(pathlib.Path(folder) / name) as package:
            encoder = json.load(package.extractfile("package/encoders/o200k_base.json"))
    ranks = {}
    for line in filter(None, encoder["bpe_ranks"].split("\n")):
        _, first, *tokens = line.split(" ")
        ranks.update({base64.b64decode(token): int(first) + i for i, token in enumerate(tokens)})
    return tiktoken.Encoding("o200k_base", pat_str=encoder["pat_str"], mergeable_ranks=ranks,
                             special_tokens=encoder["special_tokens"])


# ---- texts, the same in every run ------------------------------------------------------------------


def english():
    from pydoc_data import topics
    prose = "\n".join(topics.topics.values())
    return "\n".join(line.strip() for line in prose.split("\n") if line[:1].isalpha())


@functools.cache
def library():
    files = sorted(pathlib.Path(os.__file__).parent.glob("*.py"))
    return "".join(file.read_text(errors="replace") for file in files)


def chinese(chance):
    out = []
    for _ in range(40000):
        out.append("".join(chance.choice(COMMON) for _ in range(chance.randrange(3, 18))))
        out.append(chance.choice("，，。；？\n"))
    return "".join(out)


def records(chance):
    return json.dumps([{"id": chance.randrange(10 ** 9), "name": chance.choice(["Ada", "Grace", "Alan"]),
                        "tags": [chance.choice(["new", "open", "müde"]) for _ in range(3)], "ok": i % 3 == 0,
                        "price": round(chance.random() * 100, 2), "when": f"2026-0{1 + i % 9}-1{i % 9}T10:00:00Z"}
                       for i in range(8000)])


def noise(chance, count):
    ranges = [(0x20, 0x7f), (0xa0, 0x800), (0x800, 0xd800), (0x10000, 0x20000)]
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(count))


def corpora():
    chance = random.Random(7)
    return {"english": english(), "code": library()[:3_000_000], "chinese": chinese(chance),
            "json": records(chance), "random": noise(chance, 300_000)}


LINEAR = {"one letter": "a", "spaces": " ", "emoji": "\U0001f600", "digits": "7", "newlines": "\n", "capitals": "A",
          "mixed case": "aA", "one sign": "!", "accents": "e\u0301", "one Han": "\u6c34", "quotes": "'"}


# ---- measuring ------------------------------------------------------------------------------------


def best(count, text, seconds):
    size, fastest, end = len(text.encode()), 1e9, time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        count(text)
        fastest = min(fastest, time.perf_counter() - began)
    return size / fastest / 1e6


def ours(text, seconds, folder):
    path = pathlib.Path(folder) / "text"
    path.write_bytes(text.encode())
    done = subprocess.run([TOOL, "count", str(seconds), path], check=True, capture_output=True, text=True)
    count, speed = done.stdout.split()
    return int(count), float(speed)


def speed(seconds):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    encoder, quick = reference(), quicktok.get_encoding("o200k_base")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in corpora().items():
            count, mine = ours(text, seconds, folder)
            exact = "exact" if count == len(encoder.encode_ordinary(text)) else "WRONG"
            print(name, exact, f"{mine:.1f}", f"{best(encoder.encode_ordinary, text, seconds):.1f}",
                  f"{best(quick.count, text, seconds):.1f}", flush=True)
        _, plain = ours(english(), seconds, folder)
        for name, unit in LINEAR.items():
            _, mine = ours(unit * (1_000_000 // len(unit.encode())), seconds, folder)
            print(f"linear:{name.replace(' ', '-')}", "-", f"{mine:.1f}", f"{plain:.1f}", "-", flush=True)


def varied(chance):
    """About a megabyte of something."""
    source, kind = library(), chance.randrange(7)
    at = chance.randrange(len(source) - 1_000_000)
    if kind == 0:
        return source[at:at + 1_000_000]
    if kind == 1:
        return noise(chance, 330_000)
    if kind == 2:
        return chinese(chance)
    if kind == 3:
        words = source[at:at + 400_000].split()
        chance.shuffle(words)
        return chance.choice(["", " ", "\t", "\u3000"]).join(words)
    if kind == 4:  # few kinds of characters, so that all their orders occur
        some = [chr(chance.randrange(*chance.choice([(0x20, 0x7f), (0x300, 0x370), (0x600, 0x700), (0x4e00, 0x9fff)])))
                for _ in range(4)] + list("aA1' \n\r\u0301\u01c5\u02b0\u017f/s")
        return "".join(chance.choice(some) for _ in range(500_000))
    if kind == 5:  # every code point from somewhere on
        first = chance.randrange(0x10ffff - 250_000)
        return "".join(chr(p) for p in range(first, first + 250_000) if not 0xd800 <= p < 0xe000)
    return "".join(chance.choice(["I'LL", "don't", "WE'VE", "x's ", "'\u017f", "  ", "\n\n", "123456", "e\u0301"])
                   for _ in range(200_000))


def same_ids(text, encoder, folder):
    path = pathlib.Path(folder) / "text"
    path.write_bytes(text.encode())
    got = array.array("I")
    got.frombytes(subprocess.run([TOOL, "ids", path], check=True, capture_output=True).stdout)
    count, _ = ours(text, 0.001, folder)
    want = array.array("I", encoder.encode_ordinary(text))
    return got == want and count == len(want)


def recorded():
    """Texts of the recorded provider traffic, when it lies beside the repository."""
    for path in sorted((HERE.parents[2] / "shared/fixtures").glob("*/*/*.json")):
        yield path.read_text(errors="replace")


def exact(megabytes):
    encoder, chance, size, wrong, texts = reference(), random.Random(11), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for text in recorded():
            texts, size = texts + 1, size + len(text.encode())
            wrong += not same_ids(text, encoder, folder)
        while size < megabytes * 1_000_000:
            text = varied(chance)
            texts, size = texts + 1, size + len(text.encode())
            if not same_ids(text, encoder, folder):
                wrong += 1
                print(f"different ids in text {texts}, which begins {text[:60]!r}")
    print(f"{texts} texts, {size / 1e6:.0f} MB, {wrong} with other ids than tiktoken's")
    return 1 if wrong else 0


if __name__ == "__main__":
    what, number = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else None
    sys.exit(exact(number or 100) if what == "exact" else speed(number or 1.0))
