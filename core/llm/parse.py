"""From a model's words to checked items: a pure function that never raises, invents, or completes what was cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from core.llm.mending import as_python, mended
from core.llm.shapes import items_of, renamed, rows_of_text

Item = TypeVar("Item", bound=BaseModel)

MAX_ITEMS = 100
MAX_DEPTH = 60
EXCERPT = 300
_THINK = re.compile(
    r"<(think|thinking|thought|reasoning|analysis)\b[^>]*>(.*?)(?:</\1\s*>|\Z)"
    r"|\[(THINK)\](.*?)(?:\[/THINK\]|\Z)"
    r"|(◁think▷)(.*?)(?:◁/think▷|\Z)"
    r"|(<\|begin_of_thought\|>)(.*?)(?:<\|end_of_thought\|>|\Z)"
    r"|(<\|channel\|>analysis<\|message\|>)(.*?)(?:<\|end\|>|<\|start\|>|(?=<\|channel\|>final)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""Thinking of the usual families of models: tags, Mistral's and Kimi's marks, the channel of gpt-oss."""
_THINK_END = re.compile(
    r"\A(?!\s*(?:[\[{]|```))(.*?)(?:</(?:think|thinking|thought|reasoning|analysis)\s*>|\[/THINK\]|◁/think▷)",
    re.DOTALL | re.IGNORECASE,
)
_THINKING = re.compile(r"</?(?:think|thinking|thought|reasoning|analysis)\b|\[/?THINK\]|◁/?think▷", re.IGNORECASE)
_FENCE = re.compile(r"(?:```|~~~)[ \t]*[\w+#.-]*[^\n`]*\n(.*?)(?:\n?(?:```|~~~)|\Z)", re.DOTALL)
_MARKS = re.compile(r"<\|[a-z_]+\|>(?:final|assistant)?|</?s>|\A\ufeff")
_EMPTY = ("…", "...")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class PlaceHolder(Exception):
    """An item says "…", as the example in a request does."""


@dataclass(frozen=True)
class Rejected:
    """Part of a reply that was not used; `reason` is cut, no_json, schema, duplicate, too_many or depth."""

    reason: str
    text: str


@dataclass(frozen=True)
class Parsed(Generic[Item]):
    """What a reply held. `complete` is True only when the whole reply was read to its end."""

    items: list[Item] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    complete: bool = True


def split_thinking(text: str) -> tuple[str, str]:
    """(thinking, answer). Unclosed thinking has no answer; a lone closing tag ends what began before the text."""
    thoughts: list[str] = []

    def take(match: re.Match[str]) -> str:
        thoughts.append(next((part for part in match.groups()[1::2] if part), "").strip() if match.re is _THINK
                        else match.group(1).strip())
        return ""

    answer = _THINK_END.sub(take, _THINK.sub(take, text))
    return "\n".join(t for t in thoughts if t), answer.strip()


def parse_reply(text: str, finish_reason: str, item: type[Item], *, limit: int = MAX_ITEMS) -> Parsed[Item]:
    """Reads the JSON items of a reply.

    Args:
        text: as the model wrote it; thinking, prose, code fences, wrappings and translated keys are tolerated.
        finish_reason: anything but "length" counts as finished. Only finished replies are mended (see
            `core.llm.mending`); of cut replies the items that were written to their end are kept.
        item: what one item must satisfy.
        limit: most items kept; the rest is rejected as too_many.
    """
    _, body = split_thinking(_CONTROL.sub("", text))
    body = _MARKS.sub("", body).strip()
    finished, fields = finish_reason != "length", frozenset(item.model_fields) | _also(item)
    try:
        values, complete = _values(body, finished, fields)
    except RecursionError:
        return Parsed(rejects=[Rejected("depth", body[:EXCERPT])], complete=False)
    if values is None:
        reason = "no_json" if finished else "cut"
        return Parsed(rejects=[Rejected(reason, body[:EXCERPT])], complete=False)
    items, rejects = _validated(values, item, limit)
    if not complete:
        rejects.append(Rejected("cut" if not finished else "no_json", body[-EXCERPT:]))
    return Parsed(items, rejects, complete)


