"""What a new user copies works unchanged but for base URL, key and model."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
COMMANDS = {
    "openai python": [sys.executable, HERE / "quickstarts/openai_sdk.py"],
    "openai javascript": ["node", HERE / "js/quickstart_openai.mjs"],
    "requests": [sys.executable, HERE / "quickstarts/requests_lib.py"],
    "fetch": ["node", HERE / "js/quickstart_fetch.mjs"],
    "curl": ["sh", HERE / "quickstarts/curl.sh"],
}


def run(command, gateway, model, prefix="/v1"):
    environment = {"PATH": os.environ["PATH"], "BASE_URL": gateway.url + prefix, "KEY": gateway.key, "MODEL": model}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("model", ["test/gpt", "test/claude"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_quick_start_gets_its_answer_whole_and_streamed(gateway, name, model):
    assert run(COMMANDS[name], gateway, model) == ["Hello there!", "Hello there!"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_quick_start_works_without_any_provider(gateway, name):
    whole, streamed = run(COMMANDS[name], gateway, "demo/echo")
    assert whole == streamed
    assert "Say hello" in whole


@pytest.mark.parametrize("name", ["openai python", "fetch"])
def test_a_quick_start_works_under_the_other_prefix(gateway, name):
    assert run(COMMANDS[name], gateway, "test/gpt", "/api/v1") == ["Hello there!", "Hello there!"]
