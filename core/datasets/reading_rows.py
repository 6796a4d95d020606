"""From an object in somebody's file to a typed row."""

from __future__ import annotations

import json
from typing import Any

from core.datasets.mapping import Mapping, as_bool, as_list, as_number
from core.datasets.rows import Answer, Message, Row, Wrong, calls_from, check

_ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "function_call": "call", "tool_call": "call", "observation": "tool", "tool": "tool", "function": "tool",
    "ipython": "tool", "function_response": "tool",
}
_TAG_ROLES = {"user_tag": "user", "assistant_tag": "assistant", "system_tag": "system", "observation_tag": "tool",
              "function_tag": "call"}
_ANSWER_TEXTS = ("content", "text", "response", "answer", "output", "completion", "value")
_MEDIA = ("images", "image", "videos", "audios")


def to_row(raw: Any, mapping: Mapping) -> Row:
    """The typed row. Raises Wrong, which names the column at fault."""
    if not isinstance(raw, dict):
        raise Wrong("dataset.row.not_object")
    for name in _MEDIA:
        if raw.get(name):
            raise Wrong("dataset.row.media", name)
    columns, kind = mapping.columns, mapping.kind
    extra = {str(k): v for k, v in raw.items() if k not in columns.values() and v is not None and v != ""}
    if kind == "text":
        return check(Row("text", text=_text(raw, columns, "text"), extra=extra))
    messages = _messages(raw, mapping)
    shared: dict[str, Any] = {
        "tools": _tools(_given_tools(raw, columns)),
        "query": _text(raw, columns, "query") if _asks(raw, columns) and "messages" not in columns else "",
        "task": _text(raw, columns, "task"),
        "extra": extra,
    }
    if kind == "preference":
        return check(_preference(raw, mapping, messages, shared))
    if kind == "scored":
        return check(Row(kind, *_scored(raw, columns, messages), **shared))
    messages += _response(raw, mapping)
    label = False
    if kind == "label":
        given = as_bool(raw.get(columns["label"]))
        if given is None:
            raise Wrong("dataset.row.bad_label", columns["label"])
        label = given
    return check(Row(kind, tuple(messages), label=label, **shared))


def _messages(raw: dict[str, Any], mapping: Mapping) -> list[Message]:
    """All turns up to the answer, which is among them when there is a column of turns."""
    columns = mapping.columns
    if "messages" in columns:
        found = _turns(raw.get(columns["messages"]), columns["messages"], mapping.tags)
    else:
        found = [*_history(raw, columns), *_question(raw, mapping)]
    system = _text(raw, columns, "system")
    if system and not (found and found[0].role == "system"):
        found.insert(0, Message("system", system))
    return found


def _question(raw: dict[str, Any], mapping: Mapping) -> list[Message]:
    columns = mapping.columns
    prompt = raw.get(columns["prompt"]) if "prompt" in columns else None
    if isinstance(prompt, dict):
        prompt = prompt.get("messages")  # a service's form of preference pairs
    prompt = _listed(prompt)
    if prompt is not None:
        return _turns(prompt, columns["prompt"], mapping.tags)
    parts = [_text(raw, columns, role) for role in ("prompt", "query")]
    if not parts[0] and "prompt" not in columns:
        parts[0] = _text(raw, columns, "task")
    question = "\n".join(part for part in parts if part)
    if not question and mapping.kind != "preference":
        raise Wrong("dataset.row.no_question", columns.get("prompt", columns.get("query", "")))
    return [Message("user", question)] if question else []


def _asks(raw: dict[str, Any], columns: dict[str, str]) -> bool:
    """Whether the question has a part before `query`, so that the two can be told apart again."""
    first = raw.get(columns.get("prompt", columns.get("task", "")))
    return isinstance(first, str) and bool(first)


def _history(raw: dict[str, Any], columns: dict[str, str]) -> list[Message]:
    if "history" not in columns:
        return []
    found = []
    for pair in as_list(raw.get(columns["history"])) or []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise Wrong("dataset.row.bad_history", columns["history"])
        found += [Message("user", pair[0]), Message("assistant", pair[1])]
    return found


def _response(raw: dict[str, Any], mapping: Mapping) -> list[Message]:
    columns = mapping.columns
    if "response" not in columns:
        if "messages" in columns:
            return []
        raise Wrong("dataset.row.no_answer")
    turns = _listed(raw.get(columns["response"]))
    if turns is not None:
        return _turns(turns, columns["response"], mapping.tags)
    text = _text(raw, columns, "response")
    if not text:
        raise Wrong("dataset.row.no_answer", columns["response"])
    return [Message("assistant", text)]


def _preference(raw: dict[str, Any], mapping: Mapping, messages: list[Message], shared: dict[str, Any]) -> Row:
    """A pair of answers: texts, single turns, or whole conversations that differ in their last turn."""
    sides = []
    for role in ("chosen", "rejected"):
        column = mapping.columns[role]
        value = raw.get(column)
        turns = _listed([value] if isinstance(value, dict) else value)
        if turns is not None:
            sides.append(_turns(turns, column, mapping.tags))
        elif isinstance(value, str) and value:
            sides.append([Message("assistant", value)])
        else:
            raise Wrong("dataset.row.no_side", column)
    chosen, rejected = sides
    if chosen[:-1] != rejected[:-1] or chosen[-1].role != "assistant" or rejected[-1].role != "assistant":
        raise Wrong("dataset.row.sides_differ", mapping.columns["rejected"])
    before = chosen[:-1]
    # Conversations that repeat the question in both answers have it only once here.
    prompt = before if before[:1] and before[0].role in ("system", "user") else messages + before
    if prompt is before and messages[:1] and messages[0].role == "system" and before[0].role != "system":
        prompt = [messages[0], *before]
    return Row("preference", tuple(prompt), chosen[-1], rejected[-1], **shared)


