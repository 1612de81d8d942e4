"""The README's examples do what it says: blocks marked `sh test` and `python test` are run.

They find the gateway under the address and with the key that the README uses.
"""
import os
import pathlib
import re
import subprocess
import sys

import pytest

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"^```(sh|python) test\n(.*?)^```", README.read_text() if README.exists() else "", re.M | re.S)


@pytest.mark.parametrize("language, text", BLOCKS, ids=[f"{i}-{kind}" for i, (kind, _) in enumerate(BLOCKS)])
def test_example(gateway, language, text, tmp_path):
    text = text.replace("http://127.0.0.1:8080", gateway.url)
    text = re.sub(r"sk-gh-\.\.\.|sk-gh-…", gateway.key, text)
    script = tmp_path / f"example.{language}"
    script.write_text(text)
    command = ["sh", "-eu", script] if language == "sh" else [sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, env={
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "GATEHOUSE_KEY": gateway.key, "OPENAI_API_KEY": gateway.key,
        "OPENAI_BASE_URL": gateway.base_url})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "it says nothing"
    assert '"error"' not in done.stdout, done.stdout
