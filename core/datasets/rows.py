"""The one typed form of a row that every format is read into and written from, and its form on disk.

On disk a row is one JSON object a line that LLaMA-Factory reads through the entry of `entry_of_rows`; what its form
cannot hold (ids of tool calls, text beside a call, further columns) lies in columns that it ignores.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["chat", "preference", "label", "scored", "text"]
Role = Literal["system", "user", "assistant", "tool"]
KINDS: tuple[Kind, ...] = ("chat", "preference", "label", "scored", "text")
OPTIONAL = ("tools", "query", "task", "details", "extra")
"""Columns on disk that a row may do without; a file has each in all of its rows or in none, as Arrow wants it."""
TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}
# How LLaMA-Factory joins the results of tools that were called together.
RESULTS = "\n</tool_response>\n<tool_response>\n"


class Wrong(ValueError):
    """A row that cannot be used: an entry of the message catalogue, and the column that is at fault."""

    def __init__(self, key: str, column: str = "", **params: Any) -> None:
        super().__init__(key)
        self.key, self.column, self.params = key, column, params


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model calls; `arguments` is a JSON value, or text where the source had no valid JSON."""

    name: str
    arguments: Any
    id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `calls` belong to assistants, `call_id` and `name` to results of tools."""

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of several answers, with its score and why it got it."""

    content: str
    score: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of any dataset.

    Attributes:
        messages: of chat and label rows with the answer, of preference and scored rows without.
        chosen, rejected: the two answers of a preference row.
        label: whether the answer of a label row is a good one.
        answers: of a scored row, at least one.
        text: of a text row.
        tools: the functions offered, as JSON text.
        query: end of the last question that stood in a column of its own; the model does not see the difference.
        task: name of the task in multi-task data.
        extra: further columns of the source.
    """

    kind: Kind
    messages: tuple[Message, ...] = ()
    chosen: Message | None = None
    rejected: Message | None = None
    label: bool = False
    answers: tuple[Answer, ...] = ()
    text: str = ""
    tools: str = ""
    query: str = field(default="", compare=False)
    task: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def calls_tools(self) -> bool:
        """Whether the row needs a model that knows tools."""
        return bool(self.tools) or any(m.calls or m.role == "tool" for m in self.every_message)

    @property
    def every_message(self) -> tuple[Message, ...]:
        """All turns, the chosen and rejected ones last."""
        return self.messages + tuple(m for m in (self.chosen, self.rejected) if m)

    @property
    def question(self) -> str:
        """The last thing that the person said, or the text."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), self.text)

    @property
    def answer(self) -> str:
        """What the model learns to say: the last, the chosen or the best answer; empty for texts."""
        if self.chosen:
            return said(self.chosen)
        if self.answers:
            return max(self.answers, key=lambda a: a.score).content
        return said(self.messages[-1]) if self.messages and self.messages[-1].role == "assistant" else ""


def check(row: Row) -> Row:
    """The row itself. Raises Wrong when turns are missing, in an impossible order, or not storable as UTF-8."""
    if row.kind == "text":
        if not row.text.strip():
            raise Wrong("dataset.row.no_text")
    else:
        _check_order(row)
        if not all(answer.content for answer in row.answers):
            raise Wrong("dataset.row.no_answer")
    try:
        for text in _texts(row):
            if not text.isascii():
                text.encode("utf-8")
    except UnicodeEncodeError:
        raise Wrong("dataset.row.surrogate") from None
    return row


def _texts(row: Row) -> Iterator[str]:
    """Every text of a row."""
    yield from (row.text, row.tools, row.query, row.task)
    for message in row.every_message:
        yield from (message.content, message.call_id, message.name)
        if message.calls:
            yield calls_json(message.calls) + "".join(call.id for call in message.calls)
    for answer in row.answers:
        yield from (answer.content, answer.reason)
    if row.extra:
        yield json.dumps(row.extra, ensure_ascii=False)


def _check_order(row: Row) -> None:
    turns = [m for m in row.messages if m.role != "system"]
    if any(m.role == "system" for m in row.messages[1:]):
        raise Wrong("dataset.row.system_late")
    if not turns or turns[0].role != "user":
        raise Wrong("dataset.row.no_question")
    for before, after in zip(turns, turns[1:], strict=False):
        asks = after.role in ("user", "tool")
        if asks == (before.role in ("user", "tool")) and not before.role == after.role == "tool":
            raise Wrong("dataset.row.order", role=after.role, before=before.role)
    if not any(m.content for m in turns if m.role == "user"):
        raise Wrong("dataset.row.no_question")
    answered = row.kind in ("chat", "label")
    if answered != (turns[-1].role == "assistant"):
        raise Wrong("dataset.row.last_turn" if answered else "dataset.row.answer_twice")
    if any(m.role == "assistant" and not said(m) for m in (turns[-1], row.chosen, row.rejected) if m):
        raise Wrong("dataset.row.no_answer")


def said(message: Message) -> str:
    """The text of a turn; of one that only calls functions the calls as JSON."""
    return message.content or (calls_json(message.calls) if message.calls else "")


def calls_json(calls: tuple[ToolCall, ...]) -> str:
    """Calls as LLaMA-Factory reads them: one object, or a list of several."""
    plain = [{"name": call.name, "arguments": call.arguments} for call in calls]
    return json.dumps(plain[0] if len(plain) == 1 else plain, ensure_ascii=False)


