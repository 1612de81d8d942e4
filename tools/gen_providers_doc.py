#!/usr/bin/env python3
"""Writes docs/PROVIDERS.md from share/*.json; with --check only says whether it is current."""
import json
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "PROVIDERS.md"
WIDTH = 100

DIALECTS = {
    "openai": "OpenAI Chat Completions",
    "openai-responses": "OpenAI Responses",
    "azure": "Azure OpenAI",
    "anthropic": "Anthropic Messages",
    "gemini": "Gemini",
    "bedrock": "Bedrock Converse",
    "cohere": "Cohere v2",
    "ollama": "Ollama's own",
}

HEAD = """# Providers

Made by `tools/gen_providers_doc.py` from `share/providers.json` ({as_of}); do not edit.

A provider of this table needs a line in the configuration, or none when its key is in the
environment:

```yaml
providers:
  - name: {example}
```

Everything can be overridden: `gatehouse help config providers`.  The table itself can be too: put a
newer `providers.json` or `models.json` into a folder and name it in the setting `share`.  Any other
server that speaks a dialect needs `dialect`, `base_url` and perhaps `api_key`.

| name | provider | dialect | base URL | key |
|---|---|---|---|---|
"""


def words(names):
    return ", ".join(f"`{name}`" for name in names)


def as_list(value):
    return [value] if isinstance(value, str) else list(value)


def row(provider):
    keys = words(as_list(provider.get("env", []))) or ("none" if provider.get("local") else "login")
    if provider.get("local") and provider.get("env"):
        keys += " or none"
    url = provider.get("base_url")
    cells = [
        f"[`{provider['name']}`](#{provider['name']})",
        provider["display"],
        DIALECTS.get(provider["dialect"], provider["dialect"]),
        f"`{url}`" if url else "to be given",
        keys,
    ]
    return "| " + " | ".join(cells) + " |\n"


def fill(text):
    """Lines of WIDTH; what stands between backticks stays on one."""
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    lines = textwrap.fill(whole, WIDTH, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ") + "\n"


def setup(provider):
    if "setup" in provider:
        text = " ".join(as_list(provider["setup"]))
    elif provider.get("local"):
        text = f"Start it on this machine, or give its `base_url`, and write `- name: {provider['name']}`."
        if provider.get("env"):
            text += f"  A key is taken from {words(as_list(provider['env']))} when it is set."
    else:
        text = f"Set {' or '.join(f'`{name}`' for name in as_list(provider['env']))}, or give `api_key`."
    if "key_url" in provider:
        text += f"  Keys: <{provider['key_url']}>"
    return text


def places(provider):
    """Where its place is taken from, when the configuration is silent."""
    found = [
        f"`{name}` from {words(as_list(variables))}"
        for name, variables in provider.get("variables", {}).items()
    ]
    if "region" in provider:
        found.append(f"`region` is `{provider['region']}` when nothing else is said")
    return "Where: " + "; ".join(found) + "." if found else ""


def other_dialects(provider):
    lines = []
    for other in provider.get("dialects", []):
        name = DIALECTS.get(other["dialect"], other["dialect"])
        if other.get("models"):
            line = f"{name} is spoken with {words(as_list(other['models']))}."
        else:
            where = f", under `{other['base_url']}`" if "base_url" in other else ""
            line = f"Also speaks {name}: `dialect: {other['dialect']}`{where}."
        lines.append(line)
    return "  ".join(lines)


def features(provider, defaults):
    quirks = {**defaults.get(provider["dialect"], {}), **provider.get("quirks", {})}
    ways = [
        way
        for way, names in {
            "by effort": ("reasoning_effort", "efforts"),
            "as it is (`reasoning`)": ("reasoning_object",),
            "on and off": ("thinking_object", "enable_thinking", "template_thinking"),
        }.items()
        if any(quirks.get(name) for name in names)
    ]
    lines = []
    if provider["dialect"] in ("openai", "azure"):
        lines.append(f"Reasoning: {', '.join(ways)}." if ways else "Reasoning cannot be steered.")
    if quirks.get("refused"):
        lines.append(f"Left out: {words(quirks['refused'])}.")
    if quirks.get("refused_parts"):
        lines.append(f"Cannot be shown: {', '.join(quirks['refused_parts'])}.")
    return "  ".join(lines)


def section(provider, defaults):
    parts = [
        setup(provider),
        places(provider),
        other_dialects(provider),
        features(provider, defaults),
    ]
    return f"\n## {provider['name']}\n\n" + "\n".join(fill(part) for part in parts if part)


def models(book):
    count = sum(len(as_list(row["match"])) for row in book["models"])
    return "\n## Models\n\n" + fill(
        f"`share/models.json` ({book['as_of']}) says of {count} patterns of names what the models "
        "take: when they reason and how they are told to, which parameters they refuse, whether "
        "they take tools, schemas, images and a prefill.  A model that is not in it is sent what "
        "the client says.  The name of a deployment says nothing: `base_model` of an endpoint does."
    )


def make():
    providers = json.loads((ROOT / "share" / "providers.json").read_text())
    book = json.loads((ROOT / "share" / "models.json").read_text())
    rows = providers["providers"]
    text = HEAD.format(as_of=providers["as_of"], example=rows[0]["name"])
    text += "".join(row(provider) for provider in rows)
    text += "".join(section(provider, providers["defaults"]) for provider in rows)
    return text + models(book)


def main():
    text = make()
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print("docs/PROVIDERS.md is not what share/*.json say: run tools/gen_providers_doc.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
