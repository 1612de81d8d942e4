#!/usr/bin/env python3
"""Fails when src/ calls a function that has no place there, and says why."""
import pathlib
import re
import sys

BANNED = [  # names, where they are allowed (a prefix of the path), why
    ("strcpy strncpy strcat strncat stpcpy", (), "has no idea of the room left: append to a buf"),
    ("sprintf vsprintf", (), "has no idea of the room left: snprintf or buf_printf"),
    ("atoi atol atoll strtok", (), "hides errors or keeps state: str_to_... or str_split"),
    ("gets alloca", (), "cannot be used safely"),
    ("malloc calloc realloc free strdup strndup", ("src/base/", "src/net/", "src/store/", "src/gate/"),
     "belongs to base, or to objects with a life of their own: take from an arena"),
    ("printf puts putchar perror", ("src/app/",), "only the program itself talks to people: report a fault"),
    ("time gettimeofday clock_gettime", ("src/base/clock.c",), "the clock is a seam: base/clock.h"),
    ("rand srand random getrandom", ("src/base/random.c",), "randomness is a seam: base/random.h"),
    ("system popen", (), "starts a shell"),
]
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


def blank(match):
    """The same number of lines, and nothing to find in them."""
    return "\n" * match[0].count("\n")


def main():
    bad = 0
    for path in sorted(pathlib.Path("src").rglob("*.[ch]")):
        code = COMMENT_OR_TEXT.sub(blank, path.read_text())
        for names, allowed, why in BANNED:
            if str(path).startswith(tuple(allowed)):
                continue
            # A call: not a member (->free), not part of a longer word.
            pattern = r"(?<![\w>.])(%s)\s*\(" % "|".join(names.split())
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                print(f"{path}:{line}: {match[1]}(): {why}")
                bad = 1
    return bad


sys.exit(main())
