"""Answers of providers, as they look on the wire."""
import json

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


OPENAI = OpenAI()
ANTHROPIC = Anthropic()
