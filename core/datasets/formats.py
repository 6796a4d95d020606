"""Rows of question-answer pairs and their registry entries as LLaMA-Factory defines them (its `data/README.md`)."""

from __future__ import annotations

from typing import Any

Conversation = list[dict[str, str]]

ALPACA_COLUMNS = {"prompt": "instruction", "query": "input", "response": "output"}
SHAREGPT_COLUMNS = {"messages": "conversations"}
SHAREGPT_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "system_tag": "system",
}


def entry_for(fmt: str, file_name: str) -> dict[str, Any]:
    """The registry entry of a file of rows from `to_row`."""
    if fmt == "alpaca":
        return {"file_name": file_name, "columns": dict(ALPACA_COLUMNS)}
    return {
        "file_name": file_name,
        "formatting": "sharegpt",
        "columns": dict(SHAREGPT_COLUMNS),
        "tags": dict(SHAREGPT_TAGS),
    }


def to_row(messages: Conversation, fmt: str) -> dict[str, Any]:
    """One row. Alpaca holds earlier turns in `history` and a first system message in `system`."""
    if fmt == "sharegpt":
        names = {"user": "human", "assistant": "gpt", "system": "system"}
        return {"conversations": [{"from": names[m["role"]], "value": m["content"]} for m in messages]}
    system = [m["content"] for m in messages if m["role"] == "system"]
    turns = [m["content"] for m in messages if m["role"] != "system"]
    row: dict[str, Any] = {"instruction": turns[-2], "input": "", "output": turns[-1]}
    if system:
        row["system"] = system[0]
    if len(turns) > 2:
        row["history"] = [[turns[i], turns[i + 1]] for i in range(0, len(turns) - 2, 2)]
    return row
