"""What docs/ shows is true: its C compiles, its configurations are taken."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from gateway import ROOT, run

SERVICE_ACCOUNT = {"type": "service_account", "project_id": "my-project", "private_key_id": "k", "private_key": "k",
                   "client_email": "gateway@my-project.iam.gserviceaccount.com"}


def blocks(name, mark):
    text = (pathlib.Path(ROOT) / "docs" / name).read_text()
    return re.findall(rf"^```{mark}\n(.*?)^```", text, re.M | re.S)


def test_the_dialect_that_is_shown_compiles(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source = tmp_path / "acme_dialect.c"
    source.write_text("\n".join(blocks("ADDING-A-DIALECT.md", "c")))
    done = subprocess.run([compiler, "-fsyntax-only", "-std=gnu17", "-D_GNU_SOURCE", f"-I{ROOT}/src", "-Wall",
                           "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wswitch-enum", "-Werror", source],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_row_that_is_shown_is_json():
    [row] = blocks("ADDING-A-DIALECT.md", "json")
    assert json.loads(row)["dialect"] == "acme"


@pytest.mark.parametrize("text", blocks("OPERATIONS.md", "yaml"))
def test_a_configuration_that_is_shown_is_taken(text, tmp_path):
    login = tmp_path / "service-account.json"
    login.write_text(json.dumps(SERVICE_ACCOUNT))
    path = tmp_path / "gatehouse.yaml"
    path.write_text(text.replace("/run/secrets/service-account.json", str(login)))
    shared = tmp_path / ".aws"
    shared.mkdir()
    (shared / "credentials").write_text("[work]\naws_access_key_id = a\naws_secret_access_key = b\n")
    variables = re.findall(r"\$\{(\w+)\}", text)
    done = run("check", path, environment={name: "example" for name in variables}, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
