"""The reply value of the local client: what the product's `core.llm.Reply` offers to question writing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """`text` is the assistant's message without special tokens."""

    text: str
    finish_reason: str = "stop"
