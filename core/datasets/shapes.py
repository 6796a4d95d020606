"""Typed rows as the objects of other programs' formats: which format can hold a row, and how it is written there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from core.datasets.rows import RESULTS, Message, Row, calls_json, grouped, said
from core.datasets.services import SERVICES, why_not

FORMATS = ("alpaca", "sharegpt", "messages", "prompt_completion", "preference", "multitask", "text", "csv", "xlsx",
           "parquet", "openai", "siliconflow")
"""All formats that are one file; folders are made by `core.datasets.llama_factory` and `trl_folder`."""
TABLES = ("csv", "xlsx", "parquet")
_OWN = {"instruction", "input", "output", "system", "history", "tools", "task", "messages", "conversations", "prompt",
        "completion", "chosen", "rejected", "label", "answers", "score", "reason", "text", "response"}


@dataclass
class Traits:
    """What the rows of a file have in common; decides which columns it gets.

    Attributes:
        rows: how many there are.
        plain: all have one question and no tools.
        one_answer: all scored rows have one answer.
    """

    rows: int = 0
    plain: bool = True
    one_answer: bool = True
    system: bool = False
    history: bool = False
    tools: bool = False
    calls: bool = False
    task: bool = False
    extra: dict[str, None] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Counts one more row."""
        turns = [m for m in row.messages if m.role != "system"]
        calls = any(m.calls or m.role == "tool" for m in row.every_message)
        self.rows += 1
        self.system |= len(turns) < len(row.messages)
        self.history |= len(turns) > 2
        self.tools |= bool(row.tools)
        self.calls |= calls
        self.plain &= not calls and not row.tools and len(turns) <= (2 if row.kind in ("chat", "label") else 1)
        self.one_answer &= len(row.answers) <= 1
        self.task |= bool(row.task)
        self.extra |= dict.fromkeys(name for name in row.extra if name not in _OWN)


def holds(row: Row, fmt: str) -> bool:
    """Whether a format can hold a row without losing anything the model would learn from."""
    calls = any(m.calls or m.role == "tool" for m in row.every_message)
    if fmt in TABLES:
        return True
    if fmt in SERVICES:
        return not why_not(row, fmt)
    if fmt == "sharegpt" and any(m.calls and m.content for m in row.every_message):
        return False  # a turn there is either said or called
    if row.kind == "text":
        return fmt == "text"
    if fmt == "preference":
        return row.kind == "preference" or row.kind == "scored" and len({a.score for a in row.answers}) > 1
    if row.kind == "scored":
        return fmt == "messages"
    if row.kind == "preference":
        return fmt in ("sharegpt", "messages") or fmt == "alpaca" and not calls
    if row.kind == "label":
        return fmt in ("sharegpt", "messages", "prompt_completion") or fmt == "alpaca" and not calls
    if fmt == "multitask":
        return bool(row.task) and len(row.messages) == 2 and _parts(row)[0] == row.task
    return fmt in ("sharegpt", "messages", "prompt_completion") or fmt == "alpaca" and not calls


def writer(fmt: str, traits: Traits) -> Callable[[Row], dict[str, Any]]:
    """The function that makes objects of rows, with the same columns for all of them."""
    makers: dict[str, Callable[[Row, Traits], dict[str, Any]]] = {
        "alpaca": _alpaca, "sharegpt": _sharegpt, "messages": _messages, "prompt_completion": _prompt_completion,
        "preference": _preference, "multitask": _multitask, "text": lambda row, _: {"text": row.text},
        "csv": _table, "xlsx": _table, "parquet": _nested, "openai": _openai, "siliconflow": _bare,
    }
    make = makers[fmt]
    if fmt in SERVICES:
        return lambda row: make(row, traits)  # services refuse what they do not know
    return lambda row: {**make(row, traits), **_extra(row, traits, fmt in TABLES)}


