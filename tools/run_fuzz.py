#!/usr/bin/env python3
"""Runs every fuzz target for a while and adds up what was executed.

    tools/run_fuzz.py BUILD SECONDS [TARGET ...]

A corpus grows in BUILD/corpus/TARGET, from the golden files; an input that breaks something is left in BUILD/crashes.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys


def run(program, build, seconds):
    """(name, executions, exit code, output) of one target."""
    name = program.name
    corpus = build / "corpus" / name
    crashes = build / "crashes"
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, corpus, "tests/golden", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
         "-print_final_stats=1", f"-artifact_prefix={crashes}/{name}-"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    stat = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    return name, int(stat[1]) if stat else 0, done.returncode, done.stdout


def main():
    build, seconds, only = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    programs = [path for path in sorted((build / "tests").glob("fuzz_*"))
                if os.access(path, os.X_OK) and path.is_file() and (not only or path.name in only)]
    if not programs:
        print(f"no fuzz target in {build}/tests", file=sys.stderr)
        return 2
    total, failed = 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, count, code, output in pool.map(lambda p: run(p, build, seconds), programs):
            total += count
            print(f"{name:28} {count:12,} executions {'' if code == 0 else 'FAILED'}", flush=True)
            if code != 0:
                failed += 1
                print(output[-6000:], flush=True)
    print(f"{'sum':28} {total:12,} executions, {len(programs)} targets, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