def _scored(raw: dict[str, Any], columns: dict[str, str],
            messages: list[Message]) -> tuple[tuple[Message, ...], None, None, bool, tuple[Answer, ...]]:
    if "answers" in columns:
        listed = as_list(raw.get(columns["answers"]))
        if not isinstance(listed, list) or not listed:
            raise Wrong("dataset.row.no_answer", columns["answers"])
        scores, reasons = (as_list(raw.get(columns.get(role, ""))) for role in ("score", "reason"))
        answers = tuple(_answer(one, n, scores, reasons, columns) for n, one in enumerate(listed))
        return tuple(messages), None, None, False, answers
    if "messages" in columns:
        *messages, last = messages or [Message("user", "")]
        text = last.content
    else:
        text = _text(raw, columns, "response")
    if not text:
        raise Wrong("dataset.row.no_answer", columns.get("response", ""))
    answer = Answer(text, _score(raw.get(columns["score"]), columns["score"]), _text(raw, columns, "reason"))
    return tuple(messages), None, None, False, (answer,)


def _answer(one: Any, number: int, scores: Any, reasons: Any, columns: dict[str, str]) -> Answer:
    if isinstance(one, dict):
        text = next((one[name] for name in _ANSWER_TEXTS if isinstance(one.get(name), str)), "")
        score, reason = one.get("score", one.get("rating", one.get("reward"))), one.get("reason")
    else:
        text = one if isinstance(one, str) else ""
        score = scores[number] if isinstance(scores, list) and number < len(scores) else None
        reason = reasons[number] if isinstance(reasons, list) and number < len(reasons) else None
    return Answer(text, _score(score, columns["answers"]), reason if isinstance(reason, str) else "")


def _score(value: Any, column: str) -> float:
    number = as_number(value)
    if number is None:
        raise Wrong("dataset.row.bad_score", column)
    return number


def _listed(value: Any) -> list[Any] | None:
    """Turns in a column that may as well hold text; also as JSON text, in tables. None for anything else."""
    turns = as_list(value)
    return turns if isinstance(turns, list) and turns and all(
        isinstance(turn, dict) and {"role", "from"} & set(turn) for turn in turns) else None


def _turns(value: Any, column: str, tags: dict[str, str]) -> list[Message]:
    value = as_list(value)
    if not isinstance(value, list) or not value:
        raise Wrong("dataset.row.bad_turns", column)
    roles = {**_ROLES, **{tags[tag]: role for tag, role in _TAG_ROLES.items() if tag in tags}}
    return [_message(turn, column, tags, roles) for turn in value]


def _message(turn: Any, column: str, tags: dict[str, str], roles: dict[str, str]) -> Message:
    if not isinstance(turn, dict):
        raise Wrong("dataset.row.bad_turns", column)
    name = _first(turn, tags.get("role_tag", "role"), "role", "from")
    role = roles.get(name) if isinstance(name, str) else None
    if role is None:
        raise Wrong("dataset.row.bad_role", column, role=str(name)[:40])
    content = _content(_first(turn, tags.get("content_tag", "content"), "content", "value"), column)
    if role == "call":
        try:
            return Message("assistant", "", calls_from(json.loads(content)))
        except (ValueError, RecursionError):
            raise Wrong("dataset.row.bad_call", column) from None
    calls = calls_from(turn["tool_calls"]) if turn.get("tool_calls") and role == "assistant" else ()
    if role == "tool":
        return Message("tool", content, (), _word(turn.get("tool_call_id")), _word(turn.get("name")))
    return Message(role, content, calls)  # type: ignore[arg-type]


def _content(value: Any, column: str) -> str:
    """Text, or the texts of a list of parts. Pictures and sounds are refused."""
    if value is None:
        return ""
    if isinstance(value, list):
        parts = []
        for part in value:
            if not isinstance(part, dict) or part.get("type") != "text":
                raise Wrong("dataset.row.media", column)
            parts.append(_content(part.get("text", part.get("value")), column))
        return "".join(parts)
    if not isinstance(value, str):
        raise Wrong("dataset.row.not_text", column)
    return value


def _text(raw: dict[str, Any], columns: dict[str, str], role: str) -> str:
    value = raw.get(columns[role]) if role in columns else None
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Wrong("dataset.row.not_text", columns[role])
    return str(value)


def _given_tools(raw: dict[str, Any], columns: dict[str, str]) -> Any:
    prompt = raw.get(columns.get("prompt", ""))
    return raw.get(columns["tools"]) if "tools" in columns else prompt.get("tools") if isinstance(prompt, dict) else ""


def _tools(value: Any) -> str:
    """The functions as JSON text, always written in the same way."""
    if isinstance(value, str) and value.strip():
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return json.dumps(parsed, ensure_ascii=False) if isinstance(parsed, list | dict) and parsed else ""
    return json.dumps(value, ensure_ascii=False) if value else ""


def _first(turn: dict[str, Any], *names: str) -> Any:
    return next((turn[name] for name in names if name in turn), None)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
