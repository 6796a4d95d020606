"""Scripted replies of the fake helper service, and how each protocol writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Step:
    """One reply. `fault`: reset (mid-body), drip (a byte every quarter second), bomb (gzip), redirect."""

    text: str = ""
    finish: str = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    fault: str = ""
    raw: bytes | None = None
    prompt_tokens: int = 100
    completion_tokens: int = 50
    location: str = ""


def openai_payload(step: Step, body: dict[str, Any]) -> bytes:
    if body.get("stream"):
        events = [{"choices": [{"delta": {"content": piece}}]} for piece in step.text.split(" ")]
        return b"".join(b"data: " + json.dumps(e).encode() + b"\n\n" for e in events) + b"data: [DONE]\n\n"
    return json.dumps({"choices": [{"message": {"content": step.text}, "finish_reason": step.finish}], "usage": {
        "prompt_tokens": step.prompt_tokens, "completion_tokens": step.completion_tokens}}).encode()


def ollama_payload(step: Step, body: dict[str, Any]) -> bytes:
    done = {"model": "fake", "done": True, "done_reason": step.finish, "prompt_eval_count": step.prompt_tokens,
            "eval_count": step.completion_tokens, "message": {"role": "assistant", "content": step.text}}
    return json.dumps(done).encode()
