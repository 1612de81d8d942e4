import json
import os
import requests

request = {
    "url": f"{os.environ['BASE_URL']}/chat/completions",
    "headers": {"Authorization": f"Bearer {os.environ['KEY']}"},
    "json": {
        "model": os.environ["MODEL"],
        "messages": [{"role": "user", "content": "Say hello"}],
    },
}
response = requests.post(**request)
print(response.json()["choices"][0]["message"]["content"])

request["json"]["stream"] = True
with requests.post(**request, stream=True) as response:
    response.encoding = "utf-8"
    for line in response.iter_lines(decode_unicode=True):
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        chunk = json.loads(line[len("data: "):])
        if chunk["choices"]:
            print(chunk["choices"][0]["delta"].get("content") or "", end="")
print()