def _extra(row: Row, traits: Traits, as_text: bool) -> dict[str, Any]:
    if not as_text:
        return {name: value for name, value in row.extra.items() if name in traits.extra}
    values = {name: row.extra.get(name) for name in traits.extra}
    return {name: v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False)
            for name, v in values.items()}


def _parts(row: Row) -> tuple[str, str]:
    """(instruction, input) of the last question."""
    if row.query and row.question.endswith("\n" + row.query):
        return row.question[:-len(row.query) - 1], row.query
    if row.task and row.question.startswith(row.task + "\n"):
        return row.task, row.question[len(row.task) + 1:]
    return row.question, ""


def _alpaca(row: Row, traits: Traits) -> dict[str, Any]:
    first, second = _parts(row)
    made: dict[str, Any] = {"instruction": first, "input": second}
    if row.kind == "preference":
        made |= {"chosen": row.answer, "rejected": said(row.rejected) if row.rejected else ""}
    else:
        made["output"] = row.answer
    if row.kind == "label":
        made["label"] = row.label
    if traits.system:
        made["system"] = row.messages[0].content if row.messages[0].role == "system" else ""
    if traits.history:
        turns = [m.content for m in row.messages if m.role != "system"]
        last = len(turns) - (1 if row.kind in ("preference", "scored") else 2)
        made["history"] = [[turns[i], turns[i + 1]] for i in range(0, last, 2)]
    if traits.tools:
        made["tools"] = row.tools
    return made | ({"task": row.task} if traits.task else {})


def _sharegpt(row: Row, traits: Traits) -> dict[str, Any]:
    names = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}

    def turn(group: list[Message]) -> dict[str, str]:
        first = group[0]
        if first.calls:
            return {"from": "function_call", "value": calls_json(first.calls)}
        return {"from": names[first.role], "value": RESULTS.join(m.content for m in group)}

    made: dict[str, Any] = {"conversations": [turn(group) for group in grouped(row.messages)]}
    if row.chosen and row.rejected:
        made |= {"chosen": turn([row.chosen]), "rejected": turn([row.rejected])}
    return made | _shared(row, traits, text=True)


def _shared(row: Row, traits: Traits, text: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"label": row.label} if row.kind == "label" else {}
    if traits.tools:
        made["tools"] = row.tools if text else _tools(row)
    return made | ({"task": row.task} if traits.task else {})


def _tools(row: Row) -> Any:
    try:
        return json.loads(row.tools) if row.tools else []
    except ValueError:
        return row.tools


def _turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Messages in OpenAI's form."""
    return [_turn(message) for message in messages]


