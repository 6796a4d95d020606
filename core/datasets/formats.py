"""Rows and registry entries as LLaMA-Factory defines them (`data/README.md` of that project), in both directions."""

from __future__ import annotations

from dataclasses import dataclass, field
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
OPENAI_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


class BadRow(ValueError):
    """A row that does not follow its entry."""


@dataclass(frozen=True)
class Entry:
    """What the registry says about one dataset.

    Attributes:
        formatting: alpaca, sharegpt or openai.
        columns: role of a column → its name in the file; a role that is missing has no column.
        tags: how turns of a conversation are marked.
    """

    file_name: str
    formatting: str = "alpaca"
    columns: dict[str, str] = field(default_factory=lambda: dict(ALPACA_COLUMNS))
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Entry | None:
        """The entry of a local file with questions and answers; None for anything else (hubs, scripts, preferences)."""
        name, formatting = raw.get("file_name"), raw.get("formatting", "alpaca")
        if not isinstance(name, str) or raw.get("ranking") or formatting not in ("alpaca", "sharegpt", "openai"):
            return None
        usual = (
            ALPACA_COLUMNS
            if formatting == "alpaca"
            else {"messages": "messages"}
            if formatting == "openai"
            else SHAREGPT_COLUMNS
        )
        columns, tags = raw.get("columns", usual), raw.get("tags", {})
        if not isinstance(columns, dict) or not isinstance(tags, dict) or "kto_tag" in columns:
            return None
        known = OPENAI_TAGS if formatting == "openai" else SHAREGPT_TAGS
        return cls(name, formatting, {k: v for k, v in columns.items() if isinstance(v, str)}, {**known, **tags})

    def to_raw(self) -> dict[str, Any]:
        """The value in the registry."""
        raw: dict[str, Any] = {"file_name": self.file_name}
        if self.formatting != "alpaca":
            raw["formatting"] = self.formatting
        raw["columns"] = dict(self.columns)
        return {**raw, "tags": dict(self.tags)} if self.tags else raw


def entry_for(fmt: str, file_name: str) -> Entry:
    """The entry of a file that `to_row` wrote."""
    if fmt == "alpaca":
        return Entry(file_name)
    return Entry(file_name, "sharegpt", dict(SHAREGPT_COLUMNS), dict(SHAREGPT_TAGS))


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


def to_conversation(row: Any, entry: Entry) -> Conversation:
    """The messages of a row. Raises BadRow."""
    if not isinstance(row, dict):
        raise BadRow("not an object")
    messages = _from_alpaca(row, entry.columns) if entry.formatting == "alpaca" else _from_turns(row, entry)
    if (
        not any(m["role"] == "user" for m in messages)
        or messages[-1]["role"] != "assistant"
        or not messages[-1]["content"]
    ):
        raise BadRow("no question or no answer")
    return messages


def _from_alpaca(row: dict[str, Any], columns: dict[str, str]) -> Conversation:
    def text(role: str) -> str:
        value = row.get(columns[role]) if role in columns else None
        if value is not None and not isinstance(value, str):
            raise BadRow(f"{columns[role]} is not text")
        return value or ""

    messages = [{"role": "system", "content": text("system")}] if text("system") else []
    for pair in row.get(columns.get("history", ""), None) or []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(p, str) for p in pair):
            raise BadRow("history is not a list of pairs")
        messages += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    question = "\n".join(part for part in (text("prompt"), text("query")) if part)
    if not question:
        raise BadRow("no question")
    return [*messages, {"role": "user", "content": question}, {"role": "assistant", "content": text("response")}]


def _from_turns(row: dict[str, Any], entry: Entry) -> Conversation:
    turns = row.get(entry.columns.get("messages", ""))
    if not isinstance(turns, list):
        raise BadRow("no list of turns")
    roles = {entry.tags.get(f"{role}_tag"): role for role in ("user", "assistant", "system")}
    messages = []
    system = row.get(entry.columns.get("system", ""))
    if isinstance(system, str) and system:
        messages.append({"role": "system", "content": system})
    for turn in turns:
        role = roles.get(turn.get(entry.tags["role_tag"])) if isinstance(turn, dict) else None
        content = turn.get(entry.tags["content_tag"]) if isinstance(turn, dict) else None
        if role is None or not isinstance(content, str):
            raise BadRow("a turn without role or text")
        messages.append({"role": role, "content": content})
    if not messages:
        raise BadRow("no turns")
    return messages
