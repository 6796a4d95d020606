"""Which column of a file means what: found out from its names and contents, or chosen by the person."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.datasets.rows import Kind

ROLES = ("messages", "prompt", "query", "response", "system", "history", "tools", "chosen", "rejected", "label",
         "answers", "score", "reason", "task", "text")
"""What a column can mean. `query` is the second part of a question, `answers` a list of answers with scores."""

_NAMES: dict[str, tuple[str, ...]] = {
    "messages": ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "chat", "对话"),
    "chosen": ("chosen", "chosen_response", "preferred", "preferred_output", "accepted", "response_chosen", "优选"),
    "rejected": ("rejected", "rejected_response", "dispreferred", "non_preferred_output", "response_rejected", "劣选"),
    "answers": ("responses", "answers", "completions", "outputs", "candidates"),
    "prompt": ("instruction", "prompt", "question", "query", "user", "problem", "ask", "q", "input",
               "指令", "问题", "提问", "提示词"),
    "query": ("input", "context", "输入", "上下文"),
    "response": ("output", "response", "answer", "completion", "target", "assistant", "solution", "reply", "a",
                 "输出", "回答", "答案", "回复"),
    "system": ("system", "system_prompt", "系统提示", "系统"),
    "history": ("history", "历史"),
    "tools": ("tools", "functions"),
    "label": ("label", "kto_tag", "thumbs_up", "is_good", "标签"),
    "score": ("score", "rating", "reward", "评分", "分数", "得分"),
    "reason": ("reason", "explanation", "rationale", "critique", "feedback", "理由", "原因"),
    "task": ("task", "task_type", "task_name", "任务", "任务类型"),
    "text": ("text", "content", "document", "文本", "正文", "内容"),
}
_LISTS = ("messages", "history", "answers")
_YES, _NO = ("true", "1", "yes", "good", "是"), ("false", "0", "no", "bad", "否")


@dataclass(frozen=True)
class Mapping:
    """How rows are read.

    Attributes:
        columns: role (one of ROLES) → name of the column.
        tags: names of the keys and roles in turns, as in `dataset_info.json`; the usual ones are known anyway.
    """

    columns: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of rows that these columns make."""
        has = set(self.columns)
        if {"chosen", "rejected"} <= has:
            return "preference"
        if "label" in has:
            return "label"
        if has & {"answers", "score"}:
            return "scored"
        return "text" if "text" in has and not has & {"messages", "prompt", "response"} else "chat"

    @property
    def shape(self) -> str:
        """Name of the format as people call it."""
        if self.kind != "chat":
            return self.kind
        if "messages" in self.columns:
            return "messages" if self.tags.get("role_tag") == "role" else "sharegpt"
        if "task" in self.columns:
            return "multitask"
        names = (self.columns.get("prompt"), self.columns.get("response"))
        return "prompt_completion" if names in (("prompt", "completion"), ("prompt", "response")) else "alpaca"

    @property
    def complete(self) -> bool:
        """Whether questions and answers (or texts) have a column."""
        has = set(self.columns)
        if self.kind == "preference" or self.kind == "text":
            return True
        if "messages" in has:
            return True
        return bool(has & {"prompt", "query", "task"}) and bool(has & {"response", "answers"})


def detect(samples: Sequence[dict[str, Any]]) -> Mapping:
    """The most likely meaning of the columns of some rows; `complete` is false when it cannot be told."""
    names: dict[str, str] = {}
    for row in samples:
        for name in row:
            names.setdefault(re.sub(r"[\s-]+", "_", str(name).strip().lower()), str(name))
    found: dict[str, str] = {}
    for role, known in _NAMES.items():
        for name in known:
            column = names.get(name)
            if column is not None and column not in found.values() and _fits(role, column, samples):
                found[role] = column
                break
    return Mapping(_settled(found, names), _tags(found, samples))


def _settled(found: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    """Takes back roles that make no sense beside the others."""
    if "messages" in found:
        for role in ("prompt", "query", "response", "history", "answers", "text"):
            found.pop(role, None)
    if {"chosen", "rejected"} <= set(found):
        for role in ("response", "answers", "label", "score", "reason", "text"):
            found.pop(role, None)
    else:
        found.pop("chosen", None)
        found.pop("rejected", None)
    if "task" in found and "input" in names and found.get("prompt") == names["input"]:
        found["query"] = found.pop("prompt")  # task, input, output: the task is the instruction
    answered = bool(set(found) & {"response", "messages", "chosen", "answers"})
    if answered:
        found.pop("text", None)
    else:
        for role in ("prompt", "query", "label", "score", "history"):
            if "text" in found:
                found.pop(role, None)
    if not set(found) & {"response", "messages"}:
        found.pop("label", None)
    if not set(found) & {"score", "answers"}:
        found.pop("reason", None)
    return found


def _fits(role: str, column: str, samples: Sequence[dict[str, Any]]) -> bool:
    """Whether the values of a column can mean that."""
    values = [row[column] for row in samples if row.get(column) not in (None, "")]
    if role in _LISTS:
        return bool(values) and all(isinstance(as_list(value), list) for value in values)
    if role == "label":
        return bool(values) and all(as_bool(value) is not None for value in values)
    if role == "score":
        return bool(values) and all(as_number(value) is not None for value in values)
    if role == "tools":
        return all(isinstance(value, str | list) for value in values)
    if role in ("prompt", "response", "chosen", "rejected"):
        return all(isinstance(value, str | list | dict) for value in values)
    return all(isinstance(value, str) for value in values)


def _tags(found: dict[str, str], samples: Sequence[dict[str, Any]]) -> dict[str, str]:
    for row in samples if "messages" in found else ():
        for turn in as_list(row.get(found["messages"])) or ():
            if isinstance(turn, dict):
                role = "from" if "from" in turn else "role"
                return {"role_tag": role, "content_tag": "value" if "value" in turn else "content"}
    return {}


def as_list(value: Any) -> Any:
    """A list, also one that a table holds as JSON text; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def as_bool(value: Any) -> bool | None:
    """A yes or no; None when it is neither."""
    if isinstance(value, bool):
        return value
    word = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def as_number(value: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) != float("inf") and number == number else None
