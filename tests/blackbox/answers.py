"""Answers of providers, as they look on the wire."""
import json
import struct
import zlib

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def data(value):
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n"


def event(name, value):
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"


class OpenAI:
    """Chat completions."""

    def call(self, name, arguments, call_id="call_1"):
        return {"id": call_id, "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)}}

    def whole(self, text, calls=None, finish=None, usage=USAGE, **extra):
        message = {"role": "assistant", "content": None if calls else text, "refusal": None}
        if calls:
            message["tool_calls"] = calls
        return {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "gpt-real",
            "choices": [{"index": 0, "message": message, "logprobs": None,
                         "finish_reason": finish or ("tool_calls" if calls else "stop")}],
            "usage": usage,
        } | extra

    def piece(self, delta, finish=None):
        return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                     "model": "gpt-real", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def usage(self, usage=USAGE):
        return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                     "model": "gpt-real", "choices": [], "usage": usage})

    def first(self):
        return self.piece({"role": "assistant", "content": ""})

    def words(self, words):
        return [self.piece({"content": word}) for word in words]

    def last(self, finish="stop"):
        return [self.piece({}, finish), self.usage(), data("[DONE]")]

    def stream(self, words, finish="stop"):
        return [self.first(), *self.words(words), *self.last(finish)]

    def stream_calls(self, calls):
        """Parallel calls, their arguments in pieces."""
        pieces = [self.first()]
        for index, call in enumerate(calls):
            start = {"index": index, "id": call["id"], "type": "function",
                     "function": {"name": call["function"]["name"], "arguments": ""}}
            pieces.append(self.piece({"tool_calls": [start]}))
            text = call["function"]["arguments"]
            for part in (text[:5], text[5:]):
                pieces.append(self.piece({"tool_calls": [{"index": index, "function": {"arguments": part}}]}))
        return pieces + self.last("tool_calls")

    def refusal(self, message, code=None, type_="invalid_request_error", param=None):
        return {"error": {"message": message, "type": type_, "param": param, "code": code}}


class Anthropic:
    """Messages."""

    def call(self, name, arguments, call_id="toolu_1"):
        return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}

    def whole(self, text, calls=None, finish=None):
        content = ([{"type": "text", "text": text}] if text else []) + (calls or [])
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": content,
            "stop_reason": finish or ("tool_use" if calls else "end_turn"), "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": 0,
                      "cache_creation_input_tokens": 0},
        }

    def first(self):
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [],
                   "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1}}
        return event("message_start", {"type": "message_start", "message": message})

    def words(self, words):
        return [event("content_block_delta", {"type": "content_block_delta", "index": 0,
                                              "delta": {"type": "text_delta", "text": word}}) for word in words]

    def last(self, finish="end_turn"):
        return [
            event("message_delta", {"type": "message_delta", "delta": {"stop_reason": finish, "stop_sequence": None},
                                    "usage": {"output_tokens": 3}}),
            event("message_stop", {"type": "message_stop"}),
        ]

    def stream(self, words, finish="end_turn"):
        return [
            self.first(),
            event("content_block_start", {"type": "content_block_start", "index": 0,
                                          "content_block": {"type": "text", "text": ""}}),
            event("ping", {"type": "ping"}),
            *self.words(words),
            event("content_block_stop", {"type": "content_block_stop", "index": 0}),
            *self.last(finish),
        ]

    def stream_calls(self, calls):
        pieces = [self.first()]
        for index, call in enumerate(calls):
            pieces.append(event("content_block_start", {"type": "content_block_start", "index": index,
                                                        "content_block": call | {"input": {}}}))
            text = json.dumps(call["input"])
            for part in (text[:5], text[5:]):
                pieces.append(event("content_block_delta", {
                    "type": "content_block_delta", "index": index,
                    "delta": {"type": "input_json_delta", "partial_json": part}}))
            pieces.append(event("content_block_stop", {"type": "content_block_stop", "index": index}))
        return pieces + self.last("tool_use")

    def refusal(self, message, type_="invalid_request_error"):
        return {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}


class Gemini:
    """generateContent."""

    def whole(self, text, finish="STOP", **extra):
        candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
        if finish:
            candidate["finishReason"] = finish
        return {"candidates": [candidate], "modelVersion": "gemini-2.5-flash", "responseId": "r1",
                "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}} | extra

    def stream(self, words, finish="STOP"):
        return [data(self.whole(word, finish if word is words[-1] else None)) for word in words]


class Bedrock:
    """Converse; its stream is binary."""

    def whole(self, text, finish="end_turn"):
        return {"output": {"message": {"role": "assistant", "content": [{"text": text}]}}, "stopReason": finish,
                "usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12}, "metrics": {"latencyMs": 1}}

    def message(self, event_type, payload):
        headers = b"".join(bytes([len(name)]) + name.encode() + b"\7" + struct.pack(">H", len(value)) + value.encode()
                           for name, value in ((":message-type", "event"), (":event-type", event_type),
                                               (":content-type", "application/json")))
        body = json.dumps(payload).encode()
        prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
        framed = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
        return framed + struct.pack(">I", zlib.crc32(framed))

    def stream(self, words, finish="end_turn"):
        return [
            self.message("messageStart", {"role": "assistant"}),
            *(self.message("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": word}}) for word in words),
            self.message("contentBlockStop", {"contentBlockIndex": 0}),
            self.message("messageStop", {"stopReason": finish}),
            self.message("metadata", {"usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12},
                                      "metrics": {"latencyMs": 1}}),
        ]


class Ollama:
    """/api/chat."""

    def whole(self, text, done=True):
        message = {"model": "gemma3", "created_at": "2026-01-01T00:00:00Z", "done": done,
                   "message": {"role": "assistant", "content": text}}
        return message | ({"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 3} if done else {})

    def stream(self, words):
        return [json.dumps(self.whole(word, done=False)) + "\n" for word in words] + [
            json.dumps(self.whole("")) + "\n"]


OPENAI = OpenAI()
ANTHROPIC = Anthropic()
GEMINI = Gemini()
BEDROCK = Bedrock()
OLLAMA = Ollama()
