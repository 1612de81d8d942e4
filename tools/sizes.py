#!/usr/bin/env python3
"""The ten largest functions and files of src/, for a second look.  Nothing fails."""
import pathlib
import re

NAME = re.compile(r"(\w+)\s*\(")


def functions(path):
    """(lines, name) of each function: from its name at the left edge to the closing brace there."""
    lines = path.read_text().splitlines()
    start = None
    for number, line in enumerate(lines):
        if re.match(r"[a-z].*\(", line) and not line.endswith(";"):
            start = number
        elif line == "}" and start is not None:
            name = NAME.search(lines[start])
            yield number - start + 1, f"{name[1]} in {path}:{start + 1}"
            start = None


def show(title, rows):
    print(title)
    for size, what in sorted(rows, reverse=True)[:10]:
        print(f"  {size:5}  {what}")


files = sorted(pathlib.Path("src").rglob("*.[ch]"))
show("functions, in lines", [row for path in files if path.suffix == ".c" for row in functions(path)])
show("files, in lines", [(len(path.read_text().splitlines()), str(path)) for path in files])
