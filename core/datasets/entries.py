"""Entries of `dataset_info.json` (`data/README.md` of LLaMA-Factory) as mappings of columns."""

from __future__ import annotations

from typing import Any

from core.datasets.mapping import Mapping

_ALPACA = {"prompt": "instruction", "query": "input", "response": "output"}
_ROLES = {"prompt": "prompt", "query": "query", "response": "response", "history": "history", "messages": "messages",
          "system": "system", "tools": "tools", "chosen": "chosen", "rejected": "rejected", "kto_tag": "label"}
_SHAREGPT = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
             "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system"}
_OPENAI = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
           "observation_tag": "tool", "function_tag": "function_call", "system_tag": "system"}


def mapping_of(raw: Any) -> Mapping | None:
    """What an entry says of the columns, read as LLaMA-Factory reads it: a role that is not named has no column.

    None when the entry cannot be followed.
    """
    if not isinstance(raw, dict):
        return None
    formatting = raw.get("formatting", "alpaca")
    if formatting not in ("alpaca", "sharegpt", "openai"):
        return None
    usual = _ALPACA if formatting == "alpaca" else {}
    columns = raw.get("columns", usual)
    tags = raw.get("tags", {})
    if not isinstance(columns, dict) or not isinstance(tags, dict):
        return None
    found = {_ROLES[role]: column for role, column in columns.items() if role in _ROLES and isinstance(column, str)}
    if formatting == "alpaca":
        if set(found) == {"prompt"}:
            return Mapping({"text": found["prompt"]})
        return Mapping(found)
    found.setdefault("messages", "messages" if formatting == "openai" else "conversations")
    known = _OPENAI if formatting == "openai" else _SHAREGPT
    return Mapping(found, {**known, **{str(k): v for k, v in tags.items() if isinstance(v, str)}})
