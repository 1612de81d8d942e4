#!/usr/bin/env python3
"""Makes share/o200k_base.bin, the vocabulary of src/llm/tokens.c, and share/o200k_base.json beside it.

    tools/gen_vocab.py [DATE]

Ranks and special tokens are those of the npm package `tiktoken` (MIT); the classes of characters that
the split pattern speaks of are asked of the regex engine inside the PyPI package `tiktoken` (MIT), one
code point at a time, so that they are the engine's own.  Run it in an environment that has that
package; it fetches the other with npm.  Takes about two minutes.

The file is little endian: the header of struct vocab_header (src/llm/vocab.h), then sections that each
begin at a multiple of 64:

  units    u64   a double-array trie of all tokens: bits 0-21 base, 22-29 label, 30-47 token + 1,
                 48 set in every unit that is used; the child for byte b stands at base ^ b
  splits   2 u32 of each token: the two it was merged from; itself twice for a single byte
  pairs    u32   open addressing: the token that two merge to, in bits 0-17 + 1, and 14 bits of the hash
  filter   u8    a bit for each hash of a pair that merges
  words    u64   open addressing: all tokens of at most 7 bytes, as their bytes and length
  blocks   u8    of each 128 code points: which row of classes
  classes  u8    rows of 128
"""
import array
import base64
import collections
import datetime
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile

import tiktoken

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAIR_SLOTS = 1 << 19
FILTER_BITS = 1 << 21
WORD_SLOTS = 1 << 18
WORD_BYTES_MAX = 7
MULTIPLIER = 0x9E3779B97F4A7C15
UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, NEWLINE, OTHER = range(8)
MASK = (1 << 64) - 1


def fetch(folder):
    name = subprocess.run(["npm", "pack", "--silent", "tiktoken"], cwd=folder, check=True,
                          capture_output=True, text=True).stdout.strip()
    with tarfile.open(pathlib.Path(folder) / name) as package:
        version = json.load(package.extractfile("package/package.json"))["version"]
        raw = package.extractfile("package/encoders/o200k_base.json").read()
    return version, raw


def read_ranks(encoder):
    tokens = []
    for line in filter(None, encoder["bpe_ranks"].split("\n")):
        _, first, *encoded = line.split(" ")
        assert len(tokens) == int(first)
        tokens += map(base64.b64decode, encoded)
    return tokens


def split_of(token, ranks):
    """The two tokens that merging ends with before it makes this one; None when it never does."""
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 2:
        best = min(((ranks.get(parts[i] + parts[i + 1], MASK), i) for i in range(len(parts) - 1)))
        if best[0] >= ranks[token]:
            return None
        i = best[1]
        parts[i:i + 2] = [parts[i] + parts[i + 1]]
    return tuple(ranks[part] for part in parts)


def hash_pair(left, right):
    return ((left << 18 | right) * MULTIPLIER & MASK) >> 24


