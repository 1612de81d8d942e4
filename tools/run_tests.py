#!/usr/bin/env python3
"""Runs every test and ends with the line "N passed, N failed".

    tools/run_tests.py JOBS PRESET

Unit tests and the replay of recorded provider traffic through ctest, black-box tests through pytest.
Tests are counted one by one, not per program.
"""
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

BLACKBOX = pathlib.Path("tests/blackbox")


def cases(report):
    """Every test case of a JUnit report; none when the runner died before it wrote one."""
    return list(ElementTree.parse(report).getroot().iter("testcase")) if report.exists() else []


def has_failed(case):
    return case.find("failure") is not None or case.find("error") is not None


def count_program(case):
    """(passed, failed) of one program, from cmocka's summary or from a last line like ours."""
    said = case.findtext("system-out") or ""
    ours = re.search(r"^(\d+) passed, (\d+) failed\s*\Z", said, re.M)
    if ours:  # a program that may tell of failures for information only
        return int(ours[1]), max(int(ours[2]), 1) if has_failed(case) else 0
    passed = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", said)))
    failed = sum(map(int, re.findall(r"\[  FAILED  \] (\d+) test", said)))
    if has_failed(case):  # a program that crashed has no summary
        return passed, max(failed, 1)
    return max(passed, 1), failed


def run_ctest(jobs, preset):
    report = pathlib.Path("build") / preset / "ctest.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--preset", preset, "-j", jobs, "--output-junit", report.resolve(),
               "--test-output-size-passed", "1000000", "--timeout", "600"]
    done = subprocess.run(command)
    counts = [count_program(case) for case in cases(report)]
    passed, failed = sum(c[0] for c in counts), sum(c[1] for c in counts)
    if done.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed


def run_pytest(jobs, preset):
    build = pathlib.Path("build") / preset
    report = build / "blackbox.xml"
    report.unlink(missing_ok=True)
    workers = str(min(int(jobs), 8))  # each has a gateway of its own
    command = [BLACKBOX / ".venv/bin/python", "-m", "pytest", BLACKBOX, "-n", workers, "-q",
               f"--junitxml={report}"]
    done = subprocess.run(command, env=os.environ | {"GATEHOUSE": str((build / "gatehouse").resolve())})
    found = [case for case in cases(report) if case.find("skipped") is None]
    failed = sum(map(has_failed, found))
    passed = len(found) - failed
    if done.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed


def main():
    jobs, preset = sys.argv[1:]
    results = {"unit": run_ctest(jobs, preset), "black box": run_pytest(jobs, preset)}
    print()
    for name, (passed, failed) in results.items():
        print(f"{name}: {passed} passed, {failed} failed")
    passed = sum(r[0] for r in results.values())
    failed = sum(r[1] for r in results.values())
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


sys.exit(main())