def calls_from(value: Any) -> tuple[ToolCall, ...]:
    """Calls from one object or a list, in LLaMA-Factory's form or OpenAI's. Raises Wrong."""
    found = []
    for call in value if isinstance(value, list) else [value]:
        inner = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise Wrong("dataset.row.bad_call")
        arguments = inner.get("arguments", inner.get("parameters", {}))
        if isinstance(arguments, str):
            arguments = _json_or(arguments)
        found.append(ToolCall(inner["name"], arguments, call.get("id") or ""))
    if not found:
        raise Wrong("dataset.row.bad_call")
    return tuple(found)


def _json_or(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


def used(row: Row) -> set[str]:
    """The optional columns that the row needs on disk."""
    return {name for name in OPTIONAL if name != "details" and getattr(row, name)} | (
        {"details"} if any(_details(row)) else set())


def to_disk(row: Row, columns: tuple[str, ...] | set[str] = ()) -> dict[str, Any]:
    """The object that is stored; `columns` are the optional ones of the whole file."""
    if row.kind == "text":
        stored: dict[str, Any] = {"text": row.text}
    else:
        answers = [Message("assistant", row.answer)] if row.kind == "scored" else []
        stored = {"messages": [_turn(group) for group in grouped((*row.messages, *answers))]}
    if row.chosen and row.rejected:
        stored |= {"chosen": _turn([row.chosen]), "rejected": _turn([row.rejected])}
    if row.kind == "label":
        stored["label"] = row.label
    if row.kind == "scored":
        stored["answers"] = [{"content": a.content, "score": a.score, "reason": a.reason} for a in row.answers]
    texts = {"tools": row.tools, "query": row.query, "task": row.task}
    for name in OPTIONAL:
        if name in columns:
            stored[name] = texts[name] if name in texts else _json(_details(row) if name == "details" else row.extra)
    return stored


def from_disk(stored: Any, kind: Kind) -> Row:
    """The row that `to_disk` stored. Raises Wrong for anything else."""
    try:
        extra = json.loads(stored.get("extra") or "{}")
        texts: dict[str, Any] = {name: stored.get(name) or "" for name in ("tools", "query", "task")}
        if kind == "text":
            return Row("text", text=stored["text"], extra=extra, **texts)
        turns = [*stored["messages"], *(stored[n] for n in ("chosen", "rejected") if kind == "preference")]
        details = json.loads(stored.get("details") or "[]") or [None] * len(turns)
        read = [message for turn, more in zip(turns, details, strict=True) for message in _messages(turn, more)]
        messages = tuple(read)
        if kind == "preference":
            return Row(kind, messages[:-2], messages[-2], messages[-1], extra=extra, **texts)
        if kind == "scored":
            answers = tuple(Answer(a["content"], a["score"], a.get("reason") or "") for a in stored["answers"])
            return Row(kind, messages[:-1], answers=answers, extra=extra, **texts)
        return Row(kind, messages, label=bool(stored.get("label")), extra=extra, **texts)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise Wrong("dataset.row.not_ours") from error


def entry_of_rows(kind: Kind, file_name: str, columns: set[str]) -> dict[str, Any]:
    """The registry entry of a file that `to_disk` wrote."""
    if kind == "text":
        return {"file_name": file_name, "columns": {"prompt": "text"}}
    roles = {"messages": "messages"} | ({"tools": "tools"} if "tools" in columns else {})
    entry: dict[str, Any] = {"file_name": file_name, "formatting": "sharegpt"}
    if kind == "preference":
        roles |= {"chosen": "chosen", "rejected": "rejected"}
        entry["ranking"] = True
    if kind == "label":
        roles["kto_tag"] = "label"
    return {**entry, "columns": roles, "tags": dict(TAGS)}


def grouped(messages: tuple[Message, ...]) -> list[list[Message]]:
    """Turns as LLaMA-Factory counts them: results of tools that were called together are one."""
    groups: list[list[Message]] = []
    for message in messages:
        if message.role == "tool" and groups and groups[-1][0].role == "tool":
            groups[-1].append(message)
        else:
            groups.append([message])
    return groups


def _turn(group: list[Message]) -> dict[str, str]:
    first = group[0]
    if first.calls:
        return {"role": "function_call", "content": calls_json(first.calls)}
    return {"role": first.role, "content": RESULTS.join(m.content for m in group)}


def _details(row: Row) -> list[Any]:
    """For each turn on disk what its form leaves out, None where it leaves out nothing."""
    groups = grouped(row.messages) + [[m] for m in (row.chosen, row.rejected) if m]
    found: list[Any] = [_detail(group) for group in groups]
    if row.kind == "scored":
        found.append(None)
    return found


def _detail(group: list[Message]) -> Any:
    first = group[0]
    if first.calls:
        ids = [call.id for call in first.calls]
        return {"said": first.content, "ids": ids} if first.content or any(ids) else None
    if first.role == "tool" and (len(group) > 1 or any(m.call_id or m.name for m in group)):
        return {"results": [[m.content, m.call_id, m.name] for m in group]}
    return None


def _messages(turn: dict[str, str], more: Any) -> list[Message]:
    more = more or {}
    if turn["role"] == "function_call":
        calls = calls_from(json.loads(turn["content"]))
        ids = more.get("ids") or [""] * len(calls)
        calls = tuple(ToolCall(c.name, c.arguments, id) for c, id in zip(calls, ids, strict=True))
        return [Message("assistant", more.get("said", ""), calls)]
    if "results" in more:
        return [Message("tool", content, (), id, name) for content, id, name in more["results"]]
    if turn["role"] not in ("system", "user", "assistant", "tool") or not isinstance(turn["content"], str):
        raise ValueError
    return [Message(turn["role"], turn["content"])]  # type: ignore[arg-type]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value and (isinstance(value, dict) or any(value)) else ""