def build_pairs(splits):
    slots = array.array("I", bytes(4 * PAIR_SLOTS))
    bits = bytearray(FILTER_BITS // 8)
    for token, split in splits.items():
        hashed = hash_pair(*split)
        bit = hashed >> 19 & FILTER_BITS - 1
        bits[bit >> 3] |= 1 << (bit & 7)
        at = hashed & PAIR_SLOTS - 1
        while slots[at]:
            at = at + 1 & PAIR_SLOTS - 1
        slots[at] = token + 1 | (hashed >> 26 & 0x3FFF) << 18
    return slots, bits


def build_words(tokens):
    slots = array.array("Q", bytes(8 * WORD_SLOTS))
    for token in tokens:
        if len(token) <= WORD_BYTES_MAX:
            key = int.from_bytes(token, "little") | len(token) << 56
            at = (key * MULTIPLIER & MASK) >> 46
            while slots[at]:
                at = at + 1 & WORD_SLOTS - 1
            slots[at] = key
    return slots


def build_trie(tokens):
    children = collections.defaultdict(set)
    for token in tokens:
        for i in range(len(token)):
            children[token[:i]].add(token[i])
    ranks = {token: rank for rank, token in enumerate(tokens)}
    room = 1 << 22
    units = array.array("Q", bytes(8 * room))
    taken = bytearray(room)
    taken[0] = 1
    used_bases = bytearray(room)
    free = 1  # every unit before it is taken

    def value(prefix, label):
        rank = ranks.get(prefix)
        return 1 << 48 | label << 22 | (0 if rank is None else rank + 1 << 30)

    def find_base(labels):
        nonlocal free
        while taken[free]:
            free += 1
        at, tried = free, 0
        while True:
            base = at ^ labels[0]
            if not taken[at] and base > 0 and not used_bases[base] and \
                    all(not taken[base ^ label] for label in labels):
                return base
            at += 1
            tried += 1
            if tried == 3000:  # crowded: leave these holes
                free = max(free, at - 2000)

    place = {b"": 0}
    order = collections.deque([b""])
    while order:
        prefix = order.popleft()
        labels = sorted(children.get(prefix, ()))
        if not labels:
            continue
        base = find_base(labels)
        used_bases[base] = 1
        units[place[prefix]] |= base
        for label in labels:
            child = prefix + bytes([label])
            taken[base ^ label] = 1
            units[base ^ label] = value(child, label)
            place[child] = base ^ label
            order.append(child)
    size = (max(place.values()) | 255) + 1
    assert size < 1 << 22
    return units[:size]


def classes_of_all():
    """A class per code point, asked of the engine: only what a pattern matches is encoded."""
    bytes_only = {bytes([i]): i for i in range(256)}
    patterns = {UPPER: r"[\p{Lu}\p{Lt}]", LOWER: r"\p{Ll}", LETTER: r"[\p{Lm}\p{Lo}]", MARK: r"\p{M}",
                NUMBER: r"\p{N}", SPACE: r"\s"}
    classes = bytearray([OTHER]) * 0x110000
    points = [p for p in range(0x110000) if not 0xD800 <= p < 0xE000]
    for kind, pattern in patterns.items():
        engine = tiktoken.Encoding("probe", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={})
        for first in range(0, len(points), 4096):
            text = "".join(map(chr, points[first:first + 4096]))
            for found in bytes(engine.encode_ordinary(text)).decode():
                assert classes[ord(found)] == OTHER, "two classes"
                classes[ord(found)] = kind
    classes[10] = classes[13] = NEWLINE
    return classes


def build_classes():
    classes = classes_of_all()
    rows, blocks = {}, bytearray()
    for first in range(0, 0x110000, 128):
        row = bytes(classes[first:first + 128])
        blocks.append(rows.setdefault(row, len(rows)))
    return blocks, b"".join(rows)


def main():
    date = sys.argv[1] if len(sys.argv) > 1 else datetime.date.today().isoformat()
    with tempfile.TemporaryDirectory() as folder:
        version, raw = fetch(folder)
    encoder = json.loads(raw)
    tokens = read_ranks(encoder)
    ranks = {token: rank for rank, token in enumerate(tokens)}
    splits = {rank: split_of(token, ranks) for rank, token in enumerate(tokens) if len(token) > 1}
    assert all(splits.values()), "a token that merging never makes"
    table = array.array("I")
    for rank in range(len(tokens)):
        table.extend(splits.get(rank, (rank, rank)))
    pairs, bits = build_pairs(splits)
    blocks, rows = build_classes()
    units = build_trie(tokens)
    sections = [units.tobytes(), table.tobytes(), pairs.tobytes(), bytes(bits), build_words(tokens).tobytes(), bytes(blocks),
                rows]
    header = [0x4B544847, 2, len(tokens), len(units), PAIR_SLOTS, FILTER_BITS]
    at, body = 64, b""
    for section in sections:
        header.append(at)
        padded = section + bytes(-len(section) % 64)
        body += padded
        at += len(padded)
    data = struct.pack("<13I", *header).ljust(64, b"\0") + body
    (ROOT / "share/o200k_base.bin").write_bytes(data)
    (ROOT / "share/o200k_base.json").write_text(json.dumps({
        "what": "the vocabulary o200k_base, prepared for src/llm/tokens.c by tools/gen_vocab.py",
        "source": f"npm package tiktoken {version} (MIT), encoders/o200k_base.json",
        "source_sha256": hashlib.sha256(raw).hexdigest(),
        "character_classes": f"the regex engine of the PyPI package tiktoken {tiktoken.__version__} (MIT)",
        "date": date,
        "sha256": hashlib.sha256(data).hexdigest(),
    }, indent=2) + "\n")
    print(f"{len(tokens)} tokens, {len(units)} units, "
          f"{len(rows) // 128} rows of classes, {len(data)} bytes")


if __name__ == "__main__":
    main()