def _also(item: type[BaseModel]) -> frozenset[str]:
    """Names that an item accepts besides its fields: one question for a list of them."""
    return frozenset(("question",)) if "questions" in item.model_fields else frozenset()


def _values(body: str, finished: bool, fields: frozenset[str]) -> tuple[list[Any] | None, bool]:
    """(candidate items, read to the end); None when there is no JSON at all."""
    if _deep(body):
        raise RecursionError
    sources = [m.group(1) for m in _FENCE.finditer(body)] or [body]
    whole: list[Any] = []
    for source in sources:
        found = _roots(source) or (_mended_roots(source, fields) if finished else None)
        if found is None:
            break
        for root in found:
            whole.extend(items_of(root))
    else:
        return whole, finished
    salvaged = list(_objects(body))
    return (
        (whole + [s for s in salvaged if s not in whole], False)
        if salvaged or "{" in body or "[" in body
        else (None, False)
    )


def _roots(source: str) -> list[Any] | None:
    """All JSON lists and objects at the top level of a text with prose around them; None when one of them is broken."""
    decoder, roots, at = json.JSONDecoder(parse_constant=_refuse, strict=False), [], 0
    while (match := re.compile(r"[\[{]").search(source, at)) is not None:
        try:
            value, at = decoder.raw_decode(source, match.start())
        except ValueError:
            if re.match(r"[\[{]\s*[\[{\"'“]", source[match.start() :]) or not source[match.start() + 1 :].strip():
                return None
            at = match.start() + 1
            continue
        if isinstance(value, dict) or (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
            roots.append(value)
    return roots or None


def _mended_roots(source: str, fields: frozenset[str]) -> list[Any] | None:
    """As `_roots`, of what a model wrote instead of JSON."""
    text = source.strip()
    if text.startswith('"') and text.endswith('"'):
        try:
            inner = json.loads(text, strict=False)
        except ValueError:
            inner = ""
        return _roots(inner) if isinstance(inner, str) and not _deep(inner) else None
    if found := _roots(mended(source)):
        return found
    start, end = re.search(r"[\[{]", source), max(source.rfind("]"), source.rfind("}")) + 1
    value = as_python(source[start.start():end]) if start else rows_of_text(source, fields)
    good = isinstance(value, dict) or isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
    return [value] if good else None


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _objects(text: str) -> Iterator[Any]:
    """Innermost complete objects of a broken text: each `{…}` that closes and holds no unfinished list."""
    decoder, at = json.JSONDecoder(parse_constant=_refuse, strict=False), 0
    while (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
            yield value
        except ValueError:
            at += 1


def _deep(text: str) -> bool:
    depth = 0
    for mark in re.finditer(r"[\[{\]}]", text):
        depth += 1 if mark.group() in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _printable(value: Any) -> Any:
    """The value without control characters, lone surrogates and thinking, which escapes in JSON can bring in."""
    if isinstance(value, str):
        text = _CONTROL.sub("", value)
        return split_thinking(text)[1] if _THINKING.search(text) else text
    if isinstance(value, list):
        return [_printable(v) for v in value]
    return {_printable(k): _printable(v) for k, v in value.items()} if isinstance(value, dict) else value


def _validated(values: list[Any], item: type[Item], limit: int) -> tuple[list[Item], list[Rejected]]:
    items: list[Item] = []
    rejects: list[Rejected] = []
    seen: set[str] = set()
    fields = frozenset(item.model_fields) | _also(item)
    for value in (renamed(_printable(v), fields) for v in values):
        excerpt = json.dumps(value, ensure_ascii=False)[:EXCERPT]
        try:
            if isinstance(value, dict) and any(isinstance(v, str) and v in _EMPTY for v in value.values()):
                raise PlaceHolder
            checked = item.model_validate(value)
        except (ValidationError, PlaceHolder):
            rejects.append(Rejected("schema", excerpt))
            continue
        same = checked.model_dump_json()
        if same in seen or len(items) >= limit:
            rejects.append(Rejected("duplicate" if same in seen else "too_many", excerpt))
            continue
        seen.add(same)
        items.append(checked)
    return items, rejects