def _turn(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        made["tool_calls"] = [{"id": call.id, "type": "function", "function": {
            "name": call.name, "arguments": call.arguments if isinstance(call.arguments, str) else
            json.dumps(call.arguments, ensure_ascii=False)}} for call in message.calls]
    if message.call_id:
        made["tool_call_id"] = message.call_id
    return made | ({"name": message.name} if message.name else {})


def _messages(row: Row, traits: Traits) -> dict[str, Any]:
    if row.kind == "scored":
        answers = [{"content": a.content, "score": a.score, "reason": a.reason} for a in row.answers]
        return {"prompt": _turns(row.messages), "answers": answers, **_shared(row, traits, text=False)}
    if row.kind == "preference":
        return _preference(row, traits)
    return {"messages": _turns(row.messages), **_shared(row, traits, text=False)}


def _prompt_completion(row: Row, traits: Traits) -> dict[str, Any]:
    shared = _shared(row, traits, text=False)
    if traits.plain and not traits.system:
        return {"prompt": row.question, "completion": row.answer, **shared}
    return {"prompt": _turns(row.messages[:-1]), "completion": _turns(row.messages[-1:]), **shared}


def _preference(row: Row, traits: Traits) -> dict[str, Any]:
    """Text where all rows are plain, else lists of turns; both are what TRL's trainers take."""
    shared = _shared(row, traits, text=False)
    if row.chosen and row.rejected:
        chosen, rejected = row.chosen, row.rejected
    else:
        ranked = sorted(row.answers, key=lambda a: a.score)
        chosen, rejected = Message("assistant", ranked[-1].content), Message("assistant", ranked[0].content)
    if traits.plain and not traits.system:
        return {"prompt": row.question, "chosen": said(chosen), "rejected": said(rejected), **shared}
    return {"prompt": _turns(row.messages), "chosen": _turns([chosen]), "rejected": _turns([rejected]), **shared}


def _multitask(row: Row, traits: Traits) -> dict[str, Any]:
    return {"task": row.task, "input": _parts(row)[1], "output": row.answer}


def _table(row: Row, traits: Traits) -> dict[str, Any]:
    """Flat columns; what has more than one value is JSON in its cell."""
    if row.kind == "text":
        return {"text": row.text}
    shared: dict[str, Any] = {"label": str(row.label).lower()} if row.kind == "label" else {}
    shared |= {"tools": row.tools} if traits.tools else {}
    shared |= {"task": row.task} if traits.task else {}
    if traits.calls:
        return _table_of_turns(row, shared)
    flat = _alpaca(row, Traits(system=traits.system, history=traits.history))
    if traits.history:
        flat["history"] = json.dumps(flat["history"], ensure_ascii=False) if flat["history"] else ""
    if row.kind == "scored":
        del flat["output"]
        flat |= _scores(row, traits)
    flat.pop("label", None)
    return flat | shared


def _table_of_turns(row: Row, shared: dict[str, Any]) -> dict[str, Any]:
    def text(messages: Iterable[Message]) -> str:
        return json.dumps(_turns(messages), ensure_ascii=False)

    if row.chosen and row.rejected:
        return {"prompt": text(row.messages), "chosen": text([row.chosen]), "rejected": text([row.rejected]), **shared}
    if row.kind == "scored":
        return {"prompt": text(row.messages), **_scores(row, Traits(one_answer=False)), **shared}
    return {"messages": text(row.messages), **shared}


def _scores(row: Row, traits: Traits) -> dict[str, Any]:
    if traits.one_answer:
        return {"output": row.answers[0].content, "score": row.answers[0].score, "reason": row.answers[0].reason}
    answers = [{"content": a.content, "score": a.score, "reason": a.reason} for a in row.answers]
    return {"answers": json.dumps(answers, ensure_ascii=False)}


def _nested(row: Row, traits: Traits) -> dict[str, Any]:
    """Columns of a Parquet file: turns as lists, as Hugging Face's programs read them."""
    if row.kind == "text":
        return {"text": row.text}
    shared = _shared(row, traits, text=True)
    if row.chosen and row.rejected:
        return {"prompt": _turns(row.messages), "chosen": _turns([row.chosen]), "rejected": _turns([row.rejected]),
                **shared}
    return {**_messages(row, Traits()), **shared}


def _openai(row: Row, traits: Traits) -> dict[str, Any]:
    """A line of OpenAI's fine-tuning files (chat, or preference pairs)."""
    tools = {"tools": _tools(row)} if row.tools else {}
    if row.chosen and row.rejected:
        return {"input": {"messages": _with_ids(row.messages), **tools},
                "preferred_output": _with_ids([row.chosen]), "non_preferred_output": _with_ids([row.rejected])}
    return {"messages": _with_ids(row.messages), **tools}


def _with_ids(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Turns in which every call has an id and every result names the call it answers, as OpenAI demands."""
    turns, waiting, number = _turns(messages), list[str](), 0
    for turn in turns:
        for call in turn.get("tool_calls", ()):
            number += 1
            call["id"] = call["id"] or f"call_{number}"
            waiting.append(call["id"])
        if turn["role"] == "tool":
            turn.setdefault("tool_call_id", waiting[0] if waiting else "call_0")
            if turn["tool_call_id"] in waiting:
                waiting.remove(turn["tool_call_id"])
    return turns


def _bare(row: Row, traits: Traits) -> dict[str, Any]:
    return {"messages": [{"role": m.role, "content": m.content} for m in row.messages]}
